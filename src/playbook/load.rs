//! From a source to a playbook: every file read, every problem reported, in one go.

use super::{Migration, Playbook, read};
use crate::calendar::{Calendar, Calendars};
use crate::condition::Tables;
use crate::condition::reading::{Document, meant, unknown};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Source, did_you_mean, text};
use crate::id::*;
use crate::priority::PriorityModel;
use crate::routing::RoutingModel;
use crate::rules::{Functions, Resources};
use crate::sla::Agreements;
use crate::ticket::Schema;
use crate::workflow::Workflow;
use std::sync::Arc;

/// How a playbook is loaded, where files alone do not say it; made by [`Playbook::loader`].
#[derive(Clone, Debug, Default)]
pub struct Loader {
    functions: Functions,
}

impl Loader {
    /// With these functions, which conditions and actions may call. Their signatures and versions go into the playbook's digest.
    #[must_use]
    pub fn functions(mut self, functions: Functions) -> Self {
        self.functions = functions;
        self
    }
    /// Reads and checks a playbook, as [`Playbook::load`].
    ///
    /// # Errors
    /// As there.
    pub fn load(&self, source: &Source) -> Result<Loaded, Diagnostics> {
        Playbook::load_with(source, &self.functions)
    }
}

/// The file of macros.
const MACROS: &str = "macros.toml";
/// The file of desk watches.
const WATCHES: &str = "watches.toml";

/// A loaded playbook with the warnings found on the way.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The playbook.
    pub playbook: Playbook,
    /// Nothing that forbids loading.
    pub warnings: Diagnostics,
}

/// What may be named, and what conditions may reach, of a playbook that could not be loaded.
#[derive(Debug)]
#[cfg_attr(not(feature = "rhai"), allow(dead_code, reason = "only the check of people and tests asks"))]
pub(crate) struct Names {
    pub(crate) schema: Schema,
    pub(crate) resources: Arc<Resources>,
}

impl Playbook {
    /// Reads and checks a playbook.
    ///
    /// # Errors
    /// *All* problems, in order of file and line; warnings among them.
    ///
    /// ```
    /// use ticketry::{diagnostic::Source, playbook::Playbook};
    /// let problems = Playbook::load(&Source::new().with("playbook.toml", "nme = \"demo\"")).unwrap_err();
    /// assert!(problems.to_string().contains("did you mean `name`?"));
    /// ```
    pub fn load(source: &Source) -> Result<Loaded, Diagnostics> {
        Self::loader().load(source)
    }

    /// Loading with more than files: functions of the host's.
    pub fn loader() -> Loader {
        Loader::default()
    }

    fn load_with(source: &Source, functions: &Functions) -> Result<Loaded, Diagnostics> {
        Self::load_naming(source, functions).map_err(|(problems, _)| problems)
    }

    /// Loading for who goes on to read what names things of the playbook: if it cannot be loaded, what may be named all the same, provided that playbook.toml itself is without errors.
    pub(crate) fn load_naming(source: &Source, functions: &Functions) -> Result<Loaded, (Diagnostics, Option<Box<Names>>)> {
        let mut problems = Diagnostics::new();
        let Some(content) = source.get("playbook.toml") else {
            let absent = Diagnostic::error("no-playbook", text("there is no playbook.toml", "缺少 playbook.toml"))
                .at(Place::file("playbook.toml"))
                .help(text(
                    "every playbook begins with one; the documentation of `ticketry::playbook` shows what stands in it",
                    "每个配置包都以它开头；其内容见 `ticketry::playbook` 的文档",
                ));
            return Err((absent.into(), None));
        };
        unknown_files(source, &mut problems);
        let document = Document::parse("playbook.toml", content);
        // A calendar that could not be compiled is known all the same: what is wrong with it is said once, there.
        let (definitions, names, found) = crate::calendar::declared(source);
        problems.extend(found);
        let mut head = read::read(&document, names);
        let found = document.finish();
        let named_all = !found.has_errors();
        problems.extend(found);
        let calendars = calendars(&definitions, &head, &mut problems);
        check_groups(&head, &mut problems);

        let mut named: Vec<Option<(WorkflowName, Place)>> = Vec::new();
        for (file, content) in source.under("workflows", ".toml") {
            named.push(crate::workflow::declare_placed(file, content, &mut head.schema));
        }
        let mut schema = head.schema;
        let (tables, found) = Tables::load(source, &schema);
        problems.extend(found);
        let resources = Arc::new(Resources { tables, calendars: calendars.clone().map(Arc::new), functions: functions.clone() });
        let scripts = crate::rules::scripts_with(&resources);
        let mut workflows: Vec<Workflow> = Vec::new();
        let mut places: Vec<Place> = Vec::new();
        for ((file, content), name) in source.under("workflows", ".toml").zip(&named) {
            let (workflow, found) = Workflow::load(file, content, &schema, &*scripts);
            problems.extend(found);
            if let Some(w) = workflow {
                let place = name.as_ref().map_or_else(|| Place::file(file.clone()), |(_, p)| p.clone());
                let same = workflows.iter().position(|x| x.name() == w.name() && x.version() == w.version());
                if let Some(first) = same.and_then(|i| places.get(i)) {
                    problems.push(
                        duplicate("workflow", "流程", &format!("{} version {}", w.name(), w.version()), place.clone())
                            .also(first.clone(), text("the first", "第一处"))
                            .help(text("rename one of the two, or give it another `version`", "请为其中一个改名，或改写 version")),
                    );
                }
                places.push(place);
                workflows.push(w);
            }
        }
        // A workflow whose name cannot be read may be the one meant.
        let nameless = named.iter().any(Option::is_none);
        let known: Vec<&str> = named.iter().flatten().map(|(name, _)| name.as_str()).collect();
        let mut all_known = !nameless && head.workflows.len() == schema.types.len();
        for (name, place) in head.workflows.iter().filter(|_| !nameless) {
            if let Some(t) = schema.types.get(name)
                && !known.contains(&t.workflow.as_str())
            {
                all_known = false;
                problems.push(
                    Diagnostic::error(
                        "unknown-workflow",
                        text(
                            format!("type `{name}` follows a workflow `{}` that does not exist", t.workflow),
                            format!("类型 `{name}` 的流程 `{}` 不存在", t.workflow),
                        ),
                    )
                    .at(place.clone())
                    .help(did_you_mean(t.workflow.as_str(), &known).unwrap_or_else(|| match known.first() {
                        Some(_) => {
                            let all = known.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
                            text(format!("the files under `workflows/` have {all}"), format!("`workflows/` 下的文件有 {all}"))
                        }
                        None => text("write it in a file under `workflows/`", "请在 `workflows/` 下的文件中写出它"),
                    })),
                );
            }
        }

        // Where a type or its workflow cannot be read, this may be the one it follows.
        for (name, place) in named.iter().flatten().filter(|_| all_known && named_all) {
            if !schema.types.values().any(|t| t.workflow == *name) {
                problems.push(
                    Diagnostic::warning(
                        "unused-workflow",
                        text(format!("no type of ticket follows the workflow `{name}`"), format!("没有任何工单类型使用流程 `{name}`")),
                    )
                    .at(place.clone())
                    .help(text(
                        format!("write workflow = \"{name}\" under a type in playbook.toml, or remove the file"),
                        format!("请在 playbook.toml 的某个类型下写 workflow = \"{name}\"，或删除该文件"),
                    )),
                );
            }
        }

        let files = source.under("sla", ".toml").map(|(file, content)| (&**file, &**content));
        let (agreements, found) = Agreements::load(files, &schema, &*scripts);
        problems.extend(found);
        // Where the agreements are wrong, so may be what a rule names of them: that is said once, there.
        let agreed = agreements.is_some();
        if let Some(a) = &agreements {
            schema.metrics = a.metrics().map(|m| m.name.clone()).collect();
        }
        let agreements = agreements.unwrap_or_default();
        let priority = match source.get("priority.toml") {
            Some(content) => {
                let (model, found) = PriorityModel::load("priority.toml", content, &schema, &*scripts);
                problems.extend(found);
                model.unwrap_or_else(PriorityModel::none)
            }
            None => PriorityModel::none(),
        };
        let routing = match source.get("routing.toml") {
            Some(content) => {
                let (model, found) = RoutingModel::load("routing.toml", content, &schema, &*scripts);
                problems.extend(found);
                model.unwrap_or_else(RoutingModel::none)
            }
            None => RoutingModel::none(),
        };
        let (rules, found) = crate::rules::load_with(source, &schema, &resources);
        problems.extend(found);
        let flow = (workflows.len() == named.len() && all_known).then_some(workflows.as_slice());
        let around = super::around::surroundings(flow, agreed.then_some(&agreements), &priority, &head.settings);
        problems.extend(rules.check(&schema, &around));
        let (macros, found) = match source.get(MACROS) {
            Some(content) => super::macros::read(MACROS, content, &schema),
            None => Default::default(),
        };
        problems.extend(found);
        let (watches, found) = match source.get(WATCHES) {
            Some(content) => super::watch_read::read(WATCHES, content, &schema, &*scripts),
            None => Default::default(),
        };
        problems.extend(found);
        let mut migrations: Vec<Migration> = Vec::new();
        for (file, content) in source.under("migrations", ".toml") {
            let (migration, found) = Migration::read(file, content);
            problems.extend(found);
            if let Some(m) = migration {
                if migrations.iter().any(|x| x.name == m.name) {
                    problems.push(duplicate("migration", "迁移", &m.name, Place::file(file.clone())));
                }
                migrations.push(m);
            }
        }
        problems.sort();
        let Some(calendars) = calendars.filter(|_| !problems.has_errors()) else {
            return Err((problems, named_all.then(|| Box::new(Names { schema, resources }))));
        };
        let offered = functions.digest();
        let files = source.iter().flat_map(|(p, c)| [p.as_bytes(), c.as_bytes()]);
        let digest = Digest::of(files.chain(offered.as_ref().map(|d| d.bytes().as_slice())));
        let playbook = Self {
            name: head.name,
            version: head.version,
            digest,
            schema,
            settings: head.settings,
            calendars,
            workflows,
            own: 0,
            agreements,
            priority,
            routing,
            rules: Arc::new(rules),
            resources,
            watches,
            macros,
            migrations: Vec::new(),
            reads_customer: false,
            reads_open_tickets: false,
            since: None,
        }
        .reading();
        let playbook = playbook.with_migrations(migrations, &mut problems);
        if problems.has_errors() {
            return Err((problems, Some(Box::new(Names { schema: playbook.schema, resources: playbook.resources }))));
        }
        Ok(Loaded { playbook, warnings: problems })
    }

    /// The playbook every new project can begin with: one workflow (new, open, pending, resolved, closed), four priorities, office hours
    /// in UTC, a simple SLA.
    ///
    /// # Errors
    /// None that a test of this crate would let pass.
    pub fn starter() -> Result<Self, Diagnostics> {
        Self::load(&Self::starter_source()).map(|loaded| loaded.playbook)
    }

    /// The files of [`Playbook::starter`].
    pub fn starter_source() -> Source {
        Source::new()
            .with("playbook.toml", include_str!("starter/playbook.toml"))
            .with("calendars/office.toml", include_str!("starter/calendars/office.toml"))
            .with("workflows/question.toml", include_str!("starter/workflows/question.toml"))
            .with("sla/customer.toml", include_str!("starter/sla/customer.toml"))
            .with("priority.toml", include_str!("starter/priority.toml"))
    }
}

fn duplicate(what: &str, zh: &str, name: &str, place: Place) -> Diagnostic {
    Diagnostic::error("duplicate-name", text(format!("{what} `{name}` is defined twice"), format!("{zh} `{name}` 重复定义"))).at(place)
}

fn calendars(all: &[Calendar], head: &read::Head, problems: &mut Diagnostics) -> Option<Calendars> {
    let (name, place) = head.default_calendar.as_ref()?;
    let known = &head.schema.calendars;
    if !known.contains(name) {
        problems.push(unknown(
            "unknown-calendar",
            ("calendar", "日历"),
            name.as_str(),
            known.iter().map(CalendarName::as_str),
            place.clone(),
        ));
    }
    let default = all.iter().find(|c| c.name() == name)?;
    let mut set = Calendars::new(default.clone());
    for c in all {
        set.insert(c.clone());
    }
    Some(set)
}

fn check_groups(head: &read::Head, problems: &mut Diagnostics) {
    let known = &head.schema.calendars;
    for (name, place) in &head.group_calendars {
        if let Some(c) = head.schema.groups.get(name).and_then(|g| g.calendar.as_ref())
            && !known.contains(c)
        {
            problems.push(
                Diagnostic::error(
                    "unknown-calendar",
                    text(
                        format!("group `{name}` keeps a calendar `{c}` that does not exist"),
                        format!("处理组 `{name}` 的日历 `{c}` 不存在"),
                    ),
                )
                .at(place.clone())
                .help(meant(("calendar", "日历"), c.as_str(), known.iter().map(CalendarName::as_str))),
            );
        }
    }
}

/// A file that nothing reads is a slip: `workflow/` for `workflows/`, `.tml` for `.toml`.
fn unknown_files(source: &Source, problems: &mut Diagnostics) {
    let known = |p: &str| {
        let ends = |s: &str| p.ends_with(s);
        match p.split_once('/') {
            None => matches!(p, "playbook.toml" | "priority.toml" | "routing.toml" | "roster.toml" | WATCHES | MACROS) || ends(".md"),
            Some(("workflows" | "calendars" | "sla", _)) => ends(".toml") || ends(".ics") || ends(".md"),
            Some(("rules" | "tests", _)) => ends(".rhai") || ends(".toml") || ends(".md"),
            Some(("migrations", _)) => ends(".toml") || ends(".md"),
            Some(("tables", _)) => ends(".csv") || ends(".md"),
            Some(_) => false,
        }
    };
    for (path, _) in source.iter() {
        if !known(path) {
            let folders = [
                "workflows",
                "calendars",
                "sla",
                "rules",
                "tests",
                "tables",
                "migrations",
                "playbook.toml",
                "priority.toml",
                "routing.toml",
                WATCHES,
                MACROS,
            ];
            let first = path.split('/').next().unwrap_or(path);
            problems.push(
                Diagnostic::warning("unused-file", text("nothing reads this file", "该文件不会被读取"))
                    .at(Place::file(path.clone()))
                    .maybe_help(did_you_mean(first, folders)),
            );
        }
    }
}
