//! Reading a definition from TOML text, with all problems and their places.

use super::check::{Places, compile};
use super::compiled::Calendar;
use super::definition::CalendarDefinition;
use super::window::{BadWord, Window, date, day_range};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, did_you_mean, text};
use crate::id::CalendarName;
use chrono::NaiveDate;
use std::{collections::BTreeMap, ops::Range, str::FromStr};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The keys of a calendar file.
const KEYS: [&str; 9] = ["name", "version", "time_zone", "always", "weekly", "holidays", "workdays", "date_hours", "date_breaks"];

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
    /// `unknown-key`, `missing-key`, `wrong-type`, `calendar-bad-time`, `calendar-bad-window`, `calendar-bad-date`, `calendar-bad-day`, `calendar-bad-workday`.
    pub fn from_toml(file: &str, content: &str) -> Result<Self, Diagnostics> {
        read(file, content).map(|(definition, _, _)| definition)
    }
}

impl Calendar {
    /// Reads and compiles a calendar file; see [`CalendarDefinition::from_toml`]. Warnings come with the calendar.
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
        read(file, content).map(|(_, calendar, warnings)| (calendar, warnings))
    }
}

fn read(file: &str, content: &str) -> Result<(CalendarDefinition, Calendar, Diagnostics), Diagnostics> {
    let mut reader = Reader { file, content, found: Diagnostics::new(), parts: BTreeMap::new() };
    let (table, errors) = DeTable::parse_recoverable(content);
    for e in errors {
        let message = e.message().to_lowercase();
        let place = e.span().map_or_else(|| Place::file(file), |s| reader.place(s));
        reader.found.push(Diagnostic::error("toml-syntax", text(message.clone(), format!("TOML 语法错误：{message}"))).at(place));
    }
    let definition = reader.definition(table.get_ref());
    let places = Places { whole: Place::new(file, 1, 1, 0), parts: std::mem::take(&mut reader.parts) };
    let mut found = reader.found;
    let unread = found.has_errors();
    let (result, warnings) = compile(&definition, &places);
    match result {
        Ok(calendar) if !unread => Ok((definition, calendar, warnings)),
        result => {
            let more = result.err().unwrap_or(warnings);
            // What could not be read is missing from the definition: only what was read may be called wrong.
            let caused = |d: &Diagnostic| {
                unread && matches!(d.code, "calendar-never-opens" | "calendar-empty-day" | "calendar-workday-without-hours")
            };
            let zone_named = table.get_ref().contains_key("time_zone") && !definition.time_zone.is_empty();
            found.extend(more.into_iter().filter(|d| !caused(d) && (zone_named || d.code != "calendar-unknown-zone")));
            found.sort();
            Err(found)
        }
    }
}

struct Reader<'a> {
    file: &'a str,
    content: &'a str,
    found: Diagnostics,
    parts: BTreeMap<String, Place>,
}

type Value<'a> = Spanned<DeValue<'a>>;

impl Reader<'_> {
    fn place(&self, span: Range<usize>) -> Place {
        Place::of_bytes(self.file, self.content, span.start, span.end)
    }
    fn note(&mut self, part: String, value: &Value<'_>) {
        let place = self.place(value.span());
        self.parts.insert(part, place);
    }
    fn wrong_type(&mut self, value: &Value<'_>, en: &str, zh: &str) {
        let found = value.get_ref().type_str();
        let message = text(format!("{en} is wanted here, not {found}"), format!("此处应为{zh}，而不是 {found}"));
        let place = self.place(value.span());
        self.found.push(Diagnostic::error("wrong-type", message).at(place));
    }
    fn word(&mut self, problem: BadWord, value: &Value<'_>) {
        let place = self.place(value.span());
        self.found.push(Diagnostic::error(problem.code, problem.message).at(place));
    }

    fn definition(&mut self, table: &DeTable<'_>) -> CalendarDefinition {
        let stem = self.file.rsplit('/').next().unwrap_or(self.file);
        let mut definition = CalendarDefinition::new(stem.strip_suffix(".toml").unwrap_or(stem), "");
        for (key, value) in table {
            let name: &str = key.get_ref();
            self.note(name.to_string(), value);
            match name {
                "name" => {
                    if let Some(name) = self.string(value) {
                        definition.name = CalendarName::new(name);
                    }
                }
                "version" => {
                    let version = value.get_ref().as_integer().and_then(|i| u32::from_str_radix(i.as_str(), i.radix()).ok());
                    match version {
                        Some(version) => definition.version = version,
                        None => self.wrong_type(value, "a whole number from 1", "从 1 开始的整数"),
                    }
                }
                "time_zone" => {
                    if let Some(zone) = self.string(value) {
                        definition.time_zone = zone;
                    }
                }
                "always" => match value.get_ref().as_bool() {
                    Some(always) => definition.always = always,
                    None => self.wrong_type(value, "`true` or `false`", " `true` 或 `false`"),
                },
                "weekly" => self.weekly(value, &mut definition),
                "holidays" => definition.holidays = self.list("holidays", value),
                "workdays" => definition.workdays = self.list("workdays", value),
                "date_hours" => definition.date_hours = self.dated("date_hours", value),
                "date_breaks" => definition.date_breaks = self.dated("date_breaks", value),
                unknown => {
                    let place = self.place(key.span());
                    let message = text(format!("a calendar has no `{unknown}`"), format!("日历没有 `{unknown}` 这一项"));
                    let known = || text(format!("it has {}", KEYS.join(", ")), format!("可用的有 {}", KEYS.join("、")));
                    let help = did_you_mean(unknown, KEYS).unwrap_or_else(known);
                    self.found.push(Diagnostic::error("unknown-key", message).at(place).help(help));
                }
            }
        }
        if !table.contains_key("time_zone") {
            let message = text("a calendar needs its `time_zone`", "日历缺少 `time_zone`");
            let help =
                text("write `time_zone = \"Asia/Shanghai\"` or another IANA name", "请写 `time_zone = \"Asia/Shanghai\"` 或其他 IANA 名称");
            self.found.push(Diagnostic::error("missing-key", message).at(Place::new(self.file, 1, 1, 0)).help(help));
        }
        definition
    }

    fn string(&mut self, value: &Value<'_>) -> Option<String> {
        let found = value.get_ref().as_str().map(str::to_string);
        if found.is_none() {
            self.wrong_type(value, "a text in quotes", "引号中的文本");
        }
        found
    }
    /// A list of words that are texts (or, for dates, TOML's own dates); what cannot be read is reported and left out.
    fn list<T: FromStr<Err = BadWord>>(&mut self, part: &str, value: &Value<'_>) -> Vec<T> {
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(value, "a list in brackets", "方括号中的列表");
            return Vec::new();
        };
        let mut out = Vec::new();
        for item in array {
            let word = match item.get_ref() {
                DeValue::String(s) => s.to_string(),
                DeValue::Datetime(d) => d.to_string(),
                _ => {
                    self.wrong_type(item, "a text in quotes", "引号中的文本");
                    continue;
                }
            };
            match word.parse() {
                Ok(read) => {
                    self.note(format!("{part}.{}", out.len()), item);
                    out.push(read);
                }
                Err(problem) => self.word(problem, item),
            }
        }
        out
    }
    fn table<'v, 'i>(&mut self, value: &'v Value<'i>) -> Option<&'v DeTable<'i>> {
        let found = value.get_ref().as_table();
        if found.is_none() {
            self.wrong_type(value, "a table", "表");
        }
        found
    }
    fn weekly(&mut self, value: &Value<'_>, definition: &mut CalendarDefinition) {
        let Some(table) = self.table(value) else { return };
        let mut first: [Option<(String, Place)>; 7] = Default::default();
        for (key, value) in table {
            let (name, place) = (key.get_ref().to_string(), self.place(key.span()));
            let Some(days) = day_range(&name) else {
                let message = text(format!("`{name}` is no day of the week"), format!("`{name}` 不是星期几"));
                let short: String = name.to_lowercase().chars().take(3).collect();
                let meant = super::window::DAY_NAMES.iter().find(|d| **d == short);
                let help = match meant {
                    Some(day) if !name.contains('-') => text(format!("write `{day}`"), format!("请写 `{day}`")),
                    _ => text("write `mon` … `sun`, or a range such as `mon-fri`", "请写 `mon` … `sun`，或范围，例如 `mon-fri`"),
                };
                self.found.push(Diagnostic::error("calendar-bad-day", message).at(place).help(help));
                continue;
            };
            for day in days {
                let Some(day_name) = super::window::DAY_NAMES.get(day) else { continue };
                let windows: Vec<Window> = if day_name_is_first(&first, &name) {
                    self.list(&format!("weekly.{day_name}"), value)
                } else {
                    self.quietly(day_name, value)
                };
                let Some((slot, taken)) = definition.weekly.days.get_mut(day).zip(first.get_mut(day)) else { continue };
                if let Some((other, at)) = taken {
                    let message = text(
                        format!("`{name}` and `{other}` both give hours to {day_name}"),
                        format!("`{name}` 与 `{other}` 都指定了 {day_name} 的时段"),
                    );
                    let d =
                        Diagnostic::error("calendar-day-twice", message).at(place.clone()).also(at.clone(), text("the other", "另一处"));
                    self.found.push(d.help(text("list each day once", "每天只列一次")));
                    continue;
                }
                let list = place_of(self, value);
                self.parts.insert(format!("weekly.{day_name}"), list);
                *taken = Some((name.clone(), place.clone()));
                *slot = Some(windows);
            }
        }
    }
    /// The windows of one more day of the same key: its problems are reported already.
    fn quietly(&mut self, day_name: &str, value: &Value<'_>) -> Vec<Window> {
        let kept = std::mem::take(&mut self.found);
        let windows = self.list(&format!("weekly.{day_name}"), value);
        self.found = kept;
        windows
    }
    fn dated(&mut self, part: &str, value: &Value<'_>) -> BTreeMap<NaiveDate, Vec<Window>> {
        let mut out = BTreeMap::new();
        let Some(table) = self.table(value) else { return out };
        for (key, value) in table {
            let name: &str = key.get_ref();
            let Some(date) = date(name) else {
                let message = text(format!("`{name}` is no date"), format!("`{name}` 不是日期"));
                let help = text("write the date as `2025-12-24`", "日期请写成 `2025-12-24`");
                let place = self.place(key.span());
                self.found.push(Diagnostic::error("calendar-bad-date", message).at(place).help(help));
                continue;
            };
            let part = format!("{part}.{date}");
            self.note(part.clone(), value);
            out.insert(date, self.list(&part, value));
        }
        out
    }
}

fn place_of(reader: &Reader<'_>, value: &Value<'_>) -> Place {
    reader.place(value.span())
}
fn day_name_is_first(first: &[Option<(String, Place)>; 7], key: &str) -> bool {
    !first.iter().flatten().any(|(k, _)| k == key)
}
