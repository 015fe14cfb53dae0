//! Closed SLA cycles as a journal tells them, however many there were, and how many were kept.

use crate::id::{ChannelName, LevelName, MetricName, PolicyName, UtcInstant, serde_instant};
use crate::ticket::{Agreement, Allowance, Clock, ClockId, Entry, Event, Outcome, Ticket};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A closed SLA cycle, with what the ticket was when it closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cycle {
    /// The agreement.
    pub agreement: Agreement,
    /// The policy that set the target.
    pub policy: PolicyName,
    /// The metric.
    pub metric: MetricName,
    /// The ticket's priority.
    pub priority: Option<LevelName>,
    /// The channel it came by.
    pub channel: ChannelName,
    /// The target it ended with.
    pub target: Allowance,
    /// The target in counted µs.
    pub budget: i64,
    /// Counted µs: wall time for a wall target, otherwise open time of the clock's calendar.
    pub counted: i64,
    /// The verdict.
    pub outcome: Outcome,
    /// When it started.
    #[serde(with = "serde_instant")]
    pub started_at: UtcInstant,
    /// When it ended.
    #[serde(with = "serde_instant")]
    pub ended_at: UtcInstant,
}

/// All closed cycles of a journal, in the order they closed: those too that the bounded ticket no longer keeps. A cycle that a reopening resumed counts by its last end, or not at all while it
/// runs (S82). Figures are those recorded: what was corrected (S87) is told by [`super::Agreements::corrected_from`].
pub fn cycles(journal: &[Entry]) -> Vec<Cycle> {
    let mut found: Vec<(ClockId, Cycle)> = Vec::new();
    let Some(mut ticket) = journal.first().and_then(Ticket::begin) else { return Vec::new() };
    for entry in journal {
        for (at, index, caused) in entry.happened() {
            match &caused.event {
                Event::ClockStarted(c) => found.retain(|(id, _)| *id != c.id),
                Event::ClockStopped { clock, outcome, counted } => {
                    if let Some(c) = ticket.clocks.iter().find(|c| c.id == *clock) {
                        found.push((clock.clone(), closed(&ticket, c, *outcome, *counted, at)));
                    }
                }
                _ => {}
            }
            ticket.evolve(&caused.event, at, entry.revision, index);
        }
    }
    found.into_iter().map(|(_, c)| c).collect()
}

fn closed(t: &Ticket, c: &Clock, outcome: Outcome, counted: i64, at: UtcInstant) -> Cycle {
    Cycle {
        agreement: c.id.agreement,
        policy: c.policy.clone(),
        metric: c.id.metric.clone(),
        priority: t.priority.as_ref().map(|p| p.value.clone()),
        channel: t.channel.clone(),
        target: c.target,
        budget: c.budget,
        counted,
        outcome,
        started_at: c.started_at,
        ended_at: at,
    }
}

/// How many cycles came out how. Unanswered and cancelled ones stand apart: they are neither kept nor missed (S38, S83).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attainment {
    /// Met.
    pub met: u64,
    /// Breached.
    pub breached: u64,
    /// Resolved without any reply before due (S38).
    pub unanswered: u64,
    /// Cancelled.
    pub cancelled: u64,
}

impl Attainment {
    /// One cycle more.
    pub fn add(&mut self, outcome: Outcome) {
        let n = match outcome {
            Outcome::Met => &mut self.met,
            Outcome::Breached => &mut self.breached,
            Outcome::Unanswered => &mut self.unanswered,
            Outcome::Cancelled => &mut self.cancelled,
        };
        *n = n.saturating_add(1);
    }
    /// How many in a thousand of those met or breached were met; nothing, not zero, while there is none (S60).
    pub fn met_per_mille(&self) -> Option<u64> {
        self.met.saturating_mul(1000).checked_div(self.met.saturating_add(self.breached))
    }
}

/// Cycles counted by any key: metric, priority, policy, or several.
///
/// ```
/// # use ticketry::sla::{Cycle, attainment};
/// # let cycles: Vec<Cycle> = Vec::new();
/// let kept = attainment(&cycles, |c| (c.metric.clone(), c.priority.clone()));
/// assert!(kept.values().all(|a| a.met_per_mille().is_none_or(|n| n <= 1000)));
/// ```
pub fn attainment<'c, K: Ord>(cycles: impl IntoIterator<Item = &'c Cycle>, by: impl Fn(&Cycle) -> K) -> BTreeMap<K, Attainment> {
    let mut found: BTreeMap<K, Attainment> = BTreeMap::new();
    for c in cycles {
        found.entry(by(c)).or_default().add(c.outcome);
    }
    found
}
