//! The context that a call propagates.

use crate::world::{SECOND, World, act, call, done};
use glassbox_core::{Baggage, Call, Cx, Effect};
use glassbox_testkit::Services;
use serde_json::json;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

/// A world whose tool records the contexts of its calls.
fn noting(effect: Effect) -> (World, Arc<Mutex<Vec<Cx>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = seen.clone();
    let services = Services::default().with("tool", act(effect), move |cx: Cx, _| {
        noted.lock().unwrap().push(cx);
        async { done() }
    });
    (World::of(services), seen)
}

#[test]
fn each_call_has_an_idempotency_key_of_its_own_under_the_callers() {
    let (world, seen) = noting(Effect::Mutating);
    let cx = Cx::background().with_idempotency_key("order-7");
    for id in ["a", "b", "c"] {
        world.call_under(&cx, Call::new("act", json!({})).with_id(id));
    }
    let seen = seen.lock().unwrap();
    let keys: BTreeSet<&str> = seen.iter().filter_map(Cx::idempotency_key).collect();
    assert_eq!(
        keys,
        BTreeSet::from(["order-7/a", "order-7/b", "order-7/c"])
    );
}

#[test]
fn no_key_is_made_up_for_a_tool_that_does_not_honour_keys() {
    let (world, seen) = noting(Effect::Mutating);
    world.call(call().with_id("a"));
    assert_eq!(seen.lock().unwrap()[0].idempotency_key(), None);
}

#[test]
fn the_callee_knows_its_time_limit() {
    let (world, seen) = noting(Effect::ReadOnly);
    world.call(call());
    world.call(call().with_timeout(SECOND));
    let seen = seen.lock().unwrap();
    let left = |at: usize| {
        seen[at]
            .deadline()
            .unwrap()
            .remaining(&world.clock)
            .unwrap()
    };
    assert_eq!((left(0), left(1)), (33 * SECOND, SECOND));
}

#[test]
fn what_the_caller_sends_along_reaches_the_callee() {
    let (world, seen) = noting(Effect::ReadOnly);
    let baggage = Baggage::default().with("tenant", "acme");
    world.call_under(&Cx::background().with_baggage(baggage), call());
    assert_eq!(
        seen.lock().unwrap()[0].baggage().get("tenant"),
        Some("acme")
    );
}
