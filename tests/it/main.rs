//! The one test binary: linking is slow on two cores.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used,
    clippy::unreachable,
    missing_docs
)]

mod architecture;
mod calendar;
#[cfg(feature = "cli")]
mod cli;
mod desk;
mod diagnostic;
mod engine;
#[cfg(feature = "rhai")]
mod example_desk;
#[cfg(feature = "rhai")]
mod example_logs;

#[cfg(feature = "rhai")]
mod guide;
mod harness;
mod insight;
mod mistakes;
mod playbook;
mod priority;
mod readme;
mod reference;
mod routing;
mod rules;
mod scale;
mod sla;
mod store;
mod ticket;
mod vectors_business_time;
mod vectors_sla;
mod vectors_workflow;
mod workflow;
