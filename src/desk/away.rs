//! What an agent's absence means for what he has, at the instant of it (S85).

use super::{Desk, Error};
use crate::engine::{Command, What};
use crate::id::*;
use crate::store::{Cursor, Limit, Order, Query, Store as _};
use crate::ticket::{Actor, StateClass, Ticket};

/// So many tickets are looked at between two waits for the store.
const PAGE: usize = 500;

impl Desk {
    /// Lets what the present availability of an agent means happen now (S85): call it when an absence begins, a shift ends, or somebody left, after
    /// [`Desk::refresh_roster`] where the roster changed. Each open ticket of the agent, and each open task of the agent's, follows its group's policy: kept, given to the
    /// stand-in 代理人, or back to the queue. A vote that is awaited of the agent goes to the stand-in, where the policy says so and that person may vote. One command a ticket, through the one door; called twice, or for an agent who is here, it does nothing. Returns how many tickets changed.
    ///
    /// Without the call a ticket still follows as soon as its requester writes. Finding the tasks takes a look at every ticket that is not closed.
    ///
    /// ```
    /// # use ticketry::{desk::Desk, playbook::Playbook, store::MemoryStore};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let desk = Desk::builder(Playbook::starter()?).store(MemoryStore::new()).open_blocking()?.blocking();
    /// assert_eq!(desk.on_availability(&"li".into())?, 0, "li has nothing");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The store failed, or Directory could not answer; what was done so far stands, and the call can be repeated.
    pub async fn on_availability(&self, agent: &AgentId) -> Result<u64, Error> {
        let mut query = Query::new().order(Order::Id);
        query.classes = StateClass::ALL.into_iter().filter(|c| !matches!(c, StateClass::Closed | StateClass::Cancelled)).collect();
        let has = |t: &Ticket| {
            (t.is_open() && t.assignee.as_ref() == Some(agent))
                || t.open_tasks().any(|task| task.owner.as_ref() == Some(agent))
                || t.open_approvals().any(|a| a.asked().any(|v| v.agent == *agent))
        };
        let mut changed = 0u64;
        let mut after: Option<Cursor> = None;
        loop {
            let page = self.0.store.find(&query, after.as_ref(), Limit::new(PAGE)).await?;
            for t in page.items.iter().filter(|t| has(t)) {
                let key = format!("away:{}:{}", t.id, t.revision.get());
                match self.submit(Command::on(t.id, key, Actor::System, What::Away)).await {
                    Ok(done) if done.ticket.revision > t.revision => changed = changed.saturating_add(1),
                    Ok(_) | Err(Error::Refused(_)) => {}
                    Err(e) => return Err(e),
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(changed);
            }
        }
    }
}
