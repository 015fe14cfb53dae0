//! Actions that would be refused whenever the rule fires, so that nothing it asks for is done.

use super::Lazy;
use super::never::narrow;
use crate::condition::logic::Known;
use crate::condition::{Condition, Expr, Path};
use crate::diagnostic::{Diagnostic, Diagnostics, text};
use crate::rules::surroundings::Flow;
use crate::rules::{Rule, RuleIndex, RuleSet, Surroundings, Then, Trigger};
use crate::ticket::{Action, Attribute, Schema, StateClass, Value};
use std::collections::BTreeSet;

pub(super) fn check(
    set: &RuleSet,
    schema: &Schema,
    around: &Surroundings,
    between: &Lazy<'_>,
    dead: &BTreeSet<RuleIndex>,
    problems: &mut Diagnostics,
) {
    for (index, rule) in set.iter().filter(|(i, _)| !dead.contains(i)) {
        let Then::Actions(actions) = &rule.then else { continue };
        for (position, action) in actions.iter().enumerate() {
            if matches!(action, Action::Set { attribute: Attribute::Subject, value: Some(Value::Text(s)), .. } if s.trim().is_empty()) {
                let message = text("a subject cannot be blank, so this is always refused", "主题不能为空白，该动作总会被拒绝");
                problems.push(refused(rule, position, message));
            }
        }
        let Some(flow) = &around.flow else { continue };
        // Behind a transition the state is another.
        let moving = actions.iter().position(|a| matches!(a, Action::Transition(_)));
        let sending = actions.iter().position(|a| matches!(a, Action::Route { .. } | Action::Assign(_)));
        if let Some((position, Action::Transition(name))) = moving.and_then(|i| Some((i, actions.get(i)?))) {
            let from: BTreeSet<_> = flow.named(name).map(|m| &m.from).collect();
            let seen = States::of(index, rule, schema, around, flow, between);
            if !flow.classes.keys().any(|s| from.contains(s) && seen.possible(s.as_str(), None, flow)) {
                let list = from.iter().map(|s| format!("`{s}`")).collect::<Vec<_>>();
                let message = text(
                    format!("`{name}` leaves only {}, and the ticket is never there when `{}` fires", list.join(", "), rule.name),
                    format!("`{name}` 只能从 {} 发起，而 `{}` 触发时工单不会处于该状态", list.join("、"), rule.name),
                );
                problems.push(refused(rule, position, message));
            }
        }
        if let Some(position) = sending.filter(|s| moving.is_none_or(|m| s < &m)) {
            let seen = States::of(index, rule, schema, around, flow, between);
            let open = |c: &StateClass| !c.is_final();
            if !flow.classes.keys().any(|s| seen.possible(s.as_str(), Some(&open), flow)) {
                let message = text(
                    format!("the ticket is always done when `{}` fires, and a ticket that is done cannot be sent to anyone", rule.name),
                    format!("`{}` 触发时工单总已结束，已结束的工单不能再分派", rule.name),
                );
                problems.push(refused(rule, position, message));
            }
        }
    }
}

/// The states in which a rule may find a ticket.
struct States<'r, 's> {
    when: Option<&'r Expr>,
    known: Known<'s>,
    only: Option<BTreeSet<String>>,
}

impl<'r, 's> States<'r, 's> {
    fn of(index: RuleIndex, rule: &'r Rule, schema: &'s Schema, around: &Surroundings, flow: &Flow, between: &Lazy<'_>) -> Self {
        let known = narrow(rule, schema, around).unwrap_or_else(|| Known::of(schema));
        let mut only: Option<BTreeSet<String>> = rule.time.as_ref().and_then(|t| t.state()).map(|s| BTreeSet::from([s.to_string()]));
        // Where no other rule moves tickets, the event says in which state they are.
        if only.is_none() && !rule.always && !rule.on.is_empty() && !between.others_change(&Path::State, index) {
            let mut all = BTreeSet::new();
            let named = rule.on.iter().all(|t| match t {
                Trigger::State(s) => {
                    all.insert(s.to_string());
                    true
                }
                Trigger::Created => {
                    all.extend(flow.initial.iter().map(ToString::to_string));
                    true
                }
                _ => false,
            });
            only = named.then_some(all);
        }
        Self { when: rule.when.as_ref().map(Condition::expr), known, only }
    }

    /// Whether the rule can match in this state, in one of its classes that pass.
    fn possible(&self, state: &str, class: Option<&dyn Fn(&StateClass) -> bool>, flow: &Flow) -> bool {
        if self.only.as_ref().is_some_and(|only| !only.contains(state)) {
            return false;
        }
        let classes = flow.classes.iter().find(|(s, _)| s.as_str() == state).map(|(_, c)| c.iter());
        let classes: Vec<&StateClass> = classes.into_iter().flatten().filter(|c| class.is_none_or(|pass| pass(c))).collect();
        if classes.is_empty() {
            return false;
        }
        let Some(when) = self.when else { return true };
        let words = classes.into_iter().map(|c| c.word().to_string()).collect();
        let known = self.known.clone().only(Path::State, vec![state.to_string()]).only(Path::Class, words);
        known.possible(&[(when, true)])
    }
}

fn refused(rule: &Rule, position: usize, message: crate::diagnostic::Text) -> Diagnostic {
    Diagnostic::warning("always-refused", message)
        .at(rule.action_place(position))
        .help(text("a rule whose action is refused does nothing at all (S24)", "动作被拒绝的规则不会执行任何动作（S24）"))
}
