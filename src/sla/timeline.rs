//! How a figure came about, as segments that add up to it: from a clock as the ticket keeps it, or exactly, from the journal.

use super::reckon::Reckoning;
use crate::calendar::{Calendar, Calendars, hours};
use crate::diagnostic::{Lang, Text, text};
use crate::id::{CalendarName, UtcInstant, serde_instant};
use crate::ticket::{Allowance, Clock, ClockId, Entry, Event, Ticket, WaitsOn};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// What a stretch of a clock's life was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentKind {
    /// It counted.
    Counted,
    /// It was paused: the ticket waited on someone who stops it (S77), or an event had paused it.
    Paused,
    /// The calendar was closed.
    Closed,
    /// It had stopped, mostly since the ticket was final, and went on later (S45).
    Final,
}

impl SegmentKind {
    /// All.
    pub const ALL: [Self; 4] = [Self::Counted, Self::Paused, Self::Closed, Self::Final];
    /// What people read.
    pub fn label(self) -> Text {
        match self {
            Self::Counted => text("counted", "计时"),
            Self::Paused => text("paused", "暂停"),
            Self::Closed => text("calendar closed", "非营业时间"),
            Self::Final => text("ticket closed", "工单已关闭"),
        }
    }
}

/// One stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// From when.
    #[serde(with = "serde_instant")]
    pub from: UtcInstant,
    /// Until when.
    #[serde(with = "serde_instant")]
    pub to: UtcInstant,
    /// What it was.
    pub kind: SegmentKind,
    /// While paused: whom the ticket waited on, where that was why and the journal was at hand to say so.
    pub waits_on: Option<WaitsOn>,
}

impl Segment {
    /// Its length in µs.
    pub fn length(&self) -> i64 {
        self.to.signed_duration_since(self.from).num_microseconds().unwrap_or(i64::MAX)
    }
    /// What people read: the kind, and of a pause whom it waited on.
    pub fn label(&self) -> Text {
        let kind = self.kind.label();
        match self.waits_on.and_then(waiting) {
            Some(who) if self.kind == SegmentKind::Paused => {
                text(format!("{}, waiting on {}", kind.en, who.en), format!("{}（等待{}）", kind.zh, who.zh))
            }
            _ => kind,
        }
    }
}

/// A clock's life from its start, without gaps and overlaps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// The stretches in order.
    pub segments: Vec<Segment>,
    /// Counted µs: what the segments of kind [`SegmentKind::Counted`] add up to, plus `carried`.
    pub counted: i64,
    /// Counted µs that no segment shows. By [`timeline_of`] 0 as long as the calendars it counted in are at hand; by [`timeline`] also of a clock with more than [`Clock::PAUSES`] pauses that was
    /// measured in another calendar meanwhile.
    pub carried: i64,
    /// Of a running clock, where the remaining time will run: up to its due instant, adding up to what is left of the target. Empty when paused, stopped or overdue.
    pub ahead: Vec<Segment>,
}

impl Timeline {
    /// µs of one kind.
    pub fn sum(&self, kind: SegmentKind) -> i64 {
        sum(&self.segments, kind)
    }
    /// As lines in a zone's calendar.
    pub fn render(&self, lang: Lang, calendar: &Calendar) -> String {
        let line = |s: &Segment| {
            format!("{} – {}  {}  {}\n", calendar.render(s.from), calendar.render(s.to), s.label().get(lang), spent(s.length()))
        };
        let mut out: String = self.segments.iter().map(line).collect();
        let total = text(format!("counted in all: {}\n", spent(self.counted)), format!("合计计时：{}\n", spent(self.counted)));
        let mut ahead = String::new();
        if !self.ahead.is_empty() {
            let left = spent(sum(&self.ahead, SegmentKind::Counted));
            ahead.push_str(text(format!("still to run: {left}\n"), format!("剩余：{left}\n")).get(lang));
            ahead.extend(self.ahead.iter().map(line));
        }
        out.push_str(total.get(lang));
        out.push_str(&ahead);
        out
    }
}

/// The timeline of a clock up to `until`, from what the ticket keeps of it.
pub fn timeline(clock: &Clock, calendars: &Calendars, until: UtcInstant) -> Timeline {
    let r = Reckoning::of_clock(calendars, clock);
    let until = until.max(clock.started_at);
    let mut segments = Vec::new();
    let mut at = clock.started_at;
    let running = clock.paused_since.map(|from| (from, until, false));
    for (from, to, closed) in clock.pauses.iter().map(|p| (p.from, p.to, p.closed)).chain(running) {
        let (from, to) = (from.clamp(at, until), to.clamp(at, until));
        count(&r, at, from, &mut segments);
        put(&mut segments, from, to, if closed { SegmentKind::Final } else { SegmentKind::Paused }, None);
        at = to.max(at);
    }
    count(&r, at, until, &mut segments);
    let counted = r.counted(clock, until);
    let carried = counted.saturating_sub(sum(&segments, SegmentKind::Counted));
    Timeline { segments, counted, carried, ahead: ahead(&r, clock, until) }
}

/// The timeline of a clock up to `until`, rebuilt from the ticket's journal: every pause with whom it waited on, every change of target or calendar (S46, S55), every end and resumption (S45). None if
/// there was no such clock by then.
///
/// Of a stopped clock it ends where the clock stopped counting: a message's own earlier instant included (S26).
pub fn timeline_of(journal: &[Entry], clock: &ClockId, calendars: &Calendars, until: UtcInstant) -> Option<Timeline> {
    let mut ticket = Ticket::begin(journal.first()?)?;
    let mut life = Life { calendars, past: Vec::new(), now: None, time: None, ended: None };
    'journal: for entry in journal {
        for (at, index, caused) in entry.happened() {
            if at > until {
                break 'journal;
            }
            ticket.evolve(&caused.event, at, entry.revision, index);
            let open = ticket.clocks.iter().find(|c| c.id == *clock);
            match (&caused.event, open) {
                (Event::ClockStarted(c), _) if c.id == *clock => life.start(c, &ticket, at),
                (Event::ClockStopped { clock: id, counted, .. }, _) if id == clock => life.stop(*counted, at),
                (_, Some(c)) => life.go_on(c, &ticket, at),
                (_, None) => {}
            }
        }
    }
    life.finish(ticket.clocks.iter().find(|c| c.id == *clock), until)
}

/// Whom a ticket waits on, where that is somebody.
fn waiting(on: WaitsOn) -> Option<Text> {
    Some(match on {
        WaitsOn::Requester => text("the requester", "请求人"),
        WaitsOn::Vendor => text("a vendor", "第三方"),
        WaitsOn::Approval => text("an approval", "审批"),
        WaitsOn::Parent => text("the parent ticket", "父工单"),
        WaitsOn::Internal | WaitsOn::Nobody => return None,
    })
}

/// A length for people.
pub(super) fn spent(us: i64) -> String {
    hours(TimeDelta::microseconds(us))
}

pub(super) fn sum(segments: &[Segment], kind: SegmentKind) -> i64 {
    segments.iter().filter(|s| s.kind == kind).map(Segment::length).fold(0, i64::saturating_add)
}

fn ahead(r: &Reckoning<'_>, clock: &Clock, until: UtcInstant) -> Vec<Segment> {
    let mut out = Vec::new();
    if let Some(due) = clock.due.filter(|_| clock.running()) {
        count(r, until, due, &mut out);
    }
    out
}

fn put(out: &mut Vec<Segment>, from: UtcInstant, to: UtcInstant, kind: SegmentKind, waits_on: Option<WaitsOn>) {
    if to <= from {
        return;
    }
    match out.last_mut() {
        Some(last) if last.to == from && (last.kind, last.waits_on) == (kind, waits_on) => last.to = to,
        _ => out.push(Segment { from, to, kind, waits_on }),
    }
}

fn count(r: &Reckoning<'_>, from: UtcInstant, to: UtcInstant, out: &mut Vec<Segment>) {
    if from >= to {
        return;
    }
    let open = r.between(from, to);
    if open == to.signed_duration_since(from).num_microseconds().unwrap_or(i64::MAX) {
        return put(out, from, to, SegmentKind::Counted, None);
    }
    let mut at = from;
    if open > 0 {
        for period in r.calendar.open_periods(from).take_while(|p| p.start < to) {
            put(out, at, period.start, SegmentKind::Closed, None);
            at = period.end.min(to);
            put(out, period.start, at, SegmentKind::Counted, None);
        }
    }
    put(out, at, to, SegmentKind::Closed, None);
}

/// What time a clock counted in: calendar, version, wall or open.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Time {
    calendar: CalendarName,
    version: u32,
    target: Allowance,
}

impl Time {
    fn of(c: &Clock) -> Self {
        // One target of a kind stands for all.
        let target = if matches!(c.target, Allowance::Wall(_)) { Allowance::Wall(0) } else { Allowance::Open(0) };
        Self { calendar: c.calendar.clone(), version: c.calendar_version, target }
    }
    fn reckoning<'a>(&self, calendars: &'a Calendars) -> Reckoning<'a> {
        Reckoning::of(calendars, &self.calendar, self.version, self.target)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Running,
    /// With whom the ticket waited on, where that was why.
    Paused(Option<WaitsOn>),
    Stopped,
    /// Between a message's own earlier instant, which ended it, and the step that put that down (S26). A clock measured anew forgets the earlier instant and counts this.
    Late,
}

/// A stretch of the clock's life, and the time it is measured in.
#[derive(Clone, Debug)]
struct Past {
    from: UtcInstant,
    to: UtcInstant,
    what: What,
    time: Time,
}

struct Life<'a> {
    calendars: &'a Calendars,
    past: Vec<Past>,
    /// What it does now, since when; none before its start and after its end.
    now: Option<(UtcInstant, What)>,
    time: Option<Time>,
    /// Its end: up to where it counted, when it was put down, the figure.
    ended: Option<(UtcInstant, UtcInstant, i64)>,
}

impl Life<'_> {
    fn what(c: &Clock, t: &Ticket) -> What {
        if c.running() { What::Running } else { What::Paused(c.hold.waits.then_some(t.waits_on)) }
    }
    fn total(&self) -> i64 {
        let length = |p: &Past| p.time.reckoning(self.calendars).between(p.from, p.to);
        self.past.iter().filter(|p| p.what == What::Running).map(length).fold(0, i64::saturating_add)
    }
    fn close(&mut self, to: UtcInstant) {
        if let (Some((from, what)), Some(time)) = (self.now.take(), self.time.clone())
            && from < to
        {
            self.past.push(Past { from, to, what, time });
        }
    }
    fn start(&mut self, c: &Clock, t: &Ticket, at: UtcInstant) {
        if let Some((counted_to, end, _)) = self.ended.take() {
            return self.resume(c, t, (counted_to, end), at);
        }
        self.time = Some(Time::of(c));
        self.now = Some((c.started_at, What::Running));
        if let Some(paused) = c.paused_since {
            self.close(paused);
            self.now = Some((paused, Self::what(c, t)));
        }
    }
    /// The run goes on. Whether the time since its end counts, and in which calendar what went before is measured now, the figure says.
    fn resume(&mut self, c: &Clock, t: &Ticket, (counted_to, end): (UtcInstant, UtcInstant), at: UtcInstant) {
        let new = Time::of(c);
        let left_out = c.pauses.last().is_some_and(|p| p.closed && p.to == at);
        let old = self.time.replace(new.clone()).unwrap_or_else(|| new.clone());
        let known = self.past.len();
        let first = if left_out { What::Stopped } else { What::Running };
        let second = if left_out { What::Running } else { What::Stopped };
        for gap in [first, second] {
            self.past.truncate(known);
            for (from, to, what) in [(counted_to, end, What::Late), (end, at, gap)] {
                if from < to {
                    self.past.push(Past { from, to, what, time: old.clone() });
                }
            }
            if self.measured(c, &new, at) {
                break;
            }
        }
        self.now = Some((at, Self::what(c, t)));
    }
    /// Measures what went before anew where the figure says so; whether the figure is met now.
    fn measured(&mut self, c: &Clock, new: &Time, at: UtcInstant) -> bool {
        let figure = new.reckoning(self.calendars).counted(c, at);
        if self.total() == figure && self.past.iter().all(|p| p.time == *new) {
            return true;
        }
        let met_before = self.total() == figure;
        let as_it_was = self.past.clone();
        for p in &mut self.past {
            p.time.clone_from(new);
            if p.what == What::Late {
                p.what = What::Running;
            }
        }
        if self.total() == figure {
            return true;
        }
        self.past = as_it_was;
        met_before
    }
    fn go_on(&mut self, c: &Clock, t: &Ticket, at: UtcInstant) {
        let (time, what) = (Time::of(c), Self::what(c, t));
        if self.time.as_ref() != Some(&time) {
            self.close(at);
            self.measured(c, &time, at);
            self.time = Some(time);
            self.now = Some((at, what));
        } else if self.now.is_none_or(|(_, before)| before != what) {
            self.close(at);
            self.now = Some((at, what));
        }
    }
    /// What ran longer than was counted was over before its event: a message's own earlier instant ended it (S26).
    fn stop(&mut self, counted: i64, at: UtcInstant) {
        self.close(at);
        let mut over = self.total().saturating_sub(counted);
        let mut cut = at;
        while over > 0 {
            let Some(last) = self.past.pop_if(|p| p.what == What::Running) else { break };
            let r = last.time.reckoning(self.calendars);
            let keep = r.between(last.from, last.to).saturating_sub(over);
            over = over.saturating_sub(r.between(last.from, last.to));
            cut = last.from;
            if keep > 0
                && let Some(to) = r.after(last.from, keep)
            {
                cut = to;
                self.past.push(Past { to, ..last });
            }
        }
        self.ended = Some((cut, at, counted));
    }
    fn finish(mut self, open: Option<&Clock>, until: UtcInstant) -> Option<Timeline> {
        let time = self.time.clone()?;
        let r = time.reckoning(self.calendars);
        self.close(until);
        let mut segments = Vec::new();
        for p in &self.past {
            match p.what {
                What::Running => count(&p.time.reckoning(self.calendars), p.from, p.to, &mut segments),
                What::Paused(on) => put(&mut segments, p.from, p.to, SegmentKind::Paused, on),
                What::Stopped | What::Late => put(&mut segments, p.from, p.to, SegmentKind::Final, None),
            }
        }
        let counted = match (self.ended, open) {
            (Some((.., counted)), _) => counted,
            (None, Some(c)) => r.counted(c, until),
            (None, None) => return None,
        };
        let carried = counted.saturating_sub(sum(&segments, SegmentKind::Counted));
        Some(Timeline { segments, counted, carried, ahead: open.map(|c| ahead(&r, c, until)).unwrap_or_default() })
    }
}
