//! Which right a step from one state to another needs.

use crate::id::StateName;
use std::collections::BTreeMap;

/// Something said of steps by the states they lead from and to, the most specific first: from → to, then any → to, then from → any, then any → any (S7). A named one replaces
/// the general one.
///
/// ```
/// use ticketry::workflow::Rights;
/// let rights = Rights::new().with("*", "escalated", "EscalateTicket").with("*", "*", "ModifyTicket").with("new", "*", "TriageTicket");
/// let of = |from: &str, to: &str| rights.of(&from.into(), &to.into()).copied();
/// assert_eq!(of("new", "escalated"), Some("EscalateTicket"));
/// assert_eq!(of("new", "open"), Some("TriageTicket"));
/// assert_eq!(of("open", "done"), Some("ModifyTicket"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights<R>(BTreeMap<(Option<StateName>, Option<StateName>), R>);

impl<R> Default for Rights<R> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<R> Rights<R> {
    /// Nothing is said.
    pub fn new() -> Self {
        Self::default()
    }
    /// Says it of steps from a state (`*`: any) to a state (`*`: any); what was said of the same before is replaced.
    #[must_use]
    pub fn with(mut self, from: &str, to: &str, right: R) -> Self {
        let named = |word: &str| (word != "*").then(|| StateName::new(word));
        self.0.insert((named(from), named(to)), right);
        self
    }
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// What is said of a step.
    pub fn of(&self, from: &StateName, to: &StateName) -> Option<&R> {
        let (from, to) = (Some(from.clone()), Some(to.clone()));
        let patterns = [(from.clone(), to.clone()), (None, to), (from, None), (None, None)];
        patterns.iter().find_map(|p| self.0.get(p))
    }
}
