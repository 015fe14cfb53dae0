//! What wakes a rule.

use crate::diagnostic::{Diagnostic, Place, did_you_mean, text};
use crate::id::{ApprovalName, FieldName, MetricName, StateName, TaskName};
use crate::ticket::{Attribute, Schema};
use std::{borrow::Cow, fmt};

/// Something that happened to a ticket, as rules name it in `on`.
///
/// ```
/// use ticketry::{diagnostic::Place, rules::Trigger, ticket::Schema};
/// let here = Place::file("example");
/// let t = Trigger::parse("changed:impact", &Schema::default(), &here).unwrap();
/// assert_eq!(t.word(), "changed:impact");
/// let refused = Trigger::parse("craeted", &Schema::default(), &here).unwrap_err();
/// assert_eq!(refused.help.unwrap().en, "did you mean `created`?");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Trigger {
    /// `created`: the ticket came into being.
    Created,
    /// `received`: something arrived at the door and was placed (S80), whatever became of it.
    Received,
    /// `message.requester`: the requester wrote.
    MessageFromRequester,
    /// `message.agent`: an agent wrote to the requester.
    MessageFromAgent,
    /// `message.vendor`: a vendor wrote.
    MessageFromVendor,
    /// `message.call`: a call was logged.
    MessageCall,
    /// `message.note`: an internal note was added.
    MessageNote,
    /// `changed:FIELD`: an attribute, a custom field, or one of [`Trigger::CHANGES`].
    Changed(FieldName),
    /// `assigned`: an agent got the ticket.
    Assigned,
    /// `handed_off`: it went from one group to another.
    HandedOff,
    /// `queued`: it entered a group's queue.
    Queued,
    /// `state:NAME`: it entered this state.
    State(StateName),
    /// `reopened`: it left a final class again.
    Reopened,
    /// `warning` or `warning:METRIC`: a warning mark of a clock was passed.
    Warning(Option<MetricName>),
    /// `breach` or `breach:METRIC`: a clock's due instant passed unmet.
    Breach(Option<MetricName>),
    /// `escalated`: an escalation level acted.
    Escalated,
    /// `limit`: it stayed in its state longer than the state allows (S61).
    Limit,
    /// `rated`: the requester gave a rating.
    Rated,
    /// `task.added` or `task.added:NAME`: a task was made.
    TaskAdded(Option<TaskName>),
    /// `task.done` or `task.done:NAME`: a task was done.
    TaskDone(Option<TaskName>),
    /// `task.overdue` or `task.overdue:NAME`: the due instant of a task passed.
    TaskOverdue(Option<TaskName>),
    /// `tasks.done`: a task was done, and none is open any more.
    TasksDone,
    /// `child.added`: it got a child.
    ChildAdded,
    /// `child.ended`: a child, or a ticket it is blocked by, came to a final class.
    ChildEnded,
    /// `child.reopened`: a child, or a ticket it is blocked by, is open again.
    ChildReopened,
    /// `children.ended`: a child ended, and none is open any more.
    ChildrenEnded,
    /// `merged`: it was merged into another ticket.
    Merged,
    /// `absorbed`: another ticket was merged into it.
    Absorbed,
    /// `approval.requested` or `approval.requested:NAME`: an approval was asked for.
    ApprovalRequested(Option<ApprovalName>),
    /// `approval.granted` or `approval.granted:NAME`: an approval was granted.
    ApprovalGranted(Option<ApprovalName>),
    /// `approval.declined` or `approval.declined:NAME`: an approval was declined.
    ApprovalDeclined(Option<ApprovalName>),
    /// `approval.expired` or `approval.expired:NAME`: the time of a stage of an approval ran out.
    ApprovalExpired(Option<ApprovalName>),
}

impl Trigger {
    /// What may stand behind `changed:` besides the built-in attributes and the fields of the schema.
    pub const CHANGES: [&'static str; 6] = ["priority", "tags", "group", "assignee", "owner", "watchers"];
    const PLAIN: [(&'static str, Self); 29] = [
        ("created", Self::Created),
        ("received", Self::Received),
        ("message.requester", Self::MessageFromRequester),
        ("message.agent", Self::MessageFromAgent),
        ("message.vendor", Self::MessageFromVendor),
        ("message.call", Self::MessageCall),
        ("message.note", Self::MessageNote),
        ("assigned", Self::Assigned),
        ("handed_off", Self::HandedOff),
        ("queued", Self::Queued),
        ("reopened", Self::Reopened),
        ("escalated", Self::Escalated),
        ("limit", Self::Limit),
        ("rated", Self::Rated),
        ("warning", Self::Warning(None)),
        ("task.added", Self::TaskAdded(None)),
        ("task.done", Self::TaskDone(None)),
        ("task.overdue", Self::TaskOverdue(None)),
        ("tasks.done", Self::TasksDone),
        ("child.added", Self::ChildAdded),
        ("child.ended", Self::ChildEnded),
        ("child.reopened", Self::ChildReopened),
        ("children.ended", Self::ChildrenEnded),
        ("merged", Self::Merged),
        ("absorbed", Self::Absorbed),
        ("approval.requested", Self::ApprovalRequested(None)),
        ("approval.granted", Self::ApprovalGranted(None)),
        ("approval.declined", Self::ApprovalDeclined(None)),
        ("approval.expired", Self::ApprovalExpired(None)),
    ];

    /// An attribute of this name changed.
    pub fn changed(name: &str) -> Self {
        Self::Changed(FieldName::new(name))
    }

    /// The word authors write, and the `event.name` that conditions see.
    pub fn word(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Changed(f) => return Cow::Owned(format!("changed:{f}")),
            Self::State(s) => return Cow::Owned(format!("state:{s}")),
            Self::Warning(Some(m)) => return Cow::Owned(format!("warning:{m}")),
            Self::Breach(Some(m)) => return Cow::Owned(format!("breach:{m}")),
            Self::TaskAdded(Some(n)) => return Cow::Owned(format!("task.added:{n}")),
            Self::TaskDone(Some(n)) => return Cow::Owned(format!("task.done:{n}")),
            Self::TaskOverdue(Some(n)) => return Cow::Owned(format!("task.overdue:{n}")),
            Self::ApprovalRequested(Some(n)) => return Cow::Owned(format!("approval.requested:{n}")),
            Self::ApprovalGranted(Some(n)) => return Cow::Owned(format!("approval.granted:{n}")),
            Self::ApprovalDeclined(Some(n)) => return Cow::Owned(format!("approval.declined:{n}")),
            Self::ApprovalExpired(Some(n)) => return Cow::Owned(format!("approval.expired:{n}")),
            Self::Breach(None) => "breach",
            plain => Self::PLAIN.iter().find(|(_, t)| t == plain).map_or("", |(w, _)| w),
        })
    }

    /// The trigger of this word.
    ///
    /// # Errors
    /// `unknown-trigger`, `unknown-field`, `unknown-state`, `unknown-metric`, `unknown-task`, `unknown-approval`: nothing of that name can happen under this schema.
    pub fn parse(word: &str, schema: &Schema, place: &Place) -> Result<Self, Diagnostic> {
        if let Some((_, t)) = Self::PLAIN.iter().find(|(w, _)| *w == word) {
            return Ok(t.clone());
        }
        if word == "breach" {
            return Ok(Self::Breach(None));
        }
        match word.split_once(':') {
            Some(("changed", name)) => {
                if Self::CHANGES.contains(&name) || Attribute::BUILT_IN.contains(&name) || schema.fields.contains_key(name) {
                    return Ok(Self::changed(name));
                }
                let known = Self::CHANGES
                    .iter()
                    .chain(&Attribute::BUILT_IN)
                    .map(|n| (*n).to_string())
                    .chain(schema.fields.keys().map(|f| f.to_string()));
                Err(Diagnostic::error(
                    "unknown-field",
                    text(
                        format!("`{word}`: a ticket has no field `{name}` that can change"),
                        format!("`{word}`：工单没有可变更的字段 `{name}`"),
                    ),
                )
                .at(place.clone())
                .maybe_help(did_you_mean(name, known)))
            }
            Some(("state", name)) => {
                if schema.states.contains_key(name) {
                    return Ok(Self::State(StateName::new(name)));
                }
                Err(unknown_state(name, schema, place))
            }
            Some(("warning" | "breach", m)) if !schema.metrics.is_empty() && !schema.metrics.contains(m) => {
                Err(unknown_metric(m, schema, place))
            }
            Some(("task.added" | "task.done" | "task.overdue", n)) if !schema.tasks.contains(n) => {
                Err(Diagnostic::error("unknown-task", text(format!("no workflow has a task `{n}`"), format!("没有工作流含有任务 `{n}`")))
                    .at(place.clone())
                    .maybe_help(did_you_mean(n, schema.tasks.iter().map(TaskName::as_str))))
            }
            Some(("approval.requested" | "approval.granted" | "approval.declined" | "approval.expired", n))
                if !schema.approvals.contains(n) =>
            {
                let message = text(format!("no workflow has an approval `{n}`"), format!("没有工作流含有审批 `{n}`"));
                Err(Diagnostic::error("unknown-approval", message)
                    .at(place.clone())
                    .maybe_help(did_you_mean(n, schema.approvals.iter().map(ApprovalName::as_str))))
            }
            Some(("approval.requested", n)) => Ok(Self::ApprovalRequested(Some(ApprovalName::new(n)))),
            Some(("approval.granted", n)) => Ok(Self::ApprovalGranted(Some(ApprovalName::new(n)))),
            Some(("approval.declined", n)) => Ok(Self::ApprovalDeclined(Some(ApprovalName::new(n)))),
            Some(("approval.expired", n)) => Ok(Self::ApprovalExpired(Some(ApprovalName::new(n)))),
            Some(("task.added", n)) => Ok(Self::TaskAdded(Some(TaskName::new(n)))),
            Some(("task.done", n)) => Ok(Self::TaskDone(Some(TaskName::new(n)))),
            Some(("task.overdue", n)) => Ok(Self::TaskOverdue(Some(TaskName::new(n)))),
            Some(("warning", m)) if !m.is_empty() => Ok(Self::Warning(Some(MetricName::new(m)))),
            Some(("breach", m)) if !m.is_empty() => Ok(Self::Breach(Some(MetricName::new(m)))),
            _ => {
                Err(Diagnostic::error("unknown-trigger", text(format!("no event is called `{word}`"), format!("没有名为 `{word}` 的事件")))
                    .at(place.clone())
                    .help(did_you_mean(word, Self::words()).unwrap_or_else(|| {
                        let all = Self::words().join(", ");
                        text(format!("it is one of {all}"), format!("可取值：{all}"))
                    })))
            }
        }
    }

    /// Every word, with placeholders where a name follows.
    pub fn words() -> Vec<&'static str> {
        let more = [
            "breach",
            "changed:FIELD",
            "state:NAME",
            "warning:METRIC",
            "breach:METRIC",
            "task.added:NAME",
            "task.done:NAME",
            "task.overdue:NAME",
            "approval.requested:NAME",
            "approval.granted:NAME",
            "approval.declined:NAME",
            "approval.expired:NAME",
        ];
        Self::PLAIN.iter().map(|(w, _)| *w).chain(more).collect()
    }

    /// The wider trigger that this one also is: `breach` for `breach:resolution`.
    pub(crate) fn wider(&self) -> Option<Self> {
        match self {
            Self::Warning(Some(_)) => Some(Self::Warning(None)),
            Self::Breach(Some(_)) => Some(Self::Breach(None)),
            Self::TaskAdded(Some(_)) => Some(Self::TaskAdded(None)),
            Self::TaskDone(Some(_)) => Some(Self::TaskDone(None)),
            Self::TaskOverdue(Some(_)) => Some(Self::TaskOverdue(None)),
            Self::ApprovalRequested(Some(_)) => Some(Self::ApprovalRequested(None)),
            Self::ApprovalGranted(Some(_)) => Some(Self::ApprovalGranted(None)),
            Self::ApprovalDeclined(Some(_)) => Some(Self::ApprovalDeclined(None)),
            Self::ApprovalExpired(Some(_)) => Some(Self::ApprovalExpired(None)),
            _ => None,
        }
    }
}

pub(super) fn unknown_metric(m: &str, schema: &Schema, place: &Place) -> Diagnostic {
    Diagnostic::error("unknown-metric", text(format!("no metric is called `{m}`"), format!("没有名为 `{m}` 的指标")))
        .at(place.clone())
        .maybe_help(did_you_mean(m, schema.metrics.iter().map(MetricName::as_str)))
}

pub(super) fn unknown_state(name: &str, schema: &Schema, place: &Place) -> Diagnostic {
    Diagnostic::error("unknown-state", text(format!("no workflow has a state `{name}`"), format!("没有工作流含有状态 `{name}`")))
        .at(place.clone())
        .maybe_help(did_you_mean(name, schema.states.keys()))
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.word())
    }
}
