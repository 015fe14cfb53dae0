//! The desk goes over to another version of a workflow while it runs: first on trial for repairs alone, then for all, with a migration of what is open.

use crate::play::Play;
use crate::stream::{self, beijing};
use crate::world::World;
use chrono::{DateTime, Utc};
use std::error::Error;
use ticketry::desk::{Builder, Desk, Recalculation, Subset};
use ticketry::diagnostic::{Lang, Text, text};
use ticketry::playbook::diff;

/// The files of `examples/desk-next`.
pub const FILES: [&str; 2] = ["workflows/repair.toml", "migrations/repair-2.toml"];

/// The steps, each with its day and hour in Beijing.
pub const STEPS: [(Step, (i32, u32, u32), u32); 2] = [(Step::Trial, (2025, 10, 9), 9), (Step::Swap, (2025, 10, 10), 12)];

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// New repairs begin in version 2.
    Trial,
    /// It is the desk's playbook, and open repairs go over.
    Swap,
}

/// When a step is done.
pub fn at(step: Step) -> DateTime<Utc> {
    let found = STEPS.iter().find(|(s, ..)| *s == step);
    found.map_or(DateTime::<Utc>::MAX_UTC, |(_, day, hour)| beijing(stream::date(*day), *hour, 0, 0))
}

fn repairs() -> Subset {
    Subset::new().types(["repair"])
}

/// A desk as it stands at an instant: one that starts again is told what was activated before, and since when.
pub fn builder(world: &World, now: DateTime<Utc>) -> Builder {
    let next = |step| world.next.clone().active_since(at(step));
    if now >= at(Step::Swap) {
        Desk::builder(next(Step::Swap)).older_playbook(world.playbook.clone())
    } else if now >= at(Step::Trial) {
        Desk::builder(world.playbook.clone()).trial(next(Step::Trial), repairs())
    } else {
        Desk::builder(world.playbook.clone())
    }
}

/// Does a step; what is to be told of it is kept in the play.
pub fn perform(play: &mut Play<'_>, step: Step) -> Result<(), Box<dyn Error>> {
    match step {
        Step::Trial => {
            let changed = diff(&play.world.playbook, &play.world.next);
            play.upgrade.push(text(
                format!("what changes:\n{}", indented(&changed.render(Lang::En))),
                format!("有何变化：\n{}", indented(&changed.render(Lang::Zh))),
            ));
            let begun = play.desk.begin_trial(play.world.next.clone(), repairs())?;
            adopt(play, begun.recalculation)?;
            play.upgrade.push(text(
                "from 10-09 09:00 new repairs begin in version 2, all else as before",
                "10-09 09:00 起，新维修工单试用第 2 版，其余照旧",
            ));
        }
        Step::Swap => {
            let swapped = play.desk.swap(play.world.next.clone())?;
            adopt(play, swapped.recalculation)?;
            migrate(play)?;
        }
    }
    Ok(())
}

/// Takes what is open to version 2; doing it again does no harm.
pub fn migrate(play: &mut Play<'_>) -> Result<(), Box<dyn Error>> {
    let world = play.world;
    let Some(migration) = world.next.migration("repair-2") else { return Ok(()) };
    let preview = play.desk.preview_migration(migration, 3)?;
    let mut state = play.desk.begin_migration(migration)?;
    while !state.done {
        play.desk.migrate(&mut state, 50)?;
    }
    let pairs: Vec<String> = preview.pairs.iter().map(|((from, to), n)| format!("{from} → {to} {n}")).collect();
    let (total, changed, pairs) = (preview.total, state.changed, pairs.join(", "));
    if total > 0 {
        let line: Text = text(
            format!(
                "on 10-10 at 12:00 it is in force for all; {total} open repairs of version 1 ({pairs}), {changed} migrated, {} refused",
                state.refused.len()
            ),
            format!(
                "10-10 12:00 全面启用；第 1 版未结维修工单 {total} 张（{pairs}），已迁移 {changed} 张，拒绝 {} 张",
                state.refused.len()
            ),
        );
        play.upgrade.push(line);
    }
    Ok(())
}

fn adopt(play: &Play<'_>, mut state: Recalculation) -> Result<(), Box<dyn Error>> {
    while !state.done {
        play.desk.recalculate(&mut state, 100)?;
    }
    Ok(())
}

fn indented(lines: &str) -> String {
    lines.lines().map(|l| format!("    {l}")).collect::<Vec<_>>().join("\n")
}
