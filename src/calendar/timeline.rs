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

/// One open stretch with the open time of this chunk before it, in µs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seat {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) before: i64,
}

/// The open stretches of one chunk, and where to look for an instant or an amount of open time.
#[derive(Debug)]
pub(super) struct Chunk {
    /// In order, closed by a seat at the end of time.
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
            seats.push(Seat { start: a, end: b, before: total });
            total = total.saturating_add(b.saturating_sub(a));
        }
        seats.push(Seat { start: i64::MAX, end: i64::MAX, before: total });
        let position = |found: usize| u32::try_from(found).unwrap_or(u32::MAX);
        let by_time = (0..=512i64)
            .map(|k| {
                let at = start.saturating_add(k << BUCKET);
                position(seats.partition_point(|s| s.end <= at))
            })
            .collect();
        let mut open_bucket = 0u32;
        while total >> open_bucket > 512 {
            open_bucket = open_bucket.saturating_add(1);
        }
        let by_open = (0..=(total >> open_bucket).saturating_add(1))
            .map(|k| {
                let at = k << open_bucket;
                position(seats.partition_point(|s| s.before <= at).saturating_sub(1))
            })
            .collect();
        (Self { seats: seats.into(), start, by_time, by_open, open_bucket }, total)
    }
    /// The first seat from the index's hint on that satisfies `there`, which must be false before and true after it.
    #[inline]
    fn first_from(&self, index: &[u32], bucket: i64, there: impl Fn(&Seat) -> bool) -> usize {
        let bucket = usize::try_from(bucket).unwrap_or(0);
        let low = index.get(bucket).map_or(0, |i| *i as usize);
        let high = index.get(bucket.wrapping_add(1)).map_or(usize::MAX, |i| *i as usize);
        if high.wrapping_sub(low) > 8 {
            // Many short windows, or a hint past the index: halve instead of stepping.
            let rest = self.seats.get(low..).unwrap_or_default();
            return low.saturating_add(rest.partition_point(|s| !there(s)));
        }
        let mut i = low;
        while self.seats.get(i).is_some_and(|s| !there(s)) {
            i = i.wrapping_add(1);
        }
        i
    }
    /// The position of the first seat that ends after `t`; that of the closing seat if there is none.
    #[inline]
    pub(super) fn after(&self, t: i64) -> usize {
        self.first_from(&self.by_time, (t.wrapping_sub(self.start) >> BUCKET).clamp(0, 512), |s| s.end > t)
    }
    /// A seat; `None` past the last that is open.
    #[inline]
    pub(super) fn seat(&self, i: usize) -> Option<Seat> {
        self.seats.get(i).copied().filter(|s| s.start < i64::MAX)
    }
    /// How many seats are open.
    pub(super) fn len(&self) -> usize {
        self.seats.len().saturating_sub(1)
    }
    /// Open µs of this chunk before `t`.
    #[inline]
    pub(super) fn open_before(&self, t: i64) -> i64 {
        let i = self.after(t);
        self.seats.get(i).map_or(0, |s| s.before.wrapping_add(t.saturating_sub(s.start).max(0)))
    }
    /// The seat in which the open µs number `y` of this chunk (from 0) lies.
    #[inline]
    pub(super) fn holding(&self, y: i64) -> Option<Seat> {
        // Seat i holds y if before(i) ≤ y < before(i + 1), so the first seat with end's sum over y.
        let i = self.first_from(&self.by_open, y >> self.open_bucket, |s| {
            s.before.saturating_add(s.end.saturating_sub(s.start)) > y || s.start == i64::MAX
        });
        self.seat(i)
    }
    /// All stretches.
    pub(super) fn stretches(&self) -> Vec<Stretch> {
        (0..self.len()).filter_map(|i| self.seat(i)).map(|s| (s.start, s.end)).collect()
    }
}
