//! Suspending rules that keep failing (S24), and counting what fails.

use super::host::lock;
use super::{Desk, Error};
use crate::engine::{Suspend, suspend, suspended};
use crate::id::*;
use crate::rules::Suspended;
use crate::store::{Outcome, StoreExt as _};
use crate::ticket::{Actor, Entry, Event};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How often it is tried again, where another desk on the same store was faster.
const TRIES: u32 = 16;

/// How a rule fares on this desk, in this process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleHealth {
    /// How often it failed and was contained.
    pub faults: u64,
    /// How often in a row, since it last did what it asked for.
    pub in_a_row: u32,
    /// When it failed last, on the ticket's time.
    pub last: Option<UtcInstant>,
    /// The code and the message of that fault.
    pub fault: Option<(String, String)>,
    /// Why it is suspended, if it is.
    pub suspended: Option<String>,
}

/// What the desk remembers of suspended and failing rules.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) suspended: Arc<Suspended>,
    /// The revision of the record that `suspended` was read from.
    revision: Revision,
    rules: BTreeMap<RuleName, RuleHealth>,
}

impl Record {
    /// Counts what the rules of an entry did.
    pub(super) fn count(&mut self, entry: &Entry) {
        for c in &entry.events {
            match &c.event {
                Event::RuleFaulted { rule, code, message } => {
                    let health = self.rules.entry(rule.clone()).or_default();
                    health.faults = health.faults.saturating_add(1);
                    health.in_a_row = health.in_a_row.saturating_add(1);
                    health.last = Some(c.at.unwrap_or(entry.at));
                    health.fault = Some((code.clone(), message.clone()));
                }
                Event::RuleFired { rule, .. } => {
                    if let Some(health) = self.rules.get_mut(rule) {
                        health.in_a_row = 0;
                    }
                }
                _ => {}
            }
        }
    }
    /// How every rule fares that failed or is suspended.
    pub(super) fn health(&self) -> BTreeMap<RuleName, RuleHealth> {
        let mut all = self.rules.clone();
        for (rule, s) in self.suspended.now() {
            all.entry(rule.clone()).or_default().suspended = Some(s.reason.clone());
        }
        all
    }
    /// The rules that failed so often in a row and are not suspended.
    fn failing(&self, most: u32) -> Vec<(RuleName, u32, String)> {
        let fails = |(rule, h): (&RuleName, &RuleHealth)| {
            let message = h.fault.as_ref().map(|(_, m)| m.clone()).unwrap_or_default();
            (h.in_a_row >= most && self.suspended.of(rule.as_str()).is_none()).then(|| (rule.clone(), h.in_a_row, message))
        };
        self.rules.iter().filter_map(fails).collect()
    }
}

impl Desk {
    /// Suspends a rule: it is woken and not considered, and every trace says so, until [`Desk::resume`]. False if it was suspended already.
    ///
    /// It is journalled with actor, reason and instant in a record of the desk's own ([`TicketId::DESK`]) and holds after a restart. Another desk on the same store learns
    /// of it at its next sweep, or by [`Desk::refresh_suspended`]. The right is `suspend_rule` in `[settings.rights]`; where it is not listed, every agent has it.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use ticketry::{desk::Desk, playbook::Playbook, ticket::Actor};
    /// let rule = r#"rule("greet").on("created").then(|t| t.tag("new"));"#;
    /// let source = Playbook::starter_source().with("rules/a.rhai", rule);
    /// let desk = Desk::builder(Playbook::load(&source)?.playbook).open_blocking()?;
    /// let desk = desk.blocking();
    /// assert!(desk.suspend("greet", Actor::System, "tags everything")?);
    /// assert_eq!(desk.health().rules["greet"].suspended.as_deref(), Some("tags everything"));
    /// assert!(desk.resume("greet", Actor::System, "it was meant so")?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Refused`], or the store failed.
    pub async fn suspend(&self, rule: impl Into<RuleName>, by: Actor, reason: impl Into<String>) -> Result<bool, Error> {
        self.record(Suspend { rule: rule.into(), suspended: true, by, reason: reason.into() }).await
    }

    /// Ends a rule's suspension. What would have woken it meanwhile is past. False if it was not suspended.
    ///
    /// # Errors
    /// As [`Desk::suspend`].
    pub async fn resume(&self, rule: impl Into<RuleName>, by: Actor, reason: impl Into<String>) -> Result<bool, Error> {
        self.record(Suspend { rule: rule.into(), suspended: false, by, reason: reason.into() }).await
    }

    /// Which rules are, and were, suspended, as far as this desk knows.
    pub fn suspended(&self) -> Arc<Suspended> {
        lock(&self.0.record).suspended.clone()
    }

    /// Reads anew which rules are suspended, in case another desk on the same store changed it. Every sweep does.
    ///
    /// # Errors
    /// The store failed; what was known stays.
    pub async fn refresh_suspended(&self) -> Result<(), Error> {
        let Some(record) = self.0.store.load_one(TicketId::DESK).await? else { return Ok(()) };
        if lock(&self.0.record).revision >= record.revision {
            return Ok(());
        }
        let journal = self.0.store.whole_journal(TicketId::DESK).await?;
        let revision = journal.last().map_or(Revision::ZERO, |e| e.revision);
        let all = Arc::new(suspended(&journal));
        let mut record = lock(&self.0.record);
        if record.revision < revision {
            record.revision = revision;
            record.suspended = all;
        }
        Ok(())
    }

    async fn record(&self, command: Suspend) -> Result<bool, Error> {
        for _ in 0..TRIES {
            self.refresh_suspended().await?;
            let record = self.0.store.load_one(TicketId::DESK).await?;
            let known = self.suspended();
            let now = self.at(self.now());
            let commit = suspend(&now.playbook, &now.roster, now.at, record.as_ref(), &known, &command).map_err(Error::Refused)?;
            let Some(commit) = commit else { return Ok(false) };
            let entries: Vec<Arc<Entry>> = commit.writes.iter().map(|w| w.entry.clone()).collect();
            match self.commit_one(commit).await? {
                Outcome::Stored(_) => {
                    self.publish(entries.iter());
                    self.refresh_suspended().await?;
                    if let Some(health) = lock(&self.0.record).rules.get_mut(&command.rule) {
                        health.in_a_row = 0;
                    }
                    return Ok(true);
                }
                // Another desk was faster.
                Outcome::Duplicate(_) | Outcome::Conflict { .. } | Outcome::Taken(_) => {}
                Outcome::Failed(e) => return Err(e.into()),
            }
        }
        Err(Error::Conflict { ticket: TicketId::DESK, tries: TRIES })
    }

    /// Suspends what fails again and again, where the host asked for it.
    pub(super) async fn suspend_failing(&self) -> Result<(), Error> {
        let Some(most) = self.0.suspend_after else { return Ok(()) };
        let failing = lock(&self.0.record).failing(most);
        for (rule, times, message) in failing {
            let message: String = message.chars().take(100).collect();
            match self.suspend(rule, Actor::System, format!("failed {times} times in a row: {message}")).await {
                // A rule of another playbook is nobody's to suspend.
                Ok(_) | Err(Error::Refused(_)) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}
