//! Rules that are suspended: they are woken and not considered, and whoever asks is told so (S24).

use crate::id::{RuleName, UtcInstant, at_door, serde_instant};
use crate::ticket::Actor;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One suspension of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// Since when.
    #[serde(with = "serde_instant")]
    pub since: UtcInstant,
    /// Until when, if it is over.
    #[serde(default)]
    pub until: Option<chrono::DateTime<chrono::Utc>>,
    /// Who.
    pub by: Actor,
    /// Why.
    pub reason: String,
}

/// Which rules are, and were, suspended: an input of every decision.
///
/// By instants, since a decision first lets happen what was due before it: a time rule that was due before its suspension still fires, whenever somebody looks.
///
/// ```
/// use ticketry::{rules::Suspended, ticket::Actor};
/// let at = |s: &str| s.parse().unwrap();
/// let mut suspended = Suspended::default();
/// assert!(suspended.suspend(&"noisy".into(), at("2025-10-09T08:00:00Z"), Actor::agent("li"), "loops"));
/// assert!(!suspended.suspend(&"noisy".into(), at("2025-10-09T08:30:00Z"), Actor::agent("wu"), "again"), "it is already");
/// assert!(suspended.holds("noisy", at("2025-10-09T09:00:00Z")) && !suspended.holds("noisy", at("2025-10-09T07:00:00Z")));
/// assert!(suspended.resume(&"noisy".into(), at("2025-10-09T10:00:00Z")));
/// assert!(!suspended.holds("noisy", at("2025-10-09T10:00:00Z")) && suspended.holds("noisy", at("2025-10-09T09:00:00Z")));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Suspended(BTreeMap<RuleName, Vec<Suspension>>);

impl Suspended {
    /// No rule ever: for decisions where it is of no concern.
    pub fn none() -> &'static Self {
        static NONE: Suspended = Suspended(BTreeMap::new());
        &NONE
    }

    /// Whether no rule ever was.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Whether a rule is suspended at an instant.
    pub fn holds(&self, rule: &str, at: UtcInstant) -> bool {
        let holds = |s: &Suspension| s.since <= at && s.until.is_none_or(|u| at < u);
        self.0.get(rule).is_some_and(|all| all.iter().any(holds))
    }
    /// The suspension of a rule that is not over.
    pub fn of(&self, rule: &str) -> Option<&Suspension> {
        self.0.get(rule)?.last().filter(|s| s.until.is_none())
    }
    /// Rules suspended now, with why.
    pub fn now(&self) -> impl Iterator<Item = (&RuleName, &Suspension)> {
        self.0.iter().filter_map(|(rule, all)| all.last().filter(|s| s.until.is_none()).map(|s| (rule, s)))
    }
    /// Every suspension of every rule, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (&RuleName, &Suspension)> {
        self.0.iter().flat_map(|(rule, all)| all.iter().map(move |s| (rule, s)))
    }
    /// Suspends a rule; false if it is already.
    pub fn suspend(&mut self, rule: &RuleName, since: UtcInstant, by: Actor, reason: impl Into<String>) -> bool {
        if self.of(rule.as_str()).is_some() {
            return false;
        }
        let suspension = Suspension { since: at_door(since), until: None, by, reason: reason.into() };
        self.0.entry(rule.clone()).or_default().push(suspension);
        true
    }
    /// Ends a rule's suspension; false if there is none.
    pub fn resume(&mut self, rule: &RuleName, at: UtcInstant) -> bool {
        match self.0.get_mut(rule).and_then(|all| all.last_mut()).filter(|s| s.until.is_none()) {
            Some(s) => {
                s.until = Some(at_door(at).max(s.since));
                true
            }
            None => false,
        }
    }
}
