//! Reading `sla/*.toml`: every problem with its place.

use ticketry::condition::NoScripts;
use ticketry::diagnostic::{Diagnostics, Lang, text};
use ticketry::sla::*;
use ticketry::ticket::*;

fn schema() -> Schema {
    let label = || text("x", "x");
    Schema {
        priority: Scale::of(&["normal", "high", "urgent"]),
        calendars: ["office".into(), "always".into()].into(),
        channels: [("phone".into(), ChannelDefinition { label: label(), window_seconds: 0 })].into(),
        categories: [("hardware".into(), label())].into(),
        ..Schema::default()
    }
}
fn load(file: &str) -> (Option<Agreements>, Diagnostics) {
    Agreements::load([("sla/a.toml", file)], &schema(), &NoScripts)
}
fn codes(d: &Diagnostics) -> Vec<(String, &'static str)> {
    d.iter().map(|d| (d.place().map_or(String::new(), ToString::to_string), d.code)).collect()
}

const GOOD: &str = r#"
agreement = "vendor"

[[policies]]
name = "gold"
label = { en = "Gold", zh = "金牌" }
match = { field = "category", within = "hardware" }
calendar = "always"
on_change = "keep"
on_reopen = "counted"
opened_by_agent = "second_reply"
backdate_limit = "2h"
stops = { resolution = ["requester", "vendor"], first_response = [] }

[policies.targets]
next_response = "30m"

[policies.targets.first_response]
urgent = "15m"
high = "30bm"
default = "8bh"

[policies.targets.first_response.channels.phone]
urgent = "5m"

[policies.targets.resolution]
default = "5bd"

[[policies.warnings]]
metric = "resolution"
at = "75%"
suppress_past = true
actions = [{ tag = "late" }]

[[policies.escalations]]
metric = "resolution"
at = "-1bh"
level = 1
when = { field = "priority", is = "urgent" }
actions = [{ tag = "one" }]

[[policies.escalations]]
metric = "resolution"
at = "+2bh"
level = 2
actions = [{ priority = "urgent" }]
"#;

#[test]
fn a_whole_file_is_read() {
    let (a, problems) = load(GOOD);
    assert!(problems.is_empty(), "{}", problems.render(Lang::En, None));
    let a = a.unwrap();
    let p = a.policies().next().unwrap();
    assert_eq!((p.agreement, p.name.as_str(), p.label.zh.as_str()), (Agreement::Vendor, "gold", "金牌"));
    assert_eq!((p.on_change, p.on_reopen, p.opened_by_agent), (OnChange::Keep, OnReopen::Counted, OpenedByAgent::SecondReply));
    assert_eq!(p.backdate_limit, 7_200_000_000);
    let minutes = |n: i64| n * 60_000_000;
    let first = &p.targets["first_response"];
    let get = |level: &str, channel: &str| first.get(Some(&level.into()), &channel.into());
    assert_eq!(get("urgent", "phone"), Some(Allowance::Wall(minutes(5))));
    assert_eq!(get("high", "phone"), Some(Allowance::Open(minutes(30))), "what the channel does not say, the metric says");
    assert_eq!(get("normal", "mail"), Some(Allowance::Open(minutes(480))));
    assert_eq!(first.get(None, &"mail".into()), Some(Allowance::Open(minutes(480))), "S37");
    assert_eq!(p.targets["next_response"].default, Some(Allowance::Wall(minutes(30))));
    assert_eq!(p.targets["resolution"].default, Some(Allowance::Days(5)));
    assert_eq!(p.stops["resolution"], [WaitsOn::Requester, WaitsOn::Vendor]);
    let names: Vec<_> = p.alerts.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["warning:75%", "level:1", "level:2"]);
}

#[test]
fn all_problems_at_once_with_places_and_suggestions() {
    let (none, problems) = load(
        r#"agreement = "custommer"
[[policies]]
name = "gold"
calender = "office"
calendar = "ofice"
on_change = "rebased"
backdate_limit = "1bh"
[policies.targets.first_respons]
default = "8bh"
[policies.targets.resolution]
urgend = "15m"
normal = "0m"
high = "-15m"
default = "8 hours"
channels.fax.default = "1h"
[policies.stops]
resolution = ["requestor"]
[[policies.warnings]]
metric = "resolution"
at = "175%"
[[policies.warnings]]
metric = "resolution"
at = "+30m"
[[policies.warnings]]
metric = "update"
at = "50%"
[[policies.escalations]]
metric = "resolution"
at = "0m"
"#,
    );
    assert!(none.is_none());
    let at = |line: u32, column: u32| format!("sla/a.toml:{line}:{column}");
    assert_eq!(
        codes(&problems),
        [
            (at(1, 13), "unknown-word"),
            (at(4, 1), "unknown-key"),
            (at(5, 12), "unknown-calendar"),
            (at(6, 13), "unknown-word"),
            (at(7, 18), "bad-duration"),
            (at(8, 19), "unknown-metric"),
            (at(11, 1), "unknown-level"),
            (at(12, 10), "empty-target"),
            (at(13, 8), "bad-duration"),
            (at(14, 11), "bad-duration"),
            (at(15, 10), "unknown-channel"),
            (at(17, 15), "unknown-word"),
            (at(20, 6), "bad-point"),
            (at(23, 6), "bad-point"),
            (at(25, 10), "alert-without-target"),
            (at(27, 1), "missing-key"),
        ]
    );
    let shown = problems.render(Lang::Zh, None);
    for word in ["`calendar`", "`office`", "`first_response`", "`urgent`", "`requester`"] {
        assert!(shown.contains(word), "{word}");
    }
}

#[test]
fn policies_that_stand_in_each_others_way_are_reported() {
    let policy = |name: &str, matches: &str| format!("[[policies]]\nname = \"{name}\"\n{matches}\ntargets.resolution = \"8h\"\n");
    let vip = "match = { field = \"priority\", is = \"urgent\" }";
    let (a, problems) = load(&[policy("a", vip), policy("b", vip), policy("c", ""), policy("d", vip)].concat());
    assert!(a.is_some());
    assert_eq!(problems.iter().map(|d| d.code).collect::<Vec<_>>(), ["same-match", "shadowed-policy"]);
    let (a, problems) = load(&[policy("a", vip), policy("a", "")].concat());
    assert!(a.is_none());
    assert_eq!(problems.iter().map(|d| d.code).collect::<Vec<_>>(), ["duplicate-policy"]);
}

#[test]
fn a_policy_behind_a_wider_one_is_reported() {
    let matches = |a: &str, b: &str| {
        let policy = |name: &str, m: &str| format!("[[policies]]\nname = \"{name}\"\nmatch = {m}\ntargets.resolution = \"8h\"\n");
        let (_, problems) = load(&[policy("a", a), policy("b", b)].concat());
        problems.iter().map(|d| d.code).collect::<Vec<_>>()
    };
    let urgent = r#"{ field = "priority", is = "urgent" }"#;
    let high = r#"{ field = "priority", at_least = "high" }"#;
    let phone = r#"{ field = "channel", is = "phone" }"#;
    let both = r#"{ all = [{ field = "channel", is = "phone" }, { field = "priority", is = "urgent" }] }"#;
    let either = r#"{ any = [{ field = "channel", is = "phone" }, { field = "priority", is = "urgent" }] }"#;
    let hardware = r#"{ field = "category", within = "hardware" }"#;
    let there = r#"{ field = "category", exists = true }"#;
    let reopened = |n: u8| format!(r#"{{ field = "reopenings", at_least = {n} }}"#);
    for (wider, narrower) in [
        (high, urgent),
        (urgent, both),
        (phone, both),
        (either, both),
        (either, phone),
        (there, hardware),
        (&reopened(1), &reopened(2)),
        (&format!("{{ not = {urgent} }}"), &format!("{{ not = {high} }}")),
    ] {
        assert_eq!(matches(wider, narrower), ["shadowed-policy"], "{wider} before {narrower}");
        assert!(matches(narrower, wider).is_empty(), "{narrower} before {wider}");
    }
    assert!(matches(urgent, phone).is_empty() && matches(phone, hardware).is_empty());
}

const METRICS: &str = r#"
[[metrics]]
name = "vendor_turnaround"
label = { en = "vendor turnaround", zh = "第三方周转" }
scope = "episode"
start = [{ on = "entered:with_vendor", when = { field = "priority", is = "urgent" } }, "taken:ask_vendor"]
pause = ["in:on_hold", { when = { field = "tags", contains = "frozen" } }, "tagged:x"]
resume = "untagged:x"
stop = ["vendor_replied", "left:with_vendor"]
lapse = ["final"]
cancel = ["cancelled"]
reset = ["changed:category"]
stops = ["approval"]
precedence = ["start", "cancel", "stop", "lapse", "reset", "pause", "resume"]
"#;

fn workflow_schema() -> Schema {
    let label = || text("x", "x");
    Schema {
        states: [("with_vendor".into(), label()), ("on_hold".into(), label())].into(),
        transitions: ["ask_vendor".into()].into(),
        ..schema()
    }
}

#[test]
fn metrics_of_one_file_serve_the_policies_of_another() {
    let policy = "[[policies]]\nname = \"a\"\ntargets.vendor_turnaround = \"2bd\"\nescalations = [{ metric = \"vendor_turnaround\", at = \"150%\", level = 1 }]\n";
    let files = [("sla/a.toml", policy), ("sla/metrics.toml", METRICS)];
    let (a, problems) = Agreements::load(files, &workflow_schema(), &NoScripts);
    assert!(problems.is_empty(), "{}", problems.render(Lang::En, None));
    let a = a.unwrap();
    let m = a.metric(&"vendor_turnaround".into()).unwrap();
    assert_eq!((m.label.zh.as_str(), m.scope, m.precedence[0]), ("第三方周转", Scope::Episode, Consequence::Start));
    assert_eq!((m.start.len(), m.pause.len(), m.resume.len(), m.reset.len()), (2, 3, 1, 1));
    assert_eq!(m.stops, [WaitsOn::Approval]);
    assert!(m.start[0].on == Some(Sign::entered("with_vendor")) && m.start[0].when.is_some());
    assert_eq!(a.policies().next().unwrap().alerts[0].at, Point::Percent(150));
    // A metric of a shipped name takes its place.
    let own = "[[metrics]]\nname = \"resolution\"\nscope = \"cycle\"\nstart = [\"opened\"]\nstop = [\"final\"]\n";
    let (a, problems) = Agreements::load([("sla/own.toml", own)], &schema(), &NoScripts);
    assert!(problems.is_empty());
    assert_eq!(a.unwrap().metrics().filter(|m| m.name == *"resolution" && m.cancel.is_empty()).count(), 1);
}

#[test]
fn the_readmes_metric_loads() {
    let readme = include_str!("../../../README.md");
    let block = readme.split("```toml\n").map(|b| b.split("```").next().unwrap()).find(|b| b.contains("[[metrics]]")).unwrap();
    let schema = Schema { priority: Scale::of(&["low", "high"]), ..workflow_schema() };
    // The text form of a condition needs the script engine of the build.
    let block = block.replace("'t.priority == \"low\"'", "{ field = \"priority\", is = \"low\" }");
    let (a, problems) = Agreements::load([("sla/a.toml", &*block)], &schema, &NoScripts);
    assert!(problems.is_empty(), "{}", problems.render(Lang::En, None));
    assert!(a.unwrap().policies().next().unwrap().targets.contains_key("vendor_turnaround"));
}

#[test]
fn all_problems_of_metrics_at_once_with_places_and_suggestions() {
    let file = r#"[[metrics]]
name = "a"
scope = "episodes"
start = ["entered:with_vendr"]
stopp = ["final"]
[[metrics]]
name = "b"
scope = "episode"
start = ["in:on_hold", "owed", "asigned"]
stop = [{ on = "taken:ask_vendro" }, { when = "t.score > 2 && f()" }, {}]
cancel = [{ on = "assigned", when = { field = "due", exists = true } }]
pause = ["class:finall"]
precedence = ["start", "stop"]
[[metrics]]
name = "c"
scope = "message"
start = ["asked"]
reset = [{ when = { field = "overdue" } }]
[[metrics]]
name = "c"
scope = "cycle"
start = ["opened"]
resume = ["moved"]
[[policies]]
name = "p"
targets.d = "8h"
"#;
    let (none, problems) = Agreements::load([("sla/a.toml", file)], &workflow_schema(), &NoScripts);
    assert!(none.is_none());
    let at = |line: u32, column: u32| format!("sla/a.toml:{line}:{column}");
    let expected = [
        (at(3, 9), "unknown-word"),
        (at(4, 11), "unknown-state"),
        (at(5, 1), "unknown-key"),
        (at(9, 10), "start-needs-event"),
        (at(9, 24), "scope-mismatch"),
        (at(9, 33), "unknown-sign"),
        (at(10, 17), "unknown-transition"),
        (at(10, 48), "script-engine-missing"),
        (at(10, 71), "empty-clause"),
        (at(11, 37), "metric-condition-reads-facts"),
        (at(12, 11), "unknown-word"),
        (at(13, 14), "bad-precedence"),
    ];
    let found = codes(&problems);
    for e in &expected {
        assert!(found.contains(e), "{e:?} in {found:?}");
    }
    let rest: Vec<_> = found.iter().filter(|c| !expected.contains(c)).map(|(_, c)| *c).collect();
    let more = [
        "metric-never-ends",
        "scope-mismatch",
        "reset-needs-event",
        "metric-condition-reads-facts",
        "duplicate-metric",
        "metric-never-ends",
        "resume-without-pause",
        "unknown-metric",
    ];
    let sorted = |mut v: Vec<&'static str>| {
        v.sort_unstable();
        v
    };
    assert_eq!(sorted(rest), sorted(more.to_vec()), "{}", problems.render(Lang::En, None));
    let shown = problems.render(Lang::En, None);
    for word in ["`episode`", "`with_vendor`", "`stop`", "`assigned`", "`ask_vendor`"] {
        assert!(shown.contains(&format!("did you mean {word}")), "{word}: {shown}");
    }
}

#[test]
fn points_that_cannot_be_meant_are_warned_of() {
    let (a, problems) = load(
        "[[policies]]\nname = \"a\"\ntargets.resolution = \"1h\"\nwarnings = [{ metric = \"resolution\", at = \"-2h\" }]\n\
         escalations = [{ metric = \"resolution\", at = \"+2h\", level = 1 }, { metric = \"resolution\", at = \"+1h\", level = 2 }, { metric = \"resolution\", at = \"+3h\", level = 2 }]\n",
    );
    assert!(a.is_none());
    assert_eq!(problems.iter().map(|d| d.code).collect::<Vec<_>>(), ["point-before-start", "levels-out-of-order", "duplicate-alert"]);
}

proptest::proptest! {
    #[test]
    fn no_text_panics(cut in 0usize..900, junk in "[a-z\\[\\]{}=\"0-9%+\\-\n. 金]{0,12}") {
        let at = (0..=cut.min(GOOD.len())).rev().find(|i| GOOD.is_char_boundary(*i)).unwrap();
        let rest = (cut + 5..GOOD.len()).find(|i| GOOD.is_char_boundary(*i)).unwrap_or(GOOD.len());
        let _ = load(&format!("{}{junk}{}", &GOOD[..at], &GOOD[rest..]));
    }
}
