//! What somebody might try to get round: approvals by another way than votes, ends before what must end first, values they may not read.

use super::approvals::{FLOW, desk, source, staffed};
use super::kin::{child, li, no, refused, sound};
use super::stage::{Stage, playbook};
use ticketry::diagnostic::{Lang, Source};
use ticketry::engine::{ApprovalCommand, KinCommand, Migrate, TransitionInput, What};
use ticketry::id::*;
use ticketry::playbook::{Migration, Playbook};
use ticketry::ticket::*;

const STAGE: &str = "{ approvers = [\"role:buyer\"], quorum = \"2\", within = \"8h\" },";

fn with(flow: &str, from: &str, to: &str) -> String {
    assert!(flow.contains(from), "{from}");
    flow.replacen(from, to, 1)
}
/// The source with a second type, `order`, and its workflow.
fn second(base: Source, flow: String) -> Stage {
    let order = "\n[types.order]\nlabel = { en = \"Order\", zh = \"订单\" }\nworkflow = \"order\"\n";
    let head = base.get("playbook.toml").unwrap().to_string() + order;
    let flow = with(&flow, "name = \"question\"", "name = \"order\"");
    staffed(playbook(&base.with("playbook.toml", head).with("workflows/order.toml", flow)))
}
fn to(kind: &str, from: &str, state: &str) -> What {
    What::Migrate(Migrate::Type { kind: kind.into(), states: [(StateName::new(from), StateName::new(state))].into() })
}
fn act(s: &Stage, t: &Ticket, who: &str, c: ApprovalCommand) {
    s.as_agent(who, t, c.into());
}

#[test]
fn s12_a_share_of_nobody_is_not_reached() {
    let flow = with(FLOW, STAGE, "{ approvers = [\"agent:fu\"], quorum = \"50%\" },");
    let s = desk(&with(&flow, "exclude = [\"requester\", \"initiator\"]", "exclude = [\"assignee\"]"), &[]);
    let t = s.create();
    s.as_agent("li", &t, What::Assign("fu".into()));
    assert_eq!(no(&s, &t, What::transition("ask")), ["nobody-eligible"]);
    assert_eq!(no(&s, &t, ApprovalCommand::request("spend").into()), ["nobody-eligible"]);
    assert_eq!(s.get(&t).state, "new");
}

#[test]
fn s12_a_grant_under_another_type_counts_for_nothing_where_the_approval_asks_others() {
    let lax = with(&with(FLOW, STAGE, "{ approvers = [\"agent:fu\"] },"), "granted = \"order\"\n", "");
    let s = second(source(FLOW), lax);
    let t = s.create();
    s.as_agent("li", &t, to("order", "new", "new"));
    act(&s, &t, "li", ApprovalCommand::request("spend"));
    act(&s, &t, "fu", ApprovalCommand::vote("spend", true));
    assert!(s.get(&t).granted_approvals().next().is_some());
    assert_eq!(no(&s, &t, to("question", "new", "ordered")), ["approval-missing"]);
    s.as_agent("li", &t, to("question", "new", "new"));
    assert_eq!(s.get(&t).approval("spend").map(|a| a.state), Some(ApprovalState::Withdrawn));
    assert_eq!(no(&s, &t, What::transition("order")), ["approval-missing"]);
    // What is asked for here is not voted on there either.
    act(&s, &t, "li", ApprovalCommand::request("spend"));
    s.as_agent("li", &t, to("order", "new", "new"));
    assert_eq!(s.get(&t).open_approvals().count(), 0);
    sound(&s, &t);
}

#[test]
fn s12_a_change_of_type_that_leaves_what_is_protected_uses_the_grant_up() {
    let s = second(source(FLOW), FLOW.to_string());
    let t = s.create();
    act(&s, &t, "li", ApprovalCommand::request("spend"));
    s.as_agent("li", &t, to("order", "new", "new"));
    act(&s, &t, "chen", ApprovalCommand::vote("spend", true));
    act(&s, &t, "dai", ApprovalCommand::vote("spend", true));
    assert_eq!(s.get(&t).state, "ordered", "the same approval goes on under another type");
    s.as_agent("li", &t, to("question", "ordered", "new"));
    assert_eq!(no(&s, &t, What::transition("order")), ["approval-missing"]);
    sound(&s, &t);
}

#[test]
fn s12_nobody_gets_the_vote_of_a_later_stage_who_has_voted_in_an_earlier_one() {
    let s = desk(&with(FLOW, STAGE, "{ approvers = [\"agent:chen\"] }, { approvers = [\"agent:dai\"] },"), &[]);
    let t = s.create();
    s.as_agent("li", &t, What::transition("ask"));
    act(&s, &t, "chen", ApprovalCommand::vote("spend", true));
    let to_chen = s.try_as(Actor::agent("dai"), &t, ApprovalCommand::delegate("spend", "chen").into());
    assert_eq!(refused(to_chen).reasons.iter().map(|r| r.code).collect::<Vec<_>>(), ["already-approver"]);
    act(&s, &t, "dai", ApprovalCommand::delegate("spend", "bo"));
    act(&s, &t, "bo", ApprovalCommand::vote("spend", true));
    assert_eq!(s.get(&t).state, "ordered");
}

#[test]
fn s13_that_one_ticket_waits_for_another_both_know() {
    let s = Stage::starter();
    let (a, b) = (s.create(), s.create());
    let link = |kind: &str, to: &Ticket| Link { kind: kind.into(), to: LinkTarget::Ticket(to.id) };
    assert_eq!(no(&s, &a, What::Link(link("blocked-by", &b))), ["two-sided"]);
    li(&s, &a, KinCommand::Link { kind: "blocked-by".into(), to: b.id });
    assert_eq!(no(&s, &b, What::Unlink(link("blocks", &a))), ["two-sided"]);
    s.as_agent("li", &b, TransitionInput::new("cancel").maybe_comment(Some("no".into())).into());
    assert!(s.get(&a).kin.waits.iter().all(|w| !w.open));
    s.as_agent("li", &a, What::Link(link("related", &b)));
}

#[test]
fn s12_a_grant_whose_ground_changed_while_the_ticket_was_merged_does_not_come_back() {
    let cancelled = "\n[states.cancelled]\nclass = \"cancelled\"\nlabel = { en = \"Cancelled\", zh = \"取消\" }\n";
    let flow = with(&with(FLOW, "granted = \"order\"\n", ""), "initial = \"new\"\n", "initial = \"new\"\nmerged_state = \"cancelled\"\n");
    let s = desk(&(flow + cancelled), &[]);
    for raised in [false, true] {
        let (t, survivor) = (s.create(), s.create());
        s.as_agent("li", &t, What::set("amount", 600i64));
        act(&s, &t, "li", ApprovalCommand::request("spend"));
        act(&s, &t, "chen", ApprovalCommand::vote("spend", true));
        act(&s, &t, "dai", ApprovalCommand::vote("spend", true));
        li(&s, &t, KinCommand::Merge { into: survivor.id });
        if raised {
            s.as_agent("li", &t, What::set("amount", 90_000i64));
        }
        li(&s, &t, KinCommand::UndoMerge);
        assert_eq!(s.get(&t).granted_approvals().count(), usize::from(!raised));
        if raised {
            assert_eq!(no(&s, &t, What::transition("order")), ["approval-missing"]);
        } else {
            s.as_agent("li", &t, What::transition("order"));
        }
        sound(&s, &t);
    }
}

/// The starter's workflow under a second type.
fn twice() -> Stage {
    let starter = Playbook::starter_source();
    let flow = starter.get("workflows/question.toml").unwrap().to_string();
    let head = with(starter.get("playbook.toml").unwrap(), "[roles]\n", "[roles]\nbuyer = { en = \"Buyer\", zh = \"采购\" }\n");
    second(starter.with("playbook.toml", head), flow)
}

#[test]
fn s10_s12_a_new_name_for_what_was_voted_on_voids_no_votes() {
    let size = "\n[fields.size]\nlabel = { en = \"Size\", zh = \"大小\" }\ntype = \"choice\"\nvalues = [\"small\", \"big\"]\n";
    let of = |version: &str, size: &str| {
        let flow = with(FLOW, "covers = [\"amount\", \"urgency\"]", "covers = [\"size\"]").replacen("version = 1", version, 1);
        let base = source(&flow);
        let head = base.get("playbook.toml").unwrap().to_string() + size;
        base.with("playbook.toml", head)
    };
    let s = staffed(playbook(&of("version = 1", size)));
    let t = s.create();
    s.as_agent("li", &t, What::set("size", "big"));
    s.as_agent("li", &t, What::transition("ask"));
    act(&s, &t, "chen", ApprovalCommand::vote("spend", true));
    let before = s.get(&t);
    let map = "from = { workflow = \"question\", version = 1 }\nto = { workflow = \"question\", version = 2 }\nsame = true\n[values.size]\nbig = \"large\"\n";
    s.desk.swap(playbook(&of("version = 2", &size.replace("big", "large")).with("migrations/x.toml", map))).unwrap();
    let m = s.desk.playbook().migrations()[0].clone();
    for (mut state, name) in [(s.desk.begin_migration(&m).unwrap(), "large"), (s.desk.undo_migration(&m), "big")] {
        while !state.done {
            s.desk.migrate(&mut state, 1).unwrap();
        }
        let now = s.get(&t);
        assert_eq!(now.field("size"), Some(&Value::choice(name)));
        assert_eq!(now.approvals, before.approvals);
        sound(&s, &t);
    }
}

#[test]
fn s10_s13_no_change_of_type_ends_a_ticket_or_opens_it_again() {
    let s = twice();
    let t = s.create();
    child(&s, &t, false);
    let before = s.get(&t);
    for end in ["resolved", "closed", "cancelled"] {
        assert_eq!(no(&s, &t, to("order", "new", end)), ["not-by-type"], "{end}");
    }
    assert_eq!(s.get(&t), before);
    let t = s.as_agent("li", &s.create(), What::transition("resolve"));
    assert_eq!(no(&s, &t, to("order", "resolved", "new")), ["not-by-type"]);
    let t = s.as_agent("li", &t, to("order", "resolved", "closed"));
    assert!(t.kind == "order" && t.state == "closed");
    sound(&s, &t);
}

#[test]
fn s10_s13_no_migration_ends_a_ticket_before_its_children() {
    let s = twice();
    let t = s.create();
    let kid = child(&s, &t, true);
    let before = s.get(&t);
    let mut map = Migration::new("over", ("question", 1), ("order", 1)).same().state("new", "resolved");
    map.allow.insert("new".into());
    let run = || {
        let mut state = s.desk.begin_migration(&map).unwrap();
        while !state.done {
            s.desk.migrate(&mut state, 1).unwrap();
        }
        state
    };
    let state = run();
    // The child ends; its parent was looked at before it.
    assert_eq!((state.changed, state.refused.len()), (1, 1), "{:?}", state.refused);
    assert!(state.refused[0].0 == t.id && state.refused[0].1.has("children-open"));
    assert_eq!(s.get(&t).state, before.state);
    assert!(!s.get(&kid).is_open());
    assert_eq!(run().changed, 1, "begun again it goes on");
    assert!(!s.get(&t).is_open());
    sound(&s, &t);
}

#[test]
fn s10_s57_a_merged_ticket_stands_still_until_that_is_undone() {
    let s = twice();
    let (t, survivor) = (s.create(), s.create());
    s.as_agent("li", &t, What::transition("start"));
    let before = s.get(&t);
    li(&s, &t, KinCommand::Merge { into: survivor.id });
    assert_eq!(no(&s, &t, to("order", "cancelled", "cancelled")), ["merged"]);
    let map = Migration::new("over", ("question", 1), ("order", 1)).same().with_final_tickets();
    assert_eq!(s.desk.preview_migration(&map, 9).unwrap().total, 1, "the survivor alone");
    let mut state = s.desk.begin_migration(&map).unwrap();
    while !state.done {
        s.desk.migrate(&mut state, 1).unwrap();
    }
    assert_eq!((state.changed, state.refused.len()), (1, 0));
    let back = li(&s, &t, KinCommand::UndoMerge);
    assert_eq!((&back.state, &back.workflow, &back.kind), (&before.state, &before.workflow, &before.kind));
    assert!(s.desk.available(t.id, &Actor::agent("li")).unwrap().iter().any(|o| o.refusal.reasons.is_empty()));
    sound(&s, &t);
}

#[test]
fn s7_s68_a_refusal_says_no_more_than_who_gets_it_may_read() {
    let guarded = "name = \"sneak\"\nguard = { all = [{ field = \"amount\", below = 100 }, { field = \"tags\", contains = \"vip\" }] }\ncheck = [{ require = { field = \"amount\", is_not = 777 } }]";
    let mut source = source(&with(FLOW, "name = \"sneak\"", guarded));
    let head = with(source.get("playbook.toml").unwrap(), "type = \"integer\"", "type = \"integer\"\nread = [\"lead\"]");
    source.add("playbook.toml", head);
    let s = staffed(playbook(&source));
    let t = s.create();
    s.as_agent("zhao", &t, What::set("amount", 777i64));
    let said = |who: &Actor| {
        let words =
            |all: &[ticketry::engine::Reason]| all.iter().map(|r| r.message.get(Lang::En).to_string()).collect::<Vec<_>>().join("\n");
        let offer = s.desk.available(t.id, who).unwrap().into_iter().find(|o| o.transition == "sneak").unwrap();
        let form = s.desk.form(t.id, &"sneak".into(), who).unwrap().unwrap();
        let refusal = refused(s.try_as(who.clone(), &t, What::transition("sneak")));
        [words(&refusal.reasons), words(&offer.refusal.reasons), words(&form.refusal.reasons)].join("\n")
    };
    for who in [Actor::requester("ann"), Actor::agent("li")] {
        let all = said(&who);
        assert!(!all.contains("amount") && !all.contains("777"), "{who:?}: {all}");
        assert!(all.contains("the condition does not hold: …"), "{all}");
    }
    assert!(said(&Actor::agent("zhao")).contains("t.amount < 100 (t.amount = 777)"));
    // What is the desk's own is not for the requester, and who is asked is not either.
    s.as_agent("zhao", &t, What::set("amount", 77i64));
    assert!(said(&Actor::agent("li")).contains("vip") && !said(&Actor::requester("ann")).contains("vip"));
    s.as_agent("zhao", &t, What::set("amount", 7_777i64));
    s.as_agent("zhao", &t, ApprovalCommand::request("spend").into());
    assert!(said(&Actor::agent("li")).contains("`chen`") && !said(&Actor::requester("ann")).contains("`chen`"));
}

#[test]
fn s2_a_form_wants_what_the_transition_wants() {
    let parts = "\n[fields.parts]\nlabel = { en = \"Parts\", zh = \"配件\" }\ntype = \"choices\"\nvalues = [\"fan\", \"disk\"]\n\n[types.repair]\nlabel = { en = \"Repair\", zh = \"维修\" }\nworkflow = \"question\"\nfields = [\"parts\"]\n";
    let mut source = source(&with(FLOW, "name = \"close\"", "name = \"close\"\nrequired = [\"parts\"]"));
    let head = source.get("playbook.toml").unwrap().to_string() + parts;
    source.add("playbook.toml", head);
    let s = staffed(playbook(&source));
    let agent = Actor::agent("li");
    let close = || What::transition("close");
    let t = s.create_as(agent.clone(), ticketry::engine::NewTicket::new("repair", "broken", "ann", "mail"));
    // None of the choices is no choice.
    s.as_agent("li", &t, What::set("parts", Value::Choices([LevelName::new("fan")].into())));
    s.as_agent("li", &t, What::set("parts", Value::Choices([].into())));
    let form = s.desk.form(t.id, &"close".into(), &agent).unwrap().unwrap();
    assert_eq!(no(&s, &t, close()), ["required"]);
    assert_eq!(form.missing().count(), 1);
    // What no ticket of the type has, no form can ask for.
    let t = s.create();
    let form = s.desk.form(t.id, &"close".into(), &agent).unwrap().unwrap();
    assert_eq!(no(&s, &t, close()), ["required"]);
    assert_eq!((form.missing().count(), form.refusal.reasons.iter().map(|r| r.code).collect::<Vec<_>>()), (0, vec!["required"]));
}

#[test]
fn s2_what_no_answer_mends_stands_in_the_forms_refusal() {
    for (asks, refusal) in [("", vec!["check"]), ("optional = [\"amount\"]\n", vec![])] {
        let check = format!("name = \"close\"\n{asks}check = [{{ require = {{ field = \"amount\", above = 5 }} }}]");
        let s = desk(&with(FLOW, "name = \"close\"", &check), &[]);
        let t = s.create();
        assert_eq!(no(&s, &t, What::transition("close")), ["check"]);
        let form = s.desk.form(t.id, &"close".into(), &Actor::agent("li")).unwrap().unwrap();
        assert_eq!((form.missing().count(), form.refusal.reasons.iter().map(|r| r.code).collect::<Vec<_>>()), (0, refusal));
    }
}

#[test]
fn s7_s12_what_a_transition_does_not_ask_for_is_set_with_the_right_to_set_fields() {
    let rights = |base: Source, right: &str| {
        let head = base.get("playbook.toml").unwrap().to_string() + right;
        staffed(playbook(&base.with("playbook.toml", head)))
    };
    let sneak = |amount: i64| What::from(TransitionInput::new("sneak").set("amount", amount));
    let codes = |r| refused(r).reasons.iter().map(|r| r.code).collect::<Vec<_>>();
    let s = rights(source(FLOW), "");
    let t = s.create();
    s.as_agent("li", &t, What::set("amount", 900i64));
    let before = s.get(&t);
    let ann = Actor::requester("ann");
    assert!(!s.desk.may(t.id, &ann, &sneak(100)).unwrap().allowed);
    assert_eq!(codes(s.try_as(ann.clone(), &t, sneak(100))), ["field-not-asked", "approval-missing"], "no way below the threshold");
    assert_eq!(s.get(&t), before);
    assert_eq!(s.as_agent("li", &t, sneak(100)).state, "ordered", "an agent may set fields anyway");
    // What it asks for, its takers may give.
    let s = rights(source(&with(FLOW, "name = \"sneak\"", "name = \"sneak\"\noptional = [\"amount\"]")), "");
    let t = s.create();
    assert_eq!(s.try_as(ann, &t, sneak(100)).unwrap().ticket.state, "ordered");
    let s = rights(source(FLOW), "\n[settings.rights]\nset_fields = [\"lead\"]\n");
    let t = s.create();
    assert_eq!(codes(s.try_as(Actor::agent("li"), &t, sneak(100))), ["field-not-asked", "approval-missing"]);
    assert_eq!(s.as_agent("zhao", &t, sneak(100)).state, "ordered");
}
