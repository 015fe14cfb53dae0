//! How a ticket's clocks stand and where its time went, as of the last entry of its journal.

use crate::condition::Customer;
use crate::diagnostic::{Text, text};
use crate::playbook::Playbook;
use crate::sla::{ClockAccount, Corrected, Dimension, Ledger, ledger};
use crate::ticket::{Entry, Ticket};

/// The clocks and the time of a ticket, explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times {
    /// Open clocks, then the last closed one of each other metric: this policy, this target, this due instant (S37, S46).
    pub clocks: Vec<ClockAccount>,
    /// Clocks with corrections, raw and corrected (S87).
    pub corrected: Vec<Corrected>,
    /// Where the ticket's time went.
    pub ledger: Ledger,
    /// All of it in a few lines.
    pub lines: Vec<Text>,
}

impl Times {
    /// Of a whole journal; none if it is empty. The policies are judged by the customer record at hand.
    ///
    /// ```
    /// # use ticketry::{desk::Desk, engine::{Command, NewTicket, Times}, playbook::Playbook, store::MemoryStore, ticket::Actor};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let playbook = Playbook::starter()?;
    /// let desk = Desk::builder(playbook.clone()).store(MemoryStore::new()).open_blocking()?.blocking();
    /// let new = NewTicket::new("question", "the printer is on fire", "ann", "mail");
    /// let ticket = desk.submit(Command::create("mail-1", Actor::requester("ann"), new))?.ticket;
    /// let times = Times::of(&playbook, &desk.journal(ticket.id)?, None).expect("a journal begins with a creation");
    /// assert!(times.ledger.total() == 0 && times.lines.iter().any(|l| l.en.contains("policy")));
    /// # Ok(()) }
    /// ```
    pub fn of(playbook: &Playbook, journal: &[Entry], customer: Option<&Customer>) -> Option<Self> {
        let until = journal.last()?.at;
        let (agreements, calendars, schema) = (playbook.agreements(), playbook.calendars(), playbook.schema());
        let ledger = ledger(journal, calendars, schema, until)?;
        let clocks = agreements.accounts(calendars, journal, customer, until);
        let ticket = Ticket::fold(journal)?;
        let mut amended: Vec<_> = ticket.corrections.iter().map(|c| &c.clock).collect();
        amended.sort();
        amended.dedup();
        let corrected: Vec<Corrected> =
            amended.into_iter().filter_map(|id| agreements.corrected_from(calendars, journal, id, until)).filter(Corrected::any).collect();
        let zone = calendars.default_calendar();
        let mut lines = Vec::new();
        for c in &clocks {
            // How a closed one stands and where its time went is enough.
            let all = if c.outcome.is_none() { c.lines(zone) } else { c.brief(zone) };
            lines.extend(all.iter().enumerate().map(|(i, l)| indented(l, if i == 0 { 1 } else { 2 })));
        }
        lines.extend(corrected.iter().map(|c| indented(&c.text(zone), 1)));
        for by in [Dimension::Party, Dimension::Group] {
            let (head, sums) = (by.label(), ledger.brief(by, schema));
            if !sums.en.is_empty() {
                lines.push(text(format!("  {}: {}", head.en, sums.en), format!("  {}：{}", head.zh, sums.zh)));
            }
        }
        Some(Self { clocks, corrected, ledger, lines })
    }
}

fn indented(l: &Text, by: usize) -> Text {
    let pad = "  ".repeat(by);
    text(format!("{pad}{}", l.en), format!("{pad}{}", l.zh))
}
