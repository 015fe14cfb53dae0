//! A roster from TOML or JSON.

use super::read::places;
use super::{Absence, Agent, Places, Roster, RosterDefinition, Staff};
use crate::condition::reading::{Document, Item, Table};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, text};
use crate::id::*;
use crate::ticket::Schema;

const AGENT: [&str; 11] = ["id", "name", "groups", "skills", "roles", "capacity", "shift", "absences", "backup", "on_call", "group_roles"];

impl Roster {
    /// Reads a roster in TOML: `[[agents]]`, `[groups.NAME]` with `lead`, `manager`, `on_call`, and `managers`. The roster is there if nothing found
    /// forbids it.
    ///
    /// ```
    /// use ticketry::routing::Roster;
    /// let (roster, problems) = Roster::from_toml("roster.toml", r#"
    ///     managers = ["zhao"]
    ///     [[agents]]
    ///     id = "zhao"
    ///     capacity = 4
    ///     absences = [{ from = 2025-10-01T00:00:00+08:00, to = 2025-10-09T00:00:00+08:00 }]
    /// "#, &Default::default());
    /// assert!(problems.is_empty(), "{problems}");
    /// assert!(roster.unwrap().absent(&"zhao".into(), "2025-10-02T00:00:00Z".parse().unwrap()));
    /// ```
    pub fn from_toml(file: &str, toml: &str, schema: &Schema) -> (Option<Self>, Diagnostics) {
        let (d, problems) = RosterDefinition::from_toml(file, toml);
        finish(d, problems, schema)
    }
    /// Reads a roster in JSON, shaped as [`RosterDefinition`] serializes. Errors of shape have line and column, the rest name the agent.
    pub fn from_json(file: &str, json: &str, schema: &Schema) -> (Option<Self>, Diagnostics) {
        match serde_json::from_str::<RosterDefinition>(json) {
            Ok(mut d) => {
                d.places.top.set("", Place::file(file));
                for a in &mut d.agents {
                    for x in &mut a.absences {
                        (x.from, x.to) = (at_door(x.from), x.to.map(at_door));
                    }
                }
                finish(d, Diagnostics::new(), schema)
            }
            Err(e) => {
                let (line, column) = (u32::try_from(e.line()).unwrap_or(0), u32::try_from(e.column()).unwrap_or(0));
                let message = e.to_string();
                let problem = Diagnostic::error(
                    "bad-json",
                    text(format!("not a roster in JSON: {message}"), format!("不是 JSON 格式的人员表：{message}")),
                );
                (None, problem.at(Place::new(file, line, column, 1)).into())
            }
        }
    }
}

impl RosterDefinition {
    /// Reads what [`Roster::from_toml`] reads, unchecked against a schema, for callers that change it before they build.
    pub fn from_toml(file: &str, toml: &str) -> (Self, Diagnostics) {
        let document = Document::parse(file, toml);
        let mut d = Self::default();
        {
            let root = document.root(&["agents", "groups", "managers"]);
            d.places.top = places(&root, document.whole());
            for item in root.get("agents").map(|i| i.list()).unwrap_or_default() {
                if let Some((agent, at)) = agent(&item) {
                    d.agents.push(agent);
                    d.places.agents.push(at);
                }
            }
            for (name, item) in root.get("groups").map(|i| i.entries()).unwrap_or_default() {
                let Some(t) = item.table(&["lead", "manager", "on_call"]) else { continue };
                let person = |key: &str| t.get(key).and_then(|i| i.name()).map(AgentId::new);
                let staff = Staff { lead: person("lead"), manager: person("manager"), on_call: names(&t, "on_call") };
                d.places.groups.insert(GroupId::new(name.name), places(&t, name.place));
                d.groups.insert(GroupId::new(name.name), staff);
            }
            d.managers = names(&root, "managers");
        }
        let problems = document.finish();
        (d, problems)
    }
}

fn finish(d: RosterDefinition, mut problems: Diagnostics, schema: &Schema) -> (Option<Roster>, Diagnostics) {
    let (roster, more) = d.build(schema);
    problems.extend(more);
    problems.sort();
    (roster.filter(|_| !problems.has_errors()), problems)
}

/// A list of names.
fn names<T: for<'n> From<&'n str>>(t: &Table<'_>, key: &str) -> Vec<T> {
    t.get(key).map(|i| i.list()).unwrap_or_default().iter().filter_map(|i| i.name()).map(T::from).collect()
}

fn agent(item: &Item<'_>) -> Option<(Agent, Places)> {
    let t = item.table(&AGENT)?;
    let word = |key: &str| t.get(key).and_then(|i| i.name());
    let id = t.need("id", "what the agent is known by", "坐席编号").and_then(|i| i.name());
    let skills = t.get("skills").map(|i| i.entries()).unwrap_or_default();
    let skills = skills.into_iter().filter_map(|(s, i)| Some((SkillName::new(s.name), u8::try_from(i.integer(1, 5)?).ok()?)));
    let in_groups = t.get("group_roles").map(|i| i.entries()).unwrap_or_default();
    let in_groups = in_groups.into_iter().map(|(g, i)| {
        let roles = i.one_or_many().iter().filter_map(|r| r.name()).map(RoleName::from).collect();
        (GroupId::new(g.name), roles)
    });
    let agent = Agent {
        group_roles: in_groups.collect(),
        name: t.get("name").and_then(|i| i.text()).unwrap_or_default().to_string(),
        groups: names(&t, "groups").into_iter().collect(),
        skills: skills.collect(),
        roles: names(&t, "roles").into_iter().collect(),
        capacity: t.get("capacity").and_then(|i| i.integer(0, i64::from(u16::MAX))).and_then(|n| u16::try_from(n).ok()).unwrap_or(0),
        shift: word("shift").map(CalendarName::new),
        absences: t.get("absences").map(|i| i.list()).unwrap_or_default().iter().filter_map(absence).collect(),
        backup: word("backup").map(AgentId::new),
        on_call: t.get("on_call").and_then(|i| i.boolean()).unwrap_or(false),
        id: AgentId::new(id?),
    };
    Some((agent, places(&t, item.place())))
}

fn absence(item: &Item<'_>) -> Option<Absence> {
    let t = item.table(&["from", "to", "reason"])?;
    let from = t.need("from", "the first instant away", "缺勤开始时刻").and_then(|i| i.instant());
    let to = match t.get("to") {
        Some(i) => Some(i.instant()?),
        None => None,
    };
    let reason = t.get("reason").and_then(|i| i.text()).unwrap_or_default().to_string();
    Some(Absence { from: from?, to, reason })
}
