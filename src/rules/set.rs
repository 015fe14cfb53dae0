//! The rules of a playbook in their one order, and the index from what happened to whom it wakes.

use super::index::Group;
use super::{Rule, Timing, Trigger, Written};
use crate::condition::{Expr, Path};
use crate::diagnostic::{Diagnostic, Diagnostics, text};
use crate::id::{RuleName, StateName, TagName};
use std::collections::{BTreeMap, BTreeSet};

/// A rule's position in the order of its [`RuleSet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleIndex(pub(super) u32);

/// All rules, in order (S17): by `order`, then file, then position in the file.
///
/// ```
/// use ticketry::{condition::NoScripts, rules::{RuleBuilder, RuleSet, Trigger}, ticket::{Action, Schema}};
/// let rule = |name: &str, order| {
///     RuleBuilder::new(name).order(order).on(Trigger::Created).then([Action::Tag("new".into())]).build(&Schema::default(), &NoScripts)
/// };
/// let (set, problems) = RuleSet::new(vec![rule("second", 2).unwrap(), rule("first", 1).unwrap()]);
/// assert!(problems.is_empty());
/// let woken: Vec<&str> = set.triggered(&[Trigger::Created]).into_iter().filter_map(|i| set.get(i)).map(|r| r.name.as_str()).collect();
/// assert_eq!(woken, ["first", "second"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    by_name: BTreeMap<RuleName, RuleIndex>,
    by_trigger: BTreeMap<Trigger, Group>,
    by_read: BTreeMap<Path, Group>,
    always: Group,
    timed: BTreeMap<StateName, Vec<RuleIndex>>,
    /// Repeated in any open state.
    repeated: Vec<RuleIndex>,
    before_due: Vec<RuleIndex>,
    reads: BTreeSet<Path>,
}

impl RuleSet {
    /// The set of these rules, and what is wrong with it: a name used twice (`duplicate-rule`; the first in order stays), and
    /// two rules of equal order that may both fire and write one field (`order-ambiguous`, a warning; S17).
    pub fn new(mut rules: Vec<Rule>) -> (Self, Diagnostics) {
        rules.sort_by(|a, b| a.order.cmp(&b.order).then_with(|| a.place.cmp(&b.place)));
        let mut problems = Diagnostics::new();
        let mut set = Self::default();
        for rule in rules {
            let Ok(index) = u32::try_from(set.rules.len()).map(RuleIndex) else { break };
            if let Some(first) = set.by_name.get(&rule.name).and_then(|i| set.get(*i)) {
                problems.push(
                    Diagnostic::error(
                        "duplicate-rule",
                        text(format!("two rules are called `{}`", rule.name), format!("有两条规则都叫 `{}`", rule.name)),
                    )
                    .at(rule.place.clone())
                    .also(first.place.clone(), text("the other one", "另一条"))
                    .help(text("give each rule a name of its own", "请为每条规则取不同的名字")),
                );
                continue;
            }
            set.by_name.insert(rule.name.clone(), index);
            match &rule.time {
                Some(Timing::BeforeDue { .. }) => set.before_due.push(index),
                Some(timing) => match timing.state() {
                    Some(state) => set.timed.entry(state.clone()).or_default().push(index),
                    None => set.repeated.push(index),
                },
                None => {}
            }
            if rule.always {
                set.always.push(index);
            } else {
                for t in &rule.on {
                    set.by_trigger.entry(t.clone()).or_default().push(index);
                }
            }
            if rule.by_reads() {
                set.by_trigger.entry(Trigger::Created).or_default().push(index);
                for p in &rule.reads {
                    set.by_read.entry(p.clone()).or_default().push(index);
                }
            }
            set.reads.extend(rule.reads.iter().cloned());
            set.rules.push(rule);
        }
        set.build(true);
        set.ambiguities(&mut problems);
        (set, problems)
    }

    fn build(&mut self, indexed: bool) {
        let groups = self.by_trigger.values_mut().chain(self.by_read.values_mut()).chain(std::iter::once(&mut self.always));
        for g in groups {
            g.build(&self.rules, indexed);
        }
    }

    /// The same rules without an index: every woken rule is evaluated. For the test that holds both equal, and to measure.
    #[doc(hidden)]
    #[must_use]
    pub fn unindexed(mut self) -> Self {
        self.build(false);
        self
    }

    pub(super) fn groups(&self, happened: &[Trigger], changed: &[Path]) -> Vec<&Group> {
        let mut groups = Vec::new();
        if happened.is_empty() && changed.is_empty() {
            return groups;
        }
        if !self.always.all().is_empty() {
            groups.push(&self.always);
        }
        for t in happened {
            groups.extend(self.by_trigger.get(t));
            groups.extend(t.wider().and_then(|w| self.by_trigger.get(&w)));
        }
        groups.extend(changed.iter().filter_map(|p| self.by_read.get(p)));
        groups
    }

    /// The rules that something of this wakes, in order, each once.
    pub fn woken(&self, happened: &[Trigger], changed: &[Path]) -> Vec<RuleIndex> {
        let mut woken: Vec<RuleIndex> = self.groups(happened, changed).into_iter().flat_map(Group::all).copied().collect();
        woken.sort_unstable();
        woken.dedup();
        woken
    }

    /// The rules that something of this wakes, in order, each once. Nothing woken allocates nothing.
    pub fn triggered(&self, happened: &[Trigger]) -> Vec<RuleIndex> {
        self.woken(happened, &[])
    }

    /// The time rules that wait in a state of this name, in order.
    pub fn time_rules(&self, state: &StateName) -> impl Iterator<Item = (RuleIndex, &Rule)> {
        self.timed.get(state).into_iter().flatten().filter_map(|i| self.get(*i).map(|r| (*i, r)))
    }
    /// The time rules that repeat in every state that is not final, in order.
    pub fn repeated(&self) -> impl Iterator<Item = &Rule> {
        self.repeated.iter().filter_map(|i| self.get(*i))
    }
    /// The time rules that wait for the time before a due instant, in order.
    pub fn before_due(&self) -> impl Iterator<Item = &Rule> {
        self.before_due.iter().filter_map(|i| self.get(*i))
    }

    /// The rule at a position.
    pub fn get(&self, index: RuleIndex) -> Option<&Rule> {
        self.rules.get(index.0 as usize)
    }
    /// The rule of this name.
    pub fn named(&self, name: &str) -> Option<(RuleIndex, &Rule)> {
        let index = *self.by_name.get(name)?;
        self.get(index).map(|r| (index, r))
    }
    /// All rules in order.
    pub fn iter(&self) -> impl Iterator<Item = (RuleIndex, &Rule)> {
        (0u32..).map(RuleIndex).zip(&self.rules)
    }
    /// How many.
    pub fn len(&self) -> usize {
        self.rules.len()
    }
    /// Whether some rule names no moment of its own and wakes by what it reads.
    pub fn wakes_by_reads(&self) -> bool {
        !self.by_read.is_empty()
    }
    /// Whether anything a rule can do may wake a rule.
    pub(super) fn wakes_by_rules(&self) -> bool {
        use Trigger::{Created, Escalated, Limit, Rated, Received};
        let outer = |t: &Trigger| {
            let message = matches!(
                t,
                Trigger::MessageFromRequester
                    | Trigger::MessageFromAgent
                    | Trigger::MessageFromVendor
                    | Trigger::MessageCall
                    | Trigger::MessageNote
            );
            message || matches!(t, Created | Received | Rated | Limit | Escalated | Trigger::Warning(_) | Trigger::Breach(_))
        };
        !self.always.all().is_empty() || !self.by_read.is_empty() || !self.by_trigger.keys().all(outer)
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
    /// What any of them reads.
    pub fn reads(&self) -> &BTreeSet<Path> {
        &self.reads
    }
    /// Whether any of them reads the customer record.
    pub fn needs_customer(&self) -> bool {
        self.reads.iter().any(|p| matches!(p, Path::Customer(_)))
    }

    fn ambiguities(&self, problems: &mut Diagnostics) {
        // Only writers of one thing with one order are compared, each with those before it; few share both.
        let mut groups: BTreeMap<(i64, Thing<'_>), Vec<&Rule>> = BTreeMap::new();
        for rule in &self.rules {
            for thing in rule.writes.iter().filter_map(Thing::of) {
                let group = groups.entry((rule.order, thing)).or_default();
                if group.last().is_none_or(|r| r.name != rule.name) {
                    group.push(rule);
                }
            }
        }
        for ((_, thing), rules) in groups.into_iter().filter(|(_, rules)| rules.len() > 1) {
            let parts: Vec<Vec<&Expr>> = rules.iter().map(|r| r.when.as_ref().map(|c| conjuncts(c.expr())).unwrap_or_default()).collect();
            for (i, (later, asked)) in rules.iter().zip(&parts).enumerate() {
                let clash = rules.iter().zip(&parts).take(i.min(PAIRS)).find(|(first, before)| {
                    same_moment(first, later) && thing.clash(first, later) && !disjoint(before, asked) && !same_actions(first, later)
                });
                if let Some((first, _)) = clash {
                    let name = thing.name();
                    problems.push(
                        Diagnostic::warning(
                            "order-ambiguous",
                            text(
                                format!(
                                    "`{}` and `{}` both write {name} and have the same order; the later in file order wins",
                                    first.name, later.name
                                ),
                                format!("`{}` 和 `{}` 都写入 {name} 且 order 相同；文件顺序靠后的生效", first.name, later.name),
                            ),
                        )
                        .at(later.place.clone())
                        .also(first.place.clone(), text("the other one", "另一条"))
                        .help(text("give them different `.order(…)`", "请为它们指定不同的 `.order(…)`")),
                    );
                }
            }
        }
    }
}

/// What two rules may write differently: a tag one adds and another removes, or anything else that has one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Thing<'r> {
    Tag(&'r TagName),
    Other(&'r Written),
}

impl<'r> Thing<'r> {
    fn of(written: &'r Written) -> Option<Self> {
        Some(match written {
            Written::Tag(t) | Written::Untag(t) => Self::Tag(t),
            Written::Score | Written::Tags | Written::Watchers | Written::Message => return None,
            other => Self::Other(other),
        })
    }
    fn clash(self, a: &Rule, b: &Rule) -> bool {
        match self {
            Self::Other(_) => true,
            Self::Tag(t) => {
                let adds = |r: &Rule| r.writes.contains(&Written::Tag(t.clone()));
                let removes = |r: &Rule| r.writes.contains(&Written::Untag(t.clone()));
                (adds(a) && removes(b)) || (removes(a) && adds(b))
            }
        }
    }
    fn name(self) -> String {
        match self {
            Self::Tag(t) => format!("tag {t}"),
            Self::Other(w) => w.name(),
        }
    }
}

/// How many earlier rules each rule is compared with, so that ten thousand rules of one order still load at once.
const PAIRS: usize = 64;

/// Whether one event may wake both.
pub(super) fn same_moment(a: &Rule, b: &Rule) -> bool {
    let wakes = |t: &Trigger, u: &Trigger| t == u || t.wider().as_ref() == Some(u) || u.wider().as_ref() == Some(t);
    match (&a.time, &b.time) {
        (Some(x), Some(y)) => x == y,
        (None, None) => a.always || b.always || a.on.iter().any(|t| b.on.iter().any(|u| wakes(t, u))),
        _ => a.always || b.always,
    }
}

fn same_actions(a: &Rule, b: &Rule) -> bool {
    matches!((&a.then, &b.then), (super::Then::Actions(x), super::Then::Actions(y)) if x == y)
}

/// Whether the two conditions can be seen never to hold together: they ask one path for different names.
fn disjoint(left: &[&Expr], right: &[&Expr]) -> bool {
    left.iter().any(|x| right.iter().any(|y| exclude(x, y)))
}

fn conjuncts(e: &Expr) -> Vec<&Expr> {
    match e {
        Expr::All(v) => v.iter().flat_map(conjuncts).collect(),
        e => vec![e],
    }
}

fn exclude(x: &Expr, y: &Expr) -> bool {
    use crate::condition::{Comparison::Is, TextTest};
    let apart = |m: &str, n: &str| {
        let below = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|r| r.is_empty() || r.starts_with('/'));
        !below(m, n) && !below(n, m)
    };
    match (x, y) {
        (Expr::OneOf { path: p, names: m, not: false }, Expr::OneOf { path: q, names: n, not: false }) => p == q && m.is_disjoint(n),
        (Expr::OneOf { path: p, names: m, not: false }, Expr::OneOf { path: q, names: n, not: true })
        | (Expr::OneOf { path: q, names: n, not: true }, Expr::OneOf { path: p, names: m, not: false }) => p == q && m.is_subset(n),
        (Expr::Within(p, m), Expr::Within(q, n)) => p == q && apart(m, n),
        (Expr::Compare(p, Is, m), Expr::Compare(q, Is, n)) => p == q && m != n,
        (Expr::Text(p, TextTest::Is, m), Expr::Text(q, TextTest::Is, n)) => p == q && m != n,
        (Expr::Not(x), y) | (y, Expr::Not(x)) => matches!((&**x, y), (Expr::Flag(p), Expr::Flag(q)) if p == q),
        _ => false,
    }
}
