//! Who may do what: the coarse right per command; transitions have roles of their own.

use super::command::What;
use super::refusal::Refusal;
use crate::condition::{Customer, View};
use crate::diagnostic::text;
use crate::id::RoleName;
use crate::playbook::Playbook;
use crate::routing::Roster;
use crate::ticket::{Actor, Ticket};
use crate::workflow::{self, Workflow};

/// Whether the actor may give this command at all.
pub(super) fn authorize(
    playbook: &Playbook,
    roster: &Roster,
    actor: &Actor,
    roles: &[RoleName],
    what: &What,
    ticket: Option<&Ticket>,
) -> Result<(), Refusal> {
    let word = what.word();
    let no = |en: String, zh: String| Err(Refusal::one("not-allowed", text(en, zh)));
    // A correction of what was promised is a person's word: neither the desk nor another program gives it (S87).
    let correction = matches!(what, What::CorrectSla { .. } | What::WithdrawCorrection { .. });
    match actor {
        Actor::System | Actor::Integration(_) if correction => no(
            "an SLA correction is a person's word; give it as an agent who has the right".into(),
            "SLA 豁免须由有权限的坐席本人作出".into(),
        ),
        Actor::System | Actor::Integration(_) => Ok(()),
        Actor::Agent(id) => {
            if roster.agent(id).is_none() {
                return Err(unknown_agent(id));
            }
            match playbook.settings().rights.get(word) {
                Some(allowed) if !roles.iter().any(|r| allowed.contains(r)) => {
                    let names = allowed.iter().map(|r| r.to_string()).collect::<Vec<_>>().join(", ");
                    no(format!("`{word}` is for {names}"), format!("`{word}` 仅限 {names}"))
                }
                None if correction => no(
                    format!(
                        "nobody may correct SLA figures; name the roles that may in playbook.toml, [settings.rights] {word} = [\"lead\"]"
                    ),
                    format!("无人有权豁免 SLA；请在 playbook.toml 的 [settings.rights] 中指定角色，例如 {word} = [\"lead\"]"),
                ),
                None if matches!(what, What::Migrate(m) if m.of_many()) => no(
                    format!(
                        "nobody may migrate tickets by hand; name the roles that may in playbook.toml, [settings.rights] {word} = [\"lead\"]"
                    ),
                    format!("无人有权迁移工单；请在 playbook.toml 的 [settings.rights] 中指定角色，例如 {word} = [\"lead\"]"),
                ),
                _ => Ok(()),
            }
        }
        Actor::Requester(id) => {
            let own = ticket.is_none_or(|t| t.requester == *id);
            match what {
                What::Create(new) if new.requester != *id => {
                    no("a requester makes tickets only for themselves".into(), "请求人只能为自己提交工单".into())
                }
                What::Create(_) | What::Receive(_) => Ok(()),
                What::Reply(_) | What::Transition { .. } | What::Rate { .. } if own => Ok(()),
                What::Reply(_) | What::Transition { .. } | What::Rate { .. } => {
                    no("the ticket is another requester's".into(), "该工单属于其他请求人".into())
                }
                _ => no(format!("`{word}` is for agents"), format!("`{word}` 仅限坐席")),
            }
        }
        Actor::Vendor(_) => match what {
            What::Reply(_) | What::Transition { .. } => Ok(()),
            _ => no(format!("`{word}` is for agents"), format!("`{word}` 仅限坐席")),
        },
    }
}

/// Whether the actor may give a command to the desk as a whole: an agent with this right, the system, another program.
pub(super) fn roles_allow(playbook: &Playbook, roster: &Roster, actor: &Actor, right: &str) -> Result<(), Refusal> {
    let no = |en: String, zh: String| Err(Refusal::one("not-allowed", text(en, zh)));
    match actor {
        Actor::System | Actor::Integration(_) => Ok(()),
        Actor::Agent(id) if roster.agent(id).is_none() => Err(unknown_agent(id)),
        Actor::Agent(_) => match playbook.settings().rights.get(right) {
            Some(allowed) if !roster.roles(actor).iter().any(|r| allowed.contains(r)) => {
                let names = allowed.iter().map(|r| r.to_string()).collect::<Vec<_>>().join(", ");
                no(format!("`{right}` is for {names}"), format!("`{right}` 仅限 {names}"))
            }
            _ => Ok(()),
        },
        Actor::Requester(_) | Actor::Vendor(_) => no(format!("`{right}` is for agents"), format!("`{right}` 仅限坐席")),
    }
}

fn unknown_agent(id: &crate::id::AgentId) -> Refusal {
    Refusal::one(
        "unknown-actor",
        text(format!("nobody knows an agent `{id}`; Directory's roster must list them"), format!("没有坐席 `{id}`；请在人员目录中登记")),
    )
}

/// What an actor may do with a ticket now, and for the rest, why not.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The transition.
    pub transition: crate::id::TransitionName,
    /// Its label.
    pub label: crate::diagnostic::Text,
    /// Where it leads; none: it stays.
    pub to: Option<crate::id::StateName>,
    /// Why not; empty: allowed.
    pub refusal: Refusal,
}

/// The transitions from the ticket's state, each with every reason against it (S2). Agrees with what `decide` does, by one function.
pub fn available(ctx: &super::Context<'_>, ticket: &Ticket, actor: &Actor, customer: Option<&Customer>) -> Vec<Offer> {
    let Some(workflow) = ctx.playbook.workflow(&ticket.workflow) else { return Vec::new() };
    let offer = |(offer, mut refusal): (workflow::Offer<'_>, Refusal)| {
        refusal.reasons.extend(offer.blockers.into_iter().map(Into::into));
        let t = offer.transition;
        Offer { transition: t.name.clone(), label: t.label.clone(), to: t.to.clone(), refusal }
    };
    offers(ctx, workflow, ticket, actor, customer).into_iter().map(offer).collect()
}

/// What the workflow offers, and beside it what rights say.
pub(super) fn offers<'w>(
    ctx: &super::Context<'_>,
    workflow: &'w Workflow,
    ticket: &Ticket,
    actor: &Actor,
    customer: Option<&Customer>,
) -> Vec<(workflow::Offer<'w>, Refusal)> {
    let roles = ctx.roster.roles(actor);
    let view = View { event: "transition", actor, roles, customer, ..View::of(ticket, ctx.now.max(ticket.updated_at)) };
    let what = |name: &crate::id::TransitionName| What::Transition { name: name.clone(), fields: Vec::new(), comment: None };
    let offers = workflow.available(&view).into_iter();
    offers
        .map(|offer| {
            let right = authorize(ctx.playbook, ctx.roster, actor, roles, &what(&offer.transition.name), Some(ticket));
            (offer, right.err().unwrap_or_default())
        })
        .collect()
}
