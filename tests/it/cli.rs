//! The command `ticketry` as authors and their CI run it: what it prints, how it exits, and that bad input is a sentence and never a panic.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const DESK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/desk");

/// Runs the command in a folder.
fn ticketry(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_ticketry")).current_dir(dir).args(args).env_remove("NO_COLOR").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(!err.contains("panicked") && !out.contains('\x1b') && !err.contains('\x1b'), "{err}");
    (output.status.code().unwrap(), out, err)
}

fn demo() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let (code, out, err) = ticketry(dir.path(), &["new", "demo"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.ends_with("next: ticketry check demo && ticketry test demo\n"), "{out}");
    let path = dir.path().join("demo");
    (dir, path)
}

fn write(folder: &Path, file: &str, content: &str) {
    fs::write(folder.join(file), content).unwrap();
}

/// What the README says to type.
#[test]
fn new_check_and_test_go_together() {
    let (dir, demo) = demo();
    assert_eq!(ticketry(dir.path(), &["check", "demo"]), (0, "demo: 0 errors, 0 warnings\n".into(), String::new()));
    let (code, out, err) = ticketry(dir.path(), &["test", "demo", "--coverage"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("coverage: 5 of 5 rules matched") && out.ends_with("7 passed, 0 failed\n"), "{out}");
    let (code, out, _) = ticketry(dir.path(), &["definitions", "demo"]);
    assert_eq!((code, out.lines().count()), (0, 3));
    assert!(demo.join(".ticketry/reference.md").exists());
    let (code, out, _) = ticketry(dir.path(), &["--lang", "zh", "definitions", "demo", "--out", "here"]);
    assert_eq!((code, out.lines().count()), (0, 3));
    assert!(fs::read_to_string(dir.path().join("here/reference.md")).unwrap().starts_with("# 规则参考"));
    // The folder stays a playbook.
    assert_eq!(ticketry(dir.path(), &["check", "demo", "--strict"]).0, 0);
    let (code, _, err) = ticketry(dir.path(), &["new", "demo"]);
    assert_eq!((code, err.as_str()), (2, "error: demo is there already, and not empty\n"));
}

#[test]
fn check_shows_every_problem_at_once() {
    let (dir, demo) = demo();
    write(
        &demo,
        "rules/a.rhai",
        "rule(\"a\")\n    .on(\"craeted\")\n    .when(|t| t.impakt >= \"hgih\" && t.impact == \"hgih\")\n    .then(|t| t.route(\"suport\"));\n",
    );
    write(&demo, "tests/a.rhai", "test(\"a\", |desk| { desk.craete(#{}) });\n");
    let (code, out, err) = ticketry(dir.path(), &["check", "demo"]);
    assert_eq!((code, err.as_str()), (1, ""));
    insta::assert_snapshot!("check", out);
    let (code, out, _) = ticketry(dir.path(), &["--lang", "zh", "check", "demo"]);
    assert_eq!(code, 1);
    assert!(out.contains("错误[unknown-trigger]") && out.contains("个错误"), "{out}");
    let (code, out, _) = ticketry(dir.path(), &["check", "demo", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, json["errors"].as_u64().unwrap() as usize), (1, json["problems"].as_array().unwrap().len()));
    assert_eq!(json["problems"][0]["labels"][0]["place"]["file"], "rules/a.rhai");
    assert!(json["problems"][0]["message"]["zh"].is_string());
    // What does not load is not run, drawn or explained.
    write(dir.path(), "t.json", "{ \"subject\": \"x\" }");
    for args in [&["test", "demo"][..], &["graph", "demo"], &["definitions", "demo"], &["explain", "demo", "t.json"]] {
        let (code, out, err) = ticketry(dir.path(), args);
        assert_eq!((code, out.as_str()), (1, ""), "{args:?}");
        assert!(err.contains("rules/a.rhai:2:9"), "{args:?} {err}");
    }
    let (code, out, _) = ticketry(dir.path(), &["test", "demo", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(code == 1 && !json["problems"].as_array().unwrap().is_empty());
}

#[test]
fn a_warning_fails_a_strict_check_only() {
    let (dir, demo) = demo();
    write(
        &demo,
        "rules/b.rhai",
        "rule(\"a\").order(7).on(\"created\").then(|t| t.set(\"impact\", \"low\"));\nrule(\"b\").order(7).on(\"created\").then(|t| t.set(\"impact\", \"high\"));\n",
    );
    let (code, out, _) = ticketry(dir.path(), &["check", "demo"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("warning[order-ambiguous]"), "{out}");
    assert_eq!(ticketry(dir.path(), &["check", "demo", "--strict"]).0, 1);
}

#[test]
fn a_code_is_explained_as_it_stands_in_a_message() {
    let dir = tempfile::tempdir().unwrap();
    let (code, out, err) = ticketry(dir.path(), &["code", "dead-end"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("dead-end: error\n\nNo transition leaves this state") && out.contains("[[transitions]]"), "{out}");
    assert_eq!(ticketry(dir.path(), &["code", "error[dead-end]:"]).1, out);
    let (code, out, err) = ticketry(dir.path(), &["code", "dead-edn"]);
    assert_eq!(
        (code, out.as_str(), err.as_str()),
        (2, "", "error: no error or warning has the code `dead-edn`; did you mean `dead-end`?\n")
    );
    let (code, out, err) = ticketry(dir.path(), &["code"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("Every file\n  toml-syntax\n") && out.contains("\n\nTables\n  empty-table\n"), "{out}");
    assert_eq!(out.lines().filter(|l| l.starts_with("  ")).count(), ticketry::diagnostic::codes::all().count());
}

#[test]
fn a_failing_test_shows_values_place_and_story() {
    let (dir, demo) = demo();
    write(
        &demo,
        "tests/urgency.rhai",
        "test(\"a fire is calm\", |desk| {\n    let t = desk.create(#{ subject: \"fire, but not on it\" });\n    assert_eq(t.priority, \"urgent\", \"a fire\");\n});\n",
    );
    let (code, out, err) = ticketry(dir.path(), &["test", "demo", "--filter", "calm"]);
    assert_eq!((code, err.as_str()), (1, ""));
    insta::assert_snapshot!("test_failure", out);
    let (code, out, _) = ticketry(dir.path(), &["test", "demo", "--format", "json", "--coverage"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &json["failed"], &json["passed"]), (1, &1.into(), &4.into()));
    let failed = json["tests"].as_array().unwrap().iter().find(|t| t["name"] == "a fire is calm").unwrap();
    assert_eq!((&failed["problem"]["code"], &failed["place"]["line"]), (&"assertion-failed".into(), &1.into()));
    assert_eq!(json["coverage"][0]["rule"], "burning");
    let (code, out, err) = ticketry(dir.path(), &["test", "demo", "--filter", "nothing like it"]);
    assert_eq!((code, out.as_str(), err.as_str()), (1, "0 passed, 0 failed\n", "no test was run\n"));
}

#[test]
fn a_ticket_is_explained_from_a_file_or_from_standard_input() {
    let (dir, _demo) = demo();
    write(dir.path(), "t.json", "{ \"subject\": \"the printer is on fire\", \"at\": \"2025-09-01T09:00:00\" }");
    let (code, out, err) = ticketry(dir.path(), &["explain", "demo", "t.json"]);
    assert_eq!((code, err.as_str()), (0, ""));
    insta::assert_snapshot!("explain", out);
    let file = fs::File::open(dir.path().join("t.json")).unwrap();
    let piped =
        Command::new(env!("CARGO_BIN_EXE_ticketry")).current_dir(dir.path()).args(["explain", "demo", "-"]).stdin(file).output().unwrap();
    assert_eq!(String::from_utf8(piped.stdout).unwrap(), out);
    let (_, out, _) = ticketry(dir.path(), &["explain", "demo", "t.json", "--format", "json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&out).unwrap()["ticket"]["priority"], "urgent");
    write(dir.path(), "t.json", "{ \"subject\": \"x\", \"steps\": [{ \"transition\": \"cancel\" }] }");
    let (code, out, _) = ticketry(dir.path(), &["explain", "demo", "t.json"]);
    assert!(code == 1 && out.contains("refused: ") && out.contains("[comment]"), "{out}");
    write(dir.path(), "t.json", "{\n  \"subject\" \"x\" }");
    let (code, _, err) = ticketry(dir.path(), &["explain", "demo", "t.json"]);
    assert_eq!(code, 1);
    assert!(
        err.starts_with("error[bad-json]: this is no JSON: expected `:`\n  --> t.json:2:13\n")
            && err.contains(" 2 |   \"subject\" \"x\" }"),
        "{err}"
    );
}

#[test]
fn drawings_are_printed() {
    let (dir, _demo) = demo();
    let (code, out, _) = ticketry(dir.path(), &["graph", "demo"]);
    assert!(code == 0 && out.starts_with("stateDiagram-v2\n"), "{out}");
    let (code, out, _) = ticketry(dir.path(), &["graph", "demo", "--workflow", "question", "--format", "dot"]);
    assert!(code == 0 && out.starts_with("digraph \"question 1\" {\n"), "{out}");
    let (code, out, _) = ticketry(dir.path(), &["graph", DESK, "--rules"]);
    assert!(code == 0 && out.contains("parcel_words -->|category| advice_can_wait"), "{out}");
    let (code, out, _) = ticketry(dir.path(), &["--lang", "zh", "graph", "demo", "--format", "svg"]);
    assert!(code == 0 && out.starts_with("<svg ") && out.contains("待客户回复"), "{out}");
    let (code, _, err) = ticketry(dir.path(), &["graph", DESK, "--format", "svg"]);
    assert!(code == 2 && err.starts_with("error: an SVG is one picture; name one with --workflow: "), "{err}");
    let (code, _, err) = ticketry(dir.path(), &["graph", DESK, "--rules", "--format", "svg"]);
    assert_eq!((code, err.as_str()), (2, "error: the graph of rules is drawn as mermaid or dot\n"));
    let (code, _, err) = ticketry(dir.path(), &["graph", "demo", "--workflow", "qestion"]);
    assert_eq!((code, err.as_str()), (2, "error: no workflow is called `qestion`; did you mean `question`?\n"));
}

/// A desk's file, exported, done again under the playbook it ran by, and under another.
#[cfg(feature = "redb")]
#[test]
fn journals_are_exported_and_done_again() {
    use ticketry::desk::{Desk, FixedClock, FixedDirectory};
    use ticketry::engine::{Command, NewTicket, What};
    use ticketry::{harness, playbook::Playbook, store::RedbStore, ticket::Actor};
    let (dir, demo) = demo();
    let source = ticketry::folder::read(&demo).unwrap();
    let playbook = Playbook::load(&source).unwrap().playbook;
    let roster = harness::people(&source, playbook.schema()).0.build(playbook.schema()).0.unwrap();
    let people = FixedDirectory { roster: std::sync::Arc::new(roster), ..Default::default() };
    let clock = FixedClock::new("2025-10-09T10:00:00Z".parse().unwrap());
    let store = RedbStore::create(dir.path().join("desk.tickets")).unwrap();
    let desk = Desk::builder(playbook).store(store).directory(people).clock(clock).open_blocking().unwrap().blocking();
    let new = NewTicket::new("question", "the printer is on fire", "ann", "mail");
    let t = desk.submit(Command::create("a", Actor::requester("ann"), new)).unwrap().ticket;
    desk.submit(Command::on(t.id, "b", Actor::agent("li"), What::transition("start"))).unwrap();
    drop(desk);
    let (code, out, err) = ticketry(dir.path(), &["export", "desk.tickets", "--out", "past.jsonl"]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "", "3 entries\n"));
    assert_eq!(ticketry(dir.path(), &["export", "desk.tickets"]).1, fs::read_to_string(dir.path().join("past.jsonl")).unwrap());
    let (code, drawn, _) = ticketry(dir.path(), &["graph", "demo", "--journal", "past.jsonl"]);
    assert!(code == 0 && drawn.contains(" here now\n"), "{drawn}");
    let (code, drawn, _) = ticketry(dir.path(), &["graph", "demo", "--journal", "past.jsonl", "--ticket", "1"]);
    assert!(code == 0 && drawn.starts_with("sequenceDiagram\n"), "{drawn}");
    let (code, drawn, _) = ticketry(dir.path(), &["graph", "demo", "--journal", "past.jsonl", "--ticket", "1", "--format", "svg"]);
    assert!(code == 0 && drawn.starts_with("<svg "), "{drawn}");
    let (code, _, err) = ticketry(dir.path(), &["graph", "demo", "--journal", "past.jsonl", "--ticket", "999"]);
    assert_eq!((code, err.as_str()), (2, "error: no ticket has the number 999 there\n"));
    let (code, out, _) = ticketry(dir.path(), &["replay", "demo", "past.jsonl", "--exact"]);
    assert_eq!((code, out.as_str()), (0, "2 commands on 1 tickets done again, 0 refused, 0 left out\nnothing would differ\n"));
    let rules = source.get("rules/10-urgency.rhai").unwrap().replace("t.set(\"impact\", \"high\"); ", "");
    write(&demo, "rules/10-urgency.rhai", &rules);
    let (code, out, _) = ticketry(dir.path(), &["replay", "demo", "past.jsonl", "--coverage"]);
    assert_eq!(code, 0);
    insta::assert_snapshot!("replay", out);
    assert_eq!(ticketry(dir.path(), &["replay", "demo", "past.jsonl", "--exact"]).0, 1);
    let (_, out, _) = ticketry(dir.path(), &["replay", "demo", "past.jsonl", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&json["done"], &json["differences"][0]["aspect"]), (&2.into(), &"priority".into()));
    let (code, _, err) = ticketry(dir.path(), &["export", "past.jsonl"]);
    assert!(code == 2 && err.starts_with("error: past.jsonl: "), "{err}");
    let (code, _, err) = ticketry(dir.path(), &["export", "nowhere"]);
    assert!(code == 2 && err.starts_with("error: nowhere: "), "{err}");
}

#[test]
fn a_log_is_done_again_under_its_own_playbook_and_another() {
    let (dir, demo) = demo();
    ticketry(dir.path(), &["new", "before"]);
    write(
        dir.path(),
        "map.toml",
        "playbook = \"before\"\ncolumns = { case = \"case\", activity = [\"what\"], time = \"when\", resource = \"who\", group = \"group\" }\n\
         ticket = { type = \"question\", channel = \"mail\", subject = \"{case} on fire\", first_row = \"create-and-apply\" }\n\
         activities.Opened = { command = \"create\" }\nactivities.Solved = { command = \"transition\", transition = \"resolve\", assign = true }\n\
         activities.Moved = { command = \"hand_off\", hand_off = true }\n",
    );
    let log = "case,what,when,who,group\nA,Opened,2025-09-01T10:00:00Z,li,\nA,Moved,2025-09-01T10:30:00Z,li,Second line\nA,Solved,2025-09-01T11:00:00Z,mei,\nA,Prayed,2025-09-01T12:00:00Z,mei,\n";
    write(dir.path(), "log.csv", log);
    let (code, out, err) = ticketry(dir.path(), &["replay", "demo", "log.csv", "--map", "map.toml", "--exact"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out, "3 commands on 1 tickets done again, 0 refused, 1 left out (unmapped-activity 1)\nnothing would differ\n");
    let rules = fs::read_to_string(demo.join("rules/10-urgency.rhai")).unwrap().replace("t.set(\"impact\", \"high\"); ", "");
    write(&demo, "rules/10-urgency.rhai", &rules);
    let (code, out, _) = ticketry(dir.path(), &["--lang", "zh", "replay", "demo", "log.csv", "--map", "map.toml"]);
    assert!(code == 0 && out.contains("工单 A 第 1 个命令之后：优先级 urgent → "), "{out}");
    let (code, out, _) = ticketry(dir.path(), &["replay", "demo", "log.csv", "--map", "map.toml", "--against", "demo"]);
    assert!(code == 0 && out.ends_with("nothing would differ\n"), "{out}");
    for (args, says) in [
        (&["replay", "demo", "log.csv"][..], "error: an event log needs a map"),
        (&["replay", "demo", "map.toml", "--map", "map.toml"], "error: --map goes with an event log"),
        (&["replay", "demo", "none.csv", "--map", "map.toml"], "error: none.csv: no such file"),
        (&["replay", "demo", "log.csv", "--map", "none.toml"], "error: none.toml: no such file"),
        (&["replay", "demo", "map.toml"], "error: map.toml:1:1: this is no entry of a journal: "),
        (&["replay", "nowhere", "log.csv", "--map", "map.toml"], "error: nowhere: no such file"),
    ] {
        let (code, out, err) = ticketry(dir.path(), args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?} {err}");
        assert!(err.starts_with(says), "{args:?} {err}");
    }
    write(dir.path(), "log.csv", &log.replace("when", "then"));
    let (code, _, err) = ticketry(dir.path(), &["replay", "demo", "log.csv", "--map", "map.toml"]);
    assert_eq!((code, err.as_str()), (2, "error: log.csv has no column when; it has case, what, then, who, group\n"));
    write(dir.path(), "log.csv", "case,what,when,who,group\nA,Opened\n");
    let (code, _, err) = ticketry(dir.path(), &["replay", "demo", "log.csv", "--map", "map.toml"]);
    assert!(code == 2 && err.starts_with("error: log.csv: "), "{err}");
    write(dir.path(), "empty.jsonl", "\n\n");
    let (code, _, err) = ticketry(dir.path(), &["replay", "demo", "empty.jsonl"]);
    assert_eq!((code, err.as_str()), (2, "error: empty.jsonl holds nothing that could be done again\n"));
    write(dir.path(), "map.toml", "playbook = 3\n");
    let (code, _, err) = ticketry(dir.path(), &["replay", "demo", "log.csv", "--map", "map.toml"]);
    assert!(code == 1 && err.starts_with("error[bad-map]: ") && err.contains("map.toml:1:12"), "{err}");
}

#[test]
fn what_cannot_be_read_is_said_and_the_command_exits_with_two() {
    let (dir, demo) = demo();
    let desk = demo.join("playbook.toml");
    for args in
        [&["check", "nowhere"][..], &["test", "nowhere"], &["graph", "nowhere"], &["definitions", "nowhere"], &["explain", "nowhere", "x"]]
    {
        let (code, out, err) = ticketry(dir.path(), args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}");
        assert!(err.starts_with("error: nowhere: no such file or directory"), "{err}");
    }
    let (code, _, err) = ticketry(dir.path(), &["check", desk.to_str().unwrap()]);
    assert!(code == 2 && err.ends_with("playbook.toml is no folder\n"), "{err}");
    let (code, _, err) = ticketry(dir.path(), &["explain", "demo", "none.json"]);
    assert!(code == 2 && err.starts_with("error: none.json: no such file"), "{err}");
    fs::write(dir.path().join("t.json"), [0xff, 0xfe]).unwrap();
    let (code, _, err) = ticketry(dir.path(), &["explain", "demo", "t.json"]);
    assert!(code == 2 && err.starts_with("error: t.json: stream did not contain valid UTF-8"), "{err}");
    let (code, _, err) = ticketry(dir.path(), &["definitions", "demo", "--out", "t.json/x"]);
    assert!(code == 2 && err.starts_with("error: t.json/x/"), "{err}");
    let (code, _, err) = ticketry(dir.path(), &["new", ".."]);
    assert!(code == 2 && err == "error: .. gives the playbook no name\n", "{err}");
    let (code, _, err) = ticketry(dir.path(), &["--lang", "zh", "check", "nowhere"]);
    assert!(code == 2 && err.starts_with("错误: nowhere："), "{err}");
    // A file of the playbook that is no text, or no TOML, is a problem of the playbook.
    fs::write(demo.join("rules/z.rhai"), [0xff, 0xfe]).unwrap();
    let (code, out, _) = ticketry(dir.path(), &["check", "demo"]);
    assert!(code == 1 && out.starts_with("error[unreadable-file]"), "{out}");
    fs::remove_file(demo.join("rules/z.rhai")).unwrap();
    fs::write(&desk, "name = \"x\n").unwrap();
    let (code, out, _) = ticketry(dir.path(), &["check", "demo"]);
    assert!(code == 1 && out.contains("playbook.toml:1:"), "{out}");
    fs::remove_file(&desk).unwrap();
    let (code, out, _) = ticketry(dir.path(), &["check", "demo"]);
    assert!(code == 1 && out.contains("playbook.toml"), "{out}");
}

#[test]
fn arguments_are_checked_and_explained() {
    let dir = tempfile::tempdir().unwrap();
    for args in [&[][..], &["chekc", "x"], &["check"], &["check", "x", "--format", "xml"], &["graph", "x", "--rules", "--workflow", "y"]] {
        let (code, out, err) = ticketry(dir.path(), args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}");
        assert!(err.contains("Usage: ticketry") || err.contains("--help"), "{args:?} {err}");
    }
    let (_, _, err) = ticketry(dir.path(), &["chekc", "x"]);
    assert!(err.contains("'check'"), "{err}");
    let (code, out, _) = ticketry(dir.path(), &["--help"]);
    assert!(code == 0 && out.contains("Exit codes: ") && out.contains("退出码"), "{out}");
    for word in ["check", "test", "explain", "graph", "replay", "definitions", "new", "export", "code"] {
        assert!(out.contains(&format!("  {word} ")), "{word}\n{out}");
        assert_eq!(ticketry(dir.path(), &[word, "--help"]).0, 0);
    }
}

#[test]
fn s11_s89_diff_says_what_changed_and_what_nothing_maps() {
    let (dir, _) = demo();
    ticketry(dir.path(), &["new", "next"]);
    assert_eq!(ticketry(dir.path(), &["diff", "demo", "demo"]), (0, "nothing changed\n".into(), String::new()));
    let next = dir.path().join("next");
    let edit = |file: &str, edits: &[(&str, &str)]| {
        let text = fs::read_to_string(next.join(file)).unwrap();
        write(&next, file, &edits.iter().fold(text, |t, (from, to)| t.replace(from, to)));
    };
    edit(
        "workflows/question.toml",
        &[("version = 1", "version = 2"), ("pending", "waiting"), ("class = \"waiting\"", "class = \"pending\"")],
    );
    edit("rules/20-conversation.rhai", &[("\"pending\"", "\"waiting\"")]);
    edit("playbook.toml", &[("name = \"next\"", "name = \"demo\"")]);
    let (code, out, err) = ticketry(dir.path(), &["diff", "demo", "next", "--mapped"]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(
        out.starts_with("state `pending` of `question` is gone (needs a map)\n") && err.starts_with("1 of these need a map"),
        "{out}{err}"
    );
    assert_eq!(ticketry(dir.path(), &["diff", "demo", "next"]).0, 0);
    fs::create_dir_all(next.join("migrations")).unwrap();
    write(
        &next,
        "migrations/two.toml",
        "from = { workflow = \"question\", version = 1 }\nto = { workflow = \"question\", version = 2 }\nsame = true\n\n[states]\npending = \"waiting\"\n",
    );
    let (code, out, err) = ticketry(dir.path(), &["diff", "demo", "next", "--mapped"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("state `pending` of `question` is gone (mapped by `two`)\n"), "{out}");
    assert!(out.contains("workflow `question` is version 2 instead of 1\n"), "{out}");
    let (code, out, _) = ticketry(dir.path(), &["diff", "demo", "next", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, json["changes"][0]["weight"].as_str()), (0, Some("needs_map")));
    assert_eq!(json["unmapped"].as_array().map(Vec::len), Some(0));
    let (code, _, err) = ticketry(dir.path(), &["--lang", "zh", "diff", "demo", "nowhere"]);
    assert!(code == 2 && err.contains("nowhere"), "{err}");
}

#[test]
fn a_reference_is_a_file_of_its_kind() {
    let (dir, demo) = demo();
    let (code, out, err) = ticketry(dir.path(), &["reference"]);
    assert_eq!((code, err.as_str(), out.lines().count()), (0, "", 9));
    assert!(out.contains("\nworkflow   workflows/*.toml\n"), "{out}");
    for kind in ["workflow", "workflows/question.toml"] {
        let (code, out, _) = ticketry(dir.path(), &["reference", kind]);
        assert!(code == 0 && out.starts_with("# workflows/*.toml: every key"), "{out}");
    }
    let (code, out, _) = ticketry(dir.path(), &["reference", "roster"]);
    assert_eq!(code, 0);
    write(&demo, "roster.toml", &out);
    let (code, out, _) = ticketry(dir.path(), &["check", "demo"]);
    assert_eq!(code, 1, "its skills and shifts are not the demo's");
    assert!(out.contains("roster.toml") && !out.contains("unknown-key"), "{out}");
    let (code, _, err) = ticketry(dir.path(), &["reference", "wokflow"]);
    assert!(code == 2 && err.contains("did you mean `workflow`?"), "{err}");
}
