//! Random lives with approvals: whoever moves a ticket, it is never where an approval leads without one (S12).

use super::approvals::{FLOW, source, staffed};
use super::stage::{Stage, playbook};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;
use ticketry::desk::Error;
use ticketry::engine::{ApprovalCommand, Command, KinCommand, Migrate, TransitionInput, What};
use ticketry::id::*;
use ticketry::ticket::*;

const RULES: &str = r#"
rule("rush").on("changed:impact").when(|t| t.impact == "high").then(|t| t.transition("sneak"));
rule("again").on("approval.declined").then(|t| t.request_approval("spend"));
rule("cheap").on("changed:urgency").when(|t| t.urgency == "low").then(|t| t.set("amount", 900));
rule("push").on("approval.expired").then(|t| t.transition("order"));
"#;

const GONE: &str = "[states.gone]\nclass = \"cancelled\"\nlabel = { en = \"Gone\", zh = \"已并\" }\n\n[states.new]";

/// Two types whose workflows have the same states: a ticket may be moved over by a map.
fn stage() -> Stage {
    let timed = "[[timed]]\nfrom = [\"new\", \"asked\"]\nafter = \"3h\"\ntransition = \"order\"\n\n[approvals.spend]";
    let flow = FLOW.replacen("[approvals.spend]", timed, 1).replacen(
        "{ approvers = [\"role:buyer\"], quorum = \"2\", within = \"8h\" },",
        "{ approvers = [\"role:buyer\"], quorum = \"2\", within = \"2h\", on_expiry = \"escalate\" },",
        1,
    );
    let merged = "initial = \"new\"\nmerged_state = \"gone\"\n";
    let flow = flow.replacen("initial = \"new\"\n", merged, 1).replacen("[states.new]", GONE, 1);
    let other = flow.replacen("name = \"question\"", "name = \"order\"", 1);
    let base = source(&flow);
    let second = "[types.order]\nlabel = { en = \"Order\", zh = \"订单\" }\nworkflow = \"order\"\n";
    let head = base.get("playbook.toml").unwrap().to_string() + second;
    let files = base.with("playbook.toml", head).with("workflows/order.toml", other).with("rules/lives.rhai", RULES);
    staffed(playbook(&files))
}

type Step = (i64, u8, u8, u8);

fn step() -> impl Strategy<Value = Step> {
    (prop_oneof![3 => Just(0i64), 1 => 1i64..200], 0u8..18, any::<u8>(), any::<u8>())
}

fn one<T: Copy, const N: usize>(all: [T; N], n: u8) -> T {
    all[usize::from(n) % N]
}

fn command((_, what, a, b): Step, other: TicketId) -> (Actor, What) {
    let who = |n: u8| Actor::agent(one(["bo", "chen", "dai", "li", "zhao", "fu"], n));
    let states = ["new", "asked", "ordered", "refused", "closed"];
    match what {
        0 | 1 => (who(a), What::transition(one(["ask", "order", "sneak", "refuse", "back", "keep", "close", "reopen"], b))),
        2 => (Actor::System, What::transition(one(["order", "sneak", "ask", "reopen"], b))),
        3 => (Actor::requester("ann"), What::transition("sneak")),
        4..=7 => (who(a), ApprovalCommand::vote("spend", b % 5 != 0).into()),
        8 => (who(a), ApprovalCommand::delegate("spend", one(["bo", "chen", "dai", "li", "zhao", "fu"], b)).into()),
        9 => (who(a), ApprovalCommand::request("spend").into()),
        10 => (who(a), ApprovalCommand::withdraw("spend", "so").into()),
        11 => (who(a), ApprovalCommand::go_past("spend", if b % 2 == 0 { "noon" } else { "" }).into()),
        12 => (who(a), What::set("amount", one([100i64, 600, 900], b))),
        13 => (who(a), What::set(one(["urgency", "impact"], a), one(["low", "high"], b))),
        14 => (who(a), What::Transition(TransitionInput::new("order").set("amount", one([100i64, 600, 901], b)))),
        15 => (who(a), What::Kin(KinCommand::Merge { into: other })),
        16 => (who(a), What::Kin(KinCommand::UndoMerge)),
        _ => {
            let kind = one(["order", "question"], a);
            let states = states.iter().map(|s| (StateName::new(s), StateName::new(if b % 3 == 0 { "ordered" } else { s }))).collect();
            (who(b), What::Migrate(Migrate::Type { kind: kind.into(), states }))
        }
    }
}

/// Goes through the journal with what it says alone, and counts votes itself: whenever the ticket comes to be `ordered`, it may.
fn judge(entries: &[Entry]) -> usize {
    let mut t = Ticket::begin(&entries[0]).unwrap();
    let (mut granted, mut electors, mut yes): (bool, BTreeSet<AgentId>, BTreeSet<AgentId>) = Default::default();
    let mut entered = 0;
    let mut merged = None;
    let amount = |t: &Ticket| t.field("amount").cloned();
    let may_go = |t: &Ticket, granted: bool| granted || matches!(amount(t), Some(Value::Integer(n)) if n <= 500);
    for e in entries {
        for (at, index, c) in e.happened() {
            let (before, covered) = (t.state.clone(), (amount(&t), t.urgency.as_ref().map(|u| u.value.clone())));
            match &c.event {
                Event::Approval(a) => match &a.what {
                    ApprovalChange::Requested(round) => {
                        (granted, yes) = (false, BTreeSet::new());
                        electors = round.stages[0].voters.iter().map(|v| v.agent.clone()).collect();
                        let by = round.requested_by.as_agent();
                        assert!(electors.iter().all(|v| Some(v) != by && v.as_str() != "ann"), "who may not vote is asked");
                    }
                    ApprovalChange::Voted { by, approve, .. } => {
                        assert!(electors.contains(by), "{by} was not asked");
                        assert!(e.actor == Actor::Agent(by.clone()), "in another's name");
                        if *approve {
                            assert!(yes.insert(by.clone()), "two votes of {by}");
                        }
                    }
                    ApprovalChange::Delegated { from, to, .. } => {
                        assert!(electors.remove(from) && electors.insert(to.clone()), "two votes of one person");
                    }
                    ApprovalChange::Expired { voters, .. } => {
                        (electors, yes) = (voters.iter().map(|v| v.agent.clone()).collect(), BTreeSet::new());
                    }
                    ApprovalChange::Granted => {
                        let escalated = t.approvals[0].stages[0].escalated;
                        assert!(yes.len() >= if escalated { 1 } else { 2 }, "granted by {yes:?}");
                        granted = true;
                    }
                    ApprovalChange::Overridden { by, reason, .. } => {
                        assert!(*by == "zhao" && reason == "noon" && e.actor == Actor::agent("zhao"));
                        granted = true;
                    }
                    ApprovalChange::Voided { .. }
                    | ApprovalChange::Used
                    | ApprovalChange::Declined { .. }
                    | ApprovalChange::Withdrawn { .. } => granted = false,
                    ApprovalChange::StageOpened { .. } => {}
                },
                Event::Moved { stay, from, .. } if stay.state == "ordered" && *from != "ordered" => {
                    entered += 1;
                    assert!(may_go(&t, granted), "moved past an approval at {}", e.revision);
                }
                // It comes back as it was, unless what was voted on has changed meanwhile.
                Event::Kin(k) => match &**k {
                    KinEvent::MergedInto { .. } => merged = Some((granted, covered.clone())),
                    KinEvent::Unmerged { .. } => granted = merged.take().is_some_and(|(was, of)| was && of == covered),
                    _ => {}
                },
                Event::Migrated(m) => {
                    assert!(m.after.stay.state != "ordered" || may_go(&t, granted), "migrated past an approval");
                }
                _ => {}
            }
            t.evolve(&c.event, at, e.revision, index);
            // It was for what there was then.
            granted &= covered == (amount(&t), t.urgency.as_ref().map(|u| u.value.clone()))
                && !(before == "ordered" && t.state != "ordered" && matches!(c.event, Event::Moved { .. }));
        }
    }
    entered
}

/// State, cycle, and of each round its number, where it stands, its stage and the votes.
type Shape = (StateName, u32, Vec<(u32, ApprovalState, u8, Vec<Voter>)>);

/// What is left of a life that does not name entries.
fn shape(t: &Ticket) -> Shape {
    let of = |a: &Approval| (a.round, a.state, a.stage, a.present().map(|s| s.voters.clone()).unwrap_or_default());
    (t.state.clone(), t.cycle, t.approvals.iter().map(of).collect())
}

fn live(steps: &[Step], sweeps: bool) -> (Vec<bool>, Shape, usize) {
    let s = stage();
    let (t, other) = (s.create(), s.create());
    let mut done = Vec::new();
    for (i, one) in steps.iter().enumerate() {
        s.pass(one.0);
        if sweeps {
            s.desk.sweep(s.desk.now()).unwrap();
        }
        let before = s.get(&t);
        let (actor, what) = command(*one, other.id);
        done.push(match s.desk.submit(Command::on(t.id, format!("s{i}"), actor, what)) {
            Ok(_) => true,
            Err(Error::Refused(_)) => {
                assert_eq!(s.get(&t), before, "a refusal changes nothing");
                false
            }
            Err(e) => panic!("{e:?}"),
        });
        let now: Arc<Ticket> = s.get(&t);
        assert_eq!(Ticket::fold(&s.desk.journal(t.id).unwrap()).as_ref(), Some(&*now));
        for name in ["order", "sneak"] {
            let offers = s.desk.available(t.id, &Actor::agent("li")).unwrap();
            let open = offers.iter().any(|o| o.transition == *name && o.refusal.reasons.is_empty());
            let granted = now.granted_approvals().next().is_some();
            let cheap = matches!(now.field("amount"), Some(Value::Integer(n)) if *n <= 500);
            assert!(!open || granted || cheap, "offered past an approval");
        }
    }
    s.pass(100_000);
    s.desk.sweep(s.desk.now()).unwrap();
    assert_eq!(s.desk.verify(t.id).unwrap(), None, "its clocks follow from the facts");
    let entered = judge(&s.desk.journal(t.id).unwrap());
    (done, shape(&s.get(&t)), entered)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::scale::pick(12, 48, 400), ..ProptestConfig::default() })]
    /// Votes, delegations, edits of what is covered, transitions by everybody, rules, timers, migrations: nothing gets past it, the journal tells the ticket, and it is the same however
    /// often somebody sweeps (S26).
    #[test]
    fn s12_a_protected_state_is_never_entered_without_a_grant_or_an_override_in_the_journal(steps in prop::collection::vec(step(), 1..40)) {
        prop_assert_eq!(live(&steps, false), live(&steps, true));
    }
}

/// The lives above do get there: else they would prove nothing.
#[test]
fn s12_lives_with_approvals_do_come_to_where_they_lead() {
    let granted: [Step; 3] = [(0, 0, 3, 0), (0, 4, 0, 1), (0, 4, 1, 1)];
    assert_eq!(live(&granted, true).2, 1);
    let past: [Step; 1] = [(0, 11, 4, 0)];
    assert_eq!(live(&past, false).2, 1);
    // Granted and used, merged while it is where it led, and back; changed meanwhile, it counts no more.
    let merged = [granted.to_vec(), vec![(0, 15, 3, 0), (0, 16, 3, 0), (0, 0, 3, 5), (0, 15, 3, 0), (0, 12, 3, 2), (0, 16, 3, 0)]].concat();
    assert_eq!(live(&merged, true), live(&merged, false));
    assert!(live(&merged, true).0.iter().all(|done| *done));
}
