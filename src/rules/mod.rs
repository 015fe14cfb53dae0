//! Rules: what the desk does by itself when something happens to a ticket, or when time has passed.
//!
//! What it is: [`Rule`] and [`RuleSet`] (one explicit order, an index from [`Trigger`] to the rules it wakes), [`RuleBuilder`] for
//! hosts that write rules in Rust, and the sandbox in which the part of a rule that is a script runs.
//! What it never does: perform an action (it yields [`crate::ticket::Action`], the engine validates and makes events), count
//! waves, read a clock, a file or the network, or let a failing rule become more than a [`crate::diagnostic::RuleFault`] (S24).
//! Read next: [`RuleSet`], [`Trigger`] and [`Then`], then [`crate::engine`], which runs them. In the source: what is suspicious before a rule runs is in `check/`; `script/` is the only place that
//! knows Rhai, its `limits.rs` gives the reason of every figure.

mod action;
mod builder;
mod carry;
mod check;
mod functions;
mod graph;
mod index;
mod load;
mod pass;
mod resources;
mod rule;
#[cfg(feature = "rhai")]
pub(crate) mod script;
mod set;
mod surroundings;
mod suspended;
mod timing;
mod trigger;

pub use action::{Written, recipient};
pub use builder::RuleBuilder;
pub use functions::{Function, Functions, ValueKind};
pub use graph::{RuleCircle, RuleEdge, RuleGraph, RuleNode};
pub use load::{load, load_with, scripts, scripts_with};
pub use pass::{Pass, Woken};
pub use resources::Resources;
pub use rule::{ActionScript, Consideration, Rule, Then};
#[cfg(feature = "rhai")]
pub use script::RhaiScripts;
#[cfg(feature = "rhai")]
pub use script::sandbox_eval;
#[cfg(feature = "rhai")]
pub use script::{Test, TestFailure, TestFault, TestHost, TestTicket, TestValue, TestWord, Vocabulary, tests, tests_with, vocabulary};
#[cfg(feature = "rhai")]
#[doc(hidden)]
pub use script::{load_interpreted, probe};
pub use set::{RuleIndex, RuleSet};
pub use surroundings::{Clocks, Flow, Move, Surroundings};
pub use suspended::{Suspended, Suspension};
pub use timing::Timing;
pub use trigger::Trigger;
