//! The time ledger: where a ticket's time went, split exactly.

use super::table::{percent, table};
use super::timeline::spent;
use crate::calendar::{Calendar, Calendars};
use crate::diagnostic::{Lang, Text, text};
use crate::id::{AgentId, CalendarName, GroupId, Revision, StateName, UtcInstant, serde_instant};
use crate::ticket::{Agreement, Entry, Event, Message, MessageKind, Schema, StateClass, Ticket, WaitsOn};
use serde::{Deserialize, Serialize};

/// Whose time it was.
///
/// The state says it (S77): waiting on the requester is the customer's time, waiting on a vendor the vendor's, everything else ours. A requester who wrote has ended the wait even
/// where the state stays (S78). What would be ours while the calendar is closed is nobody's: [`Party::Closed`]. Time in a final class stands apart and is never called pending (S45).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// Ours, in open time.
    Us,
    /// The customer's.
    Customer,
    /// A vendor's or other third party's.
    Vendor,
    /// Ours, but the calendar was closed.
    Closed,
    /// The ticket was final.
    Final,
}

impl Party {
    /// All.
    pub const ALL: [Self; 5] = [Self::Us, Self::Customer, Self::Vendor, Self::Closed, Self::Final];
    /// What people read.
    pub fn label(self) -> Text {
        match self {
            Self::Us => text("us", "我方"),
            Self::Customer => text("customer", "客户"),
            Self::Vendor => text("vendor", "第三方"),
            Self::Closed => text("calendar closed", "非营业时间"),
            Self::Final => text("ticket closed", "工单已关闭"),
        }
    }
}

/// By what a ledger is summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Whose time it was.
    Party,
    /// State.
    State,
    /// Group; open time is in each group's own calendar (S51).
    Group,
    /// Assignee.
    Agent,
}

impl Dimension {
    /// All.
    pub const ALL: [Self; 4] = [Self::Party, Self::State, Self::Group, Self::Agent];
    /// What people read.
    pub fn label(self) -> Text {
        match self {
            Self::Party => text("time by party", "按责任方"),
            Self::State => text("time by state", "按状态"),
            Self::Group => text("time by group", "按处理组"),
            Self::Agent => text("time by agent", "按处理人"),
        }
    }
}

/// A line of a sum.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// A party other than [`Party::Final`].
    Party(Party),
    /// A state; final ones too, since it has a name of its own.
    State(StateName),
    /// A group had it.
    Group(GroupId),
    /// No group had it.
    Unowned,
    /// An agent had it.
    Agent(AgentId),
    /// No agent had it.
    Unassigned,
    /// The ticket was final: no group's and nobody's time (S51), no party's, and never pending (S45).
    Final,
}

/// What a line comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The line.
    pub line: Line,
    /// Elapsed µs.
    pub wall: i64,
    /// Of them µs in which the calendar was open.
    pub open: i64,
}

/// A stretch of a ticket's time in which nothing of this changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// From when.
    #[serde(with = "serde_instant")]
    pub from: UtcInstant,
    /// Until when.
    #[serde(with = "serde_instant")]
    pub to: UtcInstant,
    /// The state.
    pub state: StateName,
    /// Its class.
    pub class: StateClass,
    /// Whom it waits on.
    pub waits_on: WaitsOn,
    /// The group.
    pub group: Option<GroupId>,
    /// The assignee.
    pub agent: Option<AgentId>,
    /// Whose time it was.
    pub party: Party,
    /// The calendar that holds: the customer policy's, else the group's, else the default (S79).
    pub calendar: CalendarName,
    /// µs in which that calendar was open.
    pub open: i64,
    /// µs in which the group's own calendar was open (S51), for want of one the default calendar.
    pub group_open: i64,
}

impl Stretch {
    /// Elapsed µs.
    pub fn wall(&self) -> i64 {
        wall(self.from, self.to)
    }
    /// Its line in a sum.
    pub fn line(&self, by: Dimension) -> Line {
        match by {
            Dimension::State => Line::State(self.state.clone()),
            _ if self.class.is_final() => Line::Final,
            Dimension::Party => Line::Party(self.party),
            Dimension::Group => self.group.clone().map_or(Line::Unowned, Line::Group),
            Dimension::Agent => self.agent.clone().map_or(Line::Unassigned, Line::Agent),
        }
    }
    fn continues(&self, before: &Self) -> bool {
        let key = |s: &Self| (s.class, s.waits_on, s.party);
        before.to == self.from
            && key(before) == key(self)
            && (&before.state, &before.group, &before.agent, &before.calendar) == (&self.state, &self.group, &self.agent, &self.calendar)
    }
}

/// How long something took since the ticket began, the time in which it was final left out (S45).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lapse {
    /// When it happened.
    #[serde(with = "serde_instant")]
    pub at: UtcInstant,
    /// Elapsed µs.
    pub wall: i64,
    /// Of them µs in which the calendar was open.
    pub open: i64,
}

/// What is usually asked of a ticket's times: nothing, not zero, until it has happened (S60).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// The first assignment to an agent.
    pub assigned: Option<Lapse>,
    /// The first answer of a human to the requester, a call included (S38).
    pub answered: Option<Lapse>,
    /// The first entry into a final class other than cancelled.
    pub first_resolved: Option<Lapse>,
    /// The last one, while the ticket is final.
    pub resolved: Option<Lapse>,
}

/// Where a ticket's time went from its beginning up to an instant: stretches without gap or overlap.
///
/// Law: for every [`Dimension`] the parts add up to [`Ledger::total`], elapsed and (but for groups, which have calendars of their own) open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// When the ticket began.
    #[serde(with = "serde_instant")]
    pub from: UtcInstant,
    /// Up to when it is measured.
    #[serde(with = "serde_instant")]
    pub until: UtcInstant,
    /// The stretches, in order.
    pub stretches: Vec<Stretch>,
    /// What is usually asked.
    pub figures: Figures,
}

impl Ledger {
    /// All elapsed µs, final time included.
    pub fn total(&self) -> i64 {
        wall(self.from, self.until)
    }
    /// Elapsed µs in which the ticket was final.
    pub fn closed(&self) -> i64 {
        self.stretches.iter().filter(|s| s.class.is_final()).map(Stretch::wall).fold(0, i64::saturating_add)
    }
    /// The sum by one dimension: parties in the order of [`Party::ALL`], all else in order of first appearance, [`Line::Final`] last. A line without time is left out.
    pub fn by(&self, dimension: Dimension) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        for s in &self.stretches {
            let (line, open) = (s.line(dimension), if dimension == Dimension::Group { s.group_open } else { s.open });
            match parts.iter_mut().find(|p| p.line == line) {
                Some(p) => {
                    p.wall = p.wall.saturating_add(s.wall());
                    p.open = p.open.saturating_add(open);
                }
                None => parts.push(Part { line, wall: s.wall(), open }),
            }
        }
        if dimension == Dimension::Party {
            parts.sort_by(|a, b| a.line.cmp(&b.line));
        }
        let (last, mut parts): (Vec<Part>, Vec<Part>) = parts.into_iter().partition(|p| p.line == Line::Final);
        parts.extend(last);
        parts
    }
    /// Elapsed µs of one party.
    pub fn party(&self, party: Party) -> i64 {
        self.stretches.iter().filter(|s| s.party == party).map(Stretch::wall).fold(0, i64::saturating_add)
    }
    /// The sums as aligned tables, one per dimension; shares are of the time in which the ticket was not final.
    pub fn render(&self, lang: Lang, schema: &Schema) -> String {
        let live = self.total().saturating_sub(self.closed());
        let heads = [text("elapsed", "历时"), text("share", "占比"), text("open", "营业时间")];
        let mut rows = Vec::new();
        for by in Dimension::ALL {
            let head = std::iter::once(&by.label()).chain(&heads).map(|t| t.get(lang).to_string()).collect();
            rows.push(head);
            for p in self.by(by) {
                let share = match &p.line {
                    Line::Final => text("apart", "单列").get(lang).to_string(),
                    Line::State(s) if self.is_final(s) => text("apart", "单列").get(lang).to_string(),
                    _ => percent(p.wall, live),
                };
                rows.push(vec![format!("  {}", label(&p.line, schema).get(lang)), spent(p.wall), share, spent(p.open)]);
            }
        }
        let total = text("in all", "合计");
        let all: i64 = self.stretches.iter().map(|s| s.open).fold(0, i64::saturating_add);
        rows.push(vec![total.get(lang).to_string(), spent(self.total()), String::new(), spent(all)]);
        table(&rows, &[])
    }
    /// The sum by one dimension in one line: `us 2h30m, customer 3h, calendar closed 14h`. Empty while no time has passed.
    pub fn brief(&self, by: Dimension, schema: &Schema) -> Text {
        let parts = self.by(by);
        let line = |lang, sep: &str| {
            parts.iter().map(|p| format!("{} {}", label(&p.line, schema).get(lang), spent(p.wall))).collect::<Vec<_>>().join(sep)
        };
        text(line(Lang::En, ", "), line(Lang::Zh, "，"))
    }
    fn is_final(&self, state: &StateName) -> bool {
        self.stretches.iter().any(|s| s.state == *state && s.class.is_final())
    }
}

/// The ledger of a journal up to `until`; none if the journal does not begin with a creation. Entries after `until` are passed over.
///
/// A pure fold: a change counts from its own logical instant on, a timer's from when it was due (S26). The schema gives the groups' calendars. Open time is that of the calendar version
/// that held at the time, so that a month once reported stays as it was; a clock that a swap measured anew counts its whole run by the new hours, and may differ from the ledger by that.
///
/// ```
/// # use ticketry::calendar::{Calendar, CalendarDefinition, Calendars};
/// # use ticketry::ticket::Schema;
/// let always = Calendar::compile(&CalendarDefinition::always("24x7", "UTC")).unwrap();
/// let now = "2025-09-01T09:00:00Z".parse().unwrap();
/// assert!(ticketry::sla::ledger(&[], &Calendars::new(always), &Schema::default(), now).is_none());
/// ```
pub fn ledger(journal: &[Entry], calendars: &Calendars, schema: &Schema, until: UtcInstant) -> Option<Ledger> {
    let first = journal.first()?;
    let ticket = Ticket::begin(first)?;
    let from = ticket.created_at;
    let mut walk = Walk {
        calendars,
        schema,
        at: from,
        until: until.max(from),
        ticket,
        waited: None,
        wrote: None,
        stretches: Vec::new(),
        live: (0, 0),
        figures: Figures::default(),
    };
    for entry in journal {
        for (at, index, caused) in entry.happened() {
            let at = at.max(walk.at);
            if at > walk.until {
                return Some(walk.finish());
            }
            walk.flush(at);
            let was_final = walk.ticket.class.is_final();
            walk.ticket.evolve(&caused.event, at, entry.revision, index);
            walk.mark(&caused.event, was_final, (entry.revision, at));
        }
    }
    Some(walk.finish())
}

/// The calendar that holds for a ticket as it stands: the customer policy's in the version adopted (S55), else the group's, else the default (S79).
fn applicable<'a>(ticket: &Ticket, calendars: &'a Calendars, schema: &Schema) -> &'a Calendar {
    match ticket.adopted.iter().find(|a| a.agreement == Agreement::Customer) {
        Some(a) => calendars.adopted(&a.calendar, a.calendar_version),
        None => calendars.resolve(None, schema.group_calendar(ticket.group.as_ref())),
    }
}

struct Walk<'a> {
    calendars: &'a Calendars,
    schema: &'a Schema,
    ticket: Ticket,
    /// Up to here everything is in a stretch.
    at: UtcInstant,
    until: UtcInstant,
    /// The last move, and the last message of the requester.
    waited: Option<(Revision, UtcInstant)>,
    wrote: Option<(Revision, UtcInstant)>,
    stretches: Vec<Stretch>,
    /// µs not final so far, and of them those open.
    live: (i64, i64),
    figures: Figures,
}

impl Walk<'_> {
    fn finish(mut self) -> Ledger {
        self.flush(self.until);
        Ledger { from: self.ticket.created_at, until: self.until, stretches: self.stretches, figures: self.figures }
    }
    fn party(&self) -> Party {
        match self.ticket.waits_on {
            _ if self.ticket.class.is_final() => Party::Final,
            // Within one entry and instant the move has the last word, as it has for the clocks.
            WaitsOn::Requester if self.wrote > self.waited => Party::Us,
            WaitsOn::Requester => Party::Customer,
            WaitsOn::Vendor => Party::Vendor,
            _ => Party::Us,
        }
    }
    fn flush(&mut self, to: UtcInstant) {
        let from = self.at;
        if to <= from {
            return;
        }
        self.at = to;
        let calendar = applicable(&self.ticket, self.calendars, self.schema);
        let own = self.calendars.resolve(None, self.schema.group_calendar(self.ticket.group.as_ref()));
        let party = self.party();
        let open = between(calendar, from, to);
        if party != Party::Final {
            self.live = (self.live.0.saturating_add(wall(from, to)), self.live.1.saturating_add(open));
        }
        if party != Party::Us || open == wall(from, to) {
            return self.push(from, to, party, calendar, own);
        }
        let mut at = from;
        if open > 0 {
            for period in calendar.open_periods(from).take_while(|p| p.start < to) {
                self.push(at, period.start, Party::Closed, calendar, own);
                at = period.end.min(to);
                self.push(period.start, at, Party::Us, calendar, own);
            }
        }
        self.push(at, to, Party::Closed, calendar, own);
    }
    fn push(&mut self, from: UtcInstant, to: UtcInstant, party: Party, calendar: &Calendar, own: &Calendar) {
        if to <= from {
            return;
        }
        let t = &self.ticket;
        let stretch = Stretch {
            from,
            to,
            state: t.state.clone(),
            class: t.class,
            waits_on: t.waits_on,
            group: t.group.clone(),
            agent: t.assignee.clone(),
            party,
            calendar: calendar.name().clone(),
            open: between(calendar, from, to),
            group_open: between(own, from, to),
        };
        match self.stretches.last_mut().filter(|last| stretch.continues(last)) {
            Some(last) => {
                last.to = to;
                last.open = last.open.saturating_add(stretch.open);
                last.group_open = last.group_open.saturating_add(stretch.group_open);
            }
            None => self.stretches.push(stretch),
        }
    }
    fn mark(&mut self, event: &Event, was_final: bool, here: (Revision, UtcInstant)) {
        let lapse = Lapse { at: here.1, wall: self.live.0, open: self.live.1 };
        let resolved = |t: &Ticket| t.class.is_final() && t.class != StateClass::Cancelled;
        match event {
            Event::Created(_) if resolved(&self.ticket) => {
                self.figures.first_resolved = Some(lapse);
                self.figures.resolved = Some(lapse);
            }
            Event::Assigned { .. } => {
                self.figures.assigned.get_or_insert(lapse);
            }
            Event::MessageAdded(m) => {
                if m.counts_from_requester() {
                    self.wrote = Some(here);
                }
                if answers(m) {
                    self.figures.answered.get_or_insert(lapse);
                }
            }
            Event::Moved { .. } => {
                self.waited = Some(here);
                if !self.ticket.class.is_final() {
                    self.figures.resolved = None;
                } else if !was_final && resolved(&self.ticket) {
                    self.figures.first_resolved.get_or_insert(lapse);
                    self.figures.resolved = Some(lapse);
                }
            }
            _ => {}
        }
    }
}

/// Whoever called, an agent was on the line (S38).
fn answers(m: &Message) -> bool {
    m.counts_as_answer() || (m.counts_from_requester() && m.kind == MessageKind::Call)
}

fn wall(from: UtcInstant, to: UtcInstant) -> i64 {
    to.signed_duration_since(from).num_microseconds().unwrap_or(i64::MAX)
}
fn between(calendar: &Calendar, from: UtcInstant, to: UtcInstant) -> i64 {
    calendar.elapsed(from, to).num_microseconds().unwrap_or(i64::MAX)
}
fn label(line: &Line, schema: &Schema) -> Text {
    match line {
        Line::Party(p) => p.label(),
        Line::State(s) => schema.states.get(s).cloned().unwrap_or_else(|| text(s.as_str(), s.as_str())),
        Line::Group(g) => schema.group_label(g),
        Line::Unowned => text("no group", "无处理组"),
        Line::Agent(a) => text(a.as_str(), a.as_str()),
        Line::Unassigned => text("unassigned", "未分派"),
        Line::Final => Party::Final.label(),
    }
}
