//! The walk, third part: statements.

use super::scan::{Scan, Val};
use crate::diagnostic::{Diagnostic, text};
use rhai::{Expr, Position, Stmt};

impl Scan<'_> {
    pub(super) fn statement(&mut self, stmt: &Stmt) {
        self.depth = self.depth.saturating_add(1);
        self.one(stmt);
        self.depth = self.depth.saturating_sub(1);
    }

    fn one(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Noop(_) | Stmt::Share(_) => {}
            Stmt::If(x, _) => {
                self.branch(&x.expr);
                self.block(x.body.statements());
                self.block(x.branch.statements());
            }
            Stmt::While(x, _) | Stmt::Do(x, ..) => {
                if !matches!(x.expr, Expr::Unit(_)) {
                    self.branch(&x.expr);
                }
                self.block(x.body.statements());
            }
            Stmt::For(x, _) => {
                self.used(&x.2.expr);
                let floor = self.env.len();
                self.env.push((x.0.name.to_string(), Val::Other));
                if let Some(counter) = &x.1 {
                    self.env.push((counter.name.to_string(), Val::Other));
                }
                self.block(x.2.body.statements());
                self.env.truncate(floor);
            }
            Stmt::Switch(x, _) => {
                if matches!(self.used(&x.0), Val::Path(_) | Val::Kept) {
                    // Rhai finds the case by a hash, which a text of the ticket does not share with a text of the script.
                    let d =
                        Diagnostic::error("switch-on-field", text("`switch` does not see what a field holds", "`switch` 无法识别字段的值"))
                            .at(self.place(x.0.start_position(), 1))
                            .help(text(
                                "write `switch t.impact.to_string() { … }`, or use `if`",
                                "请写 `switch t.impact.to_string() { … }`，或使用 `if`",
                            ));
                    self.problems.push(d);
                }
                for case in &x.1.expressions {
                    if !matches!(case.lhs, Expr::BoolConstant(true, _)) {
                        self.branch(&case.lhs);
                    }
                    self.expression_statement(&case.rhs);
                }
            }
            Stmt::Var(x, ..) => {
                let val = match self.walk(&x.1) {
                    // A variable may be changed later; only another name for the ticket keeps its meaning.
                    Val::Root(root) => Val::Root(root),
                    Val::Test(n) => {
                        self.stays(&n, x.1.position());
                        Val::Other
                    }
                    Val::Part(..) => {
                        self.used(&x.1);
                        Val::Other
                    }
                    Val::Path(_) | Val::Kept => Val::Kept,
                    _ => Val::Other,
                };
                self.env.push((x.0.name.to_string(), val));
            }
            Stmt::Assignment(x) => self.assignment(&x.1.lhs, &x.1.rhs),
            Stmt::FnCall(c, pos) => {
                if let Val::Test(n) = self.call(c, *pos) {
                    self.stays(&n, *pos);
                }
            }
            Stmt::Block(b) => self.block(b.statements()),
            Stmt::TryCatch(x, _) => {
                self.block(x.body.statements());
                let floor = self.env.len();
                if let Expr::Variable(v, ..) = &x.expr {
                    self.env.push((v.1.to_string(), Val::Other));
                }
                self.block(x.branch.statements());
                self.env.truncate(floor);
            }
            Stmt::Expr(e) => self.expression_statement(e),
            Stmt::BreakLoop(e, ..) | Stmt::Return(e, ..) => {
                if let Some(e) = e {
                    self.expression_statement(e);
                }
            }
            Stmt::Import(_, pos) | Stmt::Export(_, pos) => self.misplaced(*pos),
            _ => self.misplaced(stmt.position()),
        }
    }

    fn expression_statement(&mut self, e: &Expr) {
        match self.walk(e) {
            Val::Test(n) => self.stays(&n, e.start_position()),
            Val::Part(..) => drop(self.used(e)),
            _ => {}
        }
    }

    fn misplaced(&mut self, pos: Position) {
        let d = Diagnostic::error("bad-import", text("imports stand at the top of a rule file", "导入语句写在规则文件开头"))
            .at(self.place(pos, 1));
        self.problems.push(d);
    }

    fn assignment(&mut self, lhs: &Expr, rhs: &Expr) {
        let kept = matches!(self.used(rhs), Val::Path(_) | Val::Kept);
        if let Expr::Variable(v, ..) = lhs {
            let name = v.1.to_string();
            if let Some((_, val)) = self.env.iter_mut().rev().find(|(n, _)| *n == name) {
                *val = if kept { Val::Kept } else { Val::Other };
            }
            return;
        }
        let target = self.walk(lhs);
        if let Val::Path(p) = target {
            let name = p.to_string();
            let field = name.strip_prefix("t.").unwrap_or(&name);
            let d = Diagnostic::error("read-only", text(format!("`{name}` cannot be assigned to"), format!("不能给 `{name}` 赋值")))
                .at(self.place(lhs.start_position(), 1))
                .help(text(format!("write `t.set(\"{field}\", …)` in `.then`"), format!("请在 `.then` 中写 `t.set(\"{field}\", …)`")));
            self.problems.push(d);
        }
    }
}
