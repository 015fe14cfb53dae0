//! The desk: group commit, cancellation, trouble with stores and couriers, several desks on one store, swaps.

mod cancel;
mod group;
mod kin;
mod migrate;
mod outbox;
mod recalculate;
mod stores;
#[cfg(all(feature = "rhai", feature = "redb"))]
mod suspend;
mod swap;
mod trial;
mod trouble;
mod watch;
