//! Where the parts of a definition stand, and which of them could not be read.

use crate::diagnostic::Place;
use std::collections::{BTreeMap, BTreeSet};

/// A part of a definition, by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Workflow,
    State(usize),
    Transition(usize),
    Timed(usize),
    Right(usize),
    Task(usize),
    Approval(usize),
}

/// Places by part, key and index in the key's list.
#[derive(Debug)]
pub(super) struct Places {
    whole: Place,
    places: BTreeMap<(Part, &'static str, usize), Place>,
    unsure: BTreeSet<(Part, &'static str)>,
}

impl Places {
    pub(super) fn new(whole: Place) -> Self {
        Self { whole, places: BTreeMap::new(), unsure: BTreeSet::new() }
    }
    /// Of something built in Rust: one place for all of it.
    pub(super) fn of_builder(name: &str) -> Self {
        Self::new(Place::file(format!("workflow {name} (built)")))
    }
    pub(super) fn set(&mut self, part: Part, key: &'static str, index: usize, place: Place) {
        self.places.insert((part, key, index), place);
    }
    /// The nearest place known: the item, its key, the part, the whole.
    pub(super) fn at(&self, part: Part, key: &'static str, index: usize) -> Place {
        let find = |k, i| self.places.get(&(part, k, i));
        find(key, index).or_else(|| find(key, 0)).or_else(|| find("", 0)).unwrap_or(&self.whole).clone()
    }
    /// The place of a part itself.
    pub(super) fn of(&self, part: Part) -> Place {
        self.at(part, "", 0)
    }
    /// Notes that a key could not be read, so that nothing is concluded from what stands in for it.
    pub(super) fn doubt(&mut self, part: Part, key: &'static str) {
        self.unsure.insert((part, key));
    }
    /// Whether a key could not be read.
    pub(super) fn unsure(&self, part: Part, key: &'static str) -> bool {
        self.unsure.contains(&(part, key))
    }
}
