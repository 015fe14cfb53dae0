//! A store of any kind behind one type.

use super::*;
use crate::id::*;
use crate::ticket::{Effect, Entry, Ticket};
use std::{fmt, pin::Pin, sync::Arc};

/// A store of any kind: cheap to clone, all clones are one store.
///
/// ```
/// use ticketry::store::{AnyStore, MemoryStore, Store};
/// let store = AnyStore::new(MemoryStore::new());
/// assert_eq!(store.capabilities().name, "memory");
/// ```
#[derive(Clone)]
pub struct AnyStore(Arc<dyn Twin>);

impl AnyStore {
    /// Any store.
    pub fn new(store: impl Store) -> Self {
        Self(Arc::new(store))
    }
}
impl fmt::Debug for AnyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AnyStore").field(&self.0.capabilities().name).finish()
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// [`Store`] with boxed futures, so that it can be a trait object.
trait Twin: Send + Sync {
    fn capabilities(&self) -> Capabilities;
    fn commit(&self, group: Vec<Commit>) -> Answer<'_, Vec<Outcome>>;
    fn receipts<'a>(&'a self, ids: &'a [CommitId]) -> Answer<'a, Result<Vec<Option<Receipt>>>>;
    fn load<'a>(&'a self, ids: &'a [TicketId]) -> Answer<'a, Result<Vec<Option<Arc<Ticket>>>>>;
    fn journal(&self, of: TicketId, after: Option<Revision>, limit: Limit) -> Answer<'_, Result<Page<Entry, Revision>>>;
    fn feed(&self, after: Option<Position>, limit: Limit) -> Answer<'_, Result<Page<Entry, Position>>>;
    fn find<'a>(&'a self, query: &'a Query, after: Option<&'a Cursor>, limit: Limit) -> Answer<'a, Result<Page<Arc<Ticket>, Cursor>>>;
    fn count<'a>(&'a self, query: &'a Query, by: &'a [Axis]) -> Answer<'a, Result<Counts>>;
    fn holdings<'a>(&'a self, agents: &'a [AgentId]) -> Answer<'a, Result<Vec<Holding>>>;
    fn next_wake(&self) -> Answer<'_, Result<Option<UtcInstant>>>;
    fn due(&self, until: UtcInstant, lease: Lease, slice: Slice, limit: Limit) -> Answer<'_, Result<Vec<Due>>>;
    fn next_delivery(&self) -> Answer<'_, Result<Option<UtcInstant>>>;
    fn pending(&self, lease: Lease, limit: Limit) -> Answer<'_, Result<Vec<Leased<Effect>>>>;
    fn settle<'a>(&'a self, held: &'a LeaseToken, how: Settled) -> Answer<'a, Result<bool>>;
    fn reserve_numbers(&self, n: u32) -> Answer<'_, Result<u64>>;
}

impl<S: Store> Twin for S {
    fn capabilities(&self) -> Capabilities {
        Store::capabilities(self)
    }
    fn commit(&self, group: Vec<Commit>) -> Answer<'_, Vec<Outcome>> {
        Box::pin(Store::commit(self, group))
    }
    fn receipts<'a>(&'a self, ids: &'a [CommitId]) -> Answer<'a, Result<Vec<Option<Receipt>>>> {
        Box::pin(Store::receipts(self, ids))
    }
    fn load<'a>(&'a self, ids: &'a [TicketId]) -> Answer<'a, Result<Vec<Option<Arc<Ticket>>>>> {
        Box::pin(Store::load(self, ids))
    }
    fn journal(&self, of: TicketId, after: Option<Revision>, limit: Limit) -> Answer<'_, Result<Page<Entry, Revision>>> {
        Box::pin(Store::journal(self, of, after, limit))
    }
    fn feed(&self, after: Option<Position>, limit: Limit) -> Answer<'_, Result<Page<Entry, Position>>> {
        Box::pin(Store::feed(self, after, limit))
    }
    fn find<'a>(&'a self, query: &'a Query, after: Option<&'a Cursor>, limit: Limit) -> Answer<'a, Result<Page<Arc<Ticket>, Cursor>>> {
        Box::pin(Store::find(self, query, after, limit))
    }
    fn count<'a>(&'a self, query: &'a Query, by: &'a [Axis]) -> Answer<'a, Result<Counts>> {
        Box::pin(Store::count(self, query, by))
    }
    fn holdings<'a>(&'a self, agents: &'a [AgentId]) -> Answer<'a, Result<Vec<Holding>>> {
        Box::pin(Store::holdings(self, agents))
    }
    fn next_wake(&self) -> Answer<'_, Result<Option<UtcInstant>>> {
        Box::pin(Store::next_wake(self))
    }
    fn due(&self, until: UtcInstant, lease: Lease, slice: Slice, limit: Limit) -> Answer<'_, Result<Vec<Due>>> {
        Box::pin(Store::due(self, until, lease, slice, limit))
    }
    fn next_delivery(&self) -> Answer<'_, Result<Option<UtcInstant>>> {
        Box::pin(Store::next_delivery(self))
    }
    fn pending(&self, lease: Lease, limit: Limit) -> Answer<'_, Result<Vec<Leased<Effect>>>> {
        Box::pin(Store::pending(self, lease, limit))
    }
    fn settle<'a>(&'a self, held: &'a LeaseToken, how: Settled) -> Answer<'a, Result<bool>> {
        Box::pin(Store::settle(self, held, how))
    }
    fn reserve_numbers(&self, n: u32) -> Answer<'_, Result<u64>> {
        Box::pin(Store::reserve_numbers(self, n))
    }
}

impl Store for AnyStore {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }
    async fn commit(&self, group: Vec<Commit>) -> Vec<Outcome> {
        self.0.commit(group).await
    }
    async fn receipts(&self, ids: &[CommitId]) -> Result<Vec<Option<Receipt>>> {
        self.0.receipts(ids).await
    }
    async fn load(&self, ids: &[TicketId]) -> Result<Vec<Option<Arc<Ticket>>>> {
        self.0.load(ids).await
    }
    async fn journal(&self, of: TicketId, after: Option<Revision>, limit: Limit) -> Result<Page<Entry, Revision>> {
        self.0.journal(of, after, limit).await
    }
    async fn feed(&self, after: Option<Position>, limit: Limit) -> Result<Page<Entry, Position>> {
        self.0.feed(after, limit).await
    }
    async fn find(&self, query: &Query, after: Option<&Cursor>, limit: Limit) -> Result<Page<Arc<Ticket>, Cursor>> {
        self.0.find(query, after, limit).await
    }
    async fn count(&self, query: &Query, by: &[Axis]) -> Result<Counts> {
        self.0.count(query, by).await
    }
    async fn holdings(&self, agents: &[AgentId]) -> Result<Vec<Holding>> {
        self.0.holdings(agents).await
    }
    async fn next_wake(&self) -> Result<Option<UtcInstant>> {
        self.0.next_wake().await
    }
    async fn due(&self, until: UtcInstant, lease: Lease, slice: Slice, limit: Limit) -> Result<Vec<Due>> {
        self.0.due(until, lease, slice, limit).await
    }
    async fn next_delivery(&self) -> Result<Option<UtcInstant>> {
        self.0.next_delivery().await
    }
    async fn pending(&self, lease: Lease, limit: Limit) -> Result<Vec<Leased<Effect>>> {
        self.0.pending(lease, limit).await
    }
    async fn settle(&self, held: &LeaseToken, how: Settled) -> Result<bool> {
        self.0.settle(held, how).await
    }
    async fn reserve_numbers(&self, n: u32) -> Result<u64> {
        self.0.reserve_numbers(n).await
    }
}
