//! The engine and the desk round it.

mod approval_lives;
pub mod approvals;
mod corrections;
mod edges;
mod escapes;
mod facts;
mod families;
mod indexed;
pub mod kin;
pub mod laws;
mod levels;
mod life;
mod lives;
mod macros;
mod merge;
mod moments;
mod phases;
mod rules;
mod schedules;
pub mod stage;
mod swaps;
mod tasks;
