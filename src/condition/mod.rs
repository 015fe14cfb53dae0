//! Conditions: whether something holds of a ticket, an event and the facts about it.
//!
//! What it is: [`Condition`], checked at load so that no name in it is unknown and no comparison can be silently false, evaluated
//! without an interpreter; [`Form`], what authors write; [`View`], what it looks at. An absent value is equal only to `()` and
//! never ordered.
//! Also here, because every room above reads definitions: actions in files ([`check_action`]), TOML with places (`reading`) and look-up tables ([`Tables`]).
//! What it never does: run a script itself. What cannot be lowered is a [`Script`], implemented in `rules/script`.
//! Read next: [`crate::workflow`] (guards), [`crate::rules`] (rule conditions), [`crate::sla`] (policy match).

#[allow(dead_code, reason = "the reading conveniences of the rooms above; each uses some")]
mod actions;
mod check;
mod data;
#[cfg_attr(not(feature = "rhai"), allow(dead_code, reason = "only scripts ask for what is worked out"))]
mod derived;
mod expr;
#[allow(dead_code, reason = "as reading")]
mod form;
mod interrupt;
pub(crate) mod logic;
mod path;
#[allow(dead_code, reason = "the reading conveniences of the rooms above; each uses some")]
pub(crate) mod reading;
mod sheet;
#[cfg_attr(not(feature = "rhai"), allow(dead_code, reason = "only scripts ask for what is worked out"))]
mod table;
mod table_check;
mod table_read;
mod term;
mod view;

pub use actions::check_action;
#[allow(unused_imports, reason = "the reading conveniences of the rooms above; each uses some")]
pub(crate) use actions::{
    actions_from_toml, attribute_missing, group_missing, level_missing, placed_actions, role_missing, skills_from_toml, template_missing,
    value_from_toml,
};
pub use check::Check;
pub use data::{Form, NoScripts, Plain, Scripts, Table};
#[allow(unused_imports, reason = "only builds with the script engine make them")]
pub(crate) use derived::Asked;
pub use derived::{Derived, Question};
pub use expr::{Comparison, Expr, Literal, Script, TextTest};
pub use interrupt::{Interrupt, Running};
pub use path::{Kind, Path, Root};
#[allow(unused_imports, reason = "only builds with the script engine make them")]
pub(crate) use table::Key;
pub use table::{Column, LookupTable, Tables};
pub use term::{Figure, Operator, Term};
pub use view::{Customer, Seen, View};

use crate::diagnostic::{Place, RuleFault};
use std::{borrow::Cow, collections::BTreeSet, fmt};
use unicode_normalization::{UnicodeNormalization as _, is_nfkc};

/// A checked condition.
#[derive(Clone, Debug)]
pub struct Condition {
    expr: Expr,
    reads: BTreeSet<Path>,
    place: Place,
}

impl Condition {
    /// A condition of a checked expression.
    pub fn new(expr: Expr, place: Place) -> Self {
        let mut reads = BTreeSet::new();
        expr.reads(&mut reads);
        Self { expr, reads, place }
    }
    /// Whether it holds.
    ///
    /// # Errors
    /// A script in it failed.
    pub fn holds(&self, view: &View<'_>) -> Result<bool, RuleFault> {
        self.expr.holds(view)
    }
    /// What it reads.
    pub fn reads(&self) -> &BTreeSet<Path> {
        &self.reads
    }
    /// Whether it needs the customer record.
    pub fn reads_customer(&self) -> bool {
        self.reads.iter().any(|p| matches!(p, Path::Customer(_)))
    }
    /// Where it stands.
    pub fn place(&self) -> &Place {
        &self.place
    }
    /// The expression.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }
    /// The first part that does not hold, with what it saw.
    pub fn first_false(&self, view: &View<'_>) -> Option<String> {
        self.expr.first_false(view)
    }
    /// The same for somebody who may not see everything: where it is about what is hidden from them, it is `…`.
    pub(crate) fn first_false_but(&self, view: &View<'_>, hidden: &dyn Fn(&Path) -> bool) -> String {
        self.expr.first_false_but(view, hidden).unwrap_or_else(|| expr::HIDDEN.to_string())
    }
}
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

/// Case and width folded (S88): NFKC, then lower case. Plain lower-case ASCII is returned as it is.
///
/// ```
/// assert_eq!(ticketry::condition::fold("ＶＩＰ 客户"), "vip 客户");
/// ```
pub fn fold(s: &str) -> Cow<'_, str> {
    if s.is_ascii() {
        if s.bytes().any(|b| b.is_ascii_uppercase()) { Cow::Owned(s.to_ascii_lowercase()) } else { Cow::Borrowed(s) }
    } else if is_nfkc(s) && s.chars().all(|c| c.to_lowercase().eq([c])) {
        Cow::Borrowed(s)
    } else {
        // Some letters have a composed form only when they are small: J and a caron, but ǰ.
        let lower: String = s.nfkc().flat_map(char::to_lowercase).collect();
        Cow::Owned(if is_nfkc(&lower) { lower } else { lower.nfkc().collect() })
    }
}
