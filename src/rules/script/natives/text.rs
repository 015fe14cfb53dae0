//! Functions on text. Positions count characters.

use super::{Answer, Call, bytes, fits_list, fits_text, guarded, measure, named, nearest, show};
use rhai::{Array, Dynamic, ImmutableString as Str, Module};

pub(super) fn add(m: &mut Module) {
    read(m);
    change(m);
    join(m);
}

fn length(ctx: &Call<'_>, s: &str) -> Answer<i64> {
    guarded(ctx, bytes(s.len()), || Ok(i64::try_from(s.chars().count()).unwrap_or(i64::MAX)))
}

fn read(m: &mut Module) {
    for name in ["len", "get$len"] {
        named(name).set_into_module(m, |ctx: Call<'_>, s: &mut Str| length(&ctx, s));
    }
    for name in ["is_empty", "get$is_empty"] {
        named(name).set_into_module(m, |s: &mut Str| s.is_empty());
    }
    named("contains").set_into_module(m, |ctx: Call<'_>, s: &mut Str, part: Str| {
        guarded(&ctx, bytes(s.len().saturating_add(part.len())), || Ok(s.contains(part.as_str())))
    });
    named("contains").set_into_module(m, |ctx: Call<'_>, s: &mut Str, c: char| guarded(&ctx, bytes(s.len()), || Ok(s.contains(c))));
    named("starts_with")
        .set_into_module(m, |ctx: Call<'_>, s: &mut Str, part: Str| guarded(&ctx, bytes(part.len()), || Ok(s.starts_with(part.as_str()))));
    named("ends_with")
        .set_into_module(m, |ctx: Call<'_>, s: &mut Str, part: Str| guarded(&ctx, bytes(part.len()), || Ok(s.ends_with(part.as_str()))));
    named("index_of").set_into_module(m, |ctx: Call<'_>, s: &mut Str, part: Str| {
        guarded(&ctx, bytes(s.len().saturating_add(part.len())), || {
            let at = s.find(part.as_str()).and_then(|b| s.get(..b)).map(|before| before.chars().count());
            Ok(at.and_then(|n| i64::try_from(n).ok()).unwrap_or(-1))
        })
    });
    named("sub_string").set_into_module(m, |ctx: Call<'_>, s: &mut Str, from: i64| part(&ctx, s, from, i64::MAX));
    named("sub_string").set_into_module(m, |ctx: Call<'_>, s: &mut Str, from: i64, len: i64| part(&ctx, s, from, len));
    named("to_upper").set_into_module(m, |ctx: Call<'_>, s: &mut Str| made(&ctx, s.len(), || s.to_uppercase()));
    named("to_lower").set_into_module(m, |ctx: Call<'_>, s: &mut Str| made(&ctx, s.len(), || s.to_lowercase()));
    named("split")
        .set_into_module(m, |ctx: Call<'_>, s: &mut Str| guarded(&ctx, bytes(s.len()), || pieces(&ctx, s.len(), s.split_whitespace())));
    named("split").set_into_module(m, |ctx: Call<'_>, s: &mut Str, by: Str| {
        guarded(&ctx, bytes(s.len()), || pieces(&ctx, s.len(), s.split(by.as_str())))
    });
    named("split")
        .set_into_module(m, |ctx: Call<'_>, s: &mut Str, by: char| guarded(&ctx, bytes(s.len()), || pieces(&ctx, s.len(), s.split(by))));
    named("to_chars").set_into_module(m, |ctx: Call<'_>, s: &mut Str| {
        guarded(&ctx, s.len(), || {
            let mut out = Array::new();
            for c in s.chars() {
                fits_list(&ctx, out.len().saturating_add(1))?;
                out.push(Dynamic::from(c));
            }
            Ok(out)
        })
    });
    named("to_string").set_into_module(m, |ctx: Call<'_>, value: Dynamic| {
        guarded(&ctx, measure(&value), || {
            let out = show(&value);
            super::charge(&ctx, bytes(out.len()))?;
            fits_text(&ctx, out.len())?;
            Ok(Str::from(out))
        })
    });
}

fn part(ctx: &Call<'_>, s: &str, from: i64, len: i64) -> Answer<Str> {
    guarded(ctx, bytes(s.len()), || {
        let start = nearest(from, s.chars().count());
        Ok(s.chars().skip(start).take(usize::try_from(len).unwrap_or(0)).collect::<String>().into())
    })
}

fn pieces<'a>(ctx: &Call<'_>, len: usize, parts: impl Iterator<Item = &'a str>) -> Answer<Array> {
    super::charge(ctx, bytes(len))?;
    let mut out = Array::new();
    for part in parts {
        super::charge(ctx, 1)?;
        fits_list(ctx, out.len().saturating_add(1))?;
        out.push(Dynamic::from(Str::from(part)));
    }
    Ok(out)
}

/// A text made from one of `len` bytes.
fn made(ctx: &Call<'_>, len: usize, make: impl FnOnce() -> String) -> Answer<Str> {
    guarded(ctx, bytes(len), || {
        let out = make();
        fits_text(ctx, out.len())?;
        Ok(out.into())
    })
}

fn change(m: &mut Module) {
    named("make_upper").set_into_module(m, |ctx: Call<'_>, s: &mut Str| made(&ctx, s.len(), || s.to_uppercase()).map(|n| *s = n));
    named("make_lower").set_into_module(m, |ctx: Call<'_>, s: &mut Str| made(&ctx, s.len(), || s.to_lowercase()).map(|n| *s = n));
    named("trim").set_into_module(m, |ctx: Call<'_>, s: &mut Str| made(&ctx, s.len(), || s.trim().to_string()).map(|n| *s = n));
    named("replace").set_into_module(m, |ctx: Call<'_>, s: &mut Str, find: Str, put: Str| replace(&ctx, s, &find, &put));
    named("replace").set_into_module(m, |ctx: Call<'_>, s: &mut Str, find: char, put: char| {
        replace(&ctx, s, find.encode_utf8(&mut [0; 4]), put.encode_utf8(&mut [0; 4]))
    });
    for name in ["append", "+="] {
        named(name).set_into_module(m, |ctx: Call<'_>, s: &mut Str, more: Dynamic| {
            let out = both(&ctx, s, &show(&more))?;
            *s = out;
            Ok::<(), Box<rhai::EvalAltResult>>(())
        });
    }
    named("pad").set_into_module(m, |ctx: Call<'_>, s: &mut Str, len: i64, with: Str| pad(&ctx, s, len, &with));
    named("pad").set_into_module(m, |ctx: Call<'_>, s: &mut Str, len: i64, with: char| pad(&ctx, s, len, with.encode_utf8(&mut [0; 4])));
    named("truncate").set_into_module(m, |ctx: Call<'_>, s: &mut Str, len: i64| part(&ctx, s, 0, len).map(|n| *s = n));
    named("crop").set_into_module(m, |ctx: Call<'_>, s: &mut Str, from: i64| part(&ctx, s, from, i64::MAX).map(|n| *s = n));
    named("crop").set_into_module(m, |ctx: Call<'_>, s: &mut Str, from: i64, len: i64| part(&ctx, s, from, len).map(|n| *s = n));
    named("remove").set_into_module(m, |ctx: Call<'_>, s: &mut Str, cut: Str| replace(&ctx, s, &cut, ""));
    named("clear").set_into_module(m, |s: &mut Str| *s = Str::new());
}

/// Replaces each `find`, having counted first what comes of it.
fn replace(ctx: &Call<'_>, s: &mut Str, find: &str, put: &str) -> Answer<()> {
    guarded(ctx, bytes(s.len().saturating_add(find.len())), || {
        let hits = s.matches(find).count();
        let grown = hits.saturating_mul(put.len()).saturating_add(s.len());
        let len = grown.saturating_sub(hits.saturating_mul(find.len()));
        fits_text(ctx, len)?;
        super::charge(ctx, bytes(len))?;
        *s = s.replace(find, put).into();
        Ok(())
    })
}

fn pad(ctx: &Call<'_>, s: &mut Str, len: i64, with: &str) -> Answer<()> {
    guarded(ctx, bytes(s.len()), || {
        let len = usize::try_from(len).unwrap_or(0);
        let have = s.chars().count();
        let each = with.chars().count();
        if len <= have || each == 0 {
            return Ok(());
        }
        let times = len.saturating_sub(have).div_ceil(each);
        let made = times.saturating_mul(with.len()).saturating_add(s.len());
        fits_text(ctx, made)?;
        super::charge(ctx, bytes(made))?;
        let mut out = String::with_capacity(made);
        out.push_str(s);
        out.push_str(&with.repeat(times));
        *s = out.chars().take(len).collect::<String>().into();
        Ok(())
    })
}

fn both(ctx: &Call<'_>, a: &str, b: &str) -> Answer<Str> {
    let len = a.len().saturating_add(b.len());
    guarded(ctx, bytes(len), || {
        fits_text(ctx, len)?;
        let mut out = String::with_capacity(len);
        out.push_str(a);
        out.push_str(b);
        Ok(out.into())
    })
}

fn join(m: &mut Module) {
    named("+").set_into_module(m, |ctx: Call<'_>, a: Str, b: Dynamic| both(&ctx, &a, &show(&b)));
    named("+").set_into_module(m, |ctx: Call<'_>, a: Dynamic, b: Str| both(&ctx, &show(&a), &b));
}
