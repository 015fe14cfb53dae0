//! Priority: S25, S63, S88.

use crate::scale;
use proptest::prelude::*;
use std::sync::Arc;
use ticketry::condition::{Form, NoScripts, View};
use ticketry::diagnostic::{Diagnostics, Lang, text};
use ticketry::id::*;
use ticketry::priority::*;
use ticketry::ticket::*;

fn schema() -> Schema {
    Schema {
        impact: Scale::of(&["low", "medium", "high"]),
        urgency: Scale::of(&["low", "high"]),
        priority: Scale::of(&["low", "medium", "high", "urgent"]),
        customer: [(
            "tier".into(),
            FieldDefinition {
                kind: FieldKind::Choice(Scale::of(&["plain", "diamond"])),
                label: text("tier", "等级"),
                required: false,
                default: None,
            },
        )]
        .into(),
        ..Schema::default()
    }
}

const GOOD: &str = r#"
hysteresis = 5
default_impact = "medium"

[matrix]
low    = { low = 0,  high = 20 }
medium = { low = 10, high = "medium" }
high   = { low = "medium", high = "urgent" }

[[terms]]
when = { field = "customer.tier", is = "diamond" }
points = 25
reason = { en = "diamond customer", zh = "钻石客户" }

[bands]
low = 0
medium = 30
high = 50
urgent = 80
"#;

fn now() -> UtcInstant {
    "2025-10-09T12:00:00Z".parse().unwrap()
}

fn ticket() -> Ticket {
    Ticket::open(
        TicketId::from_u128(1),
        now(),
        &Opening {
            number: 1,
            kind: "incident".into(),
            workflow: WorkflowRef { name: "incident".into(), version: 1 },
            subject: Arc::from("s"),
            description: Arc::from(""),
            requester: "r".into(),
            provisional: false,
            organisation: None,
            channel: "mail".into(),
            category: None,
            impact: None,
            urgency: None,
            fields: Default::default(),
            tags: Default::default(),
            thread: None,
            follows: None,
            stay: Stay { state: "new".into(), class: StateClass::New, waits_on: WaitsOn::Internal, limit: None, timers: vec![] },
        },
    )
}

fn model() -> PriorityModel {
    let (m, problems) = PriorityModel::load("priority.toml", GOOD, &schema(), &NoScripts);
    assert!(problems.is_empty(), "{problems}");
    m.unwrap()
}

fn problems(toml: &str) -> Diagnostics {
    let (m, problems) = PriorityModel::load("priority.toml", toml, &schema(), &NoScripts);
    assert_eq!(m.is_none(), problems.has_errors());
    problems
}

fn codes(d: &Diagnostics) -> Vec<&'static str> {
    d.iter().map(|d| d.code).collect()
}

fn part(rule: &str, points: i64) -> ScorePart {
    ScorePart { rule: rule.into(), points, reason: "why".into() }
}

fn level(name: &str) -> LevelName {
    LevelName::new(name)
}

#[test]
fn s63_priority_is_matrix_terms_and_rules_each_with_its_reason() {
    let (m, t) = (model(), ticket());
    let customer = [("tier".into(), Value::choice("diamond"))].into();
    let view = View { customer: Some(&customer), ..View::of(&t, now()) };
    let s = m.settle(&view, Some(&level("medium")), Some(&level("high")), &[part("outage", 40)], None);
    assert_eq!((s.score, s.priority.as_ref().unwrap().as_str()), (95, "urgent"));
    assert_eq!(
        s.terms.iter().map(|t| (t.what.as_str(), t.points)).collect::<Vec<_>>(),
        [("matrix", 30), ("term", 25), ("rule:outage", 40)]
    );
    let en = s.render(Lang::En);
    assert!(en.starts_with("priority urgent, score 95\n  +30 impact medium, urgency high (matrix)\n  +25 diamond customer (term)"), "{en}");
    assert!(s.render(Lang::Zh).contains("钻石客户"));
    assert!(m.reads_customer());
    // Without the customer record the term's condition does not hold.
    assert_eq!(m.settle(&View::of(&t, now()), Some(&level("low")), Some(&level("low")), &[], None).score, 0);
}

#[test]
fn s63_a_missing_impact_or_urgency_is_the_default_else_the_lowest() {
    let (m, t) = (model(), ticket());
    let s = m.settle(&View::of(&t, now()), None, None, &[], None);
    assert_eq!(s.score, 10, "impact medium by default_impact, urgency low as the lowest");
    assert!(s.terms[0].reason.en.ends_with("neither given"));
    assert_eq!(m.base(Some(&level("high")), None), 30);
}

#[test]
fn s63_hysteresis_goes_up_at_once_and_down_late() {
    let m = model();
    let at = |score, current: &str| m.level(score, Some(&level(current))).unwrap().as_str().to_string();
    assert_eq!(at(50, "medium"), "high");
    assert_eq!(at(49, "high"), "high");
    assert_eq!(at(45, "high"), "high");
    assert_eq!(at(44, "high"), "medium");
    assert_eq!(at(3, "urgent"), "low", "down through several bands in one step");
    let t = ticket();
    let s = m.settle(&View::of(&t, now()), Some(&level("low")), Some(&level("high")), &[part("r", 27)], Some(&level("high")));
    assert_eq!((s.priority, s.held), (Some(level("high")), Some(level("medium"))));
}

#[test]
fn s25_a_persons_override_stays_until_its_end() {
    let by = |by| Sourced { value: level("high"), by };
    for weak in [Provenance::Default, Provenance::Template, Provenance::Requester, Provenance::Rule] {
        assert!(may_replace(&by(weak), None, now()));
    }
    assert!(!may_replace(&by(Provenance::Agent), None, now()));
    assert!(!may_replace(&by(Provenance::Agent), Some(now()), now()), "at the end itself people win");
    assert!(may_replace(&by(Provenance::Agent), Some(now() - chrono::TimeDelta::seconds(1)), now()));
}

#[test]
fn without_a_model_the_priority_stays_and_rules_still_count() {
    let t = ticket();
    let s = PriorityModel::none().settle(&View::of(&t, now()), None, None, &[part("r", 7)], Some(&level("odd")));
    assert_eq!((s.score, s.priority, s.terms.len(), s.held), (7, Some(level("odd")), 1, None));
}

#[test]
fn sums_are_cut_only_at_the_end() {
    let (m, t) = (PriorityModel::none(), ticket());
    let s = m.settle(&View::of(&t, now()), None, None, &[part("a", i64::MAX), part("b", i64::MAX), part("c", i64::MIN)], None);
    assert_eq!(s.score, i64::MAX - 1);
    assert_eq!(m.settle(&View::of(&t, now()), None, None, &[part("a", i64::MIN), part("b", -1)], None).score, i64::MIN);
}

#[test]
fn s88_all_problems_of_a_file_at_once_with_places() {
    let d = problems(
        r#"hysteresis = -1
default_urgency = "hihg"
hysterese = 3
[matrix]
low = { low = 0, high = 20 }
hihg = { low = 1, high = 2 }
high = { low = "urgnt", high = true }
[[terms]]
when = { field = "priority", is = "high" }
points = 1
reason = "r"
[[terms]]
points = "x"
[bands]
low = 0
medium = 60
high = 60
urgent = 10
"#,
    );
    let mut found: Vec<(&str, String)> = d.iter().map(|d| (d.code, d.place().unwrap().to_string())).collect();
    found.sort();
    let has = |code: &str, place: &str| assert!(found.iter().any(|(c, p)| *c == code && p == place), "{code} at {place} in {found:#?}");
    has("negative-hysteresis", "priority.toml:1:14");
    has("unknown-level", "priority.toml:2:19");
    has("unknown-key", "priority.toml:3:1");
    has("unknown-level", "priority.toml:6:1");
    has("unknown-level", "priority.toml:7:16");
    has("wrong-type", "priority.toml:7:32");
    has("term-reads-result", "priority.toml:9:8");
    has("missing-key", "priority.toml:12:1");
    has("wrong-type", "priority.toml:13:10");
    has("bands-overlap", "priority.toml:17:8");
    has("bands-not-rising", "priority.toml:18:10");
    assert!(codes(&d).contains(&"matrix-gap"), "{d}");
    let help = d.iter().find(|d| d.place().unwrap().line == 6).unwrap().help.clone().unwrap();
    assert_eq!(help.en, "did you mean `high`?");
    assert!(d.iter().all(|d| !d.message.zh.is_empty() && !d.message.en.is_empty()));
}

#[test]
fn a_matrix_that_falls_and_a_level_without_band_are_told() {
    let d = problems("[matrix]\nlow = {low=5,high=1}\nmedium={low=5,high=5}\nhigh={low=5,high=5}\n[bands]\nlow=0\nurgent=9\n");
    assert_eq!(codes(&d), ["matrix-not-rising", "band-missing"]);
    assert!(!d.has_errors());
    let d = problems("[matrix]\nlow = {low=\"high\",high=1}\nmedium={low=5,high=5}\nhigh={low=5,high=5}\n[bands]\nlow=0\n");
    assert!(codes(&d).contains(&"level-without-band"));
}

#[test]
fn broken_toml_is_a_diagnostic_with_a_place() {
    let d = problems("[bands\nlow = = 3\n");
    assert!(d.has_errors() && d.iter().any(|d| d.code == "toml-syntax" && d.place().unwrap().line >= 1));
    let d = problems("[[terms]]\nwhen = 't.impact == \"high\"'\npoints = 3\nreason = 'x'\n");
    assert_eq!(codes(&d), ["script-engine-missing"]);
    assert_eq!(d.iter().next().unwrap().place().unwrap().to_string(), "priority.toml:2:9");
}

#[test]
fn s63_without_bands_a_matrix_of_names_is_enough() {
    let toml = "[matrix]\nlow={low=\"low\",high=\"medium\"}\nmedium={low=\"medium\",high=\"high\"}\nhigh={low=\"high\",high=\"urgent\"}\n";
    let (m, d) = PriorityModel::load("priority.toml", toml, &schema(), &NoScripts);
    assert!(d.is_empty(), "{d}");
    let (m, t) = (m.unwrap(), ticket());
    let at = |i: &str, u: &str, parts: &[ScorePart]| {
        m.settle(&View::of(&t, now()), Some(&level(i)), Some(&level(u)), parts, None).priority.unwrap()
    };
    assert_eq!(at("low", "low", &[]), level("low"));
    assert_eq!(at("high", "high", &[]), level("urgent"));
    assert_eq!(at("medium", "low", &[part("outage", 99)]), level("medium"));
    assert_eq!(at("medium", "low", &[part("outage", 100)]), level("high"), "a hundred points are one level");
}

#[test]
fn the_builder_checks_as_the_file_does() {
    let form: Form = serde_json::from_str(r#"{"field":"channel","is":"phone"}"#).unwrap();
    let b = || PriorityModel::builder().band("low", 0).band("urgent", 10).hysteresis(2).term(form.clone(), 10, text("phone", "电话"));
    let schema = Schema { channels: [("phone".into(), ChannelDefinition { label: text("p", "p"), window_seconds: 0 })].into(), ..schema() };
    let (m, d) = b().build(&schema, &NoScripts);
    assert_eq!(codes(&d), ["band-missing"]);
    let mut t = ticket();
    t.channel = "phone".into();
    assert_eq!(m.unwrap().settle(&View::of(&t, now()), None, None, &[], None).priority, Some(level("urgent")));
    assert!(b().cell("nope", "low", Cell::Points(1)).build(&schema, &NoScripts).1.has_errors());
    assert!(b().band("low", 3).build(&schema, &NoScripts).1.iter().any(|d| d.code == "band-twice"));
}

fn banded(widths: &[u16], hysteresis: u16) -> (PriorityModel, Vec<LevelName>) {
    let names: Vec<String> = (0..widths.len()).map(|i| format!("p{i}")).collect();
    let refs: Vec<&str> = names.iter().map(String::as_str).collect();
    let schema = Schema { priority: Scale::of(&refs), ..Schema::default() };
    let mut from = -100i64;
    let mut b = PriorityModel::builder().hysteresis(i64::from(hysteresis));
    for (n, w) in names.iter().zip(widths) {
        b = b.band(n, from);
        from += i64::from(*w) + 1;
    }
    (b.build(&schema, &NoScripts).0.unwrap(), names.iter().map(LevelName::new).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(scale::pick(256, 4096, 65536)))]

    #[test]
    fn s63_more_points_never_mean_a_lower_priority(
        widths in prop::collection::vec(0u16..60, 1..7), h in 0u16..90, a in -300i64..600, more in 0i64..400, current in 0usize..7,
    ) {
        let (m, names) = banded(&widths, h);
        let rank = |l: &LevelName| names.iter().position(|n| n == l).unwrap();
        let current = names.get(current);
        let low = m.level(a, current).map(rank);
        let high = m.level(a + more, current).map(rank);
        prop_assert!(low <= high);
    }

    #[test]
    fn s63_no_flapping_scores_within_the_hysteresis_never_lower_the_level(
        widths in prop::collection::vec(0u16..60, 1..7), h in 0u16..90, base in -300i64..600, steps in prop::collection::vec(0u16..=90, 1..40),
    ) {
        let (m, names) = banded(&widths, h);
        let rank = |l: &LevelName| names.iter().position(|n| n == l).unwrap();
        let mut current: Option<LevelName> = None;
        for s in steps {
            let next = m.level(base + i64::from(s.min(h)), current.as_ref()).unwrap().clone();
            if let Some(c) = &current {
                prop_assert!(rank(&next) >= rank(c));
            }
            // Settled is settled: the same score again changes nothing.
            prop_assert_eq!(m.level(base + i64::from(s.min(h)), Some(&next)), Some(&next));
            current = Some(next);
        }
    }

    #[test]
    fn s63_the_order_of_parts_does_not_matter_and_the_brief_form_agrees(
        points in prop::collection::vec(prop_oneof![any::<i64>(), -50i64..50], 0..12), impact in 0usize..4, current in 0usize..5,
    ) {
        let (m, t) = (model(), ticket());
        let view = View::of(&t, now());
        let parts: Vec<ScorePart> = points.iter().enumerate().map(|(i, p)| part(&format!("r{i}"), *p)).collect();
        let schema = schema();
        let (impact, current) = (schema.impact.at(impact), schema.priority.at(current));
        let there = m.settle(&view, impact, None, &parts, current);
        let back: Vec<ScorePart> = parts.iter().rev().cloned().collect();
        prop_assert_eq!(there.score, m.settle(&view, impact, None, &back, current).score);
        prop_assert_eq!((there.score, there.priority), m.settle_brief(&view, impact, None, &parts, current));
    }
}
