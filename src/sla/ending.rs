//! How runs end: cancel, stop, lapse, reset, or a policy that is gone (S38, S39, S46, S52).

use super::follow::{Work, believed, target, verdict};
use super::metric::{Clause, Consequence, Metric, Scope};
use super::policy::{OnChange, Policy};
use super::sign::Sign;
use super::starting::Begin;
use crate::id::UtcInstant;
use crate::ticket::{Clock, ClockId, Event, Outcome, StateClass};

/// The end of an open clock.
#[derive(Debug)]
pub(super) struct End {
    /// Where in the order of the metric's consequences.
    pub(super) position: usize,
    /// The run that began instead and is open.
    pub(super) again: Option<ClockId>,
}

impl<'a> Work<'a> {
    /// The end of a clock, if it ended, put down.
    pub(super) fn end(&mut self, c: &Clock) -> Option<End> {
        let adopted = self.adopted(c.id.agreement).and_then(|a| self.policy_of(a));
        let Some(metric) = self.agreements.metric(&c.id.metric) else {
            return Some(self.stopped(c, self.at, Outcome::Cancelled, 0));
        };
        let policy = self.agreements.policy(c.id.agreement, &c.policy).or(adopted);
        // Answered there, before the two were one (S57).
        if let Some(answered) = self.seen.lent.and_then(|l| l.answered).filter(|_| metric.is_response()) {
            let end = answered.max(c.started_at);
            return Some(self.stopped(c, end, verdict(c, end, Outcome::Met), metric.position(Consequence::Stop)));
        }
        for (position, what) in metric.precedence.into_iter().enumerate() {
            let otherwise = match what {
                Consequence::Cancel => Outcome::Cancelled,
                Consequence::Stop => Outcome::Met,
                Consequence::Lapse => Outcome::Unanswered,
                Consequence::Reset => {
                    if let Some(own) =
                        self.first(&metric.reset, Some(c), metric).filter(|_| metric.scope != Scope::Message || c.message.is_some())
                    {
                        return Some(self.reset(c, metric, policy, own, position));
                    }
                    continue;
                }
                Consequence::Pause | Consequence::Resume | Consequence::Start => continue,
            };
            let Some(own) = self.first(metric.clauses(what), Some(c), metric) else { continue };
            let end = if what == Consequence::Cancel { self.at } else { believed(own, self.at, policy).max(c.started_at) };
            return Some(self.stopped(c, end, verdict(c, end, otherwise), position));
        }
        // No longer under any policy, or under one without this target.
        let gone = match adopted {
            None => true,
            Some(p) => target(p, metric, self.ticket).is_none() && p.on_change != OnChange::Keep,
        };
        gone.then(|| self.stopped(c, self.at, Outcome::Cancelled, 0))
    }
    fn stopped(&mut self, c: &Clock, end: UtcInstant, outcome: Outcome, position: usize) -> End {
        let counted = self.reckoning(c).counted(c, end);
        self.out.push(Event::ClockStopped { clock: c.id.clone(), outcome, counted });
        End { position, again: None }
    }
    fn reset(&mut self, c: &Clock, metric: &'a Metric, policy: Option<&Policy>, own: UtcInstant, position: usize) -> End {
        let from = believed(own, self.at, policy).max(c.started_at);
        let end = self.stopped(c, from, Outcome::Cancelled, position);
        let again = self.place_of(c.id.agreement, metric).and_then(|p| {
            let end = self.ended_with(&p, Consequence::Reset, false);
            self.begin(&p, Begin { from, message: c.message, by: Consequence::Reset, end })
        });
        End { again, ..end }
    }

    /// The first of the clauses that comes about in this step, and its own instant. `c` is the clock it concerns, if there is one yet.
    pub(super) fn first(&self, clauses: &[Clause], c: Option<&Clock>, metric: &Metric) -> Option<UtcInstant> {
        clauses.iter().find_map(|clause| self.comes(clause, c, metric))
    }
    pub(super) fn comes(&self, clause: &Clause, c: Option<&Clock>, metric: &Metric) -> Option<UtcInstant> {
        let own = match &clause.on {
            None => Some(self.at),
            Some(sign) => self.shows(sign, c, metric),
        };
        own.filter(|_| self.when(clause))
    }
    fn shows(&self, sign: &Sign, c: Option<&Clock>, metric: &Metric) -> Option<UtcInstant> {
        let t = self.ticket;
        if sign.is_level() {
            return self.stands(sign).then_some(self.at);
        }
        if let (Sign::GroupLeft, Some(c)) = (sign, c) {
            let left = c.group.as_ref().is_some_and(|g| t.group.as_ref() != Some(g) || self.seen.came_elsewhere(g));
            return left.then_some(self.at);
        }
        if metric.scope == Scope::Message
            && let Some(c) = c
        {
            let owed = metric.key(&t.conversation);
            match sign {
                Sign::Answered => return self.seen.answer.filter(|_| owed != c.message),
                Sign::NotOwed => {
                    return (owed != c.message && self.seen.answer.is_none() && !t.class.is_final()).then_some(self.at);
                }
                Sign::Owed | Sign::OwedAgain | Sign::Spoken => return owed.filter(|o| Some(*o) != c.message).map(|o| o.at),
                _ => {}
            }
        }
        self.seen.happened(sign, t)
    }
    /// Whether what holds for a while holds now.
    pub(super) fn stands(&self, sign: &Sign) -> bool {
        let t = self.ticket;
        match sign {
            Sign::In(s) => t.state == *s,
            Sign::Class(c) => t.class == *c,
            Sign::WaitsOn(w) => t.waits_on == *w,
            Sign::Final => matches!(t.class, StateClass::Resolved | StateClass::Closed),
            Sign::Cancelled => t.class == StateClass::Cancelled,
            _ => false,
        }
    }
}
