//! Refusals: why a person at a ticket may not do something, all reasons at once (S1, S2).

use crate::diagnostic::{Lang, Text, text};
use crate::ticket::Attribute;
use crate::workflow::Blocker;
use std::fmt;

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Reason {
    /// Stable code.
    pub code: &'static str,
    /// What to tell the person.
    pub message: Text,
    /// The attribute concerned, so that a host can mark it in a form.
    pub attribute: Option<Attribute>,
    /// The item of the state's checklist concerned, from 0.
    pub item: Option<u16>,
}

impl From<Blocker> for Reason {
    fn from(b: Blocker) -> Self {
        Self { code: b.code, message: b.message, attribute: b.field, item: b.item }
    }
}

/// A command was not done; nothing changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Refusal {
    /// All reasons.
    pub reasons: Vec<Reason>,
}

impl From<Vec<Blocker>> for Refusal {
    fn from(against: Vec<Blocker>) -> Self {
        Self { reasons: against.into_iter().map(Into::into).collect() }
    }
}

impl Refusal {
    /// A refusal with one reason.
    pub fn one(code: &'static str, message: Text) -> Self {
        Self { reasons: vec![Reason { code, message, attribute: None, item: None }] }
    }
    /// Adds a reason.
    pub fn add(&mut self, code: &'static str, message: Text) {
        self.reasons.push(Reason { code, message, attribute: None, item: None });
    }
    /// Adds a reason about an attribute.
    pub fn about(&mut self, attribute: Attribute, code: &'static str, message: Text) {
        self.reasons.push(Reason { code, message, attribute: Some(attribute), item: None });
    }
    /// Whether there is a reason with this code.
    pub fn has(&self, code: &str) -> bool {
        self.reasons.iter().any(|r| r.code == code)
    }
    /// The refusal itself, if there is any reason.
    ///
    /// # Errors
    /// There is one.
    pub fn done(self) -> Result<(), Self> {
        if self.reasons.is_empty() { Ok(()) } else { Err(self) }
    }
    /// All reasons as text, one a line.
    pub fn render(&self, lang: Lang) -> String {
        self.reasons.iter().map(|r| format!("{} [{}]", r.message.get(lang), r.code)).collect::<Vec<_>>().join("\n")
    }
    /// The ticket is done.
    pub(crate) fn over() -> Self {
        Self::one("final", text("the ticket is done; reopen it first", "工单已结束，请先重新打开"))
    }
    /// The ticket moved on since the caller saw it.
    pub fn stale(seen: crate::id::Revision, now: crate::id::Revision) -> Self {
        Self::one(
            "stale",
            text(
                format!("the ticket is at {now}, the command was made for {seen}; read it again"),
                format!("工单已更新到 {now}，命令基于 {seen}；请重新读取"),
            ),
        )
    }
}
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Lang::En))
    }
}
impl std::error::Error for Refusal {}
