//! What a desk does by default.

use crate::calendar::Span;
use crate::diagnostic::Lang;
use crate::id::RoleName;
use crate::ticket::StateClass;
use chrono::TimeDelta;
use std::collections::BTreeMap;

/// Settings of a playbook: `[settings]` in `playbook.toml`. [`Settings::default`] is what an empty one means; each field says its default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// A requester's message within this span of the last entry into a final class reopens; later it makes a follow-up ticket (S16). `reopen_within`, 7 days.
    pub reopen_within: Span,
    /// Reopening sends the ticket back to the queue of its group instead of to its old assignee. `reopen_assignee = "keep"` or `"clear"`; keep.
    pub reopen_clears_assignee: bool,
    /// Most notifications per requester, ticket and hour (S81), at most 16; 5.
    pub notifications_per_hour: u32,
    /// Notifications that leave later than this after they were decided are coalesced per recipient (S26); 30 minutes.
    pub stale_after: TimeDelta,
    /// Entering a state of this class asks the requester for a rating, once per resolution cycle (S59). `rating_on = "resolved"` or `"closed"`; nobody is asked.
    pub rating_on: Option<StateClass>,
    /// The first assignee becomes the owner 首问负责人 (S65); no.
    pub first_assignee_owns: bool,
    /// The language of replies from templates where that of the message answered is not known; none: both, one after the other.
    pub reply_language: Option<Lang>,
    /// Which roles may give a command, by its word; a command not listed is open to every agent, except `correct_sla` (S87), which then is nobody's.
    pub rights: BTreeMap<String, Vec<RoleName>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            reopen_within: Span::Wall(TimeDelta::days(7)),
            reopen_clears_assignee: false,
            notifications_per_hour: 5,
            stale_after: TimeDelta::minutes(30),
            rating_on: None,
            first_assignee_owns: false,
            reply_language: None,
            rights: BTreeMap::new(),
        }
    }
}
