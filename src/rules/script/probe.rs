//! A narrow window for the tests of the sandbox. Not part of the public interface.

use super::{
    limits::LIST,
    load_engine,
    natives::{measure, show},
    run_engine,
};
use crate::condition::Running;
use crate::diagnostic::{Diagnostics, FaultKind, Place, RuleFault, Source, text};
use crate::rules::{Resources, RuleSet};
use crate::ticket::Schema;
use rhai::{Dynamic, FuncRegistration, Module, Scope};
use std::sync::Arc;

/// Compiles and runs `content` in the run engine; the value as text, and the steps used.
pub fn run(content: &str, interrupt: Option<Running>) -> (Result<String, RuleFault>, u64) {
    let sandbox = run_engine(&[panicking()], interrupt);
    let mut scope = Scope::new();
    let result = sandbox.compile("expression", content, &scope).and_then(|ast| {
        let value = sandbox.run("expression", |engine| engine.eval_ast_with_scope::<Dynamic>(&mut scope, &ast))?;
        // An entry set by index escapes Rhai's own check until the map is read again.
        if measure(&value) > LIST.saturating_mul(2) {
            return Err(super::fault::raise(FaultKind::Size, text("the value is too large", "值过大")).at(Place::file("expression")));
        }
        Ok(show(&value))
    });
    (result, sandbox.meter().spent())
}

/// Evaluates the top level of the rule file `file` in the load engine.
///
/// # Errors
///
/// What went wrong.
pub fn load(source: &Source, file: &str) -> Result<String, RuleFault> {
    let sandbox = load_engine(&[], Arc::new(source.clone()));
    let mut scope = Scope::new();
    let ast = sandbox.compile(file, source.get(file).unwrap_or_default(), &scope)?;
    sandbox.run(file, |engine| engine.eval_ast_with_scope::<Dynamic>(&mut scope, &ast)).map(|v| show(&v))
}

/// Loads the rules of a source on this thread, whose stack must be large: what loading does on one of its own.
pub fn rules(source: &Source, schema: &Schema, resources: &Arc<Resources>) -> (RuleSet, Diagnostics) {
    super::load::load_here(&Arc::new(source.clone()), &Arc::new(schema.clone()), resources, true)
}

/// A host function with a bug.
fn panicking() -> rhai::Shared<Module> {
    let mut module = Module::new();
    FuncRegistration::new("host_bug").in_global_namespace().set_into_module(&mut module, |ctx: rhai::NativeCallContext<'_>| {
        super::natives::guarded(&ctx, 0, || -> Result<i64, Box<rhai::EvalAltResult>> {
            std::panic::resume_unwind(Box::new("a bug of the host"));
        })
    });
    module.into()
}
