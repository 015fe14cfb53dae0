//! How runs start and resume: per ticket, cycle, message and episode (S38-S40, S45, S48, S51, S82).

use super::follow::{Place, Work, believed, verdict};
use super::metric::{Clause, Consequence, Metric, Scope};
use super::policy::{OnChange, OnReopen, OpenedByAgent};
use super::reckon::Reckoning;
use super::sign::Sign;
use crate::id::UtcInstant;
use crate::ticket::{Agreement, Clock, ClockId, Event, Hold, MessageRef, Outcome, Pause};

/// How a run begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begin {
    /// From when it counts.
    pub(super) from: UtcInstant,
    /// The message it belongs to.
    pub(super) message: Option<MessageRef>,
    /// By a start or a reset: what comes later in the order still applies to it.
    pub(super) by: Consequence,
    /// When and how it ends in the same breath, unless it is breached by then.
    pub(super) end: Option<(UtcInstant, Outcome)>,
}

/// What a ticket tells of an event that is past: that what it began still lasts, and since when if that is known.
#[derive(Clone, Copy, Debug)]
struct Told {
    since: Option<UtcInstant>,
}

impl Work<'_> {
    /// Starts or resumes a metric that has no open clock, if it is to run.
    pub(super) fn start(&mut self, p: &Place<'_>, open: &[ClockId], restart: Option<&ClockId>) -> Option<ClockId> {
        let t = self.ticket;
        if self.level(&p.metric.cancel) {
            return None;
        }
        // In the step of an opening or a reopening everything else comes after it: a run can be over as it begins.
        let back = matches!(p.metric.scope, Scope::Ticket | Scope::Cycle) && (self.seen.opened || self.seen.reopened);
        if !back && (self.level(&p.metric.stop) || self.level(&p.metric.lapse)) {
            return None;
        }
        if restart.is_some() {
            let message = p.metric.key(&t.conversation).filter(|_| p.metric.scope == Scope::Message);
            return self.begin(p, Begin { from: self.at, message, by: Consequence::Start, end: None });
        }
        let rest = t.resting.iter().find(|c| c.id.agreement == p.adopted.agreement && c.id.metric == p.metric.name);
        match p.metric.scope {
            Scope::Ticket => self.start_for_ticket(p, rest),
            Scope::Cycle => self.start_for_cycle(p, rest),
            Scope::Message => self.start_for_message(p, rest, open),
            Scope::Episode => self.start_for_episode(p, rest),
        }
    }

    /// The first event that starts the metric in this step, by its own instant.
    fn starts(&self, metric: &Metric) -> Option<UtcInstant> {
        metric.start.iter().filter(|c| !c.is_level()).find_map(|c| self.comes(c, None, metric))
    }
    /// Begins by an event of this step.
    fn begin_at(&mut self, p: &Place<'_>, own: UtcInstant) -> Option<ClockId> {
        let from = believed(own, self.at, Some(p.policy));
        let end = self.ended_with(p, Consequence::Start, false);
        self.begin(p, Begin { from, message: None, by: Consequence::Start, end })
    }
    /// Begins late, because the policy or its target did, since the event that the ticket still tells of, or from now (S46).
    fn begin_late(&mut self, p: &Place<'_>, told: Told) -> Option<ClockId> {
        if p.metric.stop.iter().any(|c| self.behind(c)) {
            return None;
        }
        let from = told.since.filter(|_| p.policy.on_change == OnChange::Rebase).unwrap_or(self.at);
        self.begin(p, Begin { from, message: None, by: Consequence::Start, end: None })
    }
    /// What the ticket tells of the events that start a metric: of the last one for a run per episode, else of the first. At its opening nothing is late.
    fn told(&self, metric: &Metric) -> Option<Told> {
        let t = self.ticket;
        if self.seen.opened {
            return None;
        }
        let told = metric.start.iter().filter(|c| self.when(c)).filter_map(|c| {
            Some(match c.on.as_ref()? {
                Sign::Opened if metric.scope != Scope::Cycle || t.cycle == 1 => Some(t.created_at),
                Sign::Opened | Sign::Reopened if metric.scope == Scope::Cycle => None,
                Sign::Moved if t.state_since > t.created_at => Some(t.state_since),
                Sign::Entered(s) if t.state == *s => Some(t.state_since),
                Sign::GroupEntered if t.group.is_some() => t.group_since,
                Sign::Assigned if t.assignee.is_some() => None,
                Sign::Tagged(x) if t.tags.contains(x) => None,
                _ => return None,
            })
        });
        let later = |a: Option<UtcInstant>, b: Option<UtcInstant>| match (a, b) {
            (Some(a), Some(b)) if metric.scope == Scope::Episode => Some(a.max(b)),
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        told.reduce(later).map(|since| Told { since })
    }
    /// Whether the ticket tells that the event is past, and still lasts.
    fn behind(&self, clause: &Clause) -> bool {
        let t = self.ticket;
        let past = match &clause.on {
            Some(Sign::Answered) => t.conversation.first_answer.is_some(),
            Some(Sign::Assigned) => t.assignee.is_some(),
            Some(Sign::GroupEntered) => t.group.is_some(),
            Some(Sign::Entered(s)) => t.state == *s,
            Some(Sign::Tagged(x)) => t.tags.contains(x),
            _ => false,
        };
        past && self.when(clause)
    }
    /// Whether a run that was cancelled, perhaps for want of a target, may go on.
    fn revives(p: &Place<'_>, rest: &Clock) -> bool {
        rest.outcome == Some(Outcome::Cancelled) && !p.metric.cancels_by_event()
    }

    fn start_for_ticket(&mut self, p: &Place<'_>, rest: Option<&Clock>) -> Option<ClockId> {
        let t = self.ticket;
        let response = p.metric.is_response();
        if let Some(rest) = rest {
            // Still owed after a policy without this target, or after a reopening, if what is measured never came.
            let undone = if response {
                t.conversation.first_answer.is_none() && rest.outcome != Some(Outcome::Met)
            } else {
                matches!(rest.outcome, Some(Outcome::Unanswered | Outcome::Cancelled)) && !p.metric.stop.iter().any(|c| self.behind(c))
            };
            let owed = undone && (self.seen.reopened || Self::revives(p, rest));
            let count_gap = !self.seen.reopened || p.policy.on_reopen == OnReopen::Counted;
            return if owed { self.resume(p, rest, count_gap) } else { None };
        }
        if response && self.seen.opened {
            return self.start_response(p);
        }
        if let Some(own) = self.starts(p.metric) {
            return self.begin_at(p, own);
        }
        let told = self.told(p.metric).filter(|_| self.seen.adopts(p.adopted.agreement))?;
        self.begin_late(p, told)
    }
    /// The first response of a ticket that opens now (S38).
    fn start_response(&mut self, p: &Place<'_>) -> Option<ClockId> {
        let mut answer = self.seen.answer;
        if self.seen.by_agent && !self.seen.call {
            match p.policy.opened_by_agent {
                OpenedByAgent::None => return None,
                OpenedByAgent::FirstReply => {}
                OpenedByAgent::SecondReply => answer = None,
            }
        }
        let from = believed(self.seen.asked.or(answer).unwrap_or(self.at), self.at, Some(p.policy));
        let end = self.ended_with(p, Consequence::Start, answer.is_none());
        self.begin(p, Begin { from, message: None, by: Consequence::Start, end })
    }

    fn start_for_cycle(&mut self, p: &Place<'_>, rest: Option<&Clock>) -> Option<ClockId> {
        let t = self.ticket;
        let event = self.starts(p.metric);
        let adopts = self.seen.adopts(p.adopted.agreement);
        let Some(rest) = rest else {
            return match event {
                Some(own) => self.begin_at(p, own),
                None => {
                    let told = self.told(p.metric).filter(|_| adopts)?;
                    self.begin_late(p, told)
                }
            };
        };
        // A run ended by a final state comes back with its ticket, or as soon as there is a target again.
        let by_final = rest.outcome != Some(Outcome::Cancelled) && p.metric.stop.iter().chain(&p.metric.lapse).all(Clause::is_level);
        let back = p.metric.starts_on(&Sign::Reopened) && (self.seen.reopened || (adopts && t.cycle > 1 && by_final));
        if back {
            return match p.policy.on_reopen {
                OnReopen::New => self.begin_at(p, self.at),
                how => self.resume(p, rest, how == OnReopen::Counted),
            };
        }
        if Self::revives(p, rest) {
            return match p.policy.on_change {
                OnChange::Restart => self.begin_at(p, self.at),
                OnChange::Rebase | OnChange::Keep => self.resume(p, rest, true),
            };
        }
        event.filter(|_| rest.cycle < t.cycle).and_then(|own| self.begin_at(p, own))
    }

    fn start_for_message(&mut self, p: &Place<'_>, rest: Option<&Clock>, open: &[ClockId]) -> Option<ClockId> {
        let t = self.ticket;
        let key = p.metric.key(&t.conversation)?;
        let same = |c: &Clock| c.id.agreement == p.adopted.agreement && c.id.metric == p.metric.name && c.message == Some(key);
        if t.clocks.iter().any(|c| same(c) && self.over.iter().any(|(id, _)| *id == c.id)) {
            // The message waits on, but its run was ended just now by something else than an answer.
            return None;
        }
        let by = p.metric.start.iter().find(|c| c.on.as_ref().is_some_and(Sign::is_of_message) && self.when(c))?;
        if let Some(first) = open.iter().find(|id| id.agreement == p.adopted.agreement && id.metric == *Metric::FIRST_RESPONSE) {
            match by.on {
                Some(Sign::OwedAgain) => return None,
                // An update that would be due before the first response never stands before it (S40).
                Some(Sign::Owed) => {
                    let due = Reckoning::of(self.calendars, &p.adopted.calendar, p.adopted.calendar_version, p.target).undisturbed(key.at);
                    if self.due(first).is_none_or(|first| due.is_some_and(|due| due < first)) {
                        return None;
                    }
                }
                _ => {}
            }
        }
        let cancelled = rest.is_some_and(|r| r.outcome == Some(Outcome::Cancelled));
        match rest.filter(|r| r.message == Some(key)) {
            Some(_) if cancelled && p.metric.cancels_by_event() && !self.seen.reopened => None,
            Some(rest) if cancelled && p.policy.on_change != OnChange::Restart => self.resume(p, rest, !self.seen.reopened),
            Some(rest) if !cancelled && self.seen.reopened && p.policy.on_reopen != OnReopen::New => {
                self.resume(p, rest, p.policy.on_reopen == OnReopen::Counted)
            }
            Some(_) if !cancelled => None,
            _ => {
                let from = if self.seen.asked.is_some() || self.seen.answer.is_some() || self.seen.opened {
                    believed(key.at, self.at, Some(p.policy))
                } else if p.policy.on_change == OnChange::Rebase && !self.seen.reopened {
                    key.at.clamp(t.created_at.min(self.at), self.at)
                } else {
                    self.at
                };
                self.begin(p, Begin { from, message: Some(key), by: Consequence::Start, end: None })
            }
        }
    }

    fn start_for_episode(&mut self, p: &Place<'_>, rest: Option<&Clock>) -> Option<ClockId> {
        if let Some(own) = self.starts(p.metric) {
            return self.begin_at(p, own);
        }
        if !self.seen.adopts(p.adopted.agreement) {
            return None;
        }
        let told = self.told(p.metric)?;
        match rest {
            // What the ticket tells of is what the last run was about.
            Some(rest) if told.since.is_none_or(|s| s <= rest.started_at) => {
                if !Self::revives(p, rest) {
                    None
                } else if p.policy.on_change == OnChange::Restart {
                    self.begin_at(p, self.at)
                } else {
                    self.resume(p, rest, true)
                }
            }
            _ => self.begin_late(p, told),
        }
    }

    /// How a run that begins now ends in the same step: by what comes later in the order, and in the step of an opening or a reopening by anything.
    pub(super) fn ended_with(&self, p: &Place<'_>, by: Consequence, unanswered: bool) -> Option<(UtcInstant, Outcome)> {
        let once = by == Consequence::Start && matches!(p.metric.scope, Scope::Ticket | Scope::Cycle);
        let anything = once && (self.seen.opened || self.seen.reopened);
        let after = p.metric.position(by);
        for (position, what) in p.metric.precedence.into_iter().enumerate() {
            if position <= after && !anything {
                continue;
            }
            let outcome = match what {
                Consequence::Cancel => Outcome::Cancelled,
                Consequence::Stop => Outcome::Met,
                Consequence::Lapse => Outcome::Unanswered,
                Consequence::Reset | Consequence::Pause | Consequence::Resume | Consequence::Start => continue,
            };
            let counts = |c: &&Clause| match &c.on {
                Some(Sign::Answered) if unanswered => false,
                // A message may come before the reopening it brings about.
                Some(s) => position > after || self.seen.opened || !s.is_said(),
                None => true,
            };
            let own = p.metric.clauses(what).iter().filter(counts).find_map(|c| self.comes(c, None, p.metric));
            if let Some(own) = own {
                return Some((if what == Consequence::Cancel { self.at } else { believed(own, self.at, Some(p.policy)) }, outcome));
            }
        }
        None
    }
    /// When an open clock is due after what this step did to it so far.
    fn due(&self, id: &ClockId) -> Option<UtcInstant> {
        let changed = self.out.iter().rev().find_map(|e| match e {
            Event::ClockStarted(c) if c.id == *id => Some(c.due),
            Event::ClockRetargeted { clock, .. } if clock.id == *id => Some(clock.due),
            Event::ClockResumed { clock, due, .. } if clock == id => Some(*due),
            Event::ClockPaused { clock, .. } if clock == id => Some(None),
            _ => None,
        });
        changed.unwrap_or_else(|| self.ticket.clocks.iter().find(|c| c.id == *id).and_then(|c| c.due))
    }

    /// A new run, ended in the same breath where that is said. The id, if it stays open.
    pub(super) fn begin(&mut self, p: &Place<'_>, b: Begin) -> Option<ClockId> {
        let (agreement, metric) = (p.adopted.agreement, &p.metric.name);
        let r = Reckoning::of(self.calendars, &p.adopted.calendar, p.adopted.calendar_version, p.target);
        let mut c = Clock {
            id: ClockId { agreement, metric: metric.clone(), run: self.runs(agreement, p.metric).saturating_add(1) },
            policy: p.policy.name.clone(),
            calendar: p.adopted.calendar.clone(),
            calendar_version: p.adopted.calendar_version,
            cycle: self.ticket.cycle,
            message: b.message,
            group: self.ticket.group.clone(),
            target: p.target,
            budget: r.budget(b.from),
            started_at: b.from,
            counted: 0,
            since: Some(b.from),
            paused_since: None,
            hold: Hold::default(),
            pauses: Vec::new(),
            due: None,
            breached_at: None,
            superseded: false,
            marks: Vec::new(),
            next_mark: None,
            outcome: None,
        };
        if b.end.is_none() {
            let before = self.waiting(p.policy, p.metric);
            let (hold, pause) = self.hold(Some(p.policy), p.metric, Some(&c), before, Some(b.by));
            self.set_paused(&mut c, hold, pause);
        }
        self.settle(&mut c, p.policy, true);
        let end = b.end.map(|(end, outcome)| (end.max(b.from), outcome));
        let late = c.due.filter(|d| *d < end.map_or(self.at, |(end, _)| end));
        // A message's own instant started it: then the breach is where it was due (S47). A policy adopted late breaches at the change (S46).
        if self.seen.opened || self.seen.asked.is_some() || self.seen.vendor.is_some() {
            c.breached_at = late;
        }
        self.put(c, late.is_some(), end)
    }
    fn runs(&self, agreement: Agreement, metric: &Metric) -> u32 {
        let begun = self.out.iter().rev().find_map(|e| match e {
            Event::ClockStarted(c) if c.id.agreement == agreement && c.id.metric == metric.name => Some(c.id.run),
            _ => None,
        });
        begun.unwrap_or_else(|| self.ticket.runs.iter().find(|(a, m, _)| *a == agreement && *m == metric.name).map_or(0, |(_, _, n)| *n))
    }
    /// The last run goes on; the time since its end counts or not.
    fn resume(&mut self, p: &Place<'_>, rest: &Clock, count_gap: bool) -> Option<ClockId> {
        let mut c = rest.clone();
        c.outcome = None;
        let from = c.paused_since.take().unwrap_or(self.at);
        if count_gap {
            c.counted = c.counted.saturating_add(self.reckoning(&c).between(from, self.at));
        } else {
            c.paused(Pause { from, to: self.at, closed: true });
        }
        c.since = Some(self.at);
        let retargeted = c.policy != p.adopted.policy || c.target != p.target;
        let moved = retargeted || c.calendar != p.adopted.calendar || c.calendar_version != p.adopted.calendar_version;
        let kept = self.agreements.policy(c.id.agreement, &c.policy).filter(|_| moved && p.policy.on_change == OnChange::Keep);
        if kept.is_none() {
            self.rebase(&mut c, p.adopted, p.target);
        }
        let end = if self.seen.reopened { self.ended_with(p, Consequence::Start, false) } else { None };
        if end.is_none() {
            let before = self.waiting(p.policy, p.metric);
            let (hold, pause) = self.hold(Some(p.policy), p.metric, Some(&c), before, Some(Consequence::Start));
            self.set_paused(&mut c, hold, pause);
        }
        self.settle(&mut c, kept.unwrap_or(p.policy), retargeted && kept.is_none());
        let breached = c.breached_at.is_none() && c.due.is_some_and(|d| d < self.at);
        self.put(c, breached, end)
    }
    /// A clock that starts, with its breach and its end if it has them already. The id, if it stays open.
    fn put(&mut self, c: Clock, breached: bool, end: Option<(UtcInstant, Outcome)>) -> Option<ClockId> {
        let id = c.id.clone();
        let ended = end.map(|(end, otherwise)| {
            let end = end.max(c.since.unwrap_or(end));
            let counted = self.reckoning(&c).counted(&c, end);
            Event::ClockStopped { clock: id.clone(), outcome: verdict(&c, end, otherwise), counted }
        });
        self.out.push(Event::ClockStarted(Box::new(c)));
        if breached {
            self.out.push(Event::ClockBreached { clock: id.clone() });
        }
        match ended {
            Some(stop) => {
                self.out.push(stop);
                None
            }
            None => Some(id),
        }
    }
}
