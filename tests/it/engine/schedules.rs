//! S26, S41, S47: whenever a sweep runs, the journal says the same.

use super::laws::flat;
use super::lives::{Step, begin, go, lives};
use super::stage::Stage;
use crate::scale::pick;
use chrono::TimeDelta;
use proptest::prelude::*;
use ticketry::id::*;
use ticketry::ticket::*;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sweeps {
    /// Only what the next command lets happen.
    Never,
    /// Every so many seconds.
    Every(i64),
    /// At each wake instant, a microsecond later: what a sweep every microsecond would do.
    Exactly,
}

fn sweep_until(s: &Stage, until: UtcInstant, sweeps: Sweeps) {
    match sweeps {
        Sweeps::Never => {}
        Sweeps::Every(seconds) => {
            let mut next = s.desk.now() + TimeDelta::seconds(seconds);
            while next <= until {
                s.clock.set(next);
                s.desk.sweep(next).unwrap();
                next += TimeDelta::seconds(seconds);
            }
        }
        Sweeps::Exactly => {
            let mut rounds = 0;
            while let Some(wake) = s.desk.next_wake().unwrap().filter(|w| *w < until) {
                s.clock.set(wake.max(s.desk.now()) + TimeDelta::microseconds(1));
                s.desk.sweep(s.desk.now()).unwrap();
                s.desk.deliver(100).unwrap();
                rounds += 1;
                assert!(rounds < 500, "awake at {wake} without end");
            }
        }
    }
    s.clock.set(until);
}

fn play(steps: &[Step], variant: usize, sweeps: Sweeps) -> (Vec<String>, Ticket, Vec<bool>) {
    let (s, id) = begin(variant);
    let mut accepted = Vec::new();
    for (i, step) in steps.iter().enumerate() {
        sweep_until(&s, s.desk.now() + TimeDelta::seconds(step.seconds), sweeps);
        accepted.push(go(&s, id, i, step));
    }
    // At the end everybody has swept once, far away, so that all that was to fire has fired.
    let end = s.desk.now() + TimeDelta::days(60);
    sweep_until(&s, end, if sweeps == Sweeps::Never { sweeps } else { Sweeps::Exactly });
    s.desk.sweep(end).unwrap();
    let journal = s.desk.journal(id).unwrap();
    let p = s.desk.desk().playbook();
    ticketry::sla::verify(&journal, p.agreements(), p.calendars()).unwrap_or_else(|d| panic!("{sweeps:?}: {}", d.text().en));
    let ticket = (*s.desk.ticket(id).unwrap()).clone();
    assert_eq!(Ticket::fold(&journal).unwrap(), ticket);
    (flat(&journal), bare(ticket), accepted)
}

/// Without what counts entries: revisions, and the places of messages in the journal.
fn bare(mut t: Ticket) -> Ticket {
    let c = &mut t.conversation;
    let all = [&mut c.first, &mut c.last, &mut c.first_answer, &mut c.last_answer, &mut c.last_from_requester, &mut c.oldest_unanswered];
    let of_clocks = t.clocks.iter_mut().chain(std::sync::Arc::make_mut(&mut t.resting)).map(|c| &mut c.message);
    for m in all.into_iter().chain(of_clocks).flatten() {
        (m.revision, m.index) = (Revision::ZERO, 0);
    }
    for c in std::sync::Arc::make_mut(&mut t.corrections) {
        c.revision = Revision::ZERO;
    }
    t.revision = Revision::ZERO;
    t
}

proptest! {
    #![proptest_config(ProptestConfig { cases: pick(30, 2000, 10_000), ..ProptestConfig::default() })]

    #[test]
    fn s26_s41_s47_three_schedules_say_the_same(variant in 0..6usize, steps in lives(16, false), every in 300i64..1200) {
        let never = play(&steps, variant, Sweeps::Never);
        for sweeps in [Sweeps::Every(every), Sweeps::Every(86_400), Sweeps::Exactly] {
            let other = play(&steps, variant, sweeps);
            prop_assert_eq!(&never.0, &other.0, "{:?}", sweeps);
            prop_assert_eq!(&never.1, &other.1, "{:?}", sweeps);
            prop_assert_eq!(&never.2, &other.2, "{:?}", sweeps);
        }
    }
}
