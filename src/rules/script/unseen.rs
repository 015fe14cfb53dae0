//! What an author does not see in a text: characters that turn or hide others, and words of letters that only look alike.
//!
//! The tables are short on purpose: a crate for the whole of Unicode's security profile would be two more in every host's build.

use crate::diagnostic::{Diagnostic, Diagnostics, Place, text};

/// Told of one text.
const TOLD: usize = 5;

/// Turns the direction of what follows, so that a text reads otherwise than it runs.
fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Takes no room, and joins nothing either.
fn hides(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
    )
}

/// A letter of another alphabet that looks like a Latin one, with the alphabet.
fn looks_latin(c: char) -> Option<(&'static str, &'static str)> {
    const CYRILLIC: &str = "асеорхуіѕјһԁԛԝАВЕЅІЈКМНОРСТУХ";
    const GREEK: &str = "ονυαιΑΒΕΖΗΙΚΜΝΟΡΤΥΧ";
    if CYRILLIC.contains(c) {
        Some(("Cyrillic", "西里尔"))
    } else if GREEK.contains(c) {
        Some(("Greek", "希腊"))
    } else {
        None
    }
}

/// Puts down what is not seen in a text. `place` answers where something stands: line, column, length.
pub(super) fn check(content: &str, place: &dyn Fn(u32, u32, u32) -> Place, problems: &mut Diagnostics) {
    if content.is_ascii() {
        return;
    }
    let mut told = 0usize;
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).saturating_add(1);
    for (line, row) in content.lines().enumerate() {
        let mut word = String::new();
        let mut begin = 0usize;
        for (column, c) in row.chars().chain(['\n']).enumerate() {
            if told >= TOLD {
                return;
            }
            let at = |from: usize, length: usize| place(number(line), number(from), u32::try_from(length).unwrap_or(u32::MAX));
            let code = u32::from(c);
            if turns(c) {
                told = told.saturating_add(1);
                let message = text(
                    format!("a character (U+{code:04X}) that turns the direction of the text"),
                    format!("改变文字方向的控制字符（U+{code:04X}）"),
                );
                let help = text("remove it: what follows reads otherwise than it runs", "请删除：其后的文字看起来与实际执行的不同");
                problems.push(Diagnostic::error("bidirectional-text", message).at(at(column, 1)).help(help));
            }
            // A mark at the very beginning of a file is the editor's.
            if hides(c) && !(line == 0 && column == 0 && c == '\u{feff}') {
                told = told.saturating_add(1);
                let message = text(format!("a character (U+{code:04X}) that cannot be seen"), format!("不可见的字符（U+{code:04X}）"));
                let help = text("remove it: with it a name is another name", "请删除：含有它的名称是另一个名称");
                problems.push(Diagnostic::error("invisible-character", message).at(at(column, 1)).help(help));
            }
            if c.is_alphanumeric() || c == '_' {
                if word.is_empty() {
                    begin = column;
                }
                word.push(c);
                continue;
            }
            let mixed = word.chars().find_map(looks_latin).filter(|_| word.chars().any(|c| c.is_ascii_alphabetic()));
            if let Some((en, zh)) = mixed {
                told = told.saturating_add(1);
                let message = text(
                    format!("`{word}` mixes Latin letters with {en} ones that look alike"),
                    format!("`{word}` 混用了拉丁字母和形似的{zh}字母"),
                );
                let help = text("type it anew in one alphabet", "请用同一种字母重新输入");
                problems.push(Diagnostic::warning("mixed-letters", message).at(at(begin, word.chars().count())).help(help));
            }
            word.clear();
        }
    }
}
