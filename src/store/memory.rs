//! The store that keeps everything in memory.

use super::index::{Index, RECEIPTS_KEPT, count, page};
use super::*;
use crate::id::*;
use crate::ticket::{Effect, Entry, Ticket};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Tickets in memory: complete, exact and gone with the process. Clones are one store.
///
/// ```
/// use ticketry::store::{MemoryStore, Store};
/// let store = MemoryStore::new();
/// let numbers = std::pin::pin!(store.reserve_numbers(10));
/// let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// assert!(matches!(numbers.poll(&mut context), std::task::Poll::Ready(Ok(1))));
/// ```
#[derive(Clone, Debug)]
pub struct MemoryStore(Arc<Mutex<Memory>>);

#[derive(Debug)]
struct Memory {
    index: Index,
    tickets: HashMap<TicketId, Arc<Ticket>>,
    /// Per ticket, the entries in revision order: the entry of revision n stands at n - 1.
    journals: HashMap<TicketId, Vec<Arc<Entry>>>,
    /// All entries; the position of an entry is its place here.
    feed: Vec<Arc<Entry>>,
    numbers: u64,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        let index = Index::starting_at(0);
        let memory = Memory { index, tickets: HashMap::new(), journals: HashMap::new(), feed: Vec::new(), numbers: 0 };
        Self(Arc::new(Mutex::new(memory)))
    }
    /// Effects that are never to be tried again, with the reason.
    pub fn dead(&self) -> Vec<(Effect, String)> {
        self.lock().index.dead()
    }
    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Memory {
    fn commit(&mut self, c: &Commit) -> Outcome {
        let outcome = self.index.judge().commit(c);
        if outcome.is_stored() {
            self.index.apply(c);
            self.index.forget(RECEIPTS_KEPT);
            for w in &c.writes {
                self.tickets.insert(w.ticket.id, w.ticket.clone());
                self.journals.entry(w.ticket.id).or_default().push(w.entry.clone());
                self.feed.push(w.entry.clone());
            }
        }
        outcome
    }
}

impl Store for MemoryStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities::new("memory")
    }

    async fn commit(&self, group: Vec<Commit>) -> Vec<Outcome> {
        let mut memory = self.lock();
        group.iter().map(|c| memory.commit(c)).collect()
    }

    async fn receipts(&self, ids: &[CommitId]) -> Result<Vec<Option<Receipt>>> {
        let memory = self.lock();
        Ok(ids.iter().map(|id| memory.index.receipt(id).cloned()).collect())
    }

    async fn load(&self, ids: &[TicketId]) -> Result<Vec<Option<Arc<Ticket>>>> {
        let memory = self.lock();
        Ok(ids.iter().map(|id| memory.tickets.get(id).cloned()).collect())
    }

    async fn journal(&self, of: TicketId, after: Option<Revision>, limit: Limit) -> Result<Page<Entry, Revision>> {
        let memory = self.lock();
        let from = after.map_or(0, |r| usize::try_from(r.get()).unwrap_or(usize::MAX));
        let rest = memory.journals.get(&of).and_then(|j| j.get(from..)).unwrap_or_default();
        let items: Vec<Entry> = rest.iter().take(limit.get()).map(|e| (**e).clone()).collect();
        Ok(Page { next: items.last().map(|e| e.revision), more: rest.len() > items.len(), items })
    }

    async fn feed(&self, after: Option<Position>, limit: Limit) -> Result<Page<Entry, Position>> {
        let memory = self.lock();
        let from = after.map_or(0, |p| usize::try_from(p.get()).unwrap_or(usize::MAX));
        let rest = memory.feed.get(from..).unwrap_or_default();
        let items: Vec<Entry> = rest.iter().take(limit.get()).map(|e| (**e).clone()).collect();
        let end = u64::try_from(from.saturating_add(items.len())).unwrap_or(u64::MAX);
        Ok(Page { next: (!items.is_empty()).then_some(Position::new(end)), more: rest.len() > items.len(), items })
    }

    async fn find(&self, query: &Query, after: Option<&Cursor>, limit: Limit) -> Result<Page<Arc<Ticket>, Cursor>> {
        let memory = self.lock();
        page(memory.index.candidates(query, after, Some(limit)), query, limit, |id| Ok(memory.tickets.get(&id).cloned()))
    }

    async fn count(&self, query: &Query, by: &[Axis]) -> Result<Counts> {
        let memory = self.lock();
        count(&memory.index, query, by, |id| Ok(memory.tickets.get(&id).cloned()))
    }

    async fn holdings(&self, agents: &[AgentId]) -> Result<Vec<Holding>> {
        Ok(self.lock().index.holdings(agents))
    }

    async fn next_wake(&self) -> Result<Option<UtcInstant>> {
        Ok(self.lock().index.next_wake())
    }

    async fn due(&self, until: UtcInstant, lease: Lease, slice: Slice, limit: Limit) -> Result<Vec<Due>> {
        Ok(self.lock().index.due(until, &lease, slice, limit))
    }

    async fn next_delivery(&self) -> Result<Option<UtcInstant>> {
        Ok(self.lock().index.next_delivery())
    }

    async fn pending(&self, lease: Lease, limit: Limit) -> Result<Vec<Leased<Effect>>> {
        Ok(self.lock().index.pending(&lease, limit))
    }

    async fn settle(&self, held: &LeaseToken, how: Settled) -> Result<bool> {
        let index = &mut self.lock().index;
        Ok(match held.of {
            LeaseOf::Ticket(id) => index.settle_ticket(id, held.serial, &how),
            LeaseOf::Effect(key) => match index.judge_settling(key, held.serial, &how) {
                Some(change) => {
                    index.apply_settling(change);
                    true
                }
                None => false,
            },
        })
    }

    async fn reserve_numbers(&self, n: u32) -> Result<u64> {
        let mut memory = self.lock();
        let first = memory.numbers.saturating_add(1);
        memory.numbers = memory.numbers.saturating_add(u64::from(n));
        Ok(first)
    }
}
