//! What is left to do, counted (S74).

use super::flow::{Flow, Growth};
use crate::diagnostic::{Text, text};
use crate::id::*;
use crate::ticket::Ticket;
use chrono::TimeDelta;
use serde::Serialize;
use std::collections::BTreeMap;

/// How old a ticket is, in wall time since its creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Age {
    /// Less than a day.
    Day,
    /// Less than three days.
    ThreeDays,
    /// Less than a week.
    Week,
    /// Less than thirty days.
    Month,
    /// Older.
    Older,
}

impl Age {
    /// All, the youngest first.
    pub const ALL: [Self; 5] = [Self::Day, Self::ThreeDays, Self::Week, Self::Month, Self::Older];
    /// The age of something made at an instant.
    pub fn of(made: UtcInstant, now: UtcInstant) -> Self {
        let age = now.signed_duration_since(made);
        let under = |days| age < TimeDelta::days(days);
        match () {
            () if under(1) => Self::Day,
            () if under(3) => Self::ThreeDays,
            () if under(7) => Self::Week,
            () if under(30) => Self::Month,
            () => Self::Older,
        }
    }
    /// What people read.
    pub fn label(self) -> Text {
        match self {
            Self::Day => text("under 1 day", "1 天内"),
            Self::ThreeDays => text("1 to 3 days", "1–3 天"),
            Self::Week => text("3 to 7 days", "3–7 天"),
            Self::Month => text("7 to 30 days", "7–30 天"),
            Self::Older => text("over 30 days", "30 天以上"),
        }
    }
}

/// The open tickets, counted by state, group, category and age, and where the backlog grows (S74).
///
/// ```
/// use ticketry::insight::{Backlog, Flow};
/// let backlog = Backlog::of([], "2025-10-09T10:00:00Z".parse().unwrap()).growing(&Flow::new());
/// assert_eq!((backlog.total, backlog.grows), (0, None));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Backlog {
    /// All of them.
    pub total: u64,
    /// By state.
    pub by_state: BTreeMap<StateName, u64>,
    /// By group.
    pub by_group: BTreeMap<GroupId, u64>,
    /// In no group.
    pub unowned: u64,
    /// By category, each ticket once, at its own node; [`Backlog::within`] counts subtrees.
    pub by_category: BTreeMap<CategoryPath, u64>,
    /// In no category.
    pub uncategorised: u64,
    /// By age.
    pub by_age: BTreeMap<Age, u64>,
    /// The state that grew most in the flow it was shown; none while none grew.
    pub grows: Option<Growth>,
}

impl Backlog {
    /// Of these tickets those that are open, at an instant.
    pub fn of<'t>(tickets: impl IntoIterator<Item = &'t Ticket>, now: UtcInstant) -> Self {
        let mut backlog = Self::default();
        tickets.into_iter().for_each(|t| backlog.add(t, now));
        backlog
    }
    /// Adds a ticket, if it is open.
    pub fn add(&mut self, t: &Ticket, now: UtcInstant) {
        fn one<K: Ord>(of: &mut BTreeMap<K, u64>, key: K) {
            let n = of.entry(key).or_default();
            *n = n.saturating_add(1);
        }
        if !t.is_open() {
            return;
        }
        self.total = self.total.saturating_add(1);
        one(&mut self.by_state, t.state.clone());
        match &t.group {
            Some(g) => one(&mut self.by_group, g.clone()),
            None => self.unowned = self.unowned.saturating_add(1),
        }
        match &t.category {
            Some(c) => one(&mut self.by_category, c.value.clone()),
            None => self.uncategorised = self.uncategorised.saturating_add(1),
        }
        one(&mut self.by_age, Age::of(t.created_at, now));
    }
    /// Names the state of an open ticket in which most stayed: arrivals minus departures, in the window of the flow ([`Flow::between`]). States that no ticket here is in do not count.
    #[must_use]
    pub fn growing(mut self, flow: &Flow) -> Self {
        self.grows = flow.growth().into_iter().find(|g| g.net() > 0 && self.by_state.contains_key(&g.state));
        self
    }
    /// How many tickets are in a category or below it (S66).
    pub fn within(&self, category: &str) -> u64 {
        self.by_category.iter().filter(|(c, _)| c.within(category)).fold(0, |n, (_, m)| n.saturating_add(*m))
    }
}
