//! The laws over calendars made of calendars, to any depth, with versions that change at an instant: against the same sets worked out point by point.

use super::made::{ZONES, calendar_near, offset, slow_open};
use crate::scale::pick;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;
use std::sync::Arc;
use ticketry::calendar::*;

/// What a calendar is made of.
#[derive(Clone, Debug)]
enum Tree {
    Leaf(Arc<CalendarDefinition>),
    Union(Box<Tree>, Box<Tree>),
    Intersection(Box<Tree>, Box<Tree>),
    Minus(Box<Tree>, Box<Tree>),
    Override(Box<Tree>, Box<Tree>),
    Then(Box<Tree>, Box<Tree>, i64),
}

impl Tree {
    fn calendar(&self) -> Calendar {
        match self {
            Self::Leaf(d) => Calendar::compile(d).unwrap_or_else(|e| panic!("{e}\n{d:?}")),
            Self::Union(a, b) => a.calendar().union(&b.calendar(), "u"),
            Self::Intersection(a, b) => a.calendar().intersection(&b.calendar(), "i"),
            Self::Minus(a, b) => a.calendar().minus(&b.calendar(), "m"),
            Self::Override(a, b) => a.calendar().overridden_by(&b.calendar(), "o"),
            Self::Then(a, b, at) => a.calendar().then(&b.calendar(), DateTime::from_timestamp_micros(*at).unwrap()),
        }
    }
    fn zone(&self) -> Tz {
        match self {
            Self::Leaf(d) => d.time_zone.parse().unwrap(),
            Self::Then(_, b, _) => b.zone(),
            Self::Union(a, _) | Self::Intersection(a, _) | Self::Minus(a, _) | Self::Override(a, _) => a.zone(),
        }
    }
    fn leaves(&self) -> Vec<&CalendarDefinition> {
        match self {
            Self::Leaf(d) => vec![&**d],
            Self::Union(a, b) | Self::Intersection(a, b) | Self::Minus(a, b) | Self::Override(a, b) | Self::Then(a, b, _) => {
                a.leaves().into_iter().chain(b.leaves()).collect()
            }
        }
    }
    /// Whether a date is named rather than only its weekday.
    fn names(&self, date: NaiveDate) -> bool {
        use chrono::Datelike as _;
        let day = (date.month(), date.day());
        self.leaves().iter().any(|d| {
            d.date_hours.contains_key(&date)
                || d.workdays.iter().any(|w| w.date == date)
                || d.holidays.iter().any(|h| match *h {
                    Holiday::Date(x) => x == date,
                    Holiday::Range(a, b) => a <= date && date <= b,
                    Holiday::Yearly(m, n) => day == (m, n),
                    Holiday::YearlyRange(a, b) => {
                        if a <= b {
                            a <= day && day <= b
                        } else {
                            a <= day || day <= b
                        }
                    }
                })
        })
    }
    /// With the open seconds of each leaf beside it.
    fn slow(&self, first: NaiveDate, last: NaiveDate) -> Slow<'_> {
        let (open, parts) = match self {
            Self::Leaf(d) => (slow_open(d, first, last), Vec::new()),
            Self::Union(a, b) | Self::Intersection(a, b) | Self::Minus(a, b) | Self::Override(a, b) | Self::Then(a, b, _) => {
                (Vec::new(), vec![a.slow(first, last), b.slow(first, last)])
            }
        };
        Slow { tree: self, open, parts }
    }
}

struct Slow<'a> {
    tree: &'a Tree,
    open: Vec<(i64, i64)>,
    parts: Vec<Slow<'a>>,
}

impl Slow<'_> {
    /// Whether it is open at an instant in µs.
    fn is_open(&self, t: i64) -> bool {
        let part = |i: usize| self.parts[i].is_open(t);
        match self.tree {
            Tree::Leaf(_) => {
                let s = t.div_euclid(1_000_000);
                self.open.iter().any(|(a, b)| *a <= s && s < *b)
            }
            Tree::Union(..) => part(0) || part(1),
            Tree::Intersection(..) => part(0) && part(1),
            Tree::Minus(..) => part(0) && !part(1),
            Tree::Override(_, special) => {
                let s = t.div_euclid(1_000_000);
                let date = DateTime::from_timestamp(s + offset(special.zone(), s), 0).unwrap().date_naive();
                if special.names(date) { part(1) } else { part(0) }
            }
            Tree::Then(_, _, at) => {
                if t < *at {
                    part(0)
                } else {
                    part(1)
                }
            }
        }
    }
    /// Every instant in µs at which anything may begin or end.
    fn bounds(&self, low: i64, high: i64, out: &mut Vec<i64>) {
        out.extend(self.open.iter().flat_map(|(a, b)| [a * 1_000_000, b * 1_000_000]));
        match self.tree {
            Tree::Then(_, _, at) => out.push(*at),
            // A date can begin only at a quarter of an hour or where the clock changes, and it changes at one or a minute beside it.
            Tree::Override(_, special) => {
                let zone = special.zone();
                let date = |s: i64| (s + offset(zone, s)).div_euclid(86_400);
                let (mut s, high) = (low.div_euclid(1_000_000), high.div_euclid(1_000_000));
                while s < high {
                    if date(s) != date(s + 60) {
                        out.push((s + 1..=s + 60).find(|x| date(*x) != date(*x - 1)).unwrap() * 1_000_000);
                    }
                    s += 60;
                }
            }
            _ => {}
        }
        self.parts.iter().for_each(|p| p.bounds(low, high, out));
    }
    fn stretches(&self, low: i64, high: i64) -> Vec<(i64, i64)> {
        let mut bounds = vec![low, high];
        self.bounds(low, high, &mut bounds);
        bounds.retain(|b| (low..=high).contains(b));
        bounds.sort_unstable();
        bounds.dedup();
        let mut out: Vec<(i64, i64)> = Vec::new();
        for pair in bounds.windows(2).filter(|p| self.is_open(p[0])) {
            match out.last_mut() {
                Some(last) if last.1 == pair[0] => last.1 = pair[1],
                _ => out.push((pair[0], pair[1])),
            }
        }
        out
    }
}

/// A calendar with all that a definition can have, moved so that its special dates lie near `t`.
fn leaf(t: DateTime<Utc>) -> impl Strategy<Value = Tree> {
    (calendar_near(), 0..ZONES.len()).prop_map(move |((d, near), zone)| {
        let days = (t.date_naive() - near.date_naive()).num_days();
        let moved = |date: NaiveDate| date + TimeDelta::days(days);
        let mut d = d;
        d.time_zone = ZONES[zone].to_string();
        d.date_hours = d.date_hours.into_iter().map(|(date, w)| (moved(date), w)).collect();
        d.date_breaks = d.date_breaks.into_iter().map(|(date, w)| (moved(date), w)).collect();
        d.workdays.iter_mut().for_each(|w| w.date = moved(w.date));
        d.closures.iter_mut().for_each(|c| (c.from, c.to) = (c.from + TimeDelta::days(days), c.to + TimeDelta::days(days)));
        d.holidays.iter_mut().for_each(|h| match h {
            Holiday::Date(x) => *x = moved(*x),
            Holiday::Range(a, b) => (*a, *b) = (moved(*a), moved(*b)),
            _ => {}
        });
        Tree::Leaf(Arc::new(d))
    })
}

fn tree_near() -> impl Strategy<Value = (Tree, DateTime<Utc>)> {
    calendar_near().prop_flat_map(|(first, t)| {
        let tree = leaf(t).prop_recursive(3, 5, 2, move |inner| {
            (inner.clone(), inner, 0u8..5, -600_000_000_000i64..600_000_000_000).prop_map(move |(a, b, how, at)| {
                let (a, b) = (Box::new(a), Box::new(b));
                match how {
                    0 => Tree::Union(a, b),
                    1 => Tree::Intersection(a, b),
                    2 => Tree::Minus(a, b),
                    3 => Tree::Override(a, b),
                    _ => Tree::Then(a, b, t.timestamp_micros() + at),
                }
            })
        });
        (Just(first), tree, any::<bool>()).prop_map(move |(first, tree, at_change)| {
            // Half of them with a zone whose clock changes there.
            let first = Box::new(Tree::Leaf(Arc::new(first)));
            (if at_change { Tree::Union(first, Box::new(tree)) } else { Tree::Override(Box::new(tree), first) }, t)
        })
    })
}

fn us(n: i64) -> TimeDelta {
    TimeDelta::microseconds(n)
}

proptest! {
    // Few: a combination that never opens makes three centuries of each of its calendars.
    #![proptest_config(ProptestConfig { cases: pick(5, 300, 2000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn s53_s54_s55_a_calendar_of_calendars_equals_its_sets((tree, t) in tree_near(), x in 0i64..86_400_000_000 * 4, y in 0i64..86_400_000_000 * 4) {
        let c = tree.calendar();
        let day = TimeDelta::days(1);
        let (from, to) = (t - day * 9, t + day * 9);
        let slow = tree.slow(from.date_naive() - day * 2, to.date_naive() + day * 2);
        let (low, high) = (from.timestamp_micros(), to.timestamp_micros());
        let expected = slow.stretches(low, high);
        let at = |t: DateTime<Utc>| t.timestamp_micros();
        let got: Vec<(i64, i64)> = c.open_periods(from).take_while(|p| p.start < to).map(|p| (at(p.start), at(p.end.min(to)))).collect();
        prop_assert_eq!(&got, &expected);
        let mut back: Vec<(i64, i64)> = c.open_periods_back(to).take_while(|p| p.end > from).map(|p| (at(p.start.max(from)), at(p.end))).collect();
        back.reverse();
        prop_assert_eq!(&back, &expected);
        // The same sums, and the laws of adding.
        let (u, v) = (from + us(x), to - us(y));
        let open = |a: DateTime<Utc>, b: DateTime<Utc>| -> i64 { expected.iter().map(|s| (s.1.min(at(b)) - s.0.max(at(a))).max(0)).sum() };
        prop_assert_eq!(c.elapsed(u, v), us(open(u, v)));
        prop_assert_eq!(c.elapsed(v, u), -us(open(u, v)));
        prop_assert_eq!(c.elapsed(from, u) + c.elapsed(u, v) + c.elapsed(v, to), us(open(from, to)));
        let amount = us(open(u, v));
        let end = c.add(u, amount).unwrap();
        prop_assert!(end <= v && c.elapsed(u, end) == amount && (end == u || c.elapsed(u, end - us(1)) < amount));
        let start = c.sub(v, amount).unwrap();
        prop_assert!(start >= u && c.elapsed(start, v) == amount && (start == v || c.elapsed(start + us(1), v) < amount));
        // Openings and closings.
        let inside = |t: DateTime<Utc>| expected.iter().find(|s| s.0 <= at(t) && at(t) < s.1);
        prop_assert_eq!(c.is_open(u), inside(u).is_some());
        if let Some(next) = expected.iter().find(|s| s.1 > at(u)) {
            prop_assert_eq!(c.next_open(u), Some(u.max(DateTime::from_timestamp_micros(next.0).unwrap())));
            if next.1 < high { prop_assert_eq!(c.next_close(u).map(at), Some(next.1)); }
        }
        if let Some(last) = expected.iter().rev().find(|s| s.0 < at(v)) {
            prop_assert_eq!(c.prev_close(v), Some(v.min(DateTime::from_timestamp_micros(last.1).unwrap())));
        }
        if let Some(following) = expected.iter().find(|s| s.0 > at(u)) { prop_assert_eq!(c.following_open(u).map(at), Some(following.0)); }
    }

    #[test]
    fn s53_working_days_of_a_calendar_of_calendars((tree, t) in tree_near(), n in -4i64..5) {
        let c = tree.calendar();
        let date = c.local(t).0.date() + TimeDelta::days(n);
        // Whatever is worked has a close of business, inside open time, and not before it opens.
        if c.is_workday(date) {
            let start = c.wall_to_instant(date.and_hms_opt(0, 0, 0).unwrap(), GapRule::End, FoldRule::Earlier).unwrap();
            if let Some(close) = c.add_days(start, 0, DayEnd::CloseOfBusiness) {
                prop_assert!(c.is_open(close - us(1)), "{close}");
                prop_assert!(close >= start);
            }
        }
        if c.opens_ever() {
            for n in [0, 1, 2, 5] {
                let (a, b) = (c.add_days(t, n, DayEnd::SameTime), c.add_days(t, n + 1, DayEnd::SameTime));
                if let (Some(a), Some(b)) = (a, b) { prop_assert!(a <= b && a >= t && c.is_open(a)); }
            }
        }
    }
}
