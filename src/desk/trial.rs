//! A playbook on trial: active for some types or groups first, before all the desk goes by it (S89).

use super::host::lock;
use super::submit::Now;
use super::swap::{Recalculation, Swapped, altered, check_calendars};
use super::{Desk, Error};
use crate::diagnostic::Diagnostics;
use crate::engine::{Command, What};
use crate::id::*;
use crate::playbook::{Playbook, Removed};
use crate::store::{Limit, Store as _};
use crate::ticket::{Actor, Ticket};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// For which tickets a playbook is on trial: those of one of the types, if any is named, that are in one of the groups, if any is named.
///
/// ```
/// use ticketry::desk::Subset;
/// let returns = Subset::new().types(["return"]);
/// let workshop = Subset::new().types(["return", "repair"]).groups(["workshop"]);
/// assert_ne!(returns, workshop);
/// assert!(Subset::new().is_all());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subset {
    types: BTreeSet<TypeName>,
    groups: BTreeSet<GroupId>,
}

impl Subset {
    /// Every ticket.
    pub fn new() -> Self {
        Self::default()
    }
    /// Only of these types.
    #[must_use]
    pub fn types<N: Into<TypeName>>(mut self, types: impl IntoIterator<Item = N>) -> Self {
        self.types.extend(types.into_iter().map(Into::into));
        self
    }
    /// Only in these groups. A new ticket is in none yet: it begins under the playbook of the desk, and goes by the one on trial as soon as it has come to the group.
    #[must_use]
    pub fn groups<N: Into<GroupId>>(mut self, groups: impl IntoIterator<Item = N>) -> Self {
        self.groups.extend(groups.into_iter().map(Into::into));
        self
    }
    /// It names nothing, so it is every ticket.
    pub fn is_all(&self) -> bool {
        self.types.is_empty() && self.groups.is_empty()
    }
    /// Whether a ticket is one of them.
    pub fn has(&self, ticket: &Ticket) -> bool {
        self.covers(&ticket.kind, ticket.group.as_ref())
    }
    fn covers(&self, kind: &TypeName, group: Option<&GroupId>) -> bool {
        (self.types.is_empty() || self.types.contains(kind)) && (self.groups.is_empty() || group.is_some_and(|g| self.groups.contains(g)))
    }
}

/// A playbook that is, or was, active for a subset; the playbook says since when.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    pub playbook: Arc<Playbook>,
    pub subset: Subset,
    /// Another activation for the same tickets has ended it; it is kept for tickets that have not been touched since.
    pub over: bool,
}

impl Now {
    /// The playbooks tickets of a type and group go by, the present one first.
    fn line(&self, kind: &TypeName, group: Option<&GroupId>) -> Vec<Arc<Playbook>> {
        let mut line: Vec<Arc<Playbook>> =
            self.trials.iter().filter(|t| t.subset.covers(kind, group)).map(|t| t.playbook.clone()).collect();
        line.extend(std::iter::once(&self.playbook).chain(self.older.iter()).cloned());
        // The latest first; what stood together stays together. One that was always active comes last.
        line.sort_by_key(|p| std::cmp::Reverse(p.since()));
        line
    }
    /// This moment for a new ticket of a type.
    pub(super) fn for_new(&self, kind: &TypeName) -> Option<Self> {
        if self.trials.is_empty() { None } else { self.of(self.line(kind, None)) }
    }
    fn of(&self, mut line: Vec<Arc<Playbook>>) -> Option<Self> {
        if line.is_empty() {
            return None;
        }
        let playbook = line.remove(0);
        Some(Self {
            playbook,
            older: Arc::new(line),
            roster: self.roster.clone(),
            suspended: self.suspended.clone(),
            trials: self.trials.clone(),
            at: self.at,
        })
    }
}

impl Desk {
    /// Activates a playbook for a subset of the tickets; the others go on under the active one. Open tickets of the subset adopt it as of now, as with [`Desk::swap`], and
    /// pinned workflow versions stay pinned until a migration. A ticket that comes into the subset later adopts it as of then, and one that leaves it comes back to the desk's own. Of two
    /// trials that both cover a ticket the later one counts.
    ///
    /// A trial by groups: a new ticket is in no group yet, so it begins under the desk's own playbook and with that one's version of the workflow, which it keeps when it comes to the group. A migration
    /// that only the playbook on trial brings (its `migrations/`) concerns the tickets of the subset alone: begin it during the trial ([`Desk::begin_migration`]), and again for those that came later.
    ///
    /// It ends with [`Desk::swap`], usually to the same playbook, or with [`Desk::end_trials`]. A process that starts again meanwhile gives it to
    /// [`super::Builder::trial`]. Watches (S86) and channels are always those of the desk's own playbook.
    ///
    /// # Errors
    /// As [`Desk::swap`]; names that are gone count only where tickets of the subset use them.
    pub async fn begin_trial(&self, playbook: Playbook, subset: Subset) -> Result<Swapped, Error> {
        let (main, older, trials) = {
            let kept = lock(&self.0.kept);
            (kept.playbook.clone(), kept.older.clone(), kept.trials.clone())
        };
        let at_hand = at_hand(&main, &older, &trials);
        check_calendars(&playbook, &at_hand)?;
        let since = self.now();
        let joined = Arc::new(playbook.with_versions_of(&at_hand).active_since(since));
        let total = self.check_versions(&joined, &[]).await?;
        self.check_names(Removed::between(&main, &joined), joined.migrations(), Some(&subset)).await?;
        let warnings = altered(&joined, &at_hand);
        let now = joined.digest();
        {
            let mut kept = lock(&self.0.kept);
            // Whoever leaves the subset, and a migration, find the versions of the trial in the desk's own playbook.
            kept.playbook = Arc::new(kept.playbook.with_versions_of([&joined]));
            let mut trials = (*kept.trials).clone();
            trials.insert(0, Trial { playbook: joined, subset, over: false });
            kept.trials = Arc::new(trials);
        }
        Ok(Swapped { before: main.digest(), now, since, warnings, recalculation: Recalculation::new(now, total) })
    }

    /// Ends every trial: their tickets adopt the desk's own playbook as of now, and go on in the workflow version they are pinned to. None where no trial is running.
    ///
    /// # Errors
    /// [`Error::NamesRemoved`] where tickets of a subset use names that only its trial has, or the store failed; the trials go on then.
    pub async fn end_trials(&self) -> Result<Option<Swapped>, Error> {
        let (main, trials) = {
            let kept = lock(&self.0.kept);
            (kept.playbook.clone(), kept.trials.clone())
        };
        let running: Vec<&Trial> = trials.iter().filter(|t| !t.over).collect();
        let Some(last) = running.first() else { return Ok(None) };
        for t in &running {
            self.check_names(Removed::between(&t.playbook, &main), &[], Some(&t.subset)).await?;
        }
        let since = self.now();
        let total = self.check_versions(&main, &[]).await?;
        let back = Arc::new((*main).clone().active_since(since));
        let subsets: Vec<Subset> = running.iter().map(|t| t.subset.clone()).collect();
        {
            let mut kept = lock(&self.0.kept);
            let mut all: Vec<Trial> = subsets.into_iter().map(|subset| Trial { playbook: back.clone(), subset, over: true }).collect();
            all.extend(kept.trials.iter().map(|t| Trial { over: true, ..t.clone() }));
            kept.trials = Arc::new(all);
        }
        let (before, now) = (last.playbook.digest(), main.digest());
        Ok(Some(Swapped { before, now, since, warnings: Diagnostics::new(), recalculation: Recalculation::new(now, total) }))
    }

    /// The playbooks on trial with their subsets, the latest first.
    pub fn trials(&self) -> Vec<(Arc<Playbook>, Subset)> {
        lock(&self.0.kept).trials.iter().filter(|t| !t.over).map(|t| (t.playbook.clone(), t.subset.clone())).collect()
    }

    /// Every playbook this desk has at hand, the desk's own first.
    pub(super) fn at_hand(&self) -> Vec<Arc<Playbook>> {
        let kept = lock(&self.0.kept);
        at_hand(&kept.playbook, &kept.older, &kept.trials)
    }

    /// The moment as it is for a ticket, where a trial makes it another one.
    pub(super) async fn governing(&self, now: &Now, ticket: &Ticket) -> Result<Option<Now>, Error> {
        if now.trials.is_empty() {
            return Ok(None);
        }
        let mut line = now.line(&ticket.kind, ticket.group.as_ref());
        // Where none is running, no ticket comes into one or leaves one.
        let running = now.trials.iter().any(|t| !t.over);
        if let Some(first) = line.first_mut().filter(|p| running && p.since().is_none_or(|s| s < ticket.updated_at)) {
            // It came into a subset, or left one, with its last entry: it adopts the playbook as of then.
            let before = ticket.revision.get().checked_sub(1).filter(|r| *r > 0).map(Revision::new);
            let last = self.0.store.journal(ticket.id, before, Limit::new(1)).await?;
            if last.items.first().is_some_and(|e| e.playbook != first.digest()) {
                *first = Arc::new((**first).clone().active_since(ticket.updated_at));
            }
        }
        Ok(now.of(line))
    }

    /// Of these tickets, those that go by the playbook of a digest, with that playbook.
    pub(super) async fn governed_by<'t>(
        &self,
        digest: &Digest,
        tickets: impl Iterator<Item = &'t Arc<Ticket>> + Send,
    ) -> Result<Option<(Arc<Playbook>, Vec<&'t Arc<Ticket>>)>, Error> {
        let now = self.at(self.now());
        if now.trials.is_empty() {
            return Ok(Some((now.playbook, tickets.collect())));
        }
        let mut found = Vec::new();
        for t in tickets {
            let there = self.governing(&now, t).await?.map_or_else(|| now.playbook.digest(), |n| n.playbook.digest());
            if there == *digest {
                found.push(t);
            }
        }
        Ok(self.at_hand().into_iter().find(|p| p.digest() == *digest).map(|p| (p, found)))
    }

    /// Lets a ticket that has just come into a subset, or left one, adopt its playbook now and not with its next command, so that nothing due under it fires late.
    pub(super) async fn follow_trial(&self, ticket: &Ticket) -> Result<Option<Arc<Ticket>>, Error> {
        let now = self.at(self.now());
        let Some(there) = self.governing(&now, ticket).await? else { return Ok(None) };
        if !ticket.is_open() || there.playbook.since() != Some(ticket.updated_at) {
            return Ok(None);
        }
        let key = format!("adopt:{:016x}:{}:{}", there.playbook.digest().short(), ticket.id, ticket.revision.get());
        self.submit_only(&Command::on(ticket.id, key, Actor::System, What::Review)).await.map(|done| Some(done.ticket))
    }
}

fn at_hand(main: &Arc<Playbook>, older: &[Arc<Playbook>], trials: &[Trial]) -> Vec<Arc<Playbook>> {
    std::iter::once(main).chain(trials.iter().map(|t| &t.playbook)).chain(older).cloned().collect()
}
