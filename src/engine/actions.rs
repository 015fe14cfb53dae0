//! Actions become events here, whoever asked: a rule, an after-action, an escalation. One validator for all (S14).

use super::draft::Draft;
use super::input::TransitionInput;
use super::notify;
use super::refusal::{Reason, Refusal};
use super::transition;
use crate::diagnostic::text;
use crate::id::*;
use crate::store::Claim;
use crate::ticket::*;

/// Does one action, or says why not; a refused one has changed nothing that [`Draft::back_to`] would not undo.
pub(super) fn perform(d: &mut Draft<'_>, action: &Action, cause: &Cause) -> Result<(), Refusal> {
    match action {
        Action::Score { points, reason } => {
            let rule = match cause {
                Cause::Rule(r) => r.clone(),
                _ => RuleName::new("workflow"),
            };
            let same = d.ticket.score_parts.iter().any(|p| p.rule == rule && p.points == *points && p.reason == *reason);
            if !same {
                d.push(Event::Scored { rule, points: *points, reason: reason.clone() }, cause.clone());
            }
        }
        Action::Set { attribute, value, force } => set(d, attribute, value.clone(), Provenance::Rule, *force, cause)?,
        Action::Priority(level) => {
            if !d.ctx.playbook.schema().priority.has(level.as_str()) {
                return Err(unknown("priority", level.as_str()));
            }
            let kept = d.ticket.priority.as_ref().is_some_and(|p| p.by == Provenance::Agent);
            let same = d.ticket.priority.as_ref().is_some_and(|p| p.value == *level);
            if !kept && !same {
                d.push(Event::PrioritySet { priority: Some(level.clone()), by: Provenance::Rule, until: None }, cause.clone());
            }
        }
        Action::Tag(tag) => {
            if !d.ticket.tags.contains(tag) {
                if d.ticket.tags.len() >= d.ctx.limits.tags {
                    return Err(too_many("tags", d.ctx.limits.tags));
                }
                d.push(Event::Tagged(tag.clone()), cause.clone());
            }
        }
        Action::Untag(tag) => {
            if d.ticket.tags.contains(tag) {
                d.push(Event::Untagged(tag.clone()), cause.clone());
            }
        }
        Action::Route { group, skills } => queue(d, group, skills.clone(), String::new(), cause)?,
        Action::Assign(agent) => assign(d, agent, cause)?,
        Action::Release => {
            if d.ticket.assignee.is_some()
                && let Some(group) = d.ticket.group.clone()
            {
                queue(d, &group, Default::default(), "released".into(), cause)?;
            }
        }
        Action::Notify { to, template } => notify::notify(d, to, template, cause)?,
        Action::Reply(template) => notify::reply(d, template, cause)?,
        Action::Watch(agent) => watch(d, agent, true, cause)?,
        Action::Transition(name) => transition::take(d, &TransitionInput::new(name), cause)?,
        Action::Note(body) => note(d, body.as_str().into(), cause),
        Action::NoteFrom(template) => {
            let body = notify::body(d, template)?;
            note(d, notify::spoken(d, &body).into(), cause);
        }
        Action::Link { kind, to } => {
            let link = Link { kind: kind.clone(), to: LinkTarget::External(to.clone()) };
            super::perform::link(d, &link, cause)?;
        }
        Action::Webhook(hook) => {
            if !d.ctx.playbook.schema().hooks.contains_key(hook) {
                return Err(unknown("webhook", hook.as_str()));
            }
            d.push(Event::HookCalled(hook.clone()), cause.clone());
            d.effect(EffectKind::Webhook(hook.clone()));
        }
        Action::Task(name) => super::task::from_template(d, name, cause)?,
        Action::Child { kind, subject } => super::kin::child(d, kind, subject, cause)?,
        Action::RequestApproval(name) => super::approval::wanted(d, name, cause)?,
        Action::MarkAutomatic => judge(d, true, false, cause),
        Action::MarkThanks => judge(d, false, true, cause),
        Action::Stop => {}
    }
    Ok(())
}

/// Does what nobody is there to be refused to: refused, it changes nothing, and the journal says whose doing it was and why.
pub(super) fn attempt(
    d: &mut Draft<'_>,
    source: &str,
    action: &str,
    cause: &Cause,
    what: impl FnOnce(&mut Draft<'_>) -> Result<(), Refusal>,
) {
    let mark = d.mark();
    if let Err(r) = what(d) {
        d.back_to(mark);
        let code = r.reasons.first().map_or("refused", |r| r.code).to_string();
        d.push(Event::ActionRefused { rule: RuleName::new(source), action: action.into(), code }, cause.clone());
    }
}

/// It is closed or cancelled. One that is resolved may still get work, a call-back for one.
pub(super) fn over(t: &Ticket) -> bool {
    matches!(t.class, StateClass::Closed | StateClass::Cancelled)
}

/// A ticket that is over gets no more tasks and is not voted on any more.
pub(super) fn takes_more(d: &Draft<'_>, all: &mut Refusal) {
    if over(&d.ticket) {
        all.reasons.extend(Refusal::over().reasons);
    }
}

/// Whether something of this weight still fits the ticket.
pub(super) fn room(d: &Draft<'_>, more: usize, (en, zh): (&str, &str)) -> Result<(), Refusal> {
    let (weight, most) = (d.ticket.weight().saturating_add(more), d.ctx.limits.ticket);
    if weight <= most {
        return Ok(());
    }
    Err(Refusal::one(
        "too-large",
        text(
            format!("with the {en} the ticket would take {weight} bytes, at most {most} fit"),
            format!("加上该{zh}工单共 {weight} 字节，最多 {most} 字节"),
        ),
    ))
}

/// A message that no person wrote: it answers nothing (S22).
pub(super) fn automatic(d: &Draft<'_>, kind: MessageKind, audience: Audience, body: Text) -> Message {
    Message {
        kind,
        audience,
        author: Author::System,
        channel: d.ticket.channel.clone(),
        body,
        language: None,
        attachments: Vec::new(),
        automatic: true,
        thanks: false,
        external_id: None,
        at: d.at,
    }
}

/// An internal note that no person wrote.
fn note(d: &mut Draft<'_>, body: Text, cause: &Cause) {
    let m = automatic(d, MessageKind::Note, Audience::Internal, body);
    d.push(Event::MessageAdded(Box::new(m)), cause.clone());
}

fn judge(d: &mut Draft<'_>, automatic: bool, thanks: bool, cause: &Cause) {
    let Some(w) = &mut d.message else { return };
    if w.message.author != Author::Requester || w.message.automatic || (thanks && w.message.thanks) {
        return;
    }
    let m = std::sync::Arc::make_mut(&mut w.message);
    m.automatic |= automatic;
    m.thanks |= thanks;
    d.push(Event::MessageJudged { automatic, thanks }, cause.clone());
}

/// What an attribute holds now, and who said so.
pub(super) fn present(t: &Ticket, attribute: &Attribute) -> Option<(Value, Provenance)> {
    match attribute {
        Attribute::Subject => Some((Value::Text(t.subject.clone()), Provenance::Default)),
        Attribute::Description => Some((Value::Text(t.description.clone()), Provenance::Default)),
        Attribute::Organisation => t.organisation.as_ref().map(|o| (Value::text(o.as_str()), Provenance::Default)),
        Attribute::Category => t.category.as_ref().map(|c| (Value::text(c.value.as_str()), c.by)),
        Attribute::Impact => t.impact.as_ref().map(|c| (Value::choice(c.value.as_str()), c.by)),
        Attribute::Urgency => t.urgency.as_ref().map(|c| (Value::choice(c.value.as_str()), c.by)),
        Attribute::Field(f) => t.fields.get(f).map(|v| (v.value.clone(), v.by)),
    }
}

/// Sets an attribute, if its source is as strong as the present one (S25) or `force`d, and the value fits.
pub(super) fn set(
    d: &mut Draft<'_>,
    attribute: &Attribute,
    value: Option<Value>,
    by: Provenance,
    force: bool,
    cause: &Cause,
) -> Result<(), Refusal> {
    let schema = d.ctx.playbook.schema();
    if !schema.has_field(&d.ticket.kind, attribute) {
        return Err(super::authorize::of_other_type(schema, &d.ticket.kind, attribute));
    }
    // What a person gives, they give with their own right; rules and the workflow act for the desk.
    if let Attribute::Field(f) = attribute
        && matches!(by, Provenance::Agent | Provenance::Requester)
        && !schema.may_write(f.as_str(), d.actor, d.roles)
    {
        return Err(super::authorize::not_writable(schema, f));
    }
    let value = fit(d, attribute, value)?;
    let t = &d.ticket;
    let present = present(t, attribute);
    if let Some((_, strong)) = &present
        && *strong > by
        && !force
    {
        return Ok(());
    }
    // The same value from the same or a weaker source is no change; from a stronger one it is firmer from now on.
    let same = present.as_ref().map(|(v, _)| v) == value.as_ref();
    let firmer = matches!(attribute, Attribute::Category | Attribute::Impact | Attribute::Urgency | Attribute::Field(_))
        && present.as_ref().is_some_and(|(_, strong)| *strong < by);
    if same && !firmer {
        return Ok(());
    }
    let size: usize = match (&value, attribute) {
        (Some(v), Attribute::Field(f)) => {
            let others: usize =
                t.fields.iter().filter(|(n, _)| *n != f).map(|(n, v)| n.as_str().len().saturating_add(v.value.size())).sum();
            others.saturating_add(v.size())
        }
        _ => 0,
    };
    if size > d.ctx.limits.fields {
        return Err(Refusal::one(
            "too-large",
            text(
                format!("custom fields would take {size} bytes, at most {} fit", d.ctx.limits.fields),
                format!("自定义字段共需 {size} 字节，最多 {} 字节", d.ctx.limits.fields),
            ),
        ));
    }
    d.push(Event::Set { attribute: attribute.clone(), value, by }, cause.clone());
    Ok(())
}

/// The value in the attribute's own form, or every reason why it does not fit.
pub(super) fn fit(d: &Draft<'_>, attribute: &Attribute, value: Option<Value>) -> Result<Option<Value>, Refusal> {
    let schema = d.ctx.playbook.schema();
    let limits = d.ctx.limits;
    let as_text = |v: Value| match v {
        Value::Text(s) => Ok(s),
        Value::Choice(c) => Ok(Text::from(c.as_str())),
        other => Err(Refusal {
            reasons: vec![Reason {
                code: "wrong-type",
                message: text(
                    format!("`{}` holds text, not a value of kind {}", attribute.name(), other.kind()),
                    format!("`{}` 是文本，不能是 {}", attribute.name(), other.kind()),
                ),
                attribute: Some(attribute.clone()),
                item: None,
            }],
        }),
    };
    let long = |s: &Text, most: usize| if s.len() > most { Err(too_long(attribute, s.len(), most)) } else { Ok(()) };
    let Some(value) = value else {
        if *attribute == Attribute::Subject {
            return Err(Refusal::one("required", text("a ticket needs a subject", "工单必须有主题")));
        }
        return Ok(None);
    };
    match attribute {
        Attribute::Subject => {
            let s = as_text(value)?;
            long(&s, limits.subject)?;
            if s.trim().is_empty() {
                return Err(Refusal::one("required", text("a ticket needs a subject", "工单必须有主题")));
            }
            Ok(Some(Value::Text(s)))
        }
        Attribute::Description => {
            let s = as_text(value)?;
            long(&s, limits.description)?;
            Ok(Some(Value::Text(s)))
        }
        Attribute::Organisation => {
            let s = as_text(value)?;
            long(&s, limits.name)?;
            Ok(Some(Value::Text(s)))
        }
        Attribute::Category => {
            let s = as_text(value)?;
            if schema.categories.contains_key(&*s) { Ok(Some(Value::Text(s))) } else { Err(unknown("category", &s)) }
        }
        Attribute::Impact | Attribute::Urgency => {
            let s = as_text(value)?;
            let scale = if *attribute == Attribute::Impact { &schema.impact } else { &schema.urgency };
            if scale.has(&s) {
                Ok(Some(Value::choice(&*s)))
            } else {
                Err(unknown(if *attribute == Attribute::Impact { "impact" } else { "urgency" }, &s))
            }
        }
        Attribute::Field(name) => match schema.fields.get(name) {
            None => Err(unknown("field", name.as_str())),
            Some(def) => def.fit(value).map(Some).map_err(|m| Refusal {
                reasons: vec![Reason {
                    code: m.code,
                    message: text(format!("`{name}`: {}", m.message.en), format!("`{name}`：{}", m.message.zh)),
                    attribute: Some(attribute.clone()),
                    item: None,
                }],
            }),
        },
    }
}

/// Sends the ticket to a group's queue; its assignee loses it.
pub(super) fn queue(
    d: &mut Draft<'_>,
    group: &GroupId,
    skills: std::collections::BTreeMap<SkillName, u8>,
    reason: String,
    cause: &Cause,
) -> Result<(), Refusal> {
    let schema = d.ctx.playbook.schema();
    if !schema.groups.contains_key(group) {
        return Err(unknown("group", group.as_str()));
    }
    if let Some(s) = skills.keys().find(|s| !schema.skills.contains_key(*s)) {
        return Err(unknown("skill", s.as_str()));
    }
    if !d.ticket.is_open() {
        return Err(Refusal::over());
    }
    let handoff = d.ticket.group.as_ref().is_some_and(|g| g != group);
    let already = d.ticket.queue.as_ref().is_some_and(|q| q.skills == skills) && d.ticket.group.as_ref() == Some(group);
    if already && d.ticket.assignee.is_none() {
        return Ok(());
    }
    leave(d, if handoff { "handed-off" } else { "released" }, cause);
    d.push(Event::Queued { group: group.clone(), skills, handoff, reason }, cause.clone());
    Ok(())
}

/// Takes the ticket from its assignee, slots included.
pub(super) fn leave(d: &mut Draft<'_>, why: &str, cause: &Cause) {
    if let Some(agent) = d.ticket.assignee.clone() {
        release_slots(d, &agent);
        d.push(Event::Released { agent, why: why.to_string() }, cause.clone());
    }
}

/// Records that the slots the ticket holds are given back with this commit.
pub(super) fn release_slots(d: &mut Draft<'_>, agent: &AgentId) {
    for slot in d.ticket.slots.clone() {
        let claim = Claim { agent: agent.clone(), slot };
        // Taken in this very commit: simply not taken.
        if let Some(i) = d.takes.iter().position(|c| *c == claim) {
            d.takes.remove(i);
        } else {
            d.releases.push(claim);
        }
    }
}

/// Assigns an agent by a person's or a rule's word; capacity may be exceeded, and is flagged (S33).
pub(super) fn assign(d: &mut Draft<'_>, agent: &AgentId, cause: &Cause) -> Result<(), Refusal> {
    let Some(known) = d.ctx.roster.agent(agent) else { return Err(unknown("agent", agent.as_str())) };
    if !d.ticket.is_open() {
        return Err(Refusal::over());
    }
    if d.ticket.assignee.as_ref() == Some(agent) {
        return Ok(());
    }
    // Someone from another group takes the ticket into a group of their own.
    let group = match &d.ticket.group {
        Some(g) if known.groups.contains(g) => None,
        _ => known.groups.iter().next().cloned(),
    };
    leave(d, "reassigned", cause);
    let (slots, over) = super::settle::claim_by_hand(d, agent);
    d.push(Event::Assigned { agent: agent.clone(), group, slots, manual: true, over }, cause.clone());
    super::settle::owner_of_first(d, cause);
    Ok(())
}

/// Adds or removes a watcher.
pub(super) fn watch(d: &mut Draft<'_>, agent: &AgentId, on: bool, cause: &Cause) -> Result<(), Refusal> {
    if d.ctx.roster.agent(agent).is_none() {
        return Err(unknown("agent", agent.as_str()));
    }
    match (on, d.ticket.watchers.contains(agent)) {
        (true, false) if d.ticket.watchers.len() >= d.ctx.limits.watchers => return Err(too_many("watchers", d.ctx.limits.watchers)),
        (true, false) => d.push(Event::Watched(agent.clone()), cause.clone()),
        (false, true) => d.push(Event::Unwatched(agent.clone()), cause.clone()),
        _ => {}
    }
    Ok(())
}

pub(super) fn unknown(what: &'static str, name: &str) -> Refusal {
    let short: String = name.chars().take(64).collect();
    let (code, zh) = match what {
        "group" => ("unknown-group", "处理组"),
        "skill" => ("unknown-skill", "技能"),
        "agent" => ("unknown-agent", "坐席"),
        "category" => ("unknown-category", "分类"),
        "field" => ("unknown-field", "字段"),
        "priority" => ("unknown-priority", "优先级"),
        "impact" => ("unknown-impact", "影响"),
        "urgency" => ("unknown-urgency", "紧急度"),
        "type" => ("unknown-type", "工单类型"),
        "channel" => ("unknown-channel", "渠道"),
        "template" => ("unknown-template", "模板"),
        "macro" => ("unknown-macro", "宏"),
        "task" => ("unknown-task", "任务"),
        "approval" => ("unknown-approval", "审批"),
        "state" => ("unknown-state", "状态"),
        _ => ("unknown", "名称"),
    };
    Refusal::one(code, text(format!("the playbook knows no {what} `{short}`"), format!("配置包中没有{zh} `{short}`")))
}

pub(super) fn too_many(what: &str, most: usize) -> Refusal {
    Refusal::one("too-many", text(format!("a ticket has at most {most} {what}"), format!("每个工单最多 {most} 个 {what}")))
}

pub(super) fn too_long(attribute: &Attribute, got: usize, most: usize) -> Refusal {
    Refusal {
        reasons: vec![Reason {
            code: "too-long",
            message: text(
                format!("`{}` is {got} bytes, at most {most} fit", attribute.name()),
                format!("`{}` 共 {got} 字节，最多 {most} 字节", attribute.name()),
            ),
            attribute: Some(attribute.clone()),
            item: None,
        }],
    }
}

/// An action in a few words, for traces.
pub(super) fn describe(action: &Action) -> String {
    match action {
        Action::Score { points, reason } => format!("score {points:+} ({reason})"),
        Action::Set { attribute, value, .. } => {
            format!("set {} = {}", attribute.name(), value.as_ref().map_or("()".into(), ToString::to_string))
        }
        Action::Priority(l) => format!("priority {l}"),
        Action::Tag(t) => format!("tag {t}"),
        Action::Untag(t) => format!("untag {t}"),
        Action::Route { group, skills } if skills.is_empty() => format!("route to {group}"),
        Action::Route { group, skills } => {
            format!("route to {group} needing {}", skills.iter().map(|(s, n)| format!("{s}≥{n}")).collect::<Vec<_>>().join(", "))
        }
        Action::Assign(a) => format!("assign {a}"),
        Action::Notify { to, template } => format!("notify {} with {template}", recipient(to)),
        Action::Reply(t) => format!("reply with {t}"),
        Action::NoteFrom(t) => format!("note from {t}"),
        Action::Link { kind, to } => format!("link {kind} {to}"),
        Action::Webhook(h) => format!("webhook {h}"),
        Action::Task(t) => format!("task {t}"),
        Action::Child { kind, subject } => format!("child {kind} ({subject})"),
        Action::RequestApproval(a) => format!("request approval {a}"),
        Action::Watch(a) => format!("watch {a}"),
        Action::Transition(t) => format!("transition {t}"),
        Action::Note(_) => "note".into(),
        other => other.word().replace('_', " "),
    }
}

pub(super) fn recipient(to: &crate::ticket::Recipient) -> String {
    use crate::ticket::Recipient as R;
    match to {
        R::Requester => "requester".into(),
        R::Assignee => "assignee".into(),
        R::Owner => "owner".into(),
        R::Lead => "lead".into(),
        R::Manager => "manager".into(),
        R::OnCall => "on call".into(),
        R::Watchers => "watchers".into(),
        R::Group(g) => format!("group {g}"),
        R::Agent(a) => a.to_string(),
    }
}
