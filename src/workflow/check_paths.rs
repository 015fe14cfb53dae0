//! What can be wrong with timed transitions, and with the whole as a graph.

use super::check::Check;
use super::check_moves::needs;
use super::compiled::Timed;
use super::graph::Net;
use super::machine::Exits;
use super::places::Part;
use crate::diagnostic::{Diagnostic, text};
use std::collections::{BTreeMap, BTreeSet};

impl Check<'_> {
    pub(super) fn timed(&mut self, exits: &[Exits]) -> Vec<(usize, Timed)> {
        let mut all = Vec::new();
        let mut seen: BTreeMap<(usize, String), usize> = BTreeMap::new();
        for (i, t) in self.d.timed.iter().enumerate() {
            let part = Part::Timed(i);
            let sure = !self.places.unsure(part, "after");
            let after = t.after;
            if sure && after.is_zero() {
                self.error_help(
                    "zero-span",
                    text("a timed transition after no time at all", "定时流转的时长为 0"),
                    self.places.at(part, "after", 0),
                    text(
                        "let the transition before it lead on, or give a time such as `3bd`",
                        "请让前一个流转直接到达，或给出时长，例如 `3bd`",
                    ),
                );
            }
            if t.from.is_empty() && !self.places.unsure(part, "from") {
                self.error(
                    "no-from",
                    text("the timed transition stands in no state", "定时流转没有起始状态"),
                    self.places.at(part, "from", 0),
                );
            }
            let mut needing = BTreeSet::new();
            for (n, name) in t.from.iter().enumerate() {
                let place = self.places.at(part, "from", n);
                let Some(state) = self.index.get(name).copied() else {
                    self.unknown_state("unknown-state", name, place);
                    continue;
                };
                needing.extend(self.meant(exits, state, &t.transition, self.places.at(part, "transition", 0)));
                if sure {
                    match seen.get(&(state, after.to_string())) {
                        Some(other) if *other != i => {
                            let other = self.places.at(Part::Timed(*other), "after", 0);
                            self.bad.push(
                                Diagnostic::error(
                                    "ambiguous-timed",
                                    text(
                                        format!("two timed transitions leave `{name}` after {after}, and only one can be taken"),
                                        format!("`{name}` 有两个定时流转都在 {after} 后执行，只能执行其一"),
                                    ),
                                )
                                .at(self.places.at(part, "after", 0))
                                .also(other, text("the other", "另一个"))
                                .help(text(
                                    "give them different times, or guard one transition with alternatives",
                                    "请设为不同时长，或改用带条件的同名流转",
                                )),
                            );
                        }
                        _ => {
                            seen.insert((state, after.to_string()), i);
                        }
                    }
                }
                all.push((state, Timed { from: name.clone(), after, transition: t.transition.clone() }));
            }
            for d in needing.iter().filter_map(|i| self.d.transitions.get(*i)) {
                let (name, Some(needs)) = (&d.name, needs(d, &[])) else { continue };
                self.warn_help(
                    "timed-needs-input",
                    text(
                        format!("`{name}` needs {}, and taken by time it brings nothing with it", needs.en),
                        format!("`{name}` 需要{}，而定时执行时无人填写", needs.zh),
                    ),
                    self.places.at(part, "transition", 0),
                    text(
                        "it is refused for tickets where this is not yet done; name a transition that asks for nothing",
                        "尚未完成的工单会被拒绝；请指定无需填写的流转",
                    ),
                );
            }
        }
        all
    }

    /// What only the graph shows (S6). Nothing is concluded from what could not be read or is unknown.
    pub(super) fn walk(&mut self, exits: &[Exits], initials: &[usize]) {
        let d = self.d;
        let doubt_from = self.doubts_any_from();
        let doubt_to = self.doubts_any_to();
        let doubt_initial = initials.len() < d.initial.len() || initials.is_empty();
        let mut edges = Vec::new();
        for (s, e) in exits.iter().enumerate() {
            edges.extend(e.declared.iter().filter_map(|t| self.to.get(*t as usize).copied().flatten()).map(|to| (s, to)));
        }
        let last: Vec<usize> = (0..d.states.len()).filter(|i| d.states.get(*i).is_some_and(|s| s.class.is_final())).collect();
        // Where a merged ticket ends it comes without a transition.
        let merged = d.merged_state.as_ref().and_then(|s| self.index.get(s).copied());
        let begun: Vec<usize> = initials.iter().copied().chain(merged).collect();
        let net = Net::new(d.states.len(), &edges, &begun, &last);
        let (reached, ends) = (net.reached(), net.ends());
        if last.is_empty() && !d.states.is_empty() {
            self.error_help(
                "no-final-state",
                text("no state is final, so no ticket is ever done", "没有终结状态，工单永远无法完成"),
                self.places.at(Part::Workflow, "name", 0),
                text("add a state of class resolved, closed or cancelled", "请添加类别为 resolved、closed 或 cancelled 的状态"),
            );
        }
        for (i, s) in d.states.iter().enumerate() {
            if self.index.get(&s.name) != Some(&i) {
                continue;
            }
            let place = self.places.of(Part::State(i));
            let name = &s.name;
            if !reached.get(i).copied().unwrap_or(true) && !doubt_from && !doubt_to && !doubt_initial {
                self.error_help(
                    "unreachable-state",
                    text(format!("no ticket ever comes into `{name}`"), format!("任何工单都无法到达 `{name}`")),
                    place.clone(),
                    text("add a transition to it, or remove it", "请添加通往它的流转，或删除该状态"),
                );
            }
            if s.class.is_final() || doubt_from {
                continue;
            }
            if !net.leads_on(i) && !doubt_to {
                self.error_help(
                    "dead-end",
                    text(format!("nothing leads out of `{name}`, and it is not final"), format!("`{name}` 没有出口，且不是终结状态")),
                    place,
                    text("add a transition from it, or give it a final class", "请添加从它出发的流转，或改为终结类别"),
                );
            } else if !ends.get(i).copied().unwrap_or(true) && !doubt_to && !last.is_empty() {
                self.error_help(
                    "no-way-to-final",
                    text(format!("from `{name}` no final state can be reached"), format!("从 `{name}` 无法到达任何终结状态")),
                    place,
                    text("add a transition out of the circle it is in", "请为其所在的循环添加出口"),
                );
            }
        }
    }
}
