//! What load tells of a workflow: a slip once, without what only follows from it; what is certain; and nothing of what may be meant.

use super::{SOUND, edited, schema};
use ticketry::condition::NoScripts;
use ticketry::diagnostic::{Diagnostics, Lang, text};
use ticketry::id::*;
use ticketry::ticket::*;
use ticketry::workflow::Workflow;

/// With two types, of which one follows the workflow and has all fields but `visit`.
fn found(toml: &str) -> Diagnostics {
    let mut schema = schema();
    let kind = |workflow: &str, fields: &[&str]| TypeDefinition {
        label: text("type", "类型"),
        workflow: WorkflowName::new(workflow),
        required: Vec::new(),
        fields: fields.iter().map(FieldName::new).collect(),
    };
    schema.types.insert("incident".into(), kind("incident", &["serial", "resolution", "amount"]));
    schema.types.insert("order".into(), kind("order", &[]));
    Workflow::load("workflows/incident.toml", toml, &schema, &NoScripts).1
}

fn codes(toml: &str) -> Vec<&'static str> {
    found(toml).iter().map(|d| d.code).collect()
}

fn approval(says: &str) -> String {
    format!("{SOUND}\n\n[approvals.spend]\nlabel = \"支出\"\n{says}\n")
}

#[test]
fn a_slip_is_told_once() {
    for (find, replace, code) in [
        ("required = [\"category\", \"serial\"]", "required = [\"category\", \"cereal\"]", "unknown-field"),
        ("outcomes.no_part = { retry = \"1bd\", times = 2 }", "outcomes.no_part = { retry = \"1bd\", times = 0 }", "out-of-range"),
        ("outcomes.no_part = { retry = \"1bd\", times = 2 }", "outcomes.no_part = { retry = \"1 bd\", times = 2 }", "bad-span"),
        ("label = { en = \"Closed\", zh = \"已关闭\" }", "label = 5", "wrong-type"),
        ("label = { en = \"Closed\", zh = \"已关闭\" }", "label = { en = 5 }", "wrong-type"),
        ("label = { en = \"Closed\", zh = \"已关闭\" }", "label = { eng = \"Closed\" }", "unknown-key"),
        ("label = { en = \"Start\", zh = \"开始处理\" }", "label = 5", "wrong-type"),
        ("[states.closed]", "[states.resolved]\nclass = \"resolved\"\nlabel = \"再\"\n[states.closed]", "duplicate-key"),
        ("[tasks.mend]", "[tasks.diagnose]\nlabel = \"再\"\ndue = \"1bd\"\n\n[tasks.mend]", "duplicate-key"),
    ] {
        let toml = edited(find, replace);
        assert_eq!(codes(&toml), [code], "{replace}: {}", found(&toml));
    }
    // A key that stands twice in a table that stands once is told as before.
    assert_eq!(codes(&edited("class = \"closed\"", "class = \"closed\"\nclass = \"closed\"")), ["duplicate-key"]);
}

#[test]
fn s12_what_an_approval_takes_leaves_where_it_is_waited_for() {
    let lead = "stages = [{ approvers = [\"lead\"] }]";
    for (says, expected) in [
        ("protects = [\"resolved\"]\ndeclined = \"reopen\"", vec!["approval-not-leaving"]),
        // It can be asked for in a resolved state that it does not protect.
        ("protects = [\"vendor\"]\ndeclined = \"reopen\"", vec![]),
        ("protects = [\"vendor\"]\ndeclined = \"start\"", vec![]),
        ("protects = [\"vendor\"]\ngranted = \"hand_to_vendor\"", vec!["approval-needs-input"]),
        ("protects = [\"vendor\"]\ncovers = [\"category\", \"serial\"]\ngranted = \"hand_to_vendor\"", vec![]),
        ("protects = [\"vendro\"]\ngranted = \"reopen\"", vec!["unknown-state"]),
    ] {
        let toml = approval(&format!("{says}\n{lead}"));
        assert_eq!(codes(&toml), expected, "{says}: {}", found(&toml));
    }
    let ticks = approval(&format!("protects = [\"vendor\"]\ndeclined = \"start\"\n{lead}"))
        .replacen("class = \"new\"", "class = \"new\"\nchecklist = [\"看过\"]", 1)
        .replacen("from = \"new\"\nto = \"open\"", "from = \"new\"\nto = \"open\"\nchecklist = true", 1);
    let told = found(&ticks);
    assert!(told.len() == 1 && told.to_string().contains("`start` needs a complete checklist"), "{told}");
    // Where it stays is said, not left open.
    let stays = found(&approval(&format!("protects = [\"vendor\"]\ngranted = \"remind\"\n{lead}")));
    assert!(stays.to_string().contains("help: `remind` stays in the state it is taken in"), "{stays}");
}

#[test]
fn s12_who_is_asked_twice_and_when_nobody_or_everybody_is() {
    let stage = |says: &str| codes(&approval(&format!("protects = [\"vendor\"]\nstages = [{{ {says} }}]")));
    assert_eq!(stage("approvers = [\"lead\", \"role:lead\"]"), [""; 0]);
    assert_eq!(stage("approvers = [\"agent:bo\", \"agent:bo\"]"), ["duplicate-approver"]);
    // Who is asked by escalation is asked in the stead of all, so it may be one of them.
    let again = "within = \"1bd\", on_expiry = \"escalate\", escalate_to = [\"agent:bo\"]";
    assert_eq!(stage(&format!("approvers = [\"agent:bo\", \"lead\"], {again}")), [""; 0]);
    let when = |says: &str| codes(&approval(&format!("protects = [\"vendor\"]\nwhen = {says}\nstages = [{{ approvers = [\"lead\"] }}]")));
    assert_eq!(when("{ field = \"impact\", is = \"high\" }"), [""; 0]);
    assert_eq!(when("{ all = [{ field = \"impact\", is = \"high\" }, { field = \"impact\", is = \"low\" }] }"), ["condition-never"]);
    assert_eq!(
        when("{ any = [{ field = \"impact\", is_not = \"high\" }, { field = \"impact\", is_not = \"low\" }] }"),
        ["condition-always"]
    );
    assert_eq!(when("{ field = \"type\", is = \"order\" }"), ["condition-never"], "another type's");
}

#[test]
fn s6_a_guard_is_dead_by_the_class_the_wait_and_the_type_too() {
    let guard = |says: &str| codes(&edited("comment = true", &format!("comment = true\nguard = {says}")));
    assert_eq!(guard("{ field = \"class\", is = \"resolved\" }"), ["dead-transition"]);
    assert_eq!(guard("{ field = \"class\", is = \"open\" }"), [""; 0]);
    assert_eq!(guard("{ field = \"waits_on\", is = \"vendor\" }"), ["dead-transition"]);
    assert_eq!(guard("{ field = \"waits_on\", is = \"internal\" }"), [""; 0]);
    assert_eq!(guard("{ field = \"type\", is = \"order\" }"), ["dead-transition"]);
    assert_eq!(guard("{ field = \"type\", is = \"incident\" }"), [""; 0]);
    // What is not certain: a field that no type of the workflow declares may still be there after a change of type.
    assert_eq!(guard("{ field = \"visit\", exists = true }"), [""; 0]);
    // A class that cannot be read draws nothing after it.
    let unread = edited("comment = true", "comment = true\nguard = { field = \"class\", is = \"resolved\" }");
    assert_eq!(codes(&unread.replacen("class = \"new\"", "class = \"nwe\"", 1)), ["unknown-word"]);
}

#[test]
fn s13_what_a_parent_takes_leaves_where_it_is_taken() {
    let children = |says: &str| codes(&edited("[tasks.diagnose]", &format!("[children]\n{says}\n\n[tasks.diagnose]")));
    assert_eq!(children("when_all_ended = \"reopen\""), ["transition-not-leaving"]);
    assert_eq!(children("when_all_ended = \"close\""), [""; 0], "from `waiting`");
    assert_eq!(children("when_child_reopens = \"start\""), ["transition-not-leaving"]);
    assert_eq!(children("when_child_reopens = \"reopen\""), [""; 0]);
}

#[test]
fn s7_a_right_for_a_step_that_is_never_taken() {
    let right = |step: &str| codes(&edited("[[timed]]", &format!("[rights]\n\"{step}\" = [\"lead\"]\n\n[[timed]]")));
    assert_eq!(right("new -> vendor"), ["right-without-step"]);
    assert_eq!(right("closed -> *"), ["right-without-step"]);
    assert_eq!(right("* -> new"), ["right-without-step"]);
    for taken in ["new -> open", "new -> *", "* -> vendor", "* -> *", "waiting -> waiting", "new -> cancelled"] {
        assert_eq!(right(taken), [""; 0], "{taken}");
    }
    assert_eq!(right("new -> vendro"), ["unknown-state"]);
    let arrow = SOUND.replace("[states.vendor]", "[states.\"ven -> dor\"]").replace("\"vendor\"", "\"ven -> dor\"");
    assert!(codes(&arrow).contains(&"bad-name"), "{}", found(&arrow));
}

#[test]
fn s79_a_timed_transition_that_wants_ticks_says_so() {
    let toml = edited("from = \"waiting\"\nto = \"=\"", "from = \"waiting\"\nto = \"=\"\nchecklist = true").replacen(
        "responsible = \"requester\"\n",
        "responsible = \"requester\"\nchecklist = [\"已提醒\"]\n",
        1,
    );
    let told = found(&toml);
    assert!(told.len() == 1 && told.to_string().contains("`remind` needs a complete checklist, and taken by time"), "{told}");
    let both = found(&toml.replacen("checklist = true", "checklist = true\nrequired = [\"category\"]", 1));
    assert!(both.render(Lang::Zh, None).contains("`remind` 需要 `category`、完整的检查清单，"), "{both}");
    // A comment is asked of people only.
    assert_eq!(codes(&edited("from = \"waiting\"\nto = \"=\"", "from = \"waiting\"\nto = \"=\"\ncomment = true")), [""; 0]);
}

#[test]
fn whom_a_state_waits_on_by_its_class_is_said_as_such() {
    let toml = edited("waits_on = \"requester\"\non_requester_reply = \"resume\"\n", "");
    let told = found(&toml);
    assert!(told.to_string().contains("as every state of class pending does that does not say `waits_on`"), "{told}");
    let twice = found(&edited("roles = [\"lead\", \"engineer\"]", "roles = [\"quartermaster\"]")).to_string();
    assert_eq!(twice.matches("`lead`").count(), 1, "{twice}");
}
