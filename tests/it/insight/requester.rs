//! What the person who asked may see (S68).

use crate::engine::stage::{Stage, at};
use crate::scale;
use proptest::prelude::*;
use ticketry::diagnostic::{Source, text};
use ticketry::engine::{TransitionInput, What};
use ticketry::id::RequesterId;
use ticketry::insight::{Projection, RequesterView, Seen, Whose, Writer};
use ticketry::playbook::Playbook;
use ticketry::ticket::{Actor, Ticket, Value};

/// The starter with a field that only leads may read, and one for everybody.
fn source() -> Source {
    let head = Playbook::starter_source().get("playbook.toml").unwrap().to_string();
    let fields = r#"
[fields]
cost = { type = "text", label = { en = "Cost", zh = "成本" }, max = 200, read = ["lead"] }
room = { type = "text", label = { en = "Room", zh = "房间" }, max = 200 }
"#;
    Playbook::starter_source().with("playbook.toml", head + fields)
}

fn stage() -> Stage {
    Stage::of(crate::engine::stage::playbook(&source()))
}

fn view(s: &Stage, t: &Ticket, projection: &Projection) -> RequesterView {
    s.desk.requester_view(t.id, &t.requester, projection).unwrap()
}

fn stages(v: &RequesterView) -> Vec<&str> {
    v.timeline
        .iter()
        .filter_map(|m| match &m.what {
            Seen::Opened { stage } | Seen::Stage { stage } => Some(stage.label.en.as_str()),
            _ => None,
        })
        .collect()
}

#[test]
fn s68_the_requester_sees_stages_messages_and_what_comes_next() {
    let s = stage();
    let t = s.create();
    let v = view(&s, &t, &Projection::default());
    let next = v.expected.unwrap();
    assert_eq!((v.stage.label.zh.as_str(), v.number, v.subject.as_str()), ("待处理", t.number, "the printer is on fire"));
    assert!(matches!(&next.whose, Whose::Desk { party } if party.en == "group"), "{next:?}");
    assert_eq!((next.towards.map(|s| s.label.en), next.by_itself), (Some("Open".into()), false));
    s.pass(10);
    s.as_agent("li", &t, What::reply("have you tried turning it off?"));
    s.as_agent("li", &t, What::note("this customer always shouts"));
    s.as_agent("li", &t, What::transition("wait"));
    let v = view(&s, &t, &Projection::default());
    assert_eq!(stages(&v), ["New", "Waiting for the requester"]);
    assert_eq!((v.since, v.expected.unwrap().whose), (at("2025-10-09T10:10:00Z"), Whose::Yours));
    let said: Vec<_> =
        v.timeline.iter().filter_map(|m| if let Seen::Message { from, body, .. } = &m.what { Some((from, body)) } else { None }).collect();
    assert_eq!(said.last().unwrap(), &(&Writer::Desk { name: None, automatic: false }, &"have you tried turning it off?".to_string()));
    // Whose names may be shown is the host's to say.
    let named = view(&s, &t, &Projection { names: true, ..Projection::default() });
    assert!(
        named.timeline.iter().any(|m| matches!(&m.what, Seen::Message { from: Writer::Desk { name: Some(n), .. }, .. } if *n == *"li"))
    );
}

#[test]
fn s68_a_resolved_ticket_says_when_it_closes_by_itself_and_a_rating_is_seen() {
    let s = stage();
    let t = s.create();
    s.as_agent("li", &t, What::transition("resolve"));
    s.as_requester(&t, What::Rate { stars: 4, comment: "fine".into() });
    let v = view(&s, &t, &Projection::default());
    let next = v.expected.unwrap();
    assert_eq!((next.whose, next.by_itself, next.towards.map(|s| s.label.en)), (Whose::Nobody, true, Some("Closed".into())));
    assert!(next.by.unwrap() > s.desk.now());
    assert!(v.timeline.iter().any(|m| m.what == Seen::Rated { stars: 4 }) && v.timeline.iter().any(|m| m.what == Seen::RatingAsked));
    s.pass(60 * 24 * 30);
    let v = view(&s, &t, &Projection::default());
    assert_eq!(v.expected, None, "a time that has passed is not shown");
}

#[test]
fn s68_s79_a_promise_is_shown_while_it_is_to_come_and_then_that_it_is_late() {
    let s = stage();
    let t = s.create();
    let due = t.due_under(ticketry::ticket::Agreement::Customer).unwrap();
    let v = view(&s, &t, &Projection::default());
    assert_eq!((v.promised, v.late, v.expected.unwrap().by), (Some(due), false, Some(due)));
    // Nobody has swept.
    s.pass(60 * 24 * 20);
    let v = view(&s, &t, &Projection::default());
    assert_eq!((v.promised, v.late, v.expected.unwrap().by), (None, true, None));
}

#[test]
fn s68_states_with_one_label_are_one_stage_and_a_strangers_ticket_is_none() {
    let s = stage();
    let t = s.create();
    s.as_agent("li", &t, What::transition("start"));
    let labels = [("new".into(), text("In work", "处理中")), ("open".into(), text("In work", "处理中"))].into();
    let v = view(&s, &t, &Projection { labels, ..Projection::default() });
    assert_eq!((stages(&v), v.since), (vec!["In work"], t.created_at));
    let refused = s.desk.requester_view(t.id, &RequesterId::new("bob"), &Projection::default()).unwrap_err();
    assert!(refused.refusal().is_some_and(|r| r.has("no-ticket")), "{refused:?}");
}

#[test]
fn s68_a_field_is_seen_by_whom_may_read_it() {
    let s = stage();
    let t = s.create();
    s.as_agent("zhao", &t, What::set("cost", Value::text("SECRET-1")));
    s.as_agent("li", &t, What::set("room", Value::text("B 12")));
    let v = view(&s, &t, &Projection::default());
    assert_eq!(v.fields.keys().map(|k| k.as_str()).collect::<Vec<_>>(), ["room"]);
    let json = serde_json::to_string(&v).unwrap();
    assert!(json.contains("B 12") && !json.contains("SECRET"), "{json}");
    let lead = view(&s, &t, &Projection { roles: vec!["lead".into()], ..Projection::default() });
    assert_eq!(lead.fields.len(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(scale::pick(24, 128, 1_000)) })]

    /// Whatever happens on a ticket, no internal word and no restricted value reaches its requester: everything internal is written with a mark.
    #[test]
    fn s68_nothing_internal_is_ever_in_the_requesters_view(steps in prop::collection::vec((0u8..14, any::<u8>()), 1..40), names in any::<bool>()) {
        let s = stage();
        let t = s.create();
        for (i, (what, pick)) in steps.iter().enumerate() {
            s.pass(i64::from(*pick) * 7);
            let moves = ["start", "wait", "answer", "resolve", "reopen", "close", "cancel"];
            let by = Actor::agent(["li", "wang", "zhao"][usize::from(*pick) % 3]);
            let secret = format!("SECRET-{i}");
            let (by, what) = match what {
                0..=3 => (by, TransitionInput::new(moves[usize::from(*pick) % moves.len()]).maybe_comment((pick % 2 == 0).then_some(secret.as_str().into())).into()),
                4 | 5 => (by, What::note(&*secret)),
                6 => (Actor::agent("zhao"), What::set("cost", Value::text(&*secret))),
                7 => (by, What::reply("open words")),
                8 => (Actor::requester("ann"), What::reply("my words")),
                9 => (by, What::HandOff { group: "support".into(), skills: Default::default(), reason: secret }),
                10 => (by, What::Release { reason: secret }),
                11 => (by, What::Tag { add: [secret.as_str().into()].into(), remove: Default::default() }),
                12 => (by, What::SetOwner(Some("wang".into()))),
                _ => (by, What::set("impact", "high")),
            };
            let _ = s.try_as(by, &t, what);
        }
        let v = view(&s, &t, &Projection { names, ..Projection::default() });
        let json = serde_json::to_string(&v).unwrap();
        prop_assert!(!json.contains("SECRET"), "{json}");
        if !names {
            for name in ["\"li\"", "\"wang\"", "\"zhao\"", "impact"] {
                prop_assert!(!json.contains(name), "{name} in {json}");
            }
        }
        // No time that is shown as still to come lies in the past (S79).
        let now = s.desk.now();
        prop_assert!(v.promised.is_none_or(|p| p >= now) && v.expected.as_ref().and_then(|e| e.by).is_none_or(|b| b >= now));
        prop_assert!(v.timeline.windows(2).all(|m| m[0].at <= m[1].at));
    }
}

#[test]
fn s57_s68_a_merge_undone_is_seen_by_everybody() {
    let s = Stage::starter();
    let (t, survivor) = (s.create(), s.create());
    s.as_agent("li", &t, What::transition("start"));
    s.pass(60);
    s.as_agent("li", &t, What::Kin(ticketry::engine::KinCommand::Merge { into: survivor.id }));
    s.pass(60);
    s.as_agent("li", &t, What::Kin(ticketry::engine::KinCommand::UndoMerge));
    let (journal, playbook) = (s.desk.journal(t.id).unwrap(), s.desk.playbook());
    let view = RequesterView::of(&journal, &playbook, &Projection::default(), s.desk.now()).unwrap();
    let last = view.timeline.iter().rev().find_map(|m| if let Seen::Stage { stage } = &m.what { Some((stage, m.at)) } else { None });
    assert_eq!(last, Some((&view.stage, s.desk.now())));
    let flow = ticketry::insight::Flow::of(&journal);
    assert_eq!((flow.present("question", "open"), flow.present("question", "cancelled")), (1, 0));
    assert!(flow.growth().iter().all(|g| g.net() == i64::from(g.state == "open")));
    let life = ticketry::insight::Life::of(&journal, &playbook);
    assert!(life.steps.last().unwrap().what.en.starts_with("is by itself again"), "{life:?}");
}
