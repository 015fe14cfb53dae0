//! A schema and a ticket to try rules on.

use std::collections::{BTreeMap, BTreeSet};
use ticketry::diagnostic::text;
use ticketry::id::*;
use ticketry::ticket::*;

pub fn field(kind: FieldKind) -> FieldDefinition {
    FieldDefinition { kind, label: text("", ""), required: false, default: None }
}

/// What `playbook.toml` of a small desk would give.
pub fn schema() -> Schema {
    let labels = |names: &[&str]| names.iter().map(|n| ((*n).to_string(), text(*n, *n))).collect::<Vec<_>>();
    Schema {
        resolutions: Scale::default(),
        access: Default::default(),
        ticket_templates: Default::default(),
        tasks: BTreeSet::from(["diagnose", "open"].map(TaskName::new)),
        approvals: Default::default(),
        hooks: BTreeMap::from([("crm-sync".into(), text("Tell the CRM", "同步 CRM"))]),
        fields: [
            ("amount", FieldKind::Decimal { scale: 2 }),
            ("seats", FieldKind::Integer),
            ("vip", FieldKind::Boolean),
            ("promised", FieldKind::Instant),
            ("downtime", FieldKind::Duration),
            ("product", FieldKind::Choice(Scale::of(&["router", "switch", "phone"]))),
            ("severity", FieldKind::Ordered(Scale::of(&["minor", "major", "critical"]))),
            ("labels", FieldKind::Choices(Scale::of(&["red", "green", "blue"]))),
            ("site", FieldKind::Text { max: 64 }),
            ("order_number", FieldKind::Reference),
            ("客户等级", FieldKind::Ordered(Scale::of(&["普通", "金牌", "钻石"]))),
        ]
        .into_iter()
        .map(|(n, k)| (FieldName::new(n), field(k)))
        .collect(),
        customer: [("tier", FieldKind::Ordered(Scale::of(&["basic", "gold", "vip"]))), ("region", FieldKind::Text { max: 32 })]
            .into_iter()
            .map(|(n, k)| (FieldName::new(n), field(k)))
            .collect(),
        impact: Scale::of(&["low", "medium", "high", "extreme"]),
        urgency: Scale::of(&["low", "medium", "high"]),
        priority: Scale::of(&["p4", "p3", "p2", "p1"]),
        categories: labels(&["network", "network/vpn", "network/router", "hardware", "hardware/printer"])
            .into_iter()
            .map(|(n, t)| (CategoryPath::from(n), t))
            .collect(),
        types: BTreeMap::from([(
            TypeName::new("incident"),
            TypeDefinition { label: text("", ""), workflow: WorkflowName::new("incident"), required: vec![], fields: vec![] },
        )]),
        channels: ["mail", "phone"]
            .into_iter()
            .map(|c| (ChannelName::new(c), ChannelDefinition { label: text(c, c), window_seconds: 0 }))
            .collect(),
        groups: ["first-line", "network-tier2"]
            .into_iter()
            .map(|g| (GroupId::new(g), GroupDefinition { label: text(g, g), calendar: None }))
            .collect(),
        roles: labels(&["agent", "lead"]).into_iter().map(|(n, t)| (RoleName::from(n), t)).collect(),
        skills: labels(&["bgp", "dns"]).into_iter().map(|(n, t)| (SkillName::from(n), t)).collect(),
        templates: ["still-waiting", "welcome"]
            .into_iter()
            .map(|t| (TemplateName::new(t), TemplateDefinition { body: text(t, t) }))
            .collect(),
        states: labels(&["new", "open", "pending", "resolved"]).into_iter().map(|(n, t)| (StateName::from(n), t)).collect(),
        transitions: BTreeSet::from(["start", "wait", "resolve"].map(TransitionName::new)),
        calendars: BTreeSet::new(),
        metrics: ["first_response", "next_response", "resolution"].map(MetricName::new).into(),
    }
}

pub fn at(minute: i64) -> UtcInstant {
    use ticketry::id::at_door;
    at_door(chrono::DateTime::from_timestamp(1_760_000_000 + minute * 60, 0).unwrap())
}

pub fn by_agent<T>(value: T) -> Option<Sourced<T>> {
    Some(Sourced { value, by: Provenance::Agent })
}

/// A plain new incident with nothing optional set.
pub fn ticket() -> Ticket {
    let opening = Opening {
        number: 1,
        kind: TypeName::new("incident"),
        workflow: WorkflowRef { name: WorkflowName::new("incident"), version: 1 },
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
        stay: Stay { state: StateName::new("new"), class: StateClass::New, waits_on: WaitsOn::Nobody, limit: None, timers: vec![] },
    };
    Ticket::open(TicketId::from_u128(1), at(0), &opening)
}
