//! A workflow as boxes and arrows, before any notation.

use super::paint::Paint;
use super::words;
use crate::diagnostic::{Lang, text};
use crate::insight::{Flow, Passed, Step};
use crate::ticket::{Schema, StateClass};
use crate::workflow::{State, Workflow};
use std::collections::BTreeSet;

/// A picture in the making.
pub(super) struct Sketch {
    /// Name and version of the workflow.
    pub(super) title: String,
    pub(super) boxes: Vec<Node>,
    pub(super) arrows: Vec<Arrow>,
    pub(super) lang: Lang,
    /// A flow lies on it.
    #[cfg_attr(not(feature = "svg"), expect(dead_code, reason = "only a layout of our own asks for it"))]
    pub(super) flowing: bool,
}

/// A state.
pub(super) struct Node {
    pub(super) name: String,
    pub(super) label: String,
    /// Smaller lines: class and who is responsible, limit, what a flow says.
    pub(super) notes: Vec<String>,
    pub(super) paint: Paint,
    /// Its class is final.
    pub(super) last: bool,
    /// Nothing leaves it, or it is closed: a life may end there.
    pub(super) end: bool,
    /// A ticket may begin there.
    pub(super) first: bool,
}

/// Whether it goes by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    /// Somebody takes it.
    Taken,
    /// It also goes by itself after a time.
    Alone,
    /// It also goes by itself when the requester writes.
    Answered,
    /// The workflow as drawn does not have it, but tickets went that way: an import, another version.
    Beside,
}

/// A transition from one state.
pub(super) struct Arrow {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) label: String,
    /// Smaller lines: roles, guard, tasks, times.
    pub(super) under: Vec<String>,
    pub(super) how: How,
    pub(super) passed: Option<Passed>,
    /// The transition it is of, by its place: a transition of many states is many arrows.
    #[cfg_attr(not(feature = "svg"), expect(dead_code, reason = "only a layout of our own asks for it"))]
    pub(super) of: usize,
}

impl Sketch {
    /// The picture of a workflow, with a flow on it where there is one.
    pub(super) fn of(w: &Workflow, schema: &Schema, flow: Option<&Flow>, lang: Lang) -> Self {
        let name = w.name().as_str();
        let mut sketch = Self {
            title: format!("{name} {}", w.version()),
            boxes: w.states().iter().map(|s| node(w, schema, s, flow, lang)).collect(),
            arrows: Vec::new(),
            lang,
            flowing: flow.is_some(),
        };
        let at = |state: &crate::id::StateName| w.states().iter().position(|s| s.name == *state);
        let mut drawn: BTreeSet<Step> = BTreeSet::new();
        for (of, t) in w.transitions().iter().enumerate() {
            for from in &t.from {
                let to = t.target(from);
                let (Some(a), Some(b)) = (at(from), at(to)) else { continue };
                let mut under = words::conditions(w, schema, t, lang);
                // Of alternatives of one name a timer or a message takes whichever guard holds: each of them may go by itself.
                let mut how = How::Taken;
                for timed in w.timed(from).filter(|timed| timed.transition == t.name) {
                    how = How::Alone;
                    let after = words::span(&timed.after);
                    under.push(text(format!("by itself after {}", after.en), format!("{}后自动", after.zh)).get(lang).to_string());
                }
                if w.state(from).and_then(|s| s.on_requester_reply.as_ref()) == Some(&t.name) {
                    // A picture has one mark for an arrow; a time is the rarer thing to hear of.
                    how = if how == How::Taken { How::Answered } else { how };
                    under.push(text("when the requester writes", "请求人来信时").get(lang).to_string());
                }
                let step = Step { from: from.clone(), transition: Some(t.name.clone()), to: to.clone() };
                let passed = flow.map(|f| f.passed(name, &step));
                drawn.insert(step);
                sketch.arrows.push(Arrow { from: a, to: b, label: t.label.get(lang).into(), under, how, passed, of });
            }
        }
        let beside = flow.into_iter().flat_map(|f| f.steps(name)).filter(|(s, _)| !drawn.contains(s));
        for (of, (step, passed)) in beside.enumerate() {
            let (Some(from), Some(to)) = (at(&step.from), at(&step.to)) else { continue };
            let label = step
                .transition
                .as_ref()
                .map_or_else(|| text("merged, or moved by import", "合并或导入").get(lang).into(), |t| t.to_string());
            let of = w.transitions().len().saturating_add(of);
            sketch.arrows.push(Arrow { from, to, label, under: Vec::new(), how: How::Beside, passed: Some(passed), of });
        }
        sketch
    }

    /// What the flow says of an arrow.
    pub(super) fn told(&self, passed: Passed) -> String {
        let Passed { times, tickets } = passed;
        let again = if times > tickets { format!(" ({times}×)") } else { String::new() };
        let said = match tickets {
            1 => text(format!("1 ticket{again}"), format!("1 张{again}")),
            n => text(format!("{n} tickets{again}"), format!("{n} 张{again}")),
        };
        said.get(self.lang).to_string()
    }
}

fn node(w: &Workflow, schema: &Schema, s: &State, flow: Option<&Flow>, lang: Lang) -> Node {
    let mut notes = Vec::new();
    let class = s.class.label();
    notes.push(match &s.responsible {
        Some(who) => {
            let who = words::responsible(schema, who);
            text(format!("{} · {}", class.en, who.en), format!("{} · {}", class.zh, who.zh)).get(lang).to_string()
        }
        None => class.get(lang).to_string(),
    });
    if let Some(limit) = &s.limit {
        let limit = words::span(limit);
        notes.push(text(format!("at most {}", limit.en), format!("时限 {}", limit.zh)).get(lang).to_string());
    }
    // Nobody enters it without (S12).
    for a in w.protecting(&s.name).map(|a| a.definition.title()) {
        notes.push(text(format!("approval: {}", a.en), format!("须审批：{}", a.zh)).get(lang).to_string());
    }
    if let Some(f) = flow {
        let (name, state) = (w.name().as_str(), s.name.as_str());
        if let Some(median) = f.stays(name, state).and_then(super::super::flow::Stays::median).map(words::length) {
            notes.push(text(format!("median stay {}", median.en), format!("停留中位数 {}", median.zh)).get(lang).to_string());
        }
        match f.present(name, state) {
            0 => {}
            n => notes.push(text(format!("{n} here now"), format!("当前 {n} 张")).get(lang).to_string()),
        }
    }
    Node {
        name: s.name.to_string(),
        label: s.label.get(lang).into(),
        notes,
        paint: Paint::of(&s.colour),
        last: s.class.is_final(),
        end: w.is_terminal(&s.name) || s.class == StateClass::Closed,
        first: w.initials().contains(&s.name),
    }
}
