//! Laws over random histories: recompute equals the bookkeeping at every prefix (S56); sweeps change nothing (S26, S41, S47).

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
    Two(Box<Op>, Box<Op>),
}
const STATES: [&str; 7] = ["new", "open", "pending", "vendor", "resolved", "closed", "cancelled"];
const LEVELS: [&str; 3] = ["low", "high", "urgent"];

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
        Op::Timed { to, after } => {
            let mut moved = d.moved("open");
            if let Some(Event::Moved { stay, .. }) = moved.last_mut() {
                stay.timers.push(Timer { at: at + TimeDelta::seconds(i64::from(*after)), kind: TimerKind::Transition(STATES[*to].into()) });
            }
            moved
        }
        Op::Priority(p) => vec![d.priority(LEVELS[*p])],
        Op::Category(vip) => {
            let value = vip.then(|| Value::text("vip"));
            vec![Event::Set { attribute: Attribute::Category, value, by: Provenance::Agent }]
        }
        Op::Judge => vec![Event::MessageJudged { automatic: true, thanks: false }],
        Op::Two(a, b) => [facts(d, a, at), facts(d, b, at)].concat(),
    }
}

fn run<'a>(a: &'a Agreements, c: &'a Calendars, first: bool, history: &[(u32, Op)], sweep: Option<i64>) -> Desk<'a> {
    let mut d = Desk::new(a, c);
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

fn agreements(on_change: OnChange, on_reopen: OnReopen, by_agent: OpenedByAgent) -> Agreements {
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
    Agreements::new(vec![vip, standard])
}

fn policies() -> impl Strategy<Value = Agreements> {
    let change = prop_oneof![3 => Just(OnChange::Rebase), 1 => Just(OnChange::Keep), 1 => Just(OnChange::Restart)];
    let reopen = prop_oneof![3 => Just(OnReopen::Resume), 1 => Just(OnReopen::Counted), 1 => Just(OnReopen::New)];
    let agent = prop_oneof![Just(OpenedByAgent::None), Just(OpenedByAgent::FirstReply), Just(OpenedByAgent::SecondReply)];
    (change, reopen, agent).prop_map(|(c, r, a)| agreements(c, r, a))
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

proptest! {
    #![proptest_config(ProptestConfig { cases: pick(60, 10_000, 50_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn s56_recompute_equals_the_bookkeeping_at_every_prefix(a in policies(), first in any::<bool>(), h in history(60), cut in any::<prop::sample::Index>(), sweep in prop::option::of(1000i64..200_000)) {
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
    fn s26_s41_s47_sweeps_change_nothing(a in policies(), first in any::<bool>(), h in history(30), every in 500i64..100_000) {
        let c = calendars();
        let never = run(&a, &c, first, &h, None);
        let often = run(&a, &c, first, &h, Some(every));
        prop_assert_eq!(figures(never.ticket()), figures(often.ticket()));
        prop_assert_eq!(&never.acted, &often.acted);
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
