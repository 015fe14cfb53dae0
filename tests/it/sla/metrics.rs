//! Declared metrics: every sign, every scope, every consequence, the order of consequences (S4, S51, S52, S77, S78, S82).

use super::simulator::*;
use ticketry::calendar::Calendars;
use ticketry::condition::{Condition, Form, NoScripts};
use ticketry::diagnostic::{Place, text};
use ticketry::id::UtcInstant;
use ticketry::sla::Consequence::{Cancel, Lapse, Pause, Reset, Resume, Start, Stop};
use ticketry::sla::*;
use ticketry::ticket::*;

fn declared(metric: Metric) -> (Agreements, Calendars) {
    assert!(metric.check(&Schema::default()).is_empty(), "{}", metric.check(&Schema::default()));
    let policy = Policy::new("standard").calendar("always").target(metric.name.clone(), None, "8h");
    (Agreements::new(vec![policy]).metric_declared(metric), calendars())
}
fn episode() -> Metric {
    Metric::new("m", Scope::Episode)
}
fn open<'a>(a: &'a (Agreements, Calendars)) -> Desk<'a> {
    let mut d = Desk::new(&a.0, &a.1);
    d.create("2025-09-01T08:00:00Z", "new", None, None, Actor::agent("a1"));
    d
}
fn at(minute: u32) -> UtcInstant {
    t("2025-09-01T09:00:00Z") + chrono::TimeDelta::minutes(i64::from(minute))
}
fn does(d: &mut Desk<'_>, minute: u32, facts: Vec<Event>) {
    d.command(at(minute), facts, Actor::agent("a1"));
}
fn moves(d: &mut Desk<'_>, minute: u32, state: &str) {
    d.command_with(at(minute), |d| d.moved(state), Actor::agent("a1"));
}
fn tag(x: &str) -> Vec<Event> {
    vec![Event::Tagged(x.into())]
}
fn untag(x: &str) -> Vec<Event> {
    vec![Event::Untagged(x.into())]
}
fn priority(p: &str) -> Event {
    Event::PrioritySet { priority: Some(p.into()), by: Provenance::Agent, until: None }
}
fn queued(group: &str) -> Event {
    Event::Queued { group: group.into(), skills: Default::default(), handoff: false, reason: String::new() }
}
fn assigned(agent: &str, group: Option<&str>) -> Event {
    Event::Assigned { agent: agent.into(), group: group.map(Into::into), slots: vec![], manual: true, over: false }
}
fn taken(d: &Desk<'_>, transition: &str, to: &str, internal: bool) -> Vec<Event> {
    vec![Event::Moved { transition: Some(transition.into()), from: d.ticket().state.clone(), stay: stay(to), internal }]
}
fn said(author: Author, minute: u32) -> Event {
    let audience = if author == Author::Vendor { Audience::Vendor } else { Audience::Requester };
    Event::MessageAdded(Box::new(Message { audience, ..message(author, MessageKind::Reply, at(minute)) }))
}
fn condition(s: &str) -> Condition {
    let schema = Schema { priority: Scale::of(&["low", "urgent"]), ..Schema::default() };
    serde_json::from_str::<Form>(s).unwrap().check(&schema, &NoScripts, &Place::file("test")).unwrap()
}
fn check(d: &Desk<'_>) {
    verify(&d.journal, d.agreements, d.calendars).unwrap_or_else(|e| panic!("{}", e.text().en));
    assert_eq!(Ticket::fold(&d.journal).as_ref(), Some(d.ticket()));
}
/// Minutes after nine at which runs started and stopped, in order.
fn runs(d: &Desk<'_>) -> Vec<(char, i64)> {
    let minute = |t: UtcInstant| (t - at(0)).num_minutes();
    d.journal
        .iter()
        .flat_map(|e| e.events.iter().map(|c| (c.at.unwrap_or(e.at), &c.event)))
        .filter_map(|(at, e)| {
            Some(match e {
                Event::ClockStarted(_) => ('+', minute(at)),
                Event::ClockStopped { outcome: Outcome::Cancelled, .. } => ('x', minute(at)),
                Event::ClockStopped { .. } => ('-', minute(at)),
                Event::ClockPaused { .. } => ('p', minute(at)),
                Event::ClockResumed { .. } => ('r', minute(at)),
                _ => return None,
            })
        })
        .collect()
}

#[test]
fn every_sign_is_seen_when_it_happens_and_at_no_other_time() {
    type Facts = fn(&Desk<'_>) -> Vec<Event>;
    let story: &[(&str, Facts)] = &[
        ("asked", |_| vec![said(Author::Requester, 0)]),
        ("answered", |_| vec![said(Author::Agent, 1)]),
        ("vendor_replied", |_| vec![said(Author::Vendor, 2)]),
        ("group_entered", |_| vec![queued("g1")]),
        ("assigned", |_| vec![assigned("a1", None)]),
        ("released", |_| vec![Event::Released { agent: "a1".into(), why: "released".into() }]),
        ("tagged:x", |_| tag("x")),
        ("untagged:x", |_| untag("x")),
        ("changed:priority", |d| vec![d.priority("urgent")]),
        ("changed:category", |_| vec![Event::Set { attribute: Attribute::Category, value: None, by: Provenance::Agent }]),
        ("entered:pending", |d| d.moved("pending")),
        ("left:pending", |d| d.moved("open")),
        ("taken:touch", |d| taken(d, "touch", "open", true)),
        ("moved", |d| d.moved("vendor")),
        ("reopened", |d| [d.moved("resolved"), vec![Event::Reopened { cycle: 2 }], d.moved("open")].concat()),
    ];
    // What also shows one of the signs above.
    let also: &[(&str, &[usize])] = &[("moved", &[10, 11, 14]), ("group_entered", &[14])];
    for (n, (word, _)) in story.iter().enumerate() {
        let sign = Sign::parse(word, &Schema::default(), &Place::file("test")).unwrap();
        assert_eq!(sign.word(), *word);
        let a = declared(episode().start(sign.clone()).stop(Sign::tagged("end")));
        let mut d = open(&a);
        for (i, (_, facts)) in story.iter().enumerate() {
            d.command_with(at(i as u32), facts, Actor::agent("a1"));
            d.command(at(i as u32), tag("end"), Actor::agent("a1"));
        }
        let started: Vec<i64> = runs(&d).into_iter().filter(|(k, _)| *k == '+').map(|(_, m)| m).collect();
        let mut expected: Vec<i64> = vec![n as i64];
        expected.extend(also.iter().filter(|(w, _)| w == word).flat_map(|(_, all)| all.iter().map(|i| *i as i64)));
        expected.sort_unstable();
        assert_eq!(started, expected, "{word}");
        check(&d);
    }
}

#[test]
fn a_transition_taken_again_is_a_sign_again_on_a_final_ticket_too() {
    let since = episode().start(Sign::taken("resolve")).reset(Sign::taken("resolve")).stop(Sign::Reopened);
    let a = declared(since);
    let mut d = open(&a);
    d.command_with(at(0), |d| taken(d, "resolve", "resolved", false), Actor::agent("a1"));
    d.command_with(at(5), |d| taken(d, "resolve", "resolved", true), Actor::agent("a1"));
    assert_eq!(runs(&d), [('+', 0), ('x', 5), ('+', 5)]);
    moves(&mut d, 9, "open");
    assert_eq!(runs(&d)[3..], [('-', 9)]);
    check(&d);
}

#[test]
fn s4_an_internal_self_transition_is_no_move() {
    let a = declared(episode().start(Sign::entered("open")).stop(Sign::left("open")).cancel(Sign::Cancelled));
    let mut d = open(&a);
    moves(&mut d, 0, "open");
    d.command_with(at(5), |d| taken(d, "touch", "open", true), Actor::agent("a1"));
    assert_eq!(runs(&d), [('+', 0)]);
    d.command_with(at(6), |d| taken(d, "again", "open", false), Actor::agent("a1"));
    assert_eq!(runs(&d), [('+', 0), ('-', 6), ('+', 6)], "an external one leaves and enters");
    check(&d);
}

#[test]
fn levels_pause_while_they_hold_and_events_until_a_resume() {
    let m = episode()
        .start(Sign::Opened)
        .stop(Sign::Final)
        .pause(Sign::while_in("vendor"))
        .pause(Sign::tagged("x"))
        .resume(Sign::untagged("x"));
    let a = declared(m);
    let mut d = open(&a);
    moves(&mut d, 1, "vendor");
    does(&mut d, 2, tag("x"));
    moves(&mut d, 3, "open");
    assert!(!d.clock("m").running(), "the tag still holds it");
    does(&mut d, 4, untag("x"));
    assert!(d.clock("m").running());
    does(&mut d, 5, tag("x"));
    moves(&mut d, 6, "vendor");
    does(&mut d, 7, untag("x"));
    assert!(!d.clock("m").running(), "the state still does");
    moves(&mut d, 8, "open");
    assert_eq!(d.clock("m").counted, (61 + 1) * 60_000_000);
    assert_eq!(d.clock("m").pauses.len(), 2, "pause to pause is one pause (S43)");
    check(&d);
}

#[test]
fn s77_s78_what_the_policy_stops_and_what_the_metric_pauses_add_up() {
    let m =
        episode().start(Sign::Opened).stop(Sign::Final).pause(Sign::tagged("x")).resume(Sign::untagged("x")).stops([WaitsOn::Requester]);
    let a = declared(m);
    let mut d = open(&a);
    moves(&mut d, 0, "pending");
    does(&mut d, 1, tag("x"));
    does(&mut d, 2, vec![said(Author::Requester, 2)]);
    assert!(!d.clock("m").running() && d.clock("m").hold == Hold { waits: false, held: true });
    does(&mut d, 3, untag("x"));
    assert!(d.clock("m").running(), "he wrote: nobody waits on him any more, though the state stays");
    does(&mut d, 4, tag("x"));
    does(&mut d, 5, untag("x"));
    assert!(d.clock("m").running());
    check(&d);
    // An unconditional `pause = ["waits_on:requester"]` is the same.
    let a = declared(episode().start(Sign::Opened).stop(Sign::Final).pause(Sign::WaitsOn(WaitsOn::Requester)));
    let mut d = open(&a);
    moves(&mut d, 0, "pending");
    assert!(!d.clock("m").running());
    does(&mut d, 2, vec![said(Author::Requester, 2)]);
    d.prioritise("2025-09-01T09:05:00Z", "low");
    assert!(d.clock("m").running());
    check(&d);
}

#[test]
fn conditions_read_the_ticket_as_the_step_left_it() {
    let urgent = || condition(r#"{"field": "priority", "is": "urgent"}"#);
    let low = condition(r#"{"not": {"field": "priority", "is": "urgent"}}"#);
    let m = episode().start(Clause::on(Sign::changed("priority"), urgent())).start(Clause::on(Sign::Assigned, urgent()));
    let a = declared(m.pause(Clause::holding(low)).stop(Sign::Final));
    let mut d = open(&a);
    does(&mut d, 0, vec![assigned("a1", None)]);
    assert!(runs(&d).is_empty());
    d.prioritise("2025-09-01T09:01:00Z", "urgent");
    d.prioritise("2025-09-01T09:02:00Z", "low");
    d.prioritise("2025-09-01T09:04:00Z", "urgent");
    assert_eq!(runs(&d), [('+', 1), ('p', 2), ('r', 4)]);
    check(&d);
}

#[test]
fn s52_the_order_of_one_steps_consequences_is_the_metrics_own() {
    let m = || episode().start(Sign::tagged("x")).stop(Sign::entered("vendor")).pause(Sign::tagged("p")).resume(Sign::untagged("p"));
    let both = |d: &Desk<'_>| [d.moved("vendor"), tag("x")].concat();
    for (order, open_before, expected) in [
        (Consequence::ORDER, false, vec![('+', 1)]),
        (Consequence::ORDER, true, vec![('+', 0), ('-', 1), ('+', 1)]),
        ([Start, Cancel, Stop, Lapse, Reset, Pause, Resume], false, vec![('+', 1), ('-', 1)]),
        ([Start, Cancel, Stop, Lapse, Reset, Pause, Resume], true, vec![('+', 0), ('-', 1)]),
    ] {
        let a = declared(m().precedence(order));
        let mut d = open(&a);
        if open_before {
            does(&mut d, 0, tag("x"));
        }
        d.command_with(at(1), both, Actor::agent("a1"));
        assert_eq!(runs(&d), expected, "{order:?} {open_before}");
        check(&d);
    }
    for (order, paused) in [(Consequence::ORDER, true), ([Cancel, Stop, Lapse, Reset, Resume, Pause, Start], false)] {
        let a = declared(m().precedence(order));
        let mut d = open(&a);
        does(&mut d, 0, tag("x"));
        does(&mut d, 1, [tag("p"), untag("p")].concat());
        assert_eq!(!d.clock("m").running(), paused, "of pause and resume the earlier wins");
        check(&d);
    }
    // Cancel before stop, or the other way round.
    for (order, last) in [(Consequence::ORDER, 'x'), ([Stop, Cancel, Lapse, Reset, Pause, Resume, Start], '-')] {
        let a = declared(m().cancel(Sign::tagged("y")).precedence(order));
        let mut d = open(&a);
        does(&mut d, 0, tag("x"));
        d.command_with(at(1), |d| [d.moved("vendor"), tag("y")].concat(), Actor::agent("a1"));
        assert_eq!(runs(&d), [('+', 0), (last, 1)]);
        check(&d);
    }
}

#[test]
fn a_reset_closes_the_run_as_cancelled_and_begins_anew() {
    let m = episode().start(Sign::Opened).stop(Sign::Final).reset(Sign::GroupEntered).pause(Sign::tagged("x")).resume(Sign::untagged("x"));
    let a = declared(m);
    let mut d = open(&a);
    does(&mut d, 0, tag("x"));
    does(&mut d, 10, vec![queued("g1")]);
    assert_eq!(d.closed("m").outcome, Outcome::Cancelled);
    let c = d.clock("m");
    assert_eq!((c.id.run, c.started_at, c.running(), c.due), (2, at(10), true, Some(at(490))));
    check(&d);
}

#[test]
fn a_run_per_cycle_or_ticket_starts_where_its_start_says() {
    let m = |scope| Metric::new("m", scope).start(Sign::Assigned).stop(Sign::Final).cancel(Sign::Cancelled);
    let story = |scope| {
        let a = declared(m(scope));
        let mut d = open(&a);
        for (minute, agent) in [(0, "a1"), (1, "a2")] {
            does(&mut d, minute, vec![assigned(agent, None)]);
        }
        moves(&mut d, 2, "resolved");
        moves(&mut d, 3, "open");
        does(&mut d, 4, vec![assigned("a3", None)]);
        moves(&mut d, 5, "resolved");
        check(&d);
        runs(&d)
    };
    assert_eq!(story(Scope::Ticket), [('+', 0), ('-', 2)]);
    assert_eq!(story(Scope::Cycle), [('+', 0), ('-', 2), ('+', 4), ('-', 5)]);
    assert_eq!(story(Scope::Episode), [('+', 0), ('-', 2), ('+', 4), ('-', 5)]);
}

#[test]
fn what_is_once_does_not_begin_again_in_the_step_that_ends_it() {
    for (scope, expected) in [(Scope::Ticket, 2), (Scope::Cycle, 2), (Scope::Episode, 3)] {
        let a = declared(Metric::new("m", scope).start(Sign::tagged("x")).stop(Sign::tagged("x")));
        let mut d = open(&a);
        does(&mut d, 0, tag("x"));
        does(&mut d, 1, tag("x"));
        assert_eq!(runs(&d).len(), expected, "{scope:?}");
        check(&d);
    }
}

#[test]
fn a_messages_run_cancelled_by_an_event_is_over_for_that_message() {
    // Else it would begin anew in the past, and a level that tags would cancel it again, without end.
    let m = Metric::new("m", Scope::Message).start(Sign::Owed).stop(Sign::Answered).cancel(Sign::tagged("y"));
    let level = Alert::level_at("m", 1, Point::Percent(120), vec![Action::Tag("y".into())]);
    let policy = Policy::new("standard").calendar("always").target("m", None, "45m").alert(level);
    let a = (Agreements::new(vec![policy]).metric_declared(m), calendars());
    let mut d = open(&a);
    does(&mut d, 0, vec![said(Author::Requester, 0)]);
    d.sweep(at(600));
    assert_eq!((d.acted.len(), d.closed("m").outcome), (1, Outcome::Cancelled));
    assert!(d.ticket().clock("m").is_none());
    moves(&mut d, 610, "open");
    assert!(d.ticket().clock("m").is_none());
    does(&mut d, 620, vec![said(Author::Agent, 620)]);
    does(&mut d, 630, vec![said(Author::Requester, 630)]);
    assert_eq!(d.clock("m").id.run, 2, "the next message has its own");
    check(&d);
}

#[test]
fn no_run_begins_while_what_ends_it_holds() {
    let a = declared(episode().start(Sign::Assigned).stop(Sign::while_in("vendor")));
    let mut d = open(&a);
    moves(&mut d, 0, "vendor");
    does(&mut d, 1, vec![assigned("a1", None)]);
    moves(&mut d, 2, "open");
    assert!(runs(&d).is_empty());
    does(&mut d, 3, vec![assigned("a2", None)]);
    moves(&mut d, 4, "vendor");
    assert_eq!(runs(&d), [('+', 3), ('-', 4)]);
    check(&d);
}

fn with(targets: &[&str]) -> (Agreements, Calendars) {
    let policy = targets.iter().fold(Policy::new("standard").calendar("office"), |p, m| p.target(*m, None, "8bh"));
    (Agreements::new(vec![policy]), calendars())
}

#[test]
fn shipped_waits_and_work_differ_by_whom_they_stand_still_for() {
    let a = with(&["requester_wait", "agent_work", "total_resolution"]);
    let mut d = open(&a);
    let running = |d: &Desk<'_>| ["requester_wait", "agent_work", "total_resolution"].map(|m| d.clock(m).running());
    assert_eq!(running(&d), [true, true, true]);
    moves(&mut d, 0, "pending");
    assert_eq!(running(&d), [false, false, true]);
    moves(&mut d, 60, "vendor");
    assert_eq!(running(&d), [true, false, true]);
    moves(&mut d, 120, "open");
    moves(&mut d, 150, "resolved");
    let hours = ["requester_wait", "agent_work", "total_resolution"].map(|m| d.closed(m).counted / 60_000_000);
    assert_eq!(hours, [90, 30, 150]);
    check(&d);
}

#[test]
fn time_to_assign_is_met_as_it_begins_where_the_opening_assigns() {
    let a = with(&["time_to_assign"]);
    let mut d = Desk::new(&a.0, &a.1);
    let facts = vec![Event::Created(Box::new(opening("new"))), queued("g1"), assigned("a1", Some("g1"))];
    d.command(at(0), facts, Actor::requester("r1"));
    assert_eq!((d.closed("time_to_assign").outcome, d.closed("time_to_assign").counted), (Outcome::Met, 0));
    check(&d);
    let mut d = open(&a);
    moves(&mut d, 0, "open");
    does(&mut d, 30, vec![assigned("a1", None)]);
    does(&mut d, 40, vec![Event::Released { agent: "a1".into(), why: "released".into() }]);
    does(&mut d, 50, vec![assigned("a2", None)]);
    assert_eq!(d.closed("time_to_assign").counted, 30 * 60_000_000);
    assert_eq!(d.ticket().runs, [(Agreement::Customer, "time_to_assign".into(), 1)]);
    check(&d);
}

#[test]
fn time_in_state_is_one_run_per_stay_that_is_not_final() {
    let a = with(&["time_in_state"]);
    let mut d = open(&a);
    moves(&mut d, 0, "open");
    d.command_with(at(10), |d| taken(d, "touch", "open", true), Actor::agent("a1"));
    moves(&mut d, 20, "pending");
    moves(&mut d, 30, "resolved");
    moves(&mut d, 40, "open");
    assert_eq!(runs(&d), [('+', -60), ('-', 0), ('+', 0), ('-', 20), ('+', 20), ('-', 30), ('+', 40)]);
    check(&d);
}

#[test]
fn s51_a_groups_agreement_runs_while_the_group_has_it_in_its_own_calendar() {
    let policy = Policy { agreement: Agreement::Group, ..Policy::new("ola") }.target("group_ownership", None, "2bh");
    let a = (Agreements::new(vec![policy]), calendars());
    let mut d = open(&a);
    d.group_calendars = vec![("night".into(), "always".into())];
    let clock = |d: &Desk<'_>| d.ticket().clocks.iter().find(|c| c.id.agreement == Agreement::Group).cloned();
    assert!(clock(&d).is_none(), "nobody's yet");
    does(&mut d, 0, vec![queued("day")]);
    let c = clock(&d).unwrap();
    assert_eq!((c.group.clone().unwrap().as_str(), c.calendar.as_str(), c.due), ("day", "office", Some(at(120))));
    does(&mut d, 30, vec![assigned("a1", Some("day"))]);
    assert_eq!(clock(&d).unwrap().id.run, 1, "the same group's");
    d.command(t("2025-09-01T18:00:00Z"), vec![assigned("n1", Some("night"))], Actor::agent("a1"));
    let c = clock(&d).unwrap();
    assert_eq!((c.id.run, c.calendar.as_str(), c.due), (2, "always", Some(t("2025-09-01T20:00:00Z"))));
    d.moves("2025-09-01T19:00:00Z", "resolved");
    assert!(clock(&d).is_none());
    d.moves("2025-09-01T21:00:00Z", "open");
    assert_eq!(clock(&d).unwrap().id.run, 3, "a new one on reopening");
    d.moves("2025-09-01T21:30:00Z", "cancelled");
    let ended: Vec<_> = d.ticket().closed_clocks.iter().map(|c| (c.group.clone().unwrap().to_string(), c.outcome)).collect();
    assert_eq!(ended, [("day".into(), Outcome::Breached), ("night".into(), Outcome::Met), ("night".into(), Outcome::Cancelled)]);
    check(&d);
}

#[test]
fn a_vendors_contract_measures_what_the_vendor_does() {
    let turnaround = Metric::new("turnaround", Scope::Episode)
        .label("turnaround", "周转")
        .start(Sign::entered("vendor"))
        .stop(Sign::VendorReplied)
        .stop(Sign::left("vendor"))
        .cancel(Sign::Cancelled);
    let vendor = Policy { agreement: Agreement::Vendor, ..Policy::new("acme") }.calendar("always").target("turnaround", None, "4h");
    let customer = Policy::new("standard").calendar("office").target("resolution", None, "8bh");
    let a = (Agreements::new(vec![customer, vendor]).metric_declared(turnaround), calendars());
    let mut d = open(&a);
    moves(&mut d, 0, "vendor");
    let clock = |d: &Desk<'_>| d.ticket().clocks.iter().find(|c| c.id.agreement == Agreement::Vendor).cloned();
    assert_eq!(clock(&d).unwrap().due, Some(at(240)));
    assert!(d.clock("resolution").running(), "the customer's agreement runs on");
    does(&mut d, 300, vec![said(Author::Vendor, 200)]);
    assert!(clock(&d).is_none());
    let c = d.closed("turnaround");
    assert_eq!((c.outcome, c.counted), (Outcome::Met, 200 * 60_000_000), "at the message's own instant (S26)");
    does(&mut d, 310, vec![said(Author::Vendor, 310)]);
    d.prioritise("2025-09-01T14:20:00Z", "urgent");
    assert!(clock(&d).is_none(), "one run per stay");
    check(&d);
}

#[test]
fn s46_a_policy_that_comes_late_measures_from_what_the_ticket_tells() {
    let vip = condition(r#"{"field": "priority", "is": "urgent"}"#);
    for (on_change, from) in [(OnChange::Rebase, at(10)), (OnChange::Restart, at(30))] {
        let policy = Policy { matches: Some(vip.clone()), on_change, ..Policy::new("vip") }
            .calendar("always")
            .target("time_in_state", None, "8h")
            .target("group_ownership", None, "8h")
            .target("time_to_assign", None, "8h")
            .target("first_response", None, "8h");
        let a = (Agreements::new(vec![policy]), calendars());
        let mut d = open(&a);
        does(&mut d, 0, vec![assigned("a1", None)]);
        moves(&mut d, 10, "open");
        does(&mut d, 10, vec![queued("g1"), assigned("a1", None)]);
        does(&mut d, 30, vec![priority("urgent")]);
        assert_eq!((d.clock("time_in_state").started_at, d.clock("group_ownership").started_at), (from, from));
        assert!(d.ticket().clock("time_to_assign").is_none(), "an agent has it already");
        assert!(d.ticket().clock("first_response").is_some());
        does(&mut d, 40, vec![priority("low")]);
        assert!(d.ticket().clocks.is_empty());
        does(&mut d, 50, vec![priority("urgent")]);
        let c = d.clock("time_in_state");
        assert_eq!(c.id.run, if on_change == OnChange::Restart { 2 } else { 1 });
        moves(&mut d, 60, "pending");
        check(&d);
    }
}

#[test]
fn s40_before_the_first_response_an_update_is_never_due_before_it() {
    let policy =
        |update: &str| Policy::new("standard").calendar("office").target("first_response", None, "2bh").target("update", None, update);
    let created = |update| (Agreements::new(vec![policy(update)]), calendars());
    for (update, due) in [("1bh", None), ("2bh", Some(at(120))), ("3bh", Some(at(180)))] {
        let a = created(update);
        let mut d = Desk::new(&a.0, &a.1);
        let first = message(Author::Requester, MessageKind::Reply, at(0));
        d.create("2025-09-01T09:00:00Z", "new", Some(first), None, Actor::requester("r1"));
        assert_eq!(d.due("update"), due, "{update}");
        assert_eq!(d.ticket().due(), Some(at(120)), "the first response is shown");
        does(&mut d, 10, vec![said(Author::Agent, 10)]);
        does(&mut d, 20, vec![said(Author::Requester, 20)]);
        assert!(d.due("update").is_some(), "after it, updates are what they are");
        check(&d);
    }
}

#[test]
fn s49_s50_levels_come_at_more_than_the_whole_target() {
    let half = Alert::level_at("resolution", 1, Point::Percent(150), vec![Action::Tag("half".into())]);
    let double = Alert::level_at("resolution", 2, Point::Percent(200), vec![Action::Tag("double".into())]);
    let policy = Policy::new("standard").calendar("office").target("resolution", None, "2bh").alert(half).alert(double);
    let a = (Agreements::new(vec![policy]), calendars());
    let mut d = open(&a); // at 08:00, closed; the office opens at 09:00 and shuts from 12:00 to 13:00
    d.sweep(t("2025-09-01T23:00:00Z"));
    assert_eq!(d.acted, [(at(180), "level:1".to_string()), (at(300), "level:2".to_string())]);
    assert_eq!(d.clock("resolution").breached_at, Some(at(120)));
    check(&d);
}

#[test]
fn what_a_builder_declares_is_checked_too() {
    let bad = Metric::new("m", Scope::Cycle)
        .start(Sign::while_in("open"))
        .start(Sign::Owed)
        .reset(Clause::holding(condition(r#"{"field": "priority", "is": "urgent"}"#)))
        .pause(Sign::changed("colour"))
        .stop(Clause::on(Sign::Assigned, condition(r#"{"field": "overdue"}"#)))
        .precedence([Start, Start, Stop, Lapse, Reset, Pause, Resume]);
    let schema = Schema { states: [("opened".into(), text("x", "x"))].into(), ..Schema::default() };
    let mut codes: Vec<_> = bad.check(&schema).iter().map(|d| d.code).collect();
    codes.sort_unstable();
    let expected = [
        "bad-precedence",
        "metric-condition-reads-facts",
        "pause-without-resume",
        "reset-needs-event",
        "scope-mismatch",
        "start-needs-event",
        "unknown-field",
        "unknown-state",
    ];
    assert_eq!(codes, expected);
    assert!(Metric::shipped().iter().all(|m| m.check(&schema).is_empty()));
}
