//! The laws of the house, checked on every file under `src/`.
//!
//! `laws` holds the tables (ranks, owners of crates, exceptions with their reasons), `check` applies them to a set of (path, text),
//! `paths` finds every path in a file, `fixtures` breaks each law once and expects the message, `tree` asks cargo about dependencies.

mod check;
mod fixtures;
mod laws;
mod paths;
mod tree;

use std::{fs, path::Path};

/// A file of the library: its path under `src/`, with `/`, and its text.
pub type File = (String, String);

#[test]
fn the_library_keeps_the_laws_of_the_house() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&src, "", &mut files);
    assert!(files.iter().any(|(path, _)| path == "lib.rs"), "no lib.rs under {}", src.display());
    let broken = check::check(&files);
    assert!(broken.is_empty(), "{} broken laws (ARCHITECTURE.md says why they are there):\n{}", broken.len(), broken.join("\n"));
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<File>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap()).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{prefix}{name}");
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files);
        } else if name.ends_with(".rs") {
            files.push((path, fs::read_to_string(entry.path()).unwrap()));
        }
    }
}
