//! Timers of rules that repeat, or that wait for the time before a due instant (S26, S27).

use super::draft::Draft;
use crate::calendar::{Calendar, Offset};
use crate::id::*;
use crate::rules::Timing;
use crate::ticket::*;

/// The timers of rules that repeat in the state a ticket arrives in. One that runs in every open state goes on from where it stood, and has all its periods before it again.
pub(super) fn of_stay(
    rules: &crate::rules::RuleSet,
    state: &StateName,
    class: StateClass,
    calendar: &Calendar,
    at: UtcInstant,
    running: &[Timer],
) -> Vec<Timer> {
    let here = rules.time_rules(state).filter_map(|(_, r)| {
        let span = r.time.as_ref()?.span();
        let kind = match r.time.as_ref()? {
            Timing::Every { .. } => TimerKind::Every(r.name.clone(), 1),
            _ => TimerKind::Rule(r.name.clone()),
        };
        Some(Timer { at: calendar.due(at, span)?, kind })
    });
    let anywhere = rules.repeated().filter(|_| !class.is_final()).filter_map(|r| {
        let stood = running.iter().find(|t| matches!(&t.kind, TimerKind::Every(name, _) if *name == r.name)).map(|t| t.at);
        let next = stood.or_else(|| calendar.due(at, r.time.as_ref()?.span()))?;
        Some(Timer { at: next, kind: TimerKind::Every(r.name.clone(), 1) })
    });
    here.chain(anywhere).collect()
}

/// A period of a rule has passed: the next one begins at its end, if the ticket still stays where the rule repeats.
pub(super) fn again(d: &mut Draft<'_>, name: &RuleName, n: u32) {
    let Some((_, rule)) = d.ctx.playbook.rules().named(name.as_str()) else { return };
    let Some(Timing::Every { span, state, times }) = &rule.time else { return };
    let stays = state.as_ref().map_or_else(|| d.ticket.is_open(), |s| *s == d.ticket.state);
    if !stays || n >= *times {
        return;
    }
    let of_group = d.ctx.playbook.schema().group_calendar(d.ticket.group.as_ref());
    let own = d.workflow.state(&d.ticket.state).and_then(|s| s.calendar.as_ref());
    let next = d.ctx.playbook.calendars().resolve(own, of_group).due(d.at, *span);
    // A calendar that runs dry ends it, and so would one in which a period has no length.
    if let Some(at) = next.filter(|t| *t > d.at) {
        d.arm(Event::TimerSet(Timer { at, kind: TimerKind::Every(name.clone(), n.saturating_add(1)) }));
    }
}

/// Sets the timers of rules before due instants to where the clocks stand now. Worked out anew after each step; what stands stays.
pub(super) fn before_due(d: &mut Draft<'_>) {
    let mut rules = d.ctx.playbook.rules().before_due().peekable();
    if rules.peek().is_none() {
        return;
    }
    let mut events = Vec::new();
    for rule in rules {
        let Some(Timing::BeforeDue { span, metric }) = &rule.time else { continue };
        for clock in d.ticket.clocks.iter().filter(|c| metric.as_ref().is_none_or(|m| *m == c.id.metric)) {
            let kind = TimerKind::BeforeDue(rule.name.clone(), clock.id.clone());
            let passed = TimerKind::Passed(rule.name.clone(), clock.id.clone());
            if d.ticket.timers.iter().any(|t| t.kind == passed) {
                continue;
            }
            let calendar = d.ctx.playbook.calendars().adopted(&clock.calendar, clock.calendar_version);
            let due = clock.due.filter(|due| clock.breached_at.is_none() && *due > d.at);
            let point = due.and_then(|due| calendar.due_offset(due, Offset::before(*span))).map(|t| t.max(d.at));
            let stands = d.ticket.timers.iter().find(|t| t.kind == kind).map(|t| t.at);
            match point {
                Some(at) if stands != Some(at) => events.push(Event::TimerSet(Timer { at, kind })),
                None if stands.is_some() => events.push(Event::TimerOff(kind)),
                _ => {}
            }
        }
    }
    for event in events {
        d.arm(event);
        // The clocks have been worked out from what came before.
        d.step = d.events.len();
    }
}
