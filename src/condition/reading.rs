//! TOML with places: what every definition is read with, so that all problems are found at once.
//!
//! A reader parses a [`Document`], walks its [`Table`]s and [`Item`]s, and takes what it needs; whatever is wrong is put down in the
//! document and answered with `None`, so that reading goes on. [`Document::finish`] gives the problems in order of place.
//!
//! ```text
//! let document = Document::parse("priority.toml", content);
//! let root = document.root(&["bands", "hysteresis"]);            // unknown keys are reported, with a suggestion
//! let hysteresis = root.get("hysteresis").and_then(|i| i.integer(0, 100));
//! for (name, item) in root.get("bands").map(|i| i.entries()).unwrap_or_default() { … }
//! let problems = document.finish();
//! ```

use super::Form;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Text, did_you_mean, text};
use std::{cell::RefCell, collections::BTreeSet, sync::Arc};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The longest name in bytes.
pub(crate) const LONGEST_NAME: usize = 64;

/// A parsed TOML text with every problem found so far.
#[derive(Debug)]
pub(crate) struct Document<'s> {
    file: Arc<str>,
    content: &'s str,
    /// Where each line begins: places cost the length of a line, not of the file.
    lines: Vec<usize>,
    root: Spanned<DeTable<'s>>,
    problems: RefCell<Diagnostics>,
    /// It is TOML. If not, what can still be read of it means nothing, and only the syntax is reported.
    sound: bool,
}

/// A value with its place and the key it stands under.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item<'d> {
    document: &'d Document<'d>,
    key: &'d str,
    value: &'d DeValue<'d>,
    start: usize,
    end: usize,
}

/// A table whose keys were checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table<'d> {
    document: &'d Document<'d>,
    table: &'d DeTable<'d>,
    start: usize,
    end: usize,
}

/// A key of a table of the author's own names, with its place.
#[derive(Clone, Debug)]
pub(crate) struct Key<'d> {
    /// The key.
    pub(crate) name: &'d str,
    /// Where it stands.
    pub(crate) place: Place,
}

/// The word that stands as a value without quotes where the reader stumbled, if it can only be a text.
fn bare_word(content: &str, at: usize) -> Option<&str> {
    let begin = content.get(..at)?.rfind('\n').map_or(0, |i| i.saturating_add(1));
    let line = content.get(begin..)?.lines().next()?;
    let (_, value) = line.split_once('=')?;
    let value = value.split('#').next()?.trim();
    let plain =
        value.starts_with(char::is_alphabetic) && value.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ':' | '.' | ' '));
    (plain && !["true", "false", "inf", "nan"].contains(&value)).then_some(value)
}

impl<'s> Document<'s> {
    /// Parses as much as can be parsed; syntax errors are `toml-syntax` and `duplicate-key`.
    pub(crate) fn parse(file: &str, content: &'s str) -> Self {
        let lines = std::iter::once(0).chain(content.match_indices('\n').map(|(i, _)| i.saturating_add(1))).collect();
        let (root, errors) = DeTable::parse_recoverable(content);
        let mut document = Self { file: file.into(), content, lines, root, problems: RefCell::default(), sound: true };
        let (mut last, mut broken) = (None, false);
        let mut headed: BTreeSet<&str> = BTreeSet::new();
        let again = document.headed_again(&errors);
        for e in &errors {
            let place = e.span().map_or_else(|| document.whole(), |s| document.place(s.start, s.end));
            let says = e.message().lines().map(str::trim).collect::<Vec<_>>().join(", ");
            if says == "duplicate key" {
                let key = e.span().and_then(|s| content.get(s)).unwrap_or_default();
                let line = document.line_of(&place).trim();
                let header = line == format!("[{key}]") || line == format!("[[{key}]]");
                // Of a table that stands there twice the table is told, not each of its keys.
                let before = again.partition_point(|lines| lines.start <= place.line);
                if before.checked_sub(1).and_then(|i| again.get(i)).is_some_and(|lines| lines.contains(&place.line)) {
                    continue;
                }
                // Of many tables of one name, one is told.
                if header && !headed.insert(key) {
                    continue;
                }
                let help = if header && !key.contains('.') {
                    text(
                        format!("remove or rename one of the two; where there may be many of them, write `[[{key}]]` above each"),
                        format!("请删除其中一个或改名；如可有多项，请在每一项之上写 `[[{key}]]`"),
                    )
                } else {
                    text("remove or rename one of the two", "请删除其中一个或改名")
                };
                let message = text(format!("`{key}` stands here a second time"), format!("`{key}` 重复出现"));
                document.report(Diagnostic::error("duplicate-key", message).at(place).help(help));
                continue;
            }
            broken = true;
            // One bracket that is not closed makes an error of every line after it: only the first of neighbours is told.
            let follows = last.is_some_and(|l: u32| place.line <= l.saturating_add(3));
            last = Some(place.line);
            if !follows {
                let bare = e.span().and_then(|s| bare_word(content, s.start));
                let says = match bare {
                    Some(_) => text("not TOML: a text without quotes", "TOML 语法错误：文本缺少引号"),
                    None => text(format!("not TOML: {says}"), format!("TOML 语法错误：{says}")),
                };
                let quoted = bare.map(|w| text(format!("write `\"{w}\"`"), format!("请写 `\"{w}\"`")));
                document.report(Diagnostic::error("toml-syntax", says).at(place).maybe_help(quoted));
            }
        }
        document.sound = !broken;
        document
    }

    /// The lines below each header of a table that was there already, from top to bottom.
    fn headed_again(&self, errors: &[toml::de::Error]) -> Vec<std::ops::Range<u32>> {
        let line = |n: u32| self.line_of(&Place::new(self.file.clone(), n, 1, 1)).trim();
        let last = u32::try_from(self.lines.len()).unwrap_or(u32::MAX);
        let twice = errors.iter().filter(|e| e.message().trim() == "duplicate key").filter_map(toml::de::Error::span);
        let at = twice.map(|s| self.place(s.start, s.end).line).filter(|n| line(*n).starts_with('['));
        let below = |n: u32| {
            let from = n.saturating_add(1);
            from..(from..=last).find(|n| line(*n).starts_with('[')).unwrap_or(last.saturating_add(1))
        };
        let mut all: Vec<_> = at.map(below).collect();
        all.sort_by_key(|lines| lines.start);
        all
    }

    /// The line a place begins on.
    fn line_of(&self, place: &Place) -> &'s str {
        let from = usize::try_from(place.line).ok().and_then(|n| self.lines.get(n.checked_sub(1)?).copied());
        from.and_then(|from| self.content.get(from..)?.lines().next()).unwrap_or_default()
    }

    /// The top table.
    pub(crate) fn root<'d>(&'d self, known: &[&str]) -> Table<'d> {
        let table = self.open_root();
        table.check(known);
        table
    }

    /// The top table, its keys unchecked.
    pub(crate) fn open_root<'d>(&'d self) -> Table<'d> {
        Table { document: self, table: self.root.get_ref(), start: 0, end: 0 }
    }

    /// Puts a problem down; none but syntax if the file is no TOML.
    pub(crate) fn report(&self, d: Diagnostic) {
        if self.sound {
            self.problems.borrow_mut().push(d);
        }
    }

    /// Puts problems down.
    pub(crate) fn report_all(&self, d: Diagnostics) {
        d.into_iter().for_each(|d| self.report(d));
    }

    /// The whole file as a place.
    pub(crate) fn whole(&self) -> Place {
        Place::file(self.file.clone())
    }

    /// The place of a byte range.
    pub(crate) fn place(&self, start: usize, end: usize) -> Place {
        let number = self.lines.partition_point(|l| *l <= start).max(1);
        let from = number.checked_sub(1).and_then(|i| self.lines.get(i)).copied().unwrap_or(0);
        let to = self.lines.get(number).copied().unwrap_or(self.content.len());
        let line = self.content.get(from..to).unwrap_or("");
        let inner = Place::of_bytes(self.file.clone(), line, start.saturating_sub(from), end.saturating_sub(from).min(line.len()));
        Place { line: u32::try_from(number).unwrap_or(u32::MAX), ..inner }
    }

    /// All problems, in order of place.
    pub(crate) fn finish(self) -> Diagnostics {
        let mut problems = self.problems.into_inner();
        problems.sort();
        problems
    }
}

impl<'d> Table<'d> {
    /// Reports keys that are not among the known ones: `unknown-key`.
    pub(crate) fn check(&self, known: &[&str]) {
        for key in self.table.keys().filter(|k| !known.contains(&k.get_ref().as_ref())) {
            let name = key.get_ref();
            let all = known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
            let d = Diagnostic::error("unknown-key", text(format!("unknown key `{name}`"), format!("未知的键 `{name}`")))
                .at(self.document.place(key.span().start, key.span().end))
                .help(text(format!("the keys here are {all}"), format!("此处可用的键：{all}")));
            self.document.report(d.maybe_help(did_you_mean(name, known)));
        }
    }
    /// The value under a key, if there.
    pub(crate) fn get(&self, key: &str) -> Option<Item<'d>> {
        let (k, v) = self.table.get_key_value(key)?;
        Some(Item { document: self.document, key: k.get_ref(), value: v.get_ref(), start: v.span().start, end: v.span().end })
    }
    /// The value under a key; `missing-key` if it is not there. `en` and `zh` say what it is for.
    pub(crate) fn need(&self, key: &str, en: &str, zh: &str) -> Option<Item<'d>> {
        let found = self.get(key);
        if found.is_none() {
            let d = Diagnostic::error("missing-key", text(format!("`{key}` is missing: {en}"), format!("缺少 `{key}`：{zh}")));
            self.document.report(d.at(self.place()));
        }
        found
    }
    /// Whether a key is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }
    /// Where the table begins (its header, or the inline table); the whole file for the top table.
    pub(crate) fn place(&self) -> Place {
        if self.end == 0 { self.document.whole() } else { self.document.place(self.start, self.end) }
    }
    /// The place of a key.
    pub(crate) fn key_place(&self, key: &str) -> Option<Place> {
        let (k, _) = self.table.get_key_value(key)?;
        Some(self.document.place(k.span().start, k.span().end))
    }
    /// Each key and value as written in the file, top to bottom.
    pub(crate) fn entries(&self) -> Vec<(Key<'d>, Item<'d>)> {
        let document = self.document;
        let mut all: Vec<_> = self.table.iter().collect();
        all.sort_by_key(|(k, _)| k.span().start);
        all.into_iter()
            .map(|(k, v)| {
                let item = Item { document, key: k.get_ref(), value: v.get_ref(), start: v.span().start, end: v.span().end };
                (Key { name: k.get_ref(), place: document.place(k.span().start, k.span().end) }, item)
            })
            .collect()
    }
    /// The document, to report to.
    pub(crate) fn document(&self) -> &'d Document<'d> {
        self.document
    }
}

impl<'d> Item<'d> {
    /// Where it stands.
    pub(crate) fn place(&self) -> Place {
        self.document.place(self.start, self.end)
    }
    /// The key it stands under; for an item of a list, the list's.
    pub(crate) fn key(&self) -> &'d str {
        self.key
    }
    /// The document, to report to.
    pub(crate) fn document(&self) -> &'d Document<'d> {
        self.document
    }
    /// Where the content of a string begins, behind its quotes: the place to give to whoever parses it further.
    pub(crate) fn inner_place(&self) -> Place {
        let raw = self.document.content.get(self.start..self.end).unwrap_or("");
        let mut skip = 0;
        for quotes in ["\"\"\"\r\n", "\"\"\"\n", "'''\r\n", "'''\n", "\"\"\"", "'''", "\"", "'"] {
            if raw.starts_with(quotes) && raw.len() > quotes.len() {
                skip = quotes.len();
                break;
            }
        }
        self.document.place(self.start.saturating_add(skip), self.end.saturating_sub(usize::from(skip > 0)))
    }
    /// Reports that this is wrong; `None`, for use at the end of a function.
    pub(crate) fn wrong<T>(&self, code: &'static str, message: Text, help: Option<Text>) -> Option<T> {
        self.document.report(Diagnostic::error(code, message).at(self.place()).maybe_help(help));
        None
    }
    fn kind(&self) -> (&'static str, &'static str) {
        match self.value {
            DeValue::String(_) => ("a text", "文本"),
            DeValue::Integer(_) => ("a number", "整数"),
            DeValue::Float(_) => ("a number with a point", "小数"),
            DeValue::Boolean(_) => ("true or false", "布尔值"),
            DeValue::Datetime(_) => ("a date or time", "日期或时间"),
            DeValue::Array(_) => ("a list", "列表"),
            DeValue::Table(_) => ("a table", "表"),
        }
    }
    /// Reports `wrong-type`: what is wanted, in both languages.
    pub(crate) fn mistyped<T>(&self, en: &str, zh: &str) -> Option<T> {
        self.mistyped_with(en, zh, None)
    }
    fn mistyped_with<T>(&self, en: &str, zh: &str, help: Option<Text>) -> Option<T> {
        let (key, found) = (self.key, self.kind());
        self.wrong(
            "wrong-type",
            text(format!("`{key}` must be {en}, not {}", found.0), format!("`{key}` 应为{zh}，不能是{}", found.1)),
            help,
        )
    }
    /// A text, without complaint if it is none.
    pub(crate) fn as_text(&self) -> Option<&'d str> {
        self.value.as_str()
    }
    /// A table of the author's own names, without complaint if it is none.
    pub(crate) fn as_table(&self) -> Option<Table<'d>> {
        let table = self.value.as_table()?;
        Some(Table { document: self.document, table, start: self.start, end: self.end })
    }
    /// Whether it is true or false.
    pub(crate) fn is_boolean(&self) -> bool {
        self.value.is_bool()
    }
    /// Whether it is a whole number.
    pub(crate) fn is_integer(&self) -> bool {
        self.value.is_integer()
    }
    /// Whether it is a date or time.
    pub(crate) fn is_instant(&self) -> bool {
        self.value.is_datetime()
    }
    /// Whether it is a list.
    pub(crate) fn is_list(&self) -> bool {
        self.value.is_array()
    }
    /// A text.
    pub(crate) fn text(&self) -> Option<&'d str> {
        self.value.as_str().or_else(|| self.mistyped("a text", "文本"))
    }
    /// A text that can serve as a name: `bad-name` if it is empty, too long, or has spaces around or control characters in it.
    pub(crate) fn name(&self) -> Option<&'d str> {
        let name = self.text()?;
        match bad_name(name, self.place()) {
            None => Some(name),
            Some(d) => {
                self.document.report(d);
                None
            }
        }
    }
    /// Yes or no.
    pub(crate) fn boolean(&self) -> Option<bool> {
        self.value.as_bool().or_else(|| self.mistyped("true or false", "布尔值"))
    }
    /// A whole number within bounds: `wrong-type`, `out-of-range`.
    pub(crate) fn integer(&self, least: i64, most: i64) -> Option<i64> {
        let Some(n) = self.value.as_integer() else {
            return self.mistyped("a whole number", "整数");
        };
        match i64::from_str_radix(n.as_str(), n.radix()) {
            Ok(n) if (least..=most).contains(&n) => Some(n),
            _ => {
                let key = self.key;
                let most = if most == i64::MAX { text("", "") } else { text(format!(" and at most {most}"), format!("，最大 {most}")) };
                self.wrong(
                    "out-of-range",
                    text(
                        format!("`{key}` is {n}, but must be at least {least}{}", most.en),
                        format!("`{key}` 为 {n}，应不小于 {least}{}", most.zh),
                    ),
                    None,
                )
            }
        }
    }
    /// An instant: an offset date-time, or a text in RFC 3339.
    pub(crate) fn instant(&self) -> Option<crate::id::UtcInstant> {
        let written = match self.value {
            DeValue::Datetime(d) => d.to_string(),
            DeValue::String(s) => s.to_string(),
            _ => return self.mistyped("a date and time", "日期时间"),
        };
        match written.parse::<chrono::DateTime<chrono::FixedOffset>>() {
            Ok(t) => Some(crate::id::at_door(t.to_utc())),
            Err(_) => self.wrong(
                "bad-instant",
                text(format!("`{written}` is no instant"), format!("`{written}` 不是时刻")),
                Some(text(
                    "write a date, a time and an offset: 2025-10-09T20:00:00+08:00",
                    "请写日期、时间和时区：2025-10-09T20:00:00+08:00",
                )),
            ),
        }
    }
    /// The items of a list.
    pub(crate) fn list(&self) -> Vec<Item<'d>> {
        match self.value.as_array() {
            Some(_) => self.one_or_many(),
            None => {
                let key = self.key;
                let each = || text(format!("write `[[{key}]]` above each of them"), format!("请在每一项之上写 `[[{key}]]`"));
                self.mistyped_with("a list", "列表", self.value.is_table().then(each)).unwrap_or_default()
            }
        }
    }
    /// The items of a list, or the value itself where one is enough.
    pub(crate) fn one_or_many(&self) -> Vec<Item<'d>> {
        let Some(array) = self.value.as_array() else {
            return vec![*self];
        };
        let item = |v: &'d Spanned<DeValue<'d>>| Item {
            document: self.document,
            key: self.key,
            value: v.get_ref(),
            start: v.span().start,
            end: v.span().end,
        };
        array.iter().map(item).collect()
    }
    /// A table with these keys and no others.
    pub(crate) fn table(&self, known: &[&str]) -> Option<Table<'d>> {
        let table = self.as_table().or_else(|| self.mistyped("a table", "表"))?;
        table.check(known);
        Some(table)
    }
    /// The entries of a table of the author's own names, as written from top to bottom.
    pub(crate) fn entries(&self) -> Vec<(Key<'d>, Item<'d>)> {
        match self.as_table() {
            Some(t) => t.entries(),
            None => self.mistyped("a table", "表").unwrap_or_default(),
        }
    }
    /// A text in both languages: `"…"`, or `{ en = "…", zh = "…" }`.
    pub(crate) fn label(&self) -> Option<Text> {
        if let Some(s) = self.as_text() {
            return Some(text(s, s));
        }
        if self.as_table().is_none() {
            return self.mistyped("a text or { en = \"…\", zh = \"…\" }", "文本或 { en = \"…\", zh = \"…\" }");
        }
        let table = self.table(&["en", "zh"])?;
        let part = |key: &str| table.get(key).map_or(Some(""), |i| i.text());
        let (en, zh) = (part("en"), part("zh"));
        // Where neither is there under its name, what was meant cannot be read.
        let slip = !table.has("en") && !table.has("zh") && !table.entries().is_empty();
        Some(text(en?, zh?)).filter(|_| !slip)
    }
    /// One of these words: `unknown-word`, with a suggestion.
    pub(crate) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let found = self.text()?;
        if let Some((_, t)) = words.iter().find(|(w, _)| *w == found) {
            return Some(*t);
        }
        let key = self.key;
        let all = words.iter().map(|(w, _)| format!("`{w}`")).collect::<Vec<_>>().join(", ");
        self.wrong(
            "unknown-word",
            text(format!("`{key}` is never `{found}`"), format!("`{key}` 不可能是 `{found}`")),
            did_you_mean(found, words.iter().map(|(w, _)| *w))
                .or_else(|| Some(text(format!("it is one of {all}"), format!("可取值：{all}")))),
        )
    }
    /// A text parsed further; `parse` says what is wrong in both languages.
    pub(crate) fn parsed<T>(&self, code: &'static str, parse: impl FnOnce(&str) -> Result<T, Text>) -> Option<T> {
        parse(self.text()?).map_or_else(|e| self.wrong(code, e, None), Some)
    }
    /// A duration that says its kind (S79): `bad-span`.
    pub(crate) fn span(&self) -> Option<crate::calendar::Span> {
        self.parsed("bad-span", |s| s.parse().map_err(|e: crate::calendar::BadSpan| e.text()))
    }
    /// A condition before it is checked; check it with [`Form::check`] at [`Item::inner_place`].
    pub(crate) fn form(&self) -> Option<Form> {
        super::form::read(self)
    }
}

/// `bad-name`, if a text cannot serve as a name.
pub(crate) fn bad_name(name: &str, place: Place) -> Option<Diagnostic> {
    let bad = name.is_empty() || name.len() > LONGEST_NAME || name.trim() != name || name.chars().any(char::is_control);
    bad.then(|| {
        let shown: String = name.chars().take(40).collect();
        Diagnostic::error("bad-name", text(format!("{shown:?} cannot be a name"), format!("{shown:?} 不能作为名称"))).at(place).help(text(
            format!("a name has 1 to {LONGEST_NAME} bytes, no spaces around it and no control characters"),
            format!("名称为 1 到 {LONGEST_NAME} 字节，首尾无空格，不含控制字符"),
        ))
    })
}

/// An unknown name with a suggestion: `code`, what kind of thing is named in both languages, the name, the known ones.
pub(crate) fn unknown<'n>(
    code: &'static str,
    what: (&str, &str),
    name: &str,
    known: impl Iterator<Item = &'n str>,
    place: Place,
) -> Diagnostic {
    Diagnostic::error(code, text(format!("no {} `{name}`", what.0), format!("没有{} `{name}`", what.1)))
        .at(place)
        .help(meant(what, name, known))
}

/// What was probably meant by an unknown name, else which there are.
pub(crate) fn meant<'n>(what: (&str, &str), name: &str, known: impl Iterator<Item = &'n str>) -> Text {
    let known: Vec<&str> = known.collect();
    let few = known.iter().take(12).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    let few = if known.len() > 12 { format!("{few}, …") } else { few };
    let list = if few.is_empty() {
        text(format!("there is no {} at all yet", what.0), format!("尚未定义任何{}", what.1))
    } else {
        text(format!("known here: {few}"), format!("已有：{few}"))
    };
    did_you_mean(name, known).unwrap_or(list)
}
