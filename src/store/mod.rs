//! Stores: where tickets live.
//!
//! What it is: [`Store`], the one trait behind which a host keeps tickets in its own database; [`AnyStore`], any of them behind one
//! type; [`MemoryStore`] and, with the feature `redb`, [`RedbStore`], one durable file.
//! What it never does: decide, look at a clock, know a workflow or a script. A store sees tickets, entries and conditions, nothing else.
//! Read next: [`Commit`], [`Query`], then [`crate::engine`], which makes commits.

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
