//! One pass over the rules that something woke: which may match, which do, and a record from which the full trace is made.

use super::index::Group;
use super::{Rule, RuleIndex, RuleSet, Trigger};
use crate::condition::{Path, View};
use crate::diagnostic::RuleFault;
use std::borrow::Cow;

/// A pass over the rules woken by one wave, in order. The condition of a rule is judged on the ticket as the rules before it left it.
///
/// ```
/// use ticketry::{condition::{Form, NoScripts, View}, rules::{RuleBuilder, RuleSet, Trigger}, ticket::{Action, Scale, Schema}};
/// # use ticketry::{id::*, ticket::*};
/// # let stay = Stay { state: "new".into(), class: StateClass::New, waits_on: WaitsOn::Nobody, limit: None, timers: vec![] };
/// # let opening = Opening { number: 1, kind: "incident".into(), workflow: WorkflowRef { name: "w".into(), version: 1 },
/// #     subject: "s".into(), description: "".into(), requester: "wang".into(), provisional: false, organisation: None, channel: "mail".into(),
/// #     category: None, impact: Some(Sourced { value: "high".into(), by: Provenance::Agent }), urgency: None, fields: Default::default(),
/// #     tags: Default::default(), thread: None, follows: None, stay };
/// # let ticket = Ticket::open(TicketId::from_u128(1), chrono::DateTime::UNIX_EPOCH, &opening);
/// let schema = Schema { impact: Scale::of(&["low", "high"]), ..Schema::default() };
/// let rule = |name: &str, impact: &str| {
///     let when: Form = serde_json::from_str(&format!(r#"{{"field": "impact", "is": "{impact}"}}"#)).unwrap();
///     RuleBuilder::new(name).on(Trigger::Created).when(when).then([Action::Tag("x".into())]).build(&schema, &NoScripts).unwrap()
/// };
/// let (set, _) = RuleSet::new(vec![rule("grave", "high"), rule("light", "low")]);
/// let mut pass = set.pass(vec![Trigger::Created], Vec::new());
/// let view = View::of(&ticket, ticket.created_at);
/// pass.select(&view, 0);
/// let matched = pass.next(&view, |_, _| false).map(|(_, rule, _)| rule.name.to_string());
/// assert_eq!(matched.as_deref(), Some("grave"));
/// assert!(pass.next(&view, |_, _| false).is_none());
/// assert_eq!(pass.finish().woken(&set).len(), 2, "the record knows of both");
/// ```
#[derive(Debug)]
pub struct Pass<'s> {
    set: &'s RuleSet,
    groups: Vec<&'s Group>,
    candidates: Vec<RuleIndex>,
    next: usize,
    /// The first rule not looked at yet.
    from: RuleIndex,
    record: Woken,
}

/// What one pass was about: enough to say afterwards of every rule what became of it.
#[derive(Clone, Debug, Default)]
pub struct Woken {
    /// What happened.
    pub triggers: Vec<Trigger>,
    /// What changed.
    pub changed: Vec<Path>,
    /// From which rule on which moment of the ticket counted; the caller numbers the moments.
    pub moments: Vec<(RuleIndex, u32)>,
    /// The only rule considered, where a timer woke it.
    pub only: Option<RuleIndex>,
}

impl RuleSet {
    /// A pass over the rules that these wake. [`Pass::select`] comes before the first [`Pass::next`].
    pub fn pass(&self, triggers: Vec<Trigger>, changed: Vec<Path>) -> Pass<'_> {
        let groups = self.groups(&triggers, &changed);
        let record = Woken { triggers, changed, moments: Vec::with_capacity(2), only: None };
        Pass { set: self, groups, candidates: Vec::with_capacity(16), next: 0, from: RuleIndex(0), record }
    }
}

impl<'s> Pass<'s> {
    /// Whether nothing is woken at all.
    pub fn is_empty(&self) -> bool {
        self.groups.iter().all(|g| g.all().is_empty())
    }

    /// Looks up which of the rules not considered yet may match: at first, and whenever the ticket changed. `moment` is the caller's
    /// number for the state of things.
    pub fn select(&mut self, view: &View<'_>, moment: u32) {
        self.candidates.clear();
        self.next = 0;
        for g in &self.groups {
            g.candidates(view, self.from, &mut self.candidates);
        }
        // One list comes in order already.
        if !self.candidates.is_sorted_by(|a, b| a < b) {
            self.candidates.sort_unstable();
            self.candidates.dedup();
        }
        self.record.moments.push((self.from, moment));
    }

    /// The next rule that matches or fails; `skip` says which are not to be evaluated.
    pub fn next(
        &mut self,
        view: &View<'_>,
        mut skip: impl FnMut(RuleIndex, &Rule) -> bool,
    ) -> Option<(RuleIndex, &'s Rule, Result<(), RuleFault>)> {
        loop {
            let index = *self.candidates.get(self.next)?;
            self.next = self.next.saturating_add(1);
            self.from = RuleIndex(index.0.saturating_add(1));
            let Some(rule) = self.set.get(index).filter(|r| !skip(index, r)) else { continue };
            let held = match &rule.when {
                None => Ok(true),
                Some(c) if rule.asks_event => c.holds(&View { event: &self.record.word(rule), ..*view }),
                Some(c) => c.holds(view),
            };
            match held {
                Ok(false) => {}
                Ok(true) => return Some((index, rule, Ok(()))),
                Err(fault) => return Some((index, rule, Err(fault))),
            }
        }
    }

    /// The word of what woke a rule.
    pub fn word(&self, rule: &Rule) -> Cow<'static, str> {
        self.record.word(rule)
    }

    /// The record of the pass.
    pub fn finish(self) -> Woken {
        self.record
    }
}

impl Woken {
    /// The record of a time rule's own firing.
    pub fn timer(rule: RuleIndex, moment: u32) -> Self {
        Self { only: Some(rule), moments: vec![(rule, moment)], ..Self::default() }
    }

    /// The word of what woke a rule: what its condition sees as `event.name`.
    pub fn word(&self, rule: &Rule) -> Cow<'static, str> {
        if self.only.is_some() {
            return Cow::Borrowed("timer");
        }
        let of = self.triggers.iter().find(|t| rule.on.iter().any(|o| o == *t || t.wider().as_ref() == Some(o)));
        if let Some(t) = of.or_else(|| self.triggers.first().filter(|_| rule.always)) {
            return t.word();
        }
        if rule.by_reads() {
            if self.triggers.contains(&Trigger::Created) {
                return Trigger::Created.word();
            }
            if let Some(p) = self.changed.iter().find(|p| rule.reads.contains(*p)) {
                let name = p.to_string();
                return Cow::Owned(format!("changed:{}", name.strip_prefix("t.").unwrap_or(&name)));
            }
        }
        Cow::Borrowed("timer")
    }

    /// Every rule that was woken, in order, with the moment at which it was considered.
    pub fn woken(&self, set: &RuleSet) -> Vec<(RuleIndex, u32)> {
        let all = match self.only {
            Some(only) => vec![only],
            None => set.woken(&self.triggers, &self.changed),
        };
        let moment = |i: RuleIndex| {
            let n = self.moments.partition_point(|(from, _)| *from <= i);
            n.checked_sub(1).and_then(|n| self.moments.get(n)).map_or(0, |(_, m)| *m)
        };
        all.into_iter().map(|i| (i, moment(i))).collect()
    }
}
