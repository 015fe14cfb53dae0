//! Open time as prefix sums over fixed stretches of about a year.

use super::rules::date_of;
use super::spans::Stretch;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

/// A chunk lasts 2^45 µs (407 days), so that finding it is a shift.
const CHUNK: u32 = 45;
/// A bucket of the index by time lasts 2^34 µs (4.8 hours): 2048 a chunk. Seldom more than two stretches start in one.
const BUCKET: u32 = 34;
const BUCKETS: i64 = 1 << (CHUNK - BUCKET);
/// The most buckets of the index by open time.
const OPEN_BUCKETS: i64 = 1024;
/// A day in µs.
const DAY: i64 = 86_400_000_000;
/// 1900-01-01T00:00:00Z in µs.
pub(super) const FIRST: i64 = -2_208_988_800_000_000;
/// How many chunks: about 300 years.
pub(super) const CHUNKS: usize = 270;
/// Where the last chunk ends, in November 2200.
pub(super) const LAST: i64 = FIRST + ((CHUNKS as i64) << CHUNK);
/// The chunk with the year 2020: running totals start there.
pub(super) const ANCHOR: usize = 108;

/// The chunk an instant lies in; instants outside all chunks count to the nearest.
#[inline]
pub(super) fn chunk_of(t: i64) -> usize {
    let i = t.clamp(FIRST, LAST - 1).wrapping_sub(FIRST) >> CHUNK;
    usize::try_from(i).unwrap_or(0)
}
/// Where a chunk starts and ends.
pub(super) fn bounds(chunk: usize) -> Stretch {
    let start = |i: usize| FIRST.saturating_add(i64::try_from(i).unwrap_or(0) << CHUNK);
    (start(chunk), start(chunk.saturating_add(1)))
}

/// Where an open stretch starts, and the open time of this chunk before it, in µs. Its end follows from the next seat: sixteen bytes keep a decade in the
/// nearer caches.
#[derive(Clone, Copy, Debug)]
struct Seat {
    start: i64,
    before: i64,
}

/// The open stretches of one chunk, and where to look for an instant or an amount of open time.
#[derive(Debug)]
pub(super) struct Chunk {
    /// In order, closed by two seats at the end of time with the total before them.
    seats: Box<[Seat]>,
    /// The UTC date and second of the day each stretch starts on: an instant within one needs no calendar arithmetic. `u32::MAX` if it starts within a second.
    dates: Box<[(NaiveDate, u32)]>,
    start: i64,
    by_time: Box<[u16]>,
    by_open: Box<[u16]>,
    open_bucket: u32,
}

impl Chunk {
    /// The chunk with these stretches (tidy, within its bounds), and its total.
    pub(super) fn new(index: usize, stretches: &[Stretch]) -> (Self, i64) {
        let (start, _) = bounds(index);
        let mut seats = Vec::with_capacity(stretches.len().saturating_add(2));
        let mut total: i64 = 0;
        for &(a, b) in stretches {
            seats.push(Seat { start: a, before: total });
            total = total.saturating_add(b.saturating_sub(a));
        }
        seats.extend([Seat { start: i64::MAX, before: total }; 2]);
        let mut open_bucket = 0u32;
        while total >> open_bucket > OPEN_BUCKETS {
            open_bucket = open_bucket.saturating_add(1);
        }
        let reached_by = |k: i64| start.saturating_add(k << BUCKET);
        let by_time = hints(seats.len(), BUCKETS, |k, i| seats.get(i).is_some_and(|s| s.start <= reached_by(k)));
        let by_open = hints(seats.len(), total >> open_bucket, |k, i| seats.get(i).is_some_and(|s| s.before <= k << open_bucket));
        let date = |t: i64| date_of(t.div_euclid(DAY)).unwrap_or_default();
        let second = |t: i64| Some(t.rem_euclid(DAY)).filter(|s| s % 1_000_000 == 0).and_then(|s| u32::try_from(s / 1_000_000).ok());
        let dates = stretches.iter().map(|s| (date(s.0), second(s.0).unwrap_or(u32::MAX))).collect();
        (Self { seats: seats.into(), dates, start, by_time, by_open, open_bucket }, total)
    }
    /// The last seat that is `reached` (true up to it, false after it), or the first seat if none is; looked for from the hint of a bucket on.
    #[inline]
    fn last(&self, hints: &[u16], bucket: i64, reached: impl Fn(&Seat) -> bool) -> usize {
        let bucket = usize::try_from(bucket).unwrap_or(0);
        let (mut low, mut end) = (0usize, self.seats.len());
        if let Some(&[from, to]) = hints.get(bucket..bucket.wrapping_add(2)) {
            (low, end) = (usize::from(from), usize::from(to).wrapping_add(1));
            // Two steps at most, both looked at: a branch on either would be guessed wrong half of the time.
            if end.wrapping_sub(low) <= 3
                && let Some([a, b]) = self.seats.get(low.wrapping_add(1)..low.wrapping_add(3))
            {
                return low.wrapping_add(usize::from(reached(a))).wrapping_add(usize::from(reached(b)));
            }
        }
        // Many short windows, or more than the hints can count: halve.
        let rest = self.seats.get(low.wrapping_add(1)..end).unwrap_or_default();
        low.saturating_add(rest.partition_point(reached))
    }
    /// The last seat that starts at `t` or before, or the first.
    #[inline]
    fn at(&self, t: i64) -> usize {
        self.last(&self.by_time, (t.wrapping_sub(self.start) >> BUCKET).clamp(0, BUCKETS), |s| s.start <= t)
    }
    #[inline]
    fn pair(&self, i: usize) -> Option<(Seat, i64)> {
        let &[seat, next] = self.seats.get(i..i.wrapping_add(2))? else { return None };
        Some((seat, next.before.wrapping_sub(seat.before)))
    }
    /// The position of the first stretch that ends after `t`; past the last if there is none.
    pub(super) fn after(&self, t: i64) -> usize {
        let i = self.at(t);
        if self.stretch(i).is_some_and(|s| s.1 <= t) { i.saturating_add(1) } else { i }
    }
    /// A stretch by its position; `None` past the last.
    pub(super) fn stretch(&self, i: usize) -> Option<Stretch> {
        self.pair(i).filter(|_| i < self.len()).map(|(s, length)| (s.start, s.start.saturating_add(length)))
    }
    /// How many stretches there are.
    pub(super) fn len(&self) -> usize {
        self.dates.len()
    }
    /// Open µs of this chunk before `t`.
    #[inline]
    pub(super) fn open_before(&self, t: i64) -> i64 {
        self.pair(self.at(t)).map_or(0, |(s, length)| s.before.wrapping_add(t.saturating_sub(s.start).clamp(0, length)))
    }
    /// Where the open µs number `y` of this chunk (from 0, below the total) starts, `later` µs later.
    #[inline]
    pub(super) fn holding(&self, y: i64, later: i64) -> Option<DateTime<Utc>> {
        let i = self.last(&self.by_open, y >> self.open_bucket, |s| s.before <= y);
        let (seat, (date, start)) = self.seats.get(i).zip(self.dates.get(i))?;
        let inside = y.wrapping_sub(seat.before).wrapping_add(later);
        let inside_of = u64::try_from(inside).ok()?;
        let (second, micros) = (inside_of / 1_000_000, inside_of % 1_000_000);
        match u32::try_from(second.wrapping_add(u64::from(*start))) {
            Ok(second) if second < 86_400 => {
                let nanos = u32::try_from(micros).ok()?.wrapping_mul(1000);
                Some(date.and_time(NaiveTime::from_num_seconds_from_midnight_opt(second, nanos)?).and_utc())
            }
            _ => DateTime::from_timestamp_micros(seat.start.wrapping_add(inside)),
        }
    }
    /// All stretches.
    pub(super) fn stretches(&self) -> Vec<Stretch> {
        (0..self.len()).filter_map(|i| self.stretch(i)).collect()
    }
}

/// For each bucket `0..=last`, and the one after, the position of the last seat reached at its beginning, the first if none is. None at all if there are too many seats
/// to count them in sixteen bits.
fn hints(seats: usize, last: i64, reached: impl Fn(i64, usize) -> bool) -> Box<[u16]> {
    if u16::try_from(seats).is_err() {
        return Box::default();
    }
    let mut i = 0usize;
    (0..=last.saturating_add(1))
        .map(|k| {
            while reached(k, i.saturating_add(1)) {
                i = i.saturating_add(1);
            }
            u16::try_from(i).unwrap_or(u16::MAX)
        })
        .collect()
}
