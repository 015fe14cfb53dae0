//! A playbook built in Rust, without files.

use super::{Macro, Migration, Playbook, Settings, Watch};
use crate::calendar::{Calendar, CalendarDefinition, Calendars};
use crate::condition::{NoScripts, Scripts, Tables};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Source, text};
use crate::id::*;
use crate::priority::{PriorityModel, PriorityModelBuilder};
use crate::routing::{RoutingDefinition, RoutingModel};
use crate::rules::{Functions, Resources, RuleBuilder, RuleSet};
use crate::sla::{Agreements, Metric, Policy};
use crate::ticket::{Schema, TypeDefinition};
use crate::workflow::WorkflowDefinition;
use std::sync::Arc;

/// A playbook under construction; the first calendar is the default one.
///
/// ```
/// use ticketry::{calendar::CalendarDefinition, playbook::Playbook, ticket::StateClass};
/// use ticketry::workflow::{Responsible, StateDefinition, TransitionDefinition, WorkflowDefinition};
///
/// let errand = WorkflowDefinition::new("errand", 1)
///     .initial("new")
///     .state(StateDefinition::new("new", StateClass::New).label("New", "待处理").responsible(Responsible::Group))
///     .state(StateDefinition::new("done", StateClass::Closed).label("Done", "已完成"))
///     .transition(TransitionDefinition::new("finish", ["new"], "done").label("Finish", "完成"));
/// let playbook = Playbook::builder("errands")
///     .calendar(CalendarDefinition::always("always", "UTC"))
///     .channel("mail")
///     .workflow(errand)
///     .ticket_type("errand", "errand")
///     .build()
///     .unwrap();
/// assert_eq!(playbook.workflows().len(), 1);
/// ```
#[derive(Debug)]
pub struct PlaybookBuilder {
    name: String,
    version: u32,
    schema: Schema,
    settings: Settings,
    calendars: Vec<CalendarDefinition>,
    workflows: Vec<WorkflowDefinition>,
    metrics: Vec<Metric>,
    policies: Vec<Policy>,
    priority: Option<PriorityModelBuilder>,
    routing: Option<RoutingDefinition>,
    rules: Vec<RuleBuilder>,
    watches: Vec<Watch>,
    macros: Vec<Macro>,
    migrations: Vec<Migration>,
    tables: Vec<(String, String)>,
    functions: Functions,
}

impl Playbook {
    /// A playbook built in Rust.
    pub fn builder(name: impl Into<String>) -> PlaybookBuilder {
        let mut schema = Schema::default();
        for (word, zh) in [("agent", "坐席"), ("requester", "请求人"), ("vendor", "第三方"), ("integration", "集成"), ("system", "系统")]
        {
            schema.roles.insert(RoleName::new(word), text(word, zh));
        }
        PlaybookBuilder {
            name: name.into(),
            version: 1,
            schema,
            settings: Settings::default(),
            calendars: Vec::new(),
            workflows: Vec::new(),
            metrics: Vec::new(),
            policies: Vec::new(),
            priority: None,
            routing: None,
            rules: Vec::new(),
            watches: Vec::new(),
            macros: Vec::new(),
            migrations: Vec::new(),
            tables: Vec::new(),
            functions: Functions::new(),
        }
    }
}

impl PlaybookBuilder {
    /// Its version.
    #[must_use]
    pub fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }
    /// Changes the schema: fields, levels, groups, skills, templates.
    #[must_use]
    pub fn schema(mut self, change: impl FnOnce(&mut Schema)) -> Self {
        change(&mut self.schema);
        self
    }
    /// Changes the settings.
    #[must_use]
    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }
    /// A channel, its name its label, without a window.
    #[must_use]
    pub fn channel(mut self, name: &str) -> Self {
        let label = text(name, name);
        self.schema.channels.insert(ChannelName::new(name), crate::ticket::ChannelDefinition { label, window_seconds: 0 });
        self
    }
    /// A group, its name its label.
    #[must_use]
    pub fn group(mut self, name: &str) -> Self {
        self.schema.groups.insert(GroupId::new(name), crate::ticket::GroupDefinition { label: text(name, name), calendar: None });
        self
    }
    /// A ticket type and its workflow.
    #[must_use]
    pub fn ticket_type(mut self, name: &str, workflow: &str) -> Self {
        let def =
            TypeDefinition { label: text(name, name), workflow: WorkflowName::new(workflow), required: Vec::new(), fields: Vec::new() };
        self.schema.types.insert(TypeName::new(name), def);
        self
    }
    /// A calendar; the first is the default.
    #[must_use]
    pub fn calendar(mut self, calendar: CalendarDefinition) -> Self {
        self.calendars.push(calendar);
        self
    }
    /// A workflow.
    #[must_use]
    pub fn workflow(mut self, workflow: WorkflowDefinition) -> Self {
        self.workflows.push(workflow);
        self
    }
    /// A metric of its own, which policies may give targets; one of a shipped metric's name takes its place.
    #[must_use]
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metrics.push(metric);
        self
    }
    /// An SLA policy, after those given before.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policies.push(policy);
        self
    }
    /// The priority model.
    #[must_use]
    pub fn priority(mut self, model: PriorityModelBuilder) -> Self {
        self.priority = Some(model);
        self
    }
    /// Routing.
    #[must_use]
    pub fn routing(mut self, routing: RoutingDefinition) -> Self {
        self.routing = Some(routing);
        self
    }
    /// A rule.
    #[must_use]
    pub fn rule(mut self, rule: RuleBuilder) -> Self {
        self.rules.push(rule);
        self
    }
    /// A macro.
    #[must_use]
    pub fn with_macro(mut self, m: Macro) -> Self {
        self.macros.push(m);
        self
    }
    /// A migration into one of its workflows.
    #[must_use]
    pub fn migration(mut self, migration: Migration) -> Self {
        self.migrations.push(migration);
        self
    }
    /// A desk watch.
    #[must_use]
    pub fn watch(mut self, watch: Watch) -> Self {
        self.watches.push(watch);
        self
    }
    /// A look-up table, as the file `tables/NAME.csv` of a folder would say it.
    #[must_use]
    pub fn table(mut self, name: &str, csv: impl Into<String>) -> Self {
        self.tables.push((format!("tables/{name}.csv"), csv.into()));
        self
    }
    /// Functions of the host's, which text conditions may call.
    #[must_use]
    pub fn functions(mut self, functions: Functions) -> Self {
        self.functions = functions;
        self
    }
    /// The playbook; text conditions are compiled by the script engine, where the build has one.
    ///
    /// # Errors
    /// All problems.
    pub fn build(self) -> Result<Playbook, Diagnostics> {
        self.build_with(crate::rules::scripts_with)
    }
    /// The playbook, all conditions being data.
    ///
    /// # Errors
    /// All problems.
    pub fn build_without_scripts(self) -> Result<Playbook, Diagnostics> {
        self.build_with(|_| Arc::new(NoScripts))
    }

    fn build_with(mut self, compile: impl FnOnce(&Arc<Resources>) -> Arc<dyn Scripts>) -> Result<Playbook, Diagnostics> {
        let place = || Place::file("builder");
        let digest = Digest::of([format!("{self:?}").as_bytes()]);
        let mut problems = Diagnostics::new();
        let mut calendars: Option<Calendars> = None;
        for def in &self.calendars {
            self.schema.calendars.insert(def.name.clone());
            match Calendar::compile(def) {
                Ok(c) => match &mut calendars {
                    Some(set) => {
                        set.insert(c);
                    }
                    None => calendars = Some(Calendars::new(c)),
                },
                Err(d) => problems.extend(d),
            }
        }
        if self.calendars.is_empty() {
            problems.push(
                Diagnostic::error("no-calendar", text("a playbook needs a calendar", "配置包至少需要一个日历")).at(place()).help(text(
                    "add one: CalendarDefinition::always(\"always\", \"UTC\")",
                    "请添加：CalendarDefinition::always(\"always\", \"UTC\")",
                )),
            );
        }
        for w in &self.workflows {
            w.declare(&mut self.schema);
        }
        let mut schema = self.schema;
        let files = self.tables.into_iter().fold(Source::new(), |s, (path, csv)| s.with(path, csv));
        let (tables, found) = Tables::load(&files, &schema);
        problems.extend(found);
        let resources = Arc::new(Resources { tables, calendars: calendars.clone().map(Arc::new), functions: self.functions });
        let scripts = compile(&resources);
        let scripts = &*scripts;
        let mut agreements = Agreements::new(self.policies);
        for metric in self.metrics {
            problems.extend(metric.check(&schema));
            agreements = agreements.metric_declared(metric);
        }
        problems.extend(agreements.unmeasured());
        schema.metrics = agreements.metrics().map(|m| m.name.clone()).collect();
        let mut workflows = Vec::new();
        for def in &self.workflows {
            let (w, found) = def.compile(&schema, scripts);
            problems.extend(found);
            workflows.extend(w);
        }
        for (name, t) in &schema.types {
            if !self.workflows.iter().any(|w| w.name == t.workflow) {
                problems.push(
                    Diagnostic::error(
                        "unknown-workflow",
                        text(
                            format!("type `{name}` follows a workflow `{}` that does not exist", t.workflow),
                            format!("类型 `{name}` 的流程 `{}` 不存在", t.workflow),
                        ),
                    )
                    .at(place()),
                );
            }
        }
        let mut take = |(model, found): (Option<_>, Diagnostics)| {
            problems.extend(found);
            model
        };
        let priority = self.priority.and_then(|p| take(p.build(&schema, scripts))).unwrap_or_else(PriorityModel::none);
        let routing = match self.routing {
            Some(r) => {
                let (model, found) = r.build(&schema, scripts);
                problems.extend(found);
                model.unwrap_or_else(RoutingModel::none)
            }
            None => RoutingModel::none(),
        };
        let mut rules = Vec::new();
        for r in self.rules {
            match r.build(&schema, scripts) {
                Ok(r) => rules.push(r),
                Err(d) => problems.extend(d),
            }
        }
        let (rules, found) = RuleSet::new(rules);
        problems.extend(found);
        for m in &self.macros {
            problems.extend(m.check(&schema));
        }
        for w in &self.watches {
            problems.extend(w.check(&schema));
        }
        let Some(calendars) = calendars.filter(|_| !problems.has_errors()) else { return Err(problems) };
        let playbook = Playbook {
            name: self.name,
            version: self.version,
            digest,
            schema,
            settings: self.settings,
            calendars,
            workflows,
            own: 0,
            agreements,
            priority,
            routing,
            rules: Arc::new(rules),
            resources,
            watches: self.watches,
            macros: self.macros,
            migrations: Vec::new(),
            reads_customer: false,
            reads_open_tickets: false,
            since: None,
        }
        .reading()
        .with_migrations(self.migrations, &mut problems);
        if problems.has_errors() { Err(problems) } else { Ok(playbook) }
    }
}
