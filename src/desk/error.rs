//! What the host has to deal with.

use crate::engine::Refusal;
use crate::id::TicketId;
use crate::store::StoreError;

/// Why a desk did not do what was asked. [`Error::Refused`] is for the person at the ticket, the rest for the host.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The command is not allowed or incomplete; nothing changed.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// The store could not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ticket changed under the command more often than the desk retries.
    #[error("ticket {ticket} changed {tries} times while the command was decided; send it again")]
    Conflict {
        /// Which.
        ticket: TicketId,
        /// How often it was tried.
        tries: u32,
    },
    /// Directory could not answer.
    #[error("the directory could not answer: {0}")]
    Directory(#[from] super::HostError),
    /// More commands wait than the desk holds (S75).
    #[error("{waiting} commands are waiting already; send it again in a moment")]
    Overloaded {
        /// How many.
        waiting: usize,
    },
    /// A decision asked for more than it was given, again and again.
    #[error("a decision still lacks {0}; this is a defect of the playbook or of the library")]
    Unsatisfied(String),
    /// The host ended the decision; nothing changed.
    #[error("the decision was interrupted; send the command again")]
    Interrupted,
    /// A calendar says something else than before under the same version number, so that clocks could not tell which they reckon in (S55).
    #[error(
        "{names}: changed without a new version; raise `version` in the calendar's file, so that open clocks change with notice and closed ones stay as they are"
    )]
    CalendarsAltered {
        /// Which calendars, with the version.
        names: String,
    },
    /// A playbook cannot be used on this store: open tickets are pinned to a workflow version that neither it nor an older playbook at hand holds, or that has lost the state
    /// they are in. Who edits a workflow in a way that open tickets cannot follow raises `version` in its file, and gives the playbook of before as
    /// [`Builder::older_playbook`](super::Builder::older_playbook); a running desk that is swapped has it at hand.
    #[error(
        "{count} open {} pinned to {versions}; raise `version` in the file of a workflow that was changed, and give the playbook from before the change as `older_playbook`",
        if *count == 1 { "ticket is" } else { "tickets are" }
    )]
    VersionsAbsent {
        /// How many tickets.
        count: u64,
        /// Which versions; with the state, where a version is there and the state is not.
        versions: String,
    },
    /// A playbook cannot be activated: it no longer has names that open tickets use, and none of its migrations says what becomes of them (S89).
    #[error("{count} open {} names that are gone: {names}; say in a migration of the playbook (migrations/NAME.toml) what becomes of them",
        if *count == 1 { "ticket uses" } else { "tickets use" }
    )]
    NamesRemoved {
        /// How many tickets.
        count: u64,
        /// Which names, each with its kind and how many use it.
        names: String,
    },
    /// A migration cannot be done; everything that forbids it.
    #[error("the migration cannot be done:\n{}", .0.render(crate::diagnostic::Lang::En, None))]
    Migration(crate::diagnostic::Diagnostics),
}

impl Error {
    /// Sending the same command again, with the same key, may succeed.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Store(e) => e.retryable(),
            Self::Conflict { .. } | Self::Overloaded { .. } | Self::Directory(_) | Self::Interrupted => true,
            Self::Refused(_) | Self::Unsatisfied(_) | Self::VersionsAbsent { .. } | Self::CalendarsAltered { .. } => false,
            Self::NamesRemoved { .. } | Self::Migration(_) => false,
        }
    }
    /// The refusal, if it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        if let Self::Refused(r) = self { Some(r) } else { None }
    }
}
