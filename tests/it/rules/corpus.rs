//! The hostile scripts: for the tests of the sandbox, for its bench, and as seeds of its fuzz target.

use ticketry::diagnostic::FaultKind;

/// How a script has to end.
#[derive(Clone, Copy, Debug)]
pub enum End {
    /// Exactly this fault.
    Fault(FaultKind),
    /// One of these: which limit is met first is not the point.
    Either(&'static [FaultKind]),
    /// This value.
    Value(&'static str),
    /// Any value or fault but a panic or an interruption.
    Harmless,
}
use End::{Either, Fault, Harmless, Value};
use FaultKind::{Arithmetic, Budget, Depth, Forbidden, HostFunction, Index, Size, Syntax, Thrown, Type, UnknownName};

fn rep(s: &str, n: usize) -> String {
    s.repeat(n)
}

const N: usize = 20_000;

/// Shapes that hurt a parser.
pub fn deep_texts() -> Vec<(&'static str, String, End)> {
    let deep = Either(&[Depth, Syntax, Type]);
    vec![
        ("parens", format!("{}1{}", rep("(", N), rep(")", N)), Fault(Depth)),
        ("not", format!("{}true", rep("!", N)), Fault(Depth)),
        ("minus", format!("{}1", rep("- ", N)), Fault(Depth)),
        ("arrays", format!("{}{}", rep("[", N), rep("]", N)), Fault(Depth)),
        ("maps", format!("{}1{}", rep("#{a:", N), rep("}", N)), Fault(Depth)),
        ("blocks", format!("{}{}", rep("{", N), rep("}", N)), Fault(Depth)),
        ("plus_chain", format!("let x = 1; x{}", rep(" + x", N)), Fault(Depth)),
        ("const_plus_chain", format!("1{}", rep(" + 1", N)), Fault(Depth)),
        ("plus_after_parens", format!("{}1{}{}", rep("(", 90), rep(" + 1", 90), rep(")", 90)), Fault(Depth)),
        (
            "left_nested_towers",
            {
                let mut s = "1".to_string();
                for _ in 0..40 {
                    s = format!("({s}{})", rep(" + 1", 40));
                }
                s
            },
            Fault(Depth),
        ),
        ("pow_chain", format!("let x = 1; x{}", rep(" ** x", N)), Fault(Depth)),
        ("mixed_chain", format!("let x = 1; x{}", rep(" + x * x - x", N)), Fault(Depth)),
        ("compare_chain", format!("let x = 1; x{}", rep(" == x", N)), Fault(Depth)),
        ("dot_chain", format!("let x = 1; x{}", rep(".a", N)), Fault(Depth)),
        ("elvis_chain", format!("let x = (); x{}", rep("?.a", N)), Fault(Depth)),
        ("index_chain", format!("let x = [1]; x{}", rep("[0]", N)), Fault(Depth)),
        ("index_nest", format!("let x = [0]; {}0{}", rep("x[", N), rep("]", N)), Fault(Depth)),
        ("call_nest", format!("{}1{}", rep("abs(", N), rep(")", N)), Fault(Depth)),
        ("method_chain", format!("let x = 1; x{}", rep(".abs()", N)), Fault(Depth)),
        ("else_if", format!("let x = false; if x {{1}}{}", rep(" else if x {1}", N)), Fault(Depth)),
        ("if_nest", format!("let x = true; {}1{}", rep("if x {", N), rep("}", N)), Fault(Depth)),
        ("if_if_if", format!("{} true {}", rep("if ", N), rep("{ true }", N)), Fault(Depth)),
        ("while_while", format!("{} true {}", rep("while ", N), rep("{ }", N)), Fault(Depth)),
        ("do_while_do", format!("do {{}} while {}true", rep("do {} while ", N)), Fault(Depth)),
        ("switch_switch", format!("{} 1 {}", rep("switch ", N), rep("{ _ => 1 }", N)), Fault(Depth)),
        ("closures", format!("{}1", rep("|x| ", N)), Fault(Depth)),
        ("closures_without_params", format!("{}1", rep("|| ", N)), Fault(Depth)),
        ("closures_in_flat_chain", format!("{}1", rep("|x| true || ", N)), Either(&[Depth, Syntax])),
        ("switch_nest", format!("let x = 1; {}1{}", rep("switch x { _ => ", N), rep("}", N)), Fault(Depth)),
        ("interp_nest", format!("{}1{}", rep("`${", N), rep("}`", N)), Fault(Depth)),
        ("interp_plus", format!("`a`{}", rep(" + `${1}`", N)), Fault(Depth)),
        ("block_plus", format!("1{}", rep(" + {1}", N)), Fault(Depth)),
        ("block_block_index", format!("let x = {{[1]}}{}", rep("[0]", N)), deep),
        ("comment_nest", format!("{}{}1", rep("/*", N), rep("*/", N)), Value("1")),
        ("comment_open", format!("{}1", rep("/*", N)), Harmless),
        ("try_nest", format!("{}1{}", rep("try {", N), rep("} catch {}", N)), Fault(Depth)),
        ("assign_chain", format!("let x = 1; {}1", rep("x = ", N)), deep),
        ("range_chain", format!("1{}", rep("..1", N)), deep),
        ("in_chain", format!("let x = 1; x{}", rep(" in x", N)), deep),
        ("not_closed", rep("[(#{a:", N), Fault(Depth)),
        ("closed_only", rep(")]}", N), Fault(Syntax)),
        ("function_body_nest", format!("fn f() {{ {}1{} }} f()", rep("(", 60), rep(")", 60)), Fault(Depth)),
        ("closure_body_nest", format!("[1].map(|x| {}x{})", rep("[", 60), rep("]", 60)), Fault(Depth)),
        ("statements", rep("let x = 1;\n", 300), Harmless),
        ("many_statements", rep("1;\n", N), Fault(Budget)),
        ("functions", (0..25_000).map(|i| format!("fn f{i}() {{ {i} }}\n")).collect(), Fault(Size)),
        ("big_array_literal", format!("let x = 1; [{}]", rep("x,", N)), Fault(Size)),
        ("big_constant_array", format!("[{}].len()", rep("1,", N)), Fault(Size)),
        ("big_text_literal", format!("\"{}\".len()", rep("x", 100_000)), Fault(Size)),
        ("big_map_literal", format!("#{{{}}}", (0..1000).map(|i| format!("k{i}: 1,")).collect::<String>()), Fault(Size)),
        ("big_name", rep("x", N), Harmless),
        ("big_number", rep("9", N), Harmless),
        ("huge_file", rep("// nothing\n", 100_000), Fault(Size)),
        ("nul", "\0\0\0".into(), Fault(Syntax)),
        ("bidi", "let x = 1; \u{202e}x".into(), Harmless),
    ]
}

/// Ways to use memory.
pub fn growth() -> Vec<(&'static str, String, End)> {
    vec![
        ("string_double", "let s = \"aaaaaaaa\"; loop { s += s; }".into(), Fault(Size)),
        ("string_plus", "let s = \"aaaaaaaa\"; loop { s = s + s; }".into(), Fault(Size)),
        ("string_plus_number", "let s = \"a\"; loop { s = s + 12345678 + s; }".into(), Fault(Size)),
        ("array_double", "let a = [1,2,3,4]; loop { a += a; }".into(), Fault(Size)),
        ("array_plus", "let a = [1,2,3,4]; loop { a = a + a; }".into(), Fault(Size)),
        ("array_push", "let a = []; loop { a.push(1); }".into(), Fault(Size)),
        ("array_push_text", "let s = \"x\"; s.pad(4000, 'x'); let a = []; loop { a.push(s); }".into(), Fault(Size)),
        ("array_insert", "let a = []; loop { a.insert(0, 1); }".into(), Fault(Size)),
        ("array_append", "let a = [1]; loop { a.append(a); }".into(), Fault(Size)),
        ("array_map_grows", "let a = [1]; loop { a = a.map(|x| [x, x, x]); }".into(), Fault(Size)),
        ("pad", "let a = []; a.pad(2_000_000_000, 0); a.len()".into(), Fault(Size)),
        ("pad_nested", "let a = [0]; a.pad(200, 0); let b = []; b.pad(200, a); b.len()".into(), Fault(Size)),
        ("str_pad", "let s = \"\"; s.pad(2_000_000_000, 'x'); s.len()".into(), Fault(Size)),
        ("str_pad_text", "let s = \"\"; s.pad(9_000_000_000_000_000_000, \"中文\"); s.len()".into(), Fault(Size)),
        ("blob", "let b = blob(2_000_000_000); b.len()".into(), Fault(Forbidden)),
        ("replace_grow", "let s = \"a\"; loop { s.replace(\"a\", \"aaaaaaaaaa\"); }".into(), Fault(Size)),
        (
            "replace_empty",
            "let s = \"\"; s.pad(4000, 'a'); let p = \"\"; p.pad(4000, 'b'); s.replace(\"\", p); s.len()".into(),
            Fault(Size),
        ),
        ("split_many", "let s = \"\"; s.pad(4000, 'a'); s.split(\"\")".into(), Fault(Size)),
        ("split_char_many", "let s = \"\"; s.pad(4000, ','); s.split(',')".into(), Fault(Size)),
        ("to_chars_many", "let s = \"\"; s.pad(4000, ','); s.to_chars()".into(), Fault(Size)),
        ("upper_grows", "let s = \"\"; s.pad(2000, 'ΐ'); s.to_upper()".into(), Fault(Size)),
        ("join_grows", "let s = \"\"; s.pad(4000, 'a'); let a = [1]; a.pad(150, 1); a.join(s)".into(), Fault(Size)),
        ("interpolate", "let s = \"aaaaaaaa\"; loop { s = `${s}${s}`; }".into(), Fault(Size)),
        ("map_index_assign", "let m = #{}; for i in 0..200000 { m[`k${i}`] = 1; } m.len()".into(), Either(&[Budget, Size])),
        ("map_index_assign_forever", "let m = #{}; let i = 0; loop { i += 1; m[`k${i}`] = 1; }".into(), Either(&[Budget, Size])),
        (
            "map_index_assign_text",
            "let s = \"\"; s.pad(4000, 'a'); let m = #{}; let i = 0; loop { i += 1; m[`k${i}`] = s + ``; }".into(),
            Either(&[Budget, Size]),
        ),
        ("map_set", "let m = #{}; for i in 0..200000 { m.set(`k${i}`, 1); } m.len()".into(), Fault(Size)),
        ("map_property", format!("let m = #{{}}; {} m.len()", (0..300).map(|i| format!("m.k{i} = 1;")).collect::<String>()), Fault(Size)),
        ("map_plus", "let m = #{}; for i in 0..300 { let n = #{}; n[`k${i}`] = 1; m += n; } m.len()".into(), Fault(Size)),
        ("variables", format!("{} 1", (0..300).map(|i| format!("let x{i} = 1;")).collect::<String>()), Fault(Size)),
        ("deep_array", "let a = []; for i in 0..200000 { a = [a]; } 1".into(), Fault(Size)),
        ("deep_map", "let a = #{}; for i in 0..200000 { a = #{x: a}; } 1".into(), Fault(Size)),
        ("deep_mixed", "let a = []; for i in 0..900 { a = [#{x: a}]; } 1".into(), Fault(Size)),
        ("deep_by_index", "let a = [1]; loop { a[0] = a; }".into(), Either(&[Budget, Size])),
        ("deep_by_map_index", "let m = #{}; loop { m[\"x\"] = m; }".into(), Either(&[Budget, Size])),
        ("deep_by_two_maps", "let a = #{}; loop { let b = #{}; b[\"x\"] = a; a = b; }".into(), Either(&[Budget, Size])),
        ("deep_by_push", "let a = []; loop { a.push(a); }".into(), Either(&[Budget, Size])),
        ("deep_by_reduce", "let a = [1]; a.pad(95, 1); loop { a.reduce(|s, x| [s], 0); }".into(), Either(&[Budget, Size])),
        ("deep_by_loop", "loop { let b = []; for i in 0..95 { b = [b]; } }".into(), Either(&[Budget, Size])),
        ("wide_by_loop", "loop { let b = []; for i in 0..95 { b = b + [i]; } }".into(), Either(&[Budget, Size])),
        (
            "deep_by_map",
            "let a = [1]; a.pad(90, 1); let d = []; for i in 0..90 { d = [d]; } loop { a.map(|x| d); }".into(),
            Either(&[Budget, Size]),
        ),
        ("deep_shown", "let a = []; for i in 0..95 { a = [a]; } `${a}`.len()".into(), Harmless),
        ("deep_equal", "let a = []; for i in 0..95 { a = [a]; } let b = a; a == b".into(), Value("true")),
        ("deep_contains", "let a = []; for i in 0..95 { a = [a]; } [a].contains(a)".into(), Harmless),
    ]
}

/// Ways to run without end or without being counted.
pub fn endless() -> Vec<(&'static str, String, End)> {
    vec![
        ("busy_loop", "loop { }".into(), Fault(Budget)),
        ("while_true", "while true { }".into(), Fault(Budget)),
        ("do_loop", "do { } while true;".into(), Fault(Budget)),
        ("native_range", "let n = 0; for i in (0..9_000_000_000_000) { n += 1; } n".into(), Fault(Budget)),
        ("range_contains", "(0..9_000_000_000_000).contains(5)".into(), Value("true")),
        ("range_step_zero", "let n = 0; for i in range(0, 10, 0) { n += 1; } n".into(), Harmless),
        ("recursion", "fn f(n) { f(n + 1) } f(0)".into(), Fault(Depth)),
        ("recursion_mutual", "fn f(n) { g(n) } fn g(n) { f(n) } f(0)".into(), Fault(Depth)),
        ("recursion_deep_expr", "fn f(n) { [[[[[[[[[[f(n + 1)]]]]]]]]]] } f(0)".into(), Fault(Depth)),
        ("recursion_max_expr", format!("fn f(n) {{ {}f(n + 1){} }} f(0)", rep("[", 34), rep("]", 34)), Fault(Depth)),
        ("recursion_max_paren", format!("fn f(n) {{ {}f(n + 1){} }} f(0)", rep("(1 + ", 17), rep(")", 17)), Fault(Depth)),
        ("recursion_max_if", format!("fn f(n) {{ {}f(n + 1){} }} f(0)", rep("if true { ", 17), rep(" }", 17)), Fault(Depth)),
        ("recursion_max_switch", format!("fn f(n) {{ {}f(n + 1){} }} f(0)", rep("switch n { _ => ", 16), rep(" }", 16)), Fault(Depth)),
        ("recursion_by_map", "fn f(n) { [n].map(|x| f(x + 1)) } f(0)".into(), Fault(Depth)),
        ("recursion_by_sort", "fn f(n) { [n, n].order(|x, y| f(x)) } f(0)".into(), Fault(Depth)),
        ("recursion_wide", "fn f(n) { f(n + 1) + f(n + 1) } f(0)".into(), Fault(Depth)),
        ("fibonacci", "fn f(n) { if n < 2 { n } else { f(n - 1) + f(n - 2) } } f(15)".into(), Harmless),
        ("expression_max", format!("{}1{}", rep("(1 + ", 49), rep(")", 49)), Value("50")),
        (
            "nested_map",
            "let a = [0]; a.pad(100, 0); let b = a; let c = a; let d = a; a.map(|x| b.map(|y| c.map(|z| d.map(|w| 1).len()).len()).len()).len()".into(),
            Fault(Budget),
        ),
        (
            "nested_filter",
            "let a = [0]; a.pad(95, 0); let b = a; let c = a; a.filter(|x| b.filter(|y| c.filter(|z| false).len() == 1).len() == 1)".into(),
            Fault(Budget),
        ),
        (
            "nested_reduce",
            "let a = [0]; a.pad(95, 0); let b = a; let c = a; a.reduce(|s, x| b.reduce(|t, y| c.reduce(|u, z| u + 1, 0), 0), 0)".into(),
            Fault(Budget),
        ),
        ("nested_some", "let a = [0]; a.pad(95, 0); let b = a; let c = a; a.some(|x| b.some(|y| c.some(|z| false)))".into(), Fault(Budget)),
        ("sort_nested", "let a = [0]; a.pad(95, 0); let b = a; a.order(|x, y| b.order(|z, w| 1).len())".into(), Fault(Budget)),
        (
            "equal_big",
            "let a = []; for i in 0..95 { a.push(i); } let b = a; let n = 0; loop { if a == b { n += 1; } }".into(),
            Fault(Budget),
        ),
        (
            "equal_texts",
            "let a = []; for i in 0..19 { let s = \"\"; s.pad(200, 'x'); a.push(s); } let b = a; loop { a == b; }".into(),
            Fault(Budget),
        ),
        ("contains_big", "let a = []; for i in 0..45 { a.push([i]); } loop { [0] in a; a.contains([-1]); }".into(), Fault(Budget)),
        ("index_of_big", "let a = []; for i in 0..95 { a.push(i); } loop { a.index_of(-1); }".into(), Fault(Budget)),
        ("dedup_big", "loop { let a = [1]; a.pad(95, 1); a.dedup(); }".into(), Fault(Budget)),
        ("replace_forever", "let s = \"\"; s.pad(4000, 'a'); loop { s.replace(\"a\", \"a\"); }".into(), Fault(Budget)),
        ("text_contains_forever", "let s = \"\"; s.pad(4000, 'a'); loop { s.contains(\"aaab\"); }".into(), Fault(Budget)),
        ("keys_forever", "let m = #{}; for i in 0..95 { m.set(`k${i}`, i); } loop { m.keys(); m.values(); }".into(), Fault(Budget)),
        (
            "sort_without_sense",
            "let a = []; for i in 0..95 { a.push(i * 7919 % 911); } a.sort(|x, y| 1); a.sort(|x, y| -1); a.len()".into(),
            Value("95"),
        ),
        ("catch_budget", "loop { try { loop { } } catch { } }".into(), Fault(Budget)),
        ("catch_depth", "fn f(n) { try { f(n + 1) } catch { 1 } } f(0)".into(), Harmless),
        ("catch_size", "loop { try { let s = \"aaaaaaaa\"; loop { s += s; } } catch { } }".into(), Fault(Size)),
        ("catch_panic_in_function", "fn f() { host_bug() } loop { try { f() } catch { } }".into(), Fault(HostFunction)),
        ("closure_uses_its_list", "let a = [1]; a.map(|x| a.len())".into(), Fault(Type)),
        ("catch_panic", "loop { try { host_bug() } catch { } }".into(), Fault(HostFunction)),
        ("sleep", "sleep(1000000)".into(), Fault(Forbidden)),
        ("sleep_panic", "sleep(1e30)".into(), Fault(Forbidden)),
    ]
}

/// Closures, currying and shared values.
pub fn closures() -> Vec<(&'static str, String, End)> {
    vec![
        ("closure_chain", "let a = [|x| x]; for i in 0..100000 { let p = a[0]; a[0] = |x| { p; x }; } 1".into(), Fault(Budget)),
        ("closure_chain_short", "let a = [|x| x]; loop { let p = a[0]; a[0] = || p; }".into(), Fault(Budget)),
        ("closure_chain_map", "let m = #{f: 0}; loop { let p = m.f; m.f = || p; }".into(), Fault(Budget)),
        ("closure_chain_reduce", "let a = [0]; a.pad(95, 0); let s = 0; loop { s = a.reduce(|p, x| || p, s); }".into(), Fault(Budget)),
        (
            "closure_chain_map_fn",
            "let b = [0]; b.pad(95, 0); let a = [0]; loop { let p = a[0]; a[0] = || p; let q = a[0]; a[0] = || q; }".into(),
            Fault(Budget),
        ),
        ("closure_self", "let f = |x| x; for i in 0..100000 { let g = |x| { f; x }; f = g; } 1".into(), Either(&[Budget, Type])),
        (
            "closure_wide",
            "let a = [0]; a.pad(95, 0); let b = [0]; loop { let p = a; let q = b[0]; b[0] = || [p, q]; }".into(),
            Fault(Budget),
        ),
        ("deep_curry", "let f = |x| x; for i in 0..100000 { f = curry(f, f); } 1".into(), Fault(Forbidden)),
        ("curry_method", "let f = |x| x; f.curry(1); 1".into(), Fault(Forbidden)),
        ("fn_pointer", "Fn(\"abs\")".into(), Fault(Forbidden)),
        ("fn_pointer_curry", "Fn(\"x\").curry(1)".into(), Fault(Forbidden)),
        ("call", "let f = |x| x; call(f, 1)".into(), Fault(Forbidden)),
        ("call_method", "let f = |x| x; f.call(1)".into(), Fault(Forbidden)),
        ("call_by_optional", "let f = |x| x; f?.call(1)".into(), Fault(Forbidden)),
        ("closure_called", "let f = |x| x; f(1)".into(), Harmless),
        ("closure_compared", "let f = |x| x; f == f".into(), Harmless),
        ("closure_shown", "let f = |x| x; `${f} ${[f]}`".into(), Harmless),
        ("self_ref", "let a = []; let f = || a; a.push(a); a.len()".into(), Harmless),
        ("self_ref_index", "let a = [1]; let f = || a; a[0] = a; `${a}`".into(), Harmless),
        ("shared_in_array", "let x = [1]; let f = || x; let a = [x, x]; a.push(x); a[0] = x; `${a}`".into(), Harmless),
        ("shared_set", "let x = [1]; let f = || x; let m = #{}; m.set(\"a\", x); x.set(0, x); m.a = x; `${m}${x}`".into(), Harmless),
        ("shared_plus", "let x = [1]; let f = || x; x += x; x += [x]; x.append(x); x.insert(0, x); x.pad(9, x); `${x}`".into(), Harmless),
        ("shared_map_result", "let x = [1]; let f = || x; [1, 2].map(|i| x)".into(), Harmless),
        ("shared_reduce", "let x = [1]; [1, 2].reduce(|s, i| x, x)".into(), Harmless),
        ("shared_sort", "let x = [2, 1]; x.sort(|a, b| { x.push(1); a - b }); x".into(), Harmless),
        ("cycle_map", "let m = #{}; let f = || m; m.me = m; `${m}`".into(), Harmless),
        ("cycle_fnptr", "let m = #{}; let f = |k| m.len() + k; m.f = f; `${m}`".into(), Harmless),
        ("changed_while_read", "let a = [1, 2]; a.map(|x| { a.push(x); x })".into(), Harmless),
        ("changed_in_filter", "let a = [1, 2]; a.filter(|x| { a.clear(); true })".into(), Harmless),
        ("for_changes", "let a = [1, 2]; for x in a { a.push(x); } a.len()".into(), Value("4")),
    ]
}

/// What scripts must not reach, and arithmetic at its edges.
pub fn reach() -> Vec<(&'static str, String, End)> {
    vec![
        ("eval", "eval(\"1 + 1\")".into(), Fault(Forbidden)),
        ("eval_method", "\"1 + 1\".eval()".into(), Fault(Forbidden)),
        ("import", "import \"x\" as x; 1".into(), Fault(Forbidden)),
        ("import_in_block", "if true { import \"/etc/passwd\" as x; }".into(), Fault(Forbidden)),
        ("export", "let x = 1; export x; 1".into(), Fault(Forbidden)),
        ("print", "print(\"x\")".into(), Fault(Forbidden)),
        ("print_method", "\"x\".print()".into(), Fault(Forbidden)),
        ("debug", "debug(\"x\")".into(), Fault(Forbidden)),
        ("timestamp", "timestamp()".into(), Fault(Forbidden)),
        ("exit", "exit(1)".into(), Fault(Forbidden)),
        ("parse_json", "parse_json(\"[[[[\")".into(), Fault(Forbidden)),
        ("to_json", "#{a: 1}.to_json()".into(), Fault(Forbidden)),
        ("rand", "rand()".into(), Fault(UnknownName)),
        ("open_file", "open_file(\"/etc/passwd\")".into(), Fault(UnknownName)),
        ("namespace", "std::process::exit(1)".into(), Fault(UnknownName)),
        ("internal_name", "`get$len`(1)".into(), Harmless),
        ("set_tag", "let x = 1; x.tag = 5; x.tag".into(), Either(&[UnknownName, Type])),
        ("this", "this.x".into(), Harmless),
        ("host_bug", "host_bug()".into(), Fault(HostFunction)),
        ("host_bug_in_map", "[1].map(|x| host_bug())".into(), Fault(HostFunction)),
        ("throw", "throw \"no\"".into(), Fault(Thrown)),
        ("throw_list", "throw [1, #{a: 2}]".into(), Fault(Thrown)),
        ("sort_throw", "let a = [3, 1]; a.sort(|x, y| throw 1); a".into(), Fault(Thrown)),
        ("sort_by_throw", "[3, 1].order_by(|x, y| throw \"no\")".into(), Fault(Thrown)),
        ("sort_mixed", "let a = [3, \"x\"]; a.sort(); a".into(), Fault(Type)),
        ("filter_wrong", "[1].filter(|x| x)".into(), Fault(Type)),
        ("int_overflow", "9223372036854775807 + 1".into(), Fault(Arithmetic)),
        ("int_min", "let x = -9223372036854775807 - 1; x / -1".into(), Fault(Arithmetic)),
        ("int_min_abs", "let x = -9223372036854775807 - 1; abs(x)".into(), Fault(Arithmetic)),
        ("int_min_negate", "let x = -9223372036854775807 - 1; -x".into(), Fault(Arithmetic)),
        ("int_min_modulo", "let x = -9223372036854775807 - 1; x % -1".into(), Fault(Arithmetic)),
        ("divide_zero", "let x = 0; 1 / x".into(), Fault(Arithmetic)),
        ("modulo_zero", "let x = 0; 1 % x".into(), Fault(Arithmetic)),
        ("shift", "let x = 200; 1 << x".into(), Harmless),
        ("shift_negative", "let x = -9223372036854775807 - 1; 1 << x".into(), Harmless),
        ("pow", "2 ** 400".into(), Fault(Arithmetic)),
        ("pow_negative", "2 ** -1".into(), Fault(Arithmetic)),
        ("pow_huge", "let x = 9223372036854775807; 3 ** x".into(), Fault(Arithmetic)),
        ("float_to_int", "(1e300).to_int()".into(), Fault(Arithmetic)),
        ("float_round", "round(1.5, 9223372036854775807)".into(), Harmless),
        ("parse_int_radix", "parse_int(\"z\", 99)".into(), Harmless),
        ("parse_int_text", "parse_int(\"x\")".into(), Fault(Arithmetic)),
        ("str_index", "let s = \"中文\"; s[9223372036854775807]".into(), Fault(Index)),
        ("str_index_negative", "let s = \"中文\"; s[-9223372036854775807 - 1]".into(), Fault(Index)),
        ("array_index", "let a = [1]; a[9223372036854775807]".into(), Fault(Index)),
        ("array_index_negative", "let a = [1]; a[-9223372036854775807 - 1]".into(), Fault(Index)),
        ("sub_string", "let s = \"中文abc\"; s.sub_string(-9223372036854775807, 9223372036854775807)".into(), Value("中文abc")),
        ("extract", "[1, 2, 3].extract(-9223372036854775807 - 1, -1)".into(), Value("[]")),
        ("insert_far", "let a = [1]; a.insert(9223372036854775807, 2); a.insert(-9223372036854775807, 0); a".into(), Value("[0, 1, 2]")),
        ("truncate_negative", "let a = [1]; a.truncate(-9223372036854775807 - 1); a".into(), Value("[]")),
        ("pad_negative", "let a = [1]; a.pad(-1, 0); a".into(), Value("[1]")),
        ("bits", "let x = 1; x[0..=9223372036854775807]".into(), Harmless),
        ("bit", "let x = 1; x[-9223372036854775807 - 1]".into(), Harmless),
        ("bit_assign", "let x = 1; x[60..64] = -1; x".into(), Harmless),
        ("bits_iterated", "let n = 0; for b in bits(-1) { n += 1; } n".into(), Harmless),
        ("chars_far", "let n = 0; for c in \"abc\".chars(9223372036854775807, 9223372036854775807) { n += 1; } n".into(), Harmless),
        ("range_step_wraps", "let n = 0; for i in range(9223372036854775800, 9223372036854775807, 9) { n += 1; } n".into(), Harmless),
        ("range_float_step", "let n = 0; for i in range(0.0, 1.0, 1e-300) { n += 1; } n".into(), Fault(Budget)),
        ("char_arithmetic", "'x' + 1".into(), Harmless),
    ]
}

pub fn all() -> Vec<(&'static str, String, End)> {
    [deep_texts(), growth(), endless(), closures(), reach()].into_iter().flatten().collect()
}
