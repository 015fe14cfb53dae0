//! Pictures of a playbook: its workflows, and which rule wakes which, as text that Mermaid or Graphviz draws.

use crate::diagnostic::Lang;
use crate::id::RuleName;
use crate::rules::RuleGraph;
use crate::ticket::StateClass;
use crate::workflow::Workflow;
use std::collections::{BTreeMap, BTreeSet};

/// Which text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Drawing {
    /// Mermaid: what README files and merge requests show.
    #[default]
    Mermaid,
    /// Graphviz.
    Dot,
}

/// A workflow: its states, its transitions with who may take them, and what goes by itself.
///
/// ```
/// use ticketry::{diagnostic::Lang, harness::{self, Drawing}, playbook::Playbook};
/// let playbook = Playbook::starter().unwrap();
/// let drawn = harness::draw_workflow(&playbook.workflows()[0], Drawing::Mermaid, Lang::En);
/// assert!(drawn.starts_with("stateDiagram-v2\n") && drawn.contains("new --> open : Start"));
/// ```
pub fn draw_workflow(w: &Workflow, how: Drawing, lang: Lang) -> String {
    let mut d = Drawn::new(how, &format!("{} {}", w.name(), w.version()), true);
    for s in w.states() {
        d.node(s.name.as_str(), s.label.get(lang), s.class.is_final(), Some(&s.colour));
    }
    for s in w.initials() {
        d.begin(s.as_str());
    }
    for t in w.transitions() {
        for from in &t.from {
            let mut label = t.label.get(lang).to_string();
            if !t.roles.is_empty() {
                label.push_str(&format!(" [{}]", t.roles.iter().map(|r| r.as_str()).collect::<Vec<_>>().join(", ")));
            }
            if let Some(guard) = &t.guard {
                let guard = guard.to_string().replace("||", "or").replace("&&", "and");
                label.push_str(&format!(" if {guard}"));
            }
            d.edge(from.as_str(), t.target(from).as_str(), &label, false);
        }
    }
    for s in w.states() {
        for timed in w.timed(&s.name) {
            let Some(t) = w.transition(&s.name, &timed.transition) else { continue };
            let word = if lang == Lang::Zh { "后" } else { "after" };
            let label = match lang {
                Lang::En => format!("{word} {}: {}", timed.after, t.label.get(lang)),
                Lang::Zh => format!("{}{word}：{}", timed.after, t.label.get(lang)),
            };
            d.edge(s.name.as_str(), t.target(&s.name).as_str(), &label, true);
        }
        if let Some(t) = s.on_requester_reply.as_ref().and_then(|t| w.transition(&s.name, t)) {
            let word = if lang == Lang::Zh { "请求人来信" } else { "the requester writes" };
            d.edge(s.name.as_str(), t.target(&s.name).as_str(), word, true);
        }
    }
    for s in w.states().iter().filter(|s| w.is_terminal(&s.name) || s.class == StateClass::Closed) {
        d.end(s.name.as_str());
    }
    d.done()
}

/// Which rule may wake which ([`crate::playbook::Playbook::rule_graph`]), drawn; rules that neither wake nor are woken are left out.
///
/// ```
/// use ticketry::{harness::{self, Drawing}, playbook::Playbook};
/// let source = Playbook::starter_source().with("rules/a.rhai", r#"
///     rule("judge").on("created").then(|t| t.set("impact", "high"));
///     rule("alarm").on("changed:impact").then(|t| t.tag("alarm"));
/// "#);
/// let playbook = Playbook::load(&source).unwrap().playbook;
/// assert!(harness::draw_rules(&playbook.rule_graph(), Drawing::Mermaid).contains("judge -->|impact| alarm"));
/// ```
pub fn draw_rules(graph: &RuleGraph, how: Drawing) -> String {
    let mut d = Drawn::new(how, "rules", false);
    let joined: BTreeSet<&RuleName> = graph.edges.iter().flat_map(|e| [&e.from, &e.to]).collect();
    for r in graph.rules.iter().filter(|r| joined.contains(&r.name)) {
        d.node(r.name.as_str(), r.name.as_str(), false, None);
    }
    for e in &graph.edges {
        d.edge(e.from.as_str(), e.to.as_str(), &e.by.iter().map(String::as_str).collect::<Vec<_>>().join(", "), false);
    }
    d.done()
}

/// A drawing in the making.
struct Drawn {
    how: Drawing,
    states: bool,
    out: String,
    /// Names that the notation cannot take as they are, by name.
    ids: BTreeMap<String, String>,
}

impl Drawn {
    fn new(how: Drawing, title: &str, states: bool) -> Self {
        let out = match (how, states) {
            (Drawing::Mermaid, true) => "stateDiagram-v2\n".to_string(),
            (Drawing::Mermaid, false) => "flowchart LR\n".to_string(),
            (Drawing::Dot, _) => format!("digraph {} {{\n  rankdir=LR;\n  node [shape=box, style=rounded];\n", quoted(title)),
        };
        Self { how, states, out, ids: BTreeMap::new() }
    }
    fn line(&mut self, line: &str) {
        self.out.push_str("  ");
        self.out.push_str(line);
        self.out.push('\n');
    }
    /// A name as the notation takes it. Mermaid reads letters, digits and `_`; `end` and the like are its own words.
    fn id(&mut self, name: &str) -> String {
        if self.how == Drawing::Dot {
            return quoted(name);
        }
        if let Some(id) = self.ids.get(name) {
            return id.clone();
        }
        let own =
            ["end", "state", "note", "graph", "flowchart", "subgraph", "style", "class", "default", "click", "fork", "join", "choice"];
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
    fn node(&mut self, name: &str, label: &str, last: bool, colour: Option<&str>) {
        let id = self.id(name);
        match (self.how, self.states) {
            (Drawing::Mermaid, true) => self.line(&format!("{id} : {}", described(label))),
            (Drawing::Mermaid, false) => self.line(&format!("{id}[\"{}\"]", plain(label))),
            (Drawing::Dot, _) => {
                let peripheries = if last { ", peripheries=2" } else { "" };
                let colour = colour.filter(|c| *c != "outline").map_or_else(String::new, |c| format!(", color={}", quoted(c)));
                self.line(&format!("{id} [label={}{peripheries}{colour}];", quoted(label)));
            }
        }
    }
    fn begin(&mut self, name: &str) {
        let id = self.id(name);
        match self.how {
            Drawing::Mermaid => self.line(&format!("[*] --> {id}")),
            Drawing::Dot => {
                self.line("begin [shape=point];");
                self.line(&format!("begin -> {id};"));
            }
        }
    }
    fn end(&mut self, name: &str) {
        if self.how == Drawing::Mermaid {
            let id = self.id(name);
            self.line(&format!("{id} --> [*]"));
        }
    }
    /// `alone`: it goes by itself.
    fn edge(&mut self, from: &str, to: &str, label: &str, alone: bool) {
        let (from, to) = (self.id(from), self.id(to));
        match (self.how, self.states) {
            (Drawing::Mermaid, true) => {
                let mark = if alone { "⏱ " } else { "" };
                self.line(&format!("{from} --> {to} : {mark}{}", described(label)));
            }
            (Drawing::Mermaid, false) => self.line(&format!("{from} -->|{}| {to}", plain(label))),
            (Drawing::Dot, _) => {
                let style = if alone { ", style=dashed" } else { "" };
                self.line(&format!("{from} -> {to} [label={}{style}];", quoted(label)));
            }
        }
    }
    fn done(mut self) -> String {
        if self.how == Drawing::Dot {
            self.out.push_str("}\n");
        }
        self.out
    }
}

fn quoted(s: &str) -> String {
    format!("\"{}\"", s.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " "))
}

/// A label as Mermaid takes it: its own marks become like-looking ones.
fn plain(s: &str) -> String {
    s.chars()
        .map(|c| match c {
            '"' => '\'',
            '|' => '/',
            ';' => ',',
            '#' => '♯',
            '\n' => ' ',
            c => c,
        })
        .collect()
}

/// A label in a drawing of states, where a colon begins the label itself.
fn described(s: &str) -> String {
    plain(s).replace(": ", " – ").replace(':', ".")
}
