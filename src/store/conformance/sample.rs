//! Sample tickets: small, varied, the same on every run.

use crate::diagnostic::text;
use crate::id::*;
use crate::store::{Commit, Write};
use crate::ticket::*;
use chrono::{DateTime, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A row of numbers that look random and are the same on every run (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The row of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }
    /// The next number below `n`; 0 where there is none.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)).checked_rem(n).unwrap_or(0)
    }
    /// One of these.
    pub fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let i = self.below(of.len() as u64);
        usize::try_from(i).ok().and_then(|i| of.get(i)).copied().unwrap_or("")
    }
}

/// The instant so many seconds after 2025-10-09 12:00 UTC.
pub fn at(seconds: i64) -> UtcInstant {
    let start = DateTime::from_timestamp(1_760_011_200, 0).unwrap_or(UtcInstant::UNIX_EPOCH);
    start.checked_add_signed(TimeDelta::seconds(seconds)).unwrap_or(start)
}

/// The id of sample ticket `n`.
pub fn id(n: u64) -> TicketId {
    TicketId::from_u128(0x0192_f0c1_2345_7000_8000_0000_0000_0000).derive(Revision::new(n), 0)
}

/// The commit that creates sample ticket `n`, its wake instant `wake`, `n` seconds after the start.
pub fn created(n: u64, wake: Option<UtcInstant>) -> Commit {
    let mut dice = Dice::new(n);
    let class = StateClass::ALL.get(usize::try_from(dice.below(7)).unwrap_or(0)).copied().unwrap_or(StateClass::New);
    let level = |word: &str| Some(Sourced { value: LevelName::new(word), by: Provenance::Agent });
    let opening = Opening {
        number: n,
        kind: TypeName::new(dice.pick(&["incident", "return"])),
        workflow: WorkflowRef { name: WorkflowName::new("sample"), version: 1 },
        subject: format!("sample {n} 样例").into(),
        description: "".into(),
        requester: RequesterId::new(dice.pick(&["wang", "li", "zhao"])),
        provisional: false,
        organisation: Some(dice.pick(&["acme", "globex", ""])).filter(|o| !o.is_empty()).map(OrganisationId::new),
        channel: ChannelName::new(dice.pick(&["mail", "wechat", "phone"])),
        category: Some(Sourced { value: CategoryPath::new(dice.pick(&["network/vpn", "network", "hardware"])), by: Provenance::Rule }),
        impact: level(dice.pick(&["low", "high"])),
        urgency: None,
        fields: BTreeMap::from([(
            FieldName::new("amount"),
            Sourced { value: Value::Integer(i64::try_from(n).unwrap_or(0)), by: Provenance::Requester },
        )]),
        tags: [dice.pick(&["vip", "outage", "late"]), dice.pick(&["vip", "outage", "late"])].map(TagName::new).into(),
        thread: Some(ExternalId::new(format!("thread-{}", dice.below(8)))),
        follows: None,
        stay: Stay { state: StateName::new(class.word()), class, waits_on: WaitsOn::Internal, limit: None, timers: Vec::new() },
    };
    let mut events = vec![Event::Created(Box::new(opening))];
    let priority = dice.pick(&["low", "normal", "urgent", ""]);
    if !priority.is_empty() {
        events.push(Event::PrioritySet { priority: Some(LevelName::new(priority)), by: Provenance::Rule, until: None });
    }
    if dice.below(2) == 0 {
        let group = GroupId::new(dice.pick(&["network", "field"]));
        events.push(Event::Queued { group, skills: BTreeMap::new(), handoff: false, reason: String::new() });
    }
    let seconds = i64::try_from(n).unwrap_or(0);
    commit(None, id(n), &format!("create-{n}"), at(seconds), events, wake)
}

/// The commit `key` in which these events happen to a ticket, and after which it wakes at `wake`.
pub fn changed(before: &Ticket, key: &str, when: UtcInstant, events: Vec<Event>, wake: Option<UtcInstant>) -> Commit {
    commit(Some(before), before.id, key, when, events, wake)
}

fn commit(before: Option<&Ticket>, of: TicketId, key: &str, when: UtcInstant, events: Vec<Event>, wake: Option<UtcInstant>) -> Commit {
    let entry = Entry {
        ticket: of,
        revision: before.map_or(Revision::ZERO, |t| t.revision).next(),
        at: when,
        occurred_at: None,
        actor: Actor::System,
        commit: CommitId::new(key),
        playbook: Digest::default(),
        events: events.into_iter().map(|event| Caused { event, cause: Cause::Command, at: None }).collect(),
        wake_at: wake,
        why: Why::default(),
    };
    let bare = || Ticket::begin(&entry);
    let commit = Commit::new(CommitId::new(key), when);
    // A first entry without a beginning makes no ticket: the commit then writes nothing.
    let Some(mut after) = before.cloned().or_else(bare) else { return commit };
    after.apply(&entry);
    commit.write(Write::of(before, Arc::new(after), Arc::new(entry)))
}

/// The ticket a commit leaves, if it writes one.
pub fn after(commit: &Commit) -> Option<Arc<Ticket>> {
    commit.writes.first().map(|w| w.ticket.clone())
}

/// An assignment of these slots.
pub fn assigned(agent: &str, slots: &[u16]) -> Event {
    Event::Assigned { agent: AgentId::new(agent), group: None, slots: slots.to_vec(), manual: false, over: false }
}

/// The assignee loses the ticket.
pub fn released(agent: &str) -> Event {
    Event::Released { agent: AgentId::new(agent), why: "released".into() }
}

/// A tag.
pub fn tagged(tag: &str) -> Event {
    Event::Tagged(TagName::new(tag))
}

/// A notification born with a commit's first write.
pub fn effect(commit: &Commit, index: u32) -> Effect {
    let (ticket, revision) = commit.writes.first().map_or((id(0), Revision::ZERO), |w| (w.ticket.id, w.ticket.revision));
    Effect {
        key: EffectKey { ticket, revision, index },
        at: commit.at,
        kind: EffectKind::Notification {
            to: Recipient::Requester,
            agents: Vec::new(),
            requester: Some(RequesterId::new("wang")),
            template: TemplateName::new("hello"),
            body: text("hello", "你好"),
        },
    }
}

/// The names of a set, for messages.
pub(super) fn numbers(tickets: &[Arc<Ticket>]) -> Vec<u64> {
    tickets.iter().map(|t| t.number).collect()
}

/// Whether all are different.
pub(super) fn distinct<T: Ord>(items: impl IntoIterator<Item = T>) -> bool {
    let mut seen = BTreeSet::new();
    items.into_iter().all(|x| seen.insert(x))
}
