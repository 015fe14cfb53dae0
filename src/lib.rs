//! Ticketry: ticket (工单) workflow inside your application.
pub mod diagnostic;
pub mod id;
pub mod ticket;
