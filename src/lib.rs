//! Ticketry: ticket (工单) workflow inside your application.
pub mod calendar;
pub mod condition;
pub mod diagnostic;
pub mod id;
pub mod priority;
pub mod routing;
pub mod rules;
pub mod sla;
pub mod store;
pub mod ticket;
pub mod workflow;
