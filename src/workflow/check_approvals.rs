//! What can be wrong with an approval.

use super::ACTOR_WORDS;
use super::approvals::{ApprovalDefinition, ApprovalRule, Approver, StageDefinition};
use super::check::Check;
use super::check_moves::written;
use super::places::Part;
use crate::condition::reading::{bad_name, unknown};
use crate::condition::{Condition, Scripts, attribute_missing, group_missing, role_missing, template_missing};
use crate::diagnostic::{Place, text};
use crate::id::*;
use crate::ticket::{Action, Approval, Exclusion, OnExpiry};
use std::collections::BTreeSet;

impl Check<'_> {
    /// The approvals, and every name of one.
    pub(super) fn approvals(&mut self, scripts: &dyn Scripts) -> Vec<ApprovalRule> {
        let d = self.d;
        if self.many(d.approvals.len(), Approval::MOST, Part::Approval(0), "", 0) {
            return Vec::new();
        }
        let mut out = Vec::new();
        for (i, a) in d.approvals.iter().enumerate() {
            let part = Part::Approval(i);
            let name = &a.name;
            self.bad.extend(bad_name(name.as_str(), self.places.of(part)));
            if d.approvals.iter().take(i).any(|o| o.name == *name) {
                self.error_help(
                    "duplicate-approval",
                    text(format!("the approval `{name}` is declared twice"), format!("审批 `{name}` 重复声明")),
                    self.places.of(part),
                    text("remove or rename one of the two", "请删除其中一个或改名"),
                );
            }
            self.names_of(part, a);
            self.stages(part, a);
            self.protected(part, a);
            let when = a.when.as_ref().and_then(|f| match f.check(self.schema, scripts, &self.places.at(part, "when", 0)) {
                Ok(c) => Some(c),
                Err(d) => {
                    self.bad.extend(d);
                    None
                }
            });
            if let Some(c) = &when {
                self.when(part, a, c);
            }
            let approvers = |(n, s): (usize, &StageDefinition)| {
                let first = first_of(n);
                (0..s.approvers.len()).map(|k| self.places.at(part, "approvers", first.saturating_add(k))).collect()
            };
            let places = a.stages.iter().enumerate().map(approvers).collect();
            out.push(ApprovalRule { definition: a.clone(), when, places });
        }
        for (i, t) in d.transitions.iter().enumerate() {
            for (n, action) in t.after.iter().enumerate() {
                // One that no workflow has is said by the check of actions.
                if let Action::RequestApproval(name) = action
                    && self.schema.approvals.contains(name)
                    && !d.approvals.iter().any(|a| a.name == *name)
                {
                    let known = d.approvals.iter().map(|a| a.name.as_str());
                    let place = self.places.at(Part::Transition(i), "after", n);
                    self.bad.push(unknown("unknown-approval", ("approval", "审批"), name.as_str(), known, place));
                }
            }
        }
        out
    }

    /// A condition that never or always holds.
    fn when(&mut self, part: Part, a: &ApprovalDefinition, when: &Condition) {
        let (known, name, said) = (self.known(), &a.name, written(a.when.as_ref(), when));
        let place = self.places.at(part, "when", 0);
        if known.never(when.expr()) {
            self.warn_help(
                "condition-never",
                text(
                    format!("no ticket ever needs `{name}`: its `when` can never hold{}", said.en),
                    format!("任何工单都不需要审批 `{name}`：when 不可能成立{}", said.zh),
                ),
                place,
                text("mend `when`, or remove the approval", "请修改 when，或删除该审批"),
            );
        } else if known.always(when.expr()) {
            self.warn_help(
                "condition-always",
                text(
                    format!("every ticket needs `{name}`: its `when` always holds{}", said.en),
                    format!("所有工单都需要审批 `{name}`：when 总是成立{}", said.zh),
                ),
                place,
                text("leave `when` out, or mend it", "请省略 when，或修改"),
            );
        }
    }

    fn many(&mut self, n: usize, most: usize, part: Part, key: &'static str, index: usize) -> bool {
        if n > most {
            let message = text(format!("{n} where at most {most} fit"), format!("共 {n} 个，最多 {most} 个"));
            self.error("too-many", message, self.places.at(part, key, index));
        }
        n > most
    }

    fn names_of(&mut self, part: Part, a: &ApprovalDefinition) {
        for (key, n) in [("exclude", a.exclude.len()), ("covers", a.covers.len()), ("override", a.override_by.len())] {
            self.many(n, Approval::NAMED, part, key, 0);
        }
        for (n, e) in a.exclude.iter().enumerate() {
            if let Exclusion::Role(r) = e {
                self.bad.extend(role_missing(self.schema, r.as_str(), &[], self.places.at(part, "exclude", n)));
            }
        }
        for (n, c) in a.covers.iter().enumerate() {
            self.bad.extend(attribute_missing(self.schema, c, self.places.at(part, "covers", n)));
        }
        for (n, r) in a.override_by.iter().enumerate() {
            self.bad.extend(role_missing(self.schema, r.as_str(), &ACTOR_WORDS, self.places.at(part, "override", n)));
        }
        if let Some(c) = a.calendar.as_ref().filter(|c| !self.schema.calendars.contains(*c)) {
            let known = self.schema.calendars.iter().map(CalendarName::as_str);
            self.bad.push(unknown("unknown-calendar", ("calendar", "日历"), c.as_str(), known, self.places.at(part, "calendar", 0)));
        }
        if let Some(t) = &a.notify {
            self.bad.extend(template_missing(self.schema, t, self.places.at(part, "notify", 0)));
        }
        for (key, to) in [("granted", &a.granted), ("declined", &a.declined)] {
            let Some(to) = to else { continue };
            if !self.named.contains_key(to) && !self.unnamed {
                let known = self.named.keys().map(|n| n.as_str());
                self.bad.push(unknown("unknown-transition", ("transition", "流转"), to.as_str(), known, self.places.at(part, key, 0)));
            }
        }
    }

    /// The states it protects: known, not where a ticket begins, and reached by what it says to do once granted.
    fn protected(&mut self, part: Part, a: &ApprovalDefinition) {
        let name = &a.name;
        let mut sure = !self.places.unsure(part, "protects");
        for (n, s) in a.protects.iter().enumerate() {
            let place = self.places.at(part, "protects", n);
            if !self.index.contains_key(s) {
                sure = false;
                self.unknown_state("unknown-state", s, place);
            } else if self.d.initial.contains(s) {
                self.error_help(
                    "protected-initial",
                    text(
                        format!("a ticket begins in `{s}`, so `{name}` cannot protect it"),
                        format!("工单从 `{s}` 开始，`{name}` 无法保护该状态"),
                    ),
                    place,
                    text("protect the state that comes after the approval", "请保护审批之后的状态"),
                );
            }
        }
        if a.protects.is_empty() && sure && a.granted.is_none() && a.declined.is_none() {
            self.warn_help(
                "approval-without-effect",
                text(format!("nothing in the workflow depends on `{name}`"), format!("工作流中没有任何内容依赖审批 `{name}`")),
                self.places.of(part),
                text("add protects = [\"…\"] with the states it is needed for", "请添加 protects = [\"…\"]"),
            );
        }
        let Some(granted) = a.granted.as_ref().filter(|_| sure && !a.protects.is_empty()) else { return };
        let Some(of_name) = self.named.get(granted).filter(|v| !v.is_empty()) else { return };
        let doubt = of_name.iter().any(|i| self.places.unsure(Part::Transition(*i), "to"));
        let target = |i: &usize| self.d.transitions.get(*i).and_then(|t| t.to.as_ref());
        if !doubt && !of_name.iter().any(|i| target(i).is_some_and(|to| a.protects.contains(to))) {
            let to = of_name.iter().filter_map(target).map(|s| format!("`{s}`")).collect::<Vec<_>>().join(", ");
            let help = if to.is_empty() {
                text(format!("`{granted}` stays in the state it is taken in"), format!("`{granted}` 停留在原状态"))
            } else {
                text(format!("`{granted}` leads to {to}"), format!("`{granted}` 通向 {to}"))
            };
            let states = a.protects.iter().map(|s| format!("`{s}`")).collect::<Vec<_>>().join(", ");
            self.warn_help(
                "granted-elsewhere",
                text(
                    format!("granted, `{name}` takes `{granted}`, which does not lead to what it protects ({states})"),
                    format!("`{name}` 通过后执行 `{granted}`，但它不通向所保护的状态（{states}）"),
                ),
                self.places.at(part, "granted", 0),
                help,
            );
        }
    }

    fn stages(&mut self, part: Part, a: &ApprovalDefinition) {
        let name = &a.name;
        if self.many(a.stages.len(), Approval::STAGES, part, "stages", 0) {
            return;
        }
        if a.stages.is_empty() && !self.places.unsure(part, "stages") {
            self.error_help(
                "no-stages",
                text(format!("`{name}` asks nobody"), format!("审批 `{name}` 没有审批人")),
                self.places.at(part, "stages", 0),
                text("add stages = [{ approvers = [\"lead\"] }]", "请添加 stages = [{ approvers = [\"lead\"] }]"),
            );
        }
        for (n, s) in a.stages.iter().enumerate() {
            let first = first_of(n);
            for (key, list) in [("approvers", &s.approvers), ("escalate_to", &s.escalate_to)] {
                self.many(list.len(), Approval::NAMED, part, key, first);
                for (k, who) in list.iter().enumerate() {
                    let place = self.places.at(part, key, first.saturating_add(k));
                    match who {
                        Approver::Role(r) => self.bad.extend(role_missing(self.schema, r.as_str(), &["agent"], place)),
                        Approver::Group(g) => self.bad.extend(group_missing(self.schema, g.as_str(), place)),
                        Approver::Lead | Approver::Manager | Approver::Agent(_) => {}
                    }
                }
            }
            self.twice(part, a, n, s);
            let doubt = ["approvers", "quorum", "exclude"].iter().any(|k| self.places.unsure(part, k));
            if !doubt {
                self.reachable(a, s, self.places.at(part, "quorum", n));
            }
            self.expiry(part, a, n, s);
        }
    }

    /// Those who are named twice.
    fn twice(&mut self, part: Part, a: &ApprovalDefinition, n: usize, s: &StageDefinition) {
        let (name, first) = (&a.name, first_of(n));
        for (k, who) in s.approvers.iter().enumerate() {
            if s.approvers.iter().take(k).any(|w| w == who) {
                self.warn_help(
                    "duplicate-approver",
                    text(
                        format!("a stage of `{name}` names the same approver twice"),
                        format!("审批 `{name}` 的一个阶段重复指定同一审批人"),
                    ),
                    self.places.at(part, "approvers", first.saturating_add(k)),
                    text("each has one vote; remove one of the two", "每人只有一票；请删除其中一个"),
                );
            }
        }
    }

    /// Where only single persons are named, how many there can be is known: fewer than must approve can never grant it.
    fn reachable(&mut self, a: &ApprovalDefinition, s: &StageDefinition, place: Place) {
        let name = &a.name;
        if s.approvers.is_empty() {
            self.error_help(
                "no-approvers",
                text(format!("a stage of `{name}` names nobody who could approve"), format!("审批 `{name}` 的一个阶段没有审批人")),
                place,
                text("add approvers = [\"lead\"], or remove the stage", "请添加 approvers = [\"lead\"]，或删除该阶段"),
            );
            return;
        }
        // Who has a role that may not vote is left out of the very same group of people.
        let excluded = |w: &&Approver| match w {
            Approver::Agent(x) => a.exclude.contains(&Exclusion::Agent(x.clone())),
            Approver::Role(r) => a.exclude.contains(&Exclusion::Role(r.clone())),
            _ => false,
        };
        let left = || s.approvers.iter().filter(|w| !excluded(w));
        let persons: BTreeSet<String> = left().map(|w| format!("{w:?}")).collect();
        let most = if left().all(Approver::is_one) { persons.len() } else { Approval::VOTERS };
        let needs = s.quorum.at_least();
        let can = most.min(Approval::VOTERS);
        if can < needs {
            self.error_help(
                "approval-nobody-can-give",
                text(
                    format!("a stage of `{name}` needs {needs} to approve, but at most {can} may"),
                    format!("审批 `{name}` 的一个阶段需要 {needs} 人同意，但最多只有 {can} 人可以投票"),
                ),
                place,
                text("lower `quorum`, or name more approvers", "请降低 quorum，或增加审批人"),
            );
        }
    }

    fn expiry(&mut self, part: Part, a: &ApprovalDefinition, n: usize, s: &StageDefinition) {
        let name = &a.name;
        if s.within.is_some_and(|w| w.is_zero()) {
            self.error_help(
                "zero-span",
                text(format!("a stage of `{name}` would be over as soon as it opens"), format!("审批 `{name}` 的一个阶段一打开就已到期")),
                self.places.at(part, "within", n),
                text("leave `within` out for none", "不限时请省略 within"),
            );
        }
        let place = self.places.at(part, "on_expiry", n);
        if self.places.unsure(part, "on_expiry") || self.places.unsure(part, "stages") {
            return;
        }
        if s.within.is_none() && s.on_expiry != OnExpiry::Decline {
            self.error_help(
                "expiry-without-time",
                text(
                    format!("a stage of `{name}` says what happens when its time runs out, but not when that is"),
                    format!("审批 `{name}` 的一个阶段写了超时处理，但没有时限"),
                ),
                place.clone(),
                text("add within = \"8bh\"", "请添加 within = \"8bh\""),
            );
        }
        let decides_later = a.stages.iter().skip(n.saturating_add(1)).any(|s| !s.quorum.informs());
        if s.on_expiry == OnExpiry::Next && !decides_later {
            self.error_help(
                "no-next-stage",
                text(
                    format!("no stage of `{name}` decides after this one, so running out of time would grant it"),
                    format!("审批 `{name}` 在此阶段之后没有可决定的阶段，超时会直接通过"),
                ),
                place,
                text("write on_expiry = \"decline\" or \"escalate\"", "请写 on_expiry = \"decline\" 或 \"escalate\""),
            );
        }
        if !s.escalate_to.is_empty() && s.on_expiry != OnExpiry::Escalate {
            self.warn_help(
                "escalate-without-effect",
                text(
                    format!("a stage of `{name}` never escalates, so `escalate_to` says nothing"),
                    format!("审批 `{name}` 的一个阶段不会升级，escalate_to 不起作用"),
                ),
                self.places.at(part, "escalate_to", first_of(n)),
                text("write on_expiry = \"escalate\", or remove it", "请写 on_expiry = \"escalate\"，或删除"),
            );
        }
    }
}

/// Where the list of a stage begins among the places of all its approval's stages.
fn first_of(stage: usize) -> usize {
    stage.saturating_mul(64)
}
