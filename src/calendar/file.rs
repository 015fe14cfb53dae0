//! The calendar files of a playbook: feeds beside them, versions, and calendars made of calendars.

use super::check::{compile, never_opens};
use super::compiled::{Calendar, Kind};
use super::definition::CalendarDefinition;
use super::feed::{Feed, FeedUse, merge};
use super::read::{Combination, Combine, Draft, FeedRef, Moment, Part, draft};
use super::rules::{civil_day, day_of};
use super::zone::Zone;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Source, did_you_mean, text};
use crate::id::CalendarName;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

/// How deep calendars may be made of calendars.
const DEEPEST: usize = 16;

impl CalendarDefinition {
    /// Reads a calendar file. Without `name` it is named after the file: `calendars/office.toml` is `office`.
    ///
    /// ```toml
    /// time_zone = "Asia/Shanghai"
    /// holidays  = ["01-01", "2025-10-01..2025-10-08"]
    /// workdays  = ["2025-09-28", "2025-10-11 as fri"]        # 调休
    ///
    /// [weekly]
    /// mon-fri = ["09:00-12:00", "13:30-18:00"]
    ///
    /// [date_hours]
    /// 2025-12-31 = ["09:00-12:00"]
    ///
    /// [date_breaks]
    /// 2025-06-11 = ["15:00-16:00"]
    /// ```
    ///
    /// # Errors
    /// All problems of the text and of the calendar it describes, each with file, line and column: the codes of [`Calendar::compile`] and `toml-syntax`,
    /// `unknown-key`, `missing-key`, `wrong-type`, `calendar-bad-time`, `calendar-bad-window`, `calendar-bad-date`, `calendar-bad-day`, `calendar-bad-workday`,
    /// `calendar-bad-closure`; `calendar-many-definitions` if the file has versions, feeds or a combination, which [`load`](super::load) reads.
    pub fn from_toml(file: &str, content: &str) -> Result<Self, Diagnostics> {
        let draft = draft(file, content);
        let definition = draft.first.definition.clone();
        let alone = draft.combine.is_none() && draft.later.is_empty() && draft.first.feeds.is_empty();
        let (calendar, mut found) = Builder::alone(draft).finish();
        if !alone && !found.has_errors() {
            let message = text("the calendar is more than one definition", "该日历包含不止一个定义");
            let help = text("load the calendars of the folder together", "请将文件夹中的日历一起载入");
            found.push(Diagnostic::error("calendar-many-definitions", message).at(Place::new(file, 1, 1, 0)).help(help));
        }
        if calendar.is_none() || found.has_errors() { Err(found) } else { Ok(definition) }
    }
}

impl Calendar {
    /// Reads and compiles a calendar file that stands alone; see [`CalendarDefinition::from_toml`], and [`load`](super::load) for files that name feeds or other
    /// calendars. Warnings come with the calendar.
    ///
    /// # Errors
    /// All problems of the text and of the calendar it describes.
    ///
    /// ```
    /// use ticketry::calendar::Calendar;
    /// let (c, warnings) = Calendar::from_toml("calendars/office.toml", "time_zone = 'Asia/Shanghai'\nweekly.mon-fri = ['09:00-18:00']").unwrap();
    /// assert_eq!(c.name(), "office");
    /// assert!(warnings.is_empty());
    /// let problems = Calendar::from_toml("office.toml", "time_zone = 'Shanghai'\nweekly.mon = ['9:00-18:00']").unwrap_err();
    /// assert_eq!(problems.len(), 2);
    /// ```
    pub fn from_toml(file: &str, content: &str) -> Result<(Self, Diagnostics), Diagnostics> {
        match Builder::alone(draft(file, content)).finish() {
            (Some(calendar), found) if !found.has_errors() => Ok((calendar, found)),
            (_, found) => Err(found),
        }
    }
}

/// Reads the calendars of a playbook: every `calendars/*.toml`, in order of path. Files may name each other in any order; what is wrong with one does not hide what
/// is wrong with the next.
///
/// Besides what [`CalendarDefinition::from_toml`] shows, a file can name feeds that lie beside it, give later versions of itself (S55), each with only the keys that
/// change, or be made of other calendars (`union`, `intersection`, `minus`, `override`):
///
/// ```toml
/// holidays_from = ["holidays.ics", { file = "firm.ics", summary = "closed", transparent = true }]
/// workdays_from = [{ file = "cn.ics", summary = "补班", as = "fri" }]
///
/// [[versions]]
/// from = 2026-01-01                      # midnight of its zone, or an instant with its offset
/// weekly = { mon-thu = ["08:00-17:00"] }
/// ```
///
/// ```
/// use ticketry::{calendar, diagnostic::Source};
/// let source = Source::new()
///     .with("calendars/berlin.toml", "time_zone = 'Europe/Berlin'\nweekly.mon-fri = ['09:00-17:00']")
///     .with("calendars/shanghai.toml", "time_zone = 'Asia/Shanghai'\nweekly.mon-fri = ['09:00-17:00']")
///     .with("calendars/sun.toml", "combine.union = ['berlin', 'shanghai']");
/// let (calendars, problems) = calendar::load(&source);
/// assert!(problems.is_empty() && calendars.len() == 3);
/// ```
///
/// The problems, errors and warnings: those of each file; `duplicate-name`, `unknown-calendar`, `calendar-cycle`, `calendar-bad-combination`,
/// `calendar-combine-and-hours`, `calendar-version-order`, `calendar-feed-missing`, those of [`CalendarDefinition::holidays_from_ics`], and `unused-file` for a feed that
/// no calendar names.
pub fn load(source: &Source) -> (Vec<Calendar>, Diagnostics) {
    let (calendars, _, found) = declared(source);
    (calendars, found)
}

/// As [`load`], with the names of those files too that could not be compiled: who names one of these is not wrong.
pub(crate) fn declared(source: &Source) -> (Vec<Calendar>, BTreeSet<CalendarName>, Diagnostics) {
    let drafts = source.under("calendars", ".toml").map(|(file, content)| draft(file, content)).collect();
    let mut builder = Builder::new(drafts, Some(source));
    let mut out: Vec<Calendar> = Vec::new();
    for i in 0..builder.drafts.len() {
        out.extend(builder.calendar(i, &mut Vec::new()));
    }
    for (file, _) in source.under("calendars", ".ics") {
        if !builder.read.contains(&**file) {
            let message = text("no calendar names this feed", "没有日历使用该日历源");
            let help =
                text("write `holidays_from = [\"…\"]` in a calendar beside it", "请在同一文件夹的日历中写 `holidays_from = [\"…\"]`");
            builder.found.push(Diagnostic::warning("unused-file", message).at(Place::file(file.clone())).help(help));
        }
    }
    builder.found.sort();
    let names = builder.names.keys().map(CalendarName::new).collect();
    (out, names, builder.found)
}

/// How far a calendar is.
#[derive(Debug)]
enum Built {
    Not,
    Done(Option<Calendar>),
}

struct Builder<'a> {
    drafts: Vec<Draft>,
    built: Vec<Built>,
    /// The first draft of each name.
    names: BTreeMap<String, usize>,
    source: Option<&'a Source>,
    /// Feeds that were read.
    read: BTreeSet<String>,
    found: Diagnostics,
}

impl<'a> Builder<'a> {
    fn new(drafts: Vec<Draft>, source: Option<&'a Source>) -> Self {
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        let mut found = Diagnostics::new();
        for (i, draft) in drafts.iter().enumerate() {
            let name = draft.first.definition.name.as_str().to_string();
            match names.entry(name) {
                Entry::Vacant(free) => {
                    free.insert(i);
                }
                Entry::Occupied(taken) => {
                    let name = taken.key();
                    let message = text(format!("calendar `{name}` is defined twice"), format!("日历 `{name}` 重复定义"));
                    found.push(Diagnostic::error("duplicate-name", message).at(Place::file(draft.file.clone())));
                }
            }
        }
        let built = drafts.iter().map(|_| Built::Not).collect();
        Self { drafts, built, names, source, read: BTreeSet::new(), found }
    }
    fn alone(draft: Draft) -> Self {
        Self::new(vec![draft], None)
    }
    /// The only calendar.
    fn finish(mut self) -> (Option<Calendar>, Diagnostics) {
        let calendar = self.calendar(0, &mut Vec::new());
        self.found.sort();
        (calendar, self.found)
    }

    /// A calendar, built with what it is made of if need be; `path` are those being built.
    fn calendar(&mut self, i: usize, path: &mut Vec<usize>) -> Option<Calendar> {
        match self.built.get(i)? {
            Built::Done(calendar) => return calendar.clone(),
            Built::Not => {}
        }
        path.push(i);
        let read = std::mem::take(&mut self.drafts.get_mut(i)?.found);
        let unread = read.has_errors();
        self.found.extend(read);
        let combine = self.drafts.get_mut(i)?.combine.take();
        let made = match combine {
            Some(combine) => self.combined(i, &combine, path),
            None => self.versions(i, unread),
        };
        path.pop();
        let made = made.filter(|_| !unread);
        if let Some(slot) = self.built.get_mut(i) {
            *slot = Built::Done(made.clone());
        }
        made
    }

    /// A calendar of one or several versions, one after the other.
    fn versions(&mut self, i: usize, unread: bool) -> Option<Calendar> {
        let draft = self.drafts.get(i)?;
        let (first, later) = (draft.first.clone(), draft.later.clone());
        let mut whole = self.part(first, unread);
        let mut last: Option<DateTime<Utc>> = None;
        for (moment, place, part) in later {
            let zone = Zone::named(&part.definition.time_zone).ok();
            let next = self.part(part, unread);
            let from = match moment {
                Moment::Instant(t) => Some(t),
                Moment::Date(d) => zone.and_then(|z| DateTime::from_timestamp(civil_day(z, day_of(d)).first()?.0, 0)),
            };
            let Some(from) = from else {
                if zone.is_some() {
                    let message = text("that date was skipped in this zone", "该时区没有这一天");
                    self.found
                        .push(Diagnostic::error("calendar-version-order", message).at(place).help(text("take the next", "请用后一天")));
                }
                whole = None;
                continue;
            };
            if last.is_some_and(|l| from <= l) {
                let message = text("a version begins after the one before it", "版本的生效日期应晚于前一版本");
                let help = text("put the versions in order of `from`", "请按 `from` 的先后排列各版本");
                self.found.push(Diagnostic::error("calendar-version-order", message).at(place).help(help));
                whole = None;
                continue;
            }
            last = Some(from);
            whole = whole.zip(next).map(|(a, b)| a.then(&b, from));
        }
        whole
    }

    /// One version, with its feeds.
    fn part(&mut self, part: Part, unread: bool) -> Option<Calendar> {
        let Part { mut definition, mut places, feeds } = part;
        let mut unread = unread;
        // Make-up days first: a feed does not close what is given hours.
        for how in [FeedUse::Workdays, FeedUse::Holidays] {
            for feed in feeds.iter().filter(|f| f.how == how) {
                let found = match self.feed(feed) {
                    Ok(read) => merge(&mut definition, &mut places, how, &read, Some(&feed.place)),
                    Err(d) => d.into(),
                };
                unread |= found.has_errors();
                self.note(found);
            }
        }
        let (result, warnings) = compile(&definition, &places);
        match result {
            Ok(calendar) => {
                self.note(warnings);
                Some(calendar).filter(|_| !unread)
            }
            Err(more) => {
                // What could not be read is missing from the definition: only what was read may be called wrong.
                let caused = |d: &Diagnostic| {
                    unread && matches!(d.code, "calendar-never-opens" | "calendar-empty-day" | "calendar-workday-without-hours")
                };
                let zoned = !definition.time_zone.is_empty();
                let real = more.into_iter().filter(|d| !caused(d) && (zoned || d.code != "calendar-unknown-zone"));
                self.note(real);
                None
            }
        }
    }
    /// Several versions have what they share wrong only once.
    fn note(&mut self, more: impl IntoIterator<Item = Diagnostic>) {
        for d in more {
            if !self.found.iter().any(|known| known.code == d.code && known.message == d.message && known.place() == d.place()) {
                self.found.push(d);
            }
        }
    }

    fn feed(&mut self, feed: &FeedRef) -> Result<Feed, Diagnostic> {
        let missing = |help| {
            let message = text(format!("there is no feed `{}`", feed.file), format!("没有日历源 `{}`", feed.file));
            Diagnostic::error("calendar-feed-missing", message).at(feed.place.clone()).maybe_help(help)
        };
        let Some(source) = self.source else {
            let help =
                text("a feed is read with the folder it lies in: load the playbook", "日历源须与所在文件夹一起读取：请载入整个配置包");
            return Err(missing(Some(help)));
        };
        let folder = feed.place.file.rsplit_once('/').map_or("", |f| f.0);
        let path = if folder.is_empty() { feed.file.clone() } else { format!("{folder}/{}", feed.file) };
        let Some(content) = source.get(&path) else {
            let beside = source.under(folder, ".ics").filter_map(|(p, _)| p.strip_prefix(folder)?.strip_prefix('/').map(str::to_string));
            return Err(missing(
                did_you_mean(&feed.file, beside).or_else(|| Some(text("put the file beside the calendar", "请将文件放在日历文件旁边"))),
            ));
        };
        self.read.insert(path.clone());
        Ok(Feed::filtered(&path, content, feed.filter.clone()))
    }

    fn combined(&mut self, i: usize, combine: &Combine, path: &mut Vec<usize>) -> Option<Calendar> {
        let definition = self.drafts.get(i)?.first.definition.clone();
        let mut parts = Vec::new();
        let mut whole = true;
        for (name, place) in &combine.parts {
            let part = self.named(name, place, path);
            whole &= part.is_some();
            parts.extend(part);
        }
        let given = Some(definition.time_zone.as_str()).filter(|z| !z.is_empty());
        let zone = match given.map(Zone::named) {
            None => parts.first()?.zone(),
            Some(Ok(zone)) => zone,
            Some(Err(e)) => {
                let place = self.drafts.get(i)?.first.places.of("time_zone");
                self.found.push(Diagnostic::error("calendar-unknown-zone", e.text()).at(place).maybe_help(e.help()));
                return None;
            }
        };
        if definition.version == 0 {
            let place = self.drafts.get(i)?.first.places.of("version");
            self.found.push(Diagnostic::error("calendar-bad-version", text("versions count from 1", "版本号从 1 开始")).at(place));
            return None;
        }
        if !whole || parts.len() < 2 {
            return None;
        }
        let made = parts.into_iter().reduce(|a, b| {
            let kind = match combine.how {
                Combination::Union => Kind::Union(a, b),
                Combination::Intersection => Kind::Intersection(a, b),
                Combination::Minus => Kind::Minus(a, b),
                Combination::Override => Kind::Override(a, b),
            };
            Calendar::of(definition.name.clone(), definition.version, zone, kind)
        })?;
        if !made.opens_ever() {
            let help =
                text("see that its calendars have open time in common, or leave some", "请确认各日历有共同的营业时间，或留有营业时间");
            self.found.push(never_opens(&definition.name).at(combine.place.clone()).help(help));
            return None;
        }
        Some(made)
    }
    /// A calendar another is made of.
    fn named(&mut self, name: &str, place: &Place, path: &mut Vec<usize>) -> Option<Calendar> {
        let Some(&other) = self.names.get(name) else {
            let message = text(format!("there is no calendar `{name}`"), format!("没有日历 `{name}`"));
            let mut d = Diagnostic::error("unknown-calendar", message).at(place.clone()).maybe_help(did_you_mean(name, self.names.keys()));
            if self.source.is_none() {
                d = d.help(text(
                    "calendars made of others are read with them: load the playbook",
                    "组合日历须与其他日历一起读取：请载入整个配置包",
                ));
            }
            self.found.push(d);
            return None;
        };
        if let Some(begins) = path.iter().position(|p| *p == other) {
            let mut names: Vec<&str> = path
                .iter()
                .skip(begins)
                .chain([&other])
                .filter_map(|p| self.drafts.get(*p).map(|d| d.first.definition.name.as_str()))
                .collect();
            names.truncate(DEEPEST);
            let way = names.join(" → ");
            let message = text(format!("calendars are made of each other: {way}"), format!("日历循环引用：{way}"));
            let help = text("let one of them have hours of its own", "请让其中一个日历有自己的时段");
            self.found.push(Diagnostic::error("calendar-cycle", message).at(place.clone()).help(help));
            return None;
        }
        if path.len() > DEEPEST {
            let message = text("calendars are made of calendars too deep", "日历组合层数过多");
            self.found.push(Diagnostic::error("calendar-cycle", message).at(place.clone()));
            return None;
        }
        self.calendar(other, path)
    }
}
