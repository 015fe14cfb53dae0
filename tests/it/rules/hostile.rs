//! Scripts that try to hurt the program. Each runs on a stack of 2 MiB, as a test thread or an async worker has, and must end
//! with the fault it deserves or with a harmless value, within its fuel and 8 MiB of memory, in debug and release builds alike.
//!
//! The hazards and their numbers are those found with Rhai 1.27 (`limits.rs` tells the reasons); the scripts are in `corpus.rs`.

use super::corpus::{End, all, closures, endless, growth, reach};
use ticketry::{
    condition::Interrupt,
    diagnostic::{FaultKind, RuleFault},
    rules::probe,
};

const FUEL: u64 = 15_000;
/// The most memory a script may hold at once, the text itself and what the library makes once for all aside.
pub const MEMORY: u64 = 8 << 20;

pub fn on_small_stack<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(2 << 20).spawn(job).unwrap().join().unwrap()
}

fn run(text: String) -> (Result<String, RuleFault>, u64) {
    on_small_stack(move || probe::run(&text, None))
}

/// What a job holds at most, in bytes.
pub fn peak<T>(job: impl FnOnce() -> T) -> (T, u64) {
    let mut answer = None;
    let info = allocation_counter::measure(|| answer = Some(job()));
    (answer.unwrap(), info.bytes_max)
}

#[test]
fn s24_every_hostile_script_ends_typed_and_within_its_fuel() {
    use End::{Either, Fault, Harmless, Value};
    let cases = all();
    assert!(cases.len() >= 75, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for (name, text, end) in cases {
        let (result, spent) = run(text);
        let ok = match (&result, end) {
            (Err(f), Fault(kind)) => f.kind == kind,
            (Err(f), Either(kinds)) => kinds.contains(&f.kind),
            (Ok(v), Value(want)) => v == want,
            (Ok(_), Harmless) => true,
            (Err(f), Harmless) => !matches!(f.kind, FaultKind::Interrupted | FaultKind::HostFunction),
            _ => false,
        };
        // The step that goes over is the last; a native may overshoot by the charge that stopped it.
        let within = spent <= FUEL * 2;
        if !ok || !within {
            wrong.push(format!("{name}: expected {end:?}, got {result:?} after {spent} steps"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn s24_every_hostile_script_stays_within_8_mib() {
    // What is made once for all is no script's.
    let _ = run("1 + x".into());
    let mut wrong = Vec::new();
    let mut most = (0, "");
    for (name, text, _) in all() {
        let (_, bytes) = on_small_stack(move || peak(|| probe::run(&text, None)));
        most = most.max((bytes, name));
        if bytes > MEMORY {
            wrong.push(format!("{name}: {bytes} bytes"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The counter counts: the greediest of them holds more than a trifle.
    assert!(most.0 > 100_000, "{most:?}");
}

#[test]
fn s24_the_same_script_uses_the_same_steps_every_time() {
    for (name, text, _) in [growth(), endless(), closures(), reach()].into_iter().flatten() {
        let first = run(text.clone());
        let second = run(text);
        assert_eq!(first, second, "{name}");
    }
}

#[test]
fn every_fault_speaks_both_languages_without_rust_names() {
    for (name, text, _) in all() {
        let Err(fault) = run(text).0 else { continue };
        let (en, zh) = (&fault.message.en, &fault.message.zh);
        assert!(!en.is_empty() && !zh.is_empty() && en != zh, "{name}: {en} / {zh}");
        assert!(en.chars().next().is_some_and(|c| !c.is_uppercase()), "{name}: {en}");
        for bad in ["i64", "f64", "ImmutableString", "Dynamic", "rhai", "FnPtr", "alloc::", "&str"] {
            assert!(!en.contains(bad) && !zh.contains(bad), "{name}: {en} / {zh}");
        }
        assert!(fault.place.is_some(), "{name}: no place: {en}");
        // That one is a backstop and depends on the build; our limits must be met first.
        assert!(!en.contains("out of stack"), "{name}: met the stack before a limit");
    }
}

#[test]
fn an_interrupted_run_ends_as_such() {
    let interrupt = Interrupt::new();
    let running = interrupt.begin();
    interrupt.interrupt();
    let (result, _) = on_small_stack(move || probe::run("loop { }", Some(running)));
    let fault = result.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Interrupted);
    assert!(fault.kind.retryable());
}
