//! What the worst script costs: `sandbox/worst` is the dearest of the hostile corpus, found by running each once, without any deadline: fuel alone ends it. To stay within
//! 10 ms in release. `sandbox/budget` is a plain loop that runs out of its fuel, `sandbox/small` a condition of two terms, for comparison.

#[allow(dead_code, reason = "shared with the tests, which use all of it")]
#[path = "../tests/it/rules/corpus.rs"]
mod corpus;

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::{Duration, Instant};
use ticketry::rules::probe;

/// The dearest script: the least of three runs of each, so that a busy machine does not choose.
fn worst() -> (&'static str, String, Duration) {
    let cost = |text: &str| {
        let one = || {
            let begun = Instant::now();
            black_box(probe::run(black_box(text), None)).0.ok();
            begun.elapsed()
        };
        one().min(one()).min(one())
    };
    let all = corpus::all().into_iter().map(|(name, text, _)| {
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
