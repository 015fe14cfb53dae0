//! The rules room. `set` needs no script engine.

#[cfg(feature = "rhai")]
mod corpus;
mod desk;
#[cfg(feature = "rhai")]
mod equal;
#[cfg(feature = "rhai")]
mod facts;
#[cfg(feature = "rhai")]
mod hostile;
#[cfg(feature = "rhai")]
mod hostile_files;
#[cfg(feature = "rhai")]
mod load;
#[cfg(feature = "rhai")]
mod reach;
#[cfg(feature = "rhai")]
mod sandbox;
mod set;
#[cfg(feature = "rhai")]
mod suspicious;
#[cfg(feature = "rhai")]
mod tables;
#[cfg(feature = "rhai")]
mod wrong;
