//! What can be asked of a ticket's approvals.

use crate::id::*;
use crate::ticket::Text;

/// Something to be done with an approval of the ticket's workflow (S12). The right is `approval`; beyond it votes are for those who are asked, and going past it for the roles that the
/// approval names.
///
/// ```
/// use ticketry::engine::{ApprovalCommand, What};
/// let vote = ApprovalCommand::vote("spend", true).saying("within the budget");
/// assert_eq!(What::Approval(vote).word(), "approval");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ApprovalCommand {
    /// Ask for it; again after it was declined, withdrawn or used up.
    Request(ApprovalName),
    /// Vote in the present stage.
    Vote {
        /// On which.
        approval: ApprovalName,
        /// Approve, or decline.
        approve: bool,
        /// What is to be said with it.
        comment: Text,
    },
    /// Pass one's vote on 转交.
    ///
    /// Any agent of the roster may be given it who is not excluded, is not asked already and has not voted before; a role of the stage's approvers is not needed. Whoever passes a vote on answers for the choice.
    Delegate {
        /// Of which.
        approval: ApprovalName,
        /// To whom.
        to: AgentId,
    },
    /// Ask no longer: for who asked, and where the desk did, for the assignee.
    Withdraw {
        /// Which.
        approval: ApprovalName,
        /// Why.
        reason: String,
    },
    /// Go past it: for those roles only that its `override` names. The journal says who did it and why.
    Override {
        /// Which.
        approval: ApprovalName,
        /// Why; must be said.
        reason: String,
    },
}

impl ApprovalCommand {
    /// Ask for it.
    pub fn request(approval: impl AsRef<str>) -> Self {
        Self::Request(ApprovalName::new(approval))
    }
    /// Approve or decline without a word.
    pub fn vote(approval: impl AsRef<str>, approve: bool) -> Self {
        Self::Vote { approval: ApprovalName::new(approval), approve, comment: Text::default() }
    }
    /// Pass one's vote on.
    pub fn delegate(approval: impl AsRef<str>, to: impl AsRef<str>) -> Self {
        Self::Delegate { approval: ApprovalName::new(approval), to: AgentId::new(to) }
    }
    /// Ask no longer.
    pub fn withdraw(approval: impl AsRef<str>, reason: impl Into<String>) -> Self {
        Self::Withdraw { approval: ApprovalName::new(approval), reason: reason.into() }
    }
    /// Go past it.
    pub fn go_past(approval: impl AsRef<str>, reason: impl Into<String>) -> Self {
        Self::Override { approval: ApprovalName::new(approval), reason: reason.into() }
    }
    /// The same vote, with a comment.
    #[must_use]
    pub fn saying(mut self, words: impl Into<Text>) -> Self {
        if let Self::Vote { comment, .. } = &mut self {
            *comment = words.into();
        }
        self
    }
}

impl From<ApprovalCommand> for super::What {
    fn from(c: ApprovalCommand) -> Self {
        Self::Approval(c)
    }
}
