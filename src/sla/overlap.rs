//! Policies that stand in each other's way.

use super::Policy;
use crate::condition::{Comparison, Expr, Literal};
use crate::diagnostic::{Diagnostic, Diagnostics, Text, text};

/// Doubles, policies behind one that always matches, equal matches, narrower matches behind wider ones.
pub(super) fn check(policies: &[Policy]) -> Diagnostics {
    let mut found = Diagnostics::new();
    for (i, p) in policies.iter().enumerate() {
        let earlier = || policies.iter().take(i).filter(|q| q.agreement == p.agreement);
        let mut report = |d: Diagnostic, q: &Policy, there: Text, help: Text| {
            found.push(d.at(p.place.clone()).also(q.place.clone(), there).help(help));
        };
        let first = |is: fn(&Policy, &Policy) -> bool| earlier().find(|q| is(p, q)).map(|q| (q, &q.name, &p.name));
        if let Some((q, _, name)) = first(|p, q| q.name == p.name) {
            let d = Diagnostic::error(
                "duplicate-policy",
                text(format!("policy `{name}` is defined twice"), format!("策略 `{name}` 定义了两次")),
            );
            report(d, q, text("first here", "首次定义"), text("rename one of the two", "请给其中一个改名"));
        } else if let Some((q, other, name)) = first(|_, q| always(q)) {
            let d = Diagnostic::warning(
                "shadowed-policy",
                text(
                    format!("no ticket ever reaches policy `{name}`: `{other}` before it matches all"),
                    format!("任何工单都到不了策略 `{name}`：前面的 `{other}` 匹配全部"),
                ),
            );
            let help = text("put the policy without `match` last", "把没有 match 的策略放在最后");
            report(d, q, text("matches all", "匹配全部"), help);
        } else if let Some((q, other, name)) = first(same) {
            let d = Diagnostic::warning(
                "same-match",
                text(
                    format!("policies `{other}` and `{name}` match the same tickets; the first holds"),
                    format!("策略 `{other}` 与 `{name}` 匹配相同的工单；以前者为准"),
                ),
            );
            let help = text("remove one, or tell them apart by `match`", "请删除其一，或用 match 区分");
            report(d, q, text("holds", "以此为准"), help);
        } else if let Some((q, other, name)) = first(narrower) {
            let d = Diagnostic::warning(
                "shadowed-policy",
                text(
                    format!("no ticket ever reaches policy `{name}`: what it matches, `{other}` before it matches too"),
                    format!("任何工单都到不了策略 `{name}`：它匹配的工单前面的 `{other}` 都匹配"),
                ),
            );
            report(d, q, text("matches more", "匹配更多"), text("put the narrower policy first", "把范围更小的策略放在前面"));
        }
    }
    found
}

fn always(p: &Policy) -> bool {
    p.matches.as_ref().is_none_or(|c| matches!(c.expr(), Expr::Always(true)))
}

fn same(a: &Policy, b: &Policy) -> bool {
    match (&a.matches, &b.matches) {
        (Some(a), Some(b)) => a.to_string() == b.to_string(),
        _ => false,
    }
}

fn narrower(a: &Policy, b: &Policy) -> bool {
    match (&a.matches, &b.matches) {
        (Some(a), Some(b)) => implies(a.expr(), b.expr()),
        _ => false,
    }
}

/// Whether one expression can only hold where another holds too, as far as their form tells; false where it does not.
fn implies(a: &Expr, b: &Expr) -> bool {
    match (a, b) {
        (_, Expr::Always(true)) | (Expr::Always(false), _) => true,
        (_, Expr::All(all)) => all.iter().all(|b| implies(a, b)),
        (Expr::Any(any), _) => any.iter().all(|a| implies(a, b)),
        (Expr::All(all), _) => all.iter().any(|a| implies(a, b)),
        (_, Expr::Any(any)) => any.iter().any(|b| implies(a, b)),
        (Expr::Not(a), Expr::Not(b)) => implies(b, a),
        _ => test_implies(a, b) || a.to_string() == b.to_string(),
    }
}

fn test_implies(a: &Expr, b: &Expr) -> bool {
    use Comparison::{Is, IsNot};
    let within = |path: &str, node: &str| path.strip_prefix(node).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    match (a, b) {
        (Expr::OneOf { path: p, names: a, not: x }, Expr::OneOf { path: q, names: b, not: y }) if p == q => match (x, y) {
            (false, false) => a.is_subset(b),
            (false, true) => a.is_disjoint(b),
            (true, true) => b.is_subset(a),
            (true, false) => false,
        },
        (Expr::OneOf { path: p, not: false, .. } | Expr::Within(p, _), Expr::Compare(q, IsNot, Literal::Absent)) => p == q,
        (Expr::Within(p, a), Expr::Within(q, b)) => p == q && within(a, b),
        (Expr::Compare(p, Is, Literal::Text(s)), Expr::Within(q, node)) => p == q && within(s, node),
        (Expr::Compare(p, Is, Literal::Text(s)), Expr::OneOf { path: q, names, not }) => p == q && names.contains(s) != *not,
        (Expr::Compare(p, x, a), Expr::Compare(q, y, b)) if p == q => compare_implies(*x, a, *y, b),
        _ => false,
    }
}

/// Whether `value x a` means `value y b`: bounds within bounds, equality within any.
fn compare_implies(x: Comparison, a: &Literal, y: Comparison, b: &Literal) -> bool {
    use Comparison::{Above, AtLeast, AtMost, Below, Is, IsNot};
    if *b == Literal::Absent {
        return y == IsNot && *a != Literal::Absent && x != IsNot;
    }
    let order = match (a, b) {
        (Literal::Text(a), Literal::Text(b)) => a.cmp(b),
        (Literal::Integer(a), Literal::Integer(b)) | (Literal::Duration(a), Literal::Duration(b)) => a.cmp(b),
        (Literal::Decimal(a), Literal::Decimal(b)) => a.cmp(b),
        (Literal::Instant(a), Literal::Instant(b)) => a.cmp(b),
        (Literal::Boolean(a), Literal::Boolean(b)) => a.cmp(b),
        _ => return false,
    };
    match (x, y) {
        (Is, Is) | (IsNot, IsNot) => order.is_eq(),
        (Is, IsNot) => order.is_ne(),
        (Is | AtLeast | Above, AtLeast) | (Above, Above) => order.is_ge(),
        (Is | AtLeast, Above) => order.is_gt(),
        (Is | AtMost | Below, AtMost) | (Below, Below) => order.is_le(),
        (Is | AtMost, Below) => order.is_lt(),
        _ => false,
    }
}
