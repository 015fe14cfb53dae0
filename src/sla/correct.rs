//! Raw and corrected figures side by side (S87). The clock is never touched: what a correction takes away is worked out anew for every report.

use super::Agreements;
use super::reckon::Reckoning;
use super::timeline::spent;
use crate::calendar::spans::{minus, tidy};
use crate::calendar::{Calendar, Calendars};
use crate::diagnostic::{Text, text};
use crate::id::UtcInstant;
use crate::ticket::{Allowance, Amendment, Clock, ClockId, ClosedClock, Correction, Entry, Event, Outcome, Ticket};

/// What a report shows of one clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The verdict; none while it is open and nobody has judged it.
    pub outcome: Option<Outcome>,
    /// When it was or is due; none while paused or where the calendar runs dry.
    pub due: Option<UtcInstant>,
    /// When it was breached.
    pub breached_at: Option<UtcInstant>,
    /// Counted µs.
    pub counted: i64,
}

/// A clock's figures as recorded and as corrected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrected {
    /// Which clock.
    pub clock: ClockId,
    /// The target in counted µs.
    pub budget: i64,
    /// As recorded: what the desk did by, and what no correction changes.
    pub raw: Standing,
    /// With the corrections.
    pub corrected: Standing,
    /// Counted µs that do not count in the corrected figures.
    pub excluded: i64,
    /// The corrected figures are exact. Otherwise the clock's pauses are not all known any more (an older run, of which a ticket keeps a summary only, or a
    /// clock with [`Clock::PAUSES`] pauses or more) and `excluded` is the least that certainly counted; [`Agreements::corrected_from`] a journal knows more.
    pub exact: bool,
    /// The corrections that hold: all stretches, and the last verdict.
    pub by: Vec<Correction>,
}

impl Corrected {
    /// Whether there is any correction: only then a report shows two figures.
    pub fn any(&self) -> bool {
        !self.by.is_empty()
    }
    /// Both figures in words, instants in a calendar's zone.
    pub fn text(&self, calendar: &Calendar) -> Text {
        let (a, b) = (figures(&self.raw, self.budget, calendar), figures(&self.corrected, self.budget, calendar));
        let least = if self.exact { ("", "") } else { ("at least ", "至少") };
        let excluded = spent(self.excluded);
        let reasons = |sep: &str| {
            let all = self.by.iter().filter(|c| matches!(c.amendment, Amendment::Exclude { .. }));
            all.map(|c| c.reason.as_str()).collect::<Vec<_>>().join(sep)
        };
        let (mut en, mut zh) = (Vec::new(), Vec::new());
        if !reasons("").is_empty() {
            let nothing = self.excluded == 0;
            en.push(if nothing {
                format!("nothing counted there: {}", reasons(", "))
            } else {
                format!("{}{excluded} excluded: {}", least.0, reasons(", "))
            });
            zh.push(if nothing {
                format!("该时段未计时：{}", reasons("、"))
            } else {
                format!("{}剔除 {excluded}：{}", least.1, reasons("、"))
            });
        }
        for c in &self.by {
            if let Amendment::Judge(outcome) = c.amendment {
                let word = outcome.label();
                en.push(format!("judged {} by {}: {}", word.en, c.by, c.reason));
                zh.push(format!("由 {} 判定为{}：{}", c.by, word.zh, c.reason));
            }
        }
        text(
            format!("{}: as recorded {}; corrected {} ({})", self.clock.metric, a.en, b.en, en.join("; ")),
            format!("{}：原始 {}；更正后 {}（{}）", self.clock.metric, a.zh, b.zh, zh.join("；")),
        )
    }
}

fn figures(f: &Standing, budget: i64, calendar: &Calendar) -> Text {
    let Text { en, zh } = match (f.outcome, f.breached_at) {
        (Some(outcome), _) => outcome.label(),
        (None, Some(_)) => text("overdue", "已超时"),
        (None, None) => text("running", "计时中"),
    };
    let counted = spent(f.counted);
    let of = if budget == i64::MAX { String::new() } else { format!("/{}", spent(budget)) };
    match f.due {
        Some(due) => {
            let due = calendar.render(due);
            text(format!("{en}, {counted}{of}, due {due}"), format!("{zh}，{counted}{of}，截止 {due}"))
        }
        None => text(format!("{en}, {counted}{of}"), format!("{zh}，{counted}{of}")),
    }
}

impl Agreements {
    /// The figures of a clock of a ticket, raw and corrected, as of `at`; none if the ticket knows no such clock.
    ///
    /// Excluded stretches are united, clipped to the clock's life and measured in its own calendar, its pauses not counted twice. They count like pauses: a clock that
    /// would have been within its target without them is met, or unanswered if nobody had answered (S38). They never worsen a verdict, and a breach of an
    /// earlier target (S46) stays: only a verdict undoes it. The last verdict given wins over everything.
    ///
    /// ```
    /// use ticketry::{sla::Agreements, calendar::{Calendar, CalendarDefinition, Calendars}};
    /// let calendars = Calendars::new(Calendar::compile(&CalendarDefinition::always("always", "UTC")).unwrap());
    /// # let journal: Vec<ticketry::ticket::Entry> = Vec::new();
    /// # let id = ticketry::ticket::ClockId { agreement: ticketry::ticket::Agreement::Customer, metric: "resolution".into(), run: 1 };
    /// # let now = "2025-10-09T12:00:00Z".parse().unwrap();
    /// if let Some(both) = Agreements::default().corrected_from(&calendars, &journal, &id, now) {
    ///     println!("{}", both.text(calendars.default_calendar()).en);
    /// }
    /// ```
    pub fn corrected(&self, calendars: &Calendars, ticket: &Ticket, clock: &ClockId, at: UtcInstant) -> Option<Corrected> {
        self.corrected_by(calendars, ticket, clock, at, ticket.resting.iter().find(|c| c.id == *clock))
    }

    /// As [`Agreements::corrected`], from a ticket's whole journal, where the pauses of every run are known.
    pub fn corrected_from(&self, calendars: &Calendars, journal: &[Entry], clock: &ClockId, at: UtcInstant) -> Option<Corrected> {
        let mut ticket: Option<Ticket> = None;
        let mut whole: Option<Clock> = None;
        for entry in journal {
            if ticket.is_none() {
                ticket = Ticket::begin(entry);
            }
            let t = ticket.as_mut()?;
            for (at, index, caused) in entry.happened() {
                t.evolve(&caused.event, at, entry.revision, index);
                if matches!(&caused.event, Event::ClockStopped { clock: id, .. } if id == clock) {
                    whole = t.resting.iter().find(|c| c.id == *clock).cloned();
                }
            }
        }
        self.corrected_by(calendars, &ticket?, clock, at, whole.as_ref())
    }

    fn corrected_by(&self, calendars: &Calendars, t: &Ticket, id: &ClockId, at: UtcInstant, whole: Option<&Clock>) -> Option<Corrected> {
        let life = match t.clocks.iter().find(|c| c.id == *id) {
            Some(open) => Life::open(open, calendars, at),
            None => Life::closed(t.closed_clocks.iter().find(|c| c.id == *id)?, whole, calendars),
        };
        let of_clock = || t.corrections.iter().filter(|c| c.clock == *id);
        let verdict = of_clock().rfind(|c| matches!(c.amendment, Amendment::Judge(_)));
        let stretches = of_clock().filter_map(|c| match c.amendment {
            Amendment::Exclude { from, to } => Some((from, to)),
            Amendment::Judge(_) => None,
        });
        let (mut corrected, excluded) = life.without(&tidy(stretches.collect()), || self.unanswered(t, &life));
        if let Some(Amendment::Judge(outcome)) = verdict.map(|c| c.amendment) {
            corrected.outcome = Some(outcome);
            if outcome != Outcome::Breached {
                corrected.breached_at = None;
            }
        }
        let holds = |c: &&Correction| matches!(c.amendment, Amendment::Exclude { .. }) || verdict.is_some_and(|v| v.revision == c.revision);
        let by = of_clock().filter(holds).cloned().collect();
        Some(Corrected {
            clock: id.clone(),
            budget: life.budget,
            raw: life.raw,
            corrected,
            excluded,
            exact: life.exact || excluded == 0,
            by,
        })
    }

    /// Whether a clock that lapses (S38) ended without the answer it measures, as far as the ticket knows.
    fn unanswered(&self, t: &Ticket, life: &Life<'_>) -> bool {
        let lapses = self.metric(&life.id.metric).is_some_and(|m| !m.lapse.is_empty());
        let Some(end) = life.end.filter(|_| lapses) else { return false };
        let c = &t.conversation;
        c.first_answer.is_none_or(|m| m.at > end) || c.last_answer.is_some_and(|m| m.at < life.started_at)
    }
}

type Stretch = (UtcInstant, UtcInstant);

/// What is known of a clock's life up to its end, or up to now.
struct Life<'a> {
    id: &'a ClockId,
    r: Reckoning<'a>,
    budget: i64,
    raw: Standing,
    started_at: UtcInstant,
    /// Its end, if it has ended.
    end: Option<UtcInstant>,
    until: UtcInstant,
    /// Where it counted, in order; meaningful if `exact`.
    ran: Vec<Stretch>,
    exact: bool,
}

impl<'a> Life<'a> {
    fn open(c: &'a Clock, calendars: &'a Calendars, at: UtcInstant) -> Self {
        let r = Reckoning::of_clock(calendars, c);
        let at = at.max(c.since.or(c.paused_since).unwrap_or(c.started_at));
        let counted = r.counted(c, at);
        let ran = ran(c, c.paused_since.unwrap_or(at));
        let exact = c.pauses.len() < Clock::PAUSES && total(&r, &ran) == counted;
        let raw = Standing { outcome: None, due: c.due, breached_at: c.breached_at, counted };
        Self { id: &c.id, r, budget: c.budget, raw, started_at: c.started_at, end: None, until: at, ran, exact }
    }

    fn closed(c: &'a ClosedClock, whole: Option<&Clock>, calendars: &'a Calendars) -> Self {
        let r = Reckoning::of(calendars, &c.calendar, c.calendar_version, c.target);
        let end = c.ended_at.max(c.started_at);
        let whole = whole.filter(|w| w.pauses.len() < Clock::PAUSES);
        let mut ran = whole.map_or_else(|| vec![(c.started_at, end)], |w| ran(w, end));
        let sum = total(&r, &ran);
        // A message's own earlier instant ended it (S26): its last stretch is as long as what was counted.
        if whole.is_some() && sum > c.counted {
            ran = first(&r, &ran, c.counted);
        }
        let exact = sum == c.counted || (whole.is_some() && sum > c.counted);
        let raw = Standing { outcome: Some(c.outcome), due: c.due, breached_at: c.breached_at, counted: c.counted };
        Self { id: &c.id, r, budget: c.budget, raw, started_at: c.started_at, end: Some(end), until: end, ran, exact }
    }

    /// The figures without these stretches, and how much of what counted they take away.
    fn without(&self, excluded: &[Stretch], unanswered: impl Fn() -> bool) -> (Standing, i64) {
        if excluded.is_empty() {
            return (self.raw, 0);
        }
        let within = |s: &Stretch| (s.0.clamp(self.started_at, self.until), s.1.clamp(self.started_at, self.until));
        let clipped: Vec<Stretch> = excluded.iter().map(within).filter(|(a, b)| a < b).collect();
        let mut f = self.raw;
        let pieces = minus(&self.ran, &clipped);
        let off = if self.exact {
            self.raw.counted.saturating_sub(total(&self.r, &pieces))
        } else {
            // Pauses at unknown places may overlap the stretches: what certainly counted is what the pauses cannot hold.
            let paused = self.r.between(self.started_at, self.until).saturating_sub(self.raw.counted).max(0);
            total(&self.r, &clipped).saturating_sub(paused).clamp(0, self.raw.counted.max(0))
        };
        f.counted = self.raw.counted.saturating_sub(off);
        let ahead: Vec<Stretch> =
            if self.end.is_none() { excluded.iter().filter(|s| s.1 > self.until).copied().collect() } else { Vec::new() };
        if off == 0 && ahead.is_empty() {
            return (self.raw, 0);
        }
        let judged = matches!(self.raw.outcome, None | Some(Outcome::Breached));
        let (due, breach, explained) = if self.exact {
            let (due, breach) = self.walk(&pieces, &ahead);
            (due, breach, self.walk(&self.ran, &[]).1.is_some())
        } else {
            let due = self.raw.due.and_then(|d| self.r.after(d, off));
            (due, due.filter(|_| f.counted > self.budget), self.raw.counted > self.budget)
        };
        // A breach by a change of target stands at the change (S46): never earlier than raw.
        f.due = self.raw.due.and(due).max(self.raw.due);
        if judged && self.raw.breached_at.is_some() && explained {
            f.breached_at = breach.map(|b| self.raw.breached_at.map_or(b, |raw| b.max(raw)));
            if self.raw.outcome.is_some() && breach.is_none() {
                f.outcome = Some(if unanswered() { Outcome::Unanswered } else { Outcome::Met });
            }
        }
        (f, off)
    }

    /// Where the target was used up, going through the stretches that count, then on past the end around what is excluded `ahead`; and whether it ran beyond.
    fn walk(&self, pieces: &[Stretch], ahead: &[Stretch]) -> (Option<UtcInstant>, Option<UtcInstant>) {
        // A day target's instant is fixed at start and stands as long as nothing was lost before it (S53).
        if let (Allowance::Days(_), Some(fixed)) = (self.r.target, self.r.undisturbed(self.started_at)) {
            let before: Vec<Stretch> = pieces.iter().map(|p| (p.0.min(fixed), p.1.min(fixed))).collect();
            let left = self.r.between(self.until.min(fixed), fixed);
            if ahead.is_empty() && total(&self.r, &before).saturating_add(left) == self.budget {
                return (Some(fixed), pieces.iter().any(|p| p.1 > fixed).then_some(fixed));
            }
        }
        let mut left = self.budget;
        let mut edge = None;
        for (from, to) in pieces {
            let length = self.r.between(*from, *to);
            if left > length {
                left = left.saturating_sub(length);
                continue;
            }
            let Some(due) = self.r.after(*from, left) else { return (None, None) };
            if due < *to {
                return (Some(due), Some(due));
            }
            edge = Some(due);
            left = 0;
        }
        if edge.is_some() && ahead.is_empty() {
            return (edge, None);
        }
        let mut at = self.until;
        for (from, to) in ahead {
            if *from > at {
                if let Some(due) = self.r.after(at, left).filter(|d| d <= from) {
                    return (Some(due), None);
                }
                left = left.saturating_sub(self.r.between(at, *from));
            }
            at = at.max(*to);
        }
        (self.r.after(at, left).filter(|_| self.budget != i64::MAX), None)
    }
}

/// Where a clock counted, up to `until`.
fn ran(c: &Clock, until: UtcInstant) -> Vec<Stretch> {
    let mut at = c.started_at;
    let mut out = Vec::new();
    for p in &c.pauses {
        let (from, to) = (p.from.clamp(at, until.max(at)), p.to.max(at));
        out.push((at, from));
        at = to;
    }
    out.push((at, until.max(at)));
    out.retain(|(a, b)| a < b);
    out
}

/// The first stretches, as far as so much counts.
fn first(r: &Reckoning<'_>, of: &[Stretch], counted: i64) -> Vec<Stretch> {
    let mut left = counted;
    let mut out = Vec::new();
    for (from, to) in of {
        let length = r.between(*from, *to);
        if length >= left {
            out.extend(r.after(*from, left).map(|end| (*from, end.min(*to))));
            break;
        }
        left = left.saturating_sub(length);
        out.push((*from, *to));
    }
    out
}

fn total(r: &Reckoning<'_>, of: &[Stretch]) -> i64 {
    of.iter().map(|(a, b)| r.between(*a, *b)).fold(0, i64::saturating_add)
}
