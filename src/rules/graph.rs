//! Which rule wakes which, by what; and the circles in it.

use super::carry::{Carrier, carried};
use super::{Rule, RuleIndex, RuleSet, Surroundings, Then, Timing};
use crate::condition::logic::Known;
use crate::condition::{Comparison, Expr, Literal, Path};
use crate::diagnostic::Place;
use crate::id::{LevelName, RuleName};
use crate::ticket::{Action, Attribute, Schema, Value};
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Rules and what carries one to another, as plain data.
///
/// ```
/// use ticketry::{condition::NoScripts, rules::{RuleBuilder, RuleSet, Surroundings, Trigger}, ticket::{Action, Schema}};
/// let tag = |name: &str, on, tag: &str| {
///     RuleBuilder::new(name).on(on).then([Action::Tag(tag.into())]).build(&Schema::default(), &NoScripts).unwrap()
/// };
/// let (set, _) = RuleSet::new(vec![tag("first", Trigger::Created, "new"), tag("second", Trigger::changed("tags"), "seen")]);
/// let graph = set.graph(&Schema::default(), &Surroundings::default());
/// let edges: Vec<_> = graph.edges.iter().map(|e| (e.from.as_str(), e.to.as_str())).collect();
/// assert_eq!(edges, [("first", "second"), ("second", "second")]);
/// assert!(graph.edges[0].by.contains("tags"));
/// assert!(graph.circles.is_empty(), "each tag is there once and for all");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleGraph {
    /// The rules, in their order.
    pub rules: Vec<RuleNode>,
    /// Which may wake which, in the order of the rules.
    pub edges: Vec<RuleEdge>,
    /// Chains that come back to where they began and change something each time.
    pub circles: Vec<RuleCircle>,
}

/// A rule of a [`RuleGraph`].
#[derive(Clone, Debug, PartialEq)]
pub struct RuleNode {
    /// Its name.
    pub name: RuleName,
    /// Where it stands.
    pub place: Place,
    /// Its place in the order.
    pub order: i64,
    /// The events that wake it, in words; `always`, or `after 3bd in pending`, or empty for one that wakes by what it reads.
    pub wakes: Vec<String>,
    /// What it reads.
    pub reads: BTreeSet<String>,
    /// What it may write.
    pub writes: BTreeSet<String>,
    /// Whether condition and actions were lowered.
    pub lowered: bool,
    /// May fire more than once per command.
    pub repeatable: bool,
}

/// One rule may wake another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleEdge {
    /// The rule that acts.
    pub from: RuleName,
    /// The rule that wakes.
    pub to: RuleName,
    /// By what: fields that change (`impact`, `tags`), events that happen (`state:pending`, `assigned`).
    pub by: BTreeSet<String>,
}

/// A chain of rules that comes back to its first one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleCircle {
    /// Each step; the last leads to the first rule.
    pub steps: Vec<RuleEdge>,
    /// Every rule in it is repeatable, so that only the limit of the chain ends it.
    pub endless: bool,
}

/// How many rules that hang together are looked at pair by pair.
const TOGETHER: usize = 128;

impl RuleSet {
    /// Which rules may wake which. What is not known of the surroundings adds no edge.
    pub fn graph(&self, schema: &Schema, around: &Surroundings) -> RuleGraph {
        let mut edges = Vec::new();
        for (i, rule) in self.iter() {
            let mut by: BTreeMap<RuleIndex, BTreeSet<String>> = BTreeMap::new();
            for carrier in carried(rule, around) {
                for woken in self.woken_by(&carrier) {
                    by.entry(woken).or_default().insert(carrier.name());
                }
            }
            edges.extend(by.into_iter().filter_map(|(to, by)| self.edge(i, to, by)));
        }
        RuleGraph { rules: self.iter().map(|(_, r)| node(r)).collect(), edges, circles: self.circles(schema, around) }
    }

    fn woken_by(&self, carrier: &Carrier) -> Vec<RuleIndex> {
        match carrier {
            Carrier::Event(t) => self.woken(std::slice::from_ref(t), &[]),
            Carrier::Field(p) => self.woken(&[], std::slice::from_ref(p)),
        }
    }

    fn edge(&self, from: RuleIndex, to: RuleIndex, by: BTreeSet<String>) -> Option<RuleEdge> {
        Some(RuleEdge { from: self.get(from)?.name.clone(), to: self.get(to)?.name.clone(), by })
    }

    /// Chains that come back to their first rule, each rule able to change something each time round.
    pub(super) fn circles(&self, schema: &Schema, around: &Surroundings) -> Vec<RuleCircle> {
        let known = Known::of(schema);
        let mut circles: Vec<RuleCircle> =
            self.knots(around).iter().flat_map(|knot| self.live(knot, &known, around)).filter_map(|web| self.circle(&web)).collect();
        circles.sort_by(|a, b| a.steps.iter().map(|s| &s.from).cmp(b.steps.iter().map(|s| &s.from)));
        circles
    }

    /// Rules that can reach one another, in groups. Fields stand between them, so that the graph grows with the rules and not with
    /// their pairs.
    fn knots(&self, around: &Surroundings) -> Vec<Vec<RuleIndex>> {
        if !self.wakes_by_rules() {
            return Vec::new();
        }
        let mut graph: DiGraph<Option<RuleIndex>, ()> = DiGraph::new();
        let rules: Vec<NodeIndex> = self.iter().map(|(i, _)| graph.add_node(Some(i))).collect();
        let mut fields: BTreeMap<Carrier, Option<NodeIndex>> = BTreeMap::new();
        for ((_, rule), from) in self.iter().zip(&rules) {
            for carrier in carried(rule, around) {
                let field = match fields.get(&carrier) {
                    Some(known) => *known,
                    None => {
                        let woken = self.woken_by(&carrier);
                        let field = (!woken.is_empty()).then(|| graph.add_node(None));
                        if let Some(field) = field {
                            for to in woken.iter().filter_map(|i| rules.get(i.0 as usize)) {
                                graph.add_edge(field, *to, ());
                            }
                        }
                        fields.insert(carrier, field);
                        field
                    }
                };
                if let Some(field) = field {
                    graph.add_edge(*from, field, ());
                }
            }
        }
        kosaraju_scc(&graph)
            .into_iter()
            .filter(|group| group.len() > 1)
            .map(|group| {
                let mut knot: Vec<RuleIndex> = group.into_iter().filter_map(|n| graph.node_weight(n).copied().flatten()).collect();
                knot.sort_unstable();
                knot
            })
            .collect()
    }

    /// The parts of a knot that hang together still when each step is asked whether the next rule could match after it.
    fn live(&self, knot: &[RuleIndex], known: &Known<'_>, around: &Surroundings) -> Vec<Web> {
        // So many rules in one knot are no accident that a message could help with.
        if knot.len() > TOGETHER {
            return Vec::new();
        }
        let mut edges: BTreeMap<(RuleIndex, RuleIndex), BTreeSet<String>> = BTreeMap::new();
        for from in knot {
            let Some(rule) = self.get(*from) else { continue };
            let left = left_behind(rule);
            for carrier in carried(rule, around) {
                for to in self.woken_by(&carrier).into_iter().filter(|to| knot.binary_search(to).is_ok()) {
                    if let Some(by) = edges.get_mut(&(*from, to)) {
                        by.insert(carrier.name());
                    } else if self.get(to).is_some_and(|next| can_follow(&left, next, known)) {
                        edges.insert((*from, to), BTreeSet::from([carrier.name()]));
                    }
                }
            }
        }
        let mut graph: DiGraph<RuleIndex, ()> = DiGraph::new();
        let nodes: BTreeMap<RuleIndex, NodeIndex> = knot.iter().map(|i| (*i, graph.add_node(*i))).collect();
        for (a, b) in edges.keys() {
            if let (Some(a), Some(b)) = (nodes.get(a), nodes.get(b)) {
                graph.add_edge(*a, *b, ());
            }
        }
        let groups = kosaraju_scc(&graph).into_iter().map(|group| {
            let rules: BTreeSet<RuleIndex> = group.into_iter().filter_map(|n| graph.node_weight(n).copied()).collect();
            let edges = edges.iter().filter(|((a, b), _)| rules.contains(a) && rules.contains(b)).map(|(k, v)| (*k, v.clone())).collect();
            Web { rules, edges }
        });
        groups.filter(|web: &Web| !web.edges.is_empty()).collect()
    }

    /// A circle in which something changes each time round; none where all comes to rest by itself.
    fn circle(&self, web: &Web) -> Option<RuleCircle> {
        let mut values: BTreeMap<Slot, BTreeMap<String, RuleIndex>> = BTreeMap::new();
        let mut pair = None;
        for i in &web.rules {
            let rule = self.get(*i)?;
            match &rule.then {
                // What a script writes may differ each time.
                Then::Script(s) => {
                    if pair.is_none() && !s.writes().is_empty() {
                        pair = Some((*i, *i));
                    }
                }
                Then::Actions(actions) => {
                    for (slot, value) in actions.iter().flat_map(written_values) {
                        values.entry(slot).or_default().entry(value).or_insert(*i);
                    }
                }
            }
        }
        let two = values.values().find_map(|of| {
            let mut writers = of.values();
            Some((*writers.next()?, *writers.next()?))
        });
        let (a, b) = two.or(pair)?;
        let mut way = web.path(a, b)?;
        if a != b {
            way.extend(web.path(b, a)?);
        }
        let steps: Vec<RuleEdge> = way.into_iter().filter_map(|(a, b)| self.edge(a, b, web.edges.get(&(a, b))?.clone())).collect();
        let rules = || steps.iter().filter_map(|s| self.named(s.from.as_str()).map(|(_, r)| r));
        let endless = rules().all(|r| r.repeatable);
        // A rule that wakes itself and fires once per command is no circle.
        if !endless && steps.len() < 2 {
            return None;
        }
        Some(RuleCircle { steps, endless })
    }
}

/// Rules that can reach one another, with the steps between them.
struct Web {
    rules: BTreeSet<RuleIndex>,
    edges: BTreeMap<(RuleIndex, RuleIndex), BTreeSet<String>>,
}

impl Web {
    /// The shortest way from a rule to another, or back to itself.
    fn path(&self, from: RuleIndex, to: RuleIndex) -> Option<Vec<(RuleIndex, RuleIndex)>> {
        let mut before: BTreeMap<RuleIndex, RuleIndex> = BTreeMap::new();
        let mut queue = VecDeque::from([from]);
        while let Some(at) = queue.pop_front() {
            for (_, next) in self.edges.keys().filter(|(a, _)| *a == at) {
                if before.contains_key(next) {
                    continue;
                }
                before.insert(*next, at);
                if *next == to {
                    let mut steps = Vec::new();
                    let mut end = to;
                    loop {
                        let start = *before.get(&end)?;
                        steps.push((start, end));
                        if start == from {
                            break;
                        }
                        end = start;
                    }
                    steps.reverse();
                    return Some(steps);
                }
                queue.push_back(*next);
            }
        }
        None
    }
}

fn node(r: &Rule) -> RuleNode {
    let mut wakes: Vec<String> = r.on.iter().map(|t| t.word().into_owned()).collect();
    if r.always {
        wakes.push("always".into());
    }
    wakes.extend(r.time.as_ref().map(|t| match t {
        Timing::After { span, state } => format!("after {span} in {state}"),
        Timing::BeforeDue { span, metric: Some(m) } => format!("{span} before {m} is due"),
        Timing::BeforeDue { span, metric: None } => format!("{span} before any clock is due"),
        Timing::Every { span, state: Some(s), .. } => format!("every {span} in {s}"),
        Timing::Every { span, state: None, .. } => format!("every {span} while open"),
    }));
    RuleNode {
        name: r.name.clone(),
        place: r.place.clone(),
        order: r.order,
        wakes,
        reads: r.reads().iter().map(ToString::to_string).collect(),
        writes: r.writes().iter().map(super::Written::name).collect(),
        lowered: r.is_native(),
        repeatable: r.repeatable,
    }
}

/// A thing that is one way or another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Slot {
    Attribute(Attribute),
    Priority,
    Tag(String),
    Group,
    Assignee,
    State,
}

/// What an action sets, and to what, in a form that is equal only for equal values.
pub(super) fn written_values(action: &Action) -> Vec<(Slot, String)> {
    match action {
        Action::Set { attribute, value, .. } => vec![(Slot::Attribute(attribute.clone()), format!("{value:?}"))],
        Action::Priority(l) => vec![(Slot::Priority, l.to_string())],
        Action::Tag(t) => vec![(Slot::Tag(t.to_string()), "+".into())],
        Action::Untag(t) => vec![(Slot::Tag(t.to_string()), "-".into())],
        Action::Route { group, skills } => vec![(Slot::Group, format!("{group} {skills:?}")), (Slot::Assignee, String::new())],
        Action::Assign(a) => vec![(Slot::Assignee, a.to_string())],
        Action::Release => vec![(Slot::Assignee, String::new())],
        Action::Transition(t) => vec![(Slot::State, t.to_string())],
        _ => Vec::new(),
    }
}

/// What certainly holds once the actions were done: what they set, unless something set it again.
fn left_behind(rule: &Rule) -> Vec<Expr> {
    let Then::Actions(actions) = &rule.then else { return Vec::new() };
    let mut seen: BTreeSet<Slot> = BTreeSet::new();
    let mut out = Vec::new();
    // A transition may be followed by anything.
    if actions.iter().any(|a| matches!(a, Action::Transition(_))) {
        return out;
    }
    for action in actions.iter().rev() {
        for (slot, _) in written_values(action) {
            if seen.insert(slot.clone()) {
                out.extend(holds_after(action, &slot));
            }
        }
    }
    out
}

fn holds_after(action: &Action, slot: &Slot) -> Option<Expr> {
    let is = |path: Path, literal: Literal| Some(Expr::Compare(path, Comparison::Is, literal));
    let name = |path: Path, name: &str| Some(Expr::OneOf { path, names: BTreeSet::from([name.to_string()]), not: false });
    match (action, slot) {
        (Action::Set { attribute, value, .. }, _) => {
            let path = Path::of(attribute);
            match value {
                None => is(path, Literal::Absent),
                Some(Value::Text(s)) => is(path, Literal::Text(s.to_string())),
                Some(Value::Choice(c)) => name(path, LevelName::as_str(c)),
                Some(Value::Reference(r)) => name(path, r.as_str()),
                Some(Value::Integer(n)) => is(path, Literal::Integer(*n)),
                Some(Value::Decimal(d)) => is(path, Literal::Decimal(*d)),
                Some(Value::Boolean(b)) => is(path, Literal::Boolean(*b)),
                Some(Value::Instant(t)) => is(path, Literal::Instant(*t)),
                Some(Value::Duration(d)) => is(path, Literal::Duration(*d)),
                Some(Value::Choices(_)) => None,
            }
        }
        (Action::Priority(l), _) => name(Path::Priority, l.as_str()),
        (Action::Tag(t), _) => Some(Expr::Has(Path::Tags, t.to_string())),
        (Action::Untag(t), _) => Some(Expr::Not(Box::new(Expr::Has(Path::Tags, t.to_string())))),
        (Action::Route { group, .. }, Slot::Group) => name(Path::Group, group.as_str()),
        (Action::Route { .. } | Action::Release, _) => is(Path::Assignee, Literal::Absent),
        (Action::Assign(a), _) => is(Path::Assignee, Literal::Text(a.to_string())),
        _ => None,
    }
}

/// Whether a rule's condition can hold after these.
fn can_follow(left: &[Expr], next: &Rule, known: &Known<'_>) -> bool {
    let Some(when) = &next.when else { return true };
    let mut all: Vec<(&Expr, bool)> = left.iter().map(|e| (e, true)).collect();
    all.push((when.expr(), true));
    known.possible(&all)
}
