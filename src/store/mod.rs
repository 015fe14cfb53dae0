//! Stores: where tickets live.
//!
//! What it is: [`Store`], the one trait behind which a host keeps tickets in its own database; [`AnyStore`], any of them behind one
//! type; [`MemoryStore`] and, with the feature `redb`, `RedbStore`, one durable file.
//! What it never does: decide, look at a clock, know a workflow or a script. A store sees tickets, entries and conditions, nothing else.
//! Read next: the guide below, [`Commit`], [`Query`], then [`crate::engine`], which makes commits.
//!
//! # How to write a store
//!
//! A host that has a database keeps tickets there, next to its own rows, in its own transactions. What it must give, in the order in
//! which it is best written:
//!
//! 1. **Tables.** Tickets (id, record, and the columns lists filter by: [`crate::ticket::wire::v1::Header`] names them), journal
//!    ((ticket, revision) → record, unique), commits (id → receipt, unique), claims ((agent, slot) → ticket, unique), outbox (in commit
//!    order). Records are the bytes of [`crate::ticket::wire::v1`]: never your own serialisation of [`crate::ticket::Ticket`]. With
//!    several tenants, the tenant comes first in every key.
//! 2. **[`Store::commit`]**, one transaction for the group. For each commit in order: seen its id → `Duplicate` with the first receipt;
//!    [`Commit::check`] fails → `Failed`; any `writes[i].before` or `reads[i]` is not where the ticket stands → `Conflict`; a claim is
//!    another ticket's, after *all* releases of the commit → `Taken`; else write everything. What a ticket held, less its releases, plus
//!    its takes, must be [`Claim::held_by`] the new one. Answer only when it is durable. Unique keys are the second guard: a lost
//!    update becomes a key violation.
//! 3. **`receipts`, `load`, `journal`, `feed`**. Answers stand in the order of the question. A feed position must not be overtaken by a
//!    commit that began earlier and ends later: assign it under the lock that orders commits, or hold readers back.
//! 4. **`find`, `count`**. [`Query::matches`] is the meaning, [`Query::key`] the order; use indexes for what you can, and filter the rest
//!    with them, conditions included.
//! 5. **`holdings`, `next_wake`, `due`, `next_delivery`, `pending`, `settle`, `reserve_numbers`.** The wake index is one column,
//!    `wake_at`; there are no timers to arm. A lease is a serial and an end: who holds the newest serial of a thing may settle it.
//!
//! What not to do: keep a shared counter row in the transaction (measured 12 times slower), `NOTIFY` inside it (7 times), read a clock,
//! or answer `Stored` before it is. An error that may go away by itself is [`StoreErrorKind::Unavailable`]; after it the desk asks
//! `receipts` whether the commit got through and sends it again under the same id.
//!
//! The judge is `store_conformance!` (feature `conformance`): one test per clause. While a store is half written, `conformance::run`
//! judges a single clause:
//!
//! ```
//! use std::{collections::BTreeMap, sync::{Arc, Mutex}};
//! use ticketry::{id::*, store::*, ticket::{Effect, Entry, Ticket}};
//!
//! #[derive(Debug, Default)]
//! struct MyStore(Mutex<Tables>);
//!
//! #[derive(Debug, Default)]
//! struct Tables {
//!     tickets: BTreeMap<TicketId, Arc<Ticket>>,
//!     journal: BTreeMap<(TicketId, Revision), Arc<Entry>>,
//!     receipts: BTreeMap<CommitId, Receipt>,
//! }
//!
//! impl Tables {
//!     fn stands_at(&self, id: TicketId) -> Revision {
//!         self.tickets.get(&id).map_or(Revision::ZERO, |t| t.revision)
//!     }
//!     fn commit(&mut self, c: &Commit) -> Outcome {
//!         if let Some(first) = self.receipts.get(&c.id) {
//!             return Outcome::Duplicate(first.clone());
//!         }
//!         if let Err(e) = c.check() {
//!             return Outcome::Failed(e);
//!         }
//!         let expected = c.writes.iter().map(|w| (w.ticket.id, w.before)).chain(c.reads.iter().copied());
//!         for (ticket, revision) in expected {
//!             let current = self.stands_at(ticket);
//!             if current != revision {
//!                 return Outcome::Conflict { ticket, current };
//!             }
//!         }
//!         // Still to come: claims and effects.
//!         for w in &c.writes {
//!             self.tickets.insert(w.ticket.id, w.ticket.clone());
//!             self.journal.insert((w.ticket.id, w.ticket.revision), w.entry.clone());
//!         }
//!         self.receipts.insert(c.id.clone(), c.receipt());
//!         Outcome::Stored(c.receipt())
//!     }
//! }
//!
//! fn later<T>() -> Result<T> {
//!     Err(StoreError::new(StoreErrorKind::Broken, "not written yet"))
//! }
//!
//! impl Store for MyStore {
//!     fn capabilities(&self) -> Capabilities { Capabilities::new("mine") }
//!     async fn commit(&self, group: Vec<Commit>) -> Vec<Outcome> {
//!         let mut tables = self.0.lock().unwrap();
//!         group.iter().map(|c| tables.commit(c)).collect()
//!     }
//!     async fn receipts(&self, ids: &[CommitId]) -> Result<Vec<Option<Receipt>>> {
//!         let tables = self.0.lock().unwrap();
//!         Ok(ids.iter().map(|id| tables.receipts.get(id).cloned()).collect())
//!     }
//!     async fn load(&self, ids: &[TicketId]) -> Result<Vec<Option<Arc<Ticket>>>> {
//!         let tables = self.0.lock().unwrap();
//!         Ok(ids.iter().map(|id| tables.tickets.get(id).cloned()).collect())
//!     }
//!     async fn journal(&self, of: TicketId, after: Option<Revision>, limit: Limit) -> Result<Page<Entry, Revision>> {
//!         let tables = self.0.lock().unwrap();
//!         let from = (of, after.unwrap_or(Revision::ZERO).next());
//!         let mut rest = tables.journal.range(from..=(of, Revision::new(u64::MAX))).map(|(_, e)| (**e).clone());
//!         let items: Vec<Entry> = rest.by_ref().take(limit.get()).collect();
//!         Ok(Page { next: items.last().map(|e| e.revision), more: rest.next().is_some(), items })
//!     }
//!     async fn feed(&self, _: Option<Position>, _: Limit) -> Result<Page<Entry, Position>> { later() }
//!     async fn find(&self, _: &Query, _: Option<&Cursor>, _: Limit) -> Result<Page<Arc<Ticket>, Cursor>> { later() }
//!     async fn count(&self, _: &Query, _: &[Axis]) -> Result<Counts> { later() }
//!     async fn holdings(&self, _: &[AgentId]) -> Result<Vec<Holding>> { later() }
//!     async fn next_wake(&self) -> Result<Option<UtcInstant>> { later() }
//!     async fn due(&self, _: UtcInstant, _: Lease, _: Slice, _: Limit) -> Result<Vec<Due>> { later() }
//!     async fn next_delivery(&self) -> Result<Option<UtcInstant>> { later() }
//!     async fn pending(&self, _: Lease, _: Limit) -> Result<Vec<Leased<Effect>>> { later() }
//!     async fn settle(&self, _: &LeaseToken, _: Settled) -> Result<bool> { later() }
//!     async fn reserve_numbers(&self, _: u32) -> Result<u64> { later() }
//! }
//!
//! # #[cfg(feature = "conformance")] {
//! use ticketry::store::conformance::run;
//! for clause in ["creates_a_ticket", "refuses_a_stale_revision", "applies_a_group_in_order", "a_commit_is_all_or_nothing", "pages_a_journal"] {
//!     run(clause, MyStore::default).unwrap();
//! }
//! assert!(run("a_slot_has_one_holder", MyStore::default).is_err()); // not yet
//! # }
//! ```

mod any;
mod commit;
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod index;
mod lease;
mod memory;
mod model;
mod query;
#[cfg(feature = "redb")]
mod redb;
mod traits;
mod wakes;

#[cfg(feature = "redb")]
pub use self::redb::RedbStore;
pub use any::AnyStore;
pub use commit::{Claim, Commit, Outcome, Receipt, Write};
pub use error::{StoreError, StoreErrorKind};
pub use lease::{Due, Lease, LeaseOf, LeaseToken, Leased, Settled};
pub use memory::MemoryStore;
pub use model::{Axis, BadCursor, Capabilities, Counts, Cursor, Holding, Limit, Page, Position, Slice};
pub use query::{Order, Query};
pub use traits::{Result, Store, StoreExt};
pub use wakes::Wakes;
