//! What scripts reach besides the ticket and the tables: business time, and functions of the host's.

use super::desk::{at, by_agent, schema, ticket};
use std::sync::Arc;
use ticketry::calendar::{Calendar, CalendarDefinition, Calendars};
use ticketry::condition::View;
use ticketry::diagnostic::{FaultKind, Lang, Place, RuleFault, Source, text};
use ticketry::playbook::Playbook;
use ticketry::rules::{self, Consideration, Function, Functions, Resources, RhaiScripts, RuleSet, ValueKind};
use ticketry::ticket::*;

fn calendars() -> Calendars {
    use chrono::Weekday::*;
    let office =
        CalendarDefinition::new("office", "Asia/Shanghai").days(&[Mon, Tue, Wed, Thu, Fri], &["09:00-12:00", "13:00-18:00"]).unwrap();
    let office = Calendar::compile(&office).unwrap();
    Calendars::new(office).with(Calendar::compile(&CalendarDefinition::always("always", "UTC")).unwrap())
}

fn functions() -> Functions {
    let area = |args: &[Option<Value>]| match args {
        [Some(Value::Text(s)), Some(Value::Integer(n))] => Ok(s.get(..usize::try_from(*n).unwrap_or(0)).map(Value::from)),
        [None, _] => Ok(None),
        _ => Err(text("give it a text and a number", "请给出文本和数字")),
    };
    Functions::new()
        .with(Function::new("area", [ValueKind::Text, ValueKind::Integer], ValueKind::Text, area))
        .with(Function::new("known", [ValueKind::Text], ValueKind::Boolean, |a| Ok(Some(Value::Boolean(a[0].is_some())))))
        .with(Function::new("bug", [], ValueKind::Boolean, |_| panic!("a bug of the host")))
        .with(Function::new("liar", [], ValueKind::Boolean, |_| Ok(Some(Value::Integer(1)))))
        .with(Function::new("fails", [ValueKind::Text], ValueKind::Text, |_| Err(text("no such place", "没有该地点"))))
        .with(Function::new("huge", [], ValueKind::Text, |_| Ok(Some(Value::text("x".repeat(5_000))))))
        .with(Function::new("dear", [], ValueKind::Boolean, |_| Ok(Some(Value::Boolean(true)))).cost(10_000))
        .with(Function::new("half", [ValueKind::Decimal], ValueKind::Decimal, |a| match &a[0] {
            Some(Value::Decimal(d)) => Ok(Some(Value::Decimal(Decimal::new(d.units() / 2, d.scale())))),
            _ => Ok(None),
        }))
        .with(Function::new("sorted", [ValueKind::Names], ValueKind::Names, |a| Ok(a[0].clone())))
}

fn resources() -> Arc<Resources> {
    Arc::new(Resources::new().calendars(calendars()).functions(functions()))
}

fn load(file: &str) -> (RuleSet, String) {
    let source = Source::new().with("rules/a.rhai", file);
    let (set, problems) = rules::load_with(&source, &schema(), &resources());
    (set, problems.render(Lang::En, Some(&source)))
}
fn when(condition: &str) -> String {
    format!("rule(\"r\").on(\"created\").when(|t| {condition}).then(|t| t.tag(\"x\"));\n")
}
fn then(body: &str) -> String {
    format!("rule(\"r\").on(\"created\").then(|t| {{ {body} }});\n")
}

fn noted(body: &str, t: &Ticket) -> String {
    let (set, problems) = load(&then(body));
    assert!(problems.is_empty(), "{body}\n{problems}");
    match set.named("r").unwrap().1.consider(&View::of(t, at(0))) {
        Consideration::Matched(actions) => {
            actions.iter().map(|a| if let Action::Note(s) = a { s.clone() } else { format!("{a:?}") }).collect()
        }
        other => panic!("{body}: {other:?}"),
    }
}

fn fault(body: &str) -> RuleFault {
    let (set, problems) = load(&then(body));
    assert!(problems.is_empty(), "{body}\n{problems}");
    match set.named("r").unwrap().1.consider(&View::of(&ticket(), at(0))) {
        Consideration::Faulted(f) => f,
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn whether_a_calendar_is_open_is_asked_natively() {
    // 2025-10-09 16:53:20 in Shanghai, a Thursday.
    let t = ticket();
    for (condition, minute, want) in [
        ("is_open()", 0, true),
        ("is_open()", 120, false),
        ("is_open(\"always\")", 120, true),
        ("!is_open(\"office\")", 120, true),
        ("is_open(\"office\", t.created_at)", 120, true),
        ("is_workday(\"office\")", 0, true),
        ("is_workday(\"office\")", 2 * 24 * 60, false),
        ("is_holiday(\"office\")", 0, false),
        ("is_open(\"office\", t.promised) == ()", 0, true),
        ("is_open(\"office\", t.due) == true", 0, false),
    ] {
        let both = RhaiScripts.both(condition, &Place::file("x"), &schema(), &resources()).unwrap_or_else(|d| panic!("{condition}\n{d}"));
        assert!(both[0].is_native(), "{condition}");
        let [a, b] = both.map(|e| e.holds(&View::of(&t, at(minute))).unwrap());
        assert_eq!((a, b), (want, want), "{condition} at {minute}");
    }
    let (set, problems) = load(&when("is_open(\"office\") && t.seats == ()"));
    assert!(problems.is_empty(), "{problems}");
    let rule = set.named("r").unwrap().1;
    let no = rule.first_false(&View::of(&t, at(120))).unwrap();
    assert_eq!(no, "is_open(\"office\") (now = 2025-10-09T10:53:20Z, is_open(\"office\") = false)");
}

#[test]
fn business_time_in_scripts() {
    let mut t = ticket();
    t.fields.insert("promised".into(), by_agent(Value::Instant(at(60 * 24))).unwrap());
    for (body, want) in [
        ("t.note(\"\" + open_time(t.created_at, t.promised))", "28800s"),
        ("t.note(\"\" + open_time(t.promised, t.created_at))", "-28800s"),
        ("t.note(\"\" + open_time(t.created_at, t.promised, \"always\"))", "86400s"),
        ("if open_time(t.created_at, t.promised) > \"7h\" { t.note(\"long\") }", "long"),
        ("t.note(\"\" + workdays(t.created_at, t.promised))", "1"),
        ("t.note(\"\" + add_time(t.created_at, \"2bh\"))", "2025-10-10T01:53:20Z"),
        ("t.note(\"\" + add_time(t.created_at, \"2bd\"))", "2025-10-13T08:53:20Z"),
        ("t.note(\"\" + add_time(t.created_at, \"2h\", \"always\"))", "2025-10-09T10:53:20Z"),
        ("t.note(\"\" + next_open(add_time(t.created_at, \"3h\")))", "2025-10-10T01:00:00Z"),
        ("t.note(\"\" + next_close(t.created_at))", "2025-10-09T10:00:00Z"),
        ("t.note(`${date(t.created_at)} ${weekday(t.created_at)} ${hour(t.created_at)}:${minute(t.created_at)}`)", "2025-10-09 thu 16:53"),
        ("t.note(`${hour(t.created_at, \"always\")} ${t.created_at.hour()} ${year(now)}-${month(now)}-${day(now)}`)", "8 16 2025-10-9"),
        ("t.note(`[${hour(t.due)}${open_time(t.created_at, t.due)}${add_time(t.due, \"1h\")}]`)", "[]"),
        ("let c = \"always\"; t.note(`${is_open()} ${is_open(c)} ${is_open(c, t.created_at)} ${is_workday(c)}`)", "true true true true"),
    ] {
        assert_eq!(noted(body, &t), want, "{body}");
    }
    assert_eq!(fault("let c = \"ofice\"; t.note(\"\" + is_open(c));").help().unwrap().en, "did you mean `office`?");
    assert_eq!(fault("let x = 3 + 1; t.note(\"\" + hour(x));").kind, FaultKind::Type);
    assert_eq!(fault("let x = \"soon\" + 1; t.note(\"\" + add_time(t.created_at, x));").kind, FaultKind::Type);
    assert_eq!(fault("loop { next_open(t.created_at); }").kind, FaultKind::Budget);
}

#[test]
fn what_people_write_is_read_with_few_words() {
    let mut t = ticket();
    t.subject = "  VPN 无法连接\nOrder: A-12 34\n".into();
    for (body, want) in [
        (
            "t.note(`${t.subject.contains_any([\"lan\", \"ｖｐｎ\"])} ${t.subject.contains_any([\"lan\"])} ${t.subject.contains_any([])}`)",
            "true false false",
        ),
        ("t.note(`${t.subject.contains_all([\"order\", \"vpn\"])} ${t.subject.contains_all([\"order\", \"lan\"])}`)", "true false"),
        (
            "t.note(`${t.subject.has_word(\"vpn\")} ${t.subject.has_word(\"vp\")} ${t.subject.has_word(\"法连\")} ${t.subject.has_word(\"\")}`)",
            "true false true false",
        ),
        ("t.note(`${\"VPN\".contains_any([\"vpn\"])} ${\"a-b\".has_word(\"b\")} ${\"ab\".has_word(\"b\")}`)", "false true false"),
        ("t.note(t.subject.first_line())", "VPN 无法连接"),
        ("if t.subject.first_line() == \"vpn 无法连接\" { t.note(\"folded\") }", "folded"),
        (
            "t.note(`${t.subject.lines().len()} ${t.subject.words()} ${t.subject.digits()}`)",
            "2 [\"VPN\", \"无法连接\", \"Order:\", \"A-12\", \"34\"] 1234",
        ),
        (
            "t.note(`[${t.subject.after(\"Order: \").trimmed()}] [${t.subject.before(\"?\")}] ${t.subject.trimmed().before(\" \")}`)",
            "[A-12 34] [] VPN",
        ),
        (
            "t.note(`${t.site.is_blank()} ${\" \".is_blank()} ${t.subject.is_blank()} [${t.site.trimmed()}] ${t.site.words()}`)",
            "true true false [] []",
        ),
        ("t.note(`${t.amount} ${t.created_at} ${[t.impact]}`)", " 2025-10-09T08:53:20Z [()]"),
    ] {
        assert_eq!(noted(body, &t), want, "{body}");
    }
    let (set, problems) = load(&when("t.subject.contains_any([\"lan\", \"ｖｐｎ\"])"));
    assert!(problems.is_empty(), "{problems}");
    let rule = set.named("r").unwrap().1;
    assert!(rule.is_native(), "a list that is written out is lowered");
    assert!(matches!(rule.consider(&View::of(&t, at(0))), Consideration::Matched(_)));
    assert_eq!(fault("let n = [1]; t.note(\"\" + n.first_line());").kind, FaultKind::Type);
    assert_eq!(fault("let s = \"\"; s.pad(1000, \"a \"); s.words();").kind, FaultKind::Size);
    assert_eq!(fault("loop { t.subject.contains_any([\"a\", \"b\", \"c\"]); }").kind, FaultKind::Budget);
}

#[test]
fn functions_of_the_host_are_called_with_values_of_the_ticket() {
    let mut t = ticket();
    t.fields.insert("site".into(), by_agent("上海 VPN".into()).unwrap());
    t.fields.insert("amount".into(), by_agent(Value::Decimal(Decimal::new(1990, 2))).unwrap());
    for (body, want) in [
        ("t.note(area(t.site, 3))", "上"),
        ("t.note(`[${area(t.order_number, 3)}]`)", "[]"),
        ("t.note(\"\" + half(t.amount) + \" \" + half(7))", "9.95 3"),
        ("t.note(sorted([\"b\", \"a\"]).join(\",\"))", "a,b"),
        ("t.note(\"\" + t.site.area(3))", "上"),
    ] {
        assert_eq!(noted(body, &t), want, "{body}");
    }
    let (set, problems) = load(&when("known(t.site) && area(t.site, 3) == \"上\""));
    assert!(problems.is_empty(), "{problems}");
    assert!(matches!(set.named("r").unwrap().1.consider(&View::of(&t, at(0))), Consideration::Matched(_)));
}

#[test]
fn s24_a_function_of_the_host_that_breaks_is_a_fault_of_the_rule() {
    for (body, kind, said) in [
        (
            "if bug() { t.tag(\"x\"); }",
            FaultKind::HostFunction,
            "rules/a.rhai:1:39: the function `bug` failed: this is a bug of the program",
        ),
        (
            "if liar() { t.tag(\"x\"); }",
            FaultKind::HostFunction,
            "rules/a.rhai:1:39: `liar` is to give a value of kind boolean and gave another: this is a bug of the program",
        ),
        ("t.note(fails(t.site));", FaultKind::Other, "rules/a.rhai:1:43: `fails`: no such place"),
        ("t.note(huge());", FaultKind::Size, "rules/a.rhai:1:43: `huge` gave more than a script can hold"),
        ("dear(); dear();", FaultKind::Budget, "rules/a.rhai:1:44: the rule takes too many steps"),
        (
            "let x = [1]; t.note(area(x, 3));",
            FaultKind::Type,
            "rules/a.rhai:1:56: `area` takes a value of kind text as number 1, this is a list",
        ),
    ] {
        let f = fault(body);
        assert_eq!((f.kind, f.to_string().as_str()), (kind, said), "{body}");
    }
}

#[test]
fn each_mistake_in_a_call_has_its_code_and_its_place() {
    let mut all = String::new();
    for (code, file) in [
        ("unknown-calendar", when("is_open(\"ofice\")")),
        ("unknown-calendar", then("t.note(\"\" + hour(now, \"ofice\"));")),
        ("wrong-argument", when("is_open(\"office\", now, 3)")),
        ("wrong-argument", when("is_open(3)")),
        ("wrong-argument", then("t.note(\"\" + open_time(t.created_at));")),
        ("wrong-type", when("is_open(\"office\", t.impact)")),
        ("wrong-type", then("t.note(\"\" + hour(t.impact));")),
        ("wrong-type", then("t.note(\"\" + hour(\"soon\"));")),
        ("bad-duration", then("t.note(\"\" + add_time(now, \"3 days\"));")),
        ("unknown-function", when("is_opne(\"office\")")),
        ("unknown-function", when("aera(t.site, 3) == \"x\"")),
        ("wrong-argument", when("area(t.site) == \"x\"")),
        ("wrong-type", when("area(t.seats, 3) == \"x\"")),
        ("wrong-type", when("area(t.site, \"3\") == \"x\"")),
        ("not-a-condition", when("area(t.site, 3)")),
        ("ticket-escapes", when("known(t)")),
    ] {
        let (_, found) = load(&file);
        assert!(found.contains(&format!("error[{code}]")), "{code}: {file}\n{found}");
        all.push_str(&format!("# {code}\n{found}\n"));
    }
    insta::assert_snapshot!("reach", all);
}

#[test]
fn what_a_host_offers_is_checked() {
    let simple = |name: &str| Function::new(name, [], ValueKind::Boolean, |_| Ok(None));
    for (functions, said) in [
        (Functions::new().with(simple("lookup")), "scripts have a `lookup` already"),
        (Functions::new().with(simple("contains")), "scripts have a `contains` already"),
        (Functions::new().with(simple("while")), "scripts have a `while` already"),
        (Functions::new().with(simple("two words")), "a function cannot be called `two words`"),
        (Functions::new().with(simple("a")).with(simple("a")), "the host offers two functions `a`"),
        (Functions::new().with(Function::new("many", [ValueKind::Text; 7], ValueKind::Text, |_| Ok(None))), "`many` takes 7 values"),
    ] {
        let found = Playbook::loader().functions(functions).load(&Playbook::starter_source()).unwrap_err();
        assert!(found.iter().any(|d| d.code == "bad-function") && found.to_string().contains(said), "{found}");
    }
}

#[test]
fn functions_are_part_of_the_playbook() {
    let digest = |version| {
        let f = Function::new("area", [ValueKind::Text], ValueKind::Text, |a| Ok(a[0].clone())).version(version);
        Playbook::loader().functions(Functions::new().with(f)).load(&Playbook::starter_source()).unwrap().playbook.digest()
    };
    assert_eq!(digest(1), digest(1));
    assert_ne!(digest(1), digest(2));
    assert_ne!(digest(1), Playbook::starter().unwrap().digest());
    // Guards and policies reach them as rules do.
    let s = rules::scripts_with(&resources());
    let e = s.condition("known(t.site) && is_open(\"office\")", &Place::file("w"), &schema()).unwrap();
    assert!(!e.holds(&View::of(&ticket(), at(0))).unwrap());
    assert!(rules::scripts().condition("known(t.site)", &Place::file("w"), &schema()).is_err());
}
