//! The engine and the desk round it.

mod laws;
mod life;
mod rules;
pub mod stage;
