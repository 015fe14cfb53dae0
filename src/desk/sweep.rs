//! What happens by itself: timers, queues, deliveries.

use super::host::lock;
use super::{Delivery, Desk, Error};
use crate::engine::{Command, What};
use crate::id::*;
use crate::store::{Lease, Limit, Outcome, Query, Settled, Slice, Store as _, StoreExt as _};
use crate::ticket::{Actor, Ticket};
use chrono::TimeDelta;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long a sweeper may hold a ticket, in seconds.
const LEASE: u32 = 60;

/// Tickets ticked in one group.
const BATCH: usize = 100;

/// What a sweep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Tickets on which something fired.
    pub fired: u64,
    /// Tickets that got an agent.
    pub assigned: u64,
    /// Tickets that could not be handled now, each with why; their lease runs out and the next sweep tries again.
    pub failed: Vec<(TicketId, String)>,
    /// What the desk's watches came to, where they were looked at.
    pub watched: super::Watched,
}

/// What a delivery round did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Out.
    pub done: u64,
    /// To be tried again.
    pub later: u64,
    /// Given up.
    pub never: u64,
}

impl Desk {
    /// Lets everything happen that is due strictly before `now`, then gives queued tickets to free agents and looks at the desk's watches.
    ///
    /// Several desks may sweep one store at once; leases keep them apart.
    ///
    /// # Errors
    /// The store failed. Single tickets that fail are reported in the result and do not stop the sweep.
    pub async fn sweep(&self, now: UtcInstant) -> Result<Swept, Error> {
        let now = at_door(now);
        let mut swept = Swept::default();
        self.refresh_suspended().await?;
        loop {
            let lease = Lease::for_seconds(self.0.name.clone(), now, LEASE);
            let due = self.0.store.due(now, lease, Slice::ALL, Limit::new(BATCH)).await?;
            if due.is_empty() {
                break;
            }
            let due: Vec<TicketId> = due.iter().map(|d| d.ticket).collect();
            self.tick_all(&due, now, &mut swept).await?;
        }
        self.tick_earlier(now, &mut swept).await?;
        swept.assigned = swept.assigned.saturating_add(self.dispatch().await?);
        if self.watch_due().is_some_and(|due| due <= now) {
            swept.watched = self.watch(now).await?;
        }
        self.suspend_failing().await?;
        Ok(swept)
    }

    /// Ticks the tickets that a change of the playbook lets wake earlier than the store knows. Two sweeps at once may both try one; one of them finds it done.
    async fn tick_earlier(&self, now: UtcInstant, swept: &mut Swept) -> Result<(), Error> {
        let mut place = None;
        loop {
            let mut batch: Vec<(UtcInstant, TicketId)> = Vec::new();
            {
                let mut earlier = lock(&self.0.earlier);
                while let Some(next) = earlier.after(place).filter(|(at, _)| *at < now && batch.len() < BATCH) {
                    batch.push(next);
                    place = Some(next);
                }
            }
            if batch.is_empty() {
                return Ok(());
            }
            let ids: Vec<TicketId> = batch.iter().map(|(_, id)| *id).collect();
            let failed = swept.failed.len();
            self.tick_all(&ids, now, swept).await?;
            let failed = swept.failed.get(failed..).unwrap_or_default();
            let mut earlier = lock(&self.0.earlier);
            for (at, id) in batch {
                if earlier.get(id) == Some(at) && !failed.iter().any(|(f, _)| *f == id) {
                    earlier.set(id, None);
                }
            }
        }
    }

    /// Ticks a batch of due tickets in one group.
    async fn tick_all(&self, due: &[TicketId], now: UtcInstant, swept: &mut Swept) -> Result<(), Error> {
        let tickets = self.0.store.load(due).await?;
        let moment = self.at(now);
        let mut commits = Vec::new();
        let mut made: Vec<(Command, Vec<Arc<crate::ticket::Entry>>, Arc<Ticket>)> = Vec::new();
        let mut queued: Vec<Arc<Ticket>> = Vec::new();
        for ticket in tickets.into_iter().flatten() {
            let key = format!("tick:{}:{}", ticket.id, ticket.revision.get());
            let command = Command::on(ticket.id, key, Actor::System, What::Tick);
            match self.decided(&command, &moment, Some(ticket.clone()), &[]).await {
                Ok(d) if d.commit.writes.is_empty() => queued.push(d.ticket),
                Ok(d) => {
                    made.push((command, d.commit.writes.iter().map(|w| w.entry.clone()).collect(), d.ticket));
                    commits.push(d.commit);
                }
                Err(e) => swept.failed.push((ticket.id, e.to_string())),
            }
        }
        for (outcome, (command, entries, ticket)) in self.commit_all(commits).await?.into_iter().zip(made) {
            let id = ticket.id;
            match outcome {
                // Two of one family in one group: each writes the parent. The second one goes by what the first made of it.
                Outcome::Conflict { .. } if entries.len() > 1 => match self.submit_only(&command).await {
                    Ok(done) => {
                        swept.fired = swept.fired.saturating_add(u64::from(done.receipt.is_some()));
                        queued.push(done.ticket);
                    }
                    Err(e) => swept.failed.push((id, e.to_string())),
                },
                Outcome::Stored(_) => {
                    self.publish(entries.iter());
                    swept.fired = swept.fired.saturating_add(1);
                    queued.push(ticket);
                }
                // Somebody was faster: what was due has fired there.
                Outcome::Duplicate(_) | Outcome::Conflict { .. } => {}
                Outcome::Taken(c) => swept.failed.push((id, format!("slot {c} is taken"))),
                Outcome::Failed(e) => swept.failed.push((id, e.to_string())),
            }
        }
        for ticket in queued {
            if ticket.queue.as_ref().is_some_and(|q| q.try_now || q.retry_at.is_some_and(|t| t < now)) {
                match self.route(&ticket).await {
                    Ok(t) if t.assignee.is_some() => swept.assigned = swept.assigned.saturating_add(1),
                    Ok(_) => {}
                    Err(e) => swept.failed.push((ticket.id, e.to_string())),
                }
            }
        }
        Ok(())
    }

    /// Gives queued tickets to agents that are free now, the most urgent first (S28, S34). [`Desk::sweep`] does it too; call it when
    /// agents come on shift or free up in between. Returns how many tickets got an agent.
    ///
    /// # Errors
    /// The store failed.
    pub async fn dispatch(&self) -> Result<u64, Error> {
        let moment = self.at(self.now());
        let mut waiting: BTreeMap<Option<GroupId>, Vec<Arc<Ticket>>> = BTreeMap::new();
        let query = Query::new().open().queued();
        for t in self.0.store.find_all(&query).await? {
            waiting.entry(t.group.clone()).or_default().push(t);
        }
        let mut assigned = 0u64;
        for (_, mut tickets) in waiting {
            tickets.sort_by_cached_key(|t| moment.playbook.routing().queue_place(t, moment.playbook.calendars(), moment.at));
            // When nobody in the group can take a ticket, a few more are tried, since another may need other skills; then enough.
            let mut misses = 0u32;
            for t in tickets {
                if misses >= 8 {
                    break;
                }
                if !self.could_route(&t, &moment).await? {
                    misses = misses.saturating_add(1);
                    continue;
                }
                match self.route(&t).await {
                    Ok(now) if now.assignee.is_some() => assigned = assigned.saturating_add(1),
                    Ok(_) => misses = misses.saturating_add(1),
                    Err(e) if e.retryable() => return Err(e),
                    Err(_) => misses = misses.saturating_add(1),
                }
            }
        }
        Ok(assigned)
    }

    /// Whether a try would find anybody: decided without writing, so that a full queue does not fill the journal with failures.
    async fn could_route(&self, t: &Arc<Ticket>, moment: &super::submit::Now) -> Result<bool, Error> {
        let command = Command::on(t.id, format!("route:{}:{}", t.id, t.revision.get()), Actor::System, What::Route);
        match self.decided(&command, moment, Some(t.clone()), &[]).await {
            Ok(d) => Ok(d.ticket.assignee.is_some()),
            Err(Error::Refused(_)) => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// The earliest instant at which something of any ticket happens by itself or an effect is to be tried again.
    ///
    /// # Errors
    /// The store failed.
    pub async fn next_wake(&self) -> Result<Option<UtcInstant>, Error> {
        let (a, b) = (self.0.store.next_wake().await?, self.0.store.next_delivery().await?);
        let earlier = lock(&self.0.earlier).after(None).map(|(at, _)| at);
        Ok([a, b, earlier, self.watch_due()].into_iter().flatten().min())
    }

    /// Delivers up to `most` effects of the outbox, each at least once: after a crash between delivery and record it is delivered
    /// again, with the same key. A failed one is tried again after 2, 4, 8 … minutes, up to a day apart, 20 times.
    ///
    /// # Errors
    /// The store failed.
    pub async fn deliver(&self, most: usize) -> Result<Delivered, Error> {
        let mut out = Delivered::default();
        let mut left = most;
        while left > 0 {
            let lease = Lease::for_seconds(self.0.name.clone(), self.now(), LEASE);
            let batch = self.0.store.pending(lease, Limit::new(left.min(100))).await?;
            if batch.is_empty() {
                break;
            }
            left = left.saturating_sub(batch.len());
            for held in batch {
                let how = match self.0.courier.deliver(&held.item).await {
                    Delivery::Done => Settled::Delivered,
                    Delivery::Never(why) => Settled::Dead { why },
                    Delivery::Later(why) if held.attempt >= 20 => Settled::Dead { why },
                    Delivery::Later(_) => {
                        let minutes = 1i64.checked_shl(held.attempt.clamp(1, 11)).unwrap_or(1440).min(1440);
                        let not_before = self.now().checked_add_signed(TimeDelta::minutes(minutes)).unwrap_or(UtcInstant::MAX_UTC);
                        Settled::Retry { not_before }
                    }
                };
                match &how {
                    Settled::Delivered => out.done = out.done.saturating_add(1),
                    Settled::Retry { .. } => out.later = out.later.saturating_add(1),
                    Settled::Dead { .. } => out.never = out.never.saturating_add(1),
                }
                self.0.store.settle(&held.token, how).await?;
            }
        }
        Ok(out)
    }
}
