//! The calendars of a playbook, and the older versions of them that clocks still reckon in.

use super::compiled::{Calendar, Kind};
use crate::id::{CalendarName, Digest};
use std::collections::BTreeMap;

/// The calendars of a playbook by name, one of them the default (S79), and older versions of them (S55).
///
/// A name means the playbook's own version of it; new clocks adopt that one. [`Calendars::at`] finds a named version, for clocks that adopted another one before.
///
/// ```
/// use ticketry::calendar::{Calendar, CalendarDefinition, Calendars};
/// let of = |version| Calendar::compile(&CalendarDefinition::always("24x7", "UTC").version(version)).unwrap();
/// let mut calendars = Calendars::new(of(2));
/// assert_eq!(calendars.resolve(None, None).name(), "24x7");
/// calendars.carry(&Calendars::new(of(1)));
/// assert_eq!(calendars.get(&"24x7".into()).unwrap().version(), 2);
/// assert_eq!(calendars.at(&"24x7".into(), 1).unwrap().version(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct Calendars {
    default: Calendar,
    named: BTreeMap<CalendarName, Calendar>,
    older: BTreeMap<CalendarName, Vec<Calendar>>,
}

impl Calendars {
    /// Only the default calendar yet.
    pub fn new(default: Calendar) -> Self {
        let named = BTreeMap::from([(default.name().clone(), default.clone())]);
        Self { default, named, older: BTreeMap::new() }
    }
    /// Adds a calendar; one of the same name is replaced and returned. Replacing the default's name replaces the default.
    pub fn insert(&mut self, calendar: Calendar) -> Option<Calendar> {
        if calendar.name() == self.default.name() {
            self.default = calendar.clone();
        }
        self.named.insert(calendar.name().clone(), calendar)
    }
    /// With one calendar more.
    #[must_use]
    pub fn with(mut self, calendar: Calendar) -> Self {
        self.insert(calendar);
        self
    }
    /// The calendar of that name: the playbook's own version of it.
    pub fn get(&self, name: &CalendarName) -> Option<&Calendar> {
        self.named.get(name)
    }
    /// That version of the calendar of that name, the playbook's own or one carried over (S55).
    pub fn at(&self, name: &CalendarName, version: u32) -> Option<&Calendar> {
        let own = self.named.get(name).filter(|c| c.version() == version);
        own.or_else(|| self.older.get(name)?.iter().find(|c| c.version() == version))
    }
    /// What a clock that adopted this version reckons in: that version; where it is not at hand any more, the playbook's own version; where the name is gone too, the default
    /// calendar.
    pub fn adopted(&self, name: &CalendarName, version: u32) -> &Calendar {
        self.at(name, version).or_else(|| self.get(name)).unwrap_or(&self.default)
    }
    /// Keeps those versions of another set that this one lacks, for clocks that go on in them.
    pub fn carry(&mut self, other: &Self) {
        for c in other.named.values().chain(other.older.values().flatten()) {
            if self.at(c.name(), c.version()).is_none() {
                self.older.entry(c.name().clone()).or_default().push(c.clone());
            }
        }
    }
    /// Calendars that say something else than the same version of the same name in another set: an edit that forgot to raise `version`, under which open clocks would
    /// silently be reckoned otherwise (S55).
    pub fn altered<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a Calendar> {
        let theirs = other.named.values().chain(other.older.values().flatten());
        theirs.filter_map(|b| self.at(b.name(), b.version()).filter(|a| a.content() != b.content()))
    }
    /// The default calendar.
    pub fn default_calendar(&self) -> &Calendar {
        &self.default
    }
    /// The calendar of a piece of business time: the item's, else the group's, else the default (S79). A name nobody knows counts as none; a playbook's check has
    /// refused it before.
    pub fn resolve(&self, item: Option<&CalendarName>, group: Option<&CalendarName>) -> &Calendar {
        item.and_then(|n| self.get(n)).or_else(|| group.and_then(|n| self.get(n))).unwrap_or(&self.default)
    }
    /// The playbook's own calendars in order of name.
    pub fn iter(&self) -> impl Iterator<Item = &Calendar> {
        self.named.values()
    }
    /// All names in order.
    pub fn names(&self) -> impl Iterator<Item = &CalendarName> {
        self.named.keys()
    }
}

impl Calendar {
    /// A digest of what it says: zone, windows, dates, everything but its name and version. The same within one build of the library.
    pub fn content(&self) -> Digest {
        let of = |word: &str, a: &Self, b: &Self, more: i64| {
            // A combination may be given a zone of its own.
            Digest::of([
                word.as_bytes(),
                self.time_zone().as_bytes(),
                a.content().bytes().as_slice(),
                b.content().bytes().as_slice(),
                &more.to_be_bytes(),
            ])
        };
        match &self.core().kind {
            Kind::Plain(rules) => Digest::of([format!("{rules:?}").as_bytes()]),
            Kind::Union(a, b) => of("union", a, b, 0),
            Kind::Intersection(a, b) => of("intersection", a, b, 0),
            Kind::Minus(a, b) => of("minus", a, b, 0),
            Kind::Override(a, b) => of("override", a, b, 0),
            Kind::Then(a, b, from) => of("then", a, b, *from),
        }
    }
}
