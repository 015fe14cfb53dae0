//! Workflow versions and migrations (S10, S11, S89).

use super::stores::{Trouble, Wrapped};
use crate::engine::laws::{Step, actor, steps, what};
use crate::engine::stage::{Stage, playbook};
use crate::scale::pick;
use chrono::TimeDelta;
use proptest::prelude::*;
use std::sync::Arc;
use ticketry::desk::{Blocking, Error, Migrating};
use ticketry::diagnostic::{Lang, Source};
use ticketry::engine::{Command, Inbound, Migrate, What};
use ticketry::id::*;
use ticketry::playbook::{How, Migration, Playbook, Removed, Weight, diff};
use ticketry::store::{AnyStore, MemoryStore};
use ticketry::ticket::*;

fn edited(edits: &[(&str, &str, &str)]) -> Source {
    let mut source = Playbook::starter_source();
    for (path, from, to) in edits {
        let content = source.get(path).unwrap().to_string();
        assert!(content.contains(from), "{path}: {from}");
        source.add(path.to_string(), content.replace(from, to));
    }
    source
}

const FLOW: &str = "workflows/question.toml";

/// The second version: `pending` is called `waiting`, work has a limit.
fn second() -> Source {
    edited(&[
        (FLOW, "version = 1", "version = 2"),
        (FLOW, "\"pending\"", "\"waiting\""),
        (FLOW, "class = \"waiting\"", "class = \"pending\""),
        (FLOW, "[states.pending]", "[states.waiting]"),
        (FLOW, "[states.open]", "[states.open]\nlimit = \"3d\""),
    ])
}

fn tidy() -> Migration {
    Migration::new("tidy", ("question", 1), ("question", 2)).same().state("pending", "waiting").with_final_tickets()
}

fn run(desk: &Blocking, mut state: Migrating) -> Migrating {
    while !state.done {
        desk.migrate(&mut state, 10).unwrap();
    }
    state
}

/// A desk of the first version on which lives were lived, and which has been swapped to the second.
fn lived(lives: &[Vec<Step>], store: AnyStore) -> (Stage, Vec<TicketId>) {
    let s = Stage::over(Playbook::starter().unwrap(), store);
    let ids: Vec<TicketId> = (0..lives.len())
        .map(|i| {
            let mut first = Inbound::new("mail", format!("<{i}>"), "ann", "question", "help");
            first.subject = "a life".into();
            s.desk.receive(first).unwrap().ticket.id
        })
        .collect();
    for n in 0..lives.iter().map(Vec::len).max().unwrap_or(0) {
        for (life, id) in lives.iter().zip(&ids) {
            let Some(step) = life.get(n) else { continue };
            s.clock.set(s.desk.now() + TimeDelta::minutes(step.minutes));
            let done = s.desk.submit(Command::on(*id, format!("s{n}-{id}"), actor(step), what(step)));
            assert!(matches!(done, Ok(_) | Err(Error::Refused(_))), "{done:?}");
        }
    }
    s.desk.swap(playbook(&second())).unwrap();
    s.pass(1);
    for id in &ids {
        s.desk.submit(Command::on(*id, format!("review-{id}"), Actor::System, What::Review)).unwrap();
    }
    (s, ids)
}

/// The ticket, apart from what every entry changes.
fn apart(t: &Ticket) -> Ticket {
    Ticket { revision: Revision::ZERO, updated_at: t.created_at, wake_at: None, ..t.clone() }
}

fn lives() -> impl Strategy<Value = Vec<Vec<Step>>> {
    prop::collection::vec(steps(), 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: pick(40, 1000, 10_000), ..ProptestConfig::default() })]

    #[test]
    fn s10_a_total_map_refuses_no_ticket_and_undoing_it_is_identity(lives in lives()) {
        let (s, ids) = lived(&lives, AnyStore::new(MemoryStore::new()));
        let before: Vec<_> = ids.iter().map(|id| s.desk.ticket(*id).unwrap()).collect();
        let preview = s.desk.preview_migration(&tidy(), 100).unwrap();
        let state = run(&s.desk, s.desk.begin_migration(&tidy()).unwrap());
        prop_assert!(state.refused.is_empty(), "{:?}", state.refused);
        prop_assert_eq!((state.changed, preview.total, preview.refused), (ids.len() as u64, ids.len() as u64, 0));
        for (id, was) in ids.iter().zip(&before) {
            let t = s.desk.ticket(*id).unwrap();
            prop_assert_eq!(t.workflow.version, 2);
            prop_assert_eq!(t.state.as_str(), if was.state == "pending" { "waiting" } else { was.state.as_str() });
            prop_assert_eq!((t.state_since, &t.clocks, &t.closed_clocks), (was.state_since, &was.clocks, &was.closed_clocks));
        }
        let back = run(&s.desk, s.desk.undo_migration(&tidy()));
        prop_assert_eq!((back.changed, back.moved.len(), back.refused.len()), (ids.len() as u64, 0, 0));
        for (id, was) in ids.iter().zip(&before) {
            let t = s.desk.ticket(*id).unwrap();
            prop_assert_eq!(apart(&t), apart(was));
            let journal = s.desk.journal(*id).unwrap();
            prop_assert_eq!(&Ticket::fold(&journal).unwrap(), &*t);
            prop_assert_eq!(s.desk.verify(*id).unwrap(), None);
        }
        // And once more, both ways: an undone migration is as one that never was.
        let state = run(&s.desk, s.desk.begin_migration(&tidy()).unwrap());
        prop_assert_eq!(state.changed, ids.len() as u64);
        let back = run(&s.desk, s.desk.undo_migration(&tidy()));
        prop_assert_eq!(back.changed, ids.len() as u64);
    }

    #[test]
    fn s10_a_migration_interrupted_and_resumed_equals_an_uninterrupted_one(lives in lives(), piece in 1..3usize, stop in 0..4usize, anew in any::<bool>()) {
        let wrapped = Wrapped::new(false);
        let (s, ids) = lived(&lives, AnyStore::new(wrapped.clone()));
        let (other, others) = lived(&lives, AnyStore::new(MemoryStore::new()));
        run(&other.desk, other.desk.begin_migration(&tidy()).unwrap());
        let mut state = s.desk.begin_migration(&tidy()).unwrap();
        let mut pieces = 0;
        while !state.done {
            if pieces == stop {
                wrapped.next([Trouble::Unavailable]);
            }
            let failed = s.desk.migrate(&mut state, piece).is_err();
            if failed && anew {
                state = s.desk.begin_migration(&tidy()).unwrap();
            }
            pieces += 1;
        }
        for (a, b) in ids.iter().zip(&others) {
            prop_assert_eq!(s.desk.ticket(*a).unwrap(), other.desk.ticket(*b).unwrap());
            prop_assert_eq!(s.desk.verify(*a).unwrap(), None);
        }
    }
}

#[test]
fn s10_a_preview_tells_pairs_and_tickets_that_differ_and_writes_nothing() {
    let s = Stage::starter();
    let (a, b) = (s.create(), s.create());
    s.as_agent("li", &a, What::transition("wait"));
    s.as_agent("li", &b, What::transition("start"));
    s.create();
    s.desk.swap(playbook(&second())).unwrap();
    let preview = s.desk.preview_migration(&tidy(), 1).unwrap();
    let pairs: Vec<String> = preview.pairs.iter().map(|((x, y), n)| format!("{x} -> {y}: {n}")).collect();
    assert_eq!(pairs, ["new -> new: 1", "open -> open: 1", "pending -> waiting: 1"]);
    assert_eq!((preview.total, preview.differ, preview.differing.len(), preview.at_once), (3, 2, 1, 0));
    let b = s.get(&b);
    assert_eq!((b.workflow.version, b.limit), (1, None));
    // The limit counts from the arrival.
    run(&s.desk, s.desk.begin_migration(&tidy()).unwrap());
    let now = s.get(&b);
    assert_eq!((now.state_since, now.limit), (b.state_since, Some(b.state_since + TimeDelta::days(3))));
}

#[test]
fn s10_who_moved_since_a_migration_stays_when_it_is_undone() {
    let s = Stage::starter();
    let (a, b) = (s.create(), s.create());
    s.desk.swap(playbook(&second())).unwrap();
    run(&s.desk, s.desk.begin_migration(&tidy()).unwrap());
    s.pass(5);
    s.as_agent("li", &a, What::transition("start"));
    s.as_agent("li", &b, What::set("impact", "high"));
    let back = run(&s.desk, s.desk.undo_migration(&tidy()));
    assert_eq!((back.moved, back.changed), (vec![a.id], 1));
    assert_eq!((s.get(&a).workflow.version, s.get(&b).workflow.version), (2, 1));
    assert_eq!(s.get(&b).impact.as_ref().unwrap().value, "high", "what was set since stays");
}

#[test]
fn s10_s61_ticks_of_another_checklist_are_not_carried_over_and_come_back() {
    let listed = |items: &str, version: &str| {
        edited(&[(FLOW, "version = 1", version), (FLOW, "[states.open]", &format!("[states.open]\nchecklist = [{items}]"))])
    };
    let map = || Migration::new("list", ("question", 1), ("question", 2)).same();
    for (second, kept) in [("\"Serial\", \"Photo\"", 2), ("\"Photo\", \"Serial\"", 0)] {
        let s = Stage::of(playbook(&listed("\"Serial\", \"Photo\"", "version = 1")));
        let t = s.create();
        let t = s.as_agent("li", &t, What::transition("start"));
        for item in [0, 1] {
            s.as_agent("li", &t, What::CheckOff { item, on: true });
        }
        s.desk.swap(playbook(&listed(second, "version = 2"))).unwrap();
        run(&s.desk, s.desk.begin_migration(&map()).unwrap());
        assert_eq!(s.get(&t).progress.ticked.len(), kept, "{second}");
        run(&s.desk, s.desk.undo_migration(&map()));
        assert_eq!(s.get(&t).progress.ticked.len(), 2, "what was ticked is known again");
    }
}

#[test]
fn s11_a_migration_is_checked_and_a_state_without_a_map_forbids_it() {
    let s = Stage::starter();
    let t = s.create();
    s.desk.swap(playbook(&second())).unwrap();
    let bare = Migration::new("bare", ("question", 1), ("question", 2)).state("pending", "waiting");
    let Err(Error::Migration(problems)) = s.desk.begin_migration(&bare) else { panic!("equal names are no map") };
    // Tickets that are done keep the version they ended in, unless they are meant too.
    assert_eq!(problems.iter().filter(|d| d.code == "migration-uncovered").count(), 2, "new and open: {problems}");
    let mut whole = bare.clone();
    whole.final_tickets = true;
    let Err(Error::Migration(problems)) = s.desk.begin_migration(&whole) else { panic!("nor are they for those") };
    assert_eq!(problems.iter().filter(|d| d.code == "migration-uncovered").count(), 5, "{problems}");
    assert_eq!(s.get(&t).workflow.version, 1);
}

#[test]
fn s10_a_change_of_type_needs_a_map_for_the_state() {
    let errand = "name = \"errand\"\nversion = 1\ninitial = \"new\"\n[states.new]\nclass = \"new\"\nlabel = \"新\"\nresponsible = \"group\"\n[states.closed]\nclass = \"closed\"\nlabel = \"完\"\n\
                  [[transitions]]\nname = \"close\"\nlabel = \"关闭\"\nfrom = \"new\"\nto = \"closed\"\n";
    let source = edited(&[("playbook.toml", "[templates]", "[types.errand]\nlabel = \"Errand\"\nworkflow = \"errand\"\n[templates]")])
        .with("workflows/errand.toml", errand);
    let s = Stage::of(playbook(&source));
    let t = s.create();
    let to = |states: &[(&str, &str)]| {
        let states = states.iter().map(|(a, b)| (StateName::new(a), StateName::new(b))).collect();
        What::Migrate(Migrate::Type { kind: "errand".into(), states })
    };
    for map in [&[][..], &[("open", "new")], &[("new", "open")]] {
        let refused = s.try_as(Actor::agent("li"), &t, to(map)).unwrap_err();
        assert_eq!(refused.refusal().unwrap().reasons[0].code, "no-map", "{refused}");
        assert_eq!(s.get(&t), t, "untouched");
    }
    let refused = s.try_as(Actor::agent("li"), &t, to(&[("new", "closed")])).unwrap_err();
    assert_eq!(refused.refusal().unwrap().reasons[0].code, "not-by-type", "it ends by a transition only");
    let moved = s.as_agent("li", &t, to(&[("new", "new")]));
    assert_eq!((moved.kind.as_str(), moved.workflow.name.as_str(), moved.state.as_str()), ("errand", "errand", "new"));
    assert_eq!(s.desk.verify(t.id).unwrap(), None);
    assert_eq!(s.as_agent("li", &t, What::transition("close")).class, StateClass::Closed);
    // A migration of many is nobody's by hand.
    let refused = s.try_as(Actor::agent("li"), &s.create(), What::Migrate(Migrate::By(Arc::new(tidy())))).unwrap_err();
    assert_eq!(refused.refusal().unwrap().reasons[0].code, "not-allowed");
}

#[test]
fn s10_a_migration_is_somebodys_deed_where_it_is_said_whose() {
    for allowed in [false, true] {
        let right = if allowed { "[settings.rights]\nmigrate = [\"lead\"]\n[settings]" } else { "[settings]" };
        let next = second();
        let mut source = next.clone();
        source.add("playbook.toml", next.get("playbook.toml").unwrap().replacen("[settings]", right, 1));
        let s = Stage::starter();
        let t = s.create();
        s.desk.swap(playbook(&source)).unwrap();
        let state = run(&s.desk, s.desk.begin_migration(&tidy()).unwrap().by(Actor::agent("zhao")));
        assert_eq!((state.changed, state.refused.len()), if allowed { (1, 0) } else { (0, 1) });
        let last = s.desk.journal(t.id).unwrap().pop().unwrap();
        assert_eq!(last.actor == Actor::agent("zhao"), allowed);
        assert!(allowed || state.refused[0].1.has("not-allowed"));
    }
}

#[test]
fn s89_a_name_in_use_goes_only_with_a_map_and_history_keeps_it() {
    let with = |categories: &str| ("playbook.toml", "[templates]".to_string(), format!("[categories]\n{categories}\n[templates]"));
    let (path, from, to) = with("printer = \"Printer\"\nother = \"Other\"");
    let s = Stage::of(playbook(&edited(&[(path, &from, &to)])));
    let t = s.create();
    s.as_agent("li", &t, What::set("category", "printer"));
    let (path, from, to) = with("hardware = \"Hardware\"");
    let mut next = edited(&[(path, &from, &to)]);
    let flow = second();
    next.add(FLOW, flow.get(FLOW).unwrap());
    let refused = s.desk.swap(playbook(&next)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "1 open ticket uses names that are gone: category `printer` (1); say in a migration of the playbook (migrations/NAME.toml) what becomes of them"
    );
    next.add(
        "migrations/tidy.toml",
        "from = { workflow = \"question\", version = 1 }\nto = { workflow = \"question\", version = 2 }\nsame = true\nstates = { pending = \"waiting\" }\ncategories = { printer = \"hardware\" }\n",
    );
    s.desk.swap(playbook(&next)).unwrap();
    let tidy = s.desk.playbook().migration("tidy").unwrap().clone();
    run(&s.desk, s.desk.begin_migration(&tidy).unwrap());
    assert_eq!(s.get(&t).category.as_ref().unwrap().value, "hardware");
    let journal = s.desk.journal(t.id).unwrap();
    let named = |n: &str| journal.iter().flat_map(|e| &e.events).any(|c| format!("{:?}", c.event).contains(n));
    assert!(named("printer"));
    assert_eq!(s.desk.verify(t.id).unwrap(), None);
    run(&s.desk, s.desk.undo_migration(&tidy));
    assert_eq!(s.get(&t).category.as_ref().unwrap().value, "printer");
}

#[test]
fn a_workflow_edited_under_the_same_version_is_told() {
    let s = Stage::starter();
    assert!(s.desk.swap(Playbook::starter().unwrap()).unwrap().warnings.is_empty());
    // A comment and another order of lines are no change.
    let commented = edited(&[(FLOW, "name = \"question\"", "# A comment.\n\nname = \"question\"")]);
    assert!(s.desk.swap(playbook(&commented)).unwrap().warnings.is_empty());
    let edit = edited(&[(FLOW, "comment = true", "comment = false")]);
    let warnings = s.desk.swap(playbook(&edit)).unwrap().warnings;
    let said = warnings.render(Lang::En, None);
    assert!(said.contains("transition `cancel` of `question` changed: its form") && said.contains("raise `version`"), "{said}");
}

#[test]
fn s11_a_difference_is_told_by_weight() {
    let changed = diff(&Playbook::starter().unwrap(), &playbook(&second()));
    let first = &changed.changes[0];
    assert_eq!((first.weight, first.what, first.name.as_str(), first.how), (Weight::NeedsMap, "state", "question/pending", How::Removed));
    assert!(changed.changes.is_sorted_by_key(|c| c.weight));
    assert_eq!(changed.needing_map().count(), 1);
    let guarded = playbook(&edited(&[(FLOW, "name = \"start\"", "name = \"start\"\nguard = \"t.impact == \\\"high\\\"\"")]));
    let other = playbook(&edited(&[(FLOW, "name = \"start\"", "name = \"start\"\nguard = \"t.impact == \\\"low\\\"\"")]));
    let said = diff(&guarded, &other);
    assert_eq!(said.changes.iter().map(|c| c.what).collect::<Vec<_>>(), ["guard"]);
    assert!(diff(&guarded, &guarded.clone()).is_empty());
    assert!(Removed::between(&guarded, &other).is_empty());
    insta::assert_snapshot!("diff", format!("{}\n{}", changed.render(Lang::En), changed.render(Lang::Zh)));
}

/// Whatever a workflow file can say is told of when it changes: one edit, one change.
#[test]
fn s11_a_difference_sees_every_key_of_a_workflow() {
    let start = "name = \"start\"";
    let approval = "[approvals.spend]\nprotects = [\"closed\"]\nstages = [{ approvers = [\"lead\"] }]\n";
    let tasks = format!("[tasks.look]\ndue = \"1bd\"\n\n{approval}\n[states.new]");
    let (head, open) = ("version = 1\n", "[states.open]");
    let begin = (FLOW, "[states.new]", tasks.as_str());
    let edits: [(&str, &str, String); 12] = [
        ("form", start, format!("{start}\nattachment = true")),
        ("form", start, format!("{start}\ncheck = [{{ require = \"t.impact == \\\"high\\\"\" }}]")),
        ("transition", start, format!("{start}\ntasks = [\"look\"]")),
        ("state", open, format!("{open}\nstrict = true")),
        ("state", open, format!("{open}\ntasks = [\"look\"]")),
        ("tasks_at_end", head, format!("{head}tasks_at_end = \"cancel\"\n")),
        ("children", "[tasks.look]", "[children]\non_end = \"leave\"\n[tasks.look]".into()),
        ("children", "[tasks.look]", "[children]\nbroadcast = true\n[tasks.look]".into()),
        ("task", "due = \"1bd\"", "due = \"2bd\"".into()),
        ("approval", "[approvals.spend]", "[approvals.spend]\noverride = [\"lead\"]".into()),
        ("approval", "[approvals.spend]", "[approvals.spend]\nwhen = { field = \"impact\", is = \"high\" }".into()),
        ("approval", "approvers = [\"lead\"]", "approvers = [\"manager\"]".into()),
    ];
    let before = playbook(&edited(&[begin]));
    for (what, from, to) in &edits {
        let said = diff(&before, &playbook(&edited(&[begin, (FLOW, from, to)])));
        assert_eq!(said.changes.iter().map(|c| c.what).collect::<Vec<_>>(), [*what], "{to}");
    }
    let mut files = edited(&[begin]);
    files.add(FLOW, format!("{}\n[rights]\n\"* -> closed\" = [\"lead\"]\n", files.get(FLOW).unwrap()));
    assert_eq!(diff(&before, &playbook(&files)).changes.iter().map(|c| c.what).collect::<Vec<_>>(), ["rights"]);
}

/// Every code of a migration's check, once.
#[test]
fn what_is_wrong_with_a_migration_is_told() {
    let old = Playbook::starter().unwrap();
    let mut files = second();
    files.add("sla/customer.toml", files.get("sla/customer.toml").unwrap().replace("name = \"standard\"", "name = \"plain\""));
    let target = "[policies.targets.first_response]\nurgent = \"30m\"\nhigh = \"1bh\"\ndefault = \"4bh\"\n";
    let without = files.get("sla/customer.toml").unwrap().replace(target, "");
    files.add("sla/customer.toml", without);
    let flow =
        files.get(FLOW).unwrap().replace("from = \"resolved\"\nafter = \"5bd\"", "from = [\"resolved\", \"waiting\"]\nafter = \"5bd\"");
    files.add(FLOW, flow.replace("from = \"resolved\"\nto = \"closed\"", "from = [\"resolved\", \"waiting\"]\nto = \"closed\""));
    let new = Playbook::load(&files).map(|l| l.playbook).unwrap_or_else(|d| panic!("{}", d.render(Lang::En, Some(&files))));
    let base = || Migration::new("m", ("question", 1), ("question", 2)).same();
    let cases = [
        ("states that are not there", base().state("pending", "waitng").state("pnding", "waiting")),
        ("a state forgotten", base()),
        ("equal names", Migration::new("m", ("question", 1), ("question", 2)).state("pending", "waiting")),
        ("over after all", base().state("pending", "closed")),
        ("meant", base().state("pending", "closed").allowing("pending")),
        ("from nowhere", Migration::new("m", ("question", 7), ("question", 2))),
        ("to nowhere", Migration::new("m", ("question", 1), ("questoin", 2))),
    ];
    let mut out = String::new();
    let mut codes = std::collections::BTreeSet::new();
    for (name, m) in cases {
        let problems = m.check(&old, &new);
        codes.extend(problems.iter().map(|d| d.code));
        out.push_str(&format!("== {name}\n{}{}\n", problems.render(Lang::En, None), problems.render(Lang::Zh, None)));
    }
    let timer = base().state("pending", "waiting").check(&old, &new);
    codes.extend(timer.iter().map(|d| d.code));
    out.push_str(&format!("== timers\n{}{}\n", timer.render(Lang::En, None), timer.render(Lang::Zh, None)));
    let file = second().with("migrations/tidy.toml", "from = { workflow = \"question\", version = 1 }\nto = { workflow = \"question\", version = 2 }\nsmae = true\n[states]\npending = \"waitng\"\n");
    let problems = Playbook::load(&file).unwrap_err();
    out.push_str(&format!("== a file\n{}", problems.render(Lang::En, Some(&file))));
    insta::assert_snapshot!("migrations", out);
    for code in [
        "migration-target",
        "migration-source",
        "migration-uncovered",
        "migration-class",
        "migration-workflow",
        "migration-names",
        "migration-timer",
        "migration-clock",
    ] {
        assert!(codes.contains(code), "{code} {codes:?}");
    }
}
