//! Pictures: the same workflow in three notations, whatever its size and its words.

use crate::engine::stage::{Stage, playbook};
use crate::scale;
use proptest::prelude::*;
use ticketry::condition::NoScripts;
use ticketry::diagnostic::Lang;
use ticketry::engine::What;
use ticketry::insight::{Drawing, Flow, Life, draw_workflow};
use ticketry::playbook::Playbook;
use ticketry::ticket::{Schema, StateClass};
use ticketry::workflow::{Responsible, StateDefinition, TransitionDefinition, Workflow, WorkflowDefinition};

fn desk() -> Playbook {
    playbook(&ticketry::folder::read(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/desk")).unwrap())
}

/// A workflow of many states: a chain, with steps to and fro.
fn workflow(states: usize, steps: &[(usize, usize)], label: &str) -> Workflow {
    let name = |i: usize| format!("s{i}");
    let mut w = WorkflowDefinition::new("made", 1).initial("s0");
    for i in 0..states {
        let class = if i == 0 { StateClass::New } else { StateClass::Open };
        w = w.state(StateDefinition::new(name(i), class).label(label, label).responsible(Responsible::Group));
    }
    w = w.state(StateDefinition::new("end", StateClass::Closed).label("End", "完"));
    for i in 0..states {
        let to = if i + 1 < states { name(i + 1) } else { "end".into() };
        w = w.transition(TransitionDefinition::new(format!("go{i}"), [name(i)], to).label(label, label));
    }
    for (n, (a, b)) in steps.iter().enumerate() {
        w = w.transition(TransitionDefinition::new(format!("x{n}"), [name(a % states)], name(b % states)).label(label, label));
    }
    let (workflow, problems) = w.compile(&Schema::default(), &NoScripts);
    workflow.unwrap_or_else(|| panic!("{}", problems.render(Lang::En, None)))
}

#[test]
fn a_flow_lies_on_every_notation() {
    let s = Stage::starter();
    let t = s.create();
    s.pass(90);
    s.as_agent("li", &t, What::transition("start"));
    let flow = Flow::of(&s.desk.journal(t.id).unwrap());
    let w = s.desk.playbook().workflows()[0].clone();
    let mermaid = draw_workflow(&w, &Schema::default(), Some(&flow), Drawing::Mermaid, Lang::En);
    assert!(mermaid.contains("new --> open : Start\\n1 ticket\n") && mermaid.contains("new : median stay 1h30m\n"), "{mermaid}");
    assert!(mermaid.contains("open : 1 here now\n"), "{mermaid}");
    let dot = draw_workflow(&w, &Schema::default(), Some(&flow), Drawing::Dot, Lang::Zh);
    assert!(dot.contains("label=\"开始处理\\n1 张\"") && dot.contains("停留中位数 1h30m"), "{dot}");
    // Without a flow nothing is said of tickets.
    let bare = draw_workflow(&w, &Schema::default(), None, Drawing::Mermaid, Lang::En);
    assert!(!bare.contains("ticket\n") && !bare.contains("median"), "{bare}");
}

#[test]
fn steps_that_a_version_does_not_have_are_drawn_beside_it() {
    let s = Stage::starter();
    let t = s.create();
    s.as_agent("li", &t, What::transition("start"));
    let mut journal = s.desk.journal(t.id).unwrap();
    for c in journal.iter_mut().flat_map(|e| &mut e.events) {
        if let ticketry::ticket::Event::Moved { transition, .. } = &mut c.event {
            *transition = Some("begin-of-old".into());
        }
    }
    let w = s.desk.playbook().workflows()[0].clone();
    let dot = draw_workflow(&w, &Schema::default(), Some(&Flow::of(&journal)), Drawing::Dot, Lang::En);
    assert!(dot.contains("[label=\"begin-of-old\\n1 ticket\", style=dotted]"), "{dot}");
}

#[test]
fn a_life_is_a_sequence_of_who_did_what() {
    let s = Stage::starter();
    let t = s.create();
    s.pass(120);
    s.as_agent("li", &t, What::reply("SECRET"));
    s.as_agent("li", &t, What::note("SECRET"));
    s.as_agent("li", &t, What::transition("resolve"));
    let life = Life::of(&s.desk.journal(t.id).unwrap(), &s.desk.playbook());
    let drawn = life.mermaid(Lang::En);
    for line in [
        "  R->>D: asks for help\n",
        "  D->>R: message\n",
        "  D->>D: note\n",
        "  D->>D: Resolve → Resolved\n",
        "  Note over R,S: 2h later\n",
    ] {
        assert!(drawn.contains(line), "{line}{drawn}");
    }
    assert!(!drawn.contains("SECRET"), "what was said is not in it");
    let empty = Life::of([], &s.desk.playbook());
    assert_eq!(empty, Life { zone: empty.zone.clone(), ..Life::default() });
}

#[cfg(feature = "svg")]
mod svg {
    use super::*;

    /// Every tag closed, no stray mark: enough of XML to see that nobody's words broke out.
    pub fn well_formed(svg: &str) {
        let mut open: Vec<&str> = Vec::new();
        let mut rest = svg;
        while let Some(at) = rest.find('<') {
            let text = &rest[..at];
            assert!(!text.contains('>') && text.split('&').skip(1).all(|e| e.contains(';')), "{text}");
            let end = at + rest[at..].find('>').expect("a tag ends");
            let tag = &rest[at + 1..end];
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name));
            } else if !tag.ends_with('/') {
                open.push(tag.split_whitespace().next().unwrap());
            }
            rest = &rest[end + 1..];
        }
        assert!(open.is_empty() && !svg.contains("NaN") && !svg.contains("inf"), "{open:?}");
    }

    /// The rectangles of an SVG that are boxes or labels: x, y, width, height.
    fn rectangles(svg: &str, mark: &str) -> Vec<[f64; 4]> {
        let of = |line: &str, key: &str| line.split(&format!(" {key}=\"")).nth(1).and_then(|r| r.split('"').next()?.parse::<f64>().ok());
        let all = svg.lines().filter(|l| l.contains("<rect x=") && l.contains(mark));
        all.filter_map(|l| Some([of(l, "x")?, of(l, "y")?, of(l, "width")?, of(l, "height")?])).collect()
    }
    fn touch(a: &[f64; 4], b: &[f64; 4]) -> bool {
        let apart = |i: usize| a[i] + a[i + 2] <= b[i] + 0.2 || b[i] + b[i + 2] <= a[i] + 0.2;
        !apart(0) && !apart(1)
    }

    #[test]
    fn no_box_and_no_label_lies_on_another() {
        let desk = desk();
        let mut all: Vec<Workflow> = desk.workflows().to_vec();
        let to_and_fro: Vec<(usize, usize)> = (0..18).map(|i| (i * 7 % 29, i * 11 % 29)).collect();
        all.push(workflow(29, &to_and_fro, "a label of some length 和中文"));
        for w in &all {
            for lang in [Lang::En, Lang::Zh] {
                let svg = draw_workflow(w, &Schema::default(), None, Drawing::Svg, lang);
                well_formed(&svg);
                let boxes = rectangles(&svg, "rx=\"9\"");
                assert_eq!(boxes.len(), w.states().len());
                let mut placed = boxes;
                placed.extend(rectangles(&svg, "rx=\"3\""));
                for (i, a) in placed.iter().enumerate() {
                    for b in &placed[i + 1..] {
                        assert!(!touch(a, b), "{} {lang:?}: {a:?} {b:?}", w.name());
                    }
                }
            }
        }
    }

    #[test]
    fn colours_limits_guards_roles_and_timers_are_on_the_picture() {
        let desk = desk();
        let returns = desk.workflows().iter().find(|w| *w.name() == *"return").unwrap();
        let svg = draw_workflow(returns, desk.schema(), None, Drawing::Svg, Lang::En);
        for part in [
            "stroke=\"#5561c9\"",
            "at most 8bh",
            "[system]",
            "approval: Refund above 500 yuan",
            "if t.amount &gt; 500",
            "by itself after 5bd",
            "stroke-dasharray=\"7 4\"",
            "<title>return 1</title>",
            "<circle ",
        ] {
            assert!(svg.contains(part), "{part}");
        }
        assert_eq!(svg, draw_workflow(returns, desk.schema(), None, Drawing::Svg, Lang::En), "the same picture each time");
    }

    #[test]
    fn a_life_is_drawn_with_a_lane_for_everybody() {
        let s = Stage::starter();
        let t = s.create();
        s.as_agent("li", &t, What::reply("SECRET"));
        s.as_agent("li", &t, What::HandOff { group: "support".into(), skills: Default::default(), reason: String::new() });
        let mut life = Life::of(&s.desk.journal(t.id).unwrap(), &s.desk.playbook());
        assert_eq!(life.zone, s.desk.playbook().calendars().default_calendar().time_zone());
        life.zone = "Asia/Shanghai".into();
        let svg = life.svg(Lang::Zh);
        well_formed(&svg);
        assert!(svg.contains("请求人") && svg.contains("消息") && !svg.contains("SECRET"), "{svg}");
        // The times are those of the default calendar's zone, which is said once; a group has its label.
        assert_eq!(svg.matches(">Asia/Shanghai<").count(), 1, "{svg}");
        let wall = ticketry::calendar::zone_local("Asia/Shanghai", t.created_at).unwrap().0.format(">%Y-%m-%d %H:%M:%S<").to_string();
        assert!(svg.contains(&wall), "{wall} {svg}");
        assert!(svg.contains("客服") && !svg.contains("support"), "{svg}");
        well_formed(&Life::default().svg(Lang::En));
    }

    #[test]
    fn what_a_life_says_is_never_cut_short() {
        let s = Stage::starter();
        let t = s.create();
        let words = "a result that is longer than any lane of a picture is wide and has to go on below it";
        let mut life = Life::of(&s.desk.journal(t.id).unwrap(), &s.desk.playbook());
        life.steps.iter_mut().for_each(|step| step.what = ticketry::diagnostic::text(words, words));
        let svg = life.svg(Lang::En);
        well_formed(&svg);
        let letters: String = svg.split('>').filter_map(|p| p.split_once("</text").map(|(t, _)| t)).collect();
        let bare = |s: &str| s.replace(' ', "");
        assert_eq!(bare(&letters).matches(&bare(words)).count(), life.steps.len(), "{letters}");
    }

    /// From one point to another.
    type Piece = ((f64, f64), (f64, f64));

    /// The straight pieces of each arrow.
    fn arrows(svg: &str) -> Vec<Vec<Piece>> {
        let paths = svg.lines().filter_map(|l| l.strip_prefix("<path d=\"")?.split_once('"').map(|(d, _)| d));
        let point = |s: &str| {
            let (x, y) = s.split_once(' ').unwrap();
            (x.parse::<f64>().unwrap(), y.parse::<f64>().unwrap())
        };
        let strokes = |d: &str| d.split('M').skip(1).map(|p| p.split('L').map(point).collect::<Vec<_>>()).collect::<Vec<_>>();
        paths.map(|d| strokes(d).iter().flat_map(|s| s.windows(2).map(|w| (w[0], w[1])).collect::<Vec<_>>()).collect()).collect()
    }

    #[test]
    fn an_arrow_is_left_out_behind_its_own_label_and_nothing_covers_another() {
        let desk = desk();
        for w in desk.workflows() {
            let svg = draw_workflow(w, desk.schema(), None, Drawing::Svg, Lang::En);
            let labels = rectangles(&svg, "rx=\"3\"");
            let (arrows, mut gaps) = (arrows(&svg), 0);
            for (arrow, label) in arrows.iter().zip(&labels) {
                let inside = |(x, y): (f64, f64)| {
                    x > label[0] + 0.5 && x < label[0] + label[2] - 0.5 && y > label[1] + 0.5 && y < label[1] + label[3] - 0.5
                };
                let middle = |(a, b): &Piece| ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0);
                assert!(!arrow.iter().any(|s| inside(middle(s))), "{}: {label:?} {arrow:?}", w.name());
                gaps += usize::from(arrow.windows(2).any(|s| s[0].1 != s[1].0));
            }
            assert!(gaps * 2 > labels.len(), "{gaps} of {}", labels.len());
            assert!(svg.lines().filter(|l| l.contains("rx=\"3\"")).all(|l| l.contains("fill=\"none\"") && l.contains("paint-order")));
        }
    }

    #[test]
    fn a_picture_speaks_the_language_that_was_asked_for() {
        let source = ticketry::folder::read(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/desk")).unwrap();
        let desk = playbook(&source);
        let drawn = |how| desk.workflows().iter().map(|w| draw_workflow(w, desk.schema(), None, how, Lang::Zh)).collect::<String>();
        for how in [Drawing::Svg, Drawing::Mermaid, Drawing::Dot] {
            let all = drawn(how);
            for word in ["[requester", "[agent", "system]", "5bd 后", "时限 8bh"] {
                assert!(!all.contains(word), "{how:?} {word}");
            }
            assert!(all.contains("[系统]") && all.contains("5 个工作日后自动"), "{how:?} {all}");
            for w in desk.workflows() {
                for t in w.tasks().iter().filter(|t| t.label.is_some()) {
                    let waited = |x: &ticketry::workflow::Transition| matches!(x.waits_for(), ticketry::workflow::TaskWait::Named(n) if n.contains(&t.name));
                    assert!(!w.transitions().iter().any(waited) || all.contains(&t.title().zh), "{how:?} {}", t.name);
                }
            }
        }
        let mermaid = drawn(Drawing::Mermaid);
        assert!(mermaid.lines().any(|l| l.contains("✉") && l.contains("请求人来信时")), "{mermaid}");
        assert!(!mermaid.lines().any(|l| l.contains("⏱") && !l.contains("后自动")), "{mermaid}");
    }

    #[test]
    fn a_workflow_too_large_for_a_layout_is_drawn_in_rows() {
        let w = workflow(700, &[(3, 3), (600, 1)], "x");
        let svg = draw_workflow(&w, &Schema::default(), None, Drawing::Svg, Lang::En);
        well_formed(&svg);
        assert_eq!(rectangles(&svg, "rx=\"9\"").len(), 701);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(scale::pick(24, 128, 1_000)) })]

        /// Any workflow can be drawn: loops, circles, many arrows between two states, words with marks of their own.
        #[test]
        fn any_workflow_is_drawn(states in 1usize..24, steps in prop::collection::vec((any::<usize>(), any::<usize>()), 0..40), label in "\\PC{0,60}|[a-z<>&\"' 中文]{0,80}") {
            let label = if label.trim().is_empty() { "x".to_string() } else { label };
            let w = workflow(states, &steps, &label);
            well_formed(&draw_workflow(&w, &Schema::default(), None, Drawing::Svg, Lang::Zh));
            for how in [Drawing::Mermaid, Drawing::Dot] {
                let drawn = draw_workflow(&w, &Schema::default(), None, how, Lang::En);
                prop_assert!(drawn.ends_with('\n'));
            }
        }
    }
}

#[test]
fn a_state_may_be_called_as_the_notation_calls_its_beginning() {
    let w = WorkflowDefinition::new("made", 1)
        .initial("begin")
        .state(StateDefinition::new("begin", StateClass::New).label("B", "始").responsible(Responsible::Group))
        .state(StateDefinition::new("end", StateClass::Closed).label("E", "完"))
        .transition(TransitionDefinition::new("go", ["begin"], "end").label("Go", "去"));
    let w = w.compile(&Schema::default(), &NoScripts).0.unwrap();
    let dot = draw_workflow(&w, &Schema::default(), None, Drawing::Dot, Lang::En);
    assert!(dot.contains("\" begin\" [shape=point];\n") && dot.contains("\" begin\" -> \"begin\";"), "{dot}");
}
