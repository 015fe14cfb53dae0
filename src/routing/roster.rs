//! Who works here: agents, leads, managers, who is on call.

use super::Places;
use crate::diagnostic::{Diagnostic, Diagnostics, did_you_mean, text};
use crate::id::*;
use crate::ticket::{Actor, Recipient, Schema, Ticket};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A time away, `from` included, `to` not; without `to`, until further notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Absence {
    /// First instant away.
    #[serde(with = "serde_instant")]
    pub from: UtcInstant,
    /// First instant back.
    #[serde(with = "serde_instant_opt", default)]
    pub to: Option<UtcInstant>,
    /// In words.
    #[serde(default)]
    pub reason: String,
}

impl Absence {
    /// Whether it covers an instant.
    pub fn covers(&self, t: UtcInstant) -> bool {
        self.from <= t && self.to.is_none_or(|to| t < to)
    }
}

/// An agent 坐席.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// Identity.
    pub id: AgentId,
    /// What people call them.
    #[serde(default)]
    pub name: String,
    /// Groups they work in.
    #[serde(default)]
    pub groups: BTreeSet<GroupId>,
    /// Skills with level, 1 to 5.
    #[serde(default)]
    pub skills: BTreeMap<SkillName, u8>,
    /// Roles of the playbook.
    #[serde(default)]
    pub roles: BTreeSet<RoleName>,
    /// Roles they have for tickets of one group only: lead in group A, nothing more in group B.
    #[serde(default)]
    pub group_roles: BTreeMap<GroupId, BTreeSet<RoleName>>,
    /// How many slots they may hold by automatic assignment; 0 for people who are never routed to.
    #[serde(default)]
    pub capacity: u16,
    /// The calendar of their shift; none: always.
    #[serde(default)]
    pub shift: Option<CalendarName>,
    /// Times away.
    #[serde(default)]
    pub absences: Vec<Absence>,
    /// Who stands in 代理人.
    #[serde(default)]
    pub backup: Option<AgentId>,
    /// Part of the on-call roster 值班 of their groups, where a group names none of its own.
    #[serde(default)]
    pub on_call: bool,
}

impl Agent {
    /// An agent without groups, with capacity 1.
    pub fn new(id: impl AsRef<str>) -> Self {
        Self {
            id: AgentId::new(&id),
            name: id.as_ref().to_string(),
            groups: BTreeSet::new(),
            skills: BTreeMap::new(),
            roles: BTreeSet::new(),
            group_roles: BTreeMap::new(),
            capacity: 1,
            shift: None,
            absences: Vec::new(),
            backup: None,
            on_call: false,
        }
    }
    /// With a name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
    /// In a group.
    #[must_use]
    pub fn group(mut self, group: impl Into<GroupId>) -> Self {
        self.groups.insert(group.into());
        self
    }
    /// With a skill.
    #[must_use]
    pub fn skill(mut self, skill: impl Into<SkillName>, level: u8) -> Self {
        self.skills.insert(skill.into(), level);
        self
    }
    /// With a role.
    #[must_use]
    pub fn role(mut self, role: impl Into<RoleName>) -> Self {
        self.roles.insert(role.into());
        self
    }
    /// With a role for tickets of one group.
    #[must_use]
    pub fn role_in(mut self, group: impl Into<GroupId>, role: impl Into<RoleName>) -> Self {
        self.group_roles.entry(group.into()).or_default().insert(role.into());
        self
    }
    /// With so many slots.
    #[must_use]
    pub fn capacity(mut self, slots: u16) -> Self {
        self.capacity = slots;
        self
    }
    /// Working by a calendar.
    #[must_use]
    pub fn shift(mut self, calendar: impl Into<CalendarName>) -> Self {
        self.shift = Some(calendar.into());
        self
    }
    /// Away for a time.
    #[must_use]
    pub fn absent(mut self, from: UtcInstant, to: Option<UtcInstant>) -> Self {
        self.absences.push(Absence { from, to, reason: String::new() });
        self
    }
    /// With a stand-in.
    #[must_use]
    pub fn backup(mut self, agent: impl Into<AgentId>) -> Self {
        self.backup = Some(agent.into());
        self
    }
    /// On call.
    #[must_use]
    pub fn on_call(mut self) -> Self {
        self.on_call = true;
        self
    }
    /// The absence that covers an instant; of several, the one that ends last.
    pub fn absence(&self, now: UtcInstant) -> Option<&Absence> {
        let key = |a: &&Absence| (a.to.is_none(), a.to);
        self.absences.iter().filter(|a| a.covers(now)).max_by_key(key)
    }
}

/// Who leads a group and who is on call for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Staff {
    /// The group's lead.
    pub lead: Option<AgentId>,
    /// Its manager, if not the desk's.
    pub manager: Option<AgentId>,
    /// Who is on call 值班, first asked first.
    pub on_call: Vec<AgentId>,
}

/// A roster before it is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RosterDefinition {
    /// Agents.
    pub agents: Vec<Agent>,
    /// Leads and on-call by group.
    pub groups: BTreeMap<GroupId, Staff>,
    /// The desk's managers, first asked first.
    pub managers: Vec<AgentId>,
    /// Where it stands in a file; the default when built in Rust.
    #[serde(skip)]
    pub places: RosterPlaces,
}

/// Where the parts of a roster stand in a file; opaque.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RosterPlaces {
    pub(super) top: Places,
    pub(super) agents: Vec<Places>,
    pub(super) groups: BTreeMap<GroupId, Places>,
}

impl RosterDefinition {
    /// With an agent.
    #[must_use]
    pub fn agent(mut self, agent: Agent) -> Self {
        self.agents.push(agent);
        self
    }
    /// With a group's lead.
    #[must_use]
    pub fn lead(mut self, group: impl Into<GroupId>, agent: impl Into<AgentId>) -> Self {
        self.groups.entry(group.into()).or_default().lead = Some(agent.into());
        self
    }
    /// With someone on call for a group, asked after those named before.
    #[must_use]
    pub fn on_call(mut self, group: impl Into<GroupId>, agent: impl Into<AgentId>) -> Self {
        self.groups.entry(group.into()).or_default().on_call.push(agent.into());
        self
    }
    /// With a manager of the desk.
    #[must_use]
    pub fn manager(mut self, agent: impl Into<AgentId>) -> Self {
        self.managers.push(agent.into());
        self
    }

    /// Checks against the schema and compiles. All problems at once: duplicate ids, unknown groups, skills, roles, shifts and people, levels
    /// outside 1 to 5, absences that end before they begin.
    pub fn build(self, schema: &Schema) -> (Option<Roster>, Diagnostics) {
        let mut found = Diagnostics::new();
        let mut seen = BTreeSet::new();
        let ids: Vec<&str> = self.agents.iter().map(|a| a.id.as_str()).collect();
        let none = Places::default();
        for (i, a) in self.agents.iter().enumerate() {
            let at = |key: &str| {
                let places = self.places.agents.get(i).unwrap_or(&none);
                if places.0.is_empty() { self.places.top.at("") } else { places.at(key) }
            };
            let id = &a.id;
            let mut check = |key: &str, what: (&str, &str), name: &str, known: &mut dyn Iterator<Item = &str>| {
                let known: Vec<&str> = known.collect();
                if !known.contains(&name) {
                    found.push(
                        Diagnostic::error(
                            "unknown-name",
                            text(format!("agent `{id}`: no {} `{name}`", what.0), format!("坐席 `{id}`：没有{} `{name}`", what.1)),
                        )
                        .at(at(key))
                        .maybe_help(did_you_mean(name, known)),
                    );
                }
            };
            for g in &a.groups {
                check("groups", ("group", "处理组"), g.as_str(), &mut schema.groups.keys().map(GroupId::as_str));
            }
            for s in a.skills.keys() {
                check("skills", ("skill", "技能"), s.as_str(), &mut schema.skills.keys().map(SkillName::as_str));
            }
            for r in &a.roles {
                check("roles", ("role", "角色"), r.as_str(), &mut schema.roles.keys().map(RoleName::as_str));
            }
            for (g, roles) in &a.group_roles {
                check("group_roles", ("group", "处理组"), g.as_str(), &mut schema.groups.keys().map(GroupId::as_str));
                for r in roles {
                    check("group_roles", ("role", "角色"), r.as_str(), &mut schema.roles.keys().map(RoleName::as_str));
                }
            }
            if let Some(s) = &a.shift {
                check("shift", ("calendar", "日历"), s.as_str(), &mut schema.calendars.iter().map(CalendarName::as_str));
            }
            if let Some(b) = &a.backup {
                check("backup", ("agent", "坐席"), b.as_str(), &mut ids.iter().copied().filter(|i| *i != id.as_str()));
            }
            let mut say = |code, key: &str, en: String, zh: String| {
                found.push(Diagnostic::error(code, text(format!("agent `{id}`: {en}"), format!("坐席 `{id}`：{zh}"))).at(at(key)));
            };
            if !seen.insert(id.clone()) {
                say("duplicate-id", "id", "the id is used twice".into(), "编号重复".into());
            }
            for (s, level) in a.skills.iter().filter(|(_, l)| !(1..=5).contains(*l)) {
                say(
                    "skill-level",
                    "skills",
                    format!("level {level} of skill `{s}` is not between 1 and 5"),
                    format!("技能 `{s}` 的级别 {level} 不在 1 到 5 之间"),
                );
            }
            for absence in a.absences.iter().filter(|x| x.to.is_some_and(|to| to <= x.from)) {
                let from = absence.from.to_rfc3339();
                say(
                    "empty-absence",
                    "absences",
                    format!("the absence from {from} ends before it begins"),
                    format!("自 {from} 起的缺勤在开始前就结束"),
                );
            }
        }
        let person = |who: &AgentId, place, what: String, found: &mut Diagnostics| {
            if !ids.contains(&who.as_str()) {
                found.push(
                    Diagnostic::error("unknown-name", text(format!("{what}: no agent `{who}`"), format!("{what}：没有坐席 `{who}`")))
                        .at(place)
                        .maybe_help(did_you_mean(who.as_str(), &ids)),
                );
            }
        };
        for (group, staff) in &self.groups {
            let places = self.places.groups.get(group).unwrap_or(&self.places.top);
            if !schema.groups.contains_key(group) {
                found.push(
                    Diagnostic::error("unknown-name", text(format!("no group `{group}`"), format!("没有处理组 `{group}`")))
                        .at(places.at(""))
                        .maybe_help(did_you_mean(group.as_str(), schema.groups.keys())),
                );
            }
            for (key, who) in staff
                .lead
                .iter()
                .map(|l| ("lead", l))
                .chain(staff.manager.iter().map(|m| ("manager", m)))
                .chain(staff.on_call.iter().map(|o| ("on_call", o)))
            {
                person(who, places.at(key), format!("{group}.{key}"), &mut found);
            }
        }
        for m in &self.managers {
            person(m, self.places.top.at("managers"), "managers".into(), &mut found);
        }
        found.sort();
        let roster = (!found.has_errors()).then(|| Roster::new(self));
        (roster, found)
    }
}

/// The compiled roster: immutable, shared, looked things up in.
///
/// ```
/// use ticketry::routing::{Agent, Roster, RosterDefinition};
/// use ticketry::ticket::Actor;
/// let d = RosterDefinition::default().agent(Agent::new("li")).manager("li");
/// let (roster, problems) = d.build(&Default::default());
/// assert!(problems.is_empty());
/// let roster: Roster = roster.unwrap();
/// assert_eq!(roster.roles(&Actor::agent("li"))[0], "agent");
/// assert!(roster.roles(&Actor::agent("stranger")).is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Roster {
    /// In order of id.
    agents: Vec<Agent>,
    /// Roles of each, with the built-in word.
    roles: Vec<Vec<RoleName>>,
    /// Of each who has roles in a group: those and all others.
    in_groups: BTreeMap<(usize, GroupId), Vec<RoleName>>,
    members: BTreeMap<GroupId, Vec<usize>>,
    staff: BTreeMap<GroupId, Staff>,
    managers: Vec<AgentId>,
    words: [Vec<RoleName>; 4],
}

impl Roster {
    fn new(d: RosterDefinition) -> Self {
        let mut agents = d.agents;
        agents.sort_by(|a, b| a.id.cmp(&b.id));
        let mut members: BTreeMap<GroupId, Vec<usize>> = BTreeMap::new();
        for (i, a) in agents.iter().enumerate() {
            for g in &a.groups {
                members.entry(g.clone()).or_default().push(i);
            }
        }
        let roles = agents.iter().map(|a| std::iter::once(RoleName::new("agent")).chain(a.roles.iter().cloned()).collect()).collect();
        let of_all: &Vec<Vec<RoleName>> = &roles;
        let mut in_groups = BTreeMap::new();
        for (i, a) in agents.iter().enumerate() {
            for (g, more) in &a.group_roles {
                let own = of_all.get(i).map(Vec::as_slice).unwrap_or_default();
                let all = own.iter().chain(more.iter().filter(|r| !own.contains(r))).cloned().collect();
                in_groups.insert((i, g.clone()), all);
            }
        }
        let words = ["requester", "vendor", "integration", "system"].map(|w| vec![RoleName::new(w)]);
        Self { agents, roles, in_groups, members, staff: d.groups, managers: d.managers, words }
    }
    /// Nobody.
    pub fn empty() -> Self {
        Self::new(RosterDefinition::default())
    }
    fn index(&self, id: &AgentId) -> Option<usize> {
        self.agents.binary_search_by(|a| a.id.cmp(id)).ok()
    }
    /// An agent.
    pub fn agent(&self, id: &AgentId) -> Option<&Agent> {
        self.agents.get(self.index(id)?)
    }
    /// How many agents.
    pub fn len(&self) -> usize {
        self.agents.len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.agents.is_empty()
    }
    /// All agents in order of id.
    pub fn agents(&self) -> impl Iterator<Item = &Agent> {
        self.agents.iter()
    }
    /// The agents of a group in order of id.
    pub fn members(&self, group: &GroupId) -> impl Iterator<Item = &Agent> {
        self.members.get(group).into_iter().flatten().filter_map(|i| self.agents.get(*i))
    }
    /// The roles of an actor: the built-in word (`agent`, `requester`, `vendor`, `integration`, `system`) and an agent's own. Someone who says to be
    /// an agent but is not in the roster has none.
    pub fn roles(&self, actor: &Actor) -> &[RoleName] {
        let word = match actor {
            Actor::Agent(id) => return self.index(id).and_then(|i| self.roles.get(i)).map_or(&[], Vec::as_slice),
            Actor::Requester(_) => 0,
            Actor::Vendor(_) => 1,
            Actor::Integration(_) => 2,
            Actor::System => 3,
        };
        self.words.get(word).map_or(&[], Vec::as_slice)
    }
    /// The roles of an actor for a ticket of a group: those of [`Roster::roles`] and what they are in that group alone.
    ///
    /// ```
    /// use ticketry::routing::{Agent, RosterDefinition};
    /// use ticketry::{id::GroupId, ticket::{Actor, GroupDefinition, Schema}};
    /// let mut schema = Schema::default();
    /// schema.roles.insert("lead".into(), ticketry::diagnostic::text("Lead", "组长"));
    /// schema.groups.insert("a".into(), GroupDefinition { label: ticketry::diagnostic::text("A", "A"), calendar: None });
    /// let roster = RosterDefinition::default().agent(Agent::new("li").role_in("a", "lead")).build(&schema).0.unwrap();
    /// let li = Actor::agent("li");
    /// assert!(roster.roles_in(&li, Some(&GroupId::new("a"))).contains(&"lead".into()));
    /// assert!(!roster.roles_in(&li, Some(&GroupId::new("b"))).contains(&"lead".into()));
    /// ```
    pub fn roles_in(&self, actor: &Actor, group: Option<&GroupId>) -> &[RoleName] {
        if let (Actor::Agent(id), Some(group)) = (actor, group)
            && !self.in_groups.is_empty()
            && let Some(i) = self.index(id)
            && let Some(roles) = self.in_groups.get(&(i, group.clone()))
        {
            return roles;
        }
        self.roles(actor)
    }
    /// Whether an agent works in a group.
    pub fn in_group(&self, agent: &AgentId, group: &GroupId) -> bool {
        self.agent(agent).is_some_and(|a| a.groups.contains(group))
    }
    /// Whether an agent is away; one who is not in the roster is.
    pub fn absent(&self, agent: &AgentId, now: UtcInstant) -> bool {
        self.agent(agent).is_none_or(|a| a.absence(now).is_some())
    }
    /// The lead of a group (S64).
    pub fn lead(&self, group: &GroupId) -> Option<&AgentId> {
        self.staff.get(group)?.lead.as_ref()
    }
    /// The manager above a group's lead: the group's own, else the desk's first.
    pub fn manager(&self, group: Option<&GroupId>) -> Option<&AgentId> {
        group.and_then(|g| self.staff.get(g)).and_then(|s| s.manager.as_ref()).or_else(|| self.managers.first())
    }
    /// The desk's managers.
    pub fn managers(&self) -> &[AgentId] {
        &self.managers
    }
    /// Who is on call 值班 for a group and not away: the group's own list in its order, else its members who are flagged.
    pub fn on_call(&self, group: &GroupId, now: UtcInstant) -> Vec<AgentId> {
        let listed = self.staff.get(group).map(|s| s.on_call.as_slice()).unwrap_or_default();
        if listed.is_empty() {
            return self.members(group).filter(|a| a.on_call && a.absence(now).is_none()).map(|a| a.id.clone()).collect();
        }
        listed.iter().filter(|a| !self.absent(a, now)).cloned().collect()
    }
    /// The first one available along the chain of stand-ins 代理人, neither away nor the agent itself.
    pub fn stand_in(&self, agent: &AgentId, now: UtcInstant) -> Option<&AgentId> {
        let mut at = self.agent(agent)?;
        // A chain of stand-ins may run in a circle.
        for _ in 0..self.agents.len().min(16) {
            at = self.agent(at.backup.as_ref()?)?;
            if at.id == *agent {
                return None;
            }
            if at.absence(now).is_none() {
                return Some(&at.id);
            }
        }
        None
    }
    /// The agents a recipient word means for a ticket, each once; the requester is no agent, so it means nobody here. Empty where the roster knows
    /// none: the next escalation level then acts (S50).
    pub fn recipients(&self, to: &Recipient, ticket: &Ticket, now: UtcInstant) -> Vec<AgentId> {
        let group = ticket.group.as_ref();
        let one = |a: Option<&AgentId>| a.cloned().into_iter().collect();
        match to {
            Recipient::Requester => Vec::new(),
            Recipient::Assignee => one(ticket.assignee.as_ref()),
            Recipient::Owner => one(ticket.owner.as_ref()),
            Recipient::Lead => one(group.and_then(|g| self.lead(g))),
            Recipient::Manager => one(self.manager(group)),
            Recipient::OnCall => group.map(|g| self.on_call(g, now)).unwrap_or_default(),
            Recipient::Watchers => ticket.watchers.iter().cloned().collect(),
            Recipient::Group(g) => self.members(g).map(|a| a.id.clone()).collect(),
            Recipient::Agent(a) => one(self.agent(a).map(|a| &a.id)),
        }
    }
}
