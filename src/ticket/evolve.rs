//! Evolution: a ticket and an entry make the next ticket. Total, blind, without clock.

use super::*;
use std::sync::Arc;

/// How many of a bounded list are kept.
const THREADS: usize = 16;
const CLOSED: usize = 24;
const TRAIL: usize = 8;
const PARTS: usize = 32;
const NOTIFIED: usize = 16;

impl Ticket {
    /// The ticket an opening makes, before any other event. The engine and the fold both begin here.
    pub fn open(id: TicketId, at: UtcInstant, o: &Opening) -> Self {
        Self {
            id,
            number: o.number,
            revision: Revision::ZERO,
            created_at: at,
            updated_at: at,
            wake_at: None,
            kind: o.kind.clone(),
            workflow: o.workflow.clone(),
            state: o.stay.state.clone(),
            class: o.stay.class,
            waits_on: o.stay.waits_on,
            state_since: at,
            limit: o.stay.limit,
            limit_passed: false,
            timers: sorted(o.stay.timers.clone()),
            started_at: o.stay.class.begins_work(None).then_some(at),
            resolved_at: o.stay.class.ends_work(None).then_some(at),
            cycle: 1,
            subject: o.subject.clone(),
            description: o.description.clone(),
            requester: o.requester.clone(),
            provisional: o.provisional,
            organisation: o.organisation.clone(),
            channel: o.channel.clone(),
            threads: o.thread.iter().cloned().collect(),
            category: o.category.clone(),
            impact: o.impact.clone(),
            urgency: o.urgency.clone(),
            priority: None,
            priority_until: None,
            score: 0,
            score_parts: Vec::new(),
            fields: o.fields.clone(),
            tags: o.tags.clone(),
            links: o.follows.iter().map(|t| Link { kind: TagName::new("follows"), to: LinkTarget::Ticket(*t) }).collect(),
            group: None,
            group_since: None,
            assignee: None,
            slots: Vec::new(),
            over_capacity: false,
            owner: None,
            watchers: BTreeSet::new(),
            queue: None,
            handoffs: 0,
            trail: Vec::new(),
            reopenings: 0,
            conversation: Conversation::default(),
            adopted: Vec::new(),
            clocks: Vec::new(),
            closed_clocks: Arc::default(),
            resting: Arc::default(),
            runs: Vec::new(),
            corrections: Arc::default(),
            rating: None,
            rating_requested: None,
            notified: Vec::new(),
            progress: Progress::default(),
            tasks: Arc::default(),
            kin: Arc::default(),
            approvals: Arc::default(),
        }
    }

    /// The ticket a journal makes, from its first entry on; none if that is no beginning.
    pub fn fold<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Option<Self> {
        let mut ticket: Option<Self> = None;
        for entry in entries {
            match &mut ticket {
                Some(t) => t.apply(entry),
                None => {
                    let mut t = Self::begin(entry)?;
                    t.apply(entry);
                    ticket = Some(t);
                }
            }
        }
        ticket
    }

    /// The bare ticket of a first entry, before its events are applied.
    pub fn begin(entry: &Entry) -> Option<Self> {
        entry.events.iter().find_map(|c| match &c.event {
            Event::Created(o) => Some(Self::open(entry.ticket, c.at.unwrap_or(entry.at), o)),
            _ => None,
        })
    }

    /// Applies a whole entry.
    pub fn apply(&mut self, entry: &Entry) {
        for (at, index, caused) in entry.happened() {
            self.evolve(&caused.event, at, entry.revision, index);
        }
        self.revision = entry.revision;
        self.updated_at = entry.at;
        self.wake_at = entry.wake_at;
    }

    /// Applies one event of the entry that makes `revision`, at its own logical instant.
    ///
    /// Cannot fail: an event that does not fit the ticket leaves it as it is.
    pub fn evolve(&mut self, event: &Event, at: UtcInstant, revision: Revision, index: u32) {
        match event {
            Event::Created(_)
            | Event::Received { .. }
            | Event::RuleFired { .. }
            | Event::RuleFaulted { .. }
            | Event::ActionRefused { .. }
            | Event::ChainCut { .. }
            | Event::CriteriaChecked { .. }
            | Event::LevelVacant { .. }
            | Event::ClocksFollowed
            | Event::MacroRun(_)
            | Event::RuleSuspended { .. }
            | Event::RuleResumed { .. }
            | Event::HookCalled(_)
            | Event::MoveRefused { .. } => {}
            Event::Migrated(m) => self.stand(&m.after),
            Event::MessageAdded(m) => self.message_added(m, MessageRef { revision, index, at: m.at }),
            Event::MessageJudged { automatic, .. } => self.message_judged(*automatic),
            Event::Moved { stay, internal, .. } => self.moved(stay, *internal, at),
            Event::Reopened { cycle } => {
                self.cycle = *cycle;
                self.reopenings = self.reopenings.saturating_add(1);
                self.handoffs = 0;
                self.trail = self.group.iter().cloned().collect();
            }
            Event::Set { attribute, value, by } => self.set(attribute, value.as_ref(), *by),
            Event::PrioritySet { priority, by, until } => {
                self.priority = priority.clone().map(|value| Sourced { value, by: *by });
                self.priority_until = *until;
            }
            Event::OverrideEnded => {
                self.priority_until = None;
                if let Some(p) = &mut self.priority {
                    p.by = Provenance::Rule;
                }
            }
            Event::Scored { rule, points, reason } => {
                let part = ScorePart { rule: rule.clone(), points: *points, reason: reason.clone() };
                if let Some(p) = self.score_parts.iter_mut().find(|p| p.rule == *rule) {
                    *p = part;
                } else if self.score_parts.len() < PARTS {
                    self.score_parts.push(part);
                }
            }
            Event::ScoreSettled { score } => self.score = *score,
            Event::Tagged(t) => {
                self.tags.insert(t.clone());
            }
            Event::Untagged(t) => {
                self.tags.remove(t);
            }
            Event::Linked(l) => {
                if !self.links.contains(l) {
                    self.links.push(l.clone());
                }
            }
            Event::Unlinked(l) => {
                self.links.retain(|x| x != l);
                self.waits_no_longer(l);
            }
            Event::Watched(a) => {
                self.watchers.insert(a.clone());
            }
            Event::Unwatched(a) => {
                self.watchers.remove(a);
            }
            Event::OwnerSet(o) => self.owner.clone_from(o),
            Event::Queued { group, skills, handoff, .. } => {
                self.leave_assignee();
                self.enter_group(group, at);
                if *handoff {
                    self.handoffs = self.handoffs.saturating_add(1);
                }
                self.queue = Some(Queue { since: at, skills: skills.clone(), try_now: true, retry_at: None });
            }
            Event::Assigned { agent, group, slots, over, .. } => {
                self.assignee = Some(agent.clone());
                self.slots.clone_from(slots);
                self.over_capacity = *over;
                self.queue = None;
                if let Some(g) = group {
                    self.enter_group(g, at);
                }
            }
            Event::Released { .. } => self.leave_assignee(),
            Event::SlotsFreed => {
                self.slots.clear();
                self.over_capacity = false;
            }
            Event::SlotsTaken { slots, over } => {
                self.slots.clone_from(slots);
                self.over_capacity = *over;
            }
            Event::RouteFailed { retry_at, .. } => {
                if let Some(q) = &mut self.queue {
                    q.try_now = false;
                    q.retry_at = *retry_at;
                }
            }
            Event::Rated { stars, cycle, .. } => self.rating = Some(Rating { stars: *stars, cycle: *cycle }),
            Event::RatingRequested { cycle } => self.rating_requested = Some(*cycle),
            Event::PolicyChosen { agreement, policy, calendar, calendar_version } => {
                self.adopted.retain(|a| a.agreement != *agreement);
                if let (Some(policy), Some(calendar)) = (policy, calendar) {
                    self.adopted.push(Adopted {
                        agreement: *agreement,
                        policy: policy.clone(),
                        calendar: calendar.clone(),
                        calendar_version: *calendar_version,
                    });
                }
            }
            Event::Notified { to, suppressed, .. } => {
                if *to == Recipient::Requester && suppressed.is_none() {
                    push_bounded(&mut self.notified, LongTime(at), NOTIFIED);
                }
            }
            Event::TimerFired(kind) => self.timer_fired(kind),
            Event::TimerSet(timer) => {
                self.timers.retain(|t| t.kind != timer.kind);
                self.timers.push(timer.clone());
                self.timers.sort();
            }
            Event::TimerOff(kind) => self.timers.retain(|t| t.kind != *kind),
            Event::Progressed(step) => self.progress.evolve(step),
            Event::LimitPassed => self.limit_passed = true,
            Event::SlaCorrected(c) => push_bounded(Arc::make_mut(&mut self.corrections), (**c).clone(), Correction::MOST),
            Event::CorrectionWithdrawn { correction, .. } => {
                if self.corrections.iter().any(|c| c.revision == *correction) {
                    Arc::make_mut(&mut self.corrections).retain(|c| c.revision != *correction);
                }
            }
            Event::ClockStarted(c) => {
                match self.runs.iter_mut().find(|(a, m, _)| *a == c.id.agreement && *m == c.id.metric) {
                    Some((_, _, n)) => *n = c.id.run,
                    None => self.runs.push((c.id.agreement, c.id.metric.clone(), c.id.run)),
                }
                let same = |r: &Clock| (r.id.agreement, &r.id.metric) == (c.id.agreement, &c.id.metric);
                // What rules have had their moment before an earlier run was due, is of no interest any more.
                self.timers.retain(|t| {
                    t.kind.due_of().is_none_or(|d| d.run == c.id.run || (d.agreement, &d.metric) != (c.id.agreement, &c.id.metric))
                });
                // Shared with the ticket before: copied only where something is really taken out.
                if self.resting.iter().any(same) {
                    Arc::make_mut(&mut self.resting).retain(|r| !same(r));
                }
                if self.closed_clocks.iter().any(|r| r.id == c.id) {
                    Arc::make_mut(&mut self.closed_clocks).retain(|r| r.id != c.id);
                }
                self.clocks.push((**c).clone());
            }
            Event::ClockPaused { clock, counted, next_mark, hold } => self.with_clock(clock, |c| {
                c.counted = *counted;
                c.since = None;
                c.paused_since.get_or_insert(at);
                c.hold = *hold;
                c.due = None;
                c.next_mark = *next_mark;
            }),
            Event::ClockResumed { clock, due, next_mark } => self.with_clock(clock, |c| {
                if let Some(from) = c.paused_since {
                    c.paused(Pause { from, to: at, closed: false });
                }
                c.since = Some(at);
                c.paused_since = None;
                c.hold = Hold::default();
                c.due = *due;
                c.next_mark = *next_mark;
            }),
            Event::ClockRetargeted { clock, .. } => self.with_clock(&clock.id, |c| *c = (**clock).clone()),
            Event::ClockMarked { clock, mark, next_mark } => self.with_clock(clock, |c| {
                c.marks.push(mark.clone());
                c.next_mark = *next_mark;
            }),
            Event::ClockBreached { clock } => self.with_clock(clock, |c| {
                c.breached_at.get_or_insert(at);
            }),
            Event::Task(e) => self.task_happened(e),
            Event::Kin(e) => self.kin_happened(e, MessageRef { revision, index, at }),
            Event::Approval(e) => self.approval_happened(e),
            Event::ClockStopped { clock, outcome, counted } => self.clock_stopped(clock, *outcome, *counted, at),
        }
    }

    fn with_clock(&mut self, id: &ClockId, change: impl FnOnce(&mut Clock)) {
        if let Some(c) = self.clocks.iter_mut().find(|c| c.id == *id) {
            change(c);
        }
    }

    fn clock_stopped(&mut self, id: &ClockId, outcome: Outcome, counted: i64, at: UtcInstant) {
        let Some(i) = self.clocks.iter().position(|c| c.id == *id) else { return };
        let mut c = self.clocks.remove(i);
        self.timers.retain(|t| !matches!(&t.kind, TimerKind::BeforeDue(_, clock) if clock == id));
        c.counted = counted;
        c.since = None;
        c.outcome = Some(outcome);
        if let Some(from) = c.paused_since.replace(at) {
            c.paused(Pause { from, to: at, closed: false });
        }
        let closed = ClosedClock {
            id: c.id.clone(),
            policy: c.policy.clone(),
            calendar: c.calendar.clone(),
            calendar_version: c.calendar_version,
            target: c.target,
            cycle: c.cycle,
            group: c.group.clone(),
            started_at: c.started_at,
            due: c.due,
            ended_at: at,
            breached_at: c.breached_at,
            superseded: c.superseded,
            outcome,
            counted,
            budget: c.budget,
        };
        push_bounded(Arc::make_mut(&mut self.closed_clocks), closed, CLOSED);
        let resting = Arc::make_mut(&mut self.resting);
        resting.retain(|r| (r.id.agreement, &r.id.metric) != (c.id.agreement, &c.id.metric));
        resting.push(c);
    }

    fn leave_assignee(&mut self) {
        self.assignee = None;
        self.slots.clear();
        self.over_capacity = false;
    }

    fn enter_group(&mut self, group: &GroupId, at: UtcInstant) {
        if self.group.as_ref() != Some(group) {
            self.group = Some(group.clone());
            self.group_since = Some(at);
        }
        if self.trail.last() != Some(group) {
            push_bounded(&mut self.trail, group.clone(), TRAIL);
        }
    }

    fn moved(&mut self, stay: &Stay, internal: bool, at: UtcInstant) {
        if stay.class.begins_work(Some(self.class)) && self.started_at.is_none() {
            self.started_at = Some(at);
        }
        if stay.class.ends_work(Some(self.class)) {
            self.resolved_at = Some(at);
            // Nothing is owed any more: what was left unanswered is the clocks' verdict (S38).
            self.conversation.oldest_unanswered = None;
        }
        self.class = stay.class;
        self.waits_on = stay.waits_on;
        self.state = stay.state.clone();
        if internal {
            return;
        }
        self.state_since = at;
        self.progress.ticked.clear();
        self.limit = stay.limit;
        self.limit_passed = false;
        // Timers that belong to a clock are not the stay's.
        self.timers.retain(|t| t.kind.due_of().is_some());
        self.timers.extend(stay.timers.iter().cloned());
        self.timers.sort();
    }

    /// A timer is gone once it has fired; one before a due instant stays to be remembered.
    fn timer_fired(&mut self, kind: &TimerKind) {
        let Some(i) = self.timers.iter().position(|t| t.kind == *kind) else { return };
        let timer = self.timers.remove(i);
        if let TimerKind::BeforeDue(rule, clock) = timer.kind {
            self.timers.push(Timer { at: timer.at, kind: TimerKind::Passed(rule, clock) });
            self.timers.sort();
        }
    }

    fn set(&mut self, attribute: &Attribute, value: Option<&Value>, by: Provenance) {
        let text = match value {
            Some(Value::Text(t)) => Some(t.clone()),
            Some(Value::Choice(c)) => Some(Text::from(c.as_str())),
            _ => None,
        };
        let level = || text.as_deref().map(|t| Sourced { value: LevelName::new(t), by });
        match attribute {
            Attribute::Subject => self.subject = text.unwrap_or_default(),
            Attribute::Description => self.description = text.unwrap_or_default(),
            Attribute::Category => self.category = text.as_deref().map(|t| Sourced { value: CategoryPath::new(t), by }),
            Attribute::Impact => self.impact = level(),
            Attribute::Urgency => self.urgency = level(),
            Attribute::Organisation => self.organisation = text.as_deref().map(OrganisationId::new),
            Attribute::Field(name) => match value {
                Some(v) => {
                    self.fields.insert(name.clone(), Sourced { value: v.clone(), by });
                }
                None => {
                    self.fields.remove(name);
                }
            },
        }
    }

    fn message_added(&mut self, m: &Message, here: MessageRef) {
        let c = &mut self.conversation;
        c.first.get_or_insert(here);
        c.last = Some(here);
        if m.automatic {
            c.automatic = c.automatic.saturating_add(1);
        } else if m.kind == MessageKind::Note {
            c.notes = c.notes.saturating_add(1);
        } else if m.author == Author::Vendor {
            c.from_vendors = c.from_vendors.saturating_add(1);
        } else if m.counts_from_requester() {
            c.from_requester = c.from_requester.saturating_add(1);
            c.last_from_requester = Some(here);
            // A call is answered while it is spoken, thanks want no answer.
            if m.kind != MessageKind::Call && !m.thanks {
                c.oldest_unanswered.get_or_insert(here);
            }
        } else if m.counts_as_answer() {
            c.from_agents = c.from_agents.saturating_add(1);
            c.first_answer.get_or_insert(here);
            c.last_answer = Some(here);
            c.oldest_unanswered = None;
        }
        if let Some(id) = &m.external_id
            && !self.threads.contains(id)
        {
            push_bounded(&mut self.threads, id.clone(), THREADS);
        }
    }

    /// The newest requester message counts no longer, or is owed no answer.
    fn message_judged(&mut self, automatic: bool) {
        let c = &mut self.conversation;
        if automatic && c.from_requester > 0 {
            c.from_requester = c.from_requester.saturating_sub(1);
            c.automatic = c.automatic.saturating_add(1);
        }
        if c.oldest_unanswered.is_some() && c.oldest_unanswered == c.last_from_requester {
            c.oldest_unanswered = None;
        }
    }
}

fn sorted(mut timers: Vec<Timer>) -> Vec<Timer> {
    timers.sort();
    timers
}

fn push_bounded<T>(list: &mut Vec<T>, item: T, most: usize) {
    if list.len() >= most {
        list.remove(0);
    }
    list.push(item);
}
