//! Rule files and tables that try to hurt the program while it loads them, and rules that load and try to when they run. Loading is called from a stack of 2 MiB, as
//! everything else; what a rule does when it runs stays on it.

use super::desk::{at, schema, ticket};
use super::hostile::{MEMORY, on_small_stack, peak};
use std::sync::Arc;
use ticketry::condition::{Tables, View};
use ticketry::diagnostic::{FaultKind, Source};
use ticketry::rules::{self, Consideration, Resources, probe};

/// How it has to end.
#[derive(Clone, Copy, Debug)]
enum End {
    /// With one of these diagnostics among the errors.
    Told(&'static [&'static str]),
    /// It loads, with this warning if one is named.
    Loads(&'static str),
    /// It loads, and every rule ends with one of these faults.
    Faults(&'static [FaultKind]),
    /// It loads and its rules end anyhow.
    Harmless,
}
use End::{Faults, Harmless, Loads, Told};
use FaultKind::{Arithmetic, Budget, Depth, Size, Thrown, Type};

fn file(content: impl Into<String>) -> Source {
    Source::new().with("rules/a.rhai", content.into())
}
fn when(condition: impl AsRef<str>) -> Source {
    file(format!("rule(\"r\").on(\"created\").when(|t| {}).then(|t| t.tag(\"x\"));", condition.as_ref()))
}
fn then(body: impl AsRef<str>) -> Source {
    file(format!("rule(\"r\").on(\"created\").then(|t| {{ {} }});", body.as_ref()))
}
fn rep(s: &str, n: usize) -> String {
    s.repeat(n)
}

/// Helpers that each call the one before twice: 2^n calls if nobody counts.
fn doubling(n: usize) -> String {
    let mut all = "fn f0(t) { t.seats == 1 }\n".to_string();
    for i in 1..n {
        all.push_str(&format!("fn f{i}(t) {{ f{p}(t) && f{p}(t) }}\n", p = i - 1));
    }
    all
}

fn cases() -> Vec<(&'static str, Source, End)> {
    let deep = Told(&["fault-depth"]);
    vec![
        // -- the text itself
        ("parens", when(format!("{}t.vip == true{}", rep("(", 20_000), rep(")", 20_000))), deep),
        ("not", when(format!("{}t.overdue", rep("!", 20_000))), deep),
        ("closures", when(rep("|x| ", 20_000)), Told(&["fault-depth", "fault-syntax"])),
        ("dots", when(format!("t{}", rep(".a", 20_000))), deep),
        ("calls", when(format!("{}t.seats{}", rep("abs(", 20_000), rep(")", 20_000))), deep),
        ("or_chain", when((0..20_000).map(|i| format!("t.seats == {i}")).collect::<Vec<_>>().join(" || ")), Loads("")),
        ("and_chain", when((0..5_000).map(|i| format!("t.seats != {i}")).collect::<Vec<_>>().join(" && ")), Loads("")),
        ("names", when((0..5_000).map(|i| format!("t.order_number == \"A{i}\"")).collect::<Vec<_>>().join(" || ")), Loads("")),
        ("list", when(format!("t.seats in [{}]", rep("1,", 20_000))), Told(&["fault-size"])),
        ("map", then(format!("let m = #{{{}}};", (0..5_000).map(|i| format!("k{i}: 1,")).collect::<String>())), Told(&["fault-size"])),
        ("text", then(format!("t.note(\"{}\");", rep("x", 100_000))), Told(&["fault-size"])),
        ("name", file(format!("rule(\"{}\").on(\"created\").then(|t| t.tag(\"x\"));", rep("r", 60_000))), Told(&["bad-name"])),
        ("file", file(rep("// nothing\n", 100_000)), Told(&["fault-size"])),
        ("functions", file((0..25_000).map(|i| format!("fn f{i}() {{ {i} }}\n")).collect::<String>()), Told(&["fault-size"])),
        ("open_text", file("rule(\"r"), Told(&["fault-syntax"])),
        ("nul", file("\0\0rule(\"r\")"), Told(&["fault-syntax"])),
        ("steps", file(format!("rule(\"r\"){}", rep(".on(\"created\")", 20_000))), deep),
        (
            "rules",
            file((0..800).map(|i| format!("rule(\"r{i}\").on(\"created\").order({i}).then(|t| t.tag(\"x\"));\n")).collect::<String>()),
            Loads(""),
        ),
        ("same_rules", file(rep("rule(\"r\").on(\"created\").then(|t| t.tag(\"x\"));\n", 800)), Told(&["duplicate-rule"])),
        // -- what the walk over the tree does
        ("doubling", file(doubling(64) + "rule(\"r\").on(\"created\").when(|t| f14(t)).then(|t| t.tag(\"x\"));"), Told(&["too-complex"])),
        (
            "doubling_deep",
            file(doubling(200) + "rule(\"r\").on(\"created\").when(|t| f199(t)).then(|t| t.tag(\"x\"));"),
            Told(&["too-complex"]),
        ),
        (
            "doubling_in_library",
            file("import \"lib/d\" as d;\nrule(\"r\").on(\"created\").when(|t| d::f60(t)).then(|t| t.tag(\"x\"));")
                .with("rules/lib/d.rhai", doubling(64)),
            Told(&["too-complex"]),
        ),
        ("recursion", file("fn f(t) { f(t) }\nrule(\"r\").on(\"created\").when(|t| f(t)).then(|t| t.tag(\"x\"));"), Faults(&[Depth])),
        (
            "recursion_mutual",
            file("fn f(t) { g(t) }\nfn g(t) { f(t) }\nrule(\"r\").on(\"created\").when(|t| f(t)).then(|t| t.tag(\"x\"));"),
            Faults(&[Depth]),
        ),
        (
            "captured",
            file("let limit = 3;\nrule(\"r\").on(\"created\").when(|t| t.seats > limit).then(|t| t.tag(\"x\"));"),
            Told(&["captured-variable"]),
        ),
        ("captured_ticket", then("let f = || t; t.note(f);"), Faults(&[Type])),
        ("statement", file("loop { }"), Told(&["not-in-rule-file"])),
        ("statement_in_library", file("").with("rules/lib/x.rhai", "loop { }"), Told(&["not-in-rule-file"])),
        ("constant", file("const X = [[[[1]]]] + 1;"), Told(&["constant-not-literal"])),
        // -- imports
        ("import_self", file("").with("rules/lib/a.rhai", "import \"lib/a\" as a;"), Told(&["import-cycle"])),
        (
            "import_circle",
            file("import \"lib/a\" as a;")
                .with("rules/lib/a.rhai", "import \"lib/b\" as b;")
                .with("rules/lib/b.rhai", "import \"lib/a\" as a;"),
            Told(&["import-cycle"]),
        ),
        (
            "import_chain",
            (0..200).fold(file("import \"lib/f0\" as f;"), |s, i| {
                s.with(format!("rules/lib/f{i}.rhai"), format!("import \"lib/f{}\" as n;\nfn x() {{ 1 }}", i + 1))
            }),
            Told(&["fault-depth", "unknown-file"]),
        ),
        (
            "import_wide",
            (0..200).fold(file((0..200).map(|i| format!("import \"lib/m{i}\" as m{i};\n")).collect::<String>()), |s, i| {
                s.with(format!("rules/lib/m{i}.rhai"), "")
            }),
            Harmless,
        ),
        ("import_up", file("import \"../playbook\" as p;"), Told(&["fault-forbidden"])),
        ("import_root", file("import \"/etc/passwd\" as p;"), Told(&["fault-forbidden"])),
        ("import_url", file("import \"http://x/y\" as p;"), Told(&["fault-forbidden"])),
        ("import_made", file("import \"lib/\" + \"x\" as p;"), Told(&["bad-import", "fault-syntax"])),
        ("import_running", then("import \"lib/x\" as x;"), Told(&["bad-import", "fault-syntax", "fault-forbidden"])),
        // -- what is not seen
        ("bidirectional", when("t.impact == \"high\" /* \u{202e} */ && t.vip != true"), Told(&["bidirectional-text"])),
        ("bidirectional_text", then("t.tag(\"vip\u{2066}\");"), Told(&["bidirectional-text"])),
        ("invisible", when("\"vip\u{200b}\" in t.tags"), Told(&["invisible-character"])),
        ("invisible_name", file("fn is\u{3164}vip(t) { true }"), Told(&["invisible-character", "fault-syntax"])),
        ("mixed", when("\"vі\u{440}\" in t.tags"), Loads("mixed-letters")),
        (
            "mixed_name",
            file("fn is_v\u{456}p(t) { t.vip == true }\nrule(\"r\").on(\"created\").when(|t| is_vip(t)).then(|t| t.tag(\"x\"));"),
            Told(&["unknown-function"]),
        ),
        ("mixed_many", then(rep("t.tag(\"v\u{456}p\");", 60)), Loads("mixed-letters")),
        ("two_alphabets", then("t.note(\"Привет VPN 无法连接 10µs Ωmega\");"), Loads("")),
        // -- what is not there
        ("sleep", then("sleep(1000000);"), Told(&["unknown-function"])),
        ("timestamp", then("let x = timestamp();"), Told(&["unknown-function"])),
        ("eval", then("eval(\"1\");"), Told(&["fault-forbidden"])),
        ("pointer", then("let f = Fn(\"abs\");"), Told(&["fault-forbidden"])),
        ("curry", then("let f = |x| x; for i in 0..100000 { f = curry(f, f); }"), Told(&["fault-forbidden"])),
        ("print", then("print(\"x\");"), Told(&["fault-forbidden"])),
        // -- what rules do when they run
        ("loop", then("loop { }"), Faults(&[Budget])),
        ("actions", then("loop { t.tag(\"x\"); }"), Faults(&[Size])),
        ("notes", then("let s = \"\"; s.pad(4000, 'x'); loop { t.note(s); }"), Faults(&[Size])),
        ("long_note", then("let s = \"\"; s.pad(4000, 'x'); t.note(s + s);"), Faults(&[Size])),
        ("text", then("let s = t.subject.to_string(); loop { s += s; }"), Faults(&[Size])),
        ("text_of_ticket", then("let s = t.subject + \"\"; loop { s = s + t.subject + s; }"), Faults(&[Size])),
        ("closure_chain", then("let a = [|x| x]; for i in 0..100000 { let p = a[0]; a[0] = |x| { p; x }; }"), Faults(&[Budget])),
        ("map_by_index", then("let m = #{}; for i in 0..200000 { m[`k${i}`] = 1; } t.note(\"\" + m.len());"), Faults(&[Budget, Size])),
        ("deep_list", then("let a = []; for i in 0..200000 { a = [a]; }"), Faults(&[Size])),
        (
            "nested_map",
            then("let a = [0]; a.pad(150, 0); let b = a; let c = a; a.map(|x| b.map(|y| c.map(|z| 1)));"),
            Faults(&[Budget, Size]),
        ),
        ("sort", then("let a = [3, 1]; a.sort(|x, y| throw 1);"), Faults(&[Thrown])),
        ("caught", then("loop { try { loop { } } catch { } }"), Faults(&[Budget])),
        ("condition", when("[0, 1].some(|x| { loop { } true })"), Faults(&[Budget])),
        ("divide", when("1 / t.reopenings == 1"), Faults(&[Arithmetic])),
        ("no_answer", when("t.tags.len()"), Faults(&[Type])),
        ("lookup", when("[1].some(|x| { loop { lookup(\"big\", t.site); } true })"), Faults(&[Budget])),
        ("words", then("let s = \"\"; s.pad(4000, \"a \"); loop { s.contains_any([\"b\", \"c\"]); }"), Faults(&[Budget])),
    ]
}

fn resources() -> Arc<Resources> {
    let csv = format!("site, -> seats\n{}", (0..9_000).map(|i| format!("s{i}, {i}\n")).collect::<String>());
    let (tables, problems) = Tables::load(&Source::new().with("tables/big.csv", csv), &schema());
    assert!(problems.is_empty(), "{problems}");
    Arc::new(Resources::new().tables(tables))
}

#[test]
fn s24_every_hostile_rule_file_ends_with_a_diagnostic_or_a_fault() {
    let resources = resources();
    let mut wrong = Vec::new();
    for (name, source, end) in cases() {
        let (r, s) = (resources.clone(), source.clone());
        let (set, problems) = on_small_stack(move || rules::load_with(&s, &schema(), &r));
        let told: Vec<&str> = problems.iter().map(|d| d.code).collect();
        let faults: Vec<_> = on_small_stack(move || {
            let t = ticket();
            set.iter().map(|(_, r)| r.consider(&View::of(&t, at(0)))).collect()
        });
        let kinds: Vec<FaultKind> =
            faults.iter().filter_map(|c| if let Consideration::Faulted(f) = c { Some(f.kind) } else { None }).collect();
        let ok = match end {
            Told(codes) => problems.has_errors() && codes.iter().any(|c| told.contains(c)),
            Loads("") => problems.is_empty() && !faults.is_empty() && kinds.is_empty(),
            Loads(code) => !problems.has_errors() && told.contains(&code),
            Faults(any) => !problems.has_errors() && kinds.len() == 1 && kinds.iter().all(|k| any.contains(k)),
            Harmless => !kinds.contains(&FaultKind::HostFunction),
        };
        let placed = problems.iter().all(|d| d.place().is_some_and(|p| !p.file.is_empty()) && !d.message.zh.is_empty());
        if !ok || !placed || problems.len() > 2_000 {
            let few = problems.iter().take(3).map(|d| d.render(ticketry::diagnostic::Lang::En)).collect::<String>();
            wrong.push(format!("{name}: expected {end:?}, got {kinds:?} and\n{few}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn s24_what_a_rule_does_stays_within_8_mib_whatever_it_tries() {
    let resources = resources();
    let mut wrong = Vec::new();
    for (name, source, end) in cases() {
        if !matches!(end, Faults(_)) {
            continue;
        }
        let r = resources.clone();
        let bytes = on_small_stack(move || {
            let (set, _) = rules::load_with(&source, &schema(), &r);
            let t = ticket();
            let view = View::of(&t, at(0));
            set.iter().map(|(_, r)| peak(|| r.consider(&view)).1).max().unwrap_or(0)
        });
        if bytes > MEMORY {
            wrong.push(format!("{name}: {bytes} bytes"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn loading_a_hostile_file_takes_memory_in_proportion_to_it() {
    let resources = resources();
    let mut wrong = Vec::new();
    for (name, source, _) in cases() {
        let r = resources.clone();
        let size = source.iter().map(|(_, c)| c.len() as u64).sum::<u64>();
        let job = move || peak(|| probe::rules(&source, &schema(), &r)).1;
        let bytes = std::thread::Builder::new().stack_size(16 << 20).spawn(job).unwrap().join().unwrap();
        // A syntax tree is much larger than its text; 8 MiB are enough for any file that is no list of rules.
        if bytes > MEMORY.max(size.saturating_mul(100)) {
            wrong.push(format!("{name}: {bytes} bytes for a text of {size}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn hostile_tables_end_with_a_diagnostic() {
    let wide = format!("{}\n", rep("a: text,", 50_000));
    let cases: Vec<(&str, String)> = vec![
        ("too-many", wide),
        ("too-many", format!("site, -> seats\n{}", (0..200_000).map(|i| format!("s{i},1\n")).collect::<String>())),
        ("bad-quote", format!("site, -> seats\n\"{}", rep("x,", 200_000))),
        ("ragged-row", format!("site, -> seats\n{}", rep(",", 200_000))),
        ("empty-table", rep("\n", 200_000)),
        ("empty-table", rep("# x\n", 100_000)),
        ("bad-value", format!("site, -> seats\n{}", rep("x,y\n", 9_000))),
        ("duplicate-row", format!("site, -> seats\n{}", rep("x,1\n", 9_000))),
        ("bad-name", "\0, -> seats\nx,1\n".into()),
        ("not-in-list", format!("category, product, -> seats\n{}", (0..9_000).map(|i| format!("n{i},,1\n")).collect::<String>())),
        ("not-commas", rep("x;", 100_000)),
    ];
    for (code, csv) in cases {
        let size = csv.len() as u64;
        let job = move || peak(|| Tables::load(&Source::new().with("tables/x.csv", csv), &schema()).1);
        let (problems, bytes) = on_small_stack(job);
        assert!(problems.iter().any(|d| d.code == code), "{code}: {problems}");
        assert!(problems.len() <= 51, "{code}: {}", problems.len());
        assert!(bytes <= MEMORY.max(size.saturating_mul(40)), "{code}: {bytes} bytes for {size}");
    }
}
