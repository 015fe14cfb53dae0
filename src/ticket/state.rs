//! State classes, whom a state waits on, and timers.

use super::{ClockId, TaskId};
use crate::diagnostic::{Text, text};
use crate::id::*;
use serde::{Deserialize, Serialize};

/// The class of a state (S83); the last three are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateClass {
    /// 待处理.
    New,
    /// 处理中.
    Open,
    /// Waiting on someone outside.
    Pending,
    /// 挂起.
    OnHold,
    /// 已解决.
    Resolved,
    /// 已关闭.
    Closed,
    /// 已取消: spam, duplicate, withdrawn, merged.
    Cancelled,
}

impl StateClass {
    /// All, in the order of a ticket's life.
    pub const ALL: [Self; 7] = [Self::New, Self::Open, Self::Pending, Self::OnHold, Self::Resolved, Self::Closed, Self::Cancelled];
    /// Resolved, closed or cancelled.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Resolved | Self::Closed | Self::Cancelled)
    }
    /// Whether arriving in it begins the work: the first class was the initial one, or there was none (S9).
    pub fn begins_work(self, from: Option<Self>) -> bool {
        self != Self::New && from.is_none_or(|f| f == Self::New)
    }
    /// Whether arriving in it ends the work: moving between two final states does not end it again (S9).
    pub fn ends_work(self, from: Option<Self>) -> bool {
        self.is_final() && !from.is_some_and(Self::is_final)
    }
    /// The word authors write.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Open => "open",
            Self::Pending => "pending",
            Self::OnHold => "on_hold",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
        }
    }
    /// The colour of a state of this class that has none of its own (S62).
    pub fn colour(self) -> &'static str {
        match self {
            Self::New => "grey",
            Self::Open => "yellow",
            Self::Pending => "purple",
            Self::OnHold => "brown",
            Self::Resolved => "green",
            Self::Closed => "blue",
            Self::Cancelled => "outline",
        }
    }
    /// What people read (S62).
    pub fn label(self) -> Text {
        match self {
            Self::New => text("new", "待处理"),
            Self::Open => text("open", "处理中"),
            Self::Pending => text("pending", "等待中"),
            Self::OnHold => text("on hold", "挂起"),
            Self::Resolved => text("resolved", "已解决"),
            Self::Closed => text("closed", "已关闭"),
            Self::Cancelled => text("cancelled", "已取消"),
        }
    }
}

/// Whom a state waits on (S77).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitsOn {
    /// The requester.
    Requester,
    /// A vendor or other third party.
    Vendor,
    /// An approval.
    Approval,
    /// Ourselves.
    Internal,
    /// The parent ticket.
    Parent,
    /// Nobody: nothing is left to do.
    Nobody,
}

impl WaitsOn {
    /// All.
    pub const ALL: [Self; 6] = [Self::Requester, Self::Vendor, Self::Approval, Self::Internal, Self::Parent, Self::Nobody];
    /// The word authors write.
    pub fn word(self) -> &'static str {
        match self {
            Self::Requester => "requester",
            Self::Vendor => "vendor",
            Self::Approval => "approval",
            Self::Internal => "internal",
            Self::Parent => "parent",
            Self::Nobody => "nobody",
        }
    }
}

/// What a timer does when it is due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TimerKind {
    /// The desk changed to another playbook: priority, policies and calendars are adopted as of that instant (S46, S55).
    Playbook,
    /// The state's time limit passes (S61).
    StateLimit,
    /// A timed transition is taken.
    Transition(TransitionName),
    /// A time rule wakes (S27).
    Rule(RuleName),
    /// A clock's warning, breach or level.
    Clock(ClockId),
    /// A person's override of the priority ends (S63).
    PriorityOverride,
    /// A repeated time rule wakes: the period of this number in this stay, from 1 (S27).
    Every(RuleName, u32),
    /// A time rule wakes so long before this clock is due; whatever state the ticket is in.
    BeforeDue(RuleName, ClockId),
    /// Such a rule has had its moment in this run of the clock. Nothing wakes for it: it is remembered so that the rule wakes once (S27).
    Passed(RuleName, ClockId),
    /// A task is due, or comes back for another try.
    Task(TaskId),
    /// What was due on a parent, a child or another ticket it depends on came to be. Never among a ticket's own timers.
    Kin,
    /// The time of the present stage of an approval runs out.
    Approval(ApprovalName),
}

impl TimerKind {
    /// The clock whose due instant a rule waits for, or waited for.
    pub fn due_of(&self) -> Option<&ClockId> {
        match self {
            Self::BeforeDue(_, clock) | Self::Passed(_, clock) => Some(clock),
            _ => None,
        }
    }
}

/// A timer of a ticket. Bound to the present stay in a state (S5: leaving cancels it), unless it belongs to a clock.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timer {
    /// When.
    #[serde(with = "serde_instant")]
    pub at: UtcInstant,
    /// What.
    pub kind: TimerKind,
}

impl Timer {
    /// When the ticket must wake for it; none for one that only remembers.
    pub fn wakes(&self) -> Option<UtcInstant> {
        (!matches!(self.kind, TimerKind::Passed(..))).then_some(self.at)
    }
}
