//! Routing: S28-S36, S64, S71, S85.

mod decide;
mod laws;
mod model;
mod order;
mod roster;

use std::collections::BTreeMap;
use std::sync::Arc;
use ticketry::calendar::*;
use ticketry::condition::{NoScripts, View};
use ticketry::diagnostic::{Diagnostics, text};
use ticketry::id::*;
use ticketry::routing::*;
use ticketry::ticket::*;

fn t(s: &str) -> UtcInstant {
    s.parse().unwrap()
}

/// A Thursday, 20:00 in Shanghai.
fn now() -> UtcInstant {
    t("2025-10-09T12:00:00Z")
}

fn ticket() -> Ticket {
    let mut ticket = Ticket::open(
        TicketId::from_u128(1),
        now(),
        &Opening {
            number: 1,
            kind: "incident".into(),
            workflow: WorkflowRef { name: "incident".into(), version: 1 },
            subject: Arc::from("s"),
            description: Arc::from(""),
            requester: "r".into(),
            provisional: false,
            organisation: None,
            channel: "mail".into(),
            category: None,
            impact: None,
            urgency: None,
            fields: Default::default(),
            tags: Default::default(),
            thread: None,
            follows: None,
            stay: Stay { state: "new".into(), class: StateClass::New, waits_on: WaitsOn::Internal, limit: None, timers: vec![] },
        },
    );
    ticket.group = Some("l1".into());
    ticket.queue = Some(Queue { since: now(), skills: BTreeMap::new(), try_now: true, retry_at: None });
    ticket
}

fn schema() -> Schema {
    let label = || text("x", "x");
    let group = |calendar: Option<&str>| GroupDefinition { label: label(), calendar: calendar.map(CalendarName::new) };
    Schema {
        priority: Scale::of(&["low", "high", "urgent"]),
        types: [("incident".into(), TypeDefinition { label: label(), workflow: "incident".into(), required: vec![], fields: vec![] })]
            .into(),
        channels: [("mail".into(), ChannelDefinition { label: label(), window_seconds: 0 })].into(),
        groups: [("l1".into(), group(None)), ("l2".into(), group(Some("office"))), ("experts".into(), group(None))].into(),
        roles: [("lead".into(), label())].into(),
        skills: [("bgp".into(), label()), ("dns".into(), label()), ("de".into(), label())].into(),
        calendars: ["always".into(), "office".into(), "late".into()].into(),
        ..Schema::default()
    }
}

fn calendars() -> Calendars {
    use chrono::Weekday::*;
    let days = [Mon, Tue, Wed, Thu, Fri];
    let office = CalendarDefinition::new("office", "UTC").days(&days, &["09:00-12:00", "13:00-17:00"]).unwrap();
    let late = CalendarDefinition::new("late", "UTC").days(&days, &["15:00-23:00"]).unwrap();
    let compile = |d| Calendar::compile(&d).unwrap();
    Calendars::new(compile(CalendarDefinition::always("always", "UTC"))).with(compile(office)).with(compile(late))
}

fn roster(agents: impl IntoIterator<Item = Agent>) -> Roster {
    let d = agents.into_iter().fold(RosterDefinition::default(), RosterDefinition::agent);
    let (r, problems) = d.build(&schema());
    assert!(problems.is_empty(), "{problems}");
    r.unwrap()
}

fn load(toml: &str) -> RoutingModel {
    let (m, problems) = RoutingModel::load("routing.toml", toml, &schema(), &NoScripts);
    assert!(problems.is_empty(), "{problems}");
    m.unwrap()
}

fn problems(toml: &str) -> Diagnostics {
    let (m, problems) = RoutingModel::load("routing.toml", toml, &schema(), &NoScripts);
    assert_eq!(m.is_none(), problems.has_errors());
    problems
}

/// Everything a decision needs, owned.
struct Desk {
    ticket: Ticket,
    model: RoutingModel,
    roster: Roster,
    holdings: Holdings,
    calendars: Calendars,
    taken: Vec<(AgentId, u16)>,
    declined: Vec<AgentId>,
}

impl Desk {
    fn new(toml: &str, agents: impl IntoIterator<Item = Agent>) -> Self {
        Self {
            ticket: ticket(),
            model: load(toml),
            roster: roster(agents),
            holdings: Holdings::new(),
            calendars: calendars(),
            taken: vec![],
            declined: vec![],
        }
    }
    fn holds(mut self, agent: &str, slots: u16, last: Option<&str>) -> Self {
        self.holdings = self.holdings.with(agent, 0..slots, last.map(t));
        self
    }
    fn asks(mut self, skill: &str, level: u8) -> Self {
        self.ticket.queue.as_mut().unwrap().skills.insert(skill.into(), level);
        self
    }
    fn at(&self, now: UtcInstant) -> RouteDecision {
        let view = View::of(&self.ticket, now);
        let input = RouteInput::of(view, &self.roster, &self.holdings, &self.calendars).unwrap();
        let input = RouteInput { taken: &self.taken, declined: &self.declined, explain: true, ..input };
        let full = self.model.route(&input);
        let fast = self.model.route(&RouteInput { explain: false, ..input });
        assert_eq!(fast, RouteDecision { candidates: vec![], ..full.clone() }, "the fast path decides the same");
        assert_eq!(full, self.model.route(&input), "the same again");
        full
    }
    fn route(&self) -> RouteDecision {
        self.at(now())
    }
    fn winner(&self) -> String {
        self.route().winner.map_or_else(|| "-".into(), |w| w.agent.to_string())
    }
}

fn agent(id: &str) -> Agent {
    Agent::new(id).group("l1").capacity(4)
}

fn code(d: &RouteDecision, agent: &str) -> &'static str {
    match &d.candidates.iter().find(|c| c.agent == agent).unwrap().verdict {
        Verdict::Chosen => "chosen",
        Verdict::Eligible => "eligible",
        Verdict::Excluded(e) => e.code(),
    }
}

fn clock_template() -> Clock {
    Clock {
        id: ClockId { agreement: Agreement::Customer, metric: "resolution".into(), run: 1 },
        policy: "p".into(),
        calendar: "always".into(),
        calendar_version: 1,
        cycle: 1,
        message: None,
        group: None,
        target: Allowance::Wall(1),
        budget: 1,
        started_at: now(),
        counted: 0,
        since: None,
        paused_since: None,
        hold: Hold::default(),
        pauses: vec![],
        due: None,
        breached_at: None,
        superseded: false,
        marks: vec![],
        next_mark: None,
        outcome: None,
    }
}
