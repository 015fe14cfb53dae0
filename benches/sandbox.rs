//! What the worst script costs: `sandbox/worst` is the dearest of the hostile corpus in CPU time, found by running each, without any deadline: fuel alone ends it. To stay within
//! 10 ms in release. A closure that uses the very list it is called for costs none: Rhai sleeps 50 ms before it gives up, once, and the run ends; `check` refuses such rules. `sandbox/budget` is a plain loop that runs out of its fuel, `sandbox/small` a condition of two terms, for comparison.

#[allow(dead_code, reason = "shared with the tests, which use all of it")]
#[path = "../tests/it/rules/corpus.rs"]
mod corpus;

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::{Duration, Instant};
use ticketry::rules::probe;

/// Longer texts cost what it takes to parse them, once, at load: 40 ms for the largest file there may be.
const LONGEST: usize = 64 << 10;

/// CPU time of this thread so far; where the system does not tell, the time by the clock.
fn spent(begun: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|s| s.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| begun.elapsed(), Duration::from_nanos)
}

/// The dearest script: the least of three runs of each, so that a busy machine does not choose.
fn worst() -> (&'static str, String, Duration) {
    let cost = |text: &str| {
        let one = || {
            let (begun, before) = (Instant::now(), spent(Instant::now()));
            black_box(probe::run(black_box(text), None)).0.ok();
            spent(begun).saturating_sub(before)
        };
        one().min(one()).min(one())
    };
    let all = corpus::all().into_iter().filter(|(_, text, _)| text.len() <= LONGEST).map(|(name, text, _)| {
        let time = cost(&text);
        (name, text, time)
    });
    all.max_by_key(|(.., time)| *time).unwrap_or_default()
}

fn sandbox(c: &mut Criterion) {
    let (name, text, time) = worst();
    println!("sandbox/worst is {name}: {time:?}");
    let mut group = c.benchmark_group("sandbox");
    group.bench_function("worst", |b| b.iter(|| probe::run(black_box(&text), None)));
    group.bench_function("budget", |b| b.iter(|| probe::run(black_box("loop { }"), None)));
    group.bench_function("small", |b| b.iter(|| probe::run(black_box("let x = 3; x > 2 && x < 5"), None)));
    group.finish();
}

criterion_group!(benches, sandbox);
criterion_main!(benches);
