//! The harness: simulated time in Rust, tests in Rhai, and what authors look at.

#[cfg(feature = "rhai")]
mod coverage;
#[cfg(feature = "rhai")]
mod looks;
#[cfg(feature = "rhai")]
mod replay;
#[cfg(feature = "rhai")]
mod staffing;
mod stage;
#[cfg(feature = "rhai")]
mod trials;
#[cfg(feature = "rhai")]
mod words;
