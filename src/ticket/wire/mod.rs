//! Record bytes: what a store writes.
//!
//! What it is: one codec per format version ([`v1`]), behind a version byte; header apart from body.
//! What it never does: change a version that was released. A change adds `v2` with a frozen copy of the old shapes and an upcaster;
//! golden bytes in `tests/it/ticket` catch any drift of `v1`.
//! Read next: [`crate::store`].

pub mod v1;

/// Why bytes are no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The version byte is none this build knows.
    #[error("record format {0} is unknown to this version of the library; open the store with a newer one")]
    UnknownVersion(u8),
    /// The bytes end too soon or say something impossible.
    #[error("damaged record: {0}")]
    Damaged(String),
}
