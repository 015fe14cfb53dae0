//! What a workflow says of parents and children (S13): what can be written, what can be wrong with it, and what open ones mean for a transition.

use super::check::Check;
use super::compiled::Workflow;
use super::definition::WorkflowDefinition;
use super::judge::Blocker;
use super::places::{Part, Places};
use super::read::keyed;
use super::tasks::{Demand, TaskWait, TasksAtEnd};
use crate::condition::reading::{Table, unknown};
use crate::diagnostic::text;
use crate::id::*;
use crate::ticket::{Relative, StateClass, Ticket};
use serde::{Deserialize, Serialize};

/// What becomes of open children when their parent would end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChildrenAtEnd {
    /// The blocking ones stand against it.
    #[default]
    Block,
    /// They end with it, by the transition named; where one cannot, neither can the parent.
    Take,
    /// They go on by themselves.
    Leave,
}

impl ChildrenAtEnd {
    /// The words authors write.
    pub const WORDS: [(&'static str, Self); 3] = [("block", Self::Block), ("take", Self::Take), ("leave", Self::Leave)];
}

/// What a workflow says of the children of its tickets; all of it may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChildrenDefinition {
    /// What becomes of open ones when the parent ends.
    #[serde(default)]
    pub on_end: ChildrenAtEnd,
    /// The transition by which they end with it: of the children's workflows.
    #[serde(default)]
    pub take: Option<TransitionName>,
    /// The transition by which they end with it where it is cancelled, if that is another one.
    #[serde(default)]
    pub take_cancelled: Option<TransitionName>,
    /// The transition that children in a final state take when the parent is open again: of the children's workflows.
    #[serde(default)]
    pub on_reopen: Option<TransitionName>,
    /// The transition the parent takes when its last open child has ended.
    #[serde(default)]
    pub when_all_ended: Option<TransitionName>,
    /// The transition the parent, being in a final state, takes when a child is open again.
    #[serde(default)]
    pub when_child_reopens: Option<TransitionName>,
    /// An agent's reply to the parent's requester goes to those of its open children as well.
    #[serde(default)]
    pub broadcast: bool,
}

impl Workflow {
    /// What it says of the children of its tickets.
    pub fn children(&self) -> &ChildrenDefinition {
        &self.children
    }
    /// The state in which a ticket ends that is merged into another (S57): the one declared, else the only one of class cancelled; none if there is neither.
    pub fn merged_state(&self) -> Option<&StateName> {
        self.merged_state.as_ref().or_else(|| {
            let mut cancelled = self.states.iter().filter(|s| s.class == StateClass::Cancelled);
            let first = cancelled.next()?;
            cancelled.next().is_none().then_some(&first.name)
        })
    }

    /// What stands against the ticket coming to a state other than by a transition: what must end before it does.
    pub(crate) fn unended(&self, state: &StateName, ticket: &Ticket) -> Vec<Blocker> {
        let mut out = Vec::new();
        let done = self.state(state).is_some_and(|s| matches!(s.class, StateClass::Resolved | StateClass::Closed));
        let ends = done && ticket.is_open() && self.tasks_at_end == TasksAtEnd::Block;
        super::tasks::blockers(&Demand { wait: TaskWait::None, ends }, ticket, &mut out);
        self.kin_blockers(state, ticket, &mut out);
        out
    }

    /// What other tickets have against it coming to a state (S13).
    pub(super) fn kin_blockers(&self, state: &StateName, ticket: &Ticket, out: &mut Vec<Blocker>) {
        let kin = &ticket.kin;
        if (kin.children.is_empty() && kin.waits.is_empty()) || !ticket.is_open() {
            return;
        }
        if !self.state(state).is_some_and(|s| s.class.is_final()) {
            return;
        }
        let open = |list: &[Relative]| list.iter().filter(|r| r.open && r.blocking).map(|r| format!("#{}", r.number)).collect::<Vec<_>>();
        let children = if self.children.on_end == ChildrenAtEnd::Block { open(&kin.children) } else { Vec::new() };
        if !children.is_empty() {
            let all = few(&children);
            out.push(Blocker::new("children-open", text(format!("children are still open: {all}"), format!("仍有未结束的子工单：{all}"))));
        }
        let waits = open(&kin.waits);
        if !waits.is_empty() {
            let all = few(&waits);
            out.push(Blocker::new("blocked-by", text(format!("it is blocked by {all}"), format!("被以下工单阻塞：{all}"))));
        }
    }
}

/// So many tickets are named in a message.
const NAMED: usize = 8;

fn few(names: &[String]) -> String {
    let more = if names.len() > NAMED { ", …" } else { "" };
    names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ") + more
}

/// `[children]` and `merged_state`.
pub(super) fn read(root: &Table<'_>, definition: &mut WorkflowDefinition, places: &mut Places) {
    definition.merged_state = keyed(root, Part::Workflow, "merged_state", places).and_then(|i| i.text()).map(StateName::new);
    let Some(item) = keyed(root, Part::Workflow, "children", places) else { return };
    const KEYS: [&str; 7] = ["on_end", "take", "take_cancelled", "on_reopen", "when_all_ended", "when_child_reopens", "broadcast"];
    let Some(t) = item.table(&KEYS) else { return };
    let c = &mut definition.children;
    c.on_end = keyed(&t, Part::Workflow, "on_end", places).and_then(|i| i.word(&ChildrenAtEnd::WORDS)).unwrap_or_default();
    let mut named = |key| keyed(&t, Part::Workflow, key, places).and_then(|i| i.text()).map(TransitionName::new);
    (c.take, c.take_cancelled, c.on_reopen) = (named("take"), named("take_cancelled"), named("on_reopen"));
    (c.when_all_ended, c.when_child_reopens) = (named("when_all_ended"), named("when_child_reopens"));
    c.broadcast = t.get("broadcast").and_then(|i| i.boolean()).unwrap_or(false);
}

impl Check<'_> {
    /// What is said of children, and where a merged ticket ends.
    pub(super) fn children(&mut self) {
        let d = self.d;
        let c = &d.children;
        let place = |check: &Self, key| check.places.at(Part::Workflow, key, 0);
        let own = [("when_all_ended", &c.when_all_ended), ("when_child_reopens", &c.when_child_reopens)];
        for (key, name) in own {
            if let Some(name) = name.as_ref().filter(|n| !self.named.contains_key(n) && !self.unnamed) {
                let known = self.named.keys().map(|n| n.as_str());
                let found = unknown("unknown-transition", ("transition", "流转"), name.as_str(), known, place(self, key));
                self.bad.push(found);
            }
        }
        // Children may be of another workflow.
        for (key, name) in [("take", &c.take), ("take_cancelled", &c.take_cancelled), ("on_reopen", &c.on_reopen)] {
            if let Some(name) = name.as_ref().filter(|n| !self.schema.transitions.contains(*n) && !self.unnamed) {
                let known = self.schema.transitions.iter().map(TransitionName::as_str);
                let found = unknown("unknown-transition", ("transition", "流转"), name.as_str(), known, place(self, key));
                self.bad.push(found);
            }
        }
        let wrong = match (c.on_end, &c.take) {
            (ChildrenAtEnd::Take, None) => Some((
                "on_end",
                text(
                    "children are to end with their parent, but by which transition is not said",
                    "子工单随父工单结束，但未说明执行哪个流转",
                ),
                text("add take = \"…\"", "请添加 take = \"…\""),
            )),
            (ChildrenAtEnd::Block | ChildrenAtEnd::Leave, take) if take.is_some() || c.take_cancelled.is_some() => Some((
                if take.is_some() { "take" } else { "take_cancelled" },
                text("`take` is never used: children do not end with their parent", "take 不会生效：子工单不随父工单结束"),
                text("write on_end = \"take\", or remove it", "请写 on_end = \"take\"，或删除 take"),
            )),
            _ => None,
        };
        if let Some((key, message, help)) = wrong {
            self.error_help("bad-children", message, place(self, key), help);
        }
        let Some(name) = &d.merged_state else { return };
        let at = place(self, "merged_state");
        match self.index.get(name).and_then(|i| d.states.get(*i).map(|s| (*i, s.class))) {
            None => self.unknown_state("unknown-state", name, at),
            Some((i, class)) if class != StateClass::Cancelled && !self.places.unsure(Part::State(i), "class") => self.error_help(
                "not-cancelled",
                text(
                    format!("`{name}` is of class {}, and a merged ticket ends as cancelled", class.word()),
                    format!("`{name}` 的类别是 {}，合并后的工单须为已取消", class.word()),
                ),
                at,
                text("name a state of class cancelled", "请指定类别为 cancelled 的状态"),
            ),
            Some(_) => {}
        }
    }
}
