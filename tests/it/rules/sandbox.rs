//! What the sandbox offers and what it says.

use ticketry::{
    diagnostic::{FaultKind, Lang, Source},
    rules::{probe, sandbox_eval},
};

fn value(text: &str) -> String {
    sandbox_eval(text).unwrap_or_else(|f| panic!("{text}: {f}"))
}

fn fault(text: &str) -> String {
    let f = sandbox_eval(text).unwrap_err();
    let help = f.help().map_or(String::new(), |h| format!(" ({})", h.en));
    format!("{} {f}{help}", f.code())
}

#[test]
fn the_standard_library_answers_as_rhai_does() {
    for (text, want) in [
        ("1 + 2 * 3", "7"),
        ("0.5 + 1", "1.5"),
        ("\"a\" + 1 + 'b'", "a1b"),
        ("1 + \"a\"", "1a"),
        ("let x = 3; `${x} of ${[1, \"a\", ()]}`", "3 of [1, \"a\", ()]"),
        ("[1, 2] == [1, 2]", "true"),
        ("[1, [2, #{a: \"x\"}]] == [1, [2, #{a: \"x\"}]]", "true"),
        ("[1, 2] != [1, 3]", "true"),
        ("[1] == [1.0]", "true"),
        ("[1] == [\"1\"]", "false"),
        ("[1] == 1", "false"),
        ("#{a: 1} == #{a: 1}", "true"),
        ("#{a: 1} != #{a: 1, b: 2}", "true"),
        ("2 in [1, 2]", "true"),
        ("3 !in [1, 2]", "true"),
        ("\"a\" in #{a: 1}", "true"),
        ("\"bc\" in \"abcd\"", "true"),
        ("'c' in \"abcd\"", "true"),
        ("5 in 0..10", "true"),
        ("[1, 2, 3].contains(2)", "true"),
        ("[1, 2, 3].map(|x| x * 2)", "[2, 4, 6]"),
        ("[1, 2, 3].filter(|x| x > 1)", "[2, 3]"),
        ("let min = 1; [1, 2, 3].filter(|x| x > min)", "[2, 3]"),
        ("[1, 2, 3].some(|x| x > 2)", "true"),
        ("[1, 2, 3].all(|x| x > 2)", "false"),
        ("[1, 2, 3].find(|x| x > 1)", "2"),
        ("[1, 2, 3].index_of(3)", "2"),
        ("[1, 2, 3].reduce(|s, x| s + x, 0)", "6"),
        ("[3, 1, 2].order()", "[1, 2, 3]"),
        ("[3, 1, 2].order(|a, b| b - a)", "[3, 2, 1]"),
        ("let a = [\"b\", \"a\"]; a.sort(); a", "[\"a\", \"b\"]"),
        ("let a = [3, 1]; a.sort(|x, y| x - y); a", "[1, 3]"),
        ("let a = [1, 1, 2]; a.dedup(); a", "[1, 2]"),
        ("[1, 2, 3].len", "3"),
        ("[1, 2, 3].extract(1)", "[2, 3]"),
        ("[1, 2].join(\"-\")", "1-2"),
        ("let a = [1]; a.push(2); a.insert(0, 0); a += 3; a += [4]; a + [5]", "[0, 1, 2, 3, 4, 5]"),
        ("let a = [1, 2, 3]; [a.pop(), a.shift(), a.remove(0), a]", "[3, 1, 2, []]"),
        ("let m = #{a: 1}; m.b = 2; m.set(\"c\", 3); m[\"d\"] = 4; m", "#{\"a\": 1, \"b\": 2, \"c\": 3, \"d\": 4}"),
        ("#{a: 1, b: 2}.keys()", "[\"a\", \"b\"]"),
        ("#{a: 1} + #{b: 2}", "#{\"a\": 1, \"b\": 2}"),
        ("\"中文\".len()", "2"),
        ("\"a,b\".split(\",\")", "[\"a\", \"b\"]"),
        ("\" a b \".split()", "[\"a\", \"b\"]"),
        ("let s = \"aXbX\"; s.replace(\"X\", \"--\"); s", "a--b--"),
        ("let s = \" x \"; s.trim(); s", "x"),
        ("let s = \"x\"; s.pad(3, '.'); s", "x.."),
        ("\"Abc\".to_upper() + \"Abc\".to_lower()", "ABCabc"),
        ("\"abc\".sub_string(1, 1)", "b"),
        ("\"abc\".starts_with(\"ab\") && \"abc\".ends_with(\"c\")", "true"),
        ("\"abc\".index_of(\"c\")", "2"),
        ("parse_int(\"42\") + abs(-1)", "43"),
        ("max(1, 2)", "2"),
        ("let n = 0; for x in [1, 2, 3] { n += x; } n", "6"),
        ("let n = 0; for x in 0..4 { n += x; } n", "6"),
        ("switch 3 { 1 => \"a\", 2..5 => \"b\", _ => \"c\" }", "b"),
        ("fn twice(x) { x * 2 } twice(4)", "8"),
        ("let 客户等级 = \"金\"; 客户等级 == \"金\"", "true"),
        ("let r = 0; try { throw 1 } catch (e) { r = e + 1; } r", "2"),
        ("let x = (); x ?? 5", "5"),
        ("let x = (); x?.name", ""),
    ] {
        assert_eq!(value(text), want, "{text}");
    }
}

#[test]
fn a_long_chain_of_one_flat_operator_is_one_level() {
    let ors = (0..3_000).map(|i| format!("x == {i}")).collect::<Vec<_>>().join(" || ");
    assert_eq!(value(&format!("let x = 2999; {ors}")), "true");
    let mixed = (0..500).map(|i| format!("x == {i} && y != {i}")).collect::<Vec<_>>().join(" || ");
    assert_eq!(value(&format!("let x = 499; let y = 0; {mixed}")), "true");
}

#[test]
fn ordinary_texts_are_not_too_deep() {
    // Many statements after blocks, without semicolons, do not add up.
    let ifs = "if x == 1 { x += 1 } else if x == 2 { x += 2 } else { x += 3 }\n".repeat(300);
    assert_eq!(value(&format!("let x = 1; {ifs} x > 1")), "true");
    let else_ifs = (0..60).map(|i| format!("else if x == {i} {{ {i} }} ")).collect::<String>();
    assert_eq!(value(&format!("let x = 59; if x < 0 {{ -1 }} {else_ifs}")), "59");
    assert_eq!(value(&format!("{}1{}", "(".repeat(98), ")".repeat(98))), "1");
    let list = (0..90).map(|i| format!("\"v{i}\" + 1")).collect::<Vec<_>>().join(", ");
    assert_eq!(value(&format!("[{list}].len()")), "90");
}

#[test]
fn faults_say_what_and_where_and_what_to_do() {
    for (text, want) in [
        ("let impact = 1; impakt + 1", "fault-unknown-name expression:1:17: no variable `impakt`"),
        ("\"abc\".contians(\"b\")", "fault-unknown-name expression:1:7: no function `contians` (did you mean `contains`?)"),
        ("[1].lenn", "fault-unknown-name expression:1:5: no property `lenn` on a list (did you mean `len`?)"),
        ("1 +\n  \"a\".len(2)", "fault-type expression:2:7: `len` does not work with a text, a number"),
        ("[1] - 1", "fault-type expression:1:5: `-` does not work with a list, a number"),
        ("let a = [1];\na[5]", "fault-index expression:2:3: position 5 is outside a list of 1"),
        ("1 / 0", "fault-arithmetic expression:1:3: division by zero"),
        ("if 1 { 2 }", "fault-syntax expression:1:4: a value of this kind cannot stand here"),
        ("let x = 1; if x { 2 }", "fault-type expression:1:15: true or false is needed here, this is a number"),
        ("fn f(x) { x.nope() }\nf(1)", "fault-unknown-name expression:1:13: no function `nope`"),
        ("throw \"too early\"", "fault-thrown expression:1:1: the script gave up: too early"),
        ("(1 + 2", "fault-syntax expression:1:7: `)` is missing here"),
        ("sleep(5)", "fault-forbidden expression:1:1: scripts have no `sleep` (scripts cannot wait; use a time rule: `.after(…)`)"),
        ("print(5)", "fault-forbidden expression:1:1: scripts have no `print` (scripts have no output; the trace shows what a rule did)"),
        ("[2, 1].order(|a, b| \"x\")", "fault-type expression:1:8: the closure must answer a number, or true or false"),
        ("[1].map(|| 1)", "fault-type expression:1:5: the closure takes another number of values"),
        ("loop { }", "fault-budget expression:1:6: the rule takes too many steps (shorten its loops and lists)"),
    ] {
        assert_eq!(fault(text), want, "{text}");
    }
    let zh = ticketry::diagnostic::Diagnostic::from(sandbox_eval("\"abc\".contians(\"b\")").unwrap_err()).render(Lang::Zh);
    assert_eq!(zh, "错误[fault-unknown-name]: 没有函数 `contians`\n  --> expression:1:7\n  = 建议: 是不是 `contains`？\n");
}

fn load(files: &[(&str, &str)]) -> String {
    let source = files.iter().fold(Source::new(), |s, (p, c)| s.with(*p, *c));
    match probe::load(&source, files[0].0) {
        Ok(v) => v,
        Err(f) => format!("{} {f}{}", f.code(), f.help().map_or(String::new(), |h| format!(" ({})", h.en))),
    }
}

#[test]
fn imports_come_from_the_source_under_rules_only() {
    let lib = ("rules/lib/customers.rhai", "fn is_vip(x) { x > 3 }");
    assert_eq!(load(&[("rules/a.rhai", "import \"lib/customers\" as c; c::is_vip(4)"), lib]), "true");
    assert_eq!(load(&[("rules/a.rhai", "import \"lib/customers.rhai\" as c; c::is_vip(1)"), lib]), "false");
    assert_eq!(
        load(&[("rules/a.rhai", "import \"lib/custmers\" as c; 1"), lib]),
        "fault-unknown-name rules/a.rhai:1:8: no file `rules/lib/custmers.rhai` in the playbook (did you mean `lib/customers`?)"
    );
    let outside = ("playbook.rhai", "fn f() { 1 }");
    for path in [
        "../playbook",
        "/etc/passwd",
        "lib/../../playbook",
        "./lib/customers",
        "lib//customers",
        "C:\\x",
        "\\\\x",
        "http://x/y",
        "",
        "lib/\u{0}",
    ] {
        let text = format!("import \"{}\" as c; 1", path.replace('\\', "\\\\").replace('\u{0}', "\\x00"));
        let got = load(&[("rules/a.rhai", &text), lib, outside]);
        assert!(got.starts_with("fault-forbidden rules/a.rhai:1:8: import `"), "{path}: {got}");
    }
    let unknown = load(&[("rules/a.rhai", "import \"lib/customers\" as c; c::is_vp(4)"), lib]);
    assert!(unknown.starts_with("fault-unknown-name rules/a.rhai:1:"), "{unknown}");
}

#[test]
fn imports_in_a_circle_are_refused_with_the_way() {
    let got = load(&[
        ("rules/a.rhai", "import \"b\" as b; 1"),
        ("rules/b.rhai", "import \"c\" as c; 1"),
        ("rules/c.rhai", "import \"b\" as b; 1"),
    ]);
    assert_eq!(
        got,
        "fault-forbidden rules/c.rhai:1:8: files import one another in a circle: rules/b.rhai → rules/c.rhai → rules/b.rhai (move what both need into a third file)"
    );
    let own = load(&[("rules/a.rhai", "import \"a\" as a; 1")]);
    assert!(own.contains("circle: rules/a.rhai → rules/a.rhai"), "{own}");
}

#[test]
fn imports_are_bounded() {
    let chain: Vec<(String, String)> = (0..200).map(|i| (format!("rules/f{i}.rhai"), format!("import \"f{}\" as n; 1", i + 1))).collect();
    let files: Vec<(&str, &str)> = chain.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert!(load(&files).starts_with("fault-depth rules/f"), "{}", load(&files));
    let many: String = (0..200).map(|i| format!("import \"m{i}\" as m{i};\n")).collect();
    let mut wide = vec![("rules/a.rhai".to_string(), many)];
    wide.extend((0..200).map(|i| (format!("rules/m{i}.rhai"), String::new())));
    let files: Vec<(&str, &str)> = wide.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert!(load(&files).starts_with("fault-size rules/a.rhai:65:8"), "{}", load(&files));
}

#[test]
fn faults_in_imported_files_are_placed_there() {
    let bad = ("rules/lib/bad.rhai", "\n\nfn f( { 1 }");
    let got = load(&[("rules/a.rhai", "import \"lib/bad\" as b; 1"), bad]);
    assert!(got.starts_with("fault-syntax rules/lib/bad.rhai:3:"), "{got}");
    let divides = ("rules/lib/d.rhai", "fn f(x) {\n  1 / x }");
    let got = load(&[("rules/a.rhai", "import \"lib/d\" as d; d::f(0)"), divides]);
    assert_eq!(got, "fault-arithmetic rules/lib/d.rhai:2:5: division by zero");
    let deep = format!("{}1{}", "(".repeat(200), ")".repeat(200));
    let got = load(&[("rules/a.rhai", "import \"deep\" as d; 1"), ("rules/deep.rhai", &deep)]);
    assert!(got.starts_with("fault-depth rules/deep.rhai:1:"), "{got}");
}

#[test]
fn loading_takes_long_literals_and_has_no_end_of_its_own() {
    let long = format!("const TEXT = \"{}\"; const LIST = [{}]; LIST.len()", "x".repeat(60_000), "1,".repeat(900));
    assert_eq!(load(&[("rules/a.rhai", &long)]), "900");
    assert_eq!(load(&[("rules/a.rhai", "loop {}")]).split(' ').next(), Some("fault-budget"));
    assert_eq!(load(&[("rules/a.rhai", "eval(\"1\")")]).split(' ').next(), Some("fault-forbidden"));
    assert_eq!(FaultKind::Budget.code(), "fault-budget");
}
