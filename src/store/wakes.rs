//! The wake index of embedded stores: which ticket wakes when.

use crate::id::*;
use std::collections::{BTreeMap, HashMap};

/// A bucket of the near future lasts a minute.
const MINUTE: i64 = 60_000_000;
/// A bucket of the far future lasts a day.
const DAY: i64 = 86_400_000_000;

/// An instant in µs and a ticket: their order is the order of waking.
type Entry = (i64, TicketId);

/// At most one wake instant per ticket, in order of (instant, ticket).
///
/// Setting an instant anew is what happens most, so it costs a look-up and a push, whatever the number of tickets: entries are hints that lie in buckets of a day, the days
/// that are looked at in buckets of a minute, and only a bucket that is looked at is put in order. What a ticket was set to last is the truth; hints that say something else
/// are passed over, and cleared away when they outnumber the true ones.
///
/// ```
/// use ticketry::{id::TicketId, store::Wakes};
/// let (a, b) = (TicketId::from_u128(1), TicketId::from_u128(2));
/// let at = |s: &str| s.parse().unwrap();
/// let mut wakes = Wakes::new();
/// wakes.set(a, Some(at("2025-10-09T12:00:00Z")));
/// wakes.set(b, Some(at("2025-10-09T11:00:00Z")));
/// wakes.set(b, Some(at("2025-10-10T11:00:00Z")));
/// assert_eq!(wakes.after(None), Some((at("2025-10-09T12:00:00Z"), a)));
/// assert_eq!(wakes.after(wakes.get(a).map(|t| (t, a))), Some((at("2025-10-10T11:00:00Z"), b)));
/// ```
#[derive(Debug)]
pub struct Wakes {
    truth: HashMap<TicketId, i64>,
    /// Days before this one are in minutes.
    edge: i64,
    minutes: BTreeMap<i64, Bucket>,
    days: BTreeMap<i64, Vec<Entry>>,
    /// Hints in all buckets.
    hints: usize,
}

#[derive(Debug, Default)]
struct Bucket {
    entries: Vec<Entry>,
    /// How many of them, from the front, are in order.
    sorted: usize,
}

impl Default for Wakes {
    fn default() -> Self {
        Self { truth: HashMap::new(), edge: i64::MIN, minutes: BTreeMap::new(), days: BTreeMap::new(), hints: 0 }
    }
}

impl Wakes {
    /// Nothing wakes.
    pub fn new() -> Self {
        Self::default()
    }
    /// How many tickets wake.
    pub fn len(&self) -> usize {
        self.truth.len()
    }
    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.truth.is_empty()
    }
    /// When a ticket wakes.
    pub fn get(&self, id: TicketId) -> Option<UtcInstant> {
        self.truth.get(&id).copied().and_then(instant)
    }
    /// Makes room for so many more, so that no single setting has to move all that are there: with half a million that takes some thirty milliseconds.
    pub fn reserve(&mut self, more: usize) {
        self.truth.reserve(more);
    }
    /// Sets when a ticket wakes; none: never.
    pub fn set(&mut self, id: TicketId, at: Option<UtcInstant>) {
        let Some(at) = at.map(micros) else {
            self.truth.remove(&id);
            return;
        };
        if self.truth.insert(id, at) != Some(at) {
            self.hint((at, id));
            self.hints = self.hints.saturating_add(1);
            if self.hints > self.truth.len().saturating_mul(2).saturating_add(1024) {
                self.rebuild();
            }
        }
    }
    /// Lets a ticket wake at this instant at the latest.
    pub fn no_later(&mut self, id: TicketId, at: UtcInstant) {
        if self.truth.get(&id).is_none_or(|t| *t > micros(at)) {
            self.set(id, Some(at));
        }
    }
    /// The first ticket to wake after a place in the order; from the beginning where none is given.
    pub fn after(&mut self, place: Option<(UtcInstant, TicketId)>) -> Option<(UtcInstant, TicketId)> {
        let place = place.map(|(t, id)| (micros(t), id));
        let mut from = place.map_or(i64::MIN, |(t, _)| t.div_euclid(MINUTE));
        loop {
            let Some((&minute, bucket)) = self.minutes.range_mut(from..).next() else {
                // Beyond what is in minutes: the next day comes in, if the place lies before its end.
                let (day, entries) = self.days.pop_first()?;
                self.edge = day.saturating_add(1);
                self.hints = self.hints.saturating_sub(entries.len());
                for entry in entries {
                    if self.truth.get(&entry.1) == Some(&entry.0) {
                        self.minutes.entry(entry.0.div_euclid(MINUTE)).or_default().entries.push(entry);
                        self.hints = self.hints.saturating_add(1);
                    }
                }
                continue;
            };
            let dropped = bucket.tidy(&self.truth);
            self.hints = self.hints.saturating_sub(dropped);
            if bucket.entries.is_empty() {
                self.minutes.remove(&minute);
                continue;
            }
            let start = place.map_or(0, |p| bucket.entries.partition_point(|e| *e <= p));
            let rest = bucket.entries.get(start..).unwrap_or_default();
            if let Some((at, id)) = rest.iter().find(|(at, id)| self.truth.get(id) == Some(at)) {
                return Some((instant(*at)?, *id));
            }
            if start == 0 {
                self.hints = self.hints.saturating_sub(bucket.entries.len());
                self.minutes.remove(&minute);
            }
            from = minute.saturating_add(1);
        }
    }
    /// Takes out all that wake before an instant, in order.
    pub fn take_before(&mut self, until: UtcInstant) -> Vec<(UtcInstant, TicketId)> {
        let mut taken = Vec::new();
        while let Some((at, id)) = self.after(None).filter(|(at, _)| *at < until) {
            self.set(id, None);
            taken.push((at, id));
        }
        taken
    }

    #[inline]
    fn hint(&mut self, entry: Entry) {
        let day = entry.0.div_euclid(DAY);
        if day < self.edge {
            self.minutes.entry(entry.0.div_euclid(MINUTE)).or_default().entries.push(entry);
        } else {
            self.days.entry(day).or_default().push(entry);
        }
    }
    /// Only true hints, each once.
    fn rebuild(&mut self) {
        self.minutes.clear();
        self.days.clear();
        self.hints = self.truth.len();
        let all: Vec<Entry> = self.truth.iter().map(|(id, at)| (*at, *id)).collect();
        for entry in all {
            self.hint(entry);
        }
    }
}

impl Bucket {
    /// Puts what came in since the last time in order and drops what is not true; says how many.
    fn tidy(&mut self, truth: &HashMap<TicketId, i64>) -> usize {
        let before = self.entries.len();
        if self.sorted < before {
            self.entries.retain(|(at, id)| truth.get(id) == Some(at));
            self.entries.sort_unstable();
            self.entries.dedup();
            self.sorted = self.entries.len();
        }
        before.saturating_sub(self.entries.len())
    }
}

fn instant(micros: i64) -> Option<UtcInstant> {
    UtcInstant::from_timestamp_micros(micros)
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "small numbers of a test")]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// Instants that meet within a minute, within a day, and far apart.
    fn any_instant() -> impl Strategy<Value = i64> {
        prop_oneof![0..5i64, (0..200i64).prop_map(|n| n * 20_000_000), (-40..4000i64).prop_map(|n| n * 7_200_000_000)]
    }

    #[derive(Clone, Debug)]
    enum Step {
        Set(u8, Option<i64>),
        NoLater(u8, i64),
        First(usize),
        From(i64, u8),
        Take(i64),
    }

    proptest! {
        /// Whatever is set, moved and taken: the answers are those of a sorted set of (instant, ticket).
        #[test]
        fn it_answers_like_a_sorted_set(steps in proptest::collection::vec(prop_oneof![
            6 => (any::<u8>(), proptest::option::weighted(0.9, any_instant())).prop_map(|(n, at)| Step::Set(n, at)),
            2 => (any::<u8>(), any_instant()).prop_map(|(n, at)| Step::NoLater(n, at)),
            1 => (0..9usize).prop_map(Step::First),
            1 => (any_instant(), any::<u8>()).prop_map(|(at, n)| Step::From(at, n)),
            1 => any_instant().prop_map(Step::Take),
        ], 1..400)) {
            let (mut wakes, mut set, mut truth) = (Wakes::new(), BTreeSet::new(), HashMap::new());
            let id = |n: u8| TicketId::from_u128(u128::from(n % 40));
            for step in steps {
                match step {
                    Step::Set(n, at) => {
                        wakes.set(id(n), at.and_then(instant));
                        if let Some(old) = truth.remove(&id(n)) {
                            set.remove(&(old, id(n)));
                        }
                        if let Some(at) = at {
                            truth.insert(id(n), at);
                            set.insert((at, id(n)));
                        }
                    }
                    Step::NoLater(n, at) => {
                        wakes.no_later(id(n), instant(at).unwrap());
                        if truth.get(&id(n)).is_none_or(|t| *t > at) {
                            if let Some(old) = truth.insert(id(n), at) {
                                set.remove(&(old, id(n)));
                            }
                            set.insert((at, id(n)));
                        }
                    }
                    Step::First(many) => {
                        let mut place = None;
                        for expected in set.iter().take(many) {
                            place = wakes.after(place);
                            prop_assert_eq!(place.map(|(t, id)| (micros(t), id)), Some(*expected));
                        }
                    }
                    Step::From(at, n) => {
                        let found = wakes.after(Some((instant(at).unwrap(), id(n)))).map(|(t, id)| (micros(t), id));
                        prop_assert_eq!(found, set.range((at, id(n))..).find(|e| **e != (at, id(n))).copied());
                    }
                    Step::Take(until) => {
                        let taken: Vec<Entry> = wakes.take_before(instant(until).unwrap()).into_iter().map(|(t, id)| (micros(t), id)).collect();
                        let later = set.split_off(&(until, id(0)));
                        prop_assert_eq!(&taken, &set.iter().copied().collect::<Vec<_>>());
                        for (_, id) in &taken {
                            truth.remove(id);
                        }
                        set = later;
                    }
                }
                prop_assert_eq!(wakes.len(), set.len());
                prop_assert_eq!(wakes.is_empty(), set.is_empty());
            }
        }
    }

    /// A million changes of a few tickets leave no more than a few hints behind.
    #[test]
    fn stale_hints_are_cleared_away() {
        let mut wakes = Wakes::new();
        for n in 0..100_000i64 {
            wakes.set(TicketId::from_u128(u128::from(n.unsigned_abs() % 7)), instant(n * 1_000_000));
        }
        let held = wakes.minutes.values().map(|b| b.entries.len()).sum::<usize>() + wakes.days.values().map(Vec::len).sum::<usize>();
        assert_eq!(held, wakes.hints);
        assert!(held < 2_000, "{held}");
    }
}
