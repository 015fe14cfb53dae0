//! The engine: from a case and a command to a commit, or to all reasons why not.
//!
//! What it is: [`decide`], the one door. Person, API, bulk, rule, timer and import all go through it, so that all meet the
//! same checks. It is pure: no clock, no look outside its arguments; what it lacks it asks for ([`Needs`]).
//! What it never does: store, send, wait, or run a script beyond its fuel.
//! Read next: [`crate::desk`], the shell that fetches, commits and delivers.

mod actions;
mod approval;
mod approval_command;
mod approval_round;
mod approval_view;
mod authorize;
mod case;
mod catchup;
mod command;
mod correct;
mod decide;
mod draft;
mod errand;
mod explain;
mod family;
mod form;
mod input;
mod intake;
mod kin;
mod kin_command;
mod macros;
mod merge;
mod migrate;
mod notify;
mod perform;
mod periods;
mod refusal;
mod settle;
mod split;
mod suspend;
mod task;
mod task_command;
mod times;
mod trace;
mod transition;
mod waves;

pub use approval_command::ApprovalCommand;
#[cfg(feature = "rhai")]
pub(crate) use approval_round::meant;
pub use approval_view::{ApprovalView, approvals};
pub use authorize::{Authorization, Offer, authorize, available};
pub use case::{Case, Context, Decided, Decision, Limits, Needs, Related};
pub use command::{Command, Inbound, NewMessage, NewTicket, What};
pub use decide::decide;
pub use explain::{Explanation, explain, explain_with};
pub use form::{CreationForm, Form, FormField, FormItem, FormTask, Missing, creation_form, form};
pub use input::TransitionInput;
pub use kin_command::KinCommand;
pub use migrate::Migrate;
pub use refusal::{Reason, Refusal};
pub use suspend::{Suspend, suspend, suspended};
pub use task_command::{NewTask, TaskCommand};
pub use times::Times;
pub use trace::{Done, RuleTrace, Trace, Verdict};
