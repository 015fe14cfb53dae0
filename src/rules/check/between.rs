//! What stands between two rules in the order, and which rules could be those that another is looking for.

use crate::condition::{Comparison, Expr, Literal, Path, TextTest};
use crate::rules::carry::touched;
use crate::rules::{Rule, RuleIndex, RuleSet, Surroundings, Trigger};
use std::collections::{BTreeMap, BTreeSet};

/// Who writes and reads what, and who may stop, in order.
pub(super) struct Between {
    touched: Vec<BTreeSet<Path>>,
    writers: BTreeMap<Path, Vec<RuleIndex>>,
    readers: BTreeMap<Path, Vec<RuleIndex>>,
    stoppers: Vec<RuleIndex>,
}

impl Between {
    pub(super) fn of(set: &RuleSet, around: &Surroundings) -> Self {
        let mut all = Self { touched: Vec::new(), writers: BTreeMap::new(), readers: BTreeMap::new(), stoppers: Vec::new() };
        for (i, rule) in set.iter() {
            let touched = touched(rule, around);
            for p in &touched {
                push(&mut all.writers, p, i);
            }
            for p in &rule.reads {
                push(&mut all.readers, p, i);
            }
            if rule.may_stop() {
                all.stoppers.push(i);
            }
            all.touched.push(touched);
        }
        all
    }
    /// What a rule may change.
    pub(super) fn touched(&self, rule: RuleIndex) -> &BTreeSet<Path> {
        static NOTHING: BTreeSet<Path> = BTreeSet::new();
        self.touched.get(rule.0 as usize).unwrap_or(&NOTHING)
    }
    /// Whether any rule after the one and before the other may change one of these.
    pub(super) fn changed<'a>(&self, paths: impl IntoIterator<Item = &'a Path>, after: RuleIndex, before: RuleIndex) -> bool {
        paths.into_iter().any(|p| self.writers.get(p).is_some_and(|list| any_between(list, after, before)))
    }
    /// Whether any rule after the one and before the other reads this.
    pub(super) fn read(&self, path: &Path, after: RuleIndex, before: RuleIndex) -> bool {
        self.readers.get(path).is_some_and(|list| any_between(list, after, before))
    }
    /// Whether any rule after the one and before the other may stop.
    pub(super) fn stopped(&self, after: RuleIndex, before: RuleIndex) -> bool {
        any_between(&self.stoppers, after, before)
    }
    /// Whether another rule than this one may change it.
    pub(super) fn others_change(&self, path: &Path, rule: RuleIndex) -> bool {
        self.writers.get(path).is_some_and(|list| list.iter().any(|i| *i != rule))
    }
}

fn push(map: &mut BTreeMap<Path, Vec<RuleIndex>>, path: &Path, rule: RuleIndex) {
    match map.get_mut(path) {
        Some(list) => list.push(rule),
        None => map.extend([(path.clone(), vec![rule])]),
    }
}

fn any_between(list: &[RuleIndex], after: RuleIndex, before: RuleIndex) -> bool {
    let from = list.partition_point(|i| *i <= after);
    list.get(from).is_some_and(|i| *i < before)
}

/// Whether whatever wakes one rule wakes the other too.
pub(super) fn wakes_with(rule: &Rule, other: &Rule) -> bool {
    if rule.time.is_some() || other.time.is_some() {
        return false;
    }
    if other.always {
        return true;
    }
    let by = |t: &Trigger| {
        let on = other.on.contains(t) || t.wider().is_some_and(|w| other.on.contains(&w));
        on || (other.by_reads() && (*t == Trigger::Created || change_of(t).is_some_and(|p| other.reads.contains(&p))))
    };
    if rule.always {
        return false;
    }
    if rule.by_reads() {
        return by(&Trigger::Created) && rule.reads.iter().all(|p| other.by_reads() && other.reads.contains(p));
    }
    rule.on.iter().all(by)
}

/// The path that changes with a trigger.
fn change_of(t: &Trigger) -> Option<Path> {
    let Trigger::Changed(name) = t else { return None };
    Some(match name.as_str() {
        "priority" => Path::Priority,
        "tags" => Path::Tags,
        "group" => Path::Group,
        "assignee" => Path::Assignee,
        "owner" => Path::Owner,
        "watchers" => Path::Watchers,
        name => Path::of(&crate::ticket::Attribute::named(name)),
    })
}

/// Rules by a value their condition asks for, so that few are compared.
#[derive(Default)]
pub(super) struct Candidates<'e> {
    by_value: BTreeMap<(&'e Path, &'e str), Vec<RuleIndex>>,
    /// Those that ask for no single value.
    wide: Vec<RuleIndex>,
}

/// The most values by which one rule is filed.
const VALUES: usize = 32;
/// The most candidates that are compared with one rule.
const TRIED: usize = 16;

impl<'e> Candidates<'e> {
    /// Files a rule; rules come in order.
    pub(super) fn push(&mut self, index: RuleIndex, when: Option<&'e Expr>) {
        let Some((path, values)) = when.and_then(asked) else {
            self.wide.push(index);
            return;
        };
        for v in values {
            self.by_value.entry((path, v)).or_default().push(index);
        }
    }
    /// Those between two rules whose condition may follow from this one, nearest first.
    pub(super) fn near(&self, when: Option<&Expr>, after: Option<RuleIndex>, before: Option<RuleIndex>) -> Vec<RuleIndex> {
        let mut found: Vec<RuleIndex> = Vec::new();
        let mut take = |list: &[RuleIndex]| {
            let from = after.map_or(0, |a| list.partition_point(|i| *i <= a));
            let to = before.map_or(list.len(), |b| list.partition_point(|i| *i < b));
            let list = list.get(from..to).unwrap_or_default();
            if before.is_some() {
                found.extend(list.iter().rev().take(TRIED));
            } else {
                found.extend(list.iter().take(TRIED));
            }
        };
        take(&self.wide);
        if let Some(when) = when {
            given(when, &mut |path, value| {
                if let Some(list) = self.by_value.get(&(path, value)) {
                    take(list);
                }
            });
        }
        found.sort_unstable();
        found.dedup();
        found.truncate(TRIED);
        found
    }
}

fn conjuncts(e: &Expr) -> &[Expr] {
    match e {
        Expr::All(v) => v,
        e => std::slice::from_ref(e),
    }
}

/// A path and the values of which it must have one.
fn asked(e: &Expr) -> Option<(&Path, Vec<&str>)> {
    conjuncts(e).iter().find_map(|e| match e {
        Expr::OneOf { path, names, not: false } if names.len() <= VALUES => Some((path, names.iter().map(String::as_str).collect())),
        Expr::OneText(path, texts) if texts.len() <= VALUES => Some((path, texts.iter().map(String::as_str).collect())),
        Expr::Compare(path, Comparison::Is, Literal::Text(s))
        | Expr::Text(path, TextTest::Is, s)
        | Expr::Has(path, s)
        | Expr::Within(path, s) => Some((path, vec![s.as_str()])),
        _ => None,
    })
}

/// Shows for each path that a condition narrows down a value it leaves; of a category also the nodes above.
fn given(e: &Expr, show: &mut dyn FnMut(&Path, &str)) {
    for e in conjuncts(e) {
        match e {
            Expr::OneOf { path, names, not: false } | Expr::OneText(path, names) => {
                if let Some(first) = names.iter().next() {
                    show(path, first);
                }
            }
            Expr::Text(path, TextTest::Is, s) | Expr::Has(path, s) => show(path, s),
            Expr::Compare(path, Comparison::Is, Literal::Text(s)) | Expr::Within(path, s) => {
                show(path, s);
                for (i, _) in s.match_indices('/') {
                    show(path, s.get(..i).unwrap_or_default());
                }
            }
            _ => {}
        }
    }
}
