//! Random lives on a desk with everything that tells the time: rules, limits, timed transitions, escalations that act, corrections, mails fetched late, reopenings, swaps.

use super::stage::{Stage, at};
use chrono::TimeDelta;
use proptest::prelude::*;
use ticketry::desk::Error;
use ticketry::engine::{Command, Inbound, NewMessage, TransitionInput, What};
use ticketry::id::*;
use ticketry::playbook::Playbook;
use ticketry::ticket::*;

/// One step of a life: seconds that pass before it, who, what, and which.
#[derive(Clone, Debug)]
pub struct Step {
    pub seconds: i64,
    who: u8,
    what: u8,
    pick: u8,
    /// Seconds before now at which it truly happened.
    late: i64,
}

/// Lives of up to so many steps; `swaps` with changes of the playbook in between.
pub fn lives(most: usize, swaps: bool) -> impl Strategy<Value = Vec<Step>> {
    let seconds = prop_oneof![
        2 => Just(0i64),
        2 => prop::sample::select(vec![1800i64, 3600, 7200, 14_400, 86_400]),
        4 => 0i64..7200,
        3 => 3600i64..90_000,
        1 => 90_000i64..600_000,
    ];
    let late = prop_oneof![3 => Just(0i64), 1 => 0i64..200_000];
    let kinds = if swaps { 26u8 } else { 22 };
    let step = (seconds, 0u8..4, 0..kinds, any::<u8>(), late);
    prop::collection::vec(step.prop_map(|(seconds, who, what, pick, late)| Step { seconds, who, what, pick, late }), 1..most)
}

impl Step {
    fn actor(&self) -> Actor {
        match self.who {
            0 | 1 => Actor::agent("li"),
            2 => Actor::agent("wang"),
            _ => Actor::requester("ann"),
        }
    }
    /// To which variant of the playbook it swaps, if it does.
    pub fn swap(&self) -> Option<usize> {
        (self.what >= 24).then_some(usize::from(self.pick) % VARIANTS)
    }
}

/// Does one step; a refusal is an answer like another.
pub fn go(s: &Stage, id: TicketId, i: usize, step: &Step) -> bool {
    let now = s.desk.now();
    let n = usize::from(step.pick);
    let moves = ["start", "wait", "answer", "resolve", "reopen", "close", "cancel", "resolve"];
    let levels = ["low", "normal", "high", "urgent"];
    let t = s.desk.ticket(id).unwrap();
    let mut actor = step.actor();
    let what = match step.what {
        0..=5 => TransitionInput::new(moves[n % moves.len()]).maybe_comment((n % 3 == 0).then(|| "why".into())).into(),
        6..=8 => What::reply("words"),
        9 => What::LogCall(NewMessage::new("a call")),
        10 | 11 => {
            let mut m = Inbound::new("mail", format!("<{i}>"), "ann", "question", if n % 5 == 0 { "thanks" } else { "again" });
            m.threads.push("<0>".into());
            m.automatic = n % 7 == 0;
            m.occurred_at = (step.late > 0).then(|| now - TimeDelta::seconds(step.late));
            let Ok(done) = s.desk.receive(m) else { return false };
            if done.ticket.id != id && done.ticket.is_open() {
                // It follows up: a life of its own, which would take people from this one as it is swept or not.
                let off = TransitionInput::new("cancel").comment("another life").into();
                s.desk.submit(Command::on(done.ticket.id, format!("off{i}"), Actor::agent("zhao"), off)).unwrap();
            }
            return true;
        }
        12 | 13 => What::set(["impact", "urgency"][n % 2], ["low", "medium", "high"][n % 3]),
        14 => {
            let until = (n % 2 == 0).then(|| now + TimeDelta::minutes(i64::from(step.pick) * 10 + 1));
            What::SetPriority { priority: (n % 5 != 0).then(|| levels[n % 4].into()), until }
        }
        15 => What::Assign(["li", "wang", "zhao"][n % 3].into()),
        16 => What::Release { reason: "busy".into() },
        17 => What::note("a note"),
        18 | 19 => {
            actor = Actor::agent("zhao");
            // Not one of the ticket's as stored: what is stored depends on when a sweep ran.
            let metric = ["resolution", "first_response", "next_response", "update"][n / 2 % 4].into();
            let clock = ClockId { agreement: Agreement::Customer, metric, run: 1 + step.late as u32 % 2 };
            let from = now - TimeDelta::seconds(step.late + 600);
            let amendment = match n % 4 {
                0 => Amendment::Judge(Outcome::Met),
                _ => Amendment::Exclude { from, to: from + TimeDelta::minutes(i64::from(step.pick)) },
            };
            What::CorrectSla { clock, amendment, reason: "flood".into() }
        }
        20 => {
            actor = Actor::agent("zhao");
            let Some(c) = t.corrections.first() else { return false };
            What::WithdrawCorrection { correction: c.revision, reason: "a slip".into() }
        }
        _ => {
            actor = Actor::System;
            if n % 2 == 0 { What::Review } else { What::Tick }
        }
    };
    let mut command = Command::on(id, format!("s{i}"), actor, what);
    command.occurred_at = (step.late > 0).then(|| now - TimeDelta::seconds(step.late));
    let done = s.desk.submit(command);
    if let Err(e) = &done {
        assert!(matches!(e, Error::Refused(_)), "{e:?}");
    }
    done.is_ok()
}

/// How many variants of the playbook there are.
pub const VARIANTS: usize = 7;

/// The playbook of these lives; each variant differs in one thing that clocks depend on.
pub fn variant(n: usize) -> Playbook {
    let mut source = Playbook::starter_source();
    let edit = |path: &str, pairs: &[(&str, &str)], source: &mut ticketry::diagnostic::Source| {
        let mut content = source.get(path).unwrap().to_string();
        for (from, to) in pairs {
            assert!(content.contains(from), "{path}: {from}");
            content = content.replace(from, to);
        }
        source.add(path.to_string(), content);
    };
    edit(
        "playbook.toml",
        &[
            ("[levels]", "[settings.rights]\ncorrect_sla = [\"lead\"]\n\n[levels]"),
            ("[templates]", "[templates]\nlate = { en = \"late\", zh = \"超时\" }"),
        ],
        &mut source,
    );
    edit(
        "workflows/question.toml",
        &[
            ("class = \"open\"\n", "class = \"open\"\nlimit = \"90m\"\n"),
            ("[[timed]]", "[[timed]]\nfrom = \"pending\"\nafter = \"1bd\"\ntransition = \"answer\"\n\n[[timed]]"),
        ],
        &mut source,
    );
    let (calendar, windows) = match n {
        2 => (2, r#"["08:00-12:00", "12:30-20:00"]"#),
        4 => (3, r#"["00:00-24:00"]"#),
        _ => (1, r#"["09:00-12:00", "13:00-17:00"]"#),
    };
    let office = format!("name = \"office\"\nversion = {calendar}\ntime_zone = \"UTC\"\n\n[weekly]\nmon-fri = {windows}\n");
    source.add("calendars/office.toml", office);
    let change = match n {
        4 => "on_change = \"keep\"\non_reopen = \"counted\"",
        5 => "on_change = \"restart\"\non_reopen = \"new\"",
        _ => "",
    };
    let (first, resolution) = if n == 1 || n == 4 { ("45m", "3bh") } else { ("2bh", "6bh") };
    let vip = r#"
[[policies]]
name = "vip"
match = 't.impact == "high"'
stops.resolution = ["requester", "vendor"]

[policies.targets]
first_response = "30m"
resolution = "4h"
update = "1h"
periodic_update = "2h"

[[policies.warnings]]
metric = "resolution"
at = "50%"

[[policies.escalations]]
metric = "resolution"
level = 1
at = "+0m"
actions = [{ notify = { to = "manager", template = "late" } }]

[[policies.escalations]]
metric = "resolution"
level = 2
at = "+1h"
when = 't.priority != "low"'
actions = [{ assign = "wang" }, { tag = "vip-late" }]
"#;
    let standard = format!(
        r#"
[[policies]]
name = "standard"
{change}

[policies.targets.first_response]
urgent = "15m"
default = "{first}"

[policies.targets.next_response]
high = "1bd"
default = "2bh"

[policies.targets.update]
default = "1bh"

[policies.targets.resolution]
urgent = "2h"
high = "1bd"
default = "{resolution}"

[[policies.warnings]]
metric = "resolution"
at = "75%"

[[policies.warnings]]
metric = "next_response"
at = "-30bm"
suppress_past = true
actions = [{{ notify = {{ to = "requester", template = "late" }} }}]

[[policies.escalations]]
metric = "resolution"
level = 1
at = "-1bh"
actions = [{{ tag = "one" }}, {{ priority = "high" }}]

[[policies.escalations]]
metric = "resolution"
level = 2
at = "+0m"
when = 't.priority != "urgent"'
actions = [{{ priority = "urgent" }}, {{ assign = "wang" }}]

[[policies.escalations]]
metric = "resolution"
level = 3
at = "+2bh"
actions = [{{ notify = {{ to = "lead", template = "late" }} }}, {{ tag = "three" }}]

[[policies.escalations]]
metric = "first_response"
level = 1
at = "+30m"
actions = [{{ priority = "urgent" }}]
"#
    );
    let policies = match n {
        3 => vip.to_string(),
        6 => standard,
        _ => format!("{vip}{standard}"),
    };
    source.add("sla/customer.toml", format!("agreement = \"customer\"\n{policies}"));
    let rules = r#"
rule("breach-raises").on("breach:next_response").when(|t| t.impact != "high").then(|t| t.set("impact", "high"));
rule("breach-tags").on("breach").then(|t| t.tag("breached"));
rule("warned").on("warning").when(|t| t.urgency != "high").then(|t| { t.tag("warned"); t.set("urgency", "high"); });
rule("escalated").on("escalated").then(|t| t.note("escalated"));
rule("slow").on("limit").then(|t| { t.tag("slow"); t.set("impact", "medium"); });
rule("lower").on("changed:priority").when(|t| t.priority == "urgent" && "warned" in t.tags).then(|t| t.set("urgency", "low"));
rule("nudge").after("4bh", "pending").then(|t| t.notify("requester", "late"));
rule("hurry").before_due("90m").then(|t| t.tag("hurry"));
rule("hurry-open").before_due("1bh", "resolution").when(|t| t.impact != "low").then(|t| { t.set("urgency", "medium"); t.note("hurry"); });
rule("look").every("5bh").times(12).then(|t| t.note("still there"));
rule("ask-again").every("3h", "pending").times(6).when(|t| t.cycle < 3).then(|t| { t.notify("requester", "late"); t.set("impact", "low"); });
rule("thanks").on("message.requester").when(|t, event| event.message.body.contains("thanks")).then(|t, event| event.mark_thanks());
"#;
    if n != 5 {
        source.add("rules/lives.rhai", rules);
    }
    // One variant has no target for the metric that a rule waits for; that is pointed out, and no mistake here.
    let loaded = Playbook::load(&source).unwrap_or_else(|d| panic!("{d}"));
    assert!(loaded.warnings.iter().all(|d| d.code == "never-raised"), "{}", loaded.warnings);
    loaded.playbook
}

/// A desk on a variant with one ticket on it, begun by a mail on a Thursday at ten.
pub fn begin(n: usize) -> (Stage, TicketId) {
    let s = Stage::of(variant(n));
    assert_eq!(s.desk.now(), at("2025-10-09T10:00:00Z"));
    let mut first = Inbound::new("mail", "<0>", "ann", "question", "help");
    first.subject = "a life".into();
    let id = s.desk.receive(first).unwrap().ticket.id;
    (s, id)
}
