//! The engine and the desk round it.

mod laws;
mod life;
pub mod stage;
