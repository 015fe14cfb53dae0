//! The files of a playbook, in memory, and places in them.

use serde::Serialize;
use std::{collections::BTreeMap, fmt, sync::Arc};

/// A place in a file of the playbook: line and column count from 1, in characters; 0 means "the whole file".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// The file, as its path inside the playbook folder.
    pub file: Arc<str>,
    /// Line from 1.
    pub line: u32,
    /// Column from 1, in characters.
    pub column: u32,
    /// How many characters.
    pub length: u32,
}

impl Place {
    /// A place.
    pub fn new(file: impl Into<Arc<str>>, line: u32, column: u32, length: u32) -> Self {
        Self { file: file.into(), line, column, length }
    }
    /// The whole file, or something built in Rust (`file` is then a description such as `builder`).
    pub fn file(file: impl Into<Arc<str>>) -> Self {
        Self::new(file, 0, 0, 0)
    }
    /// The place of the byte range `start..end` of `content`.
    pub fn of_bytes(file: impl Into<Arc<str>>, content: &str, start: usize, end: usize) -> Self {
        let start = floor(content, start);
        let end = floor(content, end).max(start);
        let before = content.get(..start).unwrap_or("");
        let line = before.matches('\n').count().saturating_add(1);
        let column = before.rsplit('\n').next().unwrap_or("").chars().count().saturating_add(1);
        let length = content.get(start..end).unwrap_or("").split('\n').next().unwrap_or("").chars().count();
        Self::new(file, clamp(line), clamp(column), clamp(length))
    }
    /// The place of something `line` and `column` (both from 1) inside a text that itself begins at this place, such as a
    /// condition in a TOML string.
    #[must_use]
    pub fn inside(&self, line: u32, column: u32, length: u32) -> Self {
        let down = line.saturating_sub(1);
        let column = if down == 0 { self.column.saturating_add(column.saturating_sub(1)) } else { column };
        Self { file: self.file.clone(), line: self.line.saturating_add(down), column, length }
    }
}

fn floor(content: &str, mut at: usize) -> usize {
    at = at.min(content.len());
    while !content.is_char_boundary(at) {
        at = at.saturating_sub(1);
    }
    at
}

fn clamp(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 { f.write_str(&self.file) } else { write!(f, "{}:{}:{}", self.file, self.line, self.column) }
    }
}

/// The files of a playbook, by path with `/`, in memory: from `include_str!`, a folder ([`crate::folder`]) or a test.
///
/// ```
/// use ticketry::diagnostic::Source;
/// let s = Source::new().with("playbook.toml", "name = \"demo\"\n");
/// assert_eq!(s.get("playbook.toml"), Some("name = \"demo\"\n"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    files: BTreeMap<Arc<str>, Arc<str>>,
}

impl Source {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }
    /// With one file more; a file of the same path is replaced.
    #[must_use]
    pub fn with(mut self, path: impl Into<Arc<str>>, content: impl Into<Arc<str>>) -> Self {
        self.add(path, content);
        self
    }
    /// Adds a file.
    pub fn add(&mut self, path: impl Into<Arc<str>>, content: impl Into<Arc<str>>) {
        self.files.insert(path.into(), content.into());
    }
    /// The content of a file.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(|c| &**c)
    }
    /// All files in order of path.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
        self.files.iter()
    }
    /// The files directly or deeper under `folder` (with or without its final `/`) whose name ends with `suffix`, in order of path.
    pub fn under<'a>(&'a self, folder: &'a str, suffix: &'a str) -> impl Iterator<Item = (&'a Arc<str>, &'a Arc<str>)> {
        let folder = folder.trim_end_matches('/');
        self.files.iter().filter(move |(p, _)| p.strip_prefix(folder).is_some_and(|r| r.starts_with('/')) && p.ends_with(suffix))
    }
    /// The line a place is on.
    pub fn line(&self, place: &Place) -> Option<&str> {
        let index = (place.line as usize).checked_sub(1)?;
        self.get(&place.file)?.lines().nth(index)
    }
}
