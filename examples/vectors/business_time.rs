//! Vectors of schema `business-time/1`.

use super::{Outcome, by_convention};
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::{cell::RefCell, collections::HashMap, ops::Range};
use ticketry::calendar::*;

/// Runs one case.
pub fn case(file: &Value, case: &Value) -> Outcome {
    by_convention(case, &ALSO, || match got(file, case) {
        Ok(got) => Outcome::of(&case["expect"], got),
        Err(why) => Outcome::failed(&case["expect"], why),
    })
}

/// Rules of others that the calendar knows too, each by its name.
const ALSO: [(&str, &[&str]); 4] = [
    ("gap", &["one_hour_later", "shift_forward"]),
    ("fold", &["earlier", "later_offset", "later"]),
    ("day_rule", &["plain", "snap_result", "roll_closed_instant_first", "plain_then_day_end"]),
    ("day_count", &["open_days_in_(start,end]", "open_days_inclusive"]),
];

fn instant(v: &Value) -> Result<DateTime<Utc>, String> {
    v.as_str().and_then(|s| s.parse().ok()).ok_or_else(|| format!("no instant: {v}"))
}
fn text(t: Option<DateTime<Utc>>) -> Value {
    t.map_or(json!("never"), |t| json!(t.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)))
}
/// Seconds, fractional ones to the microsecond.
fn seconds(v: &Value) -> Result<TimeDelta, String> {
    if let Some(n) = v.as_i64() {
        return Ok(TimeDelta::seconds(n));
    }
    v.as_f64().map(|f| TimeDelta::microseconds((f * 1e6).round() as i64)).ok_or_else(|| format!("no seconds: {v}"))
}
fn in_seconds(d: TimeDelta) -> Value {
    let micros = d.num_microseconds().unwrap_or(i64::MAX);
    if micros % 1_000_000 == 0 { json!(micros / 1_000_000) } else { json!(micros as f64 / 1e6) }
}

/// A definition from the schema's form; its windows lie within one date.
pub fn definition(v: &Value) -> Result<CalendarDefinition, String> {
    let windows = |v: &Value| -> Result<Vec<Window>, String> {
        let list = v.as_array().ok_or("no list of windows")?;
        let end = |w: &Value, i: usize| w[i].as_str().map(str::to_string).ok_or("no time of day");
        list.iter().map(|w| Window::same_day(&end(w, 0)?, &end(w, 1)?).map_err(|e| e.to_string())).collect()
    };
    let date = |s: &str| s.parse::<NaiveDate>().map_err(|e| format!("{s}: {e}"));
    let none = serde_json::Map::new();
    let table = |k: &str| match &v[k] {
        Value::Null => Ok(none.clone()),
        Value::Object(t) => Ok(t.clone()),
        other => Err(format!("{k} is no table: {other}")),
    };
    let mut d = CalendarDefinition::new("vector", v["time_zone"].as_str().unwrap_or_default());
    for (day, list) in table("weekly")? {
        let long = day.parse::<chrono::Weekday>().ok().filter(|_| day.len() == 3);
        d.weekly.set(long.ok_or_else(|| format!("no day: {day}"))?, windows(&list)?);
    }
    for key in ["holidays", "yearly_holidays"] {
        if !v[key].is_null() && !v[key].is_array() {
            return Err(format!("{key} is no list: {}", v[key]));
        }
        for h in v[key].as_array().into_iter().flatten() {
            d.holidays.push(h.as_str().unwrap_or_default().parse::<Holiday>().map_err(|e| e.to_string())?);
        }
    }
    for (day, list) in table("date_hours")? {
        d.date_hours.insert(date(&day)?, windows(&list)?);
    }
    for (day, list) in table("date_breaks")? {
        d.date_breaks.insert(date(&day)?, windows(&list)?);
    }
    Ok(d)
}

thread_local! {
    /// Compiled calendars by their text: a file's cases share a few.
    static COMPILED: RefCell<HashMap<String, Calendar>> = RefCell::new(HashMap::new());
}

fn calendar(file: &Value, case: &Value) -> Result<Calendar, String> {
    let def = match case["calendar"].as_str() {
        Some(name) => &file["calendars"][name],
        None => &case["calendar_def"],
    };
    COMPILED.with_borrow_mut(|known| {
        let key = def.to_string();
        if let Some(c) = known.get(&key) {
            return Ok(c.clone());
        }
        let c = Calendar::compile(&definition(def)?).map_err(|e| e.to_string())?;
        known.insert(key, c.clone());
        Ok(c)
    })
}

fn periods(list: impl Iterator<Item = Range<DateTime<Utc>>>, case: &Value) -> Value {
    let count = case["count"].as_u64().unwrap_or(1) as usize;
    list.take(count).map(|p| json!([text(Some(p.start)), text(Some(p.end))])).collect()
}

fn got(file: &Value, case: &Value) -> Result<Value, String> {
    let op = case["op"].as_str().unwrap_or_default();
    if op == "validate" {
        let valid = definition(&case["calendar_def"]).is_ok_and(|d| Calendar::compile(&d).is_ok());
        return Ok(json!(if valid { "valid" } else { "invalid" }));
    }
    if op == "wall_to_instant" {
        return wall(case);
    }
    let c = calendar(file, case)?;
    let at = instant(&case["at"])?;
    Ok(match op {
        "add" => text(c.add(at, seconds(&case["seconds"])?)),
        "sub" => text(c.sub(at, seconds(&case["seconds"])?)),
        "add_then_sub" => {
            let d = seconds(&case["seconds"])?;
            text(c.add(at, d).and_then(|u| c.sub(u, d)))
        }
        "elapsed" => in_seconds(c.elapsed(at, instant(&case["to"])?)),
        "is_open" => json!(c.is_open(at)),
        "is_holiday" => json!(c.is_holiday_at(at)),
        "is_workday" => json!(c.is_workday_at(at)),
        "next_open" => text(c.next_open(at)),
        "following_open" => text(c.following_open(at)),
        "next_close" => text(c.next_close(at)),
        "prev_close" => text(c.prev_close(at)),
        "open_periods" => periods(c.open_periods(at), case),
        "open_periods_back" => periods(c.open_periods_back(at), case),
        "add_days" => {
            let rule = match case["convention"]["day_rule"].as_str() {
                Some("plain") => DayRule::Plain,
                Some("snap_result") => DayRule::Snap,
                Some("roll_closed_date_first") => DayRule::RollDate,
                Some("roll_closed_instant_first") => DayRule::RollInstant,
                Some("plain_then_day_end") => DayRule::PlainThenDayEnd,
                None => DayRule::RollDateThenSnap,
                Some(other) => return Err(format!("unknown day rule {other}")),
            };
            text(c.add_days_by(at, case["days"].as_i64().ok_or("no days")?, rule))
        }
        "days_between" => {
            let count = match case["convention"]["day_count"].as_str() {
                Some("open_days_in_(start,end]") | None => DayCount::AfterStart,
                Some("open_days_inclusive") => DayCount::Inclusive,
                Some(other) => return Err(format!("unknown day count {other}")),
            };
            json!(c.days_between(at, instant(&case["to"])?, count))
        }
        other => return Err(format!("unknown op {other}")),
    })
}

fn wall(case: &Value) -> Result<Value, String> {
    let wall = case["wall"].as_str().ok_or("no wall time")?;
    let (day, time) = wall.split_once('T').ok_or("no wall time")?;
    let day: NaiveDate = day.parse().map_err(|e| format!("{e}"))?;
    let time = if time.len() == 5 { format!("{time}:00") } else { time.to_string() };
    // 24:00 is the next date's midnight.
    let wall: NaiveDateTime = match time.as_str() {
        "24:00:00" => day.succ_opt().ok_or("no next date")?.into(),
        _ => day.and_time(time.parse().map_err(|e| format!("{e}"))?),
    };
    let gap = match case["convention"]["gap"].as_str() {
        Some("one_hour_later" | "shift_forward") => GapRule::Shift,
        None | Some("gap_end") => GapRule::End,
        Some(other) => return Err(format!("unknown gap rule {other}")),
    };
    let fold = match case["convention"]["fold"].as_str() {
        None | Some("earlier_offset" | "earlier") => FoldRule::Earlier,
        Some("later_offset" | "later") => FoldRule::Later,
        Some(other) => return Err(format!("unknown fold rule {other}")),
    };
    let zone = case["time_zone"].as_str().unwrap_or_default();
    Ok(text(zone_wall_to_instant(zone, wall, gap, fold).map_err(|e| e.to_string())?))
}
