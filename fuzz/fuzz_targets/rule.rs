//! Arbitrary text as a rule file with a look-up table beside it: every mistake told in both languages, or rules that end within their fuel; a condition that was lowered
//! holds as its script does.
//!
//! A line `=== table` begins the table. Seeded by the hostile corpus of the tests: `fuzz/run` writes it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ticketry::condition::View;
use ticketry::diagnostic::{FaultKind, Lang};
use ticketry::id::*;
use ticketry::playbook::Playbook;
use ticketry::rules::Consideration;
use ticketry::ticket::*;

fn ticket() -> Ticket {
    let stay = Stay { state: StateName::new("new"), class: StateClass::New, waits_on: WaitsOn::Nobody, limit: None, timers: vec![] };
    let opening = Opening {
        number: 7,
        kind: TypeName::new("question"),
        workflow: WorkflowRef { name: WorkflowName::new("question"), version: 1 },
        subject: "ＶＰＮ 无法连接".into(),
        description: "since this morning".into(),
        requester: RequesterId::new("ann"),
        provisional: false,
        organisation: None,
        channel: ChannelName::new("mail"),
        category: None,
        impact: Some(Sourced { value: "high".into(), by: Provenance::Agent }),
        urgency: None,
        fields: Default::default(),
        tags: Default::default(),
        thread: None,
        follows: None,
        stay,
    };
    Ticket::open(TicketId::from_u128(1), chrono::DateTime::UNIX_EPOCH, &opening)
}

fuzz_target!(
    // libFuzzer's hook aborts at every panic; the sandbox contains those of Rhai, and one that gets out still ends the run.
    init: std::panic::set_hook(Box::new(|panic| eprintln!("{panic}"))),
    |text: &str| {
        let (rules, table) = text.split_once("\n=== table\n").unwrap_or((text, "channel, -> hours: integer\nmail, 4\n*, 8\n"));
        let source = Playbook::starter_source().with("rules/x.rhai", rules).with("tables/hours.csv", table);
        let loaded = match Playbook::load(&source) {
            Ok(loaded) => loaded,
            Err(problems) => {
                problems.render(Lang::En, Some(&source));
                problems.render(Lang::Zh, None);
                return;
            }
        };
        let t = ticket();
        let view = View { event: "created", ..View::of(&t, t.created_at) };
        for (_, rule) in loaded.playbook.rules().iter() {
            if let Consideration::Faulted(fault) = rule.consider(&view) {
                assert!(!matches!(fault.kind, FaultKind::HostFunction | FaultKind::Interrupted), "{fault}");
            }
            rule.first_false(&view);
        }
    }
);
