//! Rule files: `rule("name").on(…).when(|t| …).then(|t| …)` read from the syntax tree. Nothing is executed at load.

use super::{
    calls::texts,
    files::File,
    names::{Function, Link, links},
    run::{Slot, Slots},
    scan::{Asked, Scan, Val, literal},
};
use crate::calendar::Span;
use crate::condition::{Condition, Root};
use crate::diagnostic::{Diagnostic, Place, did_you_mean, text};
use crate::id::{MetricName, StateName};
use crate::rules::rule::Spots;
use crate::rules::timing::two_moments;
use crate::rules::{Rule, Then, Timing, Trigger};
use rhai::{Dynamic, Expr, FnCallExpr, FnPtr, Position, Stmt};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub(super) const BUILDER: [&str; 12] =
    ["order", "on", "when", "then", "after", "before_due", "every", "times", "repeatable", "stop", "fail_closed", "always"];

/// The call a top-level statement begins with, if it is one.
pub(super) fn entry(stmt: &Stmt) -> Option<(&FnCallExpr, Position, Vec<Link<'_>>)> {
    match stmt {
        Stmt::FnCall(c, pos) => Some((c, *pos, Vec::new())),
        Stmt::Expr(e) => match &**e {
            Expr::FnCall(c, pos) => Some((c, *pos, Vec::new())),
            Expr::Dot(x, flags, _) => match &x.lhs {
                Expr::FnCall(c, pos) => Some((c, *pos, links(x, *flags, false))),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// The function a top-level statement calls.
pub(super) fn entry_name(stmt: &Stmt) -> Option<String> {
    entry(stmt).map(|(c, ..)| c.name.to_string())
}

/// Whether a top-level statement is a rule or a test; in a file of tests, a test.
pub(super) fn is_entry(stmt: &Stmt, tests: bool) -> bool {
    entry(stmt).is_some_and(|(c, ..)| !c.is_qualified() && (c.name == "test" || (c.name == "rule" && !tests)))
}

/// The rules of a file. Of its tests only the shape is checked; `trial` reads them.
pub(super) fn rules(scan: &mut Scan<'_>) -> Vec<Rule> {
    let file = scan.file;
    let mut out = Vec::new();
    for stmt in file.ast.statements() {
        match entry(stmt) {
            Some((c, pos, links)) if c.name == "rule" && !c.is_qualified() => out.extend(rule(scan, file, c, pos, &links)),
            Some((c, pos, links)) if c.name == "test" && !c.is_qualified() && test(file, c, &links).is_none() => {
                scan.problems.push(bad_test(scan.place(pos, 4)));
            }
            _ => {}
        }
    }
    out
}

/// The parts of a test: its name, where that stands, its function and what that captures.
pub(super) fn test(file: &File, c: &FnCallExpr, links: &[Link<'_>]) -> Option<(String, Position, Arc<Function>, Vec<Expr>)> {
    let [Expr::StringConstant(name, at), closure] = c.args.as_slice() else { return None };
    let (function, captured) = captured(file, closure)?;
    let fits = links.is_empty() && function.params() == captured.len().saturating_add(1);
    fits.then(|| (name.to_string(), *at, function, captured))
}

pub(super) fn bad_test(place: Place) -> Diagnostic {
    Diagnostic::error("bad-test", text("a test has a name and a closure", "测试由名称和闭包组成"))
        .at(place)
        .help(text("write `test(\"name\", |desk| { … });`", "请写 `test(\"名称\", |desk| { … });`"))
}

/// What a rule's builder calls have said so far.
struct Draft {
    rule: Rule,
    /// `.times(n)`, with its place.
    times: Option<(i64, Place)>,
    /// Which steps were given, as bits in the order of [`BUILDER`].
    seen: u16,
}

fn rule(scan: &mut Scan<'_>, file: &File, c: &FnCallExpr, pos: Position, links: &[Link<'_>]) -> Option<Rule> {
    let name = match c.args.as_slice() {
        [e] => constant(scan, file, e).and_then(|v| v.into_string().ok()),
        _ => None,
    };
    let Some(name) = name else {
        let d = Diagnostic::error("bad-rule", text("a rule begins with its name in quotes", "规则以引号中的名称开头"))
            .at(scan.place(pos, 4))
            .help(text("write `rule(\"name\")`", "请写 `rule(\"名称\")`"));
        scan.problems.push(d);
        return None;
    };
    let place = scan.place(c.args.first().map_or(pos, Expr::position), name.chars().count().saturating_add(2));
    let before = scan.problems.len();
    let mut draft = Draft {
        rule: Rule {
            name: name.into(),
            order: 0,
            place,
            on: Vec::new(),
            time: None,
            when: None,
            then: Then::Actions(Vec::new()),
            repeatable: false,
            stop: false,
            fail_closed: false,
            always: false,
            reads: BTreeSet::new(),
            writes: BTreeSet::new(),
            spots: Spots::default(),
            asks_event: false,
        },
        times: None,
        seen: 0,
    };
    for link in links {
        match link {
            Link::Method(c, pos) => step(scan, file, &mut draft, c, *pos),
            Link::Property(name, pos) => {
                let d = Diagnostic::error("bad-rule", text(format!("`.{name}` is no step of a rule"), format!("`.{name}` 不是规则的步骤")))
                    .at(scan.place(*pos, name.chars().count()))
                    .maybe_help(did_you_mean(name, BUILDER));
                scan.problems.push(d);
            }
            Link::Index(e) => {
                let d = Diagnostic::error("bad-rule", text("a rule has no elements", "规则没有元素")).at(scan.place(e.position(), 1));
                scan.problems.push(d);
            }
        }
    }
    repeats(scan, &mut draft);
    // What is missing is only worth saying where nothing else is wrong.
    if scan.problems.len() == before {
        let shape = draft.rule.shape();
        scan.problems.extend(shape);
    }
    (scan.problems.len() == before).then(|| draft.rule.settle())
}

fn step(scan: &mut Scan<'_>, file: &File, draft: &mut Draft, c: &FnCallExpr, pos: Position) {
    let word = c.name.as_str();
    let here = scan.place(pos, word.chars().count());
    let args = c.args.as_slice();
    let Some(number) = BUILDER.iter().position(|b| *b == word) else {
        let all = BUILDER.join(", ");
        let d = Diagnostic::error("unknown-function", text(format!("`.{word}` is no step of a rule"), format!("`.{word}` 不是规则的步骤")))
            .at(here)
            .help(did_you_mean(word, BUILDER).unwrap_or_else(|| text(format!("it is one of {all}"), format!("可用步骤：{all}"))));
        scan.problems.push(d);
        return;
    };
    let bit = 1u16.checked_shl(u32::try_from(number).unwrap_or(0)).unwrap_or(0);
    let again = draft.seen & bit != 0;
    draft.seen |= bit;
    if again && word != "on" {
        let d = Diagnostic::error("repeated", text(format!("`.{word}` is given twice"), format!("`.{word}` 出现了两次"))).at(here);
        scan.problems.push(d);
        return;
    }
    let values: Option<Vec<Dynamic>> = args.iter().map(|e| constant(scan, file, e)).collect();
    let values = values.as_deref();
    let fits = match (word, args, values) {
        ("order", [_], Some([v])) => v.as_int().map(|n| draft.rule.order = n).is_ok(),
        ("on", [e], Some([v])) => on(scan, draft, e, v),
        ("after", [_, _], Some(values)) | ("before_due" | "every", [_] | [_, _], Some(values)) => {
            let words: Option<Vec<String>> = values.iter().map(|v| v.clone().into_string().ok()).collect();
            words.is_some_and(|words| timing(scan, draft, word, &words, args))
        }
        ("times", [e], Some([n])) => n.as_int().map(|n| draft.times = Some((n, scan.place(e.position(), 1)))).is_ok(),
        ("when", [e], _) => when(scan, file, draft, e),
        ("then", [e], _) => then(scan, file, draft, e),
        ("repeatable", [], _) => {
            draft.rule.repeatable = true;
            true
        }
        ("stop", [], _) => {
            draft.rule.stop = true;
            true
        }
        ("fail_closed", [], _) => {
            draft.rule.fail_closed = true;
            true
        }
        ("always", [], _) => {
            draft.rule.always = true;
            true
        }
        _ => false,
    };
    if !fits {
        let help = match word {
            "order" => "`.order(10)`",
            "on" => "`.on(\"created\")`, `.on([\"created\", \"changed:impact\"])`",
            "after" => "`.after(\"3bd\", \"pending\")`",
            "before_due" => "`.before_due(\"1bh\")`, `.before_due(\"1bh\", \"resolution\")`",
            "every" => "`.every(\"1bd\")`, `.every(\"1bd\", \"pending\")`",
            "times" => "`.times(3)`",
            "when" => "`.when(|t| …)`, `.when(|t, event| …)`",
            "then" => "`.then(|t| { … })`, `.then(|t, event| { … })`",
            _ => "no argument",
        };
        let d = Diagnostic::error("wrong-argument", text(format!("`.{word}` does not take this"), format!("`.{word}` 的参数不对")))
            .at(here)
            .help(text(format!("write {help}"), format!("请写 {help}")));
        scan.problems.push(d);
    }
}

/// A literal, or a constant of the file.
fn constant(_: &Scan<'_>, file: &File, e: &Expr) -> Option<Dynamic> {
    if let Some(v) = literal(e) {
        return Some(v);
    }
    match e {
        Expr::Variable(x, ..) if x.2.path.is_empty() => file.constants.get(x.1.as_str()).cloned(),
        Expr::Array(v, _) => Some(v.iter().map(|e| constant_in(file, e)).collect::<Option<rhai::Array>>()?.into()),
        _ => None,
    }
}

fn constant_in(file: &File, e: &Expr) -> Option<Dynamic> {
    literal(e).or_else(|| match e {
        Expr::Variable(x, ..) => file.constants.get(x.1.as_str()).cloned(),
        _ => None,
    })
}

fn on(scan: &mut Scan<'_>, draft: &mut Draft, e: &Expr, v: &Dynamic) -> bool {
    let Some(words) = texts(v) else { return false };
    let at = |i: usize| match e {
        Expr::Array(v, _) => v.get(i).map_or(e.position(), Expr::position),
        e => e.position(),
    };
    for (i, word) in words.iter().enumerate() {
        let place = scan.place(at(i), word.chars().count().saturating_add(2));
        match Trigger::parse(word, scan.schema, &place) {
            Ok(t) if !draft.rule.on.contains(&t) => {
                draft.rule.on.push(t);
                draft.rule.spots.on.push(place);
            }
            Ok(_) => {}
            Err(d) => scan.problems.push(d),
        }
    }
    true
}

/// A time rule's moment: its span, then a state or a metric.
fn timing(scan: &mut Scan<'_>, draft: &mut Draft, word: &str, words: &[String], args: &[Expr]) -> bool {
    let place = |i: usize| {
        let length = words.get(i).map_or(1, |w| w.chars().count().saturating_add(2));
        scan.place(args.get(i).map_or(Position::NONE, Expr::position), length)
    };
    let Some(length) = words.first() else { return false };
    let span = length.parse::<Span>().map_err(|bad| Diagnostic::error("bad-duration", bad.text()).at(place(0)));
    let name = words.get(1);
    // With a span that is none, a wrong name is still worth saying.
    let long = *span.as_ref().unwrap_or(&Span::Days(1));
    let timing = match (word, name) {
        ("after", Some(state)) => Timing::After { span: long, state: StateName::new(state) },
        ("before_due", metric) => Timing::BeforeDue { span: long, metric: metric.map(MetricName::new) },
        ("every", state) => Timing::Every { span: long, state: state.map(StateName::new), times: Timing::TIMES },
        _ => return false,
    };
    let mut found = timing.wrong(scan.schema, &|part| place(usize::from(part != "span")));
    found.extend(span.err());
    if draft.rule.time.is_some() {
        found.push(two_moments(&draft.rule.name, &draft.rule.place));
    }
    scan.problems.extend(found);
    draft.rule.time = Some(timing);
    true
}

/// `.times(n)`, wherever it stands in the chain.
fn repeats(scan: &mut Scan<'_>, draft: &mut Draft) {
    let Some((n, place)) = draft.times.take() else { return };
    match &mut draft.rule.time {
        Some(timing @ Timing::Every { .. }) => {
            if let Timing::Every { times, .. } = timing {
                *times = u32::try_from(n).unwrap_or(0);
            }
            let found = timing.wrong(scan.schema, &|_| place.clone());
            scan.problems.extend(found.into_iter().filter(|d| d.code == "out-of-range"));
        }
        _ => {
            let d = Diagnostic::error("wrong-argument", text("only a rule that repeats has `.times`", "只有重复的规则才有 `.times`"))
                .at(place)
                .help(text("write `.every(\"1bd\", \"pending\").times(3)`", "请写 `.every(\"1bd\", \"pending\").times(3)`"));
            scan.problems.push(d);
        }
    }
}

/// A closure: its function, and what it captures. The captured come before its own parameters.
pub(super) fn captured(file: &File, e: &Expr) -> Option<(Arc<Function>, Vec<Expr>)> {
    // A closure that captures is parsed as a block: first the sharing of what it captures, then the closure.
    let unwrapped;
    let e = match e {
        Expr::Stmt(b) => match b.statements() {
            [Stmt::Share(_), Stmt::Expr(inner)] => &**inner,
            [Stmt::Share(_), Stmt::FnCall(c, pos)] => {
                unwrapped = Expr::FnCall(c.clone(), *pos);
                &unwrapped
            }
            _ => return None,
        },
        e => e,
    };
    let (pointer, captured): (&Dynamic, &[Expr]) = match e {
        Expr::DynamicConstant(v, _) => (v, &[]),
        Expr::FnCall(c, _) if c.name == "curry" => match c.args.as_slice() {
            [Expr::DynamicConstant(v, _), captured @ ..] => (v, captured),
            _ => return None,
        },
        _ => return None,
    };
    let name = pointer.read_lock::<FnPtr>().map(|f| f.fn_name().to_string())?;
    Some((file.named(&name)?.clone(), captured.to_vec()))
}

/// A closure of a rule: its function, and the variables it finds.
fn closure(scan: &mut Scan<'_>, file: &File, e: &Expr) -> Option<(Arc<Function>, Slots)> {
    let (function, captured) = captured(file, e)?;
    let mut slots = Vec::new();
    for (e, param) in captured.iter().zip(&function.def.params) {
        let slot = match file.constants.get(param.as_str()) {
            Some(v) => Slot::Constant(v.clone()),
            None if param == "now" => Slot::Now,
            None => {
                let d = Diagnostic::error(
                    "captured-variable",
                    text(
                        format!("`{param}` is no parameter and no constant of this file"),
                        format!("`{param}` 既不是参数也不是本文件的常量"),
                    ),
                )
                .at(scan.place(e.position(), param.chars().count()))
                .help(text("declare it with `const`, or write the value where it is used", "请用 `const` 声明，或在使用处直接写出值"));
                scan.problems.push(d);
                continue;
            }
        };
        slots.push((param.to_string(), slot));
    }
    let roots: Vec<String> = function.def.params.iter().skip(captured.len()).map(|p| p.to_string()).collect();
    if roots.is_empty() || roots.len() > 2 {
        return None;
    }
    for (name, root) in roots.into_iter().zip([Root::Ticket, Root::Event]) {
        slots.push((name, Slot::Root(root)));
    }
    Some((function, slots))
}

/// Binds the variables of a closure for the walk.
pub(super) fn bind(scan: &mut Scan<'_>, slots: &[(String, Slot)]) {
    let val = |slot: &Slot| match slot {
        Slot::Root(root) => Val::Root(*root),
        Slot::Now => Val::Path(crate::condition::Path::Now),
        Slot::Constant(v) => Val::Lit(v.clone()),
    };
    scan.env = slots.iter().map(|(n, s)| (n.clone(), val(s))).collect();
    scan.reads = BTreeSet::new();
    scan.writes = BTreeSet::new();
    scan.calls = BTreeSet::new();
    scan.stops = false;
    scan.reaches = false;
    scan.depth = 0;
}

fn when(scan: &mut Scan<'_>, file: &File, draft: &mut Draft, e: &Expr) -> bool {
    let Some((function, slots)) = closure(scan, file, e) else { return false };
    bind(scan, &slots);
    scan.acting = false;
    let mut parts = Vec::new();
    let mut condition = |scan: &mut Scan<'_>, e: &Expr| {
        let (native, places) = scan.parts(e, &slots);
        parts = places;
        native
    };
    let mut expr = match function.body.as_slice() {
        [] => {
            let d = Diagnostic::error("not-a-condition", text("the condition is empty", "条件为空")).at(scan.place(e.position(), 1));
            scan.problems.push(d);
            return true;
        }
        [Stmt::Return(Some(e), ..)] | [Stmt::Expr(e)] => condition(scan, e),
        [Stmt::FnCall(c, pos)] => condition(scan, &Expr::FnCall(c.clone(), *pos)),
        many => {
            scan.block(many);
            crate::condition::Expr::Script(Arc::new(scan.program(many.to_vec(), e.position(), &slots)))
        }
    };
    if !scan.lower {
        expr = crate::condition::Expr::Script(Arc::new(scan.program(function.body.clone(), e.position(), &slots)));
    }
    draft.rule.spots.when = parts;
    draft.rule.when = Some(Condition::new(expr, scan.place(e.position(), 1)));
    true
}

fn then(scan: &mut Scan<'_>, file: &File, draft: &mut Draft, e: &Expr) -> bool {
    let Some((function, slots)) = closure(scan, file, e) else { return false };
    bind(scan, &slots);
    scan.acting = true;
    let body: &[Stmt] = match function.body.as_slice() {
        [Stmt::Expr(one)] => match &**one {
            Expr::Stmt(b) => b.statements(),
            _ => &function.body,
        },
        [Stmt::Block(b)] => b.statements(),
        body => body,
    };
    let asked = scan.asked(body);
    draft.rule.then = match asked {
        Asked::Actions(actions) if scan.lower => {
            let (actions, places) = actions.into_iter().unzip();
            draft.rule.spots.then = places;
            Then::Actions(actions)
        }
        Asked::Actions(actions) => {
            scan.stops |= actions.iter().any(|(a, _)| *a == crate::ticket::Action::Stop);
            Then::Script(Arc::new(scan.program(function.body.clone(), e.position(), &slots)))
        }
        Asked::Script => Then::Script(Arc::new(scan.program(function.body.clone(), e.position(), &slots))),
    };
    scan.acting = false;
    true
}

/// Keeps the first of problems that say the same of one place: helpers are walked at each call.
pub(super) fn once(problems: crate::diagnostic::Diagnostics) -> crate::diagnostic::Diagnostics {
    let mut seen: BTreeMap<(Option<Place>, &'static str), ()> = BTreeMap::new();
    let mut out = crate::diagnostic::Diagnostics::new();
    for d in problems {
        if seen.insert((d.place().cloned(), d.code), ()).is_none() || d.place().is_none() {
            out.push(d);
        }
    }
    out
}
