//! What is written is read back, as record and as JSON; damaged records are errors.

use super::samples::*;
use chrono::DateTime;
use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;
use ticketry::id::*;
use ticketry::ticket::wire::v1::{Header, Record, decode, encode};
use ticketry::ticket::*;

fn record<T: Record + PartialEq + Debug>(value: &T) {
    assert_eq!(&decode::<T>(&encode(value).unwrap()).unwrap(), value);
}
fn json<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value, "{text}");
}

#[test]
fn samples_survive_json_and_records() {
    for (_, e) in events() {
        let e = entry(2, vec![e]);
        record(&e);
        json(&e);
    }
    for (_, e) in effects() {
        record(&e);
        json(&e);
    }
    record(&ticket());
    json(&ticket());
    record(&Header::of(&ticket()));
    json(&Header::of(&ticket()));
    values().iter().for_each(json);
    let actors = [Actor::agent("a"), Actor::requester("r"), Actor::Vendor("v".into()), Actor::Integration("crm".into()), Actor::System];
    for actor in actors {
        let e = Entry { actor, ..entry(1, vec![]) };
        record(&e);
        json(&e);
    }
}

#[test]
fn commits_and_counts_survive_json() {
    use ticketry::store::*;
    let t = std::sync::Arc::new(ticket());
    let mut c = Commit::new("cmd-1".into(), at(1)).read(id(3), Revision::new(7));
    c = c.write(Write::of(None, t.clone(), entry(1, vec![]).into()));
    c.effects = effects().into_iter().map(|(_, e)| e).collect();
    json(&c);
    json(&c.receipt());
    let mut counts = Counts::default();
    counts.add(vec![Some("open".into()), None]);
    json(&counts);
    json(&Holding { agent: "ann".into(), slots: vec![1], last_assigned: Some(at(1)) });
    json(&Lease::for_seconds("host", at(1), 30));
    json(&Settled::Retry { not_before: at(9) });
}

fn instant() -> impl Strategy<Value = UtcInstant> {
    // From year 1 to 9999, what RFC 3339 can say.
    (-62_135_596_800_000_000i64..253_402_300_799_999_999).prop_map(|us| DateTime::from_timestamp_micros(us).unwrap())
}
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<String>().prop_map(Value::text),
        any::<i64>().prop_map(Value::Integer),
        (any::<i64>(), 0..19u8).prop_map(|(u, s)| Value::Decimal(Decimal::new(u, s))),
        any::<bool>().prop_map(Value::Boolean),
        instant().prop_map(Value::Instant),
        any::<i64>().prop_map(Value::Duration),
        any::<String>().prop_map(Value::choice),
        proptest::collection::btree_set(any::<String>().prop_map(LevelName::from), 0..4).prop_map(Value::Choices),
        any::<String>().prop_map(|s| Value::Reference(s.into())),
    ]
}
fn event() -> impl Strategy<Value = Event> {
    let fixed = (0..EVENTS).prop_map(|i| events().swap_remove(i).1);
    let message =
        (any::<String>(), instant(), any::<bool>(), proptest::option::of(any::<String>())).prop_map(|(body, at, automatic, language)| {
            Event::MessageAdded(Box::new(Message { body: body.into(), at, automatic, language, ..message(MessageKind::Note) }))
        });
    let set = (any::<String>(), proptest::option::of(value())).prop_map(|(f, value)| Event::Set {
        attribute: Attribute::Field(f.into()),
        value,
        by: Provenance::Rule,
    });
    let paused = (any::<i64>(), proptest::option::of(instant()), any::<bool>()).prop_map(|(counted, next_mark, held)| Event::ClockPaused {
        clock: clock_id(),
        counted,
        next_mark,
        hold: Hold { waits: !held, held },
    });
    let created =
        (any::<u64>(), any::<String>(), proptest::collection::btree_map(any::<String>().prop_map(FieldName::from), value(), 0..4))
            .prop_map(|(number, subject, fields)| {
                let fields = fields.into_iter().map(|(f, value)| (f, Sourced { value, by: Provenance::Agent })).collect();
                Event::Created(Box::new(Opening { number, subject: subject.into(), fields, ..opening() }))
            });
    prop_oneof![3 => fixed, 1 => message, 1 => set, 1 => paused, 1 => created]
}
fn entries() -> impl Strategy<Value = Entry> {
    (any::<u64>(), instant(), proptest::option::of(instant()), proptest::collection::vec(event(), 0..6), any::<String>()).prop_map(
        |(revision, at, wake_at, events, key)| Entry {
            revision: Revision::new(revision),
            at,
            wake_at,
            commit: key.into(),
            ..entry(1, events)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::scale::pick(200, 5_000, 200_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn entries_survive(e in entries()) {
        record(&e);
        json(&e);
    }

    #[test]
    fn tickets_survive(events in proptest::collection::vec(event(), 0..12)) {
        let mut t = ticket();
        t.apply(&entry(50, events));
        record(&t);
        json(&t);
        record(&Header::of(&t));
    }

    #[test]
    fn damaged_records_are_errors_or_values_never_panics(e in entries(), cut in any::<prop::sample::Index>(), flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let whole = encode(&e).unwrap();
        prop_assert!(decode::<Entry>(&whole[..cut.index(whole.len())]).is_err());
        let mut bytes = whole;
        for (i, with) in flips {
            let i = i.index(bytes.len());
            bytes[i] ^= with;
        }
        let _ = decode::<Entry>(&bytes);
        let _ = decode::<Ticket>(&bytes);
        let _ = decode::<Effect>(&bytes);
        let _ = decode::<Header>(&bytes);
    }
}
