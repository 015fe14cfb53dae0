//! Conditions that are always or never true, and events that never happen.

use crate::condition::logic::Known;
use crate::condition::{Expr, Path};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, text};
use crate::rules::{Rule, RuleIndex, RuleSet, Surroundings, Timing, Trigger};
use crate::ticket::Schema;
use std::collections::BTreeSet;

/// Reports, and says which rules can never fire.
pub(super) fn check(set: &RuleSet, schema: &Schema, around: &Surroundings, problems: &mut Diagnostics) -> BTreeSet<RuleIndex> {
    let mut dead = BTreeSet::new();
    let plain = Known::of(schema);
    for (index, rule) in set.iter() {
        let mut raised = rule.on.len();
        for (i, t) in rule.on.iter().enumerate() {
            let Some(why) = unraised(t, schema, around) else { continue };
            raised = raised.saturating_sub(1);
            let at = rule.spots.on.get(i).unwrap_or(&rule.place).clone();
            problems.push(
                Diagnostic::warning("never-raised", text(format!("`{t}` never happens: {}", why.0), format!("`{t}` 从不发生：{}", why.1)))
                    .at(at),
            );
        }
        if raised == 0 && !rule.on.is_empty() && !rule.always {
            dead.insert(index);
            continue;
        }
        let Some(when) = &rule.when else { continue };
        let narrowed;
        let known = match narrow(rule, schema, around) {
            Some(known) => {
                narrowed = known;
                &narrowed
            }
            None => &plain,
        };
        if let Some(d) = condition(rule, when.expr(), known) {
            if d.code == "condition-never" {
                dead.insert(index);
            }
            problems.push(d);
        }
    }
    dead
}

/// What is known of the event and the state where a rule is asked.
pub(super) fn narrow<'s>(rule: &Rule, schema: &'s Schema, around: &Surroundings) -> Option<Known<'s>> {
    let mut known: Option<Known<'s>> = None;
    let mut add = |path: Path, values: Vec<String>| {
        known = Some(known.take().unwrap_or_else(|| Known::of(schema)).only(path, values));
    };
    if rule.asks_event
        && let Some(words) = words(rule, schema)
    {
        add(Path::EventName, words);
    }
    if let Some(state) = rule.time.as_ref().and_then(Timing::state) {
        add(Path::State, vec![state.to_string()]);
        if let Some(classes) = around.flow.as_ref().and_then(|f| f.classes.get(state)) {
            add(Path::Class, classes.iter().map(|c| c.word().to_string()).collect());
        }
    }
    known
}

/// The words a rule may see as `event.name`, where all are known.
fn words(rule: &Rule, schema: &Schema) -> Option<Vec<String>> {
    if rule.time.is_some() {
        return Some(vec!["timer".into()]);
    }
    if rule.always || rule.by_reads() {
        return None;
    }
    let mut all = Vec::new();
    for t in &rule.on {
        let of_metrics = |word: &str| schema.metrics.iter().map(|m| format!("{word}:{m}")).collect::<Vec<_>>();
        match t {
            Trigger::Warning(None) | Trigger::Breach(None) if schema.metrics.is_empty() => return None,
            Trigger::Warning(None) => all.extend(of_metrics("warning")),
            Trigger::Breach(None) => all.extend(of_metrics("breach")),
            t => all.push(t.word().into_owned()),
        }
    }
    Some(all)
}

/// Why an event never happens.
fn unraised(t: &Trigger, schema: &Schema, around: &Surroundings) -> Option<(String, String)> {
    let flow = around.flow.as_ref();
    let clocks = around.clocks.as_ref();
    let why = |en: &str, zh: &str| Some((en.to_string(), zh.to_string()));
    match t {
        Trigger::State(s) if flow.is_some_and(|f| !f.moves.iter().any(|m| !m.stays && m.to == *s)) => Some((
            format!("no transition leads to the state `{s}` (a new ticket is `created`, it enters no state)"),
            format!("没有流转进入状态 `{s}`（新工单触发的是 `created`，不算进入状态）"),
        )),
        Trigger::Limit if flow.is_some_and(|f| !f.limits) => why("no state has a time limit", "没有状态设置时限"),
        Trigger::Reopened if flow.is_some_and(|f| !f.moves.iter().any(|m| m.reopens)) => {
            why("no transition leads from a final state back to work", "没有流转从已结束的状态返回处理")
        }
        Trigger::HandedOff if schema.groups.len() == 1 => why("there is only one group", "只有一个处理组"),
        Trigger::Breach(None) if clocks.is_some_and(|c| c.measured.is_empty()) => why("no policy has a target", "没有策略设置目标"),
        Trigger::Breach(Some(m)) if clocks.is_some_and(|c| !c.measured.contains(m)) => {
            Some((format!("no policy has a target for `{m}`"), format!("没有策略为 `{m}` 设置目标")))
        }
        Trigger::Warning(None) if clocks.is_some_and(|c| c.warned.is_empty()) => why("no policy has a warning", "没有策略设置预警"),
        Trigger::Warning(Some(m)) if clocks.is_some_and(|c| !c.warned.contains(m)) => {
            Some((format!("no policy warns of `{m}`"), format!("没有策略对 `{m}` 预警")))
        }
        Trigger::Escalated if clocks.is_some_and(|c| !c.escalates) => why("no policy has an escalation level", "没有策略设置升级级别"),
        _ => None,
    }
}

fn condition(rule: &Rule, when: &Expr, known: &Known<'_>) -> Option<Diagnostic> {
    let name = &rule.name;
    let part = |i: usize| rule.spots.when.get(i).cloned();
    let whole = || match rule.spots.when.as_slice() {
        [one] => one.clone(),
        _ => rule.when.as_ref().map_or_else(|| rule.place.clone(), |c| c.place().clone()),
    };
    if known.never(when) {
        let d = Diagnostic::warning(
            "condition-never",
            text(
                format!("the condition of `{name}` can never hold, so the rule never fires"),
                format!("`{name}` 的条件不可能成立，规则永不触发"),
            ),
        );
        let Some((second, first)) = culprits(when, known) else { return Some(d.at(whole())) };
        return Some(match (part(second), first.and_then(part)) {
            (Some(second), Some(first)) => d
                .at(second)
                .also(first, text("excluded by this", "与此矛盾"))
                .help(text("the two parts exclude one another", "这两部分互相矛盾")),
            (Some(second), None) => d.at(second),
            _ => d.at(whole()),
        });
    }
    if known.always(when) {
        return Some(
            Diagnostic::warning(
                "condition-always",
                text(format!("the condition of `{name}` holds for every ticket"), format!("`{name}` 的条件对所有工单都成立")),
            )
            .at(whole())
            .help(text("leave `.when(…)` out, or ask for what you mean", "去掉 `.when(…)`，或写出真正的条件")),
        );
    }
    alternative(rule, when, known)
}

/// The first part that cannot hold beside those before it, and which of them alone excludes it; the parts of a conjunction only.
fn culprits(when: &Expr, known: &Known<'_>) -> Option<(usize, Option<usize>)> {
    let Expr::All(parts) = when else { return None };
    let mut so_far: Vec<(&Expr, bool)> = Vec::with_capacity(parts.len());
    for (i, p) in parts.iter().enumerate() {
        so_far.push((p, true));
        if !known.possible(&so_far) {
            let alone = || known.never(p);
            let other = (!alone()).then(|| parts.iter().take(i).position(|q| !known.possible(&[(q, true), (p, true)]))).flatten();
            return Some((i, other));
        }
    }
    None
}

/// An alternative that can never hold is a slip although the others can.
fn alternative(rule: &Rule, when: &Expr, known: &Known<'_>) -> Option<Diagnostic> {
    let Expr::Any(parts) = when else { return None };
    // A switch of the author's own, `|| DEBUG`, is no slip.
    let i = parts.iter().position(|p| !matches!(p, Expr::Always(_)) && known.never(p))?;
    let at: Place = rule.spots.when.get(i).or(rule.when.as_ref().map(|c| c.place())).unwrap_or(&rule.place).clone();
    let shown = parts.get(i)?.to_string();
    let shown: String = shown.chars().take(80).collect();
    Some(
        Diagnostic::warning(
            "alternative-never",
            text(format!("this alternative can never hold: {shown}"), format!("该备选条件不可能成立：{shown}")),
        )
        .at(at)
        .help(text("its parts exclude one another", "它的各部分互相矛盾")),
    )
}
