//! What is given with a transition.

use super::command::What;
use crate::id::TransitionName;
use crate::ticket::{Attribute, Text, Value};

/// A transition with everything that is given on the way: what a host makes of a filled-in [`super::Form`].
///
/// ```
/// use ticketry::engine::{TransitionInput, What};
/// let given = TransitionInput::new("resolve").set("impact", "high").comment("replaced the fan");
/// assert_eq!(given.fields.len(), 1);
/// let what: What = given.into();
/// assert_eq!(what.word(), "transition");
/// assert_eq!(What::transition("resolve"), TransitionInput::new("resolve").into());
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TransitionInput {
    /// Which.
    pub name: TransitionName,
    /// Fields set with it.
    pub fields: Vec<(Attribute, Option<Value>)>,
    /// An internal note written with it.
    pub comment: Option<Text>,
}

impl TransitionInput {
    /// A transition with nothing given.
    pub fn new(name: impl AsRef<str>) -> Self {
        Self { name: TransitionName::new(name), fields: Vec::new(), comment: None }
    }
    /// With an attribute set.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.push((Attribute::named(name), Some(value.into())));
        self
    }
    /// With attributes set or cleared.
    #[must_use]
    pub fn fields(mut self, fields: impl IntoIterator<Item = (Attribute, Option<Value>)>) -> Self {
        self.fields.extend(fields);
        self
    }
    /// With a comment.
    #[must_use]
    pub fn comment(mut self, comment: impl Into<Text>) -> Self {
        self.comment = Some(comment.into());
        self
    }
    /// With a comment, if there is one.
    #[must_use]
    pub fn maybe_comment(mut self, comment: Option<Text>) -> Self {
        self.comment = comment.or(self.comment);
        self
    }
}

impl From<TransitionInput> for What {
    fn from(given: TransitionInput) -> Self {
        Self::Transition(given)
    }
}
