//! `ticketry check` against the people of `roster.toml`: approvals that they cannot give.

use crate::engine::approvals::{FLOW, source};
use ticketry::diagnostic::Lang;
use ticketry::harness::check;

const PEOPLE: &str = "\
[[agents]]
id = \"bo\"
groups = [\"support\"]
roles = [\"buyer\"]

[[agents]]
id = \"chen\"
groups = [\"support\"]
roles = [\"buyer\", \"lead\"]

[groups.support]
lead = \"chen\"
";

/// The codes and what is said, with the approval's stage and its exclusions written otherwise.
fn found(stage: &str, exclude: &str, people: &str) -> Vec<(String, String)> {
    let flow = FLOW
        .replace("    { approvers = [\"role:buyer\"], quorum = \"2\", within = \"8h\" },", stage)
        .replace("exclude = [\"requester\", \"initiator\"]", exclude);
    let mut source = source(&flow);
    source.add("roster.toml", people);
    let problems = check(&source);
    let said = |d: &ticketry::diagnostic::Diagnostic| {
        assert!(d.severity == ticketry::diagnostic::Severity::Warning, "{}", problems.render(Lang::En, Some(&source)));
        let line = source.get("workflows/question.toml").unwrap().lines().nth(d.place().unwrap().line as usize - 1).unwrap();
        assert!(line.contains("approvers"), "at the stage, not at {line}");
        (d.code.to_string(), problems.render(Lang::En, Some(&source)))
    };
    problems.iter().map(said).collect()
}

#[test]
fn s12_an_approval_that_the_people_there_are_cannot_give_is_told_before_it_is_asked_for() {
    let codes = |stage: &str, exclude: &str| found(stage, exclude, PEOPLE).into_iter().map(|f| f.0).collect::<Vec<_>>();
    let none = "exclude = []";
    assert_eq!(codes("{ approvers = [\"role:buyer\"], quorum = \"2\" },", none), [""; 0]);
    assert_eq!(codes("{ approvers = [\"role:buyer\"], quorum = \"3\" },", none), ["too-few-approvers"]);
    // Excluded whoever the ticket is of; who asks, or asks for themselves, is not known yet.
    assert_eq!(codes("{ approvers = [\"role:buyer\"], quorum = \"2\" },", "exclude = [\"role:lead\"]"), ["too-few-approvers"]);
    assert_eq!(codes("{ approvers = [\"role:buyer\"], quorum = \"2\" },", "exclude = [\"initiator\"]"), [""; 0]);
    assert_eq!(codes("{ approvers = [\"manager\"], quorum = \"any\" },", none), ["too-few-approvers"], "nobody is");
    assert_eq!(codes("{ approvers = [\"group:support\"], quorum = \"100%\" },", none), [""; 0]);
    let typo = found("{ approvers = [\"role:buyer\", \"agent:chne\"], quorum = \"2\" },", none, PEOPLE);
    assert_eq!(typo.len(), 1);
    assert!(typo[0].0 == "unknown-approver" && typo[0].1.contains("did you mean `chen`?"), "{}", typo[0].1);
    let few = found("{ approvers = [\"role:buyer\"], quorum = \"3\" },", none, PEOPLE);
    insta::assert_snapshot!("staffing", format!("{}\n{}", typo[0].1, few[0].1));
    let stranger = found("{ approvers = [\"role:buyer\", \"agent:wilhelmina\"], quorum = \"2\" },", none, PEOPLE);
    assert!(stranger[0].1.contains("help: add an agent with id = \"wilhelmina\" to roster.toml"), "{}", stranger[0].1);
    // The second stage, where it is written.
    assert_eq!(
        codes("{ approvers = [\"lead\"] },\n{ approvers = [\"lead\"], quorum = \"50%\" },\n{ approvers = [\"manager\"] }", none),
        ["too-few-approvers"]
    );
}

#[test]
fn a_folder_without_people_is_not_told_that_there_are_too_few() {
    assert!(check(&source(FLOW)).iter().all(|d| !d.code.contains("approver")));
}
