//! Commands: load, decide, commit, try again.

use super::host::{describe, lock};
use super::queue::Full;
use super::{Desk, Error};
use crate::condition::{Customer, Path};
use crate::engine::{Case, Command, Context, Decided, Decision, Inbound, Needs, Refusal, Related, Trace, What, decide};
use crate::id::*;
use crate::insight::messages;
use crate::playbook::Playbook;
use crate::routing::{Held, Holdings, Roster};
use crate::rules::Suspended;
use crate::store::{Claim, Commit, Limit, Outcome, Query, Receipt, Store as _, StoreExt as _};
use crate::ticket::{Actor, MessageRef, Ticket, Value};
use std::sync::Arc;

/// How often a command is decided anew after a conflict.
const TRIES: u32 = 16;
/// How often an assignment is tried anew after a lost race for a slot (DESIGN 3).
const SLOT_TRIES: usize = 8;
/// How often a decision may ask for more facts: about itself a few times, and then about one generation of related tickets after the other.
const ROUNDS: u32 = 32;
/// Most commits that catch one ticket up before its command: 64 firings each.
const CATCH_UPS: u32 = 64;
/// Human numbers reserved at a time.
const BLOCK: u32 = 100;

/// A command's result.
#[derive(Clone, Debug)]
pub struct Done {
    /// The ticket afterwards; an agent may have been found for it already.
    pub ticket: Arc<Ticket>,
    /// The other tickets of the same commit: a child that was made, a parent that was told, a survivor.
    pub others: Vec<Arc<Ticket>>,
    /// What the store acknowledged; none where there was nothing to do.
    pub receipt: Option<Receipt>,
    /// The same command had been done before; this is its first answer.
    pub repeated: bool,
}

/// What a command would do.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The ticket as it would be.
    pub ticket: Arc<Ticket>,
    /// The commit that would be made.
    pub commit: Commit,
    /// Why, in full.
    pub trace: Trace,
}

/// What one attempt at a decision needs besides the command.
pub(super) struct Now {
    pub playbook: Arc<Playbook>,
    /// Those before it, the newest first.
    pub older: Arc<Vec<Arc<Playbook>>>,
    /// Those that are, or were, active for some tickets only.
    pub trials: Arc<Vec<super::trial::Trial>>,
    pub roster: Arc<Roster>,
    /// Rules that are, and were, suspended.
    pub suspended: Arc<Suspended>,
    pub at: UtcInstant,
}

impl Desk {
    pub(super) fn at(&self, at: UtcInstant) -> Now {
        let suspended = self.suspended();
        let kept = lock(&self.0.kept);
        let (playbook, older, trials) = (kept.playbook.clone(), kept.older.clone(), kept.trials.clone());
        Now { playbook, older, trials, roster: kept.roster.clone(), suspended, at: at_door(at) }
    }

    /// Does a command. Repeated with the same key, it gets its first answer and is done once.
    ///
    /// A ticket that comes out of it queued is given to an agent at once, if one is free: in a commit of its own, so that a crash in
    /// between leaves it queued and [`Desk::sweep`] goes on.
    ///
    /// # Errors
    /// [`Error::Refused`] with all reasons, nothing changed; or the host's trouble, see [`Error::retryable`].
    pub async fn submit(&self, command: Command) -> Result<Done, Error> {
        let done = self.submit_only(&command).await?;
        if done.repeated { Ok(done) } else { self.follow_up(done).await }
    }

    /// Places an incoming message: a new ticket, or onto the one it belongs to (S80).
    ///
    /// # Errors
    /// As [`Desk::submit`].
    pub async fn receive(&self, inbound: Inbound) -> Result<Done, Error> {
        self.submit(Command::receive(inbound)).await
    }

    /// Many commands, each by itself (S15), in order; the results stand in the same order.
    pub async fn bulk(&self, commands: Vec<Command>) -> Vec<Result<Done, Error>> {
        let mut results = Vec::with_capacity(commands.len());
        for c in commands {
            results.push(self.submit(c).await);
        }
        results
    }

    /// Many commands, all or none: decided first, and only if none is refused, done in one commit.
    ///
    /// Each ticket may be named once. Repeated with the same key, it gets its first answer: the tickets it wrote, as they stand now.
    ///
    /// # Errors
    /// The index and error of the first command that cannot be done; nothing is stored then.
    pub async fn bulk_or_none(&self, key: CommitId, commands: Vec<Command>) -> Result<Vec<Arc<Ticket>>, (usize, Error)> {
        let first = self.0.store.receipts(std::slice::from_ref(&key)).await.map_err(|e| (0, e.into()))?;
        if let Some(receipt) = first.into_iter().next().flatten() {
            return self.written_by(&receipt).await.map_err(|e| (0, e));
        }
        let mut taken: Vec<Claim> = Vec::new();
        let mut all = Commit { id: key.clone(), at: at_door(self.now()), writes: Vec::new(), reads: Vec::new(), effects: Vec::new() };
        let mut tickets = Vec::new();
        for (i, command) in commands.iter().enumerate() {
            let decided = self.decided(command, &self.at(self.now()), None, &taken).await.map_err(|e| (i, e))?;
            if decided.again {
                let refusal = Refusal::one(
                    "behind",
                    crate::diagnostic::text("much is due on this ticket; sweep first", "该工单积压过多，请先 sweep"),
                );
                return Err((i, Error::Refused(refusal)));
            }
            let twice = decided.commit.writes.iter().any(|w| all.writes.iter().any(|x| x.ticket.id == w.ticket.id));
            if twice {
                let refusal =
                    Refusal::one("twice", crate::diagnostic::text("the ticket is named twice in one bulk", "同一批次中重复出现同一工单"));
                return Err((i, Error::Refused(refusal)));
            }
            for w in decided.commit.writes {
                let mut entry = (*w.entry).clone();
                entry.commit = key.clone();
                // What one command takes, the next one finds taken.
                taken.extend(w.takes.iter().cloned());
                all.writes.push(crate::store::Write { entry: Arc::new(entry), ..w });
            }
            all.reads.extend(decided.commit.reads);
            all.effects.extend(decided.commit.effects);
            tickets.push(decided.ticket);
        }
        if all.writes.is_empty() {
            return Ok(tickets);
        }
        let entries: Vec<_> = all.writes.iter().map(|w| w.entry.clone()).collect();
        let last = commands.len().saturating_sub(1);
        match self.commit_one(all).await.map_err(|e| (last, e))? {
            Outcome::Stored(_) => {
                self.publish(entries.iter());
                Ok(tickets)
            }
            Outcome::Duplicate(receipt) => self.written_by(&receipt).await.map_err(|e| (last, e)),
            Outcome::Conflict { ticket, .. } => {
                let at = tickets.iter().position(|t| t.id == ticket).unwrap_or(last);
                Err((at, Error::Conflict { ticket, tries: 1 }))
            }
            Outcome::Taken(claim) => {
                let at = tickets.iter().position(|t| t.assignee.as_ref() == Some(&claim.agent)).unwrap_or(last);
                Err((at, Error::Conflict { ticket: tickets.get(at).map_or(TicketId::from_u128(0), |t| t.id), tries: 1 }))
            }
            Outcome::Failed(e) => Err((last, e.into())),
        }
    }

    /// What a command would do: the same decision, nothing written.
    ///
    /// # Errors
    /// As [`Desk::submit`].
    pub async fn preview(&self, command: &Command) -> Result<Preview, Error> {
        let d = self.decide_now(command, &self.at(self.now()), None, &[], true).await?;
        Ok(Preview { ticket: d.ticket, commit: d.commit, trace: d.trace })
    }

    pub(super) async fn submit_only(&self, command: &Command) -> Result<Done, Error> {
        if let Some(receipt) = self.0.store.receipts(std::slice::from_ref(&command.key)).await?.into_iter().next().flatten() {
            return self.repeated(receipt, command).await;
        }
        let mut taken: Vec<Claim> = Vec::new();
        let mut caught_up = 0u32;
        let mut tries = 0u32;
        loop {
            let decided = self.decided(command, &self.at(self.now()), None, &taken).await?;
            if decided.commit.writes.is_empty() {
                return Ok(Done { ticket: decided.ticket, others: Vec::new(), receipt: None, repeated: false });
            }
            let entries: Vec<_> = decided.commit.writes.iter().map(|w| w.entry.clone()).collect();
            let others = decided.commit.writes.iter().map(|w| &w.ticket).filter(|t| t.id != decided.ticket.id).cloned().collect();
            match self.commit_one(decided.commit).await? {
                Outcome::Stored(receipt) => {
                    self.publish(entries.iter());
                    if !decided.again {
                        return Ok(Done { ticket: decided.ticket, others, receipt: Some(receipt), repeated: false });
                    }
                    caught_up = caught_up.saturating_add(1);
                    if caught_up > CATCH_UPS {
                        return Err(Error::Conflict { ticket: decided.ticket.id, tries: caught_up });
                    }
                }
                // Somebody caught it up in the meantime.
                Outcome::Duplicate(_) if decided.again => {
                    caught_up = caught_up.saturating_add(1);
                    if caught_up > CATCH_UPS {
                        return Err(Error::Conflict { ticket: decided.ticket.id, tries: caught_up });
                    }
                }
                Outcome::Duplicate(receipt) => return self.repeated(receipt, command).await,
                Outcome::Conflict { ticket, .. } => {
                    tries = tries.saturating_add(1);
                    if tries >= TRIES {
                        return Err(Error::Conflict { ticket, tries });
                    }
                }
                Outcome::Taken(claim) => {
                    if taken.len() >= SLOT_TRIES && command.what == What::Route {
                        // The ticket stays queued; the sweep or the next free agent goes on.
                        let ticket = self.load(decided.ticket.id).await?;
                        return Ok(Done { ticket, others: Vec::new(), receipt: None, repeated: false });
                    }
                    tries = tries.saturating_add(1);
                    if tries >= TRIES {
                        return Err(Error::Conflict { ticket: decided.ticket.id, tries });
                    }
                    taken.push(claim);
                }
                Outcome::Failed(e) => return Err(e.into()),
            }
        }
    }

    /// The tickets a commit wrote, as they stand now.
    async fn written_by(&self, receipt: &Receipt) -> Result<Vec<Arc<Ticket>>, Error> {
        let ids: Vec<TicketId> = receipt.tickets.iter().map(|(id, _)| *id).collect();
        Ok(self.0.store.load(&ids).await?.into_iter().flatten().collect())
    }

    async fn repeated(&self, receipt: Receipt, command: &Command) -> Result<Done, Error> {
        // Of several, the one that was asked about.
        let asked = command.ticket.filter(|id| receipt.tickets.iter().any(|(t, _)| t == id));
        let id = asked.or_else(|| receipt.tickets.first().map(|(id, _)| *id)).unwrap_or(TicketId::from_u128(0));
        let others = self.written_by(&receipt).await?.into_iter().filter(|t| t.id != id).collect();
        Ok(Done { ticket: self.load(id).await?, others, receipt: Some(receipt), repeated: true })
    }

    pub(super) async fn load(&self, id: TicketId) -> Result<Arc<Ticket>, Error> {
        self.0.store.load_one(id).await?.ok_or_else(|| no_ticket(id))
    }

    /// Finds agents for the tickets that wait for one.
    pub(super) async fn follow_up(&self, mut done: Done) -> Result<Done, Error> {
        for ticket in std::iter::once(&mut done.ticket).chain(&mut done.others) {
            // Missed here, it is made good with the next command.
            if let Ok(Some(adopted)) = self.follow_trial(ticket).await {
                *ticket = adopted;
            }
            // The command itself is done and stored; where it cannot be now, the sweep tries again.
            if ticket.queue.as_ref().is_some_and(|q| q.try_now)
                && let Ok(routed) = self.route(ticket).await
            {
                *ticket = routed;
            }
        }
        Ok(done)
    }

    /// One try to find an agent; its key is made of ticket and revision, so that two desks trying at once make one assignment.
    pub(super) async fn route(&self, ticket: &Ticket) -> Result<Arc<Ticket>, Error> {
        let key = format!("route:{}:{}", ticket.id, ticket.revision.get());
        let command = Command::on(ticket.id, key, Actor::System, What::Route);
        Ok(self.submit_only(&command).await?.ticket)
    }

    pub(super) async fn commit_one(&self, commit: Commit) -> Result<Outcome, Error> {
        Ok(self.commit_all(vec![commit]).await?.pop().unwrap_or_else(|| {
            Outcome::Failed(crate::store::StoreError::new(crate::store::StoreErrorKind::Broken, "the store gave no answer to a commit"))
        }))
    }

    pub(super) async fn commit_all(&self, commits: Vec<Commit>) -> Result<Vec<Outcome>, Error> {
        self.0.queue.commit(commits).await.map_err(|Full(waiting)| Error::Overloaded { waiting })
    }

    pub(super) async fn decided(
        &self,
        command: &Command,
        now: &Now,
        ticket: Option<Arc<Ticket>>,
        taken: &[Claim],
    ) -> Result<Decided, Error> {
        self.decide_now(command, now, ticket, taken, false).await
    }

    /// Loads the case and decides.
    async fn decide_now(
        &self,
        command: &Command,
        now: &Now,
        ticket: Option<Arc<Ticket>>,
        taken: &[Claim],
        trace: bool,
    ) -> Result<Decided, Error> {
        let mut case = Case { ticket, taken: taken.to_vec(), ..Case::default() };
        if let (None, Some(id)) = (&case.ticket, command.ticket) {
            case.ticket = Some(self.load(id).await?);
        }
        let governing = match (&case.ticket, &command.what) {
            (Some(t), _) => self.governing(now, t).await?,
            (None, What::Create(new)) => now.for_new(&new.kind),
            (None, What::Receive(inbound)) => now.for_new(&inbound.kind),
            (None, _) => None,
        };
        let now = governing.as_ref().unwrap_or(now);
        if let Some(ticket) = case.ticket.take() {
            case.ticket = Some(self.caught_up(ticket, now, !trace).await?);
        }
        let decided = self.decide_case(&now.playbook, now.at, command, &mut case, now, trace).await?;
        // A message that belongs to a ticket is decided by that ticket's playbook.
        let onto = case.candidates.iter().flatten().find(|t| t.id == decided.ticket.id);
        let Some(other) = (match onto {
            Some(t) => self.governing(now, t).await?.filter(|n| n.playbook.digest() != now.playbook.digest()),
            None => None,
        }) else {
            return Ok(decided);
        };
        self.decide_case(&other.playbook, other.at, command, &mut case, &other, trace).await
    }

    /// Decides by a playbook at an instant, fetching what the decision asks for.
    pub(super) async fn decide_case(
        &self,
        playbook: &Playbook,
        at: UtcInstant,
        command: &Command,
        case: &mut Case,
        now: &Now,
        trace: bool,
    ) -> Result<Decided, Error> {
        let observer = self.0.observer.as_ref().filter(|_| !trace);
        let (limits, running) = (&self.0.limits, self.0.interrupt.begin());
        let trace = trace || observer.is_some();
        let ctx = Context { playbook, roster: &now.roster, now: at, limits, trace, suspended: &now.suspended, running: Some(&running) };
        let mut asked = String::new();
        for _ in 0..=ROUNDS {
            match decide(&ctx, case, command) {
                Decision::Decided(d) => {
                    if let Some(observer) = observer {
                        (observer.0)(&d.trace);
                    }
                    return Ok(*d);
                }
                Decision::Refused(r) => return Err(Error::Refused(r)),
                Decision::Interrupted => return Err(Error::Interrupted),
                Decision::Missing(needs) => {
                    asked = describe(&needs);
                    self.fetch(needs, case, command, now, std::ptr::eq(playbook, &*now.playbook)).await?;
                }
            }
        }
        Err(Error::Unsatisfied(asked))
    }

    /// `active`: for the active playbook. An older one decides of other tickets too only what was due while it was.
    async fn fetch(&self, needs: Needs, case: &mut Case, command: &Command, now: &Now, active: bool) -> Result<(), Error> {
        if let Some(requester) = &needs.customer {
            case.customer = Some(self.customer(&now.playbook, requester, case.ticket.as_deref()).await?);
        }
        if let Some(agents) = &needs.holdings {
            let mut known = agents.iter().fold(Holdings::new(), |all, a| all.with(a, [], None));
            for h in self.0.store.holdings(agents).await? {
                known.set(h.agent, Held { slots: h.slots.into_iter().collect(), last_assigned: h.last_assigned });
            }
            case.holdings = Some(known);
        }
        if needs.candidates
            && let What::Receive(inbound) = &command.what
        {
            case.candidates = Some(self.candidates(inbound, now).await?);
        }
        let related: Vec<TicketId> = needs.related.iter().copied().filter(|id| case.related.iter().all(|r| r.id != *id)).collect();
        if !related.is_empty() {
            let found = self.0.store.load(&related).await?;
            for (id, ticket) in related.into_iter().zip(found) {
                case.related.push(self.related(id, ticket, now, active).await?);
            }
        }
        while case.numbers.len() < needs.numbers {
            case.numbers.push(self.number().await?);
        }
        for requester in &needs.customers {
            if !case.customers.iter().any(|(r, _)| r == requester) {
                let record = self.customer(&now.playbook, requester, None).await?;
                case.customers.push((requester.clone(), record));
            }
        }
        if !needs.messages.is_empty()
            && let Some(id) = case.ticket.as_ref().map(|t| t.id)
        {
            case.messages = Some(self.messages(id, &needs.messages).await?);
        }
        if needs.identity {
            case.new_id.get_or_insert_with(|| self.0.ids.ticket());
            if case.new_number.is_none() {
                case.new_number = Some(self.number().await?);
            }
        }
        Ok(())
    }

    /// Another ticket of a decision, with what it missed under older playbooks made up for, and its requester's record.
    async fn related(&self, id: TicketId, ticket: Option<Arc<Ticket>>, now: &Now, active: bool) -> Result<Related, Error> {
        let Some(ticket) = ticket else { return Ok(Related { id, ticket: None, customer: None }) };
        let ticket = if active { Box::pin(self.caught_up(ticket, now, true)).await? } else { ticket };
        let customer =
            if now.playbook.reads_customer() { self.customer(&now.playbook, &ticket.requester, Some(&ticket)).await? } else { None };
        Ok(Related { id, ticket: Some(ticket), customer })
    }

    /// Messages of a ticket's journal.
    async fn messages(&self, id: TicketId, which: &[(Revision, u32)]) -> Result<Vec<(MessageRef, crate::ticket::Message)>, Error> {
        let mut found = Vec::new();
        let mut entries: Vec<Revision> = which.iter().map(|(r, _)| *r).collect();
        entries.sort_unstable();
        entries.dedup();
        for revision in entries {
            let after = revision.get().checked_sub(1).map(Revision::new);
            let page = self.0.store.journal(id, after, Limit::new(1)).await?;
            let meant = |at: &MessageRef| at.revision == revision && which.contains(&(revision, at.index));
            found.extend(messages(&page.items).filter(|(at, _)| meant(at)).map(|(at, m)| (at, m.clone())));
        }
        Ok(found)
    }

    /// What is known of a requester: the record, and where something reads it, how many other tickets of theirs are open.
    pub(super) async fn customer(
        &self,
        playbook: &Playbook,
        requester: &RequesterId,
        ticket: Option<&Ticket>,
    ) -> Result<Option<Customer>, Error> {
        let mut record = self.0.directory.customer(requester).await?;
        if playbook.reads_open_tickets() {
            let open = self.0.store.count(&Query::new().open().requester(requester), &[]).await?.total;
            let own = u64::from(ticket.is_some_and(|t| t.is_open() && t.requester == *requester));
            let others = i64::try_from(open.saturating_sub(own)).unwrap_or(i64::MAX);
            record.get_or_insert_default().entry(FieldName::new(Path::OPEN_TICKETS)).or_insert(Value::Integer(others));
        }
        Ok(record)
    }

    /// The tickets an incoming message may belong to: by its threads and its own id, by number, by the chat's window.
    async fn candidates(&self, inbound: &Inbound, now: &Now) -> Result<Vec<Arc<Ticket>>, Error> {
        let few = Limit::new(20);
        let mut found: Vec<Arc<Ticket>> = Vec::new();
        let mut queries: Vec<Query> = Vec::new();
        for thread in inbound.threads.iter().take(16).chain(std::iter::once(&inbound.external_id)) {
            queries.push(Query::new().thread(thread));
        }
        if let Some(n) = inbound.number {
            queries.push(Query::new().number(n));
        }
        if now.playbook.schema().channels.get(&inbound.channel).is_some_and(|c| c.window_seconds > 0) {
            queries.push(Query::new().open().requester(&inbound.requester).channel(&inbound.channel));
        }
        for q in queries {
            found.extend(self.0.store.find(&q, None, few).await?.items);
        }
        found.sort_by_key(|t| t.id);
        found.dedup_by_key(|t| t.id);
        // What belongs to a ticket that was merged belongs to the survivor.
        let mut next = 0usize;
        while let Some(into) = found.get(next).map(|t| t.kin.merged_into.map(|into| into.id)) {
            next = next.saturating_add(1);
            if let Some(id) = into.filter(|id| found.iter().all(|t| t.id != *id)) {
                found.extend(self.0.store.load_one(id).await?);
            }
        }
        let mut candidates = Vec::with_capacity(found.len());
        for t in found {
            let there = Box::pin(self.governing(now, &t)).await?;
            candidates.push(Box::pin(self.caught_up(t, there.as_ref().unwrap_or(now), true)).await?);
        }
        Ok(candidates)
    }

    async fn number(&self) -> Result<u64, Error> {
        {
            let mut block = lock(&self.0.numbers);
            if block.0 < block.1 {
                let n = block.0;
                block.0 = n.saturating_add(1);
                return Ok(n);
            }
        }
        let first = self.0.store.reserve_numbers(BLOCK).await?;
        let mut block = lock(&self.0.numbers);
        *block = (first.saturating_add(1), first.saturating_add(u64::from(BLOCK)));
        Ok(first)
    }
}

/// There is no such ticket, or none for who asks.
pub(super) fn no_ticket(id: TicketId) -> Error {
    Error::Refused(Refusal::one("no-ticket", crate::diagnostic::text(format!("there is no ticket {id}"), format!("没有工单 {id}"))))
}
