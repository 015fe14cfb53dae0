//! From TOML to a definition with its places.

use super::definition::{Responsible, StateDefinition, TimedDefinition, TransitionDefinition, WorkflowDefinition};
use super::places::{Part, Places};
use crate::calendar::Span;
use crate::condition::placed_actions;
use crate::condition::reading::{Document, Item, Table};
use crate::diagnostic::{Place, Text, did_you_mean, text};
use crate::id::*;
use crate::ticket::{Attribute, Schema, StateClass, WaitsOn};

/// What stands in for a name that could not be read; no author can write it.
const UNREADABLE: &str = "";

/// Adds the states and transitions of a workflow file to what conditions may name, as far as the file can be read. A playbook does so
/// with all its workflows before it loads one; problems are reported by [`super::Workflow::load`]. Returns the name of the workflow, if it can be read.
pub fn declare(file: &str, toml: &str, schema: &mut Schema) -> Option<WorkflowName> {
    declare_placed(file, toml, schema).map(|(name, _)| name)
}

/// The same, with the place of the name.
pub(crate) fn declare_placed(file: &str, toml: &str, schema: &mut Schema) -> Option<(WorkflowName, Place)> {
    let document = Document::parse(file, toml);
    declare_from(&document, schema);
    let name = document.open_root().get("name")?;
    name.as_text().map(|n| (WorkflowName::new(n), name.place()))
}

pub(super) fn declare_from(document: &Document<'_>, schema: &mut Schema) {
    let root = document.open_root();
    for (key, item) in root.get("states").and_then(|i| i.as_table()).map(|t| t.entries()).unwrap_or_default() {
        let label = item.as_table().and_then(|t| t.get("label"));
        let said = |l: &Item<'_>, lang: &str| l.as_table().and_then(|t| t.get(lang)).and_then(|i| i.as_text()).unwrap_or("").to_string();
        let label = match label {
            Some(l) if l.as_table().is_some() => text(said(&l, "en"), said(&l, "zh")),
            Some(l) => text(l.as_text().unwrap_or(key.name), l.as_text().unwrap_or(key.name)),
            None => text(key.name, key.name),
        };
        schema.states.entry(StateName::new(key.name)).or_insert(label);
    }
    for (key, _) in root.get("tasks").and_then(|i| i.as_table()).map(|t| t.entries()).unwrap_or_default() {
        schema.tasks.insert(TaskName::new(key.name));
    }
    for (key, _) in root.get("approvals").and_then(|i| i.as_table()).map(|t| t.entries()).unwrap_or_default() {
        schema.approvals.insert(ApprovalName::new(key.name));
    }
    for item in root.get("transitions").filter(|i| i.is_list()).map(|i| i.one_or_many()).unwrap_or_default() {
        if let Some(name) = item.as_table().and_then(|t| t.get("name")).and_then(|i| i.as_text()) {
            schema.transitions.insert(TransitionName::new(name));
        }
    }
}

/// The definition; what cannot be read is put down in the document, and doubted in the places.
pub(super) fn read(document: &Document<'_>, schema: &Schema) -> (WorkflowDefinition, Places) {
    let mut places = Places::new(document.whole());
    let root = document.root(&[
        "name",
        "version",
        "initial",
        "handoffs",
        "states",
        "transitions",
        "timed",
        "rights",
        "tasks",
        "tasks_at_end",
        "children",
        "merged_state",
        "approvals",
    ]);
    let named = root.need("name", "the name of the workflow", "工作流名称");
    if let Some(i) = &named {
        places.set(Part::Workflow, "name", 0, i.place());
    }
    let name = named.and_then(|i| i.name()).unwrap_or(UNREADABLE);
    let mut definition = WorkflowDefinition::new(name, 1);
    match root.need("version", "the version of the workflow, from 1", "工作流版本号，从 1 开始") {
        Some(i) => {
            places.set(Part::Workflow, "version", 0, i.place());
            let version = i.integer(0, i64::from(u32::MAX)).and_then(|n| u32::try_from(n).ok());
            definition.version = version.unwrap_or(1);
        }
        None => definition.version = 1,
    }
    match root.get("initial") {
        Some(i) => {
            for (n, item) in i.one_or_many().iter().enumerate() {
                places.set(Part::Workflow, "initial", n, item.place());
                match item.text() {
                    Some(s) => definition.initial.push(StateName::new(s)),
                    None => places.doubt(Part::Workflow, "initial"),
                }
            }
        }
        None => {
            if let Some(p) = root.key_place("name") {
                places.set(Part::Workflow, "initial", 0, p);
            }
        }
    }
    if let Some(i) = root.get("handoffs") {
        places.set(Part::Workflow, "handoffs", 0, i.place());
        definition.handoffs = i.integer(0, i64::from(u16::MAX)).and_then(|n| u16::try_from(n).ok());
    }
    for (key, item) in root.get("states").map(|i| i.entries()).unwrap_or_default() {
        let part = Part::State(definition.states.len());
        places.set(part, "", 0, key.place.clone());
        let state = state(key.name, &item, part, &mut places);
        definition.states.push(state);
    }
    if root.get("transitions").is_some_and(|i| !i.is_list()) {
        places.doubt(Part::Workflow, "transitions");
    }
    for item in root.get("transitions").map(|i| i.list()).unwrap_or_default() {
        let part = Part::Transition(definition.transitions.len());
        let transition = transition(&item, part, &mut places, schema);
        definition.transitions.push(transition);
    }
    for item in root.get("timed").map(|i| i.list()).unwrap_or_default() {
        let part = Part::Timed(definition.timed.len());
        let timed = timed(&item, part, &mut places);
        definition.timed.push(timed);
    }
    definition.rights = super::read_demand::rights(&root, &mut places);
    super::read_tasks::read(&root, &mut definition, &mut places);
    super::children::read(&root, &mut definition, &mut places);
    super::read_approvals::read(&root, &mut definition, &mut places);
    (definition, places)
}

fn state(name: &str, item: &Item<'_>, part: Part, places: &mut Places) -> StateDefinition {
    const KEYS: [&str; 12] = [
        "class",
        "label",
        "colour",
        "responsible",
        "waits_on",
        "limit",
        "calendar",
        "on_requester_reply",
        "holds_slots",
        "checklist",
        "strict",
        "tasks",
    ];
    let mut s = StateDefinition::new(name, StateClass::Closed);
    let Some(t) = item.table(&KEYS) else {
        places.doubt(part, "class");
        return s;
    };
    let class = t.need("class", "what kind of state it is", "状态类别");
    keyed(&t, part, "class", places);
    s.label = label(&t, part, places);
    s.colour = keyed(&t, part, "colour", places).and_then(|i| i.text()).map(str::to_string);
    s.limit = keyed(&t, part, "limit", places).and_then(|i| i.span());
    s.calendar = keyed(&t, part, "calendar", places).and_then(|i| i.text()).map(CalendarName::new);
    s.on_requester_reply = keyed(&t, part, "on_requester_reply", places).and_then(|i| i.text()).map(TransitionName::new);
    s.holds_slots = keyed(&t, part, "holds_slots", places).and_then(|i| i.boolean());
    s.checklist = keyed(&t, part, "checklist", places).map(|i| i.list()).unwrap_or_default().iter().filter_map(Item::label).collect();
    if let Some(i) = keyed(&t, part, "strict", places) {
        s.strict = super::read_demand::strict(&i, part, places);
    }
    s.tasks = super::read_tasks::names(&t, part, "tasks", places);
    let waits_on = keyed(&t, part, "waits_on", places);
    let responsible = keyed(&t, part, "responsible", places);
    if let Some(i) = waits_on {
        s.waits_on = i.word(&WaitsOn::ALL.map(|w| (w.word(), w)));
        if s.waits_on.is_none() {
            places.doubt(part, "waits_on");
        }
    }
    if let Some(i) = responsible {
        s.responsible = i.text().and_then(|word| {
            Responsible::parse(word).or_else(|| {
                let all = Responsible::WORDS.map(|w| format!("`{w}`")).join(", ");
                i.wrong(
                    "unknown-word",
                    text(format!("`responsible` is never `{word}`"), format!("`responsible` 不可能是 `{word}`")),
                    did_you_mean(word, Responsible::WORDS).or_else(|| Some(text(format!("it is one of {all}"), format!("可取值：{all}")))),
                )
            })
        });
        if s.responsible.is_none() {
            places.doubt(part, "responsible");
        }
    }
    match class.and_then(|i| i.word(&StateClass::ALL.map(|c| (c.word(), c)))) {
        Some(class) => s.class = class,
        None => places.doubt(part, "class"),
    }
    s
}

/// The value under a key, its place noted.
pub(super) fn keyed<'d>(t: &Table<'d>, part: Part, key: &'static str, places: &mut Places) -> Option<Item<'d>> {
    let found = t.get(key)?;
    places.set(part, key, 0, found.place());
    Some(found)
}

/// What people read.
fn label(t: &Table<'_>, part: Part, places: &mut Places) -> Option<Text> {
    let label = keyed(t, part, "label", places)?.label();
    if label.is_none() {
        places.doubt(part, "label");
    }
    label
}

/// The states under `from`: one or several.
fn from(t: &Table<'_>, part: Part, places: &mut Places) -> Vec<StateName> {
    let Some(i) = t.need("from", "which states it leaves", "起始状态") else {
        places.doubt(part, "from");
        return Vec::new();
    };
    let mut states = Vec::new();
    for (n, item) in i.one_or_many().iter().enumerate() {
        match item.text() {
            Some(s) => {
                places.set(part, "from", n, item.place());
                states.push(StateName::new(s));
            }
            None => places.doubt(part, "from"),
        }
    }
    if i.is_list() && states.is_empty() {
        places.set(part, "from", 0, i.place());
    }
    states
}

fn transition(item: &Item<'_>, part: Part, places: &mut Places, schema: &Schema) -> TransitionDefinition {
    const KEYS: [&str; 16] = [
        "name",
        "label",
        "from",
        "to",
        "external",
        "roles",
        "guard",
        "required",
        "optional",
        "comment",
        "check",
        "checklist",
        "attachment",
        "resolution",
        "after",
        "tasks",
    ];
    places.set(part, "", 0, item.place());
    let mut d = TransitionDefinition::staying(UNREADABLE, [] as [StateName; 0]);
    let Some(t) = item.table(&KEYS) else {
        for key in ["name", "from", "to"] {
            places.doubt(part, key);
        }
        return d;
    };
    match t.need("name", "the name of the transition", "流转名称").and_then(|i| i.name().map(|n| (n, i.place()))) {
        Some((name, place)) => {
            d.name = TransitionName::new(name);
            places.set(part, "name", 0, place.clone());
            places.set(part, "", 0, place);
        }
        None => places.doubt(part, "name"),
    }
    d.from = from(&t, part, places);
    match t.need("to", "the state it leads to, or `=` to stay", "目标状态，`=` 表示停留").map(|i| (i.text(), i.place())) {
        Some((Some("="), place)) => places.set(part, "to", 0, place),
        Some((Some(s), place)) => {
            places.set(part, "to", 0, place);
            d.to = Some(StateName::new(s));
        }
        _ => places.doubt(part, "to"),
    }
    d.label = label(&t, part, places);
    if let Some(i) = t.get("external") {
        places.set(part, "external", 0, i.place());
        d.external = i.boolean().unwrap_or(false);
    }
    d.comment = t.get("comment").and_then(|i| i.boolean()).unwrap_or(false);
    for i in t.get("roles").map(|i| i.one_or_many()).unwrap_or_default() {
        if let Some(r) = i.text() {
            places.set(part, "roles", d.roles.len(), i.place());
            d.roles.push(RoleName::new(r));
        }
    }
    if let Some(i) = t.get("guard") {
        places.set(part, "guard", 0, i.inner_place());
        d.guard = i.form();
        if d.guard.is_none() {
            places.doubt(part, "guard");
        }
    }
    for (key, list) in [("required", &mut d.required), ("optional", &mut d.optional)] {
        for i in t.get(key).map(|i| i.one_or_many()).unwrap_or_default() {
            if let Some(a) = i.text() {
                places.set(part, key, list.len(), i.place());
                list.push(Attribute::named(a));
            }
        }
    }
    super::read_demand::demands(&t, &mut d, part, places, schema);
    d.tasks = super::read_tasks::wait(&t, part, places);
    if let Some(i) = t.get("after") {
        places.set(part, "after", 0, i.place());
        for (action, place) in placed_actions(&i, schema) {
            places.set(part, "after", d.after.len(), place);
            d.after.push(action);
        }
    }
    d
}

fn timed(item: &Item<'_>, part: Part, places: &mut Places) -> TimedDefinition {
    places.set(part, "", 0, item.place());
    let mut d = TimedDefinition { from: Vec::new(), after: Span::Days(1), transition: TransitionName::new(UNREADABLE) };
    let Some(t) = item.table(&["from", "after", "transition"]) else {
        for key in ["from", "after", "transition"] {
            places.doubt(part, key);
        }
        return d;
    };
    d.from = from(&t, part, places);
    let after = t.need("after", "after how long, such as `3bd`", "多长时间之后，例如 `3bd`").and_then(|i| {
        places.set(part, "after", 0, i.place());
        i.span()
    });
    match after {
        Some(span) => d.after = span,
        None => places.doubt(part, "after"),
    }
    let name = t.need("transition", "which transition is taken", "要执行的流转").and_then(|i| {
        places.set(part, "transition", 0, i.place());
        i.text()
    });
    match name {
        Some(n) => d.transition = TransitionName::new(n),
        None => places.doubt(part, "transition"),
    }
    d
}
