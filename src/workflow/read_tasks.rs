//! Templates of tasks from TOML, and where tasks are named.

use super::definition::WorkflowDefinition;
use super::places::{Part, Places};
use super::read::keyed;
use super::tasks::{OutcomeDefinition, TaskDefinition, TaskOwner, TaskWait, TasksAtEnd};
use crate::calendar::Span;
use crate::condition::reading::{Item, Table};
use crate::diagnostic::{did_you_mean, text};
use crate::id::*;

/// `[tasks.NAME]` and `tasks_at_end`.
pub(super) fn read(root: &Table<'_>, definition: &mut WorkflowDefinition, places: &mut Places) {
    if let Some(i) = root.get("tasks_at_end") {
        definition.tasks_at_end = i.word(&TasksAtEnd::WORDS).unwrap_or_default();
    }
    for (key, item) in root.get("tasks").map(|i| i.entries()).unwrap_or_default() {
        let part = Part::Task(definition.tasks.len());
        places.set(part, "", 0, key.place.clone());
        let task = task(key.name, &item, part, places);
        definition.tasks.push(task);
    }
}

/// The names of tasks under a key: one or several.
pub(super) fn names(t: &Table<'_>, part: Part, key: &'static str, places: &mut Places) -> Vec<TaskName> {
    let mut all = Vec::new();
    for i in t.get(key).map(|i| i.one_or_many()).unwrap_or_default() {
        if let Some(name) = i.text() {
            places.set(part, key, all.len(), i.place());
            all.push(TaskName::new(name));
        }
    }
    all
}

/// `tasks` of a transition: `"all"` or names.
pub(super) fn wait(t: &Table<'_>, part: Part, places: &mut Places) -> TaskWait {
    if t.get("tasks").is_some_and(|i| i.as_text() == Some("all")) {
        return TaskWait::All;
    }
    let named = names(t, part, "tasks", places);
    if named.is_empty() { TaskWait::None } else { TaskWait::Named(named) }
}

fn task(name: &str, item: &Item<'_>, part: Part, places: &mut Places) -> TaskDefinition {
    const KEYS: [&str; 9] = ["label", "owner", "group", "due", "calendar", "checklist", "needs", "cancel_on_leave", "outcomes"];
    let mut d = TaskDefinition::new(name);
    let Some(t) = item.table(&KEYS) else { return d };
    d.label = keyed(&t, part, "label", places).and_then(|i| i.label());
    d.owner = keyed(&t, part, "owner", places).and_then(|i| {
        let word = i.text()?;
        TaskOwner::parse(word).or_else(|| {
            let all = TaskOwner::WORDS.map(|w| format!("`{w}`")).join(", ");
            i.wrong(
                "unknown-word",
                text(format!("`owner` is never `{word}`"), format!("`owner` 不可能是 `{word}`")),
                did_you_mean(word, TaskOwner::WORDS).or_else(|| Some(text(format!("it is one of {all}"), format!("可取值：{all}")))),
            )
        })
    });
    d.group = keyed(&t, part, "group", places).and_then(|i| i.text()).map(GroupId::new);
    d.due = keyed(&t, part, "due", places).and_then(|i| i.span());
    d.calendar = keyed(&t, part, "calendar", places).and_then(|i| i.text()).map(CalendarName::new);
    d.checklist = keyed(&t, part, "checklist", places).map(|i| i.list()).unwrap_or_default().iter().filter_map(Item::label).collect();
    d.needs = names(&t, part, "needs", places);
    d.cancel_on_leave = t.get("cancel_on_leave").and_then(|i| i.boolean()).unwrap_or(false);
    for (key, item) in t.get("outcomes").map(|i| i.entries()).unwrap_or_default() {
        places.set(part, "outcomes", d.outcomes.len(), key.place.clone());
        let mut o = OutcomeDefinition { name: OutcomeName::new(key.name), transition: None, retry: None, times: 0 };
        if let Some(t) = item.table(&["transition", "retry", "times"]) {
            o.transition = t.get("transition").and_then(|i| i.text()).map(TransitionName::new);
            // Where one cannot be read, something stands in for it, so that it does not count as left out.
            o.retry = t.get("retry").map(|i| i.span().unwrap_or(Span::Days(1)));
            o.times = t.get("times").map_or(0, |i| i.integer(1, 100).and_then(|n| u16::try_from(n).ok()).unwrap_or(1));
        }
        d.outcomes.push(o);
    }
    d
}
