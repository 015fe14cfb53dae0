//! What one ticket has to tell others, and what those do about it (S13).

use super::draft::Draft;
use super::kin::kin;
use super::refusal::Refusal;
use super::{merge, transition};
use crate::diagnostic::text;
use crate::id::*;
use crate::ticket::*;
use crate::workflow::{ChildrenAtEnd, Workflow};

/// What happened to one ticket and concerns another.
#[derive(Clone, Debug)]
pub(super) struct Errand {
    pub to: TicketId,
    pub from: TicketId,
    pub at: UtcInstant,
    /// It came of a timer, at its due instant.
    pub timed: bool,
    pub word: Word,
}

/// What the other is to do about it.
#[derive(Clone, Debug)]
pub(super) enum Word {
    /// It is a new ticket.
    Begin(Box<Begun>),
    /// This happened to it.
    Happened(Vec<Event>),
    /// A child, or what it waits for, ended.
    Ended,
    /// And is open again.
    Reopened,
    /// Its parent ends: it ends too, or the parent does not.
    Take(TransitionName),
    /// Its parent is open again.
    Follow(TransitionName),
    /// Its parent's reply is for its requester too; who has it already gets it once.
    Said(Box<Message>, RequesterId),
    /// This ticket is merged into it.
    Absorb(Box<Ticket>),
    /// And is by itself again.
    Release,
}

impl Word {
    /// Where it cannot be done, the end it came of does not come about.
    pub fn may_be_held(&self) -> bool {
        matches!(self, Self::Take(_))
    }
    /// It asks for nothing, so that nothing depends on whether it can be told.
    pub fn is_news(&self) -> bool {
        matches!(self, Self::Ended | Self::Reopened | Self::Follow(_) | Self::Said(..) | Self::Happened(_))
    }
}

/// A ticket made on the way.
#[derive(Clone, Debug)]
pub(super) struct Begun {
    pub opening: Opening,
    /// A person's command, or what followed from something.
    pub cause: Cause,
    /// What it begins with, after its creation.
    pub events: Vec<Event>,
}

/// Another ticket learns of it after this step.
pub(super) fn send(d: &mut Draft<'_>, to: TicketId, word: Word) {
    d.errands.push(Errand { to, from: d.ticket.id, at: d.at, timed: d.timed, word });
}

/// A reply of the desk's that goes to the children's requesters as well, where the workflow says so (S13).
pub(super) fn broadcast(d: &mut Draft<'_>, message: &Message) {
    if !d.workflow.children().broadcast || !message.counts_as_answer() {
        return;
    }
    for child in d.ticket.kin.open_children().map(|c| c.ticket).collect::<Vec<_>>() {
        let to = d.ticket.requester.clone();
        send(d, child, Word::Said(Box::new(message.clone()), to));
    }
}

/// What others are to learn of a step: that the ticket ended, or is open again.
pub(super) fn tell(d: &mut Draft<'_>) {
    let open = d.ticket.is_open();
    if open == d.told_open {
        return;
    }
    d.told_open = open;
    let kin = d.ticket.kin.clone();
    let blocks = |l: &Link| match l.to {
        LinkTarget::Ticket(t) if l.kind == *Link::BLOCKS => Some(t),
        _ => None,
    };
    let told: Vec<TicketId> = kin.parent.iter().map(|p| p.id).chain(d.ticket.links.iter().filter_map(blocks)).collect();
    for to in told {
        send(d, to, if open { Word::Reopened } else { Word::Ended });
    }
    let workflow: &Workflow = d.workflow;
    let children = workflow.children();
    if open {
        let Some(name) = &children.on_reopen else { return };
        for c in kin.children.iter().filter(|c| !c.open) {
            send(d, c.ticket, Word::Follow(name.clone()));
        }
    } else if let (ChildrenAtEnd::Take, Some(take)) = (children.on_end, &children.take) {
        let cancelled = children.take_cancelled.as_ref().filter(|_| d.ticket.class == StateClass::Cancelled);
        let name = cancelled.unwrap_or(take);
        for c in kin.open_children() {
            send(d, c.ticket, Word::Take(name.clone()));
        }
    }
}

/// Does on a ticket what happened on another.
pub(super) fn run(d: &mut Draft<'_>, e: &Errand) -> Result<(), Refusal> {
    let cause = if d.timed { Cause::Timer(TimerKind::Kin, d.at) } else { Cause::System };
    let workflow: &Workflow = d.workflow;
    match &e.word {
        Word::Begin(begun) => {
            let by_person = begun.cause == Cause::Command && !d.timed;
            d.push(Event::Created(Box::new(begun.opening.clone())), if by_person { Cause::Command } else { cause });
            super::task::entered(d);
            // What was said before has had its rules.
            let (woken, changed) = (d.triggers.len(), d.changed.len());
            for event in &begun.events {
                d.push(event.clone(), Cause::System);
            }
            d.triggers.truncate(woken);
            d.changed.truncate(changed);
        }
        Word::Happened(events) => {
            let mut cause = Some(cause);
            for event in events.iter().filter(|e| news(&d.ticket, e)).cloned().collect::<Vec<_>>() {
                d.push(event, cause.take().unwrap_or(Cause::System));
            }
        }
        Word::Ended => {
            let Some((who, child)) = relation(&d.ticket, e.from, true) else { return Ok(()) };
            // One that was merged into this very ticket leaves its work here.
            let absorbed = d.ticket.kin.merged.iter().any(|m| m.ticket == e.from);
            let last = child && d.ticket.kin.open_children().all(|c| c.ticket == e.from);
            d.push(kin(KinEvent::Ended { ticket: who, last }), cause);
            if let Some(name) = workflow.children().when_all_ended.as_ref().filter(|_| last && !absorbed && d.ticket.is_open()) {
                transition::take_or_tell(d, name, &Cause::System);
            }
        }
        Word::Reopened => {
            let Some((who, child)) = relation(&d.ticket, e.from, false) else { return Ok(()) };
            d.push(kin(KinEvent::Reopened { ticket: who }), cause);
            if let Some(name) = workflow.children().when_child_reopens.as_ref().filter(|_| child && !d.ticket.is_open()) {
                transition::take_or_tell(d, name, &Cause::System);
            }
        }
        Word::Take(name) => {
            if d.ticket.is_open() {
                transition::take(d, &super::input::TransitionInput::new(name), &cause)?;
            }
            if d.ticket.is_open() {
                return Err(Refusal::one("still-open", text(format!("`{name}` does not end it"), format!("流转 `{name}` 未使其结束"))));
            }
        }
        Word::Follow(name) => {
            if !d.ticket.is_open() && d.ticket.kin.merged_into.is_none() {
                transition::take_or_tell(d, name, &cause);
            }
        }
        Word::Said(m, reached) => {
            if d.ticket.is_open() {
                let m = Message { channel: d.ticket.channel.clone(), external_id: None, ..(**m).clone() };
                let effects = d.effects.len();
                super::perform::say(d, m, &cause);
                if d.ticket.requester == *reached {
                    d.effects.truncate(effects);
                }
            }
        }
        Word::Absorb(other) => merge::absorb(d, other, cause),
        Word::Release => merge::release(d, e.from, cause),
    }
    Ok(())
}

/// A ticket that is known here as open, or as ended: how it is called, and whether it is a child.
fn relation(t: &Ticket, who: TicketId, open: bool) -> Option<(TicketRef, bool)> {
    let known = |r: &&Relative| r.ticket == who && r.open == open;
    let child = t.kin.children.iter().find(known);
    child.or_else(|| t.kin.waits.iter().find(known)).map(|r| (r.reference(), child.is_some()))
}

/// Whether an event is not the case already.
fn news(t: &Ticket, event: &Event) -> bool {
    match event {
        Event::Linked(l) => !t.links.contains(l),
        Event::Unlinked(l) => t.links.contains(l),
        Event::Kin(k) => match &**k {
            KinEvent::Waits(r) => !t.kin.waits.iter().any(|w| w.ticket == r.ticket),
            _ => true,
        },
        _ => true,
    }
}
