//! Whether one agent may get one ticket: skills, absence, shift, capacity (S31-S33).

use super::decide::{RouteInput, Standing};
use super::explain::Exclusion;
use super::holdings::used;
use super::model::{AfterLadder, Queue, holds};
use super::{Agent, RoutingModel};
use crate::calendar::{Calendar, Calendars, Span};
use crate::diagnostic::RuleFault;
use crate::id::{AgentId, GroupId, SkillName, UtcInstant};
use chrono::TimeDelta;

/// A pause within a shift, such as lunch, is at most this long; the time after it still belongs to the shift.
const PAUSE: TimeDelta = TimeDelta::hours(2);

/// What a ticket asks of an agent, at one instant.
#[derive(Debug)]
pub(super) struct Ask<'a> {
    input: &'a RouteInput<'a>,
    pub(super) queue: &'a Queue,
    /// Skills with the least level, required first.
    needs: Vec<(&'a SkillName, u8)>,
    pub(super) weight: u16,
    pub(super) rung: u8,
    pub(super) rungs: u8,
    exhausted: bool,
    /// When the next level expires.
    pub(super) next_rung: Option<UtcInstant>,
}

impl<'a> Ask<'a> {
    pub(super) fn new(model: &'a RoutingModel, input: &'a RouteInput<'a>, faults: &mut Vec<RuleFault>) -> Self {
        let queue = model.queue(input.group);
        let weight = model.weight_with(&input.view, faults);
        let mut needs: Vec<(&SkillName, u8)> = input.skills.iter().map(|(s, l)| (s, *l)).collect();
        let optional: Vec<_> = queue.prefers.iter().filter(|p| p.when.as_ref().is_none_or(|c| holds(c, &input.view, faults))).collect();
        let mut levels: Vec<_> = optional.iter().map(|p| p.importance).collect();
        levels.sort_unstable();
        levels.dedup();
        let rungs = u8::try_from(levels.len()).unwrap_or(u8::MAX);
        let (rung, next_rung) = match queue.relax_after {
            Some(span) if rungs > 0 => ladder(span, rungs, queue, input),
            _ => (0, None),
        };
        // Lowest first: what is left is the levels above those expired (S31).
        let left = levels.get(usize::from(rung)..).unwrap_or_default();
        needs.extend(optional.iter().filter(|p| left.contains(&p.importance)).map(|p| (&p.skill, p.level)));
        let exhausted = rungs > 0 && rung >= rungs && queue.after_ladder == AfterLadder::Nobody;
        Self { input, queue, needs, weight, rung, rungs, exhausted, next_rung }
    }

    pub(super) fn standing(&self, agent: &Agent) -> Standing {
        let held = self.input.holdings.get(&agent.id);
        Standing {
            held: used(held.map(|h| &h.slots), self.input.taken, &agent.id),
            capacity: agent.capacity,
            skill: self.needs.iter().map(|(s, _)| u32::from(level(agent, s))).fold(0, u32::saturating_add),
            last_assigned: held.and_then(|h| h.last_assigned),
        }
    }

    /// Whether nothing speaks against the agent, in the fixed order of [`Exclusion::CODES`].
    pub(super) fn verdict(&self, agent: &Agent, standing: &Standing) -> Result<(), Exclusion> {
        if self.exhausted {
            return Err(Exclusion::LadderExhausted);
        }
        if let Some((skill, least)) = self.needs.iter().find(|(s, least)| level(agent, s) < *least) {
            return Err(Exclusion::LacksSkill { skill: (*skill).clone(), level: *least, has: level(agent, skill) });
        }
        let now = self.input.view.now;
        if let Some(absence) = agent.absence(now) {
            return Err(Exclusion::Absent { until: absence.to });
        }
        on_shift(agent, self.input.calendars, now, self.queue.min_shift_left)?;
        if standing.spare() < u32::from(self.weight) {
            return Err(Exclusion::AtCapacity { held: standing.held, capacity: standing.capacity, weight: self.weight });
        }
        if self.input.declined.contains(&agent.id) {
            return Err(Exclusion::Declined);
        }
        Ok(())
    }
}

fn level(agent: &Agent, skill: &SkillName) -> u8 {
    agent.skills.get(skill).copied().unwrap_or(0)
}

/// How many levels have expired by now and when the next does. At the very instant of an expiry the level still holds, as with every timer.
fn ladder(span: Span, rungs: u8, queue: &Queue, input: &RouteInput<'_>) -> (u8, Option<UtcInstant>) {
    let calendar = input.calendars.resolve(None, queue.calendar.as_ref());
    for rung in 0..rungs {
        let times = u32::from(rung).saturating_add(1);
        let end = i32::try_from(times).ok().and_then(|n| match span {
            Span::Wall(d) => d.checked_mul(n).map(Span::Wall),
            Span::Open(d) => d.checked_mul(n).map(Span::Open),
            Span::Days(d) => d.checked_mul(times).map(Span::Days),
        });
        // A level whose end never comes never expires.
        match end.and_then(|s| calendar.due(input.since, s)) {
            Some(end) if end < input.view.now => {}
            end => return (rung, end),
        }
    }
    (rungs, None)
}

/// Whether an agent's shift is open and at least `least` of its working time is left; pauses up to two hours do not end a shift.
pub(super) fn on_shift(agent: &Agent, calendars: &Calendars, now: UtcInstant, least: TimeDelta) -> Result<(), Exclusion> {
    let Some(name) = &agent.shift else { return Ok(()) };
    let calendar = calendars.get(name).ok_or_else(|| Exclusion::NoCalendar(name.clone()))?;
    if !calendar.is_open(now) {
        return Err(Exclusion::OutsideShift { opens: calendar.next_open(now) });
    }
    if least > TimeDelta::zero() {
        let (left, ends) = left(calendar, now, least);
        if left < least {
            return Err(Exclusion::ShiftEnding { ends, opens: calendar.next_open(ends) });
        }
    }
    Ok(())
}

/// Working time left of the shift that is open at `now`, counted at most up to `least`, and where the shift ends.
fn left(calendar: &Calendar, now: UtcInstant, least: TimeDelta) -> (TimeDelta, UtcInstant) {
    let (mut sum, mut ends) = (TimeDelta::zero(), now);
    for period in calendar.open_periods(now).take(64) {
        if period.start.signed_duration_since(ends) > PAUSE {
            break;
        }
        sum = sum.checked_add(&period.end.signed_duration_since(period.start)).unwrap_or(TimeDelta::MAX);
        ends = period.end;
        if sum >= least {
            break;
        }
    }
    (sum, ends)
}

/// The instant at which this exclusion may end by itself.
pub(super) fn ends(e: &Exclusion) -> Option<UtcInstant> {
    match e {
        Exclusion::Absent { until } => *until,
        Exclusion::OutsideShift { opens } | Exclusion::ShiftEnding { opens, .. } => *opens,
        _ => None,
    }
}

impl RoutingModel {
    /// Whether an agent may get a ticket now, apart from who else might: how it stands, or the first exclusion that holds. None for someone who does
    /// not work in the group.
    pub fn eligible(&self, input: &RouteInput<'_>, agent: &AgentId) -> Option<Result<Standing, Exclusion>> {
        let a = member(input, agent, input.group)?;
        let ask = Ask::new(self, input, &mut Vec::new());
        let standing = ask.standing(a);
        Some(ask.verdict(a, &standing).map(|()| standing))
    }
    /// The first of these tickets that an agent who became free may get (S34). Give them in the order of [`RoutingModel::queue_place`].
    pub fn first_for<'i>(&self, agent: &AgentId, waiting: impl IntoIterator<Item = &'i RouteInput<'i>>) -> Option<usize> {
        waiting.into_iter().position(|i| matches!(self.eligible(i, agent), Some(Ok(_))))
    }
}

fn member<'a>(input: &RouteInput<'a>, agent: &AgentId, group: &GroupId) -> Option<&'a Agent> {
    input.roster.agent(agent).filter(|a| a.groups.contains(group))
}
