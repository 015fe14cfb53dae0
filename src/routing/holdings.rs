//! Who holds which slots (DESIGN 3, Slots).

use super::Agent;
use crate::id::{AgentId, UtcInstant};
use std::collections::{BTreeMap, BTreeSet};

/// What one agent holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Slot numbers held; numbers at or above the capacity are manual excess.
    pub slots: BTreeSet<u16>,
    /// When a ticket was last assigned; closing tickets does not change it (S30).
    pub last_assigned: Option<UtcInstant>,
}

/// Slots held by agent, as the store counts them.
///
/// ```
/// use ticketry::routing::Holdings;
/// let h = Holdings::new().with("li", [0, 2], None);
/// assert_eq!(h.get(&"li".into()).unwrap().slots.len(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings(BTreeMap<AgentId, Held>);

impl Holdings {
    /// Nobody holds anything.
    pub fn new() -> Self {
        Self::default()
    }
    /// With what one agent holds.
    #[must_use]
    pub fn with(mut self, agent: impl Into<AgentId>, slots: impl IntoIterator<Item = u16>, last_assigned: Option<UtcInstant>) -> Self {
        self.set(agent.into(), Held { slots: slots.into_iter().collect(), last_assigned });
        self
    }
    /// Replaces what one agent holds.
    pub fn set(&mut self, agent: AgentId, held: Held) {
        self.0.insert(agent, held);
    }
    /// What an agent holds, if anything was ever assigned.
    pub fn get(&self, agent: &AgentId) -> Option<&Held> {
        self.0.get(agent)
    }
    /// Whether anything is said about an agent, be it that nothing is held.
    pub fn knows(&self, agent: &AgentId) -> bool {
        self.0.contains_key(agent)
    }
    /// An assignment: takes slots and remembers when.
    pub fn take(&mut self, agent: &AgentId, slots: &[u16], at: UtcInstant) {
        let held = self.0.entry(agent.clone()).or_default();
        held.slots.extend(slots);
        held.last_assigned = held.last_assigned.max(Some(at));
    }
    /// Gives slots back; the last assignment stays what it was (S30).
    pub fn release(&mut self, agent: &AgentId, slots: &[u16]) {
        if let Some(held) = self.0.get_mut(agent) {
            held.slots.retain(|n| !slots.contains(n));
        }
    }
    /// All agents with something, in order of id.
    pub fn iter(&self) -> impl Iterator<Item = (&AgentId, &Held)> {
        self.0.iter()
    }
}

/// Slots for an assignment made by a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManualSlots {
    /// The numbers to claim.
    pub slots: Vec<u16>,
    /// The agent then holds more than the capacity (S33); the engine flags the ticket.
    pub over: bool,
}

/// Slots for an assignment made by a person: the lowest free ones, beyond the capacity where it must be (S33).
///
/// `taken` are claims that were lost in this decision's earlier tries.
///
/// ```
/// use ticketry::routing::{Agent, Holdings, manual_slots};
/// let li = Agent::new("li").capacity(2);
/// let h = Holdings::new().with("li", [0], None);
/// let s = manual_slots(&li, &h, 2, &[]);
/// assert_eq!((s.slots, s.over), (vec![1, 2], true));
/// ```
pub fn manual_slots(agent: &Agent, holdings: &Holdings, weight: u16, taken: &[(AgentId, u16)]) -> ManualSlots {
    let held = holdings.get(&agent.id).map(|h| &h.slots);
    let slots = lowest_free(held, taken, &agent.id, weight, u16::MAX);
    let over = used(held, taken, &agent.id).saturating_add(u32::from(weight)) > u32::from(agent.capacity)
        || slots.iter().any(|n| *n >= agent.capacity);
    ManualSlots { slots, over }
}

/// How many slots are held or lost to others.
pub(super) fn used(held: Option<&BTreeSet<u16>>, taken: &[(AgentId, u16)], agent: &AgentId) -> u32 {
    let mut lost: Vec<u16> = taken.iter().filter(|(a, n)| a == agent && !held.is_some_and(|h| h.contains(n))).map(|(_, n)| *n).collect();
    lost.sort_unstable();
    lost.dedup();
    let count = held.map_or(0, BTreeSet::len).saturating_add(lost.len());
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The lowest free numbers below `below`.
pub(super) fn lowest_free(held: Option<&BTreeSet<u16>>, taken: &[(AgentId, u16)], agent: &AgentId, weight: u16, below: u16) -> Vec<u16> {
    let free = |n: &u16| !held.is_some_and(|h| h.contains(n)) && !taken.iter().any(|(a, t)| t == n && a == agent);
    (0..below).filter(free).take(usize::from(weight)).collect()
}
