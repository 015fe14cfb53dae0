#![doc = include_str!("codes.md")]

use std::sync::LazyLock;

const PAGE: &str = include_str!("codes.md");

/// A passage of the page that begins with a heading.
#[derive(Clone, Copy, Debug)]
struct Entry {
    group: &'static str,
    code: &'static str,
    text: &'static str,
}

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let mut out = Vec::new();
    for group in sections(PAGE, "## ") {
        let title = group.lines().next().unwrap_or_default().trim();
        out.extend(sections(group, "### ").map(|entry| {
            let (code, text) = entry.split_once('\n').unwrap_or((entry, ""));
            Entry { group: title, code: code.trim(), text: text.trim() }
        }));
    }
    out
});

/// What stands behind each heading of this mark, up to the next.
fn sections(page: &'static str, mark: &'static str) -> impl Iterator<Item = &'static str> {
    let mut rest = page;
    std::iter::from_fn(move || {
        let at = if rest.starts_with(mark) { 0 } else { rest.match_indices(mark).map(|(i, _)| i).find(|i| begins_line(rest, *i))? };
        let body = rest.get(at.saturating_add(mark.len())..)?;
        let end = body.match_indices(mark).map(|(i, _)| i).find(|i| begins_line(body, *i)).unwrap_or(body.len());
        rest = body.get(end..)?;
        body.get(..end)
    })
}

fn begins_line(text: &str, at: usize) -> bool {
    text.get(..at).is_some_and(|before| before.ends_with('\n'))
}

/// What a code means, as Markdown: a line with its severity (`error`, `warning` or `error or warning`), then the explanation. `None` if there is no such code.
///
/// ```
/// use ticketry::diagnostic::codes::explain;
/// assert!(explain("dead-end").unwrap().starts_with("error\n"));
/// assert_eq!(explain("dead-edn"), None);
/// ```
pub fn explain(code: &str) -> Option<&'static str> {
    ENTRIES.iter().find(|e| e.code == code).map(|e| e.text)
}

/// Every code, in the order of this page.
///
/// ```
/// use ticketry::diagnostic::{codes, did_you_mean};
/// assert!(codes::all().any(|c| c == "table-gap"));
/// assert_eq!(did_you_mean("dead-edn", codes::all()).unwrap().en, "did you mean `dead-end`?");
/// ```
pub fn all() -> impl Iterator<Item = &'static str> {
    ENTRIES.iter().map(|e| e.code)
}

/// Every code with the heading it stands under, in the order of this page.
///
/// ```
/// use ticketry::diagnostic::codes::grouped;
/// assert!(grouped().any(|(group, code)| group == "Tables" && code == "table-gap"));
/// ```
pub fn grouped() -> impl Iterator<Item = (&'static str, &'static str)> {
    ENTRIES.iter().map(|e| (e.group, e.code))
}
