//! Rules behind one that stops wherever they would match.

use super::Lazy;
use super::between::{Candidates, wakes_with};
use crate::condition::logic::Known;
use crate::condition::{Condition, Expr};
use crate::diagnostic::{Diagnostic, Diagnostics, text};
use crate::rules::{Rule, RuleIndex, RuleSet, Then};
use crate::ticket::{Action, Schema};
use std::collections::BTreeSet;

/// In sets of at most so many rules and stopping rules it is also asked whether several rules together leave nothing.
const TOGETHER: (usize, usize) = (1_000, 64);

pub(super) fn check(set: &RuleSet, schema: &Schema, between: &Lazy<'_>, dead: &BTreeSet<RuleIndex>, problems: &mut Diagnostics) {
    let known = Known::of(schema);
    let mut candidates = Candidates::default();
    let mut stoppers: Vec<(RuleIndex, &Rule)> = Vec::new();
    for (index, rule) in set.iter() {
        let sure = rule.surely_stops() && never_refused(rule) && expr(rule).is_none_or(Expr::is_total);
        if sure && rule.time.is_none() && !dead.contains(&index) {
            candidates.push(index, expr(rule));
            stoppers.push((index, rule));
        }
    }
    if stoppers.is_empty() {
        return;
    }
    for (index, rule) in set.iter().filter(|(i, r)| !dead.contains(i) && r.time.is_none()) {
        let stops_before = |(first, other): &(RuleIndex, &Rule)| {
            // What the earlier rule asked must be as it was when the later one is asked.
            *first < index && wakes_with(rule, other) && !between.changed(asks(other), *first, index)
        };
        let near = candidates.near(expr(rule), None, Some(index));
        let one =
            near.iter().filter_map(|i| set.get(*i).map(|r| (*i, r))).find(|c| stops_before(c) && known.implies(expr(rule), expr(c.1)));
        if let Some((_, other)) = one {
            problems.push(shadowed(rule, &[other]));
            continue;
        }
        if set.len() <= TOGETHER.0 && stoppers.len() <= TOGETHER.1 {
            let before: Vec<&Rule> = stoppers.iter().filter(|s| stops_before(s)).map(|(_, r)| *r).collect();
            if before.len() > 1 && nothing_left(rule, &before, &known) {
                problems.push(shadowed(rule, &needed(rule, before, &known)));
            }
        }
    }
}

fn expr(rule: &Rule) -> Option<&Expr> {
    rule.when.as_ref().map(Condition::expr)
}

/// A rule of which an action is refused does not stop either.
fn never_refused(rule: &Rule) -> bool {
    matches!(&rule.then, Then::Actions(a) if !a.iter().any(|a| matches!(a, Action::Transition(_) | Action::Assign(_) | Action::Watch(_))))
}

fn asks(rule: &Rule) -> impl Iterator<Item = &crate::condition::Path> {
    rule.when.iter().flat_map(|c| c.reads())
}

/// Whether the rule matches only where one of these does.
fn nothing_left(rule: &Rule, before: &[&Rule], known: &Known<'_>) -> bool {
    let mut all: Vec<(&Expr, bool)> = expr(rule).map(|e| (e, true)).into_iter().collect();
    for other in before {
        match expr(other) {
            Some(e) => all.push((e, false)),
            None => return true,
        }
    }
    !known.possible(&all)
}

/// As few of these as leave nothing.
fn needed<'r>(rule: &Rule, mut before: Vec<&'r Rule>, known: &Known<'_>) -> Vec<&'r Rule> {
    let mut i = 0usize;
    while i < before.len() {
        let mut fewer = before.clone();
        fewer.remove(i);
        if nothing_left(rule, &fewer, known) {
            before = fewer;
        } else {
            i = i.saturating_add(1);
        }
    }
    before
}

fn shadowed(rule: &Rule, by: &[&Rule]) -> Diagnostic {
    let names = by.iter().map(|r| format!("`{}`", r.name)).collect::<Vec<_>>();
    let (en, zh) = (names.join(", "), names.join("、"));
    let (verb, stop) = if by.len() == 1 { ("matches", "stops") } else { ("match", "stop") };
    let d = Diagnostic::warning(
        "shadowed-rule",
        text(
            format!("`{}` never fires: wherever it would, {en} before it {verb} and {stop}", rule.name),
            format!("`{}` 永不触发：它能匹配的情况，前面的 {zh} 都已匹配并终止", rule.name),
        ),
    )
    .at(rule.place.clone())
    .help(text("put the narrower rule first, with a lower `.order(…)`", "把条件更窄的规则放在前面（更小的 `.order(…)`）"));
    by.iter().fold(d, |d, r| d.also(r.place.clone(), text("stops here", "在此终止")))
}
