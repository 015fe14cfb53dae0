//! Every limit with its reason, and the meter that counts what a run uses.
//!
//! The figures come from measurements on Rhai 1.27 with a 2 MiB stack (the stack of a test thread, of many async workers):
//! dropping a chain of captured closures overflows it from about 4,000 links without optimization, comparing lists inside
//! lists from about 250; a run of 15,000 steps cannot build the first, containers of 100 not the second.

use crate::condition::Running;
use rhai::{Dynamic, Engine, EvalAltResult, NativeCallContext, packages::Package};
use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

/// Steps of one run of a condition or an action list. A condition of two terms takes 15.
pub(crate) const RUN_FUEL: u64 = 15_000;
/// Steps of the top level of one rule file with all it imports; a rule takes about 15.
pub(crate) const LOAD_FUEL: u64 = 30_000;
/// Nesting of an expression; a chain of `||`, `&&` or `??` is one level however long.
pub(super) const NESTING: usize = 100;
/// Nesting inside a function or closure, which counts once per call on the stack.
pub(super) const BODY_NESTING: usize = 40;
/// Calls inside calls.
pub(super) const CALLS: usize = 16;
/// Bytes of text in one value.
pub(super) const TEXT: usize = 4_096;
/// Elements of a list, counted through all levels. Rhai walks a container at each assignment, so more would be quadratic.
pub(super) const LIST: usize = 100;
/// Entries of a map, counted through all levels.
pub(super) const MAP: usize = 100;
/// Text and containers while loading, where literals are long.
pub(super) const LOAD_TEXT: usize = 65_536;
/// See [`LOAD_TEXT`].
pub(super) const LOAD_LIST: usize = 1_000;
/// Variables at once.
pub(super) const VARIABLES: usize = 200;
/// Functions and closures of one file.
pub(super) const FUNCTIONS: usize = 20_000;
/// Files that one load may import, and how deep imports may nest.
pub(super) const IMPORTS: usize = 64;
/// See [`IMPORTS`].
pub(super) const IMPORT_DEPTH: usize = 8;
/// Bytes of one file.
pub(super) const FILE: usize = 1 << 20;
/// Bytes of stack from where the run began. The limits above keep a run far below it; it is the backstop for a host that
/// builds its dependencies without optimization, where a frame is up to eight times as large.
pub(super) const STACK: usize = 1 << 20;
/// Levels of values inside values that our natives descend.
pub(super) const VALUE_DEPTH: usize = 200;

/// Words of Rhai that scripts do not have, with all they would reach: text to code (`eval`), function pointers by name and
/// currying, whose memory no limit counts, output, and imports while running.
pub(super) const DISABLED: [&str; 7] = ["eval", "Fn", "curry", "call", "print", "debug", "export"];

/// Why a run was stopped from outside the script; travels as Rhai's termination token, which no `catch` sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Budget,
    Interrupted,
    Stack,
}

/// Counts the steps of a run: Rhai's own and those that our natives charge in proportion to their input.
///
/// Rhai's counter alone does not do: each callback from a native (`map`, `filter`, `reduce`) counts in a copy that is thrown
/// away, so nested ones would run almost without end.
#[derive(Clone, Debug)]
pub(crate) struct Meter(Arc<Gauge>);

#[derive(Debug)]
struct Gauge {
    budget: u64,
    spent: AtomicU64,
    stack: AtomicUsize,
    interrupt: Option<Running>,
}

impl Meter {
    /// A full meter. `interrupt` is asked at each step; once it says so, every run ends as interrupted.
    pub(crate) fn new(budget: u64, interrupt: Option<Running>) -> Self {
        Self(Arc::new(Gauge { budget, spent: AtomicU64::new(0), stack: AtomicUsize::new(0), interrupt }))
    }
    /// Begins a run: full again, with the stack measured from here.
    pub(super) fn begin(&self) {
        self.0.spent.store(0, Ordering::Relaxed);
        self.0.stack.store(here(), Ordering::Relaxed);
    }
    /// Steps used since the run began.
    pub(crate) fn spent(&self) -> u64 {
        self.0.spent.load(Ordering::Relaxed)
    }
    /// Uses `steps`; says why the run must end, if it must.
    pub(super) fn spend(&self, steps: u64) -> Option<Stop> {
        // Load and store, not an addition in one: a meter belongs to one run on one thread at a time.
        let spent = self.spent().saturating_add(steps);
        self.0.spent.store(spent, Ordering::Relaxed);
        if spent > self.0.budget {
            return Some(Stop::Budget);
        }
        if self.0.interrupt.as_ref().is_some_and(Running::interrupted) {
            return Some(Stop::Interrupted);
        }
        self.deep().then_some(Stop::Stack)
    }
    /// Whether the stack used since the run began is too much.
    pub(super) fn deep(&self) -> bool {
        here().abs_diff(self.0.stack.load(Ordering::Relaxed)) > STACK
    }
}

/// Where the stack is: the address of something on it.
#[inline(never)]
fn here() -> usize {
    let mark = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&mark)).addr()
}

/// Charges `steps` to the run that calls a native.
///
/// # Errors
///
/// The run's end, when it has used too much or was interrupted.
pub(crate) fn charge(ctx: &NativeCallContext<'_>, steps: usize) -> Result<(), Box<EvalAltResult>> {
    // The tag of the engine, not of the call: the host api keeps its own value in the latter.
    let meter = ctx.engine().default_tag().read_lock::<Meter>();
    // Without a meter nothing bounds the run, so it ends at once.
    let stop = meter.map_or(Some(Stop::Budget), |m| m.spend(u64::try_from(steps).unwrap_or(u64::MAX)));
    match stop {
        None => Ok(()),
        Some(stop) => Err(Box::new(EvalAltResult::ErrorTerminated(Dynamic::from(stop), ctx.call_position()))),
    }
}

/// An engine with everything taken away and only the harmless given back. Both constructors begin here.
pub(super) fn hardened(meter: &Meter, text: usize, list: usize, map: usize) -> Engine {
    // `new`, unlike `new_raw`, would read modules from files and know sleep, exit and the clock.
    let mut engine = Engine::new_raw();
    for package in super::natives::packages() {
        engine.register_global_module(package.clone());
    }
    for word in DISABLED {
        engine.disable_symbol(word);
    }
    engine
        .set_max_operations(meter.0.budget)
        .set_max_expr_depths(0, 0)
        .set_max_call_levels(CALLS)
        .set_max_string_size(text)
        .set_max_array_size(list)
        .set_max_map_size(map)
        .set_max_variables(VARIABLES)
        .set_max_functions(FUNCTIONS)
        .set_max_strings_interned(0)
        .set_strict_variables(true)
        // The static check reads the tree as it was written; folding would hide mistakes in dead branches.
        .set_optimization_level(rhai::OptimizationLevel::None)
        .set_fast_operators(true);
    engine.set_default_tag(Dynamic::from(meter.clone()));
    let steps = meter.clone();
    engine.on_progress(move |_| steps.spend(1).map(Dynamic::from));
    engine
}

/// The packages of Rhai that do bounded work at each call.
pub(super) fn rhai_packages() -> [rhai::Shared<rhai::Module>; 4] {
    use rhai::packages::{ArithmeticPackage, BasicIteratorPackage, BasicMathPackage, LogicPackage};
    [
        ArithmeticPackage::new().as_shared_module(),
        LogicPackage::new().as_shared_module(),
        BasicMathPackage::new().as_shared_module(),
        BasicIteratorPackage::new().as_shared_module(),
    ]
}

// A host that turns on another feature of Rhai changes this build too, since features add up over the whole dependency tree.
// These would change what numbers mean or take limits away, so they must not compile: `only_i32` (INT), `f32_float` (FLOAT),
// `no_float`, `no_index`, `no_object`, `no_closure`, `no_function`, `no_module`, `unchecked` (the setters above are gone).
const _: () = assert!(size_of::<rhai::INT>() == 8, "ticketry needs rhai with 64-bit integers: do not enable rhai/only_i32");
const _: () = assert!(size_of::<rhai::FLOAT>() == 8, "ticketry needs rhai with 64-bit floats: do not enable rhai/f32_float");
const _: fn() = || {
    fn shared_between_threads<T: Send + Sync>() {}
    shared_between_threads::<Engine>();
    shared_between_threads::<rhai::Array>();
    shared_between_threads::<rhai::Map>();
};
