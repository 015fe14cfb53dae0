//! `routing.toml`: from text to a definition with places.

use super::*;
use crate::calendar::Span;
use crate::condition::reading::{Document, Item, Table};
use crate::diagnostic::{Diagnostics, Place};
use crate::id::{GroupId, LevelName, SkillName, TypeName};

const QUEUE: [&str; 9] =
    ["strategy", "ties", "min_shift_left", "relax_after", "after_ladder", "prefers", "absence", "shift_end", "escalation"];
const AWAY: [(&str, AwayPolicy); 3] = [("keep", AwayPolicy::Keep), ("backup", AwayPolicy::Backup), ("queue", AwayPolicy::Queue)];
const METHODS: [(&str, Method); 4] = [
    ("least_loaded", Method::LeastLoaded),
    ("percent", Method::Percent),
    ("round_robin", Method::RoundRobin),
    ("skill_first", Method::SkillFirst),
];
const IMPORTANCE: [(&str, Importance); 3] = [("low", Importance::Low), ("medium", Importance::Medium), ("high", Importance::High)];

/// Reads the file; whatever can be read is in the definition.
pub(super) fn read(file: &str, toml: &str) -> (RoutingDefinition, Diagnostics) {
    let document = Document::parse(file, toml);
    let mut d = RoutingDefinition::default();
    {
        let root = document.root(&["defaults", "queues", "slots", "order"]);
        if let Some(item) = root.get("defaults") {
            d.defaults = queue(&item, item.place()).unwrap_or_default();
        }
        for (name, item) in root.get("queues").map(|i| i.entries()).unwrap_or_default() {
            if let Some(q) = queue(&item, name.place) {
                d.queues.insert(GroupId::new(name.name), q);
            }
        }
        let rules = root.get("slots").map(|i| i.list()).unwrap_or_default();
        d.slots = rules.iter().filter_map(weight).collect();
        d.order = root.get("order").and_then(|i| order(&i)).unwrap_or_default();
    }
    (d, document.finish())
}

/// Where the values of a table stand; a condition written as text has the place of its first character.
pub(super) fn places(t: &Table<'_>, own: Place) -> Places {
    let mut at = Places::default();
    at.set("", own);
    for (key, item) in t.entries() {
        at.set(key.name, if key.name == "when" { item.inner_place() } else { item.place() });
    }
    at
}

fn span(item: &Item<'_>) -> Option<Span> {
    item.parsed("bad-span", |s| s.parse().map_err(|e: crate::calendar::BadSpan| e.text()))
}

fn queue(item: &Item<'_>, own: Place) -> Option<QueueDefinition> {
    let t = item.table(&QUEUE)?;
    let get = |key: &str| t.get(key);
    let prefers = get("prefers").map(|i| i.list()).unwrap_or_default();
    Some(QueueDefinition {
        strategy: get("strategy").and_then(|i| i.word(&METHODS)),
        ties: get("ties").and_then(|i| i.word(&[("id", Ties::Id), ("seeded", Ties::Seeded)])),
        min_shift_left: get("min_shift_left").and_then(|i| span(&i)),
        relax_after: get("relax_after").and_then(|i| span(&i)),
        after_ladder: get("after_ladder").and_then(|i| i.word(&[("required", AfterLadder::Required), ("nobody", AfterLadder::Nobody)])),
        prefers: prefers.iter().filter_map(preference).collect(),
        absence: get("absence").and_then(|i| i.word(&AWAY)),
        shift_end: get("shift_end").and_then(|i| i.word(&AWAY)),
        escalation: get("escalation").and_then(|i| i.name()).map(GroupId::new),
        places: places(&t, own),
    })
}

fn preference(item: &Item<'_>) -> Option<PreferenceDefinition> {
    let t = item.table(&["when", "skill", "level", "importance"])?;
    let skill = t.need("skill", "the optional skill", "可选技能").and_then(|i| i.name()).map(SkillName::new);
    let level = match t.get("level") {
        Some(i) => i.integer(1, 5).and_then(|n| u8::try_from(n).ok()),
        None => Some(1),
    };
    Some(PreferenceDefinition {
        when: t.get("when").and_then(|i| i.form()),
        importance: t.get("importance").and_then(|i| i.word(&IMPORTANCE)).unwrap_or_default(),
        places: places(&t, item.place()),
        skill: skill?,
        // A wrong level is reported; the rest is checked all the same.
        level: level.unwrap_or(1),
    })
}

fn weight(item: &Item<'_>) -> Option<SlotRule> {
    let t = item.table(&["priority", "type", "when", "slots"])?;
    let slots = t.need("slots", "how many slots the ticket takes", "工单占用的名额");
    let slots = slots.and_then(|i| i.integer(1, 64)).and_then(|n| u16::try_from(n).ok());
    Some(SlotRule {
        priority: t.get("priority").and_then(|i| i.name()).map(LevelName::new),
        kind: t.get("type").and_then(|i| i.name()).map(TypeName::new),
        when: t.get("when").and_then(|i| i.form()),
        places: places(&t, item.place()),
        slots: slots.unwrap_or(1),
    })
}

fn order(item: &Item<'_>) -> Option<OrderDefinition> {
    let t = item.table(&["priority", "ageing", "near_due"])?;
    let mut at = places(&t, item.place());
    let near_due = t.get("near_due").and_then(|i| {
        let near = i.table(&["within", "points"])?;
        let within = near.need("within", "from how long before", "提前多久").and_then(|w| span(&w));
        let points = near.need("points", "points at the due instant", "到期时的分数").and_then(|p| p.integer(0, i64::MAX));
        Some(NearDue { within: within?, points: points? })
    });
    let mut priority = BTreeMap::new();
    for (key, points) in t.get("priority").map(|i| i.entries()).unwrap_or_default() {
        at.set(&format!("priority.{}", key.name), key.place);
        if let Some(n) = points.integer(i64::MIN, i64::MAX) {
            priority.insert(LevelName::new(key.name), n);
        }
    }
    let ageing = t.get("ageing").and_then(|i| i.integer(0, i64::MAX));
    Some(OrderDefinition { priority, ageing, near_due, places: at })
}
