//! The sla room: a pure simulator that does with it what the engine does, tests by S-line, laws over random histories.

pub mod simulator;

mod laws;
mod lines;
mod reading;
