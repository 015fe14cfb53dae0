//! What can be wrong with transitions that the desk takes by itself, when an approval is decided or children end, and what is known of a ticket in a state.

use super::check::Check;
use super::definition::{StateDefinition, TransitionDefinition};
use super::places::Part;
use crate::condition::logic::Known;
use crate::condition::{Condition, Expr, Form, Path};
use crate::diagnostic::{Text, text};
use crate::id::TransitionName;
use crate::ticket::{Attribute, StateClass, WaitsOn};

impl<'a> Check<'a> {
    /// What is known of a ticket in one of these states.
    pub(super) fn known_in(&self, states: &[usize]) -> Known<'a> {
        let all = || states.iter().filter_map(|s| self.d.states.get(*s));
        let sure = |key| !states.iter().any(|s| self.places.unsure(Part::State(*s), key));
        let known = self.known().only(Path::State, all().map(|s| s.name.to_string()).collect());
        if !sure("class") {
            return known;
        }
        let known = known.only(Path::Class, all().map(|s| s.class.word().to_string()).collect());
        if !sure("waits_on") {
            return known;
        }
        known.only(Path::WaitsOn, all().map(|s| waits_on(s).word().to_string()).collect())
    }

    /// What is known of any ticket of this workflow.
    pub(super) fn known(&self) -> Known<'a> {
        let known = Known::of(self.schema);
        let kinds: Vec<String> = self.kinds().map(ToString::to_string).collect();
        if kinds.is_empty() { known } else { known.only(Path::Type, kinds) }
    }

    /// The types that follow this workflow, where that is known of all.
    pub(super) fn kinds(&self) -> impl Iterator<Item = &'a crate::id::TypeName> {
        let (types, name) = (&self.schema.types, &self.d.name);
        let sure = types.values().all(|t| !t.workflow.as_str().is_empty());
        types.iter().filter(move |(_, t)| sure && t.workflow == *name).map(|(name, _)| name)
    }

    /// The states that the transitions of a name leave, and these themselves; none if that is not certain.
    fn leaves(&self, name: &TransitionName) -> Option<(Vec<usize>, Vec<usize>)> {
        let of_name = self.named.get(name).filter(|v| !v.is_empty() && !self.unnamed)?;
        if of_name.iter().any(|i| self.doubts_from(*i)) {
            return None;
        }
        let mut from: Vec<usize> = of_name.iter().filter_map(|i| self.from.get(*i)).flatten().copied().collect();
        from.sort_unstable();
        from.dedup();
        let sure = !from.iter().any(|s| self.places.unsure(Part::State(*s), "class"));
        (sure && !from.is_empty()).then(|| (from, of_name.clone()))
    }

    fn class(&self, state: usize) -> Option<StateClass> {
        self.d.states.get(state).map(|s| s.class)
    }

    /// What an approval that is decided leads to.
    pub(super) fn decided(&mut self) {
        let d = self.d;
        for (i, a) in d.approvals.iter().enumerate() {
            let part = Part::Approval(i);
            if self.places.unsure(part, "protects") {
                continue;
            }
            let ends = [("granted", &a.granted, ("granted", "通过")), ("declined", &a.declined, ("declined", "驳回"))];
            for (key, to, (word, zh)) in ends {
                let Some((to, (from, of_name))) = to.as_ref().and_then(|t| Some((t, self.leaves(t)?))) else { continue };
                let (place, name) = (self.places.at(part, key, 0), &a.name);
                // In a resolved state it can be asked for; in what it protects it is decided, in what is over nothing is asked for any more.
                let idle = |s: &usize| {
                    let over = matches!(self.class(*s), Some(StateClass::Closed | StateClass::Cancelled));
                    over || d.states.get(*s).is_some_and(|s| a.protects.contains(&s.name))
                };
                if from.iter().all(idle) {
                    let states = from.iter().take(8).map(|s| format!("`{}`", self.name_of(*s))).collect::<Vec<_>>().join(", ");
                    self.warn_help(
                        "approval-not-leaving",
                        text(
                            format!("{word}, `{name}` takes `{to}`, which leaves only {states}, where no ticket waits for it"),
                            format!("`{name}` {zh}后执行 `{to}`，但它只从 {states} 出发，工单不会在那里等待该审批"),
                        ),
                        place,
                        text("name a transition that leaves the state in which it is asked for", "请指定从发起审批的状态出发的流转"),
                    );
                    continue;
                }
                for t in of_name.iter().filter_map(|i| d.transitions.get(*i)) {
                    // What the approval covers is there when it is asked for.
                    let Some(needs) = needs(t, &a.covers) else { continue };
                    self.warn_help(
                        "approval-needs-input",
                        text(
                            format!("`{to}` needs {}, and taken when `{name}` is {word} it brings nothing with it", needs.en),
                            format!("`{to}` 需要{}，而 `{name}` {zh}后自动执行时无人填写", needs.zh),
                        ),
                        place.clone(),
                        text(
                            "it is refused for tickets where this is not yet done; name a transition that asks for nothing",
                            "尚未完成的工单会被拒绝；请指定无需填写的流转",
                        ),
                    );
                }
            }
        }
    }

    /// What a parent does when its children end or open again must leave a state in which that can be.
    pub(super) fn parents(&mut self) {
        let c = &self.d.children;
        let own = [
            ("when_all_ended", &c.when_all_ended, false, ("open", "未结束"), ("the last of its children has ended", "最后一个子工单结束")),
            ("when_child_reopens", &c.when_child_reopens, true, ("final", "终结"), ("one of its children is open again", "子工单重开")),
        ];
        for (key, name, last, (kind, kind_zh), (when, when_zh)) in own {
            let Some((name, (from, _))) = name.as_ref().and_then(|n| Some((n, self.leaves(n)?))) else { continue };
            if from.iter().any(|s| self.class(*s).is_some_and(|c| c.is_final() == last)) {
                continue;
            }
            self.error_help(
                "transition-not-leaving",
                text(
                    format!("`{name}` leaves no {kind} state, and only in one is it taken when {when}"),
                    format!("`{name}` 不从任何{kind_zh}状态出发，而{when_zh}时只在这类状态下执行"),
                ),
                self.places.at(Part::Workflow, key, 0),
                text(format!("name a transition that leaves a state that is {kind}"), format!("请指定从{kind_zh}状态出发的流转")),
            );
        }
    }
}

/// On whom a ticket in the state waits (S77).
pub(super) fn waits_on(s: &StateDefinition) -> WaitsOn {
    s.waits_on.unwrap_or(match s.class {
        StateClass::New | StateClass::Open | StateClass::OnHold => WaitsOn::Internal,
        StateClass::Pending => WaitsOn::Requester,
        StateClass::Resolved | StateClass::Closed | StateClass::Cancelled => WaitsOn::Nobody,
    })
}

/// What a transition needs that the desk, taking it by itself, does not give: fields, except those that are there anyway, and ticks. It needs no comment, attachment or resolution code then.
pub(super) fn needs(t: &TransitionDefinition, except: &[Attribute]) -> Option<Text> {
    let mut all: Vec<String> = t.required.iter().filter(|a| !except.contains(a)).map(|a| format!("`{}`", a.name())).collect();
    let mut zh = all.clone();
    if t.checklist {
        all.push("a complete checklist".into());
        zh.push("完整的检查清单".into());
    }
    let en = match all.split_last() {
        Some((last, before)) if t.checklist && !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => all.join(", "),
    };
    (!all.is_empty()).then(|| text(en, format!(" {}", zh.join("、"))))
}

/// A condition as its author wrote it, behind a colon; nothing where only the place can show it.
pub(super) fn written(form: Option<&Form>, condition: &Condition) -> Text {
    let said = match (form, condition.expr()) {
        (Some(Form::Text(s)), _) => s.split_whitespace().collect::<Vec<_>>().join(" "),
        (_, Expr::Always(_)) => return text("", ""),
        _ => condition.to_string(),
    };
    text(format!(": {said}"), format!("：{said}"))
}
