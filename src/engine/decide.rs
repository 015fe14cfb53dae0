//! One decision, in the one order of DESIGN 1.4.

use super::authorize::allow;
use super::case::{Case, Context, Decided, Decision, Needs};
use super::catchup::CaughtUp;
use super::command::{Command, Inbound, NewMessage, NewTicket, What};
use super::draft::{Beside, Draft, Held};
use super::family::Family;
use super::intake::{Placed, place};
use super::perform;
use super::refusal::Refusal;
use super::settle::{failed_closed, readopt, settle};
use super::trace::{Base, Trace};
use super::waves::Waves;
use crate::condition::{Customer, Running};
use crate::diagnostic::text;
use crate::id::*;
use crate::store::Commit;
use crate::ticket::*;
use std::sync::Arc;

/// Decides a command. Pure: the same inputs give the same bytes, whoever asks, wherever it runs.
///
/// In this order: (0) the instant is the later of now and the ticket's last entry, in whole microseconds; (1) everything due strictly
/// before it happens, each at its own instant, at most 64 a commit; (2) authorization and validation; (3) the command's own events;
/// (4) rules, in waves; (5) score and priority; (6) policy and clocks; (7) slots and queue; (8) the wake instant and the effects.
///
/// What it means for other tickets (a parent, children, a survivor) is worked out after that, each in the same order in an entry of its own, and all is one commit. Where a
/// child that has to end with its parent cannot, the parent does not end either.
pub fn decide(ctx: &Context<'_>, case: &Case, command: &Command) -> Decision {
    let mut held: Vec<Held> = Vec::new();
    loop {
        let made = match (&command.what, command.key.as_str().len()) {
            (_, 0) => Err(Refusal::one("no-key", text("a command needs an idempotency key", "命令必须带幂等键")).into()),
            (_, n) if n > ctx.limits.name => Err(Refusal::one("too-long", text("the idempotency key is too long", "幂等键过长")).into()),
            (What::Create(new), _) => create(ctx, case, command, new, None, &[], &held),
            (What::Receive(inbound), _) => receive(ctx, case, command, inbound, &held),
            _ => on_ticket(ctx, case, command, &held),
        };
        // Whatever came of a script that was ended: nothing of it counts.
        if ctx.running.is_some_and(Running::interrupted) {
            return Decision::Interrupted;
        }
        return match made {
            Ok(decided) => Decision::Decided(Box::new(decided)),
            Err(Stop::Refused(r)) => Decision::Refused(r),
            Err(Stop::Missing(n)) => Decision::Missing(n),
            // A child cannot follow its parent's end: the same once more, without that end. Of each ticket once.
            Err(Stop::Held(h)) => {
                held.push(h);
                continue;
            }
        };
    }
}

pub(super) enum Stop {
    Refused(Refusal),
    Missing(Needs),
    Held(Held),
}
impl From<Refusal> for Stop {
    fn from(r: Refusal) -> Self {
        Self::Refused(r)
    }
}

fn on_ticket<'a>(ctx: &Context<'a>, case: &'a Case, command: &'a Command, held: &'a [Held]) -> Result<Decided, Stop> {
    let stored = case.ticket.as_ref().ok_or_else(no_ticket)?;
    if let Some(seen) = command.expected
        && seen != stored.revision
    {
        return Err(Refusal::stale(seen, stored.revision).into());
    }
    let mut f = Family::new(ctx, case, command, held);
    let redirected = stored.kin.merged_into.is_some() && matches!(command.what, What::Reply(_) | What::LogCall(_));
    // What is said on a ticket that was merged goes to the survivor (S57).
    let d = if redirected {
        let (survivor, customer) = survivor(case, stored)?;
        Draft::of(ctx, case, command, survivor, customer)?
    } else {
        Draft::on(ctx, case, command, stored)?
    };
    let relatives: Vec<TicketId> = d.ticket.kin.children.iter().chain(&d.ticket.kin.waits).filter(|r| r.open).map(|r| r.ticket).collect();
    let me = f.begin(d, Waves::default());
    // What it waits for, where that had to be known: what was due there comes before what is done here.
    for id in relatives.into_iter().filter(|id| case.related.iter().any(|r| r.id == *id)) {
        f.bring(id, None)?;
    }
    f.errands()?;
    if f.catch_up(me, None)? == CaughtUp::More {
        return f.conclude(true);
    }
    if command.what == What::Tick {
        return f.conclude(false);
    }
    let other = f.with(me, |d, _| Ok(super::kin::others(&command.what, &d.ticket)))?;
    if let Some(id) = other {
        f.bring(id, None)?;
        f.lacks()?;
        f.errands()?;
    }
    if f.is_behind() {
        return f.conclude(true);
    }
    f.with(me, |d, waves| {
        d.begin_step(d.entry_at, false);
        // What was due may have brought it to another group.
        d.roles = ctx.roster.roles_in(&command.actor, d.ticket.group.as_ref());
        // Whose it is goes by the ticket that was asked about.
        let asked = if redirected { &**stored } else { &d.ticket };
        allow(ctx.playbook, ctx.roster, &command.actor, d.roles, &command.what, Some(asked))?;
        perform::perform(d, &command.what)?;
        settle(d, waves).map_err(failed_closed)?;
        if command.what == What::Review && d.ticket.is_open() {
            readopt(d);
            settle(d, waves).map_err(failed_closed)?;
        }
        Ok(())
    })?;
    f.conclude(false)
}

pub(super) fn no_ticket() -> Refusal {
    Refusal::one("no-ticket", text("there is no such ticket", "没有这张工单"))
}

/// The ticket into which another was merged in the end, with its requester's record.
fn survivor<'a>(case: &'a Case, merged: &Ticket) -> Result<(&'a Arc<Ticket>, Option<&'a Customer>), Stop> {
    let mut next = merged.kin.merged_into.map(|into| into.id);
    let mut found = None;
    // Each step leads to another ticket; a ticket is merged once at a time, so that it ends.
    for _ in 0..=case.related.len() {
        let Some(id) = next else { break };
        let Some(related) = case.related.iter().find(|r| r.id == id) else {
            return Err(Stop::Missing(Needs { related: vec![id], ..Needs::default() }));
        };
        let ticket = related.ticket.as_ref().ok_or_else(no_ticket)?;
        next = ticket.kin.merged_into.map(|into| into.id);
        found = Some((ticket, related.customer.as_ref()));
    }
    found.ok_or_else(|| no_ticket().into())
}

fn create<'a>(
    ctx: &Context<'a>,
    case: &'a Case,
    command: &'a Command,
    new: &NewTicket,
    follows: Option<&Arc<Ticket>>,
    received: &[Received<'_>],
    held: &'a [Held],
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
    let mut f = Family::new(ctx, case, command, held);
    let mut d = Draft::opened(ctx, case, command, id, at, &opening, case.customer.as_ref().and_then(Option::as_ref))?;
    d.roles = roles;
    let me = f.begin(d, Waves::default());
    f.with(me, |d, waves| {
        d.begin_step(at, false);
        let description = new.description.clone();
        d.push(Event::Created(Box::new(opening)), Cause::Command);
        super::task::entered(d);
        for r in received {
            receive_into(d, r.inbound)?;
            d.intake = Some(r.how);
            d.push(Event::Received { how: r.how, by: r.by.to_string() }, Cause::Command);
        }
        if let Some(call) = &new.call {
            perform::message(d, call, MessageKind::Call)?;
        } else if matches!(command.actor, Actor::Requester(_)) && received.is_empty() && !description.trim().is_empty() {
            perform::message(d, &NewMessage::new(description), MessageKind::Reply)?;
        }
        // The one it follows up on says so too (S16).
        if let Some(old) = follows.filter(|t| t.links.len() < ctx.limits.links) {
            let link = Link { kind: TagName::new("followed-by"), to: LinkTarget::Ticket(id) };
            super::errand::send(d, old.id, super::errand::Word::Happened(vec![Event::Linked(link)]));
        }
        settle(d, waves).map_err(failed_closed)
    })?;
    f.conclude(false)
}

struct Received<'a> {
    inbound: &'a Inbound,
    how: Intake,
    by: &'static str,
}

fn receive<'a>(ctx: &Context<'a>, case: &'a Case, command: &'a Command, inbound: &Inbound, held: &'a [Held]) -> Result<Decided, Stop> {
    let Some(candidates) = &case.candidates else { return Err(Stop::Missing(Needs { candidates: true, ..Needs::default() })) };
    match place(ctx, inbound, candidates, at_door(ctx.now)) {
        Placed::Again(ticket) => Ok(nothing(command, ticket, ctx.now)),
        Placed::New { follows, by } => receive_new(ctx, case, command, inbound, follows.as_ref(), by, held),
        Placed::Onto { ticket, how, by } => {
            let mut f = Family::new(ctx, case, command, held);
            let me = f.begin(Draft::on(ctx, case, command, &ticket)?, Waves::default());
            if f.catch_up(me, None)? == CaughtUp::More {
                return f.conclude(true);
            }
            // What was due in between may have closed the ticket for good: then the message opens one that follows up.
            let deaf = |d: &Draft<'_>| {
                d.ticket.class.is_final() && d.workflow.state(&d.ticket.state).is_none_or(|s| s.on_requester_reply.is_none())
            };
            if f.with(me, |d, _| Ok(deaf(d)))? && !inbound.automatic {
                return receive_new(ctx, case, command, inbound, Some(&ticket), by, held);
            }
            f.with(me, |d, waves| {
                d.begin_step(d.entry_at, false);
                receive_into(d, inbound)?;
                d.intake = Some(how);
                d.why_found = Some(by.to_string());
                settle(d, waves).map_err(failed_closed)
            })?;
            f.conclude(false)
        }
    }
}

fn receive_new<'a>(
    ctx: &Context<'a>,
    case: &'a Case,
    command: &'a Command,
    inbound: &Inbound,
    follows: Option<&Arc<Ticket>>,
    by: &'static str,
    held: &'a [Held],
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
    create(ctx, case, command, &new, follows, &[Received { inbound, how, by }], held)
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

pub(super) fn nothing(command: &Command, ticket: Arc<Ticket>, now: UtcInstant) -> Decided {
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
    fn on(ctx: &Context<'a>, case: &'a Case, command: &'a Command, stored: &Ticket) -> Result<Self, Stop> {
        if ctx.playbook.reads_customer() && case.customer.is_none() {
            return Err(Stop::Missing(Needs { customer: Some(stored.requester.clone()), ..Needs::default() }));
        }
        Self::of(ctx, case, command, stored, case.customer.as_ref().and_then(Option::as_ref))
    }

    /// Of a stored ticket, with its requester's record.
    pub(super) fn of(
        ctx: &Context<'a>,
        case: &'a Case,
        command: &'a Command,
        stored: &Ticket,
        customer: Option<&'a Customer>,
    ) -> Result<Self, Stop> {
        let workflow = ctx.playbook.workflow(&stored.workflow).ok_or_else(|| no_workflow(&stored.workflow))?;
        let roles = ctx.roster.roles_in(&command.actor, stored.group.as_ref());
        Ok(Self::new(ctx, case, command, workflow, stored.clone(), roles, customer))
    }

    /// Of a ticket that begins.
    pub(super) fn opened(
        ctx: &Context<'a>,
        case: &'a Case,
        command: &'a Command,
        id: TicketId,
        at: UtcInstant,
        opening: &Opening,
        customer: Option<&'a Customer>,
    ) -> Result<Self, Stop> {
        let workflow = ctx.playbook.workflow(&opening.workflow).ok_or_else(|| no_workflow(&opening.workflow))?;
        let ticket = Ticket::open(id, at, opening);
        Ok(Self::new(ctx, case, command, workflow, ticket, ctx.roster.roles(&command.actor), customer))
    }

    fn new(
        ctx: &Context<'a>,
        case: &'a Case,
        command: &'a Command,
        workflow: &'a crate::workflow::Workflow,
        ticket: Ticket,
        roles: &'a [RoleName],
        customer: Option<&'a Customer>,
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
            customer,
            told_open: ticket.is_open(),
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
            beside: Beside::default(),
            errands: Vec::new(),
            held: &[],
            asked: Needs::default(),
            numbers: 0,
            following: 0,
            reads: Vec::new(),
        }
    }

    /// Gives the trace what it is worked out from.
    pub(super) fn seal(&mut self, entry: Option<Arc<Entry>>) {
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
