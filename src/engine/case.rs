//! What a decision is made from: the case, the facts, and what is still missing.

use crate::condition::{Customer, Running};
use crate::id::*;
use crate::playbook::Playbook;
use crate::routing::{Holdings, Roster};
use crate::rules::Suspended;
use crate::store::Commit;
use crate::ticket::{Message, MessageRef, Ticket};
use std::sync::Arc;

/// What stands behind every decision of a desk at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The active playbook.
    pub playbook: &'a Playbook,
    /// Agents, leads, on-call.
    pub roster: &'a Roster,
    /// Now; the decision's instant is never before the ticket's last entry.
    pub now: UtcInstant,
    /// Sizes and counts.
    pub limits: &'a Limits,
    /// Keep a full trace.
    pub trace: bool,
    /// Rules that are, and were, suspended (S24); [`Suspended::none`] where that is of no concern.
    pub suspended: &'a Suspended,
    /// Whether the host ended this decision meanwhile; none where it cannot.
    pub running: Option<&'a Running>,
}

/// One decision's own inputs. Everything optional is asked for with [`Needs`] when a rule or the command reads it.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// The ticket, as stored; none for a new one.
    pub ticket: Option<Arc<Ticket>>,
    /// For incoming messages: the tickets it may belong to. None: not looked up yet.
    pub candidates: Option<Vec<Arc<Ticket>>>,
    /// The id of a ticket that may be made.
    pub new_id: Option<TicketId>,
    /// Its human number.
    pub new_number: Option<u64>,
    /// The requester's customer record; `Some(None)`: looked up, not known.
    pub customer: Option<Option<Customer>>,
    /// Slots held by agents. None: not looked up yet.
    pub holdings: Option<Holdings>,
    /// Other tickets the decision is about as well, each as it was asked for.
    pub related: Vec<Related>,
    /// Human numbers for tickets that are made on the way.
    pub numbers: Vec<u64>,
    /// Customer records of the requesters of those.
    pub customers: Vec<(RequesterId, Option<Customer>)>,
    /// Messages of the ticket's journal.
    pub messages: Option<Vec<(MessageRef, Message)>>,
    /// Slots another ticket took in the meantime; not tried again.
    pub taken: Vec<crate::store::Claim>,
}

/// Another ticket of a decision.
#[derive(Clone, Debug)]
pub struct Related {
    /// Which was asked for.
    pub id: TicketId,
    /// The ticket, as stored; none if there is none.
    pub ticket: Option<Arc<Ticket>>,
    /// Its requester's customer record, if the playbook reads any.
    pub customer: Option<Customer>,
}

/// What the shell has to fetch before the same decision can be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The customer record of this requester.
    pub customer: Option<RequesterId>,
    /// The slots of these agents.
    pub holdings: Option<Vec<AgentId>>,
    /// Tickets an incoming message may belong to.
    pub candidates: bool,
    /// An id and a number for a new ticket.
    pub identity: bool,
    /// Other tickets, with their requesters' customer records.
    pub related: Vec<TicketId>,
    /// So many human numbers for tickets made on the way, those already given among them.
    pub numbers: usize,
    /// The customer records of these requesters.
    pub customers: Vec<RequesterId>,
    /// These messages of the ticket's journal, by entry and place in it.
    pub messages: Vec<(Revision, u32)>,
}

impl Needs {
    /// Nothing is needed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
    /// What either needs.
    pub fn add(&mut self, other: Self) {
        self.customer = self.customer.take().or(other.customer);
        if let Some(more) = other.holdings {
            self.holdings.get_or_insert_default().extend(more);
        }
        self.candidates |= other.candidates;
        self.identity |= other.identity;
        self.related.extend(other.related);
        self.numbers = self.numbers.max(other.numbers);
        self.customers.extend(other.customers);
        self.messages.extend(other.messages);
    }
}

/// What comes out.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Commit this.
    Decided(Box<Decided>),
    /// Nothing changed; tell the person.
    Refused(super::Refusal),
    /// Fetch this and decide again.
    Missing(Needs),
    /// The host ended it: nothing changed, and it may be decided again.
    Interrupted,
}

/// A decision to commit.
#[derive(Clone, Debug)]
pub struct Decided {
    /// What the store commits; empty of writes where nothing was to be done.
    pub commit: Commit,
    /// The ticket afterwards.
    pub ticket: Arc<Ticket>,
    /// More is due than fits one commit: the command itself was not done yet, decide it again after this commit.
    pub again: bool,
    /// Why, in full, where the context asked for it.
    pub trace: super::Trace,
}

/// Sizes and counts a desk accepts. Going beyond one is a typed refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a subject.
    pub subject: usize,
    /// Bytes of a description; the ticket keeps it whole.
    pub description: usize,
    /// Bytes of a message body.
    pub body: usize,
    /// Attachments of a message.
    pub attachments: usize,
    /// Tags of a ticket.
    pub tags: usize,
    /// Links of a ticket.
    pub links: usize,
    /// Watchers of a ticket.
    pub watchers: usize,
    /// Custom fields of a ticket, in bytes altogether.
    pub fields: usize,
    /// Bytes of a ticket besides its custom fields.
    pub ticket: usize,
    /// Bytes of a name, an id, a reason.
    pub name: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            subject: 512,
            description: 4_096,
            body: 65_536,
            attachments: 32,
            tags: 64,
            links: 64,
            watchers: 32,
            fields: 65_536,
            ticket: 16_384,
            name: 256,
        }
    }
}
