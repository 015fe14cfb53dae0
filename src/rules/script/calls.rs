//! The walk, second part: comparisons, calls, chains, statements and recorded actions.

use super::{
    actions::WORDS,
    joined::simple_any,
    names::{Link, natives},
    scan::{Scan, Val},
    values::{decimal_of, instant_of, lapse_of, turned},
};
use crate::condition::{Comparison, Expr as Native, Kind, Literal, Operator, Path, Root, Term, TextTest};
use crate::diagnostic::{Diagnostic, did_you_mean, text};
use rhai::{Array, Dynamic, Expr, FnCallExpr, FnPtr, Position, Stmt};

fn comparison(sign: &str) -> Option<Comparison> {
    Some(match sign {
        "==" => Comparison::Is,
        "!=" => Comparison::IsNot,
        "<" => Comparison::Below,
        "<=" => Comparison::AtMost,
        ">" => Comparison::Above,
        ">=" => Comparison::AtLeast,
        _ => return None,
    })
}

/// A constant as a condition of this kind takes it.
fn constant(v: &Dynamic, kind: &Kind) -> Option<Literal> {
    if v.is_unit() {
        return Some(Literal::Absent);
    }
    if let Ok(b) = v.as_bool() {
        return Some(Literal::Boolean(b));
    }
    if let Ok(n) = v.as_int() {
        return Some(Literal::Integer(n));
    }
    if let Ok(f) = v.as_float() {
        return decimal_of(f).map(Literal::Decimal);
    }
    let s = v.clone().into_string().ok()?;
    Some(match kind {
        Kind::Decimal => s.parse().map_or(Literal::Text(s), Literal::Decimal),
        Kind::Instant => instant_of(&s).map_or(Literal::Text(s), Literal::Instant),
        Kind::Duration => lapse_of(&s).map_or(Literal::Text(s), Literal::Duration),
        _ => Literal::Text(s),
    })
}

impl Scan<'_> {
    pub(super) fn call(&mut self, c: &FnCallExpr, pos: Position) -> Val {
        let operator = c.op_token.is_some();
        match c.args.as_slice() {
            [a, b] if operator && comparison(&c.name).is_some() => {
                let Some(sign) = comparison(&c.name) else { return Val::Other };
                self.compare(sign, a, b, pos)
            }
            // `x in list` is parsed as `contains(list, x)`.
            [list, item] if c.name == "contains" && !c.is_qualified() => self.membership(list, item),
            [e] if operator && c.name == "!" => match self.condition(e) {
                Some(n) => Val::Test(Native::Not(Box::new(n))),
                None => Val::Other,
            },
            [a, b] if operator && Operator::of(&c.name).is_some() => {
                let Some(sign) = Operator::of(&c.name) else { return Val::Other };
                self.joined(sign, a, b, pos)
            }
            [e] if operator && c.name == "-" => {
                let val = self.walk(e);
                match self.term(&val) {
                    Some(term) => Val::Number(Term::Negative(Box::new(term), self.place(pos, 1))),
                    None => self.worked(&val, e),
                }
            }
            args if operator => {
                for e in args {
                    self.used(e);
                }
                Val::Other
            }
            [Expr::DynamicConstant(v, _), captured @ ..] if c.name == "curry" && v.is_fnptr() => {
                let name = v.read_lock::<FnPtr>().map(|f| f.fn_name().to_string()).unwrap_or_default();
                let captured: Vec<Val> = captured.iter().map(|e| self.walk(e)).collect();
                self.inner_closure(&name, &captured);
                Val::Other
            }
            args => self.function(c, args, pos),
        }
    }

    fn function(&mut self, c: &FnCallExpr, args: &[Expr], pos: Position) -> Val {
        let name = c.name.to_string();
        let key = (name.clone(), args.len());
        if let Some(alias) = c.namespace.path.first().map(|i| i.name.to_string()) {
            let Some(target) = self.file.imports.get(&alias).and_then(|f| self.library.files.get(f)) else {
                for e in args {
                    self.walk(e);
                }
                // The file is missing or broken, which is reported where it is imported.
                if self.file.imports.contains_key(&alias) {
                    return Val::Test(Native::Always(false));
                }
                let known: Vec<&String> = self.file.imports.keys().collect();
                let d = Diagnostic::error(
                    "unknown-function",
                    text(format!("nothing is imported as `{alias}`"), format!("没有导入名为 `{alias}` 的文件")),
                )
                .at(self.place(pos, alias.chars().count()))
                .maybe_help(did_you_mean(&alias, known));
                return self.report(d);
            };
            let args: Vec<Val> = args.iter().map(|e| self.argument(e)).collect();
            return match target.functions.get(&key).cloned() {
                Some(def) => self.enter(target, &def, args, pos),
                None => {
                    let d = Diagnostic::error(
                        "unknown-function",
                        text(
                            format!("`{}` has no function `{name}` of {} arguments", target.name, args.len()),
                            format!("`{}` 中没有带 {} 个参数的函数 `{name}`", target.name, args.len()),
                        ),
                    )
                    .at(self.place(pos, name.chars().count()))
                    .maybe_help(did_you_mean(&name, target.functions.keys().map(|(n, _)| n)));
                    self.report(d)
                }
            };
        }
        if let Some(def) = self.file.functions.get(&key).cloned() {
            let file = self.file;
            let args: Vec<Val> = args.iter().map(|e| self.argument(e)).collect();
            return self.enter(file, &def, args, pos);
        }
        if name == "stop" && args.is_empty() {
            if !self.acting {
                return self.not_here("stop", pos);
            }
            self.stops = true;
            return Val::Other;
        }
        if let Some(val) = self.reached(&name, args, pos) {
            return val;
        }
        for e in args {
            self.used(e);
        }
        let defined = self.file.functions.keys().any(|(n, _)| *n == name);
        if defined {
            let d = Diagnostic::error(
                "unknown-function",
                text(format!("`{name}` does not take {} arguments", args.len()), format!("`{name}` 不接受 {} 个参数", args.len())),
            )
            .at(self.place(pos, name.chars().count()));
            return self.report(d);
        }
        if !natives().contains(&name) || WORDS.iter().any(|(w, _)| *w == name && !matches!(*w, "set" | "tag")) {
            return self.unknown_function(&name, pos);
        }
        Val::Other
    }

    /// An argument of a function of the author's: a root may be passed on. A test that is passed is evaluated before.
    fn argument(&mut self, e: &Expr) -> Val {
        match self.walk(e) {
            Val::Test(n) => {
                self.stays(&n, e.start_position());
                Val::Other
            }
            Val::Part(..) => self.used(e),
            // It is worked out, and may fail, before the function is called.
            Val::Number(_) => Val::Other,
            val => val,
        }
    }

    /// A value that the interpreter goes on with.
    fn worked(&mut self, val: &Val, e: &Expr) -> Val {
        match val {
            Val::Root(_) | Val::Part(..) => self.escape(e.start_position()),
            Val::Test(n) => self.stays(n, e.start_position()),
            _ => {}
        }
        Val::Other
    }

    /// The whole number a value is, if it is one and native.
    fn term(&self, val: &Val) -> Option<Term> {
        match val {
            Val::Number(t) => Some(t.clone()),
            Val::Path(p) if p.bare_kind(self.schema) == Kind::Integer => Some(Term::Value(p.clone())),
            Val::Lit(v) => v.as_int().ok().map(Term::Number),
            _ => None,
        }
    }

    fn joined(&mut self, sign: Operator, a: &Expr, b: &Expr, pos: Position) -> Val {
        let (left, right) = (self.walk(a), self.walk(b));
        match (self.term(&left), self.term(&right)) {
            (Some(x), Some(y)) => Val::Number(Term::Joined(Box::new(x), sign, Box::new(y), self.place(pos, 1))),
            _ => {
                self.worked(&left, a);
                self.worked(&right, b)
            }
        }
    }

    fn compare(&mut self, c: Comparison, a: &Expr, b: &Expr, pos: Position) -> Val {
        let (left, right) = (self.walk(a), self.walk(b));
        match (left, right) {
            (Val::Path(p), Val::Lit(v)) => self.against(p, c, &v, b.position()),
            (Val::Lit(v), Val::Path(p)) => self.against(p, turned(c), &v, a.position()),
            (Val::Path(p), Val::Path(q)) => match self.check().compare_two(p, c, q, &self.place(pos, c.sign().len())) {
                Ok(n) => Val::Test(n),
                Err(d) => self.report(d),
            },
            (left, right) => match (self.term(&left), self.term(&right)) {
                (Some(x), Some(y)) => Val::Test(Native::Reckoned(Box::new((x, c, y)))),
                _ => {
                    self.worked(&left, a);
                    self.worked(&right, b)
                }
            },
        }
    }

    fn against(&mut self, p: Path, c: Comparison, v: &Dynamic, at: Position) -> Val {
        let kind = p.bare_kind(self.schema);
        let length = v.read_lock::<rhai::ImmutableString>().map_or(1, |s| s.chars().count().saturating_add(2));
        let place = self.place(at, length);
        if v.is_unit() && matches!(kind, Kind::Names(_)) {
            let d = Diagnostic::error(
                "wrong-type",
                text(format!("`{p}` is a set, which may be empty but is never absent"), format!("`{p}` 是集合，可能为空但不会不存在")),
            )
            .at(place)
            .help(text(format!("write `{p}.is_empty()`"), format!("请写 `{p}.is_empty()`")));
            return self.report(d);
        }
        let Some(literal) = constant(v, &kind) else {
            let d = Diagnostic::error(
                "wrong-type",
                text(
                    format!("`{p}` is of kind {}, which is never equal to a list or a map", kind.word()),
                    format!("`{p}` 的类型是 {}，不能与列表或映射比较", kind.word()),
                ),
            )
            .at(place);
            return self.report(d);
        };
        match self.check().compare(p, c, literal, &place) {
            Ok(n) => Val::Test(n),
            Err(d) => self.report(d),
        }
    }

    fn membership(&mut self, list: &Expr, item: &Expr) -> Val {
        let (container, value) = (self.walk(list), self.walk(item));
        match (container, value) {
            (Val::Path(p), Val::Lit(v)) => self.test_of(p, "contains", &v, item.position()),
            (Val::Lit(v), Val::Path(p)) if v.is_array() => {
                let items = v.into_typed_array::<Dynamic>().unwrap_or_default();
                self.one_of(p, &items, list)
            }
            (container, value) => {
                self.worked(&container, list);
                self.worked(&value, item)
            }
        }
    }

    fn one_of(&mut self, p: Path, items: &[Dynamic], list: &Expr) -> Val {
        let kind = p.bare_kind(self.schema);
        let at = |i: usize| match list {
            Expr::Array(v, _) => v.get(i).map_or(list.position(), Expr::position),
            e => e.start_position(),
        };
        let mut any = Vec::with_capacity(items.len());
        let mut bad = false;
        for (i, v) in items.iter().enumerate() {
            let length = v.read_lock::<rhai::ImmutableString>().map_or(1, |s| s.chars().count().saturating_add(2));
            let place = self.place(at(i), length);
            match constant(v, &kind) {
                // One constant at a time, so that the place of a wrong one is its own.
                Some(l) => {
                    let one = if l == Literal::Absent {
                        self.check().compare(p.clone(), Comparison::Is, l, &place)
                    } else {
                        self.check().one_of(p.clone(), vec![l], &place)
                    };
                    match one {
                        Ok(n) => any.push(n),
                        Err(d) => {
                            bad = true;
                            self.problems.push(d);
                        }
                    }
                }
                None => return Val::Other,
            }
        }
        if bad { Val::Test(Native::Always(false)) } else { Val::Test(simple_any(any)) }
    }

    /// `path.contains("x")` and its like.
    fn test_of(&mut self, p: Path, name: &str, v: &Dynamic, at: Position) -> Val {
        let Some(needle) = v.read_lock::<rhai::ImmutableString>().map(|s| s.to_string()) else {
            let kind = p.bare_kind(self.schema);
            let d = Diagnostic::error(
                "wrong-type",
                text(
                    format!("`{p}.{name}` takes a text ({p} is of kind {})", kind.word()),
                    format!("`{p}.{name}` 需要文本（{p} 的类型是 {}）", kind.word()),
                ),
            )
            .at(self.place(at, 1));
            return self.report(d);
        };
        let place = self.place(at, needle.chars().count().saturating_add(2));
        let test = match name {
            "contains" => self.check().contains(p, needle, &place),
            "starts_with" => self.check().text_test(p, TextTest::StartsWith, &needle, &place),
            "ends_with" => self.check().text_test(p, TextTest::EndsWith, &needle, &place),
            _ => self.check().within(p, needle, &place),
        };
        match test {
            Ok(n) => Val::Test(n),
            Err(d) => self.report(d),
        }
    }

    /// The steps of a chain.
    pub(super) fn follow(&mut self, base: Val, links: &[Link<'_>], at: Position) -> Val {
        let mut val = base;
        for link in links {
            val = match (val, link) {
                (Val::Root(root), Link::Property(name, pos)) => match self.resolve(root, &[(*name).to_string()], *pos) {
                    Some(v) => v,
                    None => return Val::Test(Native::Always(false)),
                },
                (Val::Root(root), Link::Index(Expr::StringConstant(name, pos))) => match self.resolve(root, &[name.to_string()], *pos) {
                    Some(v) => v,
                    None => return Val::Test(Native::Always(false)),
                },
                (Val::Part(root, mut segments), Link::Property(name, pos)) => {
                    segments.push((*name).to_string());
                    match self.resolve(root, &segments, *pos) {
                        Some(v) => v,
                        None => return Val::Test(Native::Always(false)),
                    }
                }
                (Val::Root(root), Link::Method(c, pos)) => self.act(root, c, *pos),
                (Val::Path(p), Link::Method(c, pos)) => self.method(p, c, *pos),
                (Val::Path(p @ Path::Derived(_)), Link::Property(name, pos)) => {
                    let d = Diagnostic::error(
                        "unknown-field",
                        text(format!("`{p}` is one value, without fields"), format!("`{p}` 是单个值，没有字段")),
                    )
                    .at(self.place(*pos, name.chars().count()));
                    return self.report(d);
                }
                (Val::Path(p), Link::Property(name, pos)) => {
                    let full = p.to_string();
                    let (root, rest) = match full.strip_prefix("event.") {
                        Some(rest) => (Root::Event, rest),
                        None => (Root::Ticket, full.strip_prefix("t.").unwrap_or(&full)),
                    };
                    let mut segments: Vec<String> = rest.split('.').map(str::to_string).collect();
                    segments.push((*name).to_string());
                    self.resolve(root, &segments, *pos);
                    return Val::Test(Native::Always(false));
                }
                (Val::Root(_) | Val::Part(..), _) => {
                    let d = Diagnostic::error("unknown-field", text("a field is named, not worked out", "字段必须写出名称，不能计算得出"))
                        .at(self.place(at, 1))
                        .help(text("write `t.impact` or `t[\"客户等级\"]`", "请写 `t.impact` 或 `t[\"客户等级\"]`"));
                    return self.report(d);
                }
                (Val::Test(n), Link::Method(c, pos)) => {
                    self.stays(&n, at);
                    self.any_method(c, *pos)
                }
                (_, Link::Method(c, pos)) => self.any_method(c, *pos),
                (_, Link::Index(e)) => {
                    self.used(e);
                    Val::Other
                }
                (_, Link::Property(..)) => Val::Other,
            };
        }
        if let Val::Part(root, segments) = &val {
            // Only its fields are values.
            let whole = if *root == Root::Ticket { format!("t.{}", segments.join(".")) } else { format!("event.{}", segments.join(".")) };
            let d = Diagnostic::error("unknown-field", text(format!("`{whole}` is no value by itself"), format!("`{whole}` 本身不是值")))
                .at(self.place(at, whole.chars().count()))
                .help(text("name one of its fields", "请写出其中的字段"));
            return self.report(d);
        }
        val
    }

    fn any_method(&mut self, c: &FnCallExpr, pos: Position) -> Val {
        for e in &c.args {
            self.used(e);
        }
        let name = c.name.to_string();
        if let Some(def) = self.file.functions.get(&(name.clone(), c.args.len())).cloned() {
            let file = self.file;
            let args = vec![Val::Other; c.args.len()];
            self.enter(file, &def, args, pos);
            return Val::Other;
        }
        if natives().contains(&name) || self.reached_method(&name, c.args.len()) {
            return Val::Other;
        }
        self.not_a_method(&name, pos).unwrap_or_else(|| self.unknown_function(&name, pos))
    }

    fn method(&mut self, p: Path, c: &FnCallExpr, pos: Position) -> Val {
        let kind = p.bare_kind(self.schema);
        match (c.name.as_str(), c.args.as_slice()) {
            ("contains" | "starts_with" | "ends_with" | "within", [arg]) => {
                let name = c.name.to_string();
                match self.walk(arg) {
                    Val::Lit(v) => self.test_of(p, &name, &v, arg.position()),
                    Val::Root(_) | Val::Part(..) => {
                        self.used(arg);
                        Val::Other
                    }
                    _ => Val::Other,
                }
            }
            ("contains_any", [arg]) if matches!(kind, Kind::Text | Kind::Name | Kind::Category(_) | Kind::OneOf { .. }) => {
                match self.walk(arg) {
                    Val::Lit(v) if v.is_array() => {
                        let list = v.into_typed_array::<Dynamic>().unwrap_or_default();
                        let any = list.iter().map(|v| match self.test_of(p.clone(), "contains", v, arg.start_position()) {
                            Val::Test(n) => n,
                            _ => Native::Always(false),
                        });
                        Val::Test(simple_any(any.collect()))
                    }
                    _ => {
                        self.used(arg);
                        Val::Other
                    }
                }
            }
            ("is_empty", []) => match kind {
                Kind::Names(_) => Val::Test(Native::Empty(p)),
                Kind::Text | Kind::Name | Kind::Category(_) | Kind::OneOf { .. } => {
                    let empty = Native::Text(p.clone(), TextTest::Is, String::new());
                    Val::Test(Native::Any(vec![empty, Native::Compare(p, Comparison::Is, Literal::Absent)]))
                }
                kind => {
                    let d = Diagnostic::error(
                        "wrong-type",
                        text(
                            format!("`{p}` is of kind {}, which is never empty", kind.word()),
                            format!("`{p}` 的类型是 {}，不存在“为空”", kind.word()),
                        ),
                    )
                    .at(self.place(pos, 8))
                    .help(text(format!("write `{p} == ()` to ask whether it is absent"), format!("判断是否不存在请写 `{p} == ()`")));
                    self.report(d)
                }
            },
            _ => self.any_method(c, pos),
        }
    }

    /// Statements that the interpreter runs.
    pub(super) fn block(&mut self, statements: &[Stmt]) {
        let floor = self.env.len();
        for s in statements {
            self.statement(s);
        }
        self.env.truncate(floor);
    }
}

/// For lists of constants.
pub(super) fn texts(v: &Dynamic) -> Option<Vec<String>> {
    if let Some(list) = v.read_lock::<Array>() {
        return list.iter().map(|v| v.clone().into_string().ok()).collect();
    }
    v.clone().into_string().ok().map(|s| vec![s])
}
