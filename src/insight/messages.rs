//! A ticket's conversation.

use crate::ticket::{Entry, Event, Message, MessageRef};

/// The messages of a ticket in the order in which they stand in its journal, each with the place that it is called by: replies, notes, calls, automatic ones, for whomever they were meant. A merged
/// ticket's messages stay in its own journal.
///
/// What [`crate::engine::KinCommand::Split`] takes is such a place's `revision` and `index`. What the requester may see of it all is [`super::RequesterView`].
///
/// ```
/// use ticketry::{engine::{KinCommand, What}, harness::Stage, insight::messages, playbook::Playbook, routing::{Agent, RosterDefinition}, ticket::Actor};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let stage = Stage::open(Playbook::starter()?, RosterDefinition::default().agent(Agent::new("li").group("support")))?;
/// let ticket = stage.create(stage.new_ticket("the printer is on fire"))?;
/// stage.act(Actor::requester("ann"), &ticket, What::reply("and where are my invoices?"))?;
///
/// let journal = stage.journal(ticket.id)?; // or `desk.journal(id)`
/// let about_invoices: Vec<_> = messages(&journal).filter(|(_, m)| m.body.contains("invoices")).map(|(at, _)| (at.revision, at.index)).collect();
/// let split = KinCommand::Split { messages: about_invoices, new: Box::new(stage.new_ticket("invoices")) };
/// stage.act(Actor::agent("li"), &ticket, split.into())?;
/// # Ok(()) }
/// ```
pub fn messages<'e>(journal: impl IntoIterator<Item = &'e Entry>) -> impl Iterator<Item = (MessageRef, &'e Message)> {
    journal.into_iter().flat_map(|entry| {
        (0_u32..).zip(&entry.events).filter_map(|(index, caused)| match &caused.event {
            Event::MessageAdded(m) => Some((MessageRef { revision: entry.revision, index, at: m.at }, &**m)),
            _ => None,
        })
    })
}
