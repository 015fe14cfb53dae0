//! A change of the playbook takes its place in every ticket's history at its own instant, however late anybody looks.

use super::stores::{Trouble, Wrapped};
use crate::engine::laws::{Step, actor, flat, steps, what};
use crate::engine::stage::{Stage, at, playbook};
use crate::scale::pick;
use chrono::TimeDelta;
use proptest::prelude::*;
use std::sync::Arc;
use ticketry::desk::{Error, SeededIds};
use ticketry::engine::{Command, Inbound, What};
use ticketry::playbook::Playbook;
use ticketry::sla::Outlook;
use ticketry::store::{AnyStore, MemoryStore};
use ticketry::ticket::*;

/// The starter with changes of that number: hours, targets, kinds of time, warnings, what a change does.
fn changed(kind: u8) -> Playbook {
    let mut source = Playbook::starter_source();
    let mut edit = |path: &str, from: &str, to: &str| {
        let content = source.get(path).unwrap().to_string();
        assert!(content.contains(from), "{path}: {from}");
        source.add(path.to_string(), content.replacen(from, to, 1));
    };
    let office = "calendars/office.toml";
    match kind % 4 {
        0 => {}
        n => {
            edit(office, "version = 1", "version = 2");
            edit(office, "09:00-17:00", ["", "06:00-22:00", "10:00-12:00", "09:00-17:00\", \"18:00-20:00"][usize::from(n)]);
        }
    }
    let policy = "sla/customer.toml";
    match kind / 4 % 5 {
        0 => {}
        1 => edit(policy, "default = \"3bd\"", "default = \"2h\""),
        2 => edit(policy, "default = \"4bh\"", "default = \"90m\""),
        3 => edit(policy, "name = \"standard\"", "name = \"standard\"\non_change = \"restart\""),
        _ => edit(policy, "default = \"8bh\"", "default = \"12bh\""),
    }
    playbook(&source)
}

/// How the desk goes about the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// Nobody recalculates and nobody sweeps: the next command finds it.
    Late,
    /// Wakes are foreseen, the desk sleeps exactly, nothing is reviewed.
    Foreseen,
    /// All is reviewed at once.
    AtOnce,
    /// Reviews come two commands later.
    InBetween,
    /// The process ends right after the change, and the desk is opened again by a host that kept the instant.
    Restarted,
}

/// A life with a change of the playbook before its step of that number.
fn play(steps: &[Step], swap: usize, kind: u8, how: How) -> (Vec<Entry>, Ticket) {
    let store = AnyStore::new(MemoryStore::new());
    let mut s = Stage::over(changed(0), store.clone());
    let mut first = Inbound::new("mail", "<0>", "ann", "question", "help");
    first.subject = "a life".into();
    let t = s.desk.receive(first).unwrap().ticket;
    let mut recalculation = None;
    for (i, step) in steps.iter().enumerate() {
        let then = s.desk.now() + TimeDelta::minutes(step.minutes);
        if how != How::Late {
            while let Some(wake) = s.desk.next_wake().unwrap().filter(|w| *w < then) {
                s.clock.set(wake.max(s.desk.now()) + TimeDelta::microseconds(1));
                s.desk.sweep(s.desk.now()).unwrap();
                s.desk.deliver(100).unwrap();
            }
        }
        s.clock.set(then);
        if i == swap {
            let swapped = s.desk.swap(changed(kind)).unwrap();
            if how == How::Restarted {
                let active = changed(kind).active_since(swapped.since);
                s = Stage::opened(|b| b.older_playbook(changed(0)).ids(SeededIds::new(8, 0)), active, store.clone());
                s.clock.set(then);
            }
            recalculation = Some(swapped.recalculation);
        }
        if let Some(state) = &mut recalculation {
            while how == How::Foreseen && !state.foreseen {
                s.desk.recalculate(state, 10).unwrap();
            }
            while !state.done && (how == How::AtOnce || (how == How::InBetween && i == swap + 2)) {
                s.desk.recalculate(state, 10).unwrap();
            }
        }
        let done = s.desk.submit(Command::on(t.id, format!("s{i}"), actor(step), what(step)));
        assert!(matches!(done, Ok(_) | Err(Error::Refused(_))), "{done:?}");
    }
    s.clock.set(s.desk.now() + TimeDelta::days(400));
    s.desk.sweep(s.desk.now()).unwrap();
    // A ticket that nothing wakes any more adopts the change when somebody comes by.
    s.desk.submit(Command::on(t.id, "end", Actor::System, What::Review)).unwrap();
    (s.desk.journal(t.id).unwrap(), (*s.get(&t)).clone())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: pick(60, 2000, 20_000), ..ProptestConfig::default() })]

    #[test]
    fn s46_s55_the_journal_is_the_same_whether_and_whenever_a_recalculation_ran(steps in steps(), swap in 0..12usize, kind in 0..20u8) {
        // The marker between two steps of one instant is no event of the ticket.
        let flat = |j: &[Entry]| flat(j).into_iter().filter(|l| !l.ends_with("ClocksFollowed")).collect::<Vec<_>>();
        let (late, t) = play(&steps, swap, kind, How::Late);
        for how in [How::Foreseen, How::AtOnce, How::InBetween, How::Restarted] {
            let (other, u) = play(&steps, swap, kind, how);
            prop_assert_eq!(flat(&late), flat(&other), "{:?}", how);
            prop_assert_eq!((&t.state, &t.closed_clocks, t.wake_at, t.updated_at), (&u.state, &u.closed_clocks, u.wake_at, u.updated_at));
        }
        prop_assert_eq!(Ticket::fold(&late).unwrap(), t);
    }

    /// What is foreseen of a ticket is what its clocks say once it has adopted the change; a clock found past due is to be looked at once.
    #[test]
    fn s46_an_outlook_foresees_what_adopting_puts_down(steps in steps(), minutes in 0..4000i64, kind in 0..20u8) {
        let s = Stage::starter();
        let t = s.create();
        for (i, step) in steps.iter().enumerate() {
            s.clock.set(s.desk.now() + TimeDelta::minutes(step.minutes));
            let _ = s.desk.submit(Command::on(t.id, format!("s{i}"), actor(step), what(step)));
        }
        s.pass(minutes);
        // What was due before the change goes by the old figures.
        s.desk.sweep(s.desk.now()).unwrap();
        let before = s.get(&t);
        let mut state = s.desk.swap(changed(kind)).unwrap().recalculation;
        let p = s.desk.desk().playbook();
        let at = p.since().unwrap();
        let outlook = Outlook::new(p.agreements(), p.calendars(), at);
        while !state.done {
            s.desk.recalculate(&mut state, 10).unwrap();
        }
        let after = s.get(&t);
        if before.is_open() {
            for c in &before.clocks {
                let foreseen = outlook.foresee(&before, c, None);
                // A restarted clock has another number.
                let now = after.clocks.iter().find(|n| n.id.metric == c.id.metric);
                prop_assert_eq!(foreseen.due, now.and_then(|n| n.due), "{:?}", c);
                let late = now.is_some_and(|n| n.due.is_some_and(|d| d < at) && c.breached_at.is_none() && n.breached_at.is_some());
                prop_assert_eq!(foreseen.wake, if late { Some(at) } else { now.and_then(Clock::wake_at) }, "{:?}", c);
            }
        }
    }
}

/// The commands of a busy desk: one for every third ticket.
fn busy(s: &Stage, tickets: &[Arc<Ticket>], n: usize) {
    let t = &tickets[n % tickets.len()];
    let what = if n.is_multiple_of(2) { What::reply("looking into it") } else { What::note("called the provider") };
    s.desk.submit(Command::on(t.id, format!("busy-{n}"), Actor::agent("li"), what)).unwrap();
}

#[test]
fn p4_a_desk_serves_between_the_pieces_of_a_recalculation() {
    let many = usize::try_from(pick(2_500, 5_000, 20_000)).unwrap();
    let wrapped = Wrapped::new(false);
    let s = Stage::over(Playbook::starter().unwrap(), AnyStore::new(wrapped.clone()));
    let fill = |s: &Stage| -> Vec<Arc<Ticket>> {
        (0..many)
            .map(|i| {
                if i % 50 == 0 {
                    s.pass(1);
                }
                s.create()
            })
            .collect()
    };
    let tickets = fill(&s);
    // A desk that does the same, but reviews every ticket at the instant of the change.
    let other = Stage::over(Playbook::starter().unwrap(), AnyStore::new(MemoryStore::new()));
    let others = fill(&other);
    assert_eq!(s.desk.now(), other.desk.now());
    s.pass(7);
    other.pass(7);
    let at_once = other.desk.swap(changed(5)).unwrap();
    let mut state = at_once.recalculation;
    while !state.done {
        other.desk.recalculate(&mut state, 1000).unwrap();
    }
    let mut state = s.desk.swap(changed(5)).unwrap().recalculation;
    assert_eq!(state.total, many as u64);
    // The pieces, with trouble in the midst and a command after each.
    let (mut pieces, mut troubles) = (0, 0);
    while !state.done {
        // Only a review writes, and only what is written meets the trouble.
        if state.foreseen && state.seen > 0 && troubles == 0 {
            wrapped.next([Trouble::Unavailable]);
        }
        let before = (state.looked_at, state.seen);
        match s.desk.recalculate(&mut state, 100) {
            Ok(()) => assert!(state.looked_at - before.0 <= 1000 && state.seen - before.1 <= 100),
            Err(e) => {
                assert!(e.retryable() && (state.looked_at, state.seen) == before, "{e}");
                troubles += 1;
            }
        }
        if pieces == 6 {
            // Interrupted: a value like any other, which goes on where it was.
            state = state.clone();
        }
        s.pass(1);
        other.pass(1);
        busy(&s, &tickets, pieces * 3);
        busy(&other, &others, pieces * 3);
        pieces += 1;
    }
    assert!(pieces > many / 100, "{pieces}");
    assert_eq!(troubles, 1);
    assert_eq!((state.looked_at, state.seen, state.earlier), (many as u64, many as u64, many as u64), "each is due earlier now");
    // What fell due meanwhile has happened on neither unless something touched the ticket.
    s.desk.sweep(s.desk.now()).unwrap();
    other.desk.sweep(other.desk.now()).unwrap();
    for (a, b) in tickets.iter().zip(&others) {
        let (x, y) = (s.get(a), other.get(b));
        assert_eq!((&x.clocks, x.wake_at, &x.closed_clocks), (&y.clocks, y.wake_at, &y.closed_clocks));
    }
    let some: Vec<usize> = (0..many).step_by(many / 40).collect();
    for i in some {
        assert_eq!(flat(&s.desk.journal(tickets[i].id).unwrap()), flat(&other.desk.journal(others[i].id).unwrap()));
    }
}

#[test]
fn s47_what_a_new_calendar_makes_due_earlier_fires_when_it_is_due() {
    let s = Stage::starter();
    // Thursday 16:00, an hour before closing: four open hours would end on Friday at 12:00.
    s.clock.set(at("2025-10-09T16:00:00Z"));
    let t = s.create();
    assert_eq!(t.clock("first_response").unwrap().due, Some(at("2025-10-10T12:00:00Z")));
    s.pass(30);
    // From now on open until 22:00: due today at 20:00.
    let mut state = s.desk.swap(changed(1)).unwrap().recalculation;
    assert_ne!(s.desk.next_wake().unwrap(), Some(at("2025-10-09T20:00:00Z")));
    s.desk.recalculate(&mut state, 1).unwrap();
    assert!(state.foreseen && !state.done && state.earlier == 1);
    assert_eq!(s.get(&t).revision, t.revision, "nothing was written");
    // The starter queues new tickets, so the desk sweeps now; then it sleeps exactly.
    let mut fired = None;
    while let Some(wake) = s.desk.next_wake().unwrap().filter(|w| *w < at("2025-10-10T00:00:00Z")) {
        s.clock.set(wake.max(s.desk.now()) + TimeDelta::microseconds(1));
        s.desk.sweep(s.desk.now()).unwrap();
        s.desk.deliver(10).unwrap();
        fired = Some(s.desk.now());
    }
    assert_eq!(fired, Some(at("2025-10-09T20:00:00.000001Z")));
    let c = s.get(&t).clock("first_response").unwrap().clone();
    assert_eq!((c.due, c.breached_at, c.calendar_version), (Some(at("2025-10-09T20:00:00Z")), Some(at("2025-10-09T20:00:00Z")), 2));
    let adopted =
        s.desk.journal(t.id).unwrap().iter().flat_map(|e| e.events.clone()).find(|c| c.event == Event::TimerFired(TimerKind::Playbook));
    assert_eq!(adopted.unwrap().at, Some(at("2025-10-09T16:30:00Z")), "as of the change");
}
