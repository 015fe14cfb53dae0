//! The page of codes against the sources: every code that can be reported has an entry, every entry is reported, and with the severity it names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use ticketry::diagnostic::codes;
use ticketry::workflow::Blocker;

/// Hyphened words of the sources that are no codes of errors or warnings.
const NOT_CODES: [&str; 17] = [
    // How a ticket came to be, and serde's name for such words.
    "follow-up",
    // Kinds of links between tickets.
    "caused-by",
    "duplicate-of",
    "duplicated-by",
    "followed-by",
    "split-from",
    "split-into",
    "kebab-case",
    // Why a person was refused, or a step of the past left out of a replay.
    "moved-since",
    "no-ticket",
    "no-beginning",
    "not-a-command",
    "unmapped-activity",
    // Names of threads and modules.
    "ticketry-reach",
    "ticketry-scripts",
    "ticketry-tests",
    "ticketry-ticket",
];

/// Rooms and files that refuse people or explain decisions and report nothing to authors.
const SILENT: [&str; 3] = ["engine/", "store/", "routing/explain.rs"];

/// Functions that report, by the severity they report with.
const ERRORS: [&str; 13] = [
    "Diagnostic::error(",
    ".error(",
    ".error_help(",
    ".unknown_state(",
    ".wrong(",
    ".wrong_with(",
    ".wrong::<()>(",
    ".parsed(",
    ".bad(",
    ".fail(",
    " unknown(",
    "(unknown(",
    "(wrong(",
];
const WARNINGS: [&str; 2] = ["Diagnostic::warning(", ".warn_help("];

fn sources(folder: &Path, root: &Path, out: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, root, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            let code: Vec<_> =
                std::fs::read_to_string(&path).unwrap().lines().filter(|l| !l.trim_start().starts_with("//")).map(str::to_string).collect();
            out.push((name, code.join("\n").replace("\\\"", "'").replace("'\"'", "' '")));
        }
    }
}

/// The sources that report, without comments.
fn reporting() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    sources(&root, &root, &mut all);
    assert!(all.len() > 100);
    let (silent, reporting): (Vec<_>, Vec<_>) = all.into_iter().partition(|(name, _)| SILENT.iter().any(|s| name.starts_with(s)));
    for (name, code) in silent {
        assert!(!code.contains("Diagnostic::error") && !code.contains("Diagnostic::warning"), "{name} reports: take it out of SILENT");
    }
    reporting
}

fn is_code(word: &str) -> bool {
    word.contains('-')
        && word.starts_with(|c: char| c.is_ascii_lowercase())
        && !word.ends_with('-')
        && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The codes written out behind a call of these functions, with the file.
fn called<'s>(sources: &'s [(String, String)], functions: &[&str]) -> BTreeMap<&'s str, &'s str> {
    let mut out = BTreeMap::new();
    for (name, code) in sources {
        for f in functions {
            for (at, _) in code.match_indices(f) {
                let word = code[at + f.len()..].trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
                out.extend(word.filter(|w| !w.contains([' ', '/', '\n'])).map(|w| (w, name.as_str())));
            }
        }
    }
    out
}

#[test]
fn every_code_that_is_reported_has_an_entry_and_every_entry_is_reported() {
    let sources = reporting();
    let known: BTreeSet<&str> = codes::all().collect();
    let mut said: BTreeSet<&str> = BTreeSet::new();
    let mut missing: BTreeSet<String> = BTreeSet::new();
    let calls = called(&sources, &["Diagnostic::error(", "Diagnostic::warning("]);
    let words = sources.iter().flat_map(|(name, code)| {
        code.lines().flat_map(|line| line.split('"').skip(1).step_by(2)).filter(|w| is_code(w)).map(move |w| (w, name.as_str()))
    });
    for (word, file) in words.chain(calls) {
        said.insert(word);
        if !known.contains(word) && !NOT_CODES.contains(&word) && !Blocker::CODES.contains(&word) {
            missing.insert(format!("{word} ({file})"));
        }
    }
    assert!(missing.is_empty(), "without an entry in src/diagnostic/codes.md: {missing:#?}");
    let idle: Vec<_> = known.difference(&said).collect();
    assert!(idle.is_empty(), "entries that nothing reports: {idle:?}");
    let both: Vec<_> = NOT_CODES.iter().filter(|w| known.contains(*w)).collect();
    assert!(both.is_empty(), "{both:?}");
}

#[test]
fn every_entry_names_its_severity_and_says_something() {
    let sources = reporting();
    let (errors, warnings) = (called(&sources, &ERRORS), called(&sources, &WARNINGS));
    let mut seen = BTreeSet::new();
    for code in codes::all() {
        assert!(seen.insert(code), "{code} stands twice");
        assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{code}");
        let (severity, text) = codes::explain(code).unwrap().split_once("\n\n").unwrap_or_else(|| panic!("{code} says nothing"));
        assert!(text.len() > 40 && text.matches("```").count() % 2 == 0, "{code}: {text}");
        let written = match (errors.get(code), warnings.get(code)) {
            (Some(_), Some(_)) => "error or warning",
            (Some(_), None) => "error",
            (None, Some(_)) => "warning",
            // Built where the code is but a value: its severity cannot be seen here, but it has one.
            (None, None) => {
                assert!(["error", "warning", "error or warning"].contains(&severity), "{code}: {severity}");
                continue;
            }
        };
        assert_eq!(severity, written, "{code}");
    }
    assert!(warnings.len() > 40 && errors.len() > 150, "{} {}", warnings.len(), errors.len());
}

#[test]
fn what_is_no_code_is_not_explained() {
    for word in ["", "dead", "dead-edn", "Workflow files", "### dead-end", "dead-end\n", "##", "no-ticket"] {
        assert_eq!(codes::explain(word), None, "{word:?}");
    }
    assert_eq!(codes::grouped().map(|(_, c)| c).collect::<Vec<_>>(), codes::all().collect::<Vec<_>>());
    assert!(codes::grouped().all(|(g, _)| !g.is_empty()));
}
