//! Finds vector files, gives each case to the part that knows its folder, and counts. Shared by the example and the tests.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used, clippy::arithmetic_side_effects)]

#[path = "business_time.rs"]
pub mod business_time;
#[path = "sla.rs"]
pub mod sla;
#[path = "workflow.rs"]
pub mod workflow;

use serde_json::Value;
use std::{
    fmt::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

/// What became of a case.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Passed,
    Failed { expected: String, got: String },
    Skipped { why: String },
}

impl Outcome {
    /// Passed if equal.
    pub fn of(expected: &Value, got: Value) -> Self {
        if same(expected, &got) { Self::Passed } else { Self::Failed { expected: expected.to_string(), got: got.to_string() } }
    }
    pub fn failed(expected: &Value, got: impl Into<String>) -> Self {
        Self::Failed { expected: expected.to_string(), got: got.into() }
    }
    pub fn skipped(why: impl Into<String>) -> Self {
        Self::Skipped { why: why.into() }
    }
}

/// Equal, numbers by what they are worth, instants by when they are, however they are written; `never` is nothing.
pub fn same(a: &Value, b: &Value) -> bool {
    let never = |v: &Value| v.is_null() || v == "never";
    let at = |v: &Value| v.as_str().and_then(|s| s.parse::<chrono::DateTime<chrono::Utc>>().ok());
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| same(v, w))),
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        _ => a == b || (never(a) && never(b)) || at(a).is_some_and(|t| at(b) == Some(t)),
    }
}

/// The conventions our laws decide (S53, S54), by key: the values that are ours.
const OURS: [(&str, &[&str]); 9] = [
    ("end_boundary", &["close"]),
    ("start_boundary", &["same_open"]),
    ("zero_add", &["unchanged"]),
    ("reversed_range", &["negative"]),
    ("dst_duration", &["absolute"]),
    // An opening or closing in a gap moves to the gap's end (S54).
    ("dst_gap_wall_time", &["gap_end"]),
    ("gap", &["gap_end"]),
    ("fold", &["earlier_offset"]),
    // S53.
    ("day_rule", &["roll_closed_date_first"]),
];
/// Values known to be somebody else's.
const OTHERS: [(&str, &[&str]); 6] = [
    ("end_boundary", &["next_open"]),
    ("zero_add", &["next_open", "prev_close"]),
    ("reversed_range", &["zero", "absolute_value"]),
    ("dst_duration", &["wall_clock"]),
    ("dst_gap_wall_time", &["shift_forward"]),
    ("close_instant", &["open"]),
];

/// Whose the conventions of a case are.
#[derive(Clone, Debug, PartialEq)]
pub enum Whose {
    /// None are named, or only ours: the case must pass.
    Ours,
    /// One is known not to be ours.
    Others(String),
    /// One is a word nobody has told us of: run it; if the outcome is another, it was not ours.
    Unknown(String),
}

/// Looks at the conventions of a case; `also` are those of others that the part that runs it can follow besides.
pub fn whose(case: &Value, also: &[(&str, &[&str])]) -> Whose {
    let mut answer = Whose::Ours;
    for (key, value) in case["convention"].as_object().into_iter().flatten() {
        let word = value.as_str().unwrap_or_default();
        let among = |list: &[(&str, &[&str])]| list.iter().any(|(k, values)| k == key && values.contains(&word));
        let why = || format!("convention {key}: {}", value.as_str().map_or_else(|| value.to_string(), str::to_string));
        if among(&OTHERS) {
            return Whose::Others(why());
        } else if !among(&OURS) && !among(also) {
            answer = Whose::Unknown(why());
        }
    }
    answer
}

/// Runs a case as its conventions want it.
pub fn by_convention(case: &Value, also: &[(&str, &[&str])], run: impl FnOnce() -> Outcome) -> Outcome {
    match whose(case, also) {
        Whose::Ours => run(),
        Whose::Others(why) => Outcome::skipped(why),
        Whose::Unknown(why) => match run() {
            Outcome::Passed => Outcome::Passed,
            _ => Outcome::skipped(why),
        },
    }
}

/// Whether a case may be skipped at all: only for a named convention that is not ours, or as a product's own rule of a named dialect.
fn may_be_skipped(case: &Value, _why: &str) -> bool {
    whose(case, &[]) != Whose::Ours || (case["core"] == Value::Bool(false) && case["dialect"].is_string())
}

/// A folder of vectors: the outcome of each case of a file, given the whole file and the case.
pub struct Kind {
    pub folder: &'static str,
    pub run: fn(&Value, &Value) -> Outcome,
    /// Whether a case may be skipped for such a reason.
    pub may_be_skipped: fn(&Value, &str) -> bool,
}

/// Every folder there is. To add one: a file beside this one with `pub fn case(file: &Value, case: &Value) -> Outcome`.
pub const KINDS: [Kind; 3] = [
    Kind { folder: "business_time", run: business_time::case, may_be_skipped },
    Kind { folder: "sla", run: sla::case, may_be_skipped },
    Kind { folder: "workflow", run: workflow::case, may_be_skipped: workflow::may_be_skipped },
];

/// All outcomes.
#[derive(Default)]
pub struct Report {
    /// File, id, outcome.
    pub cases: Vec<(String, String, Outcome)>,
    /// Files that could not be run, and why.
    pub broken: Vec<(String, String)>,
}

impl Report {
    pub fn count(&self) -> (usize, usize, usize) {
        let of = |f: fn(&Outcome) -> bool| self.cases.iter().filter(|c| f(&c.2)).count();
        (
            of(|o| matches!(o, Outcome::Passed)),
            of(|o| matches!(o, Outcome::Failed { .. })) + self.broken.len(),
            of(|o| matches!(o, Outcome::Skipped { .. })),
        )
    }
    pub fn is_good(&self) -> bool {
        let (passed, failed, _) = self.count();
        passed > 0 && failed == 0
    }
    pub fn render(&self) -> String {
        let mut out = String::new();
        for (file, why) in &self.broken {
            writeln!(out, "FAILED {file}: {why}").unwrap();
        }
        for (file, id, outcome) in &self.cases {
            match outcome {
                Outcome::Passed => {}
                Outcome::Failed { expected, got } => writeln!(out, "FAILED {file} {id}: expected {expected}, got {got}").unwrap(),
                Outcome::Skipped { why } => writeln!(out, "skipped {file} {id}: {why}").unwrap(),
            }
        }
        let (passed, failed, skipped) = self.count();
        writeln!(out, "{passed} passed, {failed} failed, {skipped} skipped").unwrap();
        out
    }
}

/// Runs every vector file in or below these folders, each once.
pub fn run(dirs: &[PathBuf]) -> Report {
    let mut report = Report::default();
    let mut seen = std::collections::HashSet::new();
    for dir in dirs {
        let mut files = Vec::new();
        if let Err(e) = walk(dir, &mut files) {
            report.broken.push((dir.display().to_string(), format!("cannot be read: {e}")));
        }
        files.sort();
        for path in files {
            if seen.insert(std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone())) {
                one_file(&path, &mut report);
            }
        }
    }
    report
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if dir.is_file() {
        files.push(dir.to_path_buf());
        return Ok(());
    }
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "json") {
            files.push(path);
        }
    }
    Ok(())
}

/// A file's kind is said by its `schema` (`business-time/1`), else by the folder it is in.
fn kind_of(path: &Path, file: &Value) -> Option<&'static Kind> {
    let schema = file["schema"].as_str().unwrap_or_default();
    let by_schema = match schema.split('/').next().unwrap_or_default() {
        "business-time" => Some("business_time"),
        "sla-scenario" => Some("sla"),
        "workflow" => Some("workflow"),
        _ => None,
    };
    let above = || path.ancestors().skip(1).filter_map(|p| p.file_name().and_then(|n| n.to_str()));
    match by_schema {
        Some(kind) => KINDS.iter().find(|k| k.folder == kind),
        None if schema.is_empty() => above().find_map(|folder| KINDS.iter().find(|k| k.folder == folder)),
        None => None,
    }
}

fn one_file(path: &Path, report: &mut Report) {
    let name = path.display().to_string();
    let read = std::fs::read_to_string(path).map_err(|e| e.to_string());
    let file: Value = match read.and_then(|s| serde_json::from_str(&s).map_err(|e| e.to_string())) {
        Ok(file) => file,
        Err(e) => return report.broken.push((name, e)),
    };
    let Some(kind) = kind_of(path, &file) else { return report.broken.push((name, "no known schema or folder".to_string())) };
    let Some(cases) = file["cases"].as_array().or_else(|| file["scenarios"].as_array()) else {
        return report.broken.push((name, "no list `cases` or `scenarios`".to_string()));
    };
    for case in cases {
        let id = case["id"].as_str().map_or_else(|| case["id"].to_string(), str::to_string);
        let outcome = catch_unwind(AssertUnwindSafe(|| (kind.run)(&file, case)))
            .unwrap_or_else(|_| Outcome::failed(&case["expect"], "the case could not be run: a panic"));
        let outcome = match outcome {
            Outcome::Skipped { why } if !(kind.may_be_skipped)(case, &why) => {
                Outcome::failed(&case["expect"], format!("skipped without a named reason: {why}"))
            }
            other => other,
        };
        report.cases.push((name.clone(), id, outcome));
    }
}
