//! Ticketry: ticket (工单) workflow inside your application.
//!
//! A configurable lifecycle, rules for priority and routing written in Rhai, SLA arithmetic in business time, behind a storage trait
//! that the host implements. The core is pure: no clock, no I/O, no randomness, so that the same code decides, previews, replays and explains.
//!
//! This page is a tour; each module opens with what it is, what it never does, and what to read next.
//!
//! # The developer who embeds it
//!
//! A [`playbook::Playbook`] says how the desk works, a [`store::Store`] keeps its tickets, a [`desk::Desk`] joins the two. Everything
//! that changes a ticket is an [`engine::Command`]: by a person, a program, a rule or a timer, through one door with the same checks.
//!
//! ```
//! use ticketry::desk::Desk;
//! use ticketry::engine::{Command, NewTicket};
//! use ticketry::playbook::Playbook;
//! use ticketry::store::MemoryStore;
//! use ticketry::ticket::Actor;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let desk = Desk::builder(Playbook::starter()?).store(MemoryStore::new()).open_blocking()?.blocking();
//! let new = NewTicket::new("question", "the printer is on fire", "ann", "mail");
//! let done = desk.submit(Command::create("mail-1", Actor::requester("ann"), new))?;
//! assert_eq!((done.ticket.state.as_str(), done.ticket.number), ("new", 1));
//!
//! // The same key again: done once, answered twice.
//! let new = NewTicket::new("question", "the printer is on fire", "ann", "mail");
//! assert!(desk.submit(Command::create("mail-1", Actor::requester("ann"), new))?.repeated);
//! # Ok(()) }
//! ```
//!
//! What comes back is the ticket, or [`desk::Error::Refused`] with every reason, or the host's own trouble
//! ([`desk::Error::retryable`] says whether to send it again). What to know next:
//!
//! - People and customers come from the host: [`desk::Directory`]. Messages leave through a [`desk::Courier`], at least once, with a key.
//! - [`desk::Desk::next_wake`] says when the next thing happens by itself; the [`desk`] page has the loop that sleeps exactly.
//! - [`desk::Desk::preview`] decides and writes nothing; [`desk::Desk::explain`] says why a ticket is as it is; [`desk::Desk::available`]
//!   lists what a person may do now and why not the rest.
//! - [`desk::Desk::swap`] puts another playbook in force; [`desk::Desk::subscribe`] hears of every entry.
//! - Without a shell: [`engine::decide`] is an ordinary function from a case and a command to a commit.
//!
//! # The author of a playbook
//!
//! A playbook is a folder of TOML and Rhai, read by [`folder::load`], or from [`diagnostic::Source`] in memory, or built in Rust with
//! [`playbook::Playbook::builder`]. All problems come at once, each a [`diagnostic::Diagnostic`] with its place, what is wrong and what to do, in
//! English and Chinese.
//!
//! | file | read by | says |
//! | --- | --- | --- |
//! | `playbook.toml` | [`playbook`](playbook#reference) | fields, levels, channels, groups, roles, ticket types, templates, settings |
//! | `workflows/*.toml` | [`workflow`] | states, transitions, who may, what must be filled in, timed transitions, tasks, approvals, children |
//! | `migrations/*.toml` | [`playbook::Migration`] | where tickets of one workflow version go on in another, and what names that are gone become |
//! | `calendars/*.toml` | [`calendar`] | time zone, hours, holidays, make-up days, feeds, versions, calendars made of calendars |
//! | `sla/*.toml` | [`sla`](sla#reference) | targets, what pauses them, warnings, escalation levels |
//! | `priority.toml` | [`priority`] | impact × urgency, terms of the score, bands |
//! | `routing.toml` | [`routing`] | queues, strategy, slots |
//! | `rules/*.rhai` | [`rules`] | what happens by itself |
//! | `tables/*.csv` | [`condition::LookupTable`] | what rules look up |
//! | `macros.toml` | [`playbook::Macro`] | lists of actions that a person runs with one command |
//! | `watches.toml` | [`playbook::Watch`] | what is watched over the whole desk |
//! | `roster.toml` | [`routing::Roster`] | the people, for `check`, `test` and `replay`; a program answers from its own directory |
//! | `tests/*.rhai` | [`harness::test_folder`] | what the playbook is to do |
//!
//! Every key of every TOML file, with comments, is in `harness::REFERENCES`; `ticketry reference` prints it.
//!
//! Numbers such as S46 on these pages name lines of [`semantics`]: what the behaviour is, each in a sentence or two.
//!
//! Conditions are Rhai expressions over the ticket, or tables ([`condition::Form`]) where the feature `rhai` is off. What can be
//! evaluated natively is; the rest runs in a sandbox bounded by fuel. A rule that fails is journalled and harms nothing else.
//!
//! # The author of a store
//!
//! [`store::Store`] is one trait, since ticket, journal, wake index, claims and outbox change in one transaction. The [`store`] page is
//! the guide: tables, the order in which to write the methods, what not to do. [`ticket::wire`] gives the record bytes.
//! `store_conformance!` (feature `conformance`) makes a test of every clause.
//!
//! # Rooms
//!
//! A module imports only from rows above its own, and a test holds it to that. So a ticket can be read without knowing a workflow, and a
//! store written without knowing either.
//!
//! | modules | what for |
//! | --- | --- |
//! | [`id`], [`diagnostic`] | ids, revisions, instants; problems with place and help |
//! | [`calendar`], [`ticket`] | business time; the ticket, its events, how it evolves |
//! | [`condition`] | whether something holds of a ticket |
//! | [`workflow`], [`priority`], [`sla`], [`routing`], [`rules`], [`store`] | each from definition to compiled form; none knows another |
//! | [`playbook`] | the compiled parts together |
//! | [`engine`] | [`engine::decide`] and what goes round it |
//! | [`insight`] | boards, backlogs, flows, pictures; what the requester may see |
//! | [`desk`], [`folder`] | the shell: async and blocking; playbooks from disk |
//! | [`harness`] | simulated time for tests in Rust and in Rhai; everything wrong with a playbook |
//!
//! # Features
//!
//! - `rhai` (default): conditions, guards and rules as Rhai text.
//! - `redb` (default): `store::RedbStore`, one durable file.
//! - `svg`: workflows and lives of tickets as SVG, `insight::Drawing::Svg`.
//! - `icalendar`: calendar feeds (`.ics`) as holidays and make-up days, `calendar::Feed`.
//! - `conformance`: `store_conformance!` for authors of stores.
//! - `cli`: the command `ticketry` for authors of playbooks.

#[doc = include_str!("../docs/semantics.md")]
pub mod semantics {}

pub mod calendar;
pub mod condition;
pub mod desk;
pub mod diagnostic;
pub mod engine;
pub mod folder;
pub mod harness;
pub mod id;
pub mod insight;
pub mod playbook;
pub mod priority;
pub mod routing;
pub mod rules;
pub mod sla;
pub mod store;
pub mod ticket;
pub mod workflow;

/// The README's examples run as tests.
#[cfg(all(doctest, feature = "rhai"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// So do those of the guide for authors of rules.
#[cfg(all(doctest, feature = "rhai"))]
#[doc = include_str!("../docs/rules.md")]
struct Guide;
