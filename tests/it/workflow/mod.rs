//! Workflows: loading, checking, taking transitions.

mod certain;
mod claims;
mod fixtures;
mod laws;
mod machine;
mod semantics;

use std::collections::{BTreeMap, BTreeSet};
use ticketry::condition::{NoScripts, View};
use ticketry::diagnostic::{Diagnostics, text};
use ticketry::id::*;
use ticketry::ticket::*;
use ticketry::workflow::Workflow;

/// A sound workflow that uses everything.
pub const SOUND: &str = include_str!("sound.toml");

/// What the workflows of these tests may name.
pub fn schema() -> Schema {
    let field = |kind| FieldDefinition { kind, label: text("label", "标签"), required: false, default: None };
    Schema {
        fields: [
            ("serial", FieldKind::Text { max: 40 }),
            ("resolution", FieldKind::Choice(Scale::of(&["fixed", "workaround"]))),
            ("amount", FieldKind::Decimal { scale: 2 }),
            ("grace", FieldKind::Duration),
            ("parts", FieldKind::Choices(Scale::of(&["fan", "disk"]))),
            ("visit", FieldKind::Instant),
        ]
        .into_iter()
        .map(|(n, k)| (FieldName::new(n), field(k)))
        .collect(),
        impact: Scale::of(&["low", "medium", "high"]),
        urgency: Scale::of(&["low", "high"]),
        priority: Scale::of(&["low", "normal", "urgent"]),
        categories: [(CategoryPath::new("hardware"), text("Hardware", "硬件"))].into(),
        groups: [(GroupId::new("l1"), GroupDefinition { label: text("First line", "一线"), calendar: None })].into(),
        roles: [(RoleName::new("lead"), text("Lead", "组长")), (RoleName::new("engineer"), text("Engineer", "工程师"))].into(),
        skills: [(SkillName::new("bgp"), text("BGP", "BGP"))].into(),
        templates: [(TemplateName::new("received"), TemplateDefinition { body: text("received", "已收到") })].into(),
        calendars: [CalendarName::new("office")].into(),
        ..Schema::default()
    }
}

pub fn load(toml: &str) -> (Option<Workflow>, Diagnostics) {
    Workflow::load("workflows/incident.toml", toml, &schema(), &NoScripts)
}

pub fn sound() -> Workflow {
    let (workflow, problems) = load(SOUND);
    assert!(problems.is_empty(), "{problems}");
    workflow.unwrap()
}

/// `SOUND` with one passage changed; the passage must be there.
pub fn edited(find: &str, replace: &str) -> String {
    assert!(SOUND.contains(find), "{find:?} is not in sound.toml");
    SOUND.replacen(find, replace, 1)
}

/// A plain ticket in a state, with nothing optional set.
pub fn ticket(state: &str) -> Ticket {
    let workflow = sound();
    let name = StateName::new(state);
    let (class, waits_on) = workflow.state(&name).map_or((StateClass::Open, WaitsOn::Internal), |s| (s.class, s.waits_on));
    let opening = Opening {
        number: 1,
        kind: TypeName::new("incident"),
        workflow: workflow.reference(),
        subject: "VPN 无法连接".into(),
        description: "since this morning".into(),
        requester: RequesterId::new("wang"),
        provisional: false,
        organisation: None,
        channel: ChannelName::new("mail"),
        category: None,
        impact: None,
        urgency: None,
        fields: BTreeMap::new(),
        tags: BTreeSet::new(),
        thread: None,
        follows: None,
        stay: Stay { state: name, class, waits_on, limit: None, timers: vec![] },
    };
    Ticket::open(TicketId::from_u128(1), "2025-10-09T12:00:00Z".parse().unwrap(), &opening)
}

/// A view of a ticket by an actor with these roles.
pub fn view<'a>(ticket: &'a Ticket, actor: &'a Actor, roles: &'a [RoleName]) -> View<'a> {
    View { actor, roles, event: "transition", ..View::of(ticket, ticket.updated_at) }
}
