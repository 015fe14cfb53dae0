//! The calendar files of a playbook together: algebra, versions (S55), and what is wrong with them.

use super::at;
use chrono::TimeDelta;
use ticketry::calendar::{self, Calendar, CalendarDefinition};
use ticketry::diagnostic::{Diagnostics, Lang, Source};

const BERLIN: &str = "time_zone = 'Europe/Berlin'\nweekly.mon-fri = ['09:00-17:00']";
const SHANGHAI: &str = "time_zone = 'Asia/Shanghai'\nweekly.mon-fri = ['09:00-17:00']\nholidays = ['2025-10-01..2025-10-08']";

fn source(files: &[(&str, &str)]) -> Source {
    files.iter().fold(Source::new(), |s, (name, content)| s.with(format!("calendars/{name}"), *content))
}
/// Code and place of each problem.
fn problems(found: &Diagnostics) -> Vec<String> {
    found.iter().map(|d| format!("{} {}", d.code, d.place().unwrap())).collect()
}
fn named(all: &[Calendar], name: &str) -> Calendar {
    all.iter().find(|c| c.name() == name).unwrap_or_else(|| panic!("no {name} in {all:?}")).clone()
}

#[test]
fn combinations_in_any_order_of_files() {
    let (all, found) = calendar::load(&source(&[
        ("a-sun.toml", "combine.union = ['berlin', 'shanghai']\nversion = 4"),
        ("a-both.toml", "time_zone = 'UTC'\n[combine]\nintersection = ['berlin', 'shanghai']"),
        ("a-night.toml", "combine.minus = ['always', 'a-sun', 'a-both']"),
        ("a-xmas.toml", "name = 'xmas'\ncombine.override = ['a-sun', 'party']"),
        ("always.toml", "time_zone = 'UTC'\nalways = true"),
        ("berlin.toml", BERLIN),
        ("party.toml", "time_zone = 'UTC'\ndate_hours.2025-09-01 = ['20:00-23:00']\nholidays = ['2025-09-02']"),
        ("shanghai.toml", SHANGHAI),
    ]));
    assert!(found.is_empty(), "{found}");
    assert_eq!(all.len(), 8);
    let (monday, tuesday, wednesday) = (at("2025-09-01T00:00:00Z"), at("2025-09-02T00:00:00Z"), at("2025-09-03T00:00:00Z"));
    let hours = |name: &str, a, b| named(&all, name).elapsed(a, b).num_minutes() as f64 / 60.0;
    assert_eq!(hours("a-sun", monday, tuesday), 14.0);
    assert_eq!(hours("a-both", monday, tuesday), 2.0);
    assert_eq!(hours("a-night", monday, tuesday), 10.0);
    assert_eq!(hours("xmas", monday, tuesday), 3.0);
    assert_eq!(hours("xmas", tuesday, wednesday), 0.0);
    let (sun, both) = (named(&all, "a-sun"), named(&all, "a-both"));
    assert_eq!((sun.version(), sun.time_zone()), (4, "Europe/Berlin"));
    assert_eq!((both.version(), both.time_zone()), (1, "UTC"));
}

#[test]
fn s55_versions_change_only_the_keys_they_name() {
    let office = "time_zone = 'Europe/Berlin'\nversion = 3\nweekly.mon-fri = ['09:00-17:00']\nholidays = ['01-06']\n\
        [[versions]]\nfrom = 2026-01-01\nweekly = { mon-thu = ['08:00-17:00'] }\n\
        [[versions]]\nfrom = '2026-07-01T12:00+02:00'\nholidays = []\nalways = true\n";
    let (all, found) = calendar::load(&source(&[("office.toml", office)]));
    assert!(found.is_empty(), "{found}");
    let c = named(&all, "office");
    assert_eq!(c.version(), 5);
    let hours = |a: &str, b: &str| c.elapsed(at(a), at(b)).num_minutes() as f64 / 60.0;
    assert_eq!(hours("2025-12-31T00:00:00+01:00", "2026-01-01T00:00:00+01:00"), 8.0, "a Wednesday by the first version");
    assert_eq!(hours("2026-01-01T00:00:00+01:00", "2026-01-02T00:00:00+01:00"), 9.0, "a Thursday by the second");
    assert_eq!(hours("2026-01-02T00:00:00+01:00", "2026-01-03T00:00:00+01:00"), 0.0, "Fridays are gone");
    assert_eq!(hours("2026-01-06T00:00:00+01:00", "2026-01-07T00:00:00+01:00"), 0.0, "the holiday has stayed");
    assert_eq!(hours("2026-07-01T00:00:00+02:00", "2026-07-02T00:00:00+02:00"), 4.0 + 12.0, "08:00-12:00, then around the clock");
    assert_eq!(hours("2027-01-06T00:00:00+01:00", "2027-01-07T00:00:00+01:00"), 24.0, "no holiday any more");
    assert!(c.is_workday("2025-12-26".parse().unwrap()) && !c.is_workday("2026-01-09".parse().unwrap()));
    assert!(c.is_holiday("2026-01-06".parse().unwrap()) && !c.is_holiday("2027-01-06".parse().unwrap()));
}

#[test]
fn s55_a_night_shift_belongs_to_the_date_it_starts_on_in_every_version() {
    let night = "time_zone = 'UTC'\nweekly.fri = ['22:00-06:00']\n[[versions]]\nfrom = 2026-01-01\nholidays = ['2026-05-01']";
    let (all, _) = calendar::load(&source(&[("night.toml", night)]));
    let c = named(&all, "night");
    assert!(c.is_workday("2025-09-05".parse().unwrap()) && !c.is_workday("2025-09-06".parse().unwrap()));
    assert!(c.is_workday("2026-09-04".parse().unwrap()) && !c.is_workday("2026-09-05".parse().unwrap()));
    let due = c.add_days(at("2026-08-28T23:00:00Z"), 1, calendar::DayEnd::CloseOfBusiness).unwrap();
    assert_eq!(due, at("2026-09-05T06:00:00Z"), "the closing after midnight belongs to Friday");
}

#[test]
fn unknown_names_and_cycles_are_refused_where_they_are_written() {
    let (all, found) = calendar::load(&source(&[
        ("a.toml", "combine.union = ['b', 'berlin']"),
        ("b.toml", "combine.union = ['berlin', 'c']"),
        ("berlin.toml", BERLIN),
        ("c.toml", "combine.minus = ['a', 'berlin']"),
        ("d.toml", "combine.union = ['berlin', 'berlim']"),
        ("self.toml", "combine.override = ['self', 'berlin']"),
    ]));
    assert_eq!(
        problems(&found),
        ["calendar-cycle calendars/c.toml:1:18", "unknown-calendar calendars/d.toml:1:28", "calendar-cycle calendars/self.toml:1:21"]
    );
    assert_eq!(all.iter().map(|c| c.name().as_str()).collect::<Vec<_>>(), ["berlin"]);
    let text = found.render(Lang::En, None);
    assert!(text.contains("a → b → c → a") && text.contains("did you mean `berlin`?"), "{text}");
    assert!(found.render(Lang::Zh, None).contains("循环引用"));
}

#[test]
fn a_combination_that_never_opens_is_refused() {
    let (_, found) = calendar::load(&source(&[
        ("berlin.toml", BERLIN),
        ("none.toml", "combine.intersection = ['berlin', 'weekend']"),
        ("nothing.toml", "combine.minus = ['berlin', 'always']"),
        ("always.toml", "time_zone = 'UTC'\nalways = true"),
        ("weekend.toml", "time_zone = 'Europe/Berlin'\nweekly.sat-sun = ['09:00-17:00']"),
    ]));
    assert_eq!(problems(&found), ["calendar-never-opens calendars/none.toml:1:9", "calendar-never-opens calendars/nothing.toml:1:9"]);
}

#[test]
fn what_is_wrong_with_combinations_and_versions() {
    for (text, codes) in [
        ("combine.unite = ['a', 'b']", &["calendar-bad-combination calendars/x.toml:1:9"][..]),
        ("combine.union = ['berlin']", &["calendar-bad-combination calendars/x.toml:1:17"]),
        ("combine = {}", &["calendar-bad-combination calendars/x.toml:1:11"]),
        (
            "combine = { union = ['berlin', 'berlin'], minus = ['berlin', 'berlin'] }",
            &["calendar-bad-combination calendars/x.toml:1:13", "calendar-never-opens calendars/x.toml:1:43"],
        ),
        ("combine.union = 'berlin'", &["wrong-type calendars/x.toml:1:17"]),
        ("combine.union = ['berlin', 3]", &["wrong-type calendars/x.toml:1:28"]),
        ("combine.union = ['berlin', 'berlin']\nweekly.mon = ['09:00-17:00']", &["calendar-combine-and-hours calendars/x.toml:2:1"]),
        ("combine.union = ['berlin', 'berlin']\ntime_zone = 'Berlin'", &["calendar-unknown-zone calendars/x.toml:2:13"]),
        ("combine.union = ['berlin', 'berlin']\nversion = 0", &["calendar-bad-version calendars/x.toml:2:11"]),
        ("time_zone='UTC'\nalways=true\n[[versions]]\nholidays=[]", &["missing-key calendars/x.toml:3:1"]),
        ("time_zone='UTC'\nalways=true\n[[versions]]\nfrom='soon'", &["calendar-bad-date calendars/x.toml:4:6"]),
        (
            "time_zone='UTC'\nalways=true\n[[versions]]\nfrom=2026-02-01\n[[versions]]\nfrom=2026-01-01",
            &["calendar-version-order calendars/x.toml:6:6"],
        ),
        ("time_zone='Pacific/Apia'\nalways=true\n[[versions]]\nfrom=2011-12-30", &["calendar-version-order calendars/x.toml:4:6"]),
        ("time_zone='UTC'\nalways=true\n[[versions]]\nfrom=2026-02-01\nname='y'", &["unknown-key calendars/x.toml:5:1"]),
        (
            "time_zone='UTC'\nalways=true\n[[versions]]\nfrom=2026-02-01\nholidays=['01-01..12-31']",
            &["calendar-never-opens calendars/x.toml:5:10"],
        ),
        ("time_zone='UTC'\nalways=true\nversions=3", &["wrong-type calendars/x.toml:3:10"]),
        ("time_zone='UTC'\nalways=true\nclosures=['2025-01-01']", &["calendar-bad-closure calendars/x.toml:3:11"]),
        (
            "time_zone='UTC'\nalways=true\nclosures=['2025-01-02T00:00Z..2025-01-01T00:00Z']",
            &["calendar-reversed-range calendars/x.toml:3:11"],
        ),
        ("time_zone='UTC'\nalways=true\nholidays_from=['none.ics']", &["calendar-feed-missing calendars/x.toml:3:16"]),
    ] {
        let (_, found) = calendar::load(&source(&[("berlin.toml", BERLIN), ("x.toml", text)]));
        assert_eq!(problems(&found), codes, "{text}\n{found}");
        assert!(found.iter().all(|d| d.message.zh.chars().any(|c| c as u32 > 0x4E00)), "{found:?}");
    }
}

#[test]
fn two_files_of_one_name() {
    let (_, found) = calendar::load(&source(&[("a.toml", BERLIN), ("b.toml", &format!("name = 'a'\n{BERLIN}"))]));
    assert_eq!(problems(&found), ["duplicate-name calendars/b.toml"]);
}

#[test]
fn one_file_alone_can_have_versions_but_no_other_calendars() {
    let versions = format!("{BERLIN}\n[[versions]]\nfrom = 2026-01-01\nweekly.mon = ['09:00-17:00']");
    let (c, found) = Calendar::from_toml("calendars/x.toml", &versions).unwrap();
    assert!(found.is_empty() && c.version() == 2);
    assert_eq!(problems(&CalendarDefinition::from_toml("x.toml", &versions).unwrap_err()), ["calendar-many-definitions x.toml:1:1"]);
    assert_eq!(problems(&Calendar::from_toml("x.toml", "combine.union = ['a', 'b']").unwrap_err()).len(), 2);
}

#[test]
fn closures_are_closed_to_the_second_whatever_else_says() {
    let text = "time_zone = 'Europe/Berlin'\nweekly.mon-fri = ['09:00-17:00']\ndate_hours.2025-06-11 = ['10:00-20:00']\n\
        closures = ['2025-06-11T15:00:30+02:00..2025-06-12 09:00+02:00', '2025-06-12T06:00:00Z..2025-06-12T07:30:00Z']";
    let (c, found) = Calendar::from_toml("calendars/x.toml", text).unwrap();
    assert!(found.is_empty());
    assert_eq!(c.elapsed(at("2025-06-11T00:00:00Z"), at("2025-06-12T00:00:00Z")), TimeDelta::seconds(5 * 3600 + 30));
    assert_eq!(c.next_open(at("2025-06-11T14:00:00Z")).unwrap(), at("2025-06-12T07:30:00Z"));
    let d = CalendarDefinition::from_toml("calendars/x.toml", text).unwrap();
    assert_eq!(serde_json::from_str::<CalendarDefinition>(&serde_json::to_string(&d).unwrap()).unwrap(), d);
}
