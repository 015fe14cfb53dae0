//! Reading and checking declared metrics.

use super::Agreements;
use super::metric::{Clause, Consequence, Metric, Scope};
use super::sign::Sign;
use crate::condition::reading::{Document, Item, unknown};
use crate::condition::{Condition, Path, Scripts};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, text};
use crate::id::MetricName;
use crate::ticket::{Schema, WaitsOn};

const METRIC: [&str; 12] =
    ["name", "label", "scope", "start", "pause", "resume", "stop", "lapse", "cancel", "reset", "stops", "precedence"];
const CLAUSE: [&str; 2] = ["on", "when"];

impl Metric {
    /// What is wrong with it under a schema; nothing for the shipped ones.
    ///
    /// Checked are the names in its signs, that it starts by events (`start-needs-event`, `reset-needs-event`), that its conditions are data about the ticket alone
    /// (`metric-condition-not-native`, `metric-condition-reads-facts`), that what is of messages stands in a metric per message (`scope-mismatch`), and its `bad-precedence`. Warned of are one that
    /// never ends, and pauses that nothing resumes.
    pub fn check(&self, schema: &Schema) -> Diagnostics {
        let mut found = Diagnostics::new();
        for (what, clause) in self.all_clauses() {
            if let Some(sign) = &clause.on {
                found.extend(sign.check(schema, &self.place));
            }
            found.extend(clause_problems(self.scope, what, clause, &self.place));
        }
        found.extend(whole(self));
        found
    }
}

impl Agreements {
    /// Targets of metrics that nobody declared: `unknown-metric`. Files are checked as they are read.
    pub fn unmeasured(&self) -> Diagnostics {
        let mut found = Diagnostics::new();
        for p in self.policies() {
            for name in p.targets.keys().filter(|n| self.metric(n).is_none()) {
                found.push(unknown(
                    "unknown-metric",
                    ("metric", "指标"),
                    name.as_str(),
                    self.metrics().map(|m| m.name.as_str()),
                    p.place.clone(),
                ));
            }
        }
        found
    }
}

/// Puts a metric in the place of the one of its name, or last.
pub(super) fn insert(metrics: &mut Vec<Metric>, metric: Metric) {
    match metrics.iter_mut().find(|m| m.name == metric.name) {
        Some(old) => *old = metric,
        None => metrics.push(metric),
    }
}

/// Adds the metrics of a file to those of the files before.
pub(super) fn read<'d>(document: &'d Document<'d>, schema: &Schema, scripts: &dyn Scripts, metrics: &mut Vec<Metric>) {
    let Some(list) = document.open_root().get("metrics") else { return };
    for item in list.list() {
        let Some(metric) = one(&item, schema, scripts) else { continue };
        if let Some(twice) = metrics.iter().find(|m| m.name == metric.name) {
            let d = Diagnostic::error(
                "duplicate-metric",
                text(format!("metric `{}` is declared twice", metric.name), format!("指标 `{}` 声明了两次", metric.name)),
            );
            document.report(d.at(metric.place.clone()).also(twice.place.clone(), text("first here", "首次声明")));
            continue;
        }
        metrics.push(metric);
    }
}

fn one(item: &Item<'_>, schema: &Schema, scripts: &dyn Scripts) -> Option<Metric> {
    let t = item.table(&METRIC)?;
    let name = t.need("name", "what the metric is called", "指标名称").and_then(|i| i.name());
    let words = Scope::ALL.map(|s| (s.word(), s));
    let scope = t.need("scope", "how many runs it has: ticket, cycle, message, episode", "计时次数：ticket、cycle、message、episode");
    let scope = scope.and_then(|i| i.word(&words));
    let mut m = Metric::new(MetricName::new(name.unwrap_or("?")), scope.unwrap_or(Scope::Episode));
    m.place = t.get("name").map_or_else(|| t.place(), |i| i.place());
    if let Some(label) = t.get("label").and_then(|i| i.label()) {
        m.label = label;
    }
    let document = item.document();
    // What is missing of a metric can only be said where all of it could be read.
    let mut read = true;
    for what in Consequence::ORDER {
        for item in t.get(what.word()).map(|i| i.one_or_many()).unwrap_or_default() {
            if let Some(clause) = clause(&item, schema, scripts) {
                // Without a scope nothing can be said about what fits it.
                if scope.is_some() {
                    document.report_all(clause_problems(m.scope, what, &clause, &item.place()));
                }
                m.clauses_mut(what).push(clause);
            } else {
                read = false;
            }
        }
    }
    let on = WaitsOn::ALL.map(|w| (w.word(), w));
    m.stops = t.get("stops").map(|i| i.list().iter().filter_map(|w| w.word(&on)).collect()).unwrap_or_default();
    if let Some(item) = t.get("precedence") {
        let words = Consequence::ORDER.map(|k| (k.word(), k));
        let given = item.list();
        let order: Vec<Consequence> = given.iter().filter_map(|i| i.word(&words)).collect();
        if order.len() == given.len() {
            match <[Consequence; 7]>::try_from(order) {
                Ok(order) => m.precedence = order,
                Err(_) => item.wrong::<()>("bad-precedence", every(), None).unwrap_or_default(),
            }
        }
    }
    let started = t.need("start", "what starts it", "何时开始").is_some();
    if started && name.is_some() && scope.is_some() {
        document.report_all(if read { whole(&m) } else { misordered(&m) });
    }
    name.map(|_| m)
}

fn clause(item: &Item<'_>, schema: &Schema, scripts: &dyn Scripts) -> Option<Clause> {
    let sign = |item: &Item<'_>| match Sign::parse(item.text()?, schema, &item.inner_place()) {
        Ok(sign) => Some(sign),
        Err(d) => {
            item.document().report(d);
            None
        }
    };
    if item.as_table().is_none() {
        return sign(item).map(Clause::from);
    }
    let t = item.table(&CLAUSE)?;
    if !t.has("on") && !t.has("when") {
        return item.wrong(
            "empty-clause",
            text("the clause says nothing", "条款为空"),
            Some(text("give `on` with a sign, `when` with a condition, or both", "请给出 on（信号）、when（条件）或两者")),
        );
    }
    let on = t.get("on").map(|i| sign(&i));
    let when = t.get("when").map(|i| i.form()?.check(schema, scripts, &i.inner_place()).map_err(|bad| i.document().report_all(bad)).ok());
    match (on, when) {
        (Some(None), _) | (_, Some(None)) => None,
        (on, when) => Some(Clause { on: on.flatten(), when: when.flatten() }),
    }
}

fn every() -> crate::diagnostic::Text {
    let all = Consequence::ORDER.map(|k| k.word()).join(", ");
    text(format!("a precedence names each of these once: {all}"), format!("precedence 须各写一次：{all}"))
}

/// What is wrong with one clause in its place.
fn clause_problems(scope: Scope, what: Consequence, clause: &Clause, place: &Place) -> Diagnostics {
    let mut found = Diagnostics::new();
    let event = match what {
        Consequence::Start => Some(("start-needs-event", "a run starts when something happens", "计时须由事件开始")),
        Consequence::Reset => Some(("reset-needs-event", "a run begins anew when something happens", "重新计时须由事件触发")),
        _ => None,
    };
    if let Some((code, en, zh)) = event.filter(|_| clause.is_level()) {
        found.push(Diagnostic::error(code, text(format!("{en}, not while something holds"), format!("{zh}，不能由持续状态触发"))).at(place.clone()).help(
            text(
                "name an event: `entered:STATE` instead of `in:STATE`, `{ on = \"changed:priority\", when = \"…\" }` instead of `when` alone",
                "请写事件：用 `entered:STATE` 代替 `in:STATE`，用 `{ on = \"changed:priority\", when = \"…\" }` 代替单独的 when",
            ),
        ));
    }
    let of_message = clause.on.as_ref().is_some_and(Sign::is_of_message);
    let mismatch = match (scope, what) {
        (Scope::Message, Consequence::Start) => (!of_message && !clause.is_level()).then(|| {
            text(
                "a metric per message starts on `owed`, `owed_again` or `spoken`",
                "按消息计时的指标须以 `owed`、`owed_again` 或 `spoken` 开始",
            )
        }),
        (Scope::Message, _) => None,
        _ => of_message.then(|| {
            let word = clause.on.as_ref().map(ToString::to_string).unwrap_or_default();
            text(format!("`{word}` is of metrics per message"), format!("`{word}` 只用于按消息计时的指标"))
        }),
    };
    if let Some(message) = mismatch {
        found.push(Diagnostic::error("scope-mismatch", message).at(place.clone()).help(text(
            "elsewhere write `asked` or `answered`, or set scope = \"message\"",
            "其他指标请写 `asked` 或 `answered`，或设 scope = \"message\"",
        )));
    }
    found.extend(clause.when.as_ref().and_then(condition_problem));
    found
}

/// Why a condition cannot stand in a metric.
fn condition_problem(c: &Condition) -> Option<Diagnostic> {
    if !c.expr().is_native() {
        return Some(
            Diagnostic::error(
                "metric-condition-not-native",
                text(
                    "a metric's condition cannot be a script: figures are worked out from facts alone",
                    "指标的条件不能是脚本：数据只由事实推算",
                ),
            )
            .at(c.place().clone())
            .help(text(
                "write comparisons joined by && and ||, or the table form: { field = \"priority\", is = \"urgent\" }",
                "请写用 && 与 || 连接的比较，或表格形式：{ field = \"priority\", is = \"urgent\" }",
            )),
        );
    }
    let foreign = c.reads().iter().find(|p| {
        matches!(
            p,
            Path::Customer(_)
                | Path::EventName
                | Path::MessageBody
                | Path::MessageKind
                | Path::MessageAuthor
                | Path::MessageAutomatic
                | Path::ActorKind
                | Path::ActorRoles
                | Path::Transition
                | Path::Intake
                | Path::Now
                | Path::SilentFor
                | Path::Due
                | Path::Overdue
        )
    })?;
    Some(
        Diagnostic::error(
            "metric-condition-reads-facts",
            text(format!("`{foreign}` is no fact about the ticket alone"), format!("`{foreign}` 不是仅关于工单的事实")),
        )
        .at(c.place().clone())
        .help(text(
            "read the ticket's own fields; what the customer record says can be set as a field or a tag by a rule, what happens is a sign",
            "请读取工单自身的字段；客户资料可由规则写入字段或标签，发生的事情用信号表示",
        )),
    )
}

/// Its order of consequences, if it names one twice.
fn misordered(m: &Metric) -> Diagnostics {
    if Consequence::ORDER.iter().all(|k| m.position(*k) != usize::MAX) {
        return Diagnostics::new();
    }
    Diagnostic::error("bad-precedence", every()).at(m.place.clone()).into()
}

/// What is wrong with a metric as a whole.
fn whole(m: &Metric) -> Diagnostics {
    let mut found = misordered(m);
    let at = |d: Diagnostic| d.at(m.place.clone());
    if m.start.is_empty() {
        found.push(at(Diagnostic::error("missing-key", text("`start` is missing: what starts it", "缺少 `start`：何时开始"))));
    }
    if m.stop.is_empty() && m.lapse.is_empty() && m.cancel.is_empty() {
        found.push(
            at(Diagnostic::warning("metric-never-ends", text(format!("nothing ends `{}`", m.name), format!("`{}` 没有结束条件", m.name))))
                .help(text(
                    "give `stop`; `final` and `cancelled` end it with the ticket",
                    "请给出 stop；final 与 cancelled 使其随工单结束",
                )),
        );
    }
    let held = m.pause.iter().any(|c| !c.is_level());
    if held && m.resume.is_empty() {
        found.push(
            at(Diagnostic::warning(
                "pause-without-resume",
                text("an event pauses it and nothing resumes it", "有事件使其暂停，但没有恢复条件"),
            ))
            .help(text("give `resume`, or pause while something holds: `in:STATE`", "请给出 resume，或用持续状态暂停：`in:STATE`")),
        );
    }
    if !held && !m.resume.is_empty() {
        found.push(at(Diagnostic::warning(
            "resume-without-pause",
            text("there is no event's pause to resume from", "没有由事件引起的暂停可恢复"),
        )));
    }
    found
}
