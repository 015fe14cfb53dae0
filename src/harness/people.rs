//! The people of a stage, and what is sent to them.

use crate::condition::Customer;
use crate::desk::{Courier, Delivery, Directory, HostError};
use crate::diagnostic::Diagnostics;
use crate::id::{GroupId, RequesterId};
use crate::routing::{Agent, Roster, RosterDefinition};
use crate::ticket::{Effect, Schema};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Agents and customers that a test may add to.
#[derive(Clone, Debug)]
pub(super) struct People(Arc<Mutex<Known>>);

#[derive(Debug)]
struct Known {
    definition: RosterDefinition,
    roster: Arc<Roster>,
    customers: BTreeMap<RequesterId, Customer>,
}

/// What is behind a lock here is replaced as a whole, so a panic of its holder leaves it whole.
fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl People {
    pub(super) fn new(definition: RosterDefinition, schema: &Schema) -> Result<Self, Diagnostics> {
        let roster = Arc::new(built(definition.clone(), schema)?);
        Ok(Self(Arc::new(Mutex::new(Known { definition, roster, customers: BTreeMap::new() }))))
    }
    /// An agent more, or in place of the one with the same id; `leads` and `manages` as in a roster.
    pub(super) fn agent(&self, agent: Agent, leads: Option<GroupId>, manages: bool, schema: &Schema) -> Result<(), Diagnostics> {
        let mut known = lock(&self.0);
        let mut definition = known.definition.clone();
        // Places are those of a file; what a test adds stands in none.
        definition.places = Default::default();
        let id = agent.id.clone();
        definition.agents.retain(|a| a.id != id);
        definition.agents.push(agent);
        if let Some(group) = leads {
            definition.groups.entry(group).or_default().lead = Some(id.clone());
        }
        if manages && !definition.managers.contains(&id) {
            definition.managers.push(id);
        }
        known.roster = Arc::new(built(definition.clone(), schema)?);
        known.definition = definition;
        Ok(())
    }
    pub(super) fn customer(&self, requester: RequesterId, record: Customer) {
        lock(&self.0).customers.insert(requester, record);
    }
    pub(super) fn known_customer(&self, requester: &RequesterId) -> Option<Customer> {
        lock(&self.0).customers.get(requester).cloned()
    }
    pub(super) fn roster(&self) -> Arc<Roster> {
        lock(&self.0).roster.clone()
    }
}

fn built(definition: RosterDefinition, schema: &Schema) -> Result<Roster, Diagnostics> {
    let (roster, problems) = definition.build(schema);
    roster.ok_or(problems)
}

impl Directory for People {
    async fn roster(&self) -> Result<Arc<Roster>, HostError> {
        Ok(Self::roster(self))
    }
    async fn customer(&self, requester: &RequesterId) -> Result<Option<Customer>, HostError> {
        Ok(self.known_customer(requester))
    }
}

/// Everything that went out, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Outbox(Arc<Mutex<Vec<Effect>>>);

impl Outbox {
    pub(super) fn all(&self) -> Vec<Effect> {
        lock(&self.0).clone()
    }
}

impl Courier for Outbox {
    async fn deliver(&self, effect: &Effect) -> Delivery {
        lock(&self.0).push(effect.clone());
        Delivery::Done
    }
}
