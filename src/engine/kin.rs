//! Tickets among themselves: links, parents and children (S13). What one has to tell others is in `errand`.

use super::actions::too_many;
use super::command::{NewTicket, What};
use super::draft::Draft;
use super::errand::{Begun, Word, send};
use super::kin_command::KinCommand;
use super::perform::named;
use super::refusal::Refusal;
use super::{merge, split};
use crate::condition::Path;
use crate::diagnostic::text;
use crate::id::*;
use crate::rules::Trigger;
use crate::ticket::*;
use std::sync::Arc;

/// Most tickets looked at to find a circle.
const LOOKED: usize = 128;

/// Does what is asked, or says why not.
pub(super) fn command(d: &mut Draft<'_>, command: &KinCommand) -> Result<(), Refusal> {
    match command {
        KinCommand::Link { kind, to } => link(d, kind, *to),
        KinCommand::Unlink { kind, to } => {
            let mine = Link { kind: kind.clone(), to: LinkTarget::Ticket(*to) };
            let theirs = counterpart(d.ticket.id, kind);
            if d.ticket.links.contains(&mine) {
                d.push(Event::Unlinked(mine), Cause::Command);
            }
            send(d, *to, Word::Happened(vec![Event::Unlinked(theirs)]));
            Ok(())
        }
        KinCommand::Attach { parent, blocking } => attach(d, *parent, *blocking),
        KinCommand::Detach => {
            let Some(parent) = d.ticket.kin.parent else {
                return Err(Refusal::one("no-parent", text("the ticket has no parent", "工单没有父工单")));
            };
            happen(d, KinEvent::Detached { parent });
            let child = d.ticket.reference();
            send(d, parent.id, Word::Happened(vec![kin(KinEvent::ChildRemoved { child })]));
            Ok(())
        }
        KinCommand::AddChild { new, blocking } => add_child(d, new, *blocking, &Cause::Command),
        KinCommand::Merge { into } => merge::merge(d, *into),
        KinCommand::UndoMerge => merge::undo(d),
        KinCommand::Split { messages, new } => split::split(d, messages, new),
    }
}

/// The tickets a command is about besides its own: they are caught up before it.
pub(super) fn others(what: &What, ticket: &Ticket) -> Option<TicketId> {
    let What::Kin(command) = what else { return None };
    match command {
        KinCommand::Link { to, .. } | KinCommand::Unlink { to, .. } => Some(*to),
        KinCommand::Attach { parent, .. } => Some(*parent),
        KinCommand::Merge { into } => Some(*into),
        KinCommand::UndoMerge => ticket.kin.merged_into.map(|t| t.id),
        KinCommand::Detach => ticket.kin.parent.map(|t| t.id),
        KinCommand::AddChild { .. } | KinCommand::Split { .. } => None,
    }
    // What is about the ticket alone is refused below, in its own words.
    .filter(|id| *id != ticket.id)
}

pub(super) fn kin(event: KinEvent) -> Event {
    Event::Kin(Box::new(event))
}
pub(super) fn happen(d: &mut Draft<'_>, event: KinEvent) {
    d.push(kin(event), Cause::Command);
}
/// Another ticket of the command, as it stands so far.
pub(super) fn other(d: &mut Draft<'_>, id: TicketId) -> Result<Arc<Ticket>, Refusal> {
    if let Some(t) = d.beside.tickets.iter().find(|t| t.id == id) {
        return Ok(t.clone());
    }
    d.asked.related.push(id);
    Err(super::decide::no_ticket())
}

pub(super) fn relative(t: &Ticket, blocking: bool) -> Relative {
    Relative { ticket: t.id, number: t.number, blocking, open: t.is_open() }
}
fn counterpart(of: TicketId, kind: &TagName) -> Link {
    Link { kind: TagName::new(Link::counterpart(kind.as_str())), to: LinkTarget::Ticket(of) }
}

fn link(d: &mut Draft<'_>, kind: &TagName, to: TicketId) -> Result<(), Refusal> {
    named(d, kind.as_str())?;
    if to == d.ticket.id {
        return Err(super::perform::self_link());
    }
    let other = other(d, to)?;
    let mine = Link { kind: kind.clone(), to: LinkTarget::Ticket(to) };
    let theirs = counterpart(d.ticket.id, kind);
    let mut all = Refusal::default();
    let most = d.ctx.limits.links;
    let full = |t: &Ticket, l: &Link| !t.links.contains(l) && t.links.len() >= most;
    if full(&d.ticket, &mine) || full(&other, &theirs) {
        all.reasons.extend(too_many("links", most).reasons);
    }
    let waits = |t: &Ticket| t.kin.waits.len() >= Kin::WAITS;
    let (blocked_by, blocks) = (*kind == *Link::BLOCKED_BY, *kind == *Link::BLOCKS);
    let already = d.ticket.links.contains(&mine) && other.links.contains(&theirs);
    if !already && ((blocked_by && waits(&d.ticket)) || (blocks && waits(&other))) {
        all.reasons.extend(too_many("tickets it is blocked by", Kin::WAITS).reasons);
    }
    all.done()?;
    if blocked_by {
        no_circle(d, to, d.ticket.id)?;
    } else if blocks {
        no_circle(d, d.ticket.id, to)?;
    }
    if !d.ticket.links.contains(&mine) {
        d.push(Event::Linked(mine), Cause::Command);
        if blocked_by {
            happen(d, KinEvent::Waits(relative(&other, true)));
        }
    }
    let mut there = vec![Event::Linked(theirs)];
    if blocks {
        there.push(kin(KinEvent::Waits(relative(&d.ticket, true))));
    }
    send(d, to, Word::Happened(there));
    Ok(())
}

fn attach(d: &mut Draft<'_>, parent: TicketId, blocking: bool) -> Result<(), Refusal> {
    if parent == d.ticket.id {
        return Err(Refusal::one("self-parent", text("a ticket cannot be its own parent", "工单不能以自身为父工单")));
    }
    if d.ticket.kin.parent.is_some_and(|p| p.id == parent) {
        return Ok(());
    }
    let other = other(d, parent)?;
    let mut all = Refusal::default();
    if let Some(p) = d.ticket.kin.parent {
        all.add("has-parent", text(format!("it is a child of {p} already; detach it first"), format!("已是 {p} 的子工单，请先解除")));
    }
    takes_children(&other, &mut all);
    all.done()?;
    // Whose end would wait for its own: it must not need the parent, itself or through others.
    no_circle(d, d.ticket.id, parent)?;
    happen(d, KinEvent::Attached { parent: other.reference() });
    let child = relative(&d.ticket, blocking);
    send(d, parent, Word::Happened(vec![kin(KinEvent::ChildAdded(child))]));
    Ok(())
}

fn takes_children(parent: &Ticket, all: &mut Refusal) {
    if !parent.is_open() {
        all.add("parent-final", text("the parent is done; reopen it first", "父工单已结束，请先重新打开"));
    }
    if parent.kin.children.len() >= Kin::MOST {
        all.reasons.extend(too_many("children", Kin::MOST).reasons);
    }
}

/// Makes a ticket that is a child of this one.
pub(super) fn add_child(d: &mut Draft<'_>, new: &NewTicket, blocking: bool, cause: &Cause) -> Result<(), Refusal> {
    let mut all = Refusal::default();
    takes_children(&d.ticket, &mut all);
    let parent = d.ticket.reference();
    let made = begin(d, new, cause);
    if !all.reasons.is_empty() {
        all.reasons.extend(made.err().map(|r| r.reasons).unwrap_or_default());
        return Err(all);
    }
    let (id, opening) = made?;
    let open = !opening.stay.class.is_final();
    let child = Relative { ticket: id, number: opening.number, blocking, open };
    d.push(kin(KinEvent::ChildAdded(child)), cause.clone());
    let events = vec![kin(KinEvent::Attached { parent })];
    send(d, id, Word::Begin(Box::new(Begun { opening, cause: cause.clone(), events })));
    Ok(())
}

/// A child that a rule, the workflow or a macro makes, with what it shares with its parent.
pub(super) fn child(d: &mut Draft<'_>, kind: &TypeName, subject: &str, cause: &Cause) -> Result<(), Refusal> {
    // A rule that answers a creation by another one would never end: what begins in this commit as a child has no children yet.
    if *cause != Cause::Command && d.before == Revision::ZERO && d.ticket.kin.parent.is_some() {
        return Err(Refusal::one(
            "too-deep",
            text("a child that is just being made gets no children of its own yet", "正在创建的子工单不能立即再建子工单"),
        ));
    }
    let t = &d.ticket;
    let mut new = NewTicket::new(kind, subject, &t.requester, &t.channel);
    new.provisional = t.provisional;
    new.organisation.clone_from(&t.organisation);
    new.category = t.category.as_ref().map(|c| c.value.clone());
    add_child(d, &new, true, cause)
}

/// The id and opening of a ticket to be made on the way.
pub(super) fn begin(d: &mut Draft<'_>, new: &NewTicket, cause: &Cause) -> Result<(TicketId, Opening), Refusal> {
    let by_person = *cause == Cause::Command;
    let actor = if by_person { d.actor } else { &Actor::System };
    if by_person {
        super::authorize::allow(d.ctx.playbook, d.ctx.roster, actor, d.roles, &What::Create(Box::new(new.clone())), None)?;
    }
    let opening = super::perform::opening(&d.ctx, new, actor, 0, d.at, false)?;
    let used = d.beside.numbers.saturating_add(d.numbers);
    d.numbers = d.numbers.saturating_add(1);
    let number = d.case.numbers.get(used).copied();
    if number.is_none() {
        d.asked.numbers = d.asked.numbers.max(used.saturating_add(1));
    }
    let index = u32::try_from(d.events.len()).unwrap_or(u32::MAX);
    Ok((d.ticket.id.derive(d.revision, index), Opening { number: number.unwrap_or(0), ..opening }))
}

/// Refuses what would make two tickets wait for each other: `from` must not need `target`, itself or through others (S13).
fn no_circle(d: &mut Draft<'_>, from: TicketId, target: TicketId) -> Result<(), Refusal> {
    let mut seen = vec![from];
    let mut next = 0usize;
    while let Some(id) = seen.get(next).copied() {
        next = next.saturating_add(1);
        if id == target {
            return Err(Refusal::one(
                "kin-circle",
                text("the two tickets would wait for each other, so neither could ever end", "两张工单会互相等待，谁也无法结束"),
            ));
        }
        if seen.len() > LOOKED {
            return Err(too_many("tickets under it", LOOKED));
        }
        let needed: Vec<TicketId> = {
            let known = if id == d.ticket.id { Some(&d.ticket) } else { d.beside.tickets.iter().find(|t| t.id == id).map(|t| &**t) };
            let stored = || d.case.related.iter().find(|r| r.id == id);
            let t = match known {
                Some(t) => Some(t),
                None => match stored() {
                    Some(r) => {
                        let at = r.ticket.as_ref().map_or(Revision::ZERO, |t| t.revision);
                        d.reads.push((id, at));
                        r.ticket.as_deref()
                    }
                    None => {
                        d.asked.related.push(id);
                        return Err(super::decide::no_ticket());
                    }
                },
            };
            t.map(|t| t.kin.children.iter().chain(&t.kin.waits).map(|r| r.ticket).collect()).unwrap_or_default()
        };
        for id in needed {
            if !seen.contains(&id) {
                seen.push(id);
            }
        }
    }
    Ok(())
}

/// What an event among tickets wakes.
pub(super) fn wakes(event: &KinEvent, t: &mut Vec<Trigger>) {
    match event {
        KinEvent::ChildAdded(_) => t.push(Trigger::ChildAdded),
        KinEvent::Ended { last, .. } => {
            t.push(Trigger::ChildEnded);
            if *last {
                t.push(Trigger::ChildrenEnded);
            }
        }
        KinEvent::Reopened { .. } => t.push(Trigger::ChildReopened),
        KinEvent::MergedInto { .. } => t.push(Trigger::Merged),
        KinEvent::Absorbed(_) => t.push(Trigger::Absorbed),
        _ => {}
    }
}

/// What it changes of all that conditions read.
pub(super) fn changes(event: &KinEvent) -> &'static [Path] {
    match event {
        KinEvent::ChildAdded(_) | KinEvent::ChildRemoved { .. } | KinEvent::Ended { .. } | KinEvent::Reopened { .. } => {
            &[Path::OpenChildren]
        }
        KinEvent::Attached { .. } | KinEvent::Detached { .. } => &[Path::IsChild],
        KinEvent::Absorbed(_) | KinEvent::Released { .. } | KinEvent::SplitOff { .. } => &[Path::UnansweredSince],
        KinEvent::Unmerged { .. } => &[Path::State, Path::Class, Path::WaitsOn, Path::StateSince, Path::ResolvedAt, Path::UnansweredSince],
        KinEvent::Waits(_) | KinEvent::MergedInto { .. } => &[],
    }
}
