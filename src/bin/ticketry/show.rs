//! What is printed, and where.

use serde::Serialize;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use ticketry::diagnostic::{Diagnostics, Lang, Source, Text, text};

/// Why a command ended.
#[derive(Debug)]
pub enum Trouble {
    /// Something is wrong with the playbook, and was said.
    Shown,
    /// The command itself could not be done.
    Impossible(Text),
}

impl Trouble {
    /// It could not be done, for this reason.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self::Impossible(text(en, zh))
    }
    /// A file could not be read or written.
    pub fn file(path: &Path, e: &io::Error) -> Self {
        let name = path.display();
        Self::new(format!("{name}: {}", lower(&e.to_string())), format!("{name}：{e}"))
    }
}

fn lower(s: &str) -> String {
    let mut chars = s.chars();
    chars.next().map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}

/// Prints: in one language, in colour only on a terminal.
#[derive(Debug)]
pub struct Show {
    /// The language.
    pub lang: Lang,
    colour: (bool, bool),
}

impl Show {
    /// As the environment asks for.
    pub fn new(lang: Lang) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()) && std::env::var_os("TERM").is_none_or(|t| t != "dumb");
        Self { lang, colour: (wanted && io::stdout().is_terminal(), wanted && io::stderr().is_terminal()) }
    }
    /// One text of two.
    pub fn say(&self, en: impl Into<String>, zh: impl Into<String>) -> String {
        text(en, zh).get(self.lang).to_string()
    }
    /// To standard output. That nobody reads it any more is no fault of ours.
    pub fn out(&self, s: &str) {
        let s = if self.colour.0 { painted(s) } else { s.to_string() };
        let _ = io::stdout().lock().write_all(s.as_bytes());
    }
    /// To standard error.
    pub fn err(&self, s: &str) {
        let s = if self.colour.1 { painted(s) } else { s.to_string() };
        let _ = io::stderr().lock().write_all(s.as_bytes());
    }
    /// A value as JSON, in one piece.
    pub fn json(&self, value: &impl Serialize) {
        match serde_json::to_string_pretty(value) {
            Ok(s) => self.out(&(s + "\n")),
            Err(e) => self.err(&format!("error: {e}\n")),
        }
    }
    /// Problems of a playbook, with excerpts.
    pub fn problems(&self, problems: &Diagnostics, source: Option<&Source>) -> Trouble {
        self.err(&problems.render(self.lang, source));
        Trouble::Shown
    }
    /// Why the command could not be done.
    pub fn failure(&self, why: &Text) {
        let word = self.say("error", "错误");
        self.err(&format!("{word}: {}\n", why.get(self.lang)));
    }
}

/// The same text with colours, by how its lines begin.
fn painted(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    for line in s.split_inclusive('\n') {
        let (body, end) = line.strip_suffix('\n').map_or((line, ""), |b| (b, "\n"));
        let begins = |words: &[&str]| words.iter().any(|w| body.trim_start().starts_with(w));
        let colour = if begins(&["error[", "错误[", "error:", "错误:", "FAIL ", "失败 "]) {
            "1;31"
        } else if begins(&["warning[", "警告["]) {
            "1;33"
        } else if begins(&["ok  ", "通过 "]) {
            "32"
        } else if begins(&["--> "]) {
            "34"
        } else if begins(&["= help", "= 建议"]) {
            "36"
        } else {
            ""
        };
        let _ =
            if colour.is_empty() || body.is_empty() { write!(out, "{body}{end}") } else { write!(out, "\x1b[{colour}m{body}\x1b[0m{end}") };
    }
    out
}
