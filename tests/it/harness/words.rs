//! What tests in Rhai can do of approvals, checklists, parents and merges.

use crate::engine::approvals::{FLOW, source};
use ticketry::diagnostic::{Lang, Source};
use ticketry::harness::{self, Options, Report};
use ticketry::playbook::Playbook;

const PEOPLE: &str = "\
[[agents]]
id = \"li\"
groups = [\"support\"]
[[agents]]
id = \"fu\"
groups = [\"support\"]
[[agents]]
id = \"zhao\"
groups = [\"support\"]
roles = [\"lead\"]
";
const BUYERS: &str = "\
[[agents]]
id = \"bo\"
groups = [\"support\"]
roles = [\"buyer\"]
[[agents]]
id = \"chen\"
groups = [\"support\"]
roles = [\"buyer\"]
";

fn run(source: &Source, people: &str, body: &str) -> Report {
    let source = source.clone().with("roster.toml", people).with("tests/t.rhai", format!("test(\"it\", |desk| {{\n{body}\n}});"));
    harness::test(&source, &Options::default()).unwrap_or_else(|d| panic!("{}", d.render(Lang::En, Some(&source))))
}
fn passes(source: &Source, people: &str, body: &str) {
    let report = run(source, people, body);
    assert!(report.passed(), "{report}");
}

#[test]
fn s12_votes_are_passed_on_rounds_withdrawn_and_approvals_gone_past() {
    passes(
        &source(FLOW),
        &[PEOPLE, BUYERS].concat(),
        r#"
        let t = desk.create(#{ subject: "a saw" });
        desk.by("li").request_approval(t, "spend");
        desk.by("bo").delegate(t, "spend", "fu");
        assert_refused(|| desk.by("bo").approve(t, "spend"), "not-an-approver");
        desk.by("li").withdraw(t, "spend", "not yet");
        desk.by("li").request_approval(t, "spend");
        desk.by("bo").approve(t, "spend");
        desk.by("chen").approve(t, "spend");
        assert_eq(t.state, "ordered");
        let urgent = desk.create(#{ subject: "a drill" });
        assert_refused(|| desk.by("li").go_past(urgent, "spend", "so"), "no-override");
        desk.by("zhao").go_past(urgent, "spend", "the shop closes at noon");
        assert_eq(urgent.state, "ordered");
        "#,
    );
}

#[test]
fn s13_s57_children_are_made_and_tickets_merged() {
    passes(
        &Playbook::starter_source(),
        PEOPLE,
        r#"
        let parent = desk.create(#{ subject: "the office moves" });
        let kid = desk.child(parent, #{ subject: "the printer too" });
        assert_eq(kid.requester, parent.requester);
        assert_eq(desk.children(parent).len(), 1);
        assert_eq(desk.children(parent)[0].number, kid.number);
        assert_refused(|| desk.by("li").transition(parent, "resolve"), "children-open");
        desk.detach(kid);
        assert_eq(desk.children(parent).len(), 0);
        desk.attach(kid, parent);
        desk.by("li").transition(kid, "resolve");
        desk.by("li").transition(parent, "resolve");
        let twin = desk.create(#{ subject: "it burns" });
        let other = desk.create(#{ subject: "it burns still" });
        desk.merge(twin, other);
        assert_eq(twin.class, "cancelled");
        desk.undo_merge(twin);
        assert_eq(twin.state, "new");
        "#,
    );
}

#[test]
fn s02_what_a_transition_demands_can_be_given() {
    let starter = Playbook::starter_source();
    let flow = starter.get("workflows/question.toml").unwrap();
    let flow = flow.replacen(
        "class = \"new\"",
        "class = \"new\"\nchecklist = [{ en = \"called\", zh = \"已致电\" }, { en = \"looked\", zh = \"已查看\" }]",
        1,
    );
    let demands = "name = \"resolve\"\nchecklist = true\nattachment = true\nresolution = [\"fixed\", \"no-fault\"]";
    let flow = flow.replacen("name = \"resolve\"", demands, 1);
    let head = starter.get("playbook.toml").unwrap().to_string() + "\n[resolutions]\nfixed = \"Fixed\"\nno-fault = \"No fault\"\n";
    let source = starter.with("workflows/question.toml", flow).with("playbook.toml", head);
    passes(
        &source,
        PEOPLE,
        r#"
        let t = desk.create(#{ subject: "it burns" });
        assert_refused(|| desk.by("li").transition(t, "resolve", #{ resolution: "fixed", attachment: "photo.jpg" }), "checklist");
        desk.by("li").check_off(t, "已致电");
        desk.by("li").check_off(t);
        desk.by("li").transition(t, "resolve", #{ resolution: "fixed", attachment: "photo.jpg" });
        assert_eq(t.state, "resolved");
        "#,
    );
    let report = run(&source, PEOPLE, "let t = desk.create(#{ subject: \"it burns\" }); desk.check_off(t, \"caled\");");
    let problem = report.outcomes()[0].problem.clone().unwrap().render(Lang::En);
    assert!(problem.contains("no such thing is on the checklist of `new`") && problem.contains("did you mean `called`?"), "{problem}");
}
