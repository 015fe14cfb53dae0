//! What `routing.toml` says, before and after it is checked.

use super::{AwayPolicy, Places};
use crate::calendar::Span;
use crate::condition::{Condition, Form, Path, Scripts, View};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, RuleFault, Text, did_you_mean, text};
use crate::id::*;
use crate::ticket::Schema;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a queue picks among those who are eligible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Most free slots (S29).
    #[default]
    LeastLoaded,
    /// Largest free share of the capacity (S29).
    Percent,
    /// Longest since the last assignment (S30).
    RoundRobin,
    /// Highest sum of the levels of the skills asked for, then most free slots.
    SkillFirst,
}

/// How the last tie is broken, after free slots and time since the last assignment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ties {
    /// By agent id (S30).
    #[default]
    Id,
    /// By a hash of the seed and the agent id: spread, and the same for the same ticket and revision (S36).
    Seeded,
}

/// What is left when every optional skill has expired (S31).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterLadder {
    /// Any agent who holds the required skills.
    #[default]
    Required,
    /// Nobody: a person assigns.
    Nobody,
}

/// How much an optional skill matters; the lowest expires first (S31).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Importance {
    /// Expires first.
    Low,
    /// In between.
    #[default]
    Medium,
    /// Expires last.
    High,
}

/// An optional skill of a queue's tickets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreferenceDefinition {
    /// For which tickets; none: all.
    #[serde(default)]
    pub when: Option<Form>,
    /// The skill.
    pub skill: SkillName,
    /// The least level, 1 to 5.
    pub level: u8,
    /// When it expires.
    #[serde(default)]
    pub importance: Importance,
    /// Where it stands in a file; the default when built in Rust.
    #[serde(skip)]
    pub places: Places,
}

impl PreferenceDefinition {
    /// A skill wanted of all tickets of a queue.
    pub fn new(skill: impl Into<SkillName>, level: u8, importance: Importance) -> Self {
        Self { when: None, skill: skill.into(), level, importance, places: Places::default() }
    }
    /// Only for tickets of which this holds.
    #[must_use]
    pub fn when(mut self, form: Form) -> Self {
        self.when = Some(form);
        self
    }
}

/// What one queue says; what it leaves out is the defaults'.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QueueDefinition {
    /// How it picks.
    pub strategy: Option<Method>,
    /// How the last tie is broken.
    pub ties: Option<Ties>,
    /// Least working time left of the shift for a ticket to be given (S33): wall or open time, both counted while the shift calendar is open.
    pub min_shift_left: Option<Span>,
    /// How long each level of optional skills holds, from entry into the queue (S31, S32).
    pub relax_after: Option<Span>,
    /// What is left after the last level.
    pub after_ladder: Option<AfterLadder>,
    /// Optional skills.
    pub prefers: Vec<PreferenceDefinition>,
    /// What happens to an agent's open tickets when the agent goes absent or leaves (S85).
    pub absence: Option<AwayPolicy>,
    /// The same at the end of the shift (S85).
    pub shift_end: Option<AwayPolicy>,
    /// The expert group that bouncing tickets go to (S71).
    pub escalation: Option<GroupId>,
    /// Where it stands in a file; the default when built in Rust.
    #[serde(skip)]
    pub places: Places,
}

/// How many slots a ticket takes; the first rule that matches counts, otherwise one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotRule {
    /// This priority or higher.
    #[serde(default)]
    pub priority: Option<LevelName>,
    /// Of this type.
    #[serde(default, rename = "type")]
    pub kind: Option<TypeName>,
    /// And this holds.
    #[serde(default)]
    pub when: Option<Form>,
    /// Slots, 1 to 64.
    pub slots: u16,
    /// Where it stands in a file; the default when built in Rust.
    #[serde(skip)]
    pub places: Places,
}

impl SlotRule {
    /// So many slots for every ticket.
    pub fn new(slots: u16) -> Self {
        Self { priority: None, kind: None, when: None, slots, places: Places::default() }
    }
    /// Only this priority or higher.
    #[must_use]
    pub fn priority(mut self, level: impl Into<LevelName>) -> Self {
        self.priority = Some(level.into());
        self
    }
    /// Only this type.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<TypeName>) -> Self {
        self.kind = Some(kind.into());
        self
    }
    /// Only tickets of which this holds.
    #[must_use]
    pub fn when(mut self, form: Form) -> Self {
        self.when = Some(form);
        self
    }
}

/// Points for a due instant that comes near (S28).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NearDue {
    /// From how long before; wall or open time.
    pub within: Span,
    /// Points at the due instant and after it; before it in proportion.
    pub points: i64,
}

/// The score by which waiting tickets are worked (S28).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrderDefinition {
    /// Points by priority; none given: 1000 a step from 0 for the lowest.
    pub priority: BTreeMap<LevelName, i64>,
    /// Points a business minute of waiting; none given: 1.
    pub ageing: Option<i64>,
    /// Points near the due instant; none given: up to 500 within 4 hours.
    pub near_due: Option<NearDue>,
    /// Where it stands in a file; the default when built in Rust.
    #[serde(skip)]
    pub places: Places,
}

/// Routing before it is checked: from a builder, serde, or `routing.toml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RoutingDefinition {
    /// What every queue says unless it says otherwise.
    pub defaults: QueueDefinition,
    /// Queues by group.
    pub queues: BTreeMap<GroupId, QueueDefinition>,
    /// Weights in slots.
    pub slots: Vec<SlotRule>,
    /// The order of work.
    pub order: OrderDefinition,
}

#[derive(Clone, Debug)]
pub(super) struct Preference {
    pub(super) when: Option<Condition>,
    pub(super) skill: SkillName,
    pub(super) level: u8,
    pub(super) importance: Importance,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    pub(super) method: Method,
    pub(super) ties: Ties,
    pub(super) min_shift_left: TimeDelta,
    pub(super) relax_after: Option<Span>,
    pub(super) after_ladder: AfterLadder,
    pub(super) prefers: Vec<Preference>,
    pub(super) absence: AwayPolicy,
    pub(super) shift_end: AwayPolicy,
    pub(super) escalation: Option<GroupId>,
    pub(super) calendar: Option<CalendarName>,
}

#[derive(Clone, Debug)]
struct Weight {
    priority: Option<Vec<LevelName>>,
    kind: Option<TypeName>,
    when: Option<Condition>,
    slots: u16,
}

/// Compiled routing: immutable.
///
/// Everything `routing.toml` can say; what is left out has the default shown or described in [`QueueDefinition`], [`SlotRule`] and [`OrderDefinition`]:
///
/// ```
/// use ticketry::condition::NoScripts;
/// use ticketry::diagnostic::text;
/// use ticketry::routing::RoutingModel;
/// use ticketry::ticket::{GroupDefinition, Scale, Schema};
/// let group = GroupDefinition { label: text("tier 2", "二线"), calendar: None };
/// let schema = Schema {
///     priority: Scale::of(&["low", "high"]),
///     groups: [("tier2".into(), group.clone()), ("experts".into(), group)].into(),
///     skills: [("bgp".into(), text("BGP", "BGP")), ("german".into(), text("German", "德语"))].into(),
///     ..Schema::default()
/// };
/// let (model, problems) = RoutingModel::load("routing.toml", r#"
///     [defaults]                          # what every queue says unless it says otherwise
///     strategy = "least_loaded"           # or percent, round_robin, skill_first
///     ties = "id"                         # or seeded
///     min_shift_left = "30m"
///     absence = "backup"                  # or keep, queue
///     shift_end = "keep"
///     escalation = "experts"              # for tickets that bounce
///
///     [queues.tier2]
///     relax_after = "10m"                 # each level of optional skills holds so long
///     after_ladder = "required"           # or nobody
///     prefers = [
///       { skill = "german", level = 2, importance = "low", when = { field = "subject", contains = "DE" } },
///     ]
///
///     [[slots]]                           # the first that matches; otherwise one slot
///     priority = "high"                   # or higher
///     slots = 2
///
///     [order]                             # who is next
///     priority = { low = 0, high = 1000 }
///     ageing = 1                          # points a business minute
///     near_due = { within = "4h", points = 500 }
/// "#, &schema, &NoScripts);
/// assert!(problems.is_empty() && model.is_some(), "{problems}");
/// ```
#[derive(Clone, Debug)]
pub struct RoutingModel {
    default: Queue,
    queues: BTreeMap<GroupId, Queue>,
    weights: Vec<Weight>,
    pub(super) priority: BTreeMap<LevelName, i64>,
    pub(super) ageing: i64,
    pub(super) near_due: NearDue,
}

impl Default for RoutingModel {
    fn default() -> Self {
        Self::none()
    }
}

impl RoutingModel {
    /// No `routing.toml`: least loaded, one slot a ticket, no optional skills, the order of work by age and nearness of due alone.
    pub fn none() -> Self {
        Self {
            default: Queue::default(),
            queues: BTreeMap::new(),
            weights: Vec::new(),
            priority: BTreeMap::new(),
            ageing: 1,
            near_due: NearDue { within: Span::Wall(TimeDelta::hours(4)), points: 500 },
        }
    }
    /// Reads `routing.toml`. The model is there if nothing found forbids it; all problems are found at once.
    pub fn load(file: &str, toml: &str, schema: &Schema, scripts: &dyn Scripts) -> (Option<Self>, Diagnostics) {
        let (definition, mut problems) = super::read::read(file, toml);
        let (model, more) = definition.build(schema, scripts);
        problems.extend(more);
        problems.sort();
        (model.filter(|_| !problems.has_errors()), problems)
    }
    pub(super) fn queue(&self, group: &GroupId) -> &Queue {
        self.queues.get(group).unwrap_or(&self.default)
    }
    /// The expert group that a group's bouncing tickets go to (S71).
    pub fn escalation(&self, group: &GroupId) -> Option<&GroupId> {
        self.queue(group).escalation.as_ref()
    }
    /// What happens to a group's open tickets when the assignee goes absent (S85); [`RoutingModel::on_away`] applies it.
    pub fn absence(&self, group: &GroupId) -> AwayPolicy {
        self.queue(group).absence
    }
    /// How a group's queue picks.
    pub fn method(&self, group: &GroupId) -> Method {
        self.queue(group).method
    }
    /// How many slots a ticket takes. A rule whose condition fails does not match (S24); [`RouteDecision::faults`](super::RouteDecision) has it.
    pub fn weight(&self, view: &View<'_>) -> u16 {
        self.weight_with(view, &mut Vec::new())
    }
    pub(super) fn weight_with(&self, view: &View<'_>, faults: &mut Vec<RuleFault>) -> u16 {
        let t = view.ticket;
        for w in &self.weights {
            let level = w.priority.as_ref().is_none_or(|p| t.priority.as_ref().is_some_and(|l| p.contains(&l.value)));
            let kind = w.kind.as_ref().is_none_or(|k| *k == t.kind);
            if level && kind && w.when.as_ref().is_none_or(|c| holds(c, view, faults)) {
                return w.slots;
            }
        }
        1
    }
    fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let queues = std::iter::once(&self.default).chain(self.queues.values());
        queues.flat_map(|q| q.prefers.iter().filter_map(|p| p.when.as_ref())).chain(self.weights.iter().filter_map(|w| w.when.as_ref()))
    }
    /// Everything its conditions read.
    pub fn reads(&self) -> impl Iterator<Item = &Path> {
        self.conditions().flat_map(|c| c.reads())
    }
    /// Whether a condition needs the customer record.
    pub fn reads_customer(&self) -> bool {
        self.conditions().any(Condition::reads_customer)
    }
}

/// Whether a condition holds; one that fails does not.
pub(super) fn holds(c: &Condition, view: &View<'_>, faults: &mut Vec<RuleFault>) -> bool {
    c.holds(view).unwrap_or_else(|fault| {
        faults.push(fault);
        false
    })
}

struct Checker<'a> {
    schema: &'a Schema,
    scripts: &'a dyn Scripts,
    found: Diagnostics,
}

impl Checker<'_> {
    fn error(&mut self, code: &'static str, message: Text, place: Place, help: Option<Text>) {
        self.found.push(Diagnostic::error(code, message).at(place).maybe_help(help));
    }
    fn known(&mut self, what: (&str, &str), name: &str, known: Vec<&str>, place: Place) {
        if !known.contains(&name) {
            let help = did_you_mean(name, known);
            self.error("unknown-name", text(format!("no {} `{name}`", what.0), format!("没有{} `{name}`", what.1)), place, help);
        }
    }
    fn group(&mut self, name: &GroupId, place: Place) {
        let known = self.schema.groups.keys().map(GroupId::as_str).collect();
        self.known(("group", "处理组"), name.as_str(), known, place);
    }
    fn condition(&mut self, form: Option<&Form>, place: &Place) -> Option<Condition> {
        match form?.check(self.schema, self.scripts, place) {
            Ok(c) => Some(c),
            Err(more) => {
                self.found.extend(more);
                None
            }
        }
    }
    /// Wall or open time above zero, as a length.
    fn length(&mut self, span: Span, zero: bool, place: Place) -> Option<TimeDelta> {
        match span {
            Span::Wall(d) | Span::Open(d) if d > TimeDelta::zero() || (zero && d.is_zero()) => Some(d),
            _ => {
                self.error(
                    "bad-span",
                    text(format!("`{span}` is not usable here"), format!("此处不能使用 `{span}`")),
                    place,
                    Some(text(
                        "write wall or open time above zero, such as `30m` or `2bh`",
                        "请写大于零的自然时间或营业时间，例如 `30m`、`2bh`",
                    )),
                );
                None
            }
        }
    }
    fn preference(&mut self, p: PreferenceDefinition) -> Preference {
        let known = self.schema.skills.keys().map(SkillName::as_str).collect();
        self.known(("skill", "技能"), p.skill.as_str(), known, p.places.at("skill"));
        if !(1..=5).contains(&p.level) {
            let level = p.level;
            self.error(
                "skill-level",
                text(format!("level {level} is not between 1 and 5"), format!("级别 {level} 不在 1 到 5 之间")),
                p.places.at("level"),
                None,
            );
        }
        let when = self.condition(p.when.as_ref(), &p.places.at("when"));
        Preference { when, skill: p.skill, level: p.level, importance: p.importance }
    }
    fn queue(&mut self, group: Option<&GroupId>, own: QueueDefinition, defaults: &Queue) -> Queue {
        let at = |key: &str| own.places.at(key);
        let min_shift_left =
            own.min_shift_left.map_or(Some(defaults.min_shift_left), |s| self.length(s, true, at("min_shift_left"))).unwrap_or_default();
        if own.relax_after.is_some_and(|s| s.is_zero()) {
            self.error(
                "bad-span",
                text("a level of zero length expires at once", "层级时长为零会立即失效"),
                at("relax_after"),
                Some(text("write how long each level holds, such as `10m`", "请填写每一层的时长，例如 `10m`")),
            );
        }
        if let Some(g) = &own.escalation {
            self.group(g, at("escalation"));
            if group == Some(g) {
                self.error(
                    "escalates-to-itself",
                    text(format!("group `{g}` escalates to itself"), format!("处理组 `{g}` 升级到自身")),
                    at("escalation"),
                    None,
                );
            }
        }
        let relax_after = own.relax_after.or(defaults.relax_after);
        let own_prefers = !own.prefers.is_empty();
        if relax_after.is_none() && own_prefers {
            self.error(
                "ladder-without-time",
                text("optional skills never expire without `relax_after`", "没有 `relax_after`，可选技能永不失效"),
                at("prefers"),
                Some(text(
                    "add `relax_after = \"10m\"`, or ask for the skill in the rule that routes",
                    "请添加 `relax_after = \"10m\"`，或在路由规则中要求该技能",
                )),
            );
        }
        let calendar = self.schema.group_calendar(group).cloned();
        let absence = own.absence.unwrap_or(defaults.absence);
        let queue = Queue {
            method: own.strategy.unwrap_or(defaults.method),
            ties: own.ties.unwrap_or(defaults.ties),
            min_shift_left,
            relax_after,
            after_ladder: own.after_ladder.unwrap_or(defaults.after_ladder),
            prefers: Vec::new(),
            absence,
            shift_end: own.shift_end.unwrap_or(defaults.shift_end),
            escalation: own.escalation.or_else(|| defaults.escalation.clone().filter(|e| Some(e) != group)),
            calendar,
        };
        let prefers = if own_prefers { own.prefers.into_iter().map(|p| self.preference(p)).collect() } else { defaults.prefers.clone() };
        Queue { prefers, ..queue }
    }
    fn weight(&mut self, s: SlotRule) -> Weight {
        let scale = &self.schema.priority;
        let priority = s.priority.as_ref().map(|p| {
            let from = scale.rank(p.as_str()).unwrap_or(usize::MAX);
            scale.names().skip(from).cloned().collect()
        });
        if let Some(p) = &s.priority {
            let known = self.schema.priority.names().map(LevelName::as_str).collect();
            self.known(("priority", "优先级"), p.as_str(), known, s.places.at("priority"));
        }
        if let Some(k) = &s.kind {
            let known = self.schema.types.keys().map(TypeName::as_str).collect();
            self.known(("type", "工单类型"), k.as_str(), known, s.places.at("type"));
        }
        if !(1..=64).contains(&s.slots) {
            let n = s.slots;
            self.error(
                "bad-weight",
                text(format!("a ticket takes 1 to 64 slots, not {n}"), format!("一张工单占用 1 到 64 个名额，而不是 {n}")),
                s.places.at("slots"),
                None,
            );
        }
        let when = self.condition(s.when.as_ref(), &s.places.at("when"));
        Weight { priority, kind: s.kind, when, slots: s.slots.clamp(1, 64) }
    }
}

impl RoutingDefinition {
    /// With what every queue says unless it says otherwise.
    #[must_use]
    pub fn defaults(mut self, defaults: QueueDefinition) -> Self {
        self.defaults = defaults;
        self
    }
    /// With a group's queue.
    #[must_use]
    pub fn queue(mut self, group: impl Into<GroupId>, queue: QueueDefinition) -> Self {
        self.queues.insert(group.into(), queue);
        self
    }
    /// With a weight, asked after those given before.
    #[must_use]
    pub fn weight(mut self, rule: SlotRule) -> Self {
        self.slots.push(rule);
        self
    }
    /// Checks and compiles: unknown groups, skills, levels, types, conditions that are wrong, lengths that make no sense. All problems at once.
    pub fn build(self, schema: &Schema, scripts: &dyn Scripts) -> (Option<RoutingModel>, Diagnostics) {
        let mut c = Checker { schema, scripts, found: Diagnostics::new() };
        let mut model = RoutingModel::none();
        model.default = c.queue(None, self.defaults, &Queue::default());
        // Every group has its queue, so that its calendar is known even where routing.toml does not name it.
        for group in schema.groups.keys().filter(|g| !self.queues.contains_key(*g)) {
            let queue = c.queue(Some(group), QueueDefinition::default(), &model.default);
            model.queues.insert(group.clone(), queue);
        }
        for (group, queue) in self.queues {
            c.group(&group, queue.places.at(""));
            let queue = c.queue(Some(&group), queue, &model.default);
            model.queues.insert(group, queue);
        }
        model.weights = self.slots.into_iter().map(|s| c.weight(s)).collect();
        let order = self.order;
        for level in order.priority.keys() {
            let known = schema.priority.names().map(LevelName::as_str).collect();
            c.known(("priority", "优先级"), level.as_str(), known, order.places.at(&format!("priority.{level}")));
        }
        model.priority =
            if order.priority.is_empty() { schema.priority.names().cloned().zip((0i64..).step_by(1000)).collect() } else { order.priority };
        model.ageing = order.ageing.unwrap_or(model.ageing);
        if model.ageing < 0 {
            c.error("negative-ageing", text("waiting must not lower the score", "等待不应降低得分"), order.places.at("ageing"), None);
        }
        if let Some(near) = order.near_due {
            if c.length(near.within, false, order.places.at("near_due")).is_some() {
                model.near_due = near;
            }
            if near.points < 0 {
                c.error(
                    "negative-nearness",
                    text("nearness of due must not lower the score", "临近到期不应降低得分"),
                    order.places.at("near_due"),
                    None,
                );
            }
        }
        c.found.sort();
        ((!c.found.has_errors()).then_some(model), c.found)
    }
}
