//! Approvals 审批 (S12): asking, voting, enforcing, passing on, running out of time, voiding, overriding.

use super::stage::{Stage, at, playbook};
use chrono::TimeDelta;
use std::sync::Arc;
use ticketry::desk::{Done, Error, FixedDirectory};
use ticketry::engine::{ApprovalCommand, Migrate, TransitionInput, What};
use ticketry::id::*;
use ticketry::playbook::Playbook;
use ticketry::routing::{Agent, RosterDefinition};
use ticketry::store::{AnyStore, MemoryStore};
use ticketry::ticket::*;

/// A purchase: whatever way a ticket comes to `ordered`, `spend` must have been granted.
pub const FLOW: &str = r#"
name = "question"
version = 1
initial = "new"

[states.new]
class = "new"
label = { en = "New", zh = "待处理" }
responsible = "group"

[states.asked]
class = "on_hold"
label = { en = "Approval", zh = "待审批" }
waits_on = "approval"
responsible = "assignee"

[states.ordered]
class = "open"
label = { en = "Ordered", zh = "已下单" }
responsible = "assignee"

[states.refused]
class = "open"
label = { en = "Refused", zh = "未批准" }
responsible = "assignee"

[states.closed]
class = "closed"
label = { en = "Closed", zh = "已关闭" }

[[transitions]]
name = "ask"
label = { en = "Ask", zh = "申请" }
from = ["new", "refused"]
to = "asked"
after = [{ request_approval = "spend" }]

[[transitions]]
name = "order"
label = { en = "Order", zh = "下单" }
from = ["new", "asked", "refused"]
to = "ordered"

[[transitions]]
name = "sneak"
label = { en = "Sneak", zh = "绕行" }
from = "new"
to = "ordered"
roles = ["agent", "requester", "system"]

[[transitions]]
name = "refuse"
label = { en = "Refuse", zh = "驳回" }
from = "asked"
to = "refused"

[[transitions]]
name = "back"
label = { en = "Back", zh = "退回" }
from = ["ordered", "asked", "refused"]
to = "new"

[[transitions]]
name = "keep"
label = { en = "Keep", zh = "保持" }
from = "ordered"
to = "="

[[transitions]]
name = "close"
label = { en = "Close", zh = "关闭" }
from = ["new", "asked", "ordered", "refused"]
to = "closed"

[[transitions]]
name = "reopen"
label = { en = "Reopen", zh = "重开" }
from = "closed"
to = "new"

[approvals.spend]
label = { en = "Spending", zh = "支出审批" }
exclude = ["requester", "initiator"]
covers = ["amount", "urgency"]
protects = ["ordered"]
when = "t.amount == () || t.amount > 500"
override = ["lead"]
granted = "order"
declined = "refuse"
notify = "please-vote"
stages = [
    { approvers = ["role:buyer"], quorum = "2", within = "8h" },
]
"#;

/// The flow with one thing written otherwise.
fn flow(from: &str, to: &str) -> String {
    assert!(FLOW.contains(from), "{from}");
    FLOW.replacen(from, to, 1)
}
const STAGES: &str = r#"    { approvers = ["role:buyer"], quorum = "2", within = "8h" },"#;

pub fn source(flow: &str) -> ticketry::diagnostic::Source {
    let starter = Playbook::starter_source();
    let head = starter.get("playbook.toml").unwrap().to_string();
    let head = head.replacen("[roles]\n", "[roles]\nbuyer = { en = \"Buyer\", zh = \"采购\" }\n", 1);
    let vote = "[templates]\nplease-vote = { en = \"vote on {{ticket.number}}\", zh = \"请审批 {{ticket.number}}\" }\n";
    let amount = "\n[fields.amount]\nlabel = { en = \"Amount\", zh = \"金额\" }\ntype = \"integer\"\n";
    let mut source = starter.with("workflows/question.toml", flow);
    source.add("playbook.toml", head.replacen("[templates]\n", vote, 1).replacen("rating_on = \"resolved\"\n", "", 1) + amount);
    source
}

pub fn desk(flow: &str, more: &[(&str, &str)]) -> Stage {
    let mut source = source(flow);
    for (path, content) in more {
        source.add(*path, *content);
    }
    staffed(playbook(&source))
}

pub fn staffed(playbook: Playbook) -> Stage {
    let buyer = |id: &str| Agent::new(id).group("support").role("buyer").capacity(3);
    let eleven = at("2025-10-09T11:00:00Z");
    let roster = RosterDefinition::default()
        .agent(Agent::new("li").group("support").capacity(3))
        .agent(buyer("bo").absent(eleven, None).backup("fu"))
        .agent(buyer("chen"))
        .agent(buyer("dai"))
        .agent(Agent::new("fu").group("support").capacity(3))
        .agent(Agent::new("zhao").group("support").role("lead"))
        .lead("support", "zhao")
        .build(playbook.schema());
    let directory = FixedDirectory { roster: Arc::new(roster.0.unwrap()), ..FixedDirectory::default() };
    Stage::opened(|b| b.directory(directory), playbook, AnyStore::new(MemoryStore::new()))
}

fn usual() -> Stage {
    desk(FLOW, &[])
}
fn codes(r: Result<Done, Error>) -> Vec<&'static str> {
    match r {
        Err(Error::Refused(r)) => r.reasons.iter().map(|r| r.code).collect(),
        other => panic!("{other:?}"),
    }
}
fn act(s: &Stage, t: &Ticket, who: &str, c: ApprovalCommand) -> Arc<Ticket> {
    s.as_agent(who, t, What::Approval(c))
}
fn no(s: &Stage, t: &Ticket, who: &str, what: impl Into<What>) -> Vec<&'static str> {
    let before = s.get(t);
    let codes = codes(s.try_as(Actor::agent(who), t, what.into()));
    assert_eq!(s.get(t), before, "a refusal changes nothing");
    codes
}
fn vote(s: &Stage, t: &Ticket, who: &str, approve: bool) -> Arc<Ticket> {
    act(s, t, who, ApprovalCommand::vote("spend", approve))
}
fn order() -> What {
    What::transition("order")
}
fn is(t: &Ticket) -> (&str, Option<ApprovalState>) {
    (t.state.as_str(), t.approval("spend").map(|a| a.state))
}
/// A new ticket of the group that `zhao` leads.
fn begun(s: &Stage) -> Arc<Ticket> {
    let hand = What::HandOff { group: "support".into(), skills: Default::default(), reason: String::new() };
    s.as_agent("li", &s.create(), hand)
}
fn asked(s: &Stage) -> Arc<Ticket> {
    s.as_agent("li", &begun(s), What::transition("ask"))
}
fn events(s: &Stage, t: &Ticket) -> Vec<Event> {
    s.desk.journal(t.id).unwrap().iter().flat_map(|e| e.events.iter().map(|c| c.event.clone())).collect()
}
fn words(s: &Stage, t: &Ticket) -> Vec<&'static str> {
    events(s, t).iter().filter_map(|e| if let Event::Approval(a) = e { Some(a.what.word()) } else { None }).collect()
}
fn sound(s: &Stage, t: &Ticket) {
    let now = s.get(t);
    assert_eq!(Ticket::fold(&s.desk.journal(t.id).unwrap()).as_ref(), Some(&*now));
    assert_eq!(wire::v1::decode::<Ticket>(&wire::v1::encode(&*now).unwrap()).unwrap(), *now);
}

#[test]
fn s12_two_of_three_grant_it_and_the_system_then_takes_the_declared_transition() {
    let s = usual();
    let t = asked(&s);
    assert_eq!(is(&t), ("asked", Some(ApprovalState::Open)));
    let names: Vec<&str> = t.approvals[0].asked().map(|v| v.agent.as_str()).collect();
    assert_eq!(names, ["bo", "chen", "dai"]);
    assert_eq!(no(&s, &t, "li", order()), ["approval-missing"]);
    let t = vote(&s, &t, "bo", true);
    assert_eq!((is(&t).1, no(&s, &t, "bo", ApprovalCommand::vote("spend", false))), (Some(ApprovalState::Open), vec!["already-voted"]));
    let t = vote(&s, &t, "chen", true);
    assert_eq!(is(&t), ("ordered", Some(ApprovalState::Granted)), "granted as soon as the quorum is there");
    assert_eq!(words(&s, &t), ["requested", "voted", "voted", "granted"]);
    assert_eq!(no(&s, &t, "dai", ApprovalCommand::vote("spend", true)), ["approval-over"]);
    sound(&s, &t);
}

#[test]
fn s12_declined_as_soon_as_the_quorum_is_out_of_reach_and_asked_again() {
    let s = usual();
    let t = asked(&s);
    let t = vote(&s, &t, "bo", false);
    assert_eq!(is(&t).1, Some(ApprovalState::Open), "two others could still do it");
    let t = vote(&s, &t, "dai", false);
    assert_eq!(is(&t), ("refused", Some(ApprovalState::Declined)));
    assert_eq!(no(&s, &t, "li", order()), ["approval-missing"]);
    let t = s.as_agent("li", &t, What::transition("ask"));
    let round = t.approval("spend").unwrap();
    assert_eq!((round.round, round.state, round.asked().count()), (2, ApprovalState::Open, 3), "a new round, and nobody has voted in it");
    sound(&s, &t);
}

/// What the votes come to, of `n` buyers with a quorum.
fn tally(quorum: &str, votes: &[(&str, bool)]) -> Option<ApprovalState> {
    let s = desk(&flow("quorum = \"2\"", &format!("quorum = \"{quorum}\"")), &[]);
    let mut t = asked(&s);
    for (who, approve) in votes {
        t = vote(&s, &t, who, *approve);
    }
    is(&t).1
}

#[test]
fn s12_any_all_a_number_and_a_percentage() {
    use ApprovalState::{Declined, Granted, Open};
    for (quorum, votes, state) in [
        ("any", &[("bo", true)][..], Granted),
        ("any", &[("bo", false), ("chen", false)], Open),
        ("any", &[("bo", false), ("chen", false), ("dai", false)], Declined),
        ("all", &[("bo", true), ("chen", true)], Open),
        ("all", &[("bo", true), ("chen", true), ("dai", true)], Granted),
        ("all", &[("bo", false)], Declined),
        ("50%", &[("bo", true)], Open),
        ("50%", &[("bo", true), ("chen", true)], Granted),
        ("33%", &[("bo", true)], Granted),
        ("34%", &[("bo", true)], Open),
        ("3", &[("dai", false)], Declined),
    ] {
        assert_eq!(tally(quorum, votes), Some(state), "{quorum} {votes:?}");
    }
}

#[test]
fn s12_nought_percent_is_information_only_and_holds_nothing_up() {
    let s = desk(&flow("quorum = \"2\", within = \"8h\"", "quorum = \"0%\""), &[]);
    let t = s.as_agent("li", &s.create(), order());
    assert_eq!(is(&t), ("ordered", None));
    let t = asked(&s);
    assert_eq!(is(&t), ("ordered", Some(ApprovalState::Granted)), "nobody has to do anything");
    let told = events(&s, &t).iter().filter(|e| matches!(e, Event::Notified { .. })).count();
    assert_eq!(told, 3, "and those named were told");
    // Before a stage that decides: told, and then the other is asked.
    let first = r#"    { approvers = ["lead"], quorum = "0%" }, { approvers = ["agent:dai"] },"#;
    let s = desk(&flow(STAGES, first), &[]);
    let t = asked(&s);
    assert_eq!((t.approvals[0].stage, no(&s, &t, "zhao", ApprovalCommand::vote("spend", true))), (1, vec!["not-an-approver"]));
    assert_eq!(is(&vote(&s, &t, "dai", true)).0, "ordered");
}

#[test]
fn s12_stages_follow_one_another() {
    let two = r#"    { approvers = ["role:buyer"], quorum = "any", within = "8h" }, { approvers = ["lead"], within = "2h" },"#;
    let s = desk(&flow(STAGES, two), &[]);
    let t = asked(&s);
    assert_eq!(no(&s, &t, "zhao", ApprovalCommand::vote("spend", true)), ["not-an-approver"]);
    s.pass(30);
    let t = vote(&s, &t, "chen", true);
    let a = t.approval("spend").unwrap();
    assert_eq!((a.state, a.stage, a.due), (ApprovalState::Open, 1, Some(s.desk.now() + TimeDelta::hours(2))));
    assert_eq!(no(&s, &t, "dai", ApprovalCommand::vote("spend", true)), ["not-an-approver"]);
    assert_eq!(no(&s, &t, "li", order()), ["approval-missing"], "one stage is not all");
    assert_eq!(is(&vote(&s, &t, "zhao", true)), ("ordered", Some(ApprovalState::Granted)));
    let t = asked(&s);
    let t = vote(&s, &t, "chen", true);
    assert_eq!(is(&vote(&s, &t, "zhao", false)), ("refused", Some(ApprovalState::Declined)));
}

#[test]
fn s12_who_asked_the_requester_and_the_assignee_have_no_vote() {
    let s = usual();
    // `chen` asks, so `chen` has none.
    let t = s.as_agent("chen", &s.create(), What::transition("ask"));
    assert_eq!(t.approvals[0].asked().map(|v| v.agent.as_str()).collect::<Vec<_>>(), ["bo", "dai"]);
    assert_eq!(no(&s, &t, "chen", ApprovalCommand::vote("spend", true)), ["not-an-approver"]);
    // The requester is `dai`, an agent too.
    let new = ticketry::engine::NewTicket::new("question", "for me", "dai", "mail");
    let t = s.create_as(Actor::requester("dai"), new);
    let t = s.as_agent("li", &t, What::transition("ask"));
    assert_eq!(t.approvals[0].asked().map(|v| v.agent.as_str()).collect::<Vec<_>>(), ["bo", "chen"]);
    // Whoever becomes the assignee meanwhile has no vote any more.
    let s = desk(&flow("\"requester\", \"initiator\"", "\"assignee\""), &[]);
    let t = s.as_agent("li", &s.create(), What::transition("ask"));
    let t = s.as_agent("li", &t, What::Assign("bo".into()));
    assert_eq!(no(&s, &t, "bo", ApprovalCommand::vote("spend", true)), ["excluded"]);
    assert_eq!(no(&s, &t, "chen", ApprovalCommand::delegate("spend", "bo")), ["already-approver", "excluded"]);
}

#[test]
fn s12_nobody_eligible_or_too_few_is_a_refusal_that_says_so() {
    let s = desk(&flow("\"requester\", \"initiator\"", "\"agent:bo\", \"agent:chen\", \"agent:dai\""), &[]);
    let t = s.create();
    assert_eq!(no(&s, &t, "li", ApprovalCommand::request("spend")), ["nobody-eligible"]);
    // A transition that would ask for it says so too, before it is taken and with everything else that stands against it.
    assert_eq!(no(&s, &t, "li", What::transition("ask")), ["nobody-eligible"]);
    let offers = s.desk.available(t.id, &Actor::agent("li")).unwrap();
    assert!(offers.iter().any(|o| o.transition == "ask" && o.refusal.has("nobody-eligible")));
    let two = r#"    { approvers = ["role:buyer"], quorum = "3" }, { approvers = ["agent:nobody"] },"#;
    let s = desk(&flow(STAGES, two), &[]);
    let t = s.create();
    assert_eq!(no(&s, &t, "bo", ApprovalCommand::request("spend")), ["too-few-eligible", "nobody-eligible"], "of every stage");
    let Err(Error::Refused(r)) = s.try_as(Actor::agent("bo"), &t, What::Approval(ApprovalCommand::request("spend"))) else { panic!() };
    assert!(r.reasons[0].message.en.contains("needs 3 to approve, but only 2 may vote; 1 are excluded"), "{:?}", r.reasons[0]);
    assert_eq!(no(&s, &t, "li", ApprovalCommand::request("spnd")), ["unknown-approval"]);
    assert_eq!(no(&s, &t, "li", ApprovalCommand::vote("spend", true)), ["no-approval"]);
    let requester = s.try_as(Actor::requester("ann"), &t, What::Approval(ApprovalCommand::request("spend")));
    assert_eq!(codes(requester), ["not-allowed"]);
}

#[test]
fn s12_no_other_transition_bypasses_it_whoever_takes_it() {
    let rules = r#"rule("rush").on("changed:impact").then(|t| t.transition("sneak"));"#;
    let late =
        FLOW.replacen("[approvals.spend]", "[[timed]]\nfrom = \"new\"\nafter = \"1h\"\ntransition = \"sneak\"\n\n[approvals.spend]", 1);
    let s = desk(&late, &[("rules/rush.rhai", rules)]);
    let t = s.create();
    for (actor, name) in
        [(Actor::agent("li"), "sneak"), (Actor::agent("zhao"), "order"), (Actor::requester("ann"), "sneak"), (Actor::System, "sneak")]
    {
        assert_eq!(codes(s.try_as(actor.clone(), &t, What::transition(name))), ["approval-missing"], "{actor:?}");
        let offer = s.desk.available(t.id, &actor).unwrap().into_iter().find(|o| o.transition == *name).unwrap();
        assert!(offer.refusal.has("approval-missing"), "{actor:?}");
    }
    let form = s.desk.form(t.id, &"sneak".into(), &Actor::agent("li")).unwrap().unwrap();
    assert!(form.refusal.has("approval-missing"), "no answer in the form removes it");
    // A rule and a timer: refused, and the journal says so.
    let t = s.as_agent("li", &t, What::set("impact", "high"));
    assert_eq!(t.state, "new");
    let refused = |e: &Event| matches!(e, Event::ActionRefused { code, .. } if code == "approval-missing");
    assert!(events(&s, &t).iter().any(refused), "{:?}", events(&s, &t));
    s.pass(61);
    s.desk.sweep(s.desk.now()).unwrap();
    assert_eq!(s.get(&t).state, "new");
    let refused = |e: &Event| matches!(e, Event::MoveRefused { codes, .. } if *codes == ["approval-missing"]);
    assert!(events(&s, &t).iter().any(refused));
    sound(&s, &t);
}

#[test]
fn s12_it_is_needed_only_where_its_condition_holds() {
    let s = usual();
    let t = s.as_agent("li", &s.create(), What::set("amount", 500));
    assert_eq!(no(&s, &t, "li", ApprovalCommand::request("spend")), ["approval-needless"]);
    assert_eq!(s.as_agent("li", &t, order()).state, "ordered");
    // The amount given with the very transition is the one that counts.
    let given = |n: i64| What::Transition(TransitionInput::new("order").set("amount", n));
    let t = s.create();
    assert_eq!(no(&s, &t, "li", given(501)), ["approval-missing"]);
    assert_eq!(s.as_agent("li", &t, given(9)).state, "ordered");
}

#[test]
fn s12_a_change_of_what_it_covers_voids_the_votes_and_opens_a_new_round() {
    let s = desk(&flow("granted = \"order\"\n", ""), &[]);
    let t = vote(&s, &asked(&s), "bo", true);
    let t = s.as_agent("li", &t, What::set("subject", "another word"));
    assert_eq!(t.approval("spend").map(|a| (a.round, a.asked().count())), Some((1, 2)), "not covered");
    let t = s.as_agent("li", &t, What::set("amount", 900));
    assert_eq!(t.approval("spend").map(|a| (a.round, a.state, a.asked().count())), Some((2, ApprovalState::Open, 3)));
    assert_eq!(words(&s, &t), ["requested", "voted", "voided", "requested"]);
    // Granted, and changed with the very transition that goes by it: it does not go.
    let t = vote(&s, &vote(&s, &t, "bo", true), "chen", true);
    assert_eq!(is(&t), ("asked", Some(ApprovalState::Granted)));
    assert_eq!(no(&s, &t, "li", What::Transition(TransitionInput::new("order").set("amount", 9000))), ["approval-missing"]);
    assert_eq!(is(&s.get(&t)).1, Some(ApprovalState::Granted), "and a refusal voids nothing");
    // The same value again is no change.
    let t = s.as_agent("li", &t, What::set("amount", 900));
    assert_eq!(is(&t).1, Some(ApprovalState::Granted));
    let again = s.as_agent("li", &t, What::set("amount", 901));
    assert_eq!(again.approval("spend").map(|a| (a.round, a.state)), Some((3, ApprovalState::Open)), "granted ones are void too");
    assert_eq!(no(&s, &again, "li", order()), ["approval-missing"]);
    // Made needless by the change: void, and nobody is asked.
    let t = s.as_agent("li", &vote(&s, &again, "dai", true), What::set("amount", 3));
    assert_eq!(is(&t).1, Some(ApprovalState::Voided));
    assert_eq!(s.as_agent("li", &t, order()).state, "ordered");
    sound(&s, &t);
}

#[test]
fn s12_a_grant_is_used_up_when_the_ticket_leaves_what_it_protects() {
    let s = usual();
    let t = vote(&s, &vote(&s, &asked(&s), "bo", true), "chen", true);
    let t = s.as_agent("li", &t, What::transition("keep"));
    assert_eq!(is(&t), ("ordered", Some(ApprovalState::Granted)), "staying is no leaving");
    let t = s.as_agent("li", &t, What::transition("back"));
    assert_eq!(is(&t), ("new", Some(ApprovalState::Used)));
    assert_eq!(no(&s, &t, "li", order()), ["approval-missing"]);
    let t = s.as_agent("li", &t, What::transition("ask"));
    assert_eq!(t.approval("spend").map(|a| (a.round, a.state)), Some((2, ApprovalState::Open)));
    // With the ticket what is asked ends; reopened it must be asked for again.
    let t = s.as_agent("li", &t, What::transition("close"));
    assert_eq!((is(&t).1, t.wake_at), (Some(ApprovalState::Withdrawn), None));
    let t = s.as_agent("li", &t, What::transition("reopen"));
    assert_eq!(no(&s, &t, "li", order()), ["approval-missing"]);
    sound(&s, &t);
}

#[test]
fn s12_an_explicit_override_needs_a_role_and_a_reason_and_is_audited() {
    let s = usual();
    let t = asked(&s);
    assert_eq!(no(&s, &t, "li", ApprovalCommand::go_past("spend", " ")), ["no-override", "reason-needed"]);
    assert_eq!(
        codes(s.try_as(Actor::System, &t, What::Approval(ApprovalCommand::go_past("spend", "so")))),
        ["no-override"],
        "a person's word"
    );
    let t = act(&s, &t, "zhao", ApprovalCommand::go_past("spend", "the shop closes at noon"));
    assert_eq!(is(&t), ("ordered", Some(ApprovalState::Overridden)));
    let entry = s.desk.journal(t.id).unwrap().pop().unwrap();
    let said = |c: &Caused| matches!(&c.event, Event::Approval(e) if matches!(&e.what, ApprovalChange::Overridden { by, reason, .. } if *by == "zhao" && reason == "the shop closes at noon"));
    assert!(entry.events.iter().any(said) && entry.actor == Actor::agent("zhao"));
    let story = s.desk.explain(t.id, t.revision).unwrap().unwrap().render(ticketry::diagnostic::Lang::Zh);
    assert!(story.contains("审批 支出审批：zhao 越过审批") && story.contains("→ 已下单（下单）；审批 支出审批：已越过"), "{story}");
    let life = ticketry::insight::Life::of(&s.desk.journal(t.id).unwrap(), &s.desk.playbook()).mermaid(ticketry::diagnostic::Lang::En);
    for line in
        ["  D->>D: approval Spending – asked for, round 1\n", "  D->>D: approval Spending – zhao went past it – the shop closes at noon\n"]
    {
        assert!(life.contains(line), "{line}{life}");
    }
    sound(&s, &t);
    // Without anybody having asked; and void when what it covers changes.
    let t = act(&s, &s.create(), "zhao", ApprovalCommand::go_past("spend", "urgent"));
    assert_eq!(is(&t), ("ordered", Some(ApprovalState::Overridden)));
    let t = s.as_agent("li", &t, What::set("amount", 700));
    assert_eq!(is(&t).1, Some(ApprovalState::Voided));
    let closed = desk(&flow("override = [\"lead\"]\n", ""), &[]);
    assert_eq!(
        no(&closed, &closed.create(), "zhao", ApprovalCommand::go_past("spend", "so")),
        ["no-override"],
        "nobody, where nobody is named"
    );
}

#[test]
fn s12_a_vote_is_passed_on_once_and_nobody_has_two() {
    let s = usual();
    let t = asked(&s);
    assert_eq!(no(&s, &t, "bo", ApprovalCommand::delegate("spend", "chen")), ["already-approver"]);
    assert_eq!(no(&s, &t, "bo", ApprovalCommand::delegate("spend", "li")), ["excluded"], "who asked");
    assert_eq!(no(&s, &t, "bo", ApprovalCommand::delegate("spend", "nobody")), ["unknown-agent"]);
    assert_eq!(no(&s, &t, "fu", ApprovalCommand::delegate("spend", "zhao")), ["not-an-approver"]);
    let t = act(&s, &t, "bo", ApprovalCommand::delegate("spend", "fu"));
    let v = t.approvals[0].asked().find(|v| v.agent == "fu").unwrap();
    assert_eq!(v.instead_of.as_ref().map(AgentId::as_str), Some("bo"));
    assert_eq!(no(&s, &t, "bo", ApprovalCommand::vote("spend", true)), ["not-an-approver"]);
    assert_eq!(no(&s, &t, "chen", ApprovalCommand::delegate("spend", "fu")), ["already-approver"]);
    let t = vote(&s, &vote(&s, &t, "fu", true), "dai", true);
    assert_eq!(is(&t).0, "ordered");
    sound(&s, &t);
}

#[test]
fn s07_s12_what_says_who_may_vote_withdraw_and_go_past_is_named() {
    let s = usual();
    let t = asked(&s);
    let may = |who: &str, c: ApprovalCommand| s.desk.may(t.id, &Actor::agent(who), &What::Approval(c)).unwrap();
    for (who, c, allowed, by) in [
        ("bo", ApprovalCommand::vote("spend", true), true, "approvals.spend.stages"),
        ("li", ApprovalCommand::vote("spend", true), false, "approvals.spend.stages"),
        ("fu", ApprovalCommand::delegate("spend", "zhao"), false, "approvals.spend.stages"),
        ("li", ApprovalCommand::go_past("spend", "so"), false, "approvals.spend.override"),
        ("zhao", ApprovalCommand::go_past("spend", "so"), true, "approvals.spend.override"),
        ("li", ApprovalCommand::withdraw("spend", "so"), true, "approvals.spend: who asked for it"),
        ("bo", ApprovalCommand::withdraw("spend", "so"), false, "approvals.spend: who asked for it"),
        ("bo", ApprovalCommand::request("spend"), true, "default"),
    ] {
        let found = may(who, c.clone());
        assert_eq!((found.allowed, found.by.as_str()), (allowed, by), "{who} {c:?}");
        // And so it is.
        let done = s.desk.preview(&ticketry::engine::Command::on(t.id, "try", Actor::agent(who), What::Approval(c.clone())));
        let rights = ["not-an-approver", "no-override", "not-yours"];
        let refused = matches!(&done, Err(Error::Refused(r)) if r.reasons.iter().any(|r| rights.contains(&r.code)));
        assert_eq!(refused, !allowed, "{who} {c:?} {done:?}");
    }
}

#[test]
fn s12_only_who_asked_withdraws_it() {
    let s = usual();
    let t = asked(&s);
    assert_eq!(no(&s, &t, "chen", ApprovalCommand::withdraw("spend", "no")), ["not-yours"]);
    assert_eq!(no(&s, &t, "li", ApprovalCommand::request("spend")), ["approval-open"]);
    let t = act(&s, &t, "li", ApprovalCommand::withdraw("spend", "found one"));
    assert_eq!((is(&t).1, t.approvals[0].wake_at()), (Some(ApprovalState::Withdrawn), None));
    assert_eq!(no(&s, &t, "bo", ApprovalCommand::vote("spend", true)), ["approval-over"]);
    assert_eq!(no(&s, &t, "li", order()), ["approval-missing"]);
    let t = act(&s, &t, "li", ApprovalCommand::request("spend"));
    assert_eq!(t.approval("spend").map(|a| a.round), Some(2));
}

/// After a stage's time has run out.
fn expired(stages: &str) -> (Stage, Arc<Ticket>) {
    let s = desk(&flow(STAGES, stages), &[]);
    let t = asked(&s);
    assert_eq!(t.approvals[0].due, Some(s.desk.now() + TimeDelta::hours(8)));
    s.pass(8 * 60);
    s.desk.sweep(s.desk.now()).unwrap();
    assert_eq!(is(&s.get(&t)).1, Some(ApprovalState::Open), "people win ties");
    s.pass(1);
    s.desk.sweep(s.desk.now()).unwrap();
    let t = s.get(&t);
    sound(&s, &t);
    (s, t)
}

#[test]
fn s12_expiry_declines_goes_on_or_escalates_as_declared() {
    let (s, t) = expired(STAGES);
    assert_eq!(is(&t), ("refused", Some(ApprovalState::Declined)));
    assert_eq!(words(&s, &t), ["requested", "expired", "declined"]);
    let (s, t) = expired(r#"{ approvers = ["role:buyer"], within = "8h", on_expiry = "next" }, { approvers = ["lead"] },"#);
    assert_eq!((is(&t).1, t.approvals[0].stage), (Some(ApprovalState::Open), 1));
    assert_eq!(is(&vote(&s, &t, "zhao", true)).0, "ordered");
    let escalate = r#"{ approvers = ["role:buyer"], quorum = "all", within = "8h", on_expiry = "escalate" },"#;
    let (s, t) = expired(escalate);
    let a = t.approval("spend").unwrap();
    assert_eq!(a.asked().map(|v| v.agent.as_str()).collect::<Vec<_>>(), ["zhao"], "the lead in their stead");
    assert_eq!(is(&vote(&s, &t, "zhao", true)).0, "ordered");
    // Their time runs out too: declined, never granted by silence.
    let (s, t) = expired(escalate);
    s.pass(8 * 60);
    s.desk.sweep(s.desk.now()).unwrap();
    assert_eq!(is(&s.get(&t)), ("refused", Some(ApprovalState::Declined)));
    // Nobody it could escalate to.
    let (_, t) = expired(&escalate.replace(" },", ", escalate_to = [\"agent:nobody\"] },"));
    assert_eq!(is(&t), ("refused", Some(ApprovalState::Declined)));
}

#[test]
fn s12_s85_votes_of_who_is_absent_go_to_the_stand_in_where_the_policy_says_so() {
    for (policy, has) in [("keep", "bo"), ("backup", "fu")] {
        let s = desk(FLOW, &[("routing.toml", &format!("[defaults]\nabsence = \"{policy}\"\n"))]);
        let t = asked(&s);
        assert_eq!(s.desk.on_availability(&"bo".into()).unwrap(), 0, "bo is here");
        s.pass(61);
        assert_eq!(s.desk.on_availability(&"bo".into()).unwrap(), u64::from(policy == "backup"));
        let t = s.get(&t);
        assert_eq!(t.approvals[0].asked().filter(|v| v.agent == has).count(), 1, "{policy}");
        assert_eq!(t.approvals[0].asked().count(), 3);
        assert_eq!(s.desk.on_availability(&"bo".into()).unwrap(), 0, "once is enough");
        sound(&s, &t);
    }
}

#[test]
fn s12_rules_hear_of_it_and_ask_for_it() {
    let rules = r#"
rule("big").on("changed:amount").when(|t| t.amount > 500 && !("spend" in t.approvals_granted)).then(|t| t.request_approval("spend"));
rule("asked").on("approval.requested").when(|t| "spend" in t.open_approvals).then(|t| t.tag("asked"));
rule("granted").on("approval.granted:spend").when(|t| "spend" in t.approvals_granted).then(|t| t.tag("granted"));
rule("declined").on("approval.declined").then(|t| t.tag("declined"));
rule("late").on("approval.expired").then(|t| t.tag("late"));
"#;
    let s = desk(FLOW, &[("rules/approvals.rhai", rules)]);
    let tags = |t: &Ticket| t.tags.iter().map(ToString::to_string).collect::<Vec<_>>();
    let t = s.as_agent("li", &s.create(), What::set("amount", 800));
    assert_eq!(tags(&t), ["asked"]);
    let t = vote(&s, &vote(&s, &t, "bo", true), "chen", true);
    assert_eq!((t.state.as_str(), tags(&t)), ("ordered", vec!["asked".to_string(), "granted".into()]));
    let t = s.as_agent("li", &s.create(), What::set("amount", 800));
    s.pass(8 * 60 + 1);
    s.desk.sweep(s.desk.now()).unwrap();
    assert_eq!(tags(&s.get(&t)), ["asked", "declined", "late"]);
    sound(&s, &t);
}

#[test]
fn s12_people_are_told_and_everybody_sees_what_would_still_grant_it() {
    let s = usual();
    let t = asked(&s);
    let told: Vec<Recipient> =
        events(&s, &t).into_iter().filter_map(|e| if let Event::Notified { to, .. } = e { Some(to) } else { None }).collect();
    assert_eq!(told, ["bo", "chen", "dai"].map(|a| Recipient::Agent(a.into())));
    let see = |t: &Ticket, who: &str| s.desk.approvals(t.id, &Actor::agent(who)).unwrap().remove(0);
    let v = see(&vote(&s, &t, "bo", true), "chen");
    assert_eq!(
        (v.needed, v.passed, v.state, v.round, v.needs, v.lacks, v.yours),
        (true, false, Some(ApprovalState::Open), 1, 2, Some(1), true)
    );
    assert_eq!(
        v.voters.iter().map(|v| (v.agent.as_str(), v.vote)).collect::<Vec<_>>(),
        [("bo", Some(true)), ("chen", None), ("dai", None)]
    );
    assert!(!see(&t, "bo").yours && !see(&t, "li").yours);
    let Err(Error::Refused(r)) = s.try_as(Actor::agent("li"), &t, order()) else { panic!() };
    let said = &r.reasons[0].message;
    assert!(said.en.contains("1 of 2 have approved; asked are `chen`, `dai`") && said.zh.contains("1/2"), "{said:?}");
    assert_eq!(see(&s.create(), "li").state, None);
}

#[test]
fn s12_no_migration_gets_a_ticket_past_it() {
    let second = "[types.order]\nlabel = { en = \"Order\", zh = \"订单\" }\nworkflow = \"order\"\n";
    let other = FLOW.replacen("name = \"question\"", "name = \"order\"", 1);
    let base = source(FLOW);
    let head = base.get("playbook.toml").unwrap().to_string() + second;
    let s = staffed(playbook(&base.with("playbook.toml", head).with("workflows/order.toml", other)));
    let to = |state: &str| {
        What::Migrate(Migrate::Type { kind: "order".into(), states: [(StateName::new("new"), StateName::new(state))].into() })
    };
    let t = s.create();
    assert_eq!(no(&s, &t, "li", to("ordered")), ["approval-missing"]);
    assert_eq!(s.as_agent("li", &t, to("new")).kind, "order");
    let t = act(&s, &s.create(), "li", ApprovalCommand::request("spend"));
    let t = vote(&s, &t, "bo", true);
    assert_eq!(no(&s, &t, "li", to("ordered")), ["approval-missing"], "asked for is not granted");
}
