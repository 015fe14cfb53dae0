//! The embedded store: one file, durable when [`Store::commit`] answers.
//!
//! What it is: a log of entries, the latest record of every ticket, and small headers from which the in-memory index (wake instants,
//! slots, threads, requesters) is rebuilt at open. A group of commits is one transaction and one sync to disk.
//! What it never does: show a database type, keep a lease over a restart (they end with the process), or share its file with a second
//! process. A process that is killed loses nothing it acknowledged and leaves nothing half written.
//! Read next: `file` for the layout of the file, [`crate::store`] for what a store owes.

mod file;

use self::file::{Fault, HEADERS, JOURNAL, LOG, META, NUMBERS, OUTBOX, RECEIPTS, TICKETS, guarded};
use super::index::{Change, Index, Parcel, RECEIPTS_KEPT, assigned, count, page};
use super::*;
use crate::id::*;
use crate::ticket::wire::v1;
use crate::ticket::{Effect, EffectKey, Entry, Ticket};
use ::redb::{Database, ReadableDatabase as _, ReadableTable as _};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

/// Tickets in one file. Clones are one store; the file is released when the last one goes.
///
/// Its futures do their reading and writing when polled and are then ready: run them where blocking is fine.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use ticketry::store::{RedbStore, Store};
/// let folder = tempfile::tempdir()?;
/// let store = RedbStore::create(folder.path().join("desk.tickets"))?;
/// assert!(store.capabilities().durable);
/// let twice = RedbStore::open(folder.path().join("desk.tickets"));
/// assert!(twice.is_err_and(|e| e.retryable() && e.message().contains("in use")));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct RedbStore(Arc<Shared>);

struct Shared {
    path: PathBuf,
    /// There until it is dropped.
    db: Option<Database>,
    index: RwLock<Index>,
    /// Held over judging, writing and applying: one group at a time.
    writer: Mutex<Writer>,
}

/// What only the one who writes needs.
struct Writer {
    /// The next position of the log.
    position: u64,
    /// Receipts to remove from the file with the next group.
    forgotten: Vec<CommitId>,
}

impl fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbStore").field("path", &self.0.path).finish_non_exhaustive()
    }
}

impl RedbStore {
    /// Makes a new, empty store.
    ///
    /// # Errors
    /// There is a file of that name, or it cannot be made.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        file::create(path.as_ref()).map(|s| Self(Arc::new(s)))
    }
    /// Opens a store. Time grows with the number of tickets (their headers are read), and with the size of the file after a crash.
    ///
    /// # Errors
    /// No such file; in use by another process (retryable); damaged; no store; written by a newer version.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        file::open(path.as_ref()).map(|s| Self(Arc::new(s)))
    }
    /// Opens the store, or makes it where there is none.
    ///
    /// # Errors
    /// Those of [`RedbStore::open`] and [`RedbStore::create`].
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        match std::fs::metadata(path) {
            Ok(m) if m.len() > 0 => Self::open(path),
            _ => file::create_or_fill(path).map(|s| Self(Arc::new(s))),
        }
    }
    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.0.path
    }
    /// Effects that are never to be tried again, with the reason.
    pub fn dead(&self) -> Vec<(Effect, String)> {
        self.0.read().dead()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        file::close(self.db.take());
    }
}

impl Shared {
    fn db(&self) -> std::result::Result<&Database, Fault> {
        self.db.as_ref().ok_or_else(|| file::damaged("it is closed"))
    }
    fn read(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }
    fn change(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }
    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn commit(&self, group: &[Commit]) -> Vec<Outcome> {
        let mut writer = self.writer();
        let (outcomes, parcel) = {
            let index = self.read();
            let mut judge = index.judge();
            (group.iter().map(|c| judge.commit(c)).collect::<Vec<_>>(), index.next_parcel())
        };
        let stored: Vec<&Commit> = group.iter().zip(&outcomes).filter(|(_, o)| o.is_stored()).map(|(c, _)| c).collect();
        if stored.is_empty() {
            return outcomes;
        }
        match guarded(|| self.write(&stored, writer.position, parcel, &writer.forgotten)) {
            Ok(position) => {
                writer.position = position;
                let mut index = self.change();
                stored.iter().for_each(|c| index.apply(c));
                writer.forgotten = index.forget(RECEIPTS_KEPT);
                outcomes
            }
            // Answers of later commits may rest on those that now are not there.
            Err(e) => group.iter().map(|_| Outcome::Failed(e.clone())).collect(),
        }
    }

    /// One transaction for all; the answer is the next position.
    fn write(&self, stored: &[&Commit], mut position: u64, mut parcel: u64, forgotten: &[CommitId]) -> Result<u64, Fault> {
        let tx = self.db()?.begin_write()?;
        {
            let mut log = tx.open_table(LOG)?;
            let mut journal = tx.open_table(JOURNAL)?;
            let mut receipts = tx.open_table(RECEIPTS)?;
            for id in forgotten {
                receipts.remove(id.as_str())?;
            }
            // Of several writes to one ticket in a group only the last record stays.
            let mut last = std::collections::BTreeMap::new();
            for c in stored {
                for w in &c.writes {
                    log.insert(position, v1::encode(&*w.entry)?.as_slice())?;
                    journal.insert((w.ticket.id.as_u128(), w.entry.revision.get()), position)?;
                    position = position.saturating_add(1);
                    last.insert(w.ticket.id, &*w.ticket);
                }
                receipts.insert(c.id.as_str(), v1::encode(&c.receipt())?.as_slice())?;
            }
            let mut tickets = tx.open_table(TICKETS)?;
            let mut headers = tx.open_table(HEADERS)?;
            for (id, ticket) in last {
                tickets.insert(id.as_u128(), v1::encode(ticket)?.as_slice())?;
                headers.insert(id.as_u128(), v1::encode(&v1::Header::of(ticket))?.as_slice())?;
            }
            let mut agents = tx.open_table(file::AGENTS)?;
            for (agent, at) in stored.iter().flat_map(|c| assigned(c)) {
                agents.insert(agent.as_str(), micros(at))?;
            }
            let mut outbox = tx.open_table(OUTBOX)?;
            for e in stored.iter().flat_map(|c| &c.effects) {
                outbox.insert(parcel, v1::encode(&Parcel::new(e.clone()))?.as_slice())?;
                parcel = parcel.saturating_add(1);
            }
        }
        tx.commit()?;
        Ok(position)
    }

    fn settle_effect(&self, key: EffectKey, serial: u64, how: &Settled) -> Result<bool> {
        let _one_at_a_time = self.writer();
        let Some(change) = self.read().judge_settling(key, serial, how) else { return Ok(false) };
        guarded(|| {
            let tx = self.db()?.begin_write()?;
            {
                let mut outbox = tx.open_table(OUTBOX)?;
                match &change {
                    Change::Removed(n) => drop(outbox.remove(n)?),
                    Change::Kept(n, p) => drop(outbox.insert(n, v1::encode(&**p)?.as_slice())?),
                }
            }
            Ok(tx.commit()?)
        })?;
        self.change().apply_settling(change);
        Ok(true)
    }

    /// Reads tickets within one view of the file.
    fn with_tickets<T>(&self, then: impl FnOnce(&mut Fetch<'_>) -> Result<T>) -> Result<T> {
        guarded(|| {
            let tickets = self.db()?.begin_read()?.open_table(TICKETS)?;
            let mut fetch = |id: TicketId| -> Result<Option<Arc<Ticket>>> {
                let found = tickets.get(id.as_u128()).map_err(|e| StoreError::from(Fault::from(e)))?;
                found.map(|bytes| v1::decode(bytes.value()).map(Arc::new).map_err(StoreError::from)).transpose()
            };
            Ok(then(&mut fetch)?)
        })
    }
}

type Fetch<'a> = dyn FnMut(TicketId) -> Result<Option<Arc<Ticket>>> + 'a;

impl Store for RedbStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities::new("redb").durable()
    }

    async fn commit(&self, group: Vec<Commit>) -> Vec<Outcome> {
        self.0.commit(&group)
    }

    async fn receipts(&self, ids: &[CommitId]) -> Result<Vec<Option<Receipt>>> {
        let index = self.0.read();
        Ok(ids.iter().map(|id| index.receipt(id).cloned()).collect())
    }

    async fn load(&self, ids: &[TicketId]) -> Result<Vec<Option<Arc<Ticket>>>> {
        self.0.with_tickets(|fetch| ids.iter().map(|id| fetch(*id)).collect())
    }

    async fn journal(&self, of: TicketId, after: Option<Revision>, limit: Limit) -> Result<Page<Entry, Revision>> {
        let from = (of.as_u128(), after.map_or(0, |r| r.get().saturating_add(1)));
        let mut page = Page::empty();
        guarded(|| {
            let tx = self.0.db()?.begin_read()?;
            let (journal, log) = (tx.open_table(JOURNAL)?, tx.open_table(LOG)?);
            for place in journal.range(from..=(of.as_u128(), u64::MAX))? {
                if page.items.len() >= limit.get() {
                    page.more = true;
                    break;
                }
                let (_, position) = place?;
                let bytes = log.get(position.value())?.ok_or_else(|| file::damaged("the journal names an entry that is not in the log"))?;
                let entry: Entry = v1::decode(bytes.value())?;
                page.next = Some(entry.revision);
                page.items.push(entry);
            }
            Ok(())
        })?;
        Ok(page)
    }

    async fn feed(&self, after: Option<Position>, limit: Limit) -> Result<Page<Entry, Position>> {
        let from = after.map_or(0, |p| p.get().saturating_add(1));
        let mut page = Page::empty();
        guarded(|| {
            let log = self.0.db()?.begin_read()?.open_table(LOG)?;
            for item in log.range(from..)? {
                if page.items.len() >= limit.get() {
                    page.more = true;
                    break;
                }
                let (position, bytes) = item?;
                page.next = Some(Position::new(position.value()));
                page.items.push(v1::decode(bytes.value())?);
            }
            Ok(())
        })?;
        Ok(page)
    }

    async fn find(&self, query: &Query, after: Option<&Cursor>, limit: Limit) -> Result<Page<Arc<Ticket>, Cursor>> {
        let heap = self.0.read().candidates(query, after, Some(limit));
        self.0.with_tickets(|fetch| page(heap, query, limit, fetch))
    }

    async fn count(&self, query: &Query, by: &[Axis]) -> Result<Counts> {
        let index = self.0.read();
        self.0.with_tickets(|fetch| count(&index, query, by, fetch))
    }

    async fn holdings(&self, agents: &[AgentId]) -> Result<Vec<Holding>> {
        Ok(self.0.read().holdings(agents))
    }

    async fn next_wake(&self) -> Result<Option<UtcInstant>> {
        Ok(self.0.change().next_wake())
    }

    async fn due(&self, until: UtcInstant, lease: Lease, slice: Slice, limit: Limit) -> Result<Vec<Due>> {
        Ok(self.0.change().due(until, &lease, slice, limit))
    }

    async fn next_delivery(&self) -> Result<Option<UtcInstant>> {
        Ok(self.0.read().next_delivery())
    }

    async fn pending(&self, lease: Lease, limit: Limit) -> Result<Vec<Leased<Effect>>> {
        Ok(self.0.change().pending(&lease, limit))
    }

    async fn settle(&self, held: &LeaseToken, how: Settled) -> Result<bool> {
        match held.of {
            LeaseOf::Ticket(id) => Ok(self.0.change().settle_ticket(id, held.serial, &how)),
            LeaseOf::Effect(key) => self.0.settle_effect(key, held.serial, &how),
        }
    }

    async fn reserve_numbers(&self, n: u32) -> Result<u64> {
        let _one_at_a_time = self.0.writer();
        guarded(|| {
            let tx = self.0.db()?.begin_write()?;
            let first = {
                let mut meta = tx.open_table(META)?;
                let given = meta.get(NUMBERS)?.map_or(0, |n| n.value());
                meta.insert(NUMBERS, given.saturating_add(u64::from(n)))?;
                given.saturating_add(1)
            };
            tx.commit()?;
            Ok(first)
        })
    }
}
