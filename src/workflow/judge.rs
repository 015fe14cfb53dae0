//! Whether a transition may be taken, and if not, everything that stands against it.
//!
//! [`Workflow::take`] and [`Workflow::available`] ask one function, so they always agree. Nothing is allocated unless something blocks.

use super::compiled::{Transition, Workflow};
use super::demand::Validator;
use crate::condition::{Path, View};
use crate::diagnostic::{Lang, Text, did_you_mean, text};
use crate::id::{StateName, TransitionName};
use crate::ticket::{Actor, Attribute, Ticket};

/// One thing that stands against a transition (S2).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Blocker {
    /// Stable code, one of [`Blocker::CODES`].
    pub code: &'static str,
    /// What to say.
    pub message: Text,
    /// The attribute that is missing or wrong, for `required` and `check`.
    pub field: Option<Attribute>,
    /// The item of the state's checklist, from 0, for `checklist`.
    pub item: Option<u16>,
}

impl Blocker {
    /// All codes, in the order they are listed: `guard` (it does not hold), `guard-fault` (it failed), `role`, `required`, `check` (a validator does not hold of what was
    /// given), `check-fault` (it failed), `checklist` (an item is not ticked), `comment`, `attachment`, `resolution`, `tasks-open`, `tasks-missing` (the transition waits for tasks), `children-open`, `blocked-by` (other
    /// tickets must end first, S13), `approval-missing` (it leads to a state that an approval protects, S12), `unknown-transition`, and last `not-from-state`.
    pub const CODES: [&'static str; 17] = [
        "guard",
        "guard-fault",
        "role",
        "required",
        "check",
        "check-fault",
        "checklist",
        "comment",
        "attachment",
        "resolution",
        "tasks-open",
        "tasks-missing",
        "children-open",
        "blocked-by",
        "approval-missing",
        "unknown-transition",
        "not-from-state",
    ];

    /// A code in few words, for a record that keeps codes only; none for one that is not among [`Blocker::CODES`].
    pub fn told(code: &str) -> Option<Text> {
        Some(match code {
            "guard" => text("its condition did not hold", "条件不满足"),
            "guard-fault" => text("its condition failed", "条件执行出错"),
            "role" => text("a role was lacking", "缺少角色"),
            "required" => text("required fields were empty", "必填字段为空"),
            "check" => text("a check did not hold", "校验未通过"),
            "check-fault" => text("a check failed", "校验执行出错"),
            "checklist" => text("the checklist was not ticked off", "检查清单未完成"),
            "comment" => text("a comment was lacking", "缺少说明"),
            "attachment" => text("an attachment was lacking", "缺少附件"),
            "resolution" => text("a resolution code was lacking", "缺少解决代码"),
            "tasks-open" => text("tasks were open", "有未完成的任务"),
            "tasks-missing" => text("tasks were not done", "任务未完成"),
            "children-open" => text("children were open", "有未结束的子工单"),
            "blocked-by" => text("another ticket blocked it", "被其他工单阻塞"),
            "approval-missing" => text("an approval was lacking", "缺少审批"),
            "unknown-transition" => text("there is no such transition", "没有此流转"),
            "not-from-state" => text("it does not leave the state", "当前状态没有此流转"),
            _ => return None,
        })
    }

    pub(super) fn new(code: &'static str, message: Text) -> Self {
        Self { code, message, field: None, item: None }
    }
    /// Whether the actor can remove it by giving what is missing with the transition: fields, ticks, a comment, an attachment, a resolution code.
    pub fn is_input(&self) -> bool {
        matches!(self.code, "required" | "check" | "check-fault" | "checklist" | "comment" | "attachment" | "resolution")
    }
}

/// A transition that leaves the ticket's state, and what stands against it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Offer<'w> {
    /// The transition; of alternatives the one that would be taken, or the first if none would.
    pub transition: &'w Transition,
    /// What stands against it; nothing: it may be taken as it is.
    pub blockers: Vec<Blocker>,
}

impl Offer<'_> {
    /// It may be taken as it is.
    pub fn is_open(&self) -> bool {
        self.blockers.is_empty()
    }
    /// It may be taken once fields or a comment are given: what a host draws a form for.
    pub fn needs_only_input(&self) -> bool {
        self.blockers.iter().all(Blocker::is_input)
    }
}

/// Whether a guard holds, judged once (S3).
enum Guard {
    Holds,
    Fails(Blocker),
}

impl Workflow {
    /// The transition this name means for the ticket in view, or everything that stands against it (S2), `not-from-state` last.
    ///
    /// Of same-named alternatives the first whose guard holds is meant (S6); its roles and requirements then decide, so that nobody
    /// gets round an alternative that is not for him. The actor is `view.actor` with `view.roles`; the comment is the body of `view.message` (the system needs none); fields
    /// given with the command must already be in `view.ticket`.
    ///
    /// # Errors
    /// All blockers; never an empty list.
    pub fn take(&self, name: &TransitionName, view: &View<'_>) -> Result<&Transition, Vec<Blocker>> {
        let here = self.at(&view.ticket.state).map(|s| self.machine.alternatives(s, name)).unwrap_or_default();
        if !here.is_empty() {
            let (transition, blockers) = self.judge(here, view).ok_or_else(|| vec![self.unknown(name)])?;
            return if blockers.is_empty() { Ok(transition) } else { Err(blockers) };
        }
        let first = self.machine.first(name).and_then(|i| self.transitions.get(i)).ok_or_else(|| vec![self.unknown(name)])?;
        let mut blockers = Vec::new();
        if let Guard::Fails(b) = guard(first, view, &|p| self.hides(p, view)) {
            blockers.push(b);
        }
        self.rest(first, view, &mut blockers);
        blockers.push(self.leads_not(name, &view.ticket.state));
        Err(blockers)
    }

    /// Why a transition that does not leave a state is not taken there: there is none of that name, or it leaves others.
    pub(crate) fn leads_not(&self, name: &TransitionName, state: &StateName) -> Blocker {
        if self.machine.first(name).is_none() {
            return self.unknown(name);
        }
        let label = self.state(state).map_or_else(|| text(state.as_str(), state.as_str()), |s| s.label.clone());
        Blocker::new(
            "not-from-state",
            text(
                format!("`{name}` does not leave the state `{state}` ({})", label.get(Lang::En)),
                format!("当前状态 `{state}`（{}）没有流转 `{name}`", label.get(Lang::Zh)),
            ),
        )
    }

    /// Every transition that leaves the ticket's state, in the order declared, each name once, with what stands against it. Whatever is
    /// not listed is refused by [`Workflow::take`] too.
    pub fn available(&self, view: &View<'_>) -> Vec<Offer<'_>> {
        let Some(state) = self.at(&view.ticket.state) else { return Vec::new() };
        let declared = self.machine.exits_of(&view.ticket.state);
        let mut offers = Vec::with_capacity(declared.len());
        for i in declared {
            let Some(transition) = self.transitions.get(*i as usize) else { continue };
            let here = self.machine.alternatives(state, &transition.name);
            if here.first() != Some(i) {
                continue;
            }
            if let Some((transition, blockers)) = self.judge(here, view) {
                offers.push(Offer { transition, blockers });
            }
        }
        offers
    }

    /// The alternative that is meant, with what stands against it. `None` only for no alternatives.
    fn judge(&self, alternatives: &[u32], view: &View<'_>) -> Option<(&Transition, Vec<Blocker>)> {
        let mut blockers = Vec::new();
        let mut all = alternatives.iter().filter_map(|i| self.transitions.get(*i as usize));
        for t in all.by_ref() {
            match guard(t, view, &|p| self.hides(p, view)) {
                Guard::Holds => {
                    // The guards of the alternatives before it chose, they do not block.
                    blockers.clear();
                    self.rest(t, view, &mut blockers);
                    return Some((t, blockers));
                }
                Guard::Fails(b) => {
                    let fault = b.code == "guard-fault";
                    blockers.push(b);
                    // A guard that failed might have held: nothing after it may be taken in its stead.
                    if fault {
                        self.rest(t, view, &mut blockers);
                        return Some((t, blockers));
                    }
                }
            }
        }
        let mut first = None;
        for t in alternatives.iter().filter_map(|i| self.transitions.get(*i as usize)) {
            first = first.or(Some(t));
            self.rest(t, view, &mut blockers);
        }
        let mut seen: Vec<Blocker> = Vec::with_capacity(blockers.len());
        for b in blockers {
            if !seen.contains(&b) {
                seen.push(b);
            }
        }
        seen.sort_by_key(|b| Blocker::CODES.iter().position(|c| *c == b.code));
        first.map(|t| (t, seen))
    }

    fn unknown(&self, name: &TransitionName) -> Blocker {
        let like = did_you_mean(name.as_str(), self.machine.names().map(TransitionName::as_str));
        let (en, zh) = like.map_or_else(Default::default, |t| (format!("; {}", t.en), format!("；{}", t.zh)));
        let workflow = &self.name;
        Blocker::new(
            "unknown-transition",
            text(format!("the workflow `{workflow}` has no transition `{name}`{en}"), format!("工作流 `{workflow}` 没有流转 `{name}`{zh}")),
        )
    }
}

fn guard(t: &Transition, view: &View<'_>, hidden: &dyn Fn(&Path) -> bool) -> Guard {
    let Some(condition) = &t.guard else { return Guard::Holds };
    let mut view = *view;
    view.transition = Some(&t.name);
    match condition.holds(&view) {
        Ok(true) => Guard::Holds,
        Ok(false) => {
            let why = condition.first_false_but(&view, hidden);
            Guard::Fails(Blocker::new("guard", text(format!("the condition does not hold: {why}"), format!("条件不满足：{why}"))))
        }
        Err(fault) => Guard::Fails(Blocker::new(
            "guard-fault",
            text(
                format!("the condition could not be judged: {}", fault.message.get(crate::diagnostic::Lang::En)),
                format!("条件无法判断：{}", fault.message.get(crate::diagnostic::Lang::Zh)),
            ),
        )),
    }
}

/// Somebody of another house: what is the desk's own is not told them (S68).
pub(super) fn is_outside(actor: &Actor) -> bool {
    matches!(actor, Actor::Requester(_) | Actor::Vendor(_))
}

impl Workflow {
    /// Whether a refusal keeps a value, and what is asked of it, from who acts: a field they may not read (S7), and from outsiders what is the desk's own (S68).
    fn hides(&self, path: &Path, view: &View<'_>) -> bool {
        match path {
            Path::Field(f) => self.access.get(f).is_some_and(|a| !a.lets_read(view.actor, view.roles)),
            Path::Score
            | Path::Priority
            | Path::Impact
            | Path::Urgency
            | Path::Group
            | Path::Assignee
            | Path::Owner
            | Path::Watchers
            | Path::Tags
            | Path::Trail
            | Path::Handoffs
            | Path::GroupSince
            | Path::Queued
            | Path::Customer(_)
            | Path::TasksDone
            | Path::OpenApprovals
            | Path::ApprovalsGranted
            | Path::Derived(_) => is_outside(view.actor),
            _ => false,
        }
    }

    /// Roles, and everything demanded on the way.
    fn rest(&self, t: &Transition, view: &View<'_>, blockers: &mut Vec<Blocker>) {
        if !self.may(t, view) {
            blockers.push(Blocker::new("role", self.no_role(t, &view.ticket.state)));
        }
        for (a, label) in t.required.iter().zip(&t.required_labels) {
            if !filled(view.ticket, a) {
                let message = text(
                    format!("`{}` ({}) must be filled", a.name(), label.get(Lang::En)),
                    format!("必须填写 `{}`（{}）", a.name(), label.get(Lang::Zh)),
                );
                blockers.push(Blocker { field: Some(a.clone()), ..Blocker::new("required", message) });
            }
        }
        for c in &t.check {
            // What must be filled first is told already.
            let empty = c.field.as_ref().is_some_and(|f| t.required.contains(f) && !filled(view.ticket, f));
            if !empty && let Some(b) = validate(t, c, view, &|p| self.hides(p, view)) {
                blockers.push(b);
            }
        }
        if t.checklist {
            let items = self.state(&view.ticket.state).map(|s| s.checklist.as_slice()).unwrap_or_default();
            for (i, item) in (0u16..).zip(items).filter(|(i, _)| !view.ticket.progress.ticked.contains(i)) {
                let message = text(format!("not ticked off: {}", item.get(Lang::En)), format!("尚未勾选：{}", item.get(Lang::Zh)));
                blockers.push(Blocker { item: Some(i), ..Blocker::new("checklist", message) });
            }
        }
        super::tasks::blockers(&t.tasks, view.ticket, blockers);
        self.kin_blockers(t.target(&view.ticket.state), view.ticket, blockers);
        // Whoever or whatever takes it: the system and what is granted as well.
        let here = &view.ticket.state;
        if t.target(here) != here {
            blockers.extend(self.unapproved(t.target(here), &View { transition: Some(&t.name), ..*view }));
        }
        // The system has nobody who could write, attach or choose; what takes a transition by itself says why in its cause.
        if *view.actor == Actor::System {
            return;
        }
        if t.comment_required && view.message.is_none_or(|m| m.body.trim().is_empty()) {
            blockers.push(Blocker::new("comment", text("a comment must be given", "必须填写说明")));
        }
        if t.attachment && view.message.is_none_or(|m| m.attachments.is_empty()) {
            blockers.push(Blocker::new("attachment", text("an attachment must be given", "必须提供附件")));
        }
        if let Some(codes) = &t.resolution
            && !view.ticket.progress.code(view.ticket.cycle).is_some_and(|c| codes.has(c.as_str()))
        {
            let all = codes.names().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
            let message = text(format!("a resolution code must be given: {all}"), format!("必须选择解决代码：{all}"));
            blockers.push(Blocker::new("resolution", message));
        }
    }
}

fn validate(t: &Transition, c: &Validator, view: &View<'_>, hidden: &dyn Fn(&Path) -> bool) -> Option<Blocker> {
    let view = View { transition: Some(&t.name), ..*view };
    let blocker = |code, message| Some(Blocker { field: c.field.clone(), ..Blocker::new(code, message) });
    match c.require.holds(&view) {
        Ok(true) => None,
        Ok(false) => {
            let said = || {
                let why = c.require.first_false_but(&view, hidden);
                text(format!("this must hold: {why}"), format!("必须满足：{why}"))
            };
            blocker("check", c.message.clone().unwrap_or_else(said))
        }
        Err(fault) => blocker(
            "check-fault",
            text(
                format!("what was given could not be judged: {}", fault.message.get(Lang::En)),
                format!("填写内容无法校验：{}", fault.message.get(Lang::Zh)),
            ),
        ),
    }
}

fn filled(t: &Ticket, a: &Attribute) -> bool {
    match a {
        Attribute::Subject => !t.subject.trim().is_empty(),
        Attribute::Description => !t.description.trim().is_empty(),
        Attribute::Category => t.category.is_some(),
        Attribute::Impact => t.impact.is_some(),
        Attribute::Urgency => t.urgency.is_some(),
        Attribute::Organisation => t.organisation.is_some(),
        Attribute::Field(f) => t.field(f.as_str()).is_some_and(|v| !v.is_blank()),
    }
}
