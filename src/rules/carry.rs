//! What a rule's actions may raise and change, and so which rules they wake.
//!
//! This is the load-time side of `engine/draft.rs` (`wakes`, `changes`); a test holds the two together.

use super::{Rule, Surroundings, Then, Trigger, Written};
use crate::condition::Path;
use crate::ticket::Action;
use std::collections::BTreeSet;

/// What carries one rule to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Carrier {
    /// Something that happened.
    Event(Trigger),
    /// A change of something that is read.
    Field(Path),
}

impl Carrier {
    /// As people name it: `impact`, `assigned`, `state:pending`.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Event(Trigger::Changed(f)) => f.to_string(),
            Self::Event(t) => t.word().into_owned(),
            Self::Field(p) => {
                let name = p.to_string();
                name.strip_prefix("t.").unwrap_or(&name).to_string()
            }
        }
    }
}

/// Everything a rule may raise and change.
pub(super) fn carried(rule: &Rule, around: &Surroundings) -> BTreeSet<Carrier> {
    let mut out = BTreeSet::new();
    match &rule.then {
        Then::Actions(actions) => actions.iter().for_each(|a| by_action(a, around, 0, &mut out)),
        Then::Script(s) => s.writes().iter().for_each(|w| by_written(w, around, &mut out)),
    }
    // The priority model works the score and the level out anew from what it reads.
    if let Some(reads) = &around.priority
        && out
            .iter()
            .any(|c| matches!(c, Carrier::Field(p) if reads.contains(p) || matches!(p, Path::Impact | Path::Urgency | Path::Score)))
    {
        out.insert(Carrier::Field(Path::Score));
        by_written(&Written::Priority, around, &mut out);
    }
    out
}

/// The paths of the ticket that a rule may change while the rules of one pass are considered.
pub(super) fn touched(rule: &Rule, around: &Surroundings) -> BTreeSet<Path> {
    let field = |c| if let Carrier::Field(p) = c { Some(p) } else { None };
    carried(rule, around).into_iter().filter_map(field).collect()
}

/// What a move changes: what let the ticket into a state is used up when it leaves, and what is asked ends with it.
const MOVED: [Path; 7] =
    [Path::State, Path::Class, Path::WaitsOn, Path::StateSince, Path::Transition, Path::OpenApprovals, Path::ApprovalsGranted];

fn by_action(action: &Action, around: &Surroundings, depth: u8, out: &mut BTreeSet<Carrier>) {
    let Action::Transition(name) = action else {
        if let Some(w) = Written::by(action) {
            by_written(&w, around, out);
        }
        return;
    };
    let Some(flow) = &around.flow else { return by_written(&Written::State, around, out) };
    for m in flow.named(name) {
        fields(&MOVED, out);
        if !m.stays {
            out.insert(Carrier::Event(Trigger::State(m.to.clone())));
        }
        if m.reopens {
            reopened(around, out);
        }
        // What follows a transition may be one again.
        if depth < 4 {
            m.after.iter().for_each(|a| by_action(a, around, depth.saturating_add(1), out));
        }
    }
}

fn reopened(around: &Surroundings, out: &mut BTreeSet<Carrier>) {
    out.insert(Carrier::Event(Trigger::Reopened));
    fields(&[Path::Cycle, Path::Reopenings], out);
    if around.reopen_clears_assignee {
        by_written(&Written::Group, around, out);
    }
}

fn fields(paths: &[Path], out: &mut BTreeSet<Carrier>) {
    out.extend(paths.iter().cloned().map(Carrier::Field));
}

fn by_written(written: &Written, around: &Surroundings, out: &mut BTreeSet<Carrier>) {
    let changed = |name: &str, out: &mut BTreeSet<Carrier>| out.extend([Carrier::Event(Trigger::changed(name))]);
    match written {
        Written::Attribute(a) => {
            out.insert(Carrier::Field(Path::of(a)));
            changed(a.name(), out);
            // A change of what an approval covers opens a new round of it.
            if around.flow.as_ref().is_some_and(|f| f.covered.contains(a)) {
                by_written(&Written::Approvals, around, out);
            }
        }
        Written::Priority => {
            out.insert(Carrier::Field(Path::Priority));
            changed("priority", out);
        }
        Written::Score => fields(&[Path::Score], out),
        Written::Tag(_) | Written::Untag(_) | Written::Tags => {
            out.insert(Carrier::Field(Path::Tags));
            changed("tags", out);
        }
        Written::Watchers => {
            out.insert(Carrier::Field(Path::Watchers));
            changed("watchers", out);
        }
        Written::Message => fields(&[Path::MessageAutomatic, Path::MessagesFromRequester], out),
        Written::Group => {
            fields(&[Path::Group, Path::Trail, Path::Handoffs, Path::Assignee], out);
            changed("group", out);
            changed("assignee", out);
            out.extend([Trigger::Queued, Trigger::HandedOff].map(Carrier::Event));
        }
        Written::Assignee => {
            fields(&[Path::Assignee, Path::Group, Path::Trail, Path::Handoffs, Path::Owner], out);
            changed("assignee", out);
            changed("group", out);
            if around.first_assignee_owns {
                changed("owner", out);
            }
            out.extend([Trigger::Assigned, Trigger::Queued].map(Carrier::Event));
        }
        Written::Tasks => {
            fields(&[Path::OpenTasks, Path::TasksDone], out);
            out.extend([Trigger::TaskAdded(None)].map(Carrier::Event));
        }
        Written::Children => {
            fields(&[Path::OpenChildren], out);
            out.extend([Trigger::ChildAdded].map(Carrier::Event));
        }
        Written::Approvals => {
            fields(&[Path::OpenApprovals, Path::ApprovalsGranted], out);
            let first = out.insert(Carrier::Event(Trigger::ApprovalRequested(None)));
            // One that only informs is granted at once, and what it says to do then is done.
            if first && around.flow.as_ref().is_none_or(|f| f.informs) {
                out.insert(Carrier::Event(Trigger::ApprovalGranted(None)));
                by_written(&Written::State, around, out);
            }
        }
        Written::State => {
            fields(&MOVED, out);
            if let Some(flow) = &around.flow {
                let names: BTreeSet<_> = flow.moves.iter().map(|m| &m.name).collect();
                for name in names {
                    by_action(&Action::Transition(name.clone()), around, 4, out);
                }
                // What follows any of them, once: transitions in there are among these names.
                for action in flow.moves.iter().flat_map(|m| &m.after).filter(|a| !matches!(a, Action::Transition(_))) {
                    by_action(action, around, 4, out);
                }
            } else {
                reopened(around, out);
            }
        }
    }
}
