//! Messages (S84): kind, audience, author; the body stays in the journal.

use crate::id::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MessageKind {
    /// A reply in a conversation.
    Reply,
    /// A note.
    Note,
    /// A logged telephone call.
    Call,
}

/// Who may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Audience {
    /// The requester and the desk.
    Requester,
    /// The desk alone.
    Internal,
    /// The vendor and the desk.
    Vendor,
}

/// On which side the author stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Author {
    /// The requester.
    Requester,
    /// An agent.
    Agent,
    /// A vendor.
    Vendor,
    /// The desk by itself.
    System,
}

/// A file of the host's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The host's reference.
    pub reference: ExternalId,
    /// File name.
    pub name: String,
    /// Media type.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256, if the host knows it.
    pub hash: Option<Digest>,
}

/// One message, as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Kind.
    pub kind: MessageKind,
    /// Audience.
    pub audience: Audience,
    /// Author's side.
    pub author: Author,
    /// The channel it came or went by.
    pub channel: ChannelName,
    /// The text.
    pub body: Arc<str>,
    /// BCP 47 language, if known.
    pub language: Option<String>,
    /// Attachments.
    pub attachments: Vec<Attachment>,
    /// Made or marked automatic: counts for nothing, reopens nothing (S22, S81).
    pub automatic: bool,
    /// A mere thank-you, by a rule's or the host's word: does not reopen (S81).
    pub thanks: bool,
    /// The host's id of the message.
    pub external_id: Option<ExternalId>,
    /// When it was really written, sent or spoken (S26); clocks use it within the policy's `backdate_limit`.
    #[serde(with = "serde_instant")]
    pub at: UtcInstant,
}

impl Message {
    /// A message from the requester that may start clocks and reopen: no automatic one, for the requester's own eyes.
    pub fn counts_from_requester(&self) -> bool {
        self.author == Author::Requester && !self.automatic && self.audience == Audience::Requester && self.kind != MessageKind::Note
    }
    /// A human agent's message to the requester, the only thing that answers (S38).
    pub fn counts_as_answer(&self) -> bool {
        self.author == Author::Agent && !self.automatic && self.audience == Audience::Requester && self.kind != MessageKind::Note
    }
}

/// Where a message stands in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageRef {
    /// The entry.
    pub revision: Revision,
    /// Which event of the entry.
    pub index: u32,
    /// The message's own instant.
    #[serde(with = "serde_instant")]
    pub at: UtcInstant,
}

/// What a ticket remembers of its messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Messages from the requester, automatic ones excluded.
    pub from_requester: u32,
    /// Answers of agents to the requester.
    pub from_agents: u32,
    /// Messages from vendors.
    pub from_vendors: u32,
    /// Notes.
    pub notes: u32,
    /// Automatic messages.
    pub automatic: u32,
    /// The first message.
    pub first: Option<MessageRef>,
    /// The last one.
    pub last: Option<MessageRef>,
    /// The first human answer (S38).
    pub first_answer: Option<MessageRef>,
    /// The last human answer.
    pub last_answer: Option<MessageRef>,
    /// The requester's last message.
    pub last_from_requester: Option<MessageRef>,
    /// The requester's oldest message nobody answered yet (S39).
    pub oldest_unanswered: Option<MessageRef>,
}
