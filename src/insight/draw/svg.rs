//! A workflow as SVG: boxes, arrows and labels where [`super::place`] put them.
//!
//! A transition that leaves more than a few states (`from = "*"`) would hide everything behind its arrows: it stands as a line inside each box that it leaves, and as one in the box that
//! it leads to.
//!
//! A label is written over its own arrow, which is left out behind it; an arrow of another transition that passes there is not cut, letters only have a little white round them.

use super::letters::{escape, measure, wrap};
use super::paint::{FAINT, INK, LINE};
use super::place::{At, Placed, Wanted, place};
use super::sketch::{Arrow, How, Node, Sketch};
use crate::diagnostic::text;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Of how many states a transition still is arrows.
const ARROWS: usize = 4;
/// Most lines for such transitions in one box.
const LINES: usize = 6;
pub(super) const FONT: &str =
    "Helvetica, Arial, 'Noto Sans SC', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', 'WenQuanYi Micro Hei', sans-serif";
const MARGIN: f64 = 24.0;
/// Straight pieces of a bend.
const BEND: u8 = 8;

/// One line of text.
struct Line {
    text: String,
    size: f64,
    ink: &'static str,
    bold: bool,
}

impl Line {
    fn height(&self) -> f64 {
        self.size * 1.32
    }
    fn width(&self) -> f64 {
        measure(&self.text, self.size) * if self.bold { 1.06 } else { 1.0 }
    }
}

/// Lines one below the other.
#[derive(Default)]
struct Block(Vec<Line>);

impl Block {
    fn add(&mut self, text: &str, size: f64, ink: &'static str, bold: bool, width: f64, most: usize) {
        for text in wrap(text, width, size, most) {
            self.0.push(Line { text, size, ink, bold });
        }
    }
    fn width(&self) -> f64 {
        self.0.iter().map(Line::width).fold(0.0, f64::max)
    }
    fn height(&self) -> f64 {
        self.0.iter().map(Line::height).sum()
    }
    /// Written round a centre.
    fn write(&self, out: &mut String, (x, y): At) {
        let mut top = y - self.height() / 2.0;
        for line in &self.0 {
            // Letters stand on a baseline about four fifths down their line.
            let base = top + line.height() * 0.78;
            let weight = if line.bold { " font-weight=\"600\"" } else { "" };
            let (size, ink, text) = (line.size, line.ink, escape(&line.text));
            let _ = writeln!(out, r#"<text x="{x:.1}" y="{base:.1}" font-size="{size}" fill="{ink}"{weight}>{text}</text>"#);
            top += line.height();
        }
    }
}

/// Arrows of one kind between the same two boxes, drawn as one.
struct Bundle<'s> {
    from: usize,
    to: usize,
    how: How,
    arrows: Vec<&'s Arrow>,
    block: Block,
}

impl Bundle<'_> {
    /// How much room its label takes.
    fn label(&self) -> (f64, f64) {
        (self.block.width() + 6.0, self.block.height() + 2.0)
    }
    fn times(&self) -> u64 {
        self.arrows.iter().filter_map(|a| a.passed).fold(0, |n, p| n.saturating_add(p.times))
    }
}

/// The whole picture.
pub(super) fn draw(s: &Sketch) -> String {
    let (inside, bundles) = parted(s);
    let blocks: Vec<Block> = s.boxes.iter().enumerate().map(|(i, b)| block(s, b, inside.get(&i).map_or(&[], Vec::as_slice))).collect();
    let mut wanted = Wanted {
        boxes: blocks.iter().map(|b| ((b.width() + 30.0).max(96.0), b.height() + 18.0)).collect(),
        arrows: bundles.iter().map(|b| (b.from, b.to, b.block.width(), b.block.height())).collect(),
    };
    // Where a life begins is a point of its own.
    let dot = wanted.boxes.len();
    wanted.boxes.push((14.0, 14.0));
    for (i, _) in s.boxes.iter().enumerate().filter(|(_, b)| b.first) {
        wanted.arrows.push((dot, i, 0.0, 0.0));
    }
    let mut placed = place(&wanted);
    let mut page = Page::around(&mut placed, &wanted, s);
    page.arrows(s, &bundles, &placed);
    if let Some((x, y)) = placed.boxes.get(dot) {
        let _ = writeln!(page.out, r#"<circle cx="{x:.1}" cy="{y:.1}" r="7" fill="{INK}"/>"#);
    }
    for (i, (b, block)) in s.boxes.iter().zip(&blocks).enumerate() {
        let (Some(at), Some(size)) = (placed.boxes.get(i), wanted.boxes.get(i)) else { continue };
        page.node(b, block, *at, *size);
    }
    page.labels(&bundles, &placed);
    page.out.push_str("</g>\n</svg>\n");
    page.out
}

/// What stands inside boxes, by box, and what is arrows between them.
fn parted(s: &Sketch) -> (BTreeMap<usize, Vec<String>>, Vec<Bundle<'_>>) {
    let mut states: BTreeMap<usize, usize> = BTreeMap::new();
    for a in &s.arrows {
        let n = states.entry(a.of).or_default();
        *n = n.saturating_add(1);
    }
    let many = |a: &Arrow| states.get(&a.of).is_some_and(|n| *n > ARROWS);
    let mut inside: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut arriving: BTreeMap<usize, (usize, &Arrow)> = BTreeMap::new();
    let mut bundles: Vec<Bundle<'_>> = Vec::new();
    let mut known: BTreeMap<(usize, usize, How), usize> = BTreeMap::new();
    for a in &s.arrows {
        let how = if a.how == How::Answered { How::Alone } else { a.how };
        if many(a) {
            inside.entry(a.from).or_default().push(leaving(s, a));
            if a.from != a.to {
                let came = arriving.entry(a.of).or_insert((0, a));
                came.0 = came.0.saturating_add(1);
            }
            continue;
        }
        let at = *known.entry((a.from, a.to, how)).or_insert(bundles.len());
        match bundles.get_mut(at) {
            Some(b) => b.arrows.push(a),
            None => bundles.push(Bundle { from: a.from, to: a.to, how, arrows: vec![a], block: Block::default() }),
        }
    }
    for (n, a) in arriving.values() {
        let label = &a.label;
        let from = text(format!("← {label}, from {n} states"), format!("← {label}（来自 {n} 个状态）"));
        inside.entry(a.to).or_default().push(from.get(s.lang).into());
    }
    for b in &mut bundles {
        for a in &b.arrows {
            let told = a.passed.filter(|p| p.times > 0).map(|p| s.told(p));
            let ink = if s.flowing && told.is_none() { LINE } else { INK };
            b.block.add(&a.label, 12.0, ink, false, 170.0, 3);
            for line in &a.under {
                b.block.add(line, 10.5, LINE, false, 190.0, 3);
            }
            if let Some(told) = told {
                b.block.add(&told, 10.5, INK, true, 170.0, 1);
            }
        }
    }
    (inside, bundles)
}

/// A transition of many states, inside a box that it leaves.
fn leaving(s: &Sketch, a: &Arrow) -> String {
    let mut line = if a.from == a.to {
        format!("↻ {}", a.label)
    } else {
        let to = s.boxes.get(a.to).map_or("", |b| b.label.as_str());
        format!("→ {to}: {}", a.label)
    };
    for under in &a.under {
        line.push(' ');
        line.push_str(under);
    }
    if let Some(p) = a.passed.filter(|p| p.times > 0) {
        let _ = write!(line, " · {}", s.told(p));
    }
    line
}

fn block(s: &Sketch, b: &Node, inside: &[String]) -> Block {
    let mut block = Block::default();
    block.add(&b.label, 14.0, INK, true, 210.0, 2);
    for note in &b.notes {
        block.add(note, 10.5, LINE, false, 220.0, 2);
    }
    for line in inside.iter().take(LINES) {
        block.add(line, 10.5, INK, false, 240.0, 2);
    }
    if let Some(rest) = inside.len().checked_sub(LINES).filter(|n| *n > 0) {
        block.add(text(format!("and {rest} more"), format!("另有 {rest} 项")).get(s.lang), 10.5, LINE, false, 220.0, 1);
    }
    block
}

/// The page in the making.
struct Page {
    out: String,
}

impl Page {
    /// The page round what was placed, which is moved so that nothing lies beyond its edge.
    fn around(placed: &mut Placed, wanted: &Wanted, s: &Sketch) -> Self {
        let (mut left, mut top, mut right, mut bottom) = (f64::MAX, f64::MAX, 0.0_f64, 0.0_f64);
        let mut reach = |(x, y): At, (w, h): (f64, f64)| {
            (left, top) = (left.min(x - w / 2.0), top.min(y - h / 2.0));
            (right, bottom) = (right.max(x + w / 2.0), bottom.max(y + h / 2.0));
        };
        placed.boxes.iter().zip(&wanted.boxes).for_each(|(at, size)| reach(*at, *size));
        for ((points, middle), (_, _, w, h)) in placed.arrows.iter().zip(&wanted.arrows).filter(|(a, _)| !a.0.is_empty()) {
            reach(*middle, (*w, *h));
            points.iter().for_each(|p| reach(*p, (4.0, 4.0)));
        }
        let (dx, dy) = (MARGIN - left, MARGIN + 34.0 - top);
        let shift = |at: &mut At| *at = (at.0 + dx, at.1 + dy);
        placed.boxes.iter_mut().for_each(shift);
        for (points, middle) in &mut placed.arrows {
            points.iter_mut().for_each(shift);
            shift(middle);
        }
        let legend = legend(s);
        let width = (right + dx).max(measure(&legend, 10.5) + MARGIN).max(measure(&s.title, 17.0) * 1.06 + MARGIN) + MARGIN;
        let height = bottom + dy + 34.0 + MARGIN / 2.0;
        let (name, drawn) = (escape(&s.title), escape(&legend));
        let mut out = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}" role="img" font-family="{FONT}">
<title>{name}</title>
<desc>{drawn}</desc>
<defs>
"#
        );
        for (id, ink) in [("line", LINE), ("faint", FAINT), ("ink", INK)] {
            let _ = writeln!(
                out,
                r#"<marker id="{id}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L10 5L0 10z" fill="{ink}"/></marker>"#
            );
        }
        let base = height - 14.0;
        let _ = write!(
            out,
            r##"</defs>
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="{MARGIN}" y="32" font-size="17" font-weight="600" fill="{INK}">{name}</text>
<text x="{MARGIN}" y="{base:.1}" font-size="10.5" fill="{LINE}">{drawn}</text>
<g text-anchor="middle">
"##
        );
        Self { out }
    }

    fn arrows(&mut self, s: &Sketch, bundles: &[Bundle<'_>], placed: &Placed) {
        let most = bundles.iter().map(Bundle::times).max().unwrap_or(0).max(1) as f64;
        for (n, (points, middle)) in placed.arrows.iter().enumerate() {
            let bundle = bundles.get(n);
            let (mut ink, mut wide) = ("line", 1.4);
            if s.flowing
                && let Some(b) = bundle
            {
                let share = (b.times() as f64 / most).sqrt();
                (ink, wide) = if b.times() == 0 { ("faint", 1.2) } else { ("ink", 1.4 + 3.0 * share) };
            }
            let dashes = match bundle.map(|b| b.how) {
                Some(How::Alone) => " stroke-dasharray=\"7 4\"",
                Some(How::Beside) => " stroke-dasharray=\"2 3\"",
                _ => "",
            };
            let stroke = match ink {
                "faint" => FAINT,
                "ink" => INK,
                _ => LINE,
            };
            let path = path(points, bundle.map(|b| (*middle, b.label())));
            let _ = writeln!(
                self.out,
                r#"<path d="{path}" fill="none" stroke="{stroke}" stroke-width="{wide:.1}"{dashes} marker-end="url(#{ink})"/>"#
            );
        }
    }

    fn labels(&mut self, bundles: &[Bundle<'_>], placed: &Placed) {
        for (b, (_, middle)) in bundles.iter().zip(&placed.arrows).filter(|(_, a)| !a.0.is_empty()) {
            let (w, h) = b.label();
            let (x, y) = (middle.0 - w / 2.0, middle.1 - h / 2.0);
            let whole =
                b.arrows.iter().map(|a| std::iter::once(&a.label).chain(&a.under).map(String::as_str).collect::<Vec<_>>().join(" "));
            let whole = escape(&whole.collect::<Vec<_>>().join(" / "));
            let _ = writeln!(
                self.out,
                r##"<g><title>{whole}</title><rect x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" rx="3" fill="none" pointer-events="all"/><g stroke="#ffffff" stroke-width="3" stroke-linejoin="round" paint-order="stroke">"##
            );
            b.block.write(&mut self.out, *middle);
            self.out.push_str("</g></g>\n");
        }
    }

    fn node(&mut self, b: &Node, block: &Block, at: At, (w, h): (f64, f64)) {
        let (x, y) = (at.0 - w / 2.0, at.1 - h / 2.0);
        let (fill, frame) = (&b.paint.fill, &b.paint.frame);
        let whole = escape(&format!("{} ({})", b.label, b.name));
        let _ = writeln!(
            self.out,
            r#"<g><title>{whole}</title><rect x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" rx="9" fill="{fill}" stroke="{frame}" stroke-width="2"/>"#
        );
        if b.last {
            let (x, y, w, h) = (x + 4.0, y + 4.0, w - 8.0, h - 8.0);
            let _ = writeln!(
                self.out,
                r#"<rect x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" rx="6" fill="none" stroke="{frame}" stroke-width="1"/>"#
            );
        }
        block.write(&mut self.out, at);
        self.out.push_str("</g>\n");
    }
}

fn legend(s: &Sketch) -> String {
    let mut parts = vec![text("double frame: final state", "双框：终态")];
    if s.arrows.iter().any(|a| matches!(a.how, How::Alone | How::Answered)) {
        parts.push(text("dashed: also goes by itself", "虚线：可自动执行"));
    }
    if s.arrows.iter().any(|a| a.how == How::Beside) {
        parts.push(text("dotted: not a transition of this version", "点线：非本版本的流转"));
    }
    if s.flowing {
        parts.push(text("the thicker, the more often taken", "线越粗，经过次数越多"));
    }
    parts.iter().map(|t| t.get(s.lang)).collect::<Vec<_>>().join(" · ")
}

/// A line through points, its bends rounded, left out where the label is that stands round a point.
fn path(points: &[At], label: Option<(At, (f64, f64))>) -> String {
    let line = rounded(points);
    let within = |(x, y): At, ((cx, cy), (w, h)): (At, (f64, f64))| (x - cx).abs() < w / 2.0 && (y - cy).abs() < h / 2.0;
    // The point of the arrow is drawn in any case.
    let label = label.filter(|l| !line.last().is_some_and(|end| within(*end, *l)));
    let (mut path, mut pen) = (String::new(), None);
    for (a, b) in line.iter().zip(line.iter().skip(1)) {
        let parts = match label.and_then(|l| hidden(*a, *b, l)) {
            None => [Some((0.0, 1.0)), None],
            Some((from, to)) => [(from > 0.0).then_some((0.0, from)), (to < 1.0).then_some((to, 1.0))],
        };
        let at = |part: f64| (a.0 + (b.0 - a.0) * part, a.1 + (b.1 - a.1) * part);
        for (from, to) in parts.into_iter().flatten() {
            let (from, to) = (at(from), at(to));
            if pen != Some(from) {
                let _ = write!(path, "M{:.1} {:.1}", from.0, from.1);
            }
            let _ = write!(path, "L{:.1} {:.1}", to.0, to.1);
            pen = Some(to);
        }
    }
    path
}

/// Which part of the way from one point to another lies in a rectangle round a centre, as shares of the way.
fn hidden(a: At, b: At, ((x, y), (w, h)): (At, (f64, f64))) -> Option<(f64, f64)> {
    let (mut from, mut to) = (0.0_f64, 1.0_f64);
    for (start, way, middle, half) in [(a.0, b.0 - a.0, x, w / 2.0), (a.1, b.1 - a.1, y, h / 2.0)] {
        if way.abs() < 1e-9 {
            if (start - middle).abs() >= half {
                return None;
            }
            continue;
        }
        let (one, other) = ((middle - half - start) / way, (middle + half - start) / way);
        (from, to) = (from.max(one.min(other)), to.min(one.max(other)));
    }
    (from < to).then_some((from, to))
}

/// Points on a line through points whose bends are rounded.
fn rounded(points: &[At]) -> Vec<At> {
    let mut line = Vec::new();
    line.extend(points.first().copied());
    for (a, (b, c)) in points.iter().zip(points.iter().skip(1).zip(points.iter().skip(2))) {
        let (from, to) = (towards(*b, *a), towards(*b, *c));
        for step in 0..=BEND {
            let part = f64::from(step) / f64::from(BEND);
            let on = |from: f64, bend: f64, to: f64| {
                let rest = 1.0 - part;
                from * rest * rest + bend * 2.0 * rest * part + to * part * part
            };
            line.push((on(from.0, b.0, to.0), on(from.1, b.1, to.1)));
        }
    }
    line.extend(points.last().copied().filter(|_| points.len() > 1));
    line
}

/// The point on the way from a bend to its neighbour where the rounding begins.
fn towards(bend: At, neighbour: At) -> At {
    let (dx, dy) = (neighbour.0 - bend.0, neighbour.1 - bend.1);
    let length = dx.hypot(dy);
    let part = if length > 0.0 { (18.0 / length).min(0.5) } else { 0.0 };
    (bend.0 + dx * part, bend.1 + dy * part)
}
