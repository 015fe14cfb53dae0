//! The tickets of one decision: the one that was asked about, and others it concerns, each with a draft of its own (DESIGN 3).
//!
//! What happens to one may be news to another: an *errand*. Errands are worked off in the order of their instants; before one, its ticket lets happen what was due earlier. All
//! drafts become one commit. Everything is bounded: so many tickets, so many errands.

use super::case::{Case, Context, Decided, Needs};
use super::catchup::{CaughtUp, catch_up};
use super::command::Command;
use super::decide::{Stop, nothing};
use super::draft::{Beside, Draft, Held};
use super::errand::{self, Errand, Word};
use super::refusal::Refusal;
use super::settle::settle;
use super::waves::Waves;
use crate::diagnostic::text;
use crate::id::*;
use crate::store::{Commit, Write};
use crate::ticket::*;
use chrono::TimeDelta;
use std::collections::VecDeque;
use std::sync::Arc;

/// Most tickets of one commit.
const TICKETS: usize = 128;
/// Most errands of one decision.
const ERRANDS: usize = 1024;

/// The drafts of one decision; the first is of the ticket it is about.
pub(super) struct Family<'a> {
    ctx: Context<'a>,
    case: &'a Case,
    command: &'a Command,
    held: &'a [Held],
    members: Vec<Member<'a>>,
    errands: VecDeque<Errand>,
    needs: Needs,
    /// One that has more due than fits a commit: it goes first, alone.
    behind: Option<usize>,
    worked: usize,
}

struct Member<'a> {
    d: Draft<'a>,
    waves: Waves,
}

impl<'a> Family<'a> {
    pub fn new(ctx: &Context<'a>, case: &'a Case, command: &'a Command, held: &'a [Held]) -> Self {
        let needs = Needs::default();
        Self { ctx: *ctx, case, command, held, members: Vec::new(), errands: VecDeque::new(), needs, behind: None, worked: 0 }
    }

    /// Adds a draft; its place.
    pub fn begin(&mut self, mut d: Draft<'a>, waves: Waves) -> usize {
        d.held = self.held;
        self.members.push(Member { d, waves });
        self.members.len().saturating_sub(1)
    }

    /// Works with one draft, and takes from it what it lacks and what it has to tell.
    pub fn with<T>(&mut self, place: usize, work: impl FnOnce(&mut Draft<'a>, &mut Waves) -> Result<T, Refusal>) -> Result<T, Stop> {
        let beside = self.beside(place);
        let Some(Member { d, waves }) = self.members.get_mut(place) else { return Err(Stop::Missing(Needs::default())) };
        d.beside = beside;
        let done = work(d, waves);
        self.needs.add(std::mem::take(&mut d.asked));
        self.errands.extend(d.errands.drain(..));
        match done {
            // What it is refused for may be otherwise once that is known.
            Err(_) if !self.needs.is_empty() => Err(Stop::Missing(std::mem::take(&mut self.needs))),
            done => done.map_err(Stop::from),
        }
    }

    /// What the other drafts of this commit hold and release so far, and how their tickets stand.
    fn beside(&self, place: usize) -> Beside {
        let mut all = Beside::default();
        if self.members.len() < 2 && self.case.related.is_empty() {
            return all;
        }
        for (_, Member { d, .. }) in self.members.iter().enumerate().filter(|(i, _)| *i != place) {
            all.takes.extend(d.takes.iter().cloned());
            all.releases.extend(d.releases.iter().cloned());
            all.assigned.extend(d.assigned().map(|(a, at)| (a.clone(), at)));
            all.numbers = all.numbers.saturating_add(d.numbers);
            if self.command.what.is_kin() {
                all.tickets.push(Arc::new(d.ticket.clone()));
            }
        }
        all
    }

    fn place(&self, id: TicketId) -> Option<usize> {
        self.members.iter().position(|m| m.d.ticket.id == id)
    }

    /// The place of a ticket's draft, caught up to an instant (none: its entry's); none where it is not known yet, and asked for.
    pub fn bring(&mut self, id: TicketId, until: Option<UtcInstant>) -> Result<Option<usize>, Stop> {
        let place = match self.place(id) {
            Some(place) => place,
            None => {
                let Some(related) = self.case.related.iter().find(|r| r.id == id) else {
                    self.needs.related.push(id);
                    return Ok(None);
                };
                let Some(ticket) = &related.ticket else { return Err(super::decide::no_ticket().into()) };
                if self.members.len() >= TICKETS {
                    return Err(too_many_related().into());
                }
                let customer = related.customer.as_ref();
                let d = Draft::of(&self.ctx, self.case, self.command, ticket, customer)?;
                self.begin(d, Waves::of_timer())
            }
        };
        if self.catch_up(place, until)? == CaughtUp::More {
            self.behind.get_or_insert(place);
        }
        Ok(Some(place))
    }

    /// Lets happen to one ticket what is due strictly before an instant. One that has had the command's own step is caught up already.
    pub fn catch_up(&mut self, place: usize, until: Option<UtcInstant>) -> Result<CaughtUp, Stop> {
        self.with(place, |d, _| {
            let until = until.unwrap_or(d.entry_at);
            if d.own() { Ok(CaughtUp::Done) } else { Ok(catch_up(d, until)) }
        })
    }

    /// Works off what one ticket is to another.
    pub fn errands(&mut self) -> Result<(), Stop> {
        while let Some(e) = self.next_errand() {
            self.worked = self.worked.saturating_add(1);
            if self.worked > ERRANDS {
                return Err(too_many_related().into());
            }
            if self.behind.is_some() {
                return Ok(());
            }
            match self.errand(e.clone()) {
                // Nobody is there whom a bound of this commit could be told: the end that led to it does not come about.
                Err(Stop::Refused(r)) if e.word.may_be_held() && !self.is_held(e.from) => {
                    let why = r.reasons.into_iter().map(|r| r.message).collect();
                    return Err(Stop::Held(Held { ticket: e.from, child: e.to, why }));
                }
                other => other?,
            }
        }
        Ok(())
    }

    /// A ticket that is not there, or whose workflow is gone: nobody works on it, and what is only news to it keeps nobody from working on another.
    fn is_beyond(&self, id: TicketId) -> bool {
        let known = self.case.related.iter().find(|r| r.id == id);
        known.is_some_and(|r| r.ticket.as_ref().is_none_or(|t| self.ctx.playbook.workflow(&t.workflow).is_none()))
    }

    fn is_held(&self, id: TicketId) -> bool {
        self.held.iter().any(|h| h.ticket == id)
    }

    fn next_errand(&mut self) -> Option<Errand> {
        let first = self.errands.iter().enumerate().min_by_key(|(i, e)| (e.at, *i)).map(|(i, _)| i)?;
        self.errands.remove(first)
    }

    fn errand(&mut self, e: Errand) -> Result<(), Stop> {
        let place = match &e.word {
            Word::Begin(new) => {
                if self.members.len() >= TICKETS {
                    return Err(too_many_related().into());
                }
                let customer = self.case.customers.iter().find(|(r, _)| *r == new.opening.requester).map(|(_, c)| c);
                if self.ctx.playbook.reads_customer() && customer.is_none() {
                    self.needs.customers.push(new.opening.requester.clone());
                    return Ok(());
                }
                let d = Draft::opened(&self.ctx, self.case, self.command, e.to, e.at, &new.opening, customer.and_then(Option::as_ref))?;
                self.begin(d, Waves::of_timer())
            }
            _ if e.word.is_news() && self.is_beyond(e.to) => return Ok(()),
            _ => match self.bring(e.to, e.timed.then_some(e.at))? {
                Some(place) => place,
                None => return Ok(()),
            },
        };
        if self.behind.is_some() {
            return Ok(());
        }
        self.with(place, |d, waves| {
            // The entry's own step comes after those of timers, and from then on there are no others.
            let timed = e.timed && !d.own();
            let last = d.events.last().and_then(|c| c.at);
            d.begin_step(if timed { last.map_or(e.at, |last| e.at.max(last)) } else { d.entry_at }, timed);
            // Two at one instant are two steps.
            d.followed |= timed && last == Some(d.at);
            errand::run(d, &e)?;
            settle(d, waves).map_err(super::settle::failed_closed)
        })
    }

    /// Whether one of them has more due than fits a commit.
    pub fn is_behind(&self) -> bool {
        self.behind.is_some()
    }

    /// Whether something has to be known first.
    pub fn lacks(&mut self) -> Result<(), Stop> {
        if self.needs.is_empty() { Ok(()) } else { Err(Stop::Missing(std::mem::take(&mut self.needs))) }
    }

    /// Makes the commit: errands first.
    pub fn conclude(mut self, again: bool) -> Result<Decided, Stop> {
        self.errands()?;
        self.lacks()?;
        self.commit(again)
    }

    fn commit(mut self, mut again: bool) -> Result<Decided, Stop> {
        let mut members = std::mem::take(&mut self.members);
        if let Some(place) = self.behind {
            again = true;
            members = members.into_iter().skip(place).take(1).collect();
        }
        let mut agents: Vec<AgentId> = members.iter_mut().flat_map(|m| std::mem::take(&mut m.d.missing)).collect();
        if !agents.is_empty() {
            // Those already known stay known: the shell replaces the holdings as a whole.
            if let Some(h) = &self.case.holdings {
                agents.extend(h.iter().map(|(a, _)| a.clone()));
            }
            agents.sort();
            agents.dedup();
            return Err(Stop::Missing(Needs { holdings: Some(agents), ..Needs::default() }));
        }
        let mut members = members.into_iter();
        let Some(Member { d: first, .. }) = members.next() else { return Err(super::decide::no_ticket().into()) };
        let id = if again {
            CommitId::new(format!("{}~{}~{}", self.command.key, first.ticket.id, first.revision.get()))
        } else {
            self.command.key.clone()
        };
        let mut commit = Commit { id, at: first.entry_at, writes: Vec::new(), reads: Vec::new(), effects: Vec::new() };
        commit.reads.extend(first.reads.iter().copied());
        let (ticket, trace) = seal(first, &mut commit, self.command)?;
        for Member { d, .. } in members {
            commit.reads.extend(d.reads.iter().copied());
            seal(d, &mut commit, self.command)?;
        }
        let written: Vec<TicketId> = commit.writes.iter().map(|w| w.ticket.id).collect();
        commit.reads.retain(|(id, _)| !written.contains(id));
        commit.reads.sort_unstable();
        commit.reads.dedup();
        if commit.writes.is_empty() {
            return Ok(Decided { trace, ..nothing(self.command, ticket, commit.at) });
        }
        Ok(Decided { commit, ticket, again, trace })
    }
}

fn too_many_related() -> Refusal {
    Refusal::one(
        "too-many-related",
        text(
            format!("this concerns more than {TICKETS} tickets at once; end some of the children first"),
            format!("此操作同时涉及超过 {TICKETS} 张工单；请先结束部分子工单"),
        ),
    )
}

/// Puts a draft into the commit, as an entry of its ticket; nothing where nothing happened to it.
fn seal(mut d: Draft<'_>, commit: &mut Commit, command: &Command) -> Result<(Arc<Ticket>, super::Trace), Stop> {
    if d.events.is_empty() {
        d.seal(None);
        return Ok((Arc::new(d.ticket), d.trace));
    }
    if d.ctx.trace
        && d.events.iter().any(|c| matches!(c.event, Event::Queued { handoff: true, .. }))
        && let Some(bounce) = crate::routing::bounced(&d.ticket)
    {
        d.trace.notes.push(bounce.text());
    }
    let weight = d.ticket.weight();
    if weight > d.ctx.limits.ticket {
        return Err(Refusal::one(
            "too-large",
            text(
                format!("the ticket would take {weight} bytes besides its fields, at most {} fit", d.ctx.limits.ticket),
                format!("工单除自定义字段外共 {weight} 字节，最多 {} 字节", d.ctx.limits.ticket),
            ),
        )
        .into());
    }
    // Only timers fired: the entry stands at the last of them, whenever the sweep or the command came that let them (S26).
    let last = d.events.last().and_then(|c| c.at);
    let only_timers = !d.own();
    let at = if only_timers { last.unwrap_or(d.entry_at) } else { d.entry_at };
    d.ticket.revision = d.revision;
    d.ticket.updated_at = at;
    d.ticket.wake_at = d.ticket.next_wake();
    let entry = Entry {
        ticket: d.ticket.id,
        revision: d.revision,
        at,
        occurred_at: d.occurred_at.filter(|_| !only_timers),
        actor: if only_timers { Actor::System } else { command.actor.clone() },
        commit: commit.id.clone(),
        playbook: d.ctx.playbook.digest(),
        events: std::mem::take(&mut d.events),
        wake_at: d.ticket.wake_at,
        why: std::mem::take(&mut d.why),
    };
    let entry = Arc::new(entry);
    d.seal(Some(entry.clone()));
    commit.effects.extend(leave_house(d.effects, d.entry_at, d.ctx.playbook.settings().stale_after, d.ticket.id, d.revision));
    let ticket = Arc::new(d.ticket);
    commit.writes.push(Write { before: d.before, ticket: ticket.clone(), entry, takes: d.takes, releases: d.releases });
    Ok((ticket, d.trace))
}

/// Numbers the effects. Of stale notifications (decided on long before they can leave, after a downtime) each recipient gets only the
/// last; the journal has them all (S26).
fn leave_house(
    effects: Vec<(UtcInstant, EffectKind)>,
    now: UtcInstant,
    stale_after: TimeDelta,
    ticket: TicketId,
    revision: Revision,
) -> Vec<Effect> {
    let edge = now.checked_sub_signed(stale_after).unwrap_or(now);
    let same = |a: &EffectKind, b: &EffectKind| match (a, b) {
        (EffectKind::Notification { to: x, agents: p, .. }, EffectKind::Notification { to: y, agents: q, .. }) => x == y && p == q,
        _ => false,
    };
    let mut kept: Vec<(UtcInstant, EffectKind)> = Vec::with_capacity(effects.len());
    for (at, kind) in effects {
        if at < edge {
            kept.retain(|(t, k)| !(*t < edge && same(k, &kind)));
        }
        kept.push((at, kind));
    }
    kept.into_iter()
        .enumerate()
        .map(|(i, (at, kind))| Effect { key: EffectKey { ticket, revision, index: u32::try_from(i).unwrap_or(u32::MAX) }, at, kind })
        .collect()
}
