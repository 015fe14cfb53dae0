//! Service level agreements: which policy holds, how long there is, what happens before and after.
//!
//! What it is: [`Agreements`], compiled from `sla/*.toml`. [`Agreements::choose`] picks the policies (S37), [`Agreements::follow`] turns the facts of a step into
//! bookkeeping of clocks (S38-S48, S52), [`Agreements::fire`] says what a clock does at an instant of its own (S47, S49, S50), [`recompute`] repeats all bookkeeping from the
//! facts alone (S56), [`timeline_of`] shows how a figure came about, [`Agreements::accounts`] why, [`ledger()`] splits a ticket's whole time, [`Agreements::corrected`] shows what a person's
//! correction makes of a figure (S87), [`propose()`] says from closed cycles which targets would have been kept (S73).
//! What it never does: look at a wall clock, keep a timer, act: actions are data for the engine.
//! Read next: [`Metric`] (what starts and stops what; the table of signs), [`Policy`], [`Agreements::follow`],
//! [`Agreements::fire`], then [`crate::engine`].
//!
//! # Reference
//!
//! The files `sla/*.toml` are read in order of their names. What the words mean: [`OnChange`], [`OnReopen`], [`OpenedByAgent`], [`Scope`], [`Sign`], [`Consequence`],
//! [`Point`], [`Span`](crate::calendar::Span), [`WaitsOn`](crate::ticket::WaitsOn), [`Condition`](crate::condition::Form), [`Action`](crate::ticket::Action).
//!

#![doc = concat!("```toml\n", include_str!("reference.toml"), "```")]

mod changing;
mod choose;
mod correct;
mod cycle;
mod declare;
mod difference;
mod ending;
mod explain;
mod fire;
mod follow;
mod ledger;
mod metric;
mod outlook;
mod overlap;
mod policy;
mod propose;
mod read;
mod reckon;
mod recompute;
mod seen;
mod shipped;
mod sign;
mod starting;
mod table;
mod timeline;

pub use choose::Choice;
pub use correct::{Corrected, Standing};
pub use cycle::{Attainment, Cycle, attainment, cycles};
pub use explain::{ClockAccount, Considered, Fit, Rung, explain_due};
pub use fire::Fired;
pub use follow::Step;
pub use ledger::{Dimension, Figures, Lapse, Ledger, Line, Part, Party, Stretch, ledger};
pub use metric::{Clause, Consequence, Metric, Scope};
pub use outlook::{Foreseen, Outlook};
pub use policy::{Alert, AlertKind, OnChange, OnReopen, OpenedByAgent, Point, Policy, Targets, allowance};
pub use propose::{BadGoal, Goal, Proposal, Proposals, Proposing, propose};
pub use recompute::{Difference, Recomputed, Unverified, recompute, recompute_with, verify, verify_with};
pub use sign::Sign;
pub use timeline::{Segment, SegmentKind, Timeline, timeline, timeline_of};

use crate::id::{MetricName, PolicyName};
use crate::ticket::Agreement;

/// The agreements of a playbook: policies in order per kind of agreement, and the metrics they may name. Immutable.
#[derive(Clone, Debug)]
pub struct Agreements {
    metrics: Vec<Metric>,
    policies: Vec<Policy>,
    interest: seen::Interest,
}

impl Default for Agreements {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl Agreements {
    /// These policies in this order, with the metrics that are shipped.
    pub fn new(policies: Vec<Policy>) -> Self {
        Self::with(Metric::shipped(), policies)
    }
    fn with(metrics: Vec<Metric>, policies: Vec<Policy>) -> Self {
        let interest = seen::Interest::of(&metrics, &policies);
        Self { metrics, policies, interest }
    }
    /// With one metric more, or another declaration of one, which takes its place.
    #[must_use]
    pub fn metric_declared(mut self, metric: Metric) -> Self {
        declare::insert(&mut self.metrics, metric);
        Self::with(self.metrics, self.policies)
    }
    /// Adds policies behind those there are.
    pub fn extend(&mut self, policies: impl IntoIterator<Item = Policy>) {
        self.policies.extend(policies);
        self.interest = seen::Interest::of(&self.metrics, &self.policies);
    }
    /// All policies, in order.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.policies.iter()
    }
    /// A policy.
    pub fn policy(&self, agreement: Agreement, name: &PolicyName) -> Option<&Policy> {
        self.policies.iter().find(|p| p.agreement == agreement && p.name == *name)
    }
    /// All metrics, in the order their consequences are worked out.
    pub fn metrics(&self) -> impl Iterator<Item = &Metric> {
        self.metrics.iter()
    }
    /// A metric.
    pub fn metric(&self, name: &MetricName) -> Option<&Metric> {
        self.metrics.iter().find(|m| m.name == *name)
    }
    /// Everything its conditions read.
    pub fn reads(&self) -> impl Iterator<Item = &crate::condition::Path> {
        let criteria = self.policies.iter().flat_map(|p| p.alerts.iter().filter_map(|a| a.when.as_ref()));
        self.policies.iter().filter_map(|p| p.matches.as_ref()).chain(criteria).flat_map(|c| c.reads())
    }
    /// Whether any policy or criterion reads the customer record.
    pub fn reads_customer(&self) -> bool {
        let criteria = self.policies.iter().flat_map(|p| p.alerts.iter().filter_map(|a| a.when.as_ref()));
        self.policies.iter().filter_map(|p| p.matches.as_ref()).chain(criteria).any(crate::condition::Condition::reads_customer)
    }
    /// Whether there is no policy at all.
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }
}
