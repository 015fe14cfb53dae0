//! Reading a definition from TOML text, with all problems and their places.

use super::check::Places;
use super::definition::CalendarDefinition;
use super::feed::{FeedUse, Filter};
use super::window::{BadWord, Window, date, day_range, moment};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, did_you_mean, text};
use crate::id::CalendarName;
use chrono::{DateTime, NaiveDate, Utc};
use std::{collections::BTreeMap, ops::Range, str::FromStr};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The keys a version of a calendar can give.
const PLAIN: [&str; 10] =
    ["time_zone", "always", "weekly", "holidays", "workdays", "date_hours", "date_breaks", "closures", "holidays_from", "workdays_from"];
/// The keys a file has besides.
const WHOLE: [&str; 4] = ["name", "version", "versions", "combine"];
/// The keys that can stand beside `combine`.
const BESIDE_COMBINE: [&str; 4] = ["name", "version", "time_zone", "combine"];

/// A calendar file as read, not yet compiled: feeds and other calendars may be missing.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) file: String,
    /// What holds first, or is said beside `combine`.
    pub(super) first: Part,
    /// What holds from when on (S55).
    pub(super) later: Vec<(Moment, Place, Part)>,
    pub(super) combine: Option<Combine>,
    pub(super) found: Diagnostics,
}

/// One version.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) definition: CalendarDefinition,
    pub(super) places: Places,
    pub(super) feeds: Vec<FeedRef>,
}

/// A feed named by a calendar file.
#[derive(Clone, Debug)]
pub(super) struct FeedRef {
    pub(super) how: FeedUse,
    pub(super) file: String,
    pub(super) place: Place,
    pub(super) filter: Filter,
}

/// When a version begins: with a date of its zone, or at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Date(NaiveDate),
    Instant(DateTime<Utc>),
}

/// A calendar made of others.
#[derive(Debug)]
pub(super) struct Combine {
    pub(super) how: Combination,
    pub(super) parts: Vec<(String, Place)>,
    pub(super) place: Place,
}

/// How calendars are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Combination {
    Union,
    Intersection,
    Minus,
    Override,
}

/// Reads a calendar file.
pub(super) fn draft(file: &str, content: &str) -> Draft {
    let mut reader = Reader { file, content, found: Diagnostics::new(), parts: BTreeMap::new(), feeds: Vec::new() };
    let (table, errors) = DeTable::parse_recoverable(content);
    let syntax = errors.len();
    for e in errors {
        let message = e.message().to_lowercase();
        let place = e.span().map_or_else(|| Place::file(file), |s| reader.place(s));
        reader.found.push(Diagnostic::error("toml-syntax", text(message.clone(), format!("TOML 语法错误：{message}"))).at(place));
    }
    let mut draft = reader.draft(table.get_ref());
    if syntax > 0 {
        // What can still be read of a text that is no TOML means nothing: only the syntax, reported first, is told.
        let mut told = Diagnostics::new();
        told.extend(std::mem::take(&mut draft.found).into_iter().take(syntax));
        draft.found = told;
    }
    draft
}

struct Reader<'a> {
    file: &'a str,
    content: &'a str,
    found: Diagnostics,
    /// Places and feeds of the part being read.
    parts: BTreeMap<String, Place>,
    feeds: Vec<FeedRef>,
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

    fn draft(mut self, table: &DeTable<'_>) -> Draft {
        let stem = self.file.rsplit('/').next().unwrap_or(self.file);
        let mut definition = CalendarDefinition::new(stem.strip_suffix(".toml").unwrap_or(stem), "");
        if let Some(value) = table.get("name")
            && let Some(name) = self.string(value)
        {
            definition.name = CalendarName::new(name);
        }
        if let Some(value) = table.get("version") {
            self.note("version".into(), value);
            match value.get_ref().as_integer().and_then(|i| u32::from_str_radix(i.as_str(), i.radix()).ok()) {
                Some(version) => definition.version = version,
                None => self.wrong_type(value, "a whole number from 1", "从 1 开始的整数"),
            }
        }
        let combine = table.get("combine").and_then(|v| self.combine(v));
        if let Some((key, _)) = table.get_key_value("combine") {
            let place = self.place(key.span());
            for (other, _) in table.iter().filter(|(k, _)| PLAIN.contains(&&**k.get_ref()) || **k.get_ref() == *"versions") {
                if !BESIDE_COMBINE.contains(&&**other.get_ref()) {
                    let name = other.get_ref();
                    let message = text(format!("`{name}` and `combine` exclude each other"), format!("`{name}` 与 `combine` 不能同时使用"));
                    let help = text(
                        "give it hours in a calendar of its own and combine that, for example with `override`",
                        "请另建一个日历写入这些内容，再用 `combine`（例如 `override`）组合",
                    );
                    let at = self.place(other.span());
                    let d = Diagnostic::error("calendar-combine-and-hours", message).at(at);
                    self.found.push(d.also(place.clone(), text("the combination", "组合")).help(help));
                }
            }
        }
        self.keys(table, &mut definition, &WHOLE);
        if !table.contains_key("time_zone") && !table.contains_key("combine") {
            let message = text("a calendar needs its `time_zone`", "日历缺少 `time_zone`");
            let help =
                text("write `time_zone = \"Asia/Shanghai\"` or another IANA name", "请写 `time_zone = \"Asia/Shanghai\"` 或其他 IANA 名称");
            self.found.push(Diagnostic::error("missing-key", message).at(Place::new(self.file, 1, 1, 0)).help(help));
        }
        let whole = Place::new(self.file, 1, 1, 0);
        let first = Part { definition, places: Places { whole, parts: self.parts.clone() }, feeds: self.feeds.clone() };
        let later = table.get("versions").map(|v| self.versions(v, &first)).unwrap_or_default();
        Draft { file: self.file.to_string(), first, later, combine, found: self.found }
    }

    /// The keys of a file or of one of its versions; those `besides` are read elsewhere.
    fn keys(&mut self, table: &DeTable<'_>, definition: &mut CalendarDefinition, besides: &[&str]) {
        for (key, value) in table {
            let name: &str = key.get_ref();
            self.note(name.to_string(), value);
            match name {
                "time_zone" => {
                    if let Some(zone) = self.string(value) {
                        definition.time_zone = zone;
                    }
                }
                "always" => match value.get_ref().as_bool() {
                    Some(always) => definition.always = always,
                    None => self.wrong_type(value, "`true` or `false`", " `true` 或 `false`"),
                },
                "weekly" => self.weekly(value, definition),
                "holidays" => definition.holidays = self.list("holidays", value),
                "workdays" => definition.workdays = self.list("workdays", value),
                "closures" => definition.closures = self.list("closures", value),
                "date_hours" => definition.date_hours = self.dated("date_hours", value),
                "date_breaks" => definition.date_breaks = self.dated("date_breaks", value),
                "holidays_from" => self.feeds_from(FeedUse::Holidays, value),
                "workdays_from" => self.feeds_from(FeedUse::Workdays, value),
                known if besides.contains(&known) => {}
                unknown => {
                    let place = self.place(key.span());
                    let keys: Vec<&str> = besides.iter().chain(&PLAIN).copied().collect();
                    let message = text(format!("a calendar has no `{unknown}`"), format!("日历没有 `{unknown}` 这一项"));
                    let known = || text(format!("it has {}", keys.join(", ")), format!("可用的有 {}", keys.join("、")));
                    let help = did_you_mean(unknown, &keys).unwrap_or_else(known);
                    self.found.push(Diagnostic::error("unknown-key", message).at(place).help(help));
                }
            }
        }
    }

    /// Each version is the one before with some keys replaced.
    fn versions(&mut self, value: &Value<'_>, first: &Part) -> Vec<(Moment, Place, Part)> {
        let mut out: Vec<(Moment, Place, Part)> = Vec::new();
        let Some(list) = value.get_ref().as_array() else {
            self.wrong_type(value, "a list of tables, each under `[[versions]]`,", "由 `[[versions]]` 写成的表的列表");
            return out;
        };
        for item in list {
            let Some(table) = self.table(item) else { continue };
            let mut part = out.last().map_or(first, |l| &l.2).clone();
            let whole = self.place(item.span());
            self.parts = std::mem::take(&mut part.places.parts);
            self.feeds = std::mem::take(&mut part.feeds);
            part.definition.version = part.definition.version.saturating_add(1);
            for (key, other) in [("always", "weekly"), ("weekly", "always")] {
                if table.contains_key(key) && !table.contains_key(other) {
                    match other {
                        "weekly" => part.definition.weekly = super::definition::Weekly::default(),
                        _ => part.definition.always = false,
                    }
                }
            }
            self.keys(table, &mut part.definition, &["from"]);
            part.places = Places { whole: whole.clone(), parts: std::mem::take(&mut self.parts) };
            part.feeds = std::mem::take(&mut self.feeds);
            let Some(from) = table.get("from") else {
                let message = text("a version needs `from`, the date it begins with", "版本缺少生效日期 `from`");
                let help = text("write `from = \"2026-01-01\"`", "请写 `from = \"2026-01-01\"`");
                self.found.push(Diagnostic::error("missing-key", message).at(whole).help(help));
                continue;
            };
            let word = match from.get_ref() {
                DeValue::String(s) => s.to_string(),
                DeValue::Datetime(d) => d.to_string(),
                _ => String::new(),
            };
            let moment = date(&word).map(Moment::Date).or_else(|| moment(&word).map(Moment::Instant));
            let place = self.place(from.span());
            match moment {
                Some(moment) => out.push((moment, place, part)),
                None => {
                    let message = text("a version begins with a date", "版本的 `from` 应为日期");
                    let help = text(
                        "write `2026-01-01`, or an instant such as `2026-01-01T06:00+01:00`",
                        "请写 `2026-01-01`，或时刻，例如 `2026-01-01T06:00+08:00`",
                    );
                    self.found.push(Diagnostic::error("calendar-bad-date", message).at(place).help(help));
                }
            }
        }
        out
    }

    fn combine(&mut self, value: &Value<'_>) -> Option<Combine> {
        let ways = [
            ("union", Combination::Union),
            ("intersection", Combination::Intersection),
            ("minus", Combination::Minus),
            ("override", Combination::Override),
        ];
        let place = self.place(value.span());
        let table = self.table(value)?;
        let wrong = |reader: &mut Self, place: Place, en: String, zh: String, help: Option<crate::diagnostic::Text>| {
            let usual = text(
                "write one of `union`, `intersection`, `minus` and `override`, with at least two calendars, as in `union = [\"berlin\", \"shanghai\"]`",
                "请写 `union`、`intersection`、`minus`、`override` 之一，并列出至少两个日历，例如 `union = [\"berlin\", \"shanghai\"]`",
            );
            let d = Diagnostic::error("calendar-bad-combination", text(en, zh)).at(place);
            reader.found.push(d.help(help.unwrap_or(usual)));
        };
        let mut found = None;
        for (key, list) in table {
            let name: &str = key.get_ref();
            let at = self.place(key.span());
            let Some((_, how)) = ways.iter().find(|w| w.0 == name) else {
                let help = did_you_mean(name, ways.map(|w| w.0));
                wrong(self, at, format!("calendars are not combined by `{name}`"), format!("没有 `{name}` 这种组合方式"), help);
                continue;
            };
            if found.is_some() {
                wrong(self, at, "a calendar is combined in one way".into(), "一个日历只能有一种组合方式".into(), None);
                continue;
            }
            let Some(array) = list.get_ref().as_array() else {
                self.wrong_type(list, "a list in brackets", "方括号中的列表");
                continue;
            };
            let mut parts = Vec::new();
            for item in array {
                let at = self.place(item.span());
                parts.extend(self.string(item).map(|name| (name, at)));
            }
            if array.len() < 2 {
                wrong(self, self.place(list.span()), "too few calendars".into(), "日历数量不足".into(), None);
            }
            found = Some(Combine { how: *how, parts, place: at });
        }
        if table.is_empty() {
            wrong(self, place, "nothing is combined".into(), "没有指定要组合的日历".into(), None);
        }
        found
    }

    /// `["holidays.ics", { file = "cn.ics", summary = "补班" }]`.
    fn feeds_from(&mut self, how: FeedUse, value: &Value<'_>) {
        self.feeds.retain(|f| f.how != how);
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(value, "a list in brackets", "方括号中的列表");
            return;
        };
        for item in array {
            let place = self.place(item.span());
            let mut filter = Filter::default();
            if let Some(file) = item.get_ref().as_str() {
                self.feeds.push(FeedRef { how, file: file.to_string(), place, filter });
                continue;
            }
            let Some(table) = item.get_ref().as_table() else {
                self.wrong_type(item, "a file in quotes, or a table with `file`,", "引号中的文件名，或含 `file` 的表");
                continue;
            };
            let mut file = None;
            for (key, value) in table {
                match &**key.get_ref() {
                    "file" => file = self.string(value),
                    "summary" => filter.summary = self.string(value),
                    "transparent" => match value.get_ref().as_bool() {
                        Some(yes) => filter.transparent = yes,
                        None => self.wrong_type(value, "`true` or `false`", " `true` 或 `false`"),
                    },
                    "as" if how == FeedUse::Workdays => {
                        let day = self.string(value).map(|word| (super::window::weekday(&word), word));
                        match day {
                            Some((Some(day), _)) => filter.hours_of = Some(day),
                            Some((None, word)) => {
                                let message = text(format!("`{word}` is no day of the week"), format!("`{word}` 不是星期几"));
                                let place = self.place(value.span());
                                let help = text("write `mon` … `sun`", "请写 `mon` … `sun`");
                                self.found.push(Diagnostic::error("calendar-bad-day", message).at(place).help(help));
                            }
                            None => {}
                        }
                    }
                    unknown => {
                        let keys: &[&str] = if how == FeedUse::Workdays {
                            &["file", "summary", "transparent", "as"]
                        } else {
                            &["file", "summary", "transparent"]
                        };
                        let place = self.place(key.span());
                        let message = text(format!("a feed has no `{unknown}`"), format!("日历源没有 `{unknown}` 这一项"));
                        let known = || text(format!("it has {}", keys.join(", ")), format!("可用的有 {}", keys.join("、")));
                        let help = did_you_mean(unknown, keys).unwrap_or_else(known);
                        self.found.push(Diagnostic::error("unknown-key", message).at(place).help(help));
                    }
                }
            }
            match file {
                Some(file) => self.feeds.push(FeedRef { how, file, place, filter }),
                None => {
                    let message = text("a feed needs its `file`", "日历源缺少 `file`");
                    self.found.push(Diagnostic::error("missing-key", message).at(place));
                }
            }
        }
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
        definition.weekly = super::definition::Weekly::default();
        self.parts.retain(|part, _| !part.starts_with("weekly."));
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
