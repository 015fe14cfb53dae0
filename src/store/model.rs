//! Small values that go in and out of a store.

use crate::id::*;
use crate::ticket::Ticket;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// How many items at most: 1 to 1000.
///
/// ```
/// use ticketry::store::Limit;
/// assert_eq!((Limit::new(0).get(), Limit::new(50).get(), Limit::new(5000).get()), (1, 50, 1000));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Limit(u16);

impl Limit {
    /// The most there is.
    pub const MAX: Self = Self(1000);
    /// This many, drawn into 1..=1000.
    pub fn new(n: usize) -> Self {
        Self(u16::try_from(n.clamp(1, 1000)).unwrap_or(1000))
    }
    /// The number.
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}
impl Default for Limit {
    /// 100.
    fn default() -> Self {
        Self(100)
    }
}

/// A page of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T, C> {
    /// The items.
    pub items: Vec<T>,
    /// The place of the last item: pass it as `after` to go on. None if the page is empty.
    pub next: Option<C>,
    /// There was more when the page was made.
    pub more: bool,
}

impl<T, C> Page<T, C> {
    /// A page with nothing in it.
    pub fn empty() -> Self {
        Self { items: Vec::new(), next: None, more: false }
    }
}

/// A place in the feed. Later entries have greater positions; there may be gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(u64);

impl Position {
    /// The position with this number.
    pub const fn new(n: u64) -> Self {
        Self(n)
    }
    /// Its number.
    pub const fn get(self) -> u64 {
        self.0
    }
}
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A place in the answer to a query: the sort key and the id of the last ticket seen.
///
/// Its text form goes into a link of the host's and back:
/// ```
/// use ticketry::{id::TicketId, store::Cursor};
/// let cursor = Cursor { key: -3, id: TicketId::from_u128(7) };
/// assert_eq!(cursor.to_string().parse(), Ok(cursor));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cursor {
    /// The sort key, [`super::Query::key`].
    pub key: i64,
    /// The ticket.
    pub id: TicketId,
}
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}", self.key, self.id)
    }
}
impl FromStr for Cursor {
    type Err = BadCursor;
    fn from_str(s: &str) -> Result<Self, BadCursor> {
        let (key, id) = s.split_once('~').ok_or(BadCursor)?;
        Ok(Self { key: key.parse().map_err(|_| BadCursor)?, id: id.parse().map_err(|_| BadCursor)? })
    }
}

/// A text that is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a place in a list; start again from the first page")]
pub struct BadCursor;

/// What a store is and can.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Capabilities {
    /// Its name, for people who look: `memory`, `redb`.
    pub name: String,
    /// What it acknowledged survives a crash of the process and of the machine.
    pub durable: bool,
    /// Several processes may use it at once.
    pub shared: bool,
    /// The most commits a group should have.
    pub group: usize,
}

impl Capabilities {
    /// A store of this name: neither durable nor shared, groups of at most 100 commits.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), durable: false, shared: false, group: 100 }
    }
    /// It survives a crash.
    #[must_use]
    pub fn durable(self) -> Self {
        Self { durable: true, ..self }
    }
    /// Several processes may use it.
    #[must_use]
    pub fn shared(self) -> Self {
        Self { shared: true, ..self }
    }
}

/// An axis to count tickets by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// Class of the state.
    Class,
    /// State.
    State,
    /// Whom it waits on.
    WaitsOn,
    /// Group.
    Group,
    /// Assignee.
    Assignee,
    /// Priority.
    Priority,
    /// Type.
    Type,
    /// Channel.
    Channel,
    /// Organisation.
    Organisation,
}

impl Axis {
    /// The ticket's name on this axis, if it has one.
    pub fn of(self, t: &Ticket) -> Option<String> {
        self.of_header(&crate::ticket::wire::v1::Header::of(t))
    }
    pub(crate) fn of_header(self, h: &crate::ticket::wire::v1::Header) -> Option<String> {
        match self {
            Self::Class => Some(h.class.word().to_owned()),
            Self::State => Some(h.state.to_string()),
            Self::WaitsOn => Some(h.waits_on.word().to_owned()),
            Self::Group => h.group.as_ref().map(ToString::to_string),
            Self::Assignee => h.assignee.as_ref().map(ToString::to_string),
            Self::Priority => h.priority.as_ref().map(ToString::to_string),
            Self::Type => Some(h.kind.to_string()),
            Self::Channel => Some(h.channel.to_string()),
            Self::Organisation => h.organisation.as_ref().map(ToString::to_string),
        }
    }
}

/// How many tickets, by the axes asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All of them.
    pub total: u64,
    /// One cell for each combination that occurs: the names in the order of the axes asked for, none where a ticket has none.
    /// Without axes there is one cell or, where nothing matched, none.
    #[serde(with = "cells")]
    pub cells: BTreeMap<Vec<Option<String>>, u64>,
}

impl Counts {
    /// Counts one more ticket into its cell.
    pub fn add(&mut self, cell: Vec<Option<String>>) {
        self.total = self.total.saturating_add(1);
        let n = self.cells.entry(cell).or_default();
        *n = n.saturating_add(1);
    }
    /// The count of a cell.
    pub fn get(&self, cell: &[Option<&str>]) -> u64 {
        let cell: Vec<Option<String>> = cell.iter().map(|n| n.map(str::to_owned)).collect();
        self.cells.get(&cell).copied().unwrap_or(0)
    }
}

/// JSON has no lists as keys: the cells are a list of pairs.
mod cells {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::collections::BTreeMap;
    type Cells = BTreeMap<Vec<Option<String>>, u64>;
    pub(super) fn serialize<S: Serializer>(cells: &Cells, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(cells)
    }
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Cells, D::Error> {
        Vec::deserialize(d).map(|v: Vec<(Vec<Option<String>>, u64)>| v.into_iter().collect())
    }
}

/// What an agent holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// Who.
    pub agent: AgentId,
    /// The slots held, ascending.
    pub slots: Vec<u16>,
    /// When a ticket was last assigned to the agent: the logical instant of that event ([`Entry::happened`](crate::ticket::Entry::happened)), since a timer assigns when it was due (S26).
    #[serde(with = "serde_instant_opt")]
    pub last_assigned: Option<UtcInstant>,
}

/// One of several equal parts of all tickets, so that several sweepers need not meet.
///
/// The part of a ticket is the same on every host and in every version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Slice {
    index: u16,
    of: u16,
}

impl Slice {
    /// Everything.
    pub const ALL: Self = Self { index: 0, of: 1 };
    /// The part `index` (from 0) of `of`; none if there is no such part.
    pub fn new(index: u16, of: u16) -> Option<Self> {
        (index < of).then_some(Self { index, of })
    }
    /// Whether a ticket belongs to it.
    ///
    /// The 128 bits of the id, both halves mixed by the finaliser of SplitMix64, modulo the number of parts.
    pub fn holds(self, ticket: TicketId) -> bool {
        let bits = ticket.as_u128();
        let half = |n: u128| u64::try_from(n & u128::from(u64::MAX)).unwrap_or(0);
        let mut z = half(bits) ^ half(bits >> 64).rotate_left(32);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        z.checked_rem(u64::from(self.of)) == Some(u64::from(self.index))
    }
}
impl Default for Slice {
    fn default() -> Self {
        Self::ALL
    }
}
