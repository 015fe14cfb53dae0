//! The laws of S53 and S54 over random calendars.

use super::made::{calendar_near, slow_open};
use crate::scale::pick;
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use ticketry::calendar::*;

fn us(n: i64) -> TimeDelta {
    TimeDelta::microseconds(n)
}
fn compiled(d: &CalendarDefinition) -> Calendar {
    Calendar::compile(d).unwrap_or_else(|e| panic!("{e}\n{d:?}"))
}
/// Distances from a microsecond to decades.
fn distance() -> impl Strategy<Value = i64> {
    prop_oneof![0i64..5, 0i64..86_400_000_000, (0i64..40_000).prop_map(|m| m * 60_000_000), 0i64..86_400_000_000 * 9000]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: pick(100, 3000, 20_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn s54_elapsed_is_additive_and_antisymmetric((d, t) in calendar_near(), x in distance(), y in distance()) {
        let c = compiled(&d);
        let (a, b, e) = (t, t + us(x), t - us(y));
        prop_assert_eq!(c.elapsed(a, b), -c.elapsed(b, a));
        prop_assert_eq!(c.elapsed(e, a) + c.elapsed(a, b), c.elapsed(e, b));
        prop_assert!(c.elapsed(a, b) >= TimeDelta::zero() && c.elapsed(a, b) <= b - a);
    }

    #[test]
    fn s54_add_is_the_earliest_and_sub_the_latest((d, t) in calendar_near(), x in distance()) {
        let c = compiled(&d);
        let amount = us(x / 4);
        prop_assert_eq!(c.add(t, TimeDelta::zero()), Some(t));
        if let Some(u) = c.add(t, amount) {
            prop_assert_eq!(c.elapsed(t, u), amount);
            prop_assert!(u >= t);
            prop_assert!(u == t || c.elapsed(t, u - us(1)) < amount);
            prop_assert_eq!(c.sub(t, -amount), Some(u));
        } else {
            prop_assert!(c.elapsed(t, "2200-10-01T00:00:00Z".parse().unwrap()) < amount);
        }
        if let Some(u) = c.sub(t, amount) {
            prop_assert_eq!(c.elapsed(u, t), amount);
            prop_assert!(u <= t);
            prop_assert!(u == t || c.elapsed(u + us(1), t) < amount);
            prop_assert_eq!(c.add(t, -amount), Some(u));
        }
    }

    #[test]
    fn s54_add_is_monotone_in_both((d, t) in calendar_near(), x in distance(), y in distance(), z in distance()) {
        let c = compiled(&d);
        let (small, large) = (us(x.min(y) / 8), us(x.max(y) / 8));
        let later = t + us(z);
        if let (Some(a), Some(b)) = (c.add(t, small), c.add(t, large)) { prop_assert!(a <= b); }
        if let (Some(a), Some(b)) = (c.add(t, small), c.add(later, small)) { prop_assert!(a <= b); }
        if let (Some(a), Some(b)) = (c.sub(t, small), c.sub(later, small)) { prop_assert!(a <= b); }
    }

    #[test]
    fn s53_equals_a_slow_reading_of_the_rules((d, t) in calendar_near()) {
        let c = compiled(&d);
        let day = TimeDelta::days(1);
        let (first, last) = (t.date_naive() - day * 15, t.date_naive() + day * 15);
        let slow = slow_open(&d, first, last);
        let (from, to) = (t - day * 13, t + day * 13);
        let expected: Vec<(i64, i64)> = slow.iter()
            .map(|(a, b)| (a.saturating_mul(1_000_000).max(from.timestamp_micros()), b.saturating_mul(1_000_000).min(to.timestamp_micros())))
            .filter(|(a, b)| a < b).collect();
        let got: Vec<(i64, i64)> = c.open_periods(from)
            .take_while(|p| p.start < to)
            .map(|p| (p.start.timestamp_micros(), p.end.min(to).timestamp_micros())).collect();
        prop_assert_eq!(&got, &expected);
        let mut back: Vec<(i64, i64)> = c.open_periods_back(to)
            .take_while(|p| p.end > from)
            .map(|p| (p.start.max(from).timestamp_micros(), p.end.timestamp_micros())).collect();
        back.reverse();
        prop_assert_eq!(&back, &expected);
        let sum: i64 = expected.iter().map(|(a, b)| b - a).sum();
        prop_assert_eq!(c.elapsed(from, to), us(sum));
    }

    #[test]
    fn openings_and_closings_agree_with_elapsed((d, t) in calendar_near()) {
        let c = compiled(&d);
        prop_assert_eq!(c.is_open(t), c.elapsed(t, t + us(1)) == us(1));
        if let Some(u) = c.next_open(t) {
            prop_assert!(u >= t && c.is_open(u) && c.elapsed(t, u) == TimeDelta::zero());
            prop_assert_eq!(u == t, c.is_open(t));
        }
        if let Some(u) = c.following_open(t) {
            prop_assert!(u > t && c.is_open(u) && !c.is_open(u - us(1)));
            let next = c.next_open(t).unwrap();
            prop_assert!(next <= u);
            prop_assert!(c.next_close(t).is_some_and(|end| end < u) || next == u);
        }
        if let Some(u) = c.next_close(t) {
            prop_assert!(u > t && !c.is_open(u) && c.is_open(u - us(1)));
            prop_assert_eq!(c.elapsed(t, u), u - c.next_open(t).unwrap());
        }
        if let Some(u) = c.prev_close(t) {
            prop_assert!(u <= t && c.is_open(u - us(1)) && c.elapsed(u, t) == TimeDelta::zero());
        }
    }

    #[test]
    fn s53_a_holiday_is_closed_whatever_the_clock_does((d, t) in calendar_near(), x in -20_000i64..20_000) {
        let c = compiled(&d);
        let t = t + TimeDelta::minutes(x);
        if c.is_holiday_at(t) { prop_assert!(!c.is_open(t)); }
        let (local, offset) = c.local(t);
        prop_assert_eq!((local - offset).and_utc(), t);
    }
}

proptest! {
    // Each makes many chunks, or many calendars.
    #![proptest_config(ProptestConfig { cases: pick(30, 700, 5000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn combinations_hold_at_every_instant((d, t) in calendar_near(), (e, _) in calendar_near(), x in -1_000_000i64..1_000_000) {
        let (a, b) = (compiled(&d), compiled(&e));
        let u = t + TimeDelta::seconds(x);
        let (x, y) = (a.is_open(u), b.is_open(u));
        prop_assert_eq!(a.union(&b, "c").is_open(u), x || y);
        prop_assert_eq!(a.intersection(&b, "c").is_open(u), x && y);
        prop_assert_eq!(a.minus(&b, "c").is_open(u), x && !y);
        prop_assert_eq!(a.then(&b, t).is_open(u), if u < t { x } else { y });
        let on = b.local(u).0.date();
        let named = b.is_holiday_at(u) || e.date_hours.contains_key(&on) || e.workdays.iter().any(|w| w.date == on);
        prop_assert_eq!(a.overridden_by(&b, "c").is_open(u), if named { y } else { x });
        let (w, v) = (t - TimeDelta::days(9), t + TimeDelta::days(9));
        let both = a.union(&b, "c").elapsed(w, v) + a.intersection(&b, "c").elapsed(w, v);
        prop_assert_eq!(both, a.elapsed(w, v) + b.elapsed(w, v));
    }

    #[test]
    fn the_order_of_questions_changes_no_answer((d, t) in calendar_near(), far in proptest::collection::vec(0i64..4_102_444_800, 1..6), x in distance()) {
        let (one, other) = (compiled(&d), compiled(&d));
        for f in far { let _ = other.is_open(DateTime::<Utc>::from_timestamp(f, 0).unwrap()); }
        prop_assert_eq!(one.add(t, us(x)), other.add(t, us(x)));
        prop_assert_eq!(one.elapsed(t, t + us(x)), other.elapsed(t, t + us(x)));
    }
}

proptest! {
    // Few: each makes three centuries.
    #![proptest_config(ProptestConfig { cases: pick(8, 100, 500), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_instant_and_no_amount_panics((d, _) in calendar_near(), t in any::<i64>(), x in any::<i64>(), n in any::<i64>()) {
        let c = compiled(&d);
        let far = DateTime::<Utc>::from_timestamp_micros(t % 8_210_266_876_800_000_000).unwrap();
        for t in [far, DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, DateTime::UNIX_EPOCH] {
            for amount in [us(x), TimeDelta::MAX, TimeDelta::MIN, us(1)] {
                let _ = (c.add(t, amount), c.sub(t, amount), c.due(t, Span::Wall(amount)), c.due_offset(t, Offset::before(Span::Open(amount))));
            }
            let _ = (c.is_open(t), c.next_open(t), c.following_open(t), c.next_close(t), c.prev_close(t), c.render(t));
            let _ = (c.open_periods(t).next(), c.open_periods_back(t).next(), c.is_workday_at(t), c.is_holiday_at(t));
            for n in [n, 0, 1, -1, i64::MAX, i64::MIN] {
                let _ = (c.add_days(t, n, DayEnd::SameTime), c.add_days(t, n, DayEnd::CloseOfBusiness));
            }
            let _ = (c.days_between(t, far, DayCount::AfterStart), c.elapsed(t, far));
        }
    }
}

#[test]
fn outside_its_range_every_calendar_is_closed() {
    let c = compiled(&CalendarDefinition::always("24x7", "UTC"));
    let (old, late) = (super::at("1800-01-01T00:00:00Z"), super::at("2300-01-01T00:00:00Z"));
    assert!(!c.is_open(old) && !c.is_open(late));
    assert_eq!(c.add(late, us(1)), None);
    assert_eq!(c.sub(old, us(1)), None);
    assert_eq!(c.next_open(old).unwrap(), super::at("1900-01-01T00:00:00Z"));
    assert_eq!(c.next_close(super::at("2025-01-01T00:00:00Z")), None, "never closes");
}

#[test]
fn it_is_shared_between_threads() {
    let c = compiled(&CalendarDefinition::new("office", "Europe/Berlin").days(&[chrono::Weekday::Mon], &["09:00-17:00"]).unwrap());
    let (a, b) = (super::at("1975-01-01T00:00:00Z"), super::at("2095-01-01T00:00:00Z"));
    let sums: Vec<TimeDelta> = std::thread::scope(|s| {
        let threads: Vec<_> = (0..4).map(|_| s.spawn(|| c.elapsed(a, b))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(sums.iter().all(|x| *x == sums[0] && *x > TimeDelta::days(2000)));
}
