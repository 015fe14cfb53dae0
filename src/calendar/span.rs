//! Durations that say their kind (S79), and offsets from a due instant.

use crate::diagnostic::{Text, text};
use chrono::TimeDelta;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr};

/// A duration with its kind (S79): wall time `90m 8h 3d 15s 1h30m`, open time `30bm 8bh 1bh30bm`, working days `3bd`.
///
/// A wall day `d` is 24 hours. `ms` and `us` (and `bms`, `bus`) exist so that every value has a text. A length below zero is never
/// read from text (an [`Offset`] has a sign) but calculates backwards if built in Rust.
///
/// ```
/// use ticketry::calendar::Span;
/// use chrono::TimeDelta;
/// assert_eq!("1h30m".parse(), Ok(Span::Wall(TimeDelta::minutes(90))));
/// assert_eq!("8bh".parse(), Ok(Span::Open(TimeDelta::hours(8))));
/// assert_eq!("3bd".parse(), Ok(Span::Days(3)));
/// assert_eq!(Span::Open(TimeDelta::minutes(90)).to_string(), "1bh30bm");
/// assert!("8 hours".parse::<Span>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Span {
    /// Real time, open or closed.
    Wall(TimeDelta),
    /// Time that counts only while the calendar is open.
    Open(TimeDelta),
    /// Working days (S53).
    Days(u32),
}

impl Span {
    /// Whether its length is zero.
    pub fn is_zero(&self) -> bool {
        match self {
            Self::Wall(d) | Self::Open(d) => d.is_zero(),
            Self::Days(n) => *n == 0,
        }
    }
    /// Whether a calendar is needed to reckon with it.
    pub const fn needs_calendar(&self) -> bool {
        !matches!(self, Self::Wall(_))
    }
}

/// A length of counted time for people: `28h30m`, `45m`, `10s`, `0m`. Hours are never gathered into days, since a day of open time is no day of 24 hours.
///
/// ```
/// use ticketry::calendar::hours;
/// use chrono::TimeDelta;
/// assert_eq!(hours(TimeDelta::minutes(28 * 60 + 30)), "28h30m");
/// assert_eq!(hours(-TimeDelta::seconds(90)), "-1m30s");
/// assert_eq!(hours(TimeDelta::milliseconds(1)), "0m");
/// ```
pub fn hours(length: TimeDelta) -> String {
    let n = length.num_seconds().unsigned_abs();
    let of = |unit: u64, within: u64| n.checked_div(unit).and_then(|n| n.checked_rem(within)).unwrap_or(0);
    let mut out = String::new();
    for (n, unit) in [(of(3_600, u64::MAX), 'h'), (of(60, 60), 'm'), (of(1, 60), 's')] {
        if n > 0 {
            out.push_str(&format!("{n}{unit}"));
        }
    }
    match (out.is_empty(), length.num_seconds() < 0) {
        (true, _) => "0m".into(),
        (false, true) => format!("-{out}"),
        (false, false) => out,
    }
}

/// A text that is no duration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadSpan {
    found: String,
    why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Shape,
    Mixed,
    Order,
    Large,
    Sign,
}

impl BadSpan {
    fn new(found: &str, why: Why) -> Self {
        Self { found: found.chars().take(64).collect(), why }
    }
    /// What is wrong and what to write, in both languages.
    pub fn text(&self) -> Text {
        let found = &self.found;
        match self.why {
            Why::Shape => text(
                format!(
                    "`{found}` is no duration; write `90m`, `8h` or `3d` for wall time, `30bm` or `8bh` for open time, `3bd` for working days"
                ),
                format!("`{found}` 不是时长；自然时间写 `90m`、`8h`、`3d`，营业时间写 `30bm`、`8bh`，工作日写 `3bd`"),
            ),
            Why::Mixed => text(
                format!(
                    "`{found}` mixes kinds of time; write only wall time (`1h30m`), only open time (`1bh30bm`) or only working days (`3bd`)"
                ),
                format!("`{found}` 混用了不同种类的时间；只写自然时间（`1h30m`）、营业时间（`1bh30bm`）或工作日（`3bd`）之一"),
            ),
            Why::Order => text(
                format!("`{found}` names its units twice or out of order; write the larger unit first, each once, such as `1h30m`"),
                format!("`{found}` 的单位重复或顺序不对；从大到小各写一次，例如 `1h30m`"),
            ),
            Why::Large => {
                text(format!("`{found}` is too long; the longest duration is 36500 days"), format!("`{found}` 太长；最长为 36500 天"))
            }
            Why::Sign => text(
                format!("`{found}` has a sign; write the duration without `+` or `-`"),
                format!("`{found}` 带有正负号；此处时长不写 `+` 或 `-`"),
            ),
        }
    }
}
impl fmt::Display for BadSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text().en)
    }
}
impl std::error::Error for BadSpan {}

/// Units from large to small with their microseconds.
const UNITS: [(&str, i64); 6] =
    [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1)];
/// A hundred years: no duration of a service desk is longer, and nothing that is read can overflow.
const LONGEST: i64 = 36_500 * 86_400_000_000;

impl FromStr for Span {
    type Err = BadSpan;
    fn from_str(whole: &str) -> Result<Self, BadSpan> {
        let bad = |why| BadSpan::new(whole, why);
        let mut rest = whole.trim();
        if rest.starts_with(['+', '-']) {
            return Err(bad(Why::Sign));
        }
        let (mut open, mut days, mut last) = (None, None, None);
        let mut micros: i64 = 0;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(|| bad(Why::Shape))?;
            let (number, tail) = rest.split_at(digits);
            let letters = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(letters);
            rest = tail;
            if number.is_empty() {
                return Err(bad(Why::Shape));
            }
            let number: i64 = number.parse().map_err(|_| bad(Why::Large))?;
            if unit == "bd" {
                if days.is_some() {
                    return Err(bad(Why::Order));
                }
                days = Some(u32::try_from(number).ok().filter(|n| *n <= 36_500).ok_or_else(|| bad(Why::Large))?);
                continue;
            }
            let (business, unit) = match unit.strip_prefix('b') {
                Some(unit) => (true, unit),
                None => (false, unit),
            };
            let (place, scale) =
                UNITS.iter().enumerate().find(|(_, (u, _))| *u == unit).map(|(i, (_, m))| (i, *m)).ok_or_else(|| bad(Why::Shape))?;
            if open.is_some_and(|o| o != business) {
                return Err(bad(Why::Mixed));
            }
            open = Some(business);
            if last.is_some_and(|l| l >= place) {
                return Err(bad(Why::Order));
            }
            last = Some(place);
            micros =
                number.checked_mul(scale).and_then(|m| m.checked_add(micros)).filter(|m| *m <= LONGEST).ok_or_else(|| bad(Why::Large))?;
        }
        match (open, days) {
            (None, None) => Err(bad(Why::Shape)),
            (Some(_), Some(_)) => Err(bad(Why::Mixed)),
            (None, Some(n)) => Ok(Self::Days(n)),
            (Some(true), None) => Ok(Self::Open(TimeDelta::microseconds(micros))),
            (Some(false), None) => Ok(Self::Wall(TimeDelta::microseconds(micros))),
        }
    }
}

/// Writes a length in the largest units that fit; working days do not occur in open time, so `days` says whether `d` may be used.
fn write_length(f: &mut fmt::Formatter<'_>, length: TimeDelta, prefix: &str, days: bool) -> fmt::Result {
    let total = length.num_microseconds().unwrap_or(if length < TimeDelta::zero() { i64::MIN } else { i64::MAX });
    if total == 0 {
        return write!(f, "0{prefix}m");
    }
    if total < 0 {
        f.write_str("-")?;
    }
    let mut left = total.unsigned_abs();
    for (unit, scale) in UNITS.iter().skip(usize::from(!days)) {
        let scale = scale.unsigned_abs();
        let n = left.checked_div(scale).unwrap_or(0);
        left = left.checked_rem(scale).unwrap_or(0);
        if n > 0 {
            write!(f, "{n}{prefix}{unit}")?;
        }
    }
    Ok(())
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wall(d) => write_length(f, *d, "", true),
            Self::Open(d) => write_length(f, *d, "b", false),
            Self::Days(n) => write!(f, "{n}bd"),
        }
    }
}
impl Serialize for Span {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}

/// A place relative to a due instant: `-30bm` before it, `+1h` or `1h` after it, `0m` at it.
///
/// ```
/// use ticketry::calendar::{Offset, Span};
/// let o: Offset = "-3bd".parse().unwrap();
/// assert_eq!(o, Offset { before: true, span: Span::Days(3) });
/// assert_eq!("1h".parse::<Offset>().unwrap().to_string(), "+1h");
/// assert_eq!("0m".parse::<Offset>().unwrap().to_string(), "0m");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Offset {
    /// Before the due instant instead of after it.
    pub before: bool,
    /// How far.
    pub span: Span,
}

impl Offset {
    /// At the due instant itself.
    pub const DUE: Self = Self { before: false, span: Span::Wall(TimeDelta::zero()) };
    /// So far before it.
    pub const fn before(span: Span) -> Self {
        Self { before: true, span }
    }
    /// So far after it.
    pub const fn after(span: Span) -> Self {
        Self { before: false, span }
    }
}

impl FromStr for Offset {
    type Err = BadSpan;
    fn from_str(s: &str) -> Result<Self, BadSpan> {
        let s = s.trim();
        let (before, rest) = match s.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, s.strip_prefix('+').unwrap_or(s)),
        };
        let span: Span = rest.parse().map_err(|e: BadSpan| BadSpan::new(s, e.why))?;
        Ok(Self { before: before && !span.is_zero(), span })
    }
}
impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.span.is_zero() {
            ""
        } else if self.before {
            "-"
        } else {
            "+"
        };
        write!(f, "{sign}{}", self.span)
    }
}
impl Serialize for Offset {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Offset {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}
