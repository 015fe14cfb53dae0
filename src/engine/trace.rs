//! The full trace of a decision: every rule and why it did or did not fire, every agent and why or why not.
//!
//! While deciding only the few rules that matched are noted, with marks of what the ticket was like in between: a trace must not cost
//! what the index saves. [`Trace::rules`] works the rest out when somebody reads it, by playing the entry's events again.

use super::actions::describe;
use crate::condition::{Customer, View};
use crate::diagnostic::{Lang, RuleFault, Text, text};
use crate::id::*;
use crate::routing::RouteDecision;
use crate::rules::{Rule, RuleIndex, RuleSet, Woken};
use crate::ticket::*;
use std::ops::Range;
use std::sync::Arc;

/// What became of one rule that was woken.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleTrace {
    /// The rule.
    pub rule: RuleName,
    /// In which wave, from 1; 0 for a time rule's own firing.
    pub wave: u8,
    /// What woke it.
    pub trigger: String,
    /// What became of it.
    pub verdict: Verdict,
    /// What it did, in order; empty unless it fired.
    pub effects: Vec<Done>,
    /// Whether condition and actions ran without the interpreter.
    pub lowered: bool,
    /// Steps of the interpreter; 0 where everything was lowered.
    pub operations: u64,
}

/// One thing a rule did.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// In words.
    pub what: Text,
    /// What undid it or wrote over it later in the same entry.
    pub overridden: Option<Cause>,
}

/// What became of a rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It fired, with these actions.
    Fired(Vec<String>),
    /// This part of its condition was false, with the values it saw.
    False(String),
    /// It failed and was contained.
    Faulted(String),
    /// An action would have been refused, so none was done.
    Refused {
        /// The action.
        action: String,
        /// The refusal's code.
        code: String,
    },
    /// It had fired already in this command.
    Already,
    /// An earlier rule said stop.
    Stopped,
    /// It is suspended.
    Suspended,
}

/// What was noted of a rule while deciding.
#[derive(Clone, Debug)]
pub(super) enum Noted {
    Fired { actions: Vec<Action>, events: Range<usize> },
    Faulted(RuleFault),
    Refused { action: &'static str, code: String },
}

/// One pass over the rules.
#[derive(Clone, Debug, Default)]
pub(super) struct PassTrace {
    pub wave: u8,
    pub woken: Woken,
    pub noted: Vec<(RuleIndex, Noted)>,
    /// Rules that had fired before.
    pub before: Vec<RuleIndex>,
    /// A rule had said stop before.
    pub stopped: bool,
    /// Rules that were suspended.
    pub suspended: Vec<RuleIndex>,
}

/// What conditions saw at a moment, besides the ticket, which the entry's events give.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub events: usize,
    pub now: UtcInstant,
    pub message: Option<Arc<Message>>,
    pub transition: Option<TransitionName>,
    pub intake: Option<Intake>,
}

/// What the trace is worked out from.
#[derive(Debug)]
pub(super) struct Base {
    pub rules: Arc<RuleSet>,
    pub before: Ticket,
    pub entry: Option<Arc<Entry>>,
    pub actor: Actor,
    pub roles: Vec<RoleName>,
    pub customer: Option<Customer>,
}

/// Why a decision came out as it did.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    pub(super) passes: Vec<PassTrace>,
    pub(super) moments: Vec<Moment>,
    pub(super) base: Option<Arc<Base>>,
    /// Terms of the score.
    pub score: Vec<(String, i64, Text)>,
    /// Routing.
    pub routing: Option<RouteDecision>,
    /// Everything else worth saying, in order.
    pub notes: Vec<Text>,
}

impl Trace {
    /// Every rule that was woken, in the order considered, with what became of it; empty unless the context asked for a trace.
    ///
    /// Worked out when called, at the cost of judging each woken rule once more; deciding itself looked at the candidates only.
    pub fn rules(&self) -> Vec<RuleTrace> {
        let Some(base) = &self.base else { return Vec::new() };
        let events: &[Caused] = base.entry.as_ref().map_or(&[], |e| &e.events);
        let mut played = Played { ticket: base.before.clone(), next: 0, base };
        let mut out = Vec::new();
        for pass in &self.passes {
            let mut stopped = pass.stopped;
            for (index, moment) in pass.woken.woken(&base.rules) {
                let Some(rule) = base.rules.get(index) else { continue };
                let word = pass.woken.word(rule);
                let Some(moment) = self.moments.get(moment as usize) else { continue };
                let noted = pass.noted.iter().find(|(i, _)| *i == index).map(|(_, n)| n);
                let mut operations = 0;
                let mut effects = Vec::new();
                let verdict = match noted {
                    Some(Noted::Fired { actions, events: range }) => {
                        operations = rule.operations(&played.view(moment, &word));
                        effects = done(events, range);
                        stopped |= actions.contains(&Action::Stop);
                        Verdict::Fired(actions.iter().map(describe).collect())
                    }
                    Some(Noted::Faulted(fault)) => Verdict::Faulted(fault.to_string()),
                    Some(Noted::Refused { action, code }) => Verdict::Refused { action: (*action).to_string(), code: code.clone() },
                    None if pass.suspended.contains(&index) => Verdict::Suspended,
                    None if stopped => Verdict::Stopped,
                    None if !rule.repeatable && pass.before.contains(&index) => Verdict::Already,
                    None => {
                        let view = played.view(moment, &word);
                        operations = rule.operations(&view);
                        Verdict::False(rule.first_false(&view).unwrap_or_default())
                    }
                };
                out.push(RuleTrace {
                    rule: rule.name.clone(),
                    wave: pass.wave,
                    trigger: word.into_owned(),
                    verdict,
                    effects,
                    lowered: rule.is_native(),
                    operations,
                });
            }
        }
        out
    }

    /// Shows every rule that was judged, in the order considered, with what its condition saw and whether it fired; what coverage counts.
    /// Nothing is shown unless the context asked for a trace.
    pub fn judged(&self, look: &mut dyn FnMut(&Rule, &View<'_>, bool)) {
        let Some(base) = &self.base else { return };
        let mut played = Played { ticket: base.before.clone(), next: 0, base };
        for pass in &self.passes {
            let mut stopped = pass.stopped;
            for (index, moment) in pass.woken.woken(&base.rules) {
                let (Some(rule), Some(moment)) = (base.rules.get(index), self.moments.get(moment as usize)) else { continue };
                let noted = pass.noted.iter().find(|(i, _)| *i == index).map(|(_, n)| n);
                if noted.is_none() && (stopped || (!rule.repeatable && pass.before.contains(&index))) {
                    continue;
                }
                let word = pass.woken.word(rule);
                look(rule, &played.view(moment, &word), matches!(noted, Some(Noted::Fired { .. })));
                if let Some(Noted::Fired { actions, .. }) = noted {
                    stopped |= actions.contains(&Action::Stop);
                }
            }
        }
    }

    /// The circles in which rules went round until their chain was cut (S20), each rule once.
    pub fn cut(&self) -> Vec<&[RuleName]> {
        let entry = self.base.as_ref().and_then(|b| b.entry.as_ref());
        let events = entry.map(|e| e.events.as_slice()).unwrap_or_default();
        events.iter().filter_map(|c| if let Event::ChainCut { rules } = &c.event { Some(rules.as_slice()) } else { None }).collect()
    }

    /// The trace as lines of text.
    pub fn render(&self, lang: Lang) -> Vec<String> {
        let mut lines: Vec<String> = self.notes.iter().map(|n| n.get(lang).to_string()).collect();
        for r in self.rules() {
            r.render(lang, &mut lines);
        }
        for cut in self.cut() {
            // Back to where it began.
            let way: Vec<&str> = cut.iter().chain(cut.first()).map(RuleName::as_str).collect();
            let way = way.join(" → ");
            lines.push(text(format!("a chain of rules was cut: {way}"), format!("规则链过长被截断：{way}")).get(lang).to_string());
        }
        for (what, points, reason) in &self.score {
            let word = if lang == Lang::Zh { "分数" } else { "score" };
            lines.push(format!("{word} {points:+} {what}: {}", reason.get(lang)));
        }
        if let Some(r) = &self.routing {
            lines.extend(r.render(lang, None).lines().map(str::to_string));
        }
        lines
    }
}

impl RuleTrace {
    fn render(&self, lang: Lang, lines: &mut Vec<String>) {
        let what = match &self.verdict {
            Verdict::Fired(actions) => text(format!("fired: {}", actions.join("; ")), format!("触发：{}", actions.join("；"))),
            Verdict::False(part) => text(format!("not fired, since this was false: {part}"), format!("未触发，条件不成立：{part}")),
            Verdict::Faulted(m) => text(format!("failed and was contained: {m}"), format!("出错，已隔离：{m}")),
            Verdict::Refused { action, code } => {
                text(format!("nothing done, since {action} would be refused [{code}]"), format!("未执行，因为 {action} 会被拒绝 [{code}]"))
            }
            Verdict::Already => text("had fired already", "本次命令中已触发过"),
            Verdict::Stopped => text("not considered after a stop", "因 stop 未再评估"),
            Verdict::Suspended => text("not considered, since it is suspended", "已暂停，未评估"),
        };
        let how = match (self.lowered, self.operations) {
            (true, _) => text("lowered", "已编译"),
            (false, 0) => text("script", "脚本"),
            (false, n) => text(format!("script, {n} steps"), format!("脚本，{n} 步")),
        };
        let word = if lang == Lang::Zh { "规则" } else { "rule" };
        lines.push(format!("{word} {} ({}, {}): {}", self.rule, self.trigger, how.get(lang), what.get(lang)));
        for e in &self.effects {
            let over = match &e.overridden {
                None => text("", ""),
                Some(Cause::Rule(r)) => text(format!(", overridden by rule {r}"), format!("，后被规则 {r} 覆盖")),
                Some(_) => text(", overridden later", "，之后被覆盖"),
            };
            lines.push(format!("  {}{}", e.what.get(lang), over.get(lang)));
        }
    }
}

/// The ticket as it was at a moment; moments come in order.
struct Played<'b> {
    ticket: Ticket,
    next: usize,
    base: &'b Base,
}

impl Played<'_> {
    fn view<'v>(&'v mut self, moment: &'v Moment, event: &'v str) -> View<'v> {
        if let Some(entry) = &self.base.entry {
            let later = entry.happened().skip(self.next).take(moment.events.saturating_sub(self.next));
            for (at, index, caused) in later {
                self.ticket.evolve(&caused.event, at, entry.revision, index);
            }
            self.next = self.next.max(moment.events);
        }
        View {
            ticket: &self.ticket,
            event,
            message: moment.message.as_deref(),
            transition: moment.transition.as_ref(),
            intake: moment.intake,
            actor: &self.base.actor,
            roles: &self.base.roles,
            customer: self.base.customer.as_ref(),
            now: moment.now,
            running: None,
        }
    }
}

/// What the events of one rule did, and what later events made of it.
fn done(events: &[Caused], range: &Range<usize>) -> Vec<Done> {
    let own = events.get(range.clone()).unwrap_or_default();
    let later = events.get(range.end..).unwrap_or_default();
    let mut out = Vec::new();
    for (i, c) in own.iter().enumerate() {
        let Some((what, slot)) = effect(&c.event) else { continue };
        let after = own.get(i.saturating_add(1)..).unwrap_or_default().iter().chain(later);
        let overridden =
            after.filter(|l| slot.is_some() && effect(&l.event).is_some_and(|(_, s)| s == slot)).map(|l| l.cause.clone()).next();
        out.push(Done { what, overridden });
    }
    out
}

/// An event a rule can make, in words, and the thing it writes.
fn effect(event: &Event) -> Option<(Text, Option<String>)> {
    let slot = |s: String| Some(s);
    Some(match event {
        Event::Set { attribute, value, .. } => {
            let v = value.as_ref().map_or_else(|| "()".to_string(), ToString::to_string);
            let line = format!("{} = {v}", attribute.name());
            (text(line.clone(), line), slot(attribute.name().to_string()))
        }
        Event::PrioritySet { priority, .. } => {
            let p = priority.as_ref().map_or_else(|| "()".to_string(), ToString::to_string);
            (text(format!("priority {p}"), format!("优先级 {p}")), slot("priority".into()))
        }
        Event::Scored { points, reason, .. } => (text(format!("score {points:+}: {reason}"), format!("评分 {points:+}：{reason}")), None),
        Event::Tagged(t) => (text(format!("tag {t}"), format!("标签 {t}")), slot(format!("tag {t}"))),
        Event::Untagged(t) => (text(format!("untag {t}"), format!("去除标签 {t}")), slot(format!("tag {t}"))),
        Event::Queued { group, .. } => (text(format!("queued in {group}"), format!("进入 {group} 队列")), slot("group".into())),
        Event::Assigned { agent, .. } => (text(format!("assigned to {agent}"), format!("分派给 {agent}")), slot("assignee".into())),
        Event::Released { agent, .. } => (text(format!("released by {agent}"), format!("{agent} 已释放")), slot("assignee".into())),
        Event::Moved { stay, .. } => (text(format!("state {}", stay.state), format!("状态 {}", stay.state)), slot("state".into())),
        Event::Notified { to, template, suppressed } => {
            let quiet = if suppressed.is_some() { (" (suppressed)", "（已抑制）") } else { ("", "") };
            (
                text(
                    format!("notified {} with {template}{}", super::actions::recipient(to), quiet.0),
                    format!("以 {template} 通知 {}{}", super::actions::recipient(to), quiet.1),
                ),
                None,
            )
        }
        Event::Watched(a) => (text(format!("{a} watches"), format!("{a} 关注")), slot(format!("watch {a}"))),
        Event::MessageAdded(_) => (text("a note", "备注"), None),
        Event::MessageJudged { automatic: true, .. } => (text("message judged automatic", "判定为自动消息"), None),
        Event::MessageJudged { .. } => (text("message judged mere thanks", "判定为致谢"), None),
        _ => return None,
    })
}
