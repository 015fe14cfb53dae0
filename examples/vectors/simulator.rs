//! One ticket under agreements, without engine: catch up strictly before the command's instant in due order, then facts, then choose, then follow.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used, clippy::arithmetic_side_effects)]

use std::sync::Arc;
use ticketry::calendar::{Calendar, CalendarDefinition, Calendars};
use ticketry::condition::View;
use ticketry::id::*;
use ticketry::sla::{Agreements, Step};
use ticketry::ticket::*;

pub fn t(s: &str) -> UtcInstant {
    s.parse().unwrap()
}

/// `office` in UTC, Monday to Friday 9-12 and 13-18, and `always`.
pub fn calendars() -> Calendars {
    use chrono::Weekday::*;
    let office = CalendarDefinition::new("office", "UTC").days(&[Mon, Tue, Wed, Thu, Fri], &["09:00-12:00", "13:00-18:00"]).unwrap();
    let always = CalendarDefinition::always("always", "UTC");
    Calendars::new(Calendar::compile(&office).unwrap()).with(Calendar::compile(&always).unwrap())
}

pub struct Desk<'a> {
    pub agreements: &'a Agreements,
    pub calendars: &'a Calendars,
    pub ticket: Option<Ticket>,
    pub journal: Vec<Entry>,
    /// Marks whose actions were asked for, with their instants.
    pub acted: Vec<(UtcInstant, String)>,
    /// Groups with a calendar of their own.
    pub group_calendars: Vec<(GroupId, CalendarName)>,
}

pub fn stay(state: &str) -> Stay {
    use StateClass::*;
    let (class, waits_on) = match state {
        "new" => (New, WaitsOn::Internal),
        "open" => (Open, WaitsOn::Internal),
        "pending" => (Pending, WaitsOn::Requester),
        "vendor" => (Pending, WaitsOn::Vendor),
        "resolved" => (Resolved, WaitsOn::Nobody),
        "closed" => (Closed, WaitsOn::Nobody),
        "cancelled" => (Cancelled, WaitsOn::Nobody),
        other => panic!("{other}"),
    };
    Stay { state: state.into(), class, waits_on, limit: None, timers: vec![] }
}

pub fn message(author: Author, kind: MessageKind, at: UtcInstant) -> Message {
    Message {
        kind,
        audience: Audience::Requester,
        author,
        channel: "mail".into(),
        body: Arc::from("…"),
        language: None,
        attachments: vec![],
        automatic: false,
        thanks: false,
        external_id: None,
        at,
    }
}

pub fn opening(state: &str) -> Opening {
    Opening {
        number: 1,
        kind: "enquiry".into(),
        workflow: WorkflowRef { name: "enquiry".into(), version: 1 },
        subject: Arc::from("help"),
        description: Arc::from(""),
        requester: "r1".into(),
        provisional: false,
        organisation: None,
        channel: "mail".into(),
        category: None,
        impact: None,
        urgency: None,
        fields: Default::default(),
        tags: Default::default(),
        thread: None,
        follows: None,
        stay: stay(state),
    }
}

impl<'a> Desk<'a> {
    pub fn new(agreements: &'a Agreements, calendars: &'a Calendars) -> Self {
        Self { agreements, calendars, ticket: None, journal: vec![], acted: vec![], group_calendars: vec![] }
    }
    pub fn ticket(&self) -> &Ticket {
        self.ticket.as_ref().unwrap()
    }
    pub fn clock(&self, metric: &str) -> &Clock {
        self.ticket().clock(metric).unwrap_or_else(|| panic!("no open {metric}"))
    }
    pub fn due(&self, metric: &str) -> Option<UtcInstant> {
        self.ticket().clock(metric).and_then(|c| c.due)
    }
    pub fn closed(&self, metric: &str) -> &ClosedClock {
        self.ticket().closed_clocks.iter().rev().find(|c| c.id.metric == *metric).unwrap_or_else(|| panic!("no closed {metric}"))
    }
    pub fn create(&mut self, at: &str, state: &str, first: Option<Message>, priority: Option<&str>, actor: Actor) {
        let mut facts = vec![Event::Created(Box::new(opening(state)))];
        facts.extend(first.map(|m| Event::MessageAdded(Box::new(m))));
        facts.extend(priority.map(|p| self.priority(p)));
        self.command(t(at), facts, actor);
    }
    pub fn priority(&self, p: &str) -> Event {
        Event::PrioritySet { priority: Some(p.into()), by: Provenance::Agent, until: None }
    }
    pub fn asks(&mut self, at: &str) {
        let m = message(Author::Requester, MessageKind::Reply, t(at));
        self.command(t(at), vec![Event::MessageAdded(Box::new(m))], Actor::requester("r1"));
    }
    pub fn answers(&mut self, at: &str) {
        let m = message(Author::Agent, MessageKind::Reply, t(at));
        self.command(t(at), vec![Event::MessageAdded(Box::new(m))], Actor::agent("a1"));
    }
    pub fn moves(&mut self, at: &str, state: &str) {
        self.command_with(t(at), |d| d.moved(state), Actor::agent("a1"));
    }
    pub fn moved(&self, state: &str) -> Vec<Event> {
        let (ticket, to) = (self.ticket(), stay(state));
        let mut facts = vec![];
        if ticket.class.is_final() && !to.class.is_final() {
            facts.push(Event::Reopened { cycle: ticket.cycle + 1 });
        }
        facts.push(Event::Moved { transition: None, from: ticket.state.clone(), stay: to, internal: false });
        facts
    }
    pub fn prioritise(&mut self, at: &str, p: &str) {
        let e = self.priority(p);
        self.command(t(at), vec![e], Actor::agent("a1"));
    }

    pub fn command(&mut self, at: UtcInstant, facts: Vec<Event>, actor: Actor) {
        self.command_with(at, |_| facts, actor);
    }
    /// The facts are made after catching up, as the engine makes them.
    pub fn command_with(&mut self, at: UtcInstant, facts: impl FnOnce(&Self) -> Vec<Event>, actor: Actor) {
        let at = at.max(self.ticket.as_ref().map_or(at, |t| t.updated_at));
        let mut events = vec![];
        let revision = self.next_revision();
        self.catch_up(at, &mut events, &actor);
        let facts = facts(self);
        if self.ticket.is_none() {
            let Event::Created(o) = &facts[0] else { panic!("first a creation") };
            self.ticket = Some(Ticket::open(TicketId::from_u128(1), at, o));
        }
        let mut all = facts;
        for f in all.clone() {
            self.put(&mut events, f, Cause::Command, None, at, revision);
        }
        let ticket = self.ticket.as_ref().unwrap();
        let of_group = self.group_calendars.iter().find(|(g, _)| Some(g) == ticket.group.as_ref()).map(|(_, c)| c);
        let choice = self.agreements.choose(&View::of(ticket, at), self.calendars, of_group);
        assert!(choice.faults.is_empty());
        for e in choice.events {
            self.put(&mut events, e.clone(), Cause::System, None, at, revision);
            all.push(e);
        }
        self.follow(&mut events, &all, at, None, revision, &actor);
        self.commit(at, actor, events);
    }
    /// A sweep's own entry is stamped with its last firing.
    pub fn sweep(&mut self, now: UtcInstant) {
        let mut events = vec![];
        if self.ticket.is_none() {
            return;
        }
        self.catch_up(now, &mut events, &Actor::System);
        if let Some(last) = events.iter().filter_map(|c: &Caused| c.at).max() {
            self.commit(last.max(self.ticket().updated_at), Actor::System, events);
        }
    }
    fn next_revision(&self) -> Revision {
        self.ticket.as_ref().map_or(Revision::ZERO, |t| t.revision).next()
    }
    fn catch_up(&mut self, until: UtcInstant, events: &mut Vec<Caused>, actor: &Actor) {
        let revision = self.next_revision();
        let mut fired = 0u32;
        while let Some(ticket) = &self.ticket {
            fired += 1;
            assert!(fired < 20_000, "endless: {:?}", ticket.clocks);
            let clocks = ticket.clocks.iter().filter_map(|c| c.wake_at().map(|w| (w, TimerKind::Clock(c.id.clone()))));
            let timers = ticket.timers.iter().map(|t| (t.at, t.kind.clone()));
            let Some((due, kind)) = clocks.chain(timers).min().filter(|(w, _)| *w < until) else { return };
            let cause = Cause::Timer(kind.clone(), due);
            let mut facts = vec![];
            match kind {
                TimerKind::Clock(id) => {
                    let view = View::of(ticket, due);
                    let fired = self.agreements.fire(self.calendars, ticket, &id, due, &view);
                    assert!(!fired.events.is_empty(), "a firing does something: {id:?} at {due}");
                    // As the engine does: a firing that makes facts says whose they are.
                    if !fired.actions.is_empty() || fired.events.iter().any(|e| !e.is_bookkeeping()) {
                        let mark = Event::TimerFired(TimerKind::Clock(id.clone()));
                        facts.push(mark.clone());
                        self.put(events, mark, cause.clone(), Some(due), due, revision);
                    }
                    for e in fired.events {
                        if !e.is_bookkeeping() {
                            facts.push(e.clone());
                        }
                        self.put(events, e, cause.clone(), Some(due), due, revision);
                    }
                    let after = self.ticket().clocks.iter().find(|c| c.id == id).and_then(Clock::wake_at);
                    assert!(after.is_none_or(|w| w > due), "progress");
                    for (mark, actions) in fired.actions {
                        self.acted.push((due, mark.to_string()));
                        for action in actions {
                            let fact = match action {
                                Action::Tag(tag) => Event::Tagged(tag),
                                Action::Priority(p) => Event::PrioritySet { priority: Some(p), by: Provenance::Rule, until: None },
                                other => panic!("{other:?}"),
                            };
                            facts.push(fact.clone());
                            self.put(events, fact, cause.clone(), Some(due), due, revision);
                        }
                    }
                }
                TimerKind::Transition(name) => {
                    for fact in [vec![Event::TimerFired(TimerKind::Transition(name.clone()))], self.moved(name.as_str())].concat() {
                        facts.push(fact.clone());
                        self.put(events, fact, cause.clone(), Some(due), due, revision);
                    }
                }
                other => panic!("{other:?}"),
            }
            self.follow(events, &facts, due, Some(due), revision, actor);
        }
    }
    fn follow(
        &mut self,
        events: &mut Vec<Caused>,
        facts: &[Event],
        at: UtcInstant,
        own: Option<UtcInstant>,
        revision: Revision,
        actor: &Actor,
    ) {
        let facts: Vec<&Event> = facts.iter().collect();
        for e in self.agreements.follow(self.calendars, self.ticket(), &Step { facts: &facts, at, actor }) {
            self.put(events, e, Cause::System, own, at, revision);
        }
    }
    fn put(&mut self, events: &mut Vec<Caused>, event: Event, cause: Cause, own: Option<UtcInstant>, at: UtcInstant, revision: Revision) {
        self.ticket.as_mut().unwrap().evolve(&event, at, revision, events.len() as u32);
        events.push(Caused { event, cause, at: own });
    }
    fn commit(&mut self, at: UtcInstant, actor: Actor, events: Vec<Caused>) {
        let ticket = self.ticket.as_mut().unwrap();
        ticket.revision = ticket.revision.next();
        ticket.updated_at = at;
        ticket.wake_at = ticket.next_wake();
        self.journal.push(Entry {
            ticket: ticket.id,
            revision: ticket.revision,
            at,
            occurred_at: None,
            actor,
            commit: format!("c{}", ticket.revision).into(),
            playbook: Digest::default(),
            events,
            wake_at: ticket.wake_at,
            why: Why::default(),
        });
    }
}
