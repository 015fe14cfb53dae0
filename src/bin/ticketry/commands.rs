//! What looks at a playbook alone.

use crate::args;
use crate::args::Format;
use crate::show::{Show, Trouble};
use serde_json::json;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use ticketry::diagnostic::{Severity, Source, codes, did_you_mean};
use ticketry::harness::{self, Options};
use ticketry::insight::{self, Flow, Life};
use ticketry::playbook::{Change, Playbook};
use ticketry::ticket::{Entry, Event};

/// Most bytes of a ticket's JSON.
const TICKET: u64 = 1024 * 1024;

/// The files of a playbook.
pub fn source(show: &Show, folder: &Path) -> Result<Source, Trouble> {
    let name = folder.display();
    match fs::metadata(folder) {
        Err(e) => return Err(Trouble::file(folder, &e)),
        Ok(m) if !m.is_dir() => return Err(Trouble::new(format!("{name} is no folder"), format!("{name} 不是文件夹"))),
        Ok(_) => {}
    }
    ticketry::folder::read(folder).map_err(|d| show.problems(&d, None))
}

/// The playbook in a folder.
pub fn playbook(show: &Show, folder: &Path) -> Result<(Source, Playbook), Trouble> {
    let source = source(show, folder)?;
    match Playbook::load(&source) {
        Ok(loaded) => Ok((source, loaded.playbook)),
        Err(problems) => Err(show.problems(&problems, Some(&source))),
    }
}

/// A text file, or standard input for `-`.
pub fn read(path: &Path) -> Result<String, Trouble> {
    let mut content = String::new();
    let done = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(TICKET).read_to_string(&mut content)
    } else {
        fs::File::open(path).and_then(|f| f.take(TICKET).read_to_string(&mut content))
    };
    done.map(|_| content).map_err(|e| Trouble::file(path, &e))
}

/// `ticketry check`.
pub fn check(show: &Show, a: &args::Check) -> Result<bool, Trouble> {
    let name = a.folder.display();
    match fs::metadata(&a.folder) {
        Err(e) => return Err(Trouble::file(&a.folder, &e)),
        Ok(m) if !m.is_dir() => return Err(Trouble::new(format!("{name} is no folder"), format!("{name} 不是文件夹"))),
        Ok(_) => {}
    }
    let (source, problems) = match ticketry::folder::read(&a.folder) {
        Ok(source) => {
            let problems = harness::check(&source);
            (Some(source), problems)
        }
        Err(problems) => (None, problems),
    };
    let errors = problems.iter().filter(|d| d.severity == Severity::Error).count();
    let warnings = problems.len().saturating_sub(errors);
    if a.format == Format::Json {
        show.json(&json!({ "errors": errors, "warnings": warnings, "problems": problems }));
    } else {
        show.out(&problems.render(show.lang, source.as_ref()));
        let gap = if problems.is_empty() { "" } else { "\n" };
        let s = |n: usize| if n == 1 { "" } else { "s" };
        let counts = show.say(
            format!("{name}: {errors} error{}, {warnings} warning{}\n", s(errors), s(warnings)),
            format!("{name}：{errors} 个错误，{warnings} 个警告\n"),
        );
        show.out(&format!("{gap}{counts}"));
        // With the first code found, so that the line can be copied as it stands.
        if let Some(d) = problems.iter().next() {
            let code = d.code;
            show.out(&show.say(
                format!("`ticketry code {code}` explains {code}, and so with every code\n"),
                format!("`ticketry code {code}` 解释 {code}，其他代码同理\n"),
            ));
        }
    }
    Ok(errors == 0 && (warnings == 0 || !a.strict))
}

/// `ticketry code`.
pub fn code(show: &Show, a: &args::Code) -> Result<bool, Trouble> {
    let Some(code) = &a.code else {
        let mut last = "";
        for (group, code) in codes::grouped() {
            if group != last {
                let gap = if last.is_empty() { "" } else { "\n" };
                show.out(&format!("{gap}{group}\n"));
                last = group;
            }
            show.out(&format!("  {code}\n"));
        }
        return Ok(true);
    };
    // As it is copied from a message: error[dead-end].
    let asked = code.split_once('[').map_or(code.as_str(), |(_, c)| c.trim_end_matches([']', ':']));
    let Some(text) = codes::explain(asked) else {
        let near = did_you_mean(asked, codes::all());
        let (en, zh) = near.map_or_else(Default::default, |t| (format!("; {}", t.en), format!("；{}", t.zh)));
        return Err(Trouble::new(format!("no error or warning has the code `{asked}`{en}"), format!("没有代码 `{asked}`{zh}")));
    };
    show.out(&format!("{asked}: {text}\n"));
    Ok(true)
}

/// `ticketry test`.
pub fn test(show: &Show, a: &args::Test) -> Result<bool, Trouble> {
    let source = source(show, &a.folder)?;
    let options = Options { filter: a.filter.clone(), coverage: a.coverage, ..Options::default() };
    let report = match harness::test(&source, &options) {
        Ok(report) => report,
        Err(problems) if a.format == Format::Json => {
            show.json(&json!({ "problems": problems }));
            return Err(Trouble::Shown);
        }
        Err(problems) => return Err(show.problems(&problems, Some(&source))),
    };
    if a.format == Format::Json {
        show.json(&report);
    } else {
        show.err(&report.warnings().render(show.lang, Some(&source)));
        show.out(&report.render(show.lang));
        if report.outcomes().is_empty() {
            show.err(&show.say("no test was run\n", "没有运行任何测试\n"));
        }
    }
    // A filter that finds nothing is a slip, and must not look like success.
    Ok(report.passed() && !(report.outcomes().is_empty() && a.filter.is_some()))
}

/// `ticketry explain`.
pub fn explain(show: &Show, a: &args::Explain) -> Result<bool, Trouble> {
    let source = source(show, &a.folder)?;
    let json = read(&a.ticket)?;
    let file = a.ticket.display().to_string();
    let told = match harness::explain(&source, &file, &json) {
        Ok(told) => told,
        Err(problems) => return Err(show.problems(&problems, Some(&source.with(file, json)))),
    };
    if a.format == Format::Json {
        show.json(&told)
    } else {
        show.out(&told.render(show.lang))
    }
    Ok(told.done())
}

/// `ticketry graph`.
pub fn graph(show: &Show, a: &args::Graph) -> Result<bool, Trouble> {
    let (_, playbook) = playbook(show, &a.folder)?;
    if a.rules {
        if a.format == args::Notation::Svg {
            return Err(Trouble::new("the graph of rules is drawn as mermaid or dot", "规则图仅支持 mermaid 或 dot"));
        }
        show.out(&insight::draw_rules(&playbook.rule_graph(), a.format.into()));
        return Ok(true);
    }
    let wanted: Vec<_> = playbook.workflows().iter().filter(|w| a.workflow.as_deref().is_none_or(|n| w.name().as_str() == n)).collect();
    if let (Some(name), true) = (&a.workflow, wanted.is_empty()) {
        let near = did_you_mean(name, playbook.workflows().iter().map(|w| w.name().as_str()));
        let (en, zh) = near.map_or_else(Default::default, |t| (format!("; {}", t.en), format!("；{}", t.zh)));
        return Err(Trouble::new(format!("no workflow is called `{name}`{en}"), format!("没有名为 `{name}` 的流程{zh}")));
    }
    if a.format == args::Notation::Svg && a.ticket.is_none() && wanted.len() > 1 {
        let names = wanted.iter().map(|w| w.name().as_str()).collect::<Vec<_>>().join(", ");
        return Err(Trouble::new(
            format!("an SVG is one picture; name one with --workflow: {names}"),
            format!("SVG 每次一张图，请用 --workflow 指定：{names}"),
        ));
    }
    let entries = a.journal.as_deref().map(crate::past::entries).transpose()?;
    if let (Some(number), Some(entries)) = (a.ticket, &entries) {
        show.out(&life(show, a, number, entries, &playbook)?);
        return Ok(true);
    }
    let flow = entries.as_ref().map(Flow::of);
    let drawn: Vec<String> =
        wanted.iter().map(|w| insight::draw_workflow(w, playbook.schema(), flow.as_ref(), a.format.into(), show.lang)).collect();
    show.out(&drawn.join("\n"));
    Ok(true)
}

/// `ticketry diff`.
pub fn diff(show: &Show, a: &args::Diff) -> Result<bool, Trouble> {
    let ((_, old), (_, new)) = (playbook(show, &a.old)?, playbook(show, &a.new)?);
    let changed = ticketry::playbook::diff(&old, &new);
    let without: Vec<&Change> = changed.needing_map().filter(|c| !c.mapped_by(new.migrations())).collect();
    if a.format == Format::Json {
        show.json(&json!({ "changes": changed.changes, "unmapped": without }));
    } else {
        show.out(&changed.render_with(show.lang, new.migrations()));
        if !without.is_empty() {
            let n = without.len();
            show.err(&show.say(
                format!("{n} of these need a map that no file of migrations/ brings; without tickets in use it does not matter\n"),
                format!("其中 {n} 项需要映射，但 migrations/ 中没有提供；若没有工单使用则无妨\n"),
            ));
        }
    }
    Ok(without.is_empty() || !a.mapped)
}

/// The life of one ticket of these journals.
fn life(show: &Show, a: &args::Graph, number: u64, entries: &[Entry], playbook: &Playbook) -> Result<String, Trouble> {
    let is = |e: &&Entry| e.events.iter().any(|c| matches!(&c.event, Event::Created(o) if o.number == number));
    let Some(id) = entries.iter().find(is).map(|e| e.ticket) else {
        return Err(Trouble::new(format!("no ticket has the number {number} there"), format!("其中没有编号 {number} 的工单")));
    };
    let life = Life::of(entries.iter().filter(|e| e.ticket == id), playbook);
    match a.format {
        args::Notation::Mermaid => Ok(life.mermaid(show.lang)),
        args::Notation::Svg => Ok(life.svg(show.lang)),
        args::Notation::Dot => Err(Trouble::new("a life is drawn as mermaid or svg", "工单时序图仅支持 mermaid 或 svg")),
    }
}

/// `ticketry definitions`.
pub fn definitions(show: &Show, a: &args::Definitions) -> Result<bool, Trouble> {
    let (_, playbook) = playbook(show, &a.folder)?;
    let out = a.out.clone().unwrap_or_else(|| a.folder.join(".ticketry"));
    for (path, content) in harness::definitions(playbook.schema(), show.lang).iter() {
        let file = out.join(&**path);
        fs::create_dir_all(&out).and_then(|()| fs::write(&file, content.as_bytes())).map_err(|e| Trouble::file(&file, &e))?;
        show.out(&format!("{}\n", file.display()));
    }
    Ok(true)
}

/// `ticketry reference`.
pub fn reference(show: &Show, a: &args::Reference) -> Result<bool, Trouble> {
    let Some(kind) = &a.kind else {
        for (name, files, _) in harness::REFERENCES {
            show.out(&format!("{name:<10} {files}\n"));
        }
        return Ok(true);
    };
    // The kind, or a file of it.
    let is = |name: &str, files: &str| {
        kind == name || files.split_once('*').map_or(files == kind, |(folder, end)| kind.starts_with(folder) && kind.ends_with(end))
    };
    let Some((_, _, text)) = harness::REFERENCES.iter().find(|(name, files, _)| is(name, files)) else {
        let near = did_you_mean(kind, harness::REFERENCES.iter().map(|(name, ..)| *name));
        let (en, zh) = near.map_or_else(Default::default, |t| (format!("; {}", t.en), format!("；{}", t.zh)));
        let all = harness::REFERENCES.map(|(name, ..)| name).join(", ");
        return Err(Trouble::new(
            format!("there is no reference `{kind}`{en}; there are {all}"),
            format!("没有参考 `{kind}`{zh}；可选：{all}"),
        ));
    };
    show.out(text);
    Ok(true)
}

/// `ticketry new`.
pub fn new(show: &Show, a: &args::New) -> Result<bool, Trouble> {
    let shown = a.folder.display();
    let Some(name) = a.folder.file_name().and_then(|n| n.to_str()) else {
        return Err(Trouble::new(format!("{shown} gives the playbook no name"), format!("{shown} 未给出配置包名称")));
    };
    match fs::read_dir(&a.folder).map(|mut d| d.next().is_some()) {
        Ok(true) => {
            return Err(Trouble::new(format!("{shown} is there already, and not empty"), format!("{shown} 已存在且不为空")));
        }
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(Trouble::file(&a.folder, &e)),
        _ => {}
    }
    for (path, content) in harness::starter(name).iter() {
        let file = a.folder.join(&**path);
        let folder = file.parent().unwrap_or(&a.folder);
        let write = || fs::create_dir_all(folder).and_then(|()| fs::File::create_new(&file)?.write_all(content.as_bytes()));
        write().map_err(|e| Trouble::file(&file, &e))?;
        show.out(&format!("{}\n", file.display()));
    }
    show.out(&show.say(
        format!("next: ticketry check {shown} && ticketry test {shown}\n"),
        format!("下一步：ticketry check {shown} && ticketry test {shown}\n"),
    ));
    Ok(true)
}
