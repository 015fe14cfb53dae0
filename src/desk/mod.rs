//! The desk: the thin shell between a host and the pure core.
//!
//! What it is: it loads a case, lets [`crate::engine::decide`] decide, commits in groups, tries again on conflict, lets due things
//! happen ([`Desk::sweep`]), watches be looked at ([`Desk::watch`]) and effects out ([`Desk::deliver`]). Every method is `async` and runs on any executor, or on none:
//! [`Desk::blocking`] has the same methods without `async`. Dropping a future loses nothing that was acknowledged.
//! What it never does: start a thread, sleep, or decide anything itself.
//! Read next: [`crate::engine`], which decides; [`crate::store`], which keeps.
//!
//! # The loop that sleeps exactly
//!
//! A ticket's timers need no polling: [`Desk::next_wake`] says when the next thing happens. A timer due at D fires at instants later
//! than D (people win ties), so sleep until one microsecond after it.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use ticketry::{desk::Desk, playbook::Playbook, store::MemoryStore};
//! # let desk = Desk::builder(Playbook::starter()?).store(MemoryStore::new()).open_blocking()?;
//! # let stop = std::sync::atomic::AtomicBool::new(false);
//! use std::{sync::atomic::Ordering, thread, time::Duration};
//! let desk = desk.blocking();
//! while !stop.load(Ordering::Relaxed) {
//!     let now = desk.now();
//!     desk.sweep(now)?;                                    // timers, queues
//!     desk.deliver(100)?;                                  // effects
//!     let idle = Duration::from_secs(60);                  // how long a new, earlier timer may wait
//!     let wait = match desk.next_wake()? {
//!         Some(at) => (at - now).to_std().unwrap_or_default() + Duration::from_micros(1),
//!         None => idle,
//!     };
//!     thread::sleep(wait.min(idle));                       // or wait on a condition that submitters signal
//! }
//! # Ok(()) }
//! ```

mod away;
mod block;
mod blocking;
mod builder;
mod error;
mod host;
mod migrate;
mod queue;
mod read;
mod regime;
mod submit;
mod suspend;
mod swap;
mod sweep;
mod trial;
mod watch;

pub use blocking::Blocking;
pub use builder::Builder;
pub use error::Error;
pub use host::{
    Clock, Courier, Delivery, Directory, FixedClock, FixedDirectory, HostError, Ids, NoCourier, RandomIds, SeededIds, SystemClock,
};
pub use migrate::{Migrating, MigrationDifference, MigrationPreview};
pub use read::Health;
pub use submit::{Done, Preview};
pub use suspend::RuleHealth;
pub use swap::{Recalculation, Swapped};
pub use sweep::{Delivered, Swept};
pub use trial::Subset;
pub use watch::{Turned, Watched};

use crate::condition::Interrupt;
use crate::engine::Limits;
use crate::id::*;
use crate::playbook::Playbook;
use crate::routing::Roster;
use crate::store::{AnyStore, Wakes};
use crate::ticket::Entry;
use host::{AnyCourier, AnyDirectory, lock};
use queue::Queue;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use suspend::Record;

/// A running desk: cheap to clone, all clones are one desk, `Send` and `Sync`.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use ticketry::{desk::Desk, engine::{Command, NewTicket, What}, playbook::Playbook, store::MemoryStore, ticket::Actor};
///
/// let desk = Desk::builder(Playbook::starter()?).store(MemoryStore::new()).open_blocking()?;
/// let desk = desk.blocking();
/// let new = NewTicket::new("question", "the printer is on fire", "ann", "mail");
/// let ticket = desk.submit(Command::create("mail-1", Actor::requester("ann"), new))?.ticket;
/// assert_eq!(ticket.state, "new");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Desk(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: AnyStore,
    queue: Queue,
    directory: Box<dyn AnyDirectory>,
    courier: Box<dyn AnyCourier>,
    clock: Box<dyn Clock>,
    ids: Box<dyn Ids>,
    limits: Limits,
    name: String,
    observer: Option<builder::Observer>,
    kept: Mutex<Kept>,
    record: Mutex<Record>,
    interrupt: Interrupt,
    suspend_after: Option<u32>,
    numbers: Mutex<(u64, u64)>,
    /// Tickets that must be looked at earlier than the store knows: since the playbook changed, something of theirs is due earlier.
    earlier: Mutex<Wakes>,
    subscribers: Mutex<Vec<SyncSender<Arc<Entry>>>>,
    /// When the watches were last looked at.
    look: Mutex<watch::Look>,
}

/// What the desk keeps in memory; each part is replaced as a whole.
#[derive(Debug)]
struct Kept {
    playbook: Arc<Playbook>,
    /// Older playbooks whose workflow versions open tickets are pinned to.
    /// The newest first; their instants of activation tell which one was active when.
    older: Arc<Vec<Arc<Playbook>>>,
    /// Playbooks active for some tickets only, the latest first.
    trials: Arc<Vec<trial::Trial>>,
    roster: Arc<Roster>,
    lost_subscribers: u64,
}

/// Entries a subscriber may be behind before it is dropped.
const BEHIND: usize = 4096;

impl Desk {
    /// A desk under construction.
    pub fn builder(playbook: Playbook) -> Builder {
        Builder::new(playbook)
    }
    /// The same desk for callers without an executor.
    pub fn blocking(&self) -> Blocking {
        Blocking(self.clone())
    }
    /// The clock's now.
    pub fn now(&self) -> UtcInstant {
        self.0.clock.now()
    }
    /// The active playbook.
    pub fn playbook(&self) -> Arc<Playbook> {
        lock(&self.0.kept).playbook.clone()
    }
    /// The roster as last fetched.
    pub fn roster(&self) -> Arc<Roster> {
        lock(&self.0.kept).roster.clone()
    }
    /// The store, for queries the desk has no method for. Writing past the desk breaks its laws.
    pub fn store(&self) -> &AnyStore {
        &self.0.store
    }
    /// Fetches the roster again: after a change of shifts, skills, absences.
    ///
    /// # Errors
    /// Directory could not answer; the old roster stays.
    pub async fn refresh_roster(&self) -> Result<(), Error> {
        let roster = self.0.directory.roster().await?;
        lock(&self.0.kept).roster = roster;
        Ok(())
    }
    /// Every entry this desk commits from now on, in this process, after the commit. A subscriber that falls more than 4,096 entries
    /// behind is dropped (its channel closes) and [`Health::lost_subscribers`] counts it; read [`crate::store::Store::feed`] for a
    /// complete account.
    pub fn subscribe(&self) -> Receiver<Arc<Entry>> {
        let (to, from) = sync_channel(BEHIND);
        lock(&self.0.subscribers).push(to);
        from
    }

    /// Ends every decision that is being made now, from another thread: their scripts stop at their next step, nothing of them is stored, and whoever submitted gets
    /// [`Error::Interrupted`], upon which the same command may be sent again. What begins afterwards is not concerned.
    ///
    /// It is a backstop, for instance before the program stops: scripts are bounded by their fuel, a few milliseconds at most.
    pub fn interrupt(&self) {
        self.0.interrupt.interrupt();
    }

    fn publish<'e>(&self, entries: impl Iterator<Item = &'e Arc<Entry>> + Clone) {
        {
            let mut record = lock(&self.0.record);
            entries.clone().for_each(|e| record.count(e));
        }
        lock(&self.0.look).stir();
        let mut subscribers = lock(&self.0.subscribers);
        if subscribers.is_empty() {
            return;
        }
        let mut lost = 0u64;
        for entry in entries {
            subscribers.retain(|s| match s.try_send(entry.clone()) {
                Ok(()) => true,
                Err(TrySendError::Full(_)) => {
                    lost = lost.saturating_add(1);
                    false
                }
                Err(TrySendError::Disconnected(_)) => false,
            });
        }
        drop(subscribers);
        if lost > 0 {
            let mut kept = lock(&self.0.kept);
            kept.lost_subscribers = kept.lost_subscribers.saturating_add(lost);
        }
    }
}
