//! Each law broken once, and what the checker says; what looks like a breach and is none.

use super::{check::check, laws};

const HEAD: &str = "//! A room.\n//!\n//! What it never does: much.\n//! Read next: the code.\n";

/// The checker on one file with a proper head; lines in `text` count from 5.
fn on(path: &str, text: &str) -> Vec<String> {
    check(&[(path.to_owned(), format!("{HEAD}{text}"))])
}

#[track_caller]
fn breaks(path: &str, text: &str, expected: &str) {
    let said = on(path, text);
    assert!(said.iter().any(|s| s.contains(expected)), "expected {expected:?}, said {said:#?}");
}

#[track_caller]
fn keeps(path: &str, text: &str) {
    assert_eq!(on(path, text), Vec::<String>::new(), "{text}");
}

#[test]
fn every_rank_is_above_those_it_may_import() {
    for (upper, rooms) in laws::RANKS.iter().enumerate() {
        for room in *rooms {
            for (lower, others) in laws::RANKS.iter().enumerate() {
                for other in others.iter().filter(|other| other != &room) {
                    let narrow = laws::NARROW.iter().any(|(r, allowed, _)| r == room && !allowed.contains(other));
                    let said = on(&format!("{room}/mod.rs"), &format!("use crate::{other}::X;"));
                    assert_eq!(said.is_empty(), lower < upper && !narrow, "{room} imports {other}: {said:#?}");
                }
            }
        }
    }
}

#[test]
fn a_higher_rank_is_refused() {
    breaks(
        "ticket/mod.rs",
        "use crate::engine::decide;",
        "src/ticket/mod.rs:5: `ticket` (rank 1) imports `engine` (rank 5), a higher rank: `crate::engine::decide`",
    );
}

#[test]
fn the_own_rank_is_refused() {
    breaks("sla/mod.rs", "use crate::routing::Queue;", "`sla` (rank 3) imports `routing` (rank 3), its own rank: `crate::routing::Queue`");
}

#[test]
fn every_way_to_write_a_path_counts() {
    for text in [
        "use crate::{id::Revision, desk::{self, Clock}};",
        "use crate::desk as d;",
        "use super::super::desk::Desk;",
        "use super::super::{desk::Desk};",
        "use self::super::super::desk;",
        "fn f() { crate::desk::open(); }",
        "fn f(d: &crate::desk::Desk) {}",
        "fn f() -> Vec<Option<super::super::desk::Desk>> { Vec::new() }",
        "impl crate::desk::Clock for X {}",
        "struct X { d: Box<dyn crate::desk::Clock> }",
        "fn f(x: u8) { match x { crate::desk::LIMIT => {} _ => {} } }",
        "fn f() { let _ = format!(\"{}\", crate::desk::LIMIT); }",
        "fn f() { let _ = vec![[super::super::desk::LIMIT]]; }",
        "macro_rules! m { () => { $crate::desk::open() } }",
        "macro_rules! m { () => { use $crate::{id::Revision as R, desk::Desk}; } }",
        "#[derive(crate::desk::Shape)] struct X;",
        "struct X { #[serde(with = \"crate::desk::instants\")] at: i64 }",
        "mod inner { use super::super::super::desk::Desk; }",
        "pub use crate::desk::Desk;",
        "fn f() { fn g() { use crate::desk::Desk; } }",
        "use crate::r#desk::Desk;",
    ] {
        breaks("ticket/values.rs", text, "`ticket` (rank 1) imports `desk` (rank 6), a higher rank");
    }
}

#[test]
fn the_crate_root_is_no_room() {
    breaks("engine/mod.rs", "use crate::Ticket;", "`crate::Ticket` goes through the crate root; name the room: `crate::<room>::Ticket`");
    breaks("engine/case.rs", "fn f(t: super::super::Ticket) {}", "goes through the crate root");
    breaks("engine/mod.rs", "use crate::*;", "`crate::*` is the crate root; name the room");
    breaks("engine/mod.rs", "use super::*;", "is the crate root; name the room");
    breaks("engine/mod.rs", "use crate as all;", "is the crate root; name the room");
    breaks("engine/case.rs", "use super::super as all;", "is the crate root; name the room");
    breaks("engine/case.rs", "use super::super::{self as all};", "is the crate root; name the room");
    breaks("engine/mod.rs", "use super::super::x;", "`super::super::x` leaves the crate");
}

#[test]
fn an_exported_macro_counts_for_its_room() {
    let home = ("engine/mod.rs".to_owned(), format!("{HEAD}#[macro_export] macro_rules! names {{ () => {{}} }}"));
    let upper = ("desk/mod.rs".to_owned(), format!("{HEAD}crate::names!();"));
    let lower = ("ticket/mod.rs".to_owned(), format!("{HEAD}crate::names!();"));
    assert_eq!(check(&[home.clone(), upper]), Vec::<String>::new());
    let said = check(&[home, lower]);
    assert!(said.iter().any(|s| s.contains("`ticket` (rank 1) imports `engine` (rank 5), a higher rank: `crate::names`")), "{said:#?}");
}

#[test]
fn an_unknown_room_is_refused() {
    breaks("util/mod.rs", "", "src/util/mod.rs: `util` is no room of the house; give it a rank");
    breaks("helpers.rs", "", "`helpers` is no room of the house");
}

#[test]
fn a_cycle_is_refused() {
    let one = ("id/mod.rs".to_owned(), format!("{HEAD}use crate::calendar::Span;"));
    let two = ("calendar/mod.rs".to_owned(), format!("{HEAD}use crate::id::Revision;"));
    let said = check(&[one, two]);
    assert!(said.contains(&"rooms in a cycle: calendar → id → calendar".to_owned()), "{said:#?}");
}

#[test]
fn a_store_author_meets_no_other_room() {
    breaks("store/mod.rs", "use crate::calendar::Calendar;", "`store` imports `calendar`, but sees only id, diagnostic, ticket, condition");
}

#[test]
fn crates_stay_in_their_rooms() {
    breaks("rules/mod.rs", "use rhai::Engine;", "`rhai` may be named only in rules/script: `rhai::Engine`");
    breaks("lib.rs", "const _: () = assert!(size_of::<rhai::INT>() == 8);", "`rhai` may be named only in rules/script: `rhai::INT`");
    breaks("engine/mod.rs", "fn f(e: &::rhai::Engine) {}", "`rhai` may be named only in rules/script");
    breaks("engine/mod.rs", "#[derive(rhai::CustomType)] struct X;", "`rhai` may be named only in rules/script");
    breaks("engine/mod.rs", "extern crate rhai as r;", "`rhai` may be named only in rules/script");
    breaks("engine/mod.rs", "use rhai as r;", "`rhai` may be named only in rules/script");
    breaks("engine/mod.rs", "use {rhai::{Scope, AST}};", "`rhai` may be named only in rules/script");
    breaks(
        "playbook/mod.rs",
        "use petgraph::graph::DiGraph;",
        "`petgraph` may be named only in workflow and rules: `petgraph::graph::DiGraph`",
    );
    breaks("sla/mod.rs", "fn f(zone: chrono_tz::Tz) {}", "`chrono_tz` may be named only in calendar: `chrono_tz::Tz`");
    breaks("store/memory.rs", "use redb::Database;", "`redb` may be named only in store/redb: `redb::Database`");
    breaks("desk/mod.rs", "fn f() { tokio::spawn(g()); }", "`tokio` may be named only in store/postgres: `tokio::spawn`");
    breaks("desk/mod.rs", "use smol::Timer;", "`smol` may be named nowhere: `smol::Timer`");
    keeps("rules/script/engine.rs", "use rhai::Engine;");
    keeps("rules/waves.rs", "use petgraph::graph::DiGraph;");
    keeps("workflow/check.rs", "use petgraph::graph::DiGraph;");
    keeps("calendar/zone.rs", "use chrono_tz::Tz;");
    keeps("store/redb/log.rs", "use redb::Database;");
    keeps("store/mod.rs", "mod redb;\npub use redb::RedbStore;");
}

#[test]
fn below_the_shell_nothing_reaches_outside() {
    for text in [
        "use std::time::SystemTime;",
        "use std::time::{Duration, Instant};",
        "use std::time::*;",
        "use std as s;",
        "fn f() { let _ = std::time::Instant::now(); }",
        "fn f() { let _ = Utc::now(); }",
        "fn f() { let _ = chrono::Utc::now(); }",
        "fn f() { let _ = None.unwrap_or_else(Utc::now); }",
        "fn f() { let _ = vec![Utc::now()]; }",
        "use chrono::Utc as World;",
        "use chrono::Local;",
        "use std::fs;",
        "fn f() { let _ = std::fs::read(\"x\"); }",
        "use std::{collections::BTreeMap, net::TcpStream};",
        "fn f() { let _ = std::env::var(\"X\"); }",
        "use std::thread;",
        "use std::process::Command;",
        "fn f() { let _ = std::io::stdin(); }",
        "use std::hash::RandomState;",
        "fn f() -> u8 { rand::random() }",
        "fn f() { let _ = uuid::Uuid::now_v7(); }",
        "fn f() { let _ = Uuid::new_v4(); }",
    ] {
        breaks("engine/decide.rs", text, "below the shell: no clock, I/O, randomness, environment or threads; take it as an argument");
        breaks("store/mod.rs", text, "below the shell: no clock");
        keeps("desk/sweep.rs", text);
        keeps("store/memory.rs", text);
    }
    breaks("engine/mod.rs", "fn f() { println!(\"x\"); }", "`println!` below the shell: return a value, the host prints");
    breaks("engine/mod.rs", "fn f() { let _ = dbg!(1); }", "`dbg!` below the shell");
    keeps("rules/script/load.rs", "fn f() { std::thread::scope(|_| {}); }");
    breaks("rules/waves.rs", "fn f() { std::thread::scope(|_| {}); }", "`std::thread::scope` below the shell");
}

#[test]
fn below_the_shell_nothing_is_async_but_the_store() {
    for text in [
        "pub async fn f() {}",
        "impl X { async fn f(&self) {} }",
        "trait X { async fn f(&self); }",
        "fn f() { let _ = async { 1 }; }",
        "fn f() { let _ = async || 1; }",
        "macro_rules! m { () => { async fn f() {} } }",
    ] {
        breaks("engine/decide.rs", text, "async below the shell: the core is plain functions; the desk awaits");
        keeps("store/mod.rs", text);
        keeps("store/any.rs", text);
        keeps("desk/mod.rs", text);
    }
}

#[test]
fn a_folder_opens_with_its_head() {
    let said = |path: &str, text: &str| check(&[(path.to_owned(), text.to_owned())]).join("\n");
    assert!(said("engine/mod.rs", "use std::fmt;\n").contains("src/engine/mod.rs:1: opens with no `//!`"));
    assert!(said("engine/mod.rs", "//! Read next: x.\n").contains("lacks \"What it never does\""));
    assert!(
        said("engine/trace/mod.rs", "//! What it never does: x.\n")
            .contains("src/engine/trace/mod.rs:1: its `//!` head lacks \"Read next\"")
    );
    assert!(said("engine/mod.rs", "#![allow(x)]\n//! What it never does. Read next.\n").contains("opens with no `//!`"));
    assert!(said("similar.rs", "").contains("opens with no `//!`"), "a room that is one file has a head too");
    assert_eq!(said("engine/trace/render.rs", "use std::fmt;\n"), "");
}

#[test]
fn a_long_file_is_refused() {
    keeps("engine/mod.rs", &"// x\n".repeat(laws::LINES - 4));
    breaks("engine/mod.rs", &"// x\n".repeat(laws::LINES - 3), "src/engine/mod.rs: 601 lines; a file has at most 600");
}

#[test]
fn nothing_is_hidden_from_the_check() {
    breaks("engine/mod.rs", "#[path = \"elsewhere.rs\"] mod x;", "hide code from this check");
    breaks("engine/mod.rs", "include!(\"x.rs\");", "hide code from this check");
    breaks("engine/mod.rs", "extern crate self as ticketry;", "hide code from this check");
    breaks("engine/mod.rs", "fn f( {", "src/engine/mod.rs: does not parse");
}

#[test]
fn what_only_looks_like_a_breach_is_none() {
    keeps("ticket/mod.rs", "#[cfg(test)] mod tests { use crate::engine::decide; fn f() { std::fs::read(\"x\"); } }");
    keeps("ticket/mod.rs", "#[cfg(all(test, feature = \"rhai\"))] use crate::engine::decide;");
    keeps("ticket/mod.rs", "impl X { #[cfg(test)] fn f() { crate::desk::open(); } }");
    breaks("ticket/mod.rs", "#[cfg(any(test, feature = \"testing\"))] use crate::engine::decide;", "a higher rank");
    breaks("ticket/mod.rs", "#[cfg(not(test))] use crate::engine::decide;", "a higher rank");
    keeps("ticket/mod.rs", "/// Like [`crate::engine::decide`].\n///\n/// ```\n/// use ticketry::desk::Desk;\n/// ```\npub struct X;");
    keeps("ticket/mod.rs", "// crate::desk::Desk\nconst X: &str = \"crate::desk::Desk\";");
    keeps("ticket/mod.rs", "pub(in crate::ticket) struct X;\npub(crate) mod wire { pub(super) fn f() {} }");
    keeps(
        "ticket/mod.rs",
        "mod values;\nmod wire { use super::values::X; use crate::ticket::values; use self::x::Y; }\npub use values::*;",
    );
    keeps("ticket/mod.rs", "struct X { redb: u8, rhai: u8 }\nfn f(redb: u8) -> X { let rhai = redb; X { redb, rhai } }");
    keeps("ticket/mod.rs", "fn f(view: &View) { let now = view.now(); let _ = Duration::from_secs(1); }");
    let files = [
        ("ticket/mod.rs".to_owned(), format!("{HEAD}#[cfg(test)] mod tests;")),
        ("ticket/tests.rs".to_owned(), "use crate::desk::Desk;".to_owned()),
        ("ticket/tests/deep.rs".to_owned(), "use crate::desk::Desk;".to_owned()),
        ("lib.rs".to_owned(), "//! All.\npub mod ticket;\npub use ticket::Ticket;\n".to_owned()),
        ("bin/ticketry.rs".to_owned(), "use ticketry::Ticket; fn main() { println!(\"{:?}\", std::env::args()); }".to_owned()),
    ];
    assert_eq!(check(&files), Vec::<String>::new());
}
