//! What can be written: definitions, for serde and for building in Rust.

use super::children::ChildrenDefinition;
use super::demand::{CheckDefinition, RightDefinition};
use super::tasks::{TaskDefinition, TaskWait, TasksAtEnd};
use crate::calendar::Span;
use crate::condition::{Form, Scripts};
use crate::diagnostic::{Diagnostics, Text, text};
use crate::id::*;
use crate::ticket::{Action, Attribute, Schema, StateClass, WaitsOn};
use serde::{Deserialize, Serialize};

/// Who is responsible for a ticket in a state (S61).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Responsible {
    /// The ticket's group.
    Group,
    /// The assignee.
    Assignee,
    /// Whoever has this role.
    Role(RoleName),
    /// The requester.
    Requester,
    /// The vendor.
    Vendor,
}

impl Responsible {
    /// The words [`Responsible::parse`] takes, for suggestions.
    pub const WORDS: [&'static str; 5] = ["group", "assignee", "requester", "vendor", "role:NAME"];
    /// `group`, `assignee`, `requester`, `vendor` or `role:NAME`.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "group" => Self::Group,
            "assignee" => Self::Assignee,
            "requester" => Self::Requester,
            "vendor" => Self::Vendor,
            _ => match word.strip_prefix("role:") {
                Some(role) if !role.is_empty() => Self::Role(RoleName::new(role)),
                _ => return None,
            },
        })
    }
}
impl std::fmt::Display for Responsible {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Group => f.write_str("group"),
            Self::Assignee => f.write_str("assignee"),
            Self::Role(r) => write!(f, "role:{r}"),
            Self::Requester => f.write_str("requester"),
            Self::Vendor => f.write_str("vendor"),
        }
    }
}
impl TryFrom<String> for Responsible {
    type Error = String;
    fn try_from(word: String) -> Result<Self, String> {
        Self::parse(&word).ok_or_else(|| format!("nobody is `{word}`; write one of {}", Self::WORDS.join(", ")))
    }
}
impl From<Responsible> for String {
    fn from(r: Responsible) -> Self {
        r.to_string()
    }
}

/// A state before it is checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateDefinition {
    /// Its name.
    pub name: StateName,
    /// Its class (S83).
    pub class: StateClass,
    /// Its label; without one the name serves, with a warning.
    #[serde(default)]
    pub label: Option<Text>,
    /// Its colour, one of [`super::COLOURS`] or `#rrggbb`; the class has a default (S62).
    #[serde(default)]
    pub colour: Option<String>,
    /// Who is responsible (S61); a state that is not final must say it.
    #[serde(default)]
    pub responsible: Option<Responsible>,
    /// Whom it waits on (S77). Default: new, open and on_hold wait on ourselves, pending on the requester, a final state on nobody.
    #[serde(default)]
    pub waits_on: Option<WaitsOn>,
    /// How long a stay may last (S61).
    #[serde(default)]
    pub limit: Option<Span>,
    /// The calendar of its limit and timed transitions, if not the group's (S79).
    #[serde(default)]
    pub calendar: Option<CalendarName>,
    /// The transition a requester's message takes (S78); a state waiting on the requester must have one.
    #[serde(default)]
    pub on_requester_reply: Option<TransitionName>,
    /// Whether a ticket in it holds slots of its assignee. Default: yes for new and open (work that is waiting for the agent is work he
    /// has), no for pending, on_hold and the final classes; a final state never may.
    #[serde(default)]
    pub holds_slots: Option<bool>,
    /// The completion standard: what is to be ticked off (S61).
    #[serde(default)]
    pub checklist: Vec<Text>,
    /// For whom nothing is edited or written outside a transition: roles or [`super::ACTOR_WORDS`].
    #[serde(default)]
    pub strict: Vec<RoleName>,
    /// Tasks made when a ticket enters it, by their templates; none of which one is still open.
    #[serde(default)]
    pub tasks: Vec<TaskName>,
}

impl StateDefinition {
    /// A state of this name and class, and nothing else said.
    pub fn new(name: impl Into<StateName>, class: StateClass) -> Self {
        Self {
            name: name.into(),
            class,
            label: None,
            colour: None,
            responsible: None,
            waits_on: None,
            limit: None,
            calendar: None,
            on_requester_reply: None,
            holds_slots: None,
            checklist: Vec::new(),
            strict: Vec::new(),
            tasks: Vec::new(),
        }
    }
    /// With a label.
    #[must_use]
    pub fn label(mut self, en: &str, zh: &str) -> Self {
        self.label = Some(text(en, zh));
        self
    }
    /// With who is responsible.
    #[must_use]
    pub fn responsible(mut self, who: Responsible) -> Self {
        self.responsible = Some(who);
        self
    }
    /// Waiting on someone.
    #[must_use]
    pub fn waits_on(mut self, whom: WaitsOn) -> Self {
        self.waits_on = Some(whom);
        self
    }
    /// With a limit to a stay.
    #[must_use]
    pub fn limit(mut self, limit: Span) -> Self {
        self.limit = Some(limit);
        self
    }
    /// With a checklist.
    #[must_use]
    pub fn checklist(mut self, items: impl IntoIterator<Item = Text>) -> Self {
        self.checklist.extend(items);
        self
    }
    /// Strict for these roles.
    #[must_use]
    pub fn strict<R: Into<RoleName>>(mut self, roles: impl IntoIterator<Item = R>) -> Self {
        self.strict = roles.into_iter().map(Into::into).collect();
        self
    }
    /// With the transition a requester's message takes.
    #[must_use]
    pub fn on_requester_reply(mut self, transition: impl Into<TransitionName>) -> Self {
        self.on_requester_reply = Some(transition.into());
        self
    }
}

/// A transition before it is checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransitionDefinition {
    /// Its name. Several may have one name: from different states, or from one state as guarded alternatives, of which the first
    /// whose guard holds is taken (S6).
    pub name: TransitionName,
    /// Its label; without one the name serves, with a warning.
    #[serde(default)]
    pub label: Option<Text>,
    /// The states it leaves. `*` is every state that is not final, except the target and except states that a transition of the same
    /// name leaves by name: the named one replaces the general one (S7).
    pub from: Vec<StateName>,
    /// The state it leads to; none: it stays.
    #[serde(default)]
    pub to: Option<StateName>,
    /// A transition back to the same state leaves and enters it, so that timers begin anew (S4, S5).
    #[serde(default)]
    pub external: bool,
    /// Who may: roles of the playbook or [`super::ACTOR_WORDS`]. None: any agent, integration or the system.
    #[serde(default)]
    pub roles: Vec<RoleName>,
    /// Must hold.
    #[serde(default)]
    pub guard: Option<Form>,
    /// Must be filled.
    #[serde(default)]
    pub required: Vec<Attribute>,
    /// May be filled on the way: a form offers them too.
    #[serde(default)]
    pub optional: Vec<Attribute>,
    /// A comment must come with it.
    #[serde(default)]
    pub comment: bool,
    /// Validators: what must hold of the ticket with the values given.
    #[serde(default)]
    pub check: Vec<CheckDefinition>,
    /// The checklist of the state it leaves must be complete.
    #[serde(default)]
    pub checklist: bool,
    /// An attachment must come with it.
    #[serde(default)]
    pub attachment: bool,
    /// Resolution codes of which one must be given; none of them: no code is asked for. Left out: any declared code where it leads to a state of class
    /// resolved, if the playbook declares codes.
    #[serde(default)]
    pub resolution: Option<Vec<LevelName>>,
    /// What follows.
    #[serde(default)]
    pub after: Vec<Action>,
    /// The tasks it waits for.
    #[serde(default)]
    pub tasks: TaskWait,
}

impl TransitionDefinition {
    /// From some states (or `*`) to one.
    pub fn new<S: Into<StateName>>(name: impl Into<TransitionName>, from: impl IntoIterator<Item = S>, to: impl Into<StateName>) -> Self {
        Self { to: Some(to.into()), ..Self::staying(name, from) }
    }
    /// A transition that stays in its state.
    pub fn staying<S: Into<StateName>>(name: impl Into<TransitionName>, from: impl IntoIterator<Item = S>) -> Self {
        Self {
            name: name.into(),
            label: None,
            from: from.into_iter().map(Into::into).collect(),
            to: None,
            external: false,
            roles: Vec::new(),
            guard: None,
            required: Vec::new(),
            optional: Vec::new(),
            comment: false,
            check: Vec::new(),
            checklist: false,
            attachment: false,
            resolution: None,
            after: Vec::new(),
            tasks: TaskWait::None,
        }
    }
    /// With a label.
    #[must_use]
    pub fn label(mut self, en: &str, zh: &str) -> Self {
        self.label = Some(text(en, zh));
        self
    }
    /// For these roles only.
    #[must_use]
    pub fn roles<R: Into<RoleName>>(mut self, roles: impl IntoIterator<Item = R>) -> Self {
        self.roles = roles.into_iter().map(Into::into).collect();
        self
    }
    /// Only where this holds.
    #[must_use]
    pub fn guard(mut self, guard: Form) -> Self {
        self.guard = Some(guard);
        self
    }
    /// Only with these filled.
    #[must_use]
    pub fn required(mut self, attributes: impl IntoIterator<Item = Attribute>) -> Self {
        self.required = attributes.into_iter().collect();
        self
    }
    /// Offering these as well.
    #[must_use]
    pub fn optional(mut self, attributes: impl IntoIterator<Item = Attribute>) -> Self {
        self.optional = attributes.into_iter().collect();
        self
    }
    /// Only with a comment.
    #[must_use]
    pub fn with_comment(mut self) -> Self {
        self.comment = true;
        self
    }
    /// With what follows.
    #[must_use]
    pub fn after(mut self, actions: impl IntoIterator<Item = Action>) -> Self {
        self.after = actions.into_iter().collect();
        self
    }
}

/// A transition taken by itself after some time in a state; leaving the state cancels it (S5).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimedDefinition {
    /// In which states.
    pub from: Vec<StateName>,
    /// After how long a stay, in the kind of time it says (S79).
    pub after: Span,
    /// Which transition.
    pub transition: TransitionName,
}

/// A workflow before it is checked.
///
/// ```
/// use ticketry::condition::NoScripts;
/// use ticketry::ticket::{Schema, StateClass};
/// use ticketry::workflow::*;
/// let definition = WorkflowDefinition::new("errand", 1)
///     .initial("new")
///     .state(StateDefinition::new("new", StateClass::New).label("New", "待处理").responsible(Responsible::Group))
///     .state(StateDefinition::new("done", StateClass::Closed).label("Done", "已关闭"))
///     .transition(TransitionDefinition::new("finish", ["new"], "done").label("Finish", "完成"));
/// let (workflow, problems) = definition.compile(&Schema::default(), &NoScripts);
/// assert!(problems.is_empty());
/// assert_eq!(workflow.unwrap().initial().as_str(), "new");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkflowDefinition {
    /// Its name.
    pub name: WorkflowName,
    /// Its version, from 1; tickets pin the one they began on (S10).
    pub version: u32,
    /// States a ticket may begin in; the first is the default (S8).
    pub initial: Vec<StateName>,
    /// States, in the order people see them.
    pub states: Vec<StateDefinition>,
    /// Transitions, in the order they are offered and alternatives are tried.
    pub transitions: Vec<TransitionDefinition>,
    /// Timed transitions.
    #[serde(default)]
    pub timed: Vec<TimedDefinition>,
    /// Who may take which step (S7).
    #[serde(default)]
    pub rights: Vec<RightDefinition>,
    /// Templates of tasks.
    #[serde(default)]
    pub tasks: Vec<TaskDefinition>,
    /// What becomes of open tasks when a ticket would be resolved or closed.
    #[serde(default)]
    pub tasks_at_end: TasksAtEnd,
    /// What it says of the children of its tickets.
    #[serde(default)]
    pub children: ChildrenDefinition,
    /// The state of class cancelled in which a merged ticket ends; none: the only one.
    #[serde(default)]
    pub merged_state: Option<StateName>,
}

impl WorkflowDefinition {
    /// An empty one.
    pub fn new(name: impl Into<WorkflowName>, version: u32) -> Self {
        Self {
            name: name.into(),
            version,
            initial: Vec::new(),
            states: Vec::new(),
            transitions: Vec::new(),
            timed: Vec::new(),
            rights: Vec::new(),
            tasks: Vec::new(),
            tasks_at_end: TasksAtEnd::default(),
            children: ChildrenDefinition::default(),
            merged_state: None,
        }
    }
    /// With a state a ticket may begin in; the first is the default.
    #[must_use]
    pub fn initial(mut self, state: impl Into<StateName>) -> Self {
        self.initial.push(state.into());
        self
    }
    /// With a state.
    #[must_use]
    pub fn state(mut self, state: StateDefinition) -> Self {
        self.states.push(state);
        self
    }
    /// With a transition.
    #[must_use]
    pub fn transition(mut self, transition: TransitionDefinition) -> Self {
        self.transitions.push(transition);
        self
    }
    /// With a timed transition.
    #[must_use]
    pub fn timed(mut self, from: impl Into<StateName>, after: Span, transition: impl Into<TransitionName>) -> Self {
        self.timed.push(TimedDefinition { from: vec![from.into()], after, transition: transition.into() });
        self
    }
    /// With a right: who may take steps from a state (`*`: any) to a state (`*`: any).
    #[must_use]
    pub fn right<R: Into<RoleName>>(mut self, from: &str, to: &str, roles: impl IntoIterator<Item = R>) -> Self {
        self.rights.push(RightDefinition::new(from, to, roles));
        self
    }
    /// With a template of a task.
    #[must_use]
    pub fn task(mut self, task: TaskDefinition) -> Self {
        self.tasks.push(task);
        self
    }
    /// With what it says of the children of its tickets.
    #[must_use]
    pub fn children(mut self, children: ChildrenDefinition) -> Self {
        self.children = children;
        self
    }
    /// With the state in which a merged ticket ends.
    #[must_use]
    pub fn merged_state(mut self, state: impl Into<StateName>) -> Self {
        self.merged_state = Some(state.into());
        self
    }
    /// Adds its states and transitions to what conditions may name. A playbook does so with all its workflows before it compiles one.
    pub fn declare(&self, schema: &mut Schema) {
        for s in &self.states {
            schema
                .states
                .entry(s.name.clone())
                .or_insert_with(|| s.label.clone().unwrap_or_else(|| text(s.name.as_str(), s.name.as_str())));
        }
        schema.transitions.extend(self.transitions.iter().map(|t| t.name.clone()));
        schema.tasks.extend(self.tasks.iter().map(|t| t.name.clone()));
    }
    /// Checks and compiles it; every problem at once. There is a workflow exactly if no problem is an error.
    pub fn compile(&self, schema: &Schema, scripts: &dyn Scripts) -> (Option<super::Workflow>, Diagnostics) {
        let places = super::places::Places::of_builder(self.name.as_str());
        let mut schema = schema.clone();
        self.declare(&mut schema);
        super::check::compile(self, &places, &schema, scripts)
    }
}
