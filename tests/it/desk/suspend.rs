//! Containment (S24): rules that keep failing are counted, suspended and resumed, visibly and durably; an interrupted decision writes nothing.

use std::sync::Arc;
use ticketry::desk::{Blocking, Desk, Error, FixedClock, SeededIds};
use ticketry::diagnostic::{Lang, Source};
use ticketry::engine::{Command, NewTicket, Verdict, What};
use ticketry::id::*;
use ticketry::playbook::Playbook;
use ticketry::rules::{Function, Functions, ValueKind};
use ticketry::store::{AnyStore, Axis, MemoryStore, Query, RedbStore};
use ticketry::ticket::{Actor, Event, Ticket};

const RULES: &str = r#"
rule("broken").on("message.note").when(|t| 1 / t.reopenings == 1).then(|t| t.tag("never"));
rule("noisy").on("message.note").then(|t| t.tag("noisy"));
rule("slow").after("2h", "new").then(|t| t.tag("slow"));
"#;

fn source() -> Source {
    Playbook::starter_source().with("rules/a.rhai", RULES)
}

struct Stage {
    desk: Blocking,
    clock: FixedClock,
    store: AnyStore,
}

fn at(minute: i64) -> UtcInstant {
    at_door(chrono::DateTime::from_timestamp(1_760_000_000 + minute * 60, 0).unwrap())
}

fn stage_on(store: AnyStore, minute: i64) -> Stage {
    stage_with(store, minute, |b| b)
}

fn stage_with(store: AnyStore, minute: i64, more: impl FnOnce(ticketry::desk::Builder) -> ticketry::desk::Builder) -> Stage {
    let clock = FixedClock::new(at(minute));
    let playbook = Playbook::load(&source()).unwrap_or_else(|d| panic!("{d}")).playbook;
    let desk = Desk::builder(playbook).any_store(store.clone()).clock(clock.clone()).ids(SeededIds::new(1, minute.unsigned_abs()));
    Stage { desk: more(desk).open_blocking().unwrap().blocking(), clock, store }
}

fn stage() -> Stage {
    stage_on(AnyStore::new(MemoryStore::new()), 0)
}

impl Stage {
    fn create(&self, key: &str) -> Arc<Ticket> {
        self.desk.submit(Command::create(key, Actor::requester("ann"), NewTicket::new("question", "s", "ann", "mail"))).unwrap().ticket
    }
    fn note(&self, t: &Ticket, key: &str) -> Arc<Ticket> {
        let command = Command::on(t.id, key, Actor::System, What::note("note"));
        self.desk.submit(command).unwrap().ticket
    }
    fn verdict(&self, t: &Ticket, rule: &str) -> Verdict {
        let preview = self.desk.preview(&Command::on(t.id, "p", Actor::System, What::note("note"))).unwrap();
        let rules = preview.trace.rules();
        rules.iter().find(|r| r.rule == rule).unwrap_or_else(|| panic!("{rules:?}")).verdict.clone()
    }
}

#[test]
fn s24_faults_are_counted_for_each_rule() {
    let s = stage();
    assert!(s.desk.health().rules.is_empty());
    let t = s.create("1");
    for key in ["a", "b", "c"] {
        s.note(&t, key);
    }
    let health = s.desk.health().rules;
    assert_eq!(health.keys().map(|r| r.as_str()).collect::<Vec<_>>(), ["broken"]);
    let broken = &health["broken"];
    assert_eq!((broken.faults, broken.in_a_row, broken.last), (3, 3, Some(at(0))));
    assert_eq!(broken.fault.as_ref().unwrap().0, "fault-arithmetic");
    assert_eq!(broken.suspended, None);
}

#[test]
fn s24_a_suspended_rule_is_woken_and_not_considered_and_everyone_is_told() {
    let s = stage();
    let t = s.create("1");
    assert!(s.desk.suspend("noisy", Actor::System, "tags too much").unwrap());
    assert!(!s.desk.suspend("noisy", Actor::System, "again").unwrap(), "it is already");
    let t = s.note(&t, "a");
    assert!(!t.tags.contains("noisy"));
    assert_eq!(s.verdict(&t, "noisy"), Verdict::Suspended);
    let told = s.desk.explain(t.id, t.revision).unwrap().unwrap();
    assert!(told.render(Lang::En).contains("rule noisy did not fire: it was suspended"), "{}", told.render(Lang::En));
    assert!(told.render(Lang::Zh).contains("已暂停"));
    assert_eq!(s.desk.health().rules["noisy"].suspended.as_deref(), Some("tags too much"));
    s.clock.set(at(1));
    assert!(s.desk.resume("noisy", Actor::System, "mended").unwrap());
    assert!(!s.desk.resume("noisy", Actor::System, "mended").unwrap());
    let t = s.note(&t, "b");
    assert!(t.tags.contains("noisy"));
    // What was decided while it was suspended is still explained so.
    let told = s.desk.explain(t.id, Revision::new(t.revision.get() - 1)).unwrap().unwrap().render(Lang::En);
    assert!(told.contains("rule noisy did not fire: it was suspended"), "{told}");
}

#[test]
fn s24_suspending_is_journalled_durable_and_found_by_no_query() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("desk.redb");
    let open = |minute| stage_on(AnyStore::new(RedbStore::open_or_create(&file).unwrap()), minute);
    {
        let s = open(0);
        let t = s.create("1");
        s.desk.suspend("noisy", Actor::System, "one").unwrap();
        s.clock.set(at(5));
        s.desk.suspend("broken", Actor::Integration("monitor".into()), "two").unwrap();
        s.clock.set(at(9));
        s.desk.resume("noisy", Actor::System, "three").unwrap();
        let journal = s.desk.journal(TicketId::DESK).unwrap();
        let said: Vec<_> = journal.iter().map(|e| (e.at, e.actor.clone(), e.events.last().unwrap().event.clone())).collect();
        assert_eq!(
            said,
            [
                (at(0), Actor::System, Event::RuleSuspended { rule: "noisy".into(), reason: "one".into() }),
                (at(5), Actor::Integration("monitor".into()), Event::RuleSuspended { rule: "broken".into(), reason: "two".into() }),
                (at(9), Actor::System, Event::RuleResumed { rule: "noisy".into(), reason: "three".into() }),
            ]
        );
        // It is no ticket of anybody's.
        let all = s.desk.find(&Query::new(), None, ticketry::store::Limit::MAX).unwrap().items;
        assert_eq!(all.iter().map(|x| x.id).collect::<Vec<_>>(), [t.id]);
        assert_eq!(s.desk.count(&Query::new(), &[Axis::State]).unwrap().total, 1);
        // A command to it is refused.
        let e = s.desk.submit(Command::on(TicketId::DESK, "x", Actor::System, What::note("x"))).unwrap_err();
        assert!(e.refusal().is_some(), "{e}");
        assert_eq!(s.desk.next_wake().unwrap(), s.desk.ticket(t.id).unwrap().wake_at);
    }
    let s = open(20);
    let suspended = s.desk.suspended();
    assert_eq!(suspended.now().map(|(r, s)| (r.as_str(), s.reason.as_str())).collect::<Vec<_>>(), [("broken", "two")]);
    assert!(suspended.holds("noisy", at(3)) && !suspended.holds("noisy", at(9)));
    let folded = Ticket::fold(&s.desk.journal(TicketId::DESK).unwrap()).unwrap();
    assert_eq!(*s.desk.ticket(TicketId::DESK).unwrap(), folded);
}

#[test]
fn s24_only_those_with_the_right_suspend() {
    let toml = format!("{}\n[settings.rights]\nsuspend_rule = [\"lead\"]\n", source().get("playbook.toml").unwrap());
    let playbook = Playbook::load(&source().with("playbook.toml", toml)).unwrap_or_else(|d| panic!("{d}")).playbook;
    use ticketry::desk::FixedDirectory;
    use ticketry::routing::{Agent, RosterDefinition};
    let agents = RosterDefinition::default().agent(Agent::new("li")).agent(Agent::new("wu").role("lead"));
    let (roster, problems) = agents.build(playbook.schema());
    let roster = roster.unwrap_or_else(|| panic!("{problems}"));
    let directory = FixedDirectory { roster: Arc::new(roster), ..FixedDirectory::default() };
    let desk = Desk::builder(playbook).directory(directory).open_blocking().unwrap().blocking();
    let codes = |by: Actor, rule: &str, reason: &str| match desk.suspend(rule, by, reason) {
        Err(Error::Refused(r)) => r.reasons.iter().map(|r| r.code).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(codes(Actor::agent("li"), "noisy", "why"), ["not-allowed"]);
    assert_eq!(codes(Actor::agent("nobody"), "noisy", "why"), ["unknown-actor"]);
    assert_eq!(codes(Actor::requester("ann"), "nosiy", " "), ["not-allowed", "no-rule", "reason-needed"]);
    assert_eq!(codes(Actor::System, "noisy", &"x".repeat(600)), ["too-long"]);
    let e = desk.suspend("nosiy", Actor::System, "why").unwrap_err();
    assert!(e.to_string().contains("did you mean `noisy`?"), "{e}");
    assert!(desk.suspend("noisy", Actor::agent("wu"), "why").unwrap());
    // A rule that is gone may be resumed for when it comes back, but was never suspended here.
    assert!(!desk.resume("gone", Actor::System, "why").unwrap());
}

#[test]
fn s24_s26_what_was_due_before_a_suspension_still_happens_whenever_somebody_looks() {
    let tags = |sweep: bool, suspended_at: i64| {
        let s = stage();
        let t = s.create("1");
        if sweep {
            s.clock.set(at(121));
            s.desk.sweep(at(121)).unwrap();
        }
        s.clock.set(at(suspended_at));
        s.desk.suspend("slow", Actor::System, "why").unwrap();
        s.clock.set(at(300));
        s.desk.sweep(at(300)).unwrap();
        let journal = s.desk.journal(t.id).unwrap();
        let events: Vec<_> = journal.iter().flat_map(|e| e.events.iter().map(|c| c.event.clone())).collect();
        (s.desk.ticket(t.id).unwrap().tags.contains("slow"), events)
    };
    // Due after two hours, suspended after three: it fires, swept in between or not.
    assert_eq!(tags(true, 180), tags(false, 180));
    assert!(tags(false, 180).0);
    assert!(!tags(false, 60).0, "due while suspended: past");
}

#[test]
fn s24_a_rule_that_keeps_failing_is_suspended_at_the_next_sweep_where_the_host_says_so() {
    let s = stage_with(AnyStore::new(MemoryStore::new()), 0, |b| b.suspend_after(3));
    let t = s.create("1");
    s.note(&t, "a");
    s.note(&t, "b");
    s.desk.sweep(at(1)).unwrap();
    assert!(s.desk.suspended().is_empty());
    s.note(&t, "c");
    s.desk.sweep(at(2)).unwrap();
    let all = s.desk.suspended();
    let reason = &all.of("broken").unwrap().reason;
    assert!(reason.starts_with("failed 3 times in a row: rules/a.rhai:2:"), "{reason}");
    s.note(&t, "d");
    assert_eq!(s.desk.health().rules["broken"].faults, 3);
    s.desk.resume("broken", Actor::System, "mended").unwrap();
    assert_eq!(s.desk.health().rules["broken"].in_a_row, 0);
    s.desk.sweep(at(3)).unwrap();
    assert!(s.desk.suspended().of("broken").is_none());
}

#[test]
fn s24_another_desk_on_the_same_store_learns_of_it() {
    let a = stage();
    let b = stage_on(a.store.clone(), 1);
    a.desk.suspend("noisy", Actor::System, "one").unwrap();
    assert!(b.desk.suspended().is_empty());
    b.desk.sweep(at(1)).unwrap();
    assert!(b.desk.suspended().of("noisy").is_some());
    // Without a sweep in between: the store says that it is done already.
    a.desk.suspend("slow", Actor::System, "two").unwrap();
    assert!(!b.desk.suspend("slow", Actor::System, "three").unwrap());
    assert!(b.desk.resume("noisy", Actor::System, "four").unwrap());
    assert!(a.desk.suspend("noisy", Actor::System, "five").unwrap());
    assert_eq!(a.desk.journal(TicketId::DESK).unwrap().len(), 4);
}

#[test]
fn an_interrupted_decision_writes_nothing_and_may_be_sent_again() {
    // A function of the host's that calls for an interruption in the middle of a decision, once.
    let armed = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let slot: Arc<std::sync::OnceLock<Desk>> = Arc::default();
    let (armed2, slot2) = (armed.clone(), slot.clone());
    let pull = Function::new("pull", [], ValueKind::Boolean, move |_| {
        if armed2.swap(false, std::sync::atomic::Ordering::SeqCst) {
            slot2.get().unwrap().interrupt();
        }
        Ok(Some(true.into()))
    });
    let rules = r#"
rule("first").on("created").then(|t| t.tag("first"));
rule("pulls").on("created").then(|t| { if pull() { t.tag("pulled"); } });
"#;
    let source = Playbook::starter_source().with("rules/a.rhai", rules);
    let playbook = Playbook::loader().functions(Functions::new().with(pull)).load(&source).unwrap().playbook;
    let desk = Desk::builder(playbook).open_blocking().unwrap();
    slot.set(desk.clone()).unwrap();
    let desk = desk.blocking();
    let command = Command::create("1", Actor::requester("ann"), NewTicket::new("question", "s", "ann", "mail"));
    let e = desk.submit(command.clone()).unwrap_err();
    assert!(matches!(e, Error::Interrupted) && e.retryable(), "{e}");
    assert_eq!(desk.count(&Query::new(), &[]).unwrap().total, 0);
    let t = desk.submit(command).unwrap().ticket;
    assert!(t.tags.contains("first") && t.tags.contains("pulled"));
    assert!(desk.health().rules.is_empty(), "an interruption is no fault of the rule");
}
