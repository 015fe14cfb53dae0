//! The compiled form: immutable, every name resolved, looked up by index.

use super::definition::{Responsible, WorkflowDefinition};
use super::demand::{Right, Validator};
use super::machine::{Machine, Rights};
use crate::calendar::Span;
use crate::condition::reading::Document;
use crate::condition::{Condition, Scripts};
use crate::diagnostic::{Diagnostics, Text, text};
use crate::id::*;
use crate::ticket::{Access, Action, Attribute, Scale, Schema, StateClass, WaitsOn, WorkflowRef};
use std::collections::BTreeMap;

/// A state.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct State {
    /// Its name.
    pub name: StateName,
    /// Its class (S83).
    pub class: StateClass,
    /// Whom it waits on (S77).
    pub waits_on: WaitsOn,
    /// Its label.
    pub label: Text,
    /// Its colour: one of [`super::COLOURS`] or `#rrggbb` (S62).
    pub colour: String,
    /// Who is responsible (S61); none only in a final state.
    pub responsible: Option<Responsible>,
    /// How long a stay may last.
    pub limit: Option<Span>,
    /// The calendar of its limit and timed transitions, if not the group's (S79).
    pub calendar: Option<CalendarName>,
    /// The transition a requester's message takes (S78). It leaves this state, needs no fields, and ends the wait.
    pub on_requester_reply: Option<TransitionName>,
    /// A ticket in it holds slots of its assignee.
    pub holds_slots: bool,
    /// What is to be ticked off (S61).
    pub checklist: Vec<Text>,
    /// For whom nothing is edited or written outside a transition.
    pub strict: Vec<RoleName>,
    /// Tasks made when a ticket enters it.
    pub tasks: Vec<TaskName>,
}

/// A transition.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Transition {
    /// Its name.
    pub name: TransitionName,
    /// Its label.
    pub label: Text,
    /// The states it leaves, `*` written out.
    pub from: Vec<StateName>,
    /// The state it leads to; none: it stays.
    pub to: Option<StateName>,
    /// Where it leads back to the state it left, the stay goes on: timers are kept (S4). Always false if it never does.
    pub internal: bool,
    /// Who may; none: any agent, integration or the system.
    pub roles: Vec<RoleName>,
    /// Must hold.
    pub guard: Option<Condition>,
    /// Must be filled.
    pub required: Vec<Attribute>,
    /// May be filled on the way: a form offers them too.
    pub optional: Vec<Attribute>,
    /// A comment must come with it.
    pub comment_required: bool,
    /// What must hold of the ticket with the values given.
    pub check: Vec<Validator>,
    /// The checklist of the state it leaves must be complete.
    pub checklist: bool,
    /// An attachment must come with it.
    pub attachment: bool,
    /// The resolution codes of which one must be given; none: it asks for no code.
    pub resolution: Option<Scale>,
    /// What follows.
    pub after: Vec<Action>,
    /// Labels of the roles, in their order.
    pub(super) role_labels: Vec<Text>,
    /// Labels of the required attributes, in their order.
    pub(super) required_labels: Vec<Text>,
    /// What it demands of the ticket's tasks.
    pub(super) tasks: super::tasks::Demand,
}

impl Transition {
    /// Where it leads from a state.
    pub fn target<'a>(&'a self, from: &'a StateName) -> &'a StateName {
        self.to.as_ref().unwrap_or(from)
    }
    /// For which tasks it waits.
    pub fn waits_for(&self) -> &super::TaskWait {
        &self.tasks.wait
    }
    /// Whether it waits until none of the ticket's tasks is open: it says so, or it resolves or closes the ticket and open tasks stand against that.
    pub fn waits_for_all(&self) -> bool {
        self.tasks.all()
    }
    /// Whether, taken from this state, it neither leaves nor enters a state (S4).
    pub fn stays(&self, from: &StateName) -> bool {
        self.internal && self.target(from) == from
    }
}

/// A transition taken by itself (S5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timed {
    /// In this state.
    pub from: StateName,
    /// After so long a stay.
    pub after: Span,
    /// This transition.
    pub transition: TransitionName,
}

/// A compiled workflow. See [`WorkflowDefinition`] for how one is made in Rust, the room's head for the file form.
#[derive(Clone, Debug)]
pub struct Workflow {
    pub(super) name: WorkflowName,
    pub(super) version: u32,
    pub(super) initial: StateName,
    pub(super) initials: Vec<StateName>,
    pub(super) states: Vec<State>,
    pub(super) transitions: Vec<Transition>,
    /// Its states and transitions, each at the same place as above.
    pub(super) machine: Machine,
    /// Of each state, as declared.
    pub(super) timed: Vec<Vec<Timed>>,
    /// Who may take which step.
    pub(super) rights: Rights<Right>,
    pub(super) tasks: Vec<super::tasks::TaskDefinition>,
    /// What becomes of open tasks at the end.
    pub(super) tasks_at_end: super::TasksAtEnd,
    /// What it says of children.
    pub(super) children: super::ChildrenDefinition,
    /// Where a merged ticket ends, if that is said.
    pub(super) merged_state: Option<StateName>,
    pub(super) approvals: Vec<super::ApprovalRule>,
    /// Who may read which fields: a refusal says no more.
    pub(super) access: BTreeMap<FieldName, Access>,
}

/// What people call the transitions of a name; of one that is not known, its name.
pub(crate) fn called(workflow: Option<&Workflow>, transition: &TransitionName) -> Text {
    let known = workflow.and_then(|w| w.transitions.iter().find(|t| t.name == *transition));
    known.map_or_else(|| text(transition.as_str(), transition.as_str()), |t| t.label.clone())
}

impl Workflow {
    /// Reads, checks and compiles a workflow file; every problem at once, in order of place. There is a workflow exactly if no problem
    /// is an error. `schema` need not have this workflow's own states and transitions; those of others that are named in conditions it
    /// must have ([`super::declare`]).
    ///
    /// ```
    /// use ticketry::{condition::NoScripts, ticket::Schema, workflow::Workflow};
    /// let toml = r#"
    /// name = "errand"
    /// version = 1
    /// initial = "new"
    /// states.new = { class = "new", label = { en = "New", zh = "待处理" }, responsible = "group" }
    /// states.done = { class = "closed", label = { en = "Done", zh = "已关闭" } }
    /// transitions = [{ name = "finish", label = "完成", from = "new", to = "dome" }]
    /// "#;
    /// let (workflow, problems) = Workflow::load("workflows/errand.toml", toml, &Schema::default(), &NoScripts);
    /// assert!(workflow.is_none());
    /// let first = problems.iter().next().unwrap();
    /// assert_eq!((first.code, first.place().unwrap().line), ("transition-to-nowhere", 7));
    /// assert_eq!(first.help.as_ref().unwrap().en, "did you mean `done`?");
    /// ```
    pub fn load(file: &str, toml: &str, schema: &Schema, scripts: &dyn Scripts) -> (Option<Self>, Diagnostics) {
        let document = Document::parse(file, toml);
        let mut schema = schema.clone();
        super::read::declare_from(&document, &mut schema);
        let (definition, places) = super::read::read(&document, &schema);
        let (workflow, problems) = super::check::compile(&definition, &places, &schema, scripts);
        document.report_all(problems);
        let problems = document.finish();
        (workflow.filter(|_| !problems.has_errors()), problems)
    }

    /// Checks and compiles a definition built in Rust; the same as [`WorkflowDefinition::compile`].
    pub fn compile(definition: &WorkflowDefinition, schema: &Schema, scripts: &dyn Scripts) -> (Option<Self>, Diagnostics) {
        definition.compile(schema, scripts)
    }

    /// Everything its guards, validators and conditions of approvals read.
    pub fn reads(&self) -> impl Iterator<Item = &crate::condition::Path> {
        self.conditions().flat_map(|c| c.reads())
    }
    /// Whether any guard or validator reads the customer record.
    pub fn reads_customer(&self) -> bool {
        self.conditions().any(Condition::reads_customer)
    }
    fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let of_approvals = self.approvals.iter().filter_map(|a| a.when.as_ref());
        self.transitions.iter().flat_map(|t| t.guard.iter().chain(t.check.iter().map(|c| &c.require))).chain(of_approvals)
    }
    /// Its name.
    pub fn name(&self) -> &WorkflowName {
        &self.name
    }
    /// Its version.
    pub fn version(&self) -> u32 {
        self.version
    }
    /// Name and version, as tickets pin it (S10).
    pub fn reference(&self) -> WorkflowRef {
        WorkflowRef { name: self.name.clone(), version: self.version }
    }
    /// The state a ticket begins in if nobody names one (S8).
    pub fn initial(&self) -> &StateName {
        &self.initial
    }
    /// The states a ticket may begin in, the default first (S8).
    pub fn initials(&self) -> &[StateName] {
        &self.initials
    }
    /// A state.
    pub fn state(&self, name: &StateName) -> Option<&State> {
        self.states.get(self.at(name)?)
    }
    /// All states, in the order declared.
    pub fn states(&self) -> &[State] {
        &self.states
    }
    /// All transitions, in the order declared.
    pub fn transitions(&self) -> &[Transition] {
        &self.transitions
    }
    /// The bare machine of its states and transitions, each at the same place as in [`Workflow::states`] and [`Workflow::transitions`].
    pub fn machine(&self) -> &Machine {
        &self.machine
    }
    /// The transition of this name that leaves this state; of alternatives the first.
    pub fn transition(&self, from: &StateName, name: &TransitionName) -> Option<&Transition> {
        let first = self.machine.alternatives(self.at(from)?, name).first()?;
        self.transitions.get(*first as usize)
    }
    /// What leaves a state, in the order declared.
    pub fn leaving(&self, from: &StateName) -> impl Iterator<Item = &Transition> {
        self.machine.leaving(from).filter_map(|t| self.transitions.get(t))
    }
    /// The timed transitions of a state, in the order declared.
    pub fn timed(&self, from: &StateName) -> impl Iterator<Item = &Timed> {
        self.at(from).and_then(|i| self.timed.get(i)).map(Vec::as_slice).unwrap_or_default().iter()
    }
    /// Whether a state is terminal: it has no exit (S83).
    pub fn is_terminal(&self, name: &StateName) -> bool {
        self.at(name).is_some() && self.machine.exits_of(name).is_empty()
    }

    pub(super) fn at(&self, name: &StateName) -> Option<usize> {
        self.machine.at(name)
    }
}
