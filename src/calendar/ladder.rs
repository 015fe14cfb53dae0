//! A row of cells with running totals, each made when first needed.

use std::sync::OnceLock;

/// One cell: what was made, its own total, and the total of all cells between the anchor and it (below zero before the anchor).
#[derive(Debug)]
pub(super) struct Rung<T> {
    pub(super) base: i64,
    pub(super) total: i64,
    pub(super) item: T,
}

/// Cells in a row. Running totals start at the anchor, so that a calendar used for this decade never makes the last century.
#[derive(Debug)]
pub(super) struct Ladder<T> {
    cells: Box<[OnceLock<Rung<T>>]>,
    anchor: usize,
}

impl<T> Ladder<T> {
    pub(super) fn new(len: usize, anchor: usize) -> Self {
        Self { cells: (0..len).map(|_| OnceLock::new()).collect(), anchor }
    }
    /// The cell, made with all cells between the anchor and it if need be.
    #[inline]
    pub(super) fn rung(&self, i: usize, make: &impl Fn(usize) -> (T, i64)) -> Option<&Rung<T>> {
        match self.cells.get(i)?.get() {
            Some(rung) => Some(rung),
            None => self.reach(i, make),
        }
    }
    #[cold]
    fn reach(&self, i: usize, make: &impl Fn(usize) -> (T, i64)) -> Option<&Rung<T>> {
        if i >= self.anchor {
            let mut base = 0i64;
            for j in self.anchor..=i {
                let rung = self.cells.get(j)?.get_or_init(|| {
                    let (item, total) = make(j);
                    Rung { base, total, item }
                });
                base = rung.base.saturating_add(rung.total);
            }
        } else {
            let mut above = 0i64;
            for j in (i..self.anchor).rev() {
                let rung = self.cells.get(j)?.get_or_init(|| {
                    let (item, total) = make(j);
                    Rung { base: above.saturating_sub(total), total, item }
                });
                above = rung.base;
            }
        }
        self.cells.get(i)?.get()
    }
    /// The cell that holds number `y` (its base ≤ y < base + total), looked for from cell `near`: one leap by the average, then neighbours.
    #[inline]
    pub(super) fn holding(&self, y: i64, near: usize, make: &impl Fn(usize) -> (T, i64)) -> Option<(usize, &Rung<T>)> {
        let rung = self.rung(near, make)?;
        let here = y.wrapping_sub(rung.base);
        if here >= 0 && here < rung.total {
            return Some((near, rung));
        }
        self.leap(y, near, rung, make)
    }
    fn leap(&self, y: i64, near: usize, rung: &Rung<T>, make: &impl Fn(usize) -> (T, i64)) -> Option<(usize, &Rung<T>)> {
        let mut i = near;
        let away = y.saturating_sub(rung.base);
        if rung.total > 0 {
            // Never farther than 16 cells at once: an unusual year must not make a century.
            let cells = away.div_euclid(rung.total).clamp(-16, 16);
            i = near.saturating_add_signed(isize::try_from(cells).unwrap_or(0)).min(self.cells.len().saturating_sub(1));
        }
        loop {
            let rung = self.rung(i, make)?;
            let here = y.saturating_sub(rung.base);
            if here < 0 {
                i = i.checked_sub(1)?;
            } else if here >= rung.total {
                i = i.checked_add(1)?;
            } else {
                return Some((i, rung));
            }
        }
    }
}
