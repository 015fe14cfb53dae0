//! Functions on lists.

use super::{
    Answer, Call, ask, bytes, fail, fits_list, fits_text, guarded, measure, named, nearest, position, same, same_lists, show, test,
};
use crate::diagnostic::FaultKind;
use rhai::{Array, Dynamic, FnPtr, ImmutableString, Module};
use std::cmp::Ordering;

pub(super) fn add(m: &mut Module) {
    read(m);
    change(m);
    search(m);
    order(m);
}

fn read(m: &mut Module) {
    for name in ["len", "get$len"] {
        named(name).set_into_module(m, |a: &mut Array| i64::try_from(a.len()).unwrap_or(i64::MAX));
    }
    for name in ["is_empty", "get$is_empty"] {
        named(name).set_into_module(m, |a: &mut Array| a.is_empty());
    }
    named("==").set_into_module(m, |ctx: Call<'_>, a: &mut Array, b: Array| guarded(&ctx, 1, || same_lists(&ctx, a, &b, 0)));
    named("!=").set_into_module(m, |ctx: Call<'_>, a: &mut Array, b: Array| guarded(&ctx, 1, || same_lists(&ctx, a, &b, 0).map(|s| !s)));
    named("get").set_into_module(m, |ctx: Call<'_>, a: &mut Array, index: i64| {
        guarded(&ctx, 1, || Ok(position(index, a.len()).and_then(|i| a.get(i)).cloned().unwrap_or(Dynamic::UNIT)))
    });
    named("extract").set_into_module(m, |ctx: Call<'_>, a: &mut Array, from: i64| part(&ctx, a, from, i64::MAX));
    named("extract").set_into_module(m, |ctx: Call<'_>, a: &mut Array, from: i64, len: i64| part(&ctx, a, from, len));
    named("join").set_into_module(m, |ctx: Call<'_>, a: &mut Array, between: ImmutableString| {
        guarded(&ctx, a.len(), || {
            let mut out = String::new();
            for (i, v) in a.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { &between });
                out.push_str(&show(v));
                fits_text(&ctx, out.len())?;
            }
            super::charge(&ctx, bytes(out.len()))?;
            Ok(ImmutableString::from(out))
        })
    });
}

fn part(ctx: &Call<'_>, a: &Array, from: i64, len: i64) -> Answer<Array> {
    let start = nearest(from, a.len());
    let len = usize::try_from(len).unwrap_or(0);
    let taken = a.get(start..).unwrap_or_default().iter().take(len);
    let cost = taken.clone().fold(0_usize, |n, v| n.saturating_add(measure(v)));
    guarded(ctx, cost, || Ok(taken.cloned().collect()))
}

fn change(m: &mut Module) {
    named("push").set_into_module(m, |ctx: Call<'_>, a: &mut Array, value: Dynamic| {
        guarded(&ctx, 1, || {
            fits_list(&ctx, a.len().saturating_add(1))?;
            a.push(value.flatten());
            Ok(())
        })
    });
    for name in ["append", "+="] {
        named(name).set_into_module(m, |ctx: Call<'_>, a: &mut Array, more: Array| {
            guarded(&ctx, more.len(), || {
                fits_list(&ctx, a.len().saturating_add(more.len()))?;
                a.extend(more);
                Ok(())
            })
        });
    }
    named("+").set_into_module(m, |ctx: Call<'_>, a: Array, b: Array| {
        guarded(&ctx, a.len().saturating_add(b.len()), || {
            fits_list(&ctx, a.len().saturating_add(b.len()))?;
            let mut a = a;
            a.extend(b);
            Ok(a)
        })
    });
    named("insert").set_into_module(m, |ctx: Call<'_>, a: &mut Array, index: i64, value: Dynamic| {
        guarded(&ctx, a.len(), || {
            fits_list(&ctx, a.len().saturating_add(1))?;
            a.insert(nearest(index, a.len()), value.flatten());
            Ok(())
        })
    });
    named("pad").set_into_module(m, |ctx: Call<'_>, a: &mut Array, len: i64, value: Dynamic| {
        guarded(&ctx, 1, || {
            let len = usize::try_from(len).unwrap_or(0);
            fits_list(&ctx, len)?;
            if len > a.len() {
                let each = measure(&value);
                let more = len.saturating_sub(a.len()).saturating_mul(each);
                fits_list(&ctx, a.len().saturating_add(more))?;
                super::charge(&ctx, more)?;
                a.resize(len, value.flatten());
            }
            Ok(())
        })
    });
    named("set").set_into_module(m, |ctx: Call<'_>, a: &mut Array, index: i64, value: Dynamic| {
        guarded(&ctx, 1, || {
            let len = a.len();
            if let Some(slot) = position(index, len).and_then(|i| a.get_mut(i)) {
                *slot = value.flatten();
                return Ok(());
            }
            fail(
                &ctx,
                FaultKind::Index,
                format!("position {index} is outside a list of {len}"),
                format!("位置 {index} 超出长度为 {len} 的列表"),
            )
        })
    });
    named("pop").set_into_module(m, |ctx: Call<'_>, a: &mut Array| guarded(&ctx, 1, || Ok(a.pop().unwrap_or(Dynamic::UNIT))));
    named("shift").set_into_module(m, |ctx: Call<'_>, a: &mut Array| {
        guarded(&ctx, a.len(), || Ok(if a.is_empty() { Dynamic::UNIT } else { a.remove(0) }))
    });
    named("remove").set_into_module(m, |ctx: Call<'_>, a: &mut Array, index: i64| {
        guarded(&ctx, a.len(), || {
            let at = position(index, a.len()).filter(|i| *i < a.len());
            Ok(at.map_or(Dynamic::UNIT, |i| a.remove(i)))
        })
    });
    named("truncate").set_into_module(m, |ctx: Call<'_>, a: &mut Array, len: i64| {
        guarded(&ctx, a.len(), || {
            a.truncate(usize::try_from(len).unwrap_or(0));
            Ok(())
        })
    });
    named("clear").set_into_module(m, |ctx: Call<'_>, a: &mut Array| {
        guarded(&ctx, a.len(), || {
            a.clear();
            Ok(())
        })
    });
    named("reverse").set_into_module(m, |ctx: Call<'_>, a: &mut Array| {
        guarded(&ctx, a.len(), || {
            a.reverse();
            Ok(())
        })
    });
}

fn search(m: &mut Module) {
    named("contains")
        .set_into_module(m, |ctx: Call<'_>, a: &mut Array, value: Dynamic| guarded(&ctx, 1, || Ok(place_of(&ctx, a, &value)?.is_some())));
    named("index_of").set_into_module(m, |ctx: Call<'_>, a: &mut Array, value: Dynamic| {
        guarded(&ctx, 1, || Ok(place_of(&ctx, a, &value)?.and_then(|i| i64::try_from(i).ok()).unwrap_or(-1)))
    });
    named("index_of").set_into_module(m, |ctx: Call<'_>, a: &mut Array, closure: FnPtr| {
        guarded(&ctx, a.len(), || {
            for (i, v) in a.iter().enumerate() {
                if test(&ctx, &closure, v)? {
                    return Ok(i64::try_from(i).unwrap_or(-1));
                }
            }
            Ok(-1)
        })
    });
    named("find").set_into_module(m, |ctx: Call<'_>, a: &mut Array, closure: FnPtr| {
        guarded(&ctx, a.len(), || {
            for v in a.iter() {
                if test(&ctx, &closure, v)? {
                    return Ok(v.clone());
                }
            }
            Ok(Dynamic::UNIT)
        })
    });
    named("some").set_into_module(m, |ctx: Call<'_>, a: &mut Array, closure: FnPtr| {
        guarded(&ctx, a.len(), || {
            for v in a.iter() {
                if test(&ctx, &closure, v)? {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    });
    named("all").set_into_module(m, |ctx: Call<'_>, a: &mut Array, closure: FnPtr| {
        guarded(&ctx, a.len(), || {
            for v in a.iter() {
                if !test(&ctx, &closure, v)? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    });
    named("filter").set_into_module(m, |ctx: Call<'_>, a: &mut Array, closure: FnPtr| {
        guarded(&ctx, a.len(), || {
            let mut out = Array::new();
            for v in a.iter() {
                if test(&ctx, &closure, v)? {
                    super::charge(&ctx, measure(v))?;
                    out.push(v.clone());
                }
            }
            Ok(out)
        })
    });
    named("map").set_into_module(m, |ctx: Call<'_>, a: &mut Array, closure: FnPtr| {
        guarded(&ctx, a.len(), || {
            let mut out = Array::new();
            let mut size = 0_usize;
            for v in a.iter() {
                let made = ask(&ctx, &closure, [v.clone()])?.flatten();
                chained(&ctx, &made)?;
                size = size.saturating_add(measure(&made));
                fits_list(&ctx, size)?;
                out.push(made);
            }
            Ok(out)
        })
    });
    named("reduce").set_into_module(m, |ctx: Call<'_>, a: &mut Array, closure: FnPtr, start: Dynamic| fold(&ctx, a, &closure, start));
    named("reduce").set_into_module(m, |ctx: Call<'_>, a: &mut Array, closure: FnPtr| fold(&ctx, a, &closure, Dynamic::UNIT));
    named("dedup").set_into_module(m, |ctx: Call<'_>, a: &mut Array| {
        guarded(&ctx, a.len(), || {
            let mut kept = Array::new();
            for v in a.drain(..) {
                let again = match kept.last() {
                    Some(last) => same(&ctx, last, &v, 0)?,
                    None => false,
                };
                if !again {
                    kept.push(v);
                }
            }
            *a = kept;
            Ok(())
        })
    });
}

fn fold(ctx: &Call<'_>, a: &Array, closure: &FnPtr, start: Dynamic) -> Answer<Dynamic> {
    guarded(ctx, a.len(), || {
        let mut sum = start;
        for v in a {
            sum = ask(ctx, closure, [sum, v.clone()])?;
            chained(ctx, &sum)?;
            // Rhai walks a container several times on its way through the closure.
            super::charge(ctx, measure(&sum) / 2)?;
            ctx.engine().ensure_data_size_within_limits(&sum)?;
        }
        Ok(sum)
    })
}

/// A closure may hold another, which holds another: dropping such a chain takes stack for each link. Through a callback a link
/// costs few steps, so it is charged as much again as one made in a loop.
fn chained(ctx: &Call<'_>, value: &Dynamic) -> Answer<()> {
    if value.is_fnptr() { super::charge(ctx, 8) } else { Ok(()) }
}

fn place_of(ctx: &Call<'_>, a: &Array, value: &Dynamic) -> Answer<Option<usize>> {
    for (i, v) in a.iter().enumerate() {
        if same(ctx, v, value, 0)? {
            return Ok(Some(i));
        }
    }
    Ok(None)
}

fn order(m: &mut Module) {
    for (name, down) in [("sort", false), ("sort_desc", true)] {
        named(name).set_into_module(m, move |ctx: Call<'_>, a: &mut Array| {
            guarded(&ctx, 1, || sort(&ctx, a, &mut |x, y| natural(&ctx, x, y).map(|o| if down { o.reverse() } else { o })))
        });
    }
    for (name, down) in [("order", false), ("order_desc", true)] {
        named(name).set_into_module(m, move |ctx: Call<'_>, a: Array| {
            guarded(&ctx, 1, || {
                let mut a = a;
                sort(&ctx, &mut a, &mut |x, y| natural(&ctx, x, y).map(|o| if down { o.reverse() } else { o }))?;
                Ok(a)
            })
        });
    }
    for name in ["sort", "sort_by"] {
        named(name).set_into_module(m, |ctx: Call<'_>, a: &mut Array, closure: FnPtr| {
            guarded(&ctx, 1, || sort(&ctx, a, &mut |x, y| compare(&ctx, &closure, x, y)))
        });
    }
    for name in ["order", "order_by"] {
        named(name).set_into_module(m, |ctx: Call<'_>, a: Array, closure: FnPtr| {
            guarded(&ctx, 1, || {
                let mut a = a;
                sort(&ctx, &mut a, &mut |x, y| compare(&ctx, &closure, x, y))?;
                Ok(a)
            })
        });
    }
}

/// The closure's answer as an order: a negative number, zero or a positive one; or true for "first comes first".
fn compare(ctx: &Call<'_>, closure: &FnPtr, x: &Dynamic, y: &Dynamic) -> Answer<Ordering> {
    let answer = ask(ctx, closure, [x.clone(), y.clone()])?;
    if let Ok(n) = answer.as_int() {
        return Ok(n.cmp(&0));
    }
    if let Ok(first) = answer.as_bool() {
        return Ok(if first { Ordering::Less } else { Ordering::Greater });
    }
    fail(ctx, FaultKind::Type, "the closure must answer a number, or true or false", "闭包必须返回数字或布尔值")
}

/// The order of numbers, texts, characters, and false before true. Values of two kinds have none.
fn natural(ctx: &Call<'_>, x: &Dynamic, y: &Dynamic) -> Answer<Ordering> {
    super::charge(ctx, 1)?;
    if let (Ok(a), Ok(b)) = (x.as_int(), y.as_int()) {
        return Ok(a.cmp(&b));
    }
    if let (Ok(a), Ok(b)) = (x.as_bool(), y.as_bool()) {
        return Ok(a.cmp(&b));
    }
    if let (Ok(a), Ok(b)) = (x.as_char(), y.as_char()) {
        return Ok(a.cmp(&b));
    }
    if let (Ok(a), Ok(b)) = (x.as_float(), y.as_float()) {
        return Ok(a.total_cmp(&b));
    }
    if let (Some(a), Some(b)) = (x.read_lock::<ImmutableString>(), y.read_lock::<ImmutableString>()) {
        super::charge(ctx, bytes(a.len().min(b.len())))?;
        return Ok(a.as_str().cmp(b.as_str()));
    }
    fail(
        ctx,
        FaultKind::Type,
        "only a list of numbers, of texts or of true and false can be sorted; give a closure for others",
        "只能对数字、文本或布尔值的列表排序；其他请提供闭包",
    )
}

/// A stable merge sort that ends at the first error of `compare`; the list is then as it was. A comparator without sense gives
/// an order without sense and nothing worse.
fn sort(ctx: &Call<'_>, list: &mut Array, compare: &mut dyn FnMut(&Dynamic, &Dynamic) -> Answer<Ordering>) -> Answer<()> {
    super::charge(ctx, list.len())?;
    let mut places: Vec<usize> = (0..list.len()).collect();
    let mut width = 1_usize;
    while width < places.len() {
        let mut next = Vec::with_capacity(places.len());
        for run in places.chunks(width.saturating_mul(2)) {
            let (mut left, mut right) = run.split_at(width.min(run.len()));
            while let (Some((a, more_left)), Some((b, more_right))) = (left.split_first(), right.split_first()) {
                let (Some(x), Some(y)) = (list.get(*a), list.get(*b)) else { break };
                // Equal ones keep their order, so the right one goes first only when it is less.
                if compare(x, y)? == Ordering::Greater {
                    next.push(*b);
                    right = more_right;
                } else {
                    next.push(*a);
                    left = more_left;
                }
            }
            next.extend_from_slice(left);
            next.extend_from_slice(right);
        }
        places = next;
        width = width.saturating_mul(2);
    }
    let mut taken: Vec<Option<Dynamic>> = std::mem::take(list).into_iter().map(Some).collect();
    *list = places.into_iter().filter_map(|i| taken.get_mut(i).and_then(Option::take)).collect();
    Ok(())
}
