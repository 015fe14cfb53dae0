//! The roster: S64, S65, S85.

use super::*;

const GOOD: &str = r#"
managers = ["zhao"]

[groups.l1]
lead = "wang"
on_call = ["li", "han"]

[groups.l2]
manager = "han"

[[agents]]
id = "li"
name = "李雷"
groups = ["l1", "l2"]
skills = { bgp = 3, de = 1 }
capacity = 4
shift = "late"
absences = [{ from = 2025-10-01T00:00:00+08:00, to = "2025-10-09T00:00:00+08:00", reason = "national day" }]
backup = "han"

[[agents]]
id = "han"
groups = ["l1"]
roles = ["lead"]
capacity = 2

[[agents]]
id = "wang"
groups = ["l2"]
on_call = true

[[agents]]
id = "zhao"
"#;

fn good() -> Roster {
    let (r, problems) = Roster::from_toml("roster.toml", GOOD, &schema());
    assert!(problems.is_empty(), "{problems}");
    r.unwrap()
}

#[test]
fn s64_lead_manager_and_on_call_are_found() {
    let r = good();
    let (l1, l2) = (GroupId::new("l1"), GroupId::new("l2"));
    assert_eq!(r.lead(&l1).unwrap(), "wang");
    assert_eq!(r.lead(&l2), None);
    assert_eq!((r.manager(Some(&l1)).unwrap().as_str(), r.manager(Some(&l2)).unwrap().as_str()), ("zhao", "han"));
    assert_eq!(r.manager(None).unwrap(), "zhao");
    assert_eq!(r.on_call(&l1, now()), ["li", "han"]);
    assert_eq!(r.on_call(&l1, t("2025-10-02T00:00:00Z")), ["han"], "one on leave is not on call");
    assert_eq!(r.on_call(&l2, now()), ["wang"], "no list: whoever is flagged");
}

#[test]
fn recipients_are_people_or_nobody() {
    let r = good();
    let mut x = ticket();
    let to = |x: &Ticket, word: &str| r.recipients(&Recipient::parse(word).unwrap(), x, now());
    assert_eq!(to(&x, "lead"), ["wang"]);
    assert_eq!(to(&x, "manager"), ["zhao"]);
    assert_eq!(to(&x, "on_call"), ["li", "han"]);
    assert_eq!(to(&x, "group:l1"), ["han", "li"]);
    assert_eq!(to(&x, "agent:li"), ["li"]);
    for nobody in ["requester", "assignee", "owner", "watchers", "agent:stranger", "group:none"] {
        assert!(to(&x, nobody).is_empty(), "{nobody}");
    }
    x.group = Some("l2".into());
    assert!(to(&x, "lead").is_empty(), "no lead known: the next level acts");
    (x.assignee, x.owner) = (Some("li".into()), Some("han".into()));
    x.watchers = ["zhao".into()].into();
    assert_eq!((to(&x, "assignee"), to(&x, "owner"), to(&x, "watchers")), (vec!["li".into()], vec!["han".into()], vec!["zhao".into()]));
}

#[test]
fn roles_come_from_the_roster_never_from_the_caller() {
    let r = good();
    assert_eq!(r.roles(&Actor::agent("han")), ["agent", "lead"]);
    assert_eq!(r.roles(&Actor::agent("stranger")), [""; 0]);
    assert_eq!(r.roles(&Actor::requester("x")), ["requester"]);
    assert_eq!(r.roles(&Actor::System), ["system"]);
    assert_eq!(Roster::empty().roles(&Actor::Integration("erp".into())), ["integration"]);
    assert!(r.in_group(&"li".into(), &"l2".into()) && !r.in_group(&"li".into(), &"experts".into()));
    assert_eq!((r.len(), r.is_empty()), (4, false));
}

#[test]
fn all_problems_of_a_roster_at_once_with_places() {
    let (r, d) = Roster::from_toml(
        "roster.toml",
        r#"managers = ["zaho"]
[groups.l1]
lead = "nobody"
[groups.l9]
[[agents]]
id = "zhao"
groups = ["l1", "l8"]
skills = { bgb = 3, de = 7 }
roles = ["boss"]
capacity = -1
shift = "lat"
backup = "zhao"
absences = [{ from = 2025-10-02T00:00:00Z, to = 2025-10-01T00:00:00Z }, { from = 2025-10-01 }]
[[agents]]
id = "zhao"
color = "red"
[[agents]]
name = "x"
"#,
        &schema(),
    );
    assert!(r.is_none());
    let mut found: Vec<(&str, String)> = d.iter().map(|d| (d.code, d.place().unwrap().to_string())).collect();
    found.sort();
    let has = |code: &str, place: &str| {
        assert!(found.iter().any(|(c, p)| *c == code && p == &format!("roster.toml:{place}")), "{code} {place} in {found:#?}")
    };
    has("unknown-name", "1:12");
    has("unknown-name", "3:8");
    has("unknown-name", "4:9");
    has("unknown-name", "7:10");
    has("unknown-name", "8:10");
    has("out-of-range", "8:26");
    has("unknown-name", "9:9");
    has("out-of-range", "10:12");
    has("unknown-name", "11:9");
    has("unknown-name", "12:10");
    has("empty-absence", "13:12");
    has("bad-instant", "13:82");
    has("duplicate-id", "15:6");
    has("unknown-key", "16:1");
    assert!(found.iter().any(|(c, _)| *c == "missing-key"));
    assert!(d.iter().all(|d| !d.message.zh.is_empty()));
}

#[test]
fn json_and_the_builder_make_the_same_roster() {
    let d = RosterDefinition::default()
        .agent(Agent::new("li").name("李雷").group("l1").skill("bgp", 3).role("lead").capacity(4).shift("late").backup("han").on_call())
        .agent(Agent::new("han").absent(now(), None))
        .lead("l1", "li")
        .on_call("l1", "han")
        .manager("han");
    let json = serde_json::to_string(&d).unwrap();
    let (a, p) = Roster::from_json("roster.json", &json, &schema());
    assert!(p.is_empty(), "{p}");
    let b = d.build(&schema()).0.unwrap();
    assert_eq!(format!("{a:?}"), format!("{:?}", Some(b)));
    let (none, p) = Roster::from_json("roster.json", "{\n  \"agents\": [{\"id\": 3}]\n}", &schema());
    assert!(none.is_none());
    assert_eq!(p.iter().next().unwrap().place().unwrap().line, 2);
    let (none, p) = Roster::from_json("roster.json", r#"{"agents":[{"id":"a","skills":{"bgp":9}}]}"#, &schema());
    assert!(none.is_none());
    assert_eq!(p.iter().next().unwrap().to_owned().code, "skill-level");
}
