//! Runs every core scenario of `../shared/vectors/sla` (another folder: set `TICKETRY_SHARED`) with the runner of the example `vectors`.

use crate::vectors_business_time::{runner, shared};

#[test]
fn every_core_scenario_of_the_vectors_passes() {
    let Some(vectors) = shared("vectors") else { return };
    let report = runner::run(&[vectors.join("sla")]);
    let (passed, failed, skipped) = report.count();
    assert!(report.is_good(), "{}", report.render());
    assert_eq!((passed, failed, skipped), (97, 0, 15));
}

#[test]
fn the_runner_notices_a_wrong_figure() {
    let file = serde_json::json!({ "calendars": { "c": { "time_zone": "UTC", "weekly": { "mon": [["09:00", "17:00"]] } } } });
    let case = |due: &str, core: bool| {
        serde_json::json!({
            "id": "x", "core": core, "calendar": "c", "policy": { "targets": { "resolution": { "seconds": 3600, "clock": "business" } } },
            "events": [{ "at": "2025-09-01T09:00:00Z", "do": "create", "state": "new" }], "expect": { "due": { "resolution": due } }
        })
    };
    let run = |due, core| runner::sla::case(&file, &case(due, core));
    assert_eq!(run("2025-09-01T10:00:00Z", true), runner::Outcome::Passed);
    assert!(matches!(run("2025-09-01T10:00:01Z", true), runner::Outcome::Failed { .. }));
    assert!(matches!(run("2025-09-01T10:00:01Z", false), runner::Outcome::Skipped { .. }));
}
