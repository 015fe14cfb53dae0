//! The folder that `ticketry new` writes.
//!
//! What it is: [`starter`], the shipped starter playbook with two rules, their tests, people, and a README.
//! What it never does: write to a disk.
//! Read next: the files beside this one.

use crate::diagnostic::Source;
use crate::playbook::Playbook;

/// A folder to begin with: it passes [`crate::harness::check`] without a remark, and its tests pass. `README.md` is for people, the rest is the playbook.
///
/// ```
/// use ticketry::harness::{self, Options};
/// let files = harness::starter("demo");
/// assert!(harness::check(&files).is_empty());
/// assert!(harness::test(&files, &Options::default()).unwrap().passed());
/// ```
pub fn starter(name: &str) -> Source {
    let plain: String = name.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\\')).collect();
    let playbook = Playbook::starter_source();
    let head = playbook.get("playbook.toml").unwrap_or_default().replacen("name = \"starter\"", &format!("name = \"{plain}\""), 1);
    // The templates stand at its end.
    let head = format!("{}\n{}", head.trim_end(), include_str!("templates.toml"));
    playbook
        .with("playbook.toml", head)
        .with("roster.toml", include_str!("roster.toml"))
        .with("rules/10-urgency.rhai", include_str!("rules/10-urgency.rhai"))
        .with("rules/20-conversation.rhai", include_str!("rules/20-conversation.rhai"))
        .with("tests/urgency.rhai", include_str!("tests/urgency.rhai"))
        .with("tests/conversation.rhai", include_str!("tests/conversation.rhai"))
        .with("README.md", include_str!("README.md").replace("{name}", &plain))
}
