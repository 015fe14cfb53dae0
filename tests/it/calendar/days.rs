//! Working days (S53) and due instants (S79).

use super::{at, made::calendar_near};
use crate::scale::pick;
use chrono::{TimeDelta, Weekday::*};
use proptest::prelude::*;
use ticketry::calendar::*;

fn office() -> Calendar {
    let d = CalendarDefinition::new("office", "UTC").days(&[Mon, Tue, Wed, Thu, Fri], &["09:00-17:00"]).unwrap();
    Calendar::compile(&d.holiday("2025-09-03").unwrap()).unwrap()
}

#[test]
fn s53_a_closed_start_moves_to_the_next_open_date_then_into_open_time() {
    let c = office();
    let days = |t: &str, n| c.add_days(at(t), n, DayEnd::SameTime).unwrap().to_rfc3339();
    assert_eq!(days("2025-08-30T11:00:00Z", 1), "2025-09-02T11:00:00+00:00", "Saturday counts from Monday");
    assert_eq!(days("2025-08-30T20:00:00Z", 1), "2025-09-04T09:00:00+00:00", "Tuesday 20:00, over the holiday");
    assert_eq!(days("2025-09-02T11:00:00Z", 1), "2025-09-04T11:00:00+00:00", "over the holiday");
    assert_eq!(days("2025-09-02T11:00:00Z", 0), "2025-09-02T11:00:00+00:00");
    assert_eq!(days("2025-08-31T11:00:00Z", 0), "2025-09-01T11:00:00+00:00");
    assert_eq!(days("2025-09-04T11:00:00Z", -1), "2025-09-02T11:00:00+00:00");
    assert_eq!(days("2025-09-04T07:00:00Z", -1), "2025-09-01T17:00:00+00:00", "backwards into open time");
}

#[test]
fn s53_close_of_business() {
    let c = office();
    let days = |t: &str, n| c.add_days(at(t), n, DayEnd::CloseOfBusiness).unwrap().to_rfc3339();
    assert_eq!(days("2025-08-30T11:00:00Z", 1), "2025-09-02T17:00:00+00:00");
    assert_eq!(days("2025-09-01T08:00:00Z", 0), "2025-09-01T17:00:00+00:00");
    assert_eq!(days("2025-09-01T18:00:00Z", 0), "2025-09-02T17:00:00+00:00", "never in the past");
    assert_eq!(days("2025-09-01T18:00:00Z", 1), "2025-09-02T17:00:00+00:00");
    let night = CalendarDefinition::new("night", "UTC").days(&[Mon, Tue], &["22:00-06:00"]).unwrap();
    let night = Calendar::compile(&night).unwrap();
    assert_eq!(night.add_days(at("2025-09-01T23:00:00Z"), 1, DayEnd::CloseOfBusiness).unwrap(), at("2025-09-03T06:00:00Z"));
}

#[test]
fn s79_each_kind_of_span_and_offset() {
    let c = office();
    let friday = at("2025-08-29T16:00:00Z");
    let due = |s: &str| c.due(friday, s.parse().unwrap()).unwrap().to_rfc3339();
    assert_eq!(due("2h"), "2025-08-29T18:00:00+00:00");
    assert_eq!(due("2bh"), "2025-09-01T10:00:00+00:00");
    assert_eq!(due("8bh"), "2025-09-01T16:00:00+00:00");
    assert_eq!(due("3bd"), "2025-09-04T16:00:00+00:00");
    let offset = |s: &str| c.due_offset(at("2025-09-01T09:30:00Z"), s.parse().unwrap()).unwrap().to_rfc3339();
    assert_eq!(offset("-1bh"), "2025-08-29T16:30:00+00:00");
    assert_eq!(offset("-1h"), "2025-09-01T08:30:00+00:00");
    assert_eq!(offset("+30bm"), "2025-09-01T10:00:00+00:00");
    assert_eq!(offset("0m"), "2025-09-01T09:30:00+00:00");
    assert_eq!(offset("-1bd"), "2025-08-29T09:30:00+00:00");
}

#[test]
fn days_are_counted_both_ways() {
    let c = office();
    let count = |a: &str, b: &str, how| c.days_between(at(a), at(b), how);
    let (fri, sat, tue) = ("2025-08-29T08:00:00Z", "2025-08-30T08:00:00Z", "2025-09-02T20:00:00Z");
    assert_eq!(count(fri, tue, DayCount::AfterStart), 2);
    assert_eq!(count(fri, tue, DayCount::Inclusive), 3);
    assert_eq!(count(sat, tue, DayCount::AfterStart), 2);
    assert_eq!(count(tue, fri, DayCount::AfterStart), -2);
    assert_eq!(count(tue, fri, DayCount::Inclusive), -3);
    assert_eq!(count(fri, fri, DayCount::Inclusive), 1);
}

#[test]
fn s55_an_edit_takes_effect_at_an_instant() {
    let later = CalendarDefinition::new("office", "UTC").version(2).days(&[Mon, Tue, Wed, Thu, Fri], &["08:00-12:00"]).unwrap();
    let c = office().then(&Calendar::compile(&later).unwrap(), at("2025-09-02T00:00:00Z"));
    assert_eq!(c.version(), 2);
    assert_eq!(c.elapsed(at("2025-09-01T00:00:00Z"), at("2025-09-03T00:00:00Z")), TimeDelta::hours(12));
    assert!(c.is_workday("2025-09-03".parse().unwrap()), "the new version has no holiday");
}

#[test]
fn s79_the_item_before_the_group_before_the_default() {
    let of = |name: &str| Calendar::compile(&CalendarDefinition::always(name, "UTC")).unwrap();
    let set = Calendars::new(of("base")).with(of("group")).with(of("item"));
    let (item, group, none) = ("item".into(), "group".into(), "none".into());
    assert_eq!(set.resolve(Some(&item), Some(&group)).name(), "item");
    assert_eq!(set.resolve(None, Some(&group)).name(), "group");
    assert_eq!(set.resolve(Some(&none), None).name(), "base");
    assert_eq!(set.iter().count(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: pick(80, 2000, 10_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn s53_stepping_equals_walking((d, t) in calendar_near(), n in -30i64..30) {
        let c = Calendar::compile(&d).unwrap();
        let mut date = c.local(t).0.date();
        let open = |d: chrono::NaiveDate| c.is_workday(d);
        let mut left = n.abs();
        let step = if n < 0 { -1 } else { 1 };
        for _ in 0..20_000 {
            if left == 0 { break; }
            date += TimeDelta::days(step);
            if open(date) { left -= 1; }
        }
        if left == 0 {
            let got = c.add_days_by(t, n, DayRule::Plain);
            // A wall time in a gap may be moved to the next date; the date is compared where it is not.
            let wall = date.and_time(c.local(t).0.time());
            let expected = if n == 0 { Some(t) } else { c.wall_to_instant(wall, GapRule::End, FoldRule::Earlier) };
            prop_assert_eq!(got, expected);
            prop_assert_eq!(c.days_between(t, got.unwrap(), DayCount::AfterStart).abs() <= n.abs() + 1, true);
        }
    }

    #[test]
    fn s53_a_working_day_is_one_with_open_time((d, t) in calendar_near(), n in -12i64..12) {
        let c = Calendar::compile(&d).unwrap();
        let date = c.local(t).0.date() + TimeDelta::days(n);
        if c.is_workday(date) {
            let close = c.add_days(c.wall_to_instant(date.and_hms_opt(0, 0, 0).unwrap(), GapRule::End, FoldRule::Earlier).unwrap(), 0, DayEnd::CloseOfBusiness);
            prop_assert!(close.is_some_and(|t| c.is_open(t - TimeDelta::microseconds(1))));
        }
        if c.is_holiday(date) { prop_assert!(!c.is_workday(date) && c.open_on_date(date).is_empty()); }
    }

    #[test]
    fn s53_adding_days_is_monotone((d, t) in calendar_near(), n in 0i64..30, x in 0i64..500_000) {
        let c = Calendar::compile(&d).unwrap();
        let later = t + TimeDelta::seconds(x);
        if let (Some(a), Some(b)) = (c.add_days(t, n, DayEnd::SameTime), c.add_days(t, n + 1, DayEnd::SameTime)) { prop_assert!(a <= b); }
        let close = |t| c.add_days(t, n, DayEnd::CloseOfBusiness);
        if let (Some(a), Some(b), true) = (close(t), close(later), n > 0) { prop_assert!(a <= b); }
        if let Some(a) = c.add_days(t, n, DayEnd::SameTime) { prop_assert!(a >= t && (c.is_open(a))); }
    }
}
