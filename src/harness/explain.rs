//! One ticket, written as JSON, against a playbook: what every rule made of it.

use super::coverage::Listening;
use super::given::{Names, as_text};
use super::stage::{NextId, Stage};
use crate::diagnostic::{Diagnostic, Diagnostics, Lang, Place, Source, Text, did_you_mean, text};
use crate::engine::{RuleTrace, Verdict};
use crate::id::{TicketId, UtcInstant};
use crate::playbook::Playbook;
use crate::rules::{TestFault, TestHost as _, TestValue};
use crate::ticket::Ticket;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What may stand beside the ticket's own attributes.
const BESIDE: [&str; 4] = ["at", "customer", "agents", "steps"];
/// Steps on the ticket, by the words of tests.
const ON_TICKET: [&str; 22] = [
    "reply",
    "note",
    "phone",
    "transition",
    "assign",
    "release",
    "hand_off",
    "set",
    "priority",
    "tag",
    "untag",
    "watch",
    "owner",
    "request_approval",
    "approve",
    "decline",
    "delegate",
    "withdraw",
    "go_past",
    "check_off",
    "done",
    "rate",
];
/// Steps of time.
const OF_TIME: [&str; 2] = ["advance", "at"];

/// What became of one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleTold {
    /// The rule.
    pub rule: String,
    /// What woke it.
    pub trigger: String,
    /// `fired`, `false`, `faulted`, `refused`, `already`, `stopped`, `suspended`.
    pub verdict: &'static str,
    /// The part of its condition that was false, the fault, or the refusal.
    pub detail: String,
    /// What it did.
    pub actions: Vec<String>,
    /// Whether it ran without the interpreter.
    pub lowered: bool,
    /// Steps of the interpreter.
    pub operations: u64,
}

impl RuleTold {
    fn of(r: &RuleTrace) -> Self {
        let (verdict, detail, actions) = match &r.verdict {
            Verdict::Fired(actions) => ("fired", String::new(), actions.clone()),
            Verdict::False(part) => ("false", part.clone(), Vec::new()),
            Verdict::Faulted(why) => ("faulted", why.clone(), Vec::new()),
            Verdict::Refused { action, code } => ("refused", format!("{action} [{code}]"), Vec::new()),
            Verdict::Already => ("already", String::new(), Vec::new()),
            Verdict::Stopped => ("stopped", String::new(), Vec::new()),
            Verdict::Suspended => ("suspended", String::new(), Vec::new()),
        };
        let (lowered, operations) = (r.lowered, r.operations);
        Self { rule: r.rule.to_string(), trigger: r.trigger.clone(), verdict, detail, actions, lowered, operations }
    }
}

/// One step and what it led to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepTold {
    /// As written: `create`, or a word of tests with its arguments.
    pub step: String,
    /// When.
    pub at: UtcInstant,
    /// The same in the default calendar's zone, for people.
    pub local: String,
    /// Every rule that was woken, in the order considered.
    pub rules: Vec<RuleTold>,
    /// The trace as lines of text.
    pub lines: Vec<Text>,
    /// All reasons, where the desk refused; nothing came after it.
    pub refused: Option<Text>,
}

/// A ticket's way through a playbook.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explained {
    /// The steps, the making of the ticket first.
    pub steps: Vec<StepTold>,
    /// The ticket at the end, value by value; empty if it was refused.
    pub ticket: BTreeMap<&'static str, String>,
    /// Its clocks and where its time went.
    pub times: Vec<Text>,
}

impl Explained {
    /// Whether the desk did everything asked.
    pub fn done(&self) -> bool {
        self.steps.iter().all(|s| s.refused.is_none())
    }
    /// As text.
    pub fn render(&self, lang: Lang) -> String {
        let zh = lang == Lang::Zh;
        let mut out = String::new();
        for s in &self.steps {
            out.push_str(&format!("{}  {}\n", s.local, s.step));
            for l in &s.lines {
                out.push_str(&format!("  {}\n", l.get(lang)));
            }
            if let Some(r) = &s.refused {
                let word = if zh { "被拒绝：" } else { "refused: " };
                out.push_str(&format!("  {word}{}\n", r.get(lang).trim_end()));
            }
        }
        if !self.ticket.is_empty() {
            out.push_str(if zh { "结果\n" } else { "in the end\n" });
            for (name, value) in &self.ticket {
                out.push_str(&format!("  {name}: {value}\n"));
            }
            self.times.iter().for_each(|l| out.push_str(&format!("{}\n", l.get(lang))));
        }
        out
    }
}

/// Makes a ticket of a JSON object on a desk of its own, with the people of `roster.toml`, and tells what every rule made of it.
///
/// Beside the ticket's attributes, custom fields and `by` may stand: `at` (when, in the default calendar's zone, or with an offset), `customer` (the requester's
/// record), `agents` (more people), and `steps`: what happens afterwards, each by a word of tests.
///
/// ```
/// use ticketry::{diagnostic::Lang, harness, playbook::Playbook};
/// let source = Playbook::starter_source()
///     .with("rules/a.rhai", r#"rule("hot").on("created").when(|t| t.impact == "high").then(|t| t.tag("hot"));"#);
/// let told = harness::explain(&source, "t.json", r#"{
///     "subject": "the printer is on fire", "impact": "low", "at": "2025-09-01T09:00:00",
///     "steps": [{ "reply": ["requester", "hurry"] }, { "advance": "2h" }]
/// }"#).unwrap();
/// assert_eq!(told.steps[0].rules[0].verdict, "false");
/// assert!(told.render(Lang::En).contains(r#"t.impact = "low""#));
/// ```
///
/// # Errors
/// The playbook or its people are wrong, or the text is no ticket: every problem with its place.
pub fn explain(source: &Source, file: &str, json: &str) -> Result<Explained, Diagnostics> {
    let loaded = Playbook::load(source)?;
    let (people, problems) = super::run::people(source, loaded.playbook.schema());
    if problems.has_errors() {
        return Err(problems);
    }
    let value = parse(file, json)?;
    let wrong = |e: TestFault| {
        let (message, help) = match e {
            TestFault::Wrong { message, help } => (message, help),
            TestFault::Refused { message, .. } => (message, None),
        };
        Diagnostics::from(Diagnostic::error("bad-ticket", message).at(Place::file(file)).maybe_help(help))
    };
    let listening = Listening::default();
    let hears = listening.clone();
    let stage = Stage::open_seen(loaded.playbook, people, Some(Box::new(move |t| hears.hear(t))), NextId::default())
        .map_err(|e| Diagnostics::from(Diagnostic::error("no-stage", e.text()).at(Place::file(file))))?;
    Telling { stage, listening, told: Explained { steps: Vec::new(), ticket: BTreeMap::new(), times: Vec::new() } }
        .tell(value)
        .map_err(wrong)
}

/// JSON as a test's value.
pub(super) fn parse(file: &str, json: &str) -> Result<TestValue, Diagnostics> {
    let parsed: serde_json::Value = serde_json::from_str(json).map_err(|e| {
        let at = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let said = e.to_string();
        let said = said.split(" at line ").next().unwrap_or_default().to_string();
        let message = text(format!("this is no JSON: {said}"), format!("不是合法的 JSON：{said}"));
        Diagnostics::from(Diagnostic::error("bad-json", message).at(Place::new(file, at(e.line()), at(e.column()).max(1), 1)))
    })?;
    if !parsed.is_object() {
        let d = Diagnostic::error("bad-ticket", text("a ticket is a JSON object", "工单应为 JSON 对象")).at(Place::file(file));
        return Err(d
            .help(text("write `{ \"subject\": \"…\", \"requester\": \"ann\" }`", "请写 `{ \"subject\": \"…\", \"requester\": \"ann\" }`"))
            .into());
    }
    Ok(of_json(&parsed))
}

/// A JSON value as a test's: a number with a point is a decimal.
pub(super) fn of_json(v: &serde_json::Value) -> TestValue {
    use serde_json::Value as Json;
    match v {
        Json::Null => TestValue::Nothing,
        Json::Bool(b) => TestValue::Boolean(*b),
        Json::Number(n) => match (n.as_i64(), n.to_string().parse()) {
            (Some(n), _) => TestValue::Integer(n),
            (None, Ok(d)) => TestValue::Decimal(d),
            (None, Err(_)) => TestValue::Text(n.to_string()),
        },
        Json::String(s) => TestValue::text(s),
        Json::Array(all) => TestValue::List(all.iter().map(of_json).collect()),
        Json::Object(all) => TestValue::Record(all.iter().map(|(k, v)| (k.clone(), of_json(v))).collect()),
    }
}

struct Telling {
    stage: Stage,
    listening: Listening,
    told: Explained,
}

impl Telling {
    fn tell(mut self, value: TestValue) -> Result<Explained, TestFault> {
        let mut names = Names::of(&value)?;
        let [at, customer, agents, steps] = BESIDE.map(|n| names.take(n));
        let steps = match steps {
            None => Vec::new(),
            Some(TestValue::List(steps)) => steps.iter().map(step).collect::<Result<Vec<_>, _>>()?,
            Some(_) => return Err(TestFault::wrong(text("`steps` is a list", "`steps` 应为列表"))),
        };
        if let Some(at) = at {
            self.stage.step(None, "at", &[at])?;
        }
        for agent in agents.into_iter().flat_map(|a| if let TestValue::List(all) = a { all } else { vec![a] }) {
            self.stage.step(None, "agent", &[agent])?;
        }
        let ticket = names.rest();
        if let Some(record) = customer {
            let requester = match &ticket {
                TestValue::Record(map) => map.get("requester").cloned().unwrap_or_else(|| TestValue::text("ann")),
                _ => TestValue::text("ann"),
            };
            self.stage.step(None, "customer", &[requester, record])?;
        }
        let made = match self.done("create".into(), None, "create", &[ticket])? {
            Some(TestValue::Ticket(id)) => id,
            _ => return Ok(self.told),
        };
        for (word, by, args) in steps {
            let shown = format!("{word} {}", args.iter().map(shown).collect::<Vec<_>>().join(", "));
            let args: Vec<TestValue> =
                if OF_TIME.contains(&word.as_str()) { args } else { std::iter::once(TestValue::Ticket(made)).chain(args).collect() };
            if self.done(shown.trim_end().to_string(), by.as_deref(), &word, &args)?.is_none() {
                break;
            }
        }
        self.end(made);
        Ok(self.told)
    }

    /// Takes a step; none if the desk refused it.
    fn done(&mut self, step: String, by: Option<&str>, word: &str, args: &[TestValue]) -> Result<Option<TestValue>, TestFault> {
        let answer = self.stage.step(by, word, args);
        let (answer, refused) = match answer {
            Ok(v) => (Some(v), None),
            Err(TestFault::Refused { message, .. }) => (None, Some(message)),
            Err(wrong) => return Err(wrong),
        };
        let (mut rules, mut lines): (_, Vec<Vec<Text>>) = (Vec::new(), Vec::new());
        for trace in self.listening.heard() {
            let (en, zh) = (trace.render(Lang::En), trace.render(Lang::Zh));
            let said: Vec<Text> = en.into_iter().zip(zh).map(|(en, zh)| text(en, zh)).collect();
            // Whether a queue moves is tried before it is done.
            if said.is_empty() || lines.last() == Some(&said) {
                continue;
            }
            rules.extend(trace.rules().iter().map(RuleTold::of));
            lines.push(said);
        }
        // What was worked out anew within one step counts as it came out last.
        let all = lines.concat();
        let lines = all.iter().enumerate().filter(|(i, l)| !all.iter().skip(i.saturating_add(1)).any(|later| later == *l));
        let lines = lines.map(|(_, l)| l.clone()).collect();
        let at = self.stage.now();
        let local = self.stage.desk().desk().playbook().calendars().default_calendar().render(at);
        self.told.steps.push(StepTold { step, at, local, rules, lines, refused });
        Ok(answer)
    }

    fn end(&mut self, id: TicketId) {
        let Ok(t) = self.stage.desk().ticket(id) else { return };
        self.told.ticket = values(&t);
        if let Ok(Some(e)) = self.stage.desk().explain(id, t.revision) {
            self.told.times = e.times.map(|t| t.lines).unwrap_or_default();
        }
    }
}

/// A step of the list: one word, and perhaps who.
fn step(v: &TestValue) -> Result<(String, Option<String>, Vec<TestValue>), TestFault> {
    let mut names = Names::of(v)?;
    let by = names.text("by")?;
    let TestValue::Record(rest) = names.rest() else { return Err(TestFault::wrong(text("a step is an object", "步骤应为对象"))) };
    let mut words = rest.into_iter();
    let (Some((word, args)), None) = (words.next(), words.next()) else {
        return Err(TestFault::wrong(text(
            "a step says one thing: `{ \"reply\": [\"requester\", \"thanks\"] }`",
            "每个步骤只写一件事：`{ \"reply\": [\"requester\", \"thanks\"] }`",
        )));
    };
    let known = || ON_TICKET.iter().chain(&OF_TIME);
    if !known().any(|w| *w == word) {
        let all = known().copied().collect::<Vec<_>>().join(", ");
        let help = did_you_mean(&word, known()).unwrap_or_else(|| text(format!("it is one of {all}"), format!("可取值：{all}")));
        return Err(TestFault::Wrong {
            message: text(format!("no step is called `{word}`"), format!("没有名为 `{word}` 的步骤")),
            help: Some(help),
        });
    }
    let args = match args {
        TestValue::List(all) => all,
        TestValue::Nothing => Vec::new(),
        one => vec![one],
    };
    Ok((word, by, args))
}

fn shown(v: &TestValue) -> String {
    match v {
        TestValue::Text(s) => format!("{s:?}"),
        TestValue::Nothing => "()".into(),
        TestValue::Integer(n) => n.to_string(),
        TestValue::Boolean(b) => b.to_string(),
        TestValue::Decimal(d) => d.to_string(),
        TestValue::List(all) => format!("[{}]", all.iter().map(shown).collect::<Vec<_>>().join(", ")),
        TestValue::Record(all) => {
            format!("{{ {} }}", all.iter().map(|(k, v)| format!("{k}: {}", shown(v))).collect::<Vec<_>>().join(", "))
        }
        other => as_text(other, "").unwrap_or_default(),
    }
}

/// What a person wants to know of a ticket at a glance.
pub(super) fn values(t: &Arc<Ticket>) -> BTreeMap<&'static str, String> {
    let mut out = BTreeMap::new();
    let mut put = |name: &'static str, value: Option<String>| drop(value.map(|v| out.insert(name, v)));
    put("number", Some(t.number.to_string()));
    put("state", Some(t.state.to_string()));
    put("priority", t.priority.as_ref().map(|p| p.value.to_string()));
    put("score", Some(t.score.to_string()));
    put("category", t.category.as_ref().map(|c| c.value.to_string()));
    put("group", t.group.as_ref().map(ToString::to_string));
    put("assignee", t.assignee.as_ref().map(ToString::to_string));
    put("tags", (!t.tags.is_empty()).then(|| t.tags.iter().map(|t| t.as_str()).collect::<Vec<_>>().join(", ")));
    put("due", t.due().map(|d| d.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)));
    out
}
