//! What a desk lead wants to see, from the tickets as they are now.

use crate::text::{Style, Table, bar, cut};
use crate::world::World;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use ticketry::diagnostic::Text;
use ticketry::id::{AgentId, TicketId};
use ticketry::ticket::{Agreement, Clock, Entry, Outcome, StateClass, Ticket, TimerKind, WaitsOn};
use ticketry::workflow::{State, Workflow};

/// Journals by ticket.
pub type Journals = BTreeMap<TicketId, Vec<Entry>>;

/// The lead's view at an instant.
pub struct View<'a> {
    pub world: &'a World,
    pub tickets: &'a [Arc<Ticket>],
    pub journals: &'a Journals,
    pub now: DateTime<Utc>,
    pub style: Style,
}

/// A flag beside the state's colour, never instead of it (S62).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flag {
    None,
    AtRisk,
    Overdue,
}

fn flag(t: &Ticket) -> Flag {
    if t.overdue() {
        return Flag::Overdue;
    }
    let warned = |c: &Clock| c.running() && c.marks.iter().any(|m| !m.skipped && m.name.as_str().starts_with("warning"));
    if t.clocks.iter().any(warned) || t.limit_passed { Flag::AtRisk } else { Flag::None }
}

impl View<'_> {
    /// All of it.
    pub fn render(&self) -> String {
        let s = self.style;
        let parts: [(&str, &str, String); 13] = [
            ("Board", "看板", self.board()),
            ("Most pressing", "最紧急的工单", self.pressing()),
            ("Unassigned", "未分派", self.unassigned()),
            ("Load per agent (slots held of capacity)", "坐席负载（占用 / 容量）", self.load()),
            ("SLA by tier and channel", "SLA：按客户等级与渠道", self.sla()),
            ("Waiting on whom", "在等谁", self.waiting()),
            ("Where the time of the tickets went, final time apart", "工单时间去向（关闭后的时间单列）", self.time()),
            ("Resolution targets that would have been kept at 90 %", "按历史 90 % 可达的解决目标", self.proposed()),
            ("Backlog by group and age", "积压：按处理组与时长", self.backlog()),
            ("Arrivals and solved per day", "每日新增与解决", self.days()),
            ("Priorities", "优先级", self.priorities()),
            ("Reopening and satisfaction", "重开与满意度", self.quality()),
            ("The next ten things that happen by themselves", "接下来自动发生的十件事", self.next()),
        ];
        let mut out = String::new();
        for (en, zh, body) in parts {
            out.push_str(&format!("{}\n{body}\n", s.heading(s.say(en, zh))));
        }
        out
    }

    fn label<'t>(&self, t: &'t Text) -> &'t str {
        t.get(self.style.lang)
    }
    fn open(&self) -> impl Iterator<Item = &Arc<Ticket>> {
        self.tickets.iter().filter(|t| t.is_open())
    }
    /// Beijing wall time.
    pub fn clock(&self, t: DateTime<Utc>) -> String {
        (t + TimeDelta::hours(8)).format("%m-%d %H:%M").to_string()
    }
    /// A span in at most two units.
    pub fn span(&self, d: TimeDelta) -> String {
        let (days, hours, minutes) = (d.num_days(), d.num_hours() % 24, d.num_minutes() % 60);
        let s = self.style;
        match (days, hours) {
            (0, 0) => format!("{minutes}{}", s.say("m", "分")),
            (0, _) => format!("{hours}{}{minutes:02}{}", s.say("h", "时"), s.say("m", "分")),
            _ => format!("{days}{}{hours:02}{}", s.say("d", "天"), s.say("h", "时")),
        }
    }
    fn age(&self, t: DateTime<Utc>) -> String {
        self.span(self.now - t)
    }
    fn group(&self, t: &Ticket) -> String {
        let schema = self.world.playbook.schema();
        t.group.as_ref().and_then(|g| schema.groups.get(g)).map_or_else(|| "-".into(), |g| self.label(&g.label).to_string())
    }
    fn agent(&self, id: &AgentId) -> String {
        let name = self.world.directory.roster.agent(id).map(|a| a.name.clone()).unwrap_or_default();
        match self.style.lang {
            ticketry::diagnostic::Lang::Zh if !name.is_empty() => name,
            _ => id.to_string(),
        }
    }
    fn priority(&self, t: &Ticket) -> String {
        let schema = self.world.playbook.schema();
        t.priority.as_ref().map_or_else(|| "-".into(), |p| self.label(&schema.priority.label(p.value.as_str())).to_string())
    }

    /// States in the order of a ticket's life, each once, whichever workflow it belongs to.
    fn states(&self) -> Vec<&State> {
        let mut seen = BTreeSet::new();
        let mut all: Vec<&State> = self
            .world
            .next
            .workflows()
            .iter()
            .chain(self.world.playbook.workflows())
            .flat_map(|w| w.states())
            .filter(|s| seen.insert(s.name.clone()))
            .collect();
        let order = [
            "new",
            "open",
            "pending",
            "vendor",
            "parts",
            "approval",
            "refunding",
            "resolved",
            "declined",
            "call-back",
            "closed",
            "cancelled",
        ];
        all.sort_by_key(|s| order.iter().position(|o| s.name == **o).unwrap_or(order.len()));
        all
    }

    fn board(&self) -> String {
        let s = self.style;
        let mut table = Table::new(&[
            s.say("state", "状态"),
            s.say("tickets", "工单"),
            s.say("at risk", "预警"),
            s.say("overdue", "超时"),
            s.say("longest in it", "最久停留"),
            "",
        ])
        .left(&[5]);
        let most = self.states().iter().map(|st| self.tickets.iter().filter(|t| t.state == st.name).count()).max().unwrap_or(0);
        for state in self.states() {
            let in_it: Vec<&Arc<Ticket>> = self.tickets.iter().filter(|t| t.state == state.name).collect();
            let count = |f: Flag| in_it.iter().filter(|t| t.is_open() && flag(t) == f).count();
            let (risk, over) = (count(Flag::AtRisk), count(Flag::Overdue));
            let oldest = in_it.iter().map(|t| t.state_since).min().filter(|_| !state.class.is_final() || state.name == *"call-back");
            table.row([
                format!("{} {}", s.state(&state.colour, "●"), s.state(&state.colour, self.label(&state.label))),
                in_it.len().to_string(),
                if risk > 0 { s.amber(&format!("⚑ {risk}")) } else { "·".into() },
                if over > 0 { s.red(&format!("⚑ {over}")) } else { "·".into() },
                oldest.map_or_else(|| "·".into(), |t| self.age(t)),
                s.state(&state.colour, bar(in_it.len() as u64, most as u64, 40).trim_end_matches('·')),
            ]);
        }
        let open = self.open().count();
        let flagged = |f: Flag| self.open().filter(|t| flag(t) == f).count();
        let line = match s.lang {
            ticketry::diagnostic::Lang::En => format!(
                "  {} tickets, {open} open: {} at risk, {} overdue",
                self.tickets.len(),
                flagged(Flag::AtRisk),
                flagged(Flag::Overdue)
            ),
            ticketry::diagnostic::Lang::Zh => format!(
                "  共 {} 张工单，未结 {open} 张：预警 {} 张，超时 {} 张",
                self.tickets.len(),
                flagged(Flag::AtRisk),
                flagged(Flag::Overdue)
            ),
        };
        format!("{}{line}\n", table.render(s))
    }

    fn pressing(&self) -> String {
        let s = self.style;
        let schema = self.world.playbook.schema();
        let mut worst: Vec<&Arc<Ticket>> = self.open().filter(|t| t.due().is_some()).collect();
        let rank = |t: &Ticket| t.priority.as_ref().and_then(|p| schema.priority.rank(p.value.as_str())).unwrap_or(0);
        worst.sort_by_key(|t| (std::cmp::Reverse(rank(t)), t.due(), t.number));
        let heads = [
            s.say("no.", "编号"),
            s.say("subject", "主题"),
            s.say("priority", "优先级"),
            s.say("state", "状态"),
            s.say("group", "处理组"),
            s.say("assignee", "处理人"),
            s.say("due", "到期"),
        ];
        let mut table = Table::new(&heads).left(&[1, 2, 3, 4, 5]);
        for t in worst.iter().take(10) {
            let due = t.due().map_or_else(String::new, |d| match d.cmp(&self.now) {
                std::cmp::Ordering::Less => s.red(&format!("⚑ {} {}", s.say("overdue", "已超时"), self.age(d))),
                _ => format!("{} {}", s.say("in", "还剩"), self.span(d - self.now)),
            });
            let due = if flag(t) == Flag::AtRisk { s.amber(&format!("⚑ {due}")) } else { due };
            table.row([
                format!("#{}", t.number),
                cut(&t.subject, 24),
                self.priority(t),
                self.state(t),
                self.group(t),
                t.assignee.as_ref().map_or_else(|| "-".into(), |a| self.agent(a)),
                due,
            ]);
        }
        table.render(s)
    }
    /// The version a ticket is pinned to.
    fn workflow(&self, t: &Ticket) -> Option<&Workflow> {
        self.world.playbook.workflow(&t.workflow).or_else(|| self.world.next.workflow(&t.workflow))
    }
    fn state(&self, t: &Ticket) -> String {
        let state = self.workflow(t).and_then(|w| w.state(&t.state));
        state.map_or_else(|| t.state.to_string(), |x| self.style.state(&x.colour, self.label(&x.label)))
    }

    fn unassigned(&self) -> String {
        let s = self.style;
        let mut groups: BTreeMap<String, Vec<&Arc<Ticket>>> = BTreeMap::new();
        for t in self.open().filter(|t| t.assignee.is_none()) {
            groups.entry(self.group(t)).or_default().push(t);
        }
        if groups.is_empty() {
            return format!("  {}\n", s.say("nobody waits for an agent", "没有工单等待分派"));
        }
        let mut table = Table::new(&[
            s.say("group", "处理组"),
            s.say("tickets", "工单"),
            s.say("oldest wait", "最久等待"),
            s.say("oldest", "最早的一张"),
        ])
        .left(&[3]);
        for (g, list) in groups {
            let since = |t: &Ticket| t.queue.as_ref().map_or(t.created_at, |q| q.since);
            let oldest = list.iter().min_by_key(|t| (since(t), t.number));
            let (wait, which) =
                oldest.map_or_else(Default::default, |t| (self.age(since(t)), format!("#{} {}", t.number, cut(&t.subject, 40))));
            table.row([g, list.len().to_string(), wait, which]);
        }
        table.render(s)
    }

    fn load(&self) -> String {
        let s = self.style;
        let roster = &self.world.directory.roster;
        let calendars = self.world.playbook.calendars();
        let schema = self.world.playbook.schema();
        let heads = [
            s.say("agent", "坐席"),
            s.say("group", "处理组"),
            s.say("held", "占用"),
            s.say("of", "容量"),
            "",
            s.say("waiting on others", "等待他人"),
            s.say("now", "当前"),
        ];
        let mut table = Table::new(&heads).left(&[1, 4, 6]);
        let mut agents: Vec<_> = roster.agents().filter(|a| a.capacity > 0).collect();
        agents.sort_by_key(|a| (a.groups.first().and_then(|g| schema.groups.keys().position(|k| k == g)), a.id.clone()));
        for a in agents {
            let mine: Vec<&Arc<Ticket>> = self.open().filter(|t| t.assignee.as_ref() == Some(&a.id)).collect();
            let held: usize = mine.iter().map(|t| t.slots.len()).sum();
            let idle = mine.iter().filter(|t| t.slots.is_empty()).count();
            let group = a.groups.first().and_then(|g| schema.groups.get(g)).map_or("", |g| self.label(&g.label));
            let there = if a.absence(self.now).is_some() {
                s.amber(s.say("on leave", "休假"))
            } else if a.on_call {
                s.say("on call", "值班").to_string()
            } else if calendars.resolve(a.shift.as_ref(), None).is_open(self.now) {
                s.say("on shift", "在岗").to_string()
            } else {
                s.dim(s.say("off shift", "下班"))
            };
            let cells = bar(held as u64, u64::from(a.capacity), 12);
            let cells = if held >= usize::from(a.capacity) { s.amber(&cells) } else { cells };
            table.row([self.agent(&a.id), group.to_string(), held.to_string(), a.capacity.to_string(), cells, idle.to_string(), there]);
        }
        table.render(s)
    }

    fn sla(&self) -> String {
        let s = self.style;
        let schema = self.world.playbook.schema();
        let mut rows: Vec<(String, Vec<&Arc<Ticket>>)> = Vec::new();
        let tier_of = |t: &Ticket| self.world.directory.customers.get(&t.requester).and_then(|c| c.get("tier")).map(ToString::to_string);
        if let Some(ticketry::ticket::FieldKind::Ordered(scale)) = schema.customer.get("tier").map(|f| &f.kind) {
            for level in scale.levels.iter().rev() {
                let of_it = self.tickets.iter().filter(|t| tier_of(t).as_deref() == Some(level.name.as_str())).collect();
                rows.push((self.label(&level.label).to_string(), of_it));
            }
        }
        for (name, c) in &schema.channels {
            rows.push((self.label(&c.label).to_string(), self.tickets.iter().filter(|t| t.channel == *name).collect()));
        }
        rows.push((s.say("all", "合计").to_string(), self.tickets.iter().collect()));
        let head = |en: &'static str, zh: &'static str| s.say(en, zh);
        let mut table = Table::new(&[
            "",
            head("first resp. met", "首响达标"),
            head("breached", "超时"),
            head("unanswered", "未回复"),
            head("running", "计时中"),
            head("kept", "达标率"),
            head("resolution met", "解决达标"),
            head("breached", "超时"),
            head("running", "计时中"),
            head("kept", "达标率"),
        ]);
        for (name, list) in rows {
            let (f, r) = (tally(&list, "first_response"), tally(&list, "resolution"));
            let kept = |t: &[u64; 4]| (t[0] * 100).checked_div(t[0] + t[1]).map_or_else(|| "-".into(), |p| format!("{p} %"));
            let red = |n: u64| if n > 0 { s.red(&n.to_string()) } else { "·".into() };
            table.row([
                name,
                f[0].to_string(),
                red(f[1]),
                f[2].to_string(),
                f[3].to_string(),
                kept(&f),
                r[0].to_string(),
                red(r[1]),
                r[3].to_string(),
                kept(&r),
            ]);
        }
        table.render(s)
    }

    fn waiting(&self) -> String {
        let s = self.style;
        let mut table = Table::new(&[s.say("waits on", "等待对象"), s.say("tickets", "工单"), s.say("longest", "最久"), ""]).left(&[3]);
        let words = [
            (WaitsOn::Internal, s.say("ourselves", "我方处理")),
            (WaitsOn::Requester, s.say("the customer", "客户回复")),
            (WaitsOn::Vendor, s.say("a third party", "第三方")),
            (WaitsOn::Approval, s.say("an approval", "审批")),
        ];
        let open = self.open().count();
        for (who, word) in words {
            let list: Vec<_> = self.open().filter(|t| t.waits_on == who).collect();
            let longest = list.iter().map(|t| t.state_since).min().map_or_else(|| "·".into(), |t| self.age(t));
            table.row([word.to_string(), list.len().to_string(), longest, bar(list.len() as u64, open as u64, 30)]);
        }
        table.render(s)
    }

    /// Shares of each party in the time from creation to now, per group that has a ticket now: exact sums of the tickets' ledgers.
    fn time(&self) -> String {
        use ticketry::sla::{Party, ledger};
        let s = self.style;
        let playbook = &self.world.playbook;
        let mut rows: BTreeMap<String, ([i64; 5], u64)> = BTreeMap::new();
        for t in self.tickets {
            let Some(l) = self.journals.get(&t.id).and_then(|j| ledger(j, playbook.calendars(), playbook.schema(), self.now)) else {
                continue;
            };
            for name in [self.group(t), s.say("all", "合计").to_string()] {
                let (sums, n) = rows.entry(name).or_default();
                *n += 1;
                for (sum, party) in sums.iter_mut().zip(Party::ALL) {
                    *sum += l.party(party);
                }
            }
        }
        let heads = [s.say("group", "处理组"), s.say("tickets", "工单"), s.say("mean time", "平均历时")];
        let parties: Vec<Text> = Party::ALL[..4].iter().map(|p| p.label()).collect();
        let heads: Vec<&str> = heads.into_iter().chain(parties.iter().map(|p| self.label(p))).collect();
        let mut table = Table::new(&heads);
        for (name, (sums, n)) in rows {
            let live: i64 = sums[..4].iter().sum();
            let mean = live.checked_div(i64::try_from(n).unwrap_or(1)).unwrap_or(0);
            let shares = sums[..4].iter().map(|us| (us * 100).checked_div(live).map_or_else(|| "-".into(), |p| format!("{p} %")));
            table.row([name, n.to_string(), self.span(TimeDelta::microseconds(mean))].into_iter().chain(shares));
        }
        table.render(s)
    }

    /// Targets from history (S73), per policy and priority.
    fn proposed(&self) -> String {
        use ticketry::sla::{Goal, Proposing, cycles, propose};
        let playbook = &self.world.playbook;
        let all: Vec<_> = self.journals.values().flat_map(|j| cycles(j)).filter(|c| c.metric == *"resolution").collect();
        let how = Proposing { goal: Goal::percent(90), by_channel: false, by_policy: true, rounded: true };
        propose(&all, playbook.agreements(), how).render(self.style.lang, playbook.schema())
    }

    fn backlog(&self) -> String {
        let s = self.style;
        let edges = [4, 24, 72, 168, i64::MAX / 4_000_000_000];
        let heads = [
            s.say("group", "处理组"),
            s.say("<4 h", "<4 时"),
            s.say("<1 d", "<1 天"),
            s.say("<3 d", "<3 天"),
            s.say("<7 d", "<7 天"),
            s.say("older", "更久"),
            s.say("open", "未结"),
        ];
        let mut table = Table::new(&heads);
        let mut groups: BTreeMap<String, [usize; 5]> = BTreeMap::new();
        for t in self.open() {
            let hours = (self.now - t.created_at).num_hours();
            let slot = edges.iter().position(|e| hours < *e).unwrap_or(4);
            groups.entry(self.group(t)).or_default()[slot] += 1;
        }
        for (g, counts) in groups {
            let total: usize = counts.iter().sum();
            let cells = counts.iter().map(|n| if *n == 0 { "·".to_string() } else { n.to_string() });
            table.row(std::iter::once(g).chain(cells).chain([total.to_string()]));
        }
        table.render(s)
    }

    fn days(&self) -> String {
        let s = self.style;
        let local = |t: DateTime<Utc>| (t + TimeDelta::hours(8)).date_naive();
        let mut days: BTreeMap<chrono::NaiveDate, (u64, u64)> = BTreeMap::new();
        for t in self.tickets {
            days.entry(local(t.created_at)).or_default().0 += 1;
            if let Some(at) = t.resolved_at.filter(|_| t.class.is_final()) {
                days.entry(local(at)).or_default().1 += 1;
            }
        }
        let heads = [
            s.say("day", "日期"),
            s.say("arrived", "新增"),
            s.say("solved", "解决"),
            s.say("difference", "差额"),
            s.say("open at night", "日终未结"),
            "",
        ];
        let mut table = Table::new(&heads).left(&[5]);
        let office = self.world.playbook.calendars().default_calendar();
        let mut open = 0i64;
        let most = days.values().map(|d| d.0).max().unwrap_or(0);
        for (day, (arrived, solved)) in days {
            let difference = i64::try_from(arrived).unwrap_or(0) - i64::try_from(solved).unwrap_or(0);
            open += difference;
            let noon = crate::stream::beijing(day, 10, 0, 0);
            let closed = if office.is_open(noon) { String::new() } else { s.dim(s.say(" closed", " 休")) };
            let word = s.say("MonTueWedThuFriSatSun", "一二三四五六日");
            let n = chrono::Datelike::weekday(&day).num_days_from_monday() as usize;
            let weekday: String = match s.lang {
                ticketry::diagnostic::Lang::En => word.chars().skip(n * 3).take(3).collect(),
                ticketry::diagnostic::Lang::Zh => format!("周{}", word.chars().skip(n).take(1).collect::<String>()),
            };
            table.row([
                format!("{} {weekday}{closed}", day.format("%m-%d")),
                arrived.to_string(),
                solved.to_string(),
                format!("{difference:+}"),
                open.to_string(),
                bar(arrived, most, 40).trim_end_matches('·').to_string(),
            ]);
        }
        table.render(s)
    }

    fn priorities(&self) -> String {
        let s = self.style;
        let schema = self.world.playbook.schema();
        let mut table = Table::new(&[
            s.say("priority", "优先级"),
            s.say("open", "未结"),
            s.say("at risk", "预警"),
            s.say("overdue", "超时"),
            s.say("all", "全部"),
        ]);
        for level in schema.priority.levels.iter().rev() {
            let of_it = |t: &&Arc<Ticket>| t.priority.as_ref().is_some_and(|p| p.value == level.name);
            let open: Vec<_> = self.open().filter(of_it).collect();
            let count = |f: Flag| open.iter().filter(|t| flag(t) == f).count();
            let all = self.tickets.iter().filter(of_it).count();
            let (risk, over) = (count(Flag::AtRisk), count(Flag::Overdue));
            table.row([
                self.label(&level.label).to_string(),
                open.len().to_string(),
                if risk > 0 { s.amber(&risk.to_string()) } else { "·".into() },
                if over > 0 { s.red(&over.to_string()) } else { "·".into() },
                all.to_string(),
            ]);
        }
        table.render(s)
    }

    fn quality(&self) -> String {
        let s = self.style;
        let resolved: Vec<_> = self.tickets.iter().filter(|t| t.resolved_at.is_some() && t.class != StateClass::Cancelled).collect();
        let reopened = resolved.iter().filter(|t| t.reopenings > 0).count();
        let ratings: Vec<u64> = self.tickets.iter().filter_map(|t| t.rating.as_ref()).map(|r| u64::from(r.stars)).collect();
        let poor = ratings.iter().filter(|r| **r <= 2).count();
        let handed = self.tickets.iter().filter(|t| t.tags.contains("bounced")).count();
        let per_mille =
            |n: usize, of: usize| (n * 1000).checked_div(of).map_or_else(|| "-".to_string(), |p| format!("{}.{} %", p / 10, p % 10));
        let mean =
            if ratings.is_empty() { "-".to_string() } else { format!("{:.2}", ratings.iter().sum::<u64>() as f64 / ratings.len() as f64) };
        match s.lang {
            ticketry::diagnostic::Lang::En => format!(
                "  reopened {reopened} of {} solved ({}); rated {}: {mean} of 5 on average, {poor} poor; handed off too often: {handed}\n",
                resolved.len(),
                per_mille(reopened, resolved.len()),
                ratings.len(),
            ),
            ticketry::diagnostic::Lang::Zh => format!(
                "  已解决 {} 张，其中重开 {reopened} 张（{}）；评价 {} 次，平均 {mean} 星，差评 {poor} 次；转派过多 {handed} 张\n",
                resolved.len(),
                per_mille(reopened, resolved.len()),
                ratings.len(),
            ),
        }
    }

    fn next(&self) -> String {
        let s = self.style;
        let mut all: Vec<(DateTime<Utc>, u64, String, &Arc<Ticket>)> = Vec::new();
        for t in self.tickets {
            let mut add = |at: DateTime<Utc>, what: String| all.push((at, t.number, what, t));
            for timer in &t.timers {
                let what = match &timer.kind {
                    TimerKind::Transition(n) => {
                        let w = self.workflow(t);
                        let label =
                            w.and_then(|w| w.transition(&t.state, n)).map_or_else(|| n.to_string(), |x| self.label(&x.label).to_string());
                        format!("{}: {label}", s.say("by itself", "自动流转"))
                    }
                    TimerKind::Rule(r) | TimerKind::Every(r, _) | TimerKind::BeforeDue(r, _) => format!("{} {r}", s.say("rule", "规则")),
                    _ => continue,
                };
                add(timer.at, what);
            }
            if let Some(at) = t.limit.filter(|_| !t.limit_passed) {
                add(at, s.say("longer in its state than allowed", "超过状态时限").to_string());
            }
            for c in &t.clocks {
                let metric = match (c.id.metric.as_str(), s.lang) {
                    ("first_response", ticketry::diagnostic::Lang::Zh) => "首次响应",
                    ("next_response", ticketry::diagnostic::Lang::Zh) => "后续响应",
                    ("resolution", ticketry::diagnostic::Lang::Zh) => "解决",
                    ("first_response", _) => "first response",
                    ("next_response", _) => "next response",
                    (other, _) => other,
                };
                if let Some(due) = c.due.filter(|_| c.breached_at.is_none()) {
                    add(due, s.red(&format!("{metric}{}", s.say(" is breached", "超时"))));
                }
                if let Some(mark) = c.next_mark {
                    add(mark, s.amber(&format!("{metric}{}", s.say(": warning or escalation", "：预警或升级"))));
                }
            }
        }
        all.retain(|(at, ..)| *at >= self.now);
        all.sort_by(|a, b| (a.0, &a.2, a.1).cmp(&(b.0, &b.2, b.1)));
        // The same thing at the same instant is one line, with the first ticket as its example.
        let mut lines: Vec<(DateTime<Utc>, String, usize, &Arc<Ticket>)> = Vec::new();
        for (at, _, what, t) in all {
            match lines.last_mut() {
                Some((last, same, n, _)) if *last == at && *same == what => *n += 1,
                _ => lines.push((at, what, 1, t)),
            }
        }
        let heads = [s.say("when", "时间"), s.say("in", "还有"), s.say("what", "事项"), s.say("tickets", "工单"), s.say("first", "第一张")];
        let mut table = Table::new(&heads).left(&[2, 4]);
        for (at, what, n, t) in lines.into_iter().take(10) {
            table.row([self.clock(at), self.span(at - self.now), what, n.to_string(), format!("#{} {}", t.number, cut(&t.subject, 30))]);
        }
        table.render(s)
    }
}

/// Met, breached, unanswered, running: of the customer's agreement.
fn tally(tickets: &[&Arc<Ticket>], metric: &str) -> [u64; 4] {
    let mut n = [0u64; 4];
    for t in tickets {
        for c in t.closed_clocks.iter().filter(|c| c.id.agreement == Agreement::Customer && c.id.metric == *metric) {
            match c.outcome {
                Outcome::Met => n[0] += 1,
                Outcome::Breached => n[1] += 1,
                Outcome::Unanswered => n[2] += 1,
                Outcome::Cancelled => {}
            }
        }
        for c in t.clocks.iter().filter(|c| c.id.agreement == Agreement::Customer && c.id.metric == *metric) {
            n[if c.breached_at.is_some() { 1 } else { 3 }] += 1;
        }
    }
    n
}
