//! Clauses about commits, slots, receipts and numbers.

use super::sample::{after, assigned, at, changed, created, distinct, effect, id, released, tagged};
use super::{Breach, Verdict, block_on, holds, same};
use crate::id::*;
use crate::store::*;
use crate::ticket::{Event, Ticket};
use chrono::TimeDelta;
use std::sync::Arc;

/// Stores a commit and gives back its ticket.
pub(super) async fn stored(store: &AnyStore, c: Commit) -> Result<Arc<Ticket>, Breach> {
    let ticket = after(&c).ok_or_else(|| Breach("a sample writes nothing".into()))?;
    let receipt = c.receipt();
    same("a sound commit", store.commit_one(c).await, Outcome::Stored(receipt))?;
    Ok(ticket)
}

/// Nothing of a refused commit is there.
async fn untouched(store: &AnyStore, t: &Arc<Ticket>, refused: &CommitId) -> Verdict {
    same("the ticket after a refusal", store.load_one(t.id).await?, Some(t.clone()))?;
    same("entries after a refusal", store.whole_journal(t.id).await?.len() as u64, t.revision.get())?;
    same("the receipt of a refused commit", store.receipts(std::slice::from_ref(refused)).await?, vec![None])
}

pub(super) async fn creates_a_ticket(store: &AnyStore) -> Verdict {
    let t = stored(store, created(1, None)).await?;
    same("the ticket", store.load_one(id(1)).await?, Some(t))?;
    same("a ticket never created", store.load_one(id(2)).await?, None)?;
    let journal = store.whole_journal(id(1)).await?;
    same("its journal", journal.iter().map(|e| e.revision).collect::<Vec<_>>(), vec![Revision::new(1)])?;
    same("its fold", Ticket::fold(&journal), store.load_one(id(1)).await?.as_deref().cloned())
}

pub(super) async fn refuses_a_stale_revision(store: &AnyStore) -> Verdict {
    let t = stored(store, created(1, None)).await?;
    let second = stored(store, changed(&t, "second", at(10), vec![tagged("second")], None)).await?;
    let stale = changed(&t, "stale", at(11), vec![tagged("stale")], None);
    let refused = stale.id.clone();
    same("a stale commit", store.commit_one(stale).await, Outcome::Conflict { ticket: t.id, current: Revision::new(2) })?;
    untouched(store, &second, &refused).await
}

pub(super) async fn refuses_to_create_twice(store: &AnyStore) -> Verdict {
    let t = stored(store, created(1, None)).await?;
    let mut again = created(1, None);
    again.id = CommitId::new("again");
    for w in &mut again.writes {
        Arc::make_mut(&mut w.entry).commit = again.id.clone();
    }
    let refused = again.id.clone();
    same("a second creation", store.commit_one(again).await, Outcome::Conflict { ticket: t.id, current: Revision::new(1) })?;
    untouched(store, &t, &refused).await?;
    let mut of_nothing = changed(&t, "of-nothing", at(1), vec![], None);
    for w in &mut of_nothing.writes {
        Arc::make_mut(&mut w.ticket).id = id(9);
        Arc::make_mut(&mut w.entry).ticket = id(9);
    }
    same(
        "a change of a ticket that is not there",
        store.commit_one(of_nothing).await,
        Outcome::Conflict { ticket: id(9), current: Revision::ZERO },
    )
}

pub(super) async fn answers_a_duplicate_with_the_first_receipt(store: &AnyStore) -> Verdict {
    let first = created(1, None);
    let receipt = first.receipt();
    let t = stored(store, first.clone()).await?;
    stored(store, changed(&t, "second", at(10), vec![tagged("second")], None)).await?;
    same("the same commit again", store.commit_one(first).await, Outcome::Duplicate(receipt.clone()))?;
    // A retry is decided anew, on a later revision, and is the same command nevertheless.
    let now = store.load_one(t.id).await?.ok_or_else(|| Breach("the ticket is gone".into()))?;
    let retried = changed(&now, "create-1", at(20), vec![tagged("twice")], None);
    same("the same command decided anew", store.commit_one(retried).await, Outcome::Duplicate(receipt))?;
    same("entries afterwards", store.whole_journal(t.id).await?.len(), 2)
}

pub(super) async fn keeps_receipts_in_the_order_asked(store: &AnyStore) -> Verdict {
    let (a, b) = (created(1, None), created(2, None));
    let (ra, rb) = (a.receipt(), b.receipt());
    stored(store, a).await?;
    stored(store, b).await?;
    let ids = [rb.commit.clone(), CommitId::new("never"), ra.commit.clone()];
    same("receipts", store.receipts(&ids).await?, vec![Some(rb), None, Some(ra)])
}

pub(super) async fn applies_a_group_in_order(store: &AnyStore) -> Verdict {
    let first = created(1, None);
    let t = after(&first).ok_or_else(|| Breach("a sample writes nothing".into()))?;
    let second = changed(&t, "second", at(10), vec![tagged("second")], None);
    let (r1, r2) = (first.receipt(), second.receipt());
    let group = vec![first.clone(), second, first];
    let expected = vec![Outcome::Stored(r1.clone()), Outcome::Stored(r2), Outcome::Duplicate(r1)];
    same("a group on one ticket", store.commit(group).await, expected)?;
    same("its revision", store.load_one(t.id).await?.map(|t| t.revision), Some(Revision::new(2)))
}

pub(super) async fn a_refusal_in_a_group_stops_nothing_else(store: &AnyStore) -> Verdict {
    let t = stored(store, created(1, None)).await?;
    stored(store, changed(&t, "second", at(10), vec![tagged("second")], None)).await?;
    let stale = changed(&t, "stale", at(11), vec![tagged("stale")], None);
    let (a, b) = (created(2, None), created(3, None));
    let expected =
        vec![Outcome::Stored(a.receipt()), Outcome::Conflict { ticket: t.id, current: Revision::new(2) }, Outcome::Stored(b.receipt())];
    same("a group with a conflict in the middle", store.commit(vec![a, stale, b]).await, expected)?;
    let there = store.load(&[id(2), id(3)]).await?.iter().filter(|t| t.is_some()).count();
    same("tickets of the rest of the group", there, 2)
}

pub(super) async fn a_commit_is_all_or_nothing(store: &AnyStore) -> Verdict {
    let a = stored(store, created(1, None)).await?;
    let b = stored(store, created(2, None)).await?;
    stored(store, changed(&b, "b-moves-on", at(10), vec![tagged("on")], None)).await?;
    let mut both = changed(&a, "both", at(11), vec![tagged("both")], None);
    both.writes.extend(changed(&b, "both", at(11), vec![tagged("both")], None).writes);
    let refused = both.id.clone();
    same("half a commit is stale", store.commit_one(both).await, Outcome::Conflict { ticket: b.id, current: Revision::new(2) })?;
    untouched(store, &a, &refused).await
}

pub(super) async fn checks_what_was_read(store: &AnyStore) -> Verdict {
    let a = stored(store, created(1, None)).await?;
    let b = stored(store, created(2, None)).await?;
    let close = changed(&a, "close", at(10), vec![tagged("closed")], None).read(b.id, Revision::new(1));
    stored(store, changed(&b, "b-moves-on", at(10), vec![tagged("on")], None)).await?;
    let refused = close.id.clone();
    same("a commit that read an old ticket", store.commit_one(close).await, Outcome::Conflict { ticket: b.id, current: Revision::new(2) })?;
    untouched(store, &a, &refused).await?;
    let absent = changed(&a, "absent", at(12), vec![tagged("ok")], None).read(id(7), Revision::ZERO).read(b.id, Revision::new(2));
    stored(store, absent).await.map(drop)
}

pub(super) async fn refuses_what_does_not_add_up(store: &AnyStore) -> Verdict {
    let t = stored(store, created(1, None)).await?;
    let mut twice = changed(&t, "twice", at(10), vec![tagged("x")], None);
    let again = twice.writes.clone();
    twice.writes.extend(again);
    let mut leap = changed(&t, "leap", at(10), vec![tagged("x")], None);
    for w in &mut leap.writes {
        Arc::make_mut(&mut w.entry).revision = Revision::new(5);
    }
    let mut silent = changed(&t, "silent", at(10), vec![assigned("ann", &[0])], None);
    silent.writes.iter_mut().for_each(|w| w.takes.clear());
    for bad in [twice, leap, silent] {
        let refused = bad.id.clone();
        match store.commit_one(bad).await {
            Outcome::Failed(e) if !e.retryable() => {}
            other => return Err(Breach(format!("commit {refused} does not add up and was answered {other:?}, not Failed for good"))),
        }
        untouched(store, &t, &refused).await?;
    }
    Ok(())
}

pub(super) async fn a_slot_has_one_holder(store: &AnyStore) -> Verdict {
    let a = stored(store, created(1, None)).await?;
    let b = stored(store, created(2, None)).await?;
    let a = stored(store, changed(&a, "a-takes", at(10), vec![assigned("ann", &[0, 1])], None)).await?;
    let grab = changed(&b, "b-takes", at(11), vec![assigned("ann", &[1])], None);
    let refused = grab.id.clone();
    same("a slot another ticket holds", store.commit_one(grab.clone()).await, Outcome::Taken(Claim::new("ann", 1)))?;
    untouched(store, &b, &refused).await?;
    stored(store, changed(&b, "b-other", at(11), vec![assigned("ann", &[2])], None)).await?;
    let held = store.holdings(&[AgentId::new("ann")]).await?;
    same("slots held", held.into_iter().map(|h| h.slots).collect::<Vec<_>>(), vec![vec![0, 1, 2]])?;
    let free = changed(&a, "a-gives", at(12), vec![released("ann")], None);
    let c = stored(store, created(3, None)).await?;
    let c = changed(&c, "c-takes", at(13), vec![assigned("ann", &[1])], None);
    let expected = vec![Outcome::Stored(free.receipt()), Outcome::Stored(c.receipt())];
    same("a slot given back earlier in the group", store.commit(vec![free, c]).await, expected)?;
    let held = store.holdings(&[AgentId::new("ann")]).await?;
    same("slots held at last", held.into_iter().map(|h| h.slots).collect::<Vec<_>>(), vec![vec![1, 2]])
}

pub(super) async fn slots_pass_within_one_commit(store: &AnyStore) -> Verdict {
    let a = stored(store, created(1, None)).await?;
    let b = stored(store, created(2, None)).await?;
    let a = stored(store, changed(&a, "a-takes", at(10), vec![assigned("ann", &[0])], None)).await?;
    // The taker comes first in the commit: releases still come before takes.
    let mut swap = changed(&b, "swap", at(11), vec![assigned("ann", &[0])], None);
    swap.writes.extend(changed(&a, "swap", at(11), vec![released("ann")], None).writes);
    stored(store, swap).await?;
    let held = store.holdings(&[AgentId::new("ann")]).await?;
    same("slots held", held.into_iter().map(|h| h.slots).collect::<Vec<_>>(), vec![vec![0]])?;
    let c = stored(store, created(3, None)).await?;
    let grab = changed(&c, "c-takes", at(12), vec![assigned("ann", &[0])], None);
    same("the slot that passed", store.commit_one(grab).await, Outcome::Taken(Claim::new("ann", 0)))
}

pub(super) async fn holdings_are_a_recount(store: &AnyStore) -> Verdict {
    let mut dice = super::sample::Dice::new(7);
    let mut tickets = Vec::new();
    for n in 1..=8 {
        tickets.push(stored(store, created(n, None)).await?);
    }
    let agents = ["ann", "bob", "cui"];
    let mut last = std::collections::BTreeMap::new();
    for step in 0..60 {
        let i = usize::try_from(dice.below(8)).unwrap_or(0);
        let Some(t) = tickets.get_mut(i) else { continue };
        let agent = dice.pick(&agents);
        let slot = u16::try_from(dice.below(3)).unwrap_or(0);
        let mut events: Vec<_> = t.assignee.iter().map(|a| released(a.as_str())).collect();
        if dice.below(3) > 0 {
            events.push(assigned(agent, &[slot]));
        }
        let takes = events.len() > usize::from(t.assignee.is_some());
        let mut c = changed(t, &format!("step-{step}"), at(100 + step), events, None);
        // Every other time a timer assigned, half a second before its entry.
        let when = if step % 2 == 0 {
            at(100 + step)
        } else {
            at(100 + step).checked_sub_signed(TimeDelta::milliseconds(500)).unwrap_or_default()
        };
        for entry in c.writes.iter_mut().map(|w| Arc::make_mut(&mut w.entry)) {
            entry.events.iter_mut().filter(|e| matches!(e.event, Event::Assigned { .. })).for_each(|e| e.at = Some(when));
        }
        let next = after(&c);
        if let (Outcome::Stored(_), Some(next)) = (store.commit_one(c).await, next) {
            *t = next;
            if takes {
                last.insert(agent, when);
            }
        }
    }
    let expected: Vec<Holding> = agents
        .iter()
        .map(|a| {
            let mut slots: Vec<u16> =
                tickets.iter().filter(|t| t.assignee.as_ref().is_some_and(|x| x == a)).flat_map(|t| t.slots.clone()).collect();
            slots.sort_unstable();
            Holding { agent: AgentId::new(a), slots, last_assigned: last.get(a).copied() }
        })
        .collect();
    same("holdings against a recount", store.holdings(&agents.map(AgentId::new)).await?, expected)?;
    let stranger = Holding { agent: AgentId::new("zed"), slots: Vec::new(), last_assigned: None };
    same("an agent never heard of", store.holdings(&[AgentId::new("zed")]).await?, vec![stranger])
}

pub(super) async fn numbers_are_given_once(store: &AnyStore) -> Verdict {
    let mut all = Vec::new();
    for n in [1u32, 10, 3, 1] {
        let first = store.reserve_numbers(n).await?;
        all.extend(first..first.saturating_add(u64::from(n)));
    }
    same("the first number of all", all.first().copied(), Some(1))?;
    holds("blocks of numbers overlap", distinct(all))
}

pub(super) async fn loses_no_update_under_concurrency(store: &AnyStore) -> Verdict {
    const EACH: u32 = 12;
    let t = stored(store, created(1, None)).await?;
    let work = |who: u32| -> Verdict {
        for i in 0..EACH {
            let mut tries = 0u32;
            loop {
                let now = block_on(store.load_one(t.id))?.ok_or_else(|| Breach("the ticket is gone".into()))?;
                let c = changed(&now, &format!("{who}-{i}"), at(10), vec![tagged(&format!("{who}-{i}"))], None);
                let c = { c.clone().effect(effect(&c, 0)) };
                match block_on(store.commit_one(c)) {
                    Outcome::Stored(_) => break,
                    Outcome::Conflict { .. } if tries < 10_000 => tries = tries.saturating_add(1),
                    other => return Err(Breach(format!("a commit under concurrency was answered {other:?}"))),
                }
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|who| scope.spawn(move || work(who))).collect();
        threads.into_iter().try_for_each(|t| t.join().unwrap_or_else(|_| Err(Breach("the store panicked".into()))))
    })?;
    let journal = store.whole_journal(t.id).await?;
    same("entries", journal.len(), usize::try_from(1 + 3 * EACH).unwrap_or(0))?;
    holds("revisions are consecutive", journal.iter().zip(1..).all(|(e, n)| e.revision == Revision::new(n)))?;
    let now = store.load_one(t.id).await?;
    same("the ticket against its journal", now.as_deref().cloned(), Ticket::fold(&journal))
}
