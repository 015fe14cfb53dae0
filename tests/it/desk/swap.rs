//! Changing the playbook of a running desk.

use super::stores::{Trouble, Wrapped};
use crate::engine::stage::{Stage, playbook};
use chrono::TimeDelta;
use ticketry::desk::Error;
use ticketry::engine::{Command, What};
use ticketry::playbook::Playbook;
use ticketry::store::AnyStore;
use ticketry::ticket::*;

/// The starter with its workflow at another version, and one thing of `sla/customer.toml` replaced: `old -> new`.
pub fn version(version: u32, change: &str) -> Playbook {
    let mut source = Playbook::starter_source();
    let edit = |path: &str, from: &str, to: &str, source: &mut ticketry::diagnostic::Source| {
        let content = source.get(path).unwrap().to_string();
        assert!(content.contains(from), "{path}: {from}");
        source.add(path.to_string(), content.replacen(from, to, 1));
    };
    edit("workflows/question.toml", "version = 1", &format!("version = {version}"), &mut source);
    if let Some((from, to)) = change.split_once(" -> ") {
        edit("sla/customer.toml", from, to, &mut source);
    }
    playbook(&source)
}

#[test]
fn a_swap_keeps_older_versions_and_recalculates_clocks() {
    let wrapped = Wrapped::new(false);
    let s = Stage::over(Playbook::starter().unwrap(), AnyStore::new(wrapped.clone()));
    let tickets: Vec<_> = (0..7).map(|_| s.create()).collect();
    let key = Command::on(tickets[0].id, "before", Actor::agent("li"), What::note("x"));
    s.desk.submit(key.clone()).unwrap();
    let due = tickets[1].clock("first_response").unwrap().due.unwrap();
    let mut swapped = s.desk.swap(version(2, "default = \"4bh\" -> default = \"2bh\"")).unwrap();
    assert_eq!((swapped.recalculation.total, swapped.recalculation.done), (7, false));
    assert_ne!(swapped.before, swapped.now);
    // The desk serves in the meantime: old tickets on their version, new ones on the new one.
    let old = s.as_agent("li", &tickets[2], What::transition("start"));
    let new = s.create();
    assert_eq!((old.workflow.version, new.workflow.version), (1, 2));
    assert!(s.desk.submit(key).unwrap().repeated, "a key is remembered over a swap");
    let state = &mut swapped.recalculation;
    s.desk.recalculate(state, 2).unwrap();
    assert_eq!(state.seen, 2);
    // Interrupted by the store, it goes on where it was.
    wrapped.next([Trouble::Unavailable]);
    assert!(s.desk.recalculate(state, 3).unwrap_err().retryable());
    while !state.done {
        s.desk.recalculate(state, 3).unwrap();
    }
    assert_eq!(state.seen, 8);
    for t in &tickets {
        let now = s.get(t);
        let clock = now.clock("first_response").unwrap();
        assert_eq!(clock.due, Some(due - TimeDelta::hours(2)), "the new target");
        assert_eq!(now.workflow.version, 1);
        assert_eq!(Ticket::fold(&s.desk.journal(t.id).unwrap()).unwrap(), *now);
    }
    // Done once more it changes nothing.
    let before: Vec<_> = tickets.iter().map(|t| s.get(t).revision).collect();
    let mut again = s.desk.swap(version(2, "default = \"4bh\" -> default = \"2bh\"")).unwrap().recalculation;
    s.desk.recalculate(&mut again, 100).unwrap();
    assert!(again.done && again.changed == 0);
    assert_eq!(before, tickets.iter().map(|t| s.get(t).revision).collect::<Vec<_>>());
}

#[test]
fn after_a_swap_back_new_tickets_follow_the_active_version() {
    let s = Stage::starter();
    s.desk.swap(version(2, "")).unwrap();
    let second = s.create();
    s.desk.swap(version(1, "")).unwrap();
    let first = s.create();
    assert_eq!((second.workflow.version, first.workflow.version), (2, 1));
    assert_eq!(s.as_agent("li", &second, What::transition("start")).state, "open", "the pinned version stays at hand");
}

#[test]
fn s11_a_version_that_lost_a_state_in_use_is_refused_with_counts() {
    let s = Stage::starter();
    let t = s.create();
    s.as_agent("li", &t, What::transition("wait"));
    let mut source = Playbook::starter_source();
    let workflow = source.get("workflows/question.toml").unwrap().replace("pending", "parked");
    source.add("workflows/question.toml", workflow.replace("class = \"parked\"", "class = \"pending\""));
    match s.desk.swap(playbook(&source)).unwrap_err() {
        Error::VersionsAbsent { count: 1, versions } => assert_eq!(versions, "question version 1 (1)"),
        other => panic!("{other}"),
    }
    assert_eq!(s.desk.desk().playbook().digest(), Playbook::starter().unwrap().digest(), "nothing was swapped");
}
