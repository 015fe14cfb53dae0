//! What is suspicious about the rules of a playbook, found before any of them runs.
//!
//! What it is: warnings only, each proved as far as the rules themselves can tell: a condition that is always or never true
//! (`condition-always`, `condition-never`, `alternative-never`), a rule that never fires (`never-raised`, `shadowed-rule`), an assignment that
//! another rule sets again in every case (`overwritten`), an action that would always be refused (`always-refused`), rules that wake one
//! another in a circle (`rule-circle`).
//! What it never does: guess. What a script does, what is not known of the surroundings and what takes too long to prove says nothing.
//! Read next: `condition/logic.rs`, which proves; `carry.rs`, which knows what wakes what.

mod between;
mod never;
mod overwritten;
mod refused;
mod shadowed;

use super::graph::RuleCircle;
use super::{RuleSet, Surroundings};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, text};
use crate::ticket::Schema;
use between::Between;
use std::cell::OnceCell;

impl RuleSet {
    /// What is suspicious about the rules together, in order of place; warnings only.
    ///
    /// ```
    /// use ticketry::condition::{Form, NoScripts};
    /// use ticketry::rules::{RuleBuilder, RuleSet, Surroundings, Trigger};
    /// use ticketry::ticket::{Action, Scale, Schema};
    /// let schema = Schema { impact: Scale::of(&["low", "high"]), ..Schema::default() };
    /// let when: Form = serde_json::from_str(r#"{"field": "impact", "is": "high", "below": "high"}"#).unwrap();
    /// let rule = RuleBuilder::new("r").on(Trigger::Created).when(when).then([Action::Tag("x".into())]).build(&schema, &NoScripts).unwrap();
    /// let problems = RuleSet::new(vec![rule]).0.check(&schema, &Surroundings::default());
    /// assert_eq!(problems.iter().map(|d| d.code).collect::<Vec<_>>(), ["condition-never"]);
    /// ```
    pub fn check(&self, schema: &Schema, around: &Surroundings) -> Diagnostics {
        let mut problems = Diagnostics::new();
        let dead = never::check(self, schema, around, &mut problems);
        let between = Lazy { set: self, around, made: OnceCell::new() };
        shadowed::check(self, schema, &between, &dead, &mut problems);
        overwritten::check(self, schema, &between, &dead, &mut problems);
        refused::check(self, schema, around, &between, &dead, &mut problems);
        for circle in self.circles(schema, around) {
            problems.push(circled(&circle, &|name| self.named(name).map(|(_, r)| r.place.clone())));
        }
        problems.sort();
        problems
    }
}

/// Worked out once, and only if something is asked of it: most rules neither stop nor set what another sets.
struct Lazy<'s> {
    set: &'s RuleSet,
    around: &'s Surroundings,
    made: OnceCell<Between>,
}

impl std::ops::Deref for Lazy<'_> {
    type Target = Between;
    fn deref(&self) -> &Between {
        self.made.get_or_init(|| Between::of(self.set, self.around))
    }
}

fn circled(circle: &RuleCircle, place: &dyn Fn(&str) -> Option<Place>) -> Diagnostic {
    let mut way = String::new();
    for s in &circle.steps {
        let by: Vec<&str> = s.by.iter().map(String::as_str).collect();
        way.push_str(&format!("{} →({}) ", s.from, by.join(", ")));
    }
    way.push_str(circle.steps.first().map_or("", |s| s.from.as_str()));
    let d = if circle.endless {
        Diagnostic::warning(
            "rule-circle",
            text(
                format!("these rules wake one another without end: {way}; the chain is cut at its limit"),
                format!("这些规则无休止地互相触发：{way}；规则链到达上限时被截断"),
            ),
        )
        .help(text(
            "leave `.repeatable()` out of one of them, or let its condition exclude what the others set",
            "去掉其中一条的 `.repeatable()`，或让其条件排除其他规则设置的值",
        ))
    } else {
        Diagnostic::warning(
            "rule-circle",
            text(
                format!(
                    "these rules wake one another in a circle: {way}; each fires once per command, so the result depends on where it begins"
                ),
                format!("这些规则循环触发：{way}；每条规则在一次命令中只触发一次，结果取决于从哪条开始"),
            ),
        )
        .help(text("let one of them decide, or let their conditions exclude one another", "只由其中一条决定，或让它们的条件互斥"))
    };
    let mut places: Vec<(String, Place)> = Vec::new();
    for s in &circle.steps {
        if let Some(p) = place(s.from.as_str())
            && !places.iter().any(|(_, q)| *q == p)
        {
            places.push((s.from.to_string(), p));
        }
    }
    places.into_iter().enumerate().fold(
        d,
        |d, (i, (name, p))| {
            if i == 0 { d.at(p) } else { d.also(p, text(format!("`{name}`"), format!("`{name}`"))) }
        },
    )
}
