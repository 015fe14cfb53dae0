//! What looks at a past: journals of a desk, or an event log.

use crate::args;
use crate::args::Format;
use crate::commands::{read, source};
use crate::show::{Show, Trouble};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use ticketry::harness::{self, History, LogMap, ReplayOptions, Replayed};
use ticketry::playbook::Playbook;
use ticketry::ticket::Entry;

/// Most bytes of one line of journals: an entry with the largest message has far fewer.
const LINE: u64 = 4 * 1024 * 1024;

/// `ticketry replay`.
pub fn replay(show: &Show, a: &args::Replay) -> Result<bool, Trouble> {
    let (history, log) = past(show, a)?;
    if history.is_empty() {
        let name = a.past.display();
        return Err(Trouble::new(format!("{name} holds nothing that could be done again"), format!("{name} 中没有可重放的内容")));
    }
    let after = run(show, a, &a.folder, &history, &log, a.coverage)?;
    let before = match (&a.against, &log.base, history.outcome()) {
        (Some(folder), ..) => run(show, a, folder, &history, &log, false)?,
        (None, _, Some(recorded)) => recorded,
        (None, Some(base), None) => run(show, a, base, &history, &log, false)?,
        (None, None, None) => after.clone(),
    };
    let differences = harness::differences(&before, &after);
    if a.format == Format::Json {
        show.json(&json!({
            "tickets": before.courses.len(),
            "done": after.done,
            "refused": after.refused,
            "left_out": after.left_out,
            "differences": differences,
            "coverage": after.coverage,
        }));
    } else {
        show.out(&harness::render_differences(&before, &after, &differences, a.most, show.lang));
        after.coverage.iter().for_each(|c| show.out(&c.render(show.lang)));
    }
    Ok(!a.exact || (differences.is_empty() && after.refused.is_empty()))
}

/// What a log says besides its rows.
#[derive(Default)]
struct Log {
    /// The playbook it went by.
    base: Option<std::path::PathBuf>,
    /// Groups its rows name.
    groups: Vec<String>,
}

fn past(show: &Show, a: &args::Replay) -> Result<(History, Log), Trouble> {
    let name = a.past.to_string_lossy();
    let is_log = name.ends_with(".csv") || name.ends_with(".csv.gz");
    match (&a.map, is_log) {
        (None, true) => Err(Trouble::new(
            "an event log needs a map: --map MAP.toml says which command each activity is",
            "事件日志需要映射：--map MAP.toml 说明每个活动对应的命令",
        )),
        (Some(_), false) => Err(Trouble::new(
            format!("--map goes with an event log (.csv, .csv.gz), and {name} is none"),
            format!("--map 用于事件日志（.csv、.csv.gz），而 {name} 不是"),
        )),
        (None, false) => Ok((History::of_journals(entries(&a.past)?), Log::default())),
        (Some(file), true) => {
            let content = read(file)?;
            let map = LogMap::parse(&file.display().to_string(), &content).map_err(|d| {
                show.problems(&d, Some(&ticketry::diagnostic::Source::new().with(file.display().to_string(), content.clone())))
            })?;
            let rows = rows(&a.past, &map)?;
            let groups = map.groups(&rows).into_iter().collect();
            let base = file.parent().unwrap_or(Path::new(".")).join(&map.playbook);
            let history = map.history(rows).map_err(|d| show.problems(&d, None))?;
            Ok((history, Log { base: Some(base), groups }))
        }
    }
}

/// A history under the playbook of a folder, with a progress bar where somebody looks.
fn run(show: &Show, a: &args::Replay, folder: &Path, history: &History, log: &Log, coverage: bool) -> Result<Replayed, Trouble> {
    let mut source = source(show, folder)?;
    // No file lists hundreds of a log's groups by hand.
    if !log.groups.is_empty() {
        let mut head = source.get("playbook.toml").unwrap_or_default().to_string();
        let known = Playbook::load(&source).ok();
        let known = |g: &str| known.as_ref().is_some_and(|l| l.playbook.schema().groups.contains_key(g));
        for g in log.groups.iter().filter(|g| !known(g)) {
            head.push_str(&format!("\n[groups.{g:?}]\n"));
        }
        source.add("playbook.toml", head);
    }
    let playbook = Playbook::load(&source).map_err(|d| show.problems(&d, Some(&source)))?.playbook;
    let (people, problems) = harness::people(&source, playbook.schema());
    if problems.has_errors() {
        return Err(show.problems(&problems, Some(&source)));
    }
    let customers = match &a.customers {
        None => BTreeMap::new(),
        Some(file) => {
            let content = read(file)?;
            let name = file.display().to_string();
            harness::customers(&name, &content, playbook.schema())
                .map_err(|d| show.problems(&d, Some(&ticketry::diagnostic::Source::new().with(name.clone(), content.clone()))))?
        }
    };
    let bar = ProgressBar::new(u64::try_from(history.len()).unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    let options = ReplayOptions { coverage, customers };
    let done = harness::replay(&playbook, &people, history, &options, &mut |n| bar.set_position(u64::try_from(n).unwrap_or(u64::MAX)));
    bar.finish_and_clear();
    done.map_err(|e| Trouble::Impossible(e.text()))
}

/// Entries of journals as JSON lines.
pub fn entries(path: &Path) -> Result<Vec<Entry>, Trouble> {
    let name = path.display();
    let mut reader = BufReader::new(fs::File::open(path).map_err(|e| Trouble::file(path, &e))?);
    let mut entries: Vec<Entry> = Vec::new();
    for n in 1u64.. {
        let mut line = String::new();
        let read = reader.by_ref().take(LINE).read_line(&mut line).map_err(|e| Trouble::file(path, &e))?;
        if read == 0 {
            break;
        }
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str(&line) {
            Ok(entry) => entries.push(entry),
            Err(e) => {
                let said = e.to_string();
                let said = said.split(" at line ").next().unwrap_or_default();
                return Err(Trouble::new(
                    format!("{name}:{n}:{}: this is no entry of a journal: {said}", e.column()),
                    format!("{name}:{n}:{}：不是操作日志条目：{said}", e.column()),
                ));
            }
        }
    }
    Ok(entries)
}

/// The rows of a log, cells by the heads of their columns.
fn rows(path: &Path, map: &LogMap) -> Result<Vec<BTreeMap<String, String>>, Trouble> {
    let name = path.display();
    let file = fs::File::open(path).map_err(|e| Trouble::file(path, &e))?;
    let plain: Box<dyn Read> =
        if path.extension().is_some_and(|e| e == "gz") { Box::new(flate2::read::GzDecoder::new(file)) } else { Box::new(file) };
    let mut reader = csv::Reader::from_reader(plain);
    let wrong = |e: csv::Error| Trouble::new(format!("{name}: {e}"), format!("{name}：{e}"));
    let heads: Vec<String> = reader.headers().map_err(wrong)?.iter().map(str::to_string).collect();
    let named = map.named();
    if let Some(missing) = named.iter().find(|c| !heads.iter().any(|h| h == *c)) {
        let all = heads.join(", ");
        return Err(Trouble::new(format!("{name} has no column {missing}; it has {all}"), format!("{name} 没有列 {missing}；现有：{all}")));
    }
    let mut out = Vec::new();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        let cells = heads.iter().zip(record.iter()).filter(|(h, _)| named.contains(h.as_str()));
        out.push(cells.map(|(h, v)| (h.clone(), v.to_string())).collect());
    }
    Ok(out)
}

/// `ticketry export`.
#[cfg(feature = "redb")]
pub fn export(show: &Show, a: &args::Export) -> Result<bool, Trouble> {
    use std::io::{BufWriter, Write};
    use ticketry::store::{Limit, RedbStore, Store as _};
    let name = a.store.display();
    let failed = |e: ticketry::store::StoreError| Trouble::new(format!("{name}: {}", e.message()), format!("{name}：{}", e.message()));
    let store = RedbStore::open(&a.store).map_err(failed)?;
    let (to, into): (Box<dyn Write>, &Path) = match &a.out {
        Some(file) => (Box::new(fs::File::create(file).map_err(|e| Trouble::file(file, &e))?), file),
        None => (Box::new(std::io::stdout().lock()), Path::new("standard output")),
    };
    let mut to = BufWriter::new(to);
    let (mut after, mut count) = (None, 0u64);
    loop {
        let page = ready(store.feed(after, Limit::MAX)).map_err(failed)?;
        for entry in page.items {
            let line = serde_json::to_string(&entry).map_err(|e| Trouble::new(e.to_string(), e.to_string()))?;
            match writeln!(to, "{line}") {
                Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => return Ok(true),
                done => done.map_err(|e| Trouble::file(into, &e))?,
            }
            count = count.saturating_add(1);
        }
        if !page.more || page.next.is_none() {
            break;
        }
        after = page.next;
    }
    to.flush().map_err(|e| Trouble::file(into, &e))?;
    show.err(&show.say(format!("{count} entries\n"), format!("{count} 条\n")));
    Ok(true)
}

/// The answer of a future of an embedded store: they are ready when polled.
#[cfg(feature = "redb")]
fn ready<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(answer) = future.as_mut().poll(&mut context) {
            return answer;
        }
        std::thread::yield_now();
    }
}

/// `ticketry export`, in a build without the store.
#[cfg(not(feature = "redb"))]
pub fn export(_: &Show, _: &args::Export) -> Result<bool, Trouble> {
    Err(Trouble::new("this build has no store files; build it with the feature `redb`", "此构建不支持存储文件，请启用特性 `redb`"))
}
