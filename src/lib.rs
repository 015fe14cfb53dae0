//! Ticketry: ticket (工单) workflow inside your application.
pub mod calendar;
pub mod condition;
pub mod desk;
pub mod diagnostic;
pub mod engine;
pub mod folder;
pub mod id;
pub mod playbook;
pub mod priority;
pub mod routing;
pub mod rules;
pub mod sla;
pub mod store;
pub mod ticket;
pub mod workflow;
