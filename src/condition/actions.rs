//! Actions in definitions: read from TOML, every name in them checked.
//!
//! After-actions of transitions, escalations of agreements and whatever else names actions in a file use this one reading:
//! `{ tag = "x" }`, `{ untag = "x" }`, `{ set = { field = "resolution", value = "fixed", force = true } }` (no value clears it),
//! `{ priority = "high" }`, `{ route = "l2" }` or `{ route = { group = "l2", skills = { bgp = 2 } } }`, `{ assign = "anna" }`,
//! `{ watch = "anna" }`, `{ task = "diagnose" }`, `{ child = { type = "repair", subject = "…" } }`,
//! `{ reply = "received" }`, `{ notify = { to = "requester", template = "resolved" } }`, `{ transition = "close" }`, `{ note = "…" }`,
//! `{ score = { points = 10, reason = "…" } }`, and the bare words `"release"`, `"stop"`, `"mark_automatic"`, `"mark_thanks"`.

use super::reading::{Item, unknown};
use crate::calendar::Span;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, did_you_mean, text};
use crate::id::*;
use crate::ticket::{Action, Attribute, FieldKind, Recipient, Scale, Schema, Value};
use std::collections::BTreeMap;

const BARE: [&str; 4] = ["release", "stop", "mark_automatic", "mark_thanks"];
const WORDS: [&str; 18] = [
    "tag",
    "untag",
    "set",
    "priority",
    "route",
    "assign",
    "watch",
    "notify",
    "reply",
    "transition",
    "note",
    "note_from",
    "link",
    "webhook",
    "score",
    "task",
    "child",
    "request_approval",
];

/// The most actions one list may have.
const MOST: usize = 32;

/// The action with its value in the form its field has, or everything that is wrong with it. `place` answers where a part of the
/// action stands: `""` for the whole, else `group`, `skills`, `template`, `to`, `field`, `value` or the action's own word.
///
/// # Errors
/// A group, skill, template, field, level or transition the schema does not have; a value that does not fit its field.
///
/// ```
/// use ticketry::condition::check_action;
/// use ticketry::diagnostic::Place;
/// use ticketry::id::LevelName;
/// use ticketry::ticket::{Action, Scale, Schema};
/// let schema = Schema { priority: Scale::of(&["low", "high"]), ..Schema::default() };
/// let place = |_: &str| Place::file("builder");
/// assert!(check_action(Action::Priority(LevelName::new("high")), &schema, &place).is_ok());
/// let bad = check_action(Action::Priority(LevelName::new("hihg")), &schema, &place).unwrap_err();
/// assert_eq!(bad.iter().next().unwrap().code, "unknown-level");
/// ```
pub fn check_action(action: Action, schema: &Schema, place: &dyn Fn(&str) -> Place) -> Result<Action, Diagnostics> {
    let mut bad = Diagnostics::new();
    let action = match action {
        Action::Set { attribute, value, force } => match fit(&attribute, value, schema, place) {
            Ok(value) => Action::Set { attribute, value, force },
            Err(d) => return Err(d.into()),
        },
        Action::Priority(level) => {
            if let Some(d) = level_missing(&schema.priority, ("priority", "优先级"), level.as_str(), place("priority")) {
                bad.push(d);
            }
            Action::Priority(level)
        }
        Action::Route { group, skills } => {
            bad.extend(group_missing(schema, group.as_str(), place("group")));
            for (skill, level) in &skills {
                if !schema.skills.contains_key(skill) {
                    let known = schema.skills.keys().map(SkillName::as_str);
                    bad.push(unknown("unknown-skill", ("skill", "技能"), skill.as_str(), known, place("skills")));
                }
                if *level == 0 {
                    bad.push(
                        Diagnostic::error(
                            "bad-skill-level",
                            text(format!("level 0 of skill `{skill}` asks for nothing"), format!("技能 `{skill}` 的等级 0 没有意义")),
                        )
                        .at(place("skills"))
                        .help(text("levels begin at 1", "等级从 1 开始")),
                    );
                }
            }
            Action::Route { group, skills }
        }
        Action::Notify { to, template } => {
            bad.extend(template_missing(schema, &template, place("template")));
            if let Recipient::Group(g) = &to {
                bad.extend(group_missing(schema, g.as_str(), place("to")));
            }
            Action::Notify { to, template }
        }
        Action::Reply(template) => {
            bad.extend(template_missing(schema, &template, place("reply")));
            Action::Reply(template)
        }
        Action::NoteFrom(template) => {
            bad.extend(template_missing(schema, &template, place("note_from")));
            Action::NoteFrom(template)
        }
        Action::Webhook(hook) => {
            if !schema.hooks.contains_key(&hook) {
                let known = schema.hooks.keys().map(HookName::as_str);
                bad.push(unknown("unknown-hook", ("webhook", "回调"), hook.as_str(), known, place("webhook")));
            }
            Action::Webhook(hook)
        }
        Action::Task(name) => {
            if !schema.tasks.contains(&name) {
                let known = schema.tasks.iter().map(TaskName::as_str);
                bad.push(unknown("unknown-task", ("task", "任务"), name.as_str(), known, place("task")));
            }
            Action::Task(name)
        }
        Action::Child { kind, subject } => {
            if !schema.types.contains_key(&kind) {
                let known = schema.types.keys().map(TypeName::as_str);
                bad.push(unknown("unknown-type", ("type", "类型"), kind.as_str(), known, place("type")));
            }
            if subject.trim().is_empty() {
                let message = text("a ticket needs a subject", "工单必须有主题");
                bad.push(Diagnostic::error("bad-action", message).at(place("subject")));
            }
            Action::Child { kind, subject }
        }
        Action::RequestApproval(name) => {
            if !schema.approvals.contains(&name) {
                let known = schema.approvals.iter().map(ApprovalName::as_str);
                bad.push(unknown("unknown-approval", ("approval", "审批"), name.as_str(), known, place("request_approval")));
            }
            Action::RequestApproval(name)
        }
        Action::Transition(name) => {
            if !schema.transitions.contains(&name) {
                let known = schema.transitions.iter().map(TransitionName::as_str);
                bad.push(unknown("unknown-transition", ("transition", "流转"), name.as_str(), known, place("transition")));
            }
            Action::Transition(name)
        }
        other => other,
    };
    if bad.is_empty() { Ok(action) } else { Err(bad) }
}

/// Whether the schema has an attribute; `unknown-field` with a suggestion if not.
pub(crate) fn attribute_missing(schema: &Schema, attribute: &Attribute, place: Place) -> Option<Diagnostic> {
    let Attribute::Field(name) = attribute else { return None };
    if schema.fields.contains_key(name) {
        return None;
    }
    let known = schema.fields.keys().map(FieldName::as_str).chain(Attribute::BUILT_IN);
    Some(unknown("unknown-field", ("field", "字段"), name.as_str(), known, place))
}

/// `unknown-group` with a suggestion if the schema has no such group.
pub(crate) fn group_missing(schema: &Schema, group: &str, place: Place) -> Option<Diagnostic> {
    let known = schema.groups.keys().map(GroupId::as_str);
    (!schema.groups.contains_key(group)).then(|| unknown("unknown-group", ("group", "处理组"), group, known, place))
}

/// `unknown-template` with a suggestion, if the schema has no such template.
pub(crate) fn template_missing(schema: &Schema, template: &TemplateName, place: Place) -> Option<Diagnostic> {
    let known = schema.templates.keys().map(TemplateName::as_str);
    (!schema.templates.contains_key(template)).then(|| unknown("unknown-template", ("template", "模板"), template.as_str(), known, place))
}

/// `unknown-role` with a suggestion, if the schema has no such role and it is none of the built-in words.
pub(crate) fn role_missing(schema: &Schema, role: &str, built_in: &'static [&'static str], place: Place) -> Option<Diagnostic> {
    if schema.roles.contains_key(role) || built_in.contains(&role) {
        return None;
    }
    let known = schema.roles.keys().map(RoleName::as_str).chain(built_in.iter().copied().filter(|w| !schema.roles.contains_key(*w)));
    Some(unknown("unknown-role", ("role", "角色"), role, known, place))
}

/// `unknown-level` with a suggestion, if the scale has no such value.
pub(crate) fn level_missing(scale: &Scale, what: (&str, &str), level: &str, place: Place) -> Option<Diagnostic> {
    let known = scale.names().map(LevelName::as_str);
    (!scale.has(level)).then(|| unknown("unknown-level", what, level, known, place))
}

fn fit(attribute: &Attribute, value: Option<Value>, schema: &Schema, place: &dyn Fn(&str) -> Place) -> Result<Option<Value>, Diagnostic> {
    if let Some(d) = attribute_missing(schema, attribute, place("field")) {
        return Err(d);
    }
    let Some(value) = value else { return Ok(None) };
    let category = match (attribute, &value) {
        (Attribute::Category, Value::Text(c)) => Some(c.clone()),
        (Attribute::Category, Value::Choice(c)) => Some(c.as_str().into()),
        _ => None,
    };
    if let Some(path) = category {
        return if schema.categories.contains_key(&*path) {
            Ok(Some(Value::Text(path)))
        } else {
            let known = schema.categories.keys().map(CategoryPath::as_str);
            Err(unknown("unknown-category", ("category", "分类"), &path, known, place("value")))
        };
    }
    let Some(definition) = schema.attribute(attribute) else { return Ok(Some(value)) };
    let spelled = match &value {
        Value::Text(s) => Some(s.to_string()),
        Value::Choice(c) => Some(c.to_string()),
        _ => None,
    };
    definition.fit(value).map(Some).map_err(|misfit| {
        let help = match (&definition.kind, spelled) {
            (FieldKind::Choice(s) | FieldKind::Ordered(s), Some(word)) => did_you_mean(&word, s.names().map(LevelName::as_str)),
            _ => None,
        };
        Diagnostic::error(
            misfit.code,
            text(format!("`{}`: {}", attribute.name(), misfit.message.en), format!("`{}`：{}", attribute.name(), misfit.message.zh)),
        )
        .at(place("value"))
        .maybe_help(help)
    })
}

/// The actions of a list (or of a single action), every name checked; problems are put down in the item's document.
pub(crate) fn actions_from_toml(item: &Item<'_>, schema: &Schema) -> Vec<Action> {
    placed_actions(item, schema).into_iter().map(|(a, _)| a).collect()
}

/// As [`actions_from_toml`], each with its place.
pub(crate) fn placed_actions(item: &Item<'_>, schema: &Schema) -> Vec<(Action, Place)> {
    let items = item.one_or_many();
    if items.len() > MOST {
        item.wrong::<()>(
            "too-many",
            text(format!("{} actions where at most {MOST} fit", items.len()), format!("有 {} 个动作，最多 {MOST} 个", items.len())),
            None,
        );
    }
    items.iter().take(MOST).filter_map(|i| Some((action(i, schema)?, i.place()))).collect()
}

fn action(item: &Item<'_>, schema: &Schema) -> Option<Action> {
    if let Some(word) = item.as_text() {
        return bare(item, word);
    }
    let Some(table) = item.as_table() else {
        return item.mistyped("an action such as { tag = \"x\" }", "动作，例如 { tag = \"x\" }");
    };
    let entries = table.entries();
    let [(key, value)] = entries.as_slice() else {
        return item.wrong(
            "bad-action",
            text(
                format!("an action has exactly one key, not {}", entries.len()),
                format!("每个动作只有一个键，此处有 {} 个", entries.len()),
            ),
            Some(text(
                "write one table for each action: [{ tag = \"x\" }, { note = \"…\" }]",
                "每个动作写一个表：[{ tag = \"x\" }, { note = \"…\" }]",
            )),
        );
    };
    let mut places: BTreeMap<&'static str, Place> = BTreeMap::new();
    let read = match key.name {
        "tag" => Action::Tag(TagName::new(value.name()?)),
        "untag" => Action::Untag(TagName::new(value.name()?)),
        "priority" => Action::Priority(LevelName::new(value.text()?)),
        "assign" => Action::Assign(AgentId::new(value.name()?)),
        "watch" => Action::Watch(AgentId::new(value.name()?)),
        "transition" => Action::Transition(TransitionName::new(value.text()?)),
        "note" => Action::Note(value.text()?.to_string()),
        "reply" => Action::Reply(TemplateName::new(value.text()?)),
        "note_from" => Action::NoteFrom(TemplateName::new(value.text()?)),
        "webhook" => Action::Webhook(HookName::new(value.text()?)),
        "task" => Action::Task(TaskName::new(value.text()?)),
        "child" => {
            let t = value.table(&["type", "subject"])?;
            let kind = t.need("type", "the child's type", "子工单类型");
            let subject = t.need("subject", "the child's subject", "子工单主题").and_then(|i| i.text());
            let kind = kind.and_then(|i| i.text().inspect(|_| drop(places.insert("type", i.place()))));
            Action::Child { kind: TypeName::new(kind?), subject: subject?.to_string() }
        }
        "request_approval" => Action::RequestApproval(ApprovalName::new(value.text()?)),
        "link" => {
            let t = value.table(&["kind", "to"])?;
            let kind = t.need("kind", "how it is linked, such as `order`", "关联方式，例如 `order`").and_then(|i| i.name());
            let to = t.need("to", "what, as your program calls it", "关联对象的编号").and_then(|i| i.name());
            Action::Link { kind: TagName::new(kind?), to: ExternalId::new(to?) }
        }
        "score" => {
            let t = value.table(&["points", "reason"])?;
            let points = t.need("points", "how many points", "分值").and_then(|i| i.integer(-1_000_000, 1_000_000));
            let reason = t.need("reason", "why these points are given", "加分原因").and_then(|i| i.text());
            Action::Score { points: points?, reason: reason?.to_string() }
        }
        "set" => set(value, schema, &mut places)?,
        "route" => route(value, &mut places)?,
        "notify" => notify(value, &mut places)?,
        word if BARE.contains(&word) => {
            let asked = value.boolean()?;
            return if asked { bare(item, word) } else { None };
        }
        word => {
            let all = WORDS.iter().chain(&BARE).map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ");
            item.document().report(
                Diagnostic::error("unknown-action", text(format!("no action `{word}`"), format!("没有动作 `{word}`")))
                    .at(key.place.clone())
                    .help(text(format!("the actions are {all}"), format!("可用的动作：{all}")))
                    .maybe_help(did_you_mean(word, WORDS.iter().chain(&BARE))),
            );
            return None;
        }
    };
    match check_action(read, schema, &|part| places.get(part).cloned().unwrap_or_else(|| value.place())) {
        Ok(action) => Some(action),
        Err(d) => {
            item.document().report_all(d);
            None
        }
    }
}

fn bare(item: &Item<'_>, word: &str) -> Option<Action> {
    Some(match word {
        "release" => Action::Release,
        "stop" => Action::Stop,
        "mark_automatic" => Action::MarkAutomatic,
        "mark_thanks" => Action::MarkThanks,
        _ => {
            let known = WORDS.contains(&word);
            let help = if known {
                text(format!("`{word}` needs a value: {{ {word} = … }}"), format!("`{word}` 需要值：{{ {word} = … }}"))
            } else {
                let all = WORDS.iter().chain(&BARE).map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ");
                did_you_mean(word, WORDS.iter().chain(&BARE))
                    .unwrap_or_else(|| text(format!("the actions are {all}"), format!("可用的动作：{all}")))
            };
            return item.wrong(
                "unknown-action",
                text(format!("no action `{word}` stands alone"), format!("没有单独的动作 `{word}`")),
                Some(help),
            );
        }
    })
}

fn set(item: &Item<'_>, schema: &Schema, places: &mut BTreeMap<&'static str, Place>) -> Option<Action> {
    let t = item.table(&["field", "value", "force"])?;
    let force = t.get("force").and_then(|i| i.boolean()).unwrap_or(false);
    let field = t.need("field", "which field is set", "要设置的字段")?;
    places.insert("field", field.place());
    let attribute = Attribute::named(field.text()?);
    let value = match t.get("value") {
        None => None,
        Some(v) => {
            places.insert("value", v.place());
            let kind = match &attribute {
                Attribute::Field(f) => schema.fields.get(f).map(|d| &d.kind),
                _ => None,
            };
            Some(value_from_toml(&v, kind)?)
        }
    };
    Some(Action::Set { attribute, value, force })
}

/// A value as written, in the form its field wants where the text alone does not say it.
pub(crate) fn value_from_toml(item: &Item<'_>, kind: Option<&FieldKind>) -> Option<Value> {
    match kind {
        Some(FieldKind::Instant) => return item.instant().map(Value::Instant),
        Some(FieldKind::Duration) => return duration(item),
        Some(FieldKind::Choices(_)) => {
            let names: Vec<_> = item.one_or_many().iter().map(|i| i.text().map(LevelName::new)).collect();
            return names.into_iter().collect::<Option<_>>().map(Value::Choices);
        }
        _ => {}
    }
    if let Some(s) = item.as_text() {
        return Some(Value::text(s));
    }
    if item.is_boolean() {
        return item.boolean().map(Value::Boolean);
    }
    if item.is_integer() {
        return item.integer(i64::MIN, i64::MAX).map(Value::Integer);
    }
    item.mistyped("a text, a whole number or true or false (a decimal is written as a text)", "文本、整数或布尔值（小数写成文本）")
}

/// A span of wall time in microseconds: what a duration field holds.
fn duration(item: &Item<'_>) -> Option<Value> {
    let span = item.span()?;
    match span {
        Span::Wall(d) => d.num_microseconds().map(Value::Duration),
        Span::Open(_) | Span::Days(_) => item.wrong(
            "bad-span",
            text(format!("a duration field holds wall time, not {span}"), format!("时长字段只存自然时间，不能是 {span}")),
            Some(text("write `90m`, `8h` or `3d`", "请写 `90m`、`8h` 或 `3d`")),
        ),
    }
}

fn route(item: &Item<'_>, places: &mut BTreeMap<&'static str, Place>) -> Option<Action> {
    if let Some(group) = item.as_text() {
        return Some(Action::Route { group: GroupId::new(group), skills: BTreeMap::new() });
    }
    let t = item.table(&["group", "skills"])?;
    let mut skills = BTreeMap::new();
    if let Some(s) = t.get("skills") {
        places.insert("skills", s.place());
        skills = skills_from_toml(&s);
    }
    let group = t.need("group", "to which group", "目标处理组")?;
    places.insert("group", group.place());
    Some(Action::Route { group: GroupId::new(group.text()?), skills })
}

/// Skills with their least level: `{ bgp = 2 }`, or `["bgp"]` for level 1. Whether the skills exist is not checked here.
pub(crate) fn skills_from_toml(item: &Item<'_>) -> BTreeMap<SkillName, u8> {
    if item.as_text().is_some() || item.is_list() {
        return item.one_or_many().iter().filter_map(|i| i.name()).map(|n| (SkillName::new(n), 1)).collect();
    }
    let level = |i: &Item<'_>| i.integer(1, 255).and_then(|n| u8::try_from(n).ok());
    item.entries().iter().filter_map(|(k, i)| Some((SkillName::new(k.name), level(i)?))).collect()
}

fn notify(item: &Item<'_>, places: &mut BTreeMap<&'static str, Place>) -> Option<Action> {
    let t = item.table(&["to", "template"])?;
    let template = t.need("template", "which template is sent", "使用的模板");
    let to = t.need("to", "who is told", "通知对象")?;
    let template = template?;
    places.insert("template", template.place());
    places.insert("to", to.place());
    let word = to.text()?;
    let Some(recipient) = Recipient::parse(word) else {
        let all = Recipient::WORDS.map(|w| format!("`{w}`")).join(", ");
        return to.wrong(
            "unknown-recipient",
            text(format!("nobody is called `{word}`"), format!("没有通知对象 `{word}`")),
            did_you_mean(word, Recipient::WORDS).or_else(|| Some(text(format!("it is one of {all}"), format!("可取值：{all}")))),
        );
    };
    Some(Action::Notify { to: recipient, template: TemplateName::new(template.text()?) })
}
