//! Leases: who works on a due ticket or an effect, and until when.

use crate::id::*;
use crate::ticket::EffectKey;
use serde::{Deserialize, Serialize};

/// The wish to hold something for a while. A lease that has ended is free for everyone.
///
/// ```
/// use ticketry::{id::UtcInstant, store::Lease};
/// let now = UtcInstant::UNIX_EPOCH;
/// let lease = Lease::for_seconds("host-1", now, 30);
/// assert_eq!(lease.until, now + chrono::TimeDelta::seconds(30));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Who, for people who look.
    pub owner: String,
    /// Now, by the clock of whoever asks.
    #[serde(with = "serde_instant")]
    pub now: UtcInstant,
    /// When it ends by itself. Work that takes longer may be done twice.
    #[serde(with = "serde_instant")]
    pub until: UtcInstant,
}

impl Lease {
    /// A lease from `now` on for so many seconds.
    pub fn for_seconds(owner: impl Into<String>, now: UtcInstant, seconds: u32) -> Self {
        let until = now.checked_add_signed(chrono::TimeDelta::seconds(i64::from(seconds))).unwrap_or(UtcInstant::MAX_UTC);
        Self { owner: owner.into(), now, until }
    }
}

/// What is leased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LeaseOf {
    /// The sweep of a ticket.
    Ticket(TicketId),
    /// The delivery of an effect.
    Effect(EffectKey),
}

/// Proof of a lease: good until the same thing is leased again or, for a ticket, written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LeaseToken {
    /// Of what.
    pub of: LeaseOf,
    /// Different for every lease a store ever gives on the same thing.
    pub serial: u64,
}

/// Something leased, with its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leased<T> {
    /// It.
    pub item: T,
    /// The proof, for [`super::Store::settle`].
    pub token: LeaseToken,
    /// The how-manyeth attempt this is, from 1.
    pub attempt: u32,
}

/// A ticket that something happens to by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub ticket: TicketId,
    /// Where it stood when it was leased.
    pub revision: Revision,
    /// Since when it is due.
    pub wake_at: UtcInstant,
    /// The proof. Writing the ticket ends the lease, so that only a sweep that wrote nothing need settle.
    pub lease: LeaseToken,
}

/// How the work on a lease came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Settled {
    /// Done: an effect leaves the outbox; a ticket may be leased again at once.
    Delivered,
    /// Not done; not to be tried before that instant.
    Retry {
        /// The instant.
        #[serde(with = "serde_instant")]
        not_before: UtcInstant,
    },
    /// Never to be tried again: an effect is kept aside with the reason; a ticket's lease ends as with `Delivered`.
    Dead {
        /// Why.
        why: String,
    },
}
