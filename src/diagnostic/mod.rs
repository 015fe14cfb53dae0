//! Diagnostics: what is wrong with a playbook, where, and what to do about it.
//!
//! What it is: one value for every message to an author, in English and Chinese, with a stable code and a place.
//! What it never does: print, colour, or stop at the first problem; a loader collects them all.
//! Read next: [`crate::calendar`], the first room that reports with it.

pub mod codes;
mod fault;
mod source;
mod suggest;
mod text;

pub use fault::{FaultKind, RuleFault};
pub use source::{Place, Source};
pub use suggest::did_you_mean;
pub(crate) use suggest::nearest;
pub use text::{Lang, Text, text};

use serde::Serialize;
use std::fmt;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Suspicious; the playbook loads.
    Warning,
    /// The playbook does not load.
    Error,
}

/// A place with a remark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// What is there, if more is to be said than the message says.
    pub note: Option<Text>,
}

/// One problem, for the author of a playbook.
///
/// ```
/// use ticketry::diagnostic::{Diagnostic, Place, text, Lang};
/// let d = Diagnostic::error("unknown-field", text("no field `impakt`", "没有字段 `impakt`"))
///     .at(Place::new("rules/vip.rhai", 3, 12, 6))
///     .help(text("did you mean `impact`?", "是不是 `impact`？"));
/// assert!(d.render(Lang::En).starts_with("error[unknown-field]: no field `impakt`\n  --> rules/vip.rhai:3:12"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Stable code, lower-case with hyphens; [`codes`] explains each.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong: lower-case, no full stop, no Rust type names.
    pub message: Text,
    /// Where; the first is the main place.
    pub labels: Vec<Label>,
    /// What to do.
    pub help: Option<Text>,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: &'static str, message: Text) -> Self {
        Self { code, severity: Severity::Error, message, labels: Vec::new(), help: None }
    }
    /// A warning.
    pub fn warning(code: &'static str, message: Text) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }
    /// Adds a place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.labels.push(Label { place, note: None });
        self
    }
    /// Adds a place with a remark.
    #[must_use]
    pub fn also(mut self, place: Place, note: Text) -> Self {
        self.labels.push(Label { place, note: Some(note) });
        self
    }
    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: Text) -> Self {
        self.help = Some(help);
        self
    }
    /// Says what to do, if there is something to say.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<Text>) -> Self {
        self.help = help.or(self.help);
        self
    }
    /// The main place.
    pub fn place(&self) -> Option<&Place> {
        self.labels.first().map(|l| &l.place)
    }
    /// The message as a compiler would print it, without an excerpt.
    pub fn render(&self, lang: Lang) -> String {
        self.render_with(lang, None)
    }
    /// The message with an excerpt of each place found in `source`.
    pub fn render_with(&self, lang: Lang, source: Option<&Source>) -> String {
        let kind = match (self.severity, lang) {
            (Severity::Error, Lang::En) => "error",
            (Severity::Error, Lang::Zh) => "错误",
            (Severity::Warning, Lang::En) => "warning",
            (Severity::Warning, Lang::Zh) => "警告",
        };
        let mut out = format!("{kind}[{}]: {}\n", self.code, self.message.get(lang));
        for label in &self.labels {
            out.push_str(&format!("  --> {}", label.place));
            if let Some(note) = &label.note {
                out.push_str(&format!(": {}", note.get(lang)));
            }
            out.push('\n');
            if let Some(line) = source.and_then(|s| s.line(&label.place)) {
                let number = label.place.line.to_string();
                let pad = " ".repeat(number.len());
                let before: String = line.chars().take(label.place.column.saturating_sub(1) as usize).collect();
                let blank: String = before
                    .chars()
                    .map(|c| {
                        if c == '\t' {
                            '\t'
                        } else if wide(c) {
                            '　'
                        } else {
                            ' '
                        }
                    })
                    .collect();
                let marks: usize = line
                    .chars()
                    .skip(label.place.column.saturating_sub(1) as usize)
                    .take(label.place.length.max(1) as usize)
                    .map(|c| if wide(c) { 2 } else { 1 })
                    .sum();
                out.push_str(&format!(" {pad} |\n {number} | {line}\n {pad} | {blank}{}\n", "^".repeat(marks.max(1))));
            }
        }
        if let Some(help) = &self.help {
            let word = if lang == Lang::Zh { "建议" } else { "help" };
            out.push_str(&format!("  = {word}: {}\n", help.get(lang)));
        }
        out
    }
}

/// How many columns a terminal takes for a text, roughly.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

/// Whether a terminal shows the character two columns wide (East Asian wide and full-width blocks).
pub(crate) fn wide(c: char) -> bool {
    matches!(c as u32, 0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFE30..=0xFE4F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 | 0x20000..=0x3FFFD)
}

/// All problems found in one go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// None yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }
    /// Adds one.
    pub fn push(&mut self, d: Diagnostic) {
        self.0.push(d);
    }
    /// Adds many.
    pub fn extend(&mut self, more: impl IntoIterator<Item = Diagnostic>) {
        self.0.extend(more);
    }
    /// Whether anything forbids loading.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| d.severity == Severity::Error)
    }
    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Each in the order found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }
    /// Orders by file, line and column.
    pub fn sort(&mut self) {
        self.0.sort_by(|a, b| a.place().cmp(&b.place()));
    }
    /// All of them as text, with excerpts from `source`.
    pub fn render(&self, lang: Lang, source: Option<&Source>) -> String {
        self.0.iter().map(|d| d.render_with(lang, source)).collect::<Vec<_>>().join("\n")
    }
}
impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
impl From<Diagnostic> for Diagnostics {
    fn from(d: Diagnostic) -> Self {
        Self(vec![d])
    }
}
impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Lang::En, None))
    }
}
impl std::error::Error for Diagnostics {}
