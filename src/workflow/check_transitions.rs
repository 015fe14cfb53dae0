//! What can be wrong with a transition, and with several of one name.

use super::ACTOR_WORDS;
use super::check::Check;
use super::compiled::Transition;
use super::definition::TransitionDefinition;
use super::machine::Exits;
use super::places::Part;
use super::tasks::{Demand, TasksAtEnd};
use crate::condition::{Scripts, attribute_missing, check_action, role_missing};
use crate::diagnostic::{Diagnostic, Place, Text, text};
use crate::ticket::{Action, Attribute, StateClass};
use std::collections::BTreeSet;

impl Check<'_> {
    pub(super) fn transition(&mut self, i: usize, t: &TransitionDefinition, exits: &[Exits], scripts: &dyn Scripts) -> Transition {
        let part = Part::Transition(i);
        let name = &t.name;
        let to = self.to.get(i).copied().flatten();
        let from = self.from.get(i).cloned().unwrap_or_default();
        for (n, r) in t.roles.iter().enumerate() {
            self.bad.extend(role_missing(self.schema, r.as_str(), &ACTOR_WORDS, self.places.at(part, "roles", n)));
        }
        for (n, a) in t.required.iter().enumerate() {
            self.bad.extend(attribute_missing(self.schema, a, self.places.at(part, "required", n)));
        }
        for (n, a) in t.optional.iter().enumerate() {
            let place = self.places.at(part, "optional", n);
            if t.required.contains(a) {
                self.warn_help(
                    "optional-and-required",
                    text(
                        format!("`{name}` asks for `{}` as required and as optional", a.name()),
                        format!("`{name}` 把 `{}` 同时写为必填和选填", a.name()),
                    ),
                    place,
                    text("remove it from `optional`", "请从 optional 中删除"),
                );
            } else {
                self.bad.extend(attribute_missing(self.schema, a, place));
            }
        }
        let guard = t.guard.as_ref().and_then(|g| match g.check(self.schema, scripts, &self.places.at(part, "guard", 0)) {
            Ok(c) => Some(c),
            Err(d) => {
                self.bad.extend(d);
                None
            }
        });
        let check = self.validators(i, t, scripts);
        let resolution = self.resolutions(i, t);
        self.demanded_list(i, t);
        let mut after = Vec::new();
        for (n, a) in t.after.iter().enumerate() {
            let place = self.places.at(part, "after", n);
            self.out_of_place(a, &place);
            if let Action::Transition(next) = a {
                let targets = match (&t.to, to) {
                    (None, _) => from.clone(),
                    (_, to) => to.into_iter().collect(),
                };
                for s in targets.iter().take(1) {
                    self.meant(exits, *s, next, place.clone());
                }
            }
            match check_action(a.clone(), self.schema, &|_| place.clone()) {
                Ok(a) => after.push(a),
                Err(d) => self.bad.extend(d),
            }
        }
        let selfish = t.to.is_none() || to.is_some_and(|to| from.contains(&to));
        if t.external && !selfish && !self.doubts_from(i) && (t.to.is_none() || to.is_some()) {
            self.warn_help(
                "external-without-effect",
                text(
                    format!("`{name}` always changes the state, so `external` says nothing"),
                    format!("`{name}` 总会改变状态，external 不起作用"),
                ),
                self.places.at(part, "external", 0),
                text("remove `external`", "请删除 external"),
            );
        }
        let target = to.and_then(|to| self.d.states.get(to)).map(|s| s.class);
        let ends = self.d.tasks_at_end == TasksAtEnd::Block && matches!(target, Some(StateClass::Resolved | StateClass::Closed));
        let label_of = |a: &Attribute| self.schema.attribute(a).map_or_else(|| text(a.name(), a.name()), |d| d.label);
        let role_labels = t.roles.iter().map(|r| self.role_label(r)).collect();
        let required_labels = t.required.iter().map(label_of).collect();
        Transition {
            name: name.clone(),
            label: self.label(t.label.as_ref(), part, ("transition", "流转"), name.as_str()),
            from: from.iter().filter_map(|s| self.d.states.get(*s)).map(|s| s.name.clone()).collect(),
            to: t.to.clone(),
            internal: selfish && !t.external,
            roles: t.roles.clone(),
            guard,
            required: t.required.clone(),
            optional: t.optional.iter().filter(|a| !t.required.contains(a)).cloned().collect(),
            comment_required: t.comment,
            check,
            checklist: t.checklist,
            attachment: t.attachment,
            resolution,
            after,
            role_labels,
            required_labels,
            tasks: Demand { wait: t.tasks.clone(), ends },
        }
    }

    fn out_of_place(&mut self, action: &Action, place: &Place) {
        if matches!(action, Action::Stop | Action::MarkAutomatic | Action::MarkThanks | Action::Score { .. }) {
            let word = action.word();
            self.error_help(
                "action-out-of-place",
                text(
                    format!("`{word}` belongs to rules and means nothing after a transition"),
                    format!("`{word}` 只用于规则，不能作为流转后的动作"),
                ),
                place.clone(),
                text("write a rule for it, or remove it", "请写成规则，或删除"),
            );
        }
    }

    /// Same-named transitions of one state: guarded alternatives, tried in order (S6).
    pub(super) fn alternatives(&mut self, exits: &[Exits]) {
        let mut reported = BTreeSet::new();
        let name = |i: u32| self.d.transitions.get(i as usize).map(|t| &t.name);
        let mut found: Vec<(usize, u32, u32)> = Vec::new();
        for (state, e) in exits.iter().enumerate() {
            for (a, b) in e.named.iter().zip(e.named.iter().skip(1)) {
                let first = self.d.transitions.get(*a as usize);
                let doubt = |i: u32| {
                    let part = Part::Transition(i as usize);
                    self.places.unsure(part, "name") || self.places.unsure(part, "guard")
                };
                let open = first.is_some_and(|t| t.guard.is_none());
                if name(*a) == name(*b) && open && !doubt(*a) && !doubt(*b) && reported.insert(*a) {
                    found.push((state, *a, *b));
                }
            }
        }
        for (state, a, b) in found {
            let state = self.name_of(state);
            let name = self.d.transitions.get(a as usize).map(|t| t.name.as_str()).unwrap_or_default();
            self.bad.push(
                Diagnostic::error(
                    "ambiguous-transition",
                    text(
                        format!("`{name}` leaves `{state}` twice, and the first has no guard, so the second is never tried"),
                        format!("`{name}` 从 `{state}` 出发有两条，而第一条没有条件，第二条永远不会执行"),
                    ),
                )
                .at(self.places.of(Part::Transition(b as usize)))
                .also(self.places.of(Part::Transition(a as usize)), text("the first", "第一条"))
                .help(text("give each but the last a guard, or rename one", "除最后一条外都加上 guard，或改名")),
            );
        }
    }
}

pub(super) fn word_label(word: &str) -> Text {
    match word {
        "agent" => text("agent", "处理人员"),
        "requester" => text("requester", "请求人"),
        "vendor" => text("vendor", "第三方"),
        "integration" => text("integration", "集成程序"),
        "system" => text("system", "系统"),
        _ => text(word, word),
    }
}
