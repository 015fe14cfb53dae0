//! What the crate brings into a host's build, asked of cargo itself.

use std::{collections::BTreeSet, env, process::Command};

/// What cargo answers.
fn cargo(args: &[&str]) -> String {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo).current_dir(env!("CARGO_MANIFEST_DIR")).args(args).output().expect("cargo starts");
    assert!(output.status.success(), "cargo {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// `name version` of every crate in the dependency tree for this host, `ticketry` included.
fn tree(args: &[&str]) -> BTreeSet<String> {
    let text = cargo(&[&["tree", "--offline", "--prefix", "none"], args].concat());
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

#[test]
fn no_dependency_asks_for_a_newer_rust_than_we_promise() {
    let metadata = cargo(&["metadata", "--offline", "--format-version", "1", "--filter-platform", &host()]);
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let number = |p: &serde_json::Value| {
        let parts = p["rust_version"].as_str()?.split('.').map(|n| n.parse::<u32>().ok()).collect::<Option<Vec<_>>>()?;
        Some((*parts.first()?, parts.get(1).copied().unwrap_or(0)))
    };
    let ours = packages.iter().find(|p| p["name"] == "ticketry").and_then(number).expect("Cargo.toml has a rust-version");
    let linked = tree(&["--all-features", "-e", "normal"]);
    let newer: Vec<_> = packages
        .iter()
        .filter(|p| linked.contains(&format!("{} v{}", p["name"].as_str().unwrap(), p["version"].as_str().unwrap())))
        .filter(|p| number(p).is_some_and(|theirs| theirs > ours))
        .map(|p| format!("{} needs {}", p["id"], p["rust_version"]))
        .collect();
    assert!(newer.is_empty(), "rust-version in Cargo.toml is lower than what these need: {newer:#?}");
}

fn host() -> String {
    let rustc = Command::new(env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned())).arg("-vV").output().expect("rustc starts");
    let text = String::from_utf8(rustc.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc says its host").to_owned()
}
