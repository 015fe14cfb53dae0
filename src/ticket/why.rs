//! Why an entry came out as it did: bounded, for the journal.

use crate::id::*;
use serde::{Deserialize, Serialize};

/// The bounded reasons an entry keeps (DESIGN 1.6); the full trace is rebuilt on request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// Rules that fired, in order; at most eight.
    pub fired: Vec<RuleName>,
    /// How many more fired.
    pub more_fired: u16,
    /// The policy of the customer's agreement, where one was chosen now.
    pub policy: Option<PolicyName>,
    /// Routing: who won and against whom, where it ran.
    pub routing: Option<RoutingWhy>,
    /// A digest of the outside facts that were read.
    pub facts: Option<u64>,
}

/// Routing in brief.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingWhy {
    /// How far the skill ladder was relaxed: 0 = not at all.
    pub rung: u8,
    /// The winner.
    pub winner: Option<AgentId>,
    /// At most three next ones.
    pub runners_up: Vec<AgentId>,
    /// How many were excluded, by reason code.
    pub excluded: Vec<(String, u16)>,
}
