//! Catching up (S26): everything due strictly before an instant fires in due order, each at its own.

use super::actions;
use super::draft::Draft;
use super::settle::{readopt, settle};
use super::transition;
use super::waves::Waves;
use crate::id::*;
use crate::ticket::*;

/// Firings of one commit after which the rest stays due; those of one instant stay together, up to four times as many.
const MOST: usize = 64;

/// What the catching up came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CaughtUp {
    /// Nothing is due any more.
    Done,
    /// More is due than fits one commit.
    More,
}

/// Fires what is due strictly before `until`: people win ties, and a target met at its due instant is met.
///
/// A change of the playbook that the ticket has not seen takes its place in between, at its own instant: what was due before went by the old figures. So the journal
/// is the same whether a recalculation came by at once, later, or never before the next command.
pub(super) fn catch_up(d: &mut Draft<'_>, until: UtcInstant) -> CaughtUp {
    let mut fired = 0usize;
    if let Some(change) = d.ctx.playbook.since().filter(|at| *at <= until && d.ticket.updated_at <= *at) {
        if fire_before(d, change, &mut fired) == CaughtUp::More {
            return CaughtUp::More;
        }
        adopt(d, change, change < until);
    }
    fire_before(d, until, &mut fired)
}

fn fire_before(d: &mut Draft<'_>, until: UtcInstant, fired: &mut usize) -> CaughtUp {
    loop {
        // The stored wake instant may be early, never late: most commands find nothing due and look no further.
        if d.ticket.next_wake().is_none_or(|at| at >= until) {
            return CaughtUp::Done;
        }
        let Some((at, kind)) = earliest(&d.ticket).filter(|(at, _)| *at < until) else { return CaughtUp::Done };
        if *fired >= MOST && (at > d.at || *fired >= MOST.saturating_mul(4)) {
            return CaughtUp::More;
        }
        fire(d, at, kind);
        *fired = fired.saturating_add(1);
    }
}

/// The ticket adopts the active playbook as of the instant it became active; nothing is recorded where nothing changes for it. At the entry's own instant it is the entry's
/// first step instead of a timer's: what else is due then is not yet (people win ties).
fn adopt(d: &mut Draft<'_>, at: UtcInstant, timed: bool) {
    if !d.ticket.is_open() {
        return;
    }
    let mark = d.mark();
    d.begin_step(at, timed);
    let kind = TimerKind::Playbook;
    d.push(Event::TimerFired(kind.clone()), Cause::Timer(kind, at));
    let nothing = d.events.len();
    let mut waves = Waves::of_timer();
    let _ = settle(d, &mut waves);
    readopt(d);
    let _ = settle(d, &mut waves);
    if d.events.len() == nothing {
        d.back_to(mark);
    }
}

/// The next thing that happens by itself. At one instant the order is that of [`TimerKind`]: the state's own timers before clocks, since
/// a transition at the due instant still meets the target (S47).
fn earliest(t: &Ticket) -> Option<(UtcInstant, TimerKind)> {
    let timers = t.timers.iter().filter_map(|x| Some((x.wakes()?, x.kind.clone())));
    let limit = t.limit.filter(|_| !t.limit_passed).map(|at| (at, TimerKind::StateLimit));
    let clocks = t.clocks.iter().filter_map(|c| Some((c.wake_at()?, TimerKind::Clock(c.id.clone()))));
    let over = t.priority_until.map(|at| (at, TimerKind::PriorityOverride));
    let tasks = t.tasks.iter().filter_map(|x| Some((x.wake_at()?, TimerKind::Task(x.id))));
    let approvals = t.approvals.iter().filter_map(|a| Some((a.wake_at()?, TimerKind::Approval(a.name.clone()))));
    timers.chain(limit).chain(clocks).chain(over).chain(tasks).chain(approvals).min()
}

fn fire(d: &mut Draft<'_>, due: UtcInstant, kind: TimerKind) {
    d.begin_step(due, true);
    let cause = Cause::Timer(kind.clone(), due);
    // A timer has nobody to refuse to: a fail-closed rule's failure is journalled like any other, and the step is settled to its end.
    let mut waves = Waves::of_timer();
    match &kind {
        // Not among a ticket's timers: see `adopt`. What has passed wakes for nothing.
        TimerKind::Playbook | TimerKind::Passed(..) | TimerKind::Kin => {}
        TimerKind::StateLimit => d.push(Event::LimitPassed, cause),
        TimerKind::PriorityOverride => d.push(Event::OverrideEnded, cause),
        TimerKind::Approval(name) => super::approval::fire(d, name, &cause),
        TimerKind::Task(task) => super::task::fire(d, *task, &cause),
        TimerKind::Transition(name) => {
            d.push(Event::TimerFired(kind.clone()), cause.clone());
            transition::take_or_tell(d, name, &cause);
        }
        TimerKind::Rule(name) | TimerKind::Every(name, _) | TimerKind::BeforeDue(name, _) => {
            d.push(Event::TimerFired(kind.clone()), cause);
            if let TimerKind::Every(_, n) = &kind {
                // Before the rule: what it does may end the stay, and with it the periods.
                super::periods::again(d, name, *n);
            }
            if let Some((index, rule)) = d.ctx.playbook.rules().named(name.as_str()) {
                let _ = waves.timer(d, index, rule);
            }
        }
        TimerKind::Clock(id) => {
            d.firing = Some(kind.clone());
            let agreements = d.ctx.playbook.agreements();
            let fired = {
                // A level that would go to nobody leaves it to the next one (S50, S64).
                let roster = d.ctx.roster;
                let reaches = |action: &Action| match action {
                    Action::Notify { to, .. } => !roster.recipients(to, &d.ticket, due).is_empty(),
                    Action::Watch(a) | Action::Assign(a) => roster.agent(a).is_some(),
                    _ => true,
                };
                agreements.fire_to(d.ctx.playbook.calendars(), &d.ticket, id, due, &d.view("clock"), &reaches)
            };
            for event in fired.events {
                d.push(event, cause.clone());
            }
            for (source, fault) in fired.faults {
                d.push(Event::faulted(RuleName::new(source.as_str()), &fault), cause.clone());
            }
            for (source, list) in fired.actions {
                for action in &list {
                    actions::attempt(d, source.as_str(), action.word(), &cause, |d| actions::perform(d, action, &cause));
                }
            }
        }
    }
    let _ = settle(d, &mut waves);
}
