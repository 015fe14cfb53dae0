//! Rules from a playbook's files, and who compiles conditions written as text, in builds with and without the script engine.

use super::Resources;
use crate::condition::Scripts;
use std::sync::Arc;

#[cfg(feature = "rhai")]
pub use super::script::{load, load_with};

/// What compiles conditions written as text: Rhai, or [`crate::condition::NoScripts`] in a build without it.
pub fn scripts() -> Arc<dyn Scripts> {
    scripts_with(&Arc::default())
}

/// The same, for conditions that reach tables, calendars and functions of the host's.
pub fn scripts_with(resources: &Arc<Resources>) -> Arc<dyn Scripts> {
    #[cfg(feature = "rhai")]
    return Arc::new(super::script::Reaching::new(resources));
    #[cfg(not(feature = "rhai"))]
    {
        let _ = resources;
        Arc::new(crate::condition::NoScripts)
    }
}

/// The rules of a playbook: none in a build without the script engine, where a rule file is the diagnostic
/// `script-engine-missing`.
#[cfg(not(feature = "rhai"))]
pub fn load(source: &crate::diagnostic::Source, schema: &crate::ticket::Schema) -> (super::RuleSet, crate::diagnostic::Diagnostics) {
    load_with(source, schema, &Arc::default())
}

/// The same with tables, calendars and functions, which nothing here reads.
#[cfg(not(feature = "rhai"))]
pub fn load_with(
    source: &crate::diagnostic::Source,
    _: &crate::ticket::Schema,
    _: &Arc<Resources>,
) -> (super::RuleSet, crate::diagnostic::Diagnostics) {
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
