//! A row of cells with running totals, each made when first needed.

use std::sync::OnceLock;

/// One cell: what was made, its own total, and the total of all cells between the anchor and it (below zero before the anchor).
#[derive(Debug)]
pub(super) struct Rung<T> {
    pub(super) base: i64,
    pub(super) total: i64,
    /// 2^63 / total, so that a number of cells is guessed by a multiplication.
    per: i64,
    pub(super) item: T,
}

impl<T> Rung<T> {
    fn new(base: i64, (item, total): (T, i64)) -> Self {
        let per = i64::MAX.checked_div(total).unwrap_or(0);
        Self { base, total, per, item }
    }
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
                let rung = self.cells.get(j)?.get_or_init(|| Rung::new(base, make(j)));
                base = rung.base.saturating_add(rung.total);
            }
        } else {
            let mut above = 0i64;
            for j in (i..self.anchor).rev() {
                let rung = self.cells.get(j)?.get_or_init(|| {
                    let made = make(j);
                    Rung::new(above.saturating_sub(made.1), made)
                });
                above = rung.base;
            }
        }
        self.cells.get(i)?.get()
    }
    /// The cell that holds number `y` (its base ≤ y < base + total), looked for from cell `near`: one leap by the average, then neighbours.
    pub(super) fn holding(&self, y: i64, near: usize, make: &impl Fn(usize) -> (T, i64)) -> Option<(usize, &Rung<T>)> {
        self.holding_from(y, near, self.rung(near, make)?, make)
    }
    /// The same, where the cell `near` is at hand.
    #[inline]
    pub(super) fn holding_from<'a>(
        &'a self,
        y: i64,
        near: usize,
        rung: &'a Rung<T>,
        make: &impl Fn(usize) -> (T, i64),
    ) -> Option<(usize, &'a Rung<T>)> {
        let away = y.wrapping_sub(rung.base);
        if away >= 0 && away < rung.total {
            return Some((near, rung));
        }
        // Never farther than 16 cells at once: an unusual year must not make a century. A guess only: what follows is exact.
        let guess = i128::from(away).wrapping_mul(i128::from(rung.per)) >> 63;
        let guess = isize::try_from(guess.clamp(-16, 16)).unwrap_or(0);
        let i = near.wrapping_add_signed(guess);
        match self.cells.get(i).and_then(OnceLock::get) {
            Some(rung) if y >= rung.base && y.wrapping_sub(rung.base) < rung.total => Some((i, rung)),
            _ => self.walk(y, near.saturating_add_signed(guess).min(self.cells.len().saturating_sub(1)), make),
        }
    }
    /// From cell to cell.
    #[cold]
    fn walk(&self, y: i64, mut i: usize, make: &impl Fn(usize) -> (T, i64)) -> Option<(usize, &Rung<T>)> {
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
