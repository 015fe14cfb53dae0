//! Running a playbook's tests.

use super::coverage::Counting;
use super::report::{Failed, Outcome, Report};
use super::stage::{Look, NextId, Stage};
use crate::diagnostic::{Diagnostics, Source};
use crate::playbook::Playbook;
use crate::routing::{Roster, RosterDefinition};
use crate::rules::{self, Functions, Test};
use crate::ticket::Schema;
use std::{path::Path, sync::Arc};

/// Which tests, and what to find out on the way.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only tests whose name or file contains this.
    pub filter: Option<String>,
    /// Whether to count which rules, and which parts of their conditions, the tests made match.
    pub coverage: bool,
    /// Functions of the host's that the rules call.
    pub functions: Functions,
}

/// Everything wrong with a playbook, its people (`roster.toml`) and its tests, in order of file and line; warnings among it.
/// Errors elsewhere hide none of the people and tests, save that the names they use of the playbook are looked up only where playbook.toml itself
/// is without errors. Whether the people suffice for the approvals is asked of a playbook that loads; what a test names of tickets is found by running it.
pub fn check(source: &Source) -> Diagnostics {
    let mut problems = match Playbook::load_naming(source, &Functions::default()) {
        Ok(loaded) => {
            let schema = loaded.playbook.schema();
            let mut problems = loaded.warnings;
            let (_, roster, wrong) = staff(source, schema);
            problems.extend(wrong);
            // Nobody there is not too few: the host brings its own people.
            if let Some(roster) = roster {
                problems.extend(super::staffing::staffing(&loaded.playbook, &roster));
            }
            problems.extend(rules::tests_with(source, schema, loaded.playbook.resources()).1);
            problems
        }
        Err((mut problems, Some(names))) => {
            problems.extend(people(source, &names.schema).1);
            problems.extend(rules::tests_with(source, &names.schema, &names.resources).1);
            problems
        }
        // What can be said of people and tests without the playbook's names is said all the same.
        Err((mut problems, None)) => {
            problems.extend(source.get("roster.toml").map(|c| RosterDefinition::from_toml("roster.toml", c).1).into_iter().flatten());
            problems.extend(rules::tests(source, &Schema::default()).1);
            problems
        }
    };
    problems.sort();
    problems
}

/// The people of a playbook's folder: those of `roster.toml`, or nobody; and what is wrong with them.
pub fn people(source: &Source, schema: &Schema) -> (RosterDefinition, Diagnostics) {
    let (definition, _, problems) = staff(source, schema);
    (definition, problems)
}

/// The same, with the roster that is built of them, where there is a `roster.toml` without errors.
fn staff(source: &Source, schema: &Schema) -> (RosterDefinition, Option<Roster>, Diagnostics) {
    let Some(content) = source.get("roster.toml") else { return (RosterDefinition::default(), None, Diagnostics::new()) };
    let (definition, mut problems) = RosterDefinition::from_toml("roster.toml", content);
    let (roster, found) = definition.clone().build(schema);
    problems.extend(found);
    (definition, roster, problems)
}

/// Runs the tests of a playbook: each on a desk of its own, with the people of `roster.toml`, in order of file and place.
///
/// ```
/// use ticketry::{harness::{self, Options}, playbook::Playbook};
/// let source = Playbook::starter_source().with("tests/first.rhai", r#"
///     test("a ticket begins as new and is due in half a working day", |desk| {
///         let t = desk.create(#{ subject: "the printer is on fire" });
///         assert_eq(t.state, "new");
///         assert_eq(t.clock("first_response").due, desk.now() + "4h");
///     });
/// "#);
/// let report = harness::test(&source, &Options::default()).unwrap();
/// assert!(report.passed(), "{report}");
/// ```
///
/// # Errors
/// The playbook, its people or its tests are wrong; nothing was run.
pub fn test(source: &Source, options: &Options) -> Result<Report, Diagnostics> {
    let loaded = Playbook::loader().functions(options.functions.clone()).load(source)?;
    let (people, mut problems) = people(source, loaded.playbook.schema());
    let (tests, found) = rules::tests_with(source, loaded.playbook.schema(), loaded.playbook.resources());
    problems.extend(found);
    if problems.has_errors() {
        problems.sort();
        return Err(problems);
    }
    let wanted = |t: &&Test| options.filter.as_ref().is_none_or(|f| t.name().contains(f.as_str()) || t.place().file.contains(f.as_str()));
    let counting = options.coverage.then(|| Counting::of(loaded.playbook.rules()));
    let outcomes = tests.iter().filter(wanted).map(|t| one(t, &loaded.playbook, &people, counting.as_ref())).collect();
    Ok(Report::new(source.clone(), outcomes, problems, counting.map(|c| c.done())))
}

fn one(test: &Test, playbook: &Playbook, people: &RosterDefinition, counting: Option<&Counting>) -> Outcome {
    let look = counting.cloned().map(|c| -> Look { Box::new(move |trace| c.see(trace)) });
    let stage = match Stage::open_seen(playbook.clone(), people.clone(), look, NextId::default()) {
        Ok(stage) => Arc::new(stage),
        Err(e) => return Outcome::unopened(test, &e),
    };
    match test.run(stage.clone()) {
        Ok(()) => Outcome::passed(test),
        Err(failure) => Outcome::failed(test, *failure, &stage),
    }
}

/// Runs the tests of a playbook's folder. One line in a host's own tests:
///
/// ```no_run
/// # mod x {
/// #[test]
/// fn the_rules_of_the_desk() -> Result<ticketry::harness::Report, ticketry::harness::Failed> {
///     ticketry::harness::test_folder("desk")
/// }
/// # }
/// ```
///
/// # Errors
/// Something is wrong with the playbook, or a test failed; what `cargo test` then prints is the whole report.
pub fn test_folder(folder: impl AsRef<Path>) -> Result<Report, Failed> {
    let source = crate::folder::read(folder).map_err(|d| Failed::wrong(d, None))?;
    let report = test(&source, &Options::default()).map_err(|d| Failed::wrong(d, Some(&source)))?;
    report.done()
}
