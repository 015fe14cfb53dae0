//! Commands: everything that can be asked of a desk.

use super::input::TransitionInput;
use super::kin_command::KinCommand;
use super::task_command::TaskCommand;
use crate::id::*;
use crate::ticket::{Amendment, Attachment, Attribute, Audience, ClockId, Link, Text, Value};
use std::collections::{BTreeMap, BTreeSet};

/// One request, by one actor, with an idempotency key: repeated with the same key it gets its first answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// The idempotency key, chosen by the caller, the same over all retries.
    pub key: CommitId,
    /// Who asks. Roles are looked up, never taken from the caller.
    pub actor: crate::ticket::Actor,
    /// The ticket concerned; none for commands that make one.
    pub ticket: Option<TicketId>,
    /// The revision the caller saw; a newer ticket is then refused as `stale`.
    pub expected: Option<Revision>,
    /// When it truly happened, for a mail fetched late or a call logged afterwards (S26).
    pub occurred_at: Option<UtcInstant>,
    /// What.
    pub what: What,
}

impl Command {
    /// A command on a ticket.
    ///
    /// ```
    /// use ticketry::engine::{Command, What};
    /// use ticketry::id::TicketId;
    /// use ticketry::ticket::Actor;
    /// let c = Command::on(TicketId::from_u128(1), "click-8831", Actor::agent("li"), What::transition("resolve"));
    /// assert_eq!(c.key, "click-8831");
    /// ```
    pub fn on(ticket: TicketId, key: impl AsRef<str>, actor: crate::ticket::Actor, what: What) -> Self {
        Self { key: CommitId::new(key), actor, ticket: Some(ticket), expected: None, occurred_at: None, what }
    }
    /// A command that makes a ticket.
    pub fn create(key: impl AsRef<str>, actor: crate::ticket::Actor, new: NewTicket) -> Self {
        Self { key: CommitId::new(key), actor, ticket: None, expected: None, occurred_at: None, what: What::Create(Box::new(new)) }
    }
    /// An incoming message (S80). Its key is made of channel and external id, so that the same message never counts twice.
    pub fn receive(inbound: Inbound) -> Self {
        let key = CommitId::new(format!("in:{}:{}", inbound.channel, inbound.external_id));
        let actor = crate::ticket::Actor::Requester(inbound.requester.clone());
        let occurred_at = inbound.occurred_at;
        Self { key, actor, ticket: None, expected: None, occurred_at, what: What::Receive(Box::new(inbound)) }
    }
    /// The same command, refused if the ticket is newer than this.
    #[must_use]
    pub fn expecting(mut self, revision: Revision) -> Self {
        self.expected = Some(revision);
        self
    }
    /// The same command, having truly happened then.
    #[must_use]
    pub fn occurred(mut self, at: UtcInstant) -> Self {
        self.occurred_at = Some(at);
        self
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum What {
    /// Place an incoming message: onto a ticket, or as a new one.
    Receive(Box<Inbound>),
    /// Make a ticket.
    Create(Box<NewTicket>),
    /// Take a transition, filling in fields and a comment on the way.
    Transition(TransitionInput),
    /// Write to the requester or the vendor, or, from them, to the desk.
    Reply(NewMessage),
    /// Write an internal note.
    Note(NewMessage),
    /// Log a telephone call: answered live, so it answers and is answered (S38).
    LogCall(NewMessage),
    /// Set or clear attributes.
    SetFields(Vec<(Attribute, Option<Value>)>),
    /// Set the priority by hand (S63); none gives it back to the model.
    SetPriority {
        /// To what.
        priority: Option<LevelName>,
        /// For how long; none for good.
        until: Option<UtcInstant>,
    },
    /// Assign an agent; oneself to take it.
    Assign(AgentId),
    /// Give it back to the queue of its group.
    Release {
        /// Why.
        reason: String,
    },
    /// Hand it off to a group 转派.
    HandOff {
        /// The group.
        group: GroupId,
        /// Skills required, with the least level.
        skills: BTreeMap<SkillName, u8>,
        /// Why.
        reason: String,
    },
    /// Name or unname the owner 主导人 (S65).
    SetOwner(Option<AgentId>),
    /// Try to find an agent for a queued ticket. Made by the desk itself; a host may ask for it too.
    Route,
    /// Add and remove tags.
    Tag {
        /// To add.
        add: BTreeSet<TagName>,
        /// To remove.
        remove: BTreeSet<TagName>,
    },
    /// Add a link on this ticket alone; for both sides see [`KinCommand::Link`].
    Link(Link),
    /// Remove a link.
    Unlink(Link),
    /// Add or remove a watcher.
    Watch {
        /// Who.
        agent: AgentId,
        /// Watch, or no longer.
        on: bool,
    },
    /// The requester's rating 满意度.
    Rate {
        /// From 1 (worst) to 5.
        stars: u8,
        /// In words.
        comment: String,
    },
    /// Correct the figures of a clock 豁免 (S87): reports then show both, the clock stays as it is. Needs the right `correct_sla`, which nobody has unless
    /// `[settings.rights]` says so.
    CorrectSla {
        /// Which clock, open or closed.
        clock: ClockId,
        /// A stretch that is not to count, or a verdict.
        amendment: Amendment,
        /// Why.
        reason: String,
    },
    /// Withdraw a correction. Needs the same right.
    WithdrawCorrection {
        /// The entry that made it ([`crate::ticket::Correction::revision`]).
        correction: Revision,
        /// Why.
        reason: String,
    },
    /// Tick an item of the state's checklist off, or take that back; it counts for this stay (S61).
    CheckOff {
        /// Its place in the list, from 0.
        item: u16,
        /// Done, or not done after all.
        on: bool,
    },
    /// Add a task, or do something with one.
    Task(TaskCommand),
    /// Ask for an approval, vote on it, or do something else with it (S12).
    Approval(super::ApprovalCommand),
    /// Let what an absence of the assignee, of an owner of its tasks, or of somebody whose vote is awaited means for the ticket happen now (S85). Made by [`crate::desk::Desk::on_availability`]; nothing where all are here.
    Away,
    /// Run a macro of the playbook: all its actions, each with the person's own right, or none.
    Macro(MacroName),
    /// Let everything happen that is due strictly before now.
    Tick,
    /// Judge priority, policy and clocks anew, after the playbook changed.
    Review,
    /// Go on in another workflow version, or in another type (S10, S11). Agents may change a type; a migration of many needs the right `migrate`, which nobody has unless
    /// `[settings.rights]` says so.
    Migrate(super::Migrate),
    /// Something that concerns several tickets: links both ways, parents and children, merging, splitting.
    Kin(KinCommand),
}

impl What {
    /// A transition without fields or comment.
    pub fn transition(name: impl AsRef<str>) -> Self {
        Self::Transition(TransitionInput::new(name))
    }
    /// A reply to the requester.
    pub fn reply(body: impl Into<Text>) -> Self {
        Self::Reply(NewMessage::new(body))
    }
    /// An internal note.
    pub fn note(body: impl Into<Text>) -> Self {
        Self::Note(NewMessage::new(body))
    }
    /// One attribute.
    pub fn set(name: &str, value: impl Into<Value>) -> Self {
        Self::SetFields(vec![(Attribute::named(name), Some(value.into()))])
    }
    /// Whether it is about several tickets.
    pub(super) fn is_kin(&self) -> bool {
        matches!(self, Self::Kin(_))
    }
    /// The word for messages and rights.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Receive(_) => "receive",
            Self::Create(_) => "create",
            Self::Transition(_) => "transition",
            Self::Reply(_) => "reply",
            Self::Note(_) => "note",
            Self::LogCall(_) => "log_call",
            Self::SetFields(_) => "set_fields",
            Self::SetPriority { .. } => "set_priority",
            Self::Assign(_) => "assign",
            Self::Release { .. } => "release",
            Self::HandOff { .. } => "hand_off",
            Self::SetOwner(_) => "set_owner",
            Self::Route | Self::Away => "route",
            Self::Tag { .. } => "tag",
            Self::Link(_) | Self::Unlink(_) => "link",
            Self::Watch { .. } => "watch",
            Self::Rate { .. } => "rate",
            Self::CorrectSla { .. } | Self::WithdrawCorrection { .. } => "correct_sla",
            Self::CheckOff { .. } => "check_off",
            Self::Task(_) => "task",
            Self::Approval(_) => "approval",
            Self::Macro(_) => "macro",
            Self::Tick => "tick",
            Self::Review => "review",
            Self::Migrate(m) if m.of_many() => "migrate",
            Self::Migrate(_) => "change_type",
            Self::Kin(c) => c.word(),
        }
    }
}

/// A message to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct NewMessage {
    /// The text.
    pub body: Text,
    /// Who may read it; [`What::Note`] makes it internal whatever stands here.
    pub audience: Audience,
    /// The channel; none: the ticket's.
    pub channel: Option<ChannelName>,
    /// BCP 47 language.
    pub language: Option<String>,
    /// Attachments.
    pub attachments: Vec<Attachment>,
    /// Automatic (S22, S81).
    pub automatic: bool,
    /// The host's id of the message.
    pub external_id: Option<ExternalId>,
}

impl NewMessage {
    /// A message for the requester's eyes.
    pub fn new(body: impl Into<Text>) -> Self {
        Self {
            body: body.into(),
            audience: Audience::Requester,
            channel: None,
            language: None,
            attachments: Vec::new(),
            automatic: false,
            external_id: None,
        }
    }
    /// For the vendor's eyes.
    #[must_use]
    pub fn to_vendor(mut self) -> Self {
        self.audience = Audience::Vendor;
        self
    }
}

/// A ticket to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTicket {
    /// Type: picks workflow, form and fields.
    pub kind: TypeName,
    /// Subject.
    pub subject: Text,
    /// Description; from a requester it is the first message.
    pub description: Text,
    /// For whom.
    pub requester: RequesterId,
    /// The host does not know the requester.
    pub provisional: bool,
    /// Organisation.
    pub organisation: Option<OrganisationId>,
    /// Channel.
    pub channel: ChannelName,
    /// Category.
    pub category: Option<CategoryPath>,
    /// Impact.
    pub impact: Option<LevelName>,
    /// Urgency.
    pub urgency: Option<LevelName>,
    /// Custom fields.
    pub fields: Vec<(FieldName, Value)>,
    /// A template that fills in fields nobody gave (S67).
    pub template: Option<TemplateName>,
    /// Tags.
    pub tags: BTreeSet<TagName>,
    /// The initial state, where the workflow has several; none: its first.
    pub state: Option<StateName>,
    /// A first message besides the description: a logged call, say.
    pub call: Option<NewMessage>,
}

impl NewTicket {
    /// A ticket with type, subject, requester and channel; the rest is filled in by assigning to its fields.
    pub fn new(kind: impl AsRef<str>, subject: impl Into<Text>, requester: impl AsRef<str>, channel: impl AsRef<str>) -> Self {
        Self {
            kind: TypeName::new(kind),
            subject: subject.into(),
            description: Text::default(),
            requester: RequesterId::new(requester),
            provisional: false,
            organisation: None,
            channel: ChannelName::new(channel),
            category: None,
            impact: None,
            urgency: None,
            fields: Vec::new(),
            template: None,
            tags: BTreeSet::new(),
            state: None,
            call: None,
        }
    }
}

/// An incoming message, as the host's gateway hands it over (S80).
#[derive(Clone, Debug, PartialEq)]
pub struct Inbound {
    /// Channel.
    pub channel: ChannelName,
    /// The gateway's id of this message; the same id never counts twice.
    pub external_id: ExternalId,
    /// Ids of the thread it belongs to: `In-Reply-To`, `References`, the chat's id.
    pub threads: Vec<ExternalId>,
    /// The ticket's human number, where the sender named one.
    pub number: Option<u64>,
    /// Who wrote it.
    pub requester: RequesterId,
    /// The host does not know that person.
    pub provisional: bool,
    /// Organisation.
    pub organisation: Option<OrganisationId>,
    /// Subject, for a new ticket.
    pub subject: Text,
    /// The text.
    pub body: Text,
    /// BCP 47 language.
    pub language: Option<String>,
    /// Attachments.
    pub attachments: Vec<Attachment>,
    /// Out of office, bounce, list mail.
    pub automatic: bool,
    /// When it was written.
    pub occurred_at: Option<UtcInstant>,
    /// Type of a new ticket.
    pub kind: TypeName,
    /// Category of a new ticket.
    pub category: Option<CategoryPath>,
    /// Custom fields of a new ticket.
    pub fields: Vec<(FieldName, Value)>,
}

impl Inbound {
    /// A message with what every gateway knows.
    pub fn new(
        channel: impl AsRef<str>,
        external_id: impl AsRef<str>,
        requester: impl AsRef<str>,
        kind: impl AsRef<str>,
        body: impl Into<Text>,
    ) -> Self {
        let body: Text = body.into();
        let subject: String = body.lines().next().unwrap_or("").chars().take(80).collect();
        Self {
            channel: ChannelName::new(channel),
            external_id: ExternalId::new(external_id),
            threads: Vec::new(),
            number: None,
            requester: RequesterId::new(requester),
            provisional: false,
            organisation: None,
            subject: subject.into(),
            body,
            language: None,
            attachments: Vec::new(),
            automatic: false,
            occurred_at: None,
            kind: TypeName::new(kind),
            category: None,
            fields: Vec::new(),
        }
    }
}
