//! Tests found in a playbook's files: `tests/*.rhai`, and beside the rules they test.

use super::super::{
    fault::place,
    files::{File, Library, is_module},
    load::on_large_stack,
    load_engine,
    names::{self, Function},
    reach::{self, Reach},
    read::{bad_test, entry, test},
    run::Slot,
    values,
};
use super::host::TestWord;
use super::run::Test;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Source, Text, did_you_mean, text};
use crate::rules::Resources;
use crate::ticket::Schema;
use rhai::{AST, ASTNode, Expr, FnPtr, Position, Stmt};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The tests of a playbook, and everything wrong with its test files. What is wrong with rule files, [`crate::rules::load`] says.
///
/// Nothing is executed; every function a test calls must exist.
///
/// ```
/// use ticketry::{diagnostic::Source, rules, ticket::Schema};
/// let source = Source::new().with("tests/a.rhai", r#"test("opens", |desk| { desk.craete(#{}); });"#);
/// let (tests, problems) = rules::tests(&source, &Schema::default());
/// assert_eq!(tests[0].name(), "opens");
/// assert!(problems.to_string().contains("did you mean `create`?"));
/// ```
pub fn tests(source: &Source, schema: &Schema) -> (Vec<Test>, Diagnostics) {
    tests_with(source, schema, &Arc::default())
}

/// The same for tests that reach tables, calendars and functions of the host's.
pub fn tests_with(source: &Source, schema: &Schema, resources: &Arc<Resources>) -> (Vec<Test>, Diagnostics) {
    let (source, schema, resources) = (Arc::new(source.clone()), Arc::new(schema.clone()), resources.clone());
    on_large_stack(move || read(&source, &schema, &resources)).unwrap_or_else(|| {
        let problem =
            Diagnostic::error("no-thread", text("the system gave no thread for checking tests", "系统无法提供检查测试所需的线程"));
        (Vec::new(), problem.at(Place::file("tests")).into())
    })
}

/// Whether a file holds tests and nothing else.
pub(in super::super) fn is_test_file(path: &str) -> bool {
    path.starts_with("tests/")
}

fn read(source: &Arc<Source>, schema: &Arc<Schema>, resources: &Arc<Resources>) -> (Vec<Test>, Diagnostics) {
    let mut found = Diagnostics::new();
    let sandbox = load_engine(&[values::host()], source.clone());
    let library = Library::with_tests(&sandbox, source, &mut found);
    let reach = Arc::new(Reach::new(resources));
    let mut reader = Reader { library: &library, schema, reach, tests: Vec::new(), problems: Diagnostics::new() };
    for (path, file) in library.files.iter().filter(|(p, _)| !is_module(p)) {
        reader.file(path, file);
    }
    let Reader { tests, mut problems, .. } = reader;
    problems.extend(found.into_iter().filter(|d| d.place().is_some_and(|p| is_test_file(&p.file))));
    let mut problems = super::super::read::once(problems);
    twice(&tests, &mut problems);
    problems.sort();
    (tests, problems)
}

fn twice(tests: &[Test], problems: &mut Diagnostics) {
    let mut seen: BTreeMap<&str, &Place> = BTreeMap::new();
    for t in tests {
        if let Some(first) = seen.get(t.name.as_str()) {
            let message = text(format!("two tests are called `{}`", t.name), format!("有两个测试都叫 `{}`", t.name));
            problems.push(
                Diagnostic::error("duplicate-test", message)
                    .at(t.place.clone())
                    .also((*first).clone(), text("the other one", "另一个"))
                    .help(text("give each test a name of its own", "请为每个测试取不同的名字")),
            );
        } else {
            seen.insert(&t.name, &t.place);
        }
    }
}

struct Reader<'a> {
    library: &'a Library,
    schema: &'a Arc<Schema>,
    reach: Arc<Reach>,
    tests: Vec<Test>,
    problems: Diagnostics,
}

impl<'a> Reader<'a> {
    fn file(&mut self, path: &Arc<str>, file: &'a File) {
        let mut walked = BTreeSet::new();
        for stmt in file.ast.statements() {
            let Some((c, pos, links)) = entry(stmt) else { continue };
            if c.name != "test" || c.is_qualified() {
                continue;
            }
            let Some((name, at, function, captured)) = test(file, c, &links) else {
                // In a rule file it is reported with the rules.
                if is_test_file(path) {
                    self.problems.push(bad_test(place(path, pos, 4)));
                }
                continue;
            };
            let mut slots = Vec::new();
            for (e, param) in captured.iter().zip(&function.def.params) {
                match file.constants.get(param.as_str()) {
                    Some(v) => slots.push((param.to_string(), Some(Slot::Constant(v.clone())))),
                    None => {
                        let message = text(
                            format!("`{param}` is no parameter and no constant of this file"),
                            format!("`{param}` 既不是参数也不是本文件的常量"),
                        );
                        let d = Diagnostic::error("captured-variable", message)
                            .at(place(path, e.position(), param.chars().count()))
                            .help(text("declare it with `const`", "请用 `const` 声明"));
                        self.problems.push(d);
                    }
                }
            }
            if let Some(desk) = function.def.params.last() {
                slots.push((desk.to_string(), None));
            }
            self.body(path, file, &function, &mut walked);
            let mut ast = AST::new(function.body.clone(), file.ast.shared_lib().clone());
            ast.set_source(&**path);
            let module = |(alias, target): (&String, &Arc<str>)| self.library.modules.get(target).map(|m| (alias.clone(), m.clone()));
            self.tests.push(Test {
                place: place(path, at, name.chars().count().saturating_add(2)),
                name,
                ast,
                slots,
                modules: file.imports.iter().filter_map(module).collect(),
                schema: self.schema.clone(),
                reach: self.reach.clone(),
            });
        }
    }

    /// Every function called in a body, and in those it calls, must exist.
    fn body(&mut self, path: &Arc<str>, file: &File, function: &Arc<Function>, walked: &mut BTreeSet<(String, usize)>) {
        if !walked.insert((function.name().to_string(), function.params())) {
            return;
        }
        let mut calls: Vec<(String, usize, Position, Option<String>, bool)> = Vec::new();
        let mut closures: Vec<String> = Vec::new();
        let mut note = |path: &[ASTNode<'_>]| {
            match path.last() {
                Some(ASTNode::Expr(Expr::FnCall(c, pos)) | ASTNode::Stmt(Stmt::FnCall(c, pos))) if c.op_token.is_none() => {
                    let alias = c.namespace.path.first().map(|i| i.name.to_string());
                    calls.push((c.name.to_string(), c.args.len(), *pos, alias, false));
                }
                Some(ASTNode::Expr(Expr::MethodCall(c, pos))) => calls.push((c.name.to_string(), c.args.len(), *pos, None, true)),
                Some(ASTNode::Expr(Expr::DynamicConstant(v, _))) if v.is_fnptr() => {
                    closures.extend(v.read_lock::<FnPtr>().map(|f| f.fn_name().to_string()));
                }
                _ => {}
            }
            true
        };
        for stmt in &function.body {
            stmt.walk(&mut Vec::new(), &mut note);
        }
        for (name, args, pos, alias, method) in calls {
            if let Some(own) = file.functions.get(&(name.clone(), args)).filter(|_| alias.is_none() && !method) {
                self.body(path, file, &own.clone(), walked);
                continue;
            }
            if let Err(help) = self.exists(file, &name, args, alias.as_deref(), method) {
                let message = match (&alias, method) {
                    (Some(alias), _) => text(
                        format!("nothing imported is called `{alias}::{name}` with {args} arguments"),
                        format!("导入的文件中没有带 {args} 个参数的 `{alias}::{name}`"),
                    ),
                    (None, true) => text(format!("no step `{name}` with {args} arguments"), format!("没有带 {args} 个参数的步骤 `{name}`")),
                    (None, false) => {
                        text(format!("no function `{name}` with {args} arguments"), format!("没有带 {args} 个参数的函数 `{name}`"))
                    }
                };
                let d = Diagnostic::error("unknown-function", message).at(place(path, pos, name.chars().count())).maybe_help(help);
                self.problems.push(d);
            }
        }
        for name in closures {
            if let Some(f) = file.named(&name).cloned() {
                self.body(path, file, &f, walked);
            }
        }
    }

    fn exists(&self, file: &File, name: &str, args: usize, alias: Option<&str>, method: bool) -> Result<(), Option<Text>> {
        if let Some(alias) = alias {
            let Some(target) = file.imports.get(alias) else { return Err(did_you_mean(alias, file.imports.keys())) };
            // A file that did not parse is reported where it stands.
            let Some(target) = self.library.files.get(target) else { return Ok(()) };
            let known = target.functions.keys().map(|(n, _)| n).filter(|n| !n.starts_with("anon$"));
            return if target.functions.contains_key(&(name.to_string(), args)) { Ok(()) } else { Err(did_you_mean(name, known)) };
        }
        let lists: &[&[TestWord]] = if method { &[TestWord::DESK, TestWord::TICKET] } else { &[TestWord::ASSERT] };
        let mut usage = None;
        for w in lists.iter().copied().flatten().filter(|w| w.word == name) {
            if w.args.contains(&args) {
                return Ok(());
            }
            usage = Some(text(format!("write `{}`", w.usage), format!("请写 `{}`", w.usage)));
        }
        // A word may be a word of the desk and a native too: `set`, `tag`.
        let own = file.functions.keys().any(|(n, _)| n == name);
        let reached = reach::names().contains(name) || self.reach.resources.functions.get(name).is_some();
        if names::natives().contains(name) || reached || own || name == "curry" {
            return if usage.is_some() && method { Err(usage) } else { Ok(()) };
        }
        let words = lists.iter().copied().flatten().map(|w| w.word);
        let more = file.functions.keys().map(|(n, _)| n.as_str()).chain(names::natives().iter().map(String::as_str));
        let near =
            did_you_mean(name, words).or_else(|| did_you_mean(name, more.filter(|n| n.chars().all(|c| c.is_alphanumeric() || c == '_'))));
        Err(usage.or(near))
    }
}
