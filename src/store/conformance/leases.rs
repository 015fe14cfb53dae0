//! Clauses about waking, sweeping, and the outbox.

use super::commits::stored;
use super::sample::{at, changed, created, distinct, effect, id, tagged};
use super::{Breach, Verdict, holds, same};
use crate::id::*;
use crate::store::*;
use crate::ticket::{Effect, EffectKey};

fn lease(now: i64) -> Lease {
    Lease::for_seconds("judge", at(now), 30)
}

async fn due(store: &AnyStore, now: i64) -> Result<Vec<TicketId>, Breach> {
    Ok(store.due(at(now), lease(now), Slice::ALL, Limit::MAX).await?.iter().map(|d| d.ticket).collect())
}

pub(super) async fn due_comes_in_order_of_waking(store: &AnyStore) -> Verdict {
    for (n, wake) in [(1, Some(300)), (2, Some(100)), (3, None), (4, Some(200)), (5, Some(900))] {
        stored(store, created(n, wake.map(at))).await?;
    }
    let first = store.due(at(500), lease(500), Slice::ALL, Limit::new(2)).await?;
    let seen: Vec<_> = first.iter().map(|d| (d.ticket, d.revision, d.wake_at)).collect();
    same("the first two due", seen, vec![(id(2), Revision::new(1), at(100)), (id(4), Revision::new(1), at(200))])?;
    same("the rest", due(store, 500).await?, vec![id(1)])
}

pub(super) async fn a_timer_is_due_after_its_instant(store: &AnyStore) -> Verdict {
    stored(store, created(1, Some(at(100)))).await?;
    same("due at its very instant", due(store, 100).await?, vec![])?;
    let just_after = at(100).checked_add_signed(chrono::TimeDelta::microseconds(1)).unwrap_or(at(101));
    let found = store.due(just_after, lease(100), Slice::ALL, Limit::MAX).await?;
    same("due a microsecond later", found.len(), 1)
}

pub(super) async fn a_changed_wake_instant_counts(store: &AnyStore) -> Verdict {
    let a = stored(store, created(1, Some(at(100)))).await?;
    let b = stored(store, created(2, Some(at(100)))).await?;
    stored(store, changed(&a, "later", at(10), vec![tagged("later")], Some(at(400)))).await?;
    stored(store, changed(&b, "never", at(10), vec![tagged("never")], None)).await?;
    same("due at the old instant", due(store, 300).await?, vec![])?;
    same("next wake", store.next_wake().await?, Some(at(400)))?;
    same("due at the new one", due(store, 500).await?, vec![a.id])
}

pub(super) async fn next_wake_is_the_earliest(store: &AnyStore) -> Verdict {
    same("with nothing to wake", store.next_wake().await?, None)?;
    stored(store, created(1, Some(at(300)))).await?;
    stored(store, created(2, Some(at(100)))).await?;
    same("the earliest", store.next_wake().await?, Some(at(100)))?;
    // Leased until 130 and until then nobody's business.
    store.due(at(101), Lease::for_seconds("judge", at(101), 29), Slice::ALL, Limit::MAX).await?;
    same("the end of the lease", store.next_wake().await?, Some(at(130)))
}

pub(super) async fn a_due_ticket_goes_to_one(store: &AnyStore) -> Verdict {
    stored(store, created(1, Some(at(100)))).await?;
    stored(store, created(2, Some(at(100)))).await?;
    let one = store.due(at(200), lease(200), Slice::ALL, Limit::new(1)).await?;
    let other = store.due(at(200), Lease::for_seconds("other", at(201), 30), Slice::ALL, Limit::MAX).await?;
    same("what each got", (one.len(), other.len()), (1, 1))?;
    holds("both got the same ticket", distinct(one.iter().chain(&other).map(|d| d.ticket)))?;
    same("a third", due(store, 202).await?, vec![])
}

pub(super) async fn a_lease_ends_by_itself(store: &AnyStore) -> Verdict {
    stored(store, created(1, Some(at(100)))).await?;
    let old = store.due(at(200), lease(200), Slice::ALL, Limit::MAX).await?;
    same("within the lease", due(store, 229).await?, vec![])?;
    let new = store.due(at(230), lease(230), Slice::ALL, Limit::MAX).await?;
    same("at its end", new.len(), 1)?;
    for d in &old {
        same("settling with the old token", store.settle(&d.lease, Settled::Delivered).await?, false)?;
    }
    Ok(())
}

pub(super) async fn a_write_ends_the_lease(store: &AnyStore) -> Verdict {
    let t = stored(store, created(1, Some(at(100)))).await?;
    let held = store.due(at(200), lease(200), Slice::ALL, Limit::MAX).await?;
    stored(store, changed(&t, "swept", at(200), vec![tagged("swept")], Some(at(150)))).await?;
    same("due again by its new wake instant", due(store, 201).await?, vec![t.id])?;
    for d in &held {
        same("settling after the write", store.settle(&d.lease, Settled::Delivered).await?, false)?;
    }
    Ok(())
}

pub(super) async fn a_sweep_can_be_given_back(store: &AnyStore) -> Verdict {
    stored(store, created(1, Some(at(100)))).await?;
    for d in store.due(at(200), lease(200), Slice::ALL, Limit::MAX).await? {
        same("giving it back", store.settle(&d.lease, Settled::Delivered).await?, true)?;
        same("giving it back twice", store.settle(&d.lease, Settled::Delivered).await?, false)?;
    }
    for d in store.due(at(201), lease(201), Slice::ALL, Limit::MAX).await? {
        same("postponing it", store.settle(&d.lease, Settled::Retry { not_before: at(500) }).await?, true)?;
    }
    same("before it may be tried", due(store, 400).await?, vec![])?;
    same("when it may be tried", due(store, 500).await?, vec![id(1)])
}

pub(super) async fn slices_part_what_is_due(store: &AnyStore) -> Verdict {
    for n in 1..=30 {
        stored(store, created(n, Some(at(100)))).await?;
    }
    let mut all = Vec::new();
    for slice in (0..3).filter_map(|i| Slice::new(i, 3)) {
        // Given back at once, so that only the slice keeps them apart.
        for d in store.due(at(200), lease(200), slice, Limit::MAX).await? {
            holds("a ticket of another slice", slice.holds(d.ticket))?;
            store.settle(&d.lease, Settled::Delivered).await?;
            all.push(d.ticket);
        }
    }
    same("tickets over all slices", all.len(), 30)?;
    holds("a ticket in two slices", distinct(all))
}

/// Two tickets, three effects in all.
async fn outbox(store: &AnyStore) -> Result<Vec<EffectKey>, Breach> {
    let (mut a, mut b) = (created(1, None), created(2, None));
    a.effects = vec![effect(&a, 0), effect(&a, 1)];
    b.effects = vec![effect(&b, 0)];
    let keys = a.effects.iter().chain(&b.effects).map(|e| e.key).collect();
    stored(store, a).await?;
    stored(store, b).await?;
    Ok(keys)
}

async fn pending(store: &AnyStore, now: i64) -> Result<Vec<Leased<Effect>>, Breach> {
    Ok(store.pending(lease(now), Limit::MAX).await?)
}

fn keys(found: &[Leased<Effect>]) -> Vec<EffectKey> {
    found.iter().map(|l| l.item.key).collect()
}

pub(super) async fn effects_come_in_order_to_one(store: &AnyStore) -> Verdict {
    let all = outbox(store).await?;
    let first = store.pending(lease(100), Limit::new(2)).await?;
    same("the first two", keys(&first), all.iter().take(2).copied().collect())?;
    holds("the first attempt is 1", first.iter().all(|l| l.attempt == 1))?;
    same("the rest", keys(&pending(store, 101).await?), all.iter().skip(2).copied().collect())?;
    same("all are leased", keys(&pending(store, 102).await?), vec![])?;
    let again = pending(store, 131).await?;
    same("leases have ended", keys(&again), all)?;
    holds("the second attempt is 2", again.iter().all(|l| l.attempt == 2))
}

pub(super) async fn a_delivered_effect_is_gone(store: &AnyStore) -> Verdict {
    let all = outbox(store).await?;
    for l in store.pending(lease(100), Limit::new(1)).await? {
        same("settling", store.settle(&l.token, Settled::Delivered).await?, true)?;
        same("settling twice", store.settle(&l.token, Settled::Delivered).await?, false)?;
    }
    same("what is left", keys(&pending(store, 1000).await?), all.into_iter().skip(1).collect())
}

pub(super) async fn a_retry_waits(store: &AnyStore) -> Verdict {
    let all = outbox(store).await?;
    for l in pending(store, 100).await? {
        same("putting off", store.settle(&l.token, Settled::Retry { not_before: at(500) }).await?, true)?;
    }
    same("before they may be tried", keys(&pending(store, 499).await?), vec![])?;
    same("when they may be tried", keys(&pending(store, 500).await?), all)
}

pub(super) async fn a_dead_effect_never_comes_back(store: &AnyStore) -> Verdict {
    outbox(store).await?;
    for l in pending(store, 100).await? {
        same("giving up", store.settle(&l.token, Settled::Dead { why: "no such address".into() }).await?, true)?;
    }
    same("after giving up", keys(&pending(store, 1_000_000).await?), vec![])?;
    same("the next delivery", store.next_delivery().await?, None)
}

pub(super) async fn a_lost_lease_settles_nothing(store: &AnyStore) -> Verdict {
    let all = outbox(store).await?;
    let old = pending(store, 100).await?;
    let new = pending(store, 200).await?;
    for l in &old {
        same("settling a lost lease", store.settle(&l.token, Settled::Delivered).await?, false)?;
    }
    same("effects still there", keys(&pending(store, 300).await?), all)?;
    for l in &new {
        same("settling another lost lease", store.settle(&l.token, Settled::Dead { why: "x".into() }).await?, false)?;
    }
    Ok(())
}

pub(super) async fn a_refused_commit_has_no_effects(store: &AnyStore) -> Verdict {
    let t = stored(store, created(1, None)).await?;
    stored(store, changed(&t, "second", at(10), vec![tagged("second")], None)).await?;
    let stale = changed(&t, "stale", at(11), vec![tagged("stale")], Some(at(50)));
    let stale = { stale.clone().effect(effect(&stale, 0)) };
    same("a stale commit", store.commit_one(stale).await.is_stored(), false)?;
    same("effects", keys(&pending(store, 1000).await?), vec![])?;
    same("wake instant", store.next_wake().await?, None)
}

pub(super) async fn next_delivery_is_the_earliest(store: &AnyStore) -> Verdict {
    same("with an empty outbox", store.next_delivery().await?, None)?;
    outbox(store).await?;
    same("the instant of the first effect", store.next_delivery().await?, Some(at(1)))?;
    let held = store.pending(Lease::for_seconds("judge", at(100), 30), Limit::MAX).await?;
    same("the end of the leases", store.next_delivery().await?, Some(at(130)))?;
    for (l, wait) in held.iter().zip([900, 700, 800]) {
        store.settle(&l.token, Settled::Retry { not_before: at(wait) }).await?;
    }
    same("the first retry", store.next_delivery().await?, Some(at(700)))
}
