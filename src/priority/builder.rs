//! Building a model: the checks behind `priority.toml` and the builder in Rust.

use super::model::{Band, Cell, CompiledTerm, PriorityModel, TermDefinition};
use crate::condition::{Form, Path, Scripts};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Text, text};
use crate::id::LevelName;
use crate::ticket::{Scale, Schema};
use std::collections::BTreeMap;

/// A name or number with its place.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

fn built<T>(value: T) -> At<T> {
    At { value, place: Place::file("builder") }
}

/// One row of the matrix: cells by urgency.
pub(super) type Row = Vec<(At<LevelName>, At<Cell>)>;

/// Builds a [`PriorityModel`] in Rust; `build` checks the same things as reading a file does.
#[derive(Clone, Debug, Default)]
pub struct PriorityModelBuilder {
    pub(super) matrix: Vec<(At<LevelName>, Row)>,
    pub(super) matrix_place: Option<Place>,
    pub(super) default_impact: Option<At<LevelName>>,
    pub(super) default_urgency: Option<At<LevelName>>,
    pub(super) terms: Vec<TermDefinition>,
    pub(super) bands: Vec<(At<LevelName>, At<i64>)>,
    pub(super) hysteresis: Option<At<i64>>,
}

impl PriorityModelBuilder {
    /// One cell of the matrix.
    #[must_use]
    pub fn cell(mut self, impact: &str, urgency: &str, cell: Cell) -> Self {
        let entry = (built(LevelName::new(urgency)), built(cell));
        match self.matrix.iter_mut().find(|(i, _)| i.value == *impact) {
            Some((_, row)) => row.push(entry),
            None => self.matrix.push((built(LevelName::new(impact)), vec![entry])),
        }
        self
    }
    /// What a ticket without impact or urgency counts as.
    #[must_use]
    pub fn defaults(mut self, impact: &str, urgency: &str) -> Self {
        self.default_impact = Some(built(LevelName::new(impact)));
        self.default_urgency = Some(built(LevelName::new(urgency)));
        self
    }
    /// A term.
    #[must_use]
    pub fn term(mut self, when: Form, points: i64, reason: Text) -> Self {
        self.terms.push(TermDefinition { when, points, reason, place: Place::file("builder") });
        self
    }
    /// The lowest score of a level.
    #[must_use]
    pub fn band(mut self, level: &str, from: i64) -> Self {
        self.bands.push((built(LevelName::new(level)), built(from)));
        self
    }
    /// How far below its band a score must fall before the level goes down.
    #[must_use]
    pub fn hysteresis(mut self, points: i64) -> Self {
        self.hysteresis = Some(built(points));
        self
    }

    /// Checks and compiles. Without bands there are 100 points from one priority to the next, the lowest at 0, so that a matrix of names needs nothing
    /// else and a rule that scores 100 raises by one level. Reported are unknown levels, gaps in the matrix, bands that overlap or fall, negative hysteresis, terms that read their own result,
    /// wrong conditions. All problems at once; a matrix that falls where impact or urgency rises is a warning.
    pub fn build(self, schema: &Schema, scripts: &dyn Scripts) -> (Option<PriorityModel>, Diagnostics) {
        let mut problems = Diagnostics::new();
        let mut bands = self.check_bands(schema, &mut problems);
        if self.bands.is_empty() && !(self.matrix.is_empty() && self.terms.is_empty()) {
            let level = |(level, from): (&LevelName, i64)| Band { from, level: level.clone() };
            bands = schema.priority.names().zip((0i64..).step_by(STEP)).map(level).collect();
        }
        let matrix = self.check_matrix(schema, &bands, &mut problems);
        let default = |level: &Option<At<LevelName>>, scale: &Scale, what: (&str, &str), problems: &mut Diagnostics| {
            let level = level.as_ref()?;
            known(level, scale, what, problems).then(|| level.value.clone())
        };
        let default_impact = default(&self.default_impact, &schema.impact, IMPACT, &mut problems);
        let default_urgency = default(&self.default_urgency, &schema.urgency, URGENCY, &mut problems);
        let hysteresis = self.hysteresis.as_ref().map_or(0, |h| {
            if h.value < 0 {
                problems.push(
                    Diagnostic::error(
                        "negative-hysteresis",
                        text(format!("hysteresis {} is negative", h.value), format!("滞后值 {} 为负", h.value)),
                    )
                    .at(h.place.clone())
                    .help(text(
                        "write how many points below its band a level survives, 0 for none",
                        "请填写允许低于档位的分数，0 表示没有滞后",
                    )),
                );
            }
            h.value.max(0)
        });
        let mut terms = Vec::new();
        for t in self.terms {
            match t.when.check(schema, scripts, &t.place) {
                Ok(when) => {
                    if let Some(path) = when.reads().iter().find(|p| matches!(p, Path::Priority | Path::Score)) {
                        problems.push(
                            Diagnostic::error(
                                "term-reads-result",
                                text(
                                    format!("a term of the score reads `{path}`, which it makes"),
                                    format!("得分项读取了由它决定的 `{path}`"),
                                ),
                            )
                            .at(t.place.clone()),
                        );
                    }
                    terms.push(CompiledTerm { when, points: t.points, reason: t.reason });
                }
                Err(more) => problems.extend(more),
            }
        }
        let model = PriorityModel {
            impact: schema.impact.clone(),
            urgency: schema.urgency.clone(),
            default_impact,
            default_urgency,
            matrix,
            terms,
            bands,
            hysteresis,
        };
        ((!problems.has_errors()).then_some(model), problems)
    }

    fn check_bands(&self, schema: &Schema, problems: &mut Diagnostics) -> Vec<Band> {
        let mut bands: Vec<(usize, &At<i64>, Band)> = Vec::new();
        for (level, from) in &self.bands {
            if known(level, &schema.priority, ("priority", "优先级"), problems)
                && let Some(rank) = schema.priority.rank(level.value.as_str())
            {
                if bands.iter().any(|(r, ..)| *r == rank) {
                    let name = &level.value;
                    problems.push(
                        Diagnostic::error("band-twice", text(format!("`{name}` has two bands"), format!("`{name}` 有两个档位")))
                            .at(level.place.clone()),
                    );
                    continue;
                }
                bands.push((rank, from, Band { from: from.value, level: level.value.clone() }));
            }
        }
        bands.sort_by_key(|(rank, ..)| *rank);
        for ((_, _, low), (_, at, high)) in bands.iter().zip(bands.iter().skip(1)) {
            let (l, h) = (&low.level, &high.level);
            if high.from == low.from {
                problems.push(
                    Diagnostic::error(
                        "bands-overlap",
                        text(format!("`{l}` and `{h}` both begin at {}", low.from), format!("`{l}` 与 `{h}` 都从 {} 开始", low.from)),
                    )
                    .at(at.place.clone()),
                );
            } else if high.from < low.from {
                problems.push(
                    Diagnostic::error(
                        "bands-not-rising",
                        text(
                            format!("`{h}` is higher than `{l}` but begins lower, at {} instead of above {}", high.from, low.from),
                            format!("`{h}` 高于 `{l}`，起点却更低：{}，应大于 {}", high.from, low.from),
                        ),
                    )
                    .at(at.place.clone()),
                );
            }
        }
        if let Some((_, first, _)) = bands.first() {
            let missing: Vec<&str> =
                schema.priority.names().map(LevelName::as_str).filter(|n| !bands.iter().any(|(_, _, b)| b.level == **n)).collect();
            if !missing.is_empty() {
                let list = missing.iter().map(|m| format!("`{m}`")).collect::<Vec<_>>().join(", ");
                problems.push(
                    Diagnostic::warning(
                        "band-missing",
                        text(
                            format!("no band for {list}: only people and rules can give it"),
                            format!("{list} 没有档位：只能由人或规则设置"),
                        ),
                    )
                    .at(first.place.clone()),
                );
            }
        }
        bands.into_iter().map(|(_, _, b)| b).collect()
    }

    fn check_matrix(&self, schema: &Schema, bands: &[Band], problems: &mut Diagnostics) -> BTreeMap<LevelName, BTreeMap<LevelName, i64>> {
        let mut matrix: BTreeMap<LevelName, BTreeMap<LevelName, i64>> = BTreeMap::new();
        let mut places: BTreeMap<(LevelName, LevelName), Place> = BTreeMap::new();
        let mut broken = false;
        for (impact, row) in &self.matrix {
            broken |= !known(impact, &schema.impact, IMPACT, problems);
            for (urgency, cell) in row {
                broken |= !known(urgency, &schema.urgency, URGENCY, problems);
                let points = match &cell.value {
                    Cell::Points(n) => *n,
                    Cell::Level(level) => match bands.iter().find(|b| b.level == *level) {
                        Some(band) => band.from,
                        None => {
                            let at = At { value: level.clone(), place: cell.place.clone() };
                            if known(&at, &schema.priority, ("priority", "优先级"), problems) {
                                problems.push(
                                    Diagnostic::error(
                                        "level-without-band",
                                        text(
                                            format!("`{level}` has no band, so the matrix cannot give it"),
                                            format!("`{level}` 没有档位，矩阵无法使用它"),
                                        ),
                                    )
                                    .at(cell.place.clone())
                                    .help(text(format!("add `{level}` to [bands]"), format!("请在 [bands] 中加入 `{level}`"))),
                                );
                            }
                            broken = true;
                            0
                        }
                    },
                };
                let row = matrix.entry(impact.value.clone()).or_default();
                if row.insert(urgency.value.clone(), points).is_some() {
                    problems.push(
                        Diagnostic::error(
                            "cell-twice",
                            text(
                                format!("impact `{}` with urgency `{}` is given twice", impact.value, urgency.value),
                                format!("影响 `{}` 与紧急程度 `{}` 重复", impact.value, urgency.value),
                            ),
                        )
                        .at(cell.place.clone()),
                    );
                }
                places.insert((impact.value.clone(), urgency.value.clone()), cell.place.clone());
            }
        }
        if self.matrix.is_empty() {
            return matrix;
        }
        let at = |i: &LevelName, u: &LevelName| matrix.get(i).and_then(|row| row.get(u)).copied();
        let whole = self.matrix_place.clone().unwrap_or_else(|| Place::file("builder"));
        for i in schema.impact.names() {
            let row = self.matrix.iter().find(|(r, _)| r.value == *i).map_or(&whole, |(r, _)| &r.place);
            let gaps: Vec<String> = schema.urgency.names().filter(|u| at(i, u).is_none()).map(|u| format!("`{u}`")).collect();
            if !gaps.is_empty() {
                let list = gaps.join(", ");
                problems.push(
                    Diagnostic::error(
                        "matrix-gap",
                        text(format!("impact `{i}` has nothing for urgency {list}"), format!("影响 `{i}` 缺少紧急程度 {list} 的取值")),
                    )
                    .at(row.clone()),
                );
                broken = true;
            }
        }
        if !broken {
            let (impacts, urgencies): (Vec<_>, Vec<_>) = (schema.impact.names().collect(), schema.urgency.names().collect());
            let mut falls = |low: (&LevelName, &LevelName), high: (&LevelName, &LevelName)| {
                if let (Some(a), Some(b)) = (at(low.0, low.1), at(high.0, high.1))
                    && b < a
                {
                    let place = places.get(&(high.0.clone(), high.1.clone())).unwrap_or(&whole).clone();
                    problems.push(
                        Diagnostic::warning(
                            "matrix-not-rising",
                            text(
                                format!(
                                    "impact `{}`, urgency `{}` gives {b}, less than the {a} of impact `{}`, urgency `{}`",
                                    high.0, high.1, low.0, low.1
                                ),
                                format!(
                                    "影响 `{}`、紧急程度 `{}` 为 {b}，低于影响 `{}`、紧急程度 `{}` 的 {a}",
                                    high.0, high.1, low.0, low.1
                                ),
                            ),
                        )
                        .at(place),
                    );
                }
            };
            for i in &impacts {
                urgencies.iter().zip(urgencies.iter().skip(1)).for_each(|(a, b)| falls((i, a), (i, b)));
            }
            for u in &urgencies {
                impacts.iter().zip(impacts.iter().skip(1)).for_each(|(a, b)| falls((a, u), (b, u)));
            }
        }
        matrix
    }
}

/// Points from one priority to the next where no bands are given.
const STEP: usize = 100;
const IMPACT: (&str, &str) = ("impact", "影响级别");
const URGENCY: (&str, &str) = ("urgency", "紧急程度");

fn known(level: &At<LevelName>, scale: &Scale, what: (&str, &str), problems: &mut Diagnostics) -> bool {
    let there = scale.has(level.value.as_str());
    if !there {
        let (name, names) = (&level.value, scale.names().map(LevelName::as_str).collect::<Vec<_>>());
        let list = names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
        problems.push(
            Diagnostic::error("unknown-level", text(format!("no {} `{name}`", what.0), format!("没有{} `{name}`", what.1)))
                .at(level.place.clone())
                .maybe_help(
                    crate::diagnostic::did_you_mean(name.as_str(), &names)
                        .or_else(|| Some(text(format!("it is one of {list}"), format!("可取值：{list}")))),
                ),
        );
    }
    there
}
