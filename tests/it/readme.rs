//! What the README shows is what the crate does; its Rust code runs as doctests.

const README: &str = include_str!("../../README.md");

#[cfg(feature = "rhai")]
#[test]
fn the_rules_of_the_readme_load_on_the_starter_playbook() {
    use ticketry::{diagnostic::Lang, playbook::Playbook};
    let rules = README.split("```rhai\n").nth(1).and_then(|s| s.split("```").next()).unwrap();
    let source = Playbook::starter_source().with("rules/readme.rhai", rules);
    match Playbook::load(&source) {
        Ok(loaded) => {
            assert_eq!(loaded.playbook.rules().len(), 2);
            assert!(loaded.warnings.is_empty(), "{}", loaded.warnings.render(Lang::En, Some(&source)));
        }
        Err(problems) => panic!("{}", problems.render(Lang::En, Some(&source))),
    }
}

#[test]
fn the_readme_has_two_commands_and_names_every_feature() {
    let marked = README.split("<!-- ci: run -->").nth(1).and_then(|s| s.split("```").nth(1)).unwrap();
    let commands: Vec<&str> = marked.lines().filter(|l| l.starts_with("cargo ")).collect();
    assert_eq!(commands, ["cargo run --release --example helpdesk", "cargo test"]);
    let manifest: toml::Table = include_str!("../../Cargo.toml").parse().unwrap();
    for feature in manifest["features"].as_table().unwrap().keys().filter(|f| *f != "default") {
        assert!(README.contains(&format!("| `{feature}` |")), "{feature}");
    }
    let minimum = manifest["package"]["rust-version"].as_str().unwrap();
    assert!(README.contains(&format!("Rust {minimum}")));
}
