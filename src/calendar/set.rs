//! The calendars of a playbook.

use super::compiled::Calendar;
use crate::id::CalendarName;
use std::collections::BTreeMap;

/// The calendars of a playbook by name, one of them the default (S79).
///
/// ```
/// use ticketry::calendar::{Calendar, CalendarDefinition, Calendars};
/// let always = Calendar::compile(&CalendarDefinition::always("24x7", "UTC")).unwrap();
/// let calendars = Calendars::new(always);
/// assert_eq!(calendars.resolve(None, None).name(), "24x7");
/// ```
#[derive(Clone, Debug)]
pub struct Calendars {
    default: Calendar,
    named: BTreeMap<CalendarName, Calendar>,
}

impl Calendars {
    /// Only the default calendar yet.
    pub fn new(default: Calendar) -> Self {
        let named = BTreeMap::from([(default.name().clone(), default.clone())]);
        Self { default, named }
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
    /// The calendar of that name.
    pub fn get(&self, name: &CalendarName) -> Option<&Calendar> {
        self.named.get(name)
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
    /// All calendars in order of name.
    pub fn iter(&self) -> impl Iterator<Item = &Calendar> {
        self.named.values()
    }
    /// All names in order.
    pub fn names(&self) -> impl Iterator<Item = &CalendarName> {
        self.named.keys()
    }
}
