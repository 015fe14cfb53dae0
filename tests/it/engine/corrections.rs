//! S87 through the one door: who may, what is refused, what is journalled and shown.

use super::stage::{Stage, at};
use ticketry::desk::Error;
use ticketry::diagnostic::Lang;
use ticketry::engine::{Refusal, What};
use ticketry::id::*;
use ticketry::playbook::Playbook;
use ticketry::ticket::*;

fn rights() -> String {
    let source = Playbook::starter_source();
    source.get("playbook.toml").unwrap().replace("[levels]", "[settings.rights]\ncorrect_sla = [\"lead\"]\n\n[levels]")
}
fn stage() -> Stage {
    Stage::with(&[("playbook.toml", &rights())])
}
fn refused(e: Result<ticketry::desk::Done, Error>) -> Refusal {
    match e {
        Err(Error::Refused(r)) => r,
        other => panic!("{other:?}"),
    }
}
fn id(metric: &str, run: u32) -> ClockId {
    ClockId { agreement: Agreement::Customer, metric: metric.into(), run }
}
fn exclude(from: &str, to: &str, reason: &str) -> What {
    What::CorrectSla { clock: id("first_response", 1), amendment: Amendment::Exclude { from: at(from), to: at(to) }, reason: reason.into() }
}
fn judge(metric: &str, run: u32) -> What {
    What::CorrectSla { clock: id(metric, run), amendment: Amendment::Judge(Outcome::Met), reason: "force majeure".into() }
}

#[test]
fn s87_only_a_person_with_the_right_corrects_and_nobody_has_it_by_default() {
    let s = Stage::starter();
    let t = s.create();
    let r = refused(s.try_as(Actor::agent("zhao"), &t, judge("resolution", 1)));
    assert!(r.has("not-allowed") && r.render(Lang::En).contains("[settings.rights] correct_sla"), "{r}");
    let s = stage();
    let t = s.create();
    for who in [Actor::agent("li"), Actor::requester("ann"), Actor::System, Actor::Integration("crm".into()), Actor::Vendor("acme".into())]
    {
        let r = refused(s.try_as(who.clone(), &t, judge("resolution", 1)));
        assert!(r.has("not-allowed") && !r.render(Lang::Zh).is_empty(), "{who}: {r}");
        let what = What::WithdrawCorrection { correction: Revision::new(2), reason: "x".into() };
        assert!(refused(s.try_as(who, &t, what)).has("not-allowed"));
    }
    assert_eq!(s.get(&t).revision.get(), 1);
    s.as_agent("zhao", &t, judge("resolution", 1));
}

#[test]
fn s87_what_makes_no_sense_is_refused_with_all_reasons() {
    let s = stage();
    let t = s.create();
    s.pass(30);
    let zhao = || Actor::agent("zhao");
    let r = refused(s.try_as(zhao(), &t, exclude("2025-10-08T08:00:00Z", "2025-10-08T09:00:00Z", " ")));
    assert!(r.has("no-reason") && r.has("outside-life"), "{r}");
    assert!(refused(s.try_as(zhao(), &t, exclude("2025-10-09T10:40:00Z", "2025-10-09T11:00:00Z", "x"))).has("outside-life"), "not yet");
    assert!(refused(s.try_as(zhao(), &t, exclude("2025-10-09T10:20:00Z", "2025-10-09T10:20:00Z", "x"))).has("empty-interval"));
    let r = refused(s.try_as(zhao(), &t, judge("resolution", 7)));
    assert!(r.has("unknown-clock") && r.render(Lang::En).contains("resolution 1"), "{r}");
    let long = exclude("2025-10-09T10:00:00Z", "2025-10-09T10:20:00Z", &"x".repeat(257));
    assert!(refused(s.try_as(zhao(), &t, long)).has("too-long"));
    let nothing = What::WithdrawCorrection { correction: Revision::new(1), reason: "x".into() };
    assert!(refused(s.try_as(zhao(), &t, nothing)).has("unknown-correction"));
    for i in 0..16 {
        let t = s.as_agent("zhao", &t, exclude("2025-10-09T10:00:00Z", "2025-10-09T10:20:00Z", &format!("outage {i}")));
        assert_eq!(t.corrections.len(), i + 1);
    }
    assert!(refused(s.try_as(zhao(), &t, judge("resolution", 1))).has("too-many"));
    let first = s.get(&t).corrections[0].revision;
    s.as_agent("zhao", &t, What::WithdrawCorrection { correction: first, reason: "a slip".into() });
    let t = s.as_agent("zhao", &t, judge("resolution", 1));
    assert_eq!((t.corrections.len(), t.corrections[0].reason.as_str()), (16, "outage 1"));
    assert_eq!(Ticket::fold(&s.desk.journal(t.id).unwrap()).unwrap(), *t);
}

#[test]
fn s87_the_clock_goes_on_as_it_was_and_the_explanation_shows_both() {
    let s = stage();
    let t = s.create();
    s.pass(300);
    let t = s.as_agent("li", &t, What::reply("now"));
    let raw = t.closed_clocks.last().unwrap().clone();
    assert_eq!((raw.outcome, raw.counted), (Outcome::Breached, 300 * 60_000_000));
    let before = (t.clocks.clone(), t.closed_clocks.clone(), t.wake_at);
    let t = s.as_agent("zhao", &t, exclude("2025-10-09T11:00:00Z", "2025-10-09T13:00:00Z", "power cut"));
    assert_eq!((t.clocks.clone(), t.closed_clocks.clone(), t.wake_at), before);
    let p = s.desk.desk().playbook();
    let both = p.agreements().corrected(p.calendars(), &t, &raw.id, s.desk.now()).unwrap();
    assert_eq!((both.raw.outcome, both.corrected.outcome), (Some(Outcome::Breached), Some(Outcome::Met)));
    let text = s.desk.explain(t.id, t.revision).unwrap().unwrap();
    let (en, zh) = (text.render(Lang::En), text.render(Lang::Zh));
    assert!(en.contains("as recorded breached, 5h/4h") && en.contains("corrected met, 3h/4h") && en.contains("power cut"), "{en}");
    assert!(zh.contains("原始 超时") && zh.contains("更正后 达标"), "{zh}");
    // On a final ticket too, and a reopening keeps it.
    let t = s.as_agent("li", &t, What::transition("resolve"));
    let made = t.corrections[0].revision;
    let t = s.as_agent("zhao", &t, What::WithdrawCorrection { correction: made, reason: "it was the wrong ticket".into() });
    assert!(t.corrections.is_empty());
    let text = s.desk.explain(t.id, t.revision).unwrap().unwrap().render(Lang::En);
    assert!(text.contains("withdrawn: it was the wrong ticket"), "{text}");
    let journal = s.desk.journal(t.id).unwrap();
    ticketry::sla::verify(&journal, p.agreements(), p.calendars()).unwrap();
}

#[test]
fn s87_a_clock_corrected_while_it_runs_ends_with_both_verdicts() {
    let s = stage();
    let t = s.create();
    s.pass(180);
    s.as_agent("zhao", &t, exclude("2025-10-09T11:00:00Z", "2025-10-09T13:00:00Z", "power cut"));
    s.pass(120);
    let t = s.as_agent("li", &t, What::reply("now"));
    let text = s.desk.explain(t.id, t.revision).unwrap().unwrap();
    let (en, zh) = (text.render(Lang::En), text.render(Lang::Zh));
    assert!(en.contains("first response breached: 5h of 4h; corrected met: 3h"), "{en}");
    assert!(zh.contains("更正后达标"), "{zh}");
}
