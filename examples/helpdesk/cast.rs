//! The cast: what simulated agents, customers and third parties do when something happens to a ticket.
//!
//! What a ticket needs follows from its id alone, so that the same play gives the same story. They only ever see what the desk shows
//! them, and every deed is a command like any other.

use crate::play::{Plan, Play};
use crate::rng::Rng;
use crate::stream::SEED;
use crate::world::World;
use chrono::{DateTime, TimeDelta, Utc};
use std::error::Error;
use ticketry::engine::{ApprovalCommand, Command, Inbound, KinCommand, NewMessage, TaskCommand, TransitionInput, What};
use ticketry::id::{AgentId, ExternalId, GroupId, TicketId};
use ticketry::store::{Limit, Query};
use ticketry::ticket::{Actor, Author, Entry, Event, StateClass, TaskState, Ticket, Value};

/// Something a person does.
#[derive(Clone, Debug)]
pub enum Act {
    /// An agent looks at the ticket and does the next thing.
    Work(AgentId),
    /// The customer writes.
    Say(&'static str, bool),
    /// The third party answers.
    Vendor,
    /// A lead decides about an approval.
    Approve,
    /// The customer gives stars.
    Rate(u8),
    /// A lead calls back after a poor rating.
    CallBack,
}

type Did = Result<(), Box<dyn Error>>;

/// What a ticket needs until it is solved.
struct Need {
    wrong_group: bool,
    bounces: bool,
    questions: u32,
    visits: u32,
}

fn need(t: &Ticket) -> Need {
    let mut rng = Rng::of(SEED, &format!("need {}", t.id));
    let burst = t.subject.contains("打不开") || t.subject.contains("登录") || t.subject.contains("验证码");
    Need {
        wrong_group: !burst && t.kind == *"enquiry" && rng.percent(8),
        bounces: !burst && rng.percent(2),
        questions: if burst { 0 } else { u32::from(rng.percent(30)) + u32::from(rng.percent(6)) },
        visits: if burst { 0 } else { u32::from(rng.percent(35)) },
    }
}

/// The agent who takes a call now: anybody of the front line whose shift is open and who is not away.
pub fn answers_the_phone(world: &World, now: DateTime<Utc>, rng: &mut Rng) -> Option<AgentId> {
    let calendars = world.playbook.calendars();
    let frontline = GroupId::new("frontline");
    let there: Vec<AgentId> = world
        .directory
        .roster
        .members(&frontline)
        .filter(|a| matches!(a.shift.as_ref().map(|s| s.as_str()), Some("early" | "late")))
        .filter(|a| a.absence(now).is_none() && calendars.resolve(a.shift.as_ref(), None).is_open(now))
        .map(|a| a.id.clone())
        .collect();
    (!there.is_empty()).then(|| rng.pick(&there).clone())
}

/// Whether somebody complains of what the desk's watch has opened a ticket for.
fn is_of_the_outage(t: &Ticket) -> bool {
    t.tags.contains("outage-suspected")
}

/// The ticket that the desk's watch opened, while it is open.
fn outage(play: &Play<'_>) -> Result<Option<TicketId>, Box<dyn Error>> {
    let from = format!("watch:{}", crate::script::WATCH);
    let page = play.desk.find(&Query::new().open().requester(from.as_str()), None, Limit::new(1))?;
    Ok(page.items.first().map(|t| t.id))
}

/// The next task of a repair, with its checklist; while one waits for another try, so does the agent.
fn task(play: &mut Play<'_>, t: &Ticket, agent: &AgentId, rng: &mut Rng) -> Did {
    let me = || Actor::Agent(agent.clone());
    let mut now = t.clone();
    if let Some(task) = t.open_tasks().find(|k| k.state == TaskState::Open).cloned() {
        for item in (0..task.checklist.len()).filter(|i| task.checklist.get(*i).is_some_and(|x| !x.done)) {
            let tick = TaskCommand::Tick { task: task.id, item, on: true };
            if let Some(ticked) = play.on(&now, me(), What::Task(tick))? {
                now = (*ticked).clone();
            }
        }
        let done = if task.name == *"test" {
            TaskCommand::came_out(task.id, if rng.percent(88) { "passed" } else { "failed" })
        } else {
            TaskCommand::done(task.id)
        };
        play.on(&now, me(), What::Task(done))?;
    }
    play.plan_work(t.id, agent, TimeDelta::minutes(rng.between(30, 150)), TimeDelta::minutes(20), false);
    Ok(())
}

/// People react to what was written about a ticket.
pub fn react(play: &mut Play<'_>, entry: &Entry) -> Did {
    let id = entry.ticket;
    let mut rng = Rng::of(SEED, &format!("react {id} {}", entry.revision.get()));
    let mut look = false;
    for caused in &entry.events {
        match &caused.event {
            Event::Assigned { .. } => look = true,
            Event::MessageAdded(m) if m.author == Author::Requester && !m.automatic && entry.revision.get() > 1 => look = true,
            Event::Moved { stay, .. } => {
                moved(play, id, stay.state.as_str(), &mut rng);
                look |= stay.class == StateClass::Open;
            }
            Event::SlotsFreed => play.plan_dispatch(),
            _ => {}
        }
    }
    if look && !play.is_planned(id) {
        let t = play.desk.ticket(id)?;
        if let Some(agent) = t.assignee.clone().filter(|_| t.is_open() && matches!(t.class, StateClass::New | StateClass::Open)) {
            let pressing = t.priority.as_ref().is_some_and(|p| p.value == *"urgent");
            let think = if pressing { TimeDelta::minutes(rng.between(1, 8)) } else { TimeDelta::minutes(rng.between(4, 30)) };
            let handle = TimeDelta::minutes(rng.between(7, 16));
            play.plan_work(id, &agent, think, handle, pressing);
        }
    }
    Ok(())
}

/// What follows by other people's doing when a ticket enters a state.
fn moved(play: &mut Play<'_>, id: TicketId, state: &str, rng: &mut Rng) {
    let now = play.now();
    let calendars = play.world.playbook.calendars();
    let office = calendars.default_calendar();
    match state {
        "pending" if rng.percent(78) => {
            let at = now + TimeDelta::minutes(rng.between(10, 60 * 30));
            let words = *rng.pick(&["补充：照片已发", "订单号发给您了", "是的，麻烦处理", "here you are", "试过了，还是不行"]);
            play.plan(at, Plan::Act(id, Act::Say(words, false)));
        }
        "pending" if rng.percent(15) => {
            let at = now + TimeDelta::minutes(3);
            play.plan(at, Plan::Act(id, Act::Say("【自动回复】我正在休假，10 月 9 日后回复。", true)));
        }
        "vendor" | "parts" => {
            if let Some(at) = office.add(now, TimeDelta::minutes(rng.between(60, 900))) {
                play.plan(at, Plan::Act(id, Act::Vendor));
            }
        }
        "approval" => {
            if let Some(at) = office.add(now, TimeDelta::minutes(rng.between(20, 400))) {
                play.plan(at, Plan::Act(id, Act::Approve));
            }
        }
        "resolved" => {
            let roll = rng.below(100);
            let soon = now + TimeDelta::minutes(rng.between(3, 240));
            let next = match roll {
                0..=15 => Some(Act::Say(["谢谢", "好的，谢谢", "感谢"][rng.below(3) as usize], false)),
                16..=18 => Some(Act::Say("Automatic reply: I am out of office.", true)),
                19..=24 => Some(Act::Say("问题又出现了，请再看一下", false)),
                25..=52 => Some(Act::Rate(*rng.weighted(&[(55, 5u8), (28, 4), (8, 3), (5, 2), (4, 1)]))),
                _ => None,
            };
            if let Some(act) = next {
                play.plan(soon, Plan::Act(id, act));
            }
        }
        "call-back" => {
            if let Some(at) = office.add(now, TimeDelta::minutes(rng.between(45, 500))) {
                play.plan(at, Plan::Act(id, Act::CallBack));
            }
        }
        _ => {}
    }
}

/// Somebody does what was planned, if it still makes sense.
pub fn act(play: &mut Play<'_>, t: &Ticket, act: &Act) -> Did {
    match act {
        Act::Work(agent) => work(play, t, agent),
        Act::Say(words, automatic) => {
            if matches!(t.class, StateClass::Pending | StateClass::Resolved | StateClass::Closed) {
                say(play, t, words, *automatic)?;
            }
            Ok(())
        }
        Act::Vendor => {
            if t.state == *"vendor" || t.state == *"parts" {
                let reply = What::Reply(NewMessage::new("备件已到货 / parts have arrived").to_vendor());
                play.on(t, Actor::Vendor("supplier".into()), reply)?;
            }
            Ok(())
        }
        Act::Approve => {
            if t.state == *"approval" {
                let mut rng = Rng::of(SEED, &format!("approve {}", t.id));
                let approve = rng.percent(88);
                let comment = if approve { "" } else { "超过退货期限" };
                // Whoever of those asked has not voted yet.
                let asked = t.approval("refund").and_then(|a| a.asked().next()).map(|v| v.agent.clone());
                if let Some(agent) = asked {
                    let vote = ApprovalCommand::Vote { approval: "refund".into(), approve, comment: comment.into() };
                    play.on(t, Actor::Agent(agent), What::Approval(vote))?;
                }
            }
            Ok(())
        }
        Act::Rate(stars) => {
            if t.class.is_final() {
                let comment = if *stars <= 2 { "太慢了，没解决" } else { "" };
                let actor = Actor::Requester(t.requester.clone());
                play.on(t, actor, What::Rate { stars: *stars, comment: comment.into() })?;
            }
            Ok(())
        }
        Act::CallBack => {
            if t.state == *"call-back" {
                let lead = t.group.as_ref().and_then(|g| play.world.directory.roster.lead(g)).cloned();
                let actor = Actor::Agent(lead.unwrap_or_else(|| "tang-yan".into()));
                let called = What::LogCall(NewMessage::new("回访：致歉并说明处理过程"));
                let Some(t) = play.on(t, actor.clone(), called)? else { return Ok(()) };
                let Some(task) = t.open_tasks().find(|k| k.name == *"call-back").map(|k| k.id) else { return Ok(()) };
                let mut rng = Rng::of(SEED, &format!("call back {} {}", t.id, t.revision.get()));
                let reached = rng.percent(75);
                let outcome = if reached { "settled" } else { "not-reached" };
                play.on(&t, actor, What::Task(TaskCommand::came_out(task, outcome)))?;
                if !reached && let Some(at) = play.world.playbook.calendars().default_calendar().add(play.now(), TimeDelta::hours(5)) {
                    play.plan(at, Plan::Act(t.id, Act::CallBack));
                }
            }
            Ok(())
        }
    }
}

/// The customer writes on the thread of the ticket.
pub fn say(play: &mut Play<'_>, t: &Ticket, words: &str, automatic: bool) -> Did {
    let thread: ExternalId = t.threads.first().cloned().unwrap_or_else(|| ExternalId::new(t.id.to_string()));
    let mut m = Inbound::new(&t.channel, format!("{}@{}", t.id, play.now().timestamp()), &t.requester, &t.kind, words);
    m.threads = vec![thread];
    m.number = Some(t.number);
    m.automatic = automatic;
    play.submit(Command::receive(m))?;
    Ok(())
}

/// One visit of an agent.
fn work(play: &mut Play<'_>, t: &Ticket, agent: &AgentId) -> Did {
    if t.assignee.as_ref() != Some(agent) || !matches!(t.class, StateClass::New | StateClass::Open) {
        return Ok(());
    }
    let need = need(t);
    let me = || Actor::Agent(agent.clone());
    let mut now = t.clone();
    if t.class == StateClass::New {
        let Some(started) = play.on(&now, me(), What::transition("start"))? else { return Ok(()) };
        now = (*started).clone();
    }
    // One of many that an outage caused: it ends with the outage's own ticket.
    if is_of_the_outage(&now)
        && now.kin.parent.is_none()
        && let Some(outage) = outage(play)?
    {
        play.on(&now, me(), What::Kin(KinCommand::Attach { parent: outage, blocking: false }))?;
        return Ok(());
    }
    // A hand-off to another group: a slip once, or again and again until a rule has had enough.
    let passed_on = u32::from(now.handoffs);
    if (need.wrong_group && passed_on == 0) || (need.bounces && passed_on < 3) {
        let group = ["tech-l2", "orders", "repairs", "frontline"].into_iter().cycle().skip(passed_on as usize);
        let other = group.into_iter().find(|g| now.group.as_ref().is_none_or(|own| own != g)).unwrap_or("frontline");
        let reason = "不属于本组 / not ours".to_string();
        play.on(&now, me(), What::HandOff { group: other.into(), skills: Default::default(), reason })?;
        return Ok(());
    }
    let asked = now.conversation.from_agents;
    let words = if asked == 0 { "您好，已收到，正在为您处理。" } else { "您好，更新一下进展。" };
    let unanswered = now.conversation.oldest_unanswered.is_some() || asked == 0;
    if unanswered && let Some(told) = play.on(&now, me(), What::reply(words))? {
        now = (*told).clone();
    }
    let approved = now.granted_approvals().next().is_some();
    let dear = matches!(now.field("amount"), Some(Value::Decimal(d)) if d.units() > 50_000);
    let third_party = matches!(now.kind.as_str(), "repair" | "return") && now.state == *"open" && now.conversation.from_vendors == 0;
    let mut rng = Rng::of(SEED, &format!("visit {} {}", now.id, now.revision.get()));
    let what = if asked < need.questions {
        What::transition("ask-customer")
    } else if now.kind == *"return" && dear && !approved {
        What::transition("ask-approval")
    } else if third_party && rng.percent(55) {
        What::transition("ask-vendor")
    } else if now.open_tasks().next().is_some() {
        return task(play, &now, agent, &mut rng);
    } else if asked < need.questions + need.visits {
        // Needs more time: looked at again later.
        let think = TimeDelta::minutes(rng.between(45, 240));
        play.plan_work(now.id, agent, think, TimeDelta::minutes(12), false);
        return Ok(());
    } else {
        let fields = if now.kind == *"incident" {
            let cause = *rng.pick(&["software", "network", "user", "hardware"]);
            vec![(ticketry::ticket::Attribute::named("cause"), Some(Value::choice(cause)))]
        } else {
            Vec::new()
        };
        TransitionInput::new("resolve").fields(fields).into()
    };
    play.on(&now, me(), what)?;
    Ok(())
}
