//! Conditions joined: flat, and equalities of one path as one set.

use crate::condition::{Comparison, Expr as Native, Literal, Path, TextTest};
use std::collections::{BTreeMap, BTreeSet};

/// Joined conjuncts, those of nested ones among them.
pub(super) fn simple_all(parts: Vec<Native>) -> Native {
    let mut flat = Vec::with_capacity(parts.len());
    for p in parts {
        match p {
            Native::All(v) => flat.extend(v),
            p => flat.push(p),
        }
    }
    one_or(flat, Native::All)
}

/// Joined alternatives; equalities on one path become one set, so that 500 of them are one look-up. Nothing moves past what may fail:
/// there the order of evaluation is to be seen.
pub(super) fn simple_any(parts: Vec<Native>) -> Native {
    let mut flat: Vec<Native> = Vec::with_capacity(parts.len());
    let mut sets: BTreeMap<(Path, Sort), usize> = BTreeMap::new();
    for p in parts {
        let more = match p {
            Native::Any(v) => v,
            p => vec![p],
        };
        for p in more {
            if !p.is_total() {
                sets.clear();
            } else if let Some(key) = sort(&p) {
                if let Some(first) = sets.get(&key).and_then(|i| flat.get_mut(*i)) {
                    join(first, p);
                    continue;
                }
                sets.insert(key, flat.len());
            }
            flat.push(p);
        }
    }
    one_or(flat, Native::Any)
}

/// What an equality compares by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    Name,
    Text,
    Number,
}

fn sort(e: &Native) -> Option<(Path, Sort)> {
    Some(match e {
        Native::OneOf { path, not: false, .. } | Native::Compare(path, Comparison::Is, Literal::Text(_)) => (path.clone(), Sort::Name),
        Native::OneText(path, _) | Native::Text(path, TextTest::Is, _) => (path.clone(), Sort::Text),
        Native::OneNumber(path, _) | Native::Compare(path, Comparison::Is, Literal::Integer(_)) => (path.clone(), Sort::Number),
        _ => return None,
    })
}

/// Makes one set of two equalities of a sort on a path.
fn join(first: &mut Native, more: Native) {
    let none = || Native::Always(false);
    let as_set = |e: Native| match e {
        Native::Compare(path, _, Literal::Text(s)) => Native::OneOf { path, names: BTreeSet::from([s]), not: false },
        Native::Compare(path, _, Literal::Integer(n)) => Native::OneNumber(path, BTreeSet::from([n])),
        Native::Text(path, _, s) => Native::OneText(path, BTreeSet::from([s])),
        set => set,
    };
    let mut set = as_set(std::mem::replace(first, none()));
    match (&mut set, as_set(more)) {
        (Native::OneOf { names, .. }, Native::OneOf { names: mut more, .. })
        | (Native::OneText(_, names), Native::OneText(_, mut more)) => {
            names.append(&mut more);
        }
        (Native::OneNumber(_, numbers), Native::OneNumber(_, mut more)) => numbers.append(&mut more),
        _ => {}
    }
    *first = set;
}

pub(super) fn one_or(mut flat: Vec<Native>, many: impl Fn(Vec<Native>) -> Native) -> Native {
    if flat.len() == 1 { flat.pop().unwrap_or(Native::Always(true)) } else { many(flat) }
}
