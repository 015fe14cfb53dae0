//! One decision, in the one order of DESIGN 1.4.

use super::authorize::allow;
use super::case::{Case, Context, Decided, Decision, Needs};
use super::catchup::{CaughtUp, catch_up};
use super::command::{Command, Inbound, NewMessage, NewTicket, What};
use super::draft::Draft;
use super::intake::{Placed, place};
use super::perform;
use super::refusal::Refusal;
use super::settle::{failed_closed, readopt, settle};
use super::trace::{Base, Trace};
use super::waves::Waves;
use crate::condition::Running;
use crate::diagnostic::text;
use crate::id::*;
use crate::store::{Commit, Write};
use crate::ticket::*;
use chrono::TimeDelta;
use std::sync::Arc;

/// Decides a command. Pure: the same inputs give the same bytes, whoever asks, wherever it runs.
///
/// In this order: (0) the instant is the later of now and the ticket's last entry, in whole microseconds; (1) everything due strictly
/// before it happens, each at its own instant, at most 64 a commit; (2) authorization and validation; (3) the command's own events;
/// (4) rules, in waves; (5) score and priority; (6) policy and clocks; (7) slots and queue; (8) the wake instant and the effects.
pub fn decide(ctx: &Context<'_>, case: &Case, command: &Command) -> Decision {
    let made = match (&command.what, command.key.as_str().len()) {
        (_, 0) => Err(Refusal::one("no-key", text("a command needs an idempotency key", "命令必须带幂等键")).into()),
        (_, n) if n > ctx.limits.name => Err(Refusal::one("too-long", text("the idempotency key is too long", "幂等键过长")).into()),
        (What::Create(new), _) => create(ctx, case, command, new, None, &[]),
        (What::Receive(inbound), _) => receive(ctx, case, command, inbound),
        _ => on_ticket(ctx, case, command),
    };
    // Whatever came of a script that was ended: nothing of it counts.
    if ctx.running.is_some_and(Running::interrupted) {
        return Decision::Interrupted;
    }
    match made {
        Ok(decided) => Decision::Decided(Box::new(decided)),
        Err(Stop::Refused(r)) => Decision::Refused(r),
        Err(Stop::Missing(n)) => Decision::Missing(n),
    }
}

enum Stop {
    Refused(Refusal),
    Missing(Needs),
}
impl From<Refusal> for Stop {
    fn from(r: Refusal) -> Self {
        Self::Refused(r)
    }
}

fn on_ticket(ctx: &Context<'_>, case: &Case, command: &Command) -> Result<Decided, Stop> {
    let stored = case.ticket.as_ref().ok_or_else(no_ticket)?;
    if let Some(seen) = command.expected
        && seen != stored.revision
    {
        return Err(Refusal::stale(seen, stored.revision).into());
    }
    let mut d = Draft::on(ctx, case, command, stored)?;
    let at = d.entry_at;
    let caught = catch_up(&mut d, at);
    if caught == CaughtUp::More {
        return finish(d, command, true);
    }
    if command.what == What::Tick {
        return finish(d, command, false);
    }
    d.begin_step(at, false);
    // What was due may have brought it to another group.
    d.roles = ctx.roster.roles_in(&command.actor, d.ticket.group.as_ref());
    allow(ctx.playbook, ctx.roster, &command.actor, d.roles, &command.what, Some(&d.ticket))?;
    perform::perform(&mut d, &command.what)?;
    let mut waves = Waves::default();
    settle(&mut d, &mut waves).map_err(failed_closed)?;
    if command.what == What::Review && d.ticket.is_open() {
        readopt(&mut d);
        settle(&mut d, &mut waves).map_err(failed_closed)?;
    }
    finish(d, command, false)
}

fn no_ticket() -> Refusal {
    Refusal::one("no-ticket", text("there is no such ticket", "没有这张工单"))
}

fn create(
    ctx: &Context<'_>,
    case: &Case,
    command: &Command,
    new: &NewTicket,
    follows: Option<&Arc<Ticket>>,
    received: &[Received<'_>],
) -> Result<Decided, Stop> {
    let at = at_door(ctx.now);
    let roles = ctx.roster.roles(&command.actor);
    allow(ctx.playbook, ctx.roster, &command.actor, roles, &command.what, None)?;
    let mut opening = perform::opening(ctx, new, &command.actor, case.new_number.unwrap_or(0), at, !received.is_empty())?;
    let needs = Needs {
        identity: case.new_id.is_none() || case.new_number.is_none(),
        customer: (ctx.playbook.reads_customer() && case.customer.is_none()).then(|| new.requester.clone()),
        ..Needs::default()
    };
    let (Some(id), None, false) = (case.new_id, &needs.customer, needs.identity) else { return Err(Stop::Missing(needs)) };
    opening.follows = follows.map(|t| t.id);
    opening.thread = received.first().and_then(|r| r.inbound.threads.first().cloned());
    let workflow = ctx.playbook.workflow(&opening.workflow).ok_or_else(|| no_workflow(&opening.workflow))?;
    let ticket = Ticket::open(id, at, &opening);
    let mut d = Draft::new(ctx, case, command, workflow, ticket, roles);
    d.begin_step(at, false);
    let description = new.description.clone();
    d.push(Event::Created(Box::new(opening)), Cause::Command);
    super::task::entered(&mut d);
    for r in received {
        receive_into(&mut d, r.inbound)?;
        d.intake = Some(r.how);
        d.push(Event::Received { how: r.how, by: r.by.to_string() }, Cause::Command);
    }
    if let Some(call) = &new.call {
        perform::message(&mut d, call, MessageKind::Call)?;
    } else if matches!(command.actor, Actor::Requester(_)) && received.is_empty() && !description.trim().is_empty() {
        perform::message(&mut d, &NewMessage::new(description), MessageKind::Reply)?;
    }
    settle(&mut d, &mut Waves::default()).map_err(failed_closed)?;
    finish(d, command, false)
}

struct Received<'a> {
    inbound: &'a Inbound,
    how: Intake,
    by: &'static str,
}

fn receive(ctx: &Context<'_>, case: &Case, command: &Command, inbound: &Inbound) -> Result<Decided, Stop> {
    let Some(candidates) = &case.candidates else { return Err(Stop::Missing(Needs { candidates: true, ..Needs::default() })) };
    match place(ctx, inbound, candidates, at_door(ctx.now)) {
        Placed::Again(ticket) => Ok(nothing(command, ticket, ctx.now)),
        Placed::New { follows, by } => receive_new(ctx, case, command, inbound, follows.as_ref(), by),
        Placed::Onto { ticket, how, by } => {
            let mut d = Draft::on(ctx, case, command, &ticket)?;
            let at = d.entry_at;
            if catch_up(&mut d, at) == CaughtUp::More {
                return finish(d, command, true);
            }
            // What was due in between may have closed the ticket for good: then the message opens one that follows up.
            let deaf = d.ticket.class.is_final() && d.workflow.state(&d.ticket.state).is_none_or(|s| s.on_requester_reply.is_none());
            if deaf && !inbound.automatic {
                return receive_new(ctx, case, command, inbound, Some(&ticket), by);
            }
            d.begin_step(at, false);
            receive_into(&mut d, inbound)?;
            d.intake = Some(how);
            d.why_found = Some(by.to_string());
            settle(&mut d, &mut Waves::default()).map_err(failed_closed)?;
            finish(d, command, false)
        }
    }
}

fn receive_new(
    ctx: &Context<'_>,
    case: &Case,
    command: &Command,
    inbound: &Inbound,
    follows: Option<&Arc<Ticket>>,
    by: &'static str,
) -> Result<Decided, Stop> {
    let mut new = NewTicket::new(&inbound.kind, inbound.subject.clone(), &inbound.requester, &inbound.channel);
    if new.subject.trim().is_empty() {
        new.subject = inbound.external_id.as_str().into();
    }
    new.provisional = inbound.provisional;
    new.organisation.clone_from(&inbound.organisation);
    new.category.clone_from(&inbound.category);
    new.fields.clone_from(&inbound.fields);
    let how = if follows.is_some() { Intake::FollowUp } else { Intake::New };
    create(ctx, case, command, &new, follows, &[Received { inbound, how, by }])
}

fn receive_into(d: &mut Draft<'_>, inbound: &Inbound) -> Result<(), Refusal> {
    let mut m = NewMessage::new(inbound.body.clone());
    m.channel = Some(inbound.channel.clone());
    m.language.clone_from(&inbound.language);
    m.attachments.clone_from(&inbound.attachments);
    m.automatic = inbound.automatic;
    m.external_id = Some(inbound.external_id.clone());
    perform::message(d, &m, MessageKind::Reply)
}

fn nothing(command: &Command, ticket: Arc<Ticket>, now: UtcInstant) -> Decided {
    let commit = Commit { id: command.key.clone(), at: at_door(now), writes: Vec::new(), reads: Vec::new(), effects: Vec::new() };
    Decided { commit, ticket, again: false, trace: Trace::default() }
}

pub(super) fn no_workflow(w: &WorkflowRef) -> Refusal {
    Refusal::one(
        "workflow-absent",
        text(
            format!("the ticket is pinned to version {} of the workflow `{}`, which no active playbook holds", w.version, w.name),
            format!("工单绑定的流程 `{}` 第 {} 版不在当前配置包中", w.name, w.version),
        ),
    )
}

impl<'a> Draft<'a> {
    fn on(ctx: &Context<'a>, case: &'a Case, command: &'a Command, stored: &Arc<Ticket>) -> Result<Self, Stop> {
        if ctx.playbook.reads_customer() && case.customer.is_none() {
            return Err(Stop::Missing(Needs { customer: Some(stored.requester.clone()), ..Needs::default() }));
        }
        let workflow = ctx.playbook.workflow(&stored.workflow).ok_or_else(|| no_workflow(&stored.workflow))?;
        let roles = ctx.roster.roles_in(&command.actor, stored.group.as_ref());
        Ok(Self::new(ctx, case, command, workflow, (**stored).clone(), roles))
    }

    fn new(
        ctx: &Context<'a>,
        case: &'a Case,
        command: &'a Command,
        workflow: &'a crate::workflow::Workflow,
        ticket: Ticket,
        roles: &'a [RoleName],
    ) -> Self {
        let at = at_door(ctx.now).max(ticket.updated_at);
        let traced = ctx.trace.then(|| ticket.clone());
        Self {
            ctx: *ctx,
            case,
            workflow,
            actor: &command.actor,
            occurred_at: command.occurred_at.map(at_door),
            roles,
            customer: case.customer.as_ref().and_then(Option::as_ref),
            before: ticket.revision,
            revision: ticket.revision.next(),
            ticket,
            events: Vec::with_capacity(8),
            at,
            entry_at: at,
            step: 0,
            triggers: Vec::new(),
            changed: Vec::new(),
            message: None,
            transition: None,
            intake: None,
            effects: Vec::new(),
            takes: Vec::new(),
            releases: Vec::new(),
            why: Why::default(),
            why_found: None,
            missing: Vec::new(),
            trace: Trace::default(),
            traced,
            timed: false,
            firing: None,
            followed: false,
        }
    }

    /// Gives the trace what it is worked out from.
    fn seal(&mut self, entry: Option<Arc<Entry>>) {
        if let Some(before) = self.traced.take() {
            self.trace.base = Some(Arc::new(Base {
                rules: self.ctx.playbook.shared_rules(),
                before,
                entry,
                actor: self.actor.clone(),
                roles: self.roles.to_vec(),
                customer: self.customer.cloned(),
            }));
        }
    }

    /// When what the command tells truly happened: never later than the command itself (S26).
    pub(super) fn occurred(&self) -> UtcInstant {
        self.occurred_at.map_or(self.at, |t| t.min(self.at))
    }
}

/// Makes the commit of a draft.
fn finish(mut d: Draft<'_>, command: &Command, again: bool) -> Result<Decided, Stop> {
    if !d.missing.is_empty() {
        let mut agents = std::mem::take(&mut d.missing);
        agents.sort();
        agents.dedup();
        // Those already known stay known: the shell replaces the holdings as a whole.
        if let Some(h) = &d.case.holdings {
            agents.extend(h.iter().map(|(a, _)| a.clone()));
        }
        return Err(Stop::Missing(Needs { holdings: Some(agents), ..Needs::default() }));
    }
    if d.events.is_empty() {
        d.seal(None);
        let ticket = Arc::new(d.ticket);
        return Ok(Decided { trace: d.trace, ..nothing(command, ticket, d.entry_at) });
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
    let only_timers = d.events.iter().all(|c| c.at.is_some());
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
        commit: if again { CommitId::new(format!("{}~{}~{}", command.key, d.ticket.id, d.revision.get())) } else { command.key.clone() },
        playbook: d.ctx.playbook.digest(),
        events: std::mem::take(&mut d.events),
        wake_at: d.ticket.wake_at,
        why: std::mem::take(&mut d.why),
    };
    let entry = Arc::new(entry);
    d.seal(Some(entry.clone()));
    let effects = leave_house(d.effects, d.entry_at, d.ctx.playbook.settings().stale_after, d.ticket.id, d.revision);
    let id = entry.commit.clone();
    let ticket = Arc::new(d.ticket);
    let write = Write { before: d.before, ticket: ticket.clone(), entry, takes: d.takes, releases: d.releases };
    let commit = Commit { id, at: d.entry_at, writes: vec![write], reads: Vec::new(), effects };
    Ok(Decided { commit, ticket, again, trace: d.trace })
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
