//! The calendar room: how long an addition and a difference take at one hour (a day) and at five years, and the making of twenty years; beside it the crate workclock 0.1
//! with the same hours, zone and holidays, asked the same.
#![allow(missing_docs, clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use chrono::{DateTime, TimeDelta, Utc, Weekday::*};
use criterion::{Criterion, criterion_group, criterion_main};
use jiff::{SignedDuration, Timestamp, civil::time};
use std::hint::black_box;
use ticketry::calendar::{Calendar, CalendarDefinition};
use workclock::{Break, Holidays, Schedule, Weekdays, WorkDay};

fn office() -> CalendarDefinition {
    let mut d =
        CalendarDefinition::new("office", "America/New_York").days(&[Mon, Tue, Wed, Thu, Fri], &["09:00-12:00", "13:00-18:00"]).unwrap();
    for (month, day) in YEARLY {
        d = d.holiday(&format!("{month:02}-{day:02}")).unwrap();
    }
    d
}

const YEARLY: [(i8, i8); 10] = [(1, 1), (5, 1), (5, 2), (7, 4), (10, 1), (10, 2), (10, 3), (11, 26), (12, 25), (12, 26)];

fn peer() -> Schedule {
    let days = Weekdays::MON_TO_FRI;
    let dates = (2020..2040).flat_map(|y| YEARLY.iter().map(move |(m, d)| jiff::civil::date(y, *m, *d)));
    Schedule::builder()
        .time_zone("America/New_York")
        .rule(WorkDay::new(time(9, 0, 0, 0), time(18, 0, 0, 0), days))
        .rule(Break::new(time(12, 0, 0, 0), time(13, 0, 0, 0), days))
        .rule(Holidays::new(dates))
        .build()
        .unwrap()
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
    // The other end is reckoned beforehand: chrono's own addition depends on the distance.
    for (id, d) in [("calendar/elapsed/1d", TimeDelta::days(1)), ("calendar/elapsed/5y", TimeDelta::days(1826))] {
        let pairs: Vec<_> = instants().into_iter().map(|t| (t, t + d)).collect();
        let mut i = 0usize;
        b.bench_function(id, |b| {
            b.iter(|| {
                i = (i + 1) & 4095;
                let (t, u) = pairs[i];
                c.elapsed(black_box(t), black_box(u))
            });
        });
    }
    // Compile and make the twenty years from 2020 on.
    let far: DateTime<Utc> = "2039-12-31T00:00:00Z".parse().unwrap();
    b.bench_function("calendar/build", |b| {
        b.iter(|| Calendar::compile(black_box(&definition)).unwrap().is_open(far));
    });
}

fn workclock(b: &mut Criterion) {
    let (ours, theirs) = (Calendar::compile(&office()).unwrap(), peer());
    let at: Vec<Timestamp> = instants().iter().map(|t| Timestamp::from_second(t.timestamp()).unwrap()).collect();
    // The same hours, so the same answers.
    for (t, u) in instants().iter().zip(&at).take(500) {
        for hours in [1, 10_000] {
            let (a, b) = (ours.add(*t, TimeDelta::hours(hours)).unwrap(), theirs.add(*u, SignedDuration::from_hours(hours)).unwrap());
            assert_eq!(a.timestamp(), b.as_second());
        }
    }
    let mut i = 0usize;
    let mut next = move || {
        i = (i + 1) & 4095;
        at[i]
    };
    for (id, hours) in [("peer/workclock_add_1h", 1), ("peer/workclock_add_5y", 10_000)] {
        let d = SignedDuration::from_hours(hours);
        b.bench_function(id, |b| b.iter(|| theirs.add(black_box(next()), black_box(d)).unwrap()));
    }
    let d = SignedDuration::from_hours(24 * 1826);
    let pairs: Vec<_> = instants().iter().map(|t| Timestamp::from_second(t.timestamp()).unwrap()).map(|t| (t, t + d)).collect();
    let mut i = 0usize;
    b.bench_function("peer/workclock_elapsed_5y", |b| {
        b.iter(|| {
            i = (i + 1) & 4095;
            let (t, u) = pairs[i];
            theirs.between(black_box(t), black_box(u))
        });
    });
}

criterion_group!(benches, calendar, workclock);
criterion_main!(benches);
