//! The outbox: at least once, with stable keys, backing off; and the loop that sleeps exactly.

use super::stores::Wrapped;
use crate::engine::stage::Stage;
use chrono::TimeDelta;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use ticketry::desk::{Courier, Delivered, Delivery};
use ticketry::engine::What;
use ticketry::playbook::Playbook;
use ticketry::store::{AnyStore, MemoryStore};
use ticketry::ticket::*;

/// A courier that does as it is told, and then delivers.
#[derive(Clone, Debug, Default)]
struct Moody {
    answers: Arc<Mutex<VecDeque<Delivery>>>,
    asked: Arc<Mutex<Vec<EffectKey>>>,
}

impl Courier for Moody {
    async fn deliver(&self, effect: &Effect) -> Delivery {
        self.asked.lock().unwrap().push(effect.key);
        self.answers.lock().unwrap().pop_front().unwrap_or(Delivery::Done)
    }
}

fn stage(store: AnyStore) -> (Stage, Moody) {
    let courier = Moody::default();
    let c = courier.clone();
    (Stage::opened(|b| b.courier(c), Playbook::starter().unwrap(), store), courier)
}

fn out(done: u64, later: u64, never: u64) -> Delivered {
    Delivered { done, later, never }
}

#[test]
fn a_courier_that_fails_is_asked_again_later_with_the_same_key() {
    let (s, courier) = stage(AnyStore::new(MemoryStore::new()));
    let t = s.create();
    s.as_agent("li", &t, What::reply("try water"));
    courier.answers.lock().unwrap().extend([Delivery::Later("busy".into()), Delivery::Later("busy".into())]);
    assert_eq!(s.desk.deliver(100).unwrap(), out(0, 1, 0));
    // Not before two minutes are over, then four.
    let wake = s.desk.next_wake().unwrap().unwrap();
    assert_eq!(wake, s.desk.now() + TimeDelta::minutes(2));
    assert_eq!(s.desk.deliver(100).unwrap(), out(0, 0, 0));
    s.clock.set(wake - TimeDelta::microseconds(1));
    assert_eq!(s.desk.deliver(100).unwrap(), out(0, 0, 0));
    s.clock.set(wake);
    assert_eq!(s.desk.deliver(100).unwrap(), out(0, 1, 0));
    assert_eq!(s.desk.next_wake().unwrap().unwrap(), wake + TimeDelta::minutes(4));
    s.pass(4);
    assert_eq!(s.desk.deliver(100).unwrap(), out(1, 0, 0));
    let asked = courier.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|k| *k == asked[0]), "one key for all attempts");
    assert_eq!(s.desk.deliver(100).unwrap(), out(0, 0, 0), "nothing is left");
}

#[test]
fn an_effect_is_given_up_when_the_courier_says_never_or_after_twenty_attempts() {
    let store = MemoryStore::new();
    let (s, courier) = stage(AnyStore::new(store.clone()));
    let t = s.create();
    s.as_agent("li", &t, What::reply("one"));
    courier.answers.lock().unwrap().push_back(Delivery::Never("no such address".into()));
    assert_eq!(s.desk.deliver(100).unwrap(), out(0, 0, 1));
    s.as_agent("li", &t, What::reply("two"));
    courier.answers.lock().unwrap().extend((0..30).map(|_| Delivery::Later("busy".into())));
    let mut attempts = 0;
    while s.desk.deliver(100).unwrap().never == 0 {
        attempts += 1;
        assert!(attempts < 30);
        s.pass(60 * 24);
    }
    assert_eq!(attempts, 19);
    let why: Vec<String> = store.dead().into_iter().map(|d| d.1).collect();
    assert_eq!(why, ["no such address", "busy"]);
}

#[test]
fn after_a_crash_between_delivery_and_record_it_goes_out_again_with_the_same_key() {
    let wrapped = Wrapped::new(false);
    let (s, courier) = stage(AnyStore::new(wrapped.clone()));
    let t = s.create();
    s.as_agent("li", &t, What::reply("try water"));
    *wrapped.settle_fails.lock().unwrap() = true;
    assert!(s.desk.deliver(100).unwrap_err().retryable());
    *wrapped.settle_fails.lock().unwrap() = false;
    assert_eq!(s.desk.deliver(100).unwrap(), out(0, 0, 0), "still leased");
    s.pass(2);
    assert_eq!(s.desk.deliver(100).unwrap(), out(1, 0, 0));
    let asked = courier.asked.lock().unwrap();
    assert_eq!((asked.len(), asked[0]), (2, asked[1]));
}

#[test]
fn the_documented_loop_never_spins() {
    // Effects that cannot leave, a queue nobody serves, a ticket that cannot be swept: each round must either do something or sleep.
    let wrapped = Wrapped::new(false);
    let (s, courier) = stage(AnyStore::new(wrapped.clone()));
    courier.answers.lock().unwrap().extend((0..1000).map(|_| Delivery::Later("busy".into())));
    for _ in 0..8 {
        let t = s.create();
        let handoff = What::HandOff { group: "support".into(), skills: Default::default(), reason: String::new() };
        let t = s.as_agent("li", &t, handoff);
        s.as_agent("li", &t, What::reply("soon"));
    }
    let mut idle_rounds = 0;
    let mut rounds = 0;
    let end = s.desk.now() + TimeDelta::days(3);
    while s.desk.now() < end {
        rounds += 1;
        assert!(rounds < 2_000, "the loop spins");
        let now = s.desk.now();
        if rounds % 5 == 0 {
            wrapped.next([super::stores::Trouble::Unavailable]);
        }
        let swept = s.desk.sweep(now);
        let delivered = s.desk.deliver(100).unwrap();
        let wait =
            s.desk.next_wake().unwrap().map_or(TimeDelta::minutes(60), |at| (at - now).max(TimeDelta::zero()) + TimeDelta::microseconds(1));
        let did = swept.is_ok_and(|x| x.fired + x.assigned > 0) || delivered != Delivered::default();
        idle_rounds = if did || wait > TimeDelta::seconds(1) { 0 } else { idle_rounds + 1 };
        assert!(idle_rounds < 3, "{rounds}: idle and awake at {now}");
        s.clock.set(now + wait.min(TimeDelta::minutes(60)));
    }
}
