//! Which rules, and which parts of their conditions, ever matched.

use crate::condition::{Expr, View};
use crate::diagnostic::{Lang, Place, Text, text};
use crate::engine::Trace;
use crate::id::RuleName;
use crate::rules::{Rule, RuleSet};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A part of a rule's condition: what `&&` joins, and below that what `||` joins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// As a trace shows it.
    pub text: String,
    /// How deep it stands: 0 for what `&&` joins at the top, 1 for the alternatives of one of these, and so on.
    pub depth: u8,
    /// How often it held where the rule was judged, whatever the other parts did.
    pub held: u64,
}

/// What became of one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleCoverage {
    /// The rule.
    pub rule: RuleName,
    /// Where it stands.
    pub place: Place,
    /// How often it was judged.
    pub judged: u64,
    /// How often its condition held.
    pub matched: u64,
    /// How often it fired; less than it matched where an action was refused or a script failed.
    pub fired: u64,
    /// The parts of its condition in order; none where there is no condition.
    pub parts: Vec<Part>,
}

impl RuleCoverage {
    fn of(rule: &Rule) -> Self {
        let mut parts = Vec::new();
        if let Some(c) = &rule.when {
            each(c.expr(), 0, &mut |e, depth| parts.push(Part { text: e.to_string(), depth, held: 0 }));
        }
        Self { rule: rule.name.clone(), place: rule.place.clone(), judged: 0, matched: 0, fired: 0, parts }
    }
    /// The parts that never held, where the rule was judged at all.
    pub fn missed(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|p| p.held == 0 && self.judged > 0)
    }
}

/// Walks the parts of a condition; the same order each time.
fn each<'e>(e: &'e Expr, depth: u8, see: &mut dyn FnMut(&'e Expr, u8)) {
    match e {
        Expr::All(all) => all.iter().for_each(|e| each(e, depth, see)),
        Expr::Any(any) => {
            see(e, depth);
            any.iter().for_each(|e| each(e, depth.saturating_add(1), see));
        }
        e => see(e, depth),
    }
}

/// How well tests, or a past, exercise the rules of a playbook.
///
/// ```
/// use ticketry::{diagnostic::Lang, harness::{self, Options}, playbook::Playbook};
/// let source = Playbook::starter_source()
///     .with("rules/a.rhai", r#"rule("burning").on("created").when(|t| t.subject.contains("fire") || t.impact == "high").then(|t| t.tag("hot"));"#)
///     .with("tests/a.rhai", r#"test("fire", |desk| { assert("hot" in desk.create(#{ subject: "fire" }).tags); });"#);
/// let report = harness::test(&source, &Options { coverage: true, ..Options::default() }).unwrap();
/// let coverage = report.coverage().unwrap();
/// assert_eq!(coverage.rules().map(|r| r.matched).collect::<Vec<_>>(), [1]);
/// assert!(coverage.render(Lang::En).contains(r#"never true: t.impact in ["high"]"#));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    rules: Vec<RuleCoverage>,
    by_name: BTreeMap<RuleName, usize>,
}

impl Coverage {
    /// The rules of a set, none of them judged yet.
    pub fn of(rules: &RuleSet) -> Self {
        let rules: Vec<RuleCoverage> = rules.iter().map(|(_, r)| RuleCoverage::of(r)).collect();
        let by_name = rules.iter().enumerate().map(|(i, r)| (r.rule.clone(), i)).collect();
        Self { rules, by_name }
    }
    /// Counts a decision in: [`crate::desk::Builder::observer`] shows each.
    pub fn see(&mut self, trace: &Trace) {
        trace.judged(&mut |rule, view, fired| self.judge(rule, view, fired));
    }
    fn judge(&mut self, rule: &Rule, view: &View<'_>, fired: bool) {
        let Some(seen) = self.by_name.get(&rule.name).and_then(|i| self.rules.get_mut(*i)) else { return };
        seen.judged = seen.judged.saturating_add(1);
        seen.fired = seen.fired.saturating_add(u64::from(fired));
        let holds = rule.when.as_ref().is_none_or(|c| fired || c.holds(view) == Ok(true));
        seen.matched = seen.matched.saturating_add(u64::from(holds));
        let Some(condition) = &rule.when else { return };
        let mut parts = seen.parts.iter_mut();
        each(condition.expr(), 0, &mut |e, depth| {
            if let Some(part) = parts.next() {
                // What `&&` joins at the top holds whenever the whole does.
                let held = (holds && depth == 0) || e.holds(view) == Ok(true);
                part.held = part.held.saturating_add(u64::from(held));
            }
        });
    }
    /// Each rule, in the order in which rules run.
    pub fn rules(&self) -> impl Iterator<Item = &RuleCoverage> {
        self.rules.iter()
    }
    /// How many rules matched at least once, of how many.
    pub fn matched(&self) -> (usize, usize) {
        (self.rules.iter().filter(|r| r.matched > 0).count(), self.rules.len())
    }
    /// How many parts of conditions held at least once, of how many.
    pub fn held(&self) -> (usize, usize) {
        let parts = || self.rules.iter().flat_map(|r| &r.parts);
        (parts().filter(|p| p.held > 0).count(), parts().count())
    }
    /// Whether every rule matched and every part of every condition held at least once.
    pub fn is_full(&self) -> bool {
        let (rules, parts) = (self.matched(), self.held());
        rules.0 == rules.1 && parts.0 == parts.1
    }
    /// As text: the counts, then what never matched, with its place.
    pub fn render(&self, lang: Lang) -> String {
        let ((rules, all_rules), (parts, all_parts)) = (self.matched(), self.held());
        let mut lines = vec![text(
            format!("coverage: {rules} of {all_rules} rules matched, {parts} of {all_parts} parts of conditions held"),
            format!("覆盖率：{all_rules} 条规则中 {rules} 条命中，{all_parts} 个条件项中 {parts} 个成立过"),
        )];
        for r in &self.rules {
            lines.extend(Self::told(r));
        }
        lines.iter().map(|l| format!("{}\n", l.get(lang))).collect()
    }
    fn told(r: &RuleCoverage) -> Vec<Text> {
        let (name, place) = (&r.rule, &r.place);
        let (en, zh) = match (r.judged, r.matched) {
            (0, _) => ("nothing ever woke it".to_string(), "从未被触发评估".to_string()),
            (1, 0) => ("never matched (judged once)".to_string(), "从未命中（评估 1 次）".to_string()),
            (n, 0) => (format!("never matched (judged {n} times)"), format!("从未命中（评估 {n} 次）")),
            _ if r.missed().next().is_none() => return Vec::new(),
            (n, m) => (format!("matched {m} of {n} times"), format!("评估 {n} 次，命中 {m} 次")),
        };
        let mut lines = vec![text(format!("  {place} {name}: {en}"), format!("  {place} {name}：{zh}"))];
        for p in r.missed() {
            lines.push(text(format!("    never true: {}", p.text), format!("    从未成立：{}", p.text)));
        }
        lines
    }
}

impl Serialize for Coverage {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(&self.rules)
    }
}

/// A coverage that desks count into while they run.
#[derive(Clone, Debug, Default)]
pub(super) struct Counting(Arc<Mutex<Coverage>>);

impl Counting {
    pub(super) fn of(rules: &RuleSet) -> Self {
        Self(Arc::new(Mutex::new(Coverage::of(rules))))
    }
    pub(super) fn see(&self, trace: &Trace) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).see(trace);
    }
    pub(super) fn done(&self) -> Coverage {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Traces kept as they come, until they are asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Listening(Arc<Mutex<Vec<Trace>>>);

impl Listening {
    pub(super) fn hear(&self, trace: &Trace) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(trace.clone());
    }
    pub(super) fn heard(&self) -> Vec<Trace> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
