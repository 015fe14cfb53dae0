//! Business time: calendars and what can be reckoned with them.
//!
//! What it is: a definition ([`CalendarDefinition`]: zone, weekly windows, holidays, special dates) that compiles to a [`Calendar`], which answers how much open
//! time lies between two instants, which instant lies so much open time later, and when it opens and closes; durations that say their kind ([`Span`]); and the
//! only place that knows time zones ([`zone_render`]).
//! What it never does: read a clock, or walk through days: open time is kept as prefix sums over sorted UTC stretches, a year at a time, made when first needed.
//! Read next: [`CalendarDefinition::from_toml`] and [`load`] (what files say), [`Calendar`] (what can be asked), then [`crate::ticket`].
//!
//! What it does not do: leap seconds, calendars other than the Gregorian, holidays by rule (Easter, "last Monday of May") except through an iCalendar feed (feature
//! `icalendar`); rules of a feed's own VTIMEZONE, recurrences within a day and RSCALE are not read. Open time is known from 1900 to 2200, clock changes until 2100.

mod algebra;
mod check;
mod compiled;
mod days;
mod definition;
mod feed;
mod file;
mod ladder;
mod read;
mod rules;
mod set;
mod span;
pub(crate) mod spans;
mod timeline;
mod window;
mod working;
mod zone;

pub use compiled::Calendar;
pub use definition::{CalendarDefinition, Weekly};
pub use feed::Feed;
pub(crate) use file::declared;
pub use file::load;
pub use set::Calendars;
pub use span::{BadSpan, Offset, Span, hours};
pub use window::{BadWord, Closure, Holiday, Window, Workday};
pub use working::{DayCount, DayEnd, DayRule};
pub use zone::{FoldRule, GapRule, UnknownZone, zone_exists, zone_local, zone_render, zone_wall_to_instant};
