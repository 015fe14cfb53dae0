//! What is lowered means what the interpreter would have made of it: random conditions over random tickets, both ways.

use super::desk::{at, by_agent, schema, ticket};
use proptest::prelude::*;
use ticketry::condition::{Customer, Scripts as _, View};
use ticketry::diagnostic::Place;
use ticketry::id::*;
use ticketry::rules::RhaiScripts;
use ticketry::ticket::*;

fn pick(options: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(options).prop_map(str::to_string)
}

fn level(path: &'static str, names: &'static [&'static str]) -> impl Strategy<Value = String> {
    (pick(&["==", "!=", "<", "<=", ">", ">="]), pick(names), any::<bool>())
        .prop_map(move |(op, name, turn)| if turn { format!("{name:?} {op} {path}") } else { format!("{path} {op} {name:?}") })
}

/// One test that lowers.
fn leaf() -> impl Strategy<Value = String> {
    let plain = |path: &'static str, names: &'static [&'static str]| {
        (pick(&["==", "!="]), pick(names)).prop_map(move |(op, n)| format!("{path} {op} {n:?}"))
    };
    prop_oneof![
        level("t.impact", &["low", "medium", "high", "extreme"]),
        level("t.severity", &["minor", "major", "critical"]),
        level("t.customer.tier", &["basic", "gold", "vip"]),
        plain("t.site", &["VPN", "vpn", "ＶＰＮ", "", "上海"]),
        plain("t.product", &["router", "switch", "phone"]),
        plain("t.group", &["first-line", "network-tier2"]),
        plain("t.category", &["network", "network/vpn", "hardware"]),
        (
            pick(&["t.amount", "t.seats", "t.score"]),
            pick(&["==", "!=", "<", "<=", ">", ">="]),
            pick(&["0", "1", "19.9", "-3", "20", "19.90"])
        )
            .prop_map(|(p, op, n)| format!("{p} {op} {n}")),
        (
            pick(&["t.site", "t.subject", "t.group", "t.category", "t.impact"]),
            pick(&["contains", "starts_with", "ends_with"]),
            pick(&["v", "V", "无法", "ne", ""])
        )
            .prop_map(|(p, m, s)| format!("{p}.{m}({s:?})")),
        pick(&["network", "network/vpn", "hardware"]).prop_map(|n| format!("t.category.within({n:?})")),
        pick(&["vip", "outage", "x"]).prop_map(|n| format!("{n:?} in t.tags")),
        pick(&["red", "green", "blue"]).prop_map(|n| format!("t.labels.contains({n:?})")),
        pick(&["red", "green"]).prop_map(|n| format!("{n:?} !in t.labels")),
        pick(&["t.tags", "t.labels", "t.site", "t.group", "t.category"]).prop_map(|p| format!("{p}.is_empty()")),
        (pick(&["t.site", "t.group", "t.impact", "t.amount", "t.vip", "t.promised", "t.downtime", "t.customer.tier"]), pick(&["==", "!="]))
            .prop_map(|(p, op)| format!("{p} {op} ()")),
        pick(&[
            "t.impact in [\"low\", \"high\"]",
            "t.site in [\"vpn\", \"上海\"]",
            "t.group in [(), \"first-line\"]",
            "t.seats in [1, 2, 3]"
        ]),
        pick(&["t.vip == true", "t.vip != false", "t.vip == false", "t.overdue", "t.provisional", "!t.answered", "true", "false"]),
        pick(&[
            "t.assignee == t.owner",
            "t.assignee != t.owner",
            "t.amount > t.seats",
            "t.promised < now",
            "t.promised <= t.due",
            "t.created_at < now"
        ]),
        (pick(&["t.promised", "t.due", "t.created_at"]), pick(&["<", ">=", "=="]))
            .prop_map(|(p, op)| format!("{p} {op} \"2025-10-09T08:53:20Z\"")),
        (pick(&["<", ">=", "=="]), pick(&["1h", "90m", "5400s"])).prop_map(|(op, d)| format!("t.downtime {op} {d:?}")),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    leaf().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|v| format!("({})", v.join(" && "))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|v| format!("({})", v.join(" || "))),
            inner.prop_map(|c| format!("!({c})")),
        ]
    })
}

fn maybe<T: Clone + std::fmt::Debug + 'static>(options: Vec<T>) -> impl Strategy<Value = Option<T>> {
    prop::option::of(prop::sample::select(options))
}

fn tickets() -> impl Strategy<Value = (Ticket, Option<Customer>)> {
    let names = (
        maybe(vec!["low", "medium", "high", "extreme"]),
        maybe(vec!["minor", "major", "critical"]),
        maybe(vec!["VPN", "ｖｐｎ 网关", "上海", "", "x"]),
        maybe(vec!["router", "switch"]),
        maybe(vec!["first-line", "network-tier2"]),
        maybe(vec!["network", "network/vpn", "hardware/printer"]),
        maybe(vec!["basic", "gold", "vip"]),
    );
    let numbers = (
        maybe(vec![Decimal::new(1990, 2), Decimal::new(0, 2), Decimal::new(2000, 2), Decimal::new(-300, 2)]),
        maybe(vec![0i64, 1, 2, 20]),
        prop::option::of(any::<bool>()),
        maybe(vec![at(-5), at(0), at(5)]),
        maybe(vec![3_600_000_000i64, 5_400_000_000, 0]),
        -3i64..3,
    );
    let sets = (
        prop::collection::btree_set(prop::sample::select(vec!["vip", "outage"]), 0..2),
        prop::option::of(prop::collection::btree_set(prop::sample::select(vec!["red", "green", "blue"]), 0..3)),
        maybe(vec!["li", "wu"]),
        maybe(vec!["li", "wu"]),
    );
    (names, numbers, sets).prop_map(
        |(
            (impact, severity, site, product, group, category, tier),
            (amount, seats, vip, promised, downtime, score),
            (tags, labels, assignee, owner),
        )| {
            let mut t = ticket();
            let mut set = |name: &str, v: Option<Value>| {
                if let Some(v) = v {
                    t.fields.insert(name.into(), by_agent(v).unwrap());
                }
            };
            set("severity", severity.map(Value::choice));
            set("site", site.map(Value::from));
            set("product", product.map(Value::choice));
            set("amount", amount.map(Value::Decimal));
            set("seats", seats.map(Value::Integer));
            set("vip", vip.map(Value::Boolean));
            set("promised", promised.map(Value::Instant));
            set("downtime", downtime.map(Value::Duration));
            set("labels", labels.map(|l| Value::Choices(l.into_iter().map(LevelName::new).collect())));
            t.impact = impact.and_then(|i| by_agent(i.into()));
            t.group = group.map(GroupId::new);
            t.category = category.and_then(|c| by_agent(c.into()));
            t.tags = tags.into_iter().map(TagName::new).collect();
            t.assignee = assignee.map(AgentId::new);
            t.owner = owner.map(AgentId::new);
            t.score = score;
            let customer = tier.map(|c| Customer::from([(FieldName::new("tier"), Value::choice(c))]));
            (t, customer)
        },
    )
}

#[test]
fn lowered_and_interpreted_conditions_agree() {
    let cases = crate::scale::pick(2_000, 20_000, 100_000);
    let schema = schema();
    let here = Place::file("equal");
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: cases / 20,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&(condition(), prop::collection::vec(tickets(), 20)), |(text, tickets)| {
            let native = RhaiScripts.condition(&text, &here, &schema).unwrap_or_else(|d| panic!("{text}\n{d}"));
            prop_assert!(native.is_native(), "{} did not lower", text);
            let script = RhaiScripts.unlowered(&text, &here, &schema).unwrap_or_else(|d| panic!("{text}\n{d}"));
            for (t, customer) in &tickets {
                let view = View { customer: customer.as_ref(), event: "created", ..View::of(t, at(0)) };
                let (a, b) = (native.holds(&view), script.holds(&view));
                prop_assert_eq!(&a, &b, "{}\nlowered: {}\nfields {:?} {:?}", text, native, t.fields, customer);
            }
            Ok(())
        })
        .unwrap();
}
