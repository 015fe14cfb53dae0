//! Splitting: some messages of a ticket become another one.

use super::actions::too_many;
use super::command::NewTicket;
use super::draft::Draft;
use super::errand::{Begun, Word, send};
use super::kin::{begin, happen};
use super::refusal::Refusal;
use crate::diagnostic::text;
use crate::id::*;
use crate::ticket::*;

/// Most messages of one split.
const MOST: usize = 64;

/// Makes a ticket of messages. They stay in this journal, which says what became of them, and begin the other's.
pub(super) fn split(d: &mut Draft<'_>, messages: &[(Revision, u32)], new: &NewTicket) -> Result<(), Refusal> {
    let mut all = Refusal::default();
    if messages.is_empty() {
        all.add("no-messages", text("name the messages that are to become a ticket", "请指定要拆分的消息"));
    }
    if messages.len() > MOST {
        all.reasons.extend(too_many("messages to split off at once", MOST).reasons);
    }
    if d.ticket.links.len() >= d.ctx.limits.links {
        all.reasons.extend(too_many("links", d.ctx.limits.links).reasons);
    }
    std::mem::take(&mut all).done()?;
    let Some(known) = &d.case.messages else {
        d.asked.messages = messages.to_vec();
        return Ok(());
    };
    let mut chosen: Vec<(MessageRef, Message)> = Vec::with_capacity(messages.len());
    for (revision, index) in messages {
        match known.iter().find(|(r, _)| (r.revision, r.index) == (*revision, *index)) {
            Some(m) if !chosen.iter().any(|c| c.0 == m.0) => chosen.push(m.clone()),
            Some(_) => {}
            None => all.add(
                "no-message",
                text(
                    format!("entry {revision} of the ticket has no message at place {index}"),
                    format!("工单第 {revision} 条记录的第 {index} 项不是消息"),
                ),
            ),
        }
    }
    all.done()?;
    chosen.sort_by_key(|(r, _)| (r.revision, r.index));
    let from = d.ticket.id;
    let (id, opening) = begin(d, new, &Cause::Command)?;
    let into = TicketRef { id, number: opening.number };
    happen(d, KinEvent::SplitOff { into, messages: chosen.iter().map(|(r, _)| *r).collect() });
    d.push(Event::Linked(Link { kind: TagName::new("split-into"), to: LinkTarget::Ticket(id) }), Cause::Command);
    let back = Event::Linked(Link { kind: TagName::new("split-from"), to: LinkTarget::Ticket(from) });
    let events = std::iter::once(back).chain(chosen.into_iter().map(|(_, m)| Event::MessageAdded(Box::new(m)))).collect();
    send(d, id, Word::Begin(Box::new(Begun { opening, cause: Cause::Command, events })));
    Ok(())
}
