//! The index: equality and membership conjuncts choose the candidate rules, so that ten thousand rules cost what the few that can match do.
//!
//! A rule is left out only where one of its conjuncts is seen to be false *and* nothing before that conjunct could have failed: then
//! evaluating it one by one would have come to the same. `RuleSet::unindexed` is that evaluation, for the test that holds both equal.

use super::{Rule, RuleIndex};
use crate::condition::{Comparison, Expr, Literal, Path, Seen, TextTest, View, fold};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, DefaultHasher, Hash};

/// A hash map whose hash is the same in every process.
type Map<K> = HashMap<K, Vec<RuleIndex>, BuildHasherDefault<DefaultHasher>>;

/// How the value at a path is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Mode {
    /// The value itself.
    Exact,
    /// A text, folded.
    Folded,
    /// A category or any node above it.
    Within,
    /// Any member of a set.
    Member,
}

/// A value that a conjunct asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Wanted {
    Absent,
    Boolean(bool),
    Integer(i64),
    Text(Box<str>),
}

/// One entry of the index: the rule can only match where this path has this value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    path: Path,
    mode: Mode,
    wanted: Wanted,
}

/// The keys of a condition, if it has any: where none of them is there, it is false, and nothing in it fails.
fn keys(e: &Expr, cost: &dyn Fn(&Key) -> u64) -> Option<(u64, Vec<Key>)> {
    match e {
        Expr::All(v) => {
            // Only as far as nothing can fail: a script that fails before a false conjunct is a fault, not a mismatch.
            let reached = v.iter().position(|e| !e.is_total()).map_or(v.len(), |i| i.saturating_add(1));
            v.iter().take(reached).filter_map(|e| keys(e, cost)).min_by_key(|(cost, _)| *cost)
        }
        Expr::Any(v) if !v.is_empty() => {
            let mut all = (0u64, Vec::new());
            for e in v {
                let (more, list) = keys(e, cost)?;
                all.0 = all.0.saturating_add(more);
                all.1.extend(list);
            }
            Some(all)
        }
        e => {
            let list = leaf(e)?;
            Some((list.iter().fold(0u64, |sum, k| sum.saturating_add(cost(k))), list))
        }
    }
}

fn leaf(e: &Expr) -> Option<Vec<Key>> {
    let key = |path: &Path, mode, wanted| {
        // What woke the rule is no value of the ticket: it may differ from rule to rule.
        (*path != Path::EventName).then(|| vec![Key { path: path.clone(), mode, wanted }])
    };
    let text = |s: &str| Wanted::Text(s.into());
    match e {
        Expr::OneOf { path, names, not: false } if *path != Path::EventName => {
            Some(names.iter().map(|n| Key { path: path.clone(), mode: Mode::Exact, wanted: text(n) }).collect())
        }
        Expr::Compare(path, Comparison::Is, literal) => match literal {
            Literal::Text(s) => key(path, Mode::Exact, text(s)),
            Literal::Integer(n) => key(path, Mode::Exact, Wanted::Integer(*n)),
            Literal::Boolean(b) => key(path, Mode::Exact, Wanted::Boolean(*b)),
            Literal::Absent => key(path, Mode::Exact, Wanted::Absent),
            _ => None,
        },
        Expr::Flag(path) => key(path, Mode::Exact, Wanted::Boolean(true)),
        Expr::Has(path, name) => key(path, Mode::Member, text(name)),
        Expr::Text(path, TextTest::Is, s) => key(path, Mode::Folded, text(s)),
        Expr::OneText(path, texts) => Some(texts.iter().map(|s| Key { path: path.clone(), mode: Mode::Folded, wanted: text(s) }).collect()),
        Expr::OneNumber(path, numbers) => {
            Some(numbers.iter().map(|n| Key { path: path.clone(), mode: Mode::Exact, wanted: Wanted::Integer(*n) }).collect())
        }
        Expr::Within(path, node) => key(path, Mode::Within, text(node)),
        _ => None,
    }
}

/// The rules that one path decides on.
#[derive(Clone, Debug)]
struct Posting {
    path: Path,
    mode: Mode,
    texts: Map<Box<str>>,
    integers: Map<i64>,
    no: Vec<RuleIndex>,
    yes: Vec<RuleIndex>,
    absent: Vec<RuleIndex>,
}

impl Posting {
    fn of(path: Path, mode: Mode) -> Self {
        Self { path, mode, texts: Map::default(), integers: Map::default(), no: Vec::new(), yes: Vec::new(), absent: Vec::new() }
    }

    fn add(&mut self, wanted: &Wanted, rule: RuleIndex) {
        let list = match wanted {
            Wanted::Text(s) => self.texts.entry(s.clone()).or_default(),
            Wanted::Integer(n) => self.integers.entry(*n).or_default(),
            Wanted::Boolean(false) => &mut self.no,
            Wanted::Boolean(true) => &mut self.yes,
            Wanted::Absent => &mut self.absent,
        };
        if list.last() != Some(&rule) {
            list.push(rule);
        }
    }

    fn find(&self, view: &View<'_>, take: &mut impl FnMut(&[RuleIndex])) {
        if self.mode == Mode::Member {
            view.each_name(&self.path, &mut |name| self.text(name, take));
            return;
        }
        match view.get(&self.path) {
            Seen::Absent => take(&self.absent),
            Seen::Boolean(true) => take(&self.yes),
            Seen::Boolean(false) => take(&self.no),
            Seen::Integer(n) => self.integer(n, take),
            // A decimal without a fraction is equal to the whole number.
            Seen::Decimal(d) => {
                if let Some(n) = d.rescaled(0).filter(|n| *n == d) {
                    self.integer(n.units(), take);
                }
            }
            Seen::Text(s) => match self.mode {
                Mode::Exact | Mode::Member => self.text(&s, take),
                Mode::Folded => self.text(&fold(&s), take),
                Mode::Within => {
                    self.text(&s, take);
                    for (i, _) in s.match_indices('/') {
                        self.text(s.get(..i).unwrap_or_default(), take);
                    }
                }
            },
            // A set is never absent, only empty.
            Seen::Names(n) if n.is_empty() => take(&self.absent),
            _ => {}
        }
    }

    fn text(&self, s: &str, take: &mut impl FnMut(&[RuleIndex])) {
        if let Some(list) = self.texts.get(s) {
            take(list);
        }
    }

    fn integer(&self, n: i64, take: &mut impl FnMut(&[RuleIndex])) {
        if let Some(list) = self.integers.get(&n) {
            take(list);
        }
    }
}

/// The rules that one thing wakes.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    all: Vec<RuleIndex>,
    postings: Vec<Posting>,
    /// Those without a key.
    rest: Vec<RuleIndex>,
}

impl Group {
    /// Puts a rule in; rules come in order. [`Group::build`] follows.
    pub(super) fn push(&mut self, rule: RuleIndex) {
        if self.all.last() != Some(&rule) {
            self.all.push(rule);
        }
    }

    /// Chooses a key for each rule: the one whose path tells most rules apart.
    pub(super) fn build(&mut self, rules: &[Rule], indexed: bool) {
        let of = |i: &RuleIndex| rules.get(i.0 as usize).and_then(|r| r.when.as_ref()).map(|c| c.expr());
        (self.postings, self.rest) = (Vec::new(), Vec::new());
        if !indexed {
            self.rest.clone_from(&self.all);
            return;
        }
        let mut values: BTreeMap<(Path, Mode), BTreeSet<Wanted>> = BTreeMap::new();
        for e in self.all.iter().filter_map(of) {
            count(e, &mut values);
        }
        // How many of a million rules one key of this path leaves.
        let cost = |k: &Key| {
            let distinct = values.get(&(k.path.clone(), k.mode)).map_or(1, BTreeSet::len);
            1_000_000u64.checked_div(u64::try_from(distinct).unwrap_or(u64::MAX)).unwrap_or(0)
        };
        let mut at: BTreeMap<(Path, Mode), usize> = BTreeMap::new();
        for i in &self.all {
            let Some((_, list)) = of(i).and_then(|e| keys(e, &cost)) else {
                self.rest.push(*i);
                continue;
            };
            for key in list {
                let place = (key.path, key.mode);
                let n = *at.entry(place.clone()).or_insert(self.postings.len());
                if n == self.postings.len() {
                    let (path, mode) = place;
                    self.postings.push(Posting::of(path, mode));
                }
                if let Some(posting) = self.postings.get_mut(n) {
                    posting.add(&key.wanted, *i);
                }
            }
        }
    }

    /// All rules, in order.
    pub(super) fn all(&self) -> &[RuleIndex] {
        &self.all
    }

    /// Adds the rules at or after `from` that may match.
    pub(super) fn candidates(&self, view: &View<'_>, from: RuleIndex, out: &mut Vec<RuleIndex>) {
        let mut take = |list: &[RuleIndex]| {
            let first = list.partition_point(|i| *i < from);
            out.extend_from_slice(list.get(first..).unwrap_or_default());
        };
        take(&self.rest);
        for p in &self.postings {
            p.find(view, &mut take);
        }
    }
}

fn count(e: &Expr, values: &mut BTreeMap<(Path, Mode), BTreeSet<Wanted>>) {
    match e {
        Expr::All(v) | Expr::Any(v) => v.iter().for_each(|e| count(e, values)),
        e => {
            for k in leaf(e).unwrap_or_default() {
                values.entry((k.path, k.mode)).or_default().insert(k.wanted);
            }
        }
    }
}
