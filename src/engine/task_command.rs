//! What can be asked of a ticket's tasks.

use crate::calendar::Span;
use crate::id::*;
use crate::ticket::{TaskId, Text};

/// Something to be done with the tasks of a ticket. The right is `task`; beyond it, it is for the task's owner, the members of its group (or else the ticket's) and the ticket's assignee.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TaskCommand {
    /// Add one that has no template.
    Add(Box<NewTask>),
    /// Make one from a template of the ticket's workflow, with what it needs; nothing if one of it is open.
    FromTemplate(TaskName),
    /// Give it to an agent, a group, or back to the ticket's group.
    Assign {
        /// Which.
        task: TaskId,
        /// To whom.
        owner: Option<AgentId>,
        /// To which group.
        group: Option<GroupId>,
    },
    /// Take one that nobody has.
    Take(TaskId),
    /// Tick a thing of its checklist off, or no longer.
    Tick {
        /// Which task.
        task: TaskId,
        /// Which thing, from 0.
        item: usize,
        /// Ticked.
        on: bool,
    },
    /// Note a result.
    Note {
        /// Which.
        task: TaskId,
        /// In words.
        note: Text,
    },
    /// Let it wait until another is over.
    Needs {
        /// Which.
        task: TaskId,
        /// What it needs.
        on: TaskId,
    },
    /// It is done.
    Done {
        /// Which.
        task: TaskId,
        /// How it came out; one of the template's outcomes where it declares any.
        outcome: Option<OutcomeName>,
        /// A result in words.
        note: Option<Text>,
    },
    /// It is not needed any more.
    Cancel {
        /// Which.
        task: TaskId,
        /// Why.
        reason: String,
    },
    /// It is to be done again.
    Reopen(TaskId),
}

impl TaskCommand {
    /// It is done, without outcome or note.
    pub fn done(task: TaskId) -> Self {
        Self::Done { task, outcome: None, note: None }
    }
    /// It came out so.
    pub fn came_out(task: TaskId, outcome: impl AsRef<str>) -> Self {
        Self::Done { task, outcome: Some(OutcomeName::new(outcome)), note: None }
    }
}

/// A task without a template.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTask {
    /// A short name; none that a template has.
    pub name: TaskName,
    /// What to do.
    pub title: Text,
    /// Whose it is.
    pub owner: Option<AgentId>,
    /// The group that may take it; none: the ticket's.
    pub group: Option<GroupId>,
    /// When it is due after now, in the group's calendar (S79).
    pub due: Option<Span>,
    /// What is to be ticked off before it is done.
    pub checklist: Vec<Text>,
    /// The tasks that must be over first.
    pub needs: Vec<TaskId>,
}

impl NewTask {
    /// A task with a name and what to do; the rest is filled in by assigning to its fields.
    ///
    /// ```
    /// use ticketry::engine::{NewTask, TaskCommand, What};
    /// let mut call = NewTask::new("call", "call the customer");
    /// call.due = "2bh".parse().ok();
    /// assert_eq!(What::Task(TaskCommand::Add(Box::new(call))).word(), "task");
    /// ```
    pub fn new(name: impl AsRef<str>, title: impl Into<Text>) -> Self {
        Self {
            name: TaskName::new(name),
            title: title.into(),
            owner: None,
            group: None,
            due: None,
            checklist: Vec::new(),
            needs: Vec::new(),
        }
    }
}

impl From<TaskCommand> for super::What {
    fn from(c: TaskCommand) -> Self {
        Self::Task(c)
    }
}
