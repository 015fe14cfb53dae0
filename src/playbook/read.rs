//! `playbook.toml`: name, settings, and everything that may be named.

use super::Settings;
use crate::calendar::Span;
use crate::condition::reading::{Document, Item, Table, unknown};
use crate::diagnostic::{Diagnostic, Lang, Place, did_you_mean, text};
use crate::id::*;
use crate::ticket::*;
use std::collections::BTreeSet;

/// What the file says, as far as it can be read.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub name: String,
    pub version: u32,
    pub default_calendar: Option<(CalendarName, Place)>,
    pub settings: Settings,
    pub schema: Schema,
    /// Where types name their workflows.
    pub workflows: Vec<(TypeName, Place)>,
    /// Where groups name their calendars.
    pub group_calendars: Vec<(GroupId, Place)>,
}

const TOP: [&str; 17] = [
    "name",
    "version",
    "default_calendar",
    "settings",
    "levels",
    "fields",
    "customer",
    "categories",
    "types",
    "channels",
    "groups",
    "roles",
    "skills",
    "templates",
    "hooks",
    "resolutions",
    "ticket_templates",
];

/// Command words rights may be given for.
const RIGHTS: [&str; 26] = [
    "parent",
    "merge",
    "split",
    "change_type",
    "migrate",
    "create",
    "transition",
    "reply",
    "note",
    "log_call",
    "set_fields",
    "set_priority",
    "assign",
    "release",
    "hand_off",
    "set_owner",
    "route",
    "tag",
    "link",
    "watch",
    "correct_sla",
    "macro",
    "suspend_rule",
    "check_off",
    "task",
    "approval",
];

/// Reads the file; `calendars` are those that files declare, whether they could be compiled or not.
pub(super) fn read(document: &Document<'_>, calendars: BTreeSet<CalendarName>) -> Head {
    let root = document.root(&TOP);
    let mut head = Head { version: 1, ..Head::default() };
    head.schema.calendars = calendars;
    if let Some(n) = root.need("name", "the playbook's name", "配置包名称").and_then(|i| i.name()) {
        head.name = n.to_string();
    }
    if let Some(v) = root.get("version").and_then(|i| i.integer(1, i64::from(u32::MAX))) {
        head.version = u32::try_from(v).unwrap_or(1);
    }
    match root.get("default_calendar") {
        Some(i) => head.default_calendar = i.name().map(|n| (CalendarName::new(n), i.place())),
        None => no_default_calendar(&root, &head.schema),
    }
    levels(&root, &mut head.schema);
    for (key, item) in entries(&root, "fields") {
        if Attribute::BUILT_IN.contains(&key.as_str()) || crate::condition::Path::is_built_in(&key) {
            document.report(
                Diagnostic::error("reserved-name", text(format!("`{key}` is built in"), format!("`{key}` 是内置名称")))
                    .at(item.place())
                    .help(text("choose another name for the field", "请为字段另取名称")),
            );
            continue;
        }
        if let Some(def) = field(&item) {
            head.schema.fields.insert(FieldName::new(&key), def);
        }
    }
    for (key, item) in entries(&root, "customer") {
        if key == crate::condition::Path::OPEN_TICKETS {
            document.report(
                Diagnostic::error("reserved-name", text(format!("`{key}` is built in"), format!("`{key}` 是内置名称")))
                    .at(item.place())
                    .help(text("the desk counts them itself", "由服务台自行统计")),
            );
            continue;
        }
        if let Some(def) = field(&item) {
            head.schema.customer.insert(FieldName::new(&key), def);
        }
    }
    for (key, item) in entries(&root, "categories") {
        head.schema.categories.insert(CategoryPath::new(&key), label(&item));
    }
    for (key, item) in entries(&root, "categories") {
        if let Some((parent, _)) = key.rsplit_once('/')
            && !head.schema.categories.contains_key(parent)
        {
            item.wrong::<()>(
                "unknown-category",
                text(format!("`{key}` lies below `{parent}`, which is not declared"), format!("`{key}` 的上级 `{parent}` 未声明")),
                did_you_mean(parent, head.schema.categories.keys()),
            );
        }
    }
    for (key, item) in entries(&root, "channels") {
        let Some(t) = item.table(&["label", "window"]) else { continue };
        let label = t.get("label").and_then(|i| i.label()).unwrap_or_else(|| text(&key, &key));
        let window = t.get("window").and_then(|i| span(&i)).map_or(0, |s| match s {
            Span::Wall(d) => u32::try_from(d.num_seconds()).unwrap_or(u32::MAX),
            _ => 0,
        });
        head.schema.channels.insert(ChannelName::new(&key), ChannelDefinition { label, window_seconds: window });
    }
    for (key, item) in entries(&root, "groups") {
        let Some(t) = item.table(&["label", "calendar"]) else { continue };
        let label = t.get("label").and_then(|i| i.label()).unwrap_or_else(|| text(&key, &key));
        let calendar = t.get("calendar").and_then(|i| Some((i.name()?, i.place()))).map(|(name, place)| {
            head.group_calendars.push((GroupId::new(&key), place));
            CalendarName::new(name)
        });
        head.schema.groups.insert(GroupId::new(&key), GroupDefinition { label, calendar });
    }
    for (key, item) in entries(&root, "roles") {
        head.schema.roles.insert(RoleName::new(&key), label(&item));
    }
    for (word, en, zh) in [
        ("agent", "agent", "坐席"),
        ("requester", "requester", "请求人"),
        ("vendor", "vendor", "第三方"),
        ("integration", "integration", "集成"),
        ("system", "system", "系统"),
    ] {
        head.schema.roles.entry(RoleName::new(word)).or_insert_with(|| text(en, zh));
    }
    for (key, item) in entries(&root, "resolutions") {
        head.schema.resolutions.levels.push(Level { name: LevelName::new(&key), label: label(&item) });
    }
    for (key, item) in entries(&root, "fields") {
        super::read_types::access(&key, &item, &mut head.schema);
    }
    for (key, item) in entries(&root, "skills") {
        head.schema.skills.insert(SkillName::new(&key), label(&item));
    }
    for (key, item) in entries(&root, "hooks") {
        let label = item.label().unwrap_or_else(|| text(&*key, &*key));
        head.schema.hooks.insert(HookName::new(&key), label);
    }
    for (key, item) in entries(&root, "templates") {
        let body = label(&item);
        placeholders(&item, &body, &head.schema);
        head.schema.templates.insert(TemplateName::new(&key), TemplateDefinition { body });
    }
    for (key, item) in entries(&root, "types") {
        let Some(t) = item.table(&["label", "workflow", "required", "fields"]) else { continue };
        let label = t.get("label").and_then(|i| i.label()).unwrap_or_else(|| text(&key, &key));
        let workflow = t.need("workflow", "the workflow its tickets follow", "该类型工单的流程").and_then(|i| Some((i.name()?, i.place())));
        let mut required = Vec::new();
        for r in t.get("required").map(|i| i.list()).unwrap_or_default() {
            let Some(name) = r.text() else { continue };
            if head.schema.fields.contains_key(name) {
                required.push(FieldName::new(name));
            } else {
                r.wrong::<()>(
                    "unknown-field",
                    text(format!("no field `{name}` is declared"), format!("未声明字段 `{name}`")),
                    did_you_mean(name, head.schema.fields.keys()),
                );
            }
        }
        let fields = t.get("fields").map(|i| super::read_types::fields(&i, &head.schema)).unwrap_or_default();
        let kind = TypeName::new(&key);
        let workflow = match workflow {
            Some((name, place)) => {
                head.workflows.push((kind.clone(), place));
                WorkflowName::new(name)
            }
            // That it lacks one is said; the type is known all the same.
            None => WorkflowName::new(""),
        };
        head.schema.types.insert(kind, TypeDefinition { label, workflow, required, fields });
    }
    for (key, item) in entries(&root, "ticket_templates") {
        super::read_types::template(&key, &item, &mut head.schema);
    }
    if head.schema.types.is_empty() {
        document.report(
            Diagnostic::error("no-types", text("there is no ticket type", "没有工单类型"))
                .at(document.whole())
                .help(text("declare one: [types.question] workflow = \"question\"", "请声明：[types.question] workflow = \"question\"")),
        );
    }
    if let Some(s) = root.get("settings") {
        settings(&s, &mut head);
    }
    head
}

/// Points at the first line: a file without a default calendar is wrong as a whole, and what to write there is known.
fn no_default_calendar(root: &Table<'_>, schema: &Schema) {
    let d = Diagnostic::error(
        "missing-key",
        text(
            "`default_calendar` is missing: the calendar that counts where no other is named",
            "缺少 `default_calendar`：未指定其他日历时使用的日历",
        ),
    );
    let help = match schema.calendars.first() {
        Some(name) => text(
            format!("write `default_calendar = \"{name}\"` above the first table"),
            format!("请在第一个表之前写 `default_calendar = \"{name}\"`"),
        ),
        None => text(
            "write a calendar, such as calendars/office.toml, and `default_calendar = \"office\"` here above the first table",
            "请写一个日历，例如 calendars/office.toml，并在此文件第一个表之前写 `default_calendar = \"office\"`",
        ),
    };
    root.document().report(d.at(root.document().place(0, 0)).help(help));
}

/// What people read; the key where that cannot be read.
fn label(item: &Item<'_>) -> crate::diagnostic::Text {
    item.label().unwrap_or_else(|| text(item.key(), item.key()))
}

fn entries<'d>(root: &Table<'d>, key: &str) -> Vec<(String, Item<'d>)> {
    let all = root.get(key).map(|i| i.entries()).unwrap_or_default();
    all.into_iter()
        .filter(|(k, item)| match crate::condition::reading::bad_name(k.name, k.place.clone()) {
            Some(d) => {
                item.document().report(d);
                false
            }
            None => true,
        })
        .map(|(k, i)| (k.name.to_string(), i))
        .collect()
}

fn levels(root: &Table<'_>, schema: &mut Schema) {
    let Some(t) = root.get("levels").and_then(|i| i.table(&["impact", "urgency", "priority"])) else { return };
    let of = |key: &str| t.get(key).map(|i| scale(&i)).unwrap_or_default();
    schema.impact = of("impact");
    schema.urgency = of("urgency");
    schema.priority = of("priority");
}

/// A list of names, or of tables with name and label; lowest first.
fn scale(item: &Item<'_>) -> Scale {
    let mut out = Scale::default();
    for i in item.list() {
        let level = if i.as_table().is_some() {
            let Some(t) = i.table(&["name", "label"]) else { continue };
            let Some(name) = t.need("name", "the value's name", "取值名称").and_then(|n| n.name()) else { continue };
            Level { name: LevelName::new(name), label: t.get("label").and_then(|l| l.label()).unwrap_or_else(|| text(name, name)) }
        } else {
            let Some(name) = i.name() else { continue };
            Level { name: LevelName::new(name), label: text(name, name) }
        };
        if out.has(level.name.as_str()) {
            i.wrong::<()>("duplicate-name", text(format!("`{}` stands twice", level.name), format!("`{}` 重复", level.name)), None);
            continue;
        }
        out.levels.push(level);
    }
    out
}

fn field(item: &Item<'_>) -> Option<FieldDefinition> {
    let t = item.table(&["type", "label", "required", "default", "max", "scale", "values", "read", "write"])?;
    let label = t.get("label").and_then(|i| i.label()).unwrap_or_else(|| text(item.key(), item.key()));
    let required = t.get("required").and_then(|i| i.boolean()).unwrap_or(false);
    let words = [
        ("text", 0u8),
        ("integer", 1),
        ("decimal", 2),
        ("boolean", 3),
        ("instant", 4),
        ("duration", 5),
        ("choice", 6),
        ("ordered", 7),
        ("choices", 8),
        ("reference", 9),
    ];
    let word = t.need("type", "what the field holds", "字段类型")?.word(&words)?;
    let values = || match t.need("values", "the values it may have", "可取的值") {
        Some(i) => {
            let s = scale(&i);
            if s.levels.is_empty() {
                i.wrong::<()>("empty-list", text("a choice needs at least one value", "选项至少要有一个值"), None);
            }
            s
        }
        None => Scale::default(),
    };
    let kind = match word {
        0 => FieldKind::Text { max: t.get("max").and_then(|i| i.integer(1, 65_536)).and_then(|n| u32::try_from(n).ok()).unwrap_or(1024) },
        1 => FieldKind::Integer,
        2 => FieldKind::Decimal { scale: t.get("scale").and_then(|i| i.integer(0, 18)).and_then(|n| u8::try_from(n).ok()).unwrap_or(2) },
        3 => FieldKind::Boolean,
        4 => FieldKind::Instant,
        5 => FieldKind::Duration,
        6 => FieldKind::Choice(values()),
        7 => FieldKind::Ordered(values()),
        8 => FieldKind::Choices(values()),
        _ => FieldKind::Reference,
    };
    let mut def = FieldDefinition { kind, label, required, default: None };
    if let Some(i) = t.get("default") {
        let raw = if i.is_boolean() {
            i.boolean().map(Value::Boolean)
        } else if i.is_integer() {
            i.integer(i64::MIN, i64::MAX).map(Value::Integer)
        } else if i.is_instant() {
            i.instant().map(Value::instant)
        } else {
            i.text().map(Value::text)
        };
        if let Some(v) = raw {
            match def.fit(v) {
                Ok(v) => def.default = Some(v),
                Err(m) => {
                    i.wrong::<()>(m.code, m.message, None);
                }
            }
        }
    }
    Some(def)
}

fn span(item: &Item<'_>) -> Option<Span> {
    item.parsed("bad-span", |s| s.parse::<Span>().map_err(|e| e.text()))
}

/// A template's `{{…}}` names must be known.
fn placeholders(item: &Item<'_>, body: &crate::diagnostic::Text, schema: &Schema) {
    let built_in = ["number", "subject", "state", "priority", "group", "assignee", "requester", "due"];
    let of_ticket = built_in.iter().map(|n| format!("ticket.{n}")).chain(schema.fields.keys().map(|f| format!("ticket.{f}")));
    let known: Vec<String> = of_ticket.chain(schema.customer.keys().map(|f| format!("customer.{f}"))).collect();
    for text_of in [&body.en, &body.zh] {
        for part in text_of.split("{{").skip(1) {
            let name = part.split("}}").next().unwrap_or("").trim().to_string();
            if !known.contains(&name) {
                item.document().report(unknown_placeholder(&name, &known).at(item.place()));
                return;
            }
        }
    }
}

/// A placeholder that nothing fills in.
pub(super) fn unknown_placeholder(name: &str, known: &[String]) -> Diagnostic {
    let all = || text(format!("known are {}", known.join(", ")), format!("可用：{}", known.join("、")));
    Diagnostic::error("unknown-placeholder", text(format!("a template knows no `{name}`"), format!("模板中没有占位符 `{name}`")))
        .help(did_you_mean(name, known).unwrap_or_else(all))
}

fn settings(item: &Item<'_>, head: &mut Head) {
    let known = [
        "reopen_within",
        "reopen_assignee",
        "notifications_per_hour",
        "stale_after",
        "rating_on",
        "first_assignee_owns",
        "reply_language",
        "rights",
    ];
    let Some(t) = item.table(&known) else { return };
    let s = &mut head.settings;
    if let Some(v) = t.get("reopen_within").and_then(|i| span(&i)) {
        s.reopen_within = v;
    }
    if let Some(v) = t.get("reopen_assignee").and_then(|i| i.word(&[("keep", false), ("clear", true)])) {
        s.reopen_clears_assignee = v;
    }
    if let Some(v) = t.get("notifications_per_hour").and_then(|i| i.integer(0, 16)) {
        s.notifications_per_hour = u32::try_from(v).unwrap_or(5);
    }
    if let Some(i) = t.get("stale_after") {
        match span(&i) {
            Some(Span::Wall(d)) => s.stale_after = d,
            Some(_) => {
                i.wrong::<()>("bad-span", text("only wall time, such as 30m, has a meaning here", "此处只能用自然时间，如 30m"), None);
            }
            None => {}
        }
    }
    if let Some(v) = t.get("rating_on").and_then(|i| i.word(&[("resolved", StateClass::Resolved), ("closed", StateClass::Closed)])) {
        s.rating_on = Some(v);
    }
    if let Some(v) = t.get("first_assignee_owns").and_then(|i| i.boolean()) {
        s.first_assignee_owns = v;
    }
    if let Some(v) = t.get("reply_language").and_then(|i| i.word(&[("en", Some(Lang::En)), ("zh", Some(Lang::Zh)), ("both", None)])) {
        s.reply_language = v;
    }
    for (key, i) in t.get("rights").map(|i| i.entries()).unwrap_or_default() {
        if !RIGHTS.contains(&key.name) {
            // The roles behind it are read all the same, so that what is wrong with them does not come on the next run.
            item.document().report(unknown("unknown-right", ("command", "命令"), key.name, RIGHTS.into_iter(), key.place));
        }
        let mut roles = Vec::new();
        for r in i.one_or_many() {
            let Some(name) = r.text() else { continue };
            if head.schema.roles.contains_key(name) {
                roles.push(RoleName::new(name));
            } else {
                r.wrong::<()>(
                    "unknown-role",
                    text(format!("no role `{name}` is declared"), format!("未声明角色 `{name}`")),
                    did_you_mean(name, head.schema.roles.keys()),
                );
            }
        }
        s.rights.insert(key.name.to_string(), roles);
    }
}
