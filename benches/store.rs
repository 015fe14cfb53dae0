//! What a commit costs: in memory, in a file alone, in a file in groups of a hundred (per commit).
#![allow(missing_docs, clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::sync::Arc;
use ticketry::store::conformance::{block_on, sample::*};
use ticketry::store::*;
use ticketry::ticket::Ticket;

const TICKETS: u64 = 1000;

struct Desk<S> {
    store: S,
    tickets: Vec<Arc<Ticket>>,
    next: usize,
}

impl<S: Store> Desk<S> {
    fn new(store: S) -> Self {
        let commits: Vec<Commit> = (1..=TICKETS).map(|n| created(n, Some(at(1000)))).collect();
        let tickets = commits.iter().map(|c| after(c).unwrap()).collect();
        assert!(block_on(store.commit(commits)).iter().all(Outcome::is_stored));
        Self { store, tickets, next: 0 }
    }
    /// The next `n` tickets change a tag and their wake instant.
    fn group(&mut self, n: usize) -> Vec<Commit> {
        (0..n)
            .map(|_| {
                let i = self.next % self.tickets.len();
                self.next += 1;
                let tag = if (self.next / self.tickets.len()).is_multiple_of(2) {
                    tagged("bench")
                } else {
                    ticketry::ticket::Event::Untagged("bench".into())
                };
                let c = changed(&self.tickets[i], &format!("b{}", self.next), at(2000), vec![tag], Some(at(1000 + self.next as i64)));
                self.tickets[i] = after(&c).unwrap();
                c
            })
            .collect()
    }
    fn bench(&mut self, c: &mut Criterion, id: &str, n: usize) {
        let mut group = c.benchmark_group("store");
        group.throughput(Throughput::Elements(n as u64));
        let desk = std::cell::RefCell::new(self);
        group.bench_function(id, |b| {
            b.iter_batched(
                || desk.borrow_mut().group(n),
                |commits| {
                    let outcomes = block_on(desk.borrow().store.commit(commits));
                    assert!(outcomes.iter().all(Outcome::is_stored));
                    outcomes
                },
                BatchSize::PerIteration,
            );
        });
        group.finish();
    }
}

fn stores(c: &mut Criterion) {
    Desk::new(MemoryStore::new()).bench(c, "memory_commit", 1);
    let folder = tempfile::tempdir().unwrap();
    Desk::new(RedbStore::create(folder.path().join("one")).unwrap()).bench(c, "redb_commit_1", 1);
    Desk::new(RedbStore::create(folder.path().join("hundred")).unwrap()).bench(c, "redb_commit_100", 100);
}

criterion_group!(benches, stores);
criterion_main!(benches);
