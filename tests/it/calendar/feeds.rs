//! iCalendar feeds (RFC 5545): what they close, how they recur, what is refused.

use super::at;
use crate::scale::pick;
use chrono::{NaiveDate, TimeDelta, Weekday::*};
use proptest::prelude::*;
use ticketry::calendar::{self, Calendar, CalendarDefinition, Feed};
use ticketry::diagnostic::{Diagnostics, Lang, Source};

fn day(s: &str) -> NaiveDate {
    s.parse().unwrap()
}
fn office(zone: &str) -> CalendarDefinition {
    CalendarDefinition::new("office", zone).days(&[Mon, Tue, Wed, Thu, Fri], &["09:00-17:00"]).unwrap()
}
/// A feed of events, each given by its lines.
fn feed(events: &[&str]) -> String {
    let events: String = events.iter().map(|e| format!("BEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\n", e.replace('\n', "\r\n"))).collect();
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n{events}END:VCALENDAR\r\n")
}
fn with(zone: &str, events: &[&str]) -> CalendarDefinition {
    office(zone).holidays_from_ics(&Feed::new("a.ics", feed(events))).unwrap_or_else(|e| panic!("{e}\n{events:?}")).0
}
/// The holidays and closures as text.
fn closed(d: &CalendarDefinition) -> Vec<String> {
    d.holidays.iter().map(ToString::to_string).chain(d.closures.iter().map(ToString::to_string)).collect()
}
fn holidays(events: &[&str]) -> Vec<String> {
    closed(&with("Europe/Berlin", events))
}
fn problems(found: &Diagnostics) -> Vec<String> {
    found.iter().map(|d| format!("{} {}", d.code, d.place().unwrap())).collect()
}
fn refused(content: &str) -> Vec<String> {
    let found = office("Europe/Berlin").holidays_from_ics(&Feed::new("a.ics", content)).unwrap_err();
    assert!(found.iter().all(|d| d.message.zh.chars().any(|c| c as u32 > 0x4E00)), "{found:?}");
    problems(&found)
}

#[test]
fn all_day_events_close_their_dates_the_end_excluded() {
    assert_eq!(holidays(&["DTSTART;VALUE=DATE:20251224\nDTEND;VALUE=DATE:20251227"]), ["2025-12-24..2025-12-26"]);
    assert_eq!(holidays(&["DTSTART;VALUE=DATE:20251224"]), ["2025-12-24"], "one day without an end");
    assert_eq!(holidays(&["DTSTART;VALUE=DATE:20251224\nDTEND;VALUE=DATE:20251224"]), ["2025-12-24"], "as many feeds write it");
    assert_eq!(holidays(&["DTSTART;VALUE=DATE:20251224\nDURATION:P1W"]), ["2025-12-24..2025-12-30"]);
    assert_eq!(holidays(&["DTSTART:20251224"]), ["2025-12-24"], "a date without VALUE=DATE");
    assert_eq!(
        holidays(&["DTSTART;VALUE=DATE:20251225", "DTSTART;VALUE=DATE:20251226", "DTSTART;VALUE=DATE:20251226"]),
        ["2025-12-25..2025-12-26"],
        "neighbours are one range"
    );
    let c = Calendar::compile(&with("Europe/Berlin", &["DTSTART;VALUE=DATE:20251224"])).unwrap();
    assert!(c.is_holiday(day("2025-12-24")) && !c.is_workday(day("2025-12-24")) && !c.is_holiday(day("2025-12-25")));
}

#[test]
fn timed_events_close_their_time_in_utc_of_a_zone_or_floating() {
    assert_eq!(holidays(&["DTSTART:20250611T130000Z\nDTEND:20250611T140000Z"]), ["2025-06-11T13:00:00Z..2025-06-11T14:00:00Z"]);
    assert_eq!(
        holidays(&["DTSTART;TZID=America/New_York:20250611T090000\nDURATION:PT90M"]),
        ["2025-06-11T13:00:00Z..2025-06-11T14:30:00Z"]
    );
    assert_eq!(
        holidays(&["DTSTART:20250611T150000\nDTEND:20250611T160000"]),
        ["2025-06-11T13:00:00Z..2025-06-11T14:00:00Z"],
        "Berlin's own"
    );
    assert_eq!(
        holidays(&["DTSTART;TZID=W. Europe Standard Time:20250611T150000\nDTEND;TZID=W. Europe Standard Time:20250612T090000"]),
        ["2025-06-11T13:00:00Z..2025-06-12T07:00:00Z"],
        "a name of Windows"
    );
    assert_eq!(
        holidays(&["DTSTART:20250611T150000\nDTEND;TZID=Asia/Shanghai:20250611T220000"]),
        ["2025-06-11T13:00:00Z..2025-06-11T14:00:00Z"]
    );
    assert!(holidays(&["DTSTART:20250611T150000Z"]).is_empty(), "a moment closes nothing");
    let c = Calendar::compile(&with("Europe/Berlin", &["DTSTART:20250611T130000Z\nDTEND:20250611T140000Z"])).unwrap();
    assert_eq!(c.elapsed(at("2025-06-11T00:00:00Z"), at("2025-06-12T00:00:00Z")), TimeDelta::hours(7));
    assert!(c.is_workday(day("2025-06-11")) && !c.is_holiday(day("2025-06-11")));
}

#[test]
fn a_feed_names_its_zones_as_it_likes() {
    let zone = "BEGIN:VTIMEZONE\nTZID:Office\nX-LIC-LOCATION:Europe/Paris\nBEGIN:STANDARD\nDTSTART:19701025T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\n";
    let events = "BEGIN:VEVENT\nDTSTART;TZID=Office:20250611T150000\nDTEND;TZID=Office:20250611T160000\nEND:VEVENT\n";
    let d = office("UTC").holidays_from_ics(&Feed::new("a.ics", format!("BEGIN:VCALENDAR\n{zone}{events}END:VCALENDAR\n"))).unwrap().0;
    assert_eq!(closed(&d), ["2025-06-11T13:00:00Z..2025-06-11T14:00:00Z"]);
    assert_eq!(refused(&format!("BEGIN:VCALENDAR\n{events}END:VCALENDAR\n"))[0], "calendar-feed-unknown-zone a.ics:3:1");
}

#[test]
fn wall_times_in_gaps_and_folds_are_those_of_the_rfc() {
    // 02:30 was skipped in Berlin on 2025-03-30: as far after the change as the offset before it says; on 2025-10-26 02:30 came twice: the first.
    assert_eq!(
        holidays(&[
            "DTSTART;TZID=Europe/Berlin:20250330T023000\nDURATION:PT1H",
            "DTSTART;TZID=Europe/Berlin:20251026T023000\nDURATION:PT1H"
        ]),
        ["2025-03-30T01:30:00Z..2025-03-30T02:30:00Z", "2025-10-26T00:30:00Z..2025-10-26T01:30:00Z"]
    );
    // A day on the clock is 23 hours here, 24 hours are 24 hours.
    assert_eq!(
        holidays(&[
            "DTSTART;TZID=Europe/Berlin:20250329T120000\nDURATION:P1D",
            "DTSTART;TZID=Europe/Berlin:20260328T120000\nDURATION:PT24H"
        ]),
        ["2025-03-29T11:00:00Z..2025-03-30T10:00:00Z", "2026-03-28T11:00:00Z..2026-03-29T11:00:00Z"]
    );
}

#[test]
fn recurrences_are_expanded_over_the_years_covered() {
    let all = holidays(&["DTSTART;VALUE=DATE:20200101\nRRULE:FREQ=YEARLY"]);
    assert_eq!((all.len(), all.first().unwrap().as_str(), all.last().unwrap().as_str()), (81, "2020-01-01", "2100-01-01"));
    assert_eq!(
        holidays(&["DTSTART;VALUE=DATE:20251127\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=3"]),
        ["2025-11-27", "2026-11-26", "2027-11-25"]
    );
    assert_eq!(
        holidays(&["DTSTART;VALUE=DATE:20250526\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO;UNTIL=20270531"]),
        ["2025-05-26", "2026-05-25", "2027-05-31"],
        "until includes its date"
    );
    assert_eq!(
        holidays(&[
            "DTSTART;VALUE=DATE:20250101\nRRULE:FREQ=MONTHLY;COUNT=4\nEXDATE;VALUE=DATE:20250201,20250301\nRDATE;VALUE=DATE:20250310"
        ]),
        ["2025-01-01", "2025-03-10", "2025-04-01"]
    );
    assert_eq!(holidays(&["DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY;COUNT=2"]), ["2024-02-29", "2028-02-29"]);
}

#[test]
fn timed_recurrences_keep_the_wall_time_over_clock_changes() {
    let event = "DTSTART;TZID=America/New_York:20251030T090000\nDTEND;TZID=America/New_York:20251030T100000\nRRULE:FREQ=DAILY;UNTIL=20251103T140000Z\n\
        EXDATE;TZID=America/New_York:20251031T090000";
    assert_eq!(
        holidays(&[event]),
        [
            "2025-10-30T13:00:00Z..2025-10-30T14:00:00Z",
            "2025-11-01T13:00:00Z..2025-11-01T14:00:00Z",
            "2025-11-02T14:00:00Z..2025-11-02T15:00:00Z",
            "2025-11-03T14:00:00Z..2025-11-03T15:00:00Z",
        ],
        "until is an instant"
    );
    let periods = "DTSTART:20250601T100000Z\nDURATION:PT1H\nRDATE;VALUE=PERIOD:20250602T100000Z/20250602T103000Z,20250603T100000Z/PT2H";
    assert_eq!(holidays(&[periods]).len(), 3);
    assert_eq!(holidays(&[periods])[2], "2025-06-03T10:00:00Z..2025-06-03T12:00:00Z");
    // Twice the same instant in two zones is one exception.
    let exdate = "DTSTART:20250601T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2\nEXDATE;TZID=Asia/Shanghai:20250602T180000";
    assert_eq!(holidays(&[exdate]).len(), 1);
    assert_eq!(holidays(&[&exdate.replace("EXDATE;TZID=Asia/Shanghai:20250602T180000", "EXDATE;VALUE=DATE:20250602")]).len(), 1);
}

#[test]
fn changed_occurrences_replace_theirs() {
    let master = "UID:x\nDTSTART;VALUE=DATE:20250101\nRRULE:FREQ=YEARLY;COUNT=4";
    assert_eq!(
        holidays(&[master, "UID:x\nRECURRENCE-ID;VALUE=DATE:20260101\nDTSTART;VALUE=DATE:20260102\nDTEND;VALUE=DATE:20260104"]),
        ["2025-01-01", "2026-01-02..2026-01-03", "2027-01-01", "2028-01-01"]
    );
    assert_eq!(
        holidays(&["UID:x\nRECURRENCE-ID;VALUE=DATE:20260101\nDTSTART;VALUE=DATE:20260101\nSTATUS:CANCELLED", master]),
        ["2025-01-01", "2027-01-01", "2028-01-01"],
        "whichever comes first in the file"
    );
    assert_eq!(
        holidays(&[master, "UID:x\nRECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20270101\nDTSTART;VALUE=DATE:20270105"]),
        ["2025-01-01", "2026-01-01", "2027-01-05", "2028-01-05"]
    );
    assert_eq!(
        holidays(&[master, "UID:x\nRECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20270101\nSTATUS:CANCELLED\nDTSTART;VALUE=DATE:20270101"]),
        ["2025-01-01", "2026-01-01"]
    );
    let timed = "UID:y\nDTSTART;TZID=Europe/Berlin:20250602T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=2";
    assert_eq!(
        holidays(&[timed, "UID:y\nRECURRENCE-ID:20250609T070000Z\nDTSTART:20250609T120000Z\nDTEND:20250609T130000Z"]),
        ["2025-06-02T07:00:00Z..2025-06-02T08:00:00Z", "2025-06-09T12:00:00Z..2025-06-09T13:00:00Z"]
    );
}

#[test]
fn cancelled_and_free_events_close_nothing_and_are_counted() {
    let content = feed(&[
        "DTSTART;VALUE=DATE:20250101\nSTATUS:CANCELLED",
        "DTSTART;VALUE=DATE:20250102\nTRANSP:TRANSPARENT",
        "DTSTART;VALUE=DATE:20250103\nSTATUS:CONFIRMED\nTRANSP:OPAQUE",
    ]);
    let (d, found) = office("UTC").holidays_from_ics(&Feed::new("a.ics", content.clone())).unwrap();
    assert_eq!(closed(&d), ["2025-01-03"]);
    assert_eq!(problems(&found), ["calendar-feed-ignored a.ics:1:1"]);
    assert!(found.to_string().contains("1 cancelled events, 1 marked as free"));
    let (d, found) = office("UTC").holidays_from_ics(&Feed::new("a.ics", content).transparent()).unwrap();
    assert_eq!(closed(&d), ["2025-01-02..2025-01-03"]);
    assert!(!found.to_string().contains("transparent = true"));
    let nothing = feed(&["DTSTART;VALUE=DATE:20250102\nTRANSP:TRANSPARENT"]);
    let (_, found) = office("UTC").holidays_from_ics(&Feed::new("a.ics", nothing)).unwrap();
    assert_eq!(problems(&found), ["calendar-feed-ignored a.ics:1:1", "calendar-feed-empty a.ics:1:1"]);
}

#[test]
fn a_feed_that_would_close_every_day_is_refused() {
    // The place is the recurrence, else the event.
    for (events, line) in [
        ("DTSTART;VALUE=DATE:20250101\nRRULE:FREQ=DAILY", 6),
        ("DTSTART;VALUE=DATE:20250615\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", 6),
        ("DTSTART;VALUE=DATE:20250101\nDTEND;VALUE=DATE:20400101", 4),
        ("DTSTART:20250101T000000Z\nDTEND:20270101T000000Z", 4),
        ("DTSTART;TZID=Europe/Berlin:20250101T080000\nDURATION:PT10H\nRRULE:FREQ=DAILY", 7),
        ("DTSTART;VALUE=DATE:19000101\nDURATION:P100000D", 4),
    ] {
        assert_eq!(refused(&feed(&[events])), [format!("calendar-feed-closes-all a.ics:{line}:1")], "{events}");
    }
    assert_eq!(
        holidays(&["DTSTART;VALUE=DATE:20250104\nRRULE:FREQ=WEEKLY;BYDAY=SA,SU;COUNT=2000"]).len(),
        1000,
        "weekends are closed anyway"
    );
    assert!(!holidays(&["DTSTART;VALUE=DATE:20250601\nRRULE:FREQ=DAILY;COUNT=300"]).is_empty(), "a long closure is one");
}

#[test]
fn hand_written_dates_win_over_a_feed() {
    let text = "time_zone = 'UTC'\nweekly.mon-fri = ['09:00-17:00']\ndate_hours.2025-12-24 = ['09:00-12:00']\nholidays_from = ['cn.ics']\n\
        workdays_from = [{ file = 'cn.ics', summary = '补班', as = 'fri' }]\nweekly.sat = ['10:00-11:00']";
    let ics = feed(&[
        "DTSTART;VALUE=DATE:20251224\nDTEND;VALUE=DATE:20251227\nSUMMARY:Xmas",
        "DTSTART;VALUE=DATE:20251001\nDTEND;VALUE=DATE:20251009\nSUMMARY:国庆节 休",
        "DTSTART;VALUE=DATE:20250928\nSUMMARY:国庆节\n  补班",
        "DTSTART;VALUE=DATE:20251011\nCATEGORIES:x,补班\nSUMMARY:国庆",
    ]);
    let source =
        Source::new().with("calendars/office.toml", text.replace("weekly.sat = ['10:00-11:00']", "")).with("calendars/cn.ics", ics);
    let (all, found) = calendar::load(&source);
    assert!(found.is_empty(), "{found}");
    let c = &all[0];
    let hours = |d: &str| c.open_on_date(day(d)).iter().map(|(a, b)| (b - a) / 3600).sum::<i64>();
    assert_eq!(["2025-12-24", "2025-12-25", "2025-10-08", "2025-09-28", "2025-10-11", "2025-10-09"].map(hours), [3, 0, 0, 8, 8, 8]);
}

#[test]
fn feeds_lie_beside_their_calendar() {
    let cal = "time_zone = 'UTC'\nalways = true\nholidays_from = ['holidays.ics', { file = 'firm.ics', summary = 'closed' }]";
    let firm = feed(&["DTSTART;VALUE=DATE:20250110\nSUMMARY:Office closed", "DTSTART;VALUE=DATE:20250111\nSUMMARY:Party"]);
    let source = Source::new()
        .with("calendars/eu/office.toml", cal)
        .with("calendars/eu/holidays.ics", feed(&["DTSTART;VALUE=DATE:20250101"]))
        .with("calendars/eu/firm.ics", firm)
        .with("calendars/old.ics", feed(&[]));
    let (all, found) = calendar::load(&source);
    assert_eq!(problems(&found), ["unused-file calendars/old.ics"]);
    assert!([("2025-01-01", true), ("2025-01-10", true), ("2025-01-11", false)].iter().all(|(d, h)| all[0].is_holiday(day(d)) == *h));
    let wrong = cal.replace("holidays.ics", "holiday.ics").replace("summary", "sumary");
    let (all, found) = calendar::load(&source.with("calendars/eu/office.toml", wrong));
    assert!(all.is_empty());
    assert!(problems(&found).iter().any(|p| p == "calendar-feed-missing calendars/eu/office.toml:3:18"), "{found}");
    assert!(found.to_string().contains("did you mean `holidays.ics`?") && found.to_string().contains("did you mean `summary`?"), "{found}");
}

#[test]
fn problems_of_a_feed_have_file_and_line() {
    for (content, expected) in [
        ("", &["calendar-feed-malformed a.ics:1:1"][..]),
        ("<html>\n", &["calendar-feed-malformed a.ics:1:1"]),
        ("BEGIN:VCARD\nEND:VCARD\n", &["calendar-feed-malformed a.ics:1:1"]),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n", &["calendar-feed-malformed a.ics:3:1"]),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20250101\n", &["calendar-feed-malformed a.ics:2:1"]),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\nEND:VCALENDAR\n", &["calendar-feed-malformed a.ics:3:1"]),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nwhat\nDTSTART:20250101\nEND:VEVENT\nEND:VCALENDAR\n", &["calendar-feed-malformed a.ics:3:1"]),
    ] {
        assert_eq!(refused(content), expected, "{content}");
    }
    for (event, expected) in [
        ("UID:1", "calendar-feed-bad-event a.ics:4:1"),
        ("UID:1\nDTSTART;VALUE=DATE:2025010", "calendar-feed-bad-value a.ics:6:1"),
        ("DTSTART;VALUE=DATE:20250230", "calendar-feed-bad-value a.ics:5:1"),
        ("DTSTART;VALUE=DATE:20250110\nDTEND;VALUE=DATE:20250109", "calendar-feed-bad-event a.ics:6:1"),
        ("DTSTART;VALUE=DATE:20250110\nDTEND:20250111T000000Z", "calendar-feed-bad-event a.ics:6:1"),
        ("DTSTART;VALUE=DATE:20250110\nDURATION:PT3H", "calendar-feed-bad-event a.ics:6:1"),
        ("DTSTART;VALUE=DATE:20250110\nDURATION:soon", "calendar-feed-bad-value a.ics:6:1"),
        ("DTSTART;VALUE=DATE:20250110\nRRULE:FREQ=FORTNIGHTLY", "calendar-feed-bad-value a.ics:6:1"),
        ("DTSTART;VALUE=DATE:20250110\nRRULE:FREQ=HOURLY", "calendar-feed-recurrence a.ics:6:1"),
        ("DTSTART;VALUE=DATE:20250110\nRRULE:FREQ=YEARLY;BYMONTH=13", "calendar-feed-recurrence a.ics:6:1"),
        ("DTSTART;VALUE=DATE:20250110\nEXRULE:FREQ=YEARLY", "calendar-feed-recurrence a.ics:6:1"),
        ("DTSTART;TZID=Mars/Base:20250110T100000\nDTEND:20250110T110000Z", "calendar-feed-unknown-zone a.ics:5:1"),
    ] {
        assert_eq!(refused(&feed(&[event])), [expected], "{event}");
    }
    let found = office("UTC").holidays_from_ics(&Feed::new("a.ics", "<html>")).unwrap_err();
    assert!(found.render(Lang::Zh, None).contains("不是 iCalendar"));
}

#[test]
fn sizes_are_bounded() {
    let many: String = "BEGIN:VEVENT\nDTSTART:20250101\nEND:VEVENT\n".repeat(20_001);
    assert_eq!(refused(&format!("BEGIN:VCALENDAR\n{many}END:VCALENDAR\n")), ["calendar-feed-too-large a.ics:60004:1"]);
    assert_eq!(refused(&format!("BEGIN:VCALENDAR\n{}", "X-A:b\n".repeat(800_000))), ["calendar-feed-too-large a.ics:1:1"]);
    let daily = "DTSTART;VALUE=DATE:19700101\nRRULE:FREQ=DAILY;BYHOUR=1,2,3";
    assert_eq!(refused(&feed(&[daily])).len(), 1);
    let timed = "DTSTART:19700101T000000Z\nDURATION:PT1S\nRRULE:FREQ=DAILY;BYHOUR=0,1,2,3";
    assert_eq!(refused(&feed(&[timed])), ["calendar-feed-too-large a.ics:7:1"]);
    let weekly = "DTSTART:19700101T000000Z\nDURATION:PT1S\nRRULE:FREQ=DAILY";
    assert_eq!(refused(&feed(&[weekly; 5])), ["calendar-feed-too-large a.ics:1:1"]);
    let never = feed(&["DTSTART:19000101T000000Z\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"]);
    assert!(office("UTC").holidays_from_ics(&Feed::new("a.ics", never)).is_ok(), "its first is before 1970");
}

const GOOD: &str = "\u{feff}BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:Office\r\nX-LIC-LOCATION:Europe/Paris\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:a\r\nSUMMARY;LANGUAGE=zh:国庆\r\n 节\r\n\
    DTSTART;VALUE=DATE:20251001\r\nDTEND;VALUE=DATE:20251009\r\nRRULE:FREQ=YEARLY;COUNT=3;BYDAY=1WE;BYMONTH=10\r\nEXDATE;VALUE=DATE:20261007\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nUID:b\r\nDTSTART;TZID=Office:20251001T120000\r\nDURATION:PT1H30M\r\nRDATE;VALUE=PERIOD:20251002T100000Z/PT1H\r\nBEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nUID:a\r\nRECURRENCE-ID;VALUE=DATE:20251001\r\nDTSTART;VALUE=DATE:20251002\r\nSTATUS:TENTATIVE\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

proptest! {
    #![proptest_config(ProptestConfig { cases: pick(200, 5000, 50_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_feed_panics(cut in 0usize..GOOD.len(), skip in 0usize..40, insert in "[A-Z0-9:;=,T\r\n /+-]{0,8}") {
        let floor = |n: usize| (0..=n.min(GOOD.len())).rev().find(|i| GOOD.is_char_boundary(*i)).unwrap();
        let (a, b) = (&GOOD[..floor(cut)], &GOOD[floor(cut + skip)..]);
        for content in [format!("{a}{insert}{b}"), a.to_string()] {
            let feed = Feed::new("a.ics", content).transparent();
            for read in [office("Africa/Cairo").holidays_from_ics(&feed), office("UTC").workdays_from_ics(&feed)] {
                match read {
                    Ok((d, _)) => prop_assert!(Calendar::compile(&d).is_ok()),
                    Err(found) => prop_assert!(found.has_errors() && found.iter().all(|d| d.place().is_some_and(|p| p.line > 0))),
                }
            }
        }
    }

    /// The rules are expanded as a walk over the days would.
    #[test]
    fn recurrences_equal_a_walk(from in 0i64..20_000, freq in 0usize..3, interval in 1u32..5, days in proptest::collection::btree_set(0usize..7, 0..4), count in 1usize..30) {
        use chrono::Datelike as _;
        let start = day("1980-01-01") + TimeDelta::days(from);
        let names = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
        let mut days = days;
        if !days.is_empty() { days.insert(start.weekday().num_days_from_monday() as usize); }
        let by: Vec<&str> = days.iter().map(|d| names[*d]).collect();
        let word = ["DAILY", "WEEKLY", "MONTHLY"][freq];
        let by = if by.is_empty() || freq == 2 { String::new() } else { format!(";BYDAY={}", by.join(",")) };
        let rule = format!("RRULE:FREQ={word};INTERVAL={interval};COUNT={count}{by}");
        let monday = |d: NaiveDate| d - TimeDelta::days(i64::from(d.weekday().num_days_from_monday()));
        let hit = |d: NaiveDate| match freq {
            0 => (d - start).num_days() % i64::from(interval) == 0 && (by.is_empty() || days.contains(&(d.weekday().num_days_from_monday() as usize))),
            1 => (monday(d) - monday(start)).num_days() / 7 % i64::from(interval) == 0
                && if by.is_empty() { d.weekday() == start.weekday() } else { days.contains(&(d.weekday().num_days_from_monday() as usize)) },
            _ => {
                let months = (d.year() - start.year()) * 12 + d.month() as i32 - start.month() as i32;
                months % interval as i32 == 0 && d.day() == start.day()
            }
        };
        let expected: Vec<NaiveDate> = (0..20_000).map(|n| start + TimeDelta::days(n)).filter(|d| hit(*d) && d.year() <= 2100).take(count).collect();
        let (d, _) = CalendarDefinition::always("x", "UTC").holidays_from_ics(&Feed::new("a.ics", feed(&[&format!("DTSTART;VALUE=DATE:{}\n{rule}", start.format("%Y%m%d"))]))).unwrap();
        let c = Calendar::compile(&d).unwrap();
        let got: Vec<NaiveDate> = (0..20_000).map(|n| start + TimeDelta::days(n)).filter(|d| c.is_holiday(*d)).collect();
        prop_assert_eq!(got, expected, "{}", rule);
    }
}
