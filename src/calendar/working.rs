//! Working days (S53), clocks and due instants.

use super::compiled::{Calendar, Kind, instant};
use super::days::{ANCHOR_BLOCK, Block, block_of, day_at};
use super::ladder::Rung;
use super::rules::{civil_day, date_of, day_of};
use super::span::{Offset, Span};
use super::spans::{intersection, tidy};
use super::zone::{FoldRule, GapRule};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, TimeDelta, Timelike as _, Utc};

/// Where on its last date a target in working days ends (S53).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayEnd {
    /// At the wall time it began, moved into open time.
    #[default]
    SameTime,
    /// At the last closing of that date.
    #[serde(alias = "end_of_day")]
    CloseOfBusiness,
}

/// Ways to count working days, as other products do; ours (S53) is [`RollDateThenSnap`](Self::RollDateThenSnap).
///
/// "Step" means: over so many open dates, keeping the wall time. Backwards everything is mirrored: a roll goes to the date before, a snap to the closing before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DayRule {
    /// Only step (GLPI, rickar/cal).
    Plain,
    /// Step, then move into open time (biz).
    Snap,
    /// A start on a closed date first moves to the next open date at the same wall time; step (working_hours).
    RollDate,
    /// A start at a closed instant first moves to the next opening; step (business_time).
    RollInstant,
    /// Step, then to the last closing of that date.
    PlainThenDayEnd,
    /// A start on a closed date first moves to the next open date at the same wall time; step; then move into open time (S53).
    #[default]
    RollDateThenSnap,
}

/// Which open dates lie between two instants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DayCount {
    /// Those after the date of the first up to and including the date of the second; `days_between(b, a) = -days_between(a, b)`.
    #[default]
    AfterStart,
    /// Those from the date of the first to the date of the second, both included.
    Inclusive,
}

impl Calendar {
    /// The instant `n` working days after `t` (before it, if `n` is negative) by the rule of S53: a start on a closed date first moves to the next open date at the
    /// same wall time; then over `n` open dates; then into open time, or with [`DayEnd::CloseOfBusiness`] to the last closing of that date. `None` if there is none.
    ///
    /// ```
    /// use ticketry::calendar::{Calendar, CalendarDefinition, DayEnd};
    /// use chrono::Weekday::*;
    /// let c = CalendarDefinition::new("office", "UTC").days(&[Mon, Tue, Wed, Thu, Fri], &["09:00-17:00"]).unwrap();
    /// let c = Calendar::compile(&c).unwrap();
    /// let saturday = "2025-08-30T11:00:00Z".parse().unwrap();
    /// assert_eq!(c.add_days(saturday, 2, DayEnd::SameTime).unwrap().to_rfc3339(), "2025-09-03T11:00:00+00:00");
    /// assert_eq!(c.add_days(saturday, 2, DayEnd::CloseOfBusiness).unwrap().to_rfc3339(), "2025-09-03T17:00:00+00:00");
    /// ```
    pub fn add_days(&self, t: DateTime<Utc>, n: i64, end: DayEnd) -> Option<DateTime<Utc>> {
        match end {
            DayEnd::SameTime => self.add_days_by(t, n, DayRule::RollDateThenSnap),
            DayEnd::CloseOfBusiness => {
                let start = self.open_day(self.day(t), n < 0)?;
                let mut day = self.step(start, n)?;
                // After hours the day is over: zero days from then end at the next day's close, never in the past.
                if n == 0 && self.last_close(day)? < t {
                    day = self.step(day, 1)?;
                }
                self.last_close(day)
            }
        }
    }
    /// The instant `n` working days after `t` by any of the known rules.
    pub fn add_days_by(&self, t: DateTime<Utc>, n: i64, rule: DayRule) -> Option<DateTime<Utc>> {
        let back = n < 0;
        let from = match rule {
            DayRule::RollInstant if !self.is_open(t) => {
                if back {
                    instant(self.period_before(t.timestamp_micros())?.0)?
                } else {
                    self.next_open(t)?
                }
            }
            _ => t,
        };
        let date = self.day(from);
        let start = match rule {
            DayRule::RollDate | DayRule::RollDateThenSnap => self.open_day(date, back)?,
            _ => date,
        };
        let day = self.step(start, n)?;
        let to = if day == date { from } else { self.at_wall_time_of(from, day)? };
        match rule {
            DayRule::Snap | DayRule::RollDateThenSnap if back => self.prev_close(to),
            DayRule::Snap | DayRule::RollDateThenSnap => self.next_open(to),
            DayRule::PlainThenDayEnd => self.last_close(day),
            DayRule::Plain | DayRule::RollDate | DayRule::RollInstant => Some(to),
        }
    }
    /// How many working days lie between the dates of two instants.
    pub fn days_between(&self, a: DateTime<Utc>, b: DateTime<Utc>, count: DayCount) -> i64 {
        let (a, b) = (self.day(a), self.day(b));
        let up_to = |day: i64| self.rank(day.saturating_add(1));
        match count {
            DayCount::AfterStart => up_to(b).saturating_sub(up_to(a)),
            DayCount::Inclusive if b < a => self.rank(b).saturating_sub(up_to(a)),
            DayCount::Inclusive => up_to(b).saturating_sub(self.rank(a)),
        }
    }
    /// Whether a date is a holiday. Of combinations: a union's date is one if it is in both, an intersection's if in either, a difference's if in the first.
    pub fn is_holiday(&self, date: NaiveDate) -> bool {
        self.is_holiday_day(day_of(date))
    }
    /// Whether the date at that instant, in this calendar's zone, is a holiday.
    pub fn is_holiday_at(&self, t: DateTime<Utc>) -> bool {
        self.is_holiday_day(self.day(t))
    }
    /// Whether a date has open time of its own: windows that start on it (of a union, intersection, difference or override: any open time on it).
    pub fn is_workday(&self, date: NaiveDate) -> bool {
        self.is_open_day(day_of(date))
    }
    /// Whether the date at that instant, in this calendar's zone, has open time of its own.
    pub fn is_workday_at(&self, t: DateTime<Utc>) -> bool {
        self.is_open_day(self.day(t))
    }

    /// What a clock on the wall shows at `t`, and how far it is ahead of UTC.
    pub fn local(&self, t: DateTime<Utc>) -> (NaiveDateTime, FixedOffset) {
        self.zone().local(t)
    }
    /// `t` for people, in this calendar's zone: `2025-10-01 09:00 +08:00`.
    pub fn render(&self, t: DateTime<Utc>) -> String {
        self.zone().render(t)
    }
    /// The instant at which the clock on the wall shows `wall`; `None` only at the far ends of the chrono range.
    pub fn wall_to_instant(&self, wall: NaiveDateTime, gap: GapRule, fold: FoldRule) -> Option<DateTime<Utc>> {
        self.zone().instant(wall, gap, fold)
    }

    /// When something due `span` after `t` is due: wall time is added as it is, open time with [`add`](Self::add), working days with
    /// [`add_days`](Self::add_days) at the same time of day. `None` if that never comes.
    ///
    /// ```
    /// use ticketry::calendar::{Calendar, CalendarDefinition};
    /// use chrono::Weekday::*;
    /// let c = CalendarDefinition::new("office", "UTC").days(&[Mon, Tue, Wed, Thu, Fri], &["09:00-17:00"]).unwrap();
    /// let c = Calendar::compile(&c).unwrap();
    /// let friday = "2025-08-29T16:00:00Z".parse().unwrap();
    /// let due = |s: &str| c.due(friday, s.parse().unwrap()).unwrap().to_rfc3339();
    /// assert_eq!(due("2h"), "2025-08-29T18:00:00+00:00");
    /// assert_eq!(due("2bh"), "2025-09-01T10:00:00+00:00");
    /// assert_eq!(due("2bd"), "2025-09-02T16:00:00+00:00");
    /// ```
    pub fn due(&self, t: DateTime<Utc>, span: Span) -> Option<DateTime<Utc>> {
        match span {
            Span::Wall(d) => t.checked_add_signed(d),
            Span::Open(d) => self.add(t, d),
            Span::Days(n) => self.add_days(t, i64::from(n), DayEnd::SameTime),
        }
    }
    /// The instant at an offset from a due instant, such as 30 open minutes before it.
    pub fn due_offset(&self, due: DateTime<Utc>, offset: Offset) -> Option<DateTime<Utc>> {
        if offset.span.is_zero() {
            return Some(due);
        }
        match offset.span {
            span if !offset.before => self.due(due, span),
            Span::Wall(d) => due.checked_sub_signed(d),
            Span::Open(d) => self.sub(due, d),
            Span::Days(n) => self.add_days(due, i64::from(n).saturating_neg(), DayEnd::SameTime),
        }
    }

    /// The local date of an instant, in days since 1970.
    fn day(&self, t: DateTime<Utc>) -> i64 {
        day_of(self.zone().local(t).0.date())
    }
    /// The instant on `day` with the wall time of `t`: after a gap its end, in a fold the earlier.
    fn at_wall_time_of(&self, t: DateTime<Utc>, day: i64) -> Option<DateTime<Utc>> {
        let wall = date_of(day)?.and_time(self.zone().local(t).0.time().with_nanosecond(t.nanosecond())?);
        self.zone().instant(wall, GapRule::End, FoldRule::Earlier)
    }
    fn make_block(&self, i: usize) -> (Block, i64) {
        Block::new(i, |day| self.work_out(day))
    }
    fn block(&self, i: usize) -> Option<&Rung<Block>> {
        self.core().blocks.rung(i, &|i| self.make_block(i))
    }
    pub(super) fn is_open_day(&self, day: i64) -> bool {
        block_of(day).is_some_and(|(b, place)| self.block(b).is_some_and(|r| r.item.worked(place)))
    }
    /// Open dates before `day`, counted from the anchor.
    fn rank(&self, day: i64) -> i64 {
        let day = day.clamp(day_at(0, 0), day_at(super::days::BLOCKS, 0).saturating_sub(1));
        block_of(day).and_then(|(b, place)| self.block(b).map(|r| r.base.saturating_add(r.item.before(place)))).unwrap_or(0)
    }
    /// The open date with `rank` open dates before it.
    fn ranked(&self, rank: i64, near: i64) -> Option<i64> {
        let near = block_of(near).map_or(ANCHOR_BLOCK, |(b, _)| b);
        let (block, rung) = self.core().blocks.holding(rank, near, &|i| self.make_block(i))?;
        Some(day_at(block, rung.item.place(rank.saturating_sub(rung.base))?))
    }
    /// `day` if open, otherwise the next open date, or the one before.
    fn open_day(&self, day: i64, back: bool) -> Option<i64> {
        if self.is_open_day(day) {
            return Some(day);
        }
        let rank = self.rank(day);
        self.ranked(if back { rank.checked_sub(1)? } else { rank }, day)
    }
    /// Over `n` open dates; `day` itself for zero.
    fn step(&self, day: i64, n: i64) -> Option<i64> {
        match n {
            0 => Some(day),
            n if n > 0 => self.ranked(self.rank(day.checked_add(1)?).checked_add(n)?.checked_sub(1)?, day),
            n => self.ranked(self.rank(day).checked_add(n)?, day),
        }
    }
    /// The last closing of the windows that start on a date.
    fn last_close(&self, day: i64) -> Option<DateTime<Utc>> {
        let seconds = match &self.core().kind {
            Kind::Plain(rules) => rules.open_on(day).last()?.1,
            Kind::Then(old, new, at) if self.version_on(old, new, *at, day).is_some() => {
                let close = self.version_on(old, new, *at, day)?.last_close(day)?;
                // A night shift of the last date of the old version ends with it.
                let starts_before = civil_day(self.zone(), day).first()?.0.saturating_mul(1_000_000) < *at;
                return if starts_before { Some(close.min(instant(*at)?)) } else { Some(close) };
            }
            _ => {
                let ends = civil_day(self.zone(), day);
                let end = instant(ends.last()?.1.saturating_mul(1_000_000))?;
                return self.prev_close(end);
            }
        };
        DateTime::from_timestamp(seconds, 0)
    }
    fn work_out(&self, day: i64) -> bool {
        match &self.core().kind {
            Kind::Plain(rules) => !rules.open_on(day).is_empty(),
            Kind::Then(old, new, at) if self.version_on(old, new, *at, day).is_some() => {
                self.version_on(old, new, *at, day).is_some_and(|c| c.is_open_day(day))
            }
            _ => {
                let second = |s: i64| instant(s.saturating_mul(1_000_000));
                civil_day(self.zone(), day)
                    .iter()
                    .any(|(a, b)| second(*a).zip(second(*b)).is_some_and(|(a, b)| self.elapsed(a, b) > TimeDelta::zero()))
            }
        }
    }
    /// The version that holds all through a date; `None` on the date of a change within it, or if the zone changes too.
    fn version_on<'a>(&self, old: &'a Self, new: &'a Self, at: i64, day: i64) -> Option<&'a Self> {
        let civil = civil_day(self.zone(), day);
        let (first, last) = civil.first().zip(civil.last())?;
        let version = if first.0.saturating_mul(1_000_000) >= at {
            new
        } else if last.1.saturating_mul(1_000_000) <= at {
            old
        } else {
            return None;
        };
        (version.zone() == self.zone()).then_some(version)
    }
    fn is_holiday_day(&self, day: i64) -> bool {
        match &self.core().kind {
            Kind::Plain(rules) => rules.is_holiday(day),
            Kind::Union(a, b) => a.is_holiday_day(day) && b.is_holiday_day(day),
            Kind::Intersection(a, b) => a.is_holiday_day(day) || b.is_holiday_day(day),
            Kind::Minus(a, _) => a.is_holiday_day(day),
            Kind::Override(base, special) => {
                if special.speaks_on(day) {
                    special.is_holiday_day(day)
                } else {
                    base.is_holiday_day(day)
                }
            }
            Kind::Then(old, new, at) => {
                let starts = civil_day(self.zone(), day).first().map_or(day.saturating_mul(86_400), |d| d.0);
                if starts.saturating_mul(1_000_000) < *at { old.is_holiday_day(day) } else { new.is_holiday_day(day) }
            }
        }
    }
    /// Whether the calendar names this date rather than only its weekday.
    pub(super) fn speaks_on(&self, day: i64) -> bool {
        match &self.core().kind {
            Kind::Plain(rules) => rules.speaks_on(day),
            Kind::Union(a, b) | Kind::Intersection(a, b) | Kind::Minus(a, b) | Kind::Override(a, b) | Kind::Then(a, b, _) => {
                a.speaks_on(day) || b.speaks_on(day)
            }
        }
    }
    /// Whether it is open at any time at all.
    pub(super) fn ever_opens(&self) -> bool {
        let now = DateTime::from_timestamp(1_577_836_800, 0).unwrap_or_default();
        self.next_open(now).is_some() || self.prev_close(now).is_some()
    }
    /// The open time of a date, as seconds since 1970, clipped to the civil date: for tests of the laws.
    #[doc(hidden)]
    pub fn open_on_date(&self, date: NaiveDate) -> Vec<(i64, i64)> {
        let day = day_of(date);
        let civil = civil_day(self.zone(), day);
        let (Some(first), Some(last)) = (civil.first(), civil.last()) else { return Vec::new() };
        let periods = instant(first.0.saturating_mul(1_000_000)).into_iter().flat_map(|t| self.open_periods(t));
        let open = periods.map(|p| (p.start.timestamp(), p.end.timestamp())).take_while(|p| p.0 < last.1).collect();
        intersection(&tidy(open), &civil)
    }
}
