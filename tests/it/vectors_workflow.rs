//! Runs every case of `../shared/vectors/workflow` (another folder: set `TICKETRY_SHARED`) with the runner of the example `vectors`.

use crate::vectors_business_time::{runner, shared};
use runner::Outcome;
use serde_json::{Value, json};

#[test]
fn every_case_that_a_main_state_and_marks_carry_passes() {
    let Some(vectors) = shared("vectors") else { return };
    let report = runner::run(&[vectors.join("workflow")]);
    let (passed, failed, skipped) = report.count();
    assert!(report.is_good(), "{}", report.render());
    assert_eq!((passed, failed, skipped), (89, 0, 25));
    let beyond = report.cases.iter().filter(|c| matches!(&c.2, Outcome::Skipped { why } if why == "net-beyond-regions")).count();
    assert_eq!(beyond, 23, "of 39 nets");
}

fn run(case: &Value) -> Outcome {
    runner::workflow::case(&Value::Null, case)
}

#[test]
fn the_runner_notices_a_wrong_answer() {
    let machine = |steps: Value| {
        let transitions = json!([{ "name": "go", "from": ["a"], "to": ["b"] }]);
        run(&json!({ "kind": "state_machine", "definition": { "places": ["a", "b"], "transitions": transitions }, "steps": steps }))
    };
    assert_eq!(machine(json!([{ "do": "apply", "transition": "go", "expect": { "marking": ["b"] } }])), Outcome::Passed);
    assert!(matches!(machine(json!([{ "do": "apply", "transition": "go", "expect": { "marking": ["a"] } }])), Outcome::Failed { .. }));
    assert!(matches!(machine(json!([{ "do": "dance", "expect": true }])), Outcome::Failed { .. }));
    assert!(matches!(
        machine(json!([{ "do": "set_marking", "marking": ["nowhere"] }, { "do": "marking", "expect": { "marking": [] } }])),
        Outcome::Failed { .. }
    ));
    let lifecycle = |expect: Value| {
        let d = json!({ "initial": ["new"], "active": ["open"], "inactive": ["done"], "transitions": { "": ["new"], "new": ["open"], "open": ["done"] } });
        run(
            &json!({ "kind": "lifecycle", "definition": d, "steps": [{ "do": "create", "expect": expect.clone() }, { "do": "set", "status": "done", "expect": { "error": "transition_not_allowed" } }] }),
        )
    };
    assert_eq!(lifecycle(json!({ "status": "new", "started": false })), Outcome::Passed);
    assert!(matches!(lifecycle(json!({ "status": "open" })), Outcome::Failed { .. }));
}

/// Nets are told apart by their places and transitions: one main state that is never lost, doubled or left to two of one name.
#[test]
fn a_net_is_carried_where_one_state_and_marks_beside_it_are_enough() {
    let net = |start: Value, transitions: Value, steps: Value| {
        let case = json!({ "kind": "workflow_net", "definition": { "places": ["a", "b", "c"], "transitions": transitions }, "start": start, "steps": steps });
        (run(&case), runner::workflow::may_be_skipped(&case, "net-beyond-regions"))
    };
    let fork = json!([{ "name": "fork", "from": ["a"], "to": ["b", "c"] }, { "name": "join", "from": ["b", "c"], "to": ["a"] }]);
    let there_and_back = json!([
        { "do": "apply", "transition": "fork", "expect": { "marking": ["b", "c"] } },
        { "do": "can", "transition": "join", "expect": true },
        { "do": "apply", "transition": "join", "expect": { "marking": ["a"] } }
    ]);
    assert_eq!(net(json!(["a"]), fork, there_and_back), (Outcome::Passed, false));
    // A token that comes and goes with nothing in its place.
    let lost = json!([{ "name": "lose", "from": ["a"], "to": [] }]);
    let (outcome, allowed) = net(json!(["a"]), lost, json!([{ "do": "apply", "transition": "lose", "expect": { "marking": [] } }]));
    assert!(matches!(outcome, Outcome::Skipped { .. }) && allowed, "{outcome:?}");
    // Two of one name that would fire together.
    let together = json!([{ "name": "fork", "from": ["a"], "to": ["b", "c"] }, { "name": "to_a", "from": ["b"], "to": ["a"] }, { "name": "to_a", "from": ["c"], "to": ["a"] }]);
    let (outcome, allowed) = net(json!(["a"]), together, json!([{ "do": "can", "transition": "fork", "expect": true }]));
    assert!(matches!(outcome, Outcome::Skipped { .. }) && allowed, "{outcome:?}");
}

/// S13: where an open child alone stands against an action that the data shows, the case is skipped by that name; any other difference fails.
#[test]
fn s13_an_open_child_stands_against_closing() {
    let case = |actions: Value| {
        let labels = json!({ "new -> open": "Open", "new -> done": "Close" });
        let d = json!({ "initial": ["new"], "active": ["open"], "inactive": ["done"], "transitions": { "": ["new"], "new": ["open", "done"] }, "action_labels": labels });
        run(&json!({ "kind": "lifecycle", "definition": d, "steps": [
            { "do": "create", "id": "child", "expect": { "status": "new" } },
            { "do": "create", "id": "parent", "depends_on": ["child"], "expect": { "status": "new" } },
            { "do": "actions", "id": "parent", "expect": actions }
        ] }))
    };
    assert_eq!(case(json!(["Open"])), Outcome::Passed);
    assert_eq!(case(json!(["Open", "Close"])), Outcome::skipped("rt-dependency follows S13"));
    assert!(matches!(case(json!(["Close"])), Outcome::Failed { .. }));
}
