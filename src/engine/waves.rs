//! Waves: rules woken by what just happened run in their order, and what they do wakes the next wave (S17-S24).

use super::actions;
use super::draft::Draft;
use super::trace::{Noted, PassTrace};
use crate::diagnostic::RuleFault;
use crate::id::RuleName;
use crate::rules::{Pass, Rule, RuleIndex, RuleSet, Woken};
use crate::ticket::{Action, Cause, Event};

/// Most waves of one step (S20).
const MOST: u8 = 10;

/// What the waves of one step have done so far.
#[derive(Debug, Default)]
pub(super) struct Waves {
    wave: u8,
    fired: Vec<RuleIndex>,
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
        let rules = d.ctx.playbook.rules();
        while d.awake() {
            let pass = rules.pass(std::mem::take(&mut d.triggers), std::mem::take(&mut d.changed));
            if pass.is_empty() {
                continue;
            }
            if self.wave >= MOST {
                let again =
                    |(i, _): &(RuleIndex, u32)| rules.get(*i).is_some_and(|r| (r.repeatable || !self.fired.contains(i)) && !d.suspends(r));
                if !self.cut && pass.finish().woken(rules).iter().any(again) {
                    self.cut = true;
                    d.push(Event::ChainCut { rules: cycle_of(&self.fired, rules) }, Cause::System);
                }
                d.triggers.clear();
                d.changed.clear();
                return Ok(());
            }
            self.wave = self.wave.saturating_add(1);
            let mut trace = self.trace(d);
            let done = self.pass(d, pass, &mut trace);
            self.keep(d, trace, done)?;
        }
        Ok(())
    }

    /// Considers a time rule whose moment has come.
    pub fn timer(&mut self, d: &mut Draft<'_>, index: RuleIndex, rule: &Rule) -> Result<(), FailedClosed> {
        let mut trace = self.trace(d);
        let woken = Woken::timer(index, d.moment());
        let skipped = self.stopped || (!rule.repeatable && self.fired.contains(&index)) || d.suspends(rule);
        let held = if skipped { Ok(false) } else { rule.when.as_ref().map_or(Ok(true), |c| c.holds(&d.view("timer"))) };
        let done = match held {
            Ok(false) => Ok(()),
            Ok(true) => self.one(d, index, rule, None, "timer", &mut trace),
            Err(fault) => self.one(d, index, rule, Some(fault), "timer", &mut trace),
        };
        self.keep(d, trace, done.map(|()| woken))
    }

    fn trace(&self, d: &Draft<'_>) -> Option<PassTrace> {
        d.ctx.trace.then(|| PassTrace { wave: self.wave, before: self.fired.clone(), stopped: self.stopped, ..PassTrace::default() })
    }

    fn keep(&self, d: &mut Draft<'_>, trace: Option<PassTrace>, done: Result<Woken, FailedClosed>) -> Result<(), FailedClosed> {
        let woken = done?;
        if let Some(trace) = trace {
            let rules = d.ctx.playbook.rules();
            let suspended = if d.ctx.suspended.is_empty() { Vec::new() } else { woken.woken(rules) };
            let suspended = suspended.into_iter().map(|(i, _)| i).filter(|i| rules.get(*i).is_some_and(|r| d.suspends(r))).collect();
            d.trace.passes.push(PassTrace { woken, suspended, ..trace });
        }
        Ok(())
    }

    fn pass(&mut self, d: &mut Draft<'_>, mut pass: Pass<'_>, trace: &mut Option<PassTrace>) -> Result<Woken, FailedClosed> {
        while !self.stopped {
            let moment = d.moment();
            pass.select(&d.view(""), moment);
            let fired = &self.fired;
            let skip = |i: RuleIndex, r: &Rule| (!r.repeatable && fired.contains(&i)) || d.suspends(r);
            let Some((index, rule, held)) = pass.next(&d.view(""), skip) else { break };
            let word = pass.word(rule);
            self.one(d, index, rule, held.err(), &word, trace)?;
        }
        Ok(pass.finish())
    }

    /// A rule whose condition holds, or failed.
    fn one(
        &mut self,
        d: &mut Draft<'_>,
        index: RuleIndex,
        rule: &Rule,
        fault: Option<RuleFault>,
        word: &str,
        trace: &mut Option<PassTrace>,
    ) -> Result<(), FailedClosed> {
        let mut note = |noted: Noted| {
            if let Some(t) = trace {
                t.noted.push((index, noted));
            }
        };
        let cause = Cause::Rule(rule.name.clone());
        let asked = match fault {
            Some(fault) => Err(fault),
            None => rule.actions(&d.view(word)),
        };
        let actions = match asked {
            Ok(actions) => actions,
            Err(fault) => {
                if rule.fail_closed && !self.contained {
                    return Err(FailedClosed { rule: rule.name.clone(), message: fault.message });
                }
                d.push(Event::faulted(rule.name.clone(), &fault), cause);
                note(Noted::Faulted(fault));
                return Ok(());
            }
        };
        self.fired.push(index);
        let mark = d.mark();
        d.push(Event::RuleFired { rule: rule.name.clone(), wave: self.wave.max(1) }, cause.clone());
        let first = d.events.len();
        for action in &actions {
            if let Err(refusal) = actions::perform(d, action, &cause) {
                // All or none: what this rule did so far is undone, and only the refusal stays.
                d.back_to(mark);
                let code = refusal.reasons.first().map_or("refused", |r| r.code).to_string();
                d.push(Event::ActionRefused { rule: rule.name.clone(), action: action.word().into(), code: code.clone() }, cause);
                note(Noted::Refused { action: action.word(), code });
                return Ok(());
            }
        }
        if actions.contains(&Action::Stop) {
            self.stopped = true;
        }
        note(Noted::Fired { actions, events: first..d.events.len() });
        if d.why.fired.len() < 8 {
            d.why.fired.push(rule.name.clone());
        } else {
            d.why.more_fired = d.why.more_fired.saturating_add(1);
        }
        Ok(())
    }
}

/// The shortest repeating tail of the rules that fired: the cycle itself; all of the last ten where none repeats.
fn cycle_of(fired: &[RuleIndex], rules: &RuleSet) -> Vec<RuleName> {
    let last = fired.last();
    let tail: Vec<RuleIndex> = fired.iter().rev().skip(1).take_while(|r| Some(*r) != last).copied().collect();
    let mut cycle: Vec<RuleIndex> = tail.into_iter().rev().chain(last.copied()).collect();
    let drop = cycle.len().saturating_sub(10);
    cycle.drain(..drop);
    cycle.into_iter().filter_map(|i| rules.get(i)).map(|r| r.name.clone()).collect()
}
