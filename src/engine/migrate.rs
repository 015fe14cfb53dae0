//! Migrations of one ticket (S10, S11, S89): by a map, back again, or to another type.

use super::actions;
use super::draft::Draft;
use super::refusal::Refusal;
use super::transition;
use crate::diagnostic::text;
use crate::id::*;
use crate::playbook::Migration;
use crate::ticket::*;
use crate::workflow::Workflow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How a ticket is to go on elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub enum Migrate {
    /// By a map from the version it is pinned to; a ticket pinned to another is left as it is.
    By(Arc<Migration>),
    /// Back to where a migration took it from, unless it has moved since.
    Back(Box<Migrated>),
    /// Another type, whose workflow may be another: then its state needs a place there, since equal names are no map (S10). It neither ends the ticket nor opens it again, and gets it past no
    /// approval, open task or child.
    Type {
        /// The type.
        kind: TypeName,
        /// Where a ticket goes on that is in one of these states.
        states: BTreeMap<StateName, StateName>,
    },
}

impl Migrate {
    /// It is part of a migration of many, which no agent may do unless a right says so.
    pub fn of_many(&self) -> bool {
        !matches!(self, Self::Type { .. })
    }
}

/// Migrates, or says why not.
pub(super) fn migrate(d: &mut Draft<'_>, how: &Migrate) -> Result<(), Refusal> {
    match how {
        Migrate::By(m) => by(d, m),
        Migrate::Back(done) => back(d, done),
        Migrate::Type { kind, states } => retype(d, kind, states),
    }
}

fn by(d: &mut Draft<'_>, m: &Migration) -> Result<(), Refusal> {
    // One that was merged stands still: what it comes back to when that is undone is of the version it is pinned to.
    if d.ticket.workflow != m.from || d.ticket.kin.merged_into.is_some() {
        return Ok(());
    }
    let Some(new) = d.ctx.playbook.workflow(&m.to) else { return Err(super::decide::no_workflow(&m.to)) };
    let Some(state) = m.state_of(&d.ticket.state, new) else { return Err(no_map(&d.ticket.state, new)) };
    let fields: Vec<FieldName> = d.ticket.fields.keys().filter(|f| m.values.contains_key(f.as_str())).cloned().collect();
    let before = d.ticket.standing(&fields);
    let mut after = before.clone();
    m.rename(&mut after);
    go(d, new, &state, after, m.name.clone(), m.digest())
}

fn back(d: &mut Draft<'_>, done: &Migrated) -> Result<(), Refusal> {
    if !done.left(&d.ticket) {
        return Err(Refusal::one(
            "moved-since",
            text("the ticket has moved since it was migrated; it stays where it is", "工单迁移后已有流转，保持现状"),
        ));
    }
    let Some(old) = d.ctx.playbook.workflow(&done.before.workflow) else { return Err(super::decide::no_workflow(&done.before.workflow)) };
    let mut undone = done.undone();
    // What somebody set since is kept; so is what the ticket has besides.
    let now = d.ticket.standing(undone.before.fields.keys());
    let (was, to) = (&undone.before, &mut undone.after);
    keep(&now.category, &was.category, &mut to.category);
    keep(&now.impact, &was.impact, &mut to.impact);
    keep(&now.urgency, &was.urgency, &mut to.urgency);
    keep(&now.priority, &was.priority, &mut to.priority);
    keep(&now.group, &was.group, &mut to.group);
    keep(&now.skills, &was.skills, &mut to.skills);
    for (name, value) in &now.fields {
        if was.fields.get(name) != Some(value) {
            to.fields.insert(name.clone(), value.clone());
        }
    }
    if now.unanswered != was.unanswered {
        to.unanswered = now.unanswered;
    }
    undone.before = now;
    put(d, old, undone)
}

/// Where a value is no longer what the migration made it, it stays.
fn keep<T: Clone + PartialEq>(now: &T, was: &T, to: &mut T) {
    if now != was {
        to.clone_from(now);
    }
}

fn retype(d: &mut Draft<'_>, kind: &TypeName, states: &BTreeMap<StateName, StateName>) -> Result<(), Refusal> {
    if d.ticket.kin.merged_into.is_some() {
        return Err(super::merge::merged(&d.ticket));
    }
    let Some(def) = d.ctx.playbook.schema().types.get(kind) else { return Err(actions::unknown("type", kind.as_str())) };
    let Some(newest) = d.ctx.playbook.workflow_for(kind) else { return Err(actions::unknown("type", kind.as_str())) };
    if d.ticket.kind == *kind {
        return Ok(());
    }
    let mut all = Refusal::default();
    for name in def.required.iter().filter(|f| !d.ticket.fields.contains_key(*f)) {
        all.about(Attribute::Field(name.clone()), "required", text(format!("`{name}` is required"), format!("`{name}` 为必填项")));
    }
    // Within one workflow there is nothing to map: the ticket keeps its version and its state.
    let same = newest.name() == d.workflow.name();
    let new = if same { d.workflow } else { newest };
    let state =
        if same { Some(d.ticket.state.clone()) } else { new.machine().take_over(&d.ticket.state, states).map(|p| p.state().clone()) };
    let Some(state) = state else {
        all.reasons.extend(no_map(&d.ticket.state, new).reasons);
        return Err(all);
    };
    // Whoever may end or reopen a ticket does so by a transition, with all that asks for.
    if let Some(s) = new.state(&state).filter(|s| s.class.is_final() != d.ticket.class.is_final()) {
        let (name, class) = (&s.name, s.class.label());
        all.add(
            "not-by-type",
            text(
                format!("a change of type neither ends a ticket nor opens it again, and `{name}` is {}; map it to another state, then take a transition", class.en),
                format!("变更类型不会结束或重新打开工单，而 `{name}` 属于{}；请映射到其他状态后再执行流转", class.zh),
            ),
        );
    }
    all.done()?;
    let mut after = d.ticket.standing([]);
    after.kind = kind.clone();
    go(d, new, &state, after, String::new(), Digest::default())
}

/// Works the new stay out, from the arrival in the old one, and puts it down.
fn go(d: &mut Draft<'_>, new: &Workflow, state: &StateName, mut after: Standing, migration: String, digest: Digest) -> Result<(), Refusal> {
    let Some(state) = new.state(state) else { return Err(no_map(state, new)) };
    let before = d.ticket.standing(after.fields.keys());
    after.workflow = new.reference();
    if (&before.workflow, &before.stay.state) != (&after.workflow, &state.name) {
        let group = after.group.as_ref();
        let mut stay = transition::stay(d.ctx.playbook, new, state, group, d.ticket.state_since, &d.ticket.timers);
        // A time rule's moment that has passed is not made up for: it has been, or the rule came later. One that runs goes on.
        stay.timers.retain(|t| matches!(t.kind, TimerKind::Transition(_)) || t.at > d.at || before.stay.timers.contains(t));
        stay.timers.sort();
        after.limit_passed = before.limit_passed && stay.limit.is_some_and(|at| at <= d.at);
        after.stay = stay;
        // Ticks are places in a list: of another list they would say what nobody ticked.
        if d.workflow.state(&before.stay.state).is_none_or(|s| s.checklist != state.checklist) {
            after.ticked.clear();
        }
    }
    let (was, is) = (before.stay.class, after.stay.class);
    if is.begins_work(Some(was)) {
        after.started_at = after.started_at.or(Some(d.at));
    }
    if is.ends_work(Some(was)) {
        after.resolved_at = Some(d.at);
        after.unanswered = None;
    }
    put(d, new, Migrated { migration, digest, back: false, before, after })
}

/// Puts a migration down, with what its new state says of slots and cycles.
fn put(d: &mut Draft<'_>, workflow: &Workflow, done: Migrated) -> Result<(), Refusal> {
    let (was, is) = (done.before.stay.class, done.after.stay.class);
    let holds = workflow.state(&done.after.stay.state).is_some_and(|s| s.holds_slots) && !is.is_final();
    let before = &done.before;
    let old = d.ctx.playbook.workflow(&before.workflow).and_then(|w| w.state(&before.stay.state));
    // Slots somebody gave it against what the state says stay, where the states agree.
    let as_before = old.is_some_and(|s| (s.holds_slots && !was.is_final()) == holds);
    let back = done.back;
    let by_hand = done.migration.is_empty() && before.workflow.name != done.after.workflow.name;
    // Nor does one get it past what must end first (S13).
    let against = workflow.unended(&done.after.stay.state, &d.ticket);
    transition::unseen_kin(d, &against);
    Refusal::from(against).done()?;
    let entered = (&before.workflow, &before.stay.state) != (&done.after.workflow, &done.after.stay.state);
    let (left, from) = (d.workflow, before.stay.state.clone());
    d.push(Event::Migrated(Box::new(done)), Cause::Command);
    if by_hand {
        super::approval::elsewhere(d, (left, &from), workflow);
    }
    if entered {
        // No migration gets a ticket past an approval (S12): as it stands now, with the values it has now.
        let against = workflow.unapproved(&d.ticket.state, &d.view("migrate"));
        Refusal::from(against).done()?;
    }
    if was.is_final() && !is.is_final() && !back {
        let cycle = d.ticket.cycle.saturating_add(1);
        d.push(Event::Reopened { cycle }, Cause::System);
    }
    if !as_before {
        transition::hold_slots(d, holds);
    }
    Ok(())
}

fn no_map(state: &StateName, to: &Workflow) -> Refusal {
    let names = to.states().iter().map(|s| s.name.to_string()).collect::<Vec<_>>().join(", ");
    Refusal::one(
        "no-map",
        text(
            format!(
                "nothing says where a ticket in `{state}` goes on in version {} of the workflow `{}`; equal names are no map; its states are {names}",
                to.version(),
                to.name()
            ),
            format!(
                "未说明处于 `{state}` 的工单在流程 `{}` 第 {} 版中从哪个状态继续；同名不等于映射；可选状态：{names}",
                to.name(),
                to.version()
            ),
        ),
    )
}
