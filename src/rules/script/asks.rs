//! The walk, fifth part: what scripts reach besides the ticket. Look-ups by fields and constants, and whether a calendar is open at a field's instant, are lowered.

use super::{
    reach::{self, BUSINESS},
    scan::{Scan, Val},
    values::{instant_of, seen_in},
};
use crate::calendar::Span;
use crate::condition::{Asked, Column, Derived, Key, Kind, Path, Question};
use crate::diagnostic::{Diagnostic, Text, did_you_mean, text};
use crate::id::CalendarName;
use crate::rules::{Function, ValueKind};
use rhai::{Dynamic, Expr, Position};
use std::sync::Arc;

impl Scan<'_> {
    /// A call of what scripts reach besides the ticket; none if no such thing is called so.
    pub(super) fn reached(&mut self, name: &str, args: &[Expr], pos: Position) -> Option<Val> {
        let functions = self.reach.clone();
        if let Some(f) = functions.resources.functions.get(name) {
            self.reaches = true;
            return Some(self.host_function(f, args, pos));
        }
        if !reach::names().contains(name) {
            return None;
        }
        self.reaches = true;
        if name == "lookup" {
            return Some(self.lookup(args, pos));
        }
        if let Some((_, question)) = Question::ALL.iter().find(|(w, _)| *w == name) {
            return Some(self.question(name, *question, args, pos));
        }
        let instants = BUSINESS.iter().find(|b| b.word == name).map_or(1, |b| b.instants);
        let by = usize::from(name == "add_time");
        let own = instants.saturating_add(by);
        if args.len() != own && args.len() != own.saturating_add(1) {
            let help = if by == 1 {
                format!("`{name}(now, \"4bh\")`")
            } else if own == 2 {
                format!("`{name}(t.created_at, now)`")
            } else {
                format!("`{name}(now)`")
            };
            return Some(self.wrong_count(name, args, pos, help));
        }
        for (i, e) in args.iter().enumerate() {
            if i < instants {
                self.instant(e);
            } else if i < own {
                self.span(e);
            } else {
                let _ = self.calendar(e);
            }
        }
        Some(Val::Other)
    }

    /// A function of these, written as a method: `t.created_at.hour()`. The receiver is its first value.
    pub(super) fn reached_method(&mut self, name: &str, args: usize) -> bool {
        let given = args.saturating_add(1);
        let host = self.reach.resources.functions.get(name).map(|f| f.takes().len() == given);
        let ours = BUSINESS.iter().find(|b| b.word == name).map(|b| b.instants == given || b.instants == args);
        let fits = host.or(ours).unwrap_or(name == "add_time" && (given == 2 || given == 3));
        self.reaches |= fits;
        fits
    }

    /// Why a function of these is not found as a method; none if it is no such function.
    pub(super) fn not_a_method(&mut self, name: &str, pos: Position) -> Option<Val> {
        let host = self.reach.resources.functions.get(name).map(Function::signature);
        if host.is_none() && !reach::names().contains(name) {
            return None;
        }
        let write = host.unwrap_or_else(|| format!("{name}(…)"));
        let message = text(format!("`{name}` does not take these arguments here"), format!("`{name}` 在此处的参数不对"));
        let d = Diagnostic::error("wrong-argument", message)
            .at(self.place(pos, name.chars().count()))
            .help(text(format!("call it by itself: `{write}`"), format!("请单独调用：`{write}`")));
        Some(self.report(d))
    }

    fn wrong_count(&mut self, name: &str, args: &[Expr], pos: Position, write: String) -> Val {
        for e in args {
            self.used(e);
        }
        let n = args.len();
        let d = Diagnostic::error(
            "wrong-argument",
            text(format!("`{name}` does not take {n} arguments"), format!("`{name}` 不接受 {n} 个参数")),
        )
        .at(self.place(pos, name.chars().count()))
        .help(text(format!("write {write}"), format!("请写 {write}")));
        self.report(d)
    }

    fn bad(&mut self, code: &'static str, e: &Expr, length: usize, message: Text, help: Option<Text>) -> Val {
        let d = Diagnostic::error(code, message).at(self.place(e.start_position(), length)).maybe_help(help);
        self.report(d)
    }

    // -- tables ------------------------------------------------------------------------------------

    fn lookup(&mut self, args: &[Expr], pos: Position) -> Val {
        let Some((first, keys)) = args.split_first().filter(|(_, keys)| !keys.is_empty()) else {
            return self.wrong_count("lookup", args, pos, "`lookup(\"table\", t.category)`".into());
        };
        let said = match self.walk(first) {
            Val::Lit(v) => v.into_string().ok(),
            _ => None,
        };
        let Some(said) = said else {
            let message = text("the table must be written out", "表名必须直接写出");
            let help = text("write `lookup(\"table\", …)`", "请写 `lookup(\"表名\", …)`");
            return self.bad("literal-needed", first, 1, message, Some(help));
        };
        let reach = self.reach.clone();
        let (table, at) = match reach.resources.tables.answering(&said) {
            Ok(found) => found,
            Err(u) => {
                for e in keys {
                    self.used(e);
                }
                return self.bad(u.code, first, said.chars().count().saturating_add(2), u.message, u.help);
            }
        };
        if table.keys().len() != keys.len() {
            let names = table.keys().iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
            return self.wrong_count("lookup", args, pos, format!("`lookup(\"{said}\", {names})`"));
        }
        let mut asked = Some(Vec::with_capacity(keys.len()));
        let mut shown = vec![format!("{said:?}")];
        for (column, e) in table.keys().iter().zip(keys) {
            let one = match self.walk(e) {
                Val::Path(p) => {
                    let kind = p.kind(self.schema);
                    if !may_equal(&column.kind, &kind) {
                        let (name, want, have) = (&column.name, column.kind.word(), kind.word());
                        let message = text(
                            format!("the column `{name}` is of kind {want}, `{p}` of kind {have}: they are never equal"),
                            format!("列 `{name}` 的类型是 {want}，`{p}` 的类型是 {have}，两者不可能相等"),
                        );
                        return self.bad("wrong-type", e, 1, message, None);
                    }
                    shown.push(p.to_string());
                    Some(Asked::Path(p))
                }
                Val::Lit(v) => match self.constant_key(column, &v, e) {
                    Ok(key) => {
                        shown.push(written(&v));
                        Some(Asked::Constant(key))
                    }
                    Err(val) => return val,
                },
                Val::Root(_) | Val::Part(..) | Val::Test(_) => {
                    self.used(e);
                    None
                }
                Val::Kept | Val::Number(_) | Val::Other => None,
            };
            asked = asked.zip(one).map(|(mut all, one)| {
                all.push(one);
                all
            });
        }
        match asked {
            Some(keys) => {
                let text = format!("lookup({})", shown.join(", "));
                Val::Path(Path::Derived(Arc::new(Derived::lookup(text, table.clone(), at, keys))))
            }
            None => Val::Other,
        }
    }

    fn constant_key(&mut self, column: &Column, v: &Dynamic, e: &Expr) -> Result<Key<'static>, Val> {
        let name = &column.name;
        let key = seen_in(v).and_then(|seen| column.key(&seen));
        match (key, &column.kind) {
            (Some(Key::Is(s)), Kind::OneOf { names, .. } | Kind::Category(names)) if !names.iter().any(|n| *n == s) => {
                let few = names.iter().take(12).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
                let help = did_you_mean(&s, names).unwrap_or_else(|| text(format!("it is one of {few}"), format!("可取值：{few}")));
                let message = text(format!("`{name}` is never `{s}`"), format!("`{name}` 不可能是 `{s}`"));
                let length = s.chars().count().saturating_add(2);
                Err(self.bad("not-in-list", e, length, message, Some(help)))
            }
            (Some(key), _) => Ok(key),
            (None, kind) => {
                let (kind, said) = (kind.word(), written(v));
                let message = text(
                    format!("the column `{name}` is of kind {kind}, so it is never {said}"),
                    format!("列 `{name}` 的类型是 {kind}，不可能是 {said}"),
                );
                Err(self.bad("wrong-type", e, said.chars().count(), message, None))
            }
        }
    }

    // -- business time -------------------------------------------------------------------------------

    fn question(&mut self, name: &str, question: Question, args: &[Expr], pos: Position) -> Val {
        let (named, at) = match args {
            [] => (None, None),
            [c] => (Some(c), None),
            [c, at] => (Some(c), Some(at)),
            _ => {
                let write = format!("`{name}()`, `{name}(\"office\")`, `{name}(\"office\", t.created_at)`");
                return self.wrong_count(name, args, pos, write);
            }
        };
        let (calendar, lowered) = match named {
            None => (self.reach.resources.calendars.as_ref().map(|all| all.default_calendar().clone()), true),
            Some(e) => match self.calendar(e) {
                Ok(calendar) => (calendar, true),
                Err(refused) => {
                    if let Some(at) = at {
                        self.instant(at);
                    }
                    if refused {
                        return Val::Test(crate::condition::Expr::Always(false));
                    }
                    (None, false)
                }
            },
        };
        let path = match at {
            None => {
                self.reads.insert(Path::Now);
                Some(Path::Now)
            }
            Some(e) => self.instant(e),
        };
        match (calendar, path) {
            (Some(calendar), Some(path)) => {
                let mut shown: Vec<String> = named.map(|_| format!("{:?}", calendar.name().as_str())).into_iter().collect();
                if path != Path::Now {
                    shown.push(path.to_string());
                }
                let text = format!("{name}({})", shown.join(", "));
                Val::Path(Path::Derived(Arc::new(Derived::calendar(text, calendar, question, path))))
            }
            (None, _) if lowered => {
                let d = Diagnostic::error("unknown-calendar", text("there is no calendar here", "此处没有日历"))
                    .at(self.place(pos, name.chars().count()));
                self.report(d)
            }
            _ => Val::Other,
        }
    }

    /// A calendar's name. `Err`: known only when the script runs (false), or refused (true).
    fn calendar(&mut self, e: &Expr) -> Result<Option<crate::calendar::Calendar>, bool> {
        let said = match self.walk(e) {
            Val::Lit(v) => match v.into_string() {
                Ok(s) => s,
                Err(_) => {
                    let message = text("a calendar is named by a text", "日历名应为文本");
                    self.bad("wrong-argument", e, 1, message, None);
                    return Err(true);
                }
            },
            Val::Path(p) if matches!(p.kind(self.schema), Kind::Text | Kind::Name | Kind::OneOf { .. }) => return Err(false),
            Val::Kept | Val::Other => return Err(false),
            _ => {
                let message = text("a calendar is named by a text", "日历名应为文本");
                let help = text(
                    "name the calendar first, then the instant: `is_open(\"office\", now)`",
                    "先写日历，再写时刻：`is_open(\"office\", now)`",
                );
                self.bad("wrong-argument", e, 1, message, Some(help));
                return Err(true);
            }
        };
        let found = self.reach.resources.calendars.as_ref().and_then(|all| all.get(&CalendarName::new(&said)).cloned());
        if found.is_none() {
            let help = self.reach.resources.calendars.as_ref().and_then(|all| did_you_mean(&said, all.names()));
            let message = text(format!("there is no calendar `{said}`"), format!("没有日历 `{said}`"));
            self.bad("unknown-calendar", e, said.chars().count().saturating_add(2), message, help);
            return Err(true);
        }
        Ok(found)
    }

    /// An instant; the path of it if it is a field's.
    fn instant(&mut self, e: &Expr) -> Option<Path> {
        let needed = |what: String, zh: String| text(format!("an instant is needed here, {what}"), format!("此处需要时刻，{zh}"));
        match self.walk(e) {
            Val::Path(p) => {
                let kind = p.kind(self.schema);
                if kind == Kind::Instant {
                    return Some(p);
                }
                let message = needed(format!("`{p}` is of kind {}", kind.word()), format!("`{p}` 的类型是 {}", kind.word()));
                self.bad("wrong-type", e, 1, message, None);
            }
            Val::Lit(v) => {
                let said = written(&v);
                if !v.is_unit() && !v.into_string().is_ok_and(|s| instant_of(&s).is_some()) {
                    let help =
                        text("write `now`, a field, or \"2025-10-09T20:00:00+08:00\"", "请写 `now`、字段或 \"2025-10-09T20:00:00+08:00\"");
                    let message = needed(format!("this is {said}"), format!("实际为 {said}"));
                    self.bad("wrong-type", e, said.chars().count(), message, Some(help));
                }
            }
            Val::Root(_) | Val::Part(..) | Val::Test(_) => drop(self.used(e)),
            Val::Kept | Val::Number(_) | Val::Other => {}
        }
        None
    }

    fn span(&mut self, e: &Expr) {
        match self.walk(e) {
            Val::Lit(v) => {
                let said = written(&v);
                if !v.into_string().is_ok_and(|s| s.parse::<Span>().is_ok()) {
                    let message = text(format!("{said} is no span of time"), format!("{said} 不是时长"));
                    let help = text("write it like \"90m\", \"4bh\" or \"2bd\"", "请写成 \"90m\"、\"4bh\" 或 \"2bd\"");
                    self.bad("bad-duration", e, said.chars().count(), message, Some(help));
                }
            }
            Val::Path(p) if p.kind(self.schema) != Kind::Duration => {
                let kind = p.kind(self.schema);
                let message = text(
                    format!("a span of time is needed here, `{p}` is of kind {}", kind.word()),
                    format!("此处需要时长，`{p}` 的类型是 {}", kind.word()),
                );
                self.bad("wrong-type", e, 1, message, None);
            }
            Val::Root(_) | Val::Part(..) | Val::Test(_) => drop(self.used(e)),
            Val::Path(_) | Val::Kept | Val::Number(_) | Val::Other => {}
        }
    }

    // -- functions of the host's -----------------------------------------------------------------------

    fn host_function(&mut self, f: &Function, args: &[Expr], pos: Position) -> Val {
        let name = f.name();
        if args.len() != f.takes().len() {
            return self.wrong_count(name, args, pos, format!("`{}`", f.signature()));
        }
        for (kind, e) in f.takes().iter().zip(args) {
            let wrong = match self.walk(e) {
                Val::Path(p) => {
                    let have = p.kind(self.schema);
                    (!takes(*kind, &have)).then(|| (format!("`{p}` is of kind {}", have.word()), format!("`{p}` 的类型是 {}", have.word())))
                }
                Val::Lit(v) => {
                    reach::value_of(*kind, &v).is_err().then(|| (format!("this is {}", written(&v)), format!("实际为 {}", written(&v))))
                }
                Val::Test(n) => {
                    self.stays(&n, e.start_position());
                    (*kind != ValueKind::Boolean).then(|| ("this is true or false".into(), "实际为布尔值".into()))
                }
                Val::Root(_) | Val::Part(..) => {
                    self.used(e);
                    None
                }
                Val::Kept | Val::Number(_) | Val::Other => None,
            };
            if let Some((en, zh)) = wrong {
                let message = text(
                    format!("`{name}` takes a value of kind {} here, {en}", kind.word()),
                    format!("`{name}` 此处需要 {}，{zh}", kind.word()),
                );
                let help = text(format!("it is `{}`", f.signature()), format!("函数为 `{}`", f.signature()));
                self.bad("wrong-type", e, 1, message, Some(help));
            }
        }
        Val::Other
    }
}

/// A constant as an author writes it.
fn written(v: &Dynamic) -> String {
    match v.read_lock::<rhai::ImmutableString>() {
        Some(s) => format!("{:?}", s.as_str()),
        None if v.is_unit() => "()".into(),
        None => super::natives::show(v),
    }
}

/// Whether values of these kinds can ever be equal.
fn may_equal(column: &Kind, path: &Kind) -> bool {
    let list = |k: &Kind| match k {
        Kind::OneOf { names, .. } | Kind::Category(names) => Some(names.clone()),
        _ => None,
    };
    match (column, path) {
        (
            Kind::Text | Kind::Name | Kind::OneOf { .. } | Kind::Category(_),
            Kind::Text | Kind::Name | Kind::OneOf { .. } | Kind::Category(_),
        ) => match (list(column), list(path)) {
            (Some(a), Some(b)) => a.iter().any(|n| b.contains(n)),
            _ => true,
        },
        (Kind::Integer, Kind::Integer | Kind::Decimal) | (Kind::Boolean, Kind::Boolean) => true,
        _ => false,
    }
}

/// Whether a function that takes such a value can be given one of this kind.
fn takes(wanted: ValueKind, kind: &Kind) -> bool {
    matches!(
        (wanted, kind),
        (ValueKind::Text, Kind::Text | Kind::Name | Kind::OneOf { .. } | Kind::Category(_))
            | (ValueKind::Integer, Kind::Integer)
            | (ValueKind::Decimal, Kind::Decimal | Kind::Integer)
            | (ValueKind::Boolean, Kind::Boolean)
            | (ValueKind::Instant, Kind::Instant)
            | (ValueKind::Duration, Kind::Duration)
            | (ValueKind::Names, Kind::Names(_))
    )
}
