//! A round of an approval that would begin now: who may vote, whether anybody could grant it, until when.

use super::draft::Draft;
use super::refusal::Refusal;
use crate::calendar::{Calendar, Span};
use crate::condition::View;
use crate::diagnostic::text;
use crate::id::*;
use crate::routing::Roster;
use crate::ticket::*;
use crate::workflow::{ApprovalDefinition, ApprovalRule, Approver, Transition, Workflow};
use std::collections::BTreeSet;

/// Why a transition cannot ask for what follows it: nobody could grant that (S12). Nothing where it is asked for or granted already, or not needed.
pub(super) fn unaskable(roster: &Roster, workflow: &Workflow, t: &Transition, view: &View<'_>, by: &Actor) -> Refusal {
    let mut all = Refusal::default();
    let desk = View { actor: &Actor::System, roles: &[], ..*view };
    for action in &t.after {
        let Action::RequestApproval(name) = action else { continue };
        let asked = view.ticket.approval(name.as_str()).is_some_and(Approval::is_open);
        let rule = workflow.approval(name).filter(|r| !asked && !r.passed(view.ticket) && r.needed(&desk));
        if let Some(rule) = rule {
            stages(roster, view.ticket, &rule.definition, by, &mut all);
        }
    }
    all
}

/// A new round with its electorate as of now, and everything that makes it one that nobody could grant.
pub(super) fn open_round(d: &Draft<'_>, rule: &ApprovalRule, requested_by: Actor, all: &mut Refusal) -> Approval {
    let def = &rule.definition;
    let stages = stages(d.ctx.roster, &d.ticket, def, &requested_by, all);
    Approval {
        name: def.name.clone(),
        round: d.ticket.approval(def.name.as_str()).map_or(0, |a| a.round).saturating_add(1),
        state: ApprovalState::Open,
        due: stages.first().and_then(|s| due(d, &def.name, s)),
        stages,
        stage: 0,
        requested_by,
        requested_at: d.at,
        exclude: def.exclude.clone(),
        covers: def.covers.clone(),
        cycle: d.ticket.cycle,
    }
}

/// The stages with who may vote in them, and everything that makes them such that nobody could grant them.
fn stages(roster: &Roster, t: &Ticket, def: &ApprovalDefinition, by: &Actor, all: &mut Refusal) -> Vec<ApprovalStage> {
    let mut stages = Vec::with_capacity(def.stages.len());
    for (n, s) in (1usize..).zip(&def.stages) {
        let (voters, left_out) = electorate(roster, t, &s.approvers, &def.exclude, by);
        let (can, needs, name) = (voters.len(), s.quorum.of(voters.len()), &def.name);
        if can > Approval::VOTERS {
            let most = Approval::VOTERS;
            all.add(
                "too-many",
                text(
                    format!("stage {n} of `{name}` would ask {can} people, at most {most}"),
                    format!("审批 `{name}` 第 {n} 阶段涉及 {can} 人，最多 {most} 人"),
                ),
            );
        } else if can == 0 && needs > 0 {
            all.add(
                "nobody-eligible",
                text(
                    format!("nobody may vote in stage {n} of `{name}`; {left_out} are excluded"),
                    format!("审批 `{name}` 第 {n} 阶段无人可以投票；已排除 {left_out} 人"),
                ),
            );
        } else if can < needs {
            all.add(
                "too-few-eligible",
                text(
                    format!("stage {n} of `{name}` needs {needs} to approve, but only {can} may vote; {left_out} are excluded"),
                    format!("审批 `{name}` 第 {n} 阶段需要 {needs} 人同意，但只有 {can} 人可以投票；已排除 {left_out} 人"),
                ),
            );
        }
        let within = s.within.map(|w| w.to_string()).unwrap_or_default();
        stages.push(ApprovalStage { quorum: s.quorum, voters, within, on_expiry: s.on_expiry, escalated: false });
    }
    stages
}

/// The agents these words mean for tickets of a group, each once.
pub(crate) fn meant(roster: &Roster, group: Option<&GroupId>, approvers: &[Approver]) -> BTreeSet<AgentId> {
    let mut found = BTreeSet::new();
    for a in approvers {
        match a {
            Approver::Lead => found.extend(group.and_then(|g| roster.lead(g)).cloned()),
            Approver::Manager => found.extend(roster.manager(group).cloned()),
            Approver::Agent(a) => found.extend(roster.agent(a).map(|a| a.id.clone())),
            Approver::Group(g) => found.extend(roster.members(g).map(|a| a.id.clone())),
            Approver::Role(r) => {
                let has = |a: &&crate::routing::Agent| roster.roles_in(&Actor::Agent(a.id.clone()), group).contains(r);
                found.extend(roster.agents().filter(has).map(|a| a.id.clone()));
            }
        }
    }
    found
}

/// The agents these words mean for a ticket, each once, without those excluded; and how many those are.
pub(super) fn electorate(roster: &Roster, t: &Ticket, approvers: &[Approver], exclude: &[Exclusion], by: &Actor) -> (Vec<Voter>, usize) {
    let mut found = meant(roster, t.group.as_ref(), approvers);
    let all = found.len();
    found.retain(|a| !excluded(roster, t, a, exclude, by));
    let left_out = all.saturating_sub(found.len());
    (found.into_iter().map(Voter::new).collect(), left_out)
}

pub(super) fn excluded(roster: &Roster, t: &Ticket, agent: &AgentId, exclude: &[Exclusion], by: &Actor) -> bool {
    let roles = roster.roles_in(&Actor::Agent(agent.clone()), t.group.as_ref()).to_vec();
    exclude.iter().any(|e| e.means(agent, &roles, t, by))
}

/// When the time of a stage that opens now runs out.
pub(super) fn due(d: &Draft<'_>, name: &ApprovalName, stage: &ApprovalStage) -> Option<UtcInstant> {
    let span: Span = stage.within.parse().ok()?;
    let playbook = d.ctx.playbook;
    let own = d.workflow.approval(name).and_then(|a| a.definition.calendar.as_ref());
    let calendar: &Calendar = playbook.calendars().resolve(own, playbook.schema().group_calendar(d.ticket.group.as_ref()));
    calendar.due(d.at, span)
}
