//! The engine and the desk round it.

mod corrections;
mod edges;
mod laws;
mod life;
mod rules;
pub mod stage;
