//! The rules room.

#[cfg(feature = "rhai")]
mod hostile;
#[cfg(feature = "rhai")]
mod sandbox;
