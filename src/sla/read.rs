//! Reading `sla/*.toml`: all problems with their places.

use super::metric::Metric;
use super::policy::{Alert, AlertKind, OnChange, OnReopen, OpenedByAgent, Point, Policy, Targets, allowance, warning_name};
use super::{Agreements, declare, overlap};
use crate::calendar::{Offset, Span};
use crate::condition::reading::{Document, Item, Table, unknown};
use crate::condition::{Condition, Scripts, actions_from_toml, level_missing};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, nearest, text};
use crate::id::{CalendarName, ChannelName, LevelName, MetricName, PolicyName};
use crate::ticket::{Agreement, Allowance, Schema, WaitsOn};

const TOP: [&str; 3] = ["agreement", "metrics", "policies"];
const POLICY: [&str; 12] = [
    "name",
    "label",
    "match",
    "calendar",
    "targets",
    "stops",
    "on_change",
    "on_reopen",
    "opened_by_agent",
    "backdate_limit",
    "warnings",
    "escalations",
];
const WARNING: [&str; 5] = ["metric", "at", "suppress_past", "when", "actions"];
const ESCALATION: [&str; 5] = ["metric", "at", "level", "when", "actions"];

impl Agreements {
    /// Reads the files of `sla/`, in the order given: policies of one agreement are tried in that order, top to bottom (S37).
    ///
    /// Checked are: every name (metric, priority, calendar, channel, words, names in conditions and actions), durations (`bad-duration`; a target of nothing is `empty-target`), points
    /// (`bad-point`), doubles (`duplicate-policy`, `duplicate-alert`), alerts of a metric without target (`alert-without-target`). Warned of are: a policy no ticket reaches (`shadowed-policy`), two policies
    /// with the same match (`same-match`), a policy without targets, a point before the start of its clock, levels out of order. The agreements are there if nothing is an error.
    ///
    /// ```
    /// use ticketry::condition::NoScripts;
    /// use ticketry::sla::Agreements;
    /// use ticketry::ticket::{Scale, Schema};
    /// let schema = Schema { priority: Scale::of(&["normal", "urgent"]), calendars: ["office".into()].into(), ..Schema::default() };
    /// let file = r#"
    /// agreement = "customer"
    ///
    /// [[policies]]
    /// name = "standard"
    /// calendar = "office"
    /// stops.resolution = ["requester", "vendor"]
    /// warnings = [{ metric = "resolution", at = "75%" }]
    ///
    /// [policies.targets.first_response]
    /// urgent = "15m"
    /// default = "2bh"
    ///
    /// [policies.targets.resolution]
    /// default = "2bd"
    /// "#;
    /// let (agreements, problems) = Agreements::load([("sla/customer.toml", file)], &schema, &NoScripts);
    /// assert!(problems.is_empty() && agreements.is_some());
    ///
    /// let (none, problems) = Agreements::load([("sla/customer.toml", &*file.replace("urgent", "urgend"))], &schema, &NoScripts);
    /// assert!(none.is_none());
    /// assert_eq!(problems.iter().next().unwrap().place().unwrap().to_string(), "sla/customer.toml:11:1");
    /// ```
    pub fn load<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
        schema: &Schema,
        scripts: &dyn Scripts,
    ) -> (Option<Self>, Diagnostics) {
        let mut problems = Diagnostics::new();
        let mut policies: Vec<Policy> = Vec::new();
        let documents: Vec<Document<'a>> = files.into_iter().map(|(file, content)| Document::parse(file, content)).collect();
        // A metric of one file may be named in any other.
        let mut metrics = Vec::new();
        for document in &documents {
            declare::read(document, schema, scripts, &mut metrics);
        }
        let metrics = metrics.into_iter().fold(Metric::shipped(), |mut all, m| {
            declare::insert(&mut all, m);
            all
        });
        for document in &documents {
            Reader { document, schema, scripts, metrics: &metrics }.file(&mut policies);
        }
        for document in documents {
            problems.extend(document.finish());
        }
        problems.extend(overlap::check(&policies));
        let ok = !problems.has_errors();
        (ok.then(|| Self::with(metrics, policies)), problems)
    }
}

struct Reader<'d> {
    document: &'d Document<'d>,
    schema: &'d Schema,
    scripts: &'d dyn Scripts,
    metrics: &'d [Metric],
}

impl<'d> Reader<'d> {
    /// Adds those policies of which it is known which tickets they are for; what is wrong with the others is reported.
    fn file(&self, all: &mut Vec<Policy>) {
        let root = self.document.root(&TOP);
        let agreement = root.get("agreement").map_or(Some(Agreement::Customer), |i| agreement(&i));
        if !root.has("policies") && root.has("metrics") {
            return;
        }
        let Some(policies) = root.need("policies", "the policies, one [[policies]] each", "策略，每个一段 [[policies]]") else {
            return;
        };
        for item in policies.list() {
            let policy = self.policy(&item, agreement.unwrap_or(Agreement::Customer));
            let sure = |p: &Policy| agreement.is_some() && item.as_table().is_some_and(|t| t.has("match")) == p.matches.is_some();
            all.extend(policy.filter(sure));
        }
    }

    fn policy(&self, item: &Item<'d>, agreement: Agreement) -> Option<Policy> {
        let t = item.table(&POLICY)?;
        let name = t.need("name", "what the policy is called", "策略名称").and_then(|i| i.name());
        let mut p = Policy::new(PolicyName::new(name.unwrap_or("?")));
        p.agreement = agreement;
        p.place = t.get("name").map_or_else(|| t.place(), |i| i.place());
        if let Some(label) = t.get("label").and_then(|i| i.label()) {
            p.label = label;
        }
        p.matches = t.get("match").and_then(|i| self.condition(&i));
        p.calendar = t.get("calendar").and_then(|i| self.calendar(&i));
        // Names of metrics that are none: one of them may be the metric that an alert misses.
        let mut untold: Vec<&str> = Vec::new();
        if let Some(i) = t.get("targets") {
            for (key, item) in i.entries() {
                let targets = self.targets(&item, true).unwrap_or_default();
                match self.metric(key.name, &key.place) {
                    Some(metric) => {
                        p.targets.insert(metric, targets);
                    }
                    None => untold.push(key.name),
                }
            }
        }
        if p.targets.is_empty() && !t.has("targets") {
            self.document.report(
                Diagnostic::warning(
                    "no-targets",
                    text("this policy has no targets: tickets under it have no clocks", "该策略没有目标：其下的工单不计时"),
                )
                .at(p.place.clone())
                .help(text(
                    "write [policies.targets.resolution] with default = \"8bh\"",
                    "请写 [policies.targets.resolution]，例如 default = \"8bh\"",
                )),
            );
        }
        if let Some(i) = t.get("stops") {
            for (key, item) in i.entries() {
                let words: Vec<(&str, WaitsOn)> = WaitsOn::ALL.iter().map(|w| (w.word(), *w)).collect();
                let on = item.list().iter().filter_map(|w| w.word(&words)).collect();
                if let Some(metric) = self.metric(key.name, &key.place) {
                    p.stops.insert(metric, on);
                }
            }
        }
        let change = [("rebase", OnChange::Rebase), ("keep", OnChange::Keep), ("restart", OnChange::Restart)];
        let reopen = [("resume", OnReopen::Resume), ("counted", OnReopen::Counted), ("new", OnReopen::New)];
        let agent =
            [("none", OpenedByAgent::None), ("first_reply", OpenedByAgent::FirstReply), ("second_reply", OpenedByAgent::SecondReply)];
        p.on_change = t.get("on_change").and_then(|i| i.word(&change)).unwrap_or_default();
        p.on_reopen = t.get("on_reopen").and_then(|i| i.word(&reopen)).unwrap_or_default();
        p.opened_by_agent = t.get("opened_by_agent").and_then(|i| i.word(&agent)).unwrap_or_default();
        if let Some(limit) = t.get("backdate_limit").and_then(|i| self.wall(&i)) {
            p.backdate_limit = limit;
        }
        for (key, level) in [("warnings", false), ("escalations", true)] {
            for item in t.get(key).map(|i| i.list()).unwrap_or_default() {
                if let Some(alert) = self.alert(&item, level, &p, &untold) {
                    p.alerts.push(alert);
                }
            }
        }
        name.map(|_| p)
    }

    fn condition(&self, item: &Item<'d>) -> Option<Condition> {
        match item.form()?.check(self.schema, self.scripts, &item.inner_place()) {
            Ok(c) => Some(c),
            Err(bad) => {
                self.document.report_all(bad);
                None
            }
        }
    }
    fn calendar(&self, item: &Item<'d>) -> Option<CalendarName> {
        let name = item.name()?;
        if !self.schema.calendars.contains(name) {
            let known = self.schema.calendars.iter().map(CalendarName::as_str);
            self.document.report(unknown("unknown-calendar", ("calendar", "日历"), name, known, item.place()));
        }
        Some(CalendarName::new(name))
    }
    fn metric(&self, name: &str, place: &Place) -> Option<MetricName> {
        if self.metrics.iter().any(|m| m.name == *name) {
            return Some(MetricName::new(name));
        }
        let known = self.metrics.iter().map(|m| m.name.as_str());
        self.document.report(unknown("unknown-metric", ("metric", "指标"), name, known, place.clone()));
        None
    }
    /// Whether a name that is no metric may be a slip for this one.
    fn may_mean(&self, name: &str, metric: &MetricName) -> bool {
        nearest(name, self.metrics.iter().map(|m| m.name.as_str())).is_none_or(|near| *metric == *near.as_str())
    }
    fn targets(&self, item: &Item<'d>, channels: bool) -> Option<Targets> {
        if item.as_table().is_none() {
            // One target for every priority.
            return Some(Targets { default: Some(self.target(item)?), ..Targets::default() });
        }
        let mut targets = Targets::default();
        for (key, item) in item.entries() {
            match key.name {
                "default" => targets.default = self.target(&item),
                "channels" if channels => {
                    for (channel, item) in item.entries() {
                        if !self.schema.channels.contains_key(channel.name) {
                            let known = self.schema.channels.keys().map(ChannelName::as_str);
                            self.document.report(unknown("unknown-channel", ("channel", "渠道"), channel.name, known, channel.place));
                        }
                        if let Some(t) = self.targets(&item, false) {
                            targets.channels.insert(ChannelName::new(channel.name), t);
                        }
                    }
                }
                level => {
                    if let Some(d) = level_missing(&self.schema.priority, ("priority", "优先级"), level, key.place) {
                        self.document.report(d);
                    }
                    if let Some(a) = self.target(&item) {
                        targets.levels.insert(LevelName::new(level), a);
                    }
                }
            }
        }
        Some(targets)
    }
    fn target(&self, item: &Item<'d>) -> Option<Allowance> {
        let span = self.span(item)?;
        allowance(span).or_else(|| {
            item.wrong(
                "empty-target",
                text("a target must be longer than nothing", "目标时长必须大于零"),
                Some(text("leave the target out where there is none", "没有目标时请不要写")),
            )
        })
    }
    fn span(&self, item: &Item<'d>) -> Option<Span> {
        item.parsed("bad-duration", |s| s.parse::<Span>().map_err(|e| e.text()))
    }
    fn wall(&self, item: &Item<'d>) -> Option<i64> {
        match self.span(item)? {
            Span::Wall(d) => d.num_microseconds(),
            Span::Open(_) | Span::Days(_) => {
                item.wrong("bad-duration", text("the backdate limit is wall time, such as `1d`", "回溯上限为自然时间，例如 `1d`"), None)
            }
        }
    }

    /// A warning or a level of a policy; `untold` are names it has targets for that are no metrics.
    fn alert(&self, item: &Item<'d>, level: bool, policy: &Policy, untold: &[&str]) -> Option<Alert> {
        let t: Table<'d> = item.table(if level { &ESCALATION } else { &WARNING })?;
        let metric_item = t.need("metric", "the metric meant", "所指的指标")?;
        let metric = self.metric(metric_item.text()?, &metric_item.place());
        let at_item = t.need("at", "when: `75%`, `-30bm`, `+2bh`", "何时：`75%`、`-30bm`、`+2bh`")?;
        let at = self.point(&at_item, level);
        let when = t.get("when").and_then(|i| self.condition(&i));
        let actions = t.get("actions").map(|i| actions_from_toml(&i, self.schema)).unwrap_or_default();
        let number =
            if level { t.need("level", "which level, from 1", "级别，从 1 开始").and_then(|i| i.integer(1, 99)) } else { None };
        let (metric, at) = (metric?, at?);
        let kind = if level {
            AlertKind::Level(u8::try_from(number?).ok()?)
        } else {
            AlertKind::Warning { suppress_past: t.get("suppress_past").and_then(|i| i.boolean()).unwrap_or(false) }
        };
        let name = match kind {
            AlertKind::Level(n) => LevelName::new(format!("level:{n}")),
            AlertKind::Warning { .. } => warning_name(at),
        };
        match policy.targets.get(&metric) {
            None if untold.iter().any(|name| self.may_mean(name, &metric)) => return None,
            None => {
                return metric_item.wrong(
                    "alert-without-target",
                    text(format!("this policy has no target for {metric}"), format!("该策略没有 {metric} 的目标")),
                    Some(text(format!("give [policies.targets.{metric}]"), format!("请给出 [policies.targets.{metric}]"))),
                );
            }
            Some(targets) => self.before_start(at, targets, &at_item),
        }
        if policy.alerts.iter().any(|a| a.metric == metric && a.name == name) {
            return item.wrong(
                "duplicate-alert",
                text(format!("{metric} has `{name}` already"), format!("{metric} 已有 `{name}`")),
                Some(text("each level and each point of a warning once per metric", "同一指标的每个级别、每个预警点只写一次")),
            );
        }
        self.in_order(&metric, at, kind, policy, &at_item);
        Some(Alert { name, metric, at, kind, when, actions })
    }
    fn point(&self, item: &Item<'d>, level: bool) -> Option<Point> {
        let examples = if level {
            ("`\"150%\"` or `\"+2bh\"`", "`\"150%\"` 或 `\"+2bh\"`")
        } else {
            ("`\"75%\"` or `\"-30bm\"`", "`\"75%\"` 或 `\"-30bm\"`")
        };
        let Some(written) = item.as_text() else {
            return item.wrong(
                "wrong-type",
                text(
                    "`at` is a text: a share of the target, or how long before or after it is due",
                    "`at` 应为文本：目标的百分比，或截止前后多久",
                ),
                Some(text(format!("write {}", examples.0), format!("请写 {}", examples.1))),
            );
        };
        if !written.is_empty() && written.chars().all(|c| c.is_ascii_digit()) {
            return item.wrong(
                "bad-point",
                text(format!("`{written}` does not say what it counts"), format!("`{written}` 未说明单位")),
                Some(text(
                    format!("for a share of the target write `{written}%`, for a time {}", if level { "`+2bh`" } else { "`-30bm`" }),
                    format!("目标的百分比请写 `{written}%`，时间请写 {}", if level { "`+2bh`" } else { "`-30bm`" }),
                )),
            );
        }
        if let Some(percent) = written.trim().strip_suffix('%') {
            let most = if level { 1000 } else { 100 };
            return match percent.trim().parse::<u16>() {
                Ok(p) if (1..=most).contains(&p) => Some(Point::Percent(p)),
                _ => item.wrong(
                    "bad-point",
                    text(format!("`{written}` is no percentage from 1% to {most}%"), format!("`{written}` 不是 1% 到 {most}% 的百分比")),
                    (!level)
                        .then(|| text("what comes after the due instant is an escalation, up to 1000%", "截止之后的是升级，可写到 1000%")),
                ),
            };
        }
        let offset: Offset = item.parsed("bad-point", |s| s.parse::<Offset>().map_err(|e| e.text()))?;
        if !level && !offset.before {
            return item.wrong(
                "bad-point",
                text("a warning comes before the due instant", "预警应在截止之前"),
                Some(text(
                    "write `-30bm` or `75%`; what comes at or after it is an escalation",
                    "请写 `-30bm` 或 `75%`；截止时或之后的是升级",
                )),
            );
        }
        Some(Point::Offset(offset))
    }
    /// Warns of a point that lies before the start of some clock, where that can be told.
    fn before_start(&self, at: Point, targets: &Targets, item: &Item<'d>) {
        let Point::Offset(Offset { before: true, span }) = at else { return };
        let mut all = targets
            .levels
            .values()
            .chain(&targets.default)
            .chain(targets.channels.values().flat_map(|c| c.levels.values().chain(&c.default)));
        let short = all.find(|a| match (span, a) {
            (Span::Wall(d), Allowance::Wall(n)) | (Span::Open(d), Allowance::Open(n)) => d.num_microseconds().is_some_and(|d| d >= *n),
            (Span::Days(d), Allowance::Days(n)) => d >= *n,
            _ => false,
        });
        if short.is_some() {
            let d = Diagnostic::warning(
                "point-before-start",
                text(
                    "a target of this metric is no longer than that: it would fire as soon as the clock starts",
                    "该指标有目标不长于此：计时一开始就会触发",
                ),
            );
            self.document.report(d.at(item.place()).help(text("use a percentage, such as `75%`", "请用百分比，例如 `75%`")));
        }
    }
    /// Warns of a higher level that comes no later than a lower one, where that can be told.
    fn in_order(&self, metric: &MetricName, at: Point, kind: AlertKind, policy: &Policy, item: &Item<'d>) {
        let AlertKind::Level(level) = kind else { return };
        let wrong = policy.alerts.iter().filter(|a| a.metric == *metric).any(|a| match a.kind {
            AlertKind::Level(other) => match (place(a.at), place(at)) {
                (Some((k, x)), Some((l, y))) if k == l => (other < level && x >= y) || (other > level && x <= y),
                _ => false,
            },
            AlertKind::Warning { .. } => false,
        });
        if wrong {
            let d = Diagnostic::warning(
                "levels-out-of-order",
                text("a higher level comes no later than a lower one", "较高级别不晚于较低级别"),
            );
            self.document.report(d.at(item.place()).help(text("give higher levels later points", "较高级别应更晚")));
        }
    }
}

/// Whose agreement it is; the words of other products are told which is meant.
fn agreement(item: &Item<'_>) -> Option<Agreement> {
    let words = [("customer", Agreement::Customer), ("group", Agreement::Group), ("vendor", Agreement::Vendor)];
    let meant = match item.as_text().map(str::to_ascii_lowercase).as_deref() {
        Some("sla") => Some("customer"),
        Some("ola" | "internal" | "team") => Some("group"),
        Some("uc" | "supplier" | "underpinning") => Some("vendor"),
        _ => None,
    };
    match (meant, item.as_text()) {
        (Some(meant), Some(written)) => item.wrong(
            "unknown-word",
            text(format!("`agreement` is never `{written}`"), format!("`agreement` 不可能是 `{written}`")),
            Some(text(
                format!("write `{meant}`; the agreements are `customer` (SLA), `group` (OLA) and `vendor` (underpinning contract)"),
                format!("请写 `{meant}`；可取 `customer`（SLA）、`group`（OLA）、`vendor`（支撑合同）"),
            )),
        ),
        _ => item.word(&words),
    }
}

/// Kind and signed length of a point: percents compare with percents, offsets with offsets of their kind.
fn place(at: Point) -> Option<(u8, i64)> {
    let o = match at {
        Point::Percent(p) => return Some((3, i64::from(p))),
        Point::Offset(o) => o,
    };
    let (kind, length) = match o.span {
        Span::Wall(d) => (0, d.num_microseconds()?),
        Span::Open(d) => (1, d.num_microseconds()?),
        Span::Days(n) => (2, i64::from(n)),
    };
    Some((kind, if o.before { length.saturating_neg() } else { length }))
}
