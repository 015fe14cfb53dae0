//! A foreign event log through the same door: a small TOML, the map, says which command each activity is.
//!
//! Rows of all cases are ordered by time, then by their place in the file; the time in the log is the desk's clock, and the desk is swept
//! at every instant something is due. Every row ends up either applied or refused with a code; nothing is dropped.

use super::figures::Beside;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use ticketry::desk::{self, Blocking, Clock, Desk, FixedClock, FixedDirectory, SeededIds};
use ticketry::diagnostic::Lang;
use ticketry::engine::{Command, NewMessage, NewTicket, TransitionInput, What};
use ticketry::id::{AgentId, Digest, GroupId, TicketId};
use ticketry::playbook::Playbook;
use ticketry::routing::{Agent, RosterDefinition};
use ticketry::store::{Limit, Store};
use ticketry::ticket::wire::v1;
use ticketry::ticket::{Actor, Attribute, Entry, Ticket, Value};

pub type Fault = Box<dyn Error>;

/// The map: how a log becomes commands.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// The playbook's folder, beside the map.
    pub playbook: PathBuf,
    /// The figures to reconcile with: file name beside the log.
    pub expected: Option<String>,
    /// The figures per case beside the log.
    pub figures: Option<Beside>,
    /// Which columns hold what.
    pub columns: Columns,
    /// What a new ticket looks like.
    pub ticket: NewCase,
    /// What each activity is.
    pub activities: BTreeMap<String, Deed>,
}

/// Columns of the log by their heads.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    pub case: String,
    /// One or several, joined with `/`.
    pub activity: Vec<String>,
    pub time: String,
    /// Who did it: becomes an agent.
    pub resource: Option<String>,
    pub group: Option<String>,
    pub requester: Option<String>,
}

/// How a ticket is made of a case's first row.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCase {
    pub r#type: String,
    pub channel: String,
    /// `{case}` stands for the case.
    pub subject: String,
    /// If the first row of a case is no `create`: make the ticket and then apply the row, or refuse the row.
    pub first_row: FirstRow,
    /// Fields set at creation: field = column.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Impact: column, and how its words translate.
    pub impact: Option<Translated>,
}

/// A column whose words become the playbook's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Translated {
    pub column: String,
    pub words: BTreeMap<String, String>,
}

/// What to do with a case that does not begin with a creation.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum FirstRow {
    CreateAndApply,
    Refuse,
}

/// What one activity is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deed {
    /// `create`, `transition`, `set`, `assign`, `note`, `hand_off`.
    pub command: String,
    /// The transition taken.
    pub transition: Option<String>,
    /// Fields set: field = column.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// The resource becomes the assignee first.
    #[serde(default)]
    pub assign: bool,
    /// The row's group becomes the ticket's first, if it is another one.
    #[serde(default)]
    pub hand_off: bool,
}

/// A row of the log.
#[derive(Clone, Debug)]
pub struct Row {
    pub case: String,
    pub activity: String,
    pub at: DateTime<Utc>,
    pub resource: String,
    pub group: String,
    pub requester: String,
    pub cells: BTreeMap<String, String>,
}

/// What became of the rows of one activity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub rows: u64,
    pub applied: u64,
    /// By the code of the first reason.
    pub refused: BTreeMap<String, u64>,
}

/// When the desk is swept besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sweeps {
    /// Whenever something is due, and at every midnight.
    Due,
    /// At every midnight.
    #[allow(dead_code, reason = "the tests compare the schedules")]
    Daily,
    /// Never: what is due happens when the next command comes.
    #[allow(dead_code, reason = "the tests compare the schedules")]
    Never,
}

/// The account of a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub activities: BTreeMap<String, Tally>,
    pub rows: u64,
    pub cases: u64,
    /// Commands of all kinds, the making of tickets included.
    pub commands: u64,
    /// Tickets made because a case does not begin with a creation.
    pub made: u64,
    pub sweeps: u64,
    pub fired: u64,
    pub entries: u64,
    pub digest: String,
    pub states: BTreeMap<String, u64>,
    /// Which ticket is which case.
    pub tickets: BTreeMap<String, TicketId>,
    /// Resolution clocks: met, breached.
    pub resolution: (u64, u64),
}

impl Account {
    pub fn applied(&self) -> u64 {
        self.activities.values().map(|t| t.applied).sum()
    }
    pub fn refused(&self) -> u64 {
        self.activities.values().flat_map(|t| t.refused.values()).sum()
    }
}

impl Map {
    /// Reads a map.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        let content = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let map: Self = toml::from_str(&content).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(map)
    }
    /// The playbook it names, with every group the rows name: no file lists hundreds of them by hand.
    pub fn playbook(&self, map: &Path, rows: &[Row], lang: Lang) -> Result<Playbook, Fault> {
        let folder = map.parent().unwrap_or(Path::new(".")).join(&self.playbook);
        let mut source = ticketry::folder::read(&folder).map_err(|p| p.render(lang, None))?;
        let groups: BTreeSet<&str> = rows.iter().map(|r| r.group.as_str()).filter(|g| !g.is_empty()).collect();
        let mut head = source.get("playbook.toml").unwrap_or_default().to_string();
        for g in groups {
            head.push_str(&format!("\n[groups.{g:?}]\n"));
        }
        source.add("playbook.toml", head);
        Ok(Playbook::load(&source).map_err(|p| p.render(lang, Some(&source)))?.playbook)
    }
}

/// Reads the first `most` rows of a log (`.csv` or `.csv.gz`) and those of the last case that follow, in the order of time, then of the file.
pub fn rows(path: &Path, map: &Map, most: usize) -> Result<Vec<Row>, Fault> {
    let file = std::fs::File::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let plain: Box<dyn Read> =
        if path.extension().is_some_and(|e| e == "gz") { Box::new(flate2::read::GzDecoder::new(file)) } else { Box::new(file) };
    let mut reader = csv::Reader::from_reader(plain);
    let heads: Vec<String> = reader.headers()?.iter().map(str::to_string).collect();
    let named = map.columns.activity.iter().chain([&map.columns.case, &map.columns.time]);
    let named = named.chain(&map.columns.resource).chain(&map.columns.group).chain(&map.columns.requester);
    let fields = map.ticket.fields.values().chain(map.activities.values().flat_map(|d| d.fields.values()));
    let named: BTreeSet<&String> = named.chain(fields).chain(map.ticket.impact.as_ref().map(|i| &i.column)).collect();
    if let Some(missing) = named.iter().find(|c| !heads.contains(c)) {
        return Err(format!("{}: the log has no column {missing}; it has {}", path.display(), heads.join(", ")).into());
    }
    let mut all = Vec::new();
    for (n, record) in reader.records().enumerate() {
        let record = record?;
        let cells: BTreeMap<String, String> = heads.iter().cloned().zip(record.iter().map(str::to_string)).collect();
        let cell = |c: &str| cells.get(c).cloned().unwrap_or_default();
        let maybe = |c: &Option<String>| c.as_ref().map(|c| cell(c)).unwrap_or_default();
        let time = cell(&map.columns.time);
        let at = time.parse::<DateTime<Utc>>().map_err(|e| format!("row {}: time {time:?}: {e}", n + 2))?;
        let activity = map.columns.activity.iter().map(|c| cell(c)).collect::<Vec<_>>().join("/");
        let c = &map.columns;
        let case = cell(&c.case);
        // A case is read whole: half of one tells nothing about it.
        if n >= most && all.last().is_none_or(|r: &Row| r.case != case) {
            break;
        }
        all.push(Row { case, activity, at, resource: maybe(&c.resource), group: maybe(&c.group), requester: maybe(&c.requester), cells });
    }
    all.sort_by_key(|r| r.at);
    Ok(all)
}

/// Replays the rows into a store and gives the account. `tick` is told how many rows are done.
pub fn run(
    map: &Map,
    playbook: &Playbook,
    rows: &[Row],
    store: impl Store + Clone,
    sweeps: Sweeps,
    tick: &mut dyn FnMut(u64),
) -> Result<Account, Fault> {
    let mut roster = RosterDefinition::default();
    let people: BTreeSet<&str> = rows.iter().map(|r| r.resource.as_str()).filter(|r| !r.is_empty()).collect();
    for p in people {
        roster = roster.agent(Agent::new(p).capacity(4_096));
    }
    let (roster, problems) = roster.build(playbook.schema());
    let roster = roster.ok_or_else(|| problems.render(Lang::En, None))?;
    let clock = FixedClock::new(rows.first().map_or(DateTime::UNIX_EPOCH, |r| r.at));
    let desk = Desk::builder(playbook.clone())
        .store(store.clone())
        .directory(FixedDirectory { roster: Arc::new(roster), ..FixedDirectory::default() })
        .clock(clock.clone())
        .ids(SeededIds::new(1, 0))
        .open_blocking()?;
    let midnight = clock.now().date_naive();
    let mut replay = Replay { map, desk: desk.blocking(), clock, account: Account::default(), sweeps, midnight, last_wake: None };
    for (n, row) in rows.iter().enumerate() {
        replay.pass(row.at)?;
        replay.clock.set(row.at);
        replay.row(n, row)?;
        tick(n as u64 + 1);
    }
    let mut account = replay.account;
    account.rows = rows.len() as u64;
    account.cases = account.tickets.len() as u64;
    for id in account.tickets.values() {
        let t = replay.desk.ticket(*id)?;
        *account.states.entry(t.state.to_string()).or_default() += 1;
        resolution(&t, &mut account.resolution);
    }
    let (entries, digest) = journal(&store)?;
    (account.entries, account.digest) = (entries, digest.to_string());
    Ok(account)
}

fn resolution(t: &Ticket, into: &mut (u64, u64)) {
    let breached = t.closed_clocks.iter().any(|c| c.id.metric == *"resolution" && c.breached_at.is_some())
        || t.clocks.iter().any(|c| c.id.metric == *"resolution" && c.breached_at.is_some());
    let ended = t.closed_clocks.iter().any(|c| c.id.metric == *"resolution");
    into.1 += u64::from(breached);
    into.0 += u64::from(ended && !breached);
}

/// How many entries a store holds, and the SHA-256 over all their records in the order of the feed.
pub fn journal(store: &impl Store) -> Result<(u64, Digest), Fault> {
    let mut records = Vec::new();
    feed(store, |entry| {
        records.push(v1::encode(&entry)?);
        Ok(())
    })?;
    let count = records.len() as u64;
    Ok((count, Digest::of(records.iter().map(Vec::as_slice))))
}

/// Every entry of a store, in the order of the feed.
pub fn feed(store: &impl Store, mut each: impl FnMut(Entry) -> Result<(), Fault>) -> Result<(), Fault> {
    let mut after = None;
    loop {
        let page = ready(store.feed(after, Limit::MAX))?;
        page.items.into_iter().try_for_each(&mut each)?;
        if !page.more || page.next.is_none() {
            return Ok(());
        }
        after = page.next;
    }
}

/// The answer of a future of an embedded store: they are ready when polled.
pub fn ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(answer) = future.as_mut().poll(&mut context) {
            return answer;
        }
        std::thread::yield_now();
    }
}

struct Replay<'a> {
    map: &'a Map,
    desk: Blocking,
    clock: FixedClock,
    account: Account,
    sweeps: Sweeps,
    /// The day up to whose beginning the desk was swept.
    midnight: NaiveDate,
    last_wake: Option<DateTime<Utc>>,
}

impl Replay<'_> {
    /// Time passes until `until`: the desk is swept as the schedule says.
    fn pass(&mut self, until: DateTime<Utc>) -> Result<(), Fault> {
        if self.sweeps == Sweeps::Never {
            return Ok(());
        }
        while self.midnight < until.date_naive() {
            self.midnight = self.midnight + Days::new(1);
            let at = self.midnight.and_time(NaiveTime::MIN).and_utc();
            if self.sweeps == Sweeps::Due {
                self.sweep_due(at)?;
            }
            self.sweep(at)?;
        }
        if self.sweeps == Sweeps::Due { self.sweep_due(until) } else { Ok(()) }
    }

    /// Everything due before `until` happens at its own instant.
    fn sweep_due(&mut self, until: DateTime<Utc>) -> Result<(), Fault> {
        while let Some(wake) = self.desk.next_wake()? {
            let at = wake + TimeDelta::microseconds(1);
            // A queue nobody serves wakes again and again at the same instant: once is enough.
            if at >= until || self.last_wake == Some(wake) {
                break;
            }
            self.last_wake = Some(wake);
            self.sweep(at)?;
        }
        Ok(())
    }

    fn sweep(&mut self, at: DateTime<Utc>) -> Result<(), Fault> {
        self.clock.set(at);
        let swept = self.desk.sweep(at)?;
        self.desk.deliver(10_000)?;
        self.account.sweeps += 1;
        self.account.fired += swept.fired;
        Ok(())
    }

    fn row(&mut self, n: usize, row: &Row) -> Result<(), Fault> {
        let refused = match self.apply(n, row) {
            Ok(()) => None,
            Err(Stop::Refused(code)) => Some(code),
            Err(Stop::Fault(e)) => return Err(e),
        };
        let tally = self.account.activities.entry(row.activity.clone()).or_default();
        tally.rows += 1;
        match refused {
            None => tally.applied += 1,
            Some(code) => *tally.refused.entry(code).or_default() += 1,
        }
        Ok(())
    }

    fn apply(&mut self, n: usize, row: &Row) -> Result<(), Stop> {
        let Some(deed) = self.map.activities.get(&row.activity) else { return Err(Stop::Refused("unmapped-activity".into())) };
        let by = if row.resource.is_empty() { Actor::Integration("log".into()) } else { Actor::agent(&row.resource) };
        let creates = deed.command == "create";
        let id = match self.account.tickets.get(&row.case) {
            Some(_) if creates => return Err(Stop::Refused("exists".into())),
            Some(id) => *id,
            None if creates => {
                self.create(n, row, &by)?;
                return Ok(());
            }
            None if self.map.ticket.first_row == FirstRow::Refuse => return Err(Stop::Refused("no-ticket".into())),
            None => {
                self.account.made += 1;
                self.create(n, row, &by)?
            }
        };
        // Of a final ticket nobody is the assignee: who takes it up again becomes it after the move, who only repeats the end does not.
        let open = self.desk.ticket(id)?.is_open();
        if open {
            self.hands(n, row, deed, id, &by)?;
        }
        let fields: Vec<(Attribute, Option<Value>)> = deed
            .fields
            .iter()
            .map(|(f, c)| (Attribute::named(f), row.cells.get(c).filter(|v| !v.is_empty()).map(|v| Value::text(v.as_str()))))
            .collect();
        let what = match deed.command.as_str() {
            "transition" => TransitionInput::new(deed.transition.as_deref().unwrap_or_default())
                .fields(fields)
                .maybe_comment(Some(row.activity.as_str().into()).filter(|_| deed.transition.is_none()))
                .into(),
            "set" => What::SetFields(fields),
            "assign" => What::Assign(AgentId::new(&row.resource)),
            "note" => What::Note(NewMessage::new(row.activity.as_str())),
            "hand_off" => return Ok(()),
            other => return Err(Stop::Fault(format!("the map says `{other}`, which is no command").into())),
        };
        let after = self.submit(Command::on(id, format!("row/{n}/main"), by.clone(), what))?;
        if !open && after.is_open() {
            self.hands(n, row, deed, id, &by)?;
        }
        Ok(())
    }

    /// The row's group and resource become the ticket's, where the map says so.
    fn hands(&mut self, n: usize, row: &Row, deed: &Deed, id: TicketId, by: &Actor) -> Result<(), Stop> {
        if deed.hand_off && !row.group.is_empty() && self.desk.ticket(id)?.group.as_ref().is_none_or(|g| g.as_str() != row.group) {
            let what = What::HandOff { group: GroupId::new(&row.group), skills: BTreeMap::new(), reason: row.activity.clone() };
            self.submit(Command::on(id, format!("row/{n}/hand_off"), by.clone(), what))?;
        }
        if deed.assign && !row.resource.is_empty() {
            let what = What::Assign(AgentId::new(&row.resource));
            self.submit(Command::on(id, format!("row/{n}/assign"), by.clone(), what))?;
        }
        Ok(())
    }

    fn create(&mut self, n: usize, row: &Row, by: &Actor) -> Result<TicketId, Stop> {
        let m = &self.map.ticket;
        let requester = if row.requester.is_empty() { "unknown" } else { &row.requester };
        let mut new = NewTicket::new(&m.r#type, m.subject.replace("{case}", &row.case), requester, &m.channel);
        for (field, column) in &m.fields {
            if let Some(v) = row.cells.get(column).filter(|v| !v.is_empty()) {
                new.fields.push((field.as_str().into(), Value::text(v.as_str())));
            }
        }
        if let Some(impact) = &m.impact {
            let word = row.cells.get(&impact.column).map_or("", String::as_str);
            new.impact = impact.words.get(word).map(|w| w.as_str().into());
        }
        let ticket = self.submit(Command::create(format!("row/{n}/create"), by.clone(), new))?;
        self.account.tickets.insert(row.case.clone(), ticket.id);
        Ok(ticket.id)
    }

    fn submit(&mut self, command: Command) -> Result<Arc<Ticket>, Stop> {
        self.account.commands += 1;
        Ok(self.desk.submit(command)?.ticket)
    }
}

enum Stop {
    Refused(String),
    Fault(Fault),
}
impl From<desk::Error> for Stop {
    fn from(e: desk::Error) -> Self {
        match e {
            desk::Error::Refused(r) => Self::Refused(r.reasons.first().map_or("refused", |x| x.code).to_string()),
            e => Self::Fault(e.into()),
        }
    }
}
