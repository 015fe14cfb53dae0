//! What the host gives a desk: time, ids, people, and a way out for messages.

use crate::condition::Customer;
use crate::engine::Needs;
use crate::id::*;
use crate::routing::Roster;
use crate::ticket::Effect;
use std::{fmt, sync::Arc, time::SystemTime};

/// The host's clock.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Now.
    fn now(&self) -> UtcInstant;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UtcInstant {
        at_door(SystemTime::now().into())
    }
}

/// A clock that stands where it is put: for tests, simulations and replays.
///
/// ```
/// use ticketry::desk::{Clock, FixedClock};
/// let clock = FixedClock::new("2025-10-09T12:00:00Z".parse().unwrap());
/// clock.set("2025-10-09T13:00:00Z".parse().unwrap());
/// assert_eq!(clock.now().to_rfc3339(), "2025-10-09T13:00:00+00:00");
/// ```
#[derive(Clone, Debug)]
pub struct FixedClock(Arc<std::sync::Mutex<UtcInstant>>);

impl FixedClock {
    /// A clock that shows this instant until it is set.
    pub fn new(at: UtcInstant) -> Self {
        Self(Arc::new(std::sync::Mutex::new(at_door(at))))
    }
    /// Sets it.
    pub fn set(&self, at: UtcInstant) {
        *lock(&self.0) = at_door(at);
    }
}
impl Clock for FixedClock {
    fn now(&self) -> UtcInstant {
        *lock(&self.0)
    }
}

/// A mutex whose holder panicked still holds whole values: everything under our locks is replaced, never half-changed.
pub(super) fn lock<T>(m: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    m.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Where ids of new tickets come from.
pub trait Ids: fmt::Debug + Send + Sync + 'static {
    /// A new id.
    fn ticket(&self) -> TicketId;
}

/// UUID version 7: sortable by time, random enough.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    fn ticket(&self) -> TicketId {
        TicketId::from_u128(uuid::Uuid::now_v7().as_u128())
    }
}

/// Ids that follow from a seed and a count: the same run gives the same ids.
#[derive(Debug)]
pub struct SeededIds {
    seed: u64,
    next: std::sync::atomic::AtomicU64,
}

impl SeededIds {
    /// Ids of this seed, from its `first`-th on (0 for all of them).
    pub fn new(seed: u64, first: u64) -> Self {
        Self { seed, next: std::sync::atomic::AtomicU64::new(first) }
    }
}
impl Ids for SeededIds {
    fn ticket(&self) -> TicketId {
        let n = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let digest = Digest::of([self.seed.to_be_bytes().as_slice(), &n.to_be_bytes()]);
        let mut random = [0u8; 10];
        for (to, from) in random.iter_mut().zip(digest.bytes()) {
            *to = *from;
        }
        // The count stands where the time stands, so that ids sort in order of birth.
        TicketId::v7(n, random)
    }
}

/// A collaborator of the host's could not do its part now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HostError(pub String);

/// Facts about people, from the host's own systems (S67).
pub trait Directory: fmt::Debug + Send + Sync + 'static {
    /// All agents. Kept by the desk, and fetched again by [`super::Desk::refresh_roster`].
    fn roster(&self) -> impl Future<Output = Result<Arc<Roster>, HostError>> + Send;
    /// The customer record of a requester: the fields of `[customer]` in the playbook; none if there is no such customer.
    fn customer(&self, requester: &RequesterId) -> impl Future<Output = Result<Option<Customer>, HostError>> + Send;
}

/// A directory that is a value: agents and customers in memory.
#[derive(Clone, Debug, Default)]
pub struct FixedDirectory {
    /// The agents.
    pub roster: Arc<Roster>,
    /// Customer records.
    pub customers: std::collections::BTreeMap<RequesterId, Customer>,
}

impl Directory for FixedDirectory {
    async fn roster(&self) -> Result<Arc<Roster>, HostError> {
        Ok(self.roster.clone())
    }
    async fn customer(&self, requester: &RequesterId) -> Result<Option<Customer>, HostError> {
        Ok(self.customers.get(requester).cloned())
    }
}

/// What became of an attempt to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It is out.
    Done,
    /// Not now; try again after the desk's back-off.
    Later(String),
    /// Never: the address does not exist, the template is refused.
    Never(String),
}

/// The way out: mail, chat, webhooks. Called at least once per effect; a sink tells repetitions by [`Effect::key`].
pub trait Courier: fmt::Debug + Send + Sync + 'static {
    /// Delivers one effect.
    fn deliver(&self, effect: &Effect) -> impl Future<Output = Delivery> + Send;
}

/// A courier that delivers nothing and says it did: for hosts that read the journal instead.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCourier;

impl Courier for NoCourier {
    async fn deliver(&self, _: &Effect) -> Delivery {
        Delivery::Done
    }
}

type Answer<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// [`Directory`] and [`Courier`] behind one pointer, so that [`super::Desk`] is not generic.
pub(super) trait AnyDirectory: fmt::Debug + Send + Sync {
    fn roster(&self) -> Answer<'_, Result<Arc<Roster>, HostError>>;
    fn customer<'a>(&'a self, requester: &'a RequesterId) -> Answer<'a, Result<Option<Customer>, HostError>>;
}
impl<D: Directory> AnyDirectory for D {
    fn roster(&self) -> Answer<'_, Result<Arc<Roster>, HostError>> {
        Box::pin(Directory::roster(self))
    }
    fn customer<'a>(&'a self, requester: &'a RequesterId) -> Answer<'a, Result<Option<Customer>, HostError>> {
        Box::pin(Directory::customer(self, requester))
    }
}
pub(super) trait AnyCourier: fmt::Debug + Send + Sync {
    fn deliver<'a>(&'a self, effect: &'a Effect) -> Answer<'a, Delivery>;
}
impl<C: Courier> AnyCourier for C {
    fn deliver<'a>(&'a self, effect: &'a Effect) -> Answer<'a, Delivery> {
        Box::pin(Courier::deliver(self, effect))
    }
}

/// What a decision lacked and the shell could not fetch in the allowed rounds.
pub(super) fn describe(needs: &Needs) -> String {
    let mut parts = Vec::new();
    if needs.customer.is_some() {
        parts.push("customer record");
    }
    if needs.holdings.is_some() {
        parts.push("slots of agents");
    }
    if needs.candidates {
        parts.push("tickets the message may belong to");
    }
    if !needs.related.is_empty() {
        parts.push("related tickets");
    }
    if !needs.customers.is_empty() {
        parts.push("customer records");
    }
    if needs.numbers > 0 {
        parts.push("numbers of new tickets");
    }
    if !needs.messages.is_empty() {
        parts.push("messages");
    }
    if needs.identity {
        parts.push("id and number of a new ticket");
    }
    parts.join(", ")
}
