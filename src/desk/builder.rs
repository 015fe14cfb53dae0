//! Building a desk.

use super::host::{AnyCourier, AnyDirectory};
use super::queue::Queue;
use super::{Clock, Courier, Desk, Directory, Error, FixedDirectory, Ids, Inner, Kept, NoCourier, RandomIds, SystemClock, block};
use crate::condition::Interrupt;
use crate::engine::{Limits, Trace};
use crate::playbook::Playbook;
use crate::store::{AnyStore, MemoryStore, Store};
use std::fmt;
use std::sync::{Arc, Mutex};

/// A desk under construction; what is not given has a default that works.
#[derive(Debug)]
pub struct Builder {
    playbook: Arc<Playbook>,
    older: Vec<Arc<Playbook>>,
    trials: Vec<(Playbook, super::Subset)>,
    store: Option<AnyStore>,
    directory: Box<dyn AnyDirectory>,
    courier: Box<dyn AnyCourier>,
    clock: Box<dyn Clock>,
    ids: Box<dyn Ids>,
    limits: Limits,
    most_waiting: usize,
    name: String,
    observer: Option<Observer>,
    suspend_after: Option<u32>,
}

/// Who is shown the trace of every decision.
#[derive(Clone)]
pub(super) struct Observer(pub(super) Arc<dyn Fn(&Trace) + Send + Sync>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

impl Builder {
    pub(super) fn new(playbook: Playbook) -> Self {
        Self {
            playbook: Arc::new(playbook),
            older: Vec::new(),
            trials: Vec::new(),
            store: None,
            directory: Box::new(FixedDirectory::default()),
            courier: Box::new(NoCourier),
            clock: Box::new(SystemClock),
            ids: Box::new(RandomIds),
            limits: Limits::default(),
            most_waiting: 10_000,
            name: "desk".into(),
            observer: None,
            suspend_after: None,
        }
    }
    /// Where tickets are kept; a [`MemoryStore`] unless told.
    #[must_use]
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Some(AnyStore::new(store));
        self
    }
    /// A store behind a pointer already.
    #[must_use]
    pub fn any_store(mut self, store: AnyStore) -> Self {
        self.store = Some(store);
        self
    }
    /// People: an empty [`FixedDirectory`] unless told.
    #[must_use]
    pub fn directory(mut self, directory: impl Directory) -> Self {
        self.directory = Box::new(directory);
        self
    }
    /// The way out: [`NoCourier`] unless told.
    #[must_use]
    pub fn courier(mut self, courier: impl Courier) -> Self {
        self.courier = Box::new(courier);
        self
    }
    /// Time: [`SystemClock`] unless told.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }
    /// Ids of new tickets: [`RandomIds`] unless told.
    #[must_use]
    pub fn ids(mut self, ids: impl Ids) -> Self {
        self.ids = Box::new(ids);
        self
    }
    /// Sizes and counts.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
    /// Most commits waiting for the store before the desk says overloaded (S75); 10,000 unless told.
    #[must_use]
    pub fn most_waiting(mut self, commits: usize) -> Self {
        self.most_waiting = commits;
        self
    }
    /// Is shown the full trace of every decision, before it is committed; one that is decided anew after a conflict, or tried to see whether a queue
    /// moves, is shown too. Decisions then cost what [`Desk::preview`] costs: for tests, coverage, measuring.
    #[must_use]
    pub fn observer(mut self, look: impl Fn(&Trace) + Send + Sync + 'static) -> Self {
        self.observer = Some(Observer(Arc::new(look)));
        self
    }
    /// An older playbook whose workflow and calendar versions open tickets still go by; of several, the latest first.
    ///
    /// A process that starts again after a [`Desk::swap`] opens the new playbook with [`Playbook::active_since`] and [`Swapped::since`](super::Swapped::since), and gives the one before
    /// here: tickets that nobody has touched since the swap then adopt it as of that instant, as if the desk had never stopped. Without the instant they adopt it when they are next
    /// touched.
    #[must_use]
    pub fn older_playbook(mut self, playbook: Playbook) -> Self {
        self.older.push(Arc::new(playbook));
        self
    }
    /// A playbook on trial for some tickets: what [`Desk::begin_trial`] began before the process started again, with [`Playbook::active_since`] and [`Swapped::since`](super::Swapped::since); of
    /// several, the latest first.
    #[must_use]
    pub fn trial(mut self, playbook: Playbook, subset: super::Subset) -> Self {
        self.trials.push((playbook, subset));
        self
    }
    /// This desk's name among several that share a store: the owner of its leases.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Suspends a rule that failed so often in a row, at the next sweep (S24); never by itself unless told. It is counted in this process, on all tickets together.
    #[must_use]
    pub fn suspend_after(mut self, faults: u32) -> Self {
        self.suspend_after = Some(faults.max(1));
        self
    }

    /// Opens the desk: fetches the roster, and checks that every open ticket's workflow version is at hand.
    ///
    /// # Errors
    /// Directory or store failed, [`Error::VersionsAbsent`], or [`Error::CalendarsAltered`] against an older playbook given.
    pub async fn open(self) -> Result<Desk, Error> {
        let store = self.store.unwrap_or_else(|| AnyStore::new(MemoryStore::new()));
        let roster = self.directory.roster().await?;
        super::swap::check_calendars(&self.playbook, &self.older)?;
        let tried: Vec<Arc<Playbook>> = self.trials.iter().map(|(p, _)| Arc::new(p.clone())).collect();
        super::swap::check_calendars(&self.playbook, &tried)?;
        let playbook = Arc::new(self.playbook.with_versions_of(self.older.iter().chain(&tried)));
        let joined = |p: &Arc<Playbook>| Arc::new(p.with_versions_of(std::iter::once(&playbook).chain(&self.older)));
        let trials = tried.iter().zip(self.trials);
        let trials: Vec<_> = trials.map(|(p, (_, subset))| super::trial::Trial { playbook: joined(p), subset, over: false }).collect();
        let trials = Arc::new(trials);
        let desk = Desk(Arc::new(Inner {
            queue: Queue::new(store.clone(), self.most_waiting),
            store,
            directory: self.directory,
            courier: self.courier,
            clock: self.clock,
            ids: self.ids,
            limits: self.limits,
            name: self.name,
            observer: self.observer,
            kept: Mutex::new(Kept { playbook, older: Arc::new(self.older), trials, roster, lost_subscribers: 0 }),
            record: Mutex::default(),
            interrupt: Interrupt::new(),
            suspend_after: self.suspend_after,
            numbers: Mutex::new((0, 0)),
            earlier: Mutex::default(),
            subscribers: Mutex::default(),
            look: Mutex::default(),
        }));
        let playbook = desk.playbook();
        let older = super::host::lock(&desk.0.kept).older.clone();
        desk.check_versions(&playbook, &older).await?;
        desk.refresh_suspended().await?;
        Ok(desk)
    }

    /// [`Builder::open`] on the calling thread.
    ///
    /// # Errors
    /// As there.
    pub fn open_blocking(self) -> Result<Desk, Error> {
        block::block_on(self.open())
    }
}
