//! What a transition demands on the way besides fields and a comment, and who may take which step.

use super::definition::TransitionDefinition;
use crate::condition::{Condition, Form};
use crate::diagnostic::Text;
use crate::id::*;
use crate::ticket::Attribute;
use serde::{Deserialize, Serialize};

/// A validator: what must hold of the ticket with the values given. A guard says whether a transition is there at all, a validator what is wrong with what was filled in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckDefinition {
    /// Must hold.
    pub require: Form,
    /// What to say where it does not; without one the condition is told.
    #[serde(default)]
    pub message: Option<Text>,
    /// The field to mark in a form.
    #[serde(default)]
    pub field: Option<Attribute>,
}

impl CheckDefinition {
    /// A validator.
    pub fn new(require: Form) -> Self {
        Self { require, message: None, field: None }
    }
    /// With what to say where it does not hold.
    #[must_use]
    pub fn message(mut self, en: &str, zh: &str) -> Self {
        self.message = Some(crate::diagnostic::text(en, zh));
        self
    }
    /// About a field.
    #[must_use]
    pub fn field(mut self, field: &str) -> Self {
        self.field = Some(Attribute::named(field));
        self
    }
}

/// Who may take steps from a state to a state; the most specific counts (S7), and a transition's own `roles` before any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RightDefinition {
    /// From this state; none: from any.
    #[serde(default)]
    pub from: Option<StateName>,
    /// To this state; none: to any.
    #[serde(default)]
    pub to: Option<StateName>,
    /// These roles.
    pub roles: Vec<RoleName>,
}

impl RightDefinition {
    /// For steps from a state (`*`: any) to a state (`*`: any).
    pub fn new<R: Into<RoleName>>(from: &str, to: &str, roles: impl IntoIterator<Item = R>) -> Self {
        let named = |word: &str| (word != "*").then(|| StateName::new(word));
        Self { from: named(from), to: named(to), roles: roles.into_iter().map(Into::into).collect() }
    }
    /// As a file says it: `new -> open`.
    pub fn line(&self) -> String {
        let word = |s: &Option<StateName>| s.as_ref().map_or_else(|| "*".to_string(), ToString::to_string);
        format!("{} -> {}", word(&self.from), word(&self.to))
    }
}

/// A compiled validator.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Validator {
    /// Must hold.
    pub require: Condition,
    /// What to say where it does not; none: the condition is told.
    pub message: Option<Text>,
    /// The field to mark in a form.
    pub field: Option<Attribute>,
}

/// Who may take a step, with labels for refusals.
#[derive(Clone, Debug)]
pub(super) struct Right {
    pub(super) line: String,
    pub(super) roles: Vec<RoleName>,
    pub(super) labels: Vec<Text>,
}

impl TransitionDefinition {
    /// With a validator.
    #[must_use]
    pub fn check(mut self, check: CheckDefinition) -> Self {
        self.check.push(check);
        self
    }
    /// Only with the checklist of the state it leaves complete.
    #[must_use]
    pub fn with_checklist(mut self) -> Self {
        self.checklist = true;
        self
    }
    /// Only with an attachment.
    #[must_use]
    pub fn with_attachment(mut self) -> Self {
        self.attachment = true;
        self
    }
    /// Only with one of these resolution codes; with none of them it asks for no code.
    #[must_use]
    pub fn resolution<L: Into<LevelName>>(mut self, codes: impl IntoIterator<Item = L>) -> Self {
        self.resolution = Some(codes.into_iter().map(Into::into).collect());
        self
    }
}
