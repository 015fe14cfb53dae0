//! Notifications: recipients, templates, and the limits that let mail loops die (S81).

use super::actions::unknown;
use super::draft::Draft;
use super::refusal::Refusal;
use crate::diagnostic::text;
use crate::id::*;
use crate::ticket::*;
use chrono::TimeDelta;

/// Decides on a notification: journalled always, sent unless suppressed.
pub(super) fn notify(d: &mut Draft<'_>, to: &Recipient, template: &TemplateName, cause: &Cause) -> Result<(), Refusal> {
    let Some(def) = d.ctx.playbook.schema().templates.get(template) else { return Err(unknown("template", template.as_str())) };
    let agents = match to {
        Recipient::Requester => Vec::new(),
        _ => d.ctx.roster.recipients(to, &d.ticket, d.at),
    };
    let suppressed = if *to == Recipient::Requester {
        let hour = d.at.checked_sub_signed(TimeDelta::hours(1)).unwrap_or(d.at);
        let recent = d.ticket.notified.iter().filter(|t| t.0 > hour).count();
        (recent >= d.ctx.playbook.settings().notifications_per_hour as usize).then(|| "too-many".to_string())
    } else {
        agents.is_empty().then(|| "nobody".to_string())
    };
    d.push(Event::Notified { to: to.clone(), template: template.clone(), suppressed: suppressed.clone() }, cause.clone());
    if suppressed.is_none() {
        let body = text(fill(&def.body.en, d, false), fill(&def.body.zh, d, true));
        let requester = (*to == Recipient::Requester).then(|| d.ticket.requester.clone());
        d.effect(EffectKind::Notification { to: to.clone(), agents, requester, template: template.clone(), body });
    }
    Ok(())
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
            other => match other.strip_prefix("ticket.").and_then(|f| t.field(f)) {
                Some(v) => v.to_string(),
                None => String::new(),
            },
        };
        out.push_str(&value);
        rest = tail;
    }
    out.push_str(rest);
    out
}
