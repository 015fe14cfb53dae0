//! What changed between two playbooks, in words and as data.

use super::{Migration, Playbook};
use crate::diagnostic::{Lang, Text, text};
use crate::ticket::{FieldKind, Schema};
use crate::workflow::{State, Transition, Workflow};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Debug;

/// How much a change weighs; the heaviest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// A name tickets use is gone, or a state has another class: a map is needed.
    NeedsMap,
    /// Decisions may come out otherwise.
    Behaviour,
    /// Only what people read.
    Words,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It is gone.
    Removed,
    /// It says something else.
    Altered,
    /// It is new.
    Added,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    /// How much it weighs.
    pub weight: Weight,
    /// What it is a change of: `state`, `transition`, `guard`, `form`, `class`, `field`, `choice`, `category`, `group`, `skill`, `policy`, `calendar`, `rule`, `routing` and others.
    pub what: &'static str,
    /// Its name, of a workflow's part with the workflow before it: `question/pending`.
    pub name: String,
    /// What became of it.
    pub how: How,
    /// In words.
    pub says: Text,
}

impl Change {
    /// Whether one of these migrations says what becomes of tickets that use what is gone. There are maps for states and their classes, choices, categories, groups, skills and policies;
    /// none for fields, types and workflows, whose tickets must be changed first.
    pub fn mapped_by(&self, migrations: &[Migration]) -> bool {
        let name = self.name.as_str();
        let (of, part) = name.split_once('/').unwrap_or(("", name));
        migrations.iter().any(|m| match self.what {
            "state" => m.from.name == *of && m.states.contains_key(part),
            "class" => m.from.name == *of && (m.states.contains_key(part) || m.allow.contains(part)),
            "choice" => m.values.get(of).is_some_and(|map| map.contains_key(part)),
            "category" => m.categories.contains_key(name),
            "group" => m.groups.contains_key(name),
            "skill" => m.skills.contains_key(name),
            "policy" => m.policies.contains_key(name),
            _ => false,
        })
    }
}

/// All changes, the heaviest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// In order of weight, then of kind and name.
    pub changes: Vec<Change>,
}

impl Changed {
    /// Nothing changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
    /// Those that need a map where tickets are concerned (S10, S11, S89).
    pub fn needing_map(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|c| c.weight == Weight::NeedsMap)
    }
    /// One line each.
    pub fn render(&self, lang: Lang) -> String {
        self.render_with(lang, &[])
    }
    /// One line each, with the migration that brings the map where one is needed and brought.
    pub fn render_with(&self, lang: Lang, migrations: &[Migration]) -> String {
        let mut out = String::new();
        for c in &self.changes {
            let brings = || migrations.iter().find(|m| c.mapped_by(std::slice::from_ref(*m)));
            let mark = match c.weight {
                Weight::NeedsMap => brings().map_or_else(
                    || text(" (needs a map)", "（需要映射）"),
                    |m| text(format!(" (mapped by `{}`)", m.name), format!("（由 `{}` 映射）", m.name)),
                ),
                _ => Text::default(),
            };
            out.push_str(c.says.get(lang));
            out.push_str(mark.get(lang));
            out.push('\n');
        }
        if out.is_empty() {
            out.push_str(text("nothing changed\n", "没有变化\n").get(lang));
        }
        out
    }
}

/// What changed from one playbook to another. Of a workflow its newest versions are compared.
///
/// ```
/// use ticketry::{diagnostic::Lang, playbook::{Playbook, diff}};
/// let mut source = Playbook::starter_source();
/// let flow = source.get("workflows/question.toml").unwrap().replace("pending", "waiting").replace("class = \"waiting\"", "class = \"pending\"");
/// source.add("workflows/question.toml", flow);
/// let changed = diff(&Playbook::starter().unwrap(), &Playbook::load(&source).unwrap().playbook);
/// assert!(changed.render(Lang::En).contains("state `pending` of `question` is gone (needs a map)"), "{}", changed.render(Lang::En));
/// ```
pub fn diff(old: &Playbook, new: &Playbook) -> Changed {
    let mut d = Found::default();
    for a in newest(old) {
        match newest(new).into_iter().find(|b| b.name() == a.name()) {
            Some(b) => d.workflow(a, b),
            None => d.put(Weight::NeedsMap, ("workflow", "流程"), a.name().as_str(), How::Removed),
        }
    }
    for b in newest(new) {
        if !newest(old).iter().any(|a| a.name() == b.name()) {
            d.put(Weight::Behaviour, ("workflow", "流程"), b.name().as_str(), How::Added);
        }
    }
    d.schema(old.schema(), new.schema());
    let listed = |names: Vec<(String, String)>| names.into_iter().collect::<BTreeMap<_, _>>();
    let policies = |p: &Playbook| listed(p.agreements().policies().map(|p| (p.name.to_string(), bare(p))).collect());
    d.maps(("policy", "协议"), Weight::NeedsMap, &policies(old), &policies(new));
    let metrics = |p: &Playbook| listed(p.agreements().metrics().map(|m| (m.name.to_string(), bare(m))).collect());
    d.maps(("metric", "指标"), Weight::Behaviour, &metrics(old), &metrics(new));
    let calendars =
        |p: &Playbook| listed(p.calendars().iter().map(|c| (c.name().to_string(), format!("{} {}", c.version(), c.content()))).collect());
    d.maps(("calendar", "日历"), Weight::Behaviour, &calendars(old), &calendars(new));
    let rules = |p: &Playbook| listed(p.rules().iter().map(|(_, r)| (r.name.to_string(), bare(r))).collect());
    d.maps(("rule", "规则"), Weight::Behaviour, &rules(old), &rules(new));
    let macros = |p: &Playbook| listed(p.macros().iter().map(|m| (m.name.to_string(), bare(m))).collect());
    d.maps(("macro", "宏"), Weight::Behaviour, &macros(old), &macros(new));
    let watches = |p: &Playbook| listed(p.watches().iter().map(|w| (w.name.to_string(), bare(w))).collect());
    d.maps(("watch", "监视"), Weight::Behaviour, &watches(old), &watches(new));
    d.whole(("routing", "派单"), bare(old.routing()) != bare(new.routing()));
    d.whole(("priority model", "优先级模型"), bare(old.priority()) != bare(new.priority()));
    d.whole(("settings", "设置"), old.settings() != new.settings());
    d.out.sort();
    Changed { changes: d.out }
}

/// What differs between two versions, or two texts of one version, of a workflow.
pub(crate) fn workflows(a: &Workflow, b: &Workflow) -> Changed {
    let mut d = Found::default();
    d.workflow(a, b);
    d.out.sort();
    Changed { changes: d.out }
}

/// The newest version of each workflow of its own.
fn newest(p: &Playbook) -> Vec<&Workflow> {
    let own = p.workflows.get(..p.own).unwrap_or_default();
    own.iter().filter(|w| !own.iter().any(|x| x.name() == w.name() && x.version() > w.version())).collect()
}

/// What something says, without where it stands: places are cut out of its debug form.
fn bare(thing: &impl Debug) -> String {
    let said = format!("{thing:?}");
    let mut parts = said.split("Place { file: ");
    let mut out = parts.next().unwrap_or_default().to_string();
    for part in parts {
        out.push_str(part.split_once(" }").map_or(part, |(_, rest)| rest));
    }
    out
}

/// What is written, or `-` where nothing is.
fn or_none(written: &Option<impl std::fmt::Display>) -> String {
    written.as_ref().map_or_else(|| "-".to_string(), ToString::to_string)
}

#[derive(Default)]
struct Found {
    out: Vec<Change>,
}

impl Found {
    fn put(&mut self, weight: Weight, what: (&'static str, &'static str), name: &str, how: How) {
        let says = match how {
            How::Removed => text(format!("{} `{name}` is gone", what.0), format!("{} `{name}` 已删除", what.1)),
            How::Altered => text(format!("{} `{name}` changed", what.0), format!("{} `{name}` 有改动", what.1)),
            How::Added => text(format!("{} `{name}` is new", what.0), format!("新增{} `{name}`", what.1)),
        };
        self.out.push(Change { weight, what: what.0, name: name.into(), how, says });
    }
    fn whole(&mut self, what: (&'static str, &'static str), changed: bool) {
        if changed {
            let says = text(format!("{} changed", what.0), format!("{}有改动", what.1));
            self.out.push(Change { weight: Weight::Behaviour, what: what.0, name: String::new(), how: How::Altered, says });
        }
    }
    fn part(&mut self, weight: Weight, what: &'static str, of: &Workflow, name: &str, how: How, says: Text) {
        self.out.push(Change { weight, what, name: format!("{}/{name}", of.name()), how, says });
    }
    /// Named things as what each says.
    fn maps(&mut self, what: (&'static str, &'static str), lost: Weight, a: &BTreeMap<String, String>, b: &BTreeMap<String, String>) {
        for (name, says) in a {
            match b.get(name) {
                None => self.put(lost, what, name, How::Removed),
                Some(other) if other != says => self.put(Weight::Behaviour, what, name, How::Altered),
                Some(_) => {}
            }
        }
        for name in b.keys().filter(|n| !a.contains_key(*n)) {
            self.put(Weight::Behaviour, what, name, How::Added);
        }
    }

    fn workflow(&mut self, a: &Workflow, b: &Workflow) {
        let of = a.name();
        let (was, is) = (a.version(), b.version());
        if was != is {
            let says = text(format!("workflow `{of}` is version {is} instead of {was}"), format!("流程 `{of}` 的版本由 {was} 改为 {is}"));
            self.part(Weight::Words, "version", a, "version", How::Altered, says);
        }
        for s in a.states() {
            match b.state(&s.name) {
                None => {
                    let says = text(format!("state `{}` of `{of}` is gone", s.name), format!("流程 `{of}` 的状态 `{}` 已删除", s.name));
                    self.part(Weight::NeedsMap, "state", a, s.name.as_str(), How::Removed, says);
                }
                Some(t) => self.state(a, b, s, t),
            }
        }
        for s in b.states().iter().filter(|s| a.state(&s.name).is_none()) {
            let says = text(
                format!("state `{}` of `{of}` is new, {}", s.name, s.class.word()),
                format!("流程 `{of}` 新增状态 `{}`（{}）", s.name, s.class.word()),
            );
            self.part(Weight::Behaviour, "state", a, s.name.as_str(), How::Added, says);
        }
        if a.initials() != b.initials() {
            let says = text(format!("tickets of `{of}` begin in other states"), format!("流程 `{of}` 的初始状态有改动"));
            self.part(Weight::Behaviour, "initial", a, "initial", How::Altered, says);
        }
        if bare(a.rights()) != bare(b.rights()) {
            let says = text(format!("who may take which step of `{of}` changed"), format!("流程 `{of}` 的流转权限有改动"));
            self.part(Weight::Behaviour, "rights", a, "rights", How::Altered, says);
        }
        let tasks = |w: &Workflow| w.tasks().iter().map(|t| (format!("{of}/{}", t.name), bare(t))).collect();
        self.maps(("task", "任务"), Weight::Behaviour, &tasks(a), &tasks(b));
        let approvals = |w: &Workflow| w.approvals().iter().map(|x| (format!("{of}/{}", x.definition.name), bare(&x.definition))).collect();
        self.maps(("approval", "审批"), Weight::Behaviour, &approvals(a), &approvals(b));
        if a.tasks_at_end() != b.tasks_at_end() {
            let says = text(
                format!("what becomes of open tasks at the end of `{of}` changed"),
                format!("流程 `{of}` 结束时未完成任务的处理有改动"),
            );
            self.part(Weight::Behaviour, "tasks_at_end", a, "tasks_at_end", How::Altered, says);
        }
        if a.children() != b.children() || a.merged_state() != b.merged_state() {
            let says =
                text(format!("what `{of}` says of children and merged tickets changed"), format!("流程 `{of}` 对子工单与合并的规定有改动"));
            self.part(Weight::Behaviour, "children", a, "children", How::Altered, says);
        }
        // Alternatives of one name are told apart by where they stand among them.
        let named = |w: &Workflow| -> BTreeMap<(String, usize), Transition> {
            let mut count: BTreeMap<String, usize> = BTreeMap::new();
            w.transitions()
                .iter()
                .map(|t| {
                    let n = count.entry(t.name.to_string()).or_default();
                    let key = (t.name.to_string(), *n);
                    *n = n.saturating_add(1);
                    (key, t.clone())
                })
                .collect()
        };
        let (x, y) = (named(a), named(b));
        for (key, t) in &x {
            match y.get(key) {
                None => {
                    let says =
                        text(format!("transition `{}` of `{of}` is gone", t.name), format!("流程 `{of}` 的流转 `{}` 已删除", t.name));
                    self.part(Weight::Behaviour, "transition", a, &key.0, How::Removed, says);
                }
                Some(u) => self.transition(a, t, u),
            }
        }
        for (key, t) in y.iter().filter(|(key, _)| !x.contains_key(*key)) {
            let says = text(format!("transition `{}` of `{of}` is new", t.name), format!("流程 `{of}` 新增流转 `{}`", t.name));
            self.part(Weight::Behaviour, "transition", a, &key.0, How::Added, says);
        }
    }

    fn state(&mut self, a: &Workflow, b: &Workflow, s: &State, t: &State) {
        let (of, name) = (a.name(), &s.name);
        if s.class != t.class {
            let says = text(
                format!("state `{name}` of `{of}` is {} instead of {}", t.class.word(), s.class.word()),
                format!("流程 `{of}` 的状态 `{name}` 类别由 {} 改为 {}", s.class.word(), t.class.word()),
            );
            self.part(Weight::NeedsMap, "class", a, name.as_str(), How::Altered, says);
        }
        let mut differs: Vec<Text> = Vec::new();
        let mut from_to = |en: &str, zh: &str, was: String, is: String| {
            if was != is {
                differs.push(text(format!("{en} ({was} → {is})"), format!("{zh}（{was} → {is}）")));
            }
        };
        from_to("whom it waits on", "等待对象", s.waits_on.word().into(), t.waits_on.word().into());
        from_to("its limit", "时限", or_none(&s.limit), or_none(&t.limit));
        from_to("its calendar", "日历", or_none(&s.calendar), or_none(&t.calendar));
        from_to("who is responsible", "负责人", or_none(&s.responsible), or_none(&t.responsible));
        from_to("what a reply does", "回复后的流转", or_none(&s.on_requester_reply), or_none(&t.on_requester_reply));
        let mut look = |changed: bool, en: &'static str, zh: &'static str| {
            if changed {
                differs.push(text(en, zh));
            }
        };
        look(s.holds_slots != t.holds_slots, "whether it holds slots", "是否占用容量");
        look(s.checklist != t.checklist, "its checklist", "检查清单");
        look(s.strict != t.strict, "for whom it is strict", "严格模式");
        look(s.tasks != t.tasks, "its tasks", "任务");
        look(a.timed(name).ne(b.timed(name)), "its timed transitions", "定时流转");
        if !differs.is_empty() {
            self.differs(a, "state", ("state", "状态"), name.as_str(), &differs, Weight::Behaviour);
        }
        if (&s.label, &s.colour) != (&t.label, &t.colour) {
            self.differs(a, "state", ("state", "状态"), name.as_str(), &[text("its label or colour", "名称或颜色")], Weight::Words);
        }
    }

    fn transition(&mut self, a: &Workflow, t: &Transition, u: &Transition) {
        let guard = |t: &Transition| t.guard.as_ref().map(|g| bare(g.expr()));
        if guard(t) != guard(u) {
            self.differs(a, "guard", ("transition", "流转"), t.name.as_str(), &[text("its guard", "守卫条件")], Weight::Behaviour);
        }
        let form = |t: &Transition| {
            let checks = t.check.iter().map(|c| (bare(c.require.expr()), c.message.clone(), c.field.clone())).collect::<Vec<_>>();
            (t.required.clone(), t.optional.clone(), t.comment_required, t.checklist, t.attachment, t.resolution.clone(), checks)
        };
        if form(t) != form(u) {
            self.differs(a, "form", ("transition", "流转"), t.name.as_str(), &[text("its form", "表单")], Weight::Behaviour);
        }
        let mut differs: Vec<Text> = Vec::new();
        if t.from != u.from {
            differs.push(text("where it begins", "起始状态"));
        }
        if (&t.to, t.internal) != (&u.to, u.internal) {
            let (was, is) = (or_none(&t.to), or_none(&u.to));
            differs.push(text(format!("where it leads ({was} → {is})"), format!("目标状态（{was} → {is}）")));
        }
        if t.roles != u.roles {
            differs.push(text("who may take it", "可执行角色"));
        }
        if t.waits_for() != u.waits_for() {
            differs.push(text("for which tasks it waits", "等待的任务"));
        }
        if t.after != u.after {
            differs.push(text("what follows it", "后续动作"));
        }
        if !differs.is_empty() {
            self.differs(a, "transition", ("transition", "流转"), t.name.as_str(), &differs, Weight::Behaviour);
        }
        if t.label != u.label {
            self.differs(a, "transition", ("transition", "流转"), t.name.as_str(), &[text("its label", "名称")], Weight::Words);
        }
    }

    fn differs(&mut self, of: &Workflow, what: &'static str, word: (&str, &str), name: &str, parts: &[Text], weight: Weight) {
        let en = parts.iter().map(|p| p.en.as_str()).collect::<Vec<_>>().join(", ");
        let zh = parts.iter().map(|p| p.zh.as_str()).collect::<Vec<_>>().join("、");
        let says = text(
            format!("{} `{name}` of `{}` changed: {en}", word.0, of.name()),
            format!("流程 `{}` 的{} `{name}` 有改动：{zh}", of.name(), word.1),
        );
        self.part(weight, what, of, name, How::Altered, says);
    }

    fn schema(&mut self, a: &Schema, b: &Schema) {
        // A choice's values are told one by one.
        let plain = |s: &Schema| -> BTreeMap<String, String> {
            let said = |f: &crate::ticket::FieldDefinition| match &f.kind {
                FieldKind::Choice(_) => format!("choice {} {:?}", f.required, f.default),
                FieldKind::Ordered(_) => format!("ordered {} {:?}", f.required, f.default),
                FieldKind::Choices(_) => format!("choices {} {:?}", f.required, f.default),
                kind => format!("{kind:?} {} {:?}", f.required, f.default),
            };
            s.fields.iter().map(|(n, f)| (n.to_string(), said(f))).collect()
        };
        self.maps(("field", "字段"), Weight::NeedsMap, &plain(a), &plain(b));
        let of =
            ["impact", "urgency", "priority"].into_iter().chain(a.fields.keys().filter(|f| b.fields.contains_key(*f)).map(|f| f.as_str()));
        for of in of {
            let named = |s: &Schema| super::migration::values(s, of).iter().map(|v| (format!("{of}/{v}"), String::new())).collect();
            self.maps(("choice", "选项"), Weight::NeedsMap, &named(a), &named(b));
        }
        let keys = |names: Vec<String>| names.into_iter().map(|n| (n, String::new())).collect::<BTreeMap<_, _>>();
        let types =
            |s: &Schema| s.types.iter().map(|(n, t)| (n.to_string(), format!("{} {:?} {:?}", t.workflow, t.required, t.fields))).collect();
        self.maps(("type", "类型"), Weight::NeedsMap, &types(a), &types(b));
        let categories = |s: &Schema| keys(s.categories.keys().map(ToString::to_string).collect());
        self.maps(("category", "分类"), Weight::NeedsMap, &categories(a), &categories(b));
        let groups = |s: &Schema| s.groups.iter().map(|(n, g)| (n.to_string(), format!("{:?}", g.calendar))).collect();
        self.maps(("group", "处理组"), Weight::NeedsMap, &groups(a), &groups(b));
        let skills = |s: &Schema| keys(s.skills.keys().map(ToString::to_string).collect());
        self.maps(("skill", "技能"), Weight::NeedsMap, &skills(a), &skills(b));
        let roles = |s: &Schema| keys(s.roles.keys().map(ToString::to_string).collect());
        self.maps(("role", "角色"), Weight::Behaviour, &roles(a), &roles(b));
        let channels = |s: &Schema| s.channels.iter().map(|(n, c)| (n.to_string(), c.window_seconds.to_string())).collect();
        self.maps(("channel", "渠道"), Weight::Behaviour, &channels(a), &channels(b));
        let templates = |s: &Schema| s.templates.iter().map(|(n, t)| (n.to_string(), format!("{:?}", t.body))).collect();
        self.maps(("template", "模板"), Weight::Behaviour, &templates(a), &templates(b));
        let forms = |s: &Schema| s.ticket_templates.iter().map(|(n, t)| (n.to_string(), bare(t))).collect();
        self.maps(("ticket template", "工单模板"), Weight::Behaviour, &forms(a), &forms(b));
        let access = |s: &Schema| s.access.iter().map(|(n, x)| (n.to_string(), bare(x))).collect();
        self.maps(("access of field", "字段权限"), Weight::Behaviour, &access(a), &access(b));
        let codes = |s: &Schema| keys(s.resolutions.names().map(ToString::to_string).collect());
        self.maps(("resolution code", "解决代码"), Weight::Behaviour, &codes(a), &codes(b));
    }
}
