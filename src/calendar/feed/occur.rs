//! When the events of a feed are.

use super::super::spans::{Stretch, intersection, tidy};
use super::super::{rules::day_of, zone::Zone};
use super::event::{Clock, Event, Length, When, days_later, read, second, shown};
use super::lines::{Block, blocks, large};
use super::{Feed, Said, Widest};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, text};
use calcard::common::{PartialDateTime, timezone::Tz};
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarEntry, ICalendarFrequency, ICalendarProperty, ICalendarRecurrenceRule,
    ICalendarValue, timezone::TzResolver,
};
use calcard::{Entry, Parser};
use chrono::{Datelike as _, NaiveDate, NaiveDateTime, Timelike as _};
use std::collections::{BTreeMap, BTreeSet};

/// The first year of which occurrences are taken.
const FIRST_YEAR: i32 = 1970;
/// The last year of which occurrences are taken: the tz database as built in ends with it.
const LAST_YEAR: i32 = 2100;
/// Occurrences of one event: one a day for the whole time covered, and some.
const MOST_OF_ONE: usize = 60_000;
/// Occurrences of all events.
const MOST_OF_ALL: usize = 200_000;
/// Events that recur.
const MOST_RECURRING: usize = 1000;

/// What a feed says.
pub(super) fn said(feed: &Feed, own: Zone) -> Result<Said, Diagnostics> {
    let blocks = blocks(&feed.file, &feed.content)?;
    let mut found = Diagnostics::new();
    let zones = zones(&feed.content, blocks.iter().filter(|b| !b.event));
    let mut events = Vec::new();
    for block in blocks.iter().filter(|b| b.event) {
        let Some(parts) = parse(&feed.content, block).and_then(|c| c.components.into_iter().next()) else {
            let message = text("the event cannot be read", "事件无法识别");
            found.push(Diagnostic::error("calendar-feed-malformed", message).at(Place::new(feed.file.clone(), block.line, 1, 0)));
            continue;
        };
        match read(&feed.file, block, &parts, &zones, own) {
            Ok(event) => events.push(event),
            Err(more) => found.extend(more),
        }
    }
    let wanted = |e: &Event| feed.filter.summary.as_ref().is_none_or(|part| e.words.iter().any(|w| w.contains(part.as_str())));
    let counts = |e: &Event| !e.cancelled && (feed.filter.transparent || !e.free) && wanted(e);
    let (cancelled, free) = (
        events.iter().filter(|e| e.cancelled && wanted(e)).count(),
        events.iter().filter(|e| !e.cancelled && e.free && !feed.filter.transparent && wanted(e)).count(),
    );
    let mut out = Out { feed, own, days: Vec::new(), times: Vec::new(), left: MOST_OF_ALL };
    if events.iter().filter(|e| !e.rules.is_empty()).count() > MOST_RECURRING {
        found.push(large(Place::new(feed.file.clone(), 1, 1, 0), "1,000 recurring events", "1,000 个重复事件"));
        return Err(found);
    }
    // Changed occurrences by the event they belong to.
    let mut changes: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in events.iter().filter(|e| e.instead.is_some()) {
        if let Some(uid) = &event.uid {
            changes.entry(uid).or_default().push(event);
        }
    }
    let mut most = 0;
    let mut widest: Option<Widest> = None;
    for event in &events {
        let (days, times) = (out.days.len(), out.times.len());
        let none = Vec::new();
        let changes = if event.instead.is_none() { event.uid.as_deref().and_then(|u| changes.get(u)).unwrap_or(&none) } else { &none };
        if let Err(d) = out.event(event, changes, &counts) {
            found.push(d);
            if out.left == 0 {
                break;
            }
        }
        let taken =
            |new: &[Stretch], unit: i64| new.iter().map(|(a, b)| b.saturating_sub(*a).saturating_mul(unit)).fold(0, i64::saturating_add);
        let seconds =
            taken(out.days.get(days..).unwrap_or_default(), 86_400).saturating_add(taken(out.times.get(times..).unwrap_or_default(), 1));
        if seconds > most {
            most = seconds;
            let called = event.words.first().map_or("", |w| w).chars().take(40).collect();
            widest = Some(Widest { line: event.rule_line, called });
        }
    }
    if found.has_errors() {
        found.sort();
        return Err(found);
    }
    if cancelled.saturating_add(free) > 0 {
        let message = text(
            format!("left out: {cancelled} cancelled events, {free} marked as free time"),
            format!("已忽略：{cancelled} 个已取消的事件，{free} 个标为空闲的事件"),
        );
        let d = Diagnostic::warning("calendar-feed-ignored", message).at(Place::new(feed.file.clone(), 1, 1, 0));
        let help = text("to take the free ones too, write `transparent = true`", "如需包含标为空闲的事件，请写 `transparent = true`");
        found.push(if free > 0 { d.help(help) } else { d });
    }
    let year = |y: i32| NaiveDate::from_ymd_opt(y, 1, 1).map_or(0, day_of);
    let (first, end) = (year(FIRST_YEAR), year(LAST_YEAR.saturating_add(1)));
    let clip = |v: Vec<Stretch>, unit: i64| intersection(&tidy(v), &[(first.saturating_mul(unit), end.saturating_mul(unit))]);
    let mut called: Vec<String> = Vec::new();
    for word in events.iter().filter_map(|e| e.words.first()) {
        let word: String = word.chars().take(40).collect();
        if called.len() < 5 && !called.contains(&word) {
            called.push(word);
        }
    }
    let wanted = events.iter().filter(|e| wanted(e)).count();
    Ok(Said { days: clip(out.days, 1), times: clip(out.times, 86_400), notes: found, widest, called, wanted })
}

/// A component by itself.
fn parse(content: &str, block: &Block) -> Option<ICalendar> {
    match Parser::new(content.get(block.bytes.clone())?).entry() {
        Entry::ICalendar(calendar) => Some(calendar),
        _ => None,
    }
}
/// The zones a feed describes, by the names it gives them; only what the name says counts.
fn zones<'a>(content: &str, blocks: impl Iterator<Item = &'a Block>) -> TzResolver<String> {
    let mut all = ICalendar::default();
    for calendar in blocks.filter_map(|b| parse(content, b)) {
        all.components.extend(calendar.components.into_iter().take(1));
    }
    all.build_owned_tz_resolver()
}

struct Out<'a> {
    feed: &'a Feed,
    own: Zone,
    days: Vec<Stretch>,
    times: Vec<Stretch>,
    left: usize,
}

impl Out<'_> {
    /// All occurrences of an event, but for those that a change replaces: the change is an event itself.
    fn event(&mut self, event: &Event, changes: &[&Event], counts: &impl Fn(&Event) -> bool) -> Result<(), Diagnostic> {
        let mut walls = BTreeSet::from([event.start.wall()]);
        for rule in &event.rules {
            walls.extend(self.expand(event, rule)?);
        }
        let clock = match event.start {
            When::Date(_) => Clock::Floating,
            When::Time(_, clock) => clock,
        };
        let own = self.own;
        let all_day = matches!(event.start, When::Date(_));
        // A date names whatever occurs on it.
        let is = |w: &When, wall: NaiveDateTime| match *w {
            When::Date(d) => d == wall.date(),
            When::Time(t, of) if all_day => shown(second(t, of, own), Clock::Floating, own).date() == wall.date(),
            When::Time(t, of) => second(t, of, own) == second(wall, clock, own),
        };
        let mut all: Vec<(NaiveDateTime, Option<Length>)> = walls.into_iter().map(|w| (w, None)).collect();
        for (when, length) in &event.more {
            let wall = match *when {
                When::Time(t, of) if !all_day => shown(second(t, of, own), clock, own),
                other => other.wall(),
            };
            all.push((wall, *length));
        }
        all.retain(|(wall, _)| !event.except.iter().any(|w| is(w, *wall)));
        all.retain(|(wall, _)| !changes.iter().any(|c| c.instead.is_some_and(|(w, _)| is(&w, *wall))));
        // From which occurrence on another event speaks, the latest first.
        let mut later: Vec<(NaiveDateTime, &Event)> = changes
            .iter()
            .filter_map(|c| c.instead.filter(|i| i.1).map(|(w, _)| (w, *c)))
            .map(|(w, c)| match w {
                When::Time(t, of) if !all_day => (shown(second(t, of, own), clock, own), c),
                other => (other.wall(), c),
            })
            .collect();
        later.sort_by_key(|(from, _)| std::cmp::Reverse(*from));
        for (wall, length) in all {
            match later.iter().find(|(from, _)| *from <= wall) {
                None if counts(event) => self.occurs(wall, event.start, length.unwrap_or(event.length))?,
                Some((from, change)) if counts(change) => {
                    let shift = change.start.wall().signed_duration_since(*from);
                    if let Some(wall) = wall.checked_add_signed(shift) {
                        self.occurs(wall, change.start, length.unwrap_or(change.length))?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn occurs(&mut self, wall: NaiveDateTime, like: When, length: Length) -> Result<(), Diagnostic> {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return Err(large(Place::new(self.feed.file.clone(), 1, 1, 0), "200,000 occurrences", "200,000 次事件"));
        }
        match like {
            When::Date(_) => {
                let day = day_of(wall.date());
                self.days.push((day, day.saturating_add(length.days)));
            }
            When::Time(_, clock) => {
                let from = second(wall, clock, self.own);
                let days = if length.days == 0 { Some(wall) } else { days_later(wall, length.days) };
                let end = days.map_or(i64::MAX, |w| second(w, clock, self.own).saturating_add(length.seconds));
                self.times.push((from, end));
            }
        }
        Ok(())
    }

    /// The wall times of a recurrence, until the end of the time covered.
    fn expand(&self, event: &Event, rule: &ICalendarRecurrenceRule) -> Result<Vec<NaiveDateTime>, Diagnostic> {
        let place = || Place::new(self.feed.file.clone(), event.rule_line, 1, 0);
        let refuse = |en: String, zh: String| Diagnostic::error("calendar-feed-recurrence", text(en, zh)).at(place());
        let start = event.start.wall();
        if matches!(rule.freq, ICalendarFrequency::Hourly | ICalendarFrequency::Minutely | ICalendarFrequency::Secondly) {
            return Err(refuse("a recurrence within the day is not read".into(), "不支持一天之内的重复规则".into()));
        }
        let times = [rule.byhour.len(), rule.byminute.len(), rule.bysecond.len()].iter().map(|n| (*n).max(1)).product::<usize>();
        if times > 24 {
            return Err(refuse("the recurrence has more than 24 times a day".into(), "重复规则每天超过 24 次".into()));
        }
        if rule.rscale.is_some() || rule.skip.is_some() {
            return Err(refuse("`RSCALE` and `SKIP` are not read".into(), "不支持 `RSCALE` 和 `SKIP`".into()));
        }
        if rule.interval == Some(0) || rule.count == Some(0) {
            return Err(refuse("`INTERVAL` and `COUNT` are 1 or more".into(), "`INTERVAL` 和 `COUNT` 至少为 1".into()));
        }
        let horizon = NaiveDate::from_ymd_opt(LAST_YEAR, 12, 31).unwrap_or(NaiveDate::MAX).and_hms_opt(23, 59, 59).unwrap_or(start);
        let until = match &rule.until {
            None => horizon,
            Some(until) => {
                let read = until.to_date_time().ok_or_else(|| refuse("`UNTIL` cannot be read".into(), "`UNTIL` 无法识别".into()))?;
                let wall = match (event.start, read.offset) {
                    // A date includes its whole day.
                    _ if until.hour.is_none() => read.date_time.date().and_hms_opt(23, 59, 59).unwrap_or(read.date_time),
                    (When::Time(_, clock), Some(offset)) => {
                        let fixed = Clock::Fixed(i64::from(offset.local_minus_utc()));
                        shown(second(read.date_time, fixed, self.own), clock, self.own)
                    }
                    _ => read.date_time,
                };
                wall.min(horizon)
            }
        };
        if until < start {
            return Ok(Vec::new());
        }
        let rule = ICalendarRecurrenceRule { until: Some(partial(until)), ..rule.clone() };
        let value = |name, value| ICalendarEntry { name, params: Vec::new(), values: vec![value] };
        let component = ICalendarComponent {
            component_type: ICalendarComponentType::VEvent,
            entries: vec![
                value(ICalendarProperty::Dtstart, ICalendarValue::PartialDateTime(Box::new(partial(start)))),
                value(ICalendarProperty::Rrule, ICalendarValue::RecurrenceRule(Box::new(rule))),
            ],
            component_ids: Vec::new(),
        };
        let expanded = ICalendar { components: vec![component] }.expand_dates(Tz::Floating, MOST_OF_ONE);
        if let Some(e) = expanded.errors.first() {
            let why = e.error.to_string().to_lowercase();
            return Err(refuse(format!("the recurrence cannot be expanded: {why}"), format!("无法展开重复规则：{why}")));
        }
        if expanded.events.len() >= MOST_OF_ONE {
            return Err(large(place(), "60,000 occurrences of one event", "60,000 次同一事件"));
        }
        Ok(expanded.events.iter().map(|e| e.start.naive_local()).collect())
    }
}

/// A wall time as calcard keeps it.
fn partial(t: NaiveDateTime) -> PartialDateTime {
    let small = |n: u32| u8::try_from(n).ok();
    PartialDateTime {
        year: u16::try_from(t.year()).ok(),
        month: small(t.month()),
        day: small(t.day()),
        hour: small(t.hour()),
        minute: small(t.minute()),
        second: small(t.second()),
        tz_hour: None,
        tz_minute: None,
        tz_minus: false,
    }
}
