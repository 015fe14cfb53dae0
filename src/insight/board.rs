//! Boards 看板 as data (S62): columns, cards, flags and counts.

use crate::calendar::Span;
use crate::condition::Condition;
use crate::diagnostic::{Text, text};
use crate::id::*;
use crate::playbook::Playbook;
use crate::store::{Order, Query};
use crate::ticket::{StateClass, Ticket, WaitsOn};
use serde::Serialize;
use std::sync::Arc;

/// Whose board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BoardScope {
    /// The tickets assigned to an agent.
    Personal(AgentId),
    /// A group's.
    Group(GroupId),
    /// All tickets.
    Global,
}

/// By what a board has columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Columns {
    /// A column a state, in the order the workflows declare them. States of one name are one column, whichever workflow they are of: where they are called differently, its label is all their
    /// labels, joined by ` / `; its colour is the first one's, and it has a time limit only where all have the same. A card has the label and the colour of its own state.
    #[default]
    States,
    /// A column a class, in the order of a ticket's life.
    Classes,
}

/// Which board is wanted.
///
/// ```
/// use ticketry::insight::{BoardDefinition, Columns};
/// let mine = BoardDefinition::personal("li");
/// let all = BoardDefinition::global().columns(Columns::Classes).with_final().cards(20);
/// assert!(!mine.finals && all.finals);
/// ```
#[derive(Clone, Debug)]
pub struct BoardDefinition {
    /// Whose.
    pub scope: BoardScope,
    /// Its columns.
    pub columns: Columns,
    /// Only tickets of these types; none named: of any.
    pub types: Vec<TypeName>,
    /// Only tickets for which this holds: written like any other condition.
    pub filter: Option<Condition>,
    /// The order of cards in a column; equal ones by id.
    pub order: Order,
    /// Final states have columns too.
    pub finals: bool,
    /// Most cards in a column; counts count all of them.
    pub cards: usize,
}

impl BoardDefinition {
    fn new(scope: BoardScope) -> Self {
        Self { scope, columns: Columns::default(), types: Vec::new(), filter: None, order: Order::Due, finals: false, cards: 50 }
    }
    /// The tickets assigned to an agent.
    pub fn personal(agent: impl Into<AgentId>) -> Self {
        Self::new(BoardScope::Personal(agent.into()))
    }
    /// A group's tickets.
    pub fn group(group: impl Into<GroupId>) -> Self {
        Self::new(BoardScope::Group(group.into()))
    }
    /// All tickets.
    pub fn global() -> Self {
        Self::new(BoardScope::Global)
    }
    /// With these columns.
    #[must_use]
    pub fn columns(self, columns: Columns) -> Self {
        Self { columns, ..self }
    }
    /// Only of this type, or one more.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<TypeName>) -> Self {
        self.types.push(kind.into());
        self
    }
    /// Only tickets for which this holds.
    #[must_use]
    pub fn filter(self, filter: Condition) -> Self {
        Self { filter: Some(filter), ..self }
    }
    /// Cards in this order.
    #[must_use]
    pub fn order(self, order: Order) -> Self {
        Self { order, ..self }
    }
    /// With columns for final states.
    #[must_use]
    pub fn with_final(self) -> Self {
        Self { finals: true, ..self }
    }
    /// At most so many cards in a column.
    #[must_use]
    pub fn cards(self, cards: usize) -> Self {
        Self { cards, ..self }
    }
    /// The question to a store that finds its tickets.
    pub fn query(&self, now: UtcInstant) -> Query {
        let mut query = Query::new().order(self.order.clone());
        query.open = !self.finals;
        query.types.clone_from(&self.types);
        match &self.scope {
            BoardScope::Personal(agent) => query.assignees.push(agent.clone()),
            BoardScope::Group(group) => query.groups.push(group.clone()),
            BoardScope::Global => {}
        }
        match &self.filter {
            Some(filter) => query.condition(filter.clone(), now),
            None => query,
        }
    }
}

/// What stands beside a card's colour, never instead of it (S62).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Amber: a clock has given a warning, or the state's own time limit has passed.
    AtRisk,
    /// Red: a clock is past its due instant.
    Overdue,
}

impl Flag {
    /// The flag of a ticket at an instant, whether a sweep has been there or not; none for one that is in time, or final.
    pub fn of(ticket: &Ticket, now: UtcInstant) -> Option<Self> {
        if !ticket.is_open() {
            return None;
        }
        if ticket.overdue() || ticket.due().is_some_and(|d| d < now) {
            return Some(Self::Overdue);
        }
        let warned = |m: &crate::ticket::Mark| !m.skipped && m.name.as_str().starts_with("warning:");
        let late = ticket.limit_passed || ticket.limit.is_some_and(|l| l < now);
        (late || ticket.clocks.iter().any(|c| c.marks.iter().any(warned))).then_some(Self::AtRisk)
    }
    /// What people read.
    pub fn label(self) -> Text {
        match self {
            Self::AtRisk => text("at risk", "即将超时"),
            Self::Overdue => text("overdue", "已超时"),
        }
    }
    /// Its colour.
    pub fn colour(self) -> &'static str {
        match self {
            Self::AtRisk => "amber",
            Self::Overdue => "red",
        }
    }
}

/// A ticket on a board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Card {
    /// The ticket.
    pub id: TicketId,
    /// Its number.
    pub number: u64,
    /// Its subject.
    pub title: String,
    /// Its type.
    pub kind: TypeName,
    /// Its state, with label and colour.
    pub state: StateName,
    /// The state's label.
    pub label: Text,
    /// The state's colour.
    pub colour: String,
    /// Since when it is there.
    #[serde(with = "serde_instant")]
    pub since: UtcInstant,
    /// Its priority.
    pub priority: Option<LevelName>,
    /// The priority's label.
    pub priority_label: Option<Text>,
    /// Its group.
    pub group: Option<GroupId>,
    /// Its assignee.
    pub assignee: Option<AgentId>,
    /// Whom it waits on.
    pub waits_on: WaitsOn,
    /// When it is due: the earliest of its open clocks.
    #[serde(with = "serde_instant_opt")]
    pub due: Option<UtcInstant>,
    /// When the state's time limit passes.
    #[serde(with = "serde_instant_opt")]
    pub limit: Option<UtcInstant>,
    /// Whether it is at risk or overdue.
    pub flag: Option<Flag>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// The state, or the class's word.
    pub name: StateName,
    /// What people read.
    pub label: Text,
    /// Its colour: one of [`crate::workflow::COLOURS`] or `#rrggbb`.
    pub colour: String,
    /// Its class.
    pub class: StateClass,
    /// How long a stay may last, where it is a state's column and has one.
    pub limit: Option<Span>,
    /// The cards, as many as the board shows.
    pub cards: Vec<Card>,
    /// How many tickets are in it.
    pub count: u64,
    /// Of them at risk.
    pub at_risk: u64,
    /// Of them overdue.
    pub overdue: u64,
}

/// A board at an instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Board {
    /// Whose.
    pub scope: BoardScope,
    /// When.
    #[serde(with = "serde_instant")]
    pub at: UtcInstant,
    /// The columns; empty ones too.
    pub columns: Vec<Column>,
    /// How many tickets.
    pub count: u64,
    /// Of them at risk.
    pub at_risk: u64,
    /// Of them overdue.
    pub overdue: u64,
    /// Most cards of a column.
    #[serde(skip)]
    most: usize,
    #[serde(skip)]
    by: Columns,
}

impl Board {
    /// A board without tickets: its columns. Tickets are added in the order in which their cards shall stand, as [`BoardDefinition::query`] gives them.
    pub fn new(definition: &BoardDefinition, playbook: &Playbook, now: UtcInstant) -> Self {
        let mut board = Self {
            scope: definition.scope.clone(),
            at: now,
            columns: Vec::new(),
            count: 0,
            at_risk: 0,
            overdue: 0,
            most: definition.cards,
            by: definition.columns,
        };
        let wanted = |class: StateClass| definition.finals || !class.is_final();
        match definition.columns {
            Columns::Classes => board.columns.extend(StateClass::ALL.into_iter().filter(|c| wanted(*c)).map(of_class)),
            Columns::States => {
                let types = playbook.schema().types.iter().filter(|(n, _)| definition.types.is_empty() || definition.types.contains(n));
                let used: Vec<&WorkflowName> = types.map(|(_, t)| &t.workflow).collect();
                for s in playbook.workflows().iter().filter(|w| used.contains(&w.name())).flat_map(|w| w.states()) {
                    match board.columns.iter_mut().find(|c| c.name == s.name) {
                        Some(c) => c.shared_by(&s.label, s.limit),
                        None if wanted(s.class) => {
                            board.columns.push(column(s.name.clone(), s.label.clone(), s.colour.clone(), s.class, s.limit))
                        }
                        None => {}
                    }
                }
                // Workflows of one desk share most of their states: in the order of a life, and within a class as declared.
                board.columns.sort_by_key(|c| c.class);
            }
        }
        board
    }
    /// The board of these tickets.
    pub fn of<'t>(
        definition: &BoardDefinition,
        playbook: &Playbook,
        tickets: impl IntoIterator<Item = &'t Arc<Ticket>>,
        now: UtcInstant,
    ) -> Self {
        let mut board = Self::new(definition, playbook, now);
        tickets.into_iter().for_each(|t| board.add(playbook, t));
        board
    }
    /// Adds a ticket: to its column, or to a new one at the end where its state has none, since it is pinned to another version.
    pub fn add(&mut self, playbook: &Playbook, ticket: &Ticket) {
        let known = playbook.workflow(&ticket.workflow).and_then(|w| w.state(&ticket.state));
        let label = known.map_or_else(|| text(ticket.state.as_str(), ticket.state.as_str()), |s| s.label.clone());
        let colour = known.map_or_else(|| "grey".to_string(), |s| s.colour.clone());
        let by = self.by;
        let at = self.columns.iter().position(|c| match by {
            Columns::States => c.name == ticket.state,
            Columns::Classes => c.class == ticket.class,
        });
        let at = at.unwrap_or_else(|| {
            self.columns.push(match by {
                Columns::States => column(ticket.state.clone(), label.clone(), colour.clone(), ticket.class, known.and_then(|s| s.limit)),
                Columns::Classes => of_class(ticket.class),
            });
            self.columns.len().saturating_sub(1)
        });
        let Some(c) = self.columns.get_mut(at) else { return };
        let flag = Flag::of(ticket, self.at);
        let one = |flagged: Flag| u64::from(flag == Some(flagged));
        let (risk, over) = (one(Flag::AtRisk), one(Flag::Overdue));
        for (n, more) in [
            (&mut self.count, 1),
            (&mut c.count, 1),
            (&mut self.at_risk, risk),
            (&mut c.at_risk, risk),
            (&mut self.overdue, over),
            (&mut c.overdue, over),
        ] {
            *n = n.saturating_add(more);
        }
        if c.cards.len() >= self.most {
            return;
        }
        let priority = ticket.priority.as_ref().map(|p| p.value.clone());
        c.cards.push(Card {
            id: ticket.id,
            number: ticket.number,
            title: ticket.subject.to_string(),
            kind: ticket.kind.clone(),
            state: ticket.state.clone(),
            label,
            colour,
            since: ticket.state_since,
            priority_label: priority.as_ref().map(|p| playbook.schema().priority.label(p.as_str())),
            priority,
            group: ticket.group.clone(),
            assignee: ticket.assignee.clone(),
            waits_on: ticket.waits_on,
            due: ticket.due(),
            limit: ticket.limit,
            flag,
        });
    }
}

impl Column {
    /// Another workflow has a state of this name.
    fn shared_by(&mut self, label: &Text, limit: Option<Span>) {
        for (own, other) in [(&mut self.label.en, &label.en), (&mut self.label.zh, &label.zh)] {
            if !own.split(" / ").any(|l| l == other) {
                own.push_str(" / ");
                own.push_str(other);
            }
        }
        self.limit = self.limit.filter(|l| limit == Some(*l));
    }
}

fn column(name: StateName, label: Text, colour: String, class: StateClass, limit: Option<Span>) -> Column {
    Column { name, label, colour, class, limit, cards: Vec::new(), count: 0, at_risk: 0, overdue: 0 }
}

fn of_class(class: StateClass) -> Column {
    column(class.word().into(), class.label(), class.colour().into(), class, None)
}
