//! The play: simulated time passes, things arrive, people act, timers fire at their instants.
//!
//! One queue of plans in order of time. Between two plans the desk is swept whenever [`Blocking::next_wake`] says so, one microsecond
//! after the instant, as a host would that sleeps exactly. Everything goes through the desk; nobody here writes a ticket.

use crate::cast::{self, Act};
use crate::rng::Rng;
use crate::script;
use crate::stream::{self, Arrival, SEED};
use crate::upgrade;
use crate::world::World;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::{Arc, mpsc::Receiver};
use ticketry::desk::{self, Blocking, Desk, FixedClock};
use ticketry::diagnostic::Text;
use ticketry::engine::{Command, Inbound, NewMessage, NewTicket, What};
use ticketry::id::{AgentId, TicketId};
use ticketry::ticket::{Actor, Decimal, Entry, Ticket, Value};

/// Something planned.
#[derive(Clone, Debug)]
pub enum Plan {
    /// Something arrives.
    Arrive(Box<Arrival>),
    /// Somebody does something about a ticket.
    Act(TicketId, Act),
    /// A step of a scripted ticket.
    Script(usize),
    /// A step of the change to another playbook.
    Upgrade(upgrade::Step),
    /// Agents came on shift or have free hands again: give them what waits.
    Dispatch,
}

/// What came of the commands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub commands: u64,
    pub refused: BTreeMap<String, u64>,
    pub repeated: u64,
    pub sweeps: u64,
    pub fired: u64,
}

/// The play in progress.
pub struct Play<'w> {
    pub world: &'w World,
    pub desk: Blocking,
    clock: FixedClock,
    entries: Receiver<Arc<Entry>>,
    plans: BTreeMap<(DateTime<Utc>, u64), Plan>,
    count: u64,
    now: DateTime<Utc>,
    /// Until when an agent is busy.
    busy: BTreeMap<AgentId, DateTime<Utc>>,
    /// Tickets somebody has planned to work on.
    planned: BTreeSet<TicketId>,
    /// Scripted tickets by name; the simulated people leave them alone.
    pub scripted: BTreeMap<&'static str, TicketId>,
    pub tally: Tally,
    /// What is to be told of the change to another playbook.
    pub upgrade: Vec<Text>,
    dispatch_planned: Option<DateTime<Utc>>,
    /// Commands given from this instant on are remembered, to be given again to another desk.
    remember: Option<DateTime<Utc>>,
    remembered: Vec<Command>,
}

impl<'w> Play<'w> {
    /// A play on a desk, from `now` on.
    pub fn new(world: &'w World, desk: Desk, clock: FixedClock, now: DateTime<Utc>) -> Self {
        let entries = desk.subscribe();
        Self {
            world,
            desk: desk.blocking(),
            clock,
            entries,
            plans: BTreeMap::new(),
            count: 0,
            now,
            busy: BTreeMap::new(),
            planned: BTreeSet::new(),
            scripted: BTreeMap::new(),
            tally: Tally::default(),
            upgrade: Vec::new(),
            dispatch_planned: None,
            remember: None,
            remembered: Vec::new(),
        }
    }

    /// Remembers the commands given from `at` on.
    pub fn remember_from(&mut self, at: DateTime<Utc>) {
        self.remember = Some(at);
    }
    /// Goes on at another desk that has seen the same commands. Those of the last instant are given again, for it may have been stopped
    /// amid them: their idempotency keys make a repetition harmless.
    pub fn move_to(&mut self, desk: Desk, clock: FixedClock) -> Result<(), Box<dyn Error>> {
        self.entries = desk.subscribe();
        self.desk = desk.blocking();
        self.clock = clock;
        self.remember = None;
        self.tally = Tally::default();
        // Stopped amid it, the migration is gone through again.
        if self.now >= upgrade::at(upgrade::Step::Swap) {
            upgrade::migrate(self)?;
        }
        for command in std::mem::take(&mut self.remembered) {
            self.submit(command)?;
        }
        // What these did, the play has seen already.
        while self.entries.try_recv().is_ok() {}
        self.tally = Tally::default();
        Ok(())
    }

    /// Plans what a day brings: arrivals, the steps of scripted tickets, agents coming on shift.
    pub fn plan_day(&mut self, day: NaiveDate) {
        for a in stream::day(day) {
            self.plan(a.at, Plan::Arrive(Box::new(a)));
        }
        let (from, to) = (stream::beijing(day, 0, 0, 0), stream::beijing(day, 23, 59, 59));
        for (i, s) in script::STEPS.iter().enumerate() {
            let at = s.at();
            if at >= from && at <= to {
                self.plan(at, Plan::Script(i));
            }
        }
        for (step, on, _) in upgrade::STEPS {
            if stream::date(on) == day {
                self.plan(upgrade::at(step), Plan::Upgrade(step));
            }
        }
        let mut opens: Vec<DateTime<Utc>> = Vec::new();
        for c in self.world.playbook.calendars().iter() {
            opens.extend(c.open_periods(from).take_while(|p| p.start <= to).map(|p| p.start).filter(|s| *s >= from));
        }
        opens.sort();
        opens.dedup();
        for at in opens {
            self.plan(at, Plan::Dispatch);
        }
    }

    /// Puts a plan at its time; of two at one time, the one planned first comes first.
    pub fn plan(&mut self, at: DateTime<Utc>, plan: Plan) {
        self.count += 1;
        self.plans.insert((at.max(self.now), self.count), plan);
    }

    /// Goes on until `until`, telling `tick` every simulated instant reached.
    pub fn run(&mut self, until: DateTime<Utc>, tick: &mut dyn FnMut(DateTime<Utc>)) -> Result<(), Box<dyn Error>> {
        loop {
            let next = self.plans.first_key_value().map(|((at, _), _)| *at).filter(|at| *at <= until);
            self.sweep_until(next.unwrap_or(until))?;
            let Some(at) = next else { break };
            // A sweep may have planned something earlier.
            let Some(((first, _), _)) = self.plans.first_key_value() else { break };
            if *first < at {
                continue;
            }
            let Some(((at, _), plan)) = self.plans.pop_first() else { break };
            self.set(at);
            self.step(plan)?;
            self.drain()?;
            tick(at);
        }
        self.set(until);
        Ok(())
    }

    fn set(&mut self, at: DateTime<Utc>) {
        self.now = self.now.max(at);
        self.clock.set(self.now);
    }

    /// Sweeps at every instant something is due, up to and excluding `until`; stops early when a sweep leads to an earlier plan.
    fn sweep_until(&mut self, until: DateTime<Utc>) -> Result<(), Box<dyn Error>> {
        while let Some(wake) = self.desk.next_wake()? {
            let mut at = (wake + TimeDelta::microseconds(1)).max(self.now);
            if let Some(back) = script::sweeper_down(at) {
                at = back;
            }
            if at > until || self.plans.first_key_value().is_some_and(|((p, _), _)| *p < at) {
                break;
            }
            self.set(at);
            let swept = self.desk.sweep(at)?;
            self.desk.deliver(1_000)?;
            self.tally.sweeps += 1;
            self.tally.fired += swept.fired;
            self.drain()?;
            if swept.fired == 0 && swept.assigned == 0 && self.desk.next_wake()?.is_some_and(|w| w <= wake) {
                // Somebody's lease, or a queue that nobody can serve now.
                break;
            }
        }
        Ok(())
    }

    fn step(&mut self, plan: Plan) -> Result<(), Box<dyn Error>> {
        match plan {
            Plan::Arrive(a) => self.arrive(&a),
            Plan::Act(ticket, act) => {
                self.planned.remove(&ticket);
                let t = self.desk.ticket(ticket)?;
                cast::act(self, &t, &act)
            }
            Plan::Script(i) => script::perform(self, i),
            Plan::Upgrade(step) => upgrade::perform(self, step),
            Plan::Dispatch => {
                self.dispatch_planned = None;
                self.desk.dispatch()?;
                Ok(())
            }
        }
    }

    fn arrive(&mut self, a: &Arrival) -> Result<(), Box<dyn Error>> {
        if a.channel == "phone" {
            let mut rng = Rng::of(SEED, &a.key);
            if let Some(agent) = cast::answers_the_phone(self.world, self.now, &mut rng) {
                let mut new = NewTicket::new(a.kind, &*a.subject, &a.requester, "phone");
                new.category = a.category.map(Into::into);
                new.fields = fields(a);
                new.call = Some(NewMessage::new(&*a.body));
                self.submit(Command::create(format!("call:{}", a.key), Actor::Agent(agent), new))?;
                return Ok(());
            }
        }
        // Nobody answers the phone at night: it becomes a message on the machine.
        let mut inbound = Inbound::new(a.channel, format!("{}#1", a.key), &a.requester, a.kind, &*a.body);
        inbound.subject = a.subject.as_str().into();
        inbound.threads = vec![a.key.as_str().into()];
        inbound.category = a.category.map(Into::into);
        inbound.fields = fields(a);
        self.submit(Command::receive(inbound))?;
        Ok(())
    }

    /// Gives a command to the desk; a refusal is counted, not hidden.
    pub fn submit(&mut self, command: Command) -> Result<Option<Arc<Ticket>>, Box<dyn Error>> {
        self.tally.commands += 1;
        if self.remember.is_some_and(|from| self.now >= from) {
            self.remembered.push(command.clone());
        }
        match self.desk.submit(command) {
            Ok(done) => {
                self.tally.repeated += u64::from(done.repeated);
                Ok(Some(done.ticket))
            }
            Err(desk::Error::Refused(r)) => {
                for reason in &r.reasons {
                    *self.tally.refused.entry(reason.code.to_string()).or_default() += 1;
                }
                Ok(None)
            }
            Err(e) => Err(e.into()),
        }
    }

    /// A command on a ticket; its key is made of the ticket and what was seen of it, so that a repeated play repeats the key.
    pub fn on(&mut self, t: &Ticket, actor: Actor, what: What) -> Result<Option<Arc<Ticket>>, Box<dyn Error>> {
        let key = format!("{}:{}:{}:{}", t.id, t.revision.get(), what.word(), self.now.timestamp());
        self.submit(Command::on(t.id, key, actor, what))
    }

    /// Everything the desk has written since the last look: the people react to it.
    fn drain(&mut self) -> Result<(), Box<dyn Error>> {
        while let Ok(entry) = self.entries.try_recv() {
            if self.scripted.values().any(|id| *id == entry.ticket) || script::is_scripted(entry.commit.as_str()) {
                continue;
            }
            cast::react(self, &entry)?;
        }
        Ok(())
    }

    /// The present instant.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }
    /// The number of days' plans still open.
    pub fn is_planned(&self, ticket: TicketId) -> bool {
        self.planned.contains(&ticket)
    }
    /// Plans work on a ticket by an agent: after thinking for `think`, when the agent's shift is open and the agent free, for `handle`.
    pub fn plan_work(&mut self, ticket: TicketId, agent: &AgentId, think: TimeDelta, handle: TimeDelta, pressing: bool) {
        let roster = &self.world.directory.roster;
        let calendars = self.world.playbook.calendars();
        let shift = roster.agent(agent).and_then(|a| a.shift.clone());
        let calendar = calendars.resolve(shift.as_ref(), None);
        let mut from = self.now;
        if let Some(absence) = roster.agent(agent).and_then(|a| a.absence(self.now)) {
            let Some(back) = absence.to else { return };
            from = back;
        }
        let free = self.busy.get(agent).copied().filter(|_| !pressing).unwrap_or(from);
        let Some(at) = calendar.add(from, think).map(|t| t.max(free)).and_then(|t| calendar.next_open(t)) else { return };
        let done = calendar.add(at, handle).unwrap_or(at);
        self.busy.entry(agent.clone()).and_modify(|b| *b = (*b).max(done)).or_insert(done);
        self.planned.insert(ticket);
        self.plan(at, Plan::Act(ticket, Act::Work(agent.clone())));
    }
    /// Plans a dispatch in a moment, if none is planned: somebody's hands are free again.
    pub fn plan_dispatch(&mut self) {
        if self.dispatch_planned.is_none() {
            let at = self.now + TimeDelta::minutes(5);
            self.dispatch_planned = Some(at);
            self.plan(at, Plan::Dispatch);
        }
    }
}

/// The custom fields of an arrival.
fn fields(a: &Arrival) -> Vec<(ticketry::id::FieldName, Value)> {
    let Some(amount) = a.amount else { return Vec::new() };
    let order = format!("DD{:08}", Rng::of(SEED, &a.key).below(100_000_000));
    vec![("order_no".into(), Value::text(order)), ("amount".into(), Value::Decimal(Decimal::new(amount, 2)))]
}
