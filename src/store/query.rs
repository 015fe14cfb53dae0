//! Which tickets: plain filters a store can index, and one condition for everything else.

use super::Cursor;
use crate::condition::{Condition, View};
use crate::diagnostic::RuleFault;
use crate::id::*;
use crate::ticket::wire::v1::Header;
use crate::ticket::{StateClass, Ticket};

/// In which order the tickets come. Equal ones come by id; those without the value come last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Oldest first.
    #[default]
    Oldest,
    /// Newest first.
    Newest,
    /// Last changed first.
    Changed,
    /// Due soonest first ([`Ticket::due`]).
    Due,
    /// Longest in the queue first.
    Waiting,
    /// By human number.
    Number,
    /// By id: the cheapest way to go over all tickets, page by page.
    Id,
    /// By priority, in the order of this list.
    Priority(Vec<LevelName>),
}

/// A question to a store. Every filter that is set must hold; a list means any of its members, an empty list no filter.
///
/// ```
/// use ticketry::store::{Order, Query};
/// let oldest_unassigned = Query::new().open().unassigned().group("network").order(Order::Waiting);
/// assert!(oldest_unassigned.unassigned && oldest_unassigned.open);
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Query {
    /// Classes.
    pub classes: Vec<StateClass>,
    /// States.
    pub states: Vec<StateName>,
    /// Groups.
    pub groups: Vec<GroupId>,
    /// Assignees.
    pub assignees: Vec<AgentId>,
    /// Nobody is assigned.
    pub unassigned: bool,
    /// The requester.
    pub requester: Option<RequesterId>,
    /// The organisation.
    pub organisation: Option<OrganisationId>,
    /// Channels.
    pub channels: Vec<ChannelName>,
    /// Types.
    pub types: Vec<TypeName>,
    /// Priorities.
    pub priorities: Vec<LevelName>,
    /// Tags, all of which it has.
    pub tags: Vec<TagName>,
    /// A category; its subtree counts.
    pub category: Option<CategoryPath>,
    /// A thread it is known by.
    pub thread: Option<ExternalId>,
    /// The human number.
    pub number: Option<u64>,
    /// It waits in a queue.
    pub queued: bool,
    /// Not in a final class.
    pub open: bool,
    /// Due before this instant.
    pub due_before: Option<UtcInstant>,
    /// A condition. It sees the ticket and `now`; no event, no customer record.
    pub condition: Option<Condition>,
    /// The order.
    pub order: Order,
    /// What conditions take for now; 1970 unless told.
    pub now: UtcInstant,
}

macro_rules! filters {
    ($($(#[$doc:meta])+ $name:ident: $field:ident, $kind:ty;)+) => {$(
        $(#[$doc])+
        #[must_use]
        pub fn $name(mut self, name: impl Into<$kind>) -> Self {
            self.$field.extend([name.into()]);
            self
        }
    )+};
}

impl Query {
    /// All tickets, oldest first.
    pub fn new() -> Self {
        Self::default()
    }
    /// Of this class, or one more.
    #[must_use]
    pub fn class(mut self, class: StateClass) -> Self {
        self.classes.push(class);
        self
    }
    filters! {
        /// In this state, or one more.
        state: states, StateName;
        /// In this group, or one more.
        group: groups, GroupId;
        /// Assigned to this agent, or one more.
        assignee: assignees, AgentId;
        /// By this channel, or one more.
        channel: channels, ChannelName;
        /// Of this type, or one more.
        kind: types, TypeName;
        /// Of this priority, or one more.
        priority: priorities, LevelName;
        /// With this tag as well.
        tag: tags, TagName;
    }
    /// Assigned to nobody.
    #[must_use]
    pub fn unassigned(self) -> Self {
        Self { unassigned: true, ..self }
    }
    /// Of this requester.
    #[must_use]
    pub fn requester(self, requester: impl Into<RequesterId>) -> Self {
        Self { requester: Some(requester.into()), ..self }
    }
    /// Of this organisation.
    #[must_use]
    pub fn organisation(self, organisation: impl Into<OrganisationId>) -> Self {
        Self { organisation: Some(organisation.into()), ..self }
    }
    /// In this category or below.
    #[must_use]
    pub fn category(self, category: impl Into<CategoryPath>) -> Self {
        Self { category: Some(category.into()), ..self }
    }
    /// Known by this thread.
    #[must_use]
    pub fn thread(self, thread: impl Into<ExternalId>) -> Self {
        Self { thread: Some(thread.into()), ..self }
    }
    /// With this human number.
    #[must_use]
    pub fn number(self, number: u64) -> Self {
        Self { number: Some(number), ..self }
    }
    /// Waiting in a queue.
    #[must_use]
    pub fn queued(self) -> Self {
        Self { queued: true, ..self }
    }
    /// Not in a final class.
    #[must_use]
    pub fn open(self) -> Self {
        Self { open: true, ..self }
    }
    /// Due before this instant.
    #[must_use]
    pub fn due_before(self, instant: UtcInstant) -> Self {
        Self { due_before: Some(instant), ..self }
    }
    /// For which this condition holds, at this instant.
    #[must_use]
    pub fn condition(self, condition: Condition, now: UtcInstant) -> Self {
        Self { condition: Some(condition), now, ..self }
    }
    /// In this order.
    #[must_use]
    pub fn order(self, order: Order) -> Self {
        Self { order, ..self }
    }

    /// Whether a ticket is meant, conditions taking `now` as given. The meaning of a query, for every store. The record of the desk ([`TicketId::DESK`]) is no ticket.
    ///
    /// # Errors
    /// A script in the condition failed.
    pub fn matches(&self, ticket: &Ticket, now: UtcInstant) -> Result<bool, RuleFault> {
        if !self.fits(&Header::of(ticket)) || !self.tags.iter().all(|t| ticket.tags.contains(t)) {
            return Ok(false);
        }
        if let Some(c) = &self.category
            && !ticket.category.as_ref().is_some_and(|t| t.value.within(c.as_str()))
        {
            return Ok(false);
        }
        self.condition.as_ref().map_or(Ok(true), |c| c.holds(&View::of(ticket, now)))
    }

    /// The sort key of a ticket in this query's order: answers ascend by (key, id).
    pub fn key(&self, ticket: &Ticket) -> i64 {
        self.key_of(&Header::of(ticket))
    }
    /// The place of a ticket in the answer.
    pub fn cursor(&self, ticket: &Ticket) -> Cursor {
        Cursor { key: self.key(ticket), id: ticket.id }
    }

    pub(crate) fn key_of(&self, h: &Header) -> i64 {
        let last = |t: Option<UtcInstant>| t.map_or(i64::MAX, micros);
        match &self.order {
            Order::Oldest => micros(h.created_at),
            Order::Newest => micros(h.created_at).saturating_neg(),
            Order::Changed => micros(h.updated_at).saturating_neg(),
            Order::Due => last(h.due),
            Order::Waiting => last(h.queued_since),
            Order::Id => 0,
            Order::Number => i64::try_from(h.number).unwrap_or(i64::MAX),
            Order::Priority(names) => {
                h.priority.as_ref().and_then(|p| names.iter().position(|n| n == p)).and_then(|i| i64::try_from(i).ok()).unwrap_or(i64::MAX)
            }
        }
    }
    /// Whether the header alone says everything this query asks.
    pub(crate) fn header_suffices(&self) -> bool {
        self.tags.is_empty() && self.category.is_none() && self.condition.is_none()
    }
    /// Whether the header fits; if not, the ticket cannot match.
    pub(crate) fn fits(&self, h: &Header) -> bool {
        fn any<T: PartialEq>(list: &[T], x: Option<&T>) -> bool {
            list.is_empty() || x.is_some_and(|x| list.contains(x))
        }
        h.id != TicketId::DESK
            && any(&self.classes, Some(&h.class))
            && any(&self.states, Some(&h.state))
            && any(&self.groups, h.group.as_ref())
            && any(&self.assignees, h.assignee.as_ref())
            && !(self.unassigned && h.assignee.is_some())
            && self.requester.as_ref().is_none_or(|r| h.requester == *r)
            && self.organisation.as_ref().is_none_or(|o| h.organisation.as_ref() == Some(o))
            && any(&self.channels, Some(&h.channel))
            && any(&self.types, Some(&h.kind))
            && any(&self.priorities, h.priority.as_ref())
            && self.thread.as_ref().is_none_or(|t| h.threads.contains(t))
            && self.number.is_none_or(|n| h.number == n)
            && !(self.queued && h.queued_since.is_none())
            && !(self.open && h.class.is_final())
            && self.due_before.is_none_or(|t| h.due.is_some_and(|d| d < t))
    }
}
