//! From TOML: what a transition demands on the way, strict states, rights.

use super::definition::TransitionDefinition;
use super::demand::{CheckDefinition, RightDefinition};
use super::places::{Part, Places};
use crate::condition::reading::{Item, Table};
use crate::diagnostic::text;
use crate::id::*;
use crate::ticket::{Attribute, Schema};

/// `true`, `false` or roles.
pub(super) fn strict(item: &Item<'_>, part: Part, places: &mut Places) -> Vec<RoleName> {
    if item.is_boolean() {
        let yes = item.boolean().unwrap_or(false);
        return if yes { ["agent", "integration"].map(RoleName::new).into() } else { Vec::new() };
    }
    roles(item, part, "strict", places)
}

fn roles(item: &Item<'_>, part: Part, key: &'static str, places: &mut Places) -> Vec<RoleName> {
    let mut out = Vec::new();
    for i in item.one_or_many() {
        if let Some(r) = i.text() {
            places.set(part, key, out.len(), i.place());
            out.push(RoleName::new(r));
        }
    }
    out
}

pub(super) fn demands(t: &Table<'_>, d: &mut TransitionDefinition, part: Part, places: &mut Places, schema: &Schema) {
    d.attachment = t.get("attachment").and_then(|i| i.boolean()).unwrap_or(false);
    if let Some(i) = t.get("checklist") {
        places.set(part, "checklist", 0, i.place());
        d.checklist = i.boolean().unwrap_or(false);
    }
    for i in t.get("check").map(|i| i.list()).unwrap_or_default() {
        let Some(c) = i.table(&["require", "message", "field"]) else { continue };
        let Some(require) = c.need("require", "what must hold", "必须满足的条件") else { continue };
        places.set(part, "check", d.check.len(), require.inner_place());
        let Some(form) = require.form() else { continue };
        let mut check = CheckDefinition::new(form);
        check.message = c.get("message").and_then(|i| i.label());
        if let Some(f) = c.get("field") {
            places.set(part, "check.field", d.check.len(), f.place());
            check.field = f.text().map(Attribute::named);
        }
        d.check.push(check);
    }
    if let Some(i) = t.get("resolution") {
        places.set(part, "resolution", 0, i.place());
        if i.is_boolean() {
            let asks = i.boolean().unwrap_or(false);
            if asks && schema.resolutions.levels.is_empty() {
                i.wrong::<()>(
                    "no-resolutions",
                    text("no resolution code is declared that could be asked for", "未声明任何解决代码，无法要求选择"),
                    Some(text("declare them in playbook.toml, [resolutions]", "请在 playbook.toml 的 [resolutions] 中声明")),
                );
            }
            let all = || schema.resolutions.names().cloned().collect();
            d.resolution = Some(if asks { all() } else { Vec::new() });
        } else {
            let mut codes = Vec::new();
            for c in i.one_or_many() {
                if let Some(code) = c.text() {
                    places.set(part, "resolution", codes.len(), c.place());
                    codes.push(LevelName::new(code));
                }
            }
            d.resolution = Some(codes);
        }
    }
}

/// `"new -> open" = ["lead"]`.
pub(super) fn rights(root: &Table<'_>, places: &mut Places) -> Vec<RightDefinition> {
    let mut out = Vec::new();
    for (key, item) in root.get("rights").map(|i| i.entries()).unwrap_or_default() {
        let part = Part::Right(out.len());
        places.set(part, "", 0, key.place.clone());
        match key.name.split_once("->").map(|(from, to)| (from.trim(), to.trim())) {
            Some((from, to)) if !from.is_empty() && !to.is_empty() => {
                let roles = roles(&item, part, "roles", places);
                out.push(RightDefinition::new(from, to, roles));
            }
            _ => {
                item.wrong::<()>(
                    "bad-right",
                    text(format!("`{}` names no step", key.name), format!("`{}` 不是流转步骤", key.name)),
                    Some(text("write \"new -> open\", with `*` for any state", "请写 \"new -> open\"，`*` 表示任意状态")),
                );
            }
        }
    }
    out
}
