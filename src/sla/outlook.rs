//! What open clocks come to under other agreements and calendars (S46, S55), reckoned without writing anything.

use super::changing::waits;
use super::follow::target;
use super::policy::{Alert, OnChange, Policy};
use super::reckon::{Reckoning, Run, pending};
use super::{Agreements, Metric};
use crate::calendar::{Calendar, Calendars};
use crate::id::{CalendarName, TicketId, UtcInstant};
use crate::ticket::{Agreement, Clock, Ticket};

/// An open clock as it will stand once its ticket has adopted other agreements and calendars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Foreseen {
    /// When it is due; none while paused.
    pub due: Option<UtcInstant>,
    /// When it next does something by itself. A clock that turns out to be past due does so at the instant of the change.
    pub wake: Option<UtcInstant>,
}

/// Foresees a change of agreements or calendars for many open clocks: the figures that [`Agreements::follow`] puts down when a ticket adopts them at one instant, without
/// events, without allocation, in less than a microsecond a clock.
///
/// It keeps to the policy a ticket stands under: where another policy will be chosen, or that one is gone, it answers what the clock says now. That is never wrong for long:
/// an early wake does nothing, and a late one fires with its due instants (S47).
///
/// ```
/// use ticketry::{calendar::*, sla::{Agreements, Outlook, Policy}};
/// let calendars = Calendars::new(Calendar::compile(&CalendarDefinition::always("24x7", "UTC")).unwrap());
/// let agreements = Agreements::new(vec![Policy::new("gold").target("resolution", None, "8h")]);
/// let outlook = Outlook::new(&agreements, &calendars, "2025-10-09T12:00:00Z".parse().unwrap());
/// # let _ = outlook;
/// ```
#[derive(Debug)]
pub struct Outlook<'a> {
    calendars: &'a Calendars,
    at: UtcInstant,
    policies: Vec<Course<'a>>,
    metrics: Vec<&'a Metric>,
}

/// A policy with what is looked up once.
#[derive(Debug)]
struct Course<'a> {
    policy: &'a Policy,
    /// Its own calendar; none: the group's or the default.
    calendar: Option<&'a Calendar>,
}

impl<'a> Outlook<'a> {
    /// Of a change to these agreements and calendars at `at`.
    pub fn new(agreements: &'a Agreements, calendars: &'a Calendars, at: UtcInstant) -> Self {
        let own = |p: &Policy| p.calendar.as_ref().and_then(|n| calendars.get(n));
        Self {
            calendars,
            at,
            policies: agreements.policies().map(|policy| Course { policy, calendar: own(policy) }).collect(),
            metrics: agreements.metrics().collect(),
        }
    }

    /// Goes over tickets and tells each one's next wake by its clocks to `sink`; `group_calendar` says which calendar the ticket's group has, if it has its own (S79). Answers
    /// how many open clocks there were.
    pub fn recalculate<'t>(
        &self,
        tickets: impl IntoIterator<Item = &'t Ticket>,
        mut group_calendar: impl FnMut(&Ticket) -> Option<&'a CalendarName>,
        mut sink: impl FnMut(TicketId, Option<UtcInstant>),
    ) -> u64 {
        let mut clocks = 0u64;
        for ticket in tickets {
            clocks = clocks.saturating_add(u64::try_from(ticket.clocks.len()).unwrap_or(u64::MAX));
            sink(ticket.id, self.wake(ticket, group_calendar(ticket)));
        }
        clocks
    }

    /// When the clocks of a ticket will next do something by themselves.
    pub fn wake(&self, ticket: &Ticket, group_calendar: Option<&CalendarName>) -> Option<UtcInstant> {
        ticket.clocks.iter().filter_map(|c| self.foresee(ticket, c, group_calendar).wake).min()
    }

    /// How an open clock of a ticket will stand.
    pub fn foresee(&self, ticket: &Ticket, c: &Clock, group_calendar: Option<&CalendarName>) -> Foreseen {
        self.changed(ticket, c, group_calendar).unwrap_or_else(|| Foreseen { due: c.due, wake: c.wake_at() })
    }

    /// None where nothing changes for the clock.
    fn changed(&self, ticket: &Ticket, c: &Clock, group_calendar: Option<&CalendarName>) -> Option<Foreseen> {
        let adopted = ticket.adopted.iter().find(|a| a.agreement == c.id.agreement)?;
        let course = self.course(adopted.agreement, adopted.policy.as_str())?;
        let policy = course.policy;
        // A clock whose metric or target is gone will be cancelled.
        let Some(metric) = self.metrics.iter().find(|m| m.name == c.id.metric) else { return Some(Foreseen::default()) };
        let same_policy = c.policy == adopted.policy;
        let old = if same_policy { Some(course) } else { self.course(c.id.agreement, c.policy.as_str()) };
        let keep = policy.on_change == OnChange::Keep;
        let wanted = match target(policy, metric, ticket) {
            Some(target) => target,
            None if keep => c.target,
            None => return Some(Foreseen::default()),
        };
        let calendar = course.calendar.unwrap_or_else(|| self.calendars.resolve(None, group_calendar));
        let recalendared = c.calendar_version != calendar.version() || c.calendar != *calendar.name();
        let retargeted = !same_policy || c.target != wanted;
        if !(retargeted || recalendared) || (keep && old.is_some()) {
            return None;
        }
        let r = Reckoning { calendar, target: wanted };
        let fresh = retargeted && policy.on_change == OnChange::Restart;
        if self.paused(ticket, c, metric, policy, old.map(|o| o.policy), fresh) {
            return Some(Foreseen::default());
        }
        let run = if fresh {
            Run { started_at: self.at, since: Some(self.at), counted: 0, budget: r.budget(self.at) }
        } else {
            self.rebased(c, &r, recalendared)
        };
        let due = r.shown(run, if fresh { &[] } else { &c.pauses });
        Some(Foreseen { due, wake: due.and_then(|due| self.next(c, policy, &r, run, due, fresh)) })
    }

    /// Whether it will stand still: waiting goes by the new policy (S77); what else a metric declares stays as it is.
    fn paused(&self, ticket: &Ticket, c: &Clock, metric: &Metric, policy: &Policy, old: Option<&Policy>, fresh: bool) -> bool {
        let waits = |p: Option<&Policy>| waits(p, metric, ticket.waits_on);
        let by_waiting = metric.resume.is_empty() && metric.pause.iter().all(|p| p.waits_on().is_some());
        if by_waiting { waits(Some(policy)) && (fresh || c.hold.waits || !waits(old)) } else { c.paused_since.is_some() && !fresh }
    }

    /// The run from its original start, pauses kept (S46).
    fn rebased(&self, c: &Clock, r: &Reckoning<'_>, recalendared: bool) -> Run {
        let budget = r.budget(c.started_at);
        let upto = c.paused_since.unwrap_or(self.at);
        if r.goes_on_from(c.target, recalendared) {
            return Run { started_at: c.started_at, since: Some(c.since.unwrap_or(self.at)), counted: c.counted, budget };
        }
        let counted = r.recounted(c, upto).unwrap_or_else(|| Reckoning::of_clock(self.calendars, c).counted(c, upto));
        Run { started_at: c.started_at, since: Some(self.at), counted, budget }
    }

    /// When the run next does something: its breach, or an alert that is not behind it and is not passed over.
    fn next(&self, c: &Clock, policy: &Policy, r: &Reckoning<'_>, run: Run, due: UtcInstant, fresh: bool) -> Option<UtcInstant> {
        let unbreached = fresh || c.breached_at.is_none();
        if due < self.at && unbreached {
            return Some(self.at);
        }
        let mark = |a: &Alert| {
            let point = r.point_of(run, a.at)?;
            (!r.passes_over(run, Some(due), a, self.at)).then_some(point.max(self.at))
        };
        let marks = if fresh {
            policy.alerts.iter().filter(|a| a.metric == c.id.metric).filter_map(mark).min()
        } else {
            pending(c, policy).filter_map(mark).min()
        };
        let breach = unbreached.then_some(due);
        marks.into_iter().chain(breach).min()
    }

    fn course(&self, agreement: Agreement, name: &str) -> Option<&Course<'a>> {
        self.policies.iter().find(|c| c.policy.name.as_str() == name && c.policy.agreement == agreement)
    }
}
