//! Rules from a playbook's files, and who compiles conditions written as text.

use super::RuleSet;
use crate::condition::{NoScripts, Scripts};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Source, text};
use crate::ticket::Schema;
use std::sync::Arc;

/// Who compiles conditions written as text: the script engine, where the build has one.
pub fn scripts() -> Arc<dyn Scripts> {
    Arc::new(NoScripts)
}

/// The rules of `rules/*.rhai`, with every problem found.
pub fn load(source: &Source, _schema: &Schema) -> (RuleSet, Diagnostics) {
    let mut problems = Diagnostics::new();
    for (file, _) in source.under("rules", ".rhai") {
        problems.push(
            Diagnostic::error("script-engine-missing", text("this build has no script engine", "此构建不含脚本引擎"))
                .at(Place::file(file.clone()))
                .help(text("enable the feature `rhai`, or build the rules in Rust", "请启用特性 `rhai`，或用 Rust 构建规则")),
        );
    }
    (RuleSet::default(), problems)
}
