//! One test, run in the sandbox.

use super::super::{load::on_large_stack, reach::Reach, run::Slot, run_engine, values};
use super::host::TestHost;
use super::natives::{Desk, Run, State, assertions, types};
use crate::diagnostic::{Diagnostic, FaultKind, Place, RuleFault, text};
use crate::id::TicketId;
use crate::ticket::Schema;
use rhai::{AST, Dynamic, Module, Scope, Shared};
use std::{
    fmt,
    sync::{Arc, Mutex},
};

/// A test of a playbook's file, checked and ready to run.
#[derive(Clone)]
pub struct Test {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) ast: AST,
    /// The variables it finds, in the order in which its tree counts them; none: the desk.
    pub(super) slots: Vec<(String, Option<Slot>)>,
    pub(super) modules: Vec<(String, Shared<Module>)>,
    pub(super) schema: Arc<Schema>,
    pub(super) reach: Arc<Reach>,
}

impl fmt::Debug for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Test").field("name", &self.name).field("place", &self.place).finish_non_exhaustive()
    }
}

/// Why a test failed.
#[derive(Clone, Debug, PartialEq)]
pub struct TestFailure {
    /// What is wrong, and where: `assertion-failed`, or the code of a fault.
    pub problem: Diagnostic,
    /// What the test had read since the last assertion that held: whose, what, the value.
    pub read: Vec<(TicketId, String, String)>,
    /// The ticket it is about, as far as can be told: the one touched last.
    pub ticket: Option<TicketId>,
}

impl Test {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Where it stands.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Runs it against a desk of its own, with the limits of a rule: fuel, sizes, depth. It runs on a thread with a stack of its own,
    /// since the desk runs rules inside it.
    ///
    /// # Errors
    /// An assertion failed, a step was refused and nobody expected it, or the script itself failed.
    pub fn run(&self, host: Arc<dyn TestHost>) -> Result<(), Box<TestFailure>> {
        let test = self.clone();
        on_large_stack(move || test.run_here(host)).unwrap_or_else(|| {
            let problem = Diagnostic::error("no-thread", text("the system gave no thread for the test", "系统无法提供运行测试的线程"));
            Err(Box::new(TestFailure { problem: problem.at(self.place.clone()), read: Vec::new(), ticket: None }))
        })
    }

    fn run_here(&self, host: Arc<dyn TestHost>) -> Result<(), Box<TestFailure>> {
        let run = Arc::new(Run { host, schema: self.schema.clone(), state: Mutex::new(State::default()) });
        let mut sandbox = run_engine(&[values::host(), types(), assertions(&run), self.reach.module()], None);
        for (alias, module) in &self.modules {
            sandbox.add_module(alias, module.clone());
        }
        let mut scope = Scope::new();
        for (name, slot) in &self.slots {
            let value = match slot {
                None => Dynamic::from(Desk { run: run.clone(), by: None }),
                Some(Slot::Constant(value)) => value.clone(),
                Some(_) => Dynamic::UNIT,
            };
            scope.push_dynamic(name.as_str(), value);
        }
        let answer = sandbox.run(&self.place.file, |engine| engine.eval_ast_with_scope::<Dynamic>(&mut scope, &self.ast));
        let failed = run.state().failed.take();
        let problem = match (answer, failed) {
            (Ok(_), None) => return Ok(()),
            // Caught by the script, and failed all the same.
            (Ok(_), Some(problem)) => problem.at(self.place.clone()),
            (Err(fault), Some(problem)) => problem.at(fault.place.unwrap_or_else(|| self.place.clone())),
            (Err(fault), None) => self.told(fault),
        };
        let (read, ticket) = (run.read(), run.state().last);
        Err(Box::new(TestFailure { problem, read, ticket }))
    }

    /// A fault in the words of tests.
    fn told(&self, fault: RuleFault) -> Diagnostic {
        let place = fault.place.clone().unwrap_or_else(|| self.place.clone());
        if fault.kind == FaultKind::Budget {
            return Diagnostic::error(fault.code(), text("the test takes too many steps", "测试的执行步数过多"))
                .at(place)
                .help(text("a test ends like a rule does: shorten its loops, or split it", "测试与规则的上限相同；请缩短循环或拆分测试"));
        }
        let help = fault.help().cloned();
        let code = if fault.kind == FaultKind::Other { "refused" } else { fault.code() };
        Diagnostic::error(code, fault.message).at(place).maybe_help(help)
    }
}
