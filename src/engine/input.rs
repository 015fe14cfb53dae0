//! What is given with a transition.

use super::command::What;
use crate::id::{LevelName, TransitionName};
use crate::ticket::{Attachment, Attribute, Text, Value};

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
    /// Items of the state's checklist ticked off with it, by their place from 0.
    pub ticked: Vec<u16>,
    /// Attachments that come with it, on the note.
    pub attachments: Vec<Attachment>,
    /// The resolution code.
    pub resolution: Option<LevelName>,
}

impl TransitionInput {
    /// A transition with nothing given.
    pub fn new(name: impl AsRef<str>) -> Self {
        Self {
            name: TransitionName::new(name),
            fields: Vec::new(),
            comment: None,
            ticked: Vec::new(),
            attachments: Vec::new(),
            resolution: None,
        }
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
    /// With an item of the state's checklist ticked off, by its place from 0.
    #[must_use]
    pub fn tick(mut self, item: u16) -> Self {
        self.ticked.push(item);
        self
    }
    /// With an attachment.
    #[must_use]
    pub fn attach(mut self, attachment: Attachment) -> Self {
        self.attachments.push(attachment);
        self
    }
    /// With a resolution code.
    #[must_use]
    pub fn resolution(mut self, code: impl AsRef<str>) -> Self {
        self.resolution = Some(LevelName::new(code));
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
