//! Rules written in Rust, with the same checks as those in files.

use super::action::checked;
use super::rule::Spots;
use super::timing::two_moments;
use super::{ActionScript, Rule, Then, Timing, Trigger};
use crate::calendar::Span;
use crate::condition::{Form, Scripts};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, text};
use crate::id::{MetricName, RuleName, StateName};
use crate::ticket::{Action, Schema};
use std::{collections::BTreeSet, sync::Arc};

/// Builds a [`Rule`] in Rust; no script engine is needed.
///
/// ```
/// use ticketry::condition::{Form, NoScripts};
/// use ticketry::rules::{RuleBuilder, Trigger};
/// use ticketry::ticket::{Action, Scale, Schema};
/// let schema = Schema { impact: Scale::of(&["low", "high"]), ..Schema::default() };
/// let when: Form = serde_json::from_str(r#"{"field": "impact", "at_least": "high"}"#).unwrap();
/// let rule = RuleBuilder::new("outage")
///     .order(10)
///     .on(Trigger::Created)
///     .on(Trigger::changed("impact"))
///     .when(when)
///     .then([Action::Tag("outage".into())])
///     .build(&schema, &NoScripts)
///     .unwrap();
/// assert!(rule.is_native());
/// ```
#[derive(Clone, Debug)]
pub struct RuleBuilder {
    name: RuleName,
    order: i64,
    place: Place,
    on: Vec<Trigger>,
    times: Vec<Timing>,
    when: Option<Form>,
    then: Option<Then>,
    repeatable: bool,
    stop: bool,
    fail_closed: bool,
    always: bool,
}

impl RuleBuilder {
    /// A rule of this name.
    pub fn new(name: impl Into<RuleName>) -> Self {
        let name = name.into();
        Self {
            place: Place::file(format!("rule {name}")),
            name,
            order: 0,
            on: Vec::new(),
            times: Vec::new(),
            when: None,
            then: None,
            repeatable: false,
            stop: false,
            fail_closed: false,
            always: false,
        }
    }
    /// Its place in the order; lower first.
    #[must_use]
    pub fn order(mut self, order: i64) -> Self {
        self.order = order;
        self
    }
    /// Where it stands, for diagnostics and as tie-breaker of the order.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }
    /// Wakes on this too.
    #[must_use]
    pub fn on(mut self, trigger: Trigger) -> Self {
        self.on.push(trigger);
        self
    }
    /// A time rule: so long after the ticket entered the state, once per stay.
    #[must_use]
    pub fn after(mut self, span: Span, state: impl Into<StateName>) -> Self {
        self.times.push(Timing::After { span, state: state.into() });
        self
    }
    /// A time rule: so long before the due instant of a metric's clock (none: of every clock), once per run.
    #[must_use]
    pub fn before_due(mut self, span: Span, metric: Option<&str>) -> Self {
        self.times.push(Timing::BeforeDue { span, metric: metric.map(MetricName::new) });
        self
    }
    /// A time rule: once in each period of a stay in a state (none: in any state that is not final), at most [`Timing::TIMES`] times in
    /// one stay; [`RuleBuilder::times`] says otherwise.
    #[must_use]
    pub fn every(mut self, span: Span, state: Option<&str>) -> Self {
        self.times.push(Timing::Every { span, state: state.map(StateName::new), times: Timing::TIMES });
        self
    }
    /// How many periods a repeated rule has in one stay.
    #[must_use]
    pub fn times(mut self, most: u32) -> Self {
        if let Some(Timing::Every { times, .. }) = self.times.last_mut() {
            *times = most;
        }
        self
    }
    /// Only if this holds.
    #[must_use]
    pub fn when(mut self, condition: Form) -> Self {
        self.when = Some(condition);
        self
    }
    /// Asks for these actions.
    #[must_use]
    pub fn then(mut self, actions: impl IntoIterator<Item = Action>) -> Self {
        self.then = Some(Then::Actions(actions.into_iter().collect()));
        self
    }
    /// Asks for what this says.
    #[must_use]
    pub fn then_script(mut self, script: Arc<dyn ActionScript>) -> Self {
        self.then = Some(Then::Script(script));
        self
    }
    /// May fire more than once per command (S19).
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }
    /// Later rules are not evaluated when this one matched (S23).
    #[must_use]
    pub fn stop(mut self) -> Self {
        self.stop = true;
        self
    }
    /// If it fails, the command is refused (S24).
    #[must_use]
    pub fn fail_closed(mut self) -> Self {
        self.fail_closed = true;
        self
    }
    /// Wakes on every event.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.always = true;
        self
    }

    /// The rule.
    ///
    /// # Errors
    /// Everything that is wrong with it: `no-trigger`, `two-moments`, `no-actions`, and what its condition, triggers and
    /// actions name that the schema does not have.
    pub fn build(self, schema: &Schema, scripts: &dyn Scripts) -> Result<Rule, Diagnostics> {
        let mut problems = Diagnostics::new();
        let when = match self.when.as_ref().map(|f| f.check(schema, scripts, &self.place)).transpose() {
            Ok(when) => when,
            Err(more) => {
                problems.extend(more);
                None
            }
        };
        let then = match self.then {
            Some(Then::Actions(actions)) => {
                let mut list = Vec::with_capacity(actions.len());
                for action in actions {
                    match checked(action, schema, &|_| self.place.clone()) {
                        Ok(a) => list.push(a),
                        Err(d) => problems.extend(d),
                    }
                }
                Some(Then::Actions(list))
            }
            then => then,
        };
        let on: BTreeSet<Trigger> = self.on.into_iter().collect();
        for t in &on {
            if let Err(d) = Trigger::parse(&t.word(), schema, &self.place) {
                problems.push(d);
            }
        }
        for timing in &self.times {
            problems.extend(timing.wrong(schema, &|_| self.place.clone()));
        }
        if self.times.len() > 1 {
            problems.push(two_moments(&self.name, &self.place));
        }
        let rule = Rule {
            name: self.name,
            order: self.order,
            place: self.place,
            on: on.into_iter().collect(),
            time: self.times.into_iter().next(),
            when,
            then: then.unwrap_or(Then::Actions(Vec::new())),
            repeatable: self.repeatable,
            stop: self.stop,
            fail_closed: self.fail_closed,
            always: self.always,
            reads: BTreeSet::new(),
            writes: BTreeSet::new(),
            spots: Spots::default(),
            asks_event: false,
        };
        problems.extend(rule.shape());
        if problems.has_errors() { Err(problems) } else { Ok(rule.settle()) }
    }
}

impl Rule {
    /// What is wrong with the rule as a whole.
    pub(super) fn shape(&self) -> Diagnostics {
        let mut problems = Diagnostics::new();
        let bad = |code, message, help| Diagnostic::error(code, message).at(self.place.clone()).help(help);
        if self.name.as_str().trim().is_empty() || self.name.as_str().len() > 128 {
            problems.push(bad(
                "bad-name",
                text("a rule's name is text of 1 to 128 bytes", "规则名应为 1 到 128 字节的文本"),
                text("name it after what it does: `vip-to-experts`", "请按其作用命名，例如 `vip-to-experts`"),
            ));
        }
        if self.by_reads() && self.when.is_none() {
            problems.push(bad(
                "no-trigger",
                text(format!("nothing wakes the rule `{}`", self.name), format!("没有任何事件会触发规则 `{}`", self.name)),
                text(
                    "add `.on(\"created\")`, or `.after(\"3bd\", \"pending\")` for a time rule, or a condition: then it wakes when what that reads changes",
                    "请加上 `.on(\"created\")`，定时规则则用 `.after(\"3bd\", \"pending\")`；或加上条件，条件读取的内容变化时触发",
                ),
            ));
        }
        if self.time.is_some() && (self.always || !self.on.is_empty()) {
            problems.push(two_moments(&self.name, &self.place));
        }
        if matches!(&self.then, Then::Actions(a) if a.is_empty()) && !self.stop {
            problems.push(bad(
                "no-actions",
                text(format!("the rule `{}` asks for nothing", self.name), format!("规则 `{}` 没有任何动作", self.name)),
                text(
                    "add `.then(|t| { … })`, or `.stop()` if it only ends the evaluation",
                    "请加上 `.then(|t| { … })`；若只为终止后续规则，请用 `.stop()`",
                ),
            ));
        }
        problems
    }
}
