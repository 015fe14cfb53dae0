//! What arrives at the desk: made by us, the same on every run.
//!
//! Each day is generated from the seed and its own date, so that any day can be made without the others.

use crate::rng::Rng;
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use ticketry::condition::Customer;
use ticketry::id::{FieldName, LevelName, RequesterId};
use ticketry::ticket::Value;

/// The seed of everything.
pub const SEED: u64 = 20_250_928;
/// First day.
pub const FIRST: (i32, u32, u32) = (2025, 9, 28);
/// Last day of the first run.
pub const LAST: (i32, u32, u32) = (2025, 10, 11);
/// When a day's run ends, Beijing time: the office has just closed.
pub const DAY_ENDS: (u32, u32) = (18, 0);

/// An instant given as Beijing wall time, which has no clock changes.
pub fn beijing(day: NaiveDate, hour: u32, minute: u32, second: u32) -> DateTime<Utc> {
    let wall = day.and_time(NaiveTime::from_hms_opt(hour, minute, second).unwrap_or_default());
    wall.and_utc() - TimeDelta::hours(8)
}
/// A date of the window.
pub fn date((y, m, d): (i32, u32, u32)) -> NaiveDate {
    NaiveDate::from_ymd_opt(y, m, d).unwrap_or_default()
}

/// Something that arrives.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// When.
    pub at: DateTime<Utc>,
    /// Its name: the idempotency key and the message's id derive from it.
    pub key: String,
    /// Who.
    pub requester: String,
    /// By which channel.
    pub channel: &'static str,
    /// Ticket type.
    pub kind: &'static str,
    /// Category, where the sender chose one.
    pub category: Option<&'static str>,
    /// First line.
    pub subject: String,
    /// The rest.
    pub body: String,
    /// Order value in fen, for returns.
    pub amount: Option<i64>,
}

/// A customer of the simulated company.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: String,
    pub tier: &'static str,
    pub region: &'static str,
}

const SURNAMES: [&str; 24] = [
    "wang", "li", "zhang", "liu", "chen", "yang", "huang", "zhao", "wu", "zhou", "xu", "sun", "ma", "zhu", "hu", "guo", "he", "lin", "gao",
    "luo", "zheng", "liang", "xie", "tang",
];
const GIVEN: [&str; 30] = [
    "wei", "fang", "min", "jing", "lei", "yan", "juan", "tao", "ming", "chao", "xia", "ping", "gang", "hui", "dan", "bin", "yun", "hao",
    "jie", "ning", "rui", "qian", "shan", "ying", "bo", "xin", "kai", "meng", "lan", "feng",
];

/// All customers: 700 in China, 30 in Germany, 30 in Australia.
pub fn people() -> Vec<Person> {
    let mut all = Vec::new();
    for n in 0..760u32 {
        let mut rng = Rng::of(SEED, &format!("person {n}"));
        let tier = *rng.weighted(&[(74, "standard"), (20, "gold"), (6, "diamond")]);
        let (region, id) = match n {
            0..700 => ("cn", format!("{}.{}{}", rng.pick(&SURNAMES), rng.pick(&GIVEN), n)),
            700..730 => ("de", format!("{}@kunde-{n}.de", rng.pick(&["mueller", "schmidt", "weber", "wagner", "becker", "koch"]))),
            _ => ("au", format!("{}@client-{n}.au", rng.pick(&["smith", "jones", "brown", "taylor", "nguyen", "lee"]))),
        };
        all.push(Person { id, tier, region });
    }
    for (id, tier, region) in [
        ("he.laoshi", "gold", "cn"),
        ("qian.jingli", "diamond", "cn"),
        ("sun.xiaojie", "standard", "cn"),
        ("wu.xiansheng", "standard", "cn"),
        ("lu.nushi", "gold", "cn"),
        ("song.gong", "standard", "cn"),
        ("frau.hoffmann@spree.de", "gold", "de"),
        ("monitor", "standard", "cn"),
    ] {
        all.push(Person { id: id.into(), tier, region });
    }
    all
}

/// The customer records for the desk's directory.
pub fn customers() -> BTreeMap<RequesterId, Customer> {
    let record = |p: &Person| -> Customer {
        let field = |name: &str, value: &str| (FieldName::new(name), Value::Choice(LevelName::new(value)));
        BTreeMap::from([field("tier", p.tier), field("region", p.region)])
    };
    people().iter().map(|p| (RequesterId::new(&p.id), record(p))).collect()
}

/// What a ticket is about: weight, type, category if the sender says, subjects by region cn, de, au.
struct Topic {
    kind: &'static str,
    category: Option<&'static str>,
    cn: &'static [&'static str],
    de: &'static str,
    au: &'static str,
}

const TOPICS: [(u64, Topic); 12] = [
    (
        18,
        topic(
            "enquiry",
            None,
            &["快递三天没动了，什么时候到？", "物流信息一直不更新", "包裹显示签收但我没收到"],
            "Wo bleibt mein Paket?",
            "Where is my parcel?",
        ),
    ),
    (8, topic("enquiry", None, &["怎么开发票？", "发票抬头写错了能改吗"], "Ich brauche eine Rechnung", "I need an invoice")),
    (
        9,
        topic(
            "enquiry",
            Some("product/advice/use"),
            &["怎么连接蓝牙？", "说明书看不懂，怎么恢复出厂设置"],
            "Wie setze ich das Gerät zurück?",
            "How do I reset the device?",
        ),
    ),
    (
        6,
        topic(
            "enquiry",
            Some("product/advice/choice"),
            &["送父母选哪款好？", "标准版和专业版有什么区别"],
            "Welches Modell passt zu mir?",
            "Which model should I buy?",
        ),
    ),
    (
        6,
        topic("enquiry", Some("order/payment/failed"), &["付款失败但是扣款了", "支付一直转圈"], "Zahlung fehlgeschlagen", "Payment failed"),
    ),
    (
        6,
        topic(
            "complaint",
            Some("service/speed/no-answer"),
            &["打了三次电话都没人接", "说好回电，两天了没消息"],
            "Niemand antwortet",
            "Nobody answers",
        ),
    ),
    (
        3,
        topic(
            "complaint",
            Some("service/attitude/agent"),
            &["客服态度太差", "被挂电话，要求道歉"],
            "Unfreundlicher Mitarbeiter",
            "Rude on the phone",
        ),
    ),
    (9, topic("return", Some("order/return/unwanted"), &["七天无理由退货", "买错型号，申请退货"], "Rücksendung", "I want to return it")),
    (6, topic("return", Some("order/return/faulty"), &["收到是坏的，要退货", "质量问题，申请退款"], "Defekt geliefert", "Arrived faulty")),
    (10, topic("repair", None, &["无法开机，申请维修", "屏幕碎了，多少钱修"], "Gerät startet nicht", "Cracked screen")),
    (5, topic("repair", Some("product/device/battery"), &["电池鼓包", "充不进电"], "Akku lädt nicht", "Battery will not charge")),
    (6, topic("incident", Some("it/account/locked"), &["门店账号被锁定", "后台提示账号异常"], "Konto gesperrt", "Account locked")),
];

const fn topic(
    kind: &'static str,
    category: Option<&'static str>,
    cn: &'static [&'static str],
    de: &'static str,
    au: &'static str,
) -> Topic {
    Topic { kind, category, cn, de, au }
}

const CHANNELS: [(u64, &str); 5] = [(34, "wechat"), (22, "phone"), (20, "chat"), (14, "mail"), (10, "portal")];
/// Arrivals by Beijing hour.
const HOURS: [u64; 24] = [1, 1, 0, 0, 0, 1, 2, 4, 8, 12, 14, 12, 8, 10, 12, 12, 11, 9, 7, 8, 9, 8, 5, 2];

/// How many ordinary tickets a day brings: fewer while the shops are shut, more on the first day after.
fn volume(day: NaiveDate) -> u64 {
    let holiday = day >= date((2025, 10, 1)) && day <= date((2025, 10, 8));
    match (day.month(), day.day(), day.weekday().number_from_monday()) {
        (10, 9, _) => 120,
        _ if holiday => 34,
        (9, 28, _) | (10, 11, _) => 62,
        (_, _, 6 | 7) => 30,
        _ => 74,
    }
}

/// Everything that arrives on a day (Beijing time), in order.
pub fn day(day: NaiveDate) -> Vec<Arrival> {
    let mut rng = Rng::of(SEED, &format!("day {day}"));
    let people = people();
    let hours: Vec<(u64, u32)> = HOURS.iter().zip(0..).map(|(w, h)| (*w, h)).collect();
    let mut all = Vec::new();
    for n in 0..volume(day) {
        let at = beijing(day, *rng.weighted(&hours), rng.between(0, 59) as u32, rng.between(0, 59) as u32);
        let p = rng.pick(&people[..760]).clone();
        let t = rng.weighted(&TOPICS);
        let channel = if p.region == "cn" { *rng.weighted(&CHANNELS) } else { *rng.pick(&["mail", "mail", "portal"]) };
        let subject = match p.region {
            "de" => t.de.to_string(),
            "au" => t.au.to_string(),
            _ => (*rng.pick(t.cn)).to_string(),
        };
        let amount = (t.kind == "return").then(|| rng.between(2_900, 120_000));
        let key = format!("{day}/{n:03}");
        all.push(Arrival { at, key, requester: p.id, channel, kind: t.kind, category: t.category, body: subject.clone(), subject, amount });
    }
    if day == date((2025, 10, 9)) {
        burst(day, &people, &mut all);
    }
    all.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
    all
}

const BURST: [(&str, &str); 6] = [
    ("App 打不开了", "更新之后 App 打不开，一直闪退"),
    ("无法登录", "输入验证码后提示系统繁忙，无法登录"),
    ("登录不了，订单看不到", "登录页打不开，今天要收货"),
    ("小程序打不开", "小程序白屏"),
    ("验证码收不到", "试了五次都收不到验证码"),
    ("付款时提示网络异常", "付款页面打不开"),
];

/// 2025-10-09, 20:00 Beijing: the sign-in service fails; about 400 tickets in an hour, 60 of them the same people writing again.
fn burst(day: NaiveDate, people: &[Person], all: &mut Vec<Arrival>) {
    let mut rng = Rng::of(SEED, "burst");
    all.push(Arrival {
        at: beijing(day, 20, 0, 20),
        key: "alarm/1".into(),
        requester: "monitor".into(),
        channel: "api",
        kind: "incident",
        category: Some("it/network/outage"),
        subject: "auth-gateway: 5xx 87%".into(),
        body: "auth-gateway error rate above 80 % for 5 minutes".into(),
        amount: None,
    });
    let mut firsts = Vec::new();
    for n in 0..340 {
        // It builds up quickly and thins out.
        let minute = (rng.below(60) * rng.below(60) / 60) as u32;
        let at = beijing(day, 20, minute, rng.between(0, 59) as u32) + TimeDelta::seconds(75);
        let p = &people[(n * 2 + rng.below(2) as usize) % 700];
        let (subject, body) = *rng.pick(&BURST);
        let channel = *rng.weighted(&[(50, "wechat"), (30, "chat"), (10, "portal"), (10, "mail")]);
        firsts.push(Arrival {
            at,
            key: format!("burst/{n:03}"),
            requester: p.id.clone(),
            channel,
            kind: "enquiry",
            category: None,
            subject: subject.into(),
            body: body.into(),
            amount: None,
        });
    }
    for n in 0..60 {
        let first = rng.pick(&firsts).clone();
        // Again by another channel, so that it is a ticket of its own.
        let channel = if first.channel == "portal" { "mail" } else { "portal" };
        let at = first.at + TimeDelta::seconds(rng.between(180, 900));
        let body = format!("{}！！{}", first.body, rng.pick(&["急", "还是不行", "有人吗", "再报一次"]));
        all.push(Arrival { at, key: format!("again/{n:02}"), channel, body, ..first });
    }
    all.extend(firsts);
}
