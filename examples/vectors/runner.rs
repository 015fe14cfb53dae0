//! Finds vector files, gives each case to the part that knows its folder, and counts. Shared by the example and the tests.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used, clippy::arithmetic_side_effects)]

#[path = "business_time.rs"]
pub mod business_time;
#[path = "sla.rs"]
pub mod sla;

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
        if *expected == got { Self::Passed } else { Self::Failed { expected: expected.to_string(), got: got.to_string() } }
    }
    pub fn failed(expected: &Value, got: impl Into<String>) -> Self {
        Self::Failed { expected: expected.to_string(), got: got.into() }
    }
    pub fn skipped(why: impl Into<String>) -> Self {
        Self::Skipped { why: why.into() }
    }
}

/// A folder of vectors: the outcome of each case of a file, given the whole file and the case.
pub struct Kind {
    pub folder: &'static str,
    /// `None`: comes with a later issue; its files are listed as not yet run.
    pub run: Option<fn(&Value, &Value) -> Outcome>,
}

/// Every folder there is. To add one: a file beside this one with `pub fn case(file: &Value, case: &Value) -> Outcome`.
pub const KINDS: [Kind; 3] = [
    Kind { folder: "business_time", run: Some(business_time::case) },
    Kind { folder: "sla", run: Some(sla::case) },
    Kind { folder: "workflow", run: None },
];

/// All outcomes.
#[derive(Default)]
pub struct Report {
    /// File, id, outcome.
    pub cases: Vec<(String, String, Outcome)>,
    /// Files that could not be run, and why.
    pub broken: Vec<(String, String)>,
    /// Files whose folder is not run yet.
    pub later: Vec<String>,
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
        for file in &self.later {
            writeln!(out, "not yet run: {file}").unwrap();
        }
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

/// Runs every vector file in or below these folders.
pub fn run(dirs: &[PathBuf]) -> Report {
    let mut report = Report::default();
    for dir in dirs {
        let mut files = Vec::new();
        if let Err(e) = walk(dir, &mut files) {
            report.broken.push((dir.display().to_string(), format!("cannot be read: {e}")));
        }
        files.sort();
        for path in files {
            one_file(&path, &mut report);
        }
    }
    report
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
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
    let folder = path.parent().and_then(|p| p.file_name()).and_then(|n| n.to_str());
    KINDS.iter().find(|k| Some(k.folder) == by_schema.or(folder))
}

fn one_file(path: &Path, report: &mut Report) {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_string();
    let folder = path.parent().and_then(|p| p.file_name()).unwrap_or_default().to_string_lossy().to_string();
    let name = format!("{folder}/{name}");
    let read = std::fs::read_to_string(path).map_err(|e| e.to_string());
    let file: Value = match read.and_then(|s| serde_json::from_str(&s).map_err(|e| e.to_string())) {
        Ok(file) => file,
        Err(e) => return report.broken.push((name, e)),
    };
    let Some(kind) = kind_of(path, &file) else { return report.broken.push((name, "no known schema or folder".to_string())) };
    let Some(run) = kind.run else { return report.later.push(name) };
    let Some(cases) = file["cases"].as_array().or_else(|| file["scenarios"].as_array()) else {
        return report.broken.push((name, "no list `cases` or `scenarios`".to_string()));
    };
    for case in cases {
        let id = case["id"].as_str().unwrap_or("?").to_string();
        let outcome = catch_unwind(AssertUnwindSafe(|| run(&file, case)))
            .unwrap_or_else(|_| Outcome::failed(&case["expect"], "the case could not be run: a panic"));
        report.cases.push((name.clone(), id, outcome));
    }
}
