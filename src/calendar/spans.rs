//! Sets of instants as sorted, disjoint, non-touching `[start, end)` pairs.

/// One stretch of µs, start included and end excluded.
pub(super) type Stretch = (i64, i64);

/// Sorts, drops what is empty, joins what overlaps or touches.
pub(crate) fn tidy<T: Ord + Copy>(mut v: Vec<(T, T)>) -> Vec<(T, T)> {
    v.retain(|(a, b)| a < b);
    v.sort_unstable();
    let mut out: Vec<(T, T)> = Vec::with_capacity(v.len());
    for (a, b) in v {
        match out.last_mut() {
            Some(last) if a <= last.1 => last.1 = last.1.max(b),
            _ => out.push((a, b)),
        }
    }
    out
}

/// What is in either; both must be tidy.
pub(super) fn union(a: &[Stretch], b: &[Stretch]) -> Vec<Stretch> {
    tidy(a.iter().chain(b).copied().collect())
}

/// What is in both; both must be tidy.
pub(super) fn intersection(a: &[Stretch], b: &[Stretch]) -> Vec<Stretch> {
    let (mut left, mut right) = (a.iter().peekable(), b.iter().peekable());
    let mut out = Vec::new();
    while let (Some(x), Some(y)) = (left.peek(), right.peek()) {
        let (start, end) = (x.0.max(y.0), x.1.min(y.1));
        if start < end {
            out.push((start, end));
        }
        if x.1 <= y.1 {
            left.next();
        } else {
            right.next();
        }
    }
    out
}

/// What is in `a` and not in `b`; both must be tidy.
pub(crate) fn minus<T: Ord + Copy>(a: &[(T, T)], b: &[(T, T)]) -> Vec<(T, T)> {
    let mut out = Vec::with_capacity(a.len());
    let mut from = 0usize;
    for &(mut start, end) in a {
        while b.get(from).is_some_and(|c| c.1 <= start) {
            from = from.saturating_add(1);
        }
        for &(x, y) in b.iter().skip(from).take_while(|c| c.0 < end) {
            if x > start {
                out.push((start, x));
            }
            start = start.max(y);
        }
        if start < end {
            out.push((start, end));
        }
    }
    out
}
