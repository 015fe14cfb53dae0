//! Writes the hostile corpus of the tests as seeds: `seeds script FOLDER`, `seeds rule FOLDER`. No fuzz target itself; `fuzz/run` calls it.

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
