//! What of a step matters to metrics, and which facts can matter at all.

use super::follow::Step;
use super::metric::Metric;
use super::policy::Policy;
use super::sign::Sign;
use crate::id::UtcInstant;
use crate::ticket::{Actor, Agreement, Author, Event, KinEvent, Lent, Message, MessageKind, Ticket};

/// Which facts besides those every metric is concerned with matter to the metrics that have a target: steps without any cost next to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Interest {
    /// Vendors' messages.
    vendor: bool,
    /// Queues, assignments, releases.
    hands: bool,
    /// Internal transitions.
    taken: bool,
    /// Tags.
    tags: bool,
    /// Attributes and fields.
    fields: bool,
    /// Any fact: a condition may read anything of the ticket.
    all: bool,
}

impl Interest {
    pub(super) fn of(metrics: &[Metric], policies: &[Policy]) -> Self {
        let mut interest = Self::default();
        let measured = metrics.iter().filter(|m| policies.iter().any(|p| p.targets.contains_key(&m.name)));
        for clause in measured.flat_map(|m| m.all_clauses().map(|(_, c)| c)) {
            interest.all |= clause.when.is_some();
            match &clause.on {
                Some(Sign::VendorReplied) => interest.vendor = true,
                Some(Sign::Assigned | Sign::Released | Sign::GroupEntered | Sign::GroupLeft) => interest.hands = true,
                Some(Sign::Taken(_)) => interest.taken = true,
                Some(Sign::Tagged(_) | Sign::Untagged(_)) => interest.tags = true,
                Some(Sign::Changed(_)) => (interest.hands, interest.tags, interest.fields) = (true, true, true),
                _ => {}
            }
        }
        interest
    }
}

/// What of a step matters to metrics.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    facts: &'a [&'a Event],
    at: UtcInstant,
    pub(super) opened: bool,
    pub(super) by_agent: bool,
    pub(super) reopened: bool,
    /// A transition that is no internal one (S4).
    pub(super) moved: bool,
    /// A call was spoken, whoever made it.
    pub(super) call: bool,
    /// The first answer to the requester: its own instant.
    pub(super) answer: Option<UtcInstant>,
    /// The first message of the requester: its own instant.
    pub(super) asked: Option<UtcInstant>,
    /// The first message of a vendor: its own instant.
    pub(super) vendor: Option<UtcInstant>,
    /// What another ticket, merged into it in this step, means for its clocks (S57).
    pub(super) lent: Option<&'a Lent>,
    /// What such a ticket takes back with it.
    pub(super) returned: Option<&'a Lent>,
    /// Its clocks came back as they were before a merge.
    pub(super) restored: bool,
    /// Anything at all.
    pub(super) relevant: bool,
}

impl<'a> Seen<'a> {
    pub(super) fn of(step: &Step<'a>, interest: Interest) -> Self {
        let mut seen = Self {
            facts: step.facts,
            at: step.at,
            opened: false,
            by_agent: false,
            reopened: false,
            moved: false,
            call: false,
            answer: None,
            asked: None,
            vendor: None,
            lent: None,
            returned: None,
            restored: false,
            relevant: interest.all && !step.facts.is_empty(),
        };
        let mut author = None;
        for fact in step.facts {
            let relevant = match fact {
                Event::Created(_) => {
                    seen.opened = true;
                    true
                }
                Event::MessageAdded(m) => {
                    author.get_or_insert(m.author);
                    let vendor = seen.message(m);
                    vendor.is_none_or(|vendor| vendor && interest.vendor)
                }
                Event::Moved { internal, .. } => {
                    seen.moved |= !internal;
                    !internal || interest.taken
                }
                // No arrival: states are neither entered nor left, but whom it waits on may be another.
                Event::Migrated(m) => {
                    seen.moved |= m.concerns_clocks();
                    true
                }
                Event::Kin(k) => match &**k {
                    KinEvent::Absorbed(m) => {
                        seen.lent = Some(&m.lent);
                        true
                    }
                    KinEvent::Unmerged { .. } | KinEvent::Released { back: Some(_), .. } => {
                        seen.restored = true;
                        true
                    }
                    KinEvent::Released { merged, back: None } => {
                        seen.returned = Some(&merged.lent);
                        true
                    }
                    KinEvent::SplitOff { .. } => true,
                    _ => false,
                },
                Event::Reopened { .. } => {
                    seen.reopened = true;
                    true
                }
                Event::PolicyChosen { .. } | Event::PrioritySet { .. } | Event::MessageJudged { .. } => true,
                Event::Queued { .. } | Event::Assigned { .. } | Event::Released { .. } => interest.hands,
                Event::Tagged(_) | Event::Untagged(_) => interest.tags,
                Event::Set { .. } | Event::OwnerSet(_) | Event::Watched(_) | Event::Unwatched(_) => interest.fields,
                _ => false,
            };
            seen.relevant |= relevant;
        }
        seen.by_agent = author.map_or(matches!(step.actor, Actor::Agent(_)), |a| a == Author::Agent);
        seen
    }
    /// None if it concerns the requester; otherwise whether a vendor wrote it.
    fn message(&mut self, m: &Message) -> Option<bool> {
        let (asks, answers) = (m.counts_from_requester(), m.counts_as_answer());
        if asks {
            self.asked.get_or_insert(m.at);
        }
        if answers {
            self.answer.get_or_insert(m.at);
        }
        if (asks || answers) && m.kind == MessageKind::Call {
            self.call = true;
            // Whoever called, an agent was on the line (S38).
            self.answer.get_or_insert(m.at);
        }
        let vendor = m.author == Author::Vendor && !m.automatic && m.kind != MessageKind::Note;
        if vendor {
            self.vendor.get_or_insert(m.at);
        }
        (!(asks || answers)).then_some(vendor)
    }

    /// Whether a policy of the agreement was chosen, or a priority set that may bring another target.
    pub(super) fn adopts(&self, agreement: Agreement) -> bool {
        self.facts.iter().any(|f| match f {
            Event::PolicyChosen { agreement: a, .. } => *a == agreement,
            Event::PrioritySet { .. } => true,
            _ => false,
        })
    }
    /// Whether the ticket came to a group other than this one meanwhile.
    pub(super) fn came_elsewhere(&self, group: &crate::id::GroupId) -> bool {
        self.facts.iter().any(|f| match f {
            Event::Queued { group: g, .. } | Event::Assigned { group: Some(g), .. } => g != group,
            _ => false,
        })
    }
    fn any(&self, what: impl Fn(&Event) -> bool) -> bool {
        self.facts.iter().any(|f| what(f))
    }

    /// Whether something happened that needs no clock to be seen, and when. `ticket` is as the step left it.
    pub(super) fn happened(&self, sign: &Sign, ticket: &Ticket) -> Option<UtcInstant> {
        let happened = match sign {
            Sign::Opened => self.opened,
            Sign::Reopened => self.reopened,
            Sign::Moved => self.moved,
            Sign::Answered => return self.answer,
            Sign::Asked => return self.asked,
            Sign::VendorReplied => return self.vendor,
            Sign::Assigned => self.any(|f| matches!(f, Event::Assigned { .. })),
            Sign::Released => self.any(|f| matches!(f, Event::Released { .. })),
            Sign::GroupEntered => {
                let came = || self.any(|f| matches!(f, Event::Queued { .. } | Event::Assigned { group: Some(_), .. }));
                ticket.group.is_some() && (self.opened || self.reopened || (ticket.group_since == Some(self.at) && came()))
            }
            Sign::Entered(s) => self.any(|f| match f {
                Event::Created(o) => o.stay.state == *s,
                Event::Moved { stay, internal, .. } => !internal && stay.state == *s,
                _ => false,
            }),
            Sign::Left(s) => self.any(|f| matches!(f, Event::Moved { from, internal: false, .. } if from == s)),
            Sign::Taken(t) => self.any(|f| matches!(f, Event::Moved { transition: Some(x), .. } if x == t)),
            Sign::Tagged(t) => self.any(|f| matches!(f, Event::Tagged(x) if x == t)) || (self.opened && ticket.tags.contains(t)),
            Sign::Untagged(t) => self.any(|f| matches!(f, Event::Untagged(x) if x == t)),
            Sign::Changed(f) => self.any(|fact| changes(fact, f.as_str())),
            _ => false,
        };
        happened.then_some(self.at)
    }
}

/// Whether a fact sets or clears what `changed:FIELD` names.
fn changes(fact: &Event, field: &str) -> bool {
    match fact {
        Event::Set { attribute, .. } => attribute.name() == field,
        Event::PrioritySet { .. } => field == "priority",
        Event::Tagged(_) | Event::Untagged(_) => field == "tags",
        Event::Queued { .. } => matches!(field, "group" | "assignee"),
        Event::Assigned { group, .. } => field == "assignee" || (field == "group" && group.is_some()),
        Event::Released { .. } => field == "assignee",
        Event::OwnerSet(_) => field == "owner",
        Event::Watched(_) | Event::Unwatched(_) => field == "watchers",
        _ => false,
    }
}
