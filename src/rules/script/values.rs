//! What scripts see of a ticket: values that compare exactly as native conditions do.
//!
//! A free text folds case and width (S88), a level compares by the schema's order, a decimal is exact, an absent value is `()`:
//! equal only to itself, never ordered, and all tests on it are false.

use super::{
    fault::{raise, raised},
    limits::TEXT,
    natives::{guarded, show},
};
use crate::calendar::Span;
use crate::condition::{Comparison, Kind, Path, Seen, View, fold};
use crate::diagnostic::{FaultKind, Text, text};
use crate::id::{UtcInstant, at_door};
use crate::ticket::{Decimal, Schema};
use rhai::{Array, Dynamic, EvalAltResult, FuncRegistration, ImmutableString, Module, NativeCallContext, Shared};
use std::{cmp::Ordering, sync::Arc};

type Str = ImmutableString;
type Call<'a> = NativeCallContext<'a>;
type Answer<T> = Result<T, Box<EvalAltResult>>;

/// How a text compares with another.
#[derive(Clone, Debug)]
pub(super) enum How {
    /// Free text: folded.
    Folded,
    /// A name: byte by byte.
    Exact,
    /// A level: by its place among these, lowest first.
    Ordered(Arc<[String]>),
}

/// A text, name or level of a ticket.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) text: Str,
    pub(super) how: How,
}

/// A decimal of a ticket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Amount(pub(super) Decimal);

/// An instant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment(pub(super) UtcInstant);

/// A span of wall time, in microseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lapse(pub(super) i64);

/// How to make the value of a path; worked out at load.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Word(How),
    Names,
    Plain,
}

impl Shape {
    pub(super) fn of(path: &Path, schema: &Schema) -> Self {
        let kind = match path.bare_kind(schema) {
            Kind::OneOf { ordered: true, .. } => path.kind(schema),
            kind => kind,
        };
        Self::of_kind(kind)
    }
    pub(super) fn of_kind(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Word(How::Folded),
            Kind::Name | Kind::Category(_) | Kind::OneOf { ordered: false, .. } => Self::Word(How::Exact),
            Kind::OneOf { names, ordered: true } => Self::Word(How::Ordered(names.into())),
            Kind::Names(_) => Self::Names,
            _ => Self::Plain,
        }
    }
    /// The value as scripts see it.
    pub(super) fn see(&self, path: &Path, view: &View<'_>) -> Dynamic {
        self.make(view.get(path))
    }
    /// A value as scripts see it.
    pub(super) fn make(&self, seen: Seen<'_>) -> Dynamic {
        match (seen, self) {
            // A set is never absent.
            (Seen::Absent, Self::Names) => Dynamic::from(Array::new()),
            (Seen::Absent, _) => Dynamic::UNIT,
            (Seen::Text(s), Self::Word(how)) => Dynamic::from(Word { text: (&*s).into(), how: how.clone() }),
            (Seen::Text(s), _) => Dynamic::from(Word { text: (&*s).into(), how: How::Exact }),
            (Seen::Integer(n), _) => n.into(),
            (Seen::Decimal(d), _) => Dynamic::from(Amount(d)),
            (Seen::Boolean(b), _) => b.into(),
            (Seen::Instant(t), _) => Dynamic::from(Moment(t)),
            (Seen::Duration(d), _) => Dynamic::from(Lapse(d)),
            (Seen::Names(n), _) => n.into_iter().map(|s| Dynamic::from(Str::from(s))).collect::<Array>().into(),
        }
    }
}

/// A number written in a script as the decimal it was meant as: the shortest one that reads back as the same number.
pub(super) fn decimal_of(f: f64) -> Option<Decimal> {
    if f.is_finite() { f.to_string().parse().ok() } else { None }
}

/// A text as an instant.
pub(super) fn instant_of(s: &str) -> Option<UtcInstant> {
    s.parse::<UtcInstant>().ok().map(at_door)
}

/// A text as a span of wall time, in microseconds.
pub(super) fn lapse_of(s: &str) -> Option<i64> {
    match s.parse() {
        Ok(Span::Wall(d)) => d.num_microseconds(),
        _ => None,
    }
}

fn wrong<T>(message: Text) -> Answer<T> {
    Err(raised(raise(FaultKind::Type, message)))
}

fn holds(c: Comparison, o: Option<Ordering>) -> bool {
    match (c, o) {
        (Comparison::Is, Some(o)) => o.is_eq(),
        (Comparison::IsNot, o) => o.is_none_or(Ordering::is_ne),
        (Comparison::Below, Some(o)) => o.is_lt(),
        (Comparison::AtMost, Some(o)) => o.is_le(),
        (Comparison::Above, Some(o)) => o.is_gt(),
        (Comparison::AtLeast, Some(o)) => o.is_ge(),
        (_, None) => false,
    }
}

const COMPARISONS: [Comparison; 6] =
    [Comparison::Is, Comparison::IsNot, Comparison::Below, Comparison::AtMost, Comparison::Above, Comparison::AtLeast];

fn orders(c: Comparison) -> bool {
    !matches!(c, Comparison::Is | Comparison::IsNot)
}

/// The comparison with its sides exchanged.
pub(super) fn turned(c: Comparison) -> Comparison {
    match c {
        Comparison::Below => Comparison::Above,
        Comparison::AtMost => Comparison::AtLeast,
        Comparison::Above => Comparison::Below,
        Comparison::AtLeast => Comparison::AtMost,
        same => same,
    }
}

/// A word against a text of the script.
fn word_text(a: &Word, c: Comparison, b: &str) -> Answer<bool> {
    let no_order = || {
        let said = a.text.as_str();
        wrong(text(
            format!("`{said}` has no order, so it is neither above nor below `{b}`"),
            format!("`{said}` 没有顺序，不能与 `{b}` 比较大小"),
        ))
    };
    match &a.how {
        How::Folded if !orders(c) => Ok(holds(c, Some(fold(&a.text).cmp(&fold(b))))),
        How::Exact if !orders(c) => Ok(holds(c, Some(a.text.as_str().cmp(b)))),
        How::Ordered(names) => {
            let rank = |s: &str| names.iter().position(|n| n == s);
            let Some(right) = rank(b) else {
                let all = names.join(", ");
                return wrong(text(format!("`{b}` is not one of {all}"), format!("`{b}` 不在列表中：{all}")));
            };
            Ok(holds(c, rank(&a.text).map(|left| left.cmp(&right))))
        }
        _ => no_order(),
    }
}

fn word_word(a: &Word, c: Comparison, b: &Word) -> Answer<bool> {
    if orders(c) {
        return wrong(text("two names have no order between them", "两个名称之间没有顺序"));
    }
    Ok(holds(c, Some(a.text.as_str().cmp(b.text.as_str()))))
}

fn named(name: &str) -> FuncRegistration {
    FuncRegistration::new(name).in_global_namespace()
}

/// The functions on these values.
pub(super) fn add(m: &mut Module) {
    m.set_custom_type::<Word>("text");
    m.set_custom_type::<Amount>("decimal");
    m.set_custom_type::<Moment>("instant");
    m.set_custom_type::<Lapse>("duration");
    for c in COMPARISONS {
        let sign = || named(c.sign());
        let t = turned(c);
        sign().set_into_module(m, move |ctx: Call<'_>, a: Word, b: Str| guarded(&ctx, 1, || word_text(&a, c, &b)));
        sign().set_into_module(m, move |ctx: Call<'_>, a: Str, b: Word| guarded(&ctx, 1, || word_text(&b, t, &a)));
        sign().set_into_module(m, move |ctx: Call<'_>, a: Word, b: Word| guarded(&ctx, 1, || word_word(&a, c, &b)));
        sign().set_into_module(m, move |a: Amount, b: Amount| holds(c, Some(a.0.cmp(&b.0))));
        sign().set_into_module(m, move |a: Amount, b: i64| holds(c, Some(a.0.cmp(&Decimal::from(b)))));
        sign().set_into_module(m, move |a: i64, b: Amount| holds(c, Some(Decimal::from(a).cmp(&b.0))));
        sign().set_into_module(m, move |a: Amount, b: f64| holds(c, decimal_of(b).map(|b| a.0.cmp(&b))));
        sign().set_into_module(m, move |a: f64, b: Amount| holds(c, decimal_of(a).map(|a| a.cmp(&b.0))));
        sign().set_into_module(m, move |a: Amount, b: Str| holds(c, b.parse().ok().map(|b| a.0.cmp(&b))));
        sign().set_into_module(m, move |a: Str, b: Amount| holds(c, a.parse::<Decimal>().ok().map(|a| a.cmp(&b.0))));
        sign().set_into_module(m, move |a: Moment, b: Moment| holds(c, Some(a.0.cmp(&b.0))));
        sign().set_into_module(m, move |a: Moment, b: Str| holds(c, instant_of(&b).map(|b| a.0.cmp(&b))));
        sign().set_into_module(m, move |a: Str, b: Moment| holds(c, instant_of(&a).map(|a| a.cmp(&b.0))));
        sign().set_into_module(m, move |a: Lapse, b: Lapse| holds(c, Some(a.0.cmp(&b.0))));
        sign().set_into_module(m, move |a: Lapse, b: Str| holds(c, lapse_of(&b).map(|b| a.0.cmp(&b))));
        sign().set_into_module(m, move |a: Str, b: Lapse| holds(c, lapse_of(&a).map(|a| a.cmp(&b.0))));
    }
    words(m);
    absent(m);
    arithmetic(m);
}

type Test = fn(&str, &str) -> bool;

fn tests() -> [(&'static str, Test); 3] {
    [("contains", |s, n| s.contains(n)), ("starts_with", |s, n| s.starts_with(n)), ("ends_with", |s, n| s.ends_with(n))]
}

/// A text made by a script, if it is not too long for one.
fn fits(s: String) -> Answer<Str> {
    if s.len() > TEXT {
        return Err(raised(raise(FaultKind::Size, text("a text is too long", "文本过长"))));
    }
    Ok(s.into())
}

fn joined(ctx: &Call<'_>, a: &str, b: &str) -> Answer<Str> {
    guarded(ctx, a.len().saturating_add(b.len()).div_ceil(16), || fits([a, b].concat()))
}

fn words(m: &mut Module) {
    for (name, test) in tests() {
        named(name).set_into_module(m, move |ctx: Call<'_>, a: &mut Word, b: Str| {
            guarded(&ctx, a.text.len().div_ceil(16), || Ok(test(&fold(&a.text), &fold(&b))))
        });
        named(name).set_into_module(m, move |ctx: Call<'_>, a: &mut Word, b: Word| {
            guarded(&ctx, a.text.len().div_ceil(16), || Ok(test(&fold(&a.text), &fold(&b.text))))
        });
    }
    named("within").set_into_module(m, |a: &mut Word, node: Str| within(&a.text, &node));
    named("is_empty").set_into_module(m, |a: &mut Word| a.text.is_empty());
    named("len").set_into_module(m, |a: &mut Word| i64::try_from(a.text.chars().count()).unwrap_or(i64::MAX));
    named("to_string").set_into_module(m, |a: &mut Word| a.text.clone());
    named("to_string").set_into_module(m, |a: &mut Amount| Str::from(a.0.to_string()));
    named("to_string").set_into_module(m, |a: &mut Moment| Str::from(rendered(a.0)));
    named("to_string").set_into_module(m, |a: &mut Lapse| Str::from(spoken(a.0)));
    named("to_lower")
        .set_into_module(m, |ctx: Call<'_>, a: &mut Word| guarded(&ctx, a.text.len().div_ceil(16), || fits(a.text.to_lowercase())));
    named("to_upper")
        .set_into_module(m, |ctx: Call<'_>, a: &mut Word| guarded(&ctx, a.text.len().div_ceil(16), || fits(a.text.to_uppercase())));
    named("+").set_into_module(m, |ctx: Call<'_>, a: Word, b: Str| joined(&ctx, &a.text, &b));
    named("+").set_into_module(m, |ctx: Call<'_>, a: Str, b: Word| joined(&ctx, &a, &b.text));
    named("+").set_into_module(m, |ctx: Call<'_>, a: Word, b: Word| joined(&ctx, &a.text, &b.text));
    named("+=").set_into_module(m, |ctx: Call<'_>, a: &mut Str, b: Word| joined(&ctx, a, &b.text).map(|n| *a = n));
    // A list holds a word if it holds an equal text.
    named("contains").set_into_module(m, |ctx: Call<'_>, list: &mut Array, w: Word| {
        guarded(&ctx, list.len(), || {
            for item in list.iter() {
                let same = if let Some(s) = item.read_lock::<Str>() {
                    match &w.how {
                        // Names outside the scale are unequal here, as they are to `==` at load.
                        How::Ordered(_) => w.text == *s,
                        _ => word_text(&w, Comparison::Is, &s)?,
                    }
                } else if let Some(x) = item.read_lock::<Word>() {
                    x.text == w.text
                } else {
                    false
                };
                if same {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    });
}

/// What is not there passes no test.
fn absent(m: &mut Module) {
    for (name, _) in tests() {
        named(name).set_into_module(m, |(): (), _: Str| false);
        named(name).set_into_module(m, |(): (), _: Word| false);
    }
    for (name, _) in tests() {
        named(name).set_into_module(m, |_: &mut Word, (): ()| false);
    }
    named("within").set_into_module(m, |(): (), _: Str| false);
    named("is_empty").set_into_module(m, |(): ()| true);
}

fn overflow<T>(value: Option<T>) -> Answer<T> {
    value.ok_or_else(|| raised(raise(FaultKind::Arithmetic, text("the number is too large", "数值过大"))))
}

fn add_decimals(a: Decimal, b: Decimal, minus: bool) -> Option<Decimal> {
    let scale = a.scale().max(b.scale());
    let (x, y) = (a.rescaled(scale)?.units(), b.rescaled(scale)?.units());
    let units = if minus { x.checked_sub(y)? } else { x.checked_add(y)? };
    Some(Decimal::new(units, scale))
}

fn arithmetic(m: &mut Module) {
    for (sign, minus) in [("+", false), ("-", true)] {
        named(sign).set_into_module(m, move |a: Amount, b: Amount| overflow(add_decimals(a.0, b.0, minus)).map(Amount));
        named(sign).set_into_module(m, move |a: Amount, b: i64| overflow(add_decimals(a.0, Decimal::from(b), minus)).map(Amount));
        named(sign).set_into_module(m, move |a: i64, b: Amount| overflow(add_decimals(Decimal::from(a), b.0, minus)).map(Amount));
        named(sign).set_into_module(m, move |a: Moment, b: Str| {
            let by = lapse_of(&b).and_then(|us| if minus { us.checked_neg() } else { Some(us) }).map(chrono::TimeDelta::microseconds);
            overflow(by.and_then(|d| a.0.checked_add_signed(d))).map(Moment)
        });
        named(sign).set_into_module(m, move |a: Lapse, b: Lapse| {
            overflow(if minus { a.0.checked_sub(b.0) } else { a.0.checked_add(b.0) }).map(Lapse)
        });
    }
    named("-").set_into_module(m, |a: Moment, b: Moment| overflow(a.0.signed_duration_since(b.0).num_microseconds()).map(Lapse));
    let times = |a: Decimal, n: i64| a.units().checked_mul(n).map(|u| Decimal::new(u, a.scale()));
    named("*").set_into_module(m, move |a: Amount, n: i64| overflow(times(a.0, n)).map(Amount));
    named("*").set_into_module(m, move |n: i64, a: Amount| overflow(times(a.0, n)).map(Amount));
}

fn within(path: &str, node: &str) -> bool {
    path.strip_prefix(node).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn rendered(t: UtcInstant) -> String {
    t.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

fn spoken(us: i64) -> String {
    format!("{}s", us.checked_div(1_000_000).unwrap_or(0))
}

/// A value as text for notes, reasons and names.
pub(super) fn as_text(value: &Dynamic) -> String {
    show(value)
}

/// One of these values as text, a word in quotes where it stands in a list; none if it is no such value.
pub(super) fn shown(value: &Dynamic, quoted: bool) -> Option<String> {
    if let Some(w) = value.read_lock::<Word>() {
        Some(if quoted { format!("{:?}", w.text.as_str()) } else { w.text.to_string() })
    } else if let Some(a) = value.read_lock::<Amount>() {
        Some(a.0.to_string())
    } else if let Some(t) = value.read_lock::<Moment>() {
        Some(rendered(t.0))
    } else {
        value.read_lock::<Lapse>().map(|d| spoken(d.0))
    }
}

/// A value that is a text.
pub(super) fn text_in(value: &Dynamic) -> Option<String> {
    if let Some(w) = value.read_lock::<Word>() {
        return Some(w.text.to_string());
    }
    value.read_lock::<Str>().map(|s| s.to_string())
}

/// A value of a script as conditions see it; none if they have no such value.
pub(super) fn seen_in(value: &Dynamic) -> Option<Seen<'static>> {
    if value.is_unit() {
        return Some(Seen::Absent);
    }
    if let Some(s) = text_in(value) {
        return Some(Seen::Text(s.into()));
    }
    if let Ok(n) = value.as_int() {
        return Some(Seen::Integer(n));
    }
    if let Ok(b) = value.as_bool() {
        return Some(Seen::Boolean(b));
    }
    if let Some(d) = value.as_float().ok().and_then(decimal_of) {
        return Some(Seen::Decimal(d));
    }
    if let Some(a) = value.read_lock::<Amount>() {
        return Some(Seen::Decimal(a.0));
    }
    if let Some(t) = value.read_lock::<Moment>() {
        return Some(Seen::Instant(t.0));
    }
    value.read_lock::<Lapse>().map(|d| Seen::Duration(d.0))
}

/// The module of these values and of the ticket itself.
pub(super) fn host() -> Shared<Module> {
    static HOST: std::sync::LazyLock<Shared<Module>> = std::sync::LazyLock::new(|| {
        let mut m = Module::new();
        m.set_id("ticketry-ticket");
        add(&mut m);
        super::phrases::add(&mut m);
        super::node::add(&mut m);
        m.into()
    });
    HOST.clone()
}
