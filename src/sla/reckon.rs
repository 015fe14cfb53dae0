//! Reckoning with one clock: counted time, due, next mark.

use super::policy::{Alert, AlertKind, Point, Policy};
use crate::calendar::{Calendar, Calendars, Span};
use crate::id::{CalendarName, UtcInstant};
use crate::ticket::{Allowance, Clock, Pause};
use chrono::TimeDelta;

/// The figures of a run from which its due instant follows: a clock's own, or those it would have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) started_at: UtcInstant,
    pub(super) since: Option<UtcInstant>,
    pub(super) counted: i64,
    pub(super) budget: i64,
}

impl Run {
    pub(super) fn of(c: &Clock) -> Self {
        Self { started_at: c.started_at, since: c.since, counted: c.counted, budget: c.budget }
    }
}

/// A kind of time with its calendar.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reckoning<'a> {
    pub(super) calendar: &'a Calendar,
    pub(super) target: Allowance,
}

impl<'a> Reckoning<'a> {
    /// Of a target, in the version of the calendar that was adopted (S55).
    pub(super) fn of(calendars: &'a Calendars, calendar: &CalendarName, version: u32, target: Allowance) -> Self {
        Self { calendar: calendars.adopted(calendar, version), target }
    }
    /// Of a clock, in the version it adopted.
    pub(super) fn of_clock(calendars: &'a Calendars, c: &Clock) -> Self {
        Self::of(calendars, &c.calendar, c.calendar_version, c.target)
    }
    /// Counted µs between two instants.
    pub(super) fn between(&self, from: UtcInstant, to: UtcInstant) -> i64 {
        let d = match self.target {
            Allowance::Wall(_) => to.signed_duration_since(from),
            Allowance::Open(_) | Allowance::Days(_) => self.calendar.elapsed(from, to),
        };
        d.num_microseconds().unwrap_or(i64::MAX)
    }
    /// The instant at which so many more µs have counted; for a negative number, the one since which they have.
    pub(super) fn after(&self, from: UtcInstant, micros: i64) -> Option<UtcInstant> {
        let d = TimeDelta::microseconds(micros);
        match self.target {
            Allowance::Wall(_) => from.checked_add_signed(d),
            Allowance::Open(_) | Allowance::Days(_) => self.calendar.add(from, d),
        }
    }
    /// The due instant of the target from its start, without pauses.
    pub(super) fn undisturbed(&self, start: UtcInstant) -> Option<UtcInstant> {
        match self.target {
            Allowance::Wall(n) => start.checked_add_signed(TimeDelta::microseconds(n)),
            Allowance::Open(n) => self.calendar.add(start, TimeDelta::microseconds(n)),
            Allowance::Days(n) => self.calendar.due(start, Span::Days(n)),
        }
    }
    /// The target in counted µs; for working days, the open time up to the due instant fixed at start (S53).
    pub(super) fn budget(&self, start: UtcInstant) -> i64 {
        match self.target {
            Allowance::Wall(n) | Allowance::Open(n) => n,
            Allowance::Days(_) => self.undisturbed(start).map_or(i64::MAX, |due| self.between(start, due)),
        }
    }
    /// Counted µs of a clock up to an instant not before `since`.
    pub(super) fn counted(&self, c: &Clock, at: UtcInstant) -> i64 {
        self.counted_of(Run::of(c), at)
    }
    /// The same of a run.
    fn counted_of(&self, run: Run, at: UtcInstant) -> i64 {
        run.since.map_or(run.counted, |since| run.counted.saturating_add(self.between(since, at.max(since))))
    }
    /// Whether what a clock has counted for another target counts as it is: the same kind of time, and of open time the same calendar.
    pub(super) fn goes_on_from(&self, target: Allowance, recalendared: bool) -> bool {
        let wall = |t: Allowance| matches!(t, Allowance::Wall(_));
        wall(self.target) == wall(target) && (wall(target) || !recalendared)
    }
    /// Counted µs of a clock from its start to `upto`, its pauses left out, all in this kind of time: what it comes to in another calendar (S46, S55). None for a clock with more
    /// pauses than are kept.
    #[inline]
    pub(super) fn recounted(&self, c: &Clock, upto: UtcInstant) -> Option<i64> {
        if c.pauses.len() >= Clock::PAUSES {
            return None;
        }
        let paused =
            c.pauses.iter().map(|p| self.between(p.from.max(c.started_at), p.to.max(c.started_at))).fold(0i64, i64::saturating_add);
        Some(self.between(c.started_at, upto).saturating_sub(paused))
    }
    /// The due instant of a run as it goes now: the remaining time from `since` on (S43). Negative remaining time lies in the past.
    #[inline]
    pub(super) fn due_of(&self, run: Run) -> Option<UtcInstant> {
        let since = run.since?;
        let left = run.budget.saturating_sub(run.counted);
        if let Allowance::Days(_) = self.target
            && let Some(fixed) = self.undisturbed(run.started_at)
            && self.between(since, fixed) == left
        {
            // As long as no open time was lost, the fixed instant itself stands, an opening included.
            return Some(fixed);
        }
        match self.target {
            _ if left == i64::MAX => None,
            // Of all instants since which so much has counted, the earliest: where it was due, not where business went on.
            Allowance::Open(_) | Allowance::Days(_) if left < 0 => self.calendar.prev_close(self.after(since, left)?),
            _ => self.after(since, left),
        }
    }
    /// The due instant people see. While the target lasts, that of the run as it goes now; once it is used up, the instant at which it was, however often the clock stood still since:
    /// what is overdue has been so from then on (S41).
    pub(super) fn shown(&self, run: Run, pauses: &[Pause]) -> Option<UtcInstant> {
        let due = self.due_of(run)?;
        let past = run.since.is_some_and(|since| due < since) && run.budget < run.counted;
        if !past || pauses.is_empty() || self.undisturbed(run.started_at) == Some(due) {
            return Some(due);
        }
        self.used_up(run, pauses).or(Some(due))
    }
    /// When a run that is past its target used it up; none where its pauses do not tell, because there were too many or it counted in several calendars.
    fn used_up(&self, run: Run, pauses: &[Pause]) -> Option<UtcInstant> {
        if pauses.len() >= Clock::PAUSES {
            return None;
        }
        let (mut from, mut counted, mut found) = (run.started_at, 0i64, None);
        let ends = pauses.iter().map(|p| (p.from, Some(p.to))).chain([(run.since?, None)]);
        for (to, resumed) in ends {
            let to = to.max(from);
            let here = self.between(from, to);
            let left = run.budget.saturating_sub(counted);
            if found.is_none() && here >= left {
                found = self.after(from, left);
            }
            counted = counted.saturating_add(here);
            from = resumed.unwrap_or(to).max(to);
        }
        found.filter(|_| counted == run.counted)
    }
    /// Whether a target set at `at` passes an alert over: a warning that is not to fire late, and every warning once the target itself is past.
    pub(super) fn passes_over(&self, run: Run, due: Option<UtcInstant>, alert: &Alert, at: UtcInstant) -> bool {
        let AlertKind::Warning { suppress_past } = alert.kind else { return false };
        let behind = || match alert.at {
            Point::Percent(p) => run.since.is_some() && beyond(p, run.budget, self.counted_of(run, at)),
            Point::Offset(_) => self.point_of(run, alert.at).is_some_and(|t| t < at),
        };
        due.is_some_and(|d| d < at) || (suppress_past && behind())
    }
    /// When an alert's point is reached; none for a clock that does not run.
    pub(super) fn point(&self, c: &Clock, at: Point) -> Option<UtcInstant> {
        self.point_of(Run::of(c), at)
    }
    /// The same of a run. What counts from the due instant counts as the run goes: a pause after it moves the point.
    #[inline]
    pub(super) fn point_of(&self, run: Run, at: Point) -> Option<UtcInstant> {
        let since = run.since?;
        let due = self.due_of(run)?;
        match at {
            Point::Percent(p) => {
                let need = i128::from(run.budget).saturating_mul(i128::from(p)).checked_div(100).and_then(|n| i64::try_from(n).ok())?;
                let more = need.saturating_sub(run.counted);
                if more <= 0 {
                    Some(since)
                } else if p == 100 {
                    Some(due)
                } else {
                    self.after(since, more)
                }
            }
            Point::Offset(o) => self.calendar.due_offset(due, o),
        }
    }
    /// The next instant at which an alert has not fired, not before `floor`.
    pub(super) fn next_mark(&self, c: &Clock, policy: Option<&Policy>, floor: UtcInstant) -> Option<UtcInstant> {
        pending(c, policy?).filter_map(|a| self.point(c, a.at)).min().map(|t| t.max(floor))
    }
    /// The running clock put where it belongs: due and next mark, as of `at`.
    pub(super) fn place(&self, c: &mut Clock, policy: Option<&Policy>, at: UtcInstant) {
        c.due = self.shown(Run::of(c), &c.pauses);
        c.next_mark = self.next_mark(c, policy, at);
    }
    /// Passes over what a target set at `at` has behind it: warnings that are not to fire late, and every warning once the target itself is past.
    pub(super) fn skip_past(&self, c: &mut Clock, policy: &Policy, at: UtcInstant) {
        let gone: Vec<_> = pending(c, policy)
            .filter(|a| self.passes_over(Run::of(c), c.due, a, at))
            .map(|a| crate::ticket::Mark { name: a.name.clone(), skipped: true })
            .collect();
        if !gone.is_empty() {
            c.marks.extend(gone);
            c.next_mark = self.next_mark(c, Some(policy), at);
        }
    }
}

/// Whether more than so many per cent of a target have counted.
fn beyond(percent: u16, budget: i64, counted: i64) -> bool {
    i128::from(budget).saturating_mul(i128::from(percent)) < i128::from(counted).saturating_mul(100)
}

/// The alerts of a policy a clock has not behind it, in the policy's order.
pub(super) fn pending<'a>(c: &'a Clock, policy: &'a Policy) -> impl Iterator<Item = &'a Alert> {
    policy.alerts.iter().filter(|a| a.metric == c.id.metric && !c.marks.iter().any(|m| m.name == a.name))
}
