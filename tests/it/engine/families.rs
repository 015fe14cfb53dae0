//! Laws over random lives of several tickets: what one knows of another is so, and every journal tells its ticket (S13, S57).

use super::kin::{new, sound, stage};
use super::stage::Stage;
use crate::scale::pick;
use chrono::TimeDelta;
use proptest::prelude::*;
use ticketry::desk::Error;
use ticketry::engine::{Command, KinCommand, TransitionInput, What};
use ticketry::id::*;
use ticketry::ticket::*;

const POLICIES: [&str; 4] = [
    "",
    "[children]\non_end = \"take\"\ntake = \"resolve\"\non_reopen = \"reopen\"\nbroadcast = true",
    "[children]\non_end = \"leave\"\nwhen_all_ended = \"resolve\"\nwhen_child_reopens = \"reopen\"",
    // By itself a waiting one ends, and an open one tries to.
    "[[timed]]\nfrom = \"pending\"\nafter = \"6h\"\ntransition = \"resolve\"\n[[timed]]\nfrom = \"open\"\nafter = \"9h\"\ntransition = \"resolve\"\n[children]\non_end = \"take\"\ntake = \"close\"\nwhen_child_reopens = \"reopen\"",
];

#[derive(Clone, Debug)]
struct Step {
    minutes: i64,
    sweep: bool,
    a: usize,
    b: usize,
    what: u8,
    pick: u8,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0i64..400, any::<bool>(), 0..5usize, 0..5usize, 0..14u8, any::<u8>()).prop_map(|(minutes, sweep, a, b, what, pick)| Step {
        minutes,
        sweep,
        a,
        b,
        what,
        pick,
    });
    prop::collection::vec(step, 1..30)
}

fn what(step: &Step, other: TicketId) -> What {
    let moves = ["start", "wait", "answer", "resolve", "reopen", "close", "cancel", "resolve"];
    let kin = |c| What::Kin(c);
    match step.what {
        0..=3 => TransitionInput::new(moves[usize::from(step.pick) % moves.len()]).maybe_comment(Some("so".into())).into(),
        4 => What::reply("words"),
        5 => What::Assign(["li", "wang"][usize::from(step.pick) % 2].into()),
        6 => kin(KinCommand::Attach { parent: other, blocking: !step.pick.is_multiple_of(3) }),
        7 => kin(KinCommand::Detach),
        8 => kin(KinCommand::AddChild { new: Box::new(new("a part")), blocking: true }),
        9 => kin(KinCommand::Link { kind: ["blocked-by", "blocks", "related"][usize::from(step.pick) % 3].into(), to: other }),
        10 => kin(KinCommand::Unlink { kind: ["blocked-by", "blocks", "related"][usize::from(step.pick) % 3].into(), to: other }),
        11 | 12 => kin(KinCommand::Merge { into: other }),
        _ => kin(KinCommand::UndoMerge),
    }
}

fn everybody(s: &Stage) -> Vec<std::sync::Arc<Ticket>> {
    s.desk.find(&ticketry::store::Query::new(), None, ticketry::store::Limit::MAX).unwrap().items
}

/// What tickets know of each other is so.
fn check(all: &[std::sync::Arc<Ticket>]) -> Result<(), TestCaseError> {
    let get = |id: TicketId| all.iter().find(|t| t.id == id).unwrap();
    let mut slots = std::collections::BTreeSet::new();
    for t in all {
        for r in t.kin.children.iter().chain(&t.kin.waits) {
            prop_assert_eq!((r.open, r.number), (get(r.ticket).is_open(), get(r.ticket).number), "{} knows of {}", t.number, r.number);
        }
        for c in &t.kin.children {
            prop_assert_eq!(get(c.ticket).kin.parent, Some(t.reference()));
        }
        for w in &t.kin.waits {
            let back = Link { kind: Link::BLOCKS.into(), to: LinkTarget::Ticket(t.id) };
            prop_assert!(get(w.ticket).links.contains(&back));
        }
        if let Some(p) = t.kin.parent {
            prop_assert!(get(p.id).kin.children.iter().any(|c| c.ticket == t.id));
            let (mut up, mut steps) = (Some(p), 0);
            while let Some(p) = up {
                prop_assert!(p.id != t.id && steps < 20, "a circle");
                (up, steps) = (get(p.id).kin.parent, steps + 1);
            }
        }
        if let Some(into) = t.kin.merged_into {
            prop_assert!(t.class == StateClass::Cancelled && get(into.id).kin.merged.iter().any(|m| m.ticket == t.id));
        }
        for m in &t.kin.merged {
            prop_assert_eq!(get(m.ticket).kin.merged_into, Some(t.reference()));
        }
        for slot in &t.slots {
            prop_assert!(slots.insert((t.assignee.clone(), *slot)), "a slot held twice");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: pick(60, 600, 6000), ..ProptestConfig::default() })]

    #[test]
    fn s13_s57_what_tickets_know_of_each_other_is_so(policy in 0..POLICIES.len(), steps in steps()) {
        let s = stage(POLICIES[policy]);
        let first: Vec<TicketId> = (0..5).map(|_| { s.pass(7); s.create().id }).collect();
        for (i, step) in steps.iter().enumerate() {
            s.clock.set(s.desk.now() + TimeDelta::minutes(step.minutes));
            if step.sweep {
                let swept = s.desk.sweep(s.desk.now()).unwrap();
                prop_assert!(swept.failed.is_empty(), "{:?}", swept.failed);
            }
            let command = Command::on(first[step.a], format!("s{i}"), Actor::agent("li"), what(step, first[step.b]));
            let before = everybody(&s);
            match s.desk.submit(command) {
                Ok(_) => {}
                // All or nothing: of a refusal nothing is left, in no ticket.
                Err(Error::Refused(_)) => prop_assert_eq!(&everybody(&s), &before),
                Err(e) => prop_assert!(false, "{e:?}"),
            }
            check(&everybody(&s))?;
        }
        s.clock.set(s.desk.now() + TimeDelta::days(30));
        prop_assert!(s.desk.sweep(s.desk.now()).unwrap().failed.is_empty());
        let all = everybody(&s);
        check(&all)?;
        for t in &all {
            sound(&s, t);
        }
    }

    /// Undone at once, a merge leaves nothing but entries.
    #[test]
    fn s57_merge_and_undo_is_identity_whatever_was_before(steps in steps(), a in 0..5usize, b in 0..5usize) {
        let s = stage("");
        let first: Vec<TicketId> = (0..5).map(|_| { s.pass(7); s.create().id }).collect();
        for (i, step) in steps.iter().enumerate() {
            s.clock.set(s.desk.now() + TimeDelta::minutes(step.minutes));
            let _ = s.desk.submit(Command::on(first[step.a], format!("s{i}"), Actor::agent("li"), what(step, first[step.b])));
        }
        s.desk.sweep(s.desk.now() + TimeDelta::microseconds(1)).unwrap();
        let bare = |id: TicketId| {
            let mut t = (*s.desk.ticket(id).unwrap()).clone();
            (t.revision, t.updated_at) = (Revision::ZERO, t.created_at);
            // Of several merges into one ticket only the last is remembered in full.
            std::sync::Arc::make_mut(&mut t.kin).merged.iter_mut().for_each(|m| m.before = None);
            t
        };
        // Agents come to what waits, now as later.
        let before: Vec<Ticket> = first.iter().map(|id| bare(*id)).collect();
        let merge = Command::on(first[a], "merge", Actor::agent("li"), What::Kin(KinCommand::Merge { into: first[b] }));
        if s.desk.submit(merge).is_ok() {
            let undo = Command::on(first[a], "undo", Actor::agent("li"), What::Kin(KinCommand::UndoMerge));
            s.desk.submit(undo).unwrap();
            for (id, was) in first.iter().zip(&before) {
                prop_assert_eq!(&bare(*id), was);
                sound(&s, &s.desk.ticket(*id).unwrap());
            }
        }
    }
}
