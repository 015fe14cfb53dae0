//! Whether expressions can hold together: what says of a condition that it is always or never true, and of two that one covers the other.
//!
//! The answer "no" is proved: every value that could make a difference was tried, path by path. "Yes" only means that no proof was found:
//! scripts and calculations count as free, and the search ends after a bounded number of steps.

use super::{Comparison, Expr, Kind, Literal, Path, Seen, TextTest};
use crate::ticket::{Decimal, FieldKind, Schema};
use std::borrow::Cow;
use std::cell::Cell;

/// Steps of one search.
const STEPS: u32 = 2_000;
/// The most values of one path that are tried.
const VALUES: usize = 4_096;

/// What is known of the values beforehand.
#[derive(Clone, Debug)]
pub(crate) struct Known<'s> {
    schema: &'s Schema,
    only: Vec<(Path, Vec<String>)>,
}

impl<'s> Known<'s> {
    /// What the schema says.
    pub(crate) fn of(schema: &'s Schema) -> Self {
        Self { schema, only: Vec::new() }
    }
    /// And a path has one of these values.
    #[must_use]
    pub(crate) fn only(mut self, path: Path, values: Vec<String>) -> Self {
        self.only.push((path, values));
        self
    }

    /// Whether these can hold together, each with what it is to be.
    pub(crate) fn possible(&self, all: &[(&Expr, bool)]) -> bool {
        let mut search = Search { known: self, facts: Vec::new(), steps: Cell::new(0) };
        let mut open: Vec<(&Expr, bool)> = all.iter().rev().copied().collect();
        search.run(&mut open, Vec::new())
    }
    /// Whether it can never hold.
    pub(crate) fn never(&self, e: &Expr) -> bool {
        !self.possible(&[(e, true)])
    }
    /// Whether it always holds.
    pub(crate) fn always(&self, e: &Expr) -> bool {
        !self.possible(&[(e, false)])
    }
    /// Whether the second holds wherever the first does; none holds everywhere.
    pub(crate) fn implies(&self, a: Option<&Expr>, b: Option<&Expr>) -> bool {
        match (a, b) {
            (_, None) => true,
            (None, Some(b)) => self.always(b),
            (Some(a), Some(b)) => !self.possible(&[(a, true), (b, false)]),
        }
    }
}

/// A search for values; facts are the tests taken to hold or not to hold so far.
struct Search<'e, 's> {
    known: &'e Known<'s>,
    facts: Vec<(&'e Expr, bool)>,
    steps: Cell<u32>,
}

type Choice<'e> = (&'e [Expr], bool);

impl<'e> Search<'e, '_> {
    fn run(&mut self, open: &mut Vec<(&'e Expr, bool)>, mut choices: Vec<Choice<'e>>) -> bool {
        while let Some((e, holds)) = open.pop() {
            self.steps.set(self.steps.get().saturating_add(1));
            if self.steps.get() > STEPS {
                return true;
            }
            match (e, holds) {
                (Expr::Always(b), _) => {
                    if *b != holds {
                        return false;
                    }
                }
                (Expr::Not(inner), _) => open.push((inner, !holds)),
                (Expr::All(v), true) | (Expr::Any(v), false) => open.extend(v.iter().rev().map(|e| (e, holds))),
                (Expr::All(v), false) | (Expr::Any(v), true) => choices.push((v, holds)),
                // A calculation or a script may come to anything.
                (Expr::Reckoned(_) | Expr::Script(_), _) => {}
                _ => {
                    self.facts.push((e, holds));
                    if !self.consistent(e) {
                        return false;
                    }
                }
            }
        }
        let Some((parts, holds)) = choices.pop() else { return true };
        for part in parts {
            let floor = self.facts.len();
            if self.run(&mut vec![(part, holds)], choices.clone()) {
                return true;
            }
            self.facts.truncate(floor);
        }
        false
    }

    /// Whether all facts about what the last one is about can be true at once.
    fn consistent(&self, last: &'e Expr) -> bool {
        match last {
            Expr::Has(path, _) | Expr::Empty(path) => self.sets(path),
            Expr::CompareTwo(a, _, b) => self.pairs(a, b),
            e => match e.subject() {
                Some(path) if matches!(path.bare_kind(self.known.schema), Kind::Names(_)) => self.sets(path),
                Some(path) => {
                    let facts: Vec<(&Expr, bool)> = self.facts.iter().filter(|(f, _)| f.subject() == Some(path)).copied().collect();
                    values(path, &facts, self.known)
                }
                None => true,
            },
        }
    }

    /// A set that holds a name holds it, and is not empty.
    fn sets(&self, path: &Path) -> bool {
        let facts = self.facts.iter().filter_map(|(f, holds)| match f {
            Expr::Has(p, name) if p == path => Some((Some(name.as_str()), *holds)),
            Expr::Empty(p) if p == path => Some((None, *holds)),
            Expr::Compare(p, Comparison::Is, Literal::Absent) if p == path => Some((None, *holds)),
            Expr::Compare(p, Comparison::IsNot, Literal::Absent) if p == path => Some((None, !*holds)),
            _ => None,
        });
        let facts: Vec<_> = facts.collect();
        let clash = |(a, x): &(Option<&str>, bool), (b, y): &(Option<&str>, bool)| match (a, b) {
            (Some(_), None) => *x && *y,
            (None, Some(_)) => *x && *y,
            (a, b) => a == b && x != y,
        };
        let pair = facts.iter().enumerate().any(|(i, a)| facts.iter().skip(i.saturating_add(1)).any(|b| clash(a, b)));
        if pair {
            return false;
        }
        // Not empty, and none of all it could hold.
        let filled = facts.iter().any(|(n, holds)| n.is_none() && !holds);
        if !filled {
            return true;
        }
        match path.kind(self.known.schema) {
            Kind::Names(Some(all)) => all.iter().any(|n| !facts.iter().any(|(f, holds)| *f == Some(n.as_str()) && !holds)),
            _ => true,
        }
    }

    /// Two values are in one of five relations.
    fn pairs(&self, a: &Path, b: &Path) -> bool {
        use Comparison::{Above, AtLeast, AtMost, Below, Is, IsNot};
        #[derive(Clone, Copy, PartialEq)]
        enum Relation {
            Less,
            Equal,
            Greater,
            OneAbsent,
            BothAbsent,
        }
        let holds = |c: Comparison, r: Relation| match (c, r) {
            (Is, r) => matches!(r, Relation::Equal | Relation::BothAbsent),
            (IsNot, r) => !matches!(r, Relation::Equal | Relation::BothAbsent),
            (Below, r) => r == Relation::Less,
            (AtMost, r) => matches!(r, Relation::Less | Relation::Equal),
            (Above, r) => r == Relation::Greater,
            (AtLeast, r) => matches!(r, Relation::Greater | Relation::Equal),
        };
        let turned = |c: Comparison| match c {
            Below => Above,
            AtMost => AtLeast,
            Above => Below,
            AtLeast => AtMost,
            c => c,
        };
        let relations: &[Relation] = if a == b {
            &[Relation::Equal, Relation::BothAbsent]
        } else {
            &[Relation::Less, Relation::Equal, Relation::Greater, Relation::OneAbsent, Relation::BothAbsent]
        };
        relations.iter().any(|r| {
            self.facts.iter().all(|(f, wanted)| match f {
                Expr::CompareTwo(x, c, y) if x == a && y == b => holds(*c, *r) == *wanted,
                Expr::CompareTwo(x, c, y) if x == b && y == a => holds(turned(*c), *r) == *wanted,
                _ => true,
            })
        })
    }
}

/// Whether some value of the path passes these tests.
fn values(path: &Path, facts: &[(&Expr, bool)], known: &Known<'_>) -> bool {
    let fits = |seen: &Seen<'_>| facts.iter().all(|(f, holds)| f.of_value(seen).is_none_or(|b| b == *holds));
    let name = |s: &str| fits(&Seen::Text(Cow::Borrowed(s)));
    if let Some((_, values)) = known.only.iter().find(|(p, _)| p == path) {
        return values.iter().any(|v| name(v));
    }
    if let [(one, holds)] = facts
        && let Some(answer) = alone(path, one, *holds)
    {
        return answer;
    }
    if optional(path) && fits(&Seen::Absent) {
        return true;
    }
    match path.bare_kind(known.schema) {
        Kind::Category(_) if !known.schema.categories.is_empty() => {
            let nodes = &known.schema.categories;
            nodes.len() > VALUES || nodes.keys().any(|n| name(n.as_str()))
        }
        Kind::OneOf { .. } => match path.kind(known.schema) {
            // A list of one, the only channel of a desk, is one that will grow.
            Kind::OneOf { names, .. } if names.len() == 1 && name("\u{f0000}") => true,
            Kind::OneOf { names, .. } if !names.is_empty() => names.len() > VALUES || names.iter().any(|n| name(n)),
            _ => texts(facts, &fits),
        },
        Kind::Boolean => [true, false].into_iter().any(|b| fits(&Seen::Boolean(b))),
        Kind::Integer => numbers(path, facts, &fits),
        Kind::Decimal => decimals(path, facts, known.schema, &fits),
        Kind::Instant => {
            let mut tried = vec![chrono::DateTime::UNIX_EPOCH];
            for l in constants(facts) {
                if let Literal::Instant(t) = l {
                    tried.extend([-1i64, 0, 1].into_iter().filter_map(|d| t.checked_add_signed(chrono::TimeDelta::microseconds(d))));
                }
            }
            tried.into_iter().any(|t| fits(&Seen::Instant(t)))
        }
        Kind::Duration => {
            let mut tried = vec![0];
            for l in constants(facts) {
                if let Literal::Duration(d) = l {
                    tried.extend([d.saturating_sub(1), *d, d.saturating_add(1)]);
                }
            }
            tried.into_iter().any(|d| fits(&Seen::Duration(d)))
        }
        Kind::Text | Kind::Name | Kind::Category(_) => texts(facts, &fits),
        Kind::Names(_) => true,
    }
}

/// The answer for a single test, where it needs no search: nearly all of them.
fn alone(path: &Path, e: &Expr, holds: bool) -> Option<bool> {
    match e {
        Expr::OneOf { names, not, .. } if names.is_empty() => Some(holds == *not),
        // What a test names, the schema knows.
        Expr::OneOf { not, .. } if holds != *not || optional(path) => Some(true),
        Expr::OneText(_, texts) => Some(!texts.is_empty() || !holds),
        Expr::OneNumber(_, numbers) if numbers.is_empty() => Some(!holds),
        Expr::Text(_, TextTest::Is | TextTest::IsNot, _) | Expr::Compare(_, _, Literal::Text(_) | Literal::Boolean(_)) | Expr::Flag(_) => {
            Some(true)
        }
        Expr::Text(_, _, needle) if !needle.is_empty() => Some(true),
        Expr::Within(..) if holds || optional(path) => Some(true),
        Expr::Compare(_, _, Literal::Absent) if optional(path) => Some(true),
        _ => None,
    }
}

fn constants<'e>(facts: &[(&'e Expr, bool)]) -> impl Iterator<Item = &'e Literal> {
    facts.iter().filter_map(|(f, _)| if let Expr::Compare(_, _, l) = f { Some(l) } else { None })
}

/// Each constant with its neighbours, within what the path can be.
fn numbers(path: &Path, facts: &[(&Expr, bool)], fits: &dyn Fn(&Seen<'_>) -> bool) -> bool {
    let (least, most) = bounds(path);
    let mut tried: Vec<i64> = vec![0, least, most];
    for (f, _) in facts {
        match f {
            Expr::Compare(_, _, Literal::Integer(n)) => tried.extend([n.saturating_sub(1), *n, n.saturating_add(1)]),
            Expr::Compare(_, _, Literal::Decimal(d)) => {
                let by = 10i64.saturating_pow(u32::from(d.scale()));
                let whole = d.units().checked_div_euclid(by).unwrap_or(0);
                tried.extend([whole.saturating_sub(1), whole, whole.saturating_add(1)]);
            }
            Expr::OneNumber(_, all) => {
                tried.extend(all.iter().flat_map(|n| [n.saturating_sub(1), *n, n.saturating_add(1)]).take(VALUES));
                if all.len() > VALUES {
                    return true;
                }
            }
            _ => {}
        }
    }
    tried.into_iter().filter(|n| (least..=most).contains(n)).any(|n| fits(&Seen::Integer(n)))
}

fn decimals(path: &Path, facts: &[(&Expr, bool)], schema: &Schema, fits: &dyn Fn(&Seen<'_>) -> bool) -> bool {
    let own = match path {
        Path::Field(f) => schema.fields.get(f).map(|d| &d.kind),
        Path::Customer(f) => schema.customer.get(f).map(|d| &d.kind),
        _ => None,
    };
    let mut scale = if let Some(FieldKind::Decimal { scale }) = own { *scale } else { 0 };
    let mut all: Vec<Decimal> = vec![Decimal::from(0)];
    for (f, _) in facts {
        match f {
            Expr::Compare(_, _, Literal::Integer(n)) => all.push(Decimal::from(*n)),
            Expr::Compare(_, _, Literal::Decimal(d)) => all.push(*d),
            Expr::OneNumber(_, numbers) if numbers.len() > VALUES => return true,
            Expr::OneNumber(_, numbers) => all.extend(numbers.iter().map(|n| Decimal::from(*n))),
            _ => {}
        }
    }
    for d in &all {
        scale = scale.max(d.scale());
    }
    // What a ticket's own field holds has its scale; what comes from elsewhere may lie between any two constants.
    if !matches!(path, Path::Field(_)) {
        scale = scale.saturating_add(1);
    }
    all.into_iter().any(|d| {
        // A constant too large for the finest scale is left open.
        let Some(fine) = d.rescaled(scale) else { return true };
        [-1i64, 0, 1].into_iter().any(|n| fits(&Seen::Decimal(Decimal::new(fine.units().saturating_add(n), scale))))
    })
}

/// What a text or a name may be: what a test asks it to be, or something made to pass the positive tests.
fn texts(facts: &[(&Expr, bool)], fits: &dyn Fn(&Seen<'_>) -> bool) -> bool {
    let as_text = |s: &str| fits(&Seen::Text(Cow::Owned(s.to_string())));
    // One of a few values it must be.
    for (f, holds) in facts {
        let must: Option<Vec<&str>> = match f {
            Expr::Compare(_, Comparison::Is, Literal::Text(s)) if *holds => Some(vec![s]),
            Expr::Compare(_, Comparison::IsNot, Literal::Text(s)) if !holds => Some(vec![s]),
            Expr::OneOf { names, not, .. } if *holds != *not => Some(names.iter().map(String::as_str).collect()),
            Expr::Compare(_, Comparison::Is, Literal::Absent) if *holds => Some(Vec::new()),
            Expr::Compare(_, Comparison::IsNot, Literal::Absent) if !holds => Some(Vec::new()),
            // What is equal folded may be written in many ways: exact tests beside it are left open.
            Expr::Text(_, TextTest::Is, s) if *holds => Some(vec![s]),
            Expr::Text(_, TextTest::IsNot, s) if !holds => Some(vec![s]),
            Expr::OneText(_, all) if *holds => Some(all.iter().map(String::as_str).collect()),
            _ => None,
        };
        if let Some(must) = must {
            let folded = matches!(f, Expr::Text(..) | Expr::OneText(..));
            let exact = |(f, _): &(&Expr, bool)| matches!(f, Expr::Compare(_, _, Literal::Text(_)) | Expr::OneOf { .. });
            return must.len() > VALUES || must.iter().any(|s| as_text(s)) || (folded && facts.iter().any(exact));
        }
    }
    let needles = |wanted: TextTest| {
        facts.iter().filter_map(move |(f, holds)| match f {
            Expr::Text(_, test, needle) if *holds && *test == wanted => Some(needle.as_str()),
            _ => None,
        })
    };
    let longest = |wanted: TextTest| needles(wanted).max_by_key(|s| s.len()).unwrap_or("");
    // What stands between the parts is in no needle.
    let mut witness = String::from(longest(TextTest::StartsWith));
    for part in needles(TextTest::Contains) {
        witness.push('\u{f0000}');
        witness.push_str(part);
    }
    witness.push('\u{f0000}');
    witness.push_str(longest(TextTest::EndsWith));
    if as_text(&witness) || as_text("") {
        return true;
    }
    // No witness is no proof; two tests that exclude one another are.
    let clash = |a: &(&Expr, bool), b: &(&Expr, bool)| match (a.0, b.0) {
        (Expr::Text(_, x, m), Expr::Text(_, y, n)) => match (a.1, b.1) {
            (true, true) => match (x, y) {
                (TextTest::StartsWith, TextTest::StartsWith) => !m.starts_with(n.as_str()) && !n.starts_with(m.as_str()),
                (TextTest::EndsWith, TextTest::EndsWith) => !m.ends_with(n.as_str()) && !n.ends_with(m.as_str()),
                _ => false,
            },
            // The first holds and the second does not, although it follows from it.
            (true, false) => match (x, y) {
                (TextTest::StartsWith, TextTest::StartsWith) => m.starts_with(n.as_str()),
                (TextTest::EndsWith, TextTest::EndsWith) => m.ends_with(n.as_str()),
                (TextTest::Contains | TextTest::StartsWith | TextTest::EndsWith, TextTest::Contains) => m.contains(n.as_str()),
                (TextTest::Contains | TextTest::StartsWith | TextTest::EndsWith, TextTest::IsNot) => false,
                _ => x == y && m == n,
            },
            _ => false,
        },
        // A test that holds says that something is there.
        (Expr::Text(_, test, _), Expr::Compare(_, c, Literal::Absent)) => {
            a.1 && *test != TextTest::IsNot && ((*c == Comparison::Is) == b.1)
        }
        _ => false,
    };
    !facts.iter().any(|a| facts.iter().any(|b| !std::ptr::eq(a, b) && clash(a, b)))
}

/// Whether nothing may be there.
fn optional(path: &Path) -> bool {
    !matches!(
        path,
        Path::Number
            | Path::Subject
            | Path::Description
            | Path::Type
            | Path::Channel
            | Path::Requester
            | Path::Provisional
            | Path::Score
            | Path::State
            | Path::Class
            | Path::WaitsOn
            | Path::StateSince
            | Path::CreatedAt
            | Path::Overdue
            | Path::Cycle
            | Path::Reopenings
            | Path::Handoffs
            | Path::Answered
            | Path::MessagesFromRequester
            | Path::MessagesFromAgents
            | Path::EventName
            | Path::ActorKind
            | Path::Now
    )
}

/// What a number can be.
fn bounds(path: &Path) -> (i64, i64) {
    match path {
        Path::Number | Path::Cycle | Path::Reopenings | Path::Handoffs | Path::MessagesFromRequester | Path::MessagesFromAgents => {
            (0, i64::MAX)
        }
        Path::Rating => (1, 5),
        _ => (i64::MIN, i64::MAX),
    }
}
