//! The sla room: tests by S-line, reading, and laws over random histories, driven by the pure simulator of the vectors' runner.

use crate::vectors_business_time::runner::sla::simulator;

mod correct;
mod explain;
mod journals;
mod laws;
mod ledger;
mod lines;
mod metrics;
mod propose;
mod reading;
