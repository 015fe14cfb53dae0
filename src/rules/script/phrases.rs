//! Functions on what people write: texts of the ticket and of the script alike. On a text of the ticket comparisons fold case and width (S88); what is absent stays absent.

use super::{
    fault::{raise, raised},
    limits::{LIST, charge},
    natives::{Answer, Call, guarded},
    values::{How, Word, text_in},
};
use crate::condition::fold;
use crate::diagnostic::{FaultKind, text};
use rhai::{Array, Dynamic, FuncRegistration, ImmutableString, Module};
use std::borrow::Cow;

type Str = ImmutableString;

/// The receiver: its text, and whether comparisons fold.
struct Said {
    text: String,
    folds: bool,
}

fn said(value: &Dynamic) -> Answer<Option<Said>> {
    if value.is_unit() {
        return Ok(None);
    }
    let folds = value.read_lock::<Word>().is_some_and(|w| matches!(w.how, How::Folded));
    match text_in(value) {
        Some(text) => Ok(Some(Said { text, folds })),
        None => Err(raised(raise(FaultKind::Type, text("this works on a text only", "只能用于文本")))),
    }
}

impl Said {
    fn compared<'s>(&self, s: &'s str) -> Cow<'s, str> {
        if self.folds { fold(s) } else { Cow::Borrowed(s) }
    }
    /// A part of it, which compares as the whole does.
    fn part(&self, s: &str) -> Dynamic {
        if self.folds { Dynamic::from(Word { text: s.into(), how: How::Folded }) } else { Dynamic::from(Str::from(s)) }
    }
}

fn on(ctx: &Call<'_>, value: &Dynamic, absent: Dynamic, work: impl FnOnce(&Said) -> Answer<Dynamic>) -> Answer<Dynamic> {
    guarded(ctx, 1, || match said(value)? {
        None => Ok(absent),
        Some(s) => {
            charge(ctx, s.text.len().div_ceil(16))?;
            work(&s)
        }
    })
}

fn list(ctx: &Call<'_>, parts: Vec<Dynamic>) -> Answer<Dynamic> {
    if parts.len() > LIST {
        return Err(raised(raise(FaultKind::Size, text("a list has too many elements", "列表的元素过多"))));
    }
    charge(ctx, parts.len())?;
    Ok(parts.into())
}

/// Letters that stand in words without blanks between them.
fn joined(c: char) -> bool {
    c.is_alphanumeric() && u32::from(c) < 0x2E80
}

/// Whether `word` stands in `text` with nothing of a word before or behind it. Scripts without blanks know no such borders.
fn has_word(text: &str, word: &str) -> bool {
    if word.is_empty() {
        return false;
    }
    let edge = |a: Option<char>, b: Option<char>| !(a.is_some_and(joined) && b.is_some_and(joined));
    text.match_indices(word).any(|(at, found)| {
        let before = text.get(..at).and_then(|s| s.chars().next_back());
        let behind = text.get(at.saturating_add(found.len())..).and_then(|s| s.chars().next());
        edge(before, word.chars().next()) && edge(word.chars().next_back(), behind)
    })
}

/// How many of these texts it contains: all looked at, or no further than needed.
fn contains(ctx: &Call<'_>, value: &Dynamic, needles: &Array, all: bool) -> Answer<Dynamic> {
    on(ctx, value, false.into(), |s| {
        let whole = s.compared(&s.text).into_owned();
        for needle in needles {
            charge(ctx, whole.len().div_ceil(16).saturating_add(1))?;
            let Some(needle) = text_in(needle) else {
                return Err(raised(raise(FaultKind::Type, text("a list of texts is needed here", "此处需要文本列表"))));
            };
            if whole.contains(&*s.compared(&needle)) != all {
                return Ok((!all).into());
            }
        }
        Ok(all.into())
    })
}

pub(super) fn add(m: &mut Module) {
    type C<'a> = Call<'a>;
    type D = Dynamic;
    let named = |name: &str| FuncRegistration::new(name).in_global_namespace();
    named("contains_any").set_into_module(m, |ctx: C<'_>, s: D, list: Array| contains(&ctx, &s, &list, false));
    named("contains_all").set_into_module(m, |ctx: C<'_>, s: D, list: Array| contains(&ctx, &s, &list, true));
    named("has_word").set_into_module(m, |ctx: C<'_>, s: D, word: D| {
        on(&ctx, &s, false.into(), |s| {
            let word = text_in(&word).unwrap_or_default();
            Ok(has_word(&s.compared(&s.text), &s.compared(&word)).into())
        })
    });
    named("is_blank").set_into_module(m, |ctx: C<'_>, s: D| on(&ctx, &s, true.into(), |s| Ok(s.text.trim().is_empty().into())));
    named("trimmed").set_into_module(m, |ctx: C<'_>, s: D| on(&ctx, &s, D::UNIT, |s| Ok(s.part(s.text.trim()))));
    named("first_line").set_into_module(m, |ctx: C<'_>, s: D| {
        on(&ctx, &s, D::UNIT, |s| Ok(s.part(s.text.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default())))
    });
    named("lines").set_into_module(m, |ctx: C<'_>, s: D| {
        on(&ctx, &s, Array::new().into(), |s| list(&ctx, s.text.lines().take(LIST.saturating_add(1)).map(|l| s.part(l)).collect()))
    });
    named("words").set_into_module(m, |ctx: C<'_>, s: D| {
        on(&ctx, &s, Array::new().into(), |s| {
            list(&ctx, s.text.split_whitespace().take(LIST.saturating_add(1)).map(|w| s.part(w)).collect())
        })
    });
    named("digits").set_into_module(m, |ctx: C<'_>, s: D| {
        on(&ctx, &s, D::UNIT, |s| Ok(Str::from(s.text.chars().filter(char::is_ascii_digit).collect::<String>()).into()))
    });
    for (name, behind) in [("before", false), ("after", true)] {
        named(name).set_into_module(m, move |ctx: C<'_>, s: D, mark: Str| {
            on(&ctx, &s, D::UNIT, |s| {
                let cut = s.text.split_once(mark.as_str());
                Ok(cut.map_or(D::UNIT, |(head, tail)| s.part(if behind { tail } else { head })))
            })
        });
    }
}
