//! The rules room. `set` needs no script engine.

mod desk;
#[cfg(feature = "rhai")]
mod hostile;
#[cfg(feature = "rhai")]
mod sandbox;
mod set;
