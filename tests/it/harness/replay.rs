//! A past done again: under the same playbook it is the same past, under another one exactly what changed differs.

use crate::scale::pick;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use ticketry::diagnostic::{Lang, Source};
use ticketry::engine::{Inbound, NewMessage, TransitionInput, What};
use ticketry::harness::{self, Difference, History, LogMap, ReplayOptions, Replayed, Stage};
use ticketry::playbook::Playbook;
use ticketry::routing::RosterDefinition;
use ticketry::ticket::{Actor, Entry, Ticket, Value};

fn desk() -> Source {
    ticketry::folder::read(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/desk")).unwrap()
}

fn load(source: &Source) -> (Playbook, RosterDefinition) {
    let playbook = Playbook::load(source).unwrap_or_else(|d| panic!("{}", d.render(Lang::En, Some(source)))).playbook;
    let (people, problems) = harness::people(source, playbook.schema());
    assert!(problems.is_empty());
    (playbook, people)
}

/// A small generator: the same seed, the same life.
struct Dice(u64);
impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.roll(all.len() as u64) as usize].clone()
    }
}

const PEOPLE: [&str; 6] = ["li-na", "zhang-min", "sun-li", "he-jun", "ma-chao", "tang-yan"];

fn inbound(dice: &mut Dice, n: usize, onto: Option<&Ticket>) -> Inbound {
    let words = ["hello", "谢谢", "自动回复", "I call my lawyer", "我的快递", "屏幕碎了"];
    let mut message = Inbound::new(dice.of(&["wechat", "mail", "chat"]), format!("m-{n}"), "", "enquiry", dice.of(&words));
    message.requester = onto.map_or_else(|| format!("r-{}", dice.roll(6)).as_str().into(), |t| t.requester.clone());
    match onto {
        Some(t) => message.number = Some(t.number),
        None => message.threads = vec![format!("thread-{n}").as_str().into()],
    }
    message
}

/// Some days of a desk, by anybody who may do anything. What is refused is refused.
fn live(stage: &Stage, dice: &mut Dice, steps: usize) -> Vec<Entry> {
    let mut tickets: Vec<Arc<Ticket>> = Vec::new();
    for n in 0..steps {
        stage.advance(&format!("{}m", dice.roll(300))).unwrap();
        let who = if dice.roll(4) == 0 { Actor::requester(format!("r-{}", dice.roll(6))) } else { Actor::agent(dice.of(&PEOPLE)) };
        if tickets.len() < 2 || dice.roll(5) == 0 {
            let made = if dice.roll(2) == 0 {
                stage.receive(inbound(dice, n, None))
            } else {
                let mut new = stage.new_ticket(dice.of(&["我的快递", "cannot sign in", "x"]));
                new.kind = dice.of(&["enquiry", "complaint", "repair", "incident"]).into();
                new.requester = format!("r-{}", dice.roll(6)).as_str().into();
                new.channel = (dice.of(&["wechat", "phone", "portal", "api"])).into();
                new.impact = dice.of(&[None, Some("one"), Some("all")]).map(Into::into);
                stage.create(new)
            };
            tickets.extend(made);
            continue;
        }
        let t = dice.of(&tickets);
        let what = match dice.roll(13) {
            0..=3 => {
                let names = [
                    "start",
                    "ask-customer",
                    "resolve",
                    "close",
                    "reopen",
                    "ask-vendor",
                    "vendor-answered",
                    "open-call-back",
                    "called-back",
                ];
                let fields = if dice.roll(2) == 0 { vec![("cause".into(), Some(Value::text("network")))] } else { vec![] };
                let fields: Vec<_> = fields.into_iter().map(|(f, v): (String, _)| (ticketry::ticket::Attribute::named(&f), v)).collect();
                let comment = (dice.roll(3) == 0).then(|| "because".into());
                TransitionInput::new(dice.of(&names)).fields(fields).maybe_comment(comment).into()
            }
            4 => What::reply("on it"),
            5 => What::note("hm"),
            6 => What::LogCall(NewMessage::new("we spoke")),
            7 => What::set("urgency", Value::text(dice.of(&["can-wait", "now"]))),
            8 => What::HandOff {
                group: (dice.of(&["orders", "repairs", "tech-l2"])).into(),
                skills: BTreeMap::new(),
                reason: "yours".into(),
            },
            9 => What::Assign((dice.of(&PEOPLE)).into()),
            10 => What::Tag { add: BTreeSet::from([(dice.of(&["a", "b"])).into()]), remove: BTreeSet::from(["c".into()]) },
            11 => {
                let until = (dice.roll(2) == 0).then(|| stage.now() + chrono::TimeDelta::hours(5));
                What::SetPriority { priority: dice.of(&[None, Some("urgent")]).map(Into::into), until }
            }
            _ => What::Rate { stars: 1 + dice.roll(5) as u8, comment: String::new() },
        };
        let _ = match dice.roll(6) {
            0 => stage.receive(inbound(dice, n, Some(&t))),
            _ => stage.act(who, &t, what),
        };
    }
    stage.advance("3d").unwrap();
    let all = stage.tickets().unwrap();
    all.iter().flat_map(|t| stage.journal(t.id).unwrap()).collect()
}

fn again(source: &Source, history: &History, options: &ReplayOptions) -> Replayed {
    let (playbook, people) = load(source);
    let mut ticks = 0;
    let replayed = harness::replay(&playbook, &people, history, options, &mut |n| ticks = n).unwrap();
    assert_eq!(ticks, history.len());
    replayed
}

fn differing(source: &Source, history: &History) -> (Replayed, Vec<Difference>) {
    let replayed = again(source, history, &ReplayOptions::default());
    let differences = harness::differences(&history.outcome().unwrap(), &replayed);
    (replayed, differences)
}

/// Whatever people did, journals say it well enough to do it again: nothing differs, nothing is refused, nothing left out.
#[test]
fn under_the_same_playbook_a_past_comes_out_as_it_was() {
    let (playbook, people) = load(&desk());
    let mut commands = 0;
    for seed in 0..u64::from(pick(12, 60, 300)) {
        let stage = Stage::open(playbook.clone(), people.clone()).unwrap();
        let entries = live(&stage, &mut Dice(seed), 60);
        // Journals come as they come: by ticket here, by time in a feed, through JSON.
        let lines: Vec<String> = entries.iter().rev().map(|e| serde_json::to_string(e).unwrap()).collect();
        let history = History::of_journals(lines.iter().map(|l| serde_json::from_str(l).unwrap()));
        let (replayed, differences) = differing(&desk(), &history);
        assert_eq!(differences, [], "seed {seed}");
        assert_eq!((replayed.refused, replayed.left_out), (BTreeMap::new(), BTreeMap::new()), "seed {seed}");
        commands += replayed.done;
    }
    assert!(commands > 300, "{commands}");
}

#[test]
fn under_another_playbook_exactly_what_changed_differs() {
    let (playbook, people) = load(&desk());
    let stage = Stage::open(playbook, people).unwrap();
    let mut new = stage.new_ticket("我的快递");
    new.kind = "enquiry".into();
    let parcel = stage.create(new.clone()).unwrap();
    new.subject = "how".into();
    let question = stage.create(new).unwrap();
    stage.act(Actor::agent("li-na"), &question, What::transition("start")).unwrap();
    stage.act(Actor::agent("li-na"), &question, What::transition("resolve")).unwrap();
    let entries: Vec<Entry> = [parcel.id, question.id].iter().flat_map(|id| stage.journal(*id).unwrap()).collect();
    let history = History::of_journals(entries);
    assert_eq!(history.len(), 4, "assignments by queues happen again by themselves");

    let routes =
        desk().get("rules/30-route.rhai").unwrap().replace("t.route(\"orders\"", "t.route(\"complaints\"").replace("[\"orders\"]", "[]");
    let (_, differences) = differing(&desk().with("rules/30-route.rhai", routes), &history);
    let told: Vec<String> = differences.iter().map(|d| d.text().en).collect();
    assert_eq!(told, ["ticket 1 after its command 1: group orders → complaints"]);
    assert!(differences[0].text().zh.contains("处理组"));

    let sla = desk().get("sla/customer.toml").unwrap().replace("medium = \"2bd\"", "medium = \"1bd\"");
    let (_, differences) = differing(&desk().with("sla/customer.toml", sla), &history);
    assert_eq!(differences, [], "the earliest target is the first response still");

    let flow = desk()
        .get("workflows/service.toml")
        .unwrap()
        .replace("from = [\"new\", \"open\", \"pending\"]\nto = \"resolved\"", "from = [\"new\"]\nto = \"resolved\"");
    let (replayed, differences) = differing(&desk().with("workflows/service.toml", flow), &history);
    assert_eq!(replayed.refused, BTreeMap::from([("not-from-state".to_string(), 1)]));
    let aspects: Vec<(&str, Option<usize>)> = differences.iter().map(|d| (d.aspect, d.step)).collect();
    assert!(aspects.contains(&("refused", Some(2))) && aspects.contains(&("state", Some(2))), "{aspects:?}");
    let before = history.outcome().unwrap();
    let text = harness::render_differences(&before, &replayed, &differences, 1, Lang::En);
    assert!(
        text.starts_with("3 commands on 2 tickets done again, 1 refused (not-from-state 1), 0 left out\ntickets that would differ: "),
        "{text}"
    );
    assert!(text.contains("more"), "{text}");
    assert!(!harness::render_differences(&before, &replayed, &[], 1, Lang::Zh).is_empty());
}

#[test]
fn coverage_and_customers_come_with_a_replay() {
    let (playbook, people) = load(&desk());
    let stage = Stage::open(playbook.clone(), people).unwrap();
    let record =
        |tier: &str| harness::customers("c.json", &format!("{{ \"ann\": {{ \"tier\": \"{tier}\" }} }}"), playbook.schema()).unwrap();
    stage.customer("ann", record("diamond").into_values().next().unwrap());
    let mut new = stage.new_ticket("x");
    new.kind = "complaint".into();
    let t = stage.create(new).unwrap();
    let history = History::of_journals(stage.journal(t.id).unwrap());
    // Without the record, rules judge another customer: that much is said.
    let (_, differences) = differing(&desk(), &history);
    assert!(differences.iter().any(|d| d.aspect == "priority"), "{differences:?}");
    let options = ReplayOptions { coverage: true, customers: record("diamond") };
    let replayed = again(&desk(), &history, &options);
    assert_eq!(harness::differences(&history.outcome().unwrap(), &replayed), []);
    let coverage = replayed.coverage.unwrap();
    let matched: Vec<&str> = coverage.rules().filter(|r| r.matched > 0).map(|r| r.rule.as_str()).collect();
    assert_eq!(matched, ["vip-to-experts"]);
    let wrong = harness::customers("c.json", "{ \"ann\": { \"teir\": \"gold\" } }", playbook.schema()).unwrap_err().to_string();
    assert!(wrong.contains("c.json") && wrong.contains("did you mean `tier`?"), "{wrong}");
    assert!(harness::customers("c.json", "[1]", playbook.schema()).is_err());
}

#[test]
fn what_cannot_be_done_again_is_counted() {
    let (playbook, people) = load(&desk());
    let stage = Stage::open(playbook, people).unwrap();
    let mut new = stage.new_ticket("x");
    new.kind = "enquiry".into();
    let t = stage.create(new).unwrap();
    let mut journal = stage.journal(t.id).unwrap();
    journal.remove(0);
    let history = History::of_journals(journal);
    assert!(history.is_empty() && history.outcome().is_none());
    let (playbook, people) = load(&desk());
    let replayed = harness::replay(&playbook, &people, &history, &ReplayOptions::default(), &mut |_| {}).unwrap();
    assert_eq!(replayed.left_out, BTreeMap::from([("no-beginning".to_string(), 1)]));
}

#[test]
fn maps_of_logs_say_what_is_wrong_with_them() {
    let sound = include_str!("../../../examples/maps/helpdesk_italy.toml");
    let map = LogMap::parse("m.toml", sound).unwrap();
    assert!(map.named().contains("case_id"));
    LogMap::parse("m.toml", include_str!("../../../examples/maps/bpic2013_incidents.toml")).unwrap();
    for (from, to, says) in [
        ("playbook =", "playbok =", "m.toml:3:1"),
        ("command = \"note\"", "command = \"nothing\"", "none of create, transition"),
        ("case = \"case_id\"", "", "m.toml:"),
        ("[columns]", "[columns", "m.toml:"),
    ] {
        let wrong = LogMap::parse("m.toml", &sound.replace(from, to)).unwrap_err().to_string();
        assert!(wrong.starts_with("error[bad-map]") && wrong.contains(says), "{wrong}");
    }
    let row: BTreeMap<String, String> = BTreeMap::from([("timestamp".into(), "yesterday".into())]);
    assert!(map.history([row]).unwrap_err().to_string().contains("row 2: `yesterday` is no instant"));
}

/// The map does as the example's own reading of it does, on a real log.
#[test]
fn a_real_log_is_done_again_without_a_refusal() {
    let Some(path) = crate::vectors_business_time::shared("logs").map(|l| l.join("helpdesk_italy.csv.gz")) else { return };
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/maps");
    let map = LogMap::parse("m.toml", include_str!("../../../examples/maps/helpdesk_italy.toml")).unwrap();
    let mut reader = csv::Reader::from_reader(flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()));
    let heads: Vec<String> = reader.headers().unwrap().iter().map(str::to_string).collect();
    let rows: Vec<BTreeMap<String, String>> = reader
        .records()
        .take(pick(1_500, 30_000, 30_000) as usize)
        .map(|r| heads.iter().cloned().zip(r.unwrap().iter().map(str::to_string)).collect())
        .collect();
    let history = map.history(rows).unwrap();
    let source = ticketry::folder::read(examples.join("helpdesk_italy")).unwrap();
    let first = again(&source, &history, &ReplayOptions::default());
    assert_eq!((&first.refused, &first.left_out), (&BTreeMap::new(), &BTreeMap::new()));
    assert_eq!(first.done, history.len() as u64);
    assert!(history.outcome().is_none(), "a foreign log says nothing of priorities");
    let (_, people) = load(&source);
    assert!(people.agents.is_empty());
    let sla = source.get("sla/customer.toml").unwrap();
    let slower = source.clone().with("sla/customer.toml", sla.replacen("bd\"", "0bd\"", 9).replacen("bh\"", "0bh\"", 9));
    let differences = harness::differences(&first, &again(&slower, &history, &ReplayOptions::default()));
    assert!(!differences.is_empty() && differences.iter().all(|d| d.aspect == "due"), "{:?}", differences.first());
}
