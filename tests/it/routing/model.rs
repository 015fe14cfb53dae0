//! `routing.toml`.

use super::*;

#[test]
fn all_problems_of_a_file_at_once_with_places() {
    let d = problems(
        r#"default = 1
[defaults]
strategy = "least_loadd"
min_shift_left = "3bd"
escalation = "expert"
[queues.l3]
absence = "kep"
[queues.l1]
escalation = "l1"
prefers = [{ skill = "bgb", level = 9 }, { level = 2 }, { skill = "bgp", when = "t.x" }]
[queues.l2]
relax_after = "0m"
[[slots]]
priority = "hihg"
type = "incidnt"
slots = 99
[[slots]]
priority = "high"
type = "incidnt"
slots = 2
[order]
ageing = -1
priority = { urgnt = 3, low = "x" }
near_due = { within = "1 hour", points = 5 }
"#,
    );
    let mut found: Vec<(&str, String)> = d.iter().map(|d| (d.code, d.place().unwrap().to_string())).collect();
    found.sort();
    let has = |code: &str, place: &str| {
        assert!(found.iter().any(|(c, p)| *c == code && p == &format!("routing.toml:{place}")), "{code} {place} in {found:#?}")
    };
    has("unknown-key", "1:1");
    has("unknown-word", "3:12");
    has("bad-span", "4:18");
    has("unknown-name", "5:14");
    has("unknown-name", "6:9");
    has("unknown-word", "7:11");
    has("escalates-to-itself", "9:14");
    has("unknown-name", "10:22");
    has("out-of-range", "10:37");
    has("unknown-name", "14:12");
    has("unknown-name", "15:8");
    has("missing-key", "10:42");
    has("script-engine-missing", "10:82");
    has("ladder-without-time", "10:11");
    has("bad-span", "12:15");
    has("out-of-range", "16:9");
    has("unknown-name", "19:8");
    has("out-of-range", "22:10");
    has("unknown-name", "23:14");
    has("wrong-type", "23:31");
    has("bad-span", "24:23");
    assert!(d.iter().all(|d| !d.message.en.is_empty() && !d.message.zh.is_empty()));
    assert!(d.iter().any(|d| d.help.as_ref().is_some_and(|h| h.en == "did you mean `experts`?")));
}

#[test]
fn queues_inherit_what_they_leave_out() {
    let m = load(
        r#"
[defaults]
strategy = "percent"
absence = "queue"
escalation = "experts"
[queues.l2]
strategy = "round_robin"
absence = "backup"
"#,
    );
    assert_eq!((m.method(&"l1".into()), m.method(&"l2".into())), (Method::Percent, Method::RoundRobin));
    assert_eq!((m.absence(&"l1".into()), m.absence(&"l2".into())), (AwayPolicy::Queue, AwayPolicy::Backup));
    assert_eq!(m.escalation(&"l1".into()).unwrap(), "experts");
    assert_eq!(m.escalation(&"experts".into()), None, "the experts do not escalate to themselves");
}

#[test]
fn the_first_slot_rule_that_matches_counts() {
    let m = load(
        r#"
[[slots]]
type = "incident"
when = { field = "channel", is = "mail" }
priority = "urgent"
slots = 3
[[slots]]
priority = "high"
slots = 2
"#,
    );
    let mut ticket = ticket();
    let weight = |t: &Ticket| m.weight(&View::of(t, now()));
    assert_eq!(weight(&ticket), 1);
    ticket.priority = Some(Sourced { value: "high".into(), by: Provenance::Rule });
    assert_eq!(weight(&ticket), 2);
    ticket.priority = Some(Sourced { value: "urgent".into(), by: Provenance::Rule });
    assert_eq!(weight(&ticket), 3);
    ticket.channel = "phone".into();
    assert_eq!(weight(&ticket), 2);
    assert_eq!(m.reads().count(), 1);
    assert!(!m.reads_customer());
}

#[test]
fn the_builder_and_serde_say_the_same_as_the_file() {
    let queue = QueueDefinition {
        strategy: Some(Method::SkillFirst),
        relax_after: Some(Span::Wall(chrono::TimeDelta::minutes(5))),
        prefers: vec![PreferenceDefinition::new("de", 2, Importance::Low)],
        ..QueueDefinition::default()
    };
    let d = RoutingDefinition::default().queue("l1", queue).weight(SlotRule::new(2).priority("high"));
    let json = serde_json::to_string(&d).unwrap();
    let again: RoutingDefinition = serde_json::from_str(&json).unwrap();
    assert_eq!(again, d);
    let (m, p) = again.build(&schema(), &NoScripts);
    assert!(p.is_empty(), "{p}");
    assert_eq!(m.unwrap().method(&"l1".into()), Method::SkillFirst);
    let bad = RoutingDefinition::default().weight(SlotRule::new(0)).queue("nope", QueueDefinition::default());
    let (m, p) = bad.build(&schema(), &NoScripts);
    assert!(m.is_none());
    assert_eq!(p.iter().map(|d| d.code).collect::<Vec<_>>(), ["unknown-name", "bad-weight"]);
}

#[test]
fn without_a_file_everything_has_its_default() {
    let m = RoutingModel::none();
    assert_eq!(
        (m.method(&"any".into()), m.absence(&"any".into()), m.weight(&View::of(&ticket(), now()))),
        (Method::LeastLoaded, AwayPolicy::Keep, 1)
    );
}
