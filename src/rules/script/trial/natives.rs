//! The words of tests as scripts find them: the desk, its tickets, what it answers, and the assertions.

use super::super::{
    fault::{raise, raised},
    natives::{guarded, same},
    values::{Amount, Lapse, Moment, Shape, Word, as_text},
};
use super::host::{TestFault, TestHost, TestValue, TestWord};
use crate::condition::{Path, Root, View};
use crate::diagnostic::{Diagnostic, FaultKind, Place, Text, did_you_mean, text};
use crate::id::TicketId;
use crate::ticket::Schema;
use rhai::{Array, Dynamic, EvalAltResult, FnPtr, FuncRegistration, ImmutableString, Map, Module, NativeCallContext, Shared};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

type Call<'a> = NativeCallContext<'a>;
type Answer<T> = Result<T, Box<EvalAltResult>>;

/// Steps charged for one step of the desk, which runs rules and timers with budgets of their own.
const STEP: usize = 20;
/// Most values a failing assertion shows as read before it.
const SHOWN: usize = 8;

/// One run of a test.
pub(super) struct Run {
    pub(super) host: Arc<dyn TestHost>,
    pub(super) schema: Arc<Schema>,
    pub(super) state: Mutex<State>,
}

/// What a run remembers.
#[derive(Default)]
pub(super) struct State {
    /// What was read since the last assertion: whose, what, the value.
    pub(super) reads: Vec<(TicketId, String, String)>,
    /// The ticket last touched.
    pub(super) last: Option<TicketId>,
    /// The assertion that failed; sticky, whatever the script catches.
    pub(super) failed: Option<Diagnostic>,
    /// The codes of the step that was refused last.
    refused: Option<Vec<String>>,
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Run {
    pub(super) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn step(self: &Arc<Self>, by: Option<&str>, word: &str, args: Vec<TestValue>) -> Answer<Dynamic> {
        let touched = args.iter().find_map(|v| if let TestValue::Ticket(id) = v { Some(*id) } else { None });
        match self.host.step(by, word, &args) {
            Ok(value) => {
                let made = if let TestValue::Ticket(id) = value { Some(id) } else { None };
                if let Some(id) = touched.or(made) {
                    self.state().last = Some(id);
                }
                Ok(self.seen(value))
            }
            Err(TestFault::Refused { codes, message }) => {
                let mut state = self.state();
                state.last = touched.or(state.last);
                let all = codes.join(", ");
                state.refused = Some(codes);
                let message =
                    text(format!("`{word}` was refused [{all}]: {}", message.en), format!("`{word}` 被拒绝 [{all}]：{}", message.zh));
                Err(raised(raise(FaultKind::Other, message)))
            }
            Err(TestFault::Wrong { message, help }) => Err(raised(raise(FaultKind::Type, message).maybe_help(help))),
        }
    }
    /// A value of the desk as scripts hold it.
    fn seen(self: &Arc<Self>, value: TestValue) -> Dynamic {
        match value {
            TestValue::Nothing => Dynamic::UNIT,
            TestValue::Boolean(b) => b.into(),
            TestValue::Integer(n) => n.into(),
            TestValue::Decimal(d) => Dynamic::from(Amount(d)),
            TestValue::Text(s) => s.into(),
            TestValue::Instant(t) => Dynamic::from(Moment(t)),
            TestValue::Duration(us) => Dynamic::from(Lapse(us)),
            TestValue::Ticket(id) => Dynamic::from(Case { id, part: "", run: self.clone() }),
            TestValue::List(v) => v.into_iter().map(|v| self.seen(v)).collect::<Array>().into(),
            TestValue::Record(m) => {
                let values = m.into_iter().map(|(k, v)| (k, self.seen(v))).collect();
                Dynamic::from(Record(Arc::new(values)))
            }
        }
    }
}

/// The desk.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) run: Arc<Run>,
    pub(super) by: Option<Arc<str>>,
}

/// A ticket, or a part of it (`t.customer`).
#[derive(Clone)]
struct Case {
    id: TicketId,
    part: &'static str,
    run: Arc<Run>,
}

/// An answer with named values. A name it lacks is a fault, not `()`.
#[derive(Clone)]
struct Record(Arc<BTreeMap<String, Dynamic>>);

/// A value of the script as the desk takes it.
fn given(value: &Dynamic) -> Answer<TestValue> {
    if value.is_unit() {
        return Ok(TestValue::Nothing);
    }
    if let Ok(b) = value.as_bool() {
        return Ok(TestValue::Boolean(b));
    }
    if let Ok(n) = value.as_int() {
        return Ok(TestValue::Integer(n));
    }
    if let Ok(f) = value.as_float() {
        return super::super::values::decimal_of(f).map(TestValue::Decimal).ok_or_else(|| no_value("this number"));
    }
    if let Some(a) = value.read_lock::<Amount>() {
        return Ok(TestValue::Decimal(a.0));
    }
    if let Some(m) = value.read_lock::<Moment>() {
        return Ok(TestValue::Instant(m.0));
    }
    if let Some(d) = value.read_lock::<Lapse>() {
        return Ok(TestValue::Duration(d.0));
    }
    if let Some(c) = value.read_lock::<Case>() {
        return Ok(TestValue::Ticket(c.id));
    }
    if let Some(list) = value.read_lock::<Array>() {
        return Ok(TestValue::List(list.iter().map(given).collect::<Answer<_>>()?));
    }
    if let Some(map) = value.read_lock::<Map>() {
        return Ok(TestValue::Record(map.iter().map(|(k, v)| Ok((k.to_string(), given(v)?))).collect::<Answer<_>>()?));
    }
    if let Some(r) = value.read_lock::<Record>() {
        return Ok(TestValue::Record(r.0.iter().map(|(k, v)| Ok((k.clone(), given(v)?))).collect::<Answer<_>>()?));
    }
    match super::super::values::text_in(value) {
        Some(s) => Ok(TestValue::Text(s)),
        None => Err(no_value("this")),
    }
}

fn no_value(what: &str) -> Box<EvalAltResult> {
    raised(raise(FaultKind::Type, text(format!("{what} is no value a desk takes"), "服务台不接受这种值")))
}

/// A value as a failing assertion shows it: texts in quotes.
fn shown(value: &Dynamic) -> String {
    if value.is_unit() {
        return "()".into();
    }
    if let Some(list) = value.read_lock::<Array>() {
        let all: Vec<String> = list.iter().take(20).map(shown).collect();
        let more = if list.len() > 20 { ", …" } else { "" };
        return format!("[{}{more}]", all.join(", "));
    }
    if let Some(r) = value.read_lock::<Record>() {
        let all: Vec<String> = r.0.iter().map(|(k, v)| format!("{k}: {}", shown(v))).collect();
        return format!("#{{{}}}", all.join(", "));
    }
    if let Some(c) = value.read_lock::<Case>() {
        return c.run.host.look(c.id).map_or_else(|| c.id.to_string(), |t| format!("ticket {}", t.ticket.number));
    }
    let quoted = value.is_string() || value.read_lock::<Word>().is_some();
    let said = as_text(value);
    let cut: String = if said.chars().count() > 200 { said.chars().take(200).chain(['…']).collect() } else { said };
    if quoted { format!("{cut:?}") } else { cut }
}

fn step(case: &Case, name: &str) -> Answer<Dynamic> {
    let Some(now) = case.run.host.look(case.id) else {
        return Err(raised(raise(FaultKind::Index, text("there is no such ticket any more", "该工单已不存在"))));
    };
    case.run.state().last = Some(case.id);
    let parts: &[&str] = if case.part.is_empty() { &[name] } else { &[case.part, name] };
    let read = |shown: &Dynamic| {
        let mut state = case.run.state();
        state.reads.push((case.id, format!("t.{}", parts.join(".")), self::shown(shown)));
    };
    if parts == ["customer"] {
        return Ok(Dynamic::from(Case { part: "customer", ..case.clone() }));
    }
    if parts == ["id"] {
        return Ok(case.id.to_string().into());
    }
    let schema = &case.run.schema;
    match Path::resolve(Root::Ticket, parts, schema, &Place::file("")) {
        Ok(path) => {
            let view = View { customer: now.customer.as_ref(), ..View::of(&now.ticket, now.now) };
            let value = Shape::of(&path, schema).see(&path, &view);
            read(&value);
            Ok(value)
        }
        Err(d) => {
            let word =
                TestWord::find(TestWord::TICKET, name).ok().map(|w| text(format!("write `{}`", w.usage), format!("请写 `{}`", w.usage)));
            Err(raised(raise(FaultKind::UnknownName, d.message).maybe_help(word.or(d.help))))
        }
    }
}

/// The types, the same for every run.
pub(super) fn types() -> Shared<Module> {
    static TYPES: LazyLock<Shared<Module>> = LazyLock::new(|| {
        let mut m = Module::new();
        m.set_id("ticketry-tests");
        m.set_custom_type::<Desk>("desk").set_custom_type::<Case>("ticket").set_custom_type::<Record>("answer");
        for w in TestWord::DESK.iter().filter(|w| w.word != "by") {
            for n in w.args {
                on_desk(&mut m, w.word, *n);
            }
        }
        named("by").set_into_module(&mut m, |desk: &mut Desk, who: Dynamic| Desk { by: Some(as_text(&who).into()), ..desk.clone() });
        for w in TestWord::TICKET {
            for n in w.args {
                on_ticket(&mut m, w.word, *n);
            }
        }
        FuncRegistration::new_index_getter()
            .in_global_namespace()
            .set_into_module(&mut m, |ctx: Call<'_>, case: &mut Case, name: ImmutableString| guarded(&ctx, 1, || step(case, &name)));
        FuncRegistration::new_index_getter().in_global_namespace().set_into_module(
            &mut m,
            |ctx: Call<'_>, record: &mut Record, name: ImmutableString| {
                guarded(&ctx, 1, || {
                    record.0.get(name.as_str()).cloned().ok_or_else(|| {
                        let message = text(format!("no entry `{name}`"), format!("没有条目 `{name}`"));
                        raised(raise(FaultKind::UnknownName, message).maybe_help(did_you_mean(&name, record.0.keys())))
                    })
                })
            },
        );
        for (sign, wanted) in [("==", true), ("!=", false)] {
            named(sign).set_into_module(&mut m, move |a: Case, b: Case| (a.id == b.id) == wanted);
        }
        named("to_string").set_into_module(&mut m, |case: &mut Case| shown(&Dynamic::from(case.clone())));
        named("to_string").set_into_module(&mut m, |record: &mut Record| shown(&Dynamic::from(record.clone())));
        m.into()
    });
    TYPES.clone()
}

fn named(name: &str) -> FuncRegistration {
    FuncRegistration::new(name).in_global_namespace()
}

fn on_desk(m: &mut Module, word: &'static str, args: usize) {
    let act = move |ctx: &Call<'_>, desk: &Desk, args: &[Dynamic]| {
        guarded(ctx, STEP, || desk.run.step(desk.by.as_deref(), word, args.iter().map(given).collect::<Answer<_>>()?))
    };
    type D = Dynamic;
    match args {
        0 => named(word).set_into_module(m, move |ctx: Call<'_>, d: &mut Desk| act(&ctx, d, &[])),
        1 => named(word).set_into_module(m, move |ctx: Call<'_>, d: &mut Desk, a: D| act(&ctx, d, &[a])),
        2 => named(word).set_into_module(m, move |ctx: Call<'_>, d: &mut Desk, a: D, b: D| act(&ctx, d, &[a, b])),
        _ => named(word).set_into_module(m, move |ctx: Call<'_>, d: &mut Desk, a: D, b: D, c: D| act(&ctx, d, &[a, b, c])),
    };
}

fn on_ticket(m: &mut Module, word: &'static str, args: usize) {
    let act = move |ctx: &Call<'_>, case: &Case, args: &[Dynamic]| {
        guarded(ctx, STEP, || {
            let mut all = vec![TestValue::Ticket(case.id)];
            for a in args {
                all.push(given(a)?);
            }
            let answer = case.run.step(None, word, all)?;
            let said: Vec<String> = args.iter().map(shown).collect();
            case.run.state().reads.push((case.id, format!("t.{word}({})", said.join(", ")), shown(&answer)));
            Ok(answer)
        })
    };
    match args {
        0 => named(word).set_into_module(m, move |ctx: Call<'_>, c: &mut Case| act(&ctx, c, &[])),
        _ => named(word).set_into_module(m, move |ctx: Call<'_>, c: &mut Case, a: Dynamic| act(&ctx, c, &[a])),
    };
}

/// The assertions of one run: they have no receiver, so they hold the run itself.
pub(super) fn assertions(run: &Arc<Run>) -> Shared<Module> {
    let mut m = Module::new();
    for n in [1usize, 2] {
        let run = run.clone();
        let check = move |ctx: &Call<'_>, value: &Dynamic, why: Option<&Dynamic>| {
            guarded(ctx, 1, || match value.as_bool() {
                Ok(true) => {
                    run.passed();
                    Ok(())
                }
                Ok(false) => Err(run.fail("assertion-failed", text("the assertion does not hold", "断言不成立"), why)),
                Err(_) => {
                    let v = shown(value);
                    Err(run.fail(
                        "assertion-failed",
                        text(format!("{v} is neither true nor false"), format!("{v} 既不是 true 也不是 false")),
                        why,
                    ))
                }
            })
        };
        match n {
            1 => named("assert").set_into_module(&mut m, move |ctx: Call<'_>, v: Dynamic| check(&ctx, &v, None)),
            _ => named("assert").set_into_module(&mut m, move |ctx: Call<'_>, v: Dynamic, why: Dynamic| check(&ctx, &v, Some(&why))),
        };
    }
    for (word, wanted) in [("assert_eq", true), ("assert_ne", false)] {
        let run = run.clone();
        let check = move |ctx: &Call<'_>, a: &Dynamic, b: &Dynamic, why: Option<&Dynamic>| {
            guarded(ctx, 1, || {
                if same(ctx, a, b, 0)? == wanted {
                    run.passed();
                    return Ok(());
                }
                let (left, right) = (shown(a), shown(b));
                let message = if wanted {
                    text(format!("left is {left}, right is {right}"), format!("左侧为 {left}，右侧为 {right}"))
                } else {
                    text(format!("both are {left}"), format!("两侧均为 {left}"))
                };
                Err(run.fail("assertion-failed", message, why))
            })
        };
        let check = Arc::new(check);
        let with = check.clone();
        named(word).set_into_module(&mut m, move |ctx: Call<'_>, a: Dynamic, b: Dynamic| check(&ctx, &a, &b, None));
        named(word).set_into_module(&mut m, move |ctx: Call<'_>, a: Dynamic, b: Dynamic, why: Dynamic| with(&ctx, &a, &b, Some(&why)));
    }
    let first = run.clone();
    named("assert_refused").set_into_module(&mut m, move |ctx: Call<'_>, f: FnPtr| refused(&first, &ctx, &f, None));
    let second = run.clone();
    named("assert_refused")
        .set_into_module(&mut m, move |ctx: Call<'_>, f: FnPtr, code: ImmutableString| refused(&second, &ctx, &f, Some(&code)));
    m.into()
}

fn refused(run: &Arc<Run>, ctx: &Call<'_>, closure: &FnPtr, code: Option<&str>) -> Answer<()> {
    guarded(ctx, 1, || {
        run.state().refused = None;
        let answer = closure.call_raw(ctx, None, []);
        let codes = run.state().refused.take();
        match (answer, codes, code) {
            (Ok(_), _, _) => {
                Err(run.fail("assertion-failed", text("the desk did it, and should have refused", "服务台执行了该操作，而本应拒绝"), None))
            }
            (Err(e), None, _) => Err(e),
            (Err(_), Some(codes), Some(code)) if !codes.iter().any(|c| c == code) => {
                let all = codes.join(", ");
                let message = text(format!("refused with {all}, not with {code}"), format!("拒绝代码为 {all}，而不是 {code}"));
                Err(run.fail("assertion-failed", message, None))
            }
            (Err(_), Some(_), _) => {
                run.passed();
                Ok(())
            }
        }
    })
}

impl Run {
    fn passed(&self) {
        self.state().reads.clear();
    }
    /// The failed assertion: remembered, and an error that ends the run.
    fn fail(&self, code: &'static str, message: Text, why: Option<&Dynamic>) -> Box<EvalAltResult> {
        let message = match why.map(as_text) {
            Some(why) if !why.is_empty() => text(format!("{why}: {}", message.en), format!("{why}：{}", message.zh)),
            _ => message,
        };
        let mut state = self.state();
        if state.failed.is_none() {
            state.failed = Some(Diagnostic::error(code, message.clone()));
        }
        raised(raise(FaultKind::Thrown, message))
    }
    /// What was read since the last assertion, the newest value of each, in order of reading.
    pub(super) fn read(&self) -> Vec<(TicketId, String, String)> {
        let mut out: Vec<(TicketId, String, String)> = Vec::new();
        for (id, what, value) in &self.state().reads {
            out.retain(|(i, w, _)| !(i == id && w == what));
            out.push((*id, what.clone(), value.clone()));
        }
        let drop = out.len().saturating_sub(SHOWN);
        out.drain(..drop);
        out
    }
}
