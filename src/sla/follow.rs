//! What the facts of a step mean for the clocks, each consequence of a metric in its order (S52).

use super::Agreements;
use super::ending::End;
use super::metric::{Clause, Consequence, Metric, Scope};
use super::policy::Policy;
use super::reckon::Reckoning;
use super::seen::Seen;
use crate::calendar::Calendars;
use crate::condition::View;
use crate::id::UtcInstant;
use crate::ticket::{Actor, Adopted, Agreement, Allowance, Clock, ClockId, Event, Outcome, Ticket};

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

impl Agreements {
    /// The bookkeeping that follows from a step: `ticket` has all its facts applied, its clocks are still as they were before it.
    ///
    /// First open clocks end or begin anew, then those left are retargeted, paused or resumed, then others start; for one metric in the order of its precedence (S52), else in the
    /// order of the ticket's clocks, then of the declared metrics. A target set so that its due instant lies in the past is breached at once (S46), recorded at the
    /// step's instant, or at the due instant where a message's own earlier instant started the clock (S26, S47).
    ///
    /// Costs next to nothing when no fact of the step concerns a metric.
    pub fn follow(&self, calendars: &Calendars, ticket: &Ticket, step: &Step<'_>) -> Vec<Event> {
        if ticket.adopted.is_empty() && ticket.clocks.is_empty() {
            return Vec::new();
        }
        let seen = Seen::of(step, self.interest);
        if !seen.relevant {
            return Vec::new();
        }
        let mut work = Work { agreements: self, calendars, ticket, seen, at: step.at, over: Vec::new(), out: Vec::new() };
        let mut open: Vec<ClockId> = Vec::new();
        let mut kept = Vec::new();
        for clock in &ticket.clocks {
            match work.end(clock) {
                None => kept.push(clock),
                Some(End { again: Some(id), .. }) => open.push(id),
                Some(End { position, .. }) => work.over.push((clock.id.clone(), position)),
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
                // What the order puts before the end found the run still open.
                let passed = work.over.iter().any(|(id, position)| is(id) && *position > metric.position(Consequence::Start));
                if passed || open.iter().any(is) {
                    continue;
                }
                // A run per ticket or cycle that ended in this very step was the one there is.
                let ended = work.over.iter().any(|(id, _)| is(id));
                let once = metric.scope == Scope::Ticket || (metric.scope == Scope::Cycle && !work.seen.reopened);
                if ended && once {
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
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) adopted: &'a Adopted,
    pub(super) policy: &'a Policy,
    pub(super) metric: &'a Metric,
    pub(super) target: Allowance,
}

/// Everything one step's work needs.
pub(super) struct Work<'a> {
    pub(super) agreements: &'a Agreements,
    pub(super) calendars: &'a Calendars,
    pub(super) ticket: &'a Ticket,
    pub(super) seen: Seen<'a>,
    pub(super) at: UtcInstant,
    /// What ended in this step, and where in the order of its metric.
    pub(super) over: Vec<(ClockId, usize)>,
    pub(super) out: Vec<Event>,
}

impl<'a> Work<'a> {
    pub(super) fn adopted(&self, agreement: Agreement) -> Option<&'a Adopted> {
        self.ticket.adopted.iter().find(|a| a.agreement == agreement)
    }
    pub(super) fn policy_of(&self, adopted: &Adopted) -> Option<&'a Policy> {
        self.agreements.policy(adopted.agreement, &adopted.policy)
    }
    pub(super) fn place_of(&self, agreement: Agreement, metric: &'a Metric) -> Option<Place<'a>> {
        let adopted = self.adopted(agreement)?;
        let policy = self.policy_of(adopted)?;
        Some(Place { adopted, policy, metric, target: target(policy, metric, self.ticket)? })
    }
    pub(super) fn reckoning(&self, c: &Clock) -> Reckoning<'a> {
        Reckoning::of_clock(self.calendars, c)
    }
    /// Whether a clause's condition holds after the step. It is data about the ticket alone, so it cannot fail.
    pub(super) fn when(&self, clause: &Clause) -> bool {
        clause.when.as_ref().is_none_or(|c| c.holds(&View::of(self.ticket, self.at)).unwrap_or(false))
    }
    /// Whether any level among the clauses holds now.
    pub(super) fn level<'c>(&self, clauses: impl IntoIterator<Item = &'c Clause>) -> bool {
        clauses.into_iter().any(|c| c.is_level() && c.on.as_ref().is_none_or(|s| self.stands(s)) && self.when(c))
    }
}

pub(super) fn target(policy: &Policy, metric: &Metric, ticket: &Ticket) -> Option<Allowance> {
    policy.targets.get(&metric.name)?.get(ticket.priority.as_ref().map(|p| &p.value), &ticket.channel)
}

/// A message's own instant as far as the policy believes it (S26).
pub(super) fn believed(own: UtcInstant, at: UtcInstant, policy: Option<&Policy>) -> UtcInstant {
    let limit = policy.map_or(0, |p| p.backdate_limit);
    let back = at.signed_duration_since(own).num_microseconds().unwrap_or(i64::MAX);
    if back > 0 && back <= limit { own } else { at }
}

/// The verdict of a clock that ends at `end`. A recorded breach stands (S46), unless the end's own instant disproves it (S26).
pub(super) fn verdict(c: &Clock, end: UtcInstant, otherwise: Outcome) -> Outcome {
    if otherwise == Outcome::Cancelled {
        return otherwise;
    }
    let past_due = c.running() && c.due.is_some_and(|d| d < end);
    let breached = c.breached_at.is_some_and(|b| b < end || !c.running());
    if past_due || breached { Outcome::Breached } else { otherwise }
}
