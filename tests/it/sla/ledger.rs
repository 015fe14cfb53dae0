//! The time ledger: the parts are the whole, whatever happened.

use super::journals::*;
use super::simulator::{Desk, message, t};
use crate::scale::pick;
use chrono::TimeDelta;
use proptest::prelude::*;
use std::collections::BTreeMap;
use ticketry::calendar::Calendars;
use ticketry::diagnostic::Lang;
use ticketry::id::UtcInstant;
use ticketry::sla::*;
use ticketry::ticket::*;

const HOUR: i64 = 3_600_000_000;

fn none() -> Agreements {
    Agreements::default()
}
fn desk<'a>(a: &'a Agreements, c: &'a Calendars, at: &str) -> Desk<'a> {
    let mut d = Desk::new(a, c);
    d.create(at, "new", Some(message(Author::Requester, MessageKind::Reply, t(at))), None, Actor::requester("r1"));
    d
}
fn does(d: &mut Desk<'_>, at: &str, op: &Op) {
    d.command_with(t(at), |d| facts(d, op, t(at)), Actor::agent("a1"));
}
fn part(l: &Ledger, by: Dimension, line: &Line) -> (i64, i64) {
    l.by(by).into_iter().find(|p| p.line == *line).map_or((0, 0), |p| (p.wall, p.open))
}
fn at(d: &Desk<'_>, until: &str) -> Ledger {
    ledger(&d.journal, d.calendars, &schema(), t(until)).unwrap()
}

// 2025-09-01 is a Monday; the office is open 9-12 and 13-18 UTC.

#[test]
fn s77_the_party_is_whom_the_state_waits_on_and_closed_time_is_nobodys() {
    let (a, c) = (none(), calendars());
    let mut d = desk(&a, &c, "2025-09-01T11:00:00Z");
    d.moves("2025-09-01T14:00:00Z", "pending");
    d.moves("2025-09-02T10:00:00Z", "vendor");
    d.moves("2025-09-02T20:00:00Z", "open");
    let l = at(&d, "2025-09-03T10:00:00Z");
    let hours = |p| l.party(p) / HOUR;
    assert_eq!(Party::ALL.map(hours), [3, 20, 10, 14, 0]);
    assert_eq!(part(&l, Dimension::Party, &Line::Party(Party::Customer)), (20 * HOUR, 5 * HOUR), "open time beside it");
    assert_eq!(part(&l, Dimension::Party, &Line::Party(Party::Closed)).1, 0);
    assert_eq!(part(&l, Dimension::State, &Line::State("vendor".into())), (10 * HOUR, 7 * HOUR));
}

#[test]
fn s78_a_requester_who_wrote_has_ended_the_wait_though_the_state_stays() {
    let (a, c) = (none(), calendars());
    let mut d = desk(&a, &c, "2025-09-01T09:00:00Z");
    d.moves("2025-09-01T10:00:00Z", "pending");
    d.asks("2025-09-01T11:00:00Z");
    assert_eq!(at(&d, "2025-09-01T12:00:00Z").party(Party::Customer), HOUR);
    // Set to wait again: the customer's time again, a message in the same step notwithstanding.
    does(&mut d, "2025-09-01T12:00:00Z", &Op::Two(Box::new(Op::Ask { late: 0, call: false }), Box::new(Op::Move(2))));
    assert_eq!(at(&d, "2025-09-01T15:00:00Z").party(Party::Customer), 4 * HOUR);
}

#[test]
fn s45_final_time_stands_apart_and_is_never_pending() {
    let (a, c) = (none(), calendars());
    let mut d = desk(&a, &c, "2025-09-01T09:00:00Z");
    d.moves("2025-09-01T10:00:00Z", "pending");
    d.moves("2025-09-01T11:00:00Z", "resolved");
    d.moves("2025-09-02T11:00:00Z", "open");
    let l = at(&d, "2025-09-02T12:00:00Z");
    assert_eq!((l.total(), l.closed()), (27 * HOUR, 24 * HOUR));
    assert_eq!(l.party(Party::Customer), HOUR);
    for by in [Dimension::Party, Dimension::Group, Dimension::Agent] {
        assert_eq!(l.by(by).last().unwrap().line, Line::Final, "{by:?}");
        assert_eq!(part(&l, by, &Line::Final).0, 24 * HOUR);
    }
    assert_eq!(part(&l, Dimension::State, &Line::State("resolved".into())).0, 24 * HOUR);
}

#[test]
fn s51_groups_and_unowned_are_the_total_each_with_its_own_calendar_beside_it() {
    let (a, c) = (none(), calendars());
    let mut d = desk(&a, &c, "2025-09-01T09:00:00Z");
    does(&mut d, "2025-09-01T10:00:00Z", &Op::Group(0));
    does(&mut d, "2025-09-01T18:00:00Z", &Op::Group(1));
    does(&mut d, "2025-09-02T09:00:00Z", &Op::Agent(0));
    d.moves("2025-09-02T10:00:00Z", "resolved");
    let l = at(&d, "2025-09-02T10:00:00Z");
    let group = |g: &str| part(&l, Dimension::Group, &Line::Group(g.into()));
    // The service desk in the default calendar, the night shift 22-06 in Berlin.
    assert_eq!(group("desk"), (8 * HOUR, 7 * HOUR));
    assert_eq!(group("night"), (16 * HOUR, 8 * HOUR));
    assert_eq!(part(&l, Dimension::Group, &Line::Unowned), (HOUR, HOUR));
    assert_eq!(l.by(Dimension::Group).iter().map(|p| p.wall).sum::<i64>(), l.total());
    assert_eq!(part(&l, Dimension::Agent, &Line::Agent("li".into())).0, HOUR);
    assert_eq!(part(&l, Dimension::Agent, &Line::Unassigned).0, 24 * HOUR);
    // After the final state it is no group's any more.
    let later = at(&d, "2025-09-03T10:00:00Z");
    assert_eq!(part(&later, Dimension::Group, &Line::Group("night".into())).0, 16 * HOUR);
}

#[test]
fn s79_the_calendar_is_the_policys_else_the_groups_else_the_default() {
    let (c, night) = (calendars(), Agreements::new(vec![Policy::new("x").calendar("night").target("resolution", None, "9bh")]));
    let mut d = desk(&night, &c, "2025-09-01T09:00:00Z");
    does(&mut d, "2025-09-01T10:00:00Z", &Op::Group(2));
    assert!(at(&d, "2025-09-02T09:00:00Z").stretches.iter().all(|s| s.calendar == "night"));
    let a = none();
    let mut d = desk(&a, &c, "2025-09-01T09:00:00Z");
    does(&mut d, "2025-09-01T10:00:00Z", &Op::Group(2));
    let l = at(&d, "2025-09-01T11:00:00Z");
    let calendars: Vec<&str> = l.stretches.iter().map(|s| s.calendar.as_str()).collect();
    assert_eq!(calendars, ["office", "weekend"]);
}

#[test]
fn s60_a_figure_is_nothing_not_zero_until_it_has_happened() {
    let (a, c) = (none(), calendars());
    let mut d = desk(&a, &c, "2025-09-01T11:00:00Z");
    assert_eq!(at(&d, "2025-09-05T12:00:00Z").figures, Figures::default());
    does(&mut d, "2025-09-01T13:30:00Z", &Op::Agent(0));
    d.answers("2025-09-01T14:00:00Z");
    d.moves("2025-09-01T15:00:00Z", "resolved");
    let f = at(&d, "2025-09-05T12:00:00Z").figures;
    let lapse = |l: Option<Lapse>| l.map(|l| (l.wall, l.open));
    assert_eq!(lapse(f.assigned), Some((5 * HOUR / 2, 3 * HOUR / 2)));
    assert_eq!(lapse(f.answered), Some((3 * HOUR, 2 * HOUR)));
    assert_eq!(lapse(f.resolved), Some((4 * HOUR, 3 * HOUR)));
    d.moves("2025-09-02T15:00:00Z", "open");
    let f = at(&d, "2025-09-05T12:00:00Z").figures;
    assert_eq!((lapse(f.first_resolved), f.resolved), (Some((4 * HOUR, 3 * HOUR)), None));
    d.moves("2025-09-02T16:00:00Z", "closed");
    assert_eq!(lapse(at(&d, "2025-09-05T12:00:00Z").figures.resolved), Some((5 * HOUR, 4 * HOUR)), "closed time left out");
    assert_eq!(at(&d, "2025-09-01T13:00:00Z").figures, Figures::default(), "as it was then");
}

#[test]
fn s26_what_a_timer_did_counts_from_when_it_was_due() {
    let (a, c) = (none(), calendars());
    let mut d = desk(&a, &c, "2025-09-01T09:00:00Z");
    does(&mut d, "2025-09-01T10:00:00Z", &Op::Timed { to: 2, after: 3600 });
    d.answers("2025-09-01T16:00:00Z");
    assert_eq!(at(&d, "2025-09-01T16:00:00Z").party(Party::Customer), 5 * HOUR);
}

#[test]
fn s76_tables_are_aligned_in_both_languages() {
    let (a, c) = (none(), calendars());
    let mut d = desk(&a, &c, "2025-09-01T09:00:00Z");
    does(&mut d, "2025-09-01T09:30:00Z", &Op::Group(0));
    does(&mut d, "2025-09-01T10:00:00Z", &Op::Agent(0));
    d.moves("2025-09-01T11:00:00Z", "pending");
    d.moves("2025-09-01T11:30:00Z", "resolved");
    let l = at(&d, "2025-09-01T12:30:00Z");
    let english = "\
  time by party           elapsed   share   open
    us                         2h  80.0 %    2h
    customer                  30m  20.0 %   30m
    ticket closed              1h   apart   30m
  time by state           elapsed   share   open
    new                        2h  80.0 %    2h
    waiting for customer      30m  20.0 %   30m
    resolved                   1h   apart   30m
  time by group           elapsed   share   open
    no group                  30m  20.0 %   30m
    service desk               2h  80.0 %    2h
    ticket closed              1h   apart   30m
  time by agent           elapsed   share   open
    unassigned                 1h  40.0 %    1h
    li                      1h30m  60.0 %  1h30m
    ticket closed              1h   apart   30m
  in all                    3h30m            3h
";
    let squeezed = |s: &str| s.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>();
    assert_eq!(squeezed(&l.render(Lang::En, &schema())), squeezed(english));
    let chinese = l.render(Lang::Zh, &schema());
    let ends: std::collections::BTreeSet<usize> = chinese.lines().map(unicode_width::UnicodeWidthStr::width).collect();
    assert_eq!(ends.len(), 1, "{chinese}");
    assert!(chinese.contains("服务台") && chinese.contains("待客户回复") && chinese.contains("单列"), "{chinese}");
    assert_eq!(l.brief(Dimension::Party, &schema()).en, "us 2h, customer 30m, ticket closed 1h");
    assert_eq!(l.brief(Dimension::Party, &schema()).zh, "我方 2h，客户 30m，工单已关闭 1h");
}

/// Sums by another way: the ticket between any two events, measured whole, never as stretches.
fn counted_apart(journal: &[Entry], c: &Calendars, until: UtcInstant) -> BTreeMap<String, (i64, i64)> {
    let schema = schema();
    let mut sums: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    let mut ticket = Ticket::begin(&journal[0]).unwrap();
    let (mut now, mut wrote, mut step) = (ticket.created_at, false, None);
    let mut span = |t: &Ticket, wrote: bool, from: UtcInstant, to: UtcInstant| {
        let customer = t.adopted.iter().find(|a| a.agreement == Agreement::Customer).map(|a| &a.calendar);
        let group = t.group.as_ref().and_then(|g| schema.groups[g].calendar.as_ref());
        let wall = (to - from).num_microseconds().unwrap();
        let open = |c: &ticketry::calendar::Calendar| c.elapsed(from, to).num_microseconds().unwrap();
        let (theirs, own) = (open(c.resolve(customer, group)), open(c.resolve(group, None)));
        let mut add = |key: String, wall: i64, open: i64| {
            let sum = sums.entry(key).or_default();
            *sum = (sum.0 + wall, sum.1 + open);
        };
        add(format!("state {}", t.state), wall, theirs);
        if t.class.is_final() {
            ["group", "agent", "party"].iter().for_each(|d| add(format!("{d} final"), wall, if *d == "group" { own } else { theirs }));
            return;
        }
        add(format!("group {:?}", t.group), wall, own);
        add(format!("agent {:?}", t.assignee), wall, theirs);
        match t.waits_on {
            WaitsOn::Requester if !wrote => add("party customer".into(), wall, theirs),
            WaitsOn::Vendor => add("party vendor".into(), wall, theirs),
            _ => {
                add("party us".into(), theirs, theirs);
                add("party closed".into(), wall - theirs, 0);
            }
        }
    };
    for e in journal {
        for (i, x) in e.events.iter().enumerate() {
            let at = x.at.unwrap_or(e.at);
            if at > until {
                break;
            }
            span(&ticket, wrote, now, at);
            now = at;
            match &x.event {
                Event::Moved { .. } => {
                    wrote = false;
                    step = Some((e.revision, at));
                }
                Event::MessageAdded(m) if m.counts_from_requester() && step != Some((e.revision, at)) => wrote = true,
                _ => {}
            }
            ticket.evolve(&x.event, at, e.revision, i as u32);
        }
    }
    span(&ticket, wrote, now, until);
    sums.retain(|_, (wall, _)| *wall > 0);
    sums
}
fn key(p: &Part) -> String {
    match &p.line {
        Line::Party(p) => format!("party {p:?}").to_lowercase(),
        Line::State(s) => format!("state {s}"),
        Line::Group(g) => format!("group {:?}", Some(g)),
        Line::Unowned => "group None".into(),
        Line::Agent(a) => format!("agent {:?}", Some(a)),
        Line::Unassigned => "agent None".into(),
        Line::Final => "final".into(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: pick(60, 5_000, 30_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn s51_the_parts_are_the_whole_up_to_any_instant(a in policies(), h in history(40), cut in 0.0..1.2f64) {
        let c = calendars();
        let d = run(&a, &c, &h, TimeDelta::days(9));
        let (start, end) = (d.journal[0].at, d.journal.last().unwrap().at + TimeDelta::days(2));
        let until = start + TimeDelta::microseconds(((end - start).num_microseconds().unwrap() as f64 * cut) as i64);
        let l = ledger(&d.journal, &c, &schema(), until).unwrap();
        prop_assert_eq!(l.total(), (until - start).num_microseconds().unwrap());
        // No gap, no overlap, nothing empty.
        prop_assert!(l.stretches.first().is_none_or(|s| s.from == start) && l.stretches.last().is_none_or(|s| s.to == until));
        prop_assert!(l.stretches.windows(2).all(|w| w[0].to == w[1].from) && l.stretches.iter().all(|s| s.from < s.to));
        let opens: i64 = l.stretches.iter().map(|s| s.open).sum();
        let mut sums = BTreeMap::new();
        for by in Dimension::ALL {
            let parts = l.by(by);
            prop_assert_eq!(parts.iter().map(|p| p.wall).sum::<i64>(), l.total(), "{:?}", by);
            prop_assert!(parts.iter().all(|p| p.open <= p.wall));
            if by != Dimension::Group {
                prop_assert_eq!(parts.iter().map(|p| p.open).sum::<i64>(), opens, "{:?}", by);
            }
            let name = format!("{by:?}").to_lowercase();
            sums.extend(parts.iter().map(|p| (if p.line == Line::Final { format!("{name} final") } else { key(p) }, (p.wall, p.open))));
        }
        prop_assert_eq!(sums, counted_apart(&d.journal, &c, until));
        // A prefix of a ledger is the ledger of the prefix.
        let whole = ledger(&d.journal, &c, &schema(), end).unwrap();
        if until <= end {
            let sum = |l: &Ledger, p: Party| l.stretches.iter().filter(|s| s.party == p && s.from < until)
                .map(|s| (s.to.min(until) - s.from).num_microseconds().unwrap()).sum::<i64>();
            for p in Party::ALL { prop_assert_eq!(sum(&whole, p), l.party(p), "{:?}", p); }
        }
        let json = serde_json::to_string(&l).unwrap();
        prop_assert_eq!(serde_json::from_str::<Ledger>(&json).unwrap(), l);
    }
}
