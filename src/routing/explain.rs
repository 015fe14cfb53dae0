//! Why someone was not chosen, and why nobody was, in words.

use super::{Candidate, Method, RouteDecision, Verdict};
use crate::calendar::zone_render;
use crate::diagnostic::{Lang, Text, text};
use crate::id::{CalendarName, SkillName, UtcInstant};

/// Why an agent of the group cannot get the ticket (S33, S36).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exclusion {
    /// Every optional skill has expired, and the queue then gives the ticket to nobody by itself (S31).
    LadderExhausted,
    /// A skill asked for is missing or too low.
    LacksSkill {
        /// The skill.
        skill: SkillName,
        /// The least level asked for.
        level: u8,
        /// The agent's; 0 for none.
        has: u8,
    },
    /// Away.
    Absent {
        /// First instant back, if known.
        until: Option<UtcInstant>,
    },
    /// Not working now.
    OutsideShift {
        /// When the shift opens again, if ever.
        opens: Option<UtcInstant>,
    },
    /// Too little of the shift is left.
    ShiftEnding {
        /// When it ends.
        ends: UtcInstant,
        /// When the next one begins, if ever.
        opens: Option<UtcInstant>,
    },
    /// The shift's calendar does not exist.
    NoCalendar(CalendarName),
    /// The free slots do not hold the ticket.
    AtCapacity {
        /// Slots held, or lost to others in this decision.
        held: u32,
        /// The capacity.
        capacity: u16,
        /// Slots the ticket takes.
        weight: u16,
    },
    /// The agent declined it or let an offer lapse (S35).
    Declined,
}

impl Exclusion {
    /// Stable codes, in the order in which they are tried; each is reported only if none before it holds.
    pub const CODES: [&'static str; 8] =
        ["ladder-exhausted", "lacks-skill", "absent", "no-calendar", "outside-shift", "shift-ending", "at-capacity", "declined"];
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::LadderExhausted => "ladder-exhausted",
            Self::LacksSkill { .. } => "lacks-skill",
            Self::Absent { .. } => "absent",
            Self::NoCalendar(_) => "no-calendar",
            Self::OutsideShift { .. } => "outside-shift",
            Self::ShiftEnding { .. } => "shift-ending",
            Self::AtCapacity { .. } => "at-capacity",
            Self::Declined => "declined",
        }
    }
    pub(super) fn index(&self) -> usize {
        let code = self.code();
        Self::CODES.iter().position(|c| *c == code).unwrap_or(0)
    }
    /// In words, instants in `zone` (an IANA name) or UTC.
    pub fn text(&self, zone: Option<&str>) -> Text {
        match self {
            Self::LadderExhausted => text("all optional skills have expired; a person assigns", "可选技能均已失效，需人工分派"),
            Self::LacksSkill { skill, level, has: 0 } => text(format!("lacks skill {skill}≥{level}"), format!("缺少技能 {skill}≥{level}")),
            Self::LacksSkill { skill, level, has } => {
                text(format!("lacks skill {skill}≥{level} (has {has})"), format!("技能 {skill} 级别不足：需 {level}，现 {has}"))
            }
            Self::Absent { until: Some(t) } => text(format!("absent until {}", when(*t, zone)), format!("缺勤至 {}", when(*t, zone))),
            Self::Absent { until: None } => text("absent", "缺勤"),
            Self::NoCalendar(c) => text(format!("the shift calendar {c} does not exist"), format!("班次日历 {c} 不存在")),
            Self::OutsideShift { opens: Some(t) } => {
                text(format!("outside shift until {}", when(*t, zone)), format!("不在班次内，{} 上班", when(*t, zone)))
            }
            Self::OutsideShift { opens: None } => text("outside shift", "不在班次内"),
            Self::ShiftEnding { ends, .. } => text(
                format!("too little of the shift left, ends {}", when(*ends, zone)),
                format!("班次剩余时间不足，{} 下班", when(*ends, zone)),
            ),
            Self::AtCapacity { held, capacity, weight: 1 } => {
                text(format!("at capacity ({held}/{capacity})"), format!("已达容量上限（{held}/{capacity}）"))
            }
            Self::AtCapacity { held, capacity, weight } => text(
                format!("at capacity ({held}/{capacity}, the ticket takes {weight})"),
                format!("容量不足（{held}/{capacity}，工单占 {weight}）"),
            ),
            Self::Declined => text("declined", "已拒绝"),
        }
    }
}

/// Why nobody got the ticket (S34): how far the nearest candidate came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoAgent {
    /// The group has no agents.
    EmptyGroup,
    /// Every optional skill has expired and the queue leaves the rest to people.
    LadderExhausted,
    /// Nobody has the skills asked for.
    NoSkill,
    /// Those who have are away.
    AllAbsent,
    /// Those who are not away are outside their shifts, or these end too soon.
    OffShift,
    /// Those who work have no slots left.
    AtCapacity,
    /// Those who could declined.
    Declined,
    /// The host's strategy chose none of those who are eligible.
    StrategyDeclined,
}

impl NoAgent {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::EmptyGroup => "empty-group",
            Self::LadderExhausted => "ladder-exhausted",
            Self::NoSkill => "no-skill",
            Self::AllAbsent => "all-absent",
            Self::OffShift => "off-shift",
            Self::AtCapacity => "at-capacity",
            Self::Declined => "declined",
            Self::StrategyDeclined => "strategy-declined",
        }
    }
    /// In words.
    pub fn text(self) -> Text {
        match self {
            Self::EmptyGroup => text("the group has no agents", "处理组没有坐席"),
            Self::LadderExhausted => text("all optional skills have expired; a person assigns", "可选技能均已失效，需人工分派"),
            Self::NoSkill => text("nobody in the group has the skills asked for", "组内无人具备所需技能"),
            Self::AllAbsent => text("everyone with the skills is absent", "具备技能的坐席均缺勤"),
            Self::OffShift => text("nobody with the skills is on shift long enough", "具备技能的坐席均不在班次内或班次即将结束"),
            Self::AtCapacity => text("everyone on shift is at capacity", "在班坐席均已达容量上限"),
            Self::Declined => text("everyone who could take it declined", "可接单的坐席均已拒绝"),
            Self::StrategyDeclined => text("the host's strategy chose nobody", "宿主策略未选择任何人"),
        }
    }
    /// The reason that matches the furthest exclusion.
    pub(super) fn furthest(index: Option<usize>) -> Self {
        match index.and_then(|i| Exclusion::CODES.get(i)).copied() {
            None => Self::EmptyGroup,
            Some("ladder-exhausted") => Self::LadderExhausted,
            Some("lacks-skill") => Self::NoSkill,
            Some("absent") => Self::AllAbsent,
            Some("at-capacity") => Self::AtCapacity,
            Some("declined") => Self::Declined,
            Some(_) => Self::OffShift,
        }
    }
}

pub(super) fn when(t: UtcInstant, zone: Option<&str>) -> String {
    zone.and_then(|z| zone_render(z, t).ok()).unwrap_or_else(|| t.format("%Y-%m-%d %H:%M UTC").to_string())
}

impl Method {
    /// Why the winner won, in words.
    fn because(self, c: &Candidate, zone: Option<&str>) -> Text {
        let s = &c.standing;
        let (free, all) = (s.spare(), s.capacity);
        let idle = s.last_assigned.map_or_else(
            || text("never assigned yet", "尚未分派过"),
            |t| text(format!("last assigned {}", when(t, zone)), format!("上次分派于 {}", when(t, zone))),
        );
        match self {
            Self::LeastLoaded => text(format!("most free slots ({free} of {all})"), format!("空闲名额最多（{free}/{all}）")),
            Self::Percent => text(format!("largest free share ({free} of {all})"), format!("空闲比例最大（{free}/{all}）")),
            Self::RoundRobin => text(format!("longest since an assignment: {}", idle.en), format!("等待分派最久：{}", idle.zh)),
            Self::SkillFirst => text(
                format!("best skills ({} points, {free} of {all} slots free)", s.skill),
                format!("技能最匹配（{} 分，空闲 {free}/{all}）", s.skill),
            ),
        }
    }
}

impl RouteDecision {
    /// The whole decision, one line a candidate if it was made with `explain`; instants in `zone` (an IANA name) or UTC.
    pub fn render(&self, lang: Lang, zone: Option<&str>) -> String {
        let group = &self.group;
        let mut lines = Vec::new();
        match (&self.winner, self.none) {
            (Some(w), _) => {
                let chosen = self.candidates.iter().find(|c| c.verdict == Verdict::Chosen);
                let because = match chosen {
                    Some(c) if !self.by_host => Some(self.method.because(c, zone)),
                    Some(_) => Some(text("the host's strategy", "宿主策略")),
                    None => None,
                };
                let slots = w.slots.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
                let reason = because.map(|b| b.get(lang).to_string());
                lines.push(match (lang, reason) {
                    (Lang::En, Some(r)) => format!("{group}: chosen {} because {r}; slots {slots}", w.agent),
                    (Lang::En, None) => format!("{group}: chosen {}; slots {slots}", w.agent),
                    (Lang::Zh, Some(r)) => format!("{group}：分派给 {}，因为{r}；名额 {slots}", w.agent),
                    (Lang::Zh, None) => format!("{group}：分派给 {}；名额 {slots}", w.agent),
                });
            }
            (None, none) => {
                let why = none.unwrap_or(NoAgent::EmptyGroup).text();
                lines.push(match lang {
                    Lang::En => format!("{group}: nobody chosen: {}", why.en),
                    Lang::Zh => format!("{group}：未分派：{}", why.zh),
                });
            }
        }
        if self.rungs > 0 {
            lines.push(match lang {
                Lang::En => format!("  optional skills: {} of {} levels expired", self.rung, self.rungs),
                Lang::Zh => format!("  可选技能：共 {} 层，已失效 {} 层", self.rungs, self.rung),
            });
        }
        for c in &self.candidates {
            let s = &c.standing;
            let line = match (&c.verdict, lang) {
                (Verdict::Chosen, _) => continue,
                (Verdict::Eligible, Lang::En) => {
                    format!("  eligible {}: {} of {} slots free, skill {}", c.agent, s.spare(), s.capacity, s.skill)
                }
                (Verdict::Eligible, Lang::Zh) => format!("  可选 {}：空闲 {}/{}，技能 {} 分", c.agent, s.spare(), s.capacity, s.skill),
                (Verdict::Excluded(e), Lang::En) => format!("  excluded {}: {}", c.agent, e.text(zone).en),
                (Verdict::Excluded(e), Lang::Zh) => format!("  排除 {}：{}", c.agent, e.text(zone).zh),
            };
            lines.push(line);
        }
        if let Some(t) = self.retry_at {
            lines.push(match lang {
                Lang::En => format!("  may change by itself at {}", when(t, zone)),
                Lang::Zh => format!("  {} 起情况可能变化", when(t, zone)),
            });
        }
        lines.join("\n")
    }
}
