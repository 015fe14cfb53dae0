//! How open clocks change: pauses (S42-S44, S77, S78) and new targets, policies and calendars (S46, S55).

use super::follow::{Work, target};
use super::metric::{Clause, Consequence, Metric};
use super::policy::{OnChange, Policy};
use super::reckon::Reckoning;
use crate::ticket::{Adopted, Allowance, Clock, Event, Hold, Lent, Outcome, Pause, WaitsOn};

/// Whether waiting on someone stops the metric under the policy (S77). A metric's own unconditional `pause = ["waits_on:…"]` adds to what the policy says.
pub(super) fn waits(policy: Option<&Policy>, metric: &Metric, on: WaitsOn) -> bool {
    let said = policy.and_then(|p| p.stops.get(&metric.name)).unwrap_or(&metric.stops);
    said.contains(&on) || metric.pause.iter().any(|c| c.waits_on() == Some(on))
}

impl Work<'_> {
    /// Why a clock stands still after this step, and whether it does. `before` is why it did before; of events, those whose consequence comes later than `after` count.
    pub(super) fn hold(
        &self,
        policy: Option<&Policy>,
        metric: &Metric,
        c: Option<&Clock>,
        before: Hold,
        after: Option<Consequence>,
    ) -> (Hold, bool) {
        let waits = self.waits(policy, metric, before.waits);
        let mut hold = Hold { waits, held: before.held };
        let from = after.map(|k| metric.position(k));
        let counts = |k: Consequence| from.is_none_or(|from| metric.position(k) > from);
        let event = |clauses: &[Clause], levels: bool| {
            clauses.iter().any(|clause| (levels || !clause.is_level()) && self.comes(clause, c, metric).is_some())
        };
        let pause = counts(Consequence::Pause) && event(&metric.pause, false);
        let resume = counts(Consequence::Resume) && event(&metric.resume, true);
        if pause && (!resume || metric.position(Consequence::Pause) < metric.position(Consequence::Resume)) {
            hold.held = true;
        } else if resume {
            hold.held = false;
        }
        let stands = hold.waits || hold.held || self.level(metric.pause.iter().filter(|c| c.waits_on().is_none()));
        (hold, stands)
    }
    /// Whether waiting pauses a clock after this step, which it did `before` or not (S77). A requester who wrote ends the wait on the requester even where the state stays (S78).
    fn waits(&self, policy: Option<&Policy>, metric: &Metric, before: bool) -> bool {
        let waits = waits(policy, metric, self.ticket.waits_on);
        if self.seen.moved {
            waits
        } else if waits && self.ticket.waits_on == WaitsOn::Requester && self.seen.asked.is_some() {
            false
        } else {
            before
        }
    }
    /// Whether waiting on whom the ticket waits on now stops the metric, whoever wrote meanwhile: what a clock begins with.
    pub(super) fn waiting(&self, policy: &Policy, metric: &Metric) -> Hold {
        Hold { waits: waits(Some(policy), metric, self.ticket.waits_on), held: false }
    }

    /// Retargets, pauses or resumes an open clock; false if it is to start anew.
    pub(super) fn change(&mut self, c: &Clock) -> bool {
        let moved = self.moved_start(c);
        let c = moved.as_ref().unwrap_or(c);
        let (Some(metric), Some(adopted)) = (self.agreements.metric(&c.id.metric), self.adopted(c.id.agreement)) else { return true };
        let old = self.agreements.policy(c.id.agreement, &c.policy);
        let Some(policy) = self.policy_of(adopted) else { return true };
        let wanted = target(policy, metric, self.ticket).unwrap_or(c.target);
        let recalendared = c.calendar != adopted.calendar || c.calendar_version != adopted.calendar_version;
        let retargeted = c.policy != adopted.policy || c.target != wanted;
        let keep = policy.on_change == OnChange::Keep && old.is_some();
        if let Some(policy) = old.or(Some(policy)).filter(|_| moved.is_some() && (keep || !(retargeted || recalendared))) {
            self.put_moved(c, policy, metric);
            return true;
        }
        if keep || !(retargeted || recalendared) {
            self.pause_or_resume(c, old.or(Some(policy)), metric);
            return true;
        }
        if retargeted && policy.on_change == OnChange::Restart {
            let counted = self.reckoning(c).counted(c, self.at);
            self.out.push(Event::ClockStopped { clock: c.id.clone(), outcome: Outcome::Cancelled, counted });
            return false;
        }
        let mut new = c.clone();
        // A policy that newly lets the present wait pause the clock does so at once; one that did so already has perhaps been answered (S78).
        let before = waits(old, metric, self.ticket.waits_on);
        let after = waits(Some(policy), metric, self.ticket.waits_on);
        let hold = Hold { waits: after && (c.hold.waits || !before), held: c.hold.held };
        let (hold, pause) = self.hold(Some(policy), metric, Some(c), hold, None);
        self.rebase(&mut new, adopted, wanted);
        self.set_paused(&mut new, hold, pause);
        self.settle(&mut new, policy, true);
        self.put_retargeted(new);
        true
    }
    /// A clock that takes over the earlier start of a merged ticket's, or gives it back (S57).
    fn moved_start(&self, c: &Clock) -> Option<Clock> {
        if self.seen.lent.is_none() && self.seen.returned.is_none() && !self.seen.restored {
            return None;
        }
        let of = |l: Option<&'_ Lent>| l.and_then(|l| l.earlier.iter().find(|e| e.clock == c.id)).cloned();
        let mut new = c.clone();
        if let Some(e) = of(self.seen.lent).filter(|e| e.start < c.started_at) {
            new.started_at = e.start;
            new.pauses.splice(0..0, e.pauses);
            new.pauses.truncate(Clock::PAUSES);
        } else if let Some(e) = of(self.seen.returned).filter(|e| e.start == c.started_at) {
            new.started_at = e.own;
            new.pauses.retain(|p| p.to > e.own);
        } else if self.seen.restored && c.wake_at().is_some_and(|w| w < self.at) {
            // What was due while it was away is found now (S46).
            return Some(new);
        } else {
            return None;
        }
        let r = self.reckoning(&new);
        let upto = c.paused_since.unwrap_or(self.at);
        let own = || {
            let (a, b) = (new.started_at.min(c.started_at), new.started_at.max(c.started_at));
            let between = r.between(a, b);
            let counted = r.counted(c, upto);
            if new.started_at < c.started_at { counted.saturating_add(between) } else { counted.saturating_sub(between) }
        };
        new.counted = r.recounted(&new, upto).unwrap_or_else(own);
        new.since = c.since.map(|_| upto);
        new.budget = r.budget(new.started_at);
        Some(new)
    }
    /// Puts down a clock whose start moved: due in the past, it is breached by that (S46).
    fn put_moved(&mut self, c: &Clock, policy: &Policy, metric: &Metric) {
        let (hold, pause) = self.hold(Some(policy), metric, Some(c), c.hold, None);
        let mut new = c.clone();
        self.set_paused(&mut new, hold, pause);
        self.settle(&mut new, policy, true);
        self.put_retargeted(new);
    }
    fn put_retargeted(&mut self, new: Clock) {
        let retroactive = new.breached_at.is_none() && new.due.is_some_and(|d| d < self.at);
        let id = new.id.clone();
        self.out.push(Event::ClockRetargeted { clock: Box::new(new), retroactive });
        if retroactive {
            self.out.push(Event::ClockBreached { clock: id });
        }
    }
    fn pause_or_resume(&mut self, c: &Clock, policy: Option<&Policy>, metric: &Metric) {
        let now = c.paused_since.is_some();
        let (hold, pause) = self.hold(policy, metric, Some(c), c.hold, None);
        if pause && (!now || hold != c.hold) {
            let counted = self.reckoning(c).counted(c, self.at);
            self.out.push(Event::ClockPaused { clock: c.id.clone(), counted, next_mark: None, hold });
        } else if now && !pause {
            let mut new = c.clone();
            self.set_paused(&mut new, hold, false);
            self.reckoning(c).place(&mut new, policy, self.at);
            let breached = new.breached_at.is_none() && new.due.is_some_and(|d| d < self.at);
            self.out.push(Event::ClockResumed { clock: c.id.clone(), due: new.due, next_mark: new.next_mark });
            if breached {
                self.out.push(Event::ClockBreached { clock: c.id.clone() });
            }
        }
    }
    /// The clock under another policy, target or calendar, from its original start, pauses kept (S46).
    pub(super) fn rebase(&self, c: &mut Clock, adopted: &Adopted, target: Allowance) {
        let old = self.reckoning(c);
        let new = Reckoning::of(self.calendars, &adopted.calendar, adopted.calendar_version, target);
        let upto = c.paused_since.unwrap_or(self.at);
        let recalendared = c.calendar != adopted.calendar || c.calendar_version != adopted.calendar_version;
        let running = c.since.is_some();
        if !new.goes_on_from(c.target, recalendared) {
            c.counted = new.recounted(c, upto).unwrap_or_else(|| old.counted(c, upto));
            c.since = running.then_some(upto);
        }
        c.policy.clone_from(&adopted.policy);
        c.calendar.clone_from(&adopted.calendar);
        c.calendar_version = adopted.calendar_version;
        c.target = target;
        c.budget = new.budget(c.started_at);
    }
    pub(super) fn set_paused(&self, c: &mut Clock, hold: Hold, pause: bool) {
        c.hold = if pause { hold } else { Hold::default() };
        match (pause, c.paused_since) {
            (true, None) => {
                c.counted = self.reckoning(c).counted(c, self.at);
                c.since = None;
                c.paused_since = Some(self.at);
            }
            (false, Some(from)) => {
                c.paused(Pause { from, to: self.at, closed: false });
                c.paused_since = None;
                c.since = Some(self.at);
            }
            _ => {}
        }
    }
    /// Due and marks of a clock whose target was just set.
    pub(super) fn settle(&self, c: &mut Clock, policy: &Policy, set: bool) {
        let r = self.reckoning(c);
        r.place(c, Some(policy), self.at);
        if set {
            c.superseded = c.breached_at.is_some() && c.due.map_or(c.counted <= c.budget, |d| d >= self.at);
            r.skip_past(c, policy, self.at);
        }
    }
}
