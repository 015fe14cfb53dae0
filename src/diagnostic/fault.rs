//! What went wrong inside a rule while it ran; contained, never fatal (S24).

use super::{Lang, Place, Text};
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
    /// The script threw it itself.
    Thrown,
    /// The host interrupted the decision; it can be retried.
    Interrupted,
    /// A host function broke.
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
            Self::Thrown => "fault-thrown",
            Self::Interrupted => "fault-interrupted",
            Self::HostFunction => "fault-host-function",
            Self::Forbidden => "fault-forbidden",
            Self::Other => "fault-other",
        }
    }
}

/// A rule's failure: what, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleFault {
    /// Kind.
    pub kind: FaultKind,
    /// In words.
    pub message: Text,
    /// Where, if known.
    pub place: Option<Place>,
}

impl RuleFault {
    /// A fault.
    pub fn new(kind: FaultKind, message: Text, place: Option<Place>) -> Self {
        Self { kind, message, place }
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
impl fmt::Display for RuleFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Lang::En))
    }
}
impl std::error::Error for RuleFault {}
