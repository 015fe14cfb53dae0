//! Cases of `workflow/1`: lifecycles, state machines, nets and definitions, through `workflow::Machine`.
//!
//! A net runs where its places fall into one main state and marks beside it: some set of places holds exactly one token in every marking that the case names, and no transition takes
//! or gives more than one token of it or changes how many there are. Found from the net alone; other nets are skipped as `net-beyond-regions` (ARCHITECTURE.md).

use super::Outcome;
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use ticketry::id::*;
use ticketry::ticket::StateClass;
use ticketry::workflow::{ArcDefinition, Fired, Machine, MachineDefinition, Origin, Position, Rights, Undefined, Unfired};

/// The reasons for which a case of this folder may be skipped.
pub fn may_be_skipped(case: &Value, why: &str) -> bool {
    match why {
        "net-beyond-regions" => case["kind"] == "workflow_net" && Net::of(case).main(case).is_none(),
        "rt-dependency follows S13" => steps(case).iter().any(|s| s["depends_on"].is_array()),
        _ => why.strip_prefix("optional: ").is_some_and(|o| case["optional"] == o),
    }
}

pub fn case(_: &Value, case: &Value) -> Outcome {
    if let Some(what) = case["optional"].as_str() {
        return Outcome::skipped(format!("optional: {what}"));
    }
    match case["kind"].as_str().unwrap_or_default() {
        "validate" => validate(case),
        "state_machine" | "workflow_net" => net(case),
        "conditional_machine" => conditional(case),
        "lifecycle" => lifecycle(case),
        other => Outcome::failed(&Value::Null, format!("no such kind: {other}")),
    }
}

fn steps(case: &Value) -> &[Value] {
    case["steps"].as_array().map(Vec::as_slice).unwrap_or_default()
}
fn words(v: &Value) -> Vec<String> {
    match v {
        Value::String(s) => vec![s.clone()],
        Value::Array(all) => all.iter().filter_map(Value::as_str).map(str::to_string).collect(),
        _ => Vec::new(),
    }
}
fn word(v: &Value) -> &str {
    v.as_str().unwrap_or_default()
}

/// Runs the steps; each answers what it came to, and only the keys that are expected are compared.
fn each(case: &Value, mut run: impl FnMut(&Value) -> Result<Value, Undefined>) -> Outcome {
    for (n, step) in steps(case).iter().enumerate() {
        let mut got = match run(step) {
            Ok(got) => got,
            Err(u) => json!({ "error": match u { Undefined::State { .. } | Undefined::Mark { .. } => "unknown_place", _ => "undefined" } }),
        };
        let expected = &step["expect"];
        if expected.is_null() {
            // Asked by name and nothing found, or a step without an answer.
            if step.as_object().is_some_and(|s| s.contains_key("expect")) && !got.is_null() {
                return Outcome::failed(expected, format!("step {n}: {got}"));
            }
            continue;
        }
        if let (Value::Object(got), Value::Object(expected)) = (&mut got, expected) {
            got.retain(|k, _| expected.contains_key(k));
        }
        if !super::same(expected, &got) {
            return Outcome::failed(expected, format!("step {n} ({}): {got}", word(&step["do"])));
        }
    }
    Outcome::Passed
}

// -- nets and state machines -----------------------------------------------------------------------------------------------------------

/// A net as written.
struct Net {
    places: Vec<String>,
    /// Name, inputs, outputs.
    transitions: Vec<(String, Vec<String>, Vec<String>)>,
    start: Vec<String>,
}

impl Net {
    fn of(case: &Value) -> Self {
        let d = &case["definition"];
        let places = words(&d["places"]);
        let given = |v: &Value| (!v.is_null()).then(|| words(v));
        let start = given(&case["start"]).or_else(|| given(&d["initial"])).unwrap_or_else(|| places.first().cloned().into_iter().collect());
        let of = |t: &Value| (word(&t["name"]).to_string(), words(&t["from"]), words(&t["to"]));
        Self { transitions: d["transitions"].as_array().into_iter().flatten().map(of).collect(), places, start }
    }

    /// The places that make up the main state.
    fn main(&self, case: &Value) -> Option<BTreeSet<String>> {
        if case["kind"] != "workflow_net" || self.places.is_empty() {
            return Some(self.places.iter().cloned().collect());
        }
        let mut markings = vec![self.start.clone()];
        markings.extend(steps(case).iter().filter(|s| s["do"] == "set_marking").map(|s| words(&s["marking"])));
        // A marking that names no place is refused whatever the net is.
        if markings.iter().flatten().any(|p| !self.places.contains(p)) {
            return Some(self.places.iter().cloned().collect());
        }
        // Two of one name that may leave the same main state would have to fire together.
        let together = |main: &BTreeSet<String>| {
            let leaves = |from: &[String]| from.iter().find(|p| main.contains(*p)).cloned();
            let all = self.transitions.iter().enumerate();
            all.clone().any(|(i, a)| {
                all.clone()
                    .skip(i + 1)
                    .any(|(_, b)| a.0 == b.0 && (leaves(&a.1) == leaves(&b.1) || leaves(&a.1).is_none() || leaves(&b.1).is_none()))
            })
        };
        let one = |main: &BTreeSet<String>, places: &[String]| places.iter().filter(|p| main.contains(*p)).count();
        let fits = |main: &BTreeSet<String>| {
            markings.iter().all(|m| one(main, m) == 1)
                && self.transitions.iter().all(|(_, from, to)| one(main, from) <= 1 && one(main, from) == one(main, to))
                && !together(main)
        };
        choose(&self.places, &mut BTreeSet::new(), &fits)
    }

    fn definition(&self, main: &BTreeSet<String>, guarded: &dyn Fn(&str) -> bool) -> MachineDefinition {
        let is_main = |p: &&String| main.contains(*p);
        let split = |places: &[String]| -> (Vec<StateName>, Vec<StateName>) {
            let (a, b): (Vec<_>, Vec<_>) = places.iter().partition(|p| is_main(p));
            (a.into_iter().map(StateName::new).collect(), b.into_iter().map(StateName::new).collect())
        };
        let (states, marks) = split(&self.places);
        let mut d = MachineDefinition { states: states.clone(), marks, ..MachineDefinition::default() };
        // A second state in one transition or at the beginning is none of the marks, and so undefined.
        let (mut initial, mut marked) = split(&self.start);
        marked.extend(initial.drain(1.min(initial.len())..));
        (d.initial, d.marked) = (initial, marked);
        for (name, from, to) in &self.transitions {
            let ((mut leaves, mut takes), (mut enters, mut sets)) = (split(from), split(to));
            takes.extend(leaves.drain(1.min(leaves.len())..));
            sets.extend(enters.drain(1.min(enters.len())..));
            let from = if leaves.is_empty() { states.clone() } else { leaves };
            let to = enters.first().map_or("", StateName::as_str);
            let mut arc = ArcDefinition::new(name.as_str(), from, to).takes(takes).sets(sets);
            arc.guarded = guarded(name);
            d = d.arc(arc);
        }
        d
    }
}

/// A set of places that fits, the first in the order of trying with each place before without it.
fn choose(places: &[String], chosen: &mut BTreeSet<String>, fits: &dyn Fn(&BTreeSet<String>) -> bool) -> Option<BTreeSet<String>> {
    let Some((first, rest)) = places.split_first() else { return fits(chosen).then(|| chosen.clone()) };
    chosen.insert(first.clone());
    let found = choose(rest, chosen, fits);
    chosen.remove(first);
    found.or_else(|| choose(rest, chosen, fits))
}

/// What stands against a transition: code and message.
type Against = (String, Option<String>);

fn net(case: &Value) -> Outcome {
    let net = Net::of(case);
    let Some(main) = net.main(case) else { return Outcome::skipped("net-beyond-regions") };
    let blocked = words(&case["blocked"]);
    let listeners: Vec<Against> = case["guards"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|l| l.as_array().cloned().unwrap_or_default())
        .map(|b| (word(&b[0]).to_string(), b[1].as_str().map(str::to_string)))
        .collect();
    let name_of = |i: usize| net.transitions.get(i).map(|t| t.0.clone()).unwrap_or_default();
    // Which guards were asked, in their order.
    let asked = RefCell::new(Vec::<String>::new());
    let judge = |i: usize| {
        asked.borrow_mut().push(name_of(i));
        let refused = blocked.contains(&name_of(i)).then(|| ("guard".to_string(), None));
        refused.into_iter().chain(listeners.iter().cloned()).collect::<Vec<Against>>()
    };
    let mut d = net.definition(&main, &|name| blocked.iter().any(|b| b == name));
    // Where it begins is a marking like any other.
    let (initial, marked) = (std::mem::take(&mut d.initial), std::mem::take(&mut d.marked));
    let machine = match Machine::new(&d) {
        Ok(m) => m,
        Err(bad) => return Outcome::failed(&Value::Null, bad.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
    };
    let position = |places: &[String]| {
        let state = places.iter().find(|p| main.contains(*p)).or(places.first()).map(StateName::new).unwrap_or(StateName::new(""));
        machine.position(&state, places.iter().filter(|p| *p != state.as_str()).map(StateName::new))
    };
    let marking = |at: &Position| {
        let there = |p: &&String| *at.state() == ***p || at.marks().contains(p.as_str());
        json!({ "marking": net.places.iter().filter(there).collect::<Vec<_>>() })
    };
    let begins: Vec<String> = initial.iter().chain(&marked).map(ToString::to_string).collect();
    if begins.is_empty() {
        return each(case, |_| Ok(json!({ "error": if machine.start().is_none() { "no_initial_place" } else { "" } })));
    }
    let mut at = match position(&begins) {
        Ok(at) => at,
        Err(u) => return each(case, |_| Err(u.clone())),
    };
    let blockers = |why: &Unfired<Against>| match why {
        Unfired::Unknown => Vec::new(),
        Unfired::NotFromHere | Unfired::Unmarked(_) => vec![("marking".to_string(), None)],
        Unfired::Blocked(all) => all.clone(),
    };
    each(case, |step| {
        let name = TransitionName::new(word(&step["transition"]));
        asked.borrow_mut().clear();
        Ok(match word(&step["do"]) {
            "marking" => marking(&at),
            "set_marking" => {
                at = position(&words(&step["marking"]))?;
                Value::Null
            }
            "can" => json!(machine.may(&at, &name, judge)),
            "guards_evaluated" => {
                let call = &step["call"];
                let name = TransitionName::new(word(&call["transition"]));
                match word(&call["do"]) {
                    "enabled" => drop(machine.enabled(&at, judge)),
                    _ => drop(machine.fire(&at, &name, judge)),
                }
                json!(*asked.borrow())
            }
            "enabled" => json!(machine.enabled(&at, judge).into_iter().map(name_of).collect::<Vec<_>>()),
            "enabled_by_name" => {
                let found = machine.enabled(&at, judge).into_iter().map(name_of).find(|n| name == **n);
                found.map_or(Value::Null, Value::from)
            }
            "blockers" => match machine.fire(&at, &name, judge) {
                Ok(_) => json!([]),
                Err(Unfired::Unknown) => json!({ "error": "undefined_transition" }),
                Err(why) => {
                    let pairs = step["expect"].as_array().is_some_and(|e| e.iter().any(Value::is_array));
                    blockers(&why).into_iter().map(|(code, message)| if pairs { json!([code, message]) } else { json!(code) }).collect()
                }
            },
            "apply" => match machine.fire(&at, &name, judge) {
                Ok(fired) => {
                    at = fired.to;
                    marking(&at)
                }
                Err(Unfired::Unknown) => json!({ "error": "undefined_transition" }),
                Err(why) => json!({ "error": "not_enabled", "blockers": blockers(&why).into_iter().map(|b| b.0).collect::<Vec<_>>() }),
            },
            "apply_events" => {
                let mut events: Vec<(&str, Option<String>)> = Vec::new();
                if case["start"].is_null() {
                    events.extend(begins.iter().map(|p| ("entered", Some(p.clone()))));
                }
                match machine.fire(&at, &name, judge) {
                    Ok(fired) => {
                        let (_, from, to) = &net.transitions[fired.arc];
                        let entered = |p: &&String| fired.entered.iter().any(|s| *s == ***p);
                        events.extend(asked.borrow_mut().drain(..).map(|t| ("guard", Some(t))));
                        events.extend(from.iter().filter(|p| fired.left.iter().any(|s| *s == ***p)).map(|p| ("leave", Some(p.clone()))));
                        events.push(("transition", Some(name.to_string())));
                        events.extend(to.iter().filter(entered).map(|p| ("enter", Some(p.clone()))));
                        events.extend(to.iter().filter(entered).map(|p| ("entered", Some(p.clone()))));
                        events.extend([("completed", Some(name.to_string())), ("announce", None)]);
                        at = fired.to;
                        let next = machine.enabled(&at, judge);
                        events.extend(asked.borrow_mut().drain(..).map(|t| ("guard", Some(t))));
                        events.extend(next.into_iter().map(|i| ("announce", Some(name_of(i)))));
                        json!(events)
                    }
                    Err(_) => json!({ "error": "not_enabled" }),
                }
            }
            other => json!(format!("no such step: {other}")),
        })
    })
}

fn validate(case: &Value) -> Outcome {
    let net = Net::of(case);
    let d = if case["target"] == "state_machine" {
        net.definition(&net.places.iter().cloned().collect(), &|_| false)
    } else if case["target"] == "lifecycle" {
        Life::definition(&case["definition"])
    } else {
        // Of a net each place is asked by itself: are there such places, and is it clear which transition a name means there?
        let at_each = net.transitions.iter().flat_map(|(name, from, to)| {
            let to = to.first().map_or("", String::as_str);
            from.iter().map(move |f| ArcDefinition::new(name.as_str(), [f.as_str()], to))
        });
        let mut d = MachineDefinition::new(net.places.iter().map(String::as_str));
        d.initial = net.start.iter().map(StateName::new).collect();
        d.arcs = at_each.collect();
        // The other places a transition leads to must be there as well.
        let others = net.transitions.iter().flat_map(|t| t.2.iter().skip(1).map(|p| (&t.0, p)));
        d.arcs.extend(others.map(|(name, p)| ArcDefinition::new(name.as_str(), [] as [&str; 0], p.as_str())));
        d
    };
    let got = if Machine::new(&d).is_ok() { "valid" } else { "invalid" };
    Outcome::of(&case["expect"], json!(got))
}

// -- machines whose transitions have conditions ----------------------------------------------------------------------------------------

fn conditional(case: &Value) -> Outcome {
    let d = &case["definition"];
    let mut definition = MachineDefinition::new(words(&d["states"]).iter().map(String::as_str));
    definition.initial = words(&d["initial"]).iter().map(StateName::new).collect();
    let all = definition.states.clone();
    let arc = |t: &Value| {
        let from = words(&t["from"]);
        // Alternatives are tried in the order written, general ones too.
        let from = if from.iter().any(|f| f == "*") { all.clone() } else { from.iter().map(StateName::new).collect() };
        ArcDefinition::new(word(&t["name"]), from, word(&t["to"])).guarded()
    };
    let written: Vec<Value> = d["transitions"].as_array().cloned().unwrap_or_default();
    definition.arcs = written.iter().map(arc).collect();
    let conditions = RefCell::new(written);
    let mut machine = match Machine::new(&definition) {
        Ok(m) => m,
        // What cannot be defined cannot be done.
        Err(_) => return each(case, |step| Ok(if step["do"] == "may" { json!(false) } else { json!({ "error": "undefined" }) })),
    };
    let Some(mut at) = machine.start() else { return Outcome::failed(&Value::Null, "nowhere to begin") };
    let ignored = case["options"]["ignore_invalid_triggers"] == true;
    let asked = RefCell::new(0usize);
    let judge = |facts: &Value, i: usize| {
        *asked.borrow_mut() += 1;
        let t = &conditions.borrow()[i];
        let fails = words(&t["when"]).into_iter().filter(|c| facts[c] != true);
        fails.chain(words(&t["unless"]).into_iter().filter(|c| facts[c] == true)).collect::<Vec<_>>()
    };
    let said = |why: &Unfired<String>| match why {
        Unfired::Unknown => Some("undefined_transition"),
        Unfired::NotFromHere | Unfired::Unmarked(_) if !ignored => Some("not_allowed"),
        _ => None,
    };
    let mut outcome = None;
    let ran = each(case, |step| {
        let name = TransitionName::new(word(&step["transition"]));
        let facts = &step["facts"];
        *asked.borrow_mut() = 0;
        Ok(match word(&step["do"]) {
            "fire" => {
                let fired = machine.fire(&at, &name, |i| judge(facts, i));
                let (left, entered) = fired.as_ref().map_or((0, 0), |f: &Fired| (f.left.len(), f.entered.len()));
                let got = match fired {
                    Ok(fired) => {
                        at = fired.to;
                        json!({ "state": at.state().as_str(), "fired": true })
                    }
                    Err(why) => match said(&why) {
                        Some(error) => json!({ "error": error, "state": at.state().as_str() }),
                        None => json!({ "state": at.state().as_str(), "fired": false }),
                    },
                };
                for (key, runs) in [("exit_runs", left), ("enter_runs", entered), ("prepare_runs", *asked.borrow())] {
                    if !step[key].is_null() && step[key] != json!(runs) {
                        outcome = Some(Outcome::failed(&step[key], format!("{key}: {runs}")));
                    }
                }
                got
            }
            // Fired from within, the next one finds the state unchanged; queued, it comes after.
            "fire_nested" => {
                let nested = TransitionName::new(word(&step["before_fires"]));
                let mut got = Map::new();
                let order = if case["options"]["queued"] == true { [&name, &nested] } else { [&nested, &name] };
                for n in order {
                    match machine.fire(&at, n, |i| judge(facts, i)) {
                        Ok(fired) => at = fired.to,
                        Err(why) => drop(got.insert(if *n == nested { "nested_error" } else { "error" }.into(), json!(said(&why)))),
                    }
                }
                got.insert("state".into(), json!(at.state().as_str()));
                Value::Object(got)
            }
            "may" => json!(machine.may(&at, &name, |i| judge(facts, i))),
            "set_state" => {
                at = machine.position(&StateName::new(word(&step["state"])), [])?;
                Value::Null
            }
            "triggers_from" => {
                let mut names: Vec<&str> = Vec::new();
                for i in machine.leaving(&StateName::new(word(&step["state"]))) {
                    let name = machine.name(i).map_or("", TransitionName::as_str);
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
                json!(names)
            }
            // The definition changes: another machine, and the position is taken over.
            change @ ("remove" | "add") => {
                if change == "add" {
                    definition.arcs.push(arc(&step["transition"]));
                    conditions.borrow_mut().push(step["transition"].clone());
                } else {
                    remove(&mut definition, &step["filter"]);
                }
                machine = match Machine::new(&definition) {
                    Ok(m) => m,
                    Err(bad) => return Err(bad[0].clone()),
                };
                Value::Null
            }
            other => json!(format!("no such step: {other}")),
        })
    });
    outcome.unwrap_or(ran)
}

/// Takes out what a filter names; an arc that leaves nothing any more is known by a name no one asks for.
fn remove(definition: &mut MachineDefinition, filter: &Value) {
    let named = |key: &str, is: &str| filter[key].is_null() || filter[key] == is;
    for a in &mut definition.arcs {
        let to = match &a.to {
            ticketry::workflow::Target::State(s) => s.to_string(),
            _ => "=".into(),
        };
        let Origin::These(from) = &mut a.from else { continue };
        if named("name", a.name.as_str()) && named("to", &to) {
            from.retain(|f| !named("from", f.as_str()));
            if from.is_empty() {
                a.name = TransitionName::new("");
            }
        }
    }
}

// -- lifecycles ------------------------------------------------------------------------------------------------------------------------

/// One lifecycle: a machine whose arcs have the name of the state they lead to.
struct Life {
    machine: Machine,
    classes: BTreeMap<StateName, StateClass>,
    rights: Rights<String>,
    labels: BTreeMap<String, String>,
    default: Option<StateName>,
}

/// What goes through it.
#[derive(Clone)]
struct Thing {
    at: Position,
    lifecycle: String,
    started: Value,
    resolved: Value,
    depends_on: Vec<String>,
}

const SETS: [(&str, StateClass); 3] = [("initial", StateClass::New), ("active", StateClass::Open), ("inactive", StateClass::Closed)];

impl Life {
    fn definition(d: &Value) -> MachineDefinition {
        let states: Vec<String> = SETS.iter().flat_map(|(set, _)| words(&d[set])).collect();
        let mut m = MachineDefinition::new(states.iter().map(String::as_str));
        let allowed = if d["transitions"][""].is_array() { &d["transitions"][""] } else { &d["initial"] };
        m.initial = words(allowed).iter().map(StateName::new).collect();
        for (from, to) in d["transitions"].as_object().into_iter().flatten().filter(|(from, _)| !from.is_empty()) {
            m.arcs.extend(words(to).iter().map(|to| ArcDefinition::new(to.as_str(), [from.as_str()], to.as_str())));
        }
        m
    }
    fn new(d: &Value) -> Result<Self, Vec<Undefined>> {
        let pattern = |key: &str| key.split_once("->").map(|(a, b)| (a.trim().to_string(), b.trim().to_string()));
        let mut rights = Rights::new().with("*", "*", "ModifyTicket".to_string());
        if SETS.iter().any(|(set, _)| words(&d[set]).iter().any(|s| s == "deleted")) {
            rights = rights.with("*", "deleted", "DeleteTicket".to_string());
        }
        for (key, right) in d["rights"].as_object().into_iter().flatten() {
            if let Some((from, to)) = pattern(key) {
                rights = rights.with(&from, &to, word(right).to_string());
            }
        }
        Ok(Self {
            machine: Machine::new(&Self::definition(d))?,
            classes: SETS.iter().flat_map(|(set, class)| words(&d[set]).into_iter().map(|s| (StateName::new(s), *class))).collect(),
            rights,
            labels: d["action_labels"].as_object().into_iter().flatten().map(|(k, v)| (k.clone(), word(v).to_string())).collect(),
            default: d["default_on_create"].as_str().map(StateName::new),
        })
    }
    fn class(&self, state: &StateName) -> Option<StateClass> {
        self.classes.get(state).copied()
    }
    fn of_set(&self, set: &str) -> Vec<&str> {
        let within = |s: &&StateName| set == "valid" || SETS.iter().any(|(name, class)| *name == set && self.class(s) == Some(*class));
        self.machine.states().iter().filter(within).map(StateName::as_str).collect()
    }
    /// What stands against an arc for someone with these rights; nothing where none are named.
    fn judge(&self, at: &Position, held: &Value, arc: usize) -> Vec<&str> {
        let needed = self.machine.target(arc, at.state()).and_then(|to| self.rights.of(at.state(), to));
        let held = held.as_array();
        needed.filter(|n| held.is_some_and(|h| !h.iter().any(|r| r == n.as_str()))).map(String::as_str).into_iter().collect()
    }
}

/// The dates of S9, by the classes left and entered.
fn stamp(thing: &mut Thing, from: Option<StateClass>, to: Option<StateClass>) {
    let Some(to) = to else { return };
    if to.begins_work(from) && thing.started == false {
        thing.started = json!(true);
    }
    if to.ends_work(from) && (thing.resolved == false || from.is_some()) {
        thing.resolved = json!(true);
    }
}

fn lifecycle(case: &Value) -> Outcome {
    match lifecycle_with(case, true) {
        Outcome::Passed => Outcome::Passed,
        // Where an open child alone makes the difference, the case shows the laxer default.
        failed if may_be_skipped(case, S13) => match lifecycle_with(case, false) {
            Outcome::Passed => Outcome::skipped(S13),
            _ => failed,
        },
        other => other,
    }
}

const S13: &str = "rt-dependency follows S13";

fn lifecycle_with(case: &Value, s13: bool) -> Outcome {
    let mut lives: BTreeMap<String, Life> = BTreeMap::new();
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (own, of) = (String::new(), |key: &str| case[key].as_object().into_iter().flatten());
    let own = [(&own, &case["definition"])].into_iter().filter(|d| d.1.is_object());
    for (name, d) in own.chain(of("other")).chain(of("registry")) {
        match Life::new(d) {
            Ok(life) => drop(lives.insert(name.clone(), life)),
            Err(bad) => return Outcome::failed(&Value::Null, format!("{name}: {}", bad[0])),
        }
        kinds.entry(d["type"].as_str().unwrap_or("ticket").to_string()).or_default().push(name.clone());
    }
    let mut things: BTreeMap<String, Thing> = BTreeMap::new();
    let mut last = String::new();
    each(case, |step| {
        let id = step["id"].as_str().map_or_else(|| last.clone(), str::to_string);
        if step["do"] == "names" {
            return Ok(json!(kinds.get(word(&step["type"])).cloned().unwrap_or_default()));
        }
        let before = things.get(&id).cloned();
        let Some(life) = lives.get(before.as_ref().map_or("", |t| t.lifecycle.as_str())) else { return Ok(json!("no lifecycle")) };
        let status = StateName::new(word(&step["status"]));
        if let Some(asked) = asked(life, step, &status) {
            return Ok(asked);
        }
        if step["do"] == "create" {
            last.clone_from(&id);
            let first = || life.default.clone().or_else(|| life.machine.initials().next().cloned()).unwrap_or(status.clone());
            let state = if step["status"].is_null() { first() } else { status.clone() };
            let Some(at) = life.machine.begin(&state) else {
                let error = if life.class(&state).is_some() { "transition_not_allowed" } else { "invalid_status" };
                return Ok(json!({ "error": error }));
            };
            let date = |key: &str| if step[key].is_null() { json!(false) } else { step[key].clone() };
            let mut thing = Thing {
                at,
                lifecycle: String::new(),
                started: date("started"),
                resolved: date("resolved"),
                depends_on: words(&step["depends_on"]),
            };
            stamp(&mut thing, None, life.class(&state));
            let shown = thing.show(None, step);
            things.insert(id, thing);
            return Ok(shown);
        }
        let Some(mut thing) = before.clone() else { return Ok(json!("nothing was created")) };
        // A child that is open stands against what ends the work (S13).
        let open = |id: &String| things.get(id).is_some_and(|t| lives[&t.lifecycle].class(t.at.state()).is_some_and(|c| !c.is_final()));
        let waits = s13 && thing.depends_on.iter().any(open);
        let judge = |i: usize| {
            let mut against = life.judge(&thing.at, &step["rights"], i);
            let ends = life.machine.target(i, thing.at.state()).and_then(|t| life.class(t)).is_some_and(StateClass::is_final);
            against.extend((waits && ends).then_some("open-child"));
            against
        };
        let targets = || -> Vec<&StateName> {
            life.machine.enabled(&thing.at, judge).into_iter().filter_map(|i| life.machine.target(i, thing.at.state())).collect()
        };
        match word(&step["do"]) {
            "allowed" => return Ok(json!(targets().into_iter().map(StateName::as_str).collect::<Vec<_>>())),
            "actions" => {
                let label = |to: &StateName| life.labels.get(&format!("{} -> {to}", thing.at.state()));
                return Ok(json!(targets().into_iter().filter_map(label).collect::<Vec<_>>()));
            }
            "set" => {
                let error = match life.machine.fire(&thing.at, &TransitionName::new(status.as_str()), judge) {
                    Ok(fired) => {
                        let from = life.class(thing.at.state());
                        thing.at = fired.to;
                        stamp(&mut thing, from, life.class(&status));
                        None
                    }
                    Err(_) if life.class(&status).is_none() => Some("invalid_status"),
                    Err(Unfired::Blocked(all)) if all.contains(&"open-child") => Some("open_dependency"),
                    Err(Unfired::Blocked(_)) => Some("permission_denied"),
                    Err(_) => Some("transition_not_allowed"),
                };
                if let Some(error) = error {
                    return Ok(json!({ "error": error, "status": thing.at.state().as_str() }));
                }
            }
            "move" => {
                let to = word(&step["lifecycle"]);
                let here = |from: &str| thing.lifecycle.is_empty() || from == thing.lifecycle;
                let named = |key: &str| key.split_once("->").is_some_and(|(a, b)| here(a.trim()) && b.trim() == to);
                let map = of("maps").find(|(key, _)| named(key)).map(|(_, map)| map);
                let pairs = map.and_then(Value::as_object).into_iter().flatten();
                let map: BTreeMap<StateName, StateName> = pairs.map(|(a, b)| (StateName::new(a), StateName::new(word(b)))).collect();
                let Some(other) = lives.get(to) else { return Ok(json!({ "error": "no_lifecycle", "status": thing.at.state().as_str() })) };
                let Some(at) = other.machine.take_over(thing.at.state(), &map) else {
                    return Ok(json!({ "error": "no_map", "status": thing.at.state().as_str() }));
                };
                let from = life.class(thing.at.state());
                stamp(&mut thing, from, other.class(at.state()));
                (thing.at, thing.lifecycle) = (at, to.to_string());
            }
            other => return Ok(json!(format!("no such step: {other}"))),
        }
        let shown = thing.show(before.as_ref(), step);
        things.insert(id, thing);
        Ok(shown)
    })
}

/// What is asked of the lifecycle itself.
fn asked(life: &Life, step: &Value, status: &StateName) -> Option<Value> {
    let set = word(&step["set"]);
    Some(match word(&step["do"]) {
        "list" => json!(life.of_set(set)),
        "is" => json!(life.of_set(set).contains(&status.as_str())),
        "allowed_from" if status.as_str().is_empty() => json!(life.machine.initials().map(StateName::as_str).collect::<Vec<_>>()),
        "allowed_from" => {
            let to = life.machine.leaving(status).filter_map(|i| life.machine.target(i, status));
            json!(to.map(StateName::as_str).collect::<Vec<_>>())
        }
        _ => return None,
    })
}

impl Thing {
    fn show(&self, before: Option<&Self>, step: &Value) -> Value {
        let date = |key: &str, now: &Value, then: Option<&Value>| {
            if step["expect"][key] == "unchanged" && then == Some(now) { json!("unchanged") } else { now.clone() }
        };
        json!({
            "status": self.at.state().as_str(),
            "started": date("started", &self.started, before.map(|b| &b.started)),
            "resolved": date("resolved", &self.resolved, before.map(|b| &b.resolved)),
        })
    }
}
