//! Facts a desk needs: what they say, lowered and interpreted alike, and what is refused of them.

use super::desk::{at, schema, ticket};
use std::collections::BTreeSet;
use ticketry::condition::{Customer, Path, Scripts as _, View};
use ticketry::diagnostic::Place;
use ticketry::id::*;
use ticketry::rules::RhaiScripts;
use ticketry::ticket::*;

fn wrote(minute: i64) -> Option<MessageRef> {
    Some(MessageRef { revision: Revision::new(1), index: 0, at: at(minute) })
}

/// A ticket with all of it, and one with nothing.
fn two() -> [Ticket; 2] {
    let mut t = ticket();
    t.conversation.last_from_requester = wrote(10);
    t.conversation.last_answer = wrote(5);
    t.conversation.oldest_unanswered = wrote(8);
    t.conversation.from_vendors = 2;
    t.started_at = Some(at(1));
    t.resolved_at = Some(at(2));
    t.group_since = Some(at(3));
    t.queue = Some(Queue { since: at(0), skills: Default::default(), try_now: true, retry_at: None });
    [t, ticket()]
}

#[test]
fn each_fact_means_the_same_lowered_and_interpreted() {
    let (schema, here) = (schema(), Place::file("facts"));
    let customer = Customer::from([(FieldName::new(Path::OPEN_TICKETS), Value::Integer(3))]);
    let known = BTreeSet::from_iter(Path::reference(&schema).into_iter().map(|(n, _)| n));
    // (condition, with everything, with nothing), an hour after the ticket was made
    for (text, full, bare) in [
        ("t.silent_for > \"45m\"", true, false),
        ("t.silent_for == \"50m\"", true, false),
        ("t.silent_for == ()", false, true),
        ("t.requester_wrote_at > t.answered_at", true, false),
        ("t.requester_wrote_at > t.created_at", true, false),
        ("t.unanswered_since != ()", true, false),
        ("t.unanswered_since < now", true, false),
        ("t.answered_at == ()", false, true),
        ("t.started_at <= t.resolved_at", true, false),
        ("t.group_since < now", true, false),
        ("t.messages_from_vendors >= 2", true, false),
        ("t.queued", true, false),
        ("!t.queued", false, true),
        ("t.customer.open_tickets >= 3", true, false),
        ("t.customer.open_tickets == ()", false, true),
    ] {
        let native = RhaiScripts.condition(text, &here, &schema).unwrap_or_else(|d| panic!("{text}\n{d}"));
        assert!(native.is_native(), "{text}");
        let script = RhaiScripts.unlowered(text, &here, &schema).unwrap();
        for (t, customer, want) in [(&two()[0], Some(&customer), full), (&two()[1], None, bare)] {
            let view = View { customer, ..View::of(t, at(60)) };
            assert_eq!(native.holds(&view), Ok(want), "{text}");
            assert_eq!(script.holds(&view), Ok(want), "{text}");
        }
        for word in text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).filter(|w| w.starts_with("t.")) {
            assert!(known.contains(word), "{word}");
        }
    }
}

#[test]
fn wrong_uses_of_facts_are_refused_at_load() {
    for (text, code) in [
        ("t.silent_for > 45", "wrong-type"),
        ("t.silent_for > t.answered_at", "wrong-type"),
        ("t.requester_wrote > now", "unknown-field"),
        ("t.customer.open_tickets > \"many\"", "wrong-type"),
        ("t.customer.open_tikets > 3", "unknown-field"),
    ] {
        let found = RhaiScripts.condition(text, &Place::file("facts"), &schema()).unwrap_err();
        assert!(found.iter().any(|d| d.code == code), "{text}: {found}");
    }
}
