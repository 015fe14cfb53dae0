//! SLA cycles as a ticket keeps them; [`crate::sla`] decides, this room only remembers.

use super::{Actor, MessageRef};
use crate::diagnostic::{Text, text};
use crate::id::*;
use serde::{Deserialize, Serialize};

/// Which agreement a clock belongs to (S37): `agreement` in a file of `sla/`, `customer` where it says nothing. A ticket has one policy of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// `customer`: the customer's SLA.
    Customer,
    /// `group`: a group's OLA.
    Group,
    /// `vendor`: a vendor's contract.
    Vendor,
}

/// One run of one metric: the `run`-th of this ticket, from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClockId {
    /// The agreement.
    pub agreement: Agreement,
    /// The metric.
    pub metric: MetricName,
    /// Which run.
    pub run: u32,
}

/// A target's length and kind (S79).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Allowance {
    /// Wall time in microseconds.
    Wall(i64),
    /// Open time of the clock's calendar in microseconds.
    Open(i64),
    /// Working days.
    Days(u32),
}

/// How a clock ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Stopped at or before its due instant.
    Met,
    /// Stopped later than that.
    Breached,
    /// Resolved without any reply before due (S38).
    Unanswered,
    /// Cancelled, merged, or no longer under any policy.
    Cancelled,
}

impl Outcome {
    /// As people read it.
    pub fn label(self) -> Text {
        let (en, zh) = match self {
            Self::Met => ("met", "达标"),
            Self::Breached => ("breached", "超时"),
            Self::Unanswered => ("unanswered", "未回复"),
            Self::Cancelled => ("cancelled", "已取消"),
        };
        text(en, zh)
    }
}

/// A warning or an escalation level that has fired, by its name in the policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Mark {
    /// `warning:75%`, `level:1`.
    pub name: LevelName,
    /// It was passed over because a higher level acted, its criterion was false, or its point lay before the clock's start.
    pub skipped: bool,
}

/// A stretch in which a clock did not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pause {
    /// From when.
    #[serde(with = "serde_instant")]
    pub from: UtcInstant,
    /// Until when.
    #[serde(with = "serde_instant")]
    pub to: UtcInstant,
    /// The ticket was final meanwhile and reopened (S45): never called pending.
    pub closed: bool,
}

/// Why a clock stands still, as far as that outlasts the step that said so (S77, S78).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Hold {
    /// The ticket waits on someone who stops it, and he has not written since.
    pub waits: bool,
    /// An event paused it, and none has resumed it.
    pub held: bool,
}

/// An open SLA cycle 计时周期.
///
/// Counted time is in the clock's own calendar for `Open` and `Days`, in wall time for `Wall`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Which.
    pub id: ClockId,
    /// The policy that set the target.
    pub policy: PolicyName,
    /// The calendar it counts in.
    pub calendar: CalendarName,
    /// That calendar's version (S55).
    pub calendar_version: u32,
    /// Which resolution cycle of the ticket it started in (S82).
    pub cycle: u32,
    /// The message it answers to, for response metrics.
    pub message: Option<MessageRef>,
    /// The group the ticket was in when it started (S51).
    pub group: Option<GroupId>,
    /// The target.
    pub target: Allowance,
    /// The target in counted microseconds; for `Days` the open time from start to the due instant fixed at start (S53).
    pub budget: i64,
    /// When it started.
    #[serde(with = "serde_instant")]
    pub started_at: UtcInstant,
    /// Counted microseconds up to `since`.
    pub counted: i64,
    /// Counting since then; none while paused.
    #[serde(with = "serde_instant_opt")]
    pub since: Option<UtcInstant>,
    /// Paused since then; none while counting.
    #[serde(with = "serde_instant_opt")]
    pub paused_since: Option<UtcInstant>,
    /// Why it is paused; nothing while it counts.
    pub hold: Hold,
    /// Its pauses so far, so that it can be measured anew in another calendar (S46, S55); the first [`Clock::PAUSES`], after which `counted` is carried over as it is.
    pub pauses: Vec<Pause>,
    /// When it is due; none while paused (S44) or where the calendar runs dry.
    #[serde(with = "serde_instant_opt")]
    pub due: Option<UtcInstant>,
    /// When it was breached; a breach is never withdrawn (S46).
    #[serde(with = "serde_instant_opt")]
    pub breached_at: Option<UtcInstant>,
    /// The breach was of an earlier target: by the present one, set later, it would not have been (S46).
    pub superseded: bool,
    /// Warnings and levels behind it.
    pub marks: Vec<Mark>,
    /// Bookkeeping of the sla room: the next instant at which something of this clock has not yet fired, besides its breach.
    #[serde(with = "serde_instant_opt")]
    pub next_mark: Option<UtcInstant>,
    /// How it ended, while it rests; none while it is open.
    pub outcome: Option<Outcome>,
}

impl Clock {
    /// How many pauses are kept.
    pub const PAUSES: usize = 64;

    /// Remembers a pause.
    pub fn paused(&mut self, pause: Pause) {
        if self.pauses.len() < Self::PAUSES {
            self.pauses.push(pause);
        }
    }
    /// Whether it counts now.
    pub fn running(&self) -> bool {
        self.since.is_some()
    }
    /// The earliest instant at which this clock does something by itself that it has not done.
    pub fn wake_at(&self) -> Option<UtcInstant> {
        let breach = if self.breached_at.is_none() { self.due } else { None };
        match (breach, self.next_mark) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

/// What remains of a closed SLA cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedClock {
    /// Which.
    pub id: ClockId,
    /// The policy.
    pub policy: PolicyName,
    /// The calendar it counted in.
    pub calendar: CalendarName,
    /// That calendar's version (S55).
    pub calendar_version: u32,
    /// The target.
    pub target: Allowance,
    /// The resolution cycle.
    pub cycle: u32,
    /// The group the ticket was in when it started (S51).
    pub group: Option<GroupId>,
    /// When it started.
    #[serde(with = "serde_instant")]
    pub started_at: UtcInstant,
    /// When it was due at its end.
    #[serde(with = "serde_instant_opt")]
    pub due: Option<UtcInstant>,
    /// When it stopped.
    #[serde(with = "serde_instant")]
    pub ended_at: UtcInstant,
    /// When it was breached.
    #[serde(with = "serde_instant_opt")]
    pub breached_at: Option<UtcInstant>,
    /// The breach was of an earlier target (S46).
    pub superseded: bool,
    /// The verdict.
    pub outcome: Outcome,
    /// Counted microseconds.
    pub counted: i64,
    /// The target in counted microseconds.
    pub budget: i64,
}

/// What a correction says about a clock (S87).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Amendment {
    /// This stretch is not to count: a flood, a strike, an outage that was nobody's fault 不可抗力.
    Exclude {
        /// From when.
        #[serde(with = "serde_instant")]
        from: UtcInstant,
        /// Until when.
        #[serde(with = "serde_instant")]
        to: UtcInstant,
    },
    /// It is to be judged like this, whatever the figures say 豁免.
    Judge(Outcome),
}

impl Amendment {
    /// The word for messages: `exclude` or `judge`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Exclude { .. } => "exclude",
            Self::Judge(_) => "judge",
        }
    }
}

/// A correction 豁免 of one clock's figures (S87). The clock itself never changes by it: reports show the raw and the corrected figure side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// The entry that made it: its name, for a withdrawal.
    pub revision: Revision,
    /// Which clock.
    pub clock: ClockId,
    /// What it says.
    pub amendment: Amendment,
    /// Why.
    pub reason: String,
    /// By whom.
    pub by: Actor,
    /// When.
    #[serde(with = "serde_instant")]
    pub at: UtcInstant,
}

impl Correction {
    /// How many a ticket keeps standing at once; a withdrawn one makes room.
    pub const MOST: usize = 16;
}
