//! What a picture says in words, in both languages.

use crate::calendar::hours;
use crate::diagnostic::{Lang, Text, text};
use crate::workflow::{Responsible, TaskWait, Transition};
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

/// Who is responsible (S61).
pub(in crate::insight) fn responsible(who: &Responsible) -> Text {
    match who {
        Responsible::Group => text("group", "处理组"),
        Responsible::Assignee => text("assignee", "受理人"),
        Responsible::Role(r) => text(r.as_str(), r.as_str()),
        Responsible::Requester => text("requester", "请求人"),
        Responsible::Vendor => text("vendor", "第三方"),
    }
}

/// What a transition asks for, a line each: who may, when it may, what it waits for.
pub(super) fn conditions(t: &Transition, lang: Lang) -> Vec<String> {
    let mut lines = Vec::new();
    if !t.roles.is_empty() {
        let roles = t.roles.iter().map(|r| r.as_str()).collect::<Vec<_>>().join(", ");
        lines.push(format!("[{roles}]"));
    }
    if let Some(guard) = &t.guard {
        let word = text("if", "当").get(lang).to_string();
        lines.push(format!("{word} {}", guard.to_string().replace("||", "or").replace("&&", "and")));
    }
    match t.waits_for() {
        TaskWait::None => {}
        TaskWait::All => lines.push(text("after all tasks", "待全部子任务完成").get(lang).into()),
        TaskWait::Named(names) => {
            let names = names.iter().map(|n| n.as_str()).collect::<Vec<_>>().join(", ");
            lines.push(text(format!("after {names}"), format!("待 {names} 完成")).get(lang).into());
        }
    }
    lines
}
