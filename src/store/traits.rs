//! The trait a store implements.

use super::*;
use crate::id::*;
use crate::ticket::{Effect, Entry, Ticket};
use std::{fmt, sync::Arc};

/// What a store answers.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Where tickets are kept: ticket, journal, wake index, slots and outbox, changed together in one transaction.
///
/// Write every method as a plain `async fn`; the futures must be `Send`. [`crate::store`] is the guide, `store_conformance!` the judge.
/// A store has no clock: every instant comes with the question.
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// What it is and can.
    fn capabilities(&self) -> Capabilities;

    /// Keeps commits, one answer each, in order.
    ///
    /// Each commit is all or nothing by itself; the group acts as its commits applied one by one, in order, so that a later one sees
    /// an earlier one. In this order: an id seen before is `Duplicate`; a commit that fails [`Commit::check`] is `Failed`; a ticket
    /// written or read that stands elsewhere is `Conflict`; a slot held by another ticket is `Taken`. None of these writes anything.
    /// What is answered `Stored` is durable.
    fn commit(&self, group: Vec<Commit>) -> impl Future<Output = Vec<Outcome>> + Send;

    /// The receipts of these commits, in order, none where it never saw one.
    fn receipts(&self, ids: &[CommitId]) -> impl Future<Output = Result<Vec<Option<Receipt>>>> + Send;

    /// These tickets, in order, none where there is none.
    fn load(&self, ids: &[TicketId]) -> impl Future<Output = Result<Vec<Option<Arc<Ticket>>>>> + Send;

    /// A ticket's journal after a revision (none: from the start), ascending. An unknown ticket has an empty one.
    fn journal(&self, of: TicketId, after: Option<Revision>, limit: Limit) -> impl Future<Output = Result<Page<Entry, Revision>>> + Send;

    /// All entries after a position. Read to the end it shows every entry once, per ticket in revision order, also under concurrent commits.
    fn feed(&self, after: Option<Position>, limit: Limit) -> impl Future<Output = Result<Page<Entry, Position>>> + Send;

    /// The tickets [`Query::matches`] says yes to (at `query.now`), ascending by ([`Query::key`], id), after a cursor.
    fn find(&self, query: &Query, after: Option<&Cursor>, limit: Limit) -> impl Future<Output = Result<Page<Arc<Ticket>, Cursor>>> + Send;

    /// How many tickets match, by axes.
    fn count(&self, query: &Query, by: &[Axis]) -> impl Future<Output = Result<Counts>> + Send;

    /// What these agents hold, one answer each, in order; an agent never heard of holds nothing.
    fn holdings(&self, agents: &[AgentId]) -> impl Future<Output = Result<Vec<Holding>>> + Send;

    /// When [`Store::due`] will next have something: the earliest wake instant, a leased ticket counting from the end of its lease.
    ///
    /// A timer due at D fires later than D: sleep until one microsecond after this.
    fn next_wake(&self) -> impl Future<Output = Result<Option<UtcInstant>>> + Send;

    /// Tickets of the slice whose wake instant lies before `until` and that nobody has leased, earliest first, now leased to the asker.
    fn due(&self, until: UtcInstant, lease: Lease, slice: Slice, limit: Limit) -> impl Future<Output = Result<Vec<Due>>> + Send;

    /// When [`Store::pending`] will next have something.
    fn next_delivery(&self) -> impl Future<Output = Result<Option<UtcInstant>>> + Send;

    /// Effects to deliver, in the order of their commits, that nobody has leased and whose `not_before` has come, now leased to the asker.
    fn pending(&self, lease: Lease, limit: Limit) -> impl Future<Output = Result<Vec<Leased<Effect>>>> + Send;

    /// Ends a lease. False: it was lost (leased again, settled, or its ticket written) and nothing was changed.
    fn settle(&self, held: &LeaseToken, how: Settled) -> impl Future<Output = Result<bool>> + Send;

    /// Takes the next `n` human numbers, of which the first is returned; nobody else ever gets them. The first number of all is 1.
    fn reserve_numbers(&self, n: u32) -> impl Future<Output = Result<u64>> + Send;
}

/// Conveniences over any store.
pub trait StoreExt: Store {
    /// One ticket.
    ///
    /// # Errors
    /// The store's.
    fn load_one(&self, id: TicketId) -> impl Future<Output = Result<Option<Arc<Ticket>>>> + Send {
        async move { Ok(self.load(&[id]).await?.into_iter().next().flatten()) }
    }
    /// One commit alone.
    fn commit_one(&self, commit: Commit) -> impl Future<Output = Outcome> + Send {
        async move {
            let none = || {
                Outcome::Failed(StoreError::new(StoreErrorKind::Broken, "the store gave no answer to a commit; report this to its author"))
            };
            self.commit(vec![commit]).await.into_iter().next().unwrap_or_else(none)
        }
    }
    /// A ticket's whole journal.
    ///
    /// # Errors
    /// The store's.
    fn whole_journal(&self, of: TicketId) -> impl Future<Output = Result<Vec<Entry>>> + Send {
        async move {
            let (mut all, mut after) = (Vec::new(), None);
            loop {
                let page = self.journal(of, after, Limit::MAX).await?;
                all.extend(page.items);
                if !page.more || page.next.is_none() {
                    return Ok(all);
                }
                after = page.next;
            }
        }
    }
    /// The feed from a position to its end.
    ///
    /// # Errors
    /// The store's.
    fn whole_feed(&self, after: Option<Position>) -> impl Future<Output = Result<Page<Entry, Position>>> + Send {
        async move {
            let mut all = Page { items: Vec::new(), next: after, more: false };
            loop {
                let page = self.feed(all.next, Limit::MAX).await?;
                all.items.extend(page.items);
                all.next = page.next.or(all.next);
                if !page.more || page.next.is_none() {
                    return Ok(all);
                }
            }
        }
    }
    /// All tickets that match.
    ///
    /// # Errors
    /// The store's.
    fn find_all(&self, query: &Query) -> impl Future<Output = Result<Vec<Arc<Ticket>>>> + Send {
        async move {
            let (mut all, mut after) = (Vec::new(), None);
            loop {
                let page = self.find(query, after.as_ref(), Limit::MAX).await?;
                all.extend(page.items);
                if !page.more || page.next.is_none() {
                    return Ok(all);
                }
                after = page.next;
            }
        }
    }
}
impl<S: Store> StoreExt for S {}
