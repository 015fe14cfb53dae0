//! Golden bytes: records of format 1 never change. `TICKETRY_GOLDEN=write cargo test golden` writes the file anew; that is right only
//! while no version has been released with it.

use super::samples::*;
use std::collections::BTreeSet;
use ticketry::ticket::wire::v1::{Header, Record, decode, encode};
use ticketry::ticket::wire::{WireError, v1};
use ticketry::ticket::{Effect, Entry, Ticket};

fn hex<T: Record>(value: &T) -> String {
    encode(value).unwrap().iter().map(|b| format!("{b:02x}")).collect()
}
fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}

fn records() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = events().into_iter().map(|(name, e)| (format!("entry/{name}"), hex(&entry(2, vec![e])))).collect();
    all.push(("entry/all".into(), hex(&entry(1, events().into_iter().map(|(_, e)| e).collect()))));
    all.extend(effects().into_iter().map(|(name, e)| (format!("effect/{name}"), hex(&e))));
    all.push(("ticket".into(), hex(&ticket())));
    all.push(("header".into(), hex(&Header::of(&ticket()))));
    all
}

#[test]
fn every_event_has_a_sample() {
    let names: BTreeSet<_> = events().into_iter().map(|(n, _)| n).collect();
    assert_eq!(names.len(), EVENTS, "one sample of each of the {EVENTS} events, and EVENTS counts the arms of `name`");
    let arm = |l: &&str| {
        ["Event::", "TaskChange::", "KinEvent::", "ApprovalChange::"].iter().any(|p| l.trim_start().starts_with(p)) && l.contains("=> \"")
    };
    let arms = include_str!("samples.rs").lines().filter(arm).count();
    assert_eq!(arms, EVENTS);
}

#[test]
fn records_of_format_1_never_change() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/ticket/golden/v1.txt");
    let now = records();
    if std::env::var("TICKETRY_GOLDEN").is_ok_and(|v| v == "write") {
        let text: String = now.iter().map(|(name, hex)| format!("{name} {hex}\n")).collect();
        std::fs::write(path, text).unwrap();
    }
    let golden = std::fs::read_to_string(path).unwrap();
    let golden: Vec<(String, String)> =
        golden.lines().filter_map(|l| l.split_once(' ')).map(|(n, h)| (n.to_owned(), h.to_owned())).collect();
    for (name, hex) in &golden {
        let found = now.iter().find(|(n, _)| n == name).unwrap_or_else(|| panic!("{name} has no sample any more"));
        assert_eq!(&found.1, hex, "the record of {name} changed: old files can no longer be read. Make a v2 and an upcaster");
    }
    assert_eq!(now.len(), golden.len(), "a new record: write its golden bytes");
    // And the old bytes still mean what they meant.
    for (name, e) in events() {
        let (_, hex) = golden.iter().find(|(n, _)| *n == format!("entry/{name}")).unwrap();
        assert_eq!(decode::<Entry>(&bytes(hex)).unwrap(), entry(2, vec![e]));
    }
    for (name, e) in effects() {
        let (_, hex) = golden.iter().find(|(n, _)| *n == format!("effect/{name}")).unwrap();
        assert_eq!(decode::<Effect>(&bytes(hex)).unwrap(), e);
    }
    let of = |name: &str| bytes(&golden.iter().find(|(n, _)| n == name).unwrap().1);
    assert_eq!(decode::<Ticket>(&of("ticket")).unwrap(), ticket());
    assert_eq!(decode::<Header>(&of("header")).unwrap(), Header::of(&ticket()));
}

#[test]
fn a_record_of_another_version_is_refused() {
    let mut record = encode(&ticket()).unwrap();
    assert_eq!(record[0], v1::VERSION);
    record[0] = 9;
    assert_eq!(decode::<Ticket>(&record), Err(WireError::UnknownVersion(9)));
    assert!(matches!(decode::<Ticket>(&[]), Err(WireError::Damaged(_))));
    let mut long = encode(&ticket()).unwrap();
    long.push(0);
    assert!(matches!(decode::<Ticket>(&long), Err(WireError::Damaged(_))));
}
