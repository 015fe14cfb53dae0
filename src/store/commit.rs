//! What a store is asked to keep, and what it answers.

use super::StoreError;
use crate::id::*;
use crate::ticket::{Effect, Entry, Ticket};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc};

/// Everything one command changes, as a value: stored whole or not at all.
///
/// ```
/// use ticketry::{id::{CommitId, UtcInstant}, store::Commit};
/// let heartbeat = Commit::new(CommitId::new("cmd-1"), UtcInstant::UNIX_EPOCH);
/// assert!(heartbeat.writes.is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Commit {
    /// The command's idempotency key, the same over all its retries; remembered at least 7 days (DESIGN 3).
    pub id: CommitId,
    /// When it was decided. A store has no clock of its own.
    #[serde(with = "serde_instant")]
    pub at: UtcInstant,
    /// The tickets written, each at most once.
    pub writes: Vec<Write>,
    /// Tickets the decision read: it holds only while they stand at these revisions ([`Revision::ZERO`]: while there is no such ticket).
    pub reads: Vec<(TicketId, Revision)>,
    /// What is to be delivered afterwards.
    pub effects: Vec<Effect>,
}

impl Commit {
    /// A commit that changes nothing yet.
    pub fn new(id: CommitId, at: UtcInstant) -> Self {
        Self { id, at, writes: Vec::new(), reads: Vec::new(), effects: Vec::new() }
    }
    /// With one more ticket written.
    #[must_use]
    pub fn write(mut self, write: Write) -> Self {
        self.writes.push(write);
        self
    }
    /// With one more ticket it depends on.
    #[must_use]
    pub fn read(mut self, ticket: TicketId, revision: Revision) -> Self {
        self.reads.push((ticket, revision));
        self
    }
    /// With one more effect.
    #[must_use]
    pub fn effect(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }
    /// The receipt this commit gets when it is stored.
    pub fn receipt(&self) -> Receipt {
        Receipt { commit: self.id.clone(), at: self.at, tickets: self.writes.iter().map(|w| (w.ticket.id, w.ticket.revision)).collect() }
    }
    /// Whether it makes sense by itself; every store asks this before it looks at what it has.
    ///
    /// # Errors
    /// A ticket is written twice, or a write's ticket, entry and revision do not belong together.
    pub fn check(&self) -> Result<(), StoreError> {
        let mut seen = BTreeSet::new();
        for w in &self.writes {
            let id = w.ticket.id;
            if !seen.insert(id) {
                return Err(StoreError::invalid(format!("ticket {id} is written twice in one commit; put all its events into one entry")));
            }
            if w.entry.ticket != id || w.entry.revision != w.ticket.revision || w.entry.revision != w.before.next() {
                return Err(StoreError::invalid(format!(
                    "the write of ticket {id} does not add up: from {} the entry makes {} and the ticket stands at {}; each entry makes the next revision",
                    w.before, w.entry.revision, w.ticket.revision
                )));
            }
            if w.entry.commit != self.id {
                return Err(StoreError::invalid(format!(
                    "the entry of ticket {id} belongs to commit {}, not to {}; give both the same key",
                    w.entry.commit, self.id
                )));
            }
        }
        Ok(())
    }
}

/// One ticket's part of a commit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Write {
    /// The revision it was decided on; [`Revision::ZERO`] creates the ticket.
    pub before: Revision,
    /// The ticket afterwards.
    pub ticket: Arc<Ticket>,
    /// What happened.
    pub entry: Arc<Entry>,
    /// Slots it takes.
    pub takes: Vec<Claim>,
    /// Slots it gives back; all of a commit's releases come before its takes.
    pub releases: Vec<Claim>,
}

impl Write {
    /// The write from `before` (none: a new ticket) to `after`; the claims are the difference of what the two hold.
    pub fn of(before: Option<&Ticket>, after: Arc<Ticket>, entry: Arc<Entry>) -> Self {
        let held = before.map(Claim::held_by).unwrap_or_default();
        let holds = Claim::held_by(&after);
        Self {
            before: before.map_or(Revision::ZERO, |t| t.revision),
            takes: holds.difference(&held).cloned().collect(),
            releases: held.difference(&holds).cloned().collect(),
            ticket: after,
            entry,
        }
    }
}

/// One slot of an agent's capacity (S33): at any time at most one ticket holds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Claim {
    /// Whose.
    pub agent: AgentId,
    /// Which, from 0.
    pub slot: u16,
}

impl Claim {
    /// This slot of this agent.
    pub fn new(agent: impl Into<AgentId>, slot: u16) -> Self {
        Self { agent: agent.into(), slot }
    }
    /// The slots a ticket holds, by its own word.
    pub fn held_by(ticket: &Ticket) -> BTreeSet<Self> {
        let of = |agent: &AgentId| ticket.slots.iter().map(|slot| Self::new(agent, *slot)).collect();
        ticket.assignee.as_ref().map(of).unwrap_or_default()
    }
}
impl std::fmt::Display for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "slot {} of {}", self.slot, self.agent)
    }
}

/// What a stored commit left behind; the answer to every later commit of the same id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The commit.
    pub commit: CommitId,
    /// Its instant.
    #[serde(with = "serde_instant")]
    pub at: UtcInstant,
    /// Each ticket written and the revision it got, in the order of the writes.
    pub tickets: Vec<(TicketId, Revision)>,
}

/// The answer to one commit of a group.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Stored now, durably if the store is durable.
    Stored(Receipt),
    /// A commit of this id was stored before; nothing was written now.
    Duplicate(Receipt),
    /// A ticket written or read does not stand where the commit thought; nothing was written.
    Conflict {
        /// Which.
        ticket: TicketId,
        /// Where it stands; [`Revision::ZERO`]: there is none.
        current: Revision,
    },
    /// A slot is held by another ticket; nothing was written.
    Taken(Claim),
    /// Nothing was written, or (a retryable error of a remote store) it is not known: ask [`super::Store::receipts`].
    Failed(StoreError),
}

impl Outcome {
    /// The receipt, whether it is new or old.
    pub fn receipt(&self) -> Option<&Receipt> {
        match self {
            Self::Stored(r) | Self::Duplicate(r) => Some(r),
            _ => None,
        }
    }
    /// Whether the commit was stored by this very call.
    pub fn is_stored(&self) -> bool {
        matches!(self, Self::Stored(_))
    }
}
