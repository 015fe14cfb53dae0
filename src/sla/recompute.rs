//! All bookkeeping of a journal, repeated from its facts alone (S56).

use super::policy::Alert;
use super::{Agreements, Step};
use crate::calendar::Calendars;
use crate::diagnostic::{Text, text};
use crate::id::{Digest, Revision, UtcInstant};
use crate::ticket::{Cause, Caused, ClockId, Entry, Event, Ticket, TimerKind};

/// What [`recompute`] made.
#[derive(Clone, Debug, Default)]
pub struct Recomputed {
    /// Per entry, its bookkeeping in order, each with its logical instant.
    pub entries: Vec<(Revision, Vec<(UtcInstant, Event)>)>,
    /// The ticket after the last entry; none if the journal does not begin with a creation.
    pub ticket: Option<Ticket>,
    /// The first entry decided by a playbook that is not at hand: there it ended.
    pub unknown: Option<(Revision, Digest)>,
}

/// The first place where a journal says something else than its facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The entry.
    pub revision: Revision,
    /// Which of its bookkeeping events, from 0.
    pub index: usize,
    /// What the journal says.
    pub recorded: Option<(UtcInstant, Event)>,
    /// What follows from the facts.
    pub computed: Option<(UtcInstant, Event)>,
}

impl Difference {
    /// In words: what the journal says of a clock and what follows from the facts, only the fields that differ.
    pub fn text(&self) -> Text {
        let differs = super::difference::words(self.recorded.as_ref(), self.computed.as_ref());
        text(format!("entry {}: {}", self.revision, differs.en), format!("记录 {}：{}", self.revision, differs.zh))
    }
}

/// Why a journal could not be shown to follow from its facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unverified {
    /// It says something else.
    Differs(Box<Difference>),
    /// An entry was decided by a playbook that is not at hand.
    UnknownPlaybook {
        /// The entry.
        revision: Revision,
        /// The playbook's digest.
        playbook: Digest,
    },
}

impl Unverified {
    /// In words.
    pub fn text(&self) -> Text {
        match self {
            Self::Differs(d) => d.text(),
            Self::UnknownPlaybook { revision, playbook } => text(
                format!(
                    "entry {revision} was decided by playbook {playbook}, which is not at hand: open the desk with it as `older_playbook`"
                ),
                format!("记录 {revision} 由配置包 {playbook} 作出，该配置包不在手边：请用 `older_playbook` 将其交给服务台"),
            ),
        }
    }
}

/// A run of facts made at one instant by one timer, or by the command.
struct Group<'a> {
    /// The timer that began it, if its first fact names one.
    timer: Option<&'a TimerKind>,
    /// It goes on after the clocks were worked out within the same step.
    goes_on: bool,
    at: UtcInstant,
    facts: Vec<(u32, &'a Event)>,
}

/// Repeats the bookkeeping. Reads facts only: recorded bookkeeping is passed over, criteria of levels are read from `CriteriaChecked` facts, never evaluated.
///
/// How firings interleave with facts: an entry's facts fall into groups, in order, one per timer (`Caused.at` with `Cause::Timer`) and one for the command (no `Caused.at`).
/// Firings go in the order of (instant, [`TimerKind`]). Before a timer's group, clocks fire that come before it in that order; before the command's group, all that are due strictly
/// before the entry's instant (S26); an entry without a command's group is a sweep's, stamped with its last firing: after its groups, what is due up to and including that instant fires.
/// A clock's firing that made facts begins with the fact `TimerFired`; facts without it (rules woken by a clock) belong to the clock that fires first at their instant. After each group
/// [`Agreements::follow`] runs once; `ClocksFollowed` among the facts of a step says that it ran there too.
pub fn recompute(journal: &[Entry], agreements: &Agreements, calendars: &Calendars) -> Recomputed {
    recompute_with(journal, |_| Some((agreements, calendars)))
}

/// As [`recompute`], for a journal that several playbooks decided: `book` gives the agreements and calendars of the playbook with a digest ([`Entry::playbook`]), the calendars
/// with every version that clocks had adopted before ([`Calendars::carry`]); none ends it there.
pub fn recompute_with<'b>(journal: &[Entry], book: impl Fn(&Digest) -> Option<(&'b Agreements, &'b Calendars)>) -> Recomputed {
    let mut done = Recomputed::default();
    for entry in journal {
        let Some((agreements, calendars)) = book(&entry.playbook) else {
            done.unknown = Some((entry.revision, entry.playbook));
            return done;
        };
        if done.ticket.is_none() {
            done.ticket = Ticket::begin(entry);
        }
        let Some(ticket) = &mut done.ticket else { return done };
        let mut shadow = Shadow { agreements, calendars, ticket, revision: entry.revision, out: Vec::new() };
        let mut commanded = false;
        for group in groups(entry) {
            match group.timer {
                _ if group.goes_on => {}
                None if group.at == entry.at && is_command(entry, &group) => {
                    commanded = true;
                    shadow.fire_before(|at, _| at < entry.at);
                }
                None => shadow.fire_one(group.at),
                Some(TimerKind::Clock(id)) => {
                    shadow.fire_before(|at, other| (at, other) < (group.at, id));
                    shadow.fire(id, group.at, &group.facts);
                }
                // `TimerKind::Clock` stands behind every kind but the override of the priority and those of rules that repeat or wait for a due instant.
                Some(
                    TimerKind::PriorityOverride
                    | TimerKind::Every(..)
                    | TimerKind::BeforeDue(..)
                    | TimerKind::Passed(..)
                    | TimerKind::Task(_)
                    | TimerKind::Approval(_),
                ) => {
                    shadow.fire_before(|at, _| at <= group.at);
                }
                Some(_) => shadow.fire_before(|at, _| at < group.at),
            }
            shadow.facts(&group, entry);
        }
        if !commanded {
            shadow.fire_before(|at, _| at <= entry.at);
        }
        done.entries.push((entry.revision, shadow.out));
        ticket.revision = entry.revision;
        ticket.updated_at = entry.at;
        ticket.wake_at = entry.wake_at;
    }
    done
}

/// Compares a journal's bookkeeping with what its facts say (S56).
///
/// # Errors
/// The first difference.
pub fn verify(journal: &[Entry], agreements: &Agreements, calendars: &Calendars) -> Result<(), Box<Difference>> {
    match verify_with(journal, |_| Some((agreements, calendars))) {
        Err(Unverified::Differs(d)) => Err(d),
        // There is one for every entry.
        Ok(()) | Err(Unverified::UnknownPlaybook { .. }) => Ok(()),
    }
}

/// As [`verify`], for a journal that several playbooks decided; see [`recompute_with`].
///
/// # Errors
/// The first difference, or the first entry whose playbook is not at hand.
pub fn verify_with<'b>(journal: &[Entry], book: impl Fn(&Digest) -> Option<(&'b Agreements, &'b Calendars)>) -> Result<(), Unverified> {
    let computed = recompute_with(journal, book);
    for (entry, (revision, computed)) in journal.iter().zip(&computed.entries) {
        let recorded: Vec<(UtcInstant, &Event)> =
            entry.events.iter().filter(|c| c.event.is_bookkeeping()).map(|c| (c.at.unwrap_or(entry.at), &c.event)).collect();
        for index in 0..recorded.len().max(computed.len()) {
            let (a, b) = (recorded.get(index), computed.get(index));
            if a.map(|(t, e)| (*t, *e)) != b.map(|(t, e)| (*t, e)) {
                return Err(Unverified::Differs(Box::new(Difference {
                    revision: *revision,
                    index,
                    recorded: a.map(|(t, e)| (*t, (*e).clone())),
                    computed: b.cloned(),
                })));
            }
        }
    }
    match computed.unknown {
        Some((revision, playbook)) => Err(Unverified::UnknownPlaybook { revision, playbook }),
        None => Ok(()),
    }
}

fn is_command(entry: &Entry, group: &Group<'_>) -> bool {
    group.facts.first().and_then(|(i, _)| entry.events.get(*i as usize)).is_some_and(|c| c.at.is_none())
}

fn groups(entry: &Entry) -> Vec<Group<'_>> {
    let mut all: Vec<Group<'_>> = Vec::new();
    let mut key: Option<(Option<UtcInstant>, Option<&TimerKind>)> = None;
    for (at, index, caused) in entry.happened().filter(|(_, _, c)| !c.event.is_bookkeeping()) {
        let timer = timer(caused);
        let goes_on = caused.event == Event::ClocksFollowed;
        let fires = matches!(caused.event, Event::TimerFired(TimerKind::Clock(_)));
        let same = !goes_on && !fires && key.is_some_and(|(a, t)| a == caused.at && (timer.is_none() || timer == t));
        let fact = (index, &caused.event);
        match all.last_mut().filter(|_| same) {
            Some(g) => g.facts.push(fact),
            None => {
                if !goes_on {
                    key = Some((caused.at, timer));
                }
                all.push(Group { timer, goes_on, at, facts: vec![fact] });
            }
        }
    }
    all
}

fn timer(caused: &Caused) -> Option<&TimerKind> {
    match (&caused.cause, caused.at) {
        (Cause::Timer(kind, _), Some(_)) => Some(kind),
        _ => None,
    }
}

struct Shadow<'a> {
    agreements: &'a Agreements,
    calendars: &'a Calendars,
    ticket: &'a mut Ticket,
    revision: Revision,
    out: Vec<(UtcInstant, Event)>,
}

impl Shadow<'_> {
    fn next(&self) -> Option<(UtcInstant, ClockId)> {
        self.ticket.clocks.iter().filter_map(|c| c.wake_at().map(|t| (t, c.id.clone()))).min()
    }
    fn fire_before(&mut self, before: impl Fn(UtcInstant, &ClockId) -> bool) {
        while let Some((at, id)) = self.next().filter(|(at, id)| before(*at, id)) {
            if !self.fire(&id, at, &[]) {
                return;
            }
        }
    }
    fn fire_one(&mut self, until: UtcInstant) {
        if let Some((at, id)) = self.next().filter(|(at, _)| *at <= until) {
            self.fire(&id, at, &[]);
        }
    }
    fn fire(&mut self, id: &ClockId, at: UtcInstant, facts: &[(u32, &Event)]) -> bool {
        let held = |alert: &Alert| {
            let is = |f: &Event| matches!(f, Event::CriteriaChecked { clock, mark, held } if clock == id && *mark == alert.name && *held);
            facts.iter().any(|(_, f)| is(f))
        };
        let vacant = |alert: &Alert| {
            let is = |f: &Event| matches!(f, Event::LevelVacant { clock, mark } if clock == id && *mark == alert.name);
            facts.iter().any(|(_, f)| is(f))
        };
        let mut check = |alert: &Alert| alert.when.as_ref().map(|_| held(alert));
        let fired = self.agreements.fire_by(self.calendars, self.ticket, id, at, &mut check, &vacant);
        let mut any = false;
        for event in fired.events.into_iter().filter(Event::is_bookkeeping) {
            any = true;
            self.put(event, at);
        }
        any
    }
    fn facts(&mut self, group: &Group<'_>, entry: &Entry) {
        let mut facts = Vec::with_capacity(group.facts.len());
        for (index, fact) in &group.facts {
            self.ticket.evolve(fact, group.at, self.revision, *index);
            facts.push(*fact);
        }
        let step = Step { facts: &facts, at: group.at, actor: &entry.actor };
        for event in self.agreements.follow(self.calendars, self.ticket, &step) {
            self.put(event, group.at);
        }
    }
    fn put(&mut self, event: Event, at: UtcInstant) {
        self.ticket.evolve(&event, at, self.revision, u32::MAX);
        self.out.push((at, event));
    }
}
