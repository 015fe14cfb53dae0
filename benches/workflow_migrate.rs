//! Migrating 1,000 tickets to another workflow version: `workflow/migrate_1000`.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ticketry::desk::{Blocking, Desk};
use ticketry::engine::{Command, NewTicket};
use ticketry::playbook::{Migration, Playbook};
use ticketry::store::MemoryStore;
use ticketry::ticket::Actor;

/// A desk with 1,000 tickets of the starter's first version, swapped to the second.
fn desk() -> Blocking {
    let desk = Desk::builder(Playbook::starter().unwrap()).store(MemoryStore::new()).open_blocking().unwrap().blocking();
    for i in 0..1000 {
        let new = NewTicket::new("question", "the printer is on fire", "ann", "mail");
        desk.submit(Command::create(format!("t{i}"), Actor::requester("ann"), new)).unwrap();
    }
    let mut source = Playbook::starter_source();
    let flow = source.get("workflows/question.toml").unwrap().replace("version = 1", "version = 2");
    source.add("workflows/question.toml", flow);
    desk.swap(Playbook::load(&source).unwrap().playbook).unwrap();
    desk
}

fn migrate(c: &mut Criterion) {
    let tidy = Migration::new("tidy", ("question", 1), ("question", 2)).same();
    c.bench_function("workflow/migrate_1000", |b| {
        b.iter_batched(
            desk,
            |desk| {
                let mut state = desk.begin_migration(&tidy).unwrap();
                while !state.done {
                    desk.migrate(&mut state, 1000).unwrap();
                }
                assert_eq!(state.changed, 1000);
                desk
            },
            BatchSize::PerIteration,
        );
    });
}

criterion_group!(benches, migrate);
criterion_main!(benches);
