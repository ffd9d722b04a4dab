//! Which calls are repeated, where, and after how long.

use crate::world::{SECOND, World, act, away, call, code, done, rejected, script};
use glassbox_core::{
    Call, Category, Cx, Deadline, Decide, Effect, Outcome, Problem, Retry, ToolError,
};
use glassbox_testkit::Services;
use std::{sync::Arc, time::Duration};

/// One instance that answers by a script.
fn one(effect: Effect, answers: &[fn() -> Result<Outcome, ToolError>]) -> World {
    let answer = Arc::new(script(answers.to_vec()));
    World::of(Services::default().with("tool", act(effect), move |_, _| {
        let answer = answer.clone();
        async move { answer() }
    }))
}

/// Two instances that answer by a script each.
fn two(
    effect: Effect,
    first: &[fn() -> Result<Outcome, ToolError>],
    second: &[fn() -> Result<Outcome, ToolError>],
) -> World {
    let scripts = [first, second].map(|answers| Arc::new(script(answers.to_vec())));
    let services = scripts
        .into_iter()
        .fold(Services::default(), |all, answer| {
            all.with("tool", act(effect), move |_, _| {
                let answer = answer.clone();
                async move { answer() }
            })
        });
    World::of(services)
}

#[test]
fn what_is_harmless_is_repeated_after_a_pause() {
    let world = one(Effect::ReadOnly, &[away, away, done]);
    let called = world.call(call());
    assert!(called.result.is_ok());
    assert_eq!(called.attempts, 3);
    assert!(world.clock.elapsed() > Duration::ZERO);
}

#[test]
fn a_call_has_three_attempts_or_as_many_as_it_says() {
    for (call, expected) in [
        (call(), 3),
        (call().with_attempts(1), 1),
        (call().with_attempts(0), 1),
        (call().with_attempts(5), 5),
    ] {
        let world = one(Effect::Idempotent, &[away]);
        let called = world.call(call);
        assert_eq!(code(&called), "test.away");
        assert_eq!(called.attempts, expected);
        assert_eq!(world.services.calls("tool-1"), expected as usize);
    }
}

#[test]
fn what_would_fail_again_is_not_repeated() {
    let wrong = || Err(ToolError::not_found("test.no_city", "no city is called so"));
    let world = two(Effect::ReadOnly, &[wrong], &[done]);
    let called = world.call(call());
    assert_eq!(
        (code(&called).as_str(), called.attempts),
        ("test.no_city", 1)
    );
}

#[test]
fn a_mutating_call_that_may_have_begun_is_never_repeated() {
    for effect in [Effect::Mutating, Effect::Destructive] {
        let world = two(effect, &[away], &[done]);
        let cx = Cx::background().with_idempotency_key("order-7");
        let called = world.call_under(&cx, call());
        assert_eq!((code(&called).as_str(), called.attempts), ("test.away", 1));
        assert!(called.result.unwrap_err().may_have_begun());
        assert_eq!(world.services.calls("tool-2"), 0);
    }
}

#[test]
fn a_mutating_call_that_cannot_have_begun_is_repeated() {
    let busy = || rejected("service.busy", Category::RateLimited);
    let world = one(Effect::Destructive, &[busy, done]);
    assert!(world.call(call()).result.is_ok());
    assert_eq!(world.services.calls("tool-1"), 2);
}

#[test]
fn a_mutating_call_is_repeated_under_a_key_that_the_tool_honours() {
    let keys = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = keys.clone();
    let capability = act(Effect::Mutating).with_honours_idempotency_key(true);
    let services = Services::default().with("tool", capability, move |cx: Cx, _| {
        let mut keys = seen.lock().unwrap();
        keys.push(cx.idempotency_key().unwrap().to_owned());
        let answer = if keys.len() < 2 { away() } else { done() };
        async move { answer }
    });
    let world = World::of(services);
    let cx = Cx::background().with_idempotency_key("order-7");
    let called = world.call_under(&cx, call().with_id("a"));
    assert!(called.result.is_ok());
    assert_eq!(*keys.lock().unwrap(), ["order-7/a", "order-7/a"]);

    // Without a caller's key, the call gets a generated one.
    keys.lock().unwrap().clear();
    assert!(world.call(call()).result.is_ok());
    let keys = keys.lock().unwrap();
    assert_eq!((keys.len(), &keys[0]), (2, &keys[1]));
}

#[test]
fn another_instance_is_asked_at_once() {
    let world = two(Effect::ReadOnly, &[away], &[done]);
    let called = world.call(call());
    assert!(called.result.is_ok());
    assert_eq!(called.instance.unwrap().instance, "tool-2");
    assert_eq!(
        (called.attempts, world.clock.elapsed()),
        (2, Duration::ZERO)
    );
}

#[test]
fn an_instance_that_turns_the_call_away_does_not_stop_it_whatever_its_effect() {
    let draining = || rejected("service.draining", Category::Unavailable);
    let world = two(Effect::Destructive, &[draining], &[done]);
    assert!(world.call(call()).result.is_ok());
    assert_eq!(world.clock.elapsed(), Duration::ZERO);
}

#[test]
fn after_two_unavailable_instances_nobody_is_asked_without_a_pause() {
    let began = Arc::new(std::sync::Mutex::new(Vec::new()));
    let clock = glassbox_testkit::VirtualClock::new();
    let services = (0..4).fold(Services::default(), |all, _| {
        let (began, clock) = (began.clone(), clock.clone());
        all.with("tool", act(Effect::ReadOnly), move |_, _| {
            began.lock().unwrap().push(clock.elapsed());
            async { away() }
        })
    });
    let world = World::with(services, clock, glassbox_invoke::InvokeOptions::default());
    assert_eq!(world.call(call().with_attempts(4)).attempts, 4);
    let began = began.lock().unwrap();
    assert_eq!((began[0], began[2]), (began[1], began[3]));
    assert!(began[2] > began[1]);
    // Each attempt went to another instance.
    let calls = (1..5).map(|number| world.services.calls(&format!("tool-{number}")));
    assert_eq!(calls.collect::<Vec<_>>(), [1; 4]);
}

#[test]
fn the_wait_that_an_instance_asks_for_is_the_least() {
    fn busy() -> Result<Outcome, ToolError> {
        let busy = Problem::new(Category::RateLimited, "test.busy", "come again later");
        Err(busy.with_retry_after(4 * SECOND).into())
    }
    let world = one(Effect::ReadOnly, &[busy, done]);
    assert!(world.call(call()).result.is_ok());
    assert!(world.clock.elapsed() >= 4 * SECOND);
}

#[test]
fn a_wait_that_is_too_long_is_the_callers_to_decide_on() {
    fn busy() -> Result<Outcome, ToolError> {
        let busy = Problem::new(Category::RateLimited, "test.busy", "come again later");
        Err(busy.with_retry_after(6 * SECOND).into())
    }
    let world = one(Effect::ReadOnly, &[busy, done]);
    let error = world.call(call()).result.unwrap_err();
    assert_eq!(error.retry(), Retry::After(6 * SECOND));
    assert_eq!(world.clock.elapsed(), Duration::ZERO);
}

#[test]
fn no_pause_outlasts_the_callers_deadline() {
    fn busy() -> Result<Outcome, ToolError> {
        let busy = Problem::new(Category::RateLimited, "test.busy", "come again later");
        Err(busy.with_retry_after(3 * SECOND).into())
    }
    let world = one(Effect::ReadOnly, &[busy, done]);
    let deadline = Deadline::after(&world.clock, 2 * SECOND);
    let called = world.call_under(&Cx::background().with_deadline(deadline), call());
    assert_eq!((code(&called).as_str(), called.attempts), ("test.busy", 1));
    assert_eq!(world.clock.elapsed(), Duration::ZERO);
}

#[test]
fn retries_are_a_small_part_of_the_calls_to_a_service() {
    let world = one(Effect::ReadOnly, &[away]);
    // Each call fails, so without the limit there would be two retries for each.
    let attempts = (0..9).map(|_| {
        let call = Call::new("act", serde_json::json!({}));
        world.call(call).attempts
    });
    let attempts: u32 = attempts.sum();
    assert!((9..=9 + 12).contains(&attempts), "{attempts}");
}
