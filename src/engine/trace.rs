//! The full trace of a decision: every rule and why it did or did not fire, every agent and why or why not.

use crate::diagnostic::{Lang, Text, text};
use crate::id::*;
use crate::routing::RouteDecision;

/// What one rule did.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleTrace {
    /// The rule.
    pub rule: RuleName,
    /// In which wave, from 1.
    pub wave: u8,
    /// What woke it.
    pub trigger: String,
    /// What became of it.
    pub verdict: Verdict,
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
}

/// Why a decision came out as it did.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Rules in the order considered; empty unless the context asked for a trace.
    pub rules: Vec<RuleTrace>,
    /// Terms of the score.
    pub score: Vec<(String, i64, Text)>,
    /// Routing.
    pub routing: Option<RouteDecision>,
    /// Everything else worth saying, in order.
    pub notes: Vec<Text>,
}

impl Trace {
    /// The trace as lines of text.
    pub fn render(&self, lang: Lang) -> Vec<String> {
        let mut lines: Vec<String> = self.notes.iter().map(|n| n.get(lang).to_string()).collect();
        for r in &self.rules {
            let what = match &r.verdict {
                Verdict::Fired(actions) => text(format!("fired: {}", actions.join("; ")), format!("触发：{}", actions.join("；"))),
                Verdict::False(part) => text(format!("not fired, since this was false: {part}"), format!("未触发，条件不成立：{part}")),
                Verdict::Faulted(m) => text(format!("failed and was contained: {m}"), format!("出错，已隔离：{m}")),
                Verdict::Refused { action, code } => text(
                    format!("nothing done, since {action} would be refused [{code}]"),
                    format!("未执行，因为 {action} 会被拒绝 [{code}]"),
                ),
                Verdict::Already => text("had fired already", "本次命令中已触发过"),
                Verdict::Stopped => text("not considered after a stop", "因 stop 未再评估"),
            };
            let word = if lang == Lang::Zh { "规则" } else { "rule" };
            lines.push(format!("{word} {} ({}): {}", r.rule, r.trigger, what.get(lang)));
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
