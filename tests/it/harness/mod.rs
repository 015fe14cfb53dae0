//! The harness: simulated time in Rust, tests in Rhai, and what authors look at.

#[cfg(feature = "rhai")]
mod coverage;
#[cfg(feature = "rhai")]
mod looks;
#[cfg(feature = "rhai")]
mod replay;
mod stage;
#[cfg(feature = "rhai")]
mod trials;
