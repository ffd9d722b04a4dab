//! Which instance is called.

use crate::world::{World, act, away, call, code, done};
use glassbox_core::{Call, Decide, Effect, Health, Outcome};
use glassbox_testkit::Services;
use serde_json::json;
use std::collections::BTreeSet;

fn three() -> Services {
    let answer = async |_, _| done();
    Services::default()
        .with("tool", act(Effect::ReadOnly), answer)
        .with("tool", act(Effect::ReadOnly), answer)
        .with("tool", act(Effect::ReadOnly), answer)
}

#[test]
fn a_call_is_answered_by_an_instance_that_discovery_has() {
    let services = Services::default().with("tool", act(Effect::Mutating), async |_, input| {
        Ok(Outcome::done(json!({"saw": input})))
    });
    let world = World::of(services);
    let called = world.call(Call::new("act", json!({"a": 1})));
    assert_eq!(
        called.result.unwrap(),
        Outcome::done(json!({"saw": {"a": 1}}))
    );
    assert_eq!(called.instance.unwrap().instance, "tool-1");
    assert_eq!(called.attempts, 1);
}

#[test]
fn what_nobody_has_is_refused_without_a_call() {
    let world = World::of(three());
    let called = world.call(Call::new("fly", json!({})));
    assert_eq!(code(&called), "capability.unknown");
    let error = called.result.unwrap_err();
    assert_eq!(error.message(), "no ready service has the capability 'fly'");
    assert!(!error.may_have_begun());
    assert_eq!((called.attempts, called.instance), (0, None));
    let called = world.call(call().with_service("other"));
    assert_eq!(code(&called), "capability.unknown");
}

#[test]
fn calls_without_an_id_go_to_each_instance_in_turn() {
    let world = World::of(three());
    let instances = || world.call(call()).instance.unwrap().instance;
    assert_eq!(
        [instances(), instances(), instances(), instances()],
        ["tool-1", "tool-2", "tool-3", "tool-1"]
    );
}

#[test]
fn a_call_with_an_id_meets_the_same_instance_when_it_is_played_again() {
    let (one, two) = (World::of(three()), World::of(three()));
    let mut met = BTreeSet::new();
    // Earlier calls do not matter.
    two.call(call());
    for id in 0..20 {
        let call = || call().with_id(format!("call-{id}"));
        let instance = one.call(call()).instance.unwrap().instance;
        assert_eq!(two.call(call()).instance.unwrap().instance, instance);
        met.insert(instance);
    }
    assert_eq!(met.len(), 3, "{met:?}");
}

#[test]
fn the_candidates_of_a_call_are_its_only_ones() {
    let world = World::of(three());
    let second = world.services.all().remove(1);
    for _ in 0..3 {
        let called = world.call(call().with_candidates([second.clone()]));
        assert_eq!(called.instance.unwrap().instance, "tool-2");
    }
    // Without an id, the first of them is preferred.
    let mut all = world.services.all();
    all.rotate_left(2);
    for _ in 0..3 {
        let called = world.call(call().with_candidates(all.clone()));
        assert_eq!(called.instance.unwrap().instance, "tool-3");
    }
    let called = world.call(call().with_candidates([]));
    assert_eq!(code(&called), "capability.unknown");
}

#[test]
fn an_instance_that_is_draining_is_called_only_if_there_is_no_other() {
    let answer = async |_, _| done();
    let draining = || {
        Services::default()
            .with("tool", act(Effect::ReadOnly), answer)
            .with_health(Health::Draining)
    };
    let both = World::of(draining().with("tool", act(Effect::ReadOnly), answer));
    let known = both.services.all();
    for _ in 0..4 {
        let called = both.call(call().with_candidates(known.clone()));
        assert_eq!(called.instance.unwrap().instance, "tool-2");
    }
    let alone = World::of(draining());
    let known = alone.services.all();
    assert!(alone.call(call().with_candidates(known)).result.is_ok());
}

#[test]
fn a_call_never_moves_from_one_service_to_another() {
    let services = Services::default()
        .with("a-tool", act(Effect::ReadOnly), async |_, _| away())
        .with("b-tool", act(Effect::ReadOnly), async |_, _| done());
    let world = World::of(services);
    assert_eq!(code(&world.call(call())), "test.away");
    assert_eq!(world.services.calls("b-tool-1"), 0);
    let called = world.call(call().with_service("b-tool"));
    assert!(called.result.is_ok());
}
