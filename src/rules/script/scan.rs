//! The walk over a syntax tree: every name resolved, every comparison checked, and what is simple enough lowered on the way.
//!
//! One walk does both, so that what is checked is what runs. Each expression yields a [`Val`]: a root, a path, a constant, a
//! native test, or something only the interpreter can work out.

use super::{
    fault::place,
    files::{File, Library},
    joined::{one_or, simple_all, simple_any},
    names::{self, Function, Link},
    reach::{self, Reach},
    run::{Program, Slot},
    values::Shape,
};
use crate::condition::{Check, Expr as Native, Path, Root, Term};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, did_you_mean, text};
use crate::rules::Written;
use crate::ticket::{Action, Schema};
use rhai::{AST, Array, BinaryExpr, Dynamic, Expr, FnPtr, Map, Module, Position, Stmt};
use std::{collections::BTreeSet, sync::Arc};

/// What an expression is.
#[derive(Clone, Debug)]
pub(super) enum Val {
    /// The ticket or the event.
    Root(Root),
    /// A part of one that is no value yet: `t.customer`.
    Part(Root, Vec<String>),
    /// A field.
    Path(Path),
    /// A field's value kept in a variable that may change.
    Kept,
    /// A constant.
    Lit(Dynamic),
    /// A whole number worked out natively.
    Number(Term),
    /// A native test.
    Test(Native),
    /// Whatever the interpreter makes of it.
    Other,
}

/// Steps of one file's walk; helpers are walked at each call, so that doubling calls would not end.
const STEPS: usize = 100_000;
/// How deep the walk descends, calls of helpers included.
const DEPTH: usize = 120;

/// The walk.
pub(super) struct Scan<'a> {
    pub(super) library: &'a Library,
    pub(super) schema: &'a Arc<Schema>,
    pub(super) file: &'a File,
    /// Where the text begins, if it is no file.
    pub(super) base: Option<Place>,
    pub(super) lines: &'a str,
    pub(super) problems: Diagnostics,
    pub(super) env: Vec<(String, Val)>,
    pub(super) reads: BTreeSet<Path>,
    pub(super) writes: BTreeSet<Written>,
    /// Functions of the rule's own file that run.
    pub(super) calls: BTreeSet<(String, usize)>,
    /// Whether actions may be recorded here.
    pub(super) acting: bool,
    pub(super) stops: bool,
    /// What can be reached besides the ticket.
    pub(super) reach: Arc<Reach>,
    /// Whether something of it is.
    pub(super) reaches: bool,
    pub(super) active: Vec<(Arc<str>, String, usize)>,
    pub(super) depth: usize,
    pub(super) steps: usize,
    pub(super) own: Arc<str>,
    /// Whether what can be lowered is; the test that holds both equal leaves all to the interpreter.
    pub(super) lower: bool,
}

impl<'a> Scan<'a> {
    pub(super) fn new(library: &'a Library, schema: &'a Arc<Schema>, file: &'a File, lines: &'a str, base: Option<Place>) -> Self {
        Self {
            library,
            schema,
            file,
            base,
            lines,
            problems: Diagnostics::new(),
            env: Vec::new(),
            reads: BTreeSet::new(),
            writes: BTreeSet::new(),
            calls: BTreeSet::new(),
            acting: false,
            stops: false,
            reach: Reach::none().clone(),
            reaches: false,
            active: Vec::new(),
            depth: 0,
            steps: 0,
            own: file.name.clone(),
            lower: true,
        }
    }

    pub(super) fn place(&self, pos: Position, length: usize) -> Place {
        let p = place(&self.file.name, pos, length);
        match &self.base {
            Some(base) if p.line > 0 => base.inside(p.line, p.column, p.length),
            Some(base) => base.clone(),
            None => p,
        }
    }

    pub(super) fn report(&mut self, d: Diagnostic) -> Val {
        self.problems.push(d);
        // So that one mistake is reported once, what it was part of counts as checked.
        Val::Test(Native::Always(false))
    }

    pub(super) fn check(&self) -> Check<'a> {
        Check { schema: self.schema }
    }

    /// The condition a closure's body or a text is. Splits at `&&`, `||` and `!`, so that only the leaves that cannot be lowered
    /// stay scripts.
    pub(super) fn top(&mut self, e: &Expr, slots: &[(String, Slot)]) -> Native {
        match e {
            Expr::And(v, _) => simple_all(v.iter().map(|e| self.top(e, slots)).collect()),
            Expr::Or(v, _) => simple_any(v.iter().map(|e| self.top(e, slots)).collect()),
            Expr::FnCall(c, _) if c.name == "!" && c.args.len() == 1 && c.op_token.is_some() => match c.args.first() {
                Some(inner) => Native::Not(Box::new(self.top(inner, slots))),
                None => Native::Always(false),
            },
            Expr::Stmt(b) => match b.statements() {
                [Stmt::Expr(inner)] => self.top(inner, slots),
                [Stmt::FnCall(c, pos)] => self.top(&Expr::FnCall(c.clone(), *pos), slots),
                _ => self.leaf(e, slots),
            },
            e => self.leaf(e, slots),
        }
    }

    /// As `top`, with the places of the conjuncts, or of the alternatives, where they can be told.
    pub(super) fn parts(&mut self, e: &Expr, slots: &[(String, Slot)]) -> (Native, Vec<Place>) {
        match e {
            Expr::And(v, _) => {
                let (mut natives, mut places) = (Vec::with_capacity(v.len()), Vec::with_capacity(v.len()));
                for e in v.iter() {
                    let (native, own) = self.parts(e, slots);
                    let here = self.extent(e);
                    match native {
                        Native::All(more) if own.len() == more.len() => {
                            places.extend(own);
                            natives.extend(more);
                        }
                        Native::All(more) => {
                            places.extend(more.iter().map(|_| here.clone()));
                            natives.extend(more);
                        }
                        one => {
                            places.push(here);
                            natives.push(one);
                        }
                    }
                }
                (one_or(natives, Native::All), places)
            }
            Expr::Or(v, _) => {
                let places: Vec<Place> = v.iter().map(|e| self.extent(e)).collect();
                let any = simple_any(v.iter().map(|e| self.top(e, slots)).collect());
                let fits = matches!(&any, Native::Any(list) if list.len() == places.len());
                (any, if fits { places } else { Vec::new() })
            }
            Expr::Stmt(b) => match b.statements() {
                [Stmt::Expr(inner)] => self.parts(inner, slots),
                _ => (self.top(e, slots), Vec::new()),
            },
            e => (self.top(e, slots), vec![self.extent(e)]),
        }
    }

    fn extent(&self, e: &Expr) -> Place {
        let (pos, length) = names::extent(e);
        self.place(pos, length)
    }

    fn leaf(&mut self, e: &Expr, slots: &[(String, Slot)]) -> Native {
        let reads = std::mem::take(&mut self.reads);
        let calls = std::mem::take(&mut self.calls);
        let reaches = std::mem::take(&mut self.reaches);
        let native = match self.walk(e) {
            Val::Test(native) => native,
            Val::Path(path) => match self.check().flag(path, &self.place(e.start_position(), 1)) {
                Ok(native) => native,
                Err(d) => {
                    self.problems.push(d);
                    Native::Always(false)
                }
            },
            Val::Lit(v) if v.is_bool() => Native::Always(v.as_bool().unwrap_or(false)),
            Val::Lit(_) | Val::Number(_) | Val::Root(_) | Val::Part(..) => {
                let d = Diagnostic::error("not-a-condition", text("this is neither true nor false", "此处既不是 true 也不是 false"))
                    .at(self.place(e.start_position(), 1));
                self.problems.push(d);
                Native::Always(false)
            }
            Val::Other | Val::Kept => {
                self.answers(e);
                let statement = Stmt::Expr(Box::new(e.clone()));
                Native::Script(Arc::new(self.program(vec![statement], e.start_position(), slots)))
            }
        };
        self.reads.extend(reads);
        self.calls.extend(calls);
        self.reaches |= reaches;
        native
    }

    /// A function of the host's that stands alone in a condition must answer yes or no.
    fn answers(&mut self, e: &Expr) {
        let Expr::FnCall(c, pos) = e else { return };
        let gives =
            self.reach.resources.functions.get(&c.name).filter(|f| !c.is_qualified() && f.gives() != crate::rules::ValueKind::Boolean);
        if let Some(f) = gives {
            let (name, signature) = (f.name(), f.signature());
            let d = Diagnostic::error(
                "not-a-condition",
                text(format!("`{name}` is neither true nor false"), format!("`{name}` 既不是 true 也不是 false")),
            )
            .at(self.place(*pos, name.chars().count()))
            .help(text(format!("it is `{signature}`; compare it with something"), format!("函数为 `{signature}`；请与某个值比较")));
            self.problems.push(d);
        }
    }

    /// The program of these statements, with what the walk found that they read, write and call.
    pub(super) fn program(&self, statements: Vec<Stmt>, at: Position, slots: &[(String, Slot)]) -> Program {
        let mut functions = Module::new();
        for f in self.calls.iter().filter_map(|key| self.file.functions.get(key)) {
            functions.set_script_fn(f.def.clone());
        }
        let mut ast = AST::new(statements, functions);
        ast.set_source(&*self.own);
        let shapes = self.reads.iter().map(|p| (p.to_string().into(), p.clone(), Shape::of(p, self.schema))).collect();
        let module = |(alias, file): (&String, &Arc<str>)| self.library.modules.get(file).map(|m| (alias.clone(), m.clone()));
        let line = at.line().and_then(|l| l.checked_sub(1)).and_then(|l| self.lines.lines().nth(l)).unwrap_or(self.lines);
        let shown: String = line.trim().chars().take(120).collect();
        Program {
            ast,
            file: self.own.clone(),
            base: self.base.clone(),
            text: shown,
            slots: slots.to_vec(),
            reads: self.reads.clone(),
            shapes,
            modules: self.file.imports.iter().filter_map(module).collect(),
            schema: self.schema.clone(),
            writes: self.writes.clone(),
            stops: self.stops,
            reach: self.reaches.then(|| self.reach.clone()),
        }
    }

    /// What an expression is; everything in it is checked.
    pub(super) fn walk(&mut self, e: &Expr) -> Val {
        self.steps = self.steps.saturating_add(1);
        if self.depth > DEPTH || self.steps > STEPS {
            return self.too_much(e.position());
        }
        self.depth = self.depth.saturating_add(1);
        let val = self.expression(e);
        self.depth = self.depth.saturating_sub(1);
        val
    }

    fn too_much(&mut self, pos: Position) -> Val {
        let d = Diagnostic::error("too-complex", text("the script is too deep or too long to be checked", "脚本过深或过长，无法检查"))
            .at(self.place(pos, 1))
            .help(text("split it into smaller rules or helpers that call fewer others", "请拆成更小的规则，或减少函数之间的调用"));
        if !self.problems.iter().any(|d| d.code == "too-complex") {
            self.problems.push(d);
        }
        Val::Test(Native::Always(false))
    }

    fn expression(&mut self, e: &Expr) -> Val {
        if let Some(value) = literal(e) {
            return Val::Lit(value);
        }
        match e {
            Expr::DynamicConstant(v, _) => {
                if let Some(f) = v.read_lock::<FnPtr>() {
                    let name = f.fn_name().to_string();
                    self.inner_closure(&name, &[]);
                }
                Val::Other
            }
            Expr::Variable(x, _, pos) => self.variable(&x.1, &x.2, *pos),
            Expr::InterpolatedString(v, _) => self.all_used(v.iter()),
            Expr::Array(v, _) => self.all_used(v.iter()),
            Expr::Map(x, _) => self.all_used(x.0.iter().map(|(_, e)| e)),
            Expr::Stmt(b) => self.block_value(b.statements()),
            Expr::FnCall(c, pos) => self.call(c, *pos),
            Expr::Dot(x, flags, _) => self.chain(x, *flags, false),
            Expr::Index(x, flags, _) => self.chain(x, *flags, true),
            Expr::And(v, _) => self.junction(v, true),
            Expr::Or(v, _) => self.junction(v, false),
            Expr::Coalesce(v, _) => self.all_used(v.iter()),
            _ => Val::Other,
        }
    }

    fn variable(&mut self, name: &str, namespace: &rhai::Namespace, pos: Position) -> Val {
        if !namespace.path.is_empty() {
            let root = namespace.path.first().map(|i| i.name.to_string()).unwrap_or_default();
            if root == "global"
                && let Some(value) = self.file.constants.get(name)
            {
                return Val::Lit(value.clone());
            }
            let d =
                Diagnostic::error("unknown-constant", text(format!("no constant `{root}::{name}`"), format!("没有常量 `{root}::{name}`")))
                    .at(self.place(pos, name.chars().count()))
                    .help(text("only functions are imported; a function can return the value", "只能导入函数；可用函数返回该值"));
            return self.report(d);
        }
        self.env.iter().rev().find(|(n, _)| n == name).map_or(Val::Other, |(_, v)| v.clone())
    }

    /// Several conditions joined; native only if all are.
    fn junction(&mut self, parts: &[Expr], all: bool) -> Val {
        let mut native = Vec::with_capacity(parts.len());
        let mut lowered = true;
        for e in parts {
            match self.condition(e) {
                Some(n) => native.push((n, e.start_position())),
                None => lowered = false,
            }
        }
        if !lowered {
            for (n, pos) in &native {
                self.stays(n, *pos);
            }
            return Val::Other;
        }
        let parts = native.into_iter().map(|(n, _)| n).collect();
        Val::Test(if all { simple_all(parts) } else { simple_any(parts) })
    }

    /// The native form of a yes-or-no expression, if it has one.
    pub(super) fn condition(&mut self, e: &Expr) -> Option<Native> {
        match self.walk(e) {
            Val::Test(n) => Some(n),
            Val::Path(p) => match self.check().flag(p, &self.place(e.start_position(), 1)) {
                Ok(n) => Some(n),
                Err(d) => {
                    self.problems.push(d);
                    Some(Native::Always(false))
                }
            },
            Val::Lit(v) if v.is_bool() => Some(Native::Always(v.as_bool().unwrap_or(false))),
            Val::Root(_) | Val::Part(..) => {
                self.escape(e.start_position());
                None
            }
            _ => None,
        }
    }

    /// A test that the interpreter evaluates after all: there an absent yes-or-no value is neither.
    pub(super) fn stays(&mut self, n: &Native, pos: Position) {
        if let Some(path) = bare(n) {
            let d = Diagnostic::error(
                "maybe-absent",
                text(
                    format!("`{path}` may be absent, and the script around it needs true or false"),
                    format!("`{path}` 可能不存在，而所在脚本需要 true 或 false"),
                ),
            )
            .at(self.place(pos, 1))
            .help(text(format!("write `{path} == true`"), format!("请写 `{path} == true`")));
            self.problems.push(d);
        }
    }

    /// A condition inside statements: `if`, `while`.
    pub(super) fn branch(&mut self, e: &Expr) {
        if let Some(n) = self.condition(e) {
            self.stays(&n, e.start_position());
        }
    }

    /// A value the interpreter works with.
    pub(super) fn used(&mut self, e: &Expr) -> Val {
        let val = self.walk(e);
        match &val {
            Val::Root(_) | Val::Part(..) => self.escape(e.start_position()),
            Val::Test(n) => {
                let n = n.clone();
                self.stays(&n, e.start_position());
            }
            _ => {}
        }
        val
    }

    fn all_used<'e>(&mut self, parts: impl Iterator<Item = &'e Expr>) -> Val {
        for e in parts {
            self.used(e);
        }
        Val::Other
    }

    pub(super) fn escape(&mut self, pos: Position) {
        let d = Diagnostic::error(
            "ticket-escapes",
            text(
                "a ticket or an event is only asked for its fields, told to act, or passed to a function",
                "工单或事件只能读取字段、执行动作，或作为函数参数传递",
            ),
        )
        .at(self.place(pos, 1))
        .help(text("name the field you mean: `t.impact`", "请写出具体字段，例如 `t.impact`"));
        self.problems.push(d);
    }

    fn block_value(&mut self, statements: &[Stmt]) -> Val {
        match statements {
            [Stmt::Expr(e)] => self.walk(e),
            [Stmt::FnCall(c, pos)] => self.call(c, *pos),
            many => {
                self.block(many);
                Val::Other
            }
        }
    }

    /// The function of these arguments: the value of its body if that is one expression.
    pub(super) fn enter(&mut self, file: &'a File, def: &Arc<Function>, args: Vec<Val>, pos: Position) -> Val {
        let key = (file.name.clone(), def.name().to_string(), def.params());
        if file.name == self.own {
            self.calls.insert((key.1.clone(), key.2));
        }
        // A function that calls itself cannot be lowered; its body is being checked already.
        if self.active.contains(&key) {
            return Val::Other;
        }
        if self.active.len() > 16 {
            return self.too_much(pos);
        }
        self.active.push(key);
        let (outer_file, outer_env) = (std::mem::replace(&mut self.file, file), std::mem::take(&mut self.env));
        self.env = def.def.params.iter().map(|p| p.to_string()).zip(args).collect();
        let val = match def.body.as_slice() {
            [Stmt::Return(Some(e), ..)] => self.walk(e),
            body => self.block_value(body),
        };
        self.file = outer_file;
        self.env = outer_env;
        self.active.pop();
        val
    }

    /// A closure passed to `some`, `filter` and the like.
    pub(super) fn inner_closure(&mut self, name: &str, captured: &[Val]) {
        let file = self.file;
        let Some(def) = file.named(name).cloned() else { return };
        let args = (0..def.params()).map(|i| captured.get(i).cloned().unwrap_or(Val::Other)).collect();
        if let Val::Test(n) = self.enter(file, &def, args, Position::NONE) {
            self.stays(&n, Position::NONE);
        }
    }

    /// A chain `base.a.b(…)[c]`.
    fn chain(&mut self, x: &BinaryExpr, flags: rhai::ASTFlags, index: bool) -> Val {
        let base = self.walk(&x.lhs);
        let links = names::links(x, flags, index);
        let val = self.follow(base, &links, x.lhs.start_position());
        // What runs natively holds nothing while it looks.
        match (&x.lhs, &val) {
            (Expr::Variable(v, ..), Val::Other) => self.held(&v.1, &links),
            _ => val,
        }
    }

    /// A call holds the variable that its chain begins with; a closure that uses the same one would wait for it in vain.
    fn held(&mut self, name: &str, links: &[Link<'_>]) -> Val {
        let args = links.iter().flat_map(|l| match l {
            Link::Method(c, _) => c.args.as_slice(),
            _ => &[],
        });
        let Some((pos, called)) = args.filter_map(|e| names::captures(e, name)).next().zip(links.first()) else { return Val::Other };
        let first = match called {
            Link::Property(first, _) => format!("{name}.{first}"),
            _ => name.to_string(),
        };
        let d = Diagnostic::error(
            "held-variable",
            text(
                format!("the closure uses `{name}` while the call on `{first}` holds it"),
                format!("对 `{first}` 的调用占用了 `{name}`，闭包不能同时使用它"),
            ),
        )
        .at(self.place(pos, 1))
        .help(text(
            format!("copy it first: `let them = {first};`, then call it on `them`"),
            format!("请先复制：`let them = {first};`，再对 `them` 调用"),
        ));
        self.report(d)
    }

    /// Resolves the whole of a part or reports it.
    pub(super) fn resolve(&mut self, root: Root, segments: &[String], pos: Position) -> Option<Val> {
        let names: Vec<&str> = segments.iter().map(String::as_str).collect();
        let last = names.last().map_or(1, |n| n.chars().count());
        if matches!((root, names.as_slice()), (Root::Ticket, ["customer"]) | (Root::Event, ["message"])) {
            // No fact by itself; what follows makes it one.
            return Some(Val::Part(root, segments.to_vec()));
        }
        match Path::resolve(root, &names, self.schema, &self.place(pos, last)) {
            Ok(path) => {
                self.reads.insert(path.clone());
                Some(Val::Path(path))
            }
            Err(d) => {
                let part = if root == Root::Ticket { "customer" } else { "message" };
                let help = names.first().and_then(|n| did_you_mean(n, [part]));
                self.problems.push(if names.len() == 1 { d.maybe_help(help) } else { d });
                None
            }
        }
    }

    /// Reports a function that does not exist.
    pub(super) fn unknown_function(&mut self, name: &str, pos: Position) -> Val {
        let reach = self.reach.clone();
        let known = names::natives().iter().map(String::as_str).chain(self.file.functions.keys().map(|(n, _)| n.as_str()));
        let known = known.chain(reach::names().iter().copied()).chain(reach.resources.functions.iter().map(|f| f.name()));
        let known: Vec<&str> = known.filter(|n| n.chars().all(|c| c.is_alphanumeric() || c == '_')).collect();
        let help = did_you_mean(name, known);
        let d = Diagnostic::error("unknown-function", text(format!("no function `{name}`"), format!("没有函数 `{name}`")))
            .at(self.place(pos, name.chars().count()))
            .maybe_help(help);
        self.report(d)
    }
}

/// The constant an expression is.
pub(super) fn literal(e: &Expr) -> Option<Dynamic> {
    match e {
        Expr::DynamicConstant(v, _) if v.is_fnptr() => None,
        Expr::InterpolatedString(..) => None,
        Expr::Array(v, _) => Some(v.iter().map(literal).collect::<Option<Array>>()?.into()),
        Expr::Map(x, _) => {
            let entries = x.0.iter().map(|(k, e)| Some((k.name.as_str().into(), literal(e)?)));
            Some(entries.collect::<Option<Map>>()?.into())
        }
        e => e.get_literal_value(None),
    }
}

/// An optional yes-or-no path that stands alone in a test.
fn bare(n: &Native) -> Option<&Path> {
    match n {
        Native::Flag(p @ (Path::Field(_) | Path::Customer(_) | Path::MessageAutomatic)) => Some(p),
        Native::Flag(p @ Path::Derived(d)) if d.may_be_absent() => Some(p),
        Native::All(v) | Native::Any(v) => v.iter().find_map(bare),
        Native::Not(n) => bare(n),
        _ => None,
    }
}

/// The actions of a `then`, or that they need the interpreter.
pub(super) enum Asked {
    Actions(Vec<(Action, Place)>),
    Script,
}
