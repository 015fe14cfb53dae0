//! A process killed in mid-load: what it acknowledged is there, nothing is there by halves.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
};
use ticketry::id::*;
use ticketry::store::conformance::{block_on, sample::*};
use ticketry::store::*;
use ticketry::ticket::Ticket;

const CHILD: &str = "TICKETRY_TEST_KILLED_STORE";

/// Not a test by itself: the child of the test below, which re-executes this binary.
#[test]
fn killed_child() {
    let Ok(path) = std::env::var(CHILD) else { return };
    let store = RedbStore::open_or_create(Path::new(&path)).unwrap();
    // Sample instants follow the numbers: few, so that receipts stay younger than a week.
    let first = block_on(store.reserve_numbers(2_000)).unwrap();
    let mut dice = Dice::new(first);
    let mut out = std::io::stdout().lock();
    for round in 0u64.. {
        // Each group: pairs of tickets changed together, so that a half commit would show.
        let mut group = Vec::new();
        for i in 0..=dice.below(4) {
            let (a, b) = (first + round * 10 + i * 2, first + round * 10 + i * 2 + 1);
            let mut c = created(a, Some(at(100)));
            let key = c.id.clone();
            let mut other = created(b, Some(at(100)));
            for w in &mut other.writes {
                std::sync::Arc::make_mut(&mut w.entry).commit = key.clone();
            }
            c.writes.extend(other.writes);
            let c = { c.clone().effect(effect(&c, 0)) };
            let t = after(&c).unwrap();
            group.push(c);
            group.push(changed(&t, &format!("change-{a}"), at(a as i64), vec![tagged("changed")], None));
        }
        for outcome in block_on(store.commit(group)) {
            let Outcome::Stored(r) = outcome else { panic!("{outcome:?}") };
            for (ticket, revision) in r.tickets {
                writeln!(out, "ack {} {ticket} {}", r.commit, revision.get()).unwrap();
            }
        }
        out.flush().unwrap();
    }
}

#[test]
fn nothing_acknowledged_is_lost_by_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.tickets");
    let mut acknowledged: BTreeMap<TicketId, u64> = BTreeMap::new();
    let mut commits = Vec::new();
    let mut dice = Dice::new(3);
    for _ in 0..crate::scale::pick(3, 30, 200) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::kill::killed_child", "--nocapture", "--test-threads=1"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let enough = 20 + dice.below(200);
        let mut seen = 0;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            // The harness prints before and the kill may cut a line short.
            let words: Vec<&str> = line.split(' ').collect();
            let (Some(i), true) = (words.iter().position(|w| *w == "ack"), words.len() >= 4) else { continue };
            let [commit, ticket, revision] = words[i + 1..] else { continue };
            let (Ok(ticket), Ok(revision)) = (ticket.parse::<TicketId>(), revision.parse::<u64>()) else { continue };
            acknowledged.entry(ticket).and_modify(|r| *r = revision.max(*r)).or_insert(revision);
            commits.push(CommitId::new(commit));
            seen += 1;
            if seen == enough {
                // SIGKILL; what it still says afterwards it had acknowledged before.
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(seen >= enough, "the child ended by itself after {seen} acknowledgements");
        check(&RedbStore::open(&path).unwrap(), &acknowledged, &commits);
    }
}

fn check(store: &RedbStore, acknowledged: &BTreeMap<TicketId, u64>, commits: &[CommitId]) {
    for (ticket, revision) in acknowledged {
        let found = block_on(store.load_one(*ticket)).unwrap().unwrap_or_else(|| panic!("{ticket} was acknowledged and is lost"));
        assert!(found.revision.get() >= *revision, "{ticket} was acknowledged at {revision} and stands at {}", found.revision);
    }
    assert!(block_on(store.receipts(commits)).unwrap().iter().all(Option::is_some), "an acknowledged commit has no receipt");
    // Nothing by halves: journals, tickets, feed, effects and the pairs agree with each other.
    let feed = block_on(store.whole_feed(None)).unwrap().items;
    let tickets = block_on(store.find_all(&Query::new())).unwrap();
    let mut by_commit: BTreeMap<CommitId, Vec<TicketId>> = BTreeMap::new();
    for e in &feed {
        by_commit.entry(e.commit.clone()).or_default().push(e.ticket);
    }
    for (commit, of) in &by_commit {
        let expected = if commit.as_str().starts_with("create-") { 2 } else { 1 };
        assert_eq!(of.len(), expected, "{commit} is there by halves");
        let receipt = block_on(store.receipts(std::slice::from_ref(commit))).unwrap().remove(0).unwrap();
        assert_eq!(receipt.tickets.len(), expected);
    }
    assert_eq!(tickets.iter().map(|t| t.revision.get()).sum::<u64>(), feed.len() as u64);
    for t in &tickets {
        let journal = block_on(store.whole_journal(t.id)).unwrap();
        assert_eq!(Ticket::fold(&journal).as_ref(), Some(&**t));
    }
    let effects = by_commit.keys().filter(|c| c.as_str().starts_with("create-")).count();
    assert_eq!(effects_held(store), effects);
}

fn effects_held(store: &RedbStore) -> usize {
    let mut n = 0;
    let lease = || Lease { owner: "t".into(), now: at(2_000_000), until: UtcInstant::MAX_UTC };
    loop {
        let some = block_on(store.pending(lease(), Limit::MAX)).unwrap();
        if some.is_empty() {
            return n;
        }
        n += some.len();
    }
}
