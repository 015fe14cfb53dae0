//! The walk, fourth part: recorded actions, `t.tag("x")`, and `then` bodies made of nothing else.

use super::{
    actions::{self, WORDS},
    names::Link,
    scan::{Asked, Scan, Val, literal},
};
use crate::condition::Root;
use crate::diagnostic::{Diagnostic, did_you_mean, text};
use crate::rules::{Written, action::checked};
use crate::ticket::{Action, Attribute};
use rhai::{Expr, FnCallExpr, Position, Stmt};

impl Scan<'_> {
    pub(super) fn not_here(&mut self, word: &str, pos: Position) -> Val {
        let d = Diagnostic::error(
            "action-in-condition",
            text(format!("`{word}` acts, and a condition only asks"), format!("`{word}` 是动作，条件中只能查询")),
        )
        .at(self.place(pos, word.chars().count()))
        .help(text("move it to `.then(|t| { … })`", "请移到 `.then(|t| { … })`"));
        self.report(d)
    }

    /// A method on the ticket or the event: an action.
    pub(super) fn act(&mut self, root: Root, c: &FnCallExpr, pos: Position) -> Val {
        let word = c.name.as_str();
        let Some((_, counts)) = WORDS.iter().find(|(w, _)| *w == word) else {
            for e in &c.args {
                self.walk(e);
            }
            let d = Diagnostic::error("unknown-function", text(format!("no action `{word}`"), format!("没有动作 `{word}`")))
                .at(self.place(pos, word.chars().count()))
                .maybe_help(did_you_mean(word, WORDS.iter().map(|(w, _)| *w)));
            return self.report(d);
        };
        if !self.acting {
            return self.not_here(word, pos);
        }
        if root == Root::Event && !word.starts_with("mark_") {
            let d =
                Diagnostic::error("unknown-function", text(format!("an event has no action `{word}`"), format!("事件没有动作 `{word}`")))
                    .at(self.place(pos, word.chars().count()))
                    .help(text(format!("write `t.{word}(…)`"), format!("请写 `t.{word}(…)`")));
            return self.report(d);
        }
        if !counts.contains(&c.args.len()) {
            let n = counts.iter().map(|n| n.to_string()).collect::<Vec<_>>().join(" / ");
            let d = Diagnostic::error(
                "wrong-argument",
                text(
                    format!("`{word}` takes {n} arguments, not {}", c.args.len()),
                    format!("`{word}` 需要 {n} 个参数，而不是 {}", c.args.len()),
                ),
            )
            .at(self.place(pos, word.chars().count()));
            return self.report(d);
        }
        match self.recorded(c) {
            Some(action) => self.writes.extend(Written::by(&action)),
            None => self.computed(c, pos),
        }
        Val::Other
    }

    /// The action of a call whose arguments are constants; `Stop` stands for one that was refused.
    fn recorded(&mut self, c: &FnCallExpr) -> Option<Action> {
        let mut args = Vec::with_capacity(c.args.len());
        for e in &c.args {
            let value = match literal(e) {
                Some(v) => v,
                None => match e {
                    Expr::Variable(..) => match self.walk(e) {
                        Val::Lit(v) => v,
                        _ => return None,
                    },
                    _ => return None,
                },
            };
            args.push(value);
        }
        let at = |i: usize| c.args.get(i).map_or(Position::NONE, |e: &Expr| e.start_position());
        let length = |i: usize| {
            args.get(i).and_then(|v| v.read_lock::<rhai::ImmutableString>().map(|s| s.chars().count().saturating_add(2))).unwrap_or(1)
        };
        match actions::read(&c.name, &args) {
            Ok(action) => {
                let action = actions::fitted(action, self.schema);
                let place = |part: &str| self.place(at(actions::arg_of(part)), length(actions::arg_of(part)));
                match checked(action, self.schema, &place) {
                    Ok(action) => Some(action),
                    Err(d) => {
                        self.problems.extend(d);
                        Some(Action::Stop)
                    }
                }
            }
            Err(w) => {
                let d = Diagnostic::error(w.code, w.message).at(self.place(at(w.arg), length(w.arg))).maybe_help(w.help);
                self.problems.push(d);
                Some(Action::Stop)
            }
        }
    }

    /// An action with arguments that are worked out when the rule runs: what it writes must still be known.
    fn computed(&mut self, c: &FnCallExpr, pos: Position) {
        for e in &c.args {
            self.used(e);
        }
        let first = c.args.first().and_then(literal).and_then(|v| v.into_string().ok());
        match (c.name.as_str(), first) {
            ("set" | "set_force", Some(name)) => {
                let set = Action::Set { attribute: Attribute::named(&name), value: Some("x".into()), force: false };
                let place =
                    |_: &str| self.place(c.args.first().map_or(pos, |e: &Expr| e.start_position()), name.chars().count().saturating_add(2));
                // Only the name can be checked; the value is when it is there.
                if let Err(d) = checked(set, self.schema, &place) {
                    self.problems.extend(d.into_iter().filter(|d| matches!(d.code, "unknown-field" | "not-settable")));
                }
                self.writes.insert(Written::Attribute(Attribute::named(&name)));
            }
            ("set" | "set_force", None) => {
                let d = Diagnostic::error("literal-needed", text("the field that is set must be written out", "要设置的字段必须直接写出"))
                    .at(self.place(pos, c.name.chars().count()))
                    .help(text("write `t.set(\"site\", …)`", "请写 `t.set(\"site\", …)`"));
                self.problems.push(d);
            }
            ("tag" | "untag", _) => self.writes.extend([Written::Tags]),
            ("task", _) => self.writes.extend([Written::Tasks]),
            ("child", _) => self.writes.extend([Written::Children]),
            ("request_approval", _) => self.writes.extend([Written::Approvals]),
            ("watch", _) => self.writes.extend([Written::Watchers]),
            ("score", _) => drop(self.writes.insert(Written::Score)),
            ("priority", _) => drop(self.writes.insert(Written::Priority)),
            ("route", _) => drop(self.writes.insert(Written::Group)),
            ("assign" | "release", _) => drop(self.writes.insert(Written::Assignee)),
            ("transition", _) => drop(self.writes.insert(Written::State)),
            _ => {}
        }
    }

    /// The actions of a `then` body, if all of them are plain.
    pub(super) fn asked(&mut self, body: &[Stmt]) -> Asked {
        let mut list = Vec::new();
        let mut plain = true;
        for stmt in body {
            match self.plain(stmt) {
                Some(action) => list.extend(action.map(|a| (a, self.place(stmt.position(), 1)))),
                None => {
                    plain = false;
                    self.statement(stmt);
                }
            }
        }
        if plain { Asked::Actions(list) } else { Asked::Script }
    }

    /// One recorded action with constant arguments; `Some(None)` where there is nothing to do.
    fn plain(&mut self, stmt: &Stmt) -> Option<Option<Action>> {
        match stmt {
            Stmt::Noop(_) => Some(None),
            Stmt::FnCall(c, _) if c.name == "stop" && c.args.is_empty() && !c.is_qualified() => Some(Some(Action::Stop)),
            Stmt::Expr(e) => match &**e {
                Expr::FnCall(c, _) if c.name == "stop" && c.args.is_empty() && !c.is_qualified() => Some(Some(Action::Stop)),
                Expr::Stmt(b) => match b.statements() {
                    [one] => self.plain(one),
                    _ => None,
                },
                Expr::Dot(x, flags, _) => {
                    let root = match &x.lhs {
                        base @ Expr::Variable(..) => match self.walk(base) {
                            Val::Root(root) => root,
                            _ => return None,
                        },
                        _ => return None,
                    };
                    let links = super::names::links(x, *flags, false);
                    let [Link::Method(c, _)] = links.as_slice() else { return None };
                    let (_, counts) = WORDS.iter().find(|(w, _)| *w == c.name.as_str())?;
                    if !counts.contains(&c.args.len()) || (root == Root::Event && !c.name.starts_with("mark_")) {
                        return None;
                    }
                    let action = self.recorded(c)?;
                    self.writes.extend(Written::by(&action));
                    Some(Some(action))
                }
                _ => None,
            },
            _ => None,
        }
    }
}
