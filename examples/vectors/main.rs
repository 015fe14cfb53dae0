//! Runs external test vectors: `cargo run --release --example vectors -- DIR...`.
//!
//! Each DIR is a folder with `business_time`, `sla`, `workflow` in it, or one of these. Prints one line per failing case (file, id, expected, got), lists by id what it
//! skips and why, closes with `N passed, M failed, K skipped`; exit code 1 on any failure, or if nothing passed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used, clippy::arithmetic_side_effects)]

mod runner;

fn main() -> std::process::ExitCode {
    let dirs: Vec<std::path::PathBuf> = std::env::args_os().skip(1).map(Into::into).collect();
    if dirs.is_empty() {
        eprintln!("say which folders to run, such as ../shared/vectors");
        return std::process::ExitCode::FAILURE;
    }
    let report = runner::run(&dirs);
    print!("{}", report.render());
    if report.is_good() { std::process::ExitCode::SUCCESS } else { std::process::ExitCode::FAILURE }
}
