//! The references on the pages of `playbook` and `sla`, and the page of S-lines: what they show is what is read.

use std::collections::{BTreeMap, BTreeSet};
use ticketry::diagnostic::{Lang, Source};
use ticketry::playbook::{Loaded, Playbook, Settings};
use ticketry::sla::{OnChange, OnReopen, OpenedByAgent, Policy, Sign};

const PLAYBOOK: &str = include_str!("../../src/playbook/reference.toml");
const SLA: &str = include_str!("../../src/sla/reference.toml");
const SEMANTICS: &str = include_str!("../../docs/semantics.md");
const README: &str = include_str!("../../README.md");

fn loaded(source: &Source) -> Loaded {
    let loaded = Playbook::load(source).unwrap_or_else(|e| panic!("{}", e.render(Lang::En, Some(source))));
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings.render(Lang::En, Some(source)));
    loaded
}

#[test]
fn the_references_load_and_show_the_defaults() {
    let source = Playbook::starter_source().with("playbook.toml", PLAYBOOK).with("sla/customer.toml", SLA);
    let playbook = loaded(&source).playbook;
    let settings = Settings { rights: BTreeMap::new(), ..playbook.settings().clone() };
    assert_eq!(settings, Settings::default(), "what is written is what counts where nothing is");
    let kinds: BTreeSet<&str> = playbook.schema().fields.values().map(|f| f.kind.word()).collect();
    assert_eq!(kinds.len(), 10, "every type of field");
    let vip = playbook.agreements().policies().next().unwrap();
    assert_eq!((vip.on_change, vip.on_reopen), (OnChange::default(), OnReopen::default()));
    assert_eq!((vip.opened_by_agent, vip.backdate_limit), (OpenedByAgent::default(), Policy::BACKDATE));
}

/// What a message lists after "the keys here are", for a key that does not exist.
fn keys(path: &str, content: &str) -> Vec<String> {
    let source = Playbook::starter_source().with(path, content);
    let problems = Playbook::load(&source).unwrap_err();
    let help = |d: &ticketry::diagnostic::Diagnostic| d.help.clone().map(|h| h.en).unwrap_or_default();
    let help = problems.iter().map(help).find(|h| h.starts_with("the keys here are")).unwrap_or_else(|| panic!("{problems}"));
    help.split('`').skip(1).step_by(2).map(str::to_string).collect()
}

#[test]
fn the_references_name_every_key() {
    let has = |reference: &str, key: &str| {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        reference.match_indices(key).any(|(i, _)| !reference[..i].ends_with(word) && !reference[i + key.len()..].starts_with(word))
    };
    for table in ["", "[settings]", "[levels]", "[channels.x]", "[groups.x]", "[fields.x]", "[types.x]"] {
        for key in keys("playbook.toml", &format!("{table}\nzzzzzzzzzzzz = 1\n")) {
            assert!(has(PLAYBOOK, &key), "{table} {key}");
        }
    }
    for table in ["", "[[policies]]", "[[policies]]\n[[policies.warnings]]", "[[policies]]\n[[policies.escalations]]", "[[metrics]]"] {
        for key in keys("sla/x.toml", &format!("{table}\nzzzzzzzzzzzz = 1\n")) {
            assert!(has(SLA, &key), "{table} {key}");
        }
    }
    for right in ["transition", "set_priority", "hand_off", "set_owner", "watch", "log_call", "correct_sla"] {
        assert!(has(PLAYBOOK, right), "{right}");
    }
    assert!(Sign::words().count() > 20, "the signs have a page of their own");
}

/// All references together are one playbook.
#[cfg(feature = "rhai")]
fn whole() -> Source {
    let mut source = Playbook::starter_source();
    for (_, files, text) in ticketry::harness::REFERENCES {
        let file = match files {
            "workflows/*.toml" => "workflows/question.toml".into(),
            "sla/*.toml" => "sla/customer.toml".into(),
            other => other.replace('*', "x"),
        };
        source.add(file, text);
    }
    source
}

#[cfg(feature = "rhai")]
#[test]
fn every_reference_loads_and_names_every_key() {
    use ticketry::harness::{REFERENCES, check};
    let source = whole();
    let found = check(&source);
    assert!(found.is_empty(), "{}", found.render(Lang::En, Some(&source)));
    let workflow = &loaded(&source).playbook.workflows()[0].clone();
    assert!(workflow.tasks().len() == 2 && !workflow.states().is_empty());
    let text = |name: &str| REFERENCES.iter().find(|(n, ..)| *n == name).unwrap().2;
    let has = |reference: &str, key: &str| {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        reference.match_indices(key).any(|(i, _)| !reference[..i].ends_with(word) && !reference[i + key.len()..].starts_with(word))
    };
    let tables: [(&str, &str, &[&str]); 7] = [
        (
            "workflow",
            "workflows/question.toml",
            &[
                "",
                "[states.x]",
                "[[transitions]]",
                "[[transitions]]\n[[transitions.check]]",
                "[[timed]]",
                "[tasks.x]",
                "[tasks.x.outcomes.y]",
                "[approvals.x]",
                "[[approvals.x.stages]]",
                "[children]",
            ],
        ),
        ("migration", "migrations/x.toml", &[""]),
        ("roster", "roster.toml", &["", "[groups.support]", "[[agents]]", "[[agents]]\n[[agents.absences]]"]),
        ("macros", "macros.toml", &["", "[[macros]]"]),
        (
            "watches",
            "watches.toml",
            &["", "[[watches]]", "[[watches]]\nname = \"w\"\n[watches.open]", "[[watches]]\nname = \"w\"\n[watches.notify]"],
        ),
        ("priority", "priority.toml", &["", "[[terms]]"]),
        ("routing", "routing.toml", &["", "[defaults]", "[[queues.support.prefers]]", "[[slots]]", "[order]"]),
    ];
    for (name, file, tables) in tables {
        for table in tables {
            let wrong = source.clone().with(file, format!("{table}\nzzzzzzzzzzzz = 1\n"));
            let help = |d: &ticketry::diagnostic::Diagnostic| d.help.clone().map(|h| h.en).unwrap_or_default();
            let problems = check(&wrong);
            let help = problems.iter().map(help).find(|h| h.starts_with("the keys here are"));
            let help = help.unwrap_or_else(|| panic!("{file} {table}: {problems}"));
            for key in help.split('`').skip(1).step_by(2) {
                assert!(has(text(name), key), "{file} {table}: {key}");
            }
        }
    }
}

#[test]
fn every_s_line_that_a_page_cites_is_told() {
    let told: BTreeSet<u32> = SEMANTICS.lines().filter_map(|l| l.strip_prefix("- **S")?.split_once("**")?.0.parse().ok()).collect();
    fn visit(folder: &std::path::Path, cited: &mut BTreeSet<u32>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                visit(&entry.path(), cited);
            } else if entry.path().extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(entry.path()).unwrap();
                for part in text.split(|c: char| !c.is_alphanumeric()) {
                    if let Some(digits) = part.strip_prefix('S')
                        && digits.len() <= 2
                    {
                        cited.extend(digits.parse::<u32>());
                    }
                }
            }
        }
    }
    let mut cited = BTreeSet::new();
    visit(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut cited);
    assert!(cited.len() > 60, "{cited:?}");
    let untold: Vec<_> = cited.difference(&told).collect();
    assert!(untold.is_empty(), "docs/semantics.md lacks {untold:?}");
}

#[cfg(feature = "rhai")]
#[test]
fn the_metric_of_the_readme_is_a_file_of_its_own() {
    let block = README.split("```toml\n").find(|b| b.contains("[[metrics]]")).and_then(|b| b.split("```").next()).unwrap();
    // The starter has no state of that name.
    let block = block.replace("with_vendor", "pending");
    let playbook = loaded(&Playbook::starter_source().with("sla/vendor.toml", block)).playbook;
    assert_eq!(playbook.agreements().policies().count(), 2);
}

#[test]
fn the_blocking_desk_has_every_method_of_the_desk() {
    let of = |file: &str| std::fs::read_to_string(format!("{}/src/desk/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let methods = |text: &str| -> BTreeSet<String> {
        let text = text.replace("pub async fn", "pub fn");
        let rest = text.split("    pub fn ").skip(1).map(str::to_string);
        rest.filter(|m| m.split_once('(').is_some_and(|(_, args)| args.starts_with("&self")))
            .filter_map(|m| m.split('(').next().map(str::to_string))
            .collect()
    };
    let mut desk: BTreeSet<String> =
        ["migrate.rs", "mod.rs", "read.rs", "submit.rs", "swap.rs", "sweep.rs"].iter().flat_map(|f| methods(&of(f))).collect();
    assert!(desk.remove("blocking") && desk.len() > 15, "{desk:?}");
    let blocking = methods(&of("blocking.rs"));
    let lacking: Vec<_> = desk.difference(&blocking).collect();
    assert!(lacking.is_empty(), "{lacking:?}");
}
