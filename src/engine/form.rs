//! What a person is asked for when they take a transition.

use super::Context;
use super::actions::present;
use super::authorize::offers;
use super::refusal::Refusal;
use crate::condition::{Customer, Path};
use crate::diagnostic::{Text, text};
use crate::id::*;
use crate::ticket::{Actor, Attribute, FieldKind, Scale, Task, TaskId, Ticket, Value};
use crate::workflow::{Blocker, TaskWait, Transition, Workflow};

/// A form: everything that can be given with a transition, so that a host can draw it.
///
/// What comes back goes into [`super::What::Transition`]; a value is checked there again, by the same schema.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Form {
    /// The transition; of alternatives the one that would be taken now.
    pub transition: TransitionName,
    /// Its label.
    pub label: Text,
    /// Where it leads; none: it stays.
    pub to: Option<StateName>,
    /// Fields, the required ones first, each in the order declared.
    pub fields: Vec<FormField>,
    /// The checklist of the state it leaves, if the transition wants it complete.
    pub checklist: Vec<FormItem>,
    /// The tasks it waits for, by name or as all that are open; where one of these is not over, the refusal says so.
    pub tasks: Vec<FormTask>,
    /// A comment must be given; it may always be.
    pub comment_required: bool,
    /// An attachment must be given; it may always be.
    pub attachment_required: bool,
    /// The resolution codes of which one must be given; none: it takes no code.
    pub resolution: Option<Scale>,
    /// The resolution code of this cycle, if one was given.
    pub resolved: Option<LevelName>,
    /// What stands against it that no answer in this form removes: rights, guards.
    pub refusal: Refusal,
}

/// An item of the checklist.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct FormItem {
    /// Its place in the list, from 0.
    pub item: u16,
    /// What is to be done.
    pub label: Text,
    /// It is ticked off.
    pub ticked: bool,
}

/// A task that a transition waits for.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct FormTask {
    /// Its name.
    pub name: TaskName,
    /// What is to be done.
    pub title: Text,
    /// The newest of this name in the present resolution cycle, for [`super::What::Task`]; none where there is none yet.
    pub task: Option<TaskId>,
    /// Nothing has to be done about it any more.
    pub over: bool,
}

/// Something a form still wants.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub enum Missing<'f> {
    /// A required field that is empty.
    Field(&'f FormField),
    /// An item that is not ticked off.
    Item(&'f FormItem),
    /// The comment.
    Comment,
    /// The attachment.
    Attachment,
    /// A resolution code.
    Resolution,
}

/// One field of a form.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct FormField {
    /// Which attribute.
    pub attribute: Attribute,
    /// Its label.
    pub label: Text,
    /// What it holds, with the options of a choice and the most bytes of a text.
    pub kind: FieldKind,
    /// It must be filled.
    pub required: bool,
    /// What it holds now; nothing where this person may not read it.
    pub present: Option<Value>,
    /// It holds something, whether this person may read it or not.
    pub filled: bool,
    /// This person may fill it in.
    pub writable: bool,
}

impl Form {
    /// Everything that must be given and is not there yet, the comment and the attachment among it.
    pub fn missing(&self) -> impl Iterator<Item = Missing<'_>> {
        let fields = self.fields.iter().filter(|f| f.required && !f.filled).map(Missing::Field);
        let items = self.checklist.iter().filter(|i| !i.ticked).map(Missing::Item);
        let code = self.resolution.as_ref().filter(|codes| !self.resolved.as_ref().is_some_and(|c| codes.has(c.as_str())));
        fields
            .chain(items)
            .chain(self.comment_required.then_some(Missing::Comment))
            .chain(self.attachment_required.then_some(Missing::Attachment))
            .chain(code.map(|_| Missing::Resolution))
    }
}

/// The form of a transition for an actor; none where no transition of this name leaves the ticket's state.
pub fn form(ctx: &Context<'_>, ticket: &Ticket, transition: &TransitionName, actor: &Actor, customer: Option<&Customer>) -> Option<Form> {
    let workflow = ctx.playbook.workflow(&ticket.workflow)?;
    let (offer, mut refusal) =
        offers(ctx, workflow, ticket, actor, customer).into_iter().find(|(o, _)| o.transition.name == *transition)?;
    let schema = ctx.playbook.schema();
    // A field that tickets of this type do not have nobody can fill in.
    let foreign = |b: &Blocker| b.code == "required" && b.field.as_ref().is_some_and(|a| !schema.has_field(&ticket.kind, a));
    let t = offer.transition;
    // Nor does an answer help against a check that reads nothing this form asks for.
    let asked = |p: &Path| {
        let mut attributes = t.required.iter().chain(&t.optional);
        *p == Path::MessageBody || attributes.any(|a| Path::of(a) == *p)
    };
    let answerable = t.check.iter().any(|c| c.require.reads().iter().any(asked));
    let beyond = |b: &Blocker| matches!(b.code, "check" | "check-fault") && !answerable;
    let blockers = offer.blockers.iter().filter(|b| !b.is_input() || foreign(b) || beyond(b));
    refusal.reasons.extend(blockers.cloned().map(Into::into));
    let roles = ctx.roster.roles_in(actor, ticket.group.as_ref());
    let fields = t.required.iter().map(|a| (a, true)).chain(t.optional.iter().map(|a| (a, false)));
    let fields = fields.filter(|(a, _)| schema.has_field(&ticket.kind, a)).filter_map(|(attribute, required)| {
        let present = present(ticket, attribute).map(|(value, _)| value).filter(|v| !v.is_blank());
        field(ctx, attribute, required, present, actor, roles)
    });
    let fields: Vec<FormField> = fields.collect();
    for f in fields.iter().filter(|f| f.required && !f.filled && !f.writable) {
        if let Attribute::Field(name) = &f.attribute {
            refusal.reasons.extend(super::authorize::not_writable(schema, name).reasons);
        }
    }
    let items = workflow.state(&ticket.state).filter(|_| t.checklist).map(|s| s.checklist.as_slice()).unwrap_or_default();
    let item = |(item, label): (u16, &Text)| FormItem { item, label: label.clone(), ticked: ticket.progress.ticked.contains(&item) };
    Some(Form {
        transition: t.name.clone(),
        label: t.label.clone(),
        to: t.to.clone(),
        fields,
        checklist: (0..).zip(items).map(item).collect(),
        tasks: tasks(workflow, t, ticket),
        comment_required: t.comment_required,
        attachment_required: t.attachment,
        resolution: t.resolution.clone(),
        resolved: ticket.progress.code(ticket.cycle).cloned(),
        refusal,
    })
}

fn tasks(workflow: &Workflow, t: &Transition, ticket: &Ticket) -> Vec<FormTask> {
    let one = |name: &TaskName, task: Option<&Task>| {
        let declared = || workflow.task(name).map_or_else(|| text(name.as_str(), name.as_str()), |d| d.title());
        let title = task.map_or_else(declared, |t| t.title.clone());
        let over = task.is_some_and(Task::serves);
        FormTask { name: name.clone(), title, task: task.map(|t| t.id), over }
    };
    let named = match t.waits_for() {
        TaskWait::Named(names) => names.as_slice(),
        TaskWait::None | TaskWait::All => &[],
    };
    let others = ticket.open_tasks().filter(|x| t.waits_for_all() && !named.contains(&x.name));
    named.iter().map(|n| one(n, ticket.task_named(n.as_str()))).chain(others.map(|x| one(&x.name, Some(x)))).collect()
}

fn bytes(most: usize) -> u32 {
    u32::try_from(most).unwrap_or(u32::MAX)
}

/// A field as an actor sees it; none for a field that there is not.
fn field(
    ctx: &Context<'_>,
    attribute: &Attribute,
    required: bool,
    present: Option<Value>,
    actor: &Actor,
    roles: &[RoleName],
) -> Option<FormField> {
    let schema = ctx.playbook.schema();
    let definition = schema.attribute(attribute)?;
    let kind = match attribute {
        Attribute::Subject => FieldKind::Text { max: bytes(ctx.limits.subject) },
        Attribute::Description => FieldKind::Text { max: bytes(ctx.limits.description) },
        Attribute::Organisation => FieldKind::Text { max: bytes(ctx.limits.name) },
        _ => definition.kind,
    };
    let (readable, writable) = match attribute {
        Attribute::Field(f) => (schema.may_read(f.as_str(), actor, roles), schema.may_write(f.as_str(), actor, roles)),
        _ => (true, true),
    };
    let filled = present.is_some();
    Some(FormField {
        attribute: attribute.clone(),
        label: definition.label,
        kind,
        required,
        present: present.filter(|_| readable),
        filled,
        writable,
    })
}

/// What a person is asked for when they make a ticket of a type (S67, S83).
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct CreationForm {
    /// The type.
    pub kind: TypeName,
    /// Its label.
    pub label: Text,
    /// The states it may begin in, the default first.
    pub states: Vec<StateName>,
    /// Fields, the required ones first; what they hold is the schema's default. Fields that this person may not write are left out, unless they are required.
    pub fields: Vec<FormField>,
    /// The templates for it, with their labels.
    pub templates: Vec<(TemplateName, Text)>,
    /// What no answer in this form removes: rights.
    pub refusal: Refusal,
}

/// The form of a new ticket for an actor; none where there is no such type.
pub fn creation_form(ctx: &Context<'_>, kind: &TypeName, actor: &Actor) -> Option<CreationForm> {
    let schema = ctx.playbook.schema();
    let definition = schema.types.get(kind)?;
    let workflow = ctx.playbook.workflow_for(kind)?;
    let roles = ctx.roster.roles(actor);
    let of_type = schema.fields.iter().filter(|(f, _)| schema.has_field(kind, &Attribute::Field((*f).clone())));
    let own = of_type.map(|(f, d)| (Attribute::Field(f.clone()), d.required || definition.required.contains(f), d.default.clone()));
    let built_in = [Attribute::Subject, Attribute::Description, Attribute::Category, Attribute::Impact, Attribute::Urgency];
    let all = built_in.into_iter().map(|a| (a.clone(), a == Attribute::Subject, None)).chain(own);
    let mut fields: Vec<FormField> = all
        .filter_map(|(attribute, required, default)| field(ctx, &attribute, required, default, actor, roles))
        .filter(|f| f.writable || f.required)
        .collect();
    fields.sort_by_key(|f| !f.required);
    let requester = match actor {
        Actor::Requester(id) => id.as_str(),
        _ => "",
    };
    let what = super::What::Create(Box::new(super::NewTicket::new(kind, "", requester, "")));
    Some(CreationForm {
        kind: kind.clone(),
        label: definition.label.clone(),
        states: workflow.initials().to_vec(),
        fields,
        templates: schema.ticket_templates.iter().filter(|(_, t)| t.kind == *kind).map(|(n, t)| (n.clone(), t.label.clone())).collect(),
        refusal: super::authorize(ctx, actor, &what, None).refusal,
    })
}
