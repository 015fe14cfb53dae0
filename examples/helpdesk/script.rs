//! The scripted tickets, and the one a watch opens, whose whole story is told at the end.

use crate::play::Play;
use crate::stream::{self, beijing};
use chrono::{DateTime, TimeDelta, Utc};
use std::error::Error;
use std::sync::Arc;
use ticketry::diagnostic::{Text, text};
use ticketry::engine::{ApprovalCommand, Command, Inbound, NewMessage, NewTicket, TaskCommand, What};
use ticketry::id::TicketId;
use ticketry::ticket::{Actor, Decimal, Ticket, Value};

/// The ticket that the desk's watch opens.
pub const WATCH: &str = "sign-in-outage";

/// The scripted tickets: name, what they show.
pub fn titles() -> [(&'static str, Text); 10] {
    [
        ("live-call", text("A call answered live and solved in six minutes", "电话接通，六分钟内解决")),
        (
            "after-auto-close",
            text("A reply that arrives after the auto-close instant, but before the sweep", "客户在自动关闭时刻之后、系统扫描之前回复"),
        ),
        ("five-messages", text("Five chat messages in 40 seconds: one ticket", "40 秒内五条聊天消息：一张工单")),
        (
            "thanks",
            text("“谢谢” and an out-of-office reply after resolving: it stays resolved", "解决后客户回复“谢谢”及休假自动回复：保持已解决"),
        ),
        ("raised", text("Medium, answered, then raised to urgent", "中优先级已首响，随后升为紧急")),
        (
            "on-leave",
            text("Waits for the customer at once; answered while the agent is on leave", "一开始就等待客户；客户回复时坐席正在休假"),
        ),
        ("berlin", text("A requester in Berlin: due times in both zones", "柏林客户：两个时区的到期时间")),
        (
            "refund",
            text("A return of 860 yuan: a first try without approval, a vote, the refund", "860 元退货：未经审批被拒，投票通过后退款"),
        ),
        ("repair", text("A repair as three tasks, the test failing once", "维修分三项任务，测试失败一次")),
        (WATCH, text("Twenty alike in half an hour: the desk's watch opens one ticket", "半小时内二十张同类工单：集中监测自动建单")),
    ]
}

/// One step of a scripted ticket.
pub struct Step {
    ticket: &'static str,
    day: (i32, u32, u32),
    time: (u32, u32, u32),
    what: Deed,
}

enum Deed {
    /// The customer writes (channel, requester, type, words); with `true` a machine writes.
    Writes(&'static str, &'static str, &'static str, &'static str, bool),
    /// An agent answers the phone (agent, requester, type, words).
    Call(&'static str, &'static str, &'static str, &'static str),
    /// The lead gives it to an agent.
    Give(&'static str, &'static str),
    /// An agent writes to the customer.
    Answer(&'static str, &'static str),
    /// An agent takes a transition.
    Take(&'static str, &'static str),
    /// The customer wants to send something back (who, words, hundredths of a yuan).
    Returns(&'static str, &'static str, i64),
    /// Somebody who is asked votes for the refund.
    Approves(&'static str),
    /// An agent does a task, ticking off its checklist (agent, task, outcome).
    Does(&'static str, &'static str, Option<&'static str>),
    /// The lead sets the priority by hand.
    Raise(&'static str, &'static str),
}

impl Step {
    /// When, in UTC; the script is written in Beijing time.
    pub fn at(&self) -> DateTime<Utc> {
        let (h, m, s) = self.time;
        beijing(stream::date(self.day), h, m, s)
    }
}

use Deed::{Answer, Approves, Call, Does, Give, Raise, Returns, Take, Writes};

const fn step(ticket: &'static str, day: (u32, u32), time: (u32, u32, u32), what: Deed) -> Step {
    Step { ticket, day: (2025, day.0, day.1), time, what }
}

/// The script.
pub const STEPS: &[Step] = &[
    // 2025-09-28 is a Sunday and a make-up day 调休: the office is open. Five working days later is 2025-10-11.
    step("after-auto-close", (9, 28), (9, 10, 0), Writes("mail", "wu.xiansheng", "enquiry", "充电器功率是多少？", false)),
    step("after-auto-close", (9, 28), (9, 12, 0), Give("li-na", "zhang-min")),
    step("after-auto-close", (9, 28), (9, 20, 0), Take("zhang-min", "start")),
    step("after-auto-close", (9, 28), (9, 25, 0), Answer("zhang-min", "您好，请问是哪一款？")),
    step("after-auto-close", (9, 28), (9, 30, 0), Take("zhang-min", "ask-customer")),
    step("after-auto-close", (10, 11), (9, 30, 20), Writes("mail", "wu.xiansheng", "enquiry", "抱歉才看到，是 X3 款。", false)),
    step("live-call", (9, 29), (10, 12, 0), Call("li-na", "he.laoshi", "enquiry", "门锁电池怎么换")),
    step("live-call", (9, 29), (10, 12, 5), Give("li-na", "li-na")),
    step("live-call", (9, 29), (10, 12, 10), Take("li-na", "start")),
    step("live-call", (9, 29), (10, 18, 0), Take("li-na", "resolve")),
    step("five-messages", (9, 29), (10, 30, 0), Writes("chat", "sun.xiaojie", "enquiry", "在吗", false)),
    step("five-messages", (9, 29), (10, 30, 9), Writes("chat", "sun.xiaojie", "enquiry", "我的快递", false)),
    step("five-messages", (9, 29), (10, 30, 17), Writes("chat", "sun.xiaojie", "enquiry", "三天没动了", false)),
    step("five-messages", (9, 29), (10, 30, 28), Writes("chat", "sun.xiaojie", "enquiry", "订单 DD20250926", false)),
    step("five-messages", (9, 29), (10, 30, 40), Writes("chat", "sun.xiaojie", "enquiry", "快点！", false)),
    step("five-messages", (9, 29), (10, 31, 0), Give("sun-li", "zhou-tao")),
    step("five-messages", (9, 29), (10, 34, 0), Answer("zhou-tao", "您好，包裹在中转仓，今晚发出。")),
    step("five-messages", (9, 29), (10, 36, 0), Take("zhou-tao", "start")),
    step("five-messages", (9, 29), (10, 36, 30), Take("zhou-tao", "resolve")),
    step("on-leave", (9, 29), (10, 0, 0), Writes("wechat", "lu.nushi", "enquiry", "想换一个颜色", false)),
    step("on-leave", (9, 29), (10, 1, 0), Give("li-na", "wang-wei")),
    step("on-leave", (9, 29), (10, 3, 0), Answer("wang-wei", "您好，请问换成哪种颜色？")),
    step("on-leave", (9, 29), (10, 3, 30), Take("wang-wei", "ask-customer")),
    step("on-leave", (9, 30), (11, 0, 0), Writes("wechat", "lu.nushi", "enquiry", "换成蓝色", false)),
    step("thanks", (9, 30), (9, 40, 0), Writes("mail", "song.gong", "enquiry", "发票抬头写错了", false)),
    step("thanks", (9, 30), (9, 41, 0), Give("li-na", "zhang-min")),
    step("thanks", (9, 30), (9, 50, 0), Answer("zhang-min", "已重新开具，请查收邮箱。")),
    step("thanks", (9, 30), (9, 50, 30), Take("zhang-min", "start")),
    step("thanks", (9, 30), (9, 51, 0), Take("zhang-min", "resolve")),
    step("thanks", (9, 30), (9, 58, 0), Writes("mail", "song.gong", "enquiry", "谢谢", false)),
    step("thanks", (9, 30), (18, 0, 0), Writes("mail", "song.gong", "enquiry", "Automatic reply: out of office until 10-09", true)),
    step("raised", (10, 10), (9, 30, 0), Writes("portal", "qian.jingli", "enquiry", "门店收银偶尔卡顿", false)),
    step("raised", (10, 10), (9, 45, 0), Answer("li-na", "已收到，请问有几家门店？")),
    step("raised", (10, 10), (11, 0, 0), Raise("li-na", "urgent")),
    step("on-leave", (9, 30), (11, 15, 0), Answer("zhang-min", "已为您改成蓝色，今天发出。")),
    step("on-leave", (9, 30), (11, 16, 0), Take("zhang-min", "resolve")),
    step("raised", (10, 10), (11, 1, 0), Give("li-na", "li-na")),
    step("raised", (10, 10), (11, 2, 0), Take("li-na", "start")),
    step("raised", (10, 10), (12, 40, 0), Take("li-na", "resolve")),
    step("raised", (10, 10), (11, 5, 0), Answer("li-na", "已升级为紧急，技术同事马上联系您。")),
    step("refund", (9, 30), (10, 20, 0), Returns("meng.nushi", "咖啡机漏水，申请退货", 86_000)),
    step("refund", (9, 30), (10, 25, 0), Give("sun-li", "zhou-tao")),
    step("refund", (9, 30), (10, 30, 0), Take("zhou-tao", "start")),
    step("refund", (9, 30), (10, 35, 0), Answer("zhou-tao", "您好，已收到退货申请，正在审批。")),
    step("refund", (9, 30), (10, 36, 0), Take("zhou-tao", "resolve")),
    step("refund", (9, 30), (10, 37, 0), Take("zhou-tao", "ask-approval")),
    step("refund", (9, 30), (14, 5, 0), Approves("sun-li")),
    step("refund", (9, 30), (14, 30, 0), Take("zhou-tao", "resolve")),
    step("repair", (9, 29), (9, 40, 0), Writes("mail", "kong.xiansheng", "repair", "扫地机器人充不上电", false)),
    step("repair", (9, 29), (9, 50, 0), Give("ma-chao", "ma-chao")),
    step("repair", (9, 29), (10, 0, 0), Take("ma-chao", "start")),
    step("repair", (9, 29), (10, 5, 0), Answer("ma-chao", "您好，机器已收到，开始检测。")),
    step("repair", (9, 29), (11, 0, 0), Does("ma-chao", "diagnose", None)),
    step("repair", (9, 29), (14, 0, 0), Does("ma-chao", "mend", None)),
    step("repair", (9, 29), (14, 10, 0), Take("ma-chao", "resolve")),
    step("repair", (9, 29), (14, 40, 0), Does("ma-chao", "test", Some("failed"))),
    step("repair", (9, 29), (17, 0, 0), Does("ma-chao", "test", Some("passed"))),
    step("repair", (9, 29), (17, 5, 0), Take("ma-chao", "resolve")),
    step("berlin", (10, 2), (22, 30, 0), Writes("mail", "frau.hoffmann@spree.de", "enquiry", "Die Lampe flackert seit gestern.", false)),
    step("berlin", (10, 6), (15, 20, 0), Take("anna-becker", "start")),
    step("berlin", (10, 6), (15, 25, 0), Answer("anna-becker", "Guten Tag, ich schicke Ihnen ein neues Netzteil.")),
    step("berlin", (10, 6), (15, 26, 0), Take("anna-becker", "resolve")),
];

/// The sweeper is down for a minute on 2025-10-11, so that a reply overtakes an auto-close; if `at` lies in it, when it is back.
pub fn sweeper_down(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let from = beijing(stream::date((2025, 10, 11)), 9, 29, 30);
    let to = from + TimeDelta::seconds(60);
    (at >= from && at < to).then_some(to)
}

/// Whether a commit comes from the script.
pub fn is_scripted(commit: &str) -> bool {
    commit.contains("script/")
}

/// Does a step.
pub fn perform(play: &mut Play<'_>, index: usize) -> Result<(), Box<dyn Error>> {
    let Some(s) = STEPS.get(index) else { return Ok(()) };
    let key = format!("script/{}/{index}", s.ticket);
    let id = play.scripted.get(s.ticket).copied();
    let done = match &s.what {
        Deed::Writes(channel, who, kind, words, automatic) => {
            let mut m = Inbound::new(channel, &key, who, kind, *words);
            // Chat messages carry no thread here: the channel's window joins them.
            if *channel != "chat" {
                m.threads = vec![format!("script/{}", s.ticket).as_str().into()];
            }
            m.automatic = *automatic;
            play.submit(Command::receive(m))?
        }
        Deed::Call(agent, who, kind, words) => {
            let mut new = NewTicket::new(kind, *words, who, "phone");
            new.call = Some(NewMessage::new(*words));
            play.submit(Command::create(&key, Actor::agent(agent), new))?
        }
        Deed::Give(lead, agent) => on(play, id, &key, lead, What::Assign((*agent).into()))?,
        Deed::Answer(agent, words) => on(play, id, &key, agent, What::reply(*words))?,
        Deed::Take(agent, transition) => on(play, id, &key, agent, What::transition(transition))?,
        Deed::Returns(who, words, amount) => {
            let fields = vec![("order_no".into(), Value::text("DD20250921")), ("amount".into(), Value::Decimal(Decimal::new(*amount, 2)))];
            let new = NewTicket { fields, ..NewTicket::new("return", *words, who, "portal") };
            play.submit(Command::create(&key, Actor::requester(who), new))?
        }
        Deed::Approves(who) => on(play, id, &key, who, What::Approval(ApprovalCommand::vote("refund", true)))?,
        Deed::Does(agent, name, outcome) => does(play, id, &key, agent, name, *outcome)?,
        Deed::Raise(lead, level) => on(play, id, &key, lead, What::SetPriority { priority: Some((*level).into()), until: None })?,
    };
    match done {
        Some(t) => {
            play.scripted.entry(s.ticket).or_insert(t.id);
        }
        // The story tells why; two of the steps are there to show it.
        None if ["refund", "repair"].contains(&s.ticket) => {}
        None => eprintln!("script: {key} was refused"),
    }
    Ok(())
}

fn on(play: &mut Play<'_>, id: Option<TicketId>, key: &str, agent: &str, what: What) -> Result<Option<Arc<Ticket>>, Box<dyn Error>> {
    let Some(id) = id else { return Ok(None) };
    play.submit(Command::on(id, key, Actor::agent(agent), what))
}

/// A task with everything on its checklist.
fn does(
    play: &mut Play<'_>,
    id: Option<TicketId>,
    key: &str,
    agent: &str,
    name: &str,
    outcome: Option<&str>,
) -> Result<Option<Arc<Ticket>>, Box<dyn Error>> {
    let Some(id) = id else { return Ok(None) };
    let t = play.desk.ticket(id)?;
    let Some(task) = t.open_tasks().find(|k| k.name == *name) else { return Ok(None) };
    for item in 0..task.checklist.len() {
        on(play, Some(id), &format!("{key}/{item}"), agent, What::Task(TaskCommand::Tick { task: task.id, item, on: true }))?;
    }
    let done = outcome.map_or_else(|| TaskCommand::done(task.id), |o| TaskCommand::came_out(task.id, o));
    on(play, Some(id), key, agent, What::Task(done))
}
