//! Instants: `DateTime<Utc>`, cut to whole microseconds where they enter.

use chrono::{DateTime, TimeZone as _, Timelike as _, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Every instant of this crate: UTC, whole microseconds.
pub type UtcInstant = DateTime<Utc>;

/// The instant as the house keeps it: whole microseconds, a leap second folded into the second before it.
///
/// ```
/// use ticketry::id::at_door;
/// let t = "2025-10-01T00:00:00.123456789Z".parse().unwrap();
/// assert_eq!(at_door(t).to_rfc3339(), "2025-10-01T00:00:00.123456+00:00");
/// ```
pub fn at_door(t: UtcInstant) -> UtcInstant {
    let nanos = t.nanosecond().min(999_999_999);
    t.with_nanosecond(nanos.saturating_sub(nanos.checked_rem(1000).unwrap_or(0))).unwrap_or(t)
}

/// Microseconds since 1970, the form every record keeps.
pub fn micros(t: UtcInstant) -> i64 {
    t.timestamp_micros()
}

/// Serde for an instant: RFC 3339 text in human-readable formats, `i64` microseconds in records.
///
/// Use as `#[serde(with = "LongTime")]`'s free functions through [`LongTime`], or wrap: it is transparent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LongTime(pub UtcInstant);

impl Serialize for LongTime {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if s.is_human_readable() { self.0.serialize(s) } else { micros(self.0).serialize(s) }
    }
}
impl<'de> Deserialize<'de> for LongTime {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        if d.is_human_readable() {
            DateTime::<Utc>::deserialize(d).map(|t| Self(at_door(t)))
        } else {
            let n = i64::deserialize(d)?;
            Utc.timestamp_micros(n).single().map(Self).ok_or_else(|| serde::de::Error::custom("instant out of range"))
        }
    }
}

/// `#[serde(with = "crate::id::serde_instant")]` for a plain instant.
pub mod serde_instant {
    use super::*;
    /// Writes RFC 3339 or microseconds.
    pub fn serialize<S: Serializer>(t: &UtcInstant, s: S) -> Result<S::Ok, S::Error> {
        LongTime(*t).serialize(s)
    }
    /// Reads either.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<UtcInstant, D::Error> {
        LongTime::deserialize(d).map(|t| t.0)
    }
}

/// `#[serde(with = "crate::id::serde_instant_opt")]` for an optional instant.
pub mod serde_instant_opt {
    use super::*;
    /// Writes the instant or nothing.
    pub fn serialize<S: Serializer>(t: &Option<UtcInstant>, s: S) -> Result<S::Ok, S::Error> {
        t.map(LongTime).serialize(s)
    }
    /// Reads the instant or nothing.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<UtcInstant>, D::Error> {
        Option::<LongTime>::deserialize(d).map(|t| t.map(|t| t.0))
    }
}
