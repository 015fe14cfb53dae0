//! Merging, undoing it, and splitting (S57).

use super::kin::{child, flow, li, new, no, open, sound, stage};
use super::stage::{Stage, playbook};
use std::sync::Arc;
use ticketry::engine::{ApprovalCommand, KinCommand, NewMessage, NewTicket, What};
use ticketry::id::*;
use ticketry::playbook::Playbook;
use ticketry::ticket::*;

fn merge(s: &Stage, t: &Ticket, into: &Ticket) -> Arc<Ticket> {
    li(s, t, KinCommand::Merge { into: into.id })
}
fn clock<'t>(t: &'t Ticket, metric: &str) -> &'t Clock {
    t.clock(metric).unwrap_or_else(|| panic!("no clock {metric}"))
}
fn closed<'t>(t: &'t Ticket, metric: &str) -> &'t ClosedClock {
    t.closed_clocks.iter().rev().find(|c| c.id.metric == *metric).unwrap_or_else(|| panic!("no closed {metric}"))
}

#[test]
fn s57_the_survivor_keeps_the_earliest_start_and_the_duplicates_clocks_are_cancelled() {
    let s = stage("");
    let first = s.create();
    s.pass(60);
    let survivor = s.create();
    let own = clock(&survivor, "resolution").clone();
    let first = merge(&s, &first, &survivor);
    assert_eq!((first.class, first.kin.merged_into), (StateClass::Cancelled, Some(survivor.reference())));
    assert!(first.clocks.is_empty() && first.closed_clocks.iter().all(|c| c.outcome == Outcome::Cancelled));
    let survivor = s.get(&survivor);
    for metric in ["resolution", "first_response"] {
        let c = clock(&survivor, metric);
        assert_eq!(c.started_at, first.created_at);
        assert_eq!(c.due.unwrap(), first_due(&s, metric), "{metric}");
    }
    assert!(own.started_at > first.created_at && own.due > clock(&survivor, "resolution").due);
    assert_eq!(survivor.kin.merged[0].ticket, first.id);
    for t in [&first, &survivor] {
        sound(&s, t);
    }
}
/// When a ticket made at the beginning of the stage is due.
fn first_due(like: &Stage, metric: &str) -> UtcInstant {
    let s = stage("");
    assert!(like.desk.now() > s.desk.now());
    clock(&s.create(), metric).due.unwrap()
}

#[test]
fn s57_the_younger_one_changes_nothing_of_the_survivors_clocks() {
    let s = stage("");
    let survivor = s.create();
    s.pass(60);
    let second = s.create();
    merge(&s, &second, &survivor);
    assert_eq!(s.get(&survivor).clocks, survivor.clocks);
    sound(&s, &survivor);
}

#[test]
fn s57_an_earlier_start_may_breach_the_survivor_at_the_merge() {
    let s = stage("");
    let first = s.create();
    s.pass(5 * 60);
    let survivor = s.create();
    merge(&s, &first, &survivor);
    let survivor = s.get(&survivor);
    let c = clock(&survivor, "first_response");
    assert_eq!(c.breached_at, Some(s.desk.now()));
    assert!(c.due.unwrap() < s.desk.now());
    sound(&s, &survivor);
}

#[test]
fn s57_a_response_is_met_if_either_was_answered() {
    for dup_answered in [true, false] {
        let s = stage("");
        let (a, b) = (s.create(), s.create());
        s.pass(10);
        let (dup, survivor) = (&a, &b);
        s.as_agent("li", if dup_answered { dup } else { survivor }, What::reply("hello"));
        s.pass(10);
        merge(&s, dup, survivor);
        let now = s.get(survivor);
        assert!(now.clock("first_response").is_none());
        assert_eq!(closed(&now, "first_response").outcome, Outcome::Met);
        assert_eq!(closed(&now, "first_response").counted, 600_000_000);
        sound(&s, survivor);
        sound(&s, dup);
    }
}

#[test]
fn s57_what_was_owed_to_the_duplicate_the_survivor_owes() {
    let s = stage("");
    let (dup, survivor) = (s.create(), s.create());
    for t in [&dup, &survivor] {
        s.as_agent("li", t, What::reply("hello"));
    }
    s.pass(10);
    s.as_requester(&dup, What::reply("and now?"));
    let asked = s.desk.now();
    s.pass(10);
    merge(&s, &dup, &survivor);
    let now = s.get(&survivor);
    assert_eq!(now.conversation.oldest_unanswered.unwrap().at, asked);
    assert_eq!(clock(&now, "next_response").started_at, asked);
    let now = s.as_agent("li", &survivor, What::reply("now"));
    assert_eq!(closed(&now, "next_response").outcome, Outcome::Met);
    sound(&s, &survivor);
}

#[test]
fn s57_replies_to_a_merged_ticket_go_to_the_survivor_through_a_chain() {
    let s = stage("");
    let a = s.desk.receive(s.mail("<a>", None, "one")).unwrap().ticket;
    let b = s.desk.receive(s.mail("<b>", None, "two")).unwrap().ticket;
    let c = s.desk.receive(s.mail("<c>", None, "three")).unwrap().ticket;
    merge(&s, &a, &b);
    merge(&s, &b, &c);
    let before = s.get(&a).revision;
    let by_mail = s.desk.receive(s.mail("<d>", Some(&a), "anybody?")).unwrap().ticket;
    assert_eq!(by_mail.id, c.id);
    let by_hand = s.as_agent("li", &a, What::reply("here"));
    assert_eq!(by_hand.id, c.id);
    let by_requester = s.as_requester(&a, What::reply("good"));
    assert_eq!((by_requester.id, by_requester.conversation.from_requester), (c.id, 3));
    assert_eq!(s.get(&a).revision, before);
    // The same mail twice counts once.
    assert_eq!(s.desk.receive(s.mail("<d>", Some(&a), "anybody?")).unwrap().ticket.id, c.id);
    assert_eq!(s.get(&c).conversation.from_requester, 3);
    sound(&s, &c);
}

#[test]
fn s57_links_are_united_without_duplicates() {
    let s = stage("");
    let (dup, survivor, third) = (s.create(), s.create(), s.create());
    for t in [&dup, &survivor] {
        li(&s, t, KinCommand::Link { kind: "related".into(), to: third.id });
    }
    let order = Link { kind: "order".into(), to: LinkTarget::External("A-1".into()) };
    s.as_agent("li", &dup, What::Link(order.clone()));
    li(&s, &dup, KinCommand::Link { kind: "duplicate-of".into(), to: survivor.id });
    merge(&s, &dup, &survivor);
    let kinds: Vec<_> = s.get(&survivor).links.iter().map(|l| l.kind.to_string()).collect();
    assert_eq!(kinds, ["related", "duplicated-by", "order"]);
}

#[test]
fn s57_only_tickets_of_one_requester_or_organisation_merge_and_all_reasons_are_told() {
    let s = stage("");
    let ann = s.create();
    let other = |who: &str, organisation: Option<&str>| {
        let mut n = NewTicket::new("question", "s", who, "mail");
        n.organisation = organisation.map(OrganisationId::new);
        s.create_as(Actor::agent("li"), n)
    };
    let bob = other("bob", None);
    assert_eq!(no(&s, &ann, What::Kin(KinCommand::Merge { into: bob.id })), ["not-same-requester"]);
    let (x, y) = (other("bob", Some("acme")), other("eve", Some("acme")));
    merge(&s, &x, &y);
    assert_eq!(no(&s, &x, What::Kin(KinCommand::Merge { into: ann.id })), ["merged", "not-same-requester"]);
    assert_eq!(no(&s, &ann, What::Kin(KinCommand::Merge { into: x.id })), ["survivor-final", "not-same-requester"]);
    assert_eq!(no(&s, &ann, What::Kin(KinCommand::Merge { into: ann.id })), ["self-merge"]);
    // Nothing else is done with a merged one.
    assert_eq!(no(&s, &x, What::transition("reopen")), ["merged", "not-from-state"]);
    // A colleague's reply to the ticket that was theirs arrives, though the survivor is another's.
    assert_eq!(s.as_requester(&x, What::reply("mine too")).id, y.id);
    let parent = s.create();
    child(&s, &parent, false);
    assert_eq!(no(&s, &parent, What::Kin(KinCommand::Merge { into: ann.id })), ["children-open"]);
}

#[test]
fn s57_where_a_merged_ticket_ends_the_workflow_says_or_it_is_not_merged() {
    let spam = "\n[states.spam]\nclass = \"cancelled\"\nlabel = { en = \"Spam\", zh = \"垃圾\" }\n[[transitions]]\nname = \"junk\"\nlabel = { en = \"Junk\", zh = \"标为垃圾\" }\nfrom = \"new\"\nto = \"spam\"\n";
    let s = stage(spam);
    let (a, b) = (s.create(), s.create());
    assert_eq!(no(&s, &a, What::Kin(KinCommand::Merge { into: b.id })), ["no-merge-state"]);
    let named = flow(spam).replacen("version = 1", "version = 1\nmerged_state = \"cancelled\"", 1);
    let s = Stage::of(playbook(&Playbook::starter_source().with("workflows/question.toml", named)));
    let (a, b) = (s.create(), s.create());
    assert_eq!(merge(&s, &a, &b).state, "cancelled");
}

/// A ticket without what a merge and its undoing leave behind: revisions, instants of entries, and the order of clocks.
fn bare(t: &Ticket) -> Ticket {
    let mut t = t.clone();
    t.revision = Revision::ZERO;
    t.updated_at = t.created_at;
    t
}

#[test]
fn s57_merge_and_undo_with_nothing_between_is_identity() {
    let s = stage("");
    let dup = s.create();
    s.as_agent("li", &dup, What::transition("start"));
    s.pass(60);
    let survivor = s.create();
    s.as_agent("li", &survivor, What::Assign("wang".into()));
    s.as_agent("wang", &survivor, What::reply("hello"));
    s.pass(10);
    s.as_requester(&dup, What::reply("well?"));
    let before = [&dup, &survivor].map(|t| bare(&s.get(t)));
    merge(&s, &dup, &survivor);
    assert_ne!(bare(&s.get(&survivor)), before[1]);
    s.pass(3);
    li(&s, &dup, KinCommand::UndoMerge);
    assert_eq!([&dup, &survivor].map(|t| bare(&s.get(t))), before);
    for t in [&dup, &survivor] {
        sound(&s, t);
    }
    assert_eq!(no(&s, &dup, What::Kin(KinCommand::UndoMerge)), ["not-merged"]);
    let flow = ticketry::insight::Flow::of(&[&dup, &survivor].map(|t| s.desk.journal(t.id).unwrap()).concat());
    let there = |t: &Ticket| flow.present(t.workflow.name.as_str(), s.get(t).state.as_str());
    assert!(there(&dup) + there(&survivor) >= 2 && flow.growth().iter().map(|g| g.net()).sum::<i64>() == 2, "{flow:?}");
    let life = ticketry::insight::Life::of(&s.desk.journal(dup.id).unwrap(), &s.desk.playbook());
    let back = |step: &&ticketry::insight::LifeStep| matches!(&step.kind, ticketry::insight::LifeKind::State { state, .. } if *state == s.get(&dup).state);
    assert_eq!(
        life.steps.last().filter(back).map(|step| step.what.zh.clone()),
        Some(format!("本工单已撤销与 #{} 的合并", survivor.number))
    );
    let life = ticketry::insight::Life::of(&s.desk.journal(survivor.id).unwrap(), &s.desk.playbook());
    for line in [format!("#{} was merged into it", dup.number), format!("#{} is by itself again", dup.number)] {
        assert!(life.steps.iter().any(|step| step.what.en == line), "{line} {life:?}");
    }
}

#[test]
fn s12_s57_a_merge_passes_no_approval_and_its_undoing_brings_grants_back() {
    let protecting = |state: &str| {
        format!(
            "[approvals.ok]\nlabel = {{ en = \"OK\", zh = \"同意\" }}\nprotects = [\"{state}\"]\nstages = [{{ approvers = [\"agent:wang\"] }}]"
        )
    };
    let s = stage(&protecting("cancelled"));
    let (dup, survivor) = (s.create(), s.create());
    assert_eq!(no(&s, &dup, What::Kin(KinCommand::Merge { into: survivor.id })), ["approval-missing"]);
    let s = stage(&protecting("open"));
    let (dup, survivor) = (s.create(), s.create());
    s.as_agent("li", &dup, What::Approval(ApprovalCommand::request("ok")));
    s.as_agent("wang", &dup, What::Approval(ApprovalCommand::vote("ok", true)));
    s.as_agent("li", &dup, What::transition("start"));
    let before = bare(&s.get(&dup));
    assert!(before.granted_approvals().next().is_some());
    merge(&s, &dup, &survivor);
    assert!(s.get(&dup).granted_approvals().next().is_none(), "a grant serves one stay");
    li(&s, &dup, KinCommand::UndoMerge);
    assert_eq!(bare(&s.get(&dup)), before);
    sound(&s, &dup);
}

#[test]
fn s57_what_happened_in_between_stays_with_the_survivor() {
    let s = stage("");
    let dup = s.create();
    s.pass(30);
    let survivor = s.create();
    let own = clock(&survivor, "resolution").clone();
    merge(&s, &dup, &survivor);
    s.pass(10);
    s.as_requester(&dup, What::reply("to whomever"));
    s.as_agent("li", &survivor, What::note("both"));
    let restored = li(&s, &dup, KinCommand::UndoMerge);
    assert!(restored.is_open() && clock(&restored, "resolution").started_at == dup.created_at);
    let now = s.get(&survivor);
    let c = clock(&now, "resolution");
    assert_eq!((c.started_at, c.due), (own.started_at, own.due), "its own start is back");
    assert_eq!(now.conversation.from_requester, 2);
    assert!(now.kin.merged.is_empty());
    // And from now on each has its own replies.
    assert_eq!(s.as_requester(&dup, What::reply("mine")).id, dup.id);
    for t in [&dup, &survivor] {
        sound(&s, t);
    }
    // A survivor that was merged itself has to come back first.
    let third = s.create();
    merge(&s, &dup, &survivor);
    merge(&s, &survivor, &third);
    assert_eq!(no(&s, &dup, What::Kin(KinCommand::UndoMerge)), ["survivor-merged"]);
    li(&s, &survivor, KinCommand::UndoMerge);
    li(&s, &dup, KinCommand::UndoMerge);
    assert!([&dup, &survivor, &third].iter().all(|t| open(&s, t)));
    for t in [&dup, &survivor, &third] {
        sound(&s, t);
    }
}

#[test]
fn s57_slots_taken_meanwhile_are_not_taken_twice() {
    let s = stage("");
    let (dup, survivor) = (s.create(), s.create());
    s.as_agent("li", &dup, What::Assign("li".into()));
    s.as_agent("li", &survivor, What::Assign("wang".into()));
    let slots = s.get(&dup).slots.clone();
    assert!(!slots.is_empty());
    merge(&s, &dup, &survivor);
    assert!(s.get(&dup).slots.is_empty());
    let more: Vec<_> = (0..3).map(|_| s.create()).collect();
    for t in &more {
        s.as_agent("li", t, What::Assign("li".into()));
    }
    let back = li(&s, &dup, KinCommand::UndoMerge);
    assert_eq!(back.assignee, Some("li".into()));
    assert!(back.over_capacity && !back.slots.is_empty());
    let mut held: Vec<u16> = more.iter().chain([&dup]).flat_map(|t| s.get(t).slots.clone()).collect();
    let n = held.len();
    held.sort();
    held.dedup();
    assert_eq!(held.len(), n);
}

// -- splitting -------------------------------------------------------------------------------------

#[test]
fn messages_split_off_become_a_linked_ticket_and_are_owed_there() {
    let s = stage("");
    let t = s.create();
    s.as_agent("li", &t, What::reply("hello"));
    s.pass(10);
    let t = s.as_requester(&t, What::reply("by the way, the door is broken"));
    let asked = t.conversation.oldest_unanswered.unwrap();
    let split = |which: Vec<(Revision, u32)>| What::Kin(KinCommand::Split { messages: which, new: Box::new(new("the door")) });
    assert_eq!(no(&s, &t, split(vec![])), ["no-messages"]);
    assert_eq!(no(&s, &t, split(vec![(Revision::new(1), 0)])), ["no-message"]);
    s.pass(5);
    let old = s.as_agent("li", &t, split(vec![(asked.revision, asked.index)]));
    let LinkTarget::Ticket(id) = old.links.iter().find(|l| l.kind == "split-into").unwrap().to else { panic!() };
    let door = s.desk.ticket(id).unwrap();
    assert!(door.links.contains(&Link { kind: "split-from".into(), to: LinkTarget::Ticket(t.id) }));
    assert_eq!((&*door.subject, door.conversation.from_requester), ("the door", 1));
    assert_eq!(door.conversation.oldest_unanswered.unwrap().at, asked.at);
    assert_eq!(old.conversation.oldest_unanswered, None);
    assert!(old.clock("next_response").is_none(), "nothing is owed here any more");
    assert!(door.clock("first_response").is_some());
    let said = s.desk.journal(id).unwrap();
    let bodies = said.iter().flat_map(|e| &e.events).filter_map(|c| match &c.event {
        Event::MessageAdded(m) => Some(m.body.to_string()),
        _ => None,
    });
    assert_eq!(bodies.collect::<Vec<_>>(), ["by the way, the door is broken"]);
    for t in [&old, &door] {
        sound(&s, t);
    }
}

#[test]
fn of_several_messages_order_and_instants_are_kept() {
    let s = stage("");
    let t = s.create();
    let mut refs = Vec::new();
    for n in 0..3 {
        s.pass(5);
        let t = s.try_as(Actor::requester("ann"), &t, What::Reply(NewMessage::new(format!("line {n}")))).unwrap().ticket;
        refs.push(t.conversation.last.unwrap());
    }
    let which = [2, 0, 2].map(|n: usize| (refs[n].revision, refs[n].index)).to_vec();
    let old = li(&s, &t, KinCommand::Split { messages: which, new: Box::new(new("lines")) });
    let LinkTarget::Ticket(id) = old.links[0].to else { panic!() };
    let instants: Vec<_> = s
        .desk
        .journal(id)
        .unwrap()
        .iter()
        .flat_map(|e| e.events.clone())
        .filter_map(|c| match c.event {
            Event::MessageAdded(m) => Some(m.at),
            _ => None,
        })
        .collect();
    assert_eq!(instants, [refs[0].at, refs[2].at]);
    // The first message of the old one is still owed.
    assert!(old.conversation.oldest_unanswered.is_some());
    sound(&s, &old);
}

#[cfg(feature = "rhai")]
#[test]
fn what_was_said_before_a_split_wakes_no_rule_again() {
    let rules = "rule(\"heard\").on(\"message.requester\").then(|t| t.tag(\"heard\"));\nrule(\"made\").on(\"created\").then(|t| t.tag(\"made\"));\n";
    let s = Stage::with(&[("rules/heard.rhai", rules)]);
    let t = s.create();
    let last = t.conversation.last.unwrap();
    let split = KinCommand::Split { messages: vec![(last.revision, last.index)], new: Box::new(new("apart")) };
    let done = s.try_as(Actor::agent("li"), &t, What::Kin(split)).unwrap();
    let apart = &done.others[0];
    assert!(done.ticket.tags.contains("heard"));
    assert!(apart.tags.contains("made") && !apart.tags.contains("heard"), "{:?}", apart.tags);
}
