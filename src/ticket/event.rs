//! Events: what happened, facts and bookkeeping. What is not an event does not exist for replay.

use super::*;
use crate::diagnostic::RuleFault;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Everything a ticket begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The human number.
    pub number: u64,
    /// The type.
    pub kind: TypeName,
    /// The workflow and the version the ticket is pinned to.
    pub workflow: WorkflowRef,
    /// Subject.
    pub subject: Text,
    /// Description.
    pub description: Text,
    /// Requester.
    pub requester: RequesterId,
    /// The requester is not known to the host yet (S80).
    pub provisional: bool,
    /// Organisation.
    pub organisation: Option<OrganisationId>,
    /// Channel.
    pub channel: ChannelName,
    /// Category.
    pub category: Option<Sourced<CategoryPath>>,
    /// Impact.
    pub impact: Option<Sourced<LevelName>>,
    /// Urgency.
    pub urgency: Option<Sourced<LevelName>>,
    /// Custom fields.
    pub fields: BTreeMap<FieldName, Sourced<Value>>,
    /// Tags.
    pub tags: BTreeSet<TagName>,
    /// The mail or chat thread it came in, for later messages.
    pub thread: Option<ExternalId>,
    /// The ticket it follows up on, if any (S16).
    pub follows: Option<TicketId>,
    /// Where it starts.
    pub stay: Stay,
}

/// An arrival in a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    /// The state.
    pub state: StateName,
    /// Its class.
    pub class: StateClass,
    /// Whom it waits on.
    pub waits_on: WaitsOn,
    /// When the state's time limit passes.
    #[serde(with = "serde_instant_opt")]
    pub limit: Option<UtcInstant>,
    /// Timers of this stay, replacing those of the one before (S5).
    pub timers: Vec<Timer>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    // -- facts ---------------------------------------------------------------------------------
    /// The ticket began.
    Created(Box<Opening>),
    /// How an incoming message found its ticket (S80).
    Received {
        /// `new`, `append`, `reopen`, `follow-up`.
        how: Intake,
        /// By what it was found: `thread`, `window`, `number`, `none`.
        by: String,
    },
    /// A message came in or went out.
    MessageAdded(Box<Message>),
    /// A rule judged the message that woke it (S81): it counts no longer.
    MessageJudged {
        /// Automatic after all.
        automatic: bool,
        /// Mere thanks.
        thanks: bool,
    },
    /// A transition was taken.
    Moved {
        /// Which, or none where the move was forced by an import or a migration.
        transition: Option<TransitionName>,
        /// From where.
        from: StateName,
        /// Where to.
        stay: Stay,
        /// A self-transition that is not external: entry time and timers are kept (S4).
        internal: bool,
    },
    /// A final ticket came back; the next resolution cycle begins (S82).
    Reopened {
        /// The new cycle.
        cycle: u32,
    },
    /// An attribute was set or cleared.
    Set {
        /// Which.
        attribute: Attribute,
        /// To what.
        value: Option<Value>,
        /// By which kind of source (S25).
        by: Provenance,
    },
    /// The priority changed.
    PrioritySet {
        /// To what.
        priority: Option<LevelName>,
        /// By which kind of source.
        by: Provenance,
        /// A person's override ends then.
        #[serde(with = "serde_instant_opt")]
        until: Option<UtcInstant>,
    },
    /// A person's override of the priority ended.
    OverrideEnded,
    /// A rule's contribution to the score.
    Scored {
        /// The rule.
        rule: RuleName,
        /// Points.
        points: i64,
        /// Why.
        reason: String,
    },
    /// The score after this command.
    ScoreSettled {
        /// Points.
        score: i64,
    },
    /// A tag was added.
    Tagged(TagName),
    /// A tag was removed.
    Untagged(TagName),
    /// A link was added.
    Linked(Link),
    /// A link was removed.
    Unlinked(Link),
    /// Someone watches.
    Watched(AgentId),
    /// Someone no longer does.
    Unwatched(AgentId),
    /// The owner changed (S65).
    OwnerSet(Option<AgentId>),
    /// The ticket went to a group's queue, to be assigned.
    Queued {
        /// The group.
        group: GroupId,
        /// Skills required, with the least level.
        skills: BTreeMap<SkillName, u8>,
        /// It was in another group before: a hand-off 转派, whose declared path it is not.
        handoff: bool,
        /// In words, where a person handed it off.
        reason: String,
    },
    /// An agent got it.
    Assigned {
        /// Who.
        agent: AgentId,
        /// The group it stands in from now on.
        group: Option<GroupId>,
        /// Slots claimed.
        slots: Vec<u16>,
        /// Chosen by a person; may exceed capacity (S33).
        manual: bool,
        /// Beyond the agent's capacity.
        over: bool,
    },
    /// The assignee lost it.
    Released {
        /// Who had it.
        agent: AgentId,
        /// Why: `released`, `final`, `handed-off`, `reassigned`, `absent`.
        why: String,
    },
    /// Slots were given back while the assignee stays: the state needs none.
    SlotsFreed,
    /// The assignee's slots are held again: work goes on after a state that needed none.
    SlotsTaken {
        /// Slots claimed.
        slots: Vec<u16>,
        /// Beyond the agent's capacity.
        over: bool,
    },
    /// Nobody could be assigned (S34).
    RouteFailed {
        /// Typed reason.
        reason: String,
        /// When it may be otherwise by itself.
        #[serde(with = "serde_instant_opt")]
        retry_at: Option<UtcInstant>,
    },
    /// The requester rated a cycle.
    Rated {
        /// From 1 (worst) to 5.
        stars: u8,
        /// In words.
        comment: String,
        /// The cycle rated.
        cycle: u32,
    },
    /// A rating was asked for (S59).
    RatingRequested {
        /// For this cycle.
        cycle: u32,
    },
    /// A rule fired.
    RuleFired {
        /// Which.
        rule: RuleName,
        /// In which wave, from 1.
        wave: u8,
    },
    /// A rule failed and was contained (S24).
    RuleFaulted {
        /// Which.
        rule: RuleName,
        /// Stable code.
        code: String,
        /// In English.
        message: String,
    },
    /// An action of a rule would have been refused; none of that rule's actions were done.
    ActionRefused {
        /// The rule.
        rule: RuleName,
        /// The action's word.
        action: String,
        /// The refusal's code.
        code: String,
    },
    /// A chain of rules was cut at the depth limit (S20).
    ChainCut {
        /// The rules of the cycle, in the order they woke each other.
        rules: Vec<RuleName>,
    },
    /// A policy was chosen, or none (S37).
    PolicyChosen {
        /// The agreement.
        agreement: Agreement,
        /// The policy.
        policy: Option<PolicyName>,
        /// Its calendar.
        calendar: Option<CalendarName>,
        /// The calendar's version.
        calendar_version: u32,
    },
    /// Whether an escalation level's own criterion held when it was due (S50).
    CriteriaChecked {
        /// The clock.
        clock: ClockId,
        /// The level's mark.
        mark: LevelName,
        /// It held.
        held: bool,
    },
    /// A notification was decided on.
    Notified {
        /// To whom.
        to: Recipient,
        /// From which template.
        template: TemplateName,
        /// Suppressed, and why: `stale`, `too-many`, `nobody`.
        suppressed: Option<String>,
    },
    /// A timer of this stay fired; it is gone. Of a clock: what follows came of its firing; only where that made facts.
    TimerFired(TimerKind),
    /// The state's time limit passed.
    LimitPassed,
    /// A timed transition or the requester's reply could not do what it should (S78).
    MoveRefused {
        /// Which transition.
        transition: TransitionName,
        /// The blockers' codes.
        codes: Vec<String>,
    },
    /// A clock's figures were corrected by a person (S87); the clock itself stays as it is.
    SlaCorrected(Box<Correction>),
    /// A correction was withdrawn.
    CorrectionWithdrawn {
        /// The entry that made it.
        correction: Revision,
        /// Why.
        reason: String,
    },
    /// An escalation level was reached and its criterion held, but there was nobody it could go to: the next level acts (S50).
    LevelVacant {
        /// The clock.
        clock: ClockId,
        /// The level's mark.
        mark: LevelName,
    },
    /// The clocks were worked out here; the facts behind it follow from what that woke. Only where there are such facts.
    ClocksFollowed,
    // -- bookkeeping ---------------------------------------------------------------------------
    /// A clock started.
    ClockStarted(Box<Clock>),
    /// A clock paused, or stays paused for another reason: counted so far, in microseconds.
    ClockPaused {
        /// Which.
        clock: ClockId,
        /// Counted.
        counted: i64,
        /// Next mark that still can fire by itself.
        #[serde(with = "serde_instant_opt")]
        next_mark: Option<UtcInstant>,
        /// Why.
        hold: Hold,
    },
    /// A clock counts again.
    ClockResumed {
        /// Which.
        clock: ClockId,
        /// Due now.
        #[serde(with = "serde_instant_opt")]
        due: Option<UtcInstant>,
        /// Next mark.
        #[serde(with = "serde_instant_opt")]
        next_mark: Option<UtcInstant>,
    },
    /// A clock got another target, policy or calendar (S46, S55).
    ClockRetargeted {
        /// Which, with everything new in it.
        clock: Box<Clock>,
        /// The new due instant lay in the past (S46).
        retroactive: bool,
    },
    /// A warning or a level fired or was passed over; the next one.
    ClockMarked {
        /// Which.
        clock: ClockId,
        /// What.
        mark: Mark,
        /// Next mark.
        #[serde(with = "serde_instant_opt")]
        next_mark: Option<UtcInstant>,
    },
    /// A clock passed its due instant; it runs on until it stops.
    ClockBreached {
        /// Which.
        clock: ClockId,
    },
    /// A clock stopped.
    ClockStopped {
        /// Which.
        clock: ClockId,
        /// The verdict.
        outcome: Outcome,
        /// Counted microseconds.
        counted: i64,
    },
    // -- facts about timers of rules, and of macros ----------------------------------------------
    /// A rule's timer was set, or set to another instant: its next period, or a due instant that moved.
    TimerSet(Timer),
    /// A rule's timer is off for now: the clock whose due instant it waits for has none.
    TimerOff(TimerKind),
    /// A person ran a macro; what it did follows.
    MacroRun(MacroName),
    // -- the desk's own record -------------------------------------------------------------------
    /// A rule was suspended (S24). Stands in the record of the desk, never in a ticket's journal.
    RuleSuspended {
        /// Which.
        rule: RuleName,
        /// Why.
        reason: String,
    },
    /// A rule's suspension ended. Stands where [`Event::RuleSuspended`] does.
    RuleResumed {
        /// Which.
        rule: RuleName,
        /// Why.
        reason: String,
    },
    // -- and facts again: new ones are added at the end ------------------------------------------
    /// A rule asked for a webhook; the call leaves after the commit.
    HookCalled(HookName),
    /// An item of the state's checklist was ticked or unticked, or a resolution code given.
    Progressed(super::Progressed),
    /// Something happened to a task.
    Task(Box<TaskEvent>),
    /// The ticket goes on in another workflow version, workflow or type, or came back from there (S10, S11, S89).
    Migrated(Box<Migrated>),
    /// Something happened between this ticket and others.
    Kin(Box<KinEvent>),
    /// Something happened to an approval (S12).
    Approval(Box<ApprovalEvent>),
}

impl Event {
    /// A contained fault (S24), its message cut to what a journal keeps.
    pub fn faulted(rule: RuleName, fault: &RuleFault) -> Self {
        Self::RuleFaulted { rule, code: fault.code().into(), message: fault.to_string().chars().take(160).collect() }
    }
    /// Whether [`crate::sla`] computes this event from facts.
    pub fn is_bookkeeping(&self) -> bool {
        matches!(
            self,
            Self::ClockStarted(_)
                | Self::ClockPaused { .. }
                | Self::ClockResumed { .. }
                | Self::ClockRetargeted { .. }
                | Self::ClockMarked { .. }
                | Self::ClockBreached { .. }
                | Self::ClockStopped { .. }
        )
    }
}

/// How an incoming message was placed (S80).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Intake {
    /// A new ticket.
    New,
    /// Onto an open ticket.
    Append,
    /// Onto a final ticket, which reopened.
    Reopen,
    /// A new ticket linked to one past its reopening window.
    FollowUp,
    /// Onto a final ticket that stays as it is: automatic or mere thanks.
    Kept,
}

/// An event with its cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caused {
    /// What happened.
    pub event: Event,
    /// Why.
    pub cause: Cause,
    /// Its logical instant where that is not the entry's: what a timer did, happened when it was due (S26).
    #[serde(with = "serde_instant_opt")]
    pub at: Option<UtcInstant>,
}

/// One entry of a ticket's journal 操作日志: everything one commit did to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The ticket.
    pub ticket: TicketId,
    /// The revision this entry makes.
    pub revision: Revision,
    /// When: never before the entry before it.
    #[serde(with = "serde_instant")]
    pub at: UtcInstant,
    /// When it truly happened, if the command said so (S26).
    #[serde(with = "serde_instant_opt")]
    pub occurred_at: Option<UtcInstant>,
    /// Who.
    pub actor: Actor,
    /// The command's idempotency key.
    pub commit: CommitId,
    /// The playbook that decided.
    pub playbook: Digest,
    /// What happened, in order.
    pub events: Vec<Caused>,
    /// The ticket's wake instant after this entry.
    #[serde(with = "serde_instant_opt")]
    pub wake_at: Option<UtcInstant>,
    /// Why it came out so, in at most 512 bytes.
    pub why: Why,
}

impl Entry {
    /// Its events in order, each with its logical instant (S26) and its place among them: what [`Ticket::evolve`] is given.
    pub fn happened(&self) -> impl Iterator<Item = (UtcInstant, u32, &Caused)> {
        self.events.iter().enumerate().map(|(i, c)| (c.at.unwrap_or(self.at), u32::try_from(i).unwrap_or(u32::MAX), c))
    }
}
