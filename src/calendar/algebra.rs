//! Calendars made of calendars.

use super::compiled::{Calendar, Kind};
use crate::id::CalendarName;
use chrono::{DateTime, Utc};

impl Calendar {
    /// Open when either is open. Like every combination it has the zone of `self`, version 1 and, for working days, the dates on which any of it is open.
    ///
    /// ```
    /// use ticketry::calendar::{Calendar, CalendarDefinition};
    /// use chrono::{TimeDelta, Weekday::*};
    /// let of = |zone: &str| Calendar::compile(&CalendarDefinition::new("office", zone).days(&[Mon, Tue, Wed, Thu, Fri], &["09:00-17:00"]).unwrap()).unwrap();
    /// let (berlin, shanghai) = (of("Europe/Berlin"), of("Asia/Shanghai"));
    /// let (a, b) = ("2025-09-01T00:00:00Z".parse().unwrap(), "2025-09-02T00:00:00Z".parse().unwrap());
    /// assert_eq!(berlin.union(&shanghai, "follow-the-sun").elapsed(a, b), TimeDelta::hours(14));
    /// assert_eq!(berlin.intersection(&shanghai, "both").elapsed(a, b), TimeDelta::hours(2));
    /// ```
    #[must_use]
    pub fn union(&self, other: &Self, name: impl Into<CalendarName>) -> Self {
        self.combined(name, Kind::Union(self.clone(), other.clone()))
    }
    /// Open when both are open. It may be that this is never; see [`opens_ever`](Self::opens_ever).
    #[must_use]
    pub fn intersection(&self, other: &Self, name: impl Into<CalendarName>) -> Self {
        self.combined(name, Kind::Intersection(self.clone(), other.clone()))
    }
    /// Open when this is open and the other is not.
    #[must_use]
    pub fn minus(&self, other: &Self, name: impl Into<CalendarName>) -> Self {
        self.combined(name, Kind::Minus(self.clone(), other.clone()))
    }
    /// As `special` on the dates it names (holidays, make-up days, special hours; whole dates in its zone), as this on all others.
    #[must_use]
    pub fn overridden_by(&self, special: &Self, name: impl Into<CalendarName>) -> Self {
        self.combined(name, Kind::Override(self.clone(), special.clone()))
    }
    /// As this before `from`, as `later` from then on (S55): an edit that takes effect at an instant. It has the name, version and zone of `later`.
    #[must_use]
    pub fn then(&self, later: &Self, from: DateTime<Utc>) -> Self {
        let kind = Kind::Then(self.clone(), later.clone(), from.timestamp_micros());
        Self::of(later.name().clone(), later.version(), later.zone(), kind)
    }
    /// Whether there is any open time at all: always so for a compiled definition, not for every combination.
    pub fn opens_ever(&self) -> bool {
        self.ever_opens()
    }
    fn combined(&self, name: impl Into<CalendarName>, kind: Kind) -> Self {
        Self::of(name.into(), 1, self.zone(), kind)
    }
}
