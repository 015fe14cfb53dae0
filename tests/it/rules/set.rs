//! Order, triggers, time rules and the checks of rules built in Rust.

use super::desk::{by_agent, schema, ticket};
use ticketry::calendar::Span;
use ticketry::condition::{Form, NoScripts, View};
use ticketry::diagnostic::{Diagnostics, Lang, Place, RuleFault};
use ticketry::id::*;
use ticketry::rules::*;
use ticketry::ticket::*;

fn build(b: RuleBuilder) -> Rule {
    b.build(&schema(), &NoScripts).unwrap()
}
fn tag(name: &str) -> [Action; 1] {
    [Action::Tag(name.into())]
}
fn names(set: &RuleSet, happened: &[Trigger]) -> Vec<String> {
    set.triggered(happened).into_iter().map(|i| set.get(i).unwrap().name.to_string()).collect()
}
fn form(json: &str) -> Form {
    serde_json::from_str(json).unwrap()
}
fn codes(d: &Diagnostics) -> Vec<&'static str> {
    d.iter().map(|d| d.code).collect()
}

#[test]
fn s17_order_then_file_then_position_never_the_name() {
    let at = |name: &str, order, file: &str, line| {
        build(RuleBuilder::new(name).order(order).at(Place::new(file, line, 1, 1)).on(Trigger::Created).then(tag(name)))
    };
    let (set, problems) = RuleSet::new(vec![
        at("a", 5, "rules/a.rhai", 1),
        at("c", 0, "rules/b.rhai", 9),
        at("d", 0, "rules/a.rhai", 30),
        at("b", 0, "rules/b.rhai", 2),
    ]);
    assert!(problems.is_empty(), "{problems}");
    assert_eq!(names(&set, &[Trigger::Created]), ["d", "b", "c", "a"]);
}

#[test]
fn s17_equal_order_writing_one_field_is_a_warning() {
    let rule =
        |name: &str, order, level: &str| RuleBuilder::new(name).order(order).on(Trigger::Created).then([Action::Priority(level.into())]);
    let (_, problems) = RuleSet::new(vec![build(rule("one", 1, "p1")), build(rule("two", 1, "p2"))]);
    assert_eq!(codes(&problems), ["order-ambiguous"]);
    assert!(!problems.has_errors());
    let quiet = |rules: Vec<Rule>| assert!(RuleSet::new(rules).1.is_empty());
    quiet(vec![build(rule("one", 1, "p1")), build(rule("two", 2, "p2"))]);
    quiet(vec![build(rule("one", 1, "p1")), build(rule("two", 1, "p1"))]);
    // Conditions that exclude one another leave nothing to be ambiguous.
    quiet(vec![
        build(rule("one", 1, "p1").when(form(r#"{"field": "impact", "is": "high"}"#))),
        build(rule("two", 1, "p2").when(form(r#"{"field": "impact", "is": "low"}"#))),
    ]);
    quiet(vec![
        build(rule("one", 1, "p1")),
        build(RuleBuilder::new("two").order(1).on(Trigger::Rated).then([Action::Priority("p2".into())])),
    ]);
}

#[test]
fn s17_a_name_used_twice_is_refused_and_the_first_stays() {
    let rule = |order, t: &str| build(RuleBuilder::new("same").order(order).on(Trigger::Created).then(tag(t)));
    let (set, problems) = RuleSet::new(vec![rule(2, "late"), rule(1, "early")]);
    assert_eq!(codes(&problems), ["duplicate-rule"]);
    assert!(problems.has_errors());
    assert_eq!(set.len(), 1);
    assert_eq!(set.named("same").unwrap().1.order, 1);
}

#[test]
fn triggers_wake_their_rules_once_and_in_order() {
    let rule = |name: &str, on: &[Trigger]| build(on.iter().fold(RuleBuilder::new(name), |b, t| b.on(t.clone())).then(tag("x")));
    let rules = vec![
        rule("any-breach", &[Trigger::Breach(None)]),
        rule("resolution-breach", &[Trigger::Breach(Some("resolution".into()))]),
        rule("both", &[Trigger::Created, Trigger::changed("impact"), Trigger::Created]),
        build(RuleBuilder::new("always").always().then(tag("x"))),
    ];
    let (set, problems) = RuleSet::new(rules);
    assert!(problems.is_empty());
    assert_eq!(names(&set, &[Trigger::Breach(Some("resolution".into()))]), ["always", "any-breach", "resolution-breach"]);
    assert_eq!(names(&set, &[Trigger::Breach(Some("first_response".into()))]), ["always", "any-breach"]);
    assert_eq!(names(&set, &[Trigger::Created, Trigger::changed("impact")]), ["always", "both"]);
    assert_eq!(names(&set, &[]), Vec::<String>::new());
}

#[test]
fn s26_time_rules_are_found_by_state() {
    let rule = |name: &str, state: &str| build(RuleBuilder::new(name).after(Span::Days(3), state).then(tag("x")));
    let (set, _) = RuleSet::new(vec![rule("remind", "pending"), rule("stale", "open")]);
    let of = |s: &str| set.time_rules(&StateName::new(s)).map(|(_, r)| r.name.to_string()).collect::<Vec<_>>();
    assert_eq!(of("pending"), ["remind"]);
    assert_eq!(of("new"), Vec::<String>::new());
    assert_eq!(names(&set, &[Trigger::State("pending".into())]), Vec::<String>::new());
}

#[test]
fn s23_a_rule_that_stops_ends_with_the_stop_action() {
    let r = build(RuleBuilder::new("r").on(Trigger::Created).then(tag("x")).stop());
    let t = ticket();
    assert_eq!(r.consider(&View::of(&t, t.created_at)), Consideration::Matched(vec![Action::Tag("x".into()), Action::Stop]));
}

#[test]
fn a_condition_decides_and_says_what_was_false() {
    let r = build(RuleBuilder::new("r").on(Trigger::Created).when(form(r#"{"field": "impact", "at_least": "high"}"#)).then(tag("x")));
    let mut t = ticket();
    t.impact = by_agent("low".into());
    let view = View::of(&t, t.created_at);
    assert_eq!(r.consider(&view), Consideration::Unmatched);
    assert_eq!(r.first_false(&view).unwrap(), r#"t.impact in ["extreme", "high"] (t.impact = "low")"#);
    t.impact = by_agent("extreme".into());
    assert!(matches!(r.consider(&View::of(&t, t.created_at)), Consideration::Matched(_)));
}

#[test]
fn reads_and_writes_are_known() {
    let r = build(
        RuleBuilder::new("r")
            .on(Trigger::Created)
            .when(form(r#"{"field": "customer.tier", "is": "vip"}"#))
            .then([Action::Priority("p1".into()), Action::Route { group: "first-line".into(), skills: Default::default() }]),
    );
    assert!(r.needs_customer());
    assert_eq!(r.writes().iter().map(Written::name).collect::<Vec<_>>(), ["priority", "group"]);
    assert!(RuleSet::new(vec![r]).0.needs_customer());
}

#[test]
fn everything_wrong_is_reported_at_once_in_both_languages() {
    let bad = RuleBuilder::new("bad")
        .on(Trigger::changed("impcat"))
        .on(Trigger::State("pendign".into()))
        .after(Span::Days(1), "nowhere")
        .when(form(r#"{"field": "impakt", "is": "high"}"#))
        .then([
            Action::Priority("p9".into()),
            Action::Route { group: "network-tier3".into(), skills: Default::default() },
            Action::Route { group: "first-line".into(), skills: [("bpg".into(), 1)].into() },
            Action::Notify { to: Recipient::Requester, template: "stil-waiting".into() },
            Action::Transition("strat".into()),
            Action::Set { attribute: Attribute::named("priority"), value: Some("p1".into()), force: false },
            Action::Set { attribute: Attribute::named("amont"), value: Some(1.into()), force: false },
            Action::Set { attribute: Attribute::named("amount"), value: Some("1.234".into()), force: false },
            Action::Set { attribute: Attribute::named("product"), value: Some("ruoter".into()), force: false },
            Action::Set { attribute: Attribute::named("seats"), value: Some("many".into()), force: false },
            Action::Set { attribute: Attribute::named("category"), value: Some("network/vpm".into()), force: false },
            Action::Set { attribute: Attribute::Subject, value: None, force: false },
            Action::Tag(" x".into()),
            Action::Note(String::new()),
        ])
        .build(&schema(), &NoScripts)
        .unwrap_err();
    insta::assert_snapshot!("builder_en", bad.render(Lang::En, None));
    insta::assert_snapshot!("builder_zh", bad.render(Lang::Zh, None));
    let empty = RuleBuilder::new("").then([]).build(&schema(), &NoScripts).unwrap_err();
    assert_eq!(codes(&empty), ["bad-name", "no-trigger", "no-actions"]);
}

#[test]
fn values_take_the_form_of_their_field() {
    let r = build(RuleBuilder::new("r").on(Trigger::Created).then([
        Action::Set { attribute: Attribute::named("amount"), value: Some("19.9".into()), force: false },
        Action::Set { attribute: Attribute::named("impact"), value: Some("high".into()), force: true },
    ]));
    let Then::Actions(a) = &r.then else { panic!() };
    assert_eq!(
        a[0],
        Action::Set { attribute: Attribute::named("amount"), value: Some(Value::Decimal(Decimal::new(1990, 2))), force: false }
    );
    assert_eq!(a[1], Action::Set { attribute: Attribute::Impact, value: Some(Value::choice("high")), force: true });
}

#[test]
fn s24_a_host_script_that_fails_is_contained() {
    #[derive(Debug)]
    struct Broken(std::collections::BTreeSet<ticketry::condition::Path>, std::collections::BTreeSet<Written>);
    impl ActionScript for Broken {
        fn actions(&self, _: &View<'_>) -> Result<Vec<Action>, RuleFault> {
            Err(RuleFault::new(ticketry::diagnostic::FaultKind::Arithmetic, ticketry::diagnostic::text("division by zero", "除以零"), None))
        }
        fn text(&self) -> &str {
            "1 / 0"
        }
        fn reads(&self) -> &std::collections::BTreeSet<ticketry::condition::Path> {
            &self.0
        }
        fn writes(&self) -> &std::collections::BTreeSet<Written> {
            &self.1
        }
    }
    let r =
        build(RuleBuilder::new("r").on(Trigger::Created).then_script(std::sync::Arc::new(Broken(Default::default(), Default::default()))));
    let t = ticket();
    assert!(matches!(r.consider(&View::of(&t, t.created_at)), Consideration::Faulted(_)));
    assert!(!r.is_native());
}

#[test]
fn every_trigger_word_parses_back() {
    let here = Place::file("t");
    let mut schema = schema();
    schema.approvals.insert("open".into());
    for word in Trigger::words() {
        let word = word.replace("FIELD", "impact").replace("NAME", "open").replace("METRIC", "resolution");
        assert_eq!(Trigger::parse(&word, &schema, &here).unwrap().word(), word);
    }
    assert_eq!(Trigger::parse("mesage.agent", &schema, &here).unwrap_err().help.unwrap().en, "did you mean `message.agent`?");
}
