//! Rules: what the house does by itself when something happens to a ticket.
//!
//! What it is: the rule model, its index, and the sandbox in which the part of a rule that is a script runs.
//! What it never does: perform an action (it yields `ticket::Action`, the engine validates it), read a clock, a file or the
//! network, or let a script's mistake become more than a [`crate::diagnostic::RuleFault`].
//! Read next: `script/mod.rs`, the only place that knows Rhai; the reasons are in `script/limits.rs`.

#[cfg(feature = "rhai")]
pub(crate) mod script;

#[cfg(feature = "rhai")]
#[doc(hidden)]
pub use script::probe;
#[cfg(feature = "rhai")]
pub use script::sandbox_eval;
