//! Which way tickets went.

use crate::engine::stage::Stage;
use ticketry::engine::{TransitionInput, What};
use ticketry::insight::{Backlog, Flow, Step};
use ticketry::ticket::Entry;

fn step(from: &str, by: &str, to: &str) -> Step {
    Step { from: from.into(), transition: Some(by.into()), to: to.into() }
}

/// Two tickets: one goes round, one is cancelled at once.
fn past(s: &Stage) -> Vec<Entry> {
    let (a, b) = (s.create(), s.create());
    s.pass(60);
    s.as_agent("li", &a, What::transition("start"));
    s.pass(30);
    for by in ["wait", "answer", "wait", "answer"] {
        s.pass(10);
        s.as_agent("li", &a, What::transition(by));
    }
    s.as_agent("wang", &b, TransitionInput::new("cancel").comment("spam").into());
    [&a, &b].iter().flat_map(|t| s.desk.journal(t.id).unwrap()).collect()
}

#[test]
fn steps_are_counted_by_times_and_by_tickets_and_stays_have_a_median() {
    let s = Stage::starter();
    let entries = past(&s);
    let flow = Flow::of(&entries);
    let passed = flow.passed("question", &step("open", "wait", "pending"));
    assert_eq!((passed.times, passed.tickets), (2, 1));
    assert_eq!(flow.passed("question", &step("new", "cancel", "cancelled")).tickets, 1);
    assert_eq!(flow.passed("question", &step("new", "resolve", "resolved")).times, 0);
    let minutes = |state: &str| flow.stays("question", state).unwrap().median().map(|m| m.num_minutes());
    // Of 60 and 130 minutes the lower one; of 40 and 10 too.
    assert_eq!((minutes("new"), minutes("open"), minutes("pending")), (Some(60), Some(10), Some(10)));
    assert_eq!((flow.present("question", "open"), flow.present("question", "cancelled"), flow.tickets()), (1, 1, 2));
    assert!(flow.stays("question", "resolved").is_none() && flow.stays("nothing", "new").is_none());
}

#[test]
fn entries_of_tickets_may_be_mixed_and_come_twice_and_a_middle_alone_counts_nothing() {
    let s = Stage::starter();
    let mut entries = past(&s);
    let once = Flow::of(&entries);
    let told = |f: &Flow| f.steps("question").map(|(s, p)| (s.clone(), p)).collect::<Vec<_>>();
    entries.sort_by_key(|e| e.at);
    let twice: Vec<Entry> = entries.iter().flat_map(|e| [e.clone(), e.clone()]).collect();
    assert_eq!(told(&Flow::of(&twice)), told(&once));
    let middles: Vec<&Entry> = entries.iter().filter(|e| e.revision.get() > 1).collect();
    assert!(told(&Flow::of(middles)).is_empty());
}

#[test]
fn s74_the_stage_where_the_backlog_grows_is_named() {
    let s = Stage::starter();
    let began = s.desk.now();
    for _ in 0..3 {
        s.create();
    }
    let entries = past(&s);
    let all: Vec<_> = s.desk.find(&ticketry::store::Query::new(), None, ticketry::store::Limit::MAX).unwrap().items;
    let mut journals = entries;
    for t in all.iter().filter(|t| t.state == "new") {
        journals.extend(s.desk.journal(t.id).unwrap());
    }
    let backlog = s.desk.backlog(&ticketry::store::Query::new()).unwrap();
    assert_eq!((backlog.total, backlog.by_state.get("new"), backlog.by_state.get("open")), (4, Some(&3), Some(&1)));
    assert_eq!(backlog, Backlog::of(all.iter().map(|t| &**t), s.desk.now()));
    let grows = backlog.clone().growing(&Flow::of(&journals)).grows.unwrap();
    assert_eq!((grows.state.as_str(), grows.arrivals, grows.departures, grows.net()), ("new", 5, 2, 3));
    // A window in which nothing came and two left.
    let mut later = Flow::between(began + chrono::TimeDelta::minutes(1), s.desk.now() + chrono::TimeDelta::minutes(1));
    journals.iter().for_each(|e| later.add(e));
    let grows = backlog.growing(&later).grows.unwrap();
    assert_eq!((grows.state.as_str(), grows.net()), ("open", 1));
}
