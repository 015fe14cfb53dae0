//! Arbitrary text as the files of a playbook: loaded, or every problem told in both languages, never a panic.
//!
//! The first byte picks the file the rest replaces in the starter playbook; text after a line `=== N` replaces a further one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ticketry::diagnostic::Lang;
use ticketry::playbook::Playbook;

const FILES: [&str; 11] = [
    "playbook.toml",
    "workflows/question.toml",
    "sla/customer.toml",
    "priority.toml",
    "routing.toml",
    "rules/x.rhai",
    "calendars/office.toml",
    "roster.toml",
    "macros.toml",
    "watches.toml",
    "migrations/two.toml",
];

fuzz_target!(
    // libFuzzer's hook aborts at every panic; the sandbox contains those of Rhai, and one that gets out still ends the run.
    init: std::panic::set_hook(Box::new(|panic| eprintln!("{panic}"))),
    |text: &str| {
        let mut source = Playbook::starter_source();
        for part in text.split("\n=== ") {
            let Some(first) = part.chars().next() else { continue };
            let (_, content) = part.split_at(first.len_utf8());
            source.add(FILES[first as usize % FILES.len()], content);
        }
        match Playbook::load(&source) {
            Ok(loaded) => {
                loaded.warnings.render(Lang::Zh, Some(&source));
            }
            Err(problems) => {
                problems.render(Lang::En, Some(&source));
                problems.render(Lang::Zh, None);
            }
        }
    }
);
