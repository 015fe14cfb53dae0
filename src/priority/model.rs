//! The compiled model and its arithmetic.

use super::builder::PriorityModelBuilder;
use crate::condition::{Condition, Form, Path, Scripts, View};
use crate::diagnostic::{Diagnostics, Lang, Place, RuleFault, Text, text};
use crate::id::LevelName;
use crate::ticket::{Scale, Schema, ScorePart};
use std::collections::BTreeMap;

/// What a cell of the matrix impact × urgency holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Base points.
    Points(i64),
    /// A priority: worth the lowest score of its band.
    Level(LevelName),
}

/// A term of its own, besides the matrix and the rules: customer tier, business value.
#[derive(Clone, Debug, PartialEq)]
pub struct TermDefinition {
    /// When it counts.
    pub when: Form,
    /// How many points, may be negative.
    pub points: i64,
    /// Why.
    pub reason: Text,
    /// Where it stands.
    pub place: Place,
}

/// One part of a score, with its reason (S63).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Where it comes from: `matrix`, `term` or `rule:NAME`.
    pub what: String,
    /// Points.
    pub points: i64,
    /// Why.
    pub reason: Text,
}

/// What [`PriorityModel::settle`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The sum of all terms, cut to what an `i64` holds.
    pub score: i64,
    /// The level, or the present one where the model has no bands.
    pub priority: Option<LevelName>,
    /// What the score is made of, in order: matrix, terms, rules.
    pub terms: Vec<Term>,
    /// The level the score alone would give, where hysteresis holds the present one.
    pub held: Option<LevelName>,
    /// Terms whose condition failed; they count nothing (S24).
    pub faults: Vec<RuleFault>,
}

impl Settled {
    /// The score, its parts and the level, one line each.
    pub fn render(&self, lang: Lang) -> String {
        let level = self.priority.as_ref().map_or("-", LevelName::as_str);
        let mut lines = vec![match lang {
            Lang::En => format!("priority {level}, score {}", self.score),
            Lang::Zh => format!("优先级 {level}，得分 {}", self.score),
        }];
        lines.extend(self.terms.iter().map(|t| format!("  {:+} {} ({})", t.points, t.reason.get(lang), t.what)));
        if let Some(lower) = &self.held {
            lines.push(match lang {
                Lang::En => format!(
                    "  kept at {level}: the score alone would give {lower}, but it is not below the band by more than the hysteresis"
                ),
                Lang::Zh => format!("  保持 {level}：仅按得分应为 {lower}，但尚未低于该档位超过滞后值"),
            });
        }
        lines.extend(self.faults.iter().map(|f| format!("  {}", f.render(lang))));
        lines.join("\n")
    }
}

#[derive(Clone, Debug)]
pub(super) struct CompiledTerm {
    pub(super) when: Condition,
    pub(super) points: i64,
    pub(super) reason: Text,
}

#[derive(Clone, Debug)]
pub(super) struct Band {
    pub(super) from: i64,
    pub(super) level: LevelName,
}

/// A compiled, immutable priority model.
///
/// ```
/// use ticketry::condition::NoScripts;
/// use ticketry::priority::PriorityModel;
/// use ticketry::ticket::{Scale, Schema};
/// let schema = Schema {
///     impact: Scale::of(&["low", "high"]),
///     urgency: Scale::of(&["low", "high"]),
///     priority: Scale::of(&["low", "medium", "urgent"]),
///     ..Schema::default()
/// };
/// let toml = r#"
/// hysteresis = 5
/// [matrix]
/// low = { low = 0, high = 20 }
/// high = { low = "medium", high = "urgent" }
/// [bands]
/// low = 0
/// medium = 40
/// urgent = 80
/// "#;
/// let (model, problems) = PriorityModel::load("priority.toml", toml, &schema, &NoScripts);
/// assert!(problems.is_empty(), "{problems}");
/// assert_eq!(model.unwrap().base(Some(&"high".into()), Some(&"low".into())), 40);
/// ```
#[derive(Clone, Debug, Default)]
pub struct PriorityModel {
    pub(super) impact: Scale,
    pub(super) urgency: Scale,
    pub(super) default_impact: Option<LevelName>,
    pub(super) default_urgency: Option<LevelName>,
    pub(super) matrix: BTreeMap<LevelName, BTreeMap<LevelName, i64>>,
    pub(super) terms: Vec<CompiledTerm>,
    /// Lowest first, `from` strictly rising.
    pub(super) bands: Vec<Band>,
    pub(super) hysteresis: i64,
}

impl PriorityModel {
    /// No model: the score is what the rules say, the priority stays as it is.
    pub fn none() -> Self {
        Self::default()
    }
    /// A model built in Rust.
    pub fn builder() -> PriorityModelBuilder {
        PriorityModelBuilder::default()
    }
    /// Reads `priority.toml`. The model is there if nothing found forbids it; all problems are found at once.
    pub fn load(file: &str, toml: &str, schema: &Schema, scripts: &dyn Scripts) -> (Option<Self>, Diagnostics) {
        let (definition, mut problems) = super::read::read(file, toml);
        let (model, more) = definition.build(schema, scripts);
        problems.extend(more);
        problems.sort();
        (model.filter(|_| !problems.has_errors()), problems)
    }
    /// Whether there is anything in it.
    pub fn is_none(&self) -> bool {
        self.matrix.is_empty() && self.terms.is_empty() && self.bands.is_empty()
    }
    /// Everything its terms read.
    pub fn reads(&self) -> impl Iterator<Item = &Path> {
        self.terms.iter().flat_map(|t| t.when.reads())
    }
    /// Whether a term needs the customer record.
    pub fn reads_customer(&self) -> bool {
        self.terms.iter().any(|t| t.when.reads_customer())
    }
    /// The matrix's points. A missing impact or urgency is `default_impact` or `default_urgency`, else the lowest of its scale.
    pub fn base(&self, impact: Option<&LevelName>, urgency: Option<&LevelName>) -> i64 {
        let (i, u) = self.coordinates(impact, urgency);
        i.zip(u).and_then(|(i, u)| self.matrix.get(i)?.get(u)).copied().unwrap_or(0)
    }
    fn coordinates<'a>(
        &'a self,
        impact: Option<&'a LevelName>,
        urgency: Option<&'a LevelName>,
    ) -> (Option<&'a LevelName>, Option<&'a LevelName>) {
        (
            impact.or(self.default_impact.as_ref()).or_else(|| self.impact.at(0)),
            urgency.or(self.default_urgency.as_ref()).or_else(|| self.urgency.at(0)),
        )
    }

    /// Score and level alone, without reasons: what `settle` gives, without building anything. A term that fails counts nothing.
    pub fn settle_brief(
        &self,
        view: &View<'_>,
        impact: Option<&LevelName>,
        urgency: Option<&LevelName>,
        parts: &[ScorePart],
        current: Option<&LevelName>,
    ) -> (i64, Option<LevelName>) {
        let mut sum = i128::from(self.base(impact, urgency));
        for t in &self.terms {
            if t.when.holds(view).unwrap_or(false) {
                sum = sum.saturating_add(i128::from(t.points));
            }
        }
        for p in parts {
            sum = sum.saturating_add(i128::from(p.points));
        }
        let score = narrow(sum);
        (score, self.level(score, current).cloned())
    }

    /// Score, level and reasons (S63). Pure; the sum does not depend on the order of its parts and is cut only at the end.
    ///
    /// `current` is the present priority, for hysteresis: it goes up at once, and down only when the score is below its band by more than the
    /// hysteresis. A `current` without a band (a level only people give) does not hold.
    pub fn settle(
        &self,
        view: &View<'_>,
        impact: Option<&LevelName>,
        urgency: Option<&LevelName>,
        parts: &[ScorePart],
        current: Option<&LevelName>,
    ) -> Settled {
        let mut terms = Vec::with_capacity(parts.len().saturating_add(1));
        let mut faults = Vec::new();
        if !self.matrix.is_empty() {
            terms.push(self.matrix_term(impact, urgency));
        }
        for t in &self.terms {
            match t.when.holds(view) {
                Ok(true) => terms.push(Term { what: "term".into(), points: t.points, reason: t.reason.clone() }),
                Ok(false) => {}
                Err(fault) => faults.push(fault),
            }
        }
        for p in parts {
            terms.push(Term { what: format!("rule:{}", p.rule), points: p.points, reason: text(&p.reason, &p.reason) });
        }
        let score = narrow(terms.iter().fold(0i128, |sum, t| sum.saturating_add(i128::from(t.points))));
        let priority = self.level(score, current).cloned();
        let natural = self.natural(score);
        let held = natural.filter(|n| Some(*n) != priority.as_ref()).cloned();
        Settled { score, priority, terms, held, faults }
    }

    fn matrix_term(&self, impact: Option<&LevelName>, urgency: Option<&LevelName>) -> Term {
        let (i, u) = self.coordinates(impact, urgency);
        let name = |l: Option<&LevelName>, scale: &Scale| l.map_or_else(|| text("-", "-"), |l| scale.label(l.as_str()));
        let (i, u) = (name(i, &self.impact), name(u, &self.urgency));
        let (mut en, mut zh) =
            (format!("impact {}, urgency {}", i.en, u.en), format!("影响 {}，紧急程度 {}", i.get(Lang::Zh), u.get(Lang::Zh)));
        match (impact, urgency) {
            (Some(_), Some(_)) => {}
            (None, None) => {
                en.push_str("; neither given");
                zh.push_str("；均未填写，取默认值");
            }
            (None, _) => {
                en.push_str("; impact not given");
                zh.push_str("；影响未填写，取默认值");
            }
            (_, None) => {
                en.push_str("; urgency not given");
                zh.push_str("；紧急程度未填写，取默认值");
            }
        }
        Term { what: "matrix".into(), points: self.base(impact, urgency), reason: text(en, zh) }
    }

    /// The level of a score by its band alone; scores below the lowest band belong to it.
    pub fn natural(&self, score: i64) -> Option<&LevelName> {
        self.bands.iter().rev().find(|b| score >= b.from).or(self.bands.first()).map(|b| &b.level)
    }
    /// The level of a score, given the present one.
    pub fn level<'a>(&'a self, score: i64, current: Option<&'a LevelName>) -> Option<&'a LevelName> {
        if self.bands.is_empty() {
            return current;
        }
        let kept = current.and_then(|c| self.bands.iter().find(|b| b.level == *c));
        match kept {
            // Below its band, but not by more than the hysteresis.
            Some(band) if score < band.from && score >= band.from.saturating_sub(self.hysteresis) => Some(&band.level),
            _ => self.natural(score),
        }
    }
}

fn narrow(sum: i128) -> i64 {
    i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
}
