//! The harness: simulated time in Rust, tests in Rhai.

mod stage;
#[cfg(feature = "rhai")]
mod trials;
