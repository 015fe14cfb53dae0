//! Rule files that are right: what loads, what is lowered, what runs.

use super::desk::{at, by_agent, schema, ticket};
use std::collections::BTreeSet;
use ticketry::condition::{Customer, View};
use ticketry::diagnostic::{FaultKind, Place, Source};
use ticketry::id::*;
use ticketry::rules::{self, Consideration, Rule, RuleSet, Then, Trigger, Written};
use ticketry::ticket::*;

pub fn loaded(source: &Source) -> RuleSet {
    let (set, problems) = rules::load(source, &schema());
    assert!(problems.is_empty(), "{problems}");
    set
}
pub fn one(rule: &str) -> Rule {
    let set = loaded(&Source::new().with("rules/a.rhai", rule));
    set.iter().next().expect("one rule").1.clone()
}
fn actions(rule: &Rule, view: &View<'_>) -> Vec<Action> {
    match rule.consider(view) {
        Consideration::Matched(a) => a,
        other => panic!("{other:?}"),
    }
}

/// DESIGN 5, as written there.
const EXAMPLE: &str = r#"import "lib/customers" as customers;

rule("outage-is-urgent")
    .on(["created", "changed:impact"])
    .when(|t| t.impact >= "high" && t.category.within("network"))
    .then(|t| { t.score(40, "network outage"); t.tag("outage"); });

rule("vip-to-experts")
    .on("created")
    .when(|t| customers::is_vip(t) && "outage" in t.tags)
    .then(|t| t.route("network-tier2", #{ skills: ["bgp"] }));

rule("nudge-the-customer")
    .after("3bd", "pending")                    // three working days in that state, once per stay
    .then(|t| t.notify("requester", "still-waiting"));
"#;

fn example() -> Source {
    Source::new().with("rules/network.rhai", EXAMPLE).with("rules/lib/customers.rhai", "fn is_vip(t) { t.customer.tier == \"vip\" }\n")
}

#[test]
fn the_example_of_the_design_loads_as_written_and_is_native() {
    let set = loaded(&example());
    let names: Vec<_> = set.iter().map(|(_, r)| r.name.to_string()).collect();
    assert_eq!(names, ["outage-is-urgent", "vip-to-experts", "nudge-the-customer"]);
    assert!(set.iter().all(|(_, r)| r.is_native()));
    let condition = |n: &str| set.named(n).unwrap().1.when.as_ref().unwrap().to_string();
    assert_eq!(condition("outage-is-urgent"), r#"t.impact in ["extreme", "high"] && t.category.within("network")"#);
    assert_eq!(condition("vip-to-experts"), r#"t.customer.tier in ["vip"] && "outage" in t.tags"#);
    assert!(set.needs_customer());

    let (_, outage) = set.named("outage-is-urgent").unwrap();
    assert_eq!(outage.on, [Trigger::Created, Trigger::changed("impact")]);
    let mut t = ticket();
    t.impact = by_agent("high".into());
    t.category = by_agent("network/vpn".into());
    let score = Action::Score { points: 40, reason: "network outage".into() };
    assert_eq!(actions(outage, &View::of(&t, at(0))), [score, Action::Tag("outage".into())]);
    t.category = by_agent("hardware".into());
    assert_eq!(outage.consider(&View::of(&t, at(0))), Consideration::Unmatched);

    let (_, experts) = set.named("vip-to-experts").unwrap();
    t.tags = BTreeSet::from(["outage".into()]);
    let customer = Customer::from([(FieldName::new("tier"), Value::choice("vip"))]);
    let route = Action::Route { group: "network-tier2".into(), skills: [("bgp".into(), 1)].into() };
    assert_eq!(actions(experts, &View { customer: Some(&customer), ..View::of(&t, at(0)) }), [route]);

    let waiting: Vec<_> = set.time_rules(&"pending".into()).map(|(_, r)| r.name.to_string()).collect();
    assert_eq!(waiting, ["nudge-the-customer"]);
}

#[test]
fn every_step_of_the_builder() {
    let r = one(r#"const FIRST = 10;
        rule("r").order(FIRST).on(["created", "state:open"]).when(|t, event| event.name == "created" && event.message.automatic == true)
            .then(|t, event| { event.mark_automatic(); stop() }).repeatable().stop().fail_closed();"#);
    assert_eq!(r.order, 10);
    assert!(r.repeatable && r.stop && r.fail_closed && !r.always && r.is_native());
    assert!(one(r#"rule("r").always().then(|t| t.tag("seen"));"#).always);
}

#[test]
fn every_action_lowers() {
    let r = one(r#"rule("r").on("created").then(|t| {
        t.score(-5, "why"); t.set("amount", "19.9"); t.set("site", ()); t.set_force("impact", "low"); t.set("labels", ["red"]);
        t.priority("p1"); t.tag("a"); t.untag("b"); t.route("first-line"); t.route("network-tier2", #{ skills: #{ bgp: 2 } });
        t.assign("li"); t.release(); t.notify("group:first-line", "welcome"); t.watch("wu"); t.transition("start"); t.note("seen");
        t.mark_automatic(); t.mark_thanks(); stop(); t.stop(); });"#);
    let Then::Actions(list) = &r.then else { panic!("not lowered") };
    assert_eq!(list.len(), 20);
    assert_eq!(list[19], Action::Stop);
    assert_eq!(
        list[1],
        Action::Set { attribute: Attribute::named("amount"), value: Some(Value::Decimal(Decimal::new(1990, 2))), force: false }
    );
    assert_eq!(
        list[4],
        Action::Set { attribute: Attribute::named("labels"), value: Some(Value::Choices(["red".into()].into())), force: false }
    );
    assert_eq!(list[9], Action::Route { group: "network-tier2".into(), skills: [("bgp".into(), 2)].into() });
    assert_eq!(list[18], Action::Stop);
    assert_eq!(r.writes().len(), 13);
}

#[test]
fn what_does_not_lower_runs_with_the_same_meaning() {
    let r = one(r#"
        const MANY = 2;
        fn shout(s) { s.to_upper() }
        rule("r").on("created")
            .when(|t| t.tags.len() >= MANY && t.impact >= "high")
            .then(|t| {
                for tag in t.tags { if tag.starts_with("vip") { t.tag("seen-" + tag); } }
                if t.subject.contains("ＶＰＮ") { t.note(`about ${t.subject}`); }
                t.note(shout(t.channel.to_string()));
                if t.impact == () { stop(); } else { t.priority("p1"); }
            });"#);
    assert!(!r.is_native());
    assert_eq!(r.when.as_ref().unwrap().expr().reads_like(), ["t.impact", "t.tags"]);
    assert!(r.writes().contains(&Written::Priority));
    let mut t = ticket();
    t.impact = by_agent("extreme".into());
    t.tags = BTreeSet::from(["vip-a".into(), "other".into()]);
    let got = actions(&r, &View::of(&t, at(0)));
    let want = [
        Action::Tag("seen-vip-a".into()),
        Action::Note("about VPN 无法连接".into()),
        Action::Note("MAIL".into()),
        Action::Priority("p1".into()),
    ];
    assert_eq!(got, want);
    t.tags = BTreeSet::from(["vip-a".into()]);
    assert_eq!(r.consider(&View::of(&t, at(0))), Consideration::Unmatched);
    assert!(r.first_false(&View::of(&t, at(0))).unwrap().contains("t.tags"));
}

trait ReadsLike {
    fn reads_like(&self) -> Vec<String>;
}
impl ReadsLike for ticketry::condition::Expr {
    fn reads_like(&self) -> Vec<String> {
        let mut out = BTreeSet::new();
        self.reads(&mut out);
        let mut names: Vec<String> = out.iter().map(|p| p.to_string()).collect();
        names.sort();
        names
    }
}

#[test]
fn imported_functions_run_when_they_cannot_be_lowered() {
    let source = Source::new()
        .with(
            "rules/a.rhai",
            r#"import "lib/names" as names;
            rule("r").on("created").when(|t| names::count(t, 3) > 0).then(|t| t.note(names::label(t)));"#,
        )
        .with(
            "rules/lib/names.rhai",
            r#"fn count(t, n) { let c = 0; while c < n { c += 1; } c + inner(t) } fn inner(t) { t.tags.len() }
            fn label(t) { "ticket " + t.number }"#,
        );
    let set = loaded(&source);
    let (_, r) = set.named("r").unwrap();
    let t = ticket();
    assert_eq!(actions(r, &View::of(&t, at(0))), [Action::Note("ticket 1".into())]);
    assert!(r.reads().iter().any(|p| p.to_string() == "t.number"));
}

#[test]
fn chinese_names_are_names() {
    let r = one(r#"rule("升级").on("created").when(|t| t.客户等级 >= "金牌" || t["客户等级"] == "普通").then(|t| t.tag("贵宾"));"#);
    assert_eq!(r.when.as_ref().unwrap().to_string(), r#"t.客户等级 in ["普通", "金牌", "钻石"]"#);
}

#[test]
fn five_hundred_alternatives_are_one_set() {
    let any = (0..500).map(|i| format!("t.order_number == \"A{i}\"")).collect::<Vec<_>>().join(" || ");
    let r = one(&format!("rule(\"r\").on(\"created\").when(|t| {any}).then(|t| t.tag(\"x\"));"));
    assert!(r.is_native());
    let mut t = ticket();
    t.fields.insert("order_number".into(), by_agent(Value::Reference("A499".into())).unwrap());
    assert!(matches!(r.consider(&View::of(&t, at(0))), Consideration::Matched(_)));
    use ticketry::condition::Expr;
    assert!(matches!(r.when.as_ref().unwrap().expr(), Expr::OneOf { names, .. } if names.len() == 500));
    // The same with texts, with numbers, as a list, in a helper, as text of a guard.
    let any =
        |path: &str, value: &dyn Fn(usize) -> String| (0..500).map(|i| format!("{path} == {}", value(i))).collect::<Vec<_>>().join(" || ");
    let list = (0..500).map(|i| format!("\"A{i}\"")).collect::<Vec<_>>().join(", ");
    let quoted = |i: usize| format!("\"A{i}\"");
    let load =
        |condition: &str, helper: &str| one(&format!("{helper} rule(\"r\").on(\"created\").when(|t| {condition}).then(|t| t.tag(\"x\"));"));
    let expr = |r: &Rule| r.when.as_ref().unwrap().expr().clone();
    assert!(matches!(expr(&load(&any("t.site", &quoted), "")), Expr::OneText(_, texts) if texts.len() == 500));
    assert!(matches!(expr(&load(&any("t.seats", &|i| i.to_string()), "")), Expr::OneNumber(_, n) if n.len() == 500));
    assert!(matches!(expr(&load(&format!("t.order_number in [{list}]"), "")), Expr::OneOf { names, .. } if names.len() == 500));
    let helper = format!("fn known(t) {{ {} }}", any("t.order_number", &quoted));
    assert!(matches!(expr(&load("known(t)", &helper)), Expr::OneOf { names, .. } if names.len() == 500));
    for text in [any("t.order_number", &quoted), format!("t.order_number in [{list}]")] {
        let guard = rules::scripts().condition(&text, &Place::file("w.toml"), &schema()).unwrap_or_else(|d| panic!("{d}"));
        assert!(matches!(guard, Expr::OneOf { names, .. } if names.len() == 500));
    }
}

#[test]
fn alternatives_never_move_past_one_that_may_fail() {
    let r = one("rule(\"r\").on(\"created\").when(|t| t.seats == 1 || 1 / t.reopenings == 1 || t.seats == 2).then(|t| t.tag(\"x\"));");
    let mut t = ticket();
    t.fields.insert("seats".into(), by_agent(Value::Integer(2)).unwrap());
    assert!(matches!(r.consider(&View::of(&t, at(0))), Consideration::Faulted(_)), "as the script would: from left to right");
    t.fields.insert("seats".into(), by_agent(Value::Integer(1)).unwrap());
    assert!(matches!(r.consider(&View::of(&t, at(0))), Consideration::Matched(_)));
}

#[test]
fn s24_a_rule_that_loops_or_fails_is_a_fault_with_its_place() {
    let t = ticket();
    let fault = |rule: &str| match one(rule).consider(&View::of(&t, at(0))) {
        Consideration::Faulted(f) => f,
        other => panic!("{other:?}"),
    };
    let f = fault("rule(\"r\").on(\"created\").then(|t| {\n  loop { t.score(1, \"x\"); }\n});");
    assert!(matches!(f.kind, FaultKind::Budget | FaultKind::Size), "{f}");
    let f = fault("rule(\"r\").on(\"created\").then(|t| {\n  loop { }\n});");
    assert_eq!(f.kind, FaultKind::Budget);
    assert_eq!(f.place.as_ref().unwrap().file.as_ref(), "rules/a.rhai");
    let f = fault("rule(\"r\").on(\"created\").when(|t| 1 / t.reopenings == 1).then(|t| t.tag(\"x\"));");
    assert_eq!(f.kind, FaultKind::Arithmetic);
    let f = fault("rule(\"r\").on(\"created\").then(|t| { t.tag(\"kept\"); t.priority(\"p\" + 9); });");
    assert_eq!(f.kind, FaultKind::Type);
    let f = fault("rule(\"r\").on(\"created\").when(|t| t.tags.len()).then(|t| t.tag(\"x\"));");
    assert_eq!(f.kind, FaultKind::Type);
}

#[test]
fn conditions_as_text_have_three_roots() {
    let s = rules::scripts();
    let e = s
        .condition("t.due < now && event.actor == \"agent\" && \"lead\" in event.roles", &Place::new("w.toml", 7, 10, 1), &schema())
        .unwrap();
    assert!(e.is_native());
    let mut t = ticket();
    t.created_at = at(-100);
    let e = s.condition("now - t.created_at > \"90m\"", &Place::file("w"), &schema()).unwrap();
    assert!(!e.is_native());
    assert!(e.holds(&View::of(&t, at(0))).unwrap());
    assert!(!e.holds(&View::of(&t, at(-20))).unwrap());
}

#[test]
fn s81_the_message_can_be_read_and_judged() {
    let r = one(r#"rule("ooo").on("received").when(|t, event| event.message.body.contains("out of office"))
        .then(|t, event| event.mark_automatic());"#);
    let t = ticket();
    let message = Message {
        kind: MessageKind::Reply,
        audience: Audience::Requester,
        author: Author::Requester,
        channel: ChannelName::new("mail"),
        body: "I am Out of Office".into(),
        language: None,
        attachments: vec![],
        automatic: false,
        thanks: false,
        external_id: None,
        at: at(0),
    };
    let view = View { message: Some(&message), event: "received", ..View::of(&t, at(0)) };
    assert_eq!(actions(&r, &view), [Action::MarkAutomatic]);
}

#[test]
fn s23_a_script_stops_either_way() {
    for stop in ["stop()", "t.stop()"] {
        let r = one(&format!("rule(\"r\").on(\"created\").then(|t| {{ if t.reopenings == 0 {{ t.tag(\"x\"); {stop}; }} }});"));
        assert!(!r.is_native());
        let t = ticket();
        assert_eq!(actions(&r, &View::of(&t, at(0))), [Action::Tag("x".into()), Action::Stop], "{stop}");
    }
}

#[test]
fn arithmetic_on_whole_numbers_lowers() {
    let r = one("fn weight(t, each) { t.seats * each }
        rule(\"r\").on(\"created\").when(|t| weight(t, 2) + t.reopenings > 10 && -t.score < t.seats % 7).then(|t| t.tag(\"x\"));");
    assert!(r.is_native());
    assert_eq!(r.when.as_ref().unwrap().to_string(), "(t.seats * 2) + t.reopenings > 10 && -t.score < t.seats % 7");
    let mut t = ticket();
    t.score = 1;
    t.fields.insert("seats".into(), by_agent(Value::Integer(6)).unwrap());
    assert!(matches!(r.consider(&View::of(&t, at(0))), Consideration::Matched(_)));
    t.fields.insert("seats".into(), by_agent(Value::Integer(i64::MAX)).unwrap());
    let Consideration::Faulted(f) = r.consider(&View::of(&t, at(0))) else { panic!() };
    assert_eq!((f.kind, f.place.unwrap().to_string().as_str()), (FaultKind::Arithmetic, "rules/a.rhai:1:30"));
    t.fields.clear();
    let Consideration::Faulted(f) = r.consider(&View::of(&t, at(0))) else { panic!() };
    assert_eq!(f.message.en, "`*` does not work with nothing, a number");
}

#[test]
fn a_switch_on_text_works() {
    let r = one(r#"rule("r").on("created").then(|t| switch t.channel.to_string() { "mail" => t.tag("written"), _ => t.tag("spoken") });"#);
    let t = ticket();
    assert_eq!(actions(&r, &View::of(&t, at(0))), [Action::Tag("written".into())]);
}

#[test]
fn tests_are_kept_apart() {
    let set = loaded(&Source::new().with("rules/a.rhai", "test(\"later\", |desk| { desk.create(#{}); });"));
    assert!(set.is_empty());
}
