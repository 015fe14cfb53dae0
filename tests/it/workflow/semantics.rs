//! The lines of SEMANTICS that this room answers for.

use super::*;
use std::sync::Arc;
use ticketry::calendar::Span;
use ticketry::condition::{Form, Plain, Table};
use ticketry::workflow::*;

fn name(s: &str) -> TransitionName {
    TransitionName::new(s)
}
fn role(s: &str) -> Vec<RoleName> {
    vec![RoleName::new("agent"), RoleName::new(s)]
}
fn codes(r: Result<&Transition, Vec<Blocker>>) -> Vec<&'static str> {
    r.err().unwrap_or_default().iter().map(|b| b.code).collect()
}
pub fn note(body: &str) -> Message {
    Message {
        kind: MessageKind::Note,
        audience: Audience::Internal,
        author: Author::Agent,
        channel: ChannelName::new("mail"),
        body: Arc::from(body),
        language: None,
        attachments: Vec::new(),
        automatic: false,
        thanks: false,
        external_id: None,
        at: "2025-10-09T12:00:00Z".parse().unwrap(),
    }
}
fn sourced<T>(value: T) -> Sourced<T> {
    Sourced { value, by: Provenance::Agent }
}

#[test]
fn s02_all_blockers_are_listed_and_not_from_state_is_last() {
    let w = sound();
    let t = ticket("new");
    let actor = Actor::requester("wang");
    let v = view(&t, &actor, &[]);
    assert_eq!(codes(w.take(&name("hand_to_vendor"), &v)), ["role", "required", "required", "not-from-state"]);
    let fields: Vec<_> = w.take(&name("hand_to_vendor"), &v).unwrap_err().into_iter().filter_map(|b| b.field).collect();
    assert_eq!(fields, [Attribute::Category, Attribute::Field(FieldName::new("serial"))]);
    let wrong = w.take(&name("strat"), &v).unwrap_err();
    assert_eq!(wrong[0].code, "unknown-transition");
    assert!(wrong[0].message.en.contains("did you mean `start`?") && wrong[0].message.zh.contains("start"));
    for b in w.take(&name("hand_to_vendor"), &v).unwrap_err() {
        assert!(!b.message.en.is_empty() && !b.message.zh.is_empty() && Blocker::CODES.contains(&b.code));
        assert!(Blocker::CODES.iter().all(|c| Blocker::told(c).is_some()) && Blocker::told("nonsense").is_none());
    }
}

#[test]
fn s03_a_guard_is_told_with_what_it_saw() {
    let toml = edited("guard = { field = \"impact\", is_not = \"high\" }\n", "")
        .replacen("name = \"start\"", "name = \"start\"\nguard = { field = \"impact\", is = \"high\" }", 1)
        .replacen(
            "name = \"resolve\"\nlabel = { en = \"Resolve (high impact)\"",
            "name = \"resolve_high\"\nlabel = { en = \"Resolve (high impact)\"",
            1,
        );
    let (w, problems) = load(&toml);
    let w = w.unwrap_or_else(|| panic!("{problems}"));
    let mut t = ticket("new");
    t.impact = Some(sourced(LevelName::new("low")));
    let actor = Actor::agent("anna");
    let blockers = w.take(&name("start"), &view(&t, &actor, &[])).unwrap_err();
    assert_eq!(blockers.len(), 1);
    assert!(blockers[0].code == "guard" && blockers[0].message.en.contains("low"), "{:?}", blockers[0].message);
    t.impact = Some(sourced(LevelName::new("high")));
    assert!(w.take(&name("start"), &view(&t, &actor, &[])).is_ok());
}

#[test]
fn s04_a_self_transition_is_internal_unless_declared_external() {
    let w = sound();
    let waiting = StateName::new("waiting");
    let remind = w.transition(&waiting, &name("remind")).unwrap();
    assert!(remind.to.is_none() && remind.internal && remind.stays(&waiting));
    let (w, _) = load(&edited("from = \"waiting\"\nto = \"=\"", "from = \"waiting\"\nto = \"=\"\nexternal = true"));
    let w = w.unwrap();
    assert!(!w.transition(&waiting, &name("remind")).unwrap().stays(&waiting));
    let start = w.transition(&StateName::new("new"), &name("start")).unwrap();
    assert!(!start.internal && !start.stays(&StateName::new("new")));
    // Named, not `=`: from a list that holds the target.
    let (w, problems) =
        load(&edited("from = [\"new\", \"open\"]\nto = \"waiting\"", "from = [\"new\", \"open\", \"waiting\"]\nto = \"waiting\""));
    let w = w.unwrap_or_else(|| panic!("{problems}"));
    let ask = w.transition(&waiting, &name("ask")).unwrap();
    assert!(ask.stays(&waiting) && !ask.stays(&StateName::new("new")));
}

#[test]
fn s05_timed_transitions_belong_to_their_state() {
    let w = sound();
    let of = |s: &str| w.timed(&StateName::new(s)).map(|t| (t.after, t.transition.to_string())).collect::<Vec<_>>();
    assert_eq!(of("waiting"), [(Span::Days(3), "remind".to_string()), (Span::Days(5), "close".to_string())]);
    assert_eq!(of("resolved"), [(Span::Days(5), "close".to_string())]);
    assert!(of("new").is_empty() && of("nowhere").is_empty());
}

#[test]
fn s06_alternatives_are_tried_in_order_and_the_guard_chooses() {
    let w = sound();
    let mut t = ticket("open");
    t.fields.insert(FieldName::new("resolution"), sourced(Value::choice("fixed")));
    let anna = Actor::agent("anna");
    let agent = [RoleName::new("agent")];
    assert!(w.take(&name("resolve"), &view(&t, &anna, &agent)).unwrap().roles.is_empty());
    t.impact = Some(sourced(LevelName::new("high")));
    // The first is not meant now, the second is not for her: nobody gets round it.
    assert_eq!(codes(w.take(&name("resolve"), &view(&t, &anna, &agent))), ["role"]);
    let lead = role("lead");
    assert_eq!(w.take(&name("resolve"), &view(&t, &anna, &lead)).unwrap().roles, [RoleName::new("lead")]);
}

#[test]
fn s06_where_no_guard_holds_everything_is_told_once() {
    let guarded = |level: &str, roles: &[&str]| {
        let table = Table { field: Some("impact".into()), is: Some(Plain::Text(level.into())), ..Table::default() };
        TransitionDefinition::new("go", ["a"], "b").label("Go", "去").guard(Form::Table(Box::new(table))).roles(roles.to_vec())
    };
    let w = WorkflowDefinition::new("w", 1)
        .initial("a")
        .state(StateDefinition::new("a", StateClass::New).label("A", "甲").responsible(Responsible::Group))
        .state(StateDefinition::new("b", StateClass::Closed).label("B", "乙"))
        .transition(guarded("low", &["lead"]))
        .transition(guarded("high", &["lead"]));
    let (w, problems) = w.compile(&schema(), &NoScripts);
    let w = w.unwrap_or_else(|| panic!("{problems}"));
    let t = ticket("a");
    let anna = Actor::agent("anna");
    assert_eq!(codes(w.take(&name("go"), &view(&t, &anna, &[]))), ["guard", "guard", "role"]);
    assert_eq!(w.available(&view(&t, &anna, &[])).len(), 1);
}

#[test]
fn s07_a_named_origin_replaces_the_general_one() {
    let extra = "\n[[transitions]]\nname = \"cancel\"\nlabel = \"取消\"\nfrom = \"open\"\nto = \"cancelled\"\nroles = [\"lead\"]\n";
    let (w, problems) = load(&format!("{SOUND}{extra}"));
    let w = w.unwrap_or_else(|| panic!("{problems}"));
    let anna = Actor::agent("anna");
    assert_eq!(codes(w.take(&name("cancel"), &view(&ticket("open"), &anna, &[]))), ["role"]);
    assert!(w.take(&name("cancel"), &view(&ticket("new"), &anna, &[])).is_ok());
    // `*` is every state that is not final.
    assert_eq!(codes(w.take(&name("cancel"), &view(&ticket("closed"), &anna, &[]))), ["not-from-state"]);
}

#[test]
fn s08_initial_states_and_their_default() {
    let w = sound();
    assert_eq!((w.initial().as_str(), w.initials().len()), ("new", 2));
    let (w, problems) = load(&edited("initial = [\"new\", \"open\"]", "initial = \"new\""));
    assert_eq!(w.unwrap_or_else(|| panic!("{problems}")).initials(), [StateName::new("new")]);
}

#[test]
fn s10_a_workflow_is_known_by_name_and_version() {
    assert_eq!(sound().reference(), WorkflowRef { name: WorkflowName::new("incident"), version: 3 });
}

#[test]
fn s61_a_state_names_who_is_responsible_a_limit_and_a_checklist() {
    let w = sound();
    let open = w.state(&StateName::new("open")).unwrap();
    assert_eq!((open.responsible.clone(), open.checklist.len()), (Some(Responsible::Assignee), 1));
    let new = w.state(&StateName::new("new")).unwrap();
    assert_eq!(new.limit, Some("4bh".parse().unwrap()));
    assert_eq!(w.state(&StateName::new("vendor")).unwrap().responsible, Some(Responsible::Role(RoleName::new("lead"))));
}

#[test]
fn s62_colours_follow_the_class() {
    let w = sound();
    let of = |s: &str| w.state(&StateName::new(s)).unwrap().colour.clone();
    assert_eq!(
        ["new", "open", "waiting", "vendor", "resolved", "closed", "cancelled"].map(of),
        ["grey", "yellow", "purple", "#8b5a2b", "green", "blue", "outline"]
    );
    let (w, _) = load(&edited("colour = \"#8b5a2b\"\n", ""));
    assert_eq!(w.unwrap().state(&StateName::new("vendor")).unwrap().colour, "brown");
}

#[test]
fn s77_whom_a_state_waits_on_by_default() {
    let (w, problems) = load(&edited("waits_on = \"requester\"\n", "").replacen("waits_on = \"vendor\"\n", "", 1));
    let w = w.unwrap_or_else(|| panic!("{problems}"));
    let of = |s: &str| w.state(&StateName::new(s)).unwrap().waits_on;
    assert_eq!(["new", "open", "vendor"].map(of), [WaitsOn::Internal; 3]);
    assert_eq!(of("waiting"), WaitsOn::Requester);
    assert_eq!(["resolved", "closed", "cancelled"].map(of), [WaitsOn::Nobody; 3]);
}

#[test]
fn s78_a_state_waiting_on_the_requester_says_what_his_answer_does() {
    let w = sound();
    let waiting = w.state(&StateName::new("waiting")).unwrap();
    let reply = waiting.on_requester_reply.as_ref().unwrap();
    // Taken for the requester himself or by the desk: both may, and nothing is asked of them.
    let t = ticket("waiting");
    let wang = Actor::requester("wang");
    assert!(w.take(reply, &view(&t, &wang, &[])).is_ok());
    assert!(w.take(reply, &View::of(&t, t.updated_at)).is_ok());
}

#[test]
fn s79_durations_say_their_kind() {
    for (written, span) in [("90m", "1h30m"), ("8bh", "8bh"), ("3bd", "3bd")] {
        let (w, _) = load(&edited("limit = \"4bh\"", &format!("limit = \"{written}\"")));
        assert_eq!(w.unwrap().state(&StateName::new("new")).unwrap().limit.unwrap().to_string(), span);
    }
}

#[test]
fn s83_final_and_terminal() {
    let w = sound();
    assert!(w.is_terminal(&StateName::new("closed")) && w.is_terminal(&StateName::new("cancelled")));
    assert!(!w.is_terminal(&StateName::new("resolved")) && !w.is_terminal(&StateName::new("nowhere")));
    let slots = |s: &str| w.state(&StateName::new(s)).unwrap().holds_slots;
    assert_eq!(["new", "open", "waiting", "vendor", "resolved"].map(slots), [true, true, false, false, false]);
}

#[test]
fn roles_are_matched_against_who_acts() {
    let w = sound();
    let t = ticket("new");
    let take = |actor: &Actor, roles: &[RoleName]| codes(w.take(&name("start"), &view(&t, actor, roles)));
    assert!(take(&Actor::agent("anna"), &[]).is_empty());
    assert!(take(&Actor::Integration(ExternalId::new("erp")), &[]).is_empty());
    assert!(take(&Actor::System, &[]).is_empty());
    // A host cannot make a requester an agent by calling a role so.
    assert_eq!(take(&Actor::requester("wang"), &[RoleName::new("agent"), RoleName::new("system")]), ["role"]);
    assert_eq!(take(&Actor::Vendor(VendorId::new("acme")), &[]), ["role"]);
    let open = ticket("open");
    let codes = codes(w.take(&name("hand_to_vendor"), &view(&open, &Actor::System, &[])));
    assert_eq!(codes, ["required", "required"], "the system passes roles, never requirements");
}

#[test]
fn a_comment_is_the_message_in_view() {
    let w = sound();
    let t = ticket("new");
    let anna = Actor::agent("anna");
    let v = view(&t, &anna, &[]);
    assert_eq!(codes(w.take(&name("ask"), &v)), ["comment"]);
    let (blank, said) = (note(" \n"), note("which printer?"));
    assert_eq!(codes(w.take(&name("ask"), &View { message: Some(&blank), ..v })), ["comment"]);
    assert!(w.take(&name("ask"), &View { message: Some(&said), ..v }).is_ok());
    assert!(w.take(&name("ask"), &view(&t, &Actor::System, &[])).is_ok());
    let offers = w.available(&v);
    let ask = offers.iter().find(|o| o.transition.name == name("ask")).unwrap();
    assert!(!ask.is_open() && ask.needs_only_input());
}

#[test]
fn after_actions_are_read_with_their_values_fitted() {
    let toml = edited(
        "{ tag = \"started\" }",
        "{ set = { field = \"grace\", value = \"90m\" } }, { set = { field = \"parts\", value = [\"fan\"] } }, { set = { field = \"amount\", \
         value = \"19.90\" } }, { set = { field = \"visit\", value = 2025-10-09T20:00:00+08:00 } }, { set = { field = \"serial\" } }, \
         { priority = \"urgent\" }, { note = \"x\" }, \"release\", { watch = \"bo\" }, { untag = \"y\" }, { route = \"l1\" }, \
         { notify = { to = \"group:l1\", template = \"received\" } }",
    );
    let (w, problems) = load(&toml);
    let w = w.unwrap_or_else(|| panic!("{problems}"));
    let after = &w.transition(&StateName::new("new"), &name("start")).unwrap().after;
    let values: Vec<_> = after.iter().filter_map(|a| if let Action::Set { value, .. } = a { Some(value.clone()) } else { None }).collect();
    assert_eq!(
        values,
        [
            Some(Value::Duration(5_400_000_000)),
            Some(Value::Choices([LevelName::new("fan")].into())),
            Some(Value::Decimal("19.90".parse().unwrap())),
            Some(Value::Instant("2025-10-09T12:00:00Z".parse().unwrap())),
            None
        ]
    );
    assert_eq!(after.len(), 13);
    let resolve = w.transition(&StateName::new("open"), &name("resolve")).unwrap();
    assert!(matches!(&resolve.after[0], Action::Set { value: Some(Value::Choice(c)), .. } if c.as_str() == "low"));
}

#[test]
fn a_playbook_declares_the_names_of_all_workflows_first() {
    let mut s = schema();
    declare("workflows/incident.toml", SOUND, &mut s);
    assert_eq!(s.states.get("waiting").unwrap().zh, "待客户回复");
    assert!(s.states.len() == 7 && s.transitions.contains("hand_to_vendor"));
    declare("workflows/broken.toml", "states = 3\ntransitions = [1, {}]\n[[", &mut s);
}

#[test]
fn definitions_go_through_json() {
    let d = WorkflowDefinition::new("w", 1)
        .initial("a")
        .state(
            StateDefinition::new("a", StateClass::New)
                .label("A", "甲")
                .responsible(Responsible::Role(RoleName::new("lead")))
                .limit(Span::Days(2)),
        )
        .state(StateDefinition::new("b", StateClass::Closed))
        .transition(TransitionDefinition::new("go", ["*"], "b").with_comment())
        .timed("a", Span::Days(3), "go");
    let json = serde_json::to_string(&d).unwrap();
    assert_eq!(serde_json::from_str::<WorkflowDefinition>(&json).unwrap(), d);
    let (w, problems) = d.compile(&schema(), &NoScripts);
    assert!(w.is_some(), "{problems}");
    assert_eq!(problems.iter().map(|d| d.code).collect::<Vec<_>>(), ["missing-label", "missing-label"]);
}
