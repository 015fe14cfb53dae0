//! Letters in a picture: how wide a text is, where it breaks, and how markup takes it.

use crate::diagnostic::wide;

/// How wide a text is at a size, generously: in the widest of the usual fonts it still fits. Chinese letters are as wide as they are high.
pub(super) fn measure(text: &str, size: f64) -> f64 {
    text.chars().map(advance).sum::<f64>() * size
}

fn advance(c: char) -> f64 {
    match c {
        c if wide(c) => 1.0,
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' | '(' | ')' | '[' | ']' | 'f' | 't' | 'r' => 0.41,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '<' | '>' | '=' | '+' | '×' | '→' | '↻' | '&' => 0.96,
        'A'..='Z' => 0.76,
        c if (c as u32) < 0x2000 => 0.65,
        _ => 1.0,
    }
}

/// A text as lines no wider than `width` at a size, at most `most` of them: the last one ends in `…` where something is left out. Breaks at blanks and beside Chinese letters, and
/// inside a word only where it alone is too wide.
pub(super) fn wrap(text: &str, width: f64, size: f64, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for piece in pieces(text) {
        if measure(line.trim_end(), size) + measure(piece.trim_end(), size) <= width {
            line.push_str(piece);
            continue;
        }
        if !line.trim().is_empty() {
            lines.push(std::mem::take(&mut line).trim_end().to_string());
        }
        line.clear();
        for c in piece.trim_start().chars() {
            if measure(&line, size) + advance(c) * size > width && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
        if lines.len() > most {
            break;
        }
    }
    if !line.trim().is_empty() {
        lines.push(line.trim_end().to_string());
    }
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            while !last.is_empty() && measure(last, size) + size > width {
                last.pop();
            }
            last.push('…');
        }
    }
    lines
}

/// The text cut where a line may break, blanks at the ends of pieces.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut chars = rest.char_indices().peekable();
        let mut end = rest.len();
        while let Some((_, c)) = chars.next() {
            let Some((next, following)) = chars.peek().copied() else { break };
            // Punctuation stays with what it follows.
            let open = wide(following) && !"，。、；：）！？".contains(following);
            if (c.is_whitespace() && !following.is_whitespace()) || (wide(c) && open) || (open && !c.is_whitespace()) {
                end = next;
                break;
            }
        }
        let (piece, after) = rest.split_at_checked(end)?;
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// A text as XML takes it; what XML cannot hold becomes a blank.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{FFFE}' | '\u{FFFF}' => out.push(' '),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
