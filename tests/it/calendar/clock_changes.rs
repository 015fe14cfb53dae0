//! Every clock change from 1970 to 2100 (S54).

use super::at;
use super::made::{ZONES, changes, offset};
use crate::scale::pick;
use chrono::{DateTime, NaiveDate, TimeDelta, Weekday::*};
use ticketry::calendar::*;

const WEEK: [chrono::Weekday; 7] = [Mon, Tue, Wed, Thu, Fri, Sat, Sun];

fn daily(zone: &str, windows: &[&str]) -> Calendar {
    Calendar::compile(&CalendarDefinition::new("daily", zone).days(&WEEK, windows).unwrap()).unwrap()
}
fn hours_on(c: &Calendar, date: &str) -> f64 {
    let seconds: i64 = c.open_on_date(date.parse().unwrap()).iter().map(|(a, b)| b - a).sum();
    seconds as f64 / 3600.0
}

#[test]
fn s54_amsterdam_one_hour_in_spring_three_in_autumn() {
    let c = daily("Europe/Amsterdam", &["01:00-03:00"]);
    assert_eq!(hours_on(&c, "2025-03-29"), 2.0);
    assert_eq!(hours_on(&c, "2025-03-30"), 1.0);
    assert_eq!(hours_on(&c, "2025-10-26"), 3.0);
}

#[test]
fn s54_a_window_inside_a_gap_is_empty_and_its_date_no_working_day() {
    let c = daily("Europe/Amsterdam", &["02:10-02:50"]);
    assert_eq!(hours_on(&c, "2025-03-30"), 0.0);
    assert!(!c.is_workday("2025-03-30".parse().unwrap()));
    assert!(c.is_workday("2025-03-31".parse().unwrap()));
    let open = daily("Europe/Amsterdam", &["02:30-05:00"]);
    assert_eq!(hours_on(&open, "2025-03-30"), 2.0, "the opening moves to 03:00");
    assert_eq!(hours_on(&open, "2025-10-26"), 3.5, "from the first 02:30");
    let close = daily("Europe/Amsterdam", &["00:00-02:30"]);
    assert_eq!(hours_on(&close, "2025-10-26"), 3.5, "until the second 02:30");
}

#[test]
fn s54_apia_has_no_30_december_2011() {
    let c = daily("Pacific/Apia", &["09:00-17:00"]);
    let missing: NaiveDate = "2011-12-30".parse().unwrap();
    assert!(!c.is_workday(missing));
    assert!(c.is_workday("2011-12-29".parse().unwrap()) && c.is_workday("2011-12-31".parse().unwrap()));
    let (thursday, saturday) = (at("2011-12-30T02:00:00Z"), at("2011-12-30T22:00:00Z"));
    assert_eq!(c.render(thursday), "2011-12-29 16:00 -10:00");
    assert_eq!(c.render(saturday), "2011-12-31 12:00 +14:00");
    assert_eq!(c.elapsed(thursday, saturday), TimeDelta::hours(4));
    assert_eq!(c.render(c.add_days(thursday, 1, DayEnd::SameTime).unwrap()), "2011-12-31 16:00 +14:00");
    let always = Calendar::compile(&CalendarDefinition::always("24x7", "Pacific/Apia")).unwrap();
    assert_eq!(always.elapsed(thursday, saturday), saturday - thursday);
    assert!(!always.is_workday(missing));
    let holiday = CalendarDefinition::always("x", "Pacific/Apia").holiday("2011-12-30").unwrap();
    assert_eq!(Calendar::compile(&holiday).unwrap().elapsed(thursday, saturday), saturday - thursday, "a holiday that never was");
}

#[test]
fn s54_lord_howe_changes_by_half_an_hour() {
    let c = daily("Australia/Lord_Howe", &["01:00-03:00"]);
    assert_eq!(hours_on(&c, "2025-10-05"), 1.5);
    assert_eq!(hours_on(&c, "2025-04-06"), 2.5);
}

#[test]
fn s54_cairo_skips_midnight() {
    let c = daily("Africa/Cairo", &["00:00-02:00"]);
    assert_eq!(hours_on(&c, "2023-04-28"), 1.0);
    assert_eq!(hours_on(&c, "2023-04-27"), 2.0);
    let night = daily("Africa/Cairo", &["22:00-24:00"]);
    assert_eq!(night.elapsed(at("2023-04-27T12:00:00Z"), at("2023-04-28T12:00:00Z")), TimeDelta::hours(2));
}

#[test]
fn s54_casablanca_goes_back_for_ramadan() {
    let c = daily("Africa/Casablanca", &["02:00-04:00"]);
    assert_eq!(hours_on(&c, "2025-02-23"), 3.0, "03:00 became 02:00");
    assert_eq!(hours_on(&c, "2025-04-06"), 1.0, "02:00 became 03:00");
}

#[test]
fn s54_st_johns_put_the_clock_back_over_midnight() {
    // 2010-11-07 00:01 became 2010-11-06 23:01: the holiday on the 7th leaves the second 23:01-24:00 of the 6th open.
    let d = CalendarDefinition::always("24x7", "America/St_Johns").holiday("2010-11-07").unwrap();
    let c = Calendar::compile(&d).unwrap();
    let change =
        changes("America/St_Johns").into_iter().find(|t| *t > 1_289_000_000).map(|t| DateTime::from_timestamp(t, 0).unwrap()).unwrap();
    assert_eq!(c.render(change), "2010-11-06 23:01 -03:30");
    assert!(c.is_open(change) && !c.is_open(change - TimeDelta::seconds(1)));
    assert_eq!(c.next_close(change).unwrap() - change, TimeDelta::minutes(59));
}

#[test]
fn the_clock_still_changes_in_2099() {
    assert!(changes("Europe/Amsterdam").last().is_some_and(|t| *t > at("2099-09-01T00:00:00Z").timestamp()));
}

/// Around every change: the whole day lasts as long as the clock says; a window that ends or starts where the clock jumps keeps the law; and no second is lost.
#[test]
fn s54_every_change_from_1970_to_2100() {
    let zones: Vec<&str> = ZONES.iter().copied().take(pick(6, 25, 25) as usize).collect();
    for zone in zones {
        let tz: chrono_tz::Tz = zone.parse().unwrap();
        let whole = daily(zone, &["00:00-24:00"]);
        // On the date of each change, exactly what the clock skips or shows twice.
        let mut d = CalendarDefinition::new("change", zone);
        d.date_hours.insert("2020-07-04".parse().unwrap(), vec![Window::whole_day()]);
        let mut expected = Vec::new();
        for change in changes(zone) {
            let (before, after) = (offset(tz, change - 1), offset(tz, change));
            let t = DateTime::from_timestamp(change, 0).unwrap();
            let (from, to) = (t - TimeDelta::days(3), t + TimeDelta::days(3));
            assert_eq!(whole.elapsed(from, to), to - from, "{zone} {t}: days without holes");
            let shown = change + before.min(after);
            let (low, high) = (shown.rem_euclid(86_400), shown.rem_euclid(86_400) + (before - after).abs());
            let date = DateTime::from_timestamp(shown, 0).unwrap().date_naive();
            if high > 86_400 || d.date_hours.contains_key(&date) {
                continue;
            }
            let (low, high) = (u32::try_from(low).unwrap(), u32::try_from(high).unwrap());
            d.date_hours.insert(date, vec![Window::seconds(low, high)]);
            expected.push((from, to, if after > before { 0 } else { 2 * (before - after) }));
        }
        let c = Calendar::compile(&d).unwrap();
        for (from, to, seconds) in expected {
            assert_eq!(c.elapsed(from, to).num_seconds(), seconds, "{zone} {from}");
        }
    }
}

#[test]
fn wall_times_in_gaps_and_folds() {
    let wall =
        |s: &str, gap, fold| zone_wall_to_instant("America/Los_Angeles", s.parse().unwrap(), gap, fold).unwrap().unwrap().to_rfc3339();
    let (end, shift, early, late) = (GapRule::End, GapRule::Shift, FoldRule::Earlier, FoldRule::Later);
    assert_eq!(wall("2014-03-09T02:30:00", end, early), "2014-03-09T10:00:00+00:00");
    assert_eq!(wall("2014-03-09T02:30:00.5", end, late), "2014-03-09T10:00:00+00:00");
    assert_eq!(wall("2014-03-09T02:30:00", shift, early), "2014-03-09T10:30:00+00:00");
    assert_eq!(wall("2014-11-02T01:30:00", end, early), "2014-11-02T08:30:00+00:00");
    assert_eq!(wall("2014-11-02T01:30:00", end, late), "2014-11-02T09:30:00+00:00");
}

#[test]
fn zones_are_rendered_for_people_and_misspellings_found() {
    assert_eq!(zone_render("Asia/Kathmandu", at("2025-01-01T00:00:01Z")).unwrap(), "2025-01-01 05:45:01 +05:45");
    assert!(zone_exists("Europe/Berlin") && !zone_exists("Europe/Berlim"));
    assert!(zone_render("Europe/Berlim", at("2025-01-01T00:00:00Z")).unwrap_err().to_string().ends_with("did you mean `Europe/Berlin`?"));
}
