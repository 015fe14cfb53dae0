//! The order of work (S28) and what is noticed about assigned tickets (S71, S85).

use super::*;
use chrono::TimeDelta;
use ticketry::diagnostic::Lang;

fn waiting(id: u128, priority: &str, since: UtcInstant) -> Ticket {
    let mut x = ticket();
    x.id = TicketId::from_u128(id);
    x.priority = Some(Sourced { value: priority.into(), by: Provenance::Rule });
    x.queue.as_mut().unwrap().since = since;
    x
}

fn due(mut x: Ticket, at: UtcInstant) -> Ticket {
    x.clocks.push(Clock { due: Some(at), ..clock_template() });
    x
}

#[test]
fn s28_score_is_priority_plus_ageing_plus_nearness() {
    let m = load("[order]\npriority = { low = 0, high = 100, urgent = 500 }\nageing = 2\nnear_due = { within = \"2h\", points = 200 }");
    let c = calendars();
    let x = due(waiting(1, "high", now() - TimeDelta::minutes(30)), now() + TimeDelta::minutes(30));
    let p = m.queue_place(&x, &c, now());
    assert_eq!((p.priority, p.ageing, p.nearness, p.score), (100, 60, 150, 310));
    let overdue = due(waiting(1, "low", now()), now() - TimeDelta::days(3));
    assert_eq!(m.queue_place(&overdue, &c, now()).score, 200);
    let far = due(waiting(1, "low", now()), now() + TimeDelta::hours(2));
    assert_eq!(m.queue_place(&far, &c, now()).score, 0);
}

#[test]
fn s28_ageing_counts_business_minutes_of_the_group() {
    let (m, c) = (load(""), calendars());
    let mut x = waiting(1, "low", t("2025-10-09T16:50:00Z"));
    x.group = Some("l2".into());
    assert_eq!(m.queue_place(&x, &c, t("2025-10-10T09:05:00Z")).ageing, 15, "the night adds nothing");
    x.group = Some("l1".into());
    assert_eq!(m.queue_place(&x, &c, t("2025-10-10T09:05:00Z")).ageing, 975);
}

#[test]
fn s28_ties_go_by_time_of_eligibility_then_id_and_old_tickets_overtake() {
    let (m, c) = (load(""), calendars());
    let sorted = |mut all: Vec<Ticket>| -> Vec<u128> {
        all.sort_by_key(|x| m.queue_place(x, &c, now()));
        all.iter().map(|x| x.id.as_u128()).collect()
    };
    let seconds = |n| now() - TimeDelta::seconds(n);
    assert_eq!(sorted(vec![waiting(3, "low", seconds(5)), waiting(1, "low", seconds(5)), waiting(2, "low", seconds(9))]), [2, 1, 3]);
    assert_eq!(sorted(vec![waiting(1, "low", seconds(0)), waiting(2, "urgent", seconds(0))]), [2, 1]);
    assert_eq!(sorted(vec![waiting(1, "low", now() - TimeDelta::hours(40)), waiting(2, "urgent", seconds(0))]), [1, 2]);
}

#[test]
fn s71_a_b_a_or_three_groups_is_a_bounce_with_evidence() {
    let with = |trail: &[&str], handoffs| {
        let mut x = ticket();
        x.trail = trail.iter().map(GroupId::new).collect();
        x.handoffs = handoffs;
        bounced(&x)
    };
    let b = with(&["l1", "l2", "l1"], 2).unwrap();
    assert_eq!((b.kind, b.groups.len(), b.handoffs), (BounceKind::BackAndForth, 3, 2));
    assert!(b.text().en.contains("l1 → l2 → l1") && b.text().get(Lang::Zh).contains("来回转派"));
    assert_eq!(with(&["l1", "l2", "experts"], 2).unwrap().kind, BounceKind::ThreeGroups);
    assert_eq!(with(&["l1", "l2"], 1), None);
    assert_eq!(with(&["l1", "l2", "experts"], 1), None, "one of the hand-offs is the workflow's own path");
    assert_eq!(with(&[], 5), None);
}

#[test]
fn s85_an_absent_assignees_tickets_follow_the_groups_policy() {
    let leave = (t("2025-10-09T00:00:00Z"), Some(t("2025-10-12T00:00:00Z")));
    let people = || {
        [
            agent("a").absent(leave.0, leave.1).backup("b"),
            agent("b").absent(leave.0, leave.1).backup("c"),
            agent("c"),
            agent("loop").absent(leave.0, None).backup("loop2"),
            agent("loop2").absent(leave.0, None).backup("loop"),
            agent("early").shift("office"),
        ]
    };
    let c = calendars();
    let mut x = ticket();
    let mut away = |toml: &str, who: &str| {
        x.assignee = Some(who.into());
        load(toml).on_away(&x, &roster(people()), &c, t("2025-10-09T20:00:00Z"))
    };
    assert_eq!(away("", "c"), None);
    assert_eq!(away("", "a"), Some((Away::Absent, OnAway::Keep)));
    assert_eq!(
        away("[queues.l1]\nabsence = \"backup\"", "a"),
        Some((Away::Absent, OnAway::Backup("c".into()))),
        "the stand-in of the stand-in"
    );
    assert_eq!(away("[queues.l1]\nabsence = \"backup\"", "loop"), Some((Away::Absent, OnAway::Queue)));
    assert_eq!(away("[queues.l1]\nabsence = \"queue\"", "a"), Some((Away::Absent, OnAway::Queue)));
    assert_eq!(away("[queues.l1]\nabsence = \"queue\"", "early"), Some((Away::OffShift, OnAway::Keep)));
    assert_eq!(away("[queues.l1]\nshift_end = \"queue\"", "early"), Some((Away::OffShift, OnAway::Queue)));
    assert_eq!(away("", "left-last-year"), Some((Away::Gone, OnAway::Queue)));
    x.assignee = None;
    assert_eq!(load("").on_away(&x, &roster(people()), &c, now()), None);
}
