//! Small helpers of the walk: chains as lists of links, bodies of functions, names that exist.

use super::{run_engine, values::host};
use rhai::{AST, ASTFlags, ASTNode, BinaryExpr, Expr, FnCallExpr, Module, Position, ScriptFuncDef, Shared, Stmt};
use std::{collections::BTreeSet, sync::LazyLock};

/// One step of a chain.
pub(super) enum Link<'e> {
    Property(&'e str, Position),
    Method(&'e FnCallExpr, Position),
    Index(&'e Expr),
}

/// The steps after the base of a chain, in order of reading. Rhai nests them to the right.
pub(super) fn links(x: &BinaryExpr, flags: ASTFlags, index: bool) -> Vec<Link<'_>> {
    let mut out = Vec::new();
    let (mut rhs, mut flags, mut index) = (&x.rhs, flags, index);
    loop {
        let next = match rhs {
            Expr::Dot(y, f, _) => Some((y, *f, false)),
            Expr::Index(y, f, _) => Some((y, *f, true)),
            _ => None,
        };
        match next {
            Some((y, f, i)) if !flags.contains(ASTFlags::BREAK) => {
                out.push(link(&y.lhs, index));
                (rhs, flags, index) = (&y.rhs, f, i);
            }
            _ => {
                out.push(link(rhs, index));
                return out;
            }
        }
    }
}

fn link(e: &Expr, index: bool) -> Link<'_> {
    match e {
        Expr::Property(p, pos) if !index => Link::Property(&p.2, *pos),
        Expr::MethodCall(c, pos) if !index => Link::Method(c, *pos),
        e => Link::Index(e),
    }
}

/// Where a closure stands that captures a variable of this name; none for anything else.
pub(super) fn captures(closure: &Expr, name: &str) -> Option<Position> {
    let Expr::Stmt(block) = closure else { return None };
    let Some(Stmt::Share(names)) = block.statements().first() else { return None };
    names.iter().any(|(n, _)| n.name == name).then(|| closure.start_position())
}

/// Where an expression begins, and how many characters it takes as far as it stands on one line.
pub(super) fn extent(e: &Expr) -> (Position, usize) {
    let (mut first, mut end): (Option<(usize, usize)>, usize) = (None, 0);
    let mut one_line = true;
    spread(e, &mut |pos, length| {
        let (Some(line), Some(column)) = (pos.line(), pos.position()) else { return };
        one_line &= first.is_none_or(|(l, _)| l == line);
        first = Some(first.map_or((line, column), |f| f.min((line, column))));
        end = end.max(column.saturating_add(length));
    });
    let Some((line, column)) = first else { return (e.start_position(), 1) };
    let start = match (u16::try_from(line), u16::try_from(column)) {
        (Ok(line), Ok(column)) => Position::new(line, column),
        _ => e.start_position(),
    };
    (start, if one_line { end.saturating_sub(column).max(1) } else { 1 })
}

/// Shows the words of an expression.
fn spread(e: &Expr, show: &mut dyn FnMut(Position, usize)) {
    let count = |s: &str| s.chars().count();
    match e {
        Expr::StringConstant(s, pos) => show(*pos, count(s).saturating_add(2)),
        Expr::IntegerConstant(n, pos) => show(*pos, n.to_string().len()),
        Expr::BoolConstant(b, pos) => show(*pos, b.to_string().len()),
        Expr::Unit(pos) => show(*pos, 2),
        Expr::Variable(x, _, pos) => show(*pos, count(&x.1)),
        Expr::Property(x, pos) => show(*pos, count(&x.2)),
        Expr::Array(items, pos) => {
            show(*pos, 1);
            items.iter().for_each(|e| spread(e, &mut |pos, n| show(pos, n.saturating_add(1))));
        }
        Expr::Dot(x, ..) => {
            spread(&x.lhs, show);
            spread(&x.rhs, show);
        }
        Expr::Index(x, ..) => {
            spread(&x.lhs, show);
            spread(&x.rhs, &mut |pos, n| show(pos, n.saturating_add(1)));
        }
        Expr::And(v, _) | Expr::Or(v, _) | Expr::Coalesce(v, _) => v.iter().for_each(|e| spread(e, show)),
        Expr::Stmt(b) => match b.statements() {
            [Stmt::Expr(e)] => spread(e, show),
            _ => show(e.start_position(), 1),
        },
        Expr::FnCall(c, pos) if c.op_token.is_some() || (c.name == "contains" && !c.is_qualified()) => {
            if c.args.len() == 1 {
                show(*pos, 1);
            }
            c.args.iter().for_each(|e| spread(e, show));
        }
        Expr::FnCall(c, pos) | Expr::MethodCall(c, pos) => {
            // With its brackets.
            show(*pos, count(&c.name).saturating_add(2));
            c.args.iter().for_each(|e| spread(e, &mut |pos, n| show(pos, n.saturating_add(1))));
        }
        e => show(e.start_position(), 1),
    }
}

/// A function or closure with its statements.
pub(super) struct Function {
    pub(super) def: Shared<ScriptFuncDef>,
    pub(super) body: Vec<Stmt>,
}

impl Function {
    /// Rhai shows a function's statements only to a walk over a tree that holds it.
    pub(super) fn read(def: &Shared<ScriptFuncDef>) -> Self {
        let mut alone = Module::new();
        alone.set_script_fn(def.clone());
        let mut body = Vec::new();
        AST::new([], alone).walk(&mut |path| {
            if let [ASTNode::Stmt(s)] = path {
                body.push((*s).clone());
            }
            true
        });
        Self { def: def.clone(), body }
    }
    pub(super) fn name(&self) -> &str {
        &self.def.name
    }
    pub(super) fn params(&self) -> usize {
        self.def.params.len()
    }
}

/// Every function that scripts can call without defining it.
pub(super) fn natives() -> &'static BTreeSet<String> {
    static NAMES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        let sandbox = run_engine(&[host()], None);
        let names = sandbox.engine().collect_fn_metadata(None, |f| Some(f.metadata.name.to_string()), true);
        names.into_iter().chain(["stop".to_string()]).collect()
    });
    &NAMES
}
