//! Explaining an entry afterwards: from the journal up to it, and the playbook that decided.

use super::draft::{changes, wakes};
use super::times::Times;
use super::trace::{RuleTrace, Verdict};
use crate::calendar::hours;
use crate::condition::{Customer, View};
use crate::diagnostic::{Lang, Text, text};
use crate::id::*;
use crate::playbook::Playbook;
use crate::rules::{Suspended, Woken};
use crate::ticket::*;
use crate::workflow::{Blocker, called};
use chrono::TimeDelta;

/// Why a ticket came to be as it is at one revision.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The entry explained.
    pub entry: Entry,
    /// What happened, in order, each with its cause.
    pub lines: Vec<Text>,
    /// Rules of the playbook that did not fire, with the first part of their condition that is false now, where they were woken.
    pub not_fired: Vec<RuleTrace>,
    /// How the clocks stand and where the time went, where the entry explained is the last one.
    pub times: Option<Times>,
    /// What can no longer be known.
    pub unknown: Vec<Text>,
}

impl Explanation {
    /// As lines of text.
    pub fn render(&self, lang: Lang) -> String {
        let mut out = String::new();
        for l in &self.lines {
            out.push_str(l.get(lang));
            out.push('\n');
        }
        for r in &self.not_fired {
            if r.verdict == Verdict::Suspended {
                let line = text(format!("  rule {} did not fire: it was suspended", r.rule), format!("  规则 {} 未触发：已暂停", r.rule));
                out.push_str(line.get(lang));
                out.push('\n');
            }
            if let Verdict::False(part) = &r.verdict {
                let part = shortened(part);
                let how = if r.lowered { ("", "") } else { (" (script)", "（脚本）") };
                let line = text(
                    format!("  rule {}{} did not fire: {part} was false", r.rule, how.0),
                    format!("  规则 {}{}未触发：{part} 不成立", r.rule, if how.1.is_empty() { " " } else { how.1 }),
                );
                out.push_str(line.get(lang));
                out.push('\n');
            }
        }
        for l in self.times.iter().flat_map(|t| &t.lines) {
            out.push_str(l.get(lang));
            out.push('\n');
        }
        for u in &self.unknown {
            out.push_str(u.get(lang));
            out.push('\n');
        }
        out
    }
}

/// Explains the entry that made `revision`, from a journal that holds at least all entries up to it; none if it does not.
///
/// The customer record of that time is not kept: `customer` is the record as it is now, and the explanation says so where a rule reads it.
pub fn explain(playbook: &Playbook, journal: &[Entry], revision: Revision, customer: Option<&Customer>) -> Option<Explanation> {
    explain_with(playbook, journal, revision, customer, Suspended::none())
}

/// The same with the rules that are, and were, suspended.
pub fn explain_with(
    playbook: &Playbook,
    journal: &[Entry],
    revision: Revision,
    customer: Option<&Customer>,
    suspended: &Suspended,
) -> Option<Explanation> {
    let entry = journal.iter().find(|e| e.revision == revision)?;
    let upto: Vec<&Entry> = journal.iter().filter(|e| e.revision <= revision).collect();
    let after = Ticket::fold(upto.iter().copied())?;
    let mut lines = vec![headline(playbook, entry)];
    // Where it was when each thing happened: the first move of the entry says from where.
    let left = entry.events.iter().find_map(|c| if let Event::Moved { from, .. } = &c.event { Some(from) } else { None });
    let mut here = left.unwrap_or(&after.state);
    for c in &entry.events {
        lines.extend(line(playbook, &after, here, c).map(|l| marked(playbook, l, &c.cause)));
        if let Event::Moved { stay, .. } = &c.event {
            here = &stay.state;
        }
    }
    if let Some(r) = &entry.why.routing {
        lines.push(routing(r));
    }
    let mut unknown = Vec::new();
    if entry.playbook != playbook.digest() {
        unknown.push(text(
            "  decided by another playbook than the one at hand; rules that did not fire are not listed",
            "  该记录由另一版本的配置包作出，未触发的规则不再列出",
        ));
    }
    let mut not_fired = Vec::new();
    if entry.playbook == playbook.digest() {
        let judged_by_customer;
        (not_fired, judged_by_customer) = silent(playbook, &after, entry, customer, suspended);
        if judged_by_customer {
            unknown.push(text(
                "  rules that read the customer were judged by the record as it is now; as it was then is not kept",
                "  涉及客户资料的规则按当前资料判断，当时的资料未保存",
            ));
        }
    }
    let times = if journal.last().is_some_and(|e| e.revision == revision) { Times::of(playbook, journal, customer) } else { None };
    Some(Explanation { entry: entry.clone(), lines, not_fired, times, unknown })
}

/// The rules woken by the entry that did not fire. Their conditions are judged on the ticket as the entry left it.
fn silent(
    playbook: &Playbook,
    after: &Ticket,
    entry: &Entry,
    customer: Option<&Customer>,
    suspended: &Suspended,
) -> (Vec<RuleTrace>, bool) {
    let message = entry.events.iter().find_map(|c| match &c.event {
        Event::MessageAdded(m) if c.cause == Cause::Command => Some(&**m),
        _ => None,
    });
    let (mut woken, mut changed) = (Vec::new(), Vec::new());
    for c in &entry.events {
        wakes(&c.event, &c.cause, &mut woken);
        changes(&c.event, &c.cause, &mut changed);
    }
    let fired: Vec<&RuleName> = entry
        .events
        .iter()
        .filter_map(|c| match &c.event {
            Event::RuleFired { rule, .. } | Event::RuleFaulted { rule, .. } | Event::ActionRefused { rule, .. } => Some(rule),
            _ => None,
        })
        .collect();
    let view = View { message, actor: &entry.actor, customer, ..View::of(after, entry.at) };
    let mut out = Vec::new();
    let mut by_customer = false;
    let record = Woken { triggers: woken, changed, ..Woken::default() };
    for rule in record.woken(playbook.rules()).into_iter().filter_map(|(i, _)| playbook.rules().get(i)) {
        if fired.contains(&&rule.name) {
            continue;
        }
        let trigger = record.word(rule);
        if suspended.holds(rule.name.as_str(), entry.at) {
            out.push(RuleTrace {
                rule: rule.name.clone(),
                wave: 0,
                trigger: trigger.into_owned(),
                verdict: Verdict::Suspended,
                effects: Vec::new(),
                lowered: rule.is_native(),
                operations: 0,
            });
        } else if let Some(part) = rule.first_false(&View { event: &trigger, ..view }) {
            by_customer |= rule.needs_customer();
            out.push(RuleTrace {
                rule: rule.name.clone(),
                wave: 0,
                trigger: trigger.into_owned(),
                verdict: Verdict::False(part),
                effects: Vec::new(),
                lowered: rule.is_native(),
                operations: 0,
            });
        }
    }
    (out, by_customer)
}

/// A long condition in part, the values it saw in full: they stand in the last brackets.
fn shortened(part: &str) -> String {
    const MOST: usize = 72;
    let (condition, seen) = match part.rfind(" (") {
        Some(i) if part.ends_with(')') => part.split_at(i),
        _ => (part, ""),
    };
    if condition.chars().count() <= MOST {
        return part.to_string();
    }
    format!("{}…{seen}", condition.chars().take(MOST).collect::<String>())
}

fn headline(playbook: &Playbook, e: &Entry) -> Text {
    let when = playbook.calendars().default_calendar().render(e.at);
    text(format!("{when}  {} by {}", e.revision, e.actor), format!("{when}  第 {} 版  操作者 {}", e.revision.get(), e.actor))
}

fn marked(playbook: &Playbook, l: Text, cause: &Cause) -> Text {
    match cause {
        Cause::Command => text(format!("  {}", l.en), format!("  {}", l.zh)),
        Cause::Rule(r) => text(format!("  {} (rule {r})", l.en), format!("  {}（规则 {r}）", l.zh)),
        Cause::Timer(kind, due) => {
            let (en, zh) = timer(playbook, kind);
            let at = playbook.calendars().default_calendar().render(*due);
            // What a clock does by itself has an instant of its own, which is its due instant only for a breach.
            text(format!("  {} ({en}, at {at})", l.en), format!("  {}（{zh}，{at}）", l.zh))
        }
        Cause::System => text(format!("  {}", l.en), format!("  {}", l.zh)),
    }
}

fn timer(playbook: &Playbook, kind: &TimerKind) -> (String, String) {
    match kind {
        TimerKind::Playbook => ("the change of the playbook".into(), "配置包切换".into()),
        TimerKind::StateLimit => ("the state's time limit".into(), "状态时限".into()),
        TimerKind::Transition(t) => (format!("timed transition {t}"), format!("定时流转 {t}")),
        TimerKind::Rule(r) | TimerKind::Every(r, _) | TimerKind::BeforeDue(r, _) | TimerKind::Passed(r, _) => {
            (format!("time rule {r}"), format!("定时规则 {r}"))
        }
        TimerKind::Clock(c) => {
            (format!("the clock of {}", metric(playbook, &c.metric).en), format!("{}计时", metric(playbook, &c.metric).zh))
        }
        TimerKind::Kin => ("what happened to a related ticket".into(), "相关工单的变化".into()),
        TimerKind::Approval(name) => (format!("the time of the approval {name}"), format!("审批 {name} 的时限")),
        TimerKind::Task(_) => ("the task's time".into(), "任务计时".into()),
        TimerKind::PriorityOverride => ("the override's end".into(), "手动优先级到期".into()),
    }
}

fn routing(r: &RoutingWhy) -> Text {
    let excluded = |sep: &str| r.excluded.iter().map(|(code, n)| format!("{code} {n}")).collect::<Vec<_>>().join(sep);
    let next = r.runners_up.iter().map(|a| a.to_string()).collect::<Vec<_>>().join(", ");
    let winner = r.winner.as_ref().map_or_else(|| ("nobody".into(), "无人".into()), |a| (a.to_string(), a.to_string()));
    text(
        format!("  routing: {} (next: {next}; excluded: {}; skills relaxed by {})", winner.0, excluded(", "), r.rung),
        format!("  分派：{}（候补：{next}；排除：{}；技能放宽 {} 级）", winner.1, excluded("、"), r.rung),
    )
}

/// A counted length for people.
fn span(us: i64) -> String {
    hours(TimeDelta::microseconds(us))
}

/// A warning or an escalation level, as people name it: `warning:75%`, `level:2` in records.
fn mark(name: &str) -> Text {
    match name.split_once(':') {
        Some(("warning", at)) => text(format!("warning at {at}"), format!("{at} 预警")),
        Some(("level", n)) => text(format!("escalation level {n}"), format!("第 {n} 级升级")),
        _ => text(name, name),
    }
}

fn line(playbook: &Playbook, t: &Ticket, here: &StateName, c: &Caused) -> Option<Text> {
    let schema = playbook.schema();
    let state = |s: &StateName| schema.states.get(s).cloned().unwrap_or_else(|| text(s.as_str(), s.as_str()));
    let calendars = playbook.calendars();
    let when = |at: UtcInstant| calendars.default_calendar().render(at);
    let item = |i: u16| {
        let of_state = playbook.workflow(&t.workflow).and_then(|w| w.state(here)?.checklist.get(usize::from(i)).cloned());
        let n = i.saturating_add(1);
        of_state.unwrap_or_else(|| text(format!("item {n} of the checklist"), format!("检查清单第 {n} 项")))
    };
    Some(match &c.event {
        Event::Created(o) => text(
            format!("created as {} in {}, channel {}, requester {}", o.kind, state(&o.stay.state).en, o.channel, o.requester),
            format!("创建：类型 {}，状态 {}，渠道 {}，请求人 {}", o.kind, state(&o.stay.state).zh, o.channel, o.requester),
        ),
        Event::Received { how, by } => {
            let (en, zh) = match how {
                Intake::New => ("a new ticket", "新建工单"),
                Intake::Append => ("joined this ticket", "并入本工单"),
                Intake::Reopen => ("reopened this ticket", "重新打开本工单"),
                Intake::FollowUp => ("a new ticket that follows up", "新建跟进工单"),
                Intake::Kept => ("kept without reopening", "仅存档，不重新打开"),
            };
            text(format!("incoming message: {en} (found by {by})"), format!("来信：{zh}（依据 {by}）"))
        }
        Event::MessageAdded(m) => {
            let mut body: String = m.body.chars().take(60).collect();
            if body.len() < m.body.len() {
                body.push('…');
            }
            let (en, zh) = author(m);
            text(format!("{en}: {body:?}"), format!("{zh}：{body}"))
        }
        Event::MessageJudged { automatic: true, .. } => text("judged automatic: counts for nothing", "判定为自动消息，不计入"),
        Event::MessageJudged { .. } => text("judged mere thanks: does not reopen", "判定为致谢，不重新打开"),
        Event::Moved { transition, from, stay, .. } => {
            let workflow = playbook.workflow(&t.workflow);
            let label = |name: &TransitionName| {
                workflow.and_then(|w| w.transition(from, name)).map_or_else(|| text(name.as_str(), name.as_str()), |t| t.label.clone())
            };
            let by = transition.as_ref().map(label);
            let (en, zh) = by.map_or_else(Default::default, |l| (format!(" by `{}`", l.en), format!("（{}）", l.zh)));
            // What let it in where approvals stand before the state.
            let mut let_in = Text::default();
            for a in workflow.into_iter().flat_map(|w| w.protecting(&stay.state)) {
                let d = &a.definition;
                if let Some(round) = t.approval(d.name.as_str()).filter(|a| a.stands()) {
                    let (title, is) = (d.title(), round.state.label());
                    let_in.en.push_str(&format!("; approval {}: {}", title.en, is.en));
                    let_in.zh.push_str(&format!("；审批 {}：{}", title.zh, is.zh));
                }
            }
            text(
                format!("{} → {}{en}{}", state(from).en, state(&stay.state).en, let_in.en),
                format!("{} → {}{zh}{}", state(from).zh, state(&stay.state).zh, let_in.zh),
            )
        }
        Event::Reopened { cycle } => text(format!("reopened: resolution cycle {cycle}"), format!("重开：第 {cycle} 轮处理")),
        Event::Set { attribute, value, .. } => {
            let v = value.as_ref().map_or_else(|| "()".to_string(), ToString::to_string);
            text(format!("{} = {v}", attribute.name()), format!("{} = {v}", attribute.name()))
        }
        Event::PrioritySet { priority, by, until } => {
            let p = priority.as_ref().map_or_else(|| text("none", "无"), |p| schema.priority.label(p.as_str()));
            let hand = if *by == Provenance::Agent { (" by hand", "（手动）") } else { ("", "") };
            let until = until.map_or_else(String::new, |u| format!(" until {}", when(u)));
            text(format!("priority {}{}{until}", p.en, hand.0), format!("优先级 {}{}", p.zh, hand.1))
        }
        Event::OverrideEnded => text("the priority set by hand ends", "手动优先级结束"),
        Event::Scored { points, reason, .. } => text(format!("score {points:+}: {reason}"), format!("评分 {points:+}：{reason}")),
        Event::ScoreSettled { score } => text(format!("score is {score}"), format!("总分 {score}")),
        Event::Tagged(x) => text(format!("tag {x}"), format!("添加标签 {x}")),
        Event::Untagged(x) => text(format!("tag {x} removed"), format!("移除标签 {x}")),
        Event::Queued { group, skills, handoff, reason } => {
            let g = schema.group_label(group);
            let need = if skills.is_empty() {
                String::new()
            } else {
                format!(" [{}]", skills.iter().map(|(s, n)| format!("{s}≥{n}")).collect::<Vec<_>>().join(", "))
            };
            let word = if *handoff { ("handed off to", "转派至") } else { ("queued for", "进入队列") };
            let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            text(format!("{} {}{need}{why}", word.0, g.en), format!("{} {}{need}{why}", word.1, g.zh))
        }
        Event::Assigned { agent, manual, over, .. } => {
            let by_person = *manual && c.cause == Cause::Command;
            let how = if by_person { (" by hand", "手动") } else { ("", "自动") };
            let beyond = if *over { (" (beyond capacity)", "（超出容量）") } else { ("", "") };
            text(format!("assigned to {agent}{}{}", how.0, beyond.0), format!("{}分派给 {agent}{}", how.1, beyond.1))
        }
        Event::Released { agent, why } => text(format!("{agent} no longer has it: {why}"), format!("{agent} 释放：{why}")),
        Event::RouteFailed { reason, .. } => text(format!("nobody could be assigned: {reason}"), format!("无法分派：{reason}")),
        Event::OwnerSet(o) => {
            let o = o.as_ref().map_or_else(|| "-".to_string(), ToString::to_string);
            text(format!("owner {o}"), format!("首问负责人 {o}"))
        }
        Event::Rated { stars, comment, cycle } => {
            text(format!("rated {stars} of 5 for cycle {cycle}: {comment}"), format!("第 {cycle} 轮评价 {stars} 星：{comment}"))
        }
        Event::RatingRequested { cycle } => text(format!("asked for a rating of cycle {cycle}"), format!("发起第 {cycle} 轮满意度评价")),
        Event::RuleFired { rule, .. } => {
            // Only where the playbook at hand has a rule of that name.
            let script = playbook.rules().named(rule.as_str()).is_some_and(|(_, r)| !r.is_native());
            let how = if script { (" (script)", "（脚本）") } else { ("", "") };
            text(format!("rule {rule} fired{}", how.0), format!("规则 {rule} 触发{}", how.1))
        }
        Event::RuleFaulted { rule, message, .. } => {
            text(format!("rule {rule} failed, contained: {message}"), format!("规则 {rule} 出错，已隔离：{message}"))
        }
        Event::ActionRefused { rule, action, code } => {
            text(format!("{rule}: {action} would be refused [{code}], nothing done"), format!("{rule}：{action} 会被拒绝 [{code}]，未执行"))
        }
        Event::ChainCut { rules } => {
            let all = rules.iter().map(|r| r.to_string()).collect::<Vec<_>>().join(" → ");
            text(format!("a chain of rules was cut: {all}"), format!("规则链过长被截断：{all}"))
        }
        Event::PolicyChosen { policy, calendar, .. } => match (policy, calendar) {
            (Some(p), Some(c)) => text(format!("policy {p}, calendar {c}"), format!("协议 {p}，日历 {c}")),
            _ => text("no policy applies", "没有适用的协议"),
        },
        Event::Notified { template, suppressed, .. } => match suppressed {
            None => text(format!("notification {template}"), format!("发送通知 {template}")),
            Some(why) => {
                let Text { en, zh } = match why.as_str() {
                    "nobody" => text("nobody to send it to", "没有收件人"),
                    "too-many" => text("the requester had enough of them this hour", "本小时内已通知过多"),
                    other => text(other, other),
                };
                text(format!("notification {template} not sent: {en}"), format!("通知 {template} 未发送：{zh}"))
            }
        },
        Event::Migrated(m) => {
            let (a, b) = (&m.before, &m.after);
            let how = if m.back { ("migrated back", "迁移撤销") } else { ("migrated", "迁移") };
            text(
                format!(
                    "{} from {} version {}, {}, to {} version {}, {}",
                    how.0, a.workflow.name, a.workflow.version, a.stay.state, b.workflow.name, b.workflow.version, b.stay.state
                ),
                format!(
                    "{}：{} 第 {} 版 {} → {} 第 {} 版 {}",
                    how.1, a.workflow.name, a.workflow.version, a.stay.state, b.workflow.name, b.workflow.version, b.stay.state
                ),
            )
        }
        Event::LimitPassed => text("the state's time limit has passed", "超过状态时限"),
        Event::MoveRefused { transition, codes } => {
            let label = called(playbook.workflow(&t.workflow), transition);
            let mut why: Vec<Text> = Vec::new();
            for code in codes {
                let told = Blocker::told(code).unwrap_or_else(|| text(code, code));
                if !why.contains(&told) {
                    why.push(told);
                }
            }
            let (en, zh): (Vec<&str>, Vec<&str>) = why.iter().map(|w| (w.get(Lang::En), w.get(Lang::Zh))).unzip();
            text(format!("`{}` was refused: {}", label.en, en.join(", ")), format!("`{}` 被拒绝：{}", label.zh, zh.join("、")))
        }
        Event::ClockStarted(c) => {
            let due = c.due.map_or_else(|| "-".to_string(), when);
            let (m, target) = (metric(playbook, &c.id.metric), allowance(c.target));
            text(
                format!("{} started: {} in calendar {} (policy {}), due {due}", m.en, target.en, c.calendar, c.policy),
                format!("{}开始计时：{}，日历 {}（协议 {}），到期 {due}", m.zh, target.zh, c.calendar, c.policy),
            )
        }
        Event::ClockPaused { clock, counted, .. } => {
            let m = metric(playbook, &clock.metric);
            text(format!("{} paused after {}", m.en, span(*counted)), format!("{}暂停，已计 {}", m.zh, span(*counted)))
        }
        Event::ClockResumed { clock, due, .. } => {
            let m = metric(playbook, &clock.metric);
            let due = due.map_or_else(|| "-".to_string(), when);
            text(format!("{} resumed, due {due}", m.en), format!("{}恢复，到期 {due}", m.zh))
        }
        Event::ClockRetargeted { clock, retroactive } => {
            let m = metric(playbook, &clock.id.metric);
            let due = clock.due.map_or_else(|| "-".to_string(), when);
            let late = match (*retroactive, clock.superseded) {
                (true, _) => (" (retroactively)", "（追溯）"),
                (false, true) => (", which supersedes the breach recorded", "，取代已记录的超时"),
                (false, false) => ("", ""),
            };
            text(
                format!("{} retargeted to {}{}, due {due}", m.en, allowance(clock.target).en, late.0),
                format!("{}目标改为 {}{}，到期 {due}", m.zh, allowance(clock.target).zh, late.1),
            )
        }
        Event::ClockMarked { clock, mark: passed, .. } => {
            let (m, name) = (metric(playbook, &clock.metric), mark(passed.name.as_str()));
            let skipped = if passed.skipped { (" passed over", "跳过") } else { ("", "触发") };
            text(format!("{}: {}{}", m.en, name.en, skipped.0), format!("{}：{} {}", m.zh, name.zh, skipped.1))
        }
        Event::ClockBreached { clock } => {
            let m = metric(playbook, &clock.metric);
            text(format!("{} breached", m.en), format!("{}超时", m.zh))
        }
        Event::ClockStopped { clock, outcome, counted } => {
            let m = metric(playbook, &clock.metric);
            let Text { en, zh } = outcome.label();
            let budget = t.closed_clocks.iter().find(|c| c.id == *clock).map_or_else(String::new, |c| format!(" of {}", span(c.budget)));
            let corrected = corrected(playbook, t, clock, c.at.unwrap_or(t.updated_at)).map_or_else(Text::default, |b| {
                let counted = span(b.corrected.counted);
                let v = b.corrected.outcome.map_or_else(Text::default, Outcome::label);
                text(format!("; corrected {}: {counted}", v.en), format!("；更正后{}：{counted}", v.zh))
            });
            text(
                format!("{} {en}: {}{budget}{}", m.en, span(*counted), corrected.en),
                format!("{}{zh}：{}{}{}", m.zh, span(*counted), budget.replace(" of ", " / "), corrected.zh),
            )
        }
        Event::SlaCorrected(correction) => {
            let what = match correction.amendment {
                Amendment::Exclude { from, to } => {
                    text(format!("{} to {} not to count", when(from), when(to)), format!("剔除 {} 至 {}", when(from), when(to)))
                }
                Amendment::Judge(outcome) => text(format!("to be judged {}", outcome.label().en), format!("判定为{}", outcome.label().zh)),
            };
            let both = corrected(playbook, t, &correction.clock, correction.at);
            let both = both.map_or_else(Text::default, |b| b.text(calendars.default_calendar()));
            let (m, by, why) = (metric(playbook, &correction.clock.metric), &correction.by, &correction.reason);
            text(
                format!("{} corrected by {by}: {} ({why}); {}", m.en, what.en, both.en),
                format!("{}由 {by} 豁免：{}（{why}）；{}", m.zh, what.zh, both.zh),
            )
        }
        Event::CorrectionWithdrawn { correction, reason } => {
            text(format!("the correction of {correction} withdrawn: {reason}"), format!("撤回 {correction} 的豁免：{reason}"))
        }
        Event::Progressed(Progressed::Resolved(r)) => {
            let label = schema.resolutions.label(r.code.as_str());
            text(format!("resolution: {}", label.en), format!("解决代码：{}", label.zh))
        }
        Event::Progressed(Progressed::Ticked(i)) => {
            let item = item(*i);
            text(format!("ticked off: {}", item.en), format!("已勾选：{}", item.zh))
        }
        Event::Progressed(Progressed::Unticked(i)) => {
            let item = item(*i);
            text(format!("no longer ticked off: {}", item.en), format!("取消勾选：{}", item.zh))
        }
        Event::HookCalled(hook) => {
            let label = schema.hooks.get(hook).cloned().unwrap_or_else(|| text(hook.as_str(), hook.as_str()));
            text(format!("webhook {hook}: {}", label.en), format!("回调 {hook}：{}", label.zh))
        }
        Event::Task(e) => {
            let title = match &e.what {
                TaskChange::Added(made) => Some(&made.title),
                _ => t.task(e.task).map(|known| &known.title),
            };
            e.told(title)
        }
        Event::Kin(e) => e.told(),
        Event::Approval(e) => {
            let known = playbook.workflow(&t.workflow).and_then(|w| w.approval(&e.name));
            e.told(known.map(|a| a.definition.title()).as_ref())
        }
        Event::MacroRun(name) => {
            let label = playbook.macro_named(name.as_str()).map_or_else(|| text(name.as_str(), name.as_str()), |m| m.label.clone());
            text(format!("macro {}", label.en), format!("宏 {}", label.zh))
        }
        Event::LevelVacant { clock, mark: vacant } => {
            let (m, name) = (metric(playbook, &clock.metric), mark(vacant.as_str()));
            text(
                format!("{}: {} has nobody to go to, the next one acts", m.en, name.en),
                format!("{}：{}无人可升级，由下一级处理", m.zh, name.zh),
            )
        }
        Event::RuleSuspended { rule, reason } => text(format!("rule {rule} suspended: {reason}"), format!("规则 {rule} 已暂停：{reason}")),
        Event::RuleResumed { rule, reason } => text(format!("rule {rule} resumed: {reason}"), format!("规则 {rule} 已恢复：{reason}")),
        Event::Linked(_)
        | Event::Unlinked(_)
        | Event::Watched(_)
        | Event::Unwatched(_)
        | Event::SlotsFreed
        | Event::SlotsTaken { .. }
        | Event::CriteriaChecked { .. }
        | Event::ClocksFollowed
        | Event::TimerSet(_)
        | Event::TimerOff(_)
        | Event::TimerFired(_) => return None,
    })
}

fn author(m: &Message) -> (&'static str, &'static str) {
    match (m.author, m.kind) {
        (_, MessageKind::Call) => ("call", "通话"),
        (_, MessageKind::Note) => ("note", "备注"),
        (Author::Requester, _) => ("requester", "请求人"),
        (Author::Agent, _) => ("agent", "坐席"),
        (Author::Vendor, _) => ("vendor", "第三方"),
        (Author::System, _) => ("desk", "系统"),
    }
}

/// Both figures of a clock that has been corrected (S87).
fn corrected(playbook: &Playbook, t: &Ticket, clock: &ClockId, at: UtcInstant) -> Option<crate::sla::Corrected> {
    playbook.agreements().corrected(playbook.calendars(), t, clock, at).filter(crate::sla::Corrected::any)
}

fn metric(playbook: &Playbook, name: &MetricName) -> Text {
    playbook.agreements().metric(name).map_or_else(|| text(name.as_str(), name.as_str()), |m| m.label.clone())
}

fn allowance(a: Allowance) -> Text {
    match a {
        Allowance::Wall(us) => text(span(us), span(us)),
        Allowance::Open(us) => text(format!("{} of open time", span(us)), format!("营业时间 {}", span(us))),
        Allowance::Days(n) => text(format!("{n} working days"), format!("{n} 个工作日")),
    }
}
