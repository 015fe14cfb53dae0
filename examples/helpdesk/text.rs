//! Tables and colours for a terminal. Chinese characters are two columns wide, so widths are counted, not bytes or characters.

use ticketry::diagnostic::Lang;
use unicode_width::UnicodeWidthStr;

/// How to write: language, and whether colours may be used.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub lang: Lang,
    pub colour: bool,
}

impl Style {
    /// One of two texts.
    pub fn say<'a>(&self, en: &'a str, zh: &'a str) -> &'a str {
        match self.lang {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }
    fn paint(&self, code: &str, s: &str) -> String {
        if self.colour { format!("\x1b[{code}m{s}\x1b[0m") } else { s.to_string() }
    }
    /// A heading.
    pub fn heading(&self, s: &str) -> String {
        let line = "─".repeat(96usize.saturating_sub(s.width() + 4));
        self.paint("1", &format!("── {s} {line}"))
    }
    /// In a state's colour (S62).
    pub fn state(&self, colour: &str, s: &str) -> String {
        let code = match colour {
            "grey" => "90",
            "yellow" => "33",
            "purple" => "35",
            "brown" => "38;5;130",
            "green" => "32",
            "blue" => "34",
            "indigo" => "38;5;63",
            "teal" => "36",
            _ => "2",
        };
        self.paint(code, s)
    }
    /// The amber flag: at risk.
    pub fn amber(&self, s: &str) -> String {
        self.paint("1;38;5;214", s)
    }
    /// The red flag: overdue.
    pub fn red(&self, s: &str) -> String {
        self.paint("1;31", s)
    }
    /// The first line of an entry.
    pub fn say_head(&self, s: &str) -> String {
        self.paint("1", s)
    }
    /// Less important.
    pub fn dim(&self, s: &str) -> String {
        self.paint("2", s)
    }
}

/// The width on screen, escape sequences not counted.
pub fn width(s: &str) -> usize {
    let mut plain = String::with_capacity(s.len());
    let mut skipping = false;
    for c in s.chars() {
        match (skipping, c) {
            (false, '\x1b') => skipping = true,
            (false, c) => plain.push(c),
            (true, 'm') => skipping = false,
            (true, _) => {}
        }
    }
    plain.width()
}

/// Padded on the right to a width.
pub fn left(s: &str, to: usize) -> String {
    format!("{s}{}", " ".repeat(to.saturating_sub(width(s))))
}
/// Padded on the left to a width.
pub fn right(s: &str, to: usize) -> String {
    format!("{}{s}", " ".repeat(to.saturating_sub(width(s))))
}
/// Cut to a width, with `…` where something is missing.
pub fn cut(s: &str, to: usize) -> String {
    if width(s) <= to {
        return s.to_string();
    }
    let mut out = String::new();
    for c in s.chars() {
        if width(&out) + width(&c.to_string()) + 1 > to {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}
/// A bar of `full` cells for `part` of `whole`.
pub fn bar(part: u64, whole: u64, full: usize) -> String {
    let filled = if whole == 0 { 0 } else { (part.min(whole) as usize * full).div_ceil(whole as usize) };
    format!("{}{}", "█".repeat(filled), "·".repeat(full.saturating_sub(filled)))
}

/// A table: first column to the left, the others to the right unless told.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
    lefts: Vec<usize>,
    ruled: bool,
}

impl Table {
    /// A table with these column heads.
    pub fn new(heads: &[&str]) -> Self {
        Self { rows: vec![heads.iter().map(|h| (*h).to_string()).collect()], lefts: vec![0], ruled: true }
    }
    /// These columns too are set to the left.
    #[must_use]
    pub fn left(mut self, columns: &[usize]) -> Self {
        self.lefts.extend(columns);
        self
    }
    /// Adds a row.
    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }
    /// The table as lines.
    pub fn render(&self, style: Style) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> =
            (0..columns).map(|i| self.rows.iter().filter_map(|r| r.get(i)).map(|c| width(c)).max().unwrap_or(0)).collect();
        let mut out = String::new();
        for (n, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(&widths).enumerate();
            let line: Vec<String> = cells.map(|(i, (c, w))| if self.lefts.contains(&i) { left(c, *w) } else { right(c, *w) }).collect();
            let line = format!("  {}", line.join("  "));
            let line = line.trim_end();
            out.push_str(&if n == 0 && self.ruled { style.dim(line) } else { line.to_string() });
            out.push('\n');
        }
        out
    }
}
