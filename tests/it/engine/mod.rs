//! The engine and the desk round it.

mod corrections;
mod edges;
mod indexed;
mod laws;
mod life;
mod rules;
pub mod stage;
