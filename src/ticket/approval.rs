//! Approvals 审批: rounds of votes on a ticket, and what happens to them (S12).
//!
//! A round is a snapshot: its stages, who may vote, and what it covers were worked out by the engine when it was requested, so that neither another roster nor another playbook changes a
//! round that runs. Here what happened is only kept and counted.

use super::{Actor, Attribute, Text, Ticket};
use crate::diagnostic::{Text as Label, text};
use crate::id::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How many of those who may vote must approve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quorum {
    /// One of them.
    Any,
    /// All of them.
    All,
    /// So many.
    Count(u8),
    /// So many of a hundred, rounded up, and at least one; 0: for information only, it decides nothing.
    Percent(u8),
}

impl Quorum {
    /// How many of `voters` it means.
    ///
    /// ```
    /// use ticketry::ticket::Quorum;
    /// assert_eq!((Quorum::Percent(50).of(5), Quorum::All.of(5), Quorum::Percent(0).of(5)), (3, 5, 0));
    /// assert_eq!(Quorum::Percent(50).of(0), 1, "nobody's silence grants nothing");
    /// ```
    pub fn of(self, voters: usize) -> usize {
        match self {
            Self::Any => 1,
            Self::All => voters.max(1),
            Self::Count(n) => usize::from(n),
            Self::Percent(0) => 0,
            Self::Percent(p) => voters.saturating_mul(usize::from(p)).div_ceil(100).max(1),
        }
    }
    /// The fewest it can mean, whoever may vote.
    pub fn at_least(self) -> usize {
        match self {
            Self::Count(n) => usize::from(n),
            Self::Percent(0) => 0,
            Self::Any | Self::All | Self::Percent(_) => 1,
        }
    }
    /// It decides nothing: those asked are told, and it goes on at once.
    pub fn informs(self) -> bool {
        matches!(self, Self::Percent(0))
    }
    /// `any`, `all`, `2` or `50%`.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "any" => Self::Any,
            "all" => Self::All,
            _ => match word.strip_suffix('%') {
                Some(p) => Self::Percent(p.parse().ok().filter(|p| *p <= 100)?),
                None => Self::Count(word.parse().ok().filter(|n| *n > 0)?),
            },
        })
    }
}
impl std::fmt::Display for Quorum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::All => f.write_str("all"),
            Self::Count(n) => write!(f, "{n}"),
            Self::Percent(p) => write!(f, "{p}%"),
        }
    }
}

/// What becomes of a stage whose time ran out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnExpiry {
    /// The round is declined.
    #[default]
    Decline,
    /// The next stage decides.
    Next,
    /// Others are asked in their stead, once; one of them decides.
    Escalate,
}

impl OnExpiry {
    /// The words authors write.
    pub const WORDS: [(&'static str, Self); 3] = [("decline", Self::Decline), ("next", Self::Next), ("escalate", Self::Escalate)];
    /// The word for it.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, e)| *e == self).map_or("", |(w, _)| w)
    }
}

/// Somebody who may not vote whatever else he is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exclusion {
    /// The ticket's requester: an agent of the same id.
    Requester,
    /// The assignee.
    Assignee,
    /// The owner 首问负责人.
    Owner,
    /// Whoever asked for the approval.
    Initiator,
    /// Everybody with this role.
    Role(RoleName),
    /// This agent.
    Agent(AgentId),
}

impl Exclusion {
    /// The words [`Exclusion::parse`] takes, for suggestions.
    pub const WORDS: [&'static str; 6] = ["requester", "assignee", "owner", "initiator", "role:NAME", "agent:NAME"];
    /// `requester`, `assignee`, `owner`, `initiator`, `role:NAME` or `agent:NAME`.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "requester" => Self::Requester,
            "assignee" => Self::Assignee,
            "owner" => Self::Owner,
            "initiator" => Self::Initiator,
            _ => match word.split_once(':') {
                Some(("role", r)) if !r.is_empty() => Self::Role(RoleName::new(r)),
                Some(("agent", a)) if !a.is_empty() => Self::Agent(AgentId::new(a)),
                _ => return None,
            },
        })
    }
    /// Whether it means this agent, who has these roles, of this ticket.
    pub fn means(&self, agent: &AgentId, roles: &[RoleName], ticket: &Ticket, requested_by: &Actor) -> bool {
        match self {
            Self::Requester => ticket.requester.as_str() == agent.as_str(),
            Self::Assignee => ticket.assignee.as_ref() == Some(agent),
            Self::Owner => ticket.owner.as_ref() == Some(agent),
            Self::Initiator => match requested_by {
                Actor::Agent(a) => a == agent,
                Actor::Requester(r) => r.as_str() == agent.as_str(),
                _ => false,
            },
            Self::Role(r) => roles.contains(r),
            Self::Agent(a) => a == agent,
        }
    }
}

/// Somebody who may vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voter {
    /// Who.
    pub agent: AgentId,
    /// In whose stead, where the vote was passed on 转交.
    pub instead_of: Option<AgentId>,
    /// How: approved or not; none: not yet.
    pub vote: Option<bool>,
}

impl Voter {
    /// Somebody who has not voted.
    pub fn new(agent: AgentId) -> Self {
        Self { agent, instead_of: None, vote: None }
    }
}

/// A stage of a round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalStage {
    /// How many must approve.
    pub quorum: Quorum,
    /// Who may vote; at most [`Approval::VOTERS`].
    pub voters: Vec<Voter>,
    /// How long it may take, as written (S79); empty: for ever.
    pub within: String,
    /// What becomes of it then.
    pub on_expiry: OnExpiry,
    /// Its time ran out, and others are asked now.
    pub escalated: bool,
}

impl ApprovalStage {
    /// How many must approve.
    pub fn needs(&self) -> usize {
        self.quorum.of(self.voters.len())
    }
    /// How many approved.
    pub fn approvals(&self) -> usize {
        self.voters.iter().filter(|v| v.vote == Some(true)).count()
    }
    /// How many declined.
    pub fn declines(&self) -> usize {
        self.voters.iter().filter(|v| v.vote == Some(false)).count()
    }
    /// Who has not voted.
    pub fn missing(&self) -> impl Iterator<Item = &Voter> {
        self.voters.iter().filter(|v| v.vote.is_none())
    }
    /// Decided: approved, out of reach, or not yet.
    pub fn decided(&self) -> Option<bool> {
        let (needs, yes) = (self.needs(), self.approvals());
        if yes >= needs {
            return Some(true);
        }
        (yes.saturating_add(self.missing().count()) < needs).then_some(false)
    }
}

/// Where a round stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// Votes are awaited.
    Open,
    /// Granted; it counts until the ticket has left the states it protects.
    Granted,
    /// Declined, by votes or because its time ran out.
    Declined,
    /// Withdrawn by who requested it, or ended with the ticket.
    Withdrawn,
    /// Something it covers changed.
    Voided,
    /// Somebody with the right to do so went past it.
    Overridden,
    /// It had been granted or overridden, and the ticket has been where it led.
    Used,
}

impl ApprovalState {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Granted => "granted",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
            Self::Voided => "voided",
            Self::Overridden => "overridden",
            Self::Used => "used",
        }
    }
    /// What people read.
    pub fn label(self) -> Label {
        match self {
            Self::Open => text("open", "待审批"),
            Self::Granted => text("granted", "已通过"),
            Self::Declined => text("declined", "已驳回"),
            Self::Withdrawn => text("withdrawn", "已撤回"),
            Self::Voided => text("void", "已作废"),
            Self::Overridden => text("gone past", "已越过"),
            Self::Used => text("used up", "已使用"),
        }
    }
}

/// A round of an approval 审批. Of each approval a ticket keeps the newest round; what was said with votes is in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Its name in the workflow.
    pub name: ApprovalName,
    /// The how-many-th round of this name, from 1.
    pub round: u32,
    /// Where it stands.
    pub state: ApprovalState,
    /// Its stages, one after the other; at most [`Approval::STAGES`].
    pub stages: Vec<ApprovalStage>,
    /// The present one, from 0.
    pub stage: u8,
    /// When the present stage's time runs out.
    #[serde(with = "serde_instant_opt")]
    pub due: Option<UtcInstant>,
    /// Who asked for it.
    pub requested_by: Actor,
    /// When.
    #[serde(with = "serde_instant")]
    pub requested_at: UtcInstant,
    /// Who may not vote.
    pub exclude: Vec<Exclusion>,
    /// What it covers: a change of any of it voids the votes.
    pub covers: Vec<Attribute>,
    /// The resolution cycle it belongs to.
    pub cycle: u32,
}

impl Approval {
    /// The most approvals a ticket keeps rounds of, and a workflow declares.
    pub const MOST: usize = 16;
    /// The most stages of one.
    pub const STAGES: usize = 8;
    /// The most people who may vote in a stage.
    pub const VOTERS: usize = 32;
    /// The most attributes it covers, exclusions it has, and approvers a stage names.
    pub const NAMED: usize = 32;

    /// Votes are awaited.
    pub fn is_open(&self) -> bool {
        self.state == ApprovalState::Open
    }
    /// It lets the ticket pass.
    pub fn stands(&self) -> bool {
        matches!(self.state, ApprovalState::Granted | ApprovalState::Overridden)
    }
    /// The present stage.
    pub fn present(&self) -> Option<&ApprovalStage> {
        self.stages.get(usize::from(self.stage))
    }
    /// Those of the present stage who have not voted, while it is open.
    pub fn asked(&self) -> impl Iterator<Item = &Voter> {
        self.present().filter(|_| self.is_open()).into_iter().flat_map(ApprovalStage::missing)
    }
    /// When something happens to it by itself.
    pub fn wake_at(&self) -> Option<UtcInstant> {
        self.due.filter(|_| self.is_open())
    }
    /// Bytes it takes, roughly.
    pub fn weight(&self) -> usize {
        let voters = self.stages.iter().map(|s| s.voters.len().saturating_mul(32).saturating_add(24)).sum::<usize>();
        let named = self.covers.len().saturating_add(self.exclude.len()).saturating_mul(24);
        voters.saturating_add(named).saturating_add(96)
    }
}

/// What happened to an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalEvent {
    /// To which.
    pub name: ApprovalName,
    /// What.
    pub what: ApprovalChange,
}

/// What may happen to an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApprovalChange {
    /// It was asked for: a new round.
    Requested(Box<Approval>),
    /// Somebody voted.
    Voted {
        /// Who.
        by: AgentId,
        /// Approved, or declined.
        approve: bool,
        /// What was said with it.
        comment: Text,
    },
    /// Somebody passed the vote on 转交.
    Delegated {
        /// Who had it.
        from: AgentId,
        /// Who has it now.
        to: AgentId,
        /// Why: `delegated`, `absent`.
        why: String,
    },
    /// The next stage is open.
    StageOpened {
        /// Which, from 0.
        stage: u8,
        /// When its time runs out.
        #[serde(with = "serde_instant_opt")]
        due: Option<UtcInstant>,
    },
    /// The time of the present stage ran out.
    Expired {
        /// What follows.
        how: OnExpiry,
        /// Who is asked instead, one of whom decides; where it escalates.
        voters: Vec<Voter>,
        /// When their time runs out.
        #[serde(with = "serde_instant_opt")]
        due: Option<UtcInstant>,
    },
    /// It is granted.
    Granted,
    /// It is declined.
    Declined {
        /// Why: `votes`, `expired`.
        reason: String,
    },
    /// It was withdrawn.
    Withdrawn {
        /// Why; `final`, `reopened` where the ticket ended it, `type` where it went on under a workflow with another approval.
        reason: String,
    },
    /// Something it covers changed, so what was voted on is no longer what there is.
    Voided {
        /// What.
        attribute: Attribute,
    },
    /// Somebody with the right to do so went past it.
    Overridden {
        /// Who.
        by: AgentId,
        /// Why.
        reason: String,
        /// The round as it stands now.
        round: Box<Approval>,
    },
    /// The ticket has been where it led; a next time needs the next round.
    Used,
}

impl ApprovalChange {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Requested(_) => "requested",
            Self::Voted { .. } => "voted",
            Self::Delegated { .. } => "delegated",
            Self::StageOpened { .. } => "stage",
            Self::Expired { .. } => "expired",
            Self::Granted => "granted",
            Self::Declined { .. } => "declined",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Voided { .. } => "voided",
            Self::Overridden { .. } => "overridden",
            Self::Used => "used",
        }
    }
}

impl Ticket {
    /// The newest round of an approval.
    pub fn approval(&self, name: &str) -> Option<&Approval> {
        self.approvals.iter().find(|a| a.name == *name)
    }
    /// Its rounds that wait for votes.
    pub fn open_approvals(&self) -> impl Iterator<Item = &Approval> {
        self.approvals.iter().filter(|a| a.is_open())
    }
    /// Its rounds that let it pass: granted or overridden in this resolution cycle, nothing they cover has changed since, and it has not left where they led.
    pub fn granted_approvals(&self) -> impl Iterator<Item = &Approval> {
        self.approvals.iter().filter(|a| a.stands() && a.cycle == self.cycle)
    }

    pub(super) fn approval_happened(&mut self, event: &ApprovalEvent) {
        if let ApprovalChange::Requested(round) | ApprovalChange::Overridden { round, .. } = &event.what {
            let all = Arc::make_mut(&mut self.approvals);
            all.retain(|a| a.name != round.name);
            if all.len() >= Approval::MOST
                && let Some(i) = all.iter().position(|a| !a.is_open())
            {
                all.remove(i);
            }
            if all.len() < Approval::MOST {
                all.push((**round).clone());
            }
            return;
        }
        let Some(a) = Arc::make_mut(&mut self.approvals).iter_mut().find(|a| a.name == event.name) else { return };
        let stage = usize::from(a.stage);
        match &event.what {
            ApprovalChange::Requested(_) | ApprovalChange::Overridden { .. } => {}
            ApprovalChange::Voted { by, approve, .. } => {
                if let Some(v) = a.stages.get_mut(stage).and_then(|s| s.voters.iter_mut().find(|v| v.agent == *by)) {
                    v.vote = Some(*approve);
                }
            }
            ApprovalChange::Delegated { from, to, .. } => {
                if let Some(v) = a.stages.get_mut(stage).and_then(|s| s.voters.iter_mut().find(|v| v.agent == *from)) {
                    v.instead_of.get_or_insert_with(|| from.clone());
                    v.agent = to.clone();
                }
            }
            ApprovalChange::StageOpened { stage, due } => {
                a.stage = *stage;
                a.due = *due;
            }
            ApprovalChange::Expired { how, voters, due } => {
                a.due = *due;
                if *how == OnExpiry::Escalate
                    && let Some(s) = a.stages.get_mut(stage)
                {
                    s.voters.clone_from(voters);
                    s.quorum = Quorum::Any;
                    s.escalated = true;
                    s.on_expiry = OnExpiry::Decline;
                }
            }
            ApprovalChange::Granted => a.over(ApprovalState::Granted),
            ApprovalChange::Declined { .. } => a.over(ApprovalState::Declined),
            ApprovalChange::Withdrawn { .. } => a.over(ApprovalState::Withdrawn),
            ApprovalChange::Voided { .. } => a.over(ApprovalState::Voided),
            ApprovalChange::Used => a.over(ApprovalState::Used),
        }
    }
}

impl Approval {
    fn over(&mut self, state: ApprovalState) {
        self.state = state;
        self.due = None;
    }
}
