//! What the rest of a playbook tells the rules.

use super::{Playbook, Settings};
use crate::diagnostic::Diagnostics;
use crate::priority::PriorityModel;
use crate::rules::{Clocks, Flow, Move, RuleGraph, Surroundings};
use crate::sla::{Agreements, AlertKind};
use crate::workflow::Workflow;

impl Playbook {
    /// What is around its rules, for [`crate::rules::RuleSet::check`] and [`crate::rules::RuleSet::graph`].
    pub fn surroundings(&self) -> Surroundings {
        let workflows = self.workflows.get(..self.own).unwrap_or(&self.workflows);
        surroundings(Some(workflows), Some(&self.agreements), &self.priority, &self.settings)
    }
    /// What is suspicious about its rules: what [`Playbook::load`] warned of, also for rules written in Rust.
    ///
    /// ```
    /// # use ticketry::playbook::Playbook;
    /// assert!(Playbook::starter().unwrap().check_rules().is_empty());
    /// ```
    pub fn check_rules(&self) -> Diagnostics {
        self.rules.check(&self.schema, &self.surroundings())
    }
    /// Which of its rules may wake which, by what.
    pub fn rule_graph(&self) -> RuleGraph {
        self.rules.graph(&self.schema, &self.surroundings())
    }
}

/// Of what could be read; what could not is not known.
pub(super) fn surroundings(
    workflows: Option<&[Workflow]>,
    agreements: Option<&Agreements>,
    priority: &PriorityModel,
    settings: &Settings,
) -> Surroundings {
    Surroundings {
        flow: workflows.map(flow),
        clocks: agreements.map(clocks),
        priority: (!priority.is_none()).then(|| priority.reads().cloned().collect()),
        first_assignee_owns: settings.first_assignee_owns,
        reopen_clears_assignee: settings.reopen_clears_assignee,
    }
}

fn flow(workflows: &[Workflow]) -> Flow {
    let mut flow = Flow::default();
    for w in workflows {
        for a in w.approvals() {
            flow.covered.extend(a.definition.covers.iter().cloned());
            flow.informs |= a.definition.informs();
        }
        flow.initial.extend(w.initials().iter().cloned());
        for s in w.states() {
            flow.classes.entry(s.name.clone()).or_default().insert(s.class);
            flow.limits |= s.limit.is_some();
        }
        for t in w.transitions() {
            for from in &t.from {
                let class = |s| w.state(s).map(|s| s.class);
                let to = t.target(from);
                let reopens = class(from).is_some_and(|c| c.is_final()) && class(to).is_some_and(|c| !c.is_final());
                let stays = t.stays(from);
                flow.moves.push(Move { name: t.name.clone(), from: from.clone(), to: to.clone(), stays, reopens, after: t.after.clone() });
            }
        }
    }
    flow
}

fn clocks(agreements: &Agreements) -> Clocks {
    let mut clocks = Clocks::default();
    for p in agreements.policies() {
        clocks.measured.extend(p.targets.keys().cloned());
        for a in &p.alerts {
            match a.kind {
                AlertKind::Warning { .. } => clocks.warned.extend([a.metric.clone()]),
                AlertKind::Level(_) => clocks.escalates = true,
            }
        }
    }
    clocks
}
