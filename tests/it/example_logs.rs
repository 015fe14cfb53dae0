//! The replay of the example `helpdesk` on the real logs beside the project: every row accounted for, twice the same bytes.

#[path = "../../examples/helpdesk/replay.rs"]
mod replay;

use crate::scale::pick;
use crate::vectors_business_time::shared;
use replay::{Account, Map};
use std::path::Path;
use ticketry::diagnostic::Lang;
use ticketry::store::MemoryStore;

/// What, expected, found.
type Figure = (String, u64, u64);

fn account(name: &str, rows: usize) -> Option<(Account, Vec<Figure>)> {
    let log = shared("logs")?.join(format!("{name}.csv.gz"));
    let map_file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("examples/maps/{name}.toml"));
    let map = Map::read(&map_file).unwrap();
    let rows = replay::rows(&log, &map, rows).unwrap();
    let playbook = map.playbook(&map_file, &rows, Lang::En).unwrap();
    let once = replay::run(&map, &playbook, &rows, MemoryStore::new(), &mut |_| {}).unwrap();
    let again = replay::run(&map, &playbook, &rows, MemoryStore::new(), &mut |_| {}).unwrap();
    assert_eq!(once, again, "{name}: two runs, two journals");
    assert_eq!(once.applied() + once.refused(), once.rows, "{name}: rows are missing");
    for (activity, t) in &once.activities {
        assert_eq!(t.applied + t.refused.values().sum::<u64>(), t.rows, "{name}: {activity}");
    }
    let figures = replay::reconcile(&log, &map, &once).unwrap();
    Some((once, figures))
}

#[test]
fn the_help_desk_log_is_applied_to_the_last_percent() {
    let rows = pick(2_000, 30_000, 30_000) as usize;
    let Some((account, figures)) = account("helpdesk_italy", rows) else { return };
    assert!(account.applied() * 100 >= account.rows * 99, "{:?}", account.activities);
    if rows > 21_348 {
        assert!(figures.iter().all(|(_, expected, found)| expected == found), "{figures:?}");
    }
}

#[test]
fn the_incident_log_is_accounted_for() {
    let rows = pick(2_000, 10_000, 70_000) as usize;
    let Some((account, figures)) = account("bpic2013_incidents", rows) else { return };
    assert!(account.applied() * 100 >= account.rows * 95, "{:?}", account.activities);
    if rows > 65_533 {
        assert!(figures.iter().all(|(_, expected, found)| expected == found), "{figures:?}");
    }
}
