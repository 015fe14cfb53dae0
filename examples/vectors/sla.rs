//! Vectors of schema `sla-scenario/1`, driven through a pure simulator, which the sla room's own tests use too.

use super::{Outcome, business_time};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use ticketry::calendar::{Calendar, Calendars, Offset, Span};
use ticketry::condition::{Form, NoScripts, View};
use ticketry::diagnostic::{Place, text};
use ticketry::sla::*;
use ticketry::ticket::{
    Actor, Allowance, Audience, Author, Event, GroupDefinition, Message, MessageKind, Provenance, Scale, Schema, Sourced, StateClass, Stay,
    Ticket, TypeDefinition, WaitsOn,
};

#[path = "simulator.rs"]
pub mod simulator;
use simulator::{Desk, message};

/// Runs one scenario.
pub fn case(file: &Value, case: &Value) -> Outcome {
    if case["core"] != json!(true) {
        return Outcome::skipped(format!("a product's own rule, dialect {}", case["dialect"].as_str().unwrap_or("?")));
    }
    // The one convention here is a law of ours.
    if let Some((key, value)) =
        case["convention"].as_object().into_iter().flatten().find(|(k, v)| (k.as_str(), v.as_str()) != ("end_boundary", Some("close")))
    {
        return Outcome::skipped(format!("convention {key}: {value}"));
    }
    let got = if case["policies"].is_array() { selected(case) } else { scenario(file, case) };
    match got {
        Ok(got) if near(&case["expect"], &got, case["tolerance_seconds"].as_f64().unwrap_or(0.0)) => Outcome::Passed,
        Ok(got) => Outcome::failed(&case["expect"], got.to_string()),
        Err(why) => Outcome::failed(&case["expect"], why),
    }
}

/// Equal, or numbers and instants within the tolerance.
fn near(a: &Value, b: &Value, tolerance: f64) -> bool {
    if let (Some(a), Some(b)) = (a.as_object(), b.as_object()) {
        return a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| near(v, w, tolerance)));
    }
    if let (Some(a), Some(b)) = (a.as_f64(), b.as_f64()) {
        return (a - b).abs() <= tolerance;
    }
    if let (Ok(a), Ok(b)) = (instant(a), instant(b)) {
        return (a - b).abs() <= TimeDelta::milliseconds((tolerance * 1000.0) as i64);
    }
    a == b
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
    if let Some(days) = v["days"].as_u64() {
        return Ok(Span::Days(days as u32));
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
    let mut schema = Schema { priority: Scale::of(&["1", "2", "3", "4", "5", "p-match", "p-other"]), ..Schema::default() };
    let mut all = Vec::new();
    for (key, value) in entries {
        let names = if value.is_string() { vec![value.as_str().unwrap().to_string()] } else { words(value) };
        for n in &names {
            schema.groups.insert(n.as_str().into(), GroupDefinition { label: label(), calendar: None });
            schema.categories.insert(n.as_str().into(), label());
            schema.states.insert(n.as_str().into(), label());
            schema.types.insert(n.as_str().into(), TypeDefinition { label: label(), workflow: "w".into(), required: vec![] });
        }
        let any = |one: &dyn Fn(&String) -> Value| json!({ "any": names.iter().map(one).collect::<Vec<_>>() });
        all.push(match key.as_str() {
            "priority" => json!({ "field": "priority", "one_of": names }),
            "priority_in" => json!({ "field": "priority", "one_of": names }),
            "priority_not_in" => json!({ "not": { "field": "priority", "one_of": names } }),
            "title_contains" => json!({ "field": "subject", "contains": names[0] }),
            "team_in" => json!({ "field": "group", "one_of": names }),
            "stage_in" => json!({ "field": "state", "one_of": names }),
            "type_in" => json!({ "field": "type", "one_of": names }),
            "category_in" => any(&|n| json!({ "field": "category", "within": n })),
            "tag_in" => any(&|n| json!({ "field": "tags", "contains": n })),
            other => return Err(format!("unknown condition {other}")),
        });
    }
    let form: Form = serde_json::from_value(json!({ "all": all })).map_err(|e| e.to_string())?;
    form.check(&schema, &NoScripts, &Place::file("vector")).map(Some).map_err(|e| e.to_string())
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
    opening.subject = case["ticket"]["title"].as_str().unwrap_or("").into();
    let mut ticket = Ticket::open(ticketry::id::TicketId::from_u128(1), now, &opening);
    ticket.priority = case["ticket"]["priority"].as_str().map(|p| Sourced { value: p.into(), by: Provenance::Agent });
    let chosen = agreements.choose(&View::of(&ticket, now), &simulator::calendars(), None);
    let name = chosen.events.iter().find_map(|e| match e {
        Event::PolicyChosen { policy, .. } => policy.as_ref().map(ToString::to_string),
        _ => None,
    });
    Ok(json!({ "selected": name }))
}

/// Agreements of one policy, as the scenario has it now.
struct Held {
    name: String,
    calendar: String,
    targets: Value,
}

fn agreements(held: &Held, policy: &Value) -> Result<Agreements, String> {
    let mut p = Policy::new(held.name.as_str()).calendar(held.calendar.as_str());
    p.matches = condition(&policy["applies_when"])?;
    for (name, target) in held.targets.as_object().into_iter().flatten() {
        let default = allowance(span(target)?);
        p.targets.insert(metric(name)?.into(), Targets { default, ..Targets::default() });
        p.stops.insert(metric(name)?.into(), vec![]);
    }
    if policy["pause"]["exclude_time"] == json!(false) {
        return Err("a deadline hidden but not moved is no pause of ours".into());
    }
    for name in words(&policy["pause"]["metrics"]) {
        // A vendor: waiting on the requester would end with the requester's next message (S78).
        p.stops.insert(metric(&name)?.into(), vec![WaitsOn::Vendor]);
    }
    for (i, e) in policy["escalations"].as_array().into_iter().flatten().enumerate() {
        let offset = Offset { before: e["offset"]["seconds"].as_i64().unwrap_or(0) < 0, span: span(&e["offset"])? };
        p.alerts.push(Alert::level(metric(e["metric"].as_str().unwrap_or(""))?, i as u8 + 1, offset, vec![]));
    }
    Ok(Agreements::new(vec![p]))
}

fn stay(state: &str, paused: &[String]) -> Stay {
    let word = state.to_lowercase();
    let (class, waits_on) = match word.as_str() {
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
    let paused = words(&policy["pause"]["states"]);
    let mut held = Held {
        name: "policy".into(),
        calendar: case["calendar"].as_str().ok_or("no calendar")?.into(),
        targets: policy["targets"].clone(),
    };
    let attached_later = case["events"].as_array().into_iter().flatten().any(|e| e["do"] == "attach_policy");
    let first = if attached_later { Agreements::default() } else { agreements(&held, policy)? };
    // From each change on, the desk looks at other agreements.
    let changes = changes(case, &mut held, policy)?;
    let mut later = changes.iter();
    let mut desk = Desk::new(&first, &calendars);
    let agent = || Actor::agent("a");
    let mut last = None;
    for e in case["events"].as_array().ok_or("no events")? {
        let at = instant(&e["at"])?;
        last = Some(at);
        let said = |author, kind, audience| vec![Event::MessageAdded(Box::new(Message { audience, ..message(author, kind, at) }))];
        let moved = |d: &Desk<'_>, state: &str| {
            let to = stay(state, &paused);
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
                o.stay = stay(e["stage"].as_str().or(e["state"].as_str()).unwrap_or("new"), &paused);
                if let Some(kind) = e["type"].as_str() {
                    o.kind = kind.into();
                }
                o.category = e["category"].as_str().map(|c| Sourced { value: c.into(), by: Provenance::Agent });
                o.tags.extend(e["tag"].as_str().map(Into::into));
                let mut facts = vec![Event::Created(Box::new(o))];
                if e["by"].is_string() && e["by"] == e["requestor"] {
                    facts.extend(said(Author::Requester, MessageKind::Reply, Audience::Requester));
                }
                facts.extend(e["priority"].as_str().map(|p| desk.priority(p)));
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
                let p = desk.priority(e["to"].as_str().ok_or("no priority")?);
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
    observe(&desk, &calendars, case, observed)
}

/// The agreements after each change of policy or calendar, in order.
fn changes(case: &Value, held: &mut Held, policy: &Value) -> Result<Vec<Agreements>, String> {
    let mut all = Vec::new();
    for e in case["events"].as_array().into_iter().flatten() {
        match e["do"].as_str().unwrap_or("") {
            "change_calendar" => held.calendar = e["to"].as_str().ok_or("no calendar")?.into(),
            "change_policy" => {
                held.name.push('+');
                held.targets = e["targets"].clone();
            }
            "attach_policy" => {}
            _ => continue,
        }
        all.push(agreements(held, policy)?);
    }
    Ok(all)
}

fn observe(desk: &Desk<'_>, calendars: &Calendars, case: &Value, now: DateTime<Utc>) -> Result<Value, String> {
    let t = desk.ticket();
    let open = |m: &str| t.clock(m);
    let closed = |m: &str| t.closed_clocks.iter().rev().find(|c| c.id.metric == *m);
    let counted =
        |m: &str| open(m).map(|c| (timeline(c, calendars, now).counted, c.budget)).or_else(|| closed(m).map(|c| (c.counted, c.budget)));
    let breached = |m: &str| {
        open(m).is_some_and(|c| c.breached_at.is_some()) || closed(m).is_some_and(|c| c.outcome == ticketry::ticket::Outcome::Breached)
    };
    let calendar = calendars.get(&case["calendar"].as_str().unwrap_or("").into()).ok_or("no calendar")?;
    let each = |expected: &Value, of: &dyn Fn(&'static str) -> Value| -> Result<Value, String> {
        let mut out = serde_json::Map::new();
        for key in expected.as_object().into_iter().flatten().map(|(k, _)| k) {
            out.insert(key.clone(), of(metric(key)?));
        }
        Ok(Value::Object(out))
    };
    let minutes = |micros: i64| json!(micros.div_euclid(60_000_000));
    let mut out = serde_json::Map::new();
    for (key, expected) in case["expect"].as_object().into_iter().flatten() {
        let got = match key.as_str() {
            "due" => {
                let mut due = serde_json::Map::new();
                for key in expected.as_object().into_iter().flatten().map(|(k, _)| k) {
                    let at = if key == "next" { t.due() } else { open(metric(key)?).and_then(|c| c.due) };
                    due.insert(key.clone(), shown(at));
                }
                Value::Object(due)
            }
            "spent_minutes" => each(expected, &|m| counted(m).map_or(Value::Null, |(n, _)| minutes(n)))?,
            "spent_seconds" => each(expected, &|m| counted(m).map_or(Value::Null, |(n, _)| json!(n / 1_000_000)))?,
            "left_minutes" => {
                each(expected, &|m| counted(m).map_or(Value::Null, |(n, b)| json!((b - n + 59_999_999).div_euclid(60_000_000))))?
            }
            "breached" => each(expected, &|m| json!(breached(m)))?,
            "paused_seconds" => {
                let pauses = t.clocks.iter().chain(&*t.resting).filter(|c| c.id.metric == *"resolution").flat_map(|c| &c.pauses);
                json!(pauses.map(|p| calendar.elapsed(p.from, p.to).num_seconds()).sum::<i64>())
            }
            "escalation_at" => each(expected, &|m| {
                let fired = desk.journal.iter().flat_map(|e| &e.events).find_map(|c| match &c.event {
                    Event::ClockMarked { clock, .. } if clock.metric == *m => c.at,
                    _ => None,
                });
                shown(fired.or_else(|| open(m).and_then(|c| c.next_mark)))
            })?,
            "first_response_at" => shown(t.conversation.first_answer.map(|m| m.at)),
            "starts_at" => shown(calendar_of_start(t, calendars, calendar)),
            "created_outside_hours" => json!(!calendar.is_open(t.created_at)),
            "policy_applies" => json!(!t.adopted.is_empty()),
            "status" => json!(status(desk, case, &breached)),
            other => return Err(format!("unknown expectation {other}")),
        };
        out.insert(key.clone(), got);
    }
    Ok(Value::Object(out))
}

/// When the first counted µs begins.
fn calendar_of_start(t: &Ticket, calendars: &Calendars, otherwise: &Calendar) -> Option<DateTime<Utc>> {
    let clock = t.clocks.first()?;
    match clock.target {
        Allowance::Wall(_) => Some(clock.started_at),
        _ => calendars.get(&clock.calendar).unwrap_or(otherwise).next_open(clock.started_at),
    }
}

/// The word of the scenario's product for what our clocks show.
fn status(desk: &Desk<'_>, case: &Value, breached: &dyn Fn(&str) -> bool) -> &'static str {
    let t = desk.ticket();
    let any = ["first_response", "next_response", "update", "resolution"].iter().any(|m| breached(m));
    let chatwoot = case["dialect"] == "chatwoot";
    if any {
        if chatwoot { "missed" } else { "failed" }
    } else if t.clocks.is_empty() {
        if chatwoot { "hit" } else { "fulfilled" }
    } else if chatwoot {
        "active"
    } else if t.clocks.iter().any(|c| c.paused_since.is_some()) {
        "paused"
    } else if t.clock("first_response").is_some() {
        "first_response_due"
    } else {
        "resolution_due"
    }
}
