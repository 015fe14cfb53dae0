//! What came of a playbook's tests.

use super::{Coverage, Error, Stage};
use crate::diagnostic::{Diagnostic, Diagnostics, Lang, Place, Source, Text, text};
use crate::rules::{Test, TestFailure};
use serde::{Serialize, ser::SerializeStruct as _};
use std::{fmt, process::ExitCode, process::Termination};

/// Most entries of a ticket's story that a failing test shows, the newest.
const ENTRIES: usize = 6;

/// What came of one test.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Why it failed; none: it passed.
    pub problem: Option<Diagnostic>,
    /// What it had read since the last assertion that held, a value a line.
    pub read: Vec<Text>,
    /// What happened to the ticket it is about, by whom and by which rule.
    pub story: Vec<Text>,
}

impl Outcome {
    pub(super) fn passed(test: &Test) -> Self {
        Self { name: test.name().into(), place: test.place().clone(), problem: None, read: Vec::new(), story: Vec::new() }
    }
    pub(super) fn unopened(test: &Test, e: &Error) -> Self {
        Self { problem: Some(Diagnostic::error("no-stage", e.text()).at(test.place().clone())), ..Self::passed(test) }
    }
    pub(super) fn failed(test: &Test, failure: TestFailure, stage: &Stage) -> Self {
        let desk = stage.desk();
        let number = |id| desk.ticket(id).map_or(0, |t| t.number);
        let read = failure.read.iter().map(|(id, what, value)| {
            let n = number(*id);
            text(format!("ticket {n}: {what} is {value}"), format!("工单 {n}：{what} 为 {value}"))
        });
        let mut story = Vec::new();
        if let Some(id) = failure.ticket {
            let journal = desk.journal(id).unwrap_or_default();
            let skipped = journal.len().saturating_sub(ENTRIES);
            if skipped > 0 {
                story.push(text(format!("… {skipped} earlier"), format!("……此前 {skipped} 条")));
            }
            for entry in journal.iter().skip(skipped) {
                if let Ok(Some(e)) = desk.explain(id, entry.revision) {
                    let (en, zh) = (e.render(Lang::En), e.render(Lang::Zh));
                    story.extend(en.lines().zip(zh.lines()).map(|(en, zh)| text(en, zh)));
                }
            }
        }
        Self { problem: Some(failure.problem), read: read.collect(), story, ..Self::passed(test) }
    }
    /// As text; `source` gives the excerpt.
    pub fn render(&self, lang: Lang, source: Option<&Source>) -> String {
        let zh = lang == Lang::Zh;
        let Some(problem) = &self.problem else {
            return format!("{} {}\n", if zh { "通过" } else { "ok  " }, self.name);
        };
        let mut out = format!("{} {}\n", if zh { "失败" } else { "FAIL" }, self.name);
        let mut block = |title: &str, lines: &mut dyn Iterator<Item = String>| {
            let mut first = true;
            for line in lines {
                if std::mem::take(&mut first) && !title.is_empty() {
                    out.push_str(&format!("  {title}\n"));
                }
                out.push_str(&format!("    {line}\n"));
            }
        };
        let rendered = problem.render_with(lang, source);
        block("", &mut rendered.lines().map(str::to_string));
        block(if zh { "此前读取的值：" } else { "read before it:" }, &mut self.read.iter().map(|t| t.get(lang).to_string()));
        block(if zh { "该工单的经过：" } else { "what happened to the ticket:" }, &mut self.story.iter().map(|t| t.get(lang).to_string()));
        out
    }
}

/// What came of all tests of a playbook.
#[derive(Clone, Debug)]
pub struct Report {
    source: Source,
    outcomes: Vec<Outcome>,
    warnings: Diagnostics,
    coverage: Option<Coverage>,
}

impl Report {
    pub(super) fn new(source: Source, outcomes: Vec<Outcome>, warnings: Diagnostics, coverage: Option<Coverage>) -> Self {
        Self { source, outcomes, warnings, coverage }
    }
    /// Each test, in order.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }
    /// What is suspicious about the files of tests and people.
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }
    /// Which rules the tests made match, where that was asked for.
    pub fn coverage(&self) -> Option<&Coverage> {
        self.coverage.as_ref()
    }
    /// How many passed, how many failed.
    pub fn counts(&self) -> (usize, usize) {
        let failed = self.outcomes.iter().filter(|o| o.problem.is_some()).count();
        (self.outcomes.len().saturating_sub(failed), failed)
    }
    /// Whether none failed.
    pub fn passed(&self) -> bool {
        self.counts().1 == 0
    }
    /// The report itself if no test failed.
    ///
    /// # Errors
    /// A test failed.
    pub fn done(self) -> Result<Self, Failed> {
        if self.passed() { Ok(self) } else { Err(Failed(self.render(Lang::En))) }
    }
    /// As text: a line a test, failures with excerpt, values and story, coverage where it was asked for, and a count.
    pub fn render(&self, lang: Lang) -> String {
        let mut out: String = self.outcomes.iter().map(|o| o.render(lang, Some(&self.source))).collect();
        out.extend(self.coverage.iter().map(|c| c.render(lang)));
        let (passed, failed) = self.counts();
        out.push_str(text(format!("{passed} passed, {failed} failed\n"), format!("通过 {passed}，失败 {failed}\n")).get(lang));
        out
    }
}

/// `tests`, `passed`, `failed`, `warnings`, and `coverage` where it was asked for.
impl Serialize for Report {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let (passed, failed) = self.counts();
        let mut all = s.serialize_struct("Report", 5)?;
        all.serialize_field("tests", &self.outcomes)?;
        all.serialize_field("passed", &passed)?;
        all.serialize_field("failed", &failed)?;
        all.serialize_field("warnings", &self.warnings)?;
        all.serialize_field("coverage", &self.coverage)?;
        all.end()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Lang::En))
    }
}

/// A test function may return it.
impl Termination for Report {
    fn report(self) -> ExitCode {
        if self.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// A playbook is wrong, or a test of it failed. Shows the whole report however it is printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Failed(String);

impl Failed {
    pub(super) fn wrong(problems: Diagnostics, source: Option<&Source>) -> Self {
        Self(problems.render(Lang::En, source))
    }
}

impl fmt::Debug for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", self.0)
    }
}
impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for Failed {}
