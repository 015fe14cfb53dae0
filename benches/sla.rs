//! What agreements cost: one event, a journal, and a change of calendars under a million open clocks.
//!
//! - `sla/step`: the events of one command through `Agreements::follow`. The ticket stands under a customer's agreement and a group's, with four open clocks; the requester writes
//!   while it waits on the requester: one clock resumes, one starts.
//! - `sla/recompute_100`: the bookkeeping of a journal of 100 entries, repeated from its facts.
//! - `sla/recalculate_1m`: 1,000,000 open clocks on 500,000 tickets, 20 calendars in 10 zones, mixed targets, a third of the clocks paused and resumed before, some paused now; every calendar
//!   changes; each due instant is reckoned anew and each ticket's next wake written to a wake index that holds the old ones. One iteration is the whole million: 1 s and below is
//!   the aim. Tickets lie in memory in no order.
//! - `sla/recalculate_desk_1m`: the same by `Desk::recalculate` over a `MemoryStore`, page by page, until every wake is foreseen. The longest time between two chances to serve is
//!   printed once.
//! - `wake/*_1m`: moving one of a million wake instants, in the library's index and in a sorted set.
#![allow(missing_docs, clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]

use chrono::{TimeDelta, Weekday};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};
use ticketry::calendar::CalendarDefinition;
use ticketry::desk::{Blocking, Desk, FixedClock};
use ticketry::engine::{Command, NewTicket, What};
use ticketry::id::*;
use ticketry::playbook::Playbook;
use ticketry::sla::{Alert, Outlook, Point, Policy, Step, recompute, verify};
use ticketry::store::{AnyStore, Commit, MemoryStore, Store, Wakes, Write};
use ticketry::ticket::*;
use ticketry::workflow::{Responsible, StateDefinition, TransitionDefinition, WorkflowDefinition};

fn at(s: &str) -> UtcInstant {
    s.parse().unwrap()
}

/// Numbers in no order, the same each time.
struct Rng(u64);

impl Rng {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

const WEEK: [Weekday; 5] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
const ZONES: [&str; 10] = [
    "Asia/Shanghai",
    "America/New_York",
    "Europe/Berlin",
    "Europe/Rome",
    "Asia/Tokyo",
    "Australia/Sydney",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "America/Los_Angeles",
    "UTC",
];

fn calendar(n: usize, hours: [&str; 2], version: u32) -> CalendarDefinition {
    let mut d = CalendarDefinition::new(format!("office-{n}"), ZONES[n % 10]).days(&WEEK, &hours).unwrap();
    for h in ["01-01", "05-01", "12-25"] {
        d = d.holiday(h).unwrap();
    }
    d.version(version)
}

fn hours(n: usize) -> [&'static str; 2] {
    [["09:00-12:00", "13:00-18:00"], ["08:00-12:00", "12:30-16:30"]][n / 10]
}

/// The hours after a change: an hour or two more in the morning, so that what is open is due earlier.
fn longer(n: usize, version: u32) -> [&'static str; 2] {
    match (n / 10, version) {
        (0, 2) => ["08:00-12:00", "13:00-18:00"],
        (0, _) => ["07:00-12:00", "13:00-18:00"],
        (_, 2) => ["07:00-12:00", "12:30-16:30"],
        _ => ["06:00-12:00", "12:30-16:30"],
    }
}

fn workflow() -> WorkflowDefinition {
    let state = |name: &str, class| StateDefinition::new(name, class).label(name, name);
    WorkflowDefinition::new("question", 1)
        .initial("open")
        .state(state("open", StateClass::Open).responsible(Responsible::Assignee))
        .state(
            state("pending", StateClass::Pending)
                .responsible(Responsible::Assignee)
                .waits_on(WaitsOn::Requester)
                .on_requester_reply("answer"),
        )
        .state(state("done", StateClass::Resolved))
        .transition(TransitionDefinition::new("wait", ["open"], "pending").label("Wait", "等待"))
        .transition(TransitionDefinition::new("answer", ["pending"], "open").label("Answer", "回复"))
        .transition(TransitionDefinition::new("resolve", ["open", "pending"], "done").label("Resolve", "解决"))
}

fn playbook(calendars: impl Iterator<Item = CalendarDefinition>, policies: impl Iterator<Item = Policy>) -> Playbook {
    let mut b = Playbook::builder("bench").channel("mail").group("support").workflow(workflow()).ticket_type("question", "question");
    b = calendars.fold(b, |b, c| b.calendar(c));
    policies.fold(b, |b, p| b.policy(p)).build_without_scripts().unwrap_or_else(|d| panic!("{d}"))
}

// -- one ticket ------------------------------------------------------------------------------------------------------------------------

struct One {
    desk: Blocking,
    clock: FixedClock,
    playbook: Arc<Playbook>,
    keys: u32,
}

impl One {
    fn new() -> Self {
        let customer = Policy::new("standard")
            .target("first_response", None, "4bh")
            .target("next_response", None, "8bh")
            .target("update", None, "2bd")
            .target("periodic_update", None, "3bd")
            .target("resolution", None, "5bd")
            .alert(Alert::warning("resolution", Point::Percent(75)))
            .alert(Alert::warning("next_response", Point::Percent(50)));
        let mut group = Policy::new("internal").target("resolution", None, "30bh");
        group.agreement = Agreement::Group;
        let playbook = playbook(std::iter::once(calendar(0, hours(0), 1)), [customer, group].into_iter());
        let clock = FixedClock::new(at("2025-10-09T01:30:00Z"));
        let roster = ticketry::routing::RosterDefinition::default().agent(ticketry::routing::Agent::new("li").group("support"));
        let roster = Arc::new(roster.build(playbook.schema()).0.unwrap());
        let directory = ticketry::desk::FixedDirectory { roster, ..Default::default() };
        let desk = Desk::builder(playbook).directory(directory).clock(clock.clone()).open_blocking().unwrap().blocking();
        Self { playbook: desk.desk().playbook(), desk, clock, keys: 0 }
    }
    fn key(&mut self) -> String {
        self.keys += 1;
        use ticketry::desk::Clock as _;
        self.clock.set(self.clock.now() + TimeDelta::minutes(37));
        format!("k{}", self.keys)
    }
    fn create(&mut self) -> Arc<Ticket> {
        let mut new = NewTicket::new("question", "the VPN drops", "ann", "mail");
        new.description = "every hour".into();
        let key = self.key();
        self.desk.submit(Command::create(key, Actor::requester("ann"), new)).unwrap().ticket
    }
    fn on(&mut self, t: &Ticket, actor: Actor, what: What) -> Arc<Ticket> {
        let key = self.key();
        self.desk.submit(Command::on(t.id, key, actor, what)).unwrap().ticket
    }
}

fn step(b: &mut Criterion) {
    let mut one = One::new();
    let t = one.create();
    let t = one.on(&t, Actor::agent("li"), What::reply("which client?"));
    let before = one.on(&t, Actor::agent("li"), What::transition("wait"));
    assert_eq!(before.state, "pending");
    let after = one.on(&before, Actor::requester("ann"), What::reply("the newest"));
    let entry = one.desk.journal(t.id).unwrap().pop().unwrap();
    // The ticket with the facts of the step, its clocks as before it: what `follow` is given.
    let mut ticket = (*before).clone();
    let mut facts = Vec::new();
    let mut recorded = Vec::new();
    for (i, c) in entry.events.iter().enumerate() {
        if c.event.is_bookkeeping() {
            recorded.push(c.event.clone());
        } else {
            ticket.evolve(&c.event, entry.at, entry.revision, u32::try_from(i).unwrap());
            facts.push(&c.event);
        }
    }
    let step = Step { facts: &facts, at: entry.at, actor: &entry.actor };
    let (agreements, calendars) = (one.playbook.agreements(), one.playbook.calendars());
    assert_eq!(agreements.follow(calendars, &ticket, &step), recorded);
    assert!(recorded.len() >= 2 && after.clocks.len() >= 3, "{recorded:?}");
    b.bench_function("sla/step", |b| b.iter(|| agreements.follow(black_box(calendars), black_box(&ticket), black_box(&step))));
}

fn recompute_100(b: &mut Criterion) {
    let mut one = One::new();
    let mut t = one.create();
    let (li, ann) = (Actor::agent("li"), Actor::requester("ann"));
    while t.revision.get() < 100 {
        t = match (t.revision.get() % 6, t.state.as_str()) {
            (1, "open") => one.on(&t, li.clone(), What::transition("wait")),
            (0 | 3, _) => one.on(&t, ann.clone(), What::reply("it happened again")),
            (5, _) => one.on(&t, li.clone(), What::note("called the provider")),
            _ => one.on(&t, li.clone(), What::reply("please try the other gateway")),
        };
    }
    let journal: Vec<Entry> = one.desk.journal(t.id).unwrap().into_iter().take(100).collect();
    assert_eq!(journal.len(), 100);
    let (agreements, calendars) = (one.playbook.agreements(), one.playbook.calendars());
    verify(&journal, agreements, calendars).unwrap();
    b.bench_function("sla/recompute_100", |b| b.iter(|| recompute(black_box(&journal), agreements, calendars)));
}

// -- a million open clocks -------------------------------------------------------------------------------------------------------------

const TICKETS: usize = 500_000;

fn policy(n: usize) -> Policy {
    let mut p = Policy::new(format!("policy-{n}"))
        .target("first_response", None, ["16bh", "20bh", "2bd", "24bh"][n % 4])
        .target("resolution", None, ["40bh", "3bd", "24bh", "5bd", "72h"][n % 5])
        .alert(Alert::warning("resolution", Point::Percent(75)))
        .calendar(format!("office-{n}"));
    // Chosen by the requester's number in a real desk; here tickets are made under them.
    p.matches = None;
    p
}

fn desk_playbook(version: u32) -> Playbook {
    let of = |n| calendar(n, if version == 1 { hours(n) } else { longer(n, version) }, version);
    playbook((0..20).map(of), (0..20).map(policy))
}

/// Half a million open tickets with two open clocks each, under 20 policies, made some hours before the change.
fn tickets(playbook: &Playbook) -> Vec<Arc<Ticket>> {
    let mut rng = Rng(7);
    let (agreements, calendars) = (playbook.agreements(), playbook.calendars());
    let opening = |number: u64| Opening {
        number,
        kind: "question".into(),
        workflow: WorkflowRef { name: "question".into(), version: 1 },
        subject: "the VPN drops every hour".into(),
        description: Text::default(),
        requester: "ann".into(),
        provisional: false,
        organisation: None,
        channel: "mail".into(),
        category: None,
        impact: None,
        urgency: None,
        fields: BTreeMap::new(),
        tags: BTreeSet::new(),
        thread: None,
        follows: None,
        stay: Stay { state: "open".into(), class: StateClass::Open, waits_on: WaitsOn::Internal, limit: None, timers: Vec::new() },
    };
    let policies: Vec<&Policy> = agreements.policies().collect();
    let mut all: Vec<Arc<Ticket>> = (0..TICKETS)
        .map(|i| {
            let start = at("2025-10-08T00:00:00Z") + TimeDelta::seconds(i64::try_from(rng.below(36_000)).unwrap());
            let id = TicketId::from_u128(u128::from(rng.below(1 << 30)) << 96 | u128::try_from(i).unwrap());
            let mut t = Ticket::open(id, start, &opening(u64::try_from(i).unwrap()));
            let p = policies[usize::try_from(rng.below(20)).unwrap()];
            let c = calendars.get(p.calendar.as_ref().unwrap()).unwrap();
            let mut now = start;
            let put = |t: &mut Ticket, fact: Event, now: UtcInstant| {
                t.evolve(&fact, now, Revision::new(1), 0);
                for e in agreements.follow(calendars, t, &Step { facts: &[&fact], at: now, actor: &Actor::System }) {
                    t.evolve(&e, now, Revision::new(1), u32::MAX);
                }
            };
            let chosen = Event::PolicyChosen {
                agreement: Agreement::Customer,
                policy: Some(p.name.clone()),
                calendar: Some(c.name().clone()),
                calendar_version: c.version(),
            };
            let created = Event::Created(Box::new(opening(u64::try_from(i).unwrap())));
            t.evolve(&chosen, now, Revision::new(1), 0);
            put(&mut t, created, now);
            // A third waited on the requester and went on, some twice; one in twenty waits still.
            let moves = |t: &mut Ticket, to: WaitsOn, now: UtcInstant| {
                let class = if to == WaitsOn::Requester { StateClass::Pending } else { StateClass::Open };
                let stay = Stay { state: class.word().into(), class, waits_on: to, limit: None, timers: Vec::new() };
                put(t, Event::Moved { transition: None, from: t.state.clone(), stay, internal: false }, now);
            };
            for _ in 0..[0, 0, 1, 0, 0, 2][i % 6] {
                now += TimeDelta::seconds(i64::try_from(600 + rng.below(10_000)).unwrap());
                moves(&mut t, WaitsOn::Requester, now);
                now += TimeDelta::seconds(i64::try_from(600 + rng.below(10_000)).unwrap());
                moves(&mut t, WaitsOn::Internal, now);
            }
            if i % 20 == 0 {
                moves(&mut t, WaitsOn::Requester, now + TimeDelta::minutes(5));
            }
            assert_eq!(t.clocks.len(), 2);
            t.revision = Revision::new(1);
            t.updated_at = now + TimeDelta::minutes(5);
            t.wake_at = t.next_wake();
            Arc::new(t)
        })
        .collect();
    // In no order, as a store that lives for long has them.
    for i in (1..all.len()).rev() {
        all.swap(i, usize::try_from(rng.below(u64::try_from(i + 1).unwrap())).unwrap());
    }
    all
}

/// After every ticket's last event and before anything is due.
fn change() -> UtcInstant {
    at("2025-10-08T23:00:00Z")
}

fn recalculate(b: &mut Criterion) {
    let (old, new) = (desk_playbook(1), desk_playbook(2));
    let tickets = tickets(&old);
    let mut wakes = Wakes::new();
    for t in &tickets {
        wakes.set(t.id, t.wake_at);
    }
    let outlook = Outlook::new(new.agreements(), new.calendars(), change());
    let none = |_: &Ticket| None;
    let mut moved = 0;
    let clocks = outlook.recalculate(tickets.iter().map(|t| &**t), none, |id, at| moved += usize::from(wakes.get(id) != at));
    assert_eq!(clocks, 1_000_000);
    assert!(moved > 300_000, "{moved} wake at another instant");
    // Another hour the next time, so that each iteration moves every wake instant that can move.
    let third = desk_playbook(3);
    let again = Outlook::new(third.agreements(), third.calendars(), change());
    let mut turn = false;
    let mut group = b.benchmark_group("sla");
    group.sample_size(10);
    group.bench_function("recalculate_1m", |b| {
        b.iter(|| {
            turn = !turn;
            let outlook = if turn { &again } else { &outlook };
            outlook.recalculate(tickets.iter().map(|t| &**t), none, |id, at| wakes.set(id, at))
        });
    });
    drop(wakes);
    let mut longest = Duration::ZERO;
    let store = AnyStore::new(MemoryStore::new());
    fill(&store, &tickets);
    drop(tickets);
    group.bench_function("recalculate_desk_1m", |b| {
        b.iter_batched(
            || {
                let clock = FixedClock::new(change());
                let desk = Desk::builder(desk_playbook(1)).any_store(store.clone()).clock(clock).open_blocking().unwrap().blocking();
                let recalculation = desk.swap(desk_playbook(2)).unwrap().recalculation;
                (desk, recalculation)
            },
            |(desk, mut state)| {
                while !state.foreseen {
                    let start = Instant::now();
                    desk.recalculate(&mut state, 100).unwrap();
                    longest = longest.max(start.elapsed());
                }
                assert!(state.looked_at == TICKETS as u64 && state.earlier > 300_000, "{state:?}");
                desk
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
    println!("sla/recalculate_desk_1m: at most {longest:?} between two chances to serve");
}

fn fill(store: &AnyStore, tickets: &[Arc<Ticket>]) {
    for (n, part) in tickets.chunks(100).enumerate() {
        let group: Vec<Commit> = part
            .iter()
            .enumerate()
            .map(|(i, t)| {
                let id = CommitId::new(format!("{n}-{i}"));
                let entry = Entry {
                    ticket: t.id,
                    revision: t.revision,
                    at: t.updated_at,
                    occurred_at: None,
                    actor: Actor::System,
                    commit: id.clone(),
                    playbook: Digest::default(),
                    events: Vec::new(),
                    wake_at: t.wake_at,
                    why: Why::default(),
                };
                Commit::new(id, t.updated_at).write(Write::of(None, t.clone(), Arc::new(entry)))
            })
            .collect();
        let answers = ready(store.commit(group));
        assert!(answers.iter().all(ticketry::store::Outcome::is_stored));
    }
}

/// A store in memory answers at once.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(answer) => answer,
        std::task::Poll::Pending => panic!("it waits"),
    }
}

// -- the wake index --------------------------------------------------------------------------------------------------------------------

fn wake_index(b: &mut Criterion) {
    let n = 1_000_000u64;
    let mut rng = Rng(11);
    let id = |i: u64| TicketId::from_u128(u128::from(i.wrapping_mul(0x9E37_79B9_7F4A_7C15)) << 64 | u128::from(i));
    let mut spread = move || at("2025-10-10T00:00:00Z") + TimeDelta::milliseconds(i64::try_from(rng.below(60 * 86_400_000)).unwrap());
    let mut truth: Vec<UtcInstant> = (0..n).map(|_| spread()).collect();
    let mut wakes = Wakes::new();
    let mut set = BTreeSet::new();
    for (i, t) in truth.iter().enumerate() {
        wakes.set(id(i as u64), Some(*t));
        set.insert((*t, id(i as u64)));
    }
    let mut rng = Rng(12);
    b.bench_function("wake/move_1m", |b| b.iter(|| wakes.set(id(rng.below(n)), Some(spread()))));
    let mut rng = Rng(12);
    b.bench_function("peer/sorted_set_move_1m", |b| {
        b.iter(|| {
            let i = rng.below(n);
            let old = std::mem::replace(&mut truth[i as usize], spread());
            set.remove(&(old, id(i)));
            set.insert((truth[i as usize], id(i)))
        });
    });
    b.bench_function("wake/next_1m", |b| b.iter(|| wakes.after(None)));
}

criterion_group!(benches, step, recompute_100, wake_index, recalculate);
criterion_main!(benches);
