//! S56 over changes of the playbook: the bookkeeping follows from the facts and from the playbook that decided each entry.

use super::lives::{VARIANTS, begin, go, lives, variant};
use crate::scale::pick;
use chrono::TimeDelta;
use proptest::prelude::*;
use ticketry::calendar::Calendars;
use ticketry::id::Digest;
use ticketry::playbook::Playbook;
use ticketry::sla::{Agreements, Unverified, recompute_with, verify_with};
use ticketry::ticket::*;

/// Every variant, its calendars with all versions.
struct Books(Vec<(Playbook, Calendars)>);

impl Books {
    fn new() -> Self {
        let all: Vec<Playbook> = (0..VARIANTS).map(variant).collect();
        let joined = |p: &Playbook| {
            let mut calendars = p.calendars().clone();
            for other in &all {
                calendars.carry(other.calendars());
            }
            calendars
        };
        Self(all.iter().map(|p| (p.clone(), joined(p))).collect())
    }
    fn get(&self, digest: &Digest) -> Option<(&Agreements, &Calendars)> {
        self.0.iter().find(|(p, _)| p.digest() == *digest).map(|(p, c)| (p.agreements(), c))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: pick(60, 3000, 20_000), ..ProptestConfig::default() })]

    #[test]
    fn s56_recompute_over_swaps_equals_the_bookkeeping_at_random_prefixes(first in 0..VARIANTS, steps in lives(30, true), cut in any::<prop::sample::Index>(), swept in any::<bool>()) {
        let books = Books::new();
        let (s, id) = begin(first);
        for (i, step) in steps.iter().enumerate() {
            s.clock.set(s.desk.now() + TimeDelta::seconds(step.seconds));
            if swept {
                s.desk.sweep(s.desk.now()).unwrap();
            }
            match step.swap() {
                Some(n) => {
                    let mut swapped = s.desk.swap(books.0[n].0.clone()).unwrap();
                    if i % 2 == 0 {
                        while !swapped.recalculation.done {
                            s.desk.recalculate(&mut swapped.recalculation, 10).unwrap();
                        }
                    }
                }
                None => {
                    go(&s, id, i, step);
                }
            }
        }
        s.clock.set(s.desk.now() + TimeDelta::days(90));
        s.desk.sweep(s.desk.now()).unwrap();
        let journal = s.desk.journal(id).unwrap();
        let part = &journal[..=cut.index(journal.len())];
        for journal in [part, &journal[..]] {
            if let Err(e) = verify_with(journal, |d| books.get(d)) {
                return Err(TestCaseError::fail(e.text().en));
            }
            let recomputed = recompute_with(journal, |d| books.get(d));
            prop_assert_eq!(recomputed.ticket, Ticket::fold(journal));
        }
        prop_assert_eq!(s.desk.verify(id).unwrap(), None);
        let ticket = s.desk.ticket(id).unwrap();
        prop_assert_eq!(&Ticket::fold(&journal).unwrap(), &*ticket);
        // A playbook nobody has ends it there, and says which.
        let gone = journal[cut.index(journal.len())].playbook;
        let at = journal.iter().find(|e| e.playbook == gone).unwrap().revision;
        let unknown = verify_with(&journal, |d| if *d == gone { None } else { books.get(d) }).unwrap_err();
        prop_assert_eq!(unknown, Unverified::UnknownPlaybook { revision: at, playbook: gone });
    }
}
