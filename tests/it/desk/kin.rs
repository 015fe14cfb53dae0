//! Several tickets in one commit, on a desk: one behaviour on every store, all or nothing, two writers at once (S13, S57).

use super::stores::{Trouble, Wrapped};
use crate::engine::kin::{child, flow, li, new, sound, stage};
use crate::engine::stage::{Stage, playbook};
use ticketry::desk::Error;
use ticketry::engine::{Command, KinCommand, What};
use ticketry::id::*;
use ticketry::playbook::Playbook;
use ticketry::store::{AnyStore, Limit, Query};
use ticketry::ticket::*;

const TAKE: &str = "[children]\non_end = \"take\"\ntake = \"resolve\"\non_reopen = \"reopen\"\nbroadcast = true";

fn over(children: &str, store: AnyStore) -> Stage {
    Stage::over(playbook(&Playbook::starter_source().with("workflows/question.toml", flow(children))), store)
}

/// A little of everything.
#[cfg(feature = "redb")]
fn live(s: &Stage) -> Vec<TicketId> {
    let parent = s.create();
    let (a, b) = (child(s, &parent, true), child(s, &parent, false));
    s.pass(10);
    s.as_agent("li", &parent, What::reply("for all"));
    s.as_agent("li", &parent, What::transition("resolve"));
    s.pass(10);
    s.as_agent("li", &parent, What::transition("reopen"));
    let (dup, survivor) = (s.create(), s.create());
    li(s, &dup, KinCommand::Link { kind: "blocked-by".into(), to: b.id });
    li(s, &dup, KinCommand::Merge { into: survivor.id });
    s.pass(10);
    s.as_requester(&dup, What::reply("hello?"));
    li(s, &dup, KinCommand::UndoMerge);
    let last = s.get(&survivor).conversation.last.unwrap();
    let split = KinCommand::Split { messages: vec![(last.revision, last.index)], new: Box::new(new("apart")) };
    let old = li(s, &survivor, split);
    let LinkTarget::Ticket(apart) = old.links.last().unwrap().to else { panic!() };
    vec![parent.id, a.id, b.id, dup.id, survivor.id, apart]
}

#[cfg(feature = "redb")]
#[test]
fn every_store_makes_the_same_of_several_tickets_in_one_commit() {
    use ticketry::store::{MemoryStore, RedbStore};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kin.tickets");
    let journals = |s: &Stage, ids: &[TicketId]| -> Vec<Vec<Entry>> { ids.iter().map(|id| s.desk.journal(*id).unwrap()).collect() };
    let memory = over(TAKE, AnyStore::new(MemoryStore::new()));
    let ids = live(&memory);
    let expected = journals(&memory, &ids);
    {
        let file = over(TAKE, AnyStore::new(RedbStore::create(&path).unwrap()));
        assert_eq!(live(&file), ids);
        assert_eq!(journals(&file, &ids), expected);
        for id in &ids {
            sound(&file, &file.desk.ticket(*id).unwrap());
        }
    }
    let again = over(TAKE, AnyStore::new(RedbStore::open(&path).unwrap()));
    assert_eq!(journals(&again, &ids), expected);
    for id in &ids {
        assert_eq!(again.desk.ticket(*id).unwrap(), memory.desk.ticket(*id).unwrap());
    }
}

#[test]
fn s13_of_what_a_store_refuses_nothing_is_left_and_a_conflict_is_tried_again() {
    let wrapped = Wrapped::new(false);
    let s = over(TAKE, AnyStore::new(wrapped.clone()));
    let parent = s.create();
    let kid = child(&s, &parent, true);
    let before = (s.get(&parent), s.get(&kid));
    let resolve = |key: &str| s.desk.submit(Command::on(parent.id, key, Actor::agent("li"), What::transition("resolve")));
    wrapped.next([Trouble::Unavailable]);
    assert!(matches!(resolve("a"), Err(e) if e.retryable()));
    assert_eq!((s.get(&parent), s.get(&kid)), before);
    // Kept, but the answer was lost: asked again, the first answer comes, of the ticket that was asked about.
    wrapped.next([Trouble::AnswerLost]);
    assert!(resolve("b").is_err());
    assert!(!s.get(&parent).is_open() && !s.get(&kid).is_open());
    let again = resolve("b").unwrap();
    assert!(again.repeated && again.ticket.id == parent.id);
    assert_eq!(again.receipt.unwrap().tickets.len(), 2);
    // A conflict on any of them is decided anew.
    wrapped.next([Trouble::Conflict]);
    s.as_agent("li", &parent, What::transition("reopen"));
    assert!(s.get(&parent).is_open() && s.get(&kid).is_open());
    for t in [&parent, &kid] {
        sound(&s, t);
    }
}

#[test]
fn s13_a_parent_that_ends_and_a_child_that_comes_never_pass_each_other() {
    let s = stage("");
    let parents: Vec<_> = (0..24).map(|_| s.create().id).collect();
    let desk = &s.desk;
    std::thread::scope(|scope| {
        for (name, add) in [("adds", true), ("ends", false), ("adds-too", true)] {
            let parents = &parents;
            scope.spawn(move || {
                for p in parents {
                    let what = match add {
                        true => What::Kin(KinCommand::AddChild { new: Box::new(new("a part")), blocking: true }),
                        false => What::transition("resolve"),
                    };
                    loop {
                        match desk.submit(Command::on(*p, format!("{name}-{p}"), Actor::agent("li"), what.clone())) {
                            Ok(_) | Err(Error::Refused(_)) => break,
                            Err(e) => assert!(e.retryable(), "{e:?}"),
                        }
                    }
                }
            });
        }
    });
    for p in parents {
        let parent = s.desk.ticket(p).unwrap();
        assert_eq!(parent.is_open(), !parent.kin.children.is_empty(), "{:?}", parent.kin);
        sound(&s, &parent);
    }
}

#[test]
fn s57_two_that_merge_into_each_other_at_once_leave_one() {
    let s = stage("");
    let pairs: Vec<_> = (0..16).map(|_| (s.create().id, s.create().id)).collect();
    let desk = &s.desk;
    std::thread::scope(|scope| {
        for there in [true, false] {
            let pairs = &pairs;
            scope.spawn(move || {
                for (a, b) in pairs {
                    let (t, into) = if there { (*a, *b) } else { (*b, *a) };
                    let command = Command::on(t, format!("{there}-{t}"), Actor::agent("li"), What::Kin(KinCommand::Merge { into }));
                    loop {
                        match desk.submit(command.clone()) {
                            Ok(_) | Err(Error::Refused(_)) => break,
                            Err(e) => assert!(e.retryable(), "{e:?}"),
                        }
                    }
                }
            });
        }
    });
    for (a, b) in pairs {
        let (a, b) = (s.desk.ticket(a).unwrap(), s.desk.ticket(b).unwrap());
        assert!(a.is_open() != b.is_open());
        sound(&s, &a);
        sound(&s, &b);
    }
}

#[test]
fn s26_children_whose_time_comes_together_all_end_in_one_sweep_and_their_parent_knows() {
    let s = stage("[[timed]]\nfrom = \"pending\"\nafter = \"1h\"\ntransition = \"resolve\"\n[children]\nwhen_all_ended = \"resolve\"");
    let parent = s.create();
    let kids: Vec<_> = (0..7).map(|_| child(&s, &parent, true)).collect();
    for k in &kids {
        s.as_agent("li", k, What::transition("wait"));
    }
    s.pass(61);
    let swept = s.desk.sweep(s.desk.now()).unwrap();
    assert!(swept.failed.is_empty(), "{swept:?}");
    assert!(kids.iter().all(|k| !s.get(k).is_open()));
    let parent = s.get(&parent);
    assert!(parent.kin.open_children().next().is_none() && parent.state == "resolved");
    assert_eq!(s.desk.count(&Query::new().open(), &[]).unwrap().total, 0);
    sound(&s, &parent);
    assert!(s.desk.find(&Query::new(), None, Limit::MAX).unwrap().items.len() == 8);
}

#[test]
fn what_a_preview_shows_of_others_is_written_nowhere() {
    let s = stage(TAKE);
    let parent = s.create();
    let kid = child(&s, &parent, true);
    let would = s.desk.preview(&Command::on(parent.id, "p", Actor::agent("li"), What::transition("resolve"))).unwrap();
    assert_eq!(would.commit.writes.len(), 2);
    assert!(!would.ticket.is_open());
    assert!(s.get(&kid).is_open() && s.get(&parent).is_open());
}

#[test]
fn s13_two_that_become_each_others_parents_at_once_leave_one_above() {
    let s = stage("");
    let triples: Vec<[TicketId; 3]> = (0..12).map(|_| [s.create().id, s.create().id, s.create().id]).collect();
    let desk = &s.desk;
    std::thread::scope(|scope| {
        for n in 0..3usize {
            let triples = &triples;
            scope.spawn(move || {
                for t in triples {
                    let attach = KinCommand::Attach { parent: t[(n + 1) % 3], blocking: true };
                    let command = Command::on(t[n], format!("{n}-{}", t[n]), Actor::agent("li"), What::Kin(attach));
                    loop {
                        match desk.submit(command.clone()) {
                            Ok(_) | Err(Error::Refused(_)) => break,
                            Err(e) => assert!(e.retryable(), "{e:?}"),
                        }
                    }
                }
            });
        }
    });
    for t in triples {
        let with_parent = t.iter().filter(|id| s.desk.ticket(**id).unwrap().kin.parent.is_some()).count();
        assert_eq!(with_parent, 2, "the third would close the circle");
    }
}

#[cfg(feature = "rhai")]
#[test]
fn what_is_made_on_the_way_is_answered_and_gets_an_agent_at_once() {
    let s = Stage::with(&[("rules/queue.rhai", "rule(\"queue\").on(\"created\").then(|t| t.route(\"support\"));\n")]);
    let parent = s.create();
    assert!(parent.assignee.is_some());
    let add = KinCommand::AddChild { new: Box::new(new("a part")), blocking: true };
    let command = Command::on(parent.id, "add", Actor::agent("li"), What::Kin(add));
    let done = s.desk.submit(command.clone()).unwrap();
    let [kid] = done.others.as_slice() else { panic!("{:?}", done.others) };
    assert!(kid.kin.parent == Some(parent.reference()) && kid.assignee.is_some(), "{kid:?}");
    assert_eq!(s.get(kid), *kid);
    let again = s.desk.submit(command).unwrap();
    assert!(again.repeated && again.others[0].id == kid.id);
}
