//! The script sandbox: the only room that knows Rhai.
//!
//! What it is: two engines, each from one hardened constructor ([`load_engine`] for the top level of rule files,
//! [`run_engine`] for conditions and actions), the standard library that scripts see (`natives`), and the translation of
//! every error into a [`RuleFault`].
//! What it never does: read a file or a clock, sleep, print, start a thread, or show a Rhai type to the rest of the crate.
//! Read next: `limits.rs` (every figure with its reason), `nesting.rs` (depth while parsing), `engine.rs`, `fault.rs`.
//!
//! Rhai is a fine language and by itself no sandbox: with all its own limits set, one line can still overflow the stack or
//! run without end. Each such hole is closed here and has a regression test in `tests/it/rules/hostile.rs`.

mod engine;
mod fault;
mod imports;
mod limits;
mod natives;
mod nesting;
pub mod probe;

pub(crate) use engine::{load_engine, run_engine};
#[expect(unused_imports, reason = "for the host api, the next part of this room")]
pub(crate) use {
    engine::Sandbox,
    fault::raise,
    limits::{LOAD_FUEL, Meter, RUN_FUEL, charge},
    natives::guarded,
};

use crate::diagnostic::RuleFault;

/// Evaluates an expression (or a short script) in the rule sandbox and shows its value as text, so that a rule author can
/// try something out. There is no ticket: only what the standard library of rules offers.
///
/// # Errors
///
/// A [`RuleFault`] with the place in `text` (file name `expression`) and, for a misspelt name, a suggestion.
///
/// ```
/// use ticketry::{diagnostic::FaultKind, rules::sandbox_eval};
/// assert_eq!(sandbox_eval(r#"["bgp", "dns"].contains("dns")"#).unwrap(), "true");
/// assert_eq!(sandbox_eval("[3, 1, 2].order()").unwrap(), "[1, 2, 3]");
/// assert_eq!(sandbox_eval("loop {}").unwrap_err().kind, FaultKind::Budget);
/// ```
pub fn sandbox_eval(text: &str) -> Result<String, RuleFault> {
    probe::run(text, None).0
}
