//! Every diagnostic code: an edit of the sound workflow that triggers it, and how it is rendered.

use super::{SOUND, edited, load, schema};
use std::collections::BTreeSet;
use ticketry::condition::NoScripts;
use ticketry::diagnostic::{Diagnostics, Lang, Source};
use ticketry::id::*;
use ticketry::ticket::*;
use ticketry::workflow::*;

/// The last line of the sound workflow.
const LAST: &str = "outcomes.no_part = { retry = \"1bd\", times = 2 }";

/// An approval behind it.
macro_rules! approval {
    ($says:literal) => {
        concat!("outcomes.no_part = { retry = \"1bd\", times = 2 }\n\n[approvals.spend]\nlabel = \"支出\"\n", $says)
    };
}

/// Code, passage of the sound workflow, what stands there instead.
const EDITS: &[(&str, &str, &str)] = &[
    ("toml-syntax", "initial = [\"new\", \"open\"]", "initial = [\"new\", \"open\""),
    ("duplicate-key", "[states.closed]\nclass = \"closed\"", "[states.closed]\nclass = \"closed\"\nclass = \"closed\""),
    ("unknown-key", "limit = \"4bh\"", "limmit = \"4bh\""),
    ("missing-key", "name = \"ask\"\n", ""),
    ("wrong-type", "checklist = [{ en = \"cause found\", zh = \"已找到原因\" }]", "checklist = true"),
    ("out-of-range", "version = 3", "version = -3"),
    ("bad-name", "name = \"remind\"", "name = \" remind\""),
    ("unknown-word", "class = \"pending\"", "class = \"pendign\""),
    ("bad-span", "limit = \"4bh\"", "limit = \"4 hours\""),
    ("zero-span", "limit = \"4bh\"", "limit = \"0m\""),
    ("version-zero", "version = 3", "version = 0"),
    ("no-initial-state", "initial = [\"new\", \"open\"]\n", ""),
    ("unknown-state", "initial = [\"new\", \"open\"]", "initial = [\"neu\", \"open\"]"),
    ("transition-to-nowhere", "to = \"vendor\"", "to = \"vendro\""),
    ("no-from", "from = [\"resolved\", \"waiting\"]", "from = []"),
    ("unreachable-state", "to = \"vendor\"", "to = \"resolved\""),
    ("dead-end", "from = [\"waiting\", \"vendor\"]\nto = \"open\"", "from = \"waiting\"\nto = \"open\""),
    ("no-way-to-final", "from = [\"waiting\", \"vendor\"]\nto = \"open\"", "from = \"waiting\"\nto = \"open\""),
    ("no-final-state", "class = \"resolved\"", "class = \"open\""),
    ("nobody-responsible", "responsible = \"assignee\"\n", ""),
    ("ambiguous-transition", "guard = { field = \"impact\", is_not = \"high\" }\n", ""),
    (
        "dead-transition",
        "guard = { field = \"impact\", is_not = \"high\" }",
        "guard = { all = [{ field = \"impact\", is = \"high\" }, { field = \"impact\", is = \"low\" }] }",
    ),
    (
        "dead-alternative",
        "to = \"resolved\"\nroles = [\"lead\"]",
        "to = \"resolved\"\nguard = { field = \"impact\", is = \"low\" }\nroles = [\"lead\"]",
    ),
    ("automatic-cycle", "from = \"resolved\"\nto = \"open\"", "from = \"resolved\"\nto = \"open\"\nafter = [{ transition = \"resolve\" }]"),
    ("automatic-chain", "{ tag = \"started\" }", "{ transition = \"c0\" }"),
    ("timed-never", "transition = \"remind\"", "transition = \"resume\""),
    ("over-long-path", "version = 3\n", "version = 3\nhandoffs = 1\n"),
    (
        "form-never-complete",
        "comment = true",
        "comment = true\ncheck = [{ require = { field = \"impact\", is = \"high\" } }, { require = { field = \"impact\", is = \"low\" } }]",
    ),
    ("ambiguous-timed", "after = \"5bd\"", "after = \"3bd\""),
    ("unknown-transition", "transition = \"remind\"", "transition = \"remnid\""),
    ("transition-not-leaving", "transition = \"remind\"", "transition = \"start\""),
    ("timed-needs-input", "from = \"waiting\"\nto = \"=\"", "from = \"waiting\"\nto = \"=\"\nrequired = [\"resolution\"]"),
    ("no-reply-transition", "on_requester_reply = \"resume\"\n", ""),
    ("reply-needs-input", "to = \"open\"\nroles = [\"agent\", \"requester\"]", "to = \"open\"\nrequired = [\"category\"]"),
    ("reply-keeps-waiting", "on_requester_reply = \"resume\"", "on_requester_reply = \"remind\""),
    ("unknown-role", "roles = [\"lead\", \"engineer\"]", "roles = [\"laed\", \"engineer\"]"),
    ("unknown-field", "required = [\"category\", \"serial\"]", "required = [\"category\", \"cereal\"]"),
    ("optional-and-required", "required = [\"category\", \"serial\"]", "required = [\"category\", \"serial\"]\noptional = \"serial\""),
    ("unknown-calendar", "calendar = \"office\"", "calendar = \"offices\""),
    ("bad-colour", "colour = \"#8b5a2b\"", "colour = \"bronw\""),
    ("flag-colour", "colour = \"#8b5a2b\"", "colour = \"red\""),
    ("missing-label", "label = { en = \"Closed\", zh = \"已关闭\" }\n", ""),
    ("slots-in-final", "label = { en = \"Closed\", zh = \"已关闭\" }", "label = { en = \"Closed\", zh = \"已关闭\" }\nholds_slots = true"),
    ("external-without-effect", "from = \"new\"\nto = \"open\"", "from = \"new\"\nto = \"open\"\nexternal = true"),
    ("action-out-of-place", "{ tag = \"started\" }", "\"stop\""),
    ("unknown-action", "{ tag = \"started\" }", "{ tga = \"started\" }"),
    ("bad-action", "{ tag = \"started\" }", "{ tag = \"started\", note = \"started\" }"),
    ("too-many", "{ tag = \"started\" }", TOO_MANY),
    ("unknown-hook", "{ tag = \"started\" }", "{ webhook = \"crm\" }"),
    ("unknown-template", "template = \"received\"", "template = \"recieved\""),
    ("unknown-recipient", "to = \"requester\", template", "to = \"requestor\", template"),
    ("unknown-group", "group = \"l1\"", "group = \"l2\""),
    ("unknown-skill", "skills = { bgp = 2 }", "skills = { ospf = 2 }"),
    ("unknown-level", "{ tag = \"started\" }", "{ priority = \"urgnet\" }"),
    ("unknown-category", "field = \"impact\", value = \"low\"", "field = \"category\", value = \"hardwear\""),
    ("not-in-list", "field = \"impact\", value = \"low\"", "field = \"impact\", value = \"lwo\""),
    ("wrong-scale", "field = \"impact\", value = \"low\"", "field = \"amount\", value = \"1.005\""),
    ("too-long", "field = \"impact\", value = \"low\"", "field = \"serial\", value = \"0123456789012345678901234567890123456789!\""),
    ("bad-instant", "field = \"impact\", value = \"low\"", "field = \"visit\", value = \"tomorrow\""),
    ("empty-condition", "guard = { field = \"impact\", is_not = \"high\" }", "guard = {}"),
    ("not-a-condition", "guard = { field = \"impact\", is_not = \"high\" }", "guard = { field = \"impact\" }"),
    ("unknown-resolution", "from = \"open\"\nto = \"vendor\"", "from = \"open\"\nto = \"vendor\"\nresolution = [\"fixt\"]"),
    ("no-resolutions", "from = \"open\"\nto = \"vendor\"", "from = \"open\"\nto = \"vendor\"\nresolution = true"),
    (
        "no-checklist",
        "from = [\"waiting\", \"vendor\"]\nto = \"open\"",
        "from = [\"waiting\", \"vendor\"]\nto = \"open\"\nchecklist = true",
    ),
    ("strict-without-way", "class = \"closed\"", "class = \"closed\"\nstrict = true"),
    ("bad-right", "[[timed]]", "[rights]\n\"open to closed\" = [\"lead\"]\n\n[[timed]]"),
    ("task-needs-itself", "needs = [\"diagnose\"]", "needs = [\"mend\"]"),
    ("task-cycle", "due = \"1bd\"", "needs = [\"mend\"]"),
    ("unknown-task", "needs = [\"diagnose\"]", "needs = [\"diagnoze\"]"),
    ("bad-outcome", "outcomes.mended = {}", "outcomes.mended = { retry = \"1bd\" }"),
    ("unknown-type", "{ tag = \"started\" }", "{ child = { type = \"incidnet\", subject = \"parts\" } }"),
    ("bad-children", "[tasks.diagnose]", "[children]\non_end = \"take\"\n\n[tasks.diagnose]"),
    ("not-cancelled", "version = 3", "version = 3\nmerged_state = \"closed\""),
    ("protected-initial", LAST, approval!("protects = [\"open\"]\nstages = [{ approvers = [\"lead\"] }]")),
    ("approval-without-effect", LAST, approval!("stages = [{ approvers = [\"lead\"] }]")),
    ("granted-elsewhere", LAST, approval!("protects = [\"vendor\"]\ngranted = \"close\"\nstages = [{ approvers = [\"lead\"] }]")),
    ("no-stages", LAST, approval!("protects = [\"vendor\"]\nstages = []")),
    ("no-approvers", LAST, approval!("protects = [\"vendor\"]\nstages = [{ approvers = [] }]")),
    (
        "approval-nobody-can-give",
        LAST,
        approval!("protects = [\"vendor\"]\nstages = [{ approvers = [\"lead\", \"agent:bo\"], quorum = 3 }]"),
    ),
    ("expiry-without-time", LAST, approval!("protects = [\"vendor\"]\nstages = [{ approvers = [\"lead\"], on_expiry = \"escalate\" }]")),
    (
        "no-next-stage",
        LAST,
        approval!("protects = [\"vendor\"]\nstages = [{ approvers = [\"lead\"], within = \"1bd\", on_expiry = \"next\" }]"),
    ),
    (
        "escalate-without-effect",
        LAST,
        approval!("protects = [\"vendor\"]\nstages = [{ approvers = [\"lead\"], within = \"1bd\", escalate_to = [\"manager\"] }]"),
    ),
    ("approval-not-leaving", LAST, approval!("protects = [\"resolved\"]\ndeclined = \"reopen\"\nstages = [{ approvers = [\"lead\"] }]")),
    (
        "approval-needs-input",
        LAST,
        approval!("protects = [\"vendor\"]\ngranted = \"hand_to_vendor\"\nstages = [{ approvers = [\"lead\"] }]"),
    ),
    ("duplicate-approver", LAST, approval!("protects = [\"vendor\"]\nstages = [{ approvers = [\"agent:bo\", \"agent:bo\"] }]")),
    (
        "condition-never",
        LAST,
        approval!(
            "protects = [\"vendor\"]\nwhen = { all = [{ field = \"impact\", is = \"high\" }, { field = \"impact\", is = \"low\" }] }\nstages = [{ approvers = [\"lead\"] }]"
        ),
    ),
    (
        "condition-always",
        LAST,
        approval!(
            "protects = [\"vendor\"]\nwhen = { any = [{ field = \"impact\", is_not = \"high\" }, { field = \"impact\", is_not = \"low\" }] }\nstages = [{ approvers = [\"lead\"] }]"
        ),
    ),
    ("right-without-step", "[[timed]]", "[rights]\n\"new -> vendor\" = [\"lead\"]\n\n[[timed]]"),
    ("bad-quorum", LAST, approval!("protects = [\"vendor\"]\nstages = [{ approvers = [\"lead\"], quorum = \"most\" }]")),
    ("unknown-approval", "{ tag = \"started\" }", "{ request_approval = \"spend\" }"),
    ("script-engine-missing", "guard = { field = \"impact\", is_not = \"high\" }", "guard = \"t.impact != 'high'\""),
];

const TOO_MANY: &str = concat!(
    "\"release\", \"release\", \"release\", \"release\", \"release\", \"release\", \"release\", \"release\", ",
    "\"release\", \"release\", \"release\", \"release\", \"release\", \"release\", \"release\", \"release\", ",
    "\"release\", \"release\", \"release\", \"release\", \"release\", \"release\", \"release\", \"release\", ",
    "\"release\", \"release\", \"release\", \"release\", \"release\", \"release\", \"release\", \"release\""
);

/// Codes that only something built in Rust can have: TOML has no second state of a name, and no skill level 0 without `out-of-range`.
const BUILT: [&str; 5] = ["duplicate-state", "no-states", "bad-skill-level", "duplicate-task", "duplicate-approval"];

/// The edit of a code; three need more than one passage.
fn broken(code: &str, find: &str, replace: &str) -> String {
    let toml = edited(find, replace);
    match code {
        "automatic-cycle" => toml.replacen("after = [{ set", "after = [{ transition = \"reopen\" }, { set", 1),
        "automatic-chain" => (0..9).fold(toml, |toml, n| {
            let next = n + 1;
            let after = if n < 8 { format!("after = [{{ transition = \"c{next}\" }}]\n") } else { String::new() };
            format!("{toml}\n[[transitions]]\nname = \"c{n}\"\nlabel = \"步骤\"\nfrom = \"open\"\nto = \"=\"\n{after}")
        }),
        // Only with a way out of nowhere left.
        "no-way-to-final" | "dead-end" => {
            let toml = toml.replacen("from = \"*\"", "from = [\"new\", \"open\"]", 1);
            if code == "dead-end" {
                return toml;
            }
            let circle = "[[transitions]]\nname = \"wait\"\nlabel = \"等待\"\nfrom = \"vendor\"\nto = \"parked\"\n\n[[transitions]]\nname = \"back\"\nlabel = \"返回\"\nfrom = \"parked\"\nto = \"vendor\"\n";
            let parked = "[states.parked]\nclass = \"on_hold\"\nlabel = \"停放\"\nresponsible = \"group\"\n\n[states.new]";
            format!("{}\n{circle}", toml.replacen("[states.new]", parked, 1))
        }
        "no-final-state" => {
            toml.replacen("class = \"closed\"", "class = \"open\"", 1)
                .replacen("class = \"cancelled\"", "class = \"open\"", 1)
                .replacen("label = { en = \"Resolved\"", "responsible = \"group\"\nlabel = { en = \"Resolved\"", 1)
                .replacen("label = { en = \"Closed\"", "responsible = \"group\"\nlabel = { en = \"Closed\"", 1)
                .replacen("label = { en = \"Cancelled\"", "responsible = \"group\"\nlabel = { en = \"Cancelled\"", 1)
                .replacen("from = \"*\"\nto = \"cancelled\"", "from = \"closed\"\nto = \"cancelled\"", 1)
                + "\n[[transitions]]\nname = \"again\"\nlabel = \"再来\"\nfrom = \"cancelled\"\nto = \"new\"\n"
        }
        _ => toml,
    }
}

fn shown(toml: &str, problems: &Diagnostics) -> String {
    let source = Source::new().with("workflows/incident.toml", toml);
    let zh: Vec<String> = problems.iter().map(|d| d.render(Lang::Zh)).collect();
    format!("{}\n---\n{}", problems.render(Lang::En, Some(&source)), zh.join("\n"))
}

fn complete(problems: &Diagnostics) {
    for d in problems.iter() {
        assert!(!d.message.en.is_empty() && !d.message.zh.is_empty(), "{d:?}");
        assert!(d.help.as_ref().is_none_or(|h| !h.en.is_empty() && !h.zh.is_empty()), "{d:?}");
        assert!(d.place().is_some(), "{d:?}");
        assert!(!d.message.en.ends_with('.'), "{d:?}");
    }
}

#[test]
fn every_code_has_a_fixture_and_says_it_well() {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    let _bound = settings.bind_to_scope();
    for (code, find, replace) in EDITS {
        let toml = broken(code, find, replace);
        let (workflow, problems) = load(&toml);
        assert!(problems.iter().any(|d| d.code == *code), "{code}: {problems}");
        assert_eq!(workflow.is_none(), problems.has_errors(), "{code}");
        complete(&problems);
        insta::assert_snapshot!(*code, shown(&toml, &problems));
    }
}

#[test]
fn each_mistake_in_a_task_is_said_in_its_place() {
    let wrong = r#"
[tasks.call]
label = { en = "Call", zh = "致电" }
owner = "asignee"
group = "l7"
due = "0bd"
calendar = "offices"
needs = ["diagnoze"]
outcomes.reached = { transition = "clsoe" }
outcomes.absent = { retry = "0m", times = 2 }
outcomes.both = { transition = "start", retry = "1h", times = 1 }
"#;
    let toml = SOUND
        .replacen("class = \"new\"", "class = \"new\"\ntasks = [\"diagnos\"]", 1)
        .replacen("from = \"new\"\nto = \"open\"", "from = \"new\"\nto = \"open\"\ntasks = [\"mendd\"]", 1)
        .replacen("{ tag = \"started\" }", "{ task = \"mendd\" }", 1)
        + wrong;
    let (workflow, problems) = load(&toml);
    assert!(workflow.is_none());
    complete(&problems);
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    let _bound = settings.bind_to_scope();
    insta::assert_snapshot!("task-mistakes", shown(&toml, &problems));
}

#[test]
fn each_mistake_in_an_approval_is_said_in_its_place() {
    let wrong = r#"

[approvals.spend]
label = { en = "Spend", zh = "支出" }
exclude = ["requestor", "role:laed"]
covers = ["cereal"]
protects = ["vendro"]
when = { field = "impact", is = "lwo" }
granted = "clsoe"
declined = "strat"
override = ["laed"]
calendar = "offices"
notify = "recieved"
stages = [
    { approvers = ["role:laed", "group:l7", "leed"], quorum = "120%" },
    { approvers = ["lead"], quorum = 0, within = "0bd", on_expiry = "nxt" },
]
"#;
    let toml = SOUND.to_string() + wrong;
    let (workflow, problems) = load(&toml);
    assert!(workflow.is_none());
    complete(&problems);
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    let _bound = settings.bind_to_scope();
    insta::assert_snapshot!("approval-mistakes", shown(&toml, &problems));
}

#[test]
fn a_task_of_another_workflow_is_no_task_of_this_one() {
    let toml = SOUND.replacen("{ tag = \"started\" }", "{ task = \"elsewhere\" }", 1);
    let mut schema = schema();
    schema.tasks.insert("elsewhere".into());
    let (_, problems) = Workflow::load("workflows/incident.toml", &toml, &schema, &NoScripts);
    let codes: Vec<_> = problems.iter().map(|d| (d.code, d.place().unwrap().line)).collect();
    assert_eq!(codes, [("unknown-task", 49)], "{problems}");
}

#[test]
fn what_only_rust_can_build() {
    let state = |n: &str| StateDefinition::new(n, StateClass::Closed).label("x", "某");
    let twice = WorkflowDefinition::new("w", 1).initial("a").state(state("a")).state(state("a"));
    let skill = Action::Route { group: GroupId::new("l1"), skills: [(SkillName::new("bgp"), 0)].into() };
    let level = WorkflowDefinition::new("w", 1)
        .initial("a")
        .state(state("a"))
        .transition(TransitionDefinition::staying("again", ["a"]).label("Again", "再来").after([skill]));
    let tasks =
        WorkflowDefinition::new("w", 1).initial("a").state(state("a")).task(TaskDefinition::new("t")).task(TaskDefinition::new("t"));
    let lead = || ApprovalDefinition::new("v").stage(StageDefinition::new([Approver::Lead], Quorum::Any)).protects(["b"]);
    let approvals = WorkflowDefinition::new("w", 1).initial("a").state(state("a")).approval(lead()).approval(lead());
    let mut all = String::new();
    for (code, definition) in [
        ("duplicate-approval", approvals),
        ("duplicate-task", tasks),
        ("duplicate-state", twice),
        ("no-states", WorkflowDefinition::new("w", 1)),
        ("bad-skill-level", level),
    ] {
        let (workflow, problems) = definition.compile(&schema(), &NoScripts);
        assert!(workflow.is_none() && problems.iter().any(|d| d.code == code), "{code}: {problems}");
        complete(&problems);
        all.push_str(&format!("{}{}\n", problems.render(Lang::En, None), problems.render(Lang::Zh, None)));
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    let _bound = settings.bind_to_scope();
    insta::assert_snapshot!("built-in-rust", all);
}

/// Codes are the hyphened words in the sources that report; none may lack a fixture.
#[test]
fn no_code_is_without_a_fixture() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let tested: BTreeSet<&str> = EDITS.iter().map(|e| e.0).chain(BUILT).collect();
    for file in [
        "check",
        "check_approvals",
        "check_course",
        "check_dead",
        "check_demand",
        "check_moves",
        "check_states",
        "check_transitions",
        "check_paths",
        "read",
        "read_approvals",
        "read_demand",
        "read_tasks",
    ]
    .map(|f| format!("workflow/{f}.rs"))
    .into_iter()
    .chain(["reading", "actions", "form"].map(|f| format!("condition/{f}.rs")))
    {
        let source = std::fs::read_to_string(root.join(&file)).unwrap();
        for line in source.lines().filter(|l| !l.trim_start().starts_with("//")) {
            for word in line.split('"').skip(1).step_by(2) {
                let code = word.contains('-') && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && !word.starts_with('-');
                assert!(!code || tested.contains(word), "{file}: `{word}` has no fixture");
            }
        }
    }
}

#[test]
fn all_problems_come_at_once_and_in_order() {
    let toml = SOUND
        .replacen("limit = \"4bh\"", "limit = \"4 hours\"", 1)
        .replacen("class = \"pending\"", "class = \"pendign\"", 1)
        .replacen("to = \"vendor\"", "to = \"vendro\"", 1)
        .replacen("template = \"received\"", "template = \"recieved\"", 1)
        .replacen("transition = \"remind\"", "transition = \"remnid\"", 1);
    let (_, problems) = load(&toml);
    let codes: Vec<&str> = problems.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["bad-span", "unknown-word", "unknown-template", "transition-to-nowhere", "unknown-transition"], "{problems}");
    let places: Vec<_> = problems.iter().map(|d| d.place().cloned()).collect();
    assert!(places.is_sorted());
}

#[test]
fn a_time_that_cannot_be_read_is_said_once() {
    let toml = format!(
        "{SOUND}\n[approvals.spend]\nlabel = {{ en = \"Spend\", zh = \"支出\" }}\nprotects = [\"vendor\"]\nstages = [{{ approvers = [\"lead\"], within = \"-8bh\", on_expiry = \"escalate\" }}]\n"
    );
    let (_, problems) = load(&toml);
    assert_eq!(problems.iter().map(|d| d.code).collect::<Vec<_>>(), ["bad-span"], "{problems}");
}

/// What comes after an end, such as a call-back and a reopening, is no part of the way to it.
#[test]
fn hand_offs_are_counted_to_the_end_and_not_beyond() {
    let toml = edited("version = 3\n", "version = 3\nhandoffs = 0\n");
    let (_, problems) = load(&toml);
    let said = problems.iter().find(|d| d.code == "over-long-path").unwrap();
    assert!(said.message.en.ends_with("`new` → `open` → `vendor` → `open` → `resolved`"), "{problems}");
}

#[test]
fn a_problem_draws_no_others_after_it() {
    // What was misspelt is not concluded from: no unreachable state, no dead end.
    for (find, replace) in [
        ("to = \"vendor\"", "to = \"vendro\""),
        ("from = [\"waiting\", \"vendor\"]", "from = [\"waitign\", \"vendor\"]"),
        ("class = \"open\"", "class = \"opne\""),
        ("from = \"*\"", "from = 3"),
    ] {
        let (_, problems) = load(&edited(find, replace));
        assert_eq!(problems.len(), 1, "{problems}");
    }
}

#[cfg(feature = "rhai")]
#[test]
fn a_text_guard_is_placed_inside_its_string() {
    // The engine is not at hand in this room's tests; the place handed to it is what counts.
    #[derive(Debug)]
    struct Spy;
    impl ticketry::condition::Scripts for Spy {
        fn condition(&self, text: &str, place: &ticketry::diagnostic::Place, _: &Schema) -> Result<ticketry::condition::Expr, Diagnostics> {
            let at = place.inside(1, 3, 6);
            Err(ticketry::diagnostic::Diagnostic::error("spy", ticketry::diagnostic::text(text, text)).at(at).into())
        }
    }
    let toml = edited("guard = { field = \"impact\", is_not = \"high\" }", "guard = \"t.impakt != 'high'\"");
    let (_, problems) = Workflow::load("w.toml", &toml, &schema(), &Spy);
    let d = problems.iter().next().unwrap();
    let place = d.place().unwrap();
    let line = toml.lines().nth(place.line as usize - 1).unwrap();
    assert!(line[place.column as usize - 1..].starts_with("impakt"), "{place:?} {line}");
}
