//! Parents and children, links both ways (S13, S16).

use super::stage::{Stage, playbook};
use chrono::TimeDelta;
use std::sync::Arc;
use ticketry::desk::{Done, Error};
use ticketry::diagnostic::Lang;
use ticketry::engine::{KinCommand, NewTicket, TransitionInput, What};
use ticketry::id::*;
use ticketry::playbook::Playbook;
use ticketry::ticket::*;

pub fn flow(children: &str) -> String {
    let starter = Playbook::starter_source().get("workflows/question.toml").unwrap().to_string();
    format!("{starter}\n{children}\n")
}
pub fn stage(children: &str) -> Stage {
    Stage::of(playbook(&Playbook::starter_source().with("workflows/question.toml", flow(children))))
}
pub fn new(subject: &str) -> NewTicket {
    NewTicket::new("question", subject, "ann", "mail")
}
pub fn li(s: &Stage, t: &Ticket, c: KinCommand) -> Arc<Ticket> {
    s.as_agent("li", t, What::Kin(c))
}
pub fn refused(r: Result<Done, Error>) -> ticketry::engine::Refusal {
    match r {
        Err(Error::Refused(r)) => r,
        other => panic!("{other:?}"),
    }
}
pub fn no(s: &Stage, t: &Ticket, what: What) -> Vec<&'static str> {
    refused(s.try_as(Actor::agent("li"), t, what)).reasons.iter().map(|r| r.code).collect()
}
pub fn child(s: &Stage, parent: &Ticket, blocking: bool) -> Arc<Ticket> {
    let parent = li(s, parent, KinCommand::AddChild { new: Box::new(new("a part")), blocking });
    s.desk.ticket(parent.kin.children.last().unwrap().ticket).unwrap()
}
fn cancel() -> What {
    TransitionInput::new("cancel").maybe_comment(Some("not needed".into())).into()
}
pub fn open(s: &Stage, t: &Ticket) -> bool {
    s.get(t).is_open()
}
/// Everything of a ticket that its journal tells is what is stored, and its figures follow from its facts.
pub fn sound(s: &Stage, t: &Ticket) {
    let journal = s.desk.journal(t.id).unwrap();
    assert_eq!(Ticket::fold(&journal).unwrap(), *s.get(t));
    let p = s.desk.playbook();
    if let Err(d) = ticketry::sla::verify(&journal, p.agreements(), p.calendars()) {
        panic!("{}", d.text().en);
    }
}

#[test]
fn s13_a_blocking_child_stands_against_every_final_state_and_is_named() {
    let s = stage("");
    let parent = s.create();
    let kid = child(&s, &parent, true);
    assert_eq!(kid.kin.parent, Some(parent.reference()));
    assert_eq!((kid.requester.clone(), &*kid.subject), (parent.requester.clone(), "a part"));
    for what in [What::transition("resolve"), cancel()] {
        let r = refused(s.try_as(Actor::agent("li"), &parent, what));
        assert_eq!(r.reasons.iter().map(|r| r.code).collect::<Vec<_>>(), ["children-open"]);
        assert!(r.render(Lang::En).contains(&format!("#{}", kid.number)), "{}", r.render(Lang::En));
    }
    // What is offered says the same.
    let offers = s.desk.available(parent.id, &Actor::agent("li")).unwrap();
    let resolve = offers.iter().find(|o| o.transition == "resolve").unwrap();
    assert!(resolve.refusal.has("children-open"));
    s.as_agent("li", &kid, What::transition("resolve"));
    assert!(!s.get(&parent).kin.children[0].open);
    s.as_agent("li", &parent, What::transition("resolve"));
    for t in [&parent, &kid] {
        sound(&s, t);
    }
}

#[test]
fn s13_one_that_does_not_block_and_what_is_left_to_itself_stand_against_nothing() {
    let s = stage("");
    let parent = s.create();
    let kid = child(&s, &parent, false);
    s.as_agent("li", &parent, What::transition("resolve"));
    assert!(open(&s, &kid));
    let s = stage("[children]\non_end = \"leave\"");
    let parent = s.create();
    let kid = child(&s, &parent, true);
    s.as_agent("li", &parent, What::transition("resolve"));
    assert!(open(&s, &kid));
    // It goes on by itself, and the parent knows.
    s.as_agent("li", &kid, What::transition("resolve"));
    assert!(!s.get(&parent).kin.children[0].open);
}

#[test]
fn s13_children_end_with_their_parent_in_one_commit_grandchildren_too() {
    let s = stage("[children]\non_end = \"take\"\ntake = \"resolve\"");
    let parent = s.create();
    let (a, b) = (child(&s, &parent, true), child(&s, &parent, false));
    let grandchild = child(&s, &a, true);
    let done = s.try_as(Actor::agent("li"), &parent, What::transition("resolve")).unwrap();
    let receipt = done.receipt.unwrap();
    assert_eq!(receipt.tickets.len(), 4);
    assert_eq!(receipt.tickets[0].0, parent.id, "the one that was asked about comes first");
    for t in [&parent, &a, &b, &grandchild] {
        assert_eq!(s.get(t).state, "resolved");
        assert_eq!(s.desk.journal(t.id).unwrap().last().unwrap().commit, receipt.commit);
        assert!(s.get(t).kin.children.iter().all(|c| !c.open));
        sound(&s, t);
    }
}

#[test]
fn s13_children_of_a_cancelled_parent_may_end_by_another_transition() {
    let s = stage("[children]\non_end = \"take\"\ntake = \"resolve\"\ntake_cancelled = \"cancel\"");
    for (what, state) in [(cancel(), "cancelled"), (What::transition("resolve"), "resolved")] {
        let parent = s.create();
        let kid = child(&s, &parent, true);
        s.as_agent("li", &parent, what);
        assert_eq!((s.get(&parent).state.as_str(), s.get(&kid).state.as_str()), (state, state));
        sound(&s, &kid);
    }
}

#[test]
fn s13_a_child_that_cannot_follow_keeps_its_parent_open_and_nothing_is_written() {
    // `close` leaves only `resolved`.
    let s = stage("[children]\non_end = \"take\"\ntake = \"close\"");
    let parent = s.create();
    let kid = child(&s, &parent, true);
    let before = (s.get(&parent), s.get(&kid));
    let r = refused(s.try_as(Actor::agent("li"), &parent, What::transition("resolve")));
    assert!(r.has("children-open"), "{r}");
    assert!(r.render(Lang::En).contains(&format!("#{}", kid.number)), "{r}");
    assert_eq!((s.get(&parent), s.get(&kid)), before);
    // What takes the transition by itself says so in the journal, and the ticket is not stuck.
    let timed = "\n[[timed]]\nfrom = \"open\"\nafter = \"1h\"\ntransition = \"resolve\"\n[children]\non_end = \"take\"\ntake = \"close\"";
    let s = stage(timed);
    let parent = s.create();
    child(&s, &parent, true);
    s.as_agent("li", &parent, What::transition("start"));
    s.pass(61);
    assert!(s.desk.sweep(s.desk.now()).unwrap().failed.is_empty());
    let parent = s.get(&parent);
    assert!(parent.is_open());
    let told = s.desk.journal(parent.id).unwrap().iter().flat_map(|e| e.events.clone()).any(
        |c| matches!(&c.event, Event::MoveRefused { transition, codes } if *transition == "resolve" && codes.contains(&"children-open".to_string())),
    );
    assert!(told);
    sound(&s, &parent);
}

#[test]
fn s13_a_parent_follows_its_last_child_and_comes_back_with_it() {
    let s = stage("[children]\nwhen_all_ended = \"resolve\"\nwhen_child_reopens = \"reopen\"");
    let parent = s.create();
    let (a, b) = (child(&s, &parent, true), child(&s, &parent, true));
    s.as_agent("li", &a, What::transition("resolve"));
    assert!(open(&s, &parent));
    s.as_agent("li", &b, What::transition("resolve"));
    assert_eq!(s.get(&parent).state, "resolved");
    s.as_agent("li", &a, What::transition("reopen"));
    let now = s.get(&parent);
    assert_eq!((now.state.as_str(), now.cycle), ("open", 2));
    assert_eq!(now.kin.children.iter().map(|c| c.open).collect::<Vec<_>>(), [true, false]);
    for t in [&parent, &a, &b] {
        sound(&s, t);
    }
}

#[test]
fn s13_children_come_back_with_their_parent() {
    let s = stage("[children]\non_end = \"take\"\ntake = \"resolve\"\non_reopen = \"reopen\"");
    let parent = s.create();
    let kid = child(&s, &parent, true);
    s.as_agent("li", &parent, What::transition("resolve"));
    assert!(!open(&s, &kid));
    let parent = s.as_agent("li", &parent, What::transition("reopen"));
    assert!(open(&s, &kid));
    assert!(s.get(&parent).kin.children[0].open);
    for t in [&parent, &kid] {
        sound(&s, t);
    }
}

#[test]
fn s13_a_childs_clocks_are_its_own() {
    let s = stage("");
    let parent = s.create();
    let before = s.get(&parent).clocks.clone();
    let kid = child(&s, &parent, true);
    s.as_agent("li", &kid, What::transition("wait"));
    s.pass(30);
    s.as_agent("li", &kid, What::transition("resolve"));
    assert_eq!(s.get(&parent).clocks, before);
    assert!(!s.get(&kid).closed_clocks.is_empty());
}

#[test]
fn s13_a_parent_broadcasts_one_reply() {
    let s = stage("[children]\nbroadcast = true");
    let parent = s.create();
    let (a, b) = (child(&s, &parent, true), child(&s, &parent, true));
    s.as_agent("li", &b, What::transition("resolve"));
    s.as_agent("li", &parent, What::reply("we are on it"));
    assert_eq!(s.get(&a).conversation.from_agents, 1);
    assert_eq!(s.get(&b).conversation.from_agents, 0, "what has ended hears nothing");
    // A note is for nobody else, and what a requester writes goes nowhere else.
    s.as_agent("li", &parent, What::note("hm"));
    s.as_requester(&parent, What::reply("thanks"));
    assert_eq!((s.get(&a).conversation.notes, s.get(&a).conversation.from_requester), (0, 0));
    for t in [&parent, &a, &b] {
        sound(&s, t);
    }
}

#[test]
fn s13_what_blocks_a_ticket_ends_first() {
    let s = stage("");
    let (t, other) = (s.create(), s.create());
    let t = li(&s, &t, KinCommand::Link { kind: "blocked-by".into(), to: other.id });
    assert_eq!(t.kin.waits.len(), 1);
    assert!(s.get(&other).links.contains(&Link { kind: "blocks".into(), to: LinkTarget::Ticket(t.id) }));
    assert_eq!(no(&s, &t, What::transition("resolve")), ["blocked-by"]);
    s.as_agent("li", &other, What::transition("resolve"));
    s.as_agent("li", &t, What::transition("resolve"));
    // Told from the other side it is the same, and unlinked it is gone on both.
    let (t, other) = (s.create(), s.create());
    li(&s, &other, KinCommand::Link { kind: "blocks".into(), to: t.id });
    assert_eq!(no(&s, &t, What::transition("resolve")), ["blocked-by"]);
    li(&s, &t, KinCommand::Unlink { kind: "blocked-by".into(), to: other.id });
    assert!(s.get(&other).links.is_empty() && s.get(&t).kin.waits.is_empty());
    s.as_agent("li", &t, What::transition("resolve"));
    for t in [&t, &other] {
        sound(&s, t);
    }
}

#[test]
fn links_have_two_sides_by_their_kinds() {
    let s = stage("");
    let (a, b) = (s.create(), s.create());
    for (kind, other) in [("related", "related"), ("duplicate-of", "duplicated-by"), ("caused-by", "causes"), ("ours", "ours")] {
        li(&s, &a, KinCommand::Link { kind: kind.into(), to: b.id });
        // Twice is once.
        li(&s, &a, KinCommand::Link { kind: kind.into(), to: b.id });
        assert!(s.get(&b).links.contains(&Link { kind: other.into(), to: LinkTarget::Ticket(a.id) }), "{kind}");
    }
    assert_eq!((s.get(&a).links.len(), s.get(&b).links.len()), (4, 4));
    assert_eq!(no(&s, &a, What::Kin(KinCommand::Link { kind: "related".into(), to: a.id })), ["self-link"]);
    assert_eq!(no(&s, &a, What::Kin(KinCommand::Link { kind: "related".into(), to: TicketId::from_u128(9) })), ["no-ticket"]);
}

#[test]
fn s13_no_ticket_waits_for_itself_through_others() {
    let s = stage("");
    let (a, b, c) = (s.create(), s.create(), s.create());
    let attach = |parent: &Ticket| What::Kin(KinCommand::Attach { parent: parent.id, blocking: true });
    assert_eq!(no(&s, &a, attach(&a)), ["self-parent"]);
    s.as_agent("li", &b, attach(&a));
    s.as_agent("li", &c, attach(&b));
    assert_eq!(no(&s, &a, attach(&c)), ["kin-circle"]);
    assert_eq!(no(&s, &a, attach(&b)), ["kin-circle"]);
    assert_eq!(no(&s, &c, attach(&a)), ["has-parent"]);
    // A child cannot wait for what waits for it.
    assert_eq!(no(&s, &c, What::Kin(KinCommand::Link { kind: "blocked-by".into(), to: a.id })), ["kin-circle"]);
    assert_eq!(no(&s, &a, What::Kin(KinCommand::Link { kind: "blocks".into(), to: c.id })), ["kin-circle"]);
    s.as_agent("li", &b, What::Kin(KinCommand::Detach));
    assert!(s.get(&a).kin.children.is_empty());
    s.as_agent("li", &a, attach(&c));
    assert_eq!(no(&s, &s.create(), What::Kin(KinCommand::Detach)), ["no-parent"]);
}

#[test]
fn s13_a_parent_that_is_done_gets_no_children_and_no_parent_gets_too_many() {
    let s = stage("");
    let parent = s.create();
    let done = s.create();
    s.as_agent("li", &done, What::transition("resolve"));
    assert_eq!(no(&s, &parent, What::Kin(KinCommand::Attach { parent: done.id, blocking: true })), ["parent-final"]);
    let add = || What::Kin(KinCommand::AddChild { new: Box::new(new("one more")), blocking: false });
    for _ in 0..Kin::MOST {
        s.as_agent("li", &parent, add());
    }
    assert_eq!(no(&s, &parent, add()), ["too-many"]);
    // What the new ticket lacks is said with the rest.
    let bad = What::Kin(KinCommand::AddChild { new: Box::new(NewTicket::new("nothing", "", "ann", "mail")), blocking: true });
    assert!(no(&s, &parent, bad).contains(&"required"));
}

#[test]
fn s26_a_child_that_ends_by_itself_frees_its_parent_whether_anybody_looked_or_not() {
    let timed = "\n[[timed]]\nfrom = \"pending\"\nafter = \"1h\"\ntransition = \"resolve\"";
    let play = |sweep: bool| {
        let s = stage(timed);
        let parent = s.create();
        let kid = child(&s, &parent, true);
        s.as_agent("li", &kid, What::transition("wait"));
        s.pass(30);
        s.as_agent("li", &parent, What::note("still waiting"));
        s.pass(31);
        if sweep {
            s.desk.sweep(s.desk.now()).unwrap();
        }
        s.pass(5);
        let parent = s.as_agent("li", &parent, What::transition("resolve"));
        sound(&s, &parent);
        sound(&s, &kid);
        [parent, kid].map(|t| super::laws::flat(&s.desk.journal(t.id).unwrap()))
    };
    assert_eq!(play(false), play(true));
}

#[test]
fn s59_no_rating_is_asked_for_a_child() {
    let p = Playbook::starter_source().get("playbook.toml").unwrap().to_string();
    assert!(p.contains("rating_on"), "the starter asks for ratings");
    let s = stage("");
    let parent = s.create();
    let kid = child(&s, &parent, true);
    let ended = |t: &Ticket| s.as_agent("li", t, What::transition("resolve")).rating_requested;
    assert_eq!(ended(&kid), None);
    assert_eq!(ended(&parent), Some(1));
}

#[test]
fn s16_a_follow_up_and_what_it_follows_know_each_other() {
    let s = stage("");
    let t = s.desk.receive(s.mail("<1>", None, "help")).unwrap().ticket;
    s.as_agent("li", &t, What::transition("resolve"));
    s.clock.set(s.desk.now() + TimeDelta::days(60));
    let next = s.desk.receive(s.mail("<2>", Some(&t), "again")).unwrap().ticket;
    assert_ne!(next.id, t.id);
    assert!(next.links.contains(&Link { kind: "follows".into(), to: LinkTarget::Ticket(t.id) }));
    assert!(s.get(&t).links.contains(&Link { kind: "followed-by".into(), to: LinkTarget::Ticket(next.id) }));
    sound(&s, &t);
    sound(&s, &next);
}

#[test]
fn families_and_merges_are_for_agents_and_for_whom_the_playbook_says() {
    let s = stage("");
    let (a, b) = (s.create(), s.create());
    let all = [
        KinCommand::Link { kind: "related".into(), to: b.id },
        KinCommand::Attach { parent: b.id, blocking: true },
        KinCommand::Merge { into: b.id },
        KinCommand::Split { messages: vec![(Revision::new(1), 0)], new: Box::new(new("apart")) },
    ];
    for c in all {
        assert!(refused(s.try_as(Actor::requester("ann"), &a, What::Kin(c))).has("not-allowed"));
    }
    let p = Playbook::starter_source().get("playbook.toml").unwrap().to_string();
    assert!(!p.contains("[settings.rights]"));
    let p = format!("{p}\n[settings.rights]\nmerge = [\"lead\"]\n");
    let s = Stage::with(&[("playbook.toml", p.as_str())]);
    let (a, b) = (s.create(), s.create());
    assert_eq!(no(&s, &a, What::Kin(KinCommand::Merge { into: b.id })), ["not-allowed"]);
    s.as_agent("zhao", &a, What::Kin(KinCommand::Merge { into: b.id }));
}

#[cfg(feature = "rhai")]
const REPAIR: &str = r#"rule("two-parts").on("changed:impact").when(|t| t.impact == "high" && !t.is_child)
    .then(|t| { t.child("question", "look"); t.child("question", "mend"); });
rule("all-done").on("children.ended").then(|t| t.tag("parts-done"));
rule("waits").on("child.ended").when(|t| t.open_children > 0).then(|t| t.tag("one-done"));
"#;

#[cfg(feature = "rhai")]
#[test]
fn a_rule_makes_children_and_hears_of_their_end() {
    let s = Stage::with(&[("rules/parts.rhai", REPAIR)]);
    let t = s.create();
    let t = s.as_agent("li", &t, What::set("impact", "high"));
    let kids: Vec<_> = t.kin.children.iter().map(|c| s.desk.ticket(c.ticket).unwrap()).collect();
    assert_eq!(kids.iter().map(|k| &*k.subject).collect::<Vec<_>>(), ["look", "mend"]);
    assert!(kids.iter().all(|k| k.requester == t.requester && k.kin.parent == Some(t.reference()) && k.number != t.number));
    assert_ne!(kids[0].number, kids[1].number);
    assert!(no(&s, &t, What::transition("resolve")).contains(&"children-open"));
    s.as_agent("li", &kids[0], What::transition("resolve"));
    assert!(s.get(&t).tags.contains("one-done") && !s.get(&t).tags.contains("parts-done"));
    s.as_agent("li", &kids[1], What::transition("resolve"));
    assert!(s.get(&t).tags.contains("parts-done"));
    for t in kids.iter().chain([&t]) {
        sound(&s, t);
    }
}

#[cfg(feature = "rhai")]
#[test]
fn s24_a_rule_that_answers_every_creation_by_another_is_contained() {
    let s = Stage::with(&[("rules/loop.rhai", "rule(\"again\").on(\"created\").then(|t| t.child(\"question\", \"again\"));\n")]);
    let t = s.create();
    assert_eq!(t.kin.children.len(), 1);
    let kid = s.desk.ticket(t.kin.children[0].ticket).unwrap();
    assert!(kid.kin.children.is_empty());
    let told = s.desk.journal(kid.id).unwrap();
    let refused = |c: &Caused| matches!(&c.event, Event::ActionRefused { action, code, .. } if action == "child" && code == "too-deep");
    assert!(told.iter().flat_map(|e| &e.events).any(refused));
}

#[cfg(feature = "rhai")]
#[test]
fn s26_a_child_that_a_timer_makes_begins_when_that_was_due() {
    let rule = "rule(\"late\").after(\"2h\", \"open\").then(|t| t.child(\"question\", \"look into it\"));\n";
    let play = |sweep: bool| {
        let s = Stage::with(&[("rules/late.rhai", rule)]);
        let t = s.create();
        s.as_agent("li", &t, What::transition("start"));
        let due = s.desk.now() + TimeDelta::hours(2);
        s.pass(121);
        if sweep {
            s.desk.sweep(s.desk.now()).unwrap();
        }
        s.pass(60);
        let t = s.as_agent("li", &t, What::note("so"));
        let kid = s.desk.ticket(t.kin.children[0].ticket).unwrap();
        assert_eq!(kid.created_at, due);
        sound(&s, &kid);
        sound(&s, &t);
        super::laws::flat(&s.desk.journal(kid.id).unwrap()).into_iter().map(|l| l.replace(&kid.number.to_string(), "#")).collect::<Vec<_>>()
    };
    let (late, swept) = (play(false), play(true));
    assert_eq!(late.first(), swept.first());
}

#[test]
fn what_happens_among_tickets_is_told_in_words() {
    let s = stage("[children]\non_end = \"take\"\ntake = \"resolve\"");
    let parent = s.create();
    let kid = child(&s, &parent, true);
    s.as_agent("li", &parent, What::transition("resolve"));
    let mut told = String::new();
    for t in [&parent, &kid] {
        for e in s.desk.journal(t.id).unwrap() {
            let why = s.desk.explain(t.id, e.revision).unwrap().unwrap();
            for lang in [Lang::En, Lang::Zh] {
                told += &why.render(lang);
            }
        }
    }
    for words in [format!("got the child #{}", kid.number), "became a child of".into(), "the last of its children".into(), "成为".into()]
    {
        assert!(told.contains(&words), "{words}: {told}");
    }
}

#[test]
fn a_transition_makes_a_child_too() {
    let flow = Playbook::starter_source().get("workflows/question.toml").unwrap().replacen(
        "name = \"start\"",
        "name = \"start\"\nafter = [{ child = { type = \"question\", subject = \"order the part\" } }]",
        1,
    );
    let s = Stage::of(playbook(&Playbook::starter_source().with("workflows/question.toml", flow)));
    let t = s.create();
    let t = s.as_agent("li", &t, What::transition("start"));
    let kid = s.desk.ticket(t.kin.children[0].ticket).unwrap();
    assert_eq!((&*kid.subject, kid.requester.clone(), t.kin.children[0].blocking), ("order the part", t.requester.clone(), true));
    // What a child begins with is its own: nobody wrote to it.
    assert_eq!(kid.conversation, Conversation::default());
    sound(&s, &t);
    sound(&s, &kid);
}

#[test]
fn s13_a_broadcast_reaches_everybody_once() {
    let s = stage("[children]\nbroadcast = true");
    let parent = s.create();
    child(&s, &parent, true);
    for who in ["bob", "eve"] {
        let add = KinCommand::AddChild { new: Box::new(NewTicket::new("question", "the same", who, "mail")), blocking: true };
        li(&s, &parent, add);
    }
    let would = s.desk.preview(&ticketry::engine::Command::on(parent.id, "p", Actor::agent("li"), What::reply("soon"))).unwrap();
    assert_eq!(would.commit.writes.len(), 4);
    let mails = would.commit.effects.iter().filter(|e| matches!(e.kind, EffectKind::Outbound(_))).count();
    assert_eq!(mails, 3, "ann has one ticket and a part of it, and is written to once");
}
