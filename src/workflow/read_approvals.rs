//! Approvals from TOML.

use super::approvals::{ApprovalDefinition, Approver, StageDefinition};
use super::definition::WorkflowDefinition;
use super::places::{Part, Places};
use super::read::keyed;
use crate::condition::reading::{Item, Table};
use crate::diagnostic::{did_you_mean, text};
use crate::id::*;
use crate::ticket::{Attribute, Exclusion, OnExpiry, Quorum};

/// `[approvals.NAME]`.
pub(super) fn read(root: &Table<'_>, definition: &mut WorkflowDefinition, places: &mut Places) {
    for (key, item) in root.get("approvals").map(|i| i.entries()).unwrap_or_default() {
        let part = Part::Approval(definition.approvals.len());
        places.set(part, "", 0, key.place.clone());
        let approval = approval(key.name, &item, part, places);
        definition.approvals.push(approval);
    }
}

/// One of a few words or words with names.
fn said<T>(i: &Item<'_>, key: &str, words: &[&'static str], parse: impl Fn(&str) -> Option<T>) -> Option<T> {
    let word = i.text()?;
    parse(word).or_else(|| {
        let all = words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ");
        i.wrong(
            "unknown-word",
            text(format!("`{key}` is never `{word}`"), format!("`{key}` 不可能是 `{word}`")),
            did_you_mean(word, words).or_else(|| Some(text(format!("it is one of {all}"), format!("可取值：{all}")))),
        )
    })
}

/// The items of a list under a key, each with its place noted.
fn each<T>(
    t: &Table<'_>,
    part: Part,
    key: &'static str,
    first: usize,
    places: &mut Places,
    read: impl Fn(&Item<'_>) -> Option<T>,
) -> Vec<T> {
    let mut out = Vec::new();
    for i in t.get(key).map(|i| i.one_or_many()).unwrap_or_default() {
        match read(&i) {
            Some(one) => {
                places.set(part, key, first.saturating_add(out.len()), i.place());
                out.push(one);
            }
            None => places.doubt(part, key),
        }
    }
    out
}

fn approval(name: &str, item: &Item<'_>, part: Part, places: &mut Places) -> ApprovalDefinition {
    const KEYS: [&str; 11] =
        ["label", "stages", "exclude", "covers", "protects", "when", "granted", "declined", "override", "calendar", "notify"];
    let mut d = ApprovalDefinition::new(name);
    let Some(t) = item.table(&KEYS) else {
        places.doubt(part, "stages");
        return d;
    };
    d.label = keyed(&t, part, "label", places).and_then(|i| i.label());
    d.exclude = each(&t, part, "exclude", 0, places, |i| said(i, "exclude", &Exclusion::WORDS, Exclusion::parse));
    d.covers = each(&t, part, "covers", 0, places, |i| i.text().map(Attribute::named));
    d.protects = each(&t, part, "protects", 0, places, |i| i.text().map(StateName::new));
    d.override_by = each(&t, part, "override", 0, places, |i| i.text().map(RoleName::new));
    if let Some(i) = t.get("when") {
        places.set(part, "when", 0, i.inner_place());
        d.when = i.form();
    }
    d.granted = keyed(&t, part, "granted", places).and_then(|i| i.text()).map(TransitionName::new);
    d.declined = keyed(&t, part, "declined", places).and_then(|i| i.text()).map(TransitionName::new);
    d.calendar = keyed(&t, part, "calendar", places).and_then(|i| i.text()).map(CalendarName::new);
    d.notify = keyed(&t, part, "notify", places).and_then(|i| i.text()).map(TemplateName::new);
    match t.need("stages", "who is asked, stage by stage", "各审批阶段") {
        Some(i) => {
            for (n, one) in i.list().iter().enumerate() {
                places.set(part, "stages", n, one.place());
                match stage(one, part, n, places) {
                    Some(s) => d.stages.push(s),
                    None => places.doubt(part, "stages"),
                }
            }
        }
        None => places.doubt(part, "stages"),
    }
    d
}

fn stage(item: &Item<'_>, part: Part, n: usize, places: &mut Places) -> Option<StageDefinition> {
    let t = item.table(&["approvers", "quorum", "within", "on_expiry", "escalate_to"])?;
    let approver = |key: &'static str| move |i: &Item<'_>| said(i, key, &Approver::WORDS, Approver::parse);
    t.need("approvers", "who is asked", "审批人");
    let first = n.saturating_mul(64);
    let approvers = each(&t, part, "approvers", first, places, approver("approvers"));
    let escalate_to = each(&t, part, "escalate_to", first, places, approver("escalate_to"));
    let quorum = match t.get("quorum") {
        Some(i) => {
            places.set(part, "quorum", n, i.place());
            quorum(&i).unwrap_or_else(|| {
                places.doubt(part, "quorum");
                Quorum::Any
            })
        }
        None => Quorum::Any,
    };
    let mut s = StageDefinition { escalate_to, ..StageDefinition::new(approvers, quorum) };
    if let Some(i) = t.get("within") {
        places.set(part, "within", n, i.place());
        s.within = i.span();
        if s.within.is_none() {
            // What becomes of it then is not said of a time that could not be read.
            places.doubt(part, "on_expiry");
        }
    }
    if let Some(i) = t.get("on_expiry") {
        places.set(part, "on_expiry", n, i.place());
        s.on_expiry = i.word(&OnExpiry::WORDS).unwrap_or_else(|| {
            places.doubt(part, "on_expiry");
            OnExpiry::Decline
        });
    }
    Some(s)
}

fn quorum(i: &Item<'_>) -> Option<Quorum> {
    if i.is_integer() {
        return i.integer(1, 32).and_then(|n| u8::try_from(n).ok()).map(Quorum::Count);
    }
    let word = i.text()?;
    Quorum::parse(word).or_else(|| {
        i.wrong(
            "bad-quorum",
            text(format!("`{word}` says not how many must approve"), format!("`{word}` 不是有效的通过条件")),
            did_you_mean(word, ["any", "all"])
                .or_else(|| Some(text("write \"any\", \"all\", \"2\" or \"50%\"", "请写 \"any\"、\"all\"、\"2\" 或 \"50%\""))),
        )
    })
}
