//! Approvals 审批: what can be written, and what an approval means for the states it protects (S12).

use super::compiled::Workflow;
use super::judge::Blocker;
use crate::calendar::Span;
use crate::condition::{Condition, Form, View};
use crate::diagnostic::{Lang, Place, Text, text};
use crate::id::*;
use crate::ticket::{Approval, ApprovalState, Attribute, Exclusion, OnExpiry, Quorum, Ticket};
use serde::{Deserialize, Serialize};

/// Who is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approver {
    /// The lead of the ticket's group.
    Lead,
    /// The manager above the lead.
    Manager,
    /// Every agent with this role, for tickets of the ticket's group.
    Role(RoleName),
    /// Every agent of a group.
    Group(GroupId),
    /// One agent.
    Agent(AgentId),
}

impl Approver {
    /// The words [`Approver::parse`] takes, for suggestions.
    pub const WORDS: [&'static str; 5] = ["lead", "manager", "role:NAME", "group:NAME", "agent:NAME"];
    /// `lead`, `manager`, `role:NAME`, `group:NAME` or `agent:NAME`.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "lead" => Self::Lead,
            "manager" => Self::Manager,
            _ => match word.split_once(':') {
                Some(("role", r)) if !r.is_empty() => Self::Role(RoleName::new(r)),
                Some(("group", g)) if !g.is_empty() => Self::Group(GroupId::new(g)),
                Some(("agent", a)) if !a.is_empty() => Self::Agent(AgentId::new(a)),
                _ => return None,
            },
        })
    }
    /// It is one person at most.
    pub(super) fn is_one(&self) -> bool {
        matches!(self, Self::Lead | Self::Manager | Self::Agent(_))
    }
}

/// A stage of an approval before it is checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageDefinition {
    /// Who is asked.
    pub approvers: Vec<Approver>,
    /// How many of them must approve.
    pub quorum: Quorum,
    /// How long it may take (S79); none: for ever. Who leaves the roster meanwhile is still waited for, since a round is what it was when it was asked for: withdraw it and ask again.
    #[serde(default)]
    pub within: Option<Span>,
    /// What becomes of it then.
    #[serde(default)]
    pub on_expiry: OnExpiry,
    /// Who is asked instead where it escalates; none named: the group's lead.
    #[serde(default)]
    pub escalate_to: Vec<Approver>,
}

impl StageDefinition {
    /// A stage in which so many of these must approve.
    pub fn new(approvers: impl IntoIterator<Item = Approver>, quorum: Quorum) -> Self {
        Self { approvers: approvers.into_iter().collect(), quorum, within: None, on_expiry: OnExpiry::Decline, escalate_to: Vec::new() }
    }
    /// With a time it may take, and what becomes of it then.
    #[must_use]
    pub fn within(mut self, span: Span, on_expiry: OnExpiry) -> Self {
        self.within = Some(span);
        self.on_expiry = on_expiry;
        self
    }
    /// Who is asked instead where its time ran out.
    pub fn escalates_to(&self) -> &[Approver] {
        if self.escalate_to.is_empty() { &[Approver::Lead] } else { &self.escalate_to }
    }
}

/// An approval before it is checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalDefinition {
    /// Its name.
    pub name: ApprovalName,
    /// What people read.
    #[serde(default)]
    pub label: Option<Text>,
    /// Its stages, one after the other.
    pub stages: Vec<StageDefinition>,
    /// Who may not vote.
    #[serde(default)]
    pub exclude: Vec<Exclusion>,
    /// What it covers: a change of any of it voids the votes and opens a new round.
    #[serde(default)]
    pub covers: Vec<Attribute>,
    /// The states nobody and nothing enters without it. It is judged when a ticket enters one: what changes while the ticket is there, what it covers among it, throws it out of none. Who may change
    /// that there is said by `strict` of the state or by `write` of the field.
    #[serde(default)]
    pub protects: Vec<StateName>,
    /// It is needed only where this holds.
    #[serde(default)]
    pub when: Option<Form>,
    /// The transition taken when it is granted.
    #[serde(default)]
    pub granted: Option<TransitionName>,
    /// The transition taken when it is declined.
    #[serde(default)]
    pub declined: Option<TransitionName>,
    /// Who may go past it, saying why; none: nobody.
    #[serde(default, rename = "override")]
    pub override_by: Vec<RoleName>,
    /// The calendar of its spans, if not the group's (S79).
    #[serde(default)]
    pub calendar: Option<CalendarName>,
    /// What those asked are told from.
    #[serde(default)]
    pub notify: Option<TemplateName>,
}

impl ApprovalDefinition {
    /// An approval of this name that has no stage yet.
    ///
    /// ```
    /// use ticketry::ticket::{Exclusion, Quorum};
    /// use ticketry::workflow::{ApprovalDefinition, Approver, StageDefinition};
    /// let mut spend = ApprovalDefinition::new("spend")
    ///     .stage(StageDefinition::new([Approver::Lead], Quorum::Any))
    ///     .protects(["ordered"]);
    /// spend.exclude.push(Exclusion::Requester);
    /// assert_eq!(spend.stages.len(), 1);
    /// ```
    pub fn new(name: impl Into<ApprovalName>) -> Self {
        Self {
            name: name.into(),
            label: None,
            stages: Vec::new(),
            exclude: Vec::new(),
            covers: Vec::new(),
            protects: Vec::new(),
            when: None,
            granted: None,
            declined: None,
            override_by: Vec::new(),
            calendar: None,
            notify: None,
        }
    }
    /// With a label.
    #[must_use]
    pub fn label(mut self, en: &str, zh: &str) -> Self {
        self.label = Some(text(en, zh));
        self
    }
    /// With a further stage.
    #[must_use]
    pub fn stage(mut self, stage: StageDefinition) -> Self {
        self.stages.push(stage);
        self
    }
    /// With states nobody and nothing enters without it.
    #[must_use]
    pub fn protects<S: Into<StateName>>(mut self, states: impl IntoIterator<Item = S>) -> Self {
        self.protects.extend(states.into_iter().map(Into::into));
        self
    }
    /// Covering these.
    #[must_use]
    pub fn covers(mut self, attributes: impl IntoIterator<Item = Attribute>) -> Self {
        self.covers.extend(attributes);
        self
    }
    /// Needed only where this holds.
    #[must_use]
    pub fn when(mut self, when: Form) -> Self {
        self.when = Some(when);
        self
    }
    /// What people read.
    pub fn title(&self) -> Text {
        self.label.clone().unwrap_or_else(|| text(self.name.as_str(), self.name.as_str()))
    }
    /// None of its stages decides anything: those asked are told, and nothing is held up.
    pub fn informs(&self) -> bool {
        self.stages.iter().all(|s| s.quorum.informs())
    }
}

/// An approval of a compiled workflow.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApprovalRule {
    /// As declared.
    pub definition: ApprovalDefinition,
    /// It is needed only where this holds.
    pub when: Option<Condition>,
    /// Where each stage's approvers are written.
    #[cfg_attr(not(feature = "rhai"), allow(dead_code, reason = "only the check of people asks"))]
    pub(crate) places: Vec<Vec<Place>>,
}

impl ApprovalRule {
    /// Whether the ticket in view needs it. A condition that fails is no reason to go without.
    pub fn needed(&self, view: &View<'_>) -> bool {
        self.when.as_ref().is_none_or(|c| c.holds(view).unwrap_or(true))
    }
    /// Whether it is granted, or somebody went past it by right, and that still counts.
    pub fn passed(&self, ticket: &Ticket) -> bool {
        ticket.granted_approvals().any(|a| a.name == self.definition.name)
    }
}

impl Workflow {
    /// An approval.
    pub fn approval(&self, name: &ApprovalName) -> Option<&ApprovalRule> {
        self.approvals.iter().find(|a| a.definition.name == *name)
    }
    /// All approvals, in the order declared.
    pub fn approvals(&self) -> &[ApprovalRule] {
        &self.approvals
    }
    /// The approvals that protect a state.
    pub fn protecting(&self, state: &StateName) -> impl Iterator<Item = &ApprovalRule> {
        self.approvals.iter().filter(move |a| a.definition.protects.contains(state))
    }

    /// What stands against the ticket in view entering a state: approvals that protect it, are needed, and were neither granted nor gone past by right. The one place that says so, whoever
    /// or whatever moves the ticket.
    pub fn unapproved(&self, state: &StateName, view: &View<'_>) -> Vec<Blocker> {
        let mut out = Vec::new();
        for a in self.protecting(state) {
            if !a.definition.informs() && !a.passed(view.ticket) && a.needed(view) {
                out.push(Blocker::new("approval-missing", missing(&a.definition, view)));
            }
        }
        out
    }
}

/// What an approval still wants, in words.
fn missing(d: &ApprovalDefinition, view: &View<'_>) -> Text {
    let (name, title) = (&d.name, d.title());
    let round = view.ticket.approval(name.as_str());
    let why = match round {
        // Who of the desk is asked is not for outsiders (S68).
        Some(a) if a.is_open() && super::judge::is_outside(view.actor) => text("it is being decided", "正在审批"),
        Some(a) if a.is_open() => awaited(a),
        Some(a) => match a.state {
            ApprovalState::Declined => text("it was declined", "已被驳回"),
            ApprovalState::Withdrawn => text("it was withdrawn", "已撤回"),
            ApprovalState::Voided => text("what it covers has changed since", "所涵盖内容已变更"),
            _ => text("it was for an earlier time; ask again", "上次审批已失效，请重新发起"),
        },
        None => text("nobody has asked for it yet", "尚未发起"),
    };
    text(
        format!("the approval `{name}` ({}) is needed: {}", title.get(Lang::En), why.en),
        format!("需要审批 `{name}`（{}）：{}", title.get(Lang::Zh), why.zh),
    )
}

/// What an open round waits for.
fn awaited(a: &Approval) -> Text {
    let asked = a.asked().take(8).map(|v| format!("`{}`", v.agent)).collect::<Vec<_>>().join(", ");
    let (have, needs) = a.present().map_or((0, 0), |s| (s.approvals(), s.needs()));
    text(format!("{have} of {needs} have approved; asked are {asked}"), format!("已同意 {have}/{needs}；待投票：{asked}"))
}
