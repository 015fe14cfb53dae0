//! Templates of tasks 子任务: what can be written, what can be wrong with it, and what open tasks mean for a transition.

use super::check::Check;
use super::compiled::Workflow;
use super::graph::cycle;
use super::judge::Blocker;
use super::places::Part;
use crate::calendar::Span;
use crate::condition::group_missing;
use crate::condition::reading::{bad_name, unknown};
use crate::diagnostic::{Diagnostic, Lang, Place, Text, text};
use crate::id::*;
use crate::ticket::{Action, Task, Ticket};
use serde::{Deserialize, Serialize};

/// Whose a new task is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskOwner {
    /// The ticket's assignee.
    Assignee,
    /// The ticket's owner 首问负责人.
    Owner,
    /// This agent.
    Agent(AgentId),
}

impl TaskOwner {
    /// The words [`TaskOwner::parse`] takes, for suggestions.
    pub const WORDS: [&'static str; 3] = ["assignee", "owner", "agent:NAME"];
    /// `assignee`, `owner` or `agent:NAME`.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "assignee" => Some(Self::Assignee),
            "owner" => Some(Self::Owner),
            _ => word.strip_prefix("agent:").filter(|a| !a.is_empty()).map(|a| Self::Agent(AgentId::new(a))),
        }
    }
}

/// For which tasks a transition waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskWait {
    /// For none.
    #[default]
    None,
    /// For all the ticket has: none may be open.
    All,
    /// For these: of each there must be one in the present resolution cycle, done or cancelled.
    Named(Vec<TaskName>),
}

/// What becomes of open tasks when the ticket would be resolved or closed. Where it is cancelled they are cancelled with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TasksAtEnd {
    /// They stand against it.
    #[default]
    Block,
    /// They are cancelled.
    Cancel,
}

impl TasksAtEnd {
    /// The words authors write.
    pub const WORDS: [(&'static str, Self); 2] = [("block", Self::Block), ("cancel", Self::Cancel)];
}

/// A way a task may come out (回访: `confirmed`, `not_reached`, `not_solved`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutcomeDefinition {
    /// Its name.
    pub name: OutcomeName,
    /// The transition it takes; the task is done then, but no transition that waits for it accepts that.
    #[serde(default)]
    pub transition: Option<TransitionName>,
    /// The task comes back for another try after this span.
    #[serde(default)]
    pub retry: Option<Span>,
    /// So many tries come back; the next one ends it, and that is accepted.
    #[serde(default)]
    pub times: u16,
}

/// A template of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskDefinition {
    /// Its name.
    pub name: TaskName,
    /// What to do.
    #[serde(default)]
    pub label: Option<Text>,
    /// Whose it is at first.
    #[serde(default)]
    pub owner: Option<TaskOwner>,
    /// The group that may take it; none: the ticket's.
    #[serde(default)]
    pub group: Option<GroupId>,
    /// When it is due after it opened (S79).
    #[serde(default)]
    pub due: Option<Span>,
    /// The calendar of its spans, if not the group's (S79).
    #[serde(default)]
    pub calendar: Option<CalendarName>,
    /// What is to be ticked off before it is done.
    #[serde(default)]
    pub checklist: Vec<Text>,
    /// The tasks that must be over first; they are made with it.
    #[serde(default)]
    pub needs: Vec<TaskName>,
    /// It is cancelled when the ticket leaves a state that makes it.
    #[serde(default)]
    pub cancel_on_leave: bool,
    /// How it may come out; with any declared, one of them must be given.
    #[serde(default)]
    pub outcomes: Vec<OutcomeDefinition>,
}

impl TaskDefinition {
    /// A template of this name, and nothing else said.
    ///
    /// ```
    /// use ticketry::workflow::TaskDefinition;
    /// let mut diagnose = TaskDefinition::new("diagnose");
    /// diagnose.due = "1bd".parse().ok();
    /// assert_eq!(diagnose.name, "diagnose");
    /// ```
    pub fn new(name: impl Into<TaskName>) -> Self {
        Self {
            name: name.into(),
            label: None,
            owner: None,
            group: None,
            due: None,
            calendar: None,
            checklist: Vec::new(),
            needs: Vec::new(),
            cancel_on_leave: false,
            outcomes: Vec::new(),
        }
    }
    /// What to do, as people read it.
    pub fn title(&self) -> Text {
        self.label.clone().unwrap_or_else(|| text(self.name.as_str(), self.name.as_str()))
    }
    /// A way it may come out.
    pub fn outcome(&self, name: &OutcomeName) -> Option<&OutcomeDefinition> {
        self.outcomes.iter().find(|o| o.name == *name)
    }
}

impl Workflow {
    /// A template of a task.
    pub fn task(&self, name: &TaskName) -> Option<&TaskDefinition> {
        self.tasks.iter().find(|t| t.name == *name)
    }
    /// Whether a transition of this name out of a state waits for this task by name.
    pub(crate) fn waits_for(&self, from: &StateName, transition: &TransitionName, task: &TaskName) -> bool {
        let waits = |t: &super::Transition| matches!(&t.tasks.wait, TaskWait::Named(names) if names.contains(task));
        self.leaving(from).any(|t| t.name == *transition && waits(t))
    }
    /// What becomes of open tasks when a ticket would be resolved or closed.
    pub fn tasks_at_end(&self) -> TasksAtEnd {
        self.tasks_at_end
    }
    /// All templates of tasks, in the order declared.
    pub fn tasks(&self) -> &[TaskDefinition] {
        &self.tasks
    }
}

/// What a transition demands of the ticket's tasks.
#[derive(Clone, Debug, Default)]
pub(super) struct Demand {
    /// As declared.
    pub(super) wait: TaskWait,
    /// It resolves or closes the ticket, and open tasks stand against that.
    pub(super) ends: bool,
}

impl Demand {
    /// None of the ticket's tasks may be open.
    pub(super) fn all(&self) -> bool {
        self.ends || self.wait == TaskWait::All
    }
}

/// So many tasks are named in a message.
const NAMED: usize = 8;

/// What the ticket's tasks have against a transition.
pub(super) fn blockers(demand: &Demand, ticket: &Ticket, out: &mut Vec<Blocker>) {
    let list = |names: &[&str]| {
        let more = if names.len() > NAMED { ", …" } else { "" };
        names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ") + more
    };
    let open = |tasks: &[&Task], out: &mut Vec<Blocker>| {
        if !tasks.is_empty() {
            let (en, zh): (Vec<&str>, Vec<&str>) = tasks.iter().map(|t| (t.title.get(Lang::En), t.title.get(Lang::Zh))).unzip();
            let message = text(format!("tasks are still open: {}", list(&en)), format!("仍有未完成的任务：{}", list(&zh)));
            out.push(Blocker::new("tasks-open", message));
        }
    };
    if demand.all() {
        open(&ticket.open_tasks().collect::<Vec<_>>(), out);
    }
    let TaskWait::Named(names) = &demand.wait else { return };
    let mut waiting = Vec::new();
    let mut missing = Vec::new();
    for name in names {
        match ticket.task_named(name.as_str()) {
            Some(t) if t.is_open() => waiting.push(t),
            Some(t) if t.serves() => {}
            _ => missing.push(format!("`{name}`")),
        }
    }
    if !demand.ends {
        open(&waiting, out);
    }
    if !missing.is_empty() {
        let all = list(&missing.iter().map(String::as_str).collect::<Vec<_>>());
        out.push(Blocker::new("tasks-missing", text(format!("tasks must be done first: {all}"), format!("须先完成任务：{all}"))));
    }
}

impl Check<'_> {
    /// The templates of tasks, and every name of one.
    pub(super) fn tasks(&mut self) -> Vec<TaskDefinition> {
        let d = self.d;
        let too_many = |n: usize, most: usize| text(format!("{n} where at most {most} fit"), format!("共 {n} 个，最多 {most} 个"));
        if d.tasks.len() > Task::MOST {
            self.error("too-many", too_many(d.tasks.len(), Task::MOST), self.places.of(Part::Task(0)));
            return Vec::new();
        }
        let mut edges = Vec::new();
        for (i, t) in d.tasks.iter().enumerate() {
            let part = Part::Task(i);
            let name = &t.name;
            self.bad.extend(bad_name(name.as_str(), self.places.of(part)));
            if d.tasks.iter().take(i).any(|o| o.name == *name) {
                let message = text(format!("the task `{name}` is declared twice"), format!("任务 `{name}` 重复声明"));
                self.error_help(
                    "duplicate-task",
                    message,
                    self.places.of(part),
                    text("remove or rename one of the two", "请删除其中一个或改名"),
                );
            }
            if let Some(g) = &t.group {
                self.bad.extend(group_missing(self.schema, g.as_str(), self.places.at(part, "group", 0)));
            }
            if let Some(c) = t.calendar.as_ref().filter(|c| !self.schema.calendars.contains(*c)) {
                let known = self.schema.calendars.iter().map(CalendarName::as_str);
                self.bad.push(unknown("unknown-calendar", ("calendar", "日历"), c.as_str(), known, self.places.at(part, "calendar", 0)));
            }
            if t.due.is_some_and(|s| s.is_zero()) {
                let message = text(format!("the task `{name}` would be due as soon as it opens"), format!("任务 `{name}` 一打开就已到期"));
                self.error_help("zero-span", message, self.places.at(part, "due", 0), text("leave `due` out for none", "不限时请省略 due"));
            }
            for (key, n, most) in [("checklist", t.checklist.len(), Task::ITEMS), ("needs", t.needs.len(), Task::NEEDS)] {
                if n > most {
                    self.error("too-many", too_many(n, most), self.places.at(part, key, 0));
                }
            }
            for (n, need) in t.needs.iter().enumerate() {
                let place = self.places.at(part, "needs", n);
                if need == name {
                    let message = text(format!("the task `{name}` needs itself"), format!("任务 `{name}` 依赖自身"));
                    self.error_help("task-needs-itself", message, place, text("remove it from `needs`", "请从 needs 中删除"));
                } else if let Some(to) = self.task_index(need, place) {
                    edges.push((i, to));
                }
            }
            self.outcomes(part, t);
        }
        if let Some(round) = cycle(d.tasks.len(), &edges) {
            let names = round.iter().filter_map(|i| d.tasks.get(*i)).map(|t| format!("`{}`", t.name)).collect::<Vec<_>>().join(", ");
            let place = round.first().map_or_else(|| self.places.of(Part::Workflow), |i| self.places.at(Part::Task(*i), "needs", 0));
            self.error_help(
                "task-cycle",
                text(
                    format!("these tasks wait for one another, so none can ever begin: {names}"),
                    format!("这些任务互相等待，永远无法开始：{names}"),
                ),
                place,
                text("take one of them out of the other's `needs`", "请从其中一个的 needs 中去掉另一个"),
            );
        }
        for (i, s) in d.states.iter().enumerate() {
            for (n, name) in s.tasks.iter().enumerate() {
                let place = self.places.at(Part::State(i), "tasks", n);
                let _ = self.task_index(name, place);
            }
        }
        for (i, t) in d.transitions.iter().enumerate() {
            for (n, action) in t.after.iter().enumerate() {
                // One that no workflow has is said by the check of actions.
                if let Action::Task(name) = action
                    && self.schema.tasks.contains(name)
                {
                    let place = self.places.at(Part::Transition(i), "after", n);
                    let _ = self.task_index(name, place);
                }
            }
            let TaskWait::Named(names) = &t.tasks else { continue };
            for (n, name) in names.iter().enumerate() {
                let place = self.places.at(Part::Transition(i), "tasks", n);
                let _ = self.task_index(name, place);
            }
        }
        d.tasks.clone()
    }

    fn task_index(&mut self, name: &TaskName, place: Place) -> Option<usize> {
        let found = self.d.tasks.iter().position(|t| t.name == *name);
        if found.is_none() && !self.places.unsure(Part::Workflow, "tasks") {
            let known = self.d.tasks.iter().map(|t| t.name.as_str());
            self.bad.push(unknown("unknown-task", ("task", "任务"), name.as_str(), known, place));
        }
        found
    }

    fn outcomes(&mut self, part: Part, t: &TaskDefinition) {
        for (n, o) in t.outcomes.iter().enumerate() {
            let place = self.places.at(part, "outcomes", n);
            self.bad.extend(bad_name(o.name.as_str(), place.clone()));
            if let Some(to) = o.transition.as_ref().filter(|to| !self.named.contains_key(to) && !self.unnamed) {
                let known = self.named.keys().map(|n| n.as_str());
                self.bad.push(unknown("unknown-transition", ("transition", "流转"), to.as_str(), known, place.clone()));
            }
            let name = &o.name;
            if o.retry.is_some_and(|s| s.is_zero()) {
                let message = text(format!("another try after `{name}` would come at once"), format!("`{name}` 之后会立即重试"));
                self.error_help(
                    "zero-span",
                    message,
                    place.clone(),
                    text("write a span such as retry = \"4bh\"", "请写时长，例如 retry = \"4bh\""),
                );
            }
            let wrong = if o.transition.is_some() && o.retry.is_some() {
                Some(text(format!("`{name}` both takes a transition and comes back"), format!("`{name}` 既执行流转又要重试")))
            } else if o.retry.is_some() != (o.times > 0) {
                Some(text(format!("`{name}` says only one of `retry` and `times`"), format!("`{name}` 的 retry 与 times 须同时给出")))
            } else {
                None
            };
            if let Some(message) = wrong {
                let help = text(
                    "write { transition = \"…\" } or { retry = \"4bh\", times = 3 }",
                    "请写 { transition = \"…\" } 或 { retry = \"4bh\", times = 3 }",
                );
                self.bad.push(Diagnostic::error("bad-outcome", message).at(place).help(help));
            }
        }
    }
}
