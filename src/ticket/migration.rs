//! A migration 迁移: a ticket goes on in another workflow version, or in another workflow (S10, S11, S89).

use super::*;

/// Where a ticket stands, as far as a migration may move it: what it was before and what it is after, so that undoing one is the same fact the other way round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The type.
    pub kind: TypeName,
    /// The workflow and its version.
    pub workflow: WorkflowRef,
    /// The state, its class, whom it waits on, the limit and the timers of the stay; timers of clocks are not among them.
    pub stay: Stay,
    /// Since when it is in the state: a migration is no arrival, so this stays.
    #[serde(with = "serde_instant")]
    pub since: UtcInstant,
    /// The limit has passed.
    pub limit_passed: bool,
    /// When work started.
    #[serde(with = "serde_instant_opt")]
    pub started_at: Option<UtcInstant>,
    /// When it was resolved.
    #[serde(with = "serde_instant_opt")]
    pub resolved_at: Option<UtcInstant>,
    /// The oldest message of the requester nobody has answered.
    pub unanswered: Option<MessageRef>,
    /// Category.
    pub category: Option<Sourced<CategoryPath>>,
    /// Impact.
    pub impact: Option<Sourced<LevelName>>,
    /// Urgency.
    pub urgency: Option<Sourced<LevelName>>,
    /// Priority.
    pub priority: Option<Sourced<LevelName>>,
    /// Group.
    pub group: Option<GroupId>,
    /// Skills its place in the queue asks for.
    pub skills: BTreeMap<SkillName, u8>,
    /// Custom fields, only those the migration changes.
    pub fields: BTreeMap<FieldName, Option<Sourced<Value>>>,
    /// The ticked items of the state's checklist.
    pub ticked: BTreeSet<u16>,
}

/// What a migration did to a ticket, or its undoing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migrated {
    /// The migration's name; empty where one ticket changed its type by hand.
    pub migration: String,
    /// Its digest.
    pub digest: Digest,
    /// It is undone by this.
    pub back: bool,
    /// Before.
    pub before: Standing,
    /// After.
    pub after: Standing,
}

impl Migrated {
    /// The fact that undoes it.
    #[must_use]
    pub fn undone(&self) -> Self {
        Self { back: !self.back, before: self.after.clone(), after: self.before.clone(), ..self.clone() }
    }
    /// Whether it changes what clocks go by: the class, or whom the ticket waits on.
    pub fn concerns_clocks(&self) -> bool {
        (self.before.stay.class, self.before.stay.waits_on) != (self.after.stay.class, self.after.stay.waits_on)
    }
    /// Whether a ticket stands where this left it: in the same stay of the same workflow.
    pub fn left(&self, ticket: &Ticket) -> bool {
        let there = (&self.after.kind, &self.after.workflow, &self.after.stay.state, self.after.since);
        there == (&ticket.kind, &ticket.workflow, &ticket.state, ticket.state_since)
    }
}

impl Ticket {
    /// Where it stands, with the values of those custom fields.
    pub fn standing<'f>(&self, fields: impl IntoIterator<Item = &'f FieldName>) -> Standing {
        Standing {
            kind: self.kind.clone(),
            workflow: self.workflow.clone(),
            stay: Stay {
                state: self.state.clone(),
                class: self.class,
                waits_on: self.waits_on,
                limit: self.limit,
                timers: self.timers.iter().filter(|t| t.kind.due_of().is_none()).cloned().collect(),
            },
            since: self.state_since,
            limit_passed: self.limit_passed,
            started_at: self.started_at,
            resolved_at: self.resolved_at,
            unanswered: self.conversation.oldest_unanswered,
            category: self.category.clone(),
            impact: self.impact.clone(),
            urgency: self.urgency.clone(),
            priority: self.priority.clone(),
            group: self.group.clone(),
            skills: self.queue.as_ref().map(|q| q.skills.clone()).unwrap_or_default(),
            ticked: self.progress.ticked.clone(),
            fields: fields.into_iter().map(|f| (f.clone(), self.fields.get(f).cloned())).collect(),
        }
    }

    pub(super) fn stand(&mut self, s: &Standing) {
        self.kind = s.kind.clone();
        self.workflow = s.workflow.clone();
        self.state = s.stay.state.clone();
        self.class = s.stay.class;
        self.waits_on = s.stay.waits_on;
        self.state_since = s.since;
        self.limit = s.stay.limit;
        self.limit_passed = s.limit_passed;
        self.progress.ticked.clone_from(&s.ticked);
        self.timers.retain(|t| t.kind.due_of().is_some());
        self.timers.extend(s.stay.timers.iter().cloned());
        self.timers.sort();
        self.started_at = s.started_at;
        self.resolved_at = s.resolved_at;
        self.conversation.oldest_unanswered = s.unanswered;
        self.category.clone_from(&s.category);
        self.impact.clone_from(&s.impact);
        self.urgency.clone_from(&s.urgency);
        self.priority.clone_from(&s.priority);
        self.group.clone_from(&s.group);
        if let Some(q) = &mut self.queue {
            q.skills.clone_from(&s.skills);
        }
        for (name, value) in &s.fields {
            match value {
                Some(v) => {
                    self.fields.insert(name.clone(), v.clone());
                }
                None => {
                    self.fields.remove(name);
                }
            }
        }
    }
}
