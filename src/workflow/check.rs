//! Everything that can be wrong with a workflow, found in one pass in time linear in its exits, and the compiled form.

use super::compiled::{State, Timed, Transition, Workflow};
use super::definition::WorkflowDefinition;
use super::machine::{Exits, Machine, Way, number};
use super::most;
use super::places::{Part, Places};
use crate::condition::Scripts;
use crate::condition::reading::{bad_name, unknown};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Text, text};
use crate::id::*;
use crate::ticket::{Schema, StateClass};
use std::collections::{BTreeMap, BTreeSet};

/// `*` in `from`.
const ANY: &str = "*";

/// So many problems have suggestions drawn from all names.
const SUGGESTED: usize = 200;

/// Checks and compiles. A workflow comes exactly if no problem found here is an error.
pub(super) fn compile(
    definition: &WorkflowDefinition,
    places: &Places,
    schema: &Schema,
    scripts: &dyn Scripts,
) -> (Option<Workflow>, Diagnostics) {
    let mut check = Check {
        d: definition,
        places,
        schema,
        bad: Diagnostics::new(),
        index: BTreeMap::new(),
        named: BTreeMap::new(),
        unnamed: false,
        from: Vec::new(),
        to: Vec::new(),
    };
    let workflow = check.run(scripts);
    check.bad.sort();
    (workflow.filter(|_| !check.bad.has_errors()), check.bad)
}

pub(super) struct Check<'a> {
    pub(super) d: &'a WorkflowDefinition,
    pub(super) places: &'a Places,
    pub(super) schema: &'a Schema,
    pub(super) bad: Diagnostics,
    /// States by name, the first of each.
    pub(super) index: BTreeMap<&'a StateName, usize>,
    /// Transitions by name.
    pub(super) named: BTreeMap<&'a TransitionName, Vec<usize>>,
    /// The name of some transition could not be read.
    pub(super) unnamed: bool,
    /// For each transition the states it leaves.
    pub(super) from: Vec<Vec<usize>>,
    /// For each transition the state it leads to, if it is another than where it begins and known.
    pub(super) to: Vec<Option<usize>>,
}

impl<'a> Check<'a> {
    fn run(&mut self, scripts: &dyn Scripts) -> Option<Workflow> {
        let d = self.d;
        for (what, count, limit) in
            [("states", d.states.len(), most::STATES), ("transitions", d.transitions.len().max(d.timed.len()), most::TRANSITIONS)]
        {
            if count > limit {
                self.error(
                    "too-many",
                    text(format!("{count} {what} where at most {limit} fit"), format!("{count} 个 {what}，最多 {limit} 个")),
                    self.places.of(Part::Workflow),
                );
                return None;
            }
        }
        self.head();
        self.names();
        let initials = self.initials();
        self.ends_of_transitions()?;
        let exits = self.exits();
        let tasks = self.tasks();
        self.children();
        let approvals = self.approvals(scripts);
        self.decided();
        self.parents();
        let states: Vec<State> = d.states.iter().enumerate().map(|(i, s)| self.state(i, s, &exits)).collect();
        let transitions: Vec<Transition> = d.transitions.iter().enumerate().map(|(i, t)| self.transition(i, t, &exits, scripts)).collect();
        let rights = self.rights();
        self.alternatives(&exits);
        self.dead(&transitions, &exits);
        self.forms(&transitions);
        self.chains(&exits);
        let timed = self.timed(&exits);
        self.timed_in_vain(&transitions, &exits);
        self.walk(&exits, &initials);
        self.hands(&exits, &initials);
        let mut timed_of: Vec<Vec<Timed>> = vec![Vec::new(); d.states.len()];
        for (state, t) in timed {
            if let Some(of) = timed_of.get_mut(state) {
                of.push(t);
            }
        }
        let initial = initials.first().and_then(|i| states.get(*i)).map(|s| s.name.clone())?;
        let way = |(i, t): (usize, &Transition)| Way {
            name: t.name.clone(),
            to: self.to.get(i).copied().flatten().map(number),
            internal: t.internal,
            takes: Vec::new(),
            sets: Vec::new(),
        };
        let arcs = transitions.iter().enumerate().map(way).collect();
        let machine =
            Machine::of(d.states.iter().map(|s| s.name.clone()).collect(), initials.iter().map(|i| number(*i)).collect(), arcs, exits);
        Some(Workflow {
            name: d.name.clone(),
            version: d.version,
            initial,
            initials: initials.iter().filter_map(|i| states.get(*i)).map(|s| s.name.clone()).collect(),
            states,
            transitions,
            machine,
            timed: timed_of,
            rights,
            tasks,
            tasks_at_end: d.tasks_at_end,
            children: d.children.clone(),
            merged_state: d.merged_state.clone(),
            approvals,
            access: self.schema.access.clone(),
        })
    }

    pub(super) fn error(&mut self, code: &'static str, message: Text, place: Place) {
        self.bad.push(Diagnostic::error(code, message).at(place));
    }
    pub(super) fn error_help(&mut self, code: &'static str, message: Text, place: Place, help: Text) {
        self.bad.push(Diagnostic::error(code, message).at(place).help(help));
    }
    pub(super) fn warn_help(&mut self, code: &'static str, message: Text, place: Place, help: Text) {
        self.bad.push(Diagnostic::warning(code, message).at(place).help(help));
    }
    pub(super) fn unknown_state(&mut self, code: &'static str, name: &StateName, place: Place) {
        // Suggestions cost the number of names each; of very many problems only the first have them.
        let most = if self.bad.len() > SUGGESTED { 12 } else { usize::MAX };
        let known = self.index.keys().map(|n| n.as_str()).take(most);
        let found = unknown(code, ("state", "状态"), name.as_str(), known, place);
        self.bad.push(found);
    }
    pub(super) fn name_of(&self, state: usize) -> &'a str {
        self.d.states.get(state).map_or("", |s| s.name.as_str())
    }

    /// The workflow itself.
    fn head(&mut self) {
        if self.d.version == 0 {
            self.error_help(
                "version-zero",
                text("version 0 stands for no version", "版本号不能为 0"),
                self.places.at(Part::Workflow, "version", 0),
                text("versions begin at 1", "版本号从 1 开始"),
            );
        }
        // A name that could not be read is empty, and reported there.
        if !self.d.name.as_str().is_empty() {
            self.bad.extend(bad_name(self.d.name.as_str(), self.places.of(Part::Workflow)));
        }
        if self.d.states.is_empty() {
            self.error_help(
                "no-states",
                text("a workflow needs states", "工作流没有状态"),
                self.places.of(Part::Workflow),
                text("add [states.new] with class = \"new\"", "请添加 [states.new]，其中 class = \"new\""),
            );
        }
    }

    /// Names of states and transitions.
    fn names(&mut self) {
        for (i, s) in self.d.states.iter().enumerate() {
            let place = self.places.of(Part::State(i));
            // `->` stands between the states of a right.
            if s.name == *ANY || s.name == *"=" || s.name.as_str().contains("->") {
                let name = &s.name;
                self.error(
                    "bad-name",
                    text(format!("`{name}` means something else and cannot name a state"), format!("`{name}` 另有含义，不能作为状态名")),
                    place.clone(),
                );
            }
            self.bad.extend(bad_name(s.name.as_str(), place.clone()));
            if self.index.contains_key(&s.name) {
                let name = &s.name;
                self.error_help(
                    "duplicate-state",
                    text(format!("the state `{name}` is declared twice"), format!("状态 `{name}` 重复声明")),
                    place,
                    text("remove or rename one of the two", "请删除其中一个或改名"),
                );
            } else {
                self.index.insert(&s.name, i);
            }
        }
        self.unnamed = self.places.unsure(Part::Workflow, "transitions");
        for (i, t) in self.d.transitions.iter().enumerate() {
            if self.places.unsure(Part::Transition(i), "name") {
                self.unnamed = true;
            } else {
                self.named.entry(&t.name).or_default().push(i);
                self.bad.extend(bad_name(t.name.as_str(), self.places.at(Part::Transition(i), "name", 0)));
            }
        }
    }

    fn initials(&mut self) -> Vec<usize> {
        let mut found = Vec::new();
        for (n, name) in self.d.initial.iter().enumerate() {
            match self.index.get(name) {
                Some(i) if !found.contains(i) => found.push(*i),
                Some(_) => {}
                None => self.unknown_state("unknown-state", name, self.places.at(Part::Workflow, "initial", n)),
            }
        }
        if self.d.initial.is_empty() && !self.places.unsure(Part::Workflow, "initial") {
            let first = self.d.states.iter().find(|s| s.class == StateClass::New).or(self.d.states.first());
            let help = first.map_or_else(
                || text("add initial = \"…\"", "请添加 initial = \"…\""),
                |s| text(format!("add initial = \"{}\"", s.name), format!("请添加 initial = \"{}\"", s.name)),
            );
            let message = text("no state is initial, so no ticket can begin", "没有初始状态，无法创建工单");
            self.error_help("no-initial-state", message, self.places.at(Part::Workflow, "initial", 0), help);
        }
        found
    }

    /// Resolves `from` and `to`; `None` if what they make is too large.
    fn ends_of_transitions(&mut self) -> Option<()> {
        // A transition that leaves a state by name replaces one of its name that leaves it by `*` (S7).
        let mut by_name: BTreeSet<(&TransitionName, usize)> = BTreeSet::new();
        for t in &self.d.transitions {
            by_name.extend(t.from.iter().filter_map(|s| self.index.get(s)).map(|s| (&t.name, *s)));
        }
        let open: Vec<usize> = (0..self.d.states.len()).filter(|i| self.d.states.get(*i).is_some_and(|s| !s.class.is_final())).collect();
        let mut total: usize = 0;
        for (i, t) in self.d.transitions.iter().enumerate() {
            let part = Part::Transition(i);
            let to = match &t.to {
                Some(name) => {
                    let found = self.index.get(name).copied();
                    if found.is_none() {
                        self.unknown_state("transition-to-nowhere", name, self.places.at(part, "to", 0));
                    }
                    found
                }
                None => None,
            };
            let mut from: Vec<usize> = Vec::new();
            let mut seen = BTreeSet::new();
            let mut any = false;
            for (n, name) in t.from.iter().enumerate() {
                if *name == *ANY {
                    any = true;
                } else if let Some(s) = self.index.get(name) {
                    if seen.insert(*s) {
                        from.push(*s);
                    }
                } else {
                    self.unknown_state("unknown-state", name, self.places.at(part, "from", n));
                }
            }
            if any {
                from.extend(open.iter().filter(|s| Some(**s) != to && !by_name.contains(&(&t.name, **s))).filter(|s| seen.insert(**s)));
            }
            if t.from.is_empty() && !self.places.unsure(part, "from") {
                let name = &t.name;
                self.error_help(
                    "no-from",
                    text(format!("`{name}` leaves no state"), format!("`{name}` 没有起始状态")),
                    self.places.at(part, "from", 0),
                    text("name the states it leaves, or write from = \"*\"", "请写明起始状态，或写 from = \"*\""),
                );
            }
            total = total.saturating_add(from.len());
            if total > most::EXITS {
                let limit = most::EXITS;
                self.error(
                    "too-many",
                    text(
                        format!("the states have more than {limit} exits together; name fewer states in `from`"),
                        format!("所有状态的出口合计超过 {limit} 个；请减少 from 中的状态"),
                    ),
                    self.places.of(part),
                );
                return None;
            }
            self.from.push(from);
            self.to.push(to);
        }
        Some(())
    }

    fn exits(&self) -> Vec<Exits> {
        Exits::all(self.d.states.len(), &self.from, |i| self.d.transitions.get(i).map(|t| &t.name))
    }

    /// The transitions of this name that leave a state.
    pub(super) fn leaving<'e>(&'e self, exits: &'e [Exits], state: usize, name: &'e TransitionName) -> impl Iterator<Item = usize> + 'e {
        let named = exits.get(state).map(|e| e.named.as_slice()).unwrap_or_default();
        let of = |i: &u32| self.d.transitions.get(*i as usize).map(|t| &t.name);
        let first = named.partition_point(|i| of(i) < Some(name));
        named.iter().skip(first).take_while(move |i| of(i) == Some(name)).map(|i| *i as usize)
    }

    /// The transitions meant by a name used in a state; a problem if there are none, unless that may come of what could not be read.
    pub(super) fn meant(&mut self, exits: &[Exits], state: usize, name: &TransitionName, place: Place) -> Vec<usize> {
        let found: Vec<usize> = self.leaving(exits, state, name).collect();
        if !found.is_empty() || name.as_str().is_empty() {
            return found;
        }
        let anywhere = self.named.get(name).cloned().unwrap_or_default();
        if anywhere.is_empty() {
            if !self.unnamed {
                let most = if self.bad.len() > SUGGESTED { 12 } else { usize::MAX };
                let known = self.named.keys().map(|n| n.as_str()).take(most);
                self.bad.push(unknown("unknown-transition", ("transition", "流转"), name.as_str(), known, place));
            }
        } else if !anywhere.iter().any(|i| self.doubts_from(*i)) {
            let named = exits.get(state).map(|e| e.named.as_slice()).unwrap_or_default();
            let mut here: Vec<&str> =
                named.iter().take(64).filter_map(|i| self.d.transitions.get(*i as usize)).map(|t| t.name.as_str()).collect();
            here.dedup();
            let few = here.iter().take(12).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
            let state = self.name_of(state);
            let help = if few.is_empty() {
                text(format!("nothing leaves `{state}`"), format!("`{state}` 没有出口"))
            } else {
                text(format!("`{state}` is left by {few}"), format!("`{state}` 的出口：{few}"))
            };
            self.error_help(
                "transition-not-leaving",
                text(format!("`{name}` does not leave the state `{state}`"), format!("`{name}` 不从状态 `{state}` 出发")),
                place,
                help,
            );
        }
        found
    }

    /// Where any transition begins may be other than it seems.
    pub(super) fn doubts_any_from(&self) -> bool {
        self.places.unsure(Part::Workflow, "transitions") || (0..self.d.transitions.len()).any(|t| self.doubts_from(t))
    }
    /// Where any transition leads may be other than it seems.
    pub(super) fn doubts_any_to(&self) -> bool {
        let unknown = |i: usize| self.to.get(i).copied().flatten().is_none();
        let mut all = self.d.transitions.iter().enumerate();
        all.any(|(i, t)| self.places.unsure(Part::Transition(i), "to") || (t.to.is_some() && unknown(i)))
    }
    pub(super) fn doubts_from(&self, transition: usize) -> bool {
        let known = |s: &StateName| *s == *ANY || self.index.contains_key(s);
        self.places.unsure(Part::Transition(transition), "from")
            || self.d.transitions.get(transition).is_some_and(|t| t.from.is_empty() || !t.from.iter().all(known))
    }

    pub(super) fn label(&mut self, label: Option<&Text>, part: Part, what: (&str, &str), name: &str) -> Text {
        match label {
            Some(l) if !l.en.is_empty() || !l.zh.is_empty() => l.clone(),
            _ => {
                // One that cannot be read is not missing.
                if !name.is_empty() && !self.places.unsure(part, "label") {
                    self.warn_help(
                        "missing-label",
                        text(format!("the {} `{name}` has no label", what.0), format!("{} `{name}` 没有标签", what.1)),
                        self.places.of(part),
                        text("add label = { en = \"…\", zh = \"…\" }", "请添加 label = { en = \"…\", zh = \"…\" }"),
                    );
                }
                text(name, name)
            }
        }
    }
}
