//! Reading a playbook from a folder on disk.
//!
//! What it is: [`load`] and [`read`], which bring a folder's files into a [`Source`]; everything after that is pure.
//! What it never does: follow a symlink, leave the folder, or read what is not text.
//! Read next: [`crate::playbook`], which checks what was read.

use crate::diagnostic::{Diagnostic, Diagnostics, Place, Source, text};
use crate::playbook::{Loaded, Loader, Playbook};
use std::fs;
use std::path::Path;

/// Most bytes of one file.
const FILE: u64 = 1024 * 1024;
/// Most files of a playbook.
const FILES: usize = 2000;
/// Most folders below one another.
const DEPTH: usize = 8;

/// Reads and checks the playbook in a folder.
///
/// # Errors
/// All problems, with file, line and column: files that cannot be read among them.
///
/// ```no_run
/// use ticketry::{diagnostic::Lang, folder};
/// match folder::load("desk") {
///     Ok(loaded) => println!("{} {}", loaded.playbook.name(), loaded.playbook.digest()),
///     Err(problems) => eprint!("{}", problems.render(Lang::En, folder::read("desk").ok().as_ref())),
/// }
/// ```
pub fn load(folder: impl AsRef<Path>) -> Result<Loaded, Diagnostics> {
    load_with(folder, &Playbook::loader())
}

/// The same with what files alone do not say: functions of the host's.
///
/// # Errors
/// As [`load`].
pub fn load_with(folder: impl AsRef<Path>, loader: &Loader) -> Result<Loaded, Diagnostics> {
    let folder = folder.as_ref();
    let source = read(folder)?;
    if source.get("playbook.toml").is_none() {
        let shown = folder.display();
        let message = text(format!("there is no playbook.toml in {shown}"), format!("{shown} 中没有 playbook.toml"));
        let help = match source.iter().map(|(path, _)| &**path).find(|p| p.ends_with("/playbook.toml")) {
            Some(below) => {
                let at = folder.join(below.strip_suffix("/playbook.toml").unwrap_or(below));
                text(format!("did you mean {}?", at.display()), format!("是不是 {}？", at.display()))
            }
            None => text(
                "name the folder that holds it; the documentation of `ticketry::playbook` shows what stands in it",
                "请指定它所在的文件夹；其内容见 `ticketry::playbook` 的文档",
            ),
        };
        return Err(Diagnostic::error("no-playbook", message).at(Place::file("playbook.toml")).help(help).into());
    }
    loader.load(&source)
}

/// Reads the text files of a folder: `.toml`, `.rhai`, `.csv`, `.ics`. Hidden files and other kinds are left alone.
///
/// # Errors
/// The folder or a file cannot be read, is too large, is no UTF-8 text, or is a symlink.
pub fn read(folder: impl AsRef<Path>) -> Result<Source, Diagnostics> {
    let folder = folder.as_ref();
    let mut reading = Reading { source: Source::new(), problems: Diagnostics::new(), files: 0 };
    reading.folder(folder, "", 0);
    if reading.problems.has_errors() { Err(reading.problems) } else { Ok(reading.source) }
}

struct Reading {
    source: Source,
    problems: Diagnostics,
    files: usize,
}

impl Reading {
    fn wrong(&mut self, file: &str, code: &'static str, en: String, zh: String) {
        let file = if file.is_empty() { "." } else { file };
        self.problems.push(Diagnostic::error(code, text(en, zh)).at(Place::file(file)));
    }

    fn folder(&mut self, disk: &Path, inside: &str, depth: usize) {
        if depth > DEPTH {
            return self.wrong(
                inside,
                "folder-too-deep",
                format!("folders lie more than {DEPTH} deep"),
                format!("文件夹嵌套超过 {DEPTH} 层"),
            );
        }
        let entries = match fs::read_dir(disk) {
            Ok(e) => e,
            Err(e) => {
                let (en, zh) =
                    (format!("the folder {} cannot be read: {e}", disk.display()), format!("无法读取文件夹 {}：{e}", disk.display()));
                return self.wrong(inside, "unreadable-folder", en, zh);
            }
        };
        for entry in entries.filter_map(Result::ok) {
            let Some(name) = entry.file_name().to_str().map(str::to_string) else { continue };
            if name.starts_with('.') {
                continue;
            }
            let path = if inside.is_empty() { name.clone() } else { format!("{inside}/{name}") };
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_symlink() {
                self.wrong(&path, "symlink", "a playbook holds no symlinks".into(), "配置包中不能有符号链接".into());
            } else if kind.is_dir() {
                self.folder(&entry.path(), &path, depth.saturating_add(1));
            } else if [".toml", ".rhai", ".csv", ".ics"].iter().any(|e| name.ends_with(e)) {
                self.file(&entry.path(), &path);
            }
        }
    }

    fn file(&mut self, disk: &Path, path: &str) {
        self.files = self.files.saturating_add(1);
        if self.files > FILES {
            if self.files == FILES.saturating_add(1) {
                self.wrong("", "too-many-files", format!("a playbook has at most {FILES} files"), format!("配置包最多 {FILES} 个文件"));
            }
            return;
        }
        if fs::metadata(disk).is_ok_and(|m| m.len() > FILE) {
            return self.wrong(
                path,
                "file-too-large",
                format!("a file of a playbook has at most {FILE} bytes"),
                format!("单个文件最多 {FILE} 字节"),
            );
        }
        let bytes = match fs::read(disk) {
            Ok(bytes) => bytes,
            Err(e) => return self.wrong(path, "unreadable-file", format!("cannot be read: {e}"), format!("无法读取：{e}")),
        };
        match String::from_utf8(bytes) {
            // Some editors begin a file with a mark of its encoding.
            Ok(content) => self.source.add(path, content.strip_prefix('\u{feff}').map(str::to_string).unwrap_or(content)),
            Err(e) => {
                let good = e.as_bytes().get(..e.utf8_error().valid_up_to()).unwrap_or_default();
                let line = good.iter().filter(|b| **b == b'\n').count().saturating_add(1);
                self.wrong(
                    path,
                    "unreadable-file",
                    format!("line {line} is no UTF-8; save the file as UTF-8 (in a spreadsheet: \"CSV UTF-8\")"),
                    format!("第 {line} 行不是 UTF-8；请将文件另存为 UTF-8（表格软件中选“CSV UTF-8”）"),
                );
            }
        }
    }
}
