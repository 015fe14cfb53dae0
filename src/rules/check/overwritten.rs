//! Assignments that are set again in every case, so that they might as well not be there.

use super::Lazy;
use super::between::{Candidates, wakes_with};
use crate::condition::logic::Known;
use crate::condition::{Condition, Expr, Path};
use crate::diagnostic::{Diagnostic, Diagnostics, text};
use crate::rules::graph::{Slot, written_values};
use crate::rules::set::same_moment;
use crate::rules::{Rule, RuleIndex, RuleSet, Then, Trigger};
use crate::ticket::{Action, Schema};
use std::collections::{BTreeMap, BTreeSet};

/// One assignment.
struct Write<'r> {
    rule: RuleIndex,
    position: usize,
    value: String,
    action: &'r Action,
}

pub(super) fn check(set: &RuleSet, schema: &Schema, between: &Lazy<'_>, dead: &BTreeSet<RuleIndex>, problems: &mut Diagnostics) {
    let known = Known::of(schema);
    let mut slots: BTreeMap<Slot, Vec<Write<'_>>> = BTreeMap::new();
    for (index, rule) in set.iter().filter(|(i, _)| !dead.contains(i)) {
        let Then::Actions(actions) = &rule.then else { continue };
        for (position, action) in actions.iter().enumerate() {
            for (slot, value) in written_values(action) {
                // A tag that is added twice is one tag; what a transition leads to is no assignment.
                if slot == Slot::State || (slot == Slot::Assignee && matches!(action, Action::Route { .. })) {
                    continue;
                }
                slots.entry(slot).or_default().push(Write { rule: index, position, value, action });
            }
        }
    }
    let differ = |writes: &[Write<'_>]| writes.first().is_some_and(|first| writes.iter().any(|w| w.value != first.value));
    for (slot, writes) in slots.iter().filter(|(_, w)| differ(w)) {
        let path = path_of(slot);
        let mut candidates = Candidates::default();
        for w in writes {
            if let Some(rule) = set.get(w.rule).filter(|r| r.time.is_none() && expr(r).is_none_or(Expr::is_total)) {
                candidates.push(w.rule, expr(rule));
            }
        }
        for (i, first) in writes.iter().enumerate() {
            let Some(rule) = set.get(first.rule) else { continue };
            // Within one rule the later action follows at once.
            if let Some(second) = writes.get(i.saturating_add(1)).filter(|w| w.rule == first.rule && w.value != first.value) {
                problems.push(again(slot, rule, first.position, rule, second.position));
                continue;
            }
            if rule.time.is_some() || rule.may_stop() {
                continue;
            }
            let later = candidates.near(expr(rule), Some(first.rule), None);
            let found = later.iter().find_map(|i| {
                let second = writes.iter().find(|w| w.rule == *i && w.value != first.value)?;
                let other = set.get(*i)?;
                let follows = !between.stopped(first.rule, *i)
                    && fires_with(rule, other, &known)
                    && !asks(other).any(|p| between.touched(first.rule).contains(p))
                    && !between.changed(asks(other), first.rule, *i)
                    && !between.read(&path, first.rule, *i)
                    && overrules(second.action, first.action)
                    && never_refused(other, slot)
                    // Two of one order are reported as such.
                    && !(rule.order == other.order && same_moment(rule, other));
                follows.then_some((other, second.position))
            });
            if let Some((other, position)) = found {
                problems.push(again(slot, rule, first.position, other, position));
            }
        }
    }
}

fn expr(rule: &Rule) -> Option<&Expr> {
    rule.when.as_ref().map(Condition::expr)
}

fn asks(rule: &Rule) -> impl Iterator<Item = &Path> {
    rule.when.iter().flat_map(|c| c.reads())
}

/// Whether the other rule fires in every pass in which this one does.
fn fires_with(rule: &Rule, other: &Rule, known: &Known<'_>) -> bool {
    if !wakes_with(rule, other) || !known.implies(expr(rule), expr(other)) {
        return false;
    }
    // A rule fires once per command: it must not have done so in an earlier pass, in which this one did not.
    let once = |t: &Trigger| matches!(t, Trigger::Created | Trigger::Rated | Trigger::Limit);
    let single = !rule.repeatable && matches!(rule.on.as_slice(), [t] if once(t));
    other.repeatable || single || (!rule.repeatable && wakes_with(other, rule) && known.implies(expr(other), expr(rule)))
}

/// Whether the second assignment is done wherever the first was: a forced one may stand where a plain one would not.
fn overrules(second: &Action, first: &Action) -> bool {
    match (second, first) {
        (Action::Set { force: false, .. }, Action::Set { force: true, .. }) => true,
        (Action::Set { force, .. }, Action::Set { force: weaker, .. }) => *force || !*weaker,
        (Action::Assign(_), _) => false,
        _ => true,
    }
}

/// Whether nothing the rule does may be refused, which would undo all of it.
fn never_refused(rule: &Rule, slot: &Slot) -> bool {
    let risky = |a: &Action| match a {
        Action::Transition(_) | Action::Assign(_) | Action::Watch(_) => true,
        // Where this one is refused, so was the one before.
        Action::Route { .. } => *slot != Slot::Group,
        _ => false,
    };
    matches!(&rule.then, Then::Actions(a) if !a.iter().any(risky))
}

fn path_of(slot: &Slot) -> Path {
    match slot {
        Slot::Attribute(a) => Path::of(a),
        Slot::Priority => Path::Priority,
        Slot::Tag(_) => Path::Tags,
        Slot::Group => Path::Group,
        Slot::Assignee => Path::Assignee,
        Slot::State => Path::State,
    }
}

fn again(slot: &Slot, rule: &Rule, position: usize, other: &Rule, later: usize) -> Diagnostic {
    let what = match slot {
        Slot::Attribute(a) => a.name().to_string(),
        Slot::Priority => "priority".into(),
        Slot::Tag(t) => format!("tag {t}"),
        Slot::Group => "group".into(),
        Slot::Assignee => "assignee".into(),
        Slot::State => "state".into(),
    };
    let message = if rule.name == other.name {
        text(
            format!("`{}` sets `{what}`, and sets it again before anyone can see it", rule.name),
            format!("`{}` 设置了 `{what}`，随即又重新设置", rule.name),
        )
    } else {
        text(
            format!("`{}` sets `{what}`, but `{}` after it sets it again in every case", rule.name, other.name),
            format!("`{}` 设置了 `{what}`，但其后的 `{}` 总会重新设置", rule.name, other.name),
        )
    };
    Diagnostic::warning("overwritten", message)
        .at(rule.action_place(position))
        .also(other.action_place(later), text("set again here", "在此重新设置"))
        .help(text("leave one of them out, or let their conditions exclude one another", "删去其一，或让两者的条件互斥"))
}
