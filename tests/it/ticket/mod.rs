//! The ticket room: record bytes, JSON, and that neither drifts.

mod golden;
mod roundtrip;
pub mod samples;
