//! Tasks 子任务: the parts a ticket is broken into, and what happens to them.
//!
//! A task waits (on the tasks it needs, or for another try), is open, and then done or cancelled; reopened it is open again. The figures in it (due instants, whether it was the last)
//! are worked out by the engine and arrive in its events; here they are only kept.

use super::{Text, Ticket};
use crate::diagnostic::Text as Label;
use crate::id::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The id of a task: derived from ticket, revision and index, so that a repeated decision makes the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(TicketId);

impl TaskId {
    /// The id of the task that the `index`-th event of the entry `revision` of a ticket makes.
    ///
    /// ```
    /// use ticketry::{id::{Revision, TicketId}, ticket::TaskId};
    /// let id = TaskId::of(TicketId::from_u128(1), Revision::new(3), 0);
    /// assert_eq!(id.to_string().parse::<TaskId>().ok(), Some(id));
    /// ```
    pub fn of(ticket: TicketId, revision: Revision, index: u32) -> Self {
        Self(ticket.derive(revision, index))
    }
}
impl std::fmt::Display for TaskId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
impl std::str::FromStr for TaskId {
    type Err = BadId;
    fn from_str(s: &str) -> Result<Self, BadId> {
        s.parse().map(Self)
    }
}

/// Where a task stands in its small life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// On tasks it needs, or for another try.
    Waiting,
    /// To be done.
    Open,
    /// Done.
    Done,
    /// Not needed any more.
    Cancelled,
}

impl TaskState {
    /// Done or cancelled.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled)
    }
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Open => "open",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One thing to tick off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskItem {
    /// What.
    pub text: Label,
    /// Ticked.
    pub done: bool,
}

/// A task of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// The template it was made from, or the name it was given.
    pub name: TaskName,
    /// What to do.
    pub title: Label,
    /// Where it stands.
    pub state: TaskState,
    /// Whose it is.
    pub owner: Option<AgentId>,
    /// The group that may take it; none: the ticket's.
    pub group: Option<GroupId>,
    /// When it is due; one from a template has no due instant while it waits.
    #[serde(with = "serde_instant_opt")]
    pub due: Option<UtcInstant>,
    /// The due instant has passed.
    pub overdue: bool,
    /// A waiting task comes back for another try then.
    #[serde(with = "serde_instant_opt")]
    pub until: Option<UtcInstant>,
    /// The tasks that must be over first; at most [`Task::NEEDS`].
    pub needs: Vec<TaskId>,
    /// To tick off before it is done; at most [`Task::ITEMS`].
    pub checklist: Vec<TaskItem>,
    /// How it came out, last.
    pub outcome: Option<OutcomeName>,
    /// What was found, in words.
    pub note: Text,
    /// Tries that came to nothing.
    pub tries: u16,
    /// It was done in a way that a transition waiting for it accepts.
    pub counts: bool,
    /// The resolution cycle it belongs to.
    pub cycle: u32,
}

impl Task {
    /// The most tasks a ticket keeps, finished ones among them: a new one takes the place of the oldest that is over.
    pub const MOST: usize = 32;
    /// The most tasks one may need.
    pub const NEEDS: usize = 8;
    /// The most things one has to tick off.
    pub const ITEMS: usize = 16;
    /// The most bytes of a title, a thing to tick off, or a note.
    pub const TEXT: usize = 512;

    /// Neither done nor cancelled.
    pub fn is_open(&self) -> bool {
        !self.state.is_over()
    }
    /// A transition that waits for it waits no longer: it is done in a way that counts, or not needed any more.
    pub fn serves(&self) -> bool {
        self.counts || self.state == TaskState::Cancelled
    }
    /// When something happens to it by itself.
    pub fn wake_at(&self) -> Option<UtcInstant> {
        match self.state {
            TaskState::Waiting => self.until,
            TaskState::Open if !self.overdue => self.due,
            _ => None,
        }
    }
    /// Bytes it takes, roughly.
    pub fn weight(&self) -> usize {
        let label = |l: &Label| l.en.len().saturating_add(l.zh.len());
        let items = self.checklist.iter().map(|i| label(&i.text).saturating_add(2)).sum::<usize>();
        let needs = self.needs.len().saturating_mul(16);
        label(&self.title).saturating_add(items).saturating_add(needs).saturating_add(self.note.len()).saturating_add(96)
    }
}

/// Whether a task needs another, itself or through others; a task needs itself.
pub fn depends(tasks: &[Task], task: TaskId, on: TaskId) -> bool {
    let mut seen = vec![task];
    let mut next = 0usize;
    while let Some(id) = seen.get(next).copied() {
        if id == on {
            return true;
        }
        for n in tasks.iter().filter(|t| t.id == id).flat_map(|t| &t.needs) {
            if !seen.contains(n) {
                seen.push(*n);
            }
        }
        next = next.saturating_add(1);
    }
    false
}

/// What happened to a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskEvent {
    /// To which.
    pub task: TaskId,
    /// Its name.
    pub name: TaskName,
    /// What.
    pub what: TaskChange,
}

/// What may happen to a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaskChange {
    /// There is a new one.
    Added(Box<Task>),
    /// What it waited for has come: it is to be done.
    Opened {
        /// When it is due now.
        #[serde(with = "serde_instant_opt")]
        due: Option<UtcInstant>,
    },
    /// It has another owner or group.
    Assigned {
        /// Whose it is now.
        owner: Option<AgentId>,
        /// The group now; none: the ticket's.
        group: Option<GroupId>,
        /// Why: `assigned`, `taken`, `absent`.
        why: String,
    },
    /// A thing of its checklist was ticked off, or no longer is.
    Ticked {
        /// Which thing, from 0.
        item: u8,
        /// Ticked.
        on: bool,
    },
    /// A result was noted.
    Noted {
        /// In words.
        note: Text,
    },
    /// It needs another task from now on.
    Needs {
        /// What it needs.
        on: TaskId,
        /// It had been open and waits now.
        waits: bool,
    },
    /// A try came to nothing; there will be another.
    Retried {
        /// How it came out.
        outcome: OutcomeName,
        /// When the next try is.
        #[serde(with = "serde_instant")]
        until: UtcInstant,
    },
    /// It is done.
    Done {
        /// How it came out.
        outcome: Option<OutcomeName>,
        /// A transition that waits for it accepts that.
        counts: bool,
        /// No task of the ticket is open any more.
        last: bool,
    },
    /// It is not needed any more.
    Cancelled {
        /// Why.
        reason: String,
    },
    /// It is to be done again.
    Reopened {
        /// When it is due now.
        #[serde(with = "serde_instant_opt")]
        due: Option<UtcInstant>,
        /// Something it needs is not over: it waits.
        waits: bool,
    },
    /// Its due instant has passed.
    Overdue,
}

impl TaskChange {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Added(_) => "added",
            Self::Opened { .. } => "opened",
            Self::Assigned { .. } => "assigned",
            Self::Ticked { .. } => "ticked",
            Self::Noted { .. } => "noted",
            Self::Needs { .. } => "needs",
            Self::Retried { .. } => "retried",
            Self::Done { .. } => "done",
            Self::Cancelled { .. } => "cancelled",
            Self::Reopened { .. } => "reopened",
            Self::Overdue => "overdue",
        }
    }
}

impl Ticket {
    /// A task of it.
    pub fn task(&self, id: TaskId) -> Option<&Task> {
        self.tasks.iter().find(|t| t.id == id)
    }
    /// The newest task of this name in the present resolution cycle.
    pub fn task_named(&self, name: &str) -> Option<&Task> {
        self.tasks.iter().rev().find(|t| t.name == *name && t.cycle == self.cycle)
    }
    /// Its tasks that are neither done nor cancelled.
    pub fn open_tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(|t| t.is_open())
    }
    /// The names of tasks of the present cycle of which the newest is done, in a way that counts.
    pub fn tasks_done(&self) -> impl Iterator<Item = &TaskName> {
        self.tasks.iter().filter(|t| t.counts && self.task_named(t.name.as_str()).is_some_and(|n| n.id == t.id)).map(|t| &t.name)
    }

    pub(super) fn task_happened(&mut self, event: &TaskEvent) {
        let cycle = self.cycle;
        let id = event.task;
        if let TaskChange::Added(task) = &event.what {
            let tasks = Arc::make_mut(&mut self.tasks);
            if tasks.len() >= Task::MOST
                && let Some(i) = tasks.iter().position(|t| t.state.is_over())
            {
                tasks.remove(i);
            }
            if tasks.len() < Task::MOST {
                tasks.push((**task).clone());
            }
            return;
        }
        let Some(t) = Arc::make_mut(&mut self.tasks).iter_mut().find(|t| t.id == id) else { return };
        match &event.what {
            TaskChange::Added(_) => {}
            TaskChange::Opened { due, .. } => {
                t.state = TaskState::Open;
                t.until = None;
                t.due = *due;
                t.overdue = false;
            }
            TaskChange::Assigned { owner, group, .. } => {
                t.owner.clone_from(owner);
                t.group.clone_from(group);
            }
            TaskChange::Ticked { item, on, .. } => {
                if let Some(i) = t.checklist.get_mut(usize::from(*item)) {
                    i.done = *on;
                }
            }
            TaskChange::Noted { note, .. } => t.note = note.clone(),
            TaskChange::Needs { on, waits, .. } => {
                if !t.needs.contains(on) && t.needs.len() < Task::NEEDS {
                    t.needs.push(*on);
                }
                if *waits {
                    t.state = TaskState::Waiting;
                }
            }
            TaskChange::Retried { outcome, until, .. } => {
                t.state = TaskState::Waiting;
                t.outcome = Some(outcome.clone());
                t.tries = t.tries.saturating_add(1);
                t.until = Some(*until);
                t.due = None;
                t.overdue = false;
            }
            TaskChange::Done { outcome, counts, .. } => {
                t.state = TaskState::Done;
                t.until = None;
                t.outcome.clone_from(outcome);
                t.counts = *counts;
            }
            TaskChange::Cancelled { .. } => {
                t.state = TaskState::Cancelled;
                t.until = None;
            }
            TaskChange::Reopened { due, waits, .. } => {
                t.state = if *waits { TaskState::Waiting } else { TaskState::Open };
                t.due = *due;
                t.overdue = false;
                t.counts = false;
                t.outcome = None;
                t.tries = 0;
                t.cycle = cycle;
            }
            TaskChange::Overdue => t.overdue = true,
        }
    }
}
