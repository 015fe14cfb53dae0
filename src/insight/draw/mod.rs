//! Pictures: of a workflow, with or without what tickets did on it, and of which rule wakes which.
//!
//! What it is: a sketch of boxes and arrows, written in a notation. Mermaid and Graphviz are text for other programs to lay out. SVG is laid out here: `dagre` (feature `svg`) finds places
//! for boxes, bends and labels, the drawing itself is ours.
//! What it never does: fail, run another program, or look different the second time.
//! Read next: `sketch.rs`, then `notation.rs`; `svg.rs` and `place.rs`.

mod notation;
mod paint;
mod sketch;
mod words;

#[cfg(feature = "svg")]
mod lanes;
#[cfg(feature = "svg")]
mod letters;
#[cfg(feature = "svg")]
mod place;
#[cfg(feature = "svg")]
mod svg;

#[cfg(feature = "svg")]
pub(super) use lanes::life;
pub(super) use notation::described;
pub(super) use words::{length, responsible};

use super::Flow;
use crate::diagnostic::Lang;
use crate::id::RuleName;
use crate::rules::RuleGraph;
use crate::ticket::Schema;
use crate::workflow::Workflow;
use notation::Notation;
use sketch::{How, Sketch};
use std::collections::BTreeSet;

/// Which kind of picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Drawing {
    /// Mermaid: what README files and merge requests show.
    #[default]
    Mermaid,
    /// Graphviz.
    Dot,
    /// SVG, laid out by ourselves: nothing else is needed to look at it.
    #[cfg(feature = "svg")]
    Svg,
}

/// A workflow: its states in their colours, with who is responsible and for how long at most; its transitions with who may take them, when, and what goes by itself (dashed). With a flow
/// on it, each edge says how many tickets took it, and each state the median stay and how many tickets are there.
///
/// Roles and tasks are called by their labels; those of roles are in `schema`, the playbook's ([`crate::playbook::Playbook::schema`]), or an empty one where there is no playbook. The words that Ticketry
/// itself brings, such as `requester` and the units of time, are in the language asked for. In Mermaid `⏱` marks what goes by itself after a time, `✉` what goes when the requester writes, `⤳` what
/// this version of the workflow does not have.
///
/// Never fails, whatever the size; beyond a hundred states or so the layout of an SVG is a plain one.
///
/// ```
/// use ticketry::{diagnostic::Lang, insight::{Drawing, draw_workflow}, playbook::Playbook};
/// let playbook = Playbook::starter().unwrap();
/// let drawn = draw_workflow(&playbook.workflows()[0], playbook.schema(), None, Drawing::Mermaid, Lang::En);
/// assert!(drawn.starts_with("stateDiagram-v2\n") && drawn.contains("new --> open : Start"));
/// ```
pub fn draw_workflow(w: &Workflow, schema: &Schema, flow: Option<&Flow>, how: Drawing, lang: Lang) -> String {
    let sketch = Sketch::of(w, schema, flow, lang);
    let mut d = match how {
        Drawing::Mermaid => Notation::mermaid_states(),
        Drawing::Dot => Notation::dot(&sketch.title),
        #[cfg(feature = "svg")]
        Drawing::Svg => return svg::draw(&sketch),
    };
    for b in &sketch.boxes {
        d.state(b);
    }
    for b in sketch.boxes.iter().filter(|b| b.first) {
        d.begin(&b.name);
    }
    for a in &sketch.arrows {
        let (Some(from), Some(to)) = (sketch.boxes.get(a.from), sketch.boxes.get(a.to)) else { continue };
        let mut lines = vec![a.label.clone()];
        lines.extend(a.under.iter().cloned());
        lines.extend(a.passed.filter(|p| p.times > 0).map(|p| sketch.told(p)));
        d.step(&from.name, &to.name, &lines, a.how);
    }
    for b in sketch.boxes.iter().filter(|b| b.end) {
        d.end(&b.name);
    }
    d.done()
}

/// Which rule may wake which ([`crate::playbook::Playbook::rule_graph`]), drawn; rules that neither wake nor are woken are left out. There is no layout of our own for it: for SVG it is Mermaid.
///
/// ```
/// use ticketry::{insight::{Drawing, draw_rules}, playbook::Playbook};
/// let source = Playbook::starter_source().with("rules/a.rhai", r#"
///     rule("judge").on("created").then(|t| t.set("impact", "high"));
///     rule("alarm").on("changed:impact").then(|t| t.tag("alarm"));
/// "#);
/// let playbook = Playbook::load(&source).unwrap().playbook;
/// assert!(draw_rules(&playbook.rule_graph(), Drawing::Mermaid).contains("judge -->|impact| alarm"));
/// ```
pub fn draw_rules(graph: &RuleGraph, how: Drawing) -> String {
    let mut d = match how {
        Drawing::Dot => Notation::dot("rules"),
        _ => Notation::mermaid_chart(),
    };
    let joined: BTreeSet<&RuleName> = graph.edges.iter().flat_map(|e| [&e.from, &e.to]).collect();
    for r in graph.rules.iter().filter(|r| joined.contains(&r.name)) {
        d.rule(r.name.as_str());
    }
    for e in &graph.edges {
        let by = e.by.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        d.step(e.from.as_str(), e.to.as_str(), &[by], How::Taken);
    }
    d.done()
}
