//! Open time as prefix sums over fixed stretches of about a year.

use super::spans::Stretch;

/// A chunk lasts 2^45 µs (407 days), so that finding it is a shift.
const CHUNK: u32 = 45;
/// A bucket of the index by time lasts 2^36 µs (19 hours): 512 a chunk.
const BUCKET: u32 = 36;
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
    /// In order, closed by a seat at the end of time with the total before it.
    seats: Box<[Seat]>,
    start: i64,
    by_time: Box<[u32]>,
    by_open: Box<[u32]>,
    open_bucket: u32,
}

impl Chunk {
    /// The chunk with these stretches (tidy, within its bounds), and its total.
    pub(super) fn new(index: usize, stretches: &[Stretch]) -> (Self, i64) {
        let (start, _) = bounds(index);
        let mut seats = Vec::with_capacity(stretches.len().saturating_add(1));
        let mut total: i64 = 0;
        for &(a, b) in stretches {
            seats.push(Seat { start: a, before: total });
            total = total.saturating_add(b.saturating_sub(a));
        }
        seats.push(Seat { start: i64::MAX, before: total });
        let mut open_bucket = 0u32;
        while total >> open_bucket > 512 {
            open_bucket = open_bucket.saturating_add(1);
        }
        let by_time = hints(512, |k, i| seats.get(i).is_some_and(|s| s.start <= start.saturating_add(k << BUCKET)));
        let by_open = hints((total >> open_bucket).saturating_add(1), |k, i| seats.get(i).is_some_and(|s| s.before <= k << open_bucket));
        (Self { seats: seats.into(), start, by_time, by_open, open_bucket }, total)
    }
    /// The last seat that is `reached` (true up to it, false after it), or the first seat if none is; looked for from the hint of a bucket on.
    #[inline]
    fn last(&self, hints: &[u32], bucket: i64, reached: impl Fn(&Seat) -> bool) -> usize {
        let bucket = usize::try_from(bucket).unwrap_or(0);
        let low = hints.get(bucket).map_or(0, |i| *i as usize);
        let high = hints.get(bucket.wrapping_add(1)).map_or(usize::MAX, |i| *i as usize);
        if high.wrapping_sub(low) > 8 {
            // Many short windows, or past the last hint: halve instead of stepping.
            let rest = self.seats.get(low.wrapping_add(1)..).unwrap_or_default();
            return low.saturating_add(rest.partition_point(reached));
        }
        let mut i = low;
        while self.seats.get(i.wrapping_add(1)).is_some_and(&reached) {
            i = i.wrapping_add(1);
        }
        i
    }
    /// The last seat that starts at `t` or before, or the first.
    #[inline]
    fn at(&self, t: i64) -> usize {
        self.last(&self.by_time, (t.wrapping_sub(self.start) >> BUCKET).clamp(0, 512), |s| s.start <= t)
    }
    #[inline]
    fn pair(&self, i: usize) -> Option<(Seat, i64)> {
        let (seat, next) = self.seats.get(i).zip(self.seats.get(i.wrapping_add(1)))?;
        Some((*seat, next.before.wrapping_sub(seat.before)))
    }
    /// The position of the first stretch that ends after `t`; past the last if there is none.
    pub(super) fn after(&self, t: i64) -> usize {
        let i = self.at(t);
        if self.stretch(i).is_some_and(|s| s.1 <= t) { i.saturating_add(1) } else { i }
    }
    /// A stretch by its position; `None` past the last.
    pub(super) fn stretch(&self, i: usize) -> Option<Stretch> {
        self.pair(i).map(|(s, length)| (s.start, s.start.saturating_add(length)))
    }
    /// How many stretches there are.
    pub(super) fn len(&self) -> usize {
        self.seats.len().saturating_sub(1)
    }
    /// Open µs of this chunk before `t`.
    #[inline]
    pub(super) fn open_before(&self, t: i64) -> i64 {
        self.pair(self.at(t)).map_or(0, |(s, length)| s.before.wrapping_add(t.saturating_sub(s.start).clamp(0, length)))
    }
    /// Where the open µs number `y` of this chunk (from 0, below the total) starts.
    #[inline]
    pub(super) fn holding(&self, y: i64) -> Option<i64> {
        let i = self.last(&self.by_open, y >> self.open_bucket, |s| s.before <= y);
        self.seats.get(i).map(|s| s.start.wrapping_add(y.wrapping_sub(s.before)))
    }
    /// All stretches.
    pub(super) fn stretches(&self) -> Vec<Stretch> {
        (0..self.len()).filter_map(|i| self.stretch(i)).collect()
    }
}

/// For each bucket `0..=last` the position of the last seat reached at its beginning, the first if none is.
fn hints(last: i64, reached: impl Fn(i64, usize) -> bool) -> Box<[u32]> {
    let mut i = 0usize;
    (0..=last)
        .map(|k| {
            while reached(k, i.saturating_add(1)) {
                i = i.saturating_add(1);
            }
            u32::try_from(i).unwrap_or(u32::MAX)
        })
        .collect()
}
