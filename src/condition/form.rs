//! Reading the table form of conditions from TOML, key by key, so that an unknown key has its own place.

use super::reading::Item;
use super::{Form, Plain, Table};
use crate::diagnostic::text;

const KEYS: [&str; 16] = [
    "all",
    "any",
    "not",
    "field",
    "is",
    "is_not",
    "below",
    "at_most",
    "above",
    "at_least",
    "one_of",
    "contains",
    "starts_with",
    "ends_with",
    "within",
    "exists",
];

/// The form; problems are put down in the item's document.
pub(super) fn read(item: &Item<'_>) -> Option<Form> {
    if let Some(s) = item.as_text() {
        return Some(Form::text(s));
    }
    if item.as_table().is_none() {
        return item.mistyped("an expression or a table", "表达式或表");
    }
    let t = item.table(&KEYS)?;
    let forms = |key: &str| t.get(key).map(|i| i.list().iter().filter_map(read).collect::<Vec<_>>());
    let one = |key: &str| t.get(key).and_then(|i| plain(&i));
    let words = |key: &str| t.get(key).and_then(|i| i.text()).map(str::to_string);
    Some(Form::Table(Box::new(Table {
        all: forms("all"),
        any: forms("any"),
        not: t.get("not").and_then(|i| read(&i)),
        field: words("field"),
        is: one("is"),
        is_not: one("is_not"),
        below: one("below"),
        at_most: one("at_most"),
        above: one("above"),
        at_least: one("at_least"),
        one_of: t.get("one_of").map(|i| i.list().iter().filter_map(plain).collect()),
        contains: words("contains"),
        starts_with: words("starts_with"),
        ends_with: words("ends_with"),
        within: words("within"),
        exists: t.get("exists").and_then(|i| i.boolean()),
    })))
}

fn plain(item: &Item<'_>) -> Option<Plain> {
    if let Some(s) = item.as_text() {
        return Some(Plain::Text(s.to_string()));
    }
    if item.is_boolean() {
        return item.boolean().map(Plain::Boolean);
    }
    if item.is_integer() {
        return item.integer(i64::MIN, i64::MAX).map(Plain::Integer);
    }
    if item.is_instant() {
        return item.instant().map(|t| Plain::Text(t.to_rfc3339()));
    }
    item.wrong(
        "wrong-type",
        text(
            format!("`{}` must be a text, a whole number or true or false", item.key()),
            format!("`{}` 应为文本、整数或布尔值", item.key()),
        ),
        Some(text("a decimal is written as a text: \"19.90\"", "小数写成文本：\"19.90\"")),
    )
}
