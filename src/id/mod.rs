//! Identifiers, revisions and instants.
//!
//! What it is: the small typed names every other room speaks in, so that a group can never be passed where a state is meant.
//! What it never does: look anything up, read a clock, or draw a random number (a [`TicketId`] comes from the host).
//! Read next: [`crate::diagnostic`], then [`crate::ticket`].

mod instant;
mod name;

pub use instant::{LongTime, UtcInstant, at_door, micros, serde_instant, serde_instant_opt};
pub use name::*;

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// Identity of a ticket: a UUID, version 7 when made by the shell, derived when a ticket begets another.
///
/// ```
/// use ticketry::id::TicketId;
/// let id = TicketId::from_u128(7);
/// assert_eq!(id.to_string().parse::<TicketId>().ok(), Some(id));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TicketId(Uuid);

impl TicketId {
    /// The id with these 128 bits.
    pub const fn from_u128(bits: u128) -> Self {
        Self(Uuid::from_u128(bits))
    }
    /// The 128 bits of this id.
    pub const fn as_u128(self) -> u128 {
        self.0.as_u128()
    }
    /// The sixteen bytes, big-endian: the order of ids is the order of these bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
    /// An id made of a millisecond timestamp and 74 random bits, as UUID version 7 lays them out (RFC 9562, 5.7).
    pub fn v7(unix_millis: u64, random: [u8; 10]) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(unix_millis, &random).into_uuid())
    }
    /// The id of something that belongs to this ticket: the `index`-th thing made at `revision`: every other id derives, so that a repeated decision makes the same ones.
    pub fn derive(self, revision: Revision, index: u32) -> Self {
        use sha2::{Digest as _, Sha256};
        let mut h = Sha256::new();
        h.update(self.0.as_bytes());
        h.update(revision.get().to_be_bytes());
        h.update(index.to_be_bytes());
        let mut bits = [0u8; 16];
        for (to, from) in bits.iter_mut().zip(h.finalize()) {
            *to = from;
        }
        Self(uuid::Builder::from_custom_bytes(bits).into_uuid())
    }
}

impl TicketId {
    /// The record of the desk itself: not a ticket of anybody's. Its journal says which rules were suspended (S24); no query finds it.
    pub const DESK: Self = Self(Uuid::max());
}
impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl fmt::Debug for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TicketId({})", self.0)
    }
}
impl FromStr for TicketId {
    type Err = BadId;
    fn from_str(s: &str) -> Result<Self, BadId> {
        Uuid::parse_str(s).map(Self).map_err(|_| BadId(s.chars().take(64).collect()))
    }
}

/// A text that is no id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no ticket id; a ticket id is a UUID such as 0192f0c1-2345-7abc-8def-0123456789ab")]
pub struct BadId(String);

/// How many entries a ticket's journal holds; the first entry makes revision 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(u64);

impl Revision {
    /// Before the first entry.
    pub const ZERO: Self = Self(0);
    /// The revision with this number.
    pub const fn new(n: u64) -> Self {
        Self(n)
    }
    /// Its number.
    pub const fn get(self) -> u64 {
        self.0
    }
    /// The next one.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}
impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

/// SHA-256 of something: a playbook, the facts used.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of the concatenation of `parts`, each preceded by its length so that boundaries count.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        use sha2::{Digest as _, Sha256};
        let mut h = Sha256::new();
        for part in parts {
            h.update((part.len() as u64).to_be_bytes());
            h.update(part);
        }
        let mut out = [0u8; 32];
        for (to, from) in out.iter_mut().zip(h.finalize()) {
            *to = from;
        }
        Self(out)
    }
    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
    /// The first eight bytes as a number, for seeds and short names.
    pub fn short(&self) -> u64 {
        self.0.iter().take(8).fold(0u64, |n, b| (n << 8) | u64::from(*b))
    }
}
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({:016x}…)", self.short())
    }
}
