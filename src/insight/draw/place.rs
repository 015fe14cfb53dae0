//! Places for boxes, arrows and their labels.
//!
//! `dagre` does the work: a port of the layout that Mermaid itself uses, which gives bends and places for labels, not boxes alone; `rust-sugiyama` gives boxes only and panics on a
//! loop. It is given finite sizes and valid numbers, nothing else, and no more than it can take in a second: what is larger, or comes back incomplete, is laid out in plain rows.

use dagre::graph::{Graph, GraphOptions};
use dagre::layout::types::LabelPos;
use dagre::{EdgeLabel, LayoutOptions, NodeLabel};
use std::collections::{BTreeMap, VecDeque};

/// A point.
pub(super) type At = (f64, f64);

/// Where everything is.
pub(super) struct Placed {
    /// Centres of boxes.
    pub(super) boxes: Vec<At>,
    /// Of each arrow its points, from frame to frame, and the centre of its label.
    pub(super) arrows: Vec<(Vec<At>, At)>,
}

/// What is to be placed.
pub(super) struct Wanted {
    /// Widths and heights of boxes.
    pub(super) boxes: Vec<(f64, f64)>,
    /// Arrows between boxes by their places, with the width and height of the label.
    pub(super) arrows: Vec<(usize, usize, f64, f64)>,
}

/// Most boxes and arrows that dagre is asked about: about a second without optimisation.
const BOXES: usize = 140;
const ARROWS: usize = 280;

/// Lays it out. Arrows to boxes that there are not are nowhere.
pub(super) fn place(wanted: &Wanted) -> Placed {
    let small = wanted.boxes.len() <= BOXES && wanted.arrows.len() <= ARROWS;
    let layered = if small { layered(wanted) } else { None };
    layered.map_or_else(|| rows(wanted), |placed| spread(placed, wanted))
}

/// A side of a box.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Upper,
    Lower,
    Left,
    Right,
}

/// An end of an arrow at a side of a box.
struct End {
    /// By which the ends at a side are in order: from left to right, or from the top down.
    key: f64,
    /// Where along its side it would be alone.
    alone: f64,
    arrow: usize,
    first: bool,
}

/// Spreads the ends of arrows over the sides of their boxes, in the order in which they come from there: dagre lets them all point at the centre. What comes in flat comes in from the side.
fn spread(mut placed: Placed, wanted: &Wanted) -> Placed {
    let mut ends: BTreeMap<(usize, Side), Vec<End>> = BTreeMap::new();
    for (arrow, ((points, _), (from, to, ..))) in placed.arrows.iter().zip(&wanted.arrows).enumerate().filter(|(_, (_, a))| a.0 != a.1) {
        let last = points.len().saturating_sub(1);
        for (end, beside, first) in [(*from, points.get(1), true), (*to, points.get(last.saturating_sub(1)), false)] {
            let (Some((x, y)), Some((w, h)), Some(beside)) = (placed.boxes.get(end), wanted.boxes.get(end), beside) else { continue };
            let (dx, dy) = (beside.0 - x, beside.1 - y);
            let flat = w > &30.0 && dx.abs() - w / 2.0 > 2.0 * (dy.abs() - h / 2.0).max(1.0);
            let (side, key, alone) = match (flat, dx < 0.0, dy > 0.0) {
                (true, left, _) => (if left { Side::Left } else { Side::Right }, dy / dx.abs(), y + dy.clamp(-h / 4.0, h / 4.0)),
                (false, _, below) => (if below { Side::Lower } else { Side::Upper }, dx, beside.0),
            };
            ends.entry((end, side)).or_default().push(End { key, alone, arrow, first });
        }
    }
    for ((at, side), mut ends) in ends {
        let (Some((x, y)), Some((w, h))) = (placed.boxes.get(at).copied(), wanted.boxes.get(at).copied()) else { continue };
        ends.sort_by(|a, b| a.key.total_cmp(&b.key).then(a.arrow.cmp(&b.arrow)).then(a.first.cmp(&b.first)));
        let (middle, room) = if matches!(side, Side::Left | Side::Right) { (y, h - 12.0) } else { (x, w - 20.0) };
        let (room, count) = (room.max(0.0), ends.len() as f64);
        for (i, end) in ends.into_iter().enumerate() {
            let even = middle - room / 2.0 + room * (i as f64 + 0.5) / count;
            // Straight on where there is room for it.
            let along = if count < 2.0 { end.alone.clamp(middle - room / 2.0, middle + room / 2.0) } else { even };
            let to = match side {
                Side::Upper => (along, y - h / 2.0),
                Side::Lower => (along, y + h / 2.0),
                Side::Left => (x - w / 2.0, along),
                Side::Right => (x + w / 2.0, along),
            };
            let Some((points, _)) = placed.arrows.get_mut(end.arrow) else { continue };
            let point = if end.first { points.first_mut() } else { points.last_mut() };
            if let Some(p) = point {
                *p = to;
            }
        }
    }
    placed
}

fn layered(wanted: &Wanted) -> Option<Placed> {
    let mut graph: Graph<NodeLabel, EdgeLabel> = Graph::with_options(GraphOptions { directed: true, multigraph: true, compound: false });
    for (i, (width, height)) in wanted.boxes.iter().enumerate() {
        let label = NodeLabel { width: *width, height: *height, ..NodeLabel::default() };
        graph.set_node(i.to_string(), Some(label));
    }
    let there = |i: usize| i < wanted.boxes.len();
    for (n, (from, to, width, height)) in wanted.arrows.iter().enumerate().filter(|(_, a)| there(a.0) && there(a.1)) {
        // A label has a little room round it, so that two of them never touch.
        let label = EdgeLabel { width: width + 14.0, height: height + 6.0, labelpos: LabelPos::Center, ..EdgeLabel::default() };
        graph.set_edge(from.to_string(), to.to_string(), Some(label), Some(&n.to_string()));
    }
    let options = LayoutOptions { nodesep: 44.0, edgesep: 24.0, ranksep: 42.0, ..LayoutOptions::default() };
    dagre::layout(&mut graph, Some(options));
    let finite = |x: Option<f64>, y: Option<f64>| Some((x.filter(|x| x.is_finite())?, y.filter(|y| y.is_finite())?));
    let mut boxes = Vec::new();
    for i in 0..wanted.boxes.len() {
        let node = graph.node(&i.to_string())?;
        boxes.push(finite(node.x, node.y)?);
    }
    let mut arrows = Vec::new();
    for (n, (from, to, ..)) in wanted.arrows.iter().enumerate() {
        if !there(*from) || !there(*to) {
            arrows.push((Vec::new(), (0.0, 0.0)));
            continue;
        }
        let edge = graph.edge(&from.to_string(), &to.to_string(), Some(&n.to_string()))?;
        let points: Vec<At> = edge.points.iter().map(|p| (p.x, p.y)).filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
        let middle = finite(edge.x, edge.y).or_else(|| points.get(points.len().checked_div(2)?).copied())?;
        arrows.push((points, middle));
    }
    Some(Placed { boxes, arrows })
}

/// Rows by how many steps a box is from the first one; arrows straight.
fn rows(wanted: &Wanted) -> Placed {
    let count = wanted.boxes.len();
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (from, to, ..) in &wanted.arrows {
        if let Some(n) = next.get_mut(*from) {
            n.push(*to);
        }
    }
    let mut row: Vec<Option<usize>> = vec![None; count];
    for first in 0..count {
        if row.get(first).is_some_and(Option::is_some) {
            continue;
        }
        let mut queue = VecDeque::from([(first, 0_usize)]);
        while let Some((i, depth)) = queue.pop_front() {
            let Some(at) = row.get_mut(i).filter(|at| at.is_none()) else { continue };
            *at = Some(depth);
            queue.extend(next.get(i).into_iter().flatten().map(|n| (*n, depth.saturating_add(1))));
        }
    }
    // A row is never longer than a square of all boxes would be wide.
    let most = (count as f64).sqrt().ceil().max(1.0) as usize;
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|i| row.get(*i).copied().flatten());
    let mut boxes = vec![(0.0, 0.0); count];
    let (mut x, mut y, mut tallest, mut in_row, mut depth) = (0.0_f64, 0.0_f64, 0.0_f64, 0_usize, None);
    for i in order {
        let (width, height) = wanted.boxes.get(i).copied().unwrap_or_default();
        let own = row.get(i).copied().flatten();
        if (depth.is_some() && own != depth) || in_row >= most {
            y += tallest + 90.0;
            (x, tallest, in_row) = (0.0, 0.0, 0);
        }
        depth = own;
        if let Some(at) = boxes.get_mut(i) {
            *at = (x + width / 2.0, y + height / 2.0);
        }
        x += width + 60.0;
        tallest = tallest.max(height);
        in_row = in_row.saturating_add(1);
    }
    let arrows = wanted.arrows.iter().map(|(from, to, ..)| {
        let (Some(a), Some(b)) = (boxes.get(*from).copied(), boxes.get(*to).copied()) else { return (Vec::new(), (0.0, 0.0)) };
        let size = |i: &usize| wanted.boxes.get(*i).copied().unwrap_or_default();
        let (a, b) = if from == to {
            let (w, h) = size(from);
            return (
                vec![(a.0 + w / 2.0, a.1 - h / 4.0), (a.0 + w / 2.0 + 24.0, a.1), (a.0 + w / 2.0, a.1 + h / 4.0)],
                (a.0 + w / 2.0 + 24.0, a.1),
            );
        } else {
            (edge_of(a, b, size(from)), edge_of(b, a, size(to)))
        };
        (vec![a, b], ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0))
    });
    let arrows = arrows.collect();
    Placed { boxes, arrows }
}

/// Where a line from the centre of a box towards a point leaves the box.
fn edge_of(centre: At, towards: At, (width, height): (f64, f64)) -> At {
    let (dx, dy) = (towards.0 - centre.0, towards.1 - centre.1);
    let scale = (width / 2.0 / dx.abs()).min(height / 2.0 / dy.abs());
    if scale.is_finite() { (centre.0 + dx * scale, centre.1 + dy * scale) } else { centre }
}
