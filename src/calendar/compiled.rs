//! The compiled calendar: open time.

use super::days::{ANCHOR_BLOCK, BLOCKS, Block};
use super::ladder::{Ladder, Rung};
use super::rules::{Rules, civil_day};
use super::spans::{Stretch, intersection, minus, tidy, union};
use super::timeline::{ANCHOR, CHUNKS, Chunk, FIRST, LAST, bounds, chunk_of};
use super::zone::Zone;
use crate::id::CalendarName;
use chrono::{DateTime, TimeDelta, Utc};
use std::{fmt, ops::Range, sync::Arc};

/// A compiled business calendar: cheap to clone, shared between threads, extended by itself as instants ask for it.
///
/// Laws (S54), for all instants between 1900 and 2200, to the microsecond (anything finer is cut off):
/// - `elapsed(a, b)` is the real open time between two instants; `elapsed(b, a) = -elapsed(a, b)`; `elapsed(a, b) + elapsed(b, c) = elapsed(a, c)`;
/// - `add(t, d)` is the earliest `u ≥ t` with `elapsed(t, u) ≥ d`, so an addition that ends at closing stays there and adding zero changes nothing;
/// - `sub(t, d)` is the latest `u ≤ t` with `elapsed(u, t) ≥ d`.
///
/// Clock changes are those of the tz database as built into chrono-tz, which lists them until 2100; after that the last offset stays. Before 1900 and
/// after November 2200 every calendar is closed: nothing panics, `add` answers `None`.
///
/// ```
/// use ticketry::calendar::{Calendar, CalendarDefinition};
/// use chrono::{TimeDelta, Weekday::*};
/// let office = CalendarDefinition::new("office", "Europe/Berlin").days(&[Mon, Tue, Wed, Thu, Fri], &["09:00-17:00"]).unwrap();
/// let office = Calendar::compile(&office).unwrap();
/// let friday = "2025-03-28T15:00:00Z".parse().unwrap();                // 16:00 in Berlin
/// let due = office.add(friday, TimeDelta::hours(2)).unwrap();         // Monday 10:00, after the clocks changed
/// assert_eq!(office.render(due), "2025-03-31 10:00 +02:00");
/// assert_eq!(office.elapsed(friday, due), TimeDelta::hours(2));
/// ```
#[derive(Clone)]
pub struct Calendar {
    core: Arc<Core>,
}

pub(super) struct Core {
    name: CalendarName,
    version: u32,
    zone: Zone,
    pub(super) kind: Kind,
    chunks: Ladder<Chunk>,
    pub(super) blocks: Ladder<Block>,
}

/// Where open time comes from.
#[derive(Debug)]
pub(super) enum Kind {
    Plain(Box<Rules>),
    Union(Calendar, Calendar),
    Intersection(Calendar, Calendar),
    Minus(Calendar, Calendar),
    /// The second on the dates it names, the first on all others.
    Override(Calendar, Calendar),
    /// The first before this µs, the second from it on.
    Then(Calendar, Calendar, i64),
}

impl fmt::Debug for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Calendar({:?} v{}, {})", self.core.name, self.core.version, self.core.zone.name())
    }
}

/// Seconds to µs and back, for stretches.
fn micros(v: Vec<Stretch>) -> Vec<Stretch> {
    v.into_iter().map(|(a, b)| (a.saturating_mul(1_000_000), b.saturating_mul(1_000_000))).collect()
}

pub(super) fn instant(micros: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros)
}

impl Calendar {
    pub(super) fn of(name: CalendarName, version: u32, zone: Zone, kind: Kind) -> Self {
        let (chunks, blocks) = (Ladder::new(CHUNKS, ANCHOR), Ladder::new(BLOCKS, ANCHOR_BLOCK));
        Self { core: Arc::new(Core { name, version, zone, kind, chunks, blocks }) }
    }
    pub(super) fn core(&self) -> &Core {
        &self.core
    }
    pub(super) fn zone(&self) -> Zone {
        self.core.zone
    }

    /// Its name.
    pub fn name(&self) -> &CalendarName {
        &self.core.name
    }
    /// Its version (S55).
    pub fn version(&self) -> u32 {
        self.core.version
    }
    /// The IANA name of its zone; of a combination, the first calendar's.
    pub fn time_zone(&self) -> &str {
        self.core.zone.name()
    }

    /// The real open time from `a` to `b`; negative if `b` is before `a`.
    #[inline]
    pub fn elapsed(&self, a: DateTime<Utc>, b: DateTime<Utc>) -> TimeDelta {
        TimeDelta::microseconds(self.total(b.timestamp_micros()).wrapping_sub(self.total(a.timestamp_micros())))
    }
    /// The earliest instant from `t` on at which `d` of open time has passed; `t` itself for zero; for a negative `d` the same as [`sub`](Self::sub)
    /// of its opposite. `None` if that never happens.
    #[inline]
    pub fn add(&self, t: DateTime<Utc>, d: TimeDelta) -> Option<DateTime<Utc>> {
        self.shift(t, d.num_microseconds()?)
    }
    /// The latest instant up to `t` since which `d` of open time has passed; `t` itself for zero; for a negative `d` the same as
    /// [`add`](Self::add) of its opposite. `None` if there is none.
    #[inline]
    pub fn sub(&self, t: DateTime<Utc>, d: TimeDelta) -> Option<DateTime<Utc>> {
        self.shift(t, d.num_microseconds()?.checked_neg()?)
    }
    #[inline]
    fn shift(&self, t: DateTime<Utc>, d: i64) -> Option<DateTime<Utc>> {
        if d == 0 {
            return Some(t);
        }
        let micros = t.timestamp_micros().clamp(FIRST, LAST);
        let near = chunk_of(micros);
        let rung = self.rung(near)?;
        let x = rung.base.wrapping_add(rung.item.open_before(micros)).checked_add(d)?;
        // Forwards the last of the added µs is looked for and its end is the answer; backwards the start of the first.
        let last = i64::from(d > 0);
        let y = x.checked_sub(last)?;
        let (_, rung) = self.core.chunks.holding_from(y, near, rung, &|i| self.make(i))?;
        rung.item.holding(y.wrapping_sub(rung.base), last)
    }
    /// Whether it is open at `t`: an opening is, a closing is not.
    pub fn is_open(&self, t: DateTime<Utc>) -> bool {
        self.is_open_at(t.timestamp_micros())
    }
    fn is_open_at(&self, t: i64) -> bool {
        (FIRST..LAST).contains(&t) && self.rung(chunk_of(t)).is_some_and(|r| r.item.stretch(r.item.after(t)).is_some_and(|s| s.0 <= t))
    }
    /// `t` if open then, otherwise the next opening; `None` if there is none.
    pub fn next_open(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let micros = t.timestamp_micros();
        let (start, _) = self.piece_after(micros)?;
        if start <= micros { Some(t) } else { instant(start) }
    }
    /// The first opening strictly after `t`.
    pub fn following_open(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let micros = t.timestamp_micros();
        let (mut start, end) = self.period_after(micros)?;
        if start <= micros {
            (start, _) = self.period_after(end)?;
        }
        instant(start)
    }
    /// The end of the current or the next open period; `None` if it never closes again.
    pub fn next_close(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (_, end) = self.period_after(t.timestamp_micros())?;
        if end >= LAST { None } else { instant(end) }
    }
    /// `t` if it lies in an open period after its start or at its end, otherwise the last closing before; `None` if there is none.
    pub fn prev_close(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let micros = t.timestamp_micros();
        let (_, end) = self.piece_before(micros)?;
        if end >= micros { Some(t) } else { instant(end) }
    }
    /// The open periods from `from` on, the first one clipped at it; touching windows are one period.
    ///
    /// ```
    /// # use ticketry::calendar::{Calendar, CalendarDefinition};
    /// # use chrono::Weekday::*;
    /// let c = CalendarDefinition::new("office", "UTC").days(&[Mon], &["09:00-12:00", "13:00-17:00"]).unwrap();
    /// let c = Calendar::compile(&c).unwrap();
    /// let mut periods = c.open_periods("2025-09-01T11:00:00Z".parse().unwrap());   // a Monday
    /// assert_eq!(periods.next().unwrap().end.to_rfc3339(), "2025-09-01T12:00:00+00:00");
    /// assert_eq!(periods.next().unwrap().start.to_rfc3339(), "2025-09-01T13:00:00+00:00");
    /// ```
    pub fn open_periods(&self, from: DateTime<Utc>) -> impl Iterator<Item = Range<DateTime<Utc>>> + use<> {
        let (calendar, mut at) = (self.clone(), from.timestamp_micros());
        std::iter::from_fn(move || {
            let (start, end) = calendar.period_after(at)?;
            let start = start.max(at);
            at = end;
            Some(instant(start)?..instant(end)?)
        })
    }
    /// The open periods up to `from`, the latest first and clipped at it.
    pub fn open_periods_back(&self, from: DateTime<Utc>) -> impl Iterator<Item = Range<DateTime<Utc>>> + use<> {
        let (calendar, mut at) = (self.clone(), from.timestamp_micros());
        std::iter::from_fn(move || {
            let (start, end) = calendar.period_before(at)?;
            let end = end.min(at);
            at = start;
            Some(instant(start)?..instant(end)?)
        })
    }

    /// Open µs from the anchor to `t`; below zero before it.
    #[inline]
    fn total(&self, t: i64) -> i64 {
        let t = t.clamp(FIRST, LAST);
        self.rung(chunk_of(t)).map_or(0, |r| r.base.wrapping_add(r.item.open_before(t)))
    }
    #[inline]
    fn rung(&self, i: usize) -> Option<&Rung<Chunk>> {
        self.core.chunks.rung(i, &|i| self.make(i))
    }
    /// The first stretch within a chunk that ends after `t`.
    fn piece_after(&self, t: i64) -> Option<Stretch> {
        if t >= LAST {
            return None;
        }
        (chunk_of(t)..CHUNKS).find_map(|i| {
            let chunk = &self.rung(i)?.item;
            chunk.stretch(chunk.after(t))
        })
    }
    /// The last stretch within a chunk that starts before `t`.
    fn piece_before(&self, t: i64) -> Option<Stretch> {
        if t <= FIRST {
            return None;
        }
        (0..=chunk_of(t)).rev().find_map(|i| {
            let chunk = &self.rung(i)?.item;
            let at = chunk.after(t);
            chunk.stretch(at).filter(|s| s.0 < t).or_else(|| chunk.stretch(at.checked_sub(1)?))
        })
    }
    /// The whole open period that is the first to end after `t`.
    pub(super) fn period_after(&self, t: i64) -> Option<Stretch> {
        self.piece_after(t).map(|p| self.whole(p))
    }
    /// The whole open period that is the last to start before `t`.
    pub(super) fn period_before(&self, t: i64) -> Option<Stretch> {
        self.piece_before(t).map(|p| self.whole(p))
    }
    /// Joins what the bounds of chunks cut.
    fn whole(&self, (mut start, mut end): Stretch) -> Stretch {
        while start == bounds(chunk_of(start)).0 {
            match chunk_of(start).checked_sub(1).and_then(|i| self.rung(i)).and_then(|r| r.item.stretch(r.item.len().checked_sub(1)?)) {
                Some(s) if s.1 == start => start = s.0,
                _ => break,
            }
        }
        while end < LAST && end == bounds(chunk_of(end)).0 {
            match self.rung(chunk_of(end)).and_then(|r| r.item.stretch(0)) {
                Some(s) if s.0 == end => end = s.1,
                _ => break,
            }
        }
        (start, end)
    }
    /// Makes a chunk.
    fn make(&self, i: usize) -> (Chunk, i64) {
        Chunk::new(i, &self.stretches(i))
    }
    fn stretches(&self, i: usize) -> Vec<Stretch> {
        let (from, to) = bounds(i);
        let of = |c: &Self| c.rung(i).map(|r| r.item.stretches()).unwrap_or_default();
        match &self.core.kind {
            Kind::Plain(rules) => {
                let seconds = rules.open(from.div_euclid(1_000_000), to.div_euclid(1_000_000).saturating_add(1));
                intersection(&micros(seconds), &[(from, to)])
            }
            Kind::Union(a, b) => union(&of(a), &of(b)),
            Kind::Intersection(a, b) => intersection(&of(a), &of(b)),
            Kind::Minus(a, b) => minus(&of(a), &of(b)),
            Kind::Override(base, special) => {
                let zone = special.zone();
                let day = |t: i64| t.div_euclid(86_400_000_000);
                let named = (day(from).saturating_sub(2)..=day(to).saturating_add(2)).filter(|d| special.speaks_on(*d));
                let named = tidy(micros(named.flat_map(|d| civil_day(zone, d)).collect()));
                union(&minus(&of(base), &named), &intersection(&of(special), &named))
            }
            Kind::Then(old, new, at) => {
                let mut joined = intersection(&of(old), &[(i64::MIN, *at)]);
                joined.extend(intersection(&of(new), &[(*at, i64::MAX)]));
                tidy(joined)
            }
        }
    }
}
