//! What a decision costs, beside the same decision written out by hand.
//!
//! The baseline does what a host would write for this one transition if it had no playbook: is it allowed from here, may this agent, does
//! the guard hold, is the required attribute there, is there a comment; the woken rules as `if`s; the note, the move, the freed slot, the paused
//! clock; the entry, the post-image with its wake instant, the commit. It shares the ticket's types and the calendar with the engine,
//! nothing else, and must come to the same commit, byte for byte: `same_commit` checks that before anything is measured.
#![allow(missing_docs, clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]

use chrono::TimeDelta;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use ticketry::calendar::{Calendar, CalendarDefinition};
use ticketry::condition::Form;
use ticketry::diagnostic::text;
use ticketry::engine::*;
use ticketry::id::*;
use ticketry::playbook::Playbook;
use ticketry::priority::{Cell, PriorityModelBuilder};
use ticketry::routing::{Agent, Holdings, Roster, RosterDefinition};
use ticketry::rules::{RuleBuilder, Trigger};
use ticketry::sla::{Alert, Point, Policy};
use ticketry::store::{Claim, Commit, Write};
use ticketry::ticket::*;
use ticketry::workflow::{Responsible, StateDefinition, TransitionDefinition, WorkflowDefinition};

const WEEK: [chrono::Weekday; 5] =
    [chrono::Weekday::Mon, chrono::Weekday::Tue, chrono::Weekday::Wed, chrono::Weekday::Thu, chrono::Weekday::Fri];

fn at(s: &str) -> UtcInstant {
    s.parse().unwrap()
}

fn when(json: &str) -> Form {
    serde_json::from_str(json).unwrap()
}

fn workflow() -> WorkflowDefinition {
    let state = |name: &str, class| StateDefinition::new(name, class).label(name, name);
    WorkflowDefinition::new("question", 1)
        .initial("new")
        .state(state("new", StateClass::New).responsible(Responsible::Group))
        .state(state("open", StateClass::Open).responsible(Responsible::Assignee))
        .state(
            state("pending", StateClass::Pending)
                .responsible(Responsible::Assignee)
                .waits_on(WaitsOn::Requester)
                .on_requester_reply("answer"),
        )
        .state(state("resolved", StateClass::Resolved).on_requester_reply("reopen"))
        .state(state("closed", StateClass::Closed))
        .transition(TransitionDefinition::new("start", ["new"], "open").label("Start", "开始"))
        .transition(
            TransitionDefinition::new("wait", ["new", "open"], "pending")
                .label("Wait", "等待")
                .roles(["lead", "agent"])
                .guard(when(r#"{"field": "impact", "at_least": "medium"}"#))
                .required([Attribute::Category])
                .with_comment(),
        )
        .transition(TransitionDefinition::new("answer", ["pending"], "open").label("Answer", "回复"))
        .transition(TransitionDefinition::new("resolve", ["open"], "resolved").label("Resolve", "解决"))
        .transition(TransitionDefinition::new("reopen", ["resolved"], "open").label("Reopen", "重开"))
        .transition(TransitionDefinition::new("close", ["resolved"], "closed").label("Close", "关闭"))
}

/// Ten rules with data conditions; four of them are woken by the measured transition.
fn rules() -> Vec<RuleBuilder> {
    let tag = |t: &str| [Action::Tag(t.into())];
    let rule = |name: &str, order: i64, on: Trigger, json: &str| RuleBuilder::new(name).order(order).on(on).when(when(json));
    vec![
        rule("outage", 1, Trigger::Created, r#"{"field": "subject", "contains": "outage"}"#)
            .then([Action::Score { points: 100, reason: "an outage".into() }, Action::Tag("outage".into())]),
        rule("network", 2, Trigger::Created, r#"{"field": "category", "within": "it/network"}"#).then(tag("network")),
        rule("phone", 3, Trigger::Created, r#"{"field": "channel", "is": "phone"}"#).then(tag("called")),
        rule("grave", 4, Trigger::changed("impact"), r#"{"field": "impact", "is": "high"}"#).then(tag("grave")),
        rule("angry", 5, Trigger::MessageFromRequester, r#"{"field": "event.message.body", "contains": "lawyer"}"#).then(tag("angry")),
        rule("bounced", 6, Trigger::HandedOff, r#"{"field": "handoffs", "at_least": 3}"#).then(tag("bounced")),
        rule("noted", 7, Trigger::MessageNote, r#"{"field": "event.message.body", "contains": "urgent"}"#).then(tag("look")),
        rule(
            "vendor-noted",
            8,
            Trigger::MessageNote,
            r#"{"all": [{"field": "tags", "contains": "vendor"}, {"field": "impact", "is": "high"}]}"#,
        )
        .then(tag("vendor-urgent")),
        rule("waits-again", 9, Trigger::State("pending".into()), r#"{"field": "reopenings", "at_least": 2}"#).then(tag("waits-again")),
        rule("urgent-waits", 10, Trigger::State("pending".into()), r#"{"field": "priority", "is": "urgent"}"#).then(tag("urgent-waits")),
    ]
}

fn playbook() -> Playbook {
    let mut matrix = PriorityModelBuilder::default();
    for (impact, row) in [("low", ["low", "low", "normal"]), ("medium", ["low", "normal", "high"]), ("high", ["normal", "high", "urgent"])]
    {
        for (urgency, priority) in ["low", "medium", "high"].into_iter().zip(row) {
            matrix = matrix.cell(impact, urgency, Cell::Level(LevelName::new(priority)));
        }
    }
    let policy = Policy::new("standard")
        .target("first_response", None, "4bh")
        .target("next_response", None, "8bh")
        .target("resolution", Some("urgent"), "4h")
        .target("resolution", None, "3bd")
        .alert(Alert::warning("resolution", Point::Percent(75)));
    let mut builder = Playbook::builder("bench")
        .schema(|s| {
            s.impact = Scale::of(&["low", "medium", "high"]);
            s.urgency = Scale::of(&["low", "medium", "high"]);
            s.priority = Scale::of(&["low", "normal", "high", "urgent"]);
            s.roles.insert("lead".into(), text("Lead", "组长"));
            s.categories.insert("it/network/vpn".into(), text("VPN", "VPN"));
            s.categories.insert("it/network".into(), text("Network", "网络"));
            s.categories.insert("it".into(), text("IT", "IT"));
        })
        .channel("mail")
        .channel("phone")
        .group("support")
        .calendar(CalendarDefinition::new("office", "Asia/Shanghai").days(&WEEK, &["09:00-12:00", "13:00-18:00"]).unwrap())
        .workflow(workflow())
        .ticket_type("question", "question")
        .policy(policy)
        .priority(matrix);
    for rule in rules() {
        builder = builder.rule(rule);
    }
    builder.build_without_scripts().unwrap_or_else(|d| panic!("{d}"))
}

struct Bench {
    playbook: Playbook,
    roster: Roster,
    limits: Limits,
    now: UtcInstant,
    keys: u64,
}

impl Bench {
    fn new() -> Self {
        let playbook = playbook();
        let definition = RosterDefinition::default()
            .agent(Agent::new("li").group("support").capacity(9))
            .agent(Agent::new("wang").group("support").capacity(9).role("lead"));
        let (roster, problems) = definition.build(playbook.schema());
        let roster = roster.unwrap_or_else(|| panic!("{problems}"));
        Self { playbook, roster, limits: Limits::default(), now: at("2025-10-09T02:00:00Z"), keys: 0 }
    }
    fn ctx(&self) -> Context<'_> {
        Context {
            playbook: &self.playbook,
            roster: &self.roster,
            now: self.now,
            limits: &self.limits,
            trace: false,
            suspended: ticketry::rules::Suspended::none(),
            running: None,
        }
    }
    fn decide(&self, case: &Case, command: &Command) -> Commit {
        match decide(&self.ctx(), case, command) {
            Decision::Decided(d) => d.commit,
            other => panic!("{other:?}"),
        }
    }
    fn case(&self, ticket: &Arc<Ticket>) -> Case {
        let held = ticket.assignee.iter().fold(Holdings::new(), |h, a| h.with(a.clone(), ticket.slots.clone(), None));
        let holdings = ["li", "wang"].iter().fold(held, |h, a| if h.knows(&AgentId::new(a)) { h } else { h.with(*a, [], None) });
        Case { ticket: Some(ticket.clone()), holdings: Some(holdings), ..Case::default() }
    }
    /// Does one thing to the ticket a minute later, keeping its journal.
    fn step(&mut self, ticket: &mut Arc<Ticket>, journal: &mut Vec<Entry>, actor: &Actor, what: What) {
        self.keys += 1;
        self.now += TimeDelta::minutes(1);
        let commit = self.decide(&self.case(ticket), &Command::on(ticket.id, format!("k{}", self.keys), actor.clone(), what));
        for w in commit.writes {
            *ticket = w.ticket;
            journal.push((*w.entry).clone());
        }
    }
    fn new_case(&self) -> (Case, Command) {
        let mut new = NewTicket::new("question", "the VPN drops every hour", "ann", "mail");
        new.description = "since Tuesday, from home and from the hotel".into();
        new.category = Some("it/network/vpn".into());
        new.impact = Some("medium".into());
        new.urgency = Some("high".into());
        let case = Case { new_id: Some(TicketId::from_u128(77)), new_number: Some(4711), ..Case::default() };
        (case, Command::create("create-1", Actor::requester("ann"), new))
    }
    /// A ticket in state open, assigned, answered, with an entry history of that length.
    fn ticket(&mut self, entries: usize) -> (Arc<Ticket>, Vec<Entry>) {
        let (case, command) = self.new_case();
        let write = self.decide(&case, &command).writes.remove(0);
        let (mut ticket, mut journal) = (write.ticket, vec![(*write.entry).clone()]);
        let (li, ann) = (Actor::agent("li"), Actor::requester("ann"));
        self.step(&mut ticket, &mut journal, &li, What::Assign("li".into()));
        self.step(&mut ticket, &mut journal, &li, What::transition("start"));
        self.step(&mut ticket, &mut journal, &li, What::reply("which client version?"));
        let waits = |ticket: &Ticket| What::from(TransitionInput::new("wait").comment(ticket.subject.clone()));
        while journal.len() < entries || ticket.state != "open" {
            let what = match journal.len() % 8 {
                0 => (&ann, What::reply("it happened again")),
                1 => (&li, What::reply("please try the other gateway")),
                2 => (&li, What::note("called the provider")),
                3 => (&li, waits(&ticket)),
                4 => (&ann, What::reply("here is the log")),
                5 => (&li, What::reply("thank you, looking")),
                6 => (&li, What::Tag { add: ["log".into()].into(), remove: Default::default() }),
                _ => (&li, What::Tag { add: Default::default(), remove: ["log".into()].into() }),
            };
            self.step(&mut ticket, &mut journal, what.0, what.1);
        }
        assert_eq!(ticket.state, "open");
        assert_eq!(Ticket::fold(&journal).as_ref(), Some(&*ticket));
        self.now += TimeDelta::minutes(1);
        (ticket, journal)
    }
}

fn wait(ticket: &Ticket) -> Command {
    let comment = Some(Text::from("asked for the serial number, waiting for ann"));
    Command::on(ticket.id, "click-8831", Actor::agent("li"), TransitionInput::new("wait").maybe_comment(comment).into())
}

// -- the same by hand ------------------------------------------------------------------------------------------------------------------

/// What the host knows without a playbook.
struct ByHand {
    agents: BTreeMap<AgentId, Vec<RoleName>>,
    calendar: Calendar,
    version: Digest,
}

impl ByHand {
    fn wait(&self, now: UtcInstant, before: &Arc<Ticket>, command: &Command) -> Result<Commit, Vec<&'static str>> {
        let What::Transition(TransitionInput { name, comment, .. }) = &command.what else { return Err(vec!["not-mine"]) };
        let Actor::Agent(agent) = &command.actor else { return Err(vec!["role"]) };
        let Some(roles) = self.agents.get(agent) else { return Err(vec!["unknown-actor"]) };
        if command.key.as_str().is_empty() || command.key.as_str().len() > 256 {
            return Err(vec!["no-key"]);
        }
        if command.expected.is_some_and(|r| r != before.revision) {
            return Err(vec!["stale"]);
        }
        let now = at_door(now).max(before.updated_at);
        if before.next_wake().is_some_and(|w| w < now) {
            return Err(vec!["first-let-happen-what-is-due"]);
        }
        let mut against = Vec::new();
        if !matches!(before.state.as_str(), "new" | "open") {
            against.push("not-from-state");
        }
        if !roles.iter().any(|r| matches!(r.as_str(), "lead" | "agent")) {
            against.push("role");
        }
        if !before.impact.as_ref().is_some_and(|i| matches!(i.value.as_str(), "medium" | "high")) {
            against.push("guard");
        }
        if before.category.is_none() {
            against.push("required");
        }
        let comment = comment.as_ref().filter(|c| !c.trim().is_empty());
        let Some(comment) = comment.filter(|c| c.len() <= 65_536) else {
            against.push("comment");
            return Err(against);
        };
        if !against.is_empty() {
            return Err(against);
        }

        let mut t = (**before).clone();
        let revision = before.revision.next();
        let mut events = Vec::with_capacity(4);
        let mut push = |event, cause| events.push(Caused { event, cause, at: None });
        let note = Message {
            kind: MessageKind::Note,
            audience: Audience::Internal,
            author: Author::Agent,
            channel: t.channel.clone(),
            body: comment.clone(),
            language: None,
            attachments: Vec::new(),
            automatic: false,
            thanks: false,
            external_id: None,
            at: now,
        };
        let here = MessageRef { revision, index: 0, at: now };
        t.conversation.first.get_or_insert(here);
        t.conversation.last = Some(here);
        t.conversation.notes += 1;
        push(Event::MessageAdded(Box::new(note)), Cause::Command);

        let stay =
            Stay { state: "pending".into(), class: StateClass::Pending, waits_on: WaitsOn::Requester, limit: None, timers: Vec::new() };
        let from = std::mem::replace(&mut t.state, stay.state.clone());
        if t.class == StateClass::New && t.started_at.is_none() {
            t.started_at = Some(now);
        }
        t.class = stay.class;
        t.waits_on = stay.waits_on;
        t.state_since = now;
        t.limit = None;
        t.limit_passed = false;
        t.timers = Vec::new();
        push(Event::Moved { transition: Some(name.clone()), from, stay, internal: false }, Cause::Command);

        let mut releases = Vec::new();
        if let Some(agent) = t.assignee.as_ref().filter(|_| !t.slots.is_empty()) {
            releases.extend(t.slots.iter().map(|slot| Claim { agent: agent.clone(), slot: *slot }));
            t.slots.clear();
            t.over_capacity = false;
            push(Event::SlotsFreed, Cause::System);
        }
        // The rules this wakes; none of them holds for this ticket.
        let folded = ticketry::condition::fold(comment);
        let urgent = t.priority.as_ref().is_some_and(|p| p.value == "urgent");
        let high = t.impact.as_ref().is_some_and(|i| i.value == "high");
        if folded.contains("urgent") || (t.tags.contains("vendor") && high) || t.reopenings >= 2 || urgent {
            return Err(vec!["a rule fires: not written out here"]);
        }

        for c in t.clocks.iter_mut().filter(|c| c.id.metric == "resolution" && c.paused_since.is_none()) {
            if let Some(since) = c.since.take() {
                let more = match c.target {
                    Allowance::Wall(_) => now.signed_duration_since(since),
                    _ => self.calendar.elapsed(since, now),
                };
                c.counted = c.counted.saturating_add(more.num_microseconds().unwrap_or(i64::MAX));
            }
            c.paused_since = Some(now);
            c.due = None;
            c.next_mark = None;
            push(Event::ClockPaused { clock: c.id.clone(), counted: c.counted, next_mark: None, hold: Hold::default() }, Cause::System);
        }

        t.revision = revision;
        t.updated_at = now;
        t.wake_at = t.next_wake();
        let entry = Entry {
            ticket: t.id,
            revision,
            at: now,
            occurred_at: command.occurred_at,
            actor: command.actor.clone(),
            commit: command.key.clone(),
            playbook: self.version,
            events,
            wake_at: t.wake_at,
            why: Why::default(),
        };
        let write = Write { before: before.revision, ticket: Arc::new(t), entry: Arc::new(entry), takes: Vec::new(), releases };
        Ok(Commit { id: command.key.clone(), at: now, writes: vec![write], reads: Vec::new(), effects: Vec::new() })
    }
}

fn by_hand(b: &Bench) -> ByHand {
    let agents = ["li", "wang"].map(|a| (AgentId::new(a), b.roster.roles(&Actor::agent(a)).to_vec()));
    ByHand { agents: agents.into(), calendar: b.playbook.calendars().default_calendar().clone(), version: b.playbook.digest() }
}

fn same_commit(b: &Bench, hand: &ByHand, ticket: &Arc<Ticket>) {
    let command = wait(ticket);
    let engine = b.decide(&b.case(ticket), &command);
    let own = hand.wait(b.now, ticket, &command).unwrap();
    assert_eq!(engine, own, "the baseline must come to the same commit");
    let w = &own.writes[0];
    assert!(w.entry.events.len() >= 3 && w.entry.events.iter().any(|c| matches!(c.event, Event::ClockPaused { .. })));
}

// -- benches ---------------------------------------------------------------------------------------------------------------------------

fn decisions(c: &mut Criterion) {
    let mut b = Bench::new();
    // At the same point of its conversation as the long one below: both lengths are multiples of eight.
    let (ticket, _) = b.ticket(24);
    let hand = by_hand(&b);
    same_commit(&b, &hand, &ticket);

    let mut group = c.benchmark_group("decide");
    let (case, command) = b.new_case();
    group.bench_function("create", |x| x.iter(|| decide(&b.ctx(), black_box(&case), black_box(&command))));
    let case = b.case(&ticket);
    let command = wait(&ticket);
    group.bench_function("transition", |x| x.iter(|| decide(&b.ctx(), black_box(&case), black_box(&command))));
    let reply = Command::on(ticket.id, "reply-1", Actor::agent("li"), What::reply("please send the serial number on the back"));
    b.decide(&case, &reply);
    group.bench_function("reply", |x| x.iter(|| decide(&b.ctx(), black_box(&case), black_box(&reply))));
    drop(group);

    c.benchmark_group("baseline").bench_function("hand_written_transition", |x| {
        x.iter(|| hand.wait(b.now, black_box(&ticket), black_box(&command)));
    });

    let (old, _) = b.ticket(10_000);
    same_commit(&b, &hand, &old);
    let case = b.case(&old);
    c.benchmark_group("decide").bench_function("transition_10000_entries", |x| {
        x.iter(|| decide(&b.ctx(), black_box(&case), black_box(&command)));
    });
}

fn evolution(c: &mut Criterion) {
    let (_, journal) = Bench::new().ticket(1000);
    let journal = &journal[..1000];
    c.benchmark_group("evolve").bench_function("replay_1000", |x| {
        x.iter_batched(|| (), |()| Ticket::fold(black_box(journal)), BatchSize::SmallInput);
    });
}

criterion_group!(benches, decisions, evolution);
criterion_main!(benches);
