//! A playbook active for some types or groups first (S89).

use crate::engine::stage::{Stage, playbook};
use chrono::TimeDelta;
use std::sync::Arc;
use ticketry::desk::{Error, Recalculation, Subset};
use ticketry::engine::{NewTicket, What};
use ticketry::id::*;
use ticketry::playbook::Playbook;
use ticketry::store::{AnyStore, MemoryStore};
use ticketry::ticket::*;

const FIRST: &str = "default = \"4bh\"";

/// The starter with a second type and a second group, its first response due after so long, and something replaced in `playbook.toml`.
fn desk(first: &str, replaced: (&str, &str)) -> Playbook {
    let mut source = Playbook::starter_source();
    let more = "\n[types.request]\nlabel = { en = \"Request\", zh = \"请求\" }\nworkflow = \"question\"\n\n[fields]\nsize = { type = \"choice\", values = [\"s\", \"m\"], label = { en = \"Size\", zh = \"尺寸\" } }\n";
    let groups = "[groups]\nworkshop = { label = { en = \"Workshop\", zh = \"维修组\" } }\n";
    let head = source.get("playbook.toml").unwrap().replacen("[groups]\n", groups, 1) + more;
    assert!(head.contains(replaced.0));
    source.add("playbook.toml", head.replacen(replaced.0, replaced.1, 1));
    let sla = source.get("sla/customer.toml").unwrap().replacen(FIRST, &format!("default = \"{first}\""), 1);
    source.add("sla/customer.toml", sla);
    playbook(&source)
}
fn plain(first: &str) -> Playbook {
    desk(first, ("", ""))
}
fn hand_off(group: &str, reason: &str) -> What {
    What::HandOff { group: group.into(), skills: Default::default(), reason: reason.into() }
}
fn create(s: &Stage, kind: &str) -> Arc<Ticket> {
    s.create_as(Actor::requester("ann"), NewTicket::new(kind, "x", "ann", "mail"))
}
/// In how many hours after it began the first response is due.
fn hours(t: &Ticket) -> i64 {
    let clock = t.clock("first_response").unwrap();
    (clock.due.unwrap() - t.created_at).num_hours()
}
fn all(s: &Stage, mut r: Recalculation) {
    while !r.done {
        s.desk.recalculate(&mut r, 2).unwrap();
    }
}
fn decided_by(s: &Stage, t: &Ticket) -> Digest {
    s.desk.journal(t.id).unwrap().last().unwrap().playbook
}
fn sound(s: &Stage, tickets: &[&Arc<Ticket>]) {
    for t in tickets {
        assert_eq!(Ticket::fold(&s.desk.journal(t.id).unwrap()).unwrap(), *s.get(t));
        assert_eq!(s.desk.verify(t.id).unwrap().map(|u| format!("{u:?}")), None);
    }
}

#[test]
fn s89_a_trial_concerns_its_types_alone_and_each_entry_says_what_decided_it() {
    let s = Stage::of(plain("4bh"));
    let (question, request) = (create(&s, "question"), create(&s, "request"));
    let main = s.desk.playbook().digest();
    let begun = s.desk.begin_trial(plain("2bh"), Subset::new().types(["request"])).unwrap();
    assert_eq!((begun.before, s.desk.desk().trials().len()), (main, 1));
    let trial = begun.now;
    all(&s, begun.recalculation);
    assert_eq!((hours(&s.get(&question)), hours(&s.get(&request))), (4, 2));
    assert_eq!((decided_by(&s, &question), decided_by(&s, &request)), (main, trial));
    let (new_question, new_request) = (create(&s, "question"), create(&s, "request"));
    assert_eq!((hours(&new_question), hours(&new_request)), (4, 2));
    assert_eq!(s.desk.playbook().digest(), main, "the desk's own playbook stays");
    s.pass(30);
    let noted = s.as_agent("li", &new_request, What::note("x"));
    assert_eq!((decided_by(&s, &noted), hours(&noted)), (trial, 2));
    let ended = s.desk.end_trials().unwrap().unwrap();
    assert_eq!((ended.before, ended.now), (trial, main));
    all(&s, ended.recalculation);
    for t in [&question, &request, &new_question, &new_request] {
        assert_eq!(hours(&s.get(t)), 4);
    }
    assert!(s.desk.end_trials().unwrap().is_none() && s.desk.desk().trials().is_empty());
    sound(&s, &[&question, &request, &new_question, &new_request]);
}

#[test]
fn s89_a_ticket_that_comes_into_the_groups_of_a_trial_adopts_it_then_and_gives_it_up_when_it_leaves() {
    let s = Stage::of(plain("8bh"));
    s.desk.begin_trial(plain("2bh"), Subset::new().groups(["workshop"])).unwrap();
    let t = create(&s, "question");
    assert_eq!(hours(&t), 24, "eight open hours end tomorrow");
    s.pass(60);
    s.as_agent("li", &t, hand_off("workshop", "to be mended"));
    let t = s.get(&t);
    assert_eq!((t.group.as_ref().unwrap().as_str(), hours(&t)), ("workshop", 2));
    // Nothing waits for the next command: the clock of the trial wakes in time.
    s.pass(61);
    s.desk.sweep(s.desk.now()).unwrap();
    assert!(s.get(&t).clock("first_response").unwrap().breached_at.is_some());
    let other = create(&s, "question");
    s.as_agent("li", &other, hand_off("workshop", "to be mended"));
    s.as_agent("li", &other, hand_off("support", "not ours"));
    assert_eq!(hours(&s.get(&other)), 24, "{:?}", s.get(&other).clock("first_response"));
    sound(&s, &[&t, &other]);
}

#[test]
fn s89_s46_it_does_not_matter_when_anybody_looks() {
    let run = |looks: bool| {
        let s = Stage::of(plain("4bh"));
        let tickets: Vec<_> = ["question", "request", "request"].iter().map(|k| create(&s, k)).collect();
        let mut last = None;
        let mut look = |swapped: Recalculation| {
            if looks {
                all(&s, swapped);
                s.desk.sweep(s.desk.now()).unwrap();
            } else {
                last = Some(swapped);
            }
        };
        s.pass(10);
        look(s.desk.begin_trial(plain("1bh"), Subset::new().types(["request"])).unwrap().recalculation);
        // Under the trial it is late, under the other it is not.
        s.pass(90);
        look(s.desk.end_trials().unwrap().unwrap().recalculation);
        s.pass(10);
        look(s.desk.begin_trial(plain("3bh"), Subset::new().types(["request"])).unwrap().recalculation);
        s.pass(30);
        look(s.desk.swap(plain("3bh")).unwrap().recalculation);
        s.pass(300);
        s.desk.sweep(s.desk.now()).unwrap();
        if let Some(last) = last {
            all(&s, last);
        }
        let events = |t: &Arc<Ticket>| -> Vec<String> {
            sound(&s, &[t]);
            let journal = s.desk.journal(t.id).unwrap();
            journal.iter().flat_map(|e| &e.events).map(|c| format!("{:?}", c.event)).filter(|e| !e.contains("Playbook")).collect()
        };
        tickets.iter().map(events).collect::<Vec<_>>()
    };
    let (at_once, late) = (run(true), run(false));
    assert!(at_once[1].iter().any(|e| e.contains("Breached")), "{:#?}", at_once[1]);
    assert_eq!(at_once, late);
}

#[test]
fn s89_names_that_are_gone_count_only_where_the_trial_is() {
    const SIZES: &str = "values = [\"s\", \"m\"]";
    let s = Stage::of(plain("4bh"));
    let sized =
        |kind: &str, size: &str| NewTicket { fields: vec![("size".into(), Value::from(size))], ..NewTicket::new(kind, "x", "ann", "mail") };
    let make = |new| s.create_as(Actor::requester("ann"), new);
    make(sized("question", "m"));
    let less = desk("4bh", (SIZES, "values = [\"s\"]"));
    let more = || desk("4bh", (SIZES, "values = [\"s\", \"m\", \"l\"]"));
    let requests = || Subset::new().types(["request"]);
    s.desk.begin_trial(less.clone(), requests()).unwrap();
    s.desk.end_trials().unwrap();
    make(sized("request", "m"));
    match s.desk.begin_trial(less, requests()).unwrap_err() {
        Error::NamesRemoved { count, names } => assert_eq!((count, names.as_str()), (1, "value of size `m` (1)")),
        other => panic!("{other}"),
    }
    assert!(s.desk.desk().trials().is_empty());
    // What only the trial has keeps it from ending while it is used.
    s.desk.begin_trial(more(), requests()).unwrap();
    let large = make(sized("request", "l"));
    assert!(matches!(s.desk.end_trials().unwrap_err(), Error::NamesRemoved { count: 1, .. }));
    assert!(matches!(s.desk.swap(plain("4bh")).unwrap_err(), Error::NamesRemoved { count: 1, .. }));
    assert_eq!(s.desk.desk().trials().len(), 1, "nothing was changed");
    s.desk.swap(more()).unwrap();
    assert!(s.desk.desk().trials().is_empty());
    sound(&s, &[&large]);
}

#[test]
fn s89_a_message_is_decided_by_the_playbook_of_the_ticket_it_belongs_to() {
    let s = Stage::of(plain("4bh"));
    let mut first = s.mail("m0", None, "help");
    first.kind = "request".into();
    let request = s.desk.receive(first).unwrap().ticket;
    let trial = s.desk.begin_trial(plain("2bh"), Subset::new().types(["request"])).unwrap().now;
    let main = s.desk.playbook().digest();
    let onto = s.desk.receive(s.mail("m1", Some(&request), "more of it")).unwrap().ticket;
    assert_eq!((onto.id, decided_by(&s, &onto), hours(&onto)), (request.id, trial, 2));
    let new = s.desk.receive(s.mail("m2", None, "another")).unwrap().ticket;
    assert_eq!((new.kind.as_str(), decided_by(&s, &new)), ("question", main));
}

#[test]
fn s89_a_desk_that_starts_again_goes_on_with_its_trial() {
    let store = AnyStore::new(MemoryStore::new());
    let before = Stage::over(plain("4bh"), store.clone());
    let (question, request) = (create(&before, "question"), create(&before, "request"));
    before.pass(5);
    let begun = before.desk.begin_trial(plain("2bh"), Subset::new().types(["request"])).unwrap();
    let subset = before.desk.desk().trials()[0].1.clone();
    let subset: Subset = serde_json::from_str(&serde_json::to_string(&subset).unwrap()).unwrap();
    let s = Stage::opened(|b| b.trial(plain("2bh").active_since(begun.since), subset), plain("4bh"), store);
    s.clock.set(begun.since + TimeDelta::hours(3));
    s.desk.sweep(s.desk.now()).unwrap();
    let late = |t| s.get(t).clock("first_response").unwrap().breached_at.is_some();
    // Nothing was foreseen in this process, so it takes a look to find what the trial lets be due earlier.
    s.key();
    s.key();
    s.as_agent("li", &request, What::note("x"));
    assert_eq!((late(&question), late(&request)), (false, true));
    sound(&s, &[&question, &request]);
}
