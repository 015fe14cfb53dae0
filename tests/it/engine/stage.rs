//! A small desk with simulated time.

use chrono::TimeDelta;
use std::sync::Arc;
use ticketry::calendar::CalendarDefinition;
use ticketry::desk::{Blocking, Builder, Desk, Done, Error, FixedClock, FixedDirectory, SeededIds};
use ticketry::diagnostic::{Lang, Source, text};
use ticketry::engine::{Command, Inbound, NewTicket, What};
use ticketry::id::*;
use ticketry::playbook::{Playbook, PlaybookBuilder};
use ticketry::routing::{Agent, Roster, RosterDefinition};
use ticketry::store::{AnyStore, MemoryStore};
use ticketry::ticket::{Actor, Scale, Ticket};
use ticketry::workflow::WorkflowDefinition;

pub struct Stage {
    pub desk: Blocking,
    pub clock: FixedClock,
    keys: std::cell::Cell<u64>,
}

pub fn at(s: &str) -> UtcInstant {
    s.parse().unwrap()
}

pub fn playbook(source: &Source) -> Playbook {
    match Playbook::load(source) {
        Ok(l) => {
            assert!(l.warnings.is_empty(), "{}", l.warnings.render(Lang::En, Some(source)));
            l.playbook
        }
        Err(d) => panic!("{}", d.render(Lang::En, Some(source))),
    }
}

/// A playbook made in Rust with one workflow, `question`: what its tests differ in is added to it.
pub fn in_rust(name: &str, flow: WorkflowDefinition) -> PlaybookBuilder {
    Playbook::builder(name)
        .calendar(CalendarDefinition::always("always", "UTC"))
        .channel("mail")
        .group("support")
        .workflow(flow)
        .ticket_type("question", "question")
        .schema(|s| {
            s.impact = Scale::of(&["low", "medium", "high"]);
            s.urgency = Scale::of(&["low", "medium", "high"]);
            s.priority = Scale::of(&["low", "high"]);
            s.roles.insert("lead".into(), text("Lead", "组长"));
        })
}

pub fn roster(playbook: &Playbook) -> Arc<Roster> {
    let roster = RosterDefinition::default()
        .agent(Agent::new("li").group("support").capacity(3))
        .agent(Agent::new("wang").group("support").capacity(3))
        .agent(Agent::new("zhao").group("support").capacity(3).role("lead").absent(at("2025-10-01T00:00:00Z"), None))
        .lead("support", "zhao")
        .build(playbook.schema());
    Arc::new(roster.0.unwrap())
}

impl Stage {
    /// The starter playbook, with some files replaced or added.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let mut source = Playbook::starter_source();
        for (path, content) in files {
            source.add(*path, *content);
        }
        Self::of(playbook(&source))
    }
    pub fn starter() -> Self {
        Self::with(&[])
    }
    pub fn of(playbook: Playbook) -> Self {
        Self::over(playbook, AnyStore::new(MemoryStore::new()))
    }
    pub fn over(playbook: Playbook, store: AnyStore) -> Self {
        Self::opened(|b| b, playbook, store)
    }
    /// The desk of a changed builder.
    pub fn opened(change: impl FnOnce(Builder) -> Builder, playbook: Playbook, store: AnyStore) -> Self {
        let directory = FixedDirectory { roster: roster(&playbook), ..FixedDirectory::default() };
        // A Thursday, one hour after opening.
        let clock = FixedClock::new(at("2025-10-09T10:00:00Z"));
        let builder = Desk::builder(playbook).any_store(store).directory(directory).clock(clock.clone()).ids(SeededIds::new(7, 0));
        let desk = change(builder).open_blocking().unwrap();
        Self { desk: desk.blocking(), clock, keys: std::cell::Cell::new(0) }
    }
    pub fn pass(&self, minutes: i64) {
        use ticketry::desk::Clock as _;
        self.clock.set(self.clock.now() + TimeDelta::minutes(minutes));
    }
    pub fn key(&self) -> String {
        self.keys.set(self.keys.get() + 1);
        format!("k{}", self.keys.get())
    }
    pub fn create(&self) -> Arc<Ticket> {
        self.create_as(
            Actor::requester("ann"),
            NewTicket { description: "it burns".into(), ..NewTicket::new("question", "the printer is on fire", "ann", "mail") },
        )
    }
    pub fn create_as(&self, actor: Actor, new: NewTicket) -> Arc<Ticket> {
        self.desk.submit(Command::create(self.key(), actor, new)).unwrap().ticket
    }
    pub fn try_as(&self, who: Actor, t: &Ticket, what: What) -> Result<Done, Error> {
        self.desk.submit(Command::on(t.id, self.key(), who, what))
    }
    pub fn as_agent(&self, who: &str, t: &Ticket, what: What) -> Arc<Ticket> {
        self.try_as(Actor::agent(who), t, what).unwrap().ticket
    }
    pub fn as_requester(&self, t: &Ticket, what: What) -> Arc<Ticket> {
        self.try_as(Actor::Requester(t.requester.clone()), t, what).unwrap().ticket
    }
    pub fn get(&self, t: &Ticket) -> Arc<Ticket> {
        self.desk.ticket(t.id).unwrap()
    }
    pub fn mail(&self, id: &str, thread: Option<&Ticket>, body: &str) -> Inbound {
        let mut m = Inbound::new("mail", id, "ann", "question", body);
        m.threads.extend(thread.and_then(|t| t.threads.first().cloned()));
        m
    }
}
