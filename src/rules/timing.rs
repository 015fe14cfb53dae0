//! When a time rule wakes.

use super::trigger::{unknown_metric, unknown_state};
use crate::calendar::Span;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, text};
use crate::id::{MetricName, RuleName, StateName};
use crate::ticket::Schema;
use chrono::TimeDelta;

/// A time rule's moment (S26, S27). Each is a timer of the ticket, so that it wakes at its computed instant, whenever a sweep runs; the
/// condition is asked at that instant, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timing {
    /// So long after the ticket entered a state, once per stay.
    After {
        /// How long; its kind says in which time (S79): the state's calendar, else the group's, else the playbook's.
        span: Span,
        /// In which state.
        state: StateName,
    },
    /// So long before a clock is due, once per run of the clock; a due instant that moves takes the moment along.
    ///
    /// Open time and working days are those of the clock's own calendar. Where the moment is past already when the clock starts, or moves into the past, it comes at once
    /// (S49); once the clock is breached it comes no more: what is late then, `breach` says. A clock that stands still has no due instant, and the rule waits with it.
    BeforeDue {
        /// How long before.
        span: Span,
        /// Before which metric's due instant; none: before every clock's.
        metric: Option<MetricName>,
    },
    /// Again and again, one period after the other, counted from the arrival in the state.
    Every {
        /// The period; its kind says in which time, as for `After`.
        span: Span,
        /// While the ticket is in this state. None: in any state that is not final, the periods going on over moves between such states.
        state: Option<StateName>,
        /// How many periods at most without a move to another state; then the ticket has been forgotten, and the rule forgets it too.
        times: u32,
    },
}

impl Timing {
    /// How many periods a repeated rule has in one stay unless told.
    pub const TIMES: u32 = 100;
    /// How many it may be told.
    pub const MOST: u32 = 10_000;

    /// How long.
    pub fn span(&self) -> Span {
        match self {
            Self::After { span, .. } | Self::BeforeDue { span, .. } | Self::Every { span, .. } => *span,
        }
    }
    /// The state it waits in.
    pub fn state(&self) -> Option<&StateName> {
        match self {
            Self::After { state, .. } => Some(state),
            Self::Every { state, .. } => state.as_ref(),
            Self::BeforeDue { .. } => None,
        }
    }

    /// What is wrong with it under a schema; `place` answers where its parts stand: `span`, `state`, `metric`, `times`.
    pub(super) fn wrong(&self, schema: &Schema, place: &dyn Fn(&str) -> Place) -> Diagnostics {
        let mut problems = Diagnostics::new();
        if let Some(state) = self.state().filter(|s| !schema.states.contains_key(*s)) {
            problems.push(unknown_state(state.as_str(), schema, &place("state")));
        }
        match self {
            Self::After { .. } => {}
            Self::BeforeDue { span, metric } => {
                if span.is_zero() {
                    problems.push(
                        Diagnostic::error("bad-duration", text("no time before the due instant is the due instant", "提前量不能为零"))
                            .at(place("span"))
                            .help(text("write `.on(\"breach\")` for that", "到期时触发请写 `.on(\"breach\")`")),
                    );
                }
                if let Some(m) = metric.as_ref().filter(|m| !schema.metrics.is_empty() && !schema.metrics.contains(*m)) {
                    problems.push(unknown_metric(m.as_str(), schema, &place("metric")));
                }
            }
            Self::Every { span, times, .. } => {
                let short = match span {
                    Span::Wall(d) | Span::Open(d) => *d < TimeDelta::minutes(1),
                    Span::Days(n) => *n == 0,
                };
                if short {
                    problems.push(
                        Diagnostic::error("bad-duration", text(format!("a period of {span} is too short"), format!("周期 {span} 太短")))
                            .at(place("span"))
                            .help(text("a minute is the least: `1m`, `1bm`, `1bd`", "最短为一分钟：`1m`、`1bm`、`1bd`")),
                    );
                }
                if !(1..=Self::MOST).contains(times) {
                    problems.push(
                        Diagnostic::error(
                            "out-of-range",
                            text(
                                format!("a rule repeats 1 to {} times, not {times}", Self::MOST),
                                format!("重复次数应为 1 到 {}，而不是 {times}", Self::MOST),
                            ),
                        )
                        .at(place("times")),
                    );
                }
            }
        }
        problems
    }
}

/// A rule waits for one moment, not for two.
pub(super) fn two_moments(rule: &RuleName, place: &Place) -> Diagnostic {
    Diagnostic::error(
        "two-moments",
        text(
            format!("the rule `{rule}` waits for two kinds of moments; it can only do one"),
            format!("规则 `{rule}` 同时等待两种时机，只能取其一"),
        ),
    )
    .at(place.clone())
    .help(text(
        "make two rules of it: `.on(…)`, `.after(…)`, `.before_due(…)` and `.every(…)` each say when",
        "请拆成两条规则：`.on(…)`、`.after(…)`、`.before_due(…)`、`.every(…)` 各自规定时机",
    ))
}
