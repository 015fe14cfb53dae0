//! Laws over random command sequences.

use super::stage::Stage;
use crate::scale::pick;
use chrono::TimeDelta;
use proptest::prelude::*;
use ticketry::desk::Error;
use ticketry::engine::{Command, Inbound, NewMessage, NewTicket, TransitionInput, What};
use ticketry::id::*;
use ticketry::ticket::*;

/// One step of a random life: minutes that pass before it, and what is asked.
#[derive(Clone, Debug)]
pub struct Step {
    pub minutes: i64,
    who: u8,
    what: u8,
    pick: u8,
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let minutes = prop_oneof![3 => 0i64..90, 2 => 60i64..1500, 1 => 1440i64..20_000];
    let step = (minutes, 0u8..4, 0u8..18, any::<u8>()).prop_map(|(minutes, who, what, pick)| Step { minutes, who, what, pick });
    prop::collection::vec(step, 1..25)
}

pub fn what(step: &Step) -> What {
    let moves = ["start", "wait", "answer", "resolve", "reopen", "close", "cancel", "nonsense"];
    let levels = ["low", "normal", "high", "urgent"];
    let n = usize::from(step.pick);
    match step.what {
        0..=4 => TransitionInput::new(moves[n % moves.len()]).maybe_comment((n % 3 == 0).then(|| "why".into())).into(),
        5..=7 => What::reply("words"),
        8 => What::note("a note"),
        9 => What::LogCall(NewMessage::new("a call")),
        10 => What::set(["impact", "urgency"][n % 2], ["low", "medium", "high"][n % 3]),
        11 => What::SetPriority { priority: (n % 4 != 0).then(|| levels[n % 4].into()), until: None },
        12 => What::Assign(["li", "wang", "zhao"][n % 3].into()),
        13 => What::Release { reason: "busy".into() },
        14 => What::Tag { add: [TagName::new(levels[n % 4])].into(), remove: [TagName::new(levels[(n + 1) % 4])].into() },
        15 => What::Rate { stars: step.pick % 7, comment: "so".into() },
        16 => What::Watch { agent: "wang".into(), on: n % 2 == 0 },
        _ => What::SetOwner((n % 2 == 0).then(|| "li".into())),
    }
}

pub fn actor(step: &Step) -> Actor {
    match step.who {
        0 | 1 => Actor::agent("li"),
        2 => Actor::agent("wang"),
        _ => Actor::requester("ann"),
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sweeps {
    Never,
    BeforeEach,
    Exactly,
}

/// Plays a life; returns the journal and the ticket.
fn play(files: &[(&str, &str)], steps: &[Step], sweeps: Sweeps) -> (Vec<Entry>, Ticket, Vec<bool>) {
    let s = Stage::with(files);
    let mut first = Inbound::new("mail", "<0>", "ann", "question", "help");
    first.subject = "a life".into();
    let t = s.desk.receive(first).unwrap().ticket;
    let mut accepted = Vec::new();
    for (i, step) in steps.iter().enumerate() {
        let then = s.desk.now() + TimeDelta::minutes(step.minutes);
        match sweeps {
            Sweeps::Never => {}
            Sweeps::BeforeEach => {
                s.clock.set(then);
                s.desk.sweep(then).unwrap();
            }
            Sweeps::Exactly => {
                let mut rounds = 0;
                while let Some(wake) = s.desk.next_wake().unwrap().filter(|w| *w < then) {
                    s.clock.set(wake.max(s.desk.now()) + TimeDelta::microseconds(1));
                    let swept = s.desk.sweep(s.desk.now()).unwrap();
                    s.desk.deliver(100).unwrap();
                    rounds += 1;
                    assert!(rounds < 500, "awake at {wake} without end: {swept:?}");
                }
            }
        }
        s.clock.set(then);
        let command = Command::on(t.id, format!("s{i}"), actor(step), what(step));
        let done = s.desk.submit(command);
        if let Err(e) = &done {
            assert!(matches!(e, Error::Refused(_)), "{e:?}");
        }
        accepted.push(done.is_ok());
    }
    // At the end everybody has swept once, at one instant far away, so that all that was to fire has fired.
    s.clock.set(s.desk.now() + TimeDelta::days(400));
    s.desk.sweep(s.desk.now()).unwrap();
    (s.desk.journal(t.id).unwrap(), (*s.get(&t)).clone(), accepted)
}

/// What happened and when, whatever entries it stands in.
pub fn flat(journal: &[Entry]) -> Vec<String> {
    journal
        .iter()
        .flat_map(|e| {
            e.events.iter().map(move |c| {
                let mut c = c.clone();
                // References into the journal name entries; their instants say enough.
                if let Event::ClockStarted(clock) | Event::ClockRetargeted { clock, .. } = &mut c.event
                    && let Some(m) = &mut clock.message
                {
                    (m.revision, m.index) = (Revision::ZERO, 0);
                }
                match &mut c.event {
                    Event::SlaCorrected(made) => made.revision = Revision::ZERO,
                    Event::CorrectionWithdrawn { correction, .. } => *correction = Revision::ZERO,
                    _ => {}
                }
                format!("{} {:?} {:?}", c.at.unwrap_or(e.at), c.cause, c.event)
            })
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: pick(150, 2000, 20_000), ..ProptestConfig::default() })]

    #[test]
    fn the_fold_of_the_journal_is_the_stored_ticket_and_wire_keeps_it(steps in steps()) {
        let (journal, ticket, _) = play(&[], &steps, Sweeps::Never);
        prop_assert_eq!(Ticket::fold(&journal).unwrap(), ticket.clone());
        let bytes = wire::v1::encode(&ticket).unwrap();
        prop_assert_eq!(wire::v1::decode::<Ticket>(&bytes).unwrap(), ticket);
        for e in &journal {
            prop_assert_eq!(&wire::v1::decode::<Entry>(&wire::v1::encode(e).unwrap()).unwrap(), e);
        }
    }

    #[test]
    fn s26_the_journal_is_the_same_whether_sweeps_ran_or_not(steps in steps()) {
        let (never, t1, a1) = play(&[], &steps, Sweeps::Never);
        let (each, t2, a2) = play(&[], &steps, Sweeps::BeforeEach);
        let (exactly, t3, a3) = play(&[], &steps, Sweeps::Exactly);
        prop_assert_eq!(flat(&never), flat(&each));
        prop_assert_eq!(flat(&never), flat(&exactly));
        prop_assert_eq!(&a1, &a2);
        prop_assert_eq!(&a1, &a3);
        let still = |t: &Ticket| (t.state.clone(), t.closed_clocks.clone(), t.wake_at, t.updated_at, t.cycle);
        prop_assert_eq!(still(&t1), still(&t2));
        prop_assert_eq!(still(&t1), still(&t3));
    }

    #[test]
    fn s56_the_bookkeeping_is_recomputed_from_facts_alone(steps in steps()) {
        let (journal, _, _) = play(&[], &steps, Sweeps::BeforeEach);
        let playbook = ticketry::playbook::Playbook::starter().unwrap();
        if let Err(d) = ticketry::sla::verify(&journal, playbook.agreements(), playbook.calendars()) {
            return Err(TestCaseError::fail(d.text().en));
        }
    }
}

#[test]
fn a_new_ticket_by_an_agent_needs_no_requester_message() {
    let s = Stage::starter();
    let t = s.create_as(Actor::agent("li"), NewTicket::new("question", "s", "ann", "mail"));
    assert_eq!(t.conversation.from_requester, 0);
}
