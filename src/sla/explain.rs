//! How a figure came about, as segments that add up to it.

use super::Policy;
use super::reckon::Reckoning;
use crate::calendar::{Calendar, Calendars, Span};
use crate::diagnostic::{Lang, Text, text};
use crate::id::UtcInstant;
use crate::ticket::{Allowance, Clock};
use chrono::TimeDelta;

/// What a stretch of a clock's life was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SegmentKind {
    /// It counted.
    Counted,
    /// It was paused: the ticket waited on someone who stops it (S77).
    Paused,
    /// The calendar was closed.
    Closed,
    /// The ticket was final and reopened later (S45).
    Final,
}

impl SegmentKind {
    /// What people read.
    pub fn label(self) -> Text {
        match self {
            Self::Counted => text("counted", "计时"),
            Self::Paused => text("paused", "暂停"),
            Self::Closed => text("calendar closed", "非营业时间"),
            Self::Final => text("ticket closed", "工单已关闭"),
        }
    }
}

/// One stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// From when.
    pub from: UtcInstant,
    /// Until when.
    pub to: UtcInstant,
    /// What it was.
    pub kind: SegmentKind,
}

/// A clock's life from its start, without gaps and overlaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// The stretches in order.
    pub segments: Vec<Segment>,
    /// Counted µs: what the segments of kind [`SegmentKind::Counted`] add up to, plus `carried`.
    pub counted: i64,
    /// Counted µs that no segment shows: of a clock with more than [`Clock::PAUSES`] pauses or one that was measured in another calendar meanwhile. Otherwise 0.
    pub carried: i64,
}

impl Timeline {
    /// As lines in a zone's calendar.
    pub fn render(&self, lang: Lang, calendar: &Calendar) -> String {
        let mut out = String::new();
        for s in &self.segments {
            let length = Span::Wall(s.to.signed_duration_since(s.from));
            out.push_str(&format!("{} – {}  {}  {length}\n", calendar.render(s.from), calendar.render(s.to), s.kind.label().get(lang)));
        }
        let total = Span::Wall(TimeDelta::microseconds(self.counted));
        out.push_str(&match lang {
            Lang::En => format!("counted in all: {total}\n"),
            Lang::Zh => format!("合计计时：{total}\n"),
        });
        out
    }
}

/// The timeline of a clock up to `until`.
pub fn timeline(clock: &Clock, calendars: &Calendars, until: UtcInstant) -> Timeline {
    let r = Reckoning::of_clock(calendars, clock);
    let until = until.max(clock.started_at);
    let mut segments = Vec::new();
    let mut at = clock.started_at;
    let running = clock.paused_since.map(|from| (from, until, false));
    for (from, to, closed) in clock.pauses.iter().map(|p| (p.from, p.to, p.closed)).chain(running) {
        let (from, to) = (from.clamp(at, until), to.clamp(at, until));
        count(&r, at, from, &mut segments);
        if to > from {
            segments.push(Segment { from, to, kind: if closed { SegmentKind::Final } else { SegmentKind::Paused } });
        }
        at = to.max(at);
    }
    count(&r, at, until, &mut segments);
    let shown = segments
        .iter()
        .filter(|s| s.kind == SegmentKind::Counted)
        .map(|s| s.to.signed_duration_since(s.from).num_microseconds().unwrap_or(0))
        .fold(0i64, i64::saturating_add);
    let counted = r.counted(clock, until);
    Timeline { segments, counted, carried: counted.saturating_sub(shown) }
}

fn count(r: &Reckoning<'_>, from: UtcInstant, to: UtcInstant, out: &mut Vec<Segment>) {
    if from >= to {
        return;
    }
    if matches!(r.target, Allowance::Wall(_)) {
        return out.push(Segment { from, to, kind: SegmentKind::Counted });
    }
    let mut at = from;
    for open in r.calendar.open_periods(from).take_while(|p| p.start < to) {
        if open.start > at {
            out.push(Segment { from: at, to: open.start, kind: SegmentKind::Closed });
        }
        let end = open.end.min(to);
        out.push(Segment { from: open.start.max(at), to: end, kind: SegmentKind::Counted });
        at = end;
    }
    if at < to {
        out.push(Segment { from: at, to, kind: SegmentKind::Closed });
    }
}

/// Why a clock is due when it is: policy, target, start, pauses, calendar.
pub fn explain_due(clock: &Clock, policy: Option<&Policy>, calendars: &Calendars) -> Text {
    let r = Reckoning::of_clock(calendars, clock);
    let show = |t: UtcInstant| r.calendar.render(t);
    let target = match clock.target {
        Allowance::Wall(n) => Span::Wall(TimeDelta::microseconds(n)),
        Allowance::Open(n) => Span::Open(TimeDelta::microseconds(n)),
        Allowance::Days(n) => Span::Days(n),
    };
    let label = policy.map_or_else(|| text(clock.policy.as_str(), clock.policy.as_str()), |p| p.label.clone());
    let paused =
        clock.pauses.iter().map(|p| r.between(p.from.max(clock.started_at), p.to.max(clock.started_at))).fold(0i64, i64::saturating_add);
    let paused = Span::Wall(TimeDelta::microseconds(paused));
    let (calendar, metric, start) = (&clock.calendar, &clock.id.metric, show(clock.started_at));
    let end = match (clock.due, clock.paused_since) {
        (Some(due), _) => text(format!("due {}", show(due)), format!("截止 {}", show(due))),
        (None, Some(since)) => text(
            format!(
                "paused since {}, {} left",
                show(since),
                Span::Wall(TimeDelta::microseconds(clock.budget.saturating_sub(clock.counted)))
            ),
            format!("自 {} 暂停，剩余 {}", show(since), Span::Wall(TimeDelta::microseconds(clock.budget.saturating_sub(clock.counted)))),
        ),
        (None, None) => text("never due: the calendar does not open long enough", "无截止时间：日历不再有足够的营业时间"),
    };
    text(
        format!("{metric}: policy {} gives {target} in calendar {calendar}, started {start}, paused {paused}; {}", label.en, end.en),
        format!("{metric}：策略 {} 目标 {target}，日历 {calendar}，自 {start} 起，暂停 {paused}；{}", label.zh, end.zh),
    )
}
