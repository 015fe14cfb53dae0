//! Values worked out from others: a look-up in a table, and whether a calendar is open. Conditions read them like fields.

use super::table::{Key, LookupTable};
use super::{Kind, Path, Seen, View};
use crate::calendar::Calendar;
use crate::id::UtcInstant;
use std::{borrow::Cow, cmp::Ordering, collections::BTreeSet, fmt, hash, sync::Arc};

/// A value worked out from others, as conditions read it. Two are the same if they are written the same: all of a playbook mean the same tables and calendars.
#[derive(Clone)]
pub struct Derived {
    text: Arc<str>,
    kind: Kind,
    what: What,
}

#[derive(Clone)]
enum What {
    Lookup { table: Arc<LookupTable>, column: usize, keys: Vec<Asked> },
    Calendar { calendar: Calendar, question: Question, at: Path },
}

/// A key of a look-up.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// The value at a path.
    Path(Path),
    /// A constant, in the form keys are compared in.
    Constant(Key<'static>),
}

/// What a calendar is asked about an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Whether it is open then.
    Open,
    /// Whether that date has open time.
    Workday,
    /// Whether that date is a holiday.
    Holiday,
}

impl Question {
    /// All of them with the functions that ask them.
    pub const ALL: [(&'static str, Self); 3] = [("is_open", Self::Open), ("is_workday", Self::Workday), ("is_holiday", Self::Holiday)];

    /// The answer.
    pub fn answer(self, calendar: &Calendar, at: UtcInstant) -> bool {
        match self {
            Self::Open => calendar.is_open(at),
            Self::Workday => calendar.is_workday_at(at),
            Self::Holiday => calendar.is_holiday_at(at),
        }
    }
}

impl Derived {
    /// The value of a column in the row of a table that answers for these keys. `text`: as written.
    pub(crate) fn lookup(text: String, table: Arc<LookupTable>, column: usize, keys: Vec<Asked>) -> Self {
        let kind = table.values().get(column).map_or(Kind::Name, |c| c.kind.clone());
        Self { text: text.into(), kind, what: What::Lookup { table, column, keys } }
    }
    /// What a calendar says of an instant. `text`: as written.
    pub(crate) fn calendar(text: String, calendar: Calendar, question: Question, at: Path) -> Self {
        Self { text: text.into(), kind: Kind::Boolean, what: What::Calendar { calendar, question, at } }
    }
    /// Whether it may be neither true nor false, where it is to be one of them.
    pub(crate) fn may_be_absent(&self) -> bool {
        match &self.what {
            What::Lookup { .. } => true,
            What::Calendar { at, .. } => !matches!(at, Path::Now | Path::CreatedAt | Path::StateSince),
        }
    }
    /// What kind of value it is.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }
    /// Adds what it is worked out from.
    pub(crate) fn reads(&self, out: &mut BTreeSet<Path>) {
        let mut add = |p: &Path| match p {
            Path::Derived(d) => d.reads(out),
            p => drop(out.insert(p.clone())),
        };
        match &self.what {
            What::Lookup { keys, .. } => keys.iter().for_each(|k| {
                if let Asked::Path(p) = k {
                    add(p);
                }
            }),
            What::Calendar { at, .. } => add(at),
        }
    }
    /// The value.
    pub(super) fn see<'a>(&self, view: &View<'a>) -> Seen<'a> {
        match &self.what {
            What::Lookup { table, column, keys } => {
                let asked: Vec<Option<Key<'_>>> = table
                    .keys()
                    .iter()
                    .zip(keys)
                    .map(|(c, k)| match k {
                        Asked::Path(p) => c.key(&view.get(p)),
                        Asked::Constant(k) => Some(k.clone()),
                    })
                    .collect();
                match table.value(table.row(&asked).0, *column) {
                    Seen::Absent | Seen::Names(_) => Seen::Absent,
                    Seen::Text(s) => Seen::Text(Cow::Owned(s.into_owned())),
                    Seen::Integer(n) => Seen::Integer(n),
                    Seen::Decimal(d) => Seen::Decimal(d),
                    Seen::Boolean(b) => Seen::Boolean(b),
                    Seen::Instant(t) => Seen::Instant(t),
                    Seen::Duration(d) => Seen::Duration(d),
                }
            }
            What::Calendar { calendar, question, at } => match view.get(at) {
                Seen::Instant(t) => Seen::Boolean(question.answer(calendar, t)),
                _ => Seen::Absent,
            },
        }
    }
}

impl fmt::Display for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
impl PartialEq for Derived {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
impl Eq for Derived {}
impl PartialOrd for Derived {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Derived {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}
impl hash::Hash for Derived {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}
