//! The decision itself.

use super::*;
use ticketry::diagnostic::Lang;

#[test]
fn s29_a_1_of_2_and_b_8_of_10_number_picks_b_percent_picks_a() {
    let desk = |toml| Desk::new(toml, [agent("a").capacity(2), agent("b").capacity(10)]).holds("a", 1, None).holds("b", 8, None);
    assert_eq!(desk("").winner(), "b");
    assert_eq!(desk("[defaults]\nstrategy = \"least_loaded\"").winner(), "b");
    assert_eq!(desk("[queues.l1]\nstrategy = \"percent\"").winner(), "a");
}

#[test]
fn s30_round_robin_is_longest_since_the_last_assignment_ties_by_id() {
    let desk = Desk::new("[defaults]\nstrategy = \"round_robin\"", [agent("a"), agent("b"), agent("c")])
        .holds("a", 0, Some("2025-10-09T11:00:00Z"))
        .holds("b", 3, Some("2025-10-09T10:00:00Z"))
        .holds("c", 0, Some("2025-10-09T10:00:00Z"));
    assert_eq!(desk.winner(), "b", "load does not matter, ids break the tie");
    assert_eq!(desk.route().runners_up, ["c", "a"]);
    assert_eq!(Desk::new("[defaults]\nstrategy = \"round_robin\"", [agent("z"), agent("y")]).winner(), "y");
}

#[test]
fn s30_closing_fast_does_not_move_an_agent_to_the_front() {
    let mut desk = Desk::new("[defaults]\nstrategy = \"round_robin\"", [agent("a"), agent("b")]);
    let mut got = vec![];
    for minute in 0..6 {
        let d = desk.at(now() + chrono::TimeDelta::minutes(minute));
        let w = d.winner.unwrap();
        desk.holdings.take(&w.agent, &w.slots, now() + chrono::TimeDelta::minutes(minute));
        // `a` closes at once, `b` never does until it is full.
        if w.agent == "a" {
            desk.holdings.release(&w.agent, &w.slots);
        }
        got.push(w.agent.to_string());
    }
    assert_eq!(got, ["a", "b", "a", "b", "a", "b"]);
}

#[test]
fn s31_required_skills_never_relax() {
    let desk = Desk::new("[defaults]\nrelax_after = \"5m\"", [agent("a").skill("bgp", 1), agent("b")]).asks("bgp", 2);
    let d = desk.at(now() + chrono::TimeDelta::days(30));
    assert_eq!((d.winner.clone(), d.none), (None, Some(NoAgent::NoSkill)));
    assert_eq!(code(&d, "a"), "lacks-skill");
    assert_eq!(d.excluded, [("lacks-skill", 2)]);
    assert_eq!(d.retry_at, None, "time alone changes nothing");
}

const LADDER: &str = r#"
[queues.l1]
relax_after = "10m"
prefers = [
  { skill = "de", level = 3, importance = "low" },
  { skill = "dns", level = 2, importance = "high" },
]
"#;

#[test]
fn s31_optional_skills_expire_lowest_first_one_level_per_timeout() {
    let desk = Desk::new(LADDER, [agent("a").skill("bgp", 2), agent("b").skill("bgp", 2).skill("dns", 2), agent("c").skill("de", 5)])
        .asks("bgp", 1);
    let at = |minutes: i64| desk.at(now() + chrono::TimeDelta::minutes(minutes));
    let d = at(0);
    assert_eq!((d.rung, d.rungs, d.none), (0, 2, Some(NoAgent::NoSkill)));
    assert_eq!(d.retry_at, Some(now() + chrono::TimeDelta::minutes(10)));
    assert_eq!(at(10).rung, 0, "at the very instant the level still holds");
    let d = at(11);
    assert_eq!((d.rung, d.winner.as_ref().unwrap().agent.as_str()), (1, "b"));
    assert_eq!(code(&d, "a"), "lacks-skill");
    let d = at(21);
    assert_eq!(d.rung, 2);
    assert_eq!((code(&d, "a"), code(&d, "b")), ("chosen", "eligible"), "all optional skills gone: whoever holds the required ones");
    assert_eq!(code(&d, "c"), "lacks-skill");
}

#[test]
fn s31_after_the_last_level_nobody_if_so_configured() {
    let toml = LADDER.replace("relax_after", "after_ladder = \"nobody\"\nrelax_after");
    let desk = Desk::new(&toml, [agent("a"), agent("b").skill("dns", 2)]);
    assert_eq!(desk.at(now() + chrono::TimeDelta::minutes(15)).winner.unwrap().agent, "b");
    let d = desk.at(now() + chrono::TimeDelta::minutes(25));
    assert_eq!((d.winner, d.none), (None, Some(NoAgent::LadderExhausted)));
}

#[test]
fn s32_the_ladder_begins_at_queue_entry_and_the_level_is_recorded() {
    let mut desk = Desk::new(LADDER, [agent("b").skill("dns", 2)]);
    desk.ticket.queue.as_mut().unwrap().since = now() - chrono::TimeDelta::minutes(12);
    // Another ticket object with the same queue entry, as after a restart: nothing else counts.
    let d = desk.route();
    assert_eq!((d.rung, d.why().rung), (1, 1));
    assert_eq!(d.why().winner.unwrap(), "b");
}

#[test]
fn s32_a_ladder_in_open_time_waits_for_the_group_to_open() {
    let toml = "[queues.l2]\nrelax_after = \"30bm\"\nprefers = [{ skill = \"de\" }]\n";
    let mut desk = Desk::new(toml, [Agent::new("a").group("l2").capacity(1)]);
    desk.ticket.group = Some("l2".into());
    desk.ticket.queue.as_mut().unwrap().since = t("2025-10-09T16:45:00Z");
    assert_eq!(desk.at(t("2025-10-10T08:00:00Z")).rung, 0);
    assert_eq!(desk.at(t("2025-10-10T08:00:00Z")).retry_at, Some(t("2025-10-10T09:15:00Z")));
    assert_eq!(desk.at(t("2025-10-10T09:16:00Z")).rung, 1);
}

#[test]
fn s33_at_capacity_absent_outside_shift_or_too_little_shift_left_is_never_picked() {
    let desk = Desk::new(
        "[defaults]\nmin_shift_left = \"30m\"",
        [
            agent("full"),
            agent("leave").absent(t("2025-10-09T00:00:00Z"), Some(t("2025-10-10T00:00:00Z"))),
            agent("late").shift("late"),
            agent("office").shift("office"),
            agent("none").capacity(0),
        ],
    )
    .holds("full", 4, None);
    let d = desk.at(t("2025-10-09T16:45:00Z"));
    assert_eq!(
        ["full", "leave", "late", "office", "none"].map(|a| code(&d, a)),
        ["at-capacity", "absent", "chosen", "shift-ending", "at-capacity"]
    );
    let d = desk.at(t("2025-10-09T12:30:00Z"));
    assert_eq!(code(&d, "late"), "outside-shift");
    assert_eq!(code(&d, "office"), "outside-shift", "lunch");
    assert_eq!((d.none, d.retry_at), (Some(NoAgent::AtCapacity), Some(t("2025-10-09T13:00:00Z"))));
    // A lunch break does not end a shift: 11:50 has four hours more behind it.
    assert_eq!(desk.at(t("2025-10-09T11:50:00Z")).winner.unwrap().agent, "office");
    // Absences hold from their first instant up to their last, not including it.
    assert_eq!(code(&desk.at(t("2025-10-10T00:00:00Z")), "leave"), "chosen");
    assert_eq!(code(&desk.at(t("2025-10-09T00:00:00Z")), "leave"), "absent");
}

#[test]
fn s33_manual_assignment_may_exceed_and_says_so() {
    let a = agent("a").capacity(2);
    let h = Holdings::new().with("a", [1], None);
    let fits = manual_slots(&a, &h, 1, &[]);
    assert_eq!((fits.slots, fits.over), (vec![0], false));
    let more = manual_slots(&a, &h, 2, &[]);
    assert_eq!((more.slots, more.over), (vec![0, 2], true));
    let lost = manual_slots(&a, &h, 1, &[("a".into(), 0), ("b".into(), 2)]);
    assert_eq!((lost.slots, lost.over), (vec![2], true));
    // An agent who drains holds numbers beyond the capacity: a free low number is still excess.
    let drains = manual_slots(&a, &Holdings::new().with("a", [5, 6], None), 1, &[]);
    assert_eq!((drains.slots, drains.over), (vec![0], true));
}

#[test]
fn slots_are_the_lowest_free_numbers_not_lost_to_others() {
    let mut desk = Desk::new("[[slots]]\npriority = \"high\"\nslots = 2", [agent("a")]);
    desk.holdings = Holdings::new().with("a", [1], None);
    assert_eq!(desk.route().winner.unwrap().slots, [0]);
    desk.ticket.priority = Some(Sourced { value: "urgent".into(), by: Provenance::Rule });
    assert_eq!(desk.route().winner.unwrap().slots, [0, 2], "urgent is at least high");
    desk.taken = vec![("a".into(), 0)];
    assert_eq!(desk.route().winner.unwrap().slots, [2, 3]);
    desk.taken.push(("a".into(), 2));
    let d = desk.route();
    assert_eq!((d.winner, d.none, d.weight), (None, Some(NoAgent::AtCapacity), 2));
}

#[test]
fn a_lowered_capacity_drains() {
    let mut desk = Desk::new("", [agent("a").capacity(2)]);
    desk.holdings = Holdings::new().with("a", [2, 3], None);
    assert_eq!(desk.route().none, Some(NoAgent::AtCapacity), "numbers 0 and 1 are free, but two tickets are held");
    desk.holdings = Holdings::new().with("a", [3], None);
    assert_eq!(desk.route().winner.unwrap().slots, [0]);
}

#[test]
fn s34_an_empty_pool_has_a_typed_reason_how_far_the_nearest_came() {
    let none = |desk: &Desk| desk.route().none.unwrap();
    assert_eq!(none(&Desk::new("", [Agent::new("x").group("l2")])), NoAgent::EmptyGroup);
    let away = agent("b").skill("bgp", 3).absent(t("2025-10-01T00:00:00Z"), None);
    let desk = Desk::new("", [agent("a"), away.clone()]).asks("bgp", 1);
    assert_eq!(none(&desk), NoAgent::AllAbsent);
    let desk = Desk::new("", [agent("a"), away.clone(), agent("c").skill("bgp", 1).shift("late")]).asks("bgp", 1);
    assert_eq!((none(&desk), desk.route().retry_at), (NoAgent::OffShift, Some(t("2025-10-09T15:00:00Z"))));
    let mut desk = Desk::new("", [agent("a")]);
    desk.declined = vec!["a".into()];
    assert_eq!(none(&desk), NoAgent::Declined);
}

#[test]
fn s34_an_agent_who_becomes_free_gets_the_first_ticket_it_is_eligible_for() {
    let desk = Desk::new("", [agent("a").skill("dns", 1)]);
    let needs: Vec<BTreeMap<SkillName, u8>> = vec![[("bgp".into(), 1)].into(), [("dns".into(), 1)].into(), BTreeMap::new()];
    let view = View::of(&desk.ticket, now());
    let input = RouteInput::of(view, &desk.roster, &desk.holdings, &desk.calendars).unwrap();
    let waiting: Vec<RouteInput<'_>> = needs.iter().map(|skills| RouteInput { skills, ..input }).collect();
    assert_eq!(desk.model.first_for(&"a".into(), &waiting), Some(1));
    assert_eq!(desk.model.first_for(&"stranger".into(), &waiting), None);
    assert!(desk.model.eligible(&waiting[0], &"a".into()).unwrap().is_err());
}

#[test]
fn s35_those_who_declined_are_passed_over() {
    let mut desk = Desk::new("", [agent("a"), agent("b")]);
    assert_eq!(desk.winner(), "a");
    desk.declined = vec!["a".into()];
    assert_eq!(desk.winner(), "b");
    assert_eq!(code(&desk.route(), "a"), "declined");
}

#[test]
fn s36_every_candidate_is_listed_in_both_languages() {
    let desk = Desk::new(
        "",
        [
            agent("li").skill("bgp", 3),
            agent("han").skill("bgp", 2),
            agent("mei").skill("bgp", 1),
            agent("wang").skill("bgp", 4).absent(t("2025-10-01T00:00:00Z"), Some(t("2025-10-12T00:00:00Z"))),
            agent("zhao").skill("bgp", 4).shift("late"),
            agent("qian").skill("bgp", 5),
            Agent::new("other").group("l2"),
        ],
    )
    .asks("bgp", 2)
    .holds("han", 1, None)
    .holds("qian", 4, None);
    let d = desk.route();
    assert_eq!(d.candidates.len(), 6);
    let en = d.render(Lang::En, None);
    assert_eq!(
        en,
        "l1: chosen li because most free slots (4 of 4); slots 0\n  \
         eligible han: 3 of 4 slots free, skill 2\n  \
         excluded mei: lacks skill bgp≥2 (has 1)\n  \
         excluded qian: at capacity (4/4)\n  \
         excluded wang: absent until 2025-10-12 00:00 UTC\n  \
         excluded zhao: outside shift until 2025-10-09 15:00 UTC"
    );
    let zh = d.render(Lang::Zh, Some("Asia/Shanghai"));
    assert!(zh.starts_with("l1：分派给 li，因为空闲名额最多（4/4）；名额 0\n"), "{zh}");
    assert!(zh.contains("不在班次内，2025-10-09 23:00 +08:00 上班"), "{zh}");
    let why = d.why();
    assert_eq!((why.winner.unwrap().as_str(), why.runners_up), ("li", vec![AgentId::new("han")]));
    assert_eq!(
        why.excluded.iter().map(|(c, n)| (c.as_str(), *n)).collect::<Vec<_>>(),
        [("lacks-skill", 1), ("absent", 1), ("outside-shift", 1), ("at-capacity", 1)]
    );
}

#[test]
fn skill_first_takes_the_best_hand_then_the_freest() {
    let desk = Desk::new(
        "[defaults]\nstrategy = \"skill_first\"",
        [agent("a").skill("bgp", 2), agent("b").skill("bgp", 5), agent("c").skill("bgp", 5), agent("d").skill("dns", 5)],
    )
    .asks("bgp", 1)
    .holds("b", 1, None);
    assert_eq!(desk.winner(), "c");
    assert_eq!(desk.route().runners_up, ["b", "a"]);
}

#[test]
fn ties_may_be_seeded_and_are_then_the_same_for_the_same_ticket_and_revision() {
    let mut desk = Desk::new("[defaults]\nties = \"seeded\"", ["a", "b", "c", "d", "e"].map(agent));
    let mut seen = std::collections::BTreeSet::new();
    for n in 0..40 {
        desk.ticket.id = TicketId::from_u128(n);
        let first = desk.winner();
        assert_eq!(first, desk.winner());
        seen.insert(first);
    }
    assert_eq!(seen.len(), 5, "spread over all");
}

#[derive(Debug)]
struct Pick(Option<usize>);
impl Strategy for Pick {
    fn pick(&self, candidates: &[Candidate]) -> Option<usize> {
        assert!(candidates.iter().all(|c| c.verdict == Verdict::Eligible));
        self.0
    }
}

#[test]
fn a_hosts_strategy_picks_among_the_eligible_only() {
    let desk = Desk::new("", [agent("a"), agent("b"), agent("full")]).holds("full", 4, None);
    let view = View::of(&desk.ticket, now());
    let input = RouteInput { explain: true, ..RouteInput::of(view, &desk.roster, &desk.holdings, &desk.calendars).unwrap() };
    let d = desk.model.route_by(&input, &Pick(Some(1)));
    assert_eq!(d.winner.as_ref().unwrap().agent, "b");
    assert!(d.render(Lang::En, None).contains("because the host's strategy"));
    assert_eq!(d.runners_up, ["a"]);
    for none in [None, Some(9)] {
        let d = desk.model.route_by(&input, &Pick(none));
        assert_eq!((d.winner, d.none), (None, Some(NoAgent::StrategyDeclined)));
    }
}

#[test]
fn s36_reason_codes_are_stable_and_in_both_languages() {
    let all = [
        NoAgent::EmptyGroup,
        NoAgent::LadderExhausted,
        NoAgent::NoSkill,
        NoAgent::AllAbsent,
        NoAgent::OffShift,
        NoAgent::AtCapacity,
        NoAgent::Declined,
        NoAgent::StrategyDeclined,
    ];
    let codes = all.map(NoAgent::code);
    assert_eq!(
        codes,
        ["empty-group", "ladder-exhausted", "no-skill", "all-absent", "off-shift", "at-capacity", "declined", "strategy-declined"]
    );
    assert!(all.iter().all(|n| !n.text().en.is_empty() && n.text().zh != n.text().en));
}

#[test]
fn a_shift_whose_calendar_is_gone_is_told() {
    let mut desk = Desk::new("", [agent("a").shift("office")]);
    desk.calendars = Calendars::new(desk.calendars.default_calendar().clone());
    let d = desk.route();
    assert_eq!((code(&d, "a"), d.none), ("no-calendar", Some(NoAgent::OffShift)));
}
