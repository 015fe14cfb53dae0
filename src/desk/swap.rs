//! Changing the playbook of a running desk.

use super::host::lock;
use super::{Desk, Error};
use crate::engine::{Command, What};
use crate::id::*;
use crate::playbook::Playbook;
use crate::store::{Cursor, Limit, Query, Store as _, StoreExt as _};
use crate::ticket::{Actor, Ticket, WorkflowRef};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a swap did, and the recalculation it begins.
#[derive(Clone, Debug)]
pub struct Swapped {
    /// The playbook before.
    pub before: Digest,
    /// The playbook now.
    pub now: Digest,
    /// Goes over every open ticket: pass it to [`Desk::recalculate`] until it is done.
    pub recalculation: Recalculation,
}

/// A recalculation in progress: a value, so that a host can keep it and go on after an interruption. An early wake is harmless and a
/// late one fires with its due instant, so the desk serves in the meantime.
#[derive(Clone, Debug)]
pub struct Recalculation {
    playbook: Digest,
    after: Option<Cursor>,
    /// Tickets looked at.
    pub seen: u64,
    /// Tickets that changed.
    pub changed: u64,
    /// Open tickets when it began.
    pub total: u64,
    /// Nothing is left.
    pub done: bool,
}

impl Desk {
    /// Activates another playbook. Open tickets keep their workflow version and their clocks' calendar version until they adopt the new one; the versions of the
    /// playbooks before stay at hand.
    ///
    /// # Errors
    /// [`Error::CalendarsAltered`] where a calendar says something else than before under the same version number (S55): not raised for the author, because then the number would
    /// depend on what a desk was swapped from, and another desk, or this one after a restart, would count the same file otherwise.
    /// [`Error::VersionsAbsent`] with counts, where neither playbook holds the version of an open ticket; or the store failed.
    pub async fn swap(&self, playbook: Playbook) -> Result<Swapped, Error> {
        let playbook = Arc::new(playbook);
        let (before, older) = {
            let kept = lock(&self.0.kept);
            let mut older = kept.older.clone();
            if kept.playbook.digest() != playbook.digest() {
                older.insert(0, kept.playbook.clone());
            }
            older.retain(|p| p.digest() != playbook.digest());
            (kept.playbook.digest(), older)
        };
        check_calendars(&playbook, &older)?;
        // Missing versions are carried over from older playbooks into the new one, so that tickets pinned to them go on.
        let joined = Arc::new(playbook.with_versions_of(&older));
        let total = self.check_versions(&joined, &[]).await?;
        let now = joined.digest();
        {
            let mut kept = lock(&self.0.kept);
            kept.playbook = joined;
            kept.older = older;
        }
        Ok(Swapped { before, now, recalculation: Recalculation { playbook: now, after: None, seen: 0, changed: 0, total, done: false } })
    }

    /// Goes on with a recalculation for at most `most` tickets: each is judged by the new rules of priority and policy, and its clocks
    /// and wake instant follow.
    ///
    /// # Errors
    /// The store failed; the recalculation stands where it was and can go on.
    pub async fn recalculate(&self, state: &mut Recalculation, most: usize) -> Result<(), Error> {
        if state.done {
            return Ok(());
        }
        let page = self.0.store.find(&Query::new().open(), state.after.as_ref(), Limit::new(most)).await?;
        // Seen are counted when the page is done: one that failed midway is gone over again, and finds the changed ones as they should be.
        let mut seen = 0u64;
        for t in &page.items {
            let key = format!("review:{:016x}:{}:{}", state.playbook.short(), t.id, t.revision.get());
            let command = Command::on(t.id, key, Actor::System, What::Review);
            match self.submit_only(&command).await {
                Ok(done) if done.receipt.is_some() => state.changed = state.changed.saturating_add(1),
                Ok(_) | Err(Error::Refused(_)) => {}
                Err(e) => return Err(e),
            }
            seen = seen.saturating_add(1);
        }
        state.seen = state.seen.saturating_add(seen);
        state.done = !page.more;
        state.after = page.next.or(state.after.take());
        Ok(())
    }

    /// Counts open tickets whose workflow version no playbook at hand holds; returns how many are open.
    pub(super) async fn check_versions(&self, playbook: &Playbook, older: &[Arc<Playbook>]) -> Result<u64, Error> {
        // A version that lost the state a ticket is in is not the version the ticket is pinned to (S11).
        let held = |t: &Ticket| {
            let knows = |p: &Playbook| p.workflow(&t.workflow).is_some_and(|w| w.state(&t.state).is_some());
            knows(playbook) || older.iter().any(|p| knows(p))
        };
        let mut absent: BTreeMap<WorkflowRef, u64> = BTreeMap::new();
        let mut total = 0u64;
        for t in self.0.store.find_all(&Query::new().open()).await? {
            total = total.saturating_add(1);
            if !held(&t) {
                let n = absent.entry(t.workflow.clone()).or_default();
                *n = n.saturating_add(1);
            }
        }
        if absent.is_empty() {
            return Ok(total);
        }
        let count = absent.values().sum();
        let versions = absent.iter().map(|(w, n)| format!("{} version {} ({n})", w.name, w.version)).collect::<Vec<_>>().join(", ");
        Err(Error::VersionsAbsent { count, versions })
    }
}

/// A calendar whose content changed under an unchanged version number is an edit that forgot to say so.
pub(super) fn check_calendars(playbook: &Playbook, older: &[Arc<Playbook>]) -> Result<(), Error> {
    let altered = older.iter().flat_map(|p| playbook.calendars().altered(p.calendars()));
    let mut names: Vec<String> = altered.map(|c| format!("`{}` (version {})", c.name(), c.version())).collect();
    names.sort();
    names.dedup();
    if names.is_empty() { Ok(()) } else { Err(Error::CalendarsAltered { names: names.join(", ") }) }
}
