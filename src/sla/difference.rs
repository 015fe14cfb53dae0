//! What differs between two events of bookkeeping, in words and field by field.

use crate::calendar::Span;
use crate::diagnostic::{Text, text};
use crate::id::UtcInstant;
use crate::ticket::{Agreement, Allowance, ClockId, Event};
use chrono::TimeDelta;
use serde_json::Value;

/// So many fields are named; what follows is counted.
const MOST: usize = 8;

/// How what the journal says differs from what the facts say.
pub(super) fn words(recorded: Option<&(UtcInstant, Event)>, computed: Option<&(UtcInstant, Event)>) -> Text {
    match (recorded, computed) {
        (Some((t, a)), Some((u, b))) => {
            let (one, other) = (happened(a), happened(b));
            if one != other {
                return text(
                    format!("the journal says that {} at {}, the facts say that {} at {}", one.en, show(*t), other.en, show(*u)),
                    format!("日志为 {} {}，而按事实应为 {} {}", show(*t), one.zh, show(*u), other.zh),
                );
            }
            let mut fields = Vec::new();
            if t != u {
                fields.push(("at".to_string(), show(*t), show(*u)));
            }
            let value = |e: &Event| serde_json::to_value(e).unwrap_or_default();
            compare(&mut fields, "", &inner(&value(a)), &inner(&value(b)));
            let more = fields.len().saturating_sub(MOST);
            let say = |join: &str, f: &dyn Fn(&(String, String, String)) -> String| {
                fields.iter().take(MOST).map(f).collect::<Vec<_>>().join(join)
            };
            let (en, zh) =
                if more == 0 { (String::new(), String::new()) } else { (format!("; and {more} more"), format!("；另有 {more} 项")) };
            text(
                format!("{}: {}{en}", one.en, say("; ", &|(name, a, b)| format!("`{name}` is {a} in the journal, {b} by the facts"))),
                format!("{}：{}{zh}", one.zh, say("；", &|(name, a, b)| format!("`{name}` 日志为 {a}，按事实应为 {b}"))),
            )
        }
        (Some((t, a)), None) => {
            let what = happened(a);
            text(
                format!("the journal says that {} at {}, which does not follow from the facts", what.en, show(*t)),
                format!("日志为 {} {}，但由事实推不出", show(*t), what.zh),
            )
        }
        (None, Some((u, b))) => {
            let what = happened(b);
            text(
                format!("by the facts {} at {}, of which the journal says nothing", what.en, show(*u)),
                format!("按事实应有 {} {}，日志中没有", show(*u), what.zh),
            )
        }
        (None, None) => text("nothing differs", "没有差异"),
    }
}

fn show(t: UtcInstant) -> String {
    t.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

/// Which clock did what.
fn happened(event: &Event) -> Text {
    let (clock, en, zh) = match event {
        Event::ClockStarted(c) => (&c.id, "started".to_string(), "开始计时".to_string()),
        Event::ClockPaused { clock, .. } => (clock, "paused".into(), "暂停".into()),
        Event::ClockResumed { clock, .. } => (clock, "resumed".into(), "恢复".into()),
        Event::ClockRetargeted { clock, .. } => (&clock.id, "got another target".into(), "改变目标".into()),
        Event::ClockMarked { clock, mark, .. } => (clock, format!("passed `{}`", mark.name), format!("经过 `{}`", mark.name)),
        Event::ClockBreached { clock } => (clock, "was breached".into(), "超时".into()),
        Event::ClockStopped { clock, .. } => (clock, "stopped".into(), "停止".into()),
        _ => return text("something happened that is no bookkeeping", "发生了与计时无关的事"),
    };
    let ClockId { agreement, metric, run } = clock;
    let whose = match agreement {
        Agreement::Customer => "customer",
        Agreement::Group => "group",
        Agreement::Vendor => "vendor",
    };
    text(format!("clock {whose}/{metric}/{run} {en}"), format!("计时 {whose}/{metric}/{run} {zh}"))
}

/// What stands under the name of the event; a clock by itself where the event holds one.
fn inner(event: &Value) -> Value {
    event.as_object().and_then(|o| o.values().next()).cloned().unwrap_or_default()
}

/// Each field whose values differ, with both.
fn compare(out: &mut Vec<(String, String, String)>, name: &str, a: &Value, b: &Value) {
    match (a, b) {
        _ if a == b => {}
        _ if name == "target" => out.push((name.to_string(), target(a), target(b))),
        (Value::Object(x), Value::Object(y)) => {
            for (key, a) in x {
                let inner = if name.is_empty() || name == "clock" { key.clone() } else { format!("{name}.{key}") };
                compare(out, &inner, a, y.get(key).unwrap_or(&Value::Null));
            }
        }
        (Value::Array(x), Value::Array(y)) => {
            for i in 0..x.len().max(y.len()) {
                let at = |list: &[Value]| list.get(i).cloned().unwrap_or_default();
                compare(out, &format!("{name}[{i}]"), &at(x), &at(y));
            }
        }
        _ => out.push((name.to_string(), value(name, a), value(name, b))),
    }
}

/// A target as authors write it.
fn target(v: &Value) -> String {
    let written = serde_json::from_value::<Allowance>(v.clone()).map(|a| match a {
        Allowance::Wall(n) => Span::Wall(TimeDelta::microseconds(n)),
        Allowance::Open(n) => Span::Open(TimeDelta::microseconds(n)),
        Allowance::Days(n) => Span::Days(n),
    });
    written.map_or_else(|_| v.to_string(), |s| s.to_string())
}

/// A value as people read it: counted time as a duration.
fn value(name: &str, v: &Value) -> String {
    match (v, v.as_i64()) {
        (Value::Null, _) => "-".to_string(),
        (Value::String(s), _) => s.clone(),
        (_, Some(micros)) if matches!(name, "counted" | "budget") => {
            if micros == i64::MAX {
                return "∞".to_string();
            }
            super::timeline::spent(micros)
        }
        _ => v.to_string(),
    }
}
