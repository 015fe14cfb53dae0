//! Explanations: the policy, the target, and a timeline that adds up to the figure, to the µs.

use super::journals::*;
use super::simulator::{Desk, message, t};
use crate::scale::pick;
use chrono::TimeDelta;
use proptest::prelude::*;
use ticketry::calendar::Calendars;
use ticketry::condition::View;
use ticketry::diagnostic::Lang;
use ticketry::id::UtcInstant;
use ticketry::sla::*;
use ticketry::ticket::*;

const HOUR: i64 = 3_600_000_000;

fn created<'a>(a: &'a Agreements, c: &'a Calendars, at: &str) -> Desk<'a> {
    let mut d = Desk::new(a, c);
    d.create(at, "new", Some(message(Author::Requester, MessageKind::Reply, t(at))), None, Actor::requester("r1"));
    d
}
fn does(d: &mut Desk<'_>, at: &str, op: &Op) {
    d.command_with(t(at), |d| facts(d, op, t(at)), Actor::agent("a1"));
}
fn id(metric: &str, run: u32) -> ClockId {
    ClockId { agreement: Agreement::Customer, metric: metric.into(), run }
}
fn resolution(d: &Desk<'_>, until: &str) -> Timeline {
    timeline_of(&d.journal, &id("resolution", 1), d.calendars, t(until)).unwrap()
}
fn hours(l: &Timeline) -> Vec<(SegmentKind, Option<WaitsOn>, i64)> {
    l.segments.iter().map(|s| (s.kind, s.waits_on, s.length() / HOUR)).collect()
}

#[test]
fn s37_each_policy_in_order_with_the_first_part_that_was_false() {
    let (a, c) = (agreements(OnChange::Rebase, OnReopen::Resume), calendars());
    let d = created(&a, &c, "2025-09-01T09:00:00Z");
    let all = a.considered(Agreement::Customer, &View::of(d.ticket(), t("2025-09-01T09:00:00Z")));
    let Fit::False(part) = &all[0].fit else { panic!("{all:?}") };
    assert!(part.contains("category") && part.contains("vip"), "{part}");
    assert_eq!((all[1].policy.as_str(), &all[1].fit), ("standard", &Fit::Matched));
    let mut d = d;
    does(&mut d, "2025-09-01T10:00:00Z", &Op::Vip(true));
    let all = a.considered(Agreement::Customer, &View::of(d.ticket(), t("2025-09-01T10:00:00Z")));
    assert_eq!(all.iter().map(|c| &c.fit).collect::<Vec<_>>(), [&Fit::Matched, &Fit::NotAsked]);
}

#[test]
fn s37_the_target_is_looked_for_by_channel_then_priority_then_default() {
    let mut targets = agreements(OnChange::Rebase, OnReopen::Resume).policies().nth(1).unwrap().targets["resolution"].clone();
    let phone = Targets { levels: [("urgent".into(), Allowance::Wall(HOUR))].into(), ..Targets::default() };
    targets.channels.insert("phone".into(), phone);
    targets.default = Some(Allowance::Open(9 * HOUR));
    for channel in ["phone", "mail"] {
        for priority in [None, Some("low"), Some("urgent"), Some("odd")] {
            let (priority, channel) = (priority.map(Into::into), channel.into());
            let rungs = targets.rungs(priority.as_ref(), &channel);
            assert_eq!(rungs.last().and_then(|r| r.target), targets.get(priority.as_ref(), &channel));
            assert!(rungs.iter().rev().skip(1).all(|r| r.target.is_none()));
        }
    }
    let rungs = targets.rungs(Some(&"odd".into()), &"phone".into());
    let places: Vec<_> = rungs.iter().map(|r| (r.channel.is_some(), r.priority.is_some(), r.target.is_some())).collect();
    assert_eq!(places, [(true, true, false), (true, false, false), (false, true, false), (false, false, true)]);
}

#[test]
fn s42_s45_s77_the_timeline_says_whom_a_pause_waited_on_and_what_the_closed_time_was() {
    let (a, c) = (agreements(OnChange::Rebase, OnReopen::Resume), calendars());
    let mut d = created(&a, &c, "2025-09-01T09:00:00Z");
    does(&mut d, "2025-09-01T09:00:00Z", &Op::Vip(true)); // Waiting on requester and vendor both stop it; 22-06 in Berlin.
    d.moves("2025-09-01T21:00:00Z", "pending");
    d.moves("2025-09-01T23:00:00Z", "vendor");
    d.moves("2025-09-02T01:00:00Z", "open");
    d.moves("2025-09-02T02:00:00Z", "resolved");
    d.moves("2025-09-02T20:00:00Z", "open");
    let l = resolution(&d, "2025-09-02T22:00:00Z");
    use SegmentKind::*;
    assert_eq!(
        hours(&l),
        [
            (Closed, None, 11),
            (Counted, None, 1),
            (Paused, Some(WaitsOn::Requester), 2),
            (Paused, Some(WaitsOn::Vendor), 2),
            (Counted, None, 1),
            (Final, None, 18),
            (Counted, None, 2)
        ]
    );
    assert_eq!((l.counted, l.carried), (4 * HOUR, 0));
    // 20 hours open in all: six more this night, eight in the next, the last two thereafter.
    let ahead: Vec<_> = l.ahead.iter().map(|s| (s.kind, s.length() / HOUR)).collect();
    assert_eq!(ahead, [(Counted, 6), (Closed, 16), (Counted, 8), (Closed, 16), (Counted, 2)]);
    let zh = l.render(Lang::Zh, c.default_calendar());
    assert!(zh.contains("暂停（等待请求人）") && zh.contains("剩余：16h"), "{zh}");
}

#[test]
fn s46_a_timeline_is_whole_though_the_ticket_keeps_only_64_pauses() {
    let (a, c) = (agreements(OnChange::Rebase, OnReopen::Resume), calendars());
    let mut d = created(&a, &c, "2025-09-01T09:00:00Z");
    d.prioritise("2025-09-01T09:00:00Z", "low");
    let mut now = t("2025-09-01T09:00:00Z");
    for i in 0..90 {
        for state in [2, 1] {
            now += TimeDelta::minutes(7);
            d.command_with(now, |d| facts(d, &Op::Move(state), now), Actor::agent("a1"));
        }
        if i == 80 {
            // Another calendar, when the first pauses are no longer all known: what was counted so far is carried over.
            d.command_with(now, |d| facts(d, &Op::Vip(true), now), Actor::agent("a1"));
        }
    }
    let kept = timeline(d.clock("resolution"), &c, now);
    let whole = timeline_of(&d.journal, &id("resolution", 1), &c, now).unwrap();
    assert!(kept.carried != 0 && whole.carried == 0);
    assert_eq!(whole.counted, kept.counted);
    assert_eq!(whole.sum(SegmentKind::Counted), whole.counted);
    assert_eq!(whole.segments.iter().filter(|s| s.kind == SegmentKind::Paused).count(), 90);
}

#[test]
fn s26_a_timeline_ends_with_the_messages_own_instant() {
    let (a, c) = (agreements(OnChange::Rebase, OnReopen::Resume), calendars());
    let mut d = created(&a, &c, "2025-09-01T09:00:00Z");
    does(&mut d, "2025-09-01T11:00:00Z", &Op::Answer { late: 3600, call: false });
    let l = timeline_of(&d.journal, &id("first_response", 1), &c, t("2025-09-01T12:00:00Z")).unwrap();
    assert_eq!((l.counted, l.segments.last().unwrap().to), (HOUR, t("2025-09-01T10:00:00Z")));
    assert!(timeline_of(&d.journal, &id("first_response", 2), &c, t("2025-09-01T12:00:00Z")).is_none());
}

#[test]
fn s76_a_clock_is_accounted_for_in_both_languages() {
    let (a, c) = (agreements(OnChange::Rebase, OnReopen::Resume), calendars());
    let mut d = created(&a, &c, "2025-09-01T09:00:00Z");
    d.prioritise("2025-09-01T09:00:00Z", "low");
    d.answers("2025-09-01T10:00:00Z");
    d.moves("2025-09-01T10:30:00Z", "pending");
    d.moves("2025-09-01T14:00:00Z", "open");
    let all = a.accounts(&c, &d.journal, None, t("2025-09-01T15:00:00Z"));
    let of = |metric: &str| all.iter().find(|x| x.clock.metric == *metric).unwrap();
    let calendar = c.default_calendar();
    let english = of("resolution").render(Lang::En, calendar);
    let expected = "\
resolution: due 2025-09-02 13:30 +00:00, 2h30m of 8h counted
  policy standard: vip: t.category.within(\"vip\") was false (t.category = absent); standard has no `match`, so it is for every ticket
  target 8bh in calendar office: low 8bh
  time: counted 2h30m + paused, waiting on the requester 3h30m = 6h, 2025-09-01 09:00 +00:00 to 2025-09-01 15:00 +00:00
  left 5h30m: 2025-09-01 15:00 +00:00 – 2025-09-01 18:00 +00:00, 2025-09-02 09:00 +00:00 – 2025-09-02 11:30 +00:00
";
    assert_eq!(english.lines().count(), 5, "{english}");
    for (is, should) in english.lines().zip(expected.lines()) {
        if !is.contains("policy") && !is.contains("due") {
            assert_eq!(is, should);
        }
    }
    assert!(english.contains("was false") && english.contains("standard has no `match`"), "{english}");
    let chinese = of("resolution").render(Lang::Zh, calendar);
    assert!(chinese.contains("暂停（等待请求人） 3h30m") && chinese.contains("剩余 5h30m") && chinese.contains("不成立"), "{chinese}");
    assert!(of("first_response").render(Lang::En, calendar).starts_with("first response: met, 1h of 2h counted"));
}

fn check(journal: &[Entry], c: &Calendars, until: UtcInstant) {
    let mut ids: Vec<(ClockId, UtcInstant)> = Vec::new();
    let mut ticket: Option<Ticket> = None;
    let mut stopped: Vec<(ClockId, i64)> = Vec::new();
    for e in journal {
        let t = ticket.get_or_insert_with(|| Ticket::begin(e).unwrap());
        for (i, x) in e.events.iter().enumerate() {
            let at = x.at.unwrap_or(e.at);
            if at > until {
                break;
            }
            t.evolve(&x.event, at, e.revision, i as u32);
            match &x.event {
                Event::ClockStarted(k) => {
                    stopped.retain(|(id, _)| *id != k.id);
                    if !ids.iter().any(|(id, _)| *id == k.id) {
                        ids.push((k.id.clone(), k.started_at));
                    }
                }
                Event::ClockStopped { clock, counted, .. } => stopped.push((clock.clone(), *counted)),
                _ => {}
            }
        }
    }
    let ticket = ticket.unwrap();
    for (id, started) in ids {
        let line = timeline_of(journal, &id, c, until).unwrap();
        assert_eq!(line.carried, 0, "{id:?} {line:?}");
        assert_eq!(line.sum(SegmentKind::Counted), line.counted);
        assert!(line.segments.first().is_none_or(|s| s.from == started), "{id:?}");
        assert!(line.segments.windows(2).all(|w| w[0].to == w[1].from && w[0].from < w[0].to), "{id:?} {line:?}");
        match ticket.clocks.iter().find(|k| k.id == id) {
            Some(open) => {
                assert!(line.segments.last().is_none_or(|s| s.to == until));
                let kept = timeline(open, c, until);
                assert_eq!(line.counted, kept.counted);
                if kept.carried == 0 && open.pauses.len() < Clock::PAUSES {
                    for kind in SegmentKind::ALL {
                        assert_eq!(line.sum(kind), kept.sum(kind), "{id:?} {kind:?}\n{line:?}\n{kept:?}");
                    }
                }
                // What is ahead is what is left, up to the µs.
                if open.running() && open.due.is_some_and(|d| d > until) {
                    let left: i64 = line.ahead.iter().filter(|s| s.kind == SegmentKind::Counted).map(Segment::length).sum();
                    assert_eq!(left, open.budget - line.counted, "{open:?}");
                    assert_eq!((line.ahead[0].from, line.ahead.last().unwrap().to), (until, open.due.unwrap()));
                } else {
                    assert!(line.ahead.is_empty());
                }
            }
            None => assert_eq!(line.counted, stopped.iter().find(|(s, _)| *s == id).unwrap().1),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: pick(60, 5_000, 30_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn s46_the_timeline_of_every_run_adds_up_to_its_figure_at_any_instant(a in policies(), h in history(40), cut in 0.0..1.2f64) {
        let c = calendars();
        let d = run(&a, &c, &h, TimeDelta::days(9));
        let (start, end) = (d.journal[0].at, d.journal.last().unwrap().at + TimeDelta::days(2));
        let until = start + TimeDelta::microseconds(((end - start).num_microseconds().unwrap() as f64 * cut) as i64);
        check(&d.journal, &c, until);
        check(&d.journal, &c, end);
        let all = a.accounts(&c, &d.journal, None, until);
        for x in &all { prop_assert!(!x.render(Lang::En, c.default_calendar()).is_empty() && !x.render(Lang::Zh, c.default_calendar()).is_empty()); }
    }

    #[test]
    fn s46_the_same_beyond_64_pauses_and_calendars_changing_meanwhile(
        a in policies(), steps in prop::collection::vec((1..30_000_000_000i64, prop_oneof![6 => Just(2usize), 6 => Just(1), 2 => Just(3), 1 => Just(4), 1 => Just(10), 1 => Just(11)]), 150..320),
    ) {
        let c = calendars();
        let h: Vec<(i64, Op)> = steps.into_iter().map(|(gap, to)| (gap, if to >= 10 { Op::Vip(to == 10) } else { Op::Move(to) })).collect();
        let d = run(&a, &c, &h, TimeDelta::days(9));
        check(&d.journal, &c, d.journal.last().unwrap().at + TimeDelta::hours(5));
    }
}
