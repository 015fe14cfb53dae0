//! What a ticket is to others: parent and children, what it waits for, what was merged into it, and what happens to that.
//!
//! A ticket keeps of others only what is needed to judge it alone: whose child it is, and of each child whether it is open. So two commands that would contradict each other
//! write one ticket both, and a store lets only the first through.

use super::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A ticket by its id, with the number that people call it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TicketRef {
    /// Which.
    pub id: TicketId,
    /// Its human number.
    pub number: u64,
}
impl std::fmt::Display for TicketRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{}", self.number)
    }
}

/// A child, or another ticket this one waits for, as it is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Relative {
    /// Which.
    pub ticket: TicketId,
    /// Its human number.
    pub number: u64,
    /// While it is open this one cannot end (S13).
    pub blocking: bool,
    /// In no final class.
    pub open: bool,
}

/// A ticket that was merged into this one (S57).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    /// Which.
    pub ticket: TicketId,
    /// Its human number.
    pub number: u64,
    /// The entry that took it in.
    pub revision: Revision,
    /// What the clocks took over of its.
    pub lent: Lent,
    /// Links that came with it.
    pub links: Vec<Link>,
    /// How things stood before, so that the last merge can be undone as if it had never been. Only the last one is kept.
    pub before: Option<Box<BeforeMerge>>,
}

/// What a merged ticket's clocks mean for the survivor's (S57).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lent {
    /// Clocks of the survivor that a clock of the other, open and begun earlier, lends its start.
    pub earlier: Vec<EarlierStart>,
    /// When the other was first answered, if that was after its own start and the survivor still owed it.
    #[serde(with = "serde_instant_opt")]
    pub answered: Option<UtcInstant>,
    /// When the requester wrote to the other what nobody answered yet, where the survivor owed nothing.
    #[serde(with = "serde_instant_opt")]
    pub owed: Option<UtcInstant>,
}

/// The start of a clock, taken over from another ticket's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierStart {
    /// The survivor's clock.
    pub clock: ClockId,
    /// Its own start.
    #[serde(with = "serde_instant")]
    pub own: UtcInstant,
    /// The other's.
    #[serde(with = "serde_instant")]
    pub start: UtcInstant,
    /// The other's pauses before the survivor's clock began.
    pub pauses: Vec<Pause>,
}

/// How a ticket stood before a merge: what a merge and the end it brings may change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeforeMerge {
    /// Its stay; timers that wait for clocks are among them.
    pub stay: Stay,
    /// When that began.
    #[serde(with = "serde_instant")]
    pub since: UtcInstant,
    /// The limit of it had passed.
    pub limit_passed: bool,
    /// When work started.
    #[serde(with = "serde_instant_opt")]
    pub started_at: Option<UtcInstant>,
    /// When it last ended.
    #[serde(with = "serde_instant_opt")]
    pub resolved_at: Option<UtcInstant>,
    /// Its place in the queue.
    pub queue: Option<Queue>,
    /// Who had it.
    pub assignee: Option<AgentId>,
    /// The slots it held.
    pub slots: Vec<u16>,
    /// Beyond capacity.
    pub over_capacity: bool,
    /// What was ticked off.
    pub progress: Progress,
    /// Its tasks.
    pub tasks: Arc<Vec<Task>>,
    /// Its approvals.
    pub approvals: Arc<Vec<Approval>>,
    /// What nobody had answered.
    pub unanswered: Option<MessageRef>,
    /// Its open clocks.
    pub clocks: Vec<Clock>,
    /// Closed ones.
    pub closed_clocks: Arc<Vec<ClosedClock>>,
    /// The last of each metric.
    pub resting: Arc<Vec<Clock>>,
    /// How many runs.
    pub runs: Vec<(Agreement, MetricName, u32)>,
}

/// What a ticket is to others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kin {
    /// Whose child it is.
    pub parent: Option<TicketRef>,
    /// Its children, at most [`Kin::MOST`].
    pub children: Vec<Relative>,
    /// What it is `blocked-by`, at most [`Kin::WAITS`].
    pub waits: Vec<Relative>,
    /// The ticket it was merged into.
    pub merged_into: Option<TicketRef>,
    /// How it stood before that.
    pub before: Option<Box<BeforeMerge>>,
    /// The tickets merged into it, at most [`Kin::MERGED`].
    pub merged: Vec<Merged>,
}

impl Relative {
    /// How people and ids call it.
    pub fn reference(&self) -> TicketRef {
        TicketRef { id: self.ticket, number: self.number }
    }
}

impl Kin {
    /// The most children of one ticket.
    pub const MOST: usize = 64;
    /// The most tickets one may be blocked by.
    pub const WAITS: usize = 16;
    /// The most tickets merged into one.
    pub const MERGED: usize = 16;

    /// The children in no final class.
    pub fn open_children(&self) -> impl Iterator<Item = &Relative> {
        self.children.iter().filter(|c| c.open)
    }
    /// Bytes it takes, roughly.
    pub fn weight(&self) -> usize {
        let before = |b: &Option<Box<BeforeMerge>>| b.as_ref().map_or(0, |b| b.weight());
        let of = |m: &Merged| {
            let lent = m.lent.earlier.iter().map(|e| e.pauses.len().saturating_mul(17).saturating_add(64)).sum::<usize>();
            m.links.len().saturating_mul(40).saturating_add(lent).saturating_add(before(&m.before)).saturating_add(48)
        };
        let merged = self.merged.iter().map(of).sum::<usize>();
        let known = self.children.len().saturating_add(self.waits.len()).saturating_mul(24);
        merged.saturating_add(known).saturating_add(before(&self.before))
    }
}

impl BeforeMerge {
    fn weight(&self) -> usize {
        let clocks = self.clocks.iter().chain(&*self.resting).map(|c| c.pauses.len().saturating_mul(20).saturating_add(160)).sum::<usize>();
        let tasks = self.tasks.iter().map(Task::weight).sum::<usize>();
        clocks.saturating_add(self.closed_clocks.len().saturating_mul(96)).saturating_add(tasks).saturating_add(256)
    }
}

/// What happened between a ticket and others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KinEvent {
    /// It became the child of a ticket.
    Attached {
        /// Whose.
        parent: TicketRef,
    },
    /// It is the child of that ticket no longer.
    Detached {
        /// Whose it was.
        parent: TicketRef,
    },
    /// It got a child.
    ChildAdded(Relative),
    /// A ticket is its child no longer.
    ChildRemoved {
        /// Which.
        child: TicketRef,
    },
    /// A child, or a ticket it waits for, came to a final class.
    Ended {
        /// Which.
        ticket: TicketRef,
        /// No child is open any more.
        last: bool,
    },
    /// A child, or a ticket it waits for, is open again.
    Reopened {
        /// Which.
        ticket: TicketRef,
    },
    /// It is blocked by another ticket; the link stands beside it.
    Waits(Relative),
    /// It was merged into another ticket (S57); it ends with that.
    MergedInto {
        /// Which.
        into: TicketRef,
        /// How it stood.
        before: Box<BeforeMerge>,
    },
    /// Another ticket was merged into this one.
    Absorbed(Box<Merged>),
    /// The merge into another ticket was undone: it stands as before.
    Unmerged {
        /// From which.
        from: TicketRef,
        /// How it stands.
        back: Box<BeforeMerge>,
    },
    /// A ticket that was merged into this one is by itself again.
    Released {
        /// Which, with what it had brought.
        merged: Box<Merged>,
        /// Nothing happened here in between: all stands as before.
        back: Option<Box<BeforeMerge>>,
    },
    /// Messages of it became another ticket.
    SplitOff {
        /// Which.
        into: TicketRef,
        /// The messages, as this journal names them.
        messages: Vec<MessageRef>,
    },
}

impl Ticket {
    /// How people and ids call it.
    pub fn reference(&self) -> TicketRef {
        TicketRef { id: self.id, number: self.number }
    }
    /// How it stands now, to come back to.
    pub fn before_merge(&self) -> BeforeMerge {
        BeforeMerge {
            stay: Stay {
                state: self.state.clone(),
                class: self.class,
                waits_on: self.waits_on,
                limit: self.limit,
                timers: self.timers.clone(),
            },
            since: self.state_since,
            limit_passed: self.limit_passed,
            started_at: self.started_at,
            resolved_at: self.resolved_at,
            queue: self.queue.clone(),
            assignee: self.assignee.clone(),
            slots: self.slots.clone(),
            over_capacity: self.over_capacity,
            progress: self.progress.clone(),
            tasks: self.tasks.clone(),
            approvals: self.approvals.clone(),
            unanswered: self.conversation.oldest_unanswered,
            clocks: self.clocks.clone(),
            closed_clocks: self.closed_clocks.clone(),
            resting: self.resting.clone(),
            runs: self.runs.clone(),
        }
    }
    fn as_before(&mut self, b: &BeforeMerge) {
        self.state = b.stay.state.clone();
        self.class = b.stay.class;
        self.waits_on = b.stay.waits_on;
        self.limit = b.stay.limit;
        self.timers.clone_from(&b.stay.timers);
        self.state_since = b.since;
        // A grant that the merge used up serves the stay that goes on.
        self.approvals = b.approvals.clone();
        self.limit_passed = b.limit_passed;
        self.started_at = b.started_at;
        self.resolved_at = b.resolved_at;
        self.queue.clone_from(&b.queue);
        self.assignee.clone_from(&b.assignee);
        self.slots.clone_from(&b.slots);
        self.over_capacity = b.over_capacity;
        self.progress = b.progress.clone();
        self.tasks = b.tasks.clone();
        self.conversation.oldest_unanswered = b.unanswered;
        self.clocks.clone_from(&b.clocks);
        self.closed_clocks = b.closed_clocks.clone();
        self.resting = b.resting.clone();
        self.runs.clone_from(&b.runs);
    }

    pub(super) fn kin_happened(&mut self, event: &KinEvent, here: MessageRef) {
        let kin = Arc::make_mut(&mut self.kin);
        match event {
            KinEvent::Attached { parent } => kin.parent = Some(*parent),
            KinEvent::Detached { parent } => {
                if kin.parent == Some(*parent) {
                    kin.parent = None;
                }
            }
            KinEvent::ChildAdded(c) => put(&mut kin.children, *c, Kin::MOST),
            KinEvent::ChildRemoved { child } => kin.children.retain(|c| c.ticket != child.id),
            KinEvent::Ended { ticket, .. } => kin.known(ticket.id, false),
            KinEvent::Reopened { ticket } => kin.known(ticket.id, true),
            KinEvent::Waits(r) => put(&mut kin.waits, *r, Kin::WAITS),
            KinEvent::MergedInto { into, before } => {
                kin.merged_into = Some(*into);
                kin.before = Some(before.clone());
            }
            KinEvent::Absorbed(m) => {
                if kin.merged.len() < Kin::MERGED {
                    kin.merged.iter_mut().for_each(|x| x.before = None);
                    kin.merged.push((**m).clone());
                }
                // Named as this journal can: by the entry that took it in.
                if let Some(at) = m.lent.owed {
                    self.conversation.oldest_unanswered.get_or_insert(MessageRef { at, ..here });
                }
            }
            KinEvent::Unmerged { back, .. } => {
                kin.merged_into = None;
                kin.before = None;
                self.as_before(back);
            }
            KinEvent::Released { merged, back } => {
                kin.merged.retain(|m| m.ticket != merged.ticket);
                // What was owed for its sake goes back with it.
                let owed = |r: MessageRef| merged.revision == r.revision && merged.lent.owed == Some(r.at);
                match back {
                    Some(back) => self.as_before(back),
                    None if self.conversation.oldest_unanswered.is_some_and(owed) => self.conversation.oldest_unanswered = None,
                    None => {}
                }
            }
            KinEvent::SplitOff { messages, .. } => {
                let c = &mut self.conversation;
                if c.oldest_unanswered.is_some_and(|m| messages.contains(&m)) {
                    // What was written last is what is left to answer, if it stays here.
                    c.oldest_unanswered = c.last_from_requester.filter(|m| !messages.contains(m));
                }
            }
        }
    }
    /// A link that is gone takes with it what is known of what it waited for.
    pub(super) fn waits_no_longer(&mut self, link: &Link) {
        if let (true, LinkTarget::Ticket(t)) = (link.kind == *Link::BLOCKED_BY, &link.to)
            && self.kin.waits.iter().any(|w| w.ticket == *t)
        {
            Arc::make_mut(&mut self.kin).waits.retain(|w| w.ticket != *t);
        }
    }
}

impl Kin {
    fn known(&mut self, ticket: TicketId, open: bool) {
        self.children.iter_mut().chain(&mut self.waits).filter(|r| r.ticket == ticket).for_each(|r| r.open = open);
    }
}

fn put(list: &mut Vec<Relative>, r: Relative, most: usize) {
    list.retain(|x| x.ticket != r.ticket);
    if list.len() < most {
        list.push(r);
    }
}

impl Link {
    /// It cannot end before that ticket has (S13).
    pub const BLOCKED_BY: &'static str = "blocked-by";
    /// The other side of [`Link::BLOCKED_BY`].
    pub const BLOCKS: &'static str = "blocks";
    /// Kinds of links with what they are called from the other side; every other word is its own counterpart.
    pub const PAIRS: [(&'static str, &'static str); 5] = [
        (Self::BLOCKED_BY, Self::BLOCKS),
        ("duplicate-of", "duplicated-by"),
        ("caused-by", "causes"),
        ("follows", "followed-by"),
        ("split-from", "split-into"),
    ];
    /// What a kind of link is called from the other ticket.
    ///
    /// ```
    /// use ticketry::ticket::Link;
    /// assert_eq!(Link::counterpart("causes"), "caused-by");
    /// assert_eq!(Link::counterpart("related"), "related");
    /// ```
    pub fn counterpart(kind: &str) -> &str {
        let other = |(a, b): &(&'static str, &'static str)| if *a == kind { Some(*b) } else { (*b == kind).then_some(*a) };
        Self::PAIRS.iter().find_map(other).unwrap_or(kind)
    }
}
