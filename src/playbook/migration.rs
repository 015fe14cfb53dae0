//! Migrations: where tickets of one workflow version go on in another (S10, S11), and what names that are gone become (S89).

use super::{Playbook, Removed};
use crate::condition::reading::{Document, Item, unknown};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, text};
use crate::id::*;
use crate::ticket::{FieldKind, Schema, Standing, Value, WorkflowRef};
use crate::workflow::Workflow;
use std::collections::{BTreeMap, BTreeSet};

/// A map from one workflow version to another. Equal names are no map by themselves (S10): [`Migration::same`] says so of all of them, or each is named.
///
/// As a file, `migrations/NAME.toml`:
///
/// ```toml
/// from = { workflow = "question", version = 1 }
/// to = { workflow = "question", version = 2 }
/// same = true                          # a state that both have stays what it is; false
/// final_tickets = false                # tickets that are over go along too
/// allow = ["parked"]                   # states whose tickets may come to another class
///
/// [states]
/// parked = "pending"
///
/// [categories]                         # likewise groups, skills, policies
/// "printer" = "hardware/printer"
///
/// [values.impact]                      # likewise urgency, priority, and fields with values
/// huge = "high"
/// ```
///
/// ```
/// use ticketry::playbook::Migration;
/// let m = Migration::new("tidy", ("question", 1), ("question", 2)).same().state("parked", "pending");
/// assert_eq!(m.states.len(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Its name.
    pub name: String,
    /// From which workflow version.
    pub from: WorkflowRef,
    /// To which.
    pub to: WorkflowRef,
    /// Which state becomes which.
    pub states: BTreeMap<StateName, StateName>,
    /// States of equal name that are not in the map stay what they are.
    pub same: bool,
    /// Tickets that are over go along too; otherwise they keep the version they ended in.
    pub final_tickets: bool,
    /// Old states whose tickets may come to another class.
    pub allow: BTreeSet<StateName>,
    /// Categories.
    pub categories: BTreeMap<CategoryPath, CategoryPath>,
    /// Groups.
    pub groups: BTreeMap<GroupId, GroupId>,
    /// Skills.
    pub skills: BTreeMap<SkillName, SkillName>,
    /// Policies. Which policy a ticket comes under its conditions say; this says that the old one is known to be gone.
    pub policies: BTreeMap<PolicyName, PolicyName>,
    /// Values, by `impact`, `urgency`, `priority` or the field's name.
    pub values: BTreeMap<String, BTreeMap<LevelName, LevelName>>,
    /// Where it stands.
    pub place: Place,
    places: BTreeMap<String, Place>,
}

impl Migration {
    /// One that maps nothing yet.
    pub fn new(name: impl Into<String>, from: (&str, u32), to: (&str, u32)) -> Self {
        let pinned = |(name, version): (&str, u32)| WorkflowRef { name: name.into(), version };
        Self {
            name: name.into(),
            from: pinned(from),
            to: pinned(to),
            states: BTreeMap::new(),
            same: false,
            final_tickets: false,
            allow: BTreeSet::new(),
            categories: BTreeMap::new(),
            groups: BTreeMap::new(),
            skills: BTreeMap::new(),
            policies: BTreeMap::new(),
            values: BTreeMap::new(),
            place: Place::file("builder"),
            places: BTreeMap::new(),
        }
    }
    /// All states of equal name stay what they are.
    #[must_use]
    pub fn same(mut self) -> Self {
        self.same = true;
        self
    }
    /// A state becomes another.
    #[must_use]
    pub fn state(mut self, old: &str, new: &str) -> Self {
        self.states.insert(old.into(), new.into());
        self
    }
    /// Tickets in this state may come to another class.
    #[must_use]
    pub fn allowing(mut self, old: &str) -> Self {
        self.allow.insert(old.into());
        self
    }
    /// Tickets that are over go along too.
    #[must_use]
    pub fn with_final_tickets(mut self) -> Self {
        self.final_tickets = true;
        self
    }
    /// A category becomes another.
    #[must_use]
    pub fn category(mut self, old: &str, new: &str) -> Self {
        self.categories.insert(old.into(), new.into());
        self
    }
    /// A group becomes another.
    #[must_use]
    pub fn group(mut self, old: &str, new: &str) -> Self {
        self.groups.insert(old.into(), new.into());
        self
    }
    /// A skill becomes another.
    #[must_use]
    pub fn skill(mut self, old: &str, new: &str) -> Self {
        self.skills.insert(old.into(), new.into());
        self
    }
    /// A policy gives way to another.
    #[must_use]
    pub fn policy(mut self, old: &str, new: &str) -> Self {
        self.policies.insert(old.into(), new.into());
        self
    }
    /// A value of `impact`, `urgency`, `priority` or a field becomes another.
    #[must_use]
    pub fn value(mut self, of: &str, old: &str, new: &str) -> Self {
        self.values.entry(of.into()).or_default().insert(old.into(), new.into());
        self
    }

    /// Where a ticket in this state goes on; none: nothing says so.
    pub fn state_of(&self, old: &StateName, new: &Workflow) -> Option<StateName> {
        match self.states.get(old) {
            Some(s) => new.state(s).map(|s| s.name.clone()),
            None => new.state(old).filter(|_| self.same).map(|s| s.name.clone()),
        }
    }
    /// SHA-256 of what it says.
    pub fn digest(&self) -> Digest {
        let Self { name, from, to, states, same, final_tickets, allow, categories, groups, skills, policies, values, .. } = self;
        let says = format!("{:?}", (name, from, to, states, same, final_tickets, allow, (categories, groups, skills, policies, values)));
        Digest::of([says.as_bytes()])
    }
    /// Renames what a ticket has.
    pub fn rename(&self, s: &mut Standing) {
        if let Some(c) = &mut s.category {
            renamed(&self.categories, &mut c.value);
        }
        if let Some(g) = &mut s.group {
            renamed(&self.groups, g);
        }
        if s.skills.keys().any(|k| self.skills.contains_key(k)) {
            s.skills =
                std::mem::take(&mut s.skills).into_iter().map(|(k, level)| (self.skills.get(&k).cloned().unwrap_or(k), level)).collect();
        }
        for (of, level) in [("impact", &mut s.impact), ("urgency", &mut s.urgency), ("priority", &mut s.priority)] {
            if let (Some(map), Some(l)) = (self.values.get(of), level) {
                renamed(map, &mut l.value);
            }
        }
        for (name, value) in &mut s.fields {
            let (Some(map), Some(v)) = (self.values.get(name.as_str()), value) else { continue };
            match &mut v.value {
                Value::Choice(c) => renamed(map, c),
                Value::Choices(all) => *all = all.iter().map(|c| map.get(c).unwrap_or(c).clone()).collect(),
                _ => {}
            }
        }
    }

    fn at(&self, key: &str) -> Place {
        self.places.get(key).unwrap_or(&self.place).clone()
    }

    /// What can be said against it with the playbook it leads into alone: names there that are unknown.
    pub fn check_target(&self, new: &Playbook) -> Diagnostics {
        let mut problems = Diagnostics::new();
        let Some(to) = new.workflow(&self.to) else {
            let message = text(
                format!("there is no version {} of a workflow `{}` to migrate to", self.to.version, self.to.name),
                format!("要迁移到的流程 `{}` 第 {} 版不存在", self.to.name, self.to.version),
            );
            let known = new.workflows().iter().map(|w| format!("`{}` version {}", w.name(), w.version())).collect::<Vec<_>>().join(", ");
            problems.push(
                Diagnostic::error("migration-workflow", message)
                    .at(self.at("to"))
                    .help(text(format!("known here: {known}"), format!("已有：{known}"))),
            );
            return problems;
        };
        let states: Vec<&str> = to.states().iter().map(|s| s.name.as_str()).collect();
        let mut target = |section: &str, what: (&'static str, &'static str), old: &str, name: &str, known: &[&str]| {
            if !known.contains(&name) {
                problems.push(unknown("migration-target", what, name, known.iter().copied(), self.at(&format!("{section}.{old}"))));
            }
        };
        for (old, name) in &self.states {
            target("states", ("state", "状态"), old.as_str(), name.as_str(), &states);
        }
        let schema = new.schema();
        let categories: Vec<&str> = schema.categories.keys().map(CategoryPath::as_str).collect();
        for (old, name) in &self.categories {
            target("categories", ("category", "分类"), old.as_str(), name.as_str(), &categories);
        }
        let groups: Vec<&str> = schema.groups.keys().map(GroupId::as_str).collect();
        for (old, name) in &self.groups {
            target("groups", ("group", "处理组"), old.as_str(), name.as_str(), &groups);
        }
        let skills: Vec<&str> = schema.skills.keys().map(SkillName::as_str).collect();
        for (old, name) in &self.skills {
            target("skills", ("skill", "技能"), old.as_str(), name.as_str(), &skills);
        }
        let policies: Vec<&str> = new.agreements().policies().map(|p| p.name.as_str()).collect();
        for (old, name) in &self.policies {
            target("policies", ("policy", "协议"), old.as_str(), name.as_str(), &policies);
        }
        for (of, map) in &self.values {
            let known = values(schema, of);
            let known: Vec<&str> = known.iter().map(LevelName::as_str).collect();
            for (old, name) in map {
                target(&format!("values.{of}"), ("value", "取值"), old.as_str(), name.as_str(), &known);
            }
        }
        problems
    }

    /// Everything that can be said against it between two playbooks: states it forgets, names it does not know, classes that change, clocks that lose their target, names that are
    /// gone and get no other. Errors forbid it.
    pub fn check(&self, old: &Playbook, new: &Playbook) -> Diagnostics {
        let mut problems = self.check_target(new);
        let Some(to) = new.workflow(&self.to) else { return problems };
        let Some(from) = old.workflow(&self.from).or_else(|| new.workflow(&self.from)) else {
            let message = text(
                format!("there is no version {} of a workflow `{}` to migrate from", self.from.version, self.from.name),
                format!("要迁移的流程 `{}` 第 {} 版不存在", self.from.name, self.from.version),
            );
            let help = text("give the playbook that has it as `older_playbook`", "请用 `older_playbook` 给出含有该版本的配置包");
            problems.push(Diagnostic::error("migration-workflow", message).at(self.at("from")).help(help));
            return problems;
        };
        for name in self.states.keys().chain(&self.allow).filter(|n| from.state(n).is_none()) {
            let known = from.states().iter().map(|s| s.name.as_str());
            problems.push(unknown("migration-source", ("state", "状态"), name.as_str(), known, self.at(&format!("states.{name}"))));
        }
        for state in from.states() {
            let Some(target) = self.state_of(&state.name, to).and_then(|n| to.state(&n)) else {
                // A target that there is not has been told. Tickets that are done keep the version they ended in, unless they are meant too.
                let meant = self.final_tickets || !state.class.is_final();
                if meant && !self.states.contains_key(&state.name) {
                    problems.push(self.uncovered(&state.name, to));
                }
                continue;
            };
            problems.extend(self.class(state, target));
            let timed: Vec<&TransitionName> = to.timed(&target.name).map(|t| &t.transition).collect();
            if let Some(t) = timed.iter().find(|t| !from.timed(&state.name).any(|x| x.transition == ***t)) {
                problems.push(
                    Diagnostic::warning(
                        "migration-timer",
                        text(
                            format!(
                                "tickets in `{}` come under the timed transition `{t}` of `{}`, counted from their arrival",
                                state.name, target.name
                            ),
                            format!("处于 `{}` 的工单将适用 `{}` 的定时流转 `{t}`，自其进入状态时起算", state.name, target.name),
                        ),
                    )
                    .at(self.at(&format!("states.{}", state.name)))
                    .help(text(
                        "where its time has passed it is taken at once; the preview counts such tickets",
                        "时间已过的会立即流转；预览会统计这些工单",
                    )),
                );
            }
        }
        let targets =
            |p: &Playbook| -> BTreeSet<MetricName> { p.agreements().policies().flat_map(|p| p.targets.keys().cloned()).collect() };
        let still = targets(new);
        for metric in targets(old).difference(&still) {
            problems.push(
                Diagnostic::warning(
                    "migration-clock",
                    text(
                        format!("no policy gives `{metric}` a target any more: its open clocks run on with the one they have"),
                        format!("没有协议再为 `{metric}` 设定目标：其进行中的计时沿用原目标"),
                    ),
                )
                .at(self.place.clone())
                .help(text("they end when their metric says so", "它们按指标的定义结束")),
            );
        }
        let mut gone = Removed::between(old, new);
        gone.covered_by(self);
        for (kind, name) in gone.names() {
            problems.push(
                Diagnostic::warning(
                    "migration-names",
                    text(
                        format!("the {} `{name}` is gone and gets no other name", kind.en),
                        format!("{} `{name}` 已删除且没有对应的新名称", kind.zh),
                    ),
                )
                .at(self.place.clone())
                .help(text("map it, unless no open ticket uses it", "若有未结工单使用它，请给出映射")),
            );
        }
        problems.sort();
        problems
    }

    fn uncovered(&self, state: &StateName, to: &Workflow) -> Diagnostic {
        let equal = to.state(state).is_some();
        let help = if equal {
            text(
                format!("write `{state} = \"{state}\"` under [states], or `same = true` for all states of equal name"),
                format!("请在 [states] 中写 `{state} = \"{state}\"`，或用 `same = true` 让所有同名状态保持不变"),
            )
        } else {
            let names = to.states().iter().map(|s| format!("`{}`", s.name)).collect::<Vec<_>>().join(", ");
            text(format!("map it to one of {names}"), format!("请映射到 {names} 之一"))
        };
        Diagnostic::error(
            "migration-uncovered",
            text(format!("nothing says where tickets in `{state}` go on"), format!("未说明处于 `{state}` 的工单从哪个状态继续")),
        )
        .at(self.at("states"))
        .help(help)
    }

    fn class(&self, old: &crate::workflow::State, new: &crate::workflow::State) -> Option<Diagnostic> {
        if old.class == new.class || self.allow.contains(&old.name) {
            return None;
        }
        let message = text(
            format!("`{}` is {}, `{}` is {}", old.name, old.class.word(), new.name, new.class.word()),
            format!("`{}` 的类别是 {}，`{}` 的类别是 {}", old.name, old.class.word(), new.name, new.class.word()),
        );
        let crosses = old.class.is_final() != new.class.is_final();
        let d = if crosses { Diagnostic::error("migration-class", message) } else { Diagnostic::warning("migration-class", message) };
        let help = text(
            format!("clocks and figures follow the class; where that is meant, write `allow = [\"{}\"]`", old.name),
            format!("计时与统计随类别变化；若确有此意，请写 `allow = [\"{}\"]`", old.name),
        );
        Some(d.at(self.at(&format!("states.{}", old.name))).help(help))
    }

    /// Reads `migrations/NAME.toml`.
    pub(super) fn read(file: &str, content: &str) -> (Option<Self>, Diagnostics) {
        let document = Document::parse(file, content);
        let known =
            ["name", "from", "to", "same", "final_tickets", "allow", "states", "categories", "groups", "skills", "policies", "values"];
        let root = document.root(&known);
        let stem = file.rsplit('/').next().and_then(|f| f.strip_suffix(".toml")).unwrap_or(file);
        let name = root.get("name").and_then(|i| i.name()).unwrap_or(stem).to_string();
        let pinned = |key: &str, en: &str, zh: &str| -> Option<WorkflowRef> {
            let t = root.need(key, en, zh)?.table(&["workflow", "version"])?;
            let name = t.need("workflow", "the workflow", "流程名称")?.name()?;
            let version = t.need("version", "its version", "流程版本")?.integer(1, i64::from(u32::MAX))?;
            Some(WorkflowRef { name: name.into(), version: u32::try_from(version).unwrap_or(1) })
        };
        let from = pinned("from", "the workflow version tickets leave", "迁出的流程版本");
        let to = pinned("to", "the workflow version they go on in", "迁入的流程版本");
        let mut m = Self::new(name, ("", 1), ("", 1));
        m.place = Place::file(file);
        for key in ["from", "to", "states"] {
            if let Some(i) = root.get(key) {
                m.places.insert(key.into(), i.place());
            }
        }
        m.same = root.get("same").and_then(|i| i.boolean()).unwrap_or(false);
        m.final_tickets = root.get("final_tickets").and_then(|i| i.boolean()).unwrap_or(false);
        m.allow = root.get("allow").map(|i| i.list()).unwrap_or_default().iter().filter_map(Item::name).map(StateName::new).collect();
        let places = &mut m.places;
        m.states = root.get("states").map(|i| map("states", &i, places)).unwrap_or_default();
        m.categories = root.get("categories").map(|i| map("categories", &i, places)).unwrap_or_default();
        m.groups = root.get("groups").map(|i| map("groups", &i, places)).unwrap_or_default();
        m.skills = root.get("skills").map(|i| map("skills", &i, places)).unwrap_or_default();
        m.policies = root.get("policies").map(|i| map("policies", &i, places)).unwrap_or_default();
        for (key, item) in root.get("values").map(|i| i.entries()).unwrap_or_default() {
            m.values.insert(key.name.to_string(), map(&format!("values.{}", key.name), &item, places));
        }
        let whole = from.zip(to).map(|(from, to)| Self { from, to, ..m });
        let problems = document.finish();
        (whole.filter(|_| !problems.has_errors()), problems)
    }
}

fn map<N: for<'a> From<&'a str> + Ord>(section: &str, item: &Item<'_>, places: &mut BTreeMap<String, Place>) -> BTreeMap<N, N> {
    let mut out = BTreeMap::new();
    for (key, value) in item.entries() {
        places.insert(format!("{section}.{}", key.name), value.place());
        if let Some(new) = value.name() {
            out.insert(N::from(key.name), N::from(new));
        }
    }
    out
}

fn renamed<N: Clone + Ord>(map: &BTreeMap<N, N>, name: &mut N) {
    if let Some(new) = map.get(name) {
        name.clone_from(new);
    }
}

/// The values `impact`, `urgency`, `priority` or a field may have.
pub(super) fn values(schema: &Schema, of: &str) -> Vec<LevelName> {
    let scale = match of {
        "impact" => Some(&schema.impact),
        "urgency" => Some(&schema.urgency),
        "priority" => Some(&schema.priority),
        field => match schema.fields.get(field).map(|f| &f.kind) {
            Some(FieldKind::Choice(s) | FieldKind::Ordered(s) | FieldKind::Choices(s)) => Some(s),
            _ => None,
        },
    };
    scale.map(|s| s.levels.iter().map(|l| l.name.clone()).collect()).unwrap_or_default()
}
