//! Rules from a playbook's files, and who compiles conditions written as text, in builds with and without the script engine.

use crate::condition::Scripts;
use std::sync::Arc;

#[cfg(feature = "rhai")]
pub use super::script::load;

/// What compiles conditions written as text: Rhai, or [`crate::condition::NoScripts`] in a build without it.
pub fn scripts() -> Arc<dyn Scripts> {
    #[cfg(feature = "rhai")]
    return Arc::new(super::script::RhaiScripts);
    #[cfg(not(feature = "rhai"))]
    Arc::new(crate::condition::NoScripts)
}

/// The rules of a playbook: none in a build without the script engine, where a rule file is the diagnostic
/// `script-engine-missing`.
#[cfg(not(feature = "rhai"))]
pub fn load(source: &crate::diagnostic::Source, _: &crate::ticket::Schema) -> (super::RuleSet, crate::diagnostic::Diagnostics) {
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
    (super::RuleSet::default(), problems)
}
