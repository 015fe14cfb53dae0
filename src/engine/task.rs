//! Tasks of a ticket: commands, templates, due instants, and what a move of the ticket means for them.

use super::actions::{room, takes_more, too_many, unknown};
use super::draft::Draft;
use super::perform::named;
use super::refusal::Refusal;
use super::task_command::{NewTask, TaskCommand};
use super::transition;
use crate::calendar::Calendar;
use crate::diagnostic::{Lang, text};
use crate::id::*;
use crate::routing::OnAway;
use crate::ticket::*;
use crate::workflow::{TaskDefinition, TaskOwner, Workflow};

/// Does what a command on tasks asks, or gives all reasons why not.
pub(super) fn command(d: &mut Draft<'_>, command: &TaskCommand) -> Result<(), Refusal> {
    let cause = Cause::Command;
    match command {
        TaskCommand::Add(new) => add(d, new),
        TaskCommand::FromTemplate(name) => {
            may(d, None)?;
            from_template(d, name, &cause)
        }
        TaskCommand::Assign { task, owner, group } => {
            let (t, mut all) = theirs(d, *task)?;
            still_open(&t, &mut all);
            known(d, owner.as_ref(), group.as_ref(), &mut all);
            all.done()?;
            if t.owner != *owner || t.group != *group {
                let what = TaskChange::Assigned { owner: owner.clone(), group: group.clone(), why: "assigned".into() };
                happen(d, &t, what, &cause);
            }
            Ok(())
        }
        TaskCommand::Take(task) => {
            let (t, mut all) = theirs(d, *task)?;
            still_open(&t, &mut all);
            let me = d.actor.as_agent().cloned();
            if me.is_none() {
                all.add("not-an-agent", text("only an agent can take a task", "只有坐席可以领取任务"));
            }
            if t.owner.is_some() && t.owner != me {
                all.add("task-taken", text("somebody has the task already; assign it instead", "任务已有负责人，请改用指派"));
            }
            all.done()?;
            if t.owner != me {
                happen(d, &t, TaskChange::Assigned { owner: me, group: t.group.clone(), why: "taken".into() }, &cause);
            }
            Ok(())
        }
        TaskCommand::Tick { task, item, on } => {
            let (t, mut all) = theirs(d, *task)?;
            still_open(&t, &mut all);
            let ticked = t.checklist.get(*item).map(|i| i.done);
            if ticked.is_none() {
                let n = t.checklist.len();
                all.add("no-such-item", text(format!("the task has {n} things to tick off"), format!("任务清单共 {n} 项")));
            }
            all.done()?;
            if ticked != Some(*on) {
                happen(d, &t, TaskChange::Ticked { item: u8::try_from(*item).unwrap_or(u8::MAX), on: *on }, &cause);
            }
            Ok(())
        }
        TaskCommand::Note { task, note } => {
            let (t, mut all) = theirs(d, *task)?;
            short(note, "note", &mut all);
            all.done()?;
            if t.note != *note {
                happen(d, &t, TaskChange::Noted { note: note.clone() }, &cause);
            }
            Ok(())
        }
        TaskCommand::Needs { task, on } => needs(d, *task, *on),
        TaskCommand::Done { task, outcome, note } => done(d, *task, outcome.as_ref(), note.as_ref()),
        TaskCommand::Cancel { task, reason } => {
            let (t, mut all) = theirs(d, *task)?;
            still_open(&t, &mut all);
            all.reasons.extend(named(d, reason).err().into_iter().flat_map(|r| r.reasons));
            all.done()?;
            happen(d, &t, TaskChange::Cancelled { reason: reason.clone() }, &cause);
            advance(d, &cause);
            Ok(())
        }
        TaskCommand::Reopen(task) => reopen(d, *task),
    }
}

fn find(d: &Draft<'_>, id: TaskId) -> Result<Task, Refusal> {
    d.ticket.task(id).cloned().ok_or_else(|| Refusal::one("no-task", text("the ticket has no such task", "工单没有这项任务")))
}

/// The task a command is about, with what stands against the acting person.
fn theirs(d: &Draft<'_>, id: TaskId) -> Result<(Task, Refusal), Refusal> {
    let t = find(d, id)?;
    let against = may(d, Some(&t)).err().unwrap_or_default();
    Ok((t, against))
}

/// Whether the acting person may do something with a task, or add one.
fn may(d: &Draft<'_>, task: Option<&Task>) -> Result<(), Refusal> {
    let Some(me) = d.actor.as_agent() else { return Ok(()) };
    let own = task.and_then(|t| t.owner.as_ref()) == Some(me) || d.ticket.assignee.as_ref() == Some(me);
    let group = task.and_then(|t| t.group.as_ref()).or(d.ticket.group.as_ref());
    let member = group.is_none_or(|g| d.ctx.roster.agent(me).is_some_and(|a| a.groups.contains(g)));
    if own || member {
        return Ok(());
    }
    Err(Refusal::one(
        "not-your-task",
        text("a task is for its owner, its group and the ticket's assignee", "任务仅限负责人、所属处理组及工单处理人操作"),
    ))
}

fn still_open(t: &Task, all: &mut Refusal) {
    if t.state.is_over() {
        all.add("task-over", text("the task is over; reopen it first", "任务已结束，请先重新打开"));
    }
}

fn short(s: &str, what: &str, all: &mut Refusal) {
    let most = Task::TEXT;
    if s.len() > most {
        let n = s.len();
        all.add("too-long", text(format!("`{what}` is {n} bytes, at most {most} fit"), format!("`{what}` 共 {n} 字节，最多 {most} 字节")));
    }
}

fn known(d: &Draft<'_>, owner: Option<&AgentId>, group: Option<&GroupId>, all: &mut Refusal) {
    if let Some(o) = owner.filter(|o| d.ctx.roster.agent(o).is_none()) {
        all.reasons.extend(unknown("agent", o.as_str()).reasons);
    }
    if let Some(g) = group.filter(|g| !d.ctx.playbook.schema().groups.contains_key(*g)) {
        all.reasons.extend(unknown("group", g.as_str()).reasons);
    }
}

fn exists(d: &Draft<'_>, name: &TaskName, all: &mut Refusal) {
    if d.ticket.open_tasks().any(|t| t.name == *name) {
        all.add("task-exists", text(format!("a task `{name}` is open already"), format!("任务 `{name}` 已存在且未完成")));
    }
}

fn calendar<'c>(d: &Draft<'c>, own: Option<&CalendarName>, group: Option<&GroupId>) -> &'c Calendar {
    let playbook = d.ctx.playbook;
    let group = group.or(d.ticket.group.as_ref());
    playbook.calendars().resolve(own, playbook.schema().group_calendar(group))
}

/// When a task is due that opens now: by its template, else as it stands.
fn due_now(d: &Draft<'_>, t: &Task) -> Option<UtcInstant> {
    let workflow: &Workflow = d.workflow;
    match workflow.task(&t.name) {
        Some(def) => def.due.and_then(|span| calendar(d, def.calendar.as_ref(), t.group.as_ref()).due(d.at, span)),
        None => t.due,
    }
}

fn happen(d: &mut Draft<'_>, t: &Task, what: TaskChange, cause: &Cause) {
    d.push(Event::Task(Box::new(TaskEvent { task: t.id, name: t.name.clone(), what })), cause.clone());
}

/// What it needs is over, or was long ago.
fn free(d: &Draft<'_>, t: &Task) -> bool {
    !t.needs.iter().any(|n| d.ticket.task(*n).is_some_and(Task::is_open))
}

/// Opens a waiting task.
fn open(d: &mut Draft<'_>, t: &Task, cause: &Cause) {
    let due = due_now(d, t);
    happen(d, t, TaskChange::Opened { due }, cause);
    late(d, t, due, cause);
}

/// A due instant of its own may have passed while it waited.
fn late(d: &mut Draft<'_>, t: &Task, due: Option<UtcInstant>, cause: &Cause) {
    if due.is_some_and(|due| due < d.at) {
        happen(d, t, TaskChange::Overdue, cause);
    }
}

/// Opens every task that waits for nothing any more.
fn advance(d: &mut Draft<'_>, cause: &Cause) {
    let waits = |t: &&Task| t.state == TaskState::Waiting && t.until.is_none();
    let ready: Vec<Task> = d.ticket.tasks.iter().filter(waits).filter(|t| free(d, t)).cloned().collect();
    for t in ready {
        open(d, &t, cause);
    }
}

fn add(d: &mut Draft<'_>, new: &NewTask) -> Result<(), Refusal> {
    let mut all = may(d, None).err().unwrap_or_default();
    takes_more(d, &mut all);
    all.reasons.extend(named(d, new.name.as_str()).err().into_iter().flat_map(|r| r.reasons));
    if new.name.as_str().trim().is_empty() {
        all.add("empty-name", text("a task needs a name", "任务必须有名称"));
    }
    let workflow: &Workflow = d.workflow;
    if workflow.task(&new.name).is_some() {
        let name = &new.name;
        all.add(
            "task-is-template",
            text(format!("`{name}` is a template; make the task from it"), format!("`{name}` 是模板，请按模板新建")),
        );
    }
    exists(d, &new.name, &mut all);
    short(&new.title, "title", &mut all);
    for item in &new.checklist {
        short(item, "checklist", &mut all);
    }
    for (what, n, most) in [("things to tick off", new.checklist.len(), Task::ITEMS), ("needs", new.needs.len(), Task::NEEDS)] {
        if n > most {
            all.reasons.extend(too_many(what, most).reasons);
        }
    }
    if new.needs.iter().any(|n| d.ticket.task(*n).is_none()) {
        all.add("no-task", text("the ticket has no such task", "工单没有这项任务"));
    }
    known(d, new.owner.as_ref(), new.group.as_ref(), &mut all);
    all.done()?;
    let plain = |s: &Text| text(&**s, &**s);
    let due = new.due.and_then(|span| calendar(d, None, new.group.as_ref()).due(d.at, span));
    let task = Task {
        title: plain(&new.title),
        owner: new.owner.clone(),
        group: new.group.clone(),
        due,
        needs: new.needs.clone(),
        checklist: new.checklist.iter().map(|t| TaskItem { text: plain(t), done: false }).collect(),
        ..blank(d, &new.name)
    };
    put(d, task, &Cause::Command).map(drop)
}

/// A task of the present cycle with nothing in it.
fn blank(d: &Draft<'_>, name: &TaskName) -> Task {
    let index = u32::try_from(d.events.len()).unwrap_or(u32::MAX);
    Task {
        id: TaskId::of(d.ticket.id, d.revision, index),
        name: name.clone(),
        title: crate::diagnostic::Text::default(),
        state: TaskState::Open,
        owner: None,
        group: None,
        due: None,
        overdue: false,
        until: None,
        needs: Vec::new(),
        checklist: Vec::new(),
        outcome: None,
        note: Text::default(),
        tries: 0,
        counts: false,
        cycle: d.ticket.cycle,
    }
}

/// Puts a new task down, as far as there is room.
fn put(d: &mut Draft<'_>, mut task: Task, cause: &Cause) -> Result<TaskId, Refusal> {
    if d.ticket.open_tasks().count() >= Task::MOST {
        return Err(too_many("tasks", Task::MOST));
    }
    room(d, task.weight(), ("task", "任务"))?;
    if free(d, &task) {
        task.due = due_now(d, &task);
    } else {
        task.state = TaskState::Waiting;
    }
    let id = task.id;
    happen(d, &task.clone(), TaskChange::Added(Box::new(task)), cause);
    Ok(id)
}

/// Makes a task from a template of the ticket's workflow; nothing if one of it is open.
pub(super) fn from_template(d: &mut Draft<'_>, name: &TaskName, cause: &Cause) -> Result<(), Refusal> {
    let workflow: &Workflow = d.workflow;
    let Some(def) = workflow.task(name) else { return Err(unknown("task", name.as_str())) };
    let mut all = Refusal::default();
    takes_more(d, &mut all);
    all.done()?;
    make(d, def, cause)
}

fn make(d: &mut Draft<'_>, def: &TaskDefinition, cause: &Cause) -> Result<(), Refusal> {
    if d.ticket.open_tasks().any(|t| t.name == def.name) { Ok(()) } else { instance(d, def, cause).map(drop) }
}

/// A task by its template, and by theirs what it needs. Templates have no cycle: that is checked when they are loaded.
fn instance(d: &mut Draft<'_>, def: &TaskDefinition, cause: &Cause) -> Result<TaskId, Refusal> {
    let workflow: &Workflow = d.workflow;
    let mut needs = Vec::with_capacity(def.needs.len());
    for name in &def.needs {
        let there = d.ticket.task_named(name.as_str()).map(|t| t.id);
        match (there, workflow.task(name)) {
            (Some(id), _) => needs.push(id),
            (None, Some(need)) => needs.push(instance(d, need, cause)?),
            (None, None) => {}
        }
    }
    let owner = match &def.owner {
        Some(TaskOwner::Assignee) => d.ticket.assignee.clone(),
        Some(TaskOwner::Owner) => d.ticket.owner.clone(),
        Some(TaskOwner::Agent(a)) => Some(a.clone()).filter(|a| d.ctx.roster.agent(a).is_some()),
        None => None,
    };
    let checklist = def.checklist.iter().map(|t| TaskItem { text: t.clone(), done: false }).collect();
    let task = Task { title: def.title(), owner, group: def.group.clone(), needs, checklist, ..blank(d, &def.name) };
    put(d, task, cause)
}

fn needs(d: &mut Draft<'_>, task: TaskId, on: TaskId) -> Result<(), Refusal> {
    let (t, mut all) = theirs(d, task)?;
    let other = find(d, on)?;
    still_open(&t, &mut all);
    if depends(&d.ticket.tasks, on, task) {
        let (a, b) = (&t.name, &other.name);
        all.add(
            "task-cycle",
            text(format!("`{b}` needs `{a}` already, so neither could begin"), format!("`{b}` 已依赖 `{a}`，两者将互相等待")),
        );
    }
    if t.until.is_some() {
        all.add("task-waits", text("the task waits for another try", "任务正在等待重试"));
    }
    if t.needs.len() >= Task::NEEDS && !t.needs.contains(&on) {
        all.reasons.extend(too_many("needs", Task::NEEDS).reasons);
    }
    all.done()?;
    if !t.needs.contains(&on) {
        happen(d, &t, TaskChange::Needs { on, waits: other.is_open() }, &Cause::Command);
    }
    Ok(())
}

fn done(d: &mut Draft<'_>, task: TaskId, outcome: Option<&OutcomeName>, note: Option<&Text>) -> Result<(), Refusal> {
    let cause = Cause::Command;
    let (t, mut all) = theirs(d, task)?;
    let workflow: &Workflow = d.workflow;
    let def = workflow.task(&t.name);
    still_open(&t, &mut all);
    if t.state == TaskState::Waiting && t.until.is_none() {
        all.add("task-waits", text("tasks it needs are not over yet", "所依赖的任务尚未完成"));
    }
    let left: Vec<_> = t.checklist.iter().filter(|i| !i.done).map(|i| &i.text).collect();
    if !left.is_empty() {
        let (en, zh): (Vec<&str>, Vec<&str>) = left.iter().map(|l| (l.get(Lang::En), l.get(Lang::Zh))).unzip();
        all.add("task-unticked", text(format!("not ticked off yet: {}", en.join("; ")), format!("尚未勾选：{}", zh.join("；"))));
    }
    let declared = def.map(|def| def.outcomes.as_slice()).unwrap_or_default();
    let chosen = outcome.and_then(|o| def.and_then(|def| def.outcome(o)));
    let words = declared.iter().map(|o| format!("`{}`", o.name)).collect::<Vec<_>>().join(", ");
    match outcome {
        None if !declared.is_empty() => {
            all.add("outcome-needed", text(format!("say how it came out: {words}"), format!("请填写结果：{words}")));
        }
        Some(o) if chosen.is_none() => {
            all.add(
                "unknown-outcome",
                text(format!("it cannot come out `{o}`; declared are {words}"), format!("没有结果 `{o}`；可取值：{words}")),
            );
        }
        _ => {}
    }
    if let Some(n) = note {
        short(n, "note", &mut all);
    }
    all.done()?;
    if let Some(n) = note.filter(|n| **n != t.note) {
        happen(d, &t, TaskChange::Noted { note: n.clone() }, &cause);
    }
    if let Some(o) = chosen.filter(|o| t.tries < o.times)
        && let Some(until) = o.retry.and_then(|span| calendar(d, def.and_then(|x| x.calendar.as_ref()), t.group.as_ref()).due(d.at, span))
    {
        happen(d, &t, TaskChange::Retried { outcome: o.name.clone(), until }, &cause);
        return Ok(());
    }
    let last = d.ticket.open_tasks().all(|x| x.id == t.id);
    let taken = chosen.and_then(|o| o.transition.as_ref());
    // What leads elsewhere is no fulfilment of what waits for the task; what leads just there is.
    let counts = taken.is_none_or(|name| d.workflow.waits_for(&d.ticket.state, name, &t.name));
    happen(d, &t, TaskChange::Done { outcome: outcome.cloned(), counts, last }, &cause);
    advance(d, &cause);
    // The move is what the template declares of this outcome, not the person's own: roles do not apply, guards do.
    taken.map_or(Ok(()), |name| transition::take(d, &super::TransitionInput::new(name), &Cause::System))
}

fn reopen(d: &mut Draft<'_>, task: TaskId) -> Result<(), Refusal> {
    let (t, mut all) = theirs(d, task)?;
    takes_more(d, &mut all);
    if t.is_open() {
        all.add("task-not-over", text("the task is not over", "任务尚未结束"));
    } else {
        exists(d, &t.name, &mut all);
    }
    all.done()?;
    let waits = !free(d, &t);
    let due = if waits { None } else { due_now(d, &t) };
    happen(d, &t, TaskChange::Reopened { due, waits }, &Cause::Command);
    late(d, &t, due, &Cause::Command);
    Ok(())
}

/// A task's time has come: it is overdue, or comes back for another try.
pub(super) fn fire(d: &mut Draft<'_>, task: TaskId, cause: &Cause) {
    let Some(t) = d.ticket.task(task).cloned() else { return };
    match t.state {
        TaskState::Waiting => open(d, &t, cause),
        TaskState::Open => happen(d, &t, TaskChange::Overdue, cause),
        TaskState::Done | TaskState::Cancelled => {}
    }
}

/// The ticket left a state and entered the one it is in: tasks end with the one, and begin with the other.
pub(super) fn moved(d: &mut Draft<'_>, from: &StateName) {
    let workflow: &Workflow = d.workflow;
    let last = d.ticket.class.is_final();
    let listed = workflow.state(from).map(|s| s.tasks.as_slice()).unwrap_or_default();
    let ends = |t: &Task| last || (listed.contains(&t.name) && workflow.task(&t.name).is_some_and(|def| def.cancel_on_leave));
    let over: Vec<Task> = d.ticket.open_tasks().filter(|t| ends(t)).cloned().collect();
    for t in &over {
        let reason = if last { "final" } else { "left" };
        happen(d, t, TaskChange::Cancelled { reason: reason.into() }, &Cause::System);
    }
    if !over.is_empty() {
        advance(d, &Cause::System);
    }
    entered(d);
}

/// Makes the tasks of the state the ticket is in.
pub(super) fn entered(d: &mut Draft<'_>) {
    let workflow: &Workflow = d.workflow;
    let names = workflow.state(&d.ticket.state).map(|s| s.tasks.as_slice()).unwrap_or_default();
    for def in names.iter().filter_map(|n| workflow.task(n)) {
        super::actions::attempt(d, def.name.as_str(), "task", &Cause::System, |d| make(d, def, &Cause::System));
    }
}

/// Tasks whose owner is away follow the policy of their group: kept, given to the stand-in, or anybody's of the group (S85).
pub(super) fn absent(d: &mut Draft<'_>) {
    let (routing, calendars) = (d.ctx.playbook.routing(), d.ctx.playbook.calendars());
    let owned: Vec<(Task, AgentId)> = d.ticket.open_tasks().filter_map(|t| Some((t.clone(), t.owner.clone()?))).collect();
    for (t, owner) in owned {
        let group = t.group.as_ref().or(d.ticket.group.as_ref());
        let to = match routing.on_away_of(&owner, group, d.ctx.roster, calendars, d.at) {
            None | Some((_, OnAway::Keep)) => continue,
            Some((_, OnAway::Backup(b))) => Some(b),
            Some((_, OnAway::Queue)) => None,
        };
        happen(d, &t, TaskChange::Assigned { owner: to, group: t.group.clone(), why: "absent".into() }, &Cause::System);
    }
}
