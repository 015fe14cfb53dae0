//! The calendar room: laws over random calendars and all clock changes, definitions, TOML, spans, the real logs.

mod clock_changes;
mod days;
mod definitions;
mod feeds;
mod files;
mod laws;
mod logs;
mod made;
mod peer;
mod reading;
mod spans;
mod trees;

use chrono::{DateTime, Utc};

/// An instant from RFC 3339 text.
fn at(s: &str) -> DateTime<Utc> {
    s.parse().unwrap()
}
