//! Changing the playbook of a running desk.

use super::stores::{Trouble, Wrapped};
use crate::engine::stage::{Stage, playbook};
use chrono::TimeDelta;
use ticketry::desk::Error;
use ticketry::diagnostic::Lang;
use ticketry::engine::{Command, What};
use ticketry::playbook::Playbook;
use ticketry::store::AnyStore;
use ticketry::ticket::*;

/// The starter with its workflow at another version, and one thing of `sla/customer.toml` replaced: `old -> new`.
pub fn version(version: u32, change: &str) -> Playbook {
    let mut source = Playbook::starter_source();
    let edit = |path: &str, from: &str, to: &str, source: &mut ticketry::diagnostic::Source| {
        let content = source.get(path).unwrap().to_string();
        assert!(content.contains(from), "{path}: {from}");
        source.add(path.to_string(), content.replacen(from, to, 1));
    };
    edit("workflows/question.toml", "version = 1", &format!("version = {version}"), &mut source);
    if let Some((from, to)) = change.split_once(" -> ") {
        edit("sla/customer.toml", from, to, &mut source);
    }
    playbook(&source)
}

#[test]
fn a_swap_keeps_older_versions_and_recalculates_clocks() {
    let wrapped = Wrapped::new(false);
    let s = Stage::over(Playbook::starter().unwrap(), AnyStore::new(wrapped.clone()));
    let tickets: Vec<_> = (0..7).map(|_| s.create()).collect();
    let key = Command::on(tickets[0].id, "before", Actor::agent("li"), What::note("x"));
    s.desk.submit(key.clone()).unwrap();
    let due = tickets[1].clock("first_response").unwrap().due.unwrap();
    let mut swapped = s.desk.swap(version(2, "default = \"4bh\" -> default = \"2bh\"")).unwrap();
    assert_eq!((swapped.recalculation.total, swapped.recalculation.done), (7, false));
    assert_ne!(swapped.before, swapped.now);
    // The desk serves in the meantime: old tickets on their version, new ones on the new one.
    let old = s.as_agent("li", &tickets[2], What::transition("start"));
    let new = s.create();
    assert_eq!((old.workflow.version, new.workflow.version), (1, 2));
    assert!(s.desk.submit(key).unwrap().repeated, "a key is remembered over a swap");
    let state = &mut swapped.recalculation;
    s.desk.recalculate(state, 2).unwrap();
    assert_eq!((state.foreseen, state.looked_at, state.earlier, state.seen), (true, 8, 6, 0), "all but the two written since");
    s.desk.recalculate(state, 2).unwrap();
    assert_eq!(state.seen, 2);
    // Interrupted by the store, it goes on where it was.
    wrapped.next([Trouble::Unavailable]);
    assert!(s.desk.recalculate(state, 3).unwrap_err().retryable());
    while !state.done {
        s.desk.recalculate(state, 3).unwrap();
    }
    assert_eq!(state.seen, 8);
    for t in &tickets {
        let now = s.get(t);
        let clock = now.clock("first_response").unwrap();
        assert_eq!(clock.due, Some(due - TimeDelta::hours(2)), "the new target");
        assert_eq!(now.workflow.version, 1);
        assert_eq!(Ticket::fold(&s.desk.journal(t.id).unwrap()).unwrap(), *now);
    }
    // Done once more it changes nothing.
    let before: Vec<_> = tickets.iter().map(|t| s.get(t).revision).collect();
    let mut again = s.desk.swap(version(2, "default = \"4bh\" -> default = \"2bh\"")).unwrap().recalculation;
    while !again.done {
        s.desk.recalculate(&mut again, 100).unwrap();
    }
    assert!(again.done && again.changed == 0);
    assert_eq!(before, tickets.iter().map(|t| s.get(t).revision).collect::<Vec<_>>());
}

#[test]
fn after_a_swap_back_new_tickets_follow_the_active_version() {
    let s = Stage::starter();
    s.desk.swap(version(2, "")).unwrap();
    let second = s.create();
    s.desk.swap(version(1, "")).unwrap();
    let first = s.create();
    assert_eq!((second.workflow.version, first.workflow.version), (2, 1));
    assert_eq!(s.as_agent("li", &second, What::transition("start")).state, "open", "the pinned version stays at hand");
}

#[test]
fn s11_a_version_that_lost_a_state_in_use_is_refused_with_counts() {
    let s = Stage::starter();
    let t = s.create();
    s.as_agent("li", &t, What::transition("wait"));
    let mut source = Playbook::starter_source();
    let workflow = source.get("workflows/question.toml").unwrap().replace("pending", "parked");
    source.add("workflows/question.toml", workflow.replace("class = \"parked\"", "class = \"pending\""));
    let refused = s.desk.swap(playbook(&source)).unwrap_err();
    assert!(matches!(refused, Error::VersionsAbsent { count: 1, .. }), "{refused}");
    assert_eq!(
        refused.to_string(),
        "1 open ticket is pinned to question version 1, now without the state `pending` they are in (1); raise `version` in the file of a workflow that was changed, and give \
         the playbook from before the change as `older_playbook`"
    );
    assert_eq!(s.desk.desk().playbook().digest(), Playbook::starter().unwrap().digest(), "nothing was swapped");
}

const OFFICE: &str = "09:00-17:00";

/// The starter with its office's version and hours replaced, and a line added to its policy.
fn hours(version: u32, windows: &str, policy: &str) -> Playbook {
    let mut source = Playbook::starter_source();
    let office = source.get("calendars/office.toml").unwrap().to_string();
    assert!(office.contains(OFFICE) && office.contains("version = 1"), "{office}");
    source.add("calendars/office.toml", office.replace("version = 1", &format!("version = {version}")).replace(OFFICE, windows));
    let sla = source.get("sla/customer.toml").unwrap().replacen("name = \"standard\"", &format!("name = \"standard\"\n{policy}"), 1);
    source.add("sla/customer.toml", sla);
    playbook(&source)
}

#[test]
fn s55_a_calendar_edit_moves_open_clocks_and_closed_results_stay() {
    for (policy, version, minutes) in [("", 2, 8 * 60 + 30), ("on_change = \"keep\"", 1, 7 * 60)] {
        let s = Stage::of(hours(1, OFFICE, policy));
        let (done, open) = (s.create(), s.create());
        s.pass(30);
        let done = s.as_agent("li", &done, What::reply("so"));
        let closed = done.closed_clocks.clone();
        let mut swapped = s.desk.swap(hours(2, "08:00-20:00", policy)).unwrap();
        while !swapped.recalculation.done {
            s.desk.recalculate(&mut swapped.recalculation, 10).unwrap();
        }
        let (done, open) = (s.get(&done), s.get(&open));
        assert_eq!(done.closed_clocks, closed, "closed results never change");
        let first = open.clock("first_response").unwrap();
        assert_eq!(first.calendar_version, version, "{policy}");
        assert_eq!(open.adopted[0].calendar_version, 2);
        // From ten to half past six: in the old hours the office closes at five, in the new ones at eight.
        s.pass(60 * 8);
        let open = s.as_agent("li", &open, What::reply("late"));
        let closed = open.closed_clocks.iter().find(|c| c.id.metric == "first_response").unwrap();
        assert_eq!((closed.calendar_version, closed.counted), (version, minutes * 60_000_000), "{policy}");
        assert_eq!(Ticket::fold(&s.desk.journal(open.id).unwrap()).unwrap(), *open);
        // New tickets adopt the new version.
        assert_eq!(s.create().clock("resolution").unwrap().calendar_version, 2);
    }
}

#[test]
fn s55_hours_changed_under_the_same_version_are_refused_with_help() {
    let s = Stage::of(hours(1, OFFICE, ""));
    let t = s.create();
    match s.desk.swap(hours(1, "08:00-20:00", "")).unwrap_err() {
        e @ Error::CalendarsAltered { .. } => {
            assert!(e.to_string().contains("`office` (version 1)") && e.to_string().contains("raise `version`"), "{e}");
            assert!(!e.retryable());
        }
        other => panic!("{other}"),
    }
    assert_eq!(s.desk.desk().playbook().calendars().get(&"office".into()).unwrap().version(), 1, "nothing was swapped");
    // Nor may a number come back with other hours later, however many swaps lie between.
    s.desk.swap(hours(2, "08:00-20:00", "")).unwrap();
    s.desk.swap(hours(3, "07:00-20:00", "")).unwrap();
    assert!(matches!(s.desk.swap(hours(2, "08:00-21:00", "")).unwrap_err(), Error::CalendarsAltered { .. }));
    s.desk.swap(hours(1, OFFICE, "")).unwrap();
    let playbook = s.desk.desk().playbook();
    assert_eq!(playbook.calendars().get(&"office".into()).unwrap().version(), 1, "back to the first one");
    assert!([2, 3].iter().all(|v| playbook.calendars().at(&"office".into(), *v).is_some()), "the others stay at hand");
    assert_eq!(s.get(&t).revision.get(), 1);
}

#[test]
fn s55_a_policy_taken_away_takes_its_escalations_with_it() {
    // zammad#4353: escalations of a policy that is gone went on firing.
    let mut source = Playbook::starter_source();
    let sla = source.get("sla/customer.toml").unwrap().to_string();
    let level = "\n[[policies.escalations]]\nmetric = \"first_response\"\nlevel = 1\nat = \"+1bh\"\nactions = [{ tag = \"escalated\" }]\n";
    source.add("sla/customer.toml", format!("{sla}{level}"));
    let with = playbook(&source);
    source.add(
        "sla/customer.toml",
        "agreement = \"customer\"\n\n[[policies]]\nname = \"other\"\n\n[policies.targets.periodic_update]\ndefault = \"8bh\"\n",
    );
    let without = playbook(&source);
    for recalculated in [true, false] {
        let s = Stage::of(with.clone());
        let (t, kept) = (s.create(), Stage::of(with.clone()));
        let same = kept.create();
        assert!(t.wake_at.is_some());
        let mut swapped = s.desk.swap(without.clone()).unwrap();
        if recalculated {
            while !swapped.recalculation.done {
                s.desk.recalculate(&mut swapped.recalculation, 10).unwrap();
            }
            let now = s.get(&t);
            assert!(now.clocks.is_empty() && now.wake_at.is_none(), "nothing is pending: {:?}", now.clocks);
            assert!(now.closed_clocks.iter().all(|c| c.outcome == Outcome::Cancelled));
        }
        for stage in [&s, &kept] {
            stage.pass(60 * 24 * 3);
            stage.desk.sweep(stage.desk.now()).unwrap();
        }
        assert!(kept.get(&same).tags.contains("escalated"), "where the policy stays it fires");
        let now = s.get(&t);
        assert!(!now.tags.contains("escalated") && now.clocks.is_empty() && now.wake_at.is_none(), "{recalculated}: {:?}", now.clocks);
    }
}

#[test]
fn s11_a_workflow_altered_under_its_version_is_told_and_taken() {
    let s = Stage::starter();
    let source = Playbook::starter_source();
    let flow = source.get("workflows/question.toml").unwrap().replacen("Resolve", "Done", 1);
    let swapped = s.desk.swap(playbook(&source.with("workflows/question.toml", flow))).unwrap();
    let warnings = &swapped.warnings;
    assert_eq!(warnings.iter().map(|d| d.code).collect::<Vec<_>>(), ["workflow-altered"]);
    insta::assert_snapshot!("altered", format!("{}{}", warnings.render(Lang::En, None), warnings.render(Lang::Zh, None)));
}
