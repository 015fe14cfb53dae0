//! Who may do what: the coarse right per command; transitions have roles of their own.

use super::command::What;
use super::input::TransitionInput;
use super::refusal::Refusal;
use crate::condition::{Customer, View};
use crate::diagnostic::text;
use crate::id::{FieldName, RoleName, TypeName};
use crate::playbook::Playbook;
use crate::routing::Roster;
use crate::ticket::{Actor, Attribute, Ticket};
use crate::workflow::{self, Workflow};

/// Whether somebody may give a command, and what says so.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Authorization {
    /// It is allowed, as far as rights go: what else stands against it [`available`] and [`super::decide`] tell.
    pub allowed: bool,
    /// Which right: the command's word.
    pub right: &'static str,
    /// The line that decided, such as `settings.rights.reply`, `strict: waiting`, `rights: * -> open`, `transition close: roles`, `workflow: return` (no such transition leaves the state),
    /// `approvals.spend.override`, `fields.cost.write`, `own-ticket`, `default`.
    pub by: String,
    /// The roles for which that line allows it.
    pub roles: Vec<RoleName>,
    /// Why not; empty where it is allowed.
    pub refusal: Refusal,
}

impl Authorization {
    fn new(right: &'static str, by: impl Into<String>, roles: Vec<RoleName>, refusal: Refusal) -> Self {
        Self { allowed: refusal.reasons.is_empty(), right, by: by.into(), roles, refusal }
    }
}

fn named(words: &[&str]) -> Vec<RoleName> {
    words.iter().map(RoleName::new).collect()
}

/// Whether an actor may give a command, and which right decided, by the same checks as [`super::decide`], [`available`] and [`super::form()`]. `ticket` is the ticket it is about; none for a
/// new one. Of a transition's alternatives the first is asked about; the one whose guard holds may have other roles. What a macro does is asked for each of its actions, with the person's own right; rules and timers act as the system.
pub fn authorize(ctx: &super::Context<'_>, actor: &Actor, what: &What, ticket: Option<&Ticket>) -> Authorization {
    let roles = ctx.roster.roles_in(actor, ticket.and_then(|t| t.group.as_ref()));
    let coarse = ruled(ctx.playbook, ctx.roster, actor, roles, what, ticket);
    if !coarse.allowed {
        return coarse;
    }
    let workflow = ticket.and_then(|t| ctx.playbook.workflow(&t.workflow));
    let (fields, fine) = match what {
        What::Transition(given) => {
            (given.fields.as_slice(), workflow.zip(ticket).and_then(|(w, t)| Some((w.transition(&t.state, &given.name)?, w, t))))
        }
        What::SetFields(fields) => (fields.as_slice(), None),
        _ => (&[][..], None),
    };
    let schema = ctx.playbook.schema();
    let closed = fields.iter().find_map(|(a, _)| match a {
        Attribute::Field(f) if !schema.may_write(f.as_str(), actor, roles) => Some(f),
        _ => None,
    });
    if let Some(f) = closed {
        let of = schema.access.get(f).is_some_and(|a| a.write.is_empty());
        let by = format!("fields.{f}.{}", if of { "read" } else { "write" });
        return Authorization::new(coarse.right, by, schema.writers(f.as_str()).to_vec(), not_writable(schema, f));
    }
    if let (What::Transition(given), Some((_, workflow, ticket))) = (what, &fine)
        && let Some((_, refusal)) = unasked((ctx.playbook, ctx.roster), workflow, ticket, given, (actor, roles)).into_iter().next()
    {
        let allowed = ctx.playbook.settings().rights.get(SET_FIELDS).cloned();
        let by = if allowed.is_some() { format!("settings.rights.{SET_FIELDS}") } else { "default".into() };
        return Authorization::new(coarse.right, by, allowed.map_or_else(|| named(&["agent"]), |a| a.to_vec()), refusal);
    }
    if let (What::Approval(c), Some(workflow), Some(ticket)) = (what, workflow, ticket)
        && let Some((by, roles, refusal)) = super::approval::ruled(ctx.roster, workflow, ticket, (actor, roles), c)
    {
        return Authorization::new(coarse.right, by, roles, refusal);
    }
    if let (What::Transition(given), None, Some(workflow), Some(ticket)) = (what, &fine, workflow, ticket) {
        let by = format!("workflow: {}", workflow.name());
        return Authorization::new(coarse.right, by, Vec::new(), vec![workflow.leads_not(&given.name, &ticket.state)].into());
    }
    let Some((transition, workflow, ticket)) = fine else { return coarse };
    let ruling = workflow.ruling(transition, &ticket.state, actor, roles);
    let refusal = if ruling.allowed { Refusal::default() } else { Refusal::one("role", workflow.no_role(transition, &ticket.state)) };
    Authorization::new(coarse.right, ruling.by, ruling.roles, refusal)
}

/// Whether the actor may give this command at all.
pub(super) fn allow(
    playbook: &Playbook,
    roster: &Roster,
    actor: &Actor,
    roles: &[RoleName],
    what: &What,
    ticket: Option<&Ticket>,
) -> Result<(), Refusal> {
    ruled(playbook, roster, actor, roles, what, ticket).refusal.done()
}

/// A field that this person may not write.
pub(super) fn not_writable(schema: &crate::ticket::Schema, field: &FieldName) -> Refusal {
    let who = schema.writers(field.as_str()).iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut r = Refusal::default();
    let message = text(format!("`{field}` is written by {who} only"), format!("`{field}` 仅限 {who} 填写"));
    r.about(Attribute::Field(field.clone()), "field-access", message);
    r
}

/// A field given with a transition that does not ask for it, by somebody who may not set fields besides: else a transition would be a way round that right.
pub(super) fn unasked(
    (playbook, roster): (&Playbook, &Roster),
    workflow: &Workflow,
    ticket: &Ticket,
    given: &TransitionInput,
    (actor, roles): (&Actor, &[RoleName]),
) -> Vec<(Attribute, Refusal)> {
    let name = &given.name;
    let ways = || workflow.leaving(&ticket.state).filter(|t| t.name == *name);
    // A strict state does not stand against it: the field comes with a transition.
    let may = || rights(playbook, roster, actor, roles, &What::SetFields(Vec::new()), Some(ticket)).allowed;
    if given.fields.is_empty() || ways().next().is_none() || may() {
        return Vec::new();
    }
    let asks = |a: &Attribute| ways().any(|t| t.required.contains(a) || t.optional.contains(a));
    let refuse = |a: &Attribute| {
        let mut r = Refusal::default();
        let field = a.name();
        let message = text(
            format!("`{name}` does not ask for `{field}`, and you may not set fields besides"),
            format!("`{name}` 不要求填写 `{field}`，您也无权另行修改字段"),
        );
        r.about(a.clone(), "field-not-asked", message);
        (a.clone(), r)
    };
    given.fields.iter().map(|(a, _)| a).filter(|a| !asks(a)).map(refuse).collect()
}

/// The right to set fields.
const SET_FIELDS: &str = "set_fields";

/// A field that tickets of this type do not have.
pub(super) fn of_other_type(schema: &crate::ticket::Schema, kind: &TypeName, attribute: &Attribute) -> Refusal {
    let Attribute::Field(f) = attribute else { return Refusal::default() };
    let owners = schema.types.iter().filter(|(_, t)| t.fields.contains(f)).map(|(n, _)| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    let mut r = Refusal::default();
    r.about(
        attribute.clone(),
        "field-of-other-type",
        text(
            format!("tickets of type `{kind}` have no field `{f}`; it belongs to {owners}"),
            format!("类型 `{kind}` 的工单没有字段 `{f}`；该字段属于 {owners}"),
        ),
    );
    r
}

/// What is edited or written outside a transition, which a strict state does not let everybody do.
fn is_edit(what: &What) -> bool {
    matches!(
        what,
        What::SetFields(_)
            | What::SetPriority { .. }
            | What::Tag { .. }
            | What::Link(_)
            | What::Unlink(_)
            | What::Kin(super::KinCommand::Link { .. } | super::KinCommand::Unlink { .. })
            | What::Reply(_)
            | What::Note(_)
            | What::LogCall(_)
    )
}

/// What a strict state says against it, naming what can be done instead.
fn strict(playbook: &Playbook, actor: &Actor, roles: &[RoleName], what: &What, ticket: Option<&Ticket>) -> Option<Authorization> {
    let ticket = ticket.filter(|_| is_edit(what))?;
    let workflow = playbook.workflow(&ticket.workflow)?;
    let state = workflow.state(&ticket.state)?;
    if state.strict.is_empty() || *actor == Actor::System || !workflow::has_one(&state.strict, actor, roles) {
        return None;
    }
    let mut open: Vec<String> = Vec::new();
    for t in workflow.leaving(&ticket.state) {
        let name = format!("`{}`", t.name);
        if workflow.ruling(t, &ticket.state, actor, roles).allowed && !open.contains(&name) {
            open.push(name);
        }
    }
    let name = &state.name;
    let message = if open.is_empty() {
        text(
            format!("in `{name}` nothing is edited or written outside a transition, and you may take none"),
            format!("状态 `{name}` 下只能通过流转修改或回复，而您没有可执行的流转"),
        )
    } else {
        let open = open.join(", ");
        text(
            format!("in `{name}` nothing is edited or written outside a transition; take one of {open}"),
            format!("状态 `{name}` 下只能通过流转修改或回复；请执行 {open}"),
        )
    };
    Some(Authorization::new(what.word(), format!("strict: {name}"), Vec::new(), Refusal::one("strict", message)))
}

fn ruled(playbook: &Playbook, roster: &Roster, actor: &Actor, roles: &[RoleName], what: &What, ticket: Option<&Ticket>) -> Authorization {
    let first = rights(playbook, roster, actor, roles, what, ticket);
    if !first.allowed {
        return first;
    }
    strict(playbook, actor, roles, what, ticket).unwrap_or(first)
}

/// What the rights alone say, whatever the state.
fn rights(playbook: &Playbook, roster: &Roster, actor: &Actor, roles: &[RoleName], what: &What, ticket: Option<&Ticket>) -> Authorization {
    let word = what.word();
    let yes = |by: &str, roles: Vec<RoleName>| Authorization::new(word, by, roles, Refusal::default());
    let no = |by: String, roles: Vec<RoleName>, en: String, zh: String| {
        Authorization::new(word, by, roles, Refusal::one("not-allowed", text(en, zh)))
    };
    // A correction of what was promised is a person's word: neither the desk nor another program gives it (S87).
    let correction = matches!(what, What::CorrectSla { .. } | What::WithdrawCorrection { .. });
    let line = format!("settings.rights.{word}");
    let for_agents = || no("default".into(), named(&["agent"]), format!("`{word}` is for agents"), format!("`{word}` 仅限坐席"));
    match actor {
        Actor::System | Actor::Integration(_) if correction => no(
            "default".into(),
            Vec::new(),
            "an SLA correction is a person's word; give it as an agent who has the right".into(),
            "SLA 豁免须由有权限的坐席本人作出".into(),
        ),
        Actor::System => yes("system", Vec::new()),
        Actor::Integration(_) => yes("default", named(&["integration"])),
        Actor::Agent(id) => {
            if roster.agent(id).is_none() {
                return Authorization::new(word, "roster", Vec::new(), unknown_agent(id));
            }
            match playbook.settings().rights.get(word) {
                Some(allowed) if !roles.iter().any(|r| allowed.contains(r)) => {
                    let names = allowed.iter().map(|r| r.to_string()).collect::<Vec<_>>().join(", ");
                    no(line, allowed.to_vec(), format!("`{word}` is for {names}"), format!("`{word}` 仅限 {names}"))
                }
                Some(allowed) => yes(&line, allowed.to_vec()),
                None if correction => no(
                    line,
                    Vec::new(),
                    format!(
                        "nobody may correct SLA figures; name the roles that may in playbook.toml, [settings.rights] {word} = [\"lead\"]"
                    ),
                    format!("无人有权豁免 SLA；请在 playbook.toml 的 [settings.rights] 中指定角色，例如 {word} = [\"lead\"]"),
                ),
                None if matches!(what, What::Migrate(m) if m.of_many()) => no(
                    line,
                    Vec::new(),
                    format!(
                        "nobody may migrate tickets by hand; name the roles that may in playbook.toml, [settings.rights] {word} = [\"lead\"]"
                    ),
                    format!("无人有权迁移工单；请在 playbook.toml 的 [settings.rights] 中指定角色，例如 {word} = [\"lead\"]"),
                ),
                None => yes("default", named(&["agent"])),
            }
        }
        Actor::Requester(id) => {
            let own = ticket.is_none_or(|t| t.requester == *id);
            match what {
                What::Create(new) if new.requester != *id => no(
                    "own-ticket".into(),
                    named(&["requester"]),
                    "a requester makes tickets only for themselves".into(),
                    "请求人只能为自己提交工单".into(),
                ),
                What::Create(_) | What::Receive(_) => yes("own-ticket", named(&["requester"])),
                What::Reply(_) | What::Transition(_) | What::Rate { .. } if own => yes("own-ticket", named(&["requester"])),
                What::Reply(_) | What::Transition(_) | What::Rate { .. } => no(
                    "own-ticket".into(),
                    named(&["requester"]),
                    "the ticket is another requester's".into(),
                    "该工单属于其他请求人".into(),
                ),
                _ => for_agents(),
            }
        }
        Actor::Vendor(_) => match what {
            What::Reply(_) | What::Transition(_) => yes("default", named(&["vendor"])),
            _ => for_agents(),
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

/// The transitions from the ticket's state, each with every reason against it (S2) that the ticket itself, who acts, and the playbook give, by the same function as [`super::decide`]. What
/// only other tickets can say is told when the transition is taken: where open children would end with it (`on_end = "take"`, S13) and one of them cannot, the refusal is `children-open`.
/// [`crate::desk::Desk::preview`] asks them too.
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
    let roles = ctx.roster.roles_in(actor, ticket.group.as_ref());
    let view = View { event: "transition", actor, roles, customer, ..View::of(ticket, ctx.now.max(ticket.updated_at)) };
    let what = |name: &crate::id::TransitionName| What::transition(name);
    let offers = workflow.available(&view).into_iter();
    offers
        .map(|offer| {
            let right = allow(ctx.playbook, ctx.roster, actor, roles, &what(&offer.transition.name), Some(ticket));
            let mut refusal = right.err().unwrap_or_default();
            if ticket.kin.merged_into.is_some() {
                refusal.reasons.extend(super::merge::merged(ticket).reasons);
            }
            if offer.is_open() {
                refusal.reasons.extend(super::approval_round::unaskable(ctx.roster, workflow, offer.transition, &view, actor).reasons);
            }
            (offer, refusal)
        })
        .collect()
}
