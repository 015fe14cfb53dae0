//! What routing notices about tickets already assigned: an assignee who is away (S85), a ticket that bounces (S71).

use super::explain::Exclusion;
use super::judge::on_shift;
use super::{Roster, RoutingModel};
use crate::calendar::Calendars;
use crate::diagnostic::{Text, text};
use crate::id::{AgentId, GroupId, UtcInstant};
use crate::ticket::Ticket;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// What happens to the open tickets of an assignee who is away (S85).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AwayPolicy {
    /// They stay.
    #[default]
    Keep,
    /// They go to the stand-in 代理人, or to the queue where none is available.
    Backup,
    /// They go back to the queue.
    Queue,
}

/// How an assignee is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Away {
    /// On leave or ill.
    Absent,
    /// The shift is over or has not begun.
    OffShift,
    /// No longer in the roster.
    Gone,
}

/// What is to be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnAway {
    /// Nothing.
    Keep,
    /// Assign the stand-in.
    Backup(AgentId),
    /// Back to the queue.
    Queue,
}

impl RoutingModel {
    /// Whether a ticket's assignee is away, and what its group then does (S85); none if there is no assignee or the assignee is here.
    ///
    /// One who left the desk keeps nothing: `keep` is then the queue. A shift without its calendar counts as open.
    pub fn on_away(&self, ticket: &Ticket, roster: &Roster, calendars: &Calendars, now: UtcInstant) -> Option<(Away, OnAway)> {
        self.on_away_of(ticket.assignee.as_ref()?, ticket.group.as_ref(), roster, calendars, now)
    }

    /// Whether an agent is away, and what the group then does with what he has there (S85).
    pub fn on_away_of(
        &self,
        id: &AgentId,
        group: Option<&GroupId>,
        roster: &Roster,
        calendars: &Calendars,
        now: UtcInstant,
    ) -> Option<(Away, OnAway)> {
        let queue = group.map(|g| self.queue(g));
        let policy = |shift: bool| queue.map(|q| if shift { q.shift_end } else { q.absence }).unwrap_or_default();
        let away = match roster.agent(id) {
            None => Away::Gone,
            Some(a) if a.absence(now).is_some() => Away::Absent,
            Some(a) => match on_shift(a, calendars, now, TimeDelta::zero()) {
                Err(Exclusion::OutsideShift { .. }) => Away::OffShift,
                _ => return None,
            },
        };
        let what = match policy(away == Away::OffShift) {
            AwayPolicy::Keep if away == Away::Gone => OnAway::Queue,
            AwayPolicy::Keep => OnAway::Keep,
            AwayPolicy::Backup => roster.stand_in(id, now).map_or(OnAway::Queue, |b| OnAway::Backup(b.clone())),
            AwayPolicy::Queue => OnAway::Queue,
        };
        Some((away, what))
    }
}

/// How a ticket bounces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BounceKind {
    /// Back in a group it had left: A-B-A.
    BackAndForth,
    /// Three groups or more.
    ThreeGroups,
}

/// A ticket that bounces, with the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounce {
    /// How.
    pub kind: BounceKind,
    /// The groups of this resolution cycle it went through, oldest first.
    pub groups: Vec<GroupId>,
    /// Hand-offs in this cycle that no workflow declares as its path.
    pub handoffs: u16,
}

impl Bounce {
    /// In words.
    pub fn text(&self) -> Text {
        let path = self.groups.iter().map(GroupId::as_str).collect::<Vec<_>>().join(" → ");
        let n = self.handoffs;
        match self.kind {
            BounceKind::BackAndForth => text(
                format!("handed back and forth: {path} ({n} hand-offs); escalate to the expert group or change the rule that routes"),
                format!("来回转派：{path}（{n} 次）；建议升级到专家组或调整路由规则"),
            ),
            BounceKind::ThreeGroups => text(
                format!(
                    "handed through three groups or more: {path} ({n} hand-offs); escalate to the expert group or change the rule that routes"
                ),
                format!("已转派三个及以上处理组：{path}（{n} 次）；建议升级到专家组或调整路由规则"),
            ),
        }
    }
}

/// Whether a ticket bounces (S71): A-B-A, or three groups within its resolution cycle. Hand-offs that a workflow declares as its path are in the
/// trail but not in the count of hand-offs, so fewer than two undeclared ones are never a bounce.
pub fn bounced(ticket: &Ticket) -> Option<Bounce> {
    let trail = &ticket.trail;
    if ticket.handoffs < 2 {
        return None;
    }
    let mut distinct: Vec<&GroupId> = trail.iter().collect();
    distinct.sort_unstable();
    distinct.dedup();
    // The trail repeats no group twice in a row, so any repetition is a return.
    let kind = if distinct.len() < trail.len() {
        BounceKind::BackAndForth
    } else if distinct.len() >= 3 {
        BounceKind::ThreeGroups
    } else {
        return None;
    };
    Some(Bounce { kind, groups: trail.clone(), handoffs: ticket.handoffs })
}
