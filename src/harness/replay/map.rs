//! A foreign event log as a history: a small TOML, the map, says which command each activity is.

use super::{Deed, History, Step};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, text};
use crate::engine::{NewMessage, NewTicket, TransitionInput, What};
use crate::id::*;
use crate::ticket::{Actor, Attribute, Value};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The map of a log.
///
/// ```
/// let map = ticketry::harness::LogMap::parse("log.toml", r#"
/// playbook = "desk"
/// columns = { case = "case", activity = ["what"], time = "when", resource = "who" }
/// ticket = { type = "question", channel = "mail", subject = "{case}", first_row = "create-and-apply" }
/// activities.Solved = { command = "transition", transition = "resolve" }
/// "#).unwrap();
/// let row = |what: &str, when: &str| [("case", "A"), ("what", what), ("when", when), ("who", "li")].map(|(k, v)| (k.to_string(), v.to_string())).into();
/// let history = map.history([row("Solved", "2025-09-01T10:00:00Z"), row("Prayed", "2025-09-01T11:00:00Z")]).unwrap();
/// assert_eq!(history.len(), 2, "a case begins with a ticket; what the map does not know is left out");
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogMap {
    /// The playbook's folder, beside the map: what the log went by.
    pub playbook: String,
    /// Which columns hold what.
    pub columns: Columns,
    /// What a new ticket looks like.
    pub ticket: NewCase,
    /// What each activity is.
    pub activities: BTreeMap<String, DeedMap>,
    /// For programs that compare figures with others'; of no concern here.
    pub expected: Option<toml::Value>,
    /// As `expected`.
    pub figures: Option<toml::Value>,
}

/// Columns of a log by their heads.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The case: one ticket.
    pub case: String,
    /// The activity: one column, or several, joined with `/`.
    pub activity: Vec<String>,
    /// When, as an instant with its offset.
    pub time: String,
    /// Who did it: becomes an agent.
    pub resource: Option<String>,
    /// The group.
    pub group: Option<String>,
    /// The requester.
    pub requester: Option<String>,
}

/// How a ticket is made of a case's first row.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCase {
    /// Type.
    pub r#type: String,
    /// Channel.
    pub channel: String,
    /// Subject; `{case}` stands for the case.
    pub subject: String,
    /// If a case does not begin with a `create`.
    pub first_row: FirstRow,
    /// Fields set at creation: field = column.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Impact: column, and how its words translate.
    pub impact: Option<Translated>,
}

/// A column whose words become the playbook's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Translated {
    /// The column.
    pub column: String,
    /// Its words, and the playbook's.
    pub words: BTreeMap<String, String>,
}

/// What to do with a case that does not begin with a creation.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum FirstRow {
    /// Make the ticket, then apply the row.
    CreateAndApply,
    /// Leave its rows out.
    Refuse,
}

/// What one activity is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeedMap {
    /// `create`, `transition`, `set`, `assign`, `note`, `hand_off`.
    pub command: String,
    /// The transition taken.
    pub transition: Option<String>,
    /// Fields set: field = column.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// The resource becomes the assignee.
    #[serde(default)]
    pub assign: bool,
    /// The row's group becomes the ticket's.
    #[serde(default)]
    pub hand_off: bool,
}

type Row = BTreeMap<String, String>;

fn wrong(code: &'static str, file: &str, en: String, zh: String) -> Diagnostics {
    Diagnostic::error(code, text(en, zh)).at(Place::file(file)).into()
}

impl LogMap {
    /// Reads a map.
    ///
    /// # Errors
    /// The text is no map; with its place.
    pub fn parse(file: &str, content: &str) -> Result<Self, Diagnostics> {
        let map: Self = toml::from_str(content).map_err(|e| {
            let place = e.span().map_or_else(|| Place::file(file), |s| Place::of_bytes(file, content, s.start, s.end));
            let said = e.message().lines().next().unwrap_or_default().to_string();
            Diagnostics::from(
                Diagnostic::error("bad-map", text(format!("this is no map of a log: {said}"), format!("日志映射有误：{said}"))).at(place),
            )
        })?;
        let known = ["create", "transition", "set", "assign", "note", "hand_off"];
        for (name, deed) in &map.activities {
            if !known.contains(&deed.command.as_str()) {
                let all = known.join(", ");
                return Err(wrong(
                    "bad-map",
                    file,
                    format!("activity `{name}` is `{}`, which is none of {all}", deed.command),
                    format!("活动 `{name}` 的命令 `{}` 不在 {all} 之中", deed.command),
                ));
            }
        }
        Ok(map)
    }

    /// Every column it names.
    pub fn named(&self) -> BTreeSet<&str> {
        let c = &self.columns;
        let of_rows = c.activity.iter().chain([&c.case, &c.time]).chain(&c.resource).chain(&c.group).chain(&c.requester);
        let fields = self.ticket.fields.values().chain(self.activities.values().flat_map(|d| d.fields.values()));
        of_rows.chain(fields).chain(self.ticket.impact.as_ref().map(|i| &i.column)).map(String::as_str).collect()
    }

    /// The groups that rows name, for playbooks that do not list hundreds of them by hand.
    pub fn groups<'r>(&self, rows: impl IntoIterator<Item = &'r Row>) -> BTreeSet<String> {
        let Some(column) = &self.columns.group else { return BTreeSet::new() };
        rows.into_iter().filter_map(|r| r.get(column)).filter(|g| !g.is_empty()).cloned().collect()
    }

    /// The history of rows: cells by the heads of their columns, in any order of time; rows of one instant stay in theirs.
    ///
    /// # Errors
    /// A row's time is no instant.
    pub fn history(&self, rows: impl IntoIterator<Item = Row>) -> Result<History, Diagnostics> {
        let mut timed: Vec<(UtcInstant, Row)> = Vec::new();
        for (n, row) in rows.into_iter().enumerate() {
            let time = row.get(&self.columns.time).map_or("", String::as_str);
            let Ok(at) = time.parse::<UtcInstant>() else {
                let line = n.saturating_add(2);
                return Err(wrong(
                    "bad-log",
                    "log",
                    format!("row {line}: `{time}` is no instant"),
                    format!("第 {line} 行：`{time}` 不是时刻"),
                ));
            };
            timed.push((at_door(at), row));
        }
        timed.sort_by_key(|(at, _)| *at);
        let mut history = History::default();
        let mut begun: BTreeSet<String> = BTreeSet::new();
        for (at, row) in &timed {
            self.row(&mut history, &mut begun, *at, row);
            history.until = history.until.max(Some(*at));
        }
        Ok(history)
    }

    fn row(&self, history: &mut History, begun: &mut BTreeSet<String>, at: UtcInstant, row: &Row) {
        let cell = |c: &str| row.get(c).map_or("", String::as_str);
        let maybe = |c: &Option<String>| c.as_deref().map_or("", cell);
        let case = cell(&self.columns.case).to_string();
        let activity = self.columns.activity.iter().map(|c| cell(c)).collect::<Vec<_>>().join("/");
        let who = maybe(&self.columns.resource);
        let actor = if who.is_empty() { Actor::Integration("log".into()) } else { Actor::agent(who) };
        history.agents.extend(actor.as_agent().cloned());
        let Some(deed) = self.activities.get(&activity) else { return history.left_out("unmapped-activity") };
        let creates = deed.command == "create";
        let step = |deed| Step { case: case.clone(), at, occurred_at: None, actor: actor.clone(), deed };
        match (begun.contains(&case), creates) {
            (true, true) => return history.left_out("exists"),
            (false, false) if self.ticket.first_row == FirstRow::Refuse => return history.left_out("no-ticket"),
            (false, _) => {
                begun.insert(case.clone());
                history.steps.push(step(Deed::Create(Box::new(self.new_ticket(&case, maybe(&self.columns.requester), row)))));
            }
            (true, false) => {}
        }
        if creates {
            return;
        }
        let fields = || -> Vec<(Attribute, Option<Value>)> {
            let value = |c: &String| row.get(c).filter(|v| !v.is_empty()).map(|v| Value::text(v.as_str()));
            deed.fields.iter().map(|(f, c)| (Attribute::named(f), value(c))).collect()
        };
        let what = match deed.command.as_str() {
            "transition" => Some(
                TransitionInput::new(deed.transition.as_deref().unwrap_or_default())
                    .fields(fields())
                    .maybe_comment(Some(activity.as_str().into()).filter(|_| deed.transition.is_none()))
                    .into(),
            ),
            "set" => Some(What::SetFields(fields())),
            "assign" => Some(What::Assign(AgentId::new(who))),
            "note" => Some(What::Note(NewMessage::new(activity.as_str()))),
            _ => None,
        };
        let group = Some(maybe(&self.columns.group)).filter(|g| deed.hand_off && !g.is_empty()).map(GroupId::new);
        let assignee = Some(who).filter(|w| deed.assign && !w.is_empty()).map(AgentId::new);
        history.steps.push(step(Deed::Row { what: what.map(Box::new), group, assignee }));
    }

    fn new_ticket(&self, case: &str, requester: &str, row: &Row) -> NewTicket {
        let m = &self.ticket;
        let requester = if requester.is_empty() { "unknown" } else { requester };
        let mut new = NewTicket::new(&m.r#type, m.subject.replace("{case}", case), requester, &m.channel);
        for (field, column) in &m.fields {
            if let Some(v) = row.get(column).filter(|v| !v.is_empty()) {
                new.fields.push((FieldName::new(field), Value::text(v.as_str())));
            }
        }
        if let Some(impact) = &m.impact {
            new.impact = row.get(&impact.column).and_then(|w| impact.words.get(w)).map(LevelName::new);
        }
        new
    }
}
