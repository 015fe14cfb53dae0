//! Approvals of a ticket (S12): asking, voting, passing votes on, running out of time, and what a change of what they cover means.
//!
//! Whether a ticket may enter a protected state is not decided here but in one place of the workflow, [`crate::workflow::Workflow::unapproved`].

use super::actions::{attempt, over, present, room, takes_more, too_many, unknown};
use super::approval_command::ApprovalCommand;
use super::approval_round::{due, electorate, excluded, open_round};
use super::draft::Draft;
use super::perform::named;
use super::refusal::Refusal;
use super::{notify, transition};
use crate::diagnostic::text;
use crate::id::*;
use crate::routing::{OnAway, Roster};
use crate::ticket::*;
use crate::workflow::{ApprovalRule, Approver, StageDefinition, Workflow, has_one};
use std::collections::BTreeSet;

/// Does what a command on approvals asks, or gives all reasons why not.
pub(super) fn command(d: &mut Draft<'_>, command: &ApprovalCommand) -> Result<(), Refusal> {
    match command {
        ApprovalCommand::Request(name) => request(d, name, &Cause::Command),
        ApprovalCommand::Vote { approval, approve, comment } => vote(d, approval, *approve, comment),
        ApprovalCommand::Delegate { approval, to } => delegate(d, approval, to),
        ApprovalCommand::Withdraw { approval, reason } => withdraw(d, approval, reason),
        ApprovalCommand::Override { approval, reason } => go_past(d, approval, reason),
    }
}

/// What a rule or an after-action asks for: nothing where it is asked for or granted already, or not needed.
pub(super) fn wanted(d: &mut Draft<'_>, name: &ApprovalName, cause: &Cause) -> Result<(), Refusal> {
    let rule = rule(d, name)?;
    let asked = d.ticket.approval(name.as_str()).is_some_and(Approval::is_open);
    if asked || rule.passed(&d.ticket) || !rule.needed(&d.system_view("approval")) {
        return Ok(());
    }
    request(d, name, cause)
}

fn rule<'w>(d: &Draft<'w>, name: &ApprovalName) -> Result<&'w ApprovalRule, Refusal> {
    let workflow: &'w Workflow = d.workflow;
    workflow.approval(name).ok_or_else(|| unknown("approval", name.as_str()))
}

fn happen(d: &mut Draft<'_>, name: &ApprovalName, what: ApprovalChange, cause: &Cause) {
    d.push(Event::Approval(Box::new(ApprovalEvent { name: name.clone(), what })), cause.clone());
}

fn request(d: &mut Draft<'_>, name: &ApprovalName, cause: &Cause) -> Result<(), Refusal> {
    let rule = rule(d, name)?;
    let mut all = Refusal::default();
    takes_more(d, &mut all);
    let present = d.ticket.approval(name.as_str());
    if present.is_some_and(Approval::is_open) {
        all.add(
            "approval-open",
            text(format!("`{name}` has been asked for and waits for votes"), format!("审批 `{name}` 已发起，正在等待投票")),
        );
    } else if rule.passed(&d.ticket) {
        all.add("approval-granted", text(format!("`{name}` is granted already"), format!("审批 `{name}` 已通过")));
    } else if !rule.needed(&d.system_view("approval")) {
        all.add("approval-needless", text(format!("this ticket needs no `{name}`"), format!("该工单不需要审批 `{name}`")));
    }
    // What a timer's rule asks for is the desk's own wish, whoever's command let the timer fire.
    let by = if d.timed { Actor::System } else { d.actor.clone() };
    let round = open_round(d, rule, by, &mut all);
    all.done()?;
    room(d, round.weight(), ("approval", "审批"))?;
    if d.ticket.open_approvals().count() >= Approval::MOST {
        return Err(too_many("approvals", Approval::MOST));
    }
    begin(d, rule, round, cause);
    Ok(())
}

fn begin(d: &mut Draft<'_>, rule: &ApprovalRule, round: Approval, cause: &Cause) {
    let name = &rule.definition.name;
    happen(d, name, ApprovalChange::Requested(Box::new(round)), cause);
    tell(d, name, cause);
    advance(d, name, cause);
}

/// Tells those who are asked now.
fn tell(d: &mut Draft<'_>, name: &ApprovalName, cause: &Cause) {
    let Some(template) = d.workflow.approval(name).and_then(|a| a.definition.notify.clone()) else { return };
    let asked: Vec<AgentId> = d.ticket.approval(name.as_str()).map(|a| a.asked().map(|v| v.agent.clone()).collect()).unwrap_or_default();
    for agent in asked {
        tell_one(d, name, &template, agent, cause);
    }
}

fn tell_one(d: &mut Draft<'_>, name: &ApprovalName, template: &TemplateName, agent: AgentId, cause: &Cause) {
    attempt(d, name.as_str(), "notify", cause, |d| notify::notify(d, &Recipient::Agent(agent), template, cause));
}

/// Goes on as far as the votes say: to the next stage, to granted, to declined.
fn advance(d: &mut Draft<'_>, name: &ApprovalName, cause: &Cause) {
    // A stage that only informs goes on at once.
    for _ in 0..=Approval::STAGES {
        let Some(a) = d.ticket.approval(name.as_str()).filter(|a| a.is_open()) else { return };
        match a.present().and_then(ApprovalStage::decided) {
            Some(true) => next(d, name, cause),
            Some(false) => decline(d, name, "votes", cause),
            None => return,
        }
    }
}

/// Opens the next stage, or grants it after the last.
fn next(d: &mut Draft<'_>, name: &ApprovalName, cause: &Cause) {
    let Some(a) = d.ticket.approval(name.as_str()) else { return };
    let stage = a.stage.saturating_add(1);
    match a.stages.get(usize::from(stage)) {
        Some(s) => {
            let due = due(d, name, s);
            happen(d, name, ApprovalChange::StageOpened { stage, due }, cause);
            tell(d, name, cause);
        }
        None => {
            happen(d, name, ApprovalChange::Granted, cause);
            moves(d, name, |r| r.definition.granted.clone());
        }
    }
}

fn decline(d: &mut Draft<'_>, name: &ApprovalName, reason: &str, cause: &Cause) {
    happen(d, name, ApprovalChange::Declined { reason: reason.into() }, cause);
    moves(d, name, |r| r.definition.declined.clone());
}

/// Takes the transition that follows from a decision: it is declared, not a person's own, so roles do not apply, all else does.
fn moves(d: &mut Draft<'_>, name: &ApprovalName, which: impl Fn(&ApprovalRule) -> Option<TransitionName>) {
    let Some(to) = d.workflow.approval(name).and_then(which) else { return };
    // An approval that decides at once may be asked for again by what it brought about, without end.
    if d.following >= FOLLOWING {
        return d.push(Event::MoveRefused { transition: to, codes: vec!["too-deep".into()] }, Cause::System);
    }
    d.following = d.following.saturating_add(1);
    transition::take_or_tell(d, &to, &Cause::System);
    d.following = d.following.saturating_sub(1);
}

/// Most transitions that follow one another by decisions at once.
const FOLLOWING: u8 = 8;

/// The open round a command is about, or that there is none.
fn open(d: &Draft<'_>, name: &ApprovalName) -> Result<Approval, Refusal> {
    let Some(a) = d.ticket.approval(name.as_str()) else {
        rule(d, name)?;
        return Err(Refusal::one("no-approval", text(format!("nobody has asked for `{name}`"), format!("尚未发起审批 `{name}`"))));
    };
    if !a.is_open() {
        let is = a.state.label();
        return Err(Refusal::one(
            "approval-over",
            text(format!("`{name}` is over: {}; ask for it again", is.en), format!("审批 `{name}` 已结束（{}），请重新发起", is.zh)),
        ));
    }
    Ok(a.clone())
}

/// The acting person's own vote in the present stage, with everything that stands against using it.
fn own<'a>(roster: &Roster, t: &Ticket, actor: &Actor, a: &'a Approval, all: &mut Refusal) -> Option<&'a Voter> {
    let me = actor.as_agent();
    let mine = me.and_then(|me| a.present()?.voters.iter().find(|v| v.agent == *me));
    match (mine, me) {
        (Some(v), Some(me)) => {
            if v.vote.is_some() {
                all.add("already-voted", text("you have voted; a vote stands", "您已投票，不能更改"));
            }
            // Who has become it since the round opened.
            if excluded(roster, t, me, &a.exclude, &a.requested_by) {
                all.add("excluded", text(format!("you are excluded from `{}`", a.name), format!("您不能参与审批 `{}`", a.name)));
            }
        }
        _ => {
            let asked = a.asked().take(8).map(|v| v.agent.to_string()).collect::<Vec<_>>().join(", ");
            all.add(
                "not-an-approver",
                text(format!("`{}` asks {asked} at this stage", a.name), format!("审批 `{}` 当前阶段的审批人：{asked}", a.name)),
            );
        }
    }
    mine
}

fn vote(d: &mut Draft<'_>, name: &ApprovalName, approve: bool, comment: &Text) -> Result<(), Refusal> {
    let a = open(d, name)?;
    let mut all = Refusal::default();
    let by = own(d.ctx.roster, &d.ticket, d.actor, &a, &mut all).map(|v| v.agent.clone());
    if comment.len() > d.ctx.limits.description {
        let most = d.ctx.limits.description;
        all.reasons.extend(super::actions::too_long(&Attribute::named("comment"), comment.len(), most).reasons);
    }
    all.done()?;
    let Some(by) = by else { return Ok(()) };
    happen(d, name, ApprovalChange::Voted { by, approve, comment: comment.clone() }, &Cause::Command);
    advance(d, name, &Cause::Command);
    Ok(())
}

/// Everything against somebody voting in another's stead: a person has one vote, and who is excluded has none.
fn stands_in(d: &Draft<'_>, a: &Approval, to: &AgentId, all: &mut Refusal) {
    if d.ctx.roster.agent(to).is_none() {
        all.reasons.extend(unknown("agent", to.as_str()).reasons);
    }
    let present = a.present().is_some_and(|s| s.voters.iter().any(|v| v.agent == *to));
    let voted = a.stages.iter().any(|s| s.voters.iter().any(|v| v.agent == *to && v.vote.is_some()));
    if present || voted {
        all.add(
            "already-approver",
            text(format!("`{to}` is asked already; nobody has two votes"), format!("`{to}` 已是审批人，每人只有一票")),
        );
    }
    if excluded(d.ctx.roster, &d.ticket, to, &a.exclude, &a.requested_by) {
        all.add("excluded", text(format!("`{to}` is excluded from `{}`", a.name), format!("`{to}` 不能参与审批 `{}`", a.name)));
    }
}

fn delegate(d: &mut Draft<'_>, name: &ApprovalName, to: &AgentId) -> Result<(), Refusal> {
    let a = open(d, name)?;
    let mut all = Refusal::default();
    let from = own(d.ctx.roster, &d.ticket, d.actor, &a, &mut all).map(|v| v.agent.clone());
    stands_in(d, &a, to, &mut all);
    all.done()?;
    let Some(from) = from else { return Ok(()) };
    pass_on(d, name, from, to, "delegated", &Cause::Command);
    Ok(())
}

fn pass_on(d: &mut Draft<'_>, name: &ApprovalName, from: AgentId, to: &AgentId, why: &str, cause: &Cause) {
    happen(d, name, ApprovalChange::Delegated { from, to: to.clone(), why: why.into() }, cause);
    if let Some(template) = d.workflow.approval(name).and_then(|r| r.definition.notify.clone()) {
        tell_one(d, name, &template, to.clone(), cause);
    }
}

/// Why somebody may not withdraw a round; nothing where it is theirs.
fn not_theirs(t: &Ticket, actor: &Actor, a: &Approval) -> Refusal {
    // What nobody of the desk's people asked for is the assignee's to withdraw.
    let people = matches!(a.requested_by, Actor::Agent(_));
    let assigned = actor.as_agent().is_some_and(|me| t.assignee.as_ref() == Some(me));
    if a.requested_by == *actor || (!people && assigned) || *actor == Actor::System {
        return Refusal::default();
    }
    let name = &a.name;
    Refusal::one("not-yours", text(format!("`{name}` is withdrawn by who asked for it"), format!("审批 `{name}` 只能由发起人撤回")))
}

fn withdraw(d: &mut Draft<'_>, name: &ApprovalName, reason: &str) -> Result<(), Refusal> {
    let a = open(d, name)?;
    let mut all = not_theirs(&d.ticket, d.actor, &a);
    all.reasons.extend(named(d, reason).err().into_iter().flat_map(|r| r.reasons));
    all.done()?;
    happen(d, name, ApprovalChange::Withdrawn { reason: reason.to_string() }, &Cause::Command);
    Ok(())
}

/// Why somebody may not go past an approval; nothing where they may.
fn no_override(rule: &ApprovalRule, actor: &Actor, roles: &[RoleName]) -> Refusal {
    let (name, may) = (&rule.definition.name, &rule.definition.override_by);
    if actor.as_agent().is_some() && has_one(may, actor, roles) {
        return Refusal::default();
    }
    let who = may.iter().map(|r| format!("`{r}`")).collect::<Vec<_>>().join(", ");
    let message = if may.is_empty() {
        text(
            format!("nobody may go past `{name}`; the workflow names no role for it"),
            format!("无人可以越过审批 `{name}`；工作流未指定角色"),
        )
    } else {
        text(format!("only a person with one of {who} may go past `{name}`"), format!("只有具备 {who} 之一的人员可以越过审批 `{name}`"))
    };
    Refusal::one("no-override", message)
}

/// What beyond the right `approval` decides whether somebody may do this with an approval: the line, the roles it is for, and what stands against it; none where nothing does, and where
/// there is no such approval or no open round.
pub(super) fn ruled(
    roster: &Roster,
    w: &Workflow,
    t: &Ticket,
    (actor, roles): (&Actor, &[RoleName]),
    c: &ApprovalCommand,
) -> Option<(String, Vec<RoleName>, Refusal)> {
    let open = |name: &ApprovalName| t.approval(name.as_str()).filter(|a| a.is_open());
    match c {
        ApprovalCommand::Request(_) => None,
        ApprovalCommand::Vote { approval, .. } | ApprovalCommand::Delegate { approval, .. } => {
            let mut all = Refusal::default();
            own(roster, t, actor, open(approval)?, &mut all);
            Some((format!("approvals.{approval}.stages"), Vec::new(), all))
        }
        ApprovalCommand::Withdraw { approval, .. } => {
            Some((format!("approvals.{approval}: who asked for it"), Vec::new(), not_theirs(t, actor, open(approval)?)))
        }
        ApprovalCommand::Override { approval, .. } => {
            let rule = w.approval(approval)?;
            Some((format!("approvals.{approval}.override"), rule.definition.override_by.clone(), no_override(rule, actor, roles)))
        }
    }
}

/// Goes past an approval: a person's word, with a role the approval names, and with a reason (S12).
fn go_past(d: &mut Draft<'_>, name: &ApprovalName, reason: &str) -> Result<(), Refusal> {
    let rule = rule(d, name)?;
    let mut all = no_override(rule, d.actor, d.roles);
    let by = d.actor.as_agent().cloned();
    if reason.trim().is_empty() {
        all.add("reason-needed", text("say why the approval is gone past", "请说明越过审批的理由"));
    }
    takes_more(d, &mut all);
    if rule.passed(&d.ticket) {
        all.add("approval-granted", text(format!("`{name}` is granted already"), format!("审批 `{name}` 已通过")));
    }
    all.reasons.extend(named(d, reason).err().into_iter().flat_map(|r| r.reasons));
    all.done()?;
    let Some(by) = by else { return Ok(()) };
    let mut round = d.ticket.approval(name.as_str()).filter(|a| a.is_open()).cloned().unwrap_or_else(|| Approval {
        stages: Vec::new(),
        due: None,
        ..open_round(d, rule, d.actor.clone(), &mut Refusal::default())
    });
    round.state = ApprovalState::Overridden;
    round.due = None;
    round.covers.clone_from(&rule.definition.covers);
    let what = ApprovalChange::Overridden { by, reason: reason.to_string(), round: Box::new(round) };
    happen(d, name, what, &Cause::Command);
    moves(d, name, |r| r.definition.granted.clone());
    Ok(())
}

/// The time of the present stage has run out: what it declares happens (S12).
pub(super) fn fire(d: &mut Draft<'_>, name: &ApprovalName, cause: &Cause) {
    let Some(a) = d.ticket.approval(name.as_str()).filter(|a| a.is_open()) else { return };
    let Some(stage) = a.present() else { return };
    let later = a.stages.iter().skip(usize::from(a.stage).saturating_add(1)).any(|s| !s.quorum.informs());
    let (how, within) = (stage.on_expiry, stage.within.clone());
    let voters = if how == OnExpiry::Escalate { escalation(d, a) } else { Vec::new() };
    let due = if voters.is_empty() { None } else { due(d, name, &ApprovalStage { within, ..stage.clone() }) };
    let held = !voters.is_empty();
    happen(d, name, ApprovalChange::Expired { how, voters, due }, cause);
    match how {
        OnExpiry::Escalate if held => tell(d, name, cause),
        OnExpiry::Next if later => {
            next(d, name, cause);
            advance(d, name, cause);
        }
        // Nobody it could go to, nothing that decides: it is not granted by silence.
        _ => decline(d, name, "expired", cause),
    }
}

/// Who is asked in the stead of those who let the time of a stage run out.
fn escalation(d: &Draft<'_>, a: &Approval) -> Vec<Voter> {
    let stage = d.workflow.approval(&a.name).and_then(|r| r.definition.stages.get(usize::from(a.stage)));
    let to = stage.map_or(&[Approver::Lead][..], StageDefinition::escalates_to);
    let mut voters = electorate(d.ctx.roster, &d.ticket, to, &a.exclude, &a.requested_by).0;
    voters.truncate(Approval::VOTERS);
    voters
}

/// What the standing rounds cover, as it is now.
pub(super) fn covered(t: &Ticket) -> Vec<(ApprovalName, Attribute, Option<Value>)> {
    // While it is merged, those too that come back with it when that is undone.
    let waits = |a: &Approval| {
        let back = t.kin.before.as_ref().and_then(|b| b.approvals.iter().find(|x| (&x.name, x.round) == (&a.name, a.round)));
        a.state != ApprovalState::Voided && back.is_some_and(|x| x.is_open() || x.stands())
    };
    let standing = t.approvals.iter().filter(|a| a.is_open() || a.stands() || waits(a));
    let of = |a: &Approval, c: &Attribute| (a.name.clone(), c.clone(), present(t, c).map(|(v, _)| v));
    standing.flat_map(|a| a.covers.iter().map(move |c| of(a, c))).collect()
}

/// Something changed: rounds that cover it are void, and of those that were asked for a new one opens (S12).
pub(super) fn changed(d: &mut Draft<'_>, before: &[(ApprovalName, Attribute, Option<Value>)], cause: &Cause) {
    let differs = |t: &Ticket, c: &Attribute, was: &Option<Value>| present(t, c).map(|(v, _)| v) != *was;
    let mut done: Vec<&ApprovalName> = Vec::new();
    for (name, attribute, was) in before {
        if done.contains(&name) || !differs(&d.ticket, attribute, was) {
            continue;
        }
        done.push(name);
        let Some(a) = d.ticket.approval(name.as_str()).cloned() else { continue };
        let unvoted = a.stages.iter().all(|s| s.voters.iter().all(|v| v.vote.is_none()));
        if a.is_open() && a.stage == 0 && unvoted {
            continue;
        }
        happen(d, name, ApprovalChange::Voided { attribute: attribute.clone() }, cause);
        let Some(rule) = d.workflow.approval(name) else { continue };
        let asked = a.state != ApprovalState::Overridden && !over(&d.ticket) && rule.needed(&d.system_view("approval"));
        let mut against = Refusal::default();
        let round = open_round(d, rule, a.requested_by.clone(), &mut against);
        if asked && against.reasons.is_empty() {
            begin(d, rule, round, cause);
        }
    }
}

/// The ticket left a state for the one it is in: what let it into states it has left is used up, and what is asked ends with the ticket.
pub(super) fn moved(d: &mut Draft<'_>, from: &StateName, reopened: bool) {
    if d.ticket.approvals.is_empty() {
        return;
    }
    used(d, d.workflow, from, d.workflow);
    let reason = if over(&d.ticket) { "final" } else { "reopened" };
    if over(&d.ticket) || reopened {
        let open: Vec<ApprovalName> = d.ticket.open_approvals().map(|a| a.name.clone()).collect();
        for name in open {
            happen(d, &name, ApprovalChange::Withdrawn { reason: reason.into() }, &Cause::System);
        }
    }
}

/// What led into the state it has left, and does not protect the one it is in, has served.
fn used(d: &mut Draft<'_>, left: &Workflow, from: &StateName, now: &Workflow) {
    let led: BTreeSet<&ApprovalName> = left.protecting(from).map(|r| &r.definition.name).collect();
    let still: BTreeSet<&ApprovalName> = now.protecting(&d.ticket.state).map(|r| &r.definition.name).collect();
    for name in led.difference(&still) {
        if d.ticket.approval(name.as_str()).is_some_and(Approval::stands) {
            happen(d, name, ApprovalChange::Used, &Cause::System);
        }
    }
}

/// The ticket goes on under another workflow: an approval of equal name that asks others is another one, so what was granted or is asked for here counts for nothing there (S12).
pub(super) fn elsewhere(d: &mut Draft<'_>, (left, from): (&Workflow, &StateName), now: &Workflow) {
    let same = |n: &ApprovalName| match (left.approval(n), now.approval(n)) {
        (Some(a), Some(b)) => a.definition == b.definition,
        _ => false,
    };
    let standing = d.ticket.approvals.iter().filter(|a| a.is_open() || a.stands());
    let other: Vec<ApprovalName> = standing.map(|a| a.name.clone()).filter(|n| !same(n)).collect();
    for name in other {
        happen(d, &name, ApprovalChange::Withdrawn { reason: "type".into() }, &Cause::System);
    }
    used(d, left, from, now);
}

/// Votes of those who are away go to their stand-ins 代理人, where the group's policy says so (S85); nobody who may not vote gets one.
pub(super) fn absent(d: &mut Draft<'_>) {
    let (routing, calendars) = (d.ctx.playbook.routing(), d.ctx.playbook.calendars());
    let asked: Vec<(ApprovalName, AgentId)> =
        d.ticket.open_approvals().flat_map(|a| a.asked().map(|v| (a.name.clone(), v.agent.clone()))).collect();
    for (name, agent) in asked {
        let Some((_, OnAway::Backup(to))) = routing.on_away_of(&agent, d.ticket.group.as_ref(), d.ctx.roster, calendars, d.at) else {
            continue;
        };
        let Some(a) = d.ticket.approval(name.as_str()).cloned() else { continue };
        let mut against = Refusal::default();
        stands_in(d, &a, &to, &mut against);
        if against.reasons.is_empty() {
            pass_on(d, &name, agent, &to, "absent", &Cause::System);
        }
    }
}
