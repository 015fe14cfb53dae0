//! Format 1: postcard behind a version byte. Enums are externally tagged, instants `i64` microseconds, names texts.

use super::WireError;
use crate::id::*;
use crate::ticket::{Effect, Entry, StateClass, Ticket, WaitsOn};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The version byte.
pub const VERSION: u8 = 1;

/// What a store indexes a ticket by, small enough to read for every ticket at open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Identity.
    pub id: TicketId,
    /// The human number.
    pub number: u64,
    /// Revision.
    pub revision: Revision,
    /// Class of the state.
    pub class: StateClass,
    /// State.
    pub state: StateName,
    /// Whom it waits on.
    pub waits_on: WaitsOn,
    /// Type.
    pub kind: TypeName,
    /// Channel.
    pub channel: ChannelName,
    /// Requester.
    pub requester: RequesterId,
    /// Organisation.
    pub organisation: Option<OrganisationId>,
    /// Group.
    pub group: Option<GroupId>,
    /// Assignee.
    pub assignee: Option<AgentId>,
    /// Slots it holds of the assignee's.
    pub slots: Vec<u16>,
    /// Priority.
    pub priority: Option<LevelName>,
    /// Threads it is known by.
    pub threads: Vec<ExternalId>,
    /// When it began.
    #[serde(with = "serde_instant")]
    pub created_at: UtcInstant,
    /// The instant of the last entry.
    #[serde(with = "serde_instant")]
    pub updated_at: UtcInstant,
    /// Wake instant.
    #[serde(with = "serde_instant_opt")]
    pub wake_at: Option<UtcInstant>,
    /// What people see as due.
    #[serde(with = "serde_instant_opt")]
    pub due: Option<UtcInstant>,
    /// Since when it waits in a queue.
    #[serde(with = "serde_instant_opt")]
    pub queued_since: Option<UtcInstant>,
}

impl Header {
    /// The header of a ticket.
    pub fn of(t: &Ticket) -> Self {
        Self {
            id: t.id,
            number: t.number,
            revision: t.revision,
            class: t.class,
            state: t.state.clone(),
            waits_on: t.waits_on,
            kind: t.kind.clone(),
            channel: t.channel.clone(),
            requester: t.requester.clone(),
            organisation: t.organisation.clone(),
            group: t.group.clone(),
            assignee: t.assignee.clone(),
            slots: t.slots.clone(),
            priority: t.priority.as_ref().map(|p| p.value.clone()),
            threads: t.threads.clone(),
            created_at: t.created_at,
            updated_at: t.updated_at,
            wake_at: t.wake_at,
            due: t.due(),
            queued_since: t.queue.as_ref().map(|q| q.since),
        }
    }
}

/// Something that has a record form.
pub trait Record: Serialize + DeserializeOwned {}
impl Record for Ticket {}
impl Record for Entry {}
impl Record for Effect {}
impl Record for Header {}

/// The record of a value.
///
/// # Errors
/// A value that cannot be written; none of the public ones is.
pub fn encode<T: Record>(value: &T) -> Result<Vec<u8>, WireError> {
    postcard::to_extend(value, vec![VERSION]).map_err(|e| WireError::Damaged(e.to_string()))
}

/// The value of a record.
///
/// # Errors
/// Another version, damaged bytes, or bytes left over.
pub fn decode<T: Record>(bytes: &[u8]) -> Result<T, WireError> {
    let (version, body) = bytes.split_first().ok_or_else(|| WireError::Damaged("empty".into()))?;
    if *version != VERSION {
        return Err(WireError::UnknownVersion(*version));
    }
    let (value, rest) = postcard::take_from_bytes(body).map_err(|e| WireError::Damaged(e.to_string()))?;
    if rest.is_empty() { Ok(value) } else { Err(WireError::Damaged(format!("{} bytes left over", rest.len()))) }
}
