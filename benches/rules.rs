//! What choosing and judging rules costs, beside rules run by Rhai alone and beside closures written out by hand.
//!
//! The same tickets in each, ten rules matching whatever the number of rules; before anything is measured the hits of all ways are held equal
//! and printed. A rule has four conjuncts, an equality that tells rules apart among them, in an order that differs from rule to rule, since
//! authors write them as they come.
//!
//! `rules/N` is the call that `decide` makes for a wave: choose by the index, judge, keep the record of which the trace is made when somebody
//! reads it. `rules/1000_rhai_only` has one syntax tree per rule, a shared raw engine without any limit and an object map made for each
//! ticket; it keeps the same record. `rules/run/…` goes on to the validated actions. `rules/compile_10000` loads, lowers, indexes and checks
//! ten files of a thousand rules; `rules/parse_10000_rhai` only parses them.
#![allow(missing_docs, clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]

use criterion::{Criterion, criterion_group, criterion_main};
use rhai::packages::{Package, StandardPackage};
use rhai::{AST, Array, Engine, Map, OptimizationLevel, Scope};
use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::sync::{Arc, Mutex};
use ticketry::condition::{Customer, View, check_action};
use ticketry::diagnostic::{Place, Source, text};
use ticketry::id::*;
use ticketry::rules::{self, RuleIndex, RuleSet, Surroundings, Trigger, Woken};
use ticketry::ticket::*;

const MOST: usize = 10_000;
/// Rules that ask for one category.
const EACH: usize = 10;
const LEVELS: [&str; 4] = ["low", "medium", "high", "extreme"];
const TIERS: [&str; 3] = ["basic", "gold", "vip"];
const TAGS: [&str; 5] = ["outage", "angry", "vip", "late", "bounced"];

/// The parts of rule `i`: category, least impact, tier, tag. The first ten are those that match.
fn parts(i: usize) -> (String, usize, &'static str, &'static str) {
    let category = format!("area{}", i / EACH);
    if i < EACH { (category, 1, "gold", "outage") } else { (category, i % 4, TIERS[i % 3], TAGS[i % 5]) }
}

/// Four conjuncts, beginning with another one in each rule.
fn rotated<T>(mut four: Vec<T>, i: usize) -> Vec<T> {
    four.rotate_left(i % 4);
    four
}

fn schema() -> Schema {
    let field = |kind| FieldDefinition { kind, label: text("", ""), required: false, default: None };
    Schema {
        impact: Scale::of(&LEVELS),
        urgency: Scale::of(&["low", "medium", "high"]),
        priority: Scale::of(&["p4", "p3", "p2", "p1"]),
        customer: [("tier", FieldKind::Ordered(Scale::of(&TIERS))), ("region", FieldKind::Text { max: 32 })]
            .into_iter()
            .map(|(n, k)| (FieldName::new(n), field(k)))
            .collect(),
        fields: [
            ("amount", FieldKind::Decimal { scale: 2 }),
            ("seats", FieldKind::Integer),
            ("site", FieldKind::Text { max: 64 }),
            ("serial", FieldKind::Reference),
        ]
        .into_iter()
        .map(|(n, k)| (FieldName::new(n), field(k)))
        .collect(),
        categories: (0..MOST / EACH).map(|i| (CategoryPath::from(format!("area{i}")), text("", ""))).collect(),
        channels: [(ChannelName::new("mail"), ChannelDefinition { label: text("", ""), window_seconds: 0 })].into(),
        ..Schema::default()
    }
}

/// The rules as files of a thousand.
fn source(rules: usize) -> Source {
    let mut source = Source::new();
    for file in 0..rules.div_ceil(1_000) {
        let mut content = String::new();
        for i in (file * 1_000..rules).take(1_000) {
            let (category, level, tier, tag) = parts(i);
            let four = vec![
                format!("t.category == \"{category}\""),
                format!("t.impact >= \"{}\"", LEVELS[level]),
                format!("t.customer.tier == \"{tier}\""),
                format!("\"{tag}\" in t.tags"),
            ];
            let condition = rotated(four, i).join(" && ");
            content.push_str(&format!(
                "rule(\"r{i}\")\n    .order({i})\n    .on(\"created\")\n    .when(|t| {condition})\n    .then(|t| {{ t.score({}, \"rule {i}\"); t.tag(\"seen{}\"); }});\n\n",
                i % 9 + 1,
                i % 7
            ));
        }
        source.add(format!("rules/{file:02}.rhai"), content);
    }
    source
}

fn loaded(rules: usize, schema: &Schema) -> RuleSet {
    let (set, problems) = rules::load(&source(rules), schema);
    assert!(problems.is_empty(), "{problems}");
    assert!(set.iter().all(|(_, r)| r.is_native()) && set.len() == rules);
    set
}

/// Tickets that the first ten rules match, and no other.
fn tickets() -> Vec<(Ticket, Customer)> {
    let at = at_door(chrono::DateTime::from_timestamp(1_760_000_000, 0).unwrap());
    (0..64usize)
        .map(|i| {
            let stay =
                Stay { state: StateName::new("new"), class: StateClass::New, waits_on: WaitsOn::Nobody, limit: None, timers: vec![] };
            let opening = Opening {
                number: i as u64,
                kind: TypeName::new("incident"),
                workflow: WorkflowRef { name: WorkflowName::new("incident"), version: 1 },
                subject: format!("VPN {i} 无法连接").into(),
                description: "since this morning".into(),
                requester: RequesterId::new(format!("customer-{i}")),
                provisional: false,
                organisation: None,
                channel: ChannelName::new("mail"),
                category: None,
                impact: None,
                urgency: None,
                fields: BTreeMap::new(),
                tags: BTreeSet::new(),
                thread: None,
                follows: None,
                stay,
            };
            let mut t = Ticket::open(TicketId::from_u128(i as u128 + 1), at, &opening);
            t.category = Some(Sourced { value: CategoryPath::from("area0"), by: Provenance::Agent });
            t.impact = Some(Sourced { value: LevelName::new(LEVELS[1 + i % 3]), by: Provenance::Agent });
            t.urgency = Some(Sourced { value: LevelName::new("medium"), by: Provenance::Agent });
            t.tags = TAGS.iter().take(1 + i % 5).map(|t| TagName::new(*t)).collect();
            t.score = i as i64;
            for (name, value) in [
                ("amount", Value::Decimal(Decimal::new(1_990 + i as i64, 2))),
                ("seats", Value::Integer(i as i64)),
                ("site", Value::text("上海")),
                ("serial", Value::Reference(format!("S{i}").as_str().into())),
            ] {
                t.fields.insert(FieldName::new(name), Sourced { value, by: Provenance::Agent });
            }
            let customer = Customer::from([(FieldName::new("tier"), Value::choice("gold")), (FieldName::new("region"), Value::text("cn"))]);
            (t, customer)
        })
        .collect()
}

fn view<'a>((t, customer): &'a (Ticket, Customer)) -> View<'a> {
    View { customer: Some(customer), event: "created", ..View::of(t, t.created_at) }
}

/// Choose, judge, keep the record: what `decide` does for a wave.
fn judged(set: &RuleSet, view: &View<'_>) -> (Vec<RuleIndex>, Woken) {
    let mut pass = set.pass(vec![Trigger::Created], Vec::new());
    pass.select(view, 0);
    let mut hits = Vec::new();
    while let Some((index, _, held)) = pass.next(view, |_, _| false) {
        held.unwrap();
        hits.push(index);
    }
    (hits, pass.finish())
}

fn run(set: &RuleSet, view: &View<'_>) -> Vec<Vec<Action>> {
    let mut pass = set.pass(vec![Trigger::Created], Vec::new());
    pass.select(view, 0);
    let mut done = Vec::new();
    while let Some((_, rule, held)) = pass.next(view, |_, _| false) {
        held.unwrap();
        done.push(rule.actions(view).unwrap());
    }
    black_box(pass.finish());
    done
}

/// Rules run by Rhai alone.
struct Plain {
    engine: Engine,
    rules: Vec<(AST, AST)>,
    recorded: Arc<Mutex<Vec<Action>>>,
}

impl Plain {
    fn new(rules: usize) -> Self {
        let mut engine = Engine::new_raw();
        StandardPackage::new().register_into_engine(&mut engine);
        engine.set_optimization_level(OptimizationLevel::None);
        let recorded: Arc<Mutex<Vec<Action>>> = Arc::default();
        let (scores, tags) = (recorded.clone(), recorded.clone());
        engine.register_fn("score", move |points: i64, reason: &str| {
            scores.lock().unwrap().push(Action::Score { points, reason: reason.into() });
        });
        engine.register_fn("tag", move |tag: &str| tags.lock().unwrap().push(Action::Tag(tag.into())));
        let rules = (0..rules)
            .map(|i| {
                let (category, level, tier, tag) = parts(i);
                let four = vec![
                    format!("t.category == \"{category}\""),
                    // Ranks, since plain text has no order of levels.
                    format!("t.impact >= {level}"),
                    format!("t.customer.tier == \"{tier}\""),
                    format!("\"{tag}\" in t.tags"),
                ];
                let when = engine.compile_expression(rotated(four, i).join(" && ")).unwrap();
                let then = engine.compile(format!("score({}, \"rule {i}\"); tag(\"seen{}\");", i % 9 + 1, i % 7)).unwrap();
                (when, then)
            })
            .collect();
        Self { engine, rules, recorded }
    }

    fn map(view: &View<'_>) -> Map {
        let t = view.ticket;
        let rank = |l: &LevelName| LEVELS.iter().position(|n| *n == l.as_str()).unwrap_or(0) as i64;
        let mut map = Map::new();
        map.insert("number".into(), (t.number as i64).into());
        map.insert("subject".into(), t.subject.to_string().into());
        map.insert("type".into(), t.kind.to_string().into());
        map.insert("channel".into(), t.channel.to_string().into());
        map.insert("requester".into(), t.requester.to_string().into());
        map.insert("state".into(), t.state.to_string().into());
        map.insert("category".into(), t.category.as_ref().map(|c| c.value.to_string()).unwrap_or_default().into());
        map.insert("impact".into(), t.impact.as_ref().map_or(-1, |i| rank(&i.value)).into());
        map.insert("urgency".into(), t.urgency.as_ref().map(|c| c.value.to_string()).unwrap_or_default().into());
        map.insert("score".into(), t.score.into());
        map.insert("tags".into(), t.tags.iter().map(|t| t.to_string().into()).collect::<Array>().into());
        for (name, v) in &t.fields {
            map.insert(name.to_string().into(), v.value.to_string().into());
        }
        let customer: Map = view.customer.into_iter().flatten().map(|(n, v)| (n.to_string().into(), v.to_string().into())).collect();
        map.insert("customer".into(), customer.into());
        map
    }

    fn judged(&self, view: &View<'_>, mut hit: impl FnMut(usize, &mut Scope<'_>)) {
        let mut scope = Scope::new();
        scope.push_constant("t", Self::map(view));
        for (i, (when, _)) in self.rules.iter().enumerate() {
            if self.engine.eval_ast_with_scope::<bool>(&mut scope, when).unwrap() {
                hit(i, &mut scope);
            }
        }
    }

    fn run(&self, view: &View<'_>, schema: &Schema, here: &Place) -> Vec<Vec<Action>> {
        let mut done = Vec::new();
        self.judged(view, |i, scope| {
            self.engine.eval_ast_with_scope::<()>(scope, &self.rules[i].1).unwrap();
            let asked = std::mem::take(&mut *self.recorded.lock().unwrap());
            done.push(asked.into_iter().map(|a| check_action(a, schema, &|_| here.clone()).unwrap()).collect());
        });
        done
    }
}

type ByHand = Box<dyn Fn(&View<'_>) -> bool>;

/// The conditions as a host would write them.
fn closures(rules: usize) -> Vec<ByHand> {
    (0..rules)
        .map(|i| -> ByHand {
            let (category, level, tier, tag) = parts(i);
            let rank = |l: &LevelName| LEVELS.iter().position(|n| *n == l.as_str());
            let category = move |v: &View<'_>| v.ticket.category.as_ref().is_some_and(|c| c.value.as_str() == category);
            let impact = move |v: &View<'_>| v.ticket.impact.as_ref().and_then(|i| rank(&i.value)).is_some_and(|r| r >= level);
            let tier = move |v: &View<'_>| matches!(v.customer.and_then(|c| c.get("tier")), Some(Value::Choice(c)) if c.as_str() == tier);
            let tag = move |v: &View<'_>| v.ticket.tags.contains(tag);
            match i % 4 {
                0 => Box::new(move |v| category(v) && impact(v) && tier(v) && tag(v)),
                1 => Box::new(move |v| impact(v) && tier(v) && tag(v) && category(v)),
                2 => Box::new(move |v| tier(v) && tag(v) && category(v) && impact(v)),
                _ => Box::new(move |v| tag(v) && category(v) && impact(v) && tier(v)),
            }
        })
        .collect()
}

fn by_hand(all: &[ByHand], view: &View<'_>) -> Vec<usize> {
    all.iter().enumerate().filter(|(_, c)| c(view)).map(|(i, _)| i).collect()
}

/// All ways come to the same, for every ticket.
fn same_hits(sets: &[(usize, RuleSet)], linear: &RuleSet, plain: &Plain, hand: &[ByHand], tickets: &[(Ticket, Customer)], schema: &Schema) {
    let here = Place::file("bench");
    let thousand = &sets.iter().find(|(n, _)| *n == 1_000).unwrap().1;
    let mut total = 0;
    for t in tickets {
        let view = view(t);
        let names = |set: &RuleSet| judged(set, &view).0.into_iter().map(|i| set.get(i).unwrap().name.to_string()).collect::<Vec<_>>();
        let expected: Vec<String> = (0..EACH).map(|i| format!("r{i}")).collect();
        for (n, set) in sets {
            assert_eq!(names(set), expected, "rules/{n}");
        }
        assert_eq!(names(linear), expected);
        let mut by_rhai = Vec::new();
        plain.judged(&view, |i, _| by_rhai.push(format!("r{i}")));
        assert_eq!(by_rhai, expected);
        assert_eq!(by_hand(hand, &view).into_iter().map(|i| format!("r{i}")).collect::<Vec<_>>(), expected);
        assert_eq!(run(thousand, &view), plain.run(&view, schema, &here));
        assert_eq!(judged(thousand, &view).1.woken(thousand).len(), 1_000, "the record knows of every rule");
        total += expected.len();
    }
    println!("rules: {total} hits on {} tickets, the same in every way: {EACH} of 10, 100, 1000 and 10000 rules", tickets.len());
}

fn benches(c: &mut Criterion) {
    let schema = schema();
    let tickets = tickets();
    let sets: Vec<(usize, RuleSet)> = [10, 100, 1_000, MOST].into_iter().map(|n| (n, loaded(n, &schema))).collect();
    let linear = loaded(1_000, &schema).unindexed();
    let plain = Plain::new(1_000);
    let hand = closures(1_000);
    same_hits(&sets, &linear, &plain, &hand, &tickets, &schema);

    let mut group = c.benchmark_group("rules");
    let mut n = 0usize;
    let mut next = || {
        n += 1;
        &tickets[n % tickets.len()]
    };
    for (rules, set) in &sets {
        group.bench_function(rules.to_string(), |b| b.iter(|| judged(black_box(set), &view(next()))));
    }
    group.bench_function("1000_unindexed", |b| b.iter(|| judged(black_box(&linear), &view(next()))));
    group.bench_function("1000_rhai_only", |b| {
        b.iter(|| {
            let mut hits = Vec::new();
            plain.judged(&view(next()), |i, _| hits.push(i));
            hits
        });
    });
    group.bench_function("1000_closures", |b| b.iter(|| by_hand(black_box(&hand), &view(next()))));
    let thousand = &sets.iter().find(|(n, _)| *n == 1_000).unwrap().1;
    group.bench_function("run/1000", |b| b.iter(|| run(black_box(thousand), &view(next()))));
    let here = Place::file("bench");
    group.bench_function("run/1000_rhai_only", |b| b.iter(|| plain.run(&view(next()), &schema, &here)));

    group.sample_size(10);
    let files = source(MOST);
    group.bench_function("compile_10000", |b| {
        b.iter(|| {
            let (set, problems) = rules::load(black_box(&files), &schema);
            let more = set.check(&schema, &Surroundings::default());
            assert!(problems.is_empty() && more.is_empty() && set.len() == MOST);
            set
        });
    });
    let mut raw = Engine::new_raw();
    raw.set_optimization_level(OptimizationLevel::None).set_max_expr_depths(0, 0);
    group.bench_function("parse_10000_rhai", |b| {
        b.iter(|| files.iter().map(|(_, content)| raw.compile(&**content).unwrap()).collect::<Vec<AST>>());
    });
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
