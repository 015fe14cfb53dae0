//! Time zones: the only file that knows chrono-tz.

use crate::diagnostic::{Text, did_you_mean, text};
use chrono::{DateTime, FixedOffset, MappedLocalTime, NaiveDateTime, Offset as _, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;
use std::{fmt, str::FromStr as _};

/// What a wall time that does not exist becomes: the clock jumped over it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum GapRule {
    /// The end of the gap, the first wall time that exists again (S54).
    #[default]
    End,
    /// As far after the gap's end as it lies after the gap's begin: 02:30 becomes 03:30 when the clock jumps from 02:00 to 03:00.
    Shift,
}

/// What a wall time that occurs twice becomes: the clock was put back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FoldRule {
    /// The first occurrence, as for an opening (S54).
    #[default]
    Earlier,
    /// The second occurrence, as for a closing (S54).
    Later,
}

/// Places and abbreviations that people write for zones, which IANA names after another city.
const CITIES: [(&str, &str); 58] = [
    ("Beijing", "Asia/Shanghai"),
    ("Peking", "Asia/Shanghai"),
    ("Shenzhen", "Asia/Shanghai"),
    ("Guangzhou", "Asia/Shanghai"),
    ("Hangzhou", "Asia/Shanghai"),
    ("Chengdu", "Asia/Shanghai"),
    ("China", "Asia/Shanghai"),
    ("China_Standard_Time", "Asia/Shanghai"),
    ("Osaka", "Asia/Tokyo"),
    ("Busan", "Asia/Seoul"),
    ("Mumbai", "Asia/Kolkata"),
    ("Delhi", "Asia/Kolkata"),
    ("New_Delhi", "Asia/Kolkata"),
    ("Bangalore", "Asia/Kolkata"),
    ("Bengaluru", "Asia/Kolkata"),
    ("Chennai", "Asia/Kolkata"),
    ("India", "Asia/Kolkata"),
    ("Hanoi", "Asia/Ho_Chi_Minh"),
    ("Abu_Dhabi", "Asia/Dubai"),
    ("Munich", "Europe/Berlin"),
    ("Frankfurt", "Europe/Berlin"),
    ("Hamburg", "Europe/Berlin"),
    ("Cologne", "Europe/Berlin"),
    ("Germany", "Europe/Berlin"),
    ("Lyon", "Europe/Paris"),
    ("France", "Europe/Paris"),
    ("Milan", "Europe/Rome"),
    ("Barcelona", "Europe/Madrid"),
    ("Geneva", "Europe/Zurich"),
    ("Rotterdam", "Europe/Amsterdam"),
    ("Manchester", "Europe/London"),
    ("Edinburgh", "Europe/London"),
    ("St_Petersburg", "Europe/Moscow"),
    ("San_Francisco", "America/Los_Angeles"),
    ("Seattle", "America/Los_Angeles"),
    ("San_Diego", "America/Los_Angeles"),
    ("Las_Vegas", "America/Los_Angeles"),
    ("PST", "America/Los_Angeles"),
    ("PDT", "America/Los_Angeles"),
    ("Dallas", "America/Chicago"),
    ("Houston", "America/Chicago"),
    ("Austin", "America/Chicago"),
    ("CDT", "America/Chicago"),
    ("Boston", "America/New_York"),
    ("Washington", "America/New_York"),
    ("Philadelphia", "America/New_York"),
    ("Miami", "America/New_York"),
    ("Atlanta", "America/New_York"),
    ("EDT", "America/New_York"),
    ("Ottawa", "America/Toronto"),
    ("Calgary", "America/Edmonton"),
    ("Rio_de_Janeiro", "America/Sao_Paulo"),
    ("Brasilia", "America/Sao_Paulo"),
    ("Wellington", "Pacific/Auckland"),
    ("Cape_Town", "Africa/Johannesburg"),
    ("JST", "Asia/Tokyo"),
    ("CEST", "Europe/Berlin"),
    ("BST", "Europe/London"),
];

/// A name that is no IANA time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownZone {
    name: String,
}

impl UnknownZone {
    /// What is wrong, in both languages.
    pub fn text(&self) -> Text {
        let name = &self.name;
        text(
            format!("`{name}` is no time zone; write an IANA name such as `Europe/Berlin` or `Asia/Shanghai`"),
            format!("`{name}` 不是时区；请写 IANA 名称，例如 `Asia/Shanghai` 或 `Europe/Berlin`"),
        )
    }
    /// The zone that was probably meant.
    pub fn help(&self) -> Option<Text> {
        let place = self.name.rsplit('/').next().unwrap_or_default().replace(' ', "_");
        if let Some((_, zone)) = CITIES.iter().find(|(city, _)| city.eq_ignore_ascii_case(&place)) {
            return Some(text(
                format!("did you mean `{zone}`? a zone has the name of one of its cities"),
                format!("是不是 `{zone}`？时区以其中一个城市命名"),
            ));
        }
        let exact =
            chrono_tz::TZ_VARIANTS.iter().map(|z| z.name()).find(|n| n.rsplit('/').next().is_some_and(|p| p.eq_ignore_ascii_case(&place)));
        match exact {
            Some(n) => Some(text(format!("did you mean `{n}`?"), format!("是不是 `{n}`？"))),
            None => did_you_mean(&self.name, chrono_tz::TZ_VARIANTS.iter().map(|z| z.name())),
        }
    }
}
impl fmt::Display for UnknownZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text().en)?;
        self.help().map_or(Ok(()), |h| write!(f, "; {}", h.en))
    }
}
impl std::error::Error for UnknownZone {}

/// The instant as people in that zone read it: `2025-10-01 09:00 +08:00`, with seconds where there are any.
///
/// # Errors
/// [`UnknownZone`] if `zone` is no IANA name.
///
/// ```
/// use ticketry::calendar::zone_render;
/// let t = "2025-10-01T01:00:00Z".parse().unwrap();
/// assert_eq!(zone_render("Asia/Shanghai", t).unwrap(), "2025-10-01 09:00 +08:00");
/// assert!(zone_render("Shanghai", t).unwrap_err().to_string().ends_with("did you mean `Asia/Shanghai`?"));
/// ```
pub fn zone_render(zone: &str, instant: DateTime<Utc>) -> Result<String, UnknownZone> {
    Ok(Zone::named(zone)?.render(instant))
}

/// Whether `zone` is an IANA name this build knows.
pub fn zone_exists(zone: &str) -> bool {
    Zone::named(zone).is_ok()
}

/// The wall time in that zone and how far it is ahead of UTC.
///
/// # Errors
/// [`UnknownZone`] if `zone` is no IANA name.
pub fn zone_local(zone: &str, instant: DateTime<Utc>) -> Result<(NaiveDateTime, FixedOffset), UnknownZone> {
    Ok(Zone::named(zone)?.local(instant))
}

/// The instant at which a clock in that zone shows `wall`; `None` only at the far ends of the chrono range.
///
/// # Errors
/// [`UnknownZone`] if `zone` is no IANA name.
///
/// ```
/// use ticketry::calendar::{FoldRule, GapRule, zone_wall_to_instant};
/// let wall = "2014-03-09T02:30:00".parse().unwrap();
/// let t = zone_wall_to_instant("America/Los_Angeles", wall, GapRule::End, FoldRule::Earlier).unwrap().unwrap();
/// assert_eq!(t.to_rfc3339(), "2014-03-09T10:00:00+00:00");
/// ```
pub fn zone_wall_to_instant(zone: &str, wall: NaiveDateTime, gap: GapRule, fold: FoldRule) -> Result<Option<DateTime<Utc>>, UnknownZone> {
    Ok(Zone::named(zone)?.instant(wall, gap, fold))
}

/// A time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Zone(Tz);

impl Zone {
    pub(super) fn named(name: &str) -> Result<Self, UnknownZone> {
        Tz::from_str(name).map(Self).map_err(|_| UnknownZone { name: name.chars().take(64).collect() })
    }
    pub(super) fn name(self) -> &'static str {
        self.0.name()
    }
    /// Seconds ahead of UTC at an instant given in seconds since 1970.
    fn offset(self, utc: i64) -> i64 {
        let naive = DateTime::from_timestamp(utc, 0).unwrap_or_default().naive_utc();
        i64::from(self.0.offset_from_utc_datetime(&naive).fix().local_minus_utc())
    }
    /// What the clock shows at an instant, both in seconds since 1970.
    pub(super) fn clock(self, utc: i64) -> i64 {
        utc.saturating_add(self.offset(utc))
    }
    pub(super) fn local(self, t: DateTime<Utc>) -> (NaiveDateTime, FixedOffset) {
        let offset = self.0.offset_from_utc_datetime(&t.naive_utc()).fix();
        (t.naive_utc().checked_add_offset(offset).unwrap_or(t.naive_utc()), offset)
    }
    pub(super) fn render(self, t: DateTime<Utc>) -> String {
        let (local, offset) = self.local(t);
        let form = if local.second() == 0 && local.nanosecond() == 0 {
            "%Y-%m-%d %H:%M"
        } else if local.nanosecond() == 0 {
            "%Y-%m-%d %H:%M:%S"
        } else {
            "%Y-%m-%d %H:%M:%S%.6f"
        };
        format!("{} {offset}", local.format(form))
    }
    /// The second (since 1970) at which the clock shows `local` (seconds since 1970 on that clock).
    pub(super) fn second(self, local: i64, gap: GapRule, fold: FoldRule) -> i64 {
        let naive = DateTime::from_timestamp(local, 0).unwrap_or_default().naive_utc();
        match self.0.offset_from_local_datetime(&naive) {
            MappedLocalTime::Single(o) => local.saturating_sub(i64::from(o.fix().local_minus_utc())),
            MappedLocalTime::Ambiguous(a, b) => {
                let a = local.saturating_sub(i64::from(a.fix().local_minus_utc()));
                let b = local.saturating_sub(i64::from(b.fix().local_minus_utc()));
                if fold == FoldRule::Earlier { a.min(b) } else { a.max(b) }
            }
            MappedLocalTime::None => {
                let end = self.gap_end(local);
                match gap {
                    GapRule::End => end,
                    GapRule::Shift => local.saturating_sub(self.offset(end.saturating_sub(1))),
                }
            }
        }
    }
    /// The instant at which the clock jumps over `local`: found by halving, since exactly one jump crosses a wall time that does not exist.
    fn gap_end(self, local: i64) -> i64 {
        let (mut low, mut high) = (local.saturating_sub(172_800), local.saturating_add(172_800));
        while low.saturating_add(1) < high {
            let middle = low.midpoint(high);
            if middle.saturating_add(self.offset(middle)) > local { high = middle } else { low = middle }
        }
        high
    }
    pub(super) fn instant(self, wall: NaiveDateTime, gap: GapRule, fold: FoldRule) -> Option<DateTime<Utc>> {
        let second = self.second(wall.and_utc().timestamp(), gap, fold);
        let end_of_gap = gap == GapRule::End && matches!(self.0.offset_from_local_datetime(&wall), MappedLocalTime::None);
        let nanos = if end_of_gap { 0 } else { wall.and_utc().timestamp_subsec_nanos() };
        DateTime::from_timestamp(second, nanos)
    }
}
