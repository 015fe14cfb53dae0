//! What is wrong with a definition.

use super::compiled::{Calendar, Kind};
use super::definition::CalendarDefinition;
use super::rules::{Rules, day_of};
use super::window::{DAY, DAY_NAMES, Holiday, Window};
use super::zone::Zone;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, text};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// A week in seconds.
const WEEK: u32 = 7 * DAY;

/// Where each part of a definition stands: `weekly.mon`, `weekly.mon.0` (window), `holidays.2`, `date_hours.2025-12-24.0`, `time_zone`.
#[derive(Clone, Debug)]
pub(super) struct Places {
    pub(super) whole: Place,
    pub(super) parts: BTreeMap<String, Place>,
}

impl Places {
    pub(super) fn built(definition: &CalendarDefinition) -> Self {
        Self { whole: Place::file(format!("calendar {}", definition.name)), parts: BTreeMap::new() }
    }
    /// The place of a part, else of what contains it, else the whole.
    pub(super) fn of(&self, part: &str) -> Place {
        let mut part = part;
        loop {
            if let Some(place) = self.parts.get(part) {
                return place.clone();
            }
            match part.rsplit_once('.') {
                Some((outer, _)) => part = outer,
                None => return self.whole.clone(),
            }
        }
    }
}

impl Calendar {
    /// Checks and compiles a definition.
    ///
    /// # Errors
    /// Every problem found, by code: `calendar-unknown-zone`, `calendar-bad-version`, `calendar-empty-window`, `calendar-reversed-window`, `calendar-long-window`,
    /// `calendar-overlap`, `calendar-empty-day`, `calendar-always-and-weekly`, `calendar-reversed-range`, `calendar-day-twice`, `calendar-workday-without-hours`,
    /// `calendar-never-opens`.
    pub fn compile(definition: &CalendarDefinition) -> Result<Self, Diagnostics> {
        compile(definition, &Places::built(definition)).0
    }
    /// All that is wrong or suspicious about a definition; warnings have the codes `calendar-hidden-date`, `calendar-idle-break` and `calendar-skipped-window`.
    pub fn check(definition: &CalendarDefinition) -> Diagnostics {
        let (result, warnings) = compile(definition, &Places::built(definition));
        result.err().unwrap_or(warnings)
    }
}

/// The calendar or all problems, and the warnings (in the problems, too).
pub(super) fn compile(definition: &CalendarDefinition, places: &Places) -> (Result<Calendar, Diagnostics>, Diagnostics) {
    let mut found = Diagnostics::new();
    let zone = parts(definition, places, &mut found);
    let Some(zone) = zone.filter(|_| !found.has_errors()) else { return (Err(found), Diagnostics::new()) };
    let calendar = plain(definition, zone);
    let skipped = skipped(definition, zone, places);
    if !calendar.ever_opens() {
        found.push(never(definition, zone, places, skipped.first()));
        return (Err(found), Diagnostics::new());
    }
    found.extend(skipped);
    let without = Rules::new(&CalendarDefinition { date_breaks: BTreeMap::new(), ..definition.clone() }, zone);
    // A break may also end the night before early.
    let closed = |day: i64| without.open_on(day).is_empty();
    let idle = |date: &NaiveDate| closed(day_of(*date)) && closed(day_of(*date).saturating_sub(1));
    for (date, _) in definition.date_breaks.iter().filter(|(d, _)| idle(d)) {
        found.push(
            Diagnostic::warning(
                "calendar-idle-break",
                text(
                    format!("the break on {date} removes nothing: that date is closed"),
                    format!("{date} 的休息时段不起作用：该日本来就不营业"),
                ),
            )
            .at(places.of(&format!("date_breaks.{date}"))),
        );
    }
    (Ok(calendar), found)
}

fn plain(definition: &CalendarDefinition, zone: Zone) -> Calendar {
    Calendar::of(definition.name.clone(), definition.version, zone, Kind::Plain(Box::new(Rules::new(definition, zone))))
}

/// Special hours that are no time at all, because the clock jumps over them on their date (S54).
fn skipped(definition: &CalendarDefinition, zone: Zone, places: &Places) -> Vec<Diagnostic> {
    let rules = Rules::new(definition, zone);
    let clock = |second: i64| {
        let minutes = second.rem_euclid(86_400).div_euclid(60);
        format!("{:02}:{:02}", minutes.div_euclid(60), minutes.rem_euclid(60))
    };
    let mut found = Vec::new();
    for (date, list) in definition.date_hours.iter().filter(|(d, _)| !rules.is_holiday(day_of(**d))) {
        for (i, w) in list.iter().enumerate() {
            // An opening that does not exist is the end of the gap.
            let (open, close) = rules.stretch(day_of(*date), w);
            if open < close {
                continue;
            }
            let (from, to) = (clock(zone.clock(open.saturating_sub(1)).saturating_add(1)), clock(zone.clock(open)));
            let message = text(
                format!("`{w}` is no time: on {date} the clock jumps from {from} to {to} in {}", zone.name()),
                format!("`{w}` 不存在：{date} 时钟在 {} 从 {from} 跳到 {to}", zone.name()),
            );
            let help = text("give that date hours that the clock does not jump over", "请为该日写时钟没有跳过的时段");
            found.push(Diagnostic::warning("calendar-skipped-window", message).at(places.of(&format!("date_hours.{date}.{i}"))).help(help));
        }
    }
    found
}

/// Says what takes its open time away, where that can be told.
fn never(definition: &CalendarDefinition, zone: Zone, places: &Places, skipped: Option<&Diagnostic>) -> Diagnostic {
    let d = never_opens(&definition.name);
    let opens = |change: fn(&mut CalendarDefinition)| {
        let mut other = definition.clone();
        change(&mut other);
        plain(&other, zone).ever_opens()
    };
    let cause = if opens(|c| c.holidays.clear()) {
        Some("holidays")
    } else if opens(|c| c.closures.clear()) {
        Some("closures")
    } else if opens(|c| c.date_breaks.clear()) {
        Some("date_breaks")
    } else {
        None
    };
    if let Some(cause) = cause {
        let help = text(format!("its `{cause}` take every hour away: leave some"), format!("`{cause}` 占满了所有时段：请留出营业时间"));
        let first = places.parts.keys().find(|part| part.strip_prefix(cause).is_some_and(|rest| rest.starts_with('.')));
        let place =
            if places.parts.contains_key(cause) { places.of(cause) } else { first.map_or(places.whole.clone(), |part| places.of(part)) };
        return d.at(place).help(help);
    }
    if let Some((place, why)) = skipped.and_then(|s| Some((s.place()?.clone(), &s.message))) {
        return d.at(place).help(text(
            format!("{}; give it hours that the clock does not jump over", why.en),
            format!("{}；请写时钟没有跳过的时段", why.zh),
        ));
    }
    d.at(places.whole.clone()).help(text(
        "give it windows, such as `weekly = { mon-fri = [\"09:00-17:00\"] }`, or `always = true`; see that holidays and breaks leave something",
        "请写营业时段，例如 `weekly = { mon-fri = [\"09:00-17:00\"] }`，或 `always = true`；并确认节假日和休息没有占满所有时段",
    ))
}
/// A calendar that has no open time.
pub(super) fn never_opens(name: &crate::id::CalendarName) -> Diagnostic {
    Diagnostic::error("calendar-never-opens", text(format!("calendar `{name}` is never open"), format!("日历 `{name}` 从不营业")))
}

fn parts(definition: &CalendarDefinition, places: &Places, found: &mut Diagnostics) -> Option<Zone> {
    let zone = match Zone::named(&definition.time_zone) {
        Ok(zone) => Some(zone),
        Err(e) => {
            found.push(Diagnostic::error("calendar-unknown-zone", e.text()).at(places.of("time_zone")).maybe_help(e.help()));
            None
        }
    };
    if definition.version == 0 {
        let d = Diagnostic::error("calendar-bad-version", text("versions count from 1", "版本号从 1 开始"));
        found.push(d.at(places.of("version")));
    }
    if definition.always && !definition.weekly.is_empty() {
        found.push(
            Diagnostic::error(
                "calendar-always-and-weekly",
                text("`always` and `weekly` exclude each other", "`always` 与 `weekly` 不能同时使用"),
            )
            .at(places.of("always"))
            .also(places.of("weekly"), text("the weekly windows", "每周时段"))
            .help(text("remove one of them", "请删去其中一个")),
        );
    }
    weekly(definition, places, found);
    for (table, dates) in [("date_hours", &definition.date_hours), ("date_breaks", &definition.date_breaks)] {
        for (date, list) in dates {
            windows(&format!("{table}.{date}"), &date.to_string(), list, places, found);
        }
    }
    holidays(definition, places, found);
    workdays(definition, places, found);
    Some(zone).flatten()
}

/// Each window by itself, and the list for emptiness and overlaps.
fn windows(part: &str, day: &str, list: &[Window], places: &Places, found: &mut Diagnostics) {
    if list.is_empty() {
        found.push(
            Diagnostic::error("calendar-empty-day", text(format!("`{day}` is listed without windows"), format!("`{day}` 没有写任何时段")))
                .at(places.of(part))
                .help(text(
                    "leave a weekday out if it is closed; list a closed date under `holidays`",
                    "不营业的星期几请不要列出；不营业的日期请写入 `holidays`",
                )),
        );
    }
    for (i, w) in list.iter().enumerate() {
        if let Some(d) = window(w) {
            found.push(d.at(places.of(&format!("{part}.{i}"))));
        }
    }
    let mut order: Vec<(usize, &Window)> = list.iter().enumerate().filter(|(_, w)| window(w).is_none()).collect();
    order.sort_by_key(|(_, w)| **w);
    for pair in order.windows(2) {
        if let [(i, a), (j, b)] = pair
            && a.close > b.open
        {
            found.push(overlap(a, b, places.of(&format!("{part}.{j}")), places.of(&format!("{part}.{i}"))));
        }
    }
}

fn overlap(a: &Window, b: &Window, at: Place, other: Place) -> Diagnostic {
    Diagnostic::error("calendar-overlap", text(format!("`{b}` overlaps `{a}`"), format!("`{b}` 与 `{a}` 重叠")))
        .at(at)
        .also(other, text("the other window", "另一个时段"))
        .help(text("join them, or let one end where the other starts", "请合并两个时段，或让前一个在后一个开始时结束"))
}

fn window(w: &Window) -> Option<Diagnostic> {
    if w.open == w.close {
        let d = Diagnostic::error("calendar-empty-window", text(format!("window `{w}` is empty"), format!("时段 `{w}` 长度为零")));
        return Some(d.help(text("for a whole day write `00:00-24:00`", "全天请写 `00:00-24:00`")));
    }
    if w.close < w.open {
        let d = Diagnostic::error(
            "calendar-reversed-window",
            text(format!("window `{w}` ends before it starts"), format!("时段 `{w}` 的结束早于开始")),
        );
        return Some(d.help(text("swap its ends, or write it as an overnight window", "请对调两端，或写成跨夜时段")));
    }
    if w.open >= DAY || w.close.saturating_sub(w.open) > DAY {
        let message = text(
            format!("window `{w}` starts after its date or is longer than a day"),
            format!("时段 `{w}` 的开始不在当天，或超过 24 小时"),
        );
        return Some(Diagnostic::error("calendar-long-window", message).help(text("split it over the dates it covers", "请按日期拆开")));
    }
    None
}

fn weekly(definition: &CalendarDefinition, places: &Places, found: &mut Diagnostics) {
    for (name, list) in DAY_NAMES.iter().zip(&definition.weekly.days) {
        if let Some(list) = list {
            windows(&format!("weekly.{name}"), name, list, places, found);
        }
    }
    // An overnight window against the next day's: the week is a circle.
    for (day, name) in DAY_NAMES.iter().enumerate() {
        let next = day.saturating_add(1).checked_rem(7).unwrap_or(0);
        let next_name = DAY_NAMES.get(next).copied().unwrap_or_default();
        for (i, night) in definition.weekly.windows(day).iter().enumerate().filter(|(_, w)| w.is_overnight() && window(w).is_none()) {
            for (j, morning) in definition.weekly.windows(next).iter().enumerate() {
                if morning.open < night.close.saturating_sub(DAY) && night.close < WEEK && window(morning).is_none() {
                    let d =
                        overlap(night, morning, places.of(&format!("weekly.{next_name}.{j}")), places.of(&format!("weekly.{name}.{i}")));
                    found.push(d);
                }
            }
        }
    }
}

fn holidays(definition: &CalendarDefinition, places: &Places, found: &mut Diagnostics) {
    for (i, holiday) in definition.holidays.iter().enumerate() {
        if let Holiday::Range(a, b) = holiday
            && b < a
        {
            let d = Diagnostic::error(
                "calendar-reversed-range",
                text(format!("`{holiday}` ends before it starts"), format!("`{holiday}` 的结束早于开始")),
            );
            found.push(d.at(places.of(&format!("holidays.{i}"))).help(text("swap its ends", "请对调两端")));
        }
    }
    for (i, closure) in definition.closures.iter().enumerate().filter(|(_, c)| c.to <= c.from) {
        let message = text(format!("`{closure}` ends before it starts"), format!("`{closure}` 的结束早于开始"));
        let d = Diagnostic::error("calendar-reversed-range", message).at(places.of(&format!("closures.{i}")));
        found.push(d.help(text("swap its ends", "请对调两端")));
    }
    let closed = |date: &NaiveDate| {
        use chrono::Datelike as _;
        let day = (date.month(), date.day());
        definition.holidays.iter().any(|h| match *h {
            Holiday::Date(d) => d == *date,
            Holiday::Range(a, b) => a <= *date && *date <= b,
            Holiday::Yearly(m, d) => (m, d) == day,
            Holiday::YearlyRange(a, b) => {
                if a <= b {
                    a <= day && day <= b
                } else {
                    day >= a || day <= b
                }
            }
        })
    };
    let dates = definition.date_hours.keys().map(|d| (format!("date_hours.{d}"), *d));
    let workdays = definition.workdays.iter().enumerate().map(|(i, w)| (format!("workdays.{i}"), w.date));
    for (part, date) in dates.chain(workdays).filter(|(_, d)| closed(d)) {
        let message = text(format!("{date} is a holiday, so its hours do not count"), format!("{date} 是节假日，所写时段不起作用"));
        let help = text("remove it from the holidays, or from here", "请从节假日或此处删去该日期");
        found.push(Diagnostic::warning("calendar-hidden-date", message).at(places.of(&part)).help(help));
    }
}

fn workdays(definition: &CalendarDefinition, places: &Places, found: &mut Diagnostics) {
    let mut seen: BTreeSet<NaiveDate> = definition.date_hours.keys().copied().collect();
    for (i, workday) in definition.workdays.iter().enumerate() {
        let place = places.of(&format!("workdays.{i}"));
        if !seen.insert(workday.date) {
            let date = workday.date;
            let d = Diagnostic::error("calendar-day-twice", text(format!("{date} is given hours twice"), format!("{date} 的时段重复指定")));
            found.push(
                d.at(place.clone())
                    .help(text("list it once, under `workdays` or `date_hours`", "请只在 `workdays` 或 `date_hours` 中写一次")),
            );
        }
        if !definition.always && definition.workday_hours(workday).is_empty() {
            let message = text(format!("working day `{workday}` has no hours to take"), format!("调休工作日 `{workday}` 没有可用的时段"));
            let help = text(
                "name a weekday that has windows, as in `2025-09-28 as mon`, or give the hours under `date_hours`",
                "请指定一个有时段的星期几，例如 `2025-09-28 as mon`，或在 `date_hours` 中写明时段",
            );
            found.push(Diagnostic::error("calendar-workday-without-hours", message).at(place).help(help));
        }
    }
}
