//! The figures of a replayed log, read from the tickets' journals alone, against figures computed by others from the log itself.
//!
//! A metric's figure is what its clock had counted when it last stopped; what a later reopening started and never ended does not change it.
//! Waiting is what that clock's pauses hold of open time. A case's duration is the open time between the first and the last entry somebody made.

use super::replay::{Account, Fault, Map, ready};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use ticketry::calendar::Calendars;
use ticketry::sla::timeline;
use ticketry::store::StoreExt;
use ticketry::ticket::{Actor, Clock, Entry, Event, Outcome, Ticket};

/// Which figures there are beside the log, and which metrics of the playbook measure them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beside {
    /// Open time per case: `case_id, first, last, calendar_seconds, business_seconds`.
    pub durations: Option<String>,
    /// The service levels.
    pub sla: Option<ServiceLevels>,
}

/// Service levels per case, and their sums.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceLevels {
    /// `case_id, first_response_business_seconds, waiting_business_seconds, resolution_business_seconds, first_response_breached, resolution_breached`.
    pub cases: String,
    /// Counts, sums, means, medians.
    pub totals: String,
    /// The metric of the first response.
    pub first_response: String,
    /// The metric of the resolution; its pauses are the waiting.
    pub resolution: String,
}

/// One stop of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Open seconds counted.
    pub seconds: i64,
    /// More was counted than the target: the rule of the figures.
    pub over: bool,
    /// The clock's verdict: it stopped later than its due instant (S47). The same, but for a stop out of hours after a target that was used up to the second at closing.
    pub late: bool,
}

/// A case as its ticket's journal tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    pub first: DateTime<Utc>,
    pub last: DateTime<Utc>,
    /// Open seconds from the first to the last.
    pub open: i64,
    pub first_response: Option<Stop>,
    pub resolution: Option<Stop>,
    /// Open seconds in which the resolution's clock was paused.
    pub waiting: Option<i64>,
}

/// A figure: what, expected, found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    pub what: String,
    pub expected: String,
    pub found: String,
}

impl Figure {
    pub fn new(what: impl Into<String>, expected: impl ToString, found: impl ToString) -> Self {
        Self { what: what.into(), expected: expected.to_string(), found: found.to_string() }
    }
    pub fn equal(&self) -> bool {
        self.expected == self.found
    }
}

/// Reads every case from its ticket's journal.
pub fn cases(map: &Map, calendars: &Calendars, store: &impl StoreExt, account: &Account) -> Result<BTreeMap<String, Case>, Fault> {
    let mut all = BTreeMap::new();
    for (name, id) in &account.tickets {
        let journal = ready(store.whole_journal(*id))?;
        all.insert(name.clone(), case(map, calendars, &journal).map_err(|e| format!("{name}: {e}"))?);
    }
    Ok(all)
}

/// Reads one case.
pub fn case(map: &Map, calendars: &Calendars, journal: &[Entry]) -> Result<Case, Fault> {
    let made: Vec<&Entry> = journal.iter().filter(|e| e.actor != Actor::System).collect();
    let (Some(first), Some(last)) = (made.first().map(|e| e.at), made.last().map(|e| e.at)) else {
        return Err("a journal nobody wrote in".into());
    };
    let open = seconds(calendars.default_calendar().elapsed(first, last))?;
    let mut case = Case { first, last, open, first_response: None, resolution: None, waiting: None };
    if let Some(sla) = map.figures.as_ref().and_then(|f| f.sla.as_ref()) {
        case.first_response = stopped(journal, &sla.first_response)?.map(|(stop, _)| stop);
        if let Some((stop, clock)) = stopped(journal, &sla.resolution)? {
            let calendar = calendars.get(&clock.calendar).ok_or("a clock in an unknown calendar")?;
            let paused: TimeDelta = clock.pauses.iter().filter(|p| !p.closed).map(|p| calendar.elapsed(p.from, p.to)).sum();
            let shown = timeline(&clock, calendars, clock.paused_since.unwrap_or(last));
            if shown.carried != 0 || shown.counted != clock.counted {
                return Err(format!("the timeline of {} does not add up", sla.resolution).into());
            }
            case.resolution = Some(stop);
            case.waiting = Some(seconds(paused)?);
        }
    }
    Ok(case)
}

/// The last stop of a metric that measured something, and the clock as it rested then.
fn stopped(journal: &[Entry], metric: &str) -> Result<Option<(Stop, Clock)>, Fault> {
    let ends = |e: &Event| match e {
        Event::ClockStopped { clock, outcome, counted } if clock.metric == *metric && *outcome != Outcome::Cancelled => {
            Some((*counted, *outcome == Outcome::Breached))
        }
        _ => None,
    };
    let found = journal.iter().enumerate().rev().find_map(|(i, e)| e.events.iter().rev().find_map(|c| ends(&c.event)).map(|end| (i, end)));
    let Some((upto, (counted, late))) = found else { return Ok(None) };
    let ticket = Ticket::fold(journal.iter().take(upto + 1)).ok_or("a journal that begins with nothing")?;
    let clock = ticket.resting.iter().find(|c| c.id.metric == *metric).cloned().ok_or("a stopped clock that does not rest")?;
    Ok(Some((Stop { seconds: seconds(TimeDelta::microseconds(counted))?, over: counted > clock.budget, late }, clock)))
}

fn seconds(d: TimeDelta) -> Result<i64, Fault> {
    let whole = d.num_seconds();
    if TimeDelta::seconds(whole) == d { Ok(whole) } else { Err(format!("{d} is no whole number of seconds").into()) }
}

/// The counts of the replay itself against the log's.
pub fn reconcile(log: &Path, map: &Map, account: &Account) -> Result<Vec<Figure>, Fault> {
    let Some(figures) = map.expected.as_ref().map(|name| json(log, name)).transpose()?.flatten() else { return Ok(Vec::new()) };
    let mut out = vec![
        Figure::new("cases", &figures["cases"], account.cases), //
        Figure::new("events", &figures["events"], account.rows),
    ];
    for (activity, n) in figures["activities"].as_object().into_iter().flatten() {
        out.push(Figure::new(activity, n, account.activities.get(activity).map_or(0, |t| t.rows)));
    }
    Ok(out)
}

/// Every line of the files beside the log that tells of a replayed case: what is otherwise.
pub fn differences(log: &Path, map: &Map, cases: &BTreeMap<String, Case>) -> Result<(u64, Vec<Figure>), Fault> {
    let Some(beside) = &map.figures else { return Ok((0, Vec::new())) };
    let (mut compared, mut out) = (0, Vec::new());
    let whole = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
    let truth = |s: Option<Stop>| s.map(|s| if s.over { "True" } else { "False" }.to_string()).unwrap_or_default();
    if let Some(name) = &beside.durations {
        for line in lines(log, name, ["case_id", "first", "last", "calendar_seconds", "business_seconds"])? {
            let [id, first, last, calendar, business] = line;
            let Some(c) = cases.get(&id) else { continue };
            compared += 1;
            let at = |t: DateTime<Utc>| t.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            out.push(Figure::new(format!("{id} first"), first, at(c.first)));
            out.push(Figure::new(format!("{id} last"), last, at(c.last)));
            out.push(Figure::new(format!("{id} wall seconds"), calendar, seconds(c.last - c.first)?));
            out.push(Figure::new(format!("{id} open seconds"), business, c.open));
        }
    }
    if let Some(sla) = &beside.sla {
        let heads = [
            "case_id",
            "first_response_business_seconds",
            "waiting_business_seconds",
            "resolution_business_seconds",
            "first_response_breached",
            "resolution_breached",
        ];
        for line in lines(log, &sla.cases, heads)? {
            let Some(c) = cases.get(&line[0]) else { continue };
            compared += 1;
            let found = [
                whole(c.first_response.map(|s| s.seconds)),
                whole(c.waiting),
                whole(c.resolution.map(|s| s.seconds)),
                truth(c.first_response),
                truth(c.resolution),
            ];
            for ((head, expected), found) in heads.iter().zip(&line).skip(1).zip(found) {
                out.push(Figure::new(format!("{} {head}", line[0]), expected, found));
            }
        }
    }
    out.retain(|f| !f.equal());
    Ok((compared, out))
}

/// The sums over all cases against those beside the log. Only for a whole log.
pub fn totals(log: &Path, map: &Map, cases: &BTreeMap<String, Case>) -> Result<Vec<Figure>, Fault> {
    let Some(beside) = &map.figures else { return Ok(Vec::new()) };
    let mut out = Vec::new();
    if let Some(figures) = json(log, "expected_business_time.json")?.filter(|_| beside.durations.is_some()) {
        let stem = log.file_name().and_then(|n| n.to_str()).and_then(|n| n.split('.').next()).unwrap_or_default();
        let figures = &figures[stem];
        let open: Vec<i64> = cases.values().map(|c| c.open).collect();
        spread("duration", "_business_seconds", figures, &open, &mut out);
        let wall: i64 = cases.values().map(|c| (c.last - c.first).num_seconds()).sum();
        out.push(Figure::new("duration: wall seconds", &figures["sum_calendar_seconds"], wall));
        for (key, hours) in [("over_8h", 8), ("over_40h", 40), ("over_80h", 80), ("over_200h", 200)] {
            out.push(Figure::new(format!("duration: {key}"), &figures[key], open.iter().filter(|n| **n > hours * 3_600).count()));
        }
    }
    if let Some(sla) = &beside.sla
        && let Some(figures) = json(log, &sla.totals)?
    {
        out.push(Figure::new("SLA: cases", &figures["cases"], cases.len()));
        let list = |of: fn(&Case) -> Option<i64>| -> Vec<i64> { cases.values().filter_map(of).collect() };
        spread("first response", "", &figures["first_response"], &list(|c| c.first_response.map(|s| s.seconds)), &mut out);
        spread("waiting", "", &figures["waiting"], &list(|c| c.waiting), &mut out);
        spread("resolution", "", &figures["resolution"], &list(|c| c.resolution.map(|s| s.seconds)), &mut out);
        let late = |of: fn(&Case) -> Option<Stop>| cases.values().filter_map(of).filter(|s| s.over).count();
        out.push(Figure::new("first response: breached", &figures["first_response_breached"], late(|c| c.first_response)));
        out.push(Figure::new("resolution: breached", &figures["resolution_breached"], late(|c| c.resolution)));
    }
    Ok(out)
}

/// How many, their sum, mean, median, greatest, zeros.
fn spread(of: &str, unit: &str, figures: &serde_json::Value, list: &[i64], out: &mut Vec<Figure>) {
    let mut sorted = list.to_vec();
    sorted.sort_unstable();
    let (sum, n) = (sorted.iter().sum::<i64>(), sorted.len().max(1) as f64);
    let at = |i: usize| sorted.get(i).copied().unwrap_or(0) as f64;
    // As numpy: between the two in the middle where there are two.
    let median = (at(sorted.len().saturating_sub(1) / 2) + at(sorted.len() / 2)) / 2.0;
    let number = |v: &serde_json::Value| v.as_f64().map_or_else(|| v.to_string(), |f| format!("{f:.3}"));
    let mut add = |key: &str, found: String| {
        if let Some(expected) = figures.get(key) {
            let expected = if found.contains('.') { number(expected) } else { expected.to_string() };
            out.push(Figure::new(format!("{of}: {key}"), expected, found));
        }
    };
    add("cases", sorted.len().to_string());
    add(&format!("sum{unit}"), sum.to_string());
    add("mean", format!("{:.3}", sum as f64 / n));
    add("median", format!("{median:.3}"));
    add("max", sorted.last().copied().unwrap_or(0).to_string());
    add("zero", sorted.iter().filter(|n| **n == 0).count().to_string());
}

/// A file beside the log; none if it is not there.
fn json(log: &Path, name: &str) -> Result<Option<serde_json::Value>, Fault> {
    let path = log.parent().unwrap_or(Path::new(".")).join(name);
    let Ok(content) = std::fs::read_to_string(&path) else { return Ok(None) };
    Ok(Some(serde_json::from_str(&content).map_err(|e| format!("{}: {e}", path.display()))?))
}

/// The lines of a table beside the log, these columns of them.
fn lines<const N: usize>(log: &Path, name: &str, heads: [&str; N]) -> Result<Vec<[String; N]>, Fault> {
    let path = log.parent().unwrap_or(Path::new(".")).join(name);
    let file = std::fs::File::open(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut reader = csv::Reader::from_reader(flate2::read::GzDecoder::new(file));
    if !reader.headers()?.iter().eq(heads) {
        return Err(format!("{}: the columns are not {}", path.display(), heads.join(", ")).into());
    }
    let mut all = Vec::new();
    for record in reader.records() {
        let record = record?;
        all.push(std::array::from_fn(|i| record.get(i).unwrap_or_default().to_string()));
    }
    Ok(all)
}
