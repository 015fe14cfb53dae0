//! The desk for callers without an executor: the same methods, on the calling thread.

use super::block::block_on;
use super::{Delivered, Desk, Done, Error, Health, Preview, Recalculation, Subset, Swapped, Swept};
use crate::engine::{ApprovalView, Authorization, Command, CreationForm, Explanation, Form, Inbound, Offer, What};
use crate::id::*;
use crate::insight::{Backlog, Board, BoardDefinition, Projection, RequesterView};
use crate::playbook::{Migration, Playbook};
use crate::routing::Roster;
use crate::rules::Suspended;
use crate::store::{AnyStore, Axis, Counts, Cursor, Limit, Page, Query};
use crate::ticket::{Actor, Entry, Ticket};
use std::sync::{Arc, mpsc::Receiver};

/// A [`Desk`] whose methods block. Many threads may use it at once; their commits are grouped. Do not call it from inside an executor's
/// thread: it would park it.
#[derive(Clone, Debug)]
pub struct Blocking(pub(super) Desk);

impl Blocking {
    /// The desk itself.
    pub fn desk(&self) -> &Desk {
        &self.0
    }
    /// [`Desk::playbook`]: the playbook in force.
    pub fn playbook(&self) -> Arc<Playbook> {
        self.0.playbook()
    }
    /// [`Desk::roster`]: people and what they can do, as last fetched.
    pub fn roster(&self) -> Arc<Roster> {
        self.0.roster()
    }
    /// [`Desk::store`]: the store itself.
    pub fn store(&self) -> &AnyStore {
        self.0.store()
    }
    /// [`Desk::subscribe`]: hears of every entry.
    pub fn subscribe(&self) -> Receiver<Arc<Entry>> {
        self.0.subscribe()
    }
    /// The clock's now.
    pub fn now(&self) -> UtcInstant {
        self.0.now()
    }
    /// [`Desk::bulk`]: each by itself.
    pub fn bulk(&self, commands: Vec<Command>) -> Vec<Result<Done, Error>> {
        block_on(self.0.bulk(commands))
    }
    /// [`Desk::bulk_or_none`]: all or none.
    ///
    /// # Errors
    /// As there.
    pub fn bulk_or_none(&self, key: CommitId, commands: Vec<Command>) -> Result<Vec<Arc<Ticket>>, (usize, Error)> {
        block_on(self.0.bulk_or_none(key, commands))
    }
    /// [`Desk::preview_migration`]: what a migration would do.
    ///
    /// # Errors
    /// As there.
    pub fn preview_migration(&self, migration: &Migration, most: usize) -> Result<super::MigrationPreview, Error> {
        block_on(self.0.preview_migration(migration, most))
    }
    /// [`Desk::begin_migration`].
    ///
    /// # Errors
    /// As there.
    pub fn begin_migration(&self, migration: &Migration) -> Result<super::Migrating, Error> {
        self.0.begin_migration(migration)
    }
    /// [`Desk::undo_migration`].
    pub fn undo_migration(&self, migration: &Migration) -> super::Migrating {
        self.0.undo_migration(migration)
    }
    /// [`Desk::migrate`]: goes on with a migration.
    ///
    /// # Errors
    /// As there.
    pub fn migrate(&self, state: &mut super::Migrating, most: usize) -> Result<(), Error> {
        block_on(self.0.migrate(state, most))
    }
    /// [`Desk::health`].
    pub fn health(&self) -> Health {
        block_on(self.0.health())
    }
    /// [`Desk::refresh_roster`]: fetches the roster again.
    ///
    /// # Errors
    /// As there.
    pub fn refresh_roster(&self) -> Result<(), Error> {
        block_on(self.0.refresh_roster())
    }
    /// [`Desk::on_availability`]: lets what an agent's absence means for tickets and tasks happen.
    ///
    /// # Errors
    /// As there.
    pub fn on_availability(&self, agent: &AgentId) -> Result<u64, Error> {
        block_on(self.0.on_availability(agent))
    }
    /// [`Desk::suspend`]: suspends a rule.
    ///
    /// # Errors
    /// As there.
    pub fn suspend(&self, rule: impl Into<RuleName>, by: Actor, reason: impl Into<String>) -> Result<bool, Error> {
        block_on(self.0.suspend(rule, by, reason))
    }
    /// [`Desk::resume`]: ends a rule's suspension.
    ///
    /// # Errors
    /// As there.
    pub fn resume(&self, rule: impl Into<RuleName>, by: Actor, reason: impl Into<String>) -> Result<bool, Error> {
        block_on(self.0.resume(rule, by, reason))
    }
    /// [`Desk::refresh_suspended`]: reads anew which rules are suspended.
    ///
    /// # Errors
    /// As there.
    pub fn refresh_suspended(&self) -> Result<(), Error> {
        block_on(self.0.refresh_suspended())
    }
    /// [`Desk::interrupt`]: ends what is being decided.
    pub fn interrupt(&self) {
        self.0.interrupt();
    }
    /// [`Desk::suspended`].
    pub fn suspended(&self) -> Arc<Suspended> {
        self.0.suspended()
    }
    /// [`Desk::submit`]: does a command.
    ///
    /// # Errors
    /// As there.
    pub fn submit(&self, command: Command) -> Result<Done, Error> {
        block_on(self.0.submit(command))
    }
    /// [`Desk::receive`]: places an incoming message.
    ///
    /// # Errors
    /// As there.
    pub fn receive(&self, inbound: Inbound) -> Result<Done, Error> {
        block_on(self.0.receive(inbound))
    }
    /// [`Desk::preview`]: what a command would do; nothing is written.
    ///
    /// # Errors
    /// As there.
    pub fn preview(&self, command: &Command) -> Result<Preview, Error> {
        block_on(self.0.preview(command))
    }
    /// [`Desk::ticket`]: a ticket.
    ///
    /// # Errors
    /// As there.
    pub fn ticket(&self, id: TicketId) -> Result<Arc<Ticket>, Error> {
        block_on(self.0.ticket(id))
    }
    /// [`Desk::journal`]: a ticket's journal.
    ///
    /// # Errors
    /// As there.
    pub fn journal(&self, id: TicketId) -> Result<Vec<Entry>, Error> {
        block_on(self.0.journal(id))
    }
    /// [`Desk::find`]: tickets of a query.
    ///
    /// # Errors
    /// As there.
    pub fn find(&self, query: &Query, after: Option<&Cursor>, limit: Limit) -> Result<Page<Arc<Ticket>, Cursor>, Error> {
        block_on(self.0.find(query, after, limit))
    }
    /// [`Desk::count`]: how many tickets, by axes.
    ///
    /// # Errors
    /// As there.
    pub fn count(&self, query: &Query, by: &[Axis]) -> Result<Counts, Error> {
        block_on(self.0.count(query, by))
    }
    /// [`Desk::verify`]: whether a ticket's bookkeeping follows from its facts.
    ///
    /// # Errors
    /// As there.
    pub fn verify(&self, id: TicketId) -> Result<Option<crate::sla::Unverified>, Error> {
        block_on(self.0.verify(id))
    }
    /// [`Desk::board`]: a board as it is now.
    ///
    /// # Errors
    /// As there.
    pub fn board(&self, definition: &BoardDefinition) -> Result<Board, Error> {
        block_on(self.0.board(definition))
    }
    /// [`Desk::backlog`]: what is left to do, counted.
    ///
    /// # Errors
    /// As there.
    pub fn backlog(&self, query: &Query) -> Result<Backlog, Error> {
        block_on(self.0.backlog(query))
    }
    /// [`Desk::requester_view`]: a ticket as its requester may see it.
    ///
    /// # Errors
    /// As there.
    pub fn requester_view(&self, id: TicketId, requester: &RequesterId, projection: &Projection) -> Result<RequesterView, Error> {
        block_on(self.0.requester_view(id, requester, projection))
    }
    /// [`Desk::explain`]: why the ticket came to be as it is.
    ///
    /// # Errors
    /// As there.
    pub fn explain(&self, id: TicketId, revision: Revision) -> Result<Option<Explanation>, Error> {
        block_on(self.0.explain(id, revision))
    }
    /// [`Desk::available`]: what an actor may do now, and why not the rest.
    ///
    /// # Errors
    /// As there.
    pub fn available(&self, id: TicketId, actor: &Actor) -> Result<Vec<Offer>, Error> {
        block_on(self.0.available(id, actor))
    }
    /// [`Desk::form`]: what an actor is asked for with a transition.
    ///
    /// # Errors
    /// As there.
    pub fn form(&self, id: TicketId, transition: &TransitionName, actor: &Actor) -> Result<Option<Form>, Error> {
        block_on(self.0.form(id, transition, actor))
    }
    /// [`Desk::approvals`]: where each approval stands, and what would still grant it.
    ///
    /// # Errors
    /// As there.
    pub fn approvals(&self, id: TicketId, actor: &Actor) -> Result<Vec<ApprovalView>, Error> {
        block_on(self.0.approvals(id, actor))
    }
    /// [`Desk::may`]: whether an actor may give a command, and which right says so.
    ///
    /// # Errors
    /// As there.
    pub fn may(&self, id: TicketId, actor: &Actor, what: &What) -> Result<Authorization, Error> {
        block_on(self.0.may(id, actor, what))
    }
    /// [`Desk::creation_form`]: what an actor is asked for with a new ticket.
    pub fn creation_form(&self, kind: &TypeName, actor: &Actor) -> Option<CreationForm> {
        self.0.creation_form(kind, actor)
    }
    /// [`Desk::sweep`]: lets everything happen that is due before now.
    ///
    /// # Errors
    /// As there.
    pub fn sweep(&self, now: UtcInstant) -> Result<Swept, Error> {
        block_on(self.0.sweep(now))
    }
    /// [`Desk::dispatch`]: gives queued tickets to free agents.
    ///
    /// # Errors
    /// As there.
    pub fn dispatch(&self) -> Result<u64, Error> {
        block_on(self.0.dispatch())
    }
    /// [`Desk::watch`]: looks at the desk's watches.
    ///
    /// # Errors
    /// As there.
    pub fn watch(&self, now: UtcInstant) -> Result<super::Watched, Error> {
        block_on(self.0.watch(now))
    }
    /// [`Desk::next_wake`]: when the next thing happens by itself.
    ///
    /// # Errors
    /// As there.
    pub fn next_wake(&self) -> Result<Option<UtcInstant>, Error> {
        block_on(self.0.next_wake())
    }
    /// [`Desk::deliver`]: delivers effects.
    ///
    /// # Errors
    /// As there.
    pub fn deliver(&self, most: usize) -> Result<Delivered, Error> {
        block_on(self.0.deliver(most))
    }
    /// [`Desk::swap`]: activates another playbook.
    ///
    /// # Errors
    /// As there.
    pub fn swap(&self, playbook: Playbook) -> Result<Swapped, Error> {
        block_on(self.0.swap(playbook))
    }
    /// [`Desk::begin_trial`]: activates a playbook for some tickets.
    ///
    /// # Errors
    /// As there.
    pub fn begin_trial(&self, playbook: Playbook, subset: Subset) -> Result<Swapped, Error> {
        block_on(self.0.begin_trial(playbook, subset))
    }
    /// [`Desk::end_trials`]: their tickets go by the desk's own playbook again.
    ///
    /// # Errors
    /// As there.
    pub fn end_trials(&self) -> Result<Option<Swapped>, Error> {
        block_on(self.0.end_trials())
    }
    /// [`Desk::recalculate`]: goes on with a recalculation.
    ///
    /// # Errors
    /// As there.
    pub fn recalculate(&self, state: &mut Recalculation, most: usize) -> Result<(), Error> {
        block_on(self.0.recalculate(state, most))
    }
}
