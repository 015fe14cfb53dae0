//! A desk whose time stands until it is moved.

use super::people::{Outbox, People};
use crate::calendar::{BadSpan, FoldRule, GapRule, Span, zone_wall_to_instant};
use crate::condition::Customer;
use crate::desk::{self, Blocking, Clock as _, Desk, FixedClock, Ids, SeededIds};
use crate::diagnostic::{Diagnostics, Lang, Text, text};
use crate::engine::{Command, Inbound, NewTicket, Trace, What};
use crate::id::*;
use crate::playbook::Playbook;
use crate::routing::{Agent, RosterDefinition};
use crate::store::{MemoryStore, Query};
use crate::ticket::{Actor, Effect, Entry, Ticket};
use chrono::{NaiveDateTime, TimeDelta};
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// Most moments at which something happens by itself while time passes once: a desk with a timer for every minute of a month has fewer.
const MOMENTS: u32 = 50_000;
/// Where time stands at first: a Monday morning, in the default calendar's zone.
const BEGIN: &str = "2025-09-01T10:00:00";

/// Why a stage did not go on.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The desk refused a command, or the library failed it.
    #[error(transparent)]
    Desk(#[from] desk::Error),
    /// The people do not fit the playbook.
    #[error("{0}")]
    People(Diagnostics),
    /// The instant lies before the one at which time stands.
    #[error("time only goes on: it is {now} already")]
    Backwards {
        /// Where time stands.
        now: UtcInstant,
    },
    /// The text is no duration.
    #[error("{0}")]
    Span(#[from] BadSpan),
    /// The calendar never reaches the end of the duration, or the text is no instant.
    #[error("`{0}` leads to no instant")]
    NoInstant(String),
    /// Something due on a ticket could not be done.
    #[error("ticket {0} could not be woken: {1}")]
    Sweep(TicketId, String),
    /// More happens by itself than a stage waits for.
    #[error("more than {MOMENTS} moments in one stretch of time; let less time pass at once")]
    Endless,
}

impl Error {
    /// As text.
    pub fn text(&self) -> Text {
        match self {
            Self::Desk(desk::Error::Refused(r)) => text(r.render(Lang::En), r.render(Lang::Zh)),
            Self::People(d) => text(d.render(Lang::En, None), d.render(Lang::Zh, None)),
            Self::Backwards { now } => text(self.to_string(), format!("时间只能向前：现在已是 {now}")),
            Self::Span(s) => s.text(),
            Self::NoInstant(s) => text(self.to_string(), format!("`{s}` 不对应任何时刻")),
            Self::Sweep(id, why) => text(self.to_string(), format!("工单 {id} 无法唤醒：{why}")),
            Self::Endless => text(self.to_string(), format!("一段时间内自动发生的时刻超过 {MOMENTS} 个；请分段推进")),
            Self::Desk(e) => text(e.to_string(), e.to_string()),
        }
    }
    /// Whether the desk refused with this code.
    pub fn refused(&self, code: &str) -> bool {
        matches!(self, Self::Desk(desk::Error::Refused(r)) if r.has(code))
    }
}

/// Who is shown the trace of every decision.
pub(super) type Look = Box<dyn Fn(&Trace) + Send + Sync>;

/// Ids of new tickets: they follow from a seed, unless the next one is given.
#[derive(Clone, Debug)]
pub(super) struct NextId(Arc<(Mutex<Option<TicketId>>, SeededIds)>);

impl NextId {
    /// The id of the next ticket.
    #[cfg(feature = "rhai")]
    pub(super) fn set(&self, id: Option<TicketId>) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = id;
    }
}
impl Default for NextId {
    fn default() -> Self {
        Self(Arc::new((Mutex::new(None), SeededIds::new(1, 0))))
    }
}
impl Ids for NextId {
    fn ticket(&self) -> TicketId {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_else(|| self.0.1.ticket())
    }
}

/// A desk with simulated time and people: the live engine on a [`MemoryStore`], with a clock that stands until it is moved and ids that
/// follow from a seed. The same steps give the same journal, to the byte.
///
/// Time passes with [`Stage::advance`]; everything that falls due meanwhile happens at its own instant, as it would live. A person wins a
/// tie with a timer (a target met at its due instant is met), so what is due in two hours has happened after `2h` and a microsecond.
#[derive(Debug)]
pub struct Stage {
    desk: Blocking,
    clock: FixedClock,
    people: People,
    outbox: Outbox,
    keys: AtomicU64,
}

impl Stage {
    /// A stage for a playbook, with these people. Time stands on Monday 2025-09-01 at 10:00 in the default calendar's zone.
    ///
    /// # Errors
    /// The people do not fit the playbook.
    pub fn open(playbook: Playbook, people: RosterDefinition) -> Result<Self, Error> {
        Self::open_seen(playbook, people, None, NextId::default())
    }
    /// The same; `look` is shown the trace of every decision, `ids` names new tickets.
    pub(super) fn open_seen(playbook: Playbook, people: RosterDefinition, look: Option<Look>, ids: NextId) -> Result<Self, Error> {
        let zone = playbook.calendars().default_calendar().time_zone().to_string();
        let begin = local(&zone, BEGIN).ok_or_else(|| Error::NoInstant(BEGIN.into()))?;
        let people = People::new(people, playbook.schema()).map_err(Error::People)?;
        let (clock, outbox) = (FixedClock::new(begin), Outbox::default());
        let mut builder = Desk::builder(playbook);
        if let Some(look) = look {
            builder = builder.observer(look);
        }
        let desk = builder
            .store(MemoryStore::new())
            .directory(people.clone())
            .courier(outbox.clone())
            .clock(clock.clone())
            .ids(ids)
            .open_blocking()?
            .blocking();
        Ok(Self { desk, clock, people, outbox, keys: AtomicU64::new(0) })
    }

    /// The desk itself.
    pub fn desk(&self) -> &Blocking {
        &self.desk
    }
    /// Where time stands.
    pub fn now(&self) -> UtcInstant {
        self.clock.now()
    }
    /// Whether anything was done yet.
    pub fn begun(&self) -> bool {
        self.keys.load(Ordering::Relaxed) > 0
    }
    /// How many steps were taken.
    #[cfg(feature = "rhai")]
    pub(super) fn steps(&self) -> u64 {
        self.keys.load(Ordering::Relaxed)
    }
    /// A key no command had.
    fn key(&self) -> String {
        format!("step-{}", self.keys.fetch_add(1, Ordering::Relaxed))
    }

    /// An agent more, or in place of the one with the same id.
    ///
    /// # Errors
    /// The agent does not fit the playbook.
    pub fn agent(&self, agent: Agent) -> Result<(), Error> {
        self.agent_as(agent, None, false)
    }
    /// The same; the agent also leads a group, or manages the desk.
    ///
    /// # Errors
    /// The agent does not fit the playbook.
    pub fn agent_as(&self, agent: Agent, leads: Option<GroupId>, manages: bool) -> Result<(), Error> {
        self.people.agent(agent, leads, manages, self.desk.desk().playbook().schema()).map_err(Error::People)?;
        self.desk.refresh_roster()?;
        Ok(())
    }
    /// What the host's directory says about a requester from now on.
    pub fn customer(&self, requester: impl AsRef<str>, record: Customer) {
        self.people.customer(RequesterId::new(requester), record);
    }
    /// What it says now.
    pub fn customer_of(&self, requester: &RequesterId) -> Option<Customer> {
        self.people.known_customer(requester)
    }

    /// Lets time pass: `2h` by the clock, `8bh` and `3bd` in the default calendar.
    ///
    /// # Errors
    /// The text is no duration, or something due could not be done.
    pub fn advance(&self, span: &str) -> Result<(), Error> {
        let length: Span = span.parse()?;
        let playbook = self.desk.desk().playbook();
        let to = playbook.calendars().default_calendar().due(self.now(), length).ok_or_else(|| Error::NoInstant(span.into()))?;
        self.advance_to(to)
    }
    /// Goes on to a wall time in the default calendar's zone (`2025-09-01T09:00:00`), or to an instant with its offset. Before anything was
    /// done it may be any instant, later only one that lies ahead.
    ///
    /// # Errors
    /// The text is no instant, lies in the past, or something due could not be done.
    pub fn at(&self, when: &str) -> Result<(), Error> {
        let playbook = self.desk.desk().playbook();
        let zone = playbook.calendars().default_calendar().time_zone().to_string();
        let to = when.parse::<UtcInstant>().ok().or_else(|| local(&zone, when)).ok_or_else(|| Error::NoInstant(when.into()))?;
        self.advance_to(to)
    }
    /// Goes on to an instant, through everything due before it, each at its own instant.
    ///
    /// # Errors
    /// The instant lies in the past, or something due could not be done.
    pub fn advance_to(&self, to: UtcInstant) -> Result<(), Error> {
        let to = at_door(to);
        if !self.begun() {
            self.clock.set(to);
            return Ok(());
        }
        if to < self.now() {
            return Err(Error::Backwards { now: self.now() });
        }
        for _ in 0..MOMENTS {
            self.deliver()?;
            match self.desk.next_wake()? {
                // What is due at an instant happens later than it; the sweep a microsecond after is the earliest that sees it.
                Some(wake) if wake < to => {
                    let next = wake.checked_add_signed(TimeDelta::microseconds(1)).unwrap_or(to).max(self.now()).min(to);
                    self.clock.set(next);
                    self.sweep()?;
                }
                _ => {
                    self.clock.set(to);
                    self.sweep()?;
                    return self.deliver();
                }
            }
        }
        Err(Error::Endless)
    }
    fn sweep(&self) -> Result<(), Error> {
        let swept = self.desk.sweep(self.now())?;
        swept.failed.into_iter().next().map_or(Ok(()), |(id, why)| Err(Error::Sweep(id, why)))
    }
    fn deliver(&self) -> Result<(), Error> {
        while self.desk.deliver(1_000)?.done > 0 {}
        Ok(())
    }

    /// A new ticket with this subject: of the playbook's first type, by its first channel, from requester `ann`. Change what matters.
    pub fn new_ticket(&self, subject: &str) -> NewTicket {
        let playbook = self.desk.desk().playbook();
        let schema = playbook.schema();
        let kind = schema.types.keys().next().map(|k| k.to_string()).unwrap_or_default();
        let channel = schema.channels.keys().next().map(|k| k.to_string()).unwrap_or_default();
        NewTicket::new(kind, subject, "ann", channel)
    }
    /// Makes a ticket; its requester asks for it.
    ///
    /// # Errors
    /// The desk refused.
    pub fn create(&self, new: NewTicket) -> Result<Arc<Ticket>, Error> {
        let actor = Actor::Requester(new.requester.clone());
        self.create_by(actor, new)
    }
    /// Makes a ticket; somebody asks for it.
    ///
    /// # Errors
    /// The desk refused.
    pub fn create_by(&self, actor: Actor, new: NewTicket) -> Result<Arc<Ticket>, Error> {
        self.submit(Command::create(self.key(), actor, new))
    }
    /// A message comes in.
    ///
    /// # Errors
    /// The desk refused.
    pub fn receive(&self, message: Inbound) -> Result<Arc<Ticket>, Error> {
        self.key();
        self.submit(Command::receive(message))
    }
    /// Somebody does something with a ticket.
    ///
    /// # Errors
    /// The desk refused.
    pub fn act(&self, actor: Actor, ticket: &Ticket, what: What) -> Result<Arc<Ticket>, Error> {
        self.act_on(actor, ticket.id, what)
    }
    /// The same by the ticket's id.
    ///
    /// # Errors
    /// The desk refused.
    pub fn act_on(&self, actor: Actor, ticket: TicketId, what: What) -> Result<Arc<Ticket>, Error> {
        self.submit(Command::on(ticket, self.key(), actor, what))
    }
    /// Does any command.
    ///
    /// # Errors
    /// The desk refused.
    pub fn submit(&self, command: Command) -> Result<Arc<Ticket>, Error> {
        self.keys.fetch_max(1, Ordering::Relaxed);
        let done = self.desk.submit(command)?;
        self.deliver()?;
        Ok(done.ticket)
    }

    /// The ticket as it is now.
    ///
    /// # Errors
    /// There is no such ticket.
    pub fn ticket(&self, ticket: &Ticket) -> Result<Arc<Ticket>, Error> {
        Ok(self.desk.ticket(ticket.id)?)
    }
    /// All tickets, in order of birth.
    ///
    /// # Errors
    /// The store failed.
    pub fn tickets(&self) -> Result<Vec<Arc<Ticket>>, Error> {
        let mut all = self.find(&Query::new())?;
        all.sort_by_key(|t| t.number);
        Ok(all)
    }
    fn find(&self, query: &Query) -> Result<Vec<Arc<Ticket>>, Error> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.desk.find(query, after.as_ref(), crate::store::Limit::MAX)?;
            all.extend(page.items);
            if !page.more || page.next.is_none() {
                return Ok(all);
            }
            after = page.next;
        }
    }
    /// A ticket's journal.
    ///
    /// # Errors
    /// The store failed.
    pub fn journal(&self, ticket: TicketId) -> Result<Vec<Entry>, Error> {
        Ok(self.desk.journal(ticket)?)
    }
    /// Everything that went out, in order: notifications, messages, requests for a rating.
    pub fn sent(&self) -> Vec<Effect> {
        self.outbox.all()
    }
    /// A ticket's story: what happened at each revision, by whom or by which rule, and which rules did not fire and why.
    ///
    /// # Errors
    /// The store failed.
    pub fn story(&self, ticket: TicketId) -> Result<Text, Error> {
        let mut story = Text::default();
        for entry in self.desk.journal(ticket)? {
            if let Some(e) = self.desk.explain(ticket, entry.revision)? {
                story.en.push_str(&e.render(Lang::En));
                story.zh.push_str(&e.render(Lang::Zh));
            }
        }
        Ok(story)
    }
    /// Who acts for the desk where nobody is named: the ticket's assignee, else the first agent of its group who is there, else the first of all,
    /// else the desk itself.
    pub fn somebody(&self, ticket: &Ticket) -> Actor {
        let roster = self.people.roster();
        let here = |a: &&Agent| a.absence(self.now()).is_none();
        let in_group = || ticket.group.as_ref().and_then(|g| roster.members(g).find(here).map(|a| a.id.clone()));
        let any = || roster.agents().find(here).map(|a| a.id.clone());
        ticket.assignee.clone().or_else(in_group).or_else(any).map_or(Actor::System, Actor::Agent)
    }
}

/// A wall time of a zone: `2025-09-01T09:00:00`, seconds or the whole time may be left out.
fn local(zone: &str, when: &str) -> Option<UtcInstant> {
    let full = match when.len() {
        10 => format!("{when}T00:00:00"),
        16 => format!("{when}:00"),
        _ => when.to_string(),
    };
    let wall: NaiveDateTime = full.replace(' ', "T").parse().ok()?;
    zone_wall_to_instant(zone, wall, GapRule::default(), FoldRule::default()).ok().flatten()
}
