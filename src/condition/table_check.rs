//! What a table leaves open, and where two of its rows contradict one another (S88).

use super::Kind;
use super::table::{Key, LookupTable, Row, Wanted};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, text};
use std::{borrow::Cow, collections::BTreeSet};

/// Most combinations of key values that are tried.
const TRIED: usize = 20_000;
/// Most rows that are compared with each other.
const COMPARED: usize = 1_000;
/// Most of either that are told of one table.
const TOLD: usize = 5;

/// Warns if no row answers for a combination of values that the schema lists. Free texts and numbers have no list, so a table asked by one of them is not judged.
pub(super) fn gaps(table: &LookupTable, place: &Place, problems: &mut Diagnostics) {
    let lists: Option<Vec<Vec<Cow<'_, str>>>> = table
        .keys()
        .iter()
        .map(|c| match &c.kind {
            Kind::OneOf { names, .. } | Kind::Category(names) => Some(names.iter().map(|n| Cow::Borrowed(n.as_str())).collect()),
            Kind::Boolean => Some(vec![Cow::Borrowed("true"), Cow::Borrowed("false")]),
            _ => None,
        })
        .collect();
    let Some(lists) = lists else { return };
    let all = lists.iter().try_fold(1usize, |n, l: &Vec<_>| n.checked_mul(l.len()).filter(|n| *n <= TRIED));
    let Some(all) = all.filter(|n| *n > 0) else { return };
    let (mut open, mut shown) = (0usize, Vec::new());
    for n in 0..all {
        let mut rest = n;
        let mut keys = Vec::with_capacity(lists.len());
        for list in lists.iter().rev() {
            let at = rest.checked_rem(list.len()).unwrap_or(0);
            rest = rest.checked_div(list.len()).unwrap_or(0);
            keys.push(list.get(at).cloned().map(Key::Is));
        }
        keys.reverse();
        if table.row(&keys).0.is_none() {
            open = open.saturating_add(1);
            if shown.len() < TOLD {
                let said = table.keys().iter().zip(&keys).map(|(c, k)| match k {
                    Some(Key::Is(s)) => format!("{} = {s}", c.name),
                    _ => c.name.clone(),
                });
                shown.push(said.collect::<Vec<_>>().join(", "));
            }
        }
    }
    if open > 0 {
        let more = if open > shown.len() { ", …" } else { "" };
        let list = shown.iter().map(|s| format!("({s})")).collect::<Vec<_>>().join(", ");
        let d = Diagnostic::warning(
            "table-gap",
            text(
                format!("no row answers for {open} of {all} combinations: {list}{more}"),
                format!("{all} 种组合中有 {open} 种没有对应的行：{list}{more}"),
            ),
        )
        .at(place.clone())
        .help(text(
            "add rows for them, or one with `*` for all that is left, its answer empty if there is none",
            "请补充相应的行，或用 `*` 表示其余情况；没有结果时留空",
        ));
        problems.push(d);
    }
}

/// How two cells of one column stand to each other.
#[derive(PartialEq, Eq)]
enum Side {
    Same,
    Wider,
    Narrower,
    Apart,
}

fn side(kind: &Kind, a: &Wanted, b: &Wanted) -> Side {
    let above = |x: &str, y: &str| y.strip_prefix(x).is_some_and(|r| r.starts_with('/'));
    match (a, b) {
        (a, b) if a == b => Side::Same,
        (Wanted::Any, _) => Side::Wider,
        (_, Wanted::Any) => Side::Narrower,
        (Wanted::Is(x), Wanted::Is(y)) if matches!(kind, Kind::Category(_)) && above(x, y) => Side::Wider,
        (Wanted::Is(x), Wanted::Is(y)) if matches!(kind, Kind::Category(_)) && above(y, x) => Side::Narrower,
        _ => Side::Apart,
    }
}

/// The keys for which both rows answer, each being the more specific one in some column.
fn crossing(table: &LookupTable, a: &Row, b: &Row) -> Option<Vec<Wanted>> {
    let (mut wider, mut narrower) = (false, false);
    let mut both = Vec::with_capacity(a.keys.len());
    for ((column, x), y) in table.keys().iter().zip(&a.keys).zip(&b.keys) {
        match side(&column.kind, x, y) {
            Side::Apart => return None,
            Side::Same => both.push(x.clone()),
            Side::Wider => {
                wider = true;
                both.push(y.clone());
            }
            Side::Narrower => {
                narrower = true;
                both.push(x.clone());
            }
        }
    }
    (wider && narrower).then_some(both)
}

/// Warns of two rows that answer differently for the same keys, where neither is the more specific one in every column.
pub(super) fn overlaps(table: &LookupTable, problems: &mut Diagnostics) {
    let rows = table.rows();
    if table.keys().len() < 2 || rows.len() > COMPARED {
        return;
    }
    let known: BTreeSet<&Vec<Wanted>> = rows.iter().map(|r| &r.keys).collect();
    let mut told = 0;
    for (i, a) in rows.iter().enumerate() {
        for b in rows.iter().skip(i.saturating_add(1)) {
            let Some(both) = crossing(table, a, b).filter(|both| a.values != b.values && !known.contains(both)) else { continue };
            told = usize::saturating_add(told, 1);
            if told > TOLD {
                return;
            }
            let keys = both.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let d = Diagnostic::warning(
                "table-overlap",
                text(
                    format!("two rows answer for `{keys}`; the one that is more specific further left counts"),
                    format!("有两行都适用于 `{keys}`；以靠左的列更具体者为准"),
                ),
            )
            .at(b.place.clone())
            .also(a.place.clone(), text("the other one", "另一行"))
            .help(text(format!("add a row for `{keys}`"), format!("请为 `{keys}` 单独加一行")));
            problems.push(d);
        }
    }
}
