//! What is suspicious about rules together: one fixture and one snapshot for each warning, and what must not be warned of.

use std::collections::{BTreeMap, BTreeSet};
use ticketry::diagnostic::{Diagnostics, Lang, Severity, Source};
use ticketry::id::*;
use ticketry::playbook::Playbook;
use ticketry::rules::{self, Clocks, Flow, Move, Surroundings};
use ticketry::ticket::*;

fn schema() -> Schema {
    let mut schema = super::desk::schema();
    schema.transitions.insert("answer".into());
    schema
}

/// A small desk around the rules: new → open → pending → open, resolved, and back.
fn around() -> Surroundings {
    let classes =
        [("new", StateClass::New), ("open", StateClass::Open), ("pending", StateClass::Pending), ("resolved", StateClass::Resolved)];
    let step = |name: &str, from: &str, to: &str| Move {
        name: name.into(),
        from: from.into(),
        to: to.into(),
        stays: false,
        reopens: from == "resolved",
        after: Vec::new(),
    };
    Surroundings {
        flow: Some(Flow {
            initial: BTreeSet::from([StateName::new("new")]),
            classes: classes.into_iter().map(|(s, c)| (StateName::new(s), BTreeSet::from([c]))).collect::<BTreeMap<_, _>>(),
            limits: false,
            moves: vec![
                step("start", "new", "open"),
                step("wait", "open", "pending"),
                step("answer", "pending", "open"),
                step("resolve", "open", "resolved"),
                step("resolve", "pending", "resolved"),
            ],
            ..Flow::default()
        }),
        clocks: Some(Clocks { measured: BTreeSet::from([MetricName::new("resolution")]), ..Clocks::default() }),
        priority: Some(BTreeSet::new()),
        ..Surroundings::default()
    }
}

fn checked(content: &str) -> Diagnostics {
    let (set, problems) = rules::load(&Source::new().with("rules/a.rhai", content), &schema());
    assert!(!problems.has_errors(), "{problems}");
    set.check(&schema(), &around())
}

fn when(condition: &str) -> String {
    format!("rule(\"r\").on(\"created\").when(|t, event| {condition}).then(|t| t.tag(\"x\"));\n")
}

/// Two rules, the first with `.stop()`.
fn behind(first: &str, second: &str) -> String {
    let of = |c: &str| if c.is_empty() { String::new() } else { format!(".when(|t| {c})") };
    format!(
        "rule(\"first\").order(1).on(\"created\"){}.then(|t| t.tag(\"x\")).stop();\nrule(\"second\").order(2).on(\"created\"){}.then(|t| t.tag(\"y\"));\n",
        of(first),
        of(second)
    )
}

/// (codes, file)
fn fixtures() -> Vec<(&'static [&'static str], String)> {
    vec![
        // Never.
        (&["condition-never"], when("t.impact == \"high\" && t.seats > 3 && t.impact == \"low\"")),
        (&["condition-never"], when("t.impact >= \"high\" && t.impact < \"medium\"")),
        (&["condition-never"], when("t.seats > 5 && t.seats < 3")),
        (&["condition-never"], when("t.seats > 3 && t.seats < 4")),
        (&["condition-never"], when("t.amount > 3 && t.amount == ()")),
        (&["condition-never"], when("t.reopenings < 0")),
        (&["condition-never"], when("t.rating > 5")),
        (&["condition-never"], when("t.subject == ()")),
        (&["condition-never"], when("t.category == \"hardware\" && t.category.within(\"network\")")),
        (&["condition-never"], when("\"vip\" in t.tags && !(\"vip\" in t.tags)")),
        (&["condition-never"], when("t.tags.is_empty() && \"vip\" in t.tags")),
        (&["condition-never"], when("t.site == \"Paris\" && t.site.contains(\"rome\")")),
        (&["condition-never"], when("t.site.starts_with(\"a\") && t.site.starts_with(\"b\")")),
        (&["condition-never"], when("t.promised < now && t.promised > now")),
        (&["condition-never"], when("event.name == \"changed:impact\"")),
        (&["condition-never"], when("false")),
        (&["condition-never"], "rule(\"r\").after(\"1d\", \"pending\").when(|t| t.state == \"open\").then(|t| t.tag(\"x\"));".into()),
        (&["condition-never"], "fn hot(t) { t.impact == \"high\" }\n".to_string() + when("hot(t) && t.impact == \"low\"").as_str()),
        // Always.
        (&["condition-always"], when("t.impact == \"high\" || t.impact != \"high\"")),
        (&["condition-always"], when("t.reopenings >= 0")),
        (&["condition-always"], when("t.state in [\"new\", \"open\", \"pending\", \"resolved\"]")),
        (&["condition-always"], when("event.name == \"created\"")),
        (&["condition-always"], when("true")),
        // One of several.
        (&["alternative-never"], when("t.urgency == \"high\" || t.impact == \"high\" && t.impact == \"low\"")),
        // Events.
        (&["never-raised"], "rule(\"r\").on([\"created\", \"state:new\"]).then(|t| t.tag(\"x\"));".into()),
        (&["never-raised"], "rule(\"r\").on(\"limit\").then(|t| t.tag(\"x\"));".into()),
        (&["never-raised"], "rule(\"r\").on(\"reopened\").then(|t| t.tag(\"x\"));".into()),
        (&["never-raised"], "rule(\"r\").on(\"breach:first_response\").then(|t| t.tag(\"x\"));".into()),
        (&["never-raised", "never-raised"], "rule(\"r\").on([\"warning\", \"escalated\"]).then(|t| t.tag(\"x\"));".into()),
        // Shadowed.
        (&["shadowed-rule"], behind("", "t.impact == \"high\"")),
        (&["shadowed-rule"], behind("t.impact >= \"medium\"", "t.impact == \"high\" && t.seats > 3")),
        (&["shadowed-rule"], behind("t.category.within(\"network\")", "t.category == \"network/vpn\"")),
        (
            &["shadowed-rule"],
            behind("t.category.within(\"network\")", "t.category != ()")
                + "rule(\"third\").order(1).on(\"created\").when(|t| t.category.within(\"hardware\")).then(|t| t.tag(\"z\")).stop();",
        ),
        // Set again.
        (
            &["overwritten"],
            "rule(\"a\").order(1).on(\"created\").when(|t| t.impact == \"high\").then(|t| t.priority(\"p2\"));
             rule(\"b\").order(2).on(\"created\").when(|t| t.impact >= \"high\").then(|t| t.priority(\"p1\"));"
                .into(),
        ),
        (&["overwritten"], "rule(\"a\").on(\"created\").then(|t| { t.set(\"site\", \"x\"); t.set(\"site\", \"y\"); });".into()),
        (
            &["overwritten"],
            "rule(\"a\").order(1).on(\"created\").then(|t| t.route(\"first-line\"));
             rule(\"b\").order(2).on([\"created\", \"queued\"]).then(|t| t.route(\"network-tier2\")).repeatable();"
                .into(),
        ),
        (
            &["overwritten"],
            "rule(\"a\").order(1).on(\"created\").then(|t| t.tag(\"new\"));
             rule(\"b\").order(2).on(\"created\").then(|t| t.untag(\"new\"));"
                .into(),
        ),
        // Refused.
        (&["always-refused"], "rule(\"r\").after(\"1d\", \"pending\").then(|t| t.transition(\"start\"));".into()),
        (&["always-refused"], when("t.state == \"new\"").replace("t.tag(\"x\")", "t.transition(\"resolve\")")),
        (&["always-refused"], when("t.class in [\"new\", \"resolved\"]").replace("t.tag(\"x\")", "t.transition(\"answer\")")),
        (&["always-refused"], when("t.class == \"resolved\"").replace("t.tag(\"x\")", "t.route(\"first-line\")")),
        (&["always-refused"], "rule(\"r\").on(\"state:pending\").then(|t| t.transition(\"wait\"));".into()),
        (&["always-refused"], "rule(\"r\").on(\"created\").then(|t| t.set(\"subject\", \" \"));".into()),
        // Circles.
        (
            &["rule-circle"],
            "rule(\"up\").on([\"created\", \"changed:impact\"]).when(|t| t.impact == \"low\").then(|t| t.set(\"impact\", \"high\")).repeatable();
             rule(\"down\").on(\"changed:impact\").when(|t| t.impact == \"high\").then(|t| t.set(\"impact\", \"low\")).repeatable();"
                .into(),
        ),
        (
            &["rule-circle"],
            "rule(\"a\").on(\"changed:site\").then(|t| t.set(\"seats\", 3));
             rule(\"b\").on(\"changed:seats\").when(|t| t.seats > 1).then(|t| t.set(\"site\", t.subject.to_string()));"
                .into(),
        ),
        (
            &["rule-circle"],
            "rule(\"a\").on(\"queued\").then(|t| t.assign(\"li\")).repeatable();
             rule(\"b\").on(\"assigned\").then(|t| t.release()).repeatable();"
                .into(),
        ),
    ]
}

#[test]
fn each_suspicion_has_its_code_its_place_and_its_words() {
    let mut all = String::new();
    let mut missed = Vec::new();
    for (codes, content) in fixtures() {
        let found = checked(&content);
        if found.iter().map(|d| d.code).collect::<Vec<_>>() != codes {
            missed.push(format!("{codes:?}: {content}\n{found}"));
        }
        let source = Source::new().with("rules/a.rhai", content.as_str());
        for d in found.iter() {
            assert_eq!(d.severity, Severity::Warning);
            assert!(!d.message.zh.is_empty() && d.message.zh != d.message.en);
        }
        all.push_str(&format!("# {codes:?}\n{}\n", found.render(Lang::En, Some(&source))));
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    insta::assert_snapshot!("suspicions", all);
    let zh: String = fixtures().iter().map(|(_, c)| checked(c).render(Lang::Zh, None)).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!("suspicions_zh", zh);
}

#[test]
fn what_is_right_or_cannot_be_known_is_not_suspected() {
    let quiet = [
        when("t.impact >= \"high\" && t.impact <= \"extreme\""),
        when("t.impact in [\"low\", \"medium\", \"high\", \"extreme\"]"),
        // The only type there is.
        when("t.type == \"incident\""),
        when("t.type != \"incident\""),
        when("t.seats > 3 && t.seats < 5"),
        when("t.amount > 3 && t.amount < 4"),
        when("t.due != () && t.due > now"),
        when("t.downtime != () && t.downtime > \"1h\""),
        when("t.promised != ()"),
        when("t.site.contains(\"a\") && t.site.contains(\"b\") && !(t.site.contains(\"c\"))"),
        when("t.site.starts_with(\"a\") && t.site.starts_with(\"ab\")"),
        when("t.tags.len() > 3 && t.tags.len() < 2"),
        when("t.seats * 2 > 7 && t.seats * 2 < 3"),
        when("t.assignee == t.owner && t.assignee != ()"),
        when("t.labels.is_empty() || \"red\" in t.labels"),
        "const ON = false;\n".to_string() + when("t.impact == \"high\" || ON").as_str(),
        "fn at_least(t, n) { n == 0 || t.seats >= n }\n".to_string() + when("at_least(t, 3)").as_str(),
        // The first may not match where the second does, may be undone by a third, is not woken, or may fail.
        behind("t.impact == \"high\"", "t.impact >= \"medium\""),
        behind("t.impact == \"high\"", "t.impact == \"high\"").replace("second\").order(2).on(\"created\")", "second\").order(2).on([\"created\", \"rated\"])"),
        behind("1 / t.seats == 1", "1 / t.seats == 1"),
        behind("t.site == \"x\"", "t.site == \"x\"").replace(".then(|t| t.tag(\"x\"))", ".then(|t| t.transition(\"start\"))"),
        behind("t.site == \"x\"", "t.site == \"x\"")
            + "rule(\"between\").order(1).on(\"created\").then(|t| t.set(\"site\", \"x\"));",
        // Two ways to set one thing.
        "rule(\"a\").order(1).on(\"created\").when(|t| t.impact >= \"high\").then(|t| t.priority(\"p2\"));
         rule(\"b\").order(2).on(\"created\").when(|t| t.impact == \"high\").then(|t| t.priority(\"p1\"));"
            .into(),
        "rule(\"a\").order(1).on(\"created\").when(|t| t.site == ()).then(|t| t.set(\"site\", \"x\"));
         rule(\"b\").order(2).on(\"created\").when(|t| t.site == ()).then(|t| t.set(\"site\", \"y\"));"
            .into(),
        "rule(\"a\").order(1).on(\"created\").then(|t| t.set(\"site\", \"x\"));
         rule(\"m\").order(2).on(\"created\").when(|t| t.site == \"x\").then(|t| t.tag(\"seen\"));
         rule(\"b\").order(3).on(\"created\").then(|t| t.set(\"site\", \"y\"));"
            .into(),
        "rule(\"a\").order(1).on([\"created\", \"changed:seats\"]).when(|t| t.seats > 3).then(|t| t.set(\"site\", \"x\"));
         rule(\"b\").order(2).on([\"created\", \"changed:seats\"]).then(|t| t.set(\"site\", \"y\"));"
            .into(),
        // Where another rule moves tickets, the event no longer says where they are.
        "rule(\"a\").order(1).on(\"state:pending\").then(|t| t.transition(\"answer\"));
         rule(\"b\").order(2).on(\"state:pending\").then(|t| t.transition(\"wait\"));"
            .into(),
        // Chains that come to rest.
        "rule(\"a\").on([\"created\", \"changed:tags\"]).then(|t| t.tag(\"x\")).repeatable();".into(),
        "rule(\"a\").on(\"changed:site\").then(|t| t.set(\"seats\", 3)).repeatable();
         rule(\"b\").on(\"changed:seats\").then(|t| t.set(\"site\", \"x\")).repeatable();"
            .into(),
        "rule(\"bounced\").on(\"handed_off\").when(|t| !(\"bounced\" in t.tags)).then(|t| { t.tag(\"bounced\"); t.route(\"first-line\"); });".into(),
        "rule(\"a\").on(\"changed:impact\").when(|t| t.impact == \"low\").then(|t| t.set(\"impact\", \"high\")).repeatable();
         rule(\"b\").on(\"changed:impact\").when(|t| t.impact == \"extreme\").then(|t| t.set(\"impact\", \"medium\")).repeatable();"
            .into(),
        "rule(\"r\").after(\"1d\", \"pending\").then(|t| t.transition(\"resolve\"));".into(),
    ];
    for content in quiet {
        let found = checked(&content);
        assert!(found.is_empty(), "{content}\n{found}");
    }
}

#[test]
fn many_rules_that_stop_are_compared_by_what_they_ask_for() {
    let rule = |i: usize, n: usize| {
        format!(
            "rule(\"r{i}\").order({i}).on(\"created\").when(|t| t.order_number == \"A{n}\" && t.seats > 1).then(|t| t.tag(\"x\")).stop();\n"
        )
    };
    let mut content: String = (0..2_000).map(|i| rule(i, i)).collect();
    content.push_str(&rule(2_000, 777));
    let found = checked(&content);
    assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), ["shadowed-rule"], "{found}");
    assert!(found.to_string().contains("`r777`"), "{found}");
}

#[test]
fn a_playbook_is_checked_with_its_workflows_and_agreements() {
    let mut source = Playbook::starter_source();
    source.add(
        "rules/a.rhai",
        "rule(\"late\").on(\"limit\").then(|t| t.tag(\"late\"));
         rule(\"again\").on(\"created\").then(|t| t.transition(\"reopen\"));",
    );
    let loaded = Playbook::load(&source).unwrap();
    let codes: Vec<_> = loaded.warnings.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["never-raised", "always-refused"], "{}", loaded.warnings);
    assert_eq!(loaded.playbook.check_rules(), loaded.warnings);
    assert_eq!(loaded.playbook.rule_graph().rules.len(), 2);
}

#[test]
fn the_graph_says_who_wakes_whom_and_by_what() {
    let content = "rule(\"urgent\").on(\"created\").when(|t| t.subject.contains(\"down\")).then(|t| { t.set(\"impact\", \"high\"); t.tag(\"down\"); });
        rule(\"priority\").on(\"changed:priority\").then(|t| t.note(\"!\"));
        rule(\"by-reads\").when(|t| \"down\" in t.tags).then(|t| t.transition(\"start\"));
        rule(\"open\").on(\"state:open\").then(|t| t.route(\"first-line\"));
        rule(\"queued\").on(\"queued\").then(|t| t.watch(\"li\"));";
    let (set, problems) = rules::load(&Source::new().with("rules/a.rhai", content), &schema());
    assert!(problems.is_empty(), "{problems}");
    let graph = set.graph(&schema(), &around());
    let edges: Vec<String> =
        graph.edges.iter().map(|e| format!("{} -> {} by {}", e.from, e.to, e.by.iter().cloned().collect::<Vec<_>>().join(", "))).collect();
    assert_eq!(
        edges,
        ["urgent -> priority by priority", "urgent -> by-reads by tags", "by-reads -> open by state:open", "open -> queued by queued"]
    );
    assert!(graph.circles.is_empty());
    let urgent = &graph.rules[0];
    assert_eq!((urgent.wakes.as_slice(), urgent.lowered), (["created".to_string()].as_slice(), true));
    assert!(urgent.reads.contains("t.subject") && urgent.writes.contains("impact"));
}
