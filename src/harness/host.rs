//! A stage as tests in Rhai see it.

use super::given::{self, Names, as_text};
use super::{Error, Stage, answer};
use crate::calendar::Span;
use crate::desk;
use crate::diagnostic::{Lang, text};
use crate::engine::{ApprovalCommand, KinCommand, NewMessage, NewTicket, TaskCommand, TransitionInput, What};
use crate::id::*;
use crate::rules::{TestFault, TestHost, TestTicket, TestValue};
use crate::ticket::{Actor, Ticket};
use std::{collections::BTreeMap, collections::BTreeSet, sync::Arc};

type Step = Result<TestValue, TestFault>;

impl From<Error> for TestFault {
    fn from(e: Error) -> Self {
        match &e {
            Error::Desk(desk::Error::Refused(r)) => Self::Refused {
                codes: r.reasons.iter().map(|r| r.code.to_string()).collect(),
                message: text(r.render(Lang::En), r.render(Lang::Zh)),
            },
            other => Self::wrong(other.text()),
        }
    }
}

fn wrong<T>(en: impl Into<String>, zh: impl Into<String>) -> Result<T, TestFault> {
    Err(TestFault::wrong(text(en, zh)))
}

impl TestHost for Stage {
    fn step(&self, by: Option<&str>, word: &str, args: &[TestValue]) -> Step {
        let arg = |i: usize| args.get(i).cloned().unwrap_or(TestValue::Nothing);
        match word {
            "create" => self.make(by, &arg(0)),
            "receive" => self.incoming(&arg(0)),
            "advance" => done(self.advance(&as_text(&arg(0), word)?)),
            "at" => match arg(0) {
                TestValue::Instant(t) => done(self.advance_to(t)),
                other => done(self.at(&as_text(&other, word)?)),
            },
            "now" => Ok(TestValue::Instant(self.now())),
            "agent" => {
                let (agent, leads, manages) = given::agent(&arg(0))?;
                done(self.agent_as(agent, leads, manages))
            }
            "customer" => {
                let record = given::customer(self.desk().desk().playbook().schema(), &arg(1))?;
                self.customer(as_text(&arg(0), word)?, record);
                Ok(TestValue::Nothing)
            }
            "child" => self.child(by, &arg(0), &arg(1)),
            "children" => Ok(TestValue::List(self.of(&arg(0))?.kin.children.iter().map(|c| TestValue::Ticket(c.ticket)).collect())),
            "tickets" => Ok(TestValue::List(self.tickets()?.iter().map(|t| TestValue::Ticket(t.id)).collect())),
            "sent" => self.went_out(args),
            "clock" => Ok(answer::clock(self.of(&arg(0))?.as_ref(), &as_text(&arg(1), word)?)),
            "fired" => {
                let name = as_text(&arg(1), word)?;
                if self.desk().desk().playbook().rules().named(&name).is_none() {
                    let playbook = self.desk().desk().playbook();
                    let help = crate::diagnostic::did_you_mean(&name, playbook.rules().iter().map(|(_, r)| r.name.as_str()));
                    return Err(TestFault::Wrong {
                        message: text(format!("no rule is called `{name}`"), format!("没有名为 `{name}` 的规则")),
                        help,
                    });
                }
                Ok(answer::fired(&self.journal(self.of(&arg(0))?.id)?, &name))
            }
            "messages" => Ok(answer::messages(&self.journal(self.of(&arg(0))?.id)?)),
            "explain" => Ok(TestValue::text(self.story(self.of(&arg(0))?.id)?.en.chars().take(3_000).collect::<String>())),
            _ => self.change(by, word, args),
        }
    }

    fn look(&self, ticket: TicketId) -> Option<TestTicket> {
        let ticket = self.desk().ticket(ticket).ok()?;
        let customer = self.customer_of(&ticket.requester);
        Some(TestTicket { ticket, customer, now: self.now() })
    }
}

fn done(result: Result<(), Error>) -> Step {
    result.map(|()| TestValue::Nothing).map_err(Into::into)
}

impl Stage {
    fn of(&self, v: &TestValue) -> Result<Arc<Ticket>, TestFault> {
        match v {
            TestValue::Ticket(id) => Ok(self.desk().ticket(*id).map_err(Error::from)?),
            other => {
                let kind = other.kind();
                wrong(format!("a ticket is needed here, this is {}", kind.en), format!("此处需要工单，实际为{}", kind.zh))
            }
        }
    }

    /// Who does something to a ticket: who is named, or somebody who may.
    fn actor(&self, who: Option<&str>, ticket: &Ticket) -> Actor {
        who.map_or_else(|| self.somebody(ticket), |w| answer::person(w, Some(ticket)))
    }

    fn make(&self, by: Option<&str>, map: &TestValue) -> Step {
        let playbook = self.desk().desk().playbook();
        let usual = self.new_ticket("a test");
        let (new, named) = given::new_ticket(playbook.schema(), usual, map)?;
        let actor = match named.as_deref().or(by) {
            None | Some("requester") => Actor::Requester(new.requester.clone()),
            Some(who) => answer::person(who, None),
        };
        Ok(TestValue::Ticket(self.create_by(actor, new)?.id))
    }

    /// A ticket that is the child of another.
    fn child(&self, by: Option<&str>, parent: &TestValue, map: &TestValue) -> Step {
        let parent = self.of(parent)?;
        let playbook = self.desk().desk().playbook();
        let usual = NewTicket { requester: parent.requester.clone(), ..self.new_ticket("a test") };
        let (new, named) = given::new_ticket(playbook.schema(), usual, map)?;
        let actor = self.actor(named.as_deref().or(by), &parent);
        self.act(actor, &parent, What::Kin(KinCommand::AddChild { new: Box::new(new), blocking: true }))?;
        let made = self.of(&TestValue::Ticket(parent.id))?.kin.children.last().map(|c| c.ticket);
        Ok(made.map_or(TestValue::Nothing, TestValue::Ticket))
    }

    fn incoming(&self, map: &TestValue) -> Step {
        let playbook = self.desk().desk().playbook();
        let id = format!("message-{}", self.steps());
        let (mut message, thread) = given::inbound(playbook.schema(), self.new_ticket("a test"), &id, map)?;
        if let Some(thread) = thread {
            let ticket = self.of(&TestValue::Ticket(thread))?;
            match ticket.threads.first() {
                Some(t) => message.threads.push(t.clone()),
                None => message.number = Some(ticket.number),
            }
        }
        Ok(TestValue::Ticket(self.receive(message)?.id))
    }

    fn went_out(&self, args: &[TestValue]) -> Step {
        let (ticket, template) = match args {
            [] => (None, None),
            [t @ TestValue::Ticket(_)] => (Some(self.of(t)?), None),
            [name] => (None, Some(as_text(name, "sent")?)),
            [t, name, ..] => (Some(self.of(t)?), Some(as_text(name, "sent")?)),
        };
        let playbook = self.desk().desk().playbook();
        if let Some(name) = &template
            && !matches!(name.as_str(), "message" | "rating")
            && !playbook.schema().templates.contains_key(name.as_str())
        {
            let known = playbook.schema().templates.keys().map(TemplateName::as_str).chain(["message", "rating"]);
            return Err(TestFault::Wrong {
                message: text(format!("no template is called `{name}`"), format!("没有名为 `{name}` 的模板")),
                help: crate::diagnostic::did_you_mean(name, known),
            });
        }
        let numbers: BTreeMap<TicketId, u64> = self.tickets()?.iter().map(|t| (t.id, t.number)).collect();
        let number = |e: &crate::ticket::Effect| numbers.get(&e.key.ticket).copied().unwrap_or(0);
        Ok(answer::sent(&self.sent(), ticket.as_deref(), template.as_deref(), number))
    }

    /// A step that changes a ticket, by somebody.
    fn change(&self, by: Option<&str>, word: &str, args: &[TestValue]) -> Step {
        let [first, rest @ ..] = args else { return wrong("a ticket is needed here", "此处需要工单") };
        let ticket = self.of(first)?;
        let arg = |i: usize| rest.get(i).cloned().unwrap_or(TestValue::Nothing);
        let name = |i: usize| as_text(&arg(i), word);
        let or_nothing = |i: usize| if rest.len() > i { name(i) } else { Ok(String::new()) };
        let mut who = by.map(str::to_string);
        let what = match word {
            "reply" | "note" | "phone" => {
                // Two: who is named by `by`. Three: who stands before the text.
                let body = if rest.len() > 1 {
                    who = Some(name(0)?);
                    name(1)?
                } else {
                    name(0)?
                };
                let message = NewMessage::new(body);
                match word {
                    "reply" => What::Reply(if who.as_deref() == Some("vendor") { message.to_vendor() } else { message }),
                    "note" => What::Note(message),
                    _ => What::LogCall(message),
                }
            }
            "transition" => self.transition(&name(0)?, &arg(1))?,
            "assign" => What::Assign(AgentId::new(name(0)?)),
            "release" => What::Release { reason: or_nothing(0)? },
            "hand_off" => {
                let mut options = if rest.len() > 1 { Names::of(&arg(1))? } else { Names::of(&TestValue::Record(BTreeMap::new()))? };
                let skills = options.take("skills").map(|v| given::skills(&v)).transpose()?.unwrap_or_default();
                let reason = options.text("reason")?.unwrap_or_default();
                options.end()?;
                What::HandOff { group: GroupId::new(name(0)?), skills, reason }
            }
            "set" => What::SetFields(self.set(&arg(0), rest.get(1))?),
            "priority" => self.override_priority(&arg(0), rest.get(1))?,
            "tag" => What::Tag { add: given::tags(&arg(0))?, remove: BTreeSet::new() },
            "untag" => What::Tag { add: BTreeSet::new(), remove: given::tags(&arg(0))? },
            "watch" => What::Watch { agent: AgentId::new(name(0)?), on: true },
            "owner" => What::SetOwner(match arg(0) {
                TestValue::Nothing => None,
                v => Some(AgentId::new(as_text(&v, word)?)),
            }),
            "request_approval" => What::Approval(ApprovalCommand::request(name(0)?)),
            "approve" | "decline" => What::Approval(ApprovalCommand::vote(name(0)?, word == "approve").saying(or_nothing(1)?)),
            "delegate" => What::Approval(ApprovalCommand::delegate(name(0)?, name(1)?)),
            "withdraw" => What::Approval(ApprovalCommand::withdraw(name(0)?, or_nothing(1)?)),
            "go_past" => What::Approval(ApprovalCommand::go_past(name(0)?, name(1)?)),
            "attach" => What::Kin(KinCommand::Attach { parent: self.of(&arg(0))?.id, blocking: true }),
            "detach" => What::Kin(KinCommand::Detach),
            "merge" => What::Kin(KinCommand::Merge { into: self.of(&arg(0))?.id }),
            "undo_merge" => What::Kin(KinCommand::UndoMerge),
            "check_off" => return self.check_off(&ticket, who.as_deref(), rest.first()),
            "done" => {
                let task = name(0)?;
                let outcome = if rest.len() > 1 { Some(name(1)?) } else { None };
                return self.done(&ticket, who.as_deref(), &task, outcome.as_deref());
            }
            "rate" => {
                who = who.or_else(|| Some("requester".into()));
                let stars = match arg(0) {
                    TestValue::Integer(n) => u8::try_from(n).unwrap_or(0),
                    _ => return wrong("stars are a whole number, 1 to 5", "星级为 1 到 5 的整数"),
                };
                What::Rate { stars, comment: or_nothing(1)? }
            }
            other => return wrong(format!("a desk has no step `{other}`"), format!("服务台没有步骤 `{other}`")),
        };
        let actor = self.actor(who.as_deref(), &ticket);
        self.act(actor, &ticket, what)?;
        Ok(TestValue::Nothing)
    }

    /// A task with everything on its checklist.
    fn done(&self, ticket: &Ticket, who: Option<&str>, name: &str, outcome: Option<&str>) -> Step {
        let Some(task) = ticket.open_tasks().find(|t| t.name == *name) else {
            return Err(TestFault::Wrong {
                message: text(format!("the ticket has no open task `{name}`"), format!("工单没有未完成的任务 `{name}`")),
                help: crate::diagnostic::did_you_mean(name, ticket.open_tasks().map(|t| t.name.as_str())),
            });
        };
        let actor = || self.actor(who, ticket);
        for (item, _) in task.checklist.iter().enumerate().filter(|(_, i)| !i.done) {
            self.act(actor(), ticket, What::Task(TaskCommand::Tick { task: task.id, item, on: true }))?;
        }
        let done = outcome.map_or_else(|| TaskCommand::done(task.id), |o| TaskCommand::came_out(task.id, o));
        self.act(actor(), ticket, What::Task(done))?;
        Ok(TestValue::Nothing)
    }

    /// Everything on the checklist of the ticket's state, or the one thing that is called so in either language.
    fn check_off(&self, ticket: &Ticket, who: Option<&str>, label: Option<&TestValue>) -> Step {
        let playbook = self.desk().desk().playbook();
        let state = playbook.workflow(&ticket.workflow).and_then(|w| w.state(&ticket.state));
        let items = state.map(|s| s.checklist.as_slice()).unwrap_or_default();
        let label = label.map(|v| as_text(v, "check_off")).transpose()?;
        let meant = |l: &crate::diagnostic::Text| label.as_ref().is_none_or(|x| l.en == *x || l.zh == *x);
        let chosen: Vec<u16> = (0u16..).zip(items).filter(|(_, l)| meant(l)).map(|(i, _)| i).collect();
        if chosen.is_empty() {
            let state = &ticket.state;
            return Err(TestFault::Wrong {
                message: text(format!("no such thing is on the checklist of `{state}`"), format!("状态 `{state}` 的检查清单中没有此项")),
                help: crate::diagnostic::did_you_mean(
                    label.as_deref().unwrap_or_default(),
                    items.iter().flat_map(|l| [l.en.as_str(), l.zh.as_str()]),
                ),
            });
        }
        for item in chosen {
            let actor = self.actor(who, ticket);
            self.act(actor, ticket, What::CheckOff { item, on: true })?;
        }
        Ok(TestValue::Nothing)
    }

    fn transition(&self, name: &str, options: &TestValue) -> Result<What, TestFault> {
        let playbook = self.desk().desk().playbook();
        let schema = playbook.schema();
        if !schema.transitions.contains(name) {
            return Err(TestFault::Wrong {
                message: text(format!("no workflow has a transition `{name}`"), format!("没有工作流含有流转 `{name}`")),
                help: crate::diagnostic::did_you_mean(name, &schema.transitions),
            });
        }
        let (mut fields, mut comment, mut resolution, mut attachment) = (Vec::new(), None, None, None);
        match options {
            TestValue::Nothing => {}
            TestValue::Record(map) => {
                for (key, v) in map {
                    match key.as_str() {
                        "comment" => comment = Some(as_text(v, key)?.into()),
                        "resolution" => resolution = Some(as_text(v, key)?),
                        "attachment" => attachment = Some(as_text(v, key)?),
                        key => fields.push(given::attribute(schema, key, v)?),
                    }
                }
            }
            other => {
                let kind = other.kind();
                return wrong(format!("a map is needed here, this is {}", kind.en), format!("此处需要映射，实际为{}", kind.zh));
            }
        }
        let mut input = TransitionInput::new(name).fields(fields).maybe_comment(comment);
        if let Some(code) = resolution {
            input = input.resolution(code);
        }
        if let Some(file) = attachment {
            input = input.attach(given::attachment(&file));
        }
        Ok(input.into())
    }

    fn set(
        &self,
        first: &TestValue,
        second: Option<&TestValue>,
    ) -> Result<Vec<(crate::ticket::Attribute, Option<crate::ticket::Value>)>, TestFault> {
        let playbook = self.desk().desk().playbook();
        let schema = playbook.schema();
        match (first, second) {
            (TestValue::Record(map), None) => map.iter().map(|(k, v)| given::attribute(schema, k, v)).collect(),
            (name, Some(v)) => Ok(vec![given::attribute(schema, &as_text(name, "set")?, v)?]),
            (_, None) => wrong("write `desk.set(t, \"field\", value)`", "请写 `desk.set(t, \"字段\", 值)`"),
        }
    }

    fn override_priority(&self, level: &TestValue, span: Option<&TestValue>) -> Result<What, TestFault> {
        let priority = match level {
            TestValue::Nothing => None,
            v => Some(LevelName::new(as_text(v, "priority")?)),
        };
        let until = match span {
            None | Some(TestValue::Nothing) => None,
            Some(TestValue::Instant(t)) => Some(*t),
            Some(v) => {
                let written = as_text(v, "priority")?;
                let span: Span = written.parse().map_err(Error::from)?;
                let playbook = self.desk().desk().playbook();
                playbook.calendars().default_calendar().due(self.now(), span)
            }
        };
        Ok(What::SetPriority { priority, until })
    }
}
