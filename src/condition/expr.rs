//! Expressions: conditions as data, evaluated without an interpreter.

use super::{Figure, Path, Seen, Term, View, fold};
use crate::diagnostic::RuleFault;
use crate::id::UtcInstant;
use crate::ticket::Decimal;
use std::{cmp::Ordering, collections::BTreeSet, fmt, sync::Arc};

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `==`
    Is,
    /// `!=`
    IsNot,
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
}

impl Comparison {
    fn holds(self, o: Option<Ordering>) -> bool {
        match (self, o) {
            (Self::Is, Some(o)) => o.is_eq(),
            (Self::IsNot, Some(o)) => o.is_ne(),
            (Self::Below, Some(o)) => o.is_lt(),
            (Self::AtMost, Some(o)) => o.is_le(),
            (Self::Above, Some(o)) => o.is_gt(),
            (Self::AtLeast, Some(o)) => o.is_ge(),
            // Absent or of another kind: unequal, never ordered.
            (Self::IsNot, None) => true,
            (_, None) => false,
        }
    }
    /// The operator as written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Is => "==",
            Self::IsNot => "!=",
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::AtLeast => ">=",
        }
    }
}

/// A constant of a condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `()`
    Absent,
    /// Text or a name.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A decimal.
    Decimal(Decimal),
    /// Yes or no.
    Boolean(bool),
    /// An instant.
    Instant(UtcInstant),
    /// A span in microseconds.
    Duration(i64),
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("()"),
            Self::Text(s) => write!(f, "{s:?}"),
            Self::Integer(n) => write!(f, "{n}"),
            Self::Decimal(d) => write!(f, "{d}"),
            Self::Boolean(b) => write!(f, "{b}"),
            Self::Instant(t) => write!(f, "{}", t.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)),
            Self::Duration(d) => write!(f, "{}s", d.checked_div(1_000_000).unwrap_or(0)),
        }
    }
}

/// How a text is tested; needles are folded at load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextTest {
    /// Equal.
    Is,
    /// Not equal.
    IsNot,
    /// Contains.
    Contains,
    /// Starts with.
    StartsWith,
    /// Ends with.
    EndsWith,
}

/// A script that could not be lowered; implemented where scripts live.
pub trait Script: fmt::Debug + Send + Sync {
    /// Whether it holds.
    ///
    /// # Errors
    /// The script failed or ran out of its budget.
    fn holds(&self, view: &View<'_>) -> Result<bool, RuleFault>;
    /// Its text, for traces.
    fn text(&self) -> &str;
    /// What it reads.
    fn reads(&self) -> &BTreeSet<Path>;
    /// Steps it takes on this view, if it counts them.
    fn operations(&self, _view: &View<'_>) -> u64 {
        0
    }
}

/// A checked condition, ready to evaluate. Built by [`super::Check`], never by hand, so that every name in it is known.
#[derive(Clone, Debug)]
pub enum Expr {
    /// Always or never.
    Always(bool),
    /// All of them; none: true.
    All(Vec<Expr>),
    /// Any of them; none: false.
    Any(Vec<Expr>),
    /// Not.
    Not(Box<Expr>),
    /// A value against a constant, exactly.
    Compare(Path, Comparison, Literal),
    /// Two values.
    CompareTwo(Path, Comparison, Path),
    /// A name in a set of names, or not. Comparisons of levels become this, so that no rank is looked up at run time.
    OneOf {
        /// The path.
        path: Path,
        /// The names.
        names: BTreeSet<String>,
        /// Turned round; an absent value is then in.
        not: bool,
    },
    /// A free text is one of these, folded (S88).
    OneText(Path, BTreeSet<String>),
    /// A number is one of these.
    OneNumber(Path, BTreeSet<i64>),
    /// A set holds a name.
    Has(Path, String),
    /// A set holds nothing.
    Empty(Path),
    /// A free text, folded (S88).
    Text(Path, TextTest, String),
    /// A category is this node or below it (S66).
    Within(Path, String),
    /// A yes-or-no value that is yes.
    Flag(Path),
    /// Two whole numbers, at least one of them worked out. The only lowered test that can fail.
    Reckoned(Box<(Term, Comparison, Term)>),
    /// The rest.
    Script(Arc<dyn Script>),
}

impl Expr {
    /// Whether it holds. Everything but a script and arithmetic is total.
    ///
    /// # Errors
    /// A script or a calculation in it failed.
    pub fn holds(&self, view: &View<'_>) -> Result<bool, RuleFault> {
        Ok(match self {
            Self::Always(b) => *b,
            Self::All(all) => {
                for e in all {
                    if !e.holds(view)? {
                        return Ok(false);
                    }
                }
                true
            }
            Self::Any(any) => {
                for e in any {
                    if e.holds(view)? {
                        return Ok(true);
                    }
                }
                false
            }
            Self::Not(e) => !e.holds(view)?,
            Self::Compare(path, c, literal) => compare(&view.get(path), *c, literal),
            Self::CompareTwo(a, c, b) => {
                let (a, b) = (view.get(a), view.get(b));
                // Two absent values are equal, and still neither above nor below one another.
                let ordered = !matches!(c, Comparison::Is | Comparison::IsNot);
                !(ordered && (a == Seen::Absent || b == Seen::Absent)) && c.holds(order(&a, &b))
            }
            Self::OneOf { path, names, not } => one_of(&view.get(path), names, *not),
            Self::OneText(path, texts) => one_text(&view.get(path), texts),
            Self::OneNumber(path, numbers) => one_number(&view.get(path), numbers),
            Self::Has(path, name) => view.has(path, name),
            Self::Empty(path) => match view.get(path) {
                Seen::Names(n) => n.is_empty(),
                Seen::Absent => true,
                _ => false,
            },
            Self::Text(path, test, needle) => text_test(&view.get(path), *test, needle),
            Self::Within(path, node) => matches!(view.get(path), Seen::Text(s) if within(&s, node)),
            Self::Flag(path) => view.get(path) == Seen::Boolean(true),
            Self::Reckoned(r) => reckoned(r.0.value(view)?, r.1, r.2.value(view)?),
            Self::Script(s) => s.holds(view)?,
        })
    }

    /// The one path a test asks for, if it asks for one value alone.
    pub(super) fn subject(&self) -> Option<&Path> {
        match self {
            Self::Compare(p, ..)
            | Self::OneOf { path: p, .. }
            | Self::OneText(p, _)
            | Self::OneNumber(p, _)
            | Self::Text(p, ..)
            | Self::Within(p, _)
            | Self::Flag(p) => Some(p),
            _ => None,
        }
    }

    /// What a test of one value says of this value; none for any other expression.
    pub(super) fn of_value(&self, seen: &Seen<'_>) -> Option<bool> {
        Some(match self {
            Self::Compare(_, c, literal) => compare(seen, *c, literal),
            Self::OneOf { names, not, .. } => one_of(seen, names, *not),
            Self::OneText(_, texts) => one_text(seen, texts),
            Self::OneNumber(_, numbers) => one_number(seen, numbers),
            Self::Text(_, test, needle) => text_test(seen, *test, needle),
            Self::Within(_, node) => matches!(seen, Seen::Text(s) if within(s, node)),
            Self::Flag(_) => *seen == Seen::Boolean(true),
            _ => return None,
        })
    }

    /// Everything it reads.
    pub fn reads(&self, out: &mut BTreeSet<Path>) {
        match self {
            Self::Always(_) => {}
            Self::All(v) | Self::Any(v) => v.iter().for_each(|e| e.reads(out)),
            Self::Not(e) => e.reads(out),
            Self::Reckoned(r) => {
                r.0.reads(out);
                r.2.reads(out);
            }
            Self::Script(s) => out.extend(s.reads().iter().cloned()),
            leaf => leaf.paths().into_iter().flatten().for_each(|p| p.sources(out)),
        }
    }

    /// The paths of a test by itself.
    fn paths(&self) -> [Option<&Path>; 2] {
        match self {
            Self::CompareTwo(a, _, b) => [Some(a), Some(b)],
            Self::Compare(p, ..)
            | Self::OneOf { path: p, .. }
            | Self::OneText(p, _)
            | Self::OneNumber(p, _)
            | Self::Has(p, _)
            | Self::Empty(p)
            | Self::Text(p, ..)
            | Self::Within(p, _)
            | Self::Flag(p) => [Some(p), None],
            Self::Always(_) | Self::All(_) | Self::Any(_) | Self::Not(_) | Self::Reckoned(_) | Self::Script(_) => [None, None],
        }
    }

    /// Whether no script is in it.
    pub fn is_native(&self) -> bool {
        match self {
            Self::Script(_) => false,
            Self::All(v) | Self::Any(v) => v.iter().all(Self::is_native),
            Self::Not(e) => e.is_native(),
            _ => true,
        }
    }

    /// Steps of the interpreter that evaluating it takes.
    pub fn operations(&self, view: &View<'_>) -> u64 {
        // As far as evaluation goes: what decides ends it, and so does what fails.
        let sum = |v: &[Self], until: bool| {
            let mut steps = 0u64;
            for e in v {
                steps = steps.saturating_add(e.operations(view));
                if e.holds(view) != Ok(!until) {
                    break;
                }
            }
            steps
        };
        match self {
            _ if self.is_native() => 0,
            Self::All(v) => sum(v, false),
            Self::Any(v) => sum(v, true),
            Self::Not(e) => e.operations(view),
            Self::Script(s) => s.operations(view),
            _ => 0,
        }
    }

    /// Whether evaluating it cannot fail.
    pub fn is_total(&self) -> bool {
        match self {
            Self::Script(_) | Self::Reckoned(_) => false,
            Self::All(v) | Self::Any(v) => v.iter().all(Self::is_total),
            Self::Not(e) => e.is_total(),
            _ => true,
        }
    }

    /// The first conjunct that does not hold, with the values it saw; none if all hold.
    pub fn first_false(&self, view: &View<'_>) -> Option<String> {
        self.first_false_but(view, &|_| false)
    }
    pub(super) fn first_false_but(&self, view: &View<'_>, hidden: &dyn Fn(&Path) -> bool) -> Option<String> {
        match self {
            Self::All(v) => v.iter().find_map(|e| e.first_false_but(view, hidden)),
            e if e.holds(view).unwrap_or(false) => None,
            e => {
                let mut reads = BTreeSet::new();
                e.reads(&mut reads);
                let derived = e.paths().into_iter().flatten().filter(|p| matches!(p, Path::Derived(_)));
                if reads.iter().chain(derived.clone()).any(hidden) {
                    return Some(HIDDEN.to_string());
                }
                let seen: Vec<String> = reads.iter().take(4).chain(derived).map(|p| format!("{p} = {}", view.get(p).render())).collect();
                Some(if seen.is_empty() { e.to_string() } else { format!("{e} ({})", seen.join(", ")) })
            }
        }
    }
}

/// In the place of what somebody may not see.
pub(super) const HIDDEN: &str = "…";

fn one_of(seen: &Seen<'_>, names: &BTreeSet<String>, not: bool) -> bool {
    match seen {
        Seen::Text(s) => names.contains(&**s) != not,
        _ => not,
    }
}

fn one_text(seen: &Seen<'_>, texts: &BTreeSet<String>) -> bool {
    matches!(seen, Seen::Text(s) if texts.contains(&*fold(s)))
}

fn one_number(seen: &Seen<'_>, numbers: &BTreeSet<i64>) -> bool {
    match seen {
        Seen::Integer(n) => numbers.contains(n),
        // A decimal without a fraction is equal to the whole number.
        Seen::Decimal(d) => d.rescaled(0).is_some_and(|n| numbers.contains(&n.units())),
        _ => false,
    }
}

fn text_test(seen: &Seen<'_>, test: TextTest, needle: &str) -> bool {
    let Seen::Text(s) = seen else { return test == TextTest::IsNot };
    let s = fold(s);
    match test {
        TextTest::Is => s == needle,
        TextTest::IsNot => s != needle,
        TextTest::Contains => s.contains(needle),
        TextTest::StartsWith => s.starts_with(needle),
        TextTest::EndsWith => s.ends_with(needle),
    }
}

fn reckoned(a: Figure, c: Comparison, b: Figure) -> bool {
    match (a, b) {
        (Figure::Number(a), Figure::Number(b)) => c.holds(Some(a.cmp(&b))),
        // What is not there is equal only to what is not there, and never ordered.
        (Figure::Absent, Figure::Absent) => c == Comparison::Is,
        _ => c == Comparison::IsNot,
    }
}

fn within(path: &str, node: &str) -> bool {
    path.strip_prefix(node).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn compare(seen: &Seen<'_>, c: Comparison, literal: &Literal) -> bool {
    let o = match (seen, literal) {
        (Seen::Absent, Literal::Absent) => return matches!(c, Comparison::Is),
        (Seen::Names(n), Literal::Absent) => return n.is_empty() == matches!(c, Comparison::Is),
        (Seen::Text(a), Literal::Text(b)) if matches!(c, Comparison::Is | Comparison::IsNot) => {
            return (**a == **b) == matches!(c, Comparison::Is);
        }
        (Seen::Text(a), Literal::Text(b)) => Some((**a).cmp(b.as_str())),
        (Seen::Integer(a), Literal::Integer(b)) => Some(a.cmp(b)),
        (Seen::Decimal(a), Literal::Decimal(b)) => Some(a.cmp(b)),
        (Seen::Decimal(a), Literal::Integer(b)) => Some(a.cmp(&Decimal::from(*b))),
        (Seen::Integer(a), Literal::Decimal(b)) => Some(Decimal::from(*a).cmp(b)),
        (Seen::Boolean(a), Literal::Boolean(b)) => Some(a.cmp(b)),
        (Seen::Instant(a), Literal::Instant(b)) => Some(a.cmp(b)),
        (Seen::Duration(a), Literal::Duration(b)) => Some(a.cmp(b)),
        _ => None,
    };
    c.holds(o)
}

fn order(a: &Seen<'_>, b: &Seen<'_>) -> Option<Ordering> {
    match (a, b) {
        (Seen::Absent, Seen::Absent) => Some(Ordering::Equal),
        (Seen::Text(a), Seen::Text(b)) => Some(a.cmp(b)),
        (Seen::Integer(a), Seen::Integer(b)) => Some(a.cmp(b)),
        (Seen::Decimal(a), Seen::Decimal(b)) => Some(a.cmp(b)),
        (Seen::Integer(a), Seen::Decimal(b)) => Some(Decimal::from(*a).cmp(b)),
        (Seen::Decimal(a), Seen::Integer(b)) => Some(a.cmp(&Decimal::from(*b))),
        (Seen::Boolean(a), Seen::Boolean(b)) => Some(a.cmp(b)),
        (Seen::Instant(a), Seen::Instant(b)) => Some(a.cmp(b)),
        (Seen::Duration(a), Seen::Duration(b)) => Some(a.cmp(b)),
        (Seen::Names(a), Seen::Names(b)) => (a == b).then_some(Ordering::Equal),
        // A set is never absent, only empty.
        (Seen::Names(n), Seen::Absent) | (Seen::Absent, Seen::Names(n)) => n.is_empty().then_some(Ordering::Equal),
        _ => None,
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, v: &[Self], by: &str, empty: &str| {
            if v.is_empty() {
                return f.write_str(empty);
            }
            for (i, e) in v.iter().enumerate() {
                if i > 0 {
                    write!(f, " {by} ")?;
                }
                match e {
                    Self::All(_) | Self::Any(_) => write!(f, "({e})")?,
                    _ => write!(f, "{e}")?,
                }
            }
            Ok(())
        };
        match self {
            Self::Always(b) => write!(f, "{b}"),
            Self::All(v) => joined(f, v, "&&", "true"),
            Self::Any(v) => joined(f, v, "||", "false"),
            Self::Not(e) => write!(f, "!({e})"),
            Self::Compare(p, c, l) => write!(f, "{p} {} {l}", c.sign()),
            Self::CompareTwo(a, c, b) => write!(f, "{a} {} {b}", c.sign()),
            Self::OneOf { path, names, not } => {
                let all = names.iter().take(8).map(|n| format!("{n:?}")).collect::<Vec<_>>().join(", ");
                let more = if names.len() > 8 { ", …" } else { "" };
                let word = if *not { "!in" } else { "in" };
                write!(f, "{path} {word} [{all}{more}]")
            }
            Self::OneText(p, texts) => {
                let all = texts.iter().take(8).map(|n| format!("{n:?}")).collect::<Vec<_>>().join(", ");
                write!(f, "{p} in [{all}{}]", if texts.len() > 8 { ", …" } else { "" })
            }
            Self::OneNumber(p, numbers) => {
                let all = numbers.iter().take(8).map(i64::to_string).collect::<Vec<_>>().join(", ");
                write!(f, "{p} in [{all}{}]", if numbers.len() > 8 { ", …" } else { "" })
            }
            Self::Has(p, n) => write!(f, "{n:?} in {p}"),
            Self::Empty(p) => write!(f, "{p}.is_empty()"),
            Self::Text(p, TextTest::Is, n) => write!(f, "{p} == {n:?}"),
            Self::Text(p, TextTest::IsNot, n) => write!(f, "{p} != {n:?}"),
            Self::Text(p, TextTest::Contains, n) => write!(f, "{p}.contains({n:?})"),
            Self::Text(p, TextTest::StartsWith, n) => write!(f, "{p}.starts_with({n:?})"),
            Self::Text(p, TextTest::EndsWith, n) => write!(f, "{p}.ends_with({n:?})"),
            Self::Within(p, n) => write!(f, "{p}.within({n:?})"),
            Self::Flag(p) => write!(f, "{p}"),
            Self::Reckoned(r) => write!(f, "{} {} {}", r.0, r.1.sign(), r.2),
            Self::Script(s) => f.write_str(s.text()),
        }
    }
}
