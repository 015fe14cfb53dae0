//! `import` while loading: only files of the playbook's own [`Source`], only under `rules/`.

use super::{
    fault::{at_position, parse_fault, raise, raised},
    limits::{FILE, IMPORT_DEPTH, IMPORTS},
    nesting::Nesting,
};
use crate::diagnostic::{FaultKind, Place, RuleFault, Source, did_you_mean, text};
use rhai::{Engine, EvalAltResult, Module, ModuleResolver, Position, Scope, Shared};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Finds modules in a [`Source`].
pub(super) struct Imports {
    source: Arc<Source>,
    nesting: Nesting,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Files being evaluated, outermost first.
    open: Vec<String>,
    done: BTreeMap<String, Shared<Module>>,
}

impl Imports {
    pub(super) fn new(source: Arc<Source>, nesting: Nesting) -> Self {
        Self { source, nesting, state: Mutex::new(State::default()) }
    }

    fn find(&self, path: &str) -> Result<String, RuleFault> {
        let file = file_of(path)?;
        if self.source.get(&file).is_some() {
            return Ok(file);
        }
        let known = self.source.under("rules", ".rhai").map(|(p, _)| {
            let short = p.strip_prefix("rules/").unwrap_or(p);
            short.strip_suffix(".rhai").unwrap_or(short).to_string()
        });
        Err(raise(FaultKind::UnknownName, text(format!("no file `{file}` in the playbook"), format!("服务台配置包中没有文件 `{file}`")))
            .maybe_help(did_you_mean(path.strip_suffix(".rhai").unwrap_or(path), known)))
    }

    /// Notes that `file` is being read; answers with the module if it was read before.
    fn enter(&self, file: &str, importer: Option<&str>) -> Result<Option<Shared<Module>>, RuleFault> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(module) = state.done.get(file) {
            return Ok(Some(module.clone()));
        }
        // The first importer is the rule file itself, which no import opened.
        let root = importer.filter(|_| state.open.is_empty()).map(str::to_string);
        let mut chain: Vec<&str> = root.as_deref().into_iter().chain(state.open.iter().map(String::as_str)).collect();
        if let Some(start) = chain.iter().position(|f| *f == file) {
            chain.push(file);
            let way = chain.get(start..).unwrap_or_default().join(" → ");
            return Err(raise(
                FaultKind::Forbidden,
                text(format!("files import one another in a circle: {way}"), format!("文件循环导入：{way}")),
            )
            .maybe_help(Some(text("move what both need into a third file", "把共用的部分移到第三个文件"))));
        }
        if state.open.len() >= IMPORT_DEPTH {
            return Err(raise(
                FaultKind::Depth,
                text(format!("imports nest deeper than {IMPORT_DEPTH}"), format!("导入嵌套超过 {IMPORT_DEPTH} 层")),
            ));
        }
        if state.done.len() >= IMPORTS {
            return Err(raise(
                FaultKind::Size,
                text(format!("more than {IMPORTS} files imported"), format!("导入的文件超过 {IMPORTS} 个")),
            ));
        }
        if let Some(root) = root {
            state.open.push(root);
        }
        state.open.push(file.to_string());
        Ok(None)
    }

    fn leave(&self, file: &str, module: Option<&Shared<Module>>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.open.pop();
        if state.open.len() == 1 {
            // Only the rule file itself is left.
            state.open.clear();
        }
        if let Some(module) = module {
            state.done.insert(file.to_string(), module.clone());
        }
    }

    fn read(&self, engine: &Engine, file: &str) -> Result<Shared<Module>, Box<EvalAltResult>> {
        let content = self.source.get(file).unwrap_or_default();
        if content.len() > FILE {
            return Err(raised(too_long().at(Place::file(file))));
        }
        self.nesting.begin();
        let parsed = engine.compile(content);
        let mut ast = parsed.map_err(|e| raised(self.nesting.fault(file).unwrap_or_else(|| parse_fault(file, content, &e, &[]))))?;
        ast.set_source(file);
        Ok(Module::eval_ast_as_new(Scope::new(), &ast, engine)?.into())
    }
}

impl ModuleResolver for Imports {
    fn resolve(&self, engine: &Engine, importer: Option<&str>, path: &str, pos: Position) -> Result<Shared<Module>, Box<EvalAltResult>> {
        let here = |fault: RuleFault| raised(at_position(fault, importer, pos));
        let file = self.find(path).map_err(here)?;
        if let Some(module) = self.enter(&file, importer).map_err(here)? {
            return Ok(module);
        }
        let module = self.read(engine, &file);
        self.leave(&file, module.as_ref().ok());
        module
    }
}

/// The file that an import names: its path under `rules/`, with or without `.rhai`.
pub(super) fn file_of(path: &str) -> Result<String, RuleFault> {
    let refuse = |en: &str, zh: &str| {
        Err(raise(FaultKind::Forbidden, text(format!("import `{path}`: {en}"), format!("导入 `{path}`：{zh}")))
            .maybe_help(Some(text("write the path under `rules/`, such as `lib/customers`", "写 `rules/` 下的路径，例如 `lib/customers`"))))
    };
    if path.is_empty() || path.len() > 256 {
        return refuse("not a path", "不是路径");
    }
    if path.starts_with('/') || path.contains('\\') || path.contains(':') {
        return refuse("only files of this playbook can be imported", "只能导入本配置包中的文件");
    }
    if path.chars().any(char::is_control) || path.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
        return refuse("`.`, `..` and empty parts are not allowed", "路径中不能有 `.`、`..` 或空的部分");
    }
    Ok(format!("rules/{}.rhai", path.strip_suffix(".rhai").unwrap_or(path)))
}

pub(super) fn too_long() -> RuleFault {
    raise(FaultKind::Size, text(format!("a file longer than {FILE} bytes"), format!("文件超过 {FILE} 字节")))
}
