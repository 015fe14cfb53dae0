//! What is lowered means what the interpreter would have made of it, faults and their places included: random conditions and helpers over
//! random tickets, both ways. And what is said of conditions at load is so: never true, always true, covered by another.

use super::desk::{at, by_agent, schema, ticket};
use proptest::prelude::*;
use ticketry::condition::{Customer, Scripts as _, View};
use ticketry::diagnostic::{Place, Source};
use ticketry::id::*;
use ticketry::rules::{self, Consideration, RhaiScripts, Surroundings};
use ticketry::ticket::*;

fn pick(options: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(options).prop_map(str::to_string)
}

fn level(path: &'static str, names: &'static [&'static str]) -> impl Strategy<Value = String> {
    (pick(&["==", "!=", "<", "<=", ">", ">="]), pick(names), any::<bool>())
        .prop_map(move |(op, name, turn)| if turn { format!("{name:?} {op} {path}") } else { format!("{path} {op} {name:?}") })
}

/// A whole number worked out, which may fail.
fn number() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        3 => pick(&["t.seats", "t.score", "t.reopenings", "t.rating", "t.number"]),
        2 => pick(&["0", "1", "2", "-1", "7", "9223372036854775807", "-9223372036854775808"]),
    ];
    atom.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            5 => (inner.clone(), pick(&["+", "-", "*", "/", "%"]), inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            // The parser makes a float of the least number's opposite.
            1 => inner.prop_map(|a| if a == "-9223372036854775808" { a } else { format!("-({a})") }),
        ]
    })
}

fn reckoned() -> impl Strategy<Value = String> {
    (number(), pick(&["==", "!=", "<", "<=", ">", ">="]), number()).prop_map(|(a, op, b)| format!("{a} {op} {b}"))
}

/// One test that lowers.
fn leaf() -> impl Strategy<Value = String> {
    let plain = |path: &'static str, names: &'static [&'static str]| {
        (pick(&["==", "!="]), pick(names)).prop_map(move |(op, n)| format!("{path} {op} {n:?}"))
    };
    prop_oneof![
        level("t.impact", &["low", "medium", "high", "extreme"]),
        level("t.severity", &["minor", "major", "critical"]),
        level("t.customer.tier", &["basic", "gold", "vip"]),
        plain("t.site", &["VPN", "vpn", "ＶＰＮ", "", "上海"]),
        plain("t.product", &["router", "switch", "phone"]),
        plain("t.group", &["first-line", "network-tier2"]),
        plain("t.category", &["network", "network/vpn", "hardware"]),
        (
            pick(&["t.amount", "t.seats", "t.score"]),
            pick(&["==", "!=", "<", "<=", ">", ">="]),
            pick(&["0", "1", "19.9", "-3", "20", "19.90"])
        )
            .prop_map(|(p, op, n)| format!("{p} {op} {n}")),
        (
            pick(&["t.site", "t.subject", "t.group", "t.category", "t.impact"]),
            pick(&["contains", "starts_with", "ends_with"]),
            pick(&["v", "V", "无法", "ne", ""])
        )
            .prop_map(|(p, m, s)| format!("{p}.{m}({s:?})")),
        pick(&["network", "network/vpn", "hardware"]).prop_map(|n| format!("t.category.within({n:?})")),
        pick(&["vip", "outage", "x"]).prop_map(|n| format!("{n:?} in t.tags")),
        pick(&["red", "green", "blue"]).prop_map(|n| format!("t.labels.contains({n:?})")),
        pick(&["red", "green"]).prop_map(|n| format!("{n:?} !in t.labels")),
        pick(&["t.tags", "t.labels", "t.site", "t.group", "t.category"]).prop_map(|p| format!("{p}.is_empty()")),
        (pick(&["t.site", "t.group", "t.impact", "t.amount", "t.vip", "t.promised", "t.downtime", "t.customer.tier"]), pick(&["==", "!="]))
            .prop_map(|(p, op)| format!("{p} {op} ()")),
        pick(&[
            "t.impact in [\"low\", \"high\"]",
            "t.site in [\"vpn\", \"上海\"]",
            "t.group in [(), \"first-line\"]",
            "t.seats in [1, 2, 3]",
            "(t.seats == 1 || t.amount == 3 || t.seats == 2)",
            "(t.site == \"VPN\" || t.site == \"上海\" || t.site.contains(\"网\"))",
            "(t.amount == 0 || t.amount == 20 || t.amount == 19.9)"
        ]),
        reckoned(),
        pick(&["t.vip == true", "t.vip != false", "t.vip == false", "t.overdue", "t.provisional", "!t.answered", "true", "false"]),
        pick(&[
            "t.assignee == t.owner",
            "t.assignee != t.owner",
            "t.amount > t.seats",
            "t.promised < now",
            "t.promised <= t.due",
            "t.created_at < now"
        ]),
        (pick(&["t.promised", "t.due", "t.created_at"]), pick(&["<", ">=", "=="]))
            .prop_map(|(p, op)| format!("{p} {op} \"2025-10-09T08:53:20Z\"")),
        (pick(&["<", ">=", "=="]), pick(&["1h", "90m", "5400s"])).prop_map(|(op, d)| format!("t.downtime {op} {d:?}")),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    leaf().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|v| format!("({})", v.join(" && "))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|v| format!("({})", v.join(" || "))),
            inner.prop_map(|c| format!("!({c})")),
        ]
    })
}

fn maybe<T: Clone + std::fmt::Debug + 'static>(options: Vec<T>) -> impl Strategy<Value = Option<T>> {
    prop::option::of(prop::sample::select(options))
}

fn tickets() -> impl Strategy<Value = (Ticket, Option<Customer>)> {
    let names = (
        maybe(vec!["low", "medium", "high", "extreme"]),
        maybe(vec!["minor", "major", "critical"]),
        maybe(vec!["VPN", "ｖｐｎ 网关", "上海", "", "x"]),
        maybe(vec!["router", "switch"]),
        maybe(vec!["first-line", "network-tier2"]),
        maybe(vec!["network", "network/vpn", "hardware/printer"]),
        maybe(vec!["basic", "gold", "vip"]),
    );
    let numbers = (
        maybe(vec![Decimal::new(1990, 2), Decimal::new(0, 2), Decimal::new(2000, 2), Decimal::new(-300, 2)]),
        maybe(vec![0i64, 1, 2, 20]),
        prop::option::of(any::<bool>()),
        maybe(vec![at(-5), at(0), at(5)]),
        maybe(vec![3_600_000_000i64, 5_400_000_000, 0]),
        prop_oneof![4 => -3i64..3, 1 => prop::sample::select(vec![i64::MIN, i64::MAX])],
    );
    let sets = (
        prop::collection::btree_set(prop::sample::select(vec!["vip", "outage"]), 0..2),
        prop::option::of(prop::collection::btree_set(prop::sample::select(vec!["red", "green", "blue"]), 0..3)),
        maybe(vec!["li", "wu"]),
        maybe(vec!["li", "wu"]),
    );
    (names, numbers, sets).prop_map(
        |(
            (impact, severity, site, product, group, category, tier),
            (amount, seats, vip, promised, downtime, score),
            (tags, labels, assignee, owner),
        )| {
            let mut t = ticket();
            let mut set = |name: &str, v: Option<Value>| {
                if let Some(v) = v {
                    t.fields.insert(name.into(), by_agent(v).unwrap());
                }
            };
            set("severity", severity.map(Value::choice));
            set("site", site.map(Value::from));
            set("product", product.map(Value::choice));
            set("amount", amount.map(Value::Decimal));
            set("seats", seats.map(Value::Integer));
            set("vip", vip.map(Value::Boolean));
            set("promised", promised.map(Value::Instant));
            set("downtime", downtime.map(Value::Duration));
            set("labels", labels.map(|l| Value::Choices(l.into_iter().map(LevelName::new).collect())));
            t.impact = impact.and_then(|i| by_agent(i.into()));
            t.group = group.map(GroupId::new);
            t.category = category.and_then(|c| by_agent(c.into()));
            t.tags = tags.into_iter().map(TagName::new).collect();
            t.assignee = assignee.map(AgentId::new);
            t.owner = owner.map(AgentId::new);
            t.score = score;
            let customer = tier.map(|c| Customer::from([(FieldName::new("tier"), Value::choice(c))]));
            (t, customer)
        },
    )
}

#[test]
fn lowered_and_interpreted_conditions_agree() {
    let cases = crate::scale::pick(2_000, 20_000, 100_000);
    let schema = schema();
    let here = Place::file("equal");
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: cases / 20,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&(condition(), prop::collection::vec(tickets(), 20)), |(text, tickets)| {
            let native = RhaiScripts.condition(&text, &here, &schema).unwrap_or_else(|d| panic!("{text}\n{d}"));
            prop_assert!(native.is_native(), "{} did not lower", text);
            let script = RhaiScripts.unlowered(&text, &here, &schema).unwrap_or_else(|d| panic!("{text}\n{d}"));
            for (t, customer) in &tickets {
                let view = View { customer: customer.as_ref(), event: "created", ..View::of(t, at(0)) };
                let (a, b) = (native.holds(&view), script.holds(&view));
                prop_assert_eq!(&a, &b, "{}\nlowered: {}\nfields {:?} {:?}", text, native, t.fields, customer);
            }
            Ok(())
        })
        .unwrap();
}

/// A rule with helpers, some of them taking a number or giving one back.
fn rule() -> impl Strategy<Value = String> {
    // A function sees nothing but its parameters.
    let inside = |c: String| c.replace("now", "t.created_at");
    let call = pick(&["held(t)", "!held(t)", "worth(t) > 3", "over(t, 2)", "over(t, -7)", "worth(t) + 1 == t.seats", "over(t, worth(t))"]);
    let body = call.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|v| format!("({})", v.join(" && "))),
            prop::collection::vec(inner, 2..4).prop_map(|v| format!("({})", v.join(" || "))),
        ]
    });
    (condition(), number(), body).prop_map(move |(held, worth, body)| {
        format!(
            "fn held(t) {{\n  {}\n}}\nfn worth(t) {{ return {worth}; }}\nfn over(t, limit) {{ t.seats > limit }}\n\
            rule(\"r\").on(\"created\").when(|t| {body}).then(|t| {{ t.tag(\"x\"); t.score(3, \"y\"); t.stop(); }});",
            inside(held)
        )
    })
}

#[test]
fn rules_with_helpers_agree_too() {
    let cases = crate::scale::pick(1_000, 10_000, 50_000);
    let schema = schema();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: cases / 20,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let seen = std::cell::RefCell::new([0usize; 4]);
    runner
        .run(&(rule(), prop::collection::vec(tickets(), 20)), |(text, tickets)| {
            let source = Source::new().with("rules/a.rhai", text.as_str());
            let (lowered, problems) = rules::load(&source, &schema);
            prop_assert!(problems.is_empty(), "{}\n{}", text, problems);
            let (interpreted, _) = rules::load_interpreted(&source, &schema);
            let (a, b) = (lowered.named("r").unwrap().1, interpreted.named("r").unwrap().1);
            prop_assert!(!b.is_native());
            seen.borrow_mut()[3] += usize::from(a.is_native());
            for (t, customer) in &tickets {
                let view = View { customer: customer.as_ref(), event: "created", ..View::of(t, at(0)) };
                let (x, y) = (a.consider(&view), b.consider(&view));
                let n = match &x {
                    Consideration::Unmatched => 0,
                    Consideration::Matched(_) => 1,
                    Consideration::Faulted(_) => 2,
                };
                seen.borrow_mut()[n] += 1;
                prop_assert_eq!(x, y, "{}\nlowered: {}", text, a.when.as_ref().unwrap());
            }
            Ok(())
        })
        .unwrap();
    assert!(seen.borrow().iter().all(|n| *n > 10), "every outcome is met, and some rules are native: {:?}", seen.borrow());
}

/// Few tests over few values, so that they often meet.
fn narrow() -> impl Strategy<Value = String> {
    let atom = pick(&[
        "t.impact == \"low\"",
        "t.impact != \"low\"",
        "t.impact >= \"high\"",
        "t.impact < \"high\"",
        "t.impact == ()",
        "t.impact in [\"low\", \"medium\"]",
        "t.seats > 1",
        "t.seats <= 1",
        "t.seats == 2",
        "t.seats in [1, 2]",
        "t.seats != 2",
        "t.reopenings >= 0",
        "t.reopenings == 0",
        "t.amount > 19.9",
        "t.amount < 20",
        "t.amount == 19.9",
        "t.amount != ()",
        "t.vip == true",
        "t.vip == false",
        "t.vip != true",
        "t.category.within(\"network\")",
        "t.category == \"network/vpn\"",
        "t.category == \"hardware\"",
        "t.category.is_empty()",
        "\"vip\" in t.tags",
        "\"outage\" !in t.tags",
        "t.tags.is_empty()",
        "t.labels.is_empty()",
        "\"red\" in t.labels",
        "t.site.contains(\"vp\")",
        "t.site == \"VPN\"",
        "t.site.starts_with(\"v\")",
        "t.site != \"vpn\"",
        "t.assignee == t.owner",
        "t.owner != t.assignee",
        "t.promised < now",
        "now <= t.promised",
        "t.downtime >= \"1h\"",
        "t.downtime == \"90m\"",
        "t.state == \"new\"",
        "t.state in [\"new\", \"open\", \"pending\", \"resolved\"]",
        "t.score > 1 - t.seats",
        "true",
    ]);
    atom.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 2..5).prop_map(|v| format!("({})", v.join(" && "))),
            2 => prop::collection::vec(inner.clone(), 2..4).prop_map(|v| format!("({})", v.join(" || "))),
            1 => inner.prop_map(|c| format!("!({c})")),
        ]
    })
}

#[test]
fn what_is_said_of_conditions_at_load_is_so() {
    let cases = crate::scale::pick(1_500, 20_000, 100_000);
    let schema = schema();
    let mut runner =
        proptest::test_runner::TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() });
    let said = std::cell::RefCell::new(std::collections::BTreeMap::<&str, usize>::new());
    runner
        .run(&(narrow(), narrow(), prop::collection::vec(tickets(), 12)), |(first, second, tickets)| {
            let text = format!(
                "rule(\"a\").order(1).on(\"created\").when(|t| {first}).then(|t| t.tag(\"x\")).stop();
                rule(\"b\").order(2).on(\"created\").when(|t| {second}).then(|t| t.tag(\"y\"));"
            );
            let (set, problems) = rules::load(&Source::new().with("rules/a.rhai", text), &schema);
            prop_assert!(problems.is_empty(), "{}", problems);
            let holds = |rule: &str, view: &View<'_>| set.named(rule).unwrap().1.when.as_ref().unwrap().holds(view).unwrap_or(false);
            for d in set.check(&schema, &Surroundings::default()) {
                *said.borrow_mut().entry(d.code).or_default() += 1;
                let rule = if d.message.en.contains("`a`") { "a" } else { "b" };
                for (t, customer) in &tickets {
                    let view = View { customer: customer.as_ref(), event: "created", ..View::of(t, at(0)) };
                    match d.code {
                        "condition-never" => prop_assert!(!holds(rule, &view), "{}\n{}\n{}", first, second, d.message.en),
                        // A calculation may fail.
                        "condition-always" => prop_assert!(
                            holds(rule, &view) || set.named(rule).unwrap().1.when.as_ref().unwrap().holds(&view).is_err(),
                            "{}\n{}\n{}",
                            first,
                            second,
                            d.message.en
                        ),
                        "shadowed-rule" => prop_assert!(!holds("b", &view) || holds("a", &view), "{}\n{}", first, second),
                        "alternative-never" => {}
                        other => prop_assert!(false, "{}", other),
                    }
                }
            }
            Ok(())
        })
        .unwrap();
    let said = said.borrow();
    assert!(["condition-never", "condition-always", "shadowed-rule"].iter().all(|c| said.get(c).is_some_and(|n| *n > 10)), "{said:?}");
}
