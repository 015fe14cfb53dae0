//! Laws that hold of any desk.

use super::*;
use crate::scale;
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Person {
    capacity: u16,
    held: Vec<u16>,
    last: Option<i64>,
    bgp: u8,
    de: u8,
    away: bool,
    shift: Option<&'static str>,
}

fn person() -> impl Strategy<Value = Person> {
    let shift = prop_oneof![3 => Just(None), 1 => Just(Some("office")), 1 => Just(Some("late"))];
    (0u16..6, prop::collection::vec(0u16..8, 0..6), prop::option::of(0i64..5), 0u8..=5, 0u8..=5, prop::bool::weighted(0.2), shift)
        .prop_map(|(capacity, held, last, bgp, de, away, shift)| Person { capacity, held, last, bgp, de, away, shift })
}
use proptest::strategy::Strategy;

fn toml(method: usize, seeded: bool, weight: u16) -> String {
    let method = ["least_loaded", "percent", "round_robin", "skill_first"][method % 4];
    let ties = if seeded { "seeded" } else { "id" };
    format!(
        "[defaults]\nstrategy = \"{method}\"\nties = \"{ties}\"\nmin_shift_left = \"20m\"\nrelax_after = \"10m\"\n\
         prefers = [{{ skill = \"de\", level = 2 }}]\n[[slots]]\nslots = {weight}\n"
    )
}

fn desk(people: &[(String, Person)], toml: &str, skill: u8, waited: i64, hour: i64) -> (Desk, UtcInstant) {
    let now = t("2025-10-09T00:00:00Z") + chrono::TimeDelta::minutes(hour);
    let agents = people.iter().map(|(id, p)| {
        let mut a = agent(id).capacity(p.capacity);
        if p.bgp > 0 {
            a = a.skill("bgp", p.bgp);
        }
        if p.de > 0 {
            a = a.skill("de", p.de);
        }
        if p.away {
            a = a.absent(now, None);
        }
        match p.shift {
            Some(s) => a.shift(s),
            None => a,
        }
    });
    let mut d = Desk::new(toml, agents);
    for (id, p) in people {
        let last = p.last.map(|h| now - chrono::TimeDelta::hours(h));
        d.holdings.set(id.as_str().into(), Held { slots: p.held.iter().copied().collect(), last_assigned: last });
    }
    d.ticket.queue = Some(Queue {
        since: now - chrono::TimeDelta::minutes(waited),
        skills: [("bgp".into(), skill)].into(),
        try_now: true,
        retry_at: None,
    });
    (d, now)
}

fn named(people: &[Person], name: impl Fn(usize) -> String) -> Vec<(String, Person)> {
    people.iter().cloned().enumerate().map(|(i, p)| (name(i), p)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(scale::pick(128, 2048, 16384)))]

    #[test]
    fn s33_the_winner_may_have_it_and_capacity_is_never_exceeded(
        people in prop::collection::vec(person(), 0..9), method in 0usize..4, seeded: bool, weight in 1u16..4, skill in 1u8..4,
        waited in 0i64..30, minute in 0i64..1440, lost in prop::collection::vec((0usize..9, 0u16..8), 0..4),
    ) {
        let people = named(&people, |i| format!("p{i}"));
        let (mut desk, now) = desk(&people, &toml(method, seeded, weight), skill, waited, minute);
        desk.taken = lost.iter().map(|(i, n)| (AgentId::new(format!("p{i}")), *n)).collect();
        let d = desk.at(now);
        // Every agent of the group is accounted for, exactly one way.
        prop_assert_eq!(d.candidates.len(), people.len());
        prop_assert_eq!(d.winner.is_some(), d.none.is_none());
        let excluded = d.candidates.iter().filter(|c| matches!(c.verdict, Verdict::Excluded(_))).count();
        prop_assert_eq!(excluded, d.excluded.iter().map(|(_, n)| usize::from(*n)).sum::<usize>());
        let could = d.candidates.iter().filter(|c| c.verdict == Verdict::Eligible).count();
        prop_assert_eq!(d.runners_up.len(), could.min(3));
        prop_assert!(d.winner.is_some() || could == 0, "nobody is left out while someone could");
        if let Some(w) = &d.winner {
            let (_, p) = people.iter().find(|(id, _)| w.agent == id.as_str()).unwrap();
            let held: std::collections::BTreeSet<u16> = p.held.iter().copied().collect();
            prop_assert_eq!(w.slots.len(), usize::from(weight));
            prop_assert!(held.len() + w.slots.len() <= usize::from(p.capacity));
            for n in &w.slots {
                prop_assert!(*n < p.capacity && !held.contains(n) && !desk.taken.contains(&(w.agent.clone(), *n)));
            }
            prop_assert!(!p.away && p.bgp >= skill);
            prop_assert!(waited > 10 || p.de >= 2);
            let calendars = calendars();
            let open = |name: &str| calendars.get(&name.into()).unwrap().is_open(now);
            prop_assert!(p.shift.is_none_or(open));
        }
        if let Some(at) = d.retry_at {
            prop_assert!(at >= now);
        }
    }

    #[test]
    fn s34_where_nobody_is_found_nothing_changes_by_itself_before_retry_at(
        people in prop::collection::vec(person(), 0..6), method in 0usize..4, skill in 1u8..5, waited in 0i64..30, minute in 0i64..1440,
        back in prop::option::of(0i64..3000), steps in prop::collection::vec(0i64..1_000_000, 1..12),
    ) {
        let people = named(&people, |i| format!("p{i}"));
        let (mut desk, now) = desk(&people, &toml(method, false, 1), skill, waited, minute);
        // Some come back.
        let until = back.map(|m| now + chrono::TimeDelta::minutes(m));
        let agents: Vec<Agent> = desk.roster.agents().cloned().map(|mut a| {
            a.absences.iter_mut().for_each(|x| x.to = until.filter(|t| *t > x.from));
            a
        }).collect();
        desk.roster = roster(agents);
        let d = desk.at(now);
        if d.winner.is_none() {
            let end = d.retry_at.unwrap_or(now + chrono::TimeDelta::days(10));
            for s in steps {
                let between = now + (end - now) * i32::try_from(s).unwrap() / 1_000_000;
                prop_assert_eq!(desk.at(between).winner, None, "at {}", between);
            }
        }
    }

    #[test]
    fn s36_names_matter_only_by_their_order(
        people in prop::collection::vec(person(), 0..8), method in 0usize..4, weight in 1u16..3, minute in 0i64..1440, gap in 1usize..50,
    ) {
        let toml = toml(method, false, weight);
        let (a, now) = desk(&named(&people, |i| format!("p{i}")), &toml, 1, 20, minute);
        // Other names in the same order, written down in the opposite one.
        let mut other = named(&people, |i| format!("agent-{:04}", i * gap));
        other.reverse();
        let (b, _) = desk(&other, &toml, 1, 20, minute);
        let (a, b) = (a.at(now), b.at(now));
        let place = |d: &RouteDecision| d.candidates.iter().position(|c| c.verdict == Verdict::Chosen);
        prop_assert_eq!(place(&a), place(&b));
        prop_assert_eq!(a.winner.map(|w| w.slots), b.winner.map(|w| w.slots));
        prop_assert_eq!(a.excluded, b.excluded);
    }

    #[test]
    fn s33_a_day_of_assignments_never_overfills_anyone(
        capacities in prop::collection::vec(0u16..5, 1..6), weights in prop::collection::vec(1u16..4, 0..30), method in 0usize..4,
    ) {
        let people: Vec<Agent> = capacities.iter().enumerate().map(|(i, c)| agent(&format!("p{i}")).capacity(*c)).collect();
        let method = ["least_loaded", "percent", "round_robin", "skill_first"][method];
        let mut left: i64 = capacities.iter().map(|c| i64::from(*c)).sum();
        let mut desk = Desk::new(&format!("[defaults]\nstrategy = \"{method}\""), people);
        for (i, w) in weights.iter().enumerate() {
            desk.model = load(&format!("[defaults]\nstrategy = \"{method}\"\n[[slots]]\nslots = {w}"));
            let at = now() + chrono::TimeDelta::minutes(i64::try_from(i).unwrap());
            if let Some(winner) = desk.at(at).winner {
                desk.holdings.take(&winner.agent, &winner.slots, at);
                left -= i64::from(*w);
            }
        }
        prop_assert!(left >= 0);
        let held: i64 = desk.holdings.iter().map(|(_, h)| i64::try_from(h.slots.len()).unwrap()).sum();
        prop_assert_eq!(held + left, capacities.iter().map(|c| i64::from(*c)).sum::<i64>(), "slots held = sum over tickets");
        for (a, h) in desk.holdings.iter() {
            prop_assert!(h.slots.iter().all(|n| *n < desk.roster.agent(a).unwrap().capacity));
        }
    }

    #[test]
    fn s28_the_order_of_work_is_total_and_waiting_never_loses_ground(
        tickets in prop::collection::vec((0i64..5000, 0usize..3, prop::option::of(-600i64..600)), 0..12), later in 0i64..600,
    ) {
        let (m, c) = (load("[order]\nnear_due = { within = \"4h\", points = 700 }"), calendars());
        let all: Vec<Ticket> = tickets.iter().enumerate().map(|(i, (waited, level, due))| {
            let mut x = ticket();
            x.id = TicketId::from_u128(i as u128);
            x.priority = Some(Sourced { value: schema().priority.at(*level).unwrap().clone(), by: Provenance::Rule });
            x.queue.as_mut().unwrap().since = now() - chrono::TimeDelta::minutes(*waited);
            x.clocks = due.iter().map(|d| Clock { due: Some(now() + chrono::TimeDelta::minutes(*d)), ..clock_template() }).collect();
            x
        }).collect();
        let places: Vec<QueuePlace> = all.iter().map(|x| m.queue_place(x, &c, now())).collect();
        for (i, a) in places.iter().enumerate() {
            for (j, b) in places.iter().enumerate() {
                prop_assert_eq!(a == b, i == j);
                prop_assert_eq!(a.cmp(b), b.cmp(a).reverse());
            }
        }
        for x in &all {
            let after = m.queue_place(x, &c, now() + chrono::TimeDelta::minutes(later));
            prop_assert!(after.score >= m.queue_place(x, &c, now()).score);
        }
    }
}
