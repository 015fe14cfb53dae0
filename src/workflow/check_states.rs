//! What can be wrong with a state.

use super::COLOURS;
use super::check::Check;
use super::check_moves::waits_on;
use super::compiled::State;
use super::definition::{Responsible, StateDefinition};
use super::machine::Exits;
use super::places::Part;
use crate::condition::reading::unknown;
use crate::condition::role_missing;
use crate::diagnostic::{Place, did_you_mean, text};
use crate::id::*;
use crate::ticket::{StateClass, WaitsOn};

impl Check<'_> {
    pub(super) fn state(&mut self, i: usize, s: &StateDefinition, exits: &[Exits]) -> State {
        let part = Part::State(i);
        let place = |key| self.places.at(part, key, 0);
        let name = &s.name;
        let sure = !self.places.unsure(part, "class");
        if let Some(c) = &s.colour {
            let at = place("colour");
            self.colour(c, at);
        }
        if let Some(limit) = s.limit.filter(crate::calendar::Span::is_zero) {
            self.error_help(
                "zero-span",
                text(
                    format!("the limit of `{name}` is {limit}, over as soon as it begins"),
                    format!("`{name}` 的时限为 {limit}，一开始就已超时"),
                ),
                place("limit"),
                text("leave `limit` out for no limit", "不限时请省略 limit"),
            );
        }
        if let Some(c) = s.calendar.as_ref().filter(|c| !self.schema.calendars.contains(*c)) {
            let known = self.schema.calendars.iter().map(CalendarName::as_str);
            self.bad.push(unknown("unknown-calendar", ("calendar", "日历"), c.as_str(), known, place("calendar")));
        }
        match &s.responsible {
            Some(Responsible::Role(r)) => self.bad.extend(role_missing(self.schema, r.as_str(), &[], place("responsible"))),
            Some(_) => {}
            None if sure && !s.class.is_final() && !self.places.unsure(part, "responsible") => self.error_help(
                "nobody-responsible",
                text(format!("nobody is responsible for a ticket in `{name}`"), format!("状态 `{name}` 没有责任人")),
                place(""),
                text(
                    "add responsible = \"group\", \"assignee\", \"requester\", \"vendor\" or \"role:NAME\"",
                    "请添加 responsible = \"group\"、\"assignee\"、\"requester\"、\"vendor\" 或 \"role:NAME\"",
                ),
            ),
            None => {}
        }
        let waits_on = waits_on(s);
        let waiting = waits_on == WaitsOn::Requester && !self.places.unsure(part, "waits_on");
        self.reply(i, s, waiting, exits);
        if s.holds_slots == Some(true) && s.class.is_final() && sure {
            self.error_help(
                "slots-in-final",
                text(
                    format!("`{name}` is final, so a ticket in it holds no slots of anybody"),
                    format!("`{name}` 是终结状态，其中的工单不占用容量"),
                ),
                place("holds_slots"),
                text("remove holds_slots", "请删除 holds_slots"),
            );
        }
        self.strict(i, s, exits);
        State {
            name: name.clone(),
            class: s.class,
            waits_on,
            label: self.label(s.label.as_ref(), part, ("state", "状态"), name.as_str()),
            colour: s.colour.clone().unwrap_or_else(|| s.class.colour().to_string()),
            responsible: s.responsible.clone(),
            limit: s.limit,
            calendar: s.calendar.clone(),
            on_requester_reply: s.on_requester_reply.clone(),
            holds_slots: s.holds_slots.unwrap_or(matches!(s.class, StateClass::New | StateClass::Open)),
            checklist: s.checklist.clone(),
            strict: s.strict.clone(),
            tasks: s.tasks.clone(),
        }
    }

    /// What a requester's message does (S78).
    fn reply(&mut self, i: usize, s: &StateDefinition, waiting: bool, exits: &[Exits]) {
        let part = Part::State(i);
        let place = self.places.at(part, "on_requester_reply", 0);
        let name = &s.name;
        let Some(reply) = &s.on_requester_reply else {
            if waiting {
                // Where the file does not say so, the class does.
                let (because, because_zh) = match s.waits_on {
                    Some(_) => ("", ""),
                    None => (
                        ", as every state of class pending does that does not say `waits_on`",
                        "（类别为 pending 且未写 waits_on 时即如此）",
                    ),
                };
                self.error_help(
                    "no-reply-transition",
                    text(
                        format!("`{name}` waits on the requester{because}, but no transition is taken when he answers"),
                        format!("`{name}` 等待请求人{because_zh}，但未指定其回复后的流转"),
                    ),
                    place,
                    text(
                        "add on_requester_reply = \"…\" with a transition that leaves it, or say another waits_on",
                        "请添加 on_requester_reply = \"…\"（从该状态出发的流转），或改写 waits_on",
                    ),
                );
            }
            return;
        };
        for t in self.meant(exits, i, reply, place.clone()) {
            let Some(d) = self.d.transitions.get(t) else { continue };
            if !d.required.is_empty() {
                let needs = d.required.iter().map(|a| format!("`{}`", a.name())).collect::<Vec<_>>().join(", ");
                self.error_help(
                    "reply-needs-input",
                    text(
                        format!("`{reply}` needs {needs}, which a requester's message does not bring"),
                        format!("`{reply}` 需要 {needs}，请求人的消息无法提供"),
                    ),
                    place.clone(),
                    text("name a transition without required fields", "请指定没有必填字段的流转"),
                );
            }
            let to = self.to.get(t).copied().flatten();
            let still = match (&d.to, to) {
                (None, _) => !self.places.unsure(Part::Transition(t), "to"),
                (Some(_), Some(to)) => {
                    !self.places.unsure(Part::State(to), "waits_on")
                        && self.d.states.get(to).is_some_and(|s| waits_on(s) == WaitsOn::Requester)
                }
                (Some(_), None) => false,
            };
            if waiting && still {
                self.error_help(
                    "reply-keeps-waiting",
                    text(
                        format!("after `{reply}` the ticket still waits on the requester, who has just answered"),
                        format!("执行 `{reply}` 后仍在等待请求人，而请求人刚刚已回复"),
                    ),
                    place.clone(),
                    text("name a transition to a state that waits on somebody else", "请指定通往不等待请求人的状态的流转"),
                );
            }
        }
    }

    fn colour(&mut self, colour: &str, place: Place) {
        let hex = colour.strip_prefix('#').is_some_and(|h| h.len() == 6 && h.bytes().all(|b| b.is_ascii_hexdigit()));
        if matches!(colour, "amber" | "red") {
            self.warn_help(
                "flag-colour",
                text(
                    format!("{colour} is the colour of a flag (at risk, overdue), so a state in it misleads"),
                    format!("{colour} 是预警/超时标记的颜色，用于状态会造成误解"),
                ),
                place,
                text("take another colour", "请换一种颜色"),
            );
        } else if !hex && !COLOURS.contains(&colour) {
            let all = COLOURS.join(", ");
            let help = did_you_mean(colour, COLOURS)
                .unwrap_or_else(|| text(format!("write #rrggbb or one of {all}"), format!("请写 #rrggbb 或其中之一：{all}")));
            self.error_help("bad-colour", text(format!("`{colour}` is no colour"), format!("`{colour}` 不是颜色")), place, help);
        }
    }
}
