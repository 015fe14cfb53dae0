//! Time rules: so long before a due instant, and again and again (S26, S27, S49).

use super::stage::{Stage, at, in_rust};
use chrono::TimeDelta;
use ticketry::calendar::Span;
use ticketry::engine::What;
use ticketry::id::UtcInstant;
use ticketry::rules::{RuleBuilder, Timing};
use ticketry::ticket::*;
use ticketry::workflow::{Responsible, StateDefinition, WorkflowDefinition};

/// The starter desk at ten on a Thursday, open from nine to five, with these rules.
fn desk(rules: &str) -> Stage {
    Stage::with(&[("rules/a.rhai", rules)])
}

/// When a rule fired.
fn fired(s: &Stage, t: &Ticket, rule: &str) -> Vec<UtcInstant> {
    let journal = s.desk.journal(t.id).unwrap();
    let p = s.desk.desk().playbook();
    ticketry::sla::verify(&journal, p.agreements(), p.calendars()).unwrap_or_else(|d| panic!("{}", d.text().en));
    assert_eq!(Ticket::fold(&journal).unwrap(), *s.get(t));
    let of = |e: &Entry| {
        let all = e.events.iter().filter(|c| matches!(&c.event, Event::RuleFired { rule: r, .. } if *r == rule));
        all.map(|c| c.at.unwrap_or(e.at)).collect::<Vec<_>>()
    };
    journal.iter().flat_map(of).collect()
}

fn ats(all: &[&str]) -> Vec<UtcInstant> {
    all.iter().map(|s| at(s)).collect()
}

/// Time passes and a sweep comes by.
fn pass(s: &Stage, hours: i64) {
    s.pass(hours * 60);
    s.desk.sweep(s.desk.now()).unwrap();
}

const HURRY: &str = r#"rule("hurry").before_due("2bh", "resolution").then(|t| t.note("soon due"));"#;

#[test]
fn s27_before_due_fires_once_in_the_clock_s_own_time_whatever_the_sweeps() {
    let s = desk(HURRY);
    let t = s.create();
    // Three working days from Thursday at ten: Tuesday at ten, and two open hours before that, Monday at four.
    assert_eq!(t.clock("resolution").unwrap().due, Some(at("2025-10-14T10:00:00Z")));
    assert!(t.timers.iter().any(|x| x.at == at("2025-10-13T16:00:00Z")));
    pass(&s, 24 * 30);
    assert_eq!(fired(&s, &t, "hurry"), ats(&["2025-10-13T16:00:00Z"]));
    // It is remembered for as long as the clock runs, and wakes nobody.
    let t = s.get(&t);
    assert!(t.timers.iter().any(|x| matches!(x.kind, TimerKind::Passed(..))) && t.wake_at.is_none());
}

#[test]
fn s27_before_due_moves_with_the_due_instant_and_stands_still_with_the_clock() {
    let s = desk(HURRY);
    let t = s.create();
    let pending = |t: &Ticket| t.timers.iter().find(|x| matches!(x.kind, TimerKind::BeforeDue(..))).map(|x| x.at);
    // High priority: eight open hours, Friday at ten.
    let t = s.as_agent("li", &t, What::SetPriority { priority: Some("high".into()), until: None });
    assert_eq!(pending(&t), Some(at("2025-10-09T16:00:00Z")));
    // Waiting for the requester stops the clock; nothing is due.
    s.pass(60);
    let t = s.as_agent("li", &t, What::transition("wait"));
    assert_eq!((t.clock("resolution").unwrap().due, pending(&t)), (None, None));
    pass(&s, 23);
    assert!(fired(&s, &t, "hurry").is_empty());
    let t = s.as_requester(&t, What::reply("here"));
    let due = t.clock("resolution").unwrap().due.unwrap();
    assert_eq!((due, pending(&t)), (at("2025-10-10T17:00:00Z"), Some(at("2025-10-10T15:00:00Z"))));
    pass(&s, 7);
    assert_eq!(fired(&s, &t, "hurry"), ats(&["2025-10-10T15:00:00Z"]));
    // Moved to later, once more before it: it has had its moment in this run.
    let t = s.as_agent("li", &t, What::SetPriority { priority: Some("low".into()), until: None });
    assert!(t.clock("resolution").unwrap().due.unwrap() > due);
    pass(&s, 24 * 30);
    assert_eq!(fired(&s, &t, "hurry").len(), 1);
}

#[test]
fn s49_a_moment_that_is_past_comes_at_once_unless_the_clock_is_breached() {
    let s = desk(r#"rule("hurry").before_due("6h", "resolution").then(|t| t.note("soon due"));"#);
    let t = s.create();
    // Urgent: four hours, due at two; six hours before that was at eight.
    let t = s.as_agent("li", &t, What::SetPriority { priority: Some("urgent".into()), until: None });
    assert_eq!(t.clock("resolution").unwrap().due, Some(at("2025-10-09T14:00:00Z")));
    pass(&s, 1);
    assert_eq!(fired(&s, &t, "hurry"), ats(&["2025-10-09T10:00:00Z"]));

    // Late already when the target is set: that is a breach, and no rule warns of what has happened.
    let t = s.create();
    s.pass(6 * 60);
    let t = s.as_agent("li", &t, What::SetPriority { priority: Some("urgent".into()), until: None });
    assert!(t.clock("resolution").unwrap().breached_at.is_some());
    pass(&s, 24 * 30);
    assert!(fired(&s, &t, "hurry").is_empty());
}

#[test]
fn s27_before_due_without_a_metric_concerns_each_clock_and_each_run_once() {
    let s = desk(r#"rule("hurry").before_due("1bh").then(|t| t.note("soon due"));"#);
    let t = s.create();
    // First response: four open hours, due at two.
    pass(&s, 4);
    assert_eq!(fired(&s, &t, "hurry"), ats(&["2025-10-09T13:00:00Z"]));
    let t = s.as_agent("li", &t, What::reply("words"));
    let t = s.as_agent("li", &t, What::transition("resolve"));
    assert!(t.timers.iter().all(|x| !matches!(x.kind, TimerKind::BeforeDue(..))));
    // A reopening resumes the resolution, the same run, which has not had its moment.
    let t = s.as_requester(&t, What::transition("reopen"));
    pass(&s, 24 * 30);
    assert_eq!(fired(&s, &t, "hurry"), ats(&["2025-10-09T13:00:00Z", "2025-10-14T09:00:00Z"]));
    // Resolved and reopened once more: the same run has had it.
    let t = s.as_agent("li", &t, What::transition("resolve"));
    let t = s.as_requester(&t, What::transition("reopen"));
    pass(&s, 24 * 30);
    assert_eq!(fired(&s, &t, "hurry").len(), 2);
}

#[test]
fn s26_a_new_playbook_s_rule_before_due_is_adopted_at_the_swap() {
    let s = Stage::starter();
    let t = s.create();
    s.pass(60);
    let mut source = ticketry::playbook::Playbook::starter_source();
    source.add("rules/a.rhai", HURRY);
    s.desk.swap(super::stage::playbook(&source)).unwrap();
    pass(&s, 24 * 30);
    assert_eq!(fired(&s, &t, "hurry"), ats(&["2025-10-13T16:00:00Z"]));
}

#[test]
fn s27_every_fires_once_a_period_while_in_the_state_and_is_bounded() {
    let s = desk(r#"rule("nudge").every("1bd", "pending").times(3).then(|t| t.notify("requester", "resolved"));"#);
    let t = s.create();
    assert!(t.timers.is_empty());
    let t = s.as_agent("li", &t, What::transition("wait"));
    pass(&s, 24 * 28);
    // Thursday at ten: Friday, Monday, Tuesday, then no more.
    let three = ["2025-10-10T10:00:00Z", "2025-10-13T10:00:00Z", "2025-10-14T10:00:00Z"];
    assert_eq!(fired(&s, &t, "nudge"), ats(&three));
    assert!(s.get(&t).timers.is_empty());
    // Leaving ends it, and coming back begins it anew.
    let t = s.as_requester(&t, What::reply("here"));
    let t = s.as_agent("li", &t, What::transition("wait"));
    pass(&s, 25);
    assert_eq!(fired(&s, &t, "nudge").len(), 4);
    let t = s.as_requester(&t, What::reply("here"));
    pass(&s, 24 * 30);
    assert_eq!(fired(&s, &t, "nudge").len(), 4);
}

#[test]
fn s27_every_without_a_state_goes_on_over_moves_and_ends_with_the_ticket() {
    let s = desk(r#"rule("look").every("2h").when(|t| t.impact != "low").then(|t| t.note("still open"));"#);
    let t = s.create();
    s.pass(90);
    let t = s.as_agent("li", &t, What::transition("start"));
    pass(&s, 1);
    assert_eq!(fired(&s, &t, "look"), ats(&["2025-10-09T12:00:00Z"]));
    // The condition is asked at each period; one that does not hold lets only this one pass.
    let t = s.as_agent("li", &t, What::set("impact", "low"));
    pass(&s, 2);
    let t = s.as_agent("li", &t, What::set("impact", "high"));
    pass(&s, 2);
    assert_eq!(fired(&s, &t, "look"), ats(&["2025-10-09T12:00:00Z", "2025-10-09T16:00:00Z"]));
    let t = s.as_agent("li", &t, What::transition("resolve"));
    assert!(t.timers.iter().all(|x| !matches!(x.kind, TimerKind::Every(..))));
    s.pass(60);
    let from = s.desk.now();
    let t = s.as_requester(&t, What::transition("reopen"));
    assert!(t.timers.iter().any(|x| x.at == from + TimeDelta::hours(2)));
}

#[test]
fn s27_forgotten_for_years_it_ends_and_every_firing_is_its_own_instant() {
    let s = desk(r#"rule("look").every("1h").times(200).then(|t| t.note("still open"));"#);
    let t = s.create();
    // More than one commit's worth.
    pass(&s, 24 * 365);
    let all = fired(&s, &t, "look");
    assert_eq!(all.len(), 200);
    assert!(all.windows(2).all(|w| w[1] - w[0] == TimeDelta::hours(1)));
    assert_eq!(s.get(&t).wake_at, None);
}

#[test]
fn s27_a_rule_that_moves_the_ticket_at_its_period_ends_its_periods() {
    let s = desk(r#"rule("back").every("1h", "pending").then(|t| t.transition("answer"));"#);
    let t = s.create();
    let t = s.as_agent("li", &t, What::transition("wait"));
    pass(&s, 24);
    assert_eq!(fired(&s, &t, "back"), ats(&["2025-10-09T11:00:00Z"]));
    assert_eq!(s.get(&t).state, "open");
}

#[test]
fn time_rules_are_built_in_rust_too() {
    let flow = WorkflowDefinition::new("question", 1)
        .initial("new")
        .state(StateDefinition::new("new", StateClass::New).label("New", "待处理").responsible(Responsible::Group))
        .state(StateDefinition::new("done", StateClass::Closed).label("Done", "已完成"))
        .transition(ticketry::workflow::TransitionDefinition::new("finish", ["new"], "done").label("Finish", "完成"));
    let hour = Span::Wall(TimeDelta::hours(1));
    let build = |rule: RuleBuilder| in_rust("time", flow.clone()).rule(rule.then([Action::Tag("x".into())])).build_without_scripts();
    let s = Stage::of(build(RuleBuilder::new("look").every(hour, Some("new")).times(2)).unwrap());
    let t = s.create();
    pass(&s, 24);
    let count = s.desk.journal(t.id).unwrap().iter().flat_map(|e| &e.events).filter(|c| matches!(c.event, Event::RuleFired { .. })).count();
    assert_eq!(count, 2);
    let codes = |rule: RuleBuilder| build(rule).unwrap_err().iter().map(|d| d.code).collect::<Vec<_>>();
    assert_eq!(codes(RuleBuilder::new("r").every(Span::Wall(TimeDelta::seconds(59)), None)), ["bad-duration"]);
    assert_eq!(codes(RuleBuilder::new("r").every(hour, Some("nwe"))), ["unknown-state"]);
    assert_eq!(codes(RuleBuilder::new("r").every(hour, None).times(Timing::MOST + 1)), ["out-of-range"]);
    assert_eq!(codes(RuleBuilder::new("r").before_due(Span::Days(0), None)), ["bad-duration"]);
    assert_eq!(codes(RuleBuilder::new("r").before_due(hour, Some("resolutoin"))), ["unknown-metric"]);
    assert_eq!(codes(RuleBuilder::new("r").after(hour, "new").before_due(hour, None)), ["two-moments"]);
}
