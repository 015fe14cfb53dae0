//! What stands with a ticket's approvals, for people who look at it.

use super::Context;
use crate::condition::{Customer, View};
use crate::diagnostic::Text;
use crate::id::*;
use crate::ticket::{Actor, Approval, ApprovalStage, ApprovalState, Ticket, Voter};

/// An approval of a ticket's workflow, and how it stands (S12).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct ApprovalView {
    /// Its name.
    pub name: ApprovalName,
    /// Its label.
    pub label: Text,
    /// The states nobody enters without it.
    pub protects: Vec<StateName>,
    /// The ticket needs it, as it is now.
    pub needed: bool,
    /// It is granted or gone past by right, and that counts.
    pub passed: bool,
    /// Where the newest round stands; none: nobody has asked for it.
    pub state: Option<ApprovalState>,
    /// The how-many-th round that is.
    pub round: u32,
    /// Its present stage, from 0.
    pub stage: u8,
    /// How many stages it has.
    pub stages: usize,
    /// Who may vote in the present stage, and how they did.
    pub voters: Vec<Voter>,
    /// How many of them must approve.
    pub needs: usize,
    /// How many more approvals would end the present stage; none where it is not open.
    pub lacks: Option<usize>,
    /// When the time of the present stage runs out.
    #[serde(with = "serde_instant_opt")]
    pub due: Option<UtcInstant>,
    /// Who asked.
    pub requested_by: Option<Actor>,
    /// The actor who looks is asked, and has not voted.
    pub yours: bool,
}

/// Every approval of the ticket's workflow, in the order declared: where it stands, who voted, who is asked, and what would still grant it.
pub fn approvals(ctx: &Context<'_>, ticket: &Ticket, actor: &Actor, customer: Option<&Customer>) -> Vec<ApprovalView> {
    let Some(workflow) = ctx.playbook.workflow(&ticket.workflow) else { return Vec::new() };
    let roles = ctx.roster.roles_in(actor, ticket.group.as_ref());
    let view = View { event: "approval", actor, roles, customer, ..View::of(ticket, ctx.now.max(ticket.updated_at)) };
    let one = |rule: &crate::workflow::ApprovalRule| {
        let d = &rule.definition;
        let round = ticket.approval(d.name.as_str());
        let stage = round.and_then(Approval::present);
        let open = round.is_some_and(Approval::is_open);
        let needs = stage.map_or(0, ApprovalStage::needs);
        ApprovalView {
            name: d.name.clone(),
            label: d.title(),
            protects: d.protects.clone(),
            needed: rule.needed(&view),
            passed: rule.passed(ticket),
            state: round.map(|a| a.state),
            round: round.map_or(0, |a| a.round),
            stage: round.map_or(0, |a| a.stage),
            stages: round.map_or(d.stages.len(), |a| a.stages.len()),
            voters: stage.map(|s| s.voters.clone()).unwrap_or_default(),
            needs,
            lacks: stage.filter(|_| open).map(|s| needs.saturating_sub(s.approvals())),
            due: round.and_then(|a| a.due),
            requested_by: round.map(|a| a.requested_by.clone()),
            yours: round.is_some_and(|a| a.asked().any(|v| actor.as_agent() == Some(&v.agent))),
        }
    };
    workflow.approvals().iter().map(one).collect()
}
