//! Whole numbers worked out from fields, with the errors a script would end in: overflow, division by zero, a value that is not there.

use super::{Path, Seen, View};
use crate::diagnostic::{FaultKind, Place, RuleFault, text};
use std::{collections::BTreeSet, fmt};

/// What two whole numbers are joined by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Times,
    /// `/`, towards zero
    Divide,
    /// `%`, with the sign of the left side
    Modulo,
}

impl Operator {
    /// The operator of this sign.
    pub fn of(sign: &str) -> Option<Self> {
        Some(match sign {
            "+" => Self::Plus,
            "-" => Self::Minus,
            "*" => Self::Times,
            "/" => Self::Divide,
            "%" => Self::Modulo,
            _ => return None,
        })
    }
    /// The sign as written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
        }
    }
}

/// A whole number worked out from fields; each operation with its place, since it may fail.
///
/// ```
/// use ticketry::{condition::{Operator, Path, Term}, diagnostic::Place};
/// let here = Place::file("example");
/// let twice = Term::Joined(Box::new(Term::Value(Path::Reopenings)), Operator::Times, Box::new(Term::Number(2)), here);
/// assert_eq!(twice.to_string(), "t.reopenings * 2");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// A field that holds a whole number.
    Value(Path),
    /// A constant.
    Number(i64),
    /// The number with its sign turned.
    Negative(Box<Term>, Place),
    /// Two numbers joined.
    Joined(Box<Term>, Operator, Box<Term>, Place),
}

impl Term {
    /// The number, or none where the field is absent.
    ///
    /// # Errors
    /// [`FaultKind::Arithmetic`] for overflow and division by zero, [`FaultKind::Type`] where there is no number to reckon with.
    pub fn value(&self, view: &View<'_>) -> Result<Figure, RuleFault> {
        Ok(match self {
            Self::Value(path) => match view.get(path) {
                Seen::Integer(n) => Figure::Number(n),
                Seen::Absent => Figure::Absent,
                // A value kept from a time when the field was declared otherwise.
                _ => Figure::Other,
            },
            Self::Number(n) => Figure::Number(*n),
            Self::Negative(of, place) => match of.value(view)? {
                Figure::Number(n) => Figure::Number(n.checked_neg().ok_or_else(|| too_large(place))?),
                figure => return Err(unfit(Operator::Minus, &[figure], place)),
            },
            Self::Joined(left, operator, right, place) => match (left.value(view)?, right.value(view)?) {
                (Figure::Number(a), Figure::Number(b)) => Figure::Number(joined(a, *operator, b, place)?),
                (a, b) => return Err(unfit(*operator, &[a, b], place)),
            },
        })
    }

    /// Everything it reads.
    pub fn reads(&self, out: &mut BTreeSet<Path>) {
        match self {
            Self::Value(p) => p.sources(out),
            Self::Number(_) => {}
            Self::Negative(t, _) => t.reads(out),
            Self::Joined(a, _, b, _) => {
                a.reads(out);
                b.reads(out);
            }
        }
    }
}

/// What a [`Term`] comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// A number.
    Number(i64),
    /// Nothing is there.
    Absent,
    /// Something that is no whole number.
    Other,
}

fn joined(a: i64, operator: Operator, b: i64, place: &Place) -> Result<i64, RuleFault> {
    match operator {
        Operator::Plus => a.checked_add(b).ok_or_else(|| too_large(place)),
        Operator::Minus => a.checked_sub(b).ok_or_else(|| too_large(place)),
        Operator::Times => a.checked_mul(b).ok_or_else(|| too_large(place)),
        Operator::Divide if b == 0 => Err(by_zero(place)),
        Operator::Divide => a.checked_div(b).ok_or_else(|| too_large(place)),
        // The interpreter has one word for both ways in which there is no remainder.
        Operator::Modulo => a.checked_rem(b).ok_or_else(|| by_zero(place)),
    }
}

fn too_large(place: &Place) -> RuleFault {
    RuleFault::new(FaultKind::Arithmetic, text("the number is too large", "数值过大"), Some(place.clone()))
}

fn by_zero(place: &Place) -> RuleFault {
    RuleFault::new(FaultKind::Arithmetic, text("division by zero", "除以零"), Some(place.clone()))
}

fn unfit(operator: Operator, figures: &[Figure], place: &Place) -> RuleFault {
    let words = figures.iter().map(|f| match f {
        Figure::Number(_) => ("a number", "数字"),
        Figure::Absent => ("nothing", "空值"),
        Figure::Other => ("a value of another kind", "其他类型的值"),
    });
    let (en, zh): (Vec<&str>, Vec<&str>) = words.unzip();
    let sign = operator.sign();
    let message = text(format!("`{sign}` does not work with {}", en.join(", ")), format!("`{sign}` 不能用于{}", zh.join("、")));
    RuleFault::new(FaultKind::Type, message, Some(place.clone()))
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |f: &mut fmt::Formatter<'_>, t: &Self| match t {
            Self::Joined(..) => write!(f, "({t})"),
            t => write!(f, "{t}"),
        };
        match self {
            Self::Value(p) => write!(f, "{p}"),
            Self::Number(n) => write!(f, "{n}"),
            Self::Negative(t, _) => {
                f.write_str("-")?;
                part(f, t)
            }
            Self::Joined(a, operator, b, _) => {
                part(f, a)?;
                write!(f, " {} ", operator.sign())?;
                part(f, b)
            }
        }
    }
}
