//! What a rule, an after-action or an escalation asks for: data, validated by the engine.

use super::Value;
use crate::id::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// To whom a notification goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// The requester.
    Requester,
    /// The assignee.
    Assignee,
    /// The owner 主导人.
    Owner,
    /// The group's lead.
    Lead,
    /// The manager above the lead.
    Manager,
    /// Who is on call 值班.
    OnCall,
    /// Everyone watching.
    Watchers,
    /// Every agent of a group.
    Group(GroupId),
    /// One agent.
    Agent(AgentId),
}

impl Recipient {
    /// The word of authors (`requester`, `assignee`, `lead`, …), `group:NAME` or `agent:NAME`.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "requester" => Self::Requester,
            "assignee" => Self::Assignee,
            "owner" => Self::Owner,
            "lead" => Self::Lead,
            "manager" => Self::Manager,
            "on_call" => Self::OnCall,
            "watchers" => Self::Watchers,
            _ => match word.split_once(':') {
                Some(("group", g)) if !g.is_empty() => Self::Group(GroupId::new(g)),
                Some(("agent", a)) if !a.is_empty() => Self::Agent(AgentId::new(a)),
                _ => return None,
            },
        })
    }
    /// The words [`Recipient::parse`] takes, for suggestions.
    pub const WORDS: [&'static str; 9] =
        ["requester", "assignee", "owner", "lead", "manager", "on_call", "watchers", "group:NAME", "agent:NAME"];
}

/// A settable attribute of a ticket: built in, or a custom field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Attribute {
    /// Subject, text.
    Subject,
    /// Description, text.
    Description,
    /// Category path, text.
    Category,
    /// Impact, choice.
    Impact,
    /// Urgency, choice.
    Urgency,
    /// Organisation, text.
    Organisation,
    /// A field of the schema.
    Field(FieldName),
}

impl Attribute {
    /// The built-in attribute of this name, or the custom field so named.
    pub fn named(name: &str) -> Self {
        match name {
            "subject" => Self::Subject,
            "description" => Self::Description,
            "category" => Self::Category,
            "impact" => Self::Impact,
            "urgency" => Self::Urgency,
            "organisation" => Self::Organisation,
            _ => Self::Field(FieldName::new(name)),
        }
    }
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Subject => "subject",
            Self::Description => "description",
            Self::Category => "category",
            Self::Impact => "impact",
            Self::Urgency => "urgency",
            Self::Organisation => "organisation",
            Self::Field(f) => f.as_str(),
        }
    }
    /// The built-in names.
    pub const BUILT_IN: [&'static str; 6] = ["subject", "description", "category", "impact", "urgency", "organisation"];
}

/// One thing asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Adds to the priority score, with the reason.
    Score {
        /// Points, may be negative.
        points: i64,
        /// Why.
        reason: String,
    },
    /// Sets an attribute.
    Set {
        /// Which.
        attribute: Attribute,
        /// To what; none clears it.
        value: Option<Value>,
        /// Overwrites even what an agent set (S25).
        force: bool,
    },
    /// Sets the priority itself.
    Priority(LevelName),
    /// Adds a tag.
    Tag(TagName),
    /// Removes a tag.
    Untag(TagName),
    /// Sends the ticket to a group, to be assigned by skill.
    Route {
        /// The group.
        group: GroupId,
        /// Skills required, with the least level.
        skills: BTreeMap<SkillName, u8>,
    },
    /// Assigns an agent.
    Assign(AgentId),
    /// Takes the ticket back from its assignee into the queue.
    Release,
    /// Sends a notification from a template.
    Notify {
        /// To whom.
        to: Recipient,
        /// Which template.
        template: TemplateName,
    },
    /// Adds a watcher.
    Watch(AgentId),
    /// Takes a transition.
    Transition(TransitionName),
    /// Adds an internal note, marked automatic.
    Note(String),
    /// Marks the message that woke the rule as automatic (S81).
    MarkAutomatic,
    /// Marks the message that woke the rule as mere thanks (S81).
    MarkThanks,
    /// Ends the evaluation of later rules for this command (S23).
    Stop,
    /// Writes to the requester from a template, marked automatic: it answers nothing (S22).
    Reply(TemplateName),
    /// Adds an internal note from a template, marked automatic.
    NoteFrom(TemplateName),
    /// Links something of the host's: an order, a device.
    Link {
        /// How: `order`, `caused-by`.
        kind: TagName,
        /// What, as the host calls it.
        to: ExternalId,
    },
    /// Asks the host to call one of the webhooks that the playbook declares.
    Webhook(HookName),
    /// Makes a task from a template of the ticket's workflow; nothing if one of it is open.
    Task(TaskName),
    /// Makes a ticket that is a child of this one and blocks its end: for the same requester, of the same organisation, channel and category.
    Child {
        /// Its type.
        kind: TypeName,
        /// Its subject.
        subject: String,
    },
    /// Asks for an approval of the ticket's workflow; nothing if it is asked for or granted already, or not needed.
    RequestApproval(ApprovalName),
}

impl Action {
    /// The word authors write.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Score { .. } => "score",
            Self::Set { .. } => "set",
            Self::Priority(_) => "priority",
            Self::Tag(_) => "tag",
            Self::Untag(_) => "untag",
            Self::Route { .. } => "route",
            Self::Assign(_) => "assign",
            Self::Release => "release",
            Self::Notify { .. } => "notify",
            Self::Watch(_) => "watch",
            Self::Transition(_) => "transition",
            Self::Note(_) => "note",
            Self::MarkAutomatic => "mark_automatic",
            Self::MarkThanks => "mark_thanks",
            Self::Stop => "stop",
            Self::Reply(_) => "reply",
            Self::NoteFrom(_) => "note_from",
            Self::Link { .. } => "link",
            Self::Webhook(_) => "webhook",
            Self::Task(_) => "task",
            Self::Child { .. } => "child",
            Self::RequestApproval(_) => "request_approval",
        }
    }
}
