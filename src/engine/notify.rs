//! Notifications and replies: recipients, templates, and the limits that let mail loops die (S81).

use super::actions::{automatic, unknown};
use super::draft::Draft;
use super::refusal::Refusal;
use crate::diagnostic::text;
use crate::id::*;
use crate::ticket::*;
use chrono::TimeDelta;

/// Decides on a notification: journalled always, sent unless suppressed.
pub(super) fn notify(d: &mut Draft<'_>, to: &Recipient, template: &TemplateName, cause: &Cause) -> Result<(), Refusal> {
    let body = body(d, template)?;
    let agents = match to {
        Recipient::Requester => Vec::new(),
        _ => d.ctx.roster.recipients(to, &d.ticket, d.at),
    };
    let suppressed = if *to == Recipient::Requester {
        too_many(d).then(|| "too-many".to_string())
    } else {
        agents.is_empty().then(|| "nobody".to_string())
    };
    d.push(Event::Notified { to: to.clone(), template: template.clone(), suppressed: suppressed.clone() }, cause.clone());
    if suppressed.is_none() {
        let requester = (*to == Recipient::Requester).then(|| d.ticket.requester.clone());
        d.effect(EffectKind::Notification { to: to.clone(), agents, requester, template: template.clone(), body });
    }
    Ok(())
}

/// Whether the requester has been told enough for this hour: a loop through a mail server dies of it (S81).
fn too_many(d: &Draft<'_>) -> bool {
    let hour = d.at.checked_sub_signed(TimeDelta::hours(1)).unwrap_or(d.at);
    let recent = d.ticket.notified.iter().filter(|t| t.0 > hour).count();
    recent >= d.ctx.playbook.settings().notifications_per_hour as usize
}

/// Writes to the requester from a template: automatic (S22), and among the notifications that are counted (S81).
pub(super) fn reply(d: &mut Draft<'_>, template: &TemplateName, cause: &Cause) -> Result<(), Refusal> {
    let body = body(d, template)?;
    let suppressed = too_many(d).then(|| "too-many".to_string());
    let silent = suppressed.is_some();
    d.push(Event::Notified { to: Recipient::Requester, template: template.clone(), suppressed }, cause.clone());
    if silent {
        return Ok(());
    }
    let message = automatic(d, MessageKind::Reply, Audience::Requester, spoken(d, &body).into());
    d.effect(EffectKind::Outbound(message.clone()));
    d.push(Event::MessageAdded(Box::new(message)), cause.clone());
    Ok(())
}

/// A template's text in both languages, filled in.
pub(super) fn body(d: &Draft<'_>, template: &TemplateName) -> Result<crate::diagnostic::Text, Refusal> {
    let Some(def) = d.ctx.playbook.schema().templates.get(template) else { return Err(unknown("template", template.as_str())) };
    Ok(text(fill(&def.body.en, d, false), fill(&def.body.zh, d, true)))
}

/// The text in the language of the message that is answered, else in the one the playbook says; both, one after the other, where it says none.
pub(super) fn spoken(d: &Draft<'_>, body: &crate::diagnostic::Text) -> String {
    use crate::diagnostic::Lang;
    let of = |l: &str| match l.get(..2) {
        Some("zh") => Some(Lang::Zh),
        Some("en") => Some(Lang::En),
        _ => None,
    };
    let answered = d.message.as_ref().filter(|w| w.message.author == Author::Requester).and_then(|w| of(w.message.language.as_deref()?));
    match answered.or(d.ctx.playbook.settings().reply_language) {
        Some(lang) => body.get(lang).to_string(),
        None if body.en == body.zh => body.en.clone(),
        None => format!("{}\n\n{}", body.en, body.zh),
    }
}

/// The template's text with its placeholders filled in; an unknown placeholder stays as it is, the loader has refused it already.
fn fill(template: &str, d: &Draft<'_>, zh: bool) -> String {
    let schema = d.ctx.playbook.schema();
    let t = &d.ticket;
    let pick = |x: &crate::diagnostic::Text| x.get(if zh { crate::diagnostic::Lang::Zh } else { crate::diagnostic::Lang::En }).to_string();
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        let value = match name.trim() {
            "ticket.number" => t.number.to_string(),
            "ticket.subject" => t.subject.to_string(),
            "ticket.state" => schema.states.get(&t.state).map_or_else(|| t.state.to_string(), pick),
            "ticket.priority" => t.priority.as_ref().map_or_else(String::new, |p| pick(&schema.priority.label(p.value.as_str()))),
            "ticket.group" => t.group.as_ref().and_then(|g| schema.groups.get(g)).map_or_else(String::new, |g| pick(&g.label)),
            "ticket.assignee" => t.assignee.as_ref().map_or_else(String::new, |a| a.to_string()),
            "ticket.requester" => t.requester.to_string(),
            "ticket.due" => t.due().map_or_else(String::new, |due| d.ctx.playbook.calendars().default_calendar().render(due)),
            other => {
                let of_customer = other.strip_prefix("customer.").and_then(|f| d.customer?.get(f));
                other.strip_prefix("ticket.").and_then(|f| t.field(f)).or(of_customer).map_or_else(String::new, ToString::to_string)
            }
        };
        out.push_str(&value);
        rest = tail;
    }
    out.push_str(rest);
    out
}
