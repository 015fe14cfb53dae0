//! Reading: tickets, journals, explanations, what may be done, how the desk is.

use super::host::lock;
use super::{Desk, Error, RuleHealth};
use crate::calendar::Calendars;
use crate::condition::Customer;
use crate::engine::{
    ApprovalView, Authorization, Context, CreationForm, Explanation, Form, Offer, What, approvals, authorize, available, creation_form,
    explain_with, form,
};
use crate::id::*;
use crate::insight::{Backlog, Board, BoardDefinition, Projection, RequesterView};
use crate::playbook::Playbook;
use crate::sla::{Unverified, verify_with};
use crate::store::{Axis, Capabilities, Counts, Cursor, Limit, Page, Query, Store as _, StoreExt as _};
use crate::ticket::{Actor, Entry, Ticket};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How a desk is.
#[derive(Clone, Debug)]
pub struct Health {
    /// The store.
    pub store: Capabilities,
    /// The store answered just now.
    pub store_answers: bool,
    /// Commits waiting for the store.
    pub waiting: usize,
    /// When the next thing happens by itself.
    pub next_wake: Option<UtcInstant>,
    /// By how many seconds the sweep is behind, if it is.
    pub behind_seconds: i64,
    /// The active playbook.
    pub playbook: Digest,
    /// Agents known.
    pub agents: usize,
    /// Subscribers dropped because they fell behind.
    pub lost_subscribers: u64,
    /// Rules that failed in this process, or are suspended (S24).
    pub rules: BTreeMap<RuleName, RuleHealth>,
}

impl Desk {
    /// A ticket.
    ///
    /// # Errors
    /// A refusal `no-ticket`, or the store failed.
    pub async fn ticket(&self, id: TicketId) -> Result<Arc<Ticket>, Error> {
        self.load(id).await
    }
    /// A ticket's journal, oldest entry first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn journal(&self, id: TicketId) -> Result<Vec<Entry>, Error> {
        Ok(self.0.store.whole_journal(id).await?)
    }
    /// Repeats all SLA bookkeeping of a ticket from the facts of its journal (S56), each entry by the playbook that decided it; none where it comes out the same.
    ///
    /// Playbooks at hand are the active one and those swapped out since the desk was opened, or given to [`super::Builder::older_playbook`].
    ///
    /// # Errors
    /// A refusal `no-ticket`, or the store failed.
    pub async fn verify(&self, id: TicketId) -> Result<Option<Unverified>, Error> {
        self.load(id).await?;
        let journal = self.journal(id).await?;
        let playbooks = self.at_hand();
        let books: Vec<(&Playbook, Calendars)> = playbooks
            .iter()
            .map(|p| {
                let mut calendars = p.calendars().clone();
                playbooks.iter().for_each(|other| calendars.carry(other.calendars()));
                (&**p, calendars)
            })
            .collect();
        let book = |digest: &Digest| books.iter().find(|(p, _)| p.digest() == *digest).map(|(p, c)| (p.agreements(), c));
        Ok(verify_with(&journal, book).err())
    }
    /// Tickets of a query, a page at a time.
    ///
    /// # Errors
    /// The store failed.
    pub async fn find(&self, query: &Query, after: Option<&Cursor>, limit: Limit) -> Result<Page<Arc<Ticket>, Cursor>, Error> {
        Ok(self.0.store.find(query, after, limit).await?)
    }
    /// How many tickets, by axes.
    ///
    /// # Errors
    /// The store failed.
    pub async fn count(&self, query: &Query, by: &[Axis]) -> Result<Counts, Error> {
        Ok(self.0.store.count(query, by).await?)
    }
    /// A board as it is now (S62, S74): its columns with cards, flags and counts. It goes over all tickets it is about, page by page; while tickets move meanwhile, each stands where it was
    /// when its page was read.
    ///
    /// # Errors
    /// The store failed, or the board's filter did.
    pub async fn board(&self, definition: &BoardDefinition) -> Result<Board, Error> {
        let (now, playbook) = (self.now(), self.playbook());
        let mut board = Board::new(definition, &playbook, now);
        self.each(&definition.query(now), |t| board.add(&playbook, t)).await?;
        Ok(board)
    }
    /// The open tickets of a query, counted by state, group, category and age (S74). For where it grows, see [`Backlog::growing`].
    ///
    /// # Errors
    /// The store failed.
    pub async fn backlog(&self, query: &Query) -> Result<Backlog, Error> {
        let now = self.now();
        let mut backlog = Backlog::default();
        let open = Query { open: true, ..query.clone() };
        self.each(&open, |t| backlog.add(t, now)).await?;
        Ok(backlog)
    }
    async fn each(&self, query: &Query, mut of: impl FnMut(&Ticket) + Send) -> Result<(), Error> {
        let mut after = None;
        loop {
            let page = self.find(query, after.as_ref(), Limit::MAX).await?;
            page.items.iter().for_each(|t| of(t));
            if !page.more || page.next.is_none() {
                return Ok(());
            }
            after = page.next;
        }
    }
    /// A ticket as its requester may see it (S68); for anybody else there is no such ticket.
    ///
    /// # Errors
    /// A refusal `no-ticket`, or the store failed.
    pub async fn requester_view(&self, id: TicketId, requester: &RequesterId, projection: &Projection) -> Result<RequesterView, Error> {
        let ticket = self.load(id).await?;
        let journal = self.journal(id).await?;
        let playbook = self.playbook();
        let own = (ticket.requester == *requester).then(|| RequesterView::of(&journal, &playbook, projection, self.now()));
        own.flatten().ok_or_else(|| super::submit::no_ticket(id))
    }
    /// Why the ticket came to be as it is at a revision; none if it never had that revision.
    ///
    /// # Errors
    /// The store failed.
    pub async fn explain(&self, id: TicketId, revision: Revision) -> Result<Option<Explanation>, Error> {
        let journal = self.journal(id).await?;
        let decided_by = journal.iter().find(|e| e.revision == revision).map(|e| e.playbook);
        let playbook = self.at_hand().into_iter().find(|p| Some(p.digest()) == decided_by).unwrap_or_else(|| self.playbook());
        let ticket = Ticket::fold(&journal).filter(|_| playbook.reads_customer());
        // An explanation without the customer record is better than none.
        let customer = match ticket {
            Some(t) => self.customer(&playbook, &t.requester, Some(&t)).await.ok().flatten(),
            None => None,
        };
        Ok(explain_with(&playbook, &journal, revision, customer.as_ref(), &self.suspended()))
    }
    /// The transitions from the ticket's state for an actor: what is possible now, and for the rest, every reason why not.
    ///
    /// # Errors
    /// No such ticket, or store or Directory failed.
    pub async fn available(&self, id: TicketId, actor: &Actor) -> Result<Vec<Offer>, Error> {
        self.looking(id, |ctx, ticket, customer| available(ctx, ticket, actor, customer)).await
    }
    /// The form of a transition for an actor: its fields with kind, options and present value, whether a comment is needed, and what no answer removes. None where no transition of this
    /// name leaves the ticket's state.
    ///
    /// # Errors
    /// No such ticket, or store or Directory failed.
    pub async fn form(&self, id: TicketId, transition: &TransitionName, actor: &Actor) -> Result<Option<Form>, Error> {
        self.looking(id, |ctx, ticket, customer| form(ctx, ticket, transition, actor, customer)).await
    }
    /// The approvals of the ticket's workflow, for an actor: where each stands, who voted, who is asked, and what would still grant it.
    ///
    /// # Errors
    /// No such ticket, or store or Directory failed.
    pub async fn approvals(&self, id: TicketId, actor: &Actor) -> Result<Vec<ApprovalView>, Error> {
        self.looking(id, |ctx, ticket, customer| approvals(ctx, ticket, actor, customer)).await
    }
    /// Whether an actor may give a command on a ticket, and which right says so: [`crate::engine::authorize`].
    ///
    /// # Errors
    /// No such ticket, or store or Directory failed.
    pub async fn may(&self, id: TicketId, actor: &Actor, what: &What) -> Result<Authorization, Error> {
        self.looking(id, |ctx, ticket, _| authorize(ctx, actor, what, Some(ticket))).await
    }
    /// What an actor is asked for with a new ticket of a type: its fields, templates and initial states; none where there is no such type.
    pub fn creation_form(&self, kind: &TypeName, actor: &Actor) -> Option<CreationForm> {
        let now = self.at(self.now());
        let there = now.for_new(kind);
        creation_form(&self.context(there.as_ref().unwrap_or(&now)), kind, actor)
    }
    /// What a question is answered from.
    fn context<'n>(&'n self, now: &'n super::submit::Now) -> Context<'n> {
        Context {
            playbook: &now.playbook,
            roster: &now.roster,
            now: now.at,
            limits: &self.0.limits,
            trace: false,
            suspended: &now.suspended,
            running: None,
        }
    }
    /// Answers a question about a ticket as it is.
    async fn looking<T>(&self, id: TicketId, ask: impl FnOnce(&Context<'_>, &Ticket, Option<&Customer>) -> T + Send) -> Result<T, Error> {
        let ticket = self.load(id).await?;
        let now = self.at(self.now());
        let there = self.governing(&now, &ticket).await?;
        let now = there.unwrap_or(now);
        let reads = now.playbook.reads_customer();
        let customer = if reads { self.customer(&now.playbook, &ticket.requester, Some(&ticket)).await? } else { None };
        Ok(ask(&self.context(&now), &ticket, customer.as_ref()))
    }
    /// How the desk is. Never fails: what cannot be known is said.
    pub async fn health(&self) -> Health {
        let wake = self.next_wake().await;
        let (playbook, agents, lost_subscribers) = {
            let kept = lock(&self.0.kept);
            (kept.playbook.digest(), kept.roster.agents().count(), kept.lost_subscribers)
        };
        let next_wake = wake.as_ref().ok().copied().flatten();
        let behind = next_wake.map_or(0, |w| self.now().signed_duration_since(w).num_seconds().max(0));
        Health {
            store: self.0.store.capabilities(),
            store_answers: wake.is_ok(),
            waiting: self.0.queue.waiting(),
            next_wake,
            behind_seconds: behind,
            playbook,
            agents,
            lost_subscribers,
            rules: lock(&self.0.record).health(),
        }
    }
}
