//! Intake (S80): whether an incoming message is a new ticket, joins one, reopens one, or follows one up.

use super::case::Context;
use super::command::Inbound;
use crate::id::*;
use crate::playbook::Playbook;
use crate::ticket::{Intake, Ticket};
use chrono::TimeDelta;
use std::sync::Arc;

/// Where an incoming message goes.
#[derive(Clone, Debug)]
pub(super) enum Placed {
    /// Seen before: nothing happens.
    Again(Arc<Ticket>),
    /// Onto this ticket; `how` is what it will be unless rules judge the message otherwise.
    Onto { ticket: Arc<Ticket>, how: Intake, by: &'static str },
    /// A new ticket, following up on another one perhaps.
    New { follows: Option<Arc<Ticket>>, by: &'static str },
}

/// Whether a requester's message still reopens a final ticket: its state listens, and the window of S16 has not closed.
pub(super) fn may_reopen(playbook: &Playbook, ticket: &Ticket, at: UtcInstant) -> bool {
    let state = playbook.workflow(&ticket.workflow).and_then(|w| w.state(&ticket.state));
    let ended = ticket.resolved_at.unwrap_or(ticket.state_since);
    let until = playbook.calendars().default_calendar().due(ended, playbook.settings().reopen_within);
    state.is_some_and(|s| s.on_requester_reply.is_some()) && until.is_some_and(|u| at <= u)
}

/// Places a message among the tickets it may belong to.
pub(super) fn place(ctx: &Context<'_>, inbound: &Inbound, candidates: &[Arc<Ticket>], at: UtcInstant) -> Placed {
    if let Some(t) = candidates.iter().find(|t| t.channel == inbound.channel && t.threads.contains(&inbound.external_id)) {
        return Placed::Again(t.clone());
    }
    // What is written to a ticket that was merged is for the survivor (S57).
    let survivor = |t: &'_ Arc<Ticket>| {
        let mut t = t.clone();
        for _ in 0..candidates.len() {
            let into = t.kin.merged_into.and_then(|into| candidates.iter().find(|c| c.id == into.id));
            let Some(into) = into else { break };
            t = into.clone();
        }
        t
    };
    // By when they began, since what happened last may be a timer, and that does not depend on who looks (S26).
    let newest = |list: Vec<&Arc<Ticket>>| list.into_iter().map(survivor).max_by_key(|t| (t.is_open(), t.created_at, t.id));
    let by_thread = newest(candidates.iter().filter(|t| t.threads.iter().any(|x| inbound.threads.contains(x))).collect());
    // A number alone is no proof of belonging: it must be the same person's, or the same organisation's.
    let own = |t: &Ticket| t.requester == inbound.requester || (t.organisation.is_some() && t.organisation == inbound.organisation);
    let by_number = || newest(candidates.iter().filter(|t| Some(t.number) == inbound.number && own(t)).collect());
    let by_window = || {
        let seconds = ctx.playbook.schema().channels.get(&inbound.channel).map_or(0, |c| c.window_seconds);
        let since = at.checked_sub_signed(TimeDelta::seconds(i64::from(seconds))).filter(|_| seconds > 0)?;
        newest(
            candidates
                .iter()
                .filter(|t| t.is_open() && t.channel == inbound.channel && t.requester == inbound.requester)
                .filter(|t| t.conversation.last.is_some_and(|m| m.at >= since))
                .collect(),
        )
    };
    let (ticket, by) = match by_thread {
        Some(t) => (t, "thread"),
        None => match by_number() {
            Some(t) => (t, "number"),
            None => match by_window() {
                Some(t) => (t, "window"),
                None => return Placed::New { follows: None, by: "none" },
            },
        },
    };
    if ticket.is_open() {
        return Placed::Onto { ticket, how: Intake::Append, by };
    }
    if inbound.automatic || may_reopen(ctx.playbook, &ticket, at) {
        return Placed::Onto { ticket, how: Intake::Reopen, by };
    }
    Placed::New { follows: Some(ticket), by }
}
