//! Who and what the play needs: the playbook, the people, the desk on its store.

use crate::{stream, upgrade};
use chrono::{DateTime, Utc};
use std::{error::Error, path::Path, sync::Arc};
use ticketry::desk::{Desk, FixedClock, FixedDirectory, SeededIds};
use ticketry::diagnostic::{Lang, Source};
use ticketry::playbook::Playbook;
use ticketry::routing::Roster;
use ticketry::store::AnyStore;

/// What `examples/desk` says.
#[derive(Debug)]
pub struct World {
    pub playbook: Playbook,
    /// The same with what lies in `examples/desk-next`: what the desk goes over to while it runs.
    pub next: Playbook,
    pub directory: FixedDirectory,
}

impl World {
    /// Reads the folder; every problem with its place, in the language asked for.
    pub fn load(folder: &Path, lang: Lang) -> Result<Self, Box<dyn Error>> {
        let said = |problems: ticketry::diagnostic::Diagnostics, source: Option<&Source>| problems.render(lang, source);
        let source = ticketry::folder::read(folder).map_err(|p| said(p, None))?;
        let load = |source: &Source| -> Result<Playbook, Box<dyn Error>> {
            let loaded = Playbook::load(source).map_err(|p| said(p, Some(source)))?;
            if !loaded.warnings.is_empty() {
                eprintln!("{}", said(loaded.warnings, Some(source)));
            }
            Ok(loaded.playbook)
        };
        let playbook = load(&source)?;
        let mut over = source.clone();
        for file in upgrade::FILES {
            over.add(file, std::fs::read_to_string(folder.with_file_name("desk-next").join(file))?);
        }
        let next = load(&over)?;
        let people = source.get("roster.toml").unwrap_or_default();
        let (roster, problems) = Roster::from_toml("roster.toml", people, playbook.schema());
        let roster = roster.ok_or_else(|| said(problems, Some(&source)))?;
        Ok(Self { playbook, next, directory: FixedDirectory { roster: Arc::new(roster), customers: stream::customers() } })
    }

    /// A desk on a store, its clock standing at `now`. `born`: how many tickets there are already, so that ids go on from there.
    pub fn open(&self, store: AnyStore, now: DateTime<Utc>, born: u64) -> Result<(Desk, FixedClock), Box<dyn Error>> {
        let clock = FixedClock::new(now);
        let desk = upgrade::builder(self, now)
            .any_store(store)
            .directory(self.directory.clone())
            .clock(clock.clone())
            .ids(SeededIds::new(stream::SEED, born))
            .open_blocking()?;
        Ok((desk, clock))
    }
}
