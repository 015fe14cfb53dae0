//! One fixed value of everything that has a record form; every variant of every enum in it occurs.

use chrono::DateTime;
use std::collections::{BTreeMap, BTreeSet};
use ticketry::diagnostic::text;
use ticketry::id::*;
use ticketry::ticket::*;

pub fn at(n: i64) -> UtcInstant {
    DateTime::from_timestamp_micros(1_760_011_200_000_000 + n * 1_000_001).unwrap()
}
pub fn id(n: u128) -> TicketId {
    TicketId::from_u128(0x0192_f0c1_2345_7abc_8def_0123_4567_0000 + n)
}

pub fn message(kind: MessageKind) -> Message {
    Message {
        kind,
        audience: Audience::Requester,
        author: Author::Requester,
        channel: "wechat".into(),
        body: "打印机坏了 — the printer is broken".into(),
        language: Some("zh-CN".into()),
        attachments: vec![Attachment {
            reference: "file-1".into(),
            name: "photo.jpg".into(),
            media_type: "image/jpeg".into(),
            size: 3_000_000_000,
            hash: Some(Digest::of([b"photo".as_slice()])),
        }],
        automatic: false,
        thanks: true,
        external_id: Some("msg-77".into()),
        at: at(3),
    }
}

fn sourced<T>(value: T, by: Provenance) -> Sourced<T> {
    Sourced { value, by }
}

pub fn values() -> Vec<Value> {
    vec![
        Value::text("文本"),
        Value::Integer(i64::MIN),
        Value::Decimal(Decimal::new(-1990, 2)),
        Value::Boolean(true),
        Value::Instant(at(1)),
        Value::Duration(-5_400_000_000),
        Value::choice("high"),
        Value::Choices(["a", "b"].map(LevelName::new).into()),
        Value::Reference("crm:42".into()),
    ]
}

pub fn stay() -> Stay {
    Stay {
        state: "pending".into(),
        class: StateClass::Pending,
        waits_on: WaitsOn::Requester,
        limit: Some(at(900)),
        timers: vec![
            Timer { at: at(10), kind: TimerKind::StateLimit },
            Timer { at: at(11), kind: TimerKind::Transition("close".into()) },
            Timer { at: at(12), kind: TimerKind::Rule("nudge".into()) },
            Timer { at: at(13), kind: TimerKind::Clock(clock_id()) },
            Timer { at: at(14), kind: TimerKind::PriorityOverride },
            Timer { at: at(15), kind: TimerKind::Playbook },
            Timer { at: at(16), kind: TimerKind::Task(TaskId::of(id(1), Revision::new(3), 0)) },
            Timer { at: at(16), kind: TimerKind::Approval("spend".into()) },
        ],
    }
}

pub fn migrated() -> Migrated {
    let before = Standing {
        kind: "incident".into(),
        workflow: WorkflowRef { name: "incident".into(), version: 3 },
        stay: stay(),
        since: at(2),
        limit_passed: true,
        started_at: Some(at(2)),
        resolved_at: None,
        unanswered: Some(MessageRef { revision: Revision::new(1), index: 1, at: at(3) }),
        category: Some(sourced("network/vpn".into(), Provenance::Rule)),
        impact: Some(sourced("high".into(), Provenance::Requester)),
        urgency: None,
        priority: Some(sourced("urgent".into(), Provenance::Agent)),
        group: Some("network".into()),
        skills: [("cisco".into(), 3)].into(),
        fields: [("size".into(), Some(sourced(Value::choice("high"), Provenance::Agent))), ("colour".into(), None)].into(),
        ticked: [2].into(),
    };
    let after = Standing { workflow: WorkflowRef { name: "incident".into(), version: 4 }, ..before.clone() };
    Migrated { migration: "tidy".into(), digest: Digest::of([b"tidy".as_slice()]), back: false, before, after }
}

pub fn opening() -> Opening {
    let by = [Provenance::Default, Provenance::Template, Provenance::Requester, Provenance::Rule, Provenance::Agent];
    Opening {
        number: 10_042,
        kind: "incident".into(),
        workflow: WorkflowRef { name: "incident".into(), version: 3 },
        subject: "网络中断".into(),
        description: "no route to host".into(),
        requester: "wang".into(),
        provisional: true,
        organisation: Some("acme".into()),
        channel: "mail".into(),
        category: Some(sourced("network/vpn".into(), Provenance::Rule)),
        impact: Some(sourced("high".into(), Provenance::Requester)),
        urgency: None,
        fields: values()
            .into_iter()
            .enumerate()
            .map(|(i, v)| (FieldName::new(format!("field_{i}")), sourced(v, by[i % by.len()])))
            .collect(),
        tags: BTreeSet::from(["vip".into(), "停机".into()]),
        thread: Some("<mail-1@example.org>".into()),
        follows: Some(id(9)),
        stay: stay(),
    }
}

pub fn clock_id() -> ClockId {
    ClockId { agreement: Agreement::Customer, metric: "first_response".into(), run: 1 }
}

pub fn clock(agreement: Agreement, target: Allowance) -> Clock {
    Clock {
        id: ClockId { agreement, ..clock_id() },
        policy: "gold".into(),
        calendar: "shanghai".into(),
        calendar_version: 2,
        cycle: 1,
        message: Some(MessageRef { revision: Revision::new(1), index: 2, at: at(3) }),
        group: Some("line-1".into()),
        target,
        budget: 900_000_000,
        started_at: at(3),
        pauses: vec![Pause { from: at(4), to: at(5), closed: true }],
        counted: 12_345_678,
        since: Some(at(6)),
        paused_since: None,
        hold: Hold::default(),
        due: Some(at(907)),
        breached_at: None,
        superseded: true,
        marks: vec![Mark { name: "warning:75%".into(), skipped: false }],
        next_mark: Some(at(700)),
        outcome: None,
    }
}

pub fn correction(revision: u64, amendment: Amendment) -> Correction {
    Correction {
        revision: Revision::new(revision),
        clock: clock_id(),
        amendment,
        reason: "洪水 flood".into(),
        by: Actor::agent("chen"),
        at: at(20),
    }
}

/// Every event, by the name of its variant.
pub fn events() -> Vec<(&'static str, Event)> {
    let skills = BTreeMap::from([(SkillName::new("bgp"), 3u8)]);
    let link = Link { kind: "duplicate-of".into(), to: LinkTarget::Ticket(id(4)) };
    let outside = Link { kind: "order".into(), to: LinkTarget::External("order-1".into()) };
    let id = clock_id;
    let all = vec![
        Event::Created(Box::new(opening())),
        Event::Received { how: Intake::FollowUp, by: "thread".into() },
        Event::MessageAdded(Box::new(message(MessageKind::Call))),
        Event::MessageJudged { automatic: true, thanks: false },
        Event::Moved { transition: Some("ask".into()), from: "open".into(), stay: stay(), internal: false },
        Event::Reopened { cycle: 2 },
        Event::Set { attribute: Attribute::Field("amount".into()), value: Some(Value::Decimal(Decimal::new(5, 1))), by: Provenance::Agent },
        Event::PrioritySet { priority: Some("urgent".into()), by: Provenance::Agent, until: Some(at(99)) },
        Event::OverrideEnded,
        Event::Scored { rule: "outage".into(), points: -40, reason: "网络 outage".into() },
        Event::ScoreSettled { score: 1_000_000 },
        Event::Tagged("vip".into()),
        Event::Untagged("vip".into()),
        Event::Linked(link),
        Event::Unlinked(outside),
        Event::Watched("ann".into()),
        Event::Unwatched("ann".into()),
        Event::OwnerSet(Some("bob".into())),
        Event::Queued { group: "network".into(), skills, handoff: true, reason: "not ours".into() },
        Event::Assigned { agent: "ann".into(), group: Some("network".into()), slots: vec![0, 300], manual: true, over: true },
        Event::Released { agent: "ann".into(), why: "absent".into() },
        Event::SlotsFreed,
        Event::SlotsTaken { slots: vec![1], over: false },
        Event::RouteFailed { reason: "nobody-on-shift".into(), retry_at: Some(at(9)) },
        Event::Rated { stars: 5, comment: "很好".into(), cycle: 1 },
        Event::RatingRequested { cycle: 1 },
        Event::RuleFired { rule: "outage".into(), wave: 2 },
        Event::RuleFaulted { rule: "outage".into(), code: "budget".into(), message: "out of fuel".into() },
        Event::ActionRefused { rule: "outage".into(), action: "assign".into(), code: "unknown-agent".into() },
        Event::ChainCut { rules: vec!["a".into(), "b".into()] },
        Event::PolicyChosen {
            agreement: Agreement::Vendor,
            policy: Some("gold".into()),
            calendar: Some("shanghai".into()),
            calendar_version: 2,
        },
        Event::CriteriaChecked { clock: id(), mark: "level:1".into(), held: false },
        Event::Notified { to: Recipient::Group("network".into()), template: "late".into(), suppressed: Some("too-many".into()) },
        Event::TimerFired(TimerKind::Rule("nudge".into())),
        Event::LimitPassed,
        Event::MoveRefused { transition: "close".into(), codes: vec!["guard".into()] },
        Event::SlaCorrected(Box::new(correction(1, Amendment::Exclude { from: at(4), to: at(9) }))),
        Event::CorrectionWithdrawn { correction: Revision::new(1), reason: "a slip".into() },
        Event::LevelVacant { clock: id(), mark: "level:1".into() },
        Event::ClocksFollowed,
        Event::ClockStarted(Box::new(clock(Agreement::Customer, Allowance::Open(900_000_000)))),
        Event::ClockPaused { clock: id(), counted: 77, next_mark: None, hold: Hold { waits: true, held: false } },
        Event::ClockResumed { clock: id(), due: Some(at(950)), next_mark: Some(at(800)) },
        Event::ClockRetargeted { clock: Box::new(clock(Agreement::Group, Allowance::Days(5))), retroactive: true },
        Event::ClockMarked { clock: id(), mark: Mark { name: "level:1".into(), skipped: true }, next_mark: None },
        Event::ClockBreached { clock: id() },
        Event::ClockStopped { clock: id(), outcome: Outcome::Unanswered, counted: 900_000_001 },
        Event::TimerSet(Timer { at: at(10), kind: TimerKind::BeforeDue("hurry".into(), id()) }),
        Event::TimerOff(TimerKind::Every("nudge".into(), 300)),
        Event::MacroRun("take-over".into()),
        Event::RuleSuspended { rule: "nudge".into(), reason: "loops".into() },
        Event::RuleResumed { rule: "nudge".into(), reason: "mended".into() },
        Event::HookCalled("crm-sync".into()),
        Event::Progressed(Progressed::Resolved(Resolution { code: "fixed".into(), cycle: 2 })),
        Event::Progressed(Progressed::Ticked(3)),
        Event::Progressed(Progressed::Unticked(1)),
        Event::Migrated(Box::new(migrated())),
    ];
    let approval = |what| Event::Approval(Box::new(ApprovalEvent { name: "spend".into(), what }));
    let tasks = task_changes().into_iter().map(task_event);
    let all: Vec<Event> = all.into_iter().chain(tasks).chain(kin_events()).chain(approval_changes().into_iter().map(approval)).collect();
    all.into_iter().map(|e| (name(&e), e)).collect()
}

/// A new event is a compile error here: give it a name, a sample above and a place in [`NAMES`].
pub fn name(e: &Event) -> &'static str {
    match e {
        Event::Created(_) => "created",
        Event::Received { .. } => "received",
        Event::MessageAdded(_) => "message-added",
        Event::MessageJudged { .. } => "message-judged",
        Event::Moved { .. } => "moved",
        Event::Reopened { .. } => "reopened",
        Event::Set { .. } => "set",
        Event::PrioritySet { .. } => "priority-set",
        Event::OverrideEnded => "override-ended",
        Event::Scored { .. } => "scored",
        Event::ScoreSettled { .. } => "score-settled",
        Event::Tagged(_) => "tagged",
        Event::Untagged(_) => "untagged",
        Event::Linked(_) => "linked",
        Event::Unlinked(_) => "unlinked",
        Event::Watched(_) => "watched",
        Event::Unwatched(_) => "unwatched",
        Event::OwnerSet(_) => "owner-set",
        Event::Queued { .. } => "queued",
        Event::Assigned { .. } => "assigned",
        Event::Released { .. } => "released",
        Event::SlotsFreed => "slots-freed",
        Event::SlotsTaken { .. } => "slots-taken",
        Event::RouteFailed { .. } => "route-failed",
        Event::Rated { .. } => "rated",
        Event::RatingRequested { .. } => "rating-requested",
        Event::RuleFired { .. } => "rule-fired",
        Event::RuleFaulted { .. } => "rule-faulted",
        Event::ActionRefused { .. } => "action-refused",
        Event::ChainCut { .. } => "chain-cut",
        Event::PolicyChosen { .. } => "policy-chosen",
        Event::CriteriaChecked { .. } => "criteria-checked",
        Event::Notified { .. } => "notified",
        Event::TimerFired(_) => "timer-fired",
        Event::LimitPassed => "limit-passed",
        Event::MoveRefused { .. } => "move-refused",
        Event::SlaCorrected(_) => "sla-corrected",
        Event::CorrectionWithdrawn { .. } => "correction-withdrawn",
        Event::LevelVacant { .. } => "level-vacant",
        Event::ClocksFollowed => "clocks-followed",
        Event::ClockStarted(_) => "clock-started",
        Event::ClockPaused { .. } => "clock-paused",
        Event::ClockResumed { .. } => "clock-resumed",
        Event::ClockRetargeted { .. } => "clock-retargeted",
        Event::ClockMarked { .. } => "clock-marked",
        Event::ClockBreached { .. } => "clock-breached",
        Event::ClockStopped { .. } => "clock-stopped",
        Event::TimerSet(_) => "timer-set",
        Event::TimerOff(_) => "timer-off",
        Event::MacroRun(_) => "macro-run",
        Event::RuleSuspended { .. } => "rule-suspended",
        Event::RuleResumed { .. } => "rule-resumed",
        Event::HookCalled(_) => "hook-called",
        Event::Progressed(Progressed::Resolved(_)) => "resolution-given",
        Event::Progressed(Progressed::Ticked(_)) => "ticked",
        Event::Progressed(Progressed::Unticked(_)) => "unticked",
        Event::Task(e) => task_name(&e.what),
        Event::Migrated(_) => "migrated",
        Event::Kin(e) => kin_name(e),
        Event::Approval(e) => approval_name(&e.what),
    }
}

/// How many variants [`Event`] has.
pub const EVENTS: usize = 57 + 11 + 12 + 11;

/// A new change of an approval is a compile error here, like a new event.
fn approval_name(what: &ApprovalChange) -> &'static str {
    match what {
        ApprovalChange::Requested(_) => "approval-requested",
        ApprovalChange::Voted { .. } => "approval-voted",
        ApprovalChange::Delegated { .. } => "approval-delegated",
        ApprovalChange::StageOpened { .. } => "approval-stage",
        ApprovalChange::Expired { .. } => "approval-expired",
        ApprovalChange::Granted => "approval-granted",
        ApprovalChange::Declined { .. } => "approval-declined",
        ApprovalChange::Withdrawn { .. } => "approval-withdrawn",
        ApprovalChange::Voided { .. } => "approval-voided",
        ApprovalChange::Overridden { .. } => "approval-overridden",
        ApprovalChange::Used => "approval-used",
    }
}

fn approval() -> Approval {
    let voters = |vote| Voter { agent: "bo".into(), instead_of: Some("chen".into()), vote };
    let stage = |quorum, on_expiry| ApprovalStage {
        quorum,
        voters: vec![voters(None), voters(Some(true)), voters(Some(false))],
        within: "8bh".into(),
        on_expiry,
        escalated: true,
    };
    Approval {
        name: "spend".into(),
        round: 2,
        state: ApprovalState::Open,
        stages: vec![
            stage(Quorum::Any, OnExpiry::Decline),
            stage(Quorum::All, OnExpiry::Next),
            stage(Quorum::Count(2), OnExpiry::Escalate),
            stage(Quorum::Percent(50), OnExpiry::Decline),
        ],
        stage: 1,
        due: Some(at(60)),
        requested_by: Actor::agent("li"),
        requested_at: at(50),
        exclude: vec![
            Exclusion::Requester,
            Exclusion::Assignee,
            Exclusion::Owner,
            Exclusion::Initiator,
            Exclusion::Role("lead".into()),
            Exclusion::Agent("zhao".into()),
        ],
        covers: vec![Attribute::Urgency, Attribute::named("cost")],
        cycle: 1,
    }
}

/// A round in every state it may be in.
pub fn approvals() -> Vec<Approval> {
    use ApprovalState::{Declined, Granted, Open, Overridden, Used, Voided, Withdrawn};
    [Open, Granted, Declined, Withdrawn, Voided, Overridden, Used].map(|state| Approval { state, ..approval() }).into()
}

fn approval_changes() -> Vec<ApprovalChange> {
    vec![
        ApprovalChange::Requested(Box::new(approval())),
        ApprovalChange::Voted { by: "bo".into(), approve: true, comment: "within the budget".into() },
        ApprovalChange::Delegated { from: "bo".into(), to: "chen".into(), why: "delegated".into() },
        ApprovalChange::StageOpened { stage: 1, due: Some(at(61)) },
        ApprovalChange::Expired { how: OnExpiry::Escalate, voters: vec![Voter::new("zhao".into())], due: Some(at(62)) },
        ApprovalChange::Granted,
        ApprovalChange::Declined { reason: "votes".into() },
        ApprovalChange::Withdrawn { reason: "needless".into() },
        ApprovalChange::Voided { attribute: Attribute::Urgency },
        ApprovalChange::Overridden { by: "zhao".into(), reason: "noon".into(), round: Box::new(approval()) },
        ApprovalChange::Used,
    ]
}

fn task_event(what: TaskChange) -> Event {
    Event::Task(Box::new(TaskEvent { task: TaskId::of(id(1), Revision::new(3), 0), name: "diagnose".into(), what }))
}

/// A new change of a task is a compile error here, like a new event.
fn task_name(what: &TaskChange) -> &'static str {
    match what {
        TaskChange::Added(_) => "task-added",
        TaskChange::Opened { .. } => "task-opened",
        TaskChange::Assigned { .. } => "task-assigned",
        TaskChange::Ticked { .. } => "task-ticked",
        TaskChange::Noted { .. } => "task-noted",
        TaskChange::Needs { .. } => "task-needs",
        TaskChange::Retried { .. } => "task-retried",
        TaskChange::Done { .. } => "task-done",
        TaskChange::Cancelled { .. } => "task-cancelled",
        TaskChange::Reopened { .. } => "task-reopened",
        TaskChange::Overdue => "task-overdue",
    }
}

/// A new event among tickets is a compile error here.
fn kin_name(e: &KinEvent) -> &'static str {
    match e {
        KinEvent::Attached { .. } => "kin-attached",
        KinEvent::Detached { .. } => "kin-detached",
        KinEvent::ChildAdded(_) => "kin-child-added",
        KinEvent::ChildRemoved { .. } => "kin-child-removed",
        KinEvent::Ended { .. } => "kin-ended",
        KinEvent::Reopened { .. } => "kin-reopened",
        KinEvent::Waits(_) => "kin-waits",
        KinEvent::MergedInto { .. } => "kin-merged-into",
        KinEvent::Absorbed(_) => "kin-absorbed",
        KinEvent::Unmerged { .. } => "kin-unmerged",
        KinEvent::Released { .. } => "kin-released",
        KinEvent::SplitOff { .. } => "kin-split-off",
    }
}

fn kin_events() -> Vec<Event> {
    let ticket = |n| TicketRef { id: id(n), number: n as u64 };
    let relative = |n, blocking| Relative { ticket: id(n), number: n as u64, blocking, open: true };
    let before = || {
        let entries = [entry(1, vec![Event::Created(Box::new(opening()))])];
        let mut t = Ticket::fold(&entries).unwrap();
        t.clocks.push(clock(Agreement::Customer, Allowance::Open(2)));
        t.assignee = Some("ann".into());
        t.slots = vec![1];
        Box::new(t.before_merge())
    };
    let pauses = vec![Pause { from: at(2), to: at(3), closed: false }];
    let merged = Merged {
        ticket: id(5),
        number: 5,
        revision: Revision::new(4),
        lent: Lent {
            earlier: vec![EarlierStart { clock: clock_id(), own: at(9), start: at(1), pauses }],
            answered: Some(at(3)),
            owed: Some(at(4)),
        },
        links: vec![Link { kind: "related".into(), to: LinkTarget::Ticket(id(8)) }],
        before: Some(before()),
    };
    [
        KinEvent::Attached { parent: ticket(2) },
        KinEvent::Detached { parent: ticket(2) },
        KinEvent::ChildAdded(relative(3, false)),
        KinEvent::Ended { ticket: ticket(3), last: true },
        KinEvent::Reopened { ticket: ticket(3) },
        KinEvent::ChildRemoved { child: ticket(4) },
        KinEvent::Waits(relative(6, true)),
        KinEvent::MergedInto { into: ticket(7), before: before() },
        KinEvent::Unmerged { from: ticket(7), back: before() },
        KinEvent::Released { merged: Box::new(merged.clone()), back: Some(before()) },
        KinEvent::Absorbed(Box::new(merged)),
        KinEvent::SplitOff { into: ticket(9), messages: vec![MessageRef { revision: Revision::new(2), index: 1, at: at(2) }] },
    ]
    .into_iter()
    .map(|e| Event::Kin(Box::new(e)))
    .collect()
}

fn task_changes() -> Vec<TaskChange> {
    let other = TaskId::of(id(1), Revision::new(2), 4);
    let task = Task {
        id: TaskId::of(id(1), Revision::new(3), 0),
        name: "diagnose".into(),
        title: text("Diagnose", "检测"),
        state: TaskState::Waiting,
        owner: Some("ann".into()),
        group: Some("l2".into()),
        due: Some(at(60)),
        overdue: true,
        until: Some(at(61)),
        needs: vec![other],
        checklist: vec![TaskItem { text: text("Serial number", "序列号"), done: true }],
        outcome: Some("not_reached".into()),
        note: "nobody answers".into(),
        tries: 2,
        counts: true,
        cycle: 1,
    };
    vec![
        TaskChange::Added(Box::new(task)),
        TaskChange::Opened { due: Some(at(62)) },
        TaskChange::Assigned { owner: None, group: Some("l1".into()), why: "assigned".into() },
        TaskChange::Ticked { item: 0, on: false },
        TaskChange::Noted { note: "换了线".into() },
        TaskChange::Needs { on: other, waits: true },
        TaskChange::Retried { outcome: "not_reached".into(), until: at(63) },
        TaskChange::Done { outcome: Some("confirmed".into()), counts: true, last: true },
        TaskChange::Cancelled { reason: "left".into() },
        TaskChange::Reopened { due: None, waits: true },
        TaskChange::Overdue,
    ]
}

pub fn entry(revision: u64, events: Vec<Event>) -> Entry {
    let causes = [
        Cause::Command,
        Cause::Rule("outage".into()),
        Cause::Timer(TimerKind::Clock(clock_id()), at(40)),
        Cause::System,
        Cause::Timer(TimerKind::StateLimit, at(41)),
    ];
    let caused = |(i, event): (usize, Event)| Caused { event, cause: causes[i % causes.len()].clone(), at: (i % 2 == 1).then(|| at(40)) };
    Entry {
        ticket: id(1),
        revision: Revision::new(revision),
        at: at(revision as i64),
        occurred_at: Some(at(0)),
        actor: Actor::agent("ann"),
        commit: "cmd-1".into(),
        playbook: Digest::of([b"playbook".as_slice()]),
        events: events.into_iter().enumerate().map(caused).collect(),
        wake_at: Some(at(700)),
        why: Why {
            fired: vec!["outage".into()],
            more_fired: 2,
            policy: Some("gold".into()),
            routing: Some(RoutingWhy {
                rung: 1,
                winner: Some("ann".into()),
                runners_up: vec!["bob".into()],
                excluded: vec![("full".into(), 3)],
            }),
            facts: Some(u64::MAX),
        },
    }
}

/// A ticket to which every event happened.
pub fn ticket() -> Ticket {
    let entries: Vec<Entry> = events().into_iter().zip(1..).map(|((_, e), n)| entry(n, vec![e])).collect();
    let mut t = Ticket::fold(&entries).unwrap();
    // What the last events cleared, once more, so that every field has something in it.
    for (i, agreement) in [Agreement::Customer, Agreement::Group, Agreement::Vendor].into_iter().enumerate() {
        let target = [Allowance::Wall(1), Allowance::Open(2), Allowance::Days(3)][i];
        t.clocks.push(clock(agreement, target));
    }
    t.assignee = Some("ann".into());
    t.slots = vec![0, 2];
    t.queue = Some(Queue { since: at(5), skills: BTreeMap::from([("bgp".into(), 2)]), try_now: true, retry_at: None });
    t.priority_until = Some(at(99));
    t.started_at = Some(at(2));
    t.resolved_at = Some(at(8));
    t.notified = vec![LongTime(at(7))];
    t.approvals = std::sync::Arc::new(approvals());
    t.corrections = std::sync::Arc::new(vec![
        correction(1, Amendment::Exclude { from: at(4), to: at(9) }),
        correction(2, Amendment::Judge(Outcome::Met)),
    ]);
    t
}

pub fn effects() -> Vec<(&'static str, Effect)> {
    let effect = |index, kind| Effect { key: EffectKey { ticket: id(1), revision: Revision::new(2), index }, at: at(2), kind };
    vec![
        (
            "notification",
            effect(
                0,
                EffectKind::Notification {
                    to: Recipient::OnCall,
                    agents: vec!["ann".into()],
                    requester: None,
                    template: "late".into(),
                    body: text("late", "晚了"),
                },
            ),
        ),
        ("outbound", effect(1, EffectKind::Outbound(message(MessageKind::Reply)))),
        ("webhook", effect(3, EffectKind::Webhook("crm-sync".into()))),
        ("rating-request", effect(2, EffectKind::RatingRequest { cycle: 1, requester: "wang".into() })),
    ]
}
