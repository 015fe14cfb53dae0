//! Macros: named lists of actions that a person runs with one command.

use crate::condition::reading::{Document, Item};
use crate::condition::{check_action, placed_actions};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Text, text};
use crate::id::MacroName;
use crate::ticket::{Action, Schema};

/// A macro 宏: what a person does often, under one name. Each action is the person's own and needs the person's right; all are done or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Macro {
    /// Its name.
    pub name: MacroName,
    /// What people read.
    pub label: Text,
    /// Where it stands.
    pub place: Place,
    /// What it does, in order.
    pub actions: Vec<Action>,
}

impl Macro {
    /// What is wrong with it under a schema.
    pub fn check(&self, schema: &Schema) -> Diagnostics {
        let mut problems = Diagnostics::new();
        for action in &self.actions {
            problems.extend(not_in_macro(action, self.place.clone()));
            if let Err(d) = check_action(action.clone(), schema, &|_| self.place.clone()) {
                problems.extend(d);
            }
        }
        problems.extend(self.empty());
        problems
    }

    fn empty(&self) -> Option<Diagnostic> {
        let d = || {
            let message = text(format!("the macro `{}` does nothing", self.name), format!("宏 `{}` 没有任何动作", self.name));
            Diagnostic::error("no-actions", message).at(self.place.clone())
        };
        self.actions.is_empty().then(d)
    }
}

/// What only rules may ask for.
fn not_in_macro(action: &Action, place: Place) -> Option<Diagnostic> {
    matches!(action, Action::Score { .. } | Action::MarkAutomatic | Action::MarkThanks | Action::Stop).then(|| {
        let word = action.word();
        Diagnostic::error(
            "not-in-macro",
            text(format!("`{word}` is a rule's, not a person's"), format!("`{word}` 只能用于规则，不能用于宏")),
        )
        .at(place)
    })
}

/// The macros of a file, as far as they are right.
pub(super) fn read(file: &str, content: &str, schema: &Schema) -> (Vec<Macro>, Diagnostics) {
    let document = Document::parse(file, content);
    let mut macros: Vec<Macro> = Vec::new();
    for item in document.root(&["macros"]).get("macros").map(|i| i.list()).unwrap_or_default() {
        let Some(m) = one(&item, schema) else { continue };
        if macros.iter().any(|x| x.name == m.name) {
            item.wrong::<()>("duplicate-name", text(format!("`{}` stands twice", m.name), format!("`{}` 重复", m.name)), None);
            continue;
        }
        macros.push(m);
    }
    (macros, document.finish())
}

fn one(item: &Item<'_>, schema: &Schema) -> Option<Macro> {
    let t = item.table(&["name", "label", "actions"])?;
    let name = t.need("name", "the macro's name", "宏名称")?.name()?;
    let label = t.get("label").and_then(|i| i.label()).unwrap_or_else(|| text(name, name));
    let actions = t.need("actions", "what it does", "宏的动作")?;
    let written = actions.one_or_many().len();
    let placed = placed_actions(&actions, schema);
    for (action, place) in &placed {
        not_in_macro(action, place.clone()).into_iter().for_each(|d| item.document().report(d));
    }
    let m = Macro { name: name.into(), label, place: item.place(), actions: placed.into_iter().map(|(a, _)| a).collect() };
    if written == 0 {
        m.empty().into_iter().for_each(|d| item.document().report(d));
    }
    Some(m)
}
