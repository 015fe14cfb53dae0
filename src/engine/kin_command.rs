//! What can be asked of a ticket together with others.

use super::command::NewTicket;
use crate::id::*;

/// Something that concerns several tickets; all of them are written in one commit, or none.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum KinCommand {
    /// Link another ticket, both ways: of `blocked-by` the other gets `blocks` ([`crate::ticket::Link::counterpart`]). What is blocked cannot end before (S13). The right is `link`.
    Link {
        /// `related`, `duplicate-of`, `caused-by`, `blocked-by`, or the host's own word.
        kind: TagName,
        /// Which ticket.
        to: TicketId,
    },
    /// Remove such a link on both sides.
    Unlink {
        /// Its kind.
        kind: TagName,
        /// Which ticket.
        to: TicketId,
    },
    /// Make it the child of another ticket. The right is `parent`, as for the next two.
    Attach {
        /// Whose child.
        parent: TicketId,
        /// The parent cannot end while it is open (S13), unless the parent's workflow says otherwise.
        blocking: bool,
    },
    /// Make it nobody's child.
    Detach,
    /// Make a new ticket that is its child; [`crate::desk::Done::others`] has it.
    AddChild {
        /// The ticket to be made.
        new: Box<NewTicket>,
        /// The parent cannot end while it is open.
        blocking: bool,
    },
    /// Merge it into another ticket of the same requester or organisation (S57): it is cancelled, and what is written to it from then on goes to the other. The right is `merge`.
    Merge {
        /// The survivor.
        into: TicketId,
    },
    /// Undo that; given to the ticket that was merged. What came in before the merge goes back with it.
    UndoMerge,
    /// Make a new ticket of some of its messages; [`crate::desk::Done::others`] has it. The right is `split`.
    Split {
        /// The messages: entry and place in it, as [`crate::ticket::MessageRef`] has them; [`crate::insight::messages()`] lists a ticket's.
        messages: Vec<(Revision, u32)>,
        /// The ticket to be made.
        new: Box<NewTicket>,
    },
}

impl KinCommand {
    /// The word for messages and rights.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Link { .. } | Self::Unlink { .. } => "link",
            Self::Attach { .. } | Self::Detach | Self::AddChild { .. } => "parent",
            Self::Merge { .. } | Self::UndoMerge => "merge",
            Self::Split { .. } => "split",
        }
    }
}

impl From<KinCommand> for super::What {
    fn from(c: KinCommand) -> Self {
        Self::Kin(c)
    }
}
