//! Tasks 子任务 (issue 5): templates, dependencies, due instants, transitions that wait, call-back 回访.

use super::stage::{Stage, at, playbook};
use chrono::TimeDelta;
use proptest::prelude::*;
use std::sync::Arc;
use ticketry::desk::{Done, Error, FixedDirectory};
use ticketry::engine::{Command, NewTask, TaskCommand, What};
use ticketry::id::*;
use ticketry::playbook::Playbook;
use ticketry::routing::{Agent, RosterDefinition};
use ticketry::store::{AnyStore, MemoryStore};
use ticketry::ticket::*;

/// The starter's workflow with a repair in two steps and a call-back before closing.
fn flow() -> String {
    let starter = Playbook::starter_source().get("workflows/question.toml").unwrap().to_string();
    starter
        .replacen("responsible = \"assignee\"", "responsible = \"assignee\"\ntasks = [\"mend\"]", 1)
        .replacen("on_requester_reply = \"reopen\"", "on_requester_reply = \"reopen\"\ntasks = [\"callback\"]", 1)
        .replacen("from = \"resolved\"\nto = \"closed\"", "from = \"resolved\"\nto = \"closed\"\ntasks = [\"callback\"]", 1)
        + r#"
[tasks.diagnose]
label = { en = "Diagnose", zh = "检测" }
due = "2h"
checklist = [{ en = "Serial number", zh = "序列号" }, { en = "Fault found", zh = "已找到故障" }]

[tasks.mend]
label = { en = "Mend", zh = "维修" }
due = "1h"
needs = ["diagnose"]

[tasks.callback]
label = { en = "Call back", zh = "回访" }
due = "8h"
cancel_on_leave = true
outcomes.confirmed = {}
outcomes.not_solved = { transition = "reopen" }
outcomes.not_reached = { retry = "4h", times = 2 }
"#
}

fn stage(more: &[(&str, &str)]) -> Stage {
    let flow = flow();
    let mut source = Playbook::starter_source().with("workflows/question.toml", flow);
    for (path, content) in more {
        source.add(*path, *content);
    }
    Stage::of(playbook(&source))
}

fn task<'t>(t: &'t Ticket, name: &str) -> &'t Task {
    t.tasks.iter().rev().find(|x| x.name == *name).unwrap_or_else(|| panic!("no task {name}"))
}
fn codes(r: Result<Done, Error>) -> Vec<&'static str> {
    match r {
        Err(Error::Refused(r)) => r.reasons.iter().map(|r| r.code).collect(),
        other => panic!("{other:?}"),
    }
}
fn li(s: &Stage, t: &Ticket, c: TaskCommand) -> Arc<Ticket> {
    s.as_agent("li", t, What::Task(c))
}
fn no(s: &Stage, t: &Ticket, c: TaskCommand) -> Vec<&'static str> {
    codes(s.try_as(Actor::agent("li"), t, What::Task(c)))
}
/// Ticks everything off and finishes it.
fn finish(s: &Stage, t: &Ticket, name: &str) -> Arc<Ticket> {
    let id = task(t, name).id;
    for item in 0..task(t, name).checklist.len() {
        li(s, t, TaskCommand::Tick { task: id, item, on: true });
    }
    li(s, t, TaskCommand::done(id))
}
fn events(s: &Stage, t: &Ticket) -> Vec<Event> {
    s.desk.journal(t.id).unwrap().iter().flat_map(|e| e.events.iter().map(|c| c.event.clone())).collect()
}

#[test]
fn s79_a_state_makes_tasks_by_their_templates_and_one_opens_when_what_it_needs_is_over() {
    let s = stage(&[]);
    let t = s.create();
    assert!(t.tasks.is_empty());
    let t = s.as_agent("li", &t, What::transition("start"));
    let names: Vec<&str> = t.tasks.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["diagnose", "mend"], "what it needs is made with it");
    let (first, second) = (task(&t, "diagnose"), task(&t, "mend"));
    assert_eq!((first.state, first.due), (TaskState::Open, Some(s.desk.now() + TimeDelta::hours(2))));
    assert_eq!((second.state, second.due, second.needs.as_slice()), (TaskState::Waiting, None, [first.id].as_slice()));
    assert_eq!(no(&s, &t, TaskCommand::done(second.id)), ["task-waits"]);
    assert_eq!(no(&s, &t, TaskCommand::done(first.id)), ["task-unticked"]);
    s.pass(30);
    let t = finish(&s, &t, "diagnose");
    assert_eq!((task(&t, "mend").state, task(&t, "mend").due), (TaskState::Open, Some(s.desk.now() + TimeDelta::hours(1))));
    // Entered again while one is open: no second one. When it is over: a new one.
    let t = s.as_agent("li", &t, What::transition("wait"));
    let t = s.as_agent("li", &t, What::transition("answer"));
    assert_eq!(t.tasks.len(), 2);
    assert_eq!(Ticket::fold(&s.desk.journal(t.id).unwrap()).as_ref(), Some(&*t));
}

#[test]
fn s2_open_tasks_stand_against_resolving_in_available_form_and_decide_alike() {
    let s = stage(&[]);
    let t = s.as_agent("li", &s.create(), What::transition("start"));
    let li = Actor::agent("li");
    let offer = |t: &Ticket, name: &str| s.desk.available(t.id, &li).unwrap().into_iter().find(|o| o.transition == *name).unwrap();
    let form = |t: &Ticket, name: &str| s.desk.form(t.id, &name.into(), &li).unwrap().unwrap();
    let before = s.get(&t);
    assert_eq!(codes(s.try_as(li.clone(), &t, What::transition("resolve"))), ["tasks-open"]);
    assert!(offer(&t, "resolve").refusal.has("tasks-open") && form(&t, "resolve").refusal.has("tasks-open"));
    let waits = form(&t, "resolve").tasks;
    let open: Vec<_> = t.open_tasks().map(|t| (t.name.clone(), Some(t.id), false)).collect();
    assert_eq!(waits.iter().map(|f| (f.name.clone(), f.task, f.over)).collect::<Vec<_>>(), open);
    assert_eq!(waits[0].title.zh, "检测");
    let said = &offer(&t, "resolve").refusal.reasons[0].message;
    assert!(said.en.contains("Diagnose, Mend") && said.zh.contains("维修"), "{said:?}");
    assert_eq!(s.get(&t), before, "a refusal changes nothing");
    // Cancelling the ticket cancels them with it.
    let gone = s.as_agent("li", &t, What::Transition(ticketry::engine::TransitionInput::new("cancel").comment("spam")));
    assert!(gone.tasks.iter().all(|t| t.state == TaskState::Cancelled) && gone.wake_at.is_none());
    assert_eq!(no(&s, &gone, TaskCommand::FromTemplate("diagnose".into())), ["final"]);
    // With both done it may be resolved.
    let t = s.as_agent("li", &s.create(), What::transition("start"));
    finish(&s, &t, "diagnose");
    let t = finish(&s, &s.get(&t), "mend");
    assert!(offer(&t, "resolve").refusal.reasons.is_empty());
    s.as_agent("li", &t, What::transition("resolve"));
}

#[test]
fn issue_5_tasks_at_end_may_cancel_instead() {
    let flow = flow().replacen("version = 1", "version = 1\ntasks_at_end = \"cancel\"", 1);
    let s = stage(&[("workflows/question.toml", &flow)]);
    let t = s.as_agent("li", &s.create(), What::transition("start"));
    let t = s.as_agent("li", &t, What::transition("resolve"));
    let states: Vec<(&str, TaskState)> = t.tasks.iter().map(|t| (t.name.as_str(), t.state)).collect();
    assert_eq!(states, [("diagnose", TaskState::Cancelled), ("mend", TaskState::Cancelled), ("callback", TaskState::Open)]);
}

/// A ticket resolved, with its call-back to be made.
fn resolved(s: &Stage) -> Arc<Ticket> {
    let t = s.as_agent("li", &s.create(), What::transition("resolve"));
    assert_eq!(task(&t, "callback").state, TaskState::Open);
    t
}

#[test]
fn issue_5_a_call_back_must_be_made_before_closing() {
    let s = stage(&[]);
    let t = resolved(&s);
    let id = task(&t, "callback").id;
    assert_eq!(codes(s.try_as(Actor::agent("li"), &t, What::transition("close"))), ["tasks-open"]);
    assert_eq!(no(&s, &t, TaskCommand::done(id)), ["outcome-needed"]);
    assert_eq!(no(&s, &t, TaskCommand::came_out(id, "confirmd")), ["unknown-outcome"]);
    let t = li(&s, &t, TaskCommand::came_out(id, "confirmed"));
    assert_eq!(s.as_agent("li", &t, What::transition("close")).class, StateClass::Closed);
}

#[test]
fn issue_5_a_call_back_that_finds_it_not_solved_reopens() {
    let s = stage(&[]);
    let t = resolved(&s);
    let t = li(&s, &t, TaskCommand::came_out(task(&t, "callback").id, "not_solved"));
    assert_eq!((t.class, t.cycle, task(&t, "callback").counts), (StateClass::Open, 2, false));
    assert_eq!(task(&t, "mend").cycle, 2, "the state it came back to makes its tasks anew");
    for name in ["diagnose", "mend"] {
        finish(&s, &s.get(&t), name);
    }
    let t = s.as_agent("li", &t, What::transition("resolve"));
    assert_eq!(t.tasks.iter().filter(|t| t.name == "callback").count(), 2, "and there is another call-back");
    assert_eq!(codes(s.try_as(Actor::agent("li"), &t, What::transition("close"))), ["tasks-open"]);
}

#[test]
fn issue_5_nobody_reached_is_tried_again_and_then_lets_it_close() {
    let s = stage(&[]);
    let t = resolved(&s);
    let id = task(&t, "callback").id;
    for tries in 1..=2u16 {
        let then = s.desk.now() + TimeDelta::hours(4);
        let t = li(&s, &t, TaskCommand::came_out(id, "not_reached"));
        assert_eq!(
            (t.task(id).unwrap().state, t.task(id).unwrap().tries, t.task(id).unwrap().until),
            (TaskState::Waiting, tries, Some(then))
        );
        assert_eq!(t.wake_at.map(|w| w <= then), Some(true));
        assert_eq!(codes(s.try_as(Actor::agent("li"), &t, What::transition("close"))), ["tasks-open"]);
        s.pass(4 * 60 + 1);
        s.desk.sweep(s.desk.now()).unwrap();
        let t = s.get(&t);
        assert_eq!((t.task(id).unwrap().state, t.task(id).unwrap().due), (TaskState::Open, Some(then + TimeDelta::hours(8))));
    }
    let t = li(&s, &t, TaskCommand::came_out(id, "not_reached"));
    assert_eq!((t.task(id).unwrap().state, t.task(id).unwrap().counts), (TaskState::Done, true));
    assert_eq!(s.as_agent("li", &t, What::transition("close")).class, StateClass::Closed);
}

#[test]
fn issue_5_the_requester_s_answer_takes_the_call_back_s_place() {
    let s = stage(&[]);
    let t = s.as_requester(&resolved(&s), What::reply("still broken"));
    assert_eq!((t.class, task(&t, "callback").state), (StateClass::Open, TaskState::Cancelled), "cancel_on_leave");
}

#[test]
fn s27_rules_hear_of_tasks_and_make_them() {
    let rules = r#"
rule("late").on("task.overdue").then(|t| t.tag("late"));
rule("found").on("task.done:diagnose").when(|t| t.open_tasks == 1 && "diagnose" in t.tasks_done).then(|t| t.tag("found"));
rule("all").on("tasks.done").then(|t| t.tag("all"));
rule("more").on("task.done:mend").when(|t| !("callback" in t.tasks_done)).then(|t| t.task("callback"));
"#;
    let s = stage(&[("rules/tasks.rhai", rules)]);
    let t = s.as_agent("li", &s.create(), What::transition("start"));
    s.pass(121);
    s.desk.sweep(s.desk.now()).unwrap();
    let t = s.get(&t);
    assert!(task(&t, "diagnose").overdue && t.tags.contains("late"), "{:?}", t.tags);
    s.pass(600);
    s.desk.sweep(s.desk.now()).unwrap();
    let late = |e: &Event| matches!(e, Event::Task(e) if e.what == TaskChange::Overdue);
    assert_eq!(events(&s, &t).iter().filter(|e| late(e)).count(), 1, "once");
    let t = finish(&s, &t, "diagnose");
    assert!(t.tags.contains("found") && !t.tags.contains("all"));
    let t = finish(&s, &t, "mend");
    assert!(t.tags.contains("all"));
    assert_eq!(task(&t, "callback").state, TaskState::Open, "by the rule");
}

#[test]
fn s14_refusals_give_all_reasons_at_once() {
    let s = stage(&[]);
    let t = s.as_agent("li", &s.create(), What::transition("start"));
    let mut new = NewTask::new("mend", "x".repeat(600));
    new.owner = Some("nobody".into());
    new.group = Some("nowhere".into());
    new.checklist = vec!["x".into(); 17];
    new.needs = vec![TaskId::of(t.id, Revision::ZERO, 9)];
    let all = no(&s, &t, TaskCommand::Add(Box::new(new)));
    assert_eq!(
        all,
        ["task-is-template", "task-exists", "too-long", "too-many", "no-task", "unknown-agent", "unknown-group"],
        "everything that stands against it"
    );
    let requester = s.try_as(Actor::requester("ann"), &t, What::Task(TaskCommand::FromTemplate("mend".into())));
    assert_eq!(codes(requester), ["not-allowed"]);
    let id = task(&t, "diagnose").id;
    assert_eq!(no(&s, &t, TaskCommand::Tick { task: id, item: 9, on: true }), ["no-such-item"]);
    assert_eq!(no(&s, &t, TaskCommand::Reopen(id)), ["task-not-over"]);
    let t = li(&s, &t, TaskCommand::Take(id));
    assert_eq!(task(&t, "diagnose").owner.as_ref().map(AgentId::as_str), Some("li"));
    assert_eq!(codes(s.try_as(Actor::agent("wang"), &t, What::Task(TaskCommand::Take(id)))), ["task-taken"]);
}

#[test]
fn issue_5_a_task_never_waits_for_itself_through_others() {
    let s = stage(&[]);
    let t = s.create();
    let add = |name: &str, needs: Vec<TaskId>| {
        let new = NewTask { needs, ..NewTask::new(name, name) };
        let t = li(&s, &t, TaskCommand::Add(Box::new(new)));
        task(&t, name).id
    };
    let a = add("a", vec![]);
    let b = add("b", vec![a]);
    let c = add("c", vec![b]);
    let before = s.get(&t);
    assert_eq!(no(&s, &t, TaskCommand::Needs { task: a, on: c }), ["task-cycle"]);
    assert_eq!(no(&s, &t, TaskCommand::Needs { task: a, on: a }), ["task-cycle"]);
    assert_eq!(s.get(&t), before);
    // One cancelled holds up nothing.
    let t = li(&s, &t, TaskCommand::Cancel { task: a, reason: "needless".into() });
    assert_eq!((task(&t, "b").state, task(&t, "c").state), (TaskState::Open, TaskState::Waiting));
}

#[test]
fn issue_5_a_ticket_keeps_at_most_thirty_two_tasks() {
    let s = stage(&[]);
    let t = s.create();
    for i in 0..Task::MOST {
        li(&s, &t, TaskCommand::Add(Box::new(NewTask::new(format!("t{i}"), "do"))));
    }
    let one_more = || TaskCommand::Add(Box::new(NewTask::new("more", "do")));
    assert_eq!(no(&s, &t, one_more()), ["too-many"]);
    let full = s.get(&t);
    let t = li(&s, &full, TaskCommand::done(task(&full, "t3").id));
    let t = li(&s, &t, one_more());
    assert_eq!(t.tasks.len(), Task::MOST);
    assert!(t.tasks.iter().all(|x| x.name != "t3"), "the oldest that is over makes room");
    assert!(t.weight() > s.create().weight(), "they count");
}

#[test]
fn s85_at_the_instant_of_an_absence_tickets_and_tasks_follow_the_groups_policy() {
    // (policy, who has the ticket afterwards, whose the task is)
    for (policy, ticket, owner) in [("keep", "li", Some("li")), ("backup", "zhao", Some("zhao")), ("queue", "wang", None)] {
        let source = Playbook::starter_source().with("workflows/question.toml", flow());
        let playbook = playbook(&source.with("routing.toml", format!("[defaults]\nabsence = \"{policy}\"\n")));
        let eleven = at("2025-10-09T11:00:00Z");
        let zhao = Agent::new("zhao").group("support").capacity(3);
        let zhao = if policy == "queue" { zhao.absent(at("2025-10-01T00:00:00Z"), None) } else { zhao };
        let roster = RosterDefinition::default()
            .agent(Agent::new("li").group("support").capacity(3).absent(eleven, None).backup("zhao"))
            .agent(Agent::new("wang").group("support").capacity(3))
            .agent(zhao)
            .build(playbook.schema());
        let directory = FixedDirectory { roster: Arc::new(roster.0.unwrap()), ..FixedDirectory::default() };
        let s = Stage::opened(|b| b.directory(directory), playbook, AnyStore::new(MemoryStore::new()));
        let t = s.as_agent("li", &s.create(), What::Assign("li".into()));
        let t = s.as_agent("li", &t, What::transition("start"));
        let t = li(&s, &t, TaskCommand::Take(task(&t, "diagnose").id));
        assert_eq!(s.desk.on_availability(&"li".into()).unwrap(), 0, "li is here");
        assert_eq!(s.get(&t), t);
        s.pass(120);
        let changed = s.desk.on_availability(&"li".into()).unwrap();
        assert_eq!(changed, u64::from(policy != "keep"), "{policy}");
        let t = s.get(&t);
        assert_eq!(t.assignee.as_ref().map(AgentId::as_str), Some(ticket), "{policy}");
        assert_eq!(task(&t, "diagnose").owner.as_ref().map(AgentId::as_str), owner, "{policy}");
        assert_eq!(s.desk.on_availability(&"li".into()).unwrap(), 0, "once is enough");
        assert_eq!(s.get(&t), t);
    }
}

fn step() -> impl Strategy<Value = (i64, u8, u8, u8)> {
    (prop_oneof![Just(0i64), 1i64..300], 0u8..12, any::<u8>(), any::<u8>())
}

/// Gives one random command; whether it was done.
fn go(s: &Stage, t: &Ticket, i: usize, (_, what, a, b): (i64, u8, u8, u8)) -> bool {
    let now = s.get(t);
    let pick = |n: u8| now.tasks.get(usize::from(n) % now.tasks.len().max(1)).map_or(TaskId::of(t.id, Revision::ZERO, 0), |x| x.id);
    let moves = ["start", "wait", "answer", "resolve", "reopen", "close"];
    let outcomes = [None, Some("confirmed"), Some("not_solved"), Some("not_reached")];
    let what = match what {
        0 | 1 => What::transition(moves[usize::from(a) % moves.len()]),
        2 => What::Task(TaskCommand::FromTemplate(["diagnose", "mend", "callback"][usize::from(a) % 3].into())),
        3 => What::Task(TaskCommand::Add(Box::new(NewTask {
            due: (b % 2 == 0).then(|| "3h".parse().unwrap()),
            needs: if b % 3 == 0 { vec![pick(b)] } else { vec![] },
            ..NewTask::new(format!("own{}", a % 4), "do")
        }))),
        4 | 5 => What::Task(TaskCommand::Needs { task: pick(a), on: pick(b) }),
        6 => What::Task(TaskCommand::Cancel { task: pick(a), reason: "so".into() }),
        7 => What::Task(TaskCommand::Reopen(pick(a))),
        8 => What::Task(TaskCommand::Tick { task: pick(a), item: usize::from(b % 2), on: b % 5 != 0 }),
        9 => What::Task(TaskCommand::Assign { task: pick(a), owner: (b % 2 == 0).then(|| "wang".into()), group: None }),
        _ => What::Task(TaskCommand::Done { task: pick(a), outcome: outcomes[usize::from(b) % 4].map(Into::into), note: None }),
    };
    match s.desk.submit(Command::on(t.id, format!("s{i}"), Actor::agent("li"), what)) {
        Ok(_) => true,
        Err(Error::Refused(_)) => {
            assert_eq!(s.get(t), now, "a refusal changes nothing");
            false
        }
        Err(e) => panic!("{e:?}"),
    }
}

/// What is left of a life that does not name entries.
fn shape(t: &Ticket) -> Vec<(TaskName, TaskState, Option<UtcInstant>, bool, u16, bool)> {
    t.tasks.iter().map(|t| (t.name.clone(), t.state, t.due, t.overdue, t.tries, t.counts)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    /// Whatever is done with tasks: no cycle, nothing closes over an open one, the journal tells the ticket, and it is the same however often somebody sweeps (S26).
    #[test]
    fn s26_random_lives_of_tasks(steps in prop::collection::vec(step(), 1..24)) {
        let live = |sweeps: bool| {
            let s = stage(&[]);
            let t = s.create();
            let mut done = Vec::new();
            for (i, one) in steps.iter().enumerate() {
                s.pass(one.0);
                if sweeps {
                    s.desk.sweep(s.desk.now()).unwrap();
                }
                let before = s.get(&t);
                done.push(go(&s, &t, i, *one));
                let now = s.get(&t);
                for x in now.tasks.iter() {
                    assert!(x.needs.iter().all(|n| !depends(&now.tasks, *n, x.id)), "a cycle");
                    let held = x.needs.iter().any(|n| now.task(*n).is_some_and(Task::is_open));
                    let reopened = x.state == TaskState::Open && held;
                    assert!(!reopened || before.task(x.id).is_some_and(|y| y.state == TaskState::Open), "opened too early");
                    assert!(x.state != TaskState::Waiting || held || x.until.is_some(), "waits for nothing");
                }
                if before.class != StateClass::Closed && now.class == StateClass::Closed {
                    assert!(now.open_tasks().next().is_none());
                    assert!(now.task_named("callback").is_some_and(|c| c.counts || c.state == TaskState::Cancelled));
                }
                assert_eq!(Ticket::fold(&s.desk.journal(t.id).unwrap()).as_ref(), Some(&*now));
            }
            s.pass(100_000);
            s.desk.sweep(s.desk.now()).unwrap();
            assert_eq!(s.desk.verify(t.id).unwrap(), None, "its clocks follow from the facts");
            (done, shape(&s.get(&t)))
        };
        prop_assert_eq!(live(false), live(true));
    }
}

/// Found in the example desk: the outcome by which a ticket is closed was refused, since closing waits for that very task.
#[test]
fn an_outcome_may_take_the_transition_that_waits_for_its_task() {
    let flow = flow().replacen("outcomes.confirmed = {}", "outcomes.confirmed = { transition = \"close\" }", 1).replacen(
        "tasks = [\"mend\"]",
        "",
        1,
    );
    let s = Stage::of(playbook(&Playbook::starter_source().with("workflows/question.toml", flow)));
    let t = s.create();
    let t = s.as_agent("li", &t, What::transition("start"));
    let t = s.as_agent("li", &t, What::transition("resolve"));
    assert_eq!(codes(s.try_as(Actor::agent("li"), &t, What::transition("close"))), ["tasks-open"]);
    let again = s.as_agent("li", &t, What::Task(TaskCommand::came_out(task(&t, "callback").id, "not_solved")));
    assert_eq!(again.state, "open", "this one does not count, and leads elsewhere");
    let t = s.as_agent("li", &again, What::transition("resolve"));
    let t = s.as_agent("li", &t, What::Task(TaskCommand::came_out(task(&t, "callback").id, "confirmed")));
    assert_eq!(t.state, "closed");
    assert!(task(&t, "callback").counts);
}
