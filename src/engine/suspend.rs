//! Suspending and resuming rules (S24): commands to the desk as a whole, journalled like any other.
//!
//! They stand in the journal of a ticket of the desk's own, [`TicketId::DESK`]: closed from the start, without a workflow, found by no query. So every store keeps them
//! durably, in the feed and under the same checks, and knows nothing of it.

use super::Refusal;
use super::authorize::roles_allow;
use crate::diagnostic::{did_you_mean, text};
use crate::id::*;
use crate::playbook::Playbook;
use crate::routing::Roster;
use crate::rules::Suspended;
use crate::store::{Commit, Write};
use crate::ticket::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The right to suspend and resume, in `[settings.rights]`.
const RIGHT: &str = "suspend_rule";
/// Bytes of a reason.
const REASON: usize = 512;

/// A rule to be suspended or resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspend {
    /// Which.
    pub rule: RuleName,
    /// Suspended, or resumed.
    pub suspended: bool,
    /// Who.
    pub by: Actor,
    /// Why.
    pub reason: String,
}

/// The rules a desk's record says are, and were, suspended.
pub fn suspended<'e>(record: impl IntoIterator<Item = &'e Entry>) -> Suspended {
    let mut all = Suspended::default();
    for entry in record {
        for c in &entry.events {
            match &c.event {
                Event::RuleSuspended { rule, reason } => drop(all.suspend(rule, entry.at, entry.actor.clone(), reason.clone())),
                Event::RuleResumed { rule, .. } => drop(all.resume(rule, entry.at)),
                _ => {}
            }
        }
    }
    all
}

/// Decides the command: the commit on the desk's record, or none where nothing changes. `record` is its ticket as stored, if there is one yet, `all` what its journal says.
///
/// # Errors
/// Every reason why not: `not-allowed`, `unknown-actor`, `no-rule`, `reason-needed`, `too-long`.
pub fn suspend(
    playbook: &Playbook,
    roster: &Roster,
    now: UtcInstant,
    record: Option<&Arc<Ticket>>,
    all: &Suspended,
    command: &Suspend,
) -> Result<Option<Commit>, Refusal> {
    let Suspend { rule, suspended, by, reason } = command;
    let mut refusal = Refusal::default();
    if let Err(r) = roles_allow(playbook, roster, by, RIGHT) {
        refusal.reasons.extend(r.reasons);
    }
    // A rule that is gone may still be resumed, for when it comes back.
    if *suspended && playbook.rules().named(rule.as_str()).is_none() {
        let near = did_you_mean(rule.as_str(), playbook.rules().iter().map(|(_, r)| r.name.as_str())).unwrap_or_default();
        let (en, zh) = (format!("there is no rule `{rule}`; {}", near.en), format!("没有规则 `{rule}`；{}", near.zh));
        refusal.add("no-rule", text(en.trim_end_matches("; "), zh.trim_end_matches('；')));
    }
    if reason.trim().is_empty() {
        refusal.add("reason-needed", text("say why", "请说明原因"));
    }
    if reason.len() > REASON {
        refusal.add("too-long", text(format!("a reason has at most {REASON} bytes"), format!("原因最多 {REASON} 字节")));
    }
    refusal.done()?;
    if all.of(rule.as_str()).is_some() == *suspended {
        return Ok(None);
    }
    let at = record.map_or(at_door(now), |t| at_door(now).max(t.updated_at));
    let before = record.map_or(Revision::ZERO, |t| t.revision);
    let (rule, reason) = (rule.clone(), reason.clone());
    let said = if *suspended { Event::RuleSuspended { rule, reason } } else { Event::RuleResumed { rule, reason } };
    let mut events = Vec::with_capacity(2);
    if record.is_none() {
        events.push(Caused { event: Event::Created(Box::new(opening())), cause: Cause::Command, at: None });
    }
    events.push(Caused { event: said, cause: Cause::Command, at: None });
    let id = CommitId::new(format!("suspend:{}:{}", TicketId::DESK, before.get()));
    let entry = Entry {
        ticket: TicketId::DESK,
        revision: before.next(),
        at,
        occurred_at: None,
        actor: by.clone(),
        commit: id.clone(),
        playbook: playbook.digest(),
        events,
        wake_at: None,
        why: Why::default(),
    };
    let mut ticket = record.map_or_else(|| Ticket::open(TicketId::DESK, at, &opening()), |t| (**t).clone());
    ticket.apply(&entry);
    let write = Write { before, ticket: Arc::new(ticket), entry: Arc::new(entry), takes: Vec::new(), releases: Vec::new() };
    Ok(Some(Commit { id, at, writes: vec![write], reads: Vec::new(), effects: Vec::new() }))
}

/// What the record begins as.
fn opening() -> Opening {
    Opening {
        number: 0,
        kind: TypeName::new("desk"),
        workflow: WorkflowRef { name: WorkflowName::new("desk"), version: 0 },
        subject: "record of the desk".into(),
        description: "".into(),
        requester: RequesterId::new("desk"),
        provisional: false,
        organisation: None,
        channel: ChannelName::new("desk"),
        category: None,
        impact: None,
        urgency: None,
        fields: BTreeMap::new(),
        tags: BTreeSet::new(),
        thread: None,
        follows: None,
        stay: Stay {
            state: StateName::new("record"),
            class: StateClass::Closed,
            waits_on: WaitsOn::Nobody,
            limit: None,
            timers: Vec::new(),
        },
    }
}
