//! One event of a feed, its values read by crate calcard.

use super::super::zone::{FoldRule, GapRule, Zone};
use super::lines::Block;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Text, text};
use calcard::common::{PartialDateTime, timezone::Tz};
use calcard::icalendar::{
    ICalendarComponent, ICalendarDuration, ICalendarEntry, ICalendarParameterName, ICalendarPeriod, ICalendarProperty,
    ICalendarRecurrenceRule, ICalendarStatus, ICalendarTransparency, ICalendarValue, timezone::TzResolver,
};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

/// Whose clock a wall time is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// So many seconds ahead of UTC.
    Fixed(i64),
    Zone(Zone),
    /// The calendar's own.
    Floating,
}

/// A date, or a wall time of some clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Date(NaiveDate),
    Time(NaiveDateTime, Clock),
}

impl When {
    pub(super) fn wall(self) -> NaiveDateTime {
        match self {
            Self::Date(d) => d.and_time(NaiveTime::MIN),
            Self::Time(t, _) => t,
        }
    }
}

/// The second since 1970 of a wall time: in a gap as far after it as the offset before it says, in a fold the earlier (RFC 5545 3.3.5).
pub(super) fn second(wall: NaiveDateTime, clock: Clock, own: Zone) -> i64 {
    let local = wall.and_utc().timestamp();
    match clock {
        Clock::Fixed(ahead) => local.saturating_sub(ahead),
        Clock::Zone(zone) => zone.second(local, GapRule::Shift, FoldRule::Earlier),
        Clock::Floating => own.second(local, GapRule::Shift, FoldRule::Earlier),
    }
}
/// What a clock shows at a second since 1970.
pub(super) fn shown(second: i64, clock: Clock, own: Zone) -> NaiveDateTime {
    let local = match clock {
        Clock::Fixed(ahead) => second.saturating_add(ahead),
        Clock::Zone(zone) => zone.clock(second),
        Clock::Floating => own.clock(second),
    };
    chrono::DateTime::from_timestamp(local, 0).unwrap_or_default().naive_utc()
}

/// How long an event lasts: days on the clock and then seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Length {
    pub(super) days: i64,
    pub(super) seconds: i64,
}

/// An event as far as it matters here.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) uid: Option<String>,
    /// Summary and categories.
    pub(super) words: Vec<String>,
    pub(super) cancelled: bool,
    pub(super) free: bool,
    pub(super) start: When,
    pub(super) length: Length,
    pub(super) rules: Vec<ICalendarRecurrenceRule>,
    pub(super) rule_line: u32,
    pub(super) more: Vec<(When, Option<Length>)>,
    pub(super) except: Vec<When>,
    /// The occurrence it stands for, and whether for all later ones too.
    pub(super) instead: Option<(When, bool)>,
}

/// Reads an event; all that is wrong with it.
pub(super) fn read(
    file: &str,
    block: &Block,
    parts: &ICalendarComponent,
    zones: &TzResolver<String>,
    own: Zone,
) -> Result<Event, Diagnostics> {
    let mut reader = Reader { file, block, zones, own, found: Diagnostics::new() };
    let event = reader.event(parts);
    match event {
        Some(event) if reader.found.is_empty() => Ok(event),
        _ => Err(reader.found),
    }
}

struct Reader<'a> {
    file: &'a str,
    block: &'a Block,
    zones: &'a TzResolver<String>,
    own: Zone,
    found: Diagnostics,
}

impl Reader<'_> {
    fn wrong(&mut self, code: &'static str, property: &str, message: Text) {
        self.wrong_with(code, property, message, None);
    }
    fn wrong_with(&mut self, code: &'static str, property: &str, message: Text, help: Option<Text>) {
        let place = Place::new(self.file, self.block.line_of(property), 1, 0);
        self.found.push(Diagnostic::error(code, message).at(place).maybe_help(help));
    }
    fn bad(&mut self, property: &str) {
        let message = text(format!("`{property}` cannot be read"), format!("`{property}` 无法识别"));
        let help = match property {
            "RRULE" => text(
                "a rule is written as `FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=1`: `FREQ` first, parts joined by `;`",
                "重复规则写成 `FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=1`：以 `FREQ` 开头，各部分用 `;` 连接",
            ),
            "DURATION" => {
                text("a duration is written as `P1D` (days) or `PT2H30M` (hours, minutes)", "时长写成 `P1D`（天）或 `PT2H30M`（时、分）")
            }
            _ => text(
                format!(
                    "write a date as `{property};VALUE=DATE:20251001`, a time as `{property}:20251001T090000Z` or with `TZID=Asia/Shanghai`"
                ),
                format!("日期写成 `{property};VALUE=DATE:20251001`，时刻写成 `{property}:20251001T090000Z` 或带 `TZID=Asia/Shanghai`"),
            ),
        };
        self.wrong_with("calendar-feed-bad-value", property, message, Some(help));
    }

    fn event(&mut self, parts: &ICalendarComponent) -> Option<Event> {
        let mut event = Event {
            uid: None,
            words: Vec::new(),
            cancelled: false,
            free: false,
            start: When::Date(NaiveDate::MIN),
            length: Length::default(),
            rules: Vec::new(),
            rule_line: self.block.line_of("RRULE"),
            more: Vec::new(),
            except: Vec::new(),
            instead: None,
        };
        let (mut start, mut end, mut lasts) = (None, None, None);
        for entry in &parts.entries {
            match &entry.name {
                ICalendarProperty::Uid => event.uid = texts(entry).next(),
                ICalendarProperty::Summary | ICalendarProperty::Categories => event.words.extend(texts(entry)),
                ICalendarProperty::Status => {
                    event.cancelled = matches!(entry.values.first(), Some(ICalendarValue::Status(ICalendarStatus::Cancelled)));
                }
                ICalendarProperty::Transp => {
                    event.free = matches!(entry.values.first(), Some(ICalendarValue::Transparency(ICalendarTransparency::Transparent)));
                }
                ICalendarProperty::Dtstart => start = self.one("DTSTART", entry),
                ICalendarProperty::Dtend => end = self.one("DTEND", entry),
                ICalendarProperty::Duration => match entry.values.first() {
                    Some(ICalendarValue::Duration(d)) if !d.neg => lasts = Some(length(d)),
                    _ => self.bad("DURATION"),
                },
                ICalendarProperty::Rrule => match entry.values.first() {
                    Some(ICalendarValue::RecurrenceRule(rule)) => event.rules.push((**rule).clone()),
                    _ => self.bad("RRULE"),
                },
                ICalendarProperty::Exrule => {
                    let message = text("`EXRULE` is not read; list the dates with `EXDATE`", "不支持 `EXRULE`；请用 `EXDATE` 列出日期");
                    self.wrong("calendar-feed-recurrence", "EXRULE", message);
                }
                ICalendarProperty::Rdate => {
                    for value in &entry.values {
                        let read = self.rdate(value, entry);
                        event.more.extend(read);
                    }
                }
                ICalendarProperty::Exdate => {
                    for value in &entry.values {
                        let read = self.when("EXDATE", value, entry);
                        event.except.extend(read);
                    }
                }
                ICalendarProperty::RecurrenceId => {
                    let later = entry.parameters(&ICalendarParameterName::Range).next().is_some();
                    event.instead = self.one("RECURRENCE-ID", entry).map(|when| (when, later));
                }
                _ => {}
            }
        }
        let Some(first) = start.or(event.instead.map(|i| i.0)) else {
            if self.found.is_empty() {
                let message = text("the event has no `DTSTART`", "事件没有 `DTSTART`");
                self.wrong("calendar-feed-bad-event", "BEGIN", message);
            }
            return None;
        };
        event.start = first;
        event.length = self.lasts(first, end, lasts)?;
        Some(event)
    }

    /// How long it lasts: a date without an end is one day, a time without an end is a moment (RFC 5545 3.6.1).
    fn lasts(&mut self, start: When, end: Option<When>, lasts: Option<Length>) -> Option<Length> {
        let length = match (start, end, lasts) {
            (When::Date(a), Some(When::Date(b)), _) => Length { days: b.signed_duration_since(a).num_days(), seconds: 0 },
            (When::Time(a, of), Some(When::Time(b, to)), _) => {
                Length { days: 0, seconds: second(b, to, self.own).saturating_sub(second(a, of, self.own)) }
            }
            (_, Some(_), _) => {
                let message = text("`DTSTART` and `DTEND` are not both dates or both times", "`DTSTART` 与 `DTEND` 必须同为日期或同为时刻");
                self.wrong("calendar-feed-bad-event", "DTEND", message);
                return None;
            }
            (When::Date(_), None, Some(l)) if l.seconds.checked_rem(86_400) != Some(0) => {
                let message = text("an all-day event lasts whole days", "全天事件的时长应为整天");
                self.wrong("calendar-feed-bad-event", "DURATION", message);
                return None;
            }
            (When::Date(_), None, Some(l)) => {
                Length { days: l.days.saturating_add(l.seconds.checked_div(86_400).unwrap_or(0)), seconds: 0 }
            }
            (When::Time(..), None, Some(l)) => l,
            (When::Date(_), None, None) => Length { days: 1, seconds: 0 },
            (When::Time(..), None, None) => Length::default(),
        };
        if length.days < 0 || length.seconds < 0 {
            let message = text("the event ends before it starts", "事件的结束早于开始");
            self.wrong("calendar-feed-bad-event", "DTEND", message);
            return None;
        }
        // Many feeds write the same date twice for one day.
        Some(match start {
            When::Date(_) => Length { days: length.days.max(1), ..length },
            When::Time(..) => length,
        })
    }

    fn one(&mut self, property: &str, entry: &ICalendarEntry) -> Option<When> {
        match entry.values.first() {
            Some(value) => self.when(property, value, entry),
            None => {
                self.bad(property);
                None
            }
        }
    }
    fn when(&mut self, property: &str, value: &ICalendarValue, entry: &ICalendarEntry) -> Option<When> {
        let read = match value {
            ICalendarValue::PartialDateTime(p) => self.partial(property, p, entry),
            _ => Err(()),
        };
        match read {
            Ok(when) => when,
            Err(()) => {
                self.bad(property);
                None
            }
        }
    }
    /// `Err` if it is no date, `Ok(None)` if what is wrong has been said.
    fn partial(&mut self, property: &str, p: &PartialDateTime, entry: &ICalendarEntry) -> Result<Option<When>, ()> {
        let read = p.to_date_time().filter(|d| chrono::Datelike::year(&d.date_time) >= 1900).ok_or(())?;
        if p.hour.is_none() {
            return Ok(Some(When::Date(read.date_time.date())));
        }
        if let Some(offset) = read.offset {
            return Ok(Some(When::Time(read.date_time, Clock::Fixed(i64::from(offset.local_minus_utc())))));
        }
        let Some(name) = entry.tz_id() else { return Ok(Some(When::Time(read.date_time, Clock::Floating))) };
        let clock = match self.zones.resolve(name) {
            Some(Tz::Fixed(offset)) => Some(Clock::Fixed(i64::from(offset.local_minus_utc()))),
            Some(Tz::Tz(tz)) => Zone::named(tz.name()).ok().map(Clock::Zone),
            Some(Tz::Floating) | None => None,
        };
        if clock.is_none() {
            let shown: String = name.chars().take(64).collect();
            let message = text(format!("`{shown}` is no time zone that is known here"), format!("`{shown}` 不是已知的时区"));
            let help = Zone::named(&shown).err().and_then(|e| e.help());
            self.wrong_with("calendar-feed-unknown-zone", property, message, help);
        }
        Ok(clock.map(|clock| When::Time(read.date_time, clock)))
    }
    fn rdate(&mut self, value: &ICalendarValue, entry: &ICalendarEntry) -> Option<(When, Option<Length>)> {
        let ICalendarValue::Period(period) = value else {
            return self.when("RDATE", value, entry).map(|when| (when, None));
        };
        let start = match period {
            ICalendarPeriod::Range { start, .. } | ICalendarPeriod::Duration { start, .. } => start.clone(),
        };
        let start = self.when("RDATE", &ICalendarValue::PartialDateTime(Box::new(start)), entry)?;
        let length = match period {
            ICalendarPeriod::Duration { duration, .. } if !duration.neg => length(duration),
            ICalendarPeriod::Duration { .. } => {
                self.bad("RDATE");
                return None;
            }
            ICalendarPeriod::Range { end, .. } => {
                let end = self.when("RDATE", &ICalendarValue::PartialDateTime(Box::new(end.clone())), entry)?;
                self.lasts(start, Some(end), None)?
            }
        };
        Some((start, Some(length)))
    }
}

fn texts(entry: &ICalendarEntry) -> impl Iterator<Item = String> {
    entry.values.iter().filter_map(|v| v.as_text().map(str::to_string))
}
fn length(d: &ICalendarDuration) -> Length {
    let days = i64::from(d.weeks).saturating_mul(7).saturating_add(i64::from(d.days));
    let minutes = i64::from(d.hours).saturating_mul(60).saturating_add(i64::from(d.minutes));
    Length { days, seconds: minutes.saturating_mul(60).saturating_add(i64::from(d.seconds)) }
}
/// So many days later on the clock.
pub(super) fn days_later(wall: NaiveDateTime, days: i64) -> Option<NaiveDateTime> {
    wall.checked_add_signed(TimeDelta::try_days(days)?)
}
