//! Playbooks: every problem at once, each with its place; and folders on disk.

use std::fs;
use ticketry::diagnostic::{Lang, Severity, Source};
use ticketry::folder;
use ticketry::playbook::Playbook;

fn codes(source: &Source) -> Vec<(String, String)> {
    match Playbook::load(source) {
        Ok(l) => l.warnings.iter().map(|d| (d.code.to_string(), d.place().map(|p| p.to_string()).unwrap_or_default())).collect(),
        Err(all) => {
            for d in all.iter() {
                assert!(!d.message.en.is_empty() && !d.message.zh.is_empty(), "{d:?}");
                assert!(d.place().is_some(), "{d:?}");
            }
            assert!(all.has_errors());
            all.iter().map(|d| (d.code.to_string(), d.place().map(|p| p.to_string()).unwrap_or_default())).collect()
        }
    }
}

fn with(path: &str, change: impl Fn(&str) -> String) -> Source {
    let source = Playbook::starter_source();
    let content = change(source.get(path).unwrap_or(""));
    source.with(path, content)
}

fn has(source: &Source, code: &str, place: &str) {
    let all = codes(source);
    assert!(all.iter().any(|(c, p)| c == code && p.starts_with(place)), "no {code} at {place} in {all:#?}");
}

#[test]
fn the_starter_loads_without_a_word_and_its_digest_is_that_of_its_files() {
    let a = Playbook::load(&Playbook::starter_source()).unwrap();
    assert!(a.warnings.is_empty(), "{}", a.warnings);
    assert_eq!(a.playbook.digest(), Playbook::starter().unwrap().digest());
    let other = with("priority.toml", |c| format!("{c}\n"));
    assert_ne!(a.playbook.digest(), Playbook::load(&other).unwrap().playbook.digest());
}

#[test]
fn every_slip_in_playbook_toml_has_a_code_and_a_place() {
    let head = |from: &str, to: &str| {
        with("playbook.toml", |c| {
            assert!(c.contains(from), "{from}");
            c.replacen(from, to, 1)
        })
    };
    has(&Source::new(), "no-playbook", "playbook.toml");
    has(&head("name = \"starter\"", "nme = \"starter\""), "unknown-key", "playbook.toml:1:1");
    has(&head("name = \"starter\"", ""), "missing-key", "playbook.toml");
    has(&head("\"office\"", "\"offise\""), "unknown-calendar", "playbook.toml:3:");
    has(&head("\"7d\"", "\"7 d\""), "bad-span", "playbook.toml:6:");
    has(&head("\"7d\"", "\"-7d\""), "bad-span", "playbook.toml:6:");
    has(&head("[channels]", "[rooms]"), "unknown-key", "playbook.toml:");
    has(&head("workflow = \"question\"", "workflow = \"qestion\""), "unknown-workflow", "playbook.toml");
    has(&head("{{ticket.number}}", "{{ticket.nmber}}"), "unknown-placeholder", "playbook.toml:");
    has(&head("[settings]", "[settings.rights]\nasign = \"lead\"\n[settings]"), "unknown-right", "playbook.toml:");
    has(&head("[settings]", "[settings.rights]\nassign = \"leed\"\n[settings]"), "unknown-role", "playbook.toml:");
    has(&head("\"low\", \"medium\"", "\"low\", \"low\", \"medium\""), "duplicate-name", "playbook.toml:");
    has(&head("[groups]", "[categories]\n\"a/b\" = \"x\"\n[groups]"), "unknown-category", "playbook.toml:");
    let template = |rest: &str| head("[groups]", &format!("[ticket_templates.x]\n{rest}\n[groups]"));
    has(&template("type = \"qestion\""), "unknown-type", "playbook.toml:");
    has(&template("type = \"question\"\nfields = { colour = 1 }"), "unknown-field", "playbook.toml:");
    let others =
        "[types.other]\nworkflow = \"question\"\nfields = [\"size\"]\n[fields.size]\ntype = \"integer\"\nread = [\"leed\"]\n[groups]";
    has(&head("[groups]", others), "unknown-role", "playbook.toml:");
    let taken = format!("[ticket_templates.x]\ntype = \"question\"\nfields = {{ size = 1 }}\n{}", others.replace("leed", "agent"));
    has(&head("[groups]", &taken), "field-of-other-type", "playbook.toml:");
    has(&head("[groups]", "[fields.state]\ntype = \"text\"\n[groups]"), "reserved-name", "playbook.toml:");
    has(&head("[groups]", "[fields.x]\ntype = \"txet\"\n[groups]"), "unknown-word", "playbook.toml:");
    has(&head("[groups]", "[fields.x]\ntype = \"choice\"\nvalues = []\n[groups]"), "empty-list", "playbook.toml:");
    has(&head("[groups]", "[fields.x]\ntype = \"integer\"\ndefault = \"five\"\n[groups]"), "wrong-type", "playbook.toml:");
    has(&head("[types.question]", "[typs.question]"), "no-types", "playbook.toml");
    has(&head("support = { label", "support = { calendar = \"moon\", label"), "unknown-calendar", "playbook.toml");
    has(&with("playbook.toml", |c| format!("{c}\n[[[")), "toml-syntax", "playbook.toml:");
}

#[test]
fn all_problems_of_all_files_come_at_once_and_none_loads() {
    let source = with("playbook.toml", |c| c.replacen("\"7d\"", "\"soon\"", 1))
        .with("workflows/question.toml", "name = \"question\"\nversion = 0\n")
        .with(
            "sla/customer.toml",
            "agreement = \"customer\"\n[[policies]]\nname = \"p\"\n[policies.targets.resolution]\nurgentt = \"4h\"\n",
        )
        .with("calendars/office.toml", "name = \"office\"\ntime_zone = \"Europe/Belin\"\n")
        .with("priority.toml", "hysteresiss = 3\n");
    let all = Playbook::load(&source).unwrap_err();
    let files: std::collections::BTreeSet<String> =
        all.iter().filter(|d| d.severity == Severity::Error).filter_map(|d| d.place().map(|p| p.file.to_string())).collect();
    for file in ["playbook.toml", "workflows/question.toml", "sla/customer.toml", "calendars/office.toml", "priority.toml"] {
        assert!(files.contains(file), "{file}: {}", all.render(Lang::En, Some(&source)));
    }
    assert!(all.to_string().contains("Europe/Berlin"), "{all}");
}

#[test]
fn a_file_that_nothing_reads_is_pointed_out() {
    has(&Playbook::starter_source().with("workflow/x.toml", ""), "unused-file", "workflow/x.toml");
}

#[test]
fn two_calendars_and_two_workflows_of_one_name_are_refused() {
    let s = Playbook::starter_source();
    let (w, c) = (s.get("workflows/question.toml").unwrap().to_string(), s.get("calendars/office.toml").unwrap().to_string());
    has(&s.clone().with("workflows/again.toml", w), "duplicate-name", "workflows/");
    has(&s.with("calendars/again.toml", c), "duplicate-name", "calendars/");
}

#[cfg(feature = "rhai")]
#[test]
fn broken_rules_are_problems_of_the_playbook() {
    let rule = |r: &str| Playbook::starter_source().with("rules/a.rhai", r);
    has(&rule("rule(\"x\").on(\"created\").when(|t| t.impakt == \"high\").then(|t| t.tag(\"y\"));"), "unknown-field", "rules/a.rhai:1:");
    has(&rule("rule(\"x\""), "fault-syntax", "rules/a.rhai:");
    let deep = format!("rule(\"x\").on(\"created\").when(|t| {}t.overdue{}).then(|t| t.tag(\"y\"));", "(".repeat(200), ")".repeat(200));
    assert!(Playbook::load(&rule(&deep)).is_err());
    let cycle = Playbook::starter_source()
        .with("rules/lib/a.rhai", "import \"lib/b\" as b; fn x(t) { b::y(t) }")
        .with("rules/lib/b.rhai", "import \"lib/a\" as a; fn y(t) { a::x(t) }")
        .with("rules/r.rhai", "import \"lib/a\" as a; rule(\"x\").on(\"created\").when(|t| a::x(t)).then(|t| t.tag(\"y\"));");
    let problems = Playbook::load(&cycle).unwrap_err();
    assert!(problems.to_string().contains("import"), "{problems}");
}

#[test]
fn a_folder_is_read_and_symlinks_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    for (path, content) in Playbook::starter_source().iter() {
        let to = dir.path().join(&**path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, &**content).unwrap();
    }
    fs::write(dir.path().join(".hidden"), "x").unwrap();
    fs::write(dir.path().join("README.md"), "x").unwrap();
    let loaded = folder::load(dir.path()).unwrap();
    assert_eq!(loaded.playbook.digest(), Playbook::starter().unwrap().digest());
    // As editors and spreadsheets save them.
    fs::create_dir_all(dir.path().join("rules")).unwrap();
    let marked = dir.path().join("rules/90-marked.rhai");
    fs::write(&marked, "\u{feff}rule(\"marked\").on(\"created\").then(|t| t.tag(\"x\"));").unwrap();
    assert!(folder::load(dir.path()).is_ok(), "{:?}", folder::load(dir.path()).err());
    fs::write(&marked, b"// one\n// \xd6\xd0\n").unwrap();
    let problems = folder::load(dir.path()).unwrap_err();
    assert!(problems.to_string().contains("line 2 is no UTF-8"), "{problems}");
    fs::remove_file(&marked).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("rules.toml")).unwrap();
        let problems = folder::load(dir.path()).unwrap_err();
        assert_eq!(problems.iter().next().unwrap().code, "symlink");
    }
    let none = folder::load(dir.path().join("nowhere")).unwrap_err();
    assert_eq!(none.iter().next().unwrap().code, "unreadable-folder");
}

#[test]
fn without_conditions_as_text_a_playbook_needs_no_script_engine() {
    use ticketry::calendar::CalendarDefinition;
    use ticketry::condition::Form;
    use ticketry::ticket::StateClass;
    use ticketry::workflow::{Responsible, StateDefinition, TransitionDefinition, WorkflowDefinition};
    let guard = |form: Form| {
        let w = WorkflowDefinition::new("w", 1)
            .initial("new")
            .state(StateDefinition::new("new", StateClass::New).label("New", "新").responsible(Responsible::Group))
            .state(StateDefinition::new("done", StateClass::Closed).label("Done", "完"))
            .transition(TransitionDefinition::new("finish", ["new"], "done").label("Finish", "完成").guard(form));
        Playbook::builder("p").calendar(CalendarDefinition::always("always", "UTC")).channel("mail").workflow(w).ticket_type("t", "w")
    };
    let table = serde_json::from_str(r#"{"field": "assignee", "exists": true}"#).unwrap();
    assert!(guard(table).build_without_scripts().is_ok());
    let refused = guard(Form::text("t.assignee != ()")).build_without_scripts().unwrap_err();
    assert_eq!(refused.iter().next().unwrap().code, "script-engine-missing");
}
