//! The ticket and the event as scripts hold them: fields by name, actions recorded.

use super::{
    actions::{self, WORDS},
    fault::{raise, raised},
    natives::guarded,
};
use crate::diagnostic::{FaultKind, Place, RuleFault, text};
use crate::ticket::{Action, Schema};
use rhai::{Dynamic, EvalAltResult, FuncRegistration, ImmutableString, Module, NativeCallContext};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// The most actions one run may ask for.
const ACTIONS: usize = 64;

/// What one run reads and records.
pub(super) struct Frame {
    /// Values by full name: `t.customer.tier`, `event.name`.
    pub(super) values: BTreeMap<Arc<str>, Dynamic>,
    pub(super) schema: Arc<Schema>,
    pub(super) recorded: Mutex<Vec<Action>>,
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame").field("values", &self.values.len()).finish_non_exhaustive()
    }
}

impl Frame {
    pub(super) fn record(&self, action: Action) -> Result<(), RuleFault> {
        let mut list = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        if list.len() >= ACTIONS {
            let message = text(format!("more than {ACTIONS} actions in one run"), format!("一次执行超过 {ACTIONS} 个动作"));
            return Err(raise(FaultKind::Size, message));
        }
        list.push(action);
        Ok(())
    }
    pub(super) fn taken(&self) -> Vec<Action> {
        std::mem::take(&mut *self.recorded.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A ticket, an event, or a part of one (`t.customer`, `event.message`).
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) prefix: Arc<str>,
    pub(super) frame: Arc<Frame>,
}

fn step(node: &Node, name: &str) -> Result<Dynamic, Box<EvalAltResult>> {
    let full: Arc<str> = format!("{}.{name}", node.prefix).into();
    if let Some(value) = node.frame.values.get(&full) {
        return Ok(value.clone());
    }
    if matches!(&*full, "t.customer" | "event.message") {
        return Ok(Dynamic::from(Node { prefix: full, frame: node.frame.clone() }));
    }
    // The load knows every path; only a name made while running gets here.
    let message = text(format!("no field `{full}`"), format!("没有字段 `{full}`"));
    Err(raised(raise(FaultKind::UnknownName, message)))
}

fn act(ctx: &NativeCallContext<'_>, node: &Node, word: &str, args: &[Dynamic]) -> Result<(), Box<EvalAltResult>> {
    guarded(ctx, 1, || {
        let nowhere = |_: &str| Place::file("");
        let action = actions::read(word, args).map_err(|w| w.message).and_then(|a| {
            let a = actions::fitted(a, &node.frame.schema);
            crate::rules::action::checked(a, &node.frame.schema, &nowhere)
                .map_err(|d| d.into_iter().next().map(|d| d.message).unwrap_or_default())
        });
        action.map_err(|message| raise(FaultKind::Type, message)).and_then(|a| node.frame.record(a)).map_err(raised)
    })
}

pub(super) fn add(m: &mut Module) {
    let named = |name: &str| FuncRegistration::new(name).in_global_namespace();
    m.set_custom_type::<Node>("ticket");
    FuncRegistration::new_index_getter()
        .in_global_namespace()
        .set_into_module(m, |ctx: NativeCallContext<'_>, node: &mut Node, name: ImmutableString| guarded(&ctx, 1, || step(node, &name)));
    for (word, counts) in WORDS {
        for n in counts.iter() {
            type C<'a> = NativeCallContext<'a>;
            match n {
                0 => named(word).set_into_module(m, move |ctx: C<'_>, t: &mut Node| act(&ctx, t, word, &[])),
                1 => named(word).set_into_module(m, move |ctx: C<'_>, t: &mut Node, a: Dynamic| act(&ctx, t, word, &[a])),
                _ => named(word).set_into_module(m, move |ctx: C<'_>, t: &mut Node, a: Dynamic, b: Dynamic| act(&ctx, t, word, &[a, b])),
            };
        }
    }
}

/// `stop()` for one run: it has no receiver, so it holds the frame itself.
pub(super) fn stop_module(frame: &Arc<Frame>) -> rhai::Shared<Module> {
    let mut m = Module::new();
    let frame = frame.clone();
    FuncRegistration::new("stop")
        .in_global_namespace()
        .set_into_module(&mut m, move |ctx: NativeCallContext<'_>| guarded(&ctx, 1, || frame.record(Action::Stop).map_err(raised)));
    m.into()
}
