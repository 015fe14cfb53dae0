//! Laws over random histories: recompute equals the bookkeeping at every prefix (S56); sweeps change nothing (S26, S41, S47).

use super::journals::{categorised, timed};
use super::simulator::*;
use crate::scale::pick;
use chrono::TimeDelta;
use proptest::prelude::*;
use ticketry::calendar::Calendars;
use ticketry::condition::{Form, NoScripts};
use ticketry::diagnostic::Place;
use ticketry::id::UtcInstant;
use ticketry::sla::*;
use ticketry::ticket::*;

#[derive(Clone, Debug)]
enum Op {
    Ask { late: u32, thanks: bool, call: bool },
    Answer { late: u32, call: bool },
    Note,
    Move(usize),
    Timed { to: usize, after: u32 },
    Priority(usize),
    Category(bool),
    Judge,
    Vendor { late: u32 },
    Queue(usize),
    Assign { agent: usize, group: Option<usize> },
    Release,
    Tag(usize),
    Untag(usize),
    Colour,
    Again { to: usize, internal: bool },
    Two(Box<Op>, Box<Op>),
}
const STATES: [&str; 7] = ["new", "open", "pending", "vendor", "resolved", "closed", "cancelled"];
const LEVELS: [&str; 3] = ["low", "high", "urgent"];
const GROUPS: [&str; 3] = ["g1", "g2", "night"];
const AGENTS: [&str; 2] = ["a1", "a2"];
const TAGS: [&str; 2] = ["x", "y"];

fn op() -> impl Strategy<Value = Op> {
    let one = prop_oneof![
        4 => (prop_oneof![3 => Just(0u32), 1 => 0..200_000u32], prop::bool::weighted(0.2), prop::bool::weighted(0.2)).prop_map(|(late, thanks, call)| Op::Ask { late, thanks, call }),
        3 => (prop_oneof![3 => Just(0u32), 1 => 0..50_000u32], any::<bool>()).prop_map(|(late, call)| Op::Answer { late, call }),
        1 => Just(Op::Note),
        6 => prop_oneof![6 => 0..6usize, 1 => Just(6usize)].prop_map(Op::Move),
        1 => (1..6usize, 600..200_000u32).prop_map(|(to, after)| Op::Timed { to, after }),
        2 => (0..3usize).prop_map(Op::Priority),
        1 => any::<bool>().prop_map(Op::Category),
        1 => Just(Op::Judge),
        1 => prop_oneof![2 => Just(0u32), 1 => 0..50_000u32].prop_map(|late| Op::Vendor { late }),
        2 => (0..3usize).prop_map(Op::Queue),
        2 => (0..2usize, prop::option::of(0..3usize)).prop_map(|(agent, group)| Op::Assign { agent, group }),
        1 => Just(Op::Release),
        1 => (0..2usize).prop_map(Op::Tag),
        1 => (0..2usize).prop_map(Op::Untag),
        1 => Just(Op::Colour),
        1 => (0..7usize, any::<bool>()).prop_map(|(to, internal)| Op::Again { to, internal }),
    ];
    one.prop_recursive(1, 3, 2, |inner| (inner.clone(), inner).prop_map(|(a, b)| Op::Two(Box::new(a), Box::new(b))))
}
fn gap() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0u32), 1..60u32, 60..7200u32, 7200..90_000u32, 90_000..600_000u32, Just(3600u32)]
}
fn history(most: usize) -> impl Strategy<Value = Vec<(u32, Op)>> {
    prop::collection::vec((gap(), op()), 1..most)
}

fn facts(d: &Desk<'_>, op: &Op, at: UtcInstant) -> Vec<Event> {
    let said = |author, kind, late: u32, thanks| {
        let at = at - TimeDelta::seconds(i64::from(late));
        vec![Event::MessageAdded(Box::new(Message { thanks, ..message(author, kind, at) }))]
    };
    let kind = |call| if call { MessageKind::Call } else { MessageKind::Reply };
    match op {
        Op::Ask { late, thanks, call } => said(Author::Requester, kind(*call), *late, *thanks),
        Op::Answer { late, call } => said(Author::Agent, kind(*call), *late, false),
        Op::Note => said(Author::Agent, MessageKind::Note, 0, false),
        Op::Move(to) => d.moved(STATES[*to]),
        Op::Timed { to, after } => timed(d, STATES[*to], at + TimeDelta::seconds(i64::from(*after))),
        Op::Priority(p) => vec![d.priority(LEVELS[*p])],
        Op::Category(vip) => categorised(*vip),
        Op::Judge => vec![Event::MessageJudged { automatic: true, thanks: false }],
        Op::Vendor { late } => {
            let at = at - TimeDelta::seconds(i64::from(*late));
            let m = Message { audience: Audience::Vendor, ..message(Author::Vendor, MessageKind::Reply, at) };
            vec![Event::MessageAdded(Box::new(m))]
        }
        Op::Queue(g) => {
            vec![Event::Queued { group: GROUPS[*g].into(), skills: Default::default(), handoff: false, reason: String::new() }]
        }
        Op::Assign { agent, group } => {
            let group = group.map(|g| GROUPS[g].into());
            vec![Event::Assigned { agent: AGENTS[*agent].into(), group, slots: vec![], manual: true, over: false }]
        }
        Op::Release => vec![Event::Released { agent: "a1".into(), why: "released".into() }],
        Op::Tag(n) => vec![Event::Tagged(TAGS[*n].into())],
        Op::Untag(n) => vec![Event::Untagged(TAGS[*n].into())],
        Op::Colour => {
            let attribute = Attribute::Field("colour".into());
            vec![Event::Set { attribute, value: Some(Value::text("red")), by: Provenance::Agent }]
        }
        // A transition to where it stands, internal or not, or any other by its name.
        Op::Again { to, internal } => {
            let from = d.ticket().state.clone();
            let state = if *internal { from.to_string() } else { STATES[*to].to_string() };
            let mut moved = d.moved(&state);
            if let Some(Event::Moved { transition, internal: i, .. }) = moved.last_mut() {
                (*transition, *i) = (Some("touch".into()), *internal);
            }
            moved
        }
        Op::Two(a, b) => [facts(d, a, at), facts(d, b, at)].concat(),
    }
}

fn run<'a>(a: &'a Agreements, c: &'a Calendars, first: bool, history: &[(u32, Op)], sweep: Option<i64>) -> Desk<'a> {
    let mut d = Desk::new(a, c);
    d.group_calendars = vec![("night".into(), "always".into())];
    let mut now = t("2025-09-01T08:00:00Z");
    let m = first.then(|| message(Author::Requester, MessageKind::Reply, now));
    d.command(
        now,
        [vec![Event::Created(Box::new(opening("new")))], m.into_iter().map(|m| Event::MessageAdded(Box::new(m))).collect()].concat(),
        Actor::requester("r1"),
    );
    for (gap, op) in history {
        let next = now + TimeDelta::seconds(i64::from(*gap));
        if let Some(every) = sweep {
            // The last one just before the command: whatever is due later than a sweep is still due.
            let mut at = now;
            while at < next {
                d.sweep(at);
                at += TimeDelta::seconds(every);
            }
        }
        now = next;
        d.command_with(now, |d| facts(d, op, now), Actor::agent("a1"));
    }
    d.sweep(now + TimeDelta::days(60));
    d
}

fn agreements(on_change: OnChange, on_reopen: OnReopen, by_agent: OpenedByAgent, declared: &[Metric]) -> Agreements {
    let schema = Schema {
        categories: [("vip".into(), ticketry::diagnostic::text("vip", "vip"))].into(),
        priority: Scale::of(&LEVELS),
        ..Schema::default()
    };
    let form = |s: &str| -> ticketry::condition::Condition {
        serde_json::from_str::<Form>(s).unwrap().check(&schema, &NoScripts, &Place::file("test")).unwrap()
    };
    let tag = |s: &str| vec![Action::Tag(s.into())];
    let vip = Policy {
        matches: Some(form(r#"{"field": "category", "within": "vip"}"#)),
        on_change,
        on_reopen,
        stops: [("resolution".into(), vec![WaitsOn::Requester, WaitsOn::Vendor])].into(),
        ..Policy::new("vip")
            .calendar("always")
            .target("first_response", None, "30m")
            .target("resolution", None, "6h")
            .target("update", None, "1h")
            .target("periodic_update", None, "2h")
    };
    let mut urgent = Alert::level("resolution", 2, "0m".parse().unwrap(), vec![Action::Priority("urgent".into())]);
    urgent.when = Some(form(r#"{"field": "priority", "is_not": "urgent"}"#));
    let mut past = Alert::warning("resolution", Point::Percent(25));
    past.kind = AlertKind::Warning { suppress_past: true };
    let standard = Policy { on_change, on_reopen, opened_by_agent: by_agent, ..Policy::new("standard") }
        .calendar("office")
        .target("first_response", Some("urgent"), "15m")
        .target("first_response", None, "2bh")
        .target("next_response", Some("high"), "1bd")
        .target("next_response", None, "2bh")
        .target("update", Some("urgent"), "30bm")
        .target("resolution", Some("urgent"), "4h")
        .target("resolution", Some("high"), "2bd")
        .target("resolution", Some("low"), "8bh")
        .alert(Alert::warning("resolution", Point::Percent(75)))
        .alert(past)
        .alert(Alert::warning("next_response", Point::Offset("-30bm".parse().unwrap())))
        .alert(Alert::level("resolution", 1, "-1bh".parse().unwrap(), tag("one")))
        .alert(urgent)
        .alert(Alert::level("resolution", 3, "+2bh".parse().unwrap(), tag("three")));
    let group = Policy { agreement: Agreement::Group, on_change, on_reopen, ..Policy::new("ola") }.target("group_ownership", None, "4bh");
    let contract = Policy { agreement: Agreement::Vendor, on_change, on_reopen, ..Policy::new("contract") }
        .calendar("always")
        .target("time_in_state", Some("high"), "2h")
        .target("time_in_state", None, "1h")
        .target("agent_work", None, "6h")
        .target("time_to_assign", Some("low"), "30m")
        .target("total_resolution", Some("urgent"), "1d")
        .alert(Alert::level_at("agent_work", 1, Point::Percent(150), tag("x")));
    let mut all = vec![vip, standard, group, contract];
    for (n, m) in declared.iter().enumerate() {
        for (i, p) in all.iter_mut().enumerate().filter(|(i, _)| *i != 2 && (n + i) % 2 == 0) {
            *p = p.clone().target(m.name.clone(), (i == 1).then_some("high"), "3bh").target(m.name.clone(), Some("urgent"), "45m");
            if i == 0 {
                p.alerts.push(Alert::level_at(m.name.clone(), 1, Point::Percent(120), tag("y")));
            }
        }
    }
    declared.iter().fold(Agreements::new(all), |a, m| a.metric_declared(m.clone()))
}

fn condition(n: usize) -> Option<ticketry::condition::Condition> {
    let states = STATES.map(|s| (s.into(), ticketry::diagnostic::text("x", "x")));
    let schema = Schema { priority: Scale::of(&LEVELS), states: states.into(), ..Schema::default() };
    let forms = [
        r#"{"field": "priority", "is": "urgent"}"#,
        r#"{"field": "tags", "contains": "x"}"#,
        r#"{"not": {"field": "state", "is": "pending"}}"#,
        r#"{"field": "assignee", "exists": true}"#,
    ];
    let form = serde_json::from_str::<Form>(forms.get(n)?).unwrap();
    Some(form.check(&schema, &NoScripts, &Place::file("test")).unwrap())
}
/// Any clause that may stand at a consequence of a metric of the scope.
fn clause(scope: Scope, what: Consequence) -> impl Strategy<Value = Clause> {
    let events = [
        "opened",
        "reopened",
        "answered",
        "asked",
        "vendor_replied",
        "assigned",
        "released",
        "group_entered",
        "group_left",
        "moved",
        "entered:pending",
        "left:open",
        "entered:resolved",
        "taken:touch",
        "changed:priority",
        "changed:colour",
        "changed:group",
        "tagged:x",
        "untagged:x",
        "tagged:y",
    ];
    let levels = ["in:vendor", "class:pending", "waits_on:vendor", "waits_on:requester", "final", "cancelled"];
    let event = matches!(what, Consequence::Start | Consequence::Reset);
    let words: Vec<&str> = match (scope, what) {
        (Scope::Message, Consequence::Start) => vec!["owed", "owed_again", "spoken"],
        (Scope::Message, _) => events.into_iter().chain(["not_owed"]).chain(levels.into_iter().filter(|_| !event)).collect(),
        _ => events.into_iter().chain(levels.into_iter().filter(|_| !event)).collect(),
    };
    (prop::sample::select(words), 0..12usize, any::<prop::sample::Index>()).prop_map(move |(word, when, bare)| {
        let on = Sign::parse(word, &fields(), &Place::file("test")).unwrap();
        let when = condition(when);
        // Sometimes the condition alone.
        let bare = !event && when.is_some() && bare.index(3) == 0;
        Clause { on: (!bare).then_some(on), when }
    })
}
fn fields() -> Schema {
    let label = ticketry::diagnostic::text("x", "x");
    let colour = FieldDefinition { kind: FieldKind::Text { max: 9 }, label, required: false, default: None };
    Schema { fields: [("colour".into(), colour)].into(), ..Schema::default() }
}
fn metric(name: String) -> impl Strategy<Value = Metric> {
    let order = Just(Consequence::ORDER.to_vec()).prop_shuffle();
    let order = prop_oneof![1 => Just(Consequence::ORDER.to_vec()), 1 => order];
    let stops = prop::sample::subsequence(vec![WaitsOn::Requester, WaitsOn::Vendor], 0..=2);
    (prop::sample::select(Scope::ALL.to_vec()), order, stops).prop_flat_map(move |(scope, order, stops)| {
        let some = |what, most: usize| prop::collection::vec(clause(scope, what), usize::from(what == Consequence::Start)..=most);
        let name = name.clone();
        use Consequence::{Cancel, Lapse, Pause, Reset, Resume, Start, Stop};
        (some(Start, 2), some(Pause, 2), some(Resume, 2), some(Stop, 2), some(Lapse, 1), some(Cancel, 1), some(Reset, 1)).prop_map(
            move |(start, pause, resume, stop, lapse, cancel, reset)| {
                let new = Metric::new(name.as_str(), scope).stops(stops.clone()).precedence(order.clone().try_into().unwrap());
                Metric { start, pause, resume, stop, lapse, cancel, reset, ..new }
            },
        )
    })
}
fn declared() -> impl Strategy<Value = Vec<Metric>> {
    (0..4usize).prop_flat_map(|n| (0..n).map(|i| metric(format!("m{i}"))).collect::<Vec<_>>())
}

fn policies() -> impl Strategy<Value = Agreements> {
    let change = prop_oneof![3 => Just(OnChange::Rebase), 1 => Just(OnChange::Keep), 1 => Just(OnChange::Restart)];
    let reopen = prop_oneof![3 => Just(OnReopen::Resume), 1 => Just(OnReopen::Counted), 1 => Just(OnReopen::New)];
    let agent = prop_oneof![Just(OpenedByAgent::None), Just(OpenedByAgent::FirstReply), Just(OpenedByAgent::SecondReply)];
    (change, reopen, agent, declared()).prop_map(|(c, r, a, d)| agreements(c, r, a, &d))
}

/// A ticket's clocks without revisions, which count the sweeps' own entries.
fn figures(t: &Ticket) -> impl PartialEq + std::fmt::Debug {
    let bare = |cs: &[Clock]| -> Vec<Clock> {
        cs.iter()
            .cloned()
            .map(|mut c| {
                c.message = c.message.map(|m| MessageRef { revision: Default::default(), index: 0, at: m.at });
                c
            })
            .collect()
    };
    (
        bare(&t.clocks),
        bare(&t.resting),
        t.closed_clocks.clone(),
        t.runs.clone(),
        t.tags.clone(),
        t.priority.clone(),
        t.state.clone(),
        t.wake_at,
    )
}

/// S51 from the facts alone: how long each group had the ticket while it was not final, in µs of wall time, and how long none had.
fn owned(journal: &[Entry]) -> (std::collections::BTreeMap<String, i64>, i64) {
    let mut ticket = Ticket::begin(&journal[0]).unwrap();
    let (mut owned, mut unowned, mut since) = (std::collections::BTreeMap::new(), 0, ticket.created_at);
    for entry in journal {
        for (i, c) in entry.events.iter().enumerate() {
            let at = c.at.unwrap_or(entry.at);
            let lasted = (at - since).num_microseconds().unwrap();
            match ticket.group.as_ref().filter(|_| !ticket.class.is_final()) {
                Some(g) => *owned.entry(g.to_string()).or_insert(0) += lasted,
                None => unowned += lasted,
            }
            since = at;
            ticket.evolve(&c.event, at, entry.revision, i as u32);
        }
    }
    owned.retain(|_, n| *n > 0);
    (owned, unowned)
}
/// The same from the runs of the metric.
fn ran(journal: &[Entry]) -> std::collections::BTreeMap<String, i64> {
    let mut ran = std::collections::BTreeMap::new();
    let mut open: Option<(String, UtcInstant)> = None;
    let mut last = journal[0].at;
    for entry in journal {
        for c in &entry.events {
            last = c.at.unwrap_or(entry.at);
            match &c.event {
                Event::ClockStarted(c) if c.id.metric == *"group_ownership" => {
                    open = Some((c.group.clone().unwrap().to_string(), last));
                }
                Event::ClockStopped { clock, .. } if clock.metric == *"group_ownership" => {
                    let (group, from) = open.take().unwrap();
                    *ran.entry(group).or_insert(0) += (last - from).num_microseconds().unwrap();
                }
                _ => {}
            }
        }
    }
    if let Some((group, from)) = open {
        *ran.entry(group).or_insert(0) += (last - from).num_microseconds().unwrap();
    }
    ran.retain(|_, n| *n > 0);
    ran
}

proptest! {
    #![proptest_config(ProptestConfig { cases: pick(30, 10_000, 50_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn s56_recompute_equals_the_bookkeeping_at_every_prefix(a in policies(), first in any::<bool>(), h in history(pick(60, 200, 200) as usize), cut in any::<prop::sample::Index>(), sweep in prop::option::of(1000i64..200_000)) {
        let c = calendars();
        let d = run(&a, &c, first, &h, sweep);
        let prefix = &d.journal[..=cut.index(d.journal.len())];
        for journal in [&d.journal[..], prefix] {
            if let Err(e) = verify(journal, &a, &c) {
                prop_assert!(false, "{}", e.text().en);
            }
            let recomputed = recompute(journal, &a, &c);
            let folded = Ticket::fold(journal).unwrap();
            prop_assert_eq!(recomputed.ticket.as_ref(), Some(&folded));
        }
        prop_assert_eq!(&Ticket::fold(&d.journal).unwrap(), d.ticket());
    }

    #[test]
    fn s26_s41_s47_sweeps_change_nothing(a in policies(), first in any::<bool>(), h in history(30), every in 2000i64..40_000) {
        let c = calendars();
        let never = run(&a, &c, first, &h, None);
        for every in [every, 86_400] {
            let swept = run(&a, &c, first, &h, Some(every));
            prop_assert_eq!(figures(never.ticket()), figures(swept.ticket()));
            prop_assert_eq!(&never.acted, &swept.acted);
        }
    }

    #[test]
    fn s51_groups_runs_and_what_is_nobodys_make_the_tickets_time(a in policies(), h in history(60)) {
        let c = calendars();
        let d = run(&a, &c, true, &h, Some(100_000));
        let last = d.journal.iter().flat_map(|e| e.events.iter().map(|c| c.at.unwrap_or(e.at))).next_back().unwrap();
        let (owned, unowned) = owned(&d.journal);
        let ran = ran(&d.journal);
        prop_assert_eq!(&ran, &owned);
        prop_assert_eq!(ran.values().sum::<i64>() + unowned, (last - d.ticket().created_at).num_microseconds().unwrap());
        let t = d.ticket();
        let open: Vec<_> = t.clocks.iter().filter(|c| c.id.metric == *"group_ownership").map(|c| c.group.clone()).collect();
        let has = t.group.clone().filter(|_| !t.class.is_final());
        prop_assert_eq!(open, has.map(|g| vec![Some(g)]).unwrap_or_default());
    }

    #[test]
    fn laws_of_one_clock(a in policies(), h in history(40)) {
        let c = calendars();
        let d = run(&a, &c, true, &h, None);
        let mut now = None;
        let mut ticket: Option<Ticket> = None;
        for entry in &d.journal {
            prop_assert!(now.is_none_or(|n| n <= entry.at), "never back in time");
            now = Some(entry.at);
            if ticket.is_none() { ticket = Ticket::begin(entry); }
            let t = ticket.as_mut().unwrap();
            t.apply(entry);
            for c in &t.clocks {
                prop_assert_eq!(c.since.is_some(), c.paused_since.is_none());
                prop_assert!(c.since.is_some() || (c.due.is_none() && c.next_mark.is_none()), "S44");
                let line = timeline(c, &calendars(), entry.at);
                if c.breached_at.is_none() { prop_assert!(c.due.is_none_or(|d| d >= entry.at) , "S47 {:?} {}", c, entry.at); }
                prop_assert!(line.segments.windows(2).all(|w| w[0].to == w[1].from));
            }
            for metric in t.clocks.iter().map(|c| &c.id) {
                prop_assert_eq!(t.clocks.iter().filter(|c| c.id.metric == metric.metric && c.id.agreement == metric.agreement).count(), 1);
            }
        }
    }
}
