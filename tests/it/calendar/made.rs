//! Random calendars, instants near clock changes, and a second, slow reading of the rules to compare with.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{LazyLock, Mutex},
};
use ticketry::calendar::*;

/// Zones with everything that is odd about zones: missing dates, half hours, changes at midnight, changes in Ramadan, negative DST, quarter-hour offsets.
pub const ZONES: [&str; 25] = [
    "UTC",
    "Europe/Amsterdam",
    "America/New_York",
    "Asia/Shanghai",
    "Pacific/Apia",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Africa/Cairo",
    "America/Sao_Paulo",
    "America/Havana",
    "America/St_Johns",
    "Asia/Tehran",
    "Asia/Kathmandu",
    "Pacific/Chatham",
    "Europe/Dublin",
    "Atlantic/Azores",
    "Asia/Beirut",
    "Pacific/Kwajalein",
    "America/Asuncion",
    "Asia/Amman",
    "Antarctica/Troll",
    "Asia/Pyongyang",
    "Asia/Gaza",
    "Pacific/Kiritimati",
    "Pacific/Fakaofo",
];

pub fn offset(zone: Tz, t: i64) -> i64 {
    use chrono::Offset as _;
    let naive = DateTime::from_timestamp(t, 0).unwrap().naive_utc();
    i64::from(zone.offset_from_utc_datetime(&naive).fix().local_minus_utc())
}

/// Every second from 1970 to 2100 at which the clock of a zone changes.
pub fn changes(zone: &str) -> Vec<i64> {
    static KNOWN: LazyLock<Mutex<HashMap<String, Vec<i64>>>> = LazyLock::new(Mutex::default);
    if let Some(v) = KNOWN.lock().unwrap().get(zone) {
        return v.clone();
    }
    let tz: Tz = zone.parse().unwrap();
    let mut found = Vec::new();
    let (mut t, end, step) = (0i64, 4_102_444_800i64, 6 * 86_400);
    while t < end {
        if offset(tz, t) != offset(tz, t + step) {
            let (mut low, mut high) = (t, t + step);
            while low + 1 < high {
                let m = (low + high) / 2;
                if offset(tz, m) != offset(tz, t) { high = m } else { low = m }
            }
            found.push(high);
        }
        t += step;
    }
    KNOWN.lock().unwrap().insert(zone.to_string(), found.clone());
    found
}

/// The second at which a clock shows `wall`: in a gap the gap's end, in a fold the earlier or the later.
pub fn second(zone: Tz, wall: NaiveDateTime, later: bool) -> i64 {
    let found = zone.from_local_datetime(&wall);
    if let Some(t) = if later { found.latest() } else { found.earliest() } {
        return t.timestamp();
    }
    // The gap's end by definition: the first instant whose clock shows more.
    let guess = wall.and_utc().timestamp();
    let mut t = guess - 2 * 86_400;
    for step in [3600, 60, 1] {
        while t + step + offset(zone, t + step) < guess {
            t += step;
        }
    }
    t + 1
}

/// The rules of S53 read slowly, from the definition alone: open seconds as a sorted list, for the dates `first..=last`.
pub fn slow_open(d: &CalendarDefinition, first: NaiveDate, last: NaiveDate) -> Vec<(i64, i64)> {
    let zone: Tz = d.time_zone.parse().unwrap();
    let holiday = |date: NaiveDate| {
        d.holidays.iter().any(|h| match *h {
            Holiday::Date(x) => x == date,
            Holiday::Range(a, b) => a <= date && date <= b,
            Holiday::Yearly(m, n) => (date.month(), date.day()) == (m, n),
            Holiday::YearlyRange(a, b) => {
                let day = (date.month(), date.day());
                if a <= b { a <= day && day <= b } else { a <= day || day <= b }
            }
        })
    };
    let wall = |date: NaiveDate, s: u32| date.and_time(NaiveTime::MIN) + TimeDelta::seconds(i64::from(s));
    let stretch = |date, w: &Window| (second(zone, wall(date, w.opens()), false), second(zone, wall(date, w.closes()), true));
    let (mut open, mut cut) = (Vec::new(), Vec::new());
    let mut date = first - TimeDelta::days(2);
    while date <= last + TimeDelta::days(2) {
        let none = Vec::new();
        let hours: Vec<Window> = if holiday(date) {
            none
        } else if let Some(w) = d.workdays.iter().find(|w| w.date == date) {
            if d.always { vec![Window::whole_day()] } else { d.weekly.get(w.hours_of.unwrap()).unwrap_or_default().to_vec() }
        } else if let Some(w) = d.date_hours.get(&date) {
            w.clone()
        } else if d.always {
            vec![Window::whole_day()]
        } else {
            d.weekly.get(date.weekday()).unwrap_or_default().to_vec()
        };
        open.extend(hours.iter().map(|w| stretch(date, w)).filter(|w| w.0 < w.1));
        cut.extend(d.date_breaks.get(&date).into_iter().flatten().map(|w| stretch(date, w)));
        date = date.succ_opt().unwrap();
    }
    cut.extend(d.closures.iter().map(|c| (c.from.timestamp(), c.to.timestamp())));
    let mut bounds: Vec<i64> = open.iter().chain(&cut).flat_map(|(a, b)| [*a, *b]).collect();
    // A holiday is closed whenever its clock shows that date: the date can change only at midnight or at a clock change.
    let mut day = first - TimeDelta::days(2);
    while day <= last + TimeDelta::days(3) {
        bounds.push(second(zone, day.and_time(NaiveTime::MIN), false));
        bounds.push(second(zone, day.and_time(NaiveTime::MIN), true));
        day = day.succ_opt().unwrap();
    }
    let (low, high) = (*bounds.iter().min().unwrap(), *bounds.iter().max().unwrap());
    bounds.extend(changes(&d.time_zone).into_iter().filter(|t| (low..high).contains(t)));
    bounds.sort_unstable();
    bounds.dedup();
    let mut out: Vec<(i64, i64)> = Vec::new();
    for pair in bounds.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let local = DateTime::from_timestamp(a + offset(zone, a), 0).unwrap().date_naive();
        let inside = |list: &[(i64, i64)]| list.iter().any(|w| w.0 <= a && a < w.1);
        if inside(&open) && !inside(&cut) && !holiday(local) {
            match out.last_mut() {
                Some(last) if last.1 == a => last.1 = b,
                _ => out.push((a, b)),
            }
        }
    }
    out
}

fn windows() -> impl Strategy<Value = Vec<Window>> {
    // Sorted cut points make disjoint windows; whole hours, minutes or seconds, sometimes until 24:00.
    let cut = prop_oneof![(0u32..=24).prop_map(|h| h * 3600), (0u32..=1440).prop_map(|m| m * 60), 0u32..=86_400];
    proptest::collection::btree_set(cut, 2..7).prop_map(|cuts| {
        let cuts: Vec<u32> = cuts.into_iter().collect();
        cuts.chunks_exact(2).map(|c| Window::seconds(c[0], c[1])).collect()
    })
}

fn date(around: NaiveDate) -> impl Strategy<Value = NaiveDate> {
    (-12i64..=12).prop_map(move |n| around + TimeDelta::days(n))
}

/// A calendar and an instant its special dates are near to, half of the time within two days of a clock change.
pub fn calendar_near() -> impl Strategy<Value = (CalendarDefinition, DateTime<Utc>)> {
    (
        proptest::sample::select(&ZONES[..]),
        any::<prop::sample::Index>(),
        0i64..4_070_000_000,
        -172_800_000_000i64..172_800_000_000,
        any::<bool>(),
    )
        .prop_flat_map(|(zone, which, any_second, micros, near)| {
            let changes = changes(zone);
            let second = if near && !changes.is_empty() { changes[which.index(changes.len())] } else { any_second };
            let t = DateTime::from_timestamp_micros(second * 1_000_000 + micros).unwrap().max(DateTime::UNIX_EPOCH + TimeDelta::days(30));
            let around = t.date_naive();
            let weekly = proptest::collection::btree_map(0u8..7, windows(), 1..8);
            let night = proptest::option::of((0u8..7, 18u32 * 3600..86_400, 0u32..4 * 3600));
            let holidays = proptest::collection::vec((date(around), 0i64..3, 0u8..4), 0..4);
            let hours = proptest::collection::btree_map(date(around), windows(), 0..4);
            let breaks = proptest::collection::btree_map(date(around), windows(), 0..4);
            let always = proptest::bool::weighted(0.1);
            let made_up = proptest::collection::vec((date(around), 0usize..7), 0..3);
            let closures = proptest::collection::vec((-900_000i64..900_000, 1i64..200_000), 0..3);
            (weekly, night, holidays, hours, breaks, always, made_up, closures).prop_map(
                move |(weekly, night, holidays, hours, breaks, always, made_up, closures)| {
                    let mut d = assemble(zone, weekly, night, holidays, hours, breaks, always);
                    // Make-up days (调休) with the hours of a day that has some.
                    let worked: Vec<chrono::Weekday> = (0..7u8)
                        .map(|n| chrono::Weekday::try_from(n).unwrap())
                        .filter(|w| d.always || d.weekly.get(*w).is_some())
                        .collect();
                    for (date, n) in made_up {
                        if !d.date_hours.contains_key(&date) && !d.workdays.iter().any(|w| w.date == date) {
                            d.workdays.push(Workday { date, hours_of: Some(worked[n % worked.len()]) });
                        }
                    }
                    for (from, length) in closures {
                        let from = DateTime::from_timestamp(t.timestamp() + from, 0).unwrap();
                        d = d.closed(from, from + TimeDelta::seconds(length));
                    }
                    (d, t)
                },
            )
        })
}

type Dates = BTreeMap<NaiveDate, Vec<Window>>;

fn assemble(
    zone: &str,
    weekly: BTreeMap<u8, Vec<Window>>,
    night: Option<(u8, u32, u32)>,
    holidays: Vec<(NaiveDate, i64, u8)>,
    hours: Dates,
    breaks: Dates,
    always: bool,
) -> CalendarDefinition {
    let mut d = CalendarDefinition::new("made", zone);
    d.always = always;
    let day = |n: u8| chrono::Weekday::try_from(n).unwrap();
    if !always {
        for (n, w) in &weekly {
            d.weekly.set(day(*n), w.clone());
        }
        if let Some((n, open, close)) = night {
            // A night shift, its next day cut so that nothing overlaps.
            d.weekly.set(day(n), vec![Window::seconds(open, 86_400 + close)]);
            let next = day((n + 1) % 7);
            let rest: Vec<Window> = d.weekly.get(next).unwrap_or_default().iter().filter(|w| w.opens() >= close).copied().collect();
            if !rest.is_empty() {
                d.weekly.set(next, rest);
            } else if d.weekly.get(next).is_some() {
                d.weekly.set(next, vec![Window::seconds(12 * 3600, 13 * 3600)]);
            }
        }
    }
    d.holidays = holidays
        .into_iter()
        .map(|(a, n, kind)| match kind {
            0 => Holiday::Date(a),
            1 => Holiday::Range(a, a + TimeDelta::days(n)),
            2 => Holiday::YearlyRange((a.month(), a.day()), ((a + TimeDelta::days(n)).month(), (a + TimeDelta::days(n)).day())),
            _ => Holiday::Yearly(a.month(), a.day()),
        })
        .collect();
    d.date_hours = hours;
    d.date_breaks = breaks;
    d
}
