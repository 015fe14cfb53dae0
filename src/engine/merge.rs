//! Merging two tickets, and undoing it (S57).

use super::actions::too_many;
use super::draft::Draft;
use super::errand::{Word, send};
use super::kin::{happen, kin, other};
use super::refusal::Refusal;
use super::transition;
use crate::diagnostic::text;
use crate::id::*;
use crate::sla::Scope;
use crate::store::Claim;
use crate::ticket::*;

/// Merges the ticket into another.
pub(super) fn merge(d: &mut Draft<'_>, into: TicketId) -> Result<(), Refusal> {
    if into == d.ticket.id {
        return Err(Refusal::one("self-merge", text("a ticket cannot be merged into itself", "工单不能与自身合并")));
    }
    let survivor = other(d, into)?;
    let t = &d.ticket;
    let mut all = Refusal::default();
    if t.kin.merged_into.is_some() {
        all.reasons.extend(merged(t).reasons);
    } else if !t.is_open() {
        all.reasons.extend(Refusal::over().reasons);
    }
    if !survivor.is_open() {
        all.add(
            "survivor-final",
            text(
                format!("#{} is done and takes nothing in; reopen it first", survivor.number),
                format!("#{} 已结束，不能并入；请先重新打开", survivor.number),
            ),
        );
    }
    let same_organisation = t.organisation.is_some() && t.organisation == survivor.organisation;
    if t.requester != survivor.requester && !same_organisation {
        all.add(
            "not-same-requester",
            text(
                "only tickets of one requester or one organisation are merged; link them, or make one the other's child",
                "只有同一请求人或同一组织的工单才能合并；请改为关联或设为子工单",
            ),
        );
    }
    if t.kin.open_children().next().is_some() {
        all.add(
            "children-open",
            text("it has open children; attach them to the other ticket or end them first", "尚有未结束的子工单；请先结束或改挂到另一工单"),
        );
    }
    if survivor.kin.merged.len() >= Kin::MERGED {
        all.reasons.extend(too_many("tickets merged into it", Kin::MERGED).reasons);
    }
    if survivor.links.len().saturating_add(united(&survivor, t).len()) > d.ctx.limits.links {
        all.reasons.extend(too_many("links", d.ctx.limits.links).reasons);
    }
    let state = d.workflow.merged_state().cloned();
    if state.is_none() {
        all.add(
            "no-merge-state",
            text(
                format!(
                    "the workflow `{}` does not say in which cancelled state a merged ticket ends; write merged_state = \"…\"",
                    d.workflow.name()
                ),
                format!("工作流 `{}` 未说明合并后的取消状态；请写 merged_state = \"…\"", d.workflow.name()),
            ),
        );
    }
    // No merge gets a ticket past an approval (S12).
    let against = state.iter().flat_map(|s| d.workflow.unapproved(s, &d.view("merge")));
    all.reasons.extend(against.map(Into::into));
    all.done()?;
    let before = Box::new(d.ticket.before_merge());
    let whole = Box::new(d.ticket.clone());
    happen(d, KinEvent::MergedInto { into: survivor.reference(), before });
    transition::enter(d, None, state.as_ref(), false, &Cause::Command);
    send(d, into, Word::Absorb(whole));
    Ok(())
}

/// Why nothing but undoing it is done with a ticket that was merged.
pub(super) fn merged(t: &Ticket) -> Refusal {
    let into = t.kin.merged_into.map(|t| t.to_string()).unwrap_or_default();
    Refusal::one(
        "merged",
        text(
            format!("the ticket was merged into {into}; go on there, or undo the merge"),
            format!("工单已合并到 {into}；请在该工单处理，或撤销合并"),
        ),
    )
}

/// The links that would come to the survivor: those it does not have. What waits for one ticket does not wait for the other.
fn united(survivor: &Ticket, other: &Ticket) -> Vec<Link> {
    let own = |l: &&Link| l.to == LinkTarget::Ticket(survivor.id) || [Link::BLOCKED_BY, Link::BLOCKS].iter().any(|k| l.kind == **k);
    other.links.iter().filter(|l| !own(l) && !survivor.links.contains(l)).cloned().collect()
}

/// The survivor takes the other in.
pub(super) fn absorb(d: &mut Draft<'_>, other: &Ticket, cause: Cause) {
    let links = united(&d.ticket, other);
    let merged = Merged {
        ticket: other.id,
        number: other.number,
        revision: d.revision,
        lent: lent(d, other),
        links: links.clone(),
        before: Some(Box::new(d.ticket.before_merge())),
    };
    d.push(kin(KinEvent::Absorbed(Box::new(merged))), cause);
    for l in links {
        d.push(Event::Linked(l), Cause::System);
    }
}

/// What the other's clocks mean for the survivor's.
fn lent(d: &Draft<'_>, other: &Ticket) -> Lent {
    let t = &d.ticket;
    let agreements = d.ctx.playbook.agreements();
    // How long it is in a state, or with a group, is each ticket's own.
    let shared = |c: &&Clock| agreements.metric(&c.id.metric).is_some_and(|m| m.scope != Scope::Episode);
    let earlier = |c: &Clock| {
        let same = |x: &&Clock| (x.id.agreement, &x.id.metric) == (c.id.agreement, &c.id.metric);
        let x = other.clocks.iter().find(same).filter(|x| x.started_at < c.started_at)?;
        let still = x.paused_since.map(|from| Pause { from, to: c.started_at, closed: false });
        let pauses = x.pauses.iter().copied().chain(still).filter(|p| p.from < c.started_at);
        let pauses = pauses.map(|p| Pause { to: p.to.min(c.started_at), ..p }).collect();
        Some(EarlierStart { clock: c.id.clone(), own: c.started_at, start: x.started_at, pauses })
    };
    let owes = t.clocks.iter().any(|c| agreements.metric(&c.id.metric).is_some_and(crate::sla::Metric::is_response));
    Lent {
        earlier: t.clocks.iter().filter(shared).filter_map(earlier).collect(),
        answered: other.conversation.first_answer.map(|a| a.at).filter(|a| owes && *a >= other.created_at),
        owed: other.conversation.oldest_unanswered.map(|m| m.at).filter(|_| t.conversation.oldest_unanswered.is_none()),
    }
}

/// Undoes the merge of the ticket into another.
pub(super) fn undo(d: &mut Draft<'_>) -> Result<(), Refusal> {
    let (Some(from), Some(before)) = (d.ticket.kin.merged_into, d.ticket.kin.before.clone()) else {
        return Err(Refusal::one("not-merged", text("the ticket was not merged into another", "工单未被合并")));
    };
    let survivor = other(d, from.id)?;
    if survivor.kin.merged_into.is_some() {
        return Err(Refusal::one(
            "survivor-merged",
            text(
                format!("#{} was itself merged since; undo that first", survivor.number),
                format!("#{} 之后又被合并；请先撤销那次合并", survivor.number),
            ),
        ));
    }
    let mut back = before;
    take_again(d, &mut back);
    still_void(&d.ticket, &mut back);
    happen(d, KinEvent::Unmerged { from, back });
    send(d, from.id, Word::Release);
    Ok(())
}

/// What was granted before the merge and has lost its ground since does not come back (S12).
fn still_void(t: &Ticket, back: &mut BeforeMerge) {
    let void = |a: &&Approval| a.state == ApprovalState::Voided;
    for now in t.approvals.iter().filter(void) {
        let all = std::sync::Arc::make_mut(&mut back.approvals);
        all.iter_mut().filter(|a| (&a.name, a.round) == (&now.name, now.round)).for_each(|a| a.clone_from(now));
    }
}

/// The slots it held are taken again, the same ones if they are free.
fn take_again(d: &mut Draft<'_>, back: &mut BeforeMerge) {
    // Who had it meanwhile gives back what he holds, before anything is taken again.
    if let Some(now) = d.ticket.assignee.clone() {
        super::actions::release_slots(d, &now);
    }
    let Some(agent) = back.assignee.clone().filter(|_| !back.slots.is_empty()) else { return };
    if d.ctx.roster.agent(&agent).is_none() {
        (back.assignee, back.slots, back.over_capacity) = (None, Vec::new(), false);
        return;
    }
    if d.case.holdings.as_ref().is_none_or(|h| !h.knows(&agent)) {
        d.missing.push(agent);
        return;
    }
    let busy = |slot: &u16| {
        let held = d.holdings().is_some_and(|h| h.get(&agent).is_some_and(|held| held.slots.contains(slot)));
        held || d.case.taken.contains(&Claim::new(&agent, *slot))
    };
    if back.slots.iter().any(busy) {
        (back.slots, back.over_capacity) = super::settle::claim_by_hand(d, &agent);
    } else {
        d.claim(&agent, &back.slots);
    }
}

/// The survivor gives the other back. Where nothing happened to it since the merge, it stands as before; otherwise clocks get their own start back, and what happened stays.
pub(super) fn release(d: &mut Draft<'_>, ticket: TicketId, cause: Cause) {
    let Some(m) = d.ticket.kin.merged.iter().find(|m| m.ticket == ticket).cloned() else { return };
    let untouched = d.before == m.revision && d.events.is_empty();
    let holds = |b: &BeforeMerge| (&b.assignee, &b.slots) == (&d.ticket.assignee, &d.ticket.slots);
    let back = m.before.clone().filter(|b| untouched && holds(b));
    let links = m.links.clone();
    let merged = Box::new(Merged { before: None, ..m });
    d.push(kin(KinEvent::Released { merged, back }), cause);
    for l in links {
        if d.ticket.links.contains(&l) {
            d.push(Event::Unlinked(l), Cause::System);
        }
    }
}
