//! Compiled policies.

use crate::calendar::{Offset, Span};
use crate::condition::Condition;
use crate::diagnostic::{Place, Text, text};
use crate::id::{CalendarName, ChannelName, LevelName, MetricName, PolicyName};
use crate::ticket::{Action, Agreement, Allowance, WaitsOn};
use std::collections::BTreeMap;

/// What a change of policy, priority or calendar does to an open clock (S46): `on_change` in a policy, `rebase` where it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnChange {
    /// `rebase`: the new target, measured from the original start, pauses kept.
    #[default]
    Rebase,
    /// `keep`: the old target stays.
    Keep,
    /// `restart`: the clock is closed as cancelled and a new one starts.
    Restart,
}

/// What a reopening does to a clock that was stopped by a final state (S45): `on_reopen` in a policy, `resume` where it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnReopen {
    /// `resume`: it resumes; the closed time is excluded.
    #[default]
    Resume,
    /// `counted`: it resumes as if it had never stopped.
    Counted,
    /// `new`: a new one starts.
    New,
}

/// What becomes of the first response when an agent opened the ticket (S38): `opened_by_agent` in a policy, `first_reply` where it says nothing. A call meets it at once in any
/// case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OpenedByAgent {
    /// `none`: there is none.
    None,
    /// `first_reply`: the first message of an agent to the requester meets it, the opening one included.
    #[default]
    FirstReply,
    /// `second_reply`: the opening message does not count, the next one does.
    SecondReply,
}

/// Targets of one metric: by priority, with a default, and overrides per channel. In a policy `targets.METRIC = "8bh"` for every priority, or a table with priorities, `default` and
/// `channels.NAME`, which holds the same again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// Per priority.
    pub levels: BTreeMap<LevelName, Allowance>,
    /// For every other priority, and for a ticket without one (S37).
    pub default: Option<Allowance>,
    /// Per channel, looked at first.
    pub channels: BTreeMap<ChannelName, Targets>,
}

impl Targets {
    /// The target, if there is one: the channel's for the priority, the channel's default, then the same without the channel.
    pub fn get(&self, priority: Option<&LevelName>, channel: &ChannelName) -> Option<Allowance> {
        let own = |t: &Self| priority.and_then(|p| t.levels.get(p)).copied().or(t.default);
        self.channels.get(channel).and_then(own).or_else(|| own(self))
    }
}

/// A place in a clock's run: `"75%"`, `"-30bm"`, `"+2bh"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Point {
    /// So much of the target counted; for levels more than 100 too.
    Percent(u16),
    /// So long before or after the due instant.
    Offset(Offset),
}

/// What kind of alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AlertKind {
    /// A warning 预警.
    Warning {
        /// A point that lies before the target was set is passed over instead of fired at once (S49).
        suppress_past: bool,
    },
    /// An escalation level 升级, the higher the more. A level whose people are nobody, such as the lead of a ticket that no group has yet, is vacant: the next level acts in its stead, at
    /// once (S50).
    Level(u8),
}

/// A warning or an escalation level of a policy.
#[derive(Clone, Debug)]
pub struct Alert {
    /// Its name as a mark of a clock: `warning:75%`, `level:1`.
    pub name: LevelName,
    /// Of which metric.
    pub metric: MetricName,
    /// When.
    pub at: Point,
    /// What.
    pub kind: AlertKind,
    /// Its own criterion, checked when it fires (S50).
    pub when: Option<Condition>,
    /// What to do.
    pub actions: Vec<Action>,
}

impl Alert {
    /// A warning that does nothing but wake rules.
    pub fn warning(metric: impl Into<MetricName>, at: Point) -> Self {
        Self {
            name: warning_name(at),
            metric: metric.into(),
            at,
            kind: AlertKind::Warning { suppress_past: false },
            when: None,
            actions: Vec::new(),
        }
    }
    /// A level so long before or after due.
    pub fn level(metric: impl Into<MetricName>, level: u8, at: Offset, actions: Vec<Action>) -> Self {
        Self::level_at(metric, level, Point::Offset(at), actions)
    }
    /// A level at any point: at 150 %, half the target late.
    pub fn level_at(metric: impl Into<MetricName>, level: u8, at: Point, actions: Vec<Action>) -> Self {
        let name = LevelName::new(format!("level:{level}"));
        Self { name, metric: metric.into(), at, kind: AlertKind::Level(level), when: None, actions }
    }
}

pub(super) fn warning_name(at: Point) -> LevelName {
    LevelName::new(match at {
        Point::Percent(p) => format!("warning:{p}%"),
        Point::Offset(o) => format!("warning:{o}"),
    })
}

/// One policy of one agreement. The [room's page](super#reference) shows every key of the file and its default.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its name.
    pub name: PolicyName,
    /// What people read.
    pub label: Text,
    /// Of which agreement.
    pub agreement: Agreement,
    /// Where it stands.
    pub place: Place,
    /// For which tickets; none: for all, so that no policy of the same agreement after it is ever chosen.
    pub matches: Option<Condition>,
    /// Its calendar; none: the group's, else the default (S79).
    pub calendar: Option<CalendarName>,
    /// Targets per metric.
    pub targets: BTreeMap<MetricName, Targets>,
    /// Waiting on whom pauses which metric, where that differs from the metric's own (S77).
    pub stops: BTreeMap<MetricName, Vec<WaitsOn>>,
    /// On a change of priority, policy or calendar.
    pub on_change: OnChange,
    /// On a reopening.
    pub on_reopen: OnReopen,
    /// For tickets an agent opened.
    pub opened_by_agent: OpenedByAgent,
    /// How far back in µs a message's own instant is believed (S26).
    pub backdate_limit: i64,
    /// Warnings and levels.
    pub alerts: Vec<Alert>,
}

impl Policy {
    /// A day: the backdate limit where a policy names none.
    pub const BACKDATE: i64 = 86_400_000_000;

    /// A policy of the customer's agreement without targets yet, for every ticket.
    ///
    /// ```
    /// use ticketry::sla::{Agreements, Policy};
    /// let gold = Policy::new("gold").target("first_response", Some("urgent"), "15m").target("first_response", None, "8bh");
    /// assert_eq!(Agreements::new(vec![gold]).policies().count(), 1);
    /// ```
    pub fn new(name: impl Into<PolicyName>) -> Self {
        let name = name.into();
        Self {
            label: text(name.as_str(), name.as_str()),
            name,
            agreement: Agreement::Customer,
            place: Place::file("builder"),
            matches: None,
            calendar: None,
            targets: BTreeMap::new(),
            stops: BTreeMap::new(),
            on_change: OnChange::default(),
            on_reopen: OnReopen::default(),
            opened_by_agent: OpenedByAgent::default(),
            backdate_limit: Self::BACKDATE,
            alerts: Vec::new(),
        }
    }
    /// With a target for a priority, or the default one. A text that is no duration, or zero, sets none.
    #[must_use]
    pub fn target(mut self, metric: impl Into<MetricName>, priority: Option<&str>, span: &str) -> Self {
        if let Some(a) = span.parse::<Span>().ok().and_then(allowance) {
            let t = self.targets.entry(metric.into()).or_default();
            match priority {
                Some(p) => {
                    t.levels.insert(LevelName::new(p), a);
                }
                None => t.default = Some(a),
            }
        }
        self
    }
    /// With a calendar of its own.
    #[must_use]
    pub fn calendar(mut self, name: impl Into<CalendarName>) -> Self {
        self.calendar = Some(name.into());
        self
    }
    /// With a warning or a level.
    #[must_use]
    pub fn alert(mut self, alert: Alert) -> Self {
        self.alerts.push(alert);
        self
    }
}

/// A span as a target; none where it is not longer than nothing.
pub fn allowance(span: Span) -> Option<Allowance> {
    match span {
        Span::Wall(d) => d.num_microseconds().filter(|n| *n > 0).map(Allowance::Wall),
        Span::Open(d) => d.num_microseconds().filter(|n| *n > 0).map(Allowance::Open),
        Span::Days(n) => (n > 0).then_some(Allowance::Days(n)),
    }
}
