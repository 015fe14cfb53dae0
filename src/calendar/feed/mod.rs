//! iCalendar feeds: what a team's shared calendar says about holidays and make-up days becomes part of a definition.
//!
//! What it is: a structural reading with line numbers (`lines.rs`), events (`event.rs`, whose values crate calcard reads), their occurrences (`occur.rs`, whose
//! recurrences calcard expands), and the merge into a [`CalendarDefinition`].
//! What it never does: fetch a feed, keep one, or look at its own VTIMEZONE rules: a zone counts by its name only.
//! Read next: [`super::file`](super), which files name feeds.

#[cfg(feature = "icalendar")]
mod event;
#[cfg(feature = "icalendar")]
mod lines;
#[cfg(feature = "icalendar")]
mod occur;

use super::check::Places;
use super::definition::CalendarDefinition;
use super::rules::{Rules, date_of, day_of};
use super::spans::{Stretch, minus, tidy};
use super::window::{Closure, Holiday, Workday};
use super::zone::Zone;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, text};
use chrono::{DateTime, Datelike as _, NaiveDate, Weekday};

/// An iCalendar feed (RFC 5545) and which of its events count.
///
/// ```
/// use ticketry::calendar::{Calendar, CalendarDefinition, Feed};
/// use chrono::{NaiveDate, Weekday::*};
/// let ics = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:20251001\nDTEND;VALUE=DATE:20251009\nSUMMARY:国庆节\nEND:VEVENT\n\
///            BEGIN:VEVENT\nUID:2\nDTSTART;VALUE=DATE:20250928\nSUMMARY:国庆节 补班\nEND:VEVENT\nEND:VCALENDAR\n";
/// let feed = Feed::new("cn.ics", ics);
/// let office = CalendarDefinition::new("office", "Asia/Shanghai").days(&[Mon, Tue, Wed, Thu, Fri], &["09:00-18:00"]).unwrap();
/// # #[cfg(feature = "icalendar")] {
/// // Make-up days first: a feed never closes a date that is given hours.
/// let (office, _) = office.workdays_from_ics(&feed.clone().summary("补班")).unwrap();
/// let (office, _) = office.holidays_from_ics(&feed).unwrap();
/// let office = Calendar::compile(&office).unwrap();
/// assert!(office.is_holiday(NaiveDate::from_ymd_opt(2025, 10, 8).unwrap()));
/// assert!(office.is_workday(NaiveDate::from_ymd_opt(2025, 9, 28).unwrap()));
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    file: String,
    content: String,
    filter: Filter,
}

/// Which events of a feed count, and as what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// Only those with this in their summary or a category.
    pub(super) summary: Option<String>,
    /// Also those marked free.
    pub(super) transparent: bool,
    /// The weekday whose hours a make-up day has.
    pub(super) hours_of: Option<Weekday>,
}

impl Feed {
    /// A feed; `file` is its name in messages.
    pub fn new(file: impl Into<String>, content: impl Into<String>) -> Self {
        Self { file: file.into(), content: content.into(), filter: Filter::default() }
    }
    pub(super) fn filtered(file: &str, content: &str, filter: Filter) -> Self {
        Self { filter, ..Self::new(file, content) }
    }
    /// Only events with this text in their summary or one of their categories.
    #[must_use]
    pub fn summary(mut self, part: impl Into<String>) -> Self {
        self.filter.summary = Some(part.into());
        self
    }
    /// Also events marked as free time (`TRANSP:TRANSPARENT`), as some public holiday feeds mark all of theirs.
    #[must_use]
    pub fn transparent(mut self) -> Self {
        self.filter.transparent = true;
        self
    }
    /// Its make-up days have the hours of this weekday, not those of the first that has any.
    #[must_use]
    pub fn as_day(mut self, day: Weekday) -> Self {
        self.filter.hours_of = Some(day);
        self
    }
}

/// What the events of a feed are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FeedUse {
    Holidays,
    Workdays,
}

/// What a feed says: days since 1970 and seconds since 1970, sorted and disjoint; what it had to say besides.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) days: Vec<Stretch>,
    pub(super) times: Vec<Stretch>,
    pub(super) notes: Diagnostics,
    /// The event that takes the most time.
    pub(super) widest: Option<Widest>,
    /// What its events are called, those that do not count too; the first few.
    pub(super) called: Vec<String>,
    /// How many events have the summary asked for.
    pub(super) wanted: usize,
}

/// An event that takes much time: the line of its recurrence, else of itself, and what it is called.
#[derive(Debug, Default)]
pub(super) struct Widest {
    pub(super) line: u32,
    pub(super) called: String,
}

#[cfg(feature = "icalendar")]
impl CalendarDefinition {
    /// With the events of a feed as closed time: an all-day event closes its dates (the end excluded) as holidays do, a timed one closes its time (UTC, of a zone, or
    /// "floating", which is of this calendar's zone). Recurrences (`RRULE`, `RDATE`, `EXDATE`, changed occurrences) are expanded from 1970 to 2100. What is cancelled
    /// or marked free closes nothing, and a date that this definition gives hours of its own (`date_hours`, `workdays`) is not closed. Warnings come with it.
    ///
    /// # Errors
    /// All problems of the feed, with their lines: `calendar-feed-malformed`, `calendar-feed-bad-value`, `calendar-feed-bad-event`, `calendar-feed-recurrence`,
    /// `calendar-feed-unknown-zone`, `calendar-feed-too-large`; and `calendar-feed-closes-all` if it would close every open hour of a year.
    pub fn holidays_from_ics(self, feed: &Feed) -> Result<(Self, Diagnostics), Diagnostics> {
        let mut definition = self;
        let mut places = Places::built(&definition);
        let found = merge(&mut definition, &mut places, FeedUse::Holidays, feed, None);
        if found.has_errors() { Err(found) } else { Ok((definition, found)) }
    }
    /// With the all-day events of a feed as make-up working days (调休补班); most feeds mix them with holidays, so say which with [`Feed::summary`].
    ///
    /// # Errors
    /// As of [`holidays_from_ics`](Self::holidays_from_ics).
    pub fn workdays_from_ics(self, feed: &Feed) -> Result<(Self, Diagnostics), Diagnostics> {
        let mut definition = self;
        let mut places = Places::built(&definition);
        let found = merge(&mut definition, &mut places, FeedUse::Workdays, feed, None);
        if found.has_errors() { Err(found) } else { Ok((definition, found)) }
    }
}

/// What the feed says, by crate calcard.
#[cfg(feature = "icalendar")]
fn read(feed: &Feed, zone: Zone) -> Result<Said, Diagnostics> {
    occur::said(feed, zone)
}
#[cfg(not(feature = "icalendar"))]
fn read(feed: &Feed, _: Zone) -> Result<Said, Diagnostics> {
    let message = text("this build reads no iCalendar feeds", "当前构建不支持 iCalendar 日历源");
    let help = text("enable the cargo feature `icalendar` of ticketry", "请启用 ticketry 的 cargo 特性 `icalendar`");
    Err(Diagnostic::error("calendar-no-icalendar", message).at(Place::file(feed.file.clone())).help(help).into())
}

/// A feed that gives nothing: where it is used, as what, and why that may be.
fn empty(said: &Said, how: FeedUse, feed: &Feed, used: &Place) -> Diagnostic {
    let file = &feed.file;
    let message = match how {
        FeedUse::Holidays => text(format!("`{file}` gives no holidays"), format!("`{file}` 中没有可用的节假日")),
        FeedUse::Workdays => text(format!("`{file}` gives no make-up days"), format!("`{file}` 中没有可用的调休工作日")),
    };
    let called = |join: &str| said.called.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(join);
    let help = match &feed.filter.summary {
        _ if said.called.is_empty() => text("it has no events with a summary", "其中没有带标题的事件"),
        Some(part) if said.wanted == 0 => text(
            format!("no event has `{part}` in its summary or categories; there are {}", called(", ")),
            format!("没有事件的标题或类别含有 `{part}`；现有 {}", called("、")),
        ),
        _ => text(
            "see that its events are all-day ones, not cancelled, and are not marked free (else write `transparent = true`)",
            "请确认其中的事件是全天事件、未取消，且未标为空闲（否则请写 `transparent = true`）",
        ),
    };
    Diagnostic::warning("calendar-feed-empty", message).at(used.clone()).help(help)
}

/// A feed under which nothing is ever open, and the event that is there most of the time.
fn closes_all(said: &Said, year: i32, feed: &Feed, used: Option<&Place>) -> Diagnostic {
    let file = &feed.file;
    let message = text(format!("`{file}` would close every open hour of {year}"), format!("`{file}` 会使 {year} 年全年不营业"));
    let line = said.widest.as_ref().map_or(1, |w| w.line);
    let called = match said.widest.as_ref().map(|w| &w.called) {
        Some(called) if !called.is_empty() => text(format!("`{called}`"), format!("`{called}`")),
        _ => text("one event", "有一个事件"),
    };
    let help = match &feed.filter.summary {
        Some(part) => text(
            format!(
                "{} takes most of it and has `{part}` in its summary or categories too: choose a text that only holidays have, or take it out of the feed",
                called.en
            ),
            format!("{} 占用最多，且其标题或类别也含有 `{part}`：请选用只有节假日才有的文字，或从日历源中删去该事件", called.zh),
        ),
        None => text(
            format!(
                "{} takes most of it, and an event that is always there is no holiday: name the ones that count with `summary`",
                called.en
            ),
            format!("{} 占用最多，一直存在的事件不是节假日：请用 `summary` 指明哪些事件算作节假日", called.zh),
        ),
    };
    let d = Diagnostic::error("calendar-feed-closes-all", message).at(Place::new(feed.file.clone(), line, 1, 0)).help(help);
    match used {
        Some(place) => d.also(place.clone(), text("used here", "在此处使用")),
        None => d,
    }
}

/// Puts what a feed says into a definition; nothing if there are errors. `used` is where a file names the feed.
pub(super) fn merge(
    definition: &mut CalendarDefinition,
    places: &mut Places,
    how: FeedUse,
    feed: &Feed,
    used: Option<&Place>,
) -> Diagnostics {
    // An unknown zone is reported when the definition is compiled.
    let Ok(zone) = Zone::named(&definition.time_zone) else { return Diagnostics::new() };
    let said = match read(feed, zone) {
        Ok(said) => said,
        Err(found) => return found,
    };
    let mut found = said.notes.clone();
    let top = Place::new(feed.file.clone(), 1, 1, 0);
    let named = definition.date_hours.keys().copied().chain(definition.workdays.iter().map(|w| w.date));
    let named = tidy(named.map(|d| (day_of(d), day_of(d).saturating_add(1))).collect());
    let days = minus(&said.days, &named);
    if said.days.is_empty() && (said.times.is_empty() || how == FeedUse::Workdays) {
        found.push(empty(&said, how, feed, used.unwrap_or(&top)));
    }
    let before = definition.clone();
    let mut place = |part: String| places.parts.insert(part, top.clone());
    match how {
        FeedUse::Holidays => {
            for (a, b) in &days {
                let Some((first, last)) = date_of(*a).zip(date_of(b.saturating_sub(1))) else { continue };
                place(format!("holidays.{}", definition.holidays.len()));
                definition.holidays.push(if first == last { Holiday::Date(first) } else { Holiday::Range(first, last) });
            }
            for (a, b) in &said.times {
                let Some((from, to)) = DateTime::from_timestamp(*a, 0).zip(DateTime::from_timestamp(*b, 0)) else { continue };
                place(format!("closures.{}", definition.closures.len()));
                definition.closures.push(Closure { from, to });
            }
            let years = days.iter().filter_map(|(a, b)| Some((date_of(*a)?.year(), date_of(b.saturating_sub(1))?.year())));
            let seconds = |s: i64| Some(DateTime::from_timestamp(s, 0)?.year());
            let timed = said.times.iter().filter_map(|(a, b)| Some((seconds(*a)?, seconds(*b)?)));
            if let Some(year) = closed_year(&before, definition, zone, years.chain(timed)) {
                found.push(closes_all(&said, year, feed, used));
                *definition = before;
            }
        }
        FeedUse::Workdays => {
            for day in days.iter().flat_map(|(a, b)| *a..*b) {
                let Some(date) = date_of(day) else { continue };
                place(format!("workdays.{}", definition.workdays.len()));
                definition.workdays.push(Workday { date, hours_of: feed.filter.hours_of });
            }
        }
    }
    found
}

/// The first of these years in which something was open before and nothing is now.
fn closed_year(
    before: &CalendarDefinition,
    after: &CalendarDefinition,
    zone: Zone,
    years: impl Iterator<Item = (i32, i32)>,
) -> Option<i32> {
    let touched = tidy(years.map(|(a, b)| (i64::from(a), i64::from(b).saturating_add(1))).collect());
    let (before, after) = (Rules::new(before, zone), Rules::new(after, zone));
    let starts = |year: i64| NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, 1, 1).map(|d| day_of(d).saturating_mul(86_400));
    let open = |rules: &Rules, year: i64| {
        let (from, to) = starts(year).zip(starts(year.saturating_add(1)))?;
        Some(!rules.open(from, to).is_empty())
    };
    let closes = |year: &i64| open(&before, *year) == Some(true) && open(&after, *year) == Some(false);
    touched.iter().flat_map(|(a, b)| *a..*b).find(closes).and_then(|y| i32::try_from(y).ok())
}
