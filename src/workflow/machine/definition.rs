//! A machine before it is checked, and what can be undefined in it.

use super::{Exits, Machine, Way, number};
use crate::diagnostic::{Text, text};
use crate::id::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What an arc leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// One of these states.
    These(Vec<StateName>),
    /// Any state, except those that an arc of the same name leaves by name: the named one replaces the general one (S7). Written `*`.
    Any,
}

/// Where an arc leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To this state.
    State(StateName),
    /// To the state it left, which is left and entered. Written `=`.
    Same,
    /// Nowhere: nothing is left or entered (S4). Written as nothing.
    Stay,
}

impl From<&str> for Target {
    fn from(word: &str) -> Self {
        match word {
            "=" => Self::Same,
            "" => Self::Stay,
            name => Self::State(name.into()),
        }
    }
}

/// An arc before it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArcDefinition {
    /// Its name. Several may have one name.
    pub name: TransitionName,
    /// What it leaves.
    pub from: Origin,
    /// Where it leads.
    pub to: Target,
    /// Marks that must be there; they are taken.
    pub takes: Vec<StateName>,
    /// Marks it sets.
    pub sets: Vec<StateName>,
    /// A judge may say something against it, so that another of its name may be tried after it.
    pub guarded: bool,
}

impl ArcDefinition {
    /// From one of these states, or `*`, to a state, `=` or nothing.
    pub fn new<S: Into<StateName>>(name: impl Into<TransitionName>, from: impl IntoIterator<Item = S>, to: impl Into<Target>) -> Self {
        let from: Vec<StateName> = from.into_iter().map(Into::into).collect();
        let from = if from.iter().any(|s| *s == "*") { Origin::Any } else { Origin::These(from) };
        Self { name: name.into(), from, to: to.into(), takes: Vec::new(), sets: Vec::new(), guarded: false }
    }
    /// Only where these are marked; it takes them.
    #[must_use]
    pub fn takes<S: Into<StateName>>(mut self, marks: impl IntoIterator<Item = S>) -> Self {
        self.takes.extend(marks.into_iter().map(Into::into));
        self
    }
    /// Setting these marks.
    #[must_use]
    pub fn sets<S: Into<StateName>>(mut self, marks: impl IntoIterator<Item = S>) -> Self {
        self.sets.extend(marks.into_iter().map(Into::into));
        self
    }
    /// With a guard, so that others of its name may follow it.
    #[must_use]
    pub fn guarded(mut self) -> Self {
        self.guarded = true;
        self
    }
}

/// A machine before it is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MachineDefinition {
    /// States: it is always in exactly one.
    pub states: Vec<StateName>,
    /// Marks: any of them may be there beside the state.
    pub marks: Vec<StateName>,
    /// States it may begin in; the first is the default (S8).
    pub initial: Vec<StateName>,
    /// What is marked at the beginning.
    pub marked: Vec<StateName>,
    /// Arcs, in the order in which alternatives are tried.
    pub arcs: Vec<ArcDefinition>,
}

impl MachineDefinition {
    /// With these states and nothing else.
    pub fn new<S: Into<StateName>>(states: impl IntoIterator<Item = S>) -> Self {
        Self { states: states.into_iter().map(Into::into).collect(), ..Self::default() }
    }
    /// With a mark.
    #[must_use]
    pub fn mark(mut self, mark: impl Into<StateName>) -> Self {
        self.marks.push(mark.into());
        self
    }
    /// With a state it may begin in; the first is the default.
    #[must_use]
    pub fn initial(mut self, state: impl Into<StateName>) -> Self {
        self.initial.push(state.into());
        self
    }
    /// With an arc.
    #[must_use]
    pub fn arc(mut self, arc: ArcDefinition) -> Self {
        self.arcs.push(arc);
        self
    }

    pub(super) fn compile(&self) -> Result<Machine, Vec<Undefined>> {
        let mut bad = Vec::new();
        let mut index: BTreeMap<&StateName, usize> = BTreeMap::new();
        for (i, s) in self.states.iter().enumerate() {
            if index.insert(s, i).is_some() {
                bad.push(Undefined::Twice { name: s.clone() });
            }
        }
        let marks: BTreeSet<&StateName> = self.marks.iter().collect();
        for m in &self.marks {
            if index.contains_key(m) {
                bad.push(Undefined::Twice { name: m.clone() });
            }
        }
        let state = |name: &StateName, arc: Option<&ArcDefinition>, bad: &mut Vec<Undefined>| {
            let found = index.get(name).copied();
            if found.is_none() {
                bad.push(Undefined::State { name: name.clone(), arc: arc.map(|a| a.name.clone()) });
            }
            found
        };
        let initial: Vec<u32> = self.initial.iter().filter_map(|s| state(s, None, &mut bad)).map(number).collect();
        let by_name: BTreeSet<(&TransitionName, usize)> = self
            .arcs
            .iter()
            .filter_map(|a| match &a.from {
                Origin::These(s) => Some((a, s)),
                Origin::Any => None,
            })
            .flat_map(|(a, s)| s.iter().filter_map(|s| index.get(s)).map(move |s| (&a.name, *s)))
            .collect();
        let (mut from, mut arcs) = (Vec::new(), Vec::new());
        for a in &self.arcs {
            let mut leaves: Vec<usize> = match &a.from {
                Origin::These(states) => states.iter().filter_map(|s| state(s, Some(a), &mut bad)).collect(),
                Origin::Any => (0..self.states.len()).filter(|s| !by_name.contains(&(&a.name, *s))).collect(),
            };
            leaves.sort_unstable();
            leaves.dedup();
            from.push(leaves);
            let unmarked = a.takes.iter().chain(&a.sets).filter(|m| !marks.contains(m));
            bad.extend(unmarked.map(|m| Undefined::Mark { name: m.clone(), arc: Some(a.name.clone()) }));
            let to = match &a.to {
                Target::State(s) => state(s, Some(a), &mut bad).map(number),
                Target::Same | Target::Stay => None,
            };
            arcs.push(Way { name: a.name.clone(), to, internal: a.to == Target::Stay, takes: a.takes.clone(), sets: a.sets.clone() });
        }
        bad.extend(self.marked.iter().filter(|m| !marks.contains(m)).map(|m| Undefined::Mark { name: m.clone(), arc: None }));
        let exits = Exits::all(self.states.len(), &from, |i| self.arcs.get(i).map(|a| &a.name));
        for (s, e) in self.states.iter().zip(&exits) {
            let open = |i: &u32| self.arcs.get(*i as usize).filter(|a| !a.guarded);
            let mut last = None;
            for a in e.named.iter().filter_map(open) {
                if last == Some(&a.name) {
                    bad.push(Undefined::Choice { arc: a.name.clone(), from: s.clone() });
                }
                last = Some(&a.name);
            }
        }
        if !bad.is_empty() {
            return Err(bad);
        }
        let mut machine = Machine::of(self.states.clone(), initial, arcs, exits);
        machine.marks = self.marks.iter().cloned().collect();
        machine.marked = self.marked.iter().cloned().collect();
        Ok(machine)
    }
}

/// Something a machine cannot go by.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Undefined {
    /// A state or mark is declared twice, or one name is both.
    Twice {
        /// Its name.
        name: StateName,
    },
    /// There is no such state.
    State {
        /// As written.
        name: StateName,
        /// The arc that names it; none: the beginning, or a position.
        arc: Option<TransitionName>,
    },
    /// There is no such mark.
    Mark {
        /// As written.
        name: StateName,
        /// The arc that names it; none: the beginning, or a position.
        arc: Option<TransitionName>,
    },
    /// Two arcs of one name leave one state, and neither has a guard that would choose (S6).
    Choice {
        /// Their name.
        arc: TransitionName,
        /// The state.
        from: StateName,
    },
}

impl Undefined {
    /// What to say.
    pub fn text(&self) -> Text {
        let of = |arc: &Option<TransitionName>| {
            let (en, zh) = arc.as_ref().map_or_else(Default::default, |a| (format!("`{a}`: "), format!("`{a}`：")));
            (en, zh)
        };
        match self {
            Self::Twice { name } => text(format!("`{name}` is declared twice"), format!("`{name}` 重复声明")),
            Self::State { name, arc } => {
                let (en, zh) = of(arc);
                text(format!("{en}there is no state `{name}`"), format!("{zh}没有状态 `{name}`"))
            }
            Self::Mark { name, arc } => {
                let (en, zh) = of(arc);
                text(format!("{en}there is no mark `{name}`"), format!("{zh}没有标记 `{name}`"))
            }
            Self::Choice { arc, from } => text(
                format!("`{arc}` leaves `{from}` twice, and no guard says which is meant"),
                format!("`{arc}` 从 `{from}` 出发有两条，没有条件可以区分"),
            ),
        }
    }
}

impl fmt::Display for Undefined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text().en)
    }
}

impl std::error::Error for Undefined {}
