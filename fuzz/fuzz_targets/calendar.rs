//! Arbitrary TOML as a calendar, arbitrary text as a span, then a due instant: never a panic; adding what elapsed never overshoots.
#![no_main]

use chrono::{DateTime, TimeDelta};
use libfuzzer_sys::fuzz_target;
use ticketry::{
    calendar::{Calendar, Offset, Span},
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
    // Mostly near enough for zones and holidays to matter; far ones walk over centuries, so they are rare.
    let (at, length) = if at & 31 == 7 { (at, length) } else { (at % 4_000_000_000_000_000, length % 40_000_000_000_000) };
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
