//! What authors look at: one ticket explained, drawings, definitions, the starter folder.

use ticketry::diagnostic::{Lang, Source};
use ticketry::harness::{self, RuleTold};
use ticketry::insight::{self, Drawing};
use ticketry::playbook::Playbook;
use ticketry::rules::{TestWord, vocabulary};

fn desk() -> Source {
    ticketry::folder::read(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/desk")).unwrap()
}
fn playbook(source: &Source) -> Playbook {
    Playbook::load(source).unwrap().playbook
}

#[test]
fn a_ticket_written_as_json_is_explained_step_by_step() {
    let told = harness::explain(
        &harness::starter("demo"),
        "t.json",
        r#"{
            "subject": "the printer is on fire", "requester": "ann", "channel": "mail", "at": "2025-09-01T09:00:00",
            "agents": [{ "id": "wang", "groups": ["support"] }],
            "steps": [
                { "transition": ["start"], "by": "li" },
                { "advance": "20m" },
                { "reply": ["wang", "which one?"] },
                { "transition": "resolve", "by": "wang" },
                { "reply": ["requester", "thanks"] }
            ]
        }"#,
    )
    .unwrap();
    assert!(told.done());
    insta::assert_snapshot!("explain_en", told.render(Lang::En));
    insta::assert_snapshot!("explain_zh", told.render(Lang::Zh));
    let json = serde_json::to_value(&told).unwrap();
    assert_eq!(json["steps"][0]["rules"][0]["verdict"], "fired");
    assert_eq!(json["steps"][0]["at"], "2025-09-01T09:00:00Z");
    assert_eq!(json["ticket"]["state"], "resolved");
    assert!(json["times"].as_array().is_some_and(|t| !t.is_empty()));
}

#[test]
fn every_verdict_has_its_word() {
    let rules = r#"
        rule("fires").order(1).on("created").then(|t| t.tag("x"));
        rule("not").order(2).on("created").when(|t| t.impact == "high").then(|t| t.tag("y"));
        rule("fails").order(3).on("created").then(|t| { let x = 1 / (t.score - t.score); t.tag("z") });
        rule("refused").order(4).on("created").then(|t| t.transition("close"));
        rule("twice").order(5).on(["created", "changed:tags"]).then(|t| t.tag("w"));
        rule("ends").order(6).on("created").then(|t| t.tag("v")).stop();
        rule("behind").order(7).on("created").then(|t| t.tag("u"));
    "#;
    let source = Playbook::starter_source().with("rules/a.rhai", rules);
    let told = harness::explain(&source, "t.json", r#"{ "subject": "x" }"#).unwrap();
    let of = |name: &str| told.steps[0].rules.iter().filter(|r| r.rule == name).collect::<Vec<&RuleTold>>();
    let verdicts = |name: &str| of(name).iter().map(|r| r.verdict).collect::<Vec<_>>();
    assert_eq!(verdicts("fires"), ["fired"]);
    assert_eq!(of("fires")[0].actions, ["tag x"]);
    assert_eq!((of("not")[0].verdict, of("not")[0].detail.as_str()), ("false", "t.impact in [\"high\"] (t.impact = absent)"));
    assert_eq!((of("fails")[0].verdict, of("fails")[0].lowered), ("faulted", false));
    assert_eq!(of("refused")[0].verdict, "refused");
    assert!(of("refused")[0].detail.starts_with("transition ["), "{}", of("refused")[0].detail);
    assert_eq!(verdicts("behind"), ["stopped"]);
    assert_eq!(verdicts("twice")[0], "fired");
}

#[test]
fn a_refused_step_ends_the_explanation_with_all_reasons() {
    let json =
        r#"{ "type": "incident", "subject": "x", "steps": [{ "transition": "start" }, { "transition": "resolve" }, { "advance": "2h" }] }"#;
    let told = harness::explain(&desk(), "t.json", json).unwrap();
    assert!(!told.done());
    assert_eq!(told.steps.len(), 3, "nothing comes after it");
    assert!(told.render(Lang::En).contains("  refused: `cause` (Cause) must be filled [required]"));
    assert!(told.render(Lang::Zh).contains("  被拒绝："));
    let told = harness::explain(&desk(), "t.json", r#"{ "type": "return", "subject": "x" }"#).unwrap();
    assert!(!told.done() && told.ticket.is_empty());
}

#[test]
fn slips_in_a_ticket_are_answered_with_a_suggestion() {
    for (json, says) in [
        ("{ \"subject\": ", "error[bad-json]: this is no JSON: EOF while parsing a value\n  --> t.json:1:13"),
        ("[1, 2]", "a ticket is a JSON object"),
        ("{ \"subjct\": \"x\" }", "did you mean `subject`?"),
        ("{ \"subject\": 3 }", "`subject` takes a text, this is a whole number"),
        ("{ \"channel\": \"mial\" }", "did you mean `mail`?"),
        ("{ \"steps\": 3 }", "`steps` is a list"),
        ("{ \"steps\": [3] }", "a map"),
        ("{ \"steps\": [{}] }", "a step says one thing"),
        ("{ \"steps\": [{ \"tag\": \"a\", \"note\": \"b\" }] }", "a step says one thing"),
        ("{ \"steps\": [{ \"tga\": \"a\" }] }", "did you mean `tag`?"),
        ("{ \"steps\": [{ \"transition\": \"strat\" }] }", "did you mean `start`?"),
        ("{ \"steps\": [{ \"advance\": \"2 hours\" }] }", "is no duration"),
        ("{ \"at\": \"yesterday\" }", "`yesterday` leads to no instant"),
        ("{ \"customer\": { \"tier\": \"gold\" } }", "a customer has no field `tier`"),
        ("{ \"agents\": { \"id\": \"x\", \"groups\": [\"suport\"] } }", "did you mean `support`?"),
    ] {
        let found = harness::explain(&Playbook::starter_source(), "t.json", json).unwrap_err();
        assert!(found.to_string().contains(says), "{json}\n{found}");
        assert!(!found.render(Lang::Zh, None).is_empty());
    }
    let broken = Playbook::starter_source().with("rules/a.rhai", "rule(");
    assert!(harness::explain(&broken, "t.json", "{}").is_err());
    let nobody = Playbook::starter_source().with("roster.toml", "agents = 3");
    assert!(harness::explain(&nobody, "t.json", "{}").is_err());
}

#[test]
fn workflows_and_rules_are_drawn() {
    let desk = playbook(&desk());
    let returns = desk.workflows().iter().find(|w| *w.name() == *"return").unwrap();
    insta::assert_snapshot!("workflow_mermaid", insight::draw_workflow(returns, desk.schema(), None, Drawing::Mermaid, Lang::En));
    insta::assert_snapshot!("workflow_dot_zh", insight::draw_workflow(returns, desk.schema(), None, Drawing::Dot, Lang::Zh));
    insta::assert_snapshot!("rules_mermaid", insight::draw_rules(&desk.rule_graph(), Drawing::Mermaid));
    insta::assert_snapshot!("rules_dot", insight::draw_rules(&desk.rule_graph(), Drawing::Dot));
}

#[test]
fn names_that_a_notation_cannot_take_stay_apart() {
    let rules = r#"
        rule("end").on("created").then(|t| t.set("impact", "high"));
        rule("a-b").on("changed:impact").then(|t| t.set("urgency", "high"));
        rule("a_b").on("changed:urgency").then(|t| t.tag("x"));
        rule("说 \"不\" | #1").on("changed:tags").then(|t| t.tag("y"));
    "#;
    let source = Playbook::starter_source().with("rules/a.rhai", rules);
    let drawn = insight::draw_rules(&playbook(&source).rule_graph(), Drawing::Mermaid);
    for line in ["end_[\"end\"]", "a_b[\"a-b\"]", "a_b_[\"a_b\"]", "end_ -->|impact| a_b", "[\"说 '不' / ♯1\"]"] {
        assert!(drawn.contains(line), "{line}\n{drawn}");
    }
    let dot = insight::draw_rules(&playbook(&source).rule_graph(), Drawing::Dot);
    assert!(dot.contains("\"说 \\\"不\\\" | #1\"") && dot.ends_with("}\n"), "{dot}");
}

#[test]
fn one_rule_wakes_another_by_what_it_writes() {
    let rules = r#"
        rule("by-reads").when(|t| t.category == () && t.waits_on == "vendor").then(|t| t.priority("low"));
        rule("moves").on("created").then(|t| t.transition("wait"));
        rule("on-state").on("state:pending").then(|t| t.route("support"));
        rule("on-queue").on("queued").then(|t| t.score(1, "x"));
        rule("on-priority").on("changed:priority").then(|t| t.notify("requester", "resolved"));
        rule("alone").on("rated").then(|t| t.note("x"));
    "#;
    let source = Playbook::starter_source().with("rules/a.rhai", rules);
    let edges: Vec<String> = playbook(&source).rule_graph().edges.iter().map(|e| format!("{} {}", e.from, e.to)).collect();
    assert_eq!(edges, ["by-reads on-priority", "moves by-reads", "moves on-state", "on-state on-queue", "on-queue on-priority"]);
}

#[test]
fn every_word_of_the_loader_is_described_in_the_reference() {
    assert_eq!(harness::undescribed(), Vec::<String>::new(), "add them to src/harness/reference/words.rs");
    let schema_source = desk();
    let schema = playbook(&schema_source).schema().clone();
    for lang in [Lang::En, Lang::Zh] {
        let files = harness::definitions(&schema, lang);
        let (reference, editor) = (files.get("reference.md").unwrap(), files.get("ticketry.d.rhai").unwrap());
        let words = vocabulary();
        for word in words.steps.iter().copied().chain(words.actions.iter().map(|(w, _)| *w)) {
            assert!(editor.contains(&format!("fn {word}(")), "{word}");
        }
        for word in ticketry::rules::Trigger::words() {
            assert!(reference.contains(&format!("| `{word}` | ")), "{word}");
        }
        for (name, _) in ticketry::condition::Path::reference(&schema) {
            assert!(reference.contains(&format!("| `{name}` | ")), "{name}");
        }
        for w in TestWord::DESK.iter().chain(TestWord::TICKET).chain(TestWord::ASSERT) {
            assert!(reference.contains(&w.usage.replace('|', "\\|")) && editor.contains(&format!("fn {}(", w.word)), "{}", w.word);
        }
        for name in ["`order/delivery/late`", "`tech-l2`", "`bounced`", "`ask-approval`", "`call-back`", "`network`", "`t.customer.tier`"] {
            assert!(reference.contains(name), "{name}");
        }
        assert!(!reference.contains("| |") && !reference.contains("|  |"), "no cell is empty");
    }
}

#[test]
fn definitions_name_what_scripts_can_call_and_nothing_that_is_shut_out() {
    let functions = vocabulary().functions;
    for name in ["contains", "starts_with", "within", "filter", "sort", "max", "keys", "split"] {
        assert!(functions.contains(&format!("\nfn {name}(")), "{name}");
    }
    for name in ["sleep", "print", "eval", "timestamp", "exit", "parse_json"] {
        assert!(!functions.contains(&format!("\nfn {name}(")), "{name}");
    }
    assert!(!functions.contains("-> ;") && !functions.contains("i128"));
}

#[test]
fn the_starter_is_named_as_asked() {
    assert!(harness::starter("客服").get("playbook.toml").unwrap().starts_with("name = \"客服\"\n"));
    for name in ["a\"b\\c", "", "\n"] {
        assert!(!harness::check(&harness::starter(name)).has_errors() || name.trim().is_empty(), "{name:?}");
    }
    assert!(harness::starter("x").get("README.md").unwrap().contains("ticketry test x --coverage"));
}
