//! Laws: take and available agree, nothing panics, everything broken is diagnosed, checking is linear.

use super::*;
use crate::scale::pick;
use proptest::prelude::*;
use ticketry::calendar::Span;
use ticketry::condition::{Form, Plain, Table};
use ticketry::workflow::*;

const STATES: [&str; 7] = ["a", "b", "c", "d", "e", "*", "nowhere"];
const NAMES: [&str; 5] = ["go", "come", "stay", "end", "never"];

/// With resolution codes.
fn codes() -> Schema {
    Schema { resolutions: Scale::of(&["fixed", "duplicate"]), ..schema() }
}

fn guard() -> impl Strategy<Value = Option<Form>> {
    let table = |level: &str| {
        Form::Table(Box::new(Table { field: Some("impact".into()), is: Some(Plain::Text(level.into())), ..Table::default() }))
    };
    prop_oneof![3 => Just(None), 1 => Just(Some(table("low"))), 1 => Just(Some(table("high"))), 1 => Just(Some(table("odd")))]
}

fn state(name: &'static str) -> impl Strategy<Value = StateDefinition> {
    (0..7usize, any::<bool>(), prop::option::of(0..NAMES.len()), any::<Option<bool>>(), 0..3u32).prop_map(
        move |(class, owned, reply, slots, days)| StateDefinition {
            responsible: owned.then_some(Responsible::Group),
            on_requester_reply: reply.map(|i| TransitionName::new(NAMES[i])),
            holds_slots: slots,
            checklist: vec![text("done", "已完成")],
            limit: (days > 0).then(|| Span::Days(days - 1)),
            ..StateDefinition::new(name, StateClass::ALL[class])
        },
    )
}

fn transition() -> impl Strategy<Value = TransitionDefinition> {
    let some = prop::collection::vec(0..STATES.len(), 0..4);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let demands = (prop::option::of(guard()), any::<bool>(), any::<bool>(), 0..3u8);
    (0..NAMES.len(), some, prop::option::of(0..STATES.len()), guard(), flags, demands).prop_map(
        |(name, from, to, guard, (external, lead, field, comment), (check, checklist, attachment, code))| TransitionDefinition {
            check: check.flatten().map(|c| CheckDefinition::new(c).field("impact")).into_iter().collect(),
            checklist,
            attachment,
            resolution: [None, Some(vec![]), Some(vec![LevelName::new("fixed")])][usize::from(code)].clone(),
            to: to.map(|i| StateName::new(STATES[i])),
            external,
            guard,
            roles: if lead { vec![RoleName::new("lead")] } else { Vec::new() },
            required: if field { vec![Attribute::Category] } else { Vec::new() },
            comment,
            ..TransitionDefinition::staying(NAMES[name], from.iter().map(|i| StateName::new(STATES[*i])))
        },
    )
}

fn definition() -> impl Strategy<Value = WorkflowDefinition> {
    let states = (state("a"), state("b"), state("c"), state("d"), state("e"), 0..6usize);
    let timed = prop::collection::vec((0..STATES.len(), 0..4u32, 0..NAMES.len()), 0..3);
    let rights = prop::collection::vec((0..STATES.len(), 0..STATES.len(), any::<bool>()), 0..4);
    (states, prop::collection::vec(transition(), 0..12), timed, prop::collection::vec(0..STATES.len(), 0..3), 0..3u32, rights).prop_map(
        |((a, b, c, d, e, n), transitions, timed, initial, version, rights)| WorkflowDefinition {
            rights: rights
                .into_iter()
                .map(|(from, to, lead)| RightDefinition::new(STATES[from], STATES[to], [if lead { "lead" } else { "engineer" }]))
                .collect(),
            name: WorkflowName::new("w"),
            version,
            initial: initial.iter().map(|i| StateName::new(STATES[*i])).collect(),
            states: [a, b, c, d, e].into_iter().take(n).collect(),
            transitions,
            timed: timed
                .iter()
                .map(|(f, days, t)| TimedDefinition {
                    from: vec![StateName::new(STATES[*f])],
                    after: Span::Days(*days),
                    transition: TransitionName::new(NAMES[*t]),
                })
                .collect(),
            tasks: Vec::new(),
            tasks_at_end: TasksAtEnd::Block,
            handoffs: n.checked_rem(3).map(|n| n as u16),
            children: ChildrenDefinition::default(),
            merged_state: None,
            approvals: Vec::new(),
        },
    )
}

/// A definition whose every fault that would forbid loading is taken out, so that many load.
fn mended() -> impl Strategy<Value = WorkflowDefinition> {
    definition().prop_map(|mut d| {
        let new = |n: &str| StateDefinition::new(n, StateClass::New).responsible(Responsible::Group).checklist([text("done", "已完成")]);
        d.rights.retain(|r| r.from.iter().chain(&r.to).all(|s| *s != *"nowhere"));
        d.version = 1;
        d.states = ["a", "b", "c", "d"].map(new).into();
        d.states.push(StateDefinition::new("e", StateClass::Closed).checklist([text("done", "已完成")]));
        d.initial = ["a", "b", "c", "d", "e"].map(StateName::new).into();
        d.timed.clear();
        let known = |s: &StateName| *s != *"nowhere" && *s != *"*";
        let odd = |f: &Form| matches!(f, Form::Table(t) if t.is == Some(Plain::Text("odd".into())));
        for t in &mut d.transitions {
            t.from.retain(known);
            t.to = t.to.take().filter(known);
            t.guard = t.guard.take().filter(|g| !odd(g));
            t.check.retain(|c| !odd(&c.require));
        }
        d.transitions.retain(|t| !t.from.is_empty());
        d.transitions.push(TransitionDefinition::new("finish", ["*"], "e"));
        // Alternatives without a guard go last.
        d.transitions.sort_by_key(|t| t.guard.is_none());
        let mut seen = std::collections::BTreeSet::new();
        for t in d.transitions.iter_mut().filter(|t| t.guard.is_none()) {
            t.from.retain(|s| seen.insert((t.name.clone(), s.clone())));
        }
        d.transitions.retain(|t| !t.from.is_empty());
        d
    })
}

/// The words of the sound workflow, for mutations that stay near it.
fn word() -> impl Strategy<Value = String> {
    let words: Vec<String> = SOUND.split_whitespace().map(str::to_string).collect();
    prop_oneof![
        4 => prop::sample::select(words),
        1 => prop::sample::select(vec!["{", "}", "[", "]", "\"", "'''", "=", ",", ".", "\n", "#", "é", "😀", "9999999999999999999999", "-1", "1.5", "2025-10-09", "\u{0}", "[[", "]]"]).prop_map(str::to_string),
        1 => any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: pick(96, 1_000, 20_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_definition_is_checked_without_panic(d in definition()) {
        let (w, problems) = d.compile(&codes(), &NoScripts);
        prop_assert_eq!(w.is_some(), !problems.has_errors());
        prop_assert!(problems.iter().all(|p| !p.message.en.is_empty() && !p.message.zh.is_empty() && p.place().is_some()));
    }

    #[test]
    fn s02_take_and_available_agree(d in mended(), at in 0..6usize, lead in any::<bool>(), filled in any::<bool>(), impact in 0..3usize, done in any::<[bool; 3]>()) {
        let (w, problems) = d.compile(&codes(), &NoScripts);
        let w = w.ok_or_else(|| TestCaseError::fail(problems.to_string()))?;
        let mut t = ticket(["a", "b", "c", "d", "e", "nowhere"][at]);
        let by = Provenance::Agent;
        t.category = filled.then(|| Sourced { value: CategoryPath::new("hardware"), by });
        t.impact = [None, Some("low"), Some("high")][impact].map(|l| Sourced { value: LevelName::new(l), by });
        let roles = if lead { vec![RoleName::new("lead")] } else { Vec::new() };
        let anna = Actor::agent("anna");
        if done[0] {
            t.progress.ticked.insert(0);
        }
        t.progress.resolution = done[1].then(|| Resolution { code: "fixed".into(), cycle: t.cycle });
        let mut note = super::semantics::note("because");
        note.attachments.extend(done[2].then(|| Attachment { reference: "r".into(), name: "a.png".into(), media_type: "image/png".into(), size: 1, hash: None }));
        let v = View { message: Some(&note), ..view(&t, &anna, &roles) };
        let offers = w.available(&v);
        for offer in &offers {
            match w.take(&offer.transition.name, &v) {
                Ok(t) => prop_assert!(offer.is_open() && std::ptr::eq(t, offer.transition)),
                Err(b) => prop_assert!(!b.is_empty() && b == offer.blockers),
            }
        }
        for n in NAMES.iter().chain(&["finish", "unheard"]).map(TransitionName::new).filter(|n| !offers.iter().any(|o| o.transition.name == *n)) {
            let blockers = w.take(&n, &v).unwrap_err();
            let last = blockers.last().unwrap().code;
            prop_assert!(matches!(last, "not-from-state" | "unknown-transition"), "{last}");
            prop_assert_eq!(blockers.iter().filter(|b| b.code == "not-from-state").count(), usize::from(last == "not-from-state"));
        }
        // Once each, and exactly what leaves the state.
        let mut names: Vec<_> = offers.iter().map(|o| &o.transition.name).collect();
        names.sort();
        names.dedup();
        prop_assert_eq!(names.len(), offers.len());
        prop_assert!(w.leaving(&t.state).all(|t| names.contains(&&t.name)));
    }

    #[test]
    fn no_state_is_left_but_to_a_state_that_exists(d in mended()) {
        let (w, _) = d.compile(&codes(), &NoScripts);
        let w = w.unwrap();
        for s in w.states() {
            for t in w.leaving(&s.name) {
                prop_assert!(w.state(t.target(&s.name)).is_some() && t.from.contains(&s.name));
                prop_assert!(w.transition(&s.name, &t.name).is_some());
            }
        }
    }

    #[test]
    fn mutated_files_are_always_diagnosed_or_sound(at in 0..SOUND.len(), cut in 0..40usize, words in prop::collection::vec(word(), 0..4)) {
        let start = (0..=at).rev().find(|i| SOUND.is_char_boundary(*i)).unwrap();
        let end = (start + cut..=SOUND.len()).find(|i| SOUND.is_char_boundary(*i)).unwrap_or(SOUND.len());
        let toml = format!("{}{}{}", &SOUND[..start], words.join(" "), &SOUND[end..]);
        let (w, problems) = load(&toml);
        prop_assert_eq!(w.is_some(), !problems.has_errors(), "{}", problems);
        for d in problems.iter() {
            let place = d.place().unwrap();
            let line = toml.split('\n').nth((place.line as usize).saturating_sub(1));
            prop_assert!(line.is_some_and(|l| place.column as usize <= l.chars().count() + 1), "{:?}", place);
        }
    }

    #[test]
    fn any_text_is_diagnosed(toml in any::<String>()) {
        let (w, problems) = load(&toml);
        prop_assert!(w.is_none() && problems.has_errors());
    }
}

/// A chain of `n` states, each with a way on, a way out and a timed way out.
fn chain(n: usize) -> String {
    let mut toml = String::from("name = \"chain\"\nversion = 1\ninitial = \"s0\"\n[states.done]\nclass = \"closed\"\nlabel = \"完成\"\n");
    for i in 0..n {
        toml += &format!("[states.s{i}]\nclass = \"open\"\nlabel = \"第 {i} 步\"\nresponsible = \"group\"\n");
    }
    for i in 1..n {
        toml += &format!("[[transitions]]\nname = \"t{i}\"\nlabel = \"下一步\"\nfrom = \"s{}\"\nto = \"s{i}\"\n", i - 1);
    }
    toml += "[[transitions]]\nname = \"finish\"\nlabel = \"完成\"\nfrom = \"*\"\nto = \"done\"\n";
    for i in 0..n {
        toml += &format!("[[timed]]\nfrom = \"s{i}\"\nafter = \"3bd\"\ntransition = \"finish\"\n");
    }
    toml
}

/// No timing: a quadratic step would take minutes at this size, and the memory of the pieces says the rest.
#[test]
fn a_thousand_states_load_and_grow_linearly() {
    for n in [10, 100, 1_000, 4_000] {
        let (w, problems) = load(&chain(n));
        let w = w.unwrap_or_else(|| panic!("{problems}"));
        assert_eq!((w.states().len(), w.transitions().len()), (n + 1, n));
        let exits: usize = w.states().iter().map(|s| w.leaving(&s.name).count()).sum();
        assert_eq!(exits, 2 * n - 1);
    }
    let (w, problems) = load(&chain(5_000));
    assert!(w.is_none() && problems.iter().any(|d| d.code == "too-many"));
}

#[test]
fn too_many_exits_are_refused_before_they_are_made() {
    let mut d = WorkflowDefinition::new("w", 1).initial("s0").state(StateDefinition::new("end", StateClass::Closed));
    for i in 0..1_000 {
        d = d.state(StateDefinition::new(format!("s{i}"), StateClass::Open));
    }
    for i in 0..1_000 {
        d = d.transition(TransitionDefinition::new(format!("t{i}"), ["*"], "end"));
    }
    let (w, problems) = d.compile(&codes(), &NoScripts);
    assert!(w.is_none() && problems.iter().any(|d| d.code == "too-many"));
}

/// What is wrong everywhere is told everywhere, without a search through all names each time.
#[test]
fn four_thousand_problems_are_told_quickly() {
    let toml = chain(2_000).replace("to = \"s", "to = \"x").replace("transition = \"finish\"", "transition = \"finnish\"");
    let (_, problems) = load(&toml);
    assert_eq!(problems.len(), 1_999 + 2_000);
    assert!(problems.iter().all(|d| matches!(d.code, "transition-to-nowhere" | "unknown-transition")));
}
