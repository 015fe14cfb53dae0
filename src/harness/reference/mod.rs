//! References and definitions of a playbook, made from the lists that the loader itself goes by.
//!
//! What it is: [`definitions`], the files that editors and people look things up in: `.d.rhai` for completion, Markdown for reading; [`REFERENCES`], every key of every TOML file, with comments.
//! What it never does: list a word the loader does not know, or leave one out that it does.
//! Read next: `words.rs`, what each word does.

mod words;

use crate::condition::{Kind, Path};
use crate::diagnostic::{Lang, Source, text};
use crate::rules::{TestWord, Trigger, vocabulary};
use crate::ticket::Schema;
use words::{ACTIONS, Described, EVENTS, FACTS, STEPS};

/// Every key of the TOML files of a playbook, with what it means and what it has where it is left out: what it is called, the files it is of, and the reference, which is such a file itself. What
/// `ticketry reference` prints.
///
/// ```
/// use ticketry::harness::REFERENCES;
/// let (_, files, text) = REFERENCES.iter().find(|(name, ..)| *name == "workflow").unwrap();
/// assert!(*files == "workflows/*.toml" && text.contains("[[transitions]]"));
/// ```
pub const REFERENCES: [(&str, &str, &str); 9] = [
    ("playbook", "playbook.toml", include_str!("../../playbook/reference.toml")),
    ("workflow", "workflows/*.toml", include_str!("workflow.toml")),
    ("sla", "sla/*.toml", include_str!("../../sla/reference.toml")),
    ("priority", "priority.toml", include_str!("priority.toml")),
    ("routing", "routing.toml", include_str!("routing.toml")),
    ("migration", "migrations/*.toml", include_str!("migration.toml")),
    ("macros", "macros.toml", include_str!("macros.toml")),
    ("watches", "watches.toml", include_str!("watches.toml")),
    ("roster", "roster.toml", include_str!("roster.toml")),
];

/// Definition files for the authors of a playbook's rules, by their paths in a folder of their own:
///
/// - `ticketry.d.rhai`: rules, actions, tests, and the fields of this playbook, each with what it does;
/// - `functions.d.rhai`: every function scripts can call;
/// - `reference.md`: the same for people, with the names this playbook declares.
///
/// ```
/// use ticketry::{diagnostic::Lang, harness, playbook::Playbook};
/// let files = harness::definitions(Playbook::starter().unwrap().schema(), Lang::En);
/// assert!(files.get("reference.md").unwrap().contains("| `t.impact` | ordered list: low < medium < high |"));
/// assert!(files.get("ticketry.d.rhai").unwrap().contains("fn notify("));
/// ```
pub fn definitions(schema: &Schema, lang: Lang) -> Source {
    Source::new()
        .with("ticketry.d.rhai", editor(schema, lang))
        .with("functions.d.rhai", vocabulary().functions)
        .with("reference.md", reference(schema, lang))
}

/// The words of the loader's lists that the reference does not describe yet.
#[doc(hidden)]
pub fn undescribed() -> Vec<String> {
    let words = vocabulary();
    let missing = |all: Vec<String>, list: &[Described]| -> Vec<String> {
        all.into_iter().filter(|w| !list.iter().any(|(name, ..)| name == w)).collect()
    };
    let own = |all: &[&str]| all.iter().map(|w| (*w).to_string()).collect::<Vec<_>>();
    let facts = Path::reference(&Schema::default()).into_iter().map(|(name, _)| name).collect();
    [
        missing(own(&words.steps), STEPS),
        missing(own(&Trigger::words()), EVENTS),
        missing(facts, FACTS),
        missing(words.actions.iter().map(|(w, _)| (*w).to_string()).collect(), ACTIONS),
    ]
    .concat()
}

fn described<'a>(list: &'a [Described], word: &str, lang: Lang) -> (&'a str, &'a str) {
    let found = list.iter().find(|(name, ..)| *name == word);
    found.map_or(("", ""), |(_, usage, en, zh)| (usage, if lang == Lang::Zh { zh } else { en }))
}

/// What a value may be, as a person reads it.
fn kind(k: &Kind, lang: Lang) -> String {
    let listed = |names: &[String], by: &str| {
        let shown = names.iter().take(24).cloned().collect::<Vec<_>>().join(by);
        let more = if names.len() > 24 { ", …" } else { "" };
        format!(": {shown}{more}")
    };
    let word = match (k, lang) {
        (k, Lang::En) => k.word(),
        (Kind::Text, _) => "文本",
        (Kind::Name, _) => "名称",
        (Kind::OneOf { ordered: true, .. }, _) => "有序列表",
        (Kind::OneOf { .. }, _) => "列表",
        (Kind::Category(_), _) => "分类",
        (Kind::Names(_), _) => "集合",
        (Kind::Integer, _) => "整数",
        (Kind::Decimal, _) => "小数",
        (Kind::Boolean, _) => "布尔值",
        (Kind::Instant, _) => "时刻",
        (Kind::Duration, _) => "时长",
    };
    let names = match k {
        Kind::OneOf { names, ordered: true } if !names.is_empty() => listed(names, " < "),
        Kind::OneOf { names, .. } | Kind::Category(names) | Kind::Names(Some(names)) if !names.is_empty() => listed(names, ", "),
        _ => String::new(),
    };
    format!("{word}{names}")
}

/// What is read, with what may stand in it and what it is: the label where the playbook gives one.
fn facts(schema: &Schema, lang: Lang) -> Vec<(String, String, String)> {
    let one = |(name, path): (String, Path)| {
        let label = match &path {
            Path::Field(f) => schema.fields.get(f).map(|d| d.label.get(lang).to_string()),
            Path::Customer(f) => schema.customer.get(f).map(|d| d.label.get(lang).to_string()),
            _ => None,
        };
        let what = label.unwrap_or_else(|| described(FACTS, &name, lang).1.to_string());
        (name, kind(&path.kind(schema), lang), what)
    };
    Path::reference(schema).into_iter().map(one).collect()
}

fn reference(schema: &Schema, lang: Lang) -> String {
    let zh = lang == Lang::Zh;
    let mut out = String::from(if zh {
        "# 规则参考\n\n由 `ticketry definitions` 生成；事件、字段、动作取自程序自身的清单，名称取自本配置包。\n"
    } else {
        "# Reference for rules\n\nMade by `ticketry definitions` from the program's own lists and the names that this playbook declares.\n"
    });
    let mut table = |title: (&str, &str), heads: (&str, &str), rows: Vec<Vec<String>>| {
        let (title, heads) = if zh { (title.1, heads.1) } else { (title.0, heads.0) };
        out.push_str(&format!("\n## {title}\n\n| {heads} |\n|{}\n", " --- |".repeat(heads.split('|').count())));
        for r in rows {
            out.push_str(&format!("| {} |\n", r.iter().map(|c| c.replace('|', "\\|").replace('\n', " ")).collect::<Vec<_>>().join(" | ")));
        }
    };
    let code = |s: &str| format!("`{s}`");
    let words = vocabulary();
    let used = |list, word: &str| {
        let (usage, what) = described(list, word, lang);
        vec![code(if usage.is_empty() { word } else { usage }), what.to_string()]
    };
    table(("Steps of a rule", "规则的步骤"), ("written | what", "写法 | 作用"), words.steps.iter().map(|w| used(STEPS, w)).collect());
    table(("Events", "事件"), ("`.on(…)` | when", "`.on(…)` | 时机"), Trigger::words().iter().map(|w| used(EVENTS, w)).collect());
    let read = facts(schema, lang).into_iter().map(|(name, kind, what)| vec![code(&name), kind, what]).collect();
    table(("Facts", "可读取的内容"), ("read | what it may be | what it is", "读取 | 取值 | 含义"), read);
    table(("Actions", "动作"), ("written | what", "写法 | 作用"), words.actions.iter().map(|(w, _)| used(ACTIONS, w)).collect());
    let tests = |list: &[TestWord]| list.iter().map(|w| vec![code(w.usage), w.says().get(lang).to_string()]).collect::<Vec<_>>();
    table(("Tests: the desk", "测试：服务台"), ("written | what", "写法 | 作用"), tests(TestWord::DESK));
    table(("Tests: a ticket", "测试：工单"), ("written | what", "写法 | 作用"), tests(TestWord::TICKET));
    table(("Tests: assertions", "测试：断言"), ("written | what", "写法 | 作用"), tests(TestWord::ASSERT));
    let label = |t: &crate::diagnostic::Text| t.get(lang).to_string();
    let mut named = |title, rows: Vec<(String, String)>| {
        if !rows.is_empty() {
            table(title, ("name | label", "名称 | 标签"), rows.into_iter().map(|(n, l)| vec![code(&n), l]).collect());
        }
    };
    named(("Ticket types", "工单类型"), schema.types.iter().map(|(n, d)| (n.to_string(), label(&d.label))).collect());
    named(("States", "状态"), schema.states.iter().map(|(n, l)| (n.to_string(), label(l))).collect());
    named(("Groups", "处理组"), schema.groups.iter().map(|(n, d)| (n.to_string(), label(&d.label))).collect());
    named(("Skills", "技能"), schema.skills.iter().map(|(n, l)| (n.to_string(), label(l))).collect());
    named(("Channels", "渠道"), schema.channels.iter().map(|(n, d)| (n.to_string(), label(&d.label))).collect());
    named(("Categories", "分类"), schema.categories.iter().map(|(n, l)| (n.to_string(), label(l))).collect());
    named(("Templates", "模板"), schema.templates.iter().map(|(n, d)| (n.to_string(), label(&d.body))).collect());
    let mut listed = |title: (&str, &str), names: Vec<&str>| {
        if !names.is_empty() {
            let names = names.into_iter().map(code).collect::<Vec<_>>().join(", ");
            out.push_str(&format!("\n## {}\n\n{names}\n", if zh { title.1 } else { title.0 }));
        }
    };
    listed(("Transitions", "流转"), schema.transitions.iter().map(|n| n.as_str()).collect());
    listed(("Metrics", "指标"), schema.metrics.iter().map(|n| n.as_str()).collect());
    out
}

/// Definitions in Rhai's own form. The types `ticket`, `event`, `desk` and `builder` are those of the closures' parameters.
fn editor(schema: &Schema, lang: Lang) -> String {
    let mut out = String::from("module static;\n");
    let mut function = |comment: &str, signature: String| {
        out.push('\n');
        comment.lines().for_each(|l| out.push_str(&format!("/// {l}\n")));
        out.push_str(&signature);
        out.push_str(";\n");
    };
    let one = text("Begins a rule; the steps below follow.", "规则以此开头，后接下列步骤。");
    function(one.get(lang), "fn rule(name: String) -> builder".into());
    let one = text("A test: `test(\"name\", |desk| { … });`", "测试：`test(\"名称\", |desk| { … });`");
    function(one.get(lang), "fn test(name: String, steps: Fn)".into());
    let words = vocabulary();
    for word in &words.steps {
        let (usage, what) = described(STEPS, word, lang);
        function(&format!("{what}\n`{usage}`"), format!("fn {word}({}) -> builder", parameters("builder", usage)));
    }
    for (word, counts) in &words.actions {
        let (usage, what) = described(ACTIONS, word, lang);
        for n in *counts {
            let receiver = if usage.starts_with("t.") { "ticket" } else { "" };
            function(&format!("{what}\n`{usage}`"), format!("fn {word}({})", arguments(receiver, *n)));
        }
    }
    for (name, kind, what) in facts(schema, lang) {
        let (owner, field) = match name.split_once('.') {
            Some(("t", rest)) => match rest.strip_prefix("customer.") {
                Some(field) => ("customer", field),
                None => ("ticket", rest),
            },
            Some((_, rest)) => match rest.strip_prefix("message.") {
                Some(field) => ("message", field),
                None => ("event", rest),
            },
            None => continue,
        };
        function(&format!("{what}\n{kind}"), format!("fn get {field}(this: {owner}) -> ?"));
    }
    for (owner, field, of) in [("ticket", "customer", "customer"), ("event", "message", "message")] {
        function("", format!("fn get {field}(this: {owner}) -> {of}"));
    }
    for (list, receiver) in [(TestWord::DESK, "desk"), (TestWord::TICKET, "ticket"), (TestWord::ASSERT, "")] {
        for w in list {
            for n in w.args {
                function(&format!("{}\n`{}`", w.says().get(lang), w.usage), format!("fn {}({})", w.word, arguments(receiver, *n)));
            }
        }
    }
    out
}

fn arguments(receiver: &str, n: usize) -> String {
    let own = (!receiver.is_empty()).then(|| format!("this: {receiver}"));
    own.into_iter().chain((1..=n).map(|i| format!("arg{i}: ?"))).collect::<Vec<_>>().join(", ")
}

/// The parameters of a step, counted from how it is written.
fn parameters(receiver: &str, usage: &str) -> String {
    let inside = usage.split_once('(').map_or("", |(_, rest)| rest);
    let n = match inside {
        ")" | "" => 0,
        s if s.starts_with('[') || s.starts_with('|') => 1,
        s => s.matches("\", \"").count().saturating_add(1),
    };
    arguments(receiver, n)
}
