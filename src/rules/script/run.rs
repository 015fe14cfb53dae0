//! What could not be lowered, run by the sandbox.

use super::{
    node::{Frame, Node, stop_module},
    reach::Reach,
    run_engine,
    values::{Moment, Shape, host},
};
use crate::condition::{Path, Root, Script, View};
use crate::diagnostic::{FaultKind, Place, RuleFault, text};
use crate::rules::{ActionScript, Written};
use crate::ticket::{Action, Schema};
use rhai::{AST, Dynamic, Module, Scope, Shared};
use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex},
};

/// A variable the script finds when it begins.
#[derive(Clone, Debug)]
pub(super) enum Slot {
    Root(Root),
    Now,
    Constant(Dynamic),
}

/// The variables of a script, in the order in which its tree counts them.
pub(super) type Slots = Vec<(String, Slot)>;

/// One script, with all it needs: its own syntax tree, never shared with other rules.
pub(super) struct Program {
    pub(super) ast: AST,
    pub(super) file: Arc<str>,
    /// Where the text begins, if it stands inside another file.
    pub(super) base: Option<Place>,
    pub(super) text: String,
    pub(super) slots: Slots,
    pub(super) reads: BTreeSet<Path>,
    pub(super) shapes: Vec<(Arc<str>, Path, Shape)>,
    pub(super) modules: Vec<(String, Shared<Module>)>,
    pub(super) schema: Arc<Schema>,
    pub(super) writes: BTreeSet<Written>,
    pub(super) stops: bool,
    /// What it reaches besides the ticket.
    pub(super) reach: Option<Arc<Reach>>,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("file", &self.file).field("text", &self.text).finish_non_exhaustive()
    }
}

impl Program {
    fn run(&self, view: &View<'_>) -> Result<(Dynamic, Arc<Frame>), RuleFault> {
        self.metered(view).1
    }

    fn steps(&self, view: &View<'_>) -> u64 {
        self.metered(view).0
    }

    /// The run with the steps it took.
    fn metered(&self, view: &View<'_>) -> (u64, Result<(Dynamic, Arc<Frame>), RuleFault>) {
        let values = self.shapes.iter().map(|(name, path, shape)| (name.clone(), shape.see(path, view))).collect();
        let frame = Arc::new(Frame { values, schema: self.schema.clone(), recorded: Mutex::new(Vec::new()) });
        let mut modules = vec![host()];
        if self.stops {
            modules.push(stop_module(&frame));
        }
        if let Some(reach) = &self.reach {
            modules.extend(reach.modules(view.now));
        }
        let mut sandbox = run_engine(&modules, view.running.cloned());
        for (alias, module) in &self.modules {
            sandbox.add_module(alias, module.clone());
        }
        let mut scope = Scope::new();
        for (name, slot) in &self.slots {
            let node = |prefix: &str| Dynamic::from(Node { prefix: prefix.into(), frame: frame.clone() });
            let value = match slot {
                Slot::Root(Root::Ticket) => node("t"),
                Slot::Root(Root::Event) => node("event"),
                Slot::Now => Dynamic::from(Moment(view.now)),
                Slot::Constant(value) => value.clone(),
            };
            scope.push_dynamic(name.as_str(), value);
        }
        let answer = sandbox
            .run(&self.file, |engine| engine.eval_ast_with_scope::<Dynamic>(&mut scope, &self.ast))
            .map_err(|fault| self.placed(fault));
        (sandbox.meter().spent(), answer.map(|a| (a, frame)))
    }

    fn placed(&self, mut fault: RuleFault) -> RuleFault {
        if let (Some(base), Some(place)) = (&self.base, &fault.place)
            && place.line > 0
        {
            let place = base.inside(place.line, place.column, place.length);
            fault = fault.at(place);
        }
        fault
    }

    fn here(&self) -> Place {
        self.base.clone().unwrap_or_else(|| Place::file(self.file.clone()))
    }
}

impl Script for Program {
    fn holds(&self, view: &View<'_>) -> Result<bool, RuleFault> {
        let (answer, _) = self.run(view)?;
        answer.as_bool().map_err(|_| {
            RuleFault::new(
                FaultKind::Type,
                text(format!("`{}` is neither true nor false", self.text), format!("`{}` 既不是 true 也不是 false", self.text)),
                Some(self.here()),
            )
        })
    }
    fn text(&self) -> &str {
        &self.text
    }
    fn reads(&self) -> &BTreeSet<Path> {
        &self.reads
    }
    fn operations(&self, view: &View<'_>) -> u64 {
        self.steps(view)
    }
}

impl ActionScript for Program {
    fn actions(&self, view: &View<'_>) -> Result<Vec<Action>, RuleFault> {
        Ok(self.run(view)?.1.taken())
    }
    fn text(&self) -> &str {
        &self.text
    }
    fn reads(&self) -> &BTreeSet<Path> {
        &self.reads
    }
    fn operations(&self, view: &View<'_>) -> u64 {
        self.steps(view)
    }
    fn writes(&self) -> &BTreeSet<Written> {
        &self.writes
    }
}
