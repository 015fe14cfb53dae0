//! The script files of a playbook, parsed: what stands at their top level and which file imports which.

use super::{Sandbox, fault::place, imports::file_of, names::Function, trial::is_test_file};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Source, did_you_mean, text};
use rhai::{AST, ASTFlags, Dynamic, Expr, Module, Position, Scope, Shared, Stmt};
use std::{collections::BTreeMap, sync::Arc};

/// One parsed file.
pub(super) struct File {
    pub(super) name: Arc<str>,
    pub(super) ast: AST,
    pub(super) functions: BTreeMap<(String, usize), Arc<Function>>,
    /// Constants with literal values.
    pub(super) constants: BTreeMap<String, Dynamic>,
    /// Alias → file.
    pub(super) imports: BTreeMap<String, Arc<str>>,
}

impl File {
    /// A text that is no file of a playbook: one expression.
    pub(super) fn alone(name: &str, ast: AST) -> Self {
        let functions = functions(&ast);
        Self { name: name.into(), ast, functions, constants: BTreeMap::new(), imports: BTreeMap::new() }
    }
    /// The function or closure of this name, whatever its parameters.
    pub(super) fn named(&self, name: &str) -> Option<&Arc<Function>> {
        self.functions.range((name.to_string(), 0)..).next().filter(|((n, _), _)| n == name).map(|(_, f)| f)
    }
}

fn functions(ast: &AST) -> BTreeMap<(String, usize), Arc<Function>> {
    ast.shared_lib().iter_script_fn_info().map(|(_, _, name, n, f)| ((name.to_string(), n), Arc::new(Function::read(f)))).collect()
}

/// All files under `rules/`, parsed as far as they parse.
#[derive(Default)]
pub(super) struct Library {
    pub(super) files: BTreeMap<Arc<str>, File>,
    /// Modules of files that are imported, ready to run.
    pub(super) modules: BTreeMap<Arc<str>, Shared<Module>>,
}

/// Whether a file holds functions for others.
pub(super) fn is_module(path: &str) -> bool {
    path.starts_with("rules/lib/")
}

impl Library {
    /// Parses every `rules/**/*.rhai` and checks what stands at top level.
    pub(super) fn open(sandbox: &Sandbox, source: &Source, problems: &mut Diagnostics) -> Self {
        Self::of(sandbox, source, &["rules"], problems)
    }

    /// The same with the files of tests.
    pub(super) fn with_tests(sandbox: &Sandbox, source: &Source, problems: &mut Diagnostics) -> Self {
        Self::of(sandbox, source, &["rules", "tests"], problems)
    }

    fn of(sandbox: &Sandbox, source: &Source, folders: &[&str], problems: &mut Diagnostics) -> Self {
        let mut library = Self::default();
        let mut names = Scope::new();
        names.push_constant("now", ());
        for (path, content) in folders.iter().flat_map(|f| source.under(f, ".rhai")) {
            let nothing = Scope::new();
            super::unseen::check(content, &|line, column, length| Place::new(path.clone(), line, column, length), problems);
            let scope = if is_module(path) || is_test_file(path) { &nothing } else { &names };
            match sandbox.compile(path, content, scope) {
                Ok(ast) => {
                    let mut file = File::alone(path, ast);
                    top_level(&mut file, source, problems);
                    library.files.insert(path.clone(), file);
                }
                Err(fault) => problems.push(fault.into()),
            }
        }
        let circles = library.circles(problems);
        if !circles {
            library.build(sandbox, problems);
        }
        library
    }

    /// Reports files that import one another in a circle.
    fn circles(&self, problems: &mut Diagnostics) -> bool {
        let mut found = false;
        let mut state: BTreeMap<&str, bool> = BTreeMap::new();
        for start in self.files.keys() {
            let mut way: Vec<&str> = Vec::new();
            found |= self.visit(start, &mut way, &mut state, problems);
        }
        found
    }

    fn visit<'a>(&'a self, file: &'a str, way: &mut Vec<&'a str>, state: &mut BTreeMap<&'a str, bool>, problems: &mut Diagnostics) -> bool {
        if let Some(at) = way.iter().position(|f| *f == file) {
            let mut circle: Vec<&str> = way.get(at..).unwrap_or_default().to_vec();
            circle.push(file);
            let way = circle.join(" → ");
            problems.push(
                Diagnostic::error(
                    "import-cycle",
                    text(format!("files import one another in a circle: {way}"), format!("文件循环导入：{way}")),
                )
                .at(Place::file(file))
                .help(text("move what both need into a third file", "把共用的部分移到第三个文件")),
            );
            return true;
        }
        // A chain of sixty-four imports is refused by the engine anyway.
        if state.contains_key(file) || way.len() > 64 {
            return false;
        }
        way.push(file);
        let mut found = false;
        for target in self.files.get(file).into_iter().flat_map(|f| f.imports.values()) {
            found |= self.visit(target, way, state, problems);
        }
        way.pop();
        state.insert(file, true);
        found
    }

    fn build(&mut self, sandbox: &Sandbox, problems: &mut Diagnostics) {
        for (path, file) in self.files.iter().filter(|(p, _)| is_module(p)) {
            match sandbox.run(path, |engine| Module::eval_ast_as_new(Scope::new(), &file.ast, engine)) {
                Ok(module) => drop(self.modules.insert(path.clone(), module.into())),
                Err(fault) => problems.push(fault.into()),
            }
        }
    }
}

/// Reads imports and constants; reports anything else that a file may not have. Rules and tests are read elsewhere.
fn top_level(file: &mut File, source: &Source, problems: &mut Diagnostics) {
    let (module, tests) = (is_module(&file.name), is_test_file(&file.name));
    let name = file.name.clone();
    let statements: Vec<Stmt> = file.ast.statements().to_vec();
    for stmt in &statements {
        match stmt {
            Stmt::Noop(_) | Stmt::Share(_) => {}
            Stmt::Import(x, _) => match &x.0 {
                Expr::StringConstant(path, pos) => match import(&name, path, *pos, source) {
                    Ok(target) => drop(file.imports.insert(x.1.name.to_string(), target)),
                    Err(d) => problems.push(d),
                },
                other => problems.push(
                    Diagnostic::error("bad-import", text("an import names its file in quotes", "导入必须用引号写出文件名")).at(place(
                        &name,
                        other.position(),
                        1,
                    )),
                ),
            },
            Stmt::Var(x, flags, _) if flags.contains(ASTFlags::CONSTANT) => match super::scan::literal(&x.1) {
                Some(value) => drop(file.constants.insert(x.0.name.to_string(), value)),
                None => problems.push(
                    Diagnostic::error(
                        "constant-not-literal",
                        text(format!("the constant `{}` is no plain value", x.0.name), format!("常量 `{}` 不是字面值", x.0.name)),
                    )
                    .at(place(&name, x.1.position(), 1))
                    .help(text("give it a text, a number, true, false or a list of these", "请使用文本、数字、布尔值或它们的列表")),
                ),
            },
            stmt if !module && super::read::is_entry(stmt, tests) => {}
            stmt => {
                let message = if module {
                    text(
                        "a file under `rules/lib` holds only `import`, `const` and `fn`",
                        "`rules/lib` 下的文件只能包含 `import`、`const` 和 `fn`",
                    )
                } else if tests {
                    text(
                        "a test file holds only `import`, `const`, `fn` and `test(…)`",
                        "测试文件只能包含 `import`、`const`、`fn` 和 `test(…)`",
                    )
                } else {
                    text(
                        "a rule file holds only `import`, `const`, `fn`, `rule(…)` and `test(…)`",
                        "规则文件只能包含 `import`、`const`、`fn`、`rule(…)` 和 `test(…)`",
                    )
                };
                let mut d = Diagnostic::error("not-in-rule-file", message).at(place(&name, stmt.position(), 1));
                if matches!(stmt, Stmt::Var(..)) {
                    d = d.help(text("write `const` instead of `let`", "请用 `const` 代替 `let`"));
                } else if let Some(called) = super::read::entry_name(stmt) {
                    let known: &[&str] = if tests { &["test"] } else { &["rule", "test"] };
                    d = d.maybe_help(did_you_mean(&called, known));
                }
                problems.push(d);
            }
        }
    }
}

fn import(from: &Arc<str>, path: &str, pos: Position, source: &Source) -> Result<Arc<str>, Diagnostic> {
    let here = place(from, pos, path.chars().count().saturating_add(2));
    let file = file_of(path).map_err(|fault| Diagnostic::from(fault.at(here.clone())))?;
    if source.get(&file).is_none() {
        let known = source.under("rules/lib", ".rhai").map(|(p, _)| {
            let short = p.strip_prefix("rules/").unwrap_or(p);
            short.strip_suffix(".rhai").unwrap_or(short).to_string()
        });
        return Err(Diagnostic::error(
            "unknown-file",
            text(format!("no file `{file}` in the playbook"), format!("服务台配置包中没有文件 `{file}`")),
        )
        .at(here)
        .maybe_help(did_you_mean(path.strip_suffix(".rhai").unwrap_or(path), known)));
    }
    if !is_module(&file) {
        return Err(Diagnostic::error(
            "import-of-rules",
            text(
                format!("`{file}` is a rule file; only files under `rules/lib` are imported"),
                format!("`{file}` 是规则文件；只能导入 `rules/lib` 下的文件"),
            ),
        )
        .at(here)
        .help(text("move the shared functions to `rules/lib`", "请把共用函数移到 `rules/lib`")));
    }
    Ok(file.into())
}
