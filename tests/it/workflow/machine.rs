//! The bare machine: it refuses what is undefined and nothing else, and a refusal changes nothing.

use proptest::prelude::*;
use std::collections::BTreeMap;
use ticketry::id::{StateName, TransitionName};
use ticketry::ticket::StateClass;
use ticketry::workflow::{ArcDefinition, Machine, MachineDefinition, Undefined, Unfired};

fn nothing(_: usize) -> Vec<&'static str> {
    Vec::new()
}

#[test]
fn s6_what_is_undefined_is_refused_all_at_once() {
    let d = MachineDefinition::new(["a", "b", "a"])
        .mark("b")
        .initial("nowhere")
        .arc(ArcDefinition::new("go", ["a"], "c"))
        .arc(ArcDefinition::new("go", ["a"], "b"))
        .arc(ArcDefinition::new("take", ["b"], "").takes(["x"]));
    let bad: Vec<String> = Machine::new(&d).unwrap_err().iter().map(ToString::to_string).collect();
    let all = [
        "`a` is declared twice",
        "`b` is declared twice",
        "there is no state `nowhere`",
        "`go`: there is no state `c`",
        "`take`: there is no mark `x`",
        "`go` leaves `a` twice, and no guard says which is meant",
    ];
    assert_eq!(bad, all);
}

#[test]
fn s6_unreachable_states_dead_ends_and_no_beginning_are_not_its_business() {
    let machine = Machine::new(&MachineDefinition::new(["a", "island"])).unwrap();
    assert!(machine.start().is_none() && machine.begin(&"a".into()).is_none());
    let at = machine.position(&"island".into(), []).unwrap();
    assert_eq!(machine.fire(&at, &"go".into(), nothing), Err(Unfired::Unknown));
    assert_eq!(machine.position(&"sea".into(), []), Err(Undefined::State { name: "sea".into(), arc: None }));
}

#[test]
fn s4_s7_named_origins_replace_general_ones_and_internal_steps_leave_nothing() {
    let d = MachineDefinition::new(["a", "b", "c"])
        .initial("a")
        .arc(ArcDefinition::new("go", ["*"], "c"))
        .arc(ArcDefinition::new("go", ["a"], "b"))
        .arc(ArcDefinition::new("note", ["*"], ""))
        .arc(ArcDefinition::new("again", ["*"], "="));
    let m = Machine::new(&d).unwrap();
    let (a, b) = (m.start().unwrap(), m.position(&"b".into(), []).unwrap());
    assert_eq!(m.fire(&a, &"go".into(), nothing).unwrap().to.state(), "b");
    assert_eq!(m.fire(&b, &"go".into(), nothing).unwrap().to.state(), "c");
    let note = m.fire(&a, &"note".into(), nothing).unwrap();
    assert!(note.left.is_empty() && note.entered.is_empty() && note.to == a);
    let again = m.fire(&a, &"again".into(), nothing).unwrap();
    assert_eq!((again.left, again.entered), (vec![StateName::new("a")], vec![StateName::new("a")]));
}

#[test]
fn s2_alternatives_are_tried_in_order_and_all_that_stands_against_them_is_told() {
    let d = MachineDefinition::new(["a", "b", "c"])
        .initial("a")
        .arc(ArcDefinition::new("go", ["a"], "b").guarded())
        .arc(ArcDefinition::new("go", ["a"], "c").guarded());
    let m = Machine::new(&d).unwrap();
    let a = m.start().unwrap();
    let only = |open: usize| move |i: usize| if i == open { vec![] } else { vec![i] };
    assert_eq!(m.fire(&a, &"go".into(), only(1)).unwrap().to.state(), "c");
    assert_eq!(m.enabled(&a, only(1)), [1]);
    assert_eq!(m.fire(&a, &"go".into(), |i| vec![i]), Err(Unfired::Blocked(vec![0, 1])));
    assert_eq!(m.fire(&m.position(&"b".into(), []).unwrap(), &"go".into(), nothing), Err(Unfired::NotFromHere));
}

#[test]
fn s10_equal_names_are_no_map() {
    let m = Machine::new(&MachineDefinition::new(["open", "done"])).unwrap();
    let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect::<BTreeMap<StateName, StateName>>();
    assert_eq!(m.take_over(&"open".into(), &map(&[])), None);
    assert_eq!(m.take_over(&"open".into(), &map(&[("open", "nowhere")])), None);
    assert_eq!(m.take_over(&"started".into(), &map(&[("started", "open")])).unwrap().state(), "open");
}

#[test]
fn s9_work_begins_when_the_initial_class_is_left_and_ends_once() {
    use StateClass::{Cancelled, Closed, New, Open, Resolved};
    assert!(!New.begins_work(None) && !New.begins_work(Some(New)), "from one initial state to another nothing begins");
    assert!(Open.begins_work(None) && Open.begins_work(Some(New)) && Closed.begins_work(Some(New)) && !Open.begins_work(Some(Open)));
    assert!(
        Resolved.ends_work(Some(Open)) && Closed.ends_work(None) && !Closed.ends_work(Some(Resolved)) && !Cancelled.ends_work(Some(Closed))
    );
}

const STATES: [&str; 5] = ["a", "b", "c", "d", "e"];
const MARKS: [&str; 3] = ["x", "y", "z"];

fn definitions() -> impl Strategy<Value = MachineDefinition> {
    let some = |of: &'static [&'static str], most: usize| proptest::sample::subsequence(of, 0..=most);
    let arc = (
        0..6u8,
        some(&STATES, 2),
        proptest::sample::select(vec!["a", "b", "c", "d", "e", "", "=", "nowhere"]),
        some(&MARKS, 1),
        some(&MARKS, 2),
        any::<bool>(),
    );
    proptest::collection::vec(arc, 0..14).prop_map(|arcs| {
        let mut d = MachineDefinition::new(STATES).initial("a");
        d.marks = MARKS.iter().map(|m| (*m).into()).collect();
        d.arcs = arcs
            .into_iter()
            .map(|(name, from, to, takes, sets, guarded)| {
                let mut arc = ArcDefinition::new(format!("t{name}"), from, to).takes(takes).sets(sets);
                arc.guarded = guarded;
                arc
            })
            .collect();
        d
    })
}

proptest! {
    /// `may`, `enabled` and `fire` always agree; whatever is fired stands where the definition says, and a refusal is one of its kinds.
    #[test]
    fn s1_s2_may_enabled_and_fire_agree(d in definitions(), walk in proptest::collection::vec((0..7u8, any::<u16>()), 0..30)) {
        let Ok(m) = Machine::new(&d) else { return Ok(()) };
        let mut at = m.start().unwrap();
        for (name, blocked) in walk {
            let judge = |i: usize| if blocked >> (i % 16) & 1 == 1 { vec![i] } else { vec![] };
            let name = TransitionName::new(format!("t{name}"));
            let enabled = m.enabled(&at, judge);
            let fired = m.fire(&at, &name, judge);
            prop_assert_eq!(m.may(&at, &name, judge), fired.is_ok());
            prop_assert_eq!(enabled.iter().any(|i| m.name(*i) == Some(&name)), fired.is_ok());
            match fired {
                Ok(fired) => {
                    let arc = &d.arcs[fired.arc];
                    prop_assert!(enabled.contains(&fired.arc) && arc.name == name && judge(fired.arc).is_empty());
                    prop_assert!(arc.takes.iter().all(|t| at.marks().contains(t)), "it had what it takes");
                    let mut marks = at.marks().clone();
                    marks.retain(|k| !arc.takes.contains(k));
                    marks.extend(arc.sets.iter().cloned());
                    prop_assert_eq!(fired.to.marks(), &marks);
                    prop_assert_eq!(Some(fired.to.state()), m.target(fired.arc, at.state()));
                    at = fired.to;
                }
                Err(Unfired::Unknown) => prop_assert!(d.arcs.iter().all(|a| a.name != name)),
                Err(Unfired::NotFromHere) => prop_assert!(m.leaving(at.state()).all(|i| m.name(i) != Some(&name))),
                Err(Unfired::Unmarked(missing)) => prop_assert!(!missing.is_empty() && missing.iter().all(|k| !at.marks().contains(k))),
                Err(Unfired::Blocked(all)) => prop_assert!(!all.is_empty() && all.iter().all(|i| d.arcs[*i].name == name)),
            }
        }
    }
}
