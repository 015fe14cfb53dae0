//! Calendars from TOML, with the place of every problem.

use proptest::prelude::*;
use ticketry::calendar::*;
use ticketry::diagnostic::Lang;

const FILE: &str = "calendars/office.toml";
const GOOD: &str = r#"
version = 3
time_zone = "Asia/Shanghai"
holidays  = ["01-01", "2025-10-01..2025-10-08", 2026-01-02]
workdays  = ["2025-09-28", "2025-10-11 as fri"]        # 调休

[weekly]
mon-thu = ["09:00-12:00", "13:30-18:00"]
fri = ["22:00-06:00"]

[date_hours]
2025-12-31 = ["09:00-12:00"]

[date_breaks]
2025-06-11 = ["15:00-16:00"]
"#;

#[test]
fn a_file_is_named_after_itself() {
    let (c, warnings) = Calendar::from_toml(FILE, GOOD).unwrap();
    assert_eq!((c.name().as_str(), c.version(), c.time_zone()), ("office", 3, "Asia/Shanghai"));
    assert!(warnings.is_empty(), "{warnings}");
    let d = CalendarDefinition::from_toml(FILE, GOOD).unwrap();
    assert_eq!((d.holidays.len(), d.workdays.len()), (3, 2));
    assert_eq!(
        toml::from_str::<CalendarDefinition>(&format!("name = 'office'\n{}", GOOD.replace("2026-01-02]", "'2026-01-02']"))).unwrap(),
        d,
        "serde reads the same"
    );
}

/// Code and place of each problem.
fn problems(text: &str) -> Vec<String> {
    let found = Calendar::from_toml(FILE, text).unwrap_err();
    found.iter().map(|d| format!("{} {}:{}", d.code, d.place().unwrap().line, d.place().unwrap().column)).collect()
}

#[test]
fn all_problems_with_their_places() {
    let text = r#"time_zone = "Shanghai"
holiday = ["01-01"]
version = "two"
holidays = ["13-01", "2025-01-05..2025-01-01", 7]
workdays = ["2025-09-28 as freitag"]
[weekly]
mon-fri = ["9:00-12:00", "13:00-12:60"]
tuesday = ["09:00-12:00"]
sat = ["10:00-14:00", "13:00-15:00"]
sun = ["10:00"]
[date_hours]
heute = ["09:00-12:00"]
"#;
    assert_eq!(
        problems(text),
        [
            "calendar-unknown-zone 1:13",
            "unknown-key 2:1",
            "wrong-type 3:11",
            "calendar-bad-date 4:13",
            "calendar-reversed-range 4:22",
            "wrong-type 4:48",
            "calendar-bad-workday 5:13",
            "calendar-bad-time 7:12",
            "calendar-bad-time 7:26",
            "calendar-bad-day 8:1",
            "calendar-overlap 9:23",
            "calendar-bad-window 10:8",
            "calendar-bad-date 12:1",
        ]
    );
    let found = Calendar::from_toml(FILE, text).unwrap_err().render(Lang::En, None);
    for help in ["did you mean `Asia/Shanghai`?", "did you mean `holidays`?", "write `tue`"] {
        assert!(found.contains(help), "{help}\n{found}");
    }
    assert!(Calendar::from_toml(FILE, text).unwrap_err().render(Lang::Zh, None).contains("不是时区"));
}

#[test]
fn what_is_missing_and_what_is_no_toml() {
    assert_eq!(problems("weekly.mon = ['09:00-12:00']"), ["missing-key 1:1"]);
    assert_eq!(problems("time_zone = 'UTC'"), ["calendar-never-opens 1:1"]);
    assert_eq!(problems("time_zone = 'UTC'\nweekly.mon = ['09:00-12:00'").first().map(String::as_str), Some("toml-syntax 2:28"));
    assert_eq!(problems("time_zone = 'UTC'\nweekly.mon = ['09:00-12:00']\nweekly.mon-fri = ['13:00-14:00']"), ["calendar-day-twice 3:8"]);
    assert_eq!(problems("time_zone = 'UTC'\nalways = 1\nweekly = 5"), ["wrong-type 2:10", "wrong-type 3:10"]);
    assert_eq!(problems("time_zone = 'UTC'\nweekly.sat = []\nweekly.mon = ['09:00-12:00']"), ["calendar-empty-day 2:14"]);
}

#[test]
fn warnings_come_with_the_calendar() {
    let text = "time_zone = 'UTC'\nalways = true\nholidays = ['2025-10-01']\ndate_hours.2025-10-01 = ['09:00-12:00']";
    let (_, warnings) = Calendar::from_toml(FILE, text).unwrap();
    assert_eq!(warnings.iter().map(|d| d.code).collect::<Vec<_>>(), ["calendar-hidden-date"]);
    assert_eq!(warnings.iter().next().unwrap().place().unwrap().line, 4);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::scale::pick(64, 1000, 10_000), failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_text_panics(cut in 0usize..GOOD.len(), insert in "[\\[\\]=\"'.0-9a-z:\\n-]{0,6}") {
        let at = (0..=cut).rev().find(|i| GOOD.is_char_boundary(*i)).unwrap();
        let (a, b) = GOOD.split_at(at);
        let _ = Calendar::from_toml(FILE, &format!("{a}{insert}{b}"));
        let _ = Calendar::from_toml(FILE, a);
    }
}
