//! Plain tables of aligned columns; wide characters take two.

use crate::diagnostic::columns;

/// Rows of cells as lines, two blanks before each: the first column set to the left, the others to the right, but for those in `left`.
pub(super) fn table(rows: &[Vec<String>], left: &[usize]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count).map(|i| rows.iter().filter_map(|r| r.get(i)).map(|c| columns(c)).max().unwrap_or(0)).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (i, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let pad = " ".repeat(width.saturating_sub(columns(cell)));
            line.push_str("  ");
            if i == 0 || left.contains(&i) {
                line.push_str(cell);
                line.push_str(&pad);
            } else {
                line.push_str(&pad);
                line.push_str(cell);
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// A share as a percentage with one place, rounded half up.
pub(super) fn percent(part: i64, whole: i64) -> String {
    let whole = i128::from(whole);
    let mille = i128::from(part).saturating_mul(2_000).saturating_add(whole).checked_div(whole.saturating_mul(2)).unwrap_or(0);
    let (whole, tenth) = (mille.checked_div(10).unwrap_or(0), mille.checked_rem(10).unwrap_or(0).abs());
    format!("{whole}.{tenth} %")
}
