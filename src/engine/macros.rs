//! Running a macro: each action becomes the person's own command, with the person's rights; all are done or none.

use super::actions::{self, unknown};
use super::authorize::allow;
use super::command::{NewMessage, What};
use super::draft::Draft;
use super::notify;
use super::perform;
use super::refusal::Refusal;
use crate::id::*;
use crate::ticket::*;
use std::collections::BTreeSet;

/// Does what a macro says, or gives all reasons why not.
pub(super) fn run(d: &mut Draft<'_>, name: &MacroName) -> Result<(), Refusal> {
    let Some(m) = d.ctx.playbook.macro_named(name.as_str()) else { return Err(unknown("macro", name.as_str())) };
    let mut all = Refusal::default();
    let steps: Vec<(&Action, Option<What>)> = m.actions.iter().map(|a| (a, command(name, a))).collect();
    for what in steps.iter().filter_map(|(_, what)| what.as_ref()) {
        if let Err(r) = allow(d.ctx.playbook, d.ctx.roster, d.actor, d.roles, what, Some(&d.ticket)) {
            let more: Vec<_> = r.reasons.into_iter().filter(|r| !all.reasons.contains(r)).collect();
            all.reasons.extend(more);
        }
    }
    all.done()?;
    d.push(Event::MacroRun(name.clone()), Cause::Command);
    let mut all = Refusal::default();
    for (action, what) in steps {
        let done = match (action, what) {
            // The body is filled in when its turn comes: it tells what the steps before it did.
            (Action::Reply(template), _) => from_template(d, template, MessageKind::Reply),
            (Action::NoteFrom(template), _) => from_template(d, template, MessageKind::Note),
            (_, Some(what)) => perform::perform(d, &what),
            (other, None) => actions::perform(d, other, &Cause::Command),
        };
        if let Err(r) = done {
            all.reasons.extend(r.reasons);
        }
    }
    all.done()
}

/// A message from a template, in the person's own name: a reply answers (S38).
fn from_template(d: &mut Draft<'_>, template: &TemplateName, kind: MessageKind) -> Result<(), Refusal> {
    let body = notify::body(d, template)?;
    perform::message(d, &NewMessage::new(notify::spoken(d, &body)), kind)
}

/// The command a person would give for an action; none for what has no command of its own and goes with the right to run macros.
fn command(name: &MacroName, action: &Action) -> Option<What> {
    let one = |t: &TagName| BTreeSet::from([t.clone()]);
    Some(match action {
        Action::Set { attribute, value, .. } => What::SetFields(vec![(attribute.clone(), value.clone())]),
        Action::Priority(level) => What::SetPriority { priority: Some(level.clone()), until: None },
        Action::Tag(t) => What::Tag { add: one(t), remove: BTreeSet::new() },
        Action::Untag(t) => What::Tag { add: BTreeSet::new(), remove: one(t) },
        Action::Route { group, skills } => What::HandOff { group: group.clone(), skills: skills.clone(), reason: name.to_string() },
        Action::Assign(agent) => What::Assign(agent.clone()),
        Action::Release => What::Release { reason: name.to_string() },
        Action::Watch(agent) => What::Watch { agent: agent.clone(), on: true },
        Action::Transition(t) => What::transition(t),
        Action::Note(body) => What::note(body.as_str()),
        Action::Reply(_) => What::reply(""),
        Action::NoteFrom(_) => What::note(""),
        Action::Link { kind, to } => What::Link(Link { kind: kind.clone(), to: LinkTarget::External(to.clone()) }),
        Action::Child { kind, subject } => {
            What::Kin(super::KinCommand::AddChild { new: Box::new(super::NewTicket::new(kind, subject.as_str(), "", "")), blocking: true })
        }
        Action::Task(t) => What::Task(super::task_command::TaskCommand::FromTemplate(t.clone())),
        Action::Webhook(_) | Action::Notify { .. } | Action::Score { .. } | Action::MarkAutomatic | Action::MarkThanks | Action::Stop => {
            return None;
        }
    })
}
