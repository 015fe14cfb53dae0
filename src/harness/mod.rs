//! The harness: a desk with simulated time, tests written in Rhai, and what authors of playbooks look at.
//!
//! What it is: [`Stage`], given/when/then for hosts that test their playbook in Rust; [`test_folder`], the tests a folder holds
//! beside its rules, in one line under `cargo test`; [`check`], everything wrong with a playbook, its people and its tests;
//! [`Coverage`], which rules never matched; [`explain`], what the rules make of one ticket; [`replay`], a past under a candidate playbook;
//! [`definitions`] and [`REFERENCES`], what can be written; [`starter`], a folder to begin with.
//! The command `ticketry` (feature `cli`) is a thin shell round this room.
//! What it never does: run another engine than the live one, read the real clock, or draw a random number: the same test, the same result.
//! Read next: [`Stage`], then [`test_folder`].
//!
//! # Tests in Rust
//!
//! ```
//! use ticketry::harness::Stage;
//! use ticketry::{engine::What, playbook::Playbook, routing::{Agent, RosterDefinition}, ticket::Actor};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // given
//! let stage = Stage::open(Playbook::starter()?, RosterDefinition::default().agent(Agent::new("li").group("support")))?;
//! let ticket = stage.create(stage.new_ticket("the printer is on fire"))?;
//! // when
//! stage.act(Actor::agent("li"), &ticket, What::transition("resolve"))?;
//! stage.advance("5bd")?;
//! // then: a timed transition closes what stayed resolved for five working days, not a microsecond before they are over
//! assert_eq!(stage.ticket(&ticket)?.state, "resolved");
//! stage.advance("1us")?;
//! assert_eq!(stage.ticket(&ticket)?.state, "closed");
//! # Ok(()) }
//! ```

mod people;
mod stage;

#[cfg(feature = "rhai")]
mod answer;
#[cfg(feature = "rhai")]
mod coverage;
#[cfg(feature = "rhai")]
mod explain;
#[cfg(feature = "rhai")]
mod given;
#[cfg(feature = "rhai")]
mod host;
#[cfg(feature = "rhai")]
mod reference;
#[cfg(feature = "rhai")]
mod replay;
#[cfg(feature = "rhai")]
mod report;
#[cfg(feature = "rhai")]
mod run;
#[cfg(feature = "rhai")]
mod staffing;
#[cfg(feature = "rhai")]
mod starter;

#[cfg(feature = "rhai")]
pub use coverage::{Coverage, Part, RuleCoverage};
#[cfg(feature = "rhai")]
pub use explain::{Explained, RuleTold, StepTold, explain};
#[cfg(feature = "rhai")]
pub use reference::{REFERENCES, definitions, undescribed};
#[cfg(feature = "rhai")]
pub use replay::{
    Columns, Course, DeedMap, Difference, FirstRow, History, LogMap, Looks, NewCase, ReplayOptions, Replayed, Translated, customers,
    differences, render_differences, replay,
};
#[cfg(feature = "rhai")]
pub use report::{Failed, Outcome, Report};
#[cfg(feature = "rhai")]
pub use run::{Options, check, people, test, test_folder};
pub use stage::{Error, Stage};
#[cfg(feature = "rhai")]
pub use starter::starter;
