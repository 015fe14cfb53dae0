//! The bare machine: which state follows which, by what name, with what marked beside it.
//!
//! What it is: [`Machine`], made of a [`MachineDefinition`] or, inside the room, of a checked workflow; [`Position`], where a ticket stands in it; [`Rights`], which right a step needs.
//! What it never does: know tickets, guards or roles (a judge given by the caller says what stands against an arc), or refuse what is merely unwise. It refuses what is *undefined*:
//! an unknown state, an arc to nowhere, two arcs of one name that leave one state and nothing to choose between them. That every state is reached, left and owned is for
//! the checks of a workflow (S6).
//! Read next: `definition.rs`, then [`crate::workflow::Workflow`], which is one of these with everything people need.

mod definition;
mod rights;

pub use definition::{ArcDefinition, MachineDefinition, Origin, Target, Undefined};
pub use rights::Rights;

use crate::id::*;
use std::collections::{BTreeMap, BTreeSet};

/// What leaves a state, as indices of arcs.
#[derive(Clone, Debug, Default)]
pub(super) struct Exits {
    /// As declared.
    pub(super) declared: Vec<u32>,
    /// By name, alternatives of one name as declared.
    pub(super) named: Vec<u32>,
}

/// A way from one state to another.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) name: TransitionName,
    /// The state it leads to; none: the one it leaves.
    pub(super) to: Option<u32>,
    /// Leading back to the state it left, it neither leaves nor enters it (S4).
    pub(super) internal: bool,
    /// Marks that must be there and are taken.
    pub(super) takes: Vec<StateName>,
    /// Marks it sets.
    pub(super) sets: Vec<StateName>,
}

/// Where something stands: one state, and marks beside it.
///
/// A mark is the state of something that goes on beside the ticket's own: an approval that was given, a task that is open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    state: StateName,
    marks: BTreeSet<StateName>,
}

impl Position {
    /// The state.
    pub fn state(&self) -> &StateName {
        &self.state
    }
    /// What is marked beside it.
    pub fn marks(&self) -> &BTreeSet<StateName> {
        &self.marks
    }
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fired {
    /// Which arc, by its place in the definition.
    pub arc: usize,
    /// Where it stands now.
    pub to: Position,
    /// What was left, the state first; nothing for an internal step (S4).
    pub left: Vec<StateName>,
    /// What was entered, the state first.
    pub entered: Vec<StateName>,
}

/// Why a step was not taken. Nothing has changed (S1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfired<B> {
    /// No arc has this name.
    Unknown,
    /// None of this name leaves the state.
    NotFromHere,
    /// Those that do lack marks.
    Unmarked(Vec<StateName>),
    /// What stands against it, of all alternatives, in the order tried (S2).
    Blocked(Vec<B>),
}

/// A state machine as data; see the [room](crate::workflow).
///
/// ```
/// use ticketry::workflow::{ArcDefinition, Machine, MachineDefinition, Unfired};
/// let definition = MachineDefinition::new(["draft", "review", "done"])
///     .mark("approved")
///     .initial("draft")
///     .arc(ArcDefinition::new("submit", ["draft"], "review"))
///     .arc(ArcDefinition::new("approve", ["review"], "=").sets(["approved"]))
///     .arc(ArcDefinition::new("publish", ["review"], "done").takes(["approved"]));
/// let machine = Machine::new(&definition).unwrap();
/// let nothing_against = |_: usize| Vec::<&str>::new();
/// let review = machine.fire(&machine.start().unwrap(), &"submit".into(), nothing_against).unwrap().to;
/// assert!(!machine.may(&review, &"publish".into(), nothing_against));
/// assert_eq!(machine.fire(&review, &"publish".into(), nothing_against), Err(Unfired::Unmarked(vec!["approved".into()])));
/// let approved = machine.fire(&review, &"approve".into(), nothing_against).unwrap().to;
/// assert_eq!(machine.fire(&approved, &"publish".into(), nothing_against).unwrap().to.state(), "done");
/// ```
#[derive(Clone, Debug)]
pub struct Machine {
    states: Vec<StateName>,
    index: BTreeMap<StateName, u32>,
    /// States it may begin in; the first is the default (S8).
    initial: Vec<u32>,
    /// What is marked at the beginning.
    marked: BTreeSet<StateName>,
    marks: BTreeSet<StateName>,
    arcs: Vec<Way>,
    exits: Vec<Exits>,
    /// The first arc of each name.
    names: BTreeMap<TransitionName, u32>,
}

impl Machine {
    /// The machine of a definition.
    ///
    /// # Errors
    /// Everything in it that is undefined.
    pub fn new(definition: &MachineDefinition) -> Result<Self, Vec<Undefined>> {
        definition.compile()
    }

    /// Of resolved parts: `from` has, for each arc, the states it leaves.
    pub(super) fn of(states: Vec<StateName>, initial: Vec<u32>, arcs: Vec<Way>, exits: Vec<Exits>) -> Self {
        let mut index = BTreeMap::new();
        for (i, s) in states.iter().enumerate() {
            index.entry(s.clone()).or_insert(number(i));
        }
        let mut names = BTreeMap::new();
        for (i, a) in arcs.iter().enumerate() {
            names.entry(a.name.clone()).or_insert(number(i));
        }
        Self { states, index, initial, marked: BTreeSet::new(), marks: BTreeSet::new(), arcs, exits, names }
    }

    /// All states, as declared.
    pub fn states(&self) -> &[StateName] {
        &self.states
    }
    /// States it may begin in, the default first (S8).
    pub fn initials(&self) -> impl Iterator<Item = &StateName> {
        self.initial.iter().filter_map(|i| self.states.get(*i as usize))
    }
    /// Where it begins if nobody names a state; none if nothing is initial.
    pub fn start(&self) -> Option<Position> {
        Some(Position { state: self.initials().next()?.clone(), marks: self.marked.clone() })
    }
    /// Where it begins in a state that was named; none if it may not begin there (S8).
    pub fn begin(&self, state: &StateName) -> Option<Position> {
        self.initials().any(|s| s == state).then(|| Position { state: state.clone(), marks: self.marked.clone() })
    }
    /// A position that was kept elsewhere.
    ///
    /// # Errors
    /// It names a state or a mark that there is not.
    pub fn position(&self, state: &StateName, marks: impl IntoIterator<Item = StateName>) -> Result<Position, Undefined> {
        let marks: BTreeSet<StateName> = marks.into_iter().collect();
        if !self.index.contains_key(state) {
            return Err(Undefined::State { name: state.clone(), arc: None });
        }
        match marks.iter().find(|m| !self.marks.contains(*m)) {
            Some(m) => Err(Undefined::Mark { name: m.clone(), arc: None }),
            None => Ok(Position { state: state.clone(), marks }),
        }
    }
    /// Where something stands here that comes from a state of another machine, by a map of states; none where the map says nothing of its state, or leads nowhere: equal names are
    /// no map (S10).
    pub fn take_over(&self, state: &StateName, map: &BTreeMap<StateName, StateName>) -> Option<Position> {
        self.position(map.get(state)?, []).ok()
    }
    /// The name of an arc, by its place in the definition.
    pub fn name(&self, arc: usize) -> Option<&TransitionName> {
        self.arcs.get(arc).map(|a| &a.name)
    }
    /// What leaves a state, whatever is marked: arcs by their place in the definition.
    pub fn leaving(&self, state: &StateName) -> impl Iterator<Item = usize> {
        self.exits_of(state).iter().map(|i| *i as usize)
    }
    /// The state an arc leads to from a state.
    pub fn target(&self, arc: usize, from: &StateName) -> Option<&StateName> {
        match self.arcs.get(arc)?.to {
            Some(to) => self.states.get(to as usize),
            None => self.states.get(self.at(from)?),
        }
    }

    /// Whether a step would be taken. `judge` says what stands against an arc; it is asked only about arcs that leave the state with their marks there.
    pub fn may<B>(&self, at: &Position, name: &TransitionName, judge: impl FnMut(usize) -> Vec<B>) -> bool {
        self.choose(at, name, judge).is_ok()
    }
    /// Every arc that would be taken, as declared. Of alternatives of one name the one that is meant.
    pub fn enabled<B>(&self, at: &Position, mut judge: impl FnMut(usize) -> Vec<B>) -> Vec<usize> {
        let mut enabled = Vec::new();
        for arc in self.leaving(&at.state) {
            let Some(name) = self.name(arc) else { continue };
            // Each name once, at the first of its alternatives.
            let first = self.at(&at.state).and_then(|s| self.alternatives(s, name).first());
            if first.is_some_and(|f| *f as usize == arc) {
                enabled.extend(self.choose(at, name, &mut judge).ok());
            }
        }
        enabled
    }
    /// Takes a step: of alternatives the first against which nothing stands (S6).
    ///
    /// # Errors
    /// Why not; nothing has changed.
    pub fn fire<B>(&self, at: &Position, name: &TransitionName, judge: impl FnMut(usize) -> Vec<B>) -> Result<Fired, Unfired<B>> {
        let arc = self.choose(at, name, judge)?;
        let Some(way) = self.arcs.get(arc) else { return Err(Unfired::Unknown) };
        let target = self.target(arc, &at.state).unwrap_or(&at.state);
        let mut to = Position { state: target.clone(), marks: at.marks.clone() };
        to.marks.retain(|m| !way.takes.contains(m));
        to.marks.extend(way.sets.iter().cloned());
        let stays = way.internal && *target == at.state;
        let with = |state: &StateName, marks: &[StateName]| {
            let state = (!stays).then(|| state.clone());
            state.into_iter().chain(marks.iter().cloned()).collect()
        };
        Ok(Fired { arc, left: with(&at.state, &way.takes), entered: with(target, &way.sets), to })
    }

    fn choose<B>(&self, at: &Position, name: &TransitionName, mut judge: impl FnMut(usize) -> Vec<B>) -> Result<usize, Unfired<B>> {
        let here = self.at(&at.state).map(|s| self.alternatives(s, name)).unwrap_or_default();
        if here.is_empty() {
            return Err(if self.names.contains_key(name) { Unfired::NotFromHere } else { Unfired::Unknown });
        }
        let (mut blockers, mut missing) = (Vec::new(), Vec::new());
        for i in here {
            let Some(way) = self.arcs.get(*i as usize) else { continue };
            let lacks = way.takes.iter().filter(|m| !at.marks.contains(*m));
            let before = missing.len();
            missing.extend(lacks.cloned());
            if missing.len() > before {
                continue;
            }
            let against = judge(*i as usize);
            if against.is_empty() {
                return Ok(*i as usize);
            }
            blockers.extend(against);
        }
        Err(if blockers.is_empty() { Unfired::Unmarked(missing) } else { Unfired::Blocked(blockers) })
    }

    pub(super) fn at(&self, name: &StateName) -> Option<usize> {
        self.index.get(name).map(|i| *i as usize)
    }
    /// What leaves a state, as declared.
    pub(super) fn exits_of(&self, state: &StateName) -> &[u32] {
        self.at(state).and_then(|i| self.exits.get(i)).map(|e| e.declared.as_slice()).unwrap_or_default()
    }
    /// The arcs of one name that leave a state, in the order tried.
    pub(super) fn alternatives(&self, state: usize, name: &TransitionName) -> &[u32] {
        self.exits.get(state).map(|e| e.of(&self.arcs, name)).unwrap_or_default()
    }
    /// The first arc of a name, wherever it leaves from.
    pub(super) fn first(&self, name: &TransitionName) -> Option<usize> {
        self.names.get(name).map(|i| *i as usize)
    }
    /// All names, in their order.
    pub(super) fn names(&self) -> impl Iterator<Item = &TransitionName> {
        self.names.keys()
    }
}

impl Exits {
    /// What leaves each state, given the states each arc leaves.
    pub(super) fn all<'n>(states: usize, from: &[Vec<usize>], name: impl Fn(usize) -> Option<&'n TransitionName>) -> Vec<Self> {
        let mut exits: Vec<Self> = (0..states).map(|_| Self::default()).collect();
        for (i, from) in from.iter().enumerate() {
            for s in from {
                if let Some(e) = exits.get_mut(*s) {
                    e.declared.push(number(i));
                }
            }
        }
        for e in &mut exits {
            e.named = e.declared.clone();
            // Stable, so alternatives keep their order.
            e.named.sort_by(|a, b| name(*a as usize).cmp(&name(*b as usize)));
        }
        exits
    }
    fn of(&self, arcs: &[Way], name: &TransitionName) -> &[u32] {
        let named = |i: &u32| arcs.get(*i as usize).map(|t| &t.name);
        let from = self.named.partition_point(|i| named(i).is_some_and(|n| n < name));
        let rest = self.named.get(from..).unwrap_or_default();
        let count = rest.partition_point(|i| named(i).is_some_and(|n| n == name));
        rest.get(..count).unwrap_or_default()
    }
}

pub(super) fn number(i: usize) -> u32 {
    u32::try_from(i).unwrap_or(u32::MAX)
}
