//! Migrations of a running desk: preview, in pieces, and back (S10, S11, S89).

use super::{Desk, Error, Subset};
use crate::diagnostic::Diagnostics;
use crate::engine::{Command, Migrate, What};
use crate::id::*;
use crate::playbook::{Migration, Playbook, Removed};
use crate::store::{Cursor, Limit, Order, Query, Store as _, StoreExt as _};
use crate::ticket::{Actor, Event, Migrated, Ticket};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a migration would do.
#[derive(Clone, Debug, Default)]
pub struct MigrationPreview {
    /// What is said against it without forbidding it.
    pub warnings: Diagnostics,
    /// How many tickets go from which state to which.
    pub pairs: BTreeMap<(StateName, StateName), u64>,
    /// Tickets that would come out otherwise than pinned to another version: another state, another name, another limit, clocks that change; the first of them.
    pub differing: Vec<MigrationDifference>,
    /// How many those are in all.
    pub differ: u64,
    /// How many have a limit or a timed transition in the past afterwards, which happens at once.
    pub at_once: u64,
    /// How many would be refused.
    pub refused: u64,
    /// All that are concerned.
    pub total: u64,
}

/// A ticket that would come out otherwise.
#[derive(Clone, Debug)]
pub struct MigrationDifference {
    /// Which.
    pub id: TicketId,
    /// Its number.
    pub number: u64,
    /// Its state.
    pub from: StateName,
    /// The state it goes on in.
    pub to: StateName,
    /// Its limit before and after.
    pub limit: (Option<UtcInstant>, Option<UtcInstant>),
    /// Its earliest due instant before and after.
    pub due: (Option<UtcInstant>, Option<UtcInstant>),
    /// How many of its clocks change.
    pub clocks: usize,
}

/// A migration in progress, or its undoing: a value, so that a host can keep it and go on after an interruption, or begin it anew, which comes to the same.
#[derive(Clone, Debug)]
pub struct Migrating {
    /// The migration.
    pub migration: Arc<Migration>,
    /// It brings tickets back.
    pub back: bool,
    /// Whose deed it is in every ticket's history: the desk's own, unless it is said to be somebody's.
    pub by: Actor,
    after: Option<Cursor>,
    /// Tickets looked at.
    pub seen: u64,
    /// Tickets migrated, or brought back.
    pub changed: u64,
    /// Tickets that could not be migrated, each with why.
    pub refused: Vec<(TicketId, crate::engine::Refusal)>,
    /// While undoing: tickets that have moved since and stay where they are.
    pub moved: Vec<TicketId>,
    /// Nothing is left.
    pub done: bool,
}

impl Migrating {
    /// The same, as somebody's deed: an agent needs the right `migrate` of `[settings.rights]` for it, ticket by ticket; those for which it is lacking are among the refused.
    #[must_use]
    pub fn by(mut self, actor: Actor) -> Self {
        self.by = actor;
        self
    }
}

impl Desk {
    /// What a migration would do, ticket by ticket; nothing is written. At most `most` tickets are told one by one.
    ///
    /// # Errors
    /// [`Error::Migration`] with everything that forbids it, or the store failed.
    pub async fn preview_migration(&self, migration: &Migration, most: usize) -> Result<MigrationPreview, Error> {
        let mut out = MigrationPreview { warnings: self.check_migration(migration)?, ..MigrationPreview::default() };
        let shared = Arc::new(migration.clone());
        let only = self.only(migration);
        let mut after = None;
        loop {
            let page = self.0.store.find(&concerned(migration.final_tickets), after.as_ref(), Limit::MAX).await?;
            for t in page
                .items
                .iter()
                .filter(|t| t.workflow == migration.from && t.kin.merged_into.is_none() && only.as_ref().is_none_or(|s| s.has(t)))
            {
                out.total = out.total.saturating_add(1);
                let command = Command::on(t.id, "preview", Actor::System, What::Migrate(Migrate::By(shared.clone())));
                match self.preview(&command).await {
                    Ok(would) => out.add(t, &would.ticket, most),
                    Err(Error::Refused(_)) => out.refused = out.refused.saturating_add(1),
                    Err(e) => return Err(e),
                }
            }
            after = page.next;
            if !page.more {
                return Ok(out);
            }
        }
    }

    /// Begins a migration: pass what it gives to [`Desk::migrate`] until it is done. Everything about it is checked first; nothing is written yet.
    ///
    /// # Errors
    /// [`Error::Migration`] with everything that forbids it.
    pub fn begin_migration(&self, migration: &Migration) -> Result<Migrating, Error> {
        self.check_migration(migration)?;
        Ok(started(migration, false))
    }

    /// Begins to undo a migration: tickets that have not moved since go back to where they were, the others are listed. Pass it to [`Desk::migrate`].
    pub fn undo_migration(&self, migration: &Migration) -> Migrating {
        started(migration, true)
    }

    /// Goes on with a migration by at most `most` tickets. Each goes through the one door by itself: what was due before happens first (S26), its clocks follow. A ticket
    /// that is done is left alone, so it does not matter where it was interrupted, or whether two desks do it at once.
    ///
    /// # Errors
    /// The store failed; the migration stands where it was and can go on.
    pub async fn migrate(&self, state: &mut Migrating, most: usize) -> Result<(), Error> {
        if state.done {
            return Ok(());
        }
        // Where a ticket goes back it may have been over before, or be now.
        let query = concerned(state.migration.final_tickets || state.back);
        let page = self.0.store.find(&query, state.after.as_ref(), Limit::new(most)).await?;
        // Kept when the page is done: one that failed midway is gone over again and finds the changed ones as they should be.
        let (mut seen, mut changed, mut refused, mut moved) = (0u64, 0u64, Vec::new(), Vec::new());
        let pinned = if state.back { &state.migration.to } else { &state.migration.from };
        let only = if state.back { None } else { self.only(&state.migration) };
        for t in page.items.iter().filter(|t| (state.back || t.workflow == *pinned) && only.as_ref().is_none_or(|s| s.has(t))) {
            seen = seen.saturating_add(1);
            let how = if state.back {
                let Some(done) = self.migrated_by(t, &state.migration).await? else { continue };
                if !done.left(t) {
                    moved.push(t.id);
                    continue;
                }
                Migrate::Back(Box::new(done))
            } else {
                Migrate::By(state.migration.clone())
            };
            let word = if state.back { "unmigrate" } else { "migrate" };
            let key = format!("{word}:{:016x}:{}:{}", state.migration.digest().short(), t.id, t.revision.get());
            match self.submit_only(&Command::on(t.id, key, state.by.clone(), What::Migrate(how))).await {
                Ok(done) if done.receipt.is_some() => changed = changed.saturating_add(1),
                Ok(_) => {}
                Err(Error::Refused(r)) if r.reasons.iter().any(|r| r.code == "moved-since") => moved.push(t.id),
                Err(Error::Refused(r)) => refused.push((t.id, r)),
                Err(e) => return Err(e),
            }
        }
        state.seen = state.seen.saturating_add(seen);
        state.changed = state.changed.saturating_add(changed);
        state.refused.extend(refused);
        state.moved.extend(moved);
        state.done = !page.more;
        state.after = page.next.or(state.after.take());
        Ok(())
    }

    /// What a migration last did to a ticket; none where it did nothing, or that was undone.
    async fn migrated_by(&self, t: &Ticket, m: &Migration) -> Result<Option<Migrated>, Error> {
        let digest = m.digest();
        let journal = self.0.store.whole_journal(t.id).await?;
        let of = |e: &Event| match e {
            Event::Migrated(d) if d.digest == digest => Some((**d).clone()),
            _ => None,
        };
        let last = journal.iter().flat_map(|e| &e.events).filter_map(|c| of(&c.event)).next_back();
        Ok(last.filter(|d| !d.back))
    }

    /// The tickets a migration concerns, where it belongs to a trial.
    fn only(&self, m: &Migration) -> Option<Subset> {
        let own = self.trials().into_iter().find(|(p, _)| brings(p, m)).map(|(_, s)| s);
        own.filter(|_| !brings(&self.playbook(), m))
    }

    fn check_migration(&self, m: &Migration) -> Result<Diagnostics, Error> {
        let at_hand = self.at_hand();
        // The target of a trial's own migration is the trial.
        let own = self.trials().into_iter().map(|(p, _)| p).find(|p| brings(p, m));
        let playbook = own.unwrap_or_else(|| self.playbook());
        let before = |p: &&Arc<Playbook>| p.digest() != playbook.digest() && p.workflow(&m.from).is_some();
        let problems = m.check(at_hand.iter().find(before).unwrap_or(&playbook), &playbook);
        if problems.has_errors() { Err(Error::Migration(problems)) } else { Ok(problems) }
    }

    /// Names that are gone, that open tickets use and that no migration of the new playbook maps, each with how many use it (S89).
    pub(super) async fn check_names(&self, mut removed: Removed, migrations: &[Migration], of: Option<&Subset>) -> Result<(), Error> {
        // Which policy a ticket stands under its conditions say: one that is taken away gives way by itself (S37, S55).
        removed.policies.clear();
        migrations.iter().for_each(|m| removed.covered_by(m));
        if removed.is_empty() {
            return Ok(());
        }
        let mut used: BTreeMap<(String, String), u64> = BTreeMap::new();
        let mut count = 0u64;
        for t in self.0.store.find_all(&concerned(false)).await?.iter().filter(|t| of.is_none_or(|s| s.has(t))) {
            let names = removed.used_by(t);
            count = count.saturating_add(u64::from(!names.is_empty()));
            for (kind, name) in names {
                let n = used.entry((kind.en, name)).or_default();
                *n = n.saturating_add(1);
            }
        }
        if used.is_empty() {
            return Ok(());
        }
        let names = used.iter().map(|((kind, name), n)| format!("{kind} `{name}` ({n})")).collect::<Vec<_>>().join(", ");
        Err(Error::NamesRemoved { count, names })
    }
}

impl MigrationPreview {
    fn add(&mut self, before: &Ticket, after: &Ticket, most: usize) {
        let n = self.pairs.entry((before.state.clone(), after.state.clone())).or_default();
        *n = n.saturating_add(1);
        let now = after.updated_at;
        let past =
            after.limit.is_some_and(|l| l < now && !after.limit_passed) || after.timers.iter().filter_map(|t| t.wakes()).any(|at| at < now);
        self.at_once = self.at_once.saturating_add(u64::from(past));
        let clocks = after.clocks.iter().filter(|c| !before.clocks.contains(c)).count();
        let gone = before.clocks.iter().filter(|c| !after.clocks.iter().any(|x| x.id == c.id)).count();
        let clocks = clocks.saturating_add(gone);
        let fields: Vec<&FieldName> = before.fields.keys().collect();
        let (mut a, b) = (before.standing(fields.iter().copied()), after.standing(fields.iter().copied()));
        a.workflow = b.workflow.clone();
        if a == b && clocks == 0 {
            return;
        }
        self.differ = self.differ.saturating_add(1);
        if self.differing.len() < most {
            self.differing.push(MigrationDifference {
                id: before.id,
                number: before.number,
                from: before.state.clone(),
                to: after.state.clone(),
                limit: (before.limit, after.limit),
                due: (before.due(), after.due()),
                clocks,
            });
        }
    }
}

fn brings(playbook: &Playbook, m: &Migration) -> bool {
    playbook.migrations().iter().any(|x| x.digest() == m.digest())
}

fn started(migration: &Migration, back: bool) -> Migrating {
    let migration = Arc::new(migration.clone());
    Migrating { migration, back, by: Actor::System, after: None, seen: 0, changed: 0, refused: Vec::new(), moved: Vec::new(), done: false }
}

fn concerned(finals: bool) -> Query {
    let all = Query::new().order(Order::Id);
    if finals { all } else { all.open() }
}
