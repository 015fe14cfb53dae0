//! Vectors of schema `sla-scenario/1`, driven through a pure simulator, which the sla room's own tests use too.

use super::{Outcome, business_time, by_convention, same};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::{collections::BTreeMap, ops::Range};
use ticketry::calendar::{Calendar, Calendars, Offset, Span};
use ticketry::condition::{Form, NoScripts, View};
use ticketry::diagnostic::{Place, text};
use ticketry::sla::*;
use ticketry::ticket::{
    Actor, Allowance, Audience, Author, ClosedClock, Event, GroupDefinition, Message, MessageKind, Opening, Provenance, Scale, Schema,
    Sourced, StateClass, Stay, Ticket, TypeDefinition, WaitsOn,
};

#[path = "simulator.rs"]
pub mod simulator;
use simulator::{Desk, message};

/// Runs one scenario.
pub fn case(file: &Value, case: &Value) -> Outcome {
    if case["core"] != json!(true)
        && let Some(dialect) = case["dialect"].as_str()
    {
        return Outcome::skipped(format!("a product's own rule, dialect {dialect}"));
    }
    by_convention(case, &[], || {
        let got = if case["policies"].is_array() { selected(case) } else { scenario(file, case) };
        match got {
            Ok(got) if near(&case["expect"], &got, case["tolerance_seconds"].as_f64().unwrap_or(0.0)) => Outcome::Passed,
            Ok(got) => Outcome::failed(&case["expect"], got.to_string()),
            Err(why) => Outcome::failed(&case["expect"], why),
        }
    })
}

/// Equal, or numbers and instants within the tolerance.
fn near(a: &Value, b: &Value, tolerance: f64) -> bool {
    if let (Some(a), Some(b)) = (a.as_object(), b.as_object()) {
        let within = |key: &str| if key.contains("minutes") { tolerance / 60.0 } else { tolerance };
        return a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| near(v, w, within(k))));
    }
    if let (Some(a), Some(b)) = (a.as_f64(), b.as_f64()) {
        return (a - b).abs() <= tolerance;
    }
    if let (Ok(a), Ok(b)) = (instant(a), instant(b)) {
        return (a - b).abs() <= TimeDelta::milliseconds((tolerance * 1000.0) as i64);
    }
    same(a, b)
}

fn instant(v: &Value) -> Result<DateTime<Utc>, String> {
    v.as_str().and_then(|s| s.parse().ok()).ok_or_else(|| format!("no instant: {v}"))
}
fn shown(t: Option<DateTime<Utc>>) -> Value {
    t.map_or(Value::Null, |t| json!(t.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)))
}
fn words(v: &Value) -> Vec<String> {
    v.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_string).collect()
}
/// The metric of ours that measures what the scenario's metric measures.
fn metric(name: &str) -> Result<&'static str, String> {
    Ok(match name {
        "first_response" => "first_response",
        "update" | "response" => "update",
        "next_response" => "next_response",
        "keep_in_loop" => "periodic_update",
        "resolution" => "resolution",
        other => return Err(format!("unknown metric {other}")),
    })
}
fn span(v: &Value) -> Result<Span, String> {
    if let Some(days) = v["days"].as_i64() {
        return Ok(Span::Days(days.unsigned_abs() as u32));
    }
    let seconds = TimeDelta::seconds(v["seconds"].as_i64().ok_or_else(|| format!("no duration: {v}"))?.abs());
    match v["clock"].as_str() {
        Some("business") => Ok(Span::Open(seconds)),
        Some("calendar") => Ok(Span::Wall(seconds)),
        _ => Err(format!("unknown clock: {v}")),
    }
}

/// A condition of the scenario's own words, and the schema it needs.
fn condition(when: &Value) -> Result<Option<ticketry::condition::Condition>, String> {
    let entries: Vec<(&String, &Value)> = when.as_object().into_iter().flatten().collect();
    if entries.is_empty() {
        return Ok(None);
    }
    let label = || text("x", "x");
    let mut schema = Schema::default();
    let (mut all, mut levels) = (Vec::new(), Vec::new());
    for (key, value) in entries {
        let names = if value.is_string() || value.is_number() {
            vec![word(value)]
        } else {
            value.as_array().into_iter().flatten().map(word).collect()
        };
        for n in &names {
            schema.groups.insert(n.as_str().into(), GroupDefinition { label: label(), calendar: None });
            schema.categories.insert(n.as_str().into(), label());
            schema.states.insert(n.as_str().into(), label());
            schema
                .types
                .insert(n.as_str().into(), TypeDefinition { label: label(), workflow: "w".into(), required: vec![], fields: vec![] });
        }
        levels.extend(names.clone());
        let any = |one: &dyn Fn(&String) -> Value| json!({ "any": names.iter().map(one).collect::<Vec<_>>() });
        let (what, how) = ["_not_in", "_in", "_contains"].iter().find_map(|h| key.strip_suffix(h).map(|w| (w, *h))).unwrap_or((key, "_in"));
        let field = match what {
            "priority" => "priority",
            "title" | "subject" => "subject",
            "team" | "group" => "group",
            "stage" | "state" => "state",
            "type" => "type",
            "category" => "category",
            "tag" | "tags" => "tags",
            other => return Err(format!("unknown condition {other}")),
        };
        let form = match (field, how) {
            ("category", _) => any(&|n| json!({ "field": field, "within": n })),
            ("tags", _) | (_, "_contains") => any(&|n| json!({ "field": field, "contains": n })),
            _ => json!({ "field": field, "one_of": names }),
        };
        all.push(if how == "_not_in" { json!({ "not": form }) } else { form });
    }
    levels.sort();
    levels.dedup();
    schema.priority = Scale::of(&levels.iter().map(String::as_str).collect::<Vec<_>>());
    let form: Form = serde_json::from_value(json!({ "all": all })).map_err(|e| e.to_string())?;
    form.check(&schema, &NoScripts, &Place::file("vector")).map(Some).map_err(|e| e.to_string())
}

fn word(v: &Value) -> String {
    v.as_str().map_or_else(|| v.to_string(), str::to_string)
}

fn selected(case: &Value) -> Result<Value, String> {
    let mut policies = Vec::new();
    for p in case["policies"].as_array().into_iter().flatten() {
        let name = p["name"].as_str().ok_or("a policy without name")?;
        policies.push(Policy { matches: condition(&p["when"])?, ..Policy::new(name) });
    }
    let agreements = Agreements::new(policies);
    let now = simulator::t("2025-01-01T00:00:00Z");
    let mut opening = simulator::opening("new");
    let about = &case["ticket"];
    describe(&mut opening, about);
    let mut ticket = Ticket::open(ticketry::id::TicketId::from_u128(1), now, &opening);
    ticket.priority =
        (!about["priority"].is_null()).then(|| Sourced { value: word(&about["priority"]).as_str().into(), by: Provenance::Agent });
    ticket.group = about["team"].as_str().or(about["group"].as_str()).map(Into::into);
    let chosen = agreements.choose(&View::of(&ticket, now), &simulator::calendars(), None);
    let name = chosen.events.iter().find_map(|e| match e {
        Event::PolicyChosen { policy, .. } => policy.as_ref().map(ToString::to_string),
        _ => None,
    });
    Ok(json!({ "selected": name }))
}

/// What a scenario says of a new ticket.
fn describe(o: &mut Opening, about: &Value) {
    if let Some(title) = about["title"].as_str().or(about["subject"].as_str()) {
        o.subject = title.into();
    }
    if let Some(kind) = about["type"].as_str() {
        o.kind = kind.into();
    }
    if let Some(state) = about["stage"].as_str().or(about["state"].as_str()) {
        o.stay.state = state.into();
    }
    o.category = about["category"].as_str().map(|c| Sourced { value: c.into(), by: Provenance::Agent });
    o.tags.extend(about["tag"].as_str().map(Into::into));
    o.tags.extend(words(&about["tags"]).iter().map(|t| t.as_str().into()));
}

/// Agreements of one policy, as the scenario has it now.
struct Held {
    name: String,
    calendar: String,
    policy: Value,
}

fn agreements(held: &Held) -> Result<Agreements, String> {
    let policy = &held.policy;
    let mut p = Policy::new(held.name.as_str()).calendar(held.calendar.as_str());
    p.matches = condition(&policy["applies_when"])?;
    for (name, target) in policy["targets"].as_object().into_iter().flatten() {
        let default = allowance(span(target)?);
        p.targets.insert(metric(name)?.into(), Targets { default, ..Targets::default() });
        p.stops.insert(metric(name)?.into(), vec![]);
    }
    // A deadline that is only hidden meanwhile runs on (see `hidden`).
    let excluded = policy["pause"]["exclude_time"] != json!(false);
    for name in words(&policy["pause"]["metrics"]).iter().filter(|_| excluded) {
        // A vendor: waiting on the requester would end with the requester's next message (S78).
        p.stops.insert(metric(name)?.into(), vec![WaitsOn::Vendor]);
    }
    for (i, e) in policy["escalations"].as_array().into_iter().flatten().enumerate() {
        let length = e["offset"]["seconds"].as_i64().or(e["offset"]["days"].as_i64()).ok_or("no offset")?;
        let offset = Offset { before: length < 0, span: span(&e["offset"])? };
        p.alerts.push(Alert::level(metric(e["metric"].as_str().unwrap_or(""))?, i as u8 + 1, offset, vec![]));
    }
    Ok(Agreements::new(vec![p]))
}

fn stay(state: &str, paused: &[String], resolved: &[String]) -> Stay {
    let word = state.to_lowercase();
    let (class, waits_on) = match word.as_str() {
        _ if resolved.iter().any(|s| s == state) => (StateClass::Resolved, WaitsOn::Nobody),
        "closed" => (StateClass::Closed, WaitsOn::Nobody),
        "resolved" | "solved" | "completed" => (StateClass::Resolved, WaitsOn::Nobody),
        _ if paused.iter().any(|s| s == state) => (StateClass::Pending, WaitsOn::Vendor),
        "new" => (StateClass::New, WaitsOn::Internal),
        _ => (StateClass::Open, WaitsOn::Internal),
    };
    Stay { state: state.into(), class, waits_on, limit: None, timers: vec![] }
}

fn scenario(file: &Value, case: &Value) -> Result<Value, String> {
    let mut calendars = Calendars::new(Calendar::compile(&ticketry::calendar::CalendarDefinition::always("…", "UTC")).unwrap());
    for (name, c) in file["calendars"].as_object().into_iter().flatten() {
        let mut definition = business_time::definition(c)?;
        definition.name = name.as_str().into();
        calendars.insert(Calendar::compile(&definition).map_err(|e| e.to_string())?);
    }
    let policy = &case["policy"];
    let (paused, resolved) = (words(&policy["pause"]["states"]), words(&policy["resolved_states"]));
    let stay = |state: &str| stay(state, &paused, &resolved);
    let calendar = case["calendar"].as_str().ok_or("no calendar")?.to_string();
    let mut held = Held { name: "policy".into(), calendar, policy: policy.clone() };
    let attached_later = case["events"].as_array().into_iter().flatten().any(|e| e["do"] == "attach_policy");
    let first = if attached_later { Agreements::default() } else { agreements(&held)? };
    // From each change on, the desk looks at other agreements.
    let changes = changes(case, &mut held)?;
    let mut later = changes.iter();
    let mut desk = Desk::new(&first, &calendars);
    let agent = || Actor::agent("a");
    let mut last = None;
    for e in case["events"].as_array().ok_or("no events")? {
        let at = instant(&e["at"])?;
        last = Some(at);
        let said = |author, kind, audience| vec![Event::MessageAdded(Box::new(Message { audience, ..message(author, kind, at) }))];
        let moved = |d: &Desk<'_>, state: &str| {
            let to = stay(state);
            let mut facts = vec![];
            if d.ticket().class.is_final() && !to.class.is_final() {
                facts.push(Event::Reopened { cycle: d.ticket().cycle + 1 });
            }
            facts.push(Event::Moved { transition: None, from: d.ticket().state.clone(), stay: to, internal: false });
            facts
        };
        match e["do"].as_str().unwrap_or("") {
            "create" => {
                let mut o = simulator::opening("new");
                o.stay = stay(e["stage"].as_str().or(e["state"].as_str()).unwrap_or("new"));
                describe(&mut o, e);
                let mut facts = vec![Event::Created(Box::new(o))];
                if e["by"].is_string() && e["by"] == e["requestor"] {
                    facts.extend(said(Author::Requester, MessageKind::Reply, Audience::Requester));
                }
                facts.extend((!e["priority"].is_null()).then(|| desk.priority(&word(&e["priority"]))));
                facts.extend(e["team"].as_str().map(|g| Event::Queued {
                    group: g.into(),
                    skills: BTreeMap::new(),
                    handoff: false,
                    reason: String::new(),
                }));
                desk.command(at, facts, Actor::requester("r"));
            }
            "customer_message" => desk.command(at, said(Author::Requester, MessageKind::Reply, Audience::Requester), Actor::requester("r")),
            "agent_message" => desk.command(at, said(Author::Agent, MessageKind::Reply, Audience::Requester), agent()),
            "internal_note" => desk.command(at, said(Author::Agent, MessageKind::Note, Audience::Internal), agent()),
            "set_state" => desk.command_with(at, |d| moved(d, e["to"].as_str().unwrap_or("open")), agent()),
            "close" => desk.command_with(at, |d| moved(d, "closed"), agent()),
            "set_priority" => {
                let p = desk.priority(&word(&e["to"]));
                desk.command(at, vec![p], agent());
            }
            "attach_policy" | "change_policy" | "change_calendar" => {
                desk.agreements = later.next().ok_or("no policy")?;
                desk.command(at, vec![], agent());
            }
            other => return Err(format!("unknown event {other}")),
        }
    }
    let observed = if case["observe_at"].is_null() { last.ok_or("no events")? } else { instant(&case["observe_at"])? };
    desk.sweep(observed);
    let stage = Stage { desk: &desk, calendars: &calendars, case, policy: &held.policy, paused: &paused, now: observed };
    stage.observe()
}

/// The agreements after each change of policy or calendar, in order.
fn changes(case: &Value, held: &mut Held) -> Result<Vec<Agreements>, String> {
    let mut all = Vec::new();
    for e in case["events"].as_array().into_iter().flatten() {
        match e["do"].as_str().unwrap_or("") {
            "change_calendar" => held.calendar = e["to"].as_str().ok_or("no calendar")?.into(),
            // Either may bring what it changes: targets and the rest as in `policy`.
            "change_policy" | "attach_policy" => {
                if e["do"] == "change_policy" {
                    held.name.push('+');
                }
                let parts = e.as_object().into_iter().flatten().chain(e["policy"].as_object().into_iter().flatten());
                for (key, part) in parts.filter(|(k, _)| ["targets", "pause", "escalations", "applies_when"].contains(&k.as_str())) {
                    held.policy[key] = part.clone();
                }
                if let Some(calendar) = e["calendar"].as_str() {
                    held.calendar = calendar.into();
                }
            }
            _ => continue,
        }
        all.push(agreements(held)?);
    }
    Ok(all)
}

/// A scenario at the instant it is looked at.
struct Stage<'a> {
    desk: &'a Desk<'a>,
    calendars: &'a Calendars,
    case: &'a Value,
    /// As the last change left it.
    policy: &'a Value,
    paused: &'a [String],
    now: DateTime<Utc>,
}

impl Stage<'_> {
    fn ticket(&self) -> &Ticket {
        self.desk.ticket()
    }
    fn calendar(&self) -> Result<&Calendar, String> {
        self.calendars.get(&self.case["calendar"].as_str().unwrap_or("").into()).ok_or_else(|| "no calendar".into())
    }
    fn closed(&self, m: &str) -> Option<&ClosedClock> {
        self.ticket().closed_clocks.iter().rev().find(|c| c.id.metric == *m)
    }
    /// Counted and target, in µs.
    fn counted(&self, m: &str) -> Option<(i64, i64)> {
        let open = self.ticket().clock(m).map(|c| (timeline(c, self.calendars, self.now).counted, c.budget));
        open.or_else(|| self.closed(m).map(|c| (c.counted, c.budget)))
    }
    fn breached(&self, m: &str) -> bool {
        let closed = self.closed(m).is_some_and(|c| c.outcome == ticketry::ticket::Outcome::Breached);
        closed || self.ticket().clock(m).is_some_and(|c| c.breached_at.is_some())
    }
    /// A deadline that is not shown in this state, though it does not move (`exclude_time:false`).
    fn hidden(&self, m: &str) -> bool {
        let pause = &self.policy["pause"];
        pause["exclude_time"] == json!(false)
            && self.paused.iter().any(|s| *s == *self.ticket().state.as_str())
            && words(&pause["metrics"]).iter().any(|name| metric(name) == Ok(m))
    }
    fn due(&self, m: &str) -> Option<DateTime<Utc>> {
        self.ticket().clock(m).filter(|_| !self.hidden(m)).and_then(|c| c.due)
    }
    fn next_due(&self) -> Option<DateTime<Utc>> {
        self.ticket().clocks.iter().filter(|c| !self.hidden(c.id.metric.as_str())).filter_map(|c| c.due).min()
    }
    fn escalation(&self, m: &str) -> Option<DateTime<Utc>> {
        let fired = self.desk.journal.iter().flat_map(|e| &e.events).find_map(|c| match &c.event {
            Event::ClockMarked { clock, .. } if clock.metric == *m => c.at,
            _ => None,
        });
        fired.or_else(|| self.ticket().clock(m).and_then(|c| c.next_mark))
    }
    /// One answer per metric asked for; where one figure is asked for, that of the only metric there is a target for, else of the resolution.
    fn each(&self, expected: &Value, of: &dyn Fn(&str) -> Value) -> Result<Value, String> {
        let Some(asked) = expected.as_object() else {
            let mut targets = self.policy["targets"].as_object().into_iter().flatten().map(|(k, _)| k);
            let only = targets.next().filter(|_| targets.next().is_none());
            return Ok(of(metric(only.map_or("resolution", String::as_str))?));
        };
        asked.keys().map(|key| Ok((key.clone(), of(metric(key)?)))).collect::<Result<serde_json::Map<_, _>, String>>().map(Value::Object)
    }
    /// Open stretches in which no state paused anything, from `from` until `until`.
    fn active(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Range<DateTime<Utc>>>, String> {
        let (mut at, mut paused, mut out) = (from, false, Vec::new());
        for e in self.case["events"].as_array().into_iter().flatten() {
            let state = match e["do"].as_str() {
                Some("create") => e["state"].as_str(),
                Some("set_state") => e["to"].as_str(),
                Some("close") => Some("closed"),
                _ => None,
            };
            let Some(state) = state else { continue };
            let t = instant(&e["at"])?.clamp(at, until.max(at));
            if !paused {
                out.push(at..t);
            }
            (at, paused) = (t, self.paused.iter().any(|s| s == state));
        }
        if !paused {
            out.push(at..until.max(at));
        }
        Ok(out)
    }

    fn observe(&self) -> Result<Value, String> {
        let expect = self.case["expect"].as_object().into_iter().flatten();
        expect.map(|(key, expected)| Ok((key.clone(), self.figure(key, expected)?))).collect::<Result<_, String>>().map(Value::Object)
    }
    fn figure(&self, key: &str, expected: &Value) -> Result<Value, String> {
        let (t, calendar) = (self.ticket(), self.calendar()?);
        let of = |m: &str, f: &dyn Fn(i64, i64) -> i64| self.counted(m).map_or(Value::Null, |(n, b)| json!(f(n, b)));
        Ok(match key {
            "due" => match expected.as_object() {
                None => shown(self.next_due()),
                Some(asked) => {
                    let mut due = serde_json::Map::new();
                    for key in asked.keys() {
                        due.insert(key.clone(), shown(if key == "next" { self.next_due() } else { self.due(metric(key)?) }));
                    }
                    Value::Object(due)
                }
            },
            "spent_minutes" => self.each(expected, &|m| of(m, &|n, _| n.div_euclid(60_000_000)))?,
            "spent_seconds" => self.each(expected, &|m| of(m, &|n, _| n / 1_000_000))?,
            "left_minutes" => self.each(expected, &|m| of(m, &|n, b| (b - n + 59_999_999).div_euclid(60_000_000)))?,
            "late_seconds" => self.each(expected, &|m| of(m, &|n, b| (n - b).max(0) / 1_000_000))?,
            "breached" if expected.is_object() => self.each(expected, &|m| json!(self.breached(m)))?,
            "breached" => json!(METRICS.iter().any(|m| self.breached(m))),
            "paused_seconds" if expected.is_object() => self.each(expected, &|m| self.paused_seconds(calendar, m))?,
            "paused_seconds" => self.paused_seconds(calendar, "resolution"),
            "active_minutes" => {
                let stretches = self.active(t.created_at, self.now)?;
                json!(stretches.iter().map(|s| calendar.elapsed(s.start, s.end)).sum::<TimeDelta>().num_minutes())
            }
            "add_active" => self.add_active(calendar, expected)?,
            "escalation_at" => self.each(expected, &|m| shown(self.escalation(m)))?,
            "first_response_at" => shown(t.conversation.first_answer.map(|m| m.at)),
            "starts_at" => shown(calendar_of_start(t, self.calendars, calendar)),
            "created_outside_hours" => json!(!calendar.is_open(t.created_at)),
            "policy_applies" => json!(!t.adopted.is_empty()),
            "status" => json!(self.status()),
            other => return Err(format!("unknown expectation {other}")),
        })
    }
    fn paused_seconds(&self, calendar: &Calendar, m: &str) -> Value {
        let t = self.ticket();
        let pauses = t.clocks.iter().chain(&*t.resting).filter(|c| c.id.metric == *m).flat_map(|c| &c.pauses);
        json!(pauses.map(|p| calendar.elapsed(p.from, p.to).num_seconds()).sum::<i64>())
    }
    /// The instant at which so much active time has passed: `{ from, minutes or seconds, at }`, the question and the answer in one.
    fn add_active(&self, calendar: &Calendar, expected: &Value) -> Result<Value, String> {
        let asked = if self.case["add_active"].is_object() { &self.case["add_active"] } else { expected };
        let mut left = match (asked["minutes"].as_i64(), asked["seconds"].as_i64()) {
            (Some(n), _) => TimeDelta::minutes(n),
            (None, Some(n)) => TimeDelta::seconds(n),
            _ => return Err("no time to add".into()),
        };
        let from = if asked["from"].is_null() { self.ticket().created_at } else { instant(&asked["from"])? };
        let mut found = None;
        for stretch in self.active(from, from + TimeDelta::days(3_650))? {
            let here = calendar.elapsed(stretch.start, stretch.end);
            if here >= left {
                found = calendar.add(stretch.start, left);
                break;
            }
            left -= here;
        }
        let Some(parts) = expected.as_object() else { return Ok(shown(found)) };
        let answer = |(k, v): (&String, &Value)| (k.clone(), if k != "from" && instant(v).is_ok() { shown(found) } else { v.clone() });
        Ok(Value::Object(parts.iter().map(answer).collect()))
    }
    /// The word of the scenario's product for what our clocks show.
    fn status(&self) -> &'static str {
        let t = self.ticket();
        let any = METRICS.iter().any(|m| self.breached(m));
        if self.case["dialect"] == "chatwoot" {
            return match (any, t.class.is_final()) {
                (true, _) => "missed",
                (false, true) => "hit",
                (false, false) => "active",
            };
        }
        if any {
            "failed"
        } else if t.clocks.is_empty() {
            "fulfilled"
        } else if t.clocks.iter().any(|c| c.paused_since.is_some()) {
            "paused"
        } else if t.clock("first_response").is_some() {
            "first_response_due"
        } else {
            "resolution_due"
        }
    }
}

/// The metrics scenarios speak of, by our names.
const METRICS: [&str; 5] = ["first_response", "next_response", "update", "periodic_update", "resolution"];

/// When the first counted µs begins.
fn calendar_of_start(t: &Ticket, calendars: &Calendars, otherwise: &Calendar) -> Option<DateTime<Utc>> {
    let clock = t.clocks.first()?;
    match clock.target {
        Allowance::Wall(_) => Some(clock.started_at),
        _ => calendars.get(&clock.calendar).unwrap_or(otherwise).next_open(clock.started_at),
    }
}
