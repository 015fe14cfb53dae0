//! The judge of stores: one clause for each thing a [`Store`] owes.
//!
//! What it is: [`CLAUSES`], [`run`], and the macro [`crate::store_conformance!`], which makes a test of each clause. It brings its own
//! executor and its own sample tickets ([`sample`]), so a store author needs nothing but a way to make an empty store.
//! What it never does: panic, sleep, measure time, or look behind the trait. Durability is not in it: kill your process and see.
//! Read next: the files `commits`, `questions` and `leases` hold the clauses.

#[expect(clippy::arithmetic_side_effects, reason = "a suite of tests: counts far below any limit")]
mod commits;
mod leases;
#[expect(clippy::arithmetic_side_effects, reason = "a suite of tests: counts far below any limit")]
mod questions;
pub mod sample;

use super::{AnyStore, Store, StoreError};
use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

/// Runs a future to its end on this thread.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => thread::park(),
        }
    }
}

/// What a clause found wrong.
#[derive(Debug)]
struct Breach(String);

impl From<StoreError> for Breach {
    fn from(e: StoreError) -> Self {
        Self(format!("the store failed with {}: {e}", e.kind()))
    }
}

type Verdict = Result<(), Breach>;

/// Leaves a clause with what it saw unless the two are equal.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Verdict {
    if found == expected { Ok(()) } else { Err(Breach(format!("{what}: expected {expected:?}, found {found:?}"))) }
}

/// Leaves a clause unless it holds.
fn holds(what: &str, so: bool) -> Verdict {
    if so { Ok(()) } else { Err(Breach(what.to_owned())) }
}

macro_rules! clauses {
    ($($room:ident { $($name:ident)+ })+) => {
        /// The names of all clauses.
        pub const CLAUSES: &[&str] = &[$($(stringify!($name),)+)+];

        /// Judges a new, empty store by one clause.
        ///
        /// # Errors
        /// What the store did and what it should have done; or that there is no such clause.
        pub fn run<S: Store>(clause: &str, make: impl Fn() -> S) -> Result<(), String> {
            let store = AnyStore::new(make());
            let verdict = match clause {
                $($(stringify!($name) => block_on($room::$name(&store)),)+)+
                _ => Err(Breach("there is no such clause; see CLAUSES".into())),
            };
            verdict.map_err(|Breach(why)| format!("`{clause}` is broken: {why}"))
        }

        /// Makes one `#[test]` of each clause, in a module of the name given.
        ///
        /// The second argument makes a new, empty store each time it is called.
        /// ```
        /// ticketry::store_conformance!(memory, ticketry::store::MemoryStore::new);
        /// ```
        #[macro_export]
        macro_rules! store_conformance {
            ($module:ident, $make:expr) => {
                mod $module {
                    #[allow(unused_imports)]
                    use super::*;
                    $($(
                        #[test]
                        fn $name() {
                            if let Err(why) = $crate::store::conformance::run(stringify!($name), $make) {
                                panic!("{why}");
                            }
                        }
                    )+)+
                }
            };
        }
    };
}

clauses! {
    commits {
        creates_a_ticket
        refuses_a_stale_revision
        refuses_to_create_twice
        answers_a_duplicate_with_the_first_receipt
        keeps_receipts_in_the_order_asked
        applies_a_group_in_order
        a_refusal_in_a_group_stops_nothing_else
        a_commit_is_all_or_nothing
        checks_what_was_read
        refuses_what_does_not_add_up
        a_slot_has_one_holder
        slots_pass_within_one_commit
        holdings_are_a_recount
        numbers_are_given_once
        loses_no_update_under_concurrency
    }
    questions {
        loads_in_the_order_asked
        pages_a_journal
        the_feed_is_complete
        the_feed_goes_on_from_a_position
        finds_what_a_naive_filter_finds
        finds_in_order
        pages_what_it_finds
        counts_what_it_finds
        evaluates_conditions
    }
    leases {
        due_comes_in_order_of_waking
        a_timer_is_due_after_its_instant
        a_changed_wake_instant_counts
        next_wake_is_the_earliest
        a_due_ticket_goes_to_one
        a_lease_ends_by_itself
        a_write_ends_the_lease
        a_sweep_can_be_given_back
        slices_part_what_is_due
        effects_come_in_order_to_one
        a_delivered_effect_is_gone
        a_retry_waits
        a_dead_effect_never_comes_back
        a_lost_lease_settles_nothing
        a_refused_commit_has_no_effects
        next_delivery_is_the_earliest
    }
}
