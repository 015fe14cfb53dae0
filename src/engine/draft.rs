//! The draft of an entry: the working ticket, the events so far, and what they woke.

use super::case::{Case, Context, Needs};
use super::errand::Errand;
use super::trace::{Moment, Trace};
use crate::condition::{Customer, Path, View};
use crate::id::*;
use crate::routing::Holdings;
use crate::rules::Trigger;
use crate::store::Claim;
use crate::ticket::*;
use crate::workflow::Workflow;
use std::borrow::Cow;
use std::sync::Arc;

/// The message that woke rules, with its judgement (S81).
#[derive(Clone, Debug)]
pub(super) struct Woken {
    pub message: Arc<Message>,
}

/// An end that cannot come about, since a child that would have to follow could not (S13).
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub ticket: TicketId,
    pub child: TicketId,
    pub why: Vec<crate::diagnostic::Text>,
}

/// The other tickets of the decision, as they stand so far.
#[derive(Debug, Default)]
pub(super) struct Beside {
    pub takes: Vec<Claim>,
    pub releases: Vec<Claim>,
    pub assigned: Vec<(AgentId, UtcInstant)>,
    /// How many human numbers they have used.
    pub numbers: usize,
    /// The tickets, where the command is about several.
    pub tickets: Vec<Arc<Ticket>>,
}

/// An entry in the making. Every event goes through [`Draft::push`], which evolves the working ticket at once.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub ctx: Context<'a>,
    pub case: &'a Case,
    pub workflow: &'a Workflow,
    pub actor: &'a Actor,
    pub occurred_at: Option<UtcInstant>,
    pub roles: &'a [RoleName],
    pub customer: Option<&'a Customer>,
    pub ticket: Ticket,
    pub before: Revision,
    pub revision: Revision,
    pub events: Vec<Caused>,
    /// The logical instant of the present step.
    pub at: UtcInstant,
    /// The instant of the entry; events of earlier steps carry their own.
    pub entry_at: UtcInstant,
    /// Where the present step's events begin.
    pub step: usize,
    pub triggers: Vec<Trigger>,
    /// What changed, for rules that wake by what they read; kept only where there are such rules.
    pub changed: Vec<Path>,
    pub message: Option<Woken>,
    pub transition: Option<TransitionName>,
    pub intake: Option<Intake>,
    pub effects: Vec<(UtcInstant, EffectKind)>,
    pub takes: Vec<Claim>,
    pub releases: Vec<Claim>,
    pub why: Why,
    pub trace: Trace,
    /// The ticket as it was before, for the trace.
    pub traced: Option<Ticket>,
    /// How an incoming message found its ticket.
    pub why_found: Option<String>,
    /// Agents whose slots would have to be known.
    pub missing: Vec<AgentId>,
    /// The step is a timer's: its events carry their own instant.
    pub timed: bool,
    /// The clock whose firing this step is, until its first fact, which the fact that it fired is put before: so the journal alone says which firing a fact belongs to.
    pub firing: Option<TimerKind>,
    /// The clocks were worked out in this step: a fact that comes after it is put behind a marker, so that the journal alone says what they were worked out from.
    pub followed: bool,
    /// What the others of this decision hold.
    pub beside: Beside,
    /// What other tickets are to learn of it.
    pub errands: Vec<Errand>,
    /// It was open when others last learned of it.
    pub told_open: bool,
    /// Ends that are held.
    pub held: &'a [Held],
    /// What has to be known first.
    pub asked: Needs,
    /// Human numbers used.
    pub numbers: usize,
    /// So many transitions that decisions of approvals brought about are under way, each within the one before.
    pub following: u8,
    /// Tickets that were read, at their revisions.
    pub reads: Vec<(TicketId, Revision)>,
}

/// A point to come back to when one of a rule's actions would be refused.
pub(super) struct Mark {
    ticket: Ticket,
    events: usize,
    triggers: usize,
    changed: usize,
    effects: usize,
    missing: usize,
    /// Whole, since giving a slot back may take a claim out of their middle.
    takes: Vec<Claim>,
    releases: Vec<Claim>,
    /// What the message was judged to be: automatic, thanks.
    judged: Option<(bool, bool)>,
    firing: Option<TimerKind>,
    followed: bool,
    errands: usize,
    numbers: usize,
}

impl<'a> Draft<'a> {
    /// What agents hold as this commit leaves it so far: what timers released or assigned in it counts as if it had been committed when it was due (S26).
    pub fn holdings(&self) -> Option<Cow<'_, Holdings>> {
        let mut now = Cow::Borrowed(self.case.holdings.as_ref()?);
        for c in self.releases.iter().chain(&self.beside.releases) {
            now.to_mut().release(&c.agent, &[c.slot]);
        }
        for (agent, at) in self.assigned().chain(self.beside.assigned.iter().map(|(a, at)| (a, *at))) {
            now.to_mut().take(agent, &[], at);
        }
        for c in self.takes.iter().chain(&self.beside.takes) {
            now.to_mut().take(&c.agent, &[c.slot], UtcInstant::MIN_UTC);
        }
        Some(now)
    }
    /// Who was assigned in this entry, and when.
    pub fn assigned(&self) -> impl Iterator<Item = (&AgentId, UtcInstant)> {
        self.events.iter().filter_map(|c| match &c.event {
            Event::Assigned { agent, .. } => Some((agent, c.at.unwrap_or(self.entry_at))),
            _ => None,
        })
    }
    /// Whether something happened in a step of its own, not only what timers did.
    pub fn own(&self) -> bool {
        self.events.iter().any(|c| c.at.is_none())
    }
    /// Claims slots for an agent; one that was given back in this very commit is simply kept.
    pub fn claim(&mut self, agent: &AgentId, slots: &[u16]) {
        for slot in slots {
            let claim = Claim { agent: agent.clone(), slot: *slot };
            match self.releases.iter().position(|c| *c == claim) {
                Some(i) => drop(self.releases.remove(i)),
                None => self.takes.push(claim),
            }
        }
    }
    /// Records an event and evolves the ticket with it.
    pub fn push(&mut self, event: Event, cause: Cause) {
        if !event.is_bookkeeping() {
            if let Some(kind) = self.firing.take() {
                self.record(Event::TimerFired(kind.clone()), Cause::Timer(kind, self.at));
            }
            if std::mem::take(&mut self.followed) {
                self.record(Event::ClocksFollowed, Cause::System);
            }
        }
        // A change of what an approval covers voids it at once, before anything is judged by it (S12). A migration only calls it by another name: what was voted on is the same, and
        // undone it is as it was (S10).
        let covered = match &event {
            Event::Set { .. } if !self.ticket.approvals.is_empty() => super::approval::covered(&self.ticket),
            _ => Vec::new(),
        };
        if covered.is_empty() {
            return self.record(event, cause);
        }
        self.record(event, cause.clone());
        super::approval::changed(self, &covered, &cause);
    }

    /// Records that a rule's timer was set or put out. It is a fact of the step like others, but follows from where the clocks stand: nothing has to be worked out anew
    /// for it, so no marker goes before it.
    pub fn arm(&mut self, event: Event) {
        if let Some(kind) = self.firing.take() {
            self.record(Event::TimerFired(kind.clone()), Cause::Timer(kind, self.at));
        }
        self.record(event, Cause::System);
    }

    fn record(&mut self, event: Event, cause: Cause) {
        let index = u32::try_from(self.events.len()).unwrap_or(u32::MAX);
        wakes(&event, &cause, &mut self.triggers);
        if self.ctx.playbook.rules().wakes_by_reads() {
            changes(&event, &cause, &mut self.changed);
        }
        self.ticket.evolve(&event, self.at, self.revision, index);
        let at = self.timed.then_some(self.at);
        self.events.push(Caused { event, cause, at });
    }

    /// Whether a rule is suspended at the present step.
    pub fn suspends(&self, rule: &crate::rules::Rule) -> bool {
        !self.ctx.suspended.is_empty() && self.ctx.suspended.holds(rule.name.as_str(), self.at)
    }

    /// What a condition sees now, woken by `event`.
    pub fn view<'v>(&'v self, event: &'v str) -> View<'v> {
        View {
            ticket: &self.ticket,
            event,
            message: self.message.as_ref().map(|w| &*w.message),
            transition: self.transition.as_ref(),
            intake: self.intake,
            actor: self.actor,
            roles: self.roles,
            customer: self.customer,
            now: self.at,
            running: self.ctx.running,
        }
    }

    /// A view of what the desk does by itself: rules and timers pass role checks, never guards.
    pub fn system_view<'v>(&'v self, event: &'v str) -> View<'v> {
        View { actor: &Actor::System, roles: &[], ..self.view(event) }
    }

    pub fn mark(&self) -> Mark {
        Mark {
            ticket: self.ticket.clone(),
            events: self.events.len(),
            triggers: self.triggers.len(),
            changed: self.changed.len(),
            effects: self.effects.len(),
            missing: self.missing.len(),
            takes: self.takes.clone(),
            releases: self.releases.clone(),
            judged: self.message.as_ref().map(|w| (w.message.automatic, w.message.thanks)),
            firing: self.firing.clone(),
            followed: self.followed,
            errands: self.errands.len(),
            numbers: self.numbers,
        }
    }

    pub fn back_to(&mut self, mark: Mark) {
        self.ticket = mark.ticket;
        self.events.truncate(mark.events);
        self.triggers.truncate(mark.triggers);
        self.changed.truncate(mark.changed);
        self.effects.truncate(mark.effects);
        self.missing.truncate(mark.missing);
        self.takes = mark.takes;
        self.releases = mark.releases;
        self.firing = mark.firing;
        self.followed = mark.followed;
        self.errands.truncate(mark.errands);
        self.numbers = mark.numbers;
        if let (Some(w), Some((automatic, thanks))) = (&mut self.message, mark.judged) {
            let m = Arc::make_mut(&mut w.message);
            m.automatic = automatic;
            m.thanks = thanks;
        }
    }

    /// Begins a step at a logical instant: the command's own, or a timer's due instant.
    pub fn begin_step(&mut self, at: UtcInstant, timed: bool) {
        self.at = at.max(self.ticket.updated_at);
        self.timed = timed;
        self.step = self.events.len();
        self.triggers.clear();
        self.changed.clear();
        self.firing = None;
        // Behind another step of the entry's own instant the marker is needed too.
        self.followed = self.followed && !timed && self.events.last().is_some_and(|c| c.at.is_none());
    }

    /// Whether anything happened that may wake rules.
    pub fn awake(&self) -> bool {
        !self.triggers.is_empty() || !self.changed.is_empty()
    }

    /// Marks the present moment for the trace; its number.
    pub fn moment(&mut self) -> u32 {
        if !self.ctx.trace {
            return 0;
        }
        self.trace.moments.push(Moment {
            events: self.events.len(),
            now: self.at,
            message: self.message.as_ref().map(|w| w.message.clone()),
            transition: self.transition.clone(),
            intake: self.intake,
        });
        u32::try_from(self.trace.moments.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// Adds an effect, to leave after the commit.
    pub fn effect(&mut self, kind: EffectKind) {
        self.effects.push((self.at, kind));
    }
}

/// What an event wakes.
pub(super) fn wakes(event: &Event, cause: &Cause, t: &mut Vec<Trigger>) {
    match event {
        Event::Created(_) => t.push(Trigger::Created),
        Event::Received { .. } => t.push(Trigger::Received),
        // A message a rule made counts as nobody's (S22).
        Event::MessageAdded(m) if !matches!(cause, Cause::Rule(_)) => t.push(match (m.kind, m.author) {
            (MessageKind::Note, _) => Trigger::MessageNote,
            (MessageKind::Call, _) => Trigger::MessageCall,
            (_, Author::Requester) => Trigger::MessageFromRequester,
            (_, Author::Agent) => Trigger::MessageFromAgent,
            (_, Author::Vendor) => Trigger::MessageFromVendor,
            (_, Author::System) => return,
        }),
        Event::Moved { stay, internal: false, .. } => t.push(Trigger::State(stay.state.clone())),
        Event::Reopened { .. } => t.push(Trigger::Reopened),
        Event::Set { attribute, .. } => t.push(Trigger::changed(attribute.name())),
        Event::PrioritySet { .. } => t.push(Trigger::changed("priority")),
        Event::Tagged(_) | Event::Untagged(_) => t.push(Trigger::changed("tags")),
        Event::Queued { handoff, .. } => {
            t.push(Trigger::Queued);
            t.push(Trigger::changed("group"));
            if *handoff {
                t.push(Trigger::HandedOff);
            }
        }
        Event::Assigned { group, .. } => {
            t.push(Trigger::Assigned);
            t.push(Trigger::changed("assignee"));
            if group.is_some() {
                t.push(Trigger::changed("group"));
            }
        }
        Event::Released { .. } => t.push(Trigger::changed("assignee")),
        Event::OwnerSet(_) => t.push(Trigger::changed("owner")),
        Event::Watched(_) | Event::Unwatched(_) => t.push(Trigger::changed("watchers")),
        Event::Rated { .. } => t.push(Trigger::Rated),
        Event::Task(e) => match &e.what {
            TaskChange::Added(_) => t.push(Trigger::TaskAdded(Some(e.name.clone()))),
            TaskChange::Overdue => t.push(Trigger::TaskOverdue(Some(e.name.clone()))),
            TaskChange::Done { last, .. } => {
                t.push(Trigger::TaskDone(Some(e.name.clone())));
                if *last {
                    t.push(Trigger::TasksDone);
                }
            }
            _ => {}
        },
        Event::Kin(e) => super::kin::wakes(e, t),
        Event::Approval(e) => {
            let name = Some(e.name.clone());
            t.push(match &e.what {
                ApprovalChange::Requested(_) => Trigger::ApprovalRequested(name),
                ApprovalChange::Granted => Trigger::ApprovalGranted(name),
                ApprovalChange::Declined { .. } => Trigger::ApprovalDeclined(name),
                ApprovalChange::Expired { .. } => Trigger::ApprovalExpired(name),
                _ => return,
            });
        }
        Event::LimitPassed => t.push(Trigger::Limit),
        Event::ClockBreached { clock } => t.push(Trigger::Breach(Some(clock.metric.clone()))),
        Event::ClockMarked { clock, mark, .. } if !mark.skipped => {
            t.push(if mark.name.as_str().starts_with("level") { Trigger::Escalated } else { Trigger::Warning(Some(clock.metric.clone())) });
        }
        _ => {}
    }
}

/// What an event changes of all that conditions read. What clocks do counts for nothing here: rules subscribe to it (S21).
pub(super) fn changes(event: &Event, cause: &Cause, out: &mut Vec<Path>) {
    let all: &[Path] = match event {
        Event::MessageAdded(m) if !matches!(cause, Cause::Rule(_)) && m.author != Author::System => &[
            Path::MessageBody,
            Path::MessageKind,
            Path::MessageAuthor,
            Path::MessageAutomatic,
            Path::MessagesFromRequester,
            Path::MessagesFromAgents,
            Path::MessagesFromVendors,
            Path::Answered,
            Path::RequesterWroteAt,
            Path::SilentFor,
            Path::AnsweredAt,
            Path::UnansweredSince,
        ],
        Event::MessageJudged { .. } => &[Path::MessageAutomatic, Path::MessagesFromRequester, Path::UnansweredSince],
        Event::Moved { .. } => &[
            Path::State,
            Path::Class,
            Path::WaitsOn,
            Path::StateSince,
            Path::Transition,
            Path::StartedAt,
            Path::ResolvedAt,
            Path::UnansweredSince,
        ],
        Event::Reopened { .. } => &[Path::Cycle, Path::Reopenings],
        Event::Received { .. } => &[Path::Intake],
        Event::Set { attribute, .. } => {
            out.push(Path::of(attribute));
            return;
        }
        Event::PrioritySet { .. } | Event::OverrideEnded => &[Path::Priority],
        Event::ScoreSettled { .. } => &[Path::Score],
        Event::Tagged(_) | Event::Untagged(_) => &[Path::Tags],
        Event::Watched(_) | Event::Unwatched(_) => &[Path::Watchers],
        Event::OwnerSet(_) => &[Path::Owner],
        Event::Queued { .. } => &[Path::Group, Path::Trail, Path::Handoffs, Path::GroupSince, Path::Queued],
        Event::Assigned { group: Some(_), .. } => &[Path::Assignee, Path::Group, Path::Trail, Path::Owner, Path::GroupSince, Path::Queued],
        Event::Assigned { .. } => &[Path::Assignee, Path::Queued],
        Event::Released { .. } => &[Path::Assignee],
        Event::Rated { .. } => &[Path::Rating],
        Event::Task(_) => &[Path::OpenTasks, Path::TasksDone],
        Event::Kin(e) => super::kin::changes(e),
        Event::Approval(_) => &[Path::OpenApprovals, Path::ApprovalsGranted],
        _ => &[],
    };
    out.extend_from_slice(all);
}
