//! What went wrong inside a rule while it ran; contained, never fatal (S24).

use super::{Diagnostic, Lang, Place, Text};
use serde::Serialize;
use std::fmt;

/// The kind of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FaultKind {
    /// It used up its fuel.
    Budget,
    /// Calls or expressions are nested too deep.
    Depth,
    /// A text, list or map grew too large.
    Size,
    /// A value of the wrong type.
    Type,
    /// Overflow or division by zero.
    Arithmetic,
    /// An unknown function, variable or property.
    UnknownName,
    /// An index or key that is not there.
    Index,
    /// The text does not parse.
    Syntax,
    /// The script threw it itself.
    Thrown,
    /// The host interrupted the decision; it can be retried.
    Interrupted,
    /// A function offered to scripts broke: a bug of the program.
    HostFunction,
    /// Something the sandbox forbids.
    Forbidden,
    /// Anything else.
    Other,
}

impl FaultKind {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Budget => "fault-budget",
            Self::Depth => "fault-depth",
            Self::Size => "fault-size",
            Self::Type => "fault-type",
            Self::Arithmetic => "fault-arithmetic",
            Self::UnknownName => "fault-unknown-name",
            Self::Index => "fault-index",
            Self::Syntax => "fault-syntax",
            Self::Thrown => "fault-thrown",
            Self::Interrupted => "fault-interrupted",
            Self::HostFunction => "fault-host-function",
            Self::Forbidden => "fault-forbidden",
            Self::Other => "fault-other",
        }
    }
    /// Whether the same run may succeed when repeated: only an interrupted one may.
    pub const fn retryable(self) -> bool {
        matches!(self, Self::Interrupted)
    }
}

/// A rule's failure: what, where, and what to do about it. It never stops the change of the ticket (S24).
///
/// ```
/// use ticketry::diagnostic::{Diagnostic, FaultKind, Lang, Place, RuleFault, text};
/// let fault = RuleFault::new(FaultKind::Arithmetic, text("division by zero", "除以零"), None).at(Place::new("rules/a.rhai", 2, 7, 1));
/// assert_eq!(fault.to_string(), "rules/a.rhai:2:7: division by zero");
/// assert!(Diagnostic::from(fault).render(Lang::Zh).starts_with("错误[fault-arithmetic]: 除以零"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleFault {
    /// Kind.
    pub kind: FaultKind,
    /// In words.
    pub message: Text,
    /// Where, if known.
    pub place: Option<Place>,
    help: Option<Box<Text>>,
}

impl RuleFault {
    /// A fault.
    pub fn new(kind: FaultKind, message: Text, place: Option<Place>) -> Self {
        Self { kind, message, place, help: None }
    }
    /// With the place where it happened.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }
    /// With what to do about it, if there is something to say.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<Text>) -> Self {
        self.help = help.map(Box::new).or(self.help);
        self
    }
    /// What to do about it, if there is something to say.
    pub fn help(&self) -> Option<&Text> {
        self.help.as_deref()
    }
    /// Stable code.
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }
    /// The message with its place.
    pub fn render(&self, lang: Lang) -> String {
        match &self.place {
            Some(p) => format!("{p}: {}", self.message.get(lang)),
            None => self.message.get(lang).to_string(),
        }
    }
}
impl From<RuleFault> for Diagnostic {
    fn from(fault: RuleFault) -> Self {
        let d = Self::error(fault.code(), fault.message).maybe_help(fault.help.map(|h| *h));
        match fault.place {
            Some(place) => d.at(place),
            None => d,
        }
    }
}
impl fmt::Display for RuleFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Lang::En))
    }
}
impl std::error::Error for RuleFault {}
