//! Taking a transition: who may, what is missing, then leave, move, enter (S3).

use super::actions;
use super::draft::Draft;
use super::refusal::Refusal;
use crate::calendar::Calendar;
use crate::id::*;
use crate::ticket::*;
use crate::workflow::{State, Workflow};

/// Takes a transition, or gives all reasons why not. Fields and comment come with it (Blueprint's "during").
pub(super) fn take(
    d: &mut Draft<'_>,
    name: &TransitionName,
    fields: &[(Attribute, Option<Value>)],
    comment: Option<&Text>,
    cause: &Cause,
) -> Result<(), Refusal> {
    let by_person = *cause == Cause::Command;
    let mut problems = Refusal::default();
    let by = match (by_person, d.actor) {
        (true, Actor::Requester(_)) => Provenance::Requester,
        (true, _) => Provenance::Agent,
        (false, _) => Provenance::Rule,
    };
    for (attribute, value) in fields {
        if let Err(r) = actions::set(d, attribute, value.clone(), by, false, cause) {
            problems.reasons.extend(r.reasons);
        }
    }
    let held = d.transition.replace(name.clone());
    let workflow: &Workflow = d.workflow;
    // What is written on the way is what the guard and the demand for a comment see as the message.
    let written = comment.filter(|c| !c.trim().is_empty()).map(|c| super::perform::note(d, c.clone()));
    let taken = {
        let view = if by_person { d.view("transition") } else { d.system_view("transition") };
        let message = if by_person { written.as_ref() } else { view.message };
        workflow.take(name, &crate::condition::View { message, ..view })
    };
    d.transition = held;
    let transition = match taken {
        Ok(t) => t,
        Err(blockers) => {
            problems.reasons.extend(blockers.into_iter().map(Into::into));
            return Err(problems);
        }
    };
    problems.done()?;
    if let Some(m) = written {
        let over = d.ctx.limits.body;
        if m.body.len() > over {
            return Err(actions::too_long(&Attribute::named("comment"), m.body.len(), over));
        }
        d.push(Event::MessageAdded(Box::new(m)), cause.clone());
    }
    let internal = transition.internal && transition.stays(&d.ticket.state);
    enter(d, Some(name.clone()), transition.to.as_ref(), internal, cause);
    for action in &transition.after {
        let mark = d.mark();
        if let Err(r) = actions::perform(d, action, cause) {
            d.back_to(mark);
            let code = r.reasons.first().map_or("refused", |r| r.code).to_string();
            d.push(Event::ActionRefused { rule: RuleName::new(name.as_str()), action: action.word().into(), code }, Cause::System);
        }
    }
    Ok(())
}

/// Moves the ticket into a state (none: the one it is in), with everything that goes with it: the next resolution cycle, slots, rating.
pub(super) fn enter(d: &mut Draft<'_>, transition: Option<TransitionName>, to: Option<&StateName>, internal: bool, cause: &Cause) {
    let workflow: &Workflow = d.workflow;
    let from = d.ticket.state.clone();
    let target = to.unwrap_or(&from);
    let Some(state) = workflow.state(target) else { return };
    let stay = stay(d.ctx.playbook, workflow, state, d.ticket.group.as_ref(), d.at, &d.ticket.timers);
    let was_final = d.ticket.class.is_final();
    let cycle = d.ticket.cycle;
    d.push(Event::Moved { transition, from: from.clone(), stay, internal }, cause.clone());
    if was_final && !state.class.is_final() {
        d.push(Event::Reopened { cycle: cycle.saturating_add(1) }, cause.clone());
        if d.ctx.playbook.settings().reopen_clears_assignee
            && d.ticket.assignee.is_some()
            && let Some(group) = d.ticket.group.clone()
        {
            let _ = actions::queue(d, &group, Default::default(), "reopened".into(), cause);
        }
    }
    if !state.holds_slots || state.class.is_final() {
        if let Some(agent) = d.ticket.assignee.clone()
            && !d.ticket.slots.is_empty()
        {
            actions::release_slots(d, &agent);
            d.push(Event::SlotsFreed, Cause::System);
        }
    } else if let Some(agent) = d.ticket.assignee.clone()
        && d.ticket.slots.is_empty()
    {
        let (slots, over) = super::settle::claim_by_hand(d, &agent);
        d.push(Event::SlotsTaken { slots, over }, Cause::System);
    }
    if !internal {
        super::task::moved(d, &from);
    }
    let asked = d.ticket.rating_requested == Some(d.ticket.cycle);
    if !was_final && !asked && d.ctx.playbook.settings().rating_on == Some(state.class) {
        let cycle = d.ticket.cycle;
        d.push(Event::RatingRequested { cycle }, Cause::System);
        let requester = d.ticket.requester.clone();
        d.effect(EffectKind::RatingRequest { cycle, requester });
    }
}

/// An arrival in a state at an instant: its time limit, timed transitions and time rules, each in the calendar of S79. `running` are the timers of the stay before.
pub(super) fn stay(
    playbook: &crate::playbook::Playbook,
    workflow: &Workflow,
    state: &State,
    group: Option<&GroupId>,
    at: UtcInstant,
    running: &[Timer],
) -> Stay {
    let of_group = playbook.schema().group_calendar(group);
    let calendar: &Calendar = playbook.calendars().resolve(state.calendar.as_ref(), of_group);
    let limit = state.limit.and_then(|span| calendar.due(at, span));
    let timed = workflow
        .timed(&state.name)
        .filter_map(|t| calendar.due(at, t.after).map(|at| Timer { at, kind: TimerKind::Transition(t.transition.clone()) }));
    let rules = super::periods::of_stay(playbook.rules(), &state.name, state.class, calendar, at, running);
    let timers: Vec<Timer> = timed.chain(rules).collect();
    Stay { state: state.name.clone(), class: state.class, waits_on: state.waits_on, limit, timers }
}
