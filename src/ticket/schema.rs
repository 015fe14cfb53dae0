//! The schema of tickets: which fields, enums, types and names a playbook allows.

use super::{Attribute, Value};
use crate::diagnostic::{Text, text};
use crate::id::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A named, ordered enum, lowest first (S88): impact, urgency, priority, an ordered choice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scale {
    /// The values from lowest to highest.
    pub levels: Vec<Level>,
}

/// One value of a [`Scale`] or of a choice field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Its name.
    pub name: LevelName,
    /// Its label.
    pub label: Text,
}

impl Scale {
    /// The scale of these names, lowest first, each its own label.
    pub fn of(names: &[&str]) -> Self {
        Self { levels: names.iter().map(|n| Level { name: LevelName::new(n), label: text(*n, *n) }).collect() }
    }
    /// How high the value stands, from 0.
    pub fn rank(&self, name: &str) -> Option<usize> {
        self.levels.iter().position(|l| l.name == *name)
    }
    /// The value at this height.
    pub fn at(&self, rank: usize) -> Option<&LevelName> {
        self.levels.get(rank).map(|l| &l.name)
    }
    /// Whether the scale has this value.
    pub fn has(&self, name: &str) -> bool {
        self.rank(name).is_some()
    }
    /// All names, lowest first.
    pub fn names(&self) -> impl Iterator<Item = &LevelName> {
        self.levels.iter().map(|l| &l.name)
    }
    /// The label of a value, or its name where it has none.
    pub fn label(&self, name: &str) -> Text {
        self.rank(name).and_then(|r| self.levels.get(r)).map_or_else(|| text(name, name), |l| l.label.clone())
    }
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FieldKind {
    /// Text of at most this many bytes.
    Text {
        /// Most bytes.
        max: u32,
    },
    /// A whole number.
    Integer,
    /// A decimal with this many digits behind the point.
    Decimal {
        /// Digits behind the point.
        scale: u8,
    },
    /// Yes or no.
    Boolean,
    /// An instant.
    Instant,
    /// A span of wall time.
    Duration,
    /// One of these, without order.
    Choice(Scale),
    /// One of these, lowest first.
    Ordered(Scale),
    /// Any of these.
    Choices(Scale),
    /// Something of the host's.
    Reference,
}

impl FieldKind {
    /// The word authors write.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Integer => "integer",
            Self::Decimal { .. } => "decimal",
            Self::Boolean => "boolean",
            Self::Instant => "instant",
            Self::Duration => "duration",
            Self::Choice(_) => "choice",
            Self::Ordered(_) => "ordered",
            Self::Choices(_) => "choices",
            Self::Reference => "reference",
        }
    }
}

/// A custom field, of tickets or of customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldDefinition {
    /// What it holds.
    pub kind: FieldKind,
    /// Its label.
    pub label: Text,
    /// Required when a ticket is created.
    pub required: bool,
    /// The value it has if nobody gives one.
    pub default: Option<Value>,
}

/// Why a value does not fit its field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Stable code: `wrong-type`, `too-long`, `not-in-list`, `wrong-scale`.
    pub code: &'static str,
    /// What to say.
    pub message: Text,
}

impl FieldDefinition {
    /// The value in the field's own form, or why it does not fit. Text given for a choice, a decimal or a reference is taken as one.
    ///
    /// # Errors
    /// The value's type, length, scale or membership is wrong.
    pub fn fit(&self, value: Value) -> Result<Value, Misfit> {
        let bad = |code, en: String, zh: String| Err(Misfit { code, message: text(en, zh) });
        let listed = |scale: &Scale, name: &str| -> Result<LevelName, Misfit> {
            if scale.has(name) {
                return Ok(LevelName::new(name));
            }
            let all = scale.names().map(LevelName::as_str).collect::<Vec<_>>().join(", ");
            Err(Misfit {
                code: "not-in-list",
                message: text(format!("`{name}` is not one of {all}"), format!("`{name}` 不在列表中：{all}")),
            })
        };
        match (&self.kind, value) {
            (FieldKind::Text { max }, Value::Text(s)) => {
                if s.len() > *max as usize {
                    bad("too-long", format!("{} bytes where at most {max} fit", s.len()), format!("{} 字节，最多 {max} 字节", s.len()))
                } else {
                    Ok(Value::Text(s))
                }
            }
            (FieldKind::Integer, v @ Value::Integer(_))
            | (FieldKind::Boolean, v @ Value::Boolean(_))
            | (FieldKind::Instant, v @ Value::Instant(_))
            | (FieldKind::Duration, v @ Value::Duration(_))
            | (FieldKind::Reference, v @ Value::Reference(_)) => Ok(v),
            (FieldKind::Reference, Value::Text(s)) => Ok(Value::Reference(ExternalId::new(&*s))),
            (FieldKind::Decimal { scale }, v @ (Value::Integer(_) | Value::Decimal(_) | Value::Text(_))) => {
                let d = match &v {
                    Value::Integer(n) => Some(super::Decimal::from(*n)),
                    Value::Decimal(d) => Some(*d),
                    Value::Text(s) => s.parse().ok(),
                    _ => None,
                };
                match d.and_then(|d| d.rescaled(*scale)) {
                    Some(d) => Ok(Value::Decimal(d)),
                    None => bad(
                        "wrong-scale",
                        format!("`{v}` is no number with at most {scale} digits behind the point"),
                        format!("`{v}` 不是小数位不超过 {scale} 的数"),
                    ),
                }
            }
            (FieldKind::Choice(s) | FieldKind::Ordered(s), Value::Choice(c)) => listed(s, c.as_str()).map(Value::Choice),
            (FieldKind::Choice(s) | FieldKind::Ordered(s), Value::Text(c)) => listed(s, &c).map(Value::Choice),
            (FieldKind::Choices(s), Value::Choices(c)) => {
                c.iter().map(|c| listed(s, c.as_str())).collect::<Result<BTreeSet<_>, _>>().map(Value::Choices)
            }
            (kind, v) => bad(
                "wrong-type",
                format!("a value of kind {} where the field holds {}", v.kind(), kind.word()),
                format!("类型为 {}，字段要求 {}", v.kind(), kind.word()),
            ),
        }
    }
}

/// A ticket type: picks workflow and required fields (S83).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeDefinition {
    /// Its label.
    pub label: Text,
    /// The workflow its tickets follow.
    pub workflow: WorkflowName,
    /// Custom fields a new ticket of this type must have, besides those required everywhere.
    pub required: Vec<FieldName>,
    /// The custom fields its tickets have; none named: all that no type names.
    #[serde(default)]
    pub fields: Vec<FieldName>,
}

/// A channel 渠道.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelDefinition {
    /// Its label.
    pub label: Text,
    /// Messages of one requester within this many seconds of the last one join one ticket (S80); 0 for channels that are no chat.
    pub window_seconds: u32,
}

/// A group 处理组.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupDefinition {
    /// Its label.
    pub label: Text,
    /// The calendar of its business time, if not the playbook's default (S79).
    pub calendar: Option<CalendarName>,
}

/// A message template, `{{ticket.number}}`-style placeholders in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateDefinition {
    /// The body.
    pub body: Text,
}

/// Everything a condition, a guard, a rule or a command may name.
///
/// Built by [`crate::playbook`] from `playbook.toml`, or by hand; it has no behaviour besides look-ups.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// Custom fields of tickets.
    pub fields: BTreeMap<FieldName, FieldDefinition>,
    /// Fields of the customer record that Directory gives (tier, region).
    pub customer: BTreeMap<FieldName, FieldDefinition>,
    /// Impact, lowest first.
    pub impact: Scale,
    /// Urgency, lowest first.
    pub urgency: Scale,
    /// Priority, lowest first.
    pub priority: Scale,
    /// Every node of the category tree, as a path, with its label (S66).
    pub categories: BTreeMap<CategoryPath, Text>,
    /// Ticket types.
    pub types: BTreeMap<TypeName, TypeDefinition>,
    /// Channels.
    pub channels: BTreeMap<ChannelName, ChannelDefinition>,
    /// Groups.
    pub groups: BTreeMap<GroupId, GroupDefinition>,
    /// Roles, with labels.
    pub roles: BTreeMap<RoleName, Text>,
    /// Skills, with labels.
    pub skills: BTreeMap<SkillName, Text>,
    /// Templates.
    pub templates: BTreeMap<TemplateName, TemplateDefinition>,
    /// Webhooks that rules may ask for, with labels.
    #[serde(default)]
    pub hooks: BTreeMap<HookName, Text>,
    /// Every state of every workflow, with its label.
    pub states: BTreeMap<StateName, Text>,
    /// Every transition of every workflow.
    pub transitions: BTreeSet<TransitionName>,
    /// Every template of a task of every workflow.
    #[serde(default)]
    pub tasks: BTreeSet<TaskName>,
    /// Every approval of every workflow.
    #[serde(default)]
    pub approvals: BTreeSet<ApprovalName>,
    /// Calendars.
    pub calendars: BTreeSet<CalendarName>,
    /// Metrics; none where they are not known.
    #[serde(default)]
    pub metrics: BTreeSet<MetricName>,
    /// Resolution codes, in the order people see them.
    #[serde(default)]
    pub resolutions: Scale,
    /// Who may read and write fields; of one that is not here everybody who may see or change the ticket at all.
    #[serde(default)]
    pub access: BTreeMap<FieldName, super::Access>,
    /// What fills in a new ticket (S67).
    #[serde(default)]
    pub ticket_templates: BTreeMap<TemplateName, super::TicketTemplate>,
}

impl Schema {
    /// What an attribute holds, with its label; none for a field that there is not. A category is a choice among the nodes of the tree.
    pub fn attribute(&self, attribute: &Attribute) -> Option<FieldDefinition> {
        let long = FieldKind::Text { max: u32::MAX };
        let tree = || self.categories.iter().map(|(path, label)| Level { name: LevelName::new(path.as_str()), label: label.clone() });
        let (kind, label) = match attribute {
            Attribute::Field(f) => return self.fields.get(f).cloned(),
            Attribute::Subject => (long, text("subject", "标题")),
            Attribute::Description => (long, text("description", "描述")),
            Attribute::Organisation => (long, text("organisation", "所属单位")),
            Attribute::Category => (FieldKind::Choice(Scale { levels: tree().collect() }), text("category", "分类")),
            Attribute::Impact => (FieldKind::Ordered(self.impact.clone()), text("impact", "影响范围")),
            Attribute::Urgency => (FieldKind::Ordered(self.urgency.clone()), text("urgency", "紧急程度")),
        };
        Some(FieldDefinition { kind, label, required: *attribute == Attribute::Subject, default: None })
    }
    /// What people call a group; of one that is not declared, its name.
    pub fn group_label(&self, group: &GroupId) -> Text {
        self.groups.get(group).map_or_else(|| text(group.as_str(), group.as_str()), |g| g.label.clone())
    }
    /// The calendar of a group that keeps one of its own (S79).
    pub fn group_calendar(&self, group: Option<&GroupId>) -> Option<&CalendarName> {
        group.and_then(|g| self.groups.get(g)).and_then(|g| g.calendar.as_ref())
    }
}
