//! What the rest of a playbook says that rules depend on, as plain data: no room of this rank knows another.

use crate::condition::Path;
use crate::id::{MetricName, StateName, TransitionName};
use crate::ticket::{Action, Attribute, StateClass};
use std::collections::{BTreeMap, BTreeSet};

/// What is around the rules of a playbook. What is not known is left out, and nothing is concluded from it.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The workflows.
    pub flow: Option<Flow>,
    /// The agreements.
    pub clocks: Option<Clocks>,
    /// What the priority model reads besides the score; none where there is no model.
    pub priority: Option<BTreeSet<Path>>,
    /// Whether the first assignee becomes the owner.
    pub first_assignee_owns: bool,
    /// Whether a reopened ticket goes back to its group's queue.
    pub reopen_clears_assignee: bool,
}

/// What the workflows say, all together.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    /// States a ticket may begin in.
    pub initial: BTreeSet<StateName>,
    /// Every state with its class in each workflow that has it.
    pub classes: BTreeMap<StateName, BTreeSet<StateClass>>,
    /// Whether some state has a time limit.
    pub limits: bool,
    /// Every transition from every state it leaves.
    pub moves: Vec<Move>,
    /// What approvals cover.
    pub covered: BTreeSet<Attribute>,
    /// There is an approval that only informs: it is granted as soon as it is asked for.
    pub informs: bool,
}

/// A transition from one state.
#[derive(Clone, Debug)]
pub struct Move {
    /// Its name.
    pub name: TransitionName,
    /// The state it leaves.
    pub from: StateName,
    /// The state it leads to.
    pub to: StateName,
    /// The stay goes on: nothing is left or entered.
    pub stays: bool,
    /// Whether a ticket that was done is worked on again.
    pub reopens: bool,
    /// What follows.
    pub after: Vec<Action>,
}

/// What the agreements say, all together.
#[derive(Clone, Debug, Default)]
pub struct Clocks {
    /// Metrics with a target.
    pub measured: BTreeSet<MetricName>,
    /// Metrics with a warning.
    pub warned: BTreeSet<MetricName>,
    /// Whether there is an escalation level.
    pub escalates: bool,
}

impl Flow {
    /// The moves of a name.
    pub(super) fn named<'a>(&'a self, name: &'a TransitionName) -> impl Iterator<Item = &'a Move> {
        self.moves.iter().filter(move |m| m.name == *name)
    }
}
