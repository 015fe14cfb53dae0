//! Boards.

use crate::engine::stage::{Stage, at};
use std::sync::Arc;
use ticketry::condition::{Condition, Expr, Path};
use ticketry::diagnostic::Place;
use ticketry::engine::What;
use ticketry::insight::{Board, BoardDefinition, Columns, Flag};
use ticketry::store::{Order, Query};
use ticketry::ticket::{Agreement, Clock, ClockId, Mark, Ticket};

fn counts(b: &Board) -> Vec<(&str, u64)> {
    b.columns.iter().map(|c| (c.name.as_str(), c.count)).collect()
}

#[test]
fn s62_a_board_has_the_states_in_their_colours_and_the_cards_in_their_order() {
    let s = Stage::starter();
    let (a, b, c) = (s.create(), s.create(), s.create());
    s.as_agent("li", &b, What::transition("start"));
    s.as_agent("li", &c, What::transition("resolve"));
    let board = s.desk.board(&BoardDefinition::global().order(Order::Number)).unwrap();
    assert_eq!(counts(&board), [("new", 1), ("open", 1), ("pending", 0)]);
    let colours: Vec<_> = board.columns.iter().map(|c| (c.label.zh.as_str(), c.colour.as_str())).collect();
    assert_eq!(colours, [("待处理", "grey"), ("处理中", "yellow"), ("待客户回复", "purple")]);
    assert_eq!((board.count, board.overdue, board.columns[0].cards[0].number), (2, 0, a.number));
    let all = s.desk.board(&BoardDefinition::global().with_final().columns(Columns::Classes)).unwrap();
    assert_eq!(counts(&all), [("new", 1), ("open", 1), ("pending", 0), ("on_hold", 0), ("resolved", 1), ("closed", 0), ("cancelled", 0)]);
    // Every ticket of the query stands on it once.
    let of: Vec<Arc<Ticket>> = s.desk.find(&Query::new(), None, ticketry::store::Limit::MAX).unwrap().items;
    assert_eq!(Board::of(&BoardDefinition::global().with_final(), &s.desk.playbook(), &of, s.desk.now()).count, 3);
}

#[test]
fn s74_a_personal_board_a_groups_and_one_that_is_filtered() {
    let s = Stage::starter();
    let a = s.create();
    s.pass(1);
    let b = s.create();
    s.as_agent("li", &a, What::Assign("li".into()));
    s.as_agent("wang", &b, What::Assign("wang".into()));
    s.as_agent("wang", &b, What::set("impact", "high"));
    let numbers = |d: &BoardDefinition| {
        let board = s.desk.board(d).unwrap();
        board.columns.iter().flat_map(|c| c.cards.iter().map(|c| c.number)).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&BoardDefinition::personal("li")), [a.number]);
    let group = s.get(&a).group.clone();
    assert_eq!(numbers(&BoardDefinition::group(group.unwrap()).order(Order::Newest)), [b.number, a.number]);
    assert_eq!(numbers(&BoardDefinition::group("nobody")), [0u64; 0]);
    let high = Expr::OneOf { path: Path::Impact, names: ["high".to_string()].into(), not: false };
    let high = Condition::new(high, Place::file("board"));
    assert_eq!(numbers(&BoardDefinition::global().filter(high)), [b.number]);
    assert!(numbers(&BoardDefinition::global().kind("other")).is_empty());
    // Counts count what is not shown.
    let short = s.desk.board(&BoardDefinition::global().cards(1)).unwrap();
    assert_eq!((short.count, short.columns.iter().map(|c| c.cards.len()).sum::<usize>()), (2, 1));
}

#[test]
fn s62_a_flag_stands_beside_the_colour_amber_at_risk_red_overdue() {
    let s = Stage::starter();
    let mut t = Ticket::clone(&s.create());
    let now = at("2025-10-09T12:00:00Z");
    t.clocks.clear();
    assert_eq!(Flag::of(&t, now), None);
    t.limit = Some(at("2025-10-09T11:59:00Z"));
    assert_eq!(Flag::of(&t, now), Some(Flag::AtRisk));
    t.limit = None;
    let clock = Clock {
        id: ClockId { agreement: Agreement::Customer, metric: "resolution".into(), run: 1 },
        policy: "p".into(),
        calendar: "office".into(),
        calendar_version: 1,
        cycle: 1,
        message: None,
        group: None,
        target: ticketry::ticket::Allowance::Wall(1),
        budget: 1,
        started_at: t.created_at,
        counted: 0,
        since: Some(t.created_at),
        paused_since: None,
        hold: Default::default(),
        pauses: Vec::new(),
        due: Some(at("2025-10-09T13:00:00Z")),
        breached_at: None,
        superseded: false,
        marks: vec![Mark { name: "warning:75%".into(), skipped: true }],
        next_mark: None,
        outcome: None,
    };
    t.clocks.push(clock);
    assert_eq!(Flag::of(&t, now), None, "a warning passed over warns of nothing");
    t.clocks[0].marks[0].skipped = false;
    assert_eq!(Flag::of(&t, now), Some(Flag::AtRisk));
    // Before any sweep has been there.
    assert_eq!(Flag::of(&t, at("2025-10-09T13:00:00.000001Z")), Some(Flag::Overdue));
    t.clocks[0].breached_at = Some(now);
    assert_eq!(Flag::of(&t, now), Some(Flag::Overdue));
    assert_eq!([Flag::AtRisk.colour(), Flag::Overdue.colour()], ["amber", "red"]);
    let board = Board::of(&BoardDefinition::global(), &s.desk.playbook(), &[Arc::new(t.clone())], now);
    let card = &board.columns[0].cards[0];
    assert_eq!((card.flag, card.colour.as_str(), board.overdue, board.at_risk), (Some(Flag::Overdue), "grey", 1, 0));
    // A state of another version has a column of its own, at the end.
    t.state = "gone".into();
    let board = Board::of(&BoardDefinition::global(), &s.desk.playbook(), &[Arc::new(t.clone())], now);
    assert_eq!(board.columns.last().map(|c| (c.name.as_str(), c.count)), Some(("gone", 1)));
    t.class = ticketry::ticket::StateClass::Closed;
    assert_eq!(Flag::of(&t, now), None);
}

#[test]
fn s62_states_of_one_name_are_one_column_with_all_their_labels() {
    use ticketry::playbook::Playbook;
    let source = Playbook::starter_source();
    let question = source.get("workflows/question.toml").unwrap().to_string();
    let other = question.replacen("question", "errand", 1).replace("待处理", "待受理");
    assert_ne!(question.matches("待受理").count(), other.matches("待受理").count());
    let types = source.get("playbook.toml").unwrap().to_string() + "\n[types.errand]\nworkflow = \"errand\"\n";
    let source = source.with("workflows/errand.toml", other).with("playbook.toml", types);
    let playbook = crate::engine::stage::playbook(&source);
    let board = Board::new(&BoardDefinition::global(), &playbook, at("2025-10-09T12:00:00Z"));
    let labels = |b: &Board| b.columns.iter().map(|c| (c.name.to_string(), c.label.en.clone(), c.label.zh.clone())).collect::<Vec<_>>();
    let all = labels(&board);
    assert_eq!(all.iter().filter(|(n, ..)| n == "new").count(), 1);
    let (_, en, zh) = all.iter().find(|(n, ..)| n == "new").unwrap();
    assert!(!en.contains('/') && zh.contains("待处理") && zh.contains(" / ") && zh.contains("待受理"), "{en} {zh}");
    // A board of one type has that type's words.
    let one = Board::new(&BoardDefinition::global().kind("errand"), &playbook, at("2025-10-09T12:00:00Z"));
    assert_eq!(labels(&one).iter().find(|(n, ..)| n == "new").unwrap().2, "待受理");
}
