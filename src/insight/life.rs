//! One ticket's life as a sequence: who wrote to whom, where the ticket went, what happened by itself.

use super::draw::{described, length};
use crate::diagnostic::{Lang, Text, text};
use crate::id::*;
use crate::playbook::Playbook;
use crate::ticket::{Actor, ApprovalChange, Audience, Author, Cause, Entry, Event, KinEvent, MessageKind, TaskChange, TaskId};
use crate::workflow::{Workflow, called};
use chrono::TimeDelta;
use serde::Serialize;
use std::collections::BTreeMap;

/// Who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// The requester.
    Requester,
    /// The assignee, or the group while nobody is assigned.
    Desk,
    /// A vendor.
    Vendor,
    /// What goes by itself: rules, timers, clocks, other programs.
    System,
}

impl Lane {
    /// All, from left to right.
    pub const ALL: [Self; 4] = [Self::Requester, Self::Desk, Self::Vendor, Self::System];
    /// What people read.
    pub fn label(self) -> Text {
        match self {
            Self::Requester => text("requester", "请求人"),
            Self::Desk => text("assignee or group", "受理人/处理组"),
            Self::Vendor => text("third party", "第三方"),
            Self::System => text("system", "系统"),
        }
    }
    fn of(actor: &Actor) -> Self {
        match actor {
            Actor::Agent(_) => Self::Desk,
            Actor::Requester(_) => Self::Requester,
            Actor::Vendor(_) => Self::Vendor,
            Actor::Integration(_) | Actor::System => Self::System,
        }
    }
}

/// What kind of step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LifeKind {
    /// From one to another, or among one's own: a message, a hand-off, a note.
    Said,
    /// The ticket came to a state.
    State {
        /// Which.
        state: StateName,
        /// Its label.
        label: Text,
        /// Its colour: one of [`crate::workflow::COLOURS`] or `#rrggbb`.
        colour: String,
    },
    /// A promise was broken.
    Breached,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LifeStep {
    /// When.
    #[serde(with = "serde_instant")]
    pub at: UtcInstant,
    /// From whom.
    pub from: Lane,
    /// To whom; the same: among themselves.
    pub to: Lane,
    /// What kind.
    pub kind: LifeKind,
    /// In words. Never what a message said.
    pub what: Text,
}

/// A ticket's life, in order of time: messages, states, hands it went through, tasks, approvals, merges and other tickets, broken promises. What rules and clocks did besides is told by [`crate::engine::explain`].
///
/// ```
/// use ticketry::{diagnostic::Lang, harness::Stage, engine::What, insight::Life, playbook::Playbook, routing::{Agent, RosterDefinition}, ticket::Actor};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let stage = Stage::open(Playbook::starter()?, RosterDefinition::default().agent(Agent::new("li").group("support")))?;
/// let ticket = stage.create(stage.new_ticket("the printer is on fire"))?;
/// stage.act(Actor::agent("li"), &ticket, What::transition("start"))?;
/// let life = Life::of(&stage.journal(ticket.id)?, &stage.desk().playbook());
/// assert!(life.mermaid(Lang::En).starts_with("sequenceDiagram\n"));
/// assert_eq!(life.number, ticket.number);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Life {
    /// The ticket's number.
    pub number: u64,
    /// The time zone of the playbook's default calendar, in which a picture shows the instants: an IANA name; empty: UTC.
    pub zone: String,
    /// The steps.
    pub steps: Vec<LifeStep>,
}

impl Life {
    /// The life that a journal tells, with the words of a playbook; of states that it does not have, the names.
    pub fn of<'e>(journal: impl IntoIterator<Item = &'e Entry>, playbook: &Playbook) -> Self {
        let mut teller = Teller {
            playbook,
            workflow: None,
            titles: BTreeMap::new(),
            life: Self { zone: playbook.calendars().default_calendar().time_zone().into(), ..Self::default() },
        };
        for entry in journal {
            let actor = Lane::of(&entry.actor);
            for (at, _, caused) in entry.happened() {
                let by = if caused.cause == Cause::Command { actor } else { Lane::System };
                teller.tell(at, by, &caused.event);
            }
        }
        teller.life
    }

    /// Who takes part, from left to right; the requester and the desk always do.
    pub fn lanes(&self) -> Vec<Lane> {
        let there = |l: &Lane| matches!(l, Lane::Requester | Lane::Desk) || self.steps.iter().any(|s| s.from == *l || s.to == *l);
        Lane::ALL.into_iter().filter(there).collect()
    }
    /// How long before a step nothing was told, where it was long enough to say so: an hour.
    pub(super) fn pause(&self, step: usize) -> Option<Text> {
        let before = self.steps.get(step.checked_sub(1)?)?.at;
        let gap = self.steps.get(step)?.at.signed_duration_since(before);
        (gap >= TimeDelta::hours(1)).then(|| length(gap))
    }

    /// As SVG: a lane for everybody who takes part, time downwards, in the zone that is named above the times.
    #[cfg(feature = "svg")]
    pub fn svg(&self, lang: Lang) -> String {
        super::draw::life(self, lang)
    }

    /// As a sequence diagram of Mermaid.
    pub fn mermaid(&self, lang: Lang) -> String {
        let mut out = String::from("sequenceDiagram\n");
        let id = |l: Lane| match l {
            Lane::Requester => "R",
            Lane::Desk => "D",
            Lane::Vendor => "V",
            Lane::System => "S",
        };
        let lanes = self.lanes();
        for l in &lanes {
            out.push_str(&format!("  participant {} as {}\n", id(*l), described(l.label().get(lang))));
        }
        let across = lanes.last().map_or("D", |l| id(*l));
        for (i, s) in self.steps.iter().enumerate() {
            if let Some(gap) = self.pause(i) {
                let later = text(format!("{} later", gap.en), format!("{} 后", gap.zh));
                out.push_str(&format!("  Note over R,{across}: {}\n", described(later.get(lang))));
            }
            let what = described(s.what.get(lang));
            match &s.kind {
                LifeKind::State { label, .. } => {
                    out.push_str(&format!("  {}->>{}: {what} → {}\n", id(s.from), id(s.to), described(label.get(lang))));
                }
                LifeKind::Said | LifeKind::Breached => {
                    let arrow = if s.from == Lane::System { "-->>" } else { "->>" };
                    out.push_str(&format!("  {}{arrow}{}: {what}\n", id(s.from), id(s.to)));
                }
            }
        }
        out
    }
}

/// What is known while a life is told.
struct Teller<'p> {
    playbook: &'p Playbook,
    workflow: Option<&'p Workflow>,
    /// What the tasks are called.
    titles: BTreeMap<TaskId, Text>,
    life: Life,
}

impl Teller<'_> {
    fn said(&mut self, at: UtcInstant, from: Lane, to: Lane, what: Text) {
        self.life.steps.push(LifeStep { at, from, to, kind: LifeKind::Said, what });
    }
    fn came(&mut self, at: UtcInstant, by: Lane, state: &StateName, what: Text) {
        let known = self.workflow.and_then(|w| w.state(state));
        let label = known.map_or_else(|| text(state.as_str(), state.as_str()), |s| s.label.clone());
        let colour = known.map_or_else(|| "grey".into(), |s| s.colour.clone());
        self.life.steps.push(LifeStep { at, from: by, to: by, kind: LifeKind::State { state: state.clone(), label, colour }, what });
    }
    fn tell(&mut self, at: UtcInstant, by: Lane, event: &Event) {
        match event {
            Event::Created(o) => {
                self.workflow = self.playbook.workflow(&o.workflow);
                self.life.number = o.number;
                self.said(at, Lane::Requester, Lane::Desk, text("asks for help", "提交工单"));
                self.came(at, Lane::System, &o.stay.state, text("begins", "创建"));
            }
            Event::Migrated(m) => {
                self.workflow = self.playbook.workflow(&m.after.workflow);
                self.came(at, by, &m.after.stay.state, text("migrated", "迁移"));
            }
            Event::Moved { transition, stay, internal, .. } => {
                let label = transition.as_ref().map_or_else(|| text("moved", "移动"), |t| called(self.workflow, t));
                if *internal {
                    self.said(at, by, by, label);
                } else {
                    self.came(at, by, &stay.state, label);
                }
            }
            Event::ClockBreached { clock } => {
                let known = self.playbook.agreements().metric(&clock.metric).map(|m| m.label.clone());
                let metric = known.unwrap_or_else(|| text(clock.metric.as_str(), clock.metric.as_str()));
                let what = text(format!("{} breached", metric.en), format!("{} 超时", metric.zh));
                self.life.steps.push(LifeStep { at, from: Lane::System, to: Lane::Desk, kind: LifeKind::Breached, what });
            }
            Event::MessageAdded(m) => {
                let from = match m.author {
                    Author::Requester => Lane::Requester,
                    Author::Agent => Lane::Desk,
                    Author::Vendor => Lane::Vendor,
                    Author::System => Lane::System,
                };
                let to = match m.audience {
                    Audience::Internal => Lane::Desk,
                    Audience::Vendor if from != Lane::Vendor => Lane::Vendor,
                    Audience::Requester if from != Lane::Requester => Lane::Requester,
                    Audience::Requester | Audience::Vendor => Lane::Desk,
                };
                let what = match (m.kind, m.automatic) {
                    (MessageKind::Note, _) => text("note", "内部备注"),
                    (MessageKind::Call, _) => text("call", "通话"),
                    (MessageKind::Reply, true) => text("automatic message", "自动消息"),
                    (MessageKind::Reply, false) => text("message", "消息"),
                };
                self.said(at, from, to, what);
            }
            Event::Queued { group, handoff, .. } => {
                let Text { en, zh } = self.playbook.schema().group_label(group);
                let what = if *handoff {
                    text(format!("handed off to {en}"), format!("转派至 {zh}"))
                } else {
                    text(format!("queued for {en}"), format!("进入 {zh} 队列"))
                };
                self.said(at, by, Lane::Desk, what);
            }
            Event::Assigned { agent, .. } => {
                self.said(at, by, Lane::Desk, text(format!("assigned to {agent}"), format!("分派给 {agent}")));
            }
            Event::Released { agent, .. } => self.said(at, by, Lane::Desk, text(format!("{agent} released it"), format!("{agent} 退回"))),
            Event::Reopened { .. } => self.said(at, by, Lane::Desk, text("reopened", "重开")),
            Event::RatingRequested { .. } => self.said(at, Lane::System, Lane::Requester, text("asks for a rating", "请求评价")),
            Event::Rated { stars, .. } => {
                self.said(at, Lane::Requester, Lane::Desk, text(format!("rates {stars} of 5"), format!("评分 {stars}/5")));
            }
            Event::Task(t) => {
                match &t.what {
                    TaskChange::Added(task) => {
                        self.titles.insert(t.task, task.title.clone());
                    }
                    TaskChange::Done { .. } | TaskChange::Retried { .. } | TaskChange::Cancelled { .. } | TaskChange::Reopened { .. } => {}
                    // What is ticked off, noted and passed on within a task is its own life.
                    _ => return,
                }
                self.said(at, by, Lane::Desk, t.told(self.titles.get(&t.task)));
            }
            Event::Approval(a) if !matches!(a.what, ApprovalChange::Used) => {
                let known = self.workflow.and_then(|w| w.approval(&a.name));
                self.said(at, by, Lane::Desk, a.told(known.map(|k| k.definition.title()).as_ref()));
            }
            Event::Kin(k) => match &**k {
                KinEvent::Unmerged { back, .. } => self.came(at, by, &back.stay.state, k.told()),
                k => self.said(at, by, Lane::Desk, k.told()),
            },
            Event::LimitPassed => self.said(at, Lane::System, Lane::Desk, text("the state's time limit passed", "状态时限已过")),
            _ => {}
        }
    }
}
