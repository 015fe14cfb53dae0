//! One rule: when it wakes, whether it applies, what it asks for.

use super::{Timing, Trigger, Written};
use crate::condition::{Condition, Path, View};
use crate::diagnostic::{Place, RuleFault};
use crate::id::RuleName;
use crate::ticket::Action;
use std::{collections::BTreeSet, fmt, sync::Arc};

/// A script that yields actions; implemented where scripts live, or by a host in Rust.
pub trait ActionScript: fmt::Debug + Send + Sync {
    /// What it asks for, in order; checked by [`crate::condition::check_action`] before it is returned.
    ///
    /// # Errors
    /// The script failed or ran out of its budget. Nothing of what it asked for before counts (S24: all or none).
    fn actions(&self, view: &View<'_>) -> Result<Vec<Action>, RuleFault>;
    /// Its text, for traces.
    fn text(&self) -> &str;
    /// What it reads.
    fn reads(&self) -> &BTreeSet<Path>;
    /// What it may write.
    fn writes(&self) -> &BTreeSet<Written>;
    /// Steps it takes on this view, if it counts them.
    fn operations(&self, _view: &View<'_>) -> u64 {
        0
    }
}

/// What a rule asks for.
#[derive(Clone, Debug)]
pub enum Then {
    /// Always the same.
    Actions(Vec<Action>),
    /// What a script says.
    Script(Arc<dyn ActionScript>),
}

/// What became of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consideration {
    /// Its condition does not hold.
    Unmatched,
    /// It asks for this. A rule that stops ends with [`Action::Stop`].
    Matched(Vec<Action>),
    /// It failed; contained (S24). Whether the command fails with it, [`Rule::fail_closed`] says.
    Faulted(RuleFault),
}

/// A rule, checked.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name, unique in the set.
    pub name: RuleName,
    /// Its place in the order; lower first (S17). 0 if not given.
    pub order: i64,
    /// Where it stands; the tie-breaker of the order.
    pub place: Place,
    /// What wakes it. Empty for a time rule.
    pub on: Vec<Trigger>,
    /// The moment, for a time rule.
    pub time: Option<Timing>,
    /// The condition; none always holds.
    pub when: Option<Condition>,
    /// What it asks for.
    pub then: Then,
    /// May fire more than once per command (S19).
    pub repeatable: bool,
    /// Ends the evaluation of later rules when it matched (S23).
    pub stop: bool,
    /// If it fails, the command is refused (S24).
    pub fail_closed: bool,
    /// Wakes on every event, whatever it is; `on` may then be empty.
    pub always: bool,
    pub(super) reads: BTreeSet<Path>,
    pub(super) writes: BTreeSet<Written>,
    pub(super) spots: Spots,
    /// Whether the condition asks what woke the rule.
    pub(super) asks_event: bool,
}

/// Where the parts of a rule stand, for what is found out about the rules as a whole. Empty for a rule built in Rust.
#[derive(Clone, Debug, Default)]
pub(super) struct Spots {
    /// The triggers, in their order.
    pub(super) on: Vec<Place>,
    /// The conjuncts, or the alternatives, of the condition.
    pub(super) when: Vec<Place>,
    /// The actions, in their order.
    pub(super) then: Vec<Place>,
}

impl Rule {
    /// Whether the rule applies, and what it asks for.
    pub fn consider(&self, view: &View<'_>) -> Consideration {
        match self.when.as_ref().map_or(Ok(true), |c| c.holds(view)) {
            Ok(false) => Consideration::Unmatched,
            Err(fault) => Consideration::Faulted(fault),
            Ok(true) => match self.actions(view) {
                Ok(actions) => Consideration::Matched(actions),
                Err(fault) => Consideration::Faulted(fault),
            },
        }
    }

    /// Whether it names no moment of its own, and so wakes when the ticket is created and when something it reads changes.
    pub fn by_reads(&self) -> bool {
        self.on.is_empty() && self.time.is_none() && !self.always
    }

    /// What it asks for; the condition is taken to hold.
    ///
    /// # Errors
    /// Its script failed.
    pub fn actions(&self, view: &View<'_>) -> Result<Vec<Action>, RuleFault> {
        let mut actions = match &self.then {
            Then::Actions(a) => a.clone(),
            Then::Script(s) => s.actions(view)?,
        };
        if self.stop && !actions.contains(&Action::Stop) {
            actions.push(Action::Stop);
        }
        Ok(actions)
    }

    /// Steps the interpreter takes over condition and actions; 0 where all is lowered. The rule is run for it.
    pub fn operations(&self, view: &View<'_>) -> u64 {
        let asked = self.when.as_ref().map_or(0, |c| c.expr().operations(view));
        match &self.then {
            Then::Script(s) if self.when.as_ref().is_none_or(|c| c.holds(view) == Ok(true)) => asked.saturating_add(s.operations(view)),
            _ => asked,
        }
    }

    /// The first part of the condition that does not hold, with the values it saw; for traces.
    pub fn first_false(&self, view: &View<'_>) -> Option<String> {
        self.when.as_ref().and_then(|c| c.first_false(view))
    }

    /// What the condition and the actions read.
    pub fn reads(&self) -> &BTreeSet<Path> {
        &self.reads
    }
    /// What the actions may write.
    pub fn writes(&self) -> &BTreeSet<Written> {
        &self.writes
    }
    /// Whether the customer record must be there before it is considered.
    pub fn needs_customer(&self) -> bool {
        self.reads.iter().any(|p| matches!(p, Path::Customer(_)))
    }
    /// Whether no script is in it: condition and actions were lowered.
    pub fn is_native(&self) -> bool {
        self.when.as_ref().is_none_or(|c| c.expr().is_native()) && matches!(self.then, Then::Actions(_))
    }

    /// Whether what it does is known before it runs, and whatever it does includes a stop.
    pub(super) fn surely_stops(&self) -> bool {
        matches!(&self.then, Then::Actions(a) if self.stop || a.contains(&Action::Stop))
    }
    /// Whether it may stop.
    pub(super) fn may_stop(&self) -> bool {
        self.stop || matches!(self.then, Then::Script(_)) || self.surely_stops()
    }
    /// Where its action of this position stands.
    pub(super) fn action_place(&self, position: usize) -> Place {
        self.spots.then.get(position).unwrap_or(&self.place).clone()
    }

    pub(super) fn settle(mut self) -> Self {
        let mut reads: BTreeSet<Path> = self.when.as_ref().map(|c| c.reads().clone()).unwrap_or_default();
        self.asks_event = reads.contains(&Path::EventName);
        self.writes = match &self.then {
            Then::Actions(a) => a.iter().flat_map(Written::by).collect(),
            Then::Script(s) => {
                reads.extend(s.reads().iter().cloned());
                s.writes().clone()
            }
        };
        self.reads = reads;
        self
    }
}
