//! Coverage: each rule and each part of a condition is counted at the very moment the engine judged it.

use ticketry::diagnostic::{Lang, Source};
use ticketry::harness::{self, Coverage, Options, RuleCoverage};
use ticketry::playbook::Playbook;

fn covered(rules: &str, tests: &str) -> Coverage {
    let source = Playbook::starter_source().with("rules/a.rhai", rules).with("tests/t.rhai", tests);
    let options = Options { coverage: true, ..Options::default() };
    let report = harness::test(&source, &options).unwrap_or_else(|d| panic!("{}", d.render(Lang::En, Some(&source))));
    assert!(report.passed(), "{report}");
    report.coverage().unwrap().clone()
}

fn rule<'c>(coverage: &'c Coverage, name: &str) -> &'c RuleCoverage {
    coverage.rules().find(|r| r.rule == *name).unwrap()
}

fn held(coverage: &Coverage, name: &str) -> Vec<(String, u8, u64)> {
    rule(coverage, name).parts.iter().map(|p| (p.text.clone(), p.depth, p.held)).collect()
}

#[test]
fn a_condition_is_counted_as_it_was_when_judged_not_as_its_rule_left_it() {
    // The first rule makes its own condition false, and the second one's true.
    let coverage = covered(
        r#"
        rule("first").order(1).on("created").when(|t| t.impact == ()).then(|t| t.set("impact", "high"));
        rule("second").order(2).on("created").when(|t| t.impact == "high" && t.urgency == "low").then(|t| t.tag("x"));
        "#,
        r#"test("t", |desk| { desk.create(#{}); desk.create(#{ impact: "low" }); });"#,
    );
    let first = rule(&coverage, "first");
    assert_eq!((first.judged, first.matched, first.fired), (2, 1, 1));
    assert_eq!(held(&coverage, "first"), [("t.impact == ()".to_string(), 0, 1)]);
    assert_eq!(held(&coverage, "second"), [("t.impact in [\"high\"]".into(), 0, 1), ("t.urgency in [\"low\"]".into(), 0, 0)]);
}

#[test]
fn every_alternative_counts_by_itself() {
    let coverage = covered(
        r#"
        rule("r").on("created")
            .when(|t| t.channel == "mail" && (t.subject.contains("a") || (t.subject.contains("b") && t.impact == "high") || t.subject.contains("c")))
            .then(|t| t.tag("x"));
        "#,
        r#"test("t", |desk| { desk.create(#{ subject: "a", channel: "mail" }); desk.create(#{ subject: "b", channel: "mail" }); });"#,
    );
    let parts = held(&coverage, "r");
    let depth = |text: &str| parts.iter().find(|(t, ..)| t == text).map(|(_, d, n)| (*d, *n));
    assert_eq!(depth("t.subject.contains(\"a\")"), Some((1, 1)));
    assert_eq!(depth("t.subject.contains(\"b\")"), Some((1, 1)));
    assert_eq!(depth("t.impact in [\"high\"]"), Some((1, 0)));
    assert_eq!(depth("t.subject.contains(\"c\")"), Some((1, 0)));
    assert_eq!(depth("t.channel in [\"mail\"]"), Some((0, 2)));
    let text = coverage.render(Lang::En);
    assert!(text.contains("rules/a.rhai:2:14 r: matched 1 of 2 times"), "{text}");
    assert!(text.contains("never true: t.subject.contains(\"c\")") && !text.contains("never true: t.subject.contains(\"a\")"), "{text}");
}

#[test]
fn timers_stops_and_what_never_woke_are_told_apart() {
    let coverage = covered(
        r#"
        rule("ends").order(1).on("created").when(|t| t.impact == "high").then(|t| t.tag("x")).stop();
        rule("behind").order(2).on("created").then(|t| t.tag("y"));
        rule("timed").order(3).after("1h", "pending").when(|t| t.impact == "low").then(|t| t.tag("z"));
        rule("asleep").order(4).on("rated").when(|t| t.impact == "low" && t.urgency == "low").then(|t| t.tag("z"));
        rule("script").order(5).on("created").when(|t| t.subject.len() > 3 && t.impact == "low").then(|t| t.tag("long"));
        "#,
        r#"
        test("t", |desk| { desk.create(#{ impact: "high" }); });
        test("u", |desk| { let t = desk.create(#{ impact: "low", subject: "long enough" }); desk.transition(t, "wait"); desk.advance("61m"); });
        "#,
    );
    let judged = |name: &str| (rule(&coverage, name).judged, rule(&coverage, name).matched);
    assert_eq!(judged("ends"), (2, 1));
    assert_eq!(judged("behind"), (1, 1), "not judged after the stop");
    assert_eq!(judged("timed"), (1, 1));
    assert_eq!(judged("asleep"), (0, 0));
    assert_eq!(judged("script"), (1, 1));
    assert_eq!((coverage.matched(), coverage.is_full()), ((4, 5), false));
    let (en, zh) = (coverage.render(Lang::En), coverage.render(Lang::Zh));
    assert!(en.starts_with("coverage: 4 of 5 rules matched, ") && en.contains("asleep: nothing ever woke it"), "{en}");
    assert!(!en.contains("never true"), "of a rule nothing woke no part is a finding: {en}");
    assert!(zh.contains("从未被触发评估"), "{zh}");
    let json = serde_json::to_value(&coverage).unwrap();
    assert_eq!(json[0]["rule"], "ends");
    assert_eq!(json[0]["place"]["line"], 2);
}

#[test]
fn the_example_desk_and_the_starter_are_covered_in_full() {
    let desk = ticketry::folder::read(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/desk")).unwrap();
    let sources: [Source; 2] = [desk, harness::starter("demo")];
    for source in sources {
        assert!(harness::check(&source).is_empty(), "{}", harness::check(&source).render(Lang::En, Some(&source)));
        let report = harness::test(&source, &Options { coverage: true, ..Options::default() }).unwrap();
        assert!(report.passed(), "{report}");
        assert!(report.outcomes().len() >= 7);
        assert!(report.coverage().unwrap().is_full(), "{report}");
    }
}

/// What hosts write, and nothing more.
#[test]
fn the_rules_of_the_desk() -> Result<harness::Report, harness::Failed> {
    harness::test_folder(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/desk"))
}
