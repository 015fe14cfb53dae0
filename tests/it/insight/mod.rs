//! What people look at: boards, the requester's view, flows, pictures.

mod board;
mod draw;
mod flow;
mod requester;
