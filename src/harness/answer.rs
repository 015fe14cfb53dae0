//! What a test may ask about a ticket besides its fields: clocks, messages, what went out.

use crate::rules::TestValue;
use crate::ticket::{Actor, Agreement, Author, Effect, EffectKind, Entry, Event, MessageKind, Outcome, Recipient, Ticket};
use std::collections::BTreeMap;

fn record(entries: Vec<(&str, TestValue)>) -> TestValue {
    TestValue::Record(entries.into_iter().map(|(k, v)| (k.to_string(), v)).collect::<BTreeMap<_, _>>())
}

/// The newest clock of a metric of the customer's agreement, open or closed.
pub(super) fn clock(t: &Ticket, metric: &str) -> TestValue {
    if let Some(c) = t.clock(metric) {
        let state = match (c.breached_at.is_some(), c.running()) {
            (true, _) => "breached",
            (false, true) => "running",
            (false, false) => "paused",
        };
        return record(vec![
            ("state", TestValue::text(state)),
            ("due", TestValue::instant(c.due)),
            ("started_at", TestValue::Instant(c.started_at)),
            ("counted", TestValue::Duration(c.counted)),
            ("budget", TestValue::Duration(c.budget)),
            ("policy", TestValue::text(c.policy.as_str())),
            ("calendar", TestValue::text(c.calendar.as_str())),
            ("breached", TestValue::Boolean(c.breached_at.is_some())),
        ]);
    }
    let closed = t.closed_clocks.iter().rev().find(|c| c.id.agreement == Agreement::Customer && c.id.metric == *metric);
    closed.map_or(TestValue::Nothing, |c| {
        let state = match c.outcome {
            Outcome::Met => "met",
            Outcome::Breached => "breached",
            Outcome::Unanswered => "unanswered",
            Outcome::Cancelled => "cancelled",
        };
        record(vec![
            ("state", TestValue::text(state)),
            ("due", TestValue::instant(c.due)),
            ("started_at", TestValue::Instant(c.started_at)),
            ("counted", TestValue::Duration(c.counted)),
            ("budget", TestValue::Duration(c.budget)),
            ("policy", TestValue::text(c.policy.as_str())),
            ("calendar", TestValue::Nothing),
            ("breached", TestValue::Boolean(c.breached_at.is_some())),
        ])
    })
}

/// How often a rule fired.
pub(super) fn fired(journal: &[Entry], name: &str) -> TestValue {
    let fired = journal.iter().flat_map(|e| &e.events).filter(|c| matches!(&c.event, Event::RuleFired { rule, .. } if *rule == *name));
    TestValue::Integer(i64::try_from(fired.count()).unwrap_or(i64::MAX))
}

/// Its messages. A judgement by a rule stands behind the message it judges.
pub(super) fn messages(journal: &[Entry]) -> TestValue {
    let mut out: Vec<Vec<(&str, TestValue)>> = Vec::new();
    for caused in journal.iter().flat_map(|e| &e.events) {
        match &caused.event {
            Event::MessageAdded(m) => {
                let author = match m.author {
                    Author::Requester => "requester",
                    Author::Agent => "agent",
                    Author::Vendor => "vendor",
                    Author::System => "system",
                };
                let kind = match m.kind {
                    MessageKind::Reply => "reply",
                    MessageKind::Note => "note",
                    MessageKind::Call => "call",
                };
                out.push(vec![
                    ("author", TestValue::text(author)),
                    ("kind", TestValue::text(kind)),
                    ("body", TestValue::text(&*m.body)),
                    ("automatic", TestValue::Boolean(m.automatic)),
                    ("thanks", TestValue::Boolean(m.thanks)),
                    ("at", TestValue::Instant(m.at)),
                ]);
            }
            Event::MessageJudged { automatic, thanks } => {
                for (name, value) in out.last_mut().into_iter().flatten() {
                    match *name {
                        "automatic" if *automatic => *value = TestValue::Boolean(true),
                        "thanks" if *thanks => *value = TestValue::Boolean(true),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    let drop = out.len().saturating_sub(LIST);
    out.drain(..drop);
    TestValue::List(out.into_iter().map(record).collect())
}

/// The most values of a list in a script.
const LIST: usize = 150;

/// What went out: of a ticket, of a template, the newest of them.
pub(super) fn sent(effects: &[Effect], ticket: Option<&Ticket>, template: Option<&str>, number: impl Fn(&Effect) -> u64) -> TestValue {
    let mut out = Vec::new();
    for e in effects.iter().filter(|e| ticket.is_none_or(|t| t.id == e.key.ticket)) {
        let (to, agents, name, body) = match &e.kind {
            EffectKind::Notification { to, agents, template, body, .. } => (
                recipient(to),
                agents.iter().map(|a| TestValue::text(a.as_str())).collect(),
                TestValue::text(template.as_str()),
                body.en.clone(),
            ),
            EffectKind::Outbound(m) => ("requester".to_string(), Vec::new(), TestValue::text("message"), m.body.to_string()),
            EffectKind::Webhook(hook) => ("webhook".to_string(), Vec::new(), TestValue::text(hook.as_str()), String::new()),
            EffectKind::RatingRequest { .. } => ("requester".to_string(), Vec::new(), TestValue::text("rating"), String::new()),
        };
        if template.is_some_and(|t| name != TestValue::text(t)) {
            continue;
        }
        let number = i64::try_from(number(e)).unwrap_or(i64::MAX);
        out.push(record(vec![
            ("to", TestValue::text(to)),
            ("agents", TestValue::List(agents)),
            ("template", name),
            ("body", TestValue::text(body)),
            ("at", TestValue::Instant(e.at)),
            ("number", TestValue::Integer(number)),
        ]));
    }
    let drop = out.len().saturating_sub(LIST);
    out.drain(..drop);
    TestValue::List(out)
}

/// As authors name them.
fn recipient(to: &Recipient) -> String {
    match to {
        Recipient::Requester => "requester".into(),
        Recipient::Assignee => "assignee".into(),
        Recipient::Owner => "owner".into(),
        Recipient::Lead => "lead".into(),
        Recipient::Manager => "manager".into(),
        Recipient::OnCall => "on_call".into(),
        Recipient::Watchers => "watchers".into(),
        Recipient::Group(g) => format!("group:{g}"),
        Recipient::Agent(a) => format!("agent:{a}"),
    }
}

/// The person a test names.
pub(super) fn person(who: &str, t: Option<&Ticket>) -> Actor {
    match (who, t) {
        ("requester", Some(t)) => Actor::Requester(t.requester.clone()),
        ("vendor", _) => Actor::Vendor(crate::id::VendorId::new("vendor")),
        ("system", _) => Actor::System,
        (id, _) => Actor::agent(id),
    }
}
