//! The script sandbox: the only room that knows Rhai.
//!
//! What it is: two engines, each from one hardened constructor ([`load_engine`] for the top level of rule files,
//! [`run_engine`] for conditions and actions), the standard library that scripts see (`natives`), the translation of
//! every error into a [`RuleFault`]; and the compiler of rules: files (`files`, `read`), the static check that lowers on the way
//! (`unseen`, `scan`, `calls`, `asks`, `joined`, `statements`, `acting`), the ticket as scripts hold it (`node`, `values`, `actions`), what they reach besides it: tables,
//! business time, functions of the host's (`reach`), what runs the rest (`run`), and tests written in Rhai (`trial`).
//! What it never does: read a file or a clock, sleep, print, start a thread, or show a Rhai type to the rest of the crate.
//! Read next: `limits.rs` (every figure with its reason), `nesting.rs` (depth while parsing), `engine.rs`, `fault.rs`.
//!
//! Rhai is a fine language and by itself no sandbox: with all its own limits set, one line can still overflow the stack or
//! run without end. Each such hole is closed here and has a regression test in `tests/it/rules/hostile.rs`.

mod acting;
mod actions;
mod asks;
mod calls;
mod engine;
mod fault;
mod files;
mod imports;
mod joined;
mod limits;
mod load;
mod names;
mod natives;
mod nesting;
mod node;
mod phrases;
pub mod probe;
mod reach;
mod read;
mod run;
mod scan;
mod statements;
mod trial;
mod unseen;
mod values;

pub(crate) use engine::{Sandbox, load_engine, run_engine};
pub(crate) use load::Reaching;
pub use load::{RhaiScripts, load, load_interpreted, load_with};
pub use trial::{Test, TestFailure, TestFault, TestHost, TestTicket, TestValue, TestWord, Vocabulary, tests, tests_with, vocabulary};

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
