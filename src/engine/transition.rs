//! Taking a transition: who may, what is missing, then leave, move, enter (S3).

use super::actions;
use super::draft::Draft;
use super::input::TransitionInput;
use super::refusal::Refusal;
use crate::calendar::Calendar;
use crate::diagnostic::text;
use crate::id::*;
use crate::ticket::*;
use crate::workflow::{State, Workflow};

/// Takes a transition, or gives all reasons why not. Fields and comment come with it (Blueprint's "during").
pub(super) fn take(d: &mut Draft<'_>, given: &TransitionInput, cause: &Cause) -> Result<(), Refusal> {
    let TransitionInput { name, fields, comment, .. } = given;
    let d_limits = d.ctx.limits;
    let by_person = *cause == Cause::Command;
    let mut problems = Refusal::default();
    let by = match (by_person, d.actor) {
        (true, Actor::Requester(_)) => Provenance::Requester,
        (true, _) => Provenance::Agent,
        (false, _) => Provenance::Rule,
    };
    let unasked = if by_person {
        super::authorize::unasked((d.ctx.playbook, d.ctx.roster), d.workflow, &d.ticket, given, (d.actor, d.roles))
    } else {
        Vec::new()
    };
    for (attribute, value) in fields.iter().filter(|(a, _)| !unasked.iter().any(|(b, _)| a == b)) {
        if let Err(r) = actions::set(d, attribute, value.clone(), by, false, cause) {
            problems.reasons.extend(r.reasons);
        }
    }
    problems.reasons.extend(unasked.into_iter().flat_map(|(_, r)| r.reasons));
    for item in &given.ticked {
        if let Err(r) = check_off(d, *item, true, cause) {
            problems.reasons.extend(r.reasons);
        }
    }
    if let Some(code) = &given.resolution {
        resolve(d, name, code, cause);
    }
    if d.ticket.kin.merged_into.is_some() {
        problems.reasons.extend(super::merge::merged(&d.ticket).reasons);
    }
    let held = d.transition.replace(name.clone());
    let workflow: &Workflow = d.workflow;
    // What is written on the way is what the guard and the demand for a comment see as the message.
    let said = comment.as_ref().filter(|c| !c.trim().is_empty());
    let written = (said.is_some() || !given.attachments.is_empty()).then(|| {
        let body = said.cloned().unwrap_or_default();
        Message { attachments: given.attachments.clone(), ..super::perform::note(d, body) }
    });
    let taken = {
        let view = if by_person { d.view("transition") } else { d.system_view("transition") };
        let message = if by_person { written.as_ref() } else { view.message };
        workflow.take(name, &crate::condition::View { message, ..view })
    };
    d.transition = held;
    let transition = match taken {
        Ok(t) => t,
        Err(blockers) => {
            unseen_kin(d, &blockers);
            problems.reasons.extend(blockers.into_iter().map(Into::into));
            return Err(problems);
        }
    };
    if let Some(code) = &given.resolution
        && transition.resolution.as_ref().is_none_or(|codes| !codes.has(code.as_str()))
    {
        problems.add(
            "no-resolution-here",
            text(format!("`{name}` does not take the resolution code `{code}`"), format!("`{name}` 不接受解决代码 `{code}`")),
        );
    }
    let ends = workflow.state(transition.target(&d.ticket.state)).is_some_and(|s| s.class.is_final()) && d.ticket.is_open();
    for h in d.held.iter().filter(|h| ends && h.ticket == d.ticket.id) {
        problems.reasons.extend(held_by(&d.ticket, h).reasons);
    }
    // A person is told that nobody could grant what this asks for; what goes by itself finds it in the journal.
    if by_person {
        problems
            .reasons
            .extend(super::approval_round::unaskable(d.ctx.roster, workflow, transition, &d.view("transition"), d.actor).reasons);
    }
    problems.done()?;
    if let Some(m) = written {
        super::perform::check_attachments(d_limits, &m.attachments)?;
        let over = d.ctx.limits.body;
        if m.body.len() > over {
            return Err(actions::too_long(&Attribute::named("comment"), m.body.len(), over));
        }
        d.push(Event::MessageAdded(Box::new(m)), cause.clone());
    }
    let internal = transition.internal && transition.stays(&d.ticket.state);
    enter(d, Some(name.clone()), transition.to.as_ref(), internal, cause);
    for action in &transition.after {
        actions::attempt(d, name.as_str(), action.word(), &Cause::System, |d| actions::perform(d, action, cause));
    }
    Ok(())
}

/// What a timer, a decision or another ticket brings about; refused, the journal says why. Whether it was taken.
pub(super) fn take_or_tell(d: &mut Draft<'_>, name: &TransitionName, cause: &Cause) -> bool {
    let mark = d.mark();
    let taken = take(d, &TransitionInput::new(name), cause);
    let Err(r) = taken else { return true };
    d.back_to(mark);
    let codes = r.reasons.iter().map(|r| r.code.to_string()).collect();
    d.push(Event::MoveRefused { transition: name.clone(), codes }, cause.clone());
    false
}

/// Whom it waits for may have ended by now, of their own accord: they are caught up before it is refused for their sake (S26).
pub(super) fn unseen_kin(d: &mut Draft<'_>, blockers: &[crate::workflow::Blocker]) {
    if !blockers.iter().any(|b| matches!(b.code, "children-open" | "blocked-by")) {
        return;
    }
    let open = d.ticket.kin.children.iter().chain(&d.ticket.kin.waits).filter(|r| r.open && r.blocking);
    let known = |id: &TicketId| d.case.related.iter().any(|r| r.id == *id);
    let unseen: Vec<TicketId> = open.map(|r| r.ticket).filter(|id| !known(id)).collect();
    d.asked.related.extend(unseen);
}

/// A child that would have to end with it cannot.
fn held_by(t: &Ticket, h: &super::draft::Held) -> Refusal {
    let child = t.kin.children.iter().find(|c| c.ticket == h.child).map_or_else(|| h.child.to_string(), |c| format!("#{}", c.number));
    let say = |lang, sep: &str| h.why.iter().map(|w| w.get(lang).to_string()).collect::<Vec<_>>().join(sep);
    let (en, zh) = (say(crate::diagnostic::Lang::En, "; "), say(crate::diagnostic::Lang::Zh, "；"));
    Refusal::one(
        "children-open",
        text(format!("the child {child} would have to end with it and cannot: {en}"), format!("子工单 {child} 须一同结束但无法结束：{zh}")),
    )
}

/// Ticks an item of the state's checklist, or takes that back.
pub(super) fn check_off(d: &mut Draft<'_>, item: u16, on: bool, cause: &Cause) -> Result<(), Refusal> {
    let items = d.workflow.state(&d.ticket.state).map_or(0, |s| s.checklist.len());
    if usize::from(item) >= items {
        return Err(Refusal::one(
            "unknown-item",
            text(
                format!("the checklist of `{}` has {items} items, counted from 0; there is no item {item}", d.ticket.state),
                format!("状态 `{}` 的检查清单有 {items} 项（从 0 计），没有第 {item} 项", d.ticket.state),
            ),
        ));
    }
    if d.ticket.progress.ticked.contains(&item) != on {
        d.push(Event::Progressed(if on { Progressed::Ticked(item) } else { Progressed::Unticked(item) }), cause.clone());
    }
    Ok(())
}

/// Gives the resolution code of this cycle; that the transition takes it is judged with everything else.
fn resolve(d: &mut Draft<'_>, name: &TransitionName, code: &LevelName, cause: &Cause) {
    let cycle = d.ticket.cycle;
    let asked = d.workflow.leaving(&d.ticket.state).any(|t| t.name == *name && t.resolution.as_ref().is_some_and(|c| c.has(code.as_str())));
    if asked && d.ticket.progress.code(cycle) != Some(code) {
        d.push(Event::Progressed(Progressed::Resolved(Resolution { code: code.clone(), cycle })), cause.clone());
    }
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
    hold_slots(d, state.holds_slots && !state.class.is_final());
    if !internal {
        super::approval::moved(d, &from, was_final && !state.class.is_final());
        super::task::moved(d, &from);
    }
    let asked = d.ticket.rating_requested == Some(d.ticket.cycle);
    // A child's requester is asked about the parent, one of a merged ticket about the survivor (S59).
    let apart = d.ticket.kin.parent.is_none() && d.ticket.kin.merged_into.is_none();
    if apart && !was_final && !asked && d.ctx.playbook.settings().rating_on == Some(state.class) {
        let cycle = d.ticket.cycle;
        d.push(Event::RatingRequested { cycle }, Cause::System);
        let requester = d.ticket.requester.clone();
        d.effect(EffectKind::RatingRequest { cycle, requester });
    }
}

/// Gives the assignee's slots back, or takes them again, as the ticket's new state wants it.
pub(super) fn hold_slots(d: &mut Draft<'_>, holds: bool) {
    let Some(agent) = d.ticket.assignee.clone() else { return };
    if !holds && !d.ticket.slots.is_empty() {
        actions::release_slots(d, &agent);
        d.push(Event::SlotsFreed, Cause::System);
    } else if holds && d.ticket.slots.is_empty() {
        let (slots, over) = super::settle::claim_by_hand(d, &agent);
        d.push(Event::SlotsTaken { slots, over }, Cause::System);
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
