//! What the author of a playbook reads when something is wrong: one slip, one message, at its place, saying what to do. The whole text is in the snapshots.

use ticketry::diagnostic::{Diagnostics, Lang, Source};
use ticketry::playbook::Playbook;

/// What is wrong, where, and which codes are to come of it; no more.
struct Slip {
    what: &'static str,
    source: Source,
    codes: &'static [&'static str],
}

fn found(source: &Source) -> Diagnostics {
    match Playbook::load(source) {
        Ok(loaded) => loaded.warnings,
        Err(problems) => problems,
    }
}
/// The starter, with `from` in a file replaced.
fn changed(path: &str, from: &str, to: &str) -> Source {
    let source = Playbook::starter_source();
    let content = source.get(path).unwrap().to_string();
    assert!(content.contains(from), "{from} in {path}");
    source.with(path, content.replacen(from, to, 1))
}
fn head(from: &str, to: &str) -> Source {
    changed("playbook.toml", from, to)
}
/// The starter with these lines in front of everything else of its calendar.
fn office(lines: &str) -> Source {
    Playbook::starter_source().with("calendars/office.toml", format!("{lines}\n"))
}
fn sla(content: &str) -> Source {
    Playbook::starter_source().with("sla/customer.toml", content)
}
fn slip(what: &'static str, source: Source, codes: &'static [&'static str]) -> Slip {
    Slip { what, source, codes }
}

/// The text of all, in the language; each says exactly what it is to say, in both.
fn told(slips: &[Slip], lang: Lang) -> String {
    let mut all = String::new();
    let mut wrong = Vec::new();
    for Slip { what, source, codes } in slips {
        let found = found(source);
        let got: Vec<_> = found.iter().map(|d| d.code).collect();
        if got != *codes {
            wrong.push(format!("{what}: {got:?}, not {codes:?}"));
        }
        for d in found.iter() {
            let help = d.help.as_ref().is_none_or(|h| !h.zh.is_empty() && !h.en.is_empty());
            assert!(d.message.zh != d.message.en && !d.message.zh.is_empty() && help, "{what}: {d:?}");
        }
        all.push_str(&format!("# {what}\n{}\n", found.render(lang, Some(source))));
    }
    assert!(wrong.is_empty(), "{}\n{all}", wrong.join("\n"));
    all
}

const ALERTS: &str = r#"
warnings = [{ metric = "resolution", at = "75%" }]
escalations = [{ metric = "resolution", at = "100%", level = 1 }, { metric = "resolution", at = "+1bh", level = 2 }]
"#;

fn cascades() -> Vec<Slip> {
    let starter = Playbook::starter_source();
    let flow = starter.get("workflows/question.toml").unwrap();
    let policy = |targets: &str| sla(&format!("[[policies]]\nname = \"p\"\n{targets}\n{ALERTS}"));
    let metric = |rest: &str| {
        sla(&format!(
            "[[metrics]]\nname = \"m\"\nscope = \"episode\"\n{rest}\n[[policies]]\nname = \"p\"\ntargets.m = \"1bh\"\ntargets.resolution = \"8bh\"\n{ALERTS}"
        ))
    };
    let grouped = |from: &str, to: &str| {
        let source = head("support = { label", "support = { calendar = \"office\", label");
        let calendar = source.get("calendars/office.toml").unwrap().replacen(from, to, 1);
        source.with("calendars/office.toml", calendar)
    };
    vec![
        slip(
            "a time that cannot be read in a calendar that groups and policies name",
            grouped("\"09:00", "\"9:00"),
            &["calendar-bad-time"],
        ),
        slip("a calendar that is no TOML", grouped("[weekly]", "[weekly"), &["toml-syntax"]),
        slip("an unknown zone", grouped("\"UTC\"", "\"Asia/Beijing\""), &["calendar-unknown-zone"]),
        slip("a target of an unknown metric, with alerts of the one meant", policy("targets.resoluton = \"8bh\""), &["unknown-metric"]),
        slip(
            "a target of an unknown metric, and no target of another",
            sla(
                "[[policies]]\nname = \"p\"\ntargets.resoluton = \"8bh\"\nwarnings = [{ metric = \"resolution\", at = \"75%\" }, { metric = \"update\", at = \"75%\" }]\n",
            ),
            &["unknown-metric", "alert-without-target"],
        ),
        slip("a target that cannot be read", policy("targets.resolution = \"8 bh\""), &["bad-duration"]),
        slip("a sign that does not exist", metric("start = [\"enterd:open\"]\nstop = [\"final\"]"), &["unknown-sign"]),
        slip("the only end cannot be read", metric("start = [\"entered:open\"]\nstop = [\"lft:open\"]"), &["unknown-sign"]),
        slip(
            "an agreement that does not exist: its policies are behind nothing",
            Playbook::starter_source()
                .with("sla/ola.toml", "agreement = \"ola\"\n[[policies]]\nname = \"o\"\ntargets.group_ownership = \"4bh\"\n"),
            &["unknown-word"],
        ),
        slip(
            "a match that cannot be read shadows nothing",
            sla("[[policies]]\nname = \"a\"\nmatch = { field = \"priority\", is = \"urgentt\" }\ntargets.resolution = \"2bh\"\n\
                 [[policies]]\nname = \"b\"\ntargets.resolution = \"8bh\"\n"),
            &["not-in-list"],
        ),
        slip(
            "a type without a workflow is a type",
            head("workflow = \"question\"", "workflw = \"question\""),
            &["missing-key", "unknown-key"],
        ),
        slip(
            "a label that cannot be read",
            head("lead = { en = \"Lead\", zh = \"组长\" }", "lead = 7\n[settings.rights]\nassign = \"lead\""),
            &["wrong-type"],
        ),
        slip(
            "a workflow that cannot be read is there, another is not",
            head("workflow = \"question\"", "workflow = \"question\"\n[types.task]\nworkflow = \"tsak\"")
                .with("workflows/question.toml", "name = \"question\"\nversion = 1\n"),
            &["unknown-workflow", "no-states", "no-initial-state"],
        ),
        slip("a policy that promises nothing", sla("[[policies]]\nname = \"p\"\n"), &["no-targets"]),
        slip(
            "[transitions] for the first of [[transitions]]",
            Playbook::starter_source().with("workflows/question.toml", flow.replacen("[[transitions]]", "[transitions]", 1)),
            &["wrong-type", "duplicate-key"],
        ),
        slip(
            "[transitions] for every [[transitions]]",
            Playbook::starter_source().with("workflows/question.toml", flow.replace("[[transitions]]", "[transitions]")),
            &["duplicate-key", "wrong-type"],
        ),
        slip(
            "a value without quotes",
            Playbook::starter_source().with("workflows/question.toml", flow.replacen("class = \"new\"", "class = new", 1)),
            &["toml-syntax"],
        ),
    ]
}

#[test]
fn one_slip_makes_one_message() {
    insta::assert_snapshot!("cascades", told(&cascades(), Lang::En));
}

fn words() -> Vec<Slip> {
    let at = |at: &str| {
        sla(&format!("[[policies]]\nname = \"p\"\ntargets.resolution = \"8bh\"\nwarnings = [{{ metric = \"resolution\", at = {at} }}]\n"))
    };
    let level = |at: &str| {
        sla(&format!(
            "[[policies]]\nname = \"p\"\ntargets.resolution = \"8bh\"\nescalations = [{{ metric = \"resolution\", level = 1, at = {at} }}]\n"
        ))
    };
    let sign = |sign: &str| {
        sla(&format!(
            "[[metrics]]\nname = \"m\"\nscope = \"episode\"\nstart = [\"{sign}\"]\nstop = [\"final\"]\n[[policies]]\nname = \"p\"\ntargets.m = \"1bh\"\n"
        ))
    };
    vec![
        slip("a group's calendar", head("support = { label", "support = { calendar = \"ofice\", label"), &["unknown-calendar"]),
        slip("a type's workflow", head("workflow = \"question\"", "workflow = \"ticket\""), &["unknown-workflow"]),
        slip("no default calendar", head("default_calendar = \"office\"\n", ""), &["missing-key"]),
        slip("a default calendar unlike any", head("\"office\"", "\"moon\""), &["unknown-calendar"]),
        slip(
            "an unknown right and an unknown role behind it",
            head("[settings]", "[settings.rights]\ncorrect_slaa = [\"laed\"]\n[settings]"),
            &["unknown-right", "unknown-role"],
        ),
        slip("a bare number as text", at("\"75\""), &["bad-point"]),
        slip("a bare number", at("75"), &["wrong-type"]),
        slip("a level's bare number", level("\"150\""), &["bad-point"]),
        slip("a level at a number", level("150"), &["wrong-type"]),
        slip("a slip before the colon", sign("enterd:open"), &["unknown-sign"]),
        slip("what the vendor does by another word", sign("vendor_answered"), &["unknown-sign"]),
        slip("the word of other products", sign("created"), &["unknown-sign"]),
        slip("a sign that wants a name", sign("entered"), &["unknown-sign"]),
        slip("a colon with nothing behind it", sign("entered:"), &["unknown-sign"]),
        slip("a name behind a sign that takes none", sign("opened:open"), &["unknown-sign"]),
        slip("a sign unlike any", sign("thunderstorm"), &["unknown-sign"]),
        slip(
            "the word for an OLA",
            sla("agreement = \"OLA\"\n[[policies]]\nname = \"o\"\ntargets.group_ownership = \"4bh\"\n"),
            &["unknown-word"],
        ),
    ]
}

#[test]
fn a_slip_is_told_with_what_to_write_instead() {
    insta::assert_snapshot!("words", told(&words(), Lang::En));
    insta::assert_snapshot!("words_zh", told(&words(), Lang::Zh));
}

#[cfg(feature = "rhai")]
fn guards() -> Vec<Slip> {
    let guard = |says: &str| changed("workflows/question.toml", "name = \"start\"", &format!("name = \"start\"\nguard = '{says}'"));
    let starter = Playbook::starter_source();
    let moved = starter.iter().fold(Source::new(), |s, (path, content)| s.with(path.replace("workflows/", "workflow/"), &**content));
    let question = starter.get("workflows/question.toml").unwrap().to_string();
    vec![
        slip("one sign for two", guard("t.impact = \"high\""), &["fault-syntax"]),
        slip("and", guard("t.impact == \"high\" and t.urgency == \"high\""), &["fault-syntax"]),
        slip("or", guard("t.impact == \"high\" or t.urgency == \"high\""), &["fault-syntax"]),
        slip("not", guard("not t.overdue"), &["fault-unknown-name"]),
        slip("another sign for different", guard("t.impact <> \"high\""), &["fault-syntax"]),
        slip("a customer's field that nobody declared", guard("t.customer.tier == \"gold\""), &["unknown-field"]),
        slip("a ticket's", guard("t.warranty == \"gold\""), &["unknown-field"]),
        slip("a guard that never holds, as written", guard("t.impact in []"), &["dead-transition"]),
        slip(
            "a folder misnamed: what is not there is not concluded from",
            moved.with("rules/a.rhai", "rule(\"a\").on(\"created\").then(|t| t.transition(\"start\"));"),
            &["unknown-workflow", "unknown-transition", "unused-file"],
        ),
        slip("two of one name", starter.clone().with("workflows/twin.toml", &*question), &["duplicate-name"]),
        slip(
            "a workflow that nobody follows",
            starter.clone().with("workflows/idle.toml", question.replacen("\"question\"", "\"idle\"", 1)),
            &["unused-workflow"],
        ),
        slip(
            "one that nobody follows since its type misspells it",
            head("workflow = \"question\"", "workflow = \"qestion\""),
            &["unknown-workflow"],
        ),
    ]
}

#[cfg(feature = "rhai")]
#[test]
fn what_stands_in_a_workflow_is_told_in_its_authors_words() {
    insta::assert_snapshot!("guards", told(&guards(), Lang::En));
    insta::assert_snapshot!("guards_zh", told(&guards(), Lang::Zh));
}

fn calendars() -> Vec<Slip> {
    let zone = |name: &str| office(&format!("time_zone = \"{name}\"\nalways = true"));
    vec![
        slip("Beijing is no zone", zone("Asia/Beijing"), &["calendar-unknown-zone"]),
        slip("nor is San Francisco", zone("America/San Francisco"), &["calendar-unknown-zone"]),
        slip("nor an abbreviation", zone("CEST"), &["calendar-unknown-zone"]),
        slip("a city in the wrong place", zone("Europe/Shanghai"), &["calendar-unknown-zone"]),
        slip("no hours", office("time_zone = \"UTC\""), &["calendar-never-opens"]),
        slip(
            "holidays that close every day",
            office("time_zone = \"UTC\"\nholidays = [\"01-01..12-31\"]\n[weekly]\nmon-fri = [\"09:00-17:00\"]"),
            &["calendar-never-opens"],
        ),
        slip(
            "a break as long as the only hours",
            office("time_zone = \"UTC\"\ndate_hours.2026-01-05 = [\"09:00-10:00\"]\ndate_breaks.2026-01-05 = [\"08:00-12:00\"]"),
            &["calendar-never-opens"],
        ),
        slip(
            "the only hours lie where the clock jumps",
            office("time_zone = \"Europe/Berlin\"\ndate_hours.2026-03-29 = [\"02:10-02:50\"]"),
            &["calendar-never-opens"],
        ),
        slip(
            "special hours lie where the clock jumps",
            office(
                "time_zone = \"Europe/Berlin\"\n[weekly]\nmon-sun = [\"09:00-17:00\"]\n[date_hours]\n2026-03-29 = [\"02:10-02:50\", \"09:00-10:00\"]",
            ),
            &["calendar-skipped-window"],
        ),
        slip(
            "half an hour is skipped in the Antipodes",
            office(
                "time_zone = \"Australia/Lord_Howe\"\n[weekly]\nmon-sun = [\"09:00-17:00\"]\n[date_hours]\n2026-10-04 = [\"02:00-02:30\"]",
            ),
            &["calendar-skipped-window"],
        ),
        slip(
            "hours that the clock shortens, or shows twice, are hours",
            office(
                "time_zone = \"Europe/Berlin\"\n[weekly]\nmon-sun = [\"09:00-17:00\"]\n[date_hours]\n2026-03-29 = [\"01:30-02:30\"]\n2026-10-25 = [\"02:10-02:50\"]",
            ),
            &[],
        ),
    ]
}

#[test]
fn a_calendar_that_is_wrong_says_what_makes_it_so() {
    insta::assert_snapshot!("calendars", told(&calendars(), Lang::En));
    insta::assert_snapshot!("calendars_zh", told(&calendars(), Lang::Zh));
}

#[cfg(feature = "icalendar")]
fn feeds() -> Vec<Slip> {
    let feed = |uses: &str, events: &[&str]| {
        let events: String = events.iter().enumerate().map(|(i, e)| format!("BEGIN:VEVENT\nUID:{i}\n{e}\nEND:VEVENT\n")).collect();
        office(&format!("time_zone = \"Asia/Shanghai\"\n{uses}\n[weekly]\nmon-fri = [\"09:00-18:00\"]"))
            .with("calendars/cn.ics", format!("BEGIN:VCALENDAR\n{events}END:VCALENDAR\n"))
    };
    let national = "DTSTART;VALUE=DATE:20251001\nDTEND;VALUE=DATE:20251009\nSUMMARY:国庆节 假期";
    let makeup = "DTSTART;VALUE=DATE:20251011\nSUMMARY:国庆节 补班";
    let daily = "DTSTART;VALUE=DATE:20250101\nRRULE:FREQ=DAILY\nSUMMARY:假期 值班表";
    let all = "holidays_from = [\"cn.ics\"]";
    vec![
        slip("an event on every day", feed(all, &[national, daily]), &["calendar-feed-closes-all"]),
        slip(
            "an event on every day that has the summary",
            feed("holidays_from = [{ file = \"cn.ics\", summary = \"假期\" }]", &[national, daily]),
            &["calendar-feed-closes-all"],
        ),
        slip(
            "one use of a feed gives nothing, the other does",
            feed(
                "holidays_from = [{ file = \"cn.ics\", summary = \"假期\" }]\nworkdays_from = [{ file = \"cn.ics\", summary = \"补斑\" }]",
                &[national, makeup],
            ),
            &["calendar-feed-empty"],
        ),
        slip("a feed without events", feed(all, &[]), &["calendar-feed-empty"]),
        slip("a date that is none", feed(all, &["DTSTART:tomorrow\nSUMMARY:x"]), &["calendar-feed-bad-value"]),
        slip("a rule that is none", feed(all, &["DTSTART;VALUE=DATE:20251001\nRRULE:every year\nSUMMARY:x"]), &["calendar-feed-bad-value"]),
        slip(
            "a duration that is none",
            feed(all, &["DTSTART:20251001T090000\nDURATION:two hours\nSUMMARY:x"]),
            &["calendar-feed-bad-value"],
        ),
        slip(
            "a feed's zone",
            feed(all, &["DTSTART;TZID=Asia/Beijing:20251001T090000\nDURATION:PT2H\nSUMMARY:x"]),
            &["calendar-feed-unknown-zone"],
        ),
    ]
}

#[cfg(feature = "icalendar")]
#[test]
fn a_feed_that_is_wrong_is_told_by_event_and_use() {
    insta::assert_snapshot!("feeds", told(&feeds(), Lang::En));
    insta::assert_snapshot!("feeds_zh", told(&feeds(), Lang::Zh));
}

#[test]
fn a_folder_without_a_playbook_is_named() {
    use ticketry::folder;
    let dir = tempfile::tempdir().unwrap();
    let said = |folder: &std::path::Path| {
        let text = folder::load(folder).unwrap_err().to_string();
        text.replace(&dir.path().display().to_string(), "DIR").replace('\\', "/")
    };
    assert_eq!(
        said(dir.path()),
        "error[no-playbook]: there is no playbook.toml in DIR\n  --> playbook.toml\n  \
         = help: name the folder that holds it; the documentation of `ticketry::playbook` shows what stands in it\n"
    );
    std::fs::create_dir(dir.path().join("desk")).unwrap();
    std::fs::write(dir.path().join("desk/playbook.toml"), "name = \"x\"").unwrap();
    assert!(said(dir.path()).contains("= help: did you mean DIR/desk?"), "{}", said(dir.path()));
    assert!(said(&dir.path().join("desk")).contains("`default_calendar` is missing"));
}
