//! Which policy a ticket stands under (S37).

use super::Agreements;
use crate::calendar::Calendars;
use crate::condition::View;
use crate::diagnostic::RuleFault;
use crate::id::{CalendarName, PolicyName};
use crate::ticket::{Agreement, Event};

/// What was chosen, where it differs from what the ticket has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// `PolicyChosen` facts.
    pub events: Vec<Event>,
    /// Policies whose condition failed; they count as not matching.
    pub faults: Vec<(PolicyName, RuleFault)>,
}

impl Agreements {
    /// The first matching policy of each agreement (S37), as facts where it, its calendar or that calendar's version differs from what the ticket stands under.
    ///
    /// A final ticket keeps what it stands under: only open clocks are retargeted (S46), and a reopening chooses anew.
    pub fn choose(&self, view: &View<'_>, calendars: &Calendars, group_calendar: Option<&CalendarName>) -> Choice {
        let mut choice = Choice::default();
        let ticket = view.ticket;
        if self.policies.is_empty() && ticket.adopted.is_empty() {
            return choice;
        }
        for agreement in [Agreement::Customer, Agreement::Group, Agreement::Vendor] {
            let now = ticket.adopted.iter().find(|a| a.agreement == agreement);
            if now.is_some() && ticket.class.is_final() {
                continue;
            }
            let found = self.policies.iter().filter(|p| p.agreement == agreement).find(|p| match &p.matches {
                None => true,
                Some(c) => c.holds(view).unwrap_or_else(|fault| {
                    choice.faults.push((p.name.clone(), fault));
                    false
                }),
            });
            match (found, now) {
                (None, None) => {}
                (None, Some(_)) => {
                    choice.events.push(Event::PolicyChosen { agreement, policy: None, calendar: None, calendar_version: 0 });
                }
                (Some(p), now) => {
                    let calendar = calendars.resolve(p.calendar.as_ref(), group_calendar);
                    let same = now
                        .is_some_and(|a| a.policy == p.name && a.calendar == *calendar.name() && a.calendar_version == calendar.version());
                    if !same {
                        choice.events.push(Event::PolicyChosen {
                            agreement,
                            policy: Some(p.name.clone()),
                            calendar: Some(calendar.name().clone()),
                            calendar_version: calendar.version(),
                        });
                    }
                }
            }
        }
        choice
    }
}
