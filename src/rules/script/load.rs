//! From a playbook's source to its rules, and from a text to a condition.

use super::{
    files::{File, Library, is_module},
    load_engine,
    reach::Reach,
    read,
    run::Slot,
    run_engine,
    scan::Scan,
};
use crate::condition::{Expr as Native, Root, Scripts};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Source, text};
use crate::rules::{Resources, RuleSet};
use crate::ticket::Schema;
use rhai::{Expr, Scope, Stmt};
use std::sync::Arc;

/// Stack for parsing and checking: a tree of the depth we allow needs more than a thread of 2 MiB has in debug builds.
const STACK: usize = 16 << 20;

/// The rules of a playbook: every `rules/*.rhai` outside `rules/lib`, all problems at once.
///
/// Nothing is executed: rules are read from the syntax tree, every name in them is resolved against the schema, conditions and
/// plain actions are lowered. What cannot be lowered runs in the sandbox later.
///
/// ```
/// use ticketry::{diagnostic::Source, rules, ticket::{Scale, Schema}};
/// let schema = Schema { impact: Scale::of(&["low", "high"]), ..Schema::default() };
/// let source = Source::new().with("rules/a.rhai", r#"
///     rule("outage").on("created").when(|t| t.impact >= "high").then(|t| t.tag("outage"));
///     rule("typo").on("created").when(|t| t.impakt == "high").then(|t| t.tag("x"));
/// "#);
/// let (set, problems) = rules::load(&source, &schema);
/// assert!(set.named("outage").unwrap().1.is_native());
/// assert!(problems.to_string().starts_with("error[unknown-field]: a ticket has no field `impakt`\n  --> rules/a.rhai:3:43"));
/// ```
pub fn load(source: &Source, schema: &Schema) -> (RuleSet, Diagnostics) {
    load_with(source, schema, &Arc::default())
}

/// The same rules with conditions and actions left to the interpreter, for the test that holds both forms equal.
#[doc(hidden)]
pub fn load_interpreted(source: &Source, schema: &Schema) -> (RuleSet, Diagnostics) {
    load_as(source, schema, &Arc::default(), false)
}

/// The same for rules that reach tables, calendars and functions of the host's.
pub fn load_with(source: &Source, schema: &Schema, resources: &Arc<Resources>) -> (RuleSet, Diagnostics) {
    load_as(source, schema, resources, true)
}

fn load_as(source: &Source, schema: &Schema, resources: &Arc<Resources>, lower: bool) -> (RuleSet, Diagnostics) {
    let (source, schema, resources) = (Arc::new(source.clone()), Arc::new(schema.clone()), resources.clone());
    on_large_stack(move || load_here(&source, &schema, &resources, lower))
        .unwrap_or_else(|| (RuleSet::default(), no_thread(Place::file("rules")).into()))
}

/// The same on this thread, whose stack must be large.
pub(super) fn load_here(source: &Arc<Source>, schema: &Arc<Schema>, resources: &Arc<Resources>, lower: bool) -> (RuleSet, Diagnostics) {
    let mut problems = check_functions(resources);
    let reach = Arc::new(Reach::new(resources));
    let sandbox = load_engine(&[super::values::host()], source.clone());
    let library = Library::open(&sandbox, source, &mut problems);
    let mut rules = Vec::new();
    for (path, file) in &library.files {
        let mut scan = Scan::new(&library, schema, file, source.get(path).unwrap_or_default(), None);
        scan.lower = lower;
        scan.reach = reach.clone();
        if is_module(path) {
            modules(&mut scan);
        } else {
            rules.extend(read::rules(&mut scan));
        }
        problems.extend(scan.problems);
    }
    let (set, more) = RuleSet::new(rules);
    problems.extend(more);
    let mut problems = read::once(problems);
    problems.sort();
    (set, problems)
}

/// What is wrong with the functions a host offers.
fn check_functions(resources: &Resources) -> Diagnostics {
    if resources.functions.is_empty() {
        return Diagnostics::new();
    }
    let sandbox = run_engine(&[], None);
    let words =
        |name: &str| super::names::natives().contains(name) || super::reach::names().contains(name) || matches!(name, "rule" | "test");
    // A word of the language is no name.
    let reserved = |name: &str| {
        name.chars().all(|c| c.is_alphanumeric() || c == '_')
            && sandbox.compile_expression("function", &format!("{name}()"), &Scope::new()).is_err()
    };
    resources.functions.check(&|name| words(name) || reserved(name))
}

/// Checks the functions of a file that others import, whoever calls them.
fn modules(scan: &mut Scan<'_>) {
    let file = scan.file;
    for f in file.functions.values() {
        scan.acting = true;
        // What calls one that is too deep is too deep itself: said once.
        if scan.problems.iter().any(|d| d.code == "too-complex") {
            return;
        }
        scan.steps = 0;
        let args = vec![super::scan::Val::Other; f.params()];
        scan.enter(file, f, args, rhai::Position::NONE);
    }
}

fn no_thread(place: Place) -> Diagnostic {
    Diagnostic::error("no-thread", text("the system gave no thread for checking scripts", "系统无法提供检查脚本所需的线程"))
        .at(place)
        .help(text("try again", "请重试"))
}

/// Runs deep recursion on a stack of its own. A caller's stack may be small; nothing else of the library uses threads.
pub(super) fn on_large_stack<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    std::thread::Builder::new().name("ticketry-scripts".into()).stack_size(STACK).spawn(job).ok()?.join().ok()
}

/// Conditions as Rhai expressions, with the roots `t` (ticket), `event` and `now`.
///
/// ```
/// use ticketry::{condition::Scripts, diagnostic::Place, rules::RhaiScripts, ticket::{Scale, Schema}};
/// let schema = Schema { impact: Scale::of(&["low", "medium", "high"]), ..Schema::default() };
/// let e = RhaiScripts.condition(r#"t.impact >= "medium" && "vip" in t.tags"#, &Place::file("example"), &schema).unwrap();
/// assert!(e.is_native());
/// assert_eq!(e.to_string(), r#"t.impact in ["high", "medium"] && "vip" in t.tags"#);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct RhaiScripts;

impl Scripts for RhaiScripts {
    fn condition(&self, text: &str, place: &Place, schema: &Schema) -> Result<Native, Diagnostics> {
        compile_apart(text, place, schema, Reach::none(), true)
    }
}

/// [`RhaiScripts`] for conditions that reach tables, calendars and functions of the host's.
#[derive(Debug)]
pub(crate) struct Reaching(Arc<Reach>);

impl Reaching {
    pub(crate) fn new(resources: &Arc<Resources>) -> Self {
        Self(Arc::new(Reach::new(resources)))
    }
}

impl Scripts for Reaching {
    fn condition(&self, text: &str, place: &Place, schema: &Schema) -> Result<Native, Diagnostics> {
        compile_apart(text, place, schema, &self.0, true)
    }
}

impl RhaiScripts {
    /// The condition wholly left to the interpreter, for the test that holds both forms equal.
    ///
    /// # Errors
    /// As for [`Scripts::condition`].
    #[doc(hidden)]
    pub fn unlowered(&self, text: &str, place: &Place, schema: &Schema) -> Result<Native, Diagnostics> {
        compile_apart(text, place, schema, Reach::none(), false)
    }

    /// Both forms of a condition that reaches tables, calendars and functions: as it is, and wholly left to the interpreter.
    ///
    /// # Errors
    /// As for [`Scripts::condition`].
    #[doc(hidden)]
    pub fn both(&self, text: &str, place: &Place, schema: &Schema, resources: &Arc<Resources>) -> Result<[Native; 2], Diagnostics> {
        let reach = Arc::new(Reach::new(resources));
        Ok([compile_apart(text, place, schema, &reach, true)?, compile_apart(text, place, schema, &reach, false)?])
    }
}

fn compile_apart(content: &str, place: &Place, schema: &Schema, reach: &Arc<Reach>, lower: bool) -> Result<Native, Diagnostics> {
    let (content, base, schema, reach) = (content.to_string(), place.clone(), Arc::new(schema.clone()), reach.clone());
    on_large_stack(move || compile(&content, &base, &schema, &reach, lower)).unwrap_or_else(|| Err(no_thread(place.clone()).into()))
}

fn compile(content: &str, base: &Place, schema: &Arc<Schema>, reach: &Arc<Reach>, lower: bool) -> Result<Native, Diagnostics> {
    let slots = [("t", Slot::Root(Root::Ticket)), ("event", Slot::Root(Root::Event)), ("now", Slot::Now)].map(|(n, s)| (n.to_string(), s));
    let mut scope = Scope::new();
    for (name, _) in &slots {
        scope.push(name.as_str(), ());
    }
    // With the limits of files: a list of five hundred names is lowered to a set and never runs.
    let sandbox = load_engine(&[super::values::host()], Arc::new(Source::new()));
    let ast = sandbox.compile_expression("expression", content, &scope).map_err(|fault| {
        let inside = fault.place.as_ref().filter(|p| p.line > 0).map(|p| base.inside(p.line, p.column, p.length));
        Diagnostics::from(Diagnostic::from(fault.at(inside.unwrap_or_else(|| base.clone()))))
    })?;
    let library = Library::default();
    let file = File::alone(&base.file, ast);
    let mut scan = Scan::new(&library, schema, &file, content, Some(base.clone()));
    super::unseen::check(content, &|line, column, length| base.inside(line, column, length), &mut scan.problems);
    scan.reach = reach.clone();
    read::bind(&mut scan, &slots);
    let whole = match file.ast.statements() {
        [Stmt::Expr(e)] => (**e).clone(),
        [Stmt::FnCall(c, pos)] => Expr::FnCall(c.clone(), *pos),
        _ => {
            let d =
                Diagnostic::error("not-a-condition", text("the condition is no single expression", "条件不是单个表达式")).at(base.clone());
            return Err(d.into());
        }
    };
    let native = scan.top(&whole, &slots);
    let problems = read::once(std::mem::take(&mut scan.problems));
    if problems.has_errors() {
        return Err(problems);
    }
    if lower {
        return Ok(native);
    }
    // `top` gave each leaf reads of its own and leaves their union behind.
    let program = scan.program(vec![Stmt::Expr(Box::new(whole))], rhai::Position::NONE, &slots);
    Ok(Native::Script(Arc::new(program)))
}
