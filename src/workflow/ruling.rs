//! Who may take a transition, and which line says so (S7).

use super::compiled::{Transition, Workflow};
use crate::condition::View;
use crate::diagnostic::{Lang, Text, text};
use crate::id::{RoleName, StateName};
use crate::ticket::Actor;

/// Who may take a step, and what says so.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Ruling {
    /// It is allowed.
    pub allowed: bool,
    /// What decided: `transition NAME: roles`, the line of `[rights]`, `system` or `default`.
    pub by: String,
    /// The roles for which it is allowed.
    pub roles: Vec<RoleName>,
}

/// The word for the kind of an actor.
fn word(actor: &Actor) -> &'static str {
    match actor {
        Actor::Agent(_) => "agent",
        Actor::Requester(_) => "requester",
        Actor::Vendor(_) => "vendor",
        Actor::Integration(_) => "integration",
        Actor::System => "system",
    }
}

/// Whether an actor with these roles has one of those named; words for kinds of actors are matched against who acts, never against roles the host names.
pub(crate) fn has_one(named: &[RoleName], actor: &Actor, roles: &[RoleName]) -> bool {
    let kind = word(actor);
    named.iter().any(|r| if super::ACTOR_WORDS.contains(&r.as_str()) { *r == *kind } else { roles.contains(r) })
}

impl Workflow {
    /// Who may take which step, for comparing two workflows.
    pub(crate) fn rights(&self) -> &impl std::fmt::Debug {
        &self.rights
    }
    /// Who may take a transition from a state, the most specific first: the transition's own roles, then the rights of the step (from → to, any → to, from → any,
    /// any → any), then every agent and integration (S7). The system may always.
    pub fn ruling(&self, t: &Transition, from: &StateName, actor: &Actor, roles: &[RoleName]) -> Ruling {
        let (named, by) = self.named(t, from).map_or_else(
            || (["agent", "integration"].map(RoleName::new).to_vec(), "default".to_string()),
            |(named, _, by)| (named.to_vec(), by),
        );
        match actor {
            Actor::System => Ruling { allowed: true, by: "system".into(), roles: named },
            _ => Ruling { allowed: has_one(&named, actor, roles), by, roles: named },
        }
    }

    fn named<'a>(&'a self, t: &'a Transition, from: &StateName) -> Option<(&'a [RoleName], &'a [Text], String)> {
        if !t.roles.is_empty() {
            return Some((&t.roles, &t.role_labels, format!("transition {}: roles", t.name)));
        }
        let right = if self.rights.is_empty() { None } else { self.rights.of(from, t.target(from)) };
        right.map(|r| (r.roles.as_slice(), r.labels.as_slice(), format!("rights: {}", r.line)))
    }

    pub(super) fn may(&self, t: &Transition, view: &View<'_>) -> bool {
        match (view.actor, self.named(t, &view.ticket.state)) {
            (Actor::System, _) => true,
            (Actor::Agent(_) | Actor::Integration(_), None) => true,
            (_, None) => false,
            (actor, Some((named, ..))) => has_one(named, actor, view.roles),
        }
    }

    pub(crate) fn no_role(&self, t: &Transition, from: &StateName) -> Text {
        let Some((roles, labels, _)) = self.named(t, from) else {
            return text("only an agent, an integration or the system may do this", "只有处理人员、集成程序或系统可以执行");
        };
        let list = |lang: Lang| {
            let named = |(r, l): (&RoleName, &Text)| {
                let label = l.get(lang);
                if label.is_empty() || label == r.as_str() { format!("`{r}`") } else { format!("`{r}` ({label})") }
            };
            roles.iter().zip(labels).map(named).collect::<Vec<_>>().join(", ")
        };
        text(format!("this needs one of the roles {}", list(Lang::En)), format!("需要以下角色之一：{}", list(Lang::Zh)))
    }
}
