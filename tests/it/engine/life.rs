//! A ticket's life, S-line by S-line.

use super::stage::{Stage, at};
use ticketry::desk::Error;
use ticketry::diagnostic::Lang;
use ticketry::engine::{Command, NewMessage, NewTicket, TransitionInput, What};
use ticketry::id::*;
use ticketry::store::Query;
use ticketry::ticket::*;

fn refusal(e: Result<ticketry::desk::Done, Error>) -> ticketry::engine::Refusal {
    match e {
        Err(Error::Refused(r)) => r,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_ticket_lives_and_its_journal_folds_to_it() {
    let s = Stage::starter();
    let t = s.create();
    assert_eq!((t.state.as_str(), t.number, t.revision.get()), ("new", 1, 1));
    assert_eq!(t.clocks.len(), 2, "{:?}", t.clocks);
    s.pass(10);
    s.as_agent("li", &t, What::Assign("li".into()));
    s.as_agent("li", &t, What::transition("start"));
    s.pass(10);
    let t = s.as_agent("li", &t, What::reply("have you tried water?"));
    let first = t.closed_clocks.iter().find(|c| c.id.metric == "first_response").unwrap();
    assert_eq!((first.outcome, first.counted), (Outcome::Met, 20 * 60 * 1_000_000));
    let t = s.as_agent("li", &t, What::transition("wait"));
    assert!(t.clock("resolution").unwrap().due.is_none(), "S44: paused");
    s.pass(60);
    let t = s.as_requester(&t, What::reply("it is out"));
    assert_eq!(t.state, "open", "S78");
    let t = s.as_agent("li", &t, What::transition("resolve"));
    assert_eq!((t.class, t.slots.len()), (StateClass::Resolved, 0));
    let journal = s.desk.journal(t.id).unwrap();
    assert_eq!(Ticket::fold(&journal).as_ref(), Some(&*s.get(&t)));
    let text = s.desk.explain(t.id, t.revision).unwrap().unwrap();
    assert!(text.render(Lang::En).contains("resolution met:"), "{}", text.render(Lang::En));
    assert!(text.render(Lang::Zh).contains("达标"));
    let whole = text.render(Lang::En);
    assert!(whole.contains("time by party: us ") && whole.contains("paused, waiting on the requester"), "{whole}");
    let times = text.times.unwrap();
    assert!(times.clocks.iter().all(|c| c.timeline.carried == 0));
    // Only the present is accounted for; the past is told by its events.
    assert!(s.desk.explain(t.id, ticketry::id::Revision::new(t.revision.get() - 1)).unwrap().unwrap().times.is_none());
}

#[test]
fn s1_s2_a_refusal_changes_nothing_and_gives_all_reasons() {
    let s = Stage::starter();
    let t = s.create();
    let r = refusal(s.try_as(Actor::requester("ann"), &t, What::transition("close")));
    assert_eq!(r.reasons.last().unwrap().code, "not-from-state");
    let r = refusal(s.try_as(Actor::agent("li"), &t, What::transition("cancel")));
    assert!(r.has("comment"), "{r}");
    let mut new = NewTicket::new("question", " ", "", "pigeon");
    new.impact = Some("enormous".into());
    new.category = Some("nowhere".into());
    let r = refusal(s.desk.submit(Command::create("x", Actor::agent("li"), new)));
    let codes: Vec<&str> = r.reasons.iter().map(|r| r.code).collect();
    assert_eq!(codes, ["required", "required", "unknown-channel", "unknown-category", "unknown-impact"]);
    assert_eq!(s.get(&t), t);
}

#[test]
fn a_command_repeated_with_its_key_gets_its_first_answer() {
    let s = Stage::starter();
    let t = s.create();
    let c = Command::on(t.id, "same", Actor::agent("li"), What::note("once"));
    let first = s.desk.submit(c.clone()).unwrap();
    let again = s.desk.submit(c).unwrap();
    assert!(again.repeated && again.receipt == first.receipt);
    assert_eq!(s.get(&t).conversation.notes, 1);
}

#[test]
fn unknown_ticket_stale_revision_and_a_huge_field_are_typed_refusals() {
    let s = Stage::starter();
    let t = s.create();
    let r = refusal(s.desk.submit(Command::on(TicketId::from_u128(9), "a", Actor::agent("li"), What::note("x"))));
    assert!(r.has("no-ticket"));
    let r = refusal(s.desk.submit(Command::on(t.id, "b", Actor::agent("li"), What::note("x")).expecting(Revision::new(7))));
    assert!(r.has("stale"));
    let r = refusal(s.try_as(Actor::agent("li"), &t, What::set("subject", "x".repeat(10_000_000).as_str())));
    assert!(r.has("too-long"));
    let r = refusal(s.try_as(Actor::agent("li"), &t, What::note("x".repeat(10_000_000))));
    assert!(r.has("too-long"));
    let r = refusal(s.try_as(Actor::agent("nobody"), &t, What::note("x")));
    assert!(r.has("unknown-actor"));
    let r = refusal(s.try_as(Actor::requester("bob"), &t, What::reply("mine!")));
    assert!(r.has("not-allowed"));
}

#[test]
fn s80_the_same_mail_never_counts_twice_and_threads_join() {
    let s = Stage::starter();
    let first = s.desk.receive(s.mail("<1@x>", None, "help")).unwrap().ticket;
    let again = s.desk.receive(s.mail("<1@x>", None, "help")).unwrap();
    assert!(again.repeated);
    assert_eq!(again.ticket.id, first.id);
    s.pass(5);
    let joined = s.desk.receive(s.mail("<2@x>", Some(&first), "more")).unwrap().ticket;
    assert_eq!((joined.id, joined.conversation.from_requester), (first.id, 2));
    let other = s.desk.receive(s.mail("<3@x>", None, "something else")).unwrap().ticket;
    assert_ne!(other.id, first.id);
}

#[test]
fn s80_five_chat_messages_in_forty_seconds_are_one_ticket() {
    let s = Stage::starter();
    let mut ids = std::collections::BTreeSet::new();
    for i in 0..5 {
        let m = ticketry::engine::Inbound::new("chat", format!("c{i}"), "ann", "question", "hello?");
        ids.insert(s.desk.receive(m).unwrap().ticket.id);
        s.clock.set(at("2025-10-09T10:00:00Z") + chrono::TimeDelta::seconds(10 * (i + 1)));
    }
    assert_eq!(ids.len(), 1);
}

#[test]
fn s81_an_automatic_message_starts_no_clock_and_reopens_nothing() {
    let s = Stage::starter();
    let t = s.desk.receive(s.mail("<1@x>", None, "help")).unwrap().ticket;
    let t = s.as_agent("li", &t, What::reply("done"));
    let t = s.as_agent("li", &t, What::transition("resolve"));
    let mut ooo = s.mail("<2@x>", Some(&t), "I am on the beach");
    ooo.automatic = true;
    let t = s.desk.receive(ooo).unwrap().ticket;
    assert_eq!((t.class, t.conversation.automatic), (StateClass::Resolved, 1));
    let back = s.desk.receive(s.mail("<3@x>", Some(&t), "it burns again")).unwrap().ticket;
    assert_eq!((back.id, back.state.as_str(), back.cycle, back.reopenings), (t.id, "open", 2, 1));
    assert!(back.clock("resolution").is_some(), "S82");
}

#[test]
fn s16_after_the_window_a_follow_up_is_made() {
    let s = Stage::starter();
    let t = s.desk.receive(s.mail("<1@x>", None, "help")).unwrap().ticket;
    let t = s.as_agent("li", &t, What::transition("resolve"));
    s.pass(60 * 24 * 8);
    let next = s.desk.receive(s.mail("<2@x>", Some(&t), "again")).unwrap().ticket;
    assert_ne!(next.id, t.id);
    assert!(next.links.iter().any(|l| l.to == LinkTarget::Ticket(t.id)));
}

#[test]
fn s26_a_reply_after_the_auto_close_instant_but_before_the_sweep_finds_the_ticket_closed() {
    let s = Stage::starter();
    let t = s.desk.receive(s.mail("<1@x>", None, "help")).unwrap().ticket;
    let t = s.as_agent("li", &t, What::transition("resolve"));
    // Resolved on Thursday; five working days later it closes by itself, whether anybody looked or not.
    s.clock.set(at("2025-10-16T10:30:00Z"));
    let next = s.desk.receive(s.mail("<2@x>", Some(&t), "again")).unwrap().ticket;
    assert_ne!(next.id, t.id, "closed for good: the message opens a ticket that follows up");
    s.desk.sweep(s.desk.now()).unwrap();
    let closed = s.get(&t);
    assert_eq!(closed.class, StateClass::Closed);
    assert_eq!(closed.state_since, at("2025-10-16T10:00:00Z"), "closed at its instant");
}

#[test]
fn s33_s36_queue_assign_release_and_capacity() {
    let s = Stage::starter();
    let route =
        |t: &Ticket| s.as_agent("li", t, What::HandOff { group: "support".into(), skills: Default::default(), reason: "please".into() });
    let mut who = std::collections::BTreeMap::new();
    for _ in 0..7 {
        let t = route(&s.create());
        *who.entry(t.assignee.as_ref().map(|a| a.to_string())).or_insert(0) += 1;
    }
    // Two agents with three slots each; the third is on leave; the seventh ticket waits, with a reason.
    assert_eq!(who.get(&Some("li".into())), Some(&3));
    assert_eq!(who.get(&Some("wang".into())), Some(&3));
    assert_eq!(who.get(&None), Some(&1));
    let waiting = s.desk.find(&Query::new().queued(), None, Default::default()).unwrap().items;
    assert_eq!(waiting.len(), 1);
    let journal = s.desk.journal(waiting[0].id).unwrap();
    assert!(
        journal.iter().flat_map(|e| &e.events).any(|c| matches!(&c.event, Event::RouteFailed { reason, .. } if reason == "at-capacity"))
    );
    // By hand one may exceed, and it is flagged.
    let t = s.as_agent("li", &waiting[0], What::Assign("li".into()));
    assert!(t.over_capacity);
    // Done tickets free their slots; the next waiting one is offered.
    let t2 = route(&s.create());
    assert_eq!(t2.assignee, None);
    let of_wang = s.desk.find(&Query::new().assignee("wang"), None, Default::default()).unwrap().items;
    s.as_agent("wang", &of_wang[0], What::transition("resolve"));
    assert_eq!(s.desk.dispatch().unwrap(), 1);
    assert_eq!(s.get(&t2).assignee.as_ref().map(AgentId::as_str), Some("wang"));
}

#[test]
fn s38_a_call_answered_live_meets_the_first_response() {
    let s = Stage::starter();
    let mut new = NewTicket::new("question", "called", "ann", "phone");
    new.call = Some(NewMessage::new("talked it through"));
    let t = s.create_as(Actor::agent("li"), new);
    let first = t.closed_clocks.iter().find(|c| c.id.metric == "first_response");
    assert_eq!(first.map(|c| c.outcome), Some(Outcome::Met), "{:?}", t.clocks);
}

#[test]
fn preview_writes_nothing_and_available_agrees() {
    let s = Stage::starter();
    let t = s.create();
    let c = Command::on(t.id, "p", Actor::agent("li"), What::transition("start"));
    let p = s.desk.preview(&c).unwrap();
    assert_eq!(p.ticket.state, "open");
    assert_eq!(s.get(&t), t);
    for offer in s.desk.available(t.id, &Actor::agent("li")).unwrap() {
        let c = Command::on(t.id, "q", Actor::agent("li"), What::transition(&offer.transition));
        let done = s.desk.preview(&c);
        assert_eq!(done.is_ok(), offer.refusal.reasons.is_empty(), "{}: {:?}", offer.transition, offer.refusal);
    }
}

#[test]
fn s41_a_breach_is_recorded_at_its_due_instant_and_then_the_ticket_sleeps() {
    let s = Stage::starter();
    let t = s.create();
    let due = t.clock("first_response").unwrap().due.unwrap();
    s.clock.set(due);
    assert_eq!(s.desk.sweep(due).unwrap().fired, 0, "people win ties");
    s.clock.set(due + chrono::TimeDelta::microseconds(1));
    assert_eq!(s.desk.sweep(s.desk.now()).unwrap().fired, 1);
    let t = s.get(&t);
    assert_eq!(t.clock("first_response").unwrap().breached_at, Some(due));
    assert!(t.overdue() && t.due() == Some(due));
    for _ in 0..20 {
        s.pass(60 * 24 * 3);
        s.desk.sweep(s.desk.now()).unwrap();
    }
    assert_eq!(s.get(&t).wake_at, None);
}

#[test]
fn s41_what_is_overdue_has_been_so_since_the_target_was_used_up() {
    let s = Stage::starter();
    let t = s.create();
    // 4bh from 10:00: due 14:00. Breached, then it waits on the requester for an hour.
    let due = at("2025-10-09T14:00:00Z");
    assert_eq!(t.due(), Some(due));
    s.pass(300);
    let t = s.as_agent("li", &t, What::transition("start"));
    assert_eq!((t.due(), t.clock("first_response").unwrap().breached_at), (Some(due), Some(due)));
    let t = s.as_agent("li", &t, What::transition("wait"));
    s.pass(60);
    let t = s.as_requester(&t, What::reply("still burning"));
    let c = t.clock("first_response").unwrap();
    assert_eq!(c.due, Some(due), "not an instant inside the pause");
    assert_eq!(s.desk.verify(t.id).unwrap(), None);
}

#[test]
fn s16_a_reply_that_comes_too_late_to_reopen_is_refused_and_says_what_to_do() {
    let s = Stage::starter();
    let t = s.create();
    s.as_agent("li", &t, What::transition("start"));
    let t = s.as_agent("li", &t, What::transition("resolve"));
    s.pass(60);
    assert_eq!(s.as_requester(&t, What::reply("no, it is not")).state, "open");
    let t = s.as_agent("li", &t, What::transition("resolve"));
    s.pass(60 * 24 * 8);
    let before = s.get(&t);
    let r = refusal(s.try_as(Actor::requester("ann"), &t, What::reply("again!")));
    assert!(r.has("closed-for-good"), "{r}");
    let after = s.get(&t);
    assert!(after.class.is_final() && after.conversation == before.conversation);
    // An agent writes as before, and mail opens a ticket that follows up.
    s.as_agent("li", &t, What::reply("are you well?"));
    let mut mail = s.mail("<late>", None, "again!");
    mail.number = Some(t.number);
    let follow = s.desk.receive(mail).unwrap().ticket;
    assert!(follow.id != t.id && follow.links.iter().any(|l| l.to == LinkTarget::Ticket(t.id)), "{:?}", follow.links);
}

/// What a host draws: fields with kind and options, what is there already, whether a comment is needed, and what no answer removes.
#[test]
fn s2_a_form_asks_for_what_the_transition_needs() {
    let flow = include_str!("../../../src/playbook/starter/workflows/question.toml");
    let resolve = "name = \"resolve\"\n";
    assert!(flow.contains(resolve));
    let flow =
        flow.replacen(resolve, "name = \"resolve\"\nrequired = [\"impact\", \"organisation\"]\noptional = [\"urgency\", \"subject\"]\n", 1);
    let s = Stage::with(&[("workflows/question.toml", &flow)]);
    let t = s.create();
    s.as_agent("li", &t, What::transition("start"));
    let (li, resolve) = (Actor::agent("li"), TransitionName::new("resolve"));
    assert!(s.desk.form(t.id, &"start".into(), &li).unwrap().is_none(), "it does not leave the state");
    let form = s.desk.form(t.id, &resolve, &li).unwrap().unwrap();
    assert!(form.refusal.reasons.is_empty() && !form.comment_required);
    let asked: Vec<_> = form.fields.iter().map(|f| (f.attribute.name(), f.required, f.present.is_some())).collect();
    assert_eq!(asked, [("impact", true, false), ("organisation", true, false), ("urgency", false, false), ("subject", false, true)]);
    let FieldKind::Ordered(impact) = &form.fields[0].kind else { panic!("{:?}", form.fields[0]) };
    assert!(impact.has("high"));
    assert_eq!(form.missing().count(), 2);
    // The requester may not, and no answer changes that.
    let ann = s.desk.form(t.id, &resolve, &Actor::requester("ann")).unwrap().unwrap();
    assert!(ann.refusal.has("role") && !ann.refusal.has("required"), "{}", ann.refusal);
    // What the form asked for is enough.
    let fields = vec![(Attribute::Impact, Some(Value::choice("high"))), (Attribute::Organisation, Some(Value::text("acme")))];
    let what = TransitionInput::new(&resolve).fields(fields).into();
    assert!(s.as_agent("li", &t, what).class.is_final());
    assert_eq!(serde_json::to_value(&form).unwrap()["fields"][0]["required"], true);
}

#[test]
fn what_is_not_there_cannot_be_verified() {
    let s = Stage::starter();
    let Err(Error::Refused(r)) = s.desk.verify(TicketId::from_u128(7)) else { panic!("verified nothing") };
    assert!(r.has("no-ticket"));
}
