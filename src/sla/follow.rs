//! What the facts of a step mean for the clocks: precedence cancel, stop, lapse, pause, start (S52).

use super::Agreements;
use super::metric::{Metric, Scope, Sign};
use super::policy::{OnChange, OnReopen, OpenedByAgent, Policy};
use super::reckon::Reckoning;
use crate::calendar::Calendars;
use crate::id::UtcInstant;
use crate::ticket::{
    Actor, Adopted, Agreement, Allowance, Author, Clock, ClockId, Event, Message, MessageKind, MessageRef, Outcome, Pause, StateClass,
    Ticket, WaitsOn,
};

/// The facts of one step of a decision, with their instant and who acted.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The facts, in order.
    pub facts: &'a [&'a Event],
    /// Their logical instant.
    pub at: UtcInstant,
    /// Who acted.
    pub actor: &'a Actor,
}

/// What of a step matters to metrics.
#[derive(Debug, Default)]
struct Seen {
    opened: bool,
    by_agent: bool,
    reopened: bool,
    moved: bool,
    /// A call was spoken, whoever made it.
    call: bool,
    /// The first answer to the requester: its own instant.
    answer: Option<UtcInstant>,
    /// The first message of the requester: its own instant.
    asked: Option<UtcInstant>,
    /// Anything at all.
    relevant: bool,
}

impl Seen {
    fn of(step: &Step<'_>) -> Self {
        let mut seen = Self::default();
        let mut author = None;
        for fact in step.facts {
            match fact {
                Event::Created(_) => seen.opened = true,
                Event::MessageAdded(m) => {
                    author.get_or_insert(m.author);
                    if !seen.message(m) {
                        continue;
                    }
                }
                Event::Moved { .. } => seen.moved = true,
                Event::Reopened { .. } => seen.reopened = true,
                Event::PolicyChosen { .. } | Event::PrioritySet { .. } | Event::MessageJudged { .. } => {}
                _ => continue,
            }
            seen.relevant = true;
        }
        seen.by_agent = author.map_or(matches!(step.actor, Actor::Agent(_)), |a| a == Author::Agent);
        seen
    }
    fn message(&mut self, m: &Message) -> bool {
        let (asks, answers) = (m.counts_from_requester(), m.counts_as_answer());
        if asks {
            self.asked.get_or_insert(m.at);
        }
        if answers {
            self.answer.get_or_insert(m.at);
        }
        if (asks || answers) && m.kind == MessageKind::Call {
            self.call = true;
            // Whoever called, an agent was on the line (S38).
            self.answer.get_or_insert(m.at);
        }
        asks || answers
    }
}

/// Everything one step's work needs.
struct Work<'a> {
    agreements: &'a Agreements,
    calendars: &'a Calendars,
    ticket: &'a Ticket,
    seen: Seen,
    at: UtcInstant,
    out: Vec<Event>,
}

impl Agreements {
    /// The bookkeeping that follows from a step: `ticket` has all its facts applied, its clocks are still as they were before it.
    ///
    /// Consequences come in the order cancel, stop, lapse, retarget, pause or resume, start (S52); within one of them, in the order of the ticket's clocks, then of the declared
    /// metrics. A target set so that its due instant lies in the past is breached at once (S46), recorded at the step's instant, or at the due instant where a message's
    /// own earlier instant started the clock (S26, S47).
    ///
    /// Costs next to nothing when no fact of the step concerns a metric.
    pub fn follow(&self, calendars: &Calendars, ticket: &Ticket, step: &Step<'_>) -> Vec<Event> {
        if ticket.adopted.is_empty() && ticket.clocks.is_empty() {
            return Vec::new();
        }
        let seen = Seen::of(step);
        if !seen.relevant {
            return Vec::new();
        }
        let mut work = Work { agreements: self, calendars, ticket, seen, at: step.at, out: Vec::new() };
        let mut open: Vec<ClockId> = Vec::new();
        let mut kept = Vec::new();
        for clock in &ticket.clocks {
            if !work.end(clock) {
                kept.push(clock);
            }
        }
        let mut restart = Vec::new();
        for clock in kept {
            if work.change(clock) {
                open.push(clock.id.clone());
            } else {
                restart.push(clock.id.clone());
            }
        }
        for adopted in &ticket.adopted {
            let Some(policy) = self.policy(adopted.agreement, &adopted.policy) else { continue };
            for metric in &self.metrics {
                let Some(target) = target(policy, metric, ticket) else { continue };
                let is = |id: &ClockId| id.agreement == adopted.agreement && id.metric == metric.name;
                if open.iter().any(is) {
                    continue;
                }
                let again = restart.iter().find(|id| is(id));
                if let Some(id) = work.start(&Place { adopted, policy, metric, target }, &open, again) {
                    open.push(id);
                }
            }
        }
        work.out
    }
}

/// A metric under the policy a ticket stands under.
struct Place<'a> {
    adopted: &'a Adopted,
    policy: &'a Policy,
    metric: &'a Metric,
    target: Allowance,
}

fn target(policy: &Policy, metric: &Metric, ticket: &Ticket) -> Option<Allowance> {
    policy.targets.get(&metric.name)?.get(ticket.priority.as_ref().map(|p| &p.value), &ticket.channel)
}

/// A message's own instant as far as the policy believes it (S26).
fn believed(own: UtcInstant, at: UtcInstant, policy: Option<&Policy>) -> UtcInstant {
    let limit = policy.map_or(0, |p| p.backdate_limit);
    let back = at.signed_duration_since(own).num_microseconds().unwrap_or(i64::MAX);
    if back > 0 && back <= limit { own } else { at }
}

fn stops<'a>(policy: Option<&'a Policy>, metric: &'a Metric) -> &'a [WaitsOn] {
    policy.and_then(|p| p.stops.get(&metric.name)).unwrap_or(&metric.stops)
}

/// The verdict of a clock that ends at `end`. A recorded breach stands (S46), unless the end's own instant disproves it (S26).
fn verdict(c: &Clock, end: UtcInstant, otherwise: Outcome) -> Outcome {
    let past_due = c.running() && c.due.is_some_and(|d| d < end);
    let breached = c.breached_at.is_some_and(|b| b < end || !c.running());
    if past_due || breached { Outcome::Breached } else { otherwise }
}

impl<'a> Work<'a> {
    fn adopted(&self, agreement: Agreement) -> Option<&'a Adopted> {
        self.ticket.adopted.iter().find(|a| a.agreement == agreement)
    }
    fn policy_of(&self, adopted: &Adopted) -> Option<&'a Policy> {
        self.agreements.policy(adopted.agreement, &adopted.policy)
    }
    fn reckoning(&self, c: &Clock) -> Reckoning<'a> {
        Reckoning::of(self.calendars, &c.calendar, c.target)
    }

    /// Whether the clock ended, and its end put down.
    fn end(&mut self, c: &Clock) -> bool {
        let adopted = self.adopted(c.id.agreement).and_then(|a| self.policy_of(a));
        let metric = self.agreements.metric(&c.id.metric);
        let policy = self.agreements.policy(c.id.agreement, &c.policy).or(adopted);
        let Some((end, outcome)) = self.ending(c, metric, policy, adopted) else { return false };
        let counted = self.reckoning(c).counted(c, end);
        self.out.push(Event::ClockStopped { clock: c.id.clone(), outcome, counted });
        true
    }
    fn ending(
        &self,
        c: &Clock,
        metric: Option<&Metric>,
        policy: Option<&Policy>,
        adopted: Option<&Policy>,
    ) -> Option<(UtcInstant, Outcome)> {
        let Some(metric) = metric else { return Some((self.at, Outcome::Cancelled)) };
        if metric.cancel.iter().any(|s| self.ends(*s, c, metric).is_some()) {
            return Some((self.at, Outcome::Cancelled));
        }
        for (signs, otherwise) in [(&metric.stop, Outcome::Met), (&metric.lapse, Outcome::Unanswered)] {
            if let Some(own) = signs.iter().find_map(|s| self.ends(*s, c, metric)) {
                let end = believed(own, self.at, policy).max(c.started_at);
                return Some((end, verdict(c, end, otherwise)));
            }
        }
        // No longer under any policy, or under one without this target.
        match adopted {
            None => Some((self.at, Outcome::Cancelled)),
            Some(p) if target(p, metric, self.ticket).is_none() && p.on_change != OnChange::Keep => Some((self.at, Outcome::Cancelled)),
            Some(_) => None,
        }
    }
    /// Whether a sign ends an open clock, and at which own instant.
    fn ends(&self, sign: Sign, c: &Clock, metric: &Metric) -> Option<UtcInstant> {
        let owed = metric.key(&self.ticket.conversation);
        let per_message = metric.scope == Scope::Message;
        let class = self.ticket.class;
        match sign {
            Sign::Cancelled => (class == StateClass::Cancelled).then_some(self.at),
            Sign::Final => matches!(class, StateClass::Resolved | StateClass::Closed).then_some(self.at),
            Sign::Answered => self.seen.answer.filter(|_| !per_message || owed != c.message),
            Sign::NotOwed => (owed != c.message && self.seen.answer.is_none() && !class.is_final()).then_some(self.at),
            Sign::Owed | Sign::OwedAgain | Sign::Spoken => owed.filter(|o| Some(*o) != c.message).map(|o| o.at),
            Sign::Opened => self.seen.opened.then_some(self.at),
            Sign::Reopened => self.seen.reopened.then_some(self.at),
        }
    }

    /// Whether waiting pauses a clock after this step, which is `now` paused or not (S77). A requester who wrote ends the wait on the requester even where the state stays (S78).
    fn pauses(&self, stops: &[WaitsOn], now: bool) -> bool {
        let waits = stops.contains(&self.ticket.waits_on);
        if self.seen.moved {
            waits
        } else if waits && self.ticket.waits_on == WaitsOn::Requester && self.seen.asked.is_some() {
            false
        } else {
            now
        }
    }

    /// Retargets, pauses or resumes an open clock; false if it is to start anew.
    fn change(&mut self, c: &Clock) -> bool {
        let (Some(metric), Some(adopted)) = (self.agreements.metric(&c.id.metric), self.adopted(c.id.agreement)) else { return true };
        let old = self.agreements.policy(c.id.agreement, &c.policy);
        let Some(policy) = self.policy_of(adopted) else { return true };
        let wanted = target(policy, metric, self.ticket).unwrap_or(c.target);
        let recalendared = c.calendar != adopted.calendar || c.calendar_version != adopted.calendar_version;
        let retargeted = c.policy != adopted.policy || c.target != wanted;
        let keep = policy.on_change == OnChange::Keep && old.is_some();
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
        let now = new.paused_since.is_some();
        let before = stops(old, metric).contains(&self.ticket.waits_on);
        let after = stops(Some(policy), metric);
        let waits = after.contains(&self.ticket.waits_on);
        let pause = self.pauses(after, waits && (now || !before));
        self.rebase(&mut new, adopted, wanted);
        self.set_paused(&mut new, pause);
        self.settle(&mut new, policy, true);
        let retroactive = new.breached_at.is_none() && new.due.is_some_and(|d| d < self.at);
        let id = new.id.clone();
        self.out.push(Event::ClockRetargeted { clock: Box::new(new), retroactive });
        if retroactive {
            self.out.push(Event::ClockBreached { clock: id });
        }
        true
    }
    fn pause_or_resume(&mut self, c: &Clock, policy: Option<&Policy>, metric: &Metric) {
        let now = c.paused_since.is_some();
        let pause = self.pauses(stops(policy, metric), now);
        if pause && !now {
            let counted = self.reckoning(c).counted(c, self.at);
            self.out.push(Event::ClockPaused { clock: c.id.clone(), counted, next_mark: None });
        } else if now && !pause {
            let mut new = c.clone();
            self.set_paused(&mut new, false);
            self.reckoning(c).place(&mut new, policy, self.at);
            let breached = new.breached_at.is_none() && new.due.is_some_and(|d| d < self.at);
            self.out.push(Event::ClockResumed { clock: c.id.clone(), due: new.due, next_mark: new.next_mark });
            if breached {
                self.out.push(Event::ClockBreached { clock: c.id.clone() });
            }
        }
    }
    /// The clock under another policy, target or calendar, from its original start, pauses kept (S46).
    fn rebase(&self, c: &mut Clock, adopted: &Adopted, target: Allowance) {
        let old = self.reckoning(c);
        let new = Reckoning::of(self.calendars, &adopted.calendar, target);
        let upto = c.paused_since.unwrap_or(self.at);
        let wall = |t: Allowance| matches!(t, Allowance::Wall(_));
        let same_kind = wall(c.target) == wall(target);
        let same_calendar = c.calendar == adopted.calendar && c.calendar_version == adopted.calendar_version;
        let same_time = same_kind && (wall(target) || same_calendar);
        let running = c.since.is_some();
        if !same_time {
            c.counted = if c.pauses.len() >= Clock::PAUSES {
                old.counted(c, upto)
            } else {
                let paused =
                    c.pauses.iter().map(|p| new.between(p.from.max(c.started_at), p.to.max(c.started_at))).fold(0i64, i64::saturating_add);
                new.between(c.started_at, upto).saturating_sub(paused)
            };
            c.since = running.then_some(upto);
        }
        c.policy.clone_from(&adopted.policy);
        c.calendar.clone_from(&adopted.calendar);
        c.calendar_version = adopted.calendar_version;
        c.target = target;
        c.budget = new.budget(c.started_at);
    }
    fn set_paused(&self, c: &mut Clock, pause: bool) {
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
    fn settle(&self, c: &mut Clock, policy: &Policy, set: bool) {
        let r = self.reckoning(c);
        r.place(c, Some(policy), self.at);
        if set {
            c.superseded = c.breached_at.is_some() && c.due.map_or(c.counted <= c.budget, |d| d >= self.at);
            r.skip_past(c, policy, self.at);
        }
    }

    /// Starts or resumes a metric that has no open clock, if it is to run.
    fn start(&mut self, p: &Place<'_>, open: &[ClockId], restart: Option<&ClockId>) -> Option<ClockId> {
        let t = self.ticket;
        if t.class == StateClass::Cancelled || (t.class.is_final() && !self.seen.opened) {
            return None;
        }
        let rest = t.resting.iter().find(|c| c.id.agreement == p.adopted.agreement && c.id.metric == p.metric.name);
        if restart.is_some() {
            let message = p.metric.key(&t.conversation).filter(|_| p.metric.scope == Scope::Message);
            return self.begin(p, self.at, message, None);
        }
        let cancelled = rest.is_some_and(|r| t.closed_clocks.iter().any(|c| c.id == r.id && c.outcome == Outcome::Cancelled));
        let rebase = p.policy.on_change == OnChange::Rebase;
        match p.metric.scope {
            Scope::Ticket => self.start_for_ticket(p, rest, cancelled),
            Scope::Cycle => match rest {
                None if self.seen.opened => self.begin(p, self.at, None, t.class.is_final().then_some(self.at)),
                None => self.begin(p, if rebase && t.cycle == 1 { t.created_at } else { self.at }, None, None),
                Some(rest) if self.seen.reopened || !cancelled => match p.policy.on_reopen {
                    OnReopen::New => self.begin(p, self.at, None, None),
                    how => self.resume(p, rest, how == OnReopen::Counted),
                },
                Some(rest) if p.policy.on_change != OnChange::Restart => self.resume(p, rest, true),
                Some(_) => self.begin(p, self.at, None, None),
            },
            Scope::Message => {
                let again = p.metric.start.contains(&Sign::OwedAgain);
                let first = |id: &ClockId| id.agreement == p.adopted.agreement && id.metric == *Metric::FIRST_RESPONSE;
                if t.class.is_final() || (again && open.iter().any(first)) {
                    return None;
                }
                let key = p.metric.key(&t.conversation)?;
                match rest.filter(|r| r.message == Some(key)) {
                    Some(rest) if cancelled && p.policy.on_change != OnChange::Restart => self.resume(p, rest, !self.seen.reopened),
                    Some(rest) if !cancelled && self.seen.reopened && p.policy.on_reopen != OnReopen::New => {
                        self.resume(p, rest, p.policy.on_reopen == OnReopen::Counted)
                    }
                    Some(_) if !cancelled => None,
                    _ => {
                        let from = if self.seen.asked.is_some() || self.seen.answer.is_some() || self.seen.opened {
                            believed(key.at, self.at, Some(p.policy))
                        } else if rebase && !self.seen.reopened {
                            key.at.clamp(t.created_at.min(self.at), self.at)
                        } else {
                            self.at
                        };
                        self.begin(p, from, Some(key), None)
                    }
                }
            }
        }
    }
    fn start_for_ticket(&mut self, p: &Place<'_>, rest: Option<&Clock>, cancelled: bool) -> Option<ClockId> {
        let t = self.ticket;
        if let Some(rest) = rest {
            // Still owed after a policy without this target, or after a reopening, if nobody ever answered.
            let met = t.closed_clocks.iter().any(|c| c.id == rest.id && c.outcome == Outcome::Met);
            let owed = t.conversation.first_answer.is_none() && !met && (cancelled || self.seen.reopened);
            let count_gap = if self.seen.reopened { p.policy.on_reopen == OnReopen::Counted } else { true };
            return if owed { self.resume(p, rest, count_gap) } else { None };
        }
        if !self.seen.opened {
            // A policy adopted late: the first response is owed since the ticket began.
            let by_agent = t.conversation.from_requester == 0 && t.conversation.from_agents > 0;
            let owed = t.conversation.first_answer.is_none() && !by_agent;
            let from = if p.policy.on_change == OnChange::Rebase { t.created_at } else { self.at };
            return if owed { self.begin(p, from, None, None) } else { None };
        }
        let mut answer = self.seen.answer;
        if self.seen.by_agent && !self.seen.call {
            match p.policy.opened_by_agent {
                OpenedByAgent::None => return None,
                OpenedByAgent::FirstReply => {}
                OpenedByAgent::SecondReply => answer = None,
            }
        }
        let from = believed(self.seen.asked.or(answer).unwrap_or(self.at), self.at, Some(p.policy));
        let end = answer.map(|a| believed(a, self.at, Some(p.policy)));
        self.begin(p, from, None, end.or(t.class.is_final().then_some(self.at)))
    }

    /// A new run, ended in the same breath where `end` is given. The id, if it stays open.
    fn begin(&mut self, p: &Place<'_>, from: UtcInstant, message: Option<MessageRef>, end: Option<UtcInstant>) -> Option<ClockId> {
        let (agreement, metric) = (p.adopted.agreement, &p.metric.name);
        let ran = self.ticket.runs.iter().find(|(a, m, _)| *a == agreement && m == metric).map_or(0, |(_, _, n)| *n);
        let r = Reckoning::of(self.calendars, &p.adopted.calendar, p.target);
        let mut c = Clock {
            id: ClockId { agreement, metric: metric.clone(), run: ran.saturating_add(1) },
            policy: p.policy.name.clone(),
            calendar: p.adopted.calendar.clone(),
            calendar_version: p.adopted.calendar_version,
            cycle: self.ticket.cycle,
            message,
            target: p.target,
            budget: r.budget(from),
            started_at: from,
            counted: 0,
            since: Some(from),
            paused_since: None,
            pauses: Vec::new(),
            due: None,
            breached_at: None,
            superseded: false,
            marks: Vec::new(),
            next_mark: None,
        };
        let waits = stops(Some(p.policy), p.metric).contains(&self.ticket.waits_on);
        if end.is_none() && self.pauses(stops(Some(p.policy), p.metric), waits) {
            self.set_paused(&mut c, true);
        }
        self.settle(&mut c, p.policy, true);
        let late = c.due.filter(|d| *d < end.unwrap_or(self.at));
        // A message's own instant started it: then the breach is where it was due (S47). A policy adopted late breaches at the change (S46).
        if self.seen.opened || self.seen.asked.is_some() {
            c.breached_at = late;
        }
        let id = c.id.clone();
        let ended = end.map(|end| {
            let end = end.max(from);
            let answered = p.metric.lapse.is_empty() || self.seen.answer.is_some();
            let outcome = verdict(&c, end, if answered { Outcome::Met } else { Outcome::Unanswered });
            Event::ClockStopped { clock: id.clone(), outcome, counted: r.counted(&c, end) }
        });
        self.out.push(Event::ClockStarted(Box::new(c)));
        if late.is_some() {
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
    /// The last run goes on; the time since its end counts or not.
    fn resume(&mut self, p: &Place<'_>, rest: &Clock, count_gap: bool) -> Option<ClockId> {
        let mut c = rest.clone();
        let from = c.paused_since.take().unwrap_or(self.at);
        if count_gap {
            c.counted = c.counted.saturating_add(self.reckoning(&c).between(from, self.at));
        } else {
            c.paused(Pause { from, to: self.at, closed: true });
        }
        c.since = Some(self.at);
        let retargeted = c.policy != p.adopted.policy || c.target != p.target;
        let kept = self.agreements.policy(c.id.agreement, &c.policy).filter(|_| retargeted && p.policy.on_change == OnChange::Keep);
        if kept.is_none() {
            self.rebase(&mut c, p.adopted, p.target);
        }
        let waits = stops(Some(p.policy), p.metric).contains(&self.ticket.waits_on);
        if self.pauses(stops(Some(p.policy), p.metric), waits) {
            self.set_paused(&mut c, true);
        }
        self.settle(&mut c, kept.unwrap_or(p.policy), retargeted && kept.is_none());
        let breached = c.breached_at.is_none() && c.due.is_some_and(|d| d < self.at);
        let id = c.id.clone();
        self.out.push(Event::ClockStarted(Box::new(c)));
        if breached {
            self.out.push(Event::ClockBreached { clock: id.clone() });
        }
        Some(id)
    }
}
