//! Arbitrary TOML as a calendar, arbitrary text as a feed and as a span, then a due instant: never a panic; adding what elapsed never overshoots.
#![no_main]

use chrono::{DateTime, TimeDelta};
use libfuzzer_sys::fuzz_target;
use ticketry::{
    calendar::{Calendar, CalendarDefinition, Feed, Offset, Span},
    diagnostic::Lang,
};

fuzz_target!(|input: (i64, i64, &str, &str)| {
    let (at, length, span, toml) = input;
    let span = span.parse::<Span>();
    if let Ok(span) = &span {
        assert_eq!(span.to_string().parse::<Span>().as_ref(), Ok(span));
    }
    let _ = toml.parse::<Offset>();
    // Half the bytes go to a calendar that has a head already, so that the windows and days are reached.
    let whole = format!(
        "time_zone = 'Australia/Sydney'\nweekly.mon-fri = ['09:00-12:00', '22:00-24:00']\nweekly.sun = ['01:00-04:00']\nholidays = ['10-06']\n{toml}"
    );
    // Mostly near 2020, where running totals start: each year farther away is made first, so far instants cost a thousand times more and are rare.
    let (at, length) =
        if at & 1023 == 7 { (at, length) } else { (1_600_000_000_000_000 + at % 60_000_000_000_000, length % 4_000_000_000_000) };
    if toml.len() > 4096 {
        return;
    }
    let event = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20250101\n{toml}\nEND:VEVENT\nEND:VCALENDAR\n");
    for content in [toml, &event] {
        match CalendarDefinition::always("a", "Africa/Cairo").holidays_from_ics(&Feed::new("a.ics", content)) {
            Ok((definition, _)) => assert!(!Calendar::check(&definition).has_errors(), "what a feed gives is a good definition"),
            Err(problems) => assert!(problems.has_errors()),
        }
    }
    for content in [toml, &whole] {
        let calendar = match Calendar::from_toml("calendars/a.toml", content) {
            Ok((calendar, _)) => calendar,
            Err(problems) => {
                let _ = problems.render(Lang::Zh, None);
                continue;
            }
        };
        let Some(at) = DateTime::from_timestamp_micros(at) else { continue };
        if let Ok(span) = span.clone() {
            let _ = calendar.due(at, span);
        }
        let length = TimeDelta::microseconds(length);
        if let Some(then) = calendar.add(at, length)
            && length > TimeDelta::zero()
        {
            assert_eq!(calendar.elapsed(at, then), length, "elapsed(t, add(t, d)) = d");
        }
    }
});
