//! The folder of the example `helpdesk` is a playbook without a single remark.

use std::path::Path;
use ticketry::diagnostic::Lang;
use ticketry::playbook::Playbook;
use ticketry::routing::Roster;

#[cfg(feature = "rhai")]
#[test]
fn the_shanghai_desk_and_the_maps_load_with_zero_diagnostics() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for folder in ["desk", "maps/helpdesk_italy", "maps/bpic2013_incidents"] {
        let source = ticketry::folder::read(examples.join(folder)).unwrap();
        let loaded = Playbook::load(&source).unwrap_or_else(|p| panic!("{}", p.render(Lang::En, Some(&source))));
        assert!(loaded.warnings.is_empty(), "{folder}: {}", loaded.warnings.render(Lang::En, Some(&source)));
        if let Some(people) = source.get("roster.toml") {
            let (roster, problems) = Roster::from_toml("roster.toml", people, loaded.playbook.schema());
            assert!(problems.is_empty(), "{}", problems.render(Lang::En, Some(&source)));
            let roster = roster.unwrap();
            let agents = roster.agents().filter(|a| a.capacity > 0).count();
            assert!((16..=18).contains(&agents), "{agents}");
            assert!(
                roster.agents().any(|a| a.on_call)
                    && roster.agents().any(|a| a.backup.is_some())
                    && roster.agents().any(|a| !a.absences.is_empty())
            );
        }
    }
}
