//! What leaves the house after a commit: data, delivered at least once by the host's courier.

use super::Recipient;
use crate::id::*;
use serde::{Deserialize, Serialize};

/// Something to deliver. Its key is the same on every attempt, so that a sink can tell a repetition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// Idempotency key: ticket, revision, index.
    pub key: EffectKey,
    /// When it was decided.
    #[serde(with = "serde_instant")]
    pub at: UtcInstant,
    /// What.
    pub kind: EffectKind,
}

/// Where an effect was born.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EffectKey {
    /// The ticket.
    pub ticket: TicketId,
    /// The entry.
    pub revision: Revision,
    /// The how-many-th effect of the entry.
    pub index: u32,
}
impl std::fmt::Display for EffectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.ticket, self.revision.get(), self.index)
    }
}

/// What to deliver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EffectKind {
    /// A notification from a template, with both languages filled in.
    Notification {
        /// To whom it was addressed.
        to: Recipient,
        /// The agents this resolved to; empty for the requester.
        agents: Vec<AgentId>,
        /// The requester, if it goes there.
        requester: Option<RequesterId>,
        /// The template.
        template: TemplateName,
        /// The text in English and Chinese.
        body: crate::diagnostic::Text,
    },
    /// A message to the requester or the vendor, by the channel it names.
    Outbound(super::Message),
    /// Ask for a rating of this resolution cycle (S59).
    RatingRequest {
        /// The cycle.
        cycle: u32,
        /// The requester.
        requester: RequesterId,
    },
    /// Call a webhook, for the ticket of the effect's key.
    Webhook(HookName),
}
