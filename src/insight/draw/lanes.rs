//! A ticket's life as SVG: a lane for everybody who takes part, time downwards, one row a step.

use super::letters::{escape, measure, wrap};
use super::paint::{FAINT, INK, LINE, Paint};
use super::svg::FONT;
use crate::calendar::zone_local;
use crate::diagnostic::{Lang, text};
use crate::insight::{Lane, Life, LifeKind, LifeStep};
use std::fmt::Write as _;

const TIMES: f64 = 150.0;
const LANE: f64 = 230.0;
const ROW: f64 = 36.0;
/// From one line of a step's text to the next.
const NEXT: f64 = 14.0;
/// Most lines of a step.
const LINES: usize = 4;
const TOP: f64 = 96.0;
const RED: &str = "#c23b3b";
/// Most steps drawn; a picture of more is read by nobody.
const STEPS: usize = 400;

pub(in crate::insight) fn life(life: &Life, lang: Lang) -> String {
    let lanes = life.lanes();
    let x_of = |lane: Lane| TIMES + LANE * (lanes.iter().position(|l| *l == lane).unwrap_or(0) as f64 + 0.5);
    let left_out = life.steps.len().saturating_sub(STEPS);
    let shown = life.steps.len().min(STEPS);
    let gaps = (0..shown).filter(|i| life.pause(*i).is_some()).count();
    let said: Vec<Vec<String>> = life.steps.iter().take(STEPS).map(|s| lines(s, lang)).collect();
    let more: f64 = said.iter().map(|l| taller(l)).sum();
    let height = TOP + more + ROW * shown as f64 + ROW * 0.8 * gaps as f64 + if left_out > 0 { 60.0 } else { 30.0 };
    let width = TIMES + LANE * lanes.len() as f64 + 20.0;
    let title = text(format!("ticket {}", life.number), format!("工单 {}", life.number));
    let title = escape(title.get(lang));
    let mut out = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}" role="img" font-family="{FONT}">
<title>{title}</title>
<defs><marker id="said" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L10 5L0 10z" fill="{LINE}"/></marker></defs>
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="24" y="32" font-size="17" font-weight="600" fill="{INK}">{title}</text>
"##
    );
    // All times are of one zone, said once above them.
    let zone = escape(if life.zone.is_empty() { "UTC" } else { &life.zone });
    let _ = writeln!(out, r#"<text x="132" y="65" font-size="10.5" fill="{LINE}" text-anchor="end">{zone}</text>"#);
    for lane in &lanes {
        let (x, label) = (x_of(*lane), escape(lane.label().get(lang)));
        let (end, left) = (height - 20.0, x - 75.0);
        let _ = writeln!(out, r##"<line x1="{x:.1}" y1="74" x2="{x:.1}" y2="{end:.1}" stroke="{FAINT}" stroke-width="1"/>"##);
        let _ = writeln!(out, r##"<rect x="{left:.1}" y="48" width="150" height="26" rx="6" fill="#eef1f4" stroke="{LINE}"/>"##);
        let _ = writeln!(out, r##"<text x="{x:.1}" y="65" font-size="12" fill="{INK}" text-anchor="middle">{label}</text>"##);
    }
    let mut y = TOP;
    let mut day = None;
    // The state a ticket is in, as a bar beside the times.
    let mut bar: Option<(f64, String)> = None;
    let mut bars = String::new();
    for (i, (step, said)) in life.steps.iter().zip(&said).enumerate() {
        if let Some(gap) = life.pause(i) {
            let said = text(format!("{} later", gap.en), format!("{} 后", gap.zh));
            let (x, base) = (TIMES + LANE * lanes.len() as f64 / 2.0, y + 4.0);
            let said = escape(said.get(lang));
            let _ = writeln!(
                out,
                r#"<text x="{x:.1}" y="{base:.1}" font-size="10.5" fill="{LINE}" font-style="italic" text-anchor="middle">{said}</text>"#
            );
            y += ROW * 0.8;
        }
        y += taller(said) / 2.0;
        let local = zone_local(&life.zone, step.at).map_or_else(|_| step.at.naive_utc(), |(wall, _)| wall);
        let (base, today) = (y + 4.0, local.date());
        let when = local.format(if day == Some(today) { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" });
        day = Some(today);
        let _ = writeln!(out, r#"<text x="132" y="{base:.1}" font-size="10.5" fill="{LINE}" text-anchor="end">{when}</text>"#);
        if let LifeKind::State { colour, .. } = &step.kind {
            close(&mut bars, bar.replace((y, colour.clone())), y);
        }
        row(&mut out, step, said, (x_of(step.from), x_of(step.to)), y);
        y += ROW + taller(said) / 2.0;
    }
    close(&mut bars, bar, y - ROW / 2.0);
    if left_out > 0 {
        let said = text(format!("and {left_out} more steps"), format!("另有 {left_out} 步"));
        let _ =
            writeln!(out, r#"<text x="132" y="{y:.1}" font-size="10.5" fill="{LINE}" text-anchor="end">{}</text>"#, escape(said.get(lang)));
    }
    out.push_str(&bars);
    out.push_str("</svg>\n");
    out
}

/// The bar of a state that lasted until here.
fn close(out: &mut String, bar: Option<(f64, String)>, to: f64) {
    let Some((from, colour)) = bar else { return };
    let paint = Paint::of(&colour);
    let (length, fill, frame) = ((to - from).max(2.0), paint.fill, paint.frame);
    let _ = writeln!(out, r#"<rect x="139" y="{from:.1}" width="7" height="{length:.1}" fill="{fill}" stroke="{frame}"/>"#);
}

/// What a step says, as lines that fit between two lanes.
fn lines(step: &LifeStep, lang: Lang) -> Vec<String> {
    let what = step.what.get(lang);
    match &step.kind {
        LifeKind::State { label, .. } => wrap(&format!("{what} → {}", label.get(lang)), LANE - 30.0, 11.0, LINES),
        _ => wrap(what, LANE - 20.0, 11.0, LINES),
    }
}

/// How much taller a row is than one of a single line.
fn taller(lines: &[String]) -> f64 {
    NEXT * lines.len().saturating_sub(1) as f64
}

fn row(out: &mut String, step: &LifeStep, said: &[String], (from, to): (f64, f64), y: f64) {
    let write = |out: &mut String, (x, base): (f64, f64), ink: &str| {
        for (i, line) in said.iter().enumerate() {
            let (base, line) = (base + NEXT * i as f64, escape(line));
            let _ = writeln!(out, r#"<text x="{x:.1}" y="{base:.1}" font-size="11" fill="{ink}" text-anchor="middle">{line}</text>"#);
        }
    };
    let more = taller(said);
    let wide = said.iter().map(|l| measure(l, 11.0)).fold(0.0, f64::max);
    match &step.kind {
        LifeKind::State { colour, .. } => {
            let paint = Paint::of(colour);
            let wide = wide + 20.0;
            let (left, top, high) = (from - wide / 2.0, y - 11.0 - more / 2.0, 22.0 + more);
            let (fill, frame) = (paint.fill, paint.frame);
            let _ = writeln!(
                out,
                r#"<rect x="{left:.1}" y="{top:.1}" width="{wide:.1}" height="{high:.1}" rx="11" fill="{fill}" stroke="{frame}" stroke-width="1.5"/>"#
            );
            write(out, (from, y + 4.0 - more / 2.0), INK);
        }
        kind => {
            let ink = if *kind == LifeKind::Breached { RED } else { INK };
            if from == to {
                let wide = wide + 14.0;
                let (left, top, high) = (from - wide / 2.0, y - 10.0 - more / 2.0, 20.0 + more);
                let _ = writeln!(
                    out,
                    r##"<rect x="{left:.1}" y="{top:.1}" width="{wide:.1}" height="{high:.1}" rx="3" fill="#ffffff" stroke="{FAINT}"/>"##
                );
                write(out, (from, y + 4.0 - more / 2.0), ink);
                return;
            }
            let dashes = if step.from == Lane::System { " stroke-dasharray=\"6 4\"" } else { "" };
            let line = y + 8.0 + more / 2.0;
            // Beside the lane it comes from, so that a long arrow's words are not on a lane in between.
            let middle = from + (to - from).signum() * LANE / 2.0;
            let _ = writeln!(
                out,
                r#"<line x1="{from:.1}" y1="{line:.1}" x2="{to:.1}" y2="{line:.1}" stroke="{LINE}" stroke-width="1.4"{dashes} marker-end="url(#said)"/>"#
            );
            write(out, (middle, y + 3.0 - more / 2.0), ink);
        }
    }
}
