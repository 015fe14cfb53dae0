//! A store that hesitates, fails and answers too little, as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use ticketry::id::*;
use ticketry::store::*;
use ticketry::ticket::{Effect, Entry, Ticket};

/// What a commit meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Not kept, and the store says so.
    Unavailable,
    /// Kept, but the answer is lost.
    AnswerLost,
    /// One answer fewer than commits.
    Fewer,
    /// A conflict that is none.
    Conflict,
    /// None.
    None,
}

#[derive(Clone, Debug)]
pub struct Wrapped {
    inner: AnyStore,
    hesitates: bool,
    pub troubles: Arc<Mutex<VecDeque<Trouble>>>,
    /// The sizes of the groups committed.
    pub groups: Arc<Mutex<Vec<usize>>>,
    pub settle_fails: Arc<Mutex<bool>>,
}

impl Wrapped {
    pub fn new(hesitates: bool) -> Self {
        Self {
            inner: AnyStore::new(MemoryStore::new()),
            hesitates,
            troubles: Arc::default(),
            groups: Arc::default(),
            settle_fails: Arc::default(),
        }
    }
    pub fn next(&self, troubles: impl IntoIterator<Item = Trouble>) {
        self.troubles.lock().unwrap().extend(troubles);
    }
    async fn hesitate(&self) {
        let mut first = self.hesitates;
        std::future::poll_fn(|cx| {
            if std::mem::take(&mut first) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
    }
}

pub fn unavailable() -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, "gone for a moment; try again")
}

impl Store for Wrapped {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
    async fn commit(&self, mut group: Vec<Commit>) -> Vec<Outcome> {
        self.groups.lock().unwrap().push(group.len());
        self.hesitate().await;
        let trouble = self.troubles.lock().unwrap().pop_front().unwrap_or(Trouble::None);
        let n = group.len();
        let answers = match trouble {
            Trouble::Unavailable => vec![Outcome::Failed(unavailable()); n],
            Trouble::AnswerLost => {
                self.inner.commit(group).await;
                vec![Outcome::Failed(unavailable()); n]
            }
            Trouble::Fewer => {
                group.pop();
                self.inner.commit(group).await
            }
            Trouble::Conflict => {
                group.iter().map(|c| Outcome::Conflict { ticket: c.writes[0].ticket.id, current: c.writes[0].before }).collect()
            }
            Trouble::None => self.inner.commit(group).await,
        };
        self.hesitate().await;
        answers
    }
    async fn receipts(&self, ids: &[CommitId]) -> Result<Vec<Option<Receipt>>> {
        self.hesitate().await;
        self.inner.receipts(ids).await
    }
    async fn load(&self, ids: &[TicketId]) -> Result<Vec<Option<Arc<Ticket>>>> {
        self.hesitate().await;
        self.inner.load(ids).await
    }
    async fn journal(&self, of: TicketId, after: Option<Revision>, limit: Limit) -> Result<Page<Entry, Revision>> {
        self.hesitate().await;
        self.inner.journal(of, after, limit).await
    }
    async fn feed(&self, after: Option<Position>, limit: Limit) -> Result<Page<Entry, Position>> {
        self.hesitate().await;
        self.inner.feed(after, limit).await
    }
    async fn find(&self, query: &Query, after: Option<&Cursor>, limit: Limit) -> Result<Page<Arc<Ticket>, Cursor>> {
        self.hesitate().await;
        self.inner.find(query, after, limit).await
    }
    async fn count(&self, query: &Query, by: &[Axis]) -> Result<Counts> {
        self.inner.count(query, by).await
    }
    async fn holdings(&self, agents: &[AgentId]) -> Result<Vec<Holding>> {
        self.hesitate().await;
        self.inner.holdings(agents).await
    }
    async fn next_wake(&self) -> Result<Option<UtcInstant>> {
        self.inner.next_wake().await
    }
    async fn due(&self, until: UtcInstant, lease: Lease, slice: Slice, limit: Limit) -> Result<Vec<Due>> {
        self.hesitate().await;
        let due = self.inner.due(until, lease, slice, limit).await;
        self.hesitate().await;
        due
    }
    async fn next_delivery(&self) -> Result<Option<UtcInstant>> {
        self.inner.next_delivery().await
    }
    async fn pending(&self, lease: Lease, limit: Limit) -> Result<Vec<Leased<Effect>>> {
        self.hesitate().await;
        self.inner.pending(lease, limit).await
    }
    async fn settle(&self, held: &LeaseToken, how: Settled) -> Result<bool> {
        self.hesitate().await;
        if *self.settle_fails.lock().unwrap() {
            return Err(unavailable());
        }
        self.inner.settle(held, how).await
    }
    async fn reserve_numbers(&self, n: u32) -> Result<u64> {
        self.hesitate().await;
        self.inner.reserve_numbers(n).await
    }
}
