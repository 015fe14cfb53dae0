//! Targets from history (S73), closed cycles, and how many were kept.

use super::journals::*;
use super::simulator::t;
use crate::scale::pick;
use chrono::TimeDelta;
use proptest::prelude::*;
use ticketry::condition::NoScripts;
use ticketry::diagnostic::{Lang, text};
use ticketry::id::UtcInstant;
use ticketry::sla::*;
use ticketry::ticket::*;

const MINUTE: i64 = 60_000_000;

fn cycle(priority: Option<&str>, channel: &str, counted: i64, outcome: Outcome) -> Cycle {
    let at: UtcInstant = t("2025-09-01T09:00:00Z");
    Cycle {
        agreement: Agreement::Customer,
        policy: "standard".into(),
        metric: "resolution".into(),
        priority: priority.map(Into::into),
        channel: channel.into(),
        target: Allowance::Open(480 * MINUTE),
        budget: 480 * MINUTE,
        counted,
        outcome,
        started_at: at,
        ended_at: at + TimeDelta::microseconds(counted),
    }
}
fn standard() -> Agreements {
    agreements(OnChange::Rebase, OnReopen::Resume)
}
fn channels() -> Schema {
    let channel = |en: &str, zh: &str| ChannelDefinition { label: text(en, zh), window_seconds: 0 };
    Schema { channels: [("mail".into(), channel("mail", "邮件")), ("电话 1".into(), channel("phone", "电话"))].into(), ..schema() }
}

#[test]
fn s73_the_target_is_the_smallest_observed_value_that_meets_the_share() {
    let all: Vec<Cycle> = (1..=20).map(|i| cycle(Some("low"), "mail", i * 31 * MINUTE, Outcome::Met)).collect();
    let p = propose(&all, &standard(), Proposing::default());
    let row = &p.rows[0];
    assert_eq!((row.cycles, row.quantile), (20, 19 * 31 * MINUTE));
    // 9h49m of open time, beyond eight hours in whole hours.
    assert_eq!((row.target, row.kept), (Allowance::Open(600 * MINUTE), 19));
    // The present target of low priority is 8bh: 15 × 31 minutes lie within.
    assert_eq!((row.present.clone(), row.kept_now, row.judged), (vec![Allowance::Open(480 * MINUTE)], 15, 20));
    let exact = propose(&all, &standard(), Proposing { goal: "100%".parse().unwrap(), rounded: false, ..Proposing::default() });
    assert_eq!(exact.rows[0].target, Allowance::Open(20 * 31 * MINUTE));
    let few = propose(&all, &standard(), Proposing { goal: Goal::percent(0), ..Proposing::default() });
    assert_eq!((few.rows[0].quantile, few.rows[0].target), (31 * MINUTE, Allowance::Open(35 * MINUTE)));
}

#[test]
fn s73_cancelled_cycles_are_left_out_and_unanswered_stand_apart() {
    let all = [
        cycle(None, "mail", 10 * MINUTE, Outcome::Met),
        cycle(None, "mail", 20 * MINUTE, Outcome::Breached),
        cycle(None, "mail", MINUTE, Outcome::Cancelled),
        cycle(None, "mail", MINUTE, Outcome::Unanswered),
    ];
    let p = propose(&all, &standard(), Proposing::default());
    assert_eq!((p.rows.len(), p.rows[0].cycles, p.rows[0].unanswered, p.rows[0].quantile), (1, 2, 1, 20 * MINUTE));
    assert!(propose(&all[2..], &standard(), Proposing::default()).rows.is_empty(), "S60: nothing, not zero");
    let kept = attainment(&all, |c| c.metric.clone());
    assert_eq!(kept["resolution"], Attainment { met: 1, breached: 1, unanswered: 1, cancelled: 1 });
    assert_eq!((kept["resolution"].met_per_mille(), Attainment::default().met_per_mille()), (Some(500), None));
}

#[test]
fn s73_rounding_is_up_to_what_people_write() {
    let rounded = |m: i64, extra: i64| {
        let p = propose(&[cycle(None, "mail", m * MINUTE + extra, Outcome::Met)], &standard(), Proposing::default());
        let Allowance::Open(n) = p.rows[0].target else { panic!() };
        assert_eq!(n % MINUTE, 0);
        n / MINUTE
    };
    let cases = [(0, 0), (1, 0), (5, 0), (5, 1), (60, 0), (60, 1), (240, 0), (241, 0), (480, 0), (481, 0)];
    assert_eq!(cases.map(|(m, x)| rounded(m, x)), [5, 5, 5, 10, 60, 75, 240, 270, 480, 540]);
}

#[test]
fn s73_shares_are_exact() {
    for (s, shown) in [("95%", "95%"), ("99.5 %", "99.5%"), ("0%", "0%"), ("100%", "100%"), ("33.333333%", "33.333333%")] {
        assert_eq!(s.parse::<Goal>().unwrap().to_string(), shown);
    }
    for bad in ["", "95", "%", "100.1%", "-1%", "1e2%", "9.9999999%", "一%"] {
        let e = bad.parse::<Goal>().unwrap_err();
        assert!(e.text().zh.contains("95%"), "{e}");
    }
    assert_eq!((Goal::percent(95).rank(20), Goal::percent(95).rank(21), Goal::of(1, 3).rank(3), Goal::percent(95).rank(0)), (19, 20, 1, 1));
}

#[test]
fn s73_the_snippet_is_read_back_and_tables_speak_both_languages() {
    let mut all: Vec<Cycle> = (1..=9).map(|i| cycle(Some("urgent"), "mail", i * 17 * MINUTE, Outcome::Met)).collect();
    all.extend((1..=5).map(|i| cycle(None, "电话 1", i * 3 * MINUTE, Outcome::Met)));
    all.extend((1..=2).map(|i| Cycle { target: Allowance::Wall(MINUTE), ..cycle(None, "电话 1", i * MINUTE, Outcome::Breached) }));
    let p = propose(&all, &standard(), Proposing { by_policy: true, ..Proposing::default() });
    let file = p.toml(Agreement::Customer);
    let (read, problems) = Agreements::load([("sla/proposed.toml", &*file)], &channels(), &NoScripts);
    assert!(problems.is_empty(), "{file}\n{problems:?}");
    let read = read.unwrap();
    let policy = read.policy(Agreement::Customer, &"standard".into()).unwrap();
    let targets = &policy.targets["resolution"];
    assert_eq!(targets.get(Some(&"urgent".into()), &"mail".into()), Some(Allowance::Open(165 * MINUTE)), "{file}");
    // Wall and open time in one place: what more cycles say stands, the other is a remark.
    assert_eq!(targets.get(None, &"电话 1".into()), Some(Allowance::Open(15 * MINUTE)));
    assert!(file.contains("\n# default = \"5m\""), "{file}");
    let english = p.render(Lang::En, &channels());
    assert!(english.contains("95% took at most") && english.contains("phone"), "{english}");
    let chinese = p.render(Lang::Zh, &channels());
    assert!(chinese.contains("电话") && chinese.contains("建议目标") && chinese.contains("解决"), "{chinese}");
}

#[test]
fn s73_a_cycle_that_fell_off_the_ticket_still_counts() {
    let (a, c) = (standard(), calendars());
    let mut d = run(&a, &c, &[], TimeDelta::zero());
    let mut now = t("2025-09-01T08:00:00Z");
    for _ in 0..40 {
        now += TimeDelta::minutes(10);
        d.command_with(now, |d| facts(d, &Op::Ask { late: 0, call: false }, now), Actor::requester("r1"));
        now += TimeDelta::minutes(10);
        d.command_with(now, |d| facts(d, &Op::Answer { late: 0, call: false }, now), Actor::agent("a1"));
    }
    assert!(d.ticket().closed_clocks.len() < 30);
    let all = cycles(&d.journal);
    assert_eq!(all.iter().filter(|c| c.metric == "next_response").count(), 39);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: pick(200, 20_000, 100_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn s73_the_share_is_kept_and_nothing_smaller_observed_keeps_it(
        counted in prop::collection::vec(prop_oneof![0..20i64, 0..40 * 3_600_000_000i64, (0..100i64).prop_map(|m| m * MINUTE)], 1..60),
        kept in 0..1_000_000u64, of in 1..1_000_000u64, rounded: bool,
    ) {
        let goal = Goal::of(kept.min(of), of);
        let all: Vec<Cycle> = counted.iter().map(|c| cycle(None, "mail", *c, Outcome::Met)).collect();
        let p = propose(&all, &standard(), Proposing { goal, rounded, ..Proposing::default() });
        let row = &p.rows[0];
        let within = |v: i64| counted.iter().filter(|c| **c <= v).count() as u128;
        let keeps = |v: i64| within(v) * u128::from(of) >= counted.len() as u128 * u128::from(kept.min(of));
        prop_assert!(keeps(row.quantile) && goal.is_kept(within(row.quantile) as u64, row.cycles));
        prop_assert!(counted.contains(&row.quantile));
        prop_assert!(counted.iter().all(|v| *v >= row.quantile || !keeps(*v)));
        let Allowance::Open(target) = row.target else { panic!() };
        prop_assert!(target >= row.quantile && target > 0 && u128::from(row.kept) == within(target));
        if rounded { prop_assert!(target % (5 * MINUTE) == 0 && target - row.quantile.max(1) < 60 * MINUTE); }
        let file = p.toml(Agreement::Customer);
        let (read, problems) = Agreements::load([("sla/x.toml", &*file)], &channels(), &NoScripts);
        prop_assert!(!problems.has_errors(), "{}\n{:?}", file, problems);
        prop_assert_eq!(read.unwrap().policies().next().unwrap().targets["resolution"].get(None, &"mail".into()), Some(row.target));
    }

    #[test]
    fn s56_closed_cycles_of_a_journal_are_those_of_its_ticket(a in policies(), h in history(30)) {
        let c = calendars();
        let d = run(&a, &c, &h, TimeDelta::days(9));
        let all = cycles(&d.journal);
        let kept = d.ticket().closed_clocks.iter().map(|k| (k.id.metric.clone(), k.policy.clone(), k.started_at, k.ended_at, k.outcome, k.counted, k.budget));
        let last = all.iter().skip(all.len() - d.ticket().closed_clocks.len());
        let told = last.map(|k| (k.metric.clone(), k.policy.clone(), k.started_at, k.ended_at, k.outcome, k.counted, k.budget));
        prop_assert_eq!(told.collect::<Vec<_>>(), kept.collect::<Vec<_>>());
    }
}
