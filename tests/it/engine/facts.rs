//! Facts that the shell fetches because a rule reads them.

use super::stage::Stage;
use ticketry::engine::{Command, NewTicket, What};
use ticketry::playbook::Playbook;
use ticketry::ticket::*;

#[test]
fn how_many_other_tickets_of_the_requester_are_open_is_counted_where_a_rule_reads_it() {
    assert!(!Playbook::starter().unwrap().reads_open_tickets());
    let s = Stage::with(&[(
        "rules/a.rhai",
        r#"rule("many").on(["created", "message.requester"]).when(|t| t.customer.open_tickets >= 2).then(|t| t.tag("many"));"#,
    )]);
    assert!(s.desk.desk().playbook().reads_open_tickets());
    let (a, b, c) = (s.create(), s.create(), s.create());
    let many = |t: &Ticket| s.get(t).tags.contains("many");
    assert_eq!((many(&a), many(&b), many(&c)), (false, false, true));
    // Another's do not count, nor do those that are done, nor the ticket itself.
    let new = NewTicket::new("question", "another", "bob", "mail");
    let other = s.desk.submit(Command::create("other", Actor::requester("bob"), new)).unwrap().ticket;
    assert!(!many(&other));
    s.as_agent("li", &c, What::transition("resolve"));
    s.as_requester(&a, What::reply("and?"));
    assert!(!many(&a));
    s.as_requester(&c, What::transition("reopen"));
    s.as_requester(&a, What::reply("and now?"));
    assert!(many(&a));
}

#[test]
fn a_rule_that_names_no_moment_wakes_when_a_fact_it_reads_changes() {
    let s = Stage::with(&[(
        "rules/a.rhai",
        r#"rule("owed").when(|t| t.unanswered_since != () && t.answered_at != ()).then(|t| t.tag("owed"));"#,
    )]);
    let t = s.create();
    let t = s.as_agent("li", &t, What::reply("words"));
    assert!(!t.tags.contains("owed"));
    let t = s.as_requester(&t, What::reply("but"));
    assert!(t.tags.contains("owed"));
}

#[test]
fn a_field_of_the_customer_record_may_not_be_called_as_what_the_desk_counts() {
    let head = Playbook::starter_source().get("playbook.toml").unwrap().to_string();
    let source = Playbook::starter_source().with("playbook.toml", format!("{head}\n[customer]\nopen_tickets = {{ type = \"integer\" }}\n"));
    let found = Playbook::load(&source).unwrap_err();
    assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), ["reserved-name"]);
}
