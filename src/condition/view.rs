//! What conditions look at.

use super::{Path, Running};
use crate::id::*;
use crate::ticket::*;
use std::{borrow::Cow, collections::BTreeMap};

/// The customer record of a requester, as the host's Directory gives it: fields of `[customer]` in the playbook.
pub type Customer = BTreeMap<FieldName, Value>;

/// Everything a condition may read, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The ticket.
    pub ticket: &'a Ticket,
    /// What woke the rule or what is asked for: `created`, `message.requester`, `changed:impact`.
    pub event: &'a str,
    /// The message concerned, if one is.
    pub message: Option<&'a Message>,
    /// The transition concerned, if one is.
    pub transition: Option<&'a TransitionName>,
    /// How an incoming message was placed.
    pub intake: Option<Intake>,
    /// Who acts.
    pub actor: &'a Actor,
    /// The actor's roles.
    pub roles: &'a [RoleName],
    /// The customer record, if it was fetched.
    pub customer: Option<&'a Customer>,
    /// Now.
    pub now: UtcInstant,
    /// Who may end the scripts that look at this, if the host wants to.
    pub running: Option<&'a Running>,
}

/// A value as a condition sees it.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen<'a> {
    /// Nothing there: equal only to nothing, never ordered.
    Absent,
    /// Text, a name, a level, a category path.
    Text(Cow<'a, str>),
    /// A whole number.
    Integer(i64),
    /// A decimal.
    Decimal(Decimal),
    /// Yes or no.
    Boolean(bool),
    /// An instant.
    Instant(UtcInstant),
    /// A span in microseconds.
    Duration(i64),
    /// A set of names.
    Names(Vec<&'a str>),
}

impl<'a> View<'a> {
    /// A view of a ticket alone: no event, acting as the system.
    pub fn of(ticket: &'a Ticket, now: UtcInstant) -> Self {
        Self {
            ticket,
            event: "",
            message: None,
            transition: None,
            intake: None,
            actor: &Actor::System,
            roles: &[],
            customer: None,
            now,
            running: None,
        }
    }

    /// The value at a path.
    pub fn get(&self, path: &Path) -> Seen<'a> {
        let t = self.ticket;
        let text = |s: &'a str| Seen::Text(Cow::Borrowed(s));
        let maybe = |s: Option<&'a str>| s.map_or(Seen::Absent, text);
        let count = |n: u32| Seen::Integer(i64::from(n));
        let wrote = |m: Option<MessageRef>| m.map_or(Seen::Absent, |m| Seen::Instant(m.at));
        match path {
            Path::Number => Seen::Integer(i64::try_from(t.number).unwrap_or(i64::MAX)),
            Path::Subject => text(&t.subject),
            Path::Description => text(&t.description),
            Path::Type => text(t.kind.as_str()),
            Path::Channel => text(t.channel.as_str()),
            Path::Requester => text(t.requester.as_str()),
            Path::Organisation => maybe(t.organisation.as_ref().map(OrganisationId::as_str)),
            Path::Provisional => Seen::Boolean(t.provisional),
            Path::Category => maybe(t.category.as_ref().map(|c| c.value.as_str())),
            Path::Impact => maybe(t.impact.as_ref().map(|c| c.value.as_str())),
            Path::Urgency => maybe(t.urgency.as_ref().map(|c| c.value.as_str())),
            Path::Priority => maybe(t.priority.as_ref().map(|c| c.value.as_str())),
            Path::Score => Seen::Integer(t.score),
            Path::State => text(t.state.as_str()),
            Path::Class => text(t.class.word()),
            Path::WaitsOn => text(t.waits_on.word()),
            Path::StateSince => Seen::Instant(t.state_since),
            Path::CreatedAt => Seen::Instant(t.created_at),
            Path::Due => t.due().map_or(Seen::Absent, Seen::Instant),
            Path::Overdue => Seen::Boolean(t.overdue()),
            Path::Group => maybe(t.group.as_ref().map(GroupId::as_str)),
            Path::Assignee => maybe(t.assignee.as_ref().map(AgentId::as_str)),
            Path::Owner => maybe(t.owner.as_ref().map(AgentId::as_str)),
            Path::Watchers => Seen::Names(t.watchers.iter().map(AgentId::as_str).collect()),
            Path::Tags => Seen::Names(t.tags.iter().map(TagName::as_str).collect()),
            Path::Trail => Seen::Names(t.trail.iter().map(GroupId::as_str).collect()),
            Path::Cycle => count(t.cycle),
            Path::Reopenings => count(u32::from(t.reopenings)),
            Path::Handoffs => count(u32::from(t.handoffs)),
            Path::Answered => Seen::Boolean(t.conversation.first_answer.is_some()),
            Path::MessagesFromRequester => count(t.conversation.from_requester),
            Path::MessagesFromAgents => count(t.conversation.from_agents),
            Path::MessagesFromVendors => count(t.conversation.from_vendors),
            Path::RequesterWroteAt => wrote(t.conversation.last_from_requester),
            Path::SilentFor => match t.conversation.last_from_requester {
                Some(m) => Seen::Duration(self.now.signed_duration_since(m.at).num_microseconds().unwrap_or(i64::MAX).max(0)),
                None => Seen::Absent,
            },
            Path::AnsweredAt => wrote(t.conversation.last_answer),
            Path::UnansweredSince => wrote(t.conversation.oldest_unanswered),
            Path::StartedAt => t.started_at.map_or(Seen::Absent, Seen::Instant),
            Path::ResolvedAt => t.resolved_at.map_or(Seen::Absent, Seen::Instant),
            Path::GroupSince => t.group_since.map_or(Seen::Absent, Seen::Instant),
            Path::Queued => Seen::Boolean(t.queue.is_some()),
            Path::OpenTasks => Seen::Integer(i64::try_from(t.open_tasks().count()).unwrap_or(i64::MAX)),
            Path::OpenChildren => Seen::Integer(i64::try_from(t.kin.open_children().count()).unwrap_or(i64::MAX)),
            Path::IsChild => Seen::Boolean(t.kin.parent.is_some()),
            Path::TasksDone => Seen::Names(t.tasks_done().map(TaskName::as_str).collect()),
            Path::OpenApprovals => Seen::Names(t.open_approvals().map(|a| a.name.as_str()).collect()),
            Path::ApprovalsGranted => Seen::Names(t.granted_approvals().map(|a| a.name.as_str()).collect()),
            Path::Rating => t.rating.as_ref().map_or(Seen::Absent, |r| Seen::Integer(i64::from(r.stars))),
            Path::Field(f) => t.fields.get(f).map_or(Seen::Absent, |v| Seen::of(&v.value)),
            Path::Customer(f) => self.customer.and_then(|c| c.get(f)).map_or(Seen::Absent, Seen::of),
            Path::EventName => text(self.event),
            Path::MessageBody => maybe(self.message.map(|m| &*m.body)),
            Path::MessageKind => maybe(self.message.map(|m| match m.kind {
                MessageKind::Reply => "reply",
                MessageKind::Note => "note",
                MessageKind::Call => "call",
            })),
            Path::MessageAuthor => maybe(self.message.map(|m| match m.author {
                Author::Requester => "requester",
                Author::Agent => "agent",
                Author::Vendor => "vendor",
                Author::System => "system",
            })),
            Path::MessageAutomatic => self.message.map_or(Seen::Absent, |m| Seen::Boolean(m.automatic)),
            Path::ActorKind => text(match self.actor {
                Actor::Agent(_) => "agent",
                Actor::Requester(_) => "requester",
                Actor::Vendor(_) => "vendor",
                Actor::Integration(_) => "integration",
                Actor::System => "system",
            }),
            Path::ActorRoles => Seen::Names(self.roles.iter().map(RoleName::as_str).collect()),
            Path::Transition => maybe(self.transition.map(TransitionName::as_str)),
            Path::Intake => maybe(self.intake.map(|i| match i {
                Intake::New => "new",
                Intake::Append => "append",
                Intake::Reopen => "reopen",
                Intake::FollowUp => "follow-up",
                Intake::Kept => "kept",
            })),
            Path::Now => Seen::Instant(self.now),
            Path::Derived(d) => d.see(self),
        }
    }

    /// Shows each name of the set at a path, without building the set.
    pub(crate) fn each_name(&self, path: &Path, show: &mut dyn FnMut(&str)) {
        match path {
            Path::Tags => self.ticket.tags.iter().for_each(|n| show(n.as_str())),
            Path::Watchers => self.ticket.watchers.iter().for_each(|n| show(n.as_str())),
            _ => {
                if let Seen::Names(names) = self.get(path) {
                    names.iter().for_each(|n| show(n));
                }
            }
        }
    }

    /// Whether the set at a path holds a name, without building the set.
    pub fn has(&self, path: &Path, name: &str) -> bool {
        match path {
            Path::Tags => self.ticket.tags.contains(name),
            Path::Watchers => self.ticket.watchers.contains(name),
            Path::Field(f) => matches!(self.ticket.field(f.as_str()), Some(Value::Choices(c)) if c.contains(name)),
            _ => matches!(self.get(path), Seen::Names(n) if n.contains(&name)),
        }
    }
}

impl<'a> Seen<'a> {
    /// A stored value as seen.
    pub fn of(v: &'a Value) -> Self {
        match v {
            Value::Text(s) => Self::Text(Cow::Borrowed(s)),
            Value::Integer(n) => Self::Integer(*n),
            Value::Decimal(d) => Self::Decimal(*d),
            Value::Boolean(b) => Self::Boolean(*b),
            Value::Instant(t) => Self::Instant(*t),
            Value::Duration(d) => Self::Duration(*d),
            Value::Choice(c) => Self::Text(Cow::Borrowed(c.as_str())),
            Value::Choices(c) => Self::Names(c.iter().map(LevelName::as_str).collect()),
            Value::Reference(r) => Self::Text(Cow::Borrowed(r.as_str())),
        }
    }
    /// As a person reads it in a trace.
    pub fn render(&self) -> String {
        match self {
            Self::Absent => "absent".into(),
            Self::Text(s) if s.chars().count() > 40 => format!("{:?}…", s.chars().take(40).collect::<String>()),
            Self::Text(s) => format!("{s:?}"),
            Self::Integer(n) => n.to_string(),
            Self::Decimal(d) => d.to_string(),
            Self::Boolean(b) => b.to_string(),
            Self::Instant(t) => t.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
            Self::Duration(us) => format!("{}s", us.checked_div(1_000_000).unwrap_or(0)),
            Self::Names(n) => format!("[{}]", n.join(", ")),
        }
    }
}
