//! Checking: from names and constants to an [`Expr`] in which nothing is unknown and nothing can be mistyped.

use super::expr::{Comparison, Expr, Literal, TextTest};
use super::{Kind, Path, fold};
use crate::diagnostic::{Diagnostic, Place, did_you_mean, text};
use crate::ticket::Schema;
use std::collections::BTreeSet;

/// Builds conditions against a schema. The data form and the script room both end here, so both mean the same.
#[derive(Clone, Copy, Debug)]
pub struct Check<'s> {
    /// What may be named.
    pub schema: &'s Schema,
}

impl Check<'_> {
    /// `path <comparison> constant`.
    ///
    /// # Errors
    /// `wrong-type`, `not-in-list`, `not-ordered`: comparing what can never be equal, or ordering what has no order.
    pub fn compare(&self, path: Path, c: Comparison, literal: Literal, place: &Place) -> Result<Expr, Diagnostic> {
        let ordering = !matches!(c, Comparison::Is | Comparison::IsNot);
        // There may be thousands of categories: they are looked up, and listed only to say what is wrong.
        if let (Path::Category, Literal::Text(name), false) = (&path, &literal, ordering)
            && self.schema.categories.contains_key(name.as_str())
        {
            return Ok(Expr::Compare(path, c, literal));
        }
        let kind = path.kind(self.schema);
        if literal == Literal::Absent {
            if ordering {
                return Err(not_ordered(&path, "()", place));
            }
            return Ok(Expr::Compare(path, c, literal));
        }
        match (kind, literal) {
            (Kind::OneOf { names, ordered }, Literal::Text(name)) => {
                let rank = names.iter().position(|n| *n == name).ok_or_else(|| not_in_list(&path, &name, &names, place))?;
                if ordering && !ordered {
                    return Err(not_ordered(&path, &name, place));
                }
                let not = c == Comparison::IsNot;
                let names = names.into_iter().enumerate().filter(|(i, _)| match c {
                    Comparison::Is | Comparison::IsNot => *i == rank,
                    Comparison::Below => *i < rank,
                    Comparison::AtMost => *i <= rank,
                    Comparison::Above => *i > rank,
                    Comparison::AtLeast => *i >= rank,
                });
                Ok(Expr::OneOf { path, names: names.map(|(_, n)| n).collect(), not })
            }
            (Kind::Category(nodes), Literal::Text(name)) => {
                if !nodes.contains(&name) {
                    return Err(not_in_list(&path, &name, &nodes, place));
                }
                if ordering {
                    return Err(not_ordered(&path, &name, place));
                }
                Ok(Expr::Compare(path, c, Literal::Text(name)))
            }
            (Kind::Text, Literal::Text(s)) if !ordering => {
                let test = if c == Comparison::Is { TextTest::Is } else { TextTest::IsNot };
                Ok(Expr::Text(path, test, fold(&s).into_owned()))
            }
            (Kind::Text | Kind::Name, Literal::Text(s)) => {
                if ordering {
                    return Err(not_ordered(&path, &s, place));
                }
                Ok(Expr::Compare(path, c, Literal::Text(s)))
            }
            (Kind::Integer | Kind::Decimal, l @ (Literal::Integer(_) | Literal::Decimal(_)))
            | (Kind::Instant, l @ Literal::Instant(_))
            | (Kind::Duration, l @ Literal::Duration(_)) => Ok(Expr::Compare(path, c, l)),
            (Kind::Boolean, l @ Literal::Boolean(_)) if !ordering => Ok(Expr::Compare(path, c, l)),
            (kind, l) => Err(wrong_type(&path, &kind, &l, place)),
        }
    }

    /// `path <comparison> path`.
    ///
    /// # Errors
    /// The two are of different kinds, or have no order.
    pub fn compare_two(&self, a: Path, c: Comparison, b: Path, place: &Place) -> Result<Expr, Diagnostic> {
        let (ka, kb) = (a.kind(self.schema), b.kind(self.schema));
        let ordering = !matches!(c, Comparison::Is | Comparison::IsNot);
        let numbers = |k: &Kind| matches!(k, Kind::Integer | Kind::Decimal);
        let texts = |k: &Kind| matches!(k, Kind::Text | Kind::Name | Kind::OneOf { .. } | Kind::Category(_));
        let fits = if ordering {
            (numbers(&ka) && numbers(&kb)) || (ka == kb && matches!(ka, Kind::Instant | Kind::Duration))
        } else {
            (numbers(&ka) && numbers(&kb)) || (texts(&ka) && texts(&kb)) || ka == kb
        };
        if fits {
            return Ok(Expr::CompareTwo(a, c, b));
        }
        Err(Diagnostic::error(
            "wrong-type",
            text(
                format!("`{a}` ({}) and `{b}` ({}) cannot be compared with `{}`", ka.word(), kb.word(), c.sign()),
                format!("`{a}`（{}）与 `{b}`（{}）不能用 `{}` 比较", ka.word(), kb.word(), c.sign()),
            ),
        )
        .at(place.clone()))
    }

    /// `path in [constants]`.
    ///
    /// # Errors
    /// A constant does not fit the path.
    pub fn one_of(&self, path: Path, items: Vec<Literal>, place: &Place) -> Result<Expr, Diagnostic> {
        let kind = path.bare_kind(self.schema);
        if matches!(kind, Kind::OneOf { .. } | Kind::Name | Kind::Category(_)) {
            let mut names = BTreeSet::new();
            for item in items {
                self.compare(path.clone(), Comparison::Is, item.clone(), place)?;
                if let Literal::Text(s) = item {
                    names.insert(s);
                }
            }
            return Ok(Expr::OneOf { path, names, not: false });
        }
        let any = items.into_iter().map(|i| self.compare(path.clone(), Comparison::Is, i, place)).collect::<Result<Vec<_>, _>>()?;
        Ok(Expr::Any(any))
    }

    /// `name in path` or `path.contains(name)`: membership for sets, a text test for texts.
    ///
    /// # Errors
    /// The path is neither, or the name is none the schema lists.
    pub fn contains(&self, path: Path, name: String, place: &Place) -> Result<Expr, Diagnostic> {
        match path.bare_kind(self.schema) {
            Kind::Names(None) => Ok(Expr::Has(path, name)),
            Kind::Names(_) => match path.kind(self.schema) {
                Kind::Names(Some(known)) if !known.contains(&name) => Err(not_in_list(&path, &name, &known, place)),
                _ => Ok(Expr::Has(path, name)),
            },
            _ => self.text_test(path, TextTest::Contains, &name, place),
        }
    }

    /// `path.contains(needle)`, `starts_with`, `ends_with` on a text.
    ///
    /// # Errors
    /// The path is no text.
    pub fn text_test(&self, path: Path, test: TextTest, needle: &str, place: &Place) -> Result<Expr, Diagnostic> {
        match path.bare_kind(self.schema) {
            Kind::Text | Kind::Name | Kind::Category(_) | Kind::OneOf { .. } => Ok(Expr::Text(path, test, fold(needle).into_owned())),
            kind => Err(wrong_type(&path, &kind, &Literal::Text(needle.to_string()), place)),
        }
    }

    /// `path.within(node)`: the node or its subtree.
    ///
    /// # Errors
    /// The path is no category, or the node is unknown.
    pub fn within(&self, path: Path, node: String, place: &Place) -> Result<Expr, Diagnostic> {
        match path.bare_kind(self.schema) {
            Kind::Category(_) if self.schema.categories.contains_key(node.as_str()) => return Ok(Expr::Within(path, node)),
            _ => {}
        }
        match path.kind(self.schema) {
            Kind::Category(nodes) => Err(not_in_list(&path, &node, &nodes, place)),
            kind => Err(wrong_type(&path, &kind, &Literal::Text(node), place)),
        }
    }

    /// A path used as a condition by itself.
    ///
    /// # Errors
    /// It is no yes-or-no value.
    pub fn flag(&self, path: Path, place: &Place) -> Result<Expr, Diagnostic> {
        match path.bare_kind(self.schema) {
            Kind::Boolean => Ok(Expr::Flag(path)),
            kind => Err(Diagnostic::error(
                "not-a-condition",
                text(
                    format!("`{path}` is of kind {}, no yes-or-no value", kind.word()),
                    format!("`{path}` 的类型是 {}，不是布尔值", kind.word()),
                ),
            )
            .at(place.clone())
            .help(text("compare it with something, such as `!= ()`", "请与某个值比较，例如 `!= ()`"))),
        }
    }
}

fn not_in_list(path: &Path, name: &str, names: &[String], place: &Place) -> Diagnostic {
    let few = names.iter().take(12).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    Diagnostic::error("not-in-list", text(format!("`{path}` is never `{name}`"), format!("`{path}` 不可能是 `{name}`")))
        .at(place.clone())
        .maybe_help(did_you_mean(name, names).or_else(|| Some(text(format!("it is one of {few}"), format!("可取值：{few}")))))
}

fn not_ordered(path: &Path, with: &str, place: &Place) -> Diagnostic {
    Diagnostic::error(
        "not-ordered",
        text(
            format!("`{path}` has no order, so it is neither above nor below `{with}`"),
            format!("`{path}` 没有顺序，不能与 `{with}` 比较大小"),
        ),
    )
    .at(place.clone())
    .help(text("use == or != or `in`, or declare the field as ordered", "请用 ==、!= 或 in，或把字段声明为 ordered"))
}

fn wrong_type(path: &Path, kind: &Kind, literal: &Literal, place: &Place) -> Diagnostic {
    Diagnostic::error(
        "wrong-type",
        text(
            format!("`{path}` is of kind {}, so it can never be compared with {literal}", kind.word()),
            format!("`{path}` 的类型是 {}，不能与 {literal} 比较", kind.word()),
        ),
    )
    .at(place.clone())
}
