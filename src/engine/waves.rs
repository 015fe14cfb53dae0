//! Waves: rules woken by what just happened run in their order, and what they do wakes the next wave (S17-S24).

use super::actions;
use super::draft::Draft;
use super::trace::{RuleTrace, Verdict};
use crate::id::RuleName;
use crate::rules::{Consideration, Rule, Trigger};
use crate::ticket::{Action, Cause, Event};
use std::borrow::Cow;

/// Most waves of one step (S20).
const MOST: u8 = 10;

/// What the waves of one step have done so far.
#[derive(Debug, Default)]
pub(super) struct Waves {
    wave: u8,
    fired: Vec<RuleName>,
    stopped: bool,
    cut: bool,
    /// Nobody is there to be refused: a rule that must hold and fails is contained like any other.
    contained: bool,
}

/// A rule that must hold failed, and it is fail-closed: the command is refused (S24).
pub(super) struct FailedClosed {
    pub rule: RuleName,
    pub message: crate::diagnostic::Text,
}

impl Waves {
    /// The waves of a timer's step.
    pub fn of_timer() -> Self {
        Self { contained: true, ..Self::default() }
    }

    /// Runs waves until nothing new is woken.
    pub fn run(&mut self, d: &mut Draft<'_>) -> Result<(), FailedClosed> {
        while !d.triggers.is_empty() {
            let woken = std::mem::take(&mut d.triggers);
            let rules = d.ctx.playbook.rules();
            let candidates: Vec<&Rule> = rules.triggered(&woken).into_iter().filter_map(|i| rules.get(i)).collect();
            if candidates.is_empty() {
                continue;
            }
            if self.wave >= MOST {
                if !self.cut && candidates.iter().any(|r| r.repeatable || !self.fired.contains(&r.name)) {
                    self.cut = true;
                    let cycle: Vec<RuleName> = cycle_of(&self.fired);
                    d.push(Event::ChainCut { rules: cycle }, Cause::System);
                }
                d.triggers.clear();
                return Ok(());
            }
            self.wave = self.wave.saturating_add(1);
            for rule in candidates {
                self.one(d, rule, &woken)?;
            }
        }
        Ok(())
    }

    /// Runs one rule, woken by one of `woken` or by its own timer.
    pub fn one(&mut self, d: &mut Draft<'_>, rule: &Rule, woken: &[Trigger]) -> Result<(), FailedClosed> {
        let tracing = d.ctx.trace;
        let trigger = trigger(rule, woken);
        let note = |d: &mut Draft<'_>, verdict: Verdict| {
            if tracing {
                d.trace.rules.push(RuleTrace { rule: rule.name.clone(), wave: self.wave, trigger: trigger.to_string(), verdict });
            }
        };
        if self.stopped {
            note(d, Verdict::Stopped);
            return Ok(());
        }
        if !rule.repeatable && self.fired.contains(&rule.name) {
            note(d, Verdict::Already);
            return Ok(());
        }
        let considered = rule.consider(&d.view(&trigger));
        match considered {
            Consideration::Unmatched => {
                if tracing {
                    let part = rule.first_false(&d.view(&trigger)).unwrap_or_default();
                    note(d, Verdict::False(part));
                }
            }
            Consideration::Faulted(fault) => {
                if rule.fail_closed && !self.contained {
                    return Err(FailedClosed { rule: rule.name.clone(), message: fault.message });
                }
                note(d, Verdict::Faulted(fault.to_string()));
                let message = fault.to_string().chars().take(160).collect();
                d.push(Event::RuleFaulted { rule: rule.name.clone(), code: fault.code().into(), message }, Cause::Rule(rule.name.clone()));
            }
            Consideration::Matched(actions) => {
                let wave = self.wave.max(1);
                if tracing {
                    note(d, Verdict::Fired(actions.iter().map(describe).collect()));
                }
                self.fired.push(rule.name.clone());
                let cause = Cause::Rule(rule.name.clone());
                let mark = d.mark();
                d.push(Event::RuleFired { rule: rule.name.clone(), wave }, cause.clone());
                let mut stop = rule.stop;
                for action in &actions {
                    stop |= *action == Action::Stop;
                    if let Err(refusal) = actions::perform(d, action, &cause) {
                        // All or none: what this rule did so far is undone, and only the refusal stays.
                        d.back_to(mark);
                        let code = refusal.reasons.first().map_or("refused", |r| r.code).to_string();
                        note(d, Verdict::Refused { action: action.word().into(), code: code.clone() });
                        d.push(Event::ActionRefused { rule: rule.name.clone(), action: action.word().into(), code }, cause);
                        return Ok(());
                    }
                }
                self.stopped |= stop;
                if d.why.fired.len() < 8 {
                    d.why.fired.push(rule.name.clone());
                } else {
                    d.why.more_fired = d.why.more_fired.saturating_add(1);
                }
            }
        }
        Ok(())
    }
}

/// The word of what woke a rule.
pub(super) fn trigger(rule: &Rule, woken: &[Trigger]) -> Cow<'static, str> {
    let of = woken.iter().find(|t| rule.on.iter().any(|o| o == *t || t.wider().as_ref() == Some(o)));
    of.or_else(|| woken.first().filter(|_| rule.always)).map_or(Cow::Borrowed("timer"), Trigger::word)
}

/// The shortest repeating tail of the rules that fired: the cycle itself; all of the last ten where none repeats.
fn cycle_of(fired: &[RuleName]) -> Vec<RuleName> {
    let last = fired.last();
    let tail: Vec<RuleName> = fired.iter().rev().skip(1).take_while(|r| Some(*r) != last).cloned().collect();
    let mut cycle: Vec<RuleName> = tail.into_iter().rev().chain(last.cloned()).collect();
    let drop = cycle.len().saturating_sub(10);
    cycle.drain(..drop);
    cycle
}

/// An action in a few words, for traces.
pub(super) fn describe(action: &Action) -> String {
    match action {
        Action::Score { points, reason } => format!("score {points:+} ({reason})"),
        Action::Set { attribute, value, .. } => {
            format!("set {} = {}", attribute.name(), value.as_ref().map_or("()".into(), ToString::to_string))
        }
        Action::Priority(l) => format!("priority {l}"),
        Action::Tag(t) => format!("tag {t}"),
        Action::Untag(t) => format!("untag {t}"),
        Action::Route { group, skills } if skills.is_empty() => format!("route to {group}"),
        Action::Route { group, skills } => {
            format!("route to {group} needing {}", skills.iter().map(|(s, n)| format!("{s}≥{n}")).collect::<Vec<_>>().join(", "))
        }
        Action::Assign(a) => format!("assign {a}"),
        Action::Notify { to, template } => format!("notify {} with {template}", recipient(to)),
        Action::Watch(a) => format!("watch {a}"),
        Action::Transition(t) => format!("transition {t}"),
        Action::Note(_) => "note".into(),
        other => other.word().replace('_', " "),
    }
}

fn recipient(to: &crate::ticket::Recipient) -> String {
    use crate::ticket::Recipient as R;
    match to {
        R::Requester => "requester".into(),
        R::Assignee => "assignee".into(),
        R::Owner => "owner".into(),
        R::Lead => "lead".into(),
        R::Manager => "manager".into(),
        R::OnCall => "on call".into(),
        R::Watchers => "watchers".into(),
        R::Group(g) => format!("group {g}"),
        R::Agent(a) => a.to_string(),
    }
}
