//! What the person who asked may see of a ticket (S68).
//!
//! A projection is a list of what is shown, never of what is hidden: an event that is not named here does not exist for the requester, whatever later versions add to journals.

use super::draw::responsible;
use crate::diagnostic::{Text, text};
use crate::id::*;
use crate::playbook::Playbook;
use crate::ticket::{
    Actor, Agreement, Attachment, Attribute, Audience, Author, Entry, Event, KinEvent, MessageKind, StateClass, Ticket, TimerKind, Value,
    WaitsOn,
};
use crate::workflow::Workflow;
use serde::Serialize;
use std::collections::BTreeMap;

/// What a host lets requesters see besides the rules of the playbook.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Projection {
    /// The names of agents and groups: who writes, who works on it. Otherwise it is the desk that does.
    pub names: bool,
    /// Labels for the requester instead of states' own: two states with one label are one stage to them.
    pub labels: BTreeMap<StateName, Text>,
    /// Roles of the requester, for fields that only some may read.
    pub roles: Vec<RoleName>,
}

/// A stage as the requester knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// Its label.
    pub label: Text,
    /// Its class.
    pub class: StateClass,
    /// Its colour: one of [`crate::workflow::COLOURS`] or `#rrggbb`.
    pub colour: String,
}

/// Who wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Writer {
    /// The requester.
    You,
    /// An agent, or the desk itself.
    Desk {
        /// The agent, where names are shown.
        name: Option<AgentId>,
        /// Nobody wrote it: it came from a template.
        automatic: bool,
    },
    /// A vendor.
    Vendor,
}

/// What happened, as far as the requester sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// The ticket began.
    Opened {
        /// Where it stands from now on.
        stage: Stage,
    },
    /// A message to or from them.
    Message {
        /// Who wrote it.
        from: Writer,
        /// A telephone call, as logged.
        call: bool,
        /// What it says.
        body: String,
        /// Files.
        attachments: Vec<Attachment>,
    },
    /// The ticket came to another stage.
    Stage {
        /// Which.
        stage: Stage,
    },
    /// Somebody has it now.
    Taken {
        /// Who, where names are shown.
        name: Option<AgentId>,
    },
    /// A field that they may read got another value, or none.
    Changed {
        /// The field's name.
        field: String,
        /// Its label.
        label: Text,
        /// Its value.
        value: Option<Value>,
    },
    /// It was taken up again.
    Reopened,
    /// They were asked for a rating.
    RatingAsked,
    /// They gave one.
    Rated {
        /// From 1 (worst) to 5.
        stars: u8,
    },
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// When.
    #[serde(with = "serde_instant")]
    pub at: UtcInstant,
    /// What.
    pub what: Seen,
}

/// Whose turn it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The requester's own.
    Yours,
    /// The desk's: an agent's or a group's, an approver's.
    Desk {
        /// Who is responsible (S61), in words without names; where names are shown, the agent or the group.
        party: Text,
    },
    /// A vendor's.
    Vendor,
    /// Nobody's: there is nothing left to do.
    Nobody,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Expected {
    /// Whose turn it is.
    pub whose: Whose,
    /// The stage it is expected to come to: the first transition onwards that the workflow declares; none where there is none, or none but waiting.
    pub towards: Option<Stage>,
    /// By when; never in the past (S79): none where that is not known or has passed.
    #[serde(with = "serde_instant_opt")]
    pub by: Option<UtcInstant>,
    /// It comes there by itself then, if nobody does anything: it is closed unless they answer.
    pub by_itself: bool,
}

/// A ticket as its requester sees it (S68): where it stands, what comes next, by when, and what happened. No notes, no scores, no rules, no clocks, no names unless they are shown, and no
/// field that the requester may not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequesterView {
    /// The ticket's number.
    pub number: u64,
    /// Its subject.
    pub subject: String,
    /// What they wrote.
    pub description: String,
    /// When it began.
    #[serde(with = "serde_instant")]
    pub opened_at: UtcInstant,
    /// Where it stands.
    pub stage: Stage,
    /// Since when: earlier stages with the same label count.
    #[serde(with = "serde_instant")]
    pub since: UtcInstant,
    /// When the customer's agreement promises what comes due next; never in the past.
    #[serde(with = "serde_instant_opt")]
    pub promised: Option<UtcInstant>,
    /// A promise was missed, and what it was about has not come yet.
    pub late: bool,
    /// What comes next; none once it is over.
    pub expected: Option<Expected>,
    /// Fields they may read, by name, with label and value.
    pub fields: BTreeMap<FieldName, (Text, Value)>,
    /// What happened, oldest first.
    pub timeline: Vec<Moment>,
}

impl RequesterView {
    /// The view of a journal, at an instant; none if it does not begin with a ticket.
    pub fn of(journal: &[Entry], playbook: &Playbook, projection: &Projection, now: UtcInstant) -> Option<Self> {
        let ticket = Ticket::fold(journal)?;
        let mut eyes = Eyes { playbook, projection, who: Actor::Requester(ticket.requester.clone()), workflow: None };
        let mut timeline: Vec<Moment> = Vec::new();
        for entry in journal {
            for (at, _, caused) in entry.happened() {
                let Some(what) = eyes.see(&caused.event, &entry.actor) else { continue };
                // Stages with one label are one stage.
                let same = |m: &Moment| match (&m.what, &what) {
                    (Seen::Stage { stage: a } | Seen::Opened { stage: a }, Seen::Stage { stage: b }) => Some(a.label == b.label),
                    _ => None,
                };
                if timeline.iter().rev().find_map(same) != Some(true) {
                    timeline.push(Moment { at, what });
                }
            }
        }
        let stage = eyes.stage(&ticket.state, ticket.class);
        let came = |m: &Moment| matches!(&m.what, Seen::Stage { .. } | Seen::Opened { .. }).then_some(m.at);
        let due = |c: &&crate::ticket::Clock| c.id.agreement == Agreement::Customer && c.due.is_some();
        let promises = || ticket.clocks.iter().filter(due).filter_map(|c| c.due);
        let schema = playbook.schema();
        let shown = |(name, value): (&FieldName, &crate::ticket::Sourced<Value>)| {
            let field = schema.fields.get(name).filter(|_| eyes.may_read(name))?;
            Some((name.clone(), (field.label.clone(), value.value.clone())))
        };
        Some(Self {
            number: ticket.number,
            subject: ticket.subject.to_string(),
            description: ticket.description.to_string(),
            opened_at: ticket.created_at,
            since: timeline.iter().rev().find_map(came).unwrap_or(ticket.state_since),
            promised: promises().filter(|d| *d >= now).min(),
            late: ticket
                .clocks
                .iter()
                .any(|c| c.id.agreement == Agreement::Customer && (c.breached_at.is_some() || c.due.is_some_and(|d| d < now))),
            expected: eyes.expected(&ticket, promises().min(), now),
            fields: ticket.fields.iter().filter_map(shown).collect(),
            stage,
            timeline,
        })
    }
}

/// Who looks, and through what.
struct Eyes<'p> {
    playbook: &'p Playbook,
    projection: &'p Projection,
    who: Actor,
    workflow: Option<&'p Workflow>,
}

impl Eyes<'_> {
    fn may_read(&self, field: &FieldName) -> bool {
        self.playbook.schema().may_read(field.as_str(), &self.who, &self.projection.roles)
    }

    fn stage(&self, state: &StateName, class: StateClass) -> Stage {
        let known = self.workflow.and_then(|w| w.state(state));
        let own = self.projection.labels.get(state).cloned();
        let label = own.or_else(|| known.map(|s| s.label.clone())).unwrap_or_else(|| class.label());
        let colour = known.map_or_else(|| class.colour().to_string(), |s| s.colour.clone());
        Stage { label, class, colour }
    }

    /// What of an event is shown.
    fn see(&mut self, event: &Event, actor: &Actor) -> Option<Seen> {
        let named = |agent: &AgentId| self.projection.names.then(|| agent.clone());
        Some(match event {
            Event::Created(o) => {
                self.workflow = self.playbook.workflow(&o.workflow);
                Seen::Opened { stage: self.stage(&o.stay.state, o.stay.class) }
            }
            Event::Migrated(m) => {
                self.workflow = self.playbook.workflow(&m.after.workflow);
                Seen::Stage { stage: self.stage(&m.after.stay.state, m.after.stay.class) }
            }
            // A merge that was undone: it stands where it stood.
            Event::Kin(k) => match &**k {
                KinEvent::Unmerged { back, .. } => Seen::Stage { stage: self.stage(&back.stay.state, back.stay.class) },
                _ => return None,
            },
            Event::Moved { stay, .. } => Seen::Stage { stage: self.stage(&stay.state, stay.class) },
            Event::MessageAdded(m) if m.audience == Audience::Requester && m.kind != MessageKind::Note => {
                let from = match m.author {
                    Author::Requester => Writer::You,
                    Author::Vendor => Writer::Vendor,
                    Author::Agent => Writer::Desk { name: actor.as_agent().and_then(named), automatic: m.automatic },
                    Author::System => Writer::Desk { name: None, automatic: true },
                };
                let call = m.kind == MessageKind::Call;
                Seen::Message { from, call, body: m.body.to_string(), attachments: m.attachments.clone() }
            }
            Event::Assigned { agent, .. } => Seen::Taken { name: named(agent) },
            Event::Set { attribute, value, .. } => {
                let shown = match attribute {
                    Attribute::Subject | Attribute::Description | Attribute::Category | Attribute::Organisation => true,
                    // What priority is made of invites haggling, and is none of theirs (S68: scores).
                    Attribute::Impact | Attribute::Urgency => false,
                    Attribute::Field(f) => self.may_read(f),
                };
                let definition = self.playbook.schema().attribute(attribute).filter(|_| shown)?;
                Seen::Changed { field: attribute.name().into(), label: definition.label, value: value.clone() }
            }
            Event::Reopened { .. } => Seen::Reopened,
            Event::RatingRequested { .. } => Seen::RatingAsked,
            Event::Rated { stars, .. } => Seen::Rated { stars: *stars },
            _ => return None,
        })
    }

    fn expected(&self, t: &Ticket, promised: Option<UtcInstant>, now: UtcInstant) -> Option<Expected> {
        let workflow = self.workflow?;
        let state = workflow.state(&t.state)?;
        // What happens by itself, at the earliest.
        let alone = t.timers.iter().filter_map(|timer| match &timer.kind {
            TimerKind::Transition(name) if timer.at >= now => Some((timer.at, workflow.transition(&t.state, name)?)),
            _ => None,
        });
        let alone = alone.min_by_key(|(at, _)| *at);
        let stage = |to: &StateName| workflow.state(to).map(|s| self.stage(to, s.class));
        if t.class.is_final() {
            let (at, transition) = alone?;
            let towards = stage(transition.target(&t.state));
            return Some(Expected { whose: Whose::Nobody, towards, by: Some(at), by_itself: true });
        }
        let whose = match t.waits_on {
            WaitsOn::Requester => Whose::Yours,
            WaitsOn::Vendor => Whose::Vendor,
            WaitsOn::Nobody => Whose::Nobody,
            WaitsOn::Approval | WaitsOn::Internal | WaitsOn::Parent => {
                let named = || match (&t.assignee, &t.group) {
                    (Some(agent), _) => Some(text(agent.as_str(), agent.as_str())),
                    (None, Some(group)) => self.playbook.schema().groups.get(group).map(|g| g.label.clone()),
                    (None, None) => None,
                };
                let party = if self.projection.names { named() } else { None };
                let party = party.or_else(|| state.responsible.as_ref().map(|r| responsible(self.playbook.schema(), r)));
                Whose::Desk { party: party.unwrap_or_else(|| text("support", "服务台")) }
            }
        };
        if whose == Whose::Yours
            && let Some((at, transition)) = alone
        {
            return Some(Expected { whose, towards: stage(transition.target(&t.state)), by: Some(at), by_itself: true });
        }
        // Onwards in a ticket's life, neither into another wait nor into the bin; the first that is declared.
        let onwards = workflow.leaving(&t.state).map(|l| l.target(&t.state)).find(|to| {
            let class = workflow.state(to).map(|s| s.class);
            class.is_some_and(|c| {
                matches!(c, StateClass::Open | StateClass::Resolved | StateClass::Closed)
                    && (c > t.class || matches!(t.class, StateClass::Pending | StateClass::OnHold))
            })
        });
        let limit = t.limit.filter(|_| !t.limit_passed);
        let by = [limit, promised].into_iter().flatten().filter(|at| *at >= now).min();
        Some(Expected { whose, towards: onwards.and_then(stage), by, by_itself: false })
    }
}
