//! Group commit under many threads: nothing lost, nothing doubled, every accepted command one revision.

use crate::engine::stage::Stage;
use crate::scale::pick;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use ticketry::desk::{Blocking, Error};
use ticketry::engine::{Command, What};
use ticketry::id::*;
use ticketry::playbook::Playbook;
use ticketry::store::{AnyStore, MemoryStore};
use ticketry::ticket::*;

/// Threads hit twenty hot tickets; what was acknowledged is checked against the journals.
fn hammer(store: AnyStore, threads: usize, each: u32) {
    let s = Stage::over(Playbook::starter().unwrap(), store);
    let seen = s.desk.desk().subscribe();
    let tickets: Vec<TicketId> = (0..20).map(|_| s.create().id).collect();
    let accepted: Mutex<BTreeMap<TicketId, Vec<(Revision, String)>>> = Mutex::default();
    let desk: Blocking = s.desk.clone();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (desk, tickets, accepted) = (desk.clone(), &tickets, &accepted);
            scope.spawn(move || {
                for i in 0..each {
                    let id = tickets[(thread * 7 + i as usize * 13) % tickets.len()];
                    let key = format!("{thread}-{i}");
                    let command = Command::on(id, &key, Actor::agent("li"), What::note(key.as_str()));
                    let done = loop {
                        match desk.submit(command.clone()) {
                            Err(e) if e.retryable() => {}
                            other => break other.unwrap(),
                        }
                    };
                    assert!(!done.repeated);
                    let revision = done.receipt.unwrap().tickets[0].1;
                    accepted.lock().unwrap().entry(id).or_default().push((revision, key));
                }
            });
        }
    });
    let accepted = accepted.into_inner().unwrap();
    assert_eq!(accepted.values().map(Vec::len).sum::<usize>(), threads * each as usize);
    for (id, answers) in accepted {
        let journal = desk.journal(id).unwrap();
        let revisions: Vec<u64> = journal.iter().map(|e| e.revision.get()).collect();
        assert_eq!(revisions, (1..=journal.len() as u64).collect::<Vec<_>>(), "consecutive");
        let told: BTreeSet<(Revision, String)> = answers.iter().cloned().collect();
        assert_eq!(told.len(), answers.len(), "no revision was given twice");
        let kept: BTreeSet<(Revision, String)> = journal.iter().skip(1).map(|e| (e.revision, e.commit.to_string())).collect();
        assert_eq!(told, kept, "what was acknowledged is what is kept");
        let ticket = desk.ticket(id).unwrap();
        assert_eq!(ticket.conversation.notes as usize, answers.len());
        assert_eq!(Ticket::fold(&journal).unwrap(), *ticket);
    }
    let heard = seen.try_iter().count();
    assert!(heard == 20 + threads * each as usize || desk.health().lost_subscribers == 1, "{heard}");
}

#[test]
fn n_accepted_commands_are_n_consecutive_revisions_in_memory() {
    hammer(AnyStore::new(MemoryStore::new()), 8, pick(50, 1_000, 5_000));
}

#[cfg(feature = "redb")]
#[test]
fn n_accepted_commands_are_n_consecutive_revisions_in_redb() {
    let folder = tempfile::tempdir().unwrap();
    let store = ticketry::store::RedbStore::create(folder.path().join("desk.tickets")).unwrap();
    hammer(AnyStore::new(store), 8, pick(15, 250, 2_000));
}

#[test]
fn one_key_sent_by_many_threads_is_done_once() {
    let s = Stage::starter();
    let t = s.create();
    let desk = s.desk.clone();
    let firsts: usize = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8)
            .map(|_| {
                let (desk, id) = (desk.clone(), t.id);
                scope.spawn(move || desk.submit(Command::on(id, "one", Actor::agent("li"), What::note("x"))).unwrap().repeated)
            })
            .collect();
        all.into_iter().map(|h| usize::from(!h.join().unwrap())).sum()
    });
    assert_eq!((firsts, s.get(&t).conversation.notes), (1, 1));
}

#[test]
fn s75_too_many_waiting_is_a_typed_retryable_refusal() {
    use super::cancel::Task;
    use super::stores::Wrapped;
    let s = Stage::opened(|b| b.most_waiting(2), Playbook::starter().unwrap(), AnyStore::new(Wrapped::new(true)));
    let t = s.create();
    let desk = s.desk.desk();
    let commands: Vec<Command> = (0..6).map(|i| Command::on(t.id, format!("n{i}"), Actor::agent("li"), What::note("x"))).collect();
    let mut tasks: Vec<Task<'_>> = commands.iter().map(|c| Task::new(desk.submit(c.clone()))).collect();
    // One leads with the store at work, two wait, the others find no room.
    for _ in 0..4 {
        for task in &mut tasks {
            task.poll();
        }
    }
    let refused = tasks.iter().filter(|t| matches!(t.result(), Some(Err(Error::Overloaded { waiting: 2 })))).count();
    assert!(refused >= 3, "{tasks:?}");
    for task in tasks.iter().filter_map(Task::result) {
        if let Err(e) = task {
            assert!(e.retryable(), "{e}");
        }
    }
    super::cancel::run(&mut tasks);
    let done = tasks.iter().filter(|t| matches!(t.result(), Some(Ok(_)))).count();
    assert_eq!(s.get(&t).conversation.notes as usize, done, "nothing half-written");
    for c in commands {
        s.desk.submit(c).unwrap();
    }
    assert_eq!(s.get(&t).conversation.notes, 6, "each once");
}
