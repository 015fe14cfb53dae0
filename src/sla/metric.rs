//! Metrics as declarations: what starts, stops, lets lapse and cancels a clock.

use crate::diagnostic::{Text, text};
use crate::id::MetricName;
use crate::ticket::{Conversation, MessageRef, WaitsOn};

/// Something seen in a step that a metric may be declared by. More will come; match with a wildcard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sign {
    /// The ticket began.
    Opened,
    /// A final ticket came back.
    Reopened,
    /// The requester is owed an answer, since the oldest message nobody answered (S39).
    Owed,
    /// As [`Sign::Owed`], but not while the first response of the same agreement is still running.
    OwedAgain,
    /// An agent spoke to the requester at least once: since the last time (S40).
    Spoken,
    /// A human agent spoke to the requester, a call included (S38).
    Answered,
    /// Nothing is owed any more though nobody answered: the message was judged automatic or mere thanks (S81).
    NotOwed,
    /// The ticket is in a final class other than cancelled.
    Final,
    /// The ticket is cancelled (S83).
    Cancelled,
}

/// How many runs a metric has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// One per ticket.
    Ticket,
    /// One per resolution cycle, where the policy does not resume the one before (S45, S82).
    Cycle,
    /// One per message that waits for an answer (S48).
    Message,
}

/// A metric: declarations only. Consequences of one step are worked out in the order cancel, stop, lapse, pause, start (S52).
///
/// ```
/// use ticketry::sla::{Metric, Sign};
/// let r = Metric::shipped().into_iter().find(|m| m.name == *"resolution").unwrap();
/// assert!(r.stop.contains(&Sign::Final) && !r.stop.contains(&Sign::Answered));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name in definitions.
    pub name: MetricName,
    /// What people read.
    pub label: Text,
    /// How many runs it has.
    pub scope: Scope,
    /// What cancels it.
    pub cancel: Vec<Sign>,
    /// What stops it: met, or breached if past due.
    pub stop: Vec<Sign>,
    /// What ends it without the thing measured: unanswered, or breached if past due (S38).
    pub lapse: Vec<Sign>,
    /// What starts it.
    pub start: Vec<Sign>,
    /// Waiting on whom pauses it, where the policy does not say (S77).
    pub stops: Vec<WaitsOn>,
}

impl Metric {
    /// The message a run per message belongs to now, if the ticket has one (S39, S40, S48).
    pub(super) fn key(&self, conversation: &Conversation) -> Option<MessageRef> {
        if self.start.contains(&Sign::Spoken) { conversation.last_answer } else { conversation.oldest_unanswered }
    }
    /// First response (S38).
    pub const FIRST_RESPONSE: &'static str = "first_response";
    /// Next response (S39).
    pub const NEXT_RESPONSE: &'static str = "next_response";
    /// Update every so often after the first response, whether the requester waits or not (S40).
    pub const PERIODIC_UPDATE: &'static str = "periodic_update";
    /// Update while the requester waits (S40).
    pub const UPDATE: &'static str = "update";
    /// Resolution.
    pub const RESOLUTION: &'static str = "resolution";

    /// The metrics that come with the library.
    pub fn shipped() -> Vec<Self> {
        let metric =
            |name: &str, label: Text, scope, start: &[Sign], stop: &[Sign], lapse: &[Sign], cancel: &[Sign], stops: &[WaitsOn]| Self {
                name: MetricName::new(name),
                label,
                scope,
                cancel: cancel.to_vec(),
                stop: stop.to_vec(),
                lapse: lapse.to_vec(),
                start: start.to_vec(),
                stops: stops.to_vec(),
            };
        use Sign::{Answered, Cancelled, Final, NotOwed, Opened, Owed, OwedAgain, Reopened, Spoken};
        let requester = &[WaitsOn::Requester];
        vec![
            metric(
                Self::FIRST_RESPONSE,
                text("first response", "首次响应"),
                Scope::Ticket,
                &[Opened],
                &[Answered],
                &[Final],
                &[Cancelled],
                &[],
            ),
            metric(
                Self::NEXT_RESPONSE,
                text("next response", "后续响应"),
                Scope::Message,
                &[OwedAgain],
                &[Answered],
                &[Final],
                &[Cancelled, NotOwed],
                &[],
            ),
            metric(
                Self::UPDATE,
                text("update", "进展更新"),
                Scope::Message,
                &[Owed],
                &[Answered],
                &[Final],
                &[Cancelled, NotOwed],
                requester,
            ),
            metric(
                Self::PERIODIC_UPDATE,
                text("periodic update", "定期更新"),
                Scope::Message,
                &[Spoken],
                &[Answered, Final],
                &[],
                &[Cancelled],
                requester,
            ),
            metric(Self::RESOLUTION, text("resolution", "解决"), Scope::Cycle, &[Opened, Reopened], &[Final], &[], &[Cancelled], requester),
        ]
    }
}
