//! What can be wrong with what a transition demands, with rights, and with strict states.

use super::ACTOR_WORDS;
use super::check::Check;
use super::definition::{StateDefinition, TransitionDefinition};
use super::demand::{Right, RightDefinition, Validator};
use super::machine::{Exits, Rights};
use super::most;
use super::places::Part;
use crate::condition::reading::unknown;
use crate::condition::{Scripts, attribute_missing, role_missing};
use crate::diagnostic::{Text, text};
use crate::id::*;
use crate::ticket::{Scale, StateClass};

impl Check<'_> {
    pub(super) fn validators(&mut self, i: usize, t: &TransitionDefinition, scripts: &dyn Scripts) -> Vec<Validator> {
        let part = Part::Transition(i);
        let mut out = Vec::new();
        for (n, c) in t.check.iter().enumerate() {
            if let Some(f) = &c.field {
                self.bad.extend(attribute_missing(self.schema, f, self.places.at(part, "check.field", n)));
            }
            match c.require.check(self.schema, scripts, &self.places.at(part, "check", n)) {
                Ok(require) => out.push(Validator { require, message: c.message.clone(), field: c.field.clone() }),
                Err(d) => self.bad.extend(d),
            }
        }
        out
    }

    /// The resolution codes a transition asks for; none: it asks for no code.
    pub(super) fn resolutions(&mut self, i: usize, t: &TransitionDefinition) -> Option<Scale> {
        let place = |n| self.places.at(Part::Transition(i), "resolution", n);
        let Some(codes) = &t.resolution else {
            let resolves = self.to.get(i).copied().flatten().and_then(|s| self.d.states.get(s)).map(|s| s.class);
            let all = &self.schema.resolutions;
            return (resolves == Some(StateClass::Resolved) && !all.levels.is_empty()).then(|| all.clone());
        };
        let known = || self.schema.resolutions.names().map(LevelName::as_str);
        let bad: Vec<_> = codes
            .iter()
            .enumerate()
            .filter(|(_, c)| !self.schema.resolutions.has(c.as_str()))
            .map(|(n, c)| unknown("unknown-resolution", ("resolution code", "解决代码"), c.as_str(), known(), place(n)))
            .collect();
        self.bad.extend(bad);
        let levels = self.schema.resolutions.levels.iter().filter(|l| codes.contains(&l.name)).cloned().collect();
        (!codes.is_empty()).then_some(Scale { levels })
    }

    /// A demand for a checklist where there is none to tick off.
    pub(super) fn demanded_list(&mut self, i: usize, t: &TransitionDefinition) {
        let from = self.from.get(i).cloned().unwrap_or_default();
        let any = from.iter().filter_map(|s| self.d.states.get(*s)).any(|s| !s.checklist.is_empty());
        if t.checklist && !any && !from.is_empty() && !self.doubts_from(i) {
            let name = &t.name;
            self.error_help(
                "no-checklist",
                text(
                    format!("`{name}` demands a complete checklist, but no state it leaves has one"),
                    format!("`{name}` 要求完成检查清单，但其起始状态都没有检查清单"),
                ),
                self.places.at(Part::Transition(i), "checklist", 0),
                text("add checklist = [\"…\"] to the state, or remove it here", "请为状态添加 checklist = [\"…\"]，或在此删除"),
            );
        }
    }

    pub(super) fn role_label(&self, r: &RoleName) -> Text {
        self.schema.roles.get(r).cloned().unwrap_or_else(|| super::check_transitions::word_label(r.as_str()))
    }

    pub(super) fn rights(&mut self) -> Rights<Right> {
        let mut out = Rights::new();
        let steps = if self.d.rights.is_empty() { Vec::new() } else { self.steps() };
        for (i, r) in self.d.rights.iter().enumerate() {
            let part = Part::Right(i);
            for s in [&r.from, &r.to].into_iter().flatten() {
                if !self.index.contains_key(s) {
                    self.unknown_state("unknown-state", s, self.places.of(part));
                }
            }
            self.step(r, part, &steps);
            for (n, role) in r.roles.iter().enumerate() {
                self.bad.extend(role_missing(self.schema, role.as_str(), &ACTOR_WORDS, self.places.at(part, "roles", n)));
            }
            let labels = r.roles.iter().map(|r| self.role_label(r)).collect();
            let word = |s: &Option<StateName>| s.as_ref().map_or_else(|| "*".to_string(), ToString::to_string);
            out = out.with(&word(&r.from), &word(&r.to), Right { line: r.line(), roles: r.roles.clone(), labels });
        }
        out
    }

    /// Every step that a transition makes, by states; none where that is not certain.
    fn steps(&self) -> Vec<(usize, usize)> {
        if self.doubts_any_from() || self.doubts_any_to() {
            return Vec::new();
        }
        let each = self.from.iter().zip(&self.to).flat_map(|(from, to)| from.iter().map(|s| (*s, to.unwrap_or(*s))));
        each.collect()
    }

    /// A right for a step that is never taken says nothing.
    fn step(&mut self, r: &RightDefinition, part: Part, steps: &[(usize, usize)]) {
        let at = |s: &Option<StateName>| s.as_ref().map(|s| self.index.get(s).copied());
        let (from, to) = (at(&r.from), at(&r.to));
        let fits = |end: Option<Option<usize>>, s: usize| end.is_none_or(|e| e.is_none_or(|e| e == s));
        if steps.is_empty() || steps.iter().any(|(a, b)| fits(from, *a) && fits(to, *b)) {
            return;
        }
        let line = r.line();
        self.warn_help(
            "right-without-step",
            text(
                format!("no transition makes the step `{line}`, so nobody needs the right"),
                format!("没有流转执行 `{line}`，该权限不起作用"),
            ),
            self.places.of(part),
            text("correct the states, or remove it", "请更正状态，或删除"),
        );
    }

    /// Roles, the length of the checklist, and that somebody for whom the state is strict gets out of it.
    pub(super) fn strict(&mut self, i: usize, s: &StateDefinition, exits: &[Exits]) {
        let part = Part::State(i);
        if s.checklist.len() > most::ITEMS {
            let (n, most) = (s.checklist.len(), most::ITEMS);
            self.error(
                "too-many",
                text(format!("{n} items where at most {most} fit"), format!("{n} 项，最多 {most} 项")),
                self.places.at(part, "checklist", 0),
            );
        }
        for (n, r) in s.strict.iter().enumerate() {
            self.bad.extend(role_missing(self.schema, r.as_str(), &ACTOR_WORDS, self.places.at(part, "strict", n)));
        }
        let out = exits.get(i).map(|e| e.named.as_slice()).unwrap_or_default();
        let never = |r: &RoleName| matches!(r.as_str(), "requester" | "vendor" | "system");
        let theirs = |t: &u32| {
            let roles = self.d.transitions.get(*t as usize).map(|t| t.roles.as_slice()).unwrap_or_default();
            s.strict.iter().any(|r| if never(r) { roles.contains(r) } else { roles.is_empty() || !roles.iter().all(never) })
        };
        // A name that could not be read may be a way out; asked last, since it goes through all transitions.
        let doubts = || self.unnamed || self.doubts_any_from();
        if !s.strict.is_empty() && !out.iter().any(theirs) && !doubts() {
            let (name, who) = (&s.name, s.strict.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
            self.error_help(
                "strict-without-way",
                text(
                    format!("`{name}` is strict for {who}, who have no transition to take from it"),
                    format!("`{name}` 对 {who} 为严格模式，但其没有可执行的流转"),
                ),
                self.places.at(part, "strict", 0),
                text("remove `strict`, or give them a transition that leaves it", "请删除 strict，或为其提供从该状态出发的流转"),
            );
        }
    }
}
