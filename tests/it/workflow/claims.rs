//! What the analysis at load claims of a workflow is so (S6, S12): cases in which it was not.

use super::{SOUND, load};
use crate::engine::approvals::{FLOW, source, staffed};
use proptest::prelude::*;
use ticketry::condition::fold;
use ticketry::diagnostic::Source;
use ticketry::playbook::Playbook;

fn codes(source: &Source) -> Vec<&'static str> {
    match Playbook::load(source) {
        Ok(l) => l.warnings.iter().map(|d| d.code).collect(),
        Err(d) => d.iter().map(|d| d.code).collect(),
    }
}

#[test]
fn s12_an_earlier_timed_transition_that_an_approval_may_hold_up_takes_nothing_from_a_later_one() {
    let timed = "[[timed]]\nfrom = [\"new\"]\nafter = \"1h\"\ntransition = \"order\"\n\n[[timed]]\nfrom = [\"new\"]\nafter = \"2h\"\ntransition = \"refuse\"\n\n[approvals.spend]";
    let flow = FLOW.replacen("[approvals.spend]", timed, 1).replacen(
        "from = \"asked\"\nto = \"refused\"",
        "from = [\"asked\", \"new\"]\nto = \"refused\"",
        1,
    );
    assert_eq!(codes(&source(&flow)), Vec::<&str>::new());
    let s = staffed(crate::engine::stage::playbook(&source(&flow)));
    let t = s.create();
    s.pass(150);
    s.desk.sweep(s.desk.now()).unwrap();
    assert_eq!(s.get(&t).state, "refused");
    // Without the approval nobody is there any more.
    assert_eq!(
        codes(&source(&flow.replacen("protects = [\"ordered\"]\n", "", 1).replacen("granted = \"order\"\n", "", 1))),
        ["timed-never"]
    );
}

#[test]
fn s12_an_approval_of_excluded_roles_only_or_of_too_many_nobody_can_give() {
    let wrong = |approvers: &str, quorum: &str, exclude: &str| {
        let flow = FLOW
            .replacen("approvers = [\"role:buyer\"], quorum = \"2\"", &format!("approvers = [{approvers}], quorum = {quorum}"), 1)
            .replacen("exclude = [\"requester\", \"initiator\"]", &format!("exclude = [{exclude}]"), 1);
        codes(&source(&flow))
    };
    let nobody = vec!["approval-nobody-can-give"];
    assert_eq!(wrong("\"role:buyer\"", "\"any\"", "\"role:buyer\""), nobody);
    assert_eq!(wrong("\"role:buyer\", \"lead\"", "2", "\"role:buyer\""), nobody);
    assert_eq!(wrong("\"role:buyer\"", "\"33\"", ""), nobody, "more than a round can ask");
    for (approvers, quorum, exclude) in [
        ("\"role:buyer\", \"lead\"", "1", "\"role:buyer\""),
        ("\"role:buyer\"", "\"32\"", "\"role:lead\""),
        ("\"role:buyer\", \"role:lead\"", "9", "\"role:buyer\""),
        ("\"role:buyer\"", "\"0%\"", "\"role:buyer\""),
    ] {
        assert!(!wrong(approvers, quorum, exclude).contains(&"approval-nobody-can-give"), "{approvers} {quorum} {exclude}");
    }
}

#[test]
fn s57_the_state_of_merged_tickets_is_reached_without_a_transition() {
    let merged = "[states.merged]\nclass = \"cancelled\"\nlabel = { en = \"Merged\", zh = \"已合并\" }\n\n";
    let at = SOUND.find("[states.").unwrap();
    let toml = format!("{}merged_state = \"merged\"\n\n{merged}{}", &SOUND[..at], &SOUND[at..]);
    assert!(load(&toml).1.is_empty(), "{}", load(&toml).1);
    let unsaid = toml.replacen("merged_state = \"merged\"\n", "", 1);
    assert!(load(&unsaid).1.iter().any(|d| d.code == "unreachable-state"), "{}", load(&unsaid).1);
}

#[cfg(feature = "rhai")]
#[test]
fn s6_a_looked_up_figure_may_lie_between_two_whole_ones() {
    let guard = "name = \"sneak\"\nguard = 'lookup(\"rates\", t.impact) > 1 && lookup(\"rates\", t.impact) < 2'";
    let mut source = source(&FLOW.replacen("name = \"sneak\"", guard, 1));
    source.add("tables/rates.csv", "impact, -> rate: decimal\nlow, 1.5\nmedium, 3\nhigh, 4\n");
    assert_eq!(codes(&source), Vec::<&str>::new());
    let never = guard.replacen("< 2", "< 1", 1);
    source.add("workflows/question.toml", FLOW.replacen("name = \"sneak\"", &never, 1));
    assert_eq!(codes(&source), ["dead-transition"]);
}

#[test]
fn s88_what_is_folded_is_folded() {
    assert_eq!(fold("J\u{30C}"), fold("\u{1F0}"), "a letter that is composed only when small");
    assert_eq!(fold("\u{1F88}"), fold("\u{1F80}"), "one that is neither capital nor small");
}

proptest! {
    #[test]
    fn s88_folding_twice_is_folding_once(s in "\\PC{0,12}", c in any::<char>(), d in any::<char>()) {
        for s in [s, format!("{c}{d}"), format!("{c}\u{30C}"), format!("{c}\u{301}{d}")] {
            let once = fold(&s).into_owned();
            prop_assert_eq!(&*fold(&once), &*once);
        }
    }
}

#[test]
fn s5_time_is_nobody_of_the_desk() {
    let timed = "[[timed]]\nfrom = [\"new\"]\nafter = \"1h\"\ntransition = \"sneak\"\n\n[approvals.spend]";
    let flow = |actor: &str| {
        let guard = format!("name = \"sneak\"\nguard = {{ field = \"event.actor\", is = \"{actor}\" }}");
        FLOW.replacen("[approvals.spend]", timed, 1).replacen("name = \"sneak\"", &guard, 1)
    };
    assert_eq!(codes(&source(&flow("agent"))), ["timed-never"]);
    assert_eq!(codes(&source(&flow("system"))), Vec::<&str>::new());
}

/// Two transitions of one name that lead to and fro, each followed by something.
fn to_and_fro(first: &str, second: &str, approvals: &str) -> String {
    let at = FLOW.find("[approvals.spend]").unwrap();
    let flip = |from: &str, to: &str, after: &str| {
        format!(
            "[[transitions]]\nname = \"flip\"\nlabel = {{ en = \"Flip\", zh = \"翻\" }}\nfrom = \"{from}\"\nto = \"{to}\"\nafter = [{after}]\n\n"
        )
    };
    let head = FLOW[..at].replacen("after = [{ request_approval = \"spend\" }]", "after = [{ request_approval = \"p\" }]", 1);
    [head, flip("asked", "refused", first), flip("refused", "asked", second), approvals.to_string()].concat()
}
fn informing(name: &str, more: &str) -> String {
    format!(
        "[approvals.{name}]\nlabel = {{ en = \"P\", zh = \"审\" }}\n{more}\ngranted = \"flip\"\nstages = [{{ approvers = [\"role:buyer\"], quorum = \"0%\" }}]\n\n"
    )
}

#[test]
fn s12_approvals_granted_at_once_that_ask_for_each_other_are_a_cycle() {
    let ask = "{ request_approval = \"p\" }, { request_approval = \"q\" }";
    let flow = to_and_fro(ask, ask, &[informing("p", "protects = [\"asked\"]"), informing("q", "protects = [\"refused\"]")].concat());
    assert_eq!(codes(&source(&flow)), ["automatic-cycle"]);
}

#[test]
fn s12_what_grants_itself_anew_ends_after_some_steps() {
    let set = |n: u8| format!("{{ set = {{ field = \"amount\", value = {n}, force = true }} }}");
    let flow = to_and_fro(&set(1), &set(2), &informing("p", "covers = [\"amount\"]"));
    let s = staffed(crate::engine::stage::playbook(&source(&flow)));
    let t = s.create();
    let t = s.as_agent("li", &t, ticketry::engine::What::transition("ask"));
    let journal = s.desk.journal(t.id).unwrap();
    let events = || journal.iter().flat_map(|e| &e.events).map(|c| &c.event);
    let refused = events().any(|e| matches!(e, ticketry::ticket::Event::MoveRefused { codes, .. } if codes[..] == ["too-deep"]));
    assert!(refused && events().count() < 100, "{} events", events().count());
}
