//! Look-up tables (S88): from the values of some key columns to those of others, worked out once, asked often.
//!
//! A row answers for the keys it names. A key cell is a value, `*` for any value and none, or empty for "absent"; in a category column a node stands for its subtree
//! (S66). Where several rows fit, the most specific one answers: columns are compared from left to right, and in each an exact value comes before a nearer node above
//! it, and that before `*`. So the order of rows means nothing, and two rows that could both answer with equal right are found at load.

use super::{Kind, Literal, Seen, fold};
use crate::diagnostic::{Place, Text, did_you_mean, text};
use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What kind of value stands in it.
    pub kind: Kind,
}

/// What a key cell asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wanted {
    /// Any value, and none.
    Any,
    /// No value.
    Absent,
    /// This value, in the form keys are compared in.
    Is(Box<str>),
}

/// A row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) keys: Vec<Wanted>,
    pub(super) values: Vec<Literal>,
    pub(super) place: Place,
}

#[derive(Debug)]
enum Node {
    Row(usize),
    Step(Box<Step>),
}

#[derive(Debug, Default)]
struct Step {
    exact: BTreeMap<Box<str>, Node>,
    absent: Option<Node>,
    any: Option<Node>,
}

/// A checked look-up table.
#[derive(Debug)]
pub struct LookupTable {
    name: Arc<str>,
    keys: Vec<Column>,
    values: Vec<Column>,
    rows: Vec<Row>,
    root: Node,
}

/// A key as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key<'a> {
    /// No value.
    Absent,
    /// This value, in the form keys are compared in.
    Is(Cow<'a, str>),
}

impl Column {
    /// A value as keys of this column are compared; none if no row of it can name such a value.
    pub(crate) fn key<'a>(&self, seen: &Seen<'a>) -> Option<Key<'a>> {
        Some(match (&self.kind, seen) {
            (_, Seen::Absent) => Key::Absent,
            (Kind::Text, Seen::Text(s)) => Key::Is(match s {
                Cow::Borrowed(s) => fold(s),
                Cow::Owned(s) => Cow::Owned(fold(s).into_owned()),
            }),
            (Kind::Name | Kind::OneOf { .. } | Kind::Category(_), Seen::Text(s)) => Key::Is(s.clone()),
            (Kind::Integer, Seen::Integer(n)) => Key::Is(Cow::Owned(n.to_string())),
            (Kind::Integer, Seen::Decimal(d)) => {
                let whole = d.rescaled(0).filter(|n| n == d)?;
                Key::Is(Cow::Owned(whole.units().to_string()))
            }
            (Kind::Boolean, Seen::Boolean(b)) => Key::Is(Cow::Borrowed(if *b { "true" } else { "false" })),
            _ => return None,
        })
    }
}

impl LookupTable {
    /// The table of these rows; of rows with equal keys the first stays.
    pub(super) fn new(name: Arc<str>, keys: Vec<Column>, values: Vec<Column>, rows: Vec<Row>) -> Self {
        let mut root = Node::Step(Box::default());
        for (i, row) in rows.iter().enumerate() {
            let mut node = &mut root;
            for (n, wanted) in row.keys.iter().enumerate() {
                let last = n.saturating_add(1) == row.keys.len();
                let Node::Step(step) = node else { break };
                let fresh = || if last { Node::Row(i) } else { Node::Step(Box::default()) };
                node = match wanted {
                    Wanted::Any => step.any.get_or_insert_with(fresh),
                    Wanted::Absent => step.absent.get_or_insert_with(fresh),
                    Wanted::Is(s) => step.exact.entry(s.clone()).or_insert_with(fresh),
                };
            }
        }
        Self { name, keys, values, rows, root }
    }

    /// Its name: that of its file under `tables/`.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// The columns asked by, in order.
    pub fn keys(&self) -> &[Column] {
        &self.keys
    }
    /// The columns that answer.
    pub fn values(&self) -> &[Column] {
        &self.values
    }
    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }
    /// Whether it has no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The value of a column in the row that answers for these keys, as a condition sees it; absent where no row does. `keys` are as many as the table has; one that
    /// no row can name finds only `*`.
    ///
    /// ```
    /// use ticketry::condition::{Seen, Tables};
    /// use ticketry::{diagnostic::Source, ticket::{Scale, Schema}};
    /// let schema = Schema { impact: Scale::of(&["low", "high"]), ..Schema::default() };
    /// let source = Source::new().with("tables/hours.csv", "impact, region: text, -> hours: integer\nhigh, *, 2\nhigh, North, 1\nlow, *, 8\n");
    /// let (tables, problems) = Tables::load(&source, &schema);
    /// assert!(problems.is_empty(), "{problems}");
    /// let hours = tables.get("hours").unwrap();
    /// let ask = |impact: &'static str, region: &'static str| hours.find(0, &[Seen::Text(impact.into()), Seen::Text(region.into())]);
    /// assert_eq!(ask("high", "north"), Seen::Integer(1));
    /// assert_eq!(ask("high", "south"), Seen::Integer(2));
    /// assert_eq!(ask("low", "north"), Seen::Integer(8));
    /// ```
    pub fn find(&self, column: usize, keys: &[Seen<'_>]) -> Seen<'_> {
        let keys: Vec<Option<Key<'_>>> = self.keys.iter().zip(keys).map(|(c, k)| c.key(k)).collect();
        self.value(self.row(&keys).0, column)
    }

    /// The row that answers for these keys, and how many places were looked at. `None` among the keys finds only `*`.
    pub(crate) fn row(&self, keys: &[Option<Key<'_>>]) -> (Option<usize>, usize) {
        let mut looked = 0;
        let row = seek(&self.root, &self.keys, keys, &mut looked);
        (row, looked)
    }

    /// What stands in a column of a row.
    pub(crate) fn value(&self, row: Option<usize>, column: usize) -> Seen<'_> {
        let cell = row.and_then(|r| self.rows.get(r)).and_then(|r| r.values.get(column));
        match cell {
            None | Some(Literal::Absent) => Seen::Absent,
            Some(Literal::Text(s)) => Seen::Text(Cow::Borrowed(s)),
            Some(Literal::Integer(n)) => Seen::Integer(*n),
            Some(Literal::Decimal(d)) => Seen::Decimal(*d),
            Some(Literal::Boolean(b)) => Seen::Boolean(*b),
            Some(Literal::Instant(t)) => Seen::Instant(*t),
            Some(Literal::Duration(d)) => Seen::Duration(*d),
        }
    }
}

/// Goes down the tree of keys, most specific first, and comes back where a way leads to no row. As deep as the table has key columns.
fn seek(node: &Node, columns: &[Column], keys: &[Option<Key<'_>>], looked: &mut usize) -> Option<usize> {
    *looked = looked.saturating_add(1);
    let step = match node {
        Node::Row(i) => return Some(*i),
        Node::Step(step) => step,
    };
    let ((column, columns), (key, keys)) = (columns.split_first()?, keys.split_first()?);
    let mut down = |node: Option<&Node>| node.and_then(|n| seek(n, columns, keys, looked));
    match key {
        Some(Key::Absent) => {
            if let Some(row) = down(step.absent.as_ref()) {
                return Some(row);
            }
        }
        Some(Key::Is(s)) => {
            if let Some(row) = down(step.exact.get(&**s)) {
                return Some(row);
            }
            if matches!(column.kind, Kind::Category(_)) {
                for (i, _) in s.rmatch_indices('/') {
                    if let Some(row) = down(s.get(..i).and_then(|above| step.exact.get(above))) {
                        return Some(row);
                    }
                }
            }
        }
        None => {}
    }
    down(step.any.as_ref())
}

/// The tables of a playbook, by name.
#[derive(Clone, Debug, Default)]
pub struct Tables(BTreeMap<Arc<str>, Arc<LookupTable>>);

impl Tables {
    /// The table of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<LookupTable>> {
        self.0.get(name)
    }
    /// All tables in order of name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<LookupTable>> {
        self.0.values()
    }
    /// All names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|n| &**n)
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    pub(super) fn add(&mut self, table: LookupTable) {
        self.0.insert(table.name.clone(), Arc::new(table));
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Absent => f.write_str("()"),
            Self::Is(s) => f.write_str(s),
        }
    }
}

/// Why a name of a look-up means nothing.
pub(crate) struct Unanswered {
    /// `unknown-table`, `unknown-column`, `column-needed`.
    pub(crate) code: &'static str,
    pub(crate) message: Text,
    pub(crate) help: Option<Text>,
}

impl Tables {
    /// The table and the answering column that `table` or `table.column` names.
    pub(crate) fn answering(&self, said: &str) -> Result<(&Arc<LookupTable>, usize), Unanswered> {
        let (name, column) = said.split_once('.').map_or((said, None), |(t, c)| (t, Some(c)));
        let Some(table) = self.get(name) else {
            return Err(Unanswered {
                code: "unknown-table",
                message: text(format!("there is no table `{name}`"), format!("没有表 `{name}`")),
                help: did_you_mean(name, self.names())
                    .or_else(|| Some(text(format!("tables are files: `tables/{name}.csv`"), format!("表是文件：`tables/{name}.csv`")))),
            });
        };
        let all = || table.values.iter().map(|c| format!("`{name}.{}`", c.name)).collect::<Vec<_>>().join(", ");
        match column {
            Some(column) => table.values.iter().position(|c| c.name == column).map(|at| (table, at)).ok_or_else(|| Unanswered {
                code: "unknown-column",
                message: text(
                    format!("the table `{name}` has no column `{column}` that answers"),
                    format!("表 `{name}` 没有结果列 `{column}`"),
                ),
                help: did_you_mean(column, table.values.iter().map(|c| &c.name))
                    .or_else(|| Some(text(format!("it is one of {}", all()), format!("可用：{}", all())))),
            }),
            None if table.values.len() == 1 => Ok((table, 0)),
            None => Err(Unanswered {
                code: "column-needed",
                message: text(format!("the table `{name}` has several columns that answer"), format!("表 `{name}` 有多个结果列")),
                help: Some(text(format!("name one of them: {}", all()), format!("请指定其中之一：{}", all()))),
            }),
        }
    }
}
