//! Transitions in three phases, strict states, rights, fields of types.

use super::stage::{Stage, at, in_rust};
use proptest::prelude::*;
use std::sync::Arc;
use ticketry::condition::{Form, Plain, Table};
use ticketry::desk::{Blocking, Desk, Error, FixedClock, FixedDirectory, SeededIds};
use ticketry::diagnostic::text;
use ticketry::engine::{Command, Missing, NewTicket, Refusal, TransitionInput, What};
use ticketry::id::*;
use ticketry::playbook::Playbook;
use ticketry::routing::{Agent, RosterDefinition};
use ticketry::ticket::*;
use ticketry::workflow::*;

fn field(kind: FieldKind) -> FieldDefinition {
    FieldDefinition { kind, label: text("field", "字段"), required: false, default: None }
}
fn is(name: &str, value: &str) -> Form {
    Form::Table(Box::new(Table { field: Some(name.into()), is: Some(Plain::Text(value.into())), ..Table::default() }))
}
fn flow() -> WorkflowDefinition {
    let high = CheckDefinition::new(is("impact", "high")).field("impact").message("only with high impact", "仅限影响大");
    WorkflowDefinition::new("question", 1)
        .initial("new")
        .state(StateDefinition::new("new", StateClass::New).label("New", "新").responsible(Responsible::Group))
        .state(
            StateDefinition::new("work", StateClass::Open)
                .label("Work", "处理中")
                .responsible(Responsible::Assignee)
                .checklist([text("cause found", "已找到原因"), text("customer called", "已致电客户")])
                .strict(["agent"]),
        )
        .state(StateDefinition::new("done", StateClass::Resolved).label("Done", "完成"))
        .state(StateDefinition::new("closed", StateClass::Closed).label("Closed", "关闭"))
        .transition(TransitionDefinition::new("start", ["new", "done"], "work").label("Start", "开始"))
        .transition(
            TransitionDefinition::new("finish", ["work"], "done")
                .label("Finish", "完成")
                .required([Attribute::Impact])
                .check(high)
                .with_checklist()
                .with_comment()
                .with_attachment(),
        )
        .transition(TransitionDefinition::new("again", ["work"], "work").label("Again", "再来"))
        .transition(TransitionDefinition::new("close", ["new", "done"], "closed").label("Close", "关闭"))
        .right("*", "closed", ["lead"])
        .right("done", "closed", ["closer"])
}
fn playbook(flow: WorkflowDefinition) -> Playbook {
    in_rust("phases", flow)
        .group("other")
        .ticket_type("repair", "question")
        .schema(|s| {
            s.resolutions = Scale::of(&["fixed", "duplicate"]);
            s.roles.insert("closer".into(), text("Closer", "关单员"));
            s.fields.insert("cost".into(), field(FieldKind::Integer));
            s.fields.insert("serial".into(), field(FieldKind::Text { max: 20 }));
            s.fields.insert("room".into(), field(FieldKind::Text { max: 20 }));
            s.access.insert("cost".into(), Access { read: vec!["lead".into()], write: vec![] });
            let repair = s.types.get_mut("repair").unwrap();
            repair.fields = vec!["serial".into(), "cost".into()];
            repair.required = vec!["serial".into()];
            let fields = [(FieldName::new("serial"), Value::text("unknown"))].into();
            s.ticket_templates.insert("printer".into(), TicketTemplate { label: text("Printer", "打印机"), kind: "repair".into(), fields });
        })
        .build()
        .unwrap()
}
struct Floor {
    desk: Blocking,
    keys: std::cell::Cell<u32>,
}
impl Floor {
    fn new() -> Self {
        Self::of(flow())
    }
    fn of(flow: WorkflowDefinition) -> Self {
        let playbook = playbook(flow);
        let roster = RosterDefinition::default()
            .agent(Agent::new("li").group("support"))
            .agent(Agent::new("zhao").group("support").role("lead"))
            .agent(Agent::new("wu").group("support").group("other").role_in("other", "lead"))
            .agent(Agent::new("qi").group("support").role("closer"))
            .build(playbook.schema());
        let directory = FixedDirectory { roster: Arc::new(roster.0.unwrap()), ..FixedDirectory::default() };
        let clock = FixedClock::new(at("2025-10-09T10:00:00Z"));
        let desk = Desk::builder(playbook).directory(directory).clock(clock).ids(SeededIds::new(7, 0)).open_blocking().unwrap();
        Self { desk: desk.blocking(), keys: Default::default() }
    }
    fn key(&self) -> String {
        self.keys.set(self.keys.get() + 1);
        format!("k{}", self.keys.get())
    }
    fn create(&self, who: &str, new: NewTicket) -> Result<Arc<Ticket>, Refusal> {
        refused(self.desk.submit(Command::create(self.key(), Actor::agent(who), new)).map(|d| d.ticket))
    }
    fn question(&self) -> TicketId {
        self.create("li", NewTicket::new("question", "it burns", "ann", "mail")).unwrap().id
    }
    fn act(&self, who: &str, id: TicketId, what: impl Into<What>) -> Result<Arc<Ticket>, Refusal> {
        refused(self.desk.submit(Command::on(id, self.key(), Actor::agent(who), what.into())).map(|d| d.ticket))
    }
}
fn refused<T>(r: Result<T, Error>) -> Result<T, Refusal> {
    match r {
        Ok(t) => Ok(t),
        Err(Error::Refused(r)) => Err(r),
        Err(other) => panic!("{other}"),
    }
}
fn codes(r: &Refusal) -> Vec<&'static str> {
    r.reasons.iter().map(|r| r.code).collect()
}
fn photo() -> Attachment {
    Attachment { reference: "s3://1".into(), name: "fan.png".into(), media_type: "image/png".into(), size: 9, hash: None }
}

#[test]
fn s02_everything_missing_is_told_at_once_and_the_form_says_the_same() {
    let f = Floor::new();
    let id = f.question();
    f.act("li", id, What::transition("start")).unwrap();
    let r = f.act("li", id, What::transition("finish")).unwrap_err();
    assert_eq!(codes(&r), ["required", "checklist", "checklist", "comment", "attachment", "resolution"], "{r}");
    assert_eq!(r.reasons.iter().filter_map(|r| r.item).collect::<Vec<_>>(), [0, 1]);
    let form = f.desk.form(id, &"finish".into(), &Actor::agent("li")).unwrap().unwrap();
    assert_eq!(form.missing().count(), 6);
    assert!(form.refusal.reasons.is_empty() && form.missing().any(|m| m == Missing::Attachment));
    assert_eq!(form.resolution.as_ref().unwrap().levels.len(), 2);
    // A wrong value is the validator's business, and told in the author's words.
    let given =
        TransitionInput::new("finish").set("impact", "low").comment("it was the fan").tick(0).tick(1).attach(photo()).resolution("fixed");
    let r = f.act("li", id, given.clone()).unwrap_err();
    assert_eq!((codes(&r), r.reasons[0].message.en.as_str()), (vec!["check"], "only with high impact"));
    assert_eq!(f.desk.ticket(id).unwrap().progress, Progress::default(), "a refusal changes nothing");
    let mut given = given;
    given.fields = vec![(Attribute::Impact, Some(Value::choice("high")))];
    let t = f.act("li", id, given).unwrap();
    assert_eq!((t.state.as_str(), t.progress.code(1)), ("done", Some(&"fixed".into())));
    assert!(t.progress.ticked.is_empty(), "a new stay begins with an empty list");
    // A reopened ticket has another cycle: the code of the last one is history.
    let t = f.act("li", id, What::transition("start")).unwrap();
    assert_eq!((t.cycle, t.progress.code(t.cycle), t.progress.code(1)), (2, None, Some(&"fixed".into())));
}

#[test]
fn s61_items_are_ticked_by_command_for_the_stay() {
    let f = Floor::new();
    let id = f.question();
    assert_eq!(codes(&f.act("li", id, What::CheckOff { item: 0, on: true }).unwrap_err()), ["unknown-item"]);
    f.act("li", id, What::transition("start")).unwrap();
    f.act("li", id, What::CheckOff { item: 1, on: true }).unwrap();
    let t = f.act("li", id, What::CheckOff { item: 0, on: true }).unwrap();
    assert_eq!(t.progress.ticked, [0, 1].into());
    let t = f.act("li", id, What::CheckOff { item: 1, on: false }).unwrap();
    assert_eq!(t.progress.ticked, [0].into());
    let form = f.desk.form(id, &"finish".into(), &Actor::agent("li")).unwrap().unwrap();
    assert_eq!(form.checklist.iter().map(|i| i.ticked).collect::<Vec<_>>(), [true, false]);
    // An internal step is the same stay.
    assert_eq!(f.act("li", id, What::transition("again")).unwrap().progress.ticked, [0].into());
}

#[test]
fn s01_a_strict_state_is_edited_by_transitions_alone() {
    let f = Floor::new();
    let id = f.question();
    f.act("li", id, What::note("before")).unwrap();
    f.act("li", id, What::transition("start")).unwrap();
    for what in [What::note("now"), What::reply("now"), What::set("impact", "high")] {
        let r = f.act("li", id, what.clone()).unwrap_err();
        assert_eq!(codes(&r), ["strict"]);
        assert!(r.reasons[0].message.en.ends_with("take one of `finish`, `again`"), "{r}");
        assert_eq!(f.desk.may(id, &Actor::agent("li"), &what).unwrap().by, "strict: work");
    }
    // The requester is not bound by it.
    let reply = Command::on(id, f.key(), Actor::requester("ann"), What::reply("any news?"));
    f.desk.submit(reply).unwrap();
}

#[test]
fn s07_the_most_specific_right_decides_and_is_named() {
    let f = Floor::new();
    let id = f.question();
    let may = |who: &str, what: &What| f.desk.may(id, &Actor::agent(who), what).unwrap();
    let close = What::transition("close");
    let no = may("li", &close);
    assert_eq!((no.allowed, no.by.as_str(), no.roles.as_slice()), (false, "rights: * -> closed", &["lead".into()][..]));
    assert!(may("zhao", &close).allowed);
    assert_eq!(may("li", &What::transition("start")).by, "default");
    assert_eq!(codes(&f.act("li", id, close.clone()).unwrap_err()), ["role"]);
    // Lead in the other group only: the ticket's group counts.
    assert!(!may("wu", &close).allowed);
    let hand = What::HandOff { group: "other".into(), skills: Default::default(), reason: "theirs".into() };
    f.act("li", id, hand).unwrap();
    assert!(may("wu", &close).allowed);
    assert!(f.desk.available(id, &Actor::agent("wu")).unwrap().iter().any(|o| o.transition == *"close" && o.refusal.reasons.is_empty()));
    f.act("wu", id, close).unwrap();
}

#[test]
fn s07_a_transition_that_does_not_leave_the_state_is_not_allowed_there() {
    let f = Floor::new();
    let id = f.question();
    for (name, code) in [("finish", "not-from-state"), ("finnish", "unknown-transition")] {
        let may = f.desk.may(id, &Actor::agent("zhao"), &What::transition(name)).unwrap();
        assert_eq!((may.allowed, may.by.as_str(), may.refusal.reasons[0].code), (false, "workflow: question", code));
    }
}

#[test]
fn s07_a_named_right_replaces_the_general_one() {
    let f = Floor::new();
    let id = f.question();
    f.act("li", id, What::transition("start")).unwrap();
    let given = TransitionInput::new("finish").set("impact", "high").comment("ok").tick(0).tick(1).attach(photo()).resolution("duplicate");
    f.act("li", id, given).unwrap();
    assert_eq!(codes(&f.act("zhao", id, What::transition("close")).unwrap_err()), ["role"], "a lead has the general right only");
    f.act("qi", id, What::transition("close")).unwrap();
}

#[test]
fn fields_are_read_and_written_by_those_named() {
    let f = Floor::new();
    let new = || {
        let mut new = NewTicket::new("repair", "broken", "ann", "mail");
        new.fields = vec![("serial".into(), Value::text("X1")), ("cost".into(), 3.into())];
        new
    };
    assert_eq!(codes(&f.create("li", new()).unwrap_err()), ["field-access"]);
    let id = f.create("zhao", new()).unwrap().id;
    let cost = What::set("cost", 5);
    assert_eq!(codes(&f.act("li", id, cost.clone()).unwrap_err()), ["field-access"]);
    assert_eq!(codes(&f.act("li", id, TransitionInput::new("start").set("cost", 5)).unwrap_err()), ["field-access"]);
    let may = f.desk.may(id, &Actor::agent("li"), &cost).unwrap();
    assert_eq!((may.allowed, may.by.as_str(), may.roles.as_slice()), (false, "fields.cost.read", &["lead".into()][..]));
    assert_eq!(f.act("zhao", id, cost).unwrap().field("cost"), Some(&Value::Integer(5)));
}

#[test]
fn s02_a_required_field_that_somebody_may_not_fill_in_stands_in_the_form_s_refusal() {
    let bill = TransitionDefinition::new("bill", ["new"], "done").label("Bill", "开票").required([Attribute::named("cost")]);
    let f = Floor::of(flow().transition(bill));
    let mut new = NewTicket::new("repair", "broken", "ann", "mail");
    new.fields = vec![("serial".into(), Value::text("X1"))];
    let id = f.create("zhao", new).unwrap().id;
    let form = |who: &str| f.desk.form(id, &"bill".into(), &Actor::agent(who)).unwrap().unwrap();
    assert_eq!(codes(&form("li").refusal), ["field-access"]);
    assert_eq!(codes(&form("zhao").refusal), [""; 0]);
    f.act("zhao", id, What::set("cost", 5)).unwrap();
    assert_eq!(codes(&form("li").refusal), [""; 0], "it is there, whoever wrote it");
}

#[test]
fn s67_s83_a_type_has_its_own_fields_form_and_templates() {
    let f = Floor::new();
    let names = |who: &str, kind: &str| -> Vec<String> {
        let form = f.desk.creation_form(&kind.into(), &Actor::agent(who)).unwrap();
        form.fields.iter().map(|f| f.attribute.name().to_string()).filter(|n| ["serial", "cost", "room"].contains(&n.as_str())).collect()
    };
    assert_eq!(names("zhao", "repair"), ["serial", "cost"]);
    assert_eq!(names("li", "repair"), ["serial"], "who may not write a field is not asked for it");
    assert_eq!(names("zhao", "question"), ["room"]);
    let form = f.desk.creation_form(&"repair".into(), &Actor::agent("li")).unwrap();
    assert_eq!(form.templates[0].0, *"printer");
    assert!(f.desk.creation_form(&"nothing".into(), &Actor::agent("li")).is_none());

    let mut new = NewTicket::new("question", "broken", "ann", "mail");
    new.fields = vec![("serial".into(), Value::text("X1"))];
    let r = f.create("li", new).unwrap_err();
    assert_eq!(codes(&r), ["field-of-other-type"]);
    assert!(r.reasons[0].message.en.contains("it belongs to `repair`"));
    assert_eq!(codes(&f.create("li", NewTicket::new("repair", "broken", "ann", "mail")).unwrap_err()), ["required"]);
    // The template fills in what nobody gave, and is weaker than what anybody gives (S25).
    let mut new = NewTicket::new("repair", "broken", "ann", "mail");
    new.template = Some("printer".into());
    let t = f.create("li", new).unwrap();
    assert_eq!(t.fields["serial"], Sourced { value: Value::text("unknown"), by: Provenance::Template });
    let r = f.act("li", t.id, What::set("room", "12")).unwrap_err();
    assert_eq!(codes(&r), ["field-of-other-type"]);
    let mut new = NewTicket::new("question", "broken", "ann", "mail");
    new.template = Some("printer".into());
    assert!(f.create("li", new).unwrap_err().has("template-of-other-type"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::scale::pick(24, 200, 4_000), failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is asked by whomever: what the rights and the offers say is what happens, a refusal changes nothing, and no step is taken that is not defined.
    #[test]
    fn s01_s02_offers_rights_and_what_happens_agree(steps in prop::collection::vec((0..4usize, 0..5usize, any::<[bool; 4]>(), 0..3usize), 1..14)) {
        let f = Floor::new();
        let id = f.question();
        let workflow = flow();
        for (who, what, given, impact) in steps {
            let who = ["li", "zhao", "wu", "qi"][who];
            let before = f.desk.ticket(id).unwrap();
            let name = ["start", "finish", "again", "close", "note"][what];
            let asked: What = if name == "note" {
                What::note("words")
            } else {
                let mut input = TransitionInput::new(name);
                if impact > 0 {
                    input = input.set("impact", ["low", "high"][impact - 1]);
                }
                if given[0] && before.state == *"work" {
                    input = input.tick(0).tick(1);
                }
                if given[1] {
                    input = input.attach(photo());
                }
                if given[2] {
                    input = input.comment("why");
                }
                if given[3] && name == "finish" {
                    input = input.resolution("fixed");
                }
                input.into()
            };
            let may = f.desk.may(id, &Actor::agent(who), &asked).unwrap();
            let offers = f.desk.available(id, &Actor::agent(who)).unwrap();
            let offer = offers.iter().find(|o| o.transition == *name);
            match f.act(who, id, asked) {
                Ok(after) => {
                    prop_assert!(may.allowed);
                    prop_assert!(name == "note" || offer.is_some());
                    let defined = workflow.transitions.iter().any(|t| {
                        t.name == *name && t.from.contains(&before.state) && t.to.as_ref() == Some(&after.state)
                    });
                    prop_assert!(defined || (name == "note" && after.state == before.state && before.state != *"work"));
                }
                Err(r) => {
                    prop_assert_eq!(&f.desk.ticket(id).unwrap(), &before);
                    // Taken as it is, it would have been allowed: then what was given with it stood against it.
                    let open = offer.is_some_and(|o| o.refusal.reasons.is_empty());
                    prop_assert!(!open || r.reasons.iter().all(|r| r.code == "check"), "{}", r);
                    prop_assert!(may.allowed || r.has("role") || r.has("strict") || r.has("not-from-state"), "{}", r);
                }
            }
        }
    }
}

#[test]
fn the_system_is_bound_by_no_right_but_by_what_is_demanded() {
    let s = Stage::of(
        in_rust("strict", flow())
            .schema(|s| {
                s.roles.insert("closer".into(), text("Closer", "关单员"));
            })
            .build()
            .unwrap(),
    );
    let t = s.create();
    s.try_as(Actor::System, &t, What::transition("start")).unwrap();
    s.try_as(Actor::System, &t, What::note("by itself")).unwrap();
    let Err(Error::Refused(r)) = s.try_as(Actor::System, &t, What::transition("finish")) else { panic!("the list is not complete") };
    assert_eq!(codes(&r), ["required", "checklist", "checklist"]);
}
