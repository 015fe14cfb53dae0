//! The playbook 服务台配置包: everything a desk decides by, compiled, immutable, with a digest.
//!
//! What it is: the bundle of schema, calendars, look-up tables, workflows, agreements, priority, routing and rules, read from a
//! [`crate::diagnostic::Source`] or built in Rust, checked across all rooms, every problem at once.
//! What it never does: read a disk ([`crate::folder`] does), change after loading.
//! Read next: [`Playbook::load`], [`Settings`] and [`PlaybookBuilder`], then [`crate::engine`], which decides by it.
//!
//! # Reference
//!
//! A playbook is a folder: `playbook.toml`, `workflows/*.toml` ([`crate::workflow`]), `calendars/*.toml` ([`crate::calendar::load`]), and where wanted `migrations/*.toml` ([`Migration`]), `sla/*.toml`
//! ([`crate::sla`]), `priority.toml` ([`crate::priority`]), `routing.toml` ([`crate::routing`]), `rules/*.rhai` ([`crate::rules`]). This is `playbook.toml`:
//!

#![doc = concat!("```toml\n", include_str!("reference.toml"), "```")]

mod around;
mod build;
mod diff;
mod load;
mod macros;
mod migration;
mod read;
mod read_types;
mod removed;
mod settings;
mod watch;
mod watch_read;

pub use build::PlaybookBuilder;
pub(crate) use diff::workflows as differing;
pub use diff::{Change, Changed, How, Weight, diff};
pub use load::{Loaded, Loader};
pub use macros::Macro;
pub use migration::Migration;
pub use removed::Removed;
pub use settings::Settings;
pub use watch::{Alarm, Measure, Notice, Sighting, Turn, Watch};

use crate::calendar::Calendars;
use crate::condition::Path;
use crate::id::*;
use crate::priority::PriorityModel;
use crate::routing::RoutingModel;
use crate::rules::{Resources, RuleSet};
use crate::sla::Agreements;
use crate::ticket::{Schema, WorkflowRef};
use crate::workflow::Workflow;
use std::sync::Arc;

/// A compiled playbook. Cheap to share in an `Arc`; never changes.
#[derive(Clone, Debug)]
pub struct Playbook {
    name: String,
    version: u32,
    digest: Digest,
    schema: Schema,
    settings: Settings,
    calendars: Calendars,
    workflows: Vec<Workflow>,
    /// How many of the workflows are its own; the rest are carried over from older playbooks for tickets pinned to them.
    own: usize,
    agreements: Agreements,
    priority: PriorityModel,
    routing: RoutingModel,
    rules: Arc<RuleSet>,
    watches: Vec<Watch>,
    macros: Vec<Macro>,
    migrations: Vec<Migration>,
    resources: Arc<Resources>,
    reads_customer: bool,
    reads_open_tickets: bool,
    since: Option<UtcInstant>,
}

impl Playbook {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Its version, as the author counts.
    pub fn version(&self) -> u32 {
        self.version
    }
    /// SHA-256 over everything it was made from: the same sources give the same digest.
    pub fn digest(&self) -> Digest {
        self.digest
    }
    /// What may be named.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }
    /// Settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
    /// Calendars.
    pub fn calendars(&self) -> &Calendars {
        &self.calendars
    }
    /// All workflows, every version.
    pub fn workflows(&self) -> &[Workflow] {
        &self.workflows
    }
    /// The workflow a ticket is pinned to, if this playbook holds that version.
    pub fn workflow(&self, pinned: &WorkflowRef) -> Option<&Workflow> {
        self.workflows.iter().find(|w| w.version() == pinned.version && *w.name() == pinned.name)
    }
    /// The newest version of the workflow of a ticket type; a version carried over from an older playbook takes no new tickets.
    pub fn workflow_for(&self, kind: &TypeName) -> Option<&Workflow> {
        let name = &self.schema.types.get(kind)?.workflow;
        self.workflows.iter().take(self.own).filter(|w| w.name() == name).max_by_key(|w| w.version())
    }
    /// SLA policies.
    pub fn agreements(&self) -> &Agreements {
        &self.agreements
    }
    /// The priority model.
    pub fn priority(&self) -> &PriorityModel {
        &self.priority
    }
    /// Routing.
    pub fn routing(&self) -> &RoutingModel {
        &self.routing
    }
    /// Rules.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }
    /// Macros.
    pub fn macros(&self) -> &[Macro] {
        &self.macros
    }
    /// Migrations into its workflows.
    pub fn migrations(&self) -> &[Migration] {
        &self.migrations
    }
    /// The migration of this name.
    pub fn migration(&self, name: &str) -> Option<&Migration> {
        self.migrations.iter().find(|m| m.name == name)
    }
    /// The macro of this name.
    pub fn macro_named(&self, name: &str) -> Option<&Macro> {
        self.macros.iter().find(|m| m.name == *name)
    }
    /// Desk watches (S86).
    pub fn watches(&self) -> &[Watch] {
        &self.watches
    }
    /// The rules, shared.
    pub fn shared_rules(&self) -> Arc<RuleSet> {
        self.rules.clone()
    }
    /// What its scripts reach besides the ticket: look-up tables, calendars, functions of the host's.
    pub fn resources(&self) -> &Arc<Resources> {
        &self.resources
    }
    /// The same playbook without an index over its rules, for the test that holds both equal.
    #[doc(hidden)]
    #[must_use]
    pub fn unindexed(mut self) -> Self {
        self.rules = Arc::new((*self.rules).clone().unindexed());
        self
    }
    /// Whether any condition reads the customer record, so that decisions need it.
    pub fn reads_customer(&self) -> bool {
        self.reads_customer
    }

    /// Whether any condition reads how many other tickets of the requester are open ([`Path::OPEN_TICKETS`]), so that decisions need it.
    pub fn reads_open_tickets(&self) -> bool {
        self.reads_open_tickets
    }

    /// Since when it is the active one of a running desk; none where it always was.
    pub fn since(&self) -> Option<UtcInstant> {
        self.since
    }
    /// The same playbook, active since an instant; its digest stays.
    ///
    /// Open tickets last written before then adopt its policies, calendars and priorities as of that instant, whenever they are next touched: what happened before went by the
    /// figures of then, what comes after goes by its own (S46, S55).
    #[must_use]
    pub fn active_since(self, at: UtcInstant) -> Self {
        Self { since: Some(at_door(at)), ..self }
    }

    /// The same playbook, holding also those workflow and calendar versions of older ones that it lacks; its digest stays.
    ///
    /// Tickets go on in the workflow version they are pinned to and clocks in the calendar version they adopted, until they adopt another (S55).
    #[must_use]
    pub fn with_versions_of<'a>(&self, older: impl IntoIterator<Item = &'a Arc<Self>>) -> Self {
        let mut joined = self.clone();
        for old in older {
            for w in &old.workflows {
                if joined.workflow(&w.reference()).is_none() {
                    joined.workflows.push(w.clone());
                }
            }
            joined.calendars.carry(&old.calendars);
        }
        joined
    }

    /// With migrations, their targets checked.
    fn with_migrations(mut self, migrations: Vec<Migration>, problems: &mut crate::diagnostic::Diagnostics) -> Self {
        migrations.iter().for_each(|m| problems.extend(m.check_target(&self)));
        problems.sort();
        self.migrations = migrations;
        self
    }

    /// Works out what all its conditions read, and which workflows are its own.
    fn reading(mut self) -> Self {
        self.own = self.workflows.len();
        let of_workflows = self.workflows.iter().any(Workflow::reads_customer);
        self.reads_customer = of_workflows
            || self.agreements.reads_customer()
            || self.priority.reads_customer()
            || self.routing.reads_customer()
            || self.rules.needs_customer()
            || self.schema.templates.values().any(|t| [&t.body.en, &t.body.zh].into_iter().any(|b| reads_customer(b)));
        let counts = Path::open_tickets();
        let of_workflows = self.workflows.iter().flat_map(Workflow::reads);
        let others = self.agreements.reads().chain(self.priority.reads()).chain(self.routing.reads()).chain(self.rules.reads());
        self.reads_open_tickets = of_workflows.chain(others).any(|p| *p == counts);
        self
    }
}

/// Whether a template has something of the customer record in it.
fn reads_customer(template: &str) -> bool {
    watch::placeholders(template).iter().any(|name| name.starts_with("customer."))
}
