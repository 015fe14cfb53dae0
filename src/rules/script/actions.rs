//! From a recorded call, `t.route("l2", #{skills: ["bgp"]})`, to an action. The same reading at load and at run.

use super::values::{Amount, Lapse, Moment, as_text, decimal_of, instant_of, lapse_of, text_in};
use crate::diagnostic::{Text, did_you_mean, text};
use crate::id::{
    AgentId, ApprovalName, ExternalId, GroupId, HookName, LevelName, SkillName, TagName, TaskName, TemplateName, TransitionName,
};
use crate::rules::recipient;
use crate::ticket::{Action, Attribute, FieldKind, Schema, Value};
use rhai::{Array, Dynamic, Map};
use std::collections::{BTreeMap, BTreeSet};

/// Every action word with the numbers of arguments it takes.
pub(super) const WORDS: [(&str, &[usize]); 22] = [
    ("score", &[2]),
    ("set", &[2]),
    ("set_force", &[2]),
    ("priority", &[1]),
    ("tag", &[1]),
    ("untag", &[1]),
    ("route", &[1, 2]),
    ("assign", &[1]),
    ("release", &[0]),
    ("notify", &[2]),
    ("reply", &[1]),
    ("note_from", &[1]),
    ("link", &[2]),
    ("webhook", &[1]),
    ("task", &[1]),
    ("request_approval", &[1]),
    ("watch", &[1]),
    ("transition", &[1]),
    ("note", &[1]),
    ("mark_automatic", &[0]),
    ("mark_thanks", &[0]),
    ("stop", &[0]),
];

/// What is wrong with the arguments of a call.
pub(super) struct Wrong {
    /// Which argument.
    pub(super) arg: usize,
    pub(super) code: &'static str,
    pub(super) message: Text,
    pub(super) help: Option<Text>,
}

fn wrong<T>(arg: usize, message: Text, help: Text) -> Result<T, Wrong> {
    Err(Wrong { arg, code: "wrong-argument", message, help: Some(help) })
}

/// Which argument a part of an action stands in.
pub(super) fn arg_of(part: &str) -> usize {
    usize::from(matches!(part, "skills" | "template" | "value" | "reason"))
}

/// The action asked for.
pub(super) fn read(word: &str, args: &[Dynamic]) -> Result<Action, Wrong> {
    let arg = |i: usize| args.get(i).cloned().unwrap_or(Dynamic::UNIT);
    let name = |i: usize| match text_in(&arg(i)) {
        Some(s) => Ok(s),
        None => wrong(
            i,
            text(format!("`{word}` takes a text here"), format!("`{word}` 此处需要文本")),
            text("write it in quotes", "请用引号写出"),
        ),
    };
    Ok(match word {
        "score" => match arg(0).as_int() {
            Ok(points) => Action::Score { points, reason: as_text(&arg(1)) },
            Err(_) => {
                return wrong(
                    0,
                    text("points are a whole number", "分值必须是整数"),
                    text("write `t.score(40, \"why\")`", "请写 `t.score(40, \"理由\")`"),
                );
            }
        },
        "set" | "set_force" => Action::Set { attribute: Attribute::named(&name(0)?), value: value(&arg(1))?, force: word == "set_force" },
        "priority" => Action::Priority(LevelName::new(name(0)?)),
        "tag" => Action::Tag(TagName::new(name(0)?)),
        "untag" => Action::Untag(TagName::new(name(0)?)),
        "route" => {
            let skills = if args.len() > 1 { skills(&arg(1))? } else { BTreeMap::new() };
            Action::Route { group: GroupId::new(name(0)?), skills }
        }
        "assign" => Action::Assign(AgentId::new(name(0)?)),
        "release" => Action::Release,
        "notify" => {
            let here = crate::diagnostic::Place::file("");
            let to = recipient(&name(0)?, &here).map_err(|d| Wrong { arg: 0, code: d.code, message: d.message, help: d.help })?;
            Action::Notify { to, template: TemplateName::new(name(1)?) }
        }
        "reply" => Action::Reply(TemplateName::new(name(0)?)),
        "note_from" => Action::NoteFrom(TemplateName::new(name(0)?)),
        "link" => Action::Link { kind: TagName::new(name(0)?), to: ExternalId::new(name(1)?) },
        "webhook" => Action::Webhook(HookName::new(name(0)?)),
        "task" => Action::Task(TaskName::new(name(0)?)),
        "request_approval" => Action::RequestApproval(ApprovalName::new(name(0)?)),
        "watch" => Action::Watch(AgentId::new(name(0)?)),
        "transition" => Action::Transition(TransitionName::new(name(0)?)),
        "note" => Action::Note(as_text(&arg(0))),
        "stop" => Action::Stop,
        "mark_automatic" => Action::MarkAutomatic,
        "mark_thanks" => Action::MarkThanks,
        _ => {
            return Err(Wrong {
                arg: 0,
                code: "unknown-function",
                message: text(format!("no action `{word}`"), format!("没有动作 `{word}`")),
                help: did_you_mean(word, WORDS.iter().map(|(w, _)| *w)),
            });
        }
    })
}

fn skills(options: &Dynamic) -> Result<BTreeMap<SkillName, u8>, Wrong> {
    let help = || {
        text(
            "write `#{ skills: [\"bgp\"] }`, or with levels `#{ skills: #{ bgp: 2 } }`",
            "请写 `#{ skills: [\"bgp\"] }`，带等级则写 `#{ skills: #{ bgp: 2 } }`",
        )
    };
    let Some(map) = options.read_lock::<Map>() else {
        return wrong(1, text("`route` takes a map of options here", "`route` 此处需要选项映射"), help());
    };
    let mut out = BTreeMap::new();
    for (key, value) in map.iter() {
        if key != "skills" {
            let message = text(format!("`route` has no option `{key}`"), format!("`route` 没有选项 `{key}`"));
            return wrong(1, message, did_you_mean(key, ["skills"]).unwrap_or_else(help));
        }
        if let Some(list) = value.read_lock::<Array>() {
            for item in list.iter() {
                let Some(s) = text_in(item) else {
                    return wrong(1, text("a skill is a text", "技能必须是文本"), help());
                };
                out.insert(SkillName::new(s), 1);
            }
        } else if let Some(levels) = value.read_lock::<Map>() {
            for (skill, level) in levels.iter() {
                match level.as_int().ok().and_then(|n| u8::try_from(n).ok()).filter(|n| *n > 0) {
                    Some(n) => out.insert(SkillName::new(skill.as_str()), n),
                    None => return wrong(1, text("a skill level is a number from 1 to 255", "技能等级是 1 到 255 的数字"), help()),
                };
            }
        } else {
            return wrong(1, text("skills are a list, or a map with levels", "技能应为列表，或带等级的映射"), help());
        }
    }
    Ok(out)
}

fn value(v: &Dynamic) -> Result<Option<Value>, Wrong> {
    if v.is_unit() {
        return Ok(None);
    }
    if let Some(s) = text_in(v) {
        return Ok(Some(Value::text(s)));
    }
    if let Ok(n) = v.as_int() {
        return Ok(Some(Value::Integer(n)));
    }
    if let Ok(b) = v.as_bool() {
        return Ok(Some(Value::Boolean(b)));
    }
    if let Some(d) = v.as_float().ok().and_then(decimal_of) {
        return Ok(Some(Value::Decimal(d)));
    }
    if let Some(a) = v.read_lock::<Amount>() {
        return Ok(Some(Value::Decimal(a.0)));
    }
    if let Some(t) = v.read_lock::<Moment>() {
        return Ok(Some(Value::instant(t.0)));
    }
    if let Some(d) = v.read_lock::<Lapse>() {
        return Ok(Some(Value::Duration(d.0)));
    }
    if let Some(list) = v.read_lock::<Array>()
        && let Some(names) = list.iter().map(text_in).collect::<Option<BTreeSet<_>>>()
    {
        return Ok(Some(Value::Choices(names.into_iter().map(LevelName::from).collect())));
    }
    wrong(
        1,
        text("this is no value a field can have", "字段不能取这样的值"),
        text(
            "a field takes a text, a number, true or false, a list of texts, or () to clear it",
            "字段可取文本、数字、布尔值、文本列表，或用 () 清空",
        ),
    )
}

/// A text given for an instant or a duration field in the field's own form.
pub(super) fn fitted(action: Action, schema: &Schema) -> Action {
    let Action::Set { attribute: Attribute::Field(name), value: Some(Value::Text(s)), force } = &action else { return action };
    let value = match schema.fields.get(name).map(|d| &d.kind) {
        Some(FieldKind::Instant) => instant_of(s).map(Value::Instant),
        Some(FieldKind::Duration) => lapse_of(s).map(Value::Duration),
        _ => None,
    };
    match value {
        Some(value) => Action::Set { attribute: Attribute::Field(name.clone()), value: Some(value), force: *force },
        None => action,
    }
}
