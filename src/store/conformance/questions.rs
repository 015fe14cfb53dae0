//! Clauses about loading, journals, the feed, finding and counting.

use super::commits::stored;
use super::sample::{assigned, at, changed, created, id, numbers, tagged};
use super::{Breach, Verdict, holds, same};
use crate::condition::{Comparison, Condition, Expr, Literal, Path};
use crate::diagnostic::Place;
use crate::id::*;
use crate::store::*;
use crate::ticket::{Entry, StateClass, Ticket};
use std::{collections::BTreeMap, sync::Arc};

pub(super) async fn loads_in_the_order_asked(store: &AnyStore) -> Verdict {
    let (a, b) = (stored(store, created(1, None)).await?, stored(store, created(2, None)).await?);
    let ids = [b.id, id(3), a.id, b.id];
    same("tickets", store.load(&ids).await?, vec![Some(b.clone()), None, Some(a), Some(b)])
}

pub(super) async fn pages_a_journal(store: &AnyStore) -> Verdict {
    let mut t = stored(store, created(1, None)).await?;
    stored(store, created(2, None)).await?;
    for n in 2..=10 {
        t = stored(store, changed(&t, &format!("step-{n}"), at(n), vec![tagged(&format!("step-{n}"))], None)).await?;
    }
    let (mut seen, mut after) = (Vec::new(), None);
    for _ in 0..20 {
        let page = store.journal(t.id, after, Limit::new(3)).await?;
        holds("a page of a journal keeps to its limit", page.items.len() <= 3)?;
        same("where a page ends", page.next, page.items.last().map(|e| e.revision))?;
        seen.extend(page.items.iter().map(|e| e.revision.get()));
        same("more to come", page.more, seen.len() < 10)?;
        if !page.more {
            break;
        }
        after = page.next;
    }
    same("revisions", seen, (1..=10).collect())?;
    let rest = store.journal(t.id, Some(Revision::new(8)), Limit::MAX).await?;
    same("after revision 8", rest.items.iter().map(|e| e.revision.get()).collect::<Vec<_>>(), vec![9, 10])?;
    same("an unknown ticket", store.journal(id(99), None, Limit::MAX).await?, Page::empty())
}

fn places(entries: &[Entry]) -> Vec<(TicketId, u64)> {
    entries.iter().map(|e| (e.ticket, e.revision.get())).collect()
}

pub(super) async fn the_feed_is_complete(store: &AnyStore) -> Verdict {
    let mut tickets: Vec<Arc<Ticket>> = Vec::new();
    let (mut seen, mut after, mut expected) = (Vec::new(), None, 0usize);
    for round in 0..12u64 {
        tickets.push(stored(store, created(round + 1, None)).await?);
        expected += 1;
        for (i, t) in tickets.iter_mut().enumerate().filter(|(i, _)| (*i as u64 + round).is_multiple_of(3)) {
            let c = changed(t, &format!("{round}-{i}"), at(50), vec![tagged(&format!("r{round}"))], None);
            *t = stored(store, c).await?;
            expected += 1;
        }
        // Read while it grows.
        let page = store.feed(after, Limit::new(2)).await?;
        after = page.next.or(after);
        seen.extend(page.items);
    }
    let rest = store.whole_feed(after).await?;
    seen.extend(rest.items);
    same("entries in the feed", seen.len(), expected)?;
    let mut last: BTreeMap<TicketId, u64> = BTreeMap::new();
    for (ticket, revision) in places(&seen) {
        let before = last.insert(ticket, revision).unwrap_or(0);
        same("the next revision of a ticket in the feed", revision, before + 1)?;
    }
    Ok(())
}

pub(super) async fn the_feed_goes_on_from_a_position(store: &AnyStore) -> Verdict {
    same("an empty feed", store.feed(None, Limit::MAX).await?, Page::empty())?;
    stored(store, created(1, None)).await?;
    let first = store.feed(None, Limit::MAX).await?;
    holds("nothing more at the end of the feed", !first.more && first.next.is_some())?;
    same("after the end", store.feed(first.next, Limit::MAX).await?, Page::empty())?;
    stored(store, created(2, None)).await?;
    let second = store.feed(first.next, Limit::MAX).await?;
    same("what came since", places(&second.items), vec![(id(2), 1)])?;
    holds("positions ascend", second.next > first.next)
}

/// Forty tickets, some assigned, some changed again.
async fn sample_desk(store: &AnyStore) -> Result<Vec<Arc<Ticket>>, Breach> {
    let mut all = Vec::new();
    for n in 1..=40u64 {
        let mut t = stored(store, created(n, Some(at(1000)))).await?;
        if n.is_multiple_of(3) {
            let slot = u16::try_from(n).unwrap_or(0);
            let agent = if n.is_multiple_of(2) { "ann" } else { "bob" };
            t = stored(store, changed(&t, &format!("assign-{n}"), at(100 - n as i64), vec![assigned(agent, &[slot])], None)).await?;
        }
        all.push(t);
    }
    Ok(all)
}

fn amount_above(n: i64) -> Condition {
    let amount = Path::Field(FieldName::new("amount"));
    Condition::new(Expr::Compare(amount, Comparison::Above, Literal::Integer(n)), Place::file("conformance"))
}

fn queries() -> Vec<Query> {
    let q = Query::new;
    vec![
        q(),
        q().open(),
        q().class(StateClass::Open).class(StateClass::Pending),
        q().state("new"),
        q().group("network"),
        q().unassigned().open(),
        q().assignee("ann"),
        q().assignee("ann").assignee("bob"),
        q().assignee("nobody"),
        q().requester("wang"),
        q().requester("wang").organisation("acme"),
        q().organisation("globex"),
        q().channel("mail").channel("phone"),
        q().kind("return"),
        q().priority("urgent"),
        q().tag("vip").tag("late"),
        q().category("network"),
        q().thread("thread-3"),
        q().number(7),
        q().number(99),
        q().queued(),
        q().due_before(at(1_000_000)),
        q().open().condition(amount_above(20), at(0)),
    ]
}

fn naive(all: &[Arc<Ticket>], q: &Query) -> Result<Vec<Arc<Ticket>>, Breach> {
    let mut found = Vec::new();
    for t in all {
        if q.matches(t, q.now).map_err(|e| Breach(e.to_string()))? {
            found.push(t.clone());
        }
    }
    found.sort_by_key(|t| q.cursor(t));
    Ok(found)
}

pub(super) async fn finds_what_a_naive_filter_finds(store: &AnyStore) -> Verdict {
    let all = sample_desk(store).await?;
    for q in queries() {
        let mut expected = numbers(&naive(&all, &q)?);
        let mut found = numbers(&store.find_all(&q).await?);
        expected.sort_unstable();
        found.sort_unstable();
        same(&format!("what {q:?} finds"), found, expected)?;
    }
    Ok(())
}

pub(super) async fn finds_in_order(store: &AnyStore) -> Verdict {
    let all = sample_desk(store).await?;
    let by_priority = Order::Priority(["urgent", "normal", "low"].map(LevelName::new).to_vec());
    for order in [Order::Oldest, Order::Newest, Order::Changed, Order::Due, Order::Waiting, Order::Number, Order::Id, by_priority] {
        let q = Query::new().order(order);
        same(&format!("tickets in the order {:?}", q.order), numbers(&store.find_all(&q).await?), numbers(&naive(&all, &q)?))?;
    }
    Ok(())
}

pub(super) async fn pages_what_it_finds(store: &AnyStore) -> Verdict {
    let all = sample_desk(store).await?;
    for q in [Query::new().order(Order::Waiting), Query::new().open(), Query::new().tag("vip").order(Order::Newest)] {
        let expected = naive(&all, &q)?;
        let (mut found, mut after) = (Vec::new(), None);
        for _ in 0..20 {
            let page = store.find(&q, after.as_ref(), Limit::new(7)).await?;
            holds("a page keeps to its limit", page.items.len() <= 7)?;
            same("where a page ends", page.next, page.items.last().map(|t| q.cursor(t)))?;
            found.extend(page.items);
            same("more to come", page.more, found.len() < expected.len())?;
            if !page.more {
                break;
            }
            after = page.next;
        }
        same("tickets over all pages", numbers(&found), numbers(&expected))?;
    }
    Ok(())
}

pub(super) async fn counts_what_it_finds(store: &AnyStore) -> Verdict {
    let all = sample_desk(store).await?;
    for q in queries() {
        for axes in [
            vec![],
            vec![Axis::Class],
            vec![Axis::Group, Axis::Priority, Axis::Assignee],
            vec![Axis::Channel, Axis::Type, Axis::Organisation],
        ] {
            let mut expected = Counts::default();
            naive(&all, &q)?.iter().for_each(|t| expected.add(axes.iter().map(|a| a.of(t)).collect()));
            same(&format!("the count of {q:?} by {axes:?}"), store.count(&q, &axes).await?, expected)?;
        }
    }
    Ok(())
}

pub(super) async fn evaluates_conditions(store: &AnyStore) -> Verdict {
    sample_desk(store).await?;
    let q = Query::new().order(Order::Number).condition(amount_above(37), at(0));
    same("amount above 37", numbers(&store.find_all(&q).await?), vec![38, 39, 40])?;
    let later = Expr::Compare(Path::Now, Comparison::Above, Literal::Instant(at(500)));
    for (now, expected) in [(at(400), 0), (at(600), 40)] {
        let q = Query::new().condition(Condition::new(later.clone(), Place::file("conformance")), now);
        same("tickets by a condition on the query's now", store.count(&q, &[]).await?.total, expected)?;
    }
    Ok(())
}
