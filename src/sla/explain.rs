//! Why a clock is as it is: this policy, this target, this due instant (S37, S46, S77).

use super::policy::{Policy, Targets};
use super::reckon::Reckoning;
use super::timeline::{SegmentKind, Timeline, spent, sum, timeline_of};
use super::{Agreements, Metric};
use crate::calendar::{Calendar, Calendars, Span};
use crate::condition::{Customer, View};
use crate::diagnostic::{Lang, Text, text};
use crate::id::{CalendarName, ChannelName, LevelName, MetricName, PolicyName, UtcInstant};
use crate::ticket::{Agreement, Allowance, Clock, ClockId, Entry, Event, Outcome, Ticket};
use chrono::TimeDelta;

/// How a policy fared when one was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It matched, and is the first that did.
    Matched,
    /// The first part of its condition that was false, with what it saw.
    False(String),
    /// Its condition failed, which counts as not matching: stable code.
    Faulted(&'static str),
    /// Nobody asked: one before it had matched.
    NotAsked,
}

/// A policy as it was considered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Considered {
    /// Which.
    pub policy: PolicyName,
    /// What people read.
    pub label: Text,
    /// For which tickets it is, as written; none: for all.
    pub condition: Option<String>,
    /// How it fared.
    pub fit: Fit,
}

/// A place where a target was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// Among the targets of a channel, or those for all.
    pub channel: Option<ChannelName>,
    /// For a priority, or the default.
    pub priority: Option<LevelName>,
    /// What stands there.
    pub target: Option<Allowance>,
}

impl Targets {
    /// Where [`Targets::get`] looks, in order, up to where it finds something: the channel's target for the priority, the channel's default, then the same for all channels.
    ///
    /// ```
    /// use ticketry::sla::Policy;
    /// let p = Policy::new("standard").target("resolution", None, "8bh");
    /// let rungs = p.targets["resolution"].rungs(Some(&"high".into()), &"mail".into());
    /// assert_eq!(rungs.len(), 2);                               // none for `high`, then the default
    /// assert!(rungs[0].target.is_none() && rungs[1].target.is_some());
    /// ```
    pub fn rungs(&self, priority: Option<&LevelName>, channel: &ChannelName) -> Vec<Rung> {
        let mut out: Vec<Rung> = Vec::new();
        let own = self.channels.get(channel).map(|t| (Some(channel), t));
        for (channel, targets) in own.into_iter().chain([(None, self)]) {
            for priority in priority.map(Some).into_iter().chain([None]) {
                let target = priority.map_or(targets.default, |p| targets.levels.get(p).copied());
                out.push(Rung { channel: channel.cloned(), priority: priority.cloned(), target });
                if target.is_some() {
                    return out;
                }
            }
        }
        out
    }
}

/// How the policies fared, per agreement.
type Chosen = Vec<(Agreement, Vec<Considered>)>;

/// A clock explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockAccount {
    /// Which.
    pub clock: ClockId,
    /// What people read for the metric.
    pub label: Text,
    /// The policy that set the target.
    pub policy: PolicyName,
    /// The policies of the agreement in order, as they fared when this one was chosen: on the ticket as it was then, with the customer record at hand now.
    pub considered: Vec<Considered>,
    /// Where the target was looked for, by the priority the ticket has now; empty where the policy is gone.
    pub rungs: Vec<Rung>,
    /// The target.
    pub target: Allowance,
    /// The target in counted µs.
    pub budget: i64,
    /// The calendar it counts in.
    pub calendar: CalendarName,
    /// When it is or was due; none while paused (S44) or where the calendar runs dry.
    pub due: Option<UtcInstant>,
    /// When it was breached.
    pub breached_at: Option<UtcInstant>,
    /// The verdict, if it has stopped.
    pub outcome: Option<Outcome>,
    /// Paused since then.
    pub paused_since: Option<UtcInstant>,
    /// Its life.
    pub timeline: Timeline,
}

impl Agreements {
    /// How the policies of an agreement fare for a ticket, in order (S37).
    pub fn considered(&self, agreement: Agreement, view: &View<'_>) -> Vec<Considered> {
        let mut matched = false;
        let mut fit = |p: &Policy| {
            if matched {
                return Fit::NotAsked;
            }
            let fit = match p.matches.as_ref().map(|c| (c, c.holds(view))) {
                None | Some((_, Ok(true))) => Fit::Matched,
                Some((c, Ok(false))) => Fit::False(c.first_false(view).unwrap_or_else(|| c.to_string())),
                Some((_, Err(fault))) => Fit::Faulted(fault.code()),
            };
            matched = fit == Fit::Matched;
            fit
        };
        self.policies()
            .filter(|p| p.agreement == agreement)
            .map(|p| Considered {
                policy: p.name.clone(),
                label: p.label.clone(),
                condition: p.matches.as_ref().map(ToString::to_string),
                fit: fit(p),
            })
            .collect()
    }

    /// Explains the clocks of a ticket from its journal, as of `until`: the open ones, then the last closed one of each other metric.
    pub fn accounts(&self, calendars: &Calendars, journal: &[Entry], customer: Option<&Customer>, until: UtcInstant) -> Vec<ClockAccount> {
        let Some((ticket, chosen)) = self.history(journal, customer, until) else { return Vec::new() };
        let closed = ticket
            .resting
            .iter()
            .filter(|r| !ticket.clocks.iter().any(|c| (c.id.agreement, &c.id.metric) == (r.id.agreement, &r.id.metric)));
        let all = ticket.clocks.iter().chain(closed);
        all.filter_map(|c| self.account(calendars, journal, &ticket, &chosen, c, until)).collect()
    }

    /// The ticket at `until`, and how the policies fared when the last one of each agreement was chosen.
    fn history(&self, journal: &[Entry], customer: Option<&Customer>, until: UtcInstant) -> Option<(Ticket, Chosen)> {
        let mut ticket = Ticket::begin(journal.first()?)?;
        let mut chosen = Chosen::new();
        for entry in journal {
            for (at, index, caused) in entry.happened() {
                if at > until {
                    return Some((ticket, chosen));
                }
                if let Event::PolicyChosen { agreement, .. } = &caused.event {
                    let view = View { customer, actor: &entry.actor, event: "policy", ..View::of(&ticket, at) };
                    chosen.retain(|(a, _)| a != agreement);
                    chosen.push((*agreement, self.considered(*agreement, &view)));
                }
                ticket.evolve(&caused.event, at, entry.revision, index);
            }
        }
        Some((ticket, chosen))
    }

    fn account(
        &self,
        calendars: &Calendars,
        journal: &[Entry],
        ticket: &Ticket,
        chosen: &[(Agreement, Vec<Considered>)],
        c: &Clock,
        until: UtcInstant,
    ) -> Option<ClockAccount> {
        let closed = ticket.closed_clocks.iter().find(|k| k.id == c.id);
        let targets = self.policy(c.id.agreement, &c.policy).and_then(|p| p.targets.get(&c.id.metric));
        Some(ClockAccount {
            clock: c.id.clone(),
            label: self.label(&c.id.metric),
            policy: c.policy.clone(),
            considered: chosen.iter().find(|(a, _)| *a == c.id.agreement).map(|(_, all)| all.clone()).unwrap_or_default(),
            rungs: targets.map(|t| t.rungs(ticket.priority.as_ref().map(|p| &p.value), &ticket.channel)).unwrap_or_default(),
            target: c.target,
            budget: c.budget,
            calendar: c.calendar.clone(),
            due: closed.map_or(c.due, |k| k.due),
            breached_at: c.breached_at,
            outcome: closed.map(|k| k.outcome),
            paused_since: c.paused_since.filter(|_| closed.is_none()),
            timeline: timeline_of(journal, &c.id, calendars, until)?,
        })
    }

    fn label(&self, metric: &MetricName) -> Text {
        self.metric(metric).map_or_else(|| text(metric.as_str(), metric.as_str()), |m: &Metric| m.label.clone())
    }
}

impl ClockAccount {
    /// In a few lines, instants in a calendar's zone: how it stands, why this policy, why this target, where the time went, where the rest will run.
    pub fn render(&self, lang: Lang, calendar: &Calendar) -> String {
        let mut out = String::new();
        for (i, line) in self.lines(calendar).iter().enumerate() {
            out.push_str(if i == 0 { "" } else { "  " });
            out.push_str(line.get(lang));
            out.push('\n');
        }
        out
    }
    /// The same as texts.
    pub fn lines(&self, calendar: &Calendar) -> Vec<Text> {
        let mut lines = vec![self.standing(calendar), self.why_policy()];
        lines.extend(self.why_target());
        lines.extend(self.went(calendar));
        lines.extend(self.rest(calendar));
        lines
    }

    /// Only how it stands and where its time went.
    pub fn brief(&self, calendar: &Calendar) -> Vec<Text> {
        std::iter::once(self.standing(calendar)).chain(self.went(calendar)).collect()
    }

    fn standing(&self, calendar: &Calendar) -> Text {
        let when = |t: Option<UtcInstant>| t.map_or_else(|| "-".to_string(), |t| calendar.render(t));
        let (en, zh) = match (self.outcome, self.paused_since, self.breached_at) {
            (Some(outcome), ..) => {
                let Text { en, zh } = outcome.label();
                (en, zh)
            }
            (None, Some(since), _) => (format!("paused since {}", when(Some(since))), format!("自 {} 暂停", when(Some(since)))),
            (None, None, Some(_)) => (format!("overdue since {}", when(self.due)), format!("自 {} 超时", when(self.due))),
            (None, None, None) if self.due.is_none() => ("never due".into(), "无截止时间".into()),
            (None, None, None) => (format!("due {}", when(self.due)), format!("截止 {}", when(self.due))),
        };
        let counted = spent(self.timeline.counted);
        let of = if self.budget == i64::MAX {
            ("".into(), "".into())
        } else {
            (format!(" of {}", spent(self.budget)), format!("/{}", spent(self.budget)))
        };
        text(format!("{}: {en}, {counted}{} counted", self.label.en, of.0), format!("{}：{zh}，已计 {counted}{}", self.label.zh, of.1))
    }
    fn why_policy(&self) -> Text {
        let mut en = Vec::new();
        let mut zh = Vec::new();
        for c in &self.considered {
            let name = &c.policy;
            let (a, b) = match &c.fit {
                Fit::Matched => match &c.condition {
                    Some(when) => (format!("{name} matched: {when}"), format!("{name} 匹配：{when}")),
                    None => (format!("{name} has no `match`, so it is for every ticket"), format!("{name} 没有 `match`，适用于所有工单")),
                },
                Fit::False(part) => (format!("{name}: {part} was false"), format!("{name}：{part} 不成立")),
                Fit::Faulted(code) => (format!("{name}: failed ({code})"), format!("{name}：出错（{code}）")),
                Fit::NotAsked => continue,
            };
            en.push(a);
            zh.push(b);
        }
        let first = self.considered.iter().find(|c| c.fit == Fit::Matched);
        if first.is_none_or(|c| c.policy != self.policy) {
            // Kept over a change (S46), or by a customer record that has changed since.
            en.push(format!("this clock keeps {}", self.policy));
            zh.push(format!("本计时保持 {}", self.policy));
        }
        text(format!("policy {}: {}", self.policy, en.join("; ")), format!("策略 {}：{}", self.policy, zh.join("；")))
    }
    fn why_target(&self) -> Option<Text> {
        let target = span(self.target);
        let place = |r: &Rung| match (&r.channel, &r.priority) {
            (Some(c), Some(p)) => text(format!("{p} by {c}"), format!("{c} {p}")),
            (Some(c), None) => text(format!("default by {c}"), format!("{c} 默认")),
            (None, Some(p)) => text(p.as_str(), p.as_str()),
            (None, None) => text("default", "默认"),
        };
        let found = |r: &Rung| r.target.map_or_else(|| text("none", "无"), |t| text(span(t).to_string(), span(t).to_string()));
        let say = |lang: Lang, sep: &str, colon: &str| {
            self.rungs.iter().map(|r| format!("{}{colon}{}", place(r).get(lang), found(r).get(lang))).collect::<Vec<_>>().join(sep)
        };
        let kept = self.rungs.last().and_then(|r| r.target).is_none_or(|t| t != self.target);
        let note = if kept { (", kept from before", "（沿用原目标）") } else { ("", "") };
        (!self.rungs.is_empty()).then(|| {
            text(
                format!("target {target} in calendar {}{}: {}", self.calendar, note.0, say(Lang::En, "; ", " ")),
                format!("目标 {target}，日历 {}{}：{}", self.calendar, note.1, say(Lang::Zh, "；", " ")),
            )
        })
    }
    fn went(&self, calendar: &Calendar) -> Option<Text> {
        let segments = &self.timeline.segments;
        let (first, last) = (segments.first()?, segments.last()?);
        // Each kind once, a pause once for each it waited on, in order of first appearance.
        let mut parts: Vec<(Text, i64)> = Vec::new();
        for s in segments {
            let label = s.label();
            match parts.iter_mut().find(|(l, _)| *l == label) {
                Some((_, n)) => *n = n.saturating_add(s.length()),
                None => parts.push((label, s.length())),
            }
        }
        let say = |lang: Lang| parts.iter().map(|(l, n)| format!("{} {}", l.get(lang), spent(*n))).collect::<Vec<_>>().join(" + ");
        let whole = spent(last.to.signed_duration_since(first.from).num_microseconds().unwrap_or(i64::MAX));
        let whole = if parts.len() > 1 { format!(" = {whole}") } else { String::new() };
        let (from, to) = (calendar.render(first.from), calendar.render(last.to));
        let carried = spent(self.timeline.carried);
        let more = if self.timeline.carried == 0 {
            (String::new(), String::new())
        } else {
            (format!("; {carried} counted in a calendar no longer at hand"), format!("；另有 {carried} 计于已不可查的日历"))
        };
        Some(text(
            format!("time: {}{whole}, {from} to {to}{}", say(Lang::En), more.0),
            format!("时间：{}{whole}，{from} 至 {to}{}", say(Lang::Zh), more.1),
        ))
    }
    fn rest(&self, calendar: &Calendar) -> Option<Text> {
        const SHOWN: usize = 3;
        let ahead = &self.timeline.ahead;
        if ahead.is_empty() {
            return None;
        }
        let left = spent(sum(ahead, SegmentKind::Counted));
        let counted: Vec<_> = ahead.iter().filter(|s| s.kind == SegmentKind::Counted).collect();
        let shown: Vec<String> =
            counted.iter().take(SHOWN).map(|s| format!("{} – {}", calendar.render(s.from), calendar.render(s.to))).collect();
        let more = match counted.len().saturating_sub(SHOWN) {
            0 => (String::new(), String::new()),
            n => (format!(" and {n} more"), format!(" 等，另有 {n} 段")),
        };
        Some(text(format!("left {left}: {}{}", shown.join(", "), more.0), format!("剩余 {left}：{}{}", shown.join("，"), more.1)))
    }
}

fn span(a: Allowance) -> Span {
    match a {
        Allowance::Wall(n) => Span::Wall(TimeDelta::microseconds(n)),
        Allowance::Open(n) => Span::Open(TimeDelta::microseconds(n)),
        Allowance::Days(n) => Span::Days(n),
    }
}

/// Why a clock is due when it is, in one sentence from what the ticket keeps: policy, target, start, pauses, calendar.
pub fn explain_due(clock: &Clock, policy: Option<&Policy>, calendars: &Calendars) -> Text {
    let r = Reckoning::of_clock(calendars, clock);
    let show = |t: UtcInstant| r.calendar.render(t);
    let target = span(clock.target);
    let label = policy.map_or_else(|| text(clock.policy.as_str(), clock.policy.as_str()), |p| p.label.clone());
    let paused =
        clock.pauses.iter().map(|p| r.between(p.from.max(clock.started_at), p.to.max(clock.started_at))).fold(0i64, i64::saturating_add);
    let paused = spent(paused);
    let (calendar, metric, start) = (&clock.calendar, &clock.id.metric, show(clock.started_at));
    let left = spent(clock.budget.saturating_sub(clock.counted));
    let end = match (clock.due, clock.paused_since) {
        (Some(due), _) => text(format!("due {}", show(due)), format!("截止 {}", show(due))),
        (None, Some(since)) => text(format!("paused since {}, {left} left", show(since)), format!("自 {} 暂停，剩余 {left}", show(since))),
        (None, None) => text("never due: the calendar does not open long enough", "无截止时间：日历不再有足够的营业时间"),
    };
    text(
        format!("{metric}: policy {} gives {target} in calendar {calendar}, started {start}, paused {paused}; {}", label.en, end.en),
        format!("{metric}：策略 {} 目标 {target}，日历 {calendar}，自 {start} 起，暂停 {paused}；{}", label.zh, end.zh),
    )
}
