//! Look-up tables (S88): read with every mistake placed, asked natively and by the interpreter alike.

use super::desk::{at, by_agent, schema, ticket};
use proptest::prelude::*;
use std::sync::Arc;
use ticketry::condition::{Tables, View};
use ticketry::diagnostic::{Diagnostics, Lang, Place, Source};
use ticketry::id::*;
use ticketry::playbook::Playbook;
use ticketry::rules::{self, Consideration, Resources, RhaiScripts, RuleSet};
use ticketry::ticket::*;

const OWNERS: &str = "\
category,         product,  -> group,        -> hours: integer, -> urgent: boolean
network,          *,        network-tier2,   8,                 false
network,          router,   network-tier2,   4,                 true
network/vpn,      *,        first-line,      2,
hardware/printer, phone,    first-line,      ,                  FALSE
*,                *,        first-line,      24,                false
*,                ,         network-tier2,   16,                false
";

fn source() -> Source {
    Source::new().with("tables/owners.csv", OWNERS).with("tables/sites.csv", "site, -> priority\n\"VPN 网关\", p1\n上海, p2\n")
}

fn resources(source: &Source) -> Arc<Resources> {
    let (tables, problems) = Tables::load(source, &schema());
    assert!(!problems.has_errors(), "{problems}");
    Arc::new(Resources::new().tables(tables))
}

fn of(category: Option<&str>, product: Option<&str>) -> Ticket {
    let mut t = ticket();
    t.category = category.and_then(|c| by_agent(CategoryPath::from(c)));
    if let Some(p) = product {
        t.fields.insert("product".into(), by_agent(Value::choice(p)).unwrap());
    }
    t
}

fn holds(condition: &str, t: &Ticket) -> bool {
    let both =
        RhaiScripts.both(condition, &Place::file("x"), &schema(), &resources(&source())).unwrap_or_else(|d| panic!("{condition}\n{d}"));
    let [a, b] = both.map(|e| e.holds(&View::of(t, at(0))).unwrap());
    assert_eq!(a, b, "{condition}");
    a
}

#[test]
fn s88_the_most_specific_row_answers_whatever_the_order_of_rows() {
    let answers = [
        (Some("network"), Some("router"), "network-tier2", 4),
        (Some("network"), Some("phone"), "network-tier2", 8),
        (Some("network/router"), Some("router"), "network-tier2", 4),
        (Some("network/vpn"), Some("router"), "first-line", 2),
        (Some("network"), None, "network-tier2", 8),
        (Some("hardware"), Some("phone"), "first-line", 24),
        (Some("hardware"), None, "network-tier2", 16),
        (None, Some("phone"), "first-line", 24),
        (None, None, "network-tier2", 16),
    ];
    let mut lines: Vec<&str> = OWNERS.lines().skip(1).collect();
    for turn in 0..lines.len() {
        lines.rotate_left(1);
        let csv = format!("{}\n{}\n", OWNERS.lines().next().unwrap(), lines.join("\n"));
        let (tables, problems) = Tables::load(&Source::new().with("tables/owners.csv", csv), &schema());
        assert!(!problems.has_errors(), "{problems}");
        let table = tables.get("owners").unwrap();
        for (category, product, group, hours) in answers {
            use ticketry::condition::Seen;
            let keys = [category, product].map(|k| k.map_or(Seen::Absent, |s| Seen::Text(s.into())));
            assert_eq!(table.find(0, &keys), Seen::Text(group.into()), "{turn}: {category:?} {product:?}");
            assert_eq!(table.find(1, &keys), Seen::Integer(hours), "{turn}: {category:?} {product:?}");
        }
    }
}

#[test]
fn s88_a_look_up_by_fields_is_native_and_means_what_the_script_means() {
    let t = of(Some("network/vpn"), Some("phone"));
    let rules = r#"rule("r").on("created").when(|t| lookup("owners.group", t.category, t.product) == "first-line" && t.seats == ()).then(|t| t.tag("x"));"#;
    let (set, problems) = rules::load_with(&Source::new().with("rules/a.rhai", rules), &schema(), &resources(&source()));
    assert!(problems.is_empty(), "{problems}");
    let (_, rule) = set.named("r").unwrap();
    assert!(rule.is_native());
    let shown = rule.when.as_ref().unwrap().to_string();
    assert_eq!(shown, r#"lookup("owners.group", t.category, t.product) in ["first-line"] && t.seats == ()"#);
    assert!(matches!(rule.consider(&View::of(&t, at(0))), Consideration::Matched(_)));
    // What it reads is what it is asked by, so that rules wake by it, and the trace shows both.
    let reads: Vec<String> = rule.reads().iter().map(ToString::to_string).collect();
    assert_eq!(reads, ["t.category", "t.product", "t.seats"]);
    let no = rule.first_false(&View::of(&of(Some("network"), None), at(0))).unwrap();
    assert_eq!(
        no,
        r#"lookup("owners.group", t.category, t.product) in ["first-line"] (t.category = "network", t.product = absent, lookup("owners.group", t.category, t.product) = "network-tier2")"#
    );
}

#[test]
fn s88_what_stands_in_a_table_compares_like_a_field() {
    let t = of(Some("network"), Some("router"));
    for (condition, want) in [
        (r#"lookup("owners.hours", t.category, t.product) <= 4"#, true),
        (r#"lookup("owners.hours", t.category, "phone") > 4"#, true),
        (r#"lookup("owners.hours", "hardware/printer", "phone") == ()"#, true),
        (r#"lookup("owners.hours", "hardware/printer", "phone") < 4"#, false),
        (r#"lookup("owners.urgent", t.category, t.product) == true"#, true),
        (r#"lookup("owners.group", t.category, t.product) in ["first-line", "network-tier2"]"#, true),
        (r#"lookup("owners.group", t.category, t.product).contains("tier2")"#, true),
        (r#"lookup("owners.group", t.category, t.product) == t.group"#, false),
        (r#"lookup("owners.group", (), ()) == "network-tier2""#, true),
        // Free text is folded, in rows and in questions (S88); levels are ordered.
        (r#"lookup("sites", "ｖｐｎ 网关") >= "p2""#, true),
        (r#"lookup("sites", "Berlin") >= "p2""#, false),
        (r#"lookup("sites", t.site) == ()"#, true),
        // One table asked by what another answers.
        (r#"lookup("owners.group", t.category, t.product) != lookup("owners.group", "network/vpn", t.product)"#, true),
    ] {
        assert_eq!(holds(condition, &t), want, "{condition}");
        let native = RhaiScripts.both(condition, &Place::file("x"), &schema(), &resources(&source())).unwrap();
        assert!(native[0].is_native(), "{condition}");
    }
    // A key that has to be worked out leaves it to the interpreter.
    assert!(holds(r#"lookup("owners.hours", t.category.to_string().sub_string(0, 7), "router") == 4"#, &t));
}

#[test]
fn s88_actions_look_up_too() {
    let rules = r#"rule("r").on("created").then(|t| t.route(lookup("owners.group", t.category, t.product)));"#;
    let (set, problems) = rules::load_with(&Source::new().with("rules/a.rhai", rules), &schema(), &resources(&source()));
    assert!(problems.is_empty(), "{problems}");
    let actions = |t: &Ticket| set.named("r").unwrap().1.consider(&View::of(t, at(0)));
    let route = |g: &str| Consideration::Matched(vec![Action::Route { group: g.into(), skills: Default::default() }]);
    assert_eq!(actions(&of(Some("network/vpn"), None)), route("first-line"));
    assert_eq!(actions(&of(Some("network/router"), None)), route("network-tier2"));
}

/// (code, table)
fn mistakes() -> Vec<(&'static str, &'static str)> {
    vec![
        ("empty-table", "# nothing\n\n"),
        ("not-commas", "category;group\nnetwork;first-line\n"),
        ("unknown-column", "categry, -> group\nnetwork, first-line\n"),
        ("unknown-column", "place, -> group\nnetwork, first-line\n"),
        ("unknown-column", "place: txet, -> group\nnetwork, first-line\n"),
        ("duplicate-column", "category, category, -> group\nnetwork, network, first-line\n"),
        ("bad-columns", "-> category, -> group\nnetwork, first-line\n"),
        ("bad-columns", "amount, -> group\n3, first-line\n"),
        ("bad-columns", "tags, -> group\nvip, first-line\n"),
        ("bad-columns", "a: text, b: text, c: text, d: text, e: text, -> group\n*,*,*,*,*,first-line\n"),
        ("ragged-row", "category, -> group\nnetwork, first-line, 3\n*, first-line\n"),
        ("ragged-row", "category, -> group\nnetwork\n*, first-line\n"),
        ("not-in-list", "category, -> group\nnetwrok, first-line\n*,\n"),
        ("not-in-list", "category, -> group\nnetwork, frist-line\n*,\n"),
        ("not-in-list", "category, -> needs: skill\nnetwork, bpg\n*,\n"),
        ("bad-value", "category, -> hours: integer\nnetwork, four\n*,\n"),
        ("bad-value", "category, -> vip: boolean\nnetwork, perhaps\n*,\n"),
        ("bad-value", "category, -> since: instant\nnetwork, 2025-10-09\n*,\n"),
        ("bad-value", "category, -> within: duration\nnetwork, 2bd\n*,\n"),
        ("bad-value", "seats, -> group\nmany, first-line\n"),
        ("duplicate-row", "category, -> group\nnetwork, first-line\n*,\nnetwork, network-tier2\n"),
        ("duplicate-row", "site, -> group\nBerlin, first-line\nＢＥＲＬＩＮ, network-tier2\n"),
        ("bad-quote", "category, -> note: text\nnetwork,\"never closed\n*,\n"),
        ("bad-quote", "category, -> note: text\nnetwork, \"a, b\"\n*,\n"),
        (
            "too-many",
            "a: text,b: text,c: text,d: text,e: text,f: text,g: text,h: text,i: text,j: text,k: text,l: text,m: text,n: text,o: text,p: text,q: text\n",
        ),
        ("bad-name", ", -> group\nx, first-line\n"),
        ("table-gap", "category, impact, -> group\nnetwork, *, first-line\nhardware, high, first-line\n"),
        ("table-overlap", "category, product, -> group\nnetwork, *, first-line\n*, router, network-tier2\n*, *,\n"),
    ]
}

fn problems(csv: &str) -> (Diagnostics, Source) {
    let source = Source::new().with("tables/x.csv", csv);
    (Tables::load(&source, &schema()).1, source)
}

#[test]
fn s88_each_mistake_in_a_table_has_its_code_and_its_place() {
    let mut all = String::new();
    for (code, csv) in mistakes() {
        let (found, source) = problems(csv);
        assert!(found.iter().any(|d| d.code == code), "{code}: {csv}\n{found}");
        for d in found.iter() {
            assert!(!d.message.zh.is_empty() && d.message.zh != d.message.en, "{code}: {csv}");
        }
        all.push_str(&format!("# {code}\n{}\n", found.render(Lang::En, Some(&source))));
    }
    insta::assert_snapshot!("tables", all);
}

#[test]
fn s88_each_mistake_in_a_look_up_has_its_code_and_its_place() {
    let fixtures = [
        ("unknown-table", r#"lookup("ownres", t.category, t.product) == 1"#),
        ("unknown-column", r#"lookup("owners.hors", t.category, t.product) == 1"#),
        ("column-needed", r#"lookup("owners", t.category, t.product) == 1"#),
        ("wrong-argument", r#"lookup("owners.hours", t.category) == 1"#),
        ("wrong-argument", r#"lookup("owners.hours") == 1"#),
        ("literal-needed", r#"lookup(t.site, t.category, t.product) == 1"#),
        ("wrong-type", r#"lookup("owners.hours", t.seats, t.product) == 1"#),
        ("wrong-type", r#"lookup("owners.hours", t.impact, t.product) == 1"#),
        ("wrong-type", r#"lookup("owners.hours", 3, t.product) == 1"#),
        ("not-in-list", r#"lookup("owners.hours", "netwrok", t.product) == 1"#),
        ("not-in-list", r#"lookup("owners.group", t.category, t.product) == "frist-line""#),
        ("wrong-type", r#"lookup("owners.hours", t.category, t.product) == "four""#),
        ("not-ordered", r#"lookup("owners.group", t.category, t.product) > "first-line""#),
        ("not-a-condition", r#"lookup("owners.group", t.category, t.product)"#),
        ("unknown-field", r#"lookup("owners.group", t.categry, t.product) == "first-line""#),
        ("unknown-field", r#"lookup("owners.hours", t.category, t.product).hours == 3"#),
        ("unknown-function", r#"lokup("owners.hours", t.category, t.product) == 1"#),
        ("wrong-argument", r#"t.category.lookup("owners.hours") == 1"#),
        ("maybe-absent", r#"[1].some(|x| lookup("owners.urgent", t.category, t.product) && x > 0)"#),
    ];
    let resources = resources(&source());
    let mut all = String::new();
    for (code, condition) in fixtures {
        let file = format!("rule(\"r\").on(\"created\").when(|t| {condition}).then(|t| t.tag(\"x\"));\n");
        let source = Source::new().with("rules/a.rhai", file.as_str());
        let (_, found) = rules::load_with(&source, &schema(), &resources);
        assert!(found.iter().any(|d| d.code == code), "{code}: {condition}\n{found}");
        all.push_str(&format!("# {code}\n{}\n", found.render(Lang::En, Some(&source))));
    }
    insta::assert_snapshot!("lookups", all);
}

#[test]
fn tables_read_what_spreadsheets_write() {
    let csv = "\u{feff}category,-> note: text,→ hours: integer\r\n# a remark, with commas\r\n\r\nnetwork,\"one, \"\"two\"\"\nthree\",4\r\n*,,\r\n";
    let (tables, problems) = Tables::load(&Source::new().with("tables/a/b.csv", csv), &schema());
    assert!(problems.is_empty(), "{problems}");
    let table = tables.get("a/b").unwrap();
    use ticketry::condition::Seen;
    assert_eq!(table.find(0, &[Seen::Text("network".into())]), Seen::Text("one, \"two\"\nthree".into()));
    assert_eq!(table.find(1, &[Seen::Text("network/vpn".into())]), Seen::Integer(4));
    assert_eq!(table.find(1, &[Seen::Absent]), Seen::Absent);
    let (found, _) = self::problems("\r\n# x\r\ncategory,-> hours: integer\r\nnetwork,\"a\nb\"\r\n  hardware  ,  x\r\n*,1\r\n");
    let places: Vec<String> = found.iter().map(|d| d.place().unwrap().to_string()).collect();
    assert_eq!(places, ["tables/x.csv:4:9", "tables/x.csv:6:16"]);
}

#[test]
fn a_table_is_bounded() {
    let many = format!("site, -> seats\n{}", (0..10_001).map(|i| format!("s{i}, {i}\n")).collect::<String>());
    assert_eq!(problems(&many).0.iter().next().unwrap().code, "too-many");
    let most = format!("site, -> seats\n{}", (0..10_000).map(|i| format!("s{i}, {i}\n")).collect::<String>());
    assert!(problems(&most).0.is_empty());
    let wrong = format!("site, -> seats\n{}", (0..900).map(|i| format!("s{i}, x\n")).collect::<String>());
    assert!(problems(&wrong).0.len() <= 51);
    assert_eq!(problems(&format!("site, -> seats\n{}, 1\n", "x".repeat(1_025))).0.iter().next().unwrap().code, "too-long");
}

#[test]
fn a_playbook_has_tables_in_its_digest_and_everywhere_conditions_are() {
    let rule = r#"rule("r").on("created").when(|t| lookup("days", t.channel) == 3).then(|t| t.tag("x"));"#;
    let with = |days: u32| {
        let source = Playbook::starter_source()
            .with("rules/a.rhai", rule)
            .with("tables/days.csv", format!("channel, -> days: integer\n*, {days}\n"));
        Playbook::load(&source).unwrap()
    };
    let (a, b) = (with(3), with(4));
    assert!(a.warnings.is_empty(), "{}", a.warnings);
    assert_ne!(a.playbook.digest(), b.playbook.digest());
    assert_eq!(a.playbook.resources().tables.names().collect::<Vec<_>>(), ["days"]);
    let toml = Playbook::starter_source().with("tables/days.toml", "");
    assert_eq!(Playbook::load(&toml).unwrap().warnings.iter().next().unwrap().code, "unused-file");
    let gone = Playbook::starter_source().with("rules/a.rhai", rule);
    assert!(Playbook::load(&gone).unwrap_err().to_string().contains("there is no table `days`"));
}

#[test]
fn a_script_pays_for_its_look_ups() {
    let rules = r#"rule("r").on("created").then(|t| { loop { lookup("owners.hours", t.category, t.product); } });"#;
    let (set, _): (RuleSet, _) = rules::load_with(&Source::new().with("rules/a.rhai", rules), &schema(), &resources(&source()));
    let Consideration::Faulted(f) = set.named("r").unwrap().1.consider(&View::of(&ticket(), at(0))) else { panic!() };
    assert_eq!(f.kind, ticketry::diagnostic::FaultKind::Budget);
    let wrong = r#"rule("r").on("created").then(|t| { let x = 3 + 1; t.note("" + lookup("owners.hours", x, t.product)); });"#;
    let (set, _) = rules::load_with(&Source::new().with("rules/a.rhai", wrong), &schema(), &resources(&source()));
    let Consideration::Faulted(f) = set.named("r").unwrap().1.consider(&View::of(&ticket(), at(0))) else { panic!() };
    assert_eq!(f.to_string(), "rules/a.rhai:1:63: the column `category` is of kind category, this is a number");
}

fn cell(options: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(options)
}

/// What a table answers, found by comparing every row with every other.
fn by_hand(rows: &[(&str, &str, i64)], category: Option<&str>, product: Option<&str>) -> Option<i64> {
    let near = |cell: &str, value: Option<&str>| -> Option<usize> {
        match (cell, value) {
            ("*", _) => Some(1_000),
            ("", None) => Some(0),
            (c, Some(v)) if c == v => Some(0),
            (c, Some(v)) if v.strip_prefix(c).is_some_and(|r| r.starts_with('/')) => Some(v.len() - c.len()),
            _ => None,
        }
    };
    let exact = |cell: &str, value: Option<&str>| near(cell, value).filter(|n| *n == 0 || *n == 1_000);
    let fits = rows.iter().filter_map(|(c, p, n)| Some(((near(c, category)?, exact(p, product)?), *n)));
    fits.min_by_key(|(far, _)| *far).map(|(_, n)| n)
}

#[test]
fn s88_tables_answer_as_comparing_every_row_would() {
    const CATEGORIES: &[&str] = &["*", "", "network", "network/vpn", "network/router", "hardware", "hardware/printer"];
    const PRODUCTS: &[&str] = &["*", "", "router", "switch", "phone"];
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: crate::scale::pick(100, 1_000, 5_000),
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&prop::collection::btree_map((cell(CATEGORIES), cell(PRODUCTS)), 0i64..99, 0..12), |map| {
            let rows: Vec<(&str, &str, i64)> = map.iter().map(|((c, p), n)| (*c, *p, *n)).collect();
            let lines: String = rows.iter().map(|(c, p, n)| format!("{c},{p},{n}\n")).collect();
            let source = Source::new().with("tables/x.csv", format!("category, product, -> n: integer\n{lines}"));
            let resources = resources(&source);
            let text = "lookup(\"x\", t.category, t.product) == 7";
            let both = RhaiScripts.both(text, &Place::file("x"), &schema(), &resources).unwrap();
            for category in CATEGORIES.iter().skip(1) {
                for product in PRODUCTS.iter().skip(1) {
                    let some = |s: &'static str| (!s.is_empty()).then_some(s);
                    let (c, p) = (some(category), some(product));
                    let want = by_hand(&rows, c, p);
                    use ticketry::condition::Seen;
                    let keys = [c, p].map(|k| k.map_or(Seen::Absent, |s| Seen::Text(s.into())));
                    let found = resources.tables.get("x").unwrap().find(0, &keys);
                    prop_assert_eq!(&found, &want.map_or(Seen::Absent, Seen::Integer), "{:?} {:?} in\n{}", c, p, lines);
                    let t = of(c, p);
                    let view = View::of(&t, at(0));
                    prop_assert_eq!(both[0].holds(&view), both[1].holds(&view));
                }
            }
            Ok(())
        })
        .unwrap();
}
