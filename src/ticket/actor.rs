//! Who acts, and why something happened.

use super::TimerKind;
use crate::id::*;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who gives a command. Identity only: roles come from playbook and Directory, never from the caller.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Actor {
    /// An agent, lead or manager.
    Agent(AgentId),
    /// A requester.
    Requester(RequesterId),
    /// A vendor.
    Vendor(VendorId),
    /// Another program of the host's, by name.
    Integration(ExternalId),
    /// The desk itself: timers, sweeps, imports.
    System,
}

impl Actor {
    /// An agent.
    pub fn agent(id: impl AsRef<str>) -> Self {
        Self::Agent(AgentId::new(id))
    }
    /// A requester.
    pub fn requester(id: impl AsRef<str>) -> Self {
        Self::Requester(RequesterId::new(id))
    }
    /// The agent, if it is one.
    pub fn as_agent(&self) -> Option<&AgentId> {
        if let Self::Agent(a) = self { Some(a) } else { None }
    }
}
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(id) => write!(f, "{id}"),
            Self::Requester(id) => write!(f, "requester {id}"),
            Self::Vendor(id) => write!(f, "vendor {id}"),
            Self::Integration(id) => write!(f, "integration {id}"),
            Self::System => f.write_str("system"),
        }
    }
}

/// What made an event happen.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Cause {
    /// The command itself.
    Command,
    /// A rule.
    Rule(RuleName),
    /// A timer that was due then.
    Timer(TimerKind, #[serde(with = "serde_instant")] UtcInstant),
    /// The house's own bookkeeping.
    System,
}

/// Who set a value; the stronger source wins (S25).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Provenance {
    /// The schema's default.
    Default,
    /// A template.
    Template,
    /// What the requester ticked.
    Requester,
    /// A rule, the priority model or the workflow.
    Rule,
    /// An agent.
    Agent,
}
