//! Macros, and replies from templates.

use super::stage::{Stage, playbook};
use std::collections::BTreeMap;
use ticketry::condition::Customer;
use ticketry::desk::{Error, FixedDirectory};
use ticketry::diagnostic::Source;
use ticketry::engine::{Command, What};
use ticketry::id::*;
use ticketry::playbook::Playbook;
use ticketry::ticket::*;

const MACROS: &str = r#"
[[macros]]
name = "ask-for-more"
label = { en = "Ask for more", zh = "请求补充信息" }
actions = [{ tag = "asked" }, { set = { field = "impact", value = "low" } }, { reply = "more" }, { transition = "wait" }, { note = "asked" }]

[[macros]]
name = "to-the-lead"
actions = [{ watch = "zhao" }, { assign = "zhao" }, { notify = { to = "assignee", template = "more" } }]
"#;

fn source() -> Source {
    let starter = Playbook::starter_source();
    let head = starter.get("playbook.toml").unwrap().replace(
        "[templates]",
        "[customer]\nname = { type = \"text\" }\n\n[templates]\nmore = { en = \"Dear {{customer.name}}, what of {{ticket.number}}?\", zh = \"{{customer.name}}：工单 {{ticket.number}} 请补充\" }",
    );
    starter.with("playbook.toml", head).with("macros.toml", MACROS)
}

fn desk(source: Source) -> Stage {
    let playbook = playbook(&source);
    let customers = BTreeMap::from([(RequesterId::new("ann"), Customer::from([(FieldName::new("name"), Value::text("Ann"))]))]);
    let roster = super::stage::roster(&playbook);
    let directory = FixedDirectory { roster, customers };
    Stage::opened(|b| b.directory(directory), playbook, ticketry::store::AnyStore::new(ticketry::store::MemoryStore::new()))
}

fn refused(r: Result<ticketry::desk::Done, Error>) -> Vec<&'static str> {
    match r {
        Err(Error::Refused(r)) => r.reasons.iter().map(|r| r.code).collect(),
        other => panic!("{other:?}"),
    }
}
fn messages(s: &Stage, t: &Ticket) -> Vec<Message> {
    let of = |c: &Caused| if let Event::MessageAdded(m) = &c.event { Some((**m).clone()) } else { None };
    s.desk.journal(t.id).unwrap().iter().flat_map(|e| e.events.iter().filter_map(of)).collect()
}

#[test]
fn s14_a_macro_is_the_person_s_own_commands_in_one() {
    let s = desk(source());
    assert!(s.desk.desk().playbook().reads_customer(), "a template reads it");
    let t = s.create();
    let t = s.as_agent("li", &t, What::Macro("ask-for-more".into()));
    assert_eq!((t.state.as_str(), t.impact.as_ref().map(|i| i.by)), ("pending", Some(Provenance::Agent)));
    // The reply is li's, and answers.
    let all = messages(&s, &t);
    assert_eq!((all[1].author, all[1].automatic, &*all[1].body), (Author::Agent, false, "Dear Ann, what of 1?\n\nAnn：工单 1 请补充"));
    assert_eq!(t.conversation.from_agents, 1);
    let journal = s.desk.journal(t.id).unwrap();
    let last = journal.last().unwrap();
    assert_eq!(last.events.iter().find(|c| c.cause == Cause::Command).unwrap().event, Event::MacroRun("ask-for-more".into()));
    let explained = s.desk.explain(t.id, last.revision).unwrap().unwrap();
    assert!(explained.lines.iter().any(|l| l.en.contains("macro Ask for more") && l.zh.contains("宏 请求补充信息")));
}

#[test]
fn s1_s2_a_macro_is_done_whole_or_not_at_all_with_all_reasons() {
    let s = desk(source());
    let t = s.create();
    let t = s.as_agent("li", &t, What::transition("resolve"));
    let before = s.get(&t);
    let nobody = s.desk.submit(Command::on(t.id, "m1", Actor::agent("li"), What::Macro("ask-for-moer".into())));
    assert_eq!(refused(nobody), ["unknown-macro"]);
    // There is no `wait` from resolved.
    assert_eq!(refused(s.try_as(Actor::agent("li"), &t, What::Macro("ask-for-more".into()))), ["not-from-state"]);
    assert_eq!(refused(s.try_as(Actor::requester("ann"), &t, What::Macro("ask-for-more".into()))), ["not-allowed"]);
    assert_eq!(s.get(&t), before);
    // Rights are asked for each action, and all that are missing are told.
    let head = source()
        .get("playbook.toml")
        .unwrap()
        .replace("[levels]", "[settings.rights]\nassign = [\"lead\"]\nwatch = [\"lead\"]\n\n[levels]");
    let s = desk(source().with("playbook.toml", head));
    let t = s.create();
    assert_eq!(refused(s.try_as(Actor::agent("li"), &t, What::Macro("to-the-lead".into()))), ["not-allowed", "not-allowed"]);
    let t = s.as_agent("zhao", &t, What::Macro("to-the-lead".into()));
    assert_eq!((t.assignee.as_ref().map(AgentId::as_str), t.watchers.len()), (Some("zhao"), 1));
    let head = source().get("playbook.toml").unwrap().replace("[levels]", "[settings.rights]\nmacro = [\"lead\"]\n\n[levels]");
    let s = desk(source().with("playbook.toml", head));
    let t = s.create();
    assert_eq!(refused(s.try_as(Actor::agent("li"), &t, What::Macro("to-the-lead".into()))), ["not-allowed"]);
}

#[test]
fn s22_s81_a_rule_s_reply_is_automatic_answers_nothing_and_dies_in_a_loop() {
    let rules = r#"rule("received").on(["created", "message.requester"]).then(|t| t.reply("more"));"#;
    let s = desk(source().with("rules/a.rhai", rules));
    let mail = |id: &str, thread: Option<&Ticket>, language: &str| {
        let mut m = s.mail(id, thread, "help");
        m.language = Some(language.into());
        s.desk.receive(m).unwrap().ticket
    };
    let t = mail("<1>", None, "zh-CN");
    let first = &messages(&s, &t)[1];
    assert_eq!((first.author, first.automatic, &*first.body), (Author::System, true, "Ann：工单 1 请补充"));
    assert!(t.conversation.first_answer.is_none() && t.conversation.oldest_unanswered.is_some());
    for n in 2..9 {
        mail(&format!("<{n}>"), Some(&t), "en");
    }
    let replies = messages(&s, &t).iter().filter(|m| m.author == Author::System).count();
    assert_eq!(replies, 5, "five an hour");
    let suppressed = |c: &Caused| matches!(&c.event, Event::Notified { suppressed: Some(why), .. } if why == "too-many");
    assert_eq!(s.desk.journal(t.id).unwrap().iter().flat_map(|e| e.events.clone()).filter(suppressed).count(), 3);
}

#[test]
fn every_slip_in_macros_and_templates_has_its_code() {
    let codes = |path: &str, from: &str, to: &str| -> Vec<&'static str> {
        let content = source().get(path).unwrap().to_string();
        assert!(content.contains(from), "{from}");
        let all = Playbook::load(&source().with(path, content.replacen(from, to, 1))).unwrap_err();
        assert!(all.iter().all(|d| d.place().is_some() && !d.message.zh.is_empty()));
        all.iter().map(|d| d.code).collect()
    };
    let m = |from: &str, to: &str| codes("macros.toml", from, to);
    assert_eq!(m("reply = \"more\"", "reply = \"mroe\""), ["unknown-template"]);
    assert_eq!(m("transition = \"wait\"", "transition = \"wiat\""), ["unknown-transition"]);
    assert_eq!(m("{ tag = \"asked\" }", "\"stop\""), ["not-in-macro"]);
    assert_eq!(m("{ tag = \"asked\" }", "{ score = { points = 1, reason = \"x\" } }"), ["not-in-macro"]);
    assert_eq!(m("name = \"to-the-lead\"", "name = \"ask-for-more\""), ["duplicate-name"]);
    assert_eq!(m("name = \"to-the-lead\"\n", ""), ["missing-key"]);
    assert_eq!(m("label =", "lable ="), ["unknown-key"]);
    assert_eq!(
        m("[{ watch = \"zhao\" }, { assign = \"zhao\" }, { notify = { to = \"assignee\", template = \"more\" } }]", "[]"),
        ["no-actions"]
    );
    assert_eq!(codes("playbook.toml", "{{customer.name}}", "{{customer.nmae}}"), ["unknown-placeholder"]);
    let open = Playbook::starter_source().get("playbook.toml").unwrap().replace("[settings]", "[settings]\nreply_language = \"fr\"");
    let found = Playbook::load(&Playbook::starter_source().with("playbook.toml", open)).unwrap_err();
    assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), ["unknown-word"]);
    let rules = source().with("rules/a.rhai", "rule(\"r\").on(\"created\").then(|t| t.reply(\"mroe\"));");
    let found = Playbook::load(&rules).unwrap_err();
    assert_eq!(found.iter().map(|d| (d.code, d.place().unwrap().column)).collect::<Vec<_>>(), [("unknown-template", 42)]);
}
