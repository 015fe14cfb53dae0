//! Corrections of a clock's figures 豁免 (S87): checked, journalled, never applied to the clock.

use super::actions::too_long;
use super::draft::Draft;
use super::refusal::Refusal;
use crate::diagnostic::text;
use crate::id::*;
use crate::ticket::*;

/// Corrects a clock, or gives all reasons why not.
pub(super) fn correct(d: &mut Draft<'_>, clock: &ClockId, amendment: Amendment, reason: &str) -> Result<(), Refusal> {
    let mut all = Refusal::default();
    let reason = checked(d, reason, &mut all);
    if d.ticket.corrections.len() >= Correction::MOST {
        all.add(
            "too-many",
            text(
                format!("a ticket keeps at most {} corrections; withdraw one first", Correction::MOST),
                format!("每个工单最多保留 {} 条豁免，请先撤回一条", Correction::MOST),
            ),
        );
    }
    let amendment = match amendment {
        Amendment::Exclude { from, to } => Amendment::Exclude { from: at_door(from), to: at_door(to) },
        judge @ Amendment::Judge(_) => judge,
    };
    match life(&d.ticket, clock) {
        None => all.reasons.extend(unknown(&d.ticket, clock).reasons),
        Some((start, end)) => {
            if let Amendment::Exclude { from, to } = amendment {
                let show = |t: UtcInstant| d.ctx.playbook.calendars().default_calendar().render(t);
                if from >= to {
                    all.add("empty-interval", text("the stretch to exclude ends before it begins", "剔除时段的结束早于开始"));
                } else if to <= start || from >= end.unwrap_or(d.at).max(start) {
                    let until = end.map_or_else(|| text("now", "现在"), |e| text(show(e), show(e)));
                    all.add(
                        "outside-life",
                        text(
                            format!("the stretch lies outside the clock's life, which is from {} to {}", show(start), until.en),
                            format!("该时段不在计时周期内；周期为 {} 至 {}", show(start), until.zh),
                        ),
                    );
                }
            }
        }
    }
    all.done()?;
    let correction = Correction { revision: d.revision, clock: clock.clone(), amendment, reason, by: d.actor.clone(), at: d.at };
    d.push(Event::SlaCorrected(Box::new(correction)), Cause::Command);
    Ok(())
}

/// Withdraws a correction.
pub(super) fn withdraw(d: &mut Draft<'_>, correction: Revision, reason: &str) -> Result<(), Refusal> {
    let mut all = Refusal::default();
    let reason = checked(d, reason, &mut all);
    if !d.ticket.corrections.iter().any(|c| c.revision == correction) {
        let known = d.ticket.corrections.iter().map(|c| c.revision.to_string()).collect::<Vec<_>>().join(", ");
        let none = if known.is_empty() { ("none", "无") } else { (known.as_str(), known.as_str()) };
        all.add(
            "unknown-correction",
            text(
                format!("no correction was made at {correction}; standing are: {}", none.0),
                format!("{correction} 没有豁免；现有：{}", none.1),
            ),
        );
    }
    all.done()?;
    d.push(Event::CorrectionWithdrawn { correction, reason }, Cause::Command);
    Ok(())
}

/// A reason, trimmed; without one nobody could account for the correction later.
fn checked(d: &Draft<'_>, reason: &str, all: &mut Refusal) -> String {
    let reason = reason.trim();
    let most = d.ctx.limits.name;
    if reason.is_empty() {
        all.add("no-reason", text("a correction needs a reason", "豁免必须填写原因"));
    }
    if reason.len() > most {
        all.reasons.extend(too_long(&Attribute::named("reason"), reason.len(), most).reasons);
    }
    reason.to_string()
}

/// Start and end of a clock the ticket knows.
fn life(t: &Ticket, clock: &ClockId) -> Option<(UtcInstant, Option<UtcInstant>)> {
    let open = t.clocks.iter().find(|c| c.id == *clock).map(|c| (c.started_at, None));
    open.or_else(|| t.closed_clocks.iter().find(|c| c.id == *clock).map(|c| (c.started_at, Some(c.ended_at))))
}

fn unknown(t: &Ticket, clock: &ClockId) -> Refusal {
    let known: Vec<String> =
        t.clocks.iter().map(|c| &c.id).chain(t.closed_clocks.iter().map(|c| &c.id)).map(|id| format!("{} {}", id.metric, id.run)).collect();
    let short: String = clock.metric.as_str().chars().take(64).collect();
    let known = if known.is_empty() { "-".to_string() } else { known.join(", ") };
    Refusal::one(
        "unknown-clock",
        text(
            format!("the ticket has no clock `{short}` run {}; it has: {known}", clock.run),
            format!("工单没有计时 `{short}` 第 {} 次；现有：{known}", clock.run),
        ),
    )
}
