//! The lines of a feed: unfolded, numbered, and which components they make.

use crate::diagnostic::{Diagnostic, Diagnostics, Place, Text, text};
use std::ops::Range;

/// No more of a feed is read.
const MOST_BYTES: usize = 4 << 20;
/// No more components are read.
const MOST_BLOCKS: usize = 20_000;
/// No more problems are listed of one feed.
const MOST_PROBLEMS: usize = 20;

/// A component of interest: an event or a time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) event: bool,
    /// The line of its BEGIN.
    pub(super) line: u32,
    /// Its bytes, BEGIN and END included.
    pub(super) bytes: Range<usize>,
    /// Property names in capitals, with their lines; those of nested components left out.
    pub(super) names: Vec<(String, u32)>,
}

impl Block {
    /// The line of a property, else of the component.
    pub(super) fn line_of(&self, name: &str) -> u32 {
        self.names.iter().find(|(n, _)| n == name).map_or(self.line, |(_, line)| *line)
    }
}

/// All events and zones of a feed.
pub(super) fn blocks(file: &str, content: &str) -> Result<Vec<Block>, Diagnostics> {
    let at = |line: u32| Place::new(file, line, 1, 0);
    if content.len() > MOST_BYTES {
        return Err(large(at(1), "4 MiB", "4 MiB").into());
    }
    let mut found = Diagnostics::new();
    let mut malformed = |line: u32, message: Text| {
        if found.len() < MOST_PROBLEMS {
            found.push(Diagnostic::error("calendar-feed-malformed", message).at(at(line)));
        }
    };
    let mut out: Vec<Block> = Vec::new();
    // Names of the components that are open, with the lines they began on.
    let mut open: Vec<(String, u32)> = Vec::new();
    let mut current: Option<Block> = None;
    let mut start = content.len().saturating_sub(content.trim_start_matches('\u{feff}').len());
    let (mut number, mut any) = (0u32, false);
    for raw in content.get(start..).unwrap_or_default().split_inclusive('\n') {
        number = number.saturating_add(1);
        let begin = start;
        start = start.saturating_add(raw.len());
        let line = raw.trim_end_matches(['\n', '\r']);
        // A folded line goes on with a blank; what it says is left to the crate that reads values.
        if line.trim().is_empty() || (line.starts_with([' ', '\t']) && any) {
            continue;
        }
        any = true;
        let Some(end) = line.find([':', ';']).filter(|_| line.contains(':')) else {
            let shown: String = line.chars().take(40).collect();
            malformed(number, text(format!("`{shown}` is no line of an iCalendar feed"), format!("`{shown}` 不是 iCalendar 的行")));
            if open.is_empty() {
                break;
            }
            continue;
        };
        let name = line.get(..end).unwrap_or_default().trim().to_ascii_uppercase();
        let value = line.get(end.saturating_add(1)..).unwrap_or_default().trim().to_ascii_uppercase();
        match name.as_str() {
            "BEGIN" => {
                if open.is_empty() && value != "VCALENDAR" {
                    malformed(
                        number,
                        text("an iCalendar feed begins with `BEGIN:VCALENDAR`", "iCalendar 日历源应以 `BEGIN:VCALENDAR` 开头"),
                    );
                    break;
                }
                if open.len() == 1 && (value == "VEVENT" || value == "VTIMEZONE") {
                    current = Some(Block { event: value == "VEVENT", line: number, bytes: begin..begin, names: Vec::new() });
                }
                if open.len() >= 16 {
                    malformed(number, text("components are nested too deep", "组件嵌套过深"));
                    break;
                }
                open.push((value, number));
            }
            "END" => {
                match open.pop() {
                    Some((kind, _)) if kind == value => {}
                    Some((kind, line)) => {
                        let message = format!("`END:{}` where `BEGIN:{kind}` of line {line} is open", short(&value));
                        malformed(number, text(message, format!("第 {line} 行的 `BEGIN:{kind}` 尚未结束，却出现 `END:{}`", short(&value))));
                        break;
                    }
                    None => {
                        let shown = short(&value);
                        malformed(number, text(format!("`END:{shown}` ends nothing"), format!("`END:{shown}` 没有对应的开始")));
                        break;
                    }
                }
                if open.len() == 1
                    && let Some(mut block) = current.take()
                {
                    block.bytes.end = start;
                    out.push(block);
                    if out.len() > MOST_BLOCKS {
                        return Err(large(at(number), "20,000 events", "20,000 个事件").into());
                    }
                }
            }
            _ if open.is_empty() => {
                malformed(number, text("an iCalendar feed begins with `BEGIN:VCALENDAR`", "iCalendar 日历源应以 `BEGIN:VCALENDAR` 开头"));
                break;
            }
            _ => {
                if let (2, Some(block)) = (open.len(), &mut current) {
                    block.names.push((name, number));
                }
            }
        }
    }
    if found.is_empty() {
        if let Some((kind, line)) = open.last() {
            let message = text(format!("`BEGIN:{}` is never ended", short(kind)), format!("`BEGIN:{}` 没有结束", short(kind)));
            found.push(Diagnostic::error("calendar-feed-malformed", message).at(at(*line)));
        } else if !any {
            let message = text("the feed is empty", "日历源是空的");
            found.push(Diagnostic::error("calendar-feed-malformed", message).at(at(1)));
        }
    }
    if found.is_empty() { Ok(out) } else { Err(found) }
}

/// Too much of something.
pub(super) fn large(place: Place, en: &str, zh: &str) -> Diagnostic {
    Diagnostic::error("calendar-feed-too-large", text(format!("the feed has more than {en}"), format!("日历源超过 {zh}")))
        .at(place)
        .help(text("take a smaller extract of it", "请使用较小的摘录"))
}

fn short(s: &str) -> String {
    s.chars().take(40).collect()
}
