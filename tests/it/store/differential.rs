//! Two stores, one behaviour: whatever is asked, memory and file answer alike, also across reopening.

use proptest::prelude::*;
use std::{path::PathBuf, sync::Arc};
use ticketry::id::*;
use ticketry::store::conformance::{block_on, sample::*};
use ticketry::store::*;
use ticketry::ticket::{Event, Ticket};

#[derive(Clone, Debug)]
enum Step {
    Create {
        n: u64,
        wake: Option<i64>,
    },
    /// Changes on what was seen last or one write before.
    Change {
        n: u64,
        stale: bool,
        what: u8,
        wake: Option<i64>,
    },
    Together {
        a: u64,
        b: u64,
        read: u64,
    },
    Again {
        i: usize,
    },
    Sweep {
        slice: u16,
        limit: usize,
        give_back: bool,
    },
    Deliver {
        limit: usize,
        how: u8,
    },
    Numbers(u32),
    Find {
        q: u8,
        limit: usize,
    },
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let n = || 1..7u64;
    let wake = || proptest::option::of(0..2000i64);
    let step = prop_oneof![
        3 => (n(), wake()).prop_map(|(n, wake)| Step::Create { n, wake }),
        6 => (n(), any::<bool>(), 0..6u8, wake()).prop_map(|(n, stale, what, wake)| Step::Change { n, stale, what, wake }),
        2 => (n(), n(), n()).prop_map(|(a, b, read)| Step::Together { a, b, read }),
        1 => (0..20usize).prop_map(|i| Step::Again { i }),
        2 => (0..3u16, 1..4usize, any::<bool>()).prop_map(|(slice, limit, give_back)| Step::Sweep { slice, limit, give_back }),
        2 => (1..4usize, 0..4u8).prop_map(|(limit, how)| Step::Deliver { limit, how }),
        1 => (0..5u32).prop_map(Step::Numbers),
        2 => (0..8u8, 1..5usize).prop_map(|(q, limit)| Step::Find { q, limit }),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(proptest::collection::vec(step, 1..5), 1..14)
}

struct Pair {
    memory: MemoryStore,
    file: Option<RedbStore>,
    path: PathBuf,
    clock: i64,
    keys: u64,
    sent: Vec<Commit>,
    /// Per ticket, what it was before the last write and after it.
    seen: std::collections::BTreeMap<u64, (Arc<Ticket>, Arc<Ticket>)>,
}

impl Pair {
    fn file(&self) -> &RedbStore {
        self.file.as_ref().unwrap()
    }
    fn key(&mut self) -> String {
        self.keys += 1;
        format!("k{}", self.keys)
    }
    fn of(&mut self, step: &Step) -> Option<Commit> {
        self.clock += 1;
        let now = at(self.clock);
        let commit = match step {
            Step::Create { n, wake } => created(*n, wake.map(at)),
            Step::Change { n, stale, what, wake } => {
                let key = self.key();
                let (old, new) = self.seen.get(n)?;
                let t = if *stale { old } else { new };
                let mut events: Vec<Event> = vec![tagged(&format!("w{what}"))];
                if let Some(a) = t.assignee.as_ref().filter(|_| *what > 3) {
                    events.push(released(a.as_str()));
                }
                match what {
                    0 | 4 => events.push(assigned("ann", &[0])),
                    1 | 5 => events.push(assigned("ann", &[1, 2])),
                    2 => events.push(assigned("bob", &[0])),
                    _ => {}
                }
                let c = changed(t, &key, now, events, wake.map(at));
                if *what == 3 { c.clone().effect(effect(&c, 0)).effect(effect(&c, 1)) } else { c }
            }
            Step::Together { a, b, read } => {
                let key = self.key();
                let mut c = changed(&self.seen.get(a)?.1, &key, now, vec![tagged("together")], None);
                c.writes.extend(changed(&self.seen.get(b)?.1, &key, now, vec![tagged("together")], Some(at(500))).writes);
                let read = self.seen.get(read).map_or((id(*read), Revision::ZERO), |(t, _)| (t.id, t.revision));
                c.read(read.0, read.1)
            }
            Step::Again { i } => self.sent.get(*i)?.clone(),
            _ => return None,
        };
        self.sent.push(commit.clone());
        // Later commits of the group build on this one, whether or not it will be stored.
        for w in &commit.writes {
            let before = self.seen.get(&w.ticket.number).map_or_else(|| w.ticket.clone(), |(_, t)| t.clone());
            self.seen.insert(w.ticket.number, (before, w.ticket.clone()));
        }
        Some(commit)
    }

    fn group(&mut self, steps: &[Step]) {
        let group: Vec<Commit> = steps.iter().filter_map(|s| self.of(s)).collect();
        let (a, b) = (block_on(self.memory.commit(group.clone())), block_on(self.file().commit(group)));
        assert_eq!(a, b);
        // Only what is stored counts as seen from now on.
        for n in self.seen.keys().copied().collect::<Vec<_>>() {
            match block_on(self.memory.load_one(id(n))).unwrap() {
                Some(t) => drop(self.seen.insert(n, (self.seen[&n].0.clone(), t))),
                None => drop(self.seen.remove(&n)),
            }
        }
    }

    fn ask(&mut self, step: &Step) {
        self.clock += 7;
        let now = at(self.clock);
        let lease = || Lease::for_seconds("pair", now, 20);
        match step {
            Step::Sweep { slice, limit, give_back } => {
                let slice = Slice::new(*slice, 3).unwrap();
                let a = block_on(self.memory.due(now, lease(), slice, Limit::new(*limit))).unwrap();
                let b = block_on(self.file().due(now, lease(), slice, Limit::new(*limit))).unwrap();
                let plain = |d: &[Due]| d.iter().map(|d| (d.ticket, d.revision, d.wake_at)).collect::<Vec<_>>();
                assert_eq!(plain(&a), plain(&b));
                for (a, b) in a.iter().zip(&b).filter(|_| *give_back) {
                    let how = Settled::Retry { not_before: at(self.clock + 3) };
                    assert_eq!(block_on(self.memory.settle(&a.lease, how.clone())), block_on(self.file().settle(&b.lease, how)));
                }
            }
            Step::Deliver { limit, how } => {
                let a = block_on(self.memory.pending(lease(), Limit::new(*limit))).unwrap();
                let b = block_on(self.file().pending(lease(), Limit::new(*limit))).unwrap();
                let plain = |d: &[Leased<_>]| d.iter().map(|d: &Leased<ticketry::ticket::Effect>| d.item.clone()).collect::<Vec<_>>();
                assert_eq!(plain(&a), plain(&b));
                let how = match how {
                    0 => Settled::Delivered,
                    1 => Settled::Retry { not_before: at(self.clock + 30) },
                    2 => Settled::Dead { why: "no".into() },
                    _ => return,
                };
                for (a, b) in a.iter().zip(&b) {
                    assert_eq!(block_on(self.memory.settle(&a.token, how.clone())), block_on(self.file().settle(&b.token, how.clone())));
                }
            }
            Step::Numbers(n) => assert_eq!(block_on(self.memory.reserve_numbers(*n)), block_on(self.file().reserve_numbers(*n))),
            Step::Find { q, limit } => {
                let q = match q {
                    0 => Query::new().order(Order::Changed),
                    1 => Query::new().open().order(Order::Waiting),
                    2 => Query::new().assignee("ann"),
                    3 => Query::new().unassigned().tag("w3"),
                    4 => Query::new().thread("thread-1").order(Order::Number),
                    5 => Query::new().requester("li").category("network"),
                    6 => Query::new().queued(),
                    _ => Query::new().order(Order::Priority(vec!["urgent".into()])),
                };
                let first = block_on(self.memory.find(&q, None, Limit::new(*limit)));
                assert_eq!(first, block_on(self.file().find(&q, None, Limit::new(*limit))));
                let after = first.unwrap().next;
                assert_eq!(
                    block_on(self.memory.find(&q, after.as_ref(), Limit::new(*limit))),
                    block_on(self.file().find(&q, after.as_ref(), Limit::new(*limit)))
                );
                let by = [Axis::State, Axis::Assignee];
                assert_eq!(block_on(self.memory.count(&q, &by)), block_on(self.file().count(&q, &by)));
            }
            Step::Reopen => {
                self.file = None;
                self.file = Some(RedbStore::open(&self.path).unwrap());
                // Leases of the file ended with it; let those of the memory end too.
                self.clock += 1000;
            }
            _ => {}
        }
    }

    fn compare(&self) {
        let agents = [AgentId::new("ann"), AgentId::new("bob")];
        assert_eq!(block_on(self.memory.holdings(&agents)), block_on(self.file().holdings(&agents)));
        let ids: Vec<TicketId> = (0..8).map(id).collect();
        assert_eq!(block_on(self.memory.load(&ids)), block_on(self.file().load(&ids)));
        for t in ids {
            assert_eq!(block_on(self.memory.whole_journal(t)), block_on(self.file().whole_journal(t)));
        }
        let feeds = (block_on(self.memory.whole_feed(None)).unwrap().items, block_on(self.file().whole_feed(None)).unwrap().items);
        assert_eq!(feeds.0, feeds.1);
        let sent: Vec<CommitId> = self.sent.iter().map(|c| c.id.clone()).collect();
        assert_eq!(block_on(self.memory.receipts(&sent)), block_on(self.file().receipts(&sent)));
        assert_eq!(self.memory.dead(), self.file().dead());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::scale::pick(24, 300, 5000), failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn memory_and_file_answer_alike(groups in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("desk.tickets");
        let file = Some(RedbStore::create(&path).unwrap());
        let mut pair = Pair { memory: MemoryStore::new(), file, path, clock: 100, keys: 0, sent: Vec::new(), seen: Default::default() };
        for steps in &groups {
            pair.group(steps);
            steps.iter().for_each(|s| pair.ask(s));
        }
        pair.compare();
    }
}
