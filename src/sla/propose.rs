//! Targets from history (S73): what would have been kept.

use super::table::table;
use super::{Agreements, Cycle};
use crate::calendar::Span;
use crate::diagnostic::{Lang, Text, text};
use crate::id::{ChannelName, LevelName, MetricName, PolicyName};
use crate::ticket::{Agreement, Allowance, Outcome, Schema};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::{fmt, str::FromStr};

/// How many of how many cycles are to be kept: exact, any share, such as `95%` or `99.95%`.
///
/// ```
/// use ticketry::sla::Goal;
/// assert_eq!("99.5%".parse(), Ok(Goal::of(199, 200)));
/// assert_eq!(Goal::percent(90).rank(11), 10);        // 90 % of 11 cycles are at least 10
/// assert!("120%".parse::<Goal>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Goal {
    kept: u64,
    of: u64,
}

impl Goal {
    /// So many percent; more than 100 count as 100.
    pub fn percent(n: u8) -> Self {
        Self::of(u64::from(n), 100)
    }
    /// So many of so many; more than all count as all.
    pub fn of(kept: u64, of: u64) -> Self {
        let of = of.max(1);
        let kept = kept.min(of);
        let (mut a, mut b) = (of, kept);
        while let Some(rest) = a.checked_rem(b) {
            (a, b) = (b, rest);
        }
        Self { kept: kept.checked_div(a).unwrap_or(0), of: of.checked_div(a).unwrap_or(1) }
    }
    /// The rank, from 1, of the smallest of `n` sorted values that keeps the goal: the least whole number not below `n × goal`, and at least 1.
    pub fn rank(self, n: u64) -> u64 {
        let wanted = u128::from(n).saturating_mul(u128::from(self.kept));
        let rank = wanted.div_ceil(u128::from(self.of.max(1)));
        u64::try_from(rank).unwrap_or(u64::MAX).max(1)
    }
    /// Whether so many of so many keep the goal.
    pub fn is_kept(self, kept: u64, of: u64) -> bool {
        u128::from(kept).saturating_mul(u128::from(self.of)) >= u128::from(of).saturating_mul(u128::from(self.kept))
    }
}
impl Default for Goal {
    /// 95 %.
    fn default() -> Self {
        Self::percent(95)
    }
}
impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // In millionths of a percent: exact for whatever text can say, cut off for what only `of` can.
        let parts = u128::from(self.kept).saturating_mul(100_000_000).checked_div(u128::from(self.of)).unwrap_or(0);
        let (whole, rest) = (parts.checked_div(1_000_000).unwrap_or(0), parts.checked_rem(1_000_000).unwrap_or(0));
        let rest = format!("{rest:06}");
        match rest.trim_end_matches('0') {
            "" => write!(f, "{whole}%"),
            rest => write!(f, "{whole}.{rest}%"),
        }
    }
}

/// A text that is no share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadGoal(String);

impl BadGoal {
    /// What is wrong and what to write, in both languages.
    pub fn text(&self) -> Text {
        let found = &self.0;
        text(
            format!("`{found}` is no share from 0% to 100%; write `95%` or `99.5%`"),
            format!("`{found}` 不是 0% 到 100% 的百分比；请写 `95%` 或 `99.5%`"),
        )
    }
}
impl fmt::Display for BadGoal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text().en)
    }
}
impl std::error::Error for BadGoal {}

impl FromStr for Goal {
    type Err = BadGoal;
    fn from_str(whole: &str) -> Result<Self, BadGoal> {
        let bad = || BadGoal(whole.chars().take(32).collect());
        let number = whole.trim().strip_suffix('%').ok_or_else(bad)?.trim_end();
        let (before, after) = number.split_once('.').unwrap_or((number, ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if before.is_empty() || !digits(before) || !digits(after) || after.len() > 6 {
            return Err(bad());
        }
        let padded: u64 = format!("{before}{after:0<6}").parse().map_err(|_| bad())?;
        if padded > 100_000_000 { Err(bad()) } else { Ok(Self::of(padded, 100_000_000)) }
    }
}

/// How to propose: by default so that 95 % are kept, a row for each priority and channel, all policies of an agreement together, rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposing {
    /// The share to be kept; 95 %.
    pub goal: Goal,
    /// A row for each channel, else all channels together; yes.
    pub by_channel: bool,
    /// A row for each policy, else all policies of an agreement together; no.
    pub by_policy: bool,
    /// Rounded up to what people write: steps of 5 minutes up to an hour, of 15 up to four, of 30 up to eight, then whole hours; yes.
    pub rounded: bool,
}
impl Default for Proposing {
    /// 95 % per priority and channel, rounded.
    fn default() -> Self {
        Self { goal: Goal::default(), by_channel: true, by_policy: false, rounded: true }
    }
}

/// A proposed target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The agreement.
    pub agreement: Agreement,
    /// The metric.
    pub metric: MetricName,
    /// What people read for it.
    pub label: Text,
    /// The policy, where rows are per policy.
    pub policy: Option<PolicyName>,
    /// The channel, where rows are per channel.
    pub channel: Option<ChannelName>,
    /// The priority; none: tickets without one.
    pub priority: Option<LevelName>,
    /// How many cycles were met or breached: what the proposal rests on.
    pub cycles: u64,
    /// How many lapsed unanswered, and rest on nothing (S38, S60).
    pub unanswered: u64,
    /// The smallest counted µs among the cycles such that at least the goal's share of them took no longer.
    pub quantile: i64,
    /// The target proposed: the quantile, rounded up if so asked, never nothing.
    pub target: Allowance,
    /// How many cycles the target proposed would have kept.
    pub kept: u64,
    /// The present targets of these cycles; usually one.
    pub present: Vec<Allowance>,
    /// How many the present targets would have kept.
    pub kept_now: u64,
    /// Of how many: a working-day target that has changed since, or one of another kind of time, cannot be judged by a figure.
    pub judged: u64,
}

/// Proposed targets, in order of agreement, policy, metric, channel, priority.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposals {
    /// The share they keep.
    pub goal: Goal,
    /// The rows.
    pub rows: Vec<Proposal>,
}

/// What cycles are put together by; the last says wall time.
type Key = (Agreement, Option<PolicyName>, MetricName, Option<ChannelName>, Option<LevelName>, bool);

/// Proposes targets from closed cycles (S73).
///
/// Of each row's cycles met or breached, sorted by counted time, the one of rank ⌈n × goal⌉ (at least 1) is the quantile: the smallest value observed such that at least that share of the cycles
/// is not above it. Cancelled and unanswered cycles are left out. Wall time and open time never mix: each has a row of its own. Working-day targets are counted in open time, and so proposed.
///
/// ```
/// use ticketry::sla::{Agreements, Proposing, propose};
/// assert!(propose(&[], &Agreements::default(), Proposing::default()).rows.is_empty());
/// ```
pub fn propose<'c>(cycles: impl IntoIterator<Item = &'c Cycle>, agreements: &Agreements, how: Proposing) -> Proposals {
    let mut groups: BTreeMap<Key, Vec<&Cycle>> = BTreeMap::new();
    for c in cycles.into_iter().filter(|c| c.outcome != Outcome::Cancelled) {
        let key = (
            c.agreement,
            how.by_policy.then(|| c.policy.clone()),
            c.metric.clone(),
            how.by_channel.then(|| c.channel.clone()),
            c.priority.clone(),
            matches!(c.target, Allowance::Wall(_)),
        );
        groups.entry(key).or_default().push(c);
    }
    Proposals { goal: how.goal, rows: groups.into_iter().filter_map(|(key, cycles)| row(key, &cycles, agreements, how)).collect() }
}

fn row(key: Key, all: &[&Cycle], agreements: &Agreements, how: Proposing) -> Option<Proposal> {
    let (agreement, policy, metric, channel, priority, wall) = key;
    let cycles: Vec<&Cycle> = all.iter().copied().filter(|c| c.outcome != Outcome::Unanswered).collect();
    let mut counted: Vec<i64> = cycles.iter().map(|c| c.counted).collect();
    counted.sort_unstable();
    let n = u64::try_from(counted.len()).unwrap_or(u64::MAX);
    let rank = usize::try_from(how.goal.rank(n)).unwrap_or(usize::MAX);
    let quantile = *counted.get(rank.checked_sub(1)?)?;
    let length = if how.rounded { readable(quantile) } else { quantile.max(1) };
    let mut present = Vec::new();
    let (mut kept_now, mut judged) = (0u64, 0u64);
    for c in &cycles {
        let now = agreements
            .policy(c.agreement, &c.policy)
            .and_then(|p| p.targets.get(&c.metric)?.get(c.priority.as_ref(), &c.channel))
            .unwrap_or(c.target);
        if !present.contains(&now) {
            present.push(now);
        }
        let most = match (now, c.target) {
            (now, then) if now == then => Some(c.budget),
            (Allowance::Wall(n), Allowance::Wall(_)) | (Allowance::Open(n), Allowance::Open(_) | Allowance::Days(_)) => Some(n),
            _ => None,
        };
        judged = judged.saturating_add(u64::from(most.is_some()));
        kept_now = kept_now.saturating_add(u64::from(most.is_some_and(|most| c.counted <= most)));
    }
    present.sort_unstable();
    Some(Proposal {
        agreement,
        label: agreements.metric(&metric).map_or_else(|| text(metric.as_str(), metric.as_str()), |m| m.label.clone()),
        metric,
        policy,
        channel,
        priority,
        cycles: n,
        unanswered: u64::try_from(all.len().saturating_sub(cycles.len())).unwrap_or(u64::MAX),
        quantile,
        target: if wall { Allowance::Wall(length) } else { Allowance::Open(length) },
        kept: u64::try_from(counted.iter().filter(|c| **c <= length).count()).unwrap_or(u64::MAX),
        present,
        kept_now,
        judged,
    })
}

/// Rounded up to what people write.
fn readable(micros: i64) -> i64 {
    const MINUTE: i64 = 60_000_000;
    let minutes = match micros {
        ..3_600_000_001 => 5,
        3_600_000_001..14_400_000_001 => 15,
        14_400_000_001..28_800_000_001 => 30,
        _ => 60,
    };
    let step = MINUTE.saturating_mul(minutes);
    let short = micros.max(1).checked_rem(step).unwrap_or(0);
    if short == 0 { micros } else { micros.max(1).saturating_add(step.saturating_sub(short)) }
}

fn span(a: Allowance) -> Span {
    match a {
        Allowance::Wall(n) => Span::Wall(TimeDelta::microseconds(n)),
        Allowance::Open(n) => Span::Open(TimeDelta::microseconds(n)),
        Allowance::Days(n) => Span::Days(n),
    }
}

impl Proposals {
    /// As an aligned table; priorities by the schema's order, the highest first.
    pub fn render(&self, lang: Lang, schema: &Schema) -> String {
        let goal = text(format!("{} took at most", self.goal), format!("{} 不超过", self.goal));
        let heads = [
            text("metric", "指标"),
            text("policy", "策略"),
            text("channel", "渠道"),
            text("priority", "优先级"),
            text("cycles", "样本"),
            goal,
            text("proposed", "建议目标"),
            text("kept", "可达标"),
            text("present", "现目标"),
            text("kept", "达标"),
            text("unanswered", "未回复"),
        ];
        let mut rows = vec![heads.iter().map(|h| h.get(lang).to_string()).collect::<Vec<_>>()];
        let mut sorted: Vec<&Proposal> = self.rows.iter().collect();
        let rank = |p: &Proposal| p.priority.as_ref().and_then(|l| schema.priority.rank(l.as_str()));
        sorted.sort_by_key(|p| (p.agreement, &p.policy, &p.metric, &p.channel, std::cmp::Reverse(rank(p))));
        let dash = || "-".to_string();
        for p in sorted {
            let kind = |us| if matches!(p.target, Allowance::Wall(_)) { Allowance::Wall(us) } else { Allowance::Open(us) };
            let channel = |c: &ChannelName| schema.channels.get(c).map_or_else(|| c.to_string(), |d| d.label.get(lang).to_string());
            rows.push(vec![
                p.label.get(lang).to_string(),
                p.policy.as_ref().map_or_else(dash, ToString::to_string),
                p.channel.as_ref().map_or_else(dash, channel),
                p.priority.as_ref().map_or_else(dash, |l| schema.priority.label(l.as_str()).get(lang).to_string()),
                p.cycles.to_string(),
                span(kind(p.quantile)).to_string(),
                span(p.target).to_string(),
                format!("{}/{}", p.kept, p.cycles),
                p.present.iter().map(|a| span(*a).to_string()).collect::<Vec<_>>().join(" "),
                if p.judged == 0 { dash() } else { format!("{}/{}", p.kept_now, p.judged) },
                if p.unanswered == 0 { dash() } else { p.unanswered.to_string() },
            ]);
        }
        let empty =
            |i: &usize| *i == 1 && self.rows.iter().all(|p| p.policy.is_none()) || *i == 2 && self.rows.iter().all(|p| p.channel.is_none());
        for row in &mut rows {
            let mut i = 0usize;
            row.retain(|_| {
                let keep = !empty(&i);
                i = i.saturating_add(1);
                keep
            });
        }
        table(&rows, &[1, 2, 3])
    }

    /// The targets of one agreement, written as in a file of `sla/`, to be merged by hand: copy each `[policies.targets.…]` under the policy it is for. By itself the text is a policy without
    /// `match` (called `proposed` unless rows are [by policy](Proposing::by_policy)); put beside yours it would stand behind one that matches all, or before it. Whatever else a policy says is
    /// left to its author. Where one place has rows of both kinds of time, the one with more cycles is written
    /// and the other is a remark.
    pub fn toml(&self, agreement: Agreement) -> String {
        let word = match agreement {
            Agreement::Customer => "customer",
            Agreement::Group => "group",
            Agreement::Vendor => "vendor",
        };
        let mut out = format!(
            "# Proposed targets: copy each [policies.targets.…] under the policy of yours that it is for.\nagreement = \"{word}\"\n"
        );
        let rows: Vec<&Proposal> = self.rows.iter().filter(|p| p.agreement == agreement).collect();
        let mut policies: Vec<Option<&PolicyName>> = rows.iter().map(|p| p.policy.as_ref()).collect();
        policies.dedup();
        for policy in policies {
            let name = policy.map_or("proposed", PolicyName::as_str);
            out.push_str(&format!("\n[[policies]]\nname = {}\n", quoted(name)));
            let mut last = None;
            for p in rows.iter().filter(|p| p.policy.as_ref() == policy) {
                let place = (&p.metric, &p.channel);
                if last != Some(place) {
                    let channel = p.channel.as_ref().map_or_else(String::new, |c| format!(".channels.{}", bare(c.as_str())));
                    out.push_str(&format!("\n[policies.targets.{}{channel}]\n", bare(p.metric.as_str())));
                    last = Some(place);
                }
                let same =
                    |q: &&&Proposal| (&q.policy, &q.metric, &q.channel, &q.priority) == (&p.policy, &p.metric, &p.channel, &p.priority);
                let best = rows.iter().filter(same).max_by_key(|q| (q.cycles, matches!(q.target, Allowance::Open(_))));
                let remark = if best.is_some_and(|b| std::ptr::eq(*b, *p)) { "" } else { "# " };
                let key = p.priority.as_ref().map_or_else(|| "default".to_string(), |l| bare(l.as_str()));
                out.push_str(&format!(
                    "{remark}{key} = \"{}\"  # {}: {} of {} kept, quantile {}\n",
                    span(p.target),
                    self.goal,
                    p.kept,
                    p.cycles,
                    span(if matches!(p.target, Allowance::Wall(_)) { Allowance::Wall(p.quantile) } else { Allowance::Open(p.quantile) }),
                ));
            }
        }
        out
    }
}

/// A key of TOML, quoted where it must be.
fn bare(key: &str) -> String {
    let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if plain { key.to_string() } else { quoted(key) }
}
fn quoted(s: &str) -> String {
    let mut out = String::from("\"");
    for c in s.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
