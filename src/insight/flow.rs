//! Which way tickets went through their workflows, and how long they stayed.

use crate::id::*;
use crate::ticket::{Entry, Event, KinEvent};
use chrono::TimeDelta;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A step from a state to a state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Step {
    /// From where.
    pub from: StateName,
    /// By which transition; none where an import forced it.
    pub transition: Option<TransitionName>,
    /// Where to.
    pub to: StateName,
}

/// How often a step was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// How many times.
    pub times: u64,
    /// By how many tickets: one that goes round counts once.
    pub tickets: u64,
}

/// The stays of tickets in a state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stays {
    /// Arrivals, a ticket's beginning among them.
    pub arrivals: u64,
    /// Departures.
    pub departures: u64,
    /// How long each finished stay lasted, in µs of wall time, in the order they ended.
    pub lengths: Vec<i64>,
}

impl Stays {
    /// The median of the finished stays in wall time, of an even number the lower one; none if none is finished.
    pub fn median(&self) -> Option<TimeDelta> {
        let mut sorted = self.lengths.clone();
        let middle = sorted.len().checked_sub(1)?.checked_div(2)?;
        let (_, median, _) = sorted.select_nth_unstable(middle);
        Some(TimeDelta::microseconds(*median))
    }
}

/// What a state gained in a window (S74).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Growth {
    /// The workflow.
    pub workflow: WorkflowName,
    /// The state.
    pub state: StateName,
    /// Tickets that came.
    pub arrivals: u64,
    /// Tickets that went.
    pub departures: u64,
}

impl Growth {
    /// Arrivals minus departures.
    pub fn net(&self) -> i64 {
        i64::try_from(self.arrivals).unwrap_or(i64::MAX).saturating_sub(i64::try_from(self.departures).unwrap_or(i64::MAX))
    }
}

/// What is known of one workflow.
#[derive(Clone, Debug, Default)]
struct Traffic {
    steps: BTreeMap<Step, Passed>,
    stays: BTreeMap<StateName, Stays>,
}

/// Where a ticket is, and which steps it has taken.
#[derive(Clone, Debug)]
struct Underway {
    workflow: WorkflowName,
    state: StateName,
    since: UtcInstant,
    last: Revision,
    taken: BTreeSet<Step>,
}

/// A fold of journals: how many tickets took each step of each workflow, and how long they stayed in each state. Versions of a workflow are counted together.
///
/// Entries may come in any order of tickets, as a store's feed gives them, but each ticket's own in order from its first; an entry that comes twice counts once. Of a ticket whose beginning
/// is not among them nothing is counted.
///
/// ```
/// use ticketry::{harness::Stage, engine::What, insight::{Flow, Step}, playbook::Playbook, routing::{Agent, RosterDefinition}, ticket::Actor};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let stage = Stage::open(Playbook::starter()?, RosterDefinition::default().agent(Agent::new("li").group("support")))?;
/// let ticket = stage.create(stage.new_ticket("the printer is on fire"))?;
/// stage.advance("2h")?;
/// stage.act(Actor::agent("li"), &ticket, What::transition("start"))?;
/// let journal = stage.desk().journal(stage.ticket(&ticket)?.id)?;
///
/// let flow = Flow::of(&journal);
/// let start = Step { from: "new".into(), transition: Some("start".into()), to: "open".into() };
/// assert_eq!(flow.passed("question", &start).tickets, 1);
/// assert_eq!(flow.stays("question", "new").and_then(|s| s.median()).map(|m| m.num_hours()), Some(2));
/// assert_eq!(flow.present("question", "open"), 1);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Flow {
    workflows: BTreeMap<WorkflowName, Traffic>,
    underway: BTreeMap<TicketId, Underway>,
    from: Option<UtcInstant>,
    until: Option<UtcInstant>,
}

impl Flow {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }
    /// An empty one that counts what happens from `from` on and before `until`: steps taken then, stays that ended then. Earlier entries are still needed, to know where tickets were.
    pub fn between(from: UtcInstant, until: UtcInstant) -> Self {
        Self { from: Some(from), until: Some(until), ..Self::default() }
    }
    /// The flow of these entries.
    pub fn of<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> Self {
        let mut flow = Self::new();
        entries.into_iter().for_each(|e| flow.add(e));
        flow
    }

    /// Adds an entry.
    pub fn add(&mut self, entry: &Entry) {
        if self.underway.get(&entry.ticket).is_some_and(|u| entry.revision <= u.last) {
            return;
        }
        for (at, _, caused) in entry.happened() {
            self.happened(entry.ticket, at, &caused.event);
        }
        if let Some(u) = self.underway.get_mut(&entry.ticket) {
            u.last = entry.revision;
        }
    }

    fn happened(&mut self, ticket: TicketId, at: UtcInstant, event: &Event) {
        let counts = self.from.is_none_or(|f| at >= f) && self.until.is_none_or(|u| at < u);
        match event {
            Event::Created(o) => {
                let (workflow, state) = (o.workflow.name.clone(), o.stay.state.clone());
                if counts {
                    let stays = self.workflows.entry(workflow.clone()).or_default().stays.entry(state.clone()).or_default();
                    stays.arrivals = stays.arrivals.saturating_add(1);
                }
                let begun = Underway { workflow, state, since: at, last: Revision::ZERO, taken: BTreeSet::new() };
                self.underway.entry(ticket).or_insert(begun);
            }
            Event::Moved { transition, from, stay, internal } => {
                let Some(u) = self.underway.get_mut(&ticket) else { return };
                let step = Step { from: from.clone(), transition: transition.clone(), to: stay.state.clone() };
                if counts {
                    let traffic = self.workflows.entry(u.workflow.clone()).or_default();
                    let passed = traffic.steps.entry(step.clone()).or_default();
                    passed.times = passed.times.saturating_add(1);
                    passed.tickets = passed.tickets.saturating_add(u64::from(u.taken.insert(step)));
                }
                if !internal {
                    self.arrived(ticket, at, &stay.state, counts);
                }
            }
            // A merge undone takes no step, but the ticket is where it was.
            Event::Kin(k) => {
                if let KinEvent::Unmerged { back, .. } = &**k {
                    self.arrived(ticket, at, &back.stay.state, counts);
                }
            }
            // A migration is no arrival: the stay goes on under the new name.
            Event::Migrated(m) => {
                if let Some(u) = self.underway.get_mut(&ticket) {
                    (u.workflow, u.state) = (m.after.workflow.name.clone(), m.after.stay.state.clone());
                }
            }
            _ => {}
        }
    }

    /// A ticket left the state it was in for another.
    fn arrived(&mut self, ticket: TicketId, at: UtcInstant, state: &StateName, counts: bool) {
        let Some(u) = self.underway.get_mut(&ticket) else { return };
        if counts {
            let traffic = self.workflows.entry(u.workflow.clone()).or_default();
            let left = traffic.stays.entry(u.state.clone()).or_default();
            left.departures = left.departures.saturating_add(1);
            left.lengths.push(micros(at).saturating_sub(micros(u.since)).max(0));
            let reached = traffic.stays.entry(state.clone()).or_default();
            reached.arrivals = reached.arrivals.saturating_add(1);
        }
        (u.state, u.since) = (state.clone(), at);
    }

    /// How often a step of a workflow was taken.
    pub fn passed(&self, workflow: &str, step: &Step) -> Passed {
        self.workflows.get(workflow).and_then(|t| t.steps.get(step)).copied().unwrap_or_default()
    }
    /// All steps taken in a workflow, in the order of their names.
    pub fn steps(&self, workflow: &str) -> impl Iterator<Item = (&Step, Passed)> {
        self.workflows.get(workflow).into_iter().flat_map(|t| t.steps.iter().map(|(s, p)| (s, *p)))
    }
    /// The stays in a state of a workflow; none if no ticket came there or left it.
    pub fn stays(&self, workflow: &str, state: &str) -> Option<&Stays> {
        self.workflows.get(workflow)?.stays.get(state)
    }
    /// How many tickets are in a state of a workflow now, after the last entry of each.
    pub fn present(&self, workflow: &str, state: &str) -> u64 {
        let there = self.underway.values().filter(|u| u.workflow == *workflow && u.state == *state).count();
        u64::try_from(there).unwrap_or(u64::MAX)
    }
    /// How many tickets it knows.
    pub fn tickets(&self) -> usize {
        self.underway.len()
    }
    /// What every state gained, the one that grew most first (S74); of equals in order of names. Only states in which a ticket came or went.
    pub fn growth(&self) -> Vec<Growth> {
        let each = |(workflow, t): (&WorkflowName, &Traffic)| -> Vec<Growth> {
            let of = |(state, s): (&StateName, &Stays)| Growth {
                workflow: workflow.clone(),
                state: state.clone(),
                arrivals: s.arrivals,
                departures: s.departures,
            };
            t.stays.iter().map(of).collect()
        };
        let mut all: Vec<Growth> = self.workflows.iter().flat_map(each).collect();
        all.sort_by_key(|g| g.net().saturating_neg());
        all
    }
}
