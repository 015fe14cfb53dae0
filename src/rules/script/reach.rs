//! What scripts reach besides the ticket: look-up tables, business time, functions of the host's. All pure, each call charged.

use super::{
    fault::{raise, raised},
    limits::{LIST, TEXT, charge},
    natives::{Answer, Call, guarded},
    values::{Amount, Lapse, Moment, Shape, instant_of, lapse_of, seen_in, text_in},
};
use crate::calendar::{Calendar, DayCount, Span};
use crate::condition::{Column, Key, Kind, Question, Seen};
use crate::diagnostic::{FaultKind, RuleFault, Text, did_you_mean, text};
use crate::id::{CalendarName, LevelName, UtcInstant};
use crate::rules::{Function, Resources, ValueKind};
use crate::ticket::{Decimal, Value};
use chrono::{Datelike as _, Timelike as _};
use rhai::{Array, Dynamic, FuncRegistration, ImmutableString, Module, Shared};
use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, LazyLock},
};

/// Steps for one question to a calendar.
const ASKED: usize = 10;

/// A function of business time: its word, how many instants it takes, what it answers.
pub(super) struct Business {
    pub(super) word: &'static str,
    pub(super) instants: usize,
    work: fn(&Calendar, &[UtcInstant]) -> Option<Dynamic>,
}

/// The functions that take instants, and behind them the name of a calendar if another than the playbook's default one is meant. An absent instant gives `()`.
pub(super) const BUSINESS: [Business; 11] = [
    Business { word: "open_time", instants: 2, work: |c, t| two(t, |a, b| span(c, a, b)) },
    Business { word: "workdays", instants: 2, work: |c, t| two(t, |a, b| Some(c.days_between(a, b, DayCount::AfterStart).into())) },
    Business { word: "next_open", instants: 1, work: |c, t| one(t, |t| c.next_open(t).map(|t| Dynamic::from(Moment(t)))) },
    Business { word: "next_close", instants: 1, work: |c, t| one(t, |t| c.next_close(t).map(|t| Dynamic::from(Moment(t)))) },
    Business { word: "year", instants: 1, work: |c, t| one(t, |t| Some(i64::from(c.local(t).0.year()).into())) },
    Business { word: "month", instants: 1, work: |c, t| one(t, |t| Some(i64::from(c.local(t).0.month()).into())) },
    Business { word: "day", instants: 1, work: |c, t| one(t, |t| Some(i64::from(c.local(t).0.day()).into())) },
    Business { word: "hour", instants: 1, work: |c, t| one(t, |t| Some(i64::from(c.local(t).0.hour()).into())) },
    Business { word: "minute", instants: 1, work: |c, t| one(t, |t| Some(i64::from(c.local(t).0.minute()).into())) },
    Business { word: "weekday", instants: 1, work: |c, t| one(t, |t| Some(c.local(t).0.weekday().to_string().to_lowercase().into())) },
    Business { word: "date", instants: 1, work: |c, t| one(t, |t| Some(c.local(t).0.format("%Y-%m-%d").to_string().into())) },
];

fn one(t: &[UtcInstant], work: impl FnOnce(UtcInstant) -> Option<Dynamic>) -> Option<Dynamic> {
    work(*t.first()?)
}

fn two(t: &[UtcInstant], work: impl FnOnce(UtcInstant, UtcInstant) -> Option<Dynamic>) -> Option<Dynamic> {
    let [a, b] = t else { return None };
    work(*a, *b)
}

/// Open time between two instants, negative where the second comes first.
fn span(c: &Calendar, a: UtcInstant, b: UtcInstant) -> Option<Dynamic> {
    let us = if a <= b { c.elapsed(a, b).num_microseconds()? } else { c.elapsed(b, a).num_microseconds()?.checked_neg()? };
    Some(Dynamic::from(Lapse(us)))
}

/// The names of all functions here but the host's, which scripts cannot use for theirs.
pub(super) fn names() -> &'static BTreeSet<&'static str> {
    static NAMES: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
        let asked = Question::ALL.iter().map(|(w, _)| *w);
        BUSINESS.iter().map(|b| b.word).chain(asked).chain(["lookup", "add_time"]).collect()
    });
    &NAMES
}

/// Tables, calendars and functions, ready for scripts.
pub(super) struct Reach {
    pub(super) resources: Arc<Resources>,
    module: Shared<Module>,
}

impl fmt::Debug for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.resources.fmt(f)
    }
}

impl Reach {
    pub(super) fn new(resources: &Arc<Resources>) -> Self {
        let mut m = Module::new();
        m.set_id("ticketry-reach");
        lookups(&mut m, resources);
        business(&mut m, resources);
        for f in resources.functions.iter() {
            function(&mut m, f);
        }
        Self { resources: resources.clone(), module: m.into() }
    }
    /// Nothing to reach.
    pub(super) fn none() -> &'static Arc<Self> {
        static NONE: LazyLock<Arc<Reach>> = LazyLock::new(|| Arc::new(Reach::new(&Arc::default())));
        &NONE
    }
    /// Its functions, but for those that mean now.
    pub(super) fn module(&self) -> Shared<Module> {
        self.module.clone()
    }
    /// Its functions for one run: questions to a calendar that name no instant mean now.
    pub(super) fn modules(&self, now: UtcInstant) -> [Shared<Module>; 2] {
        let mut m = Module::new();
        for (word, question) in Question::ALL {
            let r = self.resources.clone();
            named(word).set_into_module(&mut m, move |ctx: Call<'_>| ask(&ctx, &r, question, None, &Dynamic::from(Moment(now))));
            let r = self.resources.clone();
            named(word).set_into_module(&mut m, move |ctx: Call<'_>, calendar: Dynamic| {
                ask(&ctx, &r, question, Some(&calendar), &Dynamic::from(Moment(now)))
            });
        }
        [self.module.clone(), m.into()]
    }
}

fn named(name: &str) -> FuncRegistration {
    FuncRegistration::new(name).in_global_namespace()
}

fn fault<T>(kind: FaultKind, message: Text, help: Option<Text>) -> Answer<T> {
    Err(raised(raise(kind, message).maybe_help(help)))
}

/// What kind of value this is, in both languages.
fn what(value: &Dynamic) -> (&'static str, &'static str) {
    match seen_in(value) {
        Some(Seen::Absent) => ("nothing", "空值"),
        Some(Seen::Text(_)) => ("a text", "文本"),
        Some(Seen::Integer(_) | Seen::Decimal(_)) => ("a number", "数字"),
        Some(Seen::Boolean(_)) => ("true or false", "布尔值"),
        Some(Seen::Instant(_)) => ("an instant", "时刻"),
        Some(Seen::Duration(_)) => ("a duration", "时长"),
        Some(Seen::Names(_)) | None if value.is_array() => ("a list", "列表"),
        _ => ("a value of another kind", "其他类型的值"),
    }
}

// -- tables ----------------------------------------------------------------------------------------

fn lookups(m: &mut Module, resources: &Arc<Resources>) {
    type D = Dynamic;
    type S = ImmutableString;
    let r = resources.clone();
    named("lookup").set_into_module(m, move |ctx: Call<'_>, name: S, a: D| lookup(&ctx, &r, &name, &[a]));
    let r = resources.clone();
    named("lookup").set_into_module(m, move |ctx: Call<'_>, name: S, a: D, b: D| lookup(&ctx, &r, &name, &[a, b]));
    let r = resources.clone();
    named("lookup").set_into_module(m, move |ctx: Call<'_>, name: S, a: D, b: D, c: D| lookup(&ctx, &r, &name, &[a, b, c]));
    let r = resources.clone();
    named("lookup").set_into_module(m, move |ctx: Call<'_>, name: S, a: D, b: D, c: D, d: D| lookup(&ctx, &r, &name, &[a, b, c, d]));
}

fn lookup(ctx: &Call<'_>, resources: &Resources, name: &str, keys: &[Dynamic]) -> Answer<Dynamic> {
    guarded(ctx, keys.len(), || {
        // The load has seen the name; only one of a script that is tried out gets here unknown.
        let (table, at) = match resources.tables.answering(name) {
            Ok(found) => found,
            Err(unknown) => return fault(FaultKind::UnknownName, unknown.message, unknown.help),
        };
        if table.keys().len() != keys.len() {
            let (want, have) = (table.keys().len(), keys.len());
            let message =
                text(format!("`{name}` is asked by {want} values, not {have}"), format!("`{name}` 需要 {want} 个值，而不是 {have}"));
            return fault(FaultKind::Type, message, None);
        }
        let mut asked = Vec::with_capacity(keys.len());
        for (column, value) in table.keys().iter().zip(keys) {
            asked.push(key(column, value)?);
        }
        let (row, looked) = table.row(&asked);
        charge(ctx, looked)?;
        let kind = table.values().get(at).map_or(Kind::Name, |c| c.kind.clone());
        Ok(Shape::of_kind(kind).make(table.value(row, at)))
    })
}

fn key(column: &Column, value: &Dynamic) -> Answer<Option<Key<'static>>> {
    let seen = seen_in(value);
    let fits = matches!(
        (&column.kind, &seen),
        (_, Some(Seen::Absent))
            | (Kind::Text | Kind::Name | Kind::OneOf { .. } | Kind::Category(_), Some(Seen::Text(_)))
            | (Kind::Integer, Some(Seen::Integer(_) | Seen::Decimal(_)))
            | (Kind::Boolean, Some(Seen::Boolean(_)))
    );
    match seen.filter(|_| fits) {
        Some(seen) => Ok(column.key(&seen)),
        None => {
            let ((en, zh), name, kind) = (what(value), &column.name, column.kind.word());
            let message =
                text(format!("the column `{name}` is of kind {kind}, this is {en}"), format!("列 `{name}` 的类型是 {kind}，实际为{zh}"));
            fault(FaultKind::Type, message, None)
        }
    }
}

// -- business time ---------------------------------------------------------------------------------

fn calendar<'r>(resources: &'r Resources, named: Option<&Dynamic>) -> Result<&'r Calendar, RuleFault> {
    let Some(all) = &resources.calendars else {
        return Err(raise(FaultKind::UnknownName, text("there is no calendar here", "此处没有日历")));
    };
    let Some(named) = named else { return Ok(all.default_calendar()) };
    let Some(name) = text_in(named) else {
        let (en, zh) = what(named);
        return Err(raise(
            FaultKind::Type,
            text(format!("a calendar is named by a text, this is {en}"), format!("日历名应为文本，实际为{zh}")),
        ));
    };
    all.get(&CalendarName::new(&name)).ok_or_else(|| {
        raise(FaultKind::UnknownName, text(format!("there is no calendar `{name}`"), format!("没有日历 `{name}`")))
            .maybe_help(did_you_mean(&name, all.names()))
    })
}

/// The instant of a value; none if it is absent.
fn moment(value: &Dynamic) -> Answer<Option<UtcInstant>> {
    match seen_in(value) {
        Some(Seen::Absent) => Ok(None),
        Some(Seen::Instant(t)) => Ok(Some(t)),
        Some(Seen::Text(s)) if instant_of(&s).is_some() => Ok(instant_of(&s)),
        _ => {
            let (en, zh) = what(value);
            fault(FaultKind::Type, text(format!("an instant is needed here, this is {en}"), format!("此处需要时刻，实际为{zh}")), None)
        }
    }
}

fn ask(ctx: &Call<'_>, r: &Resources, question: Question, named: Option<&Dynamic>, at: &Dynamic) -> Answer<Dynamic> {
    guarded(ctx, ASKED, || {
        let calendar = calendar(r, named).map_err(raised)?;
        Ok(moment(at)?.map_or(Dynamic::UNIT, |t| question.answer(calendar, t).into()))
    })
}

fn work(ctx: &Call<'_>, r: &Resources, b: &Business, instants: &[Dynamic], named: Option<&Dynamic>) -> Answer<Dynamic> {
    guarded(ctx, ASKED, || {
        let calendar = calendar(r, named).map_err(raised)?;
        let mut at = Vec::with_capacity(instants.len());
        for v in instants {
            match moment(v)? {
                Some(t) => at.push(t),
                None => return Ok(Dynamic::UNIT),
            }
        }
        Ok((b.work)(calendar, &at).unwrap_or(Dynamic::UNIT))
    })
}

/// `from` and so long after it.
fn later(ctx: &Call<'_>, r: &Resources, from: &Dynamic, by: &Dynamic, named: Option<&Dynamic>) -> Answer<Dynamic> {
    guarded(ctx, ASKED, || {
        let calendar = calendar(r, named).map_err(raised)?;
        let spoken = text_in(by);
        let span = match (seen_in(by), &spoken) {
            (Some(Seen::Duration(us)), _) => Some(Span::Wall(chrono::TimeDelta::microseconds(us))),
            (_, Some(s)) => s.parse::<Span>().ok(),
            _ => None,
        };
        let Some(span) = span else {
            let said = spoken.unwrap_or_default();
            let message = text(format!("`{said}` is no span of time"), format!("`{said}` 不是时长"));
            return fault(
                FaultKind::Type,
                message,
                Some(text("write it like \"90m\", \"4bh\" or \"2bd\"", "请写成 \"90m\"、\"4bh\" 或 \"2bd\"")),
            );
        };
        let Some(t) = moment(from)? else { return Ok(Dynamic::UNIT) };
        Ok(calendar.due(t, span).map_or(Dynamic::UNIT, |t| Dynamic::from(Moment(crate::id::at_door(t)))))
    })
}

fn business(m: &mut Module, resources: &Arc<Resources>) {
    type D = Dynamic;
    for (word, question) in Question::ALL {
        let r = resources.clone();
        named(word).set_into_module(m, move |ctx: Call<'_>, c: D, at: D| ask(&ctx, &r, question, Some(&c), &at));
    }
    for b in &BUSINESS {
        let r = resources.clone();
        if b.instants == 1 {
            named(b.word).set_into_module(m, move |ctx: Call<'_>, t: D| work(&ctx, &r, b, &[t], None));
            let r = resources.clone();
            named(b.word).set_into_module(m, move |ctx: Call<'_>, t: D, c: D| work(&ctx, &r, b, &[t], Some(&c)));
        } else {
            named(b.word).set_into_module(m, move |ctx: Call<'_>, t: D, u: D| work(&ctx, &r, b, &[t, u], None));
            let r = resources.clone();
            named(b.word).set_into_module(m, move |ctx: Call<'_>, t: D, u: D, c: D| work(&ctx, &r, b, &[t, u], Some(&c)));
        }
    }
    let r = resources.clone();
    named("add_time").set_into_module(m, move |ctx: Call<'_>, t: D, by: D| later(&ctx, &r, &t, &by, None));
    let r = resources.clone();
    named("add_time").set_into_module(m, move |ctx: Call<'_>, t: D, by: D, c: D| later(&ctx, &r, &t, &by, Some(&c)));
}

// -- functions of the host's -------------------------------------------------------------------------

fn function(m: &mut Module, f: &Function) {
    type D = Dynamic;
    let g = f.clone();
    let r = named(f.name());
    match f.takes().len() {
        0 => r.set_into_module(m, move |ctx: Call<'_>| host(&ctx, &g, &[])),
        1 => r.set_into_module(m, move |ctx: Call<'_>, a: D| host(&ctx, &g, &[a])),
        2 => r.set_into_module(m, move |ctx: Call<'_>, a: D, b: D| host(&ctx, &g, &[a, b])),
        3 => r.set_into_module(m, move |ctx: Call<'_>, a: D, b: D, c: D| host(&ctx, &g, &[a, b, c])),
        4 => r.set_into_module(m, move |ctx: Call<'_>, a: D, b: D, c: D, d: D| host(&ctx, &g, &[a, b, c, d])),
        5 => r.set_into_module(m, move |ctx: Call<'_>, a: D, b: D, c: D, d: D, e: D| host(&ctx, &g, &[a, b, c, d, e])),
        // More are refused when functions are checked.
        _ => r.set_into_module(m, move |ctx: Call<'_>, a: D, b: D, c: D, d: D, e: D, f: D| host(&ctx, &g, &[a, b, c, d, e, f])),
    };
}

fn host(ctx: &Call<'_>, f: &Function, args: &[Dynamic]) -> Answer<Dynamic> {
    guarded(ctx, f.steps(), || {
        let mut given = Vec::with_capacity(args.len());
        for (kind, value) in f.takes().iter().zip(args) {
            match value_of(*kind, value) {
                Ok(v) => given.push(v),
                Err(()) => {
                    let ((en, zh), name, n) = (what(value), f.name(), given.len().saturating_add(1));
                    let message = text(
                        format!("`{name}` takes a value of kind {} as number {n}, this is {en}", kind.word()),
                        format!("`{name}` 的第 {n} 个参数应为 {}，实际为{zh}", kind.word()),
                    );
                    return fault(FaultKind::Type, message, None);
                }
            }
        }
        match f.call(&given) {
            Ok(None) => Ok(Dynamic::UNIT),
            Ok(Some(value)) if f.gives().holds(&value) => shown(f, value),
            Ok(Some(_)) => {
                let (name, kind) = (f.name(), f.gives().word());
                let message = text(
                    format!("`{name}` is to give a value of kind {kind} and gave another: this is a bug of the program"),
                    format!("`{name}` 应返回 {kind}，实际返回了其他值：这是程序的缺陷"),
                );
                fault(FaultKind::HostFunction, message, None)
            }
            Err(said) => {
                let name = f.name();
                fault(FaultKind::Other, text(format!("`{name}`: {}", said.en), format!("`{name}`：{}", said.zh)), None)
            }
        }
    })
}

/// A value of a script as one of this kind; `None` if it is absent.
pub(super) fn value_of(kind: ValueKind, value: &Dynamic) -> Result<Option<Value>, ()> {
    let whole = |n: i64| Value::Decimal(Decimal::from(n));
    Ok(Some(match (kind, seen_in(value)) {
        (_, Some(Seen::Absent)) => return Ok(None),
        (ValueKind::Text, Some(Seen::Text(s))) => Value::text(&*s),
        (ValueKind::Integer, Some(Seen::Integer(n))) => Value::Integer(n),
        (ValueKind::Decimal, Some(Seen::Decimal(d))) => Value::Decimal(d),
        (ValueKind::Decimal, Some(Seen::Integer(n))) => whole(n),
        (ValueKind::Boolean, Some(Seen::Boolean(b))) => Value::Boolean(b),
        (ValueKind::Instant, Some(Seen::Instant(t))) => Value::Instant(t),
        (ValueKind::Instant, Some(Seen::Text(s))) => Value::Instant(instant_of(&s).ok_or(())?),
        (ValueKind::Duration, Some(Seen::Duration(d))) => Value::Duration(d),
        (ValueKind::Duration, Some(Seen::Text(s))) => Value::Duration(lapse_of(&s).ok_or(())?),
        (ValueKind::Names, None) => {
            let list = value.read_lock::<Array>().ok_or(())?;
            Value::Choices(list.iter().map(|v| text_in(v).map(LevelName::new)).collect::<Option<_>>().ok_or(())?)
        }
        _ => return Err(()),
    }))
}

fn shown(f: &Function, value: Value) -> Answer<Dynamic> {
    let too_large = || {
        let name = f.name();
        fault(FaultKind::Size, text(format!("`{name}` gave more than a script can hold"), format!("`{name}` 返回的值过大")), None)
    };
    let of_text = |s: &str| if s.len() > TEXT { too_large() } else { Ok(Dynamic::from(ImmutableString::from(s))) };
    match value {
        Value::Text(s) => of_text(&s),
        Value::Choice(c) => of_text(c.as_str()),
        Value::Reference(r) => of_text(r.as_str()),
        Value::Integer(n) if f.gives() == ValueKind::Decimal => Ok(Dynamic::from(Amount(Decimal::from(n)))),
        Value::Integer(n) => Ok(n.into()),
        Value::Decimal(d) => Ok(Dynamic::from(Amount(d))),
        Value::Boolean(b) => Ok(b.into()),
        Value::Instant(t) => Ok(Dynamic::from(Moment(crate::id::at_door(t)))),
        Value::Duration(d) => Ok(Dynamic::from(Lapse(d))),
        Value::Choices(names) => {
            if names.len() > LIST {
                return too_large();
            }
            names.iter().map(|n| of_text(n.as_str())).collect::<Answer<Array>>().map(Into::into)
        }
    }
}
