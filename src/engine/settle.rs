//! Settling a step (DESIGN 1.4, steps 4 to 7): rules, the requester's reply, score and priority, policy and clocks, slots, and the timers of rules
//! that wait for a clock's due instant.

use super::actions;
use super::draft::Draft;
use super::transition;
use super::waves::{FailedClosed, Waves};
use crate::diagnostic::text;
use crate::id::*;
use crate::routing::OnAway;
use crate::sla::Step;
use crate::ticket::*;

/// Most rounds of rules that what happened to clocks wakes.
const ROUNDS: u8 = 4;

/// Settles everything the events of the present step have woken.
pub(super) fn settle(d: &mut Draft<'_>, waves: &mut Waves) -> Result<(), FailedClosed> {
    waves.run(d)?;
    if reply_moves(d) {
        waves.run(d)?;
    }
    // A clock found breached by a new target wakes rules, and what those do may concern clocks again: rarely twice, never endless.
    for round in 0..=ROUNDS {
        if priority(d) {
            waves.run(d)?;
        }
        // Last in every round: no fact may be left that the clocks have not followed.
        clocks(d);
        if !d.awake() || round == ROUNDS {
            break;
        }
        waves.run(d)?;
    }
    super::periods::before_due(d);
    super::errand::tell(d);
    d.triggers.clear();
    d.changed.clear();
    Ok(())
}

/// The requester's message, as the rules judged it, ends a wait on the requester or reopens (S78, S81, S16).
///
/// It happens after the first rules, since a rule may have judged the message automatic or mere thanks.
fn reply_moves(d: &mut Draft<'_>) -> bool {
    let counts = d.message.as_ref().is_some_and(|w| w.message.counts_from_requester() && !w.message.thanks);
    let Some(asked) = d.intake.or_else(|| counts.then_some(Intake::Append)) else { return false };
    if asked == Intake::New || asked == Intake::FollowUp {
        return false;
    }
    let was_final = d.ticket.class.is_final();
    let cause = Cause::Command;
    let mut how = if was_final { Intake::Kept } else { Intake::Append };
    let mut moved = false;
    let transition = d.workflow.state(&d.ticket.state).and_then(|s| s.on_requester_reply.clone());
    if counts && let Some(name) = transition {
        // The move is the state's own consequence, not the person's doing: roles do not apply, guards do.
        moved = transition::take_or_tell(d, &name, &Cause::System);
        if moved && was_final {
            how = Intake::Reopen;
        }
    }
    if counts {
        absent_assignee(d);
    }
    if d.intake.is_some() {
        d.intake = Some(how);
        let by = d.why_found.take().unwrap_or_default();
        d.push(Event::Received { how, by }, cause);
    }
    moved || d.awake()
}

/// The assignee is away, and the requester waits or the desk was told: what the group's policy says happens (S85).
pub(super) fn absent_assignee(d: &mut Draft<'_>) {
    if !d.ticket.is_open() {
        return;
    }
    let Some(group) = d.ticket.group.clone() else { return };
    let Some((_, what)) = d.ctx.playbook.routing().on_away(&d.ticket, d.ctx.roster, d.ctx.playbook.calendars(), d.at) else { return };
    let given = match what {
        OnAway::Keep => return,
        OnAway::Backup(b) => actions::assign(d, &b, &Cause::System).is_ok(),
        OnAway::Queue => false,
    };
    if !given {
        let _ = actions::queue(d, &group, Default::default(), "absent".into(), &Cause::System);
    }
}

/// Score and priority (S63): the model's answer stands unless a person's override does (S25).
fn priority(d: &mut Draft<'_>) -> bool {
    let model = d.ctx.playbook.priority();
    let (score, level) = {
        let t = &d.ticket;
        let impact = t.impact.as_ref().map(|l| &l.value);
        let urgency = t.urgency.as_ref().map(|l| &l.value);
        let current = t.priority.as_ref().map(|p| &p.value);
        if d.ctx.trace {
            let settled = model.settle(&d.view("priority"), impact, urgency, &t.score_parts, current);
            d.trace.score = settled.terms.into_iter().map(|t| (t.what, t.points, t.reason)).collect();
            (settled.score, settled.priority)
        } else {
            // The same, without words that nobody reads.
            model.settle_brief(&d.view("priority"), impact, urgency, &t.score_parts, current)
        }
    };
    if score != d.ticket.score {
        d.push(Event::ScoreSettled { score }, Cause::System);
    }
    let Some(level) = level else { return false };
    let may = match &d.ticket.priority {
        Some(p) if p.value == level => return false,
        Some(p) => crate::priority::may_replace(p, d.ticket.priority_until, d.at),
        None => true,
    };
    if may {
        d.push(Event::PrioritySet { priority: Some(level), by: Provenance::Rule, until: None }, Cause::System);
    }
    may
}

/// Policy choice, then clocks, over the facts of this step (S37, S52).
fn clocks(d: &mut Draft<'_>) {
    let (agreements, calendars) = (d.ctx.playbook.agreements(), d.ctx.playbook.calendars());
    let of_group = d.ctx.playbook.schema().group_calendar(d.ticket.group.as_ref());
    let choice = agreements.choose(&d.view("policy"), calendars, of_group);
    for (policy, fault) in choice.faults {
        d.push(Event::faulted(RuleName::new(policy.as_str()), &fault), Cause::System);
    }
    for event in choice.events {
        if let Event::PolicyChosen { agreement: Agreement::Customer, policy, .. } = &event {
            d.why.policy.clone_from(policy);
        }
        d.push(event, Cause::System);
    }
    let events = followed(d);
    book(d, events);
}

/// The bookkeeping that follows from the facts of this step so far.
fn followed(d: &Draft<'_>) -> Vec<Event> {
    let facts: Vec<&Event> = d.events.get(d.step..).unwrap_or_default().iter().map(|c| &c.event).filter(|e| !e.is_bookkeeping()).collect();
    d.ctx.playbook.agreements().follow(d.ctx.playbook.calendars(), &d.ticket, &Step { facts: &facts, at: d.at, actor: d.actor })
}

/// Puts it down; the facts that come next are the next step's.
fn book(d: &mut Draft<'_>, events: Vec<Event>) {
    for event in events {
        d.push(event, Cause::System);
    }
    d.step = d.events.len();
    d.followed = true;
}

/// Adopts the policies anew whose targets or marks read otherwise in the active playbook (S46); nothing happens where the clocks stay.
pub(super) fn readopt(d: &mut Draft<'_>) {
    let mark = d.mark();
    for a in d.ticket.adopted.clone() {
        let event = Event::PolicyChosen {
            agreement: a.agreement,
            policy: Some(a.policy),
            calendar: Some(a.calendar),
            calendar_version: a.calendar_version,
        };
        d.push(event, Cause::System);
    }
    let events = followed(d);
    if events.is_empty() {
        d.back_to(mark);
    }
    book(d, events);
}

/// Slots for an agent chosen by a person or a rule: the lowest free ones, beyond capacity if need be (S33).
pub(super) fn claim_by_hand(d: &mut Draft<'_>, agent: &AgentId) -> (Vec<u16>, bool) {
    if d.case.holdings.as_ref().is_none_or(|h| !h.knows(agent)) {
        d.missing.push(agent.clone());
        return (Vec::new(), false);
    }
    let Some(holdings) = d.holdings() else { return (Vec::new(), false) };
    let weight = d.ctx.playbook.routing().weight(&d.view("slots"));
    let Some(known) = d.ctx.roster.agent(agent) else { return (Vec::new(), false) };
    let taken: Vec<(AgentId, u16)> = d.case.taken.iter().map(|c| (c.agent.clone(), c.slot)).collect();
    let claimed = crate::routing::manual_slots(known, &holdings, weight, &taken);
    d.claim(agent, &claimed.slots);
    (claimed.slots, claimed.over)
}

/// The first agent who gets a ticket becomes its owner 首问负责人, where the playbook says so (S65).
pub(super) fn owner_of_first(d: &mut Draft<'_>, cause: &Cause) {
    if d.ctx.playbook.settings().first_assignee_owns && d.ticket.owner.is_none() {
        let owner = d.ticket.assignee.clone();
        d.push(Event::OwnerSet(owner), cause.clone());
    }
}

/// Why a fail-closed rule refuses a command.
pub(super) fn failed_closed(f: FailedClosed) -> super::Refusal {
    super::Refusal::one(
        "rule-failed",
        text(
            format!("the rule `{}` must hold and failed: {}", f.rule, f.message.en),
            format!("规则 `{}` 必须通过，但执行出错：{}", f.rule, f.message.zh),
        ),
    )
}
