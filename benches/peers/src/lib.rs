//! The rules and the tickets that every engine is given: a thousand rules of four conjuncts, ten of which match each ticket, as in `benches/rules.rs` of the library.

use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use ticketry::condition::Customer;
use ticketry::diagnostic::{Source, text};
use ticketry::id::*;
use ticketry::ticket::*;

/// Rules.
pub const RULES: usize = 1_000;
/// Rules that ask for one category.
const EACH: usize = 10;
const LEVELS: [&str; 4] = ["low", "medium", "high", "extreme"];
const TIERS: [&str; 3] = ["basic", "gold", "vip"];
const TAGS: [&str; 5] = ["outage", "angry", "vip", "late", "bounced"];

/// A rule: `category == … && impact >= … && tier == … && tag in tags`.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The category.
    pub category: String,
    /// The least impact, as a rank from 0.
    pub impact: usize,
    /// The customer's tier.
    pub tier: &'static str,
    /// The tag.
    pub tag: &'static str,
}

/// All rules. The first ten are those that match.
pub fn rules() -> Vec<Parts> {
    let rule = |i: usize| {
        let category = format!("area{}", i / EACH);
        let (impact, tier, tag) = if i < EACH { (1, "gold", "outage") } else { (i % 4, TIERS[i % 3], TAGS[i % 5]) };
        Parts { category, impact, tier, tag }
    };
    (0..RULES).map(rule).collect()
}

/// What the rules name.
pub fn schema() -> Schema {
    let tier = FieldDefinition { kind: FieldKind::Ordered(Scale::of(&TIERS)), label: text("", ""), required: false, default: None };
    Schema {
        impact: Scale::of(&LEVELS),
        customer: BTreeMap::from([(FieldName::new("tier"), tier)]),
        categories: (0..RULES / EACH).map(|i| (CategoryPath::from(format!("area{i}")), text("", ""))).collect(),
        ..Schema::default()
    }
}

/// The rules as a file of Ticketry's.
pub fn source() -> Source {
    let rule = |(i, p): (usize, &Parts)| {
        format!(
            "rule(\"r{i}\").order({i}).on(\"created\").when(|t| t.category == \"{}\" && t.impact >= \"{}\" && t.customer.tier == \"{}\" && \"{}\" in t.tags).then(|t| t.score(1, \"rule {i}\"));\n",
            p.category, LEVELS[p.impact], p.tier, p.tag
        )
    };
    Source::new().with("rules/all.rhai", rules().iter().enumerate().map(rule).collect::<String>())
}

/// Tickets that the first ten rules match, and no other; each in Ticketry's form and as the record that the peers are given.
pub fn tickets() -> Vec<(Ticket, Customer, Json)> {
    (0..64usize)
        .map(|i| {
            let stay = Stay { state: StateName::new("new"), class: StateClass::New, waits_on: WaitsOn::Nobody, limit: None, timers: vec![] };
            let opening = Opening {
                number: i as u64,
                kind: TypeName::new("incident"),
                workflow: WorkflowRef { name: WorkflowName::new("incident"), version: 1 },
                subject: format!("VPN {i} 无法连接").into(),
                description: "since this morning".into(),
                requester: RequesterId::new(format!("customer-{i}")),
                provisional: false,
                organisation: None,
                channel: ChannelName::new("mail"),
                category: None,
                impact: None,
                urgency: None,
                fields: BTreeMap::new(),
                tags: BTreeSet::new(),
                thread: None,
                follows: None,
                stay,
            };
            let at = at_door(chrono::DateTime::from_timestamp(1_760_000_000, 0).unwrap());
            let mut t = Ticket::open(TicketId::from_u128(i as u128 + 1), at, &opening);
            let impact = 1 + i % 3;
            let tags: Vec<&str> = TAGS.iter().take(1 + i % 5).copied().collect();
            t.category = Some(Sourced { value: CategoryPath::from("area0"), by: Provenance::Agent });
            t.impact = Some(Sourced { value: LevelName::new(LEVELS[impact]), by: Provenance::Agent });
            t.tags = tags.iter().map(|t| TagName::new(*t)).collect();
            let customer = Customer::from([(FieldName::new("tier"), Value::choice("gold"))]);
            let record = json!({
                "number": i, "subject": &*t.subject, "channel": "mail", "requester": t.requester.as_str(),
                "category": "area0", "impact": impact, "tags": tags, "customer": { "tier": "gold" },
            });
            (t, customer, record)
        })
        .collect()
}
