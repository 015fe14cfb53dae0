//! Rules inside a decision: order, once per command, chains, containment, provenance.

use super::stage::{Stage, at, in_rust};
use chrono::TimeDelta;
use std::collections::BTreeSet;
use std::sync::Arc;
use ticketry::calendar::Span;
use ticketry::condition::{Form, Path, View};
use ticketry::desk::Error;
use ticketry::diagnostic::{FaultKind, RuleFault, text};
use ticketry::engine::{Command, NewMessage, NewTicket, What};
use ticketry::rules::{ActionScript, RuleBuilder, Trigger, Written};
use ticketry::ticket::*;
use ticketry::workflow::{Responsible, StateDefinition, TransitionDefinition, WorkflowDefinition};

/// A desk whose rules are made in Rust.
fn desk(rules: Vec<RuleBuilder>) -> Stage {
    let flow = WorkflowDefinition::new("question", 1)
        .initial("new")
        .state(StateDefinition::new("new", StateClass::New).label("New", "待处理").responsible(Responsible::Group))
        .state(
            StateDefinition::new("pending", StateClass::Pending)
                .label("Pending", "待客户回复")
                .responsible(Responsible::Group)
                .waits_on(WaitsOn::Requester)
                .on_requester_reply("answer"),
        )
        .state(StateDefinition::new("resolved", StateClass::Resolved).label("Resolved", "已解决").on_requester_reply("reopen"))
        .state(StateDefinition::new("closed", StateClass::Closed).label("Closed", "已关闭"))
        .transition(TransitionDefinition::new("wait", ["new"], "pending").label("Wait", "等待"))
        .transition(TransitionDefinition::new("answer", ["pending"], "new").label("Answer", "回复").roles(["agent", "requester"]))
        .transition(TransitionDefinition::new("resolve", ["new", "pending"], "resolved").label("Resolve", "解决"))
        .transition(TransitionDefinition::new("reopen", ["resolved"], "new").label("Reopen", "重开").roles(["agent", "requester"]))
        .transition(TransitionDefinition::new("close", ["resolved"], "closed").label("Close", "关闭"));
    let mut b = in_rust("rules in rust", flow)
        .schema(|s| {
            s.templates.insert("hello".into(), TemplateDefinition { body: text("hello", "您好") });
        })
        .settings(|s| s.rating_on = Some(StateClass::Resolved));
    for r in rules {
        b = b.rule(r);
    }
    Stage::of(b.build_without_scripts().unwrap_or_else(|d| panic!("{d}")))
}

fn form(json: &str) -> Form {
    serde_json::from_str(json).unwrap()
}
fn tag(t: &str) -> Action {
    Action::Tag(t.into())
}
fn set_impact(level: &str, force: bool) -> Action {
    Action::Set { attribute: Attribute::Impact, value: Some(Value::choice(level)), force }
}
fn events(s: &Stage, t: &Ticket) -> Vec<Caused> {
    s.desk.journal(t.id).unwrap().into_iter().flat_map(|e| e.events).collect()
}
fn fired(s: &Stage, t: &Ticket) -> Vec<String> {
    let name = |c: Caused| if let Event::RuleFired { rule, .. } = c.event { Some(rule.to_string()) } else { None };
    events(s, t).into_iter().filter_map(name).collect()
}
fn tags(t: &Ticket) -> Vec<&str> {
    t.tags.iter().map(|t| t.as_str()).collect()
}

#[test]
fn s17_s19_rules_run_in_order_once_and_see_earlier_changes() {
    let rule = |name: &str, order, has: Option<&str>, then: &str| {
        let r = RuleBuilder::new(name).order(order).on(Trigger::Created).on(Trigger::changed("tags"));
        let r = match has {
            Some(t) => r.when(form(&format!(r#"{{"field": "tags", "contains": "{t}"}}"#))),
            None => r,
        };
        r.then([tag(then)])
    };
    let s = desk(vec![rule("aaa", 30, Some("two"), "three"), rule("zzz", 10, None, "one"), rule("mmm", 20, Some("one"), "two")]);
    let t = s.create();
    assert_eq!(fired(&s, &t), ["zzz", "mmm", "aaa"], "by order, not by name; each once, though tags changed");
    assert_eq!(tags(&t), ["one", "three", "two"]);
}

#[test]
fn s20_a_chain_is_cut_and_its_cycle_named() {
    let flip = |name: &str, from: &str, to: &str| {
        RuleBuilder::new(name)
            .on(Trigger::Created)
            .on(Trigger::changed("impact"))
            .when(form(&format!(r#"{{"field": "impact", "is": "{from}"}}"#)))
            .then([set_impact(to, true)])
            .repeatable()
    };
    let s = desk(vec![flip("up", "low", "high"), flip("down", "high", "low")]);
    let new = NewTicket { impact: Some("low".into()), ..NewTicket::new("question", "s", "ann", "mail") };
    let t = s.create_as(Actor::agent("li"), new);
    let cut: Vec<Vec<String>> = events(&s, &t)
        .into_iter()
        .filter_map(|c| if let Event::ChainCut { rules } = c.event { Some(rules.iter().map(ToString::to_string).collect()) } else { None })
        .collect();
    assert_eq!(cut.len(), 1);
    let cycle: BTreeSet<&str> = cut[0].iter().map(String::as_str).collect();
    assert_eq!(cycle, BTreeSet::from(["down", "up"]));
    // What was found at load is what happened.
    let circles = s.desk.desk().playbook().rule_graph().circles;
    assert_eq!(circles.len(), 1);
    assert!(circles[0].endless && circles[0].steps.iter().all(|e| e.by.contains("impact")));
    let steps: BTreeSet<&str> = circles[0].steps.iter().map(|e| e.from.as_str()).collect();
    assert_eq!(steps, cycle);
}

#[test]
fn s22_a_rules_message_counts_as_nobodys() {
    let s = desk(vec![
        RuleBuilder::new("note").on(Trigger::Created).then([Action::Note("seen".into())]),
        RuleBuilder::new("on-note").on(Trigger::MessageNote).then([tag("woken")]),
    ]);
    let t = s.create();
    assert_eq!((t.conversation.from_agents, t.conversation.automatic, tags(&t)), (0, 1, vec![]));
}

#[test]
fn s23_stop_ends_the_evaluation_of_later_rules() {
    let s = desk(vec![
        RuleBuilder::new("one").order(1).on(Trigger::Created).then([tag("one"), Action::Stop]),
        RuleBuilder::new("two").order(2).on(Trigger::Created).then([tag("two")]),
    ]);
    assert_eq!(tags(&s.create()), ["one"]);
}

#[derive(Debug, Default)]
struct Fails(BTreeSet<Path>, BTreeSet<Written>);
impl ActionScript for Fails {
    fn actions(&self, _: &View<'_>) -> Result<Vec<Action>, RuleFault> {
        Err(RuleFault::new(FaultKind::Budget, text("out of fuel", "超出预算"), None))
    }
    fn text(&self) -> &str {
        "fails"
    }
    fn reads(&self) -> &BTreeSet<Path> {
        &self.0
    }
    fn writes(&self) -> &BTreeSet<Written> {
        &self.1
    }
}

#[test]
fn s24_a_failing_rule_is_contained_unless_it_must_hold() {
    let failing = |name: &str| RuleBuilder::new(name).on(Trigger::Created).then_script(Arc::new(Fails::default()));
    let after = RuleBuilder::new("z").order(9).on(Trigger::Created).then([tag("done")]);
    let s = desk(vec![failing("a"), after.clone()]);
    let t = s.create();
    assert_eq!(tags(&t), ["done"]);
    assert!(events(&s, &t).iter().any(|c| matches!(&c.event, Event::RuleFaulted { rule, .. } if *rule == "a")));
    let s = desk(vec![failing("a").fail_closed(), after]);
    let new = NewTicket::new("question", "s", "ann", "mail");
    match s.desk.submit(Command::create("x", Actor::requester("ann"), new)) {
        Err(Error::Refused(r)) => assert!(r.has("rule-failed")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn s24_at_a_timers_instant_a_rule_that_must_hold_is_contained_and_the_step_settled() {
    let day = Span::Wall(TimeDelta::days(1));
    let s = desk(vec![
        RuleBuilder::new("move").after(day, "new").then([Action::Transition("wait".into())]),
        RuleBuilder::new("fails").order(1).on(Trigger::State("pending".into())).then_script(Arc::new(Fails::default())).fail_closed(),
        RuleBuilder::new("later").order(2).on(Trigger::State("pending".into())).then([tag("later")]),
    ]);
    let t = s.create();
    s.pass(60 * 25);
    s.desk.sweep(s.desk.now()).unwrap();
    let t = s.get(&t);
    assert_eq!((t.state.as_str(), tags(&t)), ("pending", vec!["later"]));
    assert_eq!(t.state_since, at("2025-10-10T10:00:00Z"));
}

#[test]
fn s24_actions_are_all_or_none_and_slots_and_judgements_come_back_too() {
    let s = desk(vec![
        RuleBuilder::new("a").order(1).on(Trigger::MessageFromRequester).then([Action::Assign("li".into())]),
        RuleBuilder::new("b").order(2).on(Trigger::MessageFromRequester).then([
            tag("half"),
            Action::MarkThanks,
            Action::Assign("wang".into()),
            Action::Assign("nobody".into()),
        ]),
    ]);
    let t = s.create();
    assert_eq!((t.assignee.as_ref().unwrap().as_str(), t.slots.clone(), tags(&t)), ("li", vec![0], vec![]));
    let refused = |c: &Caused| matches!(&c.event, Event::ActionRefused { rule, code, .. } if *rule == "b" && code == "unknown-agent");
    assert!(events(&s, &t).iter().any(refused));
    // The undone judgement does not keep the next message from ending a wait.
    let t = s.as_agent("li", &t, What::transition("wait"));
    assert_eq!(s.as_requester(&t, What::reply("still broken")).state, "new");
}

#[test]
fn s25_what_an_agent_set_a_rule_overwrites_only_by_force() {
    let rule = |force| vec![RuleBuilder::new("r").on(Trigger::MessageNote).then([set_impact("high", force)])];
    for (force, expected) in [(false, "low"), (true, "high")] {
        let s = desk(rule(force));
        let t = s.create();
        s.as_agent("li", &t, What::set("impact", "low"));
        let t = s.as_agent("li", &t, What::note("x"));
        assert_eq!(t.impact.as_ref().unwrap().value, *expected);
        // What the requester ticked binds nobody.
        let new = NewTicket { impact: Some("low".into()), ..NewTicket::new("question", "s", "ann", "mail") };
        let t = s.create_as(Actor::requester("ann"), new);
        assert_eq!(s.as_agent("li", &t, What::note("x")).impact.as_ref().unwrap().value, "high");
    }
}

#[test]
fn s27_a_time_rule_fires_once_per_stay_and_again_after_re_entry() {
    let s = desk(vec![
        RuleBuilder::new("nudge")
            .after(Span::Wall(TimeDelta::days(3)), "pending")
            .then([Action::Notify { to: Recipient::Requester, template: "hello".into() }]),
    ]);
    let t = s.create();
    s.as_agent("li", &t, What::transition("wait"));
    s.pass(60 * 24 * 20);
    s.desk.sweep(s.desk.now()).unwrap();
    assert_eq!(fired(&s, &t).len(), 1);
    s.as_requester(&t, What::reply("hm"));
    s.as_agent("li", &t, What::transition("wait"));
    s.pass(60 * 24 * 20);
    s.desk.sweep(s.desk.now()).unwrap();
    assert_eq!(fired(&s, &t).len(), 2);
}

#[test]
fn s81_thanks_do_not_reopen_and_notifications_to_the_requester_are_limited() {
    let thanks = form(r#"{"field": "event.message.body", "contains": "thank"}"#);
    let s = desk(vec![
        RuleBuilder::new("thanks").order(1).on(Trigger::MessageFromRequester).when(thanks).then([Action::MarkThanks]),
        RuleBuilder::new("hello").on(Trigger::MessageNote).then([Action::Notify { to: Recipient::Requester, template: "hello".into() }]),
    ]);
    let t = s.create();
    s.as_agent("li", &t, What::transition("resolve"));
    assert_eq!(s.as_requester(&t, What::reply("Thank you!")).class, StateClass::Resolved);
    assert_eq!(s.as_requester(&t, What::reply("it is broken")).state, "new");
    for _ in 0..8 {
        s.as_agent("li", &t, What::Note(NewMessage::new("x")));
    }
    let sent: Vec<bool> = events(&s, &t)
        .iter()
        .filter_map(|c| if let Event::Notified { suppressed, .. } = &c.event { Some(suppressed.is_none()) } else { None })
        .collect();
    assert_eq!(sent, [true, true, true, true, true, false, false, false]);
}

#[test]
fn s59_one_rating_a_cycle_and_a_late_answer_belongs_to_its_cycle() {
    let s = desk(vec![]);
    let t = s.create();
    s.as_agent("li", &t, What::transition("resolve"));
    s.as_requester(&t, What::reply("not yet"));
    let t = s.as_requester(&t, What::Rate { stars: 2, comment: "slow".into() });
    assert_eq!((t.cycle, t.rating.as_ref().map(|r| (r.stars, r.cycle))), (2, Some((2, 1))));
    s.as_agent("li", &t, What::transition("resolve"));
    let asked: Vec<u32> =
        events(&s, &t).iter().filter_map(|c| if let Event::RatingRequested { cycle } = c.event { Some(cycle) } else { None }).collect();
    assert_eq!(asked, [1, 2]);
}

#[test]
fn rules_wake_on_assignee_owner_and_watchers() {
    let on = |name: &str| RuleBuilder::new(name).on(Trigger::changed(name)).then([tag(name)]);
    let s = desk(vec![on("assignee"), on("owner"), on("watchers")]);
    let t = s.create();
    s.as_agent("li", &t, What::Assign("li".into()));
    s.as_agent("li", &t, What::SetOwner(Some("li".into())));
    let t = s.as_agent("li", &t, What::Watch { agent: "wang".into(), on: true });
    assert_eq!(tags(&t), ["assignee", "owner", "watchers"]);
}

/// A note from a template, a link to something of the host's, a webhook: all journalled, the call leaves after the commit, once each.
#[test]
fn rules_write_notes_from_templates_link_and_call_hooks() {
    let base = include_str!("../../../src/playbook/starter/playbook.toml");
    let playbook = format!(
        "{base}handover = {{ en = \"For {{{{ticket.number}}}}: look twice.\", zh = \"{{{{ticket.number}}}}：请复核。\" }}\n\n[hooks]\ncrm-sync = {{ en = \"Tell the CRM\", zh = \"同步 CRM\" }}\n"
    );
    let rule = r#"rule("all").on("created").then(|t| { t.note_from("handover"); t.link("order", "A-1001"); t.link("order", "A-1001"); t.webhook("crm-sync"); });"#;
    let s = Stage::with(&[("playbook.toml", &playbook), ("rules/90-all.rhai", rule)]);
    let t = s.create();
    assert_eq!(t.links.iter().filter(|l| l.kind == "order" && l.to == LinkTarget::External("A-1001".into())).count(), 1, "{:?}", t.links);
    let journal = s.desk.journal(t.id).unwrap();
    let events: Vec<&Event> = journal.iter().flat_map(|e| &e.events).map(|c| &c.event).collect();
    let note = events.iter().find_map(|e| match e {
        Event::MessageAdded(m) if m.kind == MessageKind::Note => Some(m),
        _ => None,
    });
    assert_eq!(note.map(|m| (&*m.body, m.automatic)), Some((format!("For {0}: look twice.\n\n{0}：请复核。", t.number).as_str(), true)));
    assert_eq!(events.iter().filter(|e| matches!(e, Event::HookCalled(h) if *h == "crm-sync")).count(), 1);
    let why = s.desk.explain(t.id, ticketry::id::Revision::new(1)).unwrap().unwrap();
    assert!(
        why.render(ticketry::diagnostic::Lang::Zh).contains("回调 crm-sync：同步 CRM"),
        "{}",
        why.render(ticketry::diagnostic::Lang::Zh)
    );
    assert_eq!(Ticket::fold(&journal).as_ref(), Some(&*s.get(&t)));
}
