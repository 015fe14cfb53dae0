//! The command line.

use std::path::PathBuf;
use ticketry::diagnostic::Lang;

/// What was asked.
#[derive(Debug, Default)]
pub struct Args {
    pub lang: Lang,
    pub store: Option<PathBuf>,
    pub log: Option<PathBuf>,
    pub map: Option<PathBuf>,
    pub rows: Option<usize>,
    pub until: Option<String>,
    pub help: bool,
}

pub const HELP: &str = "\
helpdesk: a service desk in Shanghai, played for two weeks in a minute

  cargo run --release --example helpdesk                 play 2025-09-28 to 2025-10-11, print the lead's view and seven stories
  … -- --lang zh                                         in Chinese 中文
  … -- --store desk.redb                                 keep the file; the next run reopens it and goes on by a day
  … -- --store desk.redb --until 2025-10-09T20:30        stop at this Beijing time; the next run goes on from there
  … -- --log FILE.csv[.gz] --map MAP.toml [--rows N]     replay a foreign event log through the same door
";

impl Args {
    /// Reads the arguments.
    pub fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut args = Self::default();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--lang" => {
                    args.lang = match value()?.as_str() {
                        "en" => Lang::En,
                        "zh" => Lang::Zh,
                        other => return Err(format!("--lang is en or zh, not {other}")),
                    }
                }
                "--store" => args.store = Some(value()?.into()),
                "--log" => args.log = Some(value()?.into()),
                "--map" => args.map = Some(value()?.into()),
                "--rows" => args.rows = Some(value()?.parse().map_err(|_| "--rows needs a number".to_string())?),
                "--until" => args.until = Some(value()?),
                "--help" | "-h" => args.help = true,
                other => return Err(format!("unknown argument {other}; --help lists what there is")),
            }
        }
        if args.log.is_some() != args.map.is_some() {
            return Err("--log and --map go together".into());
        }
        Ok(args)
    }
}
