//! What happened to tasks and approvals and between tickets, in words: what explanations and a ticket's life both say.

use super::{ApprovalChange, ApprovalEvent, KinEvent, TaskChange, TaskEvent};
use crate::diagnostic::{Text, text};

impl TaskEvent {
    /// What happened, in words; `label` is what people call the task, its name where that is not known.
    pub fn told(&self, label: Option<&Text>) -> Text {
        let (en, zh) = match &self.what {
            TaskChange::Added(t) => (format!("made ({})", t.state.word()), "新建".to_string()),
            TaskChange::Opened { .. } => ("to be done now".into(), "可以开始".into()),
            TaskChange::Assigned { owner, group, .. } => {
                let to = owner.as_ref().map(|o| o.as_str()).or(group.as_ref().map(|g| g.as_str()));
                (format!("given to {}", to.unwrap_or("the ticket's group")), format!("交给 {}", to.unwrap_or("工单处理组")))
            }
            TaskChange::Ticked { item, on } => {
                let n = item.saturating_add(1);
                (
                    format!("item {n} {}", if *on { "ticked off" } else { "no longer ticked off" }),
                    format!("第 {n} 项{}", if *on { "已勾选" } else { "取消勾选" }),
                )
            }
            TaskChange::Noted { note } => (format!("result: {note}"), format!("结果：{note}")),
            TaskChange::Needs { .. } => ("waits for another task".into(), "依赖另一任务".into()),
            TaskChange::Retried { outcome, .. } => (format!("{outcome}, another try comes"), format!("{outcome}，稍后重试")),
            TaskChange::Done { outcome: Some(o), .. } => (format!("done: {o}"), format!("完成：{o}")),
            TaskChange::Done { .. } => ("done".into(), "完成".into()),
            TaskChange::Cancelled { reason } => (format!("cancelled ({reason})"), format!("取消（{reason}）")),
            TaskChange::Reopened { .. } => ("reopened".into(), "重新打开".into()),
            TaskChange::Overdue => ("overdue".into(), "超时".into()),
        };
        let (called, called_zh) = label.map_or((self.name.as_str(), self.name.as_str()), |l| (&l.en, &l.zh));
        text(format!("task {called}: {en}"), format!("任务 {called_zh}：{zh}"))
    }
}

impl ApprovalEvent {
    /// What happened, in words; `label` is what people call the approval, its name where that is not known. What was said with a vote is not told.
    pub fn told(&self, label: Option<&Text>) -> Text {
        let (en, zh) = match &self.what {
            ApprovalChange::Requested(a) => (format!("asked for, round {}", a.round), format!("发起（第 {} 轮）", a.round)),
            ApprovalChange::Voted { by, approve, .. } => {
                let (en, zh) = if *approve { ("approves", "同意") } else { ("declines", "驳回") };
                (format!("{by} {en}"), format!("{by} {zh}"))
            }
            ApprovalChange::Delegated { from, to, why } => {
                (format!("{from} passes the vote on to {to} ({why})"), format!("{from} 转交给 {to}（{why}）"))
            }
            ApprovalChange::StageOpened { stage, .. } => {
                let n = stage.saturating_add(1);
                (format!("stage {n} is open"), format!("进入第 {n} 阶段"))
            }
            ApprovalChange::Expired { how, .. } => (format!("its time ran out ({})", how.word()), format!("超时（{}）", how.word())),
            ApprovalChange::Granted => ("granted".into(), "通过".into()),
            ApprovalChange::Declined { reason } => (format!("declined ({reason})"), format!("驳回（{reason}）")),
            ApprovalChange::Withdrawn { reason } => (format!("withdrawn ({reason})"), format!("撤回（{reason}）")),
            ApprovalChange::Voided { attribute } => {
                let a = attribute.name();
                (format!("void, since `{a}` changed"), format!("因 `{a}` 变更而作废"))
            }
            ApprovalChange::Overridden { by, reason, .. } => (format!("{by} went past it: {reason}"), format!("{by} 越过审批：{reason}")),
            ApprovalChange::Used => ("used up".into(), "已使用".into()),
        };
        let (called, called_zh) = label.map_or((self.name.as_str(), self.name.as_str()), |l| (&l.en, &l.zh));
        text(format!("approval {called}: {en}"), format!("审批 {called_zh}：{zh}"))
    }
}

impl KinEvent {
    /// What happened, in words.
    pub fn told(&self) -> Text {
        match self {
            Self::Attached { parent } => text(format!("became a child of {parent}"), format!("成为 {parent} 的子工单")),
            Self::Detached { parent } => text(format!("is a child of {parent} no longer"), format!("不再是 {parent} 的子工单")),
            Self::ChildAdded(c) => text(format!("got the child #{}", c.number), format!("新增子工单 #{}", c.number)),
            Self::ChildRemoved { child } => text(format!("{child} is its child no longer"), format!("子工单 {child} 已解除")),
            Self::Ended { ticket, last: true } => {
                text(format!("{ticket} ended, the last of its children"), format!("{ticket} 已结束，所有子工单均已结束"))
            }
            Self::Ended { ticket, .. } => text(format!("{ticket} ended"), format!("{ticket} 已结束")),
            Self::Reopened { ticket } => text(format!("{ticket} is open again"), format!("{ticket} 已重新打开")),
            Self::Waits(r) => text(format!("waits for #{}", r.number), format!("等待 #{}", r.number)),
            Self::MergedInto { into, .. } => text(format!("merged into {into}"), format!("本工单已合并到 {into}")),
            Self::Absorbed(m) => text(format!("#{} was merged into it", m.number), format!("#{} 已合并到本工单", m.number)),
            Self::Unmerged { from, .. } => {
                text(format!("is by itself again, no longer merged into {from}"), format!("本工单已撤销与 {from} 的合并"))
            }
            Self::Released { merged, .. } => {
                text(format!("#{} is by itself again", merged.number), format!("#{} 已撤销与本工单的合并", merged.number))
            }
            Self::SplitOff { into, messages } => {
                let n = messages.len();
                text(format!("{n} of its messages became {into}"), format!("{n} 条消息已拆分为 {into}"))
            }
        }
    }
}
