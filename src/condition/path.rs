//! Paths: what a condition may read, by the names authors write.

use crate::diagnostic::{Diagnostic, Place, did_you_mean, text};
use crate::id::FieldName;
use crate::ticket::{Attribute, FieldKind, Schema, StateClass, WaitsOn};
use std::fmt;

/// One readable thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Path {
    /// `t.number`
    Number,
    /// `t.subject`
    Subject,
    /// `t.description`
    Description,
    /// `t.type`
    Type,
    /// `t.channel`
    Channel,
    /// `t.requester`
    Requester,
    /// `t.organisation`
    Organisation,
    /// `t.provisional`: the host does not know the requester
    Provisional,
    /// `t.category`
    Category,
    /// `t.impact`
    Impact,
    /// `t.urgency`
    Urgency,
    /// `t.priority`
    Priority,
    /// `t.score`
    Score,
    /// `t.state`
    State,
    /// `t.class`
    Class,
    /// `t.waits_on`
    WaitsOn,
    /// `t.state_since`
    StateSince,
    /// `t.created_at`
    CreatedAt,
    /// `t.due`
    Due,
    /// `t.overdue`
    Overdue,
    /// `t.group`
    Group,
    /// `t.assignee`
    Assignee,
    /// `t.owner`
    Owner,
    /// `t.watchers`
    Watchers,
    /// `t.tags`
    Tags,
    /// `t.groups`: the groups of this cycle
    Trail,
    /// `t.cycle`
    Cycle,
    /// `t.reopenings`
    Reopenings,
    /// `t.handoffs`
    Handoffs,
    /// `t.answered`: a human answered at least once
    Answered,
    /// `t.messages_from_requester`
    MessagesFromRequester,
    /// `t.messages_from_agents`
    MessagesFromAgents,
    /// `t.rating`: stars of the last rating
    Rating,
    /// `t.messages_from_vendors`
    MessagesFromVendors,
    /// `t.requester_wrote_at`: when the requester last wrote, automatic messages aside
    RequesterWroteAt,
    /// `t.silent_for`: how long the requester has not written, in wall time
    SilentFor,
    /// `t.answered_at`: when an agent last answered the requester
    AnsweredAt,
    /// `t.unanswered_since`: the requester's oldest message that nobody answered
    UnansweredSince,
    /// `t.started_at`: when work began
    StartedAt,
    /// `t.resolved_at`: when it was last done, kept while it is open again
    ResolvedAt,
    /// `t.group_since`: when it came to its group
    GroupSince,
    /// `t.queued`: it waits for an agent
    Queued,
    /// A custom field, `t.NAME`
    Field(FieldName),
    /// A field of the customer record, `t.customer.NAME`
    Customer(FieldName),
    /// `t.open_tasks`: how many of its tasks are neither done nor cancelled
    OpenTasks,
    /// `t.tasks_done`: the names of tasks of this resolution cycle that are done
    TasksDone,
    /// `t.open_children`: how many of its children are in no final class
    OpenChildren,
    /// `t.is_child`: it has a parent
    IsChild,
    /// `t.open_approvals`: the names of approvals that wait for votes
    OpenApprovals,
    /// `t.approvals_granted`: the names of approvals that are granted, or gone past by right, and still count
    ApprovalsGranted,
    /// `event.name`: what woke the rule
    EventName,
    /// `event.message.body`
    MessageBody,
    /// `event.message.kind`
    MessageKind,
    /// `event.message.author`
    MessageAuthor,
    /// `event.message.automatic`
    MessageAutomatic,
    /// `event.actor`: `agent`, `requester`, `vendor`, `integration`, `system`
    ActorKind,
    /// `event.roles`: roles of the acting person
    ActorRoles,
    /// `event.transition`: the transition just taken or asked for
    Transition,
    /// `event.intake`: how an incoming message was placed
    Intake,
    /// `now`
    Now,
    /// A value worked out from others: `lookup("owners", t.category)`, `is_open("office")`.
    Derived(std::sync::Arc<super::Derived>),
}

/// What kind of thing a path gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Free text: tests fold case and width (S88).
    Text,
    /// Text compared exactly: an id, a name the schema does not list.
    Name,
    /// One of these names, in this order if `ordered` (lowest first).
    OneOf {
        /// The names.
        names: Vec<String>,
        /// `<` and `>` have a meaning.
        ordered: bool,
    },
    /// A category path; a name means its subtree in `within`.
    Category(Vec<String>),
    /// A set of names; known ones, if the schema lists them.
    Names(Option<Vec<String>>),
    /// A whole number.
    Integer,
    /// A decimal.
    Decimal,
    /// Yes or no.
    Boolean,
    /// An instant.
    Instant,
    /// A span of wall time.
    Duration,
}

impl Kind {
    /// The word authors read in messages.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Name => "name",
            Self::OneOf { ordered: true, .. } => "ordered list",
            Self::OneOf { .. } => "list",
            Self::Category(_) => "category",
            Self::Names(_) => "set",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Boolean => "boolean",
            Self::Instant => "instant",
            Self::Duration => "duration",
        }
    }
}

const TICKET: &[(&str, Path)] = &[
    ("number", Path::Number),
    ("subject", Path::Subject),
    ("description", Path::Description),
    ("type", Path::Type),
    ("channel", Path::Channel),
    ("requester", Path::Requester),
    ("organisation", Path::Organisation),
    ("provisional", Path::Provisional),
    ("category", Path::Category),
    ("impact", Path::Impact),
    ("urgency", Path::Urgency),
    ("priority", Path::Priority),
    ("score", Path::Score),
    ("state", Path::State),
    ("class", Path::Class),
    ("waits_on", Path::WaitsOn),
    ("state_since", Path::StateSince),
    ("created_at", Path::CreatedAt),
    ("due", Path::Due),
    ("overdue", Path::Overdue),
    ("group", Path::Group),
    ("assignee", Path::Assignee),
    ("owner", Path::Owner),
    ("watchers", Path::Watchers),
    ("tags", Path::Tags),
    ("groups", Path::Trail),
    ("cycle", Path::Cycle),
    ("reopenings", Path::Reopenings),
    ("handoffs", Path::Handoffs),
    ("answered", Path::Answered),
    ("messages_from_requester", Path::MessagesFromRequester),
    ("messages_from_agents", Path::MessagesFromAgents),
    ("rating", Path::Rating),
    ("messages_from_vendors", Path::MessagesFromVendors),
    ("requester_wrote_at", Path::RequesterWroteAt),
    ("silent_for", Path::SilentFor),
    ("answered_at", Path::AnsweredAt),
    ("unanswered_since", Path::UnansweredSince),
    ("started_at", Path::StartedAt),
    ("resolved_at", Path::ResolvedAt),
    ("group_since", Path::GroupSince),
    ("queued", Path::Queued),
    ("open_tasks", Path::OpenTasks),
    ("tasks_done", Path::TasksDone),
    ("open_children", Path::OpenChildren),
    ("is_child", Path::IsChild),
    ("open_approvals", Path::OpenApprovals),
    ("approvals_granted", Path::ApprovalsGranted),
];
const EVENT: &[(&str, Path)] = &[
    ("name", Path::EventName),
    ("message.body", Path::MessageBody),
    ("message.kind", Path::MessageKind),
    ("message.author", Path::MessageAuthor),
    ("message.automatic", Path::MessageAutomatic),
    ("actor", Path::ActorKind),
    ("roles", Path::ActorRoles),
    ("transition", Path::Transition),
    ("intake", Path::Intake),
];

/// The root a path begins at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// The ticket: `t` in guards, the first parameter of a rule's closures.
    Ticket,
    /// The event: `event` in guards, the second parameter.
    Event,
}

impl Path {
    /// The field of the customer record that the desk itself fills in, where something reads it: how many other tickets of the requester are open.
    pub const OPEN_TICKETS: &'static str = "open_tickets";

    /// `t.customer.open_tickets`: how many other tickets of the requester are open.
    pub fn open_tickets() -> Self {
        Self::Customer(FieldName::new(Self::OPEN_TICKETS))
    }

    /// The path of these segments after the root.
    ///
    /// # Errors
    /// A diagnostic `unknown-field` with a suggestion.
    pub fn resolve(root: Root, segments: &[&str], schema: &Schema, place: &Place) -> Result<Self, Diagnostic> {
        let joined = segments.join(".");
        let table = match root {
            Root::Ticket => TICKET,
            Root::Event => EVENT,
        };
        if let Some((_, p)) = table.iter().find(|(n, _)| *n == joined) {
            return Ok(p.clone());
        }
        if root == Root::Ticket {
            match segments {
                [name] if schema.fields.contains_key(*name) => return Ok(Self::Field(FieldName::new(name))),
                ["customer", name] if *name == Self::OPEN_TICKETS || schema.customer.contains_key(*name) => {
                    return Ok(Self::Customer(FieldName::new(name)));
                }
                _ => {}
            }
        }
        let mut known: Vec<String> = table.iter().map(|(n, _)| (*n).to_string()).collect();
        if root == Root::Ticket {
            known.extend(schema.fields.keys().map(|f| f.to_string()));
            known.extend(schema.customer.keys().map(|f| format!("customer.{f}")));
            known.push(format!("customer.{}", Self::OPEN_TICKETS));
        }
        let owner = if root == Root::Ticket { ("a ticket", "工单") } else { ("an event", "事件") };
        Err(Diagnostic::error(
            "unknown-field",
            text(format!("{} has no field `{joined}`", owner.0), format!("{}没有字段 `{joined}`", owner.1)),
        )
        .at(place.clone())
        .maybe_help(did_you_mean(&joined, &known).or_else(|| {
            Some(match segments {
                ["customer", name] if root == Root::Ticket => text(
                    format!("what the customer record holds is declared in playbook.toml: [customer] {name} = {{ type = \"text\" }}"),
                    format!("客户资料的字段在 playbook.toml 中声明：[customer] {name} = {{ type = \"text\" }}"),
                ),
                _ => text(
                    "fields of your own are declared under [fields] in playbook.toml; `ticketry definitions` writes down those that are built in",
                    "自定义字段在 playbook.toml 的 [fields] 中声明；内置字段由 `ticketry definitions` 列出",
                ),
            })
        })))
    }

    /// Where an attribute is read.
    pub(crate) fn of(attribute: &Attribute) -> Self {
        match attribute {
            Attribute::Subject => Self::Subject,
            Attribute::Description => Self::Description,
            Attribute::Organisation => Self::Organisation,
            Attribute::Category => Self::Category,
            Attribute::Impact => Self::Impact,
            Attribute::Urgency => Self::Urgency,
            Attribute::Field(f) => Self::Field(f.clone()),
        }
    }

    /// Whether `t.NAME` is built in, so that no custom field may be called so.
    pub fn is_built_in(name: &str) -> bool {
        name == "customer" || TICKET.iter().any(|(n, _)| *n == name)
    }

    /// What kind of thing it gives under a schema.
    pub fn kind(&self, schema: &Schema) -> Kind {
        self.kind_with(schema, usize::MAX)
    }

    /// The same without the names, which may be many.
    pub(crate) fn bare_kind(&self, schema: &Schema) -> Kind {
        self.kind_with(schema, 0)
    }

    /// The kind with at most so many names.
    fn kind_with(&self, schema: &Schema, most: usize) -> Kind {
        let scale =
            |s: &crate::ticket::Scale, ordered| Kind::OneOf { names: s.names().take(most).map(|n| n.to_string()).collect(), ordered };
        let listed =
            |names: &mut dyn Iterator<Item = &str>| Kind::OneOf { names: names.take(most).map(str::to_string).collect(), ordered: false };
        let set = |names: &mut dyn Iterator<Item = &str>| Kind::Names(Some(names.take(most).map(str::to_string).collect()));
        let of_field = |kind: Option<&FieldKind>| match kind {
            None | Some(FieldKind::Reference) => Kind::Name,
            Some(FieldKind::Text { .. }) => Kind::Text,
            Some(FieldKind::Integer) => Kind::Integer,
            Some(FieldKind::Decimal { .. }) => Kind::Decimal,
            Some(FieldKind::Boolean) => Kind::Boolean,
            Some(FieldKind::Instant) => Kind::Instant,
            Some(FieldKind::Duration) => Kind::Duration,
            Some(FieldKind::Choice(s)) => scale(s, false),
            Some(FieldKind::Ordered(s)) => scale(s, true),
            Some(FieldKind::Choices(s)) => set(&mut s.names().map(|n| n.as_str())),
        };
        match self {
            Self::Subject | Self::Description | Self::MessageBody => Kind::Text,
            Self::Requester | Self::Organisation | Self::Assignee | Self::Owner | Self::EventName => Kind::Name,
            Self::Type => listed(&mut schema.types.keys().map(|n| n.as_str())),
            Self::Channel => listed(&mut schema.channels.keys().map(|n| n.as_str())),
            Self::Group => listed(&mut schema.groups.keys().map(|n| n.as_str())),
            Self::State => listed(&mut schema.states.keys().map(|n| n.as_str())),
            Self::Transition => listed(&mut schema.transitions.iter().map(|n| n.as_str())),
            Self::Class => listed(&mut StateClass::ALL.iter().map(|c| c.word())),
            Self::WaitsOn => listed(&mut WaitsOn::ALL.iter().map(|c| c.word())),
            Self::MessageKind => listed(&mut ["reply", "note", "call"].into_iter()),
            Self::MessageAuthor => listed(&mut ["requester", "agent", "vendor", "system"].into_iter()),
            Self::ActorKind => listed(&mut ["agent", "requester", "vendor", "integration", "system"].into_iter()),
            Self::Intake => listed(&mut ["new", "append", "reopen", "follow-up", "kept"].into_iter()),
            Self::Category => Kind::Category(schema.categories.keys().take(most).map(|n| n.to_string()).collect()),
            Self::Impact => scale(&schema.impact, true),
            Self::Urgency => scale(&schema.urgency, true),
            Self::Priority => scale(&schema.priority, true),
            Self::Tags | Self::Watchers => Kind::Names(None),
            Self::TasksDone => set(&mut schema.tasks.iter().map(|n| n.as_str())),
            Self::OpenApprovals | Self::ApprovalsGranted => set(&mut schema.approvals.iter().map(|n| n.as_str())),
            Self::Trail => set(&mut schema.groups.keys().map(|n| n.as_str())),
            Self::ActorRoles => set(&mut schema.roles.keys().map(|n| n.as_str())),
            Self::Number
            | Self::Score
            | Self::Cycle
            | Self::Reopenings
            | Self::Handoffs
            | Self::MessagesFromRequester
            | Self::MessagesFromAgents
            | Self::MessagesFromVendors
            | Self::OpenTasks
            | Self::OpenChildren
            | Self::Rating => Kind::Integer,
            Self::IsChild | Self::Provisional | Self::Overdue | Self::Answered | Self::Queued | Self::MessageAutomatic => Kind::Boolean,
            Self::SilentFor => Kind::Duration,
            Self::StateSince
            | Self::CreatedAt
            | Self::Due
            | Self::RequesterWroteAt
            | Self::AnsweredAt
            | Self::UnansweredSince
            | Self::StartedAt
            | Self::ResolvedAt
            | Self::GroupSince
            | Self::Now => Kind::Instant,
            Self::Field(f) => of_field(schema.fields.get(f).map(|d| &d.kind)),
            Self::Customer(f) if *f == Self::OPEN_TICKETS && !schema.customer.contains_key(f) => Kind::Integer,
            Self::Customer(f) => of_field(schema.customer.get(f).map(|d| &d.kind)),
            Self::Derived(d) => d.kind().clone(),
        }
    }

    /// Adds what has to be read for it: itself, or what it is worked out from.
    pub(crate) fn sources(&self, out: &mut std::collections::BTreeSet<Self>) {
        match self {
            Self::Derived(d) => d.reads(out),
            path => drop(out.insert(path.clone())),
        }
    }

    /// Every name an author may write after the ticket root and the event root, for references and completion.
    pub fn reference(schema: &Schema) -> Vec<(String, Self)> {
        let mut all: Vec<(String, Self)> = TICKET.iter().map(|(n, p)| (format!("t.{n}"), p.clone())).collect();
        all.extend(schema.fields.keys().map(|f| (format!("t.{f}"), Self::Field(f.clone()))));
        all.extend(schema.customer.keys().map(|f| (format!("t.customer.{f}"), Self::Customer(f.clone()))));
        if !schema.customer.contains_key(Self::OPEN_TICKETS) {
            all.push((format!("t.customer.{}", Self::OPEN_TICKETS), Self::open_tickets()));
        }
        all.extend(EVENT.iter().map(|(n, p)| (format!("event.{n}"), p.clone())));
        all
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(n) => write!(f, "t.{n}"),
            Self::Customer(n) => write!(f, "t.customer.{n}"),
            Self::Now => f.write_str("now"),
            Self::Derived(d) => write!(f, "{d}"),
            _ => match TICKET.iter().find(|(_, p)| p == self) {
                Some((n, _)) => write!(f, "t.{n}"),
                None => write!(f, "event.{}", EVENT.iter().find(|(_, p)| p == self).map_or("?", |(n, _)| n)),
            },
        }
    }
}
