//! Desk watches (S86): episodes found, told, and cleared, each once.
//!
//! What is remembered is in the store alone: the beginning and the end of an episode are commits without tickets, whose ids say which watch,
//! which day and the how-many-th episode of that day. So several desks on one store, and one that starts again, agree on where a watch stands:
//! of two that find the same turn, one commits it and the other is answered `Duplicate`.
//!
//! What is exact: a watch with a window finds every episode since its last turn or this desk's last look, however long ago (up to a week), at the
//! instants at which it began and ended; a desk that starts without either begins one window back. Tickets count as they are when looked at. A look
//! reads the tickets made since the last look and one window before it. A watch without a window knows only how things stand when looked at. Receipts are kept for seven days (DESIGN 3): an
//! episode longer than that is told once more. Two desks that find a turn at midnight at the same instant may both tell it.

use super::host::lock;
use super::{Desk, Error};
use crate::engine::{Command, NewTicket, What};
use crate::id::*;
use crate::playbook::{Alarm, Playbook, Sighting, Turn, Watch};
use crate::store::{Commit, Limit, Order, Outcome, Query, Receipt, Store as _, StoreExt as _};
use crate::ticket::{Actor, Effect, EffectKey, EffectKind, Link, LinkTarget, Recipient, Ticket};
use chrono::TimeDelta;
use std::sync::Arc;

/// A sweep looks at the watches at most this often.
const PAUSE: TimeDelta = TimeDelta::minutes(1);
/// Days back in which an episode's commits are looked for: as long as stores remember.
const DAYS: u32 = 7;
/// Episodes of one day looked for at once.
const MANY: u32 = 8;
/// Tickets asked for at first.
const PAGE: usize = 16;
/// Links made at one look; the rest at the next.
const LINKS: usize = 100;

/// An episode began or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turned {
    /// Of which watch.
    pub watch: WatchName,
    /// When, how high, and whether it began.
    pub turn: Turn,
    /// The ticket it opened, where it opens one.
    pub ticket: Option<TicketId>,
}

/// What a look at the watches came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// Episodes that began or ended, as far as this desk was the first to tell.
    pub turned: Vec<Turned>,
    /// Watches that could not do what they should, each with why; the next look tries again.
    pub failed: Vec<(WatchName, String)>,
}

/// When the desk looked at its watches, and whether it should again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    last: Option<UtcInstant>,
    /// Up to then every episode is known.
    seen: Option<UtcInstant>,
    /// Something was committed since.
    stale: bool,
    /// An episode may end then by itself.
    next: Option<UtcInstant>,
}

impl Look {
    /// Something was committed.
    pub(super) fn stir(&mut self) {
        self.stale = true;
    }
    /// When a sweep should look again; none while nothing happens.
    fn due(&self) -> Option<UtcInstant> {
        let Some(last) = self.last else { return Some(UtcInstant::MIN_UTC) };
        let soonest = last.checked_add_signed(PAUSE).unwrap_or(last);
        if self.stale { Some(soonest) } else { self.next.map(|t| t.max(soonest)) }
    }
}

/// Where a watch stands by its commits.
struct Standing {
    /// The last episode: its key; none in the days that are remembered.
    key: Option<String>,
    /// The key of the next one.
    next: String,
    open: bool,
    /// When the last turn was committed.
    since: Option<UtcInstant>,
}

impl Desk {
    /// Looks at the desk's watches as of `now`: what has begun is told and opened, what is over is cleared, each once per episode (S86). [`Desk::sweep`] does it too,
    /// at most once a minute and only where something was committed or an episode may have ended by itself.
    ///
    /// # Errors
    /// The store failed. A single watch that fails is reported in the result and does not stop the others.
    pub async fn watch(&self, now: UtcInstant) -> Result<Watched, Error> {
        let now = at_door(now);
        let playbook = self.playbook();
        let mut watched = Watched::default();
        let seen = {
            let mut look = lock(&self.0.look);
            *look = Look { last: Some(now), stale: false, next: None, ..*look };
            look.seen
        };
        let mut next: Option<UtcInstant> = None;
        for watch in playbook.watches() {
            match self.watch_one(&playbook, watch, seen, now, &mut watched.turned).await {
                Ok(ends) => next = [next, ends].into_iter().flatten().min(),
                Err(Error::Refused(r)) => watched.failed.push((watch.name.clone(), r.to_string())),
                Err(e) => return Err(e),
            }
        }
        let mut look = lock(&self.0.look);
        look.next = next;
        look.seen = look.seen.max(Some(now));
        drop(look);
        Ok(watched)
    }

    /// When the watches want to be looked at; none where there are none, or nothing happened.
    pub(super) fn watch_due(&self) -> Option<UtcInstant> {
        if self.playbook().watches().is_empty() {
            return None;
        }
        let due = lock(&self.0.look).due()?;
        // Never looked at: from now on, unless the desk is still empty of time.
        Some(if due == UtcInstant::MIN_UTC { self.now() } else { due })
    }

    /// One watch; when its episode may end, or the next begin, if nothing happens meanwhile.
    async fn watch_one(
        &self,
        playbook: &Playbook,
        watch: &Watch,
        seen: Option<UtcInstant>,
        now: UtcInstant,
        turned: &mut Vec<Turned>,
    ) -> Result<Option<UtcInstant>, Error> {
        let mut standing = self.standing(watch, now).await?;
        let (turns, ends, tickets) = match watch.window {
            Some(window) => {
                let edge = now.checked_sub_signed(window).unwrap_or(now);
                let week = now.checked_sub_signed(TimeDelta::days(i64::from(DAYS))).unwrap_or(edge);
                let after = standing.since.max(seen).unwrap_or(edge).clamp(week.min(now), now);
                let tickets = self.made_since(after.checked_sub_signed(window).unwrap_or(after)).await?;
                let mut seen: Vec<Sighting> = tickets.iter().filter_map(|t| watch.sighting(t, now)).collect();
                seen.sort_unstable();
                let turns = watch.turns(&seen, standing.open, after, now);
                let open = turns.last().map_or(standing.open, |t| t.opens);
                let ends = now.checked_add_signed(window).and_then(|end| watch.turns(&seen, open, now, end).first().map(|t| t.at));
                let tickets: Vec<_> = tickets.into_iter().filter(|t| t.created_at > edge).collect();
                (turns, ends, tickets)
            }
            None => {
                let tickets = self.0.store.find_all(&Query::new().open().order(Order::Id)).await?;
                let seen: Vec<Sighting> = tickets.iter().filter_map(|t| watch.sighting(t, now)).collect();
                let count = |f: fn(&Sighting) -> bool| u64::try_from(seen.iter().filter(|s| f(s)).count()).unwrap_or(u64::MAX);
                let turn = watch.turn_now(count(|s| s.hit), count(|s| s.base), standing.open, now);
                (turn.into_iter().collect(), None, tickets)
            }
        };
        for turn in turns {
            let key = if turn.opens { standing.next.clone() } else { standing.key.clone().unwrap_or_else(|| standing.next.clone()) };
            let ticket = match (&watch.open, turn.opens) {
                (Some(alarm), false) => match self.alarm(playbook, watch, alarm, &key, &turn).await {
                    Ok(ticket) => {
                        self.all_clear(playbook, watch, alarm, &key, &turn, &ticket).await?;
                        Some(ticket.id)
                    }
                    // There never was one, for reasons told at each look.
                    Err(Error::Refused(_)) => None,
                    Err(e) => return Err(e),
                },
                _ => None,
            };
            // First the episode, then its ticket: where it ends in between, the next look goes on.
            if self.tell(playbook, watch, &key, &turn, now).await? {
                turned.push(Turned { watch: watch.name.clone(), turn, ticket });
            }
            if let (Some(alarm), true) = (&watch.open, turn.opens) {
                let ticket = self.alarm(playbook, watch, alarm, &key, &turn).await?;
                if let Some(t) = turned.last_mut().filter(|t| t.watch == watch.name) {
                    t.ticket = Some(ticket.id);
                }
            }
            standing = self.standing(watch, now).await?;
        }
        if let (true, Some(key), Some(alarm)) = (standing.open, &standing.key, &watch.open) {
            let turn = Turn { at: standing.since.unwrap_or(now), opens: true, figure: watch.mark() };
            let alert = self.alarm(playbook, watch, alarm, key, &turn).await?;
            self.link(watch, alarm, key, &alert, &tickets, now).await?;
        }
        Ok(ends)
    }

    /// Every ticket made after an instant, the newest first.
    async fn made_since(&self, edge: UtcInstant) -> Result<Vec<Arc<Ticket>>, Error> {
        // Most looks want a handful; each page is twice the one before.
        let (mut all, mut after, mut size) = (Vec::new(), None, PAGE);
        loop {
            let page = self.0.store.find(&Query::new().order(Order::Newest), after.as_ref(), Limit::new(size)).await?;
            size = size.saturating_mul(2);
            let whole = page.items.len();
            all.extend(page.items.into_iter().take_while(|t| t.created_at > edge));
            let old = all.len() < whole || all.last().is_none_or(|t: &Arc<Ticket>| t.created_at <= edge);
            if !page.more || page.next.is_none() || old {
                return Ok(all);
            }
            after = page.next;
        }
    }

    /// Where a watch stands, by the commits of the last days.
    async fn standing(&self, watch: &Watch, now: UtcInstant) -> Result<Standing, Error> {
        let today = now.date_naive();
        let key = |day: chrono::NaiveDate, n: u32| format!("watch:{}:{day}:{n}", watch.name);
        let mut standing = Standing { key: None, next: key(today, 1), open: false, since: None };
        let days: Vec<_> = (0..=u64::from(DAYS)).rev().filter_map(|back| today.checked_sub_days(chrono::Days::new(back))).collect();
        let mut first = 1u32;
        let mut days_left = days;
        // Almost always one question: all days, the first episodes of each.
        while !days_left.is_empty() {
            let asked: Vec<(chrono::NaiveDate, u32)> =
                days_left.iter().flat_map(|day| (first..first.saturating_add(MANY)).map(|n| (*day, n))).collect();
            let ids: Vec<CommitId> = asked.iter().flat_map(|(day, n)| ends_of(&key(*day, *n))).collect();
            let receipts = self.0.store.receipts(&ids).await?;
            let mut more = Vec::new();
            for ((day, n), pair) in asked.iter().zip(receipts.chunks(2)) {
                let [Some(opened), closed] = pair else { continue };
                let newer = |r: &Receipt| standing.since.is_none_or(|s| r.at >= s);
                if newer(opened) || closed.as_ref().is_some_and(newer) {
                    standing.key = Some(key(*day, *n));
                    standing.open = closed.is_none();
                    standing.since = Some(closed.as_ref().map_or(opened.at, |c| c.at));
                }
                if *day == today {
                    standing.next = key(today, n.saturating_add(1));
                }
                if *n == first.saturating_add(MANY).saturating_sub(1) {
                    more.push(*day);
                }
            }
            first = first.saturating_add(MANY);
            days_left = more;
        }
        Ok(standing)
    }

    /// Commits a turn of an episode, with what is told; whether this desk was the first.
    async fn tell(&self, playbook: &Playbook, watch: &Watch, key: &str, turn: &Turn, now: UtcInstant) -> Result<bool, Error> {
        let [opened, closed] = ends_of(key);
        let id = if turn.opens { opened } else { closed };
        let mut commit = Commit::new(id.clone(), now);
        if let Some(notice) = &watch.notify {
            let agents: Vec<AgentId> = match &notice.to {
                Recipient::Group(g) => self.roster().members(g).map(|a| a.id.clone()).collect(),
                Recipient::Agent(a) => vec![a.clone()],
                _ => Vec::new(),
            };
            let since = playbook.calendars().default_calendar().render(turn.at);
            let body = if turn.opens {
                crate::diagnostic::text(watch.fill(&notice.text.en, turn, &since), watch.fill(&notice.text.zh, turn, &since))
            } else {
                over(watch, turn, &since)
            };
            let digest = Digest::of([id.as_str().as_bytes()]);
            let bits = digest.bytes().iter().take(16).fold(0u128, |n, b| (n << 8) | u128::from(*b));
            commit.effects.push(Effect {
                key: EffectKey { ticket: TicketId::from_u128(bits), revision: Revision::ZERO, index: 0 },
                at: now,
                kind: EffectKind::Notification {
                    to: notice.to.clone(),
                    agents,
                    requester: None,
                    template: TemplateName::new(format!("watch:{}", watch.name)),
                    body,
                },
            });
        }
        match self.commit_one(commit).await? {
            Outcome::Stored(_) => Ok(true),
            Outcome::Failed(e) => Err(e.into()),
            _ => Ok(false),
        }
    }

    /// The ticket of an episode; made if it is not yet there.
    async fn alarm(&self, playbook: &Playbook, watch: &Watch, alarm: &Alarm, key: &str, turn: &Turn) -> Result<Arc<Ticket>, Error> {
        let since = playbook.calendars().default_calendar().render(turn.at);
        let mut new = NewTicket::new(&alarm.kind, watch.fill(&alarm.subject, turn, &since), watch.requester(), &alarm.channel);
        new.description = watch.fill(&alarm.description, turn, &since).into();
        new.provisional = true;
        new.category.clone_from(&alarm.category);
        new.impact.clone_from(&alarm.impact);
        new.urgency.clone_from(&alarm.urgency);
        new.tags.clone_from(&alarm.tags);
        Ok(self.submit(Command::create(format!("{key}:ticket"), Actor::System, new)).await?.ticket)
    }

    /// The episode is over: its ticket says so, and takes its transition if it can.
    async fn all_clear(
        &self,
        playbook: &Playbook,
        watch: &Watch,
        alarm: &Alarm,
        key: &str,
        turn: &Turn,
        ticket: &Ticket,
    ) -> Result<(), Error> {
        let body = over(watch, turn, &playbook.calendars().default_calendar().render(turn.at));
        let note = What::note(format!("{}\n{}", body.en, body.zh));
        let mut all = vec![("note", note)];
        all.extend(alarm.close.as_ref().filter(|_| ticket.is_open()).map(|t| ("close", What::transition(t))));
        for (word, what) in all {
            match self.submit(Command::on(ticket.id, format!("{key}:{word}"), Actor::System, what)).await {
                // People have moved it elsewhere, or it wants more than a watch can give: it is theirs.
                Ok(_) | Err(Error::Refused(_)) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Links the tickets of an episode to its own, the oldest first.
    async fn link(
        &self,
        watch: &Watch,
        alarm: &Alarm,
        key: &str,
        alert: &Ticket,
        tickets: &[Arc<Ticket>],
        now: UtcInstant,
    ) -> Result<(), Error> {
        let Some(kind) = &alarm.link else { return Ok(()) };
        let link = Link { kind: kind.clone(), to: LinkTarget::Ticket(alert.id) };
        let mut these: Vec<&Arc<Ticket>> = tickets
            .iter()
            .filter(|t| watch.sighting(t, now).is_some_and(|s| s.hit) && t.id != alert.id && !t.links.contains(&link))
            .collect();
        these.sort_by_key(|t| (t.created_at, t.id));
        let all = these.len();
        for t in these.into_iter().take(LINKS) {
            match self.submit(Command::on(t.id, format!("{key}:link:{}", t.id), Actor::System, What::Link(link.clone()))).await {
                Ok(_) | Err(Error::Refused(_)) => {}
                Err(e) => return Err(e),
            }
        }
        if all > LINKS {
            lock(&self.0.look).stir();
        }
        Ok(())
    }
}

/// The ids of the commits that say that an episode began and ended.
fn ends_of(key: &str) -> [CommitId; 2] {
    [CommitId::new(format!("{key}:open")), CommitId::new(format!("{key}:clear"))]
}

/// That an episode is over.
fn over(watch: &Watch, turn: &Turn, at: &str) -> crate::diagnostic::Text {
    crate::diagnostic::text(
        format!("{}: over since {at}, now at {}", watch.label.en, turn.figure),
        format!("{}：已于 {at} 结束，当前为 {}", watch.label.zh, turn.figure),
    )
}
