//! Workflows: the lifecycle of a ticket as states and transitions, checked when it is loaded.
//!
//! What it is: [`WorkflowDefinition`], written in TOML (`workflows/NAME.toml`) or built in Rust; the check that finds every problem of
//! it at once, with its place; and [`Workflow`], the compiled form, which answers what a transition needs ([`Workflow::take`]), what
//! may be done now and why the rest may not ([`Workflow::available`]). Below it the bare [`Machine`] of states and arcs, for whoever needs no more.
//! What it never does: change a ticket, read a clock, or run an action. After-actions, timed transitions and limits are data here;
//! `engine` makes events of them.
//! Read next: [`WorkflowDefinition`] for what can be written, [`Blocker`] for how a transition is refused, then [`crate::engine`].
//!
//! The TOML form:
//!
//! ```toml
//! name = "incident"
//! version = 1
//! initial = "new"                        # or a list; the first is the default (S8)
//! handoffs = 3                           # so often may a ticket change hands: the check warns of states that need more
//!
//! [states.new]
//! class = "new"                          # new open pending on_hold resolved closed cancelled (S83)
//! label = { en = "New", zh = "待处理" }
//! responsible = "group"                  # group assignee requester vendor role:NAME (S61)
//! limit = "4bh"                          # S61, S79
//! checklist = ["cause found"]            # ticked off by command or with the transition, kept for the stay (S61)
//! strict = ["agent"]                     # for whom there is no edit, reply or note outside a transition; true: agents and integrations.
//!                                        # Rules, timers and what comes in by mail are not bound by it
//!
//! [states.waiting]
//! class = "pending"
//! label = { en = "Waiting for the customer", zh = "待客户回复" }
//! waits_on = "requester"                 # S77
//! on_requester_reply = "resume"          # S78
//! responsible = "requester"
//!
//! [[transitions]]
//! name = "resume"
//! label = { en = "Resume", zh = "继续处理" }
//! from = "waiting"                       # one, several, or "*": every state that is not final, except the target
//! to = "new"                             # "=" stays; external = true makes that a leaving and entering (S4)
//! roles = ["agent", "requester"]
//! guard = "t.impact != ()"
//! required = ["category"]
//! optional = ["impact"]                  # a form offers it too
//! comment = true
//! attachment = true                      # an attachment must come with it
//! checklist = true                       # the checklist of the state it leaves must be complete
//! resolution = ["fixed", "duplicate"]    # one of these codes of the playbook's [resolutions]; true: any; false: none is asked for.
//!                                        # Left out, a transition to a state of class resolved asks for any, if codes are declared
//! check = [{ require = "t.impact != \"high\"", field = "impact", message = { en = "too much for this", zh = "影响过大" } }]
//!                                        # validators: what must hold of the ticket with the values given (a guard says whether it is there at all)
//! after = [{ tag = "resumed" }, { notify = { to = "assignee", template = "resumed" } }]
//!
//! [[timed]]
//! from = "waiting"
//! after = "5bd"
//! transition = "resume"
//!
//! [rights]                               # who may take which step, the most specific first (S7): new -> open, * -> open, new -> *, * -> *.
//! "* -> waiting" = ["lead"]              # A transition's own `roles` come before all of them
//! ```
//!
//! Tasks 子任务 are parts a ticket is broken into. A template is made by a state that lists it, by an action (`{ task = "diagnose" }` after a transition,
//! `t.task("diagnose")` in a rule), or by a command; what it needs is made with it. Of a template only one at a time is open.
//!
//! ```toml
//! tasks_at_end = "block"                 # or "cancel": open tasks when a ticket would be resolved or closed; cancelled with a cancelled ticket
//!
//! [states.repair]
//! class = "open"
//! tasks = ["diagnose", "mend"]           # made on entering
//!
//! [tasks.diagnose]
//! label = { en = "Diagnose", zh = "检测" }
//! owner = "assignee"                     # owner agent:NAME; none: whoever takes it
//! group = "workshop"                     # none: the ticket's
//! due = "1bd"                            # from when it opens, in the calendar of S79
//! calendar = "office"
//! checklist = [{ en = "Serial number", zh = "序列号" }]
//!
//! [tasks.mend]
//! label = { en = "Mend", zh = "维修" }
//! needs = ["diagnose"]                   # waits until that is done or cancelled
//!
//! [tasks.callback]                       # 回访: a task with declared outcomes
//! label = { en = "Call back", zh = "回访" }
//! cancel_on_leave = true                 # cancelled when the ticket leaves a state that makes it
//! outcomes.confirmed = {}
//! outcomes.not_solved = { transition = "reopen" }       # leads on; it counts as done only if that transition itself waits for the task
//! outcomes.not_reached = { retry = "4bh", times = 3 }   # comes back three times, then lets it close
//!
//! [[transitions]]
//! name = "close"
//! from = "confirm"
//! to = "closed"
//! tasks = ["callback"]                   # or "all"; of each named one must be done in this resolution cycle
//! ```
//!
//! Parents and children (S13): what a ticket of this workflow means for its children, and they for it. And where it ends when it is merged into another (S57).
//!
//! ```toml
//! merged_state = "cancelled"             # of class cancelled; may be left out where there is only one
//!
//! [children]
//! on_end = "take"                        # block (default): open ones that block stand against its end. take: they end with it. leave: they go on
//! take = "resolve"                       # by this transition, of their own workflow; if one of them cannot, neither can the parent
//! on_reopen = "reopen"                   # what they take when it is open again
//! when_all_ended = "resolve"             # what it takes when the last of them has ended
//! when_child_reopens = "reopen"          # what it takes, having ended, when one of them is open again
//! broadcast = true                       # an agent's reply to its requester goes to theirs as well
//! ```
//!
//! Approvals 审批 protect states: whoever or whatever moves a ticket, it comes into one only with a grant (S12). Those who are asked vote by command; an approval is asked for by command,
//! by an action (`{ request_approval = "spend" }`), or by a rule (`t.request_approval("spend")`). A round asks those who were there when it opened; later rosters and versions do not change it.
//! A grant serves one stay: once the ticket has left what it protects, it is asked for again.
//!
//! ```toml
//! [approvals.spend]
//! label = { en = "Spending", zh = "支出审批" }
//! protects = ["ordered"]                 # no way into these without it; never a state a ticket begins in
//! when = "t.amount > 500"                # needed only where this holds; left out: always
//! covers = ["amount", "category"]        # a change of any of it voids the votes and opens a new round
//! exclude = ["requester", "initiator"]   # who has no vote; also assignee owner role:NAME agent:NAME. The initiator is who asked
//! granted = "order"                      # the transition taken when it is granted, and when it is declined
//! declined = "refuse"
//! override = ["lead"]                    # who may go past it, saying why; left out: nobody
//! notify = "please-vote"                 # the template those asked are told from
//! calendar = "office"                    # of `within`; none: that of S79
//! stages = [                             # one after the other
//!   { approvers = ["role:buyer", "agent:chen"], quorum = "2", within = "2bd", on_expiry = "escalate", escalate_to = ["manager"] },
//!   { approvers = ["lead"] },            # also manager group:NAME. quorum any (default) all 2 50%; 0% is information only
//! ]                                      # on_expiry decline (default) next escalate (once; to the lead where nobody is named)
//! ```

mod approvals;
mod check;
mod check_approvals;
mod check_course;
mod check_dead;
mod check_demand;
mod check_moves;
mod check_paths;
mod check_states;
mod check_transitions;
mod children;
mod compiled;
mod definition;
mod demand;
mod graph;
mod judge;
mod machine;
mod places;
mod read;
mod read_approvals;
mod read_demand;
mod read_tasks;
mod ruling;
mod tasks;

pub use approvals::{ApprovalDefinition, ApprovalRule, Approver, StageDefinition};
pub use children::{ChildrenAtEnd, ChildrenDefinition};
pub(crate) use compiled::called;
pub use compiled::{State, Timed, Transition, Workflow};
pub use definition::{Responsible, StateDefinition, TimedDefinition, TransitionDefinition, WorkflowDefinition};
pub use demand::{CheckDefinition, RightDefinition, Validator};
pub use judge::{Blocker, Offer};
pub use machine::{ArcDefinition, Fired, Machine, MachineDefinition, Origin, Position, Rights, Target, Undefined, Unfired};
pub use read::declare;
pub(crate) use read::declare_placed;
pub use ruling::Ruling;
pub(crate) use ruling::has_one;
pub use tasks::{OutcomeDefinition, TaskDefinition, TaskOwner, TaskWait, TasksAtEnd};

/// The words for kinds of actors that stand beside the playbook's roles. They are matched against who acts, never against the roles
/// the host names, so that no role can be made to pass for the system.
pub const ACTOR_WORDS: [&str; 5] = ["agent", "requester", "vendor", "integration", "system"];

/// The colours a state may have by name; any other is written `#rrggbb`. Amber and red are the flags of S62.
pub const COLOURS: [&str; 16] = [
    "grey", "yellow", "purple", "brown", "green", "blue", "outline", "orange", "teal", "cyan", "pink", "indigo", "lime", "olive", "navy",
    "black",
];

/// Bounds of one workflow; beyond them loading says `too-many`.
pub(crate) mod most {
    /// States.
    pub(crate) const STATES: usize = 4_096;
    /// Transitions as written.
    pub(crate) const TRANSITIONS: usize = 16_384;
    /// Items of a state's checklist.
    pub(crate) const ITEMS: usize = 64;
    /// Exits of all states together: what `*` and lists of states make of the transitions.
    pub(crate) const EXITS: usize = 262_144;
}
