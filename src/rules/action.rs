//! Actions checked against the schema, and what they write.

use crate::condition;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Text, did_you_mean, text};
use crate::id::TagName;
use crate::ticket::{Action, Attribute, Recipient, Schema};

/// One thing a rule may write; two rules of equal order that write the same one are reported at load (S17).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Written {
    /// An attribute or a custom field.
    Attribute(Attribute),
    /// The priority itself.
    Priority,
    /// Points are added to the score.
    Score,
    /// A tag is added.
    Tag(TagName),
    /// A tag is removed.
    Untag(TagName),
    /// Tags whose names are worked out when the rule runs.
    Tags,
    /// Watchers.
    Watchers,
    /// What the message concerned is judged to be: automatic, mere thanks.
    Message,
    /// The group.
    Group,
    /// The assignee.
    Assignee,
    /// The state.
    State,
    /// Tasks.
    Tasks,
    /// Children.
    Children,
    /// Approvals.
    Approvals,
}

impl Written {
    /// What an action writes.
    pub fn by(action: &Action) -> Option<Self> {
        Some(match action {
            Action::Score { .. } => Self::Score,
            Action::Set { attribute, .. } => Self::Attribute(attribute.clone()),
            Action::Priority(_) => Self::Priority,
            Action::Tag(t) => Self::Tag(t.clone()),
            Action::Untag(t) => Self::Untag(t.clone()),
            Action::Route { .. } => Self::Group,
            Action::Assign(_) | Action::Release => Self::Assignee,
            Action::Transition(_) => Self::State,
            Action::Watch(_) => Self::Watchers,
            Action::Task(_) => Self::Tasks,
            Action::Child { .. } => Self::Children,
            Action::RequestApproval(_) => Self::Approvals,
            Action::MarkAutomatic | Action::MarkThanks => Self::Message,
            Action::Notify { .. }
            | Action::Reply(_)
            | Action::Note(_)
            | Action::NoteFrom(_)
            | Action::Link { .. }
            | Action::Webhook(_)
            | Action::Stop => return None,
        })
    }
    /// As authors name it.
    pub fn name(&self) -> String {
        match self {
            Self::Attribute(a) => a.name().to_string(),
            Self::Priority => "priority".into(),
            Self::Score => "score".into(),
            Self::Tag(t) | Self::Untag(t) => format!("tag {t}"),
            Self::Tags => "tags".into(),
            Self::Watchers => "watchers".into(),
            Self::Message => "message".into(),
            Self::Group => "group".into(),
            Self::Assignee => "assignee".into(),
            Self::State => "state".into(),
            Self::Tasks => "tasks".into(),
            Self::Children => "children".into(),
            Self::Approvals => "approvals".into(),
        }
    }
}

/// The longest note a rule may write, in bytes.
const NOTE: usize = 4_096;
/// The longest tag, agent id or reason, in bytes.
const NAME: usize = 128;

/// [`condition::check_action`], and what only rules get wrong: setting what is no field, and names that are empty or too long.
/// `place` answers where a part of the action stands, as there.
///
/// Whether an agent exists, only the roster of the moment says; the engine checks it.
///
/// # Errors
/// `not-settable`, `bad-name`, and those of [`condition::check_action`].
pub(super) fn checked(action: Action, schema: &Schema, place: &dyn Fn(&str) -> Place) -> Result<Action, Diagnostics> {
    let named = |what: (&str, &str), name: &str, most: usize, part: &str| {
        if name.trim().is_empty() || name.len() > most || (most == NAME && (name.trim() != name || name.chars().any(char::is_control))) {
            return Err(Diagnostics::from(
                Diagnostic::error(
                    "bad-name",
                    text(
                        format!("a {} is text of 1 to {most} bytes without blanks at its ends", what.0),
                        format!("{}应为 1 到 {most} 字节，首尾没有空白", what.1),
                    ),
                )
                .at(place(part)),
            ));
        }
        Ok(())
    };
    match &action {
        Action::Set { attribute: Attribute::Field(name), .. } if !schema.fields.contains_key(name) => {
            if let Some(help) = other_way(name.as_str()) {
                let message = text(format!("`{name}` is not set like a field"), format!("`{name}` 不能像字段那样设置"));
                return Err(Diagnostic::error("not-settable", message).at(place("field")).help(help).into());
            }
        }
        Action::Set { attribute: Attribute::Subject, value: None, .. } => {
            let message = text("the subject cannot be cleared", "主题不能清空");
            return Err(Diagnostic::error("not-settable", message).at(place("field")).into());
        }
        Action::Score { reason, .. } => named(("reason", "理由"), reason, NAME, "reason")?,
        Action::Tag(t) => named(("tag", "标签"), t.as_str(), NAME, "tag")?,
        Action::Untag(t) => named(("tag", "标签"), t.as_str(), NAME, "untag")?,
        Action::Assign(a) => named(("agent id", "坐席编号"), a.as_str(), NAME, "assign")?,
        Action::Watch(a) => named(("agent id", "坐席编号"), a.as_str(), NAME, "watch")?,
        Action::Link { kind, to } => {
            named(("kind of link", "关联方式"), kind.as_str(), NAME, "kind")?;
            named(("id", "编号"), to.as_str(), NAME, "to")?;
        }
        Action::Child { subject, .. } => named(("subject", "主题"), subject, NAME, "subject")?,
        Action::Note(body) => named(("note", "备注"), body, NOTE, "note")?,
        _ => {}
    }
    condition::check_action(action, schema, place)
}

/// What to write instead of `t.set` for what is no field.
fn other_way(name: &str) -> Option<Text> {
    Some(match name {
        "priority" => text("write `t.priority(\"…\")`", "请写 `t.priority(\"…\")`"),
        "tags" => text("write `t.tag(\"…\")` or `t.untag(\"…\")`", "请写 `t.tag(\"…\")` 或 `t.untag(\"…\")`"),
        "group" => text("write `t.route(\"…\")`", "请写 `t.route(\"…\")`"),
        "assignee" => text("write `t.assign(\"…\")` or `t.release()`", "请写 `t.assign(\"…\")` 或 `t.release()`"),
        "state" => text("write `t.transition(\"…\")`", "请写 `t.transition(\"…\")`"),
        "watchers" => text("write `t.watch(\"…\")`", "请写 `t.watch(\"…\")`"),
        "score" => text("write `t.score(points, \"why\")`", "请写 `t.score(分值, \"理由\")`"),
        _ => return None,
    })
}

/// The recipient of this word.
///
/// # Errors
/// `unknown-recipient`, with a suggestion.
pub fn recipient(word: &str, place: &Place) -> Result<Recipient, Diagnostic> {
    Recipient::parse(word).ok_or_else(|| {
        let all = Recipient::WORDS.join(", ");
        Diagnostic::error("unknown-recipient", text(format!("nobody is called `{word}`"), format!("没有名为 `{word}` 的收件人")))
            .at(place.clone())
            .help(did_you_mean(word, Recipient::WORDS).unwrap_or_else(|| text(format!("it is one of {all}"), format!("可取值：{all}"))))
    })
}
