//! The desk: group commit, cancellation, trouble with stores and couriers, several desks on one store, swaps.

mod cancel;
mod group;
mod outbox;
mod recalculate;
mod stores;
mod swap;
mod trouble;
mod watch;
