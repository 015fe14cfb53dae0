//! Random journals for what reads them: moves, messages, groups, agents, priorities, timers, backdated mail; and the calendars they are read with.

use super::simulator::*;
use chrono::{TimeDelta, Weekday::*};
use proptest::prelude::*;
use ticketry::calendar::{Calendar, CalendarDefinition, Calendars};
use ticketry::condition::{Form, NoScripts};
use ticketry::diagnostic::{Place, text};
use ticketry::id::UtcInstant;
use ticketry::sla::*;
use ticketry::ticket::*;

#[derive(Clone, Debug)]
pub enum Op {
    Ask { late: u32, call: bool },
    Answer { late: u32, call: bool },
    Move(usize),
    Timed { to: usize, after: u32 },
    Group(usize),
    Agent(usize),
    Release,
    Priority(usize),
    Vip(bool),
    Two(Box<Op>, Box<Op>),
}
pub const STATES: [&str; 7] = ["new", "open", "pending", "vendor", "resolved", "closed", "cancelled"];
pub const LEVELS: [&str; 3] = ["low", "high", "urgent"];
const GROUPS: [&str; 3] = ["desk", "night", "field"];
const AGENTS: [&str; 2] = ["li", "wang"];

pub fn op() -> impl Strategy<Value = Op> {
    let late = || prop_oneof![3 => Just(0u32), 1 => 0..90_000u32];
    let one = prop_oneof![
        3 => (late(), prop::bool::weighted(0.2)).prop_map(|(late, call)| Op::Ask { late, call }),
        3 => (late(), any::<bool>()).prop_map(|(late, call)| Op::Answer { late, call }),
        8 => prop_oneof![8 => 0..6usize, 1 => Just(6usize)].prop_map(Op::Move),
        1 => (1..6usize, 600..200_000u32).prop_map(|(to, after)| Op::Timed { to, after }),
        2 => (0..3usize).prop_map(Op::Group),
        2 => (0..2usize).prop_map(Op::Agent),
        1 => Just(Op::Release),
        2 => (0..3usize).prop_map(Op::Priority),
        1 => any::<bool>().prop_map(Op::Vip),
    ];
    one.prop_recursive(1, 3, 2, |inner| (inner.clone(), inner).prop_map(|(a, b)| Op::Two(Box::new(a), Box::new(b))))
}
/// Steps with the µs before each.
pub fn history(most: usize) -> impl Strategy<Value = Vec<(i64, Op)>> {
    let gap = prop_oneof![
        Just(0i64),
        1..60_000_000i64,
        60_000_000..90_000_000_000i64,
        90_000_000_000..700_000_000_000i64,
        Just(3_600_000_000i64)
    ];
    prop::collection::vec((gap, op()), 1..most)
}

/// Into `open`, which a timer leaves for another state.
pub fn timed(d: &Desk<'_>, to: &str, at: UtcInstant) -> Vec<Event> {
    let mut moved = d.moved("open");
    if let Some(Event::Moved { stay, .. }) = moved.last_mut() {
        stay.timers.push(Timer { at, kind: TimerKind::Transition(to.into()) });
    }
    moved
}
/// Category `vip` set or cleared.
pub fn categorised(vip: bool) -> Vec<Event> {
    vec![Event::Set { attribute: Attribute::Category, value: vip.then(|| Value::text("vip")), by: Provenance::Agent }]
}

pub fn facts(d: &Desk<'_>, op: &Op, at: UtcInstant) -> Vec<Event> {
    let said = |author, call, late: u32| {
        let kind = if call { MessageKind::Call } else { MessageKind::Reply };
        vec![Event::MessageAdded(Box::new(message(author, kind, at - TimeDelta::seconds(i64::from(late)))))]
    };
    match op {
        Op::Ask { late, call } => said(Author::Requester, *call, *late),
        Op::Answer { late, call } => said(Author::Agent, *call, *late),
        Op::Move(to) => d.moved(STATES[*to]),
        Op::Timed { to, after } => timed(d, STATES[*to], at + TimeDelta::seconds(i64::from(*after))),
        Op::Group(g) => {
            vec![Event::Queued { group: GROUPS[*g].into(), skills: Default::default(), handoff: false, reason: String::new() }]
        }
        Op::Agent(a) => vec![Event::Assigned { agent: AGENTS[*a].into(), group: None, slots: vec![], manual: false, over: false }],
        Op::Release => vec![Event::Released { agent: AGENTS[0].into(), why: "released".into() }],
        Op::Priority(p) => vec![d.priority(LEVELS[*p])],
        Op::Vip(vip) => categorised(*vip),
        Op::Two(a, b) => [facts(d, a, at), facts(d, b, at)].concat(),
    }
}

/// The desk after a history, its sweeps done up to `tail` after the last step.
pub fn run<'a>(a: &'a Agreements, c: &'a Calendars, history: &[(i64, Op)], tail: TimeDelta) -> Desk<'a> {
    let mut d = Desk::new(a, c);
    let mut now = t("2025-09-01T08:00:00Z");
    let first = message(Author::Requester, MessageKind::Reply, now);
    d.command(now, vec![Event::Created(Box::new(opening("new"))), Event::MessageAdded(Box::new(first))], Actor::requester("r1"));
    for (gap, op) in history {
        now += TimeDelta::microseconds(*gap);
        d.command_with(now, |d| facts(d, op, now), Actor::agent("a1"));
    }
    d.sweep(now + tail);
    d
}

/// Office and always as in the simulator, a calendar over midnight with clock changes, and one for weekends.
pub fn calendars() -> Calendars {
    let night = CalendarDefinition::new("night", "Europe/Berlin").days(&[Mon, Tue, Wed, Thu, Fri, Sat, Sun], &["22:00-06:00"]).unwrap();
    let weekend = CalendarDefinition::new("weekend", "Asia/Shanghai").days(&[Sat, Sun], &["09:00-12:30", "13:00-24:00"]).unwrap();
    super::simulator::calendars().with(Calendar::compile(&night).unwrap()).with(Calendar::compile(&weekend).unwrap())
}
pub fn schema() -> Schema {
    let group =
        |label: &str, zh: &str, calendar: Option<&str>| GroupDefinition { label: text(label, zh), calendar: calendar.map(Into::into) };
    Schema {
        categories: [("vip".into(), text("vip", "vip"))].into(),
        priority: Scale::of(&LEVELS),
        groups: [
            ("desk".into(), group("service desk", "服务台", None)),
            ("night".into(), group("night shift", "夜班组", Some("night"))),
            ("field".into(), group("field", "现场组", Some("weekend"))),
        ]
        .into(),
        states: [("open".into(), text("in progress", "处理中")), ("pending".into(), text("waiting for customer", "待客户回复"))].into(),
        ..Schema::default()
    }
}
pub fn form(s: &str) -> ticketry::condition::Condition {
    serde_json::from_str::<Form>(s).unwrap().check(&schema(), &NoScripts, &Place::file("test")).unwrap()
}

/// A policy for VIPs in another calendar, then a standard one, both with every metric.
pub fn agreements(on_change: OnChange, on_reopen: OnReopen) -> Agreements {
    let stops = |on: &[WaitsOn]| [("resolution".into(), on.to_vec()), ("update".into(), vec![WaitsOn::Requester])].into();
    let vip = Policy {
        matches: Some(form(r#"{"field": "category", "within": "vip"}"#)),
        on_change,
        on_reopen,
        stops: stops(&[WaitsOn::Requester, WaitsOn::Vendor]),
        ..Policy::new("vip")
            .calendar("night")
            .target("first_response", None, "30m")
            .target("resolution", Some("urgent"), "6h")
            .target("resolution", None, "20bh")
            .target("update", None, "1bh")
            .target("periodic_update", None, "2h")
    };
    let standard = Policy { on_change, on_reopen, stops: stops(&[WaitsOn::Requester]), ..Policy::new("standard") }
        .calendar("office")
        .target("first_response", Some("urgent"), "15m")
        .target("first_response", None, "2bh")
        .target("next_response", Some("high"), "1bd")
        .target("next_response", None, "2bh")
        .target("update", None, "30bm")
        .target("resolution", Some("urgent"), "4h")
        .target("resolution", Some("high"), "2bd")
        .target("resolution", Some("low"), "8bh")
        .target("agent_work", None, "10bh")
        .target("group_ownership", None, "4bh")
        .target("time_in_state", None, "3h")
        .target("time_to_assign", None, "1bd")
        .alert(Alert::warning("resolution", Point::Percent(75)))
        .alert(Alert::level("resolution", 1, "-1bh".parse().unwrap(), vec![Action::Tag("one".into())]));
    Agreements::new(vec![vip, standard])
}
pub fn policies() -> impl Strategy<Value = Agreements> {
    let change = prop_oneof![3 => Just(OnChange::Rebase), 1 => Just(OnChange::Keep), 1 => Just(OnChange::Restart)];
    let reopen = prop_oneof![3 => Just(OnReopen::Resume), 1 => Just(OnReopen::Counted), 1 => Just(OnReopen::New)];
    (change, reopen).prop_map(|(c, r)| agreements(c, r))
}
