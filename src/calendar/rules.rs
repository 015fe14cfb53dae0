//! A plain calendar's rules, ready to be asked about any date.

use super::definition::CalendarDefinition;
use super::spans::{Stretch, minus, tidy};
use super::window::{Holiday, Window};
use super::zone::{FoldRule, GapRule, Zone};
use chrono::{Datelike as _, NaiveDate};
use std::collections::BTreeMap;

/// Days since 1970 of a date.
pub(super) fn day_of(date: NaiveDate) -> i64 {
    i64::from(date.to_epoch_days())
}
/// The date so many days after 1970-01-01.
pub(super) fn date_of(day: i64) -> Option<NaiveDate> {
    i32::try_from(day).ok().and_then(NaiveDate::from_epoch_days)
}

#[derive(Debug)]
pub(super) struct Rules {
    zone: Zone,
    weekly: [Vec<Window>; 7],
    dated: BTreeMap<i64, Vec<Window>>,
    breaks: BTreeMap<i64, Vec<Window>>,
    /// Sorted, disjoint ranges of days, the end excluded.
    holidays: Vec<Stretch>,
    /// Sorted, disjoint stretches of seconds.
    closures: Vec<Stretch>,
    /// One bit per day of the month, for each month.
    yearly: [u32; 13],
    any_yearly: bool,
    overnight: bool,
    always: bool,
}

impl Rules {
    pub(super) fn new(definition: &CalendarDefinition, zone: Zone) -> Self {
        let weekly: [Vec<Window>; 7] =
            std::array::from_fn(|day| if definition.always { vec![Window::whole_day()] } else { definition.weekly.windows(day).to_vec() });
        let mut dated: BTreeMap<i64, Vec<Window>> = BTreeMap::new();
        for workday in &definition.workdays {
            let hours = if definition.always { vec![Window::whole_day()] } else { definition.workday_hours(workday).to_vec() };
            dated.insert(day_of(workday.date), hours);
        }
        dated.extend(definition.date_hours.iter().map(|(d, w)| (day_of(*d), w.clone())));
        let breaks: BTreeMap<i64, Vec<Window>> = definition.date_breaks.iter().map(|(d, w)| (day_of(*d), w.clone())).collect();
        let mut holidays = Vec::new();
        let mut yearly = [0u32; 13];
        let mut mark = |month: u32, day: u32| {
            if let Some(m) = usize::try_from(month).ok().and_then(|m| yearly.get_mut(m)) {
                *m |= 1u32.checked_shl(day).unwrap_or(0);
            }
        };
        for holiday in &definition.holidays {
            match *holiday {
                Holiday::Date(d) => holidays.push((day_of(d), day_of(d).saturating_add(1))),
                Holiday::Range(a, b) => holidays.push((day_of(a), day_of(b).saturating_add(1))),
                Holiday::Yearly(m, d) => mark(m, d),
                Holiday::YearlyRange(from, to) => {
                    let wraps = from > to;
                    for month in 1..=12 {
                        for day in 1..=31 {
                            let at = (month, day);
                            if if wraps { at >= from || at <= to } else { at >= from && at <= to } {
                                mark(month, day);
                            }
                        }
                    }
                }
            }
        }
        let all = weekly.iter().chain(dated.values()).flatten();
        Self {
            zone,
            overnight: all.chain(breaks.values().flatten()).any(Window::is_overnight),
            any_yearly: yearly.iter().any(|m| *m != 0),
            always: definition.always,
            holidays: tidy(holidays),
            closures: tidy(definition.closures.iter().map(|c| (c.from.timestamp(), c.to.timestamp())).collect()),
            weekly,
            dated,
            breaks,
            yearly,
        }
    }

    pub(super) fn is_holiday(&self, day: i64) -> bool {
        let after = self.holidays.partition_point(|h| h.1 <= day);
        if self.holidays.get(after).is_some_and(|h| h.0 <= day) {
            return true;
        }
        self.any_yearly
            && date_of(day).is_some_and(|d| {
                let month = usize::try_from(d.month()).ok().and_then(|m| self.yearly.get(m)).copied().unwrap_or(0);
                month.checked_shr(d.day()).unwrap_or(0) & 1 == 1
            })
    }
    /// Whether the definition names this date rather than only its weekday.
    pub(super) fn speaks_on(&self, day: i64) -> bool {
        self.dated.contains_key(&day) || self.is_holiday(day)
    }
    fn windows(&self, day: i64) -> &[Window] {
        if self.is_holiday(day) {
            return &[];
        }
        match self.dated.get(&day) {
            Some(windows) => windows,
            // 1970-01-01 was a Thursday.
            None => usize::try_from(day.saturating_add(3).rem_euclid(7)).ok().and_then(|d| self.weekly.get(d)).map_or(&[], Vec::as_slice),
        }
    }
    /// The seconds at which a window opens and closes on a day: an opening or closing inside a gap moves to its end, an opening in a fold is
    /// the earlier instant, a closing the later (S54).
    pub(super) fn stretch(&self, day: i64, window: &Window) -> Stretch {
        let midnight = day.saturating_mul(86_400);
        let at = |s: u32, fold| self.zone.second(midnight.saturating_add(i64::from(s)), GapRule::End, fold);
        (at(window.open, FoldRule::Earlier), at(window.close, FoldRule::Later))
    }
    /// What is open and what is taken away on the dates `first..=last`.
    fn gather(&self, first: i64, last: i64) -> (Vec<Stretch>, Vec<Stretch>) {
        let (mut open, mut cut) = (Vec::new(), Vec::new());
        for day in first..=last {
            open.extend(self.windows(day).iter().map(|w| self.stretch(day, w)));
            if let Some(breaks) = self.breaks.get(&day) {
                cut.extend(breaks.iter().map(|w| self.stretch(day, w)));
            }
            if self.is_holiday(day) {
                cut.extend(civil_day(self.zone, day));
            }
        }
        if let (Some(from), Some(to)) = (open.iter().map(|s| s.0).min(), open.iter().map(|s| s.1).max()) {
            let after = self.closures.partition_point(|c| c.1 <= from);
            cut.extend(self.closures.iter().skip(after).take_while(|c| c.0 < to));
        }
        (tidy(open), tidy(cut))
    }
    /// What is open between two instants in seconds.
    pub(super) fn open(&self, from: i64, to: i64) -> Vec<Stretch> {
        let plain = self.dated.is_empty() && self.breaks.is_empty() && self.closures.is_empty();
        if self.always && self.holidays.is_empty() && !self.any_yearly && plain {
            return vec![(from, to)];
        }
        // No zone is farther than a day from UTC; one day more for windows that began the evening before.
        let first = from.div_euclid(86_400).saturating_sub(3);
        let last = to.div_euclid(86_400).saturating_add(2);
        let (open, cut) = self.gather(first, last);
        super::spans::intersection(&minus(&open, &cut), &[(from, to)])
    }
    /// What is open of the windows that start on this date.
    pub(super) fn open_on(&self, day: i64) -> Vec<Stretch> {
        let own = tidy(self.windows(day).iter().map(|w| self.stretch(day, w)).collect());
        if own.is_empty() || (self.breaks.is_empty() && self.closures.is_empty() && !self.overnight) {
            return own;
        }
        let (_, cut) = self.gather(day.saturating_sub(1), day.saturating_add(1));
        minus(&own, &cut)
    }
}

/// The seconds at which a clock in that zone shows this date: one stretch as a rule, none for a date that was skipped, two where the clock is put back over
/// midnight (St. John's until 2011: 00:01 became 23:01 of the date before).
pub(super) fn civil_day(zone: Zone, day: i64) -> Vec<Stretch> {
    let (start, end) = (midnight(zone, day), midnight(zone, day.saturating_add(1)));
    match start.back {
        None => tidy(vec![(start.first, end.first), end.back.unwrap_or((0, 0))]),
        Some((back, again)) => tidy(vec![(start.first, back), (again, end.first), end.back.unwrap_or((0, 0))]),
    }
}

/// When a date begins, and the stretch after that in which it is the day before again.
struct Midnight {
    first: i64,
    back: Option<Stretch>,
}

fn midnight(zone: Zone, day: i64) -> Midnight {
    let wall = day.saturating_mul(86_400);
    let (first, again) = (zone.second(wall, GapRule::End, FoldRule::Earlier), zone.second(wall, GapRule::End, FoldRule::Later));
    let before = |t: i64| zone.clock(t) < wall;
    if first == again || !before(again.saturating_sub(1)) {
        return Midnight { first, back: None };
    }
    let (mut low, mut high) = (first, again.saturating_sub(1));
    while low.saturating_add(1) < high {
        let middle = low.midpoint(high);
        if before(middle) { high = middle } else { low = middle }
    }
    Midnight { first, back: Some((high, again)) }
}
