//! From journals back to the commands that made them: what people and the world did, none of what followed by itself.

use super::{Deed, History, Looks, Recorded, Step};
use crate::engine::{Inbound, NewMessage, NewTicket, TransitionInput, What};
use crate::id::*;
use crate::ticket::Progressed;
use crate::ticket::{Actor, Attribute, Cause, Entry, Event, LinkTarget, Message, MessageKind, Opening, Ticket, Value};
use std::collections::{BTreeMap, BTreeSet};

impl History {
    /// The history of some journals, of all tickets together, in any order. What rules, timers and queues did is left out, but remembered as recorded: that is
    /// what a candidate is compared with.
    ///
    /// ```
    /// use ticketry::harness::{History, Stage};
    /// use ticketry::{engine::What, playbook::Playbook, routing::RosterDefinition, ticket::Actor};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let stage = Stage::open(Playbook::starter()?, RosterDefinition::default())?;
    /// let ticket = stage.create(stage.new_ticket("the printer is on fire"))?;
    /// stage.advance("2d")?;
    /// stage.act(Actor::requester("ann"), &ticket, What::reply("hello?"))?;
    /// let history = History::of_journals(stage.journal(ticket.id)?);
    /// assert_eq!(history.len(), 2, "the breach in between is not repeated, it happens again");
    /// # Ok(()) }
    /// ```
    pub fn of_journals(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut journals: BTreeMap<TicketId, Vec<Entry>> = BTreeMap::new();
        for e in entries {
            journals.entry(e.ticket).or_default().push(e);
        }
        let mut history = Self::default();
        for (id, mut journal) in journals {
            journal.sort_by_key(|e| e.revision);
            history.journal(&id.to_string(), &journal);
        }
        history.steps.sort_by_key(|s| s.at);
        history
    }

    fn journal(&mut self, case: &str, journal: &[Entry]) {
        let Some(mut ticket) = journal.first().and_then(Ticket::begin) else {
            self.left_out("no-beginning");
            return;
        };
        let mut recorded = Recorded { id: Some(ticket.id), number: ticket.number, looks: Vec::new(), last: Looks::default() };
        let mut now: Option<UtcInstant> = None;
        for entry in journal {
            self.people(entry);
            self.until = self.until.max(Some(entry.at));
            let deed = deed(entry);
            if let Ok(Some(deed)) = deed {
                self.steps.push(Step { case: case.into(), at: entry.at, occurred_at: entry.occurred_at, actor: entry.actor.clone(), deed });
                now = Some(entry.at);
                ticket.apply(entry);
                recorded.looks.push(Looks::of(&ticket));
                continue;
            }
            if deed.is_err() {
                self.left_out("not-a-command");
            }
            ticket.apply(entry);
            // What followed at once belongs to the command's outcome; what time brought does not.
            if now == Some(entry.at)
                && let Some(last) = recorded.looks.last_mut()
            {
                *last = Looks::of(&ticket);
            }
        }
        recorded.last = Looks::of(&ticket);
        recorded.number = ticket.number;
        self.recorded.insert(case.into(), recorded);
    }

    fn people(&mut self, entry: &Entry) {
        self.agents.extend(entry.actor.as_agent().cloned());
        for c in &entry.events {
            match &c.event {
                Event::Assigned { agent, .. } | Event::Watched(agent) => drop(self.agents.insert(agent.clone())),
                Event::OwnerSet(Some(agent)) => drop(self.agents.insert(agent.clone())),
                _ => {}
            }
        }
    }
}

/// The command behind an entry; none where there was none. An error: there was one that cannot be given again.
fn deed(entry: &Entry) -> Result<Option<Deed>, ()> {
    let own: Vec<&Event> = entry.events.iter().filter(|c| c.cause == Cause::Command).map(|c| &c.event).collect();
    let message = || own.iter().find_map(|e| if let Event::MessageAdded(m) = e { Some(&**m) } else { None });
    let received = own.iter().any(|e| matches!(e, Event::Received { .. }));
    for (i, event) in own.iter().enumerate() {
        let before = own.get(..i).unwrap_or_default();
        let what = match event {
            Event::Created(o) if received => {
                return Ok(message().map(|m| Deed::Receive(Box::new(inbound(o, m)), o.follows.map(|t| t.to_string()))));
            }
            Event::Created(o) => return Ok(Some(Deed::Create(Box::new(new_ticket(o, message()))))),
            Event::Received { .. } => continue,
            Event::Moved { transition: Some(name), .. } => {
                let comment = before.iter().find_map(|e| if let Event::MessageAdded(m) = e { Some(m.body.as_ref().into()) } else { None });
                let mut given = TransitionInput::new(name)
                    .fields(fields(before))
                    .maybe_comment(comment.filter(|c: &std::sync::Arc<str>| !c.is_empty()));
                for e in before {
                    match e {
                        Event::Progressed(Progressed::Ticked(i)) => given = given.tick(*i),
                        Event::Progressed(Progressed::Resolved(r)) => given = given.resolution(&r.code),
                        Event::MessageAdded(m) => given.attachments.clone_from(&m.attachments),
                        _ => {}
                    }
                }
                given.into()
            }
            Event::Moved { transition: None, .. } => return Err(()),
            // It is the comment of a transition, or stands alone.
            Event::MessageAdded(m) if m.kind == MessageKind::Note && own.iter().any(|e| matches!(e, Event::Moved { .. })) => continue,
            Event::MessageAdded(m) if received => {
                let Actor::Requester(from) = &entry.actor else { return Err(()) };
                return Ok(Some(Deed::Onto(Box::new(onto(from, m)))));
            }
            Event::MessageAdded(m) => match m.kind {
                MessageKind::Reply => What::Reply(written(m)),
                MessageKind::Note => What::Note(written(m)),
                MessageKind::Call => What::LogCall(written(m)),
            },
            Event::Queued { group, skills, handoff, reason } => {
                if !handoff && before.iter().any(|e| matches!(e, Event::Released { .. })) && skills.is_empty() {
                    What::Release { reason: reason.clone() }
                } else {
                    What::HandOff { group: group.clone(), skills: skills.clone(), reason: reason.clone() }
                }
            }
            Event::Assigned { agent, manual: true, .. } => What::Assign(agent.clone()),
            // A queue that moved does so again by itself.
            Event::Assigned { manual: false, .. } | Event::RouteFailed { .. } => return Ok(None),
            Event::Released { why, .. } => match own.get(i.saturating_add(1)) {
                Some(Event::Queued { .. } | Event::Assigned { .. }) => continue,
                _ => What::Release { reason: why.clone() },
            },
            // Fields set on the way stand with the transition.
            Event::Set { .. } if own.iter().any(|e| matches!(e, Event::Moved { .. })) => continue,
            Event::Set { .. } => What::SetFields(fields(&own)),
            Event::Progressed(_) if own.iter().any(|e| matches!(e, Event::Moved { .. })) => continue,
            Event::Progressed(Progressed::Ticked(item)) => What::CheckOff { item: *item, on: true },
            Event::Progressed(Progressed::Unticked(item)) => What::CheckOff { item: *item, on: false },
            Event::PrioritySet { priority, until, .. } => What::SetPriority { priority: priority.clone(), until: *until },
            Event::OverrideEnded => What::SetPriority { priority: None, until: None },
            Event::Tagged(_) | Event::Untagged(_) => tags(&own),
            Event::Watched(agent) => What::Watch { agent: agent.clone(), on: true },
            Event::Unwatched(agent) => What::Watch { agent: agent.clone(), on: false },
            Event::OwnerSet(owner) => What::SetOwner(owner.clone()),
            Event::Rated { stars, comment, .. } => What::Rate { stars: *stars, comment: comment.clone() },
            Event::Linked(link) if matches!(link.to, LinkTarget::External(_)) => What::Link(link.clone()),
            Event::Unlinked(link) if matches!(link.to, LinkTarget::External(_)) => What::Unlink(link.clone()),
            _ => return Err(()),
        };
        return Ok(Some(Deed::On(Box::new(what))));
    }
    Ok(None)
}

fn fields(events: &[&Event]) -> Vec<(Attribute, Option<Value>)> {
    let set = |e: &&Event| if let Event::Set { attribute, value, .. } = e { Some((attribute.clone(), value.clone())) } else { None };
    events.iter().filter_map(set).collect()
}

fn tags(events: &[&Event]) -> What {
    let (mut add, mut remove) = (BTreeSet::new(), BTreeSet::new());
    for e in events {
        match e {
            Event::Tagged(t) => drop(add.insert(t.clone())),
            Event::Untagged(t) => drop(remove.insert(t.clone())),
            _ => {}
        }
    }
    What::Tag { add, remove }
}

fn written(m: &Message) -> NewMessage {
    NewMessage {
        audience: m.audience,
        channel: Some(m.channel.clone()),
        language: m.language.clone(),
        attachments: m.attachments.clone(),
        automatic: m.automatic,
        external_id: m.external_id.clone(),
        ..NewMessage::new(m.body.as_ref())
    }
}

fn new_ticket(o: &Opening, message: Option<&Message>) -> NewTicket {
    NewTicket {
        description: o.description.clone(),
        provisional: o.provisional,
        organisation: o.organisation.clone(),
        category: o.category.as_ref().map(|c| c.value.clone()),
        impact: o.impact.as_ref().map(|c| c.value.clone()),
        urgency: o.urgency.as_ref().map(|c| c.value.clone()),
        fields: o.fields.iter().map(|(n, v)| (n.clone(), v.value.clone())).collect(),
        tags: o.tags.clone(),
        state: Some(o.stay.state.clone()),
        call: message.filter(|m| m.kind == MessageKind::Call).map(written),
        ..NewTicket::new(&o.kind, o.subject.clone(), &o.requester, &o.channel)
    }
}

fn inbound(o: &Opening, m: &Message) -> Inbound {
    Inbound {
        threads: o.thread.iter().cloned().collect(),
        provisional: o.provisional,
        organisation: o.organisation.clone(),
        subject: o.subject.clone(),
        category: o.category.as_ref().map(|c| c.value.clone()),
        fields: o.fields.iter().map(|(n, v)| (n.clone(), v.value.clone())).collect(),
        kind: o.kind.clone(),
        ..onto(&o.requester, m)
    }
}

/// A message onto a ticket: which, the replay knows.
fn onto(from: &RequesterId, m: &Message) -> Inbound {
    let id = m.external_id.as_ref().map_or("", ExternalId::as_str);
    Inbound {
        language: m.language.clone(),
        attachments: m.attachments.clone(),
        automatic: m.automatic,
        ..Inbound::new(&m.channel, id, from, "", m.body.as_ref())
    }
}
