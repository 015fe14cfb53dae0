//! Desk watches (S86): what is watched, from when on it is too much, and what happens then.

use crate::condition::{Condition, Path};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Text, text};
use crate::id::*;
use crate::ticket::{Recipient, Schema, Ticket};
use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet};

/// A watch over the tickets of a desk: "twenty alike in half an hour". It opens once per episode and clears when the episode is over.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Its name.
    pub name: WatchName,
    /// What people read.
    pub label: Text,
    /// Where it stands.
    pub place: Place,
    /// Which tickets; none: all. The condition sees the ticket as it is now, and `now`; no event and no customer record.
    pub matches: Option<Condition>,
    /// Tickets made within this long before now. None: those that are open now, whenever they were made.
    pub window: Option<TimeDelta>,
    /// From when on it is too much.
    pub measure: Measure,
    /// Below this, in the measure's own unit, the episode is over.
    pub clear: u32,
    /// Who is told, at the beginning and at the end.
    pub notify: Option<Notice>,
    /// The ticket it opens.
    pub open: Option<Alarm>,
}

/// From when on it is too much.
#[derive(Clone, Debug)]
pub enum Measure {
    /// So many tickets.
    Count(u32),
    /// So many an hour; the window must be given.
    Rate(u32),
    /// So many per cent of other tickets.
    Share {
        /// Per cent.
        percent: u32,
        /// Of which tickets; none: of all. Those the watch matches are counted among them only if this holds of them too.
        of: Option<Condition>,
        /// Of fewer tickets than this no share is taken.
        least: u32,
    },
}

/// Who is told, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// A group or an agent.
    pub to: Recipient,
    /// The text, with placeholders such as `{{watch.figure}}`; at the end of the episode the watch's label and figure alone.
    pub text: Text,
}

/// The ticket a watch opens. Its requester is `watch:NAME`, so that it is found; what else is to happen to it, rules say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Type.
    pub kind: TypeName,
    /// Channel.
    pub channel: ChannelName,
    /// Subject, with placeholders.
    pub subject: String,
    /// Description, with placeholders.
    pub description: String,
    /// Category.
    pub category: Option<CategoryPath>,
    /// Impact.
    pub impact: Option<LevelName>,
    /// Urgency.
    pub urgency: Option<LevelName>,
    /// Tags.
    pub tags: BTreeSet<TagName>,
    /// Tickets of the episode get a link of this kind to it.
    pub link: Option<TagName>,
    /// The transition it takes when the episode is over, if it can.
    pub close: Option<TransitionName>,
}

/// A ticket as a watch counts it: when it was made, whether the watch matches it, and whether its share is taken of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sighting {
    /// Made at.
    pub at: UtcInstant,
    /// Matched.
    pub hit: bool,
    /// Among those of which a share is taken.
    pub base: bool,
}

/// An episode begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// When.
    pub at: UtcInstant,
    /// It begins; else it ends.
    pub opens: bool,
    /// The figure then, in the measure's unit.
    pub figure: u32,
}

impl Watch {
    /// The placeholders its texts may have.
    pub const PLACEHOLDERS: [&'static str; 5] = ["watch.name", "watch.figure", "watch.mark", "watch.window", "watch.since"];

    /// The requester of the tickets it opens.
    pub fn requester(&self) -> RequesterId {
        RequesterId::new(format!("watch:{}", self.name))
    }
    /// The mark at which it opens, in its own unit.
    pub fn mark(&self) -> u32 {
        match self.measure {
            Measure::Count(n) | Measure::Rate(n) | Measure::Share { percent: n, .. } => n,
        }
    }
    /// How it counts a ticket at an instant; none where the ticket is of no interest. What cannot be judged counts for nothing.
    ///
    /// Its own tickets are never counted, or it would feed on itself.
    pub fn sighting(&self, ticket: &Ticket, now: UtcInstant) -> Option<Sighting> {
        if ticket.requester.as_str().strip_prefix("watch:") == Some(self.name.as_str()) {
            return None;
        }
        let view = crate::condition::View::of(ticket, now);
        let holds = |c: &Option<Condition>| c.as_ref().is_none_or(|c| c.holds(&view).unwrap_or(false));
        let hit = holds(&self.matches);
        let base = match &self.measure {
            Measure::Share { of, .. } => holds(of),
            _ => hit,
        };
        base.then_some(Sighting { at: ticket.created_at, hit, base })
    }

    /// The figure of so many tickets, and whether it opens and whether it clears.
    fn judge(&self, hits: u64, base: u64) -> (u32, bool, bool) {
        let (mark, clear) = (u64::from(self.mark()), u64::from(self.clear));
        let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        match &self.measure {
            Measure::Count(_) => (small(hits), hits >= mark, hits < clear),
            Measure::Rate(_) => {
                let seconds = self.window.and_then(|w| u64::try_from(w.num_seconds()).ok()).unwrap_or(0).max(1);
                let hourly = hits.saturating_mul(3600);
                let figure = hourly.checked_div(seconds).unwrap_or(0);
                (small(figure), hourly >= mark.saturating_mul(seconds), hourly < clear.saturating_mul(seconds))
            }
            Measure::Share { least, .. } => {
                let parts = hits.saturating_mul(100);
                let enough = base >= u64::from(*least).max(1);
                let figure = parts.checked_div(base).unwrap_or(0);
                (small(figure), enough && parts >= mark.saturating_mul(base), !enough || parts < clear.saturating_mul(base))
            }
        }
    }

    /// Where its episodes begin and end after one instant and up to another, worked out from every ticket made since one window before the first (in order of time): a fold, so
    /// that it does not matter how often anybody looks. `open` says how it stood.
    ///
    /// A ticket counts from its own instant on and no longer once it is as old as the window.
    pub fn turns(&self, seen: &[Sighting], open: bool, after: UtcInstant, until: UtcInstant) -> Vec<Turn> {
        let Some(window) = self.window else { return Vec::new() };
        let mut changes: Vec<(UtcInstant, bool, Sighting)> = Vec::with_capacity(seen.len().saturating_mul(2));
        for s in seen {
            changes.push((s.at, true, *s));
            changes.extend(s.at.checked_add_signed(window).map(|end| (end, false, *s)));
        }
        changes.sort_unstable();
        let (mut hits, mut base, mut open) = (0u64, 0u64, open);
        let mut turns = Vec::new();
        let mut at = after;
        let mut turn = |at: UtcInstant, hits: u64, base: u64, open: &mut bool| {
            let (figure, opens, clears) = self.judge(hits, base);
            if (*open && clears) || (!*open && opens) {
                *open = !*open;
                turns.push(Turn { at, opens: *open, figure });
            }
        };
        for (instant, comes, s) in changes {
            if instant > until {
                break;
            }
            if instant > at {
                // All of an instant counts before it is judged, the first one too: tickets may have been made at that very instant behind the last look.
                turn(at, hits, base, &mut open);
                at = instant;
            }
            let step = |n: u64, counts: bool| match (counts, comes) {
                (true, true) => n.saturating_add(1),
                (true, false) => n.saturating_sub(1),
                (false, _) => n,
            };
            (hits, base) = (step(hits, s.hit), step(base, s.base));
        }
        // Where nothing came or went, what it finds is what it finds now: a ticket may be about something else since.
        turn(if at > after { at } else { until }, hits, base, &mut open);
        turns
    }

    /// The same for a watch without a window, which sees only how things stand now.
    pub fn turn_now(&self, hits: u64, base: u64, open: bool, now: UtcInstant) -> Option<Turn> {
        let (figure, opens, clears) = self.judge(hits, base);
        ((open && clears) || (!open && opens)).then_some(Turn { at: now, opens: !open, figure })
    }

    /// A text of it with its placeholders filled in.
    pub fn fill(&self, template: &str, turn: &Turn, since: &str) -> String {
        let window = self.window.map_or_else(String::new, |w| format!("{} min", w.num_minutes()));
        let values: BTreeMap<&str, String> = [
            ("watch.name", self.name.to_string()),
            ("watch.figure", turn.figure.to_string()),
            ("watch.mark", self.mark().to_string()),
            ("watch.window", window),
            ("watch.since", since.to_string()),
        ]
        .into();
        let mut out = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((name, tail)) = after.split_once("}}") else { break };
            out.push_str(before);
            out.push_str(values.get(name.trim()).map_or("", String::as_str));
            rest = tail;
        }
        out.push_str(rest);
        out
    }

    /// What is wrong with it as a whole, and what it names that the schema does not have.
    pub fn check(&self, schema: &Schema) -> Diagnostics {
        let mut problems = Diagnostics::new();
        let mut bad = |code, en: String, zh: String| problems.push(Diagnostic::error(code, text(en, zh)).at(self.place.clone()));
        let name = &self.name;
        if self.notify.is_none() && self.open.is_none() {
            bad("no-actions", format!("the watch `{name}` asks for nothing"), format!("监测 `{name}` 没有任何动作"));
        }
        if matches!(self.measure, Measure::Rate(_)) && self.window.is_none() {
            bad(
                "missing-key",
                format!("the watch `{name}` has a rate and no `window`"),
                format!("监测 `{name}` 按速率计算，但缺少 `window`"),
            );
        }
        if self.window.is_some_and(|w| w < TimeDelta::minutes(1) || w > TimeDelta::days(7)) {
            bad(
                "out-of-range",
                format!("the window of the watch `{name}` must be a minute to seven days"),
                format!("监测 `{name}` 的窗口应为一分钟到七天"),
            );
        }
        if self.mark() == 0 || self.clear == 0 || self.clear > self.mark() {
            bad(
                "out-of-range",
                format!(
                    "the watch `{name}` opens at {} and clears below {}: the first must be at least the second, and both more than 0",
                    self.mark(),
                    self.clear
                ),
                format!("监测 `{name}` 在 {} 触发、低于 {} 结束：前者不得小于后者，且都应大于 0", self.mark(), self.clear),
            );
        }
        let of = match &self.measure {
            Measure::Share { of, percent, .. } => {
                if *percent > 100 {
                    bad("out-of-range", format!("{percent} is no share in per cent"), format!("{percent} 不是百分比"));
                }
                of.as_ref()
            }
            _ => None,
        };
        for c in self.matches.iter().chain(of) {
            let outside = |p: &&Path| matches!(p, Path::Customer(_)) || p.to_string().starts_with("event.");
            if let Some(path) = c.reads().iter().find(outside) {
                problems.push(
                    Diagnostic::error("not-here", text(format!("a watch cannot see `{path}`"), format!("监测无法读取 `{path}`")))
                        .at(c.place().clone())
                        .help(text(
                            "it sees the tickets and `now` only; let a rule put a tag",
                            "监测只能读取工单和 `now`；可由规则添加标签",
                        )),
                );
            }
        }
        if let Some(a) = &self.open {
            let mut missing = |code, what: (&str, &str), name: &str, known: Vec<&str>| {
                if !known.contains(&name) {
                    problems.push(crate::condition::reading::unknown(code, what, name, known.into_iter(), self.place.clone()));
                }
            };
            missing("unknown-type", ("type", "工单类型"), a.kind.as_str(), schema.types.keys().map(TypeName::as_str).collect());
            missing("unknown-channel", ("channel", "渠道"), a.channel.as_str(), schema.channels.keys().map(ChannelName::as_str).collect());
            if let Some(c) = &a.category {
                missing("unknown-category", ("category", "分类"), c.as_str(), schema.categories.keys().map(CategoryPath::as_str).collect());
            }
            for (level, scale, what) in
                [(&a.impact, &schema.impact, ("impact", "影响")), (&a.urgency, &schema.urgency, ("urgency", "紧急度"))]
            {
                if let Some(l) = level {
                    missing("unknown-level", what, l.as_str(), scale.names().map(LevelName::as_str).collect());
                }
            }
            if let Some(t) = &a.close {
                missing(
                    "unknown-transition",
                    ("transition", "流转"),
                    t.as_str(),
                    schema.transitions.iter().map(TransitionName::as_str).collect(),
                );
            }
        }
        match self.notify.as_ref().map(|n| &n.to) {
            Some(Recipient::Group(g)) => problems.extend(crate::condition::group_missing(schema, g.as_str(), self.place.clone())),
            Some(Recipient::Agent(_)) | None => {}
            Some(_) => problems.push(
                Diagnostic::error(
                    "unknown-recipient",
                    text("a watch has no ticket whose people it could tell", "监测没有对应的工单，无法按角色通知"),
                )
                .at(self.place.clone())
                .help(text(
                    "write `group:NAME` or `agent:NAME`, or `open` a ticket and let rules notify",
                    "请写 `group:名称` 或 `agent:名称`；或用 open 建单，由规则通知",
                )),
            ),
        }
        let texts =
            self.notify.iter().flat_map(|n| [&n.text.en, &n.text.zh]).chain(self.open.iter().flat_map(|a| [&a.subject, &a.description]));
        let unknown: BTreeSet<String> = texts.flat_map(|t| placeholders(t)).filter(|n| !Self::PLACEHOLDERS.contains(&n.as_str())).collect();
        for name in unknown {
            problems.push(super::read::unknown_placeholder(&name, &Self::PLACEHOLDERS.map(str::to_string)).at(self.place.clone()));
        }
        problems
    }
}

/// The names between `{{` and `}}`.
pub(super) fn placeholders(template: &str) -> Vec<String> {
    template.split("{{").skip(1).map(|part| part.split("}}").next().unwrap_or("").trim().to_string()).collect()
}
