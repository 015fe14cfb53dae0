//! Working days as bits, counted in blocks.

/// Dates a block holds.
const BLOCK: i64 = 512;
/// 1900-01-01 in days since 1970.
pub(super) const FIRST_DAY: i64 = -25_567;
/// How many blocks: until 2201.
pub(super) const BLOCKS: usize = 215;
/// The block with the year 2020.
pub(super) const ANCHOR_BLOCK: usize = 85;

/// Which of 512 dates are worked.
#[derive(Debug)]
pub(super) struct Block {
    words: [u64; 8],
}

/// The block a day lies in and its place there; `None` outside all blocks.
pub(super) fn block_of(day: i64) -> Option<(usize, u32)> {
    let at = day.checked_sub(FIRST_DAY).filter(|d| *d >= 0)?;
    let block = usize::try_from(at >> 9).ok().filter(|b| *b < BLOCKS)?;
    Some((block, u32::try_from(at & (BLOCK - 1)).ok()?))
}
/// The day at a place of a block.
pub(super) fn day_at(block: usize, place: u32) -> i64 {
    FIRST_DAY.saturating_add(i64::try_from(block).unwrap_or(0) << 9).saturating_add(i64::from(place))
}

impl Block {
    pub(super) fn new(index: usize, worked: impl Fn(i64) -> bool) -> (Self, i64) {
        let mut words = [0u64; 8];
        for (w, word) in words.iter_mut().enumerate() {
            for bit in 0..64u32 {
                let place = u32::try_from(w).unwrap_or(0).saturating_mul(64).saturating_add(bit);
                if worked(day_at(index, place)) {
                    *word |= 1u64 << bit;
                }
            }
        }
        let total = words.iter().map(|w| i64::from(w.count_ones())).sum();
        (Self { words }, total)
    }
    pub(super) fn worked(&self, place: u32) -> bool {
        let word = self.words.get((place >> 6) as usize).copied().unwrap_or(0);
        word >> (place & 63) & 1 == 1
    }
    /// Worked dates before this place.
    pub(super) fn before(&self, place: u32) -> i64 {
        let (full, rest) = ((place >> 6) as usize, place & 63);
        let whole: u32 = self.words.iter().take(full).map(|w| w.count_ones()).sum();
        let part = self.words.get(full).map_or(0, |w| (w & !(u64::MAX << rest)).count_ones());
        i64::from(whole.saturating_add(part))
    }
    /// The place of the worked date number `n`, from 0.
    pub(super) fn place(&self, n: i64) -> Option<u32> {
        let mut left = u32::try_from(n).ok()?;
        for (w, word) in self.words.iter().enumerate() {
            let here = word.count_ones();
            if left >= here {
                left = left.saturating_sub(here);
                continue;
            }
            let mut word = *word;
            for _ in 0..left {
                word &= word.wrapping_sub(1);
            }
            return Some(u32::try_from(w).ok()?.saturating_mul(64).saturating_add(word.trailing_zeros()));
        }
        None
    }
}
