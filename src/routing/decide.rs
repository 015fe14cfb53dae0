//! The decision: which agent of the group gets the ticket.

use super::explain::{Exclusion, NoAgent};
use super::holdings::lowest_free;
use super::judge::{Ask, ends};
use super::{Agent, Holdings, Method, Roster, RoutingModel, Ties};
use crate::calendar::Calendars;
use crate::condition::View;
use crate::diagnostic::RuleFault;
use crate::id::*;
use crate::ticket::RoutingWhy;
use std::{cmp::Ordering, cmp::Reverse, collections::BTreeMap, fmt};

/// Everything a decision looks at.
#[derive(Clone, Copy, Debug)]
pub struct RouteInput<'a> {
    /// The ticket, the customer record, and now.
    pub view: View<'a>,
    /// The group it waits in.
    pub group: &'a GroupId,
    /// Skills required, with the least level; they never relax (S31).
    pub skills: &'a BTreeMap<SkillName, u8>,
    /// Since when it waits: where the ladder of optional skills begins (S32).
    pub since: UtcInstant,
    /// Who works here.
    pub roster: &'a Roster,
    /// Who holds what.
    pub holdings: &'a Holdings,
    /// Shifts and the group's business time.
    pub calendars: &'a Calendars,
    /// From ticket and revision; breaks ties where the queue says `ties = "seeded"`.
    pub seed: u64,
    /// Claims this decision lost before: those numbers are someone else's.
    pub taken: &'a [(AgentId, u16)],
    /// Agents who declined it or let an offer lapse (S35).
    pub declined: &'a [AgentId],
    /// Build the list of candidates. Without it the same winner, runners-up and counts are found without building the list.
    pub explain: bool,
}

impl<'a> RouteInput<'a> {
    /// The input for a ticket in its queue; none where it waits in none.
    pub fn of(view: View<'a>, roster: &'a Roster, holdings: &'a Holdings, calendars: &'a Calendars) -> Option<Self> {
        let (group, queue) = (view.ticket.group.as_ref()?, view.ticket.queue.as_ref()?);
        let seed = seed_of(view.ticket.id, view.ticket.revision);
        let (skills, since) = (&queue.skills, queue.since);
        Some(Self { view, group, skills, since, roster, holdings, calendars, seed, taken: &[], declined: &[], explain: false })
    }
}

/// The seed of a ticket at a revision (DESIGN 3, Ids).
fn seed_of(ticket: TicketId, revision: Revision) -> u64 {
    let bits = ticket.derive(revision, u32::MAX).as_u128();
    u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(0)
}

/// What a candidate is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Slots held, or lost to others in this decision.
    pub held: u32,
    /// The capacity in slots.
    pub capacity: u16,
    /// Sum of the agent's levels in the skills asked for.
    pub skill: u32,
    /// When a ticket was last assigned.
    pub last_assigned: Option<UtcInstant>,
}

impl Standing {
    /// Free slots; none while a lowered capacity drains.
    pub fn spare(&self) -> u32 {
        u32::from(self.capacity).saturating_sub(self.held)
    }
}

/// How a candidate came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Gets it.
    Chosen,
    /// Could have.
    Eligible,
    /// Cannot, and why.
    Excluded(Exclusion),
}

/// One agent of the group (S36).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub agent: AgentId,
    /// How it came out.
    pub verdict: Verdict,
    /// The score parts.
    pub standing: Standing,
}

/// Who gets the ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Winner {
    /// The agent.
    pub agent: AgentId,
    /// The slots to claim: the lowest free ones below the capacity.
    pub slots: Vec<u16>,
}

/// A decision, with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteDecision {
    /// The group.
    pub group: GroupId,
    /// Who gets it, if anyone.
    pub winner: Option<Winner>,
    /// Why nobody does (S34).
    pub none: Option<NoAgent>,
    /// How many slots it takes.
    pub weight: u16,
    /// How the queue picks.
    pub method: Method,
    /// The host's own strategy picked.
    pub by_host: bool,
    /// How many levels of optional skills have expired (S32).
    pub rung: u8,
    /// How many there are.
    pub rungs: u8,
    /// At most three who came next.
    pub runners_up: Vec<AgentId>,
    /// How many were excluded, by code.
    pub excluded: Vec<(&'static str, u16)>,
    /// Where nobody was found: the earliest instant at which that may change by itself (a level expires, an absence ends, a shift opens). A level
    /// expires only later than that instant, so try just after it.
    pub retry_at: Option<UtcInstant>,
    /// Every candidate in order of id, if asked for.
    pub candidates: Vec<Candidate>,
    /// Conditions that failed; they counted as not true (S24).
    pub faults: Vec<RuleFault>,
}

impl RouteDecision {
    /// The bounded form for the journal.
    pub fn why(&self) -> RoutingWhy {
        RoutingWhy {
            rung: self.rung,
            winner: self.winner.as_ref().map(|w| w.agent.clone()),
            runners_up: self.runners_up.clone(),
            excluded: self.excluded.iter().map(|(code, n)| ((*code).to_string(), *n)).collect(),
        }
    }
}

/// A host's own way to pick among those who are eligible; pure.
pub trait Strategy: fmt::Debug + Send + Sync {
    /// The index of the one to take, or none to leave the ticket in the queue. The candidates are eligible, in the order the queue's own method
    /// prefers, so `Some(0)` is what it would take. An index past the end counts as none.
    fn pick(&self, candidates: &[Candidate]) -> Option<usize>;
}

impl RoutingModel {
    /// Which agent gets the ticket (S29-S36): pure, the same for the same input and seed, never beyond capacity.
    pub fn route(&self, input: &RouteInput<'_>) -> RouteDecision {
        self.decide(input, None)
    }
    /// The same, with the host's strategy picking among those who are eligible.
    pub fn route_by(&self, input: &RouteInput<'_>, strategy: &dyn Strategy) -> RouteDecision {
        self.decide(input, Some(strategy))
    }

    fn decide(&self, input: &RouteInput<'_>, strategy: Option<&dyn Strategy>) -> RouteDecision {
        let mut faults = Vec::new();
        let ask = Ask::new(self, input, &mut faults);
        let mut eligible: Vec<(&Agent, Standing)> = Vec::new();
        let mut counts = [0u16; Exclusion::CODES.len()];
        let (mut furthest, mut retry_at) = (None, ask.next_rung);
        let mut candidates = Vec::new();
        for agent in input.roster.members(input.group) {
            let standing = ask.standing(agent);
            match ask.verdict(agent, &standing) {
                Ok(()) => {
                    if input.explain {
                        candidates.push(Candidate { agent: agent.id.clone(), verdict: Verdict::Eligible, standing });
                    }
                    eligible.push((agent, standing));
                }
                Err(e) => {
                    if let Some(n) = counts.get_mut(e.index()) {
                        *n = n.saturating_add(1);
                    }
                    furthest = furthest.max(Some(e.index()));
                    retry_at = [retry_at, ends(&e)].into_iter().flatten().min();
                    if input.explain {
                        candidates.push(Candidate { agent: agent.id.clone(), verdict: Verdict::Excluded(e), standing });
                    }
                }
            }
        }
        let by = |a: &(&Agent, Standing), b: &(&Agent, Standing)| {
            prefer(ask.queue.method, &a.1, &b.1)
                .then_with(|| match ask.queue.ties {
                    Ties::Id => Ordering::Equal,
                    Ties::Seeded => spread(input.seed, &a.0.id).cmp(&spread(input.seed, &b.0.id)),
                })
                .then_with(|| a.0.id.cmp(&b.0.id))
        };
        // Only the winner and three runners-up are needed in order, unless the host wants to see them all.
        if strategy.is_none() && eligible.len() > 4 {
            eligible.select_nth_unstable_by(3, by);
            eligible.truncate(4);
        }
        eligible.sort_unstable_by(by);
        let chosen = match strategy {
            None => (!eligible.is_empty()).then_some(0),
            Some(_) if eligible.is_empty() => None,
            Some(s) => {
                let shown =
                    |(a, standing): &(&Agent, Standing)| Candidate { agent: a.id.clone(), verdict: Verdict::Eligible, standing: *standing };
                s.pick(&eligible.iter().map(shown).collect::<Vec<_>>())
            }
        };
        let winner = chosen.and_then(|i| eligible.get(i)).map(|(a, _)| {
            let held = input.holdings.get(&a.id).map(|h| &h.slots);
            Winner { agent: a.id.clone(), slots: lowest_free(held, input.taken, &a.id, ask.weight, a.capacity) }
        });
        let none = match &winner {
            Some(_) => None,
            None if !eligible.is_empty() => Some(NoAgent::StrategyDeclined),
            None => Some(NoAgent::furthest(furthest)),
        };
        if let Some(w) = &winner {
            if let Some(c) = candidates.iter_mut().find(|c| c.agent == w.agent) {
                c.verdict = Verdict::Chosen;
            }
            retry_at = None;
        }
        let won = winner.as_ref().map(|w| &w.agent);
        RouteDecision {
            group: input.group.clone(),
            none,
            weight: ask.weight,
            method: ask.queue.method,
            by_host: strategy.is_some(),
            rung: ask.rung,
            rungs: ask.rungs,
            runners_up: eligible.iter().map(|(a, _)| &a.id).filter(|id| Some(*id) != won).take(3).cloned().collect(),
            excluded: Exclusion::CODES.into_iter().zip(counts).filter(|(_, n)| *n > 0).collect(),
            retry_at,
            candidates,
            faults,
            winner,
        }
    }
}

/// Less is better.
fn prefer(method: Method, a: &Standing, b: &Standing) -> Ordering {
    let spare = || b.spare().cmp(&a.spare());
    // Never assigned comes before everyone else.
    let idle = || a.last_assigned.cmp(&b.last_assigned);
    match method {
        Method::LeastLoaded => spare().then_with(idle),
        Method::Percent => {
            // spare_a / capacity_a against spare_b / capacity_b, without division; eligible agents have capacity.
            let share = |x: &Standing, y: &Standing| u64::from(x.spare()).saturating_mul(u64::from(y.capacity));
            share(b, a).cmp(&share(a, b)).then_with(idle)
        }
        Method::RoundRobin => idle(),
        Method::SkillFirst => Reverse(a.skill).cmp(&Reverse(b.skill)).then_with(spare).then_with(idle),
    }
}

/// FNV-1a over seed and id, then the finalizer of SplitMix64: a spread order that no platform changes.
fn spread(seed: u64, id: &AgentId) -> u64 {
    let bytes = seed.to_be_bytes().into_iter().chain(id.as_str().bytes());
    let mut h = bytes.fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^ (h >> 31)
}
