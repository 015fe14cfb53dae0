//! Call by call against crate workclock 0.1, another way to the same figures: it walks along the shifts, we look sums up.
//!
//! Where the two mean different things by the same words, a call is left out by name, and only if its span holds such a place:
//! - `MissingDate`, its known fault: a date the zone skipped (Apia 2011-12-30) is worked on the date after it;
//! - `EdgeInGap`: a time inside a gap lies after it by as much as the clock jumped, not at its end (S54);
//! - `CloseInFold`: a closing (or the start of a break) that comes twice is the earlier one, not the later (S54);
//! - `MidnightTwice`: a clock put back over midnight makes a holiday of both evenings;
//! - `OtherClock`: jiff's tz database has another clock there;
//! - `Outside`: it reaches before 1970 or after 2086, for which the places are not listed.

use super::made::{ZONES, changes, offset};
use crate::scale::pick;
use chrono::{DateTime, TimeDelta, Utc, Weekday};
use jiff::{SignedDuration, Timestamp, civil, tz};
use std::collections::BTreeMap;
use ticketry::calendar::*;
use workclock::{Break, Holidays, Schedule, Weekdays, WorkDay};

/// Why a call is not compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Apart {
    MissingDate,
    EdgeInGap,
    CloseInFold,
    MidnightTwice,
    OtherClock,
    Outside,
}

struct Rng(u64);
impl Rng {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }
    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// The same hours for both.
struct Pair {
    zone: &'static str,
    ours: Calendar,
    theirs: Schedule,
    /// Where the two mean different things.
    apart: Vec<(i64, Apart)>,
}

fn civil_time(seconds: u32) -> civil::Time {
    let s = seconds % 86_400;
    civil::time((s / 3600) as i8, (s / 60 % 60) as i8, (s % 60) as i8, 0)
}
fn weekdays(days: &[u8]) -> Weekdays {
    let all = [
        civil::Weekday::Monday,
        civil::Weekday::Tuesday,
        civil::Weekday::Wednesday,
        civil::Weekday::Thursday,
        civil::Weekday::Friday,
        civil::Weekday::Saturday,
        civil::Weekday::Sunday,
    ];
    days.iter().map(|d| all[usize::from(*d)]).collect()
}

fn pair(rng: &mut Rng, zone: &'static str, around: i64) -> Pair {
    // From the hour to the second.
    let grain = [3600, 1800, 60, 1][rng.below(4) as usize];
    let at = |rng: &mut Rng, low: u32, high: u32| low + (rng.below(u64::from(high - low)) as u32) / grain * grain;
    let days: Vec<u8> = (0..7).filter(|_| !rng.one_in(3)).collect();
    let days = if days.is_empty() { vec![2] } else { days };
    let mut d = CalendarDefinition::new("pair", zone);
    let mut theirs = Schedule::builder().time_zone(zone);
    // The starts and the ends of what is open, in seconds of the day, for the conventions.
    let (mut opens, mut closes) = (Vec::new(), Vec::new());
    let night = rng.one_in(4);
    let (open, close) = if night {
        (at(rng, 17 * 3600, 86_400), 86_400 + at(rng, 0, 16 * 3600))
    } else {
        let open = at(rng, 0, 14 * 3600);
        (open, if rng.one_in(8) { 86_400 } else { at(rng, open + 3600, 86_400).max(open + 3600) })
    };
    let mut windows = vec![Window::seconds(open, close)];
    theirs = theirs.rule(WorkDay::new(civil_time(open), civil_time(close), weekdays(&days)));
    opens.push(open);
    closes.push(close % 86_400);
    if !night && close - open > 4 * 3600 && rng.one_in(2) {
        let start = at(rng, open + 3600, close - 2 * 3600).max(open + 1);
        let end = (start + 1800 + at(rng, 0, 3600)).min(close - 1);
        windows = vec![Window::seconds(open, start), Window::seconds(end, close)];
        theirs = theirs.rule(Break::new(civil_time(start), civil_time(end), weekdays(&days)));
        opens.push(end);
        closes.push(start);
    }
    for day in &days {
        d.weekly.set(Weekday::try_from(*day).unwrap(), windows.clone());
    }
    let mut dates = Vec::new();
    for _ in 0..rng.below(12) {
        let day = around.div_euclid(86_400) + rng.below(800) as i64 - 400;
        let date = DateTime::from_timestamp(day * 86_400, 0).unwrap().date_naive();
        dates.push(civil::date(
            chrono::Datelike::year(&date) as i16,
            chrono::Datelike::month(&date) as i8,
            chrono::Datelike::day(&date) as i8,
        ));
        if night {
            // For workclock a holiday takes its hours away, and leaves those after midnight to the shift that began on it.
            let midnight = |d: chrono::NaiveDate| {
                zone_wall_to_instant(zone, d.and_hms_opt(0, 0, 0).unwrap(), GapRule::End, FoldRule::Earlier).unwrap().unwrap()
            };
            let (from, to) = (midnight(date), midnight(date.succ_opt().unwrap()));
            // A date that was skipped has no length.
            if from < to {
                d = d.closed(from, to);
            }
        } else {
            d.holidays.push(Holiday::Date(date));
        }
    }
    if !dates.is_empty() {
        theirs = theirs.rule(Holidays::new(dates));
    }
    let apart = apart(zone, &opens, &closes);
    let ours = Calendar::compile(&d).unwrap_or_else(|e| panic!("{e}\n{d:?}"));
    Pair { zone, ours, theirs: theirs.build().unwrap(), apart }
}

fn apart(zone: &str, opens: &[u32], closes: &[u32]) -> Vec<(i64, Apart)> {
    let tz: chrono_tz::Tz = zone.parse().unwrap();
    let jiff = tz::TimeZone::get(zone).unwrap();
    let theirs = |t: i64| i64::from(jiff.to_offset(Timestamp::from_second(t).unwrap()).seconds());
    let mut out = Vec::new();
    for change in changes(zone) {
        let (before, after) = (offset(tz, change - 1), offset(tz, change));
        if (theirs(change - 1), theirs(change)) != (before, after) {
            out.push((change, Apart::OtherClock));
        }
        // What the clock skips or shows twice, as seconds of the days it touches.
        let (low, high) = (change + before.min(after), change + before.max(after));
        let inside = |edges: &[u32], strictly: bool| {
            (low.div_euclid(86_400)..=high.div_euclid(86_400)).any(|day| {
                edges.iter().any(|e| {
                    let wall = day * 86_400 + i64::from(*e);
                    if strictly { low < wall && wall < high } else { low <= wall && wall < high }
                })
            })
        };
        if high - low >= 86_400 {
            out.push((change, Apart::MissingDate));
        } else if after > before && (inside(opens, true) || inside(closes, true)) {
            out.push((change, Apart::EdgeInGap));
        } else if after < before && inside(closes, false) {
            out.push((change, Apart::CloseInFold));
        } else if after < before && low.div_euclid(86_400) < (high - 1).div_euclid(86_400) {
            out.push((change, Apart::MidnightTwice));
        }
    }
    out
}

fn theirs_at(t: DateTime<Utc>) -> Timestamp {
    Timestamp::from_microsecond(t.timestamp_micros()).unwrap()
}
fn micros(t: Timestamp) -> i64 {
    t.as_microsecond()
}

#[test]
fn every_call_equals_workclock() {
    let calls = pick(3000, 120_000, 600_000);
    let mut rng = Rng(20_260_101);
    let mut left_out: BTreeMap<Apart, u32> = BTreeMap::new();
    let (mut compared, mut tried) = (0u32, 0u32);
    while compared < calls {
        let zone = ZONES[rng.below(ZONES.len() as u64) as usize];
        let known = changes(zone);
        // Half of the calendars are used around a change of the clock.
        let around = if !known.is_empty() && rng.one_in(2) {
            known[rng.below(known.len() as u64) as usize]
        } else {
            rng.below(3_600_000_000) as i64
        };
        let around = around.clamp(86_400 * 800, 3_650_000_000);
        let pair = pair(&mut rng, zone, around);
        for _ in 0..60 {
            tried += 1;
            let near = rng.below(6 * 86_400_000_000) as i64 - 3 * 86_400_000_000;
            let t = DateTime::from_timestamp_micros(around * 1_000_000 + near).unwrap();
            let t = if rng.one_in(2) { DateTime::from_timestamp(t.timestamp() / 1800 * 1800, 0).unwrap() } else { t };
            // From a microsecond to half a year of open time, now and then some years.
            let far = [1_000, 3_600_000_000, 86_400_000_000, 30 * 86_400_000_000, 180 * 86_400_000_000][rng.below(5) as usize];
            let far = if rng.one_in(40) { 900 * 86_400_000_000 } else { far };
            let x = TimeDelta::microseconds(rng.below(far) as i64);
            let amount = SignedDuration::from_micros(x.num_microseconds().unwrap());
            let (from, got, expected) = match rng.below(4) {
                0 => {
                    let to = t + x;
                    (
                        to,
                        vec![pair.ours.elapsed(t, to).num_microseconds().unwrap()],
                        vec![pair.theirs.between(theirs_at(t), theirs_at(to)).as_micros() as i64],
                    )
                }
                1 => {
                    let Some(u) = pair.ours.add(t, x) else {
                        *left_out.entry(Apart::Outside).or_default() += 1;
                        continue;
                    };
                    let v = pair.theirs.add(theirs_at(t), amount).unwrap();
                    (u, vec![u.timestamp_micros()], vec![micros(v)])
                }
                2 => {
                    let Some(u) = pair.ours.sub(t, x) else {
                        *left_out.entry(Apart::Outside).or_default() += 1;
                        continue;
                    };
                    let v = pair.theirs.sub(theirs_at(t), amount).unwrap();
                    (u, vec![u.timestamp_micros()], vec![micros(v)])
                }
                _ => {
                    let (a, b) = (pair.ours.open_periods(t).next().unwrap(), pair.theirs.next_period(theirs_at(t)).unwrap());
                    let back = (pair.ours.open_periods_back(t).next().unwrap(), pair.theirs.previous_period(theirs_at(t)).unwrap());
                    let got = [a.start, a.end, back.0.start, back.0.end].map(|t| t.timestamp_micros()).to_vec();
                    let expected = [b.start, b.end, back.1.start, back.1.end].map(micros).to_vec();
                    let far = if (a.end - t) > (t - back.0.start) { a.end } else { back.0.start };
                    (far, got, expected)
                }
            };
            // A shift reaches at most a day beyond either end.
            let (low, high) = (t.min(from).timestamp() - 3 * 86_400, t.max(from).timestamp() + 3 * 86_400);
            let outside = (low < 0 || high > 3_660_000_000).then_some(Apart::Outside);
            let other = pair.apart.iter().find(|(at, _)| (low..=high).contains(at)).map(|(_, why)| *why).or(outside);
            if let Some(why) = other {
                *left_out.entry(why).or_default() += 1;
                continue;
            }
            assert_eq!(got, expected, "{} {t} {x} {from}\n{:?}\n{:?}", pair.zone, pair.ours, pair.theirs);
            compared += 1;
        }
        assert!(tried < calls * 4, "too much is left out: {left_out:?} of {tried}");
    }
    println!("{compared} of {tried} calls equal workclock; left out: {left_out:?}");
}

/// What the one known fault is: on a date that the zone skipped it has the hours of that date on the next.
#[test]
fn the_known_fault_of_workclock_is_a_date_that_was_skipped() {
    let (open, close) = (civil::time(9, 0, 0, 0), civil::time(17, 0, 0, 0));
    let friday: Weekdays = [civil::Weekday::Friday].into_iter().collect();
    let theirs = Schedule::builder().time_zone("Pacific/Apia").rule(WorkDay::new(open, close, friday)).build().unwrap();
    let ours = CalendarDefinition::new("x", "Pacific/Apia").days(&[Weekday::Fri], &["09:00-17:00"]).unwrap();
    let ours = Calendar::compile(&ours).unwrap();
    let (a, b) = (super::at("2011-12-29T00:00:00Z"), super::at("2012-01-02T00:00:00Z"));
    assert_eq!(ours.elapsed(a, b), TimeDelta::zero(), "there was no Friday 2011-12-30");
    assert_ne!(theirs.between(theirs_at(a), theirs_at(b)), SignedDuration::ZERO);
}
