//! Insight 看板与视图: what people look at, as data and as pictures.
//!
//! What it is: pure folds of journals and tickets. [`Flow`], which way tickets went and how long they stayed; [`Board`], a board's columns and cards (S62, S74); [`Backlog`], what is
//! left to do and where it grows (S74); [`RequesterView`], what the person who asked may see (S68); and pictures, of a workflow with or without a flow on it ([`draw_workflow`]), of which
//! rule wakes which ([`draw_rules`]), of one ticket's life ([`Life`]); and a ticket's conversation, message by message ([`messages`]).
//! What it never does: decide, write, read a clock or a store. The desk fetches what a view is made of, and every figure is of the instant it is given.
//! Read next: [`Flow`], then [`draw_workflow`], then [`RequesterView`].

mod backlog;
mod board;
mod draw;
mod flow;
mod life;
mod messages;
mod requester;

pub use backlog::{Age, Backlog};
pub use board::{Board, BoardDefinition, BoardScope, Card, Column, Columns, Flag};
pub use draw::{Drawing, draw_rules, draw_workflow};
pub use flow::{Flow, Growth, Passed, Stays, Step};
pub use life::{Lane, Life, LifeKind, LifeStep};
pub use messages::messages;
pub use requester::{Expected, Moment, Projection, RequesterView, Seen, Stage, Whose, Writer};
