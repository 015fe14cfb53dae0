//! Transitions that can never be taken, as far as their guards and forms alone prove it.

use super::check::Check;
use super::check_moves::written;
use super::compiled::Transition;
use super::machine::Exits;
use super::places::Part;
use crate::condition::attribute_missing;
use crate::diagnostic::{Diagnostic, Lang, text};
use crate::ticket::Attribute;
use std::collections::BTreeSet;

impl Check<'_> {
    /// Warns of a guard that cannot hold in any state its transition leaves, and of an alternative (S6) that is never tried since one before it holds wherever it does.
    pub(super) fn dead(&mut self, transitions: &[Transition], exits: &[Exits]) {
        let mut dead = BTreeSet::new();
        for (i, t) in transitions.iter().enumerate() {
            let Some(guard) = &t.guard else { continue };
            let from = self.from.get(i).map(Vec::as_slice).unwrap_or_default();
            if from.is_empty() || self.doubts_from(i) || !self.known_in(from).never(guard.expr()) {
                continue;
            }
            dead.insert(i);
            let said = written(self.d.transitions.get(i).and_then(|d| d.guard.as_ref()), guard);
            self.bad.push(
                Diagnostic::warning(
                    "dead-transition",
                    text(
                        format!("the guard of `{}` can never hold, so nobody ever takes it{}", t.name, said.en),
                        format!("`{}` 的条件不可能成立，该流转永远无法执行{}", t.name, said.zh),
                    ),
                )
                .at(self.places.at(Part::Transition(i), "guard", 0))
                .help(text("mend the guard, or remove the transition", "请修改 guard，或删除该流转")),
            );
        }
        let mut told = BTreeSet::new();
        for (state, e) in exits.iter().enumerate() {
            let named = || e.named.iter().filter_map(|i| Some((*i as usize, transitions.get(*i as usize)?)));
            for (b, later) in named() {
                let before: Vec<_> = named().take_while(|(a, _)| *a != b).filter(|(_, t)| t.name == later.name).collect();
                let doubt = |i: usize| {
                    let part = Part::Transition(i);
                    self.places.unsure(part, "name")
                        || self.places.unsure(part, "guard")
                        || (self.d.transitions.get(i).is_some_and(|t| t.guard.is_some())
                            && transitions.get(i).is_some_and(|t| t.guard.is_none()))
                };
                // One without a guard in front is an error of its own.
                let open = before.iter().any(|(_, t)| t.guard.is_none());
                if before.is_empty() || open || told.contains(&b) || dead.contains(&b) || doubt(b) || before.iter().any(|(a, _)| doubt(*a))
                {
                    continue;
                }
                let mut all: Vec<_> = before.iter().filter_map(|(_, t)| Some((t.guard.as_ref()?.expr(), false))).collect();
                all.extend(later.guard.iter().map(|g| (g.expr(), true)));
                if self.known_in(&[state]).possible(&all) {
                    continue;
                }
                told.insert(b);
                let Some((first, _)) = before.first() else { continue };
                let (name, label) = (&later.name, later.label.get(Lang::En));
                self.bad.push(
                    Diagnostic::warning(
                        "dead-alternative",
                        text(
                            format!("this alternative of `{name}` ({label}) is never taken: wherever it might be, one before it is"),
                            format!("`{name}` 的这一备选流转（{}）永远不会执行：前面的条件已全部覆盖", later.label.get(Lang::Zh)),
                        ),
                    )
                    .at(self.places.of(Part::Transition(b)))
                    .also(self.places.of(Part::Transition(*first)), text("the first one tried", "最先尝试的一条"))
                    .help(text("put it first, or narrow the guards before it", "请把它放在前面，或收窄前面的 guard")),
                );
            }
        }
    }

    /// Warns of a form that nobody can complete: it asks for what no ticket of this workflow has or nothing can be chosen for, or its validators contradict each other.
    pub(super) fn forms(&mut self, transitions: &[Transition]) {
        let kinds: Vec<_> = self.kinds().collect();
        for (i, t) in transitions.iter().enumerate() {
            let part = Part::Transition(i);
            for (n, a) in self.d.transitions.get(i).map(|d| d.required.as_slice()).unwrap_or_default().iter().enumerate() {
                // One that nobody declared is told already.
                if attribute_missing(self.schema, a, self.places.of(part)).is_some() {
                    continue;
                }
                let foreign = !kinds.is_empty() && !kinds.iter().any(|k| self.schema.has_field(k, a));
                if !foreign && !self.without_choice(a) {
                    continue;
                }
                let (name, field) = (&t.name, a.name());
                let why = if foreign {
                    text(
                        format!("`{name}` requires `{field}`, a field that no ticket of this workflow has"),
                        format!("`{name}` 要求填写 `{field}`，但使用本工作流的工单都没有该字段"),
                    )
                } else {
                    text(
                        format!("`{name}` requires `{field}`, for which there is nothing to choose"),
                        format!("`{name}` 要求填写 `{field}`，但没有可选值"),
                    )
                };
                self.warn_help(
                    "form-never-complete",
                    why,
                    self.places.at(part, "required", n),
                    text(
                        "nobody can ever take it: require something else, or declare what is missing",
                        "无人能够完成：请改为其他必填项，或补充声明",
                    ),
                );
            }
            let mut all: Vec<_> = t.check.iter().map(|c| (c.require.expr(), true)).collect();
            let unread = self.d.transitions.get(i).is_none_or(|d| d.check.len() != t.check.len());
            if all.is_empty() || unread || self.doubts_from(i) || self.places.unsure(part, "check") {
                continue;
            }
            let known = self.known_in(self.from.get(i).map(Vec::as_slice).unwrap_or_default());
            // A guard that never holds is told already.
            let guard = t.guard.as_ref().map(|g| g.expr()).filter(|g| !known.never(g));
            all.extend(guard.map(|g| (g, true)));
            if !known.possible(&all) {
                let name = &t.name;
                self.warn_help(
                    "form-never-complete",
                    text(
                        format!("what `{name}` checks can never hold together, so nobody ever takes it"),
                        format!("`{name}` 的校验条件不可能同时成立，无人能够执行"),
                    ),
                    self.places.at(part, "check", 0),
                    text("mend or remove one of its checks", "请修改或删除其中一个校验"),
                );
            }
        }
    }

    fn without_choice(&self, a: &Attribute) -> bool {
        match a {
            Attribute::Category => self.schema.categories.is_empty(),
            Attribute::Impact => self.schema.impact.levels.is_empty(),
            Attribute::Urgency => self.schema.urgency.levels.is_empty(),
            _ => false,
        }
    }
}
