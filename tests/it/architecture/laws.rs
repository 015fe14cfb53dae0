//! The tables. A new room or an exception is one line here, with its reason, and a line in ARCHITECTURE.md.

/// The rooms by rank: a room imports only from rooms of lower rank.
pub const RANKS: [&[&str]; 9] = [
    &["id", "diagnostic"],
    &["calendar", "ticket"],
    &["condition"],
    &["workflow", "priority", "sla", "routing", "rules", "store", "similar"],
    &["playbook"],
    &["engine", "insight"],
    &["desk", "folder"],
    &["simulate", "import"],
    &["harness"],
];

/// The first rank that may read a clock, do I/O, be async, draw random numbers, start threads.
pub const SHELL: usize = 6;

/// Rooms that import less than their rank would allow.
pub const NARROW: &[(&str, &[&str], &str)] =
    &[("store", &["id", "diagnostic", "ticket", "condition"], "a store author never meets a calendar, a workflow or Rhai")];

/// Crates with an owner: only modules at or below these places name them.
pub const OWNERS: &[(&str, &[&str])] = &[
    ("rhai", &["rules/script"]),
    ("petgraph", &["workflow", "rules"]),
    ("chrono_tz", &["calendar"]),
    ("calcard", &["calendar/feed"]),
    ("dagre", &["insight/draw"]),
    ("csv_core", &["condition/sheet"]),
    ("redb", &["store/redb"]),
    ("tokio", &["store/postgres"]),
    ("tokio_postgres", &["store/postgres"]),
    ("deadpool_postgres", &["store/postgres"]),
    ("async_std", &[]),
    ("smol", &[]),
    ("futures", &["store/postgres"]),
];

/// Where async functions are part of the contract below the shell: the `Store` trait, its erased twin, its implementations.
pub const ASYNC: &[&str] = &["store"];

/// Store implementations: they do I/O for a living.
pub const STORE_IMPLS: &[&str] = &["store/memory", "store/redb", "store/postgres", "store/conformance", "store/faults"];

/// Paths that reach the world outside; a path that begins with one of them breaks the law below the shell.
pub const OUTSIDE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::thread",
    "std::process",
    "std::os",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::time::UNIX_EPOCH",
    "std::hash::RandomState",
    "std::collections::hash_map::RandomState",
    "chrono::Local",
    "rand",
    "fastrand",
    "getrandom",
];

/// `Type::function` wherever the type came from.
pub const OUTSIDE_CALLS: &[(&str, &str)] = &[
    ("Instant", "now"),
    ("SystemTime", "now"),
    ("Utc", "now"),
    ("Local", "now"),
    ("Uuid", "new_v4"),
    ("Uuid", "now_v7"),
    ("Uuid", "now_v6"),
    ("Uuid", "now_v1"),
    ("RandomState", "new"),
];

/// Macros that print.
pub const PRINTING: &[&str] = &["print", "println", "eprint", "eprintln", "dbg"];

/// (place, path, reason): what one place may name although the law forbids it.
pub const EXCEPTIONS: &[(&str, &str, &str)] =
    &[("rules/script", "std::thread", "Rhai's deep parse at load needs a thread with a large stack (DESIGN 5); nothing at run time")];

/// The most lines a file may have.
pub const LINES: usize = 600;

/// What the `//!` head of a folder says, whatever else it says.
pub const HEAD: [&str; 2] = ["What it never does", "Read next"];

/// The rank of a room.
pub fn rank(room: &str) -> Option<usize> {
    RANKS.iter().position(|rooms| rooms.contains(&room))
}
