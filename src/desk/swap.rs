//! Changing the playbook of a running desk.

use super::host::lock;
use super::trial::Trial;
use super::{Desk, Error};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, text};
use crate::engine::{Command, What};
use crate::id::*;
use crate::playbook::{Playbook, Removed};
use crate::sla::Outlook;
use crate::store::{Cursor, Limit, Order, Query, Store as _, StoreExt as _};
use crate::ticket::{Actor, Ticket, WorkflowRef};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// So many playbooks before the active one are remembered with the time in which they were active.
const REGIMES: usize = 16;

/// What a swap did, and the recalculation it begins.
#[derive(Clone, Debug)]
pub struct Swapped {
    /// The playbook before.
    pub before: Digest,
    /// The playbook now.
    pub now: Digest,
    /// Since when: open tickets adopt it as of this instant. A host keeps it beside the playbook's name, since a desk that is opened anew is told by it
    /// ([`Playbook::active_since`]).
    pub since: UtcInstant,
    /// Workflows that say something else than before under the same version, so that tickets pinned to it go by the new text without notice.
    pub warnings: Diagnostics,
    /// Goes over every open ticket: pass it to [`Desk::recalculate`] until it is done.
    pub recalculation: Recalculation,
}

/// A recalculation in progress: a value, so that a host can keep it and go on after an interruption, or drop it.
///
/// The results do not depend on it: an open ticket adopts the new playbook as of the instant of the swap, in the same decision that next touches it (S46, S55), whether a command,
/// a sweep or this. What it is for is time. First it *foresees*: the next wake of every open ticket under the new figures, and where that is earlier than the store
/// knows, it goes into the desk's own wake index, so that nothing fires late; over a million clocks a second and core. Then it *reviews*: it lets each ticket adopt, so that lists and
/// counts show the new due instants. Both go on in small pieces, between which the desk serves.
#[derive(Clone, Debug)]
pub struct Recalculation {
    playbook: Digest,
    after: Option<Cursor>,
    /// Every open ticket's next wake is known under the new figures; reviews follow.
    pub foreseen: bool,
    /// Tickets whose next wake has been looked at so far.
    pub looked_at: u64,
    /// Of these, tickets that now wake earlier.
    pub earlier: u64,
    /// Tickets looked at.
    pub seen: u64,
    /// Tickets that changed.
    pub changed: u64,
    /// Open tickets when it began.
    pub total: u64,
    /// Nothing is left.
    pub done: bool,
}

impl Recalculation {
    pub(super) fn new(playbook: Digest, total: u64) -> Self {
        Self { playbook, after: None, foreseen: false, looked_at: 0, earlier: 0, seen: 0, changed: 0, total, done: false }
    }
}

impl Desk {
    /// Activates another playbook. Open tickets keep their workflow version and their clocks' calendar version until they adopt the new one; the versions of the
    /// playbooks before stay at hand.
    ///
    /// # Errors
    /// [`Error::CalendarsAltered`] where a calendar says something else than before under the same version number (S55): not raised for the author, because then the number would
    /// depend on what a desk was swapped from, and another desk, or this one after a restart, would count the same file otherwise.
    /// [`Error::VersionsAbsent`] with counts, where neither playbook holds the version of an open ticket, or where both have it but the new one without the state a
    /// ticket is in: an edit like that needs a higher `version` in the workflow's file. [`Error::NamesRemoved`] with counts, where open tickets use names that are gone and no
    /// migration of the new playbook maps them (S89). Or the store failed.
    pub async fn swap(&self, playbook: Playbook) -> Result<Swapped, Error> {
        let playbook = Arc::new(playbook);
        let (before, older) = {
            let kept = lock(&self.0.kept);
            let mut older = (*kept.older).clone();
            older.insert(0, kept.playbook.clone());
            // The latest are kept as they came, since tickets may have to be caught up under each; of those before, every version once.
            let mut seen = BTreeSet::new();
            let mut n = 0usize;
            older.retain(|p| {
                n = n.saturating_add(1);
                seen.insert(*p.digest().bytes()) || n <= REGIMES
            });
            (kept.playbook.digest(), older)
        };
        let trials = lock(&self.0.kept).trials.clone();
        check_calendars(&playbook, &older)?;
        // Missing versions are carried over from older playbooks into the new one, so that tickets pinned to them go on.
        let since = self.now();
        let tried = trials.iter().map(|t| &t.playbook);
        let joined = Arc::new(playbook.with_versions_of(older.iter().chain(tried)).active_since(since));
        let total = self.check_versions(&joined, &[]).await?;
        let mut warnings = Diagnostics::new();
        if let Some(last) = older.first() {
            self.check_names(Removed::between(last, &joined), joined.migrations(), None).await?;
            for t in trials.iter().filter(|t| !t.over) {
                self.check_names(Removed::between(&t.playbook, &joined), joined.migrations(), Some(&t.subset)).await?;
            }
            warnings = altered(&joined, &older);
        }
        let now = joined.digest();
        {
            let mut kept = lock(&self.0.kept);
            kept.playbook = joined;
            kept.older = Arc::new(older);
            // All tickets go by it now; trials are remembered as playbooks before it are.
            kept.trials = Arc::new(kept.trials.iter().take(REGIMES).map(|t| Trial { over: true, ..t.clone() }).collect());
        }
        Ok(Swapped { before, now, since, warnings, recalculation: Recalculation::new(now, total) })
    }

    /// Goes on with a recalculation by one piece. While it foresees, that is 1,000 tickets, about a millisecond where the store keeps them in memory; then it is at most `most`
    /// reviews: each ticket is judged by the new rules of priority and policy, and its clocks and wake instant follow.
    ///
    /// # Errors
    /// The store failed; the recalculation stands where it was and can go on.
    pub async fn recalculate(&self, state: &mut Recalculation, most: usize) -> Result<(), Error> {
        if state.done {
            return Ok(());
        }
        if !state.foreseen {
            return self.foresee(state).await;
        }
        let page = self.0.store.find(&every_open(), state.after.as_ref(), Limit::new(most)).await?;
        // Seen are counted when the page is done: one that failed midway is gone over again, and finds the changed ones as they should be.
        let mut seen = 0u64;
        let mine = self.governed_by(&state.playbook, page.items.iter()).await?;
        for t in mine.iter().flat_map(|(_, tickets)| tickets) {
            let key = format!("review:{:016x}:{}:{}", state.playbook.short(), t.id, t.revision.get());
            let command = Command::on(t.id, key, Actor::System, What::Review);
            match self.submit_only(&command).await {
                Ok(done) if done.receipt.is_some() => state.changed = state.changed.saturating_add(1),
                Ok(_) | Err(Error::Refused(_)) => {}
                Err(e) => return Err(e),
            }
            lock(&self.0.earlier).set(t.id, None);
            seen = seen.saturating_add(1);
        }
        state.seen = state.seen.saturating_add(seen);
        state.done = !page.more;
        state.after = page.next.or(state.after.take());
        Ok(())
    }

    /// Looks at the next thousand open tickets: when they will wake by the active playbook.
    async fn foresee(&self, state: &mut Recalculation) -> Result<(), Error> {
        let page = self.0.store.find(&every_open(), state.after.as_ref(), Limit::MAX).await?;
        let mine = self.governed_by(&state.playbook, page.items.iter()).await?;
        if let Some((playbook, tickets)) = &mine
            && let Some(since) = playbook.since()
        {
            let outlook = Outlook::new(playbook.agreements(), playbook.calendars(), since);
            let not_yet = tickets.iter().filter(|t| t.updated_at <= since);
            let mut earlier = lock(&self.0.earlier);
            if state.looked_at == 0 {
                earlier.reserve(usize::try_from(state.total).unwrap_or(0));
            }
            for t in not_yet {
                let group = playbook.schema().group_calendar(t.group.as_ref());
                if let Some(at) = outlook.wake(t, group)
                    && t.wake_at.is_none_or(|w| at < w)
                {
                    earlier.no_later(t.id, at);
                    state.earlier = state.earlier.saturating_add(1);
                }
            }
        }
        state.looked_at = state.looked_at.saturating_add(u64::try_from(page.items.len()).unwrap_or(u64::MAX));
        state.foreseen = !page.more;
        state.after = if page.more { page.next } else { None };
        Ok(())
    }

    /// Counts open tickets whose workflow version no playbook at hand holds; returns how many are open.
    pub(super) async fn check_versions(&self, playbook: &Playbook, older: &[Arc<Playbook>]) -> Result<u64, Error> {
        // A version that lost the state a ticket is in is not the version the ticket is pinned to (S11).
        let held = |t: &Ticket| {
            let knows = |p: &Playbook| p.workflow(&t.workflow).is_some_and(|w| w.state(&t.state).is_some());
            knows(playbook) || older.iter().any(|p| knows(p))
        };
        // With the state, where the version is there without it.
        let mut absent: BTreeMap<(WorkflowRef, Option<StateName>), u64> = BTreeMap::new();
        let mut total = 0u64;
        for t in self.0.store.find_all(&every_open()).await? {
            total = total.saturating_add(1);
            if !held(&t) {
                let there = std::iter::once(playbook).chain(older.iter().map(|p| &**p)).any(|p| p.workflow(&t.workflow).is_some());
                let n = absent.entry((t.workflow.clone(), there.then(|| t.state.clone()))).or_default();
                *n = n.saturating_add(1);
            }
        }
        if absent.is_empty() {
            return Ok(total);
        }
        let count = absent.values().sum();
        let say = |((w, lost), n): (&(WorkflowRef, Option<StateName>), &u64)| match lost {
            Some(state) => format!("{} version {}, now without the state `{state}` they are in ({n})", w.name, w.version),
            None => format!("{} version {} ({n})", w.name, w.version),
        };
        let versions = absent.iter().map(say).collect::<Vec<_>>().join(", ");
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

/// Workflows whose content changed under an unchanged version. No error, since a label may be put right; tickets pinned to the version go by the new text.
pub(super) fn altered(playbook: &Playbook, older: &[Arc<Playbook>]) -> Diagnostics {
    let mut out = Diagnostics::new();
    for new in playbook.workflows() {
        let Some(old) = older.iter().find_map(|p| p.workflow(&new.reference())) else { continue };
        let changed = crate::playbook::differing(old, new);
        let Some(first) = changed.changes.first() else { continue };
        let d = Diagnostic::warning(
            "workflow-altered",
            text(
                format!("workflow `{}` says something else than before under version {}: {}", new.name(), new.version(), first.says.en),
                format!("流程 `{}` 第 {} 版的内容与之前不同：{}", new.name(), new.version(), first.says.zh),
            ),
        );
        out.push(d.at(Place::file(format!("workflows/{}.toml", new.name()))).help(text(
            "raise `version`, so that open tickets go on by the text they began with until they are migrated",
            "请提高 `version`，使未结工单在迁移之前仍按原内容流转",
        )));
    }
    out
}

/// All open tickets, in the order that is cheapest to page through.
fn every_open() -> Query {
    Query::new().open().order(Order::Id)
}
