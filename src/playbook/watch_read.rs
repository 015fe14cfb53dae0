//! `watches.toml`: desk watches.

use super::watch::{Alarm, Measure, Notice, Watch};
use crate::calendar::Span;
use crate::condition::reading::{Document, Item};
use crate::condition::{Condition, Scripts};
use crate::diagnostic::{Diagnostics, text};
use crate::id::*;
use crate::ticket::{Recipient, Schema};
use chrono::TimeDelta;

const KEYS: [&str; 12] = ["name", "label", "match", "window", "count", "rate", "share", "of", "least", "clear", "notify", "open"];
const OPEN: [&str; 10] = ["type", "channel", "subject", "description", "category", "impact", "urgency", "tags", "link", "close"];

/// The watches of a file, as far as they are right.
pub(super) fn read(file: &str, content: &str, schema: &Schema, scripts: &dyn Scripts) -> (Vec<Watch>, Diagnostics) {
    let document = Document::parse(file, content);
    let mut watches: Vec<Watch> = Vec::new();
    let mut more = Diagnostics::new();
    for item in document.root(&["watches"]).get("watches").map(|i| i.list()).unwrap_or_default() {
        let Some(w) = watch(&item, schema, scripts) else { continue };
        if watches.iter().any(|x| x.name == w.name) {
            item.wrong::<()>("duplicate-name", text(format!("`{}` stands twice", w.name), format!("`{}` 重复", w.name)), None);
            continue;
        }
        more.extend(w.check(schema));
        watches.push(w);
    }
    let mut problems = document.finish();
    problems.extend(more);
    (watches, problems)
}

fn watch(item: &Item<'_>, schema: &Schema, scripts: &dyn Scripts) -> Option<Watch> {
    let t = item.table(&KEYS)?;
    let condition = |key: &str| -> Option<Condition> {
        let i = t.get(key)?;
        match i.form()?.check(schema, scripts, &i.inner_place()) {
            Ok(c) => Some(c),
            Err(d) => {
                i.document().report_all(d);
                None
            }
        }
    };
    let number = |key: &str, most: i64| t.get(key).and_then(|i| i.integer(1, most)).and_then(|n| u32::try_from(n).ok());
    let name = t.need("name", "the watch's name", "监测名称")?.name()?;
    let window = t.get("window").and_then(|i| wall(&i));
    let measures = ["count", "rate", "share"].into_iter().filter(|k| t.has(k)).collect::<Vec<_>>();
    let measure = match measures.as_slice() {
        ["count"] => number("count", i64::from(u32::MAX)).map(Measure::Count),
        ["rate"] => number("rate", i64::from(u32::MAX)).map(Measure::Rate),
        ["share"] => {
            let least = number("least", i64::from(u32::MAX)).unwrap_or(1);
            number("share", 100).map(|percent| Measure::Share { percent, of: condition("of"), least })
        }
        _ => item.wrong(
            "missing-key",
            text("a watch has one of `count`, `rate` and `share`", "监测须有且只有 count、rate、share 之一"),
            Some(text(
                "write `count = 20`, `rate = 40` (an hour) or `share = 30` (per cent)",
                "请写 count = 20、rate = 40（每小时）或 share = 30（百分比）",
            )),
        ),
    };
    let clear = number("clear", i64::from(u32::MAX));
    let matches = condition("match");
    let notify = t.get("notify").and_then(|i| notice(&i));
    let open = t.get("open").and_then(|i| alarm(&i));
    let measure = measure?;
    let label = t.get("label").and_then(|i| i.label()).unwrap_or_else(|| text(name, name));
    let place = item.place();
    let mut watch = Watch { name: name.into(), label, place, matches, window, measure, clear: 0, notify, open };
    watch.clear = clear.unwrap_or_else(|| watch.mark());
    // What could not be read has been told; what is missing for it need not be.
    let unread = [("match", watch.matches.is_none()), ("notify", watch.notify.is_none()), ("open", watch.open.is_none())];
    (!unread.iter().any(|(key, none)| t.has(key) && *none)).then_some(watch)
}

fn wall(item: &Item<'_>) -> Option<TimeDelta> {
    match item.span()? {
        Span::Wall(d) => Some(d),
        _ => item.wrong("bad-span", text("only wall time, such as 30m, has a meaning here", "此处只能用自然时间，如 30m"), None),
    }
}

fn notice(item: &Item<'_>) -> Option<Notice> {
    let t = item.table(&["to", "text"])?;
    let to = t.need("to", "who is told", "通知对象")?;
    let body = t.need("text", "what they are told", "通知内容").and_then(|i| i.label());
    let word = to.text()?;
    let Some(recipient) = Recipient::parse(word) else {
        return to.wrong(
            "unknown-recipient",
            text(format!("nobody is called `{word}`"), format!("没有通知对象 `{word}`")),
            Some(text("write `group:NAME` or `agent:NAME`", "请写 `group:名称` 或 `agent:名称`")),
        );
    };
    Some(Notice { to: recipient, text: body? })
}

fn alarm(item: &Item<'_>) -> Option<Alarm> {
    let t = item.table(&OPEN)?;
    let word = |key: &str| t.get(key).and_then(|i| i.text());
    let kind = t.need("type", "the type of the ticket", "工单类型").and_then(|i| i.text());
    let channel = t.need("channel", "the channel it comes by", "渠道").and_then(|i| i.text());
    let subject = t.need("subject", "its subject", "主题").and_then(|i| i.text());
    Some(Alarm {
        kind: TypeName::new(kind?),
        channel: ChannelName::new(channel?),
        subject: subject?.to_string(),
        description: word("description").unwrap_or("").to_string(),
        category: word("category").map(CategoryPath::new),
        impact: word("impact").map(LevelName::new),
        urgency: word("urgency").map(LevelName::new),
        tags: t.get("tags").map(|i| i.list().iter().filter_map(|i| i.name()).map(TagName::new).collect()).unwrap_or_default(),
        link: t.get("link").and_then(|i| i.name()).map(TagName::new),
        close: word("close").map(TransitionName::new),
    })
}
