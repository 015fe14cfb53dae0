//! What a test asks of its desk, as data: the harness answers.

use crate::condition::Customer;
use crate::diagnostic::{Text, did_you_mean, text};
use crate::id::{TicketId, UtcInstant};
use crate::ticket::{Decimal, Ticket};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// A value on its way between a test and its desk.
#[derive(Clone, Debug, PartialEq)]
pub enum TestValue {
    /// `()`
    Nothing,
    /// Yes or no.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A decimal.
    Decimal(Decimal),
    /// Text or a name.
    Text(String),
    /// An instant.
    Instant(UtcInstant),
    /// A span of wall time in microseconds.
    Duration(i64),
    /// A ticket of the desk.
    Ticket(TicketId),
    /// A list.
    List(Vec<Self>),
    /// Values by name: `#{ … }` in a test. What the desk answers so refuses a name it does not have.
    Record(BTreeMap<String, Self>),
}

impl TestValue {
    /// Text.
    pub fn text(s: impl Into<String>) -> Self {
        Self::Text(s.into())
    }
    /// An instant, or nothing.
    pub fn instant(t: Option<UtcInstant>) -> Self {
        t.map_or(Self::Nothing, Self::Instant)
    }
    /// A name, or nothing.
    pub fn name(s: Option<&str>) -> Self {
        s.map_or(Self::Nothing, Self::text)
    }
    /// What it is, for messages.
    pub fn kind(&self) -> Text {
        match self {
            Self::Nothing => text("nothing", "空值"),
            Self::Boolean(_) => text("true or false", "布尔值"),
            Self::Integer(_) => text("a whole number", "整数"),
            Self::Decimal(_) => text("a decimal", "小数"),
            Self::Text(_) => text("a text", "文本"),
            Self::Instant(_) => text("an instant", "时刻"),
            Self::Duration(_) => text("a duration", "时长"),
            Self::Ticket(_) => text("a ticket", "工单"),
            Self::List(_) => text("a list", "列表"),
            Self::Record(_) => text("a map", "映射"),
        }
    }
}

/// Why a step of a test was not done.
#[derive(Clone, Debug, PartialEq)]
pub enum TestFault {
    /// The desk refused it, as it would refuse a person: what `assert_refused` expects.
    Refused {
        /// All codes.
        codes: Vec<String>,
        /// All reasons.
        message: Text,
    },
    /// The step was written wrongly.
    Wrong {
        /// What is wrong.
        message: Text,
        /// What to write.
        help: Option<Text>,
    },
}

impl TestFault {
    /// A step written wrongly.
    pub fn wrong(message: Text) -> Self {
        Self::Wrong { message, help: None }
    }
}

/// A ticket as it is now, with what rules can know of its requester.
#[derive(Clone, Debug)]
pub struct TestTicket {
    /// The ticket.
    pub ticket: Arc<Ticket>,
    /// The requester's record.
    pub customer: Option<Customer>,
    /// The desk's now.
    pub now: UtcInstant,
}

/// The desk of one test. `Stage` of the harness implements it.
pub trait TestHost: fmt::Debug + Send + Sync {
    /// Does the step `word` of [`TestWord::DESK`] or [`TestWord::TICKET`] (the ticket is then the first argument). `by`: who was named with
    /// `desk.by(…)`.
    ///
    /// # Errors
    /// The desk refused, or the step was written wrongly.
    fn step(&self, by: Option<&str>, word: &str, args: &[TestValue]) -> Result<TestValue, TestFault>;
    /// A ticket as it is now; none if there is no such ticket.
    fn look(&self, ticket: TicketId) -> Option<TestTicket>;
}

/// A word of tests: what editors complete, what the reference lists, what is checked at load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestWord {
    /// The word.
    pub word: &'static str,
    /// How many arguments it takes, in each of its forms.
    pub args: &'static [usize],
    /// As written.
    pub usage: &'static str,
    /// What it does, in English.
    pub en: &'static str,
    /// And in Chinese.
    pub zh: &'static str,
}

const fn word(word: &'static str, args: &'static [usize], usage: &'static str, en: &'static str, zh: &'static str) -> TestWord {
    TestWord { word, args, usage, en, zh }
}

impl TestWord {
    /// On the desk.
    pub const DESK: &'static [Self] = &[
        word(
            "create",
            &[1],
            "desk.create(#{ type: \"question\", subject: \"…\", requester: \"ann\", channel: \"mail\" })",
            "makes a ticket; also `description`, `category`, `impact`, `urgency`, `tags`, `organisation`, `state`, `by`, and custom fields by name",
            "新建工单；另有 `description`、`category`、`impact`、`urgency`、`tags`、`organisation`、`state`、`by` 及自定义字段",
        ),
        word(
            "receive",
            &[1],
            "desk.receive(#{ channel: \"mail\", from: \"ann\", body: \"…\" })",
            "a message comes in and is placed as live: also `ticket` (same thread), `number`, `subject`, `type`, `automatic`; answers with the ticket",
            "收到一条消息并按实际规则归位；另有 `ticket`（同一会话）、`number`、`subject`、`type`、`automatic`；返回工单",
        ),
        word(
            "reply",
            &[2, 3],
            "desk.reply(t, \"requester\", \"text\")",
            "somebody writes: `requester`, `vendor`, or an agent's id (then to the requester); two arguments: who `by` names",
            "某人回复：`requester`、`vendor` 或坐席编号（发给请求人）；两个参数时由 `by` 指定的人发出",
        ),
        word("note", &[2, 3], "desk.note(t, \"li\", \"text\")", "an agent writes an internal note", "坐席写内部备注"),
        word("phone", &[2, 3], "desk.phone(t, \"li\", \"text\")", "a telephone call is logged", "登记一次通话"),
        word(
            "transition",
            &[2, 3],
            "desk.transition(t, \"resolve\", #{ comment: \"…\", cause: \"network\", resolution: \"fixed\" })",
            "takes a transition, filling in fields on the way; also `comment`, `resolution` (a code), `attachment` (a file's name)",
            "执行流转，并可填写字段；另有 `comment`（备注）、`resolution`（解决代码）、`attachment`（附件名）",
        ),
        word("assign", &[2], "desk.assign(t, \"li\")", "a person assigns the ticket", "人工指派处理人"),
        word("release", &[1, 2], "desk.release(t, \"why\")", "gives it back to its group's queue", "退回处理组队列"),
        word(
            "hand_off",
            &[2, 3],
            "desk.hand_off(t, \"group\", #{ skills: [\"bgp\"], reason: \"…\" })",
            "hands it off to a group",
            "转派到处理组",
        ),
        word(
            "set",
            &[2, 3],
            "desk.set(t, \"impact\", \"high\")",
            "sets an attribute or a field, `()` clears it; or several: `desk.set(t, #{ … })`",
            "设置属性或字段，`()` 为清空；也可一次多个：`desk.set(t, #{ … })`",
        ),
        word(
            "priority",
            &[2, 3],
            "desk.priority(t, \"high\", \"4h\")",
            "a person sets the priority, for a time if one is given; `()` gives it back to the model",
            "人工设置优先级，可限时；`()` 交还模型计算",
        ),
        word("tag", &[2], "desk.tag(t, \"outage\")", "a person adds a tag", "人工添加标签"),
        word("untag", &[2], "desk.untag(t, \"outage\")", "a person removes a tag", "人工移除标签"),
        word("watch", &[2], "desk.watch(t, \"li\")", "an agent watches the ticket", "坐席关注工单"),
        word("owner", &[2], "desk.owner(t, \"li\")", "names the owner; `()` unnames", "指定首问负责人；`()` 取消"),
        word("request_approval", &[2], "desk.request_approval(t, \"spend\")", "a person asks for an approval", "发起审批"),
        word("approve", &[2, 3], "desk.by(\"chen\").approve(t, \"spend\")", "somebody who is asked approves", "审批人同意"),
        word("decline", &[2, 3], "desk.by(\"chen\").decline(t, \"spend\", \"too dear\")", "somebody who is asked declines", "审批人驳回"),
        word("delegate", &[3], "desk.by(\"chen\").delegate(t, \"spend\", \"fu\")", "passes one's vote on", "转交审批"),
        word("withdraw", &[2, 3], "desk.withdraw(t, \"spend\", \"why\")", "who asked for an approval asks no longer", "撤回审批"),
        word("go_past", &[3], "desk.by(\"zhao\").go_past(t, \"spend\", \"why\")", "goes past an approval by right", "越过审批"),
        word(
            "check_off",
            &[1, 2],
            "desk.check_off(t, \"cause found\")",
            "ticks off one thing of the checklist of the ticket's state, or all of it",
            "勾选当前状态检查清单中的一项，或全部",
        ),
        word(
            "child",
            &[2],
            "desk.child(t, #{ subject: \"the screen\", type: \"repair\" })",
            "makes a child of the ticket, with what `create` takes, and answers it; it blocks its parent",
            "新建子工单并返回（参数同 `create`）；未结束时阻塞父工单",
        ),
        word("children", &[1], "desk.children(t)", "the ticket's children", "工单的子工单"),
        word("attach", &[2], "desk.attach(t, parent)", "makes it the child of another ticket", "设为另一工单的子工单"),
        word("detach", &[1], "desk.detach(t)", "is a child no longer", "解除父工单"),
        word("merge", &[2], "desk.merge(t, into)", "merges it into another ticket", "合并到另一工单"),
        word("undo_merge", &[1], "desk.undo_merge(t)", "undoes that", "撤销合并"),
        word(
            "done",
            &[2, 3],
            "desk.done(t, \"call-back\", \"settled\")",
            "does an open task of the ticket, ticking off its checklist; with how it came out where the task declares outcomes",
            "完成工单的一项任务（含其检查清单）；有结果选项时写明结果",
        ),
        word("rate", &[2, 3], "desk.rate(t, 5, \"comment\")", "the requester rates it, 1 to 5", "请求人评价，1 到 5 星"),
        word(
            "advance",
            &[1],
            "desk.advance(\"2h\")",
            "time passes, and everything that falls due meanwhile happens at its instant; `3bd`, `8bh` in the default calendar",
            "时间推移，其间到期的一切都在各自时刻发生；`3bd`、`8bh` 按默认日历",
        ),
        word(
            "at",
            &[1],
            "desk.at(\"2025-09-01T09:00:00\")",
            "goes on to an instant in the default calendar's zone, as `advance` does; before anything was done it may be any instant",
            "推进到默认日历时区的某一时刻，效果同 `advance`；在做任何操作之前可为任意时刻",
        ),
        word("now", &[0], "desk.now()", "the instant it is", "当前时刻"),
        word(
            "agent",
            &[1],
            "desk.agent(#{ id: \"li\", groups: [\"support\"], capacity: 3 })",
            "an agent more, or in place of one of `roster.toml`: also `skills`, `roles`, `shift`, `backup`, `on_call`, `absent: [from, to]`, `lead: \"group\"`, `manager: true`",
            "增加或替换一名坐席；另有 `skills`、`roles`、`shift`、`backup`、`on_call`、`absent: [起, 止]`、`lead: \"处理组\"`、`manager: true`",
        ),
        word(
            "customer",
            &[2],
            "desk.customer(\"ann\", #{ tier: \"gold\" })",
            "what the host's directory says about a requester",
            "宿主目录中请求人的资料",
        ),
        word(
            "sent",
            &[0, 1, 2],
            "desk.sent(t, \"reminder\")",
            "what went out, oldest first; of a ticket, of a template, or of both. Each has `to`, `agents`, `template`, `body`, `at`, `number`",
            "已发出的通知，按时间先后；可限定工单、模板。每条含 `to`、`agents`、`template`、`body`、`at`、`number`",
        ),
        word("tickets", &[0], "desk.tickets()", "all tickets in order of birth", "全部工单，按创建先后"),
        word(
            "by",
            &[1],
            "desk.by(\"li\").tag(t, \"vip\")",
            "the same desk, the step done by somebody else: an agent's id, `requester`, `vendor`, `system`",
            "由指定的人执行该步骤：坐席编号、`requester`、`vendor`、`system`",
        ),
    ];
    /// On a ticket, besides everything rules can read.
    pub const TICKET: &'static [Self] = &[
        word(
            "clock",
            &[1],
            "t.clock(\"resolution\")",
            "the clock of a metric, `()` if it never ran: `state` (`running`, `paused`, `met`, `breached`, `unanswered`, `cancelled`), `due`, `started_at`, `counted`, `budget`, `policy`, `calendar`, `breached`",
            "某指标的计时，未启动则为 `()`：`state`（`running`、`paused`、`met`、`breached`、`unanswered`、`cancelled`）、`due`、`started_at`、`counted`、`budget`、`policy`、`calendar`、`breached`",
        ),
        word("fired", &[1], "t.fired(\"rule\")", "how often a rule fired on it", "某规则在该工单上触发的次数"),
        word(
            "messages",
            &[0],
            "t.messages()",
            "its messages, oldest first: `author`, `kind`, `body`, `automatic`, `thanks`, `at`",
            "全部消息，按时间先后：`author`、`kind`、`body`、`automatic`、`thanks`、`at`",
        ),
        word("explain", &[0], "t.explain()", "its whole story as text", "工单的完整经过（文本）"),
    ];
    /// By themselves.
    pub const ASSERT: &'static [Self] = &[
        word("assert", &[1, 2], "assert(t.overdue, \"why it should\")", "fails the test unless true", "不为 true 则测试失败"),
        word(
            "assert_eq",
            &[2, 3],
            "assert_eq(t.state, \"open\")",
            "fails unless equal, as conditions compare",
            "不相等则失败，比较方式与条件相同",
        ),
        word("assert_ne", &[2, 3], "assert_ne(t.assignee, ())", "fails if equal", "相等则失败"),
        word(
            "assert_refused",
            &[1, 2],
            "assert_refused(|| desk.transition(t, \"close\"), \"role\")",
            "fails unless the desk refuses it, with this code among the reasons",
            "除非服务台以该代码拒绝，否则失败",
        ),
    ];

    /// The word of a list, or a suggestion.
    ///
    /// # Errors
    /// There is none; `Some` if one is near.
    pub fn find(list: &'static [Self], name: &str) -> Result<&'static Self, Option<Text>> {
        list.iter().find(|w| w.word == name).ok_or_else(|| did_you_mean(name, list.iter().map(|w| w.word)))
    }
    /// What it does, in both languages.
    pub fn says(&self) -> Text {
        text(self.en, self.zh)
    }
}
