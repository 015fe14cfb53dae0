//! Maps of a test, or of a JSON file, as commands: every name checked, every slip answered with a suggestion.

use crate::calendar::Span;
use crate::condition::Customer;
use crate::diagnostic::{Text, did_you_mean, text};
use crate::engine::{Inbound, NewTicket};
use crate::id::*;
use crate::routing::Agent;
use crate::rules::{TestFault, TestValue};
use crate::ticket::{Attachment, Attribute, FieldDefinition, FieldKind, Schema, Value};
use std::collections::{BTreeMap, BTreeSet};

type Given<T> = Result<T, TestFault>;

fn wrong<T>(en: impl Into<String>, zh: impl Into<String>) -> Given<T> {
    Err(TestFault::wrong(text(en, zh)))
}

fn unknown<T>(en: String, zh: String, help: Option<Text>) -> Given<T> {
    Err(TestFault::Wrong { message: text(en, zh), help })
}

/// A map whose names are taken one by one; what is left over is a slip.
pub(super) struct Names {
    map: BTreeMap<String, TestValue>,
    asked: Vec<&'static str>,
}

impl Names {
    pub(super) fn of(value: &TestValue) -> Given<Self> {
        match value {
            TestValue::Record(map) => Ok(Self { map: map.clone(), asked: Vec::new() }),
            other => wrong(
                format!("a map `#{{ … }}` is needed here, this is {}", other.kind().en),
                format!("此处需要映射 `#{{ … }}`，实际为{}", other.kind().zh),
            ),
        }
    }
    pub(super) fn take(&mut self, name: &'static str) -> Option<TestValue> {
        self.asked.push(name);
        self.map.remove(name)
    }
    pub(super) fn text(&mut self, name: &'static str) -> Given<Option<String>> {
        self.take(name).map(|v| as_text(&v, name)).transpose()
    }
    pub(super) fn flag(&mut self, name: &'static str) -> Given<bool> {
        match self.take(name) {
            None => Ok(false),
            Some(TestValue::Boolean(b)) => Ok(b),
            Some(v) => mismatch(name, "true or false", "布尔值", &v),
        }
    }
    pub(super) fn integer(&mut self, name: &'static str) -> Given<Option<i64>> {
        match self.take(name) {
            None => Ok(None),
            Some(TestValue::Integer(n)) => Ok(Some(n)),
            Some(v) => mismatch(name, "a whole number", "整数", &v),
        }
    }
    fn texts(&mut self, name: &'static str) -> Given<Vec<String>> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(TestValue::List(v)) => v.iter().map(|v| as_text(v, name)).collect(),
            Some(v) => Ok(vec![as_text(&v, name)?]),
        }
    }
    /// What is left, as a map again.
    pub(super) fn rest(self) -> TestValue {
        TestValue::Record(self.map)
    }
    /// What is left are custom fields.
    pub(super) fn fields(self, schema: &Schema) -> Given<Vec<(FieldName, Value)>> {
        let mut out = Vec::new();
        for (name, value) in &self.map {
            let Some(field) = schema.fields.get(name.as_str()) else { return self.slip(name, schema) };
            if let Some(value) = value_of(field, value)? {
                out.push((FieldName::new(name), value));
            }
        }
        Ok(out)
    }
    fn slip<T>(&self, name: &str, schema: &Schema) -> Given<T> {
        let known = self.asked.iter().map(|s| (*s).to_string()).chain(schema.fields.keys().map(|f| f.to_string()));
        unknown(format!("nothing is called `{name}` here"), format!("此处没有名为 `{name}` 的项"), did_you_mean(name, known))
    }
    /// Nothing may be left.
    pub(super) fn end(self) -> Given<()> {
        match self.map.keys().next() {
            None => Ok(()),
            Some(name) => {
                unknown(format!("nothing is called `{name}` here"), format!("此处没有名为 `{name}` 的项"), did_you_mean(name, &self.asked))
            }
        }
    }
}

fn mismatch<T>(name: &str, en: &str, zh: &str, found: &TestValue) -> Given<T> {
    let kind = found.kind();
    wrong(format!("`{name}` takes {en}, this is {}", kind.en), format!("`{name}` 需要{zh}，实际为{}", kind.zh))
}

pub(super) fn as_text(v: &TestValue, name: &str) -> Given<String> {
    match v {
        TestValue::Text(s) => Ok(s.clone()),
        other => mismatch(name, "a text", "文本", other),
    }
}

/// One of the names of a list, or a suggestion.
fn known<'a>(what: (&str, &str), name: &str, all: impl Iterator<Item = &'a str> + Clone) -> Given<()> {
    if all.clone().any(|n| n == name) {
        return Ok(());
    }
    let list = all.clone().take(12).collect::<Vec<_>>().join(", ");
    let help = did_you_mean(name, all).unwrap_or_else(|| text(format!("it is one of {list}"), format!("可取值：{list}")));
    unknown(format!("no {} is called `{name}`", what.0), format!("没有名为 `{name}` 的{}", what.1), Some(help))
}

/// A value as a field takes it; what does not fit is left for the desk to refuse.
pub(super) fn value_of(field: &FieldDefinition, v: &TestValue) -> Given<Option<Value>> {
    Ok(Some(match (v, &field.kind) {
        (TestValue::Nothing, _) => return Ok(None),
        (TestValue::Text(s), FieldKind::Instant) => match s.parse::<UtcInstant>() {
            Ok(t) => Value::instant(t),
            Err(_) => return wrong(format!("`{s}` is no instant"), format!("`{s}` 不是时刻")),
        },
        (TestValue::Text(s), FieldKind::Duration) => match s.parse::<Span>() {
            Ok(Span::Wall(d)) => Value::Duration(d.num_microseconds().unwrap_or(i64::MAX)),
            _ => return wrong(format!("`{s}` is no duration"), format!("`{s}` 不是时长")),
        },
        (v, _) => plain(v)?,
    }))
}

fn plain(v: &TestValue) -> Given<Value> {
    Ok(match v {
        TestValue::Text(s) => Value::text(s.as_str()),
        TestValue::Integer(n) => Value::Integer(*n),
        TestValue::Decimal(d) => Value::Decimal(*d),
        TestValue::Boolean(b) => Value::Boolean(*b),
        TestValue::Instant(t) => Value::instant(*t),
        TestValue::Duration(us) => Value::Duration(*us),
        TestValue::List(all) => Value::Choices(all.iter().map(|v| as_text(v, "list").map(LevelName::new)).collect::<Given<_>>()?),
        other => {
            let kind = other.kind();
            return wrong(format!("{} is no value of a field", kind.en), format!("{}不能作为字段的值", kind.zh));
        }
    })
}

/// An attribute and its value.
pub(super) fn attribute(schema: &Schema, name: &str, v: &TestValue) -> Given<(Attribute, Option<Value>)> {
    if let Some(field) = schema.fields.get(name) {
        return Ok((Attribute::named(name), value_of(field, v)?));
    }
    if !Attribute::BUILT_IN.contains(&name) {
        let all = Attribute::BUILT_IN.iter().map(|s| (*s).to_string()).chain(schema.fields.keys().map(|f| f.to_string()));
        let help = did_you_mean(name, all).or_else(|| other_step(name));
        return unknown(format!("a ticket has no field `{name}` that can be set"), format!("工单没有可设置的字段 `{name}`"), help);
    }
    let value = if *v == TestValue::Nothing { None } else { Some(plain(v)?) };
    Ok((Attribute::named(name), value))
}

fn other_step(name: &str) -> Option<Text> {
    let usage = match name {
        "priority" => "desk.priority(t, \"high\")",
        "tags" => "desk.tag(t, \"outage\")",
        "group" => "desk.hand_off(t, \"group\")",
        "assignee" => "desk.assign(t, \"li\")",
        "state" => "desk.transition(t, \"resolve\")",
        "owner" => "desk.owner(t, \"li\")",
        _ => return None,
    };
    Some(text(format!("write `{usage}`"), format!("请写 `{usage}`")))
}

/// A ticket to be made; what is not said is as `usual`. The second is who makes it, if somebody else than the requester.
pub(super) fn new_ticket(schema: &Schema, usual: NewTicket, value: &TestValue) -> Given<(NewTicket, Option<String>)> {
    let mut m = Names::of(value)?;
    let mut new = usual;
    match m.text("type")? {
        Some(kind) => {
            known(("ticket type", "工单类型"), &kind, schema.types.keys().map(TypeName::as_str))?;
            new.kind = TypeName::new(kind);
        }
        None if schema.types.len() > 1 => {
            // A name misspelt is told before that it is missing.
            let slip = m.map.keys().find(|k| !schema.fields.contains_key(k.as_str()) && did_you_mean(k, ["type"]).is_some());
            if let Some(name) = slip {
                return m.slip(name, schema);
            }
            let all = schema.types.keys().map(TypeName::as_str).collect::<Vec<_>>().join(", ");
            return wrong(format!("say which `type`: {all}"), format!("请指明 `type`：{all}"));
        }
        None => {}
    }
    if let Some(s) = m.text("subject")? {
        new.subject = s.into();
    }
    if let Some(s) = m.text("description")? {
        new.description = s.into();
    }
    if let Some(s) = m.text("requester")? {
        new.requester = RequesterId::new(s);
    }
    if let Some(s) = m.text("channel")? {
        known(("channel", "渠道"), &s, schema.channels.keys().map(ChannelName::as_str))?;
        new.channel = ChannelName::new(s);
    }
    new.organisation = m.text("organisation")?.map(OrganisationId::new);
    new.provisional = m.flag("provisional")?;
    if let Some(s) = m.text("category")? {
        known(("category", "分类"), &s, schema.categories.keys().map(CategoryPath::as_str))?;
        new.category = Some(CategoryPath::new(s));
    }
    if let Some(s) = m.text("impact")? {
        known(("impact", "影响程度"), &s, schema.impact.names().map(LevelName::as_str).collect::<Vec<_>>().into_iter())?;
        new.impact = Some(LevelName::new(s));
    }
    if let Some(s) = m.text("urgency")? {
        known(("urgency", "紧急程度"), &s, schema.urgency.names().map(LevelName::as_str).collect::<Vec<_>>().into_iter())?;
        new.urgency = Some(LevelName::new(s));
    }
    new.tags = m.texts("tags")?.into_iter().map(TagName::new).collect();
    new.state = m.text("state")?.map(StateName::new);
    let by = m.text("by")?;
    new.fields = m.fields(schema)?;
    Ok((new, by))
}

/// An incoming message; the second is the ticket whose thread it belongs to.
pub(super) fn inbound(schema: &Schema, usual: NewTicket, id: &str, value: &TestValue) -> Given<(Inbound, Option<TicketId>)> {
    let mut m = Names::of(value)?;
    let channel = m.text("channel")?.unwrap_or_else(|| usual.channel.to_string());
    known(("channel", "渠道"), &channel, schema.channels.keys().map(ChannelName::as_str))?;
    let kind = m.text("type")?.unwrap_or_else(|| usual.kind.to_string());
    known(("ticket type", "工单类型"), &kind, schema.types.keys().map(TypeName::as_str))?;
    let from = m.text("from")?.unwrap_or_else(|| usual.requester.to_string());
    let body = m.text("body")?.unwrap_or_default();
    let id = m.text("id")?.unwrap_or_else(|| id.to_string());
    let mut message = Inbound::new(channel, id, from, kind, body);
    if let Some(s) = m.text("subject")? {
        message.subject = s.into();
    }
    message.automatic = m.flag("automatic")?;
    message.provisional = m.flag("provisional")?;
    message.number = m.integer("number")?.and_then(|n| u64::try_from(n).ok());
    let thread = match m.take("ticket") {
        None => None,
        Some(TestValue::Ticket(id)) => Some(id),
        Some(v) => return mismatch("ticket", "a ticket", "工单", &v),
    };
    message.category = m.text("category")?.map(CategoryPath::new);
    message.fields = m.fields(schema)?;
    Ok((message, thread))
}

/// An agent; which group they lead; whether they manage the desk.
pub(super) fn agent(value: &TestValue) -> Given<(Agent, Option<GroupId>, bool)> {
    let mut m = Names::of(value)?;
    let Some(id) = m.text("id")? else { return wrong("an agent has an `id`", "坐席必须有 `id`") };
    let mut agent = Agent::new(id).capacity(5);
    if let Some(name) = m.text("name")? {
        agent.name = name;
    }
    agent.groups = m.texts("groups")?.into_iter().map(GroupId::new).collect();
    agent.roles = m.texts("roles")?.into_iter().map(RoleName::new).collect();
    match m.take("skills") {
        None => {}
        Some(v) => agent.skills = skills(&v)?,
    }
    if let Some(n) = m.integer("capacity")? {
        let Ok(n) = u16::try_from(n) else { return wrong("a capacity is a number of slots", "`capacity` 是名额数") };
        agent.capacity = n;
    }
    agent.shift = m.text("shift")?.map(CalendarName::new);
    agent.backup = m.text("backup")?.map(AgentId::new);
    agent.on_call = m.flag("on_call")?;
    let absent = m.texts("absent")?;
    if let Some(from) = absent.first() {
        let instant = |s: &str| match s.parse::<UtcInstant>() {
            Ok(t) => Ok(t),
            Err(_) => wrong(
                format!("`{s}` is no instant; write `2025-09-01T09:00:00+08:00`"),
                format!("`{s}` 不是时刻；请写 `2025-09-01T09:00:00+08:00`"),
            ),
        };
        let to = absent.get(1).map(|s| instant(s)).transpose()?;
        agent = agent.absent(instant(from)?, to);
    }
    let leads = m.text("lead")?.map(GroupId::new);
    let manages = m.flag("manager")?;
    m.end()?;
    Ok((agent, leads, manages))
}

/// `["bgp"]`, or `#{ bgp: 2 }`.
pub(super) fn skills(v: &TestValue) -> Given<BTreeMap<SkillName, u8>> {
    match v {
        TestValue::List(all) => all.iter().map(|s| Ok((SkillName::new(as_text(s, "skills")?), 1))).collect(),
        TestValue::Record(map) => map
            .iter()
            .map(|(name, level)| match level {
                TestValue::Integer(n) => {
                    u8::try_from(*n).map(|n| (SkillName::new(name), n)).or_else(|_| wrong("a level is 1 to 5", "级别为 1 到 5"))
                }
                v => mismatch(name, "a level, 1 to 5", "级别（1 到 5）", v),
            })
            .collect(),
        v => mismatch("skills", "a list, or a map with levels", "列表或带级别的映射", v),
    }
}

/// A requester's record.
pub(super) fn customer(schema: &Schema, value: &TestValue) -> Given<Customer> {
    let TestValue::Record(map) = value else { return mismatch("customer", "a map `#{ … }`", "映射 `#{ … }`", value) };
    let mut record = Customer::new();
    for (name, v) in map {
        let Some(field) = schema.customer.get(name.as_str()) else {
            let help = did_you_mean(name, schema.customer.keys()).or_else(|| {
                Some(text("the fields of a customer stand under [customer] in playbook.toml", "客户字段见 playbook.toml 的 [customer]"))
            });
            return unknown(format!("a customer has no field `{name}`"), format!("客户没有字段 `{name}`"), help);
        };
        let Some(value) = value_of(field, v)? else { continue };
        match field.fit(value) {
            Ok(v) => drop(record.insert(FieldName::new(name), v)),
            Err(m) => return Err(TestFault::wrong(text(format!("`{name}`: {}", m.message.en), format!("`{name}`：{}", m.message.zh)))),
        }
    }
    Ok(record)
}

/// Names of a list.
pub(super) fn tags(v: &TestValue) -> Given<BTreeSet<TagName>> {
    match v {
        TestValue::List(all) => all.iter().map(|t| as_text(t, "tag").map(TagName::new)).collect(),
        v => Ok(BTreeSet::from([TagName::new(as_text(v, "tag")?)])),
    }
}

/// An attachment of this name that a test makes up.
pub(super) fn attachment(file: &str) -> Attachment {
    let media_type = "application/octet-stream".to_string();
    Attachment { reference: ExternalId::new(format!("test:{file}")), name: file.to_string(), media_type, size: 1, hash: None }
}
