//! Group commit: commands that arrive together are stored together, by whichever of their futures happens to be polled first.
//!
//! A leader/follower queue on std primitives. No thread, no timer: the first future to find nobody leading takes the whole queue (at
//! most [`MOST`] commits and [`BYTES`]), stores it, hands out the answers and steps down. If the leader is dropped while the store
//! works, its group goes back to the front of the queue and a follower takes over; a commit that the store had already made comes
//! back as a duplicate, with its receipt, since its id is the same.

use super::host::lock;
use crate::id::CommitId;
use crate::store::{AnyStore, Commit, Outcome, Receipt, Store as _, StoreError, StoreErrorKind};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Poll, Waker};

/// Most commits of a group.
const MOST: usize = 100;
/// Most bytes of a group, roughly.
const BYTES: usize = 256 * 1024;

#[derive(Debug, Default)]
struct Slot {
    answer: Option<Outcome>,
    waker: Option<Waker>,
}

#[derive(Debug)]
struct Waiting {
    commit: Commit,
    slot: Weak<Mutex<Slot>>,
    /// A leader that was dropped had given it to the store, which may have kept it.
    given: bool,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: VecDeque<Waiting>,
    leading: bool,
}

/// The queue before the store.
#[derive(Debug)]
pub(super) struct Queue {
    store: AnyStore,
    inner: Mutex<Inner>,
    most_waiting: usize,
}

/// Too many wait already.
pub(super) struct Full(pub usize);

impl Queue {
    pub fn new(store: AnyStore, most_waiting: usize) -> Self {
        Self { store, inner: Mutex::default(), most_waiting }
    }

    pub fn waiting(&self) -> usize {
        lock(&self.inner).waiting.len()
    }

    /// Stores commits, each all or nothing by itself, in this order among themselves; answers in the same order.
    pub async fn commit(&self, commits: Vec<Commit>) -> Result<Vec<Outcome>, Full> {
        if commits.is_empty() {
            return Ok(Vec::new());
        }
        let slots: Vec<Arc<Mutex<Slot>>> = {
            let mut inner = lock(&self.inner);
            if inner.waiting.len().saturating_add(commits.len()) > self.most_waiting.max(commits.len()) {
                return Err(Full(inner.waiting.len()));
            }
            commits
                .into_iter()
                .map(|commit| {
                    let slot = Arc::new(Mutex::new(Slot::default()));
                    inner.waiting.push_back(Waiting { commit, slot: Arc::downgrade(&slot), given: false });
                    slot
                })
                .collect()
        };
        // If this future is dropped while it waits (not leads), whoever comes next must not wait for a leader that never comes.
        let _pass_on = PassOn(self);
        let mut answers = Vec::with_capacity(slots.len());
        for slot in &slots {
            loop {
                match self.answer_or_lead(slot).await {
                    Turn::Answer(outcome) => {
                        answers.push(outcome);
                        break;
                    }
                    Turn::Lead(group) => self.lead(group).await,
                }
            }
        }
        Ok(answers)
    }

    async fn answer_or_lead(&self, slot: &Arc<Mutex<Slot>>) -> Turn {
        std::future::poll_fn(|cx| {
            // Lock order: queue, then slot.
            let mut inner = lock(&self.inner);
            let mut mine = lock(slot);
            if let Some(outcome) = mine.answer.take() {
                return Poll::Ready(Turn::Answer(outcome));
            }
            if inner.leading {
                mine.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            drop(mine);
            inner.leading = true;
            let mut group = Vec::new();
            let mut bytes = 0usize;
            while let Some(w) = inner.waiting.front() {
                let size = weight(&w.commit);
                if group.len() >= MOST || (!group.is_empty() && bytes.saturating_add(size) > BYTES) {
                    break;
                }
                bytes = bytes.saturating_add(size);
                // Nobody waits for it any more: it was acknowledged to nobody, and whoever asks again with its key learns what became of it.
                if let Some(w) = inner.waiting.pop_front()
                    && w.slot.strong_count() > 0
                {
                    group.push(w);
                }
            }
            Poll::Ready(Turn::Lead(group))
        })
        .await
    }

    async fn lead(&self, group: Vec<Waiting>) {
        let mut leading = Leading { queue: self, group };
        let commits: Vec<Commit> = leading.group.iter().map(|w| w.commit.clone()).collect();
        let mut answers = if commits.is_empty() { Vec::new() } else { self.store.commit(commits).await }.into_iter();
        let mut group = std::mem::take(&mut leading.group);
        let mut seen: Vec<CommitId> = Vec::new();
        for w in &mut group {
            // Only the first of an id is the one that was given before; a second one is a repetition.
            w.given &= !seen.contains(&w.commit.id);
            if w.given {
                seen.push(w.commit.id.clone());
            }
        }
        for w in group {
            let outcome = answers.next().unwrap_or_else(|| {
                Outcome::Failed(StoreError::new(StoreErrorKind::Broken, "the store gave no answer to a commit; report this to its author"))
            });
            let outcome = match outcome {
                // Kept for the leader that was dropped: for its own caller this is the first answer.
                Outcome::Duplicate(receipt) if w.given && made_by(&receipt, &w.commit) => Outcome::Stored(receipt),
                other => other,
            };
            if let Some(slot) = w.slot.upgrade() {
                let mut slot = lock(&slot);
                slot.answer = Some(outcome);
                if let Some(waker) = slot.waker.take() {
                    waker.wake();
                }
            }
        }
    }

    /// Lets the next waiting future lead.
    fn wake_one(&self) {
        let inner = lock(&self.inner);
        if inner.leading {
            return;
        }
        for w in &inner.waiting {
            if let Some(slot) = w.slot.upgrade()
                && let Some(waker) = lock(&slot).waker.take()
            {
                waker.wake();
                return;
            }
        }
    }
}

enum Turn {
    Answer(Outcome),
    Lead(Vec<Waiting>),
}

/// Steps down when done or dropped; what was not answered goes back to the front.
struct Leading<'q> {
    queue: &'q Queue,
    group: Vec<Waiting>,
}
impl Drop for Leading<'_> {
    fn drop(&mut self) {
        {
            let mut inner = lock(&self.queue.inner);
            inner.leading = false;
            for mut w in std::mem::take(&mut self.group).into_iter().rev() {
                w.given = true;
                inner.waiting.push_front(w);
            }
        }
        self.queue.wake_one();
    }
}

/// A dropped follower hands its wake-up on.
struct PassOn<'q>(&'q Queue);
impl Drop for PassOn<'_> {
    fn drop(&mut self) {
        self.0.wake_one();
    }
}

/// Whether a receipt is that of this very commit.
fn made_by(receipt: &Receipt, commit: &Commit) -> bool {
    receipt.tickets.iter().copied().eq(commit.writes.iter().map(|w| (w.ticket.id, w.ticket.revision)))
}

fn weight(commit: &Commit) -> usize {
    let bodies = commit.writes.iter().flat_map(|w| w.entry.events.iter()).map(|c| match &c.event {
        crate::ticket::Event::MessageAdded(m) => m.body.len(),
        crate::ticket::Event::Created(o) => o.description.len().saturating_add(512),
        _ => 64,
    });
    bodies.sum::<usize>().saturating_add(commit.writes.len().saturating_mul(1024))
}
