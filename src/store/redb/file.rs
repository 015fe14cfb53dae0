//! The file: its tables, how it is made and opened, and what its troubles are called.

use super::super::index::{Index, Parcel};
use super::super::{Receipt, Result, StoreError, StoreErrorKind};
use super::{Shared, Writer};
use crate::id::*;
use crate::ticket::wire::{WireError, v1};
use ::redb::{
    Builder, CommitError, Database, DatabaseError, Error, ReadableDatabase as _, ReadableTable as _, ReadableTableMetadata as _,
    StorageError, TableDefinition, TableError, TableHandle as _, TransactionError, backends::FileBackend,
};
use std::{
    fs::OpenOptions,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Mutex, RwLock},
};

/// The layout below. Records carry a version byte of their own.
const FORMAT_VERSION: u64 = 1;
/// Pages kept in memory.
const CACHE: usize = 64 << 20;

/// Names of single numbers: the layout, how many human numbers were given out, how often the file was opened.
pub(super) const META: TableDefinition<&str, u64> = TableDefinition::new("meta");
const FORMAT: &str = "format";
pub(super) const NUMBERS: &str = "numbers";
const OPENS: &str = "opens";
/// Position → entry: append-ordered, the truth.
pub(super) const LOG: TableDefinition<u64, &[u8]> = TableDefinition::new("log");
/// (Ticket, revision) → position.
pub(super) const JOURNAL: TableDefinition<(u128, u64), u64> = TableDefinition::new("journal");
/// Ticket → its record.
pub(super) const TICKETS: TableDefinition<u128, &[u8]> = TableDefinition::new("tickets");
/// Ticket → its header.
pub(super) const HEADERS: TableDefinition<u128, &[u8]> = TableDefinition::new("headers");
/// Commit → receipt.
pub(super) const RECEIPTS: TableDefinition<&str, &[u8]> = TableDefinition::new("receipts");
/// Number → effect with its attempts.
pub(super) const OUTBOX: TableDefinition<u64, &[u8]> = TableDefinition::new("outbox");
/// Agent → last assignment, microseconds.
pub(super) const AGENTS: TableDefinition<&str, i64> = TableDefinition::new("agents");

impl v1::Record for Receipt {}
impl v1::Record for Parcel {}

pub(super) fn create(path: &Path) -> Result<Shared> {
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(path).map_err(|e| of_io(path, &e))?;
    opened(path, || builder().create_with_backend(FileBackend::new(file)?))
}

/// Makes the file, or fills one of no bytes.
pub(super) fn create_or_fill(path: &Path) -> Result<Shared> {
    opened(path, || builder().create(path))
}

pub(super) fn open(path: &Path) -> Result<Shared> {
    opened(path, || builder().open(path))
}

fn builder() -> Builder {
    let mut b = Builder::new();
    b.set_cache_size(CACHE);
    b
}

fn opened(path: &Path, open: impl FnOnce() -> Result<Database, DatabaseError>) -> Result<Shared> {
    let name = path.display();
    // Kept outside: closed while unwinding it might panic a second time, which nothing catches.
    let mut db = None;
    let all = || -> Result<(Index, Writer), Fault> {
        let db = db.insert(open()?);
        let index = begin(db)?;
        let position = db.begin_read()?.open_table(LOG)?.last()?.map_or(0, |(p, _)| p.value().saturating_add(1));
        Ok((index, Writer { position, forgotten: Vec::new() }))
    };
    let result = catch_unwind(AssertUnwindSafe(all)).unwrap_or_else(|_| Err(damaged("it cannot be read")));
    let result = match result {
        Ok((index, writer)) => Ok(Shared { path: path.to_owned(), db, index: RwLock::new(index), writer: Mutex::new(writer) }),
        Err(fault) => {
            close(db);
            Err(fault)
        }
    };
    result.map_err(|fault| match fault {
        Fault::Store(e) => StoreError::new(e.kind(), format!("{name}: {}", e.message())),
        Fault::Redb(Error::Io(e)) => of_io(path, &e),
        Fault::Redb(Error::DatabaseAlreadyOpen | Error::LockProtocolMismatch) => StoreError::new(
            StoreErrorKind::Busy,
            format!("{name} is in use by another process or by this one already; close it there, or open another file"),
        ),
        Fault::Redb(Error::UpgradeRequired(_)) => StoreError::new(
            StoreErrorKind::Version,
            format!("{name} has a file format this version does not read; open it with the version that wrote it"),
        ),
        Fault::Redb(e) => {
            let e = StoreError::from(Fault::Redb(e));
            StoreError::new(e.kind(), format!("{name}: {}", e.message()))
        }
    })
}

fn of_io(path: &Path, e: &io::Error) -> StoreError {
    let name = path.display();
    let (kind, message) = match e.kind() {
        io::ErrorKind::NotFound => (StoreErrorKind::Missing, format!("there is no {name}; create the store first, or give another path")),
        io::ErrorKind::AlreadyExists => (StoreErrorKind::Missing, format!("{name} is there already; open it, or give another path")),
        io::ErrorKind::PermissionDenied => (StoreErrorKind::Full, format!("{name} may not be written; give this user the right to")),
        io::ErrorKind::InvalidData => {
            (StoreErrorKind::Damaged, format!("{name} is no store or is damaged ({e}); restore it from a backup"))
        }
        io::ErrorKind::StorageFull => (StoreErrorKind::Full, format!("no space is left for {name}; make room and open it again")),
        _ => (StoreErrorKind::Broken, format!("{name} cannot be opened ({e}); check the path and the disk")),
    };
    StoreError::new(kind, message)
}

/// Makes the tables of a new file, checks those of an old one, and fills the index.
fn begin(db: &Database) -> Result<Index, Fault> {
    let tx = db.begin_write()?;
    let known = tx.list_tables()?.map(|t| t.name().to_owned()).collect::<Vec<_>>();
    if !known.is_empty() && !known.iter().any(|t| t == META.name()) {
        return Err(Fault::Store(StoreError::new(
            StoreErrorKind::Damaged,
            "this file holds something else, no tickets; give another path",
        )));
    }
    let opens = {
        let mut meta = tx.open_table(META)?;
        let format = meta.get(FORMAT)?.map(|n| n.value());
        match format {
            Some(FORMAT_VERSION) => {}
            Some(other) => {
                let message = format!(
                    "the file has layout {other}, this version reads layout {FORMAT_VERSION}; open it with a newer version of the library"
                );
                return Err(Fault::Store(StoreError::new(StoreErrorKind::Version, message)));
            }
            None if known.len() > 1 => return Err(damaged("its layout is not recorded")),
            None => drop(meta.insert(FORMAT, FORMAT_VERSION)?),
        }
        let opens = meta.get(OPENS)?.map_or(0, |n| n.value()).saturating_add(1);
        meta.insert(OPENS, opens)?;
        opens
    };
    // Opening makes them where they are not; everything that reads may then rely on them.
    let (log, journal) = (tx.open_table(LOG)?.len()?, tx.open_table(JOURNAL)?.len()?);
    let (tickets, headers) = (tx.open_table(TICKETS)?.len()?, tx.open_table(HEADERS)?.len()?);
    if log != journal || tickets != headers {
        return Err(damaged("its tables do not fit each other"));
    }
    // Above every serial of an earlier life, as long as none gave four thousand million leases.
    let mut index = Index::starting_at(opens.saturating_mul(1 << 32));
    for item in tx.open_table(HEADERS)?.iter()? {
        index.put(v1::decode(item?.1.value())?);
    }
    for item in tx.open_table(AGENTS)?.iter()? {
        let (agent, at) = item?;
        let at = chrono::DateTime::from_timestamp_micros(at.value()).ok_or_else(|| damaged("an instant is out of range"))?;
        index.put_last_assigned(AgentId::new(agent.value()), at);
    }
    for item in tx.open_table(RECEIPTS)?.iter()? {
        index.put_receipt(v1::decode(item?.1.value())?);
    }
    for item in tx.open_table(OUTBOX)?.iter()? {
        let (n, parcel) = item?;
        index.put_parcel(n.value(), v1::decode(parcel.value())?);
    }
    tx.commit()?;
    Ok(index)
}

/// Closes the file. That writes too, and the database panics on some damage: then the file is as a crash would leave it, and what opens it next tells.
pub(super) fn close(db: Option<Database>) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(db)));
}

/// Runs something that reads or writes the file. The database panics on some damage; that is an error, like all other damage.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, Fault>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(damaged("it cannot be read"))).map_err(StoreError::from)
}

pub(super) fn damaged(what: &str) -> Fault {
    Fault::Store(StoreError::new(StoreErrorKind::Damaged, format!("the store is damaged: {what}; restore it from a backup")))
}

/// Any trouble inside, before it gets a name of ours.
pub(super) enum Fault {
    Redb(Error),
    Store(StoreError),
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Store(e) => e,
            Fault::Redb(Error::Io(e)) if e.kind() == io::ErrorKind::StorageFull => {
                Self::new(StoreErrorKind::Full, "no space is left for the store; make room and open it again")
            }
            Fault::Redb(Error::Corrupted(what)) => {
                Self::new(StoreErrorKind::Damaged, format!("the store is damaged ({what}); restore it from a backup"))
            }
            Fault::Redb(Error::PreviousIo) => {
                Self::new(StoreErrorKind::Broken, "writing to the store failed before; close it, look at the disk, and open it again")
            }
            Fault::Redb(e) => Self::new(
                StoreErrorKind::Broken,
                format!("the store could not be read or written ({e}); look at the disk, and open it again"),
            ),
        }
    }
}
impl From<StoreError> for Fault {
    fn from(e: StoreError) -> Self {
        Self::Store(e)
    }
}
impl From<WireError> for Fault {
    fn from(e: WireError) -> Self {
        Self::Store(e.into())
    }
}
impl From<DatabaseError> for Fault {
    fn from(e: DatabaseError) -> Self {
        Self::Redb(e.into())
    }
}
impl From<TransactionError> for Fault {
    fn from(e: TransactionError) -> Self {
        Self::Redb(e.into())
    }
}
impl From<TableError> for Fault {
    fn from(e: TableError) -> Self {
        Self::Redb(e.into())
    }
}
impl From<StorageError> for Fault {
    fn from(e: StorageError) -> Self {
        Self::Redb(e.into())
    }
}
impl From<CommitError> for Fault {
    fn from(e: CommitError) -> Self {
        Self::Redb(e.into())
    }
}
