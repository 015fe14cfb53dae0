//! The checker: a function from a set of (path, text) to the broken laws.

use super::{
    File,
    laws::{ASYNC, EXCEPTIONS, HEAD, LINES, NARROW, OUTSIDE, OUTSIDE_CALLS, OWNERS, PRINTING, SHELL, STORE_IMPLS, rank},
    paths::{self, Found, Written},
};
use std::collections::{BTreeMap, BTreeSet};

/// Every broken law, as `src/path:line: what and what to do`, in order of path.
pub fn check(files: &[File]) -> Vec<String> {
    let mut broken = BTreeSet::new();
    let mut parsed = Vec::new();
    for (path, text) in files {
        match syn::parse_file(text) {
            Ok(file) => parsed.push((path.as_str(), text, file)),
            Err(e) => drop(broken.insert(format!("src/{path}: does not parse: {e}"))),
        }
    }
    let mut found: Vec<(&str, &String, &syn::File, Found)> =
        parsed.iter().map(|(path, text, file)| (*path, *text, file, paths::find(file, module_of(path)))).collect();
    let tests: BTreeSet<Vec<String>> = found.iter().flat_map(|(.., f)| f.tests.iter().cloned()).collect();
    found.retain(|(path, _, file, _)| {
        let module = module_of(path);
        !paths::tests_only(&file.attrs) && !(1..=module.len()).any(|n| tests.contains(&module[..n]))
    });
    let mut house = House { declared: BTreeSet::new(), exported: BTreeMap::new(), edges: BTreeMap::new() };
    for (path, _, _, f) in &found {
        house.declared.extend(f.declared.iter().cloned());
        if let Some(room) = module_of(path).first() {
            house.exported.extend(f.exported.iter().map(|m| (m.clone(), room.clone())));
        }
    }
    for (path, text, file, f) in &found {
        let mut said = Vec::new();
        house.file(path, text, file, f, &mut said);
        broken.extend(said.into_iter().map(|(line, what)| match line {
            0 => format!("src/{path}: {what}"),
            _ => format!("src/{path}:{line}: {what}"),
        }));
    }
    broken.extend(cycle(&house.edges));
    broken.into_iter().collect()
}

/// `calendar/span.rs` → calendar, span. `lib.rs`, `main.rs` and `bin/…` are the root or outside the library.
fn module_of(path: &str) -> Vec<String> {
    let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
    if matches!(path, "lib" | "main") { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

/// Whether `module` (`store/redb/log`) is at or below `place` (`store/redb`).
fn within(module: &str, place: &str) -> bool {
    module.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

struct House {
    declared: BTreeSet<Vec<String>>,
    exported: BTreeMap<String, String>,
    /// Room → rooms it imports.
    edges: BTreeMap<String, BTreeSet<String>>,
}

type Said = Vec<(usize, String)>;

impl House {
    fn file(&mut self, path: &str, text: &str, file: &syn::File, found: &Found, said: &mut Said) {
        let lines = text.lines().count();
        if lines > LINES {
            said.push((0, format!("{lines} lines; a file has at most {LINES}: split it by what changes together")));
        }
        for line in &found.hidden {
            said.push((*line, "`#[path]`, `include!` and `extern crate self` hide code from this check; use a plain module".into()));
        }
        let module = module_of(path);
        if module.first().is_some_and(|m| m == "bin") {
            return;
        }
        let room = module.first().cloned();
        let place = module.join("/");
        if path.ends_with("/mod.rs") || module.len() == 1 {
            head(text, file, said);
        }
        if let Some(room) = &room
            && rank(room).is_none()
        {
            said.push((
                0,
                format!("`{room}` is no room of the house; give it a rank in tests/it/architecture/laws.rs and in ARCHITECTURE.md"),
            ));
            return;
        }
        let below = room.as_deref().and_then(rank).is_some_and(|r| r < SHELL) && !STORE_IMPLS.iter().any(|p| within(&place, p));
        for written in &found.paths {
            if let Some(room) = &room {
                self.import(room, written, said);
            }
            if let Some(outside) = self.external(written) {
                owners(&place, &outside, written, said);
                if below {
                    pure(&place, &outside, written, said);
                }
            }
        }
        if below {
            for (name, line) in found.macros.iter().filter(|(name, _)| PRINTING.contains(&name.as_str())) {
                said.push((*line, format!("`{name}!` below the shell: return a value, the host prints")));
            }
            if !ASYNC.iter().any(|p| within(&place, p)) {
                for line in &found.asyncs {
                    said.push((*line, "async below the shell: the core is plain functions; the desk awaits".into()));
                }
            }
        }
    }

    /// The import law for one path.
    fn import(&mut self, room: &str, written: &Written, said: &mut Said) {
        let Some(target) = absolute(written) else { return };
        let target = match target {
            Ok(target) => target,
            Err(()) => return said.push((written.line, format!("`{}` leaves the crate", written.segments.join("::")))),
        };
        let as_written = written.segments.join("::");
        let Some(first) = target.first() else {
            return said.push((written.line, format!("`{as_written}` is the crate root; name the room")));
        };
        let other = match (rank(first), self.exported.get(first)) {
            (Some(_), _) => first.clone(),
            (None, Some(home)) => home.clone(),
            (None, None) => {
                return said.push((
                    written.line,
                    format!("`{as_written}` goes through the crate root; name the room: `crate::<room>::{}`", target.join("::")),
                ));
            }
        };
        if other == room {
            return;
        }
        self.edges.entry(room.to_owned()).or_default().insert(other.clone());
        if let (Some(mine), Some(theirs)) = (rank(room), rank(&other))
            && theirs >= mine
        {
            let how = if theirs == mine { "its own rank" } else { "a higher rank" };
            said.push((written.line, format!("`{room}` (rank {mine}) imports `{other}` (rank {theirs}), {how}: `{as_written}`")));
        } else if let Some((_, allowed, why)) =
            NARROW.iter().find(|(narrow, allowed, _)| *narrow == room && !allowed.contains(&other.as_str()))
        {
            said.push((written.line, format!("`{room}` imports `{other}`, but sees only {}: {why}: `{as_written}`", allowed.join(", "))));
        }
    }

    /// The path with `core` and `alloc` read as `std`, if its first name may be a crate.
    fn external(&self, written: &Written) -> Option<Vec<String>> {
        let first = written.segments.first()?;
        if matches!(first.as_str(), "crate" | "self" | "super" | "Self") {
            return None;
        }
        // One name alone is a local thing unless it is imported.
        if written.segments.len() == 1 && !written.imported {
            return None;
        }
        let child: Vec<String> = written.module.iter().chain([first]).cloned().collect();
        if !written.global && self.declared.contains(&child) {
            return None;
        }
        let mut path = written.segments.clone();
        if matches!(first.as_str(), "core" | "alloc") {
            path[0] = "std".into();
        }
        Some(path)
    }
}

/// The path from the crate root, if it is one of ours; `Err` if `super` goes beyond the root.
fn absolute(written: &Written) -> Option<Result<Vec<String>, ()>> {
    let mut segments = written.segments.iter().peekable();
    let mut at = match segments.peek()?.as_str() {
        "crate" => {
            segments.next();
            Vec::new()
        }
        "self" | "super" => written.module.clone(),
        _ => return None,
    };
    // `self` alone is the receiver of a method.
    if written.segments.len() == 1 && written.segments[0] == "self" {
        return None;
    }
    for segment in segments {
        match segment.as_str() {
            "self" => {}
            "super" => {
                if at.pop().is_none() {
                    return Some(Err(()));
                }
            }
            // A glob of the root has no first segment and is refused as the root.
            "*" => {}
            name => at.push(name.to_owned()),
        }
    }
    Some(Ok(at))
}

fn owners(place: &str, outside: &[String], written: &Written, said: &mut Said) {
    let Some((name, homes)) = OWNERS.iter().find(|(name, _)| outside[0] == *name) else { return };
    if !homes.iter().any(|home| within(place, home)) {
        let home = if homes.is_empty() { "nowhere".to_owned() } else { format!("only in {}", homes.join(" and ")) };
        said.push((written.line, format!("`{name}` may be named {home}: `{}`", outside.join("::"))));
    }
}

fn pure(place: &str, outside: &[String], written: &Written, said: &mut Said) {
    let full = outside.join("::");
    let starts = |prefix: &str| full.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    if EXCEPTIONS.iter().any(|(home, what, _)| within(place, home) && starts(what)) {
        return;
    }
    let called = match outside {
        [.., of, name] => OUTSIDE_CALLS.contains(&(of.as_str(), name.as_str())),
        _ => false,
    };
    let whole_std =
        matches!(full.as_str(), "std" | "std::*" | "std::time" | "std::time::*" | "std::io::*" | "chrono::*") && written.imported;
    let renamed = written.renamed && outside.last().is_some_and(|last| OUTSIDE_CALLS.iter().any(|(of, _)| of == last));
    let system_time = outside.iter().any(|s| s == "SystemTime");
    if OUTSIDE.iter().any(|prefix| starts(prefix)) || called || whole_std || renamed || system_time {
        said.push((
            written.line,
            format!("`{full}` below the shell: no clock, I/O, randomness, environment or threads; take it as an argument"),
        ));
    }
}

/// The `//!` head of a folder.
fn head(text: &str, file: &syn::File, said: &mut Said) {
    let mut doc = String::new();
    for attr in file.attrs.iter().filter(|a| a.path().is_ident("doc")) {
        if let syn::Meta::NameValue(syn::MetaNameValue { value: syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(line), .. }), .. }) =
            &attr.meta
        {
            doc.push_str(&line.value());
            doc.push('\n');
        }
    }
    if !text.trim_start().starts_with("//!") {
        said.push((1, "opens with no `//!`: what it is, what it never does, what to read next".into()));
    }
    for phrase in HEAD.iter().filter(|phrase| !doc.contains(**phrase)) {
        said.push((1, format!("its `//!` head lacks \"{phrase}\"")));
    }
}

/// A cycle among rooms, if there is one. The ranks exclude it; this holds even if the table is wrong.
fn cycle(edges: &BTreeMap<String, BTreeSet<String>>) -> Option<String> {
    fn walk<'a>(
        at: &'a str,
        edges: &'a BTreeMap<String, BTreeSet<String>>,
        way: &mut Vec<&'a str>,
        done: &mut BTreeSet<&'a str>,
    ) -> Option<String> {
        if let Some(from) = way.iter().position(|room| *room == at) {
            return Some(format!("rooms in a cycle: {} → {at}", way[from..].join(" → ")));
        }
        if done.contains(at) {
            return None;
        }
        way.push(at);
        let found = edges.get(at).into_iter().flatten().find_map(|to| walk(to, edges, way, done));
        way.pop();
        done.insert(at);
        found
    }
    let mut done = BTreeSet::new();
    edges.keys().find_map(|room| walk(room, edges, &mut Vec::new(), &mut done))
}
