//! From TOML: who may read and write fields, which fields a type has, templates of new tickets.

use crate::condition::reading::Item;
use crate::condition::{role_missing, value_from_toml};
use crate::diagnostic::{did_you_mean, text};
use crate::id::*;
use crate::ticket::{Access, Schema, TicketTemplate};
use crate::workflow::ACTOR_WORDS;

/// `read` and `write` of a field.
pub(super) fn access(key: &str, item: &Item<'_>, schema: &mut Schema) {
    let Some(t) = item.as_table().filter(|_| schema.fields.contains_key(key)) else { return };
    let roles = |key: &str| -> Vec<RoleName> {
        let items = t.get(key).map(|i| i.one_or_many()).unwrap_or_default();
        let named = items.iter().filter_map(|i| {
            let role = i.text()?;
            match role_missing(schema, role, &ACTOR_WORDS, i.place()) {
                Some(d) => {
                    i.document().report(d);
                    None
                }
                None => Some(RoleName::new(role)),
            }
        });
        named.collect()
    };
    let access = Access { read: roles("read"), write: roles("write") };
    if access != Access::default() {
        schema.access.insert(FieldName::new(key), access);
    }
}

fn known(i: &Item<'_>, schema: &Schema) -> Option<FieldName> {
    let name = i.text()?;
    if schema.fields.contains_key(name) {
        return Some(FieldName::new(name));
    }
    i.wrong(
        "unknown-field",
        text(format!("no field `{name}` is declared"), format!("未声明字段 `{name}`")),
        did_you_mean(name, schema.fields.keys()),
    )
}

/// The fields of a type.
pub(super) fn fields(item: &Item<'_>, schema: &Schema) -> Vec<FieldName> {
    item.list().iter().filter_map(|i| known(i, schema)).collect()
}

/// A template of new tickets.
pub(super) fn template(key: &str, item: &Item<'_>, schema: &mut Schema) {
    let Some(t) = item.table(&["label", "type", "fields"]) else { return };
    let label = t.get("label").and_then(|i| i.label()).unwrap_or_else(|| text(key, key));
    let Some(kind) = t.need("type", "the type of ticket it is for", "适用的工单类型") else { return };
    let Some(name) = kind.text() else { return };
    if !schema.types.contains_key(name) {
        kind.wrong::<()>(
            "unknown-type",
            text(format!("no type `{name}` is declared"), format!("未声明类型 `{name}`")),
            did_you_mean(name, schema.types.keys()),
        );
        return;
    }
    let mut made = TicketTemplate { label, kind: TypeName::new(name), fields: Default::default() };
    for (f, value) in t.get("fields").map(|i| i.entries()).unwrap_or_default() {
        let Some(def) = schema.fields.get(f.name) else {
            value.wrong::<()>(
                "unknown-field",
                text(format!("no field `{}` is declared", f.name), format!("未声明字段 `{}`", f.name)),
                did_you_mean(f.name, schema.fields.keys()),
            );
            continue;
        };
        let attribute = crate::ticket::Attribute::Field(FieldName::new(f.name));
        if !schema.has_field(&made.kind, &attribute) {
            value.wrong::<()>(
                "field-of-other-type",
                text(format!("tickets of type `{name}` have no field `{}`", f.name), format!("类型 `{name}` 的工单没有字段 `{}`", f.name)),
                Some(text("remove it, or add it to the type's `fields`", "请删除，或加入该类型的 fields")),
            );
            continue;
        }
        let Some(given) = value_from_toml(&value, Some(&def.kind)) else { continue };
        match def.fit(given) {
            Ok(v) => {
                made.fields.insert(FieldName::new(f.name), v);
            }
            Err(m) => {
                value.wrong::<()>(m.code, m.message, None);
            }
        }
    }
    schema.ticket_templates.insert(TemplateName::new(key), made);
}
