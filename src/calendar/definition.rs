//! What a calendar says, before it is compiled.

use super::window::{Closure, DAY_NAMES, Holiday, Window, Workday, day_range, number_of};
use crate::id::CalendarName;
use chrono::{DateTime, NaiveDate, Utc, Weekday};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeMap as _};
use std::collections::BTreeMap;

/// The open windows of each day of the week. In text: `{ mon-fri = ["09:00-12:00", "13:30-18:00"], sat = ["10:00-14:00"] }`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weekly {
    pub(super) days: [Option<Vec<Window>>; 7],
}

impl Weekly {
    /// The windows of a day; `None` if the day is not listed.
    pub fn get(&self, day: Weekday) -> Option<&[Window]> {
        self.days.get(number_of(day)).and_then(|d| d.as_deref())
    }
    /// Sets the windows of a day.
    pub fn set(&mut self, day: Weekday, windows: Vec<Window>) {
        if let Some(slot) = self.days.get_mut(number_of(day)) {
            *slot = Some(windows);
        }
    }
    /// Whether no day is listed.
    pub fn is_empty(&self) -> bool {
        self.days.iter().all(Option::is_none)
    }
    pub(super) fn windows(&self, day: usize) -> &[Window] {
        self.days.get(day).and_then(|d| d.as_deref()).unwrap_or_default()
    }
}
impl Serialize for Weekly {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let listed = DAY_NAMES.iter().zip(&self.days).filter_map(|(n, d)| d.as_ref().map(|d| (n, d)));
        let mut map = s.serialize_map(Some(self.days.iter().flatten().count()))?;
        for (name, windows) in listed {
            map.serialize_entry(name, windows)?;
        }
        map.end()
    }
}
impl<'de> Deserialize<'de> for Weekly {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let mut weekly = Self::default();
        for (key, windows) in BTreeMap::<String, Vec<Window>>::deserialize(d)? {
            let days = day_range(&key).ok_or_else(|| {
                D::Error::custom(format!("`{key}` is no day of the week; write `mon` … `sun` or a range such as `mon-fri`"))
            })?;
            for day in days {
                match weekly.days.get_mut(day) {
                    Some(slot @ None) => *slot = Some(windows.clone()),
                    _ => return Err(D::Error::custom(format!("`{key}` names a day that another key names too; list each day once"))),
                }
            }
        }
        Ok(weekly)
    }
}

/// What a calendar says: zone, weekly windows, holidays, special dates, breaks (S53). Precedence: holiday over special hours over weekly; breaks and
/// closures last.
///
/// A window belongs to the date it starts on. A holiday removes its own windows and closes its whole date, so a night shift that began the evening
/// before ends at midnight. A date with special hours or a make-up day replaces only its own windows.
///
/// ```
/// use chrono::{DateTime, NaiveDate, Utc, Weekday};
/// use ticketry::calendar::{Calendar, CalendarDefinition};
/// let office = CalendarDefinition::new("office", "Asia/Shanghai")
///     .days(&[Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri], &["09:00-12:00", "13:30-18:00"]).unwrap()
///     .holiday("2025-10-01..2025-10-08").unwrap()
///     .workday("2025-09-28").unwrap();
/// let office = Calendar::compile(&office).unwrap();
/// assert!(office.is_workday(NaiveDate::from_ymd_opt(2025, 9, 28).unwrap()));
/// assert!(!office.is_workday(NaiveDate::from_ymd_opt(2025, 10, 6).unwrap()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarDefinition {
    /// Its name within the playbook.
    pub name: CalendarName,
    /// Counts the edits (S55); from 1.
    #[serde(default = "first_version")]
    pub version: u32,
    /// IANA name of the zone the wall times are of.
    pub time_zone: String,
    /// Open around the clock, apart from holidays, special dates and breaks; excludes `weekly`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub always: bool,
    /// Windows of each day of the week.
    #[serde(default, skip_serializing_if = "Weekly::is_empty")]
    pub weekly: Weekly,
    /// Dates closed all day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<Holiday>,
    /// Make-up working days with the hours of a weekday.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workdays: Vec<Workday>,
    /// Dates with their own hours instead of the weekly ones.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub date_hours: BTreeMap<NaiveDate, Vec<Window>>,
    /// Windows removed from whatever is open on a date.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub date_breaks: BTreeMap<NaiveDate, Vec<Window>>,
    /// Stretches of time that are closed, such as a move or the timed events of a feed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closures: Vec<Closure>,
}

const fn first_version() -> u32 {
    1
}

impl CalendarDefinition {
    /// A calendar without open time yet.
    pub fn new(name: impl Into<CalendarName>, time_zone: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: 1,
            time_zone: time_zone.into(),
            always: false,
            weekly: Weekly::default(),
            holidays: Vec::new(),
            workdays: Vec::new(),
            date_hours: BTreeMap::new(),
            date_breaks: BTreeMap::new(),
            closures: Vec::new(),
        }
    }
    /// Open around the clock.
    pub fn always(name: impl Into<CalendarName>, time_zone: impl Into<String>) -> Self {
        Self { always: true, ..Self::new(name, time_zone) }
    }
    /// With this version.
    #[must_use]
    pub fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }
    /// With these windows on each of these days; a day named again gets the new ones.
    ///
    /// # Errors
    /// The first window that cannot be read.
    pub fn days(mut self, days: &[Weekday], windows: &[&str]) -> Result<Self, super::BadWord> {
        let windows = read(windows)?;
        for day in days {
            self.weekly.set(*day, windows.clone());
        }
        Ok(self)
    }
    /// With one holiday more, written as in TOML.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn holiday(mut self, holiday: &str) -> Result<Self, super::BadWord> {
        self.holidays.push(holiday.parse()?);
        Ok(self)
    }
    /// With one make-up working day more, written as in TOML.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn workday(mut self, workday: &str) -> Result<Self, super::BadWord> {
        self.workdays.push(workday.parse()?);
        Ok(self)
    }
    /// With special hours on a date.
    ///
    /// # Errors
    /// The first window that cannot be read.
    pub fn hours_on(mut self, date: NaiveDate, windows: &[&str]) -> Result<Self, super::BadWord> {
        self.date_hours.insert(date, read(windows)?);
        Ok(self)
    }
    /// With a break on a date.
    ///
    /// # Errors
    /// The first window that cannot be read.
    pub fn break_on(mut self, date: NaiveDate, windows: &[&str]) -> Result<Self, super::BadWord> {
        self.date_breaks.entry(date).or_default().extend(read(windows)?);
        Ok(self)
    }
    /// Closed from an instant until before another.
    #[must_use]
    pub fn closed(mut self, from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        self.closures.push(Closure { from, to });
        self
    }
    /// The hours a make-up day has.
    pub(super) fn workday_hours(&self, workday: &Workday) -> &[Window] {
        match workday.hours_of {
            Some(day) => self.weekly.windows(number_of(day)),
            None => self.weekly.days.iter().flatten().find(|d| !d.is_empty()).map(Vec::as_slice).unwrap_or_default(),
        }
    }
}

fn read(windows: &[&str]) -> Result<Vec<Window>, super::BadWord> {
    windows.iter().map(|w| w.parse()).collect()
}
