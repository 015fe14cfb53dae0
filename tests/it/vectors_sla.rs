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
            "id": "x", "core": core, "dialect": "another", "calendar": "c", "policy": { "targets": { "resolution": { "seconds": 3600, "clock": "business" } } },
            "events": [{ "at": "2025-09-01T09:00:00Z", "do": "create", "state": "new" }], "expect": { "due": { "resolution": due } }
        })
    };
    let run = |due, core| runner::sla::case(&file, &case(due, core));
    assert_eq!(run("2025-09-01T10:00:00Z", true), runner::Outcome::Passed);
    assert!(matches!(run("2025-09-01T10:00:01Z", true), runner::Outcome::Failed { .. }));
    assert!(matches!(run("2025-09-01T10:00:01Z", false), runner::Outcome::Skipped { .. }));
}

#[test]
fn what_the_readme_of_the_vectors_allows_is_understood() {
    let day = |d: &str| format!(r#""{d}":[["09:00","17:00"]]"#);
    let week = ["mon", "tue", "wed", "thu", "fri"].map(day).join(",");
    let file: serde_json::Value =
        serde_json::from_str(&format!(r#"{{"calendars":{{"c":{{"time_zone":"UTC","weekly":{{{week}}}}}}}}}"#)).unwrap();
    let passes = |dialect: &str, policy: &str, events: &str, expect: &str| {
        let case = format!(
            r#"{{"id":"x","core":true,"dialect":"{dialect}","calendar":"c","policy":{policy},"observe_at":"2024-03-05T13:00:00Z",
            "events":[{{"at":"2024-03-05T10:00:00Z","do":"create","state":"new","priority":"low"}}{events}],"expect":{expect}}}"#
        );
        assert_eq!(runner::sla::case(&file, &serde_json::from_str(&case).unwrap()), runner::Outcome::Passed, "{case}");
    };
    let hours = |n: u32| format!(r#"{{"seconds":{},"clock":"business"}}"#, n * 3_600);
    let (two, six) = (hours(2), hours(6));
    let to = |at: &str, state: &str| format!(r#",{{"at":"2024-03-05T{at}:00Z","do":"set_state","to":"{state}"}}"#);
    // Hidden while paused, not moved.
    let hidden =
        format!(r#"{{"targets":{{"resolution":{six}}},"pause":{{"states":["stalled"],"metrics":["resolution"],"exclude_time":false}}}}"#);
    passes("x", &hidden, &to("11:00", "stalled"), r#"{"due":{"resolution":null,"next":null}}"#);
    passes("x", &hidden, &[to("11:00", "stalled"), to("12:00", "open")].concat(), r#"{"due":{"next":"2024-03-05T16:00:00Z"}}"#);
    // Figures without a metric's name, late ones, and those of the pauses alone.
    let plain = format!(r#"{{"targets":{{"resolution":{two}}}}}"#);
    passes("x", &plain, "", r#"{"late_seconds":{"resolution":3600},"breached":true,"left_minutes":-60,"due":"2024-03-05T12:00:00Z"}"#);
    let paused = r#"{"targets":{},"pause":{"states":["pending"],"metrics":["resolution"]}}"#;
    let pending = [to("11:00", "pending"), to("12:00", "open")].concat();
    passes("x", paused, &pending, r#"{"active_minutes":120,"add_active":{"minutes":90,"at":"2024-03-05T12:30:00Z"}}"#);
    // Working days before the due instant, policies that come late, any word for a priority or a final state.
    let days = r#"{"targets":{"resolution":{"days":3,"clock":"working_days"}},"escalations":[{"metric":"resolution","offset":{"days":-1,"clock":"working_days"}}]}"#;
    passes("x", days, "", r#"{"due":{"resolution":"2024-03-08T10:00:00Z"},"escalation_at":{"resolution":"2024-03-07T10:00:00Z"}}"#);
    let attach = format!(r#",{{"at":"2024-03-05T11:00:00Z","do":"attach_policy","targets":{{"resolution":{six}}}}}"#);
    passes("x", r#"{"targets":{}}"#, &attach, r#"{"due":{"resolution":"2024-03-05T16:00:00Z"},"policy_applies":true}"#);
    let vip = format!(r#"{{"targets":{{"resolution":{six}}},"applies_when":{{"priority_in":["very important"]}}}}"#);
    passes("x", &vip, "", r#"{"policy_applies":false,"due":{"resolution":null}}"#);
    let raised = r#",{"at":"2024-03-05T11:00:00Z","do":"set_priority","to":"very important"}"#;
    passes("x", &vip, raised, r#"{"policy_applies":true,"due":{"resolution":"2024-03-05T16:00:00Z"}}"#);
    let done = format!(r#"{{"targets":{{"resolution":{six}}},"resolved_states":["Done"]}}"#);
    passes("x", &done, &to("10:30", "Done"), r#"{"due":{"resolution":null},"spent_minutes":{"resolution":30},"status":"fulfilled"}"#);
    let answered = r#",{"at":"2024-03-05T10:30:00Z","do":"agent_message"}"#;
    let first = format!(r#"{{"targets":{{"first_response":{two}}}}}"#);
    passes("chatwoot", &first, answered, r#"{"status":"active"}"#);
    passes("chatwoot", &first, &[answered.to_string(), to("10:40", "resolved")].concat(), r#"{"status":"hit"}"#);
}
