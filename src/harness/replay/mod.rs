//! A past, done again under a candidate playbook: what would have come out differently.
//!
//! What it is: [`History`], what people and the world did, from journals (`journals`) or a foreign log and its map (`map`); [`replay`], which gives all of it
//! to a desk with the candidate, at its instants; [`differences`] of what came out.
//! What it never does: write to the store the journals came from, or decide by anything but the live engine.
//! Read next: `journals.rs`.

mod journals;
mod map;

pub use map::{Columns, DeedMap, FirstRow, LogMap, NewCase, Translated};

use super::coverage::{Counting, Coverage};
use super::stage::{Error, Look, NextId, Stage};
use crate::condition::Customer;
use crate::desk;
use crate::diagnostic::{Diagnostic, Diagnostics, Lang, Place, Text, text};
use crate::engine::{Command, Inbound, NewTicket, What};
use crate::id::*;
use crate::playbook::Playbook;
use crate::routing::{Agent, RosterDefinition};
use crate::ticket::{Actor, Agreement, Schema, Ticket};
use chrono::TimeDelta;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Slots of an agent whom no roster lists: enough for any past.
const SLOTS: u16 = 4_096;

/// What one ticket looked like at a moment, as far as a playbook decides it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Looks {
    /// State.
    pub state: String,
    /// Priority.
    pub priority: Option<String>,
    /// Group.
    pub group: Option<String>,
    /// The customer's policy.
    pub policy: Option<String>,
    /// The earliest open target.
    pub due: Option<UtcInstant>,
}

impl Looks {
    fn of(t: &Ticket) -> Self {
        Self {
            state: t.state.to_string(),
            priority: t.priority.as_ref().map(|p| p.value.to_string()),
            group: t.group.as_ref().map(ToString::to_string),
            policy: t.adopted.iter().find(|a| a.agreement == Agreement::Customer).map(|a| a.policy.to_string()),
            due: t.due(),
        }
    }
    /// What is compared, by name.
    fn aspects(&self) -> [(&'static str, Option<String>); 5] {
        let due = self.due.map(|d| d.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true));
        [
            ("state", Some(self.state.clone())),
            ("priority", self.priority.clone()),
            ("group", self.group.clone()),
            ("policy", self.policy.clone()),
            ("due", due),
        ]
    }
}

/// What is known of one ticket's past.
#[derive(Clone, Debug, Default)]
struct Recorded {
    id: Option<TicketId>,
    number: u64,
    /// After each step of it.
    looks: Vec<Looks>,
    last: Looks,
}

/// Something somebody did.
#[derive(Clone, Debug)]
struct Step {
    case: String,
    at: UtcInstant,
    occurred_at: Option<UtcInstant>,
    actor: Actor,
    deed: Deed,
}

#[derive(Clone, Debug)]
enum Deed {
    Create(Box<NewTicket>),
    /// A message that made a ticket; the case it followed up.
    Receive(Box<Inbound>, Option<String>),
    /// A message onto its ticket.
    Onto(Box<Inbound>),
    On(Box<What>),
    /// A row of a log: perhaps a group and an assignee come with it, before or after it, as the ticket stands.
    Row {
        what: Option<Box<What>>,
        group: Option<GroupId>,
        assignee: Option<AgentId>,
    },
}

/// What people and the world did to the tickets of a desk, in order of time.
#[derive(Clone, Debug, Default)]
pub struct History {
    steps: Vec<Step>,
    recorded: BTreeMap<String, Recorded>,
    agents: BTreeSet<AgentId>,
    left_out: BTreeMap<String, u64>,
    until: Option<UtcInstant>,
}

impl History {
    fn left_out(&mut self, code: &str) {
        let n = self.left_out.entry(code.to_string()).or_default();
        *n = n.saturating_add(1);
    }
    /// How many commands.
    pub fn len(&self) -> usize {
        self.steps.len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
    /// What it came to, as far as that is recorded: journals say it, a foreign log does not.
    pub fn outcome(&self) -> Option<Replayed> {
        if self.recorded.is_empty() {
            return None;
        }
        let course = |(case, r): (&String, &Recorded)| {
            let course = Course { number: r.number, looks: r.looks.clone(), last: r.last.clone(), refused: Vec::new() };
            (case.clone(), course)
        };
        Some(Replayed { courses: self.recorded.iter().map(course).collect(), ..Replayed::default() })
    }
}

/// One ticket's way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Course {
    /// Its number; 0 where it was never made.
    pub number: u64,
    /// After each of its commands.
    pub looks: Vec<Looks>,
    /// In the end.
    pub last: Looks,
    /// Commands refused: which of its commands, from 0, and the code of the first reason.
    pub refused: Vec<(usize, String)>,
}

/// What came of a history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// By case: the ticket's id, or the log's name for it.
    pub courses: BTreeMap<String, Course>,
    /// Commands done.
    pub done: u64,
    /// Commands refused, by the code of the first reason.
    pub refused: BTreeMap<String, u64>,
    /// What could not be given again, by why.
    pub left_out: BTreeMap<String, u64>,
    /// Which rules, and which parts of their conditions, matched, where that was asked for.
    pub coverage: Option<Coverage>,
}

/// How to replay.
#[derive(Clone, Debug, Default)]
pub struct ReplayOptions {
    /// Count which rules matched.
    pub coverage: bool,
    /// The requesters' records: journals do not keep them.
    pub customers: BTreeMap<RequesterId, Customer>,
}

/// Gives a history to a desk with this playbook and these people; agents of the history whom the roster does not list are added, in no group. `tick` is told how many
/// commands are done. Roles are those of the roster: a transition that needs a role is refused to an agent it does not list with that role.
///
/// # Errors
/// The people do not fit the playbook, or the library failed. What the desk refuses is counted, not an error.
pub fn replay(
    playbook: &Playbook,
    people: &RosterDefinition,
    history: &History,
    options: &ReplayOptions,
    tick: &mut dyn FnMut(usize),
) -> Result<Replayed, Error> {
    let counting = options.coverage.then(|| Counting::of(playbook.rules()));
    let look = counting.clone().map(|c| -> Look { Box::new(move |trace| c.see(trace)) });
    let mut people = people.clone();
    for id in &history.agents {
        if !people.agents.iter().any(|a| a.id == *id) {
            people = people.agent(Agent::new(id).capacity(SLOTS));
        }
    }
    let ids = NextId::default();
    let stage = Stage::open_seen(playbook.clone(), people, look, ids.clone())?;
    for (requester, record) in &options.customers {
        stage.customer(requester, record.clone());
    }
    let mut again = Again { stage, ids, history, tickets: BTreeMap::new(), out: Replayed::default() };
    for (n, step) in history.steps.iter().enumerate() {
        again.stage.advance_to(step.at)?;
        again.step(n, step)?;
        tick(n.saturating_add(1));
    }
    // What fell due at the last instant happened later than it.
    if let Some(end) = history.until.and_then(|u| u.checked_add_signed(TimeDelta::microseconds(1))).filter(|_| again.stage.begun()) {
        again.stage.advance_to(end)?;
    }
    for (case, id) in &again.tickets {
        let ticket = again.stage.desk().ticket(*id)?;
        let course = again.out.courses.entry(case.clone()).or_default();
        (course.number, course.last) = (ticket.number, Looks::of(&ticket));
    }
    again.out.left_out = history.left_out.clone();
    again.out.coverage = counting.map(|c| c.done());
    Ok(again.out)
}

struct Again<'h> {
    stage: Stage,
    ids: NextId,
    history: &'h History,
    tickets: BTreeMap<String, TicketId>,
    out: Replayed,
}

impl Again<'_> {
    fn step(&mut self, n: usize, step: &Step) -> Result<(), Error> {
        match self.give(n, step) {
            Ok(ticket) => {
                self.out.done = self.out.done.saturating_add(1);
                self.out.courses.entry(step.case.clone()).or_default().looks.push(Looks::of(&ticket));
                Ok(())
            }
            Err(Error::Desk(desk::Error::Refused(r))) => {
                let code = r.reasons.first().map_or("refused", |x| x.code).to_string();
                let count = self.out.refused.entry(code.clone()).or_default();
                *count = count.saturating_add(1);
                let now = match self.tickets.get(&step.case) {
                    Some(id) => Looks::of(&*self.stage.desk().ticket(*id)?),
                    None => Looks::default(),
                };
                let course = self.out.courses.entry(step.case.clone()).or_default();
                course.refused.push((course.looks.len(), code));
                course.looks.push(now);
                Ok(())
            }
            Err(e) => Err(e),
        }
    }

    fn give(&mut self, n: usize, step: &Step) -> Result<Arc<Ticket>, Error> {
        let key = |part: &str| format!("replay-{n}-{part}");
        let occurred = |c: Command| Command { occurred_at: step.occurred_at, ..c };
        match &step.deed {
            Deed::Create(new) => {
                self.name(&step.case);
                let ticket = self.stage.submit(occurred(Command::create(key("create"), step.actor.clone(), (**new).clone())))?;
                Ok(self.made(&step.case, ticket))
            }
            Deed::Receive(message, follows) => {
                self.name(&step.case);
                let followed = match follows.as_ref().and_then(|f| self.tickets.get(f)) {
                    Some(id) => Some(self.stage.desk().ticket(*id)?.number),
                    None => None,
                };
                let message = Inbound { number: followed, ..identified(message, n) };
                let ticket = self.stage.submit(occurred(Command::receive(message)))?;
                Ok(self.made(&step.case, ticket))
            }
            Deed::Onto(message) => {
                let ticket = self.ticket(&step.case)?;
                let mut message = Inbound { number: Some(ticket.number), kind: ticket.kind.clone(), ..identified(message, n) };
                message.threads.extend(ticket.threads.first().cloned());
                let ticket = self.stage.submit(occurred(Command::receive(message)))?;
                Ok(self.made(&step.case, ticket))
            }
            Deed::On(what) => {
                let ticket = self.ticket(&step.case)?;
                self.stage.submit(occurred(Command::on(ticket.id, key("main"), step.actor.clone(), (**what).clone())))
            }
            Deed::Row { what, group, assignee } => {
                let mut ticket = self.ticket(&step.case)?;
                // Of a final ticket nobody is the assignee: who takes it up again becomes it after the move.
                let open = ticket.is_open();
                if open {
                    ticket = self.hands(n, step, ticket, group.as_ref(), assignee.as_ref())?;
                }
                if let Some(what) = what {
                    ticket = self.stage.submit(Command::on(ticket.id, key("main"), step.actor.clone(), (**what).clone()))?;
                }
                if !open && ticket.is_open() {
                    ticket = self.hands(n, step, ticket, group.as_ref(), assignee.as_ref())?;
                }
                Ok(ticket)
            }
        }
    }

    fn hands(
        &mut self,
        n: usize,
        step: &Step,
        mut ticket: Arc<Ticket>,
        group: Option<&GroupId>,
        assignee: Option<&AgentId>,
    ) -> Result<Arc<Ticket>, Error> {
        if let Some(group) = group.filter(|g| ticket.group.as_ref() != Some(*g)) {
            let what = What::HandOff { group: group.clone(), skills: BTreeMap::new(), reason: String::new() };
            ticket = self.stage.submit(Command::on(ticket.id, format!("replay-{n}-group"), step.actor.clone(), what))?;
        }
        if let Some(agent) = assignee {
            let what = What::Assign(agent.clone());
            ticket = self.stage.submit(Command::on(ticket.id, format!("replay-{n}-agent"), step.actor.clone(), what))?;
        }
        Ok(ticket)
    }

    /// The next ticket gets the id it had: who wins among equals follows from it.
    fn name(&self, case: &str) {
        self.ids.set(self.history.recorded.get(case).and_then(|r| r.id));
    }
    fn made(&mut self, case: &str, ticket: Arc<Ticket>) -> Arc<Ticket> {
        self.tickets.insert(case.to_string(), ticket.id);
        ticket
    }
    fn ticket(&self, case: &str) -> Result<Arc<Ticket>, Error> {
        // None was made under this playbook: the desk says so itself.
        let id = self.tickets.get(case).copied().unwrap_or(TicketId::from_u128(0));
        Ok(self.stage.desk().ticket(id)?)
    }
}

/// A message that a log gave no id has one of its place.
fn identified(message: &Inbound, n: usize) -> Inbound {
    let mut message = message.clone();
    if message.external_id.as_str().is_empty() {
        message.external_id = ExternalId::new(format!("replay-{n}"));
    }
    message
}

/// What one ticket would have been otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The ticket's id, or the log's name for it.
    pub case: String,
    /// Its number before.
    pub number: u64,
    /// `state`, `priority`, `group`, `policy`, `due`, or `refused`.
    pub aspect: &'static str,
    /// After which of its commands it first differed, from 0; none: only in the end.
    pub step: Option<usize>,
    /// What it was.
    pub before: Option<String>,
    /// What it would have been.
    pub after: Option<String>,
    /// It still differed in the end.
    pub in_the_end: bool,
}

impl Difference {
    /// As a line of text.
    pub fn text(&self) -> Text {
        let shown = |v: &Option<String>| v.clone().unwrap_or_else(|| "-".into());
        let name = if self.case.parse::<TicketId>().is_ok() { format!("{}", self.number) } else { self.case.clone() };
        let (before, after) = (shown(&self.before), shown(&self.after));
        let step = self.step.map(|s| s.saturating_add(1));
        let when = match step {
            Some(n) => text(format!("after its command {n}"), format!("第 {n} 个命令之后")),
            None => text("in the end", "最终"),
        };
        let passed = if self.in_the_end { ("", "") } else { (", in the end the same", "，最终相同") };
        let aspect = match self.aspect {
            "state" => "状态",
            "priority" => "优先级",
            "group" => "处理组",
            "policy" => "协议",
            "due" => "到期",
            _ => "被拒绝",
        };
        text(
            format!("ticket {name} {}: {} {before} → {after}{}", when.en, self.aspect, passed.0),
            format!("工单 {name} {}：{aspect} {before} → {after}{}", when.zh, passed.1),
        )
    }
}

/// What differs between what was (or came of one playbook) and what came of another: of each ticket and aspect the first difference.
pub fn differences(before: &Replayed, after: &Replayed) -> Vec<Difference> {
    let mut out = Vec::new();
    let none = Course::default();
    for (case, was) in &before.courses {
        let is = after.courses.get(case).unwrap_or(&none);
        let new = |aspect, step, before, after, in_the_end| Difference {
            case: case.clone(),
            number: was.number,
            aspect,
            step,
            before,
            after,
            in_the_end,
        };
        if let Some((step, code)) = is.refused.iter().find(|r| !was.refused.contains(r)) {
            out.push(new("refused", Some(*step), None, Some(code.clone()), true));
        }
        if is.number == 0 {
            continue;
        }
        for (i, (aspect, ended)) in was.last.aspects().into_iter().enumerate() {
            let of = |l: &Looks| l.aspects().into_iter().nth(i).and_then(|(_, v)| v);
            let end = of(&is.last);
            let first = was.looks.iter().zip(&is.looks).position(|(a, b)| of(a) != of(b));
            match first {
                Some(step) => {
                    let at = |c: &Course| c.looks.get(step).and_then(of);
                    out.push(new(aspect, Some(step), at(was), at(is), ended != end));
                }
                None if ended != end => out.push(new(aspect, None, ended, end, true)),
                None => {}
            }
        }
    }
    out
}

/// Differences and counts as text, at most `most` tickets' lines.
pub fn render_differences(before: &Replayed, after: &Replayed, all: &[Difference], most: usize, lang: Lang) -> String {
    let sum = |m: &BTreeMap<String, u64>| m.values().sum::<u64>();
    let tally = |m: &BTreeMap<String, u64>| {
        if m.is_empty() {
            String::new()
        } else {
            format!(" ({})", m.iter().map(|(c, n)| format!("{c} {n}")).collect::<Vec<_>>().join(", "))
        }
    };
    let mut lines = vec![text(
        format!(
            "{} commands on {} tickets done again, {} refused{}, {} left out{}",
            after.done,
            before.courses.len(),
            sum(&after.refused),
            tally(&after.refused),
            sum(&after.left_out),
            tally(&after.left_out)
        ),
        format!(
            "在 {} 张工单上重放 {} 个命令，拒绝 {} 个{}，略过 {} 个{}",
            before.courses.len(),
            after.done,
            sum(&after.refused),
            tally(&after.refused),
            sum(&after.left_out),
            tally(&after.left_out)
        ),
    )];
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for d in all {
        let n = counts.entry(d.aspect).or_default();
        *n = n.saturating_add(1);
    }
    let counted = counts.iter().map(|(a, n)| format!("{a} {n}")).collect::<Vec<_>>().join(", ");
    lines.push(if all.is_empty() {
        text("nothing would differ", "没有差异")
    } else {
        text(format!("tickets that would differ: {counted}"), format!("有差异的工单数：{counted}"))
    });
    lines.extend(all.iter().take(most).map(|d| d.text()).map(|t| text(format!("  {}", t.en), format!("  {}", t.zh))));
    if all.len() > most {
        let more = all.len().saturating_sub(most);
        lines.push(text(format!("  … and {more} more"), format!("  ……另有 {more} 条")));
    }
    lines.iter().map(|l| format!("{}\n", l.get(lang))).collect()
}

/// Requesters' records from JSON: `{ "ann": { "tier": "gold" } }`.
///
/// # Errors
/// The text is no such JSON, or a record does not fit the playbook.
pub fn customers(file: &str, json: &str, schema: &Schema) -> Result<BTreeMap<RequesterId, Customer>, Diagnostics> {
    let value = super::explain::parse(file, json)?;
    let crate::rules::TestValue::Record(all) = value else { return Ok(BTreeMap::new()) };
    let mut out = BTreeMap::new();
    for (name, record) in &all {
        match super::given::customer(schema, record) {
            Ok(record) => drop(out.insert(RequesterId::new(name), record)),
            Err(crate::rules::TestFault::Wrong { message, help }) => {
                return Err(Diagnostic::error("bad-customer", message).at(Place::file(file)).maybe_help(help).into());
            }
            Err(crate::rules::TestFault::Refused { message, .. }) => {
                return Err(Diagnostic::error("bad-customer", message).at(Place::file(file)).into());
            }
        }
    }
    Ok(out)
}
