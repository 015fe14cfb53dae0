//! The suite itself: stores that are wrong in one way each, and the clause that must say so.

use std::sync::{Arc, Mutex};
use ticketry::id::*;
use ticketry::store::conformance::{CLAUSES, run};
use ticketry::store::*;
use ticketry::ticket::{Effect, Entry, Ticket};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Nothing,
    CallsAConflictStored,
    WritesTheFirstHalf,
    CallsADuplicateStored,
    ForgetsReads,
    StopsAtAConflict,
    ReversesTheGroup,
    CallsATakenSlotStored,
    LosesReceiptOrder,
    ForgetsHoldings,
    ForgetsLastAssigned,
    RepeatsNumbers,
    ReversesLoads,
    RepeatsTheLastEntry,
    SkipsInTheFeed,
    DropsTheFeedPosition,
    IgnoresConditions,
    IgnoresOpen,
    ReversesPages,
    IgnoresLimits,
    CountsOneMore,
    SweepsTooEarly,
    NeverLeases,
    LeasesForEver,
    IgnoresSlices,
    WakesLate,
    ForgetsNotBefore,
    RevivesTheDead,
    SettlesAlways,
    DeliversBackwards,
    KeepsTheDelivered,
}
use Fault::*;

/// Each fault with the clause that must name it.
const CASES: &[(Fault, &str)] = &[
    (CallsAConflictStored, "refuses_a_stale_revision"),
    (CallsAConflictStored, "refuses_to_create_twice"),
    (WritesTheFirstHalf, "a_commit_is_all_or_nothing"),
    (CallsADuplicateStored, "answers_a_duplicate_with_the_first_receipt"),
    (ForgetsReads, "checks_what_was_read"),
    (StopsAtAConflict, "a_refusal_in_a_group_stops_nothing_else"),
    (ReversesTheGroup, "applies_a_group_in_order"),
    (CallsATakenSlotStored, "a_slot_has_one_holder"),
    (CallsATakenSlotStored, "slots_pass_within_one_commit"),
    (LosesReceiptOrder, "keeps_receipts_in_the_order_asked"),
    (ForgetsHoldings, "a_slot_has_one_holder"),
    (ForgetsLastAssigned, "holdings_are_a_recount"),
    (RepeatsNumbers, "numbers_are_given_once"),
    (ReversesLoads, "loads_in_the_order_asked"),
    (RepeatsTheLastEntry, "pages_a_journal"),
    (SkipsInTheFeed, "the_feed_is_complete"),
    (DropsTheFeedPosition, "the_feed_goes_on_from_a_position"),
    (IgnoresConditions, "evaluates_conditions"),
    (IgnoresOpen, "finds_what_a_naive_filter_finds"),
    (ReversesPages, "finds_in_order"),
    (IgnoresLimits, "pages_what_it_finds"),
    (IgnoresLimits, "due_comes_in_order_of_waking"),
    (CountsOneMore, "counts_what_it_finds"),
    (SweepsTooEarly, "a_timer_is_due_after_its_instant"),
    (NeverLeases, "a_due_ticket_goes_to_one"),
    (NeverLeases, "effects_come_in_order_to_one"),
    (LeasesForEver, "a_lease_ends_by_itself"),
    (IgnoresSlices, "slices_part_what_is_due"),
    (WakesLate, "next_wake_is_the_earliest"),
    (ForgetsNotBefore, "a_retry_waits"),
    (ForgetsNotBefore, "a_sweep_can_be_given_back"),
    (RevivesTheDead, "a_dead_effect_never_comes_back"),
    (SettlesAlways, "a_lost_lease_settles_nothing"),
    (SettlesAlways, "a_write_ends_the_lease"),
    (DeliversBackwards, "effects_come_in_order_to_one"),
    (KeepsTheDelivered, "a_delivered_effect_is_gone"),
];

#[test]
fn the_suite_names_every_wrong_store() {
    for (fault, clause) in CASES {
        let verdict = run(clause, || Wrong::new(*fault));
        let why = verdict.expect_err(&format!("{clause} does not see that a store {fault:?}"));
        assert!(why.contains(clause), "{why}");
    }
}

#[test]
fn a_right_store_behind_the_same_wrapper_passes() {
    for clause in CLAUSES {
        run(clause, || Wrong::new(Nothing)).unwrap();
    }
    assert!(CLAUSES.len() >= 20);
    assert!(run("no_such_clause", MemoryStore::new).is_err());
}

#[derive(Debug)]
struct Wrong {
    right: MemoryStore,
    how: Fault,
    leases: Mutex<Vec<LeaseToken>>,
}

impl Wrong {
    fn new(how: Fault) -> Self {
        Self { right: MemoryStore::new(), how, leases: Mutex::default() }
    }
    fn limit(&self, limit: Limit) -> Limit {
        if self.how == IgnoresLimits { Limit::MAX } else { limit }
    }
    fn lease(&self, lease: Lease) -> Lease {
        if self.how == LeasesForEver { Lease { until: lease.now + chrono::TimeDelta::days(9999), ..lease } } else { lease }
    }
    fn query(&self, query: &Query) -> Query {
        let mut q = query.clone();
        match self.how {
            IgnoresConditions => q.condition = None,
            IgnoresOpen => q.open = false,
            _ => {}
        }
        q
    }
    async fn one(&self, mut c: Commit) -> Outcome {
        if self.how == ForgetsReads {
            c.reads.clear();
        }
        let outcome = self.right.commit_one(c.clone()).await;
        match (self.how, &outcome) {
            (CallsAConflictStored, Outcome::Conflict { .. })
            | (CallsATakenSlotStored, Outcome::Taken(_))
            | (CallsADuplicateStored, Outcome::Duplicate(_)) => Outcome::Stored(c.receipt()),
            (WritesTheFirstHalf, Outcome::Conflict { .. }) if c.writes.len() > 1 => {
                c.writes.truncate(1);
                self.right.commit_one(c).await;
                outcome
            }
            _ => outcome,
        }
    }
}

impl Store for Wrong {
    fn capabilities(&self) -> Capabilities {
        self.right.capabilities()
    }
    async fn commit(&self, mut group: Vec<Commit>) -> Vec<Outcome> {
        if self.how == ReversesTheGroup {
            group.reverse();
        }
        let mut outcomes = Vec::new();
        for c in group {
            if self.how == StopsAtAConflict && outcomes.iter().any(|o| matches!(o, Outcome::Conflict { .. })) {
                outcomes.push(Outcome::Failed(StoreError::new(StoreErrorKind::Broken, "after a conflict")));
            } else {
                outcomes.push(self.one(c).await);
            }
        }
        if self.how == ReversesTheGroup {
            outcomes.reverse();
        }
        outcomes
    }
    async fn receipts(&self, ids: &[CommitId]) -> Result<Vec<Option<Receipt>>> {
        let mut found = self.right.receipts(ids).await?;
        if self.how == LosesReceiptOrder {
            found.reverse();
        }
        Ok(found)
    }
    async fn load(&self, ids: &[TicketId]) -> Result<Vec<Option<Arc<Ticket>>>> {
        let mut found = self.right.load(ids).await?;
        if self.how == ReversesLoads {
            found.reverse();
        }
        Ok(found)
    }
    async fn journal(&self, of: TicketId, after: Option<Revision>, limit: Limit) -> Result<Page<Entry, Revision>> {
        let after = after.map(|r| if self.how == RepeatsTheLastEntry { Revision::new(r.get() - 1) } else { r });
        self.right.journal(of, after, limit).await
    }
    async fn feed(&self, after: Option<Position>, limit: Limit) -> Result<Page<Entry, Position>> {
        let mut page = self.right.feed(after, limit).await?;
        match self.how {
            SkipsInTheFeed if after.is_some() && page.items.len() > 1 => drop(page.items.remove(0)),
            DropsTheFeedPosition => page.next = None,
            _ => {}
        }
        Ok(page)
    }
    async fn find(&self, query: &Query, after: Option<&Cursor>, limit: Limit) -> Result<Page<Arc<Ticket>, Cursor>> {
        let mut page = self.right.find(&self.query(query), after, self.limit(limit)).await?;
        if self.how == ReversesPages {
            page.items.reverse();
        }
        Ok(page)
    }
    async fn count(&self, query: &Query, by: &[Axis]) -> Result<Counts> {
        let mut counts = self.right.count(&self.query(query), by).await?;
        if self.how == CountsOneMore {
            counts.add(by.iter().map(|_| None).collect());
        }
        Ok(counts)
    }
    async fn holdings(&self, agents: &[AgentId]) -> Result<Vec<Holding>> {
        let mut found = self.right.holdings(agents).await?;
        for h in &mut found {
            match self.how {
                ForgetsHoldings => h.slots.clear(),
                ForgetsLastAssigned => h.last_assigned = None,
                _ => {}
            }
        }
        Ok(found)
    }
    async fn next_wake(&self) -> Result<Option<UtcInstant>> {
        let next = self.right.next_wake().await?;
        Ok(if self.how == WakesLate { next.map(|t| t + chrono::TimeDelta::hours(1)) } else { next })
    }
    async fn due(&self, until: UtcInstant, lease: Lease, slice: Slice, limit: Limit) -> Result<Vec<Due>> {
        let until = if self.how == SweepsTooEarly { until + chrono::TimeDelta::microseconds(1) } else { until };
        let slice = if self.how == IgnoresSlices { Slice::ALL } else { slice };
        let found = self.right.due(until, self.lease(lease), slice, self.limit(limit)).await?;
        if self.how == NeverLeases {
            for d in &found {
                self.right.settle(&d.lease, Settled::Delivered).await?;
            }
        }
        Ok(found)
    }
    async fn next_delivery(&self) -> Result<Option<UtcInstant>> {
        self.right.next_delivery().await
    }
    async fn pending(&self, lease: Lease, limit: Limit) -> Result<Vec<Leased<Effect>>> {
        let mut found = self.right.pending(self.lease(lease), self.limit(limit)).await?;
        match self.how {
            DeliversBackwards => found.reverse(),
            NeverLeases => {
                for l in &found {
                    self.right.settle(&l.token, Settled::Retry { not_before: UtcInstant::UNIX_EPOCH }).await?;
                }
            }
            _ => {}
        }
        Ok(found)
    }
    async fn settle(&self, held: &LeaseToken, how: Settled) -> Result<bool> {
        let long_ago = Settled::Retry { not_before: UtcInstant::UNIX_EPOCH };
        let how = match (self.how, how) {
            (ForgetsNotBefore, Settled::Retry { .. })
            | (RevivesTheDead, Settled::Dead { .. })
            | (KeepsTheDelivered, Settled::Delivered) => long_ago,
            (_, how) => how,
        };
        let known = self.leases.lock().unwrap().contains(held);
        let settled = self.right.settle(held, how).await?;
        self.leases.lock().unwrap().push(*held);
        Ok(settled || (self.how == SettlesAlways && !known))
    }
    async fn reserve_numbers(&self, n: u32) -> Result<u64> {
        let first = self.right.reserve_numbers(n).await?;
        Ok(if self.how == RepeatsNumbers { 1 } else { first })
    }
}
