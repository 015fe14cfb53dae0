//! What a person is asked for when they take a transition.

use super::Context;
use super::actions::present;
use super::authorize::offers;
use super::refusal::Refusal;
use crate::condition::Customer;
use crate::diagnostic::Text;
use crate::id::*;
use crate::ticket::{Actor, Attribute, FieldKind, Ticket, Value};

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
    /// A comment must be given; it may always be.
    pub comment_required: bool,
    /// What stands against it that no answer in this form removes: rights, guards.
    pub refusal: Refusal,
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
    /// What it holds now.
    pub present: Option<Value>,
}

impl Form {
    /// The required fields that are still empty.
    pub fn missing(&self) -> impl Iterator<Item = &FormField> {
        self.fields.iter().filter(|f| f.required && f.present.is_none())
    }
}

/// The form of a transition for an actor; none where no transition of this name leaves the ticket's state.
pub fn form(ctx: &Context<'_>, ticket: &Ticket, transition: &TransitionName, actor: &Actor, customer: Option<&Customer>) -> Option<Form> {
    let workflow = ctx.playbook.workflow(&ticket.workflow)?;
    let (offer, mut refusal) =
        offers(ctx, workflow, ticket, actor, customer).into_iter().find(|(o, _)| o.transition.name == *transition)?;
    let blockers = offer.blockers.iter().filter(|b| !b.is_input());
    refusal.reasons.extend(blockers.cloned().map(Into::into));
    let t = offer.transition;
    let schema = ctx.playbook.schema();
    let most = |attribute: &Attribute, kind| match attribute {
        Attribute::Subject => FieldKind::Text { max: bytes(ctx.limits.subject) },
        Attribute::Description => FieldKind::Text { max: bytes(ctx.limits.description) },
        Attribute::Organisation => FieldKind::Text { max: bytes(ctx.limits.name) },
        _ => kind,
    };
    let fields = t.required.iter().map(|a| (a, true)).chain(t.optional.iter().map(|a| (a, false)));
    let fields = fields.filter_map(|(attribute, required)| {
        let definition = schema.attribute(attribute)?;
        let present = present(ticket, attribute).map(|(value, _)| value).filter(|v| !matches!(v, Value::Text(s) if s.is_empty()));
        let kind = most(attribute, definition.kind);
        Some(FormField { attribute: attribute.clone(), label: definition.label, kind, required, present })
    });
    Some(Form {
        transition: t.name.clone(),
        label: t.label.clone(),
        to: t.to.clone(),
        fields: fields.collect(),
        comment_required: t.comment_required,
        refusal,
    })
}

fn bytes(most: usize) -> u32 {
    u32::try_from(most).unwrap_or(u32::MAX)
}
