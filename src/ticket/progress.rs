//! What was ticked off in this stay, and how the ticket was resolved.

use crate::id::LevelName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How a ticket was resolved in a resolution cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// The code, one of the playbook's.
    pub code: LevelName,
    /// The cycle it belongs to (S82): after a reopening it is history.
    pub cycle: u32,
}

/// What was ticked off in this stay, and how the ticket was resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The ticked items of the state's checklist, by their place in it from 0; a new stay begins with none (S61). At most 64.
    pub ticked: BTreeSet<u16>,
    /// The last resolution.
    pub resolution: Option<Resolution>,
}

/// A step of [`Progress`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Progressed {
    /// An item of the state's checklist was ticked.
    Ticked(u16),
    /// It was not done after all.
    Unticked(u16),
    /// A resolution code was given.
    Resolved(Resolution),
}

/// So many items fit.
const ITEMS: usize = 64;

impl Progress {
    /// The resolution code of a cycle.
    pub fn code(&self, cycle: u32) -> Option<&LevelName> {
        self.resolution.as_ref().filter(|r| r.cycle == cycle).map(|r| &r.code)
    }
    pub(super) fn evolve(&mut self, step: &Progressed) {
        match step {
            Progressed::Ticked(i) if self.ticked.len() < ITEMS => {
                self.ticked.insert(*i);
            }
            Progressed::Ticked(_) => {}
            Progressed::Unticked(i) => {
                self.ticked.remove(i);
            }
            Progressed::Resolved(r) => self.resolution = Some(r.clone()),
        }
    }
}
