//! Dropping a future of the desk at any await loses nothing that was acknowledged and leaves nobody waiting.

use super::stores::Wrapped;
use crate::engine::stage::Stage;
use crate::scale::pick;
use proptest::prelude::*;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use ticketry::desk::{Done, Error};
use ticketry::engine::{Command, What};
use ticketry::playbook::Playbook;
use ticketry::store::{AnyStore, Store as _};
use ticketry::ticket::*;

struct Flag(AtomicBool);
impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<Done, Error>> + Send + 'a>>;

/// A future that is polled only when it was woken, as a strict executor does.
pub struct Task<'a> {
    future: Option<Running<'a>>,
    woken: Arc<Flag>,
    result: Option<Result<Done, Error>>,
}

impl fmt::Debug for Task<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Task({:?})", self.result.as_ref().map(|r| r.as_ref().map(|d| d.ticket.revision)))
    }
}

impl<'a> Task<'a> {
    pub fn new(future: impl Future<Output = Result<Done, Error>> + Send + 'a) -> Self {
        Self { future: Some(Box::pin(future)), woken: Arc::new(Flag(AtomicBool::new(true))), result: None }
    }
    pub fn result(&self) -> Option<&Result<Done, Error>> {
        self.result.as_ref()
    }
    /// Polls if it was woken; whether it did.
    pub fn poll(&mut self) -> bool {
        if !self.woken.0.swap(false, Ordering::SeqCst) {
            return false;
        }
        let waker = Waker::from(self.woken.clone());
        let Some(future) = &mut self.future else { return false };
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            self.result = Some(done);
            self.future = None;
        }
        true
    }
    /// Drops the future wherever it stands.
    pub fn cancel(&mut self) {
        self.future = None;
    }
    fn open(&self) -> bool {
        self.future.is_some()
    }
}

/// Runs all to their end; a task that waits for a wake-up that nobody will give is a failure.
pub fn run(tasks: &mut [Task<'_>]) {
    while tasks.iter().any(Task::open) {
        let mut moved = false;
        for t in tasks.iter_mut() {
            moved |= t.poll();
        }
        assert!(moved, "a wake-up was lost: {tasks:?}");
    }
}

fn stage() -> (Stage, AnyStore) {
    let store = AnyStore::new(Wrapped::new(true));
    (Stage::over(Playbook::starter().unwrap(), store.clone()), store)
}

/// Whatever was done: journals whole, keys at most once, and a later command goes through.
fn whole(s: &Stage, t: &Ticket) {
    let done = s.as_agent("li", t, What::note("afterwards"));
    let journal = s.desk.journal(t.id).unwrap();
    assert_eq!(Ticket::fold(&journal).unwrap(), *done);
    let mut keys: Vec<_> = journal.iter().map(|e| e.commit.to_string()).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), journal.len(), "a key is done once");
}

#[test]
fn a_leader_dropped_at_any_await_leaves_its_followers_served() {
    for k in 0.. {
        let (s, _) = stage();
        let (t, u) = (s.create(), s.create());
        let desk = s.desk.desk();
        let command = |i: usize, t: &Ticket| Command::on(t.id, format!("c{i}"), Actor::agent("li"), What::note("x"));
        let mut tasks: Vec<Task<'_>> = (0..5).map(|i| Task::new(desk.submit(command(i, if i % 2 == 0 { &t } else { &u })))).collect();
        // The leader runs ahead by one poll; the followers come behind it.
        for round in 0..=k {
            tasks[0].poll();
            if round > 0 {
                for f in &mut tasks[1..] {
                    f.poll();
                }
            }
        }
        let finished = !tasks[0].open();
        tasks[0].cancel();
        run(&mut tasks[1..]);
        for f in &tasks[1..] {
            let done = f.result().unwrap().as_ref().unwrap();
            assert!(!done.repeated, "each got its own first answer");
        }
        // Sent again with its key, the dropped command is done exactly once.
        s.desk.submit(command(0, &t)).unwrap();
        assert_eq!((s.get(&t).conversation.notes, s.get(&u).conversation.notes), (3, 2), "dropped after {k} polls");
        whole(&s, &t);
        whole(&s, &u);
        if finished {
            assert!(k >= 4, "the store hesitates at every await");
            break;
        }
    }
}

#[test]
fn create_receive_route_sweep_and_deliver_can_be_dropped_anywhere() {
    for k in 0.. {
        let (s, store) = stage();
        let t = s.create();
        let desk = s.desk.desk();
        let mut mail = s.mail("<7@x>", Some(&t), "more");
        mail.threads.push("<7@x>".into());
        let handoff = What::HandOff { group: "support".into(), skills: Default::default(), reason: "please".into() };
        let handoff = Command::on(t.id, "route-me", Actor::agent("li"), handoff);
        let mut open = false;
        for mut task in [Task::new(desk.receive(mail.clone())), Task::new(desk.submit(handoff.clone()))] {
            for _ in 0..k {
                task.poll();
            }
            open |= task.open();
            task.cancel();
        }
        s.desk.receive(mail).unwrap();
        let got = s.desk.submit(handoff).unwrap().ticket;
        s.desk.sweep(s.desk.now()).unwrap();
        assert!(s.get(&got).assignee.is_some(), "an agent is found by the sweep at the latest");
        s.pass(60 * 24 * 30);
        let now = s.desk.now();
        let mut sweeping = Box::pin(desk.sweep(now));
        let mut delivering = Box::pin(desk.deliver(100));
        let mut cx = Context::from_waker(Waker::noop());
        let mut swept = k > 0;
        for _ in 0..k {
            swept = sweeping.as_mut().poll(&mut cx).is_ready();
            if swept {
                break;
            }
        }
        open |= !swept;
        let _ = delivering.as_mut().poll(&mut cx);
        drop((sweeping, delivering));
        // The dropped sweep's leases run out; then everything that was due has fired and everything is out.
        s.pass(2);
        s.desk.sweep(s.desk.now()).unwrap();
        s.desk.deliver(1000).unwrap();
        assert!(s.desk.next_wake().unwrap().is_none_or(|w| w >= s.desk.now()), "k = {k}");
        whole(&s, &t);
        drop(store);
        if !open {
            break;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: pick(100, 3_000, 30_000), ..ProptestConfig::default() })]

    #[test]
    fn any_schedule_of_polls_and_drops_keeps_what_was_acknowledged(steps in prop::collection::vec((0usize..8, 0u8..12), 0..120)) {
        let (s, store) = stage();
        let tickets = [s.create(), s.create(), s.create()];
        let desk = s.desk.desk();
        let command = |i: usize| Command::on(tickets[i % 3].id, format!("c{i}"), Actor::agent("li"), What::note("x"));
        let mut tasks: Vec<Task<'_>> = (0..8).map(|i| Task::new(desk.submit(command(i)))).collect();
        for (i, what) in steps {
            if what == 0 { tasks[i].cancel() } else { tasks[i].poll(); }
        }
        run(&mut tasks);
        for (i, task) in tasks.iter().enumerate() {
            if let Some(done) = task.result() {
                let receipt = done.as_ref().unwrap().receipt.clone().unwrap();
                let mut cx = Context::from_waker(Waker::noop());
                let ids = [command(i).key];
                let mut kept = Box::pin(store.receipts(&ids));
                let kept = loop {
                    if let Poll::Ready(kept) = kept.as_mut().poll(&mut cx) { break kept };
                };
                prop_assert_eq!(kept.unwrap()[0].clone(), Some(receipt));
            }
        }
        for i in 0..8 {
            s.desk.submit(command(i)).unwrap();
        }
        prop_assert_eq!(tickets.iter().map(|t| s.get(t).conversation.notes).collect::<Vec<_>>(), vec![3, 3, 2]);
        for t in &tickets {
            whole(&s, t);
        }
    }
}
