//! The primary events of each command (DESIGN 1.4, step 3).

use super::actions::{self, too_long, too_many, unknown};
use super::command::{NewMessage, NewTicket, What};
use super::draft::{Draft, Woken};
use super::refusal::Refusal;
use super::transition;
use crate::diagnostic::text;
use crate::id::*;
use crate::ticket::*;
use std::collections::BTreeMap;

/// Does what a command on an existing ticket asks, or says why not.
pub(super) fn perform(d: &mut Draft<'_>, what: &What) -> Result<(), Refusal> {
    let cause = Cause::Command;
    match what {
        What::Receive(_) | What::Create(_) | What::Tick | What::Review => Ok(()),
        What::Transition(given) => transition::take(d, given, &cause),
        What::Reply(m) => {
            still_open_to(d, m)?;
            message(d, m, MessageKind::Reply)
        }
        What::Note(m) => message(d, m, MessageKind::Note),
        What::LogCall(m) => message(d, m, MessageKind::Call),
        What::SetFields(fields) => {
            let by = if matches!(d.actor, Actor::Requester(_)) { Provenance::Requester } else { Provenance::Agent };
            let mut all = Refusal::default();
            for (attribute, value) in fields {
                if let Err(r) = actions::set(d, attribute, value.clone(), by, false, &cause) {
                    all.reasons.extend(r.reasons);
                }
            }
            all.done()
        }
        What::SetPriority { priority, until } => set_priority(d, priority.as_ref(), *until),
        What::Assign(agent) => actions::assign(d, agent, &cause),
        What::Release { reason } => match (d.ticket.assignee.is_some(), d.ticket.group.clone()) {
            (true, Some(group)) => {
                named(d, reason)?;
                actions::queue(d, &group, BTreeMap::new(), reason.clone(), &cause)
            }
            (false, _) => Err(Refusal::one("not-assigned", text("nobody has the ticket", "工单没有处理人"))),
            (true, None) => {
                actions::leave(d, "released", &cause);
                Ok(())
            }
        },
        What::HandOff { group, skills, reason } => {
            named(d, reason)?;
            actions::queue(d, group, skills.clone(), reason.clone(), &cause)
        }
        What::SetOwner(owner) => {
            if let Some(o) = owner
                && d.ctx.roster.agent(o).is_none()
            {
                return Err(unknown("agent", o.as_str()));
            }
            if d.ticket.owner != *owner {
                d.push(Event::OwnerSet(owner.clone()), cause);
            }
            Ok(())
        }
        What::Route => route(d),
        What::Tag { add, remove } => {
            let after = d.ticket.tags.union(add).filter(|t| !remove.contains(*t)).count();
            if after > d.ctx.limits.tags {
                return Err(too_many("tags", d.ctx.limits.tags));
            }
            for t in add {
                named(d, t.as_str())?;
                if !d.ticket.tags.contains(t) && !remove.contains(t) {
                    d.push(Event::Tagged(t.clone()), cause.clone());
                }
            }
            for t in remove {
                if d.ticket.tags.contains(t) {
                    d.push(Event::Untagged(t.clone()), cause.clone());
                }
            }
            Ok(())
        }
        What::Link(l) => {
            one_sided(l)?;
            link(d, l, &cause)
        }
        What::Unlink(link) => {
            one_sided(link)?;
            if d.ticket.links.contains(link) {
                d.push(Event::Unlinked(link.clone()), cause);
            }
            Ok(())
        }
        What::CheckOff { item, on } => transition::check_off(d, *item, *on, &cause),
        What::Away => {
            super::settle::absent_assignee(d);
            super::task::absent(d);
            super::approval::absent(d);
            Ok(())
        }
        What::Task(c) => super::task::command(d, c),
        What::Kin(c) => super::kin::command(d, c),
        What::Approval(c) => super::approval::command(d, c),
        What::Migrate(how) => super::migrate::migrate(d, how),
        What::Macro(name) => super::macros::run(d, name),
        What::Watch { agent, on } => actions::watch(d, agent, *on, &cause),
        What::Rate { stars, comment } => rate(d, *stars, comment),
        What::CorrectSla { clock, amendment, reason } => super::correct::correct(d, clock, *amendment, reason),
        What::WithdrawCorrection { correction, reason } => super::correct::withdraw(d, *correction, reason),
    }
}

/// A reason, a tag, a name of the caller's: short.
pub(super) fn named(d: &Draft<'_>, name: &str) -> Result<(), Refusal> {
    let most = d.ctx.limits.name;
    if name.len() <= most {
        return Ok(());
    }
    Err(Refusal::one(
        "too-long",
        text(format!("{} bytes where at most {most} fit", name.len()), format!("{} 字节，最多 {most} 字节", name.len())),
    ))
}

fn author(actor: &Actor) -> Author {
    match actor {
        Actor::Agent(_) => Author::Agent,
        Actor::Requester(_) => Author::Requester,
        Actor::Vendor(_) => Author::Vendor,
        Actor::Integration(_) | Actor::System => Author::System,
    }
}

/// An internal note by the acting person, written on the way.
pub(super) fn note(d: &Draft<'_>, body: Text) -> Message {
    Message {
        kind: MessageKind::Note,
        audience: Audience::Internal,
        author: author(d.actor),
        channel: d.ticket.channel.clone(),
        body,
        language: None,
        attachments: Vec::new(),
        automatic: false,
        thanks: false,
        external_id: None,
        at: d.at,
    }
}

/// Checks a message against the limits; all reasons at once.
pub(super) fn check_message(d: &Draft<'_>, m: &NewMessage, channel: &ChannelName) -> Result<(), Refusal> {
    let mut all = Refusal::default();
    let limits = d.ctx.limits;
    if m.body.len() > limits.body {
        all.reasons.extend(too_long(&Attribute::named("message"), m.body.len(), limits.body).reasons);
    }
    if m.body.trim().is_empty() && m.attachments.is_empty() {
        all.add("empty-message", text("the message is empty", "消息为空"));
    }
    if m.attachments.len() > limits.attachments {
        all.reasons.extend(too_many("attachments", limits.attachments).reasons);
    }
    if !d.ctx.playbook.schema().channels.contains_key(channel) {
        all.reasons.extend(unknown("channel", channel.as_str()).reasons);
    }
    let named = m.external_id.iter().map(|x| x.as_str().len()).chain(m.language.iter().map(String::len));
    let attached = m.attachments.iter().flat_map(|a| [a.name.len(), a.media_type.len(), a.reference.as_str().len()]);
    if named.chain(attached).any(|n| n > limits.name) {
        all.add(
            "too-long",
            text(format!("an id or file name is longer than {} bytes", limits.name), format!("标识或文件名超过 {} 字节", limits.name)),
        );
    }
    all.done()
}

/// Checks attachments against the limits.
pub(super) fn check_attachments(limits: &super::Limits, attachments: &[Attachment]) -> Result<(), Refusal> {
    let mut all = Refusal::default();
    if attachments.len() > limits.attachments {
        all.reasons.extend(too_many("attachments", limits.attachments).reasons);
    }
    if attachments.iter().flat_map(|a| [a.name.len(), a.media_type.len(), a.reference.as_str().len()]).any(|n| n > limits.name) {
        all.add(
            "too-long",
            text(format!("an id or file name is longer than {} bytes", limits.name), format!("标识或文件名超过 {} 字节", limits.name)),
        );
    }
    all.done()
}

pub(super) fn self_link() -> Refusal {
    Refusal::one("self-link", text("a ticket cannot be linked to itself", "工单不能关联自身"))
}

/// Whether one ticket waits for another, both must know: the one that ends tells the other by its own link (S13).
fn one_sided(link: &Link) -> Result<(), Refusal> {
    let waits = [Link::BLOCKED_BY, Link::BLOCKS].iter().any(|k| link.kind == **k);
    if !waits || !matches!(link.to, LinkTarget::Ticket(_)) {
        return Ok(());
    }
    Err(Refusal::one(
        "two-sided",
        text(
            "that one ticket waits for another both must know; link or unlink them as a command between tickets",
            "阻塞关系须由双方工单共同记录；请用工单之间的关联命令建立或解除",
        ),
    ))
}

/// Links another ticket, or something of the host's.
pub(super) fn link(d: &mut Draft<'_>, link: &Link, cause: &Cause) -> Result<(), Refusal> {
    named(d, link.kind.as_str())?;
    if let LinkTarget::External(x) = &link.to {
        named(d, x.as_str())?;
    }
    if link.to == LinkTarget::Ticket(d.ticket.id) {
        return Err(self_link());
    }
    if d.ticket.links.contains(link) {
        return Ok(());
    }
    if d.ticket.links.len() >= d.ctx.limits.links {
        return Err(too_many("links", d.ctx.limits.links));
    }
    d.push(Event::Linked(link.clone()), cause.clone());
    Ok(())
}

/// A requester's reply that would come too late to reopen the ticket is refused rather than lost on it (S16). What comes in by mail opens a ticket that follows up instead.
fn still_open_to(d: &Draft<'_>, reply: &NewMessage) -> Result<(), Refusal> {
    let late = matches!(d.actor, Actor::Requester(_)) && !reply.automatic && d.ticket.class.is_final();
    if !late || super::intake::may_reopen(d.ctx.playbook, &d.ticket, d.at) {
        return Ok(());
    }
    Err(Refusal::one(
        "closed-for-good",
        text(
            "the ticket is done, and the time in which a reply reopens it is over; send the message as a new request, which may name this one",
            "工单已结束，且已过回复可重新打开的时限；请另提新工单，并可注明本工单编号",
        ),
    ))
}

/// Adds a message and what leaves the house with it.
pub(super) fn message(d: &mut Draft<'_>, new: &NewMessage, kind: MessageKind) -> Result<(), Refusal> {
    let channel = new.channel.clone().unwrap_or_else(|| d.ticket.channel.clone());
    check_message(d, new, &channel)?;
    let author = author(d.actor);
    let audience = match (kind, author) {
        (MessageKind::Note, _) => Audience::Internal,
        (_, Author::Vendor) => Audience::Vendor,
        (_, Author::Requester) => Audience::Requester,
        _ => new.audience,
    };
    let message = Message {
        kind,
        audience,
        author,
        channel,
        body: new.body.clone(),
        language: new.language.clone(),
        attachments: new.attachments.clone(),
        automatic: new.automatic || author == Author::System,
        thanks: false,
        external_id: new.external_id.clone(),
        at: d.occurred(),
    };
    super::errand::broadcast(d, &message);
    say(d, message, &Cause::Command);
    Ok(())
}

/// Puts a message down, with what leaves the house.
pub(super) fn say(d: &mut Draft<'_>, message: Message, cause: &Cause) {
    let by_desk = matches!(message.author, Author::Agent | Author::System);
    if message.kind == MessageKind::Reply && by_desk && message.audience != Audience::Internal {
        d.effect(EffectKind::Outbound(message.clone()));
    }
    if d.message.is_none() {
        d.message = Some(Woken { message: std::sync::Arc::new(message.clone()) });
    }
    d.push(Event::MessageAdded(Box::new(message)), cause.clone());
}

fn set_priority(d: &mut Draft<'_>, priority: Option<&LevelName>, until: Option<UtcInstant>) -> Result<(), Refusal> {
    match priority {
        Some(level) => {
            if !d.ctx.playbook.schema().priority.has(level.as_str()) {
                return Err(unknown("priority", level.as_str()));
            }
            let until = until.map(at_door);
            if until.is_some_and(|u| u <= d.at) {
                return Err(Refusal::one("past", text("the override would end before it begins", "有效期早于当前时间")));
            }
            let same = d.ticket.priority.as_ref().is_some_and(|p| p.value == *level && p.by == Provenance::Agent)
                && d.ticket.priority_until == until;
            if !same {
                d.push(Event::PrioritySet { priority: Some(level.clone()), by: Provenance::Agent, until }, Cause::Command);
            }
        }
        None => {
            if d.ticket.priority.as_ref().is_some_and(|p| p.by == Provenance::Agent) {
                d.push(Event::OverrideEnded, Cause::Command);
            }
        }
    }
    Ok(())
}

fn rate(d: &mut Draft<'_>, stars: u8, comment: &str) -> Result<(), Refusal> {
    let mut all = Refusal::default();
    if !(1..=5).contains(&stars) {
        all.add("out-of-range", text("a rating has one to five stars", "评分为一到五星"));
    }
    if comment.len() > d.ctx.limits.body {
        all.reasons.extend(too_long(&Attribute::named("comment"), comment.len(), d.ctx.limits.body).reasons);
    }
    if d.ticket.class == StateClass::Cancelled {
        all.add("cancelled", text("a cancelled ticket is not rated", "已取消的工单不参与评价"));
    }
    // A late answer belongs to its request's cycle (S59).
    let cycle = match d.ticket.rating_requested {
        Some(c) => c,
        None if d.ticket.class.is_final() => d.ticket.cycle,
        None => {
            all.add("not-resolved", text("the ticket is not resolved yet", "工单尚未解决"));
            d.ticket.cycle
        }
    };
    all.done()?;
    d.push(Event::Rated { stars, comment: comment.to_string(), cycle }, Cause::Command);
    Ok(())
}

/// Finds an agent for a queued ticket (DESIGN 1.8).
fn route(d: &mut Draft<'_>) -> Result<(), Refusal> {
    let (Some(_), Some(group)) = (&d.ticket.queue, d.ticket.group.clone()) else {
        return Err(Refusal::one("not-queued", text("the ticket waits in no queue", "工单不在任何队列中")));
    };
    let Some(holdings) = d.holdings() else {
        let members: Vec<AgentId> = d.ctx.roster.members(&group).map(|a| a.id.clone()).collect();
        d.missing.extend(members);
        if d.missing.is_empty() {
            d.push(Event::RouteFailed { reason: "empty-group".into(), retry_at: None }, Cause::Command);
        }
        return Ok(());
    };
    let taken: Vec<(AgentId, u16)> = d.case.taken.iter().map(|c| (c.agent.clone(), c.slot)).collect();
    let decision = {
        let Some(mut input) = crate::routing::RouteInput::of(d.view("route"), d.ctx.roster, &holdings, d.ctx.playbook.calendars()) else {
            return Ok(());
        };
        input.taken = &taken;
        input.explain = d.ctx.trace;
        d.ctx.playbook.routing().route(&input)
    };
    d.why.routing = Some(decision.why());
    match &decision.winner {
        Some(w) => {
            d.claim(&w.agent, &w.slots);
            let assigned = Event::Assigned { agent: w.agent.clone(), group: None, slots: w.slots.clone(), manual: false, over: false };
            d.push(assigned, Cause::Command);
            super::settle::owner_of_first(d, &Cause::Command);
        }
        None => {
            let reason = decision.none.map_or("nobody", crate::routing::NoAgent::code).to_string();
            let retry_at = decision.retry_at.filter(|t| *t > d.at);
            d.push(Event::RouteFailed { reason, retry_at }, Cause::Command);
        }
    }
    if d.ctx.trace {
        d.trace.routing = Some(decision);
    }
    Ok(())
}

/// The opening of a new ticket, or every reason why it cannot be made.
pub(super) fn opening(
    ctx: &super::Context<'_>,
    new: &NewTicket,
    actor: &Actor,
    number: u64,
    at: UtcInstant,
    received: bool,
) -> Result<Opening, Refusal> {
    let schema = ctx.playbook.schema();
    let limits = ctx.limits;
    let by = if matches!(actor, Actor::Requester(_)) { Provenance::Requester } else { Provenance::Agent };
    let mut all = Refusal::default();
    if new.subject.trim().is_empty() {
        all.about(Attribute::Subject, "required", text("a ticket needs a subject", "工单必须有主题"));
    }
    for (attribute, len, most) in [
        (Attribute::Subject, new.subject.len(), limits.subject),
        (Attribute::Description, new.description.len(), limits.description),
        (Attribute::named("requester"), new.requester.as_str().len(), limits.name),
        (Attribute::Organisation, new.organisation.as_ref().map_or(0, |o| o.as_str().len()), limits.name),
    ] {
        if len > most {
            all.reasons.extend(too_long(&attribute, len, most).reasons);
        }
    }
    if new.requester.as_str().is_empty() {
        all.about(Attribute::named("requester"), "required", text("a ticket needs a requester", "工单必须有请求人"));
    }
    if !schema.channels.contains_key(&new.channel) {
        all.reasons.extend(unknown("channel", new.channel.as_str()).reasons);
    }
    if let Some(c) = &new.category
        && !schema.categories.contains_key(c)
    {
        all.reasons.extend(unknown("category", c.as_str()).reasons);
    }
    for (level, scale, what) in [(&new.impact, &schema.impact, "impact"), (&new.urgency, &schema.urgency, "urgency")] {
        if let Some(l) = level
            && !scale.has(l.as_str())
        {
            all.reasons.extend(unknown(what, l.as_str()).reasons);
        }
    }
    let mut fields: BTreeMap<FieldName, Sourced<Value>> = BTreeMap::new();
    let roles = ctx.roster.roles(actor);
    let template = new.template.as_ref().map(|t| (t, schema.ticket_templates.get(t)));
    match template {
        Some((name, None)) => all.reasons.extend(unknown("ticket template", name.as_str()).reasons),
        Some((name, Some(t))) if t.kind != new.kind => {
            all.add(
                "template-of-other-type",
                text(format!("the template `{name}` is for `{}`", t.kind), format!("模板 `{name}` 用于类型 `{}`", t.kind)),
            );
        }
        Some((_, Some(t))) => {
            fields.extend(t.fields.iter().map(|(f, v)| (f.clone(), Sourced { value: v.clone(), by: Provenance::Template })));
        }
        None => {}
    }
    for (name, value) in &new.fields {
        let attribute = Attribute::Field(name.clone());
        // What comes in through the host's gateway is not lost over a right of its sender.
        if !received && schema.fields.contains_key(name) && !schema.may_write(name.as_str(), actor, roles) {
            all.reasons.extend(super::authorize::not_writable(schema, name).reasons);
        }
        if schema.fields.contains_key(name) && !schema.has_field(&new.kind, &attribute) {
            all.reasons.extend(super::authorize::of_other_type(schema, &new.kind, &attribute).reasons);
        }
        match schema.fields.get(name).map(|def| def.fit(value.clone())) {
            None => all.reasons.extend(unknown("field", name.as_str()).reasons),
            Some(Ok(value)) => {
                fields.insert(name.clone(), Sourced { value, by });
            }
            Some(Err(m)) => {
                all.about(attribute, m.code, text(format!("`{name}`: {}", m.message.en), format!("`{name}`：{}", m.message.zh)))
            }
        }
    }
    for (name, def) in &schema.fields {
        if let Some(value) = def.default.clone()
            && !fields.contains_key(name)
            && schema.has_field(&new.kind, &Attribute::Field(name.clone()))
        {
            fields.insert(name.clone(), Sourced { value, by: Provenance::Default });
        }
    }
    let kind = schema.types.get(&new.kind);
    let of_type = kind.map(|k| k.required.as_slice()).unwrap_or_default();
    for name in schema.fields.iter().filter(|(_, d)| d.required).map(|(n, _)| n).chain(of_type) {
        if !fields.contains_key(name) && schema.has_field(&new.kind, &Attribute::Field(name.clone())) {
            all.about(Attribute::Field(name.clone()), "required", text(format!("`{name}` is required"), format!("`{name}` 为必填项")));
        }
    }
    if fields.values().map(|v| v.value.size()).sum::<usize>() > limits.fields {
        all.add(
            "too-large",
            text(format!("custom fields take more than {} bytes", limits.fields), format!("自定义字段超过 {} 字节", limits.fields)),
        );
    }
    if new.tags.len() > limits.tags {
        all.reasons.extend(too_many("tags", limits.tags).reasons);
    }
    if new.tags.iter().any(|t| t.as_str().len() > limits.name) {
        all.add("too-long", text(format!("a tag is longer than {} bytes", limits.name), format!("标签超过 {} 字节", limits.name)));
    }
    let workflow = kind.and_then(|_| ctx.playbook.workflow_for(&new.kind));
    let Some(workflow) = workflow else {
        all.reasons.extend(unknown("type", new.kind.as_str()).reasons);
        return Err(all);
    };
    let first = new.state.as_ref().unwrap_or(workflow.initial());
    let state = workflow.state(first).filter(|s| workflow.initials().contains(&s.name));
    let Some(state) = state else {
        let names = workflow.initials().iter().map(|s| s.to_string()).collect::<Vec<_>>().join(", ");
        all.add(
            "not-initial",
            text(format!("a ticket cannot begin in `{first}`, only in {names}"), format!("工单不能从 `{first}` 开始，只能从 {names} 开始")),
        );
        return Err(all);
    };
    let stay = transition::stay(ctx.playbook, workflow, state, None, at, &[]);
    all.done()?;
    Ok(Opening {
        number,
        kind: new.kind.clone(),
        workflow: workflow.reference(),
        subject: new.subject.clone(),
        description: new.description.clone(),
        requester: new.requester.clone(),
        provisional: new.provisional,
        organisation: new.organisation.clone(),
        channel: new.channel.clone(),
        category: new.category.clone().map(|value| Sourced { value, by }),
        impact: new.impact.clone().map(|value| Sourced { value, by }),
        urgency: new.urgency.clone().map(|value| Sourced { value, by }),
        fields,
        tags: new.tags.clone(),
        thread: None,
        follows: None,
        stay,
    })
}
