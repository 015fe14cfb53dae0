//! What an embedded store keeps in memory whatever holds the bytes: headers, wake index, slots, receipts, outbox, leases.
//!
//! A commit is first *judged* against the index and what was staged before it in its group, then, once it is durable, *applied*.

use super::*;
use crate::id::*;
use crate::ticket::wire::v1::Header;
use crate::ticket::{Effect, EffectKey, Event, Ticket};
use chrono::TimeDelta;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap},
    ops::Bound,
    sync::Arc,
};

/// Receipts are forgotten this long after the newest commit; DESIGN 3 asks for seven days at least.
const RECEIPTS: TimeDelta = TimeDelta::days(8);
/// So many are kept whatever their age: an import of old commits must know its own repetitions.
pub(super) const RECEIPTS_KEPT: usize = 100_000;

#[derive(Debug, Default)]
pub(super) struct Index {
    headers: BTreeMap<TicketId, Header>,
    wake: Wakes,
    open: BTreeSet<TicketId>,
    queued: BTreeSet<TicketId>,
    by_thread: BTreeMap<ExternalId, BTreeSet<TicketId>>,
    by_requester: BTreeMap<RequesterId, BTreeSet<TicketId>>,
    by_assignee: BTreeMap<AgentId, BTreeSet<TicketId>>,
    by_number: BTreeMap<u64, BTreeSet<TicketId>>,
    claims: BTreeMap<Claim, TicketId>,
    last_assigned: HashMap<AgentId, UtcInstant>,
    receipts: HashMap<CommitId, Receipt>,
    receipts_by_age: BTreeSet<(UtcInstant, CommitId)>,
    leases: HashMap<TicketId, Held>,
    outbox: BTreeMap<u64, Parcel>,
    parcels: HashMap<EffectKey, u64>,
    next_parcel: u64,
    serial: u64,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    serial: u64,
    until: UtcInstant,
}

/// An effect in the outbox.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Parcel {
    pub(super) effect: Effect,
    pub(super) attempts: u32,
    #[serde(with = "serde_instant")]
    pub(super) not_before: UtcInstant,
    /// Why it is never to be tried again.
    pub(super) dead: Option<String>,
    #[serde(skip)]
    lease: Option<HeldParcel>,
}
type HeldParcel = (u64, LongTime);

impl Parcel {
    pub(super) fn new(effect: Effect) -> Self {
        Self { not_before: effect.at, effect, attempts: 0, dead: None, lease: None }
    }
    fn free_at(&self) -> UtcInstant {
        self.lease.map_or(self.not_before, |(_, until)| until.0.max(self.not_before))
    }
}

/// Where to look for the tickets a query means.
enum Narrowed<'a> {
    /// Among these.
    To(&'a BTreeSet<TicketId>),
    /// There is none.
    None,
    /// Among all.
    All,
}

/// What settling an effect does to the outbox.
pub(super) enum Change {
    Removed(u64),
    Kept(u64, Box<Parcel>),
}

impl Index {
    /// An index whose lease serials begin above `serial`, so that tokens of an earlier life are never taken for new ones.
    pub(super) fn starting_at(serial: u64) -> Self {
        Self { serial, ..Self::default() }
    }

    // -- filling ---------------------------------------------------------------------------------

    pub(super) fn put(&mut self, h: Header) {
        let id = h.id;
        if let Some(old) = self.headers.remove(&id) {
            self.unlink(&old);
        }
        self.wake.set(id, h.wake_at);
        if !h.class.is_final() {
            self.open.insert(id);
        }
        if h.queued_since.is_some() {
            self.queued.insert(id);
        }
        for t in &h.threads {
            self.by_thread.entry(t.clone()).or_default().insert(id);
        }
        self.by_requester.entry(h.requester.clone()).or_default().insert(id);
        self.by_number.entry(h.number).or_default().insert(id);
        if let Some(a) = &h.assignee {
            self.by_assignee.entry(a.clone()).or_default().insert(id);
            for slot in &h.slots {
                self.claims.insert(Claim::new(a, *slot), id);
            }
        }
        self.headers.insert(id, h);
    }

    fn unlink(&mut self, h: &Header) {
        fn out<K: Ord>(map: &mut BTreeMap<K, BTreeSet<TicketId>>, key: &K, id: TicketId) {
            if let Some(set) = map.get_mut(key) {
                set.remove(&id);
                if set.is_empty() {
                    map.remove(key);
                }
            }
        }
        let id = h.id;
        self.open.remove(&id);
        self.queued.remove(&id);
        for t in &h.threads {
            out(&mut self.by_thread, t, id);
        }
        out(&mut self.by_requester, &h.requester, id);
        out(&mut self.by_number, &h.number, id);
        if let Some(a) = &h.assignee {
            out(&mut self.by_assignee, a, id);
            for slot in &h.slots {
                let claim = Claim::new(a, *slot);
                // Another ticket of the same group may have taken it already.
                if self.claims.get(&claim) == Some(&id) {
                    self.claims.remove(&claim);
                }
            }
        }
    }

    pub(super) fn put_receipt(&mut self, r: Receipt) {
        self.receipts_by_age.insert((r.at, r.commit.clone()));
        self.receipts.insert(r.commit.clone(), r);
    }

    pub(super) fn put_last_assigned(&mut self, agent: AgentId, at: UtcInstant) {
        self.last_assigned.insert(agent, at);
    }

    pub(super) fn put_parcel(&mut self, n: u64, p: Parcel) {
        self.next_parcel = self.next_parcel.max(n.saturating_add(1));
        self.parcels.insert(p.effect.key, n);
        self.outbox.insert(n, p);
    }

    // -- commits ---------------------------------------------------------------------------------

    pub(super) fn judge<'a>(&'a self) -> Judge<'a> {
        Judge { index: self, revisions: HashMap::new(), slots: HashMap::new(), claims: HashMap::new(), receipts: HashMap::new() }
    }

    /// Takes in a commit that was judged `Stored`; the number its first effect has in the outbox is [`Index::next_parcel`] before.
    pub(super) fn apply(&mut self, c: &Commit) {
        // All old claims leave before new ones come: a slot may pass from one ticket of the commit to another.
        for w in &c.writes {
            if let Some(old) = self.headers.remove(&w.ticket.id) {
                self.unlink(&old);
            }
        }
        for w in &c.writes {
            self.put(Header::of(&w.ticket));
            self.leases.remove(&w.ticket.id);
        }
        for (agent, at) in assigned(c) {
            self.put_last_assigned(agent, at);
        }
        for e in &c.effects {
            self.put_parcel(self.next_parcel(), Parcel::new(e.clone()));
        }
        self.put_receipt(c.receipt());
    }

    /// Forgets receipts that are too old, except so many, and says which.
    pub(super) fn forget(&mut self, kept: usize) -> Vec<CommitId> {
        let Some(edge) = self.receipts_by_age.last().and_then(|(at, _)| at.checked_sub_signed(RECEIPTS)) else { return Vec::new() };
        let mut gone = Vec::new();
        while let Some((at, id)) = self.receipts_by_age.first().cloned() {
            if at >= edge || self.receipts.len() <= kept {
                break;
            }
            self.receipts_by_age.pop_first();
            self.receipts.remove(&id);
            gone.push(id);
        }
        gone
    }

    pub(super) fn next_parcel(&self) -> u64 {
        self.next_parcel
    }
    pub(super) fn receipt(&self, id: &CommitId) -> Option<&Receipt> {
        self.receipts.get(id)
    }
    fn revision(&self, id: TicketId) -> Revision {
        self.headers.get(&id).map_or(Revision::ZERO, |h| h.revision)
    }

    // -- questions -------------------------------------------------------------------------------

    /// The tickets that may match, as a heap by (key, id); with a limit, enough of them for a page of so many.
    pub(super) fn candidates(&self, query: &Query, after: Option<&Cursor>, limit: Option<Limit>) -> BinaryHeap<Reverse<Cursor>> {
        let place = |h: &Header| Cursor { key: query.key_of(h), id: h.id };
        let fitting = |ids: &mut dyn Iterator<Item = &TicketId>| {
            let fits = ids.filter_map(|id| self.headers.get(id)).filter(|h| query.fits(h)).map(place);
            let most =
                limit.filter(|_| query.order == Order::Id && query.header_suffices()).map_or(usize::MAX, |l| l.get().saturating_add(1));
            fits.filter(|c| after.is_none_or(|a| c > a)).take(most).map(Reverse).collect()
        };
        // Only in the order of ids the place after which to go on says where in an index that is.
        let from = after.filter(|a| query.order == Order::Id && a.key == 0).map_or(Bound::Unbounded, |a| Bound::Excluded(a.id));
        match self.narrowed(query) {
            Narrowed::To(set) => fitting(&mut set.range((from, Bound::Unbounded))),
            Narrowed::None => fitting(&mut std::iter::empty()),
            Narrowed::All => fitting(&mut self.headers.range((from, Bound::Unbounded)).map(|(id, _)| id)),
        }
    }

    /// The narrowest index the query names.
    fn narrowed(&self, query: &Query) -> Narrowed<'_> {
        fn of(set: Option<&BTreeSet<TicketId>>) -> Narrowed<'_> {
            set.map_or(Narrowed::None, Narrowed::To)
        }
        if let Some(n) = query.number {
            of(self.by_number.get(&n))
        } else if let Some(t) = &query.thread {
            of(self.by_thread.get(t))
        } else if let Some(r) = &query.requester {
            of(self.by_requester.get(r))
        } else if let [a] = query.assignees.as_slice() {
            of(self.by_assignee.get(a))
        } else if query.queued {
            Narrowed::To(&self.queued)
        } else if query.open {
            Narrowed::To(&self.open)
        } else {
            Narrowed::All
        }
    }

    pub(super) fn header(&self, id: TicketId) -> Option<&Header> {
        self.headers.get(&id)
    }

    pub(super) fn holdings(&self, agents: &[AgentId]) -> Vec<Holding> {
        let of = |agent: &AgentId| Holding {
            agent: agent.clone(),
            slots: self.claims.range(Claim::new(agent, 0)..=Claim::new(agent, u16::MAX)).map(|(c, _)| c.slot).collect(),
            last_assigned: self.last_assigned.get(agent).copied(),
        };
        agents.iter().map(of).collect()
    }

    pub(super) fn next_wake(&mut self) -> Option<UtcInstant> {
        let (mut best, mut place) = (None, None);
        while let Some((at, id)) = self.wake.after(place).filter(|(at, _)| best.is_none_or(|b| b > *at)) {
            let free = self.leases.get(&id).map_or(at, |l| l.until.max(at));
            best = Some(best.map_or(free, |b: UtcInstant| b.min(free)));
            place = Some((at, id));
        }
        best
    }

    pub(super) fn due(&mut self, until: UtcInstant, lease: &Lease, slice: Slice, limit: Limit) -> Vec<Due> {
        let mut found = Vec::new();
        let mut place = None;
        while found.len() < limit.get() {
            let Some((at, id)) = self.wake.after(place).filter(|(at, _)| *at < until) else { break };
            place = Some((at, id));
            let leased = self.leases.get(&id).is_some_and(|l| l.until > lease.now);
            if slice.holds(id) && !leased {
                self.serial = self.serial.saturating_add(1);
                self.leases.insert(id, Held { serial: self.serial, until: lease.until });
                let token = LeaseToken { of: LeaseOf::Ticket(id), serial: self.serial };
                found.push(Due { ticket: id, revision: self.revision(id), wake_at: at, lease: token });
            }
        }
        found
    }

    pub(super) fn next_delivery(&self) -> Option<UtcInstant> {
        self.outbox.values().filter(|p| p.dead.is_none()).map(Parcel::free_at).min()
    }

    pub(super) fn pending(&mut self, lease: &Lease, limit: Limit) -> Vec<Leased<Effect>> {
        let free = |p: &Parcel| p.dead.is_none() && p.free_at() <= lease.now;
        let mut found = Vec::new();
        for p in self.outbox.values_mut().filter(|p| free(p)).take(limit.get()) {
            self.serial = self.serial.saturating_add(1);
            p.lease = Some((self.serial, LongTime(lease.until)));
            p.attempts = p.attempts.saturating_add(1);
            let token = LeaseToken { of: LeaseOf::Effect(p.effect.key), serial: self.serial };
            found.push(Leased { item: p.effect.clone(), token, attempt: p.attempts });
        }
        found
    }

    /// Whether a lease on a ticket was held; it no longer is.
    pub(super) fn settle_ticket(&mut self, id: TicketId, serial: u64, how: &Settled) -> bool {
        if self.leases.get(&id).is_none_or(|l| l.serial != serial) {
            return false;
        }
        match how {
            Settled::Retry { not_before } => {
                self.serial = self.serial.saturating_add(1);
                self.leases.insert(id, Held { serial: self.serial, until: *not_before });
            }
            Settled::Delivered | Settled::Dead { .. } => drop(self.leases.remove(&id)),
        }
        true
    }

    /// What settling a lease on an effect would change; none: it was lost.
    pub(super) fn judge_settling(&self, key: EffectKey, serial: u64, how: &Settled) -> Option<Change> {
        let n = *self.parcels.get(&key)?;
        let p = self.outbox.get(&n).filter(|p| p.lease.is_some_and(|(s, _)| s == serial))?;
        let freed = Parcel { lease: None, ..p.clone() };
        Some(match how {
            Settled::Delivered => Change::Removed(n),
            Settled::Retry { not_before } => Change::Kept(n, Box::new(Parcel { not_before: *not_before, ..freed })),
            Settled::Dead { why } => Change::Kept(n, Box::new(Parcel { dead: Some(why.clone()), ..freed })),
        })
    }

    pub(super) fn apply_settling(&mut self, change: Change) {
        match change {
            Change::Removed(n) => {
                if let Some(p) = self.outbox.remove(&n) {
                    self.parcels.remove(&p.effect.key);
                }
            }
            Change::Kept(n, p) => drop(self.outbox.insert(n, *p)),
        }
    }

    pub(super) fn dead(&self) -> Vec<(Effect, String)> {
        self.outbox.values().filter_map(|p| Some((p.effect.clone(), p.dead.clone()?))).collect()
    }
}

/// Who was assigned something by a commit, and when: a timer assigned when it was due, whoever let it happen (S26).
pub(super) fn assigned(c: &Commit) -> impl Iterator<Item = (AgentId, UtcInstant)> + '_ {
    c.writes.iter().flat_map(|w| w.entry.happened()).filter_map(|(at, _, caused)| match &caused.event {
        Event::Assigned { agent, .. } => Some((agent.clone(), at)),
        _ => None,
    })
}

/// Who holds a slot after what is staged; none: nobody.
type Claims = HashMap<Claim, Option<TicketId>>;
/// What a ticket holds after what is staged.
type Slots = HashMap<TicketId, BTreeSet<Claim>>;

/// Judges the commits of a group one after another; each sees those before it that are stored.
pub(super) struct Judge<'a> {
    index: &'a Index,
    revisions: HashMap<TicketId, Revision>,
    slots: Slots,
    claims: Claims,
    receipts: HashMap<CommitId, Receipt>,
}

impl Judge<'_> {
    pub(super) fn commit(&mut self, c: &Commit) -> Outcome {
        if let Some(r) = self.receipts.get(&c.id).or_else(|| self.index.receipt(&c.id)) {
            return Outcome::Duplicate(r.clone());
        }
        if let Err(e) = c.check() {
            return Outcome::Failed(e);
        }
        let expected = c.writes.iter().map(|w| (w.ticket.id, w.before)).chain(c.reads.iter().copied());
        for (ticket, at) in expected {
            let current = self.revisions.get(&ticket).copied().unwrap_or_else(|| self.index.revision(ticket));
            if current != at {
                return Outcome::Conflict { ticket, current };
            }
        }
        let (claims, slots) = match self.claims(c) {
            Ok(staged) => staged,
            Err(outcome) => return outcome,
        };
        self.claims.extend(claims);
        self.slots.extend(slots);
        self.revisions.extend(c.writes.iter().map(|w| (w.ticket.id, w.ticket.revision)));
        let receipt = c.receipt();
        self.receipts.insert(c.id.clone(), receipt.clone());
        Outcome::Stored(receipt)
    }

    fn holder(&self, staged: &Claims, claim: &Claim) -> Option<TicketId> {
        let before = || self.claims.get(claim).copied();
        staged.get(claim).copied().or_else(before).unwrap_or_else(|| self.index.claims.get(claim).copied())
    }

    fn claims(&self, c: &Commit) -> Result<(Claims, Slots), Outcome> {
        let (mut staged, mut slots) = (HashMap::new(), HashMap::new());
        for w in &c.writes {
            let id = w.ticket.id;
            let mut held = self.slots.get(&id).cloned().unwrap_or_else(|| self.held(id));
            for claim in &w.releases {
                if held.remove(claim) {
                    staged.insert(claim.clone(), None);
                }
            }
            slots.insert(id, held);
        }
        for w in &c.writes {
            let id = w.ticket.id;
            for claim in &w.takes {
                if self.holder(&staged, claim).is_some_and(|holder| holder != id) {
                    return Err(Outcome::Taken(claim.clone()));
                }
                staged.insert(claim.clone(), Some(id));
                slots.entry(id).or_default().insert(claim.clone());
            }
            if slots.get(&id) != Some(&Claim::held_by(&w.ticket)) {
                return Err(Outcome::Failed(StoreError::invalid(format!(
                    "the slots of ticket {id} do not add up: what it held, less its releases, plus its takes, is not what it says it holds; make writes with `Write::of`"
                ))));
            }
        }
        Ok((staged, slots))
    }

    fn held(&self, id: TicketId) -> BTreeSet<Claim> {
        let of = |h: &Header| {
            let of_agent = |a: &AgentId| h.slots.iter().map(|s| Claim::new(a, *s)).collect();
            h.assignee.as_ref().map(of_agent).unwrap_or_default()
        };
        self.index.headers.get(&id).map(of).unwrap_or_default()
    }
}

/// Draws a page from candidates, reading each ticket by `fetch`.
pub(super) fn page(
    mut heap: BinaryHeap<Reverse<Cursor>>,
    query: &Query,
    limit: Limit,
    mut fetch: impl FnMut(TicketId) -> Result<Option<Arc<Ticket>>>,
) -> Result<Page<Arc<Ticket>, Cursor>> {
    let mut page = Page::empty();
    while let Some(Reverse(place)) = heap.pop() {
        let Some(ticket) = fetch(place.id)? else { continue };
        if !matches(query, &ticket)? {
            continue;
        }
        if page.items.len() >= limit.get() {
            page.more = true;
            break;
        }
        page.next = Some(place);
        page.items.push(ticket);
    }
    Ok(page)
}

pub(super) fn matches(query: &Query, ticket: &Ticket) -> Result<bool> {
    query.matches(ticket, query.now).map_err(|fault| StoreError::invalid(format!("the condition of the query failed: {fault}; correct it")))
}

/// Counts candidates by axes; bodies are read only where the headers do not say enough.
pub(super) fn count(
    index: &Index,
    query: &Query,
    by: &[Axis],
    mut fetch: impl FnMut(TicketId) -> Result<Option<Arc<Ticket>>>,
) -> Result<Counts> {
    let mut counts = Counts::default();
    for Reverse(place) in index.candidates(query, None, None) {
        let Some(h) = index.header(place.id) else { continue };
        if query.header_suffices() {
            counts.add(by.iter().map(|a| a.of_header(h)).collect());
        } else if let Some(t) = fetch(place.id)?
            && matches(query, &t)?
        {
            counts.add(by.iter().map(|a| a.of(&t)).collect());
        }
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipts_are_kept_eight_days_and_so_many() {
        let day = |d: i64| UtcInstant::UNIX_EPOCH.checked_add_signed(TimeDelta::days(d)).unwrap();
        let mut index = Index::starting_at(0);
        for d in 0..20 {
            index.apply(&Commit::new(CommitId::new(d.to_string()), day(d)));
        }
        assert!(index.forget(20).is_empty());
        assert_eq!(index.forget(15).len(), 5);
        let gone: Vec<String> = index.forget(0).iter().map(ToString::to_string).collect();
        assert_eq!(gone, ["5", "6", "7", "8", "9", "10"]);
        assert!(index.receipt(&CommitId::new("10")).is_none() && index.receipt(&CommitId::new("11")).is_some());
    }
}
