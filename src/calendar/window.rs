//! The words of a definition: times of day, windows, days of the week, holidays.

use crate::diagnostic::{Text, text};
use chrono::{DateTime, Datelike as _, NaiveDate, Utc, Weekday};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr};

/// Seconds in a day of 24 hours, the clock's day.
pub(super) const DAY: u32 = 86_400;

/// A text of a calendar that cannot be read; the message says what to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadWord {
    /// Stable code of the diagnostic it becomes.
    pub code: &'static str,
    /// What is wrong and what to write.
    pub message: Text,
}
impl fmt::Display for BadWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message.en)
    }
}
impl std::error::Error for BadWord {}

fn short(s: &str) -> String {
    s.chars().take(64).collect()
}

/// Reads `HH:MM` or `HH:MM:SS`, `24:00` included, as seconds since midnight.
fn clock(s: &str) -> Option<u32> {
    let two = |p: &str| (p.len() == 2 && p.bytes().all(|b| b.is_ascii_digit())).then(|| p.parse::<u32>().ok()).flatten();
    let mut parts = s.split(':');
    let (h, m) = (two(parts.next()?)?, two(parts.next()?)?);
    let sec = match parts.next() {
        Some(p) => two(p)?,
        None => 0,
    };
    if parts.next().is_some() || m > 59 || sec > 59 {
        return None;
    }
    let total = h.saturating_mul(3600).saturating_add(m.saturating_mul(60)).saturating_add(sec);
    (total <= DAY).then_some(total)
}

fn write_clock(f: &mut fmt::Formatter<'_>, seconds: u32) -> fmt::Result {
    let part = |unit: u32, of: u32| seconds.checked_div(unit).and_then(|n| n.checked_rem(of)).unwrap_or(0);
    write!(f, "{:02}:{:02}", part(3600, 1_000_000), part(60, 60))?;
    if part(1, 60) > 0 { write!(f, ":{:02}", part(1, 60)) } else { Ok(()) }
}

/// An open window of local wall time on one date: `09:00-12:30`, `20:00-24:00`, `08:30:15-09:00`, or overnight: `22:00-06:00` stays open until 06:00 of the next
/// date and belongs to the date it starts on.
///
/// ```
/// use ticketry::calendar::Window;
/// let night: Window = "22:00-06:00".parse().unwrap();
/// assert!(night.is_overnight());
/// assert_eq!(night.to_string(), "22:00-06:00");
/// assert!("9:00-12:00".parse::<Window>().is_err(), "two digits each");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    pub(super) open: u32,
    pub(super) close: u32,
}

impl Window {
    /// From `open` to `close`, both in seconds since midnight; a close over 86 400 lies on the next date. Whether it makes sense is checked
    /// when the calendar is compiled.
    pub const fn seconds(open: u32, close: u32) -> Self {
        Self { open, close }
    }
    /// Within one date, each end written `HH:MM` or `HH:MM:SS`: a close before the open is an error here, not an overnight window.
    ///
    /// # Errors
    /// `calendar-bad-time`, if either is no time of day.
    pub fn same_day(open: &str, close: &str) -> Result<Self, BadWord> {
        match (clock(open), clock(close)) {
            (Some(open), Some(close)) => Ok(Self { open, close }),
            (None, _) => Err(bad_time(open)),
            (_, None) => Err(bad_time(close)),
        }
    }
    /// The whole date.
    pub const fn whole_day() -> Self {
        Self { open: 0, close: DAY }
    }
    /// Whether it reaches into the next date.
    pub const fn is_overnight(&self) -> bool {
        self.close > DAY
    }
    /// Seconds since midnight at which it opens.
    pub const fn opens(&self) -> u32 {
        self.open
    }
    /// Seconds since midnight at which it closes; over 86 400 on the next date.
    pub const fn closes(&self) -> u32 {
        self.close
    }
}

fn bad_time(found: &str) -> BadWord {
    let found = short(found);
    BadWord {
        code: "calendar-bad-time",
        message: text(
            format!("`{found}` is no time of day; write two digits each, from `00:00` to `24:00`, such as `09:30` or `09:30:15`"),
            format!("`{found}` 不是时刻；时、分、秒各写两位，从 `00:00` 到 `24:00`，例如 `09:30` 或 `09:30:15`"),
        ),
    }
}

impl FromStr for Window {
    type Err = BadWord;
    fn from_str(s: &str) -> Result<Self, BadWord> {
        let shape = || {
            let found = short(s);
            BadWord {
                code: "calendar-bad-window",
                message: text(
                    format!("`{found}` is no window; write `09:00-12:30`, or `22:00-06:00` for one that ends on the next day"),
                    format!("`{found}` 不是时段；请写 `09:00-12:30`，跨夜写 `22:00-06:00`"),
                ),
            }
        };
        let (open, close) = s.split_once(['-', '–', '~']).ok_or_else(shape)?;
        let mut window = Self::same_day(open.trim(), close.trim())?;
        if window.close < window.open {
            window.close = window.close.saturating_add(DAY);
        }
        Ok(window)
    }
}
impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_clock(f, self.open)?;
        f.write_str("-")?;
        write_clock(f, if self.close > DAY { self.close.saturating_sub(DAY) } else { self.close })
    }
}

/// The three letters of each day, Monday first.
pub(super) const DAY_NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The number of a day of the week from its three letters, Monday 0.
pub(super) fn day_number(s: &str) -> Option<usize> {
    DAY_NAMES.iter().position(|n| *n == s)
}
/// The day of the week of three letters.
pub(super) fn weekday(s: &str) -> Option<Weekday> {
    day_number(s).and_then(|n| u8::try_from(n).ok()).and_then(|n| Weekday::try_from(n).ok())
}
/// The days a key such as `mon`, `mon-fri` or `sat-mon` names, as numbers from Monday 0.
pub(super) fn day_range(key: &str) -> Option<Vec<usize>> {
    let Some((from, to)) = key.split_once('-') else { return day_number(key).map(|d| vec![d]) };
    let (mut day, to) = (day_number(from)?, day_number(to)?);
    let mut days = vec![day];
    while day != to {
        day = day.saturating_add(1).checked_rem(7)?;
        days.push(day);
    }
    Some(days)
}
/// The number of a chrono weekday.
pub(super) fn number_of(day: Weekday) -> usize {
    usize::try_from(day.num_days_from_monday()).unwrap_or(0)
}

/// When something is closed all date long: `2025-12-25`, every year `12-25`, several dates `2025-10-01..2025-10-08` (both included), every year `12-24..01-02`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holiday {
    /// One date.
    Date(NaiveDate),
    /// The dates from the first to the second, both included.
    Range(NaiveDate, NaiveDate),
    /// Month and day, every year.
    Yearly(u32, u32),
    /// From month and day to month and day, both included, every year; may pass the turn of the year.
    YearlyRange((u32, u32), (u32, u32)),
}

impl From<NaiveDate> for Holiday {
    fn from(date: NaiveDate) -> Self {
        Self::Date(date)
    }
}

/// Reads `YYYY-MM-DD` with exactly these digits.
pub(super) fn date(s: &str) -> Option<NaiveDate> {
    let shaped = s.len() == 10 && s.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    shaped.then(|| NaiveDate::from_str(s).ok()).flatten()
}
fn month_day(s: &str) -> Option<(u32, u32)> {
    let (m, d) = s.split_once('-')?;
    // 2000 was a leap year, so 02-29 is a day of the year.
    let date = (m.len() == 2 && d.len() == 2).then(|| NaiveDate::from_ymd_opt(2000, m.parse().ok()?, d.parse().ok()?)).flatten()?;
    Some((date.month(), date.day()))
}

impl FromStr for Holiday {
    type Err = BadWord;
    fn from_str(s: &str) -> Result<Self, BadWord> {
        let bad = || {
            let found = short(s);
            BadWord {
                code: "calendar-bad-date",
                message: text(
                    format!("`{found}` is no date; write `2025-12-25`, `12-25` for every year, or `2025-10-01..2025-10-08`"),
                    format!("`{found}` 不是日期；请写 `2025-12-25`，每年重复写 `12-25`，连续多天写 `2025-10-01..2025-10-08`"),
                ),
            }
        };
        let t = s.trim();
        match t.split_once("..") {
            None => date(t).map(Self::Date).or_else(|| month_day(t).map(|(m, d)| Self::Yearly(m, d))).ok_or_else(bad),
            Some((a, b)) => {
                let (a, b) = (a.trim(), b.trim());
                match (date(a), date(b)) {
                    (Some(a), Some(b)) => Ok(Self::Range(a, b)),
                    _ => month_day(a).zip(month_day(b)).map(|(a, b)| Self::YearlyRange(a, b)).ok_or_else(bad),
                }
            }
        }
    }
}
impl fmt::Display for Holiday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(d) => write!(f, "{d}"),
            Self::Range(a, b) => write!(f, "{a}..{b}"),
            Self::Yearly(m, d) => write!(f, "{m:02}-{d:02}"),
            Self::YearlyRange((a, b), (c, d)) => write!(f, "{a:02}-{b:02}..{c:02}-{d:02}"),
        }
    }
}

/// A date that is worked although its weekday says otherwise (make-up day 调休): `2025-09-28`, or `2025-09-28 as fri`. Without a weekday it has the hours of
/// the first day of the week, from Monday on, that has hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Workday {
    /// The date.
    pub date: NaiveDate,
    /// The weekday whose hours it has.
    pub hours_of: Option<Weekday>,
}

impl FromStr for Workday {
    type Err = BadWord;
    fn from_str(s: &str) -> Result<Self, BadWord> {
        let bad = || {
            let found = short(s);
            BadWord {
                code: "calendar-bad-workday",
                message: text(
                    format!("`{found}` is no working day; write `2025-09-28`, or `2025-09-28 as fri` for the hours of a Friday"),
                    format!("`{found}` 不是调休工作日；请写 `2025-09-28`，或 `2025-09-28 as fri` 表示按周五的时段"),
                ),
            }
        };
        let mut words = s.split_whitespace();
        let date = words.next().and_then(date).ok_or_else(bad)?;
        let hours_of = match (words.next(), words.next(), words.next()) {
            (None, _, _) => None,
            (Some("as"), Some(day), None) => Some(weekday(day).ok_or_else(bad)?),
            _ => return Err(bad()),
        };
        Ok(Self { date, hours_of })
    }
}
impl fmt::Display for Workday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.date)?;
        match self.hours_of.and_then(|d| DAY_NAMES.get(number_of(d))) {
            Some(day) => write!(f, " as {day}"),
            None => Ok(()),
        }
    }
}

/// A stretch of time that is closed whatever else says: `2025-06-11T15:00+02:00..2025-06-12T09:00+02:00`, the end excluded, both to the second and with the offset
/// from UTC (or `Z`).
///
/// ```
/// use ticketry::calendar::Closure;
/// let moving: Closure = "2025-06-11T15:00+02:00..2025-06-12T09:00+02:00".parse().unwrap();
/// assert_eq!(moving.to_string(), "2025-06-11T13:00:00Z..2025-06-12T07:00:00Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Closure {
    /// From this instant on.
    pub from: DateTime<Utc>,
    /// Until before this one.
    pub to: DateTime<Utc>,
}

/// Reads `2025-06-11T15:00+02:00`, with or without seconds, with `T` or a space.
pub(super) fn moment(s: &str) -> Option<DateTime<Utc>> {
    ["%Y-%m-%dT%H:%M:%S%#z", "%Y-%m-%dT%H:%M%#z", "%Y-%m-%d %H:%M:%S%#z", "%Y-%m-%d %H:%M%#z"]
        .iter()
        .find_map(|form| DateTime::parse_from_str(s, form).ok())
        .map(|t| t.with_timezone(&Utc))
}

impl FromStr for Closure {
    type Err = BadWord;
    fn from_str(s: &str) -> Result<Self, BadWord> {
        let ends = s.split_once("..").and_then(|(a, b)| moment(a.trim()).zip(moment(b.trim())));
        let (from, to) = ends.ok_or_else(|| {
            let found = short(s);
            BadWord {
                code: "calendar-bad-closure",
                message: text(
                    format!("`{found}` is no stretch of time; write `2025-06-11T15:00+02:00..2025-06-12T09:00+02:00`"),
                    format!("`{found}` 不是时间段；请写 `2025-06-11T15:00+08:00..2025-06-12T09:00+08:00`"),
                ),
            }
        })?;
        Ok(Self { from, to })
    }
}
impl fmt::Display for Closure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = "%Y-%m-%dT%H:%M:%SZ";
        write!(f, "{}..{}", self.from.format(form), self.to.format(form))
    }
}

macro_rules! as_text {
    ($($name:ident),+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.collect_str(self) }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(D::Error::custom)
            }
        }
    )+};
}
as_text!(Window, Holiday, Workday, Closure);
