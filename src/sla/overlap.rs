//! Policies that stand in each other's way.

use super::Policy;
use crate::condition::Expr;
use crate::diagnostic::{Diagnostic, Diagnostics, text};

/// Doubles, policies behind one that always matches, equal matches.
pub(super) fn check(policies: &[Policy]) -> Diagnostics {
    let mut found = Diagnostics::new();
    for (i, p) in policies.iter().enumerate() {
        let earlier = || policies.iter().take(i).filter(|q| q.agreement == p.agreement);
        if let Some(q) = earlier().find(|q| q.name == p.name) {
            found.push(
                Diagnostic::error(
                    "duplicate-policy",
                    text(format!("policy `{}` is defined twice", p.name), format!("策略 `{}` 定义了两次", p.name)),
                )
                .at(p.place.clone())
                .also(q.place.clone(), text("first here", "首次定义"))
                .help(text("rename one of the two", "请给其中一个改名")),
            );
        } else if let Some(q) = earlier().find(|q| always(q)) {
            found.push(
                Diagnostic::warning(
                    "shadowed-policy",
                    text(
                        format!("no ticket ever reaches policy `{}`: `{}` before it matches all", p.name, q.name),
                        format!("任何工单都到不了策略 `{}`：前面的 `{}` 匹配全部", p.name, q.name),
                    ),
                )
                .at(p.place.clone())
                .also(q.place.clone(), text("matches all", "匹配全部"))
                .help(text("put the policy without `match` last", "把没有 match 的策略放在最后")),
            );
        } else if let Some(q) = earlier().find(|q| same(q, p)) {
            found.push(
                Diagnostic::warning(
                    "same-match",
                    text(
                        format!("policies `{}` and `{}` match the same tickets; the first holds", q.name, p.name),
                        format!("策略 `{}` 与 `{}` 匹配相同的工单；以前者为准", q.name, p.name),
                    ),
                )
                .at(p.place.clone())
                .also(q.place.clone(), text("holds", "以此为准"))
                .help(text("remove one, or tell them apart by `match`", "请删除其一，或用 match 区分")),
            );
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
