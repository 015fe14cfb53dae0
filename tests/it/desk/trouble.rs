//! Stores and directories that fail; repetition; bulk; several desks on one store.

use super::stores::{Trouble, Wrapped};
use crate::engine::stage::{Stage, roster};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use ticketry::condition::Customer;
use ticketry::desk::{Desk, Directory, Error, FixedClock, FixedDirectory, HostError};
use ticketry::engine::{Command, NewTicket, What};
use ticketry::id::*;
use ticketry::playbook::Playbook;
use ticketry::routing::Roster;
use ticketry::store::*;
use ticketry::ticket::*;

fn stage() -> (Stage, Wrapped) {
    let wrapped = Wrapped::new(false);
    (Stage::over(Playbook::starter().unwrap(), AnyStore::new(wrapped.clone())), wrapped)
}

fn note(t: &Ticket, key: &str) -> Command {
    Command::on(t.id, key, Actor::agent("li"), What::note("x"))
}

#[test]
fn a_store_that_fails_gives_a_retryable_error_and_the_command_is_done_once() {
    let (s, wrapped) = stage();
    let t = s.create();
    wrapped.next([Trouble::Unavailable]);
    assert!(s.desk.submit(note(&t, "a")).unwrap_err().retryable());
    assert_eq!(s.get(&t), t);
    s.desk.submit(note(&t, "a")).unwrap();
    // Kept, but the answer was lost: the repetition gets the first answer.
    wrapped.next([Trouble::AnswerLost]);
    assert!(s.desk.submit(note(&t, "b")).is_err());
    assert!(s.desk.submit(note(&t, "b")).unwrap().repeated);
    assert_eq!(s.get(&t).conversation.notes, 2);
}

#[test]
fn a_store_that_answers_too_little_is_an_error_not_a_hang() {
    let (s, wrapped) = stage();
    let t = s.create();
    wrapped.next([Trouble::Fewer]);
    let e = s.desk.submit(note(&t, "a")).unwrap_err();
    assert!(e.to_string().contains("report this to its author"), "{e}");
    s.desk.submit(note(&t, "b")).unwrap();
    wrapped.next([Trouble::Fewer]);
    assert!(s.desk.bulk_or_none("all".into(), vec![note(&t, "x")]).is_err());
    s.desk.submit(note(&t, "c")).unwrap();
}

#[test]
fn a_conflict_is_tried_again_a_bounded_number_of_times() {
    let (s, wrapped) = stage();
    let t = s.create();
    wrapped.next([Trouble::Conflict; 5]);
    s.desk.submit(note(&t, "a")).unwrap();
    wrapped.next([Trouble::Conflict; 100]);
    let e = s.desk.submit(note(&t, "b")).unwrap_err();
    assert!(matches!(e, Error::Conflict { tries: 16, .. }) && e.retryable());
    assert_eq!(wrapped.troubles.lock().unwrap().len(), 84);
}

#[test]
fn s15_bulk_is_per_item_and_bulk_or_none_is_all_or_none() {
    let (s, _) = stage();
    let (t, u) = (s.create(), s.create());
    let bad = |t: &Ticket, key: &str| Command::on(t.id, key, Actor::agent("li"), What::transition("close"));
    let results = s.desk.bulk(vec![note(&t, "1"), bad(&t, "2"), note(&u, "3")]);
    assert_eq!(results.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    let seen = s.desk.desk().subscribe();
    let (at, e) = s.desk.bulk_or_none("all-1".into(), vec![note(&t, "4"), bad(&u, "5")]).unwrap_err();
    assert_eq!((at, e.refusal().unwrap().reasons.last().unwrap().code), (1, "not-from-state"));
    assert_eq!((s.get(&t).conversation.notes, seen.try_iter().count()), (1, 0));
    let new = Command::create("6", Actor::agent("li"), NewTicket::new("question", "new", "ann", "mail"));
    let all = vec![note(&t, "7"), note(&u, "8"), new];
    let done = s.desk.bulk_or_none("all-2".into(), all.clone()).unwrap();
    assert_eq!(done.iter().map(|t| t.revision.get()).collect::<Vec<_>>(), [3, 3, 1]);
    assert_eq!(seen.try_iter().count(), 3, "subscribers hear of it");
    let again = s.desk.bulk_or_none("all-2".into(), all).unwrap();
    assert_eq!(again, done, "repeated with its key: the first answer");
    let twice = s.desk.bulk_or_none("all-3".into(), vec![note(&t, "9"), note(&t, "10")]).unwrap_err();
    assert!(twice.1.refusal().unwrap().has("twice"));
    assert_eq!(s.desk.bulk_or_none("all-4".into(), vec![]).unwrap(), []);
}

#[test]
fn bulk_or_none_gives_each_ticket_slots_of_its_own() {
    let (s, _) = stage();
    let (t, u) = (s.create(), s.create());
    let assign = |t: &Ticket, key: &str| Command::on(t.id, key, Actor::agent("li"), What::Assign("li".into()));
    let done = s.desk.bulk_or_none("two".into(), vec![assign(&t, "1"), assign(&u, "2")]).unwrap();
    assert_eq!(done.iter().map(|t| t.slots.clone()).collect::<Vec<_>>(), [vec![0], vec![1]]);
}

#[derive(Debug)]
struct Flaky(Arc<AtomicBool>, Arc<Roster>);

impl Flaky {
    fn ask<T>(&self, answer: T) -> Result<T, HostError> {
        if self.0.load(Ordering::Relaxed) { Err(HostError("the directory sleeps".into())) } else { Ok(answer) }
    }
}

impl Directory for Flaky {
    async fn roster(&self) -> Result<Arc<Roster>, HostError> {
        self.ask(self.1.clone())
    }
    async fn customer(&self, _: &RequesterId) -> Result<Option<Customer>, HostError> {
        self.ask(None)
    }
}

#[test]
fn a_directory_that_fails_is_retryable_and_the_old_roster_stays() {
    let fails = Arc::new(AtomicBool::new(true));
    let playbook = Playbook::starter().unwrap();
    let people = roster(&playbook);
    let open = || Desk::builder(playbook.clone()).directory(Flaky(fails.clone(), people.clone())).open_blocking();
    let e = open().unwrap_err();
    assert!(matches!(e, Error::Directory(_)) && e.retryable());
    fails.store(false, Ordering::Relaxed);
    let desk = open().unwrap().blocking();
    fails.store(true, Ordering::Relaxed);
    assert!(desk.refresh_roster().unwrap_err().retryable());
    assert_eq!(desk.health().agents, 3);
}

#[test]
fn two_desks_on_one_store_fire_everything_once() {
    let store = AnyStore::new(MemoryStore::new());
    let a = Stage::opened(|b| b.name("a"), Playbook::starter().unwrap(), store.clone());
    let b = Stage::opened(|b| b.name("b").ids(ticketry::desk::SeededIds::new(8, 0)), Playbook::starter().unwrap(), store.clone());
    let mut tickets = Vec::new();
    for i in 0..60 {
        let desk = if i % 2 == 0 { &a.desk } else { &b.desk };
        let new = NewTicket { description: "help".into(), ..NewTicket::new("question", "s", "ann", "mail") };
        tickets.push(desk.submit(Command::create(format!("new-{i}"), Actor::requester("ann"), new)).unwrap().ticket);
    }
    let numbers: std::collections::BTreeSet<u64> = tickets.iter().map(|t| t.number).collect();
    assert_eq!(numbers.len(), 60, "human numbers are given once");
    a.pass(60 * 24 * 20);
    let now = a.desk.now();
    let fired: u64 = std::thread::scope(|scope| {
        let both: Vec<_> = [a.desk.clone(), b.desk.clone()].into_iter().map(|desk| scope.spawn(move || desk.sweep(now).unwrap())).collect();
        both.into_iter()
            .map(|h| h.join().unwrap())
            .map(|s| {
                assert_eq!(s.failed, []);
                s.fired
            })
            .sum()
    });
    assert_eq!(fired, 60);
    for t in &tickets {
        let journal = a.desk.journal(t.id).unwrap();
        assert_eq!(journal.len(), 2, "all firings in one entry, made once");
    }
}

#[test]
fn health_says_how_the_desk_is() {
    let (s, _) = stage();
    let t = s.create();
    let h = s.desk.health();
    assert!(h.store_answers && h.waiting == 0 && h.behind_seconds == 0 && h.next_wake == t.wake_at);
    assert_eq!(h.playbook, s.desk.desk().playbook().digest());
    s.clock.set(t.wake_at.unwrap() + chrono::TimeDelta::seconds(90));
    assert_eq!(s.desk.health().behind_seconds, 90);
}

#[test]
fn a_subscriber_that_falls_behind_is_dropped_and_counted() {
    let (s, _) = stage();
    let slow = s.desk.desk().subscribe();
    let gone = s.desk.desk().subscribe();
    drop(gone);
    let t = s.create();
    for i in 0..4_200 {
        s.desk.submit(note(&t, &format!("n{i}"))).unwrap();
        if i % 50 == 0 {
            // Kept small: the journal alone grows.
            assert!(s.get(&t).revision.get() > 1);
        }
    }
    assert_eq!(s.desk.health().lost_subscribers, 1);
    let heard: Vec<u64> = slow.iter().map(|e| e.revision.get()).collect();
    assert_eq!(heard, (1..=4_096).collect::<Vec<_>>(), "in order, then the channel closes");
}

#[test]
fn an_unknown_workflow_version_is_refused_at_opening_with_counts() {
    let store = AnyStore::new(MemoryStore::new());
    let s = Stage::over(Playbook::starter().unwrap(), store.clone());
    s.create();
    s.create();
    let next = super::swap::version(2, "");
    let directory = FixedDirectory { roster: roster(&next), ..FixedDirectory::default() };
    let open = |b: ticketry::desk::Builder| {
        b.any_store(store.clone()).directory(directory.clone()).clock(FixedClock::new(s.desk.now())).open_blocking()
    };
    match open(Desk::builder(next.clone())).unwrap_err() {
        Error::VersionsAbsent { count, versions } => assert_eq!((count, versions.as_str()), (2, "question version 1 (2)")),
        other => panic!("{other}"),
    }
    assert!(open(Desk::builder(next).older_playbook(Playbook::starter().unwrap())).is_ok());
}
