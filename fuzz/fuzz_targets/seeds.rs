//! Writes seeds: for `script` and `rule` the hostile corpus of the tests, for `playbook` the files of the example desk and the tests' sound workflow. No fuzz target itself; `fuzz/run` calls it.

#[allow(dead_code, reason = "shared with the tests, which use all of it")]
#[path = "../../tests/it/rules/corpus.rs"]
mod corpus;

use std::{env, fs, path::Path};

/// Larger ones teach a fuzzer nothing but patience.
const MOST: usize = 4_096;

fn main() -> std::io::Result<()> {
    let mut args = env::args().skip(1);
    let (Some(target), Some(folder)) = (args.next(), args.next()) else {
        eprintln!("seeds TARGET FOLDER");
        std::process::exit(2);
    };
    if target == "playbook" {
        return files(Path::new(&folder));
    }
    for (name, text, _) in corpus::all().into_iter().filter(|(_, text, _)| text.len() <= MOST) {
        let text = match target.as_str() {
            "rule" => format!(
                "rule(\"r\").on(\"created\").when(|t| lookup(\"hours\", t.channel) > 3 && is_open(\"office\") != true).then(|t| {{\n{text}\n}});\n"
            ),
            _ => text,
        };
        fs::write(Path::new(&folder).join(name), text)?;
    }
    Ok(())
}

/// The first byte says which file of the target's list the rest stands for.
fn files(folder: &Path) -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let sound = fs::read_to_string(root.join("tests/it/workflow/sound.toml"))?;
    fs::write(folder.join("sound"), format!("\u{1}{sound}"))?;
    let desk = root.join("examples/desk");
    let named = [("playbook.toml", 0), ("priority.toml", 3), ("routing.toml", 4), ("roster.toml", 7), ("watches.toml", 9)];
    for (name, which) in named.map(|(name, which): (&str, u8)| (desk.join(name), which)) {
        seed(folder, &name, which)?;
    }
    for (below, which) in [("workflows", 1), ("sla", 2), ("rules", 5), ("calendars", 6), ("migrations", 10)] {
        let Ok(all) = fs::read_dir(desk.join(below)) else { continue };
        for file in all {
            seed(folder, &file?.path(), which)?;
        }
    }
    Ok(())
}

fn seed(folder: &Path, file: &Path, which: u8) -> std::io::Result<()> {
    let Ok(text) = fs::read_to_string(file) else { return Ok(()) };
    let name = file.to_string_lossy().replace(['/', '.'], "-");
    let short: String = name.chars().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect();
    fs::write(folder.join(short), format!("{}{text}", char::from(which)))
}
