//! S87: raw and corrected figures side by side.

use super::simulator::*;
use crate::scale::pick;
use chrono::TimeDelta;
use proptest::prelude::*;
use ticketry::calendar::Calendars;
use ticketry::id::{Revision, UtcInstant};
use ticketry::sla::*;
use ticketry::ticket::*;

const HOUR: i64 = 3_600_000_000;

fn agreements() -> Agreements {
    let policy = Policy { stops: [("resolution".into(), vec![WaitsOn::Requester])].into(), ..Policy::new("standard") }
        .calendar("office")
        .target("first_response", None, "2bh")
        .target("next_response", None, "2bh")
        .target("resolution", None, "8bh");
    Agreements::new(vec![policy])
}
fn world() -> (Agreements, Calendars) {
    (agreements(), calendars())
}
fn created<'a>(a: &'a (Agreements, Calendars), at: &str) -> Desk<'a> {
    let mut d = Desk::new(&a.0, &a.1);
    d.create(at, "open", Some(message(Author::Requester, MessageKind::Reply, t(at))), None, Actor::requester("r1"));
    d
}
fn id(metric: &str, run: u32) -> ClockId {
    ClockId { agreement: Agreement::Customer, metric: metric.into(), run }
}
fn correct(d: &mut Desk<'_>, at: &str, clock: ClockId, amendment: Amendment) -> Revision {
    let revision = Revision::new(d.journal.len() as u64 + 1);
    let by = Actor::agent("zhao");
    let c = Correction { revision, clock, amendment, reason: "flood".into(), by: by.clone(), at: t(at) };
    let before: Vec<_> = (d.ticket().clocks.clone(), d.ticket().closed_clocks.clone()).0;
    d.command(t(at), vec![Event::SlaCorrected(Box::new(c))], by);
    if d.journal.last().unwrap().events.len() == 1 {
        assert_eq!(d.ticket().clocks, before, "the clock itself never changes");
    }
    revision
}
fn exclude(from: &str, to: &str) -> Amendment {
    Amendment::Exclude { from: t(from), to: t(to) }
}
fn corrected(d: &Desk<'_>, clock: ClockId, at: &str) -> Corrected {
    let short = d.agreements.corrected(d.calendars, d.ticket(), &clock, t(at)).unwrap();
    let long = d.agreements.corrected_from(d.calendars, &d.journal, &clock, t(at)).unwrap();
    if short.exact {
        assert_eq!(short, long);
    }
    verify(&d.journal, d.agreements, d.calendars).unwrap_or_else(|e| panic!("{}", e.text().en));
    short
}

// 2025-09-01 is a Monday; the office is open 9-12 and 13-18.

#[test]
fn s87_an_excluded_stretch_counts_in_the_clocks_own_calendar_and_undoes_a_breach() {
    let a = world();
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.answers("2025-09-01T09:30:00Z");
    d.moves("2025-09-02T11:00:00Z", "resolved");
    let of = id("resolution", 1);
    assert_eq!((d.closed("resolution").outcome, d.closed("resolution").counted), (Outcome::Breached, 10 * HOUR));
    // From noon to six in the evening: five open hours, the lunch break does not count twice.
    let first = correct(&mut d, "2025-09-03T09:00:00Z", of.clone(), exclude("2025-09-01T12:00:00Z", "2025-09-01T18:00:00Z"));
    let both = corrected(&d, of.clone(), "2025-09-03T09:00:00Z");
    assert_eq!((both.raw.outcome, both.raw.counted, both.excluded, both.exact), (Some(Outcome::Breached), 10 * HOUR, 5 * HOUR, true));
    assert_eq!((both.corrected.outcome, both.corrected.counted, both.corrected.breached_at), (Some(Outcome::Met), 5 * HOUR, None));
    assert_eq!(both.corrected.due, Some(t("2025-09-02T15:00:00Z")));
    assert_eq!(
        both.text(a.1.default_calendar()).en,
        "resolution: as recorded breached, 10h/8h, due 2025-09-01 18:00 +00:00; corrected met, 5h/8h, due 2025-09-02 15:00 +00:00 (5h excluded: flood)"
    );
    assert!(both.text(a.1.default_calendar()).zh.contains("更正后 达标"));
    // Overlapping stretches are united, and what lies outside the life is nothing.
    correct(&mut d, "2025-09-03T09:00:00Z", of.clone(), exclude("2025-09-01T15:00:00Z", "2025-09-02T10:00:00Z"));
    correct(&mut d, "2025-09-03T09:00:00Z", of.clone(), exclude("2025-08-01T15:00:00Z", "2025-09-01T09:30:00Z"));
    let both = corrected(&d, of.clone(), "2025-09-03T09:00:00Z");
    assert_eq!((both.excluded, both.by.len()), (6 * HOUR + HOUR / 2, 3));
    // A withdrawn correction is gone from the figures and stays in the journal.
    d.command(
        t("2025-09-03T10:00:00Z"),
        vec![Event::CorrectionWithdrawn { correction: first, reason: "no flood".into() }],
        Actor::agent("zhao"),
    );
    assert_eq!(corrected(&d, of, "2025-09-03T09:00:00Z").excluded, 4 * HOUR + HOUR / 2);
}

#[test]
fn s87_pauses_are_not_taken_away_twice() {
    let a = world();
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.moves("2025-09-01T10:00:00Z", "pending");
    d.moves("2025-09-01T15:00:00Z", "open");
    d.moves("2025-09-02T18:00:00Z", "resolved");
    let of = id("resolution", 1);
    assert_eq!((d.closed("resolution").outcome, d.closed("resolution").counted), (Outcome::Breached, 12 * HOUR));
    correct(&mut d, "2025-09-03T09:00:00Z", of.clone(), exclude("2025-09-01T09:30:00Z", "2025-09-01T16:00:00Z"));
    let both = corrected(&d, of, "2025-09-03T09:00:00Z");
    assert_eq!((both.excluded, both.corrected.outcome, both.exact), (HOUR + HOUR / 2, Some(Outcome::Breached), true));
    // Half an hour before the pause, then six and a half: eight hours are full at half past three on Tuesday.
    assert_eq!(both.corrected.breached_at, Some(t("2025-09-02T15:30:00Z")));
}

#[test]
fn s87_an_older_runs_pauses_are_known_from_the_journal_else_the_least_is_said() {
    let policy = Policy { stops: [("next_response".into(), vec![WaitsOn::Requester])].into(), ..Policy::new("standard") };
    let a = (Agreements::new(vec![policy.calendar("office").target("next_response", None, "2bh")]), calendars());
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.moves("2025-09-01T10:00:00Z", "pending");
    d.moves("2025-09-01T11:00:00Z", "open");
    d.answers("2025-09-01T16:00:00Z");
    d.asks("2025-09-01T16:30:00Z");
    d.answers("2025-09-01T17:00:00Z");
    let of = id("next_response", 1);
    let first = d.ticket().closed_clocks.iter().find(|c| c.id == of).unwrap();
    assert_eq!((first.outcome, first.counted), (Outcome::Breached, 5 * HOUR));
    correct(&mut d, "2025-09-03T09:00:00Z", of.clone(), exclude("2025-09-01T09:30:00Z", "2025-09-01T15:00:00Z"));
    let short = d.agreements.corrected(&a.1, d.ticket(), &of, t("2025-09-03T09:00:00Z")).unwrap();
    let long = d.agreements.corrected_from(&a.1, &d.journal, &of, t("2025-09-03T09:00:00Z")).unwrap();
    assert_eq!((long.excluded, long.exact), (3 * HOUR + HOUR / 2, true), "four and a half open hours, one of them paused");
    assert_eq!((short.excluded, short.exact), (3 * HOUR + HOUR / 2, false), "at least");
    assert!(short.text(a.1.default_calendar()).en.contains("at least 3h30m"));
    assert_eq!((short.corrected.outcome, long.corrected.outcome), (Some(Outcome::Met), Some(Outcome::Met)));
}

#[test]
fn s87_an_open_clock_shows_a_later_due_instant_and_goes_on_as_it_was() {
    let a = world();
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.answers("2025-09-01T09:30:00Z");
    let of = id("resolution", 1);
    // Force majeure until the next morning, decided while it lasts.
    correct(&mut d, "2025-09-01T15:00:00Z", of.clone(), exclude("2025-09-01T14:00:00Z", "2025-09-02T10:00:00Z"));
    let both = corrected(&d, of.clone(), "2025-09-01T15:00:00Z");
    assert_eq!((both.raw.due, both.excluded), (Some(t("2025-09-01T18:00:00Z")), HOUR));
    assert_eq!(both.corrected.due, Some(t("2025-09-02T15:00:00Z")), "four hours counted, four to go from ten");
    d.sweep(t("2025-09-02T16:00:00Z"));
    assert_eq!(d.clock("resolution").breached_at, Some(t("2025-09-01T18:00:00Z")), "the raw clock breaches where it always would");
    let both = corrected(&d, of.clone(), "2025-09-02T14:00:00Z");
    assert_eq!((both.corrected.breached_at, both.corrected.outcome), (None, None));
    let both = corrected(&d, of.clone(), "2025-09-02T16:00:00Z");
    assert_eq!(both.corrected.breached_at, Some(t("2025-09-02T15:00:00Z")));
    // A verdict wins over all, the last one given over those before.
    correct(&mut d, "2025-09-02T16:00:00Z", of.clone(), Amendment::Judge(Outcome::Cancelled));
    correct(&mut d, "2025-09-02T16:00:00Z", of.clone(), Amendment::Judge(Outcome::Met));
    let both = corrected(&d, of, "2025-09-02T16:00:00Z");
    assert_eq!((both.corrected.outcome, both.corrected.breached_at, both.by.len()), (Some(Outcome::Met), None, 2));
    assert_eq!(both.raw.breached_at, Some(t("2025-09-01T18:00:00Z")));
}

#[test]
fn s87_s38_a_lapsed_clock_within_its_corrected_target_is_unanswered_not_met() {
    let a = world();
    let mut d = created(&a, "2025-09-01T09:00:00Z");
    d.moves("2025-09-01T14:00:00Z", "resolved");
    let of = id("first_response", 1);
    assert_eq!(d.closed("first_response").outcome, Outcome::Breached);
    correct(&mut d, "2025-09-02T09:00:00Z", of.clone(), exclude("2025-09-01T10:00:00Z", "2025-09-01T12:00:00Z"));
    let both = corrected(&d, of, "2025-09-02T09:00:00Z");
    assert_eq!((both.corrected.outcome, both.corrected.counted), (Some(Outcome::Unanswered), 2 * HOUR));
}

#[test]
fn s87_s46_a_breach_of_an_earlier_target_is_undone_by_a_verdict_only() {
    let a = (
        Agreements::new(vec![Policy::new("p").calendar("always").target("resolution", Some("urgent"), "1h").target(
            "resolution",
            None,
            "9h",
        )]),
        calendars(),
    );
    let mut d = Desk::new(&a.0, &a.1);
    d.create("2025-09-01T09:00:00Z", "open", None, Some("urgent"), Actor::agent("a1"));
    d.prioritise("2025-09-01T11:00:00Z", "low");
    assert!(d.clock("resolution").superseded && d.clock("resolution").breached_at.is_some(), "superseded, never withdrawn");
    d.moves("2025-09-01T12:00:00Z", "resolved");
    assert!(d.closed("resolution").superseded && d.closed("resolution").outcome == Outcome::Breached);
    let of = id("resolution", 1);
    correct(&mut d, "2025-09-02T09:00:00Z", of.clone(), exclude("2025-09-01T09:00:00Z", "2025-09-01T12:00:00Z"));
    assert_eq!(corrected(&d, of.clone(), "2025-09-02T09:00:00Z").corrected.outcome, Some(Outcome::Breached));
    correct(&mut d, "2025-09-02T09:00:00Z", of.clone(), Amendment::Judge(Outcome::Met));
    assert_eq!(corrected(&d, of, "2025-09-02T09:00:00Z").corrected.outcome, Some(Outcome::Met));
}

#[derive(Clone, Debug)]
enum Op {
    Move(usize),
    Answer,
    Ask,
}
fn life() -> impl Strategy<Value = Vec<(i64, Op)>> {
    let op = prop_oneof![4 => (0..4usize).prop_map(Op::Move), 1 => Just(Op::Answer), 1 => Just(Op::Ask)];
    prop::collection::vec((prop_oneof![Just(0i64), 1..400i64, 400..6000i64], op), 1..14)
}
fn stretches() -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop::collection::vec((-600i64..20_000, 1i64..4000), 0..5)
}
fn minute(n: i64) -> UtcInstant {
    t("2025-09-01T08:00:00Z") + TimeDelta::minutes(n)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: pick(60, 3000, 20_000), failure_persistence: None, ..ProptestConfig::default() })]

    /// What is left is what lies in none of the stretches, minute by minute; nothing excluded changes nothing; more excluded is never worse.
    #[test]
    fn s87_laws_of_a_correction(ops in life(), cut in stretches()) {
        let a = world();
        let mut d = created(&a, "2025-09-01T08:00:00Z");
        let mut now = 0;
        for (gap, op) in ops {
            now += gap;
            match op {
                Op::Move(to) => d.command_with(minute(now), |d| d.moved(["open", "pending", "vendor", "resolved"][to]), Actor::agent("a1")),
                Op::Answer => d.answers(&minute(now).to_rfc3339()),
                Op::Ask => d.asks(&minute(now).to_rfc3339()),
            }
        }
        let at = minute(now);
        d.sweep(at);
        let clocks: Vec<ClockId> = d.ticket().clocks.iter().map(|c| c.id.clone()).chain(d.ticket().closed_clocks.iter().map(|c| c.id.clone())).collect();
        for of in clocks {
            let plain = d.agreements.corrected_from(&a.1, &d.journal, &of, at).unwrap();
            prop_assert!(!plain.any() && plain.exact && plain.raw == plain.corrected);
            let mut less = 0;
            let mut journal = d.journal.clone();
            for (i, (from, length)) in cut.iter().enumerate() {
                let amendment = Amendment::Exclude { from: minute(*from), to: minute(from + length) };
                let revision = Revision::new(journal.len() as u64 + 1);
                let c = Correction { revision, clock: of.clone(), amendment, reason: "x".into(), by: Actor::agent("z"), at };
                let last = journal.last().unwrap().clone();
                let event = Caused { event: Event::SlaCorrected(Box::new(c)), cause: Cause::Command, at: None };
                journal.push(Entry { revision, at: at.max(last.at), events: vec![event], ..last });
                let both = d.agreements.corrected_from(&a.1, &journal, &of, at).unwrap();
                prop_assert_eq!(both.raw, plain.raw);
                prop_assert!(both.exact && both.excluded >= less && both.excluded + both.corrected.counted == both.raw.counted);
                less = both.excluded;
                if let (Some(x), Some(y)) = (both.raw.due, both.corrected.due) {
                    prop_assert!(y >= x, "later or the same: {x} {y}");
                }
                prop_assert!(both.raw.breached_at.is_some() || both.corrected.breached_at.is_none());
                if both.raw.outcome != Some(Outcome::Breached) {
                    prop_assert_eq!(both.corrected.outcome, both.raw.outcome);
                } else {
                    prop_assert_eq!(both.corrected.outcome == Some(Outcome::Breached), both.corrected.breached_at.is_some());
                }
                // Minute by minute: open, counting, not excluded.
                let folded = Ticket::fold(&journal).unwrap();
                let short = d.agreements.corrected(&a.1, &folded, &of, at).unwrap();
                prop_assert!(short.excluded <= both.excluded && (!short.exact || short == both));
                if i == 0 && both.excluded > 0 {
                    let (from, to) = (minute(*from), minute(from + length));
                    let most = a.1.get(&"office".into()).unwrap().elapsed(from, to).num_microseconds().unwrap();
                    prop_assert!(both.excluded <= most);
                }
            }
        }
    }
}
