//! `rules/1000` of Ticketry beside `peer/zen_1000`, `peer/datalogic_1000` and `peer/cedar_1000`: the same thousand rules, the same tickets, ten rules matching; the hits of
//! all are held equal and printed first. One iteration is one ticket, from the host's record of it to the rules that match: what an engine makes of the record for itself
//! is part of its time, as it is of a host's.
//!
//! zen is a decision table that collects, compiled, so that its index is used, and without a trace (with one it drops the index). cedar is given the ticket as its context.
//! Ticketry keeps the record from which the trace is made.

use bumpalo::Bump;
use cedar_policy::{Authorizer, Context, Entities, EntityUid, PolicySet, Request};
use criterion::{Criterion, criterion_group, criterion_main};
use datalogic_rs::{DataValue, Engine};
use serde_json::{Value as Json, json};
use std::{cell::Cell, hint::black_box, str::FromStr};
use ticketry::condition::{Customer, View};
use ticketry::rules::{self, RuleSet, Trigger};
use ticketry::ticket::Ticket;
use ticketry_peers::{Parts, RULES, schema, source, tickets};
use zen_engine::model::DecisionContent;
use zen_engine::{DecisionEngine, EvaluationOptions};

/// The hits of one ticket, by Ticketry.
fn ticketry(set: &RuleSet, t: &Ticket, customer: &Customer) -> usize {
    let view = View { customer: Some(customer), event: "created", ..View::of(t, t.created_at) };
    let mut pass = set.pass(vec![Trigger::Created], Vec::new());
    pass.select(&view, 0);
    let mut hits = 0;
    while let Some((_, _, held)) = pass.next(&view, |_, _| false) {
        held.unwrap();
        hits += 1;
    }
    black_box(pass.finish());
    hits
}

/// The rules as a decision table of zen's.
fn table(rules: &[Parts]) -> Json {
    let row = |(i, p): (usize, &Parts)| {
        json!({
            "_id": format!("r{i}"), "c": format!("\"{}\"", p.category), "i": format!(">= {}", p.impact),
            "t": format!("\"{}\"", p.tier), "g": format!("contains($, \"{}\")", p.tag), "o": format!("{i}"),
        })
    };
    let at = json!({"x": 0, "y": 0});
    json!({
        "nodes": [
            {"id": "in", "name": "in", "type": "inputNode", "position": at},
            {"id": "dt", "name": "dt", "type": "decisionTableNode", "position": at, "content": {
                "hitPolicy": "collect",
                "rules": rules.iter().enumerate().map(row).collect::<Vec<_>>(),
                "inputs": [
                    {"id": "c", "name": "category", "field": "category"},
                    {"id": "i", "name": "impact", "field": "impact"},
                    {"id": "t", "name": "tier", "field": "customer.tier"},
                    {"id": "g", "name": "tags", "field": "tags"},
                ],
                "outputs": [{"id": "o", "name": "rule", "field": "rule"}],
            }},
            {"id": "out", "name": "out", "type": "outputNode", "position": at},
        ],
        "edges": [
            {"id": "e1", "sourceId": "in", "targetId": "dt"},
            {"id": "e2", "sourceId": "dt", "targetId": "out"},
        ],
    })
}

/// The rules as policies of cedar's.
fn policies(rules: &[Parts]) -> String {
    let policy = |(i, p): (usize, &Parts)| {
        format!(
            "@id(\"r{i}\") permit(principal, action, resource) when {{ context.category == \"{}\" && context.impact >= {} && context.customer.tier == \"{}\" && context.tags.contains(\"{}\") }};\n",
            p.category, p.impact, p.tier, p.tag
        )
    };
    rules.iter().enumerate().map(policy).collect()
}

fn peers(c: &mut Criterion) {
    let rules = ticketry_peers::rules();
    let tickets = tickets();
    // The next ticket, round and round.
    let turn = Cell::new(0usize);
    let next = || {
        let i = turn.get();
        turn.set(i + 1);
        &tickets[i % tickets.len()]
    };

    let (set, problems) = rules::load(&source(), &schema());
    assert!(!problems.has_errors() && set.len() == RULES, "{problems}");

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let content: DecisionContent = serde_json::from_value(table(&rules)).unwrap();
    let mut decision = DecisionEngine::default().create_decision(content.into()).unwrap();
    decision.compile();
    let zen = |record: &Json| {
        let options = EvaluationOptions { trace: false, ..Default::default() };
        let answer = runtime.block_on(decision.evaluate_with_opts(record.clone().into(), options)).unwrap();
        answer.result.as_array().map_or(0, |a| a.borrow().len())
    };

    let engine = Engine::new();
    let logic: Vec<_> = rules
        .iter()
        .map(|p| {
            let all = json!([
                {"==": [{"var": "category"}, p.category]}, {">=": [{"var": "impact"}, p.impact]},
                {"==": [{"var": "customer.tier"}, p.tier]}, {"in": [p.tag, {"var": "tags"}]},
            ]);
            engine.compile(json!({"and": all}).to_string().as_str()).unwrap()
        })
        .collect();
    let mut arena = Bump::new();
    let mut datalogic = |record: &Json| {
        arena.reset();
        let text = record.to_string();
        let data: &DataValue<'_> = arena.alloc(DataValue::from_str(&text, &arena).unwrap());
        logic.iter().filter(|l| engine.evaluate(l, data, &arena).unwrap().as_bool() == Some(true)).count()
    };

    let policies = PolicySet::from_str(&policies(&rules)).unwrap();
    let (authorizer, entities) = (Authorizer::new(), Entities::empty());
    let uid = |s: &str| EntityUid::from_str(s).unwrap();
    let (who, what, whom) = (uid("User::\"u\""), uid("Action::\"a\""), uid("Ticket::\"t\""));
    let cedar = |record: &Json| {
        let context = Context::from_json_value(record.clone(), None).unwrap();
        let request = Request::new(who.clone(), what.clone(), whom.clone(), context, None).unwrap();
        authorizer.is_authorized(&request, &policies, &entities).diagnostics().reason().count()
    };

    let mut hits = [0usize; 4];
    for (t, customer, record) in &tickets {
        for (sum, n) in hits.iter_mut().zip([ticketry(&set, t, customer), zen(record), datalogic(record), cedar(record)]) {
            *sum += n;
        }
    }
    println!("hits on {} tickets: ticketry {}, zen {}, datalogic {}, cedar {}", tickets.len(), hits[0], hits[1], hits[2], hits[3]);
    assert!(hits.iter().all(|h| *h == 10 * tickets.len()), "{hits:?}");

    c.bench_function("rules/1000", |b| {
        b.iter(|| {
            let (t, customer, _) = next();
            ticketry(&set, black_box(t), customer)
        });
    });
    c.bench_function("peer/zen_1000", |b| b.iter(|| zen(black_box(&next().2))));
    c.bench_function("peer/datalogic_1000", |b| b.iter(|| datalogic(black_box(&next().2))));
    c.bench_function("peer/cedar_1000", |b| b.iter(|| cedar(black_box(&next().2))));
}

criterion_group!(benches, peers);
criterion_main!(benches);
