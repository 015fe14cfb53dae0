//! What only the course of a ticket shows: transitions that follow one another by themselves, time that never comes, hands a ticket passes through.

use super::check::Check;
use super::compiled::Transition;
use super::definition::{Responsible, StateDefinition, TimedDefinition};
use super::graph::{cycle, levels};
use super::machine::Exits;
use super::places::Part;
use super::tasks::TaskWait;
use crate::calendar::Span;
use crate::condition::Path;
use crate::diagnostic::{Diagnostic, text};
use crate::id::{StateName, TransitionName};
use crate::ticket::{Action, StateClass};
use std::collections::{BTreeMap, VecDeque};

/// So many transitions may follow one by themselves: each is taken within the one before it.
const CHAIN: usize = 8;

impl Check<'_> {
    /// Transitions as actions after transitions: in a circle they would never end, whatever their guards say of one ticket.
    pub(super) fn chains(&mut self, exits: &[Exits]) {
        let mut edges = Vec::new();
        for (i, t) in self.d.transitions.iter().enumerate() {
            for next in t.after.iter().filter_map(|a| self.follows(a)) {
                let arrives = match (&t.to, self.to.get(i).copied().flatten()) {
                    (None, _) => self.from.get(i).cloned().unwrap_or_default(),
                    (_, to) => to.into_iter().collect(),
                };
                edges.extend(arrives.iter().flat_map(|s| self.leaving(exits, *s, next)).map(|n| (i, n)));
            }
        }
        edges.sort_unstable();
        edges.dedup();
        if let Some(round) = cycle(self.d.transitions.len(), &edges) {
            let Some(first) = round.first().copied() else { return };
            let all = self.chain_of(&round);
            self.error_help(
                "automatic-cycle",
                text(format!("these transitions follow one another without end: {all}"), format!("这些流转会无休止地相互触发：{all}")),
                self.places.at(Part::Transition(first), "after", 0),
                text("take one of them out of `after`", "请从 after 中去掉其中之一"),
            );
            return;
        }
        let long = levels(self.d.transitions.len(), &edges).into_iter().enumerate().find(|(_, n)| *n > CHAIN);
        if let Some((i, n)) = long {
            let name = self.d.transitions.get(i).map(|t| t.name.clone()).unwrap_or_else(|| "".into());
            self.error_help(
                "automatic-chain",
                text(
                    format!("{n} transitions follow `{name}` by themselves, where at most {CHAIN} may"),
                    format!("`{name}` 之后自动执行 {n} 个流转，最多 {CHAIN} 个"),
                ),
                self.places.at(Part::Transition(i), "after", 0),
                text("lead straight to where the last of them leads", "请直接通往最后一个流转的目标状态"),
            );
        }
    }

    /// The transition that an action brings about at once: itself, or through an approval that only informs and so is granted as soon as it is asked for.
    fn follows<'s>(&'s self, action: &'s Action) -> Option<&'s TransitionName> {
        match action {
            Action::Transition(next) => Some(next),
            Action::RequestApproval(name) => {
                let a = self.d.approvals.iter().find(|a| a.name == *name && !a.stages.is_empty() && a.informs())?;
                a.granted.as_ref()
            }
            _ => None,
        }
    }

    fn chain_of(&self, round: &[usize]) -> String {
        let names = round.iter().filter_map(|i| self.d.transitions.get(*i)).map(|t| format!("`{}`", t.name));
        names.take(CHAIN).collect::<Vec<_>>().join(" → ")
    }

    /// A timed transition that never comes: its guards cannot hold there, or the ticket has surely left before.
    pub(super) fn timed_in_vain(&mut self, transitions: &[Transition], exits: &[Exits]) {
        let mut of_state: BTreeMap<&StateName, Vec<usize>> = BTreeMap::new();
        for (i, t) in self.d.timed.iter().enumerate() {
            t.from.iter().for_each(|s| of_state.entry(s).or_default().push(i));
        }
        for (i, t) in self.d.timed.iter().enumerate() {
            if self.places.unsure(Part::Timed(i), "after") || self.places.unsure(Part::Timed(i), "transition") {
                continue;
            }
            for (n, name) in t.from.iter().enumerate() {
                let Some(state) = self.index.get(name).copied() else { continue };
                let place = self.places.at(Part::Timed(i), "from", n);
                let others = of_state.get(name).map(Vec::as_slice).unwrap_or_default();
                if let Some(earlier) = self.earlier(i, t, state, others, (transitions, exits)) {
                    let (first, after) = (self.places.of(Part::Timed(earlier)), t.after);
                    self.bad.push(
                        Diagnostic::warning(
                            "timed-never",
                            text(
                                format!("no ticket is still in `{name}` after {after}: an earlier timed transition has taken it out"),
                                format!("{after} 之后不会再有工单处于 `{name}`：更早的定时流转已将其移出"),
                            ),
                        )
                        .at(place)
                        .also(first, text("the earlier one", "更早的一个"))
                        .help(text("remove it, or guard the earlier one", "请删除，或为更早的一个加上 guard")),
                    );
                } else if self.guards_never_hold(t, state, transitions, exits) {
                    let transition = &t.transition;
                    self.warn_help(
                        "timed-never",
                        text(
                            format!("the guard of `{transition}` can never hold in `{name}`, so no time ever takes it"),
                            format!("`{transition}` 的条件在 `{name}` 中不可能成立，定时也无法执行"),
                        ),
                        place,
                        text("mend the guard, or remove the timed transition", "请修改 guard，或删除该定时流转"),
                    );
                }
            }
        }
    }

    fn guards_never_hold(&self, t: &TimedDefinition, state: usize, transitions: &[Transition], exits: &[Exits]) -> bool {
        // Time takes it as the system.
        let known = self.known_in(&[state]).only(Path::ActorKind, vec!["system".to_string()]);
        let mut found = false;
        self.leaving(exits, state, &t.transition).all(|i| {
            found = true;
            // Where a guard was written and could not be compiled there is none.
            let sure = !self.places.unsure(Part::Transition(i), "guard") && !self.doubts_from(i);
            sure && transitions.get(i).and_then(|t| t.guard.as_ref()).is_some_and(|g| known.never(g.expr()))
        }) && found
    }

    /// A timed transition of the same state and the same kind of time that comes first, and that nothing can keep from being taken.
    fn earlier(
        &self,
        of: usize,
        t: &TimedDefinition,
        state: usize,
        others: &[usize],
        (transitions, exits): (&[Transition], &[Exits]),
    ) -> Option<usize> {
        others.iter().copied().filter(|i| *i != of).find(|i| {
            let Some(other) = self.d.timed.get(*i) else { return false };
            !self.places.unsure(Part::Timed(*i), "after")
                && !self.places.unsure(Part::Timed(*i), "transition")
                && shorter(other.after, t.after)
                && self.leaving(exits, state, &other.transition).next().is_some_and(|i| self.surely_leaves(i, state, transitions))
        })
    }

    fn surely_leaves(&self, i: usize, state: usize, transitions: &[Transition]) -> bool {
        let (Some(d), Some(t)) = (self.d.transitions.get(i), transitions.get(i)) else { return false };
        let to = self.to.get(i).copied().flatten();
        let protected = |s: &StateDefinition| self.d.approvals.iter().any(|a| a.protects.contains(&s.name));
        // Open tasks, children, and tickets it waits for may stand against an end; an approval that is missing against what it protects.
        to.is_some_and(|to| to != state && self.d.states.get(to).is_some_and(|s| !s.class.is_final() && !protected(s)))
            && d.guard.is_none()
            && t.required.is_empty()
            && d.check.is_empty()
            && !d.checklist
            && d.tasks == TaskWait::None
            && !["guard", "required", "check"].iter().any(|k| self.places.unsure(Part::Transition(i), k))
    }

    /// Whether a ticket can come to its end with no more hand-offs than are declared, through each of its states.
    pub(super) fn hands(&mut self, exits: &[Exits], initials: &[usize]) {
        let Some(most) = self.d.handoffs.map(usize::from) else { return };
        if self.doubts_any_from()
            || (0..self.d.transitions.len()).any(|i| self.places.unsure(Part::Transition(i), "to"))
            || (0..self.d.states.len()).any(|i| self.places.unsure(Part::State(i), "responsible"))
        {
            return;
        }
        let states = &self.d.states;
        let mut on: Vec<Vec<usize>> = vec![Vec::new(); states.len()];
        let mut back = on.clone();
        for (s, e) in exits.iter().enumerate() {
            for to in e.declared.iter().filter_map(|t| self.to.get(*t as usize).copied().flatten()) {
                if let (Some(on), Some(back)) = (on.get_mut(s), back.get_mut(to)) {
                    on.push(to);
                    back.push(s);
                }
            }
        }
        let done = |cancelled: bool| -> Vec<usize> {
            let last = |s: &StateDefinition| s.class.is_final() && (cancelled || s.class != StateClass::Cancelled);
            states.iter().enumerate().filter(|(_, s)| last(s)).map(|(i, _)| i).collect()
        };
        let (came, goes) = (self.fewest(initials, &on), self.fewest(&done(false), &back));
        let through = |s: usize| {
            let (a, b) = (came.get(s)?.as_ref()?, goes.get(s)?.as_ref()?);
            Some((a.0.saturating_add(b.0), s))
        };
        let open = |s: &usize| states.get(*s).is_some_and(|s| !s.class.is_final());
        let worst = (0..states.len()).filter(open).filter_map(through).max_by_key(|(n, s)| (*n, std::cmp::Reverse(*s)));
        let Some((n, state)) = worst.filter(|(n, _)| *n > most) else { return };
        let way = way(state, &came, true).into_iter().chain(way(state, &goes, false).into_iter().skip(1));
        let way = way.map(|s| format!("`{}`", self.name_of(s))).collect::<Vec<_>>().join(" → ");
        let name = self.name_of(state);
        self.warn_help(
            "over-long-path",
            text(
                format!("a ticket that comes to `{name}` changes hands {n} times at least, where {most} are declared: {way}"),
                format!("经过 `{name}` 的工单至少转手 {n} 次，声明的上限为 {most} 次：{way}"),
            ),
            self.places.at(Part::Workflow, "handoffs", 0),
            text("give neighbouring states to the same party, or declare more", "请让相邻状态由同一方负责，或提高 handoffs"),
        );
    }

    /// For each state the fewest hand-offs between it and one of these, and the neighbour on that way.
    fn fewest(&self, from: &[usize], edges: &[Vec<usize>]) -> Vec<Option<(usize, usize)>> {
        let mut best: Vec<Option<(usize, usize)>> = vec![None; edges.len()];
        let mut open: VecDeque<(usize, usize, usize)> = from.iter().map(|s| (0, *s, *s)).collect();
        while let Some((n, s, by)) = open.pop_front() {
            let Some(slot) = best.get_mut(s).filter(|b| b.is_none()) else { continue };
            *slot = Some((n, by));
            // What comes after an end is another way.
            if s != by && self.d.states.get(s).is_some_and(|s| s.class.is_final()) {
                continue;
            }
            for next in edges.get(s).map(Vec::as_slice).unwrap_or_default() {
                if best.get(*next).is_some_and(Option::is_some) {
                    continue;
                }
                let party = |s: usize| self.d.states.get(s).and_then(party);
                match (party(s), party(*next)) {
                    (Some(a), Some(b)) if a != b => open.push_back((n.saturating_add(1), *next, s)),
                    _ => open.push_front((n, *next, s)),
                }
            }
        }
        best
    }
}

/// Who has the ticket. A group and the agent of it that has taken the ticket are one party; a final state is nobody's, so that coming to it is no hand-off.
fn party(s: &StateDefinition) -> Option<String> {
    match &s.responsible {
        _ if s.class.is_final() => None,
        Some(Responsible::Group | Responsible::Assignee) => Some("group".into()),
        Some(other) => Some(other.to_string()),
        None => None,
    }
}

/// The states from where a search began to this one, or the other way round.
fn way(state: usize, best: &[Option<(usize, usize)>], forward: bool) -> Vec<usize> {
    let mut way = vec![state];
    let mut at = state;
    while let Some((_, by)) = best.get(at).copied().flatten().filter(|(_, by)| *by != at && way.len() <= best.len()) {
        way.push(by);
        at = by;
    }
    if forward {
        way.reverse();
    }
    way
}

/// Whether one span is over before the other, wherever both begin; spans of different kinds say nothing of each other.
fn shorter(a: Span, b: Span) -> bool {
    match (a, b) {
        (Span::Wall(a), Span::Wall(b)) | (Span::Open(a), Span::Open(b)) => a < b,
        (Span::Days(a), Span::Days(b)) => a < b,
        _ => false,
    }
}
