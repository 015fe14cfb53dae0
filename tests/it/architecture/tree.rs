//! What the crate brings into a host's build, asked of cargo itself.

use std::{collections::BTreeSet, env, process::Command};

/// `name version` of every crate in the normal dependency tree for this host, `ticketry` included.
fn tree(args: &[&str]) -> BTreeSet<String> {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--offline", "--prefix", "none"])
        .args(args)
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "cargo tree {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let crates: BTreeSet<String> =
        text.lines().map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).filter(|line| !line.is_empty()).collect();
    assert!(crates.iter().any(|c| c.starts_with("ticketry ")), "cargo tree does not show this crate: {text}");
    crates
}

#[test]
fn without_features_there_is_no_script_engine_no_database_no_async_runtime() {
    let crates = tree(&["--no-default-features", "-e", "normal"]);
    for banned in ["rhai", "redb", "tokio", "async-std", "smol", "futures-executor"] {
        assert!(!crates.iter().any(|c| c.split(' ').next() == Some(banned)), "{banned} is in the tree without features:\n{crates:#?}");
    }
}

#[test]
fn by_default_a_host_links_at_most_sixty_crates_and_no_c() {
    let linked = tree(&["-e", "normal,no-proc-macro"]);
    assert!(linked.len() <= 60, "{} crates are linked by default, at most 60 may be:\n{linked:#?}", linked.len());
    let built = tree(&["-e", "normal,build"]);
    for banned in ["cc", "cmake", "bindgen"] {
        assert!(!built.iter().any(|c| c.split(' ').next() == Some(banned)), "{banned} builds C code:\n{built:#?}");
    }
}
