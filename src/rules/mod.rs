//! Rules: what the desk does by itself when something happens to a ticket, or when time has passed.
//!
//! What it is: [`Rule`] and [`RuleSet`] (one explicit order, an index from [`Trigger`] to the rules it wakes), [`RuleBuilder`] for
//! hosts that write rules in Rust, and the sandbox in which the part of a rule that is a script runs.
//! What it never does: perform an action (it yields [`crate::ticket::Action`], the engine validates and makes events), count
//! waves, read a clock, a file or the network, or let a failing rule become more than a [`crate::diagnostic::RuleFault`] (S24).
//! Read next: `set.rs`, then `script/mod.rs`, the only place that knows Rhai; the reasons are in `script/limits.rs`.

mod action;
mod builder;
mod load;
mod rule;
#[cfg(feature = "rhai")]
pub(crate) mod script;
mod set;
mod trigger;

pub use action::{Written, recipient};
pub use builder::RuleBuilder;
pub use load::{load, scripts};
pub use rule::{ActionScript, After, Consideration, Rule, Then};
#[cfg(feature = "rhai")]
#[doc(hidden)]
pub use script::probe;
#[cfg(feature = "rhai")]
pub use script::sandbox_eval;
#[cfg(feature = "rhai")]
pub use script::{RhaiScripts, load};
pub use set::{RuleIndex, RuleSet};
pub use trigger::Trigger;

use crate::condition::Scripts;
use std::sync::Arc;

/// What compiles conditions written as text: Rhai, or [`crate::condition::NoScripts`] in a build without it.
pub fn scripts() -> Arc<dyn Scripts> {
    #[cfg(feature = "rhai")]
    return Arc::new(RhaiScripts);
    #[cfg(not(feature = "rhai"))]
    Arc::new(crate::condition::NoScripts)
}

/// The rules of a playbook: none in a build without the script engine, where a rule file is the diagnostic
/// `script-engine-missing`.
#[cfg(not(feature = "rhai"))]
pub fn load(source: &crate::diagnostic::Source, _: &crate::ticket::Schema) -> (RuleSet, crate::diagnostic::Diagnostics) {
    use crate::diagnostic::{Diagnostic, Diagnostics, Place, text};
    let mut problems = Diagnostics::new();
    for (path, _) in source.under("rules", ".rhai") {
        problems.push(
            Diagnostic::error("script-engine-missing", text("this build has no script engine", "此构建不含脚本引擎"))
                .at(Place::file(path.clone()))
                .help(text(
                    "enable the feature `rhai`, or build the rules in Rust with RuleBuilder",
                    "请启用特性 `rhai`，或用 RuleBuilder 在 Rust 中编写规则",
                )),
        );
    }
    (RuleSet::default(), problems)
}
