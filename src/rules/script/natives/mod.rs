//! The standard library of scripts: lists, maps and text, under Rhai's own names.
//!
//! What it is: our own functions in place of Rhai's, since those do work without bound at one step: they compare lists inside
//! lists, replace and split without looking at limits, and `sort` ignores errors of its comparator. Each of ours charges steps
//! in proportion to what it reads and checks a size before it allocates. Deterministic: no clock decides.
//! What it never does: read anything but its arguments.
//! Read next: `list.rs`, `text.rs`, `map.rs`.

mod list;
mod map;
mod text;

use super::{
    fault::{at_position, placed, raise, raised},
    limits::{LIST, MAP, TEXT, VALUE_DEPTH, charge, rhai_packages},
};
use crate::diagnostic::{FaultKind, text as say};
use rhai::{Array, Dynamic, EvalAltResult, FnPtr, FuncRegistration, ImmutableString, Map, Module, NativeCallContext, Shared};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::LazyLock,
};

/// What natives return.
pub(super) type Answer<T> = Result<T, Box<EvalAltResult>>;
/// The call a native serves.
pub(super) type Call<'a> = NativeCallContext<'a>;

/// All modules of the standard library, the later over the earlier.
pub(super) fn packages() -> &'static [Shared<Module>] {
    static LIBRARY: LazyLock<Vec<Shared<Module>>> = LazyLock::new(|| {
        let mut ours = Module::new();
        ours.set_id("ticketry");
        list::add(&mut ours);
        map::add(&mut ours);
        text::add(&mut ours);
        let mut all = rhai_packages().to_vec();
        all.push(ours.into());
        all
    });
    &LIBRARY
}

/// Begins the registration of a function of this name.
fn named(name: &str) -> FuncRegistration {
    FuncRegistration::new(name).in_global_namespace()
}

/// Does the work of a native: charges `steps`, and turns a panic into a fault, so that none gets out.
///
/// # Errors
///
/// The end of the run's budget, or what `work` answers.
pub(crate) fn guarded<T>(ctx: &Call<'_>, steps: usize, work: impl FnOnce() -> Answer<T>) -> Answer<T> {
    charge(ctx, steps)?;
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(answer) => answer.map_err(|mut e| {
            if e.position().is_none() {
                e.set_position(ctx.call_position());
            }
            let name = ctx.fn_name();
            let length = if name.starts_with(char::is_alphabetic) && !name.contains('$') { name.chars().count() } else { 1 };
            placed(*e, ctx.call_source(), ctx.call_position(), length)
        }),
        Err(_) => {
            let name = ctx.fn_name();
            let message =
                say(format!("the function `{name}` failed: this is a bug of the program"), format!("函数 `{name}` 出错：这是程序的缺陷"));
            Err(raised(at_position(raise(FaultKind::HostFunction, message), ctx.call_source(), ctx.call_position())))
        }
    }
}

/// A fault at the place of the call.
fn fail<T>(ctx: &Call<'_>, kind: FaultKind, en: impl Into<String>, zh: impl Into<String>) -> Answer<T> {
    Err(raised(at_position(raise(kind, say(en, zh)), ctx.call_source(), ctx.call_position())))
}

/// Steps for this many bytes of text.
const fn bytes(n: usize) -> usize {
    n.div_ceil(16)
}

/// The text limit of the engine that runs.
fn text_limit(ctx: &Call<'_>) -> usize {
    match ctx.engine().max_string_size() {
        0 => TEXT,
        n => n,
    }
}

/// Refuses a text longer than the limit before it is made.
fn fits_text(ctx: &Call<'_>, len: usize) -> Answer<()> {
    if len > text_limit(ctx) { fail(ctx, FaultKind::Size, "a text is too long", "文本过长") } else { Ok(()) }
}

/// Refuses a list longer than the limit before it is made.
fn fits_list(ctx: &Call<'_>, len: usize) -> Answer<()> {
    let limit = match ctx.engine().max_array_size() {
        0 => LIST,
        n => n,
    };
    if len > limit { fail(ctx, FaultKind::Size, "a list has too many elements", "列表的元素过多") } else { Ok(()) }
}

/// Refuses a map larger than the limit before it is made.
fn fits_map(ctx: &Call<'_>, len: usize) -> Answer<()> {
    let limit = match ctx.engine().max_map_size() {
        0 => MAP,
        n => n,
    };
    if len > limit { fail(ctx, FaultKind::Size, "a map has too many entries", "映射的条目过多") } else { Ok(()) }
}

/// A position as Rhai counts: negative ones from the end. `None` outside.
fn position(index: i64, len: usize) -> Option<usize> {
    let back = || usize::try_from(index.unsigned_abs()).ok().and_then(|n| len.checked_sub(n));
    if index < 0 { back() } else { usize::try_from(index).ok() }.filter(|i| *i <= len)
}

/// The same, outside ones moved to the nearest end.
fn nearest(index: i64, len: usize) -> usize {
    position(index, len).unwrap_or(if index < 0 { 0 } else { len })
}

/// How many values a value consists of, itself included; stops counting deep down.
pub(super) fn measure(value: &Dynamic) -> usize {
    fn count(value: &Dynamic, depth: usize) -> usize {
        if depth > VALUE_DEPTH {
            return 1;
        }
        let depth = depth.saturating_add(1);
        if let Some(list) = value.read_lock::<Array>() {
            list.iter().fold(1_usize, |n, v| n.saturating_add(count(v, depth)))
        } else if let Some(map) = value.read_lock::<Map>() {
            map.values().fold(1_usize, |n, v| n.saturating_add(count(v, depth)))
        } else {
            1
        }
    }
    count(value, 0)
}

/// Whether two values are equal, at one step for each pair looked at. Values of host types compare with the host's `==`.
pub(in crate::rules::script) fn same(ctx: &Call<'_>, a: &Dynamic, b: &Dynamic, depth: usize) -> Answer<bool> {
    charge(ctx, 1)?;
    if depth > VALUE_DEPTH {
        return fail(ctx, FaultKind::Depth, "lists and maps nest too deep", "列表和映射嵌套过深");
    }
    let deeper = depth.saturating_add(1);
    if let (Some(x), Some(y)) = (a.read_lock::<Array>(), b.read_lock::<Array>()) {
        return same_lists(ctx, &x, &y, deeper);
    }
    if let (Some(x), Some(y)) = (a.read_lock::<Map>(), b.read_lock::<Map>()) {
        return same_maps(ctx, &x, &y, deeper);
    }
    if let (Some(x), Some(y)) = (a.read_lock::<ImmutableString>(), b.read_lock::<ImmutableString>()) {
        charge(ctx, bytes(x.len().min(y.len())))?;
        return Ok(*x == *y);
    }
    if a.is_array() || a.is_map() || b.is_array() || b.is_map() || a.is_fnptr() || b.is_fnptr() {
        return Ok(false);
    }
    match ctx.call_native_fn_raw("==", true, &mut [&mut a.clone(), &mut b.clone()]) {
        Ok(answer) => Ok(answer.as_bool().unwrap_or(false)),
        // Values that cannot be compared are different.
        Err(e) if matches!(*e, EvalAltResult::ErrorFunctionNotFound(..)) => Ok(false),
        Err(e) => Err(e),
    }
}

fn same_lists(ctx: &Call<'_>, a: &Array, b: &Array, depth: usize) -> Answer<bool> {
    if a.len() != b.len() {
        return Ok(false);
    }
    for (x, y) in a.iter().zip(b) {
        if !same(ctx, x, y, depth)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn same_maps(ctx: &Call<'_>, a: &Map, b: &Map, depth: usize) -> Answer<bool> {
    if a.len() != b.len() {
        return Ok(false);
    }
    for ((k, x), (l, y)) in a.iter().zip(b) {
        charge(ctx, bytes(k.len()))?;
        if k != l || !same(ctx, x, y, depth)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Calls a closure with these arguments.
fn ask(ctx: &Call<'_>, closure: &FnPtr, args: impl AsMut<[Dynamic]>) -> Answer<Dynamic> {
    closure.call_raw(ctx, None, args)
}

/// Calls a closure that must answer true or false.
fn test(ctx: &Call<'_>, closure: &FnPtr, value: &Dynamic) -> Answer<bool> {
    match ask(ctx, closure, [value.clone()])?.as_bool() {
        Ok(yes) => Ok(yes),
        Err(_) => fail(ctx, FaultKind::Type, "the closure must answer true or false", "闭包必须返回 true 或 false"),
    }
}

/// A value as text, as scripts and traces show it; cut at the text limit.
pub(super) fn show(value: &Dynamic) -> String {
    let mut out = String::new();
    write_value(&mut out, value, false, 0, TEXT);
    out
}

fn write_value(out: &mut String, value: &Dynamic, quoted: bool, depth: usize, limit: usize) {
    if out.len() > limit || depth > VALUE_DEPTH {
        if !out.ends_with('…') {
            out.push('…');
        }
        return;
    }
    let deeper = depth.saturating_add(1);
    if let Some(list) = value.read_lock::<Array>() {
        out.push('[');
        for (i, v) in list.iter().enumerate() {
            out.push_str(if i == 0 { "" } else { ", " });
            write_value(out, v, true, deeper, limit);
        }
        out.push(']');
    } else if let Some(map) = value.read_lock::<Map>() {
        out.push_str("#{");
        for (i, (k, v)) in map.iter().enumerate() {
            out.push_str(if i == 0 { "" } else { ", " });
            out.push_str(&format!("{:?}: ", k.as_str()));
            write_value(out, v, true, deeper, limit);
        }
        out.push('}');
    } else if let Some(s) = value.read_lock::<ImmutableString>() {
        let s = s.as_str();
        if quoted { out.push_str(&format!("{s:?}")) } else { out.push_str(s) }
    } else if value.is_unit() {
        out.push_str(if quoted { "()" } else { "" });
    } else if value.is_fnptr() {
        out.push_str("|…|");
    } else if let Some(own) = super::values::shown(value, quoted) {
        out.push_str(&own);
    } else {
        out.push_str(&value.to_string());
    }
}
