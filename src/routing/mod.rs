//! Routing 分派: which agent of a group gets a ticket, and in which order waiting tickets are worked.
//!
//! What it is: [`Roster`] (who works here, with skills, shifts, absences), [`Holdings`] (who holds which slots), [`RoutingModel`] (what
//! `routing.toml` says) and [`RoutingModel::route`], a pure function from these to a [`RouteDecision`] that accounts for every candidate.
//! What it never does: assign (the engine does, by the command `Route`), choose a group (rules do), read a clock, draw a random number.
//! Read next: [`crate::engine`], which turns a decision into events and slot claims.

mod decide;
mod explain;
mod holdings;
mod judge;
mod model;
mod order;
mod read;
mod roster;
mod roster_read;
mod watch;

pub use decide::{Candidate, RouteDecision, RouteInput, Standing, Strategy, Verdict, Winner};
pub use explain::{Exclusion, NoAgent};
pub use holdings::{Held, Holdings, ManualSlots, manual_slots};
pub use model::{
    AfterLadder, Importance, Method, NearDue, OrderDefinition, PreferenceDefinition, QueueDefinition, RoutingDefinition, RoutingModel,
    SlotRule, Ties,
};
pub use order::QueuePlace;
pub use roster::{Absence, Agent, Roster, RosterDefinition, RosterPlaces, Staff};
pub use watch::{Away, AwayPolicy, Bounce, BounceKind, OnAway, bounced};

use crate::diagnostic::Place;
use std::collections::BTreeMap;

/// Where the keys of one table of a file stand, for diagnostics; opaque, empty for what is built in Rust.
// The empty key is the table itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(BTreeMap<String, Place>);

impl Places {
    /// Where a key stands, else its table, else "built in Rust".
    fn at(&self, key: &str) -> Place {
        self.0.get(key).or_else(|| self.0.get("")).cloned().unwrap_or_else(|| Place::file("builder"))
    }
    fn set(&mut self, key: &str, place: Place) {
        self.0.insert(key.to_string(), place);
    }
}
