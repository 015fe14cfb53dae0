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
