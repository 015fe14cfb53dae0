//! What a store says when it cannot.

use crate::ticket::wire::WireError;
use std::fmt;

/// A store could not do what was asked.
///
/// ```
/// use ticketry::store::{StoreError, StoreErrorKind};
/// let e = StoreError::new(StoreErrorKind::Unavailable, "the database does not answer; try again in a moment");
/// assert!(e.retryable());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    kind: StoreErrorKind,
    message: String,
}

/// Which kind of trouble it is; what a host may decide on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// It does not answer now: connection, time-out, too many waiting. Try again.
    Unavailable,
    /// Another process has it, or a lock was not to be had. Try again later.
    Busy,
    /// The request can never be right: a write that does not fit its entry, a condition that failed.
    Invalid,
    /// There is no such store, or there is one already where a new one was to be made.
    Missing,
    /// What is stored is damaged.
    Damaged,
    /// It was written by a version this one does not know.
    Version,
    /// No space or no permission to write.
    Full,
    /// Anything else that went wrong with reading or writing.
    Broken,
}

impl StoreErrorKind {
    /// Its stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unavailable => "store-unavailable",
            Self::Busy => "store-busy",
            Self::Invalid => "store-invalid",
            Self::Missing => "store-missing",
            Self::Damaged => "store-damaged",
            Self::Version => "store-version",
            Self::Full => "store-full",
            Self::Broken => "store-broken",
        }
    }
}
impl fmt::Display for StoreErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl StoreError {
    /// An error of this kind; the message is lower-case and says what to do.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
    /// Which kind.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
    /// What to say.
    pub fn message(&self) -> &str {
        &self.message
    }
    /// Whether the same request may succeed later without any change.
    pub fn retryable(&self) -> bool {
        matches!(self.kind, StoreErrorKind::Unavailable | StoreErrorKind::Busy)
    }
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StoreErrorKind::Invalid, message)
    }
}

impl From<WireError> for StoreError {
    fn from(e: WireError) -> Self {
        match e {
            WireError::UnknownVersion(_) => Self::new(StoreErrorKind::Version, e.to_string()),
            WireError::Damaged(_) => Self::new(StoreErrorKind::Damaged, format!("{e}; restore the store from a backup")),
        }
    }
}
