//! Durations that say their kind (S79).

use chrono::TimeDelta;
use proptest::prelude::*;
use ticketry::calendar::{Offset, Span};

#[test]
fn s79_durations_are_read_by_kind() {
    let read = |s: &str| s.parse::<Span>().unwrap();
    assert_eq!(read("90m"), Span::Wall(TimeDelta::minutes(90)));
    assert_eq!(read("3d"), Span::Wall(TimeDelta::days(3)));
    assert_eq!(read("15s"), Span::Wall(TimeDelta::seconds(15)));
    assert_eq!(read("1h30m"), Span::Wall(TimeDelta::minutes(90)));
    assert_eq!(read("1bh30bm"), Span::Open(TimeDelta::minutes(90)));
    assert_eq!(read("3bd"), Span::Days(3));
    assert_eq!(read(" 8h "), Span::Wall(TimeDelta::hours(8)));
    assert_eq!(read("0m"), Span::Wall(TimeDelta::zero()));
}

#[test]
fn what_is_no_duration_says_what_to_write() {
    for (bad, word) in [
        ("", "write `90m`"),
        ("8", "write `90m`"),
        ("8 hours", "write `90m`"),
        ("h", "write `90m`"),
        ("1.5h", "write `90m`"),
        ("1h30bm", "mixes"),
        ("3bd4bh", "mixes"),
        ("30m1h", "larger unit first"),
        ("1h1h", "larger unit first"),
        ("1bd1bd", "larger unit first"),
        ("99999999999999999999m", "too long"),
        ("36501d", "too long"),
        ("-1h", "has a sign"),
        ("３h", "write `90m`"),
    ] {
        let e = bad.parse::<Span>().unwrap_err();
        assert!(e.to_string().contains(word), "{bad}: {e}");
        assert!(e.text().zh.chars().any(|c| c as u32 > 0x4E00), "{bad}");
    }
}

#[test]
fn offsets_have_a_sign() {
    let read = |s: &str| s.parse::<Offset>().unwrap();
    assert_eq!(read("-30bm"), Offset::before(Span::Open(TimeDelta::minutes(30))));
    assert_eq!(read("+1h"), Offset::after(Span::Wall(TimeDelta::hours(1))));
    assert_eq!(read("-0m"), Offset::DUE);
    assert!("--1h".parse::<Offset>().is_err());
    assert_eq!(serde_json::to_string(&read("-30bm")).unwrap(), "\"-30bm\"");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::scale::pick(256, 5000, 50_000), failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn every_span_survives_its_text(micros in 0i64..36_500 * 86_400_000_000, days in 0u32..36_500, before: bool) {
        for span in [Span::Wall(TimeDelta::microseconds(micros)), Span::Open(TimeDelta::microseconds(micros)), Span::Days(days)] {
            if !(span.is_zero() && matches!(span, Span::Days(_))) { prop_assert_eq!(span.to_string().parse(), Ok(span)); }
            let offset = Offset { before: before && !span.is_zero(), span };
            prop_assert_eq!(offset.to_string().parse(), Ok(offset));
            prop_assert_eq!(serde_json::from_str::<Span>(&serde_json::to_string(&span).unwrap()).unwrap(), span);
        }
    }

    #[test]
    fn no_text_panics(s in "[0-9bdhmsu+ -]{0,12}|.{0,8}") {
        if let Ok(span) = s.parse::<Span>() { prop_assert_eq!(span.to_string().parse(), Ok(span)); }
        let _ = s.parse::<Offset>();
    }
}
