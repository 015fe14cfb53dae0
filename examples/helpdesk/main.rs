//! A service desk in Shanghai, played for two weeks in a minute; or a foreign event log replayed through the same door.
//!
//! `cargo run --release --example helpdesk -- --help` says what there is. Read next: `play.rs` (time passes), `cast.rs` (what people do),
//! `view.rs` (what a lead sees), `replay.rs` (foreign logs).
#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a program for one purpose: a wrong sum stops it, and nobody builds on it"
)]

mod args;
mod cast;
mod figures;
mod play;
mod replay;
mod rng;
mod script;
mod stream;
mod text;
mod upgrade;
mod view;
mod world;

use args::Args;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use play::Play;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;
use text::{Style, Table};
use ticketry::calendar::zone_render;
use ticketry::diagnostic::Lang;
use ticketry::id::Revision;
use ticketry::store::{AnyStore, MemoryStore, Query, RedbStore, Store, StoreExt};
use world::World;

fn main() {
    let args = match Args::read(std::env::args().skip(1)) {
        Ok(a) => a,
        Err(e) => {
            eprintln!("{e}");
            std::process::exit(2);
        }
    };
    let mut out = std::io::stdout().lock();
    let done = if args.help {
        out.write_all(args::HELP.as_bytes()).map_err(Into::into)
    } else if args.log.is_some() {
        logs(&args, &mut out)
    } else {
        desk(&args, &mut out)
    };
    if let Err(e) = done {
        // A closed pipe (`| head`) is nobody's fault.
        if e.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe) {
            return;
        }
        eprintln!("{e}");
        std::process::exit(1);
    }
}

type Done = Result<(), Box<dyn Error>>;

fn style(lang: Lang) -> Style {
    Style { lang, colour: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() }
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

fn progress(length: u64) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(length), target);
    if let Ok(s) = ProgressStyle::with_template("{wide_bar} {msg} {percent:>3} %") {
        bar.set_style(s);
    }
    bar
}

/// The instant at which a day's play ends.
fn day_ends(day: NaiveDate) -> DateTime<Utc> {
    stream::beijing(day, stream::DAY_ENDS.0, stream::DAY_ENDS.1, 0)
}
fn local_day(t: DateTime<Utc>) -> NaiveDate {
    (t + TimeDelta::hours(8)).date_naive()
}

/// The main job: the desk in Shanghai.
fn desk(args: &Args, out: &mut impl Write) -> Done {
    let s = style(args.lang);
    let world = World::load(&examples().join("desk"), args.lang)?;
    // A file that goes at the end need not survive a power cut: where there is a file system in memory, it lies there.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }?;
    let path = args.store.clone().unwrap_or_else(|| folder.path().join("desk.redb"));
    let file = RedbStore::open_or_create(&path)?;
    let until = match &args.until {
        Some(t) => Some(
            t.parse::<chrono::NaiveDateTime>().or_else(|_| format!("{t}:00").parse()).map_err(|e| format!("--until {t}: {e}"))?.and_utc()
                - TimeDelta::hours(8),
        ),
        None => None,
    };
    let began = Instant::now();
    let before = replay::ready(file.find_all(&Query::new()))?;
    let first = stream::date(stream::FIRST);
    let start = stream::beijing(first, 0, 0, 0);
    let stands = before.iter().map(|t| t.updated_at).max();

    // A store that has played already: what was planned then is known again by playing the same story in memory up to where it stands.
    let memory = AnyStore::new(MemoryStore::new());
    let (desk, clock) = world.open(if stands.is_some() { memory } else { AnyStore::new(file.clone()) }, start, 0)?;
    let mut play = Play::new(&world, desk, clock, start);
    let mut day = first;
    let last = stream::date(stream::LAST);
    if let Some(stands) = stands {
        let line = match args.lang {
            Lang::En => format!(
                "{} holds {} tickets and stands at {} Beijing time; going on from there (numbers set aside before are skipped).",
                path.display(),
                before.len(),
                beijing(stands)
            ),
            Lang::Zh => format!(
                "{} 已有 {} 张工单，停在北京时间 {}，从那里继续（之前预留的编号会跳过）。",
                path.display(),
                before.len(),
                beijing(stands)
            ),
        };
        writeln!(out, "{line}\n")?;
        while day <= local_day(stands) {
            play.plan_day(day);
            day = day + Days::new(1);
        }
        play.remember_from(stands);
        play.run(stands, &mut |_| {})?;
        let (desk, clock) = world.open(AnyStore::new(file.clone()), stands, before.len() as u64)?;
        play.move_to(desk, clock)?;
    }
    let mut end = until.unwrap_or_else(|| day_ends(last).max(stands.map_or(start, |t| day_ends(local_day(t)))));
    loop {
        while day <= local_day(end) {
            play.plan_day(day);
            day = day + Days::new(1);
        }
        let from = play.now();
        let bar = progress(u64::try_from((end - from).num_minutes()).unwrap_or(0));
        let (commands, sweeps) = (play.tally.commands, play.tally.sweeps);
        play.run(end, &mut |t| {
            bar.set_position(u64::try_from((t - from).num_minutes()).unwrap_or(0));
            bar.set_message(beijing(t));
        })?;
        bar.finish_and_clear();
        // All of this had been played: one day more.
        if until.is_none() && stands.is_some() && play.tally.commands == commands && play.tally.sweeps == sweeps {
            end += TimeDelta::days(1);
            continue;
        }
        break;
    }
    let tickets = replay::ready(file.find_all(&Query::new()))?;
    let ((entries, digest), journals) = (replay::journal(&file)?, journals(&file)?);
    let size = std::fs::metadata(&path).map_or(0, |m| m.len());
    let view = view::View { world: &world, tickets: &tickets, journals: &journals, now: play.now(), style: s };
    let t = &play.tally;
    let refused: Vec<String> = t.refused.iter().map(|(c, n)| format!("{c} {n}")).collect();
    let refused = if refused.is_empty() { "0".to_string() } else { refused.join(", ") };
    let head = match args.lang {
        Lang::En => format!(
            "Shanghai service desk at {} Beijing time (played in {:.1} s)\n{} commands, refused: {refused}; {} sweeps, {} timers fired; {entries} journal entries, {} KiB\njournal SHA-256 {digest}\n",
            beijing(play.now()),
            began.elapsed().as_secs_f64(),
            t.commands,
            t.sweeps,
            t.fired,
            size / 1024
        ),
        Lang::Zh => format!(
            "上海服务台，北京时间 {}（用时 {:.1} 秒）\n命令 {} 条，被拒绝：{refused}；扫描 {} 次，触发定时 {} 次；日志 {entries} 条，{} KiB\n日志 SHA-256 {digest}\n",
            beijing(play.now()),
            began.elapsed().as_secs_f64(),
            t.commands,
            t.sweeps,
            t.fired,
            size / 1024
        ),
    };
    writeln!(out, "{head}\n{}", view.render())?;
    let opened = format!("watch:{}", script::WATCH);
    if let Some(t) = tickets.iter().find(|t| t.requester == *opened.as_str()) {
        play.scripted.insert(script::WATCH, t.id);
    }
    if !play.upgrade.is_empty() {
        writeln!(out, "{}", s.heading(s.say("Another version of a workflow, while the desk runs", "运行中更换流程版本")))?;
        for line in &play.upgrade {
            writeln!(out, "  {}", line.get(args.lang))?;
        }
        writeln!(out)?;
    }
    stories(&play, s, out)?;
    if args.store.is_some() {
        let line = match args.lang {
            Lang::En => format!("The desk is kept in {}; the same command goes on with the next day.", path.display()),
            Lang::Zh => format!("服务台保存在 {}；再次运行同一命令将继续下一天。", path.display()),
        };
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// The journal of every ticket.
fn journals(store: &impl Store) -> Result<view::Journals, replay::Fault> {
    let mut all = view::Journals::new();
    replay::feed(store, |entry| {
        all.entry(entry.ticket).or_default().push(entry);
        Ok(())
    })?;
    Ok(all)
}

/// Beijing wall time, to the minute.
fn beijing(t: DateTime<Utc>) -> String {
    (t + TimeDelta::hours(8)).format("%Y-%m-%d %H:%M").to_string()
}

/// Tells the scripted tickets' stories: every entry explained.
fn stories(play: &Play<'_>, s: Style, out: &mut impl Write) -> Done {
    for (n, (name, title)) in script::titles().iter().enumerate() {
        writeln!(out, "{}", s.heading(&format!("{} {}", n + 1, title.get(s.lang))))?;
        let Some(id) = play.scripted.get(name) else {
            writeln!(out, "  {}\n", s.say("not yet", "尚未发生"))?;
            continue;
        };
        let ticket = play.desk.ticket(*id)?;
        writeln!(out, "  #{} {}", ticket.number, ticket.subject)?;
        // What can no longer be known is the same for every entry: said once.
        let mut unknown: Vec<String> = Vec::new();
        for r in 1..=ticket.revision.get() {
            let Some(e) = play.desk.explain(*id, Revision::new(r))? else { continue };
            unknown.extend(e.unknown.iter().map(|u| u.get(s.lang).trim().to_string()));
            for line in e.render(s.lang).lines().filter(|l| !unknown.iter().any(|u| u == l.trim())) {
                let is_head = !line.starts_with(' ');
                writeln!(out, "  {}", if is_head { s.say_head(line) } else { line.to_string() })?;
            }
            if *name == "berlin" {
                both_zones(&e.entry, s, out)?;
            }
        }
        unknown.dedup();
        for u in unknown {
            writeln!(out, "  {}", s.dim(&format!("({u})")))?;
        }
        writeln!(out)?;
    }
    lowered(play, s, out)
}

/// Which rules run without the interpreter.
fn lowered(play: &Play<'_>, s: Style, out: &mut impl Write) -> Done {
    let rules = play.world.playbook.rules();
    let scripts: Vec<String> = rules.iter().filter(|(_, r)| !r.is_native()).map(|(_, r)| r.name.to_string()).collect();
    let native = rules.len() - scripts.len();
    let line = match s.lang {
        Lang::En => format!("{native} rules are lowered, conditions and actions; as scripts run: {}", scripts.join(", ")),
        Lang::Zh => format!("{native} 条规则的条件与动作已编译为原生；以脚本运行：{}", scripts.join("、")),
    };
    writeln!(out, "{line}")?;
    Ok(())
}

/// Due times of an entry's clocks, in Shanghai and in Berlin.
fn both_zones(entry: &ticketry::ticket::Entry, s: Style, out: &mut impl Write) -> Done {
    use ticketry::ticket::Event;
    for c in &entry.events {
        let (metric, due) = match &c.event {
            Event::ClockStarted(c) => (c.id.metric.to_string(), c.due),
            Event::ClockResumed { clock, due, .. } => (clock.metric.to_string(), *due),
            Event::ClockRetargeted { clock, .. } => (clock.id.metric.to_string(), clock.due),
            _ => continue,
        };
        if let Some(due) = due {
            let (here, there) = (zone_render("Asia/Shanghai", due)?, zone_render("Europe/Berlin", due)?);
            writeln!(out, "    → {metric} {}: Shanghai {here} = Berlin {there}", s.say("due", "到期"))?;
        }
    }
    Ok(())
}

/// A foreign log.
fn logs(args: &Args, out: &mut impl Write) -> Done {
    let s = style(args.lang);
    let (Some(log), Some(map_file)) = (&args.log, &args.map) else { return Ok(()) };
    let map = replay::Map::read(map_file)?;
    let rows = replay::rows(log, &map, args.rows.unwrap_or(usize::MAX))?;
    let playbook = map.playbook(map_file, &rows, args.lang)?;
    let bar = progress(rows.len() as u64);
    let began = Instant::now();
    let mut tick = |n: u64| bar.set_position(n);
    let store = match &args.store {
        Some(path) => AnyStore::new(RedbStore::create(path)?),
        None => AnyStore::new(MemoryStore::new()),
    };
    let account = replay::run(&map, &playbook, &rows, store.clone(), replay::Sweeps::Due, &mut tick)?;
    bar.finish_and_clear();
    writeln!(out, "{}", s.heading(&format!("{} → {}", log.display(), playbook.name())))?;
    let mut table = Table::new(&[
        s.say("activity", "活动"),
        s.say("rows", "行数"),
        s.say("applied", "已执行"),
        s.say("refused", "被拒绝"),
        s.say("why", "原因"),
    ])
    .left(&[4]);
    for (activity, t) in &account.activities {
        let refused: u64 = t.refused.values().sum();
        let why: Vec<String> = t.refused.iter().map(|(c, n)| format!("{c} {n}")).collect();
        table.row([activity.clone(), t.rows.to_string(), t.applied.to_string(), refused.to_string(), why.join(", ")]);
    }
    table.row([s.say("all", "合计").to_string(), account.rows.to_string(), account.applied().to_string(), account.refused().to_string()]);
    writeln!(out, "{}", table.render(s))?;
    let share = account.applied() as f64 * 100.0 / account.rows.max(1) as f64;
    let whole = account.applied() + account.refused() == account.rows;
    let (applied, refused, rows) = (account.applied(), account.refused(), account.rows);
    let (cases, made, commands) = (account.cases, account.made, account.commands);
    let (sweeps, fired, (met, breached)) = (account.sweeps, account.fired, account.resolution);
    let seconds = began.elapsed().as_secs_f64();
    let kept = if whole { s.say("every row is accounted for", "每一行都有着落") } else { s.say("ROWS ARE MISSING", "有行缺失") };
    let line = match args.lang {
        Lang::En => format!(
            "  applied {applied} + refused {refused} = {rows} rows: {kept}; {share:.2} % applied\n  {cases} tickets ({made} made at a first row that is no creation), {commands} commands, {sweeps} sweeps, {fired} timers fired, {seconds:.1} s\n  resolution clocks as they stand: {met} met, {breached} breached"
        ),
        Lang::Zh => format!(
            "  已执行 {applied} + 被拒绝 {refused} = {rows} 行：{kept}；执行率 {share:.2} %\n  工单 {cases} 张（其中 {made} 张首行并非创建），命令 {commands} 条，扫描 {sweeps} 次，触发定时 {fired} 次，{seconds:.1} 秒\n  解决时限（当前）：达标 {met}，超时 {breached}"
        ),
    };
    writeln!(out, "{line}\n")?;
    let equal = beside(args, log, &map, &account, figures::cases(&map, playbook.calendars(), &store, &account)?, out)?;
    let states: Vec<String> = account.states.iter().map(|(k, n)| format!("{k} {n}")).collect();
    writeln!(out, "  {}: {}", s.say("states at the end", "最终状态"), states.join(", "))?;
    writeln!(out, "  {} {}, SHA-256 {}", account.entries, s.say("journal entries", "条日志"), account.digest)?;
    if !whole {
        return Err("rows are missing from the account".into());
    }
    if !equal {
        return Err("the figures are not those beside the log".into());
    }
    Ok(())
}

/// What was found against the files beside the log; whether all is equal.
fn beside(
    args: &Args,
    log: &Path,
    map: &replay::Map,
    account: &replay::Account,
    cases: BTreeMap<String, figures::Case>,
    out: &mut impl Write,
) -> Result<bool, Box<dyn Error>> {
    let s = style(args.lang);
    let mut equal = true;
    let mut table = |title: &str, figures: &[figures::Figure]| -> Done {
        if figures.is_empty() {
            return Ok(());
        }
        writeln!(out, "{}", s.heading(title))?;
        let mut table = Table::new(&[s.say("figure", "项目"), s.say("expected", "应有"), s.say("found", "实有"), ""]).left(&[3]);
        for f in figures {
            equal &= f.equal();
            table.row([f.what.clone(), f.expected.clone(), f.found.clone(), if f.equal() { "=".into() } else { s.red("≠") }]);
        }
        writeln!(out, "{}", table.render(s))?;
        Ok(())
    };
    if args.rows.is_none() {
        table(s.say("Reconciled with the figures beside the log", "与日志旁的统计核对"), &figures::reconcile(log, map, account)?)?;
        table(s.say("Time, read from the tickets' journals", "时间（取自各工单日志）"), &figures::totals(log, map, &cases)?)?;
    }
    let (lines, different) = figures::differences(log, map, &cases)?;
    if lines > 0 {
        let most = different.get(..20).unwrap_or(&different);
        table(s.say("Cases that differ", "不一致的工单"), most)?;
        let n = different.len();
        let line = match args.lang {
            Lang::En => format!("  {lines} lines of the files beside the log compared, {n} figures differ"),
            Lang::Zh => format!("  逐行核对日志旁的文件 {lines} 行，{n} 项不一致"),
        };
        writeln!(out, "{line}\n")?;
    }
    let stops = |c: &figures::Case| c.first_response.into_iter().chain(c.resolution);
    let closing = cases.values().flat_map(stops).filter(|s| s.over != s.late).count();
    if closing > 0 {
        let line = match args.lang {
            Lang::En => format!(
                "  {closing} stopped out of hours after exactly its target was used up at closing: not over by its count, late by its due instant"
            ),
            Lang::Zh => format!("  {closing} 项在收工时恰好用完目标、下班后才停止：按计时未超，按截止时刻为迟"),
        };
        writeln!(out, "{line}\n")?;
    }
    if args.rows.is_some() {
        writeln!(out, "  {}", s.say("only a part was replayed: no sums to reconcile", "仅重放了部分行，不核对合计"))?;
    }
    Ok(equal)
}
