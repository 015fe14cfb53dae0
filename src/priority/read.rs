//! `priority.toml`: from text to a builder with places.

use super::builder::{At, PriorityModelBuilder, Row};
use super::model::{Cell, TermDefinition};
use crate::condition::reading::{Document, Item, Key};
use crate::diagnostic::{Diagnostics, text};
use crate::id::LevelName;

/// Reads the file; whatever can be read is in the builder.
pub(super) fn read(file: &str, toml: &str) -> (PriorityModelBuilder, Diagnostics) {
    let document = Document::parse(file, toml);
    let mut b = PriorityModelBuilder::default();
    {
        let root = document.root(&["matrix", "terms", "bands", "hysteresis", "default_impact", "default_urgency"]);
        if let Some(item) = root.get("matrix") {
            b.matrix_place = root.key_place("matrix");
            b.matrix = item.entries().into_iter().map(|(impact, row)| (level(&impact), cells(&row))).collect();
        }
        b.default_impact = root.get("default_impact").and_then(|i| named(&i));
        b.default_urgency = root.get("default_urgency").and_then(|i| named(&i));
        b.hysteresis = root.get("hysteresis").and_then(|i| points(&i));
        let bands = root.get("bands").map(|i| i.entries()).unwrap_or_default();
        b.bands = bands.into_iter().filter_map(|(name, from)| Some((level(&name), points(&from)?))).collect();
        let terms = root.get("terms").map(|i| i.list()).unwrap_or_default();
        b.terms = terms.iter().filter_map(term).collect();
    }
    (b, document.finish())
}

fn level(key: &Key<'_>) -> At<LevelName> {
    At { value: LevelName::new(key.name), place: key.place.clone() }
}

fn named(item: &Item<'_>) -> Option<At<LevelName>> {
    Some(At { value: LevelName::new(item.name()?), place: item.place() })
}

fn points(item: &Item<'_>) -> Option<At<i64>> {
    Some(At { value: item.integer(i64::MIN, i64::MAX)?, place: item.place() })
}

fn cells(row: &Item<'_>) -> Row {
    let cell = |item: &Item<'_>| {
        let value = match item.as_text() {
            Some(s) => Cell::Level(LevelName::new(s)),
            None if item.is_integer() => Cell::Points(item.integer(i64::MIN, i64::MAX)?),
            None => {
                return item.wrong(
                    "wrong-type",
                    text("a cell holds points or the name of a priority", "单元格应为分数或优先级名称"),
                    Some(text("write `20` or `\"high\"`", "例如 `20` 或 `\"high\"`")),
                );
            }
        };
        Some(At { value, place: item.place() })
    };
    row.entries().into_iter().filter_map(|(urgency, item)| Some((level(&urgency), cell(&item)?))).collect()
}

fn term(item: &Item<'_>) -> Option<TermDefinition> {
    let t = item.table(&["when", "points", "reason"])?;
    let when_item = t.need("when", "the condition under which the term counts", "该得分项生效的条件");
    let points = t.need("points", "how much it counts", "分数").and_then(|p| p.integer(i64::MIN, i64::MAX));
    let reason = t.need("reason", "what people read", "说明文字").and_then(|r| r.label());
    let place = when_item.map_or_else(|| item.place(), |w| w.inner_place());
    // What is missing is reported; the condition is checked all the same.
    Some(TermDefinition { when: when_item?.form()?, points: points.unwrap_or(0), reason: reason.unwrap_or_default(), place })
}
