//! One fixture and one snapshot for each mistake an author can make in a rule file.

use super::desk::schema;
use ticketry::condition::Scripts as _;
use ticketry::diagnostic::{Diagnostics, Lang, Place, Source};
use ticketry::rules::{self, RhaiScripts};

fn problems(source: &Source) -> Diagnostics {
    rules::load(source, &schema()).1
}
fn in_file(content: &str) -> Diagnostics {
    problems(&Source::new().with("rules/a.rhai", content))
}
fn when(condition: &str) -> String {
    format!("rule(\"r\").on(\"created\").when({condition}).then(|t| t.tag(\"x\"));\n")
}
fn then(body: &str) -> String {
    format!("rule(\"r\").on(\"created\").then(|t| {{ {body} }});\n")
}

/// (code, file)
fn fixtures() -> Vec<(&'static str, String)> {
    vec![
        ("unknown-field", when("|t| t.impakt >= \"high\"")),
        ("unknown-field", when("|t| t.customer.teir == \"vip\"")),
        ("unknown-field", when("|t, event| event.mesage.body == \"x\"")),
        ("unknown-field", when("|t| t.subject.length == 3")),
        ("unknown-field", when("|t| t.customer == \"x\"")),
        ("unknown-field", "rule(\"r\").on(\"changed:impcat\").then(|t| t.tag(\"x\"));".into()),
        ("unknown-field", then("t.set(\"amont\", 3);")),
        ("unknown-field", then("let x = t.impakt; t.note(x);")),
        ("unknown-field", "fn high(t) { t.impakt == \"high\" }\n".to_string() + when("|t| high(t)").as_str()),
        ("not-in-list", when("|t| t.impact >= \"hgih\"")),
        ("not-in-list", when("|t| t.impact in [\"high\", \"lwo\"]")),
        ("not-in-list", when("|t| t.category.within(\"netwrok\")")),
        ("wrong-type", when("|t| t.amount == \"high\"")),
        ("wrong-type", when("|t| t.seats > \"4\"")),
        ("wrong-type", when("|t| t.tags == ()")),
        ("wrong-type", when("|t| t.impact.within(\"network\")")),
        ("wrong-type", then("t.set(\"seats\", \"many\");")),
        ("not-ordered", when("|t| t.product > \"phone\"")),
        ("not-a-condition", when("|t| t.impact")),
        ("not-a-condition", when("|t| 3")),
        ("unknown-function", when("|t| t.subject.contians(\"v\")")),
        ("unknown-function", when("|t| is_vipp(t.impact)")),
        ("unknown-function", then("t.tga(\"x\");")),
        ("unknown-function", "rule(\"r\").onn(\"created\").then(|t| t.tag(\"x\"));".into()),
        ("unknown-hook", then("t.webhook(\"crm-sinc\");")),
        ("unknown-task", then("t.task(\"diagnoze\");")),
        ("unknown-type", then("t.child(\"incidnet\", \"mend it\");")),
        ("unknown-task", "rule(\"r\").on(\"task.done:diagnoze\").then(|t| t.tag(\"x\"));".into()),
        ("unknown-template", then("t.note_from(\"recieved\");")),
        ("wrong-argument", then("t.link(\"order\");")),
        ("held-variable", then("let l = t.tags.filter(|x| x != t.state); t.note(\"n\" + l.len());")),
        ("held-variable", then("let a = [1, 2]; a.map(|x| a.len() + x);")),
        ("action-in-condition", when("|t| t.tag(\"x\") == ()")),
        ("unknown-trigger", "rule(\"r\").on(\"craeted\").then(|t| t.tag(\"x\"));".into()),
        ("unknown-state", "rule(\"r\").after(\"3bd\", \"pendign\").then(|t| t.tag(\"x\"));".into()),
        ("unknown-state", "rule(\"r\").every(\"1bd\", \"pendign\").then(|t| t.tag(\"x\"));".into()),
        ("unknown-metric", "rule(\"r\").before_due(\"1bh\", \"resolutoin\").then(|t| t.tag(\"x\"));".into()),
        ("bad-duration", "rule(\"r\").every(\"10s\").then(|t| t.tag(\"x\"));".into()),
        ("bad-duration", "rule(\"r\").before_due(\"0bh\").then(|t| t.tag(\"x\"));".into()),
        ("out-of-range", "rule(\"r\").every(\"1bd\").times(0).then(|t| t.tag(\"x\"));".into()),
        ("wrong-argument", "rule(\"r\").times(3).after(\"1bd\", \"pending\").then(|t| t.tag(\"x\"));".into()),
        ("wrong-argument", "rule(\"r\").every(5).then(|t| t.tag(\"x\"));".into()),
        ("two-moments", "rule(\"r\").every(\"1bd\").before_due(\"1bh\").then(|t| t.tag(\"x\"));".into()),
        ("bad-duration", "rule(\"r\").after(\"3 days\", \"pending\").then(|t| t.tag(\"x\"));".into()),
        ("unknown-group", then("t.route(\"network-tier3\");")),
        ("unknown-skill", then("t.route(\"network-tier2\", #{ skills: [\"bpg\"] });")),
        ("unknown-template", then("t.notify(\"requester\", \"welcom\");")),
        ("unknown-recipient", then("t.notify(\"requestor\", \"welcome\");")),
        ("unknown-transition", then("t.transition(\"strat\");")),
        ("unknown-level", then("t.priority(\"p9\");")),
        ("unknown-category", then("t.set(\"category\", \"network/vpm\");")),
        ("not-settable", then("t.set(\"priority\", \"p1\");")),
        ("wrong-argument", then("t.score(\"forty\", \"why\");")),
        ("wrong-argument", then("t.tag();")),
        ("wrong-argument", "rule(\"r\").order(\"first\").on(\"created\").then(|t| t.tag(\"x\"));".into()),
        ("bad-name", then("t.tag(\"\");")),
        ("literal-needed", then("for f in [\"site\"] { t.set(f, 1); }")),
        ("read-only", then("t.impact = \"high\";")),
        ("ticket-escapes", then("let all = [t]; t.note(all);")),
        ("maybe-absent", when("|t| [1].some(|x| t.vip && x > 0)")),
        ("switch-on-field", then("switch t.impact { \"high\" => t.tag(\"x\"), _ => t.tag(\"y\") }")),
        ("switch-on-field", then("let i = t.impact; switch i { \"high\" => t.tag(\"x\"), _ => t.tag(\"y\") }")),
        ("captured-variable", "let limit = 3;\n".to_string() + when("|t| t.seats > limit").as_str()),
        ("no-trigger", "rule(\"r\").then(|t| t.tag(\"x\"));".into()),
        ("no-actions", "rule(\"r\").on(\"created\");".into()),
        ("two-moments", "rule(\"r\").on(\"created\").after(\"1h\", \"open\").then(|t| t.tag(\"x\"));".into()),
        ("repeated", "rule(\"r\").on(\"created\").order(1).order(2).then(|t| t.tag(\"x\"));".into()),
        ("bad-rule", "rule(5).on(\"created\").then(|t| t.tag(\"x\"));".into()),
        ("bad-test", "test(\"no closure\");".into()),
        ("not-in-rule-file", "let x = 5;\n".to_string() + then("t.tag(\"x\");").as_str()),
        ("not-in-rule-file", "if true { 1 } else { 2 }\n".into()),
        ("not-in-rule-file", "rul(\"r\");".into()),
        ("constant-not-literal", "const X = 1 + 2;".into()),
        ("unknown-file", "import \"lib/nowhere\" as n;".into()),
        ("import-of-rules", "import \"a\" as n;".into()),
        ("duplicate-rule", then("t.tag(\"x\");") + then("t.tag(\"y\");").as_str()),
        ("order-ambiguous", then("t.priority(\"p1\");").replace("\"r\"", "\"a\"") + then("t.priority(\"p2\");").as_str()),
        ("fault-unknown-name", when("|t| t.seats > limit")),
        ("fault-syntax", "rule(\"r\").on(\"created\").when(|t| t.impact ==).then(|t| t.tag(\"x\"));".into()),
    ]
}

#[test]
fn each_mistake_has_its_code_its_place_and_its_words() {
    let mut all = String::new();
    let mut missed = Vec::new();
    for (code, content) in fixtures() {
        let source = Source::new().with("rules/a.rhai", content.as_str());
        let found = problems(&source);
        if !found.iter().any(|d| d.code == code) {
            missed.push(format!("{code}: {content}\n{found}"));
        }
        all.push_str(&format!("# {code}\n{}\n", found.render(Lang::En, Some(&source))));
    }
    insta::assert_snapshot!("mistakes", all);
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn every_mistake_is_said_in_chinese_too() {
    for (code, content) in fixtures() {
        for d in in_file(&content).iter() {
            assert!(!d.message.zh.is_empty() && d.message.zh != d.message.en, "{code}: {content}");
        }
    }
}

#[test]
fn all_mistakes_at_once() {
    let found = in_file(
        &(when("|t| t.impakt == \"x\" && t.urgency == \"hi\"")
            + then("t.route(\"x\"); t.priority(\"y\");").replace("\"r\"", "\"s\"").as_str()),
    );
    let codes: Vec<_> = found.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["unknown-field", "not-in-list", "unknown-group", "unknown-level"]);
}

#[test]
fn import_circles_are_refused() {
    let source = Source::new()
        .with("rules/lib/a.rhai", "import \"lib/b\" as b; fn x(t) { b::y(t) }")
        .with("rules/lib/b.rhai", "import \"lib/a\" as a; fn y(t) { a::x(t) }");
    let found = problems(&source);
    assert!(found.iter().any(|d| d.code == "import-cycle"), "{found}");
}

#[test]
fn text_conditions_are_placed_inside_their_file() {
    let here = Place::new("workflows/a.toml", 12, 20, 1);
    let found = RhaiScripts.condition("t.impact >= \"high\" &&\n  t.urgnecy == \"low\"", &here, &schema()).unwrap_err();
    let d = found.iter().next().unwrap();
    assert_eq!((d.code, d.place().unwrap().to_string().as_str()), ("unknown-field", "workflows/a.toml:13:5"));
    let found = RhaiScripts.condition("tt.impact == 1", &here, &schema()).unwrap_err();
    assert!(found.to_string().contains("workflows/a.toml:12:20"), "{found}");
    for bad in ["", "t.impact ==", "let x = 1; true", "}", "t", "1", "\"x\"", "t.impact >= t.urgency"] {
        assert!(RhaiScripts.condition(bad, &here, &schema()).is_err(), "{bad}");
    }
}

#[test]
fn hostile_files_end_in_diagnostics_on_a_small_stack() {
    let deep = |open: &str, close: &str, n: usize| {
        format!("rule(\"r\").on(\"created\").when(|t| {}true{}).then(|t| t.tag(\"x\"));", open.repeat(n), close.repeat(n))
    };
    let calls: String = (0..40).map(|i| format!("fn f{i}(t) {{ f{}(t) && f{}(t) }}\n", i + 1, i + 1)).collect();
    let cases = [
        deep("(", ")", 200),
        deep("!", "", 200),
        deep("[", "]", 200),
        format!("{calls}fn f40(t) {{ t.overdue }}\n{}", when("|t| f0(t)")),
        format!("fn r(t) {{ r(t) }}\n{}", when("|t| r(t)")),
        "rule(".repeat(500),
        "\u{0}\u{202e}rule".into(),
        format!("rule({:?})", "x".repeat(100_000)),
    ];
    for content in cases {
        let run = move || rules::load(&Source::new().with("rules/a.rhai", content.as_str()), &schema());
        let (set, problems) = std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
        assert!(problems.has_errors() || set.len() <= 1);
    }
    let (_, problems) = rules::load(&Source::new().with("rules/a.rhai", deep("(", ")", 200)), &schema());
    assert!(problems.iter().any(|d| d.code == "fault-depth"), "{problems}");
}
