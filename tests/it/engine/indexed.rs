//! The index over rules changes nothing: the same journal, and the same trace of every rule, as when each is evaluated in turn.

use super::stage::{in_rust, roster};
use crate::scale::pick;
use proptest::prelude::*;
use ticketry::condition::Form;
use ticketry::diagnostic::{Lang, text};
use ticketry::engine::{Case, Command, Context, Decided, Decision, Limits, NewTicket, Verdict, decide};
use ticketry::id::*;
use ticketry::playbook::Playbook;
use ticketry::rules::{RuleBuilder, Suspended, Trigger};
use ticketry::ticket::*;
use ticketry::workflow::{Responsible, StateDefinition, TransitionDefinition, WorkflowDefinition};

const ATOMS: &[&str] = &[
    r#"t.impact == "low""#,
    r#"t.impact >= "medium""#,
    r#"t.impact != "high""#,
    r#"t.urgency == "high""#,
    r#"t.urgency in ["low", "medium"]"#,
    "t.urgency == ()",
    r#""a" in t.tags"#,
    r#""b" in t.tags"#,
    r#""c" !in t.tags"#,
    "t.tags.is_empty()",
    r#"t.category.within("it")"#,
    r#"t.category.within("it/network")"#,
    r#"t.category == "it/network/vpn""#,
    r#"t.subject == "ＶＰＮ""#,
    r#"t.subject.contains("vpn")"#,
    "t.seats == 3",
    "t.seats in [1, 2]",
    "t.seats > 1",
    "t.amount == 3",
    "t.amount == 2.5",
    "t.vip == true",
    "t.vip == false",
    "t.vip != true",
    "t.provisional",
    r#"t.site == ()"#,
    r#"t.site == "Paris""#,
    r#"t.labels.contains("red")"#,
    r#"event.name == "created""#,
    r#"event.name != "changed:tags""#,
    r#"t.priority == "high""#,
    // These fail, or run in the interpreter.
    "1 / t.reopenings == 1",
    "t.tags.len() > 1",
    "t.seats + 9223372036854775800 > 0",
];

fn condition() -> impl Strategy<Value = String> {
    let atom = prop::sample::select(ATOMS).prop_map(str::to_string);
    atom.prop_recursive(3, 10, 4, |inner| {
        prop_oneof![
            4 => prop::collection::vec(inner.clone(), 2..4).prop_map(|v| format!("({})", v.join(" && "))),
            2 => prop::collection::vec(inner.clone(), 2..4).prop_map(|v| format!("({})", v.join(" || "))),
            1 => inner.prop_map(|c| format!("!({c})")),
        ]
    })
}

fn action() -> impl Strategy<Value = Action> {
    let set = |a: Attribute, v: Value| Action::Set { attribute: a, value: Some(v), force: true };
    prop_oneof![
        4 => prop::sample::select(vec!["a", "b", "c", "d"]).prop_map(|t| Action::Tag(t.into())),
        1 => prop::sample::select(vec!["a", "b"]).prop_map(|t| Action::Untag(t.into())),
        2 => prop::sample::select(vec!["low", "medium", "high"]).prop_map(move |l| set(Attribute::Impact, Value::choice(l))),
        2 => prop::sample::select(vec!["low", "high"]).prop_map(move |l| set(Attribute::Urgency, Value::choice(l))),
        2 => (1i64..4).prop_map(move |n| set(Attribute::named("seats"), Value::Integer(n))),
        1 => Just(Action::Priority("high".into())),
        1 => Just(Action::Score { points: 3, reason: "so".into() }),
        1 => Just(Action::Assign("nobody".into())),
        1 => Just(Action::Stop),
    ]
}

#[derive(Clone, Debug)]
struct Plan {
    when: Option<String>,
    then: Vec<Action>,
    on: u8,
    order: i64,
    repeatable: bool,
}

fn plan() -> impl Strategy<Value = Plan> {
    (prop::option::weighted(0.9, condition()), prop::collection::vec(action(), 1..3), 0u8..8, 0i64..5, prop::bool::weighted(0.2))
        .prop_map(|(when, then, on, order, repeatable)| Plan { when, then, on, order, repeatable })
}

fn playbook(plans: &[Plan]) -> Playbook {
    let flow = WorkflowDefinition::new("question", 1)
        .initial("new")
        .state(StateDefinition::new("new", StateClass::New).label("New", "待处理").responsible(Responsible::Group))
        .state(StateDefinition::new("closed", StateClass::Closed).label("Closed", "已关闭"))
        .transition(TransitionDefinition::new("close", ["new"], "closed").label("Close", "关闭"));
    let mut b = in_rust("indexed", flow).schema(|s| {
        for c in ["it", "it/network", "it/network/vpn", "hr"] {
            s.categories.insert(c.into(), text(c, c));
        }
        let fields = [
            ("seats", FieldKind::Integer),
            ("amount", FieldKind::Decimal { scale: 1 }),
            ("vip", FieldKind::Boolean),
            ("site", FieldKind::Text { max: 64 }),
            ("labels", FieldKind::Choices(Scale::of(&["red", "green"]))),
        ];
        for (n, kind) in fields {
            s.fields.insert(n.into(), FieldDefinition { kind, label: text(n, n), required: false, default: None });
        }
    });
    for (i, p) in plans.iter().enumerate() {
        let mut r = RuleBuilder::new(format!("r{i}")).order(p.order).then(p.then.clone());
        r = match p.on {
            0..=2 => r.on(Trigger::Created),
            3 => r.on(Trigger::Created).on(Trigger::changed("tags")),
            4 => r.on(Trigger::changed("impact")).on(Trigger::changed("seats")),
            5 => r.always(),
            _ if p.when.is_none() => r.on(Trigger::Created),
            _ => r,
        };
        if let Some(w) = &p.when {
            r = r.when(Form::text(w.clone()));
        }
        if p.repeatable {
            r = r.repeatable();
        }
        b = b.rule(r);
    }
    b.build().unwrap_or_else(|d| panic!("{d}"))
}

fn tickets() -> impl Strategy<Value = NewTicket> {
    let some = |v: Vec<&'static str>| prop::option::of(prop::sample::select(v));
    let fields = (
        prop::option::of(1i64..4),
        prop::option::of(prop::sample::select(vec![30i64, 25])),
        prop::option::of(any::<bool>()),
        some(vec!["paris", "ＰＡＲＩＳ", ""]),
    );
    (
        some(vec!["low", "medium", "high"]),
        some(vec!["low", "medium", "high"]),
        some(vec!["it", "it/network/vpn", "hr"]),
        prop::sample::select(vec!["vpn", "ＶＰＮ", "my vpn", "printer"]),
        prop::collection::btree_set(prop::sample::select(vec!["a", "b", "c"]), 0..3),
        fields,
        any::<bool>(),
    )
        .prop_map(|(impact, urgency, category, subject, tags, (seats, amount, vip, site), provisional)| {
            let mut new = NewTicket::new("question", subject, "ann", "mail");
            new.impact = impact.map(Into::into);
            new.urgency = urgency.map(Into::into);
            new.category = category.map(Into::into);
            new.tags = tags.into_iter().map(TagName::new).collect();
            new.provisional = provisional;
            let mut set = |n: &str, v: Option<Value>| new.fields.extend(v.map(|v| (FieldName::new(n), v)));
            set("seats", seats.map(Value::Integer));
            set("amount", amount.map(|n| Value::Decimal(Decimal::new(n, 1))));
            set("vip", vip.map(Value::Boolean));
            set("site", site.map(Value::from));
            new
        })
}

fn decided(playbook: &Playbook, new: &NewTicket) -> Decided {
    let roster = roster(playbook);
    let limits = Limits::default();
    let now: UtcInstant = "2025-10-09T10:00:00Z".parse().unwrap();
    // Every fifth rule; the one after it was, and is not any more.
    let mut suspended = Suspended::default();
    for i in (4..14).step_by(5) {
        suspended.suspend(&format!("r{i}").into(), now, Actor::System, "noisy");
        suspended.suspend(&format!("r{}", i + 1).into(), now, Actor::System, "noisy");
        suspended.resume(&format!("r{}", i + 1).into(), now);
    }
    let ctx = Context { playbook, roster: &roster, now, limits: &limits, trace: true, suspended: &suspended, running: None };
    let case = Case { new_id: Some(TicketId::from_u128(7)), new_number: Some(1), ..Case::default() };
    match decide(&ctx, &case, &Command::create("k", Actor::agent("li"), new.clone())) {
        Decision::Decided(d) => *d,
        other => panic!("{other:?}"),
    }
}

#[test]
fn indexed_and_linear_evaluation_give_equal_results_and_traces() {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: pick(150, 2_000, 10_000),
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let seen = std::cell::RefCell::new([0usize; 7]);
    runner
        .run(&(prop::collection::vec(plan(), 1..14), prop::collection::vec(tickets(), 1..6)), |(plans, tickets)| {
            let indexed = playbook(&plans);
            let linear = indexed.clone().unindexed();
            for new in &tickets {
                let (a, b) = (decided(&indexed, new), decided(&linear, new));
                prop_assert_eq!(&a.commit, &b.commit);
                let (x, y) = (a.trace.rules(), b.trace.rules());
                for r in &y {
                    let n = match &r.verdict {
                        Verdict::Fired(_) => 0,
                        Verdict::False(part) => {
                            prop_assert!(!part.is_empty(), "{:?}", r);
                            1
                        }
                        Verdict::Faulted(_) => 2,
                        Verdict::Refused { .. } => 3,
                        Verdict::Already => 4,
                        Verdict::Stopped => 5,
                        Verdict::Suspended => {
                            prop_assert!(["r4", "r9"].contains(&r.rule.as_str()), "{:?}", r);
                            6
                        }
                    };
                    seen.borrow_mut()[n] += 1;
                }
                prop_assert_eq!(x, y);
                prop_assert_eq!(a.trace.render(Lang::Zh), b.trace.render(Lang::Zh));
            }
            Ok(())
        })
        .unwrap();
    assert!(seen.borrow().iter().all(|n| *n > 20), "every verdict is met: {:?}", seen.borrow());
}

/// What the graph of rules says at load covers what happens: whatever a rule wakes, there is an edge to it.
#[test]
fn s20_every_chain_runs_along_the_graph() {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: pick(150, 2_000, 10_000),
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let steps = std::cell::Cell::new(0usize);
    runner
        .run(&(prop::collection::vec(plan(), 2..14), prop::collection::vec(tickets(), 1..4)), |(plans, tickets)| {
            let playbook = playbook(&plans);
            let graph = playbook.rule_graph();
            for new in &tickets {
                let decided = decided(&playbook, new);
                let mut before: Vec<(u8, RuleName)> = Vec::new();
                for r in decided.trace.rules() {
                    if !matches!(r.verdict, Verdict::Fired(_)) {
                        continue;
                    }
                    if r.wave > 1 {
                        let from =
                            |e: &&ticketry::rules::RuleEdge| e.to == r.rule && before.iter().any(|(w, n)| *w < r.wave && *n == e.from);
                        prop_assert!(
                            graph.edges.iter().find(from).is_some(),
                            "{} woken by {}: {:?}\n{:?}",
                            r.rule,
                            r.trigger,
                            before,
                            plans
                        );
                        steps.set(steps.get() + 1);
                    }
                    before.push((r.wave, r.rule));
                }
            }
            Ok(())
        })
        .unwrap();
    assert!(steps.get() > 50, "{}", steps.get());
}
