//! The calendar room: how long an addition and a difference take at one hour and at five years, and the making of twenty years.
#![allow(missing_docs, clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use chrono::{DateTime, TimeDelta, Utc, Weekday::*};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use ticketry::calendar::{Calendar, CalendarDefinition};

fn office() -> CalendarDefinition {
    let mut d =
        CalendarDefinition::new("office", "America/New_York").days(&[Mon, Tue, Wed, Thu, Fri], &["09:00-12:00", "13:00-18:00"]).unwrap();
    for h in ["01-01", "05-01", "05-02", "07-04", "10-01", "10-02", "10-03", "11-26", "12-25", "12-26"] {
        d = d.holiday(h).unwrap();
    }
    d
}

/// 4,096 instants over some two and a half years, in no order.
fn instants() -> Vec<DateTime<Utc>> {
    let mut seed = 7u64;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((seed >> 33) % (86_400 * 900)).unwrap()
    };
    (0..4096).map(|_| DateTime::from_timestamp(1_767_000_000 + next(), 0).unwrap()).collect()
}

fn calendar(b: &mut Criterion) {
    let definition = office();
    let c = Calendar::compile(&definition).unwrap();
    let at = instants();
    let mut i = 0usize;
    let mut next = move || {
        i = (i + 1) & 4095;
        at[i]
    };
    // Open hours: 2,000 a year.
    for (id, d) in [("calendar/add/1h", TimeDelta::hours(1)), ("calendar/add/5y", TimeDelta::hours(10_000))] {
        b.bench_function(id, |b| b.iter(|| c.add(black_box(next()), black_box(d))));
    }
    for (id, d) in [("calendar/elapsed/1d", TimeDelta::days(1)), ("calendar/elapsed/5y", TimeDelta::days(1826))] {
        b.bench_function(id, |b| {
            b.iter(|| {
                let t = next();
                c.elapsed(black_box(t), black_box(t + d))
            });
        });
    }
    // Compile and make the twenty years from 2020 on.
    let far: DateTime<Utc> = "2039-12-31T00:00:00Z".parse().unwrap();
    b.bench_function("calendar/build", |b| {
        b.iter(|| Calendar::compile(black_box(&definition)).unwrap().is_open(far));
    });
}

criterion_group!(benches, calendar);
criterion_main!(benches);
