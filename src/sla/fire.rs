//! What a clock does by itself: warnings, breach, escalation levels (S47, S49, S50).

use super::Agreements;
use super::policy::{Alert, AlertKind};
use super::reckon::{Reckoning, pending};
use crate::calendar::Calendars;
use crate::condition::View;
use crate::diagnostic::RuleFault;
use crate::id::{LevelName, UtcInstant};
use crate::ticket::{Action, Clock, ClockId, Event, Mark, Recipient, Ticket};

/// What a firing made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fired {
    /// `CriteriaChecked` and `LevelVacant` facts and bookkeeping, in order, all at the instant of the firing.
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
        self.fire_to(calendars, ticket, clock, due, view, &|_| true)
    }

    /// As [`Agreements::fire`], where `reaches` says whether there is anybody an action goes to: Directory may know no lead, no manager, nobody on call.
    ///
    /// A level whose people are all nobody is *vacant* (a [`Event::LevelVacant`] fact says so) and the next higher level acts at once, with those in between passed over; where all
    /// higher ones are vacant or their criteria do not hold, a lower one that is past acts (S50, S64). A level acts on people by notifying staff, adding a watcher or assigning; one
    /// that does none of these is never vacant, nor one that also routes or moves the ticket.
    pub fn fire_to(
        &self,
        calendars: &Calendars,
        ticket: &Ticket,
        clock: &ClockId,
        due: UtcInstant,
        view: &View<'_>,
        reaches: &dyn Fn(&Action) -> bool,
    ) -> Fired {
        let mut faults = Vec::new();
        let mut check = |alert: &Alert| {
            alert.when.as_ref().map(|c| {
                c.holds(view).unwrap_or_else(|fault| {
                    faults.push((alert.name.clone(), fault));
                    false
                })
            })
        };
        let mut fired = self.fire_by(calendars, ticket, clock, due, &mut check, &|alert| vacant(&alert.actions, reaches));
        fired.faults = faults;
        fired
    }

    /// As [`Agreements::fire`]; `check` says whether an alert's criterion holds, or none where it has none; `vacant` whether a level goes to nobody.
    pub(super) fn fire_by(
        &self,
        calendars: &Calendars,
        ticket: &Ticket,
        clock: &ClockId,
        due: UtcInstant,
        check: &mut dyn FnMut(&Alert) -> Option<bool>,
        vacant: &dyn Fn(&Alert) -> bool,
    ) -> Fired {
        let mut fired = Fired::default();
        let Some(c) = ticket.clocks.iter().find(|c| c.id == *clock) else { return fired };
        if c.wake_at().is_none_or(|w| w > due) {
            return fired;
        }
        let policy = self.policy(clock.agreement, &c.policy);
        let r = Reckoning::of_clock(calendars, c);
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
        let mut levels: Vec<(u8, &Alert)> = reached.iter().filter_map(|(_, a)| Some((level(a)?, *a))).collect();
        levels.sort_by_key(|(n, _)| *n);
        let mut able = |a: &Alert, events: &mut Vec<Event>| {
            if !checked(a, events) {
                return None;
            }
            let nobody = vacant(a);
            if nobody {
                events.push(Event::LevelVacant { clock: clock.clone(), mark: a.name.clone() });
            }
            Some(!nobody)
        };
        let mut acting: Option<(u8, &Alert)> = None;
        let mut raised = false;
        for (n, a) in levels.iter().rev() {
            match able(a, &mut fired.events) {
                Some(true) => acting = Some((*n, a)),
                Some(false) if !raised => {
                    raised = true;
                    let highest = levels.last().map_or(*n, |(n, _)| *n);
                    let mut above: Vec<(u8, &Alert)> = policy
                        .iter()
                        .flat_map(|p| pending(c, p))
                        .filter_map(|a| Some((level(a)?, a)))
                        .filter(|(n, _)| *n > highest)
                        .collect();
                    above.sort_by_key(|(n, _)| *n);
                    acting = above.iter().find(|(_, a)| able(a, &mut fired.events) == Some(true)).copied();
                    if let Some((top, _)) = acting {
                        levels.extend(above.into_iter().filter(|(n, _)| *n <= top));
                        break;
                    }
                }
                Some(false) | None => {}
            }
            if acting.is_some() {
                break;
            }
        }
        if let Some((_, a)) = acting.filter(|(_, a)| !a.actions.is_empty()) {
            fired.actions.push((a.name.clone(), a.actions.clone()));
        }
        marks.extend(levels.iter().map(|(_, a)| Mark { name: a.name.clone(), skipped: acting.is_none_or(|(_, x)| x.name != a.name) }));
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

fn level(a: &Alert) -> Option<u8> {
    match a.kind {
        AlertKind::Level(n) => Some(n),
        AlertKind::Warning { .. } => None,
    }
}

/// Whether a level acts on people and all of them are nobody.
fn vacant(actions: &[Action], reaches: &dyn Fn(&Action) -> bool) -> bool {
    let mut people = false;
    for action in actions {
        match action {
            // Telling the requester is a courtesy, no escalation.
            Action::Notify { to: Recipient::Requester, .. } => {}
            Action::Notify { .. } | Action::Watch(_) | Action::Assign(_) => {
                if reaches(action) {
                    return false;
                }
                people = true;
            }
            Action::Route { .. } | Action::Transition(_) | Action::Release => return false,
            _ => {}
        }
    }
    people
}

fn after(c: &Clock, breach: bool, at: UtcInstant) -> Clock {
    let mut c = c.clone();
    if breach {
        c.breached_at.get_or_insert(at);
    }
    c
}
