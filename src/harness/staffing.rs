//! Whether the people of a folder can do what its workflows ask of them: approvals that none of them, or too few, can give.

use crate::diagnostic::{Diagnostic, Diagnostics, Place, did_you_mean, text};
use crate::engine::meant;
use crate::id::*;
use crate::playbook::Playbook;
use crate::routing::Roster;
use crate::ticket::{Actor, Exclusion};
use crate::workflow::{ApprovalDefinition, ApprovalRule, Approver, StageDefinition};

/// What the workflows ask of people whom the roster does not have. Warnings: a host may bring other people than `roster.toml` names.
pub(super) fn staffing(playbook: &Playbook, roster: &Roster) -> Diagnostics {
    let mut found = Diagnostics::new();
    for rule in playbook.workflows().iter().flat_map(|w| w.approvals()) {
        for (stage, places) in rule.definition.stages.iter().zip(&rule.places) {
            let strangers = strangers(roster, rule, stage, places, &mut found);
            if !strangers {
                found.extend(too_few(playbook, roster, &rule.definition, stage, places));
            }
        }
    }
    found
}

/// Agents named whom the roster does not have, each by himself.
fn strangers(roster: &Roster, rule: &ApprovalRule, stage: &StageDefinition, places: &[Place], found: &mut Diagnostics) -> bool {
    let mut any = false;
    for (who, place) in stage.approvers.iter().zip(places) {
        let Approver::Agent(agent) = who else { continue };
        if roster.agent(agent).is_some() {
            continue;
        }
        any = true;
        let name = &rule.definition.name;
        found.push(
            Diagnostic::warning(
                "unknown-approver",
                text(
                    format!("`{name}` asks `{agent}`, who is not in roster.toml"),
                    format!("审批 `{name}` 的审批人 `{agent}` 不在 roster.toml 中"),
                ),
            )
            .at(place.clone())
            .help(did_you_mean(agent.as_str(), roster.agents().map(|a| a.id.as_str())).unwrap_or_else(|| {
                text(
                    format!("add an agent with id = \"{agent}\" to roster.toml, or name another"),
                    format!("请在 roster.toml 中添加 id = \"{agent}\" 的人员，或改为他人"),
                )
            })),
        );
    }
    any
}

/// Fewer than must approve may vote, whatever group the ticket is in.
fn too_few(
    playbook: &Playbook,
    roster: &Roster,
    approval: &ApprovalDefinition,
    stage: &StageDefinition,
    places: &[Place],
) -> Option<Diagnostic> {
    let may_vote = |group: Option<&GroupId>| {
        let mut all = meant(roster, group, &stage.approvers);
        all.retain(|a| {
            let roles = roster.roles_in(&Actor::Agent(a.clone()), group);
            // Who else is excluded depends on the ticket.
            !approval.exclude.iter().any(|e| match e {
                Exclusion::Role(r) => roles.contains(r),
                Exclusion::Agent(x) => x == a,
                _ => false,
            })
        });
        all.len()
    };
    let groups = playbook.schema().groups.keys().map(Some).chain([None]);
    let can = groups.map(may_vote).max().unwrap_or(0);
    let needs = stage.quorum.at_least();
    (can < needs).then(|| {
        let name = &approval.name;
        Diagnostic::warning(
            "too-few-approvers",
            text(
                format!("a stage of `{name}` needs {needs} to approve, but at most {can} of roster.toml may"),
                format!("审批 `{name}` 的一个阶段需要 {needs} 人同意，但 roster.toml 中最多只有 {can} 人可以投票"),
            ),
        )
        .at(places.first().cloned().unwrap_or_else(|| Place::file("roster.toml")))
        .help(text(
            "give more people the role or the group, lower `quorum`, or exclude fewer",
            "请增加具有该角色或处理组的人员、降低 quorum 或减少 exclude",
        ))
    })
}
