//! Desk watches (S86): once per episode, over restarts, several desks, and whatever was looked at when.

use crate::engine::stage::{Stage, at, playbook};
use crate::scale::pick;
use chrono::TimeDelta;
use proptest::prelude::*;
use std::sync::{Arc, Mutex};
use ticketry::desk::{Courier, Delivery, Watched};
use ticketry::diagnostic::{Source, text};
use ticketry::engine::{Command, NewTicket, What};
use ticketry::id::*;
use ticketry::playbook::{Measure, Playbook, Sighting, Turn, Watch};
use ticketry::store::{AnyStore, MemoryStore, Query};
use ticketry::ticket::*;

const SPIKE: &str = r#"
[[watches]]
name = "spike"
label = { en = "Many questions at once", zh = "集中报障" }
match = 't.channel == "chat"'
window = "30m"
count = 3
clear = 2
notify = { to = "group:support", text = { en = "{{watch.figure}} in {{watch.window}}", zh = "{{watch.window}} 内 {{watch.figure}} 张" } }

[watches.open]
type = "question"
channel = "portal"
subject = "{{watch.name}}: {{watch.figure}} of {{watch.mark}} since {{watch.since}}"
tags = ["alarm"]
link = "caused-by"
close = "resolve"
"#;

fn with(watches: &str) -> Playbook {
    playbook(&Playbook::starter_source().with("watches.toml", watches))
}

/// A ticket by chat.
fn chat(s: &Stage, n: usize) -> Arc<Ticket> {
    let new = NewTicket::new("question", format!("question {n}"), format!("r{n}"), "chat");
    s.desk.submit(Command::create(format!("chat-{n}-{}", s.desk.now()), Actor::requester(format!("r{n}")), new)).unwrap().ticket
}
fn look(s: &Stage) -> Watched {
    s.desk.watch(s.desk.now()).unwrap()
}
fn alarms(s: &Stage) -> Vec<Arc<Ticket>> {
    s.desk.find(&Query::new().requester("watch:spike"), None, ticketry::store::Limit::MAX).unwrap().items
}
fn turns(w: &Watched) -> Vec<(UtcInstant, bool, u32)> {
    assert_eq!(w.failed, []);
    w.turned.iter().map(|t| (t.turn.at, t.turn.opens, t.turn.figure)).collect()
}

#[derive(Clone, Debug, Default)]
struct Told(Arc<Mutex<Vec<Effect>>>);
impl Courier for Told {
    async fn deliver(&self, effect: &Effect) -> Delivery {
        self.0.lock().unwrap().push(effect.clone());
        Delivery::Done
    }
}

#[test]
fn s86_a_watch_opens_and_clears_once_per_episode_on_every_store() {
    #[cfg(feature = "redb")]
    let folder = tempfile::tempdir().unwrap();
    let stores = [
        AnyStore::new(MemoryStore::new()),
        #[cfg(feature = "redb")]
        AnyStore::new(ticketry::store::RedbStore::create(folder.path().join("a.redb")).unwrap()),
    ];
    for store in stores {
        let told = Told::default();
        let courier = told.clone();
        let s = Stage::opened(|b| b.courier(courier), with(SPIKE), store);
        assert_eq!(look(&s), Watched::default());
        let first = chat(&s, 1);
        s.pass(5);
        chat(&s, 2);
        assert_eq!(look(&s), Watched::default());
        s.pass(5);
        let third = chat(&s, 3);
        s.pass(1);
        assert_eq!(turns(&look(&s)), [(third.created_at, true, 3)]);
        let [alarm] = &alarms(&s)[..] else { panic!("one alarm") };
        assert_eq!(&*alarm.subject, "spike: 3 of 3 since 2025-10-09 10:10 +00:00");
        assert!(alarm.provisional && alarm.tags.contains("alarm"));
        let link = Link { kind: "caused-by".into(), to: LinkTarget::Ticket(alarm.id) };
        assert!(s.get(&first).links.contains(&link) && s.get(&third).links.contains(&link));
        // More of the same is the same episode; it is linked too.
        let fourth = chat(&s, 4);
        assert_eq!(look(&s), Watched::default());
        assert!(s.get(&fourth).links.contains(&link));
        assert_eq!(alarms(&s).len(), 1);
        // At ten past half the window holds two: not below the mark at which it clears. A minute later, one.
        s.clock.set(at("2025-10-09T10:40:30Z"));
        assert_eq!(turns(&look(&s)), [(at("2025-10-09T10:40:00Z"), false, 1)]);
        let alarm = s.get(alarm);
        assert_eq!((alarm.state.as_str(), alarm.conversation.notes, alarm.conversation.automatic), ("resolved", 0, 1));
        assert_eq!(look(&s), Watched::default());
        // A new episode is a new ticket.
        for n in 5..8 {
            chat(&s, n);
        }
        assert_eq!(turns(&look(&s)).len(), 1);
        assert_eq!(alarms(&s).len(), 2);
        s.desk.deliver(100).unwrap();
        let body = |e: &Effect| match &e.kind {
            EffectKind::Notification { to: Recipient::Group(_), agents, body, .. } => Some((agents.len(), body.zh.clone())),
            _ => None,
        };
        let all: Vec<_> = told.0.lock().unwrap().iter().filter_map(body).collect();
        let begun = (3, "30 min 内 3 张".to_string());
        assert_eq!((all.len(), &all[0]), (3, &begun));
        assert!(all[1].1.starts_with("集中报障：已于") && all[2].1 == "30 min 内 4 张", "{all:?}");
    }
}

#[test]
fn s86_an_episode_survives_a_restart_and_two_desks_tell_it_once() {
    let store = AnyStore::new(MemoryStore::new());
    let a = Stage::over(with(SPIKE), store.clone());
    let b = Stage::over(with(SPIKE), store.clone());
    for n in 0..3 {
        chat(&a, n);
    }
    assert_eq!(turns(&look(&a)).len(), 1);
    assert_eq!(look(&b), Watched::default());
    // A desk that starts again, after a change of a ticket that would have made the episode begin at another instant.
    let c = Stage::over(with(SPIKE), store.clone());
    c.pass(2);
    chat(&c, 9);
    assert_eq!(look(&c), Watched::default());
    assert_eq!(alarms(&c).len(), 1);
    // The one that was asleep in between finds the end, the others no more.
    for s in [&b, &a, &c] {
        s.clock.set(at("2025-10-09T11:00:00Z"));
    }
    assert_eq!(turns(&look(&b)), [(at("2025-10-09T10:30:00Z"), false, 1)]);
    assert_eq!((look(&a), look(&c)), (Watched::default(), Watched::default()));
}

#[test]
fn s86_what_came_and_went_between_two_looks_is_found() {
    let s = Stage::of(with(SPIKE));
    look(&s);
    for n in 0..3 {
        chat(&s, n);
    }
    s.pass(29);
    chat(&s, 3);
    s.pass(24 * 60);
    assert_eq!(turns(&look(&s)), [(at("2025-10-09T10:00:00Z"), true, 3), (at("2025-10-09T10:30:00Z"), false, 1)]);
    let [alarm] = &alarms(&s)[..] else { panic!("one alarm") };
    assert_eq!(alarm.state, "resolved");
}

#[test]
fn s86_a_sweep_looks_where_something_happened_and_the_end_has_its_instant() {
    let s = Stage::of(with(SPIKE));
    assert_eq!(s.desk.sweep(s.desk.now()).unwrap().watched, Watched::default());
    assert_eq!(s.desk.next_wake().unwrap(), None);
    for n in 0..3 {
        chat(&s, n);
    }
    // A minute after the last look, unless somebody's clock is due before.
    assert_eq!(s.desk.next_wake().unwrap(), Some(at("2025-10-09T10:01:00Z")));
    s.pass(1);
    assert_eq!(s.desk.sweep(s.desk.now()).unwrap().watched.turned.len(), 1);
    s.pass(1);
    s.desk.sweep(s.desk.now()).unwrap();
    s.desk.deliver(100).unwrap();
    assert_eq!(s.desk.next_wake().unwrap(), Some(at("2025-10-09T10:30:00Z")));
    s.clock.set(at("2025-10-09T10:30:00Z"));
    assert_eq!(turns(&s.desk.sweep(s.desk.now()).unwrap().watched), [(at("2025-10-09T10:30:00Z"), false, 0)]);
}

#[test]
fn s86_share_rate_and_what_stands_open() {
    let watches = r#"
[[watches]]
name = "share"
match = 't.impact == "high"'
of = 't.channel == "chat"'
share = 50
least = 4
notify = { to = "agent:li", text = "{{watch.figure}} %" }

[[watches]]
name = "rate"
window = "30m"
rate = 8
notify = { to = "agent:li", text = "{{watch.figure}} an hour" }
"#;
    let s = Stage::of(with(watches));
    let mut all: Vec<Arc<Ticket>> = (0..3).map(|n| chat(&s, n)).collect();
    assert_eq!(look(&s), Watched::default());
    all.push(chat(&s, 3));
    // Four in half an hour are eight an hour.
    assert_eq!(turns(&look(&s)), [(s.desk.now(), true, 8)]);
    for t in &all[..2] {
        s.as_agent("li", t, What::set("impact", "high"));
    }
    assert_eq!(turns(&look(&s)), [(s.desk.now(), true, 50)]);
    // Those that are done are open no more: one of three.
    s.as_agent("li", &all[0], What::transition("resolve"));
    assert_eq!(turns(&look(&s)), [(s.desk.now(), false, 33)]);
}

#[test]
fn a_watch_whose_ticket_is_refused_says_so_and_does_not_stop_the_others() {
    let fields = Playbook::starter_source()
        .get("playbook.toml")
        .unwrap()
        .replace("[types.question]", "[fields]\norder = { type = \"text\", required = true }\n\n[types.question]");
    let other = SPIKE.replace("\"spike\"", "\"other\"").split("[watches.open]").next().unwrap().to_string();
    let source = Playbook::starter_source().with("playbook.toml", fields).with("watches.toml", format!("{SPIKE}{other}"));
    let s = Stage::of(playbook(&source));
    for n in 0..3 {
        let mut new = NewTicket::new("question", "q", format!("r{n}"), "chat");
        new.fields.push(("order".into(), "1".into()));
        s.create_as(Actor::agent("li"), new);
    }
    let found = look(&s);
    assert!(found.failed.len() == 1 && found.failed[0].1.contains("required"), "{found:?}");
    assert_eq!(found.turned.len(), 2);
    s.pass(120);
    let cleared = look(&s);
    assert_eq!((cleared.failed.len(), cleared.turned.len()), (0, 2));
}

#[test]
fn every_slip_in_a_watch_has_its_code() {
    let good = "[[watches]]\nname = \"w\"\nwindow = \"30m\"\ncount = 3\nnotify = { to = \"group:support\", text = \"x\" }\n";
    let codes = |content: String| -> Vec<&'static str> {
        let source: Source = Playbook::starter_source().with("watches.toml", content);
        match Playbook::load(&source) {
            Ok(l) => l.warnings.iter().map(|d| d.code).collect(),
            Err(all) => {
                assert!(all.iter().all(|d| d.place().is_some() && !d.message.zh.is_empty()), "{all}");
                all.iter().map(|d| d.code).collect()
            }
        }
    };
    assert!(codes(good.into()).is_empty());
    for (from, to, code) in [
        ("name = \"w\"\n", "", "missing-key"),
        ("window", "windwo", "unknown-key"),
        ("count = 3", "count = 3\nrate = 3", "missing-key"),
        ("count = 3", "count = 0", "out-of-range"),
        ("count = 3", "share = 101", "out-of-range"),
        ("count = 3", "count = 3\nclear = 4", "out-of-range"),
        ("window = \"30m\"\ncount = 3", "rate = 3", "missing-key"),
        ("\"30m\"", "\"30bm\"", "bad-span"),
        ("\"30m\"", "\"8d\"", "out-of-range"),
        ("window = \"30m\"", "match = 't.impakt == \"high\"'", "unknown-field"),
        ("window = \"30m\"", "match = 'event.name == \"created\"'", "not-here"),
        ("group:support", "group:suport", "unknown-group"),
        ("group:support", "requester", "unknown-recipient"),
        ("group:support", "nobody", "unknown-recipient"),
        ("\"x\"", "\"{{watch.figrue}}\"", "unknown-placeholder"),
        ("notify = { to = \"group:support\", text = \"x\" }\n", "", "no-actions"),
        ("notify = {", "open = { type = \"qestion\", channel = \"mail\", subject = \"x\" }\nnotify = {", "unknown-type"),
        ("notify = {", "open = { type = \"question\", channel = \"mial\", subject = \"x\" }\nnotify = {", "unknown-channel"),
        (
            "notify = {",
            "open = { type = \"question\", channel = \"mail\", subject = \"x\", impact = \"hihg\" }\nnotify = {",
            "unknown-level",
        ),
        (
            "notify = {",
            "open = { type = \"question\", channel = \"mail\", subject = \"x\", close = \"reslove\" }\nnotify = {",
            "unknown-transition",
        ),
        ("notify = {", "open = { channel = \"mail\", subject = \"x\" }\nnotify = {", "missing-key"),
    ] {
        assert!(good.contains(from), "{from}");
        let found = codes(good.replace(from, to));
        assert_eq!(found, [code], "{to}");
    }
    assert_eq!(codes(format!("{good}{good}")), ["duplicate-name"]);
}

fn watch(measure: Measure, clear: u32) -> Watch {
    Watch {
        name: "w".into(),
        label: text("w", "w"),
        place: ticketry::diagnostic::Place::file("test"),
        matches: None,
        window: Some(TimeDelta::minutes(30)),
        measure,
        clear,
        notify: None,
        open: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: pick(200, 5000, 50_000), ..ProptestConfig::default() })]

    /// However often anybody looks, the episodes are those of a single look at the end, and those a count at every instant would find.
    #[test]
    fn s86_episodes_do_not_depend_on_when_anybody_looks(
        mut made in prop::collection::vec((0i64..300, any::<bool>(), any::<bool>()), 0..60),
        looks in prop::collection::vec(0i64..300, 0..12),
        kind in 0..3u8, mark in 1u32..8, less in 0u32..4,
    ) {
        let clear = mark.saturating_sub(less).max(1);
        let w = match kind {
            0 => watch(Measure::Count(mark), clear),
            1 => watch(Measure::Rate(mark * 2), clear * 2),
            _ => watch(Measure::Share { percent: mark * 10, of: None, least: 3 }, clear * 10),
        };
        let minute = |n: i64| at("2025-10-09T10:00:00Z") + TimeDelta::minutes(n);
        made.sort();
        let seen: Vec<Sighting> =
            made.iter().map(|(n, hit, _)| Sighting { at: minute(*n), hit: *hit || kind != 2, base: true }).collect();
        let (start, end) = (minute(-1), minute(400));
        let once = w.turns(&seen, false, start, end);

        // By counting anew at every minute.
        let mut open = false;
        let mut counted = Vec::new();
        for n in 0..=400 {
            let within = |s: &&Sighting| s.at <= minute(n) && s.at > minute(n - 30);
            let hits = seen.iter().filter(within).filter(|s| s.hit).count() as u32;
            let base = seen.iter().filter(within).count() as u32;
            let (opens, clears) = match kind {
                0 => (hits >= mark, hits < clear),
                1 => (hits * 2 >= mark * 2, hits * 2 < clear * 2),
                _ => (base >= 3 && hits * 100 >= mark * 10 * base, base < 3 || hits * 100 < clear * 10 * base),
            };
            if (open && clears) || (!open && opens) {
                open = !open;
                counted.push((minute(n), open));
            }
        }
        prop_assert_eq!(once.iter().map(|t| (t.at, t.opens)).collect::<Vec<_>>(), counted);

        // In pieces, each told only of what was made by then and of two windows back.
        let mut looks: Vec<UtcInstant> = looks.into_iter().map(minute).collect();
        looks.push(end);
        looks.sort();
        let (mut after, mut open) = (start, false);
        let mut pieces: Vec<Turn> = Vec::new();
        for until in looks {
            let known: Vec<Sighting> = seen.iter().copied().filter(|s| s.at <= until && s.at > after - TimeDelta::minutes(30)).collect();
            let more = w.turns(&known, open, after, until);
            open = more.last().map_or(open, |t| t.opens);
            pieces.extend(more);
            after = until;
        }
        prop_assert_eq!(pieces, once);
    }
}
