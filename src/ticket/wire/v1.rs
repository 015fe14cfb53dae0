//! Format 1: postcard behind a version byte. Enums are externally tagged, instants `i64` microseconds, names texts.

use super::WireError;
use crate::id::*;
use crate::ticket::{Effect, Entry, StateClass, Ticket};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The version byte.
pub const VERSION: u8 = 1;

/// What a store indexes a ticket by, small enough to read for every ticket at open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Identity.
    pub id: TicketId,
    /// Revision.
    pub revision: Revision,
    /// Class of the state.
    pub class: StateClass,
    /// State.
    pub state: StateName,
    /// Group.
    pub group: Option<GroupId>,
    /// Assignee.
    pub assignee: Option<AgentId>,
    /// Priority.
    pub priority: Option<LevelName>,
    /// Wake instant.
    #[serde(with = "serde_instant_opt")]
    pub wake_at: Option<UtcInstant>,
}

impl Header {
    /// The header of a ticket.
    pub fn of(t: &Ticket) -> Self {
        Self {
            id: t.id,
            revision: t.revision,
            class: t.class,
            state: t.state.clone(),
            group: t.group.clone(),
            assignee: t.assignee.clone(),
            priority: t.priority.as_ref().map(|p| p.value.clone()),
            wake_at: t.wake_at,
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
