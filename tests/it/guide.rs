//! What `docs/rules.md` shows is what the program does: its rules load and its tests pass on the starter, its mistakes look as shown.

use ticketry::diagnostic::{Lang, Source};
use ticketry::harness::{self, Options};

const GUIDE: &str = include_str!("../../docs/rules.md");

/// Every fenced block: its word and what stands in it.
fn blocks() -> Vec<(&'static str, &'static str)> {
    GUIDE.split("\n```").skip(1).step_by(2).map(|b| b.split_once('\n').unwrap()).collect()
}

fn of(word: &str) -> Vec<&'static str> {
    blocks().into_iter().filter(|(w, _)| *w == word).map(|(_, b)| b).collect()
}

/// The starter with the guide's files: a table of watches or macros is one of its own, else the first line of a block names its file.
fn source() -> Source {
    let mut source = harness::starter("demo");
    for block in of("toml") {
        if let Some((file, content)) = block.strip_prefix("# at the end of ").and_then(|b| b.split_once('\n')) {
            let before = source.get(file).unwrap().to_string();
            source.add(file, format!("{before}\n{content}\n"));
        }
        for file in ["watches", "macros"].into_iter().filter(|f| block.starts_with(&format!("[[{f}]]"))) {
            source.add(format!("{file}.toml"), block);
        }
    }
    for block in of("rhai") {
        let (file, content) = block.split_once('\n').unwrap();
        let file = file.strip_prefix("// ").unwrap();
        assert!(file.starts_with("rules/") || file.starts_with("tests/"), "{file}");
        let before = source.get(file).unwrap_or_default().to_string();
        source.add(file, format!("{before}{content}\n"));
    }
    for block in of("csv") {
        let file = block.lines().next().and_then(|l| l.strip_prefix("# ")).unwrap();
        source.add(file, format!("{block}\n"));
    }
    source
}

#[test]
fn the_rules_of_the_guide_load_and_its_tests_reach_all_of_them() {
    let source = source();
    let found = harness::check(&source);
    assert!(found.is_empty(), "{}", found.render(Lang::En, Some(&source)));
    let report = harness::test(&source, &Options { coverage: true, ..Options::default() }).unwrap();
    assert!(report.passed(), "{report}");
    let own = |r: &&harness::RuleCoverage| r.place.file.starts_with("rules/50") || r.place.file.starts_with("rules/60");
    let rules: Vec<_> = report.coverage().unwrap().rules().filter(own).collect();
    assert_eq!(rules.len(), 9);
    assert_eq!(rules.iter().filter(|r| r.matched == 0).map(|r| r.rule.as_str()).collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn the_mistakes_of_the_guide_look_as_shown() {
    let wrong = of("rhai,wrong");
    assert_eq!(wrong.len(), 2);
    let shown = |rules: &str| {
        let source = harness::starter("demo").with("rules/wrong.rhai", format!("{rules}\n"));
        harness::check(&source).render(Lang::En, Some(&source))
    };
    assert_eq!(shown(wrong[0]).trim_end(), of("text")[0]);
    assert!(
        shown(wrong[1]).contains("error[captured-variable]") || shown(wrong[1]).contains("error[not-in-rule-file]"),
        "{}",
        shown(wrong[1])
    );
}

#[test]
fn the_ticket_of_the_guide_is_explained() {
    let told = harness::explain(&source(), "ticket.json", of("json")[0]).unwrap();
    assert!(told.done(), "{}", told.render(Lang::En));
    assert!(told.render(Lang::En).contains("rule an-outage-is-urgent (created, lowered): fired"));
}

/// The commands exist, with these arguments.
#[test]
fn the_commands_of_the_guide_are_those_of_the_program() {
    let known = ["new", "check", "test", "definitions", "reference", "explain", "export", "replay", "graph"];
    let lines: Vec<&str> = of("sh").into_iter().flat_map(str::lines).collect();
    let used: Vec<&str> = lines.iter().filter_map(|l| l.strip_prefix("ticketry ")).filter_map(|l| l.split(' ').next()).collect();
    assert!(used.len() >= 6 && used.iter().all(|w| known.contains(w)), "{used:?}");
    assert!(of("rust,no_run")[0].contains("ticketry::harness::test_folder"));
}

/// The keys of the table are those of the values, each command's in its row.
#[test]
fn the_json_of_the_guide_is_what_programs_get() {
    let source = source().with("tests/wrong.rhai", "test(\"wrong\", |desk| assert(false));");
    let report = harness::test(&source, &Options { coverage: true, ..Options::default() }).unwrap();
    let told = harness::explain(&source, "ticket.json", of("json")[0]).unwrap();
    let checked = serde_json::json!({ "problems": harness::check(&source.clone().with("rules/x.rhai", "x();")) });
    let values = [("test", serde_json::to_value(&report).unwrap()), ("explain", serde_json::to_value(&told).unwrap()), ("check", checked)];
    for (command, value) in values {
        let row = GUIDE.lines().find(|l| l.starts_with(&format!("| `{command}` | "))).unwrap();
        let mut keys = std::collections::BTreeSet::new();
        collect(&value, &mut keys);
        let here = |k: &&str| *k != "en" && *k != "zh";
        let words: Vec<&str> = row.split('`').skip(3).step_by(2).filter(here).collect();
        let known_elsewhere = ["errors", "warnings", "problems"];
        for word in words.iter().filter(|w| !known_elsewhere.contains(w)) {
            assert!(keys.contains(*word), "{command}: {word} is in no value");
        }
        assert!(!words.is_empty());
    }
    for key in ["judged", "matched", "fired", "parts", "text", "depth", "held"] {
        assert!(serde_json::to_value(&report).unwrap()["coverage"].to_string().contains(&format!("\"{key}\"")), "{key}");
    }
}

fn collect(value: &serde_json::Value, keys: &mut std::collections::BTreeSet<String>) {
    match value {
        serde_json::Value::Object(all) => all.iter().for_each(|(k, v)| {
            keys.insert(k.clone());
            collect(v, keys);
        }),
        serde_json::Value::Array(all) => all.iter().for_each(|v| collect(v, keys)),
        _ => {}
    }
}
