//! What a file owes beyond the trait: it keeps everything, and refuses politely.

use std::fs;
use std::sync::{Arc, Mutex};
use ticketry::id::*;
use ticketry::store::conformance::{block_on, sample::*};
use ticketry::store::*;

fn commit(store: &impl Store, c: Commit) -> std::sync::Arc<ticketry::ticket::Ticket> {
    let t = after(&c).unwrap();
    assert!(matches!(block_on(store.commit_one(c)), Outcome::Stored(_)));
    t
}

#[test]
fn a_reopened_file_is_the_same_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.tickets");
    let store = RedbStore::create(&path).unwrap();
    let first = created(1, Some(at(100)));
    let t = commit(&store, first.clone().effect(effect(&first, 0)).effect(effect(&first, 1)).effect(effect(&first, 2)));
    let t = commit(&store, changed(&t, "assign", at(10), vec![assigned("ann", &[0, 2])], Some(at(300))));
    commit(&store, created(2, None));
    assert_eq!(block_on(store.reserve_numbers(50)).unwrap(), 1);
    let lease = || Lease::for_seconds("t", at(400), 30);
    let swept = block_on(store.due(at(400), lease(), Slice::ALL, Limit::MAX)).unwrap();
    let held = block_on(store.pending(lease(), Limit::MAX)).unwrap();
    assert_eq!((swept.len(), held.len()), (1, 3));
    assert!(block_on(store.settle(&held[0].token, Settled::Delivered)).unwrap());
    assert!(block_on(store.settle(&held[1].token, Settled::Retry { not_before: at(900) })).unwrap());
    assert!(block_on(store.settle(&held[2].token, Settled::Dead { why: "gone".into() })).unwrap());
    let feed = block_on(store.whole_feed(None)).unwrap();
    drop(store);

    let store = RedbStore::open(&path).unwrap();
    assert_eq!(block_on(store.load_one(t.id)).unwrap(), Some(t.clone()));
    assert_eq!(block_on(store.whole_feed(None)).unwrap(), feed);
    assert!(matches!(block_on(store.commit_one(first.clone())), Outcome::Duplicate(r) if r == first.receipt()));
    let ann = block_on(store.holdings(&[AgentId::new("ann")])).unwrap();
    assert_eq!(ann, [Holding { agent: "ann".into(), slots: vec![0, 2], last_assigned: Some(at(10)) }]);
    assert_eq!(block_on(store.reserve_numbers(1)).unwrap(), 51);
    // Leases end with the process, and tokens of the old one are worth nothing.
    assert_eq!(block_on(store.next_wake()).unwrap(), Some(at(300)));
    let again = block_on(store.due(at(401), lease(), Slice::ALL, Limit::MAX)).unwrap();
    assert_eq!(again.len(), 1);
    assert!(!block_on(store.settle(&swept[0].lease, Settled::Delivered)).unwrap());
    assert_eq!(block_on(store.next_delivery()).unwrap(), Some(at(900)));
    assert_eq!(store.dead().len(), 1);
    let retried = block_on(store.pending(Lease::for_seconds("t", at(900), 30), Limit::MAX)).unwrap();
    assert_eq!(retried.iter().map(|l| l.attempt).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_file_belongs_to_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.tickets");
    let store = RedbStore::open_or_create(&path).unwrap();
    let e = RedbStore::open(&path).unwrap_err();
    assert_eq!(e.kind(), StoreErrorKind::Busy);
    assert!(e.retryable() && e.message().contains("in use") && e.message().contains("desk.tickets"), "{e}");
    drop(store);
    RedbStore::open_or_create(&path).unwrap();
    assert_eq!(RedbStore::create(&path).unwrap_err().kind(), StoreErrorKind::Missing);
    assert_eq!(RedbStore::open(folder.path().join("none")).unwrap_err().kind(), StoreErrorKind::Missing);
}

#[test]
fn what_is_no_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    fs::write(&path, "Dear desk, this is no store at all. ".repeat(500)).unwrap();
    let e = RedbStore::open(&path).unwrap_err();
    assert_eq!(e.kind(), StoreErrorKind::Damaged, "{e}");
    assert!(e.message().contains("letter.txt"), "{e}");
}

#[test]
fn damage_is_an_error_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.tickets");
    {
        let store = RedbStore::create(&path).unwrap();
        let all: Vec<Commit> = (1..=60).map(|n| created(n, Some(at(100)))).collect();
        assert!(block_on(store.commit(all)).iter().all(Outcome::is_stored));
    }
    let whole = fs::read(&path).unwrap();
    let mut dice = Dice::new(11);
    let (mut refused, rounds) = (0, crate::scale::pick(40, 400, 4000));
    let quiet = std::panic::take_hook();
    let said: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = said.clone();
    std::panic::set_hook(Box::new(move |p| kept.lock().unwrap().push(format!("{p}"))));
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        for round in 0..rounds {
            let mut bytes = whole.clone();
            match round % 3 {
                0 => bytes.truncate(dice.below(whole.len() as u64) as usize),
                1 => {
                    for _ in 0..8 {
                        let i = dice.below(whole.len() as u64) as usize;
                        bytes[i] ^= 1 << dice.below(8);
                    }
                }
                _ => {
                    let from = dice.below(whole.len() as u64) as usize & !511;
                    let end = (from + 4096).min(bytes.len());
                    bytes[from..end].fill(0);
                }
            }
            let damaged = folder.path().join(format!("damaged-{round}"));
            fs::write(&damaged, &bytes).unwrap();
            match RedbStore::open(&damaged) {
                Err(_) => refused += 1,
                Ok(store) => {
                    let _ = block_on(store.whole_feed(None));
                    let _ = block_on(store.find_all(&Query::new().tag("vip")));
                    let _ = block_on(store.commit_one(created(99, None)));
                }
            }
            fs::remove_file(&damaged).unwrap();
        }
    }));
    std::panic::set_hook(quiet);
    assert!(outcome.is_ok(), "a damaged file made the store panic: {:?}", said.lock().unwrap());
    assert!(refused > 0);
}
