//! Mermaid and Graphviz: text that other programs lay out.

use super::sketch::{How, Node};
use std::collections::BTreeMap;

/// Which notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Mermaid's diagram of states.
    States,
    /// Mermaid's flowchart.
    Chart,
    /// Graphviz.
    Dot,
}

/// A drawing in the making.
pub(super) struct Notation {
    kind: Kind,
    out: String,
    /// Names that the notation cannot take as they are, by name.
    ids: BTreeMap<String, String>,
    /// Classes of Mermaid by fill and frame, with the states that have them.
    classes: BTreeMap<(String, String), Vec<String>>,
    /// Graphviz has one point of beginning.
    begun: bool,
}

impl Notation {
    pub(super) fn mermaid_states() -> Self {
        Self::new(Kind::States, "stateDiagram-v2\n".into())
    }
    pub(super) fn mermaid_chart() -> Self {
        Self::new(Kind::Chart, "flowchart LR\n".into())
    }
    pub(super) fn dot(title: &str) -> Self {
        let font = "fontname=\"Helvetica,Arial,Noto Sans SC,sans-serif\"";
        let head = format!(
            "digraph {} {{\n  rankdir=LR;\n  node [shape=box, style=rounded, {font}];\n  edge [fontsize=11, {font}];\n",
            quoted(title)
        );
        Self::new(Kind::Dot, head)
    }
    fn new(kind: Kind, out: String) -> Self {
        Self { kind, out, ids: BTreeMap::new(), classes: BTreeMap::new(), begun: false }
    }
    fn line(&mut self, line: &str) {
        self.out.push_str("  ");
        self.out.push_str(line);
        self.out.push('\n');
    }
    /// A name as the notation takes it. Mermaid reads letters, digits and `_`; `end` and the like are its own words.
    fn id(&mut self, name: &str) -> String {
        if self.kind == Kind::Dot {
            return quoted(name);
        }
        if let Some(id) = self.ids.get(name) {
            return id.clone();
        }
        let own = [
            "end",
            "state",
            "note",
            "graph",
            "flowchart",
            "subgraph",
            "style",
            "class",
            "classdef",
            "default",
            "click",
            "fork",
            "join",
            "choice",
            "direction",
            "as",
        ];
        let mut id: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        if id.is_empty() || own.contains(&id.to_ascii_lowercase().as_str()) {
            id.push('_');
        }
        while self.ids.values().any(|taken| *taken == id) {
            id.push('_');
        }
        self.ids.insert(name.to_string(), id.clone());
        id
    }
    /// A state: its label, and smaller lines under it.
    pub(super) fn state(&mut self, b: &Node) {
        let id = self.id(&b.name);
        if self.kind == Kind::Dot {
            let label = std::iter::once(&b.label).chain(&b.notes).map(String::as_str).collect::<Vec<_>>().join("\n");
            let last = if b.last { ", peripheries=2" } else { "" };
            let (fill, frame) = (&b.paint.fill, &b.paint.frame);
            self.line(&format!(
                "{id} [label={}, style=\"rounded,filled\", fillcolor={}, color={}{last}];",
                quoted(&label),
                quoted(fill),
                quoted(frame)
            ));
            return;
        }
        // A second line makes Mermaid set the first one as a heading.
        self.line(&format!("{id} : {}", described(&b.label)));
        for note in &b.notes {
            self.line(&format!("{id} : {}", described(note)));
        }
        self.classes.entry((b.paint.fill.clone(), b.paint.frame.clone())).or_default().push(id);
    }
    /// A rule.
    pub(super) fn rule(&mut self, name: &str) {
        let id = self.id(name);
        match self.kind {
            Kind::Dot => self.line(&format!("{id} [label={}];", quoted(name))),
            _ => self.line(&format!("{id}[\"{}\"]", plain(name))),
        }
    }
    /// A ticket may begin there.
    pub(super) fn begin(&mut self, name: &str) {
        let id = self.id(name);
        if self.kind == Kind::Dot {
            if !self.begun {
                self.line("\" begin\" [shape=point];");
                self.begun = true;
            }
            self.line(&format!("\" begin\" -> {id};"));
        } else {
            self.line(&format!("[*] --> {id}"));
        }
    }
    /// A life may end there.
    pub(super) fn end(&mut self, name: &str) {
        if self.kind == Kind::States {
            let id = self.id(name);
            self.line(&format!("{id} --> [*]"));
        }
    }
    pub(super) fn step(&mut self, from: &str, to: &str, lines: &[String], how: How) {
        let (from, to) = (self.id(from), self.id(to));
        match self.kind {
            Kind::States => {
                let mark = match how {
                    How::Taken => "",
                    How::Alone => "⏱ ",
                    How::Answered => "✉ ",
                    How::Beside => "⤳ ",
                };
                let label = lines.iter().map(|l| described(l)).collect::<Vec<_>>().join("\\n");
                self.line(&format!("{from} --> {to} : {mark}{label}"));
            }
            Kind::Chart => self.line(&format!("{from} -->|{}| {to}", plain(&lines.join(", ")))),
            Kind::Dot => {
                let style = match how {
                    How::Taken => "",
                    How::Alone | How::Answered => ", style=dashed",
                    How::Beside => ", style=dotted",
                };
                self.line(&format!("{from} -> {to} [label={}{style}];", quoted(&lines.join("\n"))));
            }
        }
    }
    pub(super) fn done(mut self) -> String {
        if self.kind == Kind::Dot {
            self.out.push_str("}\n");
        }
        for (n, ((fill, frame), ids)) in std::mem::take(&mut self.classes).into_iter().enumerate() {
            self.line(&format!("classDef paint{n} fill:{fill},stroke:{frame},color:{}", super::paint::INK));
            self.line(&format!("class {} paint{n}", ids.join(",")));
        }
        self.out
    }
}

fn quoted(s: &str) -> String {
    let inner: String = s.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
    format!("\"{}\"", inner.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// A label as Mermaid takes it: its own marks become like-looking ones.
fn plain(s: &str) -> String {
    let s = s.replace("<=", "≤").replace(">=", "≥");
    s.chars()
        .map(|c| match c {
            '"' => '\'',
            '|' => '/',
            ';' => ',',
            '#' => '♯',
            '<' => '‹',
            '>' => '›',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect()
}

/// A label in a drawing of states, where a colon begins the label itself.
pub(in crate::insight) fn described(s: &str) -> String {
    plain(s).replace(": ", " – ").replace(':', ".")
}
