//! Functions on maps.

use super::{Call, bytes, fits_map, guarded, measure, named, same_maps};
use rhai::{Array, Dynamic, ImmutableString, Map, Module};

pub(super) fn add(m: &mut Module) {
    for name in ["len", "get$len"] {
        named(name).set_into_module(m, |a: &mut Map| i64::try_from(a.len()).unwrap_or(i64::MAX));
    }
    named("is_empty").set_into_module(m, |a: &mut Map| a.is_empty());
    named("==").set_into_module(m, |ctx: Call<'_>, a: &mut Map, b: Map| guarded(&ctx, 1, || same_maps(&ctx, a, &b, 0)));
    named("!=").set_into_module(m, |ctx: Call<'_>, a: &mut Map, b: Map| guarded(&ctx, 1, || same_maps(&ctx, a, &b, 0).map(|s| !s)));
    named("contains").set_into_module(m, |ctx: Call<'_>, a: &mut Map, key: ImmutableString| {
        guarded(&ctx, bytes(key.len()), || Ok(a.contains_key(key.as_str())))
    });
    named("get").set_into_module(m, |ctx: Call<'_>, a: &mut Map, key: ImmutableString| {
        guarded(&ctx, bytes(key.len()), || Ok(a.get(key.as_str()).cloned().unwrap_or(Dynamic::UNIT)))
    });
    named("set").set_into_module(m, |ctx: Call<'_>, a: &mut Map, key: ImmutableString, value: Dynamic| {
        guarded(&ctx, bytes(key.len()), || {
            if !a.contains_key(key.as_str()) {
                fits_map(&ctx, a.len().saturating_add(1))?;
            }
            a.insert(key.as_str().into(), value.flatten());
            Ok(())
        })
    });
    named("remove").set_into_module(m, |ctx: Call<'_>, a: &mut Map, key: ImmutableString| {
        guarded(&ctx, bytes(key.len()), || Ok(a.remove(key.as_str()).unwrap_or(Dynamic::UNIT)))
    });
    named("clear").set_into_module(m, |ctx: Call<'_>, a: &mut Map| {
        guarded(&ctx, a.len(), || {
            a.clear();
            Ok(())
        })
    });
    named("keys").set_into_module(m, |ctx: Call<'_>, a: &mut Map| {
        guarded(&ctx, a.len(), || Ok(a.keys().map(|k| Dynamic::from(ImmutableString::from(k.as_str()))).collect::<Array>()))
    });
    named("values").set_into_module(m, |ctx: Call<'_>, a: &mut Map| {
        let cost = a.values().fold(0_usize, |n, v| n.saturating_add(measure(v)));
        guarded(&ctx, cost, || Ok(a.values().cloned().collect::<Array>()))
    });
    named("+").set_into_module(m, |ctx: Call<'_>, a: Map, b: Map| {
        guarded(&ctx, a.len().saturating_add(b.len()), || {
            let mut a = a;
            merge(&ctx, &mut a, b)?;
            Ok(a)
        })
    });
    for name in ["mixin", "+="] {
        named(name).set_into_module(m, |ctx: Call<'_>, a: &mut Map, b: Map| guarded(&ctx, b.len(), || merge(&ctx, a, b)));
    }
}

fn merge(ctx: &Call<'_>, a: &mut Map, b: Map) -> super::Answer<()> {
    let new = b.keys().filter(|k| !a.contains_key(*k)).count();
    fits_map(ctx, a.len().saturating_add(new))?;
    a.extend(b);
    Ok(())
}
