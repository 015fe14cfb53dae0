//! The data form of conditions: tables in TOML or JSON, and text handed to whoever compiles scripts.

use super::{Check, Comparison, Condition, Expr, Literal, Path, Root, TextTest};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, text};
use crate::ticket::Schema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Compiles condition text. Implemented by the script room; [`NoScripts`] where there is none.
pub trait Scripts: fmt::Debug + Send + Sync {
    /// The condition written as `text`, which begins at `place`. Roots: `t` (ticket), `event`, `now`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    fn condition(&self, text: &str, place: &Place, schema: &Schema) -> Result<Expr, Diagnostics>;
}

/// No script engine: text conditions are refused, data conditions work in full.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoScripts;

impl Scripts for NoScripts {
    fn condition(&self, _: &str, place: &Place, _: &Schema) -> Result<Expr, Diagnostics> {
        Err(Diagnostic::error("script-engine-missing", text("this build has no script engine", "此构建不含脚本引擎"))
            .at(place.clone())
            .help(text(
                "enable the feature `rhai`, or write the condition as a table: { field = \"impact\", is = \"high\" }",
                "请启用特性 `rhai`，或用表格形式书写：{ field = \"impact\", is = \"high\" }",
            ))
            .into())
    }
}

/// A condition before it is checked: text, or a table.
///
/// ```
/// use ticketry::condition::{Form, NoScripts};
/// use ticketry::diagnostic::Place;
/// use ticketry::ticket::{Scale, Schema};
/// let schema = Schema { impact: Scale::of(&["low", "high"]), ..Schema::default() };
/// let form: Form = serde_json::from_str(r#"{"field": "impact", "at_least": "high"}"#).unwrap();
/// let condition = form.check(&schema, &NoScripts, &Place::file("example")).unwrap();
/// assert_eq!(condition.to_string(), r#"t.impact in ["high"]"#);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Form {
    /// An expression.
    Text(String),
    /// A table.
    Table(Box<Table>),
}

/// The table form: either lists of conditions, or one field with one test.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Table {
    /// All must hold.
    pub all: Option<Vec<Form>>,
    /// At least one must hold; an empty list is true (S18).
    pub any: Option<Vec<Form>>,
    /// Must not hold.
    pub not: Option<Form>,
    /// The field tested: `impact`, `customer.tier`, `event.name`.
    pub field: Option<String>,
    /// Equal.
    pub is: Option<Plain>,
    /// Not equal.
    pub is_not: Option<Plain>,
    /// Less, lower, earlier.
    pub below: Option<Plain>,
    /// Not more.
    pub at_most: Option<Plain>,
    /// More.
    pub above: Option<Plain>,
    /// Not less.
    pub at_least: Option<Plain>,
    /// One of these.
    pub one_of: Option<Vec<Plain>>,
    /// A set holds it, a text contains it.
    pub contains: Option<String>,
    /// A text starts with it.
    pub starts_with: Option<String>,
    /// A text ends with it.
    pub ends_with: Option<String>,
    /// A category is it or below it.
    pub within: Option<String>,
    /// Present or absent.
    pub exists: Option<bool>,
}

/// A constant in the table form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Plain {
    /// Yes or no.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Text; a decimal such as "19.90" where the field is a decimal, an RFC 3339 instant where it is an instant.
    Text(String),
}

impl Form {
    /// Text.
    pub fn text(s: impl Into<String>) -> Self {
        Self::Text(s.into())
    }
    /// The checked condition.
    ///
    /// # Errors
    /// Everything that is wrong with it, at `place` or inside it.
    pub fn check(&self, schema: &Schema, scripts: &dyn Scripts, place: &Place) -> Result<Condition, Diagnostics> {
        self.expr(schema, scripts, place).map(|e| Condition::new(e, place.clone()))
    }

    fn expr(&self, schema: &Schema, scripts: &dyn Scripts, place: &Place) -> Result<Expr, Diagnostics> {
        match self {
            Self::Text(s) => scripts.condition(s, place, schema),
            Self::Table(t) => t.expr(schema, scripts, place),
        }
    }
}

impl Table {
    fn expr(&self, schema: &Schema, scripts: &dyn Scripts, place: &Place) -> Result<Expr, Diagnostics> {
        let mut parts = Vec::new();
        let mut problems = Diagnostics::new();
        let mut take = |r: Result<Expr, Diagnostics>| match r {
            Ok(e) => parts.push(e),
            Err(d) => problems.extend(d),
        };
        let list = |forms: &[Form]| {
            let mut ok = Vec::new();
            let mut bad = Diagnostics::new();
            for f in forms {
                match f.expr(schema, scripts, place) {
                    Ok(e) => ok.push(e),
                    Err(d) => bad.extend(d),
                }
            }
            if bad.is_empty() { Ok(ok) } else { Err(bad) }
        };
        if let Some(all) = &self.all {
            take(list(all).map(Expr::All));
        }
        if let Some(any) = &self.any {
            take(list(any).map(|v| if v.is_empty() { Expr::Always(true) } else { Expr::Any(v) }));
        }
        if let Some(not) = &self.not {
            take(not.expr(schema, scripts, place).map(|e| Expr::Not(Box::new(e))));
        }
        if let Some(field) = &self.field {
            take(self.test(field, schema, place));
        } else if parts.is_empty() && problems.is_empty() {
            problems.push(
                Diagnostic::error("empty-condition", text("the condition says nothing", "条件为空"))
                    .at(place.clone())
                    .help(text("give `all`, `any`, `not`, or `field` with a test", "请给出 all、any、not，或 field 加一个测试")),
            );
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(if parts.len() == 1 { parts.pop().unwrap_or(Expr::Always(true)) } else { Expr::All(parts) })
    }

    fn test(&self, field: &str, schema: &Schema, place: &Place) -> Result<Expr, Diagnostics> {
        let (root, rest) = match field.strip_prefix("event.") {
            Some(rest) => (Root::Event, rest),
            None => (Root::Ticket, field.strip_prefix("t.").unwrap_or(field)),
        };
        let segments: Vec<&str> = rest.split('.').collect();
        let path = Path::resolve(root, &segments, schema, place)?;
        let check = Check { schema };
        let kind = path.kind(schema);
        let literal = |p: &Plain| plain(p, &kind);
        let mut tests: Vec<Result<Expr, Diagnostic>> = Vec::new();
        for (c, p) in [
            (Comparison::Is, &self.is),
            (Comparison::IsNot, &self.is_not),
            (Comparison::Below, &self.below),
            (Comparison::AtMost, &self.at_most),
            (Comparison::Above, &self.above),
            (Comparison::AtLeast, &self.at_least),
        ] {
            if let Some(p) = p {
                tests.push(check.compare(path.clone(), c, literal(p), place));
            }
        }
        if let Some(items) = &self.one_of {
            tests.push(check.one_of(path.clone(), items.iter().map(literal).collect(), place));
        }
        if let Some(s) = &self.contains {
            tests.push(check.contains(path.clone(), s.clone(), place));
        }
        if let Some(s) = &self.starts_with {
            tests.push(check.text_test(path.clone(), TextTest::StartsWith, s, place));
        }
        if let Some(s) = &self.ends_with {
            tests.push(check.text_test(path.clone(), TextTest::EndsWith, s, place));
        }
        if let Some(s) = &self.within {
            tests.push(check.within(path.clone(), s.clone(), place));
        }
        if let Some(there) = self.exists {
            let c = if there { Comparison::IsNot } else { Comparison::Is };
            tests.push(check.compare(path.clone(), c, Literal::Absent, place));
        }
        if tests.is_empty() {
            tests.push(check.flag(path, place));
        }
        let mut ok = Vec::new();
        let mut bad = Diagnostics::new();
        for t in tests {
            match t {
                Ok(e) => ok.push(e),
                Err(d) => bad.push(d),
            }
        }
        if !bad.is_empty() {
            return Err(bad);
        }
        Ok(if ok.len() == 1 { ok.pop().unwrap_or(Expr::Always(true)) } else { Expr::All(ok) })
    }
}

fn plain(p: &Plain, kind: &super::Kind) -> Literal {
    match (p, kind) {
        (Plain::Boolean(b), _) => Literal::Boolean(*b),
        (Plain::Integer(n), _) => Literal::Integer(*n),
        (Plain::Text(s), super::Kind::Decimal) => s.parse().map_or_else(|_| Literal::Text(s.clone()), Literal::Decimal),
        (Plain::Text(s), super::Kind::Instant) => {
            s.parse().map_or_else(|_| Literal::Text(s.clone()), |t| Literal::Instant(crate::id::at_door(t)))
        }
        (Plain::Text(s), _) => Literal::Text(s.clone()),
    }
}
