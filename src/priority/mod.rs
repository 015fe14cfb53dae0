//! Priority 优先级: what impact, urgency, the customer and the rules make of a ticket (S63), as a score and a level.
//!
//! What it is: [`PriorityModel`], compiled from `priority.toml` or built in Rust, and [`PriorityModel::settle`], a pure function from a ticket to a
//! score, a level and the reasons for both. Going up is immediate; going down waits until the score is below the level's band by more than the
//! hysteresis, so that a score which trembles around a threshold does not make the priority flap.
//! What it never does: decide whether a person's override holds for this command ([`may_replace`] only answers), change a ticket, run a rule.
//! Read next: [`crate::routing`], which weighs tickets by the level chosen here, then [`crate::engine`].

mod builder;
mod model;
mod read;

pub use builder::PriorityModelBuilder;
pub use model::{Cell, PriorityModel, Settled, Term, TermDefinition};

use crate::id::{LevelName, UtcInstant};
use crate::ticket::{Provenance, Sourced};

/// Whether the model may replace this priority at `now` (S25, S63).
///
/// What a rule, a template, a default or the requester set gives way. What an agent set stays, until the override's end has passed; at the very
/// instant of its end it still holds (a timer due at D fires only later than D).
///
/// ```
/// use ticketry::priority::may_replace;
/// use ticketry::ticket::{Provenance, Sourced};
/// let by_agent = Sourced { value: "high".into(), by: Provenance::Agent };
/// let end = "2025-10-09T12:00:00Z".parse().unwrap();
/// assert!(!may_replace(&by_agent, None, end));
/// assert!(!may_replace(&by_agent, Some(end), end));
/// assert!(may_replace(&by_agent, Some(end), end + chrono::TimeDelta::microseconds(1)));
/// ```
pub fn may_replace(current: &Sourced<LevelName>, until: Option<UtcInstant>, now: UtcInstant) -> bool {
    current.by < Provenance::Agent || until.is_some_and(|end| now > end)
}
