//! S50, S64: assignee, group lead, manager or on-call; where Directory knows nobody for a level, the next one acts.

use super::stage::{Stage, at};
use ticketry::engine::What;
use ticketry::id::*;
use ticketry::playbook::Playbook;
use ticketry::ticket::*;

/// A desk whose first response (four open hours, due at two) has these levels.
fn stage(levels: &[(&str, &str)]) -> Stage {
    let source = Playbook::starter_source();
    let head = source.get("playbook.toml").unwrap().replace("[templates]", "[templates]\nlate = { en = \"late\", zh = \"超时\" }");
    let mut sla = source.get("sla/customer.toml").unwrap().to_string();
    for (i, (point, rest)) in levels.iter().enumerate() {
        let n = i + 1;
        sla += &format!("\n[[policies.escalations]]\nmetric = \"first_response\"\nlevel = {n}\nat = \"{point}\"\n{rest}\n");
    }
    Stage::with(&[("playbook.toml", &head), ("sla/customer.toml", &sla)])
}
fn tell(who: &str) -> String {
    format!("actions = [{{ notify = {{ to = \"{who}\", template = \"late\" }} }}]")
}
type Told = (UtcInstant, Recipient);

/// What a ticket's levels came to: what was told to whom and when, and which levels were vacant.
fn played(s: &Stage) -> (Vec<Told>, Vec<String>, Vec<(String, bool)>) {
    let t = s.create();
    s.as_agent("li", &t, What::Assign("li".into()));
    s.pass(3 * 24 * 60);
    s.desk.sweep(s.desk.now()).unwrap();
    let journal = s.desk.journal(t.id).unwrap();
    let all = || journal.iter().flat_map(|e| e.events.iter().map(move |c| (c.at.unwrap_or(e.at), &c.event)));
    let told = all().filter_map(|(at, e)| if let Event::Notified { to, suppressed: None, .. } = e { Some((at, to.clone())) } else { None });
    let vacant = all().filter_map(|(_, e)| if let Event::LevelVacant { mark, .. } = e { Some(mark.to_string()) } else { None });
    let marks = s.get(&t).clock("first_response").unwrap().marks.iter().map(|m| (m.name.to_string(), m.skipped)).collect();
    assert_eq!(s.desk.verify(t.id).unwrap(), None);
    (told.collect(), vacant.collect(), marks)
}
fn mark(n: u8, skipped: bool) -> (String, bool) {
    (format!("level:{n}"), skipped)
}

#[test]
fn s50_s64_where_directory_knows_no_manager_the_next_level_acts_at_once() {
    // The roster has a lead and no manager.
    let s = stage(&[("+0m", &tell("manager")), ("+1bh", &tell("lead")), ("+2bh", &tell("group:support"))]);
    let (told, vacant, marks) = played(&s);
    assert_eq!(
        told,
        [(at("2025-10-09T14:00:00Z"), Recipient::Lead), (at("2025-10-09T16:00:00Z"), Recipient::Group("support".into()))],
        "the second level acts in place of the first and not again"
    );
    assert_eq!((vacant, marks), (vec!["level:1".to_string()], vec![mark(1, true), mark(2, false), mark(3, false)]));
}

#[test]
fn s50_a_vacant_level_passes_over_those_that_are_vacant_or_whose_criterion_is_false() {
    let no = format!("when = 't.priority == \"urgent\"'\n{}", tell("lead"));
    let s = stage(&[("+0m", &tell("owner")), ("+1bh", &tell("manager")), ("+2bh", &no), ("+3bh", &tell("lead"))]);
    let (told, vacant, marks) = played(&s);
    assert_eq!(told, [(at("2025-10-09T14:00:00Z"), Recipient::Lead)]);
    assert_eq!(vacant, ["level:1", "level:2"]);
    assert_eq!(marks, [mark(1, true), mark(2, true), mark(3, true), mark(4, false)]);
}

#[test]
fn s50_where_nobody_is_known_at_all_each_level_says_so_at_its_own_instant() {
    let s = stage(&[("+0m", &tell("manager")), ("+1bh", &tell("on_call"))]);
    let (told, vacant, marks) = played(&s);
    assert!(told.is_empty());
    // The second is tried when the first is due, and has its own turn later.
    assert_eq!((vacant, marks), (vec!["level:1".into(), "level:2".into(), "level:2".to_string()], vec![mark(1, true), mark(2, true)]));
}

#[test]
fn s50_of_several_past_levels_a_vacant_highest_leaves_it_to_a_lower_one_only_if_none_is_above() {
    let s = stage(&[("+0m", &tell("lead")), ("+0bm", &tell("manager"))]);
    let (told, vacant, marks) = played(&s);
    assert_eq!(told, [(at("2025-10-09T14:00:00Z"), Recipient::Lead)]);
    assert_eq!((vacant, marks), (vec!["level:2".to_string()], vec![mark(1, false), mark(2, true)]));
}

#[test]
fn s50_a_level_that_acts_on_the_ticket_itself_is_never_vacant() {
    let moves = "actions = [{ notify = { to = \"manager\", template = \"late\" } }, { route = \"support\" }]";
    let tags = "actions = [{ tag = \"late\" }]";
    let s = stage(&[("+0m", moves), ("+1bh", tags), ("+2bh", &tell("requester"))]);
    let (told, vacant, marks) = played(&s);
    assert_eq!(told, [(at("2025-10-09T16:00:00Z"), Recipient::Requester)]);
    assert_eq!((vacant.len(), marks), (0, vec![mark(1, false), mark(2, false), mark(3, false)]));
}
