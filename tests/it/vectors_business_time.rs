//! Runs every case of `../shared/vectors/business_time` (another folder: set `TICKETRY_SHARED`) with the runner of the example `vectors`.

#[path = "../../examples/vectors/runner.rs"]
pub mod runner;

use std::path::PathBuf;

/// A folder of the shared material. Missing: a failure under `CI=true`, elsewhere a remark.
pub fn shared(folder: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let from_env = std::env::var_os("TICKETRY_SHARED").map(PathBuf::from);
    let places = from_env.into_iter().chain([root.join("../shared"), root.join("../../shared")]);
    let found = places.map(|p| p.join(folder)).find(|p| p.is_dir());
    if found.is_none() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no ../shared/{folder}");
        println!("skipped: no ../shared/{folder}");
    }
    found
}

#[test]
fn s53_s54_every_external_case_that_is_ours_passes() {
    let Some(vectors) = shared("vectors") else { return };
    let report = runner::run(&[vectors.join("business_time")]);
    println!("{}", report.render());
    assert!(report.is_good(), "{}", report.render());
    let (passed, failed, skipped) = report.count();
    assert!(passed >= 467 && failed == 0 && skipped <= 11, "{passed} {failed} {skipped}");
}

#[test]
fn the_runner_counts_what_fails_and_what_it_skips() {
    let case = |extra: &str| -> serde_json::Value {
        serde_json::from_str(&format!(
            r#"{{"id":"x","op":"add","calendar":null,"calendar_def":{{"time_zone":"UTC","weekly":{{"mon":[["09:00","17:00"]]}}}},"at":"2025-09-01T09:00:00Z","seconds":60,{extra}}}"#
        ))
        .unwrap()
    };
    let run = |extra: &str| runner::business_time::case(&serde_json::Value::Null, &case(extra));
    assert_eq!(run(r#""expect":"2025-09-01T09:01:00Z""#), runner::Outcome::Passed);
    assert!(matches!(run(r#""expect":"2025-09-01T09:02:00Z""#), runner::Outcome::Failed { .. }));
    assert!(matches!(run(r#""expect":"2025-09-01T09:02:00Z","convention":{"end_boundary":"next_open"}"#), runner::Outcome::Skipped { .. }));
    assert!(matches!(run(r#""expect":"2025-09-01T09:02:00Z","convention":{"end_boundary":"close"}"#), runner::Outcome::Failed { .. }));
    // A word nobody told us of decides nothing: what comes out as expected has passed, else it was not ours.
    assert_eq!(run(r#""expect":"2025-09-01T09:01:00+00:00","convention":{"rounding":"none"}"#), runner::Outcome::Passed);
    assert!(matches!(run(r#""expect":"2025-09-01T09:02:00Z","convention":{"rounding":"up"}"#), runner::Outcome::Skipped { .. }));
    assert!(!runner::Report::default().is_good(), "nothing passed");
}

#[test]
fn the_runner_takes_folders_as_they_come() {
    let at = tempfile::tempdir().unwrap();
    let put = |path: &str, content: &str| {
        let path = at.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    };
    let one = |expect: &str| {
        format!(
            r#"{{"calendars":{{"c":{{"time_zone":"UTC","weekly":{{"mon":[["09:00","17:00"]]}}}}}},
            "cases":[{{"id":"n","op":"is_open","calendar":"c","at":"2025-09-01T09:00:00Z","expect":{expect}}}]}}"#
        )
    };
    put("workflows/workflow/w.json", r#"{"schema":"workflow/1","cases":[]}"#);
    let run = |folder: &str| runner::run(&[at.path().join(folder)]);
    let report = run("workflows");
    assert!(!report.is_good(), "nothing passed");
    assert_eq!(report.render(), "0 passed, 0 failed, 0 skipped\n");

    put("all/deep/business_time/more/a.json", &one("true"));
    put("all/w.json", r#"{"schema":"workflow/1","cases":[]}"#);
    put("all/README.md", "not a vector");
    let twice = runner::run(&[at.path().join("all"), at.path().join("all/deep")]);
    assert!(twice.is_good() && twice.count() == (1, 0, 0), "{}", twice.render());

    for (name, content) in [("wrong", one("false")), ("torn", "{".into()), ("other", r#"{"schema":"poems/1","cases":[]}"#.into())] {
        put(&format!("{name}/business_time/a.json"), &content);
        let report = run(name);
        assert!(!report.is_good() && report.count().1 == 1, "{name}: {}", report.render());
    }
    assert!(!run("missing").is_good());
}
