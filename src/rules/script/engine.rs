//! The two engines, and the one way to compile and run with them.

use super::{
    fault::{panicked, parse_fault, run_fault},
    imports::{Imports, too_long},
    limits::{FILE, LIST, LOAD_FUEL, LOAD_LIST, LOAD_TEXT, MAP, Meter, RUN_FUEL, TEXT, hardened},
    nesting::Nesting,
};
use crate::condition::Running;
use crate::diagnostic::{RuleFault, Source};
use rhai::{AST, Engine, EvalAltResult, Module, Scope, Shared};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// An engine with its meter. One run at a time: make one per decision, it costs about as much as a condition.
pub(crate) struct Sandbox {
    engine: Engine,
    meter: Meter,
    nesting: Nesting,
}

/// The engine for the top level of rule files. `host` adds functions (the rule builder); imports come from `source`,
/// only from under `rules/`.
pub(crate) fn load_engine(host: &[Shared<Module>], source: Arc<Source>) -> Sandbox {
    let meter = Meter::new(LOAD_FUEL, None);
    let mut sandbox = Sandbox::new(hardened(&meter, LOAD_TEXT, LOAD_LIST, LOAD_LIST), meter, host);
    sandbox.engine.set_module_resolver(Imports::new(source, sandbox.nesting.clone()));
    sandbox
}

/// The engine for conditions and actions. `host` adds the ticket; `interrupt`, once it says so, ends every run.
pub(crate) fn run_engine(host: &[Shared<Module>], interrupt: Option<Running>) -> Sandbox {
    let meter = Meter::new(RUN_FUEL, interrupt);
    let mut sandbox = Sandbox::new(hardened(&meter, TEXT, LIST, MAP), meter, host);
    sandbox.engine.disable_symbol("import").set_max_modules(0);
    sandbox
}

impl Sandbox {
    fn new(mut engine: Engine, meter: Meter, host: &[Shared<Module>]) -> Self {
        for module in host {
            engine.register_global_module(module.clone());
        }
        let nesting = Nesting::new();
        let (watch, stack) = (nesting.clone(), meter.clone());
        #[expect(deprecated, reason = "rhai marks unstable calls so; a change of it does not compile, and the tests cover it")]
        engine.on_parse_token(move |token, pos, _| watch.watch(token, pos, &stack));
        Self { engine, meter, nesting }
    }

    /// For walking what it knows.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
    /// Offers an imported file's functions as `alias::name`.
    pub(crate) fn add_module(&mut self, alias: &str, module: Shared<Module>) {
        self.engine.register_static_module(alias, module);
    }
    /// Its meter.
    pub(crate) fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Compiles a text; the names in `scope` are the variables it may use.
    ///
    /// # Errors
    ///
    /// A fault placed in `file`.
    pub(crate) fn compile(&self, file: &str, content: &str, scope: &Scope<'_>) -> Result<AST, RuleFault> {
        self.parse(file, content, scope, |engine| engine.compile_with_scope(scope, content))
    }

    /// Compiles an expression: no statements.
    ///
    /// # Errors
    ///
    /// A fault placed in `file`.
    pub(crate) fn compile_expression(&self, file: &str, content: &str, scope: &Scope<'_>) -> Result<AST, RuleFault> {
        self.parse(file, content, scope, |engine| engine.compile_expression_with_scope(scope, content))
    }

    fn parse(
        &self,
        file: &str,
        content: &str,
        scope: &Scope<'_>,
        parse: impl FnOnce(&Engine) -> Result<AST, rhai::ParseError>,
    ) -> Result<AST, RuleFault> {
        if content.len() > FILE {
            return Err(too_long().at(crate::diagnostic::Place::file(file)));
        }
        self.meter.begin();
        self.nesting.begin();
        match catch_unwind(AssertUnwindSafe(|| parse(&self.engine))) {
            Ok(Ok(mut ast)) => {
                ast.set_source(file);
                Ok(ast)
            }
            Ok(Err(e)) => {
                let names: Vec<&str> = scope.iter_raw().map(|(name, ..)| name).collect();
                Err(self.nesting.fault(file).unwrap_or_else(|| parse_fault(file, content, &e, &names)))
            }
            Err(_) => Err(panicked(file)),
        }
    }

    /// Runs `job` with a full meter. Whatever goes wrong in it, a panic included, becomes a fault; errors of unknown
    /// origin are placed in `file`.
    ///
    /// # Errors
    ///
    /// What went wrong.
    pub(crate) fn run<T>(&self, file: &str, job: impl FnOnce(&Engine) -> Result<T, Box<EvalAltResult>>) -> Result<T, RuleFault> {
        self.meter.begin();
        match catch_unwind(AssertUnwindSafe(|| job(&self.engine))) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(e)) => Err(run_fault(&self.engine, file, &e)),
            Err(_) => Err(panicked(file)),
        }
    }
}
