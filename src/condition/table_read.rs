//! Look-up tables from files: `tables/*.csv`, every problem with its place.
//!
//! The first row names the columns. A column called like a field of tickets (`category`, `impact`, `customer.tier`, a custom field) holds values of that field; any
//! other says after a colon what it holds: `region: text`, `tier2: group`, `hours: integer`. Columns that answer are marked `->`; if none is, the last one answers.
//!
//! ```csv
//! category,  region: text, -> group,      -> hours: integer
//! network,   east,         network-east,  4
//! network,   *,            network-tier2, 8
//! *,         *,            first-line,
//! ```

use super::reading::unknown;
use super::sheet::{CELLS, Cell, Record, Sheet};
use super::table::{Column, LookupTable, Row, Tables, Wanted};
use super::{Kind, Literal, Path, Root, fold};
use crate::calendar::Span;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Source, Text, did_you_mean, text};
use crate::id::{UtcInstant, at_door};
use crate::ticket::Schema;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most rows of a table.
const ROWS: usize = 10_000;
/// Most columns of a table.
const COLUMNS: usize = 16;
/// Most key columns of a table.
pub(crate) const KEYS: usize = 4;
/// Bytes of a cell.
const CELL: usize = 1_024;
/// Problems told of one table.
const TOLD: usize = 50;

const WORDS: [&str; 12] =
    ["text", "name", "integer", "decimal", "boolean", "instant", "duration", "skill", "template", "calendar", "role", "agent"];

impl Tables {
    /// The tables of a playbook: every `tables/*.csv`, all problems at once. A table with errors is left out.
    pub fn load(source: &Source, schema: &Schema) -> (Self, Diagnostics) {
        let (mut tables, mut problems) = (Self::default(), Diagnostics::new());
        for (file, content) in source.under("tables", ".csv") {
            tables.read(file, content, schema, &mut problems);
        }
        (tables, problems)
    }

    /// Adds the table of one file.
    fn read(&mut self, file: &Arc<str>, content: &str, schema: &Schema, problems: &mut Diagnostics) {
        let name = file.strip_prefix("tables/").unwrap_or(file);
        let name = name.strip_suffix(".csv").unwrap_or(name);
        let sheet = Sheet::read(file, content, ROWS.saturating_add(1));
        let mut reading = Reading { sheet: &sheet, schema, found: Diagnostics::new() };
        let table = reading.table(name);
        let found = reading.found;
        if let Some(table) = table.filter(|_| !found.has_errors()) {
            self.add(table);
        }
        let many = found.len() > TOLD;
        problems.extend(found.into_iter().take(TOLD));
        if many {
            let message = text(format!("more than {TOLD} problems in this table"), format!("该表的问题超过 {TOLD} 个"));
            problems.push(Diagnostic::warning("too-many", message).at(Place::file(file.clone())));
        }
    }
}

struct Reading<'r> {
    sheet: &'r Sheet<'r>,
    schema: &'r Schema,
    found: Diagnostics,
}

/// A column with whether it answers.
type Headed = (Column, bool);

impl Reading<'_> {
    fn wrong(&mut self, code: &'static str, place: Place, message: Text, help: Option<Text>) {
        // Counted beyond what is told, so that the caller knows there is more.
        if self.found.len() <= TOLD {
            self.found.push(Diagnostic::error(code, message).at(place).maybe_help(help));
        }
    }

    fn table(&mut self, name: &str) -> Option<LookupTable> {
        let records = &self.sheet.records;
        let here = records.first().map_or_else(|| self.sheet.row(&Record::default()), |r| self.sheet.row(r));
        if name.contains('.') {
            self.wrong(
                "bad-name",
                here.clone(),
                text(format!("a table cannot be called `{name}`"), format!("表不能命名为 `{name}`")),
                Some(text(
                    "what follows a dot names a column: leave dots out of the file's name",
                    "点号后面是列名；文件名中请不要使用点号",
                )),
            );
        }
        if let Some((cell, open)) = &self.sheet.bad_quote {
            let message = if *open {
                text("this quote is never closed", "引号没有结束")
            } else {
                text("a quote stands right behind the comma, without a blank", "引号必须紧跟在逗号之后，中间不能有空格")
            };
            self.wrong("bad-quote", self.sheet.place(cell), message, None);
            return None;
        }
        let Some((head, rows)) = records.split_first() else {
            let help = text("the first row names the columns: `category, -> group`", "第一行为列名：`category, -> group`");
            self.wrong("empty-table", here, text("the table is empty", "表为空"), Some(help));
            return None;
        };
        if rows.len() > ROWS {
            self.wrong(
                "too-many",
                here.clone(),
                text(format!("a table has at most {ROWS} rows"), format!("表最多 {ROWS} 行")),
                Some(text("split it, or ask the host for a function that looks it up", "请拆分，或由宿主提供查询函数")),
            );
            return None;
        }
        let columns = self.columns(head)?;
        let mut made: Vec<Row> = Vec::with_capacity(rows.len());
        let mut first: BTreeMap<Vec<Wanted>, Place> = BTreeMap::new();
        for record in rows {
            let Some(row) = self.row_of(record, &columns) else { continue };
            if let Some(other) = first.get(&row.keys) {
                let keys = row.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let d = Diagnostic::error("duplicate-row", text(format!("a second row for `{keys}`"), format!("`{keys}` 重复出现")))
                    .at(row.place.clone())
                    .also(other.clone(), text("the first one", "第一处"))
                    .help(text("remove one of the two", "请删除其中一行"));
                if self.found.len() <= TOLD {
                    self.found.push(d);
                }
                continue;
            }
            first.insert(row.keys.clone(), row.place.clone());
            made.push(row);
        }
        let (values, keys): (Vec<Headed>, Vec<Headed>) = columns.into_iter().partition(|(_, answers)| *answers);
        let only = |v: Vec<Headed>| v.into_iter().map(|(c, _)| c).collect::<Vec<_>>();
        let table = LookupTable::new(name.into(), only(keys), only(values), made);
        if !self.found.has_errors() {
            let mut warnings = Diagnostics::new();
            super::table_check::gaps(&table, &here, &mut warnings);
            super::table_check::overlaps(&table, &mut warnings);
            self.found.extend(warnings);
        }
        Some(table)
    }

    fn columns(&mut self, head: &Record) -> Option<Vec<Headed>> {
        let before = self.found.len();
        if let [only] = head.cells.as_slice()
            && let Some(c) = only.text.chars().find(|c| matches!(c, ';' | '\t' | '，' | '；'))
        {
            let message = text(format!("cells are separated by commas, not by {c:?}"), format!("单元格以英文逗号分隔，而不是 {c:?}"));
            self.wrong("not-commas", self.sheet.place(only), message, None);
            return None;
        }
        if head.cells.len() > COLUMNS {
            let message = text(format!("a table has at most {COLUMNS} columns"), format!("表最多 {COLUMNS} 列"));
            self.wrong("too-many", self.sheet.row(head), message, None);
            return None;
        }
        let mut columns: Vec<Headed> = Vec::with_capacity(head.cells.len());
        for cell in &head.cells {
            let Some((column, answers)) = self.column(cell) else { continue };
            if columns.iter().any(|(c, _)| c.name == column.name) {
                let message = text(format!("two columns are called `{}`", column.name), format!("有两列都叫 `{}`", column.name));
                let help = text("give one a name of its own: `other: group`", "请为其中一列另取名称：`other: group`");
                self.wrong("duplicate-column", self.sheet.place(cell), message, Some(help));
                continue;
            }
            columns.push((column, answers));
        }
        if self.found.len() > before {
            return None;
        }
        if !columns.iter().any(|(_, answers)| *answers)
            && let Some(last) = columns.last_mut()
        {
            last.1 = true;
        }
        let keys = columns.iter().filter(|(_, answers)| !answers).count();
        if keys == 0 || keys > KEYS {
            let message = if keys == 0 {
                text("no column is asked by", "没有用于查询的列")
            } else {
                text(format!("{keys} columns are asked by, at most {KEYS} can be"), format!("用于查询的列有 {keys} 个，最多 {KEYS} 个"))
            };
            let help = text(
                "mark the columns that answer: `category, region: text, -> group`",
                "用 `->` 标出结果列：`category, region: text, -> group`",
            );
            self.wrong("bad-columns", self.sheet.row(head), message, Some(help));
            return None;
        }
        for ((column, answers), cell) in columns.iter().zip(&head.cells) {
            let fits = match &column.kind {
                Kind::Names(_) => false,
                Kind::Decimal | Kind::Instant | Kind::Duration => *answers,
                _ => true,
            };
            if !fits {
                let (name, kind) = (&column.name, column.kind.word());
                let message = text(
                    format!("`{name}` is of kind {kind}, which {}", if *answers { "no cell holds" } else { "no row can be asked by" }),
                    format!("`{name}` 的类型是 {kind}，不能作为{}", if *answers { "结果" } else { "查询条件" }),
                );
                self.wrong("bad-columns", self.sheet.place(cell), message, None);
            }
        }
        (self.found.len() == before).then_some(columns)
    }

    fn column(&mut self, cell: &Cell) -> Option<Headed> {
        let said = cell.text.as_str();
        let marked = ["->", "→", "=>"].iter().find_map(|m| said.strip_prefix(m));
        let (answers, rest) = (marked.is_some(), marked.unwrap_or(said).trim());
        let (name, word) = match rest.split_once([':', '：']) {
            Some((name, word)) => (name.trim(), Some(word.trim())),
            None => (rest, None),
        };
        if let Some(d) = super::reading::bad_name(name, self.sheet.place(cell)) {
            self.found.push(d);
            return None;
        }
        let Some(kind) = self.kind(word.unwrap_or(name)) else {
            let known: Vec<String> = WORDS.iter().map(|w| (*w).to_string()).chain(fields(self.schema)).collect();
            let (message, help) = match word {
                Some(word) => (
                    text(format!("no kind of value is called `{word}`"), format!("没有名为 `{word}` 的类型")),
                    did_you_mean(word, &known).unwrap_or_else(|| {
                        let all = WORDS.join(", ");
                        text(format!("it is one of {all}, or a field of tickets"), format!("可用：{all}，或工单字段"))
                    }),
                ),
                None => (
                    text(
                        format!("the column `{name}` is no field of tickets and does not say what it holds"),
                        format!("列 `{name}` 不是工单字段，也没有说明类型"),
                    ),
                    did_you_mean(name, fields(self.schema))
                        .unwrap_or_else(|| text(format!("write `{name}: text`"), format!("请写 `{name}: text`"))),
                ),
            };
            self.wrong("unknown-column", self.sheet.place(cell), message, Some(help));
            return None;
        };
        Some((Column { name: name.to_string(), kind }, answers))
    }

    fn kind(&self, word: &str) -> Option<Kind> {
        fn listed<'a>(names: impl Iterator<Item = &'a str>) -> Kind {
            Kind::OneOf { names: names.map(str::to_string).collect(), ordered: false }
        }
        let schema = self.schema;
        let field = || {
            let word = word.strip_prefix("t.").unwrap_or(word);
            let segments: Vec<&str> = word.split('.').collect();
            Path::resolve(Root::Ticket, &segments, schema, &Place::file("")).ok().map(|p| p.kind(schema))
        };
        Some(match word {
            "text" => Kind::Text,
            "name" | "agent" => Kind::Name,
            "integer" => Kind::Integer,
            "decimal" => Kind::Decimal,
            "boolean" => Kind::Boolean,
            "instant" => Kind::Instant,
            "duration" => Kind::Duration,
            _ => {
                return field().or_else(|| match word {
                    "skill" => Some(listed(schema.skills.keys().map(|n| n.as_str()))),
                    "template" => Some(listed(schema.templates.keys().map(|n| n.as_str()))),
                    "calendar" => Some(listed(schema.calendars.iter().map(|n| n.as_str()))),
                    "role" => Some(listed(schema.roles.keys().map(|n| n.as_str()))),
                    _ => None,
                });
            }
        })
    }

    fn row_of(&mut self, record: &Record, columns: &[Headed]) -> Option<Row> {
        let place = self.sheet.row(record);
        if record.cells.len() != columns.len() {
            let (have, want) = (record.cells.len(), columns.len());
            let have = if have < CELLS { have.to_string() } else { format!("{CELLS} or more") };
            let message =
                text(format!("this row has {have} cells, the table has {want} columns"), format!("该行有 {have} 个单元格，表有 {want} 列"));
            let help = text(
                "an empty cell needs its comma too; a comma inside a cell needs quotes",
                "空单元格也要有逗号；单元格内的逗号需用引号括起",
            );
            self.wrong("ragged-row", place, message, Some(help));
            return None;
        }
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        let mut sound = true;
        for (cell, (column, answers)) in record.cells.iter().zip(columns) {
            let read = if !*answers && cell.text == "*" { Ok(None) } else { self.cell(cell, column).map(Some).ok_or(()) };
            match (read, answers) {
                (Err(()), _) => sound = false,
                (Ok(None), _) => keys.push(Wanted::Any),
                (Ok(Some(value)), true) => values.push(value),
                (Ok(Some(Literal::Absent)), false) => keys.push(Wanted::Absent),
                (Ok(Some(value)), false) => keys.push(Wanted::Is(match value {
                    Literal::Text(s) if column.kind == Kind::Text => fold(&s).into(),
                    Literal::Text(s) => s.into(),
                    Literal::Boolean(b) => b.to_string().into(),
                    other => other.to_string().into(),
                })),
            }
        }
        sound.then_some(Row { keys, values, place })
    }

    fn cell(&mut self, cell: &Cell, column: &Column) -> Option<Literal> {
        let said = cell.text.as_str();
        if said.is_empty() {
            return Some(Literal::Absent);
        }
        if said.len() > CELL {
            let message = text(format!("a cell has at most {CELL} bytes"), format!("单元格最多 {CELL} 字节"));
            self.wrong("too-long", self.sheet.place(cell), message, None);
            return None;
        }
        let parsed = match &column.kind {
            Kind::Text | Kind::Name => Some(Literal::Text(said.to_string())),
            Kind::OneOf { names, .. } | Kind::Category(names) => {
                if names.iter().any(|n| n == said) {
                    return Some(Literal::Text(said.to_string()));
                }
                let d =
                    unknown("not-in-list", (&column.name, &column.name), said, names.iter().map(String::as_str), self.sheet.place(cell));
                if self.found.len() <= TOLD {
                    self.found.push(d);
                }
                return None;
            }
            Kind::Integer => said.parse().ok().map(Literal::Integer),
            Kind::Decimal => said.parse().ok().map(Literal::Decimal),
            // As spreadsheets write it.
            Kind::Boolean if said.eq_ignore_ascii_case("true") => Some(Literal::Boolean(true)),
            Kind::Boolean if said.eq_ignore_ascii_case("false") => Some(Literal::Boolean(false)),
            Kind::Instant => said.parse::<UtcInstant>().ok().map(|t| Literal::Instant(at_door(t))),
            Kind::Duration => match said.parse() {
                Ok(Span::Wall(d)) => d.num_microseconds().map(Literal::Duration),
                _ => None,
            },
            Kind::Boolean | Kind::Names(_) => None,
        };
        if parsed.is_none() {
            let (name, kind) = (&column.name, column.kind.word());
            let message = text(format!("`{said}` is no value of kind {kind} for `{name}`"), format!("`{said}` 不是 `{name}` 的 {kind} 值"));
            let help = match column.kind {
                Kind::Boolean => Some(text("write true or false", "请写 true 或 false")),
                Kind::Instant => Some(text("write it like 2025-10-09T20:00:00+08:00", "请写成 2025-10-09T20:00:00+08:00")),
                Kind::Duration => Some(text("write it like 90m or 4h", "请写成 90m 或 4h")),
                _ => None,
            };
            self.wrong("bad-value", self.sheet.place(cell), message, help);
        }
        parsed
    }
}

/// Names of fields that a column may be called after.
fn fields(schema: &Schema) -> Vec<String> {
    Path::reference(schema).into_iter().filter_map(|(n, _)| n.strip_prefix("t.").map(str::to_string)).collect()
}
