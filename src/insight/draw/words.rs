//! What a picture says in words, in both languages.

use crate::calendar::{Span, hours};
use crate::diagnostic::{Lang, Text, text};
use crate::id::{RoleName, TaskName};
use crate::ticket::Schema;
use crate::workflow::{Responsible, TaskWait, Transition, Workflow};
use chrono::TimeDelta;

/// A length for people who look at a picture: its two largest units, days of 24 hours.
pub(in crate::insight) fn length(of: TimeDelta) -> Text {
    if of < TimeDelta::hours(48) {
        let of = if of < TimeDelta::hours(1) { of } else { TimeDelta::minutes(of.num_minutes()) };
        let said = hours(of);
        return text(said.clone(), said);
    }
    let (days, rest) = (of.num_days(), of.num_hours().checked_rem(24).unwrap_or(0));
    match rest {
        0 => text(format!("{days}d"), format!("{days} 天")),
        rest => text(format!("{days}d{rest}h"), format!("{days} 天 {rest} 小时")),
    }
}

/// A span as a picture says it: in English as authors write it, in Chinese in words.
pub(super) fn span(of: &Span) -> Text {
    let zh = match of {
        Span::Days(n) => format!("{n} 个工作日"),
        Span::Open(d) => format!("营业时间 {}", units(*d)),
        Span::Wall(d) => units(*d),
    };
    text(of.to_string(), zh)
}

/// A length in the units that it is made of.
fn units(of: TimeDelta) -> String {
    let left = |n: i64, within: i64| n.checked_rem(within).unwrap_or(0);
    let all = [
        (of.num_days(), "天"),
        (left(of.num_hours(), 24), "小时"),
        (left(of.num_minutes(), 60), "分钟"),
        (left(of.num_seconds(), 60), "秒"),
    ];
    let said: Vec<String> = all.into_iter().filter(|(n, _)| *n != 0).map(|(n, unit)| format!("{n} {unit}")).collect();
    if said.is_empty() { hours(of) } else { said.join(" ") }
}

/// A role as people read it: as the playbook labels it, or our own word for one of the five that every desk has.
fn role(schema: &Schema, role: &RoleName) -> Text {
    if let Some(label) = schema.roles.get(role) {
        return label.clone();
    }
    match role.as_str() {
        "agent" => text("agent", "客服"),
        "requester" => text("requester", "请求人"),
        "vendor" => text("vendor", "第三方"),
        "integration" => text("integration", "外部程序"),
        "system" => text("system", "系统"),
        name => text(name, name),
    }
}

/// Who is responsible (S61).
pub(in crate::insight) fn responsible(schema: &Schema, who: &Responsible) -> Text {
    match who {
        Responsible::Group => text("group", "处理组"),
        Responsible::Assignee => text("assignee", "受理人"),
        Responsible::Role(r) => role(schema, r),
        Responsible::Requester => text("requester", "请求人"),
        Responsible::Vendor => text("vendor", "第三方"),
    }
}

/// What a transition asks for, a line each: who may, when it may, what it waits for.
pub(super) fn conditions(w: &Workflow, schema: &Schema, t: &Transition, lang: Lang) -> Vec<String> {
    let mut lines = Vec::new();
    let listed = |all: Vec<String>| all.join(text(", ", "、").get(lang));
    if !t.roles.is_empty() {
        lines.push(format!("[{}]", listed(t.roles.iter().map(|r| role(schema, r).get(lang).to_string()).collect())));
    }
    if let Some(guard) = &t.guard {
        let word = text("if", "当").get(lang).to_string();
        lines.push(format!("{word} {}", guard.to_string().replace("||", "or").replace("&&", "and")));
    }
    match t.waits_for() {
        TaskWait::None => {}
        TaskWait::All => lines.push(text("after all tasks", "待全部子任务完成").get(lang).into()),
        TaskWait::Named(names) => {
            let called = |n: &TaskName| w.task(n).map_or_else(|| n.to_string(), |d| d.title().get(lang).to_string());
            let names = listed(names.iter().map(called).collect());
            lines.push(text(format!("after {names}"), format!("待 {names} 完成")).get(lang).into());
        }
    }
    lines
}
