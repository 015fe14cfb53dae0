//! Tests in Rhai: they run by the live engine, and say all there is to say when they fail.

use ticketry::diagnostic::{Lang, Source};
use ticketry::harness::{self, Options, Report};
use ticketry::playbook::Playbook;

const RULES: &str = r#"
rule("outage")
    .on("created")
    .when(|t| t.impact == "high" && t.subject.contains("outage"))
    .then(|t| { t.tag("outage"); t.notify("requester", "resolved"); });
rule("nudge")
    .after("3bd", "pending")
    .then(|t| t.notify("requester", "resolved"));
rule("thanks")
    .on("message.requester")
    .when(|t, event| event.message.body == "thanks")
    .then(|t| t.mark_thanks());
"#;
const PEOPLE: &str = r#"
[[agents]]
id = "li"
groups = ["support"]
capacity = 9
[[agents]]
id = "zhao"
groups = ["support"]
roles = ["lead"]
[groups.support]
lead = "zhao"
"#;

fn source(tests: &str) -> Source {
    let playbook = "[customer]\ntier = { type = \"ordered\", label = { en = \"Tier\", zh = \"等级\" }, values = [\"basic\", \"gold\"] }\n[fields]\namount = { type = \"decimal\", scale = 2, label = { en = \"Amount\", zh = \"金额\" } }\n";
    let starter = Playbook::starter_source();
    let head = format!("{}\n{playbook}", starter.get("playbook.toml").unwrap());
    starter.with("playbook.toml", head).with("rules/a.rhai", RULES).with("roster.toml", PEOPLE).with("tests/t.rhai", tests)
}

fn run(tests: &str) -> Report {
    let source = source(tests);
    harness::test(&source, &Options::default()).unwrap_or_else(|d| panic!("{}", d.render(Lang::En, Some(&source))))
}

fn passes(body: &str) {
    let report = run(&format!("test(\"it\", |desk| {{ {body} }});"));
    assert!(report.passed(), "{report}");
}

/// The problem of a test that fails, and the whole report.
fn fails(body: &str) -> (String, String) {
    let report = run(&format!("test(\"it\", |desk| {{\n{body}\n}});"));
    let problem = report.outcomes()[0].problem.clone().unwrap_or_else(|| panic!("it passed: {body}"));
    assert!(!problem.message.zh.is_empty());
    (problem.render(Lang::En), report.to_string())
}

#[test]
fn a_ticket_is_read_as_rules_read_it() {
    passes(
        r#"
        let t = desk.create(#{ subject: "An OUTAGE", impact: "high", amount: 12.5, tags: ["x"] });
        assert(t.impact >= "medium");
        assert(t.subject.contains("ｏｕｔａｇｅ"));
        assert(t.subject == "an outage");
        assert_eq(t.tags, ["outage", "x"]);
        assert("outage" in t.tags);
        assert_eq(t.amount, 12.50);
        assert(t.amount < 13);
        assert_eq(t.group, ());
        assert_eq(t.class, "new");
        assert_ne(t.state, "open");
        assert(!t.overdue);
        assert_eq(t.number, 1);
        assert_eq(t.fired("outage"), 1);
        assert_eq(t.fired("thanks"), 0);
        "#,
    );
}

#[test]
fn time_people_and_messages_are_simulated() {
    passes(
        r#"
        desk.at("2025-09-01T09:00:00");
        let t = desk.create(#{ subject: "printer", requester: "ann" });
        let clock = t.clock("first_response");
        assert_eq(clock.state, "running");
        assert_eq(clock.due, desk.now() + "4h");
        desk.advance("4h");
        assert_eq(t.clock("first_response").state, "running", "a person wins a tie");
        desk.advance("1us");
        assert(t.clock("first_response").breached);
        desk.reply(t, "li", "on my way");
        assert_eq(t.clock("first_response").state, "breached");
        desk.transition(t, "wait");
        desk.advance("3bd");
        assert_eq(desk.sent(t, "resolved").len(), 0);
        desk.advance("1m");
        assert_eq(desk.sent(t, "resolved").len(), 1);
        assert_eq(desk.sent("resolved")[0].to, "requester");
        desk.reply(t, "requester", "it works");
        assert_eq(t.state, "open");
        desk.by("li").transition(t, "resolve");
        desk.reply(t, "requester", "thanks");
        assert_eq(t.state, "resolved");
        let all = t.messages();
        assert_eq(all[all.len() - 1].thanks, true);
        desk.rate(t, 5, "good");
        assert_eq(t.rating, 5);
        let late = desk.receive(#{ channel: "mail", from: "ann", body: "again", ticket: t });
        assert_eq(late, t);
        assert_eq(t.state, "open");
        assert_eq(desk.tickets().len(), 1);
        "#,
    );
}

#[test]
fn people_can_be_added_and_customers_known() {
    passes(
        r#"
        desk.agent(#{ id: "wang", groups: ["support"], lead: "support", roles: ["lead"] });
        desk.customer("ann", #{ tier: "gold" });
        let t = desk.create(#{ subject: "x" });
        assert(t.customer.tier >= "gold");
        desk.assign(t, "wang");
        assert_eq(t.assignee, "wang");
        desk.set(t, "impact", "high");
        desk.set(t, #{ urgency: "low", amount: "3.10" });
        assert_eq(t.urgency, "low");
        desk.priority(t, "urgent", "2h");
        assert_eq(t.priority, "urgent");
        desk.advance("3h");
        assert_ne(t.priority, "urgent");
        desk.tag(t, "a");
        desk.untag(t, "a");
        desk.note(t, "li", "hm");
        desk.phone(t, "li", "we spoke");
        desk.owner(t, "li");
        desk.watch(t, "zhao");
        desk.hand_off(t, "support", #{ reason: "yours" });
        "#,
    );
}

#[test]
fn a_refusal_can_be_expected() {
    passes(
        r#"
        let t = desk.create(#{ subject: "x" });
        assert_refused(|| desk.by("requester").transition(t, "cancel"), "role");
        assert_refused(|| desk.transition(t, "close"));
        "#,
    );
    let (problem, _) = fails("let t = desk.create(#{ subject: \"x\" });\nassert_refused(|| desk.transition(t, \"cancel\"), \"role\");");
    assert!(problem.contains("refused with comment, not with role") && problem.contains("tests/t.rhai:3:1"), "{problem}");
    let (problem, _) = fails("let t = desk.create(#{ subject: \"x\" });\nassert_refused(|| desk.transition(t, \"start\"));");
    assert!(problem.contains("should have refused"), "{problem}");
    let (problem, _) = fails("let t = desk.create(#{ subject: \"x\" });\ndesk.transition(t, \"cancel\");");
    assert!(problem.starts_with("error[refused]: `transition` was refused [comment]"), "{problem}");
}

#[test]
fn a_failing_assertion_shows_values_place_and_story() {
    let (problem, report) = fails(
        "let t = desk.create(#{ subject: \"outage\", impact: \"low\" });\nassert_eq(t.state, \"new\");\nassert(\"outage\" in t.tags, \"it is one\");",
    );
    assert!(problem.starts_with("error[assertion-failed]: it is one: the assertion does not hold\n  --> tests/t.rhai:4:1"), "{problem}");
    assert!(report.contains("4 | assert(\"outage\" in t.tags, \"it is one\");"), "{report}");
    assert!(report.contains("ticket 1: t.tags is []") && !report.contains("t.state is"), "{report}");
    assert!(report.contains("rule outage did not fire: t.impact in [\"high\"] (t.impact = \"low\") was false"), "{report}");
    assert!(report.ends_with("0 passed, 1 failed\n"), "{report}");
    let (problem, _) = fails("let t = desk.create(#{ subject: \"x\" });\nassert_eq(t.state, \"open\");");
    assert!(problem.contains("left is \"new\", right is \"open\""), "{problem}");
}

#[test]
fn a_caught_failure_still_fails() {
    let (problem, _) = fails("try { check(1) } catch { }\n});\nfn check(x) { assert_eq(x, 2) }\ntest(\"other\", |desk| {");
    assert!(problem.contains("left is 1, right is 2"), "{problem}");
}

#[test]
fn slips_in_steps_are_answered_with_a_suggestion() {
    for (body, says) in [
        (r#"desk.create(#{ subjct: "x" });"#, "did you mean `subject`?"),
        (r#"desk.create(#{ channel: "mial" });"#, "did you mean `mail`?"),
        (r#"desk.create(#{ amont: 3 });"#, "did you mean `amount`?"),
        (r#"desk.create(#{ subject: 3 });"#, "`subject` takes a text, this is a whole number"),
        (r#"desk.create("x");"#, "a map `#{ … }` is needed here, this is a text"),
        (r#"let t = desk.create(#{}); desk.transition(t, "resolv");"#, "did you mean `resolve`?"),
        (r#"let t = desk.create(#{}); desk.set(t, "impct", "low");"#, "did you mean `impact`?"),
        (r#"let t = desk.create(#{}); desk.set(t, "state", "open");"#, "desk.transition"),
        (r#"let t = desk.create(#{}); t.stat"#, "did you mean `state`?"),
        (r#"let t = desk.create(#{}); t.clock("resolution").deu"#, "did you mean `due`?"),
        (r#"let t = desk.create(#{}); t.fired("otage")"#, "did you mean `outage`?"),
        (r#"desk.sent("resolve")"#, "did you mean `resolved`?"),
        (r#"desk.customer("ann", #{ teir: "gold" })"#, "did you mean `tier`?"),
        (r#"desk.advance("2 hours")"#, "is no duration"),
        (r#"desk.create(#{}); desk.at("2020-01-01")"#, "time only goes on"),
        (r#"desk.agent(#{ id: "x", groups: ["suport"] })"#, "did you mean `support`?"),
    ] {
        let (problem, _) = fails(body);
        assert!(problem.contains(says), "{body}\n{problem}");
        assert!(problem.contains("tests/t.rhai:2:"), "{body}\n{problem}");
    }
}

#[test]
fn mistakes_in_test_files_are_found_before_anything_runs() {
    for (file, code, says) in [
        ("let x = 1;", "not-in-rule-file", "a test file holds only"),
        ("rule(\"r\").on(\"created\").then(|t| t.tag(\"x\"));", "not-in-rule-file", "a test file holds only"),
        ("tset(\"x\", |desk| {});", "not-in-rule-file", "did you mean `test`?"),
        ("test(\"x\");", "bad-test", "a test has a name and a closure"),
        ("test(\"x\", |a, b| {});", "bad-test", "a test has a name and a closure"),
        ("test(\"x\", |desk| { desk.craete(#{}) });", "unknown-function", "did you mean `create`?"),
        ("test(\"x\", |desk| { desk.create() });", "unknown-function", "write `desk.create("),
        ("test(\"x\", |desk| { [1].map(|x| asert(x == 1)) });", "unknown-function", "did you mean `assert`?"),
        ("test(\"x\", |desk| { });\ntest(\"x\", |desk| { });", "duplicate-test", "two tests are called `x`"),
        ("import \"lib/none\" as none;", "unknown-file", "no file"),
        ("test(\"x\", |desk| {", "fault-syntax", "is missing here"),
    ] {
        let source = source(file);
        let found = harness::check(&source);
        let text = found.render(Lang::En, Some(&source));
        assert!(found.iter().any(|d| d.code == code) && text.contains(says) && text.contains("tests/t.rhai:"), "{file}\n{text}");
        assert_eq!(found.has_errors(), harness::test(&source, &Options::default()).is_err());
        assert!(!found.render(Lang::Zh, Some(&source)).is_empty());
    }
    assert!(harness::check(&source("test(\"x\", |desk| { });")).is_empty());
    let wrong = source("").with("roster.toml", "[[agents]]\nid = \"li\"\ngroups = [\"suport\"]\n");
    assert!(harness::check(&wrong).to_string().contains("roster.toml:3"));
}

#[test]
fn people_and_tests_are_checked_by_name_also_where_rules_or_workflows_are_wrong() {
    let source = source("test(\"x\", |desk| { desk.craete(#{}) });")
        .with("roster.toml", "[[agents]]\nid = \"li\"\ngroups = [\"suport\"]\n")
        .with("rules/z.rhai", "rule(\"z\").on(\"craeted\").then(|t| t.tag(\"x\"));");
    let codes = |s: &Source| harness::check(s).iter().map(|d| d.code).collect::<Vec<_>>();
    assert_eq!(codes(&source), ["unknown-name", "unknown-trigger", "unknown-function"], "{}", harness::check(&source));
    // Where the names themselves cannot be read, nothing is said of who names them.
    let headless = source.with("playbook.toml", "name = \"x\"\n[groups]\nsupport = 5\n");
    assert!(!codes(&headless).contains(&"unknown-name"), "{}", harness::check(&headless));
}

#[test]
fn a_misspelt_type_is_told_as_such() {
    let two = source("test(\"x\", |desk| { desk.create(#{ typ: \"question\" }) });");
    let head = format!("{}\n[types.order]\nworkflow = \"question\"\n", two.get("playbook.toml").unwrap());
    let two = two.with("playbook.toml", head);
    let said = harness::test(&two, &Options::default()).unwrap().to_string();
    assert!(said.contains("nothing is called `typ` here") && said.contains("did you mean `type`?"), "{said}");
}

#[test]
fn a_test_is_bounded_like_a_rule() {
    let (problem, _) = fails("loop { }");
    assert!(problem.starts_with("error[fault-budget]: the test takes too many steps"), "{problem}");
    let (problem, _) = fails("fn_that();\n});\nfn fn_that() { fn_that() }\ntest(\"other\", |desk| {");
    assert!(problem.contains("calls inside one another"), "{problem}");
    let (problem, _) = fails("let s = \"x\"; for i in 0..100 { s += s; }");
    assert!(problem.contains("too long"), "{problem}");
    let (problem, _) = fails("for i in 0..100000 { desk.create(#{}) }");
    assert!(problem.contains("too many steps"), "{problem}");
}

#[test]
fn tests_use_constants_functions_modules_and_stand_beside_rules() {
    let source = source(
        r#"
        import "lib/people" as people;
        const WHO = "ann";
        fn ticket(desk, who) { desk.create(#{ subject: "x", requester: who }) }
        test("all of these", |desk| {
            let t = ticket(desk, WHO);
            assert(people::is_ann(t));
            for n in 0..3 { ticket(desk, "bob") }
            assert_eq(desk.tickets().filter(|t| t.requester == "bob").len(), 3);
        });
        "#,
    )
    .with("rules/lib/people.rhai", "fn is_ann(t) { t.requester == \"ann\" }")
    .with("rules/b.rhai", "const TAG = \"b\";\nrule(\"b\").on(\"created\").then(|t| t.tag(TAG));\ntest(\"beside\", |desk| { assert(TAG in desk.create(#{}).tags); });");
    assert!(harness::check(&source).is_empty(), "{}", harness::check(&source).render(Lang::En, Some(&source)));
    let report = harness::test(&source, &Options::default()).unwrap();
    assert!(report.passed() && report.counts() == (2, 0), "{report}");
    let only = harness::test(&source, &Options { filter: Some("beside".into()), ..Options::default() }).unwrap();
    assert_eq!(only.counts(), (1, 0));
}

#[test]
fn the_same_test_gives_the_same_result() {
    let body = "test(\"it\", |desk| { let t = desk.create(#{ subject: \"outage\", impact: \"high\" }); desk.advance(\"30d\"); assert_eq(t.explain(), \"\"); });";
    assert_eq!(run(body).to_string(), run(body).to_string());
}

#[test]
fn a_folder_runs_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in source("test(\"x\", |desk| { assert_eq(desk.create(#{}).state, \"new\"); });").iter() {
        let file = folder.path().join(&**path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, &**content).unwrap();
    }
    assert_eq!(harness::test_folder(folder.path()).unwrap().counts(), (1, 0));
    std::fs::write(folder.path().join("tests/u.rhai"), "test(\"y\", |desk| assert(false));").unwrap();
    let failed = harness::test_folder(folder.path()).unwrap_err();
    assert!(format!("{failed:?}").contains("1 passed, 1 failed"), "{failed:?}");
    std::fs::write(folder.path().join("tests/u.rhai"), "test(\"y\", |desk| {").unwrap();
    assert!(harness::test_folder(folder.path()).unwrap_err().to_string().contains("tests/u.rhai:1:"));
}
