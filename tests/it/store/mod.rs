//! The stores: the conformance suite on each, the suite itself, crashes, damage, and one against the other.

#[cfg(feature = "redb")]
mod differential;
#[cfg(feature = "redb")]
mod kill;
#[cfg(feature = "redb")]
mod redb;
mod wrong;

use ticketry::store::MemoryStore;
#[cfg(feature = "redb")]
use ticketry::store::{RedbStore, Store};

ticketry::store_conformance!(memory, MemoryStore::new);
#[cfg(feature = "redb")]
ticketry::store_conformance!(redb_file, redb_store);
ticketry::store_conformance!(any, || ticketry::store::AnyStore::new(MemoryStore::new()));

#[cfg(feature = "redb")]
fn redb_store() -> RedbStore {
    // The folder is removed at once: an open file lives on without its name.
    let folder = tempfile::tempdir().unwrap();
    RedbStore::create(folder.path().join("desk.tickets")).unwrap()
}

#[cfg(feature = "redb")]
#[test]
fn stores_say_what_they_are() {
    assert!(redb_store().capabilities().durable && !MemoryStore::new().capabilities().durable);
}
