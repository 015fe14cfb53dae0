//! Metrics as declarations: what starts, pauses, resumes, stops, resets and cancels a clock.

use super::sign::Sign;
use crate::condition::Condition;
use crate::diagnostic::{Place, Text, text};
use crate::id::MetricName;
use crate::ticket::{Conversation, MessageRef, WaitsOn};

/// How many runs a metric has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// `ticket`: one per ticket.
    Ticket,
    /// `cycle`: one per resolution cycle, where the policy does not resume the one before (S45, S82).
    Cycle,
    /// `message`: one per message that waits for an answer (S48).
    Message,
    /// `episode`: one per start, as often as it starts while none is open.
    Episode,
}

impl Scope {
    /// All.
    pub const ALL: [Self; 4] = [Self::Ticket, Self::Cycle, Self::Message, Self::Episode];
    /// The word authors write.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ticket => "ticket",
            Self::Cycle => "cycle",
            Self::Message => "message",
            Self::Episode => "episode",
        }
    }
}

/// What a clause does to a metric's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Consequence {
    /// The run ends as cancelled, outside met and breached (S83).
    Cancel,
    /// The run ends: met, or breached if past due.
    Stop,
    /// The run ends without the thing measured: unanswered, or breached if past due (S38).
    Lapse,
    /// The run ends as cancelled, and a new one begins at that instant.
    Reset,
    /// The clock stands still.
    Pause,
    /// An event's pause is over.
    Resume,
    /// A run begins.
    Start,
}

impl Consequence {
    /// All, in the order in which the consequences of one step are worked out unless a metric says otherwise (S52).
    pub const ORDER: [Self; 7] = [Self::Cancel, Self::Stop, Self::Lapse, Self::Reset, Self::Pause, Self::Resume, Self::Start];
    /// The word authors write.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Stop => "stop",
            Self::Lapse => "lapse",
            Self::Reset => "reset",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Start => "start",
        }
    }
}

/// One way for a consequence to come about: a sign, a condition over the ticket, or both. In files a word, `"entered:waiting"`, or a table,
/// `{ on = "assigned", when = 't.priority == "urgent"' }`.
#[derive(Clone, Debug)]
pub struct Clause {
    /// What happens, or holds.
    pub on: Option<Sign>,
    /// What else holds after the step. Lowered to data and about the ticket alone, so that it can be worked out again from facts (S56).
    pub when: Option<Condition>,
}

impl Clause {
    /// As long as the condition holds.
    pub fn holding(when: Condition) -> Self {
        Self { on: None, when: Some(when) }
    }
    /// The sign, where the condition holds.
    pub fn on(sign: Sign, when: Condition) -> Self {
        Self { on: Some(sign), when: Some(when) }
    }
    /// Waiting on whom alone makes it hold: then it is the same as `stops` (S77, S78).
    pub(super) fn waits_on(&self) -> Option<WaitsOn> {
        match (&self.on, &self.when) {
            (Some(Sign::WaitsOn(on)), None) => Some(*on),
            _ => None,
        }
    }
    /// Whether it holds for a while, instead of happening at an instant.
    pub fn is_level(&self) -> bool {
        self.on.as_ref().is_none_or(Sign::is_level)
    }
}
impl From<Sign> for Clause {
    fn from(sign: Sign) -> Self {
        Self { on: Some(sign), when: None }
    }
}

/// A metric: declarations only. A policy that gives it a target makes clocks of it; without a target it costs nothing.
///
/// In any file of `sla/`:
///
/// ```toml
/// [[metrics]]
/// name = "vendor_turnaround"
/// label = { en = "vendor turnaround", zh = "第三方处理时长" }
/// scope = "episode"
/// start = ["entered:with_vendor"]
/// pause = ["tagged:vendor_closed"]
/// resume = ["untagged:vendor_closed"]
/// stop = ["vendor_replied", "left:with_vendor"]
/// cancel = ["cancelled"]
/// ```
///
/// and the same in Rust:
///
/// ```
/// use ticketry::sla::{Agreements, Metric, Policy, Scope, Sign};
/// let turnaround = Metric::new("vendor_turnaround", Scope::Episode)
///     .label("vendor turnaround", "第三方处理时长")
///     .start(Sign::entered("with_vendor"))
///     .pause(Sign::tagged("vendor_closed"))
///     .resume(Sign::untagged("vendor_closed"))
///     .stop(Sign::VendorReplied)
///     .stop(Sign::left("with_vendor"))
///     .cancel(Sign::Cancelled);
/// let agreements = Agreements::new(vec![Policy::new("gold").target("vendor_turnaround", None, "2bd")]).metric_declared(turnaround);
/// assert!(agreements.metric(&"vendor_turnaround".into()).is_some());
/// ```
///
/// # Signs
///
/// | sign | what it is |
/// |---|---|
/// | `opened`, `reopened` | the ticket began; a final one came back |
/// | `asked`, `answered`, `vendor_replied` | the requester, a human agent to the requester, a vendor wrote; at the message's own instant as far as the policy believes it (S26) |
/// | `owed`, `owed_again`, `spoken`, `not_owed` | of metrics per message: a message waits; the same after the first response; an agent spoke; nothing waits though nobody answered |
/// | `assigned`, `released` | an agent got it, lost it |
/// | `group_entered`, `group_left` | it came to another group, or opened or reopened in one; it is no longer in the group the run started in (S51) |
/// | `moved`, `entered:STATE`, `left:STATE` | by a transition that is no internal one (S4) |
/// | `taken:TRANSITION` | each time the transition is taken, an internal one too |
/// | `changed:FIELD`, `tagged:TAG`, `untagged:TAG` | an attribute, field, `priority`, `tags`, `group`, `assignee`, `owner`, `watchers` |
/// | `in:STATE`, `class:CLASS`, `waits_on:WHO`, `final`, `cancelled`, and `when` alone | **levels**: they hold for a while |
///
/// # Consequences
///
/// | key | by an event | by a level |
/// |---|---|---|
/// | `start` | a run begins | (only with an event) |
/// | `pause` | stands still until a `resume` | stands still as long as it holds |
/// | `resume` | ends the pause of an event | the same |
/// | `stop`, `lapse`, `cancel` | the run ends: met or breached; unanswered or breached; cancelled | the same; and no run begins while it holds |
/// | `reset` | the run is closed as cancelled, a new one begins | (only with an event) |
///
/// Whom the ticket waits on pauses besides (`stops`, here or in the policy; S77): a clock stands still if either says so. A requester who wrote ends the wait
/// on him even where the state stays (S78); an unconditional `pause = ["waits_on:requester"]` is the same as `stops`.
///
/// # Precedence (S52)
///
/// The consequences of one step are worked out one after the other, each on what those before it left: `cancel, stop, lapse, reset, pause, resume, start`, or as the
/// metric's `precedence` orders them. So a step that stops and starts ends one run and begins the next; with `start` before `stop` it would not begin another, or end at once what it began.
/// Of `pause` and `resume` in one step the earlier in the order wins. What else happens in the step of an opening happens after it, whatever the order: a run per ticket or cycle
/// can end as it begins, and so can one that a reopening brings back into a ticket that is final again by the end of the step.
///
/// # A policy that comes late
///
/// Where a policy or a target comes after the start, what can be told from the ticket is measured from its start (or from now, as `on_change` says, S46): since it opened, entered its state or its group.
/// A run that lost its target resumes when it has one again, unless an event of the metric's own `cancel` may have ended it.
///
/// # Shipped
///
/// | metric | runs | from | to | stands still while waiting on |
/// |---|---|---|---|---|
/// | `first_response` | per ticket | opening | an agent's answer (S38) | |
/// | `next_response` | per message | a message after the first response (S39) | an agent's answer | |
/// | `update` | per message | any message that waits (S40) | an agent's answer | the requester |
/// | `periodic_update` | per message | an agent's answer (S40) | the next one | the requester |
/// | `resolution` | per cycle | opening, reopening | a final state | the requester |
/// | `requester_wait` | per cycle | opening, reopening | a final state | the requester: what is left is his wait for us |
/// | `agent_work` | per cycle | opening, reopening | a final state | the requester, a vendor, an approval |
/// | `total_resolution` | per cycle | opening, reopening | a final state | |
/// | `time_to_assign` | per ticket | opening | the first assignment | |
/// | `time_in_state` | per stay in a state that is not final | a move | the next move | |
/// | `group_ownership` | per stay in a group (S51) | coming to a group, reopening in one | another group, a final state | |
///
/// A playbook that declares a metric of one of these names declares it anew.
#[derive(Clone, Debug)]
pub struct Metric {
    /// Its name in definitions.
    pub name: MetricName,
    /// What people read.
    pub label: Text,
    /// How many runs it has.
    pub scope: Scope,
    /// What starts it.
    pub start: Vec<Clause>,
    /// What pauses it.
    pub pause: Vec<Clause>,
    /// What ends the pause of an event.
    pub resume: Vec<Clause>,
    /// What stops it: met, or breached if past due.
    pub stop: Vec<Clause>,
    /// What ends it without the thing measured: unanswered, or breached if past due (S38).
    pub lapse: Vec<Clause>,
    /// What cancels it.
    pub cancel: Vec<Clause>,
    /// What begins it anew.
    pub reset: Vec<Clause>,
    /// Waiting on whom pauses it, where the policy does not say (S77).
    pub stops: Vec<WaitsOn>,
    /// The order in which the consequences of one step are worked out (S52): each of them once.
    pub precedence: [Consequence; 7],
    /// Where it stands.
    pub place: Place,
}

impl Metric {
    /// First response (S38).
    pub const FIRST_RESPONSE: &'static str = "first_response";
    /// Next response (S39).
    pub const NEXT_RESPONSE: &'static str = "next_response";
    /// Update every so often after the first response, whether the requester waits or not (S40).
    pub const PERIODIC_UPDATE: &'static str = "periodic_update";
    /// Update while the requester waits (S40).
    pub const UPDATE: &'static str = "update";
    /// Resolution.
    pub const RESOLUTION: &'static str = "resolution";
    /// How long the requester waits on us.
    pub const REQUESTER_WAIT: &'static str = "requester_wait";
    /// How long we work.
    pub const AGENT_WORK: &'static str = "agent_work";
    /// Resolution without any pause.
    pub const TOTAL_RESOLUTION: &'static str = "total_resolution";
    /// How long until an agent gets it.
    pub const TIME_TO_ASSIGN: &'static str = "time_to_assign";
    /// How long it stays in a state.
    pub const TIME_IN_STATE: &'static str = "time_in_state";
    /// How long a group has it (S51).
    pub const GROUP_OWNERSHIP: &'static str = "group_ownership";

    /// A metric of which nothing is declared yet.
    pub fn new(name: impl Into<MetricName>, scope: Scope) -> Self {
        let name = name.into();
        Self {
            label: text(name.as_str(), name.as_str()),
            name,
            scope,
            start: Vec::new(),
            pause: Vec::new(),
            resume: Vec::new(),
            stop: Vec::new(),
            lapse: Vec::new(),
            cancel: Vec::new(),
            reset: Vec::new(),
            stops: Vec::new(),
            precedence: Consequence::ORDER,
            place: Place::file("builder"),
        }
    }
    /// With a label.
    #[must_use]
    pub fn label(mut self, en: &str, zh: &str) -> Self {
        self.label = text(en, zh);
        self
    }
    /// With something more that starts it.
    #[must_use]
    pub fn start(self, clause: impl Into<Clause>) -> Self {
        self.with(Consequence::Start, clause.into())
    }
    /// With something more that pauses it.
    #[must_use]
    pub fn pause(self, clause: impl Into<Clause>) -> Self {
        self.with(Consequence::Pause, clause.into())
    }
    /// With something more that ends the pause of an event.
    #[must_use]
    pub fn resume(self, clause: impl Into<Clause>) -> Self {
        self.with(Consequence::Resume, clause.into())
    }
    /// With something more that stops it.
    #[must_use]
    pub fn stop(self, clause: impl Into<Clause>) -> Self {
        self.with(Consequence::Stop, clause.into())
    }
    /// With something more that lets it lapse.
    #[must_use]
    pub fn lapse(self, clause: impl Into<Clause>) -> Self {
        self.with(Consequence::Lapse, clause.into())
    }
    /// With something more that cancels it.
    #[must_use]
    pub fn cancel(self, clause: impl Into<Clause>) -> Self {
        self.with(Consequence::Cancel, clause.into())
    }
    /// With something more that begins it anew.
    #[must_use]
    pub fn reset(self, clause: impl Into<Clause>) -> Self {
        self.with(Consequence::Reset, clause.into())
    }
    /// Standing still while the ticket waits on these, where the policy does not say (S77).
    #[must_use]
    pub fn stops(mut self, on: impl IntoIterator<Item = WaitsOn>) -> Self {
        self.stops = on.into_iter().collect();
        self
    }
    /// With an order of its own (S52).
    #[must_use]
    pub fn precedence(mut self, order: [Consequence; 7]) -> Self {
        self.precedence = order;
        self
    }
    fn with(mut self, what: Consequence, clause: Clause) -> Self {
        self.clauses_mut(what).push(clause);
        self
    }

    /// The clauses of a consequence.
    pub fn clauses(&self, what: Consequence) -> &[Clause] {
        match what {
            Consequence::Cancel => &self.cancel,
            Consequence::Stop => &self.stop,
            Consequence::Lapse => &self.lapse,
            Consequence::Reset => &self.reset,
            Consequence::Pause => &self.pause,
            Consequence::Resume => &self.resume,
            Consequence::Start => &self.start,
        }
    }
    pub(super) fn clauses_mut(&mut self, what: Consequence) -> &mut Vec<Clause> {
        match what {
            Consequence::Cancel => &mut self.cancel,
            Consequence::Stop => &mut self.stop,
            Consequence::Lapse => &mut self.lapse,
            Consequence::Reset => &mut self.reset,
            Consequence::Pause => &mut self.pause,
            Consequence::Resume => &mut self.resume,
            Consequence::Start => &mut self.start,
        }
    }
    /// Every clause.
    pub(super) fn all_clauses(&self) -> impl Iterator<Item = (Consequence, &Clause)> {
        Consequence::ORDER.into_iter().flat_map(|k| self.clauses(k).iter().map(move |c| (k, c)))
    }
    /// Where a consequence stands in the order.
    pub(super) fn position(&self, what: Consequence) -> usize {
        self.precedence.iter().position(|k| *k == what).unwrap_or(usize::MAX)
    }
    /// Whether a sign is among its starts.
    pub(super) fn starts_on(&self, sign: &Sign) -> bool {
        self.start.iter().any(|c| c.on.as_ref() == Some(sign))
    }
    /// Whether what it waits for is an agent's answer (S38).
    pub(crate) fn is_response(&self) -> bool {
        self.starts_on(&Sign::Opened) && self.stop.iter().any(|c| c.on == Some(Sign::Answered))
    }
    /// Whether an event of its own may have cancelled it: then a cancelled run is over for good.
    pub(super) fn cancels_by_event(&self) -> bool {
        self.cancel.iter().any(|c| !c.is_level() && c.on != Some(Sign::NotOwed))
    }
    /// The message a run per message belongs to now, if the ticket has one (S39, S40, S48).
    pub(super) fn key(&self, conversation: &Conversation) -> Option<MessageRef> {
        if self.starts_on(&Sign::Spoken) { conversation.last_answer } else { conversation.oldest_unanswered }
    }
}
