//! What a clock does by itself: warnings, breach, escalation levels (S47, S49, S50).

use super::Agreements;
use super::policy::{Alert, AlertKind};
use super::reckon::{Reckoning, pending};
use crate::calendar::Calendars;
use crate::condition::View;
use crate::diagnostic::RuleFault;
use crate::id::{LevelName, UtcInstant};
use crate::ticket::{Action, Clock, ClockId, Event, Mark, Ticket};

/// What a firing made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fired {
    /// `CriteriaChecked` facts and bookkeeping, in order, all at the instant of the firing.
    pub events: Vec<Event>,
    /// What the alerts ask for, by the mark's name.
    pub actions: Vec<(LevelName, Vec<Action>)>,
    /// Criteria that failed; they count as not held.
    pub faults: Vec<(LevelName, RuleFault)>,
}

impl Agreements {
    /// What the clock does at `due`, its own earliest instant ([`Clock::wake_at`]): warnings reached by then, then the breach, then levels.
    ///
    /// Where several levels are past, they are tried from the highest down: the first whose criterion holds acts, all others are recorded as skipped (S50). A warning of a clock
    /// already breached, or whose criterion does not hold, is skipped too. Each fires once per run, and afterwards the clock's own instant is later than `due` or none.
    pub fn fire(&self, calendars: &Calendars, ticket: &Ticket, clock: &ClockId, due: UtcInstant, view: &View<'_>) -> Fired {
        let mut faults = Vec::new();
        let mut fired = self.fire_by(calendars, ticket, clock, due, &mut |alert| {
            alert.when.as_ref().map(|c| {
                c.holds(view).unwrap_or_else(|fault| {
                    faults.push((alert.name.clone(), fault));
                    false
                })
            })
        });
        fired.faults = faults;
        fired
    }

    /// As [`Agreements::fire`]; `check` says whether an alert's criterion holds, or none where it has none.
    pub(super) fn fire_by(
        &self,
        calendars: &Calendars,
        ticket: &Ticket,
        clock: &ClockId,
        due: UtcInstant,
        check: &mut dyn FnMut(&Alert) -> Option<bool>,
    ) -> Fired {
        let mut fired = Fired::default();
        let Some(c) = ticket.clocks.iter().find(|c| c.id == *clock) else { return fired };
        if c.wake_at().is_none_or(|w| w > due) {
            return fired;
        }
        let policy = self.policy(clock.agreement, &c.policy);
        let r = Reckoning::of(calendars, &c.calendar, c.target);
        let breach = c.breached_at.is_none() && c.due.is_some_and(|d| d <= due);
        let mut reached: Vec<(UtcInstant, &Alert)> =
            policy.iter().flat_map(|p| pending(c, p)).filter_map(|a| r.point(c, a.at).map(|t| (t, a))).filter(|(t, _)| *t <= due).collect();
        reached.sort_by_key(|(t, _)| *t);
        let mut checked = |a: &Alert, events: &mut Vec<Event>| {
            let held = check(a);
            if let Some(held) = held {
                events.push(Event::CriteriaChecked { clock: clock.clone(), mark: a.name.clone(), held });
            }
            held.unwrap_or(true)
        };
        let mut marks = Vec::new();
        for (_, a) in reached.iter().filter(|(_, a)| matches!(a.kind, AlertKind::Warning { .. })) {
            let acts = c.breached_at.is_none() && checked(a, &mut fired.events);
            if acts && !a.actions.is_empty() {
                fired.actions.push((a.name.clone(), a.actions.clone()));
            }
            marks.push(Mark { name: a.name.clone(), skipped: !acts });
        }
        let warnings = marks.len();
        let mut levels: Vec<(u8, &Alert)> =
            reached.iter().filter_map(|(_, a)| if let AlertKind::Level(n) = a.kind { Some((n, *a)) } else { None }).collect();
        levels.sort_by_key(|(n, _)| *n);
        let mut acting = None;
        for (_, a) in levels.iter().rev() {
            if checked(a, &mut fired.events) {
                acting = Some(&a.name);
                if !a.actions.is_empty() {
                    fired.actions.push((a.name.clone(), a.actions.clone()));
                }
                break;
            }
        }
        marks.extend(levels.iter().map(|(_, a)| Mark { name: a.name.clone(), skipped: acting != Some(&a.name) }));
        // The next mark is the same in every event of one firing: what is left after all of it.
        let next_mark = policy.and_then(|p| {
            let left = pending(c, p).filter(|a| !marks.iter().any(|m| m.name == a.name));
            left.filter_map(|a| r.point(c, a.at)).min()
        });
        let empty = marks.is_empty();
        for (i, mark) in marks.into_iter().enumerate() {
            if i == warnings && breach {
                fired.events.push(Event::ClockBreached { clock: clock.clone() });
            }
            fired.events.push(Event::ClockMarked { clock: clock.clone(), mark, next_mark });
        }
        if breach && !fired.events.iter().any(|e| matches!(e, Event::ClockBreached { .. })) {
            fired.events.push(Event::ClockBreached { clock: clock.clone() });
        }
        if empty && c.next_mark.is_some_and(|n| n <= due) {
            // The alert it was armed for is gone from the policy (S55): it is disarmed, not fired.
            fired.events.push(Event::ClockRetargeted { clock: Box::new(Clock { next_mark, ..after(c, breach, due) }), retroactive: false });
        }
        fired
    }
}

fn after(c: &Clock, breach: bool, at: UtcInstant) -> Clock {
    let mut c = c.clone();
    if breach {
        c.breached_at.get_or_insert(at);
    }
    c
}
