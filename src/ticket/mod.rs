//! The ticket 工单: its values, events, and how it evolves.
//!
//! What it is: the shared vocabulary of the house. [`Ticket`] is what a store keeps, [`Event`] what a journal keeps, [`Ticket::evolve`]
//! the only way from one to the next: total, without a clock, without a look outside its arguments.
//! What it never does: decide anything. Who may, what is due and what follows is decided above and arrives here as events.
//! Read next: [`crate::condition`], which reads tickets, then [`crate::engine`], which makes events.

mod access;
mod action;
mod actor;
mod approval;
mod clock;
mod effect;
mod event;
mod evolve;
mod kin;
mod message;
mod migration;
mod progress;
mod schema;
mod state;
mod task;
mod told;
mod value;
mod why;
pub mod wire;

pub use access::{Access, TicketTemplate};
pub use action::{Action, Attribute, Recipient};
pub use actor::{Actor, Cause, Provenance};
pub use approval::{Approval, ApprovalChange, ApprovalEvent, ApprovalStage, ApprovalState, Exclusion, OnExpiry, Quorum, Voter};
pub use clock::{Agreement, Allowance, Amendment, Clock, ClockId, ClosedClock, Correction, Hold, Mark, Outcome, Pause};
pub use effect::{Effect, EffectKey, EffectKind};
pub use event::{Caused, Entry, Event, Intake, Opening, Stay};
pub use kin::{BeforeMerge, EarlierStart, Kin, KinEvent, Lent, Merged, Relative, TicketRef};
pub use message::{Attachment, Audience, Author, Conversation, Message, MessageKind, MessageRef};
pub use migration::{Migrated, Standing};
pub use progress::{Progress, Progressed, Resolution};
pub use schema::{
    ChannelDefinition, FieldDefinition, FieldKind, GroupDefinition, Level, Misfit, Scale, Schema, TemplateDefinition, TypeDefinition,
};
pub use state::{StateClass, Timer, TimerKind, WaitsOn};
pub use task::{Task, TaskChange, TaskEvent, TaskId, TaskItem, TaskState, depends};
pub use value::{BadDecimal, Decimal, Value};
pub use why::{RoutingWhy, Why};

use crate::id::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A shared text.
pub type Text = std::sync::Arc<str>;

/// A value with its source (S25).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Who set it.
    pub by: Provenance,
}

/// A workflow and the version of it a ticket is pinned to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WorkflowRef {
    /// The workflow.
    pub name: WorkflowName,
    /// Its version.
    pub version: u32,
}

/// A link to another ticket or to something of the host's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Link {
    /// `related`, one of [`Link::PAIRS`], or the host's own word.
    pub kind: TagName,
    /// To what.
    pub to: LinkTarget,
}

/// What a link points to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LinkTarget {
    /// Another ticket.
    Ticket(TicketId),
    /// Something of the host's.
    External(ExternalId),
}

/// A ticket's place in a queue, waiting for an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// Since when (S32).
    #[serde(with = "serde_instant")]
    pub since: UtcInstant,
    /// Skills required, with the least level.
    pub skills: BTreeMap<SkillName, u8>,
    /// An assignment is to be tried at once; none after a try that found nobody.
    pub try_now: bool,
    /// When a try may find somebody by itself: a shift begins, an absence ends, a skill level expires (S32).
    #[serde(with = "serde_instant_opt")]
    pub retry_at: Option<UtcInstant>,
}

/// The policy and calendar an agreement stands under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adopted {
    /// The agreement.
    pub agreement: Agreement,
    /// The policy.
    pub policy: PolicyName,
    /// The calendar.
    pub calendar: CalendarName,
    /// Its version.
    pub calendar_version: u32,
}

/// A rating 满意度.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    /// From 1 (worst) to 5.
    pub stars: u8,
    /// The resolution cycle rated (S72).
    pub cycle: u32,
}

/// A rule's contribution to the score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScorePart {
    /// The rule.
    pub rule: RuleName,
    /// Points.
    pub points: i64,
    /// Why.
    pub reason: String,
}

/// A ticket: bounded (apart from custom fields at most 16 KiB), whatever its history. Message bodies live in the journal alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Identity.
    pub id: TicketId,
    /// The human number.
    pub number: u64,
    /// How many entries made it.
    pub revision: Revision,
    /// When it began.
    #[serde(with = "serde_instant")]
    pub created_at: UtcInstant,
    /// The instant of the last entry.
    #[serde(with = "serde_instant")]
    pub updated_at: UtcInstant,
    /// The earliest instant at which something not yet fired happens by itself.
    #[serde(with = "serde_instant_opt")]
    pub wake_at: Option<UtcInstant>,

    /// The type.
    pub kind: TypeName,
    /// The workflow it is pinned to.
    pub workflow: WorkflowRef,
    /// The state.
    pub state: StateName,
    /// The state's class.
    pub class: StateClass,
    /// Whom it waits on.
    pub waits_on: WaitsOn,
    /// When it entered the state.
    #[serde(with = "serde_instant")]
    pub state_since: UtcInstant,
    /// When the state's time limit passes.
    #[serde(with = "serde_instant_opt")]
    pub limit: Option<UtcInstant>,
    /// The limit of this stay has passed.
    pub limit_passed: bool,
    /// Timers of this stay not yet fired, earliest first.
    pub timers: Vec<Timer>,
    /// When work started: the first exit from a state of class new (S9).
    #[serde(with = "serde_instant_opt")]
    pub started_at: Option<UtcInstant>,
    /// When it last entered a final class (S9); kept while reopened, for the reopening window.
    #[serde(with = "serde_instant_opt")]
    pub resolved_at: Option<UtcInstant>,
    /// The resolution cycle 处理轮次, from 1 (S82).
    pub cycle: u32,

    /// Subject.
    pub subject: Text,
    /// Description.
    pub description: Text,
    /// Requester.
    pub requester: RequesterId,
    /// The host did not know the requester.
    pub provisional: bool,
    /// Organisation.
    pub organisation: Option<OrganisationId>,
    /// Channel it came by.
    pub channel: ChannelName,
    /// Threads it is known by, for intake; the newest 16.
    pub threads: Vec<ExternalId>,
    /// Category.
    pub category: Option<Sourced<CategoryPath>>,
    /// Impact.
    pub impact: Option<Sourced<LevelName>>,
    /// Urgency.
    pub urgency: Option<Sourced<LevelName>>,
    /// Priority.
    pub priority: Option<Sourced<LevelName>>,
    /// A person's override of the priority ends then.
    #[serde(with = "serde_instant_opt")]
    pub priority_until: Option<UtcInstant>,
    /// The score.
    pub score: i64,
    /// What it is made of; at most 32 rules, one part each.
    pub score_parts: Vec<ScorePart>,
    /// Custom fields.
    pub fields: BTreeMap<FieldName, Sourced<Value>>,
    /// Tags; at most 64.
    pub tags: BTreeSet<TagName>,
    /// Links; at most 64.
    pub links: Vec<Link>,

    /// Group.
    pub group: Option<GroupId>,
    /// When it came to its group.
    #[serde(with = "serde_instant_opt")]
    pub group_since: Option<UtcInstant>,
    /// Assignee.
    pub assignee: Option<AgentId>,
    /// Slots it holds of the assignee's.
    pub slots: Vec<u16>,
    /// Assigned beyond capacity by a person (S33).
    pub over_capacity: bool,
    /// Owner 首问负责人.
    pub owner: Option<AgentId>,
    /// Watchers; at most 32.
    pub watchers: BTreeSet<AgentId>,
    /// Its place in the queue, while it waits for an agent.
    pub queue: Option<Queue>,
    /// Hand-offs in this resolution cycle.
    pub handoffs: u16,
    /// The groups it went through in this cycle, the newest eight, without immediate repetition.
    pub trail: Vec<GroupId>,
    /// How often it was reopened.
    pub reopenings: u16,

    /// Messages.
    pub conversation: Conversation,
    /// Policies and calendars it stands under.
    pub adopted: Vec<Adopted>,
    /// Open SLA cycles.
    pub clocks: Vec<Clock>,
    /// Closed ones, the newest 24.
    pub closed_clocks: Arc<Vec<ClosedClock>>,
    /// The last closed clock of each metric in full: a reopening resumes it (S82), stopped at `paused_since`.
    pub resting: Arc<Vec<Clock>>,
    /// How many runs each metric has had.
    pub runs: Vec<(Agreement, MetricName, u32)>,
    /// Corrections of its clocks that stand, in the order made (S87); at most [`Correction::MOST`]. Withdrawn ones are in the journal.
    pub corrections: Arc<Vec<Correction>>,
    /// The last rating.
    pub rating: Option<Rating>,
    /// The cycle for which a rating was asked.
    pub rating_requested: Option<u32>,
    /// Instants of the newest notifications to the requester, at most 16 (S81).
    pub notified: Vec<LongTime>,
    /// What was ticked off in this stay, and how it was resolved.
    pub progress: Progress,
    /// Its tasks in the order made; at most [`Task::MOST`].
    pub tasks: Arc<Vec<Task>>,
    /// Parent, children, what it waits for, and what was merged.
    #[serde(default)]
    pub kin: Arc<Kin>,
    /// Of each approval asked for the newest round; at most [`Approval::MOST`].
    #[serde(default)]
    pub approvals: Arc<Vec<Approval>>,
}

impl Ticket {
    /// What people see as due: the earliest due instant of an open clock, a passed one included (S41). Clocks of all agreements count, those among groups and with vendors too; what was
    /// promised to the customer is [`Ticket::due_under`].
    pub fn due(&self) -> Option<UtcInstant> {
        self.clocks.iter().filter_map(|c| c.due).min()
    }
    /// The earliest due instant of an open clock of one agreement.
    pub fn due_under(&self, agreement: Agreement) -> Option<UtcInstant> {
        self.clocks.iter().filter(|c| c.id.agreement == agreement).filter_map(|c| c.due).min()
    }
    /// Overdue: some open clock, of whatever agreement, is breached.
    pub fn overdue(&self) -> bool {
        self.clocks.iter().any(|c| c.breached_at.is_some())
    }
    /// The open clock of a metric of the customer's agreement.
    pub fn clock(&self, metric: &str) -> Option<&Clock> {
        self.clocks.iter().find(|c| c.id.agreement == Agreement::Customer && c.id.metric == *metric)
    }
    /// A custom field.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).map(|v| &v.value)
    }
    /// Not in a final class.
    pub fn is_open(&self) -> bool {
        !self.class.is_final()
    }
    /// The earliest instant at which timers, clocks, the override or the queue wait for something.
    ///
    /// A queue that is to be tried at once wakes at the ticket's own last instant.
    pub fn next_wake(&self) -> Option<UtcInstant> {
        let timers = self.timers.iter().filter_map(Timer::wakes);
        let limit = self.limit.filter(|_| !self.limit_passed);
        let clocks = self.clocks.iter().filter_map(Clock::wake_at);
        let queue = self.queue.as_ref().and_then(|q| if q.try_now { Some(self.updated_at) } else { q.retry_at });
        let tasks = self.tasks.iter().filter_map(Task::wake_at);
        let approvals = self.approvals.iter().filter_map(Approval::wake_at);
        timers.chain(limit).chain(clocks).chain(self.priority_until).chain(queue).chain(tasks).chain(approvals).min()
    }
    /// Bytes the ticket takes apart from its custom fields, roughly; what the 16 KiB limit is about.
    pub fn weight(&self) -> usize {
        let texts = self.subject.len().saturating_add(self.description.len());
        let parts = self.score_parts.iter().map(|p| p.reason.len().saturating_add(24)).sum::<usize>();
        let tags = self.tags.iter().map(|t| t.as_str().len().saturating_add(1)).sum::<usize>();
        let many = self.links.len().saturating_mul(40).saturating_add(
            self.clocks.iter().chain(&*self.resting).map(|c| c.pauses.len().saturating_mul(20).saturating_add(160)).sum::<usize>(),
        );
        let many = many.saturating_add(self.corrections.iter().map(|c| c.reason.len().saturating_add(96)).sum::<usize>());
        let closed = self.closed_clocks.len().saturating_mul(96).saturating_add(self.threads.len().saturating_mul(64));
        let closed = closed.saturating_add(self.timers.len().saturating_mul(64));
        let closed = closed.saturating_add(self.progress.ticked.len().saturating_mul(3)).saturating_add(64);
        let closed = closed.saturating_add(self.tasks.iter().map(Task::weight).sum::<usize>());
        let closed = closed.saturating_add(self.kin.weight());
        let closed = closed.saturating_add(self.approvals.iter().map(Approval::weight).sum::<usize>());
        texts.saturating_add(parts).saturating_add(tags).saturating_add(many).saturating_add(closed).saturating_add(512)
    }
}
