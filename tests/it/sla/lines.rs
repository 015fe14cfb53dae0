//! One test per S-line.

use super::simulator::*;
use ticketry::calendar::{Calendars, Offset};
use ticketry::diagnostic::Lang;
use ticketry::sla::*;
use ticketry::ticket::*;

fn policy() -> Policy {
    Policy::new("standard")
        .calendar("office")
        .target("first_response", Some("urgent"), "15m")
        .target("first_response", None, "2bh")
        .target("next_response", None, "2bh")
        .target("resolution", Some("urgent"), "4h")
        .target("resolution", None, "8bh")
}
fn one(policy: Policy) -> (Agreements, Calendars) {
    (Agreements::new(vec![policy]), calendars())
}
fn requester(at: &str) -> Option<Message> {
    Some(message(Author::Requester, MessageKind::Reply, t(at)))
}
fn offset(s: &str) -> Offset {
    s.parse().unwrap()
}
/// Created by the requester's mail.
fn created<'a>(a: &'a (Agreements, Calendars), at: &str) -> Desk<'a> {
    let mut d = Desk::new(&a.0, &a.1);
    d.create(at, "new", requester(at), None, Actor::requester("r1"));
    d
}
fn check(d: &Desk<'_>) {
    verify(&d.journal, d.agreements, d.calendars).unwrap_or_else(|e| panic!("{}", e.text().en));
    assert_eq!(Ticket::fold(&d.journal).as_ref(), Some(d.ticket()));
}

// 2025-09-01 is a Monday.

#[test]
fn s37_the_first_match_holds_and_a_ticket_without_priority_gets_the_default() {
    let a = (Agreements::new(vec![policy(), Policy::new("other").target("resolution", None, "1h")]), calendars());
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    assert_eq!(d.ticket().adopted[0].policy, "standard");
    assert_eq!(d.due("first_response"), Some(t("2025-09-01T11:00:00Z")));
    d.prioritise("2025-09-01T09:05:00Z", "urgent");
    assert_eq!(d.due("first_response"), Some(t("2025-09-01T09:15:00Z")));
    check(&d);
    let none = one(Policy::new("x").target("resolution", Some("urgent"), "4h"));
    assert!(created(&none, "2025-09-01T09:00:00Z").ticket().clocks.is_empty());
}

#[test]
fn s38_only_a_human_answer_is_a_first_response() {
    let a = one(policy());
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    for (author, audience, kind, automatic) in [
        (Author::Agent, Audience::Internal, MessageKind::Note, false),
        (Author::Vendor, Audience::Vendor, MessageKind::Reply, false),
        (Author::Agent, Audience::Vendor, MessageKind::Reply, false),
        (Author::Agent, Audience::Requester, MessageKind::Reply, true),
    ] {
        let m = Message { audience, automatic, ..message(author, kind, t("2025-09-01T09:10:00Z")) };
        d.command(t("2025-09-01T09:10:00Z"), vec![Event::MessageAdded(Box::new(m))], Actor::System);
    }
    d.moves("2025-09-01T09:20:00Z", "open");
    assert!(d.ticket().clock("first_response").is_some());
    let call = message(Author::Agent, MessageKind::Call, t("2025-09-01T09:30:00Z"));
    d.command(t("2025-09-01T09:30:00Z"), vec![Event::MessageAdded(Box::new(call))], Actor::agent("a1"));
    assert_eq!((d.closed("first_response").outcome, d.closed("first_response").counted), (Outcome::Met, 30 * 60_000_000));
    check(&d);
}

#[test]
fn s38_a_call_meets_it_at_creation_whoever_logged_it() {
    let a = one(policy());
    for author in [Author::Agent, Author::Requester] {
        let mut d = Desk::new(&a.0, &a.1);
        let call = message(author, MessageKind::Call, t("2025-09-01T09:00:00Z"));
        d.create("2025-09-01T09:00:00Z", "open", Some(call), None, Actor::agent("a1"));
        assert_eq!(d.closed("first_response").outcome, Outcome::Met);
        assert!(d.ticket().clock("next_response").is_none());
        check(&d);
    }
}

#[test]
fn s38_opened_by_an_agent_is_the_policys_choice() {
    for (how, open, closed) in [(OpenedByAgent::None, 0, 0), (OpenedByAgent::FirstReply, 0, 1), (OpenedByAgent::SecondReply, 1, 0)] {
        let a = one(Policy { opened_by_agent: how, ..policy() });
        let mut d = Desk::new(&a.0, &a.1);
        let mail = message(Author::Agent, MessageKind::Reply, t("2025-09-01T09:00:00Z"));
        d.create("2025-09-01T09:00:00Z", "open", Some(mail), None, Actor::agent("a1"));
        assert_eq!(d.ticket().clock("first_response").map_or(0, |_| 1), open, "{how:?}");
        assert_eq!(d.ticket().closed_clocks.len(), closed, "{how:?}");
        d.answers("2025-09-01T10:00:00Z");
        assert!(d.ticket().clock("first_response").is_none());
        check(&d);
    }
}

#[test]
fn s38_resolved_without_reply_is_unanswered_before_due_and_breached_after() {
    let a = one(policy());
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.moves("2025-09-01T11:00:00Z", "resolved");
    assert_eq!(d.closed("first_response").outcome, Outcome::Unanswered);
    check(&d);
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.moves("2025-09-01T11:00:01Z", "resolved");
    assert_eq!(d.closed("first_response").outcome, Outcome::Breached);
    check(&d);
}

#[test]
fn s39_s48_next_response_counts_from_the_oldest_unanswered_message_and_per_message() {
    let a = one(policy());
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    assert!(d.ticket().clock("next_response").is_none(), "the first response runs");
    d.answers("2025-09-01T09:10:00Z");
    d.asks("2025-09-01T10:00:00Z");
    d.asks("2025-09-01T11:00:00Z");
    assert_eq!(d.due("next_response"), Some(t("2025-09-01T12:00:00Z")));
    d.answers("2025-09-01T13:30:00Z");
    assert_eq!(d.closed("next_response").breached_at, Some(t("2025-09-01T12:00:00Z")));
    d.asks("2025-09-01T14:00:00Z");
    assert_eq!(d.clock("next_response").id.run, 2);
    d.answers("2025-09-01T16:00:00Z");
    assert_eq!(d.closed("next_response").outcome, Outcome::Met, "a target met at its due instant is met");
    check(&d);
}

#[test]
fn s81_a_message_judged_automatic_cancels_what_it_started() {
    let a = one(policy());
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.answers("2025-09-01T09:10:00Z");
    d.asks("2025-09-01T10:00:00Z");
    d.command(t("2025-09-01T10:00:01Z"), vec![Event::MessageJudged { automatic: true, thanks: false }], Actor::System);
    assert_eq!(d.closed("next_response").outcome, Outcome::Cancelled);
    check(&d);
}

#[test]
fn s41_s47_breach_is_recorded_at_due_whoever_looked_when() {
    let a = one(policy());
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.moves("2025-09-05T09:00:00Z", "resolved");
    let c = d.closed("resolution");
    assert_eq!((c.outcome, c.breached_at), (Outcome::Breached, Some(t("2025-09-01T18:00:00Z"))));
    assert_eq!(d.ticket().wake_at, None);
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.sweep(t("2025-09-09T00:00:00Z"));
    assert_eq!(d.ticket().wake_at, None, "nothing left to fire: never swept again");
    assert_eq!(d.due("resolution"), Some(t("2025-09-01T18:00:00Z")), "a passed one stays shown");
    check(&d);
}

#[test]
fn s42_pause_outside_business_hours_adds_nothing() {
    let a = one(policy());
    let mut d = created(&a, "2025-09-01T17:00:00Z");
    d.moves("2025-09-01T18:30:00Z", "pending");
    d.moves("2025-09-02T08:30:00Z", "open");
    assert_eq!(d.due("resolution"), Some(t("2025-09-02T17:00:00Z")));
    check(&d);
}

#[test]
fn s43_s44_pause_to_pause_keeps_the_remaining_time_and_has_no_due() {
    let a = one(Policy { stops: [("resolution".into(), vec![WaitsOn::Requester, WaitsOn::Vendor])].into(), ..policy() });
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.moves("2025-09-01T10:00:00Z", "pending");
    assert_eq!((d.due("resolution"), d.clock("resolution").counted), (None, 3_600_000_000));
    d.moves("2025-09-01T15:00:00Z", "vendor");
    assert_eq!(d.clock("resolution").paused_since, Some(t("2025-09-01T10:00:00Z")));
    d.moves("2025-09-04T09:00:00Z", "open");
    assert_eq!(d.due("resolution"), Some(t("2025-09-04T17:00:00Z")));
    assert_eq!(d.clock("resolution").breached_at, None);
    d.moves("2025-09-04T10:00:00Z", "pending");
    d.moves("2025-09-09T10:00:00Z", "resolved");
    assert_eq!((d.closed("resolution").outcome, d.closed("resolution").counted), (Outcome::Met, 2 * 3_600_000_000));
    check(&d);
}

#[test]
fn s77_waiting_on_the_requester_stops_resolution_and_nothing_else() {
    let a = one(policy());
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.moves("2025-09-01T09:30:00Z", "vendor");
    assert!(d.clock("resolution").running() && d.clock("first_response").running());
    d.moves("2025-09-01T10:00:00Z", "pending");
    assert!(!d.clock("resolution").running() && d.clock("first_response").running());
    check(&d);
}

#[test]
fn s78_the_requesters_message_resumes_even_where_the_state_stays() {
    let a = one(policy());
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.moves("2025-09-01T10:00:00Z", "pending");
    let m = message(Author::Requester, MessageKind::Reply, t("2025-09-01T11:00:00Z"));
    let refused = Event::MoveRefused { transition: "answered".into(), codes: vec!["guard".into()] };
    d.command(t("2025-09-01T11:00:00Z"), vec![Event::MessageAdded(Box::new(m)), refused], Actor::requester("r1"));
    assert_eq!(d.due("resolution"), Some(t("2025-09-02T10:00:00Z")));
    d.prioritise("2025-09-01T11:30:00Z", "low");
    assert!(d.clock("resolution").running(), "it does not fall back into the pause");
    check(&d);
}

#[test]
fn s45_s82_reopening_resumes_without_the_closed_time_and_never_breaches_twice() {
    let a = one(policy());
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.moves("2025-09-01T11:00:00Z", "resolved");
    d.moves("2025-09-03T09:00:00Z", "open");
    assert_eq!(d.due("resolution"), Some(t("2025-09-03T16:00:00Z")));
    assert_eq!(d.clock("resolution").id.run, 1);
    assert!(d.clock("resolution").pauses[0].closed, "never called pending");
    d.moves("2025-09-04T09:00:00Z", "resolved");
    assert_eq!(d.closed("resolution").outcome, Outcome::Breached);
    d.moves("2025-09-05T09:00:00Z", "open");
    d.sweep(t("2025-09-10T09:00:00Z"));
    let breaches = d
        .journal
        .iter()
        .flat_map(|e| &e.events)
        .filter(|c| matches!(&c.event, Event::ClockBreached { clock } if clock.metric == *"resolution"));
    assert_eq!(breaches.count(), 1);
    check(&d);
}

#[test]
fn s45_reopening_counted_and_new() {
    let a = one(Policy { on_reopen: OnReopen::Counted, ..policy() });
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.moves("2025-09-01T11:00:00Z", "resolved");
    d.moves("2025-09-03T09:00:00Z", "open");
    assert_eq!(d.due("resolution"), Some(t("2025-09-01T18:00:00Z")));
    assert_eq!(d.clock("resolution").breached_at, Some(t("2025-09-03T09:00:00Z")), "retroactive: at the change");
    check(&d);
    let a = one(Policy { on_reopen: OnReopen::New, ..policy() });
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.moves("2025-09-01T11:00:00Z", "resolved");
    d.moves("2025-09-03T09:00:00Z", "open");
    assert_eq!((d.clock("resolution").id.run, d.clock("resolution").cycle), (2, 2));
    assert_eq!(d.due("resolution"), Some(t("2025-09-03T18:00:00Z")));
    check(&d);
}

#[test]
fn s38_s45_a_first_response_nobody_gave_is_owed_again_after_reopening() {
    let a = one(policy());
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.moves("2025-09-01T10:00:00Z", "resolved");
    assert_eq!(d.closed("first_response").outcome, Outcome::Unanswered);
    d.moves("2025-09-01T15:00:00Z", "open");
    assert_eq!(d.due("first_response"), Some(t("2025-09-01T16:00:00Z")));
    d.answers("2025-09-01T15:30:00Z");
    assert_eq!((d.closed("first_response").outcome, d.closed("first_response").id.run), (Outcome::Met, 1));
    d.moves("2025-09-01T16:00:00Z", "resolved");
    d.moves("2025-09-01T17:00:00Z", "open");
    assert!(d.ticket().clock("first_response").is_none());
    check(&d);
}

#[test]
fn s40_periodic_update_runs_from_answer_to_answer() {
    let a = one(policy().target("periodic_update", None, "3bh").target("update", None, "1bh"));
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    assert_eq!((d.due("periodic_update"), d.due("update")), (None, None), "an update never stands before the first response");
    d.answers("2025-09-01T09:30:00Z");
    assert_eq!((d.due("periodic_update"), d.due("update")), (Some(t("2025-09-01T13:30:00Z")), None));
    d.asks("2025-09-01T10:00:00Z");
    assert_eq!(d.due("periodic_update"), Some(t("2025-09-01T13:30:00Z")), "regardless of the requester");
    d.answers("2025-09-01T11:00:00Z");
    assert_eq!((d.due("periodic_update"), d.clock("periodic_update").id.run), (Some(t("2025-09-01T15:00:00Z")), 2));
    check(&d);
}

#[test]
fn s46_rebase_measures_from_the_start_with_pauses_kept() {
    let a = one(policy());
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.moves("2025-09-01T10:00:00Z", "pending");
    d.moves("2025-09-01T11:00:00Z", "open");
    d.prioritise("2025-09-01T11:30:00Z", "urgent");
    assert_eq!(d.due("resolution"), Some(t("2025-09-01T14:00:00Z")), "4 h of wall time and one hour of pause");
    check(&d);
}

#[test]
fn s46_rebased_into_the_past_breaches_once_at_the_change() {
    let a = one(policy());
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.prioritise("2025-09-01T15:00:00Z", "urgent");
    let c = d.clock("resolution");
    assert_eq!((c.due, c.breached_at), (Some(t("2025-09-01T13:00:00Z")), Some(t("2025-09-01T15:00:00Z"))));
    d.prioritise("2025-09-01T15:10:00Z", "low");
    assert_eq!(d.clock("resolution").breached_at, Some(t("2025-09-01T15:00:00Z")), "never withdrawn");
    d.moves("2025-09-01T15:20:00Z", "resolved");
    assert_eq!(d.closed("resolution").outcome, Outcome::Breached);
    check(&d);
}

#[test]
fn s46_keep_and_restart() {
    let a = one(Policy { on_change: OnChange::Keep, ..policy() });
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.prioritise("2025-09-01T10:00:00Z", "urgent");
    assert_eq!(d.due("resolution"), Some(t("2025-09-01T18:00:00Z")));
    check(&d);
    let a = one(Policy { on_change: OnChange::Restart, ..policy() });
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.prioritise("2025-09-01T10:00:00Z", "urgent");
    assert_eq!((d.due("resolution"), d.clock("resolution").id.run), (Some(t("2025-09-01T14:00:00Z")), 2));
    assert_eq!(d.closed("resolution").outcome, Outcome::Cancelled);
    check(&d);
}

#[test]
fn s46_a_stopped_cycle_keeps_its_verdict() {
    let a = one(policy());
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.answers("2025-09-01T10:00:00Z");
    d.prioritise("2025-09-01T10:30:00Z", "urgent");
    assert_eq!(d.closed("first_response").outcome, Outcome::Met);
    assert!(d.ticket().clock("first_response").is_none());
    check(&d);
}

#[test]
fn s49_warnings_fire_once_in_percent_and_before_due() {
    let a = one(policy()
        .alert(Alert::warning("resolution", Point::Percent(75)))
        .alert(Alert::warning("resolution", Point::Offset(offset("-30bm")))));
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.sweep(t("2025-09-01T17:40:00Z"));
    let marks: Vec<_> =
        d.journal.iter().flat_map(|e| &e.events).filter(|c| matches!(c.event, Event::ClockMarked { .. })).map(|c| c.at).collect();
    assert_eq!(marks, [Some(t("2025-09-01T16:00:00Z")), Some(t("2025-09-01T17:30:00Z"))]);
    check(&d);
}

#[test]
fn s49_a_warning_already_past_fires_at_once_or_is_suppressed() {
    for suppress_past in [false, true] {
        let mut w = Alert::warning("resolution", Point::Percent(50));
        w.kind = AlertKind::Warning { suppress_past };
        w.actions = vec![Action::Tag("warned".into())];
        let a = one(policy().alert(w));
        let mut d = created(&a, "2025-09-01T09:00:00Z");
        d.prioritise("2025-09-01T12:30:00Z", "urgent");
        d.sweep(t("2025-09-01T12:50:00Z"));
        let c = d.clock("resolution");
        assert_eq!((c.marks.len(), c.marks[0].skipped), (1, suppress_past));
        let expected: Vec<(ticketry::id::UtcInstant, String)> =
            if suppress_past { vec![] } else { vec![(t("2025-09-01T12:30:00Z"), "warning:50%".into())] };
        assert_eq!(d.acted, expected);
        check(&d);
    }
}

fn levels() -> Policy {
    let tag = |s: &str| vec![Action::Tag(s.into())];
    policy()
        .alert(Alert::level("resolution", 1, offset("-1bh"), tag("one")))
        .alert(Alert::level("resolution", 2, offset("0m"), tag("two")))
        .alert(Alert::level("resolution", 3, offset("+2bh"), tag("three")))
}

#[test]
fn s50_s64_levels_fire_in_order_each_once_at_their_own_instants() {
    let a = one(levels());
    let mut d = created(&a, "2025-09-01T10:00:00Z");
    d.sweep(t("2025-09-08T00:00:00Z"));
    let at: Vec<_> = d.acted.iter().map(|(t, m)| (*t, m.as_str())).collect();
    // One open hour before 10:00 is the opening itself.
    assert_eq!(
        at,
        [(t("2025-09-02T09:00:00Z"), "level:1"), (t("2025-09-02T10:00:00Z"), "level:2"), (t("2025-09-02T12:00:00Z"), "level:3")]
    );
    assert_eq!(d.ticket().wake_at, None);
    check(&d);
}

#[test]
fn s50_of_several_past_levels_only_the_highest_acts() {
    let a = one(levels());
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.prioritise("2025-09-01T16:00:00Z", "urgent"); // due 13:00; levels at 12:00, 13:00, 15:00
    d.sweep(t("2025-09-01T16:00:01Z"));
    assert_eq!(d.acted, [(t("2025-09-01T16:00:00Z"), "level:3".to_string())]);
    let marks: Vec<_> = d.clock("resolution").marks.iter().map(|m| (m.name.as_str(), m.skipped)).collect();
    assert_eq!(marks, [("level:1", true), ("level:2", true), ("level:3", false)]);
    check(&d);
}

#[test]
fn s44_nothing_fires_while_paused_and_levels_move_with_due() {
    let a = one(levels());
    let mut d = created(&a, "2025-09-01T10:00:00Z");
    d.moves("2025-09-01T11:00:00Z", "pending");
    assert_eq!(d.clock("resolution").wake_at(), None);
    d.moves("2025-09-03T11:00:00Z", "open");
    assert_eq!(d.clock("resolution").next_mark, Some(t("2025-09-04T09:00:00Z")));
    check(&d);
}

#[test]
fn s52_one_step_stops_before_it_starts() {
    let a = one(policy());
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    let at = t("2025-09-01T10:00:00Z");
    let facts = [message(Author::Agent, MessageKind::Reply, at), message(Author::Requester, MessageKind::Reply, at)];
    d.command(at, facts.map(|m| Event::MessageAdded(Box::new(m))).to_vec(), Actor::agent("a1"));
    assert_eq!(d.closed("first_response").outcome, Outcome::Met);
    assert_eq!(d.due("next_response"), Some(t("2025-09-01T12:00:00Z")));
    let at = "2025-09-01T11:00:00Z";
    let stop: Vec<Event> = [d.moved("pending"), d.moved("cancelled")].concat();
    d.command(t(at), stop, Actor::agent("a1"));
    assert!(d.ticket().closed_clocks.iter().skip(1).all(|c| c.outcome == Outcome::Cancelled));
    assert!(d.ticket().clocks.is_empty());
    check(&d);
}

#[test]
fn s53_a_day_target_is_fixed_at_start() {
    let a = one(Policy::new("days").calendar("office").target("resolution", None, "2bd"));
    let mut d = created(&a, "2025-09-05T10:00:00Z");
    assert_eq!(d.due("resolution"), Some(t("2025-09-09T10:00:00Z")));
    d.moves("2025-09-06T10:00:00Z", "pending");
    d.moves("2025-09-07T10:00:00Z", "open");
    assert_eq!(d.due("resolution"), Some(t("2025-09-09T10:00:00Z")), "a pause over the weekend costs nothing");
    d.moves("2025-09-08T09:00:00Z", "pending");
    d.moves("2025-09-08T11:00:00Z", "open");
    assert_eq!(d.due("resolution"), Some(t("2025-09-09T13:00:00Z").min(t("2025-09-09T12:00:00Z"))));
    check(&d);
}

#[test]
fn s26_a_messages_own_instant_counts_within_the_limit_and_disproves_a_breach() {
    let a = one(policy());
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    let call = message(Author::Agent, MessageKind::Call, t("2025-09-01T10:00:00Z"));
    d.command(t("2025-09-01T14:00:00Z"), vec![Event::MessageAdded(Box::new(call))], Actor::agent("a1"));
    let c = d.closed("first_response");
    assert_eq!((c.outcome, c.counted, c.breached_at), (Outcome::Met, 3_600_000_000, Some(t("2025-09-01T11:00:00Z"))));
    check(&d);
    let a = one(Policy { backdate_limit: 60_000_000, ..policy() });
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    let call = message(Author::Agent, MessageKind::Call, t("2025-09-01T10:00:00Z"));
    d.command(t("2025-09-01T14:00:00Z"), vec![Event::MessageAdded(Box::new(call))], Actor::agent("a1"));
    assert_eq!(d.closed("first_response").outcome, Outcome::Breached);
    check(&d);
}

#[test]
fn s26_s47_a_mail_fetched_after_its_due_instant_breaches_there() {
    let a = one(policy());
    let mut d = Desk::new(&a.0, &a.1);
    d.create("2025-09-01T15:00:00Z", "new", requester("2025-09-01T09:00:00Z"), None, Actor::requester("r1"));
    let c = d.clock("first_response");
    assert_eq!((c.due, c.breached_at), (Some(t("2025-09-01T11:00:00Z")), Some(t("2025-09-01T11:00:00Z"))));
    check(&d);
}

#[test]
fn s83_cancelled_is_outside_met_and_breached() {
    let a = one(policy());
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.moves("2025-09-10T09:00:00Z", "cancelled");
    assert!(d.ticket().closed_clocks.iter().all(|c| c.outcome == Outcome::Cancelled));
    check(&d);
}

#[test]
fn s56_a_forged_journal_is_found() {
    let a = one(policy());
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.moves("2025-09-02T09:00:00Z", "resolved");
    let mut forged = d.journal.clone();
    for c in &mut forged[1].events {
        if let Event::ClockStopped { outcome, .. } = &mut c.event {
            *outcome = Outcome::Met;
        }
    }
    let difference = verify(&forged, &a.0, &a.1).unwrap_err();
    assert_eq!(difference.revision.get(), 2);
    let text = difference.text();
    assert_eq!(text.en, "entry r2: clock customer/first_response/1 stopped: `outcome` is met in the journal, breached by the facts");
    assert_eq!(text.zh, "记录 r2：计时 customer/first_response/1 停止：`outcome` 日志为 met，按事实应为 breached");
    let told = |change: &dyn Fn(&mut Vec<Caused>)| {
        let mut forged = d.journal.clone();
        change(&mut forged[0].events);
        verify(&forged, &a.0, &a.1).unwrap_err().text().en
    };
    let started = |c: &Caused| matches!(c.event, Event::ClockStarted(_));
    let moved = told(&|events| {
        for c in events.iter_mut() {
            if let Event::ClockStarted(clock) = &mut c.event {
                clock.due = Some(t("2025-09-01T10:00:00Z"));
                clock.budget = 3_600_000_000;
                clock.target = Allowance::Open(3_600_000_000);
            }
        }
    });
    let lost = told(&|events| events.retain(|c| !started(c)));
    let more = told(&|events| {
        let last = events.iter().rev().find(|c| started(c)).cloned().unwrap();
        events.push(last);
    });
    let other = told(&|events| {
        for c in events.iter_mut() {
            if let Event::ClockStarted(clock) = &c.event {
                c.event = Event::ClockBreached { clock: clock.id.clone() };
            }
        }
    });
    insta::assert_snapshot!("forged", [moved, lost, more, other].join("\n"));
}

#[test]
fn explain_adds_up() {
    let a = one(policy());
    let mut d = created(&a, "2025-09-01T10:00:00Z");
    d.moves("2025-09-01T11:00:00Z", "pending");
    d.moves("2025-09-01T14:00:00Z", "open");
    let line = timeline(d.clock("resolution"), &a.1, t("2025-09-02T10:00:00Z"));
    assert_eq!((line.carried, line.counted), (0, 6 * 3_600_000_000));
    let whole: i64 = line.segments.iter().map(|s| (s.to - s.from).num_seconds()).sum();
    assert_eq!(whole, 24 * 3600);
    assert!(line.segments.windows(2).all(|w| w[0].to == w[1].from));
    let calendar = a.1.default_calendar();
    assert!(line.render(Lang::Zh, calendar).contains("暂停") && line.render(Lang::En, calendar).contains("calendar closed"));
    let why = explain_due(d.clock("resolution"), a.0.policies().next(), &a.1);
    assert!(why.en.contains("policy standard gives 8bh in calendar office"), "{}", why.en);
}
