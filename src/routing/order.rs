//! The order of work (S28).

use super::RoutingModel;
use crate::calendar::{Calendars, Span};
use crate::id::{TicketId, UtcInstant};
use crate::ticket::Ticket;
use chrono::TimeDelta;
use std::cmp::{Ordering, Reverse};

/// A ticket's place in the order of work. Sorting ascending gives that order: highest score first, then longest waiting, then by id (S28).
#[derive(Clone, Copy, Debug)]
pub struct QueuePlace {
    /// The sum of the three parts.
    pub score: i64,
    /// Points for the priority.
    pub priority: i64,
    /// Points for the business minutes since it became eligible.
    pub ageing: i64,
    /// Points for the nearness of its due instant.
    pub nearness: i64,
    /// Since when it waits.
    pub since: UtcInstant,
    /// Which.
    pub id: TicketId,
}

impl Ord for QueuePlace {
    fn cmp(&self, other: &Self) -> Ordering {
        Reverse(self.score).cmp(&Reverse(other.score)).then(self.since.cmp(&other.since)).then(self.id.cmp(&other.id))
    }
}
impl PartialOrd for QueuePlace {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for QueuePlace {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for QueuePlace {}

impl RoutingModel {
    /// Where a ticket stands in the order of work at `now` (S28): priority weight + ageing per minute of the group's business time since it entered the
    /// queue + nearness of due, which rises in proportion within the configured time and stays full once overdue. A ticket in no queue waits since
    /// its state began.
    pub fn queue_place(&self, ticket: &Ticket, calendars: &Calendars, now: UtcInstant) -> QueuePlace {
        let since = ticket.queue.as_ref().map_or(ticket.state_since, |q| q.since);
        let group = ticket.group.as_ref().and_then(|g| self.queue(g).calendar.as_ref());
        let calendar = calendars.resolve(None, group);
        let waited = calendar.elapsed(since, now.max(since));
        let ageing = waited.num_minutes().max(0).saturating_mul(self.ageing);
        let priority = ticket.priority.as_ref().and_then(|p| self.priority.get(&p.value)).copied().unwrap_or(0);
        let nearness = ticket.due().map_or(0, |due| {
            let (within, left) = match self.near_due.within {
                Span::Wall(w) => (w, due.signed_duration_since(now)),
                Span::Open(w) => (w, if due <= now { TimeDelta::zero() } else { calendar.elapsed(now, due) }),
                Span::Days(_) => (TimeDelta::zero(), TimeDelta::zero()),
            };
            share(self.near_due.points, within, left)
        });
        let score = priority.saturating_add(ageing).saturating_add(nearness);
        QueuePlace { score, priority, ageing, nearness, since, id: ticket.id }
    }
}

/// `points` at or past due, nothing from `within` before it, in proportion between, rounded down.
fn share(points: i64, within: TimeDelta, left: TimeDelta) -> i64 {
    let micros = |d: TimeDelta| i128::from(d.num_microseconds().unwrap_or(i64::MAX));
    let (within, left) = (micros(within), micros(left.max(TimeDelta::zero())));
    if left >= within {
        return if left == 0 { points } else { 0 };
    }
    let gone = within.saturating_sub(left);
    i128::from(points).saturating_mul(gone).checked_div(within).and_then(|n| i64::try_from(n).ok()).unwrap_or(0)
}
