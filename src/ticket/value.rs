//! Values of custom fields. No floats: a decimal is a scaled integer.

use crate::id::{ExternalId, LevelName, UtcInstant, at_door, serde_instant};
use serde::{Deserialize, Serialize};
use std::{cmp::Ordering, collections::BTreeSet, fmt, sync::Arc};

/// A value of a custom field.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Value {
    /// Text.
    Text(Arc<str>),
    /// A whole number.
    Integer(i64),
    /// A decimal number.
    Decimal(Decimal),
    /// Yes or no.
    Boolean(bool),
    /// An instant.
    Instant(#[serde(with = "serde_instant")] UtcInstant),
    /// A span of wall time in microseconds.
    Duration(i64),
    /// One value of a list, ordered or not: the schema says which.
    Choice(LevelName),
    /// Several values of a list.
    Choices(BTreeSet<LevelName>),
    /// Something of the host's, by its id.
    Reference(ExternalId),
}

impl Value {
    /// Text.
    pub fn text(s: impl Into<Arc<str>>) -> Self {
        Self::Text(s.into())
    }
    /// A choice.
    pub fn choice(s: impl AsRef<str>) -> Self {
        Self::Choice(LevelName::new(s))
    }
    /// An instant, cut to whole microseconds.
    pub fn instant(t: UtcInstant) -> Self {
        Self::Instant(at_door(t))
    }
    /// The word for this kind of value, as the schema writes it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(_) => "integer",
            Self::Decimal(_) => "decimal",
            Self::Boolean(_) => "boolean",
            Self::Instant(_) => "instant",
            Self::Duration(_) => "duration",
            Self::Choice(_) => "choice",
            Self::Choices(_) => "choices",
            Self::Reference(_) => "reference",
        }
    }
    /// Roughly how many bytes the value takes in a record.
    pub fn size(&self) -> usize {
        match self {
            Self::Text(s) => s.len(),
            Self::Choice(c) => c.as_str().len(),
            Self::Reference(r) => r.as_str().len(),
            Self::Choices(c) => c.iter().map(|c| c.as_str().len().saturating_add(1)).sum(),
            _ => 8,
        }
    }
}
impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Integer(n)
    }
}
impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Boolean(b)
    }
}
impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Self::Text(s.into())
    }
}
impl Value {
    /// It says nothing: a text of spaces, none of several choices.
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Text(s) => s.trim().is_empty(),
            Self::Choices(c) => c.is_empty(),
            _ => false,
        }
    }
}
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(s) => f.write_str(s),
            Self::Integer(n) => write!(f, "{n}"),
            Self::Decimal(d) => write!(f, "{d}"),
            Self::Boolean(b) => write!(f, "{b}"),
            Self::Instant(t) => f.write_str(&t.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)),
            Self::Duration(us) => write!(f, "{}s", us.checked_div(1_000_000).unwrap_or(0)),
            Self::Choice(c) => write!(f, "{c}"),
            Self::Choices(c) => f.write_str(&c.iter().map(LevelName::as_str).collect::<Vec<_>>().join(", ")),
            Self::Reference(r) => write!(f, "{r}"),
        }
    }
}

/// `units / 10^scale`, exact.
///
/// ```
/// use ticketry::ticket::Decimal;
/// let a: Decimal = "19.90".parse().unwrap();
/// assert!(a > Decimal::new(19, 0) && a == Decimal::new(199, 1));
/// assert_eq!(a.to_string(), "19.90");
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Decimal {
    units: i64,
    scale: u8,
}

impl Decimal {
    /// `units / 10^scale`; a scale above 18 is taken as 18.
    pub const fn new(units: i64, scale: u8) -> Self {
        Self { units, scale: if scale > 18 { 18 } else { scale } }
    }
    /// The scaled integer.
    pub const fn units(self) -> i64 {
        self.units
    }
    /// How many digits stand behind the point.
    pub const fn scale(self) -> u8 {
        self.scale
    }
    /// The same number with another scale, if it fits without loss.
    pub fn rescaled(self, scale: u8) -> Option<Self> {
        let scale = scale.min(18);
        let units = if scale >= self.scale {
            self.units.checked_mul(10i64.checked_pow(u32::from(scale.checked_sub(self.scale)?))?)?
        } else {
            let by = 10i64.checked_pow(u32::from(self.scale.checked_sub(scale)?))?;
            (self.units.checked_rem(by)? == 0).then_some(self.units.checked_div(by)?)?
        };
        Some(Self { units, scale })
    }
    fn wide(self) -> i128 {
        let up = 18u32.saturating_sub(u32::from(self.scale));
        i128::from(self.units).saturating_mul(10i128.saturating_pow(up))
    }
}
impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.wide() == other.wide()
    }
}
impl Eq for Decimal {}
impl std::hash::Hash for Decimal {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.wide().hash(state);
    }
}
impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        self.wide().cmp(&other.wide())
    }
}
impl From<i64> for Decimal {
    fn from(n: i64) -> Self {
        Self::new(n, 0)
    }
}
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = 10u64.saturating_pow(u32::from(self.scale));
        let whole = self.units.unsigned_abs().checked_div(by).unwrap_or(0);
        let part = self.units.unsigned_abs().checked_rem(by).unwrap_or(0);
        let sign = if self.units < 0 { "-" } else { "" };
        if self.scale == 0 {
            write!(f, "{sign}{whole}")
        } else {
            write!(f, "{sign}{whole}.{part:0width$}", width = usize::from(self.scale))
        }
    }
}

/// A text that is no decimal number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number; write digits with at most 18 behind the point, such as 19.90")]
pub struct BadDecimal;

impl std::str::FromStr for Decimal {
    type Err = BadDecimal;
    fn from_str(s: &str) -> Result<Self, BadDecimal> {
        let (negative, digits) = match s.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, s),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let joined = format!("{whole}{part}");
        if joined.is_empty() || joined.len() > 19 || part.len() > 18 || !joined.bytes().all(|b| b.is_ascii_digit()) {
            return Err(BadDecimal);
        }
        let units: i64 = joined.parse().map_err(|_| BadDecimal)?;
        let scale = u8::try_from(part.len()).map_err(|_| BadDecimal)?;
        Ok(Self::new(if negative { units.saturating_neg() } else { units }, scale))
    }
}
