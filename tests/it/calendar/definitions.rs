//! What makes a definition good or bad (S53).

use super::at;
use chrono::{NaiveDate, TimeDelta, Weekday::*};
use ticketry::calendar::*;
use ticketry::diagnostic::Severity;

fn day(s: &str) -> NaiveDate {
    s.parse().unwrap()
}
fn office(zone: &str) -> CalendarDefinition {
    CalendarDefinition::new("office", zone).days(&[Mon, Tue, Wed, Thu, Fri], &["09:00-12:00", "13:30-18:00"]).unwrap()
}
/// The codes of all problems, errors and warnings.
fn codes(d: &CalendarDefinition) -> Vec<&'static str> {
    let found = Calendar::check(d);
    assert_eq!(Calendar::compile(d).is_err(), found.has_errors());
    for d in found.iter() {
        assert!(!d.message.zh.is_empty() && d.message.en.chars().next().is_some_and(|c| !c.is_uppercase()), "{d:?}");
        assert!(
            d.severity == Severity::Warning || d.help.is_some() || d.code == "calendar-bad-version" || d.code == "calendar-unknown-zone",
            "{d:?}"
        );
    }
    found.iter().map(|d| d.code).collect()
}

#[test]
fn a_good_one_has_no_problems() {
    assert!(codes(&office("Asia/Shanghai")).is_empty());
    assert!(codes(&CalendarDefinition::always("24x7", "UTC")).is_empty());
}

#[test]
fn every_code_has_its_case() {
    let mut d = office("Bordeaux");
    assert_eq!(codes(&d), ["calendar-unknown-zone"]);
    d = office("UTC").version(0);
    assert_eq!(codes(&d), ["calendar-bad-version"]);
    d = office("UTC").days(&[Sat], &["09:00-09:00"]).unwrap();
    assert_eq!(codes(&d), ["calendar-empty-window"]);
    d = office("UTC");
    d.weekly.set(Sat, vec![Window::same_day("12:30", "12:00").unwrap()]);
    assert_eq!(codes(&d), ["calendar-reversed-window"]);
    d.weekly.set(Sat, vec![Window::seconds(0, 200_000)]);
    assert_eq!(codes(&d), ["calendar-long-window"]);
    d = office("UTC").days(&[Sat], &["08:00-13:00", "12:00-18:00"]).unwrap();
    assert_eq!(codes(&d), ["calendar-overlap"]);
    d = office("UTC").days(&[Sat], &[]).unwrap();
    assert_eq!(codes(&d), ["calendar-empty-day"]);
    d = office("UTC");
    d.always = true;
    assert_eq!(codes(&d), ["calendar-always-and-weekly"]);
    d = office("UTC").holiday("2025-10-08..2025-10-01").unwrap();
    assert_eq!(codes(&d), ["calendar-reversed-range"]);
    d = office("UTC").workday("2025-09-28").unwrap().workday("2025-09-28 as fri").unwrap();
    assert_eq!(codes(&d), ["calendar-day-twice"]);
    d = office("UTC").workday("2025-09-28 as sun").unwrap();
    assert_eq!(codes(&d), ["calendar-workday-without-hours"]);
    assert_eq!(codes(&CalendarDefinition::new("none", "UTC")), ["calendar-never-opens"]);
    d = office("UTC").holiday("2025-10-01").unwrap().hours_on(day("2025-10-01"), &["09:00-10:00"]).unwrap();
    assert_eq!(codes(&d), ["calendar-hidden-date"]);
    d = office("UTC").break_on(day("2025-09-28"), &["09:00-10:00"]).unwrap();
    assert_eq!(codes(&d), ["calendar-idle-break"]);
}

#[test]
fn an_overnight_window_may_not_overlap_the_next_morning_not_even_over_sunday() {
    let d = office("UTC").days(&[Mon], &["22:00-10:00"]).unwrap();
    assert_eq!(codes(&d), ["calendar-overlap"]);
    let d = office("UTC").days(&[Sun], &["20:00-09:30"]).unwrap();
    assert_eq!(codes(&d), ["calendar-overlap"]);
    assert!(codes(&office("UTC").days(&[Sun], &["20:00-09:00"]).unwrap()).is_empty());
}

#[test]
fn what_can_never_open_is_refused() {
    for d in [
        office("UTC").holiday("01-01..12-31").unwrap(),
        CalendarDefinition::always("x", "UTC").holiday("1800-01-01..2300-01-01").unwrap(),
        CalendarDefinition::new("x", "UTC")
            .hours_on(day("2025-01-02"), &["09:00-17:00"])
            .unwrap()
            .break_on(day("2025-01-02"), &["08:00-18:00"])
            .unwrap(),
        // Only open in an hour that Amsterdam skipped that day.
        CalendarDefinition::new("x", "Europe/Amsterdam").hours_on(day("2025-03-30"), &["02:00-03:00"]).unwrap(),
    ] {
        assert_eq!(codes(&d).first(), Some(&"calendar-never-opens"), "{d:?}");
    }
    assert!(codes(&office("UTC").holiday("01-02..12-31").unwrap()).is_empty(), "only on new year's days");
}

#[test]
fn all_problems_at_once() {
    let mut d = office("Mars/Base").days(&[Sat], &["09:00-09:00"]).unwrap().holiday("2025-02-02..2025-01-01").unwrap();
    d.date_hours.insert(day("2025-01-05"), vec![]);
    assert_eq!(codes(&d).len(), 4);
}

#[test]
fn s53_precedence_holiday_over_special_hours_over_weekly_breaks_last() {
    let d = office("UTC")
        .hours_on(day("2025-09-01"), &["10:00-16:00"])
        .unwrap()
        .hours_on(day("2025-09-02"), &["10:00-16:00"])
        .unwrap()
        .holiday("2025-09-02")
        .unwrap()
        .break_on(day("2025-09-01"), &["12:00-13:00"])
        .unwrap();
    let c = Calendar::compile(&d).unwrap();
    let (mon, tue, wed, thu) =
        (at("2025-09-01T00:00:00Z"), at("2025-09-02T00:00:00Z"), at("2025-09-03T00:00:00Z"), at("2025-09-04T00:00:00Z"));
    assert_eq!(c.elapsed(mon, tue), TimeDelta::hours(5));
    assert_eq!(c.elapsed(tue, wed), TimeDelta::zero());
    assert_eq!(c.elapsed(wed, thu), TimeDelta::minutes(450));
    assert!(c.is_workday(day("2025-09-01")) && !c.is_workday(day("2025-09-02")));
}

#[test]
fn a_night_shift_ends_where_a_holiday_begins() {
    let d = CalendarDefinition::new("night", "UTC").days(&[Mon, Tue, Wed], &["22:00-06:00"]).unwrap().holiday("2025-09-02").unwrap();
    let c = Calendar::compile(&d).unwrap();
    let periods: Vec<_> = c.open_periods(at("2025-09-01T12:00:00Z")).take(2).collect();
    assert_eq!(periods[0], at("2025-09-01T22:00:00Z")..at("2025-09-02T00:00:00Z"));
    assert_eq!(periods[1], at("2025-09-03T22:00:00Z")..at("2025-09-04T06:00:00Z"));
}

#[test]
fn make_up_days_have_hours_of_a_weekday() {
    let d = office("Asia/Shanghai")
        .days(&[Fri], &["09:00-12:00"])
        .unwrap()
        .holiday("2025-10-01..2025-10-08")
        .unwrap()
        .workday("2025-09-28")
        .unwrap()
        .workday("2025-10-11 as fri")
        .unwrap();
    let c = Calendar::compile(&d).unwrap();
    let hours = |s: &str| c.open_on_date(day(s)).iter().map(|(a, b)| b - a).sum::<i64>() as f64 / 3600.0;
    assert_eq!(hours("2025-09-28"), 7.5);
    assert_eq!(hours("2025-10-11"), 3.0);
    assert_eq!(hours("2025-10-08"), 0.0);
    assert_eq!(hours("2025-10-12"), 0.0);
}

#[test]
fn yearly_ranges_pass_the_turn_of_the_year() {
    let c = Calendar::compile(&office("UTC").holiday("12-24..01-02").unwrap().holiday("02-29").unwrap()).unwrap();
    for (date, holiday) in [
        ("2025-12-23", false),
        ("2025-12-24", true),
        ("2026-01-02", true),
        ("2026-01-03", false),
        ("2028-02-29", true),
        ("2028-02-28", false),
    ] {
        assert_eq!(c.is_holiday(day(date)), holiday, "{date}");
    }
}

#[test]
fn a_definition_survives_json() {
    let d = office("Asia/Shanghai")
        .holiday("10-01")
        .unwrap()
        .workday("2025-09-28 as fri")
        .unwrap()
        .break_on(day("2025-06-11"), &["15:00-15:30:15"])
        .unwrap();
    let text = serde_json::to_string(&d).unwrap();
    assert_eq!(serde_json::from_str::<CalendarDefinition>(&text).unwrap(), d, "{text}");
    let ranges = r#"{"name":"x","time_zone":"UTC","weekly":{"mon-fri":["09:00-17:00"]}}"#;
    assert!(serde_json::from_str::<CalendarDefinition>(ranges).unwrap().weekly.get(Wed).is_some());
    assert!(serde_json::from_str::<CalendarDefinition>(r#"{"name":"x","time_zone":"UTC","weekly":{"mon-fri":[],"tue":[]}}"#).is_err());
}
