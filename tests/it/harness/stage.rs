//! Simulated time: what falls due happens at its own instant, however far time goes at once.

use ticketry::engine::What;
use ticketry::harness::Stage;
use ticketry::playbook::Playbook;
use ticketry::routing::{Agent, RosterDefinition};
use ticketry::ticket::{Actor, Entry, Event};

fn stage() -> Stage {
    let people = RosterDefinition::default().agent(Agent::new("li").group("support").capacity(9));
    Stage::open(Playbook::starter().unwrap(), people).unwrap()
}

fn journal(steps: &[&str]) -> Vec<Entry> {
    let stage = stage();
    let t = stage.create(stage.new_ticket("it burns")).unwrap();
    for s in steps {
        stage.advance(s).unwrap();
    }
    stage.journal(t.id).unwrap()
}

/// S53: the journal is the same whether time passes at once or in steps.
#[test]
fn time_at_once_and_in_steps_write_the_same_journal() {
    let at_once = journal(&["20d"]);
    assert!(at_once.iter().any(|e| e.events.iter().any(|c| matches!(c.event, Event::ClockBreached { .. }))));
    assert_eq!(at_once, journal(&["1h"; 480]));
}

#[test]
fn time_only_goes_on_once_something_was_done() {
    let stage = stage();
    stage.at("2024-02-29T08:00:00").unwrap();
    stage.at("2023-01-02T08:00:00").unwrap();
    stage.create(stage.new_ticket("it burns")).unwrap();
    assert!(stage.at("2022-01-02T08:00:00").is_err());
    stage.at("2023-01-02T08:00:01").unwrap();
    assert!(stage.advance("8 hours").is_err());
}

#[test]
fn a_refusal_is_told_by_its_code() {
    let stage = stage();
    let t = stage.create(stage.new_ticket("it burns")).unwrap();
    let no = stage.act(Actor::Requester(t.requester.clone()), &t, What::transition("cancel")).unwrap_err();
    assert!(no.refused("role") && !no.refused("x"), "{no}");
    assert!(!no.text().zh.is_empty());
}

#[test]
fn people_can_come_later() {
    let stage = stage();
    stage.agent_as(Agent::new("zhao").group("support").role("lead"), Some("support".into()), true).unwrap();
    assert!(stage.agent(Agent::new("x").group("nowhere")).is_err());
    let t = stage.create(stage.new_ticket("it burns")).unwrap();
    stage.act(Actor::agent("zhao"), &t, What::reply("on my way")).unwrap();
    assert_eq!(stage.sent().len(), 1);
}
