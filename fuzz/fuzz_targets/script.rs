//! Arbitrary text as Rhai in the hardened engine: an answer or a typed fault, never a panic that gets out, never without end (`-timeout`).
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(
    // libFuzzer's hook aborts at every panic; the sandbox contains those of Rhai, and one that gets out still ends the run.
    init: std::panic::set_hook(Box::new(|panic| eprintln!("{panic}"))),
    |text: &str| {
        let _ = ticketry::rules::sandbox_eval(text);
    }
);
