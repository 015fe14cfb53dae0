//! What was due under the playbooks before the active one.

use super::submit::Now;
use super::{Desk, Error};
use crate::engine::{Case, Command, What};
use crate::id::*;
use crate::playbook::Playbook;
use crate::store::Outcome;
use crate::ticket::{Actor, Ticket};
use std::sync::Arc;

/// Most commits that catch one ticket up under older playbooks.
const CATCH_UPS: u32 = 64;

impl Desk {
    /// Lets happen to a ticket what it missed under older playbooks: each decides what was due before the next became active, so that it does not matter how late anybody
    /// looks. The active one is left to the command itself. With `write` it is committed; otherwise only the ticket as it would be is answered.
    ///
    /// Almost always there is nothing to do: the ticket was written under the active playbook.
    pub(super) async fn caught_up(&self, mut ticket: Arc<Ticket>, now: &Now, write: bool) -> Result<Arc<Ticket>, Error> {
        let mut tries = 0u32;
        while let Some(commit) = self.owed(&ticket, now).await? {
            tries = tries.saturating_add(1);
            if tries > CATCH_UPS {
                return Err(Error::Conflict { ticket: ticket.id, tries });
            }
            ticket = commit.ticket;
            if !write {
                continue;
            }
            let entries: Vec<_> = commit.commit.writes.iter().map(|w| w.entry.clone()).collect();
            match self.commit_one(commit.commit).await? {
                Outcome::Stored(_) => self.publish(entries.iter()),
                // Somebody was faster.
                Outcome::Duplicate(_) | Outcome::Conflict { .. } | Outcome::Taken(_) => ticket = self.load(ticket.id).await?,
                Outcome::Failed(e) => return Err(e.into()),
            }
        }
        Ok(ticket)
    }

    /// What the oldest playbook that owes a ticket something decides on.
    async fn owed(&self, ticket: &Arc<Ticket>, now: &Now) -> Result<Option<crate::engine::Decided>, Error> {
        for (playbook, until) in regimes(ticket, now) {
            let unseen = playbook.since().is_some_and(|s| ticket.updated_at <= s);
            if !unseen && ticket.next_wake().is_none_or(|at| at >= until) {
                continue;
            }
            let key = format!("tick:{}:{}", ticket.id, ticket.revision.get());
            let command = Command::on(ticket.id, key, Actor::System, What::Tick);
            let mut case = Case { ticket: Some(ticket.clone()), ..Case::default() };
            match self.decide_case(playbook, until, &command, &mut case, now, false).await {
                Ok(d) if d.commit.writes.is_empty() => {}
                Ok(d) => return Ok(Some(d)),
                // It does not hold the ticket's workflow: the next one goes on.
                Err(Error::Refused(_)) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(None)
    }
}

/// The playbooks under which a ticket may have missed something, the oldest first, each with the instant at which the next became active.
fn regimes<'n>(ticket: &Ticket, now: &'n Now) -> Vec<(&'n Playbook, UtcInstant)> {
    let mut all = Vec::new();
    let mut next = now.playbook.since();
    for playbook in now.older.iter() {
        let Some(until) = next.filter(|s| ticket.updated_at <= *s && *s <= now.at) else { break };
        // One that was replaced at once decided nothing.
        if playbook.since().is_none_or(|s| s < until) {
            all.push((&**playbook, until));
        }
        next = playbook.since();
    }
    all.reverse();
    all
}
