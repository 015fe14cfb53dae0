//! The workflow as a graph: what can be reached, what can be left, what comes to an end.

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{Bfs, EdgeRef as _, Reversed};

/// States as nodes, transitions as edges, in linear time and space.
#[derive(Debug)]
pub(super) struct Net {
    graph: DiGraph<(), ()>,
    root: NodeIndex,
    goal: NodeIndex,
}

impl Net {
    /// `states` nodes with these edges; `initial` states hang on one root, `last` states lead to one goal.
    pub(super) fn new(states: usize, edges: &[(usize, usize)], initial: &[usize], last: &[usize]) -> Self {
        let mut graph = DiGraph::with_capacity(states.saturating_add(2), edges.len());
        for _ in 0..states {
            graph.add_node(());
        }
        let root = graph.add_node(());
        let goal = graph.add_node(());
        let within = |i: &usize| *i < states;
        for (a, b) in edges.iter().filter(|(a, b)| within(a) && within(b)) {
            graph.add_edge(NodeIndex::new(*a), NodeIndex::new(*b), ());
        }
        for i in initial.iter().filter(|i| within(i)) {
            graph.add_edge(root, NodeIndex::new(*i), ());
        }
        for i in last.iter().filter(|i| within(i)) {
            graph.add_edge(NodeIndex::new(*i), goal, ());
        }
        Self { graph, root, goal }
    }

    /// For each state, whether it can be reached from an initial one.
    pub(super) fn reached(&self) -> Vec<bool> {
        let mut seen = vec![false; self.graph.node_count()];
        let mut walk = Bfs::new(&self.graph, self.root);
        while let Some(n) = walk.next(&self.graph) {
            if let Some(s) = seen.get_mut(n.index()) {
                *s = true;
            }
        }
        seen
    }

    /// For each state, whether a last one can be reached from it.
    pub(super) fn ends(&self) -> Vec<bool> {
        let mut seen = vec![false; self.graph.node_count()];
        let back = Reversed(&self.graph);
        let mut walk = Bfs::new(back, self.goal);
        while let Some(n) = walk.next(back) {
            if let Some(s) = seen.get_mut(n.index()) {
                *s = true;
            }
        }
        seen
    }

    /// Whether a state has an exit to another state.
    pub(super) fn leads_on(&self, state: usize) -> bool {
        let node = NodeIndex::new(state);
        self.graph.edges(node).any(|e| e.target() != node && e.target() != self.goal)
    }
}

fn graph(nodes: usize, edges: &[(usize, usize)]) -> DiGraph<(), ()> {
    let mut graph = DiGraph::with_capacity(nodes, edges.len());
    for _ in 0..nodes {
        graph.add_node(());
    }
    for (a, b) in edges.iter().filter(|(a, b)| *a < nodes && *b < nodes) {
        graph.add_edge(NodeIndex::new(*a), NodeIndex::new(*b), ());
    }
    graph
}

/// The nodes of a cycle among `nodes` nodes with these edges, in order of number; none where there is none.
pub(super) fn cycle(nodes: usize, edges: &[(usize, usize)]) -> Option<Vec<usize>> {
    let graph = graph(nodes, edges);
    let round = |c: &Vec<NodeIndex>| c.len() > 1 || c.first().is_some_and(|n| graph.contains_edge(*n, *n));
    let mut round: Vec<usize> = petgraph::algo::tarjan_scc(&graph).into_iter().find(round)?.iter().map(|n| n.index()).collect();
    round.sort_unstable();
    Some(round)
}

/// For each node of a graph without cycles, how many edges the longest way from it has.
pub(super) fn levels(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let graph = graph(nodes, edges);
    let mut levels = vec![0_usize; nodes];
    for n in petgraph::algo::toposort(&graph, None).unwrap_or_default().into_iter().rev() {
        let beyond = graph.neighbors(n).filter_map(|m| levels.get(m.index())).max().map_or(0, |l| l.saturating_add(1));
        if let Some(level) = levels.get_mut(n.index()) {
            *level = beyond;
        }
    }
    levels
}
