//! Workflows: what may be done in a state of thirty, and a transition taken with everything it demands.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench")]

use criterion::{Criterion, criterion_group, criterion_main};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use ticketry::calendar::CalendarDefinition;
use ticketry::condition::{NoScripts, View};
use ticketry::diagnostic::text;
use ticketry::engine::{Case, Command, Context, Decision, Limits, TransitionInput, decide};
use ticketry::id::*;
use ticketry::playbook::Playbook;
use ticketry::routing::{Agent, RosterDefinition};
use ticketry::ticket::*;
use ticketry::workflow::*;

/// Thirty states, each left to the four that follow it, half of the steps with demands.
fn thirty() -> WorkflowDefinition {
    let name = |i: usize| format!("s{}", i % 30);
    let mut w = WorkflowDefinition::new("thirty", 1).initial("s0").right("*", "*", ["agent"]).right("*", "s7", ["lead"]);
    for i in 0..30 {
        let class = if i == 29 { StateClass::Closed } else { StateClass::Open };
        let state = StateDefinition::new(name(i), class).label("State", "状态").checklist([text("done", "已完成")]);
        w = w.state(if i == 29 { state } else { state.responsible(Responsible::Group) });
    }
    for i in 0..29 {
        for step in 1..5 {
            let t = TransitionDefinition::new(format!("to-{}-{step}", i), [name(i)], name(i.saturating_add(step))).label("Go", "前往");
            w = w.transition(if step % 2 == 0 { t.required([Attribute::Impact]).with_comment().with_checklist() } else { t });
        }
    }
    w
}

fn playbook() -> Playbook {
    Playbook::builder("bench")
        .calendar(CalendarDefinition::always("always", "UTC"))
        .channel("mail")
        .group("support")
        .schema(|s| {
            s.impact = Scale::of(&["low", "high"]);
            s.roles.insert("lead".into(), text("Lead", "组长"));
        })
        .workflow(thirty())
        .ticket_type("thing", "thirty")
        .build()
        .unwrap()
}

fn ticket(workflow: &Workflow) -> Ticket {
    let at: UtcInstant = "2025-10-09T10:00:00Z".parse().unwrap();
    let stay = Stay { state: "s0".into(), class: StateClass::Open, waits_on: WaitsOn::Internal, limit: None, timers: Vec::new() };
    let opening = Opening {
        number: 1,
        kind: "thing".into(),
        workflow: workflow.reference(),
        subject: "a thing".into(),
        description: "".into(),
        requester: "ann".into(),
        provisional: false,
        organisation: None,
        channel: "mail".into(),
        category: None,
        impact: None,
        urgency: None,
        fields: BTreeMap::new(),
        tags: Default::default(),
        thread: None,
        follows: None,
        stay,
    };
    let mut t = Ticket::open(TicketId::from_u128(1), at, &opening);
    t.revision = Revision::new(1);
    t
}

fn bench(c: &mut Criterion) {
    let playbook = playbook();
    let workflow = &playbook.workflows()[0];
    let ticket = Arc::new(ticket(workflow));
    let li = Actor::agent("li");
    let roster = RosterDefinition::default().agent(Agent::new("li").group("support")).build(playbook.schema()).0.unwrap();
    c.bench_function("workflow/available_30_states", |b| {
        let roles = roster.roles(&li);
        let view = View { actor: &li, roles, ..View::of(&ticket, ticket.updated_at) };
        b.iter(|| black_box(workflow.available(black_box(&view))));
    });
    c.bench_function("workflow/apply", |b| {
        let limits = Limits::default();
        let ctx = Context {
            playbook: &playbook,
            roster: &roster,
            now: ticket.updated_at,
            limits: &limits,
            trace: false,
            suspended: ticketry::rules::Suspended::none(),
            running: None,
        };
        let case = Case { ticket: Some(ticket.clone()), ..Case::default() };
        let given = TransitionInput::new("to-0-2").set("impact", "high").comment("because").tick(0);
        let command = Command::on(ticket.id, "click-1", li.clone(), given.into());
        assert!(matches!(decide(&ctx, &case, &command), Decision::Decided(_)));
        b.iter(|| black_box(decide(&ctx, black_box(&case), &command)));
    });
}

/// A file of so many states in a row: alternatives with guards and demands, a way back, a limit and a time each.
fn file(states: usize) -> String {
    let mut out = String::from("name = \"chain\"\nversion = 1\ninitial = \"s0\"\nhandoffs = 65535\n");
    for i in 0..states {
        let party = ["group", "assignee", "role:lead"][i % 3];
        out.push_str(&format!("\n[states.s{i}]\nclass = \"open\"\nlabel = {{ en = \"State {i}\", zh = \"状态{i}\" }}\nresponsible = \"{party}\"\nlimit = \"4h\"\n"));
    }
    out.push_str("\n[states.done]\nclass = \"closed\"\nlabel = { en = \"Done\", zh = \"完成\" }\n");
    for i in 0..states {
        let next = i.saturating_add(1);
        let to = if next == states { "done".to_string() } else { format!("s{next}") };
        let back = i.saturating_sub(3);
        out.push_str(&format!(
            "\n[[transitions]]\nname = \"next\"\nlabel = {{ en = \"Next\", zh = \"下一步\" }}\nfrom = \"s{i}\"\nto = \"{to}\"\nguard = {{ field = \"impact\", is = \"high\" }}\nrequired = [\"impact\"]\n\
             \n[[transitions]]\nname = \"next\"\nlabel = {{ en = \"Next\", zh = \"下一步\" }}\nfrom = \"s{i}\"\nto = \"{to}\"\nroles = [\"lead\"]\n\
             check = [{{ require = {{ field = \"impact\", is_not = \"high\" }} }}]\n\
             \n[[transitions]]\nname = \"back\"\nlabel = {{ en = \"Back\", zh = \"退回\" }}\nfrom = \"s{i}\"\nto = \"s{back}\"\nexternal = true\ncomment = true\n\
             \n[[timed]]\nfrom = \"s{i}\"\nafter = \"3d\"\ntransition = \"back\"\n",
        ));
    }
    out
}

/// Reading and checking a definition grows with its size, and no faster.
fn check(c: &mut Criterion) {
    let playbook = playbook();
    for states in [10, 100, 1_000] {
        let toml = file(states);
        let load = || Workflow::load("workflows/chain.toml", &toml, playbook.schema(), &NoScripts);
        let (workflow, problems) = load();
        assert!(workflow.is_some() && problems.iter().all(|p| p.code == "external-without-effect"), "{problems}");
        c.bench_function(&format!("workflow/check_{states}_states"), |b| b.iter(|| black_box(load())));
    }
}

criterion_group!(benches, bench, check);
criterion_main!(benches);
